//! The log: what it may cost.

use std::process::Child;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Site, append, ids, lines, poll};

/// Does not outlive a test that failed.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let killed = self.0.kill().and_then(|()| self.0.wait());
        killed.expect("the agent ends");
    }
}

#[test]
fn a_log_that_nobody_takes_stops_no_line() {
    let site = Site::sqlite();
    // Each of them is worth a warning, and together the warnings fill a pipe of one page many times.
    let name = |n: usize| site.path(&format!("{n}-{}.ndjson", "a-pipe-in-place-of-a-file".repeat(4)));
    for n in 0..300 {
        mknodat(CWD, name(n), FileType::Fifo, Mode::RUSR, 0).expect("a FIFO");
    }
    let (unread, stderr) = std::io::pipe().expect("a pipe");
    rustix::pipe::fcntl_setpipe_size(&stderr, 4096).expect("a small pipe");
    let mut agent = Ended(site.command(&["run"]).stderr(stderr).spawn().expect("the agent starts"));
    let written = ids("line", 0..500);
    append(&site.path("app.ndjson"), lines(&written));
    site.wait_rows(written.len());
    let waiting = rustix::io::ioctl_fionread(&unread).expect("a pipe tells what is in it");
    assert!(waiting > 3500, "the log was not blocked: {waiting} bytes");
    kill_process(Pid::from_child(&agent.0), Signal::TERM).expect("the agent takes a signal");
    let ended = poll(Duration::from_secs(20), || agent.0.try_wait().expect("a child"));
    assert!(ended.expect("it ends although its log is blocked").success());
    site.assert_exactly(&written);
}
