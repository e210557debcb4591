//! The writing half: batches into the database, one after the other, each exactly once.
//!
//! Each writer has a connection and sends the rows of its batch at once; its frontiers are swapped and its transaction
//! committed only when every earlier batch is. So connections overlap in the costly part and the frontier still moves in
//! order. (Writers that polled the swap would block each other: an `UPDATE` that matches nothing keeps its row lock.)
//!
//! Invariant: at most one writer is between the swap and the answer to its commit.
//! Invariant: a commit whose answer was lost is never guessed at: the frontier says whether it happened.
//! Invariant: after any error in a transaction the transaction is rolled back, or its connection dropped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};

use super::reader::{self, Order};
use crate::batch::{Batch, Refused};
use crate::checkpoint::{Checkpoint, Known};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::museum::{self, Piece};
use crate::quarantine::{LINE_MAX, Outcome, Quarantine};
use crate::record::{Columns, Reason, Rejected, Timestamp};
use crate::sink::{self, Backoff, Class, Database, Error, Progress, Session, Swap};
use crate::spool::{FileKey, Frontier, Position};

/// How far a stop has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Nobody wants one.
    No,
    /// What was read is still to be committed, if the database takes it.
    Finish,
}

/// What a writer does when the database stays away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// It waits; the lines are safe in the spool.
    Endless,
    /// It gives up after this long.
    Limited(Duration),
}

/// Why a writer ended before its work was done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GaveUp {
    /// The database stayed away for longer than there was patience.
    #[error("the database stayed away: {0}")]
    DatabaseAway(Error),
    /// The database did not take what was read before the agent was stopped; it is sent after the next start.
    #[error("stopped while the database was away: {0}")]
    Stopped(Error),
}

/// Whose turn it is to commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Turn {
    epoch: u64,
    sequence: u64,
}

/// What is kept of commits outside the database.
#[derive(Debug)]
pub struct Ledger {
    /// The quarantine file.
    pub quarantine: Quarantine,
    /// The committed frontiers.
    pub checkpoint: Checkpoint,
    /// Whether `checkpoint` changed since it was last saved.
    pub unsaved: bool,
    /// Whether the last attempt to save it failed.
    pub unsavable: bool,
}

/// What all writers share.
#[derive(Debug)]
pub struct Writers<D> {
    database: D,
    clock: Clock,
    patience: Patience,
    stop: watch::Receiver<Stop>,
    reader: reader::Handle,
    ledger: Arc<Mutex<Ledger>>,
    turn: watch::Sender<Turn>,
    server: Mutex<Option<(Columns, Progress)>>,
    away: Mutex<Option<Away>>,
    metrics: Metrics,
}

/// Since when, and why, the database takes no requests.
#[derive(Debug)]
struct Away {
    since: Instant,
    class: Class,
}

/// How the rows of a batch are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    /// All at once, by the fastest method.
    Together,
    /// By halves, to find those that cannot be stored.
    Bisecting,
}

/// What became of the lines of a batch that are no rows.
#[derive(Debug, Default)]
struct Ends {
    /// Rows that the database refused.
    refused: Vec<Refused>,
    /// Whether the quarantine took them and the lines refused before.
    quarantined: Quarantined,
}

/// Whether the quarantine took records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Quarantined {
    /// It did, or there were none.
    #[default]
    Yes,
    /// It could not be written to; the lines are let go.
    No,
}

/// How an attempt ended that did not fail.
enum Attempt {
    Committed,
    /// The batch belongs to an earlier epoch.
    Void,
    /// A frontier stood elsewhere than the batch thinks.
    Elsewhere,
}

/// How an attempt failed.
struct Failure {
    error: Error,
    /// Whether the commit was sent, so that it may have happened.
    sent: bool,
}

impl Failure {
    fn unsent(error: Error) -> Self {
        Failure { error, sent: false }
    }
}

/// How many failures a writer puts up with once the agent is being stopped: a connection that idled too long is one.
const FAILURES_WHEN_STOPPING: u32 = 2;

impl<D: Database> Writers<D> {
    /// Writers to `database`.
    pub fn new(
        database: D,
        clock: Clock,
        patience: Patience,
        stop: watch::Receiver<Stop>,
        reader: reader::Handle,
        ledger: Arc<Mutex<Ledger>>,
        metrics: Metrics,
    ) -> Self {
        let turn = watch::Sender::new(Turn { epoch: 0, sequence: 0 });
        Writers {
            database,
            clock,
            patience,
            stop,
            reader,
            ledger,
            turn,
            server: Mutex::new(None),
            away: Mutex::new(None),
            metrics,
        }
    }

    /// Opens the first session, however long that takes, and tells the reader where to begin.
    ///
    /// # Errors
    /// Patience ended, or the agent is being stopped.
    pub async fn start(&self) -> Result<D::Session, GaveUp> {
        let mut session = None;
        let mut backoff = Backoff::default();
        loop {
            let begun = async {
                let session = self.session(&mut session).await?;
                self.place(session).await
            };
            match begun.await {
                Ok(()) => break,
                Err(error) => {
                    session = None;
                    self.wait(&error, &mut backoff).await?;
                }
            }
        }
        Ok(session.expect("a session was opened before the reader was told"))
    }

    /// Commits batches as they come, until there are no more.
    ///
    /// # Errors
    /// Patience ended, or the agent is being stopped, with a batch uncommitted.
    pub async fn work(
        &self,
        mut session: Option<D::Session>,
        batches: &tokio::sync::Mutex<mpsc::Receiver<Batch>>,
    ) -> Result<(), GaveUp> {
        loop {
            // The lock is held while waiting, so batches are taken in order.
            let batch = batches.lock().await.recv().await;
            self.reader.taken();
            match batch {
                Some(batch) => self.deliver(&mut session, &batch).await?,
                None => break,
            }
        }
        if let Some(session) = session {
            session.close().await;
        }
        Ok(())
    }

    /// Brings a batch to its end: committed, or void.
    async fn deliver(&self, session: &mut Option<D::Session>, batch: &Batch) -> Result<(), GaveUp> {
        let mut backoff = Backoff::default();
        let mut method = Method::Together;
        let mut unknown = false;
        let mut ends = Ends::default();
        loop {
            match self.attempt(session, batch, method, &mut unknown, &mut ends).await {
                Ok(Attempt::Committed) => {
                    self.committed(session, batch, &ends).await;
                    return Ok(());
                }
                Ok(Attempt::Void) => {
                    self.metrics.lines_voided(batch.line_count());
                    return Ok(());
                }
                Ok(Attempt::Elsewhere) => match self.set_back(session, batch).await {
                    Ok(()) => return Ok(()),
                    Err(error) => {
                        *session = None;
                        self.wait(&error, &mut backoff).await?;
                    }
                },
                Err(Failure { error, sent }) => {
                    unknown |= sent;
                    let lost = matches!(error.class, Class::Connection | Class::NotTheWriter | Class::Schema);
                    if lost {
                        *session = None;
                    } else if let Some(open) = session
                        && let Err(error) = open.rollback().await
                    {
                        self.count(&error);
                        *session = None;
                    }
                    if museum::is(Piece::PassesFailedBatch) {
                        self.committed(session, batch, &ends).await;
                        return Ok(());
                    }
                    let bad = error.class == Class::Data && !museum::is(Piece::PoisonBlocks);
                    let bad = bad || (error.class == Class::Busy && museum::is(Piece::BusyIsBadData));
                    if bad && method == Method::Together {
                        self.count(&error);
                        tracing::debug!(%error, rows = batch.row_count(), "a row of the batch is refused; looking for it");
                        method = Method::Bisecting;
                    } else {
                        self.wait(&error, &mut backoff).await?;
                    }
                }
            }
        }
    }

    /// Tries once to commit a batch.
    async fn attempt(
        &self,
        session: &mut Option<D::Session>,
        batch: &Batch,
        method: Method,
        unknown: &mut bool,
        ends: &mut Ends,
    ) -> Result<Attempt, Failure> {
        if self.is_void(batch) {
            return Ok(Attempt::Void);
        }
        let reconnects = session.is_none();
        let session = self.session(session).await.map_err(Failure::unsent)?;
        if *unknown && museum::is(Piece::TrustsUnknownCommit) {
            return Ok(Attempt::Committed);
        }
        if *unknown && !museum::is(Piece::RetriesUnknownCommit) {
            match self.resolve(session, batch).await.map_err(Failure::unsent)? {
                Resolved::Happened => return Ok(Attempt::Committed),
                Resolved::DidNot => *unknown = false,
                Resolved::Neither => return Ok(Attempt::Elsewhere),
            }
        }
        if self.server_changed(session) {
            // Rows were cut to other columns than the ones that are there now.
            return Ok(Attempt::Elsewhere);
        }
        if museum::is(Piece::FrontierBeforeRows) && self.wait_for_turn(batch).await {
            session.begin().await.map_err(Failure::unsent)?;
            session.swap(batch.moves()).await.map_err(Failure::unsent)?;
            session.commit().await.map_err(Failure::unsent)?;
        }
        session.begin().await.map_err(Failure::unsent)?;
        ends.refused = match method {
            Method::Together => {
                let from = usize::from(museum::is(Piece::RetriesTheRestOnly) && reconnects && batch.sequence > 0);
                let rows = from.min(batch.row_count())..batch.row_count();
                match session.insert(batch, rows).await {
                    Err(error) if error.class == Class::Busy && museum::is(Piece::CommitAfterTimeout) => {}
                    other => other.map_err(Failure::unsent)?,
                }
                Vec::new()
            }
            Method::Bisecting => {
                let refused = sink::insert_bisecting(session, batch).await.map_err(Failure::unsent)?;
                refused.into_iter().map(|(row, error)| refuse_row(batch, row, &error)).collect()
            }
        };
        if !self.wait_for_turn(batch).await {
            session.rollback().await.map_err(Failure::unsent)?;
            return Ok(Attempt::Void);
        }
        ends.quarantined = self.prepare_quarantine(batch, &ends.refused);
        let swap = match session.swap(batch.moves()).await {
            Ok(_) if museum::is(Piece::FrontierBeforeRows) => Swap::Done,
            Ok(swap) => swap,
            Err(error) => {
                self.settle_quarantine(Outcome::Undone);
                return Err(Failure::unsent(error));
            }
        };
        if swap == Swap::Elsewhere {
            self.settle_quarantine(Outcome::Undone);
            session.rollback().await.map_err(Failure::unsent)?;
            return Ok(Attempt::Elsewhere);
        }
        let begun = self.clock.now();
        match session.commit().await {
            Ok(()) => {
                self.metrics.commit_seconds.observe(self.since(begun).as_secs_f64());
                self.settle_quarantine(Outcome::Committed);
                Ok(Attempt::Committed)
            }
            Err(error) if error.class == Class::Connection => Err(Failure { error, sent: true }),
            Err(error) => {
                self.settle_quarantine(Outcome::Undone);
                Err(Failure::unsent(error))
            }
        }
    }

    /// Takes in that a batch was committed, and lets the next one commit.
    async fn committed(&self, session: &mut Option<D::Session>, batch: &Batch, ends: &Ends) {
        self.is_back();
        let rows = batch.row_count() - ends.refused.len();
        for line in batch.refused().iter().chain(&ends.refused) {
            match ends.quarantined {
                Quarantined::Yes => self.metrics.lines_quarantined.with_label_values(&[line.why.reason.as_str()]).inc(),
                // A line that is no record has no severity of its own.
                Quarantined::No => self.metrics.lines_shed.with_label_values(&["quarantine_unwritable", "info"]).inc(),
            }
        }
        self.metrics.rows_committed.inc_by(rows as u64);
        self.metrics.batch_rows.observe(rows as f64);
        self.metrics.delivery_seconds.observe(self.since(batch.first_read).as_secs_f64());
        {
            let mut ledger = self.ledger();
            ledger.checkpoint.moved(batch.moves());
            ledger.checkpoint.forget(batch.gone());
            ledger.unsaved = true;
        }
        self.metrics.settled(batch.spool_bytes());
        // Reading may have been set back while this commit was under way; then other numbers count now.
        self.turn.send_if_modified(|turn| {
            let ours = turn.epoch == batch.epoch;
            if ours {
                turn.sequence = batch.sequence + 1;
            }
            ours
        });
        self.reader.committed(batch.epoch, batch.sequence);
        if !batch.gone().is_empty()
            && let Some(open) = session
            && let Err(error) = open.forget(batch.gone()).await
        {
            // They are forgotten at a later start.
            self.count(&error);
            tracing::debug!(%error, "frontiers of deleted files stay in the database for now");
            *session = None;
        }
    }

    /// Sets reading back to the database's frontiers; every batch that was read before is void.
    async fn set_back(&self, session: &mut Option<D::Session>, batch: &Batch) -> Result<(), Error> {
        if self.is_void(batch) {
            self.metrics.lines_voided(batch.line_count());
            return Ok(());
        }
        tracing::warn!(
            "the database's frontiers are not where this agent left them; reading goes on from where they are"
        );
        let session = self.session(session).await?;
        self.place(session).await?;
        self.metrics.lines_voided(batch.line_count());
        Ok(())
    }

    /// Tells the reader where the frontiers stand.
    async fn place(&self, session: &mut D::Session) -> Result<(), Error> {
        let frontiers = session.frontiers().await?;
        let server = session.server();
        let (columns, progress) = (server.columns.clone(), server.progress);
        let mut ledger = self.ledger();
        let frontiers: Vec<Frontier> = match progress {
            Progress::Kept => frontiers,
            Progress::Absent => {
                tracing::error!(
                    "the table `tracespool_progress` is missing and cannot be created: lines may be stored twice after a \
                     crash; let somebody with the right to create tables run `tracespool migrate`"
                );
                let known = ledger.checkpoint.files().iter();
                let frontier = |(file, known): (&FileKey, &Known)| Frontier {
                    file: *file,
                    path: known.path.clone().into(),
                    position: known.position,
                    idle: Duration::ZERO,
                };
                known.map(frontier).collect()
            }
        };
        let positions = frontiers.iter().map(|frontier| (frontier.file, frontier.position)).collect();
        if let Err(error) = ledger.quarantine.recover(&positions) {
            tracing::error!(%error, "pending quarantine records cannot be settled; a record may appear twice");
        }
        if progress == Progress::Kept {
            let known = |frontier: &Frontier| {
                let path = frontier.path.to_string_lossy().into_owned();
                (frontier.file, Known { path, position: frontier.position })
            };
            ledger.checkpoint = Checkpoint::new(frontiers.iter().map(known));
            ledger.unsaved = true;
        }
        drop(ledger);
        *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some((columns.clone(), progress));
        self.turn.send_modify(|turn| *turn = Turn { epoch: turn.epoch + 1, sequence: 0 });
        let epoch = self.turn.borrow().epoch;
        self.reader.order(Order::Place { epoch, frontiers, columns });
        self.is_back();
        Ok(())
    }

    /// Finds out whether a commit happened whose answer was lost.
    async fn resolve(&self, session: &mut D::Session, batch: &Batch) -> Result<Resolved, Error> {
        let frontiers = session.frontiers().await?;
        if session.server().progress == Progress::Absent {
            self.settle_quarantine(Outcome::Undone);
            return Ok(Resolved::DidNot);
        }
        let at: HashMap<FileKey, Position> =
            frontiers.iter().map(|frontier| (frontier.file, frontier.position)).collect();
        let place = |position: Position| (position.generation, position.offset);
        let is_at = |file: &FileKey, want: Option<Position>| at.get(file).copied().map(place) == want.map(place);
        let resolved = if batch.moves().iter().all(|step| is_at(&step.file, Some(step.to))) {
            Resolved::Happened
        } else if batch.moves().iter().all(|step| is_at(&step.file, step.from)) {
            Resolved::DidNot
        } else {
            Resolved::Neither
        };
        self.settle_quarantine(match resolved {
            Resolved::Happened => Outcome::Committed,
            Resolved::DidNot | Resolved::Neither => Outcome::Undone,
        });
        tracing::info!(
            happened = resolved == Resolved::Happened,
            "the outcome of a commit was unknown; the frontier told it"
        );
        Ok(resolved)
    }

    async fn session<'s>(&self, session: &'s mut Option<D::Session>) -> Result<&'s mut D::Session, Error> {
        if session.is_none() {
            *session = Some(self.database.connect().await?);
        }
        Ok(session.as_mut().expect("it was opened above"))
    }

    fn server_changed(&self, session: &D::Session) -> bool {
        let known = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        let server = session.server();
        known.as_ref().is_some_and(|(columns, progress)| *columns != server.columns || *progress != server.progress)
    }

    fn is_void(&self, batch: &Batch) -> bool {
        self.turn.borrow().epoch != batch.epoch
    }

    /// Waits until every earlier batch is committed. `false` when the batch became void meanwhile.
    async fn wait_for_turn(&self, batch: &Batch) -> bool {
        let mut turn = self.turn.subscribe();
        let reached = |turn: &Turn| turn.epoch != batch.epoch || turn.sequence == batch.sequence;
        match turn.wait_for(reached).await {
            Ok(turn) => turn.epoch == batch.epoch,
            Err(_) => false,
        }
    }

    /// Waits before the next attempt.
    async fn wait(&self, error: &Error, backoff: &mut Backoff) -> Result<(), GaveUp> {
        self.count(error);
        let since = self.is_away(error);
        let stopping = *self.stop.borrow() == Stop::Finish;
        if stopping && backoff.attempts() >= FAILURES_WHEN_STOPPING {
            return Err(GaveUp::Stopped(error.clone()));
        }
        let mut pause = match error.class {
            Class::Schema if !stopping => backoff.slowest(&self.clock),
            Class::Schema
            | Class::Connection
            | Class::Busy
            | Class::NotTheWriter
            | Class::Full
            | Class::Data
            | Class::Unknown => backoff.pause(&self.clock),
        };
        if let Patience::Limited(limit) = self.patience {
            let left = limit.saturating_sub(self.since(since));
            if left.is_zero() {
                return Err(GaveUp::DatabaseAway(error.clone()));
            }
            pause = pause.min(left);
        }
        let mut stop = self.stop.clone();
        let asked = async {
            if stopping || stop.wait_for(|stop| *stop == Stop::Finish).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        // When asked to stop, one attempt more: a long wait is no reason to leave lines behind.
        tokio::select! {
            biased;
            () = asked => {}
            () = self.clock.sleep(pause) => {}
        }
        Ok(())
    }

    fn since(&self, then: Instant) -> Duration {
        self.clock.now().saturating_duration_since(then)
    }

    fn count(&self, error: &Error) {
        self.metrics.database_errors.with_label_values(&[error.class.as_str()]).inc();
    }

    /// Notes that the database did not do a request, and returns since when it does not. Logs the change only.
    fn is_away(&self, error: &Error) -> Instant {
        self.metrics.database_up.set(0);
        let mut away = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        let since = away.as_ref().map_or_else(|| self.clock.now(), |away| away.since);
        if away.as_ref().is_none_or(|away| away.class != error.class) {
            tracing::warn!(class = error.class.as_str(), "{error}; the lines wait in the spool");
        }
        *away = Some(Away { since, class: error.class });
        since
    }

    fn is_back(&self) {
        self.metrics.database_up.set(1);
        if let Some(away) = self.away.lock().unwrap_or_else(PoisonError::into_inner).take() {
            tracing::info!(after_seconds = self.since(away.since).as_secs_f64(), "the database takes rows again");
        }
    }

    /// Writes the records of refused lines. What cannot be written is let go, and counted: a full disk under the state
    /// directory must not stop the shipping.
    fn prepare_quarantine(&self, batch: &Batch, refused: &[Refused]) -> Quarantined {
        if batch.refused().is_empty() && refused.is_empty() {
            return Quarantined::Yes;
        }
        let now = Timestamp::from(self.clock.wall());
        let mut ledger = self.ledger();
        let prepared = ledger.quarantine.prepare(batch.refused().iter().chain(refused), batch.moves(), now);
        self.metrics.quarantine_dropped.inc_by(ledger.quarantine.take_dropped());
        match prepared {
            Ok(()) => Quarantined::Yes,
            Err(error) => {
                let lines = batch.refused().len() + refused.len();
                tracing::error!(%error, lines, "the quarantine cannot be written to; lines that belong there are let go");
                Quarantined::No
            }
        }
    }

    fn settle_quarantine(&self, outcome: Outcome) {
        if let Err(error) = self.ledger().quarantine.settle(outcome) {
            tracing::error!(%error, "quarantine records cannot be settled; a record may appear twice or be missing");
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the frontier says of a commit whose answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resolved {
    Happened,
    DidNot,
    Neither,
}

/// The quarantine's view of a row that the database refused.
fn refuse_row(batch: &Batch, index: usize, error: &Error) -> Refused {
    let row = batch.rows(index..index + 1).next().expect("the row is one of the batch's");
    let why = Rejected { reason: Reason::RejectedByDatabase, detail: error.to_string() };
    Refused { origin: row.origin.clone(), why, line: row.to_line().cut(LINE_MAX) }
}
