//! Files, as applications, logrotate and administrators treat them. The rows go to SQLite, which is quicker to start.
//!
//! Invariant: a test compares the exact multiset of the lines' ids, and ends with a second run that finds nothing to add.
//! Invariant: bytes are destroyed only after their rows have arrived, so every line has to arrive.

mod checkpoint;
mod discovery;
mod framing;
mod identity;
mod log;
mod random;
mod rotation;
mod truncation;

use std::fs::{File, OpenOptions};
use std::path::Path;

use crate::support::{Agent, Site, append, line};

/// Opens as a writer that appends and keeps its file.
#[track_caller]
fn open(path: &Path) -> File {
    OpenOptions::new().append(true).create(true).open(path).expect("the writer opens its file")
}

/// Writes a line to a file of its own and waits for its row: then the agent is up and has looked at the spool.
#[track_caller]
fn tick(site: &Site, written: &mut Vec<String>) {
    let id = format!("tick-{:04}", written.len());
    append(&site.path("tick.ndjson"), line(&id));
    written.push(id);
    site.wait_rows(written.len());
}

/// Starts the agent and waits until it ships.
#[track_caller]
fn started(site: &Site, written: &mut Vec<String>) -> Agent {
    let agent = site.start();
    tick(site, written);
    agent
}

/// Appends new lines of `prefix` and notes their ids.
#[track_caller]
fn write(path: &Path, prefix: &str, count: usize, written: &mut Vec<String>) {
    let from = written.len();
    let ids = crate::support::ids(prefix, from..from + count);
    append(path, crate::support::lines(&ids));
    written.extend(ids);
}
