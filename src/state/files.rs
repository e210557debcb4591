//! The file system as the agent's own files see it: small files that are written whole, or grow at their end.
//!
//! Invariant: no symbolic link is followed to a file of ours, and nobody but its owner can read one.

use std::any::Any;
use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// The largest file of ours that is read back.
const READ_MAX: u64 = 256 << 20;

/// Where files of ours are.
pub trait Files: fmt::Debug + Send + Sync {
    /// Makes a directory that only its owner can enter, and those above it, unless they are there.
    fn make_directory(&self, directory: &Path) -> io::Result<()>;

    /// Takes a file for this process alone, as long as what is returned lives; `None` if another process has it.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Held>>>;

    /// The content of a file; `None` if there is none.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>>;

    /// Up to `length` bytes of a file from `offset` on; fewer only where it ends.
    fn read_part(&self, path: &Path, offset: u64, length: usize) -> io::Result<Vec<u8>>;

    /// Opens a file for writing; it is made if it is missing.
    fn open(&self, path: &Path, begin: Begin) -> io::Result<Box<dyn OwnFile>>;

    /// Gives a file another name, in place of the file that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file, if it is there.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes names given and taken in a directory durable.
    fn sync_directory(&self, directory: &Path) -> io::Result<()>;
}

/// Where writing begins in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// At its start; what it held is gone.
    Anew,
    /// At its end.
    AtEnd,
}

/// A file of ours, open for writing.
pub trait OwnFile {
    /// Its length.
    fn length(&self) -> io::Result<u64>;

    /// Writes behind what was written before. After an error a part of it may be there.
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Cuts it to a length.
    fn cut(&mut self, length: u64) -> io::Result<()>;

    /// Makes its content durable. After an error nothing is known of that content.
    fn sync(&mut self) -> io::Result<()>;
}

/// A lock that is held; dropping it lets go of it.
pub trait Held: Any + fmt::Debug + Send + Sync {}

impl Held for File {}

/// The machine's own file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    fn make_directory(&self, directory: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Held>>> {
        let lock = own(OpenOptions::new().write(true).create(true)).open(path)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Box::new(lock))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let mut content = Vec::new();
        match own(OpenOptions::new().read(true)).open(path) {
            Ok(file) => file.take(READ_MAX).read_to_end(&mut content)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(Some(content))
    }

    fn read_part(&self, path: &Path, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut file = own(OpenOptions::new().read(true)).open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut part = Vec::new();
        file.take(length as u64).read_to_end(&mut part)?;
        Ok(part)
    }

    fn open(&self, path: &Path, begin: Begin) -> io::Result<Box<dyn OwnFile>> {
        let mut options = OpenOptions::new();
        match begin {
            Begin::Anew => options.write(true).truncate(true),
            Begin::AtEnd => options.append(true),
        };
        let file = own(options.create(true)).open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("the path is not a regular file"));
        }
        if metadata.permissions().mode() & 0o777 != 0o600 {
            file.set_permissions(fs::Permissions::from_mode(0o600))?;
        }
        Ok(Box::new(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn sync_directory(&self, directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }
}

impl OwnFile for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

/// How files of ours are opened: for their owner only, through no link.
fn own(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits() as i32)
}
