//! SIGHUP and SIGUSR1: another config while the agent runs, and what it says of itself.

use std::time::Duration;

use rustix::process::Signal;

use crate::support::{
    Agent, Habit, MariaDb, Site, Writer, append, eventually, free_port, ids, line, lines, pause, poll, url,
};

const TAKEN_UP: &str = "the config was read again";

/// How often the log says something.
pub(super) fn said(agent: &Agent, words: &str) -> usize {
    agent.log().matches(words).count()
}

/// Writes the site's config anew and has it read again.
#[track_caller]
pub(super) fn reload(site: &Site, agent: &Agent) {
    let before = said(agent, TAKEN_UP);
    site.config();
    agent.signal(Signal::HUP);
    eventually("the config is read again", || said(agent, TAKEN_UP) > before);
}

#[test]
fn another_config_is_taken_up_while_the_agent_runs() {
    let server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    let other = site.root().join("other");
    std::fs::create_dir(&other).expect("a folder");
    append(&site.path("app.ndjson"), lines(&ids("before", 0..100)));
    append(&other.join("app.ndjson"), lines(&ids("other", 0..100)));
    let agent = site.start();
    site.wait_rows(100);

    site.set("spool.paths", &format!("[{:?}]", other.join("*.ndjson")));
    site.set("scrub.keys", "[\"salary\"]");
    site.set("batch.max_rows", "7");
    site.set_text("log.level", "debug");
    reload(&site, &agent);
    site.wait_rows(200);
    append(
        &other.join("app.ndjson"),
        "{\"event_key\":\"test.line\",\"request_id\":\"paid\",\"metadata\":{\"salary\":\"41000\"}}\n",
    );
    site.wait_rows(201);
    let rows = site.query("SELECT metadata FROM telemetry_traces WHERE request_id = 'paid'");
    assert!(!rows[0][0].as_deref().expect("metadata").contains("41000"), "the new rule does not hold: {rows:?}");
    append(&other.join("app.ndjson"), lines(&ids("small", 0..100)));
    site.wait_rows(301);
    let metrics = agent.metrics();
    let large = metrics.sum("tracespool_batch_rows_count") - metrics.with("tracespool_batch_rows_bucket", "le=\"10\"");
    assert!(large <= 2.0, "{large} batches are larger than the new limit");

    // What is no longer in the spool is left alone, and nothing of it is lost: it goes on where it stopped.
    eventually("the old file is let go", || agent.metrics().sum("tracespool_files") == 1.0);
    append(&site.path("app.ndjson"), lines(&ids("late", 0..10)));
    pause(Duration::from_millis(500));
    assert_eq!(site.count(), 301, "a file is read that the config no longer names");
    assert_eq!(agent.metrics().sum("tracespool_bytes_vanished_total"), 0.0);
    site.set("spool.paths", &format!("[{:?}, {:?}]", site.path("*.ndjson"), other.join("*.ndjson")));
    reload(&site, &agent);
    let mut written = vec!["paid".to_owned()];
    for (prefix, count) in [("before", 100), ("other", 100), ("small", 100), ("late", 10)] {
        written.extend(ids(prefix, 0..count));
    }
    site.finish_exactly(agent, &written);
}

#[test]
fn a_bad_config_changes_nothing_and_every_problem_is_logged() {
    let mut site = Site::sqlite();
    let mut written = ids("before", 0..10);
    append(&site.path("app.ndjson"), lines(&written));
    let mut agent = site.start();
    site.wait_rows(10);
    let config = site.config();
    let good = std::fs::read_to_string(&config).expect("the config is read");
    let bad = good.replace("max_wait", "max_weight") + "\n[shed]\nfirst = 7\n";
    for text in [bad.as_str(), "no toml [", ""] {
        let before = said(&agent, "was not taken up");
        std::fs::write(&config, text).expect("the config is written");
        agent.signal(Signal::HUP);
        eventually("the problem is logged", || said(&agent, "was not taken up") > before);
    }
    std::fs::remove_file(&config).expect("the config is removed");
    agent.signal(Signal::HUP);
    eventually("its absence is logged", || said(&agent, "was not taken up") == 4);
    assert!(agent.log().contains("max_weight"), "the key at fault is not named:\n{}", agent.log());
    assert_eq!(said(&agent, TAKEN_UP), 0);
    assert_eq!(agent.exited(), None);
    assert_eq!(agent.metrics().sum("tracespool_config_mistakes"), 1.0);
    assert!(agent.page("/healthz", 200).contains("config: the file has 1 mistake"), "{}", agent.page("/healthz", 200));
    let more = ids("after", 0..10);
    append(&site.path("app.ndjson"), lines(&more));
    written.extend(more);
    site.wait_rows(20);

    site.set_text("batch.max_wait", "20ms");
    reload(&site, &agent);
    eventually("the mistakes are forgotten", || agent.metrics().sum("tracespool_config_mistakes") == 0.0);
    assert!(agent.log().contains("sections=\"batch\""), "what has changed is not named:\n{}", agent.log());
    site.finish_exactly(agent, &written);
}

#[test]
fn keys_that_need_a_restart_are_named_and_the_others_are_taken_up() {
    let mut site = Site::sqlite();
    let agent = site.start();
    agent.metrics();
    let listen = format!("127.0.0.1:{}", free_port());
    site.set_text("metrics.listen", &listen).set_text("log.format", "json").set("database.connections", "5");
    site.set_text("agent.id", "another").set_text("quarantine.max_bytes", "64KiB");
    reload(&site, &agent);
    // It is said in the next line.
    let is_told = || agent.log().lines().find(|line| line.contains("only after a restart")).map(str::to_owned);
    let told = poll(Duration::from_secs(10), is_told).expect("a line names the keys");
    for key in ["agent.id", "metrics.listen", "log.format", "database.connections"] {
        assert!(told.contains(key), "`{key}` is not named: {told}");
    }
    assert!(!told.contains("quarantine"), "{told}");
    // The endpoint is where it was, and what can be taken up was.
    agent.metrics();
    append(&site.path("app.ndjson"), "not json, and long enough to fill a file soon\n".repeat(3000));
    append(&site.path("app.ndjson"), line("after"));
    site.wait_rows(1);
    let size = std::fs::metadata(site.state().join("quarantine.ndjson")).expect("the quarantine is there").len();
    assert!(size <= 64 << 10, "{size} bytes");
    site.set_text("agent.id", "test");
    site.finish_exactly(agent, &["after".to_owned()]);
}

#[test]
fn a_wrong_address_is_repaired_without_a_restart_and_at_once() {
    let server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    site.set_text("database.url", &url(free_port()));
    let written = ids("line", 0..100);
    append(&site.path("app.ndjson"), lines(&written));
    let agent = site.start();
    eventually("pauses between attempts have become long", || {
        agent.metrics().sum("tracespool_database_errors_total") >= 5.0
    });
    site.set_text("database.url", &server.url());
    reload(&site, &agent);
    site.wait_rows(written.len());
    site.finish_exactly(agent, &written);
}

#[test]
fn another_database_gets_everything_from_its_own_frontiers_on() {
    let (first, second) = (MariaDb::start(), MariaDb::start());
    let mut site = Site::mariadb(&first);
    let path = site.path("app.ndjson");
    let before = ids("before", 0..500);
    append(&path, lines(&before));
    let agent = site.start();
    site.wait_rows(before.len());
    site.set_text("database.url", &second.url());
    reload(&site, &agent);
    append(&path, lines(&ids("after", 0..100)));
    let arrived = || {
        let rows = second.query("SELECT request_id FROM app.telemetry_traces ORDER BY id");
        rows.into_iter().map(|mut row| row.remove(0).expect("an id")).collect::<Vec<_>>()
    };
    eventually("the other server has it all", || arrived().len() == 600);
    assert_eq!(arrived(), [before.clone(), ids("after", 0..100)].concat());
    site.assert_exactly(&before);
    site.set_text("database.url", &first.url());
    reload(&site, &agent);
    append(&path, lines(&ids("last", 0..10)));
    site.finish_exactly(agent, &[before, ids("after", 0..100), ids("last", 0..10)].concat());
    assert_eq!(arrived().len(), 600);
}

#[test]
fn configs_read_again_all_the_time_under_writers_and_kills_lose_nothing() {
    let mut server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    let writers = [
        Writer::start(&site.path("a.ndjson"), "a", Habit::HalfLines),
        Writer::start(&site.path("b.ndjson"), "b", Habit::OpensPerLine),
    ];
    let mut agent = site.start();
    site.wait_rows(1);
    for round in 0..20 {
        site.set("batch.max_rows", &(1 + round * 37 % 200).to_string());
        site.set_text("database.write_timeout", &format!("{}s", 10 + round % 3));
        site.set("scrub.keys", &format!("[\"key{round}\"]"));
        reload(&site, &agent);
        if round % 5 == 4 {
            server.kill9();
            reload(&site, &agent);
            server.restart();
        }
        if round % 7 == 6 {
            agent.kill9();
            agent = site.start();
            let goal = site.count() + 1;
            site.wait_rows(goal);
        }
    }
    let written: Vec<_> = writers.into_iter().flat_map(Writer::stop).collect();
    site.finish_exactly(agent, &written);
}

#[test]
fn the_status_is_logged_when_asked_for() {
    let mut server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    site.set_text("log.level", "error");
    let path = site.path("app.ndjson");
    let mut written = ids("line", 0..100);
    append(&path, lines(&written));
    let agent = site.start();
    site.wait_rows(written.len());
    agent.conserved();
    let status = |count: usize| {
        agent.signal(Signal::USR1);
        eventually("the status is logged", || said(&agent, "status: ") == count);
        let log = agent.log();
        log.lines().rfind(|line| line.contains("status: ")).expect("the status").to_owned()
    };
    let well = status(1);
    for words in
        ["circuit=closed", "backlog_bytes=0", "files=1", "lines_shed=0", "lines_per_second=", "last_error=none"]
    {
        assert!(well.contains(words), "{words} is missing: {well}");
    }
    server.kill9();
    let more = ids("more", 0..100);
    append(&path, lines(&more));
    written.extend(more);
    eventually("the agent notices", || agent.metrics().sum("tracespool_database_up") == 0.0);
    assert!(agent.metrics().with("tracespool_database_circuit", "open") >= 1.0);
    let ill = status(2);
    for words in
        ["away_seconds=", "last_error=connection", &format!("backlog_bytes={}", lines(&ids("more", 0..100)).len())]
    {
        assert!(ill.contains(words), "{words} is missing: {ill}");
    }
    assert!(ill.contains("circuit=open") || ill.contains("circuit=half_open"), "{ill}");
    server.restart();
    site.finish_exactly(agent, &written);
}
