//! Copies of content that was replaced: what `copytruncate` leaves behind.
//!
//! A rotation by `copytruncate` makes a new file of what was read already, and perhaps of a rest that was not, and then
//! empties the original. So the end of replaced content is remembered for a while, and a new file of a related name is
//! held against it.
//!
//! Invariant: only content whose bytes agree is taken for a copy; a name alone proves nothing.
//! Invariant: bytes that were replaced unread count as vanished once no copy of them can turn up any more.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Vanished;
use super::files::Handle;
use super::position::Position;
use super::tail::{Replaced, Tail};

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

    /// If the new file behind `tail`, of `size` bytes, is a copy of content that was replaced at `original`: where reading
    /// goes on in it. Each content has one copy.
    pub fn claim<F: Handle>(
        &mut self,
        original: &Path,
        tail: &Tail<F>,
        size: u64,
        buffer: &mut Vec<u8>,
    ) -> Option<Position> {
        let mut from_there = self.ended.iter().enumerate().filter(|(_, ended)| &*ended.path == original);
        let (index, offset) = from_there.find_map(|(index, ended)| {
            let read = ended.what.position;
            if read.offset == 0 {
                return None;
            }
            if size >= read.offset {
                let same = tail.marker_before(buffer, read.offset) == Some(read.marker);
                return same.then_some((index, read.offset));
            }
            // The copy was made a little before the original was read for the last time.
            let head = ended.what.head?;
            let same = size >= head.length && tail.marker_before(buffer, head.length) == Some(head.marker);
            same.then_some((index, size))
        })?;
        let marker = tail.marker_before(buffer, offset)?;
        self.ended.remove(index);
        tracing::info!(path = %tail.path().display(), original = %original.display(), offset,
            "file is a copy of truncated content; reading goes on in it");
        Some(Position { generation: 0, offset, marker })
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
}
