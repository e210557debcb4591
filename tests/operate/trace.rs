//! `trace`: the rows of one request, in order, without what a terminal would obey.

use serde_json::Value;

use super::least_privilege;
use crate::support::{MariaDb, Site, append};

/// What a request left behind, and something of others.
fn lines() -> String {
    [
        r#"{"event_key":"auth.login.attempt","severity":"warning","actor_admin_id":42,"ip_address":"203.0.113.9","request_id":"req-1","metadata":{"n":1.50},"created_at":"2026-11-22T10:00:00.100000Z"}"#,
        r#"{"event_key":"auth.login.done","request_id":"req-1","created_at":"2026-11-22T10:00:02.350000Z","metadata":{"x":"[2J\u001b[31mred"}}"#,
        r#"{"event_key":"page.shown","severity":"error","request_id":"req-1","route_name":"\u001b]0;owned\u0007","created_at":"2026-11-22T10:00:00.100500Z"}"#,
        r#"{"event_key":"auth.logout","request_id":"req-2","actor_admin_id":42,"created_at":"2026-11-22T11:00:00Z"}"#,
        r#"{"event_key":"authxlogout","request_id":"req-3","created_at":"2026-11-22T11:00:00Z"}"#,
    ]
    .join("\n")
        + "\n"
}

fn check(site: &Site) {
    let traced = site.run(&["trace", "req-1"]);
    assert_eq!(traced.code, Some(0), "{traced:?}");
    let lines: Vec<&str> = traced.stdout.lines().collect();
    assert_eq!(lines.len(), 4, "{traced:?}");
    assert!(lines[0].starts_with("3 rows from 2026-11-22 10:00:00.100000 UTC on, within 2.25 s"), "{}", lines[0]);
    assert!(lines[1].starts_with("10:00:00.100000             warning  auth.login.attempt  actor=42  ip=203.0.113.9"));
    assert!(lines[1].ends_with(r#"{"n":1.50}"#), "{}", lines[1]);
    assert!(lines[2].starts_with("10:00:00.100500    +500 µs  error    page.shown"), "{}", lines[2]);
    assert!(lines[3].starts_with("10:00:02.350000    +2.25 s  info     auth.login.done"), "{}", lines[3]);
    let obeyed = |c: char| c.is_control() && c != '\n';
    assert!(!traced.stdout.contains(obeyed), "{:?}", traced.stdout);

    let json = site.run(&["trace", "req-1", "--json"]);
    let rows: Vec<Value> = json.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0]["created_at"], "2026-11-22T10:00:00.100000Z");
    assert_eq!(rows[0]["actor_admin_id"], 42);
    assert!(json.stdout.lines().next().expect("a row").ends_with(r#""metadata":{"n":1.50}}"#), "{json:?}");
    assert!(!json.stdout.contains(obeyed), "{:?}", json.stdout);

    let count = |arguments: &[&str]| {
        let traced = site.run(arguments);
        assert_eq!(traced.code, Some(0), "{traced:?}");
        traced.stdout.lines().filter(|line| line.contains("auth") || line.contains("page")).count()
    };
    assert_eq!(count(&["trace", "--event-key", "auth.*", "--json"]), 3);
    assert_eq!(count(&["trace", "--event-key", "auth.logout", "--json"]), 1);
    assert_eq!(count(&["trace", "--actor", "42"]), 2);
    assert_eq!(count(&["trace", "req-1", "--actor", "42"]), 1);
    assert_eq!(count(&["trace", "--actor", "42", "--since", "2026-11-22T10:30:00Z"]), 1);
    assert_eq!(count(&["trace", "--event-key", "auth.*", "--since", "1h"]), 0);
    let cut = site.run(&["trace", "--actor", "42", "--limit", "1"]);
    assert!(cut.stdout.contains("auth.logout") && cut.stderr.contains("--limit"), "the newest: {cut:?}");
    assert_eq!(site.run(&["trace"]).code, Some(64));
    assert!(site.run(&["trace", "no-such-request"]).stdout.contains("tracespool why"));
}

#[test]
fn a_request_is_a_time_line() {
    let server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    append(&site.path("a.ndjson"), lines());
    site.drain();
    least_privilege(&server);
    site.set_text("database.url", &format!("mysql://tracespool_read@127.0.0.1:{}/app", server.port()));
    check(&site);
}

#[test]
fn a_request_in_an_sqlite_file_is_one_too() {
    let site = Site::sqlite();
    append(&site.path("a.ndjson"), lines());
    site.drain();
    check(&site);
}

#[test]
fn questions_go_by_the_indexes() {
    let server = MariaDb::start();
    let site = Site::mariadb(&server);
    server.query(
        "INSERT INTO app.telemetry_traces (event_key, actor_admin_id, request_id, created_at) \
         SELECT CONCAT('e', seq % 1000, '.x'), seq % 1000, CONCAT('r-', seq DIV 10), \
                UTC_TIMESTAMP(6) - INTERVAL 40000 - seq MINUTE FROM app.seq_1_to_40000",
    );
    server.query("ANALYZE TABLE app.telemetry_traces");
    let read = || {
        let rows = server.query("SHOW GLOBAL STATUS WHERE variable_name LIKE 'Handler_read%'");
        let number =
            |row: &Vec<Option<String>>| row[1].as_deref().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        rows.iter().map(number).sum::<u64>()
    };
    for arguments in [
        &["trace", "r-77"][..],
        &["trace", "--actor", "7"],
        &["trace", "--event-key", "e7.x"],
        &["trace", "--event-key", "e99.*", "--actor", "99"],
        &["trace", "--since", "30m"],
        &["trace", "--limit", "5", "--since", "100d"],
    ] {
        let before = read();
        let traced = site.run(arguments);
        assert_eq!(traced.code, Some(0), "{traced:?}");
        let read = read() - before;
        assert!(read < 3_000, "{arguments:?} read {read} rows of 40000");
    }
}
