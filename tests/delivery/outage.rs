//! The database away, stopped, busy, read-only, without its table; the agent stopped meanwhile.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::{
    Agent, Habit, MariaDb, Site, Writer, append, eventually, free_port, ids, line, lines, pause, poll,
};

#[test]
fn d1_the_database_is_away_at_the_start_and_comes_later() {
    let mut server = MariaDb::prepare(&[]);
    let site = Site::mariadb(&server);
    let written = ids("line", 0..500);
    append(&site.path("app.ndjson"), lines(&written));
    let mut agent = site.start();
    eventually("the agent says that the database is away", || {
        let metrics = agent.metrics();
        metrics.sum("tracespool_database_up") == 0.0 && metrics.sum("tracespool_database_errors_total") >= 2.0
    });
    assert_eq!(agent.exited(), None, "the agent stays up");
    // The reader makes its tables while the database is asked for the first time.
    eventually("the lines wait in the spool", || agent.metrics().sum("tracespool_backlog_bytes") > 0.0);
    server.restart();
    site.wait_rows(written.len());
    assert_eq!(agent.metrics().sum("tracespool_database_up"), 1.0);
    site.finish_exactly(agent, &written);
}

#[test]
fn a_server_that_stops_answering_is_given_up_in_time() {
    let server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    site.set_text("database.write_timeout", "500ms");
    site.set_text("database.connect_timeout", "500ms");
    let writer = Writer::start(&site.path("app.ndjson"), "line", Habit::OpensPerLine);
    let agent = site.start();
    for round in 1..=3 {
        site.wait_rows(round * 50);
        server.freeze();
        let errors = agent.metrics().with("tracespool_database_errors_total", "class=\"connection\"");
        eventually("the agent gives the connection up", || {
            agent.metrics().with("tracespool_database_errors_total", "class=\"connection\"") > errors
        });
        server.thaw();
        site.wait_rows(site.count() + 20);
    }
    let written = writer.stop();
    site.finish_exactly(agent, &written);
}

#[test]
fn a_lock_held_by_another_session_is_waited_for() {
    let server = MariaDb::start_with(&["--innodb-lock-wait-timeout=1"]);
    let site = Site::mariadb(&server);
    let path = site.path("app.ndjson");
    let mut written = ids("line", 0..50);
    append(&path, lines(&written));
    let agent = site.start();
    site.wait_rows(written.len());
    let mut session = server.session();
    session.run("BEGIN");
    session.run("UPDATE app.tracespool_progress SET updated_at = updated_at");
    let more = ids("more", 0..50);
    append(&path, lines(&more));
    eventually("the agent is told that the lock takes too long", || {
        agent.metrics().with("tracespool_database_errors_total", "class=\"busy\"") >= 1.0
    });
    assert_eq!(site.count(), written.len(), "nothing lands without its frontier");
    session.run("ROLLBACK");
    written.extend(more);
    site.finish_exactly(agent, &written);
}

#[test]
fn d12_a_connection_that_was_idle_for_too_long_is_replaced() {
    let server = MariaDb::start_with(&["--wait-timeout=1"]);
    let site = Site::mariadb(&server);
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    let agent = site.start();
    for round in 0..3 {
        let new = ids(&format!("round-{round}"), 0..10);
        append(&path, lines(&new));
        written.extend(new);
        site.wait_rows(written.len());
        let connections = "SELECT count(*) FROM information_schema.processlist WHERE user = 'tracespool'";
        // An agent that asked the server for more patience, or that is never idle, keeps its connections.
        // The question itself may idle for too long on a busy machine.
        let gone = || server.client().query(connections).is_ok_and(|rows| rows[0][0].as_deref() == Some("0"));
        poll(Duration::from_secs(3), || gone().then_some(()));
    }
    site.finish_exactly(agent, &written);
}

#[test]
fn lines_that_come_singly_do_not_wait_for_a_connection_more() {
    let server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    site.set("database.connections", "3");
    let path = site.path("app.ndjson");
    let written = ids("single", 0..12);
    let agent = site.start();
    for (n, id) in written.iter().enumerate() {
        append(&path, line(id));
        site.wait_rows(n + 1);
    }
    let connections = "SELECT count(*) FROM information_schema.processlist WHERE user = 'tracespool'";
    assert_eq!(server.query(connections), [[Some("1".to_owned())]], "the one that is there is always at hand");
    site.finish_exactly(agent, &written);
}

#[test]
fn a_server_that_turns_read_only_and_back() {
    let server = MariaDb::start();
    let site = Site::mariadb(&server);
    let writer = Writer::start(&site.path("app.ndjson"), "line", Habit::OpensPerLine);
    let agent = site.start();
    site.wait_rows(50);
    server.query("SET GLOBAL read_only = 1");
    eventually("the agent notices", || {
        agent.metrics().with("tracespool_database_errors_total", "class=\"not_the_writer\"") >= 1.0
    });
    let before = site.count();
    server.query("SET GLOBAL read_only = 0");
    site.wait_rows(before + 50);
    let written = writer.stop();
    site.finish_exactly(agent, &written);
}

#[test]
fn the_next_host_is_tried_when_one_is_away_or_read_only() {
    let (reader, writer) = (MariaDb::start_with(&["--read-only=1"]), MariaDb::start());
    let mut site = Site::mariadb(&writer);
    let hosts = format!("127.0.0.1:{},127.0.0.1:{},127.0.0.1:{}", free_port(), reader.port(), writer.port());
    site.set_text("database.url", &format!("mysql://tracespool@{hosts}/app"));
    let written = ids("line", 0..100);
    append(&site.path("app.ndjson"), lines(&written));
    let agent = site.start();
    site.finish_exactly(agent, &written);
    assert_eq!(reader.query("SELECT count(*) FROM app.telemetry_traces"), [[Some("0".to_owned())]]);
}

#[test]
fn a_missing_table_is_waited_for_and_nothing_is_thrown_away() {
    let server = MariaDb::start();
    server.query("DROP TABLE app.telemetry_traces");
    let site = Site::mariadb(&server);
    let written = ids("line", 0..100);
    append(&site.path("app.ndjson"), lines(&written));
    let mut agent = site.start();
    eventually("the agent says what is missing", || agent.log().contains("migrate"));
    assert_eq!(agent.exited(), None, "the agent stays up");
    assert_eq!(site.run(&["migrate"]).code, Some(0));
    site.finish_exactly(agent, &written);
    assert_eq!(site.quarantined(), Vec::<serde_json::Value>::new());
}

#[test]
fn without_the_right_to_a_progress_table_it_says_so_and_still_ships() {
    let server = MariaDb::start();
    server.query("REVOKE ALL ON app.* FROM 'tracespool'@'127.0.0.1'");
    server.query("GRANT SELECT, INSERT ON app.telemetry_traces TO 'tracespool'@'127.0.0.1'");
    let site = Site::mariadb(&server);
    let mut written = ids("line", 0..100);
    append(&site.path("app.ndjson"), lines(&written));
    let mut agent = site.start();
    site.wait_rows(written.len());
    assert!(agent.log().contains("tracespool_progress"), "the log does not name the table");
    agent.conserved();
    assert_eq!(agent.sigterm().code(), Some(0));
    // A stop in good order leaves a checkpoint, so even at-least-once repeats nothing here.
    written.push("after".to_owned());
    append(&site.path("app.ndjson"), line("after"));
    site.drain();
    site.assert_exactly(&written);
}

#[test]
fn a_stop_while_the_database_is_away_is_in_time_and_loses_nothing() {
    let mut server = MariaDb::start();
    let site = Site::mariadb(&server);
    let path = site.path("app.ndjson");
    let mut written = ids("line", 0..50);
    append(&path, lines(&written));
    let mut agent = site.start();
    site.wait_rows(written.len());
    server.kill9();
    let more = ids("more", 0..50);
    append(&path, lines(&more));
    written.extend(more);
    eventually("the agent notices", || agent.metrics().sum("tracespool_database_up") == 0.0);
    let asked = Instant::now();
    let status = agent.sigterm();
    assert!(asked.elapsed() < Duration::from_secs(10), "it took {:?}", asked.elapsed());
    assert_eq!(status.code(), Some(0), "the spool keeps the lines, so a stop is a success");
    assert!(agent.log().contains("not committed"), "it does not say that lines are left");
    server.restart();
    site.drain();
    site.assert_exactly(&written);
}

/// An agent whose server stopped answering with a batch in flight.
fn hanging(server: &MariaDb, grace: &str) -> (Site, Agent, Vec<String>) {
    let mut site = Site::mariadb(server);
    site.set_text("agent.shutdown_grace", grace);
    let path = site.path("app.ndjson");
    let mut written = ids("line", 0..50);
    append(&path, lines(&written));
    let agent = site.start();
    site.wait_rows(written.len());
    server.freeze();
    let read = agent.metrics().sum("tracespool_lines_read_total");
    let more = ids("more", 0..50);
    append(&path, lines(&more));
    written.extend(more);
    eventually("the lines are read", || agent.metrics().sum("tracespool_lines_read_total") > read);
    (site, agent, written)
}

#[test]
fn a_stop_with_a_server_that_hangs_ends_with_the_grace_period() {
    let server = MariaDb::start();
    let (site, mut agent, written) = hanging(&server, "1500ms");
    let asked = Instant::now();
    agent.sigterm();
    let took = asked.elapsed();
    assert!((Duration::from_secs(1)..Duration::from_secs(5)).contains(&took), "it took {took:?}");
    server.thaw();
    site.drain();
    site.assert_exactly(&written);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let server = MariaDb::start();
    let (site, mut agent, written) = hanging(&server, "5m");
    agent.signal(Signal::TERM);
    eventually("the agent says that it stops", || agent.log().contains("asked to stop"));
    assert_eq!(agent.exited(), None, "the first signal lets it finish what is in flight");
    agent.signal(Signal::INT);
    agent.wait_exit(Duration::from_secs(5));
    server.thaw();
    site.drain();
    site.assert_exactly(&written);
}

#[test]
fn a_drain_with_the_database_away_gives_up_after_30_seconds() {
    let server = MariaDb::prepare(&[]);
    let site = Site::mariadb(&server);
    append(&site.path("app.ndjson"), line("one"));
    let asked = Instant::now();
    let finished = site.try_drain();
    assert_eq!(finished.code, Some(69), "{finished:?}");
    let took = asked.elapsed();
    assert!((Duration::from_secs(25)..Duration::from_secs(45)).contains(&took), "it took {took:?}");
}

#[test]
fn memory_does_not_grow_with_the_backlog() {
    let mut server = MariaDb::start();
    let site = Site::mariadb(&server);
    let path = site.path("app.ndjson");
    append(&path, line("first"));
    let agent = site.start();
    site.wait_rows(1);
    server.kill9();
    let filler = "a few words of ordinary text, ".repeat(12);
    let line = |n| {
        format!("{{\"event_key\":\"test.line\",\"request_id\":\"line-{n}\",\"metadata\":{{\"text\":\"{filler}\"}}}}\n")
    };
    let chunk: String = (0..1000).map(line).collect();
    for _ in 0..250 {
        append(&path, &chunk);
    }
    eventually("the agent has taken what it can hold", || {
        let read = || agent.metrics().sum("tracespool_lines_read_total");
        let before = read();
        pause(Duration::from_millis(300));
        before > 1.0 && read() == before
    });
    let (peak, backlog) = (agent.memory_peak(), agent.metrics().sum("tracespool_backlog_bytes"));
    let behind = 250.0 * chunk.len() as f64;
    assert_eq!(backlog, behind, "the backlog is what lies above the frontier");
    assert!(peak <= Agent::MEMORY_MAX, "a peak of {peak} bytes");
}
