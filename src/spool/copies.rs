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
use super::position::{ContentKey, Marker, Position};
use super::tail::{Replaced, WINDOW};
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
    fn key(&self) -> ContentKey {
        ContentKey { file: self.what.file, generation: self.what.position.generation }
    }

    /// Whether nothing was read of it but a hole: that is like other holes.
    fn is_hole(&self) -> bool {
        let Replaced { position, head, .. } = &self.what;
        let window = position.offset.min(WINDOW) as usize;
        position.marker == Marker::of(&vec![0; window]) && head.as_ref().is_none_or(|head| head.first_line().is_none())
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
        mut marker_before: impl FnMut(u64) -> io::Result<Option<Marker>>,
    ) -> io::Result<Option<(Position, ContentKey)>> {
        if museum::is(museum::Piece::CopyReadAgain) {
            return Ok(None);
        }
        // Contents that begin with one hole have one beginning: the one that agrees furthest is the right one.
        let mut best: Option<(usize, u64)> = None;
        for (index, ended) in self.ended.iter().enumerate() {
            let read = ended.what.position;
            if &*ended.path != original || read.offset == 0 || ended.is_hole() {
                continue;
            }
            let offset = if size >= read.offset {
                if marker_before(read.offset)? != Some(read.marker) {
                    continue;
                }
                read.offset
            } else {
                // The copy was made a little before the original was read for the last time.
                let Some((length, marker)) = ended.what.head.as_ref().and_then(|head| head.up_to(size)) else {
                    continue;
                };
                if marker_before(length)? != Some(marker) {
                    continue;
                }
                size
            };
            if best.is_none_or(|(_, furthest)| furthest <= offset) {
                best = Some((index, offset));
            }
        }
        let Some((index, offset)) = best else { return Ok(None) };
        let Some(marker) = marker_before(offset)? else { return Ok(None) };
        Ok(Some((Position { generation: 0, offset, marker }, self.ended[index].key())))
    }

    /// Forgets content whose copy was found: each has one.
    pub fn claim(&mut self, of: ContentKey, offset: u64) {
        if let Some(index) = self.ended.iter().position(|ended| ended.key() == of)
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
    use super::super::position::FileKey;
    use super::super::tail::Head;
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

    /// Whether a file of holes is taken for the copy of content of which a hole was read, with a line before it or not.
    fn is_found(head: Option<Head>) -> bool {
        let file = FileKey { device: 1, inode: 2, birth: 3 };
        let marker = Marker::of(&[0; WINDOW as usize]);
        let position = Position { generation: 0, offset: 4096, marker };
        let mut replacements = Replacements::default();
        let what = Replaced { file, position, head, unread: 10 };
        replacements.remember(Arc::from(Path::new("/s/app")), what, Instant::now());
        replacements.find(Path::new("/s/app"), 9000, |_| Ok(Some(marker))).unwrap().is_some()
    }

    #[test]
    fn a_hole_alone_tells_no_content() {
        assert!(!is_found(None));
        assert!(is_found(Some(Head::with_line(0, (100, Marker(7))))));
    }
}
