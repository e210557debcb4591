//! The sink: batches into the database, in order, each exactly once.

pub mod class;

pub mod table;

pub mod mysql;

pub mod sqlite;

#[cfg(test)]
mod samples;

use std::future::Future;
use std::ops::Range;
use std::time::Duration;

use crate::batch::Batch;
use crate::clock::Clock;
use crate::museum;
use crate::record::Columns;
use crate::spool::{FileKey, Frontier, Move};

/// What the sink does about an error: one class of CONTRACT §4.4 each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The connection is of no use any more; what it was doing may or may not have happened.
    Connection,
    /// The server is busy: the same batch again, after a while.
    Busy,
    /// The server is not the one that takes writes: the next host.
    NotTheWriter,
    /// The server has no room.
    Full,
    /// Some row can never be stored.
    Data,
    /// No batch can be stored as the schema or the rights are.
    Schema,
    /// None of the above is known of it.
    Unknown,
}

impl Class {
    /// All classes.
    pub const ALL: [Class; 7] =
        [Class::Connection, Class::Busy, Class::NotTheWriter, Class::Full, Class::Data, Class::Schema, Class::Unknown];

    /// The word in metrics and log lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Connection => "connection",
            Class::Busy => "busy",
            Class::NotTheWriter => "not_the_writer",
            Class::Full => "full",
            Class::Data => "data",
            Class::Schema => "schema",
            Class::Unknown => "unknown",
        }
    }
}

/// A request that the database did not do.
///
/// Its text is ours: a server quotes values in its messages, so they are never passed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}{}", .code.map(|code| format!(" (error {code})")).unwrap_or_default())]
pub struct Error {
    /// What to do about it.
    pub class: Class,
    /// The server's error number, if it was the server.
    pub code: Option<u16>,
    /// What failed, in our words: no value of a row, no password.
    pub what: String,
}

/// Whether the database keeps the frontiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// In `tracespool_progress`: every line exactly once.
    Kept,
    /// The table is missing and could not be made: at least once.
    Absent,
}

/// What a connect learned of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Product and version, for people: `MariaDB 10.11.19`.
    pub version: String,
    /// The columns of the table.
    pub columns: Columns,
    /// Whether `tracespool_progress` is there.
    pub progress: Progress,
}

/// What became of a compare-and-swap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    /// Every frontier stood where it should, and was moved.
    Done,
    /// Some frontier stood elsewhere. Nothing is to be committed.
    Elsewhere,
}

/// A database that sessions can be opened to.
pub trait Database: Send + Sync + 'static {
    /// An open connection.
    type Session: Session;

    /// Opens a session: connects, sets it up, verifies the set-up, reads the table's columns, makes sure of
    /// `tracespool_progress`.
    fn connect(&self) -> impl Future<Output = Result<Self::Session, Error>> + Send;
}

/// One connection to a database, used by one task.
///
/// Every request has a deadline of its own. After an error of [`Class::Connection`] the session must be dropped; after
/// any other error inside a transaction it must be rolled back.
pub trait Session: Send {
    /// What the connect learned.
    fn server(&self) -> &Server;

    /// Every frontier of this agent. Waits for a transaction that is just committing one of them.
    fn frontiers(&mut self) -> impl Future<Output = Result<Vec<Frontier>, Error>> + Send;

    /// Begins a transaction.
    fn begin(&mut self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Sends rows by the fastest method. After an error only a rollback is allowed.
    fn insert(&mut self, batch: &Batch, rows: Range<usize>) -> impl Future<Output = Result<(), Error>> + Send;

    /// Sends rows by a method that stores all of them or none. After an error of [`Class::Data`] the transaction goes
    /// on as if the call had not been.
    fn insert_atomic(&mut self, batch: &Batch, rows: Range<usize>) -> impl Future<Output = Result<(), Error>> + Send;

    /// Moves frontiers by compare-and-swap.
    fn swap(&mut self, moves: &[Move]) -> impl Future<Output = Result<Swap, Error>> + Send;

    /// Commits. After an error of [`Class::Connection`] the outcome is unknown.
    fn commit(&mut self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Rolls back.
    fn rollback(&mut self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Removes the frontiers of files that are gone for good, in a transaction of its own.
    fn forget(&mut self, files: &[FileKey]) -> impl Future<Output = Result<(), Error>> + Send;

    /// Says goodbye to the server.
    fn close(self) -> impl Future<Output = ()> + Send;
}

/// How long to wait before the next attempt: longer each time, never in step with other agents.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    attempts: u32,
}

impl Backoff {
    /// The shortest wait (CONTRACT §4.4).
    pub const MIN: Duration = Duration::from_millis(100);
    /// The longest wait (CONTRACT §4.4).
    pub const MAX: Duration = Duration::from_secs(30);

    /// The next wait: doubled each time up to [`Backoff::MAX`], of which a random half is taken off.
    pub fn pause(&mut self, clock: &Clock) -> Duration {
        let whole = Backoff::MIN.saturating_mul(2u32.saturating_pow(self.attempts)).min(Backoff::MAX);
        self.attempts = self.attempts.saturating_add(1);
        whole.mul_f64(clock.jitter()).max(Backoff::MIN)
    }

    /// The wait where only people can help: the longest.
    pub fn slowest(&mut self, clock: &Clock) -> Duration {
        Backoff::MAX.mul_f64(clock.jitter())
    }

    /// How many waits there were.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
}

/// Stores the rows of a batch that can be stored, and returns which cannot, with the reason: halves the batch until a
/// single row is refused, in at most 2·log2(n) statements for each.
///
/// # Errors
/// Any error but [`Class::Data`]; the transaction must be rolled back.
pub async fn insert_bisecting<S: Session>(session: &mut S, batch: &Batch) -> Result<Vec<(usize, Error)>, Error> {
    let mut refused = Vec::new();
    let whole = 0..batch.row_count();
    let mut ranges = Vec::from([whole]);
    while let Some(range) = ranges.pop() {
        if range.is_empty() {
            continue;
        }
        match session.insert_atomic(batch, range.clone()).await {
            Ok(()) => {}
            Err(error) if error.class == Class::Busy && museum::is(museum::Piece::BusyIsBadData) => {
                refused.extend(range.map(|row| (row, error.clone())));
            }
            Err(error) if error.class == Class::Data && range.len() == 1 => refused.push((range.start, error)),
            Err(error) if error.class == Class::Data => {
                let middle = range.start + range.len() / 2;
                // The later half waits, so that rows are stored in the order of their lines.
                ranges.push(middle..range.end);
                ranges.push(range.start..middle);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_stay_within_their_bounds() {
        let mut backoff = Backoff::default();
        let waits: Vec<Duration> = (0..40).map(|_| backoff.pause(&Clock::machine())).collect();
        assert!(waits.iter().all(|wait| (Backoff::MIN..=Backoff::MAX).contains(wait)));
        assert!(waits[0] <= Backoff::MIN * 2);
        assert!(waits[20..].iter().all(|wait| *wait >= Backoff::MAX / 2));
        assert!(waits[20..].windows(2).any(|pair| pair[0] != pair[1]), "no jitter");
        assert_eq!(backoff.attempts(), 40);
    }
}
