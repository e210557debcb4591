//! Rotation by rename, by copy and truncate, by logrotate; deletion.

use std::fs::{copy, create_dir, remove_file, rename};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{open, started, tick, write};
use crate::support::{Habit, Site, Writer, eventually, ids, is_root, line, lines, pause, truncate};

#[test]
fn r1_rename_while_the_writer_keeps_its_fd() {
    #[track_caller]
    fn check(rotated: &str) {
        let site = Site::sqlite();
        create_dir(site.root().join("away")).expect("a folder");
        let path = site.path("app.ndjson");
        let mut written = Vec::new();
        let agent = started(&site, &mut written);
        let mut file = open(&path);
        file.write_all(line("before").as_bytes()).expect("a line is written");
        written.push("before".to_owned());
        site.wait_rows(written.len());
        rename(&path, site.path(rotated)).expect("the file is rotated");
        file.write_all(line("late").as_bytes()).expect("a line is written");
        write(&path, "after", 1, &mut written);
        written.push("late".to_owned());
        site.finish_exactly(agent, &written);
    }
    check("app.ndjson.1");
    check("app-old.log");
    check("../away/app.ndjson");
}

#[test]
fn r2_two_renames_while_old_writers_still_write() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    let mut put = |file: &mut std::fs::File, id: &str| {
        file.write_all(line(id).as_bytes()).expect("a line is written");
        written.push(id.to_owned());
    };
    let mut first = open(&path);
    put(&mut first, "one");
    rename(&path, site.path("app.ndjson.1")).expect("the file is rotated");
    let mut second = open(&path);
    put(&mut second, "two");
    put(&mut first, "one, late");
    rename(site.path("app.ndjson.1"), site.path("app.ndjson.2")).expect("the file is rotated");
    rename(&path, site.path("app.ndjson.1")).expect("the file is rotated");
    let mut third = open(&path);
    put(&mut third, "three");
    put(&mut first, "one, very late");
    put(&mut second, "two, late");
    site.finish_exactly(agent, &written);
}

#[test]
fn r4_three_writers_of_three_files_that_rotate() {
    let site = Site::sqlite();
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    let names = ["a", "b", "c"];
    let path = |name: &str| site.path(&format!("{name}.ndjson"));
    let writers: Vec<_> = names.map(|name| Writer::start(&path(name), name, Habit::ReopensAfterRename)).into();
    for round in 1..=3 {
        let goal = round * 60;
        eventually("the writers have written", || writers.iter().all(|writer| writer.written() >= goal));
        for name in names {
            rename(path(name), site.path(&format!("{name}.ndjson.{round}"))).expect("the file is rotated");
        }
    }
    eventually("the writers have gone on", || writers.iter().all(|writer| writer.written() >= 240));
    written.extend(writers.into_iter().flat_map(Writer::stop));
    site.finish_exactly(agent, &written);
}

/// How a file is put away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Move,
    CopyTruncate,
}

/// How the files that were put away are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Naming {
    Timestamped,
    Sequential,
}

/// What becomes of the files that were put away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Kept,
    Deleted,
}

#[test]
fn r6_every_way_of_rotation_with_and_without_deletion() {
    for way in [Way::Move, Way::CopyTruncate] {
        for naming in [Naming::Timestamped, Naming::Sequential] {
            for fate in [Fate::Kept, Fate::Deleted] {
                rotate(way, naming, fate);
            }
        }
    }
}

fn rotate(way: Way, naming: Naming, fate: Fate) {
    let site = Site::sqlite();
    create_dir(site.root().join("archive")).expect("a folder");
    let path = site.path("app.ndjson");
    // A copy is another file with the same lines: in the spool they would be new lines, rightly.
    let folder = match way {
        Way::Move => site.spool(),
        Way::CopyTruncate => site.root().join("archive"),
    };
    let slot = |n: usize| folder.join(format!("app.ndjson.{n}"));
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    let mut away: Vec<PathBuf> = Vec::new();
    for round in 1..=5 {
        write(&path, "line", 7, &mut written);
        write(&path, "line", 13, &mut written);
        let target = match naming {
            Naming::Timestamped => folder.join(format!("app.ndjson.20261122-00000{round}")),
            Naming::Sequential => {
                for n in (1..away.len() + 1).rev() {
                    rename(slot(n), slot(n + 1)).expect("an old file moves up");
                }
                away.iter_mut().for_each(|path| *path = slot(number(path) + 1));
                slot(1)
            }
        };
        match way {
            Way::Move => rename(&path, &target).expect("the file is rotated"),
            Way::CopyTruncate => {
                site.wait_rows(written.len());
                copy(&path, &target).expect("the file is copied");
                truncate(&path, 0);
            }
        }
        away.insert(0, target);
        if fate == Fate::Deleted && away.len() > 2 {
            site.wait_rows(written.len());
            let oldest = away.pop().expect("an old file");
            remove_file(oldest).expect("the oldest file is deleted");
        }
    }
    write(&path, "line", 5, &mut written);
    eprintln!("{way:?} {naming:?} {fate:?}");
    site.finish_exactly(agent, &written);
}

fn number(path: &Path) -> usize {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension.expect("a sequential name").parse().expect("a sequential name")
}

#[test]
fn r7_a_file_that_was_read_is_not_read_again_under_another_name() {
    let site = Site::sqlite();
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    write(&site.path("app.ndjson"), "line", 10, &mut written);
    site.wait_rows(written.len());
    for round in 0..5 {
        let from = if round == 0 { "app.ndjson".to_owned() } else { format!("app.ndjson.{round}") };
        rename(site.path(&from), site.path(&format!("app.ndjson.{}", round + 1))).expect("the file is renamed");
        tick(&site, &mut written);
    }
    site.finish_exactly(agent, &written);
}

#[test]
fn r9_a_file_renamed_and_appended_while_the_agent_is_down() {
    let site = Site::sqlite();
    let (path, rotated) = (site.path("app.ndjson"), site.path("app.ndjson.1"));
    let mut written = Vec::new();
    write(&path, "line", 100, &mut written);
    site.drain();
    site.assert_exactly(&written);
    rename(&path, &rotated).expect("the file is rotated");
    write(&rotated, "line", 50, &mut written);
    site.drain();
    site.assert_exactly(&written);
    let agent = site.start();
    write(&rotated, "line", 50, &mut written);
    site.finish_exactly(agent, &written);
}

#[test]
fn r11_rotated_while_the_agent_is_down_and_a_new_file_at_the_path() {
    #[track_caller]
    fn check(rotated: &str) {
        let site = Site::sqlite();
        let path = site.path("app.ndjson");
        let mut written = Vec::new();
        write(&path, "line", 30, &mut written);
        let mut agent = site.start();
        site.wait_rows(written.len());
        agent.kill9();
        rename(&path, site.path(rotated)).expect("the file is rotated");
        write(&path, "line", 20, &mut written);
        let agent = site.start();
        site.finish_exactly(agent, &written);
    }
    check("app.ndjson.1");
    check("app.old");
}

#[test]
fn r13_real_logrotate_and_a_writer_that_reopens_later() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let rules = site.root().join("logrotate.conf");
    let su = if is_root() { "su root root\n" } else { "" };
    let text = format!("{} {{\n{su}rotate 20\nnocreate\nnocompress\nmissingok\n}}\n", path.display());
    std::fs::write(&rules, text).expect("the rules are written");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    let writer = Writer::start(&path, "line", Habit::ReopensAfterRename);
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
    written.extend(writer.stop());
    site.finish_exactly(agent, &written);
}

#[test]
fn r16_a_symlink_moves_on_while_its_old_target_still_gets_lines() {
    let site = Site::sqlite();
    let link = site.path("app.ndjson");
    let (old, new) = (site.path("app-1.log"), site.path("app-2.log"));
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    write(&old, "old", 10, &mut written);
    std::os::unix::fs::symlink(&old, &link).expect("a symlink");
    site.wait_rows(written.len());
    write(&new, "new", 10, &mut written);
    std::os::unix::fs::symlink(&new, site.path("next")).expect("a symlink");
    rename(site.path("next"), &link).expect("the symlink moves on");
    write(&old, "late", 5, &mut written);
    write(&new, "new", 5, &mut written);
    site.finish_exactly(agent, &written);
}

#[test]
fn r19_late_lines_are_read_and_a_deleted_file_is_let_go() {
    let site = Site::sqlite();
    let (path, rotated) = (site.path("app.ndjson"), site.path("app.ndjson.1"));
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    let mut file = open(&path);
    file.write_all(line("early").as_bytes()).expect("a line is written");
    written.push("early".to_owned());
    site.wait_rows(written.len());
    rename(&path, &rotated).expect("the file is rotated");
    remove_file(&rotated).expect("the file is deleted");
    // The bytes are in a file that has no name any more; only the agent's own descriptor leads there.
    file.write_all(lines(&ids("late", 0..3)).as_bytes()).expect("lines are written");
    written.extend(ids("late", 0..3));
    site.wait_rows(written.len());
    drop(file);
    eventually("the agent lets the deleted file go", || {
        !agent.open_files().iter().any(|target| target.contains("app.ndjson"))
    });
    site.finish_exactly(agent, &written);
}

#[test]
fn r21_renames_during_the_scan_are_no_deletions() {
    let site = Site::sqlite();
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    let mut file = open(&site.path("app.ndjson.0"));
    for n in 0..400 {
        let id = format!("line-{n:04}");
        file.write_all(line(&id).as_bytes()).expect("a line is written");
        written.push(id);
        let (from, to) = (site.path(&format!("app.ndjson.{n}")), site.path(&format!("app.ndjson.{}", n + 1)));
        rename(from, to).expect("the file is renamed");
        if n % 20 == 0 {
            pause(std::time::Duration::from_millis(15));
        }
    }
    site.finish_exactly(agent, &written);
}

#[test]
fn r23_the_folder_is_renamed_and_comes_back() {
    let mut site = Site::sqlite();
    site.set("spool.paths", &format!("[{:?}, {:?}]", site.path("*.ndjson"), site.path("**/*.ndjson")));
    let folder = site.path("app");
    create_dir(&folder).expect("a folder");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    write(&folder.join("app.ndjson"), "line", 10, &mut written);
    site.wait_rows(written.len());
    rename(&folder, site.path("moved")).expect("the folder is renamed");
    write(&site.path("moved/app.ndjson"), "line", 10, &mut written);
    site.wait_rows(written.len());
    rename(site.path("moved"), &folder).expect("the folder comes back");
    write(&folder.join("app.ndjson"), "line", 10, &mut written);
    site.finish_exactly(agent, &written);
}

#[test]
fn r27_a_path_is_deleted_and_made_again() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    for count in [10, 3, 10, 30, 1] {
        write(&path, "line", count, &mut written);
        site.wait_rows(written.len());
        remove_file(&path).expect("the file is deleted");
    }
    write(&path, "line", 5, &mut written);
    site.finish_exactly(agent, &written);
}

#[test]
fn a_file_is_replaced_by_a_rename_over_it() {
    let site = Site::sqlite();
    let (path, next) = (site.path("app.ndjson"), site.path("next"));
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    for _ in 0..4 {
        write(&next, "line", 8, &mut written);
        rename(&next, &path).expect("the file is replaced");
        // The replaced file has no name any more, so the next rename would destroy what was not read.
        site.wait_rows(written.len());
    }
    site.finish_exactly(agent, &written);
}
