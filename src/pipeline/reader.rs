//! The reading half: lines from the spool, through record, scrub and row, into batches.
//!
//! It runs on a thread of its own, since reading files blocks. While the writers take no batch it goes on looking at the
//! spool, so that files which are rotated away or deleted meanwhile are held, but makes no rows. What it lets go of when
//! that lasts too long, and how, is in `relief`.
//!
//! Invariant: no row is made before the database's frontiers are known.
//! Invariant: it holds one batch that is being filled and one that is waiting to be taken.

mod relief;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::pulse::Pulse;
use super::watchdog::{Waiting, Watchdog};
use crate::batch::{self, Batch, OriginRef, Refused, Room};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::museum;
use crate::quarantine::LINE_MAX;
use crate::record::{self, Columns, Reason, Rejected, Severity, Timestamp};
use crate::report::{self, FileBacklog};
use crate::row::Row;
use crate::scrub::{Extent, ScrubbedText, Scrubber};
use crate::shed::note::NoteFile;
use crate::shed::{self, Lost};
use crate::spool::files::FileSystem;
use crate::spool::hints::{Bell, Hint, Watch};
use crate::spool::tail::{Content, Flow, Line};
use crate::spool::{self, Frontier, Move, Paths, Spool};

/// When the reader has done its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// When it is told to stop.
    Stopped,
    /// When everything in the spool was read.
    Drained,
}

/// What the reader is told.
#[derive(Debug)]
pub enum Order {
    /// Where the frontiers stand: begin there, or go back there. Batches carry `epoch` from now on.
    Place {
        /// Numbers the times this was said.
        epoch: u64,
        /// The frontiers of the database.
        frontiers: Vec<Frontier>,
        /// The table's columns.
        columns: Columns,
    },
    /// Go on with other options.
    Reload(Box<Reload>),
    /// The database is not there to say where the frontiers stand: where they probably do. What was read and not
    /// committed is void, and no row is made until the frontiers are known.
    Assume {
        /// The frontiers as they were last known.
        frontiers: Vec<Frontier>,
        /// Steps that a commit of unknown outcome may have made since.
        in_doubt: Vec<Move>,
    },
    /// Send what was read and end.
    Stop,
}

/// What the reader goes on with after the config was read again.
#[derive(Debug)]
pub struct Reload {
    /// Reading.
    pub options: Options,
    /// The spool.
    pub spool: spool::Options,
    /// Scrubbing.
    pub scrubber: Scrubber,
}

/// How the other half talks to the reader.
#[derive(Debug, Clone, Default)]
pub struct Handle {
    bell: Bell,
    pulse: Arc<Pulse>,
    watchdog: Arc<Watchdog>,
    orders: Arc<Mutex<Vec<Order>>>,
    size: Arc<Mutex<Size>>,
    view: Arc<Mutex<View>>,
    rooms: Arc<Mutex<Vec<Room>>>,
}

/// What the reader saw of the spool a moment ago.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct View {
    /// The files with the most bytes that are not read yet.
    pub files: Vec<FileBacklog>,
    /// How many more files have such bytes.
    pub more_files: u64,
    /// Paths that belong to the spool and are not read.
    pub not_read: u64,
}

/// How large a batch may become.
#[derive(Debug, Clone, Copy)]
struct Size {
    /// By the config.
    limits: batch::Limits,
    /// The share of that which the pace allows now.
    share: f64,
}

impl Default for Size {
    fn default() -> Self {
        let limits = batch::Limits { lines_max: 1, bytes_max: 1, memory_max: 1, wait_max: Duration::ZERO };
        Size { limits, share: 1.0 }
    }
}

impl Handle {
    /// Gives an order.
    pub fn order(&self, order: Order) {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner).push(order);
        self.bell.ring();
    }

    /// Says that a batch was taken, and there may be room for another.
    pub fn taken(&self) {
        self.bell.ring();
    }

    /// Gives back the room of a batch that has come to its end.
    pub fn give_back(&self, batch: Batch) {
        let room = batch.into_room();
        let mut rooms = self.rooms();
        if rooms.len() < ROOMS_MAX {
            rooms.push(room);
        }
    }

    /// How many batches' rooms wait to be used again.
    #[cfg(test)]
    pub(crate) fn rooms_given_back(&self) -> usize {
        self.rooms().len()
    }

    fn rooms(&self) -> MutexGuard<'_, Vec<Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says how large batches may be, as a share of what the config allows.
    pub fn allow(&self, share: f64) {
        self.size().share = share;
    }

    /// How large batches may be by the config.
    pub fn limits(&self) -> batch::Limits {
        self.size().limits
    }

    fn set_limits(&self, limits: batch::Limits) {
        self.size().limits = limits;
    }

    fn limits_now(&self) -> batch::Limits {
        let size = *self.size();
        size.limits.scaled(size.share)
    }

    fn size(&self) -> MutexGuard<'_, Size> {
        self.size.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the reader gets to know of the writing half.
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Who knows whether it makes progress.
    pub fn watchdog(&self) -> &Arc<Watchdog> {
        &self.watchdog
    }

    /// What the reader saw of the spool a moment ago.
    pub fn view(&self) -> View {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The bell that wakes the reader.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    fn take_orders(&self) -> Vec<Order> {
        std::mem::take(&mut self.orders.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What the reader needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// When it ends.
    pub until: Until,
    /// How long at most until the spool is looked at without a hint.
    pub rescan_interval: Duration,
    /// How large a batch may become.
    pub batch: batch::Limits,
    /// The longest line that is read, in bytes. For the message; the spool keeps to it.
    pub max_line_bytes: usize,
    /// What is let go when there is too much.
    pub shed: shed::limits::Options,
}

/// The reading half.
#[derive(Debug)]
pub struct Reader<S: FileSystem> {
    options: Options,
    clock: Clock,
    handle: Handle,
    watch: Watch,
    directories: Vec<std::path::PathBuf>,
    spool: Spool<S>,
    maker: Maker,
    outbox: Option<Batch>,
    sender: mpsc::Sender<Batch>,
    epoch: Option<u64>,
    /// The batches on their way, with the number of the last step in each.
    on_their_way: VecDeque<(u64, u64)>,
    /// When the spool is looked at without a hint.
    rescan_due: Instant,
    /// Hints do not make it scan before this.
    scan_not_before: Instant,
    /// When it is looked at next which files have most to read.
    view_due: Instant,
    /// When the last batch was closed.
    sealed: Instant,
    stopping: bool,
    /// Whether the spool was looked at since the frontiers are known.
    placed_and_scanned: bool,
    shed: relief::State,
    /// What was let go and is not declared yet.
    note: Arc<Mutex<NoteFile>>,
    /// Whose lines it reads, for the declarations.
    agent: String,
    metrics: Metrics,
}

/// What the reader did, or waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There may be more to do.
    Again,
    /// Nothing is to be done before this moment, unless the bell rings.
    WaitUntil(Instant),
    /// It has ended, and this many files and directories could not be read at last.
    Ended(usize),
}

/// The shortest time between two scans that only a hint asked for.
const SCAN_PAUSE: Duration = Duration::from_millis(10);

/// How many times longer than a scan the pause behind it is: hints may cost at most this part of a core.
const SCAN_SHARE: u32 = 20;

/// The room of at most this many batches is kept for others.
const ROOMS_MAX: usize = 4;

/// How often it is looked at which files have most to read.
const VIEW_INTERVAL: Duration = Duration::from_millis(500);

/// Makes rows of lines, and batches of rows.
#[derive(Debug)]
struct Maker {
    scrubber: Scrubber,
    columns: Columns,
    limits: batch::Limits,
    max_line_bytes: usize,
    batch: Batch,
    /// Lines that no metric counts yet.
    lines_taken: u64,
}

impl<S: FileSystem> Reader<S> {
    /// A reader of `spool` that sends its batches to `sender`.
    #[allow(clippy::too_many_arguments, reason = "each is another seam")]
    pub fn new(
        options: Options,
        clock: Clock,
        handle: Handle,
        watch: Watch,
        spool: Spool<S>,
        scrubber: Scrubber,
        sender: mpsc::Sender<Batch>,
        note: Arc<Mutex<NoteFile>>,
        metrics: Metrics,
    ) -> Self {
        let agent = note.lock().unwrap_or_else(PoisonError::into_inner).agent().to_owned();
        let now = clock.now();
        let maker = Maker {
            scrubber,
            columns: Columns::default(),
            limits: options.batch,
            max_line_bytes: options.max_line_bytes,
            batch: Batch::new(0, 0, now),
            lines_taken: 0,
        };
        handle.set_limits(options.batch);
        let directories = spool.directories();
        Reader {
            // The first batch after a pause does not wait: the pause was before the start.
            sealed: now.checked_sub(options.batch.wait_max).unwrap_or(now),
            shed: relief::State::new(options.shed.clone(), now),
            options,
            clock,
            handle,
            watch,
            directories,
            spool,
            maker,
            outbox: None,
            sender,
            epoch: None,
            on_their_way: VecDeque::new(),
            rescan_due: now,
            scan_not_before: now,
            view_due: now,
            stopping: false,
            placed_and_scanned: false,
            note,
            agent,
            metrics,
        }
    }

    /// Reads until it is told to stop, or until the spool is drained, or until nobody takes batches any more. Returns how
    /// many files and directories it could not read at last.
    pub fn run(mut self) -> usize {
        loop {
            let step = self.step();
            let now = self.clock.now();
            match step {
                Step::Again => self.handle.watchdog.reading_turned(now, now, self.waiting()),
                Step::WaitUntil(until) => {
                    self.handle.watchdog.reading_turned(now, until.max(now), self.waiting());
                    self.handle.bell().wait(until);
                }
                Step::Ended(unreadable) => return unreadable,
            }
        }
    }

    /// What becomes of the batches that were closed.
    fn waiting(&self) -> Waiting {
        let standing = self.handle.pulse().standing();
        let uncommitted = |(sequence, _): &(u64, u64)| *sequence >= standing.settled;
        match self.on_their_way.back() {
            Some(last) if self.epoch == Some(standing.epoch) && uncommitted(last) => Waiting::ForCommit,
            Some(_) | None => Waiting::ForNothing,
        }
    }

    /// Does the next piece of work. Never waits, but for the file system.
    pub fn step(&mut self) -> Step {
        let now = self.clock.now();
        for order in self.handle.take_orders() {
            match order {
                Order::Place { epoch, frontiers, columns } => {
                    self.place(epoch, frontiers, columns, now);
                    self.rescan_due = now;
                    self.placed_and_scanned = false;
                }
                Order::Reload(reload) => {
                    self.reload(*reload, now);
                    self.rescan_due = now;
                    self.placed_and_scanned = false;
                }
                Order::Assume { frontiers, in_doubt } => self.assume(frontiers, in_doubt, now),
                Order::Stop => self.stopping = true,
            }
        }
        self.maker.limits = self.handle.limits_now();
        self.look(now);
        if !self.stopping && self.relieve(now) {
            return Step::Again;
        }
        match self.send() {
            Sent::Yes | Sent::Nothing => {}
            Sent::NoRoom => return Step::WaitUntil(self.rescan_due),
            Sent::NobodyThere => return Step::Ended(self.spool.unreadable()),
        }
        let exhausted = self.placed_and_scanned && self.spool.is_exhausted() && self.holds_nothing();
        let drained = self.options.until == Until::Drained && exhausted;
        if !self.stopping && self.epoch.is_some() && (self.declare() || self.read(now)) {
            if self.maker.batch.is_full(&self.maker.limits) {
                self.seal(now);
            }
            return Step::Again;
        }
        let due = self.sealed + self.options.batch.wait_max;
        if self.maker.batch.is_empty() {
            if self.stopping || drained {
                return Step::Ended(self.spool.unreadable());
            }
            // Nobody knows how long there will be nothing to read.
            self.maker.batch.shrink();
            self.spool.shrink();
            self.handle.rooms().clear();
            Step::WaitUntil(self.rescan_due)
        } else if self.stopping || drained || now >= due {
            self.seal(now);
            Step::Again
        } else {
            Step::WaitUntil(due.min(self.rescan_due))
        }
    }

    /// How many bytes of room it keeps to read into, and for batches that are not on their way.
    #[cfg(test)]
    pub(crate) fn room(&self) -> usize {
        let given_back: usize = self.handle.rooms().iter().map(Room::bytes).sum();
        self.spool.room() + self.maker.batch.room_bytes() + given_back
    }

    /// Its scrubber, for the next reader.
    #[cfg(test)]
    pub(crate) fn into_scrubber(self) -> Scrubber {
        self.maker.scrubber
    }

    /// Sets reading to the database's frontiers. What was read and not committed is read again.
    fn place(&mut self, epoch: u64, frontiers: Vec<Frontier>, columns: Columns, now: Instant) {
        self.finish_recall(now);
        self.void();
        let frontiers = self.reconcile(frontiers, now);
        self.epoch = Some(epoch);
        self.maker.columns = columns;
        self.maker.batch = Batch::new(epoch, 0, now);
        self.spool.place(frontiers, now);
    }

    /// Goes on with other options. The batch that is being filled is closed first, unless the one before still waits.
    fn reload(&mut self, reload: Reload, now: Instant) {
        if self.outbox.is_none() && !self.maker.batch.is_empty() {
            self.seal(now);
        }
        self.handle.set_limits(reload.options.batch);
        self.maker.max_line_bytes = reload.options.max_line_bytes;
        self.maker.scrubber = reload.scrubber;
        self.shed.set_limits(reload.options.shed.clone());
        self.options = Options { until: self.options.until, ..reload.options };
        if self.spool.set_options(reload.spool) == Paths::Others {
            self.directories = self.spool.directories();
            self.watch = Watch::new(self.handle.bell().clone(), self.spool.depth());
        }
    }

    /// Looks at the spool as far as there is reason to.
    fn look(&mut self, now: Instant) {
        let hinted = match self.handle.bell().take_hint() {
            Hint::Everything => !museum::is(museum::Piece::OverflowIgnored),
            Hint::Nothing => false,
            Hint::Grown(paths) => paths.iter().filter(|path| !self.spool.touch(path, now)).count() > 0,
        };
        if hinted {
            self.rescan_due = self.rescan_due.min(self.scan_not_before);
        }
        if museum::is(museum::Piece::OverflowIgnored) && self.placed_and_scanned && !hinted {
            self.rescan_due = now + self.options.rescan_interval;
        }
        if now < self.rescan_due {
            return;
        }
        self.settle();
        self.watch.watch(self.directories.iter().map(|directory| &**directory));
        self.spool.scan(now);
        self.placed_and_scanned = self.epoch.is_some();
        self.tell_overview(now);
        self.after_scan(now);
        let ended = self.clock.now();
        self.scan_not_before = ended + SCAN_PAUSE.max(ended.saturating_duration_since(now) * SCAN_SHARE);
        self.rescan_due =
            if self.spool.take_wants_scan() { self.scan_not_before } else { now + self.options.rescan_interval };
    }

    /// Looks again soon when the spool wants it.
    fn scan_if_wanted(&mut self) {
        if self.spool.take_wants_scan() {
            self.rescan_due = self.rescan_due.min(self.scan_not_before);
        }
    }

    /// Tells the spool which steps are in the database.
    fn settle(&mut self) {
        let standing = self.handle.pulse().standing();
        if self.epoch != Some(standing.epoch) {
            return;
        }
        while let Some((_, steps)) = self.on_their_way.pop_front_if(|(sequence, _)| *sequence < standing.settled) {
            self.spool.settle(steps);
        }
    }

    fn tell_overview(&mut self, now: Instant) {
        let overview = self.spool.overview();
        self.metrics.files.set(overview.files as i64);
        self.metrics.files_open.set(overview.files_open as i64);
        self.metrics.files_unfinished.set(overview.files_unfinished as i64);
        self.metrics.unread(overview.unread_bytes);
        if now >= self.view_due {
            self.view_due = now + VIEW_INTERVAL;
            self.tell_view();
        }
    }

    fn tell_view(&self) {
        let (files, more) = self.spool.largest(report::FILES_MAX);
        let backlog = |(path, unread_bytes): (Arc<Path>, u64)| FileBacklog {
            path: path.to_string_lossy().into_owned(),
            unread_bytes,
        };
        let view = View {
            files: files.into_iter().map(backlog).collect(),
            more_files: more as u64,
            not_read: self.spool.not_read() as u64,
        };
        self.metrics.paths_not_read.set(view.not_read as i64);
        *self.handle.view.lock().unwrap_or_else(PoisonError::into_inner) = view;
    }

    /// Gives the file whose turn it is its turn. Says whether there was one.
    fn read(&mut self, now: Instant) -> bool {
        let read_at = Timestamp::from(self.clock.wall());
        let (maker, shed) = (&mut self.maker, &self.shed);
        let progress = self.spool.turn(now, |path, line| maker.take(path, line, now, read_at, shed));
        self.metrics.lines_taken(std::mem::take(&mut self.maker.lines_taken));
        self.scan_if_wanted();
        let maker = &mut self.maker;
        let Some(progress) = progress else {
            let gone = self.spool.take_gone();
            maker.batch.forget(gone);
            return false;
        };
        if let Some(step) = progress.moved {
            if progress.seen.is_some() {
                self.metrics.unsettled(step.spool_bytes());
                maker.batch.advance(step);
            } else {
                maker.batch.pass(step);
            }
            self.shed.filling_since = [self.shed.filling_since, progress.seen].into_iter().flatten().min();
        }
        for (kind, bytes) in [("nul_hole", progress.skipped.nul_bytes), ("bom", progress.skipped.mark_bytes)] {
            if bytes > 0 {
                self.metrics.bytes_skipped.with_label_values(&[kind]).inc_by(bytes);
            }
        }
        for (rule, hits) in self.maker.scrubber.take_hits() {
            self.metrics.secrets_scrubbed.with_label_values(&[rule]).inc_by(hits);
        }
        true
    }

    /// Closes the batch that is being filled.
    fn seal(&mut self, now: Instant) {
        self.sealed = now;
        self.settle();
        self.on_their_way.push_back((self.maker.batch.sequence, self.spool.steps()));
        let room = self.handle.rooms().pop();
        let next = self.maker.batch.next(room, now);
        let mut batch = std::mem::replace(&mut self.maker.batch, next);
        batch.close(&self.agent, Timestamp::from(self.clock.wall()));
        self.shed.sealed(batch.sequence, batch.backlog_bytes());
        self.outbox = Some(batch);
        self.tell_overview(now);
    }

    fn keeper(&self) -> MutexGuard<'_, NoteFile> {
        self.note.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&mut self) -> Sent {
        let Some(batch) = self.outbox.take() else { return Sent::Nothing };
        match self.sender.try_send(batch) {
            Ok(()) => Sent::Yes,
            Err(mpsc::error::TrySendError::Full(batch)) => {
                self.outbox = Some(batch);
                Sent::NoRoom
            }
            Err(mpsc::error::TrySendError::Closed(_)) => Sent::NobodyThere,
        }
    }
}

enum Sent {
    Yes,
    Nothing,
    NoRoom,
    NobodyThere,
}

impl Maker {
    /// Takes a line into the batch, as a row or as a refused line.
    fn take(
        &mut self,
        path: &Arc<Path>,
        line: Line<'_>,
        now: Instant,
        read_at: Timestamp,
        shed: &relief::State,
    ) -> Flow {
        self.lines_taken += 1;
        if self.batch.is_empty() && self.batch.line_count() == 0 {
            self.batch.first_read = now;
        }
        let origin = OriginRef { path, offset: line.offset, length: line.length };
        match line.content {
            Content::Whole(bytes) => {
                if let Err(why) = self.make_row(origin, bytes, read_at, shed) {
                    let line = self.scrub_refused(bytes, Extent::Whole);
                    self.batch.refuse(Refused { origin: origin.to_origin(), severity: Severity::Info, why, line });
                }
            }
            Content::TooLong(head) => {
                let detail = format!("{} bytes, and `spool.max_line_bytes` is {}", line.length, self.max_line_bytes);
                let why = Rejected { reason: Reason::TooLong, detail };
                let line = self.scrub_refused(head, Extent::CutOff);
                self.batch.refuse(Refused { origin: origin.to_origin(), severity: Severity::Info, why, line });
            }
        }
        if self.batch.is_full(&self.limits) { Flow::Enough } else { Flow::More }
    }

    fn make_row(
        &mut self,
        origin: OriginRef<'_>,
        bytes: &[u8],
        read_at: Timestamp,
        shed: &relief::State,
    ) -> Result<(), Rejected> {
        let record = record::parse(bytes, read_at, &self.columns)?;
        if shed.lets_go_of(record.severity) {
            let OriginRef { path, offset, length } = origin;
            let (severity, created_at) = (record.severity, Some(record.created_at));
            let line = Lost { offset, length, severity, created_at };
            self.batch.let_go(path, shed::Reason::SoftBacklogBytes, line);
            return Ok(());
        }
        let scrubbed = self.scrubber.scrub(record)?;
        let row = Row::compose(scrubbed, &self.columns)?;
        self.batch.push(origin, &row);
        Ok(())
    }

    /// Scrubs a line for the quarantine; only then is it cut.
    fn scrub_refused(&mut self, bytes: &[u8], extent: Extent) -> ScrubbedText {
        self.scrubber.scrub_text(&String::from_utf8_lossy(bytes), extent).cut(LINE_MAX)
    }
}

/// What a declaration tells of a line.
fn facts(line: &Line<'_>, read_at: Timestamp, columns: &Columns) -> Lost {
    let record = match line.content {
        Content::Whole(bytes) => record::parse(bytes, read_at, columns).ok(),
        Content::TooLong(_) => None,
    };
    Lost {
        offset: line.offset,
        length: line.length,
        severity: record.as_ref().map_or(Severity::Info, |record| record.severity),
        created_at: record.map(|record| record.created_at),
    }
}
