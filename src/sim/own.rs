//! The agent's own files in memory, with what of them is on the disk: an end by loss of power takes the rest.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::world::{Shared, World, lock};
use crate::clock::model::Chance;
use crate::spool::FileKey;
use crate::state::files::{Begin, Files, Held, OwnFile};

/// Where the note of lines let go is.
const NOTE: &str = "/state/shed";

#[derive(Debug, Default, Clone)]
struct Content {
    data: Vec<u8>,
    durable: Vec<u8>,
    /// A failed sync dropped what is behind this length; the next sync reports success all the same.
    dropped: Option<usize>,
}

/// A file system with a cache.
#[derive(Debug, Default)]
pub(crate) struct Own {
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    contents: Vec<Content>,
    locked: Arc<()>,
}

impl Own {
    /// The power is lost: what was not synced is there, or not, or in part.
    pub(crate) fn lose_power(&mut self, chance: &mut Chance) {
        let names = std::mem::take(&mut self.names);
        let mut paths: Vec<&PathBuf> = names.keys().chain(self.durable_names.keys()).collect();
        paths.sort_unstable();
        paths.dedup();
        // Each name is the old one or the new one.
        let mut kept = BTreeMap::new();
        for path in paths {
            let from = if chance.permille(500) { &names } else { &self.durable_names };
            if let Some(content) = from.get(path) {
                kept.insert(path.clone(), *content);
            }
        }
        for content in &mut self.contents {
            let common = content.data.iter().zip(&content.durable).take_while(|(one, other)| one == other).count();
            match chance.below(3) {
                0 => content.data = content.durable.clone(),
                1 => {
                    // Torn: some of what was written, and nothing behind it.
                    let end = chance.between(common as u64, content.data.len().max(common) as u64) as usize;
                    content.data.truncate(end);
                }
                _ => {}
            }
            content.durable = content.data.clone();
            content.dropped = None;
        }
        (self.names, self.durable_names) = (kept.clone(), kept);
    }

    /// The agent's lock is let go of.
    pub(crate) fn agent_died(&mut self) {
        self.locked = Arc::new(());
    }

    /// Up to where the note of lines let go has passed a file: the next agent goes on behind it.
    pub(crate) fn passed(&self, file: FileKey) -> Option<u64> {
        let note = self.text(NOTE.as_ref());
        let note: serde_json::Value = serde_json::from_str(note.lines().nth(1)?).ok()?;
        let of_file = |passage: &&serde_json::Value| passage["file"] == file.to_string();
        let passage = note["passages"].as_array()?.iter().find(of_file)?;
        passage["segments"].as_array()?.iter().filter_map(|segment| segment["to"][1].as_u64()).max()
    }

    /// The content of a file.
    pub(crate) fn text(&self, path: &Path) -> String {
        let content = self.names.get(path).map(|content| &self.contents[*content].data);
        content.map(|data| String::from_utf8_lossy(data).into_owned()).unwrap_or_default()
    }
}

/// The agent's own files as the agent has them.
#[derive(Debug, Clone)]
pub(crate) struct OwnDisk(pub(crate) Shared);

#[derive(Debug)]
struct Lock(#[allow(dead_code, reason = "it is counted")] Arc<()>);

impl Held for Lock {}

struct Open {
    world: Shared,
    content: usize,
}

/// No space left on the device.
const ENOSPC: i32 = 28;

/// Input or output failed.
const EIO: i32 = 5;

fn fails(world: &mut World) -> io::Result<()> {
    if world.fails(|faults| faults.own_io) {
        return Err(io::Error::from_raw_os_error(EIO));
    }
    Ok(())
}

impl Files for OwnDisk {
    fn make_directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn lock(&self, _: &Path) -> io::Result<Option<Box<dyn Held>>> {
        let mut world = lock(&self.0);
        world.look("lock")?;
        fails(&mut world)?;
        let free = Arc::strong_count(&world.own.locked) == 1;
        Ok(free.then(|| Box::new(Lock(Arc::clone(&world.own.locked))) as Box<dyn Held>))
    }

    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let mut world = lock(&self.0);
        world.look("own read")?;
        fails(&mut world)?;
        Ok(world.own.names.get(path).map(|content| world.own.contents[*content].data.clone()))
    }

    fn read_part(&self, path: &Path, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let whole = self.read(path)?.ok_or(io::ErrorKind::NotFound)?;
        let rest = whole.get(offset as usize..).unwrap_or_default();
        Ok(rest[..rest.len().min(length)].to_vec())
    }

    fn open(&self, path: &Path, begin: Begin) -> io::Result<Box<dyn OwnFile>> {
        let mut world = lock(&self.0);
        let last = world.effect("own open")?;
        fails(&mut world)?;
        let own = &mut world.own;
        let content = match own.names.get(path) {
            Some(content) => *content,
            None => {
                own.contents.push(Content::default());
                own.names.insert(path.to_owned(), own.contents.len() - 1);
                own.contents.len() - 1
            }
        };
        if begin == Begin::Anew {
            // What a failed sync dropped was of the former content.
            let content = &mut own.contents[content];
            (content.data, content.dropped) = (Vec::new(), None);
        }
        last.ok()?;
        Ok(Box::new(Open { world: Arc::clone(&self.0), content }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = lock(&self.0);
        let last = world.effect("own rename")?;
        fails(&mut world)?;
        let content = world.own.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        world.own.names.insert(to.to_owned(), content);
        last.ok()
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut world = lock(&self.0);
        let last = world.effect("own remove")?;
        fails(&mut world)?;
        world.own.names.remove(path);
        last.ok()
    }

    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        let mut world = lock(&self.0);
        let last = world.effect("own sync of names")?;
        fails(&mut world)?;
        world.own.durable_names = world.own.names.clone();
        last.ok()
    }
}

impl OwnFile for Open {
    fn length(&self) -> io::Result<u64> {
        let mut world = lock(&self.world);
        world.look("own length")?;
        fails(&mut world)?;
        Ok(world.own.contents[self.content].data.len() as u64)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut world = lock(&self.world);
        let last = world.effect("own write")?;
        fails(&mut world)?;
        let full = world.fails(|faults| faults.own_full);
        let fits = if full { world.chance.below(bytes.len() as u64 + 1) as usize } else { bytes.len() };
        world.own.contents[self.content].data.extend_from_slice(&bytes[..fits]);
        if full {
            return Err(io::Error::from_raw_os_error(ENOSPC));
        }
        last.ok()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        let mut world = lock(&self.world);
        let last = world.effect("own cut")?;
        fails(&mut world)?;
        let content = &mut world.own.contents[self.content];
        content.data.truncate(length as usize);
        content.dropped = content.dropped.filter(|from| *from < content.data.len());
        last.ok()
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut world = lock(&self.world);
        let last = world.effect("own sync")?;
        let failed = fails(&mut world);
        let content = &mut world.own.contents[self.content];
        if failed.is_err() {
            let kept = content.durable.len().min(content.data.len());
            if kept < content.data.len() {
                content.dropped.get_or_insert(kept);
            }
            return failed;
        }
        let reached = content.dropped.unwrap_or(content.data.len());
        let data = &content.data[..reached.min(content.data.len())];
        // Mostly it has grown.
        match data.strip_prefix(&*content.durable) {
            Some(more) => content.durable.extend_from_slice(more),
            None => content.durable = data.to_vec(),
        }
        last.ok()
    }
}
