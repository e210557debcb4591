//! A look at the spool: what is new in it, renamed, grown, missing, gone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::ages::Ages;
use super::calm::Calm;
use super::files::{FileSystem, Handle, Kind, Stat};
use super::position::{FileKey, Position};
use super::tail::Tail;
use super::{ABSENT_KEEP, Absent, Began, Entry, LISTINGS, Presence, Refusal, Spool, Stage, Vanished};
use crate::museum;

/// How long a deleted file is kept open after it was missed or last grew: its writer may not have noticed yet.
pub(super) const DELETED_LINGER: Duration = Duration::from_secs(5);

/// How long a file that was renamed out of the spool is kept open after it last grew.
pub(super) const MOVED_LINGER: Duration = Duration::from_secs(60);

/// For how long a path that cannot be looked at keeps files from counting as gone that may be behind it.
pub(super) const REFUSED_HOLD: Duration = Duration::from_secs(30);

/// How many beginnings of contents of files that were let go are remembered.
const FORMER_MAX: usize = 1000;

/// How many refusals are remembered, so that each is logged once.
const REFUSED_MAX: usize = 10_000;

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

impl<S: FileSystem> Spool<S> {
    /// Looks at the whole spool: what is new, renamed, grown, gone.
    pub fn scan(&mut self, now: Instant) {
        self.scans += 1;
        let unlisted = if self.look_again(now) { Vec::new() } else { self.look_anew(now) };
        self.vanished.extend(self.replacements.expire(now));
        self.decide(now);
        self.go_on(&unlisted, now);
        if unlisted.is_empty() {
            self.listed += 1;
            self.forget_absent(now);
            self.forget_former_inodes();
        }
    }

    /// Looks at the files that are followed, if no name can have changed since all of them were found. Says whether that and they
    /// are so; if not, everything is to be looked at.
    fn look_again(&mut self, now: Instant) -> bool {
        if !self.calm.as_ref().is_some_and(|calm| calm.lasts(&self.options.globs, &self.files, now)) {
            return false;
        }
        let mut grown = Vec::new();
        let mut all = true;
        for (key, entry) in &mut self.entries {
            let stat = entry.tail.file().map_or_else(|| self.files.stat(entry.tail.path()), Handle::stat);
            match stat {
                Ok(stat) if stat.key == *key && stat.kind == Kind::Regular && stat.links > 0 => {
                    if entry.note(&stat, now) {
                        grown.push(*key);
                    }
                }
                Ok(_) | Err(_) => all = false,
            }
        }
        grown.into_iter().for_each(|key| self.enqueue(key));
        all
    }

    /// Walks the directories and looks at all that is in them. Returns those that could not be listed.
    fn look_anew(&mut self, now: Instant) -> Vec<PathBuf> {
        let found = self.options.globs.walk(&self.files);
        let whole = found.unlisted.is_empty();
        let mut as_expected = whole;
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
                    as_expected &= kind == Kind::Regular;
                    seen.insert(key);
                }
                Ok(None) => as_expected = false,
                Err(why) => {
                    as_expected = false;
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
        as_expected &= self.missing.is_empty();
        let before = self.calm.take();
        self.calm = as_expected.then(|| Calm::new(found.roots, found.listed, before, now));
        unlisted
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
        self.entries.insert(stat.key, Box::new(entry));
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
        if entry.tail.path().as_os_str() == path.as_os_str() {
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
        if self.entries.get_mut(&key).is_some_and(|entry| entry.note(stat, now)) {
            self.enqueue(key);
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

    /// Forgets the frontiers of files that were not in the spool for long.
    fn forget_absent(&mut self, now: Instant) {
        if let Some(frontiers) = &mut self.frontiers {
            self.gone.extend(frontiers.extract_if(.., |_, absent| now >= absent.until).map(|(file, _)| file));
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
