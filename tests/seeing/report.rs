//! `/status.json` and `/healthz` of a real agent.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{MariaDb, Site, append, eventually, free_port, ids, lines};

#[test]
fn the_report_says_what_became_of_every_line() {
    let site = Site::sqlite();
    append(&site.path("app.ndjson"), lines(&ids("line", 0..100)));
    append(
        &site.path("app.ndjson"),
        "not json\n{\"event_key\":\"a\",\"metadata\":{\"password\":\"hunter2-s3cret\"}}\n",
    );
    let agent = site.start();
    site.wait_rows(101);
    agent.conserved();
    let report = agent.report();
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["agent"], "test");
    assert_eq!(report["health"], json!({"verdict": "ok", "reasons": []}));
    assert_eq!(report["database"]["circuit"], "closed");
    assert_eq!(report["database"]["last_error"], Value::Null);
    assert!(report["database"]["since_seconds"].as_f64() <= report["uptime_seconds"].as_f64(), "{report}");
    assert_eq!((&report["lines"]["read"], &report["lines"]["committed"]), (&json!(102), &json!(101)));
    assert_eq!(report["lines"]["quarantined"]["not_json"], 1);
    assert_eq!(report["quarantine_file"], site.state().join("quarantine.ndjson").to_str().expect("a path in UTF-8"));
    assert_eq!(report["lines"]["shed"]["max_age"]["debug"], 0);
    assert_eq!(report["secrets_scrubbed"], json!({"password": 1}));
    assert_eq!(report["backlog"]["bytes"], 0);
    assert_eq!(report["backlog"]["files"], json!([]));
    assert_eq!(report["files"], json!({"followed": 1, "open": 1, "unfinished": 0, "not_read": 0}));
    assert!(report["batch"]["last_rows"].as_u64() >= Some(1), "{report}");
    assert!(report["commit"]["p50_seconds"].as_f64() > Some(0.0), "{report}");
    assert!(report["delivery"]["p99_seconds"].as_f64() >= report["commit"]["p50_seconds"].as_f64(), "{report}");
    assert!(report["memory_resident_bytes"].as_u64() > Some(1 << 20), "{report}");
    eventually("the history has a moment with these rows", || {
        let report = agent.report();
        let rows = report["history"]["rows_per_second"].as_array().expect("a list").iter();
        let commits = report["history"]["commit_seconds"].as_array().expect("a list");
        rows.filter_map(Value::as_f64).sum::<f64>() > 50.0 && commits.iter().any(Value::is_number)
    });
    assert_eq!(agent.page("/healthz", 200), "ok\n");
    assert!(!agent.page("/status.json", 200).contains("hunter2"));
    agent.page("/nothing-here", 404);
}

#[test]
fn an_outage_is_told_and_is_no_reason_for_a_restart() {
    let mut server = MariaDb::start();
    let site = Site::mariadb(&server);
    append(&site.path("app.ndjson"), lines(&ids("line", 0..100)));
    let agent = site.start();
    site.wait_rows(100);
    server.kill9();
    let more = lines(&ids("more", 0..100));
    append(&site.path("app.ndjson"), &more);
    eventually("the outage is told", || agent.page("/healthz", 200).contains("database: away for"));
    let health = agent.page("/healthz", 200);
    assert!(health.starts_with("ok\n"), "{health}");
    assert!(health.contains("(connection)"), "{health}");
    let report = agent.report();
    assert_eq!(report["health"]["verdict"], "degraded");
    assert_eq!(report["database"]["reason"], "connection");
    assert_eq!(report["database"]["last_error"]["class"], "connection");
    assert!(["open", "half_open"].map(Value::from).contains(&report["database"]["circuit"]), "{report}");
    assert_eq!(report["backlog"]["bytes"], more.len());
    server.restart();
    eventually("the end of the outage is told", || agent.page("/healthz", 200) == "ok\n");
    let all = [ids("line", 0..100), ids("more", 0..100)].concat();
    site.finish_exactly(agent, &all);
}

#[test]
fn the_largest_files_are_named_and_the_others_counted() {
    let mut site = Site::sqlite();
    site.set_text("database.url", &format!("mysql://tracespool@127.0.0.1:{}/app", free_port()));
    for file in 0..25 {
        append(&site.path(&format!("app-{file:02}.ndjson")), lines(&ids("line", 0..file + 1)));
    }
    let agent = site.start();
    eventually("the files are seen", || agent.report()["backlog"]["more_files"] == 5);
    let report = agent.report();
    let files = report["backlog"]["files"].as_array().expect("a list");
    assert_eq!(files.len(), 20);
    assert_eq!(files[0]["path"], site.path("app-24.ndjson").display().to_string());
    assert_eq!(files[0]["unread_bytes"], lines(&ids("line", 0..25)).len());
    assert_eq!(files[19]["path"], site.path("app-05.ndjson").display().to_string());
    let health = agent.page("/healthz", 200);
    assert!(health.contains("database: not reached yet") || health.contains("database: away for"), "{health}");
}

#[test]
fn paths_that_are_not_read_are_a_reason() {
    let site = Site::sqlite();
    let agent = site.start();
    eventually("all is well", || agent.page("/healthz", 200) == "ok\n");
    let fifo = site.path("pipe.ndjson");
    assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo starts").success());
    eventually("the path is counted", || agent.page("/healthz", 200).contains("spool: 1 path is not read"));
    assert_eq!(agent.report()["files"]["not_read"], 1);
    assert_eq!(agent.metrics().sum("tracespool_paths_not_read"), 1.0);
    std::fs::remove_file(fifo).expect("the FIFO is removed");
    eventually("all is well again", || agent.page("/healthz", 200) == "ok\n");
}
