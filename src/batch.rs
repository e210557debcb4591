//! Rows of lines that follow one another, and the frontiers they move: what one transaction carries.
//!
//! Invariant: a batch holds only [`Row`]s and scrubbed text; there is no way in for anything else.
//! Invariant: rows, refused lines, lines let go and moves of a batch belong together: all of them have an end, or none.

use std::net::IpAddr;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::record::json::push_string;
use crate::record::{Rejected, Severity, Timestamp};
use crate::row::Row;
use crate::scrub::ScrubbedText;
use crate::shed::{Declaration, Lost, Reason, Tally};
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

/// Where a line stood, borrowed.
#[derive(Debug, Clone, Copy)]
pub struct OriginRef<'a> {
    /// Path of the file when the line was read.
    pub path: &'a Arc<Path>,
    /// Offset of the line's first byte.
    pub offset: u64,
    /// Bytes of the line without its newline.
    pub length: u64,
}

impl OriginRef<'_> {
    /// The same, to keep.
    pub fn to_origin(self) -> Origin {
        Origin { path: Arc::clone(self.path), offset: self.offset, length: self.length }
    }
}

/// How often the largest line of a batch is held on its way to the database, a batch's part of it.
const COPIES: usize = 4;

/// About how many bytes of text a declaration of lines let go has.
const DECLARATION: usize = 1 << 10;

/// How many columns of text a row has, `event_key` the first of them.
const TEXTS: usize = 5;

/// A row as the batch keeps it: its texts stand one behind the other in the batch's one buffer.
#[derive(Debug)]
struct Kept {
    offset: u64,
    length: u64,
    created_at: Timestamp,
    actor_admin_id: Actor,
    start: u32,
    ends: [u32; TEXTS],
    /// Which of the batch's paths its line was read from.
    path: u32,
    /// Bit `n` is set where the text `n` is there; one that is not is empty.
    there: u8,
    ip_address: Option<IpAddr>,
    source: Source,
    severity: Severity,
}

/// `actor_admin_id` in half the room: an integer of the database has 64 bits, with a sign or without.
#[derive(Debug, Clone, Copy)]
enum Actor {
    None,
    Negative(i64),
    Positive(u64),
}

impl Actor {
    /// Beyond 64 bits, where no range of a column lets an id be, it is the nearest that there is.
    fn of(id: Option<i128>) -> Self {
        match id {
            None => Actor::None,
            Some(id) if id < 0 => Actor::Negative(i64::try_from(id).unwrap_or(i64::MIN)),
            Some(id) => Actor::Positive(u64::try_from(id).unwrap_or(u64::MAX)),
        }
    }

    fn id(self) -> Option<i128> {
        match self {
            Actor::None => None,
            Actor::Negative(id) => Some(id.into()),
            Actor::Positive(id) => Some(id.into()),
        }
    }
}

/// The room of a batch that has come to its end, for another: to have the same memory again costs less than to ask for it
/// anew, and leaves no gaps behind.
#[derive(Debug, Default)]
pub struct Room {
    text: String,
    rows: Vec<Kept>,
    paths: Vec<Arc<Path>>,
}

impl Room {
    /// How many bytes it has room for.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        room_bytes(&self.text, &self.rows, &self.paths)
    }
}

#[cfg(test)]
#[allow(clippy::ptr_arg, reason = "it is about their capacity")]
fn room_bytes(text: &String, rows: &Vec<Kept>, paths: &Vec<Arc<Path>>) -> usize {
    text.capacity() + rows.capacity() * size_of::<Kept>() + paths.capacity() * size_of::<Arc<Path>>()
}

/// Where a row comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// From a line.
    Line,
    /// From the agent itself.
    Own,
}

/// A row of a batch, borrowed from it.
#[derive(Debug, Clone, Copy)]
pub struct RowRef<'a> {
    /// Where it comes from.
    pub source: Source,
    /// Where its line stood.
    pub origin: OriginRef<'a>,
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
    /// Its severity; `info` where it has none.
    pub severity: Severity,
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
    /// The paths of the rows' lines. Lines of one file follow one another, and to count another use of a path, which other
    /// threads count too, takes long.
    paths: Vec<Arc<Path>>,
    refused: Vec<Refused>,
    refused_bytes: usize,
    own_rows: usize,
    lost: Vec<Shed>,
    lost_lines: u64,
    /// Bytes of the largest row's texts.
    largest: usize,
    moves: Vec<Move>,
    backlog_bytes: u64,
    gone: Vec<FileKey>,
}

/// Lines of one file let go for one reason.
#[derive(Debug)]
struct Shed {
    path: Arc<Path>,
    reason: Reason,
    tally: Tally,
}

/// Room that is this many times what is wanted is too large to be used for it.
const ROOM_SHARE: usize = 4;

/// Less than this is not too large for anything, in bytes.
const ROOM_SMALL: usize = 64 << 10;

fn with_a_little_more(size: usize) -> usize {
    size + size / 8
}

/// How many lines let go weigh as much as one row.
const LOST_PER_ROW: u64 = 50;

impl Batch {
    /// An empty batch.
    pub fn new(epoch: u64, sequence: u64, now: Instant) -> Self {
        Batch {
            sequence,
            epoch,
            first_read: now,
            text: String::new(),
            rows: Vec::new(),
            paths: Vec::new(),
            refused: Vec::new(),
            refused_bytes: 0,
            own_rows: 0,
            lost: Vec::new(),
            lost_lines: 0,
            largest: 0,
            moves: Vec::new(),
            backlog_bytes: 0,
            gone: Vec::new(),
        }
    }

    /// An empty batch to come behind this one, with room for as much and a little more: under load one is like the other, and
    /// to grow bit by bit costs as much as to fill it. `room` is used if it is there and not far too large.
    pub fn next(&self, room: Option<Room>, now: Instant) -> Self {
        let (bytes, rows) = (with_a_little_more(self.text.len()), with_a_little_more(self.rows.len()));
        let mut room =
            room.filter(|room| room.text.capacity() / ROOM_SHARE <= bytes.max(ROOM_SMALL)).unwrap_or_default();
        room.text.reserve_exact(bytes);
        room.rows.reserve_exact(rows);
        Batch { text: room.text, rows: room.rows, paths: room.paths, ..Batch::new(self.epoch, self.sequence + 1, now) }
    }

    /// Its room, for another batch.
    pub fn into_room(self) -> Room {
        let Batch { mut text, mut rows, mut paths, .. } = self;
        text.clear();
        rows.clear();
        paths.clear();
        Room { text, rows, paths }
    }

    /// How many bytes it has room for.
    #[cfg(test)]
    pub(crate) fn room_bytes(&self) -> usize {
        room_bytes(&self.text, &self.rows, &self.paths)
    }

    /// Gives back the room that it does not use.
    pub fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.rows.shrink_to_fit();
        self.paths.shrink_to_fit();
    }

    /// Adds the row of a line.
    pub fn push(&mut self, origin: OriginRef<'_>, row: &Row<'_>) {
        self.keep(Source::Line, origin, row);
    }

    /// Adds the row that declares lines let go.
    pub fn declare(&mut self, declaration: &Declaration, agent: &str, now: Timestamp) {
        let path = Arc::from(Path::new(&declaration.path));
        self.own_rows += 1;
        self.keep(Source::Own, OriginRef { path: &path, offset: 0, length: 0 }, &declaration.row(agent, now));
    }

    /// Lets go of a line; [`Batch::close`] declares it.
    pub fn let_go(&mut self, path: &Arc<Path>, reason: Reason, line: Lost) {
        self.lost_lines += 1;
        // The file read last is the file most likely to lose a line.
        match self.lost.iter_mut().rev().find(|lost| lost.reason == reason && lost.path == *path) {
            Some(lost) => lost.tally.add(line),
            None => {
                let mut tally = Tally::default();
                tally.add(line);
                self.lost.push(Shed { path: Arc::clone(path), reason, tally });
            }
        }
    }

    /// Declares what was let go. Nothing can be added afterwards.
    pub fn close(&mut self, agent: &str, now: Timestamp) {
        let lost = std::mem::take(&mut self.lost);
        for Shed { path, reason, tally } in &lost {
            let path = path.to_string_lossy().into_owned();
            self.declare(&Declaration { path, reason: *reason, tally: *tally }, agent, now);
        }
        self.lost = lost;
    }

    fn keep(&mut self, source: Source, origin: OriginRef<'_>, row: &Row<'_>) {
        if self.paths.last().is_none_or(|last| !Arc::ptr_eq(last, origin.path)) {
            self.paths.push(Arc::clone(origin.path));
        }
        let before = self.text.len();
        let texts: [Option<&str>; TEXTS] = [
            Some(&row.event_key),
            row.user_agent.as_deref(),
            row.route_name.as_deref(),
            row.request_id.as_deref(),
            row.metadata.as_deref(),
        ];
        let (mut ends, mut there) = ([0; TEXTS], 0);
        for (n, text) in texts.into_iter().enumerate() {
            if let Some(text) = text {
                self.text.push_str(text);
                there |= 1 << n;
            }
            ends[n] = self.text.len() as u32;
        }
        let kept = Kept {
            offset: origin.offset,
            length: origin.length,
            created_at: row.created_at,
            actor_admin_id: Actor::of(row.actor_admin_id),
            start: before as u32,
            ends,
            path: self.paths.len() as u32 - 1,
            there,
            ip_address: row.ip_address,
            source,
            severity: row.severity,
        };
        self.rows.push(kept);
        self.largest = self.largest.max(self.text.len() - before);
    }

    /// Adds a line that is to end in quarantine.
    pub fn refuse(&mut self, refused: Refused) {
        self.refused_bytes += refused.line.as_str().len();
        self.refused.push(refused);
    }

    /// Moves a frontier on over lines of the batch; the steps of one file must follow one another.
    pub fn advance(&mut self, step: Move) {
        self.backlog_bytes += step.spool_bytes();
        self.pass(step);
    }

    /// Moves a frontier on over bytes that count as backlog no more.
    pub fn pass(&mut self, step: Move) {
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
        self.weight() >= limits.lines_max as u64
            || self.text.len() + self.refused_bytes >= limits.bytes_max
            || self.memory() >= limits.memory_max
    }

    /// How many lines it counts as: those let go are told of together.
    fn weight(&self) -> u64 {
        (self.rows.len() + self.refused.len()) as u64 + self.lost_lines / LOST_PER_ROW
    }

    /// About how many bytes of memory it takes, with its part of what its largest line takes on the way: as it was read,
    /// taken apart, scrubbed and put together, and then as a value, as a packet and as bytes that are being sent.
    fn memory(&self) -> usize {
        let kept = self.rows.len() * size_of::<Kept>() + self.paths.len() * size_of::<Arc<Path>>();
        let kept = kept + self.refused.len() * size_of::<Refused>();
        let lost = self.lost.len() * (size_of::<Shed>() + size_of::<Kept>() + DECLARATION);
        self.text.len() + self.refused_bytes + kept + lost + COPIES * self.largest
    }

    /// How much of these limits its rows and refused lines use: 1 when it is full by them. What is let go costs the database
    /// next to nothing.
    pub fn share_of(&self, limits: &Limits) -> f64 {
        let lines = (self.rows.len() + self.refused.len()) as f64 / limits.lines_max.max(1) as f64;
        let bytes = (self.text.len() + self.refused_bytes) as f64 / limits.bytes_max.max(1) as f64;
        lines.max(bytes)
    }

    /// How many lines it has: rows of lines, refused lines and lines let go.
    pub fn line_count(&self) -> usize {
        self.rows.len() - self.own_rows + self.refused.len() + self.lost_lines as usize
    }

    /// How many rows it has, the agent's own among them.
    pub fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// How many of its rows come from lines.
    pub fn line_row_count(&self) -> usize {
        self.rows.len() - self.own_rows
    }

    /// The lines that it lets go: why, and how many of which severity.
    pub fn lost(&self) -> impl Iterator<Item = (Reason, &Tally)> {
        self.lost.iter().map(|lost| (lost.reason, &lost.tally))
    }

    /// The rows of a range of the batch.
    ///
    /// # Panics
    /// The range reaches past the last row.
    pub fn rows(&self, range: Range<usize>) -> impl ExactSizeIterator<Item = RowRef<'_>> {
        self.rows[range].iter().map(|row| {
            let mut start = row.start as usize;
            let mut texts = [None; TEXTS];
            for (n, (text, end)) in texts.iter_mut().zip(row.ends).enumerate() {
                let range = start..end as usize;
                start = range.end;
                if row.there & 1 << n != 0 {
                    *text = Some(&self.text[range]);
                }
            }
            let [event_key, user_agent, route_name, request_id, metadata] = texts;
            RowRef {
                source: row.source,
                origin: OriginRef { path: &self.paths[row.path as usize], offset: row.offset, length: row.length },
                event_key: event_key.unwrap_or_default(),
                severity: row.severity,
                actor_admin_id: row.actor_admin_id.id(),
                ip_address: row.ip_address,
                user_agent,
                route_name,
                request_id,
                metadata,
                created_at: row.created_at,
            }
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

    /// Bytes of the spool that count as backlog until it is committed.
    pub fn backlog_bytes(&self) -> u64 {
        self.backlog_bytes
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
mod tests;
