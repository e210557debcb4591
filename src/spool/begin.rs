//! Where reading begins in a file: at its frontier, behind what is a copy of other content, or at its first line.
//!
//! A file of which nothing is known waits while it may yet turn out to be a copy, and so does the new content of a file whose old
//! content may have been copied.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::copies::{self, Read, possible_originals};
use super::files::FileSystem;
use super::position::{ContentKey, FileKey, Marker, Move, Position};
use super::tail::{self, Replaced, Source, WINDOW};
use super::{Absent, Began, Entry, LISTINGS, Refusal, Spool, Stage, StartAt, Vanished};
use crate::museum;

/// How long a new file that looks like a copy of one being read waits for that one to be truncated, after it last grew.
pub(super) const COPY_HOLD: Duration = Duration::from_secs(2);

/// How long the new content of a file waits at most for a decision on the copy of the old one.
pub(super) const REPLACED_HOLD: Duration = Duration::from_secs(30);

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

/// Where reading begins in a file that has no frontier.
#[derive(Debug, Clone, Copy)]
enum Begin {
    /// Here, whatever other files hold.
    Own(Position),
    /// Behind what was read of the content that it is a copy of.
    Copy(Position, ContentKey),
}

impl<S: FileSystem> Spool<S> {
    /// Decides where to begin in the files that wait for it.
    pub(super) fn decide(&mut self, now: Instant) {
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
    pub(super) fn go_on(&mut self, unlisted: &[PathBuf], now: Instant) {
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
    pub(super) fn replaced(&mut self, key: FileKey, what: Replaced, now: Instant) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        // A frontier that is only assumed may yet be found in any of the former contents.
        if entry.step <= self.settled && self.source == Source::Database {
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
    pub(super) fn check_for_replacement(&mut self, key: FileKey, now: Instant) -> io::Result<()> {
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
        let undecided = self.entries.values().filter(|entry| entry.waits()).map(|entry| &**entry.tail.path());
        let unreadable = self.refused.iter().filter(|(_, why)| matches!(why, Refusal::Unreadable(_)));
        undecided.chain(unreadable.map(|(path, _)| &**path)).flat_map(possible_originals).collect()
    }
}
