//! `status`: what the running agent is doing, in words or as JSON.

use std::fmt::Write;
use std::io::IsTerminal;
use std::path::Path;

use super::{Exit, complain, inquiry, say};
use crate::report::words::{count, counted, plain, rate, seconds, size, tallies, whole_seconds};
use crate::report::{Latency, Report, Verdict};

/// How the answer is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// In words, for people.
    Words,
    /// As the agent gives it.
    Json,
}

/// Whether words are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Colour {
    Yes,
    No,
}

/// How many tallies of a kind are shown, the largest first.
const TALLIES: usize = 8;

/// Prints what the agent of a config file is doing.
pub fn status(file: &Path, format: Format) -> Exit {
    match inquiry::address_by(file).and_then(inquiry::ask) {
        Ok(report) => {
            match format {
                Format::Json => say(serde_json::to_string_pretty(&report).expect("writing to memory cannot fail")),
                Format::Words => say(words(&report, colour()).trim_end()),
            }
            Exit::Done
        }
        Err(unanswered) => {
            complain(&unanswered);
            unanswered.exit()
        }
    }
}

/// Only a terminal is given colours, and none whose user does not want them (<https://no-color.org>).
fn colour() -> Colour {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if std::io::stdout().is_terminal() && !unwanted { Colour::Yes } else { Colour::No }
}

impl Colour {
    fn paint(self, code: &str, text: &str) -> String {
        match self {
            Colour::Yes => format!("\x1b[{code}m{text}\x1b[0m"),
            Colour::No => text.to_owned(),
        }
    }
}

fn words(report: &Report, colour: Colour) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        text.push_str(&words);
        text.push('\n');
    };
    let up = whole_seconds(report.uptime_seconds);
    line(format!("tracespool {}, agent {}, up {up}", plain(&report.version), plain(&report.agent)));
    let code = match report.health.verdict {
        Verdict::Ok => "1;32",
        Verdict::Degraded => "1;33",
        Verdict::Stuck => "1;31",
    };
    line(colour.paint(code, &report.headline()));
    for reason in &report.health.reasons {
        line(format!("  {}", colour.paint("33", &plain(reason))));
    }
    line(String::new());
    for (label, words) in rows(report) {
        line(format!("{}{}", colour.paint("2", &format!("{label:<12}")), plain(&words)));
    }
    text
}

/// What is known, by what it is about; a row without a label belongs to the one before.
fn rows(report: &Report) -> Vec<(&'static str, String)> {
    let Report { backlog, batch, lines, files, rates, .. } = report;
    let mut rows = vec![("database", database(report))];
    rows.push((
        "backlog",
        match backlog.bytes {
            0 => "none".to_owned(),
            bytes if backlog.seconds == 0.0 => size(bytes),
            bytes => format!("{}, the oldest line {} old", size(bytes), whole_seconds(backlog.seconds)),
        },
    ));
    if backlog.in_flight_bytes > 0 {
        rows.push(("", format!("{:>9}  read, not committed yet", size(backlog.in_flight_bytes))));
    }
    rows.extend(backlog.files.iter().map(|file| ("", format!("{:>9}  {}", size(file.unread_bytes), file.path))));
    if backlog.more_files > 0 {
        rows.push(("", format!("{:>9}  {}", "", counted(backlog.more_files, "more file", "more files"))));
    }
    rows.push(("speed", format!("{} lines/s read, {} rows/s committed", rate(rates.lines), rate(rates.rows))));
    rows.push(("latency", latency(report)));
    rows.push((
        "batches",
        format!(
            "{} in the last one; {:.0} % of the size that the config allows, {} at once",
            counted(batch.last_rows, "row", "rows"),
            batch.share * 100.0,
            batch.at_once
        ),
    ));
    rows.push((
        "files",
        format!("{} followed, {} open, {} not read", count(files.followed), count(files.open), count(files.not_read)),
    ));
    if files.unfinished > 0 {
        let end = counted(files.unfinished, "file ends", "files end");
        rows.push(("", format!("{end} in an unfinished line, which waits for its newline")));
    }
    rows.push((
        "lines",
        format!(
            "{} read: {} committed, {} in quarantine, {} let go",
            count(lines.read),
            count(lines.committed),
            count(lines.quarantined_in_all()),
            count(lines.shed_in_all())
        ),
    ));
    let mut optional = |label, text: Option<String>| rows.extend(text.map(|text| (label, text)));
    let quarantined = tallies(&lines.quarantined, TALLIES);
    optional("quarantine", quarantined.map(|tallies| format!("{tallies}; in {}", report.quarantine_file)));
    for (reason, severities) in &lines.shed {
        optional("let go", tallies(severities, TALLIES).map(|tallies| format!("{reason}: {tallies}")));
    }
    optional("scrubbed", tallies(&report.secrets_scrubbed, TALLIES));
    optional(
        "vanished",
        (report.bytes_vanished > 0).then(|| format!("{} before they were read", size(report.bytes_vanished))),
    );
    rows.push(("checkpoint", format!("written {} ago", seconds(report.checkpoint_age_seconds))));
    rows.extend(report.memory_resident_bytes.map(|bytes| ("memory", format!("{} resident", size(bytes)))));
    rows
}

fn database(report: &Report) -> String {
    let database = &report.database;
    let mut text = match (database.away(), database.since_seconds) {
        (Some((_, reason)), Some(since)) => format!("away for {} ({reason})", whole_seconds(since)),
        (None, Some(since)) if database.is_up() => format!("takes rows, for {}", whole_seconds(since)),
        _ => "not reached yet".to_owned(),
    };
    if let Some(last) = &database.last_error {
        let ago = whole_seconds(last.seconds_ago);
        write!(text, "; last error ({}), {ago} ago: {}", last.class, last.words)
            .expect("writing to memory cannot fail");
    }
    text
}

fn latency(report: &Report) -> String {
    let of = |what: &str, latency: Latency| {
        let Latency { p50_seconds: Some(p50), p99_seconds: Some(p99) } = latency else { return None };
        Some(format!("{what} {} (p99 {})", seconds(p50), seconds(p99)))
    };
    let known: Vec<String> =
        [of("commit", report.commit), of("line to row", report.delivery)].into_iter().flatten().collect();
    if known.is_empty() { "nothing committed yet".to_owned() } else { known.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn a_busy_agent_in_words() {
        let text = words(&samples::busy(), Colour::No);
        assert_eq!(
            text,
            "\
tracespool 0.1.0, agent web-1, up 3 d 2 h
12,304 rows/s, 3 s behind

database    takes rows, for 3 d 2 h; last error (busy), 2 h 3 min ago: inserting 812 rows: the server is busy (error 1205)
backlog     13 MiB, the oldest line 3 s old
              1.0 MiB  read, not committed yet
              9.0 MiB  /var/spool/tracespool/shop.ndjson
              2.5 MiB  /var/spool/tracespool/api.ndjson
              512 KiB  /var/spool/tracespool/cron.ndjson
                       4 more files
speed       12,410 lines/s read, 12,304 rows/s committed
latency     commit 12 ms (p99 31 ms), line to row 120 ms (p99 340 ms)
batches     5,000 rows in the last one; 100 % of the size that the config allows, 2 at once
files       12 followed, 12 open, 0 not read
lines       1,234,567 read: 1,234,000 committed, 500 in quarantine, 67 let go
quarantine  not_json 450, too_long 50; in /var/lib/tracespool/quarantine.ndjson
let go      max_age: debug 60, info 7
scrubbed    email 9,001, password 4,120, jwt 702, card_number 31
checkpoint  written 310 ms ago
memory      24 MiB resident
"
        );
    }

    #[test]
    fn an_outage_in_words_and_colours() {
        let text = words(&samples::outage(), Colour::Yes);
        assert!(text.contains("\x1b[1;33mdatabase away for 1 min 1 s (full), 812 MiB in the spool\x1b[0m\n"), "{text}");
        assert!(text.contains("shed: 1,200 lines were let go in the last 10 s"), "{text}");
        assert!(!words(&samples::outage(), Colour::No).contains('\x1b'));
    }

    #[test]
    fn a_path_cannot_speak_to_the_terminal() {
        let mut report = samples::busy();
        report.backlog.files[0].path = "/spool/\x1b]0;owned\x07\n.ndjson".to_owned();
        let text = words(&report, Colour::No);
        assert!(text.contains("/spool/\u{fffd}]0;owned\u{fffd}\u{fffd}.ndjson"), "{text}");
    }

    #[test]
    fn an_agent_that_has_just_started() {
        let text = words(&samples::empty(), Colour::No);
        assert!(text.contains("database    not reached yet\nbacklog     none\n"), "{text}");
        assert!(text.contains("latency     nothing committed yet\n"), "{text}");
        assert!(!text.contains("quarantine  "), "{text}");
    }
}
