//! The spool: which files exist, how far each was read, whose turn it is.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

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
