//! The reading half while the database cannot take it all: what is let go, and how that is kept until it is declared.
//!
//! While the database answers, lines are let go where reading stands, and declared by the batch that passes them. While it
//! is away, the oldest lines are those in the batches that wait for it. These are recalled first, and reading is set back
//! to the frontiers as they were last known; from there lines are only counted, and the count is on disk before they are
//! passed over. No row is made until the database is back.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{Reader, Until, facts};
use crate::record::Timestamp;
use crate::shed::limits::{self, Limits, Relief};
use crate::shed::note::{Certainty, GAPS, Passed, Sureness, gaps_position};
use crate::shed::trend::{AWAY_AFTER, Course, Trend};
use crate::shed::{Declaration, Reason, Tally};
use crate::spool::files::FileSystem;
use crate::spool::tail::Flow;
use crate::spool::{Bound, ContentKey, CopiesDue, FileKey, Frontier, Move, Position, Reach, possible_originals};

/// How often the backlog is held against the limits while there is nothing to let go.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How long after the note could not be written it is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// How many turns of files make one round, after which orders are looked at again.
const TURNS_OF_ROUND: usize = 64;

/// How long a passage is held back at most. Twice what the spool waits for paths that cannot be looked at.
const HELD_MAX: Duration = Duration::from_secs(60);

/// How long a file that is gone may come back before it is declared what is guessed of it.
const RETURN_WAIT: Duration = Duration::from_secs(30);

/// How many gaps one batch declares.
const GAPS_OF_BATCH: usize = 500;

/// A batch that was closed and is not committed.
#[derive(Debug)]
struct InFlight {
    sequence: u64,
    backlog_bytes: u64,
    /// When its oldest line was first seen.
    since: Option<Instant>,
}

/// Whether the batches that wait for the database were asked back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Recall {
    No,
    AskedFor,
    /// They came back, and nothing was let go yet.
    Done,
}

/// What is known of the frontiers without the database.
#[derive(Debug, Default)]
pub(super) struct Assumed {
    frontiers: Vec<Frontier>,
    /// Steps that a commit of unknown outcome may have made.
    in_doubt: Vec<Move>,
    /// Whether reading stands by them.
    stands: bool,
}

/// The state of letting go.
#[derive(Debug)]
pub(super) struct State {
    limits: Limits,
    trend: Trend,
    /// What is let go by the last look.
    pub(super) relief: Relief,
    due: Instant,
    commits: u64,
    /// Bytes that were ever let go.
    let_go: u64,
    in_flight: VecDeque<InFlight>,
    /// When the oldest line of the batch being filled was first seen.
    pub(super) filling_since: Option<Instant>,
    recall: Recall,
    assumed: Assumed,
    /// Passages that the database's frontiers let be declared.
    passed: VecDeque<Passed>,
    /// Those of them that are held back, and since when reading stands by the frontiers.
    held: VecDeque<Passed>,
    held_since: Instant,
    /// The frontier of the gaps, once it is known, and how many are declared or about to be.
    gaps: Option<(Option<Position>, u64)>,
    note: Writable,
    /// Whether it was logged that lines are let go.
    told: Told,
}

/// Whether the note can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writable {
    Yes,
    No,
}

/// What the log says of letting go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    LetsGo,
}

impl State {
    /// Goes by other limits.
    pub(super) fn set_limits(&mut self, options: limits::Options) {
        self.limits = Limits::new(options);
    }

    pub(super) fn new(options: limits::Options, now: Instant) -> Self {
        State {
            limits: Limits::new(options),
            trend: Trend::default(),
            relief: Relief::Nothing,
            due: now,
            commits: 0,
            let_go: 0,
            in_flight: VecDeque::new(),
            filling_since: None,
            recall: Recall::No,
            assumed: Assumed::default(),
            passed: VecDeque::new(),
            held: VecDeque::new(),
            held_since: now,
            gaps: None,
            note: Writable::Yes,
            told: Told::Nothing,
        }
    }

    /// A batch was closed.
    pub(super) fn sealed(&mut self, sequence: u64, backlog_bytes: u64) {
        let since = self.filling_since.take();
        self.in_flight.push_back(InFlight { sequence, backlog_bytes, since });
    }

    /// Whether lines of that severity are let go as they are read.
    pub(super) fn lets_go_of(&self, severity: crate::record::Severity) -> bool {
        self.relief == Relief::First && self.limits.goes_first(severity)
    }
}

impl<S: FileSystem> Reader<S> {
    /// Takes in where the frontiers probably stand, the database being away; batches that were not committed are void.
    pub(super) fn assume(&mut self, frontiers: Vec<Frontier>, in_doubt: Vec<Move>, now: Instant) {
        let was_reading = self.epoch.take().is_some();
        self.void();
        let offset = |frontier: &Frontier| (frontier.file, frontier.position.offset);
        let mut expected: BTreeMap<FileKey, u64> = frontiers.iter().map(offset).collect();
        for (file, _, to) in self.keeper().note().ends() {
            let known = expected.entry(file).or_default();
            *known = to.offset.max(*known);
        }
        self.spool.expect(expected);
        self.shed.assumed = Assumed { frontiers, in_doubt, stands: false };
        self.shed.recall = Recall::No;
        self.shed.due = now;
        if was_reading {
            // What was recalled is unread again.
            self.stand_by_assumed(now);
            self.shed.recall = Recall::Done;
        }
    }

    /// Holds what was let go against the database's frontiers, and moves these on over it: it is declared in the next
    /// batch. Returns the frontiers to read from.
    pub(super) fn reconcile(&mut self, frontiers: Vec<Frontier>, now: Instant) -> Vec<Frontier> {
        let at = frontiers.iter().map(|frontier| (frontier.file, frontier.position)).collect();
        let passed = {
            let mut keeper = self.keeper();
            let passed = keeper.note_mut().reconcile(&at, |path| originals_of(path, &frontiers));
            if let Err(error) = keeper.save() {
                tracing::error!(%error, "the note of lines let go cannot be written; the database's frontiers say the same");
            }
            passed
        };
        for (reason, tally) in passed.iter().flat_map(|passed| &passed.no_longer_in_doubt) {
            self.metrics.lines_passed(*reason, tally);
        }
        passed.iter().for_each(|passed| self.spool.confirm(passed.step.file));
        let declared = at.get(&GAPS).copied();
        self.shed.gaps = Some((declared, declared.map_or(0, |position| position.offset)));
        self.shed.recall = Recall::No;
        self.shed.due = now;
        let mut frontiers = frontiers;
        frontiers.retain(|frontier| frontier.file != GAPS);
        let sure = passed.iter().filter(|passed| passed.sureness == Sureness::Sure);
        move_on(&mut frontiers, sure.map(|passed| (passed.step.file, &*passed.step.path, passed.step.to)));
        self.shed.passed = passed.into();
        self.shed.held_since = now;
        frontiers
    }

    /// Lets go of what the batches were recalled for, also if the database has answered meanwhile: one that answers and
    /// takes no rows (it is full, or the right to insert was revoked) would never let it come to that.
    pub(super) fn finish_recall(&mut self, now: Instant) {
        while self.shed.recall == Recall::Done {
            let (backlog, age, _) = self.measure(now);
            let relief = self.shed.limits.judge(backlog, age, Course::NotShrinking);
            let more = match reach(relief, backlog, now) {
                Some((reach, reason)) => self.pass_over(reach, reason, now),
                None => false,
            };
            if !more {
                self.shed.recall = Recall::No;
            }
        }
    }

    /// Forgets the batches that were not committed.
    pub(super) fn void(&mut self) {
        let unsent = self.outbox.take().map_or(0, |batch| batch.line_count());
        self.metrics.lines_voided(unsent + self.maker.batch.line_count());
        self.metrics.nothing_unsettled();
        self.shed.in_flight.clear();
        self.shed.filling_since = None;
        self.shed.passed.clear();
        self.shed.held.clear();
        self.on_their_way.clear();
        self.maker.batch = crate::batch::Batch::new(0, 0, self.clock.now());
    }

    /// Puts what is to be declared into the batch, before any line is read. Says whether there was something.
    pub(super) fn declare(&mut self) -> bool {
        let now = Timestamp::from(self.clock.wall());
        if let Some(passed) = self.shed.passed.pop_front() {
            for declaration in &passed.declarations {
                self.maker.batch.declare(declaration, &self.agent, now);
            }
            self.maker.batch.pass(passed.step);
            return true;
        }
        let Some((declared, number)) = self.shed.gaps else { return false };
        let gaps = self.keeper().note().gaps_from(number, GAPS_OF_BATCH).to_vec();
        if gaps.is_empty() {
            return false;
        }
        for gap in &gaps {
            self.maker.batch.declare(gap, &self.agent, now);
        }
        let to = gaps_position(number + gaps.len() as u64);
        let path = std::sync::Arc::from(std::path::Path::new("bytes that vanished"));
        self.maker.batch.pass(Move { file: GAPS, path, from: declared, to });
        self.shed.gaps = Some((Some(to), to.offset));
        true
    }

    /// Holds back passages of files that are gone.
    ///
    /// Those that lead into other content, as long as copies of the former content may be found: the frontier in it is what
    /// they are known by, if the agent ends before their own are in the database. Those that are guessed, for a while: if the
    /// file comes back, it is read from its frontier, and there is nothing to declare.
    ///
    /// What is there is not held back, or lines behind the passage would come before it.
    fn hold_back(&mut self, now: Instant) {
        if self.shed.passed.is_empty() && self.shed.held.is_empty() {
            return;
        }
        let since = now.saturating_duration_since(self.shed.held_since);
        let due = if since >= HELD_MAX { CopiesDue::Of(HashSet::new()) } else { self.spool.copies_due() };
        let leads_on = |step: &Move| step.to.generation != step.from.map_or(0, |from| from.generation);
        let (mut passed, mut held, mut back) = (VecDeque::new(), VecDeque::new(), Vec::new());
        for passage in self.shed.held.drain(..).chain(self.shed.passed.drain(..)) {
            let Passed { step, sureness, .. } = &passage;
            match (self.spool.follows(&step.file), sureness) {
                (true, Sureness::Guessed) => back.push(step.file),
                (true, Sureness::Sure) => passed.push_back(passage),
                (false, Sureness::Guessed) if since < RETURN_WAIT => held.push_back(passage),
                (false, _) if leads_on(step) && due.of(&step.path) => held.push_back(passage),
                (false, _) => passed.push_back(passage),
            }
        }
        (self.shed.passed, self.shed.held) = (passed, held);
        if !back.is_empty() {
            let mut keeper = self.keeper();
            back.into_iter().for_each(|file| keeper.note_mut().forget_guess(file));
            if let Err(error) = keeper.save() {
                tracing::error!(%error, "the note of lines let go cannot be written; what is read again stays in it for now");
            }
        }
    }

    /// Whether nothing is held back that is to be declared.
    pub(super) fn holds_nothing(&self) -> bool {
        self.shed.held.is_empty()
    }

    /// Takes in what a scan has shown: which bytes went away, and which files are there.
    pub(super) fn after_scan(&mut self, now: Instant) {
        let vanished = self.spool.take_vanished();
        if !vanished.is_empty() {
            self.metrics.bytes_vanished.inc_by(vanished.iter().map(|vanished| vanished.bytes).sum());
            let mut keeper = self.keeper();
            for gap in vanished {
                let path = gap.path.to_string_lossy().into_owned();
                let tally = Tally::of_bytes(gap.offset, gap.offset + gap.bytes);
                keeper.note_mut().add_gap(Declaration { path, reason: Reason::Vanished, tally });
            }
            if let Err(error) = keeper.save() {
                tracing::error!(%error, "the note of vanished bytes cannot be written; a crash would lose their declaration");
            }
        }
        if self.epoch.is_some()
            && self.spool.was_seen_whole()
            && self.keeper().note().has_misfits()
            && let Ok(copied) = self.copies_of_gone()
        {
            tracing::info!(
                "the database's frontiers are not where lines were let go; those that are still in the spool are read again"
            );
            let spool = &self.spool;
            let mut keeper = self.note.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            self.shed.passed.extend(keeper.note_mut().take_misfits(|file| spool.follows(file), copied));
            if let Err(error) = keeper.save() {
                tracing::error!(%error, "the note of lines let go cannot be written; what is read again stays in it for now");
            }
        }
        self.hold_back(now);
    }

    /// Up to where copies go of what was let go in files that are gone.
    ///
    /// # Errors
    /// A file that may be such a copy cannot be read now.
    fn copies_of_gone(&mut self) -> io::Result<HashMap<ContentKey, u64>> {
        let gone: Vec<(FileKey, PathBuf, Position)> = {
            let keeper = self.keeper();
            let misfits = keeper.note().misfits().filter(|(file, ..)| !self.spool.follows(file));
            misfits.map(|(file, path, position)| (file, path.to_owned(), position)).collect()
        };
        let mut copied = HashMap::new();
        for (file, path, position) in gone {
            if let Some(offset) = self.spool.copied_up_to(file, &path, position)? {
                let of = ContentKey { file, generation: position.generation };
                let furthest: &mut u64 = copied.entry(of).or_default();
                *furthest = offset.max(*furthest);
            }
        }
        Ok(copied)
    }

    /// Lets go of what the limits say is too much or too old. Says whether there is more of it to do at once.
    pub(super) fn relieve(&mut self, now: Instant) -> bool {
        if self.options.until == Until::Drained || now < self.shed.due {
            return false;
        }
        self.shed.due = now + LOOK_EVERY;
        let (backlog, age, failing) = self.measure(now);
        let course = self.shed.trend.course(failing);
        let relief = self.shed.limits.judge(backlog, age, course);
        self.shed.relief = relief;
        self.log_change(relief, course, backlog, age);
        let Some((reach, reason)) = reach(relief, backlog, now) else { return false };
        let away = failing.is_some_and(|failing| failing >= AWAY_AFTER);
        match self.epoch {
            None => self.pass_over(reach, reason, now),
            Some(_) if away => {
                if std::mem::replace(&mut self.shed.recall, Recall::AskedFor) == Recall::No {
                    self.handle.pulse().ask_for_recall();
                }
                false
            }
            // A passage that is not in a batch yet would come behind lines that follow it.
            Some(_) if !self.shed.passed.is_empty() => false,
            Some(_) => self.let_go_here(reach, reason, now),
        }
    }

    /// The backlog, the age of its oldest line, and for how long the database has failed.
    fn measure(&mut self, now: Instant) -> (u64, Duration, Option<Duration>) {
        let standing = self.handle.pulse().standing();
        if self.epoch == Some(standing.epoch) {
            while self.shed.in_flight.pop_front_if(|batch| batch.sequence < standing.settled).is_some() {}
        }
        let overview = self.spool.overview();
        let in_flight: u64 = self.shed.in_flight.iter().map(|batch| batch.backlog_bytes).sum();
        let backlog = overview.unread_bytes + in_flight + self.maker.batch.backlog_bytes();
        let waiting = self.shed.in_flight.iter().map(|batch| batch.since);
        let since = waiting.chain([self.shed.filling_since, overview.unread_since]).flatten().min();
        self.metrics.unread(overview.unread_bytes);
        self.metrics.backlog_since(since);
        if std::mem::replace(&mut self.shed.commits, standing.commits) != standing.commits {
            self.shed.trend.settled(now, backlog + self.shed.let_go);
        }
        let failing = standing.failing_since.map(|since| now.saturating_duration_since(since));
        let age = since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        (backlog, age, failing)
    }

    /// Lets go of lines where reading stands; the batch being filled declares them.
    fn let_go_here(&mut self, reach: Reach, reason: Reason, now: Instant) -> bool {
        let read_at = Timestamp::from(self.clock.wall());
        let mut reach = reach;
        for _ in 0..TURNS_OF_ROUND {
            let (batch, metrics) = (&mut self.maker.batch, &self.metrics);
            let columns = &self.maker.columns;
            let progress = self.spool.skim(
                reach,
                |_, _, _| Bound::None,
                now,
                |path, line| {
                    metrics.lines_taken(1);
                    batch.let_go(path, reason, facts(&line, read_at, columns));
                    Flow::More
                },
            );
            let Some(progress) = progress else { return false };
            let Some(step) = progress.moved else { continue };
            let bytes = progress.seen.map_or(0, |_| step.spool_bytes());
            self.shed.let_go += bytes;
            if batch.is_empty() {
                batch.first_read = now;
            }
            batch.pass(step);
            match &mut reach {
                Reach::Bytes(left) if *left <= bytes => break,
                Reach::Bytes(left) => *left -= bytes,
                Reach::SeenBy(_) => {}
            }
        }
        self.shed.due = now;
        true
    }

    /// Lets go of the oldest lines while the database is away. They are counted in the note, which is on disk before
    /// anything else is done by it.
    fn pass_over(&mut self, reach: Reach, reason: Reason, now: Instant) -> bool {
        self.stand_by_assumed(now);
        let read_at = Timestamp::from(self.clock.wall());
        let mut reach = reach;
        let mut rounds: Vec<(Move, Tally, Certainty, Option<ContentKey>)> = Vec::new();
        let mut bytes_passed = 0;
        for _ in 0..TURNS_OF_ROUND {
            let mut tally = Tally::default();
            let columns = &self.maker.columns;
            let Assumed { frontiers, in_doubt, .. } = &self.shed.assumed;
            let bound = |file: FileKey, path: &Path, position: Position| {
                let begun = frontiers.iter().find(|frontier| frontier.file == file);
                let is_replaced = position.generation > begun.map_or(0, |frontier| frontier.position.generation);
                if is_replaced && in_doubt.iter().any(|step| step.file == file || *step.path == *path) {
                    // The copy of its old content waits as well, and comes first: also where the file in doubt is another
                    // one that had this path, since a copy's name does not say of which.
                    return Bound::Here;
                }
                if let Some(step) = in_doubt.iter().find(|step| step.file == file) {
                    let doubt = step.to;
                    let ahead = doubt.generation == position.generation && doubt.offset > position.offset;
                    return if ahead { Bound::At(doubt.offset) } else { Bound::None };
                }
                // It may be a copy of what the commit in doubt has carried, and only the original's frontier tells how much
                // of that is a row.
                let is_new = frontiers.iter().all(|frontier| frontier.file != file);
                let may_copy =
                    || possible_originals(path).iter().any(|from| in_doubt.iter().any(|step| *step.path == **from));
                if is_new && !in_doubt.is_empty() && may_copy() { Bound::Here } else { Bound::None }
            };
            let progress = self.spool.skim(reach, bound, now, |_, line| {
                tally.add(facts(&line, read_at, columns));
                Flow::More
            });
            let Some(progress) = progress else { break };
            let Some(step) = progress.moved else { continue };
            if bound(step.file, &step.path, step.to) == Bound::Here {
                // The beginning of such a copy, which stands where the original's frontier is thought to.
                continue;
            }
            let doubtful = in_doubt.iter().any(|doubt| {
                doubt.file == step.file
                    && (step.to.generation, step.to.offset) <= (doubt.to.generation, doubt.to.offset)
            });
            let bytes = progress.seen.map_or(0, |_| step.spool_bytes());
            bytes_passed += bytes;
            let certainty = if doubtful { Certainty::InDoubt } else { Certainty::LetGo };
            rounds.push((step, tally, certainty, progress.copy_of));
            match &mut reach {
                Reach::Bytes(left) if *left <= bytes => break,
                Reach::Bytes(left) => *left -= bytes,
                Reach::SeenBy(_) => {}
            }
        }
        if rounds.is_empty() {
            return false;
        }
        let noted = {
            let frontiers = &self.shed.assumed.frontiers;
            let mut keeper = self.note.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if rounds.iter().all(|(step, ..)| keeper.note().has_room_for(step.file)) {
                keeper.change(|note| {
                    for (step, tally, certainty, copy_of) in &rounds {
                        let basis = || originals_of(&step.path, frontiers);
                        match copy_of {
                            Some(of) => note.extend_copy(step, reason, *of, basis),
                            None => note.extend(step, reason, *tally, *certainty, basis),
                        }
                    }
                })
            } else {
                Err(std::io::Error::other("it has as many files as it may have"))
            }
        };
        match noted {
            Ok(()) => {
                // No other steps were made since reading stands by the frontiers, and these are on disk now.
                self.spool.settle(self.spool.steps());
                if std::mem::replace(&mut self.shed.note, Writable::Yes) == Writable::No {
                    tracing::info!("the note of lines let go can be written again");
                }
                self.shed.let_go += bytes_passed;
                for (_, tally, certainty, _) in &rounds {
                    if *certainty == Certainty::LetGo {
                        self.metrics.lines_passed(reason, tally);
                    }
                }
                self.shed.due = now;
                true
            }
            Err(error) => {
                if std::mem::replace(&mut self.shed.note, Writable::No) == Writable::Yes {
                    tracing::error!(%error, "the note of lines let go cannot be written; they stay in the backlog");
                }
                // Reading goes back to where the note on disk says.
                self.shed.assumed.stands = false;
                self.stand_by_assumed(now);
                self.shed.due = now + RETRY_AFTER;
                false
            }
        }
    }

    /// Sets reading to the frontiers as they were last known, unless it stands by them.
    fn stand_by_assumed(&mut self, now: Instant) {
        if std::mem::replace(&mut self.shed.assumed.stands, true) {
            return;
        }
        let mut frontiers = self.shed.assumed.frontiers.clone();
        frontiers.retain(|frontier| frontier.file != GAPS);
        {
            let keeper = self.note.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let ends = keeper.note().ends().map(|(file, path, to)| (file, std::path::Path::new(path), to));
            move_on(&mut frontiers, ends);
        }
        self.spool.assume(frontiers, now);
    }

    /// Logs when letting go begins and ends; not each time a limit is met, which under a steady load is often.
    fn log_change(&mut self, relief: Relief, course: Course, backlog_bytes: u64, age: Duration) {
        match (self.shed.told, relief.reason()) {
            (Told::Nothing, Some(reason)) => {
                tracing::warn!(
                    reason = reason.as_str(),
                    backlog_bytes,
                    backlog_seconds = age.as_secs(),
                    "the backlog is over its limit and does not shrink: lines are let go, and declared in the table"
                );
                self.shed.told = Told::LetsGo;
            }
            (Told::LetsGo, None) if course == Course::Shrinking => {
                tracing::info!(backlog_bytes, "the backlog shrinks; lines are no longer let go");
                self.shed.told = Told::Nothing;
            }
            (Told::Nothing, None) | (Told::LetsGo, _) => {}
        }
    }
}

/// How far a relief reaches, and why; `None` when nothing is to be passed over.
fn reach(relief: Relief, backlog: u64, now: Instant) -> Option<(Reach, Reason)> {
    let reach = match relief {
        Relief::Nothing | Relief::First => return None,
        Relief::OldestUntil { backlog: target } => Reach::Bytes(backlog.checked_sub(target).filter(|left| *left > 0)?),
        Relief::OlderThan(age) => Reach::SeenBy(now.checked_sub(age)?),
    };
    Some((reach, relief.reason()?))
}

/// Where the files stand, by these frontiers, that a file at this path may be a copy of.
fn originals_of(path: &Path, frontiers: &[Frontier]) -> Vec<(FileKey, Position)> {
    let originals = possible_originals(path);
    let is_one = |frontier: &&Frontier| originals.contains(&frontier.path);
    frontiers.iter().filter(is_one).map(|frontier| (frontier.file, frontier.position)).collect()
}

/// Moves frontiers on to the ends of passages that begin at them or behind them.
fn move_on<'p>(frontiers: &mut Vec<Frontier>, ends: impl Iterator<Item = (FileKey, &'p std::path::Path, Position)>) {
    for (file, path, to) in ends {
        match frontiers.iter_mut().find(|frontier| frontier.file == file) {
            Some(known) if (known.position.generation, known.position.offset) < (to.generation, to.offset) => {
                known.position = to;
            }
            Some(_) => {}
            None => frontiers.push(Frontier { file, path: path.to_owned(), position: to, idle: Duration::ZERO }),
        }
    }
}
