//! Lines: halves, long ones, empty ones, odd bytes.

use std::io::Write;

use serde_json::Value;

use super::{open, started, tick, write};
use crate::support::{Site, append, eventually, line, truncate};

/// `(reason, offset, length)` of every quarantine record of a file, in the order of the offsets.
fn refused(site: &Site, name: &str) -> Vec<(String, u64, u64)> {
    let here = |record: &Value| record["file"].as_str().expect("a path").ends_with(name);
    let number = |record: &Value, key: &str| record[key].as_u64().expect("a number");
    let mut records: Vec<_> = site
        .quarantined()
        .iter()
        .filter(|record| here(record))
        .map(|record| {
            let reason = record["reason"].as_str().expect("a reason").to_owned();
            (reason, number(record, "offset"), number(record, "length"))
        })
        .collect();
    records.sort_by_key(|record| record.1);
    records
}

fn record(reason: &str, offset: usize, length: usize) -> (String, u64, u64) {
    (reason.to_owned(), offset as u64, length as u64)
}

#[test]
fn l1_lines_over_the_limit_are_quarantined_and_their_neighbours_are_whole() {
    let mut site = Site::sqlite();
    site.set_text("spool.max_line_bytes", "4KiB");
    let path = site.path("app.ndjson");
    let long = |bytes: usize| format!("{{\"event_key\":\"long\",\"metadata\":\"{}\"}}", "x".repeat(bytes - 34));
    assert_eq!(long(5000).len(), 5000);
    let mut written = Vec::new();
    let agent = started(&site, &mut written);

    let first = line("first");
    append(&path, &first);
    append(&path, format!("{}\n", long(5000)));
    append(&path, line("second"));
    append(&path, format!("{}\n{}\n", long(200_000), long(4097)));
    append(&path, line("third"));
    // Long already, and not at its end.
    append(&path, &long(70_000)[..60_000]);
    written.extend(["first", "second", "third"].map(str::to_owned));
    site.wait_rows(written.len());
    site.wait_quarantined(3);
    tick(&site, &mut written);
    append(&path, format!("{}\n{}", &long(70_000)[60_000..], line("fourth")));
    written.push("fourth".to_owned());
    site.wait_quarantined(4);
    site.finish_exactly(agent, &written);

    let second = first.len() + 5001;
    let third = second + line("second").len();
    let fourth = third + 200_001;
    let fifth = fourth + 4098 + line("third").len();
    let want = [
        record("too_long", first.len(), 5000),
        record("too_long", third, 200_000),
        record("too_long", fourth, 4097),
        record("too_long", fifth, 70_000),
    ];
    assert_eq!(refused(&site, "app.ndjson"), want);
    for record in site.quarantined() {
        assert!(record["line"].as_str().expect("a text").len() <= 8 << 10, "a record's line is cut at 8 KiB");
    }
}

#[test]
fn l1_a_line_of_just_the_limit_is_a_row() {
    let mut site = Site::sqlite();
    site.set_text("spool.max_line_bytes", "4KiB");
    let frame = "{\"event_key\":\"test.line\",\"request_id\":\"whole\",\"metadata\":\"\"}".len();
    let text = "word ".repeat(1000);
    let row = |bytes: usize| {
        let metadata = &text[..bytes - frame];
        format!("{{\"event_key\":\"test.line\",\"request_id\":\"whole\",\"metadata\":\"{metadata}\"}}\n")
    };
    assert_eq!(row(4096).len(), 4097, "4096 bytes and the newline");
    append(&site.path("app.ndjson"), row(4095));
    append(&site.path("app.ndjson"), row(4096));
    append(&site.path("app.ndjson"), row(4097));
    site.drain();
    site.assert_exactly(&["whole".to_owned(), "whole".to_owned()]);
    assert_eq!(refused(&site, "app.ndjson"), [record("too_long", 4096 + 4097, 4097)]);
}

#[test]
fn l1_a_line_over_the_limit_across_restarts_is_one_record() {
    let mut site = Site::sqlite();
    site.set_text("spool.max_line_bytes", "4KiB");
    let path = site.path("app.ndjson");
    append(&path, line("first"));
    for _ in 0..4 {
        append(&path, "y".repeat(30_000));
        site.drain();
    }
    append(&path, format!("\n{}", line("second")));
    site.drain();
    site.drain();
    site.assert_exactly(&["first".to_owned(), "second".to_owned()]);
    assert_eq!(refused(&site, "app.ndjson"), [record("too_long", line("first").len(), 120_000)]);
}

#[test]
fn l4_half_a_line_waits_for_its_other_half() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    let text = line("halves");
    let mut file = open(&path);
    for at in [1, 20, text.len() - 1] {
        file.write_all(&text.as_bytes()[..at]).expect("half a line is written");
        for _ in 0..3 {
            tick(&site, &mut written);
        }
        file.write_all(&text.as_bytes()[at..]).expect("the other half is written");
        written.push("halves".to_owned());
        site.wait_rows(written.len());
    }
    site.finish_exactly(agent, &written);
}

#[test]
fn l5_half_a_line_across_a_restart_is_one_line() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let text = line("halves");
    let mut written = Vec::new();
    for at in [1, 30, text.len() - 1] {
        append(&path, line("before"));
        append(&path, &text[..at]);
        written.push("before".to_owned());
        site.drain();
        site.assert_exactly(&written);
        append(&path, &text[at..]);
        written.push("halves".to_owned());
        let mut agent = site.start();
        site.wait_rows(written.len());
        agent.kill9();
        site.drain();
        site.assert_exactly(&written);
    }
}

#[test]
fn l9_empty_lines_and_carriage_returns_are_no_lines() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    append(&path, "\n\r\n\n");
    append(&path, line("one").replace('\n', "\r\n"));
    append(&path, "\n".repeat(300_000));
    append(&path, line("two"));
    append(&path, "   \n\t\r\n");
    append(&path, line("three"));
    append(&site.path("empty.ndjson"), "\n\n\n");
    written.extend(["one", "two", "three"].map(str::to_owned));
    site.wait_rows(written.len());
    // All of it is settled, so nothing of it is waited for.
    eventually("no byte is left in the spool", || agent.metrics().sum("tracespool_backlog_bytes") == 0.0);
    site.finish_exactly(agent, &written);
    assert_eq!(site.quarantined(), Vec::<Value>::new());
}

#[test]
fn l10_a_last_line_without_its_newline_is_not_a_line_yet() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    append(&path, line("whole"));
    append(&path, line("without").trim_end());
    written.push("whole".to_owned());
    site.wait_rows(written.len());
    for _ in 0..5 {
        tick(&site, &mut written);
    }
    site.finish_exactly(agent, &written);
    append(&path, "\n");
    written.push("without".to_owned());
    site.drain();
    site.assert_exactly(&written);
}

#[test]
fn l11_a_line_that_grows_byte_by_byte_is_one_line() {
    let site = Site::sqlite();
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    let mut file = open(&site.path("app.ndjson"));
    for byte in line("bytes").into_bytes() {
        file.write_all(&[byte]).expect("a byte is written");
        std::thread::yield_now();
    }
    written.push("bytes".to_owned());
    site.finish_exactly(agent, &written);
}

#[test]
fn e1_a_byte_order_mark_is_no_part_of_the_first_line() {
    let site = Site::sqlite();
    append(&site.path("app.ndjson"), [b"\xef\xbb\xbf", line("first").as_bytes(), line("second").as_bytes()].concat());
    site.drain();
    site.assert_exactly(&["first".to_owned(), "second".to_owned()]);
    assert_eq!(site.quarantined(), Vec::<Value>::new());
}

#[test]
fn e2_utf_16_is_quarantined_and_what_follows_is_not() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let wide: Vec<u8> = "\u{feff}{\"event_key\":\"wide\"}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    append(&path, &wide);
    append(&path, format!("\n{}", line("after")));
    site.drain();
    site.assert_exactly(&["after".to_owned()]);
    assert_eq!(refused(&site, "app.ndjson"), [record("invalid_utf8", 0, wide.len())]);
}

#[test]
fn e3_a_nul_inside_a_line_is_not_json_and_an_escaped_one_is() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let raw = "{\"event_key\":\"test.line\",\"request_id\":\"raw\",\"metadata\":\"a\0b\"}";
    append(&path, format!("{raw}\n"));
    append(&path, "{\"event_key\":\"test.line\",\"request_id\":\"escaped\",\"metadata\":\"a\\u0000b\"}\n");
    site.drain();
    site.assert_exactly(&["escaped".to_owned()]);
    assert_eq!(refused(&site, "app.ndjson"), [record("not_json", 0, raw.len())]);
    let rows = site.query("SELECT metadata FROM telemetry_traces");
    assert_eq!(rows, [[Some("\"a\\u0000b\"".to_owned())]], "an escaped NUL is kept as it is written");
}

#[test]
fn e4_invalid_utf_8_is_quarantined_and_never_changed_silently() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut offset = 0;
    let mut want = Vec::new();
    for bytes in [b"\xff".as_slice(), b"\xc3(", b"\xed\xa0\x80", b"\xf0\x9f\x98"] {
        let text = [b"{\"event_key\":\"test.line\",\"request_id\":\"".as_slice(), bytes, b"\"}"].concat();
        append(&path, &text);
        append(&path, b"\n");
        want.push(record("invalid_utf8", offset, text.len()));
        offset += text.len() + 1;
    }
    append(&path, line("after"));
    site.drain();
    site.assert_exactly(&["after".to_owned()]);
    assert_eq!(refused(&site, "app.ndjson"), want);
}

#[test]
fn e7_endless_nesting_is_refused_without_much_memory() {
    let mut site = Site::sqlite();
    site.set_text("spool.max_line_bytes", "2MiB");
    let path = site.path("app.ndjson");
    let brackets = "[".repeat(100_000);
    let objects = "[{\"\":".repeat(50_000);
    let nested = format!("{{\"event_key\":\"deep\",\"metadata\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    append(&path, format!("{brackets}\n{objects}\n{nested}\n{}", line("after")));
    let mut agent = site.start();
    site.wait_rows(1);
    site.wait_quarantined(3);
    let peak = agent.memory_peak();
    assert!(peak < 128 << 20, "a peak of {peak} bytes");
    assert_eq!(agent.sigterm().code(), Some(0));
    site.assert_exactly(&["after".to_owned()]);
    let reasons: Vec<_> = refused(&site, "app.ndjson").into_iter().map(|record| record.0).collect();
    assert!(reasons.iter().all(|reason| reason == "too_deep" || reason == "not_json"), "{reasons:?}");
    assert_eq!(reasons[2], "too_deep");
}

#[test]
fn a_glued_line_after_a_full_disk_is_one_record_and_the_next_is_whole() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let glued = format!("{}{}", &line("torn")[..30], line("glued").trim_end());
    let mut written = Vec::new();
    write(&path, "line", 2, &mut written);
    let offset = std::fs::metadata(&path).expect("the file is there").len();
    append(&path, format!("{glued}\n"));
    write(&path, "line", 2, &mut written);
    site.drain();
    site.assert_exactly(&written);
    assert_eq!(refused(&site, "app.ndjson"), [record("not_json", offset as usize, glued.len())]);
}

#[test]
fn half_a_line_that_is_truncated_away_is_no_line() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    write(&path, "line", 5, &mut written);
    append(&path, &line("half")[..20]);
    site.wait_rows(written.len());
    tick(&site, &mut written);
    truncate(&path, 0);
    write(&path, "line", 9, &mut written);
    site.finish_exactly(agent, &written);
    assert_eq!(site.quarantined(), Vec::<Value>::new(), "the half must not be glued to what came later");
}
