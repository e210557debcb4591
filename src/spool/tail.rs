//! One file of the spool: where reading stands in it, and the next lines from there.
//!
//! Invariant: `position` is at the start of a line, and every byte before it was given out or skipped.
//! Invariant: `position.offset <= scanned`, and no newline stands between the two.
//! Invariant: nothing of the file's content is kept from one turn to the next; an unfinished line is read again, so a
//! thousand files with an unfinished line each cost nothing.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::files::{Handle, Stat};
use super::lines::{self, Piece};
use super::{FileKey, Marker, Move, Position};
use crate::museum;

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
    /// Bytes that went away and were known to be there and not looked at yet, what is before them being as it was.
    pub cut_off: Range<u64>,
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
    /// What was there between this place and `scanned`, of the unfinished line that was met: where it begins, and its marker.
    looked: (u64, Marker),
    /// Where reading was set to, if that is only thought to be the database's frontier.
    assumed: Option<Assumed>,
    /// Where the frontier will be once everything given out is settled; `None` while it has none.
    sent: Option<Position>,
    /// The largest size seen of the present content.
    size: u64,
    modified: i128,
    /// How the present content begins, and the ones before it.
    heads: VecDeque<Head>,
}

/// Who says where a frontier is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The database.
    Database,
    /// What is remembered of it, which may be too old.
    Memory,
}

/// Where reading began, as its frontier was thought to be there.
#[derive(Debug, Clone, Copy)]
struct Assumed(Option<Position>);

/// How a content begins: a copy of it may be shorter than what was read since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Whose beginning it is.
    generation: u32,
    /// The bytes it begins with, at most [`WINDOW`].
    bytes: Arc<[u8]>,
    /// The first place known at which a line ended, and the marker there: the bytes it begins with may be those of a hole or
    /// of a long line, and then they are like those of other contents.
    line: Option<(u64, Marker)>,
}

/// How many generations of a file have their heads remembered: from the one that the frontier is in, reading may be set back
/// to it. In an outage there may be many, each of at most [`WINDOW`] bytes.
const HEADS_MAX: usize = 32;

impl Head {
    fn new(generation: u32) -> Self {
        Head { generation, bytes: Arc::from([]), line: None }
    }

    /// One of which only that is known.
    #[cfg(test)]
    pub(super) fn with_line(generation: u32, line: (u64, Marker)) -> Self {
        Head { line: Some(line), ..Head::new(generation) }
    }

    /// The generation of the content that it is the beginning of.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The first place known at which a line ended.
    pub fn first_line(&self) -> Option<u64> {
        self.line.map(|(end, _)| end)
    }

    fn length(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Forgets what is behind `offset`: reading is set back to there, and behind a hole the content may be another by now.
    fn cut(&mut self, offset: u64) {
        self.line = self.line.filter(|(end, _)| *end <= offset);
        if self.length() > offset {
            self.bytes = self.bytes[..offset as usize].into();
        }
    }

    /// A beginning that a file of `size` bytes can have too, where it ends, and the marker there; `None` when none is known
    /// that holds a whole line: the first bytes of lines are all alike, and so are holes.
    pub fn up_to(&self, size: u64) -> Option<(u64, Marker)> {
        if let Some(line) = self.line.filter(|(end, _)| *end <= size) {
            return Some(line);
        }
        let length = self.length().min(size);
        let bytes = &self.bytes[..length as usize];
        bytes.contains(&b'\n').then(|| (length, Marker::of(bytes)))
    }
}

/// Content that was replaced while its file was followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// The file.
    pub file: FileKey,
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
    pub fn next_generation(&self) -> Self {
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
            looked: (position.offset, Marker::empty()),
            assumed: None,
            sent,
            size: position.offset,
            modified: 0,
            heads: VecDeque::new(),
        }
    }

    /// Sets reading to `position`; `sent` is the frontier, if there is one, and `source` who says so.
    pub fn place(&mut self, position: Position, sent: Option<Position>, source: Source) {
        self.position = position;
        self.look_to(position.offset, &[]);
        self.sent = sent;
        // The generations behind that one are counted anew. Where nothing of a content was read, nothing is known of it.
        let known = |head: &Head| {
            head.generation < position.generation || head.generation == position.generation && position.offset > 0
        };
        self.heads.retain(known);
        if let Some(head) = self.heads.iter_mut().find(|head| head.generation == position.generation) {
            head.cut(position.offset);
        }
        match source {
            Source::Database => {
                let place = |position: Option<Position>| position.map(|at| (at.generation, at.offset));
                if let Some(Assumed(from)) = self.assumed.take()
                    && place(sent) != place(from)
                {
                    // The frontier was elsewhere, so what was read since is numbered otherwise.
                    self.heads.retain(|head| from.is_some_and(|from| head.generation <= from.generation));
                }
            }
            Source::Memory => {
                self.assumed.get_or_insert(Assumed(sent));
            }
        }
    }

    /// Says that what was read since the frontier was only assumed was read from where it is.
    pub fn confirm(&mut self) {
        self.assumed = None;
    }

    /// Sets reading to nowhere, until it is placed.
    pub fn displace(&mut self) {
        self.position = Position::start();
        self.look_to(0, &[]);
        self.sent = None;
    }

    /// Notes that the content was looked at up to `scanned`, and that it ends in `window` there.
    fn look_to(&mut self, scanned: u64, window: &[u8]) {
        let window = &window[window.len().saturating_sub(WINDOW as usize)..];
        self.scanned = scanned;
        self.looked = (scanned - window.len() as u64, Marker::of(window));
    }

    /// How the content of a generation begins, if that is known.
    pub fn head_of(&self, generation: u32) -> Option<Head> {
        self.heads.iter().find(|head| head.generation == generation).cloned()
    }

    /// Says that no frontier is in a generation before this one any more.
    pub fn forget_heads_before(&mut self, generation: u32) {
        self.heads.retain(|head| head.generation >= generation);
    }

    /// How its last contents begin.
    pub fn heads(&self) -> &VecDeque<Head> {
        &self.heads
    }

    /// How the present content begins, as far as that is known.
    fn head(&mut self) -> &mut Head {
        let generation = self.position.generation;
        if self.heads.back().is_none_or(|head| head.generation != generation) {
            if self.heads.len() == HEADS_MAX {
                self.heads.pop_front();
            }
            if self.heads.is_empty() {
                // Most files have one content only.
                self.heads.reserve_exact(1);
            }
            self.heads.push_back(Head::new(generation));
        }
        self.heads.back_mut().expect("one was pushed")
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

    /// The largest size seen of the present content.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How far the content was looked at: to the reading position, or to where an unfinished line ended.
    pub fn scanned(&self) -> u64 {
        self.scanned
    }

    /// Whether there are bytes that were not looked at yet; an unfinished line was.
    pub fn has_more(&self) -> bool {
        self.scanned < self.size
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
        let unchecked = museum::is(museum::Piece::SizeAloneTellsTruncation);
        let mut kept = (stat.size >= self.scanned || museum::is(museum::Piece::InodeAlone)) && {
            load(file, buffer, window.start, (window.end - window.start) as usize)?;
            Marker::of(buffer) == self.position.marker || unchecked || museum::is(museum::Piece::InodeAlone)
        };
        let length = self.position.offset.min(WINDOW);
        let is_hole = buffer.iter().all(|byte| *byte == 0);
        let (start, marker) = self.looked;
        if kept && start < self.scanned && !unchecked && !museum::is(museum::Piece::InodeAlone) {
            load(file, buffer, start, (self.scanned - start) as usize)?;
            if Marker::of(buffer) != marker {
                // The unfinished line is another one. Where nothing was read before it, all of the content is.
                kept = length > 0;
                self.look_to(self.position.offset, &[]);
            }
        }
        let Some(file) = &self.file else { return Ok(Turn::default()) };
        if kept && length > 0 {
            let place = (self.position.offset, self.position.marker);
            if self
                .heads
                .back()
                .is_none_or(|head| head.generation != self.position.generation || head.length() < length)
            {
                load(file, buffer, 0, length as usize)?;
                self.head().bytes = buffer.as_slice().into();
            }
            if !is_hole {
                self.head().line.get_or_insert(place);
            }
        }
        let mut turn = Turn::default();
        if !kept {
            self.start_over(&stat, &mut turn);
        } else if stat.size < self.size {
            // Nobody could read them any more, so they must not count as bytes that wait.
            turn.cut_off = stat.size..self.size;
            self.size = stat.size;
        }
        Ok(turn)
    }

    /// The marker of the bytes before `offset`, which need not be where reading stands; `None` when there are not so many.
    ///
    /// # Errors
    /// They cannot be read now. Nothing is concluded from that.
    pub fn marker_before(&self, buffer: &mut Vec<u8>, offset: u64) -> io::Result<Option<Marker>> {
        let start = offset.saturating_sub(WINDOW);
        let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
        load(file, buffer, start, (offset - start) as usize)?;
        Ok((buffer.len() as u64 == offset - start).then(|| Marker::of(buffer)))
    }

    /// Reads on and gives each line to `take`, until the quantum is used up, the end is met or `take` has enough. When the
    /// content was replaced, that is all that the turn finds out.
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
        if turn.replaced.is_some() {
            // Whoever follows the file decides first what became of the content that was there.
            turn.more = true;
            return Ok(turn);
        }
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
        if buffer.len() < before || !self.is_as_read(&buffer[..before]) {
            // Cut short or replaced since it was verified: the next turn finds out.
            return Ok(());
        }
        let mut at = before;
        let mut first_line = None;
        let mut flow = Flow::More;
        while flow == Flow::More
            && let Some(cut) = lines::cut(buffer, at)
        {
            turn.skipped.nul_bytes += cut.nul_bytes as u64;
            turn.skipped.mark_bytes += cut.mark_bytes as u64;
            if let Piece::Line(text) = cut.piece {
                first_line.get_or_insert(cut.end);
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
        let marker_at = |at: usize| Marker::of(&buffer[at - ((base + at as u64).min(WINDOW) as usize)..at]);
        let mut marker = marker_at(at);
        let line = first_line.map(|at| (base + at as u64, marker_at(at)));
        let head = self.head();
        head.line = head.line.or(line);
        if base == 0 && head.length() < end.min(WINDOW) {
            head.bytes = buffer[..end.min(WINDOW) as usize].into();
        }
        let mut scanned = end;
        let mut window = 0..0;
        if flow == Flow::More {
            scanned = base + buffer.len() as u64;
            window = at..buffer.len();
            // A hole at the start of an unfinished line is skipped at once, or it would count as a line that grows.
            let nuls = lines::leading_nuls(&buffer[at..]);
            if nuls > 0 {
                let hole_end = if at + nuls == buffer.len() { self.hole_end(scanned) } else { end + nuls as u64 };
                let rest = buffer[(at + nuls).min(buffer.len())..].to_vec();
                window = 0..0;
                if let Ok(Some(marker_there)) = self.marker_before(buffer, hole_end) {
                    turn.skipped.nul_bytes += hole_end - end;
                    (end, marker, scanned) = (hole_end, marker_there, scanned.max(hole_end));
                    if scanned > end {
                        *buffer = rest;
                        window = 0..buffer.len();
                    }
                } else {
                    scanned = end;
                }
            }
        }
        if museum::is(museum::Piece::UnfinishedLineRead) && flow == Flow::More {
            (end, marker) = (scanned, Marker::of(&buffer[buffer.len().saturating_sub(WINDOW as usize)..]));
        }
        self.position = Position { offset: end, marker, ..self.position };
        self.look_to(scanned, &buffer[window]);
        Ok(())
    }

    /// Where the hole that reaches to `offset` ends; `offset` itself when that cannot be told.
    fn hole_end(&self, offset: u64) -> u64 {
        let Some(file) = &self.file else { return offset };
        // The size first: what is written after it was asked for may be data.
        match (file.stat(), file.next_data(offset)) {
            (_, Ok(Some(data))) => data.max(offset),
            (Ok(stat), Ok(None)) => stat.size.max(offset),
            (Err(_), Ok(None)) | (_, Err(_)) => offset,
        }
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
        let end = if museum::is(museum::Piece::LongLineEndsFile) { self.size.max(newline + 1) } else { newline + 1 };
        // Whatever can fail comes before the line is given out, or it would be given out twice.
        let Some(marker) = self.marker_before(buffer, end)? else { return Ok(()) };
        let base = self.position.window_start();
        let before = (offset - base) as usize;
        load(file, buffer, base, before + HEAD.min((newline - offset) as usize))?;
        if buffer.len() <= before || !self.is_as_read(&buffer[..before]) {
            return Ok(());
        }
        if buffer[before] == 0 {
            // What was an unfinished line is a hole now, and a hole is no part of a line.
            self.look_to(offset, &[]);
            return Ok(());
        }
        take(Line { content: Content::TooLong(&buffer[before..]), offset, length: newline - offset });
        self.position = Position { offset: end, marker, ..self.position };
        self.look_to(end, &[]);
        Ok(())
    }

    /// Whether the bytes before the position are those that were there when they were read.
    fn is_as_read(&self, window: &[u8]) -> bool {
        let unchecked = museum::is(museum::Piece::InodeAlone) || museum::is(museum::Piece::SizeAloneTellsTruncation);
        unchecked || Marker::of(window) == self.position.marker
    }

    /// Looks for the end of the unfinished line, one quantum further than before.
    fn find_newline(&mut self, buffer: &mut Vec<u8>, quantum: usize) -> io::Result<Search> {
        let Some(file) = &self.file else { return Ok(Search::NotYet) };
        let (start, marker) = self.looked;
        let before = (self.scanned - start) as usize;
        load(file, buffer, start, before + quantum)?;
        let unchecked = museum::is(museum::Piece::InodeAlone) || museum::is(museum::Piece::SizeAloneTellsTruncation);
        if buffer.len() < before || Marker::of(&buffer[..before]) != marker && !unchecked {
            // Replaced since it was verified: the next turn finds out.
            return Ok(Search::NotYet);
        }
        if let Some(index) = memchr::memchr(b'\n', &buffer[before..]) {
            return Ok(Search::Found(self.scanned + index as u64));
        }
        let scanned = start + buffer.len() as u64;
        let data = if buffer[before..].iter().all(|byte| *byte == 0) && scanned > self.scanned {
            file.next_data(scanned)?.filter(|data| *data > scanned)
        } else {
            None
        };
        match data {
            Some(data) => self.look_to(data, &[]),
            None => self.look_to(scanned, buffer),
        }
        Ok(Search::NotYet)
    }

    fn start_over(&mut self, stat: &Stat, turn: &mut Turn) {
        let head = self.head_of(self.position.generation);
        turn.replaced = Some(Replaced { file: self.key, position: self.position, head, unread: self.unread() });
        self.position = self.position.next_generation();
        self.look_to(0, &[]);
        self.size = stat.size;
    }
}

enum Search {
    Found(u64),
    NotYet,
}

/// What is asked of a file first; most have less to read, and room that is not asked for is neither cleared nor taken.
const FIRST_READ: usize = 16 << 10;

/// Fills `buffer` with `length` bytes from `offset` on, fewer only where the file ends. What it holds already is read over
/// and not cleared again.
pub(super) fn load<F: Handle>(file: &F, buffer: &mut Vec<u8>, offset: u64, length: usize) -> io::Result<()> {
    buffer.resize(buffer.len().clamp(length.min(FIRST_READ), length), 0);
    let mut filled = 0;
    while filled < length {
        if filled == buffer.len() {
            buffer.resize(length, 0);
        }
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) if read < buffer.len() - filled && museum::is(museum::Piece::ShortReadIsEnd) => {
                filled += read;
                break;
            }
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    buffer.truncate(filled);
    Ok(())
}

#[cfg(test)]
mod tests;
