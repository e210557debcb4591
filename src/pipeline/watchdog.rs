//! Whether both halves of the agent still turn, so that a restart is asked for only where it could help.
//!
//! The reading half says at each turn by when it turns again. Of the writing half one sees the requests: while batches
//! wait for their commit, there is one now and then, since a database that is away is asked for again and again.
//!
//! Invariant: a database that is away, or slow, is no lack of progress.
//! Invariant: it owns no clock; whoever tells something says when it was.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::batch::Batch;
use crate::clock::Clock;
use crate::sink::{self, Database, Error, Server, Session, Swap};
use crate::spool::{FileKey, Frontier, Move};

/// How much longer than it said a half may take: a look at a very large spool on a slow file system takes minutes.
pub const GRACE: Duration = Duration::from_secs(300);

/// A half of the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// Reads the spool and makes batches.
    Reading,
    /// Commits them.
    Writing,
}

/// A half that makes no progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stuck {
    /// Which.
    pub half: Half,
    /// For how long nothing was heard of it.
    pub silent: Duration,
}

/// What becomes of the batches that were closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// One is not committed yet.
    ForCommit,
    /// All of them are committed.
    ForNothing,
}

/// What is known of the halves.
#[derive(Debug, Default)]
pub struct Watchdog(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// When the reading half last turned, and by when it turns again.
    reading: Option<(Instant, Instant)>,
    /// Since when a batch has been waiting for its commit.
    waiting_since: Option<Instant>,
    /// When a request last began or ended.
    requested: Option<Instant>,
    /// How long there may be no request while a batch waits.
    quiet_max: Duration,
}

impl Watchdog {
    /// From now on it is watched: the reading half is about to begin, and the writing half is silent for at most
    /// `quiet_max` while a batch waits.
    pub fn begin(&self, now: Instant, quiet_max: Duration) {
        let mut state = self.lock();
        state.reading = Some((now, now));
        state.quiet_max = quiet_max;
    }

    /// How long there may be no request while a batch waits, by the config as it is now.
    pub fn set_quiet_max(&self, quiet_max: Duration) {
        self.lock().quiet_max = quiet_max;
    }

    /// The reading half turned, and turns again by then.
    pub fn reading_turned(&self, now: Instant, back_by: Instant, waiting: Waiting) {
        let mut state = self.lock();
        state.reading = Some((now, back_by));
        state.waiting_since = match waiting {
            Waiting::ForCommit => Some(state.waiting_since.unwrap_or(now)),
            Waiting::ForNothing => None,
        };
    }

    /// A request to the database began or ended.
    pub fn requested(&self, now: Instant) {
        self.lock().requested = Some(now);
    }

    /// The halves that make no progress.
    pub fn stuck(&self, now: Instant) -> Vec<Stuck> {
        let state = self.lock();
        let reading = state.reading.filter(|(_, back_by)| now.saturating_duration_since(*back_by) > GRACE);
        let reading =
            reading.map(|(turned, _)| Stuck { half: Half::Reading, silent: now.saturating_duration_since(turned) });
        let writing = state.waiting_since.map(|since| {
            let heard = state.requested.map_or(since, |requested| requested.max(since));
            Stuck { half: Half::Writing, silent: now.saturating_duration_since(heard) }
        });
        let writing = writing.filter(|stuck| stuck.silent > state.quiet_max + GRACE);
        reading.into_iter().chain(writing).collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A database whose requests are seen by the watchdog.
#[derive(Debug)]
pub struct Watched<D> {
    database: D,
    witness: Witness,
}

#[derive(Debug, Clone)]
struct Witness {
    watchdog: Arc<Watchdog>,
    clock: Clock,
}

impl Witness {
    async fn see<T>(&self, request: impl Future<Output = T>) -> T {
        self.watchdog.requested(self.clock.now());
        let answer = request.await;
        self.watchdog.requested(self.clock.now());
        answer
    }
}

impl<D> Watched<D> {
    /// The database, seen by `watchdog`.
    pub fn new(database: D, watchdog: Arc<Watchdog>, clock: Clock) -> Self {
        Watched { database, witness: Witness { watchdog, clock } }
    }
}

impl<D: Database> Database for Watched<D> {
    type Session = WatchedSession<D::Session>;

    async fn connect(&self) -> Result<Self::Session, Error> {
        let session = self.witness.see(self.database.connect()).await?;
        Ok(WatchedSession { session, witness: self.witness.clone() })
    }
}

/// A session whose requests are seen by the watchdog.
#[derive(Debug)]
pub struct WatchedSession<S> {
    session: S,
    witness: Witness,
}

impl<S: Session> Session for WatchedSession<S> {
    fn server(&self) -> &Server {
        self.session.server()
    }

    async fn frontiers(&mut self) -> Result<Vec<Frontier>, Error> {
        self.witness.see(self.session.frontiers()).await
    }

    async fn begin(&mut self) -> Result<(), Error> {
        self.witness.see(self.session.begin()).await
    }

    async fn insert(&mut self, batch: &Batch, rows: Range<usize>) -> Result<(), Error> {
        self.witness.see(self.session.insert(batch, rows)).await
    }

    async fn insert_atomic(&mut self, batch: &Batch, rows: Range<usize>) -> Result<(), Error> {
        self.witness.see(self.session.insert_atomic(batch, rows)).await
    }

    async fn swap(&mut self, moves: &[Move]) -> Result<Swap, Error> {
        self.witness.see(self.session.swap(moves)).await
    }

    async fn commit(&mut self) -> Result<(), Error> {
        self.witness.see(self.session.commit()).await
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        self.witness.see(self.session.rollback()).await
    }

    async fn forget(&mut self, files: &[FileKey]) -> Result<(), Error> {
        self.witness.see(self.session.forget(files)).await
    }

    async fn close(self) {
        self.witness.see(self.session.close()).await;
    }
}

/// How long the writing half may be silent while a batch waits, when one connect and one statement take at most so long:
/// the longest pause between attempts, and a request of several statements.
pub fn quiet_max(connect: Duration, statement: Duration) -> Duration {
    /// Statements of one request: a large batch is sent in several.
    const STATEMENTS: u32 = 10;
    sink::Backoff::MAX + connect + statement * STATEMENTS
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET_MAX: Duration = Duration::from_secs(100);

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    fn watched(start: Instant) -> Watchdog {
        let watchdog = Watchdog::default();
        assert_eq!(watchdog.stuck(at(start, 10_000)), [], "nobody is watched before the beginning");
        watchdog.begin(start, QUIET_MAX);
        watchdog
    }

    #[test]
    fn a_reader_that_never_begins_or_does_not_come_back_is_stuck() {
        let start = Instant::now();
        let watchdog = watched(start);
        assert_eq!(watchdog.stuck(at(start, 300)), []);
        assert_eq!(watchdog.stuck(at(start, 301)), [Stuck { half: Half::Reading, silent: Duration::from_secs(301) }]);
        // It sleeps for an hour, as it said.
        watchdog.reading_turned(at(start, 400), at(start, 4_000), Waiting::ForNothing);
        assert_eq!(watchdog.stuck(at(start, 4_300)), []);
        let stuck = Stuck { half: Half::Reading, silent: Duration::from_secs(3_901) };
        assert_eq!(watchdog.stuck(at(start, 4_301)), [stuck]);
        watchdog.reading_turned(at(start, 4_302), at(start, 4_302), Waiting::ForNothing);
        assert_eq!(watchdog.stuck(at(start, 4_303)), [], "it turns again");
    }

    #[test]
    fn an_outage_is_no_lack_of_progress_as_long_as_the_database_is_asked_for() {
        let start = Instant::now();
        let watchdog = watched(start);
        for second in 0..10_000 {
            watchdog.reading_turned(at(start, second), at(start, second + 1), Waiting::ForCommit);
            if second % 30 == 0 {
                watchdog.requested(at(start, second));
            }
            assert_eq!(watchdog.stuck(at(start, second)), [], "after {second} s");
        }
    }

    #[test]
    fn a_writing_half_that_asks_for_nothing_while_a_batch_waits_is_stuck() {
        let start = Instant::now();
        let watchdog = watched(start);
        watchdog.requested(start);
        let turn = |second, waiting| watchdog.reading_turned(at(start, second), at(start, second), waiting);
        turn(1_000, Waiting::ForNothing);
        assert_eq!(watchdog.stuck(at(start, 1_000)), [], "an idle agent asks for nothing");
        turn(1_001, Waiting::ForCommit);
        turn(1_401, Waiting::ForCommit);
        assert_eq!(watchdog.stuck(at(start, 1_401)), []);
        turn(1_402, Waiting::ForCommit);
        assert_eq!(watchdog.stuck(at(start, 1_402)), [Stuck { half: Half::Writing, silent: Duration::from_secs(401) }]);
        watchdog.set_quiet_max(2 * QUIET_MAX);
        assert_eq!(watchdog.stuck(at(start, 1_402)), [], "by another config it is not");
        watchdog.set_quiet_max(QUIET_MAX);
        watchdog.requested(at(start, 1_403));
        assert_eq!(watchdog.stuck(at(start, 1_403)), []);
        turn(2_000, Waiting::ForNothing);
        turn(2_010, Waiting::ForCommit);
        assert_eq!(watchdog.stuck(at(start, 2_011)), [], "it counts from when the batch began to wait");
    }
}
