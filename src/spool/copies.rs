//! Copies of content that was replaced: what `copytruncate` leaves behind.
//!
//! A rotation by `copytruncate` makes a new file of what was read already, and perhaps of a rest that was not, and then
//! empties the original. So the end of replaced content is remembered for a while, and a new file of a related name is
//! held against it.
//!
//! Invariant: only content whose bytes agree is taken for a copy; a name alone proves nothing.
//! Invariant: bytes that were replaced unread count as vanished once no copy of them can turn up any more.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Vanished;
use super::position::{ContentKey, FileKey, Marker, Position};
use super::tail::{Head, Replaced, WINDOW};
use crate::museum;

/// How long the end of replaced content is remembered.
const KEEP: Duration = Duration::from_secs(30);

/// How many are remembered.
const MAX: usize = 1000;

/// Contents that were replaced lately.
#[derive(Debug, Default)]
pub struct Replacements {
    ended: VecDeque<Ended>,
    /// Unread bytes of those that were forgotten before their time.
    vanished: Vec<Vanished>,
}

#[derive(Debug)]
struct Ended {
    path: Arc<Path>,
    what: Replaced,
    since: Instant,
}

impl Ended {
    fn read(&self) -> Read {
        let Replaced { file, position, head, .. } = &self.what;
        Read { file: *file, position: *position, head: head.clone() }
    }

    /// What went away of it if no copy has turned up.
    fn vanished(self) -> Option<Vanished> {
        let Replaced { position, unread, .. } = self.what;
        (unread > 0).then_some(Vanished { path: self.path, offset: position.offset, bytes: unread })
    }
}

impl Replacements {
    /// Remembers content of the file at `path` that was replaced.
    pub fn remember(&mut self, path: Arc<Path>, what: Replaced, now: Instant) {
        tracing::info!(path = %path.display(), offset = what.position.offset, unread = what.unread,
            "file was truncated or its content replaced; reading starts over in it");
        if self.ended.len() == MAX
            && let Some(oldest) = self.ended.pop_front()
        {
            self.vanished.extend(oldest.vanished());
        }
        self.ended.push_back(Ended { path, what, since: now });
    }

    /// Forgets what is too old for a copy to turn up. Returns what went away unread.
    pub fn expire(&mut self, now: Instant) -> Vec<Vanished> {
        while let Some(oldest) = self.ended.pop_front_if(|oldest| now.saturating_duration_since(oldest.since) >= KEEP) {
            self.vanished.extend(oldest.vanished());
        }
        std::mem::take(&mut self.vanished)
    }

    /// If a new file of `size` bytes is a copy of content that was replaced at `original`: which, and where reading goes on.
    /// `marker_before` gives the markers of the new file.
    ///
    /// # Errors
    /// The new file cannot be read now, so it is not known whose copy it is.
    pub fn find(
        &self,
        original: &Path,
        size: u64,
        marker_before: impl FnMut(u64) -> io::Result<Option<Marker>>,
    ) -> io::Result<Option<(Position, ContentKey)>> {
        if museum::is(museum::Piece::CopyReadAgain) {
            return Ok(None);
        }
        let replaced = self.ended.iter().filter(|ended| &*ended.path == original);
        furthest(replaced.map(Ended::read), size, marker_before)
    }

    /// Forgets content whose copy was found: each has one.
    pub fn claim(&mut self, of: ContentKey, offset: u64) {
        if let Some(index) = self.ended.iter().position(|ended| ended.read().content() == of)
            && let Some(ended) = self.ended.remove(index)
        {
            tracing::info!(original = %ended.path.display(), offset,
                "a file is the copy of truncated content; reading goes on in it");
        }
    }

    /// Forgets everything: reading is set back to the frontiers, and what was replaced is found out again where the
    /// frontier is still in it.
    pub fn set_back(&mut self, frontier: impl Fn(&Replaced) -> Option<Position>) {
        for ended in self.ended.drain(..) {
            if frontier(&ended.what).is_some_and(|at| at.generation > ended.what.position.generation) {
                self.vanished.extend(ended.vanished());
            }
        }
    }
}

/// Content of which a copy may be found: how far it was read, and how it begins.
#[derive(Debug, Clone)]
pub(super) struct Read {
    pub file: FileKey,
    pub position: Position,
    pub head: Option<Head>,
}

impl Read {
    fn content(&self) -> ContentKey {
        ContentKey { file: self.file, generation: self.position.generation }
    }

    /// Whether nothing was read of it but a hole: that is like other holes.
    fn is_hole(&self) -> bool {
        let window = self.position.offset.min(WINDOW) as usize;
        let has_line = self.head.as_ref().is_some_and(|head| head.first_line().is_some());
        self.position.marker == Marker::of(&vec![0; window]) && !has_line
    }

    /// How far a file of `size` bytes was read, if it begins like this content.
    fn agrees_up_to(
        &self,
        size: u64,
        marker_before: &mut impl FnMut(u64) -> io::Result<Option<Marker>>,
    ) -> io::Result<Option<u64>> {
        let Position { offset, marker, .. } = self.position;
        if offset == 0 || self.is_hole() {
            return Ok(None);
        }
        // A copy may have been made a little before the original was read for the last time.
        let known =
            if offset <= size { Some((offset, marker)) } else { self.head.as_ref().and_then(|head| head.up_to(size)) };
        let Some((place, marker)) = known else { return Ok(None) };
        Ok((marker_before(place)? == Some(marker)).then_some(offset.min(size)))
    }
}

/// The one of these contents that a file of `size` bytes is a copy of, and where reading goes on in that file: of contents
/// that begin alike, the one that agrees furthest.
///
/// # Errors
/// The file cannot be read now, so it is not known whose copy it is.
pub(super) fn furthest(
    contents: impl IntoIterator<Item = Read>,
    size: u64,
    mut marker_before: impl FnMut(u64) -> io::Result<Option<Marker>>,
) -> io::Result<Option<(Position, ContentKey)>> {
    let mut best: Option<(u64, ContentKey)> = None;
    for read in contents {
        if let Some(offset) = read.agrees_up_to(size, &mut marker_before)?
            && best.is_none_or(|(furthest, _)| furthest <= offset)
        {
            best = Some((offset, read.content()));
        }
    }
    let Some((offset, of)) = best else { return Ok(None) };
    Ok(marker_before(offset)?.map(|marker| (Position { generation: 0, offset, marker }, of)))
}

/// The paths that a rotation may have copied `path` from: `app.ndjson` for `app.ndjson.1`, `app-20261122.ndjson`.
pub fn possible_originals(path: &Path) -> Vec<PathBuf> {
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    name.char_indices()
        .filter(|(index, char)| *index > 0 && matches!(char, '-' | '.' | '_'))
        .flat_map(|(index, _)| {
            let prefix = &name[..index];
            [prefix.to_owned(), format!("{prefix}.{extension}")]
        })
        .filter(|original| original != name)
        .map(|original| path.with_file_name(original))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, want: &[&str]) {
        let originals = possible_originals(Path::new(path));
        assert_eq!(originals, want.iter().map(PathBuf::from).collect::<Vec<_>>());
    }

    #[test]
    fn a_rotated_name_leads_to_its_original() {
        check("/s/app", &[]);
        check("/s/app.ndjson", &["/s/app"]);
        check("/s/app.ndjson.1", &["/s/app", "/s/app.1", "/s/app.ndjson"]);
        check("/s/app-20261122.ndjson", &["/s/app", "/s/app.ndjson", "/s/app-20261122"]);
        check("/s/.ndjson", &[]);
    }

    fn read(inode: u64, offset: u64, marker: Marker, head: Option<Head>) -> Read {
        let position = Position { generation: 0, offset, marker };
        Read { file: FileKey { device: 1, inode, birth: 3 }, position, head }
    }

    /// The inode of the content that a file of 9,000 bytes is taken for a copy of, whose first 8,000 are a hole.
    fn original(contents: impl IntoIterator<Item = Read>) -> Option<u64> {
        let hole = Marker::of(&[0; WINDOW as usize]);
        let marker = |offset| Ok(Some(if offset <= 8000 { hole } else { Marker(offset) }));
        furthest(contents, 9000, marker).unwrap().map(|(_, of)| of.file.inode)
    }

    #[test]
    fn a_hole_alone_tells_no_content() {
        let hole = || read(2, 4096, Marker::of(&[0; WINDOW as usize]), None);
        assert_eq!(original([hole()]), None);
        let with_line = Read { head: Some(Head::with_line(0, (100, Marker(7)))), ..hole() };
        assert_eq!(original([with_line.clone()]), Some(2));
        let behind_it = || read(3, 8500, Marker(8500), None);
        assert_eq!(original([hole(), behind_it()]), Some(3));
        assert_eq!(original([behind_it(), with_line]), Some(3));
    }
}
