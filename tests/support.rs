//! What the tests need around the agent: a site it runs on, the databases it fills, a proxy that loses commits, and
//! the comparison of what was written with what has arrived.
//!
//! Invariant: nothing outlives its test; every process started here is killed by its own id when its value is dropped.
//! Invariant: waiting is for a condition, with a deadline that fails the test.

mod agent;
mod lines;
mod mariadb;
mod proxy;
mod site;
mod terminal;

use std::io::Write;
use std::time::{Duration, Instant};

pub use agent::{Agent, Finished, binary, finish};
pub use lines::{Habit, Writer, append, ids, inode, line, lines, truncate};
pub use mariadb::{Client, MariaDb, PASSWORD, Rows, url};
pub use proxy::{Fault, Proxy};
pub use site::{Site, Store};
pub use terminal::Terminal;

/// How long a condition may take: far more than it should, since other work may share the machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks `probe` until it answers; `None` when the time is up.
pub fn poll<T>(within: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(answer) = probe() {
            return Some(answer);
        }
        if Instant::now() >= deadline {
            return None;
        }
        pause(Duration::from_millis(10));
    }
}

/// Waits until `condition` holds.
#[track_caller]
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let held = poll(PATIENCE, || condition().then_some(()));
    assert!(held.is_some(), "did not happen within {PATIENCE:?}: {what}");
}

/// Lets time pass. Only for the distance between two probes, for a moment that is meant to be random, and for showing
/// that nothing happens.
#[allow(clippy::disallowed_methods, reason = "a poll has to wait between two probes")]
pub fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// How many rounds of kills a test makes; the environment's `ROUNDS` asks for more.
pub fn rounds() -> usize {
    std::env::var("ROUNDS").map_or(30, |rounds| rounds.parse().expect("`ROUNDS` is a number"))
}

/// How long an outage lasts in a test that makes one; the environment's `OUTAGE_SECONDS` asks for more.
pub fn outage() -> Duration {
    let seconds = std::env::var("OUTAGE_SECONDS");
    seconds.map_or(Duration::from_secs(2), |seconds| {
        Duration::from_secs(seconds.parse().expect("`OUTAGE_SECONDS` is a number"))
    })
}

/// A port of 127.0.0.1 that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("the port's address").port()
}

/// Whether the tests run as root, without which some faults cannot be made.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Says that a test, or a part of it, did not run; also when the runner hides what passing tests print.
pub fn skipped(test: &str, why: &str) {
    writeln!(std::io::stderr(), "SKIPPED {test}: {why}").expect("stderr takes a line");
}

/// What differs between two multisets of ids, in words; `None` when nothing does.
pub fn difference(expected: &[String], found: &[String]) -> Option<String> {
    use std::collections::BTreeMap;
    let mut balance: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for id in expected {
        balance.entry(id).or_default().0 += 1;
    }
    for id in found {
        balance.entry(id).or_default().1 += 1;
    }
    let missing: Vec<_> = balance.iter().filter(|(_, (want, got))| got < want).collect();
    let excess: Vec<_> = balance.iter().filter(|(_, (want, got))| got > want).collect();
    if missing.is_empty() && excess.is_empty() {
        return None;
    }
    let list = |ids: &[(&&str, &(i64, i64))]| {
        let shown = ids.iter().take(12).map(|(id, (want, got))| format!("{id} (want {want}, got {got})"));
        shown.collect::<Vec<_>>().join(", ")
    };
    Some(format!(
        "{} expected, {} found; {} ids missing: {}; {} ids too often: {}",
        expected.len(),
        found.len(),
        missing.len(),
        list(&missing),
        excess.len(),
        list(&excess)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_what_is_missing_and_what_is_too_often() {
        let list = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(difference(&list(&["a", "b", "b"]), &list(&["b", "a", "b"])), None);
        let words = difference(&list(&["a", "b"]), &list(&["b", "b"])).expect("they differ");
        assert!(words.contains("1 ids missing: a (want 1, got 0)"), "{words}");
        assert!(words.contains("1 ids too often: b (want 1, got 2)"), "{words}");
    }
}
