//! What was let go and is not declared in the table yet, kept in a file of the state directory.
//!
//! Invariant: lines are passed over only after the file that says so is on disk, so their count survives a crash.
//! Invariant: the database's frontier wins. A *passage* leads from a frontier to behind the lines that were let go; it is
//! declared in the transaction that moves the frontier along it, and is void where the frontier stands elsewhere.
//! Invariant: gaps (bytes that vanished) are numbered; the number of those declared is a frontier of its own, [`GAPS`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Declaration, Reason, Tally};
use crate::spool::{ContentKey, FileKey, Marker, Move, Position, possible_originals};
use crate::state::StateDirectory;

/// The file's name in the state directory.
const FILE: &str = "shed";

/// What the file begins with: its kind and the version of its format.
const HEAD: &str = "tracespool-shed 1";

/// How many files may have a passage at once.
const PASSAGES_MAX: usize = 10_000;

/// How many gaps are kept; more are added to the last.
const GAPS_MAX: usize = 1000;

/// The frontier that counts the gaps declared: a file that cannot exist.
pub const GAPS: FileKey = FileKey { device: 0, inode: 0, birth: 0 };

/// The position of the frontier [`GAPS`] when that many gaps are declared.
pub fn gaps_position(declared: u64) -> Position {
    Position { generation: 0, offset: declared, marker: Marker::empty() }
}

/// Whether lines may yet turn out to be rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certainty {
    /// They are none.
    LetGo,
    /// They were in a commit whose outcome is unknown; they are let go if it did not happen.
    InDoubt,
}

/// A part of a passage.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Segment {
    reason: Reason,
    certainty: Certainty,
    to: Position,
    tally: Tally,
    /// Of what the file is a copy, where this part is its beginning. What was let go of that was counted there.
    copy_of: Option<ContentKey>,
}

/// What it rests on that a passage begins where nothing was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Basis {
    /// Where the files were thought to stand that this one may be a copy of: that says how much of a copy was committed.
    Assumed(Vec<(FileKey, Position)>),
    /// The database has said so.
    Confirmed,
    /// It does not rest on anything: what lies behind the frontier of a file that was gone.
    Guess,
}

/// How sure it is what became of the lines that a passage leads over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sureness {
    /// They were let go from where the frontier stands.
    Sure,
    /// They were let go from elsewhere, in a file that was gone when that was found out. If it comes back, it tells.
    Guessed,
}

/// Lines of one file that were let go in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Passage {
    path: String,
    /// The frontier it begins at; `None` for a file without one.
    from: Option<Position>,
    basis: Basis,
    segments: Vec<Segment>,
}

impl Passage {
    fn to(&self) -> Position {
        self.segments.last().expect("a passage leads somewhere").to
    }

    /// The part that ends where the frontier stands.
    fn part_up_to(&self, frontier: Option<Position>) -> Option<usize> {
        self.segments.iter().position(|segment| Some(place(segment.to)) == frontier.map(place))
    }

    fn declarations(&self) -> Vec<Declaration> {
        let mut declarations: Vec<Declaration> = Vec::new();
        for segment in self.segments.iter().filter(|segment| !segment.tally.is_empty()) {
            match declarations.last_mut() {
                Some(last) if last.reason == segment.reason && segment.reason != Reason::Vanished => {
                    last.tally.absorb(&segment.tally);
                }
                Some(_) | None => declarations.push(Declaration {
                    path: self.path.clone(),
                    reason: segment.reason,
                    tally: segment.tally,
                }),
            }
        }
        declarations
    }
}

/// A passage that the database's frontier lets be declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// From the database's frontier to behind the passage.
    pub step: Move,
    /// What to declare in the transaction that makes the step.
    pub declarations: Vec<Declaration>,
    /// Lines that were in doubt and are let go for certain now.
    pub no_longer_in_doubt: Vec<(Reason, Tally)>,
    /// How sure that is.
    pub sureness: Sureness,
}

/// What is not declared yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Note {
    passages: BTreeMap<FileKey, Passage>,
    /// Passages that do not fit the database's frontier, with where that stands.
    misfits: BTreeMap<FileKey, (Passage, Option<Position>)>,
    gaps: Vec<Declaration>,
    /// The number of the first gap; `None` until the database has told it.
    gaps_before: Option<u64>,
}

/// The order of positions in one file.
fn place(position: Position) -> (u32, u64) {
    (position.generation, position.offset)
}

impl Note {
    /// Whether there is nothing to declare.
    pub fn is_empty(&self) -> bool {
        self.passages.is_empty() && self.misfits.is_empty() && self.gaps.is_empty()
    }

    /// Whether lines of that file can be noted.
    pub fn has_room_for(&self, file: FileKey) -> bool {
        self.passages.len() < PASSAGES_MAX || self.passages.contains_key(&file)
    }

    /// Notes that the lines of a step were let go. The steps of one file must follow one another. `basis` says where the
    /// files are thought to stand that this one may be a copy of.
    pub fn extend(
        &mut self,
        step: &Move,
        reason: Reason,
        tally: Tally,
        certainty: Certainty,
        basis: impl FnOnce() -> Vec<(FileKey, Position)>,
    ) {
        self.add(step, Segment { reason, certainty, to: step.to, tally, copy_of: None }, basis);
    }

    /// Notes that reading goes on behind the beginning of a copy, which was read as the content `of`.
    pub fn extend_copy(
        &mut self,
        step: &Move,
        reason: Reason,
        of: ContentKey,
        basis: impl FnOnce() -> Vec<(FileKey, Position)>,
    ) {
        let (certainty, tally) = (Certainty::LetGo, Tally::default());
        self.add(step, Segment { reason, certainty, to: step.to, tally, copy_of: Some(of) }, basis);
    }

    fn add(&mut self, step: &Move, segment: Segment, basis: impl FnOnce() -> Vec<(FileKey, Position)>) {
        let path = step.path.to_string_lossy().into_owned();
        let passage = self.passages.entry(step.file).or_insert_with(|| Passage {
            path: String::new(),
            from: step.from,
            basis: Basis::Assumed(Vec::new()),
            segments: Vec::new(),
        });
        if passage.path != path {
            if let (None, Basis::Assumed(known)) = (passage.from, &mut passage.basis) {
                // By its new name it may be a copy of other files, and of these nothing was committed meanwhile.
                let others: HashSet<FileKey> = known.iter().map(|(file, _)| *file).collect();
                known.extend(basis().into_iter().filter(|(file, _)| !others.contains(file)));
            }
            passage.path = path;
        }
        match passage.segments.last_mut() {
            Some(last)
                if last.reason == segment.reason
                    && last.certainty == segment.certainty
                    && last.to.generation == segment.to.generation
                    && last.copy_of == segment.copy_of =>
            {
                last.to = segment.to;
                last.tally.absorb(&segment.tally);
            }
            Some(_) | None => passage.segments.push(segment),
        }
    }

    /// Where reading is to begin in a file, its frontier being `frontier` as far as is known without the database.
    pub fn ends(&self) -> impl Iterator<Item = (FileKey, &str, Position)> {
        self.passages.iter().map(|(file, passage)| (*file, passage.path.as_str(), passage.to()))
    }

    /// Holds the passages against the database's frontiers. Those that were declared before go; those that fit are
    /// returned, and stay until [`Note::committed`]; the others wait for [`Note::take_misfits`]. `originals` tells where the
    /// files stand that one at this path may be a copy of.
    pub fn reconcile(
        &mut self,
        frontiers: &HashMap<FileKey, Position>,
        originals: impl Fn(&Path) -> Vec<(FileKey, Position)>,
    ) -> Vec<Passed> {
        let mut fitting = Vec::new();
        let waiting = std::mem::take(&mut self.misfits).into_iter().map(|(file, (passage, _))| (file, passage));
        let passages: Vec<_> = std::mem::take(&mut self.passages).into_iter().chain(waiting).collect();
        // Of an original of which more was committed than was known, more of its copy was too. Reading tells how much, if it
        // begins where the original's frontier stands now.
        let (mut doubtful, mut places) = (HashSet::new(), HashSet::new());
        for (file, passage) in &passages {
            if let (None, Basis::Assumed(known)) = (passage.from, &passage.basis)
                && !frontiers.contains_key(file)
            {
                let originals = originals(Path::new(&passage.path));
                if originals.iter().any(|original| !known.contains(original)) {
                    doubtful.insert(*file);
                    doubtful.extend(originals.iter().map(|(original, _)| *original));
                    places.extend(possible_originals(Path::new(&passage.path)));
                }
            }
        }
        let at = |file: &FileKey| frontiers.get(file).copied();
        let passages: Vec<_> = (passages.into_iter())
            .filter(|(file, passage)| at(file).is_none_or(|at| place(at) < place(passage.to())))
            .collect();
        let fits = |(file, passage): &&(FileKey, Passage)| {
            !doubtful.contains(file)
                && !places.contains(Path::new(&passage.path))
                && (at(file).map(place) == passage.from.map(place) || passage.part_up_to(at(file)).is_some())
        };
        let mut misfits: HashSet<FileKey> =
            passages.iter().filter(|passage| !fits(passage)).map(|(file, _)| *file).collect();
        // What a copy begins with was counted in the passage of its original, and is read again with that.
        loop {
            let rests_on = |segment: &Segment| segment.copy_of.is_some_and(|of| misfits.contains(&of.file));
            let more = |(file, passage): &&(FileKey, Passage)| {
                !misfits.contains(file) && passage.segments.iter().any(rests_on)
            };
            let more: Vec<FileKey> = passages.iter().filter(more).map(|(file, _)| *file).collect();
            if more.is_empty() {
                break;
            }
            misfits.extend(more);
        }
        for (file, mut passage) in passages {
            let at = at(&file);
            if misfits.contains(&file) {
                self.misfits.insert(file, (passage, at));
                continue;
            }
            let mut no_longer_in_doubt = Vec::new();
            if at.map(place) != passage.from.map(place) {
                // A commit that was in doubt has happened: what lies before its end was no loss.
                let committed = passage.part_up_to(at).map_or(0, |last| last + 1);
                passage.segments.drain(..committed);
                passage.from = at;
            }
            for segment in &mut passage.segments {
                if std::mem::replace(&mut segment.certainty, Certainty::LetGo) == Certainty::InDoubt {
                    no_longer_in_doubt.push((segment.reason, segment.tally));
                }
            }
            let step = Move { file, path: Arc::from(Path::new(&passage.path)), from: passage.from, to: passage.to() };
            let sureness = match passage.basis {
                Basis::Guess => Sureness::Guessed,
                Basis::Assumed(_) | Basis::Confirmed => {
                    passage.basis = Basis::Confirmed;
                    Sureness::Sure
                }
            };
            fitting.push(Passed { step, declarations: passage.declarations(), no_longer_in_doubt, sureness });
            self.passages.insert(file, passage);
        }
        let declared = frontiers.get(&GAPS).map_or(0, |position| position.offset);
        if let Some(before) = self.gaps_before {
            let known = declared.saturating_sub(before).min(self.gaps.len() as u64);
            self.gaps.drain(..known as usize);
        }
        self.gaps_before = Some(declared);
        // A copy's frontier is there before its original's goes on, or a crash between the two would have the copy read anew.
        let goes_on = |Passed { step, .. }: &Passed| step.to.generation != step.from.map_or(0, |from| from.generation);
        fitting.sort_by_key(goes_on);
        fitting
    }

    /// Ends the passages that do not fit the database's frontiers, once it is known which files are there. In a file
    /// that is, reading has begun at the frontier, so nothing is lost. Of a file that is gone, what lies behind the
    /// frontier is declared: lines where they were counted, else the bytes. What is in a copy that is there is read there;
    /// `copied` says up to where copies go that were found.
    pub fn take_misfits(
        &mut self,
        mut is_there: impl FnMut(&FileKey) -> bool,
        copied: HashMap<ContentKey, u64>,
    ) -> Vec<Passed> {
        let mut passed = Vec::new();
        let (there, gone): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.misfits).into_iter().partition(|(file, _)| is_there(file));
        let mut copies = copied;
        for segment in there.iter().flat_map(|(_, (passage, _))| &passage.segments) {
            if let Some(of) = segment.copy_of {
                let copied = copies.entry(of).or_default();
                *copied = segment.to.offset.max(*copied);
            }
        }
        for (file, (mut passage, at)) in gone {
            let to = passage.to();
            let begin = at.or(passage.from);
            let mut before = passage.from;
            let mut kept: Vec<Segment> = Vec::new();
            for mut segment in std::mem::take(&mut passage.segments) {
                let whole = at.is_none_or(|at| before.map_or((0, 0), place) >= place(at));
                let start = before.filter(|before| before.generation == segment.to.generation);
                let start = start.map_or(0, |before| before.offset);
                before = Some(segment.to);
                if at.is_some_and(|at| place(at) >= place(segment.to)) {
                    continue;
                }
                let copied = copies.get(&ContentKey { file, generation: segment.to.generation });
                if let Some(copied) = copied.filter(|copied| **copied > start) {
                    segment.reason = Reason::Vanished;
                    segment.tally = Tally::of_bytes((*copied).min(segment.to.offset), segment.to.offset);
                } else if !whole && let Some(at) = at {
                    let from = if at.generation == segment.to.generation { at.offset } else { 0 };
                    segment.reason = Reason::Vanished;
                    segment.tally = Tally::of_bytes(from, segment.to.offset);
                }
                segment.certainty = Certainty::LetGo;
                kept.push(segment);
            }
            if let (Some(at), Some(from)) = (begin, passage.from)
                && at.generation == from.generation
                && at.offset < from.offset
            {
                // Lines between the frontier and the passage were to be rows.
                let tally = Tally::of_bytes(at.offset, from.offset);
                let (reason, certainty) = (Reason::Vanished, Certainty::LetGo);
                kept.insert(0, Segment { reason, certainty, to: from, tally, copy_of: None });
            }
            if let Some(last) = kept.last_mut()
                && copies.contains_key(&ContentKey { file, generation: last.to.generation })
            {
                // A frontier at the end of that content would have the copy read from there.
                last.to = last.to.next_generation();
            }
            passage.segments = kept;
            passage.from = at;
            let to = passage.segments.last().map_or(to, |last| last.to);
            let step = Move { file, path: Arc::from(Path::new(&passage.path)), from: at, to };
            let declarations = passage.declarations();
            passage.basis = Basis::Guess;
            self.passages.insert(file, passage);
            let (no_longer_in_doubt, sureness) = (Vec::new(), Sureness::Guessed);
            passed.push(Passed { step, declarations, no_longer_in_doubt, sureness });
        }
        passed
    }

    /// The contents that passages lead through which do not fit the database's frontiers: the file, its path, and how far it
    /// was read.
    pub fn misfits(&self) -> impl Iterator<Item = (FileKey, &Path, Position)> {
        self.misfits.iter().flat_map(|(file, (passage, _))| {
            let path = Path::new(&passage.path);
            passage.segments.iter().map(move |segment| (*file, path, segment.to))
        })
    }

    /// Forgets what was guessed of a file that has come back: it is read from its frontier.
    pub fn forget_guess(&mut self, file: FileKey) {
        self.passages.retain(|of, passage| *of != file || passage.basis != Basis::Guess);
    }

    /// Whether there are passages that do not fit the database's frontiers.
    pub fn has_misfits(&self) -> bool {
        !self.misfits.is_empty()
    }

    /// Notes bytes that vanished.
    pub fn add_gap(&mut self, gap: Declaration) {
        let full = self.gaps.len() >= GAPS_MAX;
        match self.gaps.last_mut() {
            Some(last) if full => last.tally.absorb(&gap.tally),
            Some(_) | None => self.gaps.push(gap),
        }
    }

    /// The gaps from that number on, the first of them at most.
    pub fn gaps_from(&self, number: u64, most: usize) -> &[Declaration] {
        let known = number.saturating_sub(self.gaps_before.unwrap_or(0)) as usize;
        let rest = self.gaps.get(known..).unwrap_or_default();
        &rest[..rest.len().min(most)]
    }

    /// Takes in what a commit has moved. Says whether that has changed anything.
    pub fn committed(&mut self, moves: &[Move]) -> Changed {
        let mut changed = Changed::No;
        for step in moves {
            if step.file == GAPS {
                let declared = step.to.offset.saturating_sub(self.gaps_before.unwrap_or(0));
                self.gaps.drain(..(declared as usize).min(self.gaps.len()));
                self.gaps_before = Some(step.to.offset);
                changed = Changed::Yes;
            }
            if self.passages.get(&step.file).is_some_and(|passage| place(step.to) >= place(passage.to())) {
                self.passages.remove(&step.file);
                changed = Changed::Yes;
            }
            if let Some((passage, at)) = self.misfits.get_mut(&step.file) {
                // Its lines were read again and have their ends; when the file is gone it is not to be declared any more.
                *at = Some(step.to);
                if place(step.to) >= place(passage.to()) {
                    self.misfits.remove(&step.file);
                    changed = Changed::Yes;
                }
            }
        }
        changed
    }
}

/// Whether something has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It has.
    Yes,
    /// It has not.
    No,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    agent: String,
    passages: Vec<StoredPassage>,
    gaps_before: Option<u64>,
    gaps: Vec<StoredGap>,
}

#[derive(Serialize, Deserialize)]
struct StoredPassage {
    file: String,
    path: String,
    from: Option<StoredPosition>,
    /// Absent when it is confirmed or guessed.
    basis: Option<Vec<(String, StoredPosition)>>,
    #[serde(default)]
    guessed: bool,
    segments: Vec<StoredSegment>,
}

#[derive(Serialize, Deserialize)]
struct StoredSegment {
    reason: Reason,
    certainty: Certainty,
    to: StoredPosition,
    tally: Tally,
    #[serde(default)]
    copy_of: Option<(String, u32)>,
}

#[derive(Serialize, Deserialize)]
struct StoredGap {
    path: String,
    tally: Tally,
}

/// Generation, offset and marker of a position.
#[derive(Serialize, Deserialize)]
struct StoredPosition(u32, u64, u64);

impl From<Position> for StoredPosition {
    fn from(at: Position) -> Self {
        StoredPosition(at.generation, at.offset, at.marker.0)
    }
}

impl From<StoredPosition> for Position {
    fn from(StoredPosition(generation, offset, marker): StoredPosition) -> Self {
        Position { generation, offset, marker: Marker(marker) }
    }
}

impl Note {
    fn encode(&self, agent: &str) -> Vec<u8> {
        let waiting = self.misfits.iter().map(|(file, (passage, _))| (file, passage));
        let stored = |(file, passage): (&FileKey, &Passage)| StoredPassage {
            file: file.to_string(),
            path: passage.path.clone(),
            from: passage.from.map(StoredPosition::from),
            basis: match &passage.basis {
                Basis::Assumed(known) => {
                    Some(known.iter().map(|(file, position)| (file.to_string(), (*position).into())).collect())
                }
                Basis::Confirmed | Basis::Guess => None,
            },
            guessed: passage.basis == Basis::Guess,
            segments: (passage.segments.iter())
                .map(|segment| StoredSegment {
                    reason: segment.reason,
                    certainty: segment.certainty,
                    to: segment.to.into(),
                    tally: segment.tally,
                    copy_of: segment.copy_of.map(|of| (of.file.to_string(), of.generation)),
                })
                .collect(),
        };
        let gap = |gap: &Declaration| StoredGap { path: gap.path.clone(), tally: gap.tally };
        let stored = Stored {
            agent: agent.to_owned(),
            passages: self.passages.iter().chain(waiting).map(stored).collect(),
            gaps_before: self.gaps_before,
            gaps: self.gaps.iter().map(gap).collect(),
        };
        let body = serde_json::to_vec(&stored).expect("writing to memory cannot fail");
        let mut content = format!("{HEAD} {:016x}\n", xxhash_rust::xxh3::xxh3_64(&body)).into_bytes();
        content.extend_from_slice(&body);
        content
    }

    fn decode(content: &[u8], agent: &str) -> Option<Note> {
        let split = memchr::memchr(b'\n', content)?;
        let (head, body) = (std::str::from_utf8(&content[..split]).ok()?, &content[split + 1..]);
        let sum = u64::from_str_radix(head.strip_prefix(HEAD)?.strip_prefix(' ')?, 16).ok()?;
        if xxhash_rust::xxh3::xxh3_64(body) != sum {
            return None;
        }
        let stored: Stored = serde_json::from_slice(body).ok()?;
        if stored.agent != agent {
            return None;
        }
        let passage = |stored: StoredPassage| {
            let segment = |stored: StoredSegment| {
                let copy_of = match stored.copy_of {
                    Some((file, generation)) => Some(ContentKey { file: file.parse().ok()?, generation }),
                    None => None,
                };
                let StoredSegment { reason, certainty, to, tally, .. } = stored;
                Some(Segment { reason, certainty, to: to.into(), tally, copy_of })
            };
            let segments: Vec<Segment> = stored.segments.into_iter().map(segment).collect::<Option<_>>()?;
            let original = |(file, position): (String, StoredPosition)| Some((file.parse().ok()?, position.into()));
            let basis = match stored.basis {
                Some(known) => Basis::Assumed(known.into_iter().map(original).collect::<Option<_>>()?),
                None if stored.guessed => Basis::Guess,
                None => Basis::Confirmed,
            };
            let passage = Passage { path: stored.path, from: stored.from.map(Position::from), basis, segments };
            (!passage.segments.is_empty()).then_some((stored.file.parse().ok()?, passage))
        };
        let gap = |stored: StoredGap| Declaration { path: stored.path, reason: Reason::Vanished, tally: stored.tally };
        Some(Note {
            passages: stored.passages.into_iter().map(passage).collect::<Option<_>>()?,
            misfits: BTreeMap::new(),
            gaps: stored.gaps.into_iter().map(gap).collect(),
            gaps_before: stored.gaps_before,
        })
    }
}

/// The note and its file.
#[derive(Debug)]
pub struct NoteFile {
    note: Note,
    on_disk: OnDisk,
    state: Arc<StateDirectory>,
    agent: String,
}

impl NoteFile {
    /// What an earlier run of `agent` has left.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn open(state: Arc<StateDirectory>, agent: String) -> io::Result<Self> {
        let note = match state.read(FILE)? {
            None => Note::default(),
            Some(content) => Note::decode(&content, &agent).unwrap_or_else(|| {
                tracing::error!(
                    file = %state.path().join(FILE).display(),
                    "the note of lines let go is damaged or of another agent; its lines are read again where they still are"
                );
                Note::default()
            }),
        };
        Ok(NoteFile { note, on_disk: OnDisk::Current, state, agent })
    }

    /// Whose note it is.
    pub fn agent(&self) -> &str {
        &self.agent
    }

    /// What is noted.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Changes the note in memory alone: for what the database tells and would tell again.
    pub fn note_mut(&mut self) -> &mut Note {
        &mut self.note
    }

    /// Changes the note, durably.
    ///
    /// # Errors
    /// It is as it was then.
    pub fn change<T>(&mut self, change: impl FnOnce(&mut Note) -> T) -> io::Result<T> {
        let before = self.note.clone();
        let result = change(&mut self.note);
        self.save().inspect_err(|_| self.note = before)?;
        Ok(result)
    }

    /// Writes the note as it is.
    ///
    /// # Errors
    /// The file of before is still there then.
    pub fn save(&mut self) -> io::Result<()> {
        let saved = if self.note.is_empty() {
            // A loss of power must not bring it back: what it says was declared, and may be forgotten by the database next.
            self.state.remove(FILE).and_then(|()| self.state.files().sync_directory(self.state.path()))
        } else {
            self.state.replace(FILE, &self.note.encode(&self.agent))
        };
        self.on_disk = if saved.is_ok() { OnDisk::Current } else { OnDisk::Former };
        saved
    }

    /// What the file holds.
    pub fn on_disk(&self) -> OnDisk {
        self.on_disk
    }
}

/// What the note's file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDisk {
    /// The note as it was when it was last to be written.
    Current,
    /// The note as it was before: it could not be written.
    Former,
}

#[cfg(test)]
mod tests;
