//! Stops, kills, and a state folder that is damaged, missing or full.

use std::fs::{read_dir, remove_dir_all, remove_file};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use super::{started, tick, write};
use crate::support::{Agent, Habit, Site, Writer, append, eventually, line, lines, pause, poll, skipped};

#[test]
fn c1_a_restart_goes_on_where_it_stopped() {
    #[track_caller]
    fn check(start_at: &str, end: fn(&mut Agent)) {
        let mut site = Site::sqlite();
        site.set_text("spool.start_at", start_at);
        let path = site.path("app.ndjson");
        let mut written = Vec::new();
        // A file from before the start, so that one can tell when the agent has seen what was there.
        append(&path, "\n");
        let mut agent = site.start();
        eventually("the agent follows the file", || agent.metrics().sum("tracespool_files_open") >= 1.0);
        for length in [1, 10, 300] {
            write(&path, "line", length, &mut written);
            site.wait_rows(written.len());
            end(&mut agent);
            write(&path, "while-down", length, &mut written);
            agent = site.start();
        }
        site.finish_exactly(agent, &written);
    }
    for start_at in ["beginning", "end"] {
        check(start_at, Agent::kill9);
        check(start_at, |agent| assert_eq!(agent.sigterm().code(), Some(0)));
    }
}

#[test]
fn c1_start_at_the_end_leaves_out_what_was_there_and_only_that() {
    let mut site = Site::sqlite();
    site.set_text("spool.start_at", "end");
    let path = site.path("app.ndjson");
    append(&path, lines(&crate::support::ids("before", 0..50)));
    let mut agent = site.start();
    eventually("the agent follows the file", || agent.metrics().sum("tracespool_files_open") >= 1.0);
    let mut written = Vec::new();
    write(&path, "line", 5, &mut written);
    // A file that is made while the agent runs has nothing from before.
    write(&site.path("new.ndjson"), "new", 5, &mut written);
    site.wait_rows(written.len());
    agent.kill9();
    write(&path, "while-down", 5, &mut written);
    let agent = site.start();
    site.finish_exactly(agent, &written);
}

#[test]
fn c2_lines_read_but_not_committed_before_a_kill_are_read_again() {
    let site = Site::sqlite();
    let mut written = Vec::new();
    let mut agent = started(&site, &mut written);
    let crate::support::Store::Sqlite(file) = site.store() else {
        unreachable!("the site has an SQLite file");
    };
    let lock = rusqlite::Connection::open(file).expect("the database opens");
    lock.execute_batch("BEGIN IMMEDIATE").expect("the database is locked");
    let read = agent.metrics().sum("tracespool_lines_read_total");
    let before = written.len();
    write(&site.path("app.ndjson"), "line", 30, &mut written);
    eventually("the lines are read", || agent.metrics().sum("tracespool_lines_read_total") >= read + 30.0);
    agent.kill9();
    assert_eq!(site.count(), before, "nothing was committed");
    lock.execute_batch("ROLLBACK").expect("the database is free again");
    let agent = site.start();
    site.finish_exactly(agent, &written);
}

#[test]
fn c3_a_stop_in_the_middle_of_4000_lines() {
    let mut site = Site::sqlite();
    site.set("batch.max_rows", "50");
    let mut written = Vec::new();
    write(&site.path("app.ndjson"), "line", 4000, &mut written);
    let mut agent = site.start();
    site.wait_rows(200);
    assert_eq!(agent.sigterm().code(), Some(0));
    assert!(site.count() < 4000, "the stop came too late to be in the middle");
    let agent = site.start();
    site.finish_exactly(agent, &written);
}

/// The files the agent keeps its knowledge in.
fn state_files(site: &Site) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![site.state()];
    while let Some(folder) = folders.pop() {
        for entry in read_dir(folder).expect("the state folder is read").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != "quarantine.ndjson") {
                files.push(path);
            }
        }
    }
    files
}

/// Ships 20 lines, lets `damage` loose on every file of the state folder, ships 20 more.
#[track_caller]
fn damaged(what: &str, damage: impl Fn(&Path)) {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    for _ in 0..3 {
        write(&path, "line", 20, &mut written);
        site.drain();
        site.assert_exactly(&written);
        let files = state_files(&site);
        assert!(
            files.iter().any(|file| std::fs::metadata(file).is_ok_and(|file| file.len() > 0)),
            "no state to damage"
        );
        files.iter().for_each(|file| damage(file));
    }
    eprintln!("{what}");
    write(&path, "line", 20, &mut written);
    let agent = site.start();
    site.finish_exactly(agent, &written);
}

#[test]
fn c4_a_malformed_checkpoint_is_ignored_and_the_database_wins() {
    damaged("garbage", |file| std::fs::write(file, b"\x00\xffnot a checkpoint\n{").expect("a file is damaged"));
    damaged("an empty file", |file| std::fs::write(file, b"").expect("a file is damaged"));
    damaged("valid JSON of something else", |file| {
        std::fs::write(file, b"{\"version\":99}").expect("a file is damaged")
    });
}

#[test]
fn c6_a_torn_checkpoint_is_ignored_and_the_database_wins() {
    damaged("the first half", |file| {
        let length = std::fs::metadata(file).expect("the file is there").len();
        crate::support::truncate(file, length / 2);
    });
    damaged("one bit", |file| {
        let mut bytes = std::fs::read(file).expect("the file is read");
        if let Some(byte) = bytes.get_mut(20) {
            *byte ^= 4;
        }
        std::fs::write(file, bytes).expect("a file is damaged");
    });
    damaged("digits", |file| {
        let bytes = std::fs::read(file).expect("the file is read");
        let bytes: Vec<u8> = bytes.iter().map(|byte| if byte.is_ascii_digit() { b'7' } else { *byte }).collect();
        std::fs::write(file, bytes).expect("a file is damaged");
    });
}

#[test]
fn c11_a_missing_checkpoint_is_no_loss_and_no_repeat() {
    damaged("each file deleted", |file| remove_file(file).expect("a file is deleted"));
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    for _ in 0..3 {
        write(&path, "line", 20, &mut written);
        site.drain();
        site.assert_exactly(&written);
        remove_dir_all(site.state()).expect("the state folder is deleted");
    }
    write(&path, "line", 20, &mut written);
    let agent = site.start();
    site.finish_exactly(agent, &written);
}

#[test]
fn c8_an_old_checkpoint_put_back_is_behind_the_database() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    write(&path, "line", 20, &mut written);
    site.drain();
    let old: Vec<_> =
        state_files(&site).into_iter().map(|file| (std::fs::read(&file).expect("a file"), file)).collect();
    write(&path, "line", 20, &mut written);
    site.drain();
    for (bytes, file) in old {
        std::fs::write(file, bytes).expect("an old file is put back");
    }
    write(&path, "line", 20, &mut written);
    site.drain();
    site.assert_exactly(&written);
}

#[test]
fn c9_random_kills_under_two_constant_writers() {
    let site = Site::sqlite();
    let rounds = crate::support::rounds();
    let mut random = StdRng::seed_from_u64(9);
    let writers = [
        Writer::start(&site.path("a.ndjson"), "a", Habit::HalfLines),
        Writer::start(&site.path("b.ndjson"), "b", Habit::OpensPerLine),
    ];
    let mut working = 0;
    for round in 0..rounds {
        let mut agent = site.start();
        let before = site.count();
        if round % 2 == 0 {
            let more = random.random_range(1..400);
            let grown = poll(Duration::from_secs(30), || (site.count() >= before + more).then_some(()));
            assert!(grown.is_some(), "round {round}: no rows arrive any more");
            working += 1;
        } else {
            pause(Duration::from_millis(random.random_range(1..120)));
        }
        agent.kill9();
    }
    assert_eq!(working, rounds.div_ceil(2), "kills that struck an agent at work");
    let written: Vec<_> = writers.into_iter().flat_map(Writer::stop).collect();
    let agent = site.start();
    site.finish_exactly(agent, &written);
}

#[test]
fn c10_the_same_kill_twice_before_anything_is_shipped() {
    let mut site = Site::sqlite();
    site.set("batch.max_rows", "20");
    let mut written = Vec::new();
    write(&site.path("app.ndjson"), "line", 2000, &mut written);
    let mut agent = site.start();
    site.wait_rows(100);
    agent.kill9();
    for _ in 0..10 {
        site.start().kill9();
    }
    let agent = site.start();
    site.finish_exactly(agent, &written);
}

#[test]
fn c16_what_was_written_while_stopped_is_read_but_not_the_unfinished_line() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    write(&path, "line", 10, &mut written);
    site.drain();
    write(&path, "while-down", 10, &mut written);
    append(&path, &line("unfinished")[..40]);
    site.drain();
    site.assert_exactly(&written);
    append(&path, &line("unfinished")[40..]);
    written.push("unfinished".to_owned());
    site.drain();
    site.assert_exactly(&written);
}

#[test]
fn c20_a_full_disk_under_the_state_folder_stops_no_row_and_mends_by_itself() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let state = site.state().display().to_string();
    let script = format!(
        "mount -t tmpfs -o size=64k,mode=700 tmpfs '{state}' && touch '{state}/filler' && \
         {{ dd if=/dev/zero of='{state}/filler' bs=4k 2>/dev/null || true; }} && exec \"$0\" \"$@\""
    );
    let possible = Command::new("unshare").args(["--mount", "mount", "-t", "tmpfs", "tmpfs", &state]).status();
    if !possible.is_ok_and(|status| status.success()) {
        skipped("c20", "no right to mount a file system");
        return;
    }
    let mut written = Vec::new();
    write(&path, "line", 50, &mut written);
    let agent = site.start_through(&["unshare", "--mount", "sh", "-c", &script]);
    site.wait_rows(written.len());
    let inside = |name: &str| PathBuf::from(format!("/proc/{}/root{state}/{name}", agent.pid()));
    let filler = std::fs::metadata(inside("filler")).expect("the disk has its filler").len();
    assert!(filler >= 40 << 10, "the disk was not full: {filler} bytes of filler");

    // A refused line has nowhere to go: it stops nothing, and it is counted.
    append(&path, "not json\n");
    write(&path, "line", 10, &mut written);
    site.wait_rows(written.len());
    let metrics = agent.conserved();
    assert_eq!(metrics.sum("tracespool_lines_shed_total"), 1.0, "the line that had nowhere to go is counted");
    assert_eq!(metrics.sum("tracespool_lines_quarantined_total"), 0.0);

    remove_file(inside("filler")).expect("there is room again");
    append(&path, "not json either\n");
    write(&path, "line", 10, &mut written);
    site.wait_rows(written.len());
    let metrics = agent.conserved();
    assert_eq!(metrics.sum("tracespool_lines_quarantined_total"), 1.0);
    let text = std::fs::read_to_string(inside("quarantine.ndjson")).expect("there is a quarantine");
    let record: Value = serde_json::from_str(text.trim_end()).expect("one record of JSON");
    assert_eq!((&record["reason"], &record["line"]), (&Value::from("not_json"), &Value::from("not json either")));
    eventually("the checkpoint is written again", || {
        std::fs::read_dir(inside(""))
            .expect("the state folder")
            .flatten()
            .any(|file| file.file_name() == "checkpoint" && file.metadata().is_ok_and(|metadata| metadata.len() > 0))
    });
    site.assert_exactly(&written);
}

#[test]
fn a_second_agent_with_the_same_state_folder_is_refused() {
    let site = Site::sqlite();
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    let second = site.try_drain();
    assert!(second.code.is_some_and(|code| code != 0), "the second agent ended with {:?}", second.code);
    let words = format!("{}{}", second.stdout, second.stderr);
    assert!(words.contains(&site.state().display().to_string()), "it does not say which folder: {words}");
    tick(&site, &mut written);
    site.finish_exactly(agent, &written);
}

#[test]
fn the_second_agent_is_refused_even_after_the_first_was_killed_and_started_again() {
    let site = Site::sqlite();
    let mut written = Vec::new();
    started(&site, &mut written).kill9();
    let agent = started(&site, &mut written);
    assert_ne!(site.try_drain().code, Some(0));
    site.finish_exactly(agent, &written);
}
