//! Lines with an id, and the applications that write them.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::pause;

/// One line with its newline; `id` arrives in the column `request_id`.
pub fn line(id: &str) -> String {
    format!("{{\"event_key\":\"test.line\",\"request_id\":\"{id}\",\"metadata\":{{\"step\":\"{id}\"}}}}\n")
}

/// The lines of several ids.
pub fn lines(ids: &[String]) -> String {
    ids.iter().map(|id| line(id)).collect()
}

/// `prefix-000000`, `prefix-000001`, …
pub fn ids(prefix: &str, range: Range<usize>) -> Vec<String> {
    range.map(|n| format!("{prefix}-{n:06}")).collect()
}

/// Appends as an application does: opened with `O_APPEND`, one write.
#[track_caller]
pub fn append(path: &Path, text: impl AsRef<[u8]>) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).expect("the spool file opens");
    file.write_all(text.as_ref()).expect("the spool file takes a write");
}

/// Cuts a file to `length` bytes.
#[track_caller]
pub fn truncate(path: &Path, length: u64) {
    let file = OpenOptions::new().write(true).open(path).expect("the spool file opens");
    file.set_len(length).expect("the spool file can be truncated");
}

/// The inode at `path`, if there is one.
pub fn inode(path: &Path) -> Option<u64> {
    std::fs::symlink_metadata(path).ok().map(|metadata| metadata.ino())
}

/// How an application treats its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Habit {
    /// Opens the file anew for every line.
    OpensPerLine,
    /// Keeps the file open and writes each line in two halves with a moment between them.
    HalfLines,
    /// Keeps the file open; every few lines it looks whether the path has become another file, and reopens it.
    ReopensAfterRename,
}

/// An application that writes until it is told to stop.
pub struct Writer {
    stop: Arc<AtomicBool>,
    written: Arc<AtomicUsize>,
    thread: Option<JoinHandle<Vec<String>>>,
}

impl Writer {
    /// Starts writing lines `prefix-000000`, … to `path`.
    pub fn start(path: &Path, prefix: &str, habit: Habit) -> Writer {
        let stop = Arc::new(AtomicBool::new(false));
        let written = Arc::new(AtomicUsize::new(0));
        let thread = {
            let (stop, written) = (Arc::clone(&stop), Arc::clone(&written));
            let (path, prefix) = (path.to_owned(), prefix.to_owned());
            std::thread::spawn(move || write(path, &prefix, habit, &stop, &written))
        };
        Writer { stop, written, thread: Some(thread) }
    }

    /// How many lines it has written so far.
    pub fn written(&self) -> usize {
        self.written.load(Ordering::SeqCst)
    }

    /// Stops it; the ids of all its lines.
    pub fn stop(mut self) -> Vec<String> {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.take().expect("a writer stops once").join().expect("the writer wrote")
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

fn write(path: PathBuf, prefix: &str, habit: Habit, stop: &AtomicBool, written: &AtomicUsize) -> Vec<String> {
    let open = || OpenOptions::new().append(true).create(true).open(&path).expect("the writer opens its file");
    let same = |file: &File| Some(file.metadata().expect("an open file has metadata").ino()) == inode(&path);
    let mut file = open();
    let mut done = Vec::new();
    while !stop.load(Ordering::SeqCst) {
        let id = format!("{prefix}-{:06}", done.len());
        let text = line(&id);
        match habit {
            Habit::OpensPerLine => {
                file = open();
                file.write_all(text.as_bytes()).expect("the writer writes");
            }
            Habit::HalfLines => {
                let (head, tail) = text.as_bytes().split_at(1 + done.len() % (text.len() - 1));
                file.write_all(head).expect("the writer writes");
                std::thread::yield_now();
                file.write_all(tail).expect("the writer writes");
            }
            Habit::ReopensAfterRename => {
                if done.len() % 8 == 0 && !same(&file) {
                    file = open();
                }
                file.write_all(text.as_bytes()).expect("the writer writes");
            }
        }
        done.push(id);
        written.store(done.len(), Ordering::SeqCst);
        if done.len() % 8 == 0 {
            pause(Duration::from_millis(4));
        }
    }
    done
}
