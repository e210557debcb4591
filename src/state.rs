//! The state directory: one agent's own, its files replaced whole or not at all.
//!
//! Invariant: a file written by [`StateDirectory::replace`] is, after a crash at any moment, the old one or the new one.
//! Invariant: no symbolic link is followed to a file of ours, and nobody else can read one.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// The largest file of ours that is read back.
const READ_MAX: u64 = 256 << 20;

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
    /// Held as long as the agent runs; the kernel lets go of it however that ends.
    _lock: File,
}

impl StateDirectory {
    /// Makes the directory if it is missing, and takes it for this agent alone.
    ///
    /// # Errors
    /// Another agent has it, or it cannot be used.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let unusable = |source| Error::Unusable { directory: path.to_owned(), source };
        make(path).map_err(unusable)?;
        let lock = own(OpenOptions::new().write(true).create(true)).open(path.join("lock")).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(StateDirectory { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Error::InUse(path.to_owned())),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces a file by `content`, durably.
    ///
    /// # Errors
    /// The old file is still there then.
    pub fn replace(&self, name: &str, content: &[u8]) -> io::Result<()> {
        replace(&self.path.join(name), content)
    }

    /// The content of a file; `None` if there is none.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let mut content = Vec::new();
        match own(OpenOptions::new().read(true)).open(self.path.join(name)) {
            Ok(file) => file.take(READ_MAX).read_to_end(&mut content)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(content))
    }

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// It is still there then.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match fs::remove_file(self.path.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}

/// Replaces the file at `path` by `content`: a temporary file beside it, synced, renamed, the directory synced.
///
/// # Errors
/// The old file is still there then, and no temporary one.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let directory = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    make(directory)?;
    let mut temporary = path.to_owned();
    temporary.as_mut_os_string().push(".new");
    let written = || -> io::Result<()> {
        let mut file = own(OpenOptions::new().write(true).create(true).truncate(true)).open(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(directory)?.sync_all()
    };
    written().inspect_err(|_| {
        if let Err(error) = fs::remove_file(&temporary)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::debug!(path = %temporary.display(), %error, "temporary file stays");
        }
    })
}

/// Makes a directory that only its owner can enter, unless it is there.
///
/// # Errors
/// It is not there then.
pub fn make(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// How files of ours are opened: for their owner only, through no link.
pub fn own(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;
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
