//! The status page: as it is served, and, where `TRACESPOOL_CHROMIUM=1` asks for it, in a browser.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::support::{Agent, Habit, MariaDb, Site, Writer, append, eventually, finish, ids, lines, poll, skipped};

#[test]
fn the_page_is_served_with_a_policy_that_lets_it_ask_the_agent_alone() {
    let site = Site::sqlite();
    let agent = site.start();
    let page = agent.page("/", 200);
    assert!(page.starts_with("<!doctype html>") && page.contains("/status.json"), "{page}");
    let head = agent.get("/").expect("the endpoint answers");
    let head = head.split_once("\r\n\r\n").expect("a head").0;
    for header in [
        "content-type: text/html; charset=utf-8",
        "content-security-policy: default-src 'none'; connect-src 'self'; script-src 'sha256-",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
    ] {
        assert!(head.contains(header), "`{header}` is missing:\n{head}");
    }
}

/// Shows the page of an agent in a browser, and returns what its document became. Pictures go where
/// `TRACESPOOL_SCREENSHOTS` says.
#[track_caller]
fn browsed(agent: &Agent, name: &str, (width, height): (u16, u16)) -> String {
    let profile = tempfile::tempdir().expect("a temporary folder");
    let browse = |what: &[String]| {
        let mut browser = Command::new("chromium");
        browser.args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--virtual-time-budget=4000",
        ]);
        browser.arg(format!("--user-data-dir={}", profile.path().display()));
        browser.arg(format!("--window-size={width},{height}")).args(what).arg(agent.url("/"));
        finish(browser, b"", Duration::from_secs(90))
    };
    if let Some(folder) = std::env::var_os("TRACESPOOL_SCREENSHOTS").map(PathBuf::from) {
        let file = folder.join(format!("{name}-{width}x{height}.png"));
        let said = browse(&[format!("--screenshot={}", file.display())]);
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    let said = browse(&["--dump-dom".to_owned(), "--enable-logging=stderr".to_owned()]);
    assert_eq!(said.code, Some(0), "{said:?}");
    for trouble in ["Content Security Policy", "Uncaught"] {
        assert!(!said.stderr.contains(trouble), "{}", said.stderr);
    }
    said.stdout
}

#[test]
fn the_page_shows_an_empty_a_busy_and_an_absent_database_in_a_browser() {
    let test = "the page in a browser";
    if std::env::var("TRACESPOOL_CHROMIUM").is_err() {
        skipped(test, "TRACESPOOL_CHROMIUM=1 has it run, with `chromium` from the PATH");
        return;
    }
    const PHONE: (u16, u16) = (360, 740);
    const DESK: (u16, u16) = (1280, 800);
    const SCROLL: (u16, u16) = (320, 2000);
    let mut server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    // So that an outage leaves something in the files.
    site.set("batch.max_rows", "500");
    let agent = site.start();
    eventually("the database is reached", || agent.metrics().sum("tracespool_database_up") == 1.0);
    for size in [PHONE, DESK] {
        let page = browsed(&agent, "empty", size);
        assert!(page.contains("idle, nothing waits"), "{page}");
    }
    append(&site.path("cron.ndjson"), "not json\n{\"event_key\":\"a\",\"metadata\":{\"password\":\"x-s3cret-x\"}}\n");
    let writer = Writer::start(&site.path("app.ndjson"), "app", Habit::OpensPerLine);
    let waited = poll(Duration::from_secs(12), || None::<()>);
    assert_eq!(waited, None);
    for size in [PHONE, DESK] {
        let page = browsed(&agent, "busy", size);
        assert!(page.contains(" rows/s, "), "{page}");
        assert!(page.contains("not_json") && page.contains("<td>password</td>"), "{page}");
        assert!(page.contains("<path class=\"edge\""), "nothing is drawn: {page}");
    }
    let mut written = writer.stop();
    server.kill9();
    let more = ids("more", 0..20_000);
    append(&site.path("a-file-with-a-name-that-is-longer-than-a-telephone-is-wide.ndjson"), lines(&more));
    written.extend(more);
    eventually("the outage is noticed", || agent.metrics().sum("tracespool_database_up") == 0.0);
    for size in [PHONE, DESK, SCROLL] {
        let page = browsed(&agent, "outage", size);
        assert!(page.contains("database away for ") && page.contains("telephone"), "{page}");
    }
    assert!(site.count() <= written.len());
}
