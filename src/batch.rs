//! Rows of lines that follow one another, and the frontiers they move: what one transaction carries.
//!
//! Invariant: a batch holds only [`Row`]s and scrubbed text; there is no way in for anything else.
//! Invariant: rows, refused lines and moves of a batch belong together: all of them have an end, or none.

use std::net::IpAddr;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crate::record::{Rejected, Severity, Timestamp};
use crate::row::Row;
use crate::spool::{FileKey, Move, Position};

/// Where a line stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Path of the file when the line was read.
    pub path: Arc<Path>,
    /// Offset of the line's first byte.
    pub offset: u64,
    /// Bytes of the line without its newline.
    pub length: u64,
}

/// A row as the batch keeps it: its texts are ranges of the batch's one buffer.
#[derive(Debug)]
struct Kept {
    origin: Origin,
    severity: Severity,
    actor_admin_id: Option<i128>,
    ip_address: Option<IpAddr>,
    created_at: Timestamp,
    event_key: Range<u32>,
    user_agent: Option<Range<u32>>,
    route_name: Option<Range<u32>>,
    request_id: Option<Range<u32>>,
    metadata: Option<Range<u32>>,
}

/// A row of a batch, borrowed from it.
#[derive(Debug, Clone, Copy)]
pub struct RowRef<'a> {
    /// Where its line stood.
    pub origin: &'a Origin,
    /// Column `event_key`.
    pub event_key: &'a str,
    /// Column `severity`.
    pub severity: Severity,
    /// Column `actor_admin_id`.
    pub actor_admin_id: Option<i128>,
    /// Column `ip_address`; its `Display` is the canonical form.
    pub ip_address: Option<IpAddr>,
    /// Column `user_agent`.
    pub user_agent: Option<&'a str>,
    /// Column `route_name`.
    pub route_name: Option<&'a str>,
    /// Column `request_id`.
    pub request_id: Option<&'a str>,
    /// Column `metadata`, JSON text.
    pub metadata: Option<&'a str>,
    /// Column `created_at`.
    pub created_at: Timestamp,
}

impl RowRef<'_> {
    /// Bytes of the row's texts.
    pub fn text_bytes(&self) -> usize {
        let optional = [self.user_agent, self.route_name, self.request_id, self.metadata];
        self.event_key.len() + optional.iter().flatten().map(|text| text.len()).sum::<usize>()
    }
}

/// A line that is to end in quarantine.
#[derive(Debug)]
pub struct Refused {
    /// Where it stood.
    pub origin: Origin,
    /// Why.
    pub why: Rejected,
    /// The line, scrubbed and cut (see `quarantine`).
    pub line: crate::scrub::ScrubbedText,
}

/// What one transaction carries.
#[derive(Debug)]
pub struct Batch {
    /// Batches commit in the order of their numbers, which have no gap within an epoch.
    pub sequence: u64,
    /// Counts how often reading was set back to the database's frontiers; a batch of an earlier epoch is void.
    pub epoch: u64,
    /// When the first of its lines was read.
    pub first_read: Instant,
    text: String,
    rows: Vec<Kept>,
    refused: Vec<Refused>,
    moves: Vec<Move>,
}

impl Batch {
    /// An empty batch.
    pub fn new(epoch: u64, sequence: u64, now: Instant) -> Self {
        Batch {
            sequence,
            epoch,
            first_read: now,
            text: String::new(),
            rows: Vec::new(),
            refused: Vec::new(),
            moves: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn push(&mut self, origin: Origin, row: &Row<'_>) {
        let text = &mut self.text;
        let mut keep = |part: &str| {
            let start = text.len() as u32;
            text.push_str(part);
            start..text.len() as u32
        };
        let kept = Kept {
            origin,
            severity: row.severity,
            actor_admin_id: row.actor_admin_id,
            ip_address: row.ip_address,
            created_at: row.created_at,
            event_key: keep(&row.event_key),
            user_agent: row.user_agent.as_deref().map(&mut keep),
            route_name: row.route_name.as_deref().map(&mut keep),
            request_id: row.request_id.as_deref().map(&mut keep),
            metadata: row.metadata.as_deref().map(&mut keep),
        };
        self.rows.push(kept);
    }

    /// Adds a line that is to end in quarantine.
    pub fn refuse(&mut self, refused: Refused) {
        self.refused.push(refused);
    }

    /// Moves the frontier of `file` to `to`; `from` counts only for the file's first move in this batch.
    pub fn advance(&mut self, file: FileKey, path: &Arc<Path>, from: Option<Position>, to: Position) {
        // The file read last is the file most likely to move.
        match self.moves.iter_mut().rev().find(|known| known.file == file) {
            Some(known) => {
                known.to = to;
                known.path = Arc::clone(path);
            }
            None => self.moves.push(Move { file, path: Arc::clone(path), from, to }),
        }
    }

    /// How many rows it has.
    pub fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// The rows of a range of the batch.
    ///
    /// # Panics
    /// The range reaches past the last row.
    pub fn rows(&self, range: Range<usize>) -> impl ExactSizeIterator<Item = RowRef<'_>> {
        let text = |range: &Range<u32>| &self.text[range.start as usize..range.end as usize];
        self.rows[range].iter().map(move |row| RowRef {
            origin: &row.origin,
            event_key: text(&row.event_key),
            severity: row.severity,
            actor_admin_id: row.actor_admin_id,
            ip_address: row.ip_address,
            user_agent: row.user_agent.as_ref().map(text),
            route_name: row.route_name.as_ref().map(text),
            request_id: row.request_id.as_ref().map(text),
            metadata: row.metadata.as_ref().map(text),
            created_at: row.created_at,
        })
    }

    /// The lines that are to end in quarantine.
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// The frontiers it moves, one entry a file.
    pub fn moves(&self) -> &[Move] {
        &self.moves
    }

    /// Whether it carries nothing.
    pub fn is_empty(&self) -> bool {
        self.moves.is_empty()
    }
}
