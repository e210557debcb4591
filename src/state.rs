//! The state directory: one agent's own, its files replaced whole or not at all.
//!
//! Invariant: a file written by [`StateDirectory::replace`] is, after a crash at any moment, the old one or the new one.
//! Invariant: no symbolic link is followed to a file of ours, and nobody else can read one.

pub mod files;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::museum;
use files::{Begin, Disk, Files, Held, OwnFile};

/// Why the state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another agent runs on it.
    #[error("another agent uses the state directory `{}`; stop it, or give this one its own `state.directory`", .0.display())]
    InUse(PathBuf),
    /// It cannot be made or written to.
    #[error("the state directory `{}` cannot be used: {source}", .directory.display())]
    Unusable {
        /// The directory.
        directory: PathBuf,
        /// What failed.
        source: io::Error,
    },
}

/// The state directory of a running agent.
#[derive(Debug)]
pub struct StateDirectory {
    path: PathBuf,
    files: Arc<dyn Files>,
    /// Held as long as the agent runs; the kernel lets go of it however that ends.
    _lock: Box<dyn Held>,
}

impl StateDirectory {
    /// Makes the directory if it is missing, and takes it for this agent alone.
    ///
    /// # Errors
    /// Another agent has it, or it cannot be used.
    pub fn open(path: &Path) -> Result<Self, Error> {
        StateDirectory::open_on(Arc::new(Disk), path)
    }

    /// The same, on `files`.
    ///
    /// # Errors
    /// Another agent has it, or it cannot be used.
    pub fn open_on(files: Arc<dyn Files>, path: &Path) -> Result<Self, Error> {
        let unusable = |source| Error::Unusable { directory: path.to_owned(), source };
        files.make_directory(path).map_err(unusable)?;
        let lock = files.lock(&path.join("lock")).map_err(unusable)?;
        let lock = lock.ok_or_else(|| Error::InUse(path.to_owned()))?;
        Ok(StateDirectory { path: path.to_owned(), files, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file system it is on.
    pub fn files(&self) -> &dyn Files {
        &*self.files
    }

    /// Replaces a file by `content`, durably.
    ///
    /// # Errors
    /// The old file is still there then.
    pub fn replace(&self, name: &str, content: &[u8]) -> io::Result<()> {
        replace(self.files(), &self.path.join(name), content)
    }

    /// The content of a file; `None` if there is none.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.files.read(&self.path.join(name))
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// It is still there then.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        self.files.remove(&self.path.join(name))
    }
}

/// Replaces the file at `path` by `content`: a temporary file beside it, synced, renamed, the directory synced.
///
/// # Errors
/// The old file is still there then, and no temporary one.
pub fn replace(files: &dyn Files, path: &Path, content: &[u8]) -> io::Result<()> {
    replace_by(files, path, |file| file.write(content))
}

/// The same, with the content that `write` writes.
///
/// # Errors
/// The old file is still there then, and no temporary one.
pub fn replace_by(
    files: &dyn Files,
    path: &Path,
    write: impl FnOnce(&mut dyn OwnFile) -> io::Result<()>,
) -> io::Result<()> {
    let directory = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    files.make_directory(directory)?;
    let mut temporary = path.to_owned();
    temporary.as_mut_os_string().push(".new");
    let written = || -> io::Result<()> {
        let mut file = files.open(&temporary, Begin::Anew)?;
        write(&mut *file)?;
        if !museum::is(museum::Piece::UnsyncedNote) {
            file.sync()?;
        }
        files.rename(&temporary, path)?;
        files.sync_directory(directory)
    };
    written().inspect_err(|_| {
        if let Err(error) = files.remove(&temporary) {
            tracing::debug!(path = %temporary.display(), %error, "temporary file stays");
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_second_agent_is_refused_until_the_first_ends() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let first = StateDirectory::open(&path).unwrap();
        assert!(matches!(StateDirectory::open(&path), Err(Error::InUse(_))));
        drop(first);
        StateDirectory::open(&path).unwrap();
    }

    #[test]
    fn files_are_replaced_whole_and_for_the_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDirectory::open(&folder.path().join("state")).unwrap();
        assert_eq!(state.read("x").unwrap(), None);
        state.replace("x", b"one").unwrap();
        state.replace("x", b"two").unwrap();
        assert_eq!(state.read("x").unwrap().unwrap(), b"two");
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(state.path().to_owned()), 0o700);
        assert_eq!(mode(state.path().join("x")), 0o600);
        state.remove("x").unwrap();
        state.remove("x").unwrap();
        assert_eq!(state.read("x").unwrap(), None);
    }

    #[test]
    fn f10_a_symbolic_link_in_place_of_our_file_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let victim = folder.path().join("victim");
        fs::write(&victim, "precious").unwrap();
        let state = StateDirectory::open(&folder.path().join("state")).unwrap();
        symlink(&victim, state.path().join("x")).unwrap();
        symlink(&victim, state.path().join("x.new")).unwrap();
        assert!(state.read("x").is_err());
        assert!(state.replace("x", b"mine").is_err());
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
        // The refusal took the planted link away, so the next attempt works.
        state.replace("x", b"mine").unwrap();
        assert_eq!(state.read("x").unwrap().unwrap(), b"mine");
        assert_eq!(fs::read(&victim).unwrap(), b"precious");
    }
}
