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

mod begin;
mod calm;
mod copies;
mod scan;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ages::Ages;
pub use begin::CopiesDue;
use calm::Calm;
use copies::Replacements;
pub use copies::possible_originals;
use files::{FileSystem, Handle, Kind, Stat};
use globs::Globs;
pub use position::{ContentKey, FileKey, Frontier, Marker, Move, Position};
use tail::{Flow, Head, Limits, Line, Skipped, Source, Tail};

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

/// How many listings must have missed a copy before there is none: one can miss a file that is just being renamed, and so
/// can the next if it is renamed again.
const LISTINGS: u64 = 3;

/// How long the frontier of a file that is not in the spool is kept: it may be renamed back into it.
pub const ABSENT_KEEP: Duration = Duration::from_secs(24 * 60 * 60);

/// The fewest bytes that a skimming turn looks at.
const SKIM_MIN: u64 = 64 << 10;

/// Which part of the descriptors that may be open is closed when one is needed: the first of so many.
const CLOSED_AT_ONCE: usize = 16;

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

impl<F: Handle> Entry<F> {
    /// Whether it has something to read, and where to begin is not decided.
    fn waits(&self) -> bool {
        self.stage != Stage::Reading && self.tail.unread() > 0
    }

    /// Takes in what a look at it shows. Says whether it may have a turn by that.
    fn note(&mut self, stat: &Stat, now: Instant) -> bool {
        self.presence = Presence::There;
        let unread = self.tail.unread();
        let changed = self.tail.look(stat);
        if self.tail.unread() != unread {
            self.grown = now;
        }
        self.ages.grown(self.tail.size(), self.tail.position().offset, now);
        changed
    }
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
    /// Boxed, since a tree holds room for nearly twice what is in it.
    entries: BTreeMap<FileKey, Box<Entry<S::File>>>,
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
    /// The last walk, if it found the files that are followed and nothing else.
    calm: Option<Calm>,
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
            calm: None,
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
        self.calm = None;
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

    /// Gives up the room to read into, until there is something to read.
    pub fn shrink(&mut self) {
        self.buffer = Vec::new();
    }

    /// How many bytes of room it keeps to read into.
    #[cfg(test)]
    pub(crate) fn room(&self) -> usize {
        self.buffer.capacity()
    }

    /// Whether everything that can be read now was given out.
    pub fn is_exhausted(&self) -> bool {
        self.queue.is_empty() && self.begun.is_empty() && !self.entries.values().any(|entry| entry.waits())
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
        let unread = self.entries.iter().map(|(key, entry)| (self.unread_of(key, entry).1, *key));
        let mut files: Vec<_> = unread.filter(|(bytes, _)| *bytes > 0).collect();
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

    /// Whether it follows that file, under any name.
    pub fn follows(&self, file: &FileKey) -> bool {
        self.entries.contains_key(file)
    }

    /// Whether the last scan could look at everything.
    pub fn was_seen_whole(&self) -> bool {
        self.seen_whole
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
}

fn is_out_of_descriptors(error: &io::Error) -> bool {
    let out = [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE];
    error.raw_os_error().is_some_and(|code| out.iter().any(|errno| errno.raw_os_error() == code))
}

#[cfg(test)]
mod tests;
