//! The file system as the spool sees it: list, look at, open, read at an offset. Nothing here writes.
//!
//! Invariant: what is opened is a regular file and was reached through no symbolic link, judged on the descriptor.
//! Invariant: no call waits for another process; a FIFO opens at once and is refused.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::FileKey;

/// What a directory entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A regular file.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A pipe that has a name.
    Fifo,
    /// A socket.
    Socket,
    /// A device.
    Device,
}

impl Kind {
    /// The word in log lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Regular => "a regular file",
            Kind::Directory => "a directory",
            Kind::Symlink => "a symbolic link",
            Kind::Fifo => "a FIFO",
            Kind::Socket => "a socket",
            Kind::Device => "a device",
        }
    }
}

/// What is known of a file without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// What the file is, whatever its name.
    pub key: FileKey,
    /// What kind it is of.
    pub kind: Kind,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written, in nanoseconds since 1970.
    pub modified: i128,
    /// How many names it has; 0 once it is deleted.
    pub links: u64,
}

/// Which directory is meant and when a name in it last changed. A change that comes within one tick of the file system's clock
/// after another, two seconds on some, leaves it as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The device it is on.
    pub device: u64,
    /// Its inode there.
    pub inode: u64,
    /// When a name in it was last made, renamed or removed, in nanoseconds since 1970. Nobody but the kernel sets it.
    pub changed: i128,
}

/// Where files are found.
pub trait FileSystem {
    /// An open file.
    type File: Handle + std::fmt::Debug;

    /// Looks at a path without following a symbolic link at its end.
    fn stat(&self, path: &Path) -> io::Result<Stat>;

    /// The names in a directory.
    fn list(&self, directory: &Path) -> io::Result<Vec<(OsString, Kind)>>;

    /// Whether the names in a directory are the same as before.
    fn stamp(&self, directory: &Path) -> io::Result<Stamp>;

    /// The path without symbolic links in it.
    fn resolve(&self, path: &Path) -> io::Result<PathBuf>;

    /// Opens a file for reading. No component of the path may be a symbolic link.
    fn open(&self, path: &Path) -> io::Result<Self::File>;
}

/// An open file.
pub trait Handle {
    /// Looks at it.
    fn stat(&self) -> io::Result<Stat>;

    /// Reads at an offset, perhaps fewer bytes than asked for; none means that the end of the file was met.
    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize>;

    /// The first offset from `offset` on that is not in a hole; `None` when only a hole is left.
    fn next_data(&self, offset: u64) -> io::Result<Option<u64>>;
}

/// The machine's own file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl FileSystem for Disk {
    type File = File;

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        fs::symlink_metadata(path).map(|metadata| stat_of(&metadata))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<(OsString, Kind)>> {
        let entry = |entry: io::Result<fs::DirEntry>| {
            let entry = entry?;
            Ok((entry.file_name(), kind_of(entry.file_type()?)))
        };
        fs::read_dir(directory)?.map(entry).collect()
    }

    fn stamp(&self, directory: &Path) -> io::Result<Stamp> {
        let metadata = fs::symlink_metadata(directory)?;
        if !metadata.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Stamp {
            device: metadata.dev(),
            inode: metadata.ino(),
            changed: i128::from(metadata.ctime()) * 1_000_000_000 + i128::from(metadata.ctime_nsec()),
        })
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let opened: OwnedFd = match rustix::fs::openat2(CWD, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
            // Linux before 5.6, and sandboxes that do not let the call through: systemd's RestrictSUIDSGID= is one.
            Err(Errno::NOSYS | Errno::PERM) => open_by_component(path, flags)?,
            other => other?,
        };
        Ok(File::from(opened))
    }
}

/// Opens a path one component after the other, none of which may be a symbolic link.
fn open_by_component(path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let Some(name) = path.file_name() else { return Err(Errno::ISDIR) };
    let directories = path.parent().into_iter().flat_map(Path::components);
    let through = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut directory = rustix::fs::open(".", through, Mode::empty())?;
    for component in directories {
        directory = rustix::fs::openat(&directory, component.as_os_str(), through, Mode::empty())?;
    }
    rustix::fs::openat(&directory, name, flags, Mode::empty())
}

impl Handle for File {
    fn stat(&self) -> io::Result<Stat> {
        self.metadata().map(|metadata| stat_of(&metadata))
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, bytes, offset)
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<u64>> {
        match rustix::fs::seek(self, rustix::fs::SeekFrom::Data(offset)) {
            Ok(data) => Ok(Some(data)),
            Err(Errno::NXIO) => Ok(None),
            // A file system that knows no holes has none.
            Err(Errno::INVAL | Errno::OPNOTSUPP) => Ok(Some(offset)),
            Err(error) => Err(error.into()),
        }
    }
}

fn stat_of(metadata: &Metadata) -> Stat {
    let birth = metadata.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
    Stat {
        key: FileKey {
            device: metadata.dev(),
            inode: metadata.ino(),
            birth: birth.and_then(|since| u64::try_from(since.as_nanos()).ok()).unwrap_or(0),
        },
        kind: kind_of(metadata.file_type()),
        size: metadata.size(),
        modified: i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec()),
        links: metadata.nlink(),
    }
}

fn kind_of(kind: fs::FileType) -> Kind {
    if kind.is_file() {
        Kind::Regular
    } else if kind.is_dir() {
        Kind::Directory
    } else if kind.is_symlink() {
        Kind::Symlink
    } else if kind.is_fifo() {
        Kind::Fifo
    } else if kind.is_socket() {
        Kind::Socket
    } else {
        Kind::Device
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_path_is_opened_through_no_symbolic_link_with_the_call_for_it_or_without() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir(root.join("spool")).unwrap();
        fs::write(root.join("spool/app"), "one").unwrap();
        symlink(root.join("spool/app"), root.join("spool/link")).unwrap();
        symlink(root.join("spool"), root.join("way")).unwrap();
        let by_component = |path: &Path| open_by_component(path, OFlags::RDONLY | OFlags::NOFOLLOW).map(File::from);
        for (path, is_opened) in [
            (root.join("spool/app"), true),
            (root.join("spool/../spool/app"), true),
            (root.join("spool/link"), false),
            (root.join("way/app"), false),
            (root.join("spool/none"), false),
        ] {
            assert_eq!(Disk.open(&path).is_ok(), is_opened, "{path:?}");
            let opened = by_component(&path);
            assert_eq!(opened.is_ok(), is_opened, "{path:?} one component after the other");
            if let Ok(file) = opened {
                assert_eq!(io::read_to_string(file).unwrap(), "one");
            }
        }
    }
}
