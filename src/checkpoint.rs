//! The frontiers as the agent knows them, kept in a local file for the time when the database is away.
//!
//! Invariant: what it says was committed: a frontier is taken in only after the commit that moved it.
//! Invariant: the file is whole or is not believed: it carries its version and a checksum of its content.
//! Invariant: the database wins; where it keeps frontiers, a lost or damaged file costs nothing.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use crate::spool::{FileKey, Marker, Move, Position};
use crate::state::StateDirectory;

/// The file's name in the state directory.
const FILE: &str = "checkpoint";

/// The version of the file's format.
const VERSION: u32 = 1;

/// What a file with a version begins with.
const MAGIC: &str = "tracespool-checkpoint";

/// Why a checkpoint file is not believed.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// It has no head line of ours.
    #[error("it does not begin as a checkpoint does")]
    NoHead,
    /// It is of another version.
    #[error("it is of version {0}, and this agent knows version {VERSION}")]
    OtherVersion(u32),
    /// Its content is not what its checksum says.
    #[error("its checksum does not match")]
    Checksum,
    /// Its content is not what its version says.
    #[error("its content is malformed")]
    Content,
    /// It is of another agent.
    #[error("it is of the agent `{0}`")]
    OtherAgent(String),
}

/// One file's frontier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Its last path, for people.
    pub path: String,
    /// Where its frontier stands.
    pub position: Position,
}

/// The committed frontiers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checkpoint {
    files: BTreeMap<FileKey, Known>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    agent: String,
    files: Vec<StoredFile>,
}

#[derive(Serialize, Deserialize)]
struct StoredFile {
    file: String,
    path: String,
    generation: u32,
    offset: u64,
    marker: String,
}

impl Checkpoint {
    /// The checkpoint of known frontiers.
    pub fn new(files: impl IntoIterator<Item = (FileKey, Known)>) -> Self {
        Checkpoint { files: files.into_iter().collect() }
    }

    /// The frontiers.
    pub fn files(&self) -> &BTreeMap<FileKey, Known> {
        &self.files
    }

    /// Takes in what a commit moved.
    pub fn moved(&mut self, moves: &[Move]) {
        for step in moves {
            let path = step.path.to_string_lossy().into_owned();
            self.files.insert(step.file, Known { path, position: step.to });
        }
    }

    /// Takes out files that are gone for good.
    pub fn forget(&mut self, files: &[FileKey]) {
        for file in files {
            self.files.remove(file);
        }
    }

    /// The file's content.
    pub fn encode(&self, agent: &str) -> Vec<u8> {
        let file = |(file, known): (&FileKey, &Known)| StoredFile {
            file: file.to_string(),
            path: known.path.clone(),
            generation: known.position.generation,
            offset: known.position.offset,
            marker: known.position.marker.to_string(),
        };
        let stored = Stored { agent: agent.to_owned(), files: self.files.iter().map(file).collect() };
        let body = serde_json::to_vec(&stored).expect("writing to memory cannot fail");
        let mut content = format!("{MAGIC} {VERSION} {:016x}\n", checksum(&body)).into_bytes();
        content.extend_from_slice(&body);
        content.push(b'\n');
        content
    }

    /// Reads a file's content.
    ///
    /// # Errors
    /// It is not whole, or not ours.
    pub fn decode(content: &[u8], agent: &str) -> Result<Self, Damage> {
        let split = memchr::memchr(b'\n', content).ok_or(Damage::NoHead)?;
        let head = std::str::from_utf8(&content[..split]).map_err(|_| Damage::NoHead)?;
        let mut words = head.split(' ');
        if words.next() != Some(MAGIC) {
            return Err(Damage::NoHead);
        }
        let version = words.next().and_then(|word| word.parse().ok()).ok_or(Damage::NoHead)?;
        if version != VERSION {
            return Err(Damage::OtherVersion(version));
        }
        let sum = words.next().and_then(|word| u64::from_str_radix(word, 16).ok()).ok_or(Damage::NoHead)?;
        let body = content[split + 1..].strip_suffix(b"\n").ok_or(Damage::Checksum)?;
        if checksum(body) != sum {
            return Err(Damage::Checksum);
        }
        let stored: Stored = serde_json::from_slice(body).map_err(|_| Damage::Content)?;
        if stored.agent != agent {
            return Err(Damage::OtherAgent(stored.agent));
        }
        let file = |file: StoredFile| {
            let position = Position {
                generation: file.generation,
                offset: file.offset,
                marker: Marker(u64::from_str_radix(&file.marker, 16).map_err(|_| Damage::Content)?),
            };
            let key = file.file.parse().map_err(|_| Damage::Content)?;
            Ok((key, Known { path: file.path, position }))
        };
        Ok(Checkpoint { files: stored.files.into_iter().map(file).collect::<Result<_, Damage>>()? })
    }

    /// Writes the checkpoint of `agent` to its state directory, durably.
    ///
    /// # Errors
    /// The file of before is still there then.
    pub fn save(&self, state: &StateDirectory, agent: &str) -> io::Result<()> {
        state.replace(FILE, &self.encode(agent))
    }

    /// Reads the checkpoint of `agent` from its state directory; `None` if there is none.
    ///
    /// # Errors
    /// There is one that is not to be believed.
    pub fn load(state: &StateDirectory, agent: &str) -> Result<Option<Self>, Damage> {
        state.read(FILE)?.map(|content| Checkpoint::decode(&content, agent)).transpose()
    }
}

fn checksum(body: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::sync::Arc;

    fn key(inode: u64) -> FileKey {
        FileKey { device: 0xfe00, inode, birth: 1_763_000_000_000_000_000 }
    }

    fn some() -> Checkpoint {
        let position = |offset| Position { generation: 2, offset, marker: Marker(0x0123_4567_89ab_cdef) };
        let mut checkpoint = Checkpoint::default();
        let step = |inode, path: &str, offset| Move {
            file: key(inode),
            path: Arc::from(Path::new(path)),
            from: None,
            to: position(offset),
        };
        checkpoint.moved(&[step(7, "/spool/a.ndjson", 4096), step(8, "/spool/b \"ü\".ndjson", 1 << 40)]);
        checkpoint
    }

    /// Guards the format: a change of these bytes needs a new version and a way to read the old one.
    #[test]
    fn c5_the_format_is_what_it_was() {
        let content = String::from_utf8(some().encode("host-1")).unwrap();
        assert_eq!(
            content,
            concat!(
                "tracespool-checkpoint 1 a16cb1409b2dd59d\n",
                r#"{"agent":"host-1","files":[{"file":"fe00-7-18776f28c3038000","path":"/spool/a.ndjson","generation":2,"offset":4096,"marker":"0123456789abcdef"},"#,
                r#"{"file":"fe00-8-18776f28c3038000","path":"/spool/b \"ü\".ndjson","generation":2,"offset":1099511627776,"marker":"0123456789abcdef"}]}"#,
                "\n"
            )
        );
    }

    #[test]
    fn what_was_written_is_read_back() {
        assert_eq!(Checkpoint::decode(&some().encode("a"), "a").unwrap(), some());
        assert_eq!(Checkpoint::decode(&Checkpoint::default().encode("a"), "a").unwrap(), Checkpoint::default());
    }

    #[test]
    fn c6_every_damaged_byte_and_every_torn_end_is_noticed() {
        let whole = some().encode("a");
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            assert!(Checkpoint::decode(&damaged, "a").is_err(), "byte {at}");
            assert!(Checkpoint::decode(&whole[..at], "a").is_err(), "torn at {at}");
        }
        assert!(Checkpoint::decode(&vec![0; whole.len()], "a").is_err());
    }

    #[test]
    fn the_checkpoint_of_another_agent_or_version_is_not_believed() {
        assert!(matches!(Checkpoint::decode(&some().encode("a"), "b"), Err(Damage::OtherAgent(_))));
        let later = String::from_utf8(some().encode("a")).unwrap().replacen(" 1 ", " 2 ", 1);
        assert!(matches!(Checkpoint::decode(later.as_bytes(), "a"), Err(Damage::OtherVersion(2))));
    }

    #[test]
    fn a_forgotten_file_is_not_written() {
        let mut checkpoint = some();
        checkpoint.forget(&[key(7)]);
        assert_eq!(checkpoint.files().keys().collect::<Vec<_>>(), [&key(8)]);
    }

    #[test]
    fn saving_needs_room_and_keeps_the_old_file_without() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDirectory::open(&folder.path().join("state")).unwrap();
        assert!(Checkpoint::load(&state, "a").unwrap().is_none());
        some().save(&state, "a").unwrap();
        std::fs::create_dir(state.path().join("checkpoint.new")).unwrap();
        Checkpoint::default().save(&state, "a").unwrap_err();
        assert_eq!(Checkpoint::load(&state, "a").unwrap(), Some(some()));
    }
}
