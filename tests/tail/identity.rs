//! What a file is: inodes used again, equal beginnings, more files than descriptors.

use std::fs::remove_file;
use std::path::Path;

use super::{started, write};
use crate::support::{Site, append, eventually, ids, inode, lines, skipped};

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
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    write(&path, "old", old, &mut written);
    site.drain();
    if !reuse_inode(&path) {
        skipped(test, "this file system does not use inodes again");
        return;
    }
    write(&path, "new", new, &mut written);
    site.drain();
    site.assert_exactly(&written);
    site.drain();
    site.assert_exactly(&written);
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

#[test]
fn i10_frontiers_of_files_deleted_while_the_agent_was_down_are_removed() {
    let site = Site::sqlite();
    let mut written = Vec::new();
    for n in 0..10 {
        write(&site.path(&format!("app-{n}.ndjson")), "line", 3, &mut written);
    }
    site.drain();
    site.assert_exactly(&written);
    let frontiers = || site.query("SELECT count(*) FROM tracespool_progress")[0][0].clone().expect("a count");
    assert_eq!(frontiers(), "10");
    for n in 1..10 {
        remove_file(site.path(&format!("app-{n}.ndjson"))).expect("a file is deleted");
    }
    let agent = site.start();
    eventually("one frontier is left", || frontiers() == "1");
    write(&site.path("app-5.ndjson"), "line", 3, &mut written);
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
