#![allow(clippy::print_stdout, reason = "with `--nocapture` people can look at the pictures")]

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::report::samples;

/// The screen as text, with the styles left out.
fn drawn(view: &View, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, view)).unwrap();
    let buffer = terminal.backend().buffer();
    let line = |y: u16| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
    (0..height).map(line).collect::<Vec<_>>().join("\n")
}

fn of(report: Report) -> View {
    View { report: Some(report), trouble: None }
}

fn unreachable(report: Option<Report>) -> View {
    let why = "no agent answers at 127.0.0.1:9187 (connection refused); does it run? See `systemctl status tracespool`";
    View { report, trouble: Some((why.to_owned(), Duration::from_secs(72))) }
}

const SIZES: [(u16, u16); 3] = [(60, 20), (80, 24), (160, 50)];

#[test]
fn every_picture_fits_into_every_window() {
    let views = [
        of(samples::empty()),
        of(samples::busy()),
        of(samples::outage()),
        unreachable(None),
        unreachable(Some(samples::busy())),
        View::default(),
    ];
    for view in &views {
        for (width, height) in SIZES {
            let text = drawn(view, width, height);
            println!("{width}x{height}\n{text}\n{}", "=".repeat(usize::from(width)));
        }
        // No window is too small for it to be drawn.
        for (width, height) in [(1, 1), (10, 3), (20, 50), (200, 4), (110, 30), (400, 100)] {
            drawn(view, width, height);
        }
    }
}

#[track_caller]
fn check(view: &View, size: (u16, u16), words: &[&str]) {
    let text = drawn(view, size.0, size.1);
    for words in words {
        assert!(text.contains(words), "`{words}` is missing at {size:?}:\n{text}");
    }
}

#[test]
fn a_busy_agent_shows_its_speed_its_backlog_and_where_that_lies() {
    for size in SIZES {
        let words = [
            "web-1 0.1.0 · up 3 d 2 h",
            "12,304 rows/s, 3 s behind",
            "takes rows",
            "13 MiB, 3 s behind",
            "12 ms, p99 31 ms",
            "9.0 MiB  /var/spool/tracespool/shop.ndjson",
            "512 KiB  /var/spool/tracespool/cron.ndjson",
            "4 more files",
            "5,000 rows, 100 % of the limit, 2 at once",
            "67 (debug 60, info 7)",
            "500 (not_json 450, too_long 50)",
            "▄",
        ];
        check(&of(samples::busy()), size, &words);
    }
    check(&of(samples::busy()), SIZES[2], &["commit, slowest 25 ms", "max_age debug", "9,001  email"]);
}

#[test]
fn an_outage_is_what_one_sees_first() {
    for size in SIZES {
        let words = [
            "database away for 1 min 1 s (full), 812 MiB in the spool",
            "spool: 2 paths are not read",
            "shed: 1,200 lines were let go in the last 10 s",
            "81,200 (debug 81,200)",
            "4.0 KiB before they were read",
            "12 open, 2 not read",
            "very-long-name-of-an-application.ndjson",
        ];
        check(&of(samples::outage()), size, &words);
    }
    // No more room is taken by rows than leaves files their names.
    assert!(!drawn(&of(samples::outage()), 60, 20).contains("memory"));
}

#[test]
fn an_agent_that_does_not_answer_is_told_and_what_it_said_last_stays() {
    for size in SIZES {
        check(&unreachable(None), size, &["no answer yet", "connection refused"]);
        let stale = unreachable(Some(samples::busy()));
        check(&stale, size, &["no answer for 1 min 12 s, trying again (last one below)", "13 MiB, 3 s behind"]);
    }
    check(&View::default(), SIZES[0], &["asking the agent"]);
    check(&of(samples::empty()), SIZES[0], &["not reached yet", "none yet", "let go     none"]);
}

#[test]
fn bars_show_nothing_zero_and_the_peak_apart() {
    assert_eq!(spark(&[None, Some(0.0), Some(0.01), Some(4.0), Some(8.0)], 7), "   ▁▂▅█");
    assert_eq!(spark(&[Some(0.0), Some(0.0)], 2), "▁▁");
    assert_eq!(spark(&[Some(1.0), Some(2.0), Some(2.0)], 2), "██");
}

#[test]
fn texts_are_cut_where_they_matter_least() {
    assert_eq!([cut("abcdef", 6), cut("abcdef", 4)], ["abcdef", "abc…"]);
    assert_eq!([cut_front("/a/b.ndjson", 11), cut_front("/a/b.ndjson", 9)], ["/a/b.ndjson", "…b.ndjson"]);
    assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
}
