//! One file of the spool: where reading stands in it, and the next lines from there.
//!
//! Invariant: `position` is at the start of a line, and every byte before it was given out or skipped.
//! Invariant: `position.offset <= scanned`, and no newline stands between the two.
//! Invariant: nothing of the file's content is kept from one turn to the next; an unfinished line is read again, so a
//! thousand files with an unfinished line each cost nothing.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::files::{Handle, Stat};
use super::lines::{self, Piece};
use super::{FileKey, Marker, Move, Position};

/// How many bytes before a position its [`Marker`] covers.
pub const WINDOW: u64 = 1024;

/// How much of a line that is too long is shown to the quarantine: twice what a record keeps of it, so that scrubbing
/// has the surroundings of the cut.
const HEAD: usize = 16 << 10;

/// What one turn of a file may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes read beyond what was read before.
    pub quantum: usize,
    /// The longest line that is still given out whole, in bytes.
    pub max_line_bytes: usize,
}

/// A line, or what there is of one.
#[derive(Debug, Clone, Copy)]
pub struct Line<'b> {
    /// Its bytes without NUL hole, byte order mark and line end.
    pub content: Content<'b>,
    /// Where its first byte stands.
    pub offset: u64,
    /// How many bytes it has without its newline.
    pub length: u64,
}

/// What there is of a line.
#[derive(Debug, Clone, Copy)]
pub enum Content<'b> {
    /// All of it.
    Whole(&'b [u8]),
    /// It is longer than allowed; this is its start.
    TooLong(&'b [u8]),
}

/// What the taker of lines says to each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    More,
    /// The turn is to end behind this line.
    Enough,
}

/// Bytes that were no part of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Skipped {
    /// NUL holes.
    pub nul_bytes: u64,
    /// Byte order marks.
    pub mark_bytes: u64,
}

/// What a turn did.
#[derive(Debug, Default)]
pub struct Turn {
    /// The step of the file's frontier, if there was one.
    pub moved: Option<Move>,
    /// Bytes skipped.
    pub skipped: Skipped,
    /// The content that was found to have been replaced, if it was.
    pub replaced: Option<Replaced>,
    /// Whether there is more to do in this file now.
    pub more: bool,
}

/// One file of the spool.
#[derive(Debug)]
pub struct Tail<F> {
    key: FileKey,
    path: Arc<Path>,
    file: Option<F>,
    position: Position,
    scanned: u64,
    /// Where the frontier will be once everything given out is settled; `None` while it has none.
    sent: Option<Position>,
    /// The largest size seen of the present content.
    size: u64,
    modified: i128,
    /// The start of the present content, once enough of it was given out.
    head: Option<Head>,
}

/// The bytes a file begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many bytes, at most [`WINDOW`].
    pub length: u64,
    /// Their marker.
    pub marker: Marker,
}

/// Content that was replaced while its file was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// Where reading stood in it.
    pub position: Position,
    /// How it began.
    pub head: Option<Head>,
    /// How many of its bytes were known to be there and not yet read.
    pub unread: u64,
}

impl Marker {
    /// The marker of no bytes.
    pub fn empty() -> Self {
        Marker::of(&[])
    }

    /// The marker of a position, from the (up to [`WINDOW`]) bytes before it.
    pub fn of(window: &[u8]) -> Self {
        Marker(xxhash_rust::xxh3::xxh3_64(window))
    }
}

impl Position {
    /// The start of a file never seen.
    pub fn start() -> Self {
        Position { generation: 0, offset: 0, marker: Marker::empty() }
    }

    fn window_start(&self) -> u64 {
        self.offset.saturating_sub(WINDOW)
    }

    /// The start of content that took the place of what this position is in.
    fn next_generation(&self) -> Self {
        Position { generation: self.generation + 1, ..Position::start() }
    }
}

impl<F: Handle> Tail<F> {
    /// A file that is to be read from `position` on; `sent` is its frontier in the database, if it has one.
    pub fn new(stat: &Stat, path: Arc<Path>, file: Option<F>, position: Position, sent: Option<Position>) -> Self {
        Tail {
            key: stat.key,
            path,
            file,
            position,
            scanned: position.offset,
            sent,
            size: position.offset,
            modified: 0,
            head: None,
        }
    }

    /// Sets reading to `position`; `sent` is the frontier in the database, if there is one.
    pub fn place(&mut self, position: Position, sent: Option<Position>) {
        self.position = position;
        self.scanned = position.offset;
        self.sent = sent;
        self.head = None;
    }

    /// What the file is.
    pub fn key(&self) -> FileKey {
        self.key
    }

    /// Its last known path.
    pub fn path(&self) -> &Arc<Path> {
        &self.path
    }

    /// Says that the file has another name now.
    pub fn rename(&mut self, path: Arc<Path>) {
        self.path = path;
    }

    /// Where reading stands.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Where the frontier will be once everything given out is settled.
    pub fn sent(&self) -> Option<Position> {
        self.sent
    }

    /// Bytes known to be there and not yet given out; an unfinished line is among them.
    pub fn unread(&self) -> u64 {
        self.size.saturating_sub(self.position.offset)
    }

    /// The open descriptor.
    pub fn file(&self) -> Option<&F> {
        self.file.as_ref()
    }

    /// Gives the tail a descriptor to read from.
    pub fn attach(&mut self, file: F) {
        self.file = Some(file);
    }

    /// Closes the descriptor.
    pub fn detach(&mut self) {
        self.file = None;
    }

    /// Takes in what a look at the file shows, and says whether a turn is worth while.
    pub fn look(&mut self, stat: &Stat) -> bool {
        let changed = stat.size != self.scanned || stat.modified != self.modified;
        self.size = self.size.max(stat.size);
        changed
    }

    /// Checks that the content before `position` is what was read, and starts over when it is not.
    ///
    /// # Errors
    /// The file cannot be read now. Nothing is concluded from that.
    pub fn verify(&mut self, buffer: &mut Vec<u8>) -> io::Result<Turn> {
        let Some(file) = &self.file else { return Ok(Turn::default()) };
        let stat = file.stat()?;
        let window = self.position.window_start()..self.position.offset;
        let kept = stat.size >= self.scanned && {
            load(file, buffer, window.start, (window.end - window.start) as usize)?;
            Marker::of(buffer) == self.position.marker
        };
        if kept && self.head.is_none() && self.position.offset > 0 {
            let length = self.position.offset.min(WINDOW);
            load(file, buffer, 0, length as usize)?;
            self.head = Some(Head { length, marker: Marker::of(buffer) });
        }
        let mut turn = Turn::default();
        if !kept {
            self.start_over(&stat, &mut turn);
        }
        Ok(turn)
    }

    /// The marker of the bytes before `offset`, which need not be where reading stands; `None` when it cannot be read
    /// or there are not so many.
    pub fn marker_before(&self, buffer: &mut Vec<u8>, offset: u64) -> Option<Marker> {
        self.marker_at(buffer, offset)
    }

    /// Reads on and gives each line to `take`, until the quantum is used up, the end is met or `take` has enough.
    ///
    /// # Errors
    /// The file cannot be read now. No line was given out.
    pub fn turn(
        &mut self,
        buffer: &mut Vec<u8>,
        limits: Limits,
        mut take: impl FnMut(Line<'_>) -> Flow,
    ) -> io::Result<Turn> {
        let mut turn = self.verify(buffer)?;
        let Some(file) = &self.file else { return Ok(turn) };
        let stat = file.stat()?;
        self.size = self.size.max(stat.size);
        self.modified = stat.modified;
        if self.scanned > self.position.offset {
            // An unfinished line was met before: it is worth reading again only when its end has come.
            match self.find_newline(buffer, limits.quantum)? {
                Search::Found(newline) if newline - self.position.offset > limits.max_line_bytes as u64 => {
                    self.give_too_long(buffer, newline, &mut take)?;
                }
                Search::Found(newline) => {
                    let budget = (newline + 1 - self.position.offset) as usize + limits.quantum;
                    self.give_lines(buffer, Limits { quantum: budget, ..limits }, &mut turn, &mut take)?;
                }
                Search::NotYet => {}
            }
        } else {
            self.give_lines(buffer, limits, &mut turn, &mut take)?;
        }
        turn.more = self.scanned < stat.size;
        if self.sent.is_none_or(|sent| sent != self.position) && (self.sent.is_some() || self.position.offset > 0) {
            turn.moved =
                Some(Move { file: self.key, path: Arc::clone(&self.path), from: self.sent, to: self.position });
            self.sent = Some(self.position);
        }
        Ok(turn)
    }

    /// Gives out whole lines from `position` on.
    fn give_lines(
        &mut self,
        buffer: &mut Vec<u8>,
        limits: Limits,
        turn: &mut Turn,
        take: &mut impl FnMut(Line<'_>) -> Flow,
    ) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let base = self.position.window_start();
        let before = (self.position.offset - base) as usize;
        load(file, buffer, base, before + limits.quantum)?;
        if buffer.len() < before {
            // Cut short since it was verified: the next turn finds out.
            return Ok(());
        }
        let mut at = before;
        let mut flow = Flow::More;
        while flow == Flow::More
            && let Some(cut) = lines::cut(buffer, at)
        {
            turn.skipped.nul_bytes += cut.nul_bytes as u64;
            turn.skipped.mark_bytes += cut.mark_bytes as u64;
            if let Piece::Line(text) = cut.piece {
                let content = if text.len() > limits.max_line_bytes {
                    Content::TooLong(&buffer[text.start..text.start + HEAD.min(text.len())])
                } else {
                    Content::Whole(&buffer[text.clone()])
                };
                flow = take(Line { content, offset: base + text.start as u64, length: text.len() as u64 });
            }
            at = cut.end;
        }
        let mut end = base + at as u64;
        let mut marker = Marker::of(&buffer[at - (end.min(WINDOW) as usize)..at]);
        let mut scanned = end;
        if flow == Flow::More {
            scanned = base + buffer.len() as u64;
            // A hole at the start of an unfinished line is skipped at once, or it would count as a line that grows.
            let nuls = lines::leading_nuls(&buffer[at..]);
            if nuls > 0 {
                let hole_end = if at + nuls == buffer.len() { self.hole_end(scanned) } else { end + nuls as u64 };
                if let Some(marker_there) = self.marker_at(buffer, hole_end) {
                    turn.skipped.nul_bytes += hole_end - end;
                    (end, marker, scanned) = (hole_end, marker_there, scanned.max(hole_end));
                }
            }
        }
        self.position = Position { offset: end, marker, ..self.position };
        self.scanned = scanned;
        Ok(())
    }

    /// Where the hole that reaches to `offset` ends; `offset` itself when that cannot be told.
    fn hole_end(&self, offset: u64) -> u64 {
        let Some(file) = &self.file else { return offset };
        match (file.next_data(offset), file.stat()) {
            (Ok(Some(data)), _) => data.max(offset),
            (Ok(None), Ok(stat)) => stat.size.max(offset),
            (Ok(None), Err(_)) | (Err(_), _) => offset,
        }
    }

    /// The marker of a position at `offset`; `None` when the bytes before it cannot be read now.
    fn marker_at(&self, buffer: &mut Vec<u8>, offset: u64) -> Option<Marker> {
        let start = offset.saturating_sub(WINDOW);
        load(self.file.as_ref()?, buffer, start, (offset - start) as usize).ok()?;
        (buffer.len() as u64 == offset - start).then(|| Marker::of(buffer))
    }

    /// Gives out what there is of the line that ends at `newline`.
    fn give_too_long(
        &mut self,
        buffer: &mut Vec<u8>,
        newline: u64,
        take: &mut impl FnMut(Line<'_>) -> Flow,
    ) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let offset = self.position.offset;
        let end = newline + 1;
        // Whatever can fail comes before the line is given out, or it would be given out twice.
        let Some(marker) = self.marker_at(buffer, end) else { return Ok(()) };
        load(file, buffer, offset, HEAD)?;
        take(Line { content: Content::TooLong(buffer), offset, length: newline - offset });
        self.position = Position { offset: end, marker, ..self.position };
        self.scanned = end;
        Ok(())
    }

    /// Looks for the end of the unfinished line, one quantum further than before.
    fn find_newline(&mut self, buffer: &mut Vec<u8>, quantum: usize) -> io::Result<Search> {
        let Some(file) = &self.file else { return Ok(Search::NotYet) };
        load(file, buffer, self.scanned, quantum)?;
        if let Some(index) = memchr::memchr(b'\n', buffer) {
            return Ok(Search::Found(self.scanned + index as u64));
        }
        self.scanned += buffer.len() as u64;
        if buffer.iter().all(|byte| *byte == 0)
            && !buffer.is_empty()
            && let Some(data) = file.next_data(self.scanned)?
        {
            self.scanned = self.scanned.max(data);
        }
        Ok(Search::NotYet)
    }

    fn start_over(&mut self, stat: &Stat, turn: &mut Turn) {
        turn.replaced = Some(Replaced { position: self.position, head: self.head, unread: self.unread() });
        self.head = None;
        self.position = self.position.next_generation();
        self.scanned = 0;
        self.size = stat.size;
    }
}

enum Search {
    Found(u64),
    NotYet,
}

/// Fills `buffer` with up to `length` bytes from `offset` on.
pub(super) fn load<F: Handle>(file: &F, buffer: &mut Vec<u8>, offset: u64, length: usize) -> io::Result<()> {
    buffer.resize(length, 0);
    let read = file.read_at(buffer, offset)?;
    buffer.truncate(read);
    Ok(())
}
