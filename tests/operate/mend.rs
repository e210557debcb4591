//! `checkpoint` and `replay`: what is moved and sent again by hand.

use std::time::Duration;

use crate::support::{Agent, MariaDb, Site, append, difference, ids, line, lines, pause};

/// The site's frontier of one file, as `checkpoint show` tells it.
#[track_caller]
fn frontier(site: &Site, name: &str) -> Option<u64> {
    let shown = site.run(&["checkpoint", "show"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let line = shown.stdout.lines().find(|line| line.contains(name))?.to_owned();
    let offset = line.split("offset ").nth(1).expect("an offset").split(',').next().expect("a number");
    Some(offset.parse().expect("a number"))
}

fn check_checkpoint(site: &Site) {
    let path = site.path("a.ndjson");
    let name = path.display().to_string();
    let written = ids("cp", 0..10);
    append(&path, lines(&written));
    site.drain();
    let one = line(&written[0]).len() as u64;
    assert_eq!(frontier(site, "a.ndjson"), Some(10 * one));

    // Said first, and nothing done.
    let back = (4 * one).to_string();
    let said = site.run(&["checkpoint", "set", &name, &back]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains(&format!("6 lines ({} bytes) would be sent again", 6 * one)), "{said:?}");
    assert_eq!(frontier(site, "a.ndjson"), Some(10 * one));
    let wrong = site.run(&["checkpoint", "set", &name, &(4 * one + 1).to_string(), "--yes"]);
    assert_eq!(wrong.code, Some(64), "{wrong:?}");
    assert!(wrong.stderr.contains(&format!("the next one is {}", 5 * one)), "{wrong:?}");
    assert_eq!(site.run(&["checkpoint", "set", &name, "99999999"]).code, Some(64));

    // Not while the agent runs.
    let agent: Agent = site.start();
    agent.metrics();
    let refused = site.run(&["checkpoint", "set", &name, &back, "--yes"]);
    assert_eq!(refused.code, Some(74), "{refused:?}");
    assert!(refused.stderr.contains("another agent uses the state directory"), "{refused:?}");
    drop(agent);

    let done = site.run(&["checkpoint", "set", &name, &back, "--yes"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(frontier(site, "a.ndjson"), Some(4 * one));
    site.drain();
    let twice: Vec<String> = written.iter().chain(&written[4..]).cloned().collect();
    site.assert_exactly(&twice);

    // Forward: what lies between is skipped.
    append(&path, lines(&ids("skip", 0..3)));
    let ahead = (10 * one + lines(&ids("skip", 0..2)).len() as u64).to_string();
    let done = site.run(&["checkpoint", "set", &name, &ahead, "--yes"]);
    assert!(done.stdout.contains("2 lines (") && done.stdout.contains("would be skipped"), "{done:?}");
    site.drain();
    let twice: Vec<String> = twice.iter().chain(&ids("skip", 2..3)).cloned().collect();
    site.assert_exactly(&twice);

    // Forgotten: as a file never seen.
    let said = site.run(&["checkpoint", "reset", &name]);
    assert!(said.stdout.contains("13 lines"), "{said:?}");
    assert_eq!(site.run(&["checkpoint", "reset", "/nowhere/x.ndjson"]).code, Some(64));
    assert_eq!(site.run(&["checkpoint", "reset"]).code, Some(64));
    let done = site.run(&["checkpoint", "reset", "--all", "--yes"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert_eq!(frontier(site, "a.ndjson"), None);
    site.drain();
    let thrice: Vec<String> = twice.iter().chain(&written).chain(&ids("skip", 0..3)).cloned().collect();
    site.assert_exactly(&thrice);
}

#[test]
fn a_frontier_is_moved_by_hand_as_it_was_said() {
    let server = MariaDb::start();
    check_checkpoint(&Site::mariadb(&server));
}

#[test]
fn a_frontier_in_an_sqlite_file_is_moved_too() {
    check_checkpoint(&Site::sqlite());
}

#[test]
fn a_frontier_in_content_that_was_replaced_is_set_in_the_new_content() {
    let server = MariaDb::start();
    let site = Site::mariadb(&server);
    let path = site.path("a.ndjson");
    append(&path, lines(&ids("old", 0..5)));
    site.drain();
    crate::support::truncate(&path, 0);
    append(&path, lines(&ids("new", 0..4)));
    let one = line("new-000000").len();
    let set = site.run(&["checkpoint", "set", &path.display().to_string(), &(3 * one).to_string(), "--yes"]);
    assert!(set.stdout.contains("3 lines"), "{set:?}");
    site.drain();
    let want: Vec<String> = ids("old", 0..5).into_iter().chain(ids("new", 3..4)).collect();
    site.assert_exactly(&want);
}

#[test]
fn quarantined_rows_land_once_when_the_table_is_mended() {
    let server = MariaDb::start();
    let site = Site::mariadb(&server);
    assert_eq!(site.run(&["migrate"]).code, Some(0));
    server.query("ALTER TABLE app.telemetry_traces ADD CONSTRAINT no_poison CHECK (request_id NOT LIKE 'poison%')");
    let (good, poison) = (ids("good", 0..20), ids("poison", 0..7));
    let mut text = lines(&good);
    text.push_str(&lines(&poison));
    text.push_str("not json password=hunter2\n");
    text.push_str(&format!(
        "{{\"event_key\":\"x\",\"request_id\":\"poison-long\",\"metadata\":\"{}\"}}\n",
        "y".repeat(20_000)
    ));
    append(&site.path("a.ndjson"), text);
    site.drain();
    assert_eq!(site.quarantined().len(), 9);
    site.assert_exactly(&good);
    let file = site.state().join("quarantine.ndjson").display().to_string();

    // Nothing has been mended yet.
    let replayed = site.run(&["replay", &file]);
    assert_eq!(replayed.code, Some(75), "{replayed:?}");
    assert!(replayed.stdout.contains("0 records are rows now, 0 were before, 9 still cannot be"), "{replayed:?}");
    assert!(replayed.stderr.contains("rejected_by_database"), "{replayed:?}");
    assert!(replayed.stderr.contains("not_json"), "{replayed:?}");
    assert!(replayed.stderr.contains("cut at 8 KiB"), "{replayed:?}");
    assert!(!replayed.stderr.contains("hunter2") && !replayed.stderr.contains("poison-"), "{replayed:?}");
    site.assert_exactly(&good);

    server.query("ALTER TABLE app.telemetry_traces DROP CONSTRAINT no_poison");
    let replayed = site.run(&["replay", &file]);
    assert_eq!(replayed.code, Some(75), "{replayed:?}");
    assert!(replayed.stdout.contains("7 records are rows now, 0 were before, 2 still cannot be"), "{replayed:?}");
    let all: Vec<String> = good.iter().chain(&poison).cloned().collect();
    site.assert_exactly(&all);
    let again = site.run(&["replay", &file]);
    assert!(again.stdout.contains("0 records are rows now, 7 were before, 2 still cannot be"), "{again:?}");
    // The agent takes the marks for nothing of its own.
    append(&site.path("a.ndjson"), line("after-000000"));
    site.drain();
    assert_eq!(site.count(), all.len() + 1);
    // What was stored is what the line said.
    let row = server.query("SELECT event_key, metadata FROM app.telemetry_traces WHERE request_id = 'poison-000003'");
    assert_eq!(row, [[Some("test.line".to_owned()), Some("{\"step\":\"poison-000003\"}".to_owned())]]);
}

#[test]
fn one_record_that_is_still_refused_holds_up_no_other() {
    let server = MariaDb::start();
    let site = Site::mariadb(&server);
    server.query("ALTER TABLE app.telemetry_traces ADD CONSTRAINT no_poison CHECK (request_id NOT LIKE 'poison%')");
    let poison = ids("poison", 0..30);
    append(&site.path("a.ndjson"), lines(&poison));
    site.drain();
    server.query("ALTER TABLE app.telemetry_traces DROP CONSTRAINT no_poison");
    server.query("ALTER TABLE app.telemetry_traces ADD CONSTRAINT one CHECK (request_id <> 'poison-000017')");
    let file = site.state().join("quarantine.ndjson").display().to_string();
    let replayed = site.run(&["replay", &file]);
    assert_eq!(replayed.code, Some(75), "{replayed:?}");
    assert!(replayed.stdout.contains("29 records are rows now, 0 were before, 1 still cannot be"), "{replayed:?}");
    assert!(replayed.stderr.contains("record 18: stays"), "{replayed:?}");
    assert_eq!(site.count(), 29);
}

#[test]
fn a_replay_that_is_killed_again_and_again_makes_no_row_twice() {
    let server = MariaDb::start();
    let site = Site::mariadb(&server);
    let wanted = ids("killed", 0..6_000);
    let record = |(number, id): (usize, &String)| {
        let stored = serde_json::json!({
            "at": "2026-11-22T08:26:40.123456Z", "file": "/spool/a.ndjson", "offset": number * 100, "length": 99,
            "reason": "rejected_by_database", "detail": "x", "line": line(id).trim_end(),
        });
        format!("{stored}\n")
    };
    let file = site.root().join("records.ndjson");
    std::fs::write(&file, wanted.iter().enumerate().map(record).collect::<String>()).expect("the records are written");
    let file = file.display().to_string();
    assert_eq!(site.run(&["migrate"]).code, Some(0));
    let mut killed = 0;
    for round in 0..20 {
        let mut replay = site.command(&["replay", &file]).spawn().expect("replay starts");
        pause(Duration::from_millis(150 + 40 * round));
        if replay.try_wait().expect("replay can be waited for").is_none() {
            replay.kill().expect("replay can be killed");
            killed += 1;
        }
        replay.wait().expect("replay can be waited for");
    }
    let last = site.run(&["replay", &file]);
    assert_eq!(last.code, Some(0), "{last:?}");
    assert!(killed > 0, "no replay was killed before its end");
    if let Some(words) = difference(&wanted, &site.arrived()) {
        panic!("{words}");
    }
    // A line without a time of its own has that of its record.
    let times = server.query("SELECT DISTINCT CAST(created_at AS CHAR) FROM app.telemetry_traces");
    assert_eq!(times, [[Some("2026-11-22 08:26:40.123456".to_owned())]]);
}
