//! One file that grows, is cut, is replaced.

use super::super::files::Kind;
use super::*;
use proptest::prelude::*;
use std::cell::RefCell;
use std::rc::Rc;

/// A file in memory that others can write to.
#[derive(Debug, Clone, Default)]
struct Memory(Rc<RefCell<(Vec<u8>, i128)>>);

impl Memory {
    fn append(&self, bytes: &[u8]) {
        let mut file = self.0.borrow_mut();
        file.0.extend_from_slice(bytes);
        file.1 += 1;
    }

    fn replace(&self, bytes: &[u8]) {
        let mut file = self.0.borrow_mut();
        file.0 = bytes.to_vec();
        file.1 += 1;
    }
}

impl Handle for Memory {
    fn stat(&self) -> io::Result<Stat> {
        let file = self.0.borrow();
        let key = FileKey { device: 1, inode: 2, birth: 3 };
        Ok(Stat { key, kind: Kind::Regular, size: file.0.len() as u64, modified: file.1, links: 1 })
    }

    fn read_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let file = self.0.borrow();
        let rest = file.0.get(offset as usize..).unwrap_or_default();
        let read = rest.len().min(bytes.len());
        bytes[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn next_data(&self, offset: u64) -> io::Result<Option<u64>> {
        let file = self.0.borrow();
        let rest = file.0.get(offset as usize..).unwrap_or_default();
        Ok(rest.iter().position(|byte| *byte != 0).map(|data| offset + data as u64))
    }
}

#[test]
fn what_is_loaded_is_the_file_whatever_the_buffer_held_and_little_takes_little_room() {
    let file = Memory::default();
    let bytes: Vec<u8> = (0..3 * FIRST_READ).map(|n| (n % 251) as u8).collect();
    file.append(&bytes);
    let mut small = Vec::new();
    load(&file, &mut small, bytes.len() as u64 - 100, 256 << 10).unwrap();
    assert_eq!(small, bytes[bytes.len() - 100..]);
    assert!(small.capacity() < 64 << 10, "{}", small.capacity());
    for held in [0, 7, FIRST_READ, FIRST_READ + 1, 4 * FIRST_READ] {
        for length in [0, 1, FIRST_READ - 1, FIRST_READ, FIRST_READ + 1, 2 * FIRST_READ, 4 * FIRST_READ] {
            for offset in [0, 5, FIRST_READ, 3 * FIRST_READ] {
                let mut buffer = vec![0xff; held];
                load(&file, &mut buffer, offset as u64, length).unwrap();
                let want = &bytes[offset..bytes.len().min(offset + length)];
                assert!(buffer == want, "{held} {length} {offset}: {} bytes", buffer.len());
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Got {
    Whole(u64, Vec<u8>),
    TooLong(u64, u64),
}

struct Reading {
    file: Memory,
    tail: Tail<Memory>,
    buffer: Vec<u8>,
    got: Vec<Got>,
    replaced: usize,
    skipped: Skipped,
    frontier: Option<Position>,
}

impl Reading {
    fn new() -> Self {
        let file = Memory::default();
        let path = Arc::from(Path::new("/spool/a"));
        let tail = Tail::new(&file.stat().unwrap(), path, Some(file.clone()), Position::start(), None);
        Reading {
            file,
            tail,
            buffer: Vec::new(),
            got: Vec::new(),
            replaced: 0,
            skipped: Skipped::default(),
            frontier: None,
        }
    }

    fn turn(&mut self, quantum: usize, max_line_bytes: usize, mut enough_after: usize) -> bool {
        let got = &mut self.got;
        let turn = self
            .tail
            .turn(&mut self.buffer, Limits { quantum, max_line_bytes }, |line| {
                got.push(match line.content {
                    Content::Whole(text) => Got::Whole(line.offset, text.to_vec()),
                    Content::TooLong(_) => Got::TooLong(line.offset, line.length),
                });
                enough_after = enough_after.saturating_sub(1);
                if enough_after == 0 { Flow::Enough } else { Flow::More }
            })
            .unwrap();
        if let Some(step) = &turn.moved {
            assert_eq!(step.from, self.frontier, "steps follow one another");
            assert_eq!(step.to, self.tail.position());
            self.frontier = Some(step.to);
        }
        self.replaced += usize::from(turn.replaced.is_some());
        self.skipped.nul_bytes += turn.skipped.nul_bytes;
        self.skipped.mark_bytes += turn.skipped.mark_bytes;
        turn.more
    }

    fn read_to_the_end(&mut self, quantum: usize, max_line_bytes: usize) {
        while self.turn(quantum, max_line_bytes, usize::MAX) {}
    }

    fn lines(&self) -> Vec<String> {
        let text = |got: &Got| match got {
            Got::Whole(_, text) => String::from_utf8_lossy(text).into_owned(),
            Got::TooLong(_, length) => format!("<{length}>"),
        };
        self.got.iter().map(text).collect()
    }
}

/// The lines of a content that only grew, found the slow way.
fn oracle(content: &[u8], max_line_bytes: usize) -> Vec<Got> {
    let mut got = Vec::new();
    let mut start = 0;
    while let Some(newline) = content[start..].iter().position(|byte| *byte == b'\n') {
        let mut line = start..start + newline;
        start = line.end + 1;
        while content[line.clone()].first() == Some(&0) {
            line.start += 1;
        }
        if content[line.clone()].last() == Some(&b'\r') {
            line.end -= 1;
        }
        if content[line.clone()].iter().all(|byte| b" \t\r".contains(byte)) {
            continue;
        }
        let offset = line.start as u64;
        got.push(if line.len() > max_line_bytes {
            Got::TooLong(offset, line.len() as u64)
        } else {
            Got::Whole(offset, content[line].to_vec())
        });
    }
    got
}

fn parts() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let byte = prop_oneof![3 => Just(b'\n'), 1 => Just(0u8), 12 => b'a'..=b'e'];
    prop::collection::vec(prop::collection::vec(byte, 0..60), 0..20)
}

proptest! {
    #[test]
    fn l2_any_chunking_gives_the_lines_of_the_whole(parts in parts(), quantum in 1usize..50, limit in 1usize..40, enough in 1usize..4) {
        let mut reading = Reading::new();
        let mut content = Vec::new();
        for part in &parts {
            reading.file.append(part);
            content.extend_from_slice(part);
            reading.turn(quantum, limit, enough);
        }
        while reading.turn(quantum, limit, enough) {}
        prop_assert_eq!(&reading.got, &oracle(&content, limit));
        let rest = content.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let nuls = content[rest..].iter().take_while(|byte| **byte == 0).count();
        prop_assert_eq!(reading.tail.position().offset, (rest + nuls) as u64);
    }

    #[test]
    fn a_restart_at_any_frontier_gives_the_rest(parts in parts(), quantum in 1usize..50, turns in 0usize..12) {
        let mut first = Reading::new();
        for part in &parts {
            first.file.append(part);
        }
        for _ in 0..turns {
            first.turn(quantum, 1000, 2);
        }
        let frontier = first.frontier.unwrap_or(Position::start());
        let mut second = Reading::new();
        second.file = first.file.clone();
        let stat = second.file.stat().unwrap();
        second.tail = Tail::new(&stat, Arc::from(Path::new("/spool/a")), Some(second.file.clone()), frontier, first.frontier);
        second.frontier = first.frontier;
        second.read_to_the_end(quantum, 1000);
        let content = first.file.0.borrow().0.clone();
        let both: Vec<Got> = first.got.into_iter().chain(second.got).collect();
        prop_assert_eq!(both, oracle(&content, 1000));
        prop_assert_eq!(second.replaced, 0);
    }
}

#[test]
fn l4_half_a_line_waits_for_its_other_half() {
    let mut reading = Reading::new();
    reading.file.append(b"one\ntw");
    reading.read_to_the_end(100, 100);
    assert_eq!(reading.lines(), ["one"]);
    reading.read_to_the_end(100, 100);
    reading.file.append(b"o\n");
    reading.read_to_the_end(100, 100);
    assert_eq!(reading.lines(), ["one", "two"]);
}

#[test]
fn l1_a_line_over_the_limit_is_one_piece_and_its_neighbours_are_whole() {
    let mut reading = Reading::new();
    reading.file.append(b"before\n");
    for _ in 0..1000 {
        reading.file.append(&[b'x'; 100]);
        reading.read_to_the_end(64, 500);
        assert!(reading.buffer.capacity() < 40_000, "{}", reading.buffer.capacity());
    }
    reading.file.append(b"\nafter\n");
    reading.read_to_the_end(64, 500);
    assert_eq!(reading.lines(), ["before", "<100000>", "after"]);
}

#[test]
fn what_is_shown_of_a_line_that_is_too_long_ends_with_it() {
    let mut reading = Reading::new();
    reading.file.append(&[b'x'; 100]);
    reading.read_to_the_end(30, 50);
    reading.file.append(b"xx\nafter\n");
    let mut shown = Vec::new();
    for _ in 0..9 {
        let limits = Limits { quantum: 30, max_line_bytes: 50 };
        let turn = reading.tail.turn(&mut reading.buffer, limits, |line| {
            if let Content::TooLong(head) = line.content {
                shown.push(head.len());
            }
            Flow::More
        });
        turn.unwrap();
    }
    assert_eq!(shown, [102]);
}

#[test]
fn t1_shorter_content_after_a_truncation_is_read_from_its_start() {
    let mut reading = Reading::new();
    reading.file.append(b"old one\nold two\n");
    reading.read_to_the_end(100, 100);
    reading.file.replace(b"new\n");
    reading.read_to_the_end(100, 100);
    assert_eq!(reading.lines(), ["old one", "old two", "new"]);
    assert_eq!(reading.replaced, 1);
    assert_eq!(reading.frontier.unwrap().generation, 1);
}

#[test]
fn t2_content_that_grew_past_the_old_offset_is_read_from_its_start() {
    let mut reading = Reading::new();
    let mut want = Vec::new();
    for round in 0..51 {
        let content: String = (0..=round).map(|line| format!("round {round} line {line}\n")).collect();
        reading.file.replace(content.as_bytes());
        want.extend(content.lines().map(str::to_owned));
        reading.read_to_the_end(100, 100);
    }
    assert_eq!(reading.lines(), want);
    assert_eq!(reading.replaced, 50);
}

#[test]
fn other_content_of_the_same_size_is_noticed() {
    let mut reading = Reading::new();
    reading.file.append(b"aaaa\n");
    reading.read_to_the_end(100, 100);
    reading.file.replace(b"bbbb\n");
    reading.read_to_the_end(100, 100);
    assert_eq!(reading.lines(), ["aaaa", "bbbb"]);
}

#[test]
fn t4_a_nul_hole_before_a_line_is_skipped_and_counted() {
    let mut reading = Reading::new();
    reading.file.append(&[0; 1001]);
    reading.read_to_the_end(100, 50);
    reading.file.append(b"late\n");
    reading.read_to_the_end(100, 50);
    assert_eq!(reading.got, [Got::Whole(1001, b"late".to_vec())]);
    assert_eq!(reading.skipped.nul_bytes, 1001);
}

#[test]
fn an_unfinished_line_that_became_other_lines_is_looked_at_anew() {
    let mut reading = Reading::new();
    reading.file.append(&[b'x'; 60]);
    reading.read_to_the_end(30, 50);
    // Nothing of it was given out, so nothing before it tells that the content is another.
    reading.file.replace("a line of ten\n".repeat(9).as_bytes());
    reading.read_to_the_end(30, 50);
    assert_eq!(reading.lines(), ["a line of ten"; 9]);
}

#[test]
fn the_beginning_of_a_content_tells_it_only_with_a_line_in_it() {
    let head = |bytes: &[u8], line: Option<(u64, Marker)>| Head { generation: 0, bytes: bytes.into(), line };
    let line = (2000, Marker::of(b"line"));
    assert_eq!(head(&[0; 1024], None).up_to(1500), None);
    assert_eq!(head(&[b'x'; 1024], Some(line)).up_to(1999), None);
    assert_eq!(head(&[b'x'; 1024], Some(line)).up_to(2000), Some(line));
    assert_eq!(head(b"one\ntwo\n", None).up_to(6), Some((6, Marker::of(b"one\ntw"))));
}

/// How the content of the first generation begins after reading by memory, when the frontier turns out to be there.
#[track_caller]
fn beginning_known(from: Option<Position>, frontier: impl FnOnce(Position) -> Position) -> bool {
    let mut reading = Reading::new();
    reading.file.append(b"one\ntwo\n");
    reading.tail.place(from.unwrap_or(Position::start()), from, Source::Memory);
    reading.frontier = from;
    reading.read_to_the_end(100, 100);
    reading.file.append(b"three\n");
    reading.read_to_the_end(100, 100);
    let frontier = frontier(reading.tail.position());
    reading.tail.displace();
    reading.tail.place(frontier, Some(frontier), Source::Database);
    reading.tail.head_of(0).is_some()
}

#[test]
fn what_was_read_from_a_frontier_that_was_elsewhere_is_not_known_by_its_numbers() {
    let four = Position { generation: 0, offset: 4, marker: Marker::of(b"one\n") };
    let elsewhere = Position { generation: 0, offset: 6, marker: Marker::of(b"other\n") };
    assert!(!beginning_known(None, |_| elsewhere));
    assert!(!beginning_known(None, |read| read), "somebody else has read as far");
    assert!(beginning_known(Some(four), |_| four));
    assert!(beginning_known(Some(four), |_| elsewhere), "the frontier was in the same content before");
}

#[test]
fn a_taker_that_has_enough_gets_the_rest_later() {
    let mut reading = Reading::new();
    reading.file.append(b"1\n2\n3\n4\n5\n");
    assert!(reading.turn(100, 100, 2));
    assert_eq!(reading.lines(), ["1", "2"]);
    assert_eq!(reading.frontier.unwrap().offset, 4);
    reading.read_to_the_end(100, 100);
    assert_eq!(reading.lines(), ["1", "2", "3", "4", "5"]);
}
