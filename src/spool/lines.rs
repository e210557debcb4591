//! Bytes in, lines out, each with its place.
//!
//! Invariant: the pieces of a buffer tile it from its start, in order: every byte belongs to exactly one piece, or to
//! the unfinished rest behind the last of them.
//! Invariant: a line ends at a newline and nowhere else.

use std::ops::Range;

/// How the bytes of one piece are to be treated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A line with something on it: its text without NUL hole, byte order mark and line end.
    Line(Range<usize>),
    /// A line with only white space on it. Skipped.
    Blank,
}

/// A piece of a buffer, the newline included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// Index behind the newline.
    pub end: usize,
    /// What it is.
    pub piece: Piece,
    /// NUL bytes skipped at its start: the hole a writer without `O_APPEND` leaves behind a truncation.
    pub nul_bytes: usize,
    /// Bytes of byte order mark skipped: 0 or 3.
    pub mark_bytes: usize,
}

/// UTF-8's byte order mark.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The piece that begins at `start`, if it ends within `bytes`.
pub fn cut(bytes: &[u8], start: usize) -> Option<Cut> {
    let newline = start + memchr::memchr(b'\n', &bytes[start..])?;
    let nul_bytes = leading_nuls(&bytes[start..newline]);
    let mut text = start + nul_bytes..newline;
    let mark_bytes = if bytes[text.clone()].starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
    text.start += mark_bytes;
    if bytes[..text.end].ends_with(b"\r") && text.end > text.start {
        text.end -= 1;
    }
    let blank = bytes[text.clone()].iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
    let piece = if blank { Piece::Blank } else { Piece::Line(text) };
    Some(Cut { end: newline + 1, piece, nul_bytes, mark_bytes })
}

/// How many NUL bytes `bytes` begins with.
pub fn leading_nuls(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8]) -> (Vec<&[u8]>, usize) {
        let mut at = 0;
        let mut lines = Vec::new();
        while let Some(cut) = cut(bytes, at) {
            assert!(cut.end > at);
            if let Piece::Line(text) = cut.piece {
                lines.push(&bytes[text]);
            }
            at = cut.end;
        }
        (lines, at)
    }

    #[track_caller]
    fn check(bytes: &[u8], lines: &[&[u8]], rest: &[u8]) {
        let (got, at) = all(bytes);
        assert_eq!(got, lines);
        assert_eq!(&bytes[at..], rest);
    }

    #[test]
    fn a_line_ends_at_its_newline_only() {
        check(b"", &[], b"");
        check(b"a", &[], b"a");
        check(b"a\nb", &[b"a"], b"b");
        check(b"a\nb\n", &[b"a", b"b"], b"");
        check(b"a\rb\n", &[b"a\rb"], b"");
    }

    #[test]
    fn blank_lines_and_carriage_returns_are_no_content() {
        check(b"\n\n \t\n\r\n", &[], b"");
        check(b"a\r\n\r\nb\r\n", &[b"a", b"b"], b"");
    }

    #[test]
    fn nul_holes_and_byte_order_marks_are_skipped_and_counted() {
        check(b"\0\0\0a\n", &[b"a"], b"");
        check(b"\xef\xbb\xbfa\n\0\0\xef\xbb\xbfb\n", &[b"a", b"b"], b"");
        check(b"a\0b\n", &[b"a\0b"], b"");
        check(b"\0\0\n", &[], b"");
        let first = cut(b"\0\0\xef\xbb\xbfa\n", 0).unwrap();
        assert_eq!((first.nul_bytes, first.mark_bytes, first.end), (2, 3, 7));
    }

    proptest! {
        #[test]
        fn cutting_agrees_with_splitting(bytes in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b' '), Just(0u8), any::<u8>()], 0..200)) {
            let (lines, at) = all(&bytes);
            let mut parts: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
            let rest = parts.pop().unwrap();
            prop_assert_eq!(&bytes[at..], rest);
            let oracle: Vec<Vec<u8>> = parts
                .into_iter()
                .map(|part| {
                    let mut text: Vec<u8> = part.iter().copied().skip_while(|byte| *byte == 0).collect();
                    if text.starts_with(BYTE_ORDER_MARK) {
                        text.drain(..3);
                    }
                    if text.last() == Some(&b'\r') {
                        text.pop();
                    }
                    text
                })
                .filter(|text| !text.iter().all(|byte| b" \t\r".contains(byte)))
                .collect();
            prop_assert_eq!(lines, oracle.iter().map(Vec::as_slice).collect::<Vec<_>>());
        }
    }
}
