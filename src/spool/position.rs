//! What a file is, and where in it one stands: the words that the whole path uses for places.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

/// What a file is, whatever its name: the same through renames, another after its inode was reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileKey {
    /// Device number.
    pub device: u64,
    /// Inode number.
    pub inode: u64,
    /// Birth time in nanoseconds since 1970, 0 where the file system has none.
    pub birth: u64,
}

impl fmt::Display for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}-{:x}-{:x}", self.device, self.inode, self.birth)
    }
}

/// The text is no [`FileKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a file key: three hexadecimal numbers joined by `-` expected")]
pub struct BadFileKey;

impl FromStr for FileKey {
    type Err = BadFileKey;

    fn from_str(text: &str) -> Result<Self, BadFileKey> {
        let mut numbers = text.split('-').map(|part| u64::from_str_radix(part, 16).map_err(|_| BadFileKey));
        let mut number = || numbers.next().ok_or(BadFileKey)?;
        let key = FileKey { device: number()?, inode: number()?, birth: number()? };
        if numbers.next().is_some() { Err(BadFileKey) } else { Ok(key) }
    }
}

/// A hash of the bytes at the start of a file's present content and just before a position in it.
///
/// It tells the content that was read from other content that took its place under the same [`FileKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Marker(pub u64);

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A place in a file: every line before it is settled, or at least read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// How often the content was replaced under the same [`FileKey`] (truncated, rewritten).
    pub generation: u32,
    /// Bytes from the start of the file; always just behind a newline, or 0.
    pub offset: u64,
    /// The bytes before `offset`.
    pub marker: Marker,
}

/// One of the contents that a file had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentKey {
    /// The file.
    pub file: FileKey,
    /// How many contents it had before.
    pub generation: u32,
}

/// One step of one file's frontier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The file.
    pub file: FileKey,
    /// Its last known path, for people.
    pub path: Arc<Path>,
    /// Where the frontier must be for the step to be right; `None` when the file has no frontier yet.
    pub from: Option<Position>,
    /// Where the frontier is afterwards.
    pub to: Position,
}

impl Move {
    /// Bytes of the spool that it passes.
    pub fn spool_bytes(&self) -> u64 {
        match self.from {
            Some(from) if from.generation == self.to.generation => self.to.offset.saturating_sub(from.offset),
            Some(_) | None => self.to.offset,
        }
    }
}

/// A frontier as the database keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier {
    /// The file.
    pub file: FileKey,
    /// Its last known path.
    pub path: PathBuf,
    /// Where it stands.
    pub position: Position,
    /// How long ago it was moved.
    pub idle: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_key_is_read_as_it_is_written() {
        let key = FileKey { device: 0xfe00, inode: 7, birth: u64::MAX };
        assert_eq!(key.to_string(), "fe00-7-ffffffffffffffff");
        assert_eq!(key.to_string().parse(), Ok(key));
        for text in ["", "1-2", "1-2-3-4", "1-2-x", "1-2-", "1--3", "1-2-10000000000000000"] {
            assert_eq!(text.parse::<FileKey>(), Err(BadFileKey), "{text}");
        }
    }

    #[test]
    fn a_move_passes_what_lies_between_its_ends() {
        let at = |generation, offset| Position { generation, offset, marker: Marker(0) };
        let step = |from, to| Move {
            file: FileKey { device: 1, inode: 2, birth: 3 },
            path: Arc::from(Path::new("/spool/a")),
            from,
            to,
        };
        assert_eq!(step(None, at(0, 10)).spool_bytes(), 10);
        assert_eq!(step(Some(at(0, 4)), at(0, 10)).spool_bytes(), 6);
        assert_eq!(step(Some(at(0, 40)), at(1, 10)).spool_bytes(), 10);
    }
}
