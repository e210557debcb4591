//! What cannot become a row: the reasons, the file, and that nothing is refused twice.

use std::collections::BTreeSet;
use std::fs::{metadata, read_to_string};
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use crate::support::{MariaDb, Site, append, difference, ids, line, lines, pause, poll, rounds};

const CANARY: &str = "canary-9fQ2-never-seen-again";

/// Every reason that a line can have, with a line that has it. Where it can carry a secret, it does.
fn refused_lines() -> Vec<(&'static str, Vec<u8>)> {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!("{{\"event_key\":\"deep\",\"metadata\":{open}{close}}}").into_bytes()
    };
    vec![
        ("not_json", format!("{{\"event_key\":\"x\",\"password\":\"{CANARY}\",}}").into_bytes()),
        ("not_json", b"just text".to_vec()),
        ("not_an_object", format!("[{{\"password\":\"{CANARY}\"}}]").into_bytes()),
        ("not_an_object", b"17".to_vec()),
        ("invalid_utf8", [format!("{{\"password\":\"{CANARY}\",\"x\":\"").as_bytes(), b"\xff\"}"].concat()),
        ("no_event_key", format!("{{\"password\":\"{CANARY}\"}}").into_bytes()),
        ("no_event_key", b"{\"event_key\":\"\"}".to_vec()),
        ("no_event_key", b"{\"event_key\":7}".to_vec()),
        (
            "too_long",
            format!("{{\"event_key\":\"x\",\"password\":\"{CANARY}\",\"a\":\"{}\"}}", "y".repeat(9000)).into_bytes(),
        ),
        ("too_deep", nested(32)),
        ("too_deep", nested(90)),
        ("rejected_by_database", format!("{{\"event_key\":\"poison\",\"password\":\"{CANARY}\"}}").into_bytes()),
    ]
}

fn site(server: &MariaDb) -> Site {
    server.query("ALTER TABLE app.telemetry_traces ADD CONSTRAINT healthy CHECK (event_key <> 'poison')");
    let mut site = Site::mariadb(server);
    site.set_text("spool.max_line_bytes", "8KiB");
    site
}

fn text<'a>(record: &'a Value, key: &str) -> &'a str {
    record[key].as_str().unwrap_or_else(|| panic!("`{key}` is a text"))
}

#[test]
fn each_reason_has_its_record_and_no_secret_is_in_any() {
    let server = MariaDb::start();
    let site = site(&server);
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    let mut want = Vec::new();
    let put = |bytes: &[u8]| append(&path, [bytes, b"\n"].concat());
    for (n, (reason, bytes)) in refused_lines().into_iter().enumerate() {
        let id = format!("line-{n}");
        let at: u64 = want.iter().map(|(_, _, length)| length + 1).sum::<u64>()
            + written.iter().map(|id: &String| line(id).len() as u64).sum::<u64>();
        want.push((reason, at, bytes.len() as u64));
        put(&bytes);
        put(line(&id).trim_end().as_bytes());
        written.push(id);
    }
    // 31 levels are what the server takes.
    let deep = format!(
        "{{\"event_key\":\"test.line\",\"request_id\":\"deep\",\"metadata\":{}{}}}",
        "[".repeat(31),
        "]".repeat(31)
    );
    put(deep.as_bytes());
    written.push("deep".to_owned());

    let mut agent = site.start();
    site.wait_rows(written.len());
    site.wait_quarantined(want.len());
    let metrics = agent.conserved();
    assert_eq!(metrics.sum("tracespool_lines_read_total"), (written.len() + want.len()) as f64);
    let reasons: BTreeSet<_> = want.iter().map(|(reason, ..)| *reason).collect();
    for reason in &reasons {
        let count = want.iter().filter(|(other, ..)| other == reason).count();
        let metric = metrics.with("tracespool_lines_quarantined_total", &format!("reason=\"{reason}\""));
        assert_eq!(metric, count as f64, "the metric of `{reason}`");
    }
    let page = agent.get("/metrics").expect("`/metrics` answers");
    assert_eq!(agent.sigterm().code(), Some(0));
    site.assert_exactly(&written);

    let mut records = site.quarantined();
    records.sort_by_key(|record| record["offset"].as_u64());
    let found: Vec<_> = records
        .iter()
        .map(|record| {
            let number = |key: &str| record[key].as_u64().unwrap_or_else(|| panic!("`{key}` is a number"));
            (text(record, "reason"), number("offset"), number("length"))
        })
        .collect();
    assert_eq!(found, want);
    for record in &records {
        let keys: Vec<_> = record.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(keys, ["at", "file", "offset", "length", "reason", "detail", "line"]);
        assert_eq!(text(record, "file"), path.to_str().expect("a path"));
        text(record, "at").parse::<jiff::Timestamp>().expect("`at` is a moment");
        assert!(!text(record, "detail").is_empty());
        assert!(text(record, "line").len() <= 8 << 10);
    }
    let file = site.state().join("quarantine.ndjson");
    assert_eq!(metadata(&file).expect("the quarantine is there").permissions().mode() & 0o7777, 0o600);
    assert_eq!(text(&records[1], "line"), "just text", "what is no secret is kept");

    let rows = server.query("SELECT * FROM app.telemetry_traces");
    let everything = [
        ("the quarantine", read_to_string(&file).expect("the quarantine is read")),
        ("the log", read_to_string(site.log()).expect("the log is read")),
        ("the metrics", page),
        ("the table", format!("{rows:?}")),
    ];
    for (place, text) in everything {
        assert!(!text.contains(CANARY), "a secret is in {place}");
        assert!(!text.contains(crate::support::PASSWORD), "the database's password is in {place}");
    }
}

#[test]
fn d4_one_poisoned_row_in_5000_is_found_and_the_others_land() {
    let server = MariaDb::start();
    let site = site(&server);
    let path = site.path("app.ndjson");
    let poison = "{\"event_key\":\"poison\",\"request_id\":\"poison\"}\n";
    let written = ids("line", 0..5000);
    append(&path, lines(&written[..17]));
    append(&path, poison);
    append(&path, lines(&written[17..4000]));
    append(&path, poison.repeat(3));
    append(&path, lines(&written[4000..]));
    let agent = site.start();
    site.wait_quarantined(4);
    site.finish_exactly(agent, &written);
    let records = site.quarantined();
    assert_eq!(records.len(), 4);
    assert!(records.iter().all(|record| record["reason"] == "rejected_by_database"), "{records:?}");
    assert!(records.iter().all(|record| text(record, "detail").contains("4025")), "{records:?}");
}

#[test]
fn kills_of_agent_and_database_make_no_record_twice() {
    let mut server = MariaDb::start();
    let mut site = site(&server);
    site.set("batch.max_rows", "20");
    let path = site.path("app.ndjson");
    let mut random = StdRng::seed_from_u64(4);
    let (mut written, mut refused) = (Vec::new(), Vec::new());
    let mut content = String::new();
    for n in 0..6000 {
        if random.random_range(0..10) == 0 {
            let key = if n % 2 == 0 { "poison" } else { "" };
            refused.push(format!("{}", content.len()));
            content.push_str(&format!("{{\"event_key\":\"{key}\",\"n\":{n}}}\n"));
        } else {
            let id = format!("line-{n:05}");
            content.push_str(&line(&id));
            written.push(id);
        }
    }
    append(&path, &content);
    let mut kills = (0, 0);
    for round in 0..rounds() {
        let mut agent = site.start();
        let before = site.count();
        let more = random.random_range(1..300);
        let left = written.len() - before;
        poll(Duration::from_secs(20), || (site.count() >= before + more.min(left)).then_some(())).expect("rows arrive");
        if round % 5 == 4 {
            server.kill9();
            kills.1 += 1;
            pause(Duration::from_millis(random.random_range(0..50)));
            server.restart();
        }
        agent.kill9();
        kills.0 += 1;
        if left == 0 {
            break;
        }
    }
    assert!(kills.0 >= 5 && kills.1 >= 1, "too few kills: {kills:?}");
    let agent = site.start();
    site.wait_quarantined(refused.len());
    site.finish_exactly(agent, &written);
    let offsets: Vec<_> = site.quarantined().iter().map(|record| record["offset"].to_string()).collect();
    if let Some(words) = difference(&refused, &offsets) {
        panic!("quarantine records by offset: {words}");
    }
}

#[test]
fn the_quarantine_is_bounded_and_says_what_it_dropped() {
    let mut site = Site::sqlite();
    site.set_text("quarantine.max_bytes", "64KiB");
    let path = site.path("app.ndjson");
    let refused = "not json, and long enough to fill a file soon\n";
    append(&path, refused.repeat(3000));
    append(&path, line("after"));
    let agent = site.start();
    site.wait_rows(1);
    let metrics = agent.conserved();
    assert_eq!(metrics.sum("tracespool_lines_quarantined_total"), 3000.0);
    let size = metadata(site.state().join("quarantine.ndjson")).expect("the quarantine is there").len();
    assert!((16 << 10..=64 << 10).contains(&size), "{size} bytes");
    let records = site.quarantined();
    let last = records.last().expect("a record")["offset"].as_u64().expect("an offset");
    assert_eq!(last, 2999 * refused.len() as u64, "the newest record is kept");
    site.finish_exactly(agent, &["after".to_owned()]);
}
