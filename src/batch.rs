//! Rows of lines that follow one another, and the frontiers they move: what one transaction carries.
//!
//! Invariant: a batch holds only [`Row`]s and scrubbed text; there is no way in for anything else.
//! Invariant: rows, refused lines and moves of a batch belong together: all of them have an end, or none.

use std::net::IpAddr;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::record::json::push_string;
use crate::record::{Rejected, Severity, Timestamp};
use crate::row::Row;
use crate::scrub::ScrubbedText;
use crate::spool::{FileKey, Move};

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

/// How often the largest line of a batch is held on its way to the database, a batch's part of it.
const COPIES: usize = 4;

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

impl RowRef<'_> {
    /// The row as a line that would become it again.
    pub fn to_line(&self) -> ScrubbedText {
        let mut line = Vec::new();
        let mut member = |key: &str, value: &dyn Fn(&mut Vec<u8>)| {
            line.push(if line.is_empty() { b'{' } else { b',' });
            push_string(&mut line, key);
            line.push(b':');
            value(&mut line);
        };
        let text = |text: &str| {
            let text = text.to_owned();
            move |line: &mut Vec<u8>| push_string(line, &text)
        };
        member("event_key", &text(self.event_key));
        member("severity", &text(self.severity.as_str()));
        if let Some(actor) = self.actor_admin_id {
            member("actor_admin_id", &|line| line.extend_from_slice(actor.to_string().as_bytes()));
        }
        if let Some(address) = self.ip_address {
            member("ip_address", &text(&address.to_string()));
        }
        let optional =
            [("user_agent", self.user_agent), ("route_name", self.route_name), ("request_id", self.request_id)];
        for (key, value) in optional {
            if let Some(value) = value {
                member(key, &text(value));
            }
        }
        if let Some(metadata) = self.metadata {
            member("metadata", &|line| line.extend_from_slice(metadata.as_bytes()));
        }
        member("created_at", &text(&self.created_at.to_string()));
        line.push(b'}');
        ScrubbedText::of_row(String::from_utf8(line).expect("its parts are text"))
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
    pub line: ScrubbedText,
}

/// How large a batch may become, and how often one may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Lines, rows and refused ones together.
    pub lines_max: usize,
    /// Bytes of text.
    pub bytes_max: usize,
    /// Bytes of memory, what is known of each row beside its texts included.
    pub memory_max: usize,
    /// The shortest time between two batches that are not full.
    pub wait_max: Duration,
}

impl Limits {
    /// A share of these limits: of the lines and of the bytes.
    pub fn scaled(self, share: f64) -> Limits {
        let part = |whole: usize| ((whole as f64 * share).ceil() as usize).clamp(1, whole.max(1));
        Limits { lines_max: part(self.lines_max), bytes_max: part(self.bytes_max), ..self }
    }
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
    refused_bytes: usize,
    /// Bytes of the largest row's texts.
    largest: usize,
    moves: Vec<Move>,
    gone: Vec<FileKey>,
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
            refused_bytes: 0,
            largest: 0,
            moves: Vec::new(),
            gone: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn push(&mut self, origin: Origin, row: &Row<'_>) {
        let before = self.text.len();
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
        self.largest = self.largest.max(self.text.len() - before);
    }

    /// Adds a line that is to end in quarantine.
    pub fn refuse(&mut self, refused: Refused) {
        self.refused_bytes += refused.line.as_str().len();
        self.refused.push(refused);
    }

    /// Moves a frontier on; the steps of one file must follow one another.
    pub fn advance(&mut self, step: Move) {
        // The file read last is the file most likely to move.
        match self.moves.iter_mut().rev().find(|known| known.file == step.file) {
            Some(known) => *known = Move { from: known.from, ..step },
            None => self.moves.push(step),
        }
    }

    /// Names files whose frontiers nobody needs once the batch is committed.
    pub fn forget(&mut self, gone: Vec<FileKey>) {
        self.gone.extend(gone);
    }

    /// Whether it may take no more.
    pub fn is_full(&self, limits: &Limits) -> bool {
        self.line_count() >= limits.lines_max
            || self.text.len() + self.refused_bytes >= limits.bytes_max
            || self.memory() >= limits.memory_max
    }

    /// About how many bytes of memory it takes, with its part of what its largest line takes on the way: as it was read,
    /// taken apart, scrubbed and put together, and then as a value, as a packet and as bytes that are being sent.
    fn memory(&self) -> usize {
        let kept = self.rows.len() * size_of::<Kept>() + self.refused.len() * size_of::<Refused>();
        self.text.len() + self.refused_bytes + kept + COPIES * self.largest
    }

    /// How much of these limits it uses: 1 when it is full by one of them.
    pub fn share_of(&self, limits: &Limits) -> f64 {
        let lines = self.line_count() as f64 / limits.lines_max.max(1) as f64;
        let bytes = (self.text.len() + self.refused_bytes) as f64 / limits.bytes_max.max(1) as f64;
        lines.max(bytes)
    }

    /// How many lines it has, rows and refused ones together.
    pub fn line_count(&self) -> usize {
        self.rows.len() + self.refused.len()
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

    /// Bytes of the spool that its frontiers pass.
    pub fn spool_bytes(&self) -> u64 {
        self.moves.iter().map(Move::spool_bytes).sum()
    }

    /// Files whose frontiers nobody needs once it is committed.
    pub fn gone(&self) -> &[FileKey] {
        &self.gone
    }

    /// Whether it carries nothing.
    pub fn is_empty(&self) -> bool {
        self.moves.is_empty() && self.gone.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::samples::{batch, with_long_key};

    const LIMITS: Limits =
        Limits { lines_max: 100, bytes_max: 1 << 20, memory_max: 4 << 20, wait_max: Duration::from_secs(1) };

    fn rows(count: usize, characters: usize) -> Batch {
        // Two bytes each.
        batch(&vec![with_long_key(characters); count])
    }

    #[test]
    fn a_batch_is_full_by_its_lines_its_bytes_or_its_memory() {
        assert!(!rows(99, 1).is_full(&LIMITS));
        assert!(rows(100, 1).is_full(&LIMITS));
        assert!(!rows(9, 50 << 10).is_full(&LIMITS));
        assert!(rows(11, 50 << 10).is_full(&LIMITS));
        // What is known of a row beside its texts counts, and so do the copies of the largest line on its way.
        let many = Limits { lines_max: usize::MAX, memory_max: 1 << 20, ..LIMITS };
        let kept = (1 << 20) / size_of::<Kept>();
        assert!(kept < 10_000, "{kept} rows of next to nothing fill a MiB");
        assert!(rows(kept + 1, 1).is_full(&many));
        assert!(!rows(kept / 2, 1).is_full(&many));
        assert!(rows(1, 110 << 10).is_full(&many));
        assert!(!rows(1, 90 << 10).is_full(&many));
    }

    #[test]
    fn a_share_is_of_the_lines_and_of_the_bytes_and_never_nothing() {
        let half = LIMITS.scaled(0.5);
        assert_eq!((half.lines_max, half.bytes_max, half.memory_max), (50, 512 << 10, 4 << 20));
        assert_eq!(LIMITS.scaled(1.0), LIMITS);
        assert_eq!(LIMITS.scaled(0.000_001).lines_max, 1);
        assert_eq!(rows(50, 1).share_of(&LIMITS), 0.5);
        assert!((0.97..0.98).contains(&rows(10, 50 << 10).share_of(&LIMITS)));
    }
}
