//! What a file is: inodes used again, equal beginnings, more files than descriptors.

use std::fs::remove_file;
use std::path::Path;
use std::process::Command;

use super::{started, write};
use crate::support::{PATIENCE, Site, Store, append, eventually, finish, ids, inode, lines, skipped};

/// Deletes `path` and makes it again until it has its old inode; whether the file system does that.
fn reuse_inode(path: &Path) -> bool {
    let old = inode(path);
    remove_file(path).expect("the file is deleted");
    let folder = path.parent().expect("a folder");
    let mut fillers = Vec::new();
    for n in 0..500 {
        let filler = folder.join(format!("filler-{n}"));
        append(&filler, b"");
        if inode(&filler) == old {
            std::fs::rename(&filler, path).expect("the file gets its name");
            break;
        }
        fillers.push(filler);
    }
    fillers.iter().for_each(|filler| remove_file(filler).expect("a filler is deleted"));
    path.exists()
}

#[track_caller]
fn inode_used_again(test: &str, old: usize, new: usize) {
    // Whoever else makes a file just then may be given the inode instead.
    for _ in 0..10 {
        let site = Site::sqlite();
        let path = site.path("app.ndjson");
        let mut written = Vec::new();
        write(&path, "old", old, &mut written);
        site.drain();
        if !reuse_inode(&path) {
            continue;
        }
        write(&path, "new", new, &mut written);
        site.drain();
        site.assert_exactly(&written);
        site.drain();
        site.assert_exactly(&written);
        return;
    }
    skipped(test, "this file system does not use inodes again");
}

#[test]
fn i1_inode_used_again_by_a_shorter_file() {
    inode_used_again("i1", 40, 3);
}

#[test]
fn i2_inode_used_again_by_a_longer_file() {
    inode_used_again("i2", 5, 40);
}

#[test]
fn i2_inode_used_again_by_a_file_of_the_same_size() {
    inode_used_again("i2", 10, 10);
}

#[test]
fn i1_inode_used_again_while_the_agent_runs() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    for count in [30, 2, 30, 30, 60] {
        write(&path, "line", count, &mut written);
        site.wait_rows(written.len());
        // The agent may still hold the file: then the inode is not free, and the new file is simply another.
        if !reuse_inode(&path) {
            append(&path, b"");
        }
    }
    write(&path, "line", 1, &mut written);
    site.finish_exactly(agent, &written);
}

#[test]
fn i3_files_that_begin_alike_and_differ_later() {
    let site = Site::sqlite();
    let (a, b, c) = (site.path("a.ndjson"), site.path("b.ndjson"), site.path("c.ndjson"));
    let same = ids("same", 0..30);
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    for path in [&a, &b, &c] {
        append(path, lines(&same));
        written.extend(same.clone());
    }
    site.wait_rows(written.len());
    write(&a, "a", 5, &mut written);
    write(&b, "b", 7, &mut written);
    site.wait_rows(written.len());
    write(&c, "c", 9, &mut written);
    site.finish_exactly(agent, &written);
}

#[test]
fn i9_a_folder_that_matches_is_no_file() {
    let site = Site::sqlite();
    let folder = site.path("folder.ndjson");
    std::fs::create_dir(&folder).expect("a folder");
    append(&folder.join("inner.txt"), "not part of the spool\n");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    write(&site.path("app.ndjson"), "line", 5, &mut written);
    site.finish_exactly(agent, &written);
}

/// How many frontiers the database has.
fn frontiers(site: &Site) -> usize {
    let rows = site.query("SELECT count(*) FROM tracespool_progress");
    rows[0][0].as_deref().expect("a count").parse().expect("a number")
}

/// Ships ten files, of which nine are deleted while the agent is down.
fn nine_of_ten_deleted(written: &mut Vec<String>) -> Site {
    let site = Site::sqlite();
    let path = |n: usize| site.path(&format!("app-{n}.ndjson"));
    (0..10).for_each(|n| write(&path(n), "line", 3, written));
    site.drain();
    site.assert_exactly(written);
    assert_eq!(frontiers(&site), 10);
    (1..10).for_each(|n| remove_file(path(n)).expect("a file is deleted"));
    site
}

#[test]
fn i10_frontiers_of_files_deleted_while_the_agent_was_down_are_removed_once_they_are_old() {
    let mut written = Vec::new();
    let site = nine_of_ten_deleted(&mut written);
    // At once nobody can tell a deleted file from one that is away for a while: moved, or on a file system that is
    // not mounted.
    site.drain();
    assert_eq!(frontiers(&site), 10);
    let Store::Sqlite(file) = site.store() else {
        unreachable!("the site has an SQLite file");
    };
    let database = rusqlite::Connection::open(file).expect("the database opens");
    database.execute("UPDATE tracespool_progress SET updated_at = '2020-01-01 00:00:00.000000'", []).expect("aged");
    let agent = site.start();
    eventually("one frontier is left", || frontiers(&site) == 1);
    write(&site.path("app-5.ndjson"), "line", 3, &mut written);
    write(&site.path("app-0.ndjson"), "line", 3, &mut written);
    site.finish_exactly(agent, &written);
}

#[test]
fn i10_a_file_absent_for_one_run_of_the_agent_is_not_read_again_when_it_is_back() {
    let site = Site::sqlite();
    let (path, away) = (site.path("app.ndjson"), site.root().join("away"));
    let mut written = Vec::new();
    write(&path, "line", 20, &mut written);
    site.drain();
    std::fs::rename(&path, &away).expect("the file is moved away");
    site.drain();
    write(&away, "line", 5, &mut written);
    std::fs::rename(&away, &path).expect("the file comes back");
    let agent = site.start();
    site.finish_exactly(agent, &written);
}

#[test]
fn i10_a_file_without_a_name_of_the_spool_for_one_run_is_not_read_again_when_it_is_back() {
    let site = Site::sqlite();
    let (path, away) = (site.path("app.ndjson"), site.path("app.off"));
    let mut written = Vec::new();
    write(&path, "line", 20, &mut written);
    site.drain();
    std::fs::rename(&path, &away).expect("the file is renamed");
    site.drain();
    write(&away, "line", 5, &mut written);
    std::fs::rename(&away, &path).expect("the file comes back");
    let agent = site.start();
    site.finish_exactly(agent, &written);
}

#[test]
fn i10_a_spool_that_is_not_there_for_one_run_is_no_deletion() {
    let site = Site::sqlite();
    let away = site.root().join("away");
    let mut written = Vec::new();
    write(&site.path("app.ndjson"), "line", 20, &mut written);
    site.drain();
    std::fs::rename(site.spool(), &away).expect("the folder goes away");
    // With nothing to drain it may say so in its own way; it only must not take the absence for a deletion.
    site.try_drain();
    std::fs::rename(&away, site.spool()).expect("the folder comes back");
    write(&site.path("app.ndjson"), "line", 5, &mut written);
    let agent = site.start();
    site.finish_exactly(agent, &written);
}

#[test]
fn i10_a_spool_that_is_not_mounted_for_one_run_is_no_deletion() {
    let site = Site::sqlite();
    let mut written = Vec::new();
    write(&site.path("app.ndjson"), "line", 20, &mut written);
    site.drain();
    let script = format!("mount -t tmpfs tmpfs '{}' && exec \"$0\" \"$@\"", site.spool().display());
    let through = ["--mount", "sh", "-c", &script];
    let possible = Command::new("unshare").args(through).arg("true").status();
    if !possible.is_ok_and(|status| status.success()) {
        skipped("i10 with a mount", "no right to mount a file system");
        return;
    }
    let agent = site.command(&["run", "--drain"]);
    let mut hidden = Command::new("unshare");
    hidden.args(through).arg(agent.get_program()).args(agent.get_args());
    let finished = finish(hidden, b"", PATIENCE);
    assert_eq!(finished.code, Some(0), "an empty spool is drained: {finished:?}");
    write(&site.path("app.ndjson"), "line", 5, &mut written);
    let agent = site.start();
    site.finish_exactly(agent, &written);
}

#[test]
fn i10_frontiers_of_files_deleted_under_the_agents_eyes_are_removed() {
    let site = Site::sqlite();
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    for n in 0..20 {
        write(&site.path(&format!("app-{n}.ndjson")), "line", 3, &mut written);
    }
    site.wait_rows(written.len());
    for n in 0..20 {
        remove_file(site.path(&format!("app-{n}.ndjson"))).expect("a file is deleted");
    }
    eventually("only the frontier of the file that is left stays", || {
        // Frontiers are removed with the commits that come anyway.
        append(&site.path("tick.ndjson"), "\n");
        frontiers(&site) == 1
    });
    site.finish_exactly(agent, &written);
}

#[test]
fn i13_more_files_than_descriptors() {
    let site = Site::sqlite();
    let mut written = Vec::new();
    let path = |n: usize| site.path(&format!("app-{n}.ndjson"));
    for n in 0..120 {
        write(&path(n), "line", 3, &mut written);
    }
    let mut agent = site.start_through(&["sh", "-c", "ulimit -n 40 && exec \"$0\" \"$@\""]);
    site.wait_rows(written.len());
    for n in 0..120 {
        write(&path(n), "line", 2, &mut written);
    }
    site.wait_rows(written.len());
    assert!(agent.open_files().len() <= 40, "the limit was in force");
    agent.kill9();
    let agent = site.start_through(&["sh", "-c", "ulimit -n 40 && exec \"$0\" \"$@\""]);
    for n in 0..120 {
        write(&path(n), "line", 1, &mut written);
    }
    site.finish_exactly(agent, &written);
}

#[test]
fn i14_a_file_that_two_patterns_match_is_read_once() {
    let mut site = Site::sqlite();
    let patterns = [site.path("*.ndjson"), site.path("app*"), site.path("**/*.ndjson"), site.path("app.ndjson")];
    let patterns: Vec<_> = patterns.iter().map(|pattern| format!("{pattern:?}")).collect();
    site.set("spool.paths", &format!("[{}]", patterns.join(", ")));
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    write(&site.path("app.ndjson"), "line", 20, &mut written);
    site.finish_exactly(agent, &written);
}

#[test]
fn i14_symlinks_to_one_file_of_the_spool_are_that_file() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    write(&path, "line", 10, &mut written);
    for name in ["one.ndjson", "two.ndjson"] {
        std::os::unix::fs::symlink(&path, site.path(name)).expect("a symlink");
    }
    write(&path, "line", 10, &mut written);
    site.finish_exactly(agent, &written);
}

#[test]
fn an_excluded_file_is_left_alone() {
    let mut site = Site::sqlite();
    site.set("spool.exclude", &format!("[{:?}]", site.path("not-*")));
    let mut written = Vec::new();
    append(&site.path("not-this.ndjson"), lines(&ids("excluded", 0..5)));
    let agent = started(&site, &mut written);
    write(&site.path("this.ndjson"), "line", 5, &mut written);
    append(&site.path("not-that.ndjson"), lines(&ids("excluded", 5..10)));
    site.finish_exactly(agent, &written);
}
