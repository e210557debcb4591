//! inotify's hints: that a look at the spool is worth while, and where.
//!
//! Invariant: a hint is never needed. Without any (no inotify, queue overflow, a file system that sends none) the rescan
//! finds the same, later.
//! Invariant: hints are bounded: when too many paths are named, the hint is "look at everything".

use std::collections::{BTreeSet, HashMap};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use notify::event::ModifyKind;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

/// How many paths are named before the hint becomes "everything".
const PATHS_MAX: usize = 256;

/// What is worth a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// Nothing special.
    Nothing,
    /// These files may have grown.
    Grown(BTreeSet<PathBuf>),
    /// Files may have come, gone or got other names.
    Everything,
}

#[derive(Debug)]
struct State {
    hint: Hint,
    rung: bool,
}

/// Wakes the reader: a hint that needs looking at, or something else to do.
///
/// A clone is the same bell.
#[derive(Debug, Clone)]
pub struct Bell(Arc<(Mutex<State>, Condvar)>);

impl Default for Bell {
    fn default() -> Self {
        Bell(Arc::new((Mutex::new(State { hint: Hint::Nothing, rung: false }), Condvar::new())))
    }
}

impl Bell {
    /// Wakes the reader.
    pub fn ring(&self) {
        self.lock().rung = true;
        self.0.1.notify_one();
    }

    /// Says that these files may have grown.
    pub fn grown(&self, paths: impl IntoIterator<Item = PathBuf>) {
        let mut state = self.lock();
        if state.hint == Hint::Nothing {
            state.hint = Hint::Grown(BTreeSet::new());
        }
        if let Hint::Grown(named) = &mut state.hint {
            named.extend(paths);
            if named.len() > PATHS_MAX {
                state.hint = Hint::Everything;
            }
        }
        state.rung = true;
        self.0.1.notify_one();
    }

    /// Says that files may have come, gone or got other names.
    pub fn everything(&self) {
        self.lock().hint = Hint::Everything;
        self.ring();
    }

    /// What was hinted at since the last call.
    pub fn take_hint(&self) -> Hint {
        std::mem::replace(&mut self.lock().hint, Hint::Nothing)
    }

    /// Waits until the bell rings, or `until`. A ring since the last wait counts.
    pub fn wait(&self, until: Instant) {
        let mut state = self.lock();
        while !state.rung {
            let left = until.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                return;
            }
            state = self.0.1.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.rung = false;
    }

    /// Whether it rang since the last wait or the last call.
    #[cfg(test)]
    #[allow(dead_code, reason = "for simulations")]
    pub(crate) fn take_ring(&self) -> bool {
        std::mem::take(&mut self.lock().rung)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // The state is whole between any two statements, so a panic elsewhere does not spoil it.
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether directories below are watched too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The directory's own entries.
    Entries,
    /// Everything below.
    Below,
}

/// How long inotify is left alone after a hint.
const REST: Duration = Duration::from_millis(5);

/// How long it is left alone after a file was opened: the line for which that was done comes at once.
const SHORT_REST: Duration = Duration::from_micros(200);

/// Events closer to each other than this were read together.
const TOGETHER: Duration = Duration::from_micros(200);

/// Whether an event told of something to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Something,
    Nothing,
}

/// Leaves inotify alone for a while after an event. An application that writes wakes whoever waits for events, and the wake-up
/// is paid for by its `write`, threefold where it is another core that has to be woken. While nobody waits, the kernel
/// merges what is said again about the same file, and the write costs what it costs without us.
#[derive(Debug, Default)]
struct Rest {
    ended: Option<Instant>,
    short_ended: Option<Instant>,
}

impl Rest {
    #[allow(clippy::disallowed_methods, reason = "nothing is waited for: the point is not to listen")]
    fn after(&mut self, told: Told) {
        // The events that were read together share one rest, or many files would make it long.
        let is_over = |ended: Option<Instant>| ended.is_none_or(|ended| ended.elapsed() >= TOGETHER);
        match told {
            Told::Something => {
                if is_over(self.ended) {
                    std::thread::sleep(REST);
                }
                self.ended = Some(Instant::now());
            }
            Told::Nothing => {
                if is_over(self.ended) && is_over(self.short_ended) {
                    std::thread::sleep(SHORT_REST);
                }
                self.short_ended = Some(Instant::now());
            }
        }
    }
}

/// Keeps inotify watching; hints stop when it is dropped.
#[derive(Debug)]
pub struct Watch {
    watcher: Option<RecommendedWatcher>,
    /// Directories as they are configured, with the device and inode that is watched for each.
    watched: HashMap<PathBuf, (u64, u64)>,
    depth: Depth,
}

impl Watch {
    /// Begins to ring `bell` for what happens in directories given to [`Watch::watch`].
    pub fn new(bell: Bell, depth: Depth) -> Self {
        let mut rest = Rest::default();
        let watcher = notify::recommended_watcher(move |event| {
            rest.after(hint(&bell, event));
        });
        if let Err(error) = &watcher {
            tracing::warn!(%error, "inotify cannot be used; new lines are found by looking every `spool.rescan_interval`");
        }
        Watch { watcher: watcher.ok(), watched: HashMap::new(), depth }
    }

    /// Watches nothing: hints, if any, come from elsewhere.
    #[cfg(test)]
    #[allow(dead_code, reason = "for simulations")]
    pub(crate) fn nothing() -> Self {
        Watch { watcher: None, watched: HashMap::new(), depth: Depth::Entries }
    }

    /// Watches these directories from now on, as far as they exist; to be called again now and then, since a watch ends
    /// with its directory.
    pub fn watch<'p>(&mut self, directories: impl IntoIterator<Item = &'p Path>) {
        let Some(watcher) = &mut self.watcher else { return };
        let mode = match self.depth {
            Depth::Entries => RecursiveMode::NonRecursive,
            Depth::Below => RecursiveMode::Recursive,
        };
        for directory in directories {
            let identity = |path: &Path| path.metadata().map(|metadata| (metadata.dev(), metadata.ino()));
            if identity(directory).is_ok_and(|identity| self.watched.get(directory) == Some(&identity)) {
                continue;
            }
            let resolved = directory.canonicalize().and_then(|there| Ok((identity(&there)?, there)));
            let Ok((identity, there)) = resolved else {
                self.watched.remove(directory);
                continue;
            };
            if let Err(error) = watcher.watch(&there, mode) {
                tracing::warn!(directory = %directory.display(), %error,
                    "inotify does not watch the directory; it is looked at every `spool.rescan_interval`");
            }
            // Also after an error: one warning is enough, and the rescan does the work.
            self.watched.insert(directory.to_owned(), identity);
        }
    }
}

fn hint(bell: &Bell, event: notify::Result<notify::Event>) -> Told {
    match event {
        Ok(event) if event.need_rescan() => bell.everything(),
        // Our own opening and closing of files must not wake us.
        Ok(notify::Event { kind: EventKind::Access(_), .. }) => return Told::Nothing,
        Ok(notify::Event { kind: EventKind::Modify(ModifyKind::Data(_) | ModifyKind::Metadata(_)), paths, .. }) => {
            bell.grown(paths);
        }
        Ok(_) | Err(_) => bell.everything(),
    }
    Told::Something
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_add_up_and_are_taken_once() {
        let bell = Bell::default();
        assert_eq!(bell.take_hint(), Hint::Nothing);
        bell.grown([PathBuf::from("/a")]);
        bell.grown([PathBuf::from("/b"), PathBuf::from("/a")]);
        assert_eq!(bell.take_hint(), Hint::Grown(["/a", "/b"].map(PathBuf::from).into()));
        assert_eq!(bell.take_hint(), Hint::Nothing);
        bell.grown((0..=PATHS_MAX).map(|n| PathBuf::from(format!("/{n}"))));
        assert_eq!(bell.take_hint(), Hint::Everything);
        bell.everything();
        bell.grown([PathBuf::from("/a")]);
        assert_eq!(bell.take_hint(), Hint::Everything);
    }

    #[test]
    fn an_overflow_of_the_queue_is_a_hint_at_everything() {
        let bell = Bell::default();
        hint(&bell, Ok(notify::Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan)));
        assert_eq!(bell.take_hint(), Hint::Everything);
        hint(&bell, Err(notify::Error::generic("lost")));
        assert_eq!(bell.take_hint(), Hint::Everything);
    }

    #[test]
    fn a_ring_before_the_wait_counts() {
        let bell = Bell::default();
        bell.ring();
        let start = Instant::now();
        bell.wait(start + Duration::from_secs(60));
        assert!(start.elapsed() < Duration::from_secs(30));
        bell.wait(Instant::now());
    }

    #[test]
    fn a_directory_that_was_made_again_is_watched_again() {
        let folder = tempfile::tempdir().unwrap();
        let spool = folder.path().canonicalize().unwrap().join("spool");
        let bell = Bell::default();
        let mut watch = Watch::new(bell.clone(), Depth::Entries);
        std::fs::create_dir(&spool).unwrap();
        watch.watch([spool.as_path()]);
        std::fs::rename(&spool, folder.path().join("aside")).unwrap();
        std::fs::create_dir(&spool).unwrap();
        watch.watch([spool.as_path()]);
        std::fs::write(spool.join("a"), "x").unwrap();
        let deadline = Instant::now() + Duration::from_secs(10);
        let mut named = BTreeSet::new();
        while !named.contains(&spool.join("a")) && Instant::now() < deadline {
            bell.wait(deadline);
            if let Hint::Grown(paths) = bell.take_hint() {
                named.extend(paths);
            }
            std::fs::write(spool.join("a"), "xx").unwrap();
        }
        assert!(named.contains(&spool.join("a")));
    }

    #[test]
    fn events_that_were_read_together_share_one_rest() {
        let mut rest = Rest::default();
        let begun = Instant::now();
        for told in [Told::Something, Told::Nothing].repeat(100) {
            rest.after(told);
        }
        let took = begun.elapsed();
        assert!(took >= REST, "{took:?}");
        assert!(took < REST * 100, "{took:?}");
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "nothing tells when inotify is listened to again")]
    fn a_line_for_which_its_file_is_opened_does_not_wait() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().canonicalize().unwrap().join("a");
        std::fs::write(&path, "").unwrap();
        let bell = Bell::default();
        let mut watch = Watch::new(bell.clone(), Depth::Entries);
        watch.watch([folder.path()]);
        let mut delays = Vec::new();
        for _ in 0..20 {
            // Until inotify is listened to again.
            std::thread::sleep(2 * REST);
            bell.take_hint();
            bell.wait(Instant::now());
            let mut file = std::fs::File::options().append(true).open(&path).unwrap();
            std::io::Write::write_all(&mut file, b"x").unwrap();
            drop(file);
            let written = Instant::now();
            bell.wait(written + Duration::from_secs(10));
            delays.push(written.elapsed());
            assert_eq!(bell.take_hint(), Hint::Grown([path.clone()].into()));
        }
        delays.sort();
        assert!(delays[10] < REST, "{delays:?}");
    }

    #[test]
    fn inotify_names_the_file_that_grew() {
        let folder = tempfile::tempdir().unwrap();
        let bell = Bell::default();
        let mut watch = Watch::new(bell.clone(), Depth::Entries);
        watch.watch([folder.path()]);
        let path = folder.path().canonicalize().unwrap().join("a");
        std::fs::write(&path, "x").unwrap();
        bell.wait(Instant::now() + Duration::from_secs(10));
        assert_ne!(bell.take_hint(), Hint::Nothing);
    }
}
