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

use super::ledger::{BatchEnds, Ledger, Quarantined, Uncounted, lost, number};
use super::lock;
use super::pace::Pace;
use super::reader::{self, Order};
use crate::aside::aside;
use crate::batch::{Batch, Refused, Source};
use crate::checkpoint::{Checkpoint, Known};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::museum::{self, Piece};
use crate::quarantine::{LINE_MAX, Outcome};
use crate::record::{Columns, Reason, Rejected, Timestamp};
use crate::shed::note::{Changed, NoteFile, OnDisk};
use crate::shed::{self, Declaration, Tally};
use crate::sink::circuit::{Circuit, News, Return, State};
use crate::sink::sending::{Again, Sending};
use crate::sink::{Backoff, Class, Database, Error, Progress, Session, Swap};
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
    reading: Reading,
}

/// By what the reader reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// By the database's frontiers.
    Placed,
    /// By none: its batches were recalled, or the database was never reached.
    Unplaced,
}

/// What all writers share.
#[derive(Debug)]
pub struct Writers<D> {
    database: watch::Sender<Arc<Current<D>>>,
    clock: Clock,
    options: Options,
    stop: watch::Receiver<Stop>,
    reader: reader::Handle,
    ledger: Arc<Mutex<Ledger>>,
    note: Arc<Mutex<NoteFile>>,
    turn: watch::Sender<Turn>,
    /// How many writers with a connection wait for a batch.
    at_hand: watch::Sender<usize>,
    placed: Mutex<Option<Placed>>,
    circuit: Mutex<Circuit>,
    pace: Mutex<Pace>,
    metrics: Metrics,
}

/// What writers need to know.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What they do when the database stays away.
    pub patience: Patience,
    /// How many batches may be under way at once, at most.
    pub connections: usize,
}

/// A writer with a connection waits for a batch, as long as this lives.
struct AtHand<'w>(&'w watch::Sender<usize>);

impl<'w> AtHand<'w> {
    fn new(count: &'w watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        AtHand(count)
    }
}

impl Drop for AtHand<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// The database to write to. Another one may take its place while the agent runs.
#[derive(Debug)]
struct Current<D> {
    number: u64,
    database: D,
}

/// What the rows that are being read are made for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Placed {
    /// The number of the database.
    database: u64,
    columns: Columns,
    progress: Progress,
}

/// A writer's connection, if it has one, and to which database.
#[derive(Debug)]
pub struct Seat<S> {
    session: Option<S>,
    database: u64,
}

impl<S> Default for Seat<S> {
    fn default() -> Self {
        Seat { session: None, database: 0 }
    }
}

impl<S> Seat<S> {
    fn clear(&mut self) {
        self.session = None;
    }
}

/// What became of the lines of a batch that are no rows.
#[derive(Debug, Default)]
struct Ends {
    /// Rows that the database refused.
    refused: Vec<Refused>,
    /// Whether the quarantine took them and the lines refused before.
    quarantined: Quarantined,
    /// How long sending and committing took, without the wait for the turn; `None` when the answer was lost.
    took: Option<Duration>,
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
    #[allow(clippy::too_many_arguments, reason = "each is another seam")]
    pub fn new(
        database: D,
        clock: Clock,
        options: Options,
        stop: watch::Receiver<Stop>,
        reader: reader::Handle,
        ledger: Arc<Mutex<Ledger>>,
        note: Arc<Mutex<NoteFile>>,
        metrics: Metrics,
    ) -> Self {
        let turn = watch::Sender::new(Turn { epoch: 0, sequence: 0, reading: Reading::Unplaced });
        let writers = Writers {
            database: watch::Sender::new(Arc::new(Current { number: 0, database })),
            clock,
            options,
            stop,
            reader,
            ledger,
            note,
            turn,
            at_hand: watch::Sender::new(0),
            placed: Mutex::new(None),
            circuit: Mutex::default(),
            pace: Mutex::new(Pace::new(options.connections)),
            metrics,
        };
        writers.tell_pace();
        writers.tell_circuit(State::Untried);
        writers
    }

    /// Goes on with another database, or with other options of the same: from its frontiers, batch by batch.
    pub fn replace_database(&self, database: D) {
        self.database.send_modify(|current| {
            *current = Arc::new(Current { number: current.number + 1, database });
        });
    }

    /// The circuit between the agent and the database, as it is now.
    pub fn circuit(&self) -> Circuit {
        lock(&self.circuit).clone()
    }

    /// Opens the first session, however long that takes, and tells the reader where to begin.
    ///
    /// # Errors
    /// Patience ended, or the agent is being stopped.
    pub async fn start(&self) -> Result<Seat<D::Session>, GaveUp> {
        self.assume(&self.ledger());
        let mut seat = Seat::default();
        self.find_place(&mut seat).await?;
        Ok(seat)
    }

    /// Tells the reader where the database's frontiers stand, however long it takes to learn that.
    async fn find_place(&self, seat: &mut Seat<D::Session>) -> Result<(), GaveUp> {
        let mut backoff = Backoff::default();
        loop {
            self.asking();
            match self.place(seat).await {
                Ok(()) => return Ok(()),
                Err(error) => {
                    seat.clear();
                    self.count(&error);
                    self.wait(seat.database, &error, &mut backoff).await?;
                }
            }
        }
    }

    /// Gives up every batch that is not committed whenever the reader asks for it, for ever.
    pub async fn recall_when_asked(&self) {
        loop {
            self.reader.pulse().recall_asked_for().await;
            let ledger = self.ledger();
            tracing::info!("the batches that wait for the database are given up; their lines count as backlog again");
            self.turn.send_modify(|turn| {
                *turn = Turn { epoch: turn.epoch + 1, sequence: 0, reading: Reading::Unplaced };
            });
            self.assume(&ledger);
        }
    }

    /// Tells the reader where the frontiers probably stand.
    fn assume(&self, ledger: &Ledger) {
        let frontiers = known_frontiers(&ledger.checkpoint);
        self.reader.order(Order::Assume { frontiers, in_doubt: ledger.in_doubt.clone() });
    }

    /// Commits batches as they come, until there are no more.
    ///
    /// # Errors
    /// Patience ended, or the agent is being stopped, with a batch uncommitted.
    pub async fn work(
        &self,
        mut seat: Seat<D::Session>,
        batches: &tokio::sync::Mutex<mpsc::Receiver<Batch>>,
    ) -> Result<(), GaveUp> {
        loop {
            let batch = self.next_batch(&mut seat, batches).await?;
            self.reader.taken();
            match batch {
                Some(batch) => {
                    self.deliver(&mut seat, &batch).await?;
                    self.reader.give_back(batch);
                }
                None => break,
            }
        }
        if let Some(session) = seat.session {
            session.close().await;
        }
        Ok(())
    }

    /// Waits for the next batch; `None` when there are no more. A writer without a connection leaves it to those that have one
    /// and nothing to do: a line that comes alone would wait until it is connected.
    ///
    /// # Errors
    /// The batches were recalled, and patience ended before the database told where to go on.
    async fn next_batch(
        &self,
        seat: &mut Seat<D::Session>,
        batches: &tokio::sync::Mutex<mpsc::Receiver<Batch>>,
    ) -> Result<Option<Batch>, GaveUp> {
        loop {
            let at_hand = seat.session.is_some().then(|| AtHand::new(&self.at_hand));
            if at_hand.is_none() {
                self.others_at_hand(|count| count == 0).await;
            }
            // The lock is held while waiting, so batches are taken in order, and one writer finds the place for all.
            let mut batches = batches.lock().await;
            tokio::select! {
                biased;
                () = self.turn_to(|turn| turn.reading == Reading::Unplaced) => {
                    while let Ok(void) = batches.try_recv() {
                        self.metrics.lines_voided(void.line_count());
                    }
                    drop(at_hand);
                    seat.clear();
                    self.find_place(seat).await?;
                }
                () = self.others_at_hand(|count| count > 0), if at_hand.is_none() => {}
                batch = batches.recv() => return Ok(batch),
            }
        }
    }

    /// Waits until as many writers with a connection wait for a batch as is `wanted`.
    async fn others_at_hand(&self, wanted: impl Fn(usize) -> bool) {
        let waited = self.at_hand.subscribe().wait_for(|count| wanted(*count)).await.is_ok();
        debug_assert!(waited, "the count is ours");
    }

    /// Brings a batch to its end: committed, or void.
    async fn deliver(&self, seat: &mut Seat<D::Session>, batch: &Batch) -> Result<(), GaveUp> {
        let mut backoff = Backoff::default();
        let mut sending = Sending::new(batch);
        let mut unknown = false;
        let mut ends = Ends::default();
        loop {
            self.wait_for_window(batch).await;
            match self.attempt(seat, batch, &mut sending, &mut unknown, &mut ends).await {
                Ok(Attempt::Committed) => {
                    self.committed(seat, batch, &ends).await;
                    return Ok(());
                }
                Ok(Attempt::Void) => {
                    self.metrics.lines_voided(batch.line_count());
                    return Ok(());
                }
                Ok(Attempt::Elsewhere) => match self.set_back(seat, batch).await {
                    Ok(()) => return Ok(()),
                    Err(error) => {
                        seat.clear();
                        self.wait_before(batch, seat.database, &error, &mut backoff).await?;
                    }
                },
                Err(Failure { error, sent }) => {
                    unknown |= sent;
                    let lost = matches!(error.class, Class::Connection | Class::NotTheWriter | Class::Schema);
                    if lost {
                        seat.clear();
                    } else if let Some(open) = &mut seat.session
                        && let Err(error) = open.rollback().await
                    {
                        self.count(&error);
                        seat.clear();
                    }
                    if museum::is(Piece::PassesFailedBatch) {
                        self.committed(seat, batch, &ends).await;
                        return Ok(());
                    }
                    match sending.take_again() {
                        Again::AtOnce => {
                            self.count(&error);
                            tracing::debug!(%error, rows = batch.row_count(), "a row of the batch is not taken; looking for it");
                        }
                        Again::Later => self.wait_before(batch, seat.database, &error, &mut backoff).await?,
                    }
                }
            }
        }
    }

    /// Tries once to commit a batch.
    async fn attempt(
        &self,
        seat: &mut Seat<D::Session>,
        batch: &Batch,
        sending: &mut Sending,
        unknown: &mut bool,
        ends: &mut Ends,
    ) -> Result<Attempt, Failure> {
        if self.is_void(batch) {
            return Ok(Attempt::Void);
        }
        let reconnects = seat.session.is_none();
        let number = self.open(seat).await.map_err(Failure::unsent)?;
        let session = seat.session.as_mut().expect("it was opened above");
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
        if self.server_changed(session, number) {
            // Rows were cut to other columns than the ones that are there now, or follow on another database's frontiers.
            return Ok(Attempt::Elsewhere);
        }
        if museum::is(Piece::FrontierBeforeRows) && self.wait_for_turn(batch).await {
            session.begin().await.map_err(Failure::unsent)?;
            session.swap(batch.moves()).await.map_err(Failure::unsent)?;
            session.commit().await.map_err(Failure::unsent)?;
        }
        if museum::is(Piece::RetriesTheRestOnly) {
            sending.leave_out(usize::from(reconnects && batch.sequence > 0));
        }
        let begun = self.clock.now();
        session.begin().await.map_err(Failure::unsent)?;
        let refused = sending.send(session, batch).await.map_err(Failure::unsent)?;
        ends.refused = refused.into_iter().filter_map(|(row, error)| refuse_row(batch, row, &error)).collect();
        let sent_in = self.since(begun);
        if !self.wait_for_turn(batch).await {
            session.rollback().await.map_err(Failure::unsent)?;
            return Ok(Attempt::Void);
        }
        if !self.begin_commit(batch) {
            session.rollback().await.map_err(Failure::unsent)?;
            return Ok(Attempt::Void);
        }
        ends.quarantined = self.prepare_quarantine(batch, &ends.refused);
        self.note_uncounted(batch, ends);
        let swapped = match ends.quarantined {
            Quarantined::Yes => session.swap(batch.moves()).await,
            Quarantined::No => match self.declare_unwritable(session, batch, &ends.refused).await {
                Ok(()) => session.swap(batch.moves()).await,
                Err(error) => Err(error),
            },
        };
        let swap = match swapped {
            Ok(_) if museum::is(Piece::FrontierBeforeRows) => Swap::Done,
            Ok(swap) => swap,
            Err(error) => {
                self.undone(batch);
                return Err(Failure::unsent(error));
            }
        };
        if swap == Swap::Elsewhere {
            self.undone(batch);
            session.rollback().await.map_err(Failure::unsent)?;
            return Ok(Attempt::Elsewhere);
        }
        if self.is_void(batch) {
            // It was recalled before its frontiers were locked, so the database may have told them as they were, and its
            // lines be read again already: from a copy of their file, at whose frontier no swap would notice.
            session.rollback().await.map_err(Failure::unsent)?;
            return Ok(Attempt::Void);
        }
        let begun = self.clock.now();
        match session.commit().await {
            Ok(()) => {
                let took = self.since(begun);
                self.metrics.commit_took(took);
                ends.took = Some(sent_in + took);
                self.settle_quarantine(batch, Outcome::Committed);
                Ok(Attempt::Committed)
            }
            Err(error) if error.class == Class::Connection => Err(Failure { error, sent: true }),
            Err(error) => {
                self.undone(batch);
                Err(Failure::unsent(error))
            }
        }
    }

    /// Notes that the frontiers of a batch are about to move. `false` when it was recalled before.
    fn begin_commit(&self, batch: &Batch) -> bool {
        let mut ledger = self.ledger();
        let ours = !self.is_void(batch);
        if ours {
            ledger.in_doubt = batch.moves().to_vec();
        }
        ours
    }

    /// Notes what a commit ends that is about to be tried.
    fn note_uncounted(&self, batch: &Batch, ends: &Ends) {
        let mut ledger = self.ledger();
        // Of a void one the database has told already that it did not happen, or tells it without this.
        if !self.is_void(batch) {
            ledger.uncounted = Uncounted::Batch(Box::new(BatchEnds::new(batch, &ends.refused, ends.quarantined)));
        }
    }

    /// Notes that a commit has not happened.
    fn undone(&self, batch: &Batch) {
        if !self.is_void(batch) {
            let mut ledger = self.ledger();
            ledger.in_doubt.clear();
            ledger.uncounted = Uncounted::Nothing;
        }
        self.settle_quarantine(batch, Outcome::Undone);
    }

    /// Declares the lines that the quarantine could not take, in the transaction that passes them.
    async fn declare_unwritable(
        &self,
        session: &mut D::Session,
        batch: &Batch,
        refused: &[Refused],
    ) -> Result<(), Error> {
        let mut declarations: Vec<Declaration> = Vec::new();
        for line in batch.refused().iter().chain(refused) {
            let path = line.origin.path.to_string_lossy();
            let lost = lost(line);
            match declarations.iter_mut().find(|declaration| declaration.path == path) {
                Some(declaration) => declaration.tally.add(lost),
                None => {
                    let mut tally = Tally::default();
                    tally.add(lost);
                    let reason = shed::Reason::QuarantineUnwritable;
                    declarations.push(Declaration { path: path.into_owned(), reason, tally });
                }
            }
        }
        let agent = self.note().agent().to_owned();
        let now = Timestamp::from(self.clock.wall());
        let mut own = Batch::new(batch.epoch, batch.sequence, batch.first_read);
        for declaration in &declarations {
            own.declare(declaration, &agent, now);
        }
        match session.insert_atomic(&own, 0..own.row_count()).await {
            Err(error) if error.class == Class::Data => {
                self.count(&error);
                tracing::error!(%error, "the database refuses to be told of lines let go; only the metrics count them");
                Ok(())
            }
            other => other,
        }
    }

    /// Takes in that a batch was committed, and lets the next one commit.
    async fn committed(&self, seat: &mut Seat<D::Session>, batch: &Batch, ends: &Ends) {
        self.is_back();
        lock(&self.pace).committed(batch.share_of(&self.reader.limits()), ends.took);
        self.tell_pace();
        let rows = batch.line_row_count() - ends.refused.len();
        {
            let mut ledger = self.ledger();
            match &ledger.uncounted {
                Uncounted::Counted(other) if *other == number(batch) => {
                    // So were its lines, which were counted as read once more.
                    self.metrics.lines_voided(batch.line_count());
                }
                uncounted => {
                    BatchEnds::new(batch, &ends.refused, ends.quarantined).count(&self.metrics);
                    if matches!(uncounted, Uncounted::Batch(other) if other.batch == number(batch)) {
                        ledger.uncounted = Uncounted::Nothing;
                    }
                }
            }
        }
        self.metrics.batch_committed(rows as u64, self.since(batch.first_read));
        {
            let mut ledger = self.ledger();
            let turn = *self.turn.borrow();
            // The answer may come after a recall, when the database has told its frontiers anew.
            if turn.epoch == batch.epoch || turn.reading == Reading::Unplaced {
                ledger.checkpoint.moved(batch.moves());
                ledger.checkpoint.forget(batch.gone());
                ledger.in_doubt.clear();
                ledger.unsaved = true;
            }
            if turn.epoch == batch.epoch {
                self.metrics.settled(batch.backlog_bytes());
            }
        }
        let noted = self.declared(batch);
        // Reading may have been set back while this commit was under way; then other numbers count now.
        self.turn.send_if_modified(|turn| {
            let ours = turn.epoch == batch.epoch;
            if ours {
                turn.sequence = batch.sequence + 1;
            }
            ours
        });
        self.reader.pulse().committed(batch.epoch, batch.sequence + 1);
        self.reader.bell().ring();
        // A frontier says that its file's lines were declared for as long as the note does not.
        if noted == Noted::Yes
            && !batch.gone().is_empty()
            && let Some(open) = &mut seat.session
            && let Err(error) = open.forget(batch.gone()).await
        {
            // They are forgotten at a later start.
            self.count(&error);
            tracing::debug!(%error, "frontiers of deleted files stay in the database for now");
            seat.clear();
        }
    }

    /// Takes out of the note what a batch has declared.
    fn declared(&self, batch: &Batch) -> Noted {
        let mut keeper = self.note();
        match (keeper.note_mut().committed(batch.moves()), keeper.on_disk()) {
            (Changed::No, OnDisk::Current) => Noted::Yes,
            (Changed::No, OnDisk::Former) | (Changed::Yes, _) => match aside(|| keeper.save()) {
                Ok(()) => Noted::Yes,
                Err(error) => {
                    tracing::warn!(%error, "the note of lines let go cannot be written; what is declared stays in it for now");
                    Noted::No
                }
            },
        }
    }

    /// Sets reading back to the database's frontiers; every batch that was read before is void.
    async fn set_back(&self, seat: &mut Seat<D::Session>, batch: &Batch) -> Result<(), Error> {
        if self.is_void(batch) {
            self.metrics.lines_voided(batch.line_count());
            return Ok(());
        }
        if lock(&self.placed).as_ref().is_some_and(|placed| placed.database == seat.database) {
            tracing::warn!(
                "the database's frontiers are not where this agent left them; reading goes on from where they are"
            );
        }
        self.place(seat).await?;
        self.metrics.lines_voided(batch.line_count());
        Ok(())
    }

    /// Tells the reader where the frontiers stand.
    async fn place(&self, seat: &mut Seat<D::Session>) -> Result<(), Error> {
        let number = self.open(seat).await?;
        let session = seat.session.as_mut().expect("it was opened above");
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
                known_frontiers(&ledger.checkpoint)
            }
        };
        let positions: HashMap<FileKey, Position> =
            frontiers.iter().map(|frontier| (frontier.file, frontier.position)).collect();
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
        ledger.in_doubt.clear();
        self.count_recalled(&mut ledger, &positions);
        *lock(&self.placed) = Some(Placed { database: number, columns: columns.clone(), progress });
        self.turn.send_modify(|turn| {
            *turn = Turn { epoch: turn.epoch + 1, sequence: 0, reading: Reading::Placed };
        });
        let epoch = self.turn.borrow().epoch;
        self.reader.pulse().set_back(epoch);
        // Under the ledger's lock, so that the reader is told in the order in which the epochs began.
        self.reader.order(Order::Place { epoch, frontiers, columns });
        drop(ledger);
        self.is_back();
        Ok(())
    }

    /// Counts the ends of a batch that was recalled while its outcome was unknown, if its commit has happened: its lines are
    /// not read again. They count as read once more, since the batch counts them as void.
    fn count_recalled(&self, ledger: &mut Ledger, frontiers: &HashMap<FileKey, Position>) {
        let Uncounted::Batch(ends) = std::mem::take(&mut ledger.uncounted) else { return };
        let place = |position: &Position| (position.generation, position.offset);
        let passed = |(file, to): &(FileKey, Position)| frontiers.get(file).is_some_and(|at| place(at) >= place(to));
        if ends.to.iter().all(passed) {
            ends.count(&self.metrics);
            self.metrics.lines_read_after_all(ends.lines);
            ledger.uncounted = Uncounted::Counted(ends.batch);
        }
    }

    /// Finds out whether a commit happened whose answer was lost.
    async fn resolve(&self, session: &mut D::Session, batch: &Batch) -> Result<Resolved, Error> {
        let frontiers = session.frontiers().await?;
        if session.server().progress == Progress::Absent {
            self.settle_quarantine(batch, Outcome::Undone);
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
        match resolved {
            Resolved::Happened | Resolved::Neither => {}
            Resolved::DidNot => self.ledger().in_doubt.clear(),
        }
        let outcome = match resolved {
            Resolved::Happened => Outcome::Committed,
            Resolved::DidNot | Resolved::Neither => Outcome::Undone,
        };
        self.settle_quarantine(batch, outcome);
        tracing::info!(
            happened = resolved == Resolved::Happened,
            "the outcome of a commit was unknown; the frontier told it"
        );
        Ok(resolved)
    }

    /// Makes sure that there is a session to the current database, and returns that one's number.
    async fn open(&self, seat: &mut Seat<D::Session>) -> Result<u64, Error> {
        let current = Arc::clone(&self.database.borrow());
        if seat.database != current.number
            && let Some(session) = seat.session.take()
        {
            session.close().await;
        }
        seat.database = current.number;
        if seat.session.is_none() {
            seat.session = Some(current.database.connect().await?);
        }
        Ok(current.number)
    }

    fn server_changed(&self, session: &D::Session, database: u64) -> bool {
        let server = session.server();
        let there = Placed { database, columns: server.columns.clone(), progress: server.progress };
        lock(&self.placed).as_ref().is_some_and(|placed| *placed != there)
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

    /// Waits until the batch is among those that may be under way: as many as the pace allows, from the one on whose turn
    /// it is to commit. So while the database is away, one writer asks for it and not all of them.
    async fn wait_for_window(&self, batch: &Batch) {
        let width = || lock(&self.pace).width() as u64;
        self.turn_to(|turn| turn.epoch != batch.epoch || batch.sequence < turn.sequence + width()).await;
    }

    /// Waits for a turn that is as `wanted`.
    async fn turn_to(&self, wanted: impl FnMut(&Turn) -> bool) {
        if self.turn.subscribe().wait_for(wanted).await.is_err() {
            // The turn goes with the writers, so nobody waits any more.
            std::future::pending::<()>().await;
        }
    }

    /// Waits before the next attempt at a batch; no longer than it is worth one. Only the batch whose turn it is tells
    /// whether the database takes requests: a connection more that is not to be had, while others commit, is no outage.
    async fn wait_before(&self, batch: &Batch, asked: u64, error: &Error, backoff: &mut Backoff) -> Result<(), GaveUp> {
        self.count(error);
        let is_head = {
            let turn = self.turn.borrow();
            turn.epoch == batch.epoch && turn.sequence == batch.sequence
        };
        if is_head {
            return tokio::select! {
                biased;
                () = self.turn_to(|turn| turn.epoch != batch.epoch) => Ok(()),
                waited = self.wait(asked, error, backoff) => waited,
            };
        }
        tracing::debug!(class = error.class.as_str(), %error, "a batch waits for its turn to be tried again");
        lock(&self.pace).failed();
        self.tell_pace();
        Ok(())
    }

    /// Waits before the next attempt, after the database of the number `asked` failed.
    async fn wait(&self, asked: u64, error: &Error, backoff: &mut Backoff) -> Result<(), GaveUp> {
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
        if let Patience::Limited(limit) = self.options.patience {
            let left = limit.saturating_sub(self.since(since));
            if left.is_zero() {
                return Err(GaveUp::DatabaseAway(error.clone()));
            }
            pause = pause.min(left);
        }
        let mut stop = self.stop.clone();
        let told = async {
            if stopping || stop.wait_for(|stop| *stop == Stop::Finish).await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        let mut database = self.database.subscribe();
        // When asked to stop, one attempt more: a long wait is no reason to leave lines behind. And another database is
        // asked at once.
        tokio::select! {
            biased;
            () = told => {}
            changed = database.wait_for(|current| current.number != asked) => debug_assert!(changed.is_ok(), "it is ours"),
            () = self.clock.sleep(pause) => {}
        }
        self.asking();
        Ok(())
    }

    /// Notes that the database is asked again, if it was away.
    fn asking(&self) {
        let mut circuit = lock(&self.circuit);
        circuit.asking();
        self.tell_circuit(circuit.state());
    }

    fn since(&self, then: Instant) -> Duration {
        self.clock.now().saturating_duration_since(then)
    }

    fn count(&self, error: &Error) {
        self.metrics.database_errors.with_label_values(&[error.class.as_str()]).inc();
    }

    /// Notes that the database did not do a request, and returns since when it does not. Logs the change only.
    fn is_away(&self, error: &Error) -> Instant {
        lock(&self.pace).failed();
        self.tell_pace();
        let now = self.clock.now();
        let mut circuit = lock(&self.circuit);
        match circuit.failed(error.class, error.to_string(), now) {
            News::Opened => {
                tracing::warn!(
                    class = error.class.as_str(),
                    "the database is away: {error}; the lines wait in the spool"
                );
            }
            News::None => tracing::debug!(class = error.class.as_str(), "{error}; tried again"),
        }
        self.tell_circuit(circuit.state());
        let since = circuit.away_since(now);
        self.reader.pulse().failing(since);
        since
    }

    fn is_back(&self) {
        self.reader.pulse().well();
        let mut circuit = lock(&self.circuit);
        match circuit.succeeded(self.clock.now()) {
            Return::None => {}
            Return::First => tracing::info!("the database takes rows"),
            Return::After(away) => {
                tracing::info!(after_seconds = away.as_secs_f64(), "the database takes rows again");
            }
        }
        self.tell_circuit(circuit.state());
    }

    fn tell_circuit(&self, state: State) {
        match state {
            State::Closed => self.metrics.database_up.set(1),
            State::Untried | State::Open(_) | State::HalfOpen(_) => self.metrics.database_up.set(0),
        }
        for word in State::WORDS {
            self.metrics.database_circuit.with_label_values(&[word]).set(i64::from(word == state.as_str()));
        }
    }

    /// Tells the reader how large batches may be.
    fn tell_pace(&self) {
        let (share, width) = {
            let pace = lock(&self.pace);
            (pace.share(), pace.width())
        };
        self.reader.allow(share);
        self.metrics.batch_share.set(share);
        self.metrics.batches_at_once.set(width as i64);
    }

    /// Writes the records of refused lines. What cannot be written is let go, and counted: a full disk under the state
    /// directory must not stop the shipping.
    fn prepare_quarantine(&self, batch: &Batch, refused: &[Refused]) -> Quarantined {
        if batch.refused().is_empty() && refused.is_empty() {
            return Quarantined::Yes;
        }
        let now = Timestamp::from(self.clock.wall());
        let records = batch.refused().iter().chain(refused);
        let prepared = aside(|| {
            let mut ledger = self.ledger();
            let prepared = ledger.quarantine.prepare(records, batch.moves(), now);
            self.metrics.quarantine_dropped.inc_by(ledger.quarantine.take_dropped());
            prepared
        });
        match prepared {
            Ok(()) => Quarantined::Yes,
            Err(error) => {
                let lines = batch.refused().len() + refused.len();
                tracing::error!(%error, lines, "the quarantine cannot be written to; lines that belong there are let go");
                Quarantined::No
            }
        }
    }

    fn settle_quarantine(&self, batch: &Batch, outcome: Outcome) {
        if self.is_void(batch) {
            // The database's frontiers tell the outcome when reading begins anew, or have told it.
            return;
        }
        if !self.ledger().quarantine.is_pending() {
            return;
        }
        if let Err(error) = aside(|| self.ledger().quarantine.settle(outcome)) {
            tracing::error!(%error, "quarantine records cannot be settled; a record may appear twice or be missing");
        }
    }

    fn note(&self) -> MutexGuard<'_, NoteFile> {
        self.note.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }
}

/// Whether the note says what the database does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Noted {
    Yes,
    No,
}

/// The frontiers as a checkpoint knows them.
fn known_frontiers(checkpoint: &Checkpoint) -> Vec<Frontier> {
    let frontier = |(file, known): (&FileKey, &Known)| Frontier {
        file: *file,
        path: known.path.clone().into(),
        position: known.position,
        idle: Duration::ZERO,
    };
    checkpoint.files().iter().map(frontier).collect()
}

/// What the frontier says of a commit whose answer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resolved {
    Happened,
    DidNot,
    Neither,
}

/// The quarantine's view of a row that the database refused; none, if it is no line's.
fn refuse_row(batch: &Batch, index: usize, error: &Error) -> Option<Refused> {
    let row = batch.rows(index..index + 1).next().expect("the row is one of the batch's");
    if row.source == Source::Own {
        tracing::error!(%error, "the database refuses to be told of lines let go; only the metrics count them");
        return None;
    }
    let why = Rejected { reason: Reason::RejectedByDatabase, detail: error.to_string() };
    Some(Refused { origin: row.origin.to_origin(), severity: row.severity, why, line: row.to_line().cut(LINE_MAX) })
}
