//! The spool's file system in memory: inodes that are used again, holes, short reads, errors, and names that change between
//! any two calls.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::lines::{Expected, Lines, number_in};
use super::world::{Shared, lock};
use crate::spool::FileKey;
use crate::spool::files::{FileSystem, Handle, Kind, Stamp, Stat};

/// The longest line that is no refused one.
pub(crate) const LINE_MAX: usize = 300;

/// One tick of the clock by which a directory says when a name in it last changed, in nanoseconds.
const TICK: u64 = 1_500_000_000;

/// A file, whatever its names.
#[derive(Debug)]
pub(crate) struct Object {
    inode: u64,
    birth: u64,
    pub(crate) data: Vec<u8>,
    modified: i128,
    pub(crate) links: u64,
    /// Shared by everybody of the agent who has it open.
    token: Arc<()>,
    /// Numbers of the lines in it.
    lines: Vec<u64>,
    /// Where its unfinished line begins.
    unfinished: usize,
}

impl Object {
    /// Whether the agent has it open.
    fn is_held(&self) -> bool {
        Arc::strong_count(&self.token) > 1
    }

    fn forget_lines(&mut self, lines: &mut Lines) {
        self.lines.drain(..).for_each(|number| lines.destroyed(number));
    }
}

/// A file system.
#[derive(Debug, Default)]
pub(crate) struct Volume {
    pub(crate) names: BTreeMap<PathBuf, usize>,
    pub(crate) objects: Vec<Object>,
    /// Whether files have birth times.
    pub(crate) births: bool,
    pub(crate) writes: i128,
    /// In which tick a name last changed.
    pub(crate) changed: u64,
    /// How many files the agent has open.
    pub(crate) open: usize,
    /// When the agent last could not open a file for want of descriptors: it closes another one at once then.
    pub(crate) starved: Option<Duration>,
    /// A name that the next listing misses.
    pub(crate) missed: Option<PathBuf>,
}

impl Volume {
    /// Makes an empty file with a free inode. A name that was there leads to it now.
    pub(crate) fn create(&mut self, path: &Path, now: u64, lines: &mut Lines) -> usize {
        let used: Vec<u64> = self
            .objects
            .iter()
            .filter(|object| object.links > 0 || object.is_held())
            .map(|object| object.inode)
            .collect();
        let inode = (1..).find(|inode| !used.contains(inode)).expect("there are numbers enough");
        self.writes += 1;
        self.changed = now / TICK;
        self.objects.push(Object {
            inode,
            birth: if self.births { 1_000 + now + self.writes as u64 } else { 0 },
            data: Vec::new(),
            modified: self.writes,
            links: 1,
            token: Arc::new(()),
            lines: Vec::new(),
            unfinished: 0,
        });
        let object = self.objects.len() - 1;
        if let Some(former) = self.names.insert(path.to_owned(), object) {
            self.unlinked(former, lines);
        }
        object
    }

    fn unlinked(&mut self, object: usize, lines: &mut Lines) {
        let object = &mut self.objects[object];
        object.links -= 1;
        if object.links == 0 && !object.is_held() {
            object.forget_lines(lines);
        }
    }

    pub(crate) fn unlink(&mut self, path: &Path, now: u64, lines: &mut Lines) {
        if let Some(object) = self.names.remove(path) {
            self.changed = now / TICK;
            self.unlinked(object, lines);
        }
    }

    pub(crate) fn rename(&mut self, from: &Path, to: &Path, now: u64, lines: &mut Lines) {
        let Some(object) = self.names.remove(from) else { return };
        self.changed = now / TICK;
        if let Some(former) = self.names.insert(to.to_owned(), object) {
            self.unlinked(former, lines);
        }
    }

    pub(crate) fn key(&self, object: usize) -> FileKey {
        self.stat(object).key
    }

    /// The agent's life ended between the copy of a file and its truncation.
    pub(crate) fn copied_unseen(&self, object: usize, lines: &mut Lines) {
        self.objects[object].lines.iter().for_each(|number| lines.may_double(*number));
    }

    /// The agent's descriptors are gone, and so is what only they led to.
    pub(crate) fn agent_died(&mut self, lines: &mut Lines) {
        self.objects.iter_mut().filter(|object| object.links == 0).for_each(|object| object.forget_lines(lines));
    }

    /// Writes at an offset, at the end if there is none. Returns the offset behind.
    pub(crate) fn write(&mut self, object: usize, offset: Option<usize>, bytes: &[u8], lines: &mut Lines) -> usize {
        self.writes += 1;
        let modified = self.writes;
        let object = &mut self.objects[object];
        object.modified = modified;
        let offset = offset.unwrap_or(object.data.len());
        if object.data.len() < offset + bytes.len() {
            object.data.resize(offset + bytes.len(), 0);
        }
        object.data[offset..offset + bytes.len()].copy_from_slice(bytes);
        while let Some(length) = object.data[object.unfinished..].iter().position(|byte| *byte == b'\n') {
            let end = object.unfinished + length;
            let text = String::from_utf8_lossy(&object.data[object.unfinished..end]).into_owned();
            object.unfinished = end + 1;
            if let Some(number) = number_in(&text) {
                lines.complete(number, expected(text.trim_start_matches('\0').trim_end_matches('\r')));
                if object.links > 0 || object.is_held() {
                    object.lines.push(number);
                } else {
                    lines.destroyed(number);
                }
            }
        }
        offset + bytes.len()
    }

    pub(crate) fn truncate(&mut self, object: usize, lines: &mut Lines) {
        self.writes += 1;
        let modified = self.writes;
        let object = &mut self.objects[object];
        object.modified = modified;
        object.data.clear();
        object.unfinished = 0;
        object.forget_lines(lines);
    }

    /// Copies the content of a file into a new one.
    pub(crate) fn copy(&mut self, object: usize, to: &Path, now: u64, lines: &mut Lines) -> usize {
        let number = self.create(to, now, lines);
        let original = &self.objects[object];
        let (data, numbers, unfinished) = (original.data.clone(), original.lines.clone(), original.unfinished);
        numbers.iter().for_each(|number| lines.copied(*number));
        let copy = &mut self.objects[number];
        (copy.data, copy.lines, copy.unfinished) = (data, numbers, unfinished);
        number
    }

    fn stat(&self, object: usize) -> Stat {
        let object = &self.objects[object];
        Stat {
            key: FileKey { device: 1, inode: object.inode, birth: object.birth },
            kind: Kind::Regular,
            size: object.data.len() as u64,
            modified: object.modified,
            links: object.links,
        }
    }
}

/// How a line must end by its text.
fn expected(text: &str) -> Expected {
    if text.len() > LINE_MAX || !text.starts_with("{\"event_key\":\"ok") { Expected::Quarantine } else { Expected::Row }
}

/// The spool's file system as the agent has it.
#[derive(Debug, Clone)]
pub(crate) struct SpoolDisk(pub(crate) Shared);

/// A file that the agent has open.
#[derive(Debug)]
pub(crate) struct Open {
    world: Shared,
    object: usize,
    /// Whether the agent could ever look at it.
    known: AtomicBool,
    _token: Arc<()>,
}

/// Too many open files.
const EMFILE: i32 = 24;

/// Input or output failed.
const EIO: i32 = 5;

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Drop for Open {
    /// An agent that has all the descriptors open that it may have closes some, and cannot know that it was the last way to
    /// a file. Nor is a descriptor one to a file that nothing could be learned of.
    fn drop(&mut self) {
        let mut world = lock(&self.world);
        let world = &mut *world;
        let full = world.disk.open >= world.plan.files_open_max;
        let starved = full || world.disk.starved == Some(world.time.passed());
        world.disk.open -= 1;
        let object = &mut world.disk.objects[self.object];
        let unknown = !self.known.load(Ordering::Relaxed);
        if (starved || unknown) && object.links == 0 && Arc::strong_count(&object.token) == 2 {
            object.forget_lines(&mut world.lines);
        }
    }
}

impl FileSystem for SpoolDisk {
    type File = Open;

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        let mut world = lock(&self.0);
        world.look("stat")?;
        if world.fails(|faults| faults.looks) {
            return Err(io::Error::from_raw_os_error(EIO));
        }
        let object = *world.disk.names.get(path).ok_or_else(missing)?;
        Ok(world.disk.stat(object))
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<(OsString, Kind)>> {
        let mut world = lock(&self.0);
        world.look("list")?;
        if world.fails(|faults| faults.lists) {
            return Err(io::Error::from_raw_os_error(EIO));
        }
        let missed = world.disk.missed.take();
        let inside = world.disk.names.keys().filter(|path| path.parent() == Some(directory));
        let seen = inside.filter(|path| missed.as_ref() != Some(*path));
        Ok(seen.filter_map(|path| Some((path.file_name()?.to_owned(), Kind::Regular))).collect())
    }

    fn stamp(&self, _: &Path) -> io::Result<Stamp> {
        let mut world = lock(&self.0);
        world.look("stamp")?;
        if world.fails(|faults| faults.lists) {
            return Err(io::Error::from_raw_os_error(EIO));
        }
        Ok(Stamp { device: 1, inode: 0, changed: world.disk.changed.into() })
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }

    fn open(&self, path: &Path) -> io::Result<Open> {
        let mut world = lock(&self.0);
        world.look("open")?;
        if world.fails(|faults| faults.opens) {
            world.disk.starved = Some(world.time.passed());
            return Err(io::Error::from_raw_os_error(EMFILE));
        }
        let object = *world.disk.names.get(path).ok_or_else(missing)?;
        let token = Arc::clone(&world.disk.objects[object].token);
        world.disk.open += 1;
        Ok(Open { world: Arc::clone(&self.0), object, known: AtomicBool::new(false), _token: token })
    }
}

impl Handle for Open {
    fn stat(&self) -> io::Result<Stat> {
        let mut world = lock(&self.world);
        world.look("fstat")?;
        if world.fails(|faults| faults.looks) {
            return Err(io::Error::from_raw_os_error(EIO));
        }
        self.known.store(true, Ordering::Relaxed);
        Ok(world.disk.stat(self.object))
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut world = lock(&self.world);
        world.look("read")?;
        if world.fails(|faults| faults.reads) {
            let kind = *world.chance.one_of(&[io::ErrorKind::Interrupted, io::ErrorKind::Other]);
            return Err(kind.into());
        }
        let short = world.plan.short_reads && world.chance.permille(100);
        let most = if short { world.chance.between(1, 40) as usize } else { bytes.len() };
        let data = &world.disk.objects[self.object].data;
        let rest = data.get(offset as usize..).unwrap_or_default();
        let read = rest.len().min(bytes.len()).min(most);
        bytes[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<u64>> {
        let mut world = lock(&self.world);
        world.look("seek")?;
        let data = &world.disk.objects[self.object].data;
        let rest = data.get(offset as usize..).unwrap_or_default();
        Ok(rest.iter().position(|byte| *byte != 0).map(|data| offset + data as u64))
    }
}
