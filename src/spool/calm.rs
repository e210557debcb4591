//! Whether another walk through the spool's directories would find what the last one did: then only the files are looked at
//! that are followed, most of them by their descriptors.
//!
//! Invariant: a walk is not relied on that may have run while a name changed. The change a file system's clock shows last
//! must have been seen [`SETTLED`] before the walk, so that a later one shows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::files::{FileSystem, Stamp};
use super::globs::Globs;

/// For how long a directory must have been the same before it was listed: longer than two seconds, the coarsest tick a file
/// system on Linux has (vfat).
pub(super) const SETTLED: Duration = Duration::from_millis(2_100);

/// How long a walk is relied on at most: a file system need not tell the truth about its directories, and some in user space
/// do not.
pub(super) const RELIED_ON: Duration = Duration::from_secs(10);

/// A walk that found the files that are followed and nothing else.
#[derive(Debug)]
pub(super) struct Calm {
    roots: Vec<PathBuf>,
    directories: BTreeMap<PathBuf, Seen>,
    walked: Instant,
}

/// A directory as it was seen just before it was listed.
#[derive(Debug)]
struct Seen {
    stamp: Stamp,
    since: Instant,
}

impl Calm {
    /// What a walk found at `now`, and what the one before it did.
    pub(super) fn new(roots: Vec<PathBuf>, listed: Vec<(PathBuf, Stamp)>, before: Option<Calm>, now: Instant) -> Self {
        let mut before = before.map(|calm| calm.directories).unwrap_or_default();
        let mut directories = BTreeMap::new();
        for (directory, stamp) in listed {
            let same = before.remove(&directory).filter(|seen| seen.stamp == stamp);
            // Two patterns may have one directory; what was seen first counts.
            let seen = same.unwrap_or(Seen { stamp, since: now });
            directories.entry(directory).or_insert(seen);
        }
        Calm { roots, directories, walked: now }
    }

    /// Whether a walk now would find the same.
    pub(super) fn lasts(&self, globs: &Globs, files: &impl FileSystem, now: Instant) -> bool {
        let unchanged = |(directory, seen): (&PathBuf, &Seen)| {
            self.walked.saturating_duration_since(seen.since) >= SETTLED && is_at(files, directory, seen.stamp)
        };
        now.saturating_duration_since(self.walked) < RELIED_ON
            && globs.lead_to(&self.roots, files)
            && self.directories.iter().all(unchanged)
    }
}

fn is_at(files: &impl FileSystem, directory: &Path, stamp: Stamp) -> bool {
    files.stamp(directory).is_ok_and(|now| now == stamp)
}
