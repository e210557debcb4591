//! The frontiers of an agent, looked at and moved by hand.
//!
//! Invariant: a frontier is moved only while no agent runs on the state directory, and in both places: the database and the
//! local checkpoint.
//! Invariant: a frontier stands at the start of a file or just behind a newline.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::checkpoint::{Checkpoint, Known};
use crate::sink::{Error as SinkError, Progress, Session, Swap};
use crate::spool::files::{Disk, FileSystem, Handle, Kind};
use crate::spool::tail::WINDOW;
use crate::spool::{FileKey, Frontier, Marker, Move, Position};
use crate::state::{self, StateDirectory};

/// Why a frontier is not moved.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error("{0}")]
    Database(#[from] SinkError),
    /// Another agent, or the state directory.
    #[error("{0}")]
    State(#[from] state::Error),
    /// The state directory is another user's, who could not read what is written there.
    #[error("the state directory `{}` is another user's; run this as that user: sudo -u '#{owner}' tracespool checkpoint …", .directory.display())]
    OtherUser {
        /// The directory.
        directory: PathBuf,
        /// Whose it is.
        owner: u32,
    },
    /// A file that cannot be looked at.
    #[error("`{}`: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What failed.
        source: io::Error,
    },
    /// What was asked for makes no sense.
    #[error("{0}")]
    Refused(String),
}

/// What stands at the path of a frontier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Now {
    /// The file itself, with so many bytes.
    There(u64),
    /// Another file.
    Other,
    /// Nothing, or nothing that can be looked at.
    Gone,
}

/// What a frontier's path leads to now.
pub fn now(frontier: &Frontier) -> Now {
    match Disk.stat(&frontier.path) {
        Ok(stat) if stat.key == frontier.file => Now::There(stat.size),
        Ok(_) => Now::Other,
        Err(_) => Now::Gone,
    }
}

/// A file of the spool, open.
pub struct Opened {
    /// Its path without links.
    pub path: PathBuf,
    /// What it is.
    pub key: FileKey,
    /// Its size.
    pub size: u64,
    file: File,
}

impl Opened {
    /// Opens a file.
    ///
    /// # Errors
    /// It is not there, is no regular file, or cannot be read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::File { path: path.to_owned(), source };
        let real = std::fs::canonicalize(path).map_err(failed)?;
        let file = Disk.open(&real).map_err(failed)?;
        let stat = file.stat().map_err(failed)?;
        if stat.kind != Kind::Regular {
            return Err(failed(io::Error::other(format!("it is {}", stat.kind.as_str()))));
        }
        Ok(Opened { path: real, key: stat.key, size: stat.size, file })
    }

    /// The position at an offset, in a generation.
    fn position(&self, generation: u32, offset: u64) -> io::Result<Position> {
        let window = self.bytes(offset.saturating_sub(WINDOW), offset)?;
        Ok(Position { generation, offset, marker: Marker::of(&window) })
    }

    /// Whether its content before a position is what the position was made of.
    pub fn holds(&self, position: Position) -> io::Result<bool> {
        Ok(self.size >= position.offset && self.position(0, position.offset)?.marker == position.marker)
    }

    /// Bytes of it, fewer where it ends before.
    pub fn bytes(&self, from: u64, to: u64) -> io::Result<Vec<u8>> {
        let mut file = &self.file;
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(to.saturating_sub(from)).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// How many lines end between two offsets.
    fn lines(&self, from: u64, to: u64) -> io::Result<u64> {
        let mut at = from;
        let mut lines = 0;
        while at < to {
            let bytes = self.bytes(at, to.min(at + (1 << 20)))?;
            if bytes.is_empty() {
                break;
            }
            at += bytes.len() as u64;
            lines += memchr::memchr_iter(b'\n', &bytes).count() as u64;
        }
        Ok(lines)
    }
}

/// What moving a frontier would mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// It stands there already.
    None,
    /// Lines that have an end are read again, and have another.
    SentAgain {
        /// How many lines.
        lines: u64,
        /// Of how many bytes.
        bytes: u64,
    },
    /// Lines that have no end yet never have one.
    Skipped {
        /// How many lines.
        lines: u64,
        /// Of how many bytes.
        bytes: u64,
    },
    /// The file is not there, so nothing is read; its frontier is forgotten.
    Forgotten,
}

/// A change of one frontier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The file.
    pub file: FileKey,
    /// Its path.
    pub path: PathBuf,
    from: Option<Position>,
    /// Where it is to stand; `None`: nowhere, so that the file is as one never seen.
    pub to: Option<Position>,
    /// What that means.
    pub effect: Effect,
}

/// Plans to set the frontier of a file to an offset.
///
/// # Errors
/// The offset is not behind a newline, or lies behind the end.
pub fn plan_set(frontiers: &[Frontier], path: &Path, offset: u64) -> Result<Plan, Error> {
    let file = Opened::open(path)?;
    let failed = |source| Error::File { path: path.to_owned(), source };
    if offset > file.size {
        return Err(Error::Refused(format!("{offset} is behind the end of the file, which has {} bytes", file.size)));
    }
    if offset > 0 && file.bytes(offset - 1, offset).map_err(failed)? != b"\n" {
        let after = file.bytes(offset, file.size.min(offset + (64 << 20))).map_err(failed)?;
        let next = memchr::memchr(b'\n', &after).map(|at| offset + at as u64 + 1);
        let next = next.map_or("there is none behind it".to_owned(), |next| format!("the next one is {next}"));
        return Err(Error::Refused(format!("{offset} is not the start of a line; {next}")));
    }
    let known = frontiers.iter().find(|frontier| frontier.file == file.key).map(|frontier| frontier.position);
    let (start, generation) = match known {
        Some(position) if file.holds(position).map_err(failed)? => (position.offset, position.generation),
        // The content was replaced since.
        Some(position) => (0, position.generation + 1),
        None => (0, 0),
    };
    let to = file.position(generation, offset).map_err(failed)?;
    let lines = file.lines(start.min(offset), start.max(offset)).map_err(failed)?;
    let bytes = start.abs_diff(offset);
    let effect = match offset.cmp(&start) {
        std::cmp::Ordering::Less => Effect::SentAgain { lines, bytes },
        std::cmp::Ordering::Equal => Effect::None,
        std::cmp::Ordering::Greater => Effect::Skipped { lines, bytes },
    };
    Ok(Plan { file: file.key, path: file.path, from: known, to: Some(to), effect })
}

/// Plans to forget the frontier of a file, by its path, or of all files.
///
/// # Errors
/// There is no such frontier.
pub fn plan_reset(frontiers: &[Frontier], path: Option<&Path>) -> Result<Vec<Plan>, Error> {
    let wanted = path.map(|path| (path, Opened::open(path).ok().map(|file| file.key)));
    let is_wanted = |frontier: &&Frontier| match &wanted {
        None => true,
        Some((path, key)) => frontier.path == *path || *key == Some(frontier.file),
    };
    let plan = |frontier: &Frontier| {
        let lines = Opened::open(&frontier.path).ok().filter(|file| file.key == frontier.file);
        let effect = match lines {
            Some(file) => {
                let end = frontier.position.offset.min(file.size);
                let lines = file.lines(0, end).unwrap_or(0);
                Effect::SentAgain { lines, bytes: end }
            }
            None => Effect::Forgotten,
        };
        let (file, path) = (frontier.file, frontier.path.clone());
        Plan { file, path, from: Some(frontier.position), to: None, effect }
    };
    let plans: Vec<Plan> = frontiers.iter().filter(is_wanted).map(plan).collect();
    match (path, plans.is_empty()) {
        (Some(path), true) => {
            let path = path.display();
            Err(Error::Refused(format!("there is no frontier for `{path}`; `tracespool checkpoint show` lists them")))
        }
        _ => Ok(plans),
    }
}

/// Carries plans out, in the database and in the local checkpoint, while no agent runs.
///
/// # Errors
/// An agent runs, or a frontier was moved since: then nothing is changed.
pub async fn apply<S: Session>(
    session: &mut S,
    state_directory: &Path,
    agent: &str,
    plans: &[Plan],
) -> Result<(), Error> {
    if session.server().progress == Progress::Absent {
        return Err(Error::Refused("the database keeps no frontiers; run `tracespool migrate`".to_owned()));
    }
    let state = open_state(state_directory)?;
    let mut checkpoint = Checkpoint::load(&state, agent).ok().flatten();
    let moves: Vec<Move> = plans
        .iter()
        .filter_map(|plan| {
            let path = Arc::from(plan.path.as_path());
            plan.to.map(|to| Move { file: plan.file, path, from: plan.from, to })
        })
        .collect();
    let gone: Vec<FileKey> = plans.iter().filter(|plan| plan.to.is_none()).map(|plan| plan.file).collect();
    session.begin().await?;
    match session.swap(&moves).await {
        Ok(Swap::Done) => session.commit().await?,
        Ok(Swap::Elsewhere) => {
            session.rollback().await?;
            return Err(Error::Refused("a frontier was moved meanwhile; look again".to_owned()));
        }
        Err(error) => {
            // The first error tells why.
            session.rollback().await.ok();
            return Err(error.into());
        }
    }
    session.forget(&gone).await?;
    let known = session.frontiers().await?.into_iter().map(|frontier| {
        let path = frontier.path.to_string_lossy().into_owned();
        (frontier.file, Known { path, position: frontier.position })
    });
    let fresh = Checkpoint::new(known);
    if checkpoint.replace(fresh.clone()).is_some_and(|old| old != fresh) {
        let failed = |source| Error::File { path: state_directory.to_owned(), source };
        fresh.save(&state, agent).map_err(failed)?;
    }
    Ok(())
}

/// Takes the state directory, which only one who can leave it as it was may do.
fn open_state(directory: &Path) -> Result<StateDirectory, Error> {
    if let Ok(metadata) = std::fs::metadata(directory) {
        let owner = metadata.uid();
        if owner != rustix::process::geteuid().as_raw() {
            return Err(Error::OtherUser { directory: directory.to_owned(), owner });
        }
    }
    Ok(StateDirectory::open(directory)?)
}
