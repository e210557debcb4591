//! The spool: which files exist, how far each was read, whose turn it is.
//!
//! inotify is only a hint that a look is worth while; what is true is found out by looking (a *scan*), now and then also
//! unasked. So lost, late or missing events cost time and nothing else.
//!
//! Invariant: a file is let go only when it was read to its end, or is gone without a descriptor to read it from.
//! Invariant: "not there" is concluded only from a listing that worked; what cannot be observed is left as it was.
//! Invariant: at most `Options::files_open_max` descriptors are open, and turns go round, so that no file starves.

pub mod ages;
pub mod files;
pub mod globs;
pub mod hints;
pub mod lines;
pub mod position;
pub mod tail;

mod copies;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::museum;
use ages::Ages;
pub use copies::possible_originals;
use copies::{Read, Replacements};
use files::{FileSystem, Handle, Kind, Stat};
use globs::Globs;
pub use position::{ContentKey, FileKey, Frontier, Marker, Move, Position};
use tail::{Flow, Head, Limits, Line, Replaced, Skipped, Source, Tail, WINDOW};

/// Where reading begins in a file never seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartAt {
    /// At its first line.
    Beginning,
    /// Behind what it holds when the agent starts. Files that appear later are read from their first line.
    End,
}

/// What the spool needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// The paths that belong to it.
    pub globs: Globs,
    /// Where reading begins in a file never seen.
    pub start_at: StartAt,
    /// What one turn of a file may take.
    pub limits: Limits,
    /// How many descriptors may be open.
    pub files_open_max: usize,
}

/// Whether other options mean other paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paths {
    /// The same.
    Same,
    /// Others.
    Others,
}

/// How long a deleted file is kept open after it was missed or last grew: its writer may not have noticed yet.
const DELETED_LINGER: Duration = Duration::from_secs(5);

/// How long a file that was renamed out of the spool is kept open after it last grew.
const MOVED_LINGER: Duration = Duration::from_secs(60);

/// How long a new file that looks like a copy of one being read waits for that one to be truncated, after it last grew.
const COPY_HOLD: Duration = Duration::from_secs(2);

/// How long the new content of a file waits at most for a decision on the copy of the old one.
const REPLACED_HOLD: Duration = Duration::from_secs(30);

/// For how long a path that cannot be looked at keeps files from counting as gone that may be behind it.
const REFUSED_HOLD: Duration = Duration::from_secs(30);

/// How many listings must have missed a copy before there is none: one can miss a file that is just being renamed, and so
/// can the next if it is renamed again.
const LISTINGS: u64 = 3;

/// How long the frontier of a file that is not in the spool is kept: it may be renamed back into it.
pub const ABSENT_KEEP: Duration = Duration::from_secs(24 * 60 * 60);

/// How many beginnings of contents of files that were let go are remembered.
const FORMER_MAX: usize = 1000;

/// The fewest bytes that a skimming turn looks at.
const SKIM_MIN: u64 = 64 << 10;

/// Which part of the descriptors that may be open is closed when one is needed: the first of so many.
const CLOSED_AT_ONCE: usize = 16;

/// How many refusals are remembered, so that each is logged once.
const REFUSED_MAX: usize = 10_000;

/// A file of the spool and what the spool thinks of it.
#[derive(Debug)]
struct Entry<F> {
    tail: Tail<F>,
    stage: Stage,
    presence: Presence,
    /// Whether it stands in the queue of turns.
    queued: bool,
    /// When it last had a turn, in turns.
    used: u64,
    grown: Instant,
    /// Since when it has been to be decided where to begin in it.
    waiting_since: Instant,
    /// The scan that found it.
    found: u64,
    /// Its size when the first scan found it.
    size_at_start: Option<u64>,
    /// Where reading began, if that was at the end.
    begin: Option<Position>,
    /// Where reading began since the frontiers were last said.
    began: Began,
    /// When its bytes were first seen.
    ages: Ages,
    /// The scan since which it has nothing to skim.
    skimmed: u64,
    /// The number of its last step.
    step: u64,
}

/// Whether a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Where to begin is not decided: the frontiers are not known, or it is empty, or it may be a copy.
    Waiting,
    /// It is read.
    Reading,
    /// Its content was found to have been replaced. The new content is read once it is known whether the old one was copied:
    /// the copy's frontier must be in the database before this one's passes into the new content, or a crash between the
    /// two would have the copy read again.
    Replaced {
        /// The scan that was the last one to begin before that was found.
        scan: u64,
        /// How many scans since then could list where it lies.
        listings: u64,
        since: Instant,
    },
}

/// Where reading began in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Began {
    /// That is not decided.
    Undecided,
    /// At its first line.
    AtStart,
    /// At its frontier, or behind what is the copy of other content.
    Further,
}

/// What the last scans say of a file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Presence {
    /// It is in the spool.
    There,
    /// It is not, for this many scans.
    Missing { scans: u32, since: Instant },
}

impl Presence {
    /// What one more scan that did not find it says, and since when it has been so.
    fn missed(self, now: Instant) -> (u32, Instant) {
        match self {
            Presence::There => (1, now),
            Presence::Missing { scans, since } => (scans.saturating_add(1), since),
        }
    }
}

/// The frontier of a file that is not in the spool.
#[derive(Debug, Clone)]
struct Absent {
    /// Its last known path.
    path: Arc<Path>,
    position: Position,
    /// How the content that it is in begins, if that is known.
    head: Option<Head>,
    /// When it is forgotten.
    until: Instant,
}

/// Why a path is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Refusal {
    /// Its kind has no place in a spool.
    Forbidden(String),
    /// It cannot be read now; it is tried again.
    Unreadable(String),
}

impl Refusal {
    fn why(&self) -> &str {
        match self {
            Refusal::Forbidden(why) | Refusal::Unreadable(why) => why,
        }
    }
}

/// What one turn of the spool did.
#[derive(Debug)]
pub struct Progress {
    /// The step of a frontier, if there was one.
    pub moved: Option<Move>,
    /// Bytes skipped.
    pub skipped: Skipped,
    /// When the first byte that was given out was first seen in the spool; `None` when the step is over what was read
    /// elsewhere: the beginning of a copy.
    pub seen: Option<Instant>,
    /// Of what the file is a copy, if the step is over its beginning.
    pub copy_of: Option<ContentKey>,
}

impl Progress {
    fn of_copy((moved, of): (Move, ContentKey)) -> Self {
        Progress { moved: Some(moved), skipped: Skipped::default(), seen: None, copy_of: Some(of) }
    }
}

/// Bytes that went away before they were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vanished {
    /// The file's last path.
    pub path: Arc<Path>,
    /// Where they stood.
    pub offset: u64,
    /// How many.
    pub bytes: u64,
}

impl Vanished {
    fn of(path: &Arc<Path>, bytes: &Range<u64>) -> Option<Self> {
        let (path, offset, bytes) = (Arc::clone(path), bytes.start, bytes.end - bytes.start);
        (bytes > 0).then_some(Vanished { path, offset, bytes })
    }
}

/// Of which contents copies may yet be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopiesDue {
    /// Of any: it was not listed often enough what is there, or the first step of a copy is still to be taken.
    OfAny,
    /// Of files that are or were at these paths: a file that may be a copy of them waits.
    Of(HashSet<PathBuf>),
}

impl CopiesDue {
    /// Whether a copy may be found of a file that is or was at this path.
    pub fn of(&self, path: &Path) -> bool {
        match self {
            CopiesDue::OfAny => true,
            CopiesDue::Of(originals) => originals.contains(path),
        }
    }
}

/// How far a skimming turn may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Over about so many bytes.
    Bytes(u64),
    /// Over lines that were first seen no later than this.
    SeenBy(Instant),
}

/// Where skimming ends in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Nowhere.
    None,
    /// At this offset, but for the line that begins before it.
    At(u64),
    /// Before it begins.
    Here,
}

/// What a look at the spool said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overview {
    /// Files followed.
    pub files: usize,
    /// Descriptors open.
    pub files_open: usize,
    /// Bytes known to be there and not yet given out.
    pub unread_bytes: u64,
    /// When the oldest of them were first seen that could be given out: an unfinished line waits for its writer.
    pub unread_since: Option<Instant>,
    /// Files of which nothing is left but an unfinished line.
    pub files_unfinished: usize,
}

/// The files of the spool.
#[derive(Debug)]
pub struct Spool<S: FileSystem> {
    files: S,
    options: Options,
    entries: BTreeMap<FileKey, Entry<S::File>>,
    by_path: HashMap<Arc<Path>, FileKey>,
    /// Followed files that the last scan did not find.
    missing: Vec<FileKey>,
    queue: VecDeque<FileKey>,
    /// Frontiers of the database whose file was not seen; `None` until the frontiers are known.
    frontiers: Option<BTreeMap<FileKey, Absent>>,
    /// Who said where they stand.
    source: Source,
    /// Of files in `frontiers` whose inode is another's now: how many listings have found that.
    outlived: BTreeMap<FileKey, u64>,
    replacements: Replacements,
    /// How the last contents began of files that were let go. Until the end of a copy's step is known, reading may be set back
    /// to where the copy is to be known anew.
    former: VecDeque<(FileKey, Head)>,
    /// Offsets up to which files are thought to be read, until the frontiers are known.
    expected: HashMap<FileKey, u64>,
    /// First steps of copies; they come before anything else.
    begun: VecDeque<(Move, ContentKey)>,
    /// How many steps there were, and how many of them are known to be in the database.
    steps: u64,
    settled: u64,
    wants_scan: bool,
    gone: Vec<FileKey>,
    vanished: Vec<Vanished>,
    refused: HashMap<PathBuf, Refusal>,
    /// Files that could not be read when their turn came.
    unreadable: HashMap<FileKey, String>,
    buffer: Vec<u8>,
    scans: u64,
    /// How many scans could list everything since the frontiers are known.
    listed: u64,
    /// The last scan by the options before these.
    reloaded: Option<u64>,
    /// Since when there has been a path that cannot be looked at or opened.
    refused_since: Option<Instant>,
    /// Whether the last scan could look at everything.
    seen_whole: bool,
    turns: u64,
    open: usize,
}

impl<S: FileSystem> Spool<S> {
    /// A spool that has not looked yet.
    pub fn new(files: S, options: Options) -> Self {
        Spool {
            files,
            options,
            entries: BTreeMap::new(),
            by_path: HashMap::new(),
            missing: Vec::new(),
            queue: VecDeque::new(),
            frontiers: None,
            source: Source::Database,
            outlived: BTreeMap::new(),
            replacements: Replacements::default(),
            former: VecDeque::new(),
            expected: HashMap::new(),
            begun: VecDeque::new(),
            steps: 0,
            settled: 0,
            wants_scan: false,
            gone: Vec::new(),
            vanished: Vec::new(),
            refused: HashMap::new(),
            unreadable: HashMap::new(),
            buffer: Vec::new(),
            scans: 0,
            listed: 0,
            reloaded: None,
            refused_since: None,
            seen_whole: false,
            turns: 0,
            open: 0,
        }
    }

    /// The directories that its patterns begin in.
    pub fn directories(&self) -> Vec<PathBuf> {
        self.options.globs.directories().map(Path::to_owned).collect()
    }

    /// How far below them files may lie.
    pub fn depth(&self) -> hints::Depth {
        if self.options.globs.reaches_below() { hints::Depth::Below } else { hints::Depth::Entries }
    }

    /// Goes on with other options. What no longer belongs to the spool is let go by the scans that follow.
    pub fn set_options(&mut self, options: Options) -> Paths {
        let paths = if self.options.globs == options.globs { Paths::Same } else { Paths::Others };
        self.options = options;
        self.reloaded = Some(self.scans);
        paths
    }

    /// Says up to where files are thought to be read, for [`Spool::overview`] alone: nothing is read by it.
    pub fn expect(&mut self, frontiers: impl IntoIterator<Item = (FileKey, u64)>) {
        self.expected = frontiers.into_iter().collect();
    }

    /// Says where the database's frontiers stand, at the start and whenever reading is to be set back to them.
    pub fn place(&mut self, frontiers: impl IntoIterator<Item = Frontier>, now: Instant) {
        self.place_by(Source::Database, frontiers, now);
    }

    /// The same, when the frontiers are only thought to stand there: commits of unknown outcome may have moved them, or ones
    /// that nobody remembers.
    pub fn assume(&mut self, frontiers: impl IntoIterator<Item = Frontier>, now: Instant) {
        self.place_by(Source::Memory, frontiers, now);
    }

    fn place_by(&mut self, source: Source, frontiers: impl IntoIterator<Item = Frontier>, now: Instant) {
        let absent = |frontier: Frontier| {
            let until = now + ABSENT_KEEP.saturating_sub(frontier.idle);
            let Frontier { file, path, position, .. } = frontier;
            let is_its =
                |(former, head): &&(FileKey, Head)| (*former, head.generation()) == (file, position.generation);
            let head = self.former.iter().rev().find(is_its).map(|(_, head)| head.clone());
            (file, Absent { path: path.into(), position, head, until })
        };
        let frontiers: BTreeMap<FileKey, Absent> = frontiers.into_iter().map(absent).collect();
        self.replacements.set_back(|what| frontiers.get(&what.file).map(|absent| absent.position));
        self.frontiers = Some(frontiers);
        self.source = source;
        self.listed = 0;
        self.expected.clear();
        self.queue.clear();
        self.begun.clear();
        self.gone.clear();
        self.settled = self.steps;
        for entry in self.entries.values_mut() {
            entry.stage = Stage::Waiting;
            entry.began = Began::Undecided;
            entry.waiting_since = now;
            entry.queued = false;
            entry.tail.displace();
        }
        self.decide(now);
    }

    /// Says that a file was read from where its frontier is while that was only assumed: the frontier given next is where
    /// reading has led.
    pub fn confirm(&mut self, file: FileKey) {
        if let Some(entry) = self.entries.get_mut(&file) {
            entry.tail.confirm();
        }
    }

    /// Looks at the whole spool: what is new, renamed, grown, gone.
    pub fn scan(&mut self, now: Instant) {
        self.scans += 1;
        let found = self.options.globs.walk(&self.files);
        let whole = found.unlisted.is_empty();
        let mut refused = HashMap::new();
        let unlisted: Vec<PathBuf> = found.unlisted.iter().map(|(directory, _)| directory.clone()).collect();
        for (directory, error) in found.unlisted {
            let why = Refusal::Unreadable(format!("cannot be listed ({error}); its files wait"));
            self.refuse(&mut refused, directory, why);
        }
        let mut seen = BTreeSet::new();
        for (path, kind) in found.paths {
            match self.observe(&path, kind, now) {
                Ok(Some(key)) => {
                    seen.insert(key);
                }
                Ok(None) => {}
                Err(why) => {
                    // A file that cannot be looked at is not missing.
                    seen.extend(self.by_path.get(&*path).filter(|_| matches!(why, Refusal::Unreadable(_))));
                    self.refuse(&mut refused, path, why);
                }
            }
        }
        self.refused = refused;
        let refused = self.refused.values().any(|why| matches!(why, Refusal::Unreadable(_)));
        self.refused_since = refused.then(|| self.refused_since.unwrap_or(now));
        // A file behind a path that cannot be looked at is not gone. But a path can stay so for ever.
        let waits = self.refused_since.is_some_and(|since| now.saturating_duration_since(since) < REFUSED_HOLD);
        self.seen_whole = whole && !waits;
        self.miss(&seen, whole, now);
        self.vanished.extend(self.replacements.expire(now));
        self.decide(now);
        self.go_on(&unlisted, now);
        if whole {
            self.listed += 1;
            self.forget_absent(now);
            self.forget_former_inodes();
        }
    }

    /// Looks at the one file that has this path, because it may have grown. Says whether it is known.
    pub fn touch(&mut self, path: &Path, now: Instant) -> bool {
        let Some(key) = self.by_path.get(path).copied() else { return false };
        let Ok(stat) = self.files.stat(path) else { return false };
        if stat.key != key {
            return false;
        }
        self.note(key, &stat, now);
        // A file may be waiting for its first byte.
        self.entries.get(&key).is_some_and(|entry| entry.stage == Stage::Reading)
    }

    /// Gives the next lines of the file whose turn it is to `take`; `None` when no file has any.
    pub fn turn(&mut self, now: Instant, take: impl FnMut(&Arc<Path>, Line<'_>) -> Flow) -> Option<Progress> {
        let mut take = take;
        if let Some(begun) = self.begun.pop_front() {
            return Some(Progress::of_copy(begun));
        }
        while let Some(key) = self.queue.pop_front() {
            let Some(entry) = self.entries.get_mut(&key) else { continue };
            entry.queued = false;
            if entry.stage != Stage::Reading {
                // It stood in the queue when its content was found to have been replaced.
                continue;
            }
            let progress = self.turn_of(key, self.options.limits, now, &mut take);
            if progress.is_some() {
                return progress;
            }
        }
        None
    }

    /// Gives the oldest lines that were not given out yet to `take`, of one file and not beyond `reach`, nor beyond the
    /// bound that `bound` says for the file; `None` when there are none.
    pub fn skim(
        &mut self,
        reach: Reach,
        bound: impl Fn(FileKey, &Path, Position) -> Bound,
        now: Instant,
        take: impl FnMut(&Arc<Path>, Line<'_>) -> Flow,
    ) -> Option<Progress> {
        let mut take = take;
        if let Some(begun) = self.begun.pop_front() {
            return Some(Progress::of_copy(begun));
        }
        loop {
            let scans = self.scans;
            let candidates = self
                .entries
                .iter()
                .filter(|(_, entry)| entry.stage == Stage::Reading && entry.tail.has_more() && entry.skimmed != scans);
            let oldest = candidates
                .filter_map(|(key, entry)| Some((entry.ages.of(entry.tail.position().offset)?, entry.found, *key)))
                .min();
            let (seen, _, key) = oldest?;
            let entry = self.entries.get_mut(&key)?;
            let position = entry.tail.position();
            let within = match bound(key, entry.tail.path(), position) {
                Bound::None => u64::MAX,
                Bound::At(offset) => offset.saturating_sub(position.offset).max(1),
                Bound::Here => {
                    entry.skimmed = scans;
                    continue;
                }
            };
            let bytes = match reach {
                Reach::Bytes(bytes) => bytes.max(SKIM_MIN),
                Reach::SeenBy(moment) if seen > moment => return None,
                Reach::SeenBy(moment) => entry.ages.seen_by(moment).saturating_sub(position.offset),
            };
            let quantum = usize::try_from(bytes.min(within)).unwrap_or(usize::MAX);
            let limits = Limits { quantum: quantum.min(self.options.limits.quantum), ..self.options.limits };
            let progress = self.turn_of(key, limits, now, &mut take);
            if let Some(entry) = self.entries.get_mut(&key)
                && (progress.is_none() || !entry.tail.has_more())
            {
                entry.skimmed = scans;
            }
            if progress.is_some() {
                return progress;
            }
        }
    }

    /// One turn of one file; `None` when it cannot be read now.
    fn turn_of(
        &mut self,
        key: FileKey,
        limits: Limits,
        now: Instant,
        take: &mut impl FnMut(&Arc<Path>, Line<'_>) -> Flow,
    ) -> Option<Progress> {
        self.turns += 1;
        if let Err(error) = self.open(key) {
            self.cannot_read(key, &error);
            return None;
        }
        let entry = self.entries.get_mut(&key)?;
        entry.used = self.turns;
        let path = Arc::clone(entry.tail.path());
        let before = entry.tail.position();
        let looked_at = entry.tail.scanned();
        let seen = entry.ages.of(before.offset);
        match entry.tail.turn(&mut self.buffer, limits, |line| take(&path, line)) {
            Ok(turn) => {
                self.unreadable.remove(&key);
                if entry.tail.position() != before {
                    entry.grown = now;
                }
                if turn.moved.is_some() {
                    self.steps += 1;
                    entry.step = self.steps;
                }
                entry.ages.grown(entry.tail.size(), entry.tail.position().offset, now);
                if entry.tail.position() == before && entry.tail.scanned() == looked_at {
                    // What a turn did not get at, another will not before a scan has looked again.
                    entry.skimmed = self.scans;
                }
                self.vanished.extend(Vanished::of(&path, &turn.cut_off));
                if let Some(what) = turn.replaced {
                    self.replaced(key, what, now);
                } else if turn.more && !entry.queued {
                    entry.queued = true;
                    self.queue.push_back(key);
                }
                Some(Progress { moved: turn.moved, skipped: turn.skipped, seen: seen.or(Some(now)), copy_of: None })
            }
            Err(error) => {
                self.cannot_read(key, &error);
                None
            }
        }
    }

    /// Whether everything that can be read now was given out.
    pub fn is_exhausted(&self) -> bool {
        let waits = |entry: &Entry<S::File>| entry.stage != Stage::Reading && entry.tail.unread() > 0;
        self.queue.is_empty() && self.begun.is_empty() && !self.entries.values().any(waits)
    }

    /// How many files and directories cannot be read now that should be.
    pub fn unreadable(&self) -> usize {
        let refused = self.refused.values().filter(|why| matches!(why, Refusal::Unreadable(_))).count();
        refused + self.unreadable.len()
    }

    /// Files whose frontiers nobody needs any more, since the last call.
    pub fn take_gone(&mut self) -> Vec<FileKey> {
        std::mem::take(&mut self.gone)
    }

    /// Bytes that went away before they were read, since the last call.
    pub fn take_vanished(&mut self) -> Vec<Vanished> {
        std::mem::take(&mut self.vanished)
    }

    /// Whether a scan would help, since the last call.
    pub fn take_wants_scan(&mut self) -> bool {
        std::mem::take(&mut self.wants_scan)
    }

    /// How many steps of frontiers were given out.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Says that the first so many steps are in the database: what they passed is not read again.
    pub fn settle(&mut self, steps: u64) {
        self.settled = self.settled.max(steps);
    }

    /// How many paths that belong to it are not read: they cannot be, or have no place in a spool.
    pub fn not_read(&self) -> usize {
        self.refused.len() + self.unreadable.len()
    }

    /// Where reading stands in a file, and how many bytes are behind that.
    fn unread_of(&self, key: &FileKey, entry: &Entry<S::File>) -> (u64, u64) {
        let read = match entry.stage {
            Stage::Waiting => self.expected.get(key).copied().unwrap_or(0),
            Stage::Reading | Stage::Replaced { .. } => 0,
        };
        let offset = entry.tail.position().offset.max(read);
        (offset, entry.tail.size().saturating_sub(offset))
    }

    /// The files with the most bytes that were not given out yet, at most `most`, and how many more there are with any.
    pub fn largest(&self, most: usize) -> (Vec<(Arc<Path>, u64)>, usize) {
        let unread = |(key, entry): (&FileKey, &Entry<S::File>)| (self.unread_of(key, entry).1, *key);
        let mut files: Vec<_> = self.entries.iter().map(unread).filter(|(bytes, _)| *bytes > 0).collect();
        let more = files.len().saturating_sub(most);
        if more > 0 {
            files.select_nth_unstable_by(most, |one, other| other.cmp(one));
            files.truncate(most);
        }
        files.sort_unstable_by(|one, other| other.cmp(one));
        let named = |(bytes, key): (u64, FileKey)| Some((Arc::clone(self.entries.get(&key)?.tail.path()), bytes));
        (files.into_iter().filter_map(named).collect(), more)
    }

    /// How much there is.
    pub fn overview(&self) -> Overview {
        let mut overview = Overview { files: self.entries.len(), files_open: self.open, ..Overview::default() };
        for (key, entry) in &self.entries {
            let (offset, unread) = self.unread_of(key, entry);
            if unread > 0 {
                overview.unread_bytes += unread;
                if entry.stage == Stage::Reading && !entry.tail.has_more() {
                    overview.files_unfinished += 1;
                } else {
                    let seen = entry.ages.of(offset);
                    overview.unread_since = [overview.unread_since, seen].into_iter().flatten().min();
                }
            }
        }
        overview
    }

    /// Up to where a file that is read from its first line is a copy of content that was read up to `position`, of a file that
    /// was at `path`.
    ///
    /// # Errors
    /// A file that may be the copy cannot be read now.
    pub fn copied_up_to(&mut self, file: FileKey, path: &Path, position: Position) -> io::Result<Option<u64>> {
        let head =
            self.former.iter().rev().find(|(former, head)| (*former, head.generation()) == (file, position.generation));
        let content = Read { file, position, head: head.map(|(_, head)| head.clone()) };
        let may_be_copy =
            |entry: &Entry<S::File>| possible_originals(entry.tail.path()).iter().any(|original| original == path);
        let candidates: Vec<(FileKey, u64)> = (self.entries.iter())
            .filter(|(_, entry)| entry.began != Began::Further && may_be_copy(entry))
            .map(|(key, entry)| (*key, entry.tail.size()))
            .collect();
        let mut furthest = None;
        for (key, size) in candidates {
            let copy = copies::furthest([content.clone()], size, |offset| self.marker_of(key, offset))?;
            furthest = furthest.max(copy.map(|(position, _)| position.offset));
        }
        Ok(furthest)
    }

    /// Of which contents copies may yet be found since the frontiers are known. Wants another scan where that may show it.
    pub fn copies_due(&mut self) -> CopiesDue {
        if self.listed < LISTINGS || !self.begun.is_empty() {
            self.wants_scan = true;
            return CopiesDue::OfAny;
        }
        CopiesDue::Of(self.originals_in_question())
    }

    /// The paths whose copies may be among the files in which it is not decided where to begin.
    fn originals_in_question(&self) -> HashSet<PathBuf> {
        let undecided = |entry: &&Entry<S::File>| entry.stage != Stage::Reading && entry.tail.unread() > 0;
        let undecided = self.entries.values().filter(undecided).map(|entry| &**entry.tail.path());
        let unreadable = self.refused.iter().filter(|(_, why)| matches!(why, Refusal::Unreadable(_)));
        undecided.chain(unreadable.map(|(path, _)| &**path)).flat_map(possible_originals).collect()
    }

    /// Whether it follows that file, under any name.
    pub fn follows(&self, file: &FileKey) -> bool {
        self.entries.contains_key(file)
    }

    /// Whether the last scan could look at everything.
    pub fn was_seen_whole(&self) -> bool {
        self.seen_whole
    }

    /// Looks at a path that a walk found. `Ok(None)` when it went away or cannot be judged now.
    fn observe(&mut self, path: &Path, kind: Kind, now: Instant) -> Result<Option<FileKey>, Refusal> {
        let forbidden = |why: &str| Err(Refusal::Forbidden(why.to_owned()));
        let path = match kind {
            Kind::Regular => path.to_owned(),
            Kind::Symlink => match self.files.resolve(path) {
                Ok(target) if self.is_inside(&target) => target,
                Ok(_) => return forbidden("is a symbolic link that leads out of the spool's directories"),
                Err(error) => return forbidden(&format!("is a symbolic link that leads nowhere ({error})")),
            },
            Kind::Directory => return Ok(None),
            Kind::Fifo | Kind::Socket | Kind::Device => return forbidden(&format!("is {}", kind.as_str())),
        };
        let stat = match self.files.stat(&path) {
            Ok(stat) => stat,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Refusal::Unreadable(format!("cannot be looked at ({error})"))),
        };
        if stat.kind == Kind::Directory {
            return Ok(None);
        }
        if stat.kind != Kind::Regular {
            return forbidden(&format!("is {}", stat.kind.as_str()));
        }
        if !self.entries.contains_key(&stat.key) {
            if stat.links > 1 {
                return forbidden(&format!("has {} names (hard links), and the others may be anywhere", stat.links));
            }
            self.admit(stat, path, now)?;
            return Ok(Some(stat.key));
        }
        self.rename(stat.key, &path);
        self.note(stat.key, &stat, now);
        Ok(Some(stat.key))
    }

    /// Begins to follow a file.
    fn admit(&mut self, stat: Stat, path: PathBuf, now: Instant) -> Result<(), Refusal> {
        let path: Arc<Path> = path.into();
        let tail = Tail::new(&stat, Arc::clone(&path), None, Position::start(), None);
        let entry = Entry {
            tail,
            stage: Stage::Waiting,
            presence: Presence::There,
            queued: false,
            used: 0,
            grown: now,
            waiting_since: now,
            found: self.scans,
            size_at_start: (self.scans == 1).then_some(stat.size),
            begin: None,
            began: Began::Undecided,
            ages: Ages::default(),
            skimmed: 0,
            step: 0,
        };
        self.entries.insert(stat.key, entry);
        // Opened while it has a name: a file may be deleted before its turn comes.
        if let Err(error) = self.open(stat.key) {
            self.entries.remove(&stat.key);
            return Err(Refusal::Unreadable(format!("cannot be opened ({error})")));
        }
        self.by_path.insert(path, stat.key);
        self.note(stat.key, &stat, now);
        Ok(())
    }

    /// A file with the inode of another proves that the other is gone. Its frontier is kept as long as a file waits that may
    /// be a copy of it, and until listings enough have found no other.
    fn forget_former_inodes(&mut self) {
        let Some(frontiers) = &mut self.frontiers else { return };
        // A path that cannot be looked at or opened now may lead to such a file too.
        let waits = |why: &Refusal| matches!(why, Refusal::Unreadable(_));
        if frontiers.is_empty()
            || self.refused.values().any(waits)
            || self.entries.values().any(|entry| entry.stage != Stage::Reading)
        {
            return;
        }
        let inode = |key: &FileKey| (key.device, key.inode);
        let here: BTreeMap<(u64, u64), u64> = self.entries.keys().map(|key| (inode(key), key.birth)).collect();
        let former = |other: &FileKey| {
            here.get(&inode(other)).is_some_and(|birth| *birth != other.birth && *birth != 0 && other.birth != 0)
        };
        let listings = std::mem::take(&mut self.outlived);
        let once_more = |other: &FileKey| (*other, listings.get(other).map_or(1, |listings| listings + 1));
        self.outlived = frontiers.keys().filter(|other| former(other)).map(once_more).collect();
        let outlived = self.outlived.extract_if(.., |_, listings| *listings >= LISTINGS);
        for (other, _) in outlived {
            frontiers.remove(&other);
            self.gone.push(other);
        }
    }

    fn rename(&mut self, key: FileKey, path: &Path) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        if &**entry.tail.path() == path {
            // Another file may have taken the name for a while.
            self.by_path.insert(Arc::clone(entry.tail.path()), key);
            return;
        }
        if self.by_path.get(entry.tail.path()) == Some(&key) {
            self.by_path.remove(entry.tail.path());
        }
        let path: Arc<Path> = path.into();
        entry.tail.rename(Arc::clone(&path));
        self.by_path.insert(path, key);
    }

    /// Takes in what a look at a followed file shows.
    fn note(&mut self, key: FileKey, stat: &Stat, now: Instant) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        entry.presence = Presence::There;
        let unread = entry.tail.unread();
        let changed = entry.tail.look(stat);
        if entry.tail.unread() != unread {
            entry.grown = now;
        }
        entry.ages.grown(entry.tail.size(), entry.tail.position().offset, now);
        if changed {
            self.enqueue(key);
        }
    }

    fn enqueue(&mut self, key: FileKey) {
        if let Some(entry) = self.entries.get_mut(&key)
            && entry.stage == Stage::Reading
            && !entry.queued
        {
            entry.queued = true;
            self.queue.push_back(key);
        }
    }

    /// Judges the files that a scan did not find.
    fn miss(&mut self, seen: &BTreeSet<FileKey>, whole: bool, now: Instant) {
        self.missing = self.entries.keys().filter(|key| !seen.contains(key)).copied().collect();
        for key in self.missing.clone() {
            let Some(entry) = self.entries.get_mut(&key) else { continue };
            let verdict = match entry.tail.file().map(Handle::stat) {
                Some(Ok(stat)) => {
                    let (scans, since) = entry.presence.missed(now);
                    self.note(key, &stat, now);
                    let was_emptied = stat.links == 0 && stat.size == 0;
                    if was_emptied && let Err(error) = self.check_for_replacement(key, now) {
                        self.cannot_read(key, &error);
                    }
                    let Some(entry) = self.entries.get_mut(&key) else { continue };
                    entry.presence = Presence::Missing { scans, since };
                    let idle = now.saturating_duration_since(entry.grown.max(since));
                    // What it held went before its name did, and may be in a copy that is still to be found.
                    let may_be_copied = matches!(entry.stage, Stage::Replaced { .. });
                    // What is read and not committed may have to be read again.
                    let settled = entry.step <= self.settled || museum::is(museum::Piece::LetGoBeforeCommit);
                    let read = museum::is(museum::Piece::RotatedFileAbandoned)
                        || !entry.queued && entry.stage == Stage::Reading && settled;
                    let path = Arc::clone(entry.tail.path());
                    let keeps_its_name = || self.files.stat(&path).is_ok_and(|there| there.key == key);
                    match stat.links {
                        // Found until the config was read again and not since, and still where it was: it is no longer
                        // named.
                        1.. if whole
                            && scans >= 2
                            && self.reloaded == Some(self.scans - u64::from(scans))
                            && keeps_its_name() =>
                        {
                            Verdict::Excluded
                        }
                        0 if (read || was_emptied && !may_be_copied) && idle >= DELETED_LINGER => Verdict::Deleted,
                        1.. if read && idle >= MOVED_LINGER => Verdict::Moved,
                        _ => Verdict::Stays,
                    }
                }
                Some(Err(_)) => Verdict::Stays,
                None if whole => {
                    let (scans, since) = entry.presence.missed(now);
                    entry.presence = Presence::Missing { scans, since };
                    // One listing can miss a file that is just being renamed.
                    if scans >= 2 || museum::is(museum::Piece::OneAbsenceIsEnough) {
                        Verdict::Moved
                    } else {
                        Verdict::Stays
                    }
                }
                None => Verdict::Stays,
            };
            let verdict = match verdict {
                Verdict::Stays if museum::is(museum::Piece::UnlistedIsDeleted) && !whole => Verdict::Deleted,
                Verdict::Moved if museum::is(museum::Piece::OneAbsenceIsEnough) => Verdict::Deleted,
                other => other,
            };
            match verdict {
                Verdict::Stays => {}
                Verdict::Deleted => self.let_go(key, LastSeen::Deleted, now),
                Verdict::Moved => self.let_go(key, LastSeen::Elsewhere, now),
                Verdict::Excluded => self.let_go(key, LastSeen::Excluded, now),
            }
        }
    }

    fn let_go(&mut self, key: FileKey, seen: LastSeen, now: Instant) {
        let Some(mut entry) = self.entries.remove(&key) else { return };
        self.unreadable.remove(&key);
        if entry.tail.file().is_some() {
            entry.tail.detach();
            self.open -= 1;
        }
        if self.by_path.get(entry.tail.path()) == Some(&key) {
            self.by_path.remove(entry.tail.path());
        }
        for head in entry.tail.heads() {
            if self.former.len() == FORMER_MAX {
                self.former.pop_front();
            }
            self.former.push_back((key, head.clone()));
        }
        let (path, offset, bytes) = (entry.tail.path(), entry.tail.position().offset, entry.tail.unread());
        // What is in a file that is no longer named stays there, and is read when it is named again.
        if bytes > 0 && !matches!(seen, LastSeen::Excluded) {
            self.vanished.push(Vanished { path: Arc::clone(path), offset, bytes });
        }
        tracing::debug!(path = %entry.tail.path().display(), unread = entry.tail.unread(), ?seen, "file let go");
        match (seen, entry.tail.sent()) {
            (LastSeen::Deleted, _) if key.birth != 0 => self.gone.push(key),
            // It may come back under a name of the spool; or, without a birth time, the next file on its inode has its key,
            // and forgetting the one's frontier late would take the other's.
            (LastSeen::Elsewhere | LastSeen::Excluded | LastSeen::Deleted, Some(sent)) => {
                if let Some(frontiers) = &mut self.frontiers {
                    let path = Arc::clone(entry.tail.path());
                    let head = entry.tail.head_of(sent.generation);
                    frontiers.insert(key, Absent { path, position: sent, head, until: now + ABSENT_KEEP });
                }
            }
            (LastSeen::Elsewhere | LastSeen::Excluded | LastSeen::Deleted, None) => {}
        }
    }

    /// Decides where to begin in the files that wait for it.
    fn decide(&mut self, now: Instant) {
        if self.frontiers.is_none() {
            return;
        }
        let mut waiting: Vec<(u64, FileKey)> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.stage == Stage::Waiting)
            .map(|(key, entry)| (entry.found, *key))
            .collect();
        // Files with a frontier first: they show which contents were replaced, and so which files are copies.
        waiting.sort_unstable();
        let mut new = Vec::new();
        for (_, key) in waiting {
            match self.frontier_of(key) {
                Ok(Some((named, position))) => {
                    if let Some(frontiers) = &mut self.frontiers {
                        frontiers.remove(&named);
                    }
                    if named == key {
                        self.begin(key, position, Some(position));
                    } else {
                        // The device got another number: the same file under a new key, and the old key's end.
                        self.gone.push(named);
                        self.begin(key, position, None);
                    }
                }
                Ok(None) => new.push(key),
                Err(error) => self.cannot_read(key, &error),
            }
        }
        for key in new {
            match self.begin_of_new(key, now) {
                Ok(Some(Begin::Own(position))) => self.begin(key, position, None),
                Ok(Some(Begin::Copy(position, of))) => self.begin_copy(key, position, None, of),
                Ok(None) => {}
                Err(error) => self.cannot_read(key, &error),
            }
        }
    }

    /// Goes on in a copy, with a step of its frontier before anything else.
    fn begin_copy(&mut self, key: FileKey, position: Position, sent: Option<Position>, of: ContentKey) {
        self.begin(key, position, Some(position));
        self.steps += 1;
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.step = self.steps;
            let path = Arc::clone(entry.tail.path());
            if museum::is(museum::Piece::CopyStepLater) {
                entry.tail.place(position, sent, self.source);
                return;
            }
            self.begun.push_back((Move { file: key, path, from: sent, to: position }, of));
        }
    }

    /// Decides where to go on in files whose content was replaced: it is known by now whether the old content was copied,
    /// or the new content is a copy itself.
    fn go_on(&mut self, unlisted: &[PathBuf], now: Instant) {
        let is_listed =
            |path: &Path| !path.parent().is_some_and(|directory| unlisted.iter().any(|other| other == directory));
        let this = self.scans;
        for entry in self.entries.values_mut() {
            let listed = is_listed(entry.tail.path());
            if let Stage::Replaced { scan, listings, .. } = &mut entry.stage
                && listed
                && this > *scan
            {
                // A scan that could not list the directory does not say that there is no copy in it.
                *listings += 1;
            }
        }
        let mut replaced = Vec::new();
        let mut in_question = None;
        for (key, entry) in &self.entries {
            let Stage::Replaced { listings, since, .. } = entry.stage else { continue };
            let path = entry.tail.path();
            let listed = is_listed(path);
            let looked = listings >= LISTINGS;
            let in_question = in_question.get_or_insert_with(|| self.originals_in_question());
            if looked && listed && !in_question.contains(&**path)
                || museum::is(museum::Piece::CopyStepLater)
                || now.saturating_duration_since(since) >= REPLACED_HOLD
            {
                replaced.push(*key);
            } else {
                self.wants_scan |= listed && !looked;
            }
        }
        for key in replaced {
            match self.begin_of_new(key, now) {
                Ok(Some(Begin::Copy(found, of))) => {
                    let Some(entry) = self.entries.get(&key) else { continue };
                    let position = Position { generation: entry.tail.position().generation, ..found };
                    self.begin_copy(key, position, entry.tail.sent(), of);
                }
                Ok(Some(Begin::Own(_))) => {
                    if let Some(entry) = self.entries.get_mut(&key) {
                        entry.stage = Stage::Reading;
                    }
                    self.enqueue(key);
                }
                Ok(None) => {}
                Err(error) => self.cannot_read(key, &error),
            }
        }
    }

    /// Takes in that a file's content was replaced.
    fn replaced(&mut self, key: FileKey, what: Replaced, now: Instant) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        if entry.step <= self.settled {
            entry.tail.forget_heads_before(what.position.generation);
        }
        entry.stage = Stage::Replaced { scan: self.scans, listings: 0, since: now };
        entry.ages.start_over();
        entry.ages.grown(entry.tail.size(), 0, now);
        self.replacements.remember(Arc::clone(entry.tail.path()), what, now);
        self.wants_scan = true;
    }

    fn begin(&mut self, key: FileKey, position: Position, sent: Option<Position>) {
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.tail.place(position, sent, self.source);
            entry.stage = Stage::Reading;
            entry.began = if sent.is_none() && position == Position::start() { Began::AtStart } else { Began::Further };
        }
        self.enqueue(key);
    }

    /// The frontier that belongs to a file, with the key it is kept under.
    fn frontier_of(&mut self, key: FileKey) -> io::Result<Option<(FileKey, Position)>> {
        let Some(frontiers) = &self.frontiers else { return Ok(None) };
        if let Some(absent) = frontiers.get(&key) {
            return Ok(Some((key, absent.position)));
        }
        let renumbered = |other: &FileKey| {
            key.birth != 0 && (other.inode, other.birth) == (key.inode, key.birth) && other.device != key.device
        };
        let Some((named, position)) =
            frontiers.iter().find(|(other, _)| renumbered(other)).map(|(other, absent)| (*other, absent.position))
        else {
            return Ok(None);
        };
        let same = self.marker_of(key, position.offset)? == Some(position.marker);
        Ok(same.then_some((named, position)))
    }

    /// The marker of the bytes before an offset of a file; `None` when there are not so many.
    fn marker_of(&mut self, key: FileKey, offset: u64) -> io::Result<Option<Marker>> {
        self.open(key)?;
        let entry = self.entries.get(&key).ok_or(io::ErrorKind::NotFound)?;
        entry.tail.marker_before(&mut self.buffer, offset)
    }

    /// Where to begin in a file that has no frontier; `None` while that is not to be decided.
    fn begin_of_new(&mut self, key: FileKey, now: Instant) -> io::Result<Option<Begin>> {
        let Some(entry) = self.entries.get(&key) else { return Ok(None) };
        if let (Some(begin), Stage::Waiting) = (entry.begin, entry.stage) {
            return Ok(Some(Begin::Own(begin)));
        }
        if let (StartAt::End, Some(size), Stage::Waiting) = (self.options.start_at, entry.size_at_start, entry.stage) {
            let end = self.end_of(key, size)?;
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.begin = Some(end);
            }
            return Ok(Some(Begin::Own(end)));
        }
        if entry.tail.unread() == 0 {
            // An empty file may yet become a copy, unless it is known already.
            let known = entry.stage != Stage::Waiting;
            return Ok(known.then_some(Begin::Own(Position::start())));
        }
        let size = entry.tail.unread();
        let held_long_enough = now.saturating_duration_since(entry.grown) >= COPY_HOLD;
        let path = Arc::clone(entry.tail.path());
        let held_too_long = now.saturating_duration_since(entry.waiting_since) >= REPLACED_HOLD;
        for original in possible_originals(&path) {
            let cannot_be_seen = |path: &Path| matches!(self.refused.get(path), Some(Refusal::Unreadable(_)));
            if !held_too_long && (cannot_be_seen(&original) || original.parent().is_some_and(cannot_be_seen)) {
                // Whether it is there, and its content was replaced, and so whether this file is the copy of it, shows when it
                // can be read.
                return Ok(None);
            }
            // First whether it looks like a copy, then whether the original was replaced: in the other order that can happen
            // in between, and both answers are no.
            for original in self.followed_at(&original) {
                let alike = !held_long_enough && self.is_copy_so_far(key, original, size)?;
                self.check_for_replacement(original, now)?;
                if alike {
                    return Ok(None);
                }
            }
            let replacements = std::mem::take(&mut self.replacements);
            let replaced = replacements.find(&original, size, |offset| self.marker_of(key, offset));
            self.replacements = replacements;
            let replaced = replaced?;
            let absent = self.copy_of_absent(key, &original, size)?;
            // Contents that begin alike: the one that agrees furthest is the right one.
            match (replaced, absent) {
                (Some((position, of)), absent) if absent.is_none_or(|(other, _)| other.offset <= position.offset) => {
                    self.replacements.claim(of, position.offset);
                    return Ok(Some(Begin::Copy(position, of)));
                }
                (_, Some(_)) if self.listed < LISTINGS && !held_too_long => {
                    // The original may be there all the same, and be read on from where its copy would be.
                    self.wants_scan = true;
                    return Ok(None);
                }
                (_, Some((position, of))) => return Ok(Some(Begin::Copy(position, of))),
                (_, None) => {}
            }
        }
        Ok(Some(Begin::Own(Position::start())))
    }

    /// The files that are at a path, or were until they lost their names: a file may be copied, truncated and deleted before
    /// its truncation is found out.
    fn followed_at(&self, path: &Path) -> Vec<FileKey> {
        let there = self.by_path.get(path).copied();
        let was_there = |key: &&FileKey| self.entries.get(key).is_some_and(|entry| **entry.tail.path() == *path);
        let missing = self.missing.iter().filter(was_there).copied().filter(|key| there != Some(*key));
        there.into_iter().chain(missing).collect()
    }

    /// Where to go on in a file that is a copy of one that was at `original` and is there no more.
    fn copy_of_absent(
        &mut self,
        key: FileKey,
        original: &Path,
        size: u64,
    ) -> io::Result<Option<(Position, ContentKey)>> {
        let frontiers = self.frontiers.iter().flatten().filter(|(_, absent)| *absent.path == *original);
        let read = |(file, absent): (&FileKey, &Absent)| Read {
            file: *file,
            position: absent.position,
            head: absent.head.clone(),
        };
        let read: Vec<Read> = frontiers.map(read).collect();
        copies::furthest(read, size, |offset| self.marker_of(key, offset))
    }

    /// Finds out now whether the content of a file being read was replaced.
    fn check_for_replacement(&mut self, key: FileKey, now: Instant) -> io::Result<()> {
        if self.entries.get(&key).is_none_or(|entry| entry.stage != Stage::Reading) {
            return Ok(());
        }
        self.open(key)?;
        let Some(entry) = self.entries.get_mut(&key) else { return Ok(()) };
        let turn = entry.tail.verify(&mut self.buffer)?;
        self.vanished.extend(Vanished::of(entry.tail.path(), &turn.cut_off));
        if let Some(what) = turn.replaced {
            self.replaced(key, what, now);
        }
        Ok(())
    }

    /// Whether what a new file holds is what another file begins with. That one may have been found later: the scan that
    /// found the copy may not have been able to look at it.
    fn is_copy_so_far(&mut self, key: FileKey, original: FileKey, size: u64) -> io::Result<bool> {
        for offset in [size.min(WINDOW), size] {
            // One after the other: there may be one descriptor for both.
            let one = self.marker_of(key, offset)?;
            if one.is_none() || one != self.marker_of(original, offset)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The start of the line that stands at the end of a file's first `size` bytes.
    fn end_of(&mut self, key: FileKey, size: u64) -> io::Result<Position> {
        let reach = self.options.limits.max_line_bytes as u64;
        let start = size.saturating_sub(reach);
        self.open(key)?;
        let Some(file) = self.entries.get(&key).and_then(|entry| entry.tail.file()) else {
            return Ok(Position::start());
        };
        tail::load(file, &mut self.buffer, start, (size - start) as usize)?;
        let end = memchr::memrchr(b'\n', &self.buffer).map_or(start, |newline| start + newline as u64 + 1);
        match self.marker_of(key, end)? {
            Some(marker) => Ok(Position { generation: 0, offset: end, marker }),
            None => Ok(Position::start()),
        }
    }

    /// Forgets the frontiers of files that were not in the spool for long.
    fn forget_absent(&mut self, now: Instant) {
        if let Some(frontiers) = &mut self.frontiers {
            self.gone.extend(frontiers.extract_if(.., |_, absent| now >= absent.until).map(|(file, _)| file));
        }
    }

    /// Makes sure that a file has a descriptor.
    fn open(&mut self, key: FileKey) -> io::Result<()> {
        let Some(entry) = self.entries.get(&key) else { return Err(io::ErrorKind::NotFound.into()) };
        if entry.tail.file().is_some() {
            return Ok(());
        }
        let path = Arc::clone(entry.tail.path());
        while self.open >= self.options.files_open_max && self.close_idle() {}
        let file = match self.files.open(&path) {
            Err(error) if is_out_of_descriptors(&error) && self.close_idle() => self.files.open(&path),
            other => other,
        }?;
        // Judged on the descriptor: the path may lead elsewhere since it was looked at.
        let stat = file.stat()?;
        if stat.kind != Kind::Regular || stat.key != key {
            return Err(io::Error::new(io::ErrorKind::NotFound, "another file has its name now"));
        }
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.tail.attach(file);
            self.open += 1;
        }
        Ok(())
    }

    /// Closes descriptors that were idle longest, of files that can be opened again: a part of all that may be open, since all
    /// files are looked at for it. Says whether there was one.
    fn close_idle(&mut self) -> bool {
        let can_close = |entry: &Entry<S::File>| entry.tail.file().is_some() && entry.presence == Presence::There;
        let idleness = |entry: &Entry<S::File>| (entry.queued, entry.tail.unread() > 0, entry.used);
        let mut idle: Vec<_> = (self.entries.iter())
            .filter(|(_, entry)| can_close(entry))
            .map(|(key, entry)| (idleness(entry), *key))
            .collect();
        if idle.is_empty() {
            return false;
        }
        let closed = (self.options.files_open_max / CLOSED_AT_ONCE).clamp(1, idle.len());
        idle.select_nth_unstable(closed - 1);
        for (_, key) in &idle[..closed] {
            if let Some(entry) = self.entries.get_mut(key) {
                entry.tail.detach();
                self.open -= 1;
            }
        }
        true
    }

    /// Logs that a file cannot be read, once for as long as the reason stays.
    fn cannot_read(&mut self, key: FileKey, error: &io::Error) {
        let why = error.to_string();
        if let Some(entry) = self.entries.get(&key)
            && self.unreadable.get(&key) != Some(&why)
        {
            tracing::warn!(path = %entry.tail.path().display(), "the file cannot be read now ({why}); it waits");
            self.unreadable.insert(key, why);
        }
    }

    /// Logs why a path is not read, once for as long as the reason stays.
    fn refuse(&self, refused: &mut HashMap<PathBuf, Refusal>, path: PathBuf, why: Refusal) {
        if self.refused.get(&path) != Some(&why) && !refused.contains_key(&path) {
            tracing::warn!(path = %path.display(), "not read: the path {}", why.why());
        }
        if refused.len() < REFUSED_MAX {
            refused.insert(path, why);
        }
    }

    fn is_inside(&self, target: &Path) -> bool {
        self.options
            .globs
            .directories()
            .filter_map(|directory| self.files.resolve(directory).ok())
            .any(|directory| target.starts_with(directory))
    }
}

/// Where reading begins in a file that has no frontier.
#[derive(Debug, Clone, Copy)]
enum Begin {
    /// Here, whatever other files hold.
    Own(Position),
    /// Behind what was read of the content that it is a copy of.
    Copy(Position, ContentKey),
}

/// What is to become of a file that a scan did not find.
enum Verdict {
    Stays,
    Deleted,
    Moved,
    Excluded,
}

/// What is known of a file that is let go.
#[derive(Debug, Clone, Copy)]
enum LastSeen {
    Deleted,
    Elsewhere,
    Excluded,
}

fn is_out_of_descriptors(error: &io::Error) -> bool {
    let out = [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE];
    error.raw_os_error().is_some_and(|code| out.iter().any(|errno| errno.raw_os_error() == code))
}

#[cfg(test)]
mod tests;
