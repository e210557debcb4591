//! `why`: each end of a line is found and told for what it is.

use std::time::Duration;

use super::least_privilege;
use crate::support::{MariaDb, Site, append, finish, ids, line, lines};

#[track_caller]
fn why(site: &Site, name: &str, offset: usize) -> String {
    let place = format!("{}:{offset}", site.path(name).display());
    let told = site.run(&["why", &place]);
    assert_eq!(told.code, Some(0), "{told:?}");
    told.stdout
}

#[track_caller]
fn why_line(site: &Site, line: &str) -> String {
    let told = finish(site.command(&["why"]), line.as_bytes(), Duration::from_secs(60));
    assert_eq!(told.code, Some(0), "{told:?}");
    told.stdout
}

#[track_caller]
fn has(text: &str, words: &str) {
    assert!(text.contains(words), "no `{words}` in: {text}");
}

fn check(site: &Site) {
    let good = line("why-000000");
    let timed = "{\"event_key\":\"test.timed\",\"created_at\":\"2026-11-22T10:00:00.5Z\",\"metadata\":{\"b\":1,\"a\":[1.50]}}\n";
    let bad = "no json at all\n";
    let text = format!("{good}{timed}{bad}{good}");
    append(&site.path("a.ndjson"), &text);
    site.drain();
    let at = |n: usize| text.match_indices('\n').nth(n).expect("a line").0 + 1;

    let id = |key: &str| {
        let rows =
            site.query(&format!("SELECT CAST(id AS CHAR) FROM telemetry_traces WHERE event_key = '{key}' ORDER BY id"));
        rows.into_iter().map(|mut row| row.remove(0).expect("an id")).collect::<Vec<_>>()
    };
    // The same line twice: one of the two rows.
    let told = why(site, "a.ndjson", 0);
    id("test.line").iter().for_each(|id| has(&told, id));
    has(&told, "one of them is its own");
    // From anywhere in the line.
    let row = format!("committed, row {}", id("test.timed")[0]);
    has(&why(site, "a.ndjson", at(0)), &row);
    has(&why(site, "a.ndjson", at(0) + 20), &row);
    has(&why(site, "a.ndjson", at(0) + 20), &format!("a.ndjson:{}:", at(0)));
    has(&why(site, "a.ndjson", at(1)), "quarantined as `not_json`");
    has(&why(site, "a.ndjson", at(1)), "record 1 of");
    has(&why(site, "a.ndjson", text.len()), "nothing stands there yet");

    // Pasted.
    has(&why_line(site, timed), &row);
    has(&why_line(site, timed), "a.ndjson:");
    has(&why_line(site, "no json at all\n"), "quarantined as `not_json`");
    has(&why_line(site, "{\"event_key\":\"test.nowhere\"}"), "nowhere to be found");
    has(&why_line(site, "never written"), "it can be no row (`not_json`");

    // Not yet there: behind the frontier, and without a newline.
    append(&site.path("a.ndjson"), format!("{}{}", line("why-000001"), "{\"event_key\":\"half"));
    has(&why(site, "a.ndjson", text.len()), "not committed; it is the next one. not read yet");
    has(&why(site, "a.ndjson", text.len() + good.len() + 3), "waits for its newline");
    append(&site.root().join("other.log"), &good);
    has(&why(site, "../other.log", 0), "not in `spool.paths`");
    append(&site.path("b.ndjson"), &good);
    has(&why(site, "b.ndjson", 0), "nothing of the file as it is now is committed");

    // Deleted since.
    let server = match site.store() {
        crate::support::Store::MariaDb(client) => client,
        crate::support::Store::Sqlite(_) => return,
    };
    server.query("DELETE FROM app.telemetry_traces WHERE event_key = 'test.timed'").expect("the row is deleted");
    has(&why(site, "a.ndjson", at(0)), "no row has its values now");
}

#[test]
fn every_end_is_told() {
    let server = MariaDb::start();
    check(&Site::mariadb(&server));
}

#[test]
fn every_end_is_told_from_an_sqlite_file() {
    check(&Site::sqlite());
}

#[test]
fn lines_that_were_let_go_are_told_with_their_declaration() {
    let mut server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    site.set_text("shed.max_backlog_bytes", "64KiB").set_text("shed.soft_backlog_bytes", "64KiB");
    site.set_text("batch.max_bytes", "64KiB").set_text("database.connect_timeout", "500ms");
    append(&site.path("a.ndjson"), lines(&ids("first", 0..5)));
    site.drain();
    server.kill9();
    append(&site.path("a.ndjson"), lines(&ids("lost", 0..4_000)));
    let mut agent = site.start();
    let let_go = || agent.metrics().sum("tracespool_lines_shed_total") > 1_000.0;
    crate::support::eventually("lines are let go", let_go);
    server.restart();
    agent.conserved();
    let declared = || !site.query("SELECT id FROM telemetry_traces WHERE event_key = 'tracespool.shed'").is_empty();
    crate::support::eventually("they are declared", declared);
    let caught_up = || agent.metrics().sum("tracespool_backlog_bytes") == 0.0;
    crate::support::eventually("everything is read and has its end", caught_up);
    agent.conserved();
    agent.sigterm();
    let first = lines(&ids("first", 0..5)).len();
    let told = why(&site, "a.ndjson", first);
    has(&told, "let go because of `max_backlog_bytes`, declared in row ");
    // What came last was kept.
    let last = std::fs::metadata(site.path("a.ndjson")).expect("the file").len() as usize - 10;
    has(&why(&site, "a.ndjson", last), "committed, row ");
    has(&why(&site, "a.ndjson", 0), "committed, row ");
}

#[test]
fn the_agents_own_account_tells_all_but_the_row() {
    let server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    assert_eq!(site.run(&["migrate"]).code, Some(0));
    least_privilege(&server);
    site.set_text("database.url", &format!("mysql://tracespool@127.0.0.1:{}/app", server.port()));
    let good = line("why-000000");
    append(&site.path("a.ndjson"), format!("{good}no json at all\n"));
    site.drain();
    append(&site.path("a.ndjson"), &good);
    has(&why(&site, "a.ndjson", 0), "committed as a row, or let go");
    has(&why(&site, "a.ndjson", 0), "migrate --grants");
    has(&why(&site, "a.ndjson", good.len()), "quarantined as `not_json`");
    has(&why(&site, "a.ndjson", good.len() + 15), "not committed; it is the next one");
}

#[test]
fn while_the_database_is_away_who_asks_is_told_where_the_lines_are() {
    let mut server = MariaDb::start();
    let site = Site::mariadb(&server);
    append(&site.path("a.ndjson"), line("why-000000"));
    server.stop();
    let told = site.run(&["why", &format!("{}:0", site.path("a.ndjson").display())]);
    assert_eq!(told.code, Some(69), "{told:?}");
    has(&told.stderr, "while the database is away, lines wait in the spool");
}
