//! Truncation: shorter, longer and equal content afterwards, stale writers, while the agent is down.

use std::collections::BTreeSet;
use std::fs::{OpenOptions, copy, remove_file, rename};
use std::io::Write;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;

use super::{open, started, write};
use crate::support::{Habit, Site, Store, Writer, append, eventually, ids, is_root, line, lines, truncate};

#[test]
fn t1_truncated_and_then_shorter_content() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    write(&path, "line", 50, &mut written);
    site.wait_rows(written.len());
    truncate(&path, 0);
    write(&path, "line", 3, &mut written);
    site.wait_rows(written.len());
    write(&path, "line", 3, &mut written);
    site.finish_exactly(agent, &written);
}

#[test]
fn t2_51_truncations_of_one_inode_with_growing_content() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    for count in 1..=51 {
        write(&path, "line", count, &mut written);
        site.wait_rows(written.len());
        truncate(&path, 0);
    }
    site.finish_exactly(agent, &written);
}

#[test]
fn t4_copytruncate_with_a_stale_writer() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    let mut file = open(&path);
    for round in 0..5 {
        let new = ids(&format!("round-{round}"), 0..20);
        file.write_all(lines(&new).as_bytes()).expect("lines are written");
        written.extend(new);
        site.wait_rows(written.len());
        truncate(&path, 0);
    }
    site.finish_exactly(agent, &written);
}

#[test]
fn t4_copytruncate_with_a_stale_writer_that_does_not_append_leaves_a_hole() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(&path).expect("the file opens");
    for round in 0..5 {
        let new = ids(&format!("round-{round}"), 0..20);
        file.write_all(lines(&new).as_bytes()).expect("lines are written");
        written.extend(new);
        site.wait_rows(written.len());
        truncate(&path, 0);
    }
    // A hole that the agent meets at its start, and with nothing read of the file before.
    file.write_all(line("behind the hole").as_bytes()).expect("a line is written");
    written.push("behind the hole".to_owned());
    let content = std::fs::read(&path).expect("the file is read");
    assert_eq!((content[0], content[5000]), (0, 0), "there is a hole in front of the line");
    site.finish_exactly(agent, &written);
    assert_eq!(site.quarantined(), Vec::<serde_json::Value>::new(), "a hole is no line");
}

#[test]
fn t4_a_hole_in_a_file_never_seen() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut content = vec![0; 1001];
    content.extend(line("behind the hole").bytes());
    append(&path, content);
    let mut written = vec!["behind the hole".to_owned()];
    write(&path, "line", 2, &mut written);
    site.drain();
    site.assert_exactly(&written);
    assert_eq!(site.quarantined(), Vec::<serde_json::Value>::new(), "a hole is no line");
}

/// The agent ships `old`, is down while the file is cut and gets `new`, and starts again.
#[track_caller]
fn rewritten_while_down(old: &[String], new: &[String]) {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    append(&path, lines(old));
    site.drain();
    site.assert_exactly(old);
    truncate(&path, 0);
    append(&path, lines(new));
    site.drain();
    let written = [old, new].concat();
    site.assert_exactly(&written);
    site.drain();
    site.assert_exactly(&written);
}

#[test]
fn t5_copytruncate_while_the_agent_is_down_and_less_content_than_before() {
    rewritten_while_down(&ids("old", 0..30), &ids("new", 0..10));
}

#[test]
fn t5_copytruncate_while_the_agent_is_down_and_more_content_than_before() {
    rewritten_while_down(&ids("old", 0..30), &ids("new", 0..80));
}

#[test]
fn t5_copytruncate_while_the_agent_is_down_and_content_of_the_same_size() {
    rewritten_while_down(&ids("old", 0..30), &ids("new", 0..30));
}

#[test]
fn t5_copytruncate_while_the_agent_is_down_and_nothing_since() {
    rewritten_while_down(&ids("old", 0..30), &[]);
}

#[test]
fn t16_the_first_bytes_after_a_copytruncate_are_those_from_before() {
    let same = ids("same", 0..20);
    assert!(lines(&same).len() > 1000, "more than a fingerprint's worth");
    let old = [same.clone(), ids("old", 0..30)].concat();
    let new = [same, ids("new", 0..60)].concat();
    rewritten_while_down(&old, &new);
}

#[test]
fn t16_the_first_bytes_after_a_live_copytruncate_are_those_from_before() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    let same = ids("same", 0..20);
    for round in 0..3 {
        truncate_existing(&path);
        let content = [same.clone(), ids(&format!("round-{round}"), 0..10 + round * 10)].concat();
        append(&path, lines(&content));
        written.extend(content);
        site.wait_rows(written.len());
    }
    site.finish_exactly(agent, &written);
}

fn truncate_existing(path: &Path) {
    if path.exists() {
        truncate(path, 0);
    }
}

#[test]
fn t10_truncated_while_the_output_is_blocked() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    let Store::Sqlite(file) = site.store() else {
        unreachable!("the site has an SQLite file");
    };
    let lock = rusqlite::Connection::open(file).expect("the database opens");
    lock.execute_batch("BEGIN IMMEDIATE").expect("the database is locked");
    let read = agent.metrics().sum("tracespool_lines_read_total");
    let pending = ids("pending", 0..5);
    append(&path, lines(&pending));
    eventually("the agent has read the lines", || agent.metrics().sum("tracespool_lines_read_total") >= read + 5.0);
    assert_eq!(site.count(), written.len(), "nothing arrives while the database is locked");
    truncate(&path, 0);
    write(&path, "line", 2, &mut written);
    lock.execute_batch("ROLLBACK").expect("the database is free again");
    // The lines had been read, so they are not lost with the bytes they came from.
    written.extend(pending);
    site.finish_exactly(agent, &written);
}

#[test]
fn t12_a_file_emptied_for_good_is_read_from_its_start_later() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    write(&path, "line", 20, &mut written);
    site.drain();
    truncate(&path, 0);
    site.drain();
    // As large as before, to the byte.
    write(&path, "line", 20, &mut written);
    site.drain();
    site.assert_exactly(&written);
    remove_file(&path).expect("the file is deleted");
    site.drain();
    site.assert_exactly(&written);
}

#[test]
fn t18_a_sparse_file_is_passed_over() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    write(&path, "line", 3, &mut written);
    let end = std::fs::metadata(&path).expect("the file is there").len();
    // Half a gigabyte of nothing, and then a line; it must not be held in memory.
    truncate(&path, end + (512 << 20));
    append(&path, b"\n");
    write(&path, "line", 3, &mut written);
    site.drain();
    site.assert_exactly(&written);
}

#[test]
fn t6_the_copy_has_a_tail_that_was_not_read_from_the_original() {
    let site = Site::sqlite();
    let (path, copied) = (site.path("app.ndjson"), site.path("app.ndjson.1"));
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    write(&path, "line", 30, &mut written);
    site.wait_rows(written.len());
    agent.signal(Signal::STOP);
    write(&path, "tail", 20, &mut written);
    copy(&path, &copied).expect("the file is copied");
    truncate(&path, 0);
    write(&path, "new", 5, &mut written);
    agent.signal(Signal::CONT);
    site.finish_exactly(agent, &written);
}

#[test]
fn t6_copies_in_the_spool_of_what_was_read_are_not_read_again() {
    let site = Site::sqlite();
    let (path, copied) = (site.path("app.ndjson"), |n: usize| site.path(&format!("app.ndjson.{n}")));
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    for round in 1..=3 {
        write(&path, "line", 30, &mut written);
        site.wait_rows(written.len());
        for n in (1..round).rev() {
            rename(copied(n), copied(n + 1)).expect("an old copy moves up");
        }
        copy(&path, copied(1)).expect("the file is copied");
        truncate(&path, 0);
    }
    write(&path, "line", 3, &mut written);
    site.finish_exactly(agent, &written);
}

#[test]
fn t17_real_logrotate_with_copytruncate_under_a_writer() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let rules = site.root().join("logrotate.conf");
    let su = if is_root() { "su root root\n" } else { "" };
    let text = format!("{} {{\n{su}rotate 20\ncopytruncate\nnocompress\n}}\n", path.display());
    std::fs::write(&rules, text).expect("the rules are written");
    let mut ticks = Vec::new();
    let mut agent = started(&site, &mut ticks);
    let writer = Writer::start(&path, "line", Habit::OpensPerLine);
    for round in 1..=4 {
        eventually("the writer has written", || writer.written() >= round * 300);
        let output = Command::new("logrotate")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .arg("--force")
            .arg("--state")
            .arg(site.root().join("logrotate.state"))
            .arg(&rules)
            .output()
            .expect("logrotate starts; `tests/run` installs it");
        assert!(output.status.success(), "logrotate failed: {}", String::from_utf8_lossy(&output.stderr));
        assert!(site.path(&format!("app.ndjson.{round}")).exists(), "logrotate has rotated {round} times");
    }
    eventually("the writer has gone on", || writer.written() >= 1500);
    let written = writer.stop();
    // Logrotate itself loses what is written between its copy and its truncation: such a line may be in no file any
    // more. What is in a file has to arrive, and nothing may arrive twice.
    let mut kept = Vec::new();
    for entry in std::fs::read_dir(site.spool()).expect("the spool is read").flatten() {
        let text = std::fs::read_to_string(entry.path()).expect("a spool file is text");
        kept.extend(text.lines().filter(|line| line.ends_with('}')).filter_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            line["request_id"].as_str().map(str::to_owned)
        }));
    }
    assert!(kept.len() > 1000, "{} lines are in the files", kept.len());
    site.wait_rows(kept.len());
    agent.conserved();
    assert_eq!(agent.sigterm().code(), Some(0));
    site.drain();
    let arrived = site.arrived();
    let unique: BTreeSet<_> = arrived.iter().collect();
    assert_eq!(unique.len(), arrived.len(), "a line arrived twice");
    let missing: Vec<_> = kept.iter().filter(|id| !unique.contains(id)).collect();
    assert!(
        missing.is_empty(),
        "{} lines of the files did not arrive: {:?}",
        missing.len(),
        &missing[..missing.len().min(9)]
    );
    let known: BTreeSet<_> = written.iter().chain(&ticks).collect();
    assert!(unique.iter().all(|id| known.contains(*id)), "something arrived that nobody wrote");
}
