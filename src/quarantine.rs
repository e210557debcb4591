//! The quarantine: an NDJSON file of lines that cannot become rows, scrubbed (CONTRACT §3).
//!
//! A record and the frontier that passes its line live in different places, so no single write covers both. The record
//! is therefore written just before the commit, and undone if the commit turns out not to have happened: a *pending*
//! note in the state directory says how long the file was and which frontiers the commit moves.
//!
//! Invariant: at most one commit's records are pending.
//! Invariant: a record is in the file exactly when its line's frontier has passed it.
//! Invariant: the file is no larger than `Options::bytes_max`, and nobody but its owner can read it.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::batch::Refused;
use crate::museum;
use crate::record::Timestamp;
use crate::spool::{FileKey, Move, Position};
use crate::state::files::{Begin, OwnFile};
use crate::state::{self, StateDirectory};

/// The note's name in the state directory.
const PENDING: &str = "quarantine-pending";

/// How much of a line a record keeps, in bytes (CONTRACT §3).
pub const LINE_MAX: usize = 8 << 10;

/// How much of the file is in memory at once when its older half is dropped.
const PIECE: usize = 64 << 10;

/// What the quarantine needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// The file.
    pub path: PathBuf,
    /// How large it may become; at that size the older half goes.
    pub bytes_max: u64,
}

/// What is known after a restart of the commit whose records are pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It happened.
    Committed,
    /// It did not.
    Undone,
}

/// The quarantine file of a running agent.
#[derive(Debug)]
pub struct Quarantine {
    options: Options,
    state: Arc<StateDirectory>,
    pending: Option<Pending>,
    /// How the pending commit ended, once that is known: what could not be settled is tried again.
    ended: Option<Outcome>,
    dropped: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Pending {
    /// How long the file was before.
    length: u64,
    /// How long it is with the records.
    length_after: u64,
    /// The frontiers that the commit moves: to where.
    moves: Vec<PendingMove>,
}

#[derive(Debug, Serialize, Deserialize)]
struct PendingMove {
    file: String,
    generation: u32,
    offset: u64,
}

#[derive(Serialize)]
struct Record<'a> {
    at: String,
    file: &'a str,
    offset: u64,
    length: u64,
    reason: &'static str,
    detail: &'a str,
    line: &'a str,
}

impl Quarantine {
    /// The quarantine of an agent; what an earlier run left pending stays so until [`Quarantine::recover`].
    ///
    /// # Errors
    /// The note cannot be read.
    pub fn open(options: Options, state: Arc<StateDirectory>) -> io::Result<Self> {
        let pending = match state.read(PENDING)? {
            None => None,
            Some(note) => match serde_json::from_slice(&note) {
                Ok(pending) => Some(pending),
                Err(_) => {
                    tracing::warn!("the note on pending quarantine records is damaged; a record may appear twice");
                    state.remove(PENDING)?;
                    None
                }
            },
        };
        Ok(Quarantine { options, state, pending, ended: None, dropped: 0 })
    }

    /// Ends what an earlier run, or a commit of unknown outcome, left pending, by the database's frontiers.
    ///
    /// # Errors
    /// The records cannot be undone; the note stays.
    pub fn recover(&mut self, frontiers: &HashMap<FileKey, Position>) -> io::Result<()> {
        let Some(pending) = &self.pending else { return Ok(()) };
        let passed = |step: &PendingMove| {
            let at = step.file.parse().ok().and_then(|file: FileKey| frontiers.get(&file));
            at.is_some_and(|at| (at.generation, at.offset) >= (step.generation, step.offset))
        };
        let outcome = if pending.moves.iter().all(passed) { Outcome::Committed } else { Outcome::Undone };
        self.settle(outcome)
    }

    /// Writes the records of a commit that is about to be tried.
    ///
    /// # Errors
    /// None of them is in the file then.
    pub fn prepare<'r>(
        &mut self,
        refused: impl Iterator<Item = &'r Refused>,
        moves: &[Move],
        now: Timestamp,
    ) -> io::Result<()> {
        if self.pending.is_some() {
            let ended =
                self.ended.ok_or_else(|| io::Error::other("it is not known yet how an earlier commit ended"))?;
            self.settle(ended)?;
        }
        let mut records = Vec::new();
        for line in refused {
            push_record(&mut records, line, now);
        }
        let mut file = self.open_file()?;
        let mut length = file.length()?;
        if length + records.len() as u64 > self.options.bytes_max {
            self.drop_older_half(length, &mut records)?;
            file = self.open_file()?;
            length = file.length()?;
        }
        let pending_move = |step: &Move| PendingMove {
            file: step.file.to_string(),
            generation: step.to.generation,
            offset: step.to.offset,
        };
        let pending = Pending {
            length,
            length_after: length + records.len() as u64,
            moves: moves.iter().map(pending_move).collect(),
        };
        self.state.replace(PENDING, &serde_json::to_vec(&pending).map_err(io::Error::other)?)?;
        let written = file.write(&records).and_then(|()| file.sync());
        self.pending = Some(pending);
        if let Err(error) = written {
            self.settle(Outcome::Undone)?;
            return Err(error);
        }
        Ok(())
    }

    /// Ends the pending commit.
    ///
    /// # Errors
    /// The records cannot be undone, or the note cannot be removed; both stay for the next attempt.
    pub fn settle(&mut self, outcome: Outcome) -> io::Result<()> {
        let Some(pending) = &self.pending else { return Ok(()) };
        let outcome = if museum::is(museum::Piece::QuarantineBeforeCommit) { Outcome::Committed } else { outcome };
        // Records that could not be written are undone, whatever becomes of their commit.
        let outcome = *self.ended.get_or_insert(outcome);
        match outcome {
            Outcome::Committed => {}
            Outcome::Undone => {
                let mut file = self.open_file()?;
                let length = file.length()?;
                // Longer than noted: a later commit's records are behind, so this one was settled before.
                if length <= pending.length_after {
                    if length > pending.length {
                        file.cut(pending.length)?;
                    }
                    // Also where it was cut before: then this is the attempt after a sync that failed.
                    file.sync()?;
                }
            }
        }
        self.state.remove(PENDING)?;
        self.pending = None;
        self.ended = None;
        Ok(())
    }

    /// Lets the file become this large from now on.
    pub fn set_bytes_max(&mut self, bytes_max: u64) {
        self.options.bytes_max = bytes_max;
    }

    /// Tries again to end a commit whose end is known and could not be settled.
    ///
    /// # Errors
    /// It still cannot.
    pub fn retry(&mut self) -> io::Result<()> {
        self.ended.map_or(Ok(()), |ended| self.settle(ended))
    }

    /// Whether a commit has records that are to be settled.
    pub fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Whether there is something to try again.
    pub fn is_unsettled(&self) -> bool {
        self.ended.is_some()
    }

    /// How many records went with an older half, since the last call.
    pub fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }

    fn open_file(&self) -> io::Result<Box<dyn OwnFile>> {
        if let Some(directory) = self.options.path.parent() {
            self.state.files().make_directory(directory)?;
        }
        self.state.files().open(&self.options.path, Begin::AtEnd)
    }

    /// Makes room: keeps the newer half of the file, and of the new records those that fit.
    fn drop_older_half(&mut self, length: u64, records: &mut Vec<u8>) -> io::Result<()> {
        let half = self.options.bytes_max / 2;
        let (files, path) = (self.state.files(), &self.options.path);
        // Piece by piece: the file may be larger than the memory that the agent may have.
        let pieces = |from: u64, take: &mut dyn FnMut(&[u8]) -> io::Result<()>| -> io::Result<()> {
            let mut at = from;
            loop {
                let piece = files.read_part(path, at, PIECE)?;
                if piece.is_empty() {
                    return Ok(());
                }
                at += piece.len() as u64;
                take(&piece)?;
            }
        };
        // The line that begins before the cut goes too.
        let cut = length.saturating_sub(half);
        let mut kept_from = if cut == 0 { Some(0) } else { None };
        let mut dropped = 0;
        let mut at = 0;
        pieces(0, &mut |piece| {
            for newline in memchr::memchr_iter(b'\n', piece) {
                let end = at + newline as u64 + 1;
                if kept_from.is_none() {
                    dropped += 1;
                    kept_from = (end >= cut).then_some(end);
                }
            }
            at += piece.len() as u64;
            Ok(())
        })?;
        let kept_from = kept_from.unwrap_or(length);
        let before = count_lines(records);
        keep_newest(records, half as usize);
        state::replace_by(files, path, |file| pieces(kept_from, &mut |piece| file.write(piece)))?;
        self.dropped += dropped + before - count_lines(records);
        tracing::warn!(path = %self.options.path.display(), "the quarantine reached `quarantine.max_bytes`; its older half was dropped");
        Ok(())
    }
}

/// Cuts whole lines from the start until at most `bytes` are left.
fn keep_newest(lines: &mut Vec<u8>, bytes: usize) {
    if lines.len() <= bytes {
        return;
    }
    // The line that begins before the cut goes too.
    let cut = lines.len() - bytes;
    let end = memchr::memchr(b'\n', &lines[cut - 1..]).map_or(lines.len(), |newline| cut + newline);
    lines.drain(..end);
}

fn count_lines(lines: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', lines).count() as u64
}

fn push_record(records: &mut Vec<u8>, refused: &Refused, now: Timestamp) {
    let path = refused.origin.path.to_string_lossy();
    let record = Record {
        at: now.to_string().replacen(' ', "T", 1) + "Z",
        file: &path,
        offset: refused.origin.offset,
        length: refused.origin.length,
        reason: refused.why.reason.as_str(),
        detail: &refused.why.detail,
        line: refused.line.as_str(),
    };
    serde_json::to_writer(&mut *records, &record).expect("writing to memory cannot fail");
    records.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Origin;
    use crate::record::{Reason, Rejected, Severity};
    use crate::scrub::{Extent, Options as ScrubOptions, Scrubber};
    use crate::spool::Marker;
    use std::fs::{self, OpenOptions};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    struct Site {
        folder: tempfile::TempDir,
        state: Arc<StateDirectory>,
    }

    impl Site {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let state = Arc::new(StateDirectory::open(&folder.path().join("state")).unwrap());
            Site { folder, state }
        }

        fn path(&self) -> PathBuf {
            self.folder.path().join("quarantine.ndjson")
        }

        fn open(&self, bytes_max: u64) -> Quarantine {
            Quarantine::open(Options { path: self.path(), bytes_max }, Arc::clone(&self.state)).unwrap()
        }

        fn records(&self) -> Vec<serde_json::Value> {
            let text = fs::read_to_string(self.path()).unwrap_or_default();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        }
    }

    fn refused(offset: u64, line: &str) -> Refused {
        Refused {
            origin: Origin { path: Arc::from(Path::new("/spool/a.ndjson")), offset, length: line.len() as u64 },
            severity: Severity::Info,
            why: Rejected { reason: Reason::NotJson, detail: "a value expected at byte 0".to_owned() },
            line: Scrubber::new(ScrubOptions::default()).scrub_text(line, Extent::Whole),
        }
    }

    const FILE: FileKey = FileKey { device: 1, inode: 2, birth: 3 };
    const NOW: Timestamp = Timestamp(1_763_800_000_123_456);

    fn at(offset: u64) -> Position {
        Position { generation: 0, offset, marker: Marker(0) }
    }

    fn step(from: u64, to: u64) -> [Move; 1] {
        [Move { file: FILE, path: Arc::from(Path::new("/spool/a.ndjson")), from: Some(at(from)), to: at(to) }]
    }

    /// Writes records and says that the step they belong to was committed.
    fn commit(quarantine: &mut Quarantine, refused: &[Refused], moves: &[Move]) {
        quarantine.prepare(refused.iter(), moves, NOW).unwrap();
        quarantine.settle(Outcome::Committed).unwrap();
    }

    fn frontier(offset: u64) -> HashMap<FileKey, Position> {
        HashMap::from([(FILE, at(offset))])
    }

    #[test]
    fn a_record_has_the_contracts_keys_and_is_its_owners_only() {
        let site = Site::new();
        let mut quarantine = site.open(1 << 20);
        commit(&mut quarantine, &[refused(7, "not \"json\" password=hunter2")], &step(0, 40));
        let text = fs::read_to_string(site.path()).unwrap();
        assert_eq!(
            text,
            concat!(
                r#"{"at":"2025-11-22T08:26:40.123456Z","file":"/spool/a.ndjson","offset":7,"length":27,"reason":"not_json","#,
                r#""detail":"a value expected at byte 0","line":"not \"json\" password=[REDACTED:password]"}"#,
                "\n"
            )
        );
        assert_eq!(fs::metadata(site.path()).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn records_of_a_commit_that_did_not_happen_are_undone() {
        let site = Site::new();
        let mut quarantine = site.open(1 << 20);
        commit(&mut quarantine, &[refused(0, "one")], &step(0, 10));
        quarantine.prepare([refused(10, "two"), refused(14, "three")].iter(), &step(10, 20), NOW).unwrap();
        assert_eq!(site.records().len(), 3);
        quarantine.settle(Outcome::Undone).unwrap();
        assert_eq!(site.records().len(), 1);
        commit(&mut quarantine, &[refused(10, "two"), refused(14, "three")], &step(10, 20));
        let offsets: Vec<u64> = site.records().iter().map(|record| record["offset"].as_u64().unwrap()).collect();
        assert_eq!(offsets, [0, 10, 14]);
    }

    #[test]
    fn after_a_crash_the_frontier_says_whether_records_stay() {
        for (frontier_at, stay) in [(20, 2), (35, 2), (10, 1), (0, 1)] {
            let site = Site::new();
            let mut quarantine = site.open(1 << 20);
            commit(&mut quarantine, &[refused(0, "one")], &step(0, 10));
            quarantine.prepare([refused(10, "two")].iter(), &step(10, 20), NOW).unwrap();
            drop(quarantine);
            let mut again = site.open(1 << 20);
            again.recover(&frontier(frontier_at)).unwrap();
            assert_eq!(site.records().len(), stay, "frontier at {frontier_at}");
            // Settled once: another restart changes nothing.
            drop(again);
            site.open(1 << 20).recover(&frontier(0)).unwrap();
            assert_eq!(site.records().len(), stay);
        }
    }

    #[test]
    fn a_torn_record_of_a_crash_is_undone_too() {
        let site = Site::new();
        let mut quarantine = site.open(1 << 20);
        commit(&mut quarantine, &[refused(0, "one")], &step(0, 10));
        quarantine.prepare([refused(10, "two")].iter(), &step(10, 20), NOW).unwrap();
        drop(quarantine);
        let length = fs::metadata(site.path()).unwrap().len();
        OpenOptions::new().write(true).open(site.path()).unwrap().set_len(length - 9).unwrap();
        site.open(1 << 20).recover(&frontier(10)).unwrap();
        assert_eq!(site.records().len(), 1);
    }

    #[test]
    fn at_its_limit_the_older_half_goes_and_is_counted() {
        let site = Site::new();
        let limit = 4096;
        let mut quarantine = site.open(limit);
        let mut written = 0;
        let mut dropped = 0;
        for number in 0..200 {
            let line = format!("line number {number:04}");
            commit(&mut quarantine, &[refused(number * 20, &line)], &step(0, 10));
            written += 1;
            dropped += quarantine.take_dropped();
            assert!(fs::metadata(site.path()).unwrap().len() <= limit);
            assert_eq!(site.records().len() as u64, written - dropped);
        }
        assert!(dropped > 0);
        assert_eq!(site.records().last().unwrap()["line"], "line number 0199");
        let many: Vec<Refused> = (0..100).map(|number| refused(number, "one of very many")).collect();
        quarantine.prepare(many.iter(), &step(0, 10), NOW).unwrap();
        assert!(fs::metadata(site.path()).unwrap().len() <= limit);
    }

    #[test]
    fn what_could_not_be_settled_is_settled_before_the_next_commit() {
        let site = Site::new();
        let mut quarantine = site.open(1 << 20);
        quarantine.prepare([refused(0, "one")].iter(), &step(0, 10), NOW).unwrap();
        // A folder in the note's place cannot be removed as a file.
        let note = site.state.path().join(PENDING);
        let aside = site.state.path().join("aside");
        fs::rename(&note, &aside).unwrap();
        fs::create_dir(&note).unwrap();
        assert!(quarantine.settle(Outcome::Undone).is_err());
        assert!(quarantine.prepare([refused(0, "one")].iter(), &step(0, 10), NOW).is_err());
        fs::remove_dir(&note).unwrap();
        fs::rename(&aside, &note).unwrap();
        quarantine.prepare([refused(0, "one")].iter(), &step(0, 10), NOW).unwrap();
        quarantine.settle(Outcome::Committed).unwrap();
        assert_eq!(site.records().len(), 1);
    }

    #[test]
    fn f11_a_path_that_is_no_regular_file_is_refused() {
        let site = Site::new();
        let victim = site.folder.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        std::os::unix::fs::symlink(&victim, site.path()).unwrap();
        let mut quarantine = site.open(1 << 20);
        assert!(quarantine.prepare([refused(0, "one")].iter(), &step(0, 10), NOW).is_err());
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
        fs::remove_file(site.path()).unwrap();
        // What could not be written left nothing pending.
        commit(&mut quarantine, &[refused(0, "one")], &step(0, 10));
        assert_eq!(site.records().len(), 1);
    }
}
