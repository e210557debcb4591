//! Letting go (CONTRACT §4.3): what, how much, and that every line let go is declared exactly once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rustix::process::Signal;
use serde_json::Value;

use super::signals::{reload, said};
use crate::support::{
    Agent, Fault, MariaDb, Proxy, Site, Store, append, eventually, line, pause, poll, rounds, truncate, url,
};

const SEVERITIES: [&str; 4] = ["debug", "info", "warning", "error"];

/// A line that was written.
#[derive(Debug, Clone)]
struct Written {
    id: String,
    severity: &'static str,
}

/// Appends lines of about 400 bytes, of each severity in turn.
fn write(path: &Path, prefix: &str, count: usize) -> Vec<Written> {
    let filler = "a few words of ordinary text, ".repeat(9);
    let mut written = Vec::new();
    let mut text = String::new();
    for n in 0..count {
        let (id, severity) = (format!("{prefix}-{n:06}"), SEVERITIES[n % 4]);
        text.push_str(&format!(
            "{{\"event_key\":\"test.line\",\"severity\":\"{severity}\",\"request_id\":\"{id}\",\
             \"created_at\":\"2026-01-02T03:04:05Z\",\"metadata\":{{\"text\":\"{filler}\"}}}}\n"
        ));
        written.push(Written { id, severity });
    }
    append(path, text);
    written
}

/// What the table says was let go.
fn declarations(site: &Site) -> Vec<Value> {
    let sql = "SELECT metadata, severity FROM telemetry_traces WHERE event_key = 'tracespool.shed' ORDER BY id";
    let text = |row: &Vec<Option<String>>| {
        assert_eq!(row[1].as_deref(), Some("warning"));
        serde_json::from_str(row[0].as_deref().expect("a declaration has metadata")).expect("it is JSON")
    };
    site.query(sql).iter().map(text).collect()
}

fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("`{key}` is a number in {value}"))
}

fn declared(site: &Site) -> u64 {
    declarations(site).iter().map(|declaration| number(declaration, "lines")).sum()
}

/// The reasons of the declarations.
fn reasons(site: &Site) -> BTreeSet<String> {
    declarations(site).iter().map(|declaration| declaration["reason"].as_str().expect("a text").to_owned()).collect()
}

/// Waits until every line that was written is a row or a unit of a declaration, and compares the two by severity.
#[track_caller]
fn settle(site: &Site, written: &[Written]) {
    let total = || site.count() as u64 + declared(site);
    let ended = poll(Duration::from_secs(120), || (total() >= written.len() as u64).then_some(()));
    let (rows, shed) = (site.count(), declared(site));
    assert!(ended.is_some(), "{rows} rows and {shed} lines declared of {}", written.len());
    assert_eq!(rows as u64 + shed, written.len() as u64, "{rows} rows and {shed} lines declared");
    let mut missing: BTreeMap<&str, &str> = written.iter().map(|line| (line.id.as_str(), line.severity)).collect();
    for id in site.arrived() {
        assert!(missing.remove(id.as_str()).is_some(), "the row `{id}` is there twice, or was never written");
    }
    let mut want: BTreeMap<String, u64> = BTreeMap::new();
    for severity in missing.values() {
        *want.entry((*severity).to_owned()).or_default() += 1;
    }
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for declaration in declarations(site) {
        let by_severity = declaration["by_severity"].as_object().expect("an object");
        for (severity, lines) in by_severity {
            *found.entry(severity.clone()).or_default() += lines.as_u64().expect("a number");
        }
        let sum: u64 = by_severity.values().filter_map(Value::as_u64).sum();
        assert_eq!(sum, number(&declaration, "lines"), "{declaration}");
    }
    assert_eq!(found, want, "lines let go by severity");
}

/// As [`settle`]; then the agent stops in good order, and a further run finds nothing to add.
#[track_caller]
fn finish(site: &Site, mut agent: Agent, written: &[Written]) {
    settle(site, written);
    agent.conserved();
    assert_eq!(agent.sigterm().code(), Some(0));
    site.drain();
    settle(site, written);
    assert!(!site.state().join("shed").exists(), "a note of lines let go is left");
}

fn backlog(agent: &Agent) -> f64 {
    agent.metrics().sum("tracespool_backlog_bytes")
}

const MIB: f64 = 1024.0 * 1024.0;

/// A site with a limit of 8 MiB.
fn small(server: &MariaDb) -> Site {
    let mut site = Site::mariadb(server);
    site.set_text("shed.max_backlog_bytes", "8MiB");
    site
}

/// The newest of the lines are rows.
#[track_caller]
fn assert_newest(site: &Site, written: &[Written], count: usize) {
    let arrived: BTreeSet<String> = site.arrived().into_iter().collect();
    let lost: Vec<_> = written.iter().rev().take(count).filter(|line| !arrived.contains(&line.id)).collect();
    assert!(lost.is_empty(), "{} of the {count} newest lines were let go: {:?}", lost.len(), lost.first());
}

#[test]
fn an_outage_lets_the_oldest_lines_go_and_declares_each() {
    let mut server = MariaDb::start();
    let site = small(&server);
    let path = site.path("app.ndjson");
    let mut written = write(&path, "first", 40);
    let agent = site.start();
    site.wait_rows(40);
    server.kill9();
    written.extend(write(&path, "line", 65_000));
    eventually("the backlog is within its limit", || {
        let metrics = agent.metrics();
        metrics.sum("tracespool_backlog_bytes") <= 8.0 * MIB && metrics.sum("tracespool_lines_shed_total") > 0.0
    });
    assert!(backlog(&agent) > 6.0 * MIB, "no more goes than nine tenths of the limit ask for");
    assert!(agent.metrics().sum("tracespool_backlog_seconds") > 1.0);
    server.restart();
    finish(&site, agent, &written);
    assert_newest(&site, &written, 15_000);
    let all = declarations(&site);
    assert_eq!(all.len(), 1, "one range of one file for one reason: {all:?}");
    assert_eq!(all[0]["reason"], "max_backlog_bytes");
    assert_eq!(all[0]["agent"], "test");
    assert_eq!(all[0]["file"].as_str(), path.to_str());
    assert_eq!(all[0]["first_created_at"], "2026-01-02T03:04:05.000000Z");
    let (from, to) = (number(&all[0], "from_offset"), number(&all[0], "to_offset"));
    let text = std::fs::read(&path).expect("the spool file is read");
    let lines = text[from as usize..to as usize].iter().filter(|byte| **byte == b'\n').count() as u64;
    assert_eq!(lines, number(&all[0], "lines"), "the range holds the lines");
}

#[test]
fn a_killed_agent_neither_loses_nor_repeats_what_it_let_go() {
    let mut server = MariaDb::start();
    let site = small(&server);
    let path = site.path("app.ndjson");
    let mut written = write(&path, "first", 40);
    let mut agent = site.start();
    site.wait_rows(40);
    server.kill9();
    for round in 0..4 {
        written.extend(write(&path, &format!("round-{round}"), 17_000));
        let shed = |agent: &Agent| agent.metrics().sum("tracespool_lines_shed_total");
        if round == 0 {
            eventually("the agent looks at the lines", || backlog(&agent) > 6.0 * MIB);
        } else {
            eventually("lines are let go", || shed(&agent) > 0.0);
            // In the middle of it, or just behind it.
            pause(Duration::from_millis(37 * round));
        }
        agent.kill9();
        agent = site.start();
    }
    eventually("the backlog is within its limit", || (1.0..=8.0 * MIB).contains(&backlog(&agent)));
    server.restart();
    finish(&site, agent, &written);
    assert_newest(&site, &written, 15_000);
}

#[test]
fn the_database_is_away_from_the_start() {
    let mut server = MariaDb::prepare(&[]);
    let site = small(&server);
    let written = write(&site.path("app.ndjson"), "line", 30_000);
    let agent = site.start();
    eventually("the backlog is within its limit", || (1.0..=8.0 * MIB).contains(&backlog(&agent)));
    server.restart();
    finish(&site, agent, &written);
    assert_newest(&site, &written, 15_000);
}

#[test]
fn several_files_and_rotated_ones_lose_their_oldest_lines_first() {
    let mut server = MariaDb::start();
    let site = small(&server);
    let (one, two) = (site.path("one.ndjson"), site.path("two.ndjson"));
    let mut written = write(&one, "one-first", 40);
    written.extend(write(&two, "two-first", 40));
    let agent = site.start();
    site.wait_rows(80);
    server.kill9();
    // Rotated and kept, rotated and deleted, and the newest in new files.
    written.extend(write(&one, "one-old", 9_000));
    written.extend(write(&two, "two-old", 9_000));
    eventually("the old lines are seen", || backlog(&agent) > 6.0 * MIB);
    std::fs::rename(&one, site.path("one.ndjson.1")).expect("the file is rotated");
    std::fs::rename(&two, site.path("two.ndjson.1")).expect("the file is rotated");
    pause(Duration::from_millis(500));
    std::fs::remove_file(site.path("two.ndjson.1")).expect("the file is deleted");
    let mut newest = write(&one, "one-new", 9_000);
    newest.extend(write(&two, "two-new", 9_000));
    written.extend(newest.clone());
    eventually("the backlog is within its limit", || {
        let metrics = agent.metrics();
        metrics.sum("tracespool_backlog_bytes") <= 8.0 * MIB && metrics.sum("tracespool_lines_shed_total") > 10_000.0
    });
    server.restart();
    finish(&site, agent, &written);
    assert_newest(&site, &newest, 15_000);
    assert!(declarations(&site).len() >= 2, "each file has its own declaration");
}

#[test]
fn lines_that_are_too_old_go() {
    let mut server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    site.set_text("shed.max_age", "8s");
    let path = site.path("app.ndjson");
    let mut written = write(&path, "first", 40);
    let agent = site.start();
    site.wait_rows(40);
    server.kill9();
    written.extend(write(&path, "old", 500));
    eventually("they age", || agent.metrics().sum("tracespool_backlog_seconds") > 5.0);
    written.extend(write(&path, "new", 500));
    let shed = || agent.metrics().with("tracespool_lines_shed_total", "reason=\"max_age\"");
    eventually("the old lines go", || shed() >= 500.0);
    let young = agent.metrics().sum("tracespool_backlog_seconds");
    assert_eq!(shed(), 500.0, "no younger line goes");
    assert!(young < 8.0, "the oldest line is {young} s old");
    server.restart();
    finish(&site, agent, &written);
    assert_newest(&site, &written, 500);
    assert_eq!(reasons(&site), ["max_age".to_owned()].into());
}

/// Makes each row take a while.
fn slow_down(server: &MariaDb, seconds: &str) {
    server.query(&format!(
        "CREATE TRIGGER app.slow BEFORE INSERT ON app.telemetry_traces FOR EACH ROW SET @slow = SLEEP({seconds})"
    ));
}

fn slow_site(server: &MariaDb) -> Site {
    let mut site = Site::mariadb(server);
    site.set("batch.max_rows", "200");
    site.set("database.connections", "1");
    site
}

/// Writes faster than the database takes it until `enough` says so.
fn flood(path: &Path, written: &mut Vec<Written>, mut enough: impl FnMut() -> bool) {
    let begun = Instant::now();
    let mut round = 0;
    while !enough() {
        assert!(begun.elapsed() < Duration::from_secs(90), "it never was enough");
        written.extend(write(path, &format!("flood-{round:04}"), 400));
        round += 1;
        pause(Duration::from_millis(100));
    }
}

#[test]
fn over_the_soft_limit_only_the_first_severities_go() {
    let server = MariaDb::start();
    slow_down(&server, "0.002");
    let mut site = slow_site(&server);
    site.set_text("shed.soft_backlog_bytes", "1MiB");
    let path = site.path("app.ndjson");
    let mut written = write(&path, "first", 40);
    let agent = site.start();
    let shed = || agent.metrics().with("tracespool_lines_shed_total", "severity=\"debug\"");
    flood(&path, &mut written, || shed() > 200.0);
    server.query("DROP TRIGGER app.slow");
    finish(&site, agent, &written);
    assert_eq!(reasons(&site), ["soft_backlog_bytes".to_owned()].into());
    let lost = declarations(&site);
    assert!(
        lost.iter().all(|lost| lost["by_severity"].as_object().expect("an object").keys().eq(["debug"])),
        "{lost:?}"
    );
}

#[test]
fn a_database_slower_than_the_writers_gets_the_newest_lines() {
    let server = MariaDb::start();
    slow_down(&server, "0.002");
    let mut site = slow_site(&server);
    site.set_text("shed.max_backlog_bytes", "2MiB");
    let path = site.path("app.ndjson");
    let mut written = write(&path, "first", 40);
    let agent = site.start();
    let shed = || agent.metrics().with("tracespool_lines_shed_total", "reason=\"max_backlog_bytes\"");
    flood(&path, &mut written, || shed() > 10_000.0);
    assert!(site.count() > 500, "the database still takes rows: {}", site.count());
    eventually("the backlog is within its limit", || backlog(&agent) <= 2.0 * MIB);
    server.query("DROP TRIGGER app.slow");
    finish(&site, agent, &written);
    assert_newest(&site, &written, 2_000);
}

#[test]
fn a_large_old_backlog_that_is_caught_up_loses_nothing() {
    let server = MariaDb::start();
    slow_down(&server, "0.0002");
    let mut site = slow_site(&server);
    site.set_text("shed.soft_backlog_bytes", "64KiB");
    site.set_text("shed.max_backlog_bytes", "64KiB");
    site.set_text("shed.max_age", "1s");
    let path = site.path("app.ndjson");
    let mut written = write(&path, "old", 25_000);
    let agent = site.start();
    let begun = Instant::now();
    // A trickle of new lines beside the old ones.
    while site.count() < 25_000 && begun.elapsed() < Duration::from_secs(120) {
        written.extend(write(&path, &format!("new-{:03}", begun.elapsed().as_millis()), 4));
        pause(Duration::from_millis(200));
    }
    assert!(begun.elapsed() > Duration::from_secs(8), "it was caught up too soon to show anything");
    finish(&site, agent, &written);
    assert_eq!(declarations(&site), Vec::<Value>::new());
}

#[test]
fn an_outage_within_the_limits_loses_nothing() {
    let mut server = MariaDb::start();
    let site = small(&server);
    let path = site.path("app.ndjson");
    let mut written = write(&path, "first", 40);
    let agent = site.start();
    site.wait_rows(40);
    server.kill9();
    written.extend(write(&path, "line", 15_000));
    pause(Duration::from_secs(8));
    server.restart();
    finish(&site, agent, &written);
    assert_eq!(declarations(&site), Vec::<Value>::new());
}

#[test]
fn a_declaration_whose_commit_was_not_answered_is_there_once() {
    for fault in [Fault::LosesAnswer, Fault::LosesCommit] {
        let mut server = MariaDb::start();
        let proxy = Proxy::start(server.port(), Fault::None, 1);
        let mut site = small(&server);
        site.set_text("database.url", &url(proxy.port()));
        site.set("batch.max_rows", "500");
        let path = site.path("app.ndjson");
        let mut written = write(&path, "first", 40);
        let agent = site.start();
        site.wait_rows(40);
        server.kill9();
        written.extend(write(&path, "line", 25_000));
        eventually("the backlog is within its limit", || {
            let metrics = agent.metrics();
            metrics.sum("tracespool_backlog_bytes") <= 8.0 * MIB && metrics.sum("tracespool_lines_shed_total") > 0.0
        });
        let commits = proxy.commits();
        proxy.set(fault, 1);
        server.restart();
        eventually("the commit that declares is struck", || proxy.struck() >= 1 && proxy.commits() > commits);
        proxy.set(Fault::None, 1);
        finish(&site, agent, &written);
        assert_eq!(declarations(&site).len(), 1);
    }
}

#[test]
fn a_commit_of_unknown_outcome_before_an_outage_is_counted_right() {
    for fault in [Fault::LosesAnswer, Fault::LosesCommit] {
        let mut server = MariaDb::start();
        let proxy = Proxy::start(server.port(), Fault::None, 1);
        let mut site = small(&server);
        site.set_text("database.url", &url(proxy.port()));
        let path = site.path("app.ndjson");
        let mut written = write(&path, "first", 40);
        let mut agent = site.start();
        site.wait_rows(40);
        proxy.set(fault, 1);
        written.extend(write(&path, "doubt", 100));
        eventually("a commit is struck", || proxy.struck() >= 1);
        server.kill9();
        let before = if fault == Fault::LosesAnswer { 140 } else { 40 };
        written.extend(write(&path, "line", 25_000));
        eventually("the backlog is within its limit", || {
            let metrics = agent.metrics();
            metrics.sum("tracespool_backlog_bytes") <= 8.0 * MIB && metrics.sum("tracespool_lines_shed_total") > 0.0
        });
        proxy.set(Fault::None, 1);
        if fault == Fault::LosesAnswer {
            agent.kill9();
            agent = site.start();
        }
        server.restart();
        assert!(site.count() >= before, "{} rows", site.count());
        finish(&site, agent, &written);
    }
}

#[test]
fn what_vanished_is_declared() {
    let mut server = MariaDb::start();
    let site = Site::mariadb(&server);
    let (deleted, cut) = (site.path("deleted.ndjson"), site.path("cut.ndjson"));
    append(&deleted, line("one"));
    append(&cut, line("two"));
    let mut agent = site.start();
    site.wait_rows(2);
    let half = "{\"event_key\":\"half a line";
    append(&deleted, half);
    eventually("it is seen", || backlog(&agent) == half.len() as f64);
    std::fs::remove_file(&deleted).expect("the file is deleted");
    eventually("it is counted", || agent.metrics().sum("tracespool_bytes_vanished_total") == half.len() as f64);
    eventually("it is declared", || declarations(&site).len() == 1);
    let gone = &declarations(&site)[0];
    let offset = line("one").len() as u64;
    assert_eq!((number(gone, "from_offset"), number(gone, "to_offset")), (offset, offset + half.len() as u64));
    assert_eq!((number(gone, "lines"), gone["reason"].as_str()), (0, Some("vanished")));
    assert_eq!(gone["file"].as_str(), deleted.to_str());

    // Truncated while the database was away, and nobody made a copy; the agent is killed before the database is back.
    server.kill9();
    append(&cut, half);
    let unread = half.len() as f64;
    eventually("it is seen", || backlog(&agent) == unread);
    truncate(&cut, 0);
    eventually("it is counted", || agent.metrics().sum("tracespool_bytes_vanished_total") == 2.0 * unread);
    agent.kill9();
    let agent = site.start();
    server.restart();
    append(&cut, line("three"));
    site.wait_rows(3);
    eventually("it is declared", || declarations(&site).len() == 2);
    agent.conserved();
    site.finish_exactly(agent, &["one", "two", "three"].map(str::to_owned));
    assert_eq!(declarations(&site).len(), 2, "nothing is declared twice");
}

#[test]
fn lines_that_the_quarantine_cannot_take_are_declared() {
    let server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    let path = site.path("app.ndjson");
    // A folder where the file belongs cannot be written to, whoever the agent is.
    let quarantine = site.root().join("quarantine");
    std::fs::create_dir(&quarantine).expect("a folder");
    site.set_text("quarantine.path", &quarantine.display().to_string());
    append(&path, line("one"));
    append(&path, "no json\n".repeat(7));
    append(&path, line("two"));
    let agent = site.start();
    site.wait_rows(2);
    let metrics = agent.conserved();
    assert_eq!(metrics.with("tracespool_lines_shed_total", "reason=\"quarantine_unwritable\""), 7.0);
    site.finish_exactly(agent, &["one", "two"].map(str::to_owned));
    let all = declarations(&site);
    assert_eq!(all.len(), 1);
    assert_eq!((number(&all[0], "lines"), all[0]["reason"].as_str()), (7, Some("quarantine_unwritable")));
    let begin = line("one").len() as u64;
    assert_eq!((number(&all[0], "from_offset"), number(&all[0], "to_offset")), (begin, begin + 7 * 8));
}

#[test]
fn an_sqlite_file_that_somebody_else_holds_is_away_too() {
    let mut site = Site::sqlite();
    site.set_text("shed.max_backlog_bytes", "1MiB");
    site.set_text("database.write_timeout", "300ms");
    let path = site.path("app.ndjson");
    let mut written = write(&path, "first", 40);
    let agent = site.start();
    site.wait_rows(40);
    let Store::Sqlite(file) = site.store().clone() else { panic!("the site has an SQLite file") };
    let holder = rusqlite::Connection::open(file).expect("the file opens");
    holder.execute_batch("BEGIN EXCLUSIVE").expect("the file is held");
    written.extend(write(&path, "line", 8_000));
    eventually("the backlog is within its limit", || {
        let metrics = agent.metrics();
        metrics.sum("tracespool_backlog_bytes") <= MIB && metrics.sum("tracespool_lines_shed_total") > 0.0
    });
    holder.execute_batch("ROLLBACK").expect("the file is let go");
    finish(&site, agent, &written);
    assert_newest(&site, &written, 2_000);
}

#[test]
fn nothing_is_passed_over_while_the_note_cannot_be_written() {
    let mut server = MariaDb::start();
    let site = small(&server);
    let path = site.path("app.ndjson");
    let mut written = write(&path, "first", 40);
    let agent = site.start();
    site.wait_rows(40);
    server.kill9();
    let in_the_way = site.state().join("shed.new");
    std::fs::create_dir(&in_the_way).expect("a folder");
    written.extend(write(&path, "line", 25_000));
    eventually("the agent says so", || agent.log().contains("the note of lines let go cannot be written"));
    pause(Duration::from_secs(1));
    assert_eq!(agent.metrics().sum("tracespool_lines_shed_total"), 0.0);
    assert!(backlog(&agent) > 8.0 * MIB);
    std::fs::remove_dir(&in_the_way).expect("the folder goes");
    eventually("the backlog is within its limit", || backlog(&agent) <= 8.0 * MIB);
    assert_eq!(agent.log().matches("the note of lines let go cannot be written").count(), 1, "it is said once");
    server.restart();
    finish(&site, agent, &written);
}

#[test]
fn random_kills_while_lines_are_let_go_leave_each_with_one_end() {
    let mut server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    site.set_text("shed.max_backlog_bytes", "1MiB");
    site.set_text("database.write_timeout", "2s");
    let mut random = StdRng::seed_from_u64(11);
    let mut written = write(&site.path("app.ndjson"), "first", 40);
    let mut agent = site.start();
    site.wait_rows(40);
    let mut let_go = 0;
    for round in 0..rounds().div_ceil(5) {
        server.kill9();
        let files = ["app.ndjson", "other.ndjson"];
        let mut more = |written: &mut Vec<Written>, part: usize, most: usize| {
            let name = files[random.random_range(0..2)];
            written.extend(write(&site.path(name), &format!("r{round}-{part}"), random.random_range(1..most)));
            if random.random_range(0..3) == 0 {
                let path = site.path(name);
                let rotated = site.path(&format!("{name}.{round}-{part}"));
                std::fs::rename(&path, rotated).expect("the file is rotated");
            }
            random.random_range(0..1500)
        };
        for part in 0..6 {
            let time = more(&mut written, part, 4000);
            pause(Duration::from_millis(500 + time));
            if time % 3 == 0 {
                let_go += usize::from(agent.metrics().sum("tracespool_lines_shed_total") > 0.0);
                agent.kill9();
                agent = site.start();
            }
        }
        server.restart();
        // Now and then the agent has time to catch up, now and then not.
        let time = more(&mut written, 6, 100);
        pause(Duration::from_millis(time));
        if time % 2 == 0 {
            agent.kill9();
            agent = site.start();
        }
    }
    assert!(let_go > 0, "no agent was killed that had let lines go");
    finish(&site, agent, &written);
    assert!(declared(&site) > 0);
}

#[test]
fn a_database_that_answers_but_has_no_room_is_away() {
    let server = MariaDb::start();
    let site = small(&server);
    let path = site.path("app.ndjson");
    let mut written = write(&path, "first", 40);
    let agent = site.start();
    site.wait_rows(40);
    server.query(
        "CREATE TRIGGER app.full BEFORE INSERT ON app.telemetry_traces FOR EACH ROW \
         SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'the table is full'",
    );
    for round in 0..2 {
        written.extend(write(&path, &format!("round-{round}"), 25_000));
        let before = agent.metrics().sum("tracespool_lines_shed_total");
        eventually("the backlog is within its limit", || {
            let metrics = agent.metrics();
            let shed = metrics.sum("tracespool_lines_shed_total");
            metrics.sum("tracespool_backlog_bytes") <= 8.0 * MIB && shed > before
        });
    }
    assert!(agent.metrics().with("tracespool_database_errors_total", "class=\"full\"") >= 1.0);
    server.query("DROP TRIGGER app.full");
    finish(&site, agent, &written);
    assert_newest(&site, &written, 15_000);
}

#[test]
fn what_was_let_go_is_declared_though_its_file_is_gone_and_the_agent_was_killed() {
    let mut server = MariaDb::start();
    let site = small(&server);
    let (old, new) = (site.path("old.ndjson"), site.path("new.ndjson"));
    let mut written = write(&old, "first", 40);
    let mut agent = site.start();
    site.wait_rows(40);
    server.kill9();
    written.extend(write(&old, "old", 9_000));
    eventually("the old lines are seen", || backlog(&agent) > 3.0 * MIB);
    pause(Duration::from_millis(500));
    written.extend(write(&new, "new", 20_000));
    eventually("the old file is let go of", || {
        let metrics = agent.metrics();
        metrics.sum("tracespool_backlog_bytes") <= 8.0 * MIB && metrics.sum("tracespool_lines_shed_total") > 9_000.0
    });
    std::fs::remove_file(&old).expect("the file is deleted");
    agent.kill9();
    agent = site.start();
    server.restart();
    finish(&site, agent, &written);
    assert_newest(&site, &written, 15_000);
    let of_old = declarations(&site).into_iter().filter(|lost| lost["file"].as_str() == old.to_str());
    assert_eq!(of_old.map(|lost| number(&lost, "lines")).sum::<u64>(), 9_000);
}

#[test]
fn another_limit_is_taken_up_in_the_middle_of_an_outage() {
    let mut server = MariaDb::start();
    let mut site = small(&server);
    site.set_text("shed.max_backlog_bytes", "64MiB");
    let path = site.path("app.ndjson");
    let mut written = write(&path, "first", 40);
    let agent = site.start();
    site.wait_rows(40);
    server.kill9();
    written.extend(write(&path, "away", 40_000));
    eventually("the lines are seen", || backlog(&agent) > 12.0 * MIB);
    pause(Duration::from_secs(7));
    assert_eq!(agent.metrics().sum("tracespool_lines_shed_total"), 0.0, "the limit is not reached");

    site.set_text("shed.max_backlog_bytes", "8MiB");
    reload(&site, &agent);
    eventually("the backlog is within the new limit", || backlog(&agent) <= 8.0 * MIB);
    agent.signal(Signal::USR1);
    eventually("the status is logged", || said(&agent, "status: ") == 1);
    let shed = agent.metrics().sum("tracespool_lines_shed_total");
    assert!(said(&agent, &format!(" lines_shed={shed} ")) == 1, "{shed} lines were let go:\n{}", agent.log());
    server.restart();
    finish(&site, agent, &written);
    assert_newest(&site, &written, 15_000);
}
