//! What is a file of the spool, and when it is found: rights, links, pipes, lost events.

use std::fs::{Permissions, create_dir, create_dir_all, remove_dir_all, remove_file, rename, set_permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::Signal;
use serde_json::Value;

use super::{started, tick, write};
use crate::support::{Agent, Site, append, eventually, ids, is_root, line, lines, skipped};

const NOBODY: u32 = 65534;

/// Starts the agent as somebody to whom modes of files mean something.
#[track_caller]
fn start_unprivileged(site: &mut Site) -> Agent {
    if !is_root() {
        return site.start();
    }
    site.give_to(NOBODY);
    let user = NOBODY.to_string();
    site.start_through(&["setpriv", "--reuid", &user, "--regid", &user, "--clear-groups"])
}

#[track_caller]
fn mode(path: &Path, mode: u32) {
    set_permissions(path, Permissions::from_mode(mode)).expect("the mode is set");
}

#[test]
fn f1_an_unreadable_file_is_read_when_it_may_be() {
    let mut site = Site::sqlite();
    let (closed, closes) = (site.path("closed.ndjson"), site.path("closes.ndjson"));
    append(&closed, lines(&ids("closed", 0..10)));
    let mut written = Vec::new();
    write(&closes, "open", 10, &mut written);
    mode(&closed, 0o000);
    let agent = start_unprivileged(&mut site);
    site.wait_rows(written.len());
    // Taking the right away from a file that is being read loses nothing, whether or not the agent keeps it open.
    mode(&closes, 0o000);
    tick(&site, &mut written);
    site.assert_exactly(&written);
    mode(&closed, 0o644);
    written.extend(ids("closed", 0..10));
    site.wait_rows(written.len());
    mode(&closes, 0o644);
    write(&closes, "open", 10, &mut written);
    site.wait_rows(written.len());
    agent.conserved();
    site.assert_exactly(&written);
}

#[test]
fn f2_a_missing_folder_appears_later_and_is_complained_of_once() {
    let mut site = Site::sqlite();
    let folder = site.path("later");
    site.set("spool.paths", &format!("[{:?}, {:?}]", site.path("*.ndjson"), folder.join("*.ndjson")));
    site.set_text("spool.rescan_interval", "50ms");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    for _ in 0..20 {
        tick(&site, &mut written);
    }
    let about = agent.log().lines().filter(|line| line.contains("later")).count();
    assert!(about <= 2, "{about} messages about one missing folder");
    create_dir(&folder).expect("a folder");
    write(&folder.join("app.ndjson"), "line", 10, &mut written);
    site.finish_exactly(agent, &written);
}

#[test]
fn f3_the_descriptor_of_a_deleted_file_is_released_without_a_further_event() {
    let site = Site::sqlite();
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    for n in 0..20 {
        write(&site.path(&format!("app-{n}.ndjson")), "line", 5, &mut written);
    }
    site.wait_rows(written.len());
    for n in 0..20 {
        remove_file(site.path(&format!("app-{n}.ndjson"))).expect("the file is deleted");
    }
    eventually("the agent lets the deleted files go", || {
        !agent.open_files().iter().any(|target| target.contains("(deleted)") && target.contains("app-"))
    });
    site.finish_exactly(agent, &written);
}

#[test]
fn f4_events_lost_by_an_overflow_of_the_queue_lose_no_line() {
    let limit = std::fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").expect("the kernel's limit");
    let limit: usize = limit.trim().parse().expect("the kernel's limit");
    if limit > 100_000 {
        skipped("f4", "the kernel's queue of events is too long to overflow");
        return;
    }
    let site = Site::sqlite();
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    agent.signal(Signal::STOP);
    // Equal neighbours in the queue are merged, so the files take turns.
    let paths = [site.path("a.ndjson"), site.path("b.ndjson")];
    for n in 0..limit / 2 + 2000 {
        let id = format!("line-{n:06}");
        append(&paths[n % 2], line(&id));
        written.push(id);
    }
    // These events come last, so they are the ones that are lost.
    write(&site.path("c.ndjson"), "new", 5, &mut written);
    rename(&paths[0], site.path("a.ndjson.1")).expect("the file is rotated");
    write(&paths[0], "new", 5, &mut written);
    agent.signal(Signal::CONT);
    site.finish_exactly(agent, &written);
}

#[test]
fn f4_without_any_events_the_rescan_alone_finds_everything() {
    let limit = "/proc/sys/user/max_inotify_instances";
    let script = format!("echo 0 > {limit} && exec \"$0\" \"$@\"");
    let through = ["unshare", "--user", "--map-root-user", "sh", "-c", &script];
    let possible = Command::new(through[0]).args(&through[1..]).arg("true").status();
    if !possible.is_ok_and(|status| status.success()) {
        skipped("f4 without events", "no right to a user namespace with its own limits");
        return;
    }
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    write(&path, "line", 10, &mut written);
    let agent = site.start_through(&through);
    site.wait_rows(written.len());
    assert!(!agent.open_files().iter().any(|target| target.contains("inotify")), "there are events after all");
    write(&path, "line", 10, &mut written);
    site.wait_rows(written.len());
    rename(&path, site.path("app.ndjson.1")).expect("the file is rotated");
    write(&path, "line", 10, &mut written);
    write(&site.path("app.ndjson.1"), "late", 10, &mut written);
    write(&site.path("new.ndjson"), "line", 10, &mut written);
    site.finish_exactly(agent, &written);
}

#[test]
fn f5_folders_made_and_removed_at_depth() {
    let mut site = Site::sqlite();
    site.set("spool.paths", &format!("[{:?}, {:?}]", site.path("*.ndjson"), site.path("*/deep/**/*.ndjson")));
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    for round in 0..3 {
        for app in ["one", "two"] {
            let folder = site.path(app).join("deep/a/b");
            create_dir_all(&folder).expect("folders are made");
            write(&folder.join("app.ndjson"), "line", 5, &mut written);
            write(&site.path(app).join("deep/app.ndjson"), "line", 5, &mut written);
            append(&site.path(app).join("shallow.ndjson"), "no part of the spool\n");
        }
        site.wait_rows(written.len());
        if round < 2 {
            remove_dir_all(site.path("one")).expect("folders are removed");
            remove_dir_all(site.path("two")).expect("folders are removed");
        }
    }
    site.finish_exactly(agent, &written);
    assert_eq!(site.quarantined(), Vec::<Value>::new());
}

#[test]
fn f8_files_made_and_deleted_all_the_time_disturb_nobody() {
    let site = Site::sqlite();
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    for n in 0..300 {
        let passing = site.path(&format!("passing-{}.ndjson", n % 7));
        append(&passing, b"");
        write(&path, "line", 1, &mut written);
        remove_file(&passing).expect("the file is deleted");
    }
    site.finish_exactly(agent, &written);
}

#[test]
fn f10_a_symlink_in_place_of_a_state_file_is_not_followed() {
    let site = Site::sqlite();
    let victim = site.root().join("victim");
    let mut written = Vec::new();
    write(&site.path("app.ndjson"), "line", 10, &mut written);
    append(&site.path("app.ndjson"), "not json\n");
    site.drain();
    let files: Vec<_> = std::fs::read_dir(site.state()).expect("the state folder").flatten().collect();
    assert!(files.len() >= 2, "a checkpoint and a quarantine: {files:?}");
    for file in &files {
        std::fs::write(&victim, "precious").expect("the victim is written");
        let path = file.path();
        let saved = site.root().join("saved");
        rename(&path, &saved).expect("a state file is put aside");
        symlink(&victim, &path).expect("a symlink");
        write(&site.path("app.ndjson"), "line", 10, &mut written);
        append(&site.path("app.ndjson"), "not json\n");
        // It may refuse to run or replace the link; it must not write through it.
        site.try_drain();
        let content = std::fs::read_to_string(&victim).expect("the victim is there");
        assert_eq!(content, "precious", "the agent wrote through {}", path.display());
        if path.is_symlink() {
            remove_file(&path).expect("the symlink is removed");
            rename(&saved, &path).expect("the state file is put back");
        }
        site.drain();
        site.assert_exactly(&written);
    }
}

#[test]
fn f11_pipes_sockets_folders_and_links_that_lead_out_are_no_files_of_the_spool() {
    let site = Site::sqlite();
    let outside = site.root().join("outside.ndjson");
    append(&outside, lines(&ids("outside", 0..3)));
    let made = Command::new("mkfifo").arg(site.path("pipe.ndjson")).status().expect("mkfifo starts");
    assert!(made.success(), "a pipe");
    let _socket = std::os::unix::net::UnixListener::bind(site.path("socket.ndjson")).expect("a socket");
    create_dir(site.path("folder.ndjson")).expect("a folder");
    symlink("/etc/passwd", site.path("passwd.ndjson")).expect("a symlink");
    symlink(&outside, site.path("outside.ndjson")).expect("a symlink");
    symlink(site.path("nowhere"), site.path("dangling.ndjson")).expect("a symlink");
    symlink("/dev/zero", site.path("device.ndjson")).expect("a symlink");
    symlink(site.path("loop.ndjson"), site.path("loop.ndjson")).expect("a symlink");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    write(&site.path("app.ndjson"), "line", 5, &mut written);
    site.wait_rows(written.len());
    // The dangling link gets a target, inside the spool.
    write(&site.path("nowhere"), "found", 5, &mut written);
    site.finish_exactly(agent, &written);
    assert_eq!(site.quarantined(), Vec::<Value>::new(), "no line of /etc/passwd was looked at");
}

#[test]
fn f11_a_symlink_inside_the_spool_is_followed() {
    let site = Site::sqlite();
    let target = site.path("target.log");
    symlink("target.log", site.path("app.ndjson")).expect("a symlink");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    write(&target, "line", 10, &mut written);
    site.wait_rows(written.len());
    write(&target, "line", 10, &mut written);
    site.finish_exactly(agent, &written);
}

#[test]
fn f11_a_file_swapped_with_a_link_that_leads_out_is_not_read() {
    let site = Site::sqlite();
    let outside = site.root().join("outside.ndjson");
    append(&outside, lines(&ids("outside", 0..50)));
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    write(&path, "line", 1, &mut written);
    symlink(&outside, site.path("link")).expect("a symlink");
    let stop = AtomicBool::new(false);
    let swaps = std::thread::scope(|scope| {
        let swapper = scope.spawn(|| {
            let mut swaps = 0;
            while !stop.load(Ordering::SeqCst) {
                rename(&path, site.path("kept")).expect("the file is put aside");
                rename(site.path("link"), &path).expect("the link takes its place");
                rename(&path, site.path("link")).expect("the link is put aside");
                rename(site.path("kept"), &path).expect("the file is put back");
                swaps += 1;
            }
            swaps
        });
        // Each new file makes the agent look at the folder.
        for n in 0..40 {
            write(&site.path(&format!("new-{n}.ndjson")), "new", 1, &mut written);
            site.wait_rows(written.len());
        }
        stop.store(true, Ordering::SeqCst);
        swapper.join().expect("the links were swapped")
    });
    assert!(swaps > 100, "only {swaps} swaps");
    write(&path, "line", 5, &mut written);
    site.finish_exactly(agent, &written);
}

#[test]
fn f13_400_new_files_at_once() {
    let site = Site::sqlite();
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    for n in 0..400 {
        write(&site.path(&format!("app-{n:03}.ndjson")), "line", 5, &mut written);
    }
    site.wait_rows(written.len());
    for n in 0..400 {
        rename(site.path(&format!("app-{n:03}.ndjson")), site.path(&format!("app-{n:03}.ndjson.1"))).expect("rotated");
        write(&site.path(&format!("app-{n:03}.ndjson")), "line", 1, &mut written);
    }
    site.finish_exactly(agent, &written);
}

#[test]
fn the_spool_folder_is_deleted_and_made_again() {
    let site = Site::sqlite();
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    for _ in 0..3 {
        write(&site.path("app.ndjson"), "line", 5, &mut written);
        site.wait_rows(written.len());
        remove_dir_all(site.spool()).expect("the spool is deleted");
        create_dir(site.spool()).expect("the spool is made again");
    }
    write(&site.path("app.ndjson"), "line", 5, &mut written);
    site.finish_exactly(agent, &written);
}

#[test]
fn odd_names_are_names() {
    let site = Site::sqlite();
    let mut written = Vec::new();
    let agent = started(&site, &mut written);
    let names = ["a b.ndjson", "'; DROP TABLE x; --.ndjson", "new\nline.ndjson", "[x].ndjson", "\u{1f600}.ndjson"];
    for name in names {
        write(&site.path(name), "line", 3, &mut written);
    }
    use std::os::unix::ffi::OsStrExt;
    let bytes = std::ffi::OsStr::from_bytes(b"\xff\xfe.ndjson");
    write(&site.spool().join(bytes), "line", 3, &mut written);
    site.finish_exactly(agent, &written);
}
