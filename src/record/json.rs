//! A strict, iterative reader of JSON text (RFC 8259): tokens with their places, nothing copied, no tree.
//!
//! A tree would lose what CONTRACT §3 promises to keep (numbers digit for digit, the order of keys, duplicate keys),
//! and the scrubber has to see every occurrence of a key with its escapes decoded. So the record and the scrubber
//! both walk these tokens, and text that needs no change is passed on as the slice it is.
//!
//! Invariant: the reader holds no memory that grows with the text; nesting is a bit each in one `u128`.
//! Invariant: what it accepts, MariaDB and MySQL accept too; a lone surrogate, for one, is refused here already.

use std::borrow::Cow;
use std::ops::Range;

use wide::u8x16;

/// The deepest nesting a reader can follow. MySQL takes 100; the rest is room for the notes around `metadata`.
pub const DEPTH_MAX: usize = 128;

/// One piece of a JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    /// `{`
    ObjectStart,
    /// `}`
    ObjectEnd,
    /// `[`
    ArrayStart,
    /// `]`
    ArrayEnd,
    /// The name of a member; its value follows as the next token.
    Key(Str<'a>),
    /// A string value.
    String(Str<'a>),
    /// A number, as it was written.
    Number(&'a str),
    /// `true` or `false`, as it was written.
    Bool(&'a str),
    /// `null`
    Null,
}

/// A JSON string as written between its quotes, its escapes checked but not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Str<'a> {
    raw: &'a str,
    escaped: bool,
}

impl<'a> Str<'a> {
    /// The text between the quotes, escapes and all.
    pub fn raw(self) -> &'a str {
        self.raw
    }

    /// What the string means. Borrowed unless it holds an escape.
    pub fn decode(self) -> Cow<'a, str> {
        if self.escaped { Cow::Owned(decode_escapes(self.raw)) } else { Cow::Borrowed(self.raw) }
    }
}

/// What a string means that is written, between its quotes, as `raw`. Borrowed unless it holds an escape.
///
/// # Panics
/// `raw` is not what a reader found, or [`push_string`] wrote, between two quotes.
pub fn decode(raw: &str) -> Cow<'_, str> {
    if raw.contains('\\') { Cow::Owned(decode_escapes(raw)) } else { Cow::Borrowed(raw) }
}

fn decode_escapes(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (char, used) = decode_escape(&rest.as_bytes()[at..]).expect("escapes were checked by the reader");
        out.push(char);
        rest = &rest[at + used..];
    }
    out.push_str(rest);
    out
}

/// A member of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member<'a> {
    /// Its name.
    pub key: Str<'a>,
    /// The first token of its value: all of it, unless it is an array or object.
    pub value: Token<'a>,
    /// Its value, as it was written.
    pub text: &'a str,
    /// Where the value begins in the text.
    pub at: usize,
    /// How deep the value nests: a scalar 0, `[]` 1.
    pub depth: usize,
}

/// Why a text is not JSON. It names a place and a rule, never the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text breaks the grammar.
    #[error("{expected} expected at byte {at}")]
    Syntax {
        /// Bytes from the start of the text.
        at: usize,
        /// What the grammar asks for there.
        expected: &'static str,
    },
    /// The text nests deeper than the reader was told to follow.
    #[error("nested deeper than {max} at byte {at}")]
    TooDeep {
        /// Bytes from the start of the text.
        at: usize,
        /// The limit.
        max: usize,
    },
}

/// What kind of token there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    Key,
    String,
    Number,
    Bool,
    Null,
}

/// What the grammar allows next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    FirstValueOrEnd,
    FirstKeyOrEnd,
    CommaOrEnd,
    Nothing,
}

/// Reads one JSON text, token by token.
#[derive(Debug, Clone)]
pub struct Tokens<'a> {
    text: &'a str,
    at: usize,
    /// Where the last token began and ended; a key's colon is behind its end and before `at`.
    start: usize,
    end: usize,
    /// Whether the last string or key has an escape in it.
    escaped: bool,
    expect: Expect,
    depth: usize,
    deepest: usize,
    depth_max: usize,
    /// Bit `n` is set when the container at depth `n + 1` is an object.
    objects: u128,
}

impl<'a> Tokens<'a> {
    /// A reader of `text`, which may nest [`DEPTH_MAX`] deep.
    pub fn new(text: &'a str) -> Self {
        Tokens {
            text,
            at: 0,
            start: 0,
            end: 0,
            escaped: false,
            expect: Expect::Value,
            depth: 0,
            deepest: 0,
            depth_max: DEPTH_MAX,
            objects: 0,
        }
    }

    /// The next token; `None` at the end of a whole text.
    ///
    /// # Errors
    /// The text is not JSON, or too deep. The reader is of no use afterwards.
    #[expect(clippy::should_implement_trait, reason = "an iterator of results would go on after an error")]
    pub fn next(&mut self) -> Result<Option<Token<'a>>, Error> {
        let Some(piece) = self.advance()? else { return Ok(None) };
        let string =
            |reader: &Self| Str { raw: &reader.text[reader.start + 1..reader.end - 1], escaped: reader.escaped };
        Ok(Some(match piece {
            Piece::ObjectStart => Token::ObjectStart,
            Piece::ObjectEnd => Token::ObjectEnd,
            Piece::ArrayStart => Token::ArrayStart,
            Piece::ArrayEnd => Token::ArrayEnd,
            Piece::Key => Token::Key(string(self)),
            Piece::String => Token::String(string(self)),
            Piece::Number => Token::Number(&self.text[self.start..self.end]),
            Piece::Bool => Token::Bool(&self.text[self.start..self.end]),
            Piece::Null => Token::Null,
        }))
    }

    // Always inlined, like what it calls: out of line, their results pass through memory, which costs a seventh of the
    // reader's time.
    #[inline(always)]
    fn advance(&mut self) -> Result<Option<Piece>, Error> {
        let bytes = self.text.as_bytes();
        let mut at = space(bytes, self.at);
        let piece = match (self.expect, bytes.get(at)) {
            (Expect::Nothing, None) => return Ok(None),
            (Expect::Nothing, Some(_)) => return Err(expected(at, "the end of the text")),
            (Expect::FirstKeyOrEnd, Some(b'}')) => self.close(at, Piece::ObjectEnd),
            (Expect::FirstValueOrEnd, Some(b']')) => self.close(at, Piece::ArrayEnd),
            (Expect::FirstKeyOrEnd, _) => self.key(at)?,
            (Expect::FirstValueOrEnd | Expect::Value, _) => self.value(at)?,
            (Expect::CommaOrEnd, byte) => match (byte, self.in_object()) {
                (Some(b','), in_object) => {
                    at = space(bytes, at + 1);
                    if in_object { self.key(at)? } else { self.value(at)? }
                }
                (Some(b'}'), true) => self.close(at, Piece::ObjectEnd),
                (Some(b']'), false) => self.close(at, Piece::ArrayEnd),
                (_, true) => return Err(expected(at, COMMA_OR_BRACE)),
                (_, false) => return Err(expected(at, COMMA_OR_BRACKET)),
            },
        };
        self.start = at;
        Ok(Some(piece))
    }

    /// Reads the next member of the object that the reader stands in, behind its `{` or a member of it, whole; `None` at its
    /// end.
    ///
    /// # Errors
    /// As for [`Tokens::next`].
    // Inlined, because a member is large, and would be written to memory only to be read again at once.
    #[inline(always)]
    pub fn member(&mut self) -> Result<Option<Member<'a>>, Error> {
        let (text, bytes) = (self.text, self.text.as_bytes());
        let mut at = space(bytes, self.at);
        match (self.expect, bytes.get(at)) {
            (Expect::FirstKeyOrEnd | Expect::CommaOrEnd, Some(b'}')) => {
                self.start = at;
                self.close(at, Piece::ObjectEnd);
                return Ok(None);
            }
            (Expect::CommaOrEnd, Some(b',')) => at = space(bytes, at + 1),
            (Expect::FirstKeyOrEnd, _) => {}
            _ => return Err(expected(at, COMMA_OR_BRACE)),
        }
        let Key { string, colon_end } = key(bytes, at)?;
        let key = Str { raw: &text[at + 1..string.end - 1], escaped: string.escaped };
        let at = space(bytes, colon_end);
        let outside = self.depth;
        let (value, end, depth) = match bytes.get(at) {
            Some(b'"') => {
                let StringEnd { end, escaped } = string_end(bytes, at)?;
                (Token::String(Str { raw: &text[at + 1..end - 1], escaped }), end, 0)
            }
            Some(b'-' | b'0'..=b'9') => {
                let end = number_end(bytes, at)?;
                (Token::Number(&text[at..end]), end, 0)
            }
            _ => {
                let deepest = std::mem::replace(&mut self.deepest, outside);
                (self.at, self.expect) = (at, Expect::Value);
                let value = self.next()?.ok_or(expected(at, "a value"))?;
                self.skip_to(outside)?;
                let depth = self.deepest - outside;
                self.deepest = self.deepest.max(deepest);
                (value, self.at, depth)
            }
        };
        (self.start, self.end, self.at, self.expect) = (at, end, end, Expect::CommaOrEnd);
        Ok(Some(Member { key, value, text: &text[at..end], at, depth }))
    }

    /// Reads the value that comes next (after a key, or at the start) whole and returns its text.
    ///
    /// # Errors
    /// As for [`Tokens::next`].
    pub fn value_text(&mut self) -> Result<&'a str, Error> {
        let outside = self.depth;
        self.next()?.ok_or(expected(self.at, "a value"))?;
        let start = self.start;
        self.skip_to(outside)?;
        Ok(&self.text[start..self.at])
    }

    /// Reads on until only `depth` containers are open.
    ///
    /// # Errors
    /// As for [`Tokens::next`].
    pub fn skip_to(&mut self, depth: usize) -> Result<(), Error> {
        if self.depth <= depth {
            return Ok(());
        }
        let bytes = self.text.as_bytes();
        // In variables of its own, which a processor keeps at hand; what is behind a reference it does not.
        let (mut at, mut open, mut deepest, mut objects) = (self.at, self.depth, self.deepest, self.objects);
        let (mut expect, mut in_object) = (self.expect, self.in_object());
        while open > depth {
            at = space(bytes, at);
            let is_end = match (expect, bytes.get(at)) {
                (Expect::CommaOrEnd, Some(b',')) => {
                    at = space(bytes, at + 1);
                    if in_object {
                        at = space(bytes, key(bytes, at)?.colon_end);
                    }
                    false
                }
                (Expect::CommaOrEnd | Expect::FirstKeyOrEnd, Some(b'}')) if in_object => true,
                (Expect::CommaOrEnd | Expect::FirstValueOrEnd, Some(b']')) if !in_object => true,
                (Expect::CommaOrEnd, _) if in_object => return Err(expected(at, COMMA_OR_BRACE)),
                (Expect::CommaOrEnd, _) => return Err(expected(at, COMMA_OR_BRACKET)),
                (Expect::FirstKeyOrEnd, _) => {
                    at = space(bytes, key(bytes, at)?.colon_end);
                    false
                }
                (Expect::FirstValueOrEnd | Expect::Value, _) => false,
                (Expect::Nothing, _) => unreachable!("something is open"),
            };
            if is_end {
                at += 1;
                open -= 1;
                in_object = is_object(objects, open);
                expect = Expect::CommaOrEnd;
                continue;
            }
            expect = Expect::CommaOrEnd;
            match bytes.get(at) {
                Some(b'"') => at = string_end(bytes, at)?.end,
                Some(b'-' | b'0'..=b'9') => at = number_end(bytes, at)?,
                Some(byte @ (b'{' | b'[')) => {
                    if open == self.depth_max {
                        return Err(Error::TooDeep { at, max: self.depth_max });
                    }
                    in_object = *byte == b'{';
                    objects = with_container(objects, open, in_object);
                    expect = if in_object { Expect::FirstKeyOrEnd } else { Expect::FirstValueOrEnd };
                    open += 1;
                    deepest = deepest.max(open);
                    at += 1;
                }
                Some(b't') => at = word_end(bytes, at, "true")?,
                Some(b'f') => at = word_end(bytes, at, "false")?,
                Some(b'n') => at = word_end(bytes, at, "null")?,
                _ => return Err(expected(at, "a value")),
            }
        }
        (self.start, self.end, self.at) = (at - 1, at, at);
        (self.depth, self.deepest, self.objects) = (open, deepest, objects);
        self.expect = if open == 0 { Expect::Nothing } else { Expect::CommaOrEnd };
        Ok(())
    }

    /// Where the last token stands in the text, quotes included.
    pub fn span(&self) -> Range<usize> {
        self.start..self.end
    }

    /// How many containers are open after the last token.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The deepest nesting met; a scalar is 0, `[]` is 1.
    pub fn deepest(&self) -> usize {
        self.deepest
    }

    #[inline(always)]
    fn value(&mut self, at: usize) -> Result<Piece, Error> {
        let bytes = self.text.as_bytes();
        let (end, piece) = match bytes.get(at) {
            Some(b'{') => return self.open(at, Piece::ObjectStart),
            Some(b'[') => return self.open(at, Piece::ArrayStart),
            Some(b'"') => {
                let string = string_end(bytes, at)?;
                self.escaped = string.escaped;
                (string.end, Piece::String)
            }
            Some(b'-' | b'0'..=b'9') => (number_end(bytes, at)?, Piece::Number),
            Some(b't') => (word_end(bytes, at, "true")?, Piece::Bool),
            Some(b'f') => (word_end(bytes, at, "false")?, Piece::Bool),
            Some(b'n') => (word_end(bytes, at, "null")?, Piece::Null),
            _ => return Err(expected(at, "a value")),
        };
        self.ended(end);
        Ok(piece)
    }

    #[inline(always)]
    fn key(&mut self, at: usize) -> Result<Piece, Error> {
        let Key { string, colon_end } = key(self.text.as_bytes(), at)?;
        self.escaped = string.escaped;
        (self.end, self.at, self.expect) = (string.end, colon_end, Expect::Value);
        Ok(Piece::Key)
    }

    #[inline(always)]
    fn open(&mut self, at: usize, piece: Piece) -> Result<Piece, Error> {
        if self.depth == self.depth_max {
            return Err(Error::TooDeep { at, max: self.depth_max });
        }
        let is_object = piece == Piece::ObjectStart;
        self.objects = with_container(self.objects, self.depth, is_object);
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        self.expect = if is_object { Expect::FirstKeyOrEnd } else { Expect::FirstValueOrEnd };
        (self.end, self.at) = (at + 1, at + 1);
        Ok(piece)
    }

    #[inline(always)]
    fn close(&mut self, at: usize, piece: Piece) -> Piece {
        self.depth -= 1;
        self.ended(at + 1);
        piece
    }

    /// A value ended there.
    #[inline(always)]
    fn ended(&mut self, end: usize) {
        (self.end, self.at) = (end, end);
        self.expect = if self.depth == 0 { Expect::Nothing } else { Expect::CommaOrEnd };
    }

    fn in_object(&self) -> bool {
        is_object(self.objects, self.depth)
    }
}

const COMMA_OR_BRACE: &str = "a comma or `}`";
const COMMA_OR_BRACKET: &str = "a comma or `]`";

#[cold]
fn expected(at: usize, expected: &'static str) -> Error {
    Error::Syntax { at, expected }
}

/// Whether the innermost of `open` containers is an object.
#[inline(always)]
fn is_object(objects: u128, open: usize) -> bool {
    open > 0 && objects >> (open - 1) & 1 == 1
}

/// The containers with one more in `open` others.
#[inline(always)]
fn with_container(objects: u128, open: usize, is_object: bool) -> u128 {
    let bit = 1u128 << open;
    if is_object { objects | bit } else { objects & !bit }
}

/// Where the text goes on behind white space.
#[inline(always)]
fn space(bytes: &[u8], at: usize) -> usize {
    let mut at = at;
    while let Some(b' ' | b'\t' | b'\n' | b'\r') = bytes.get(at) {
        at += 1;
    }
    at
}

/// Where a string ends, behind its closing quote, and whether it has an escape in it.
#[derive(Debug, Clone, Copy)]
struct StringEnd {
    end: usize,
    escaped: bool,
}

/// A key and its colon.
#[derive(Debug, Clone, Copy)]
struct Key {
    string: StringEnd,
    colon_end: usize,
}

#[inline(always)]
fn key(bytes: &[u8], at: usize) -> Result<Key, Error> {
    if bytes.get(at) != Some(&b'"') {
        return Err(expected(at, "a key"));
    }
    let string = string_end(bytes, at)?;
    let colon = space(bytes, string.end);
    if bytes.get(colon) != Some(&b':') {
        return Err(expected(colon, "a colon"));
    }
    Ok(Key { string, colon_end: colon + 1 })
}

#[inline(always)]
fn string_end(bytes: &[u8], at: usize) -> Result<StringEnd, Error> {
    let mut at = at + 1;
    let mut escaped = false;
    loop {
        at += plain_length(&bytes[at..]);
        match bytes.get(at) {
            Some(b'"') => return Ok(StringEnd { end: at + 1, escaped }),
            Some(b'\\') => {
                let Some((_, used)) = decode_escape(&bytes[at..]) else {
                    return Err(expected(at, "an escape that means a character"));
                };
                escaped = true;
                at += used;
            }
            Some(_) => return Err(expected(at, "an escape in place of a control character")),
            None => return Err(expected(at, "a closing quote")),
        }
    }
}

#[inline(always)]
fn number_end(bytes: &[u8], at: usize) -> Result<usize, Error> {
    let mut at = at + usize::from(bytes.get(at) == Some(&b'-'));
    at = if bytes.get(at) == Some(&b'0') { at + 1 } else { digits_end(bytes, at)? };
    if bytes.get(at) == Some(&b'.') {
        at = digits_end(bytes, at + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = bytes.get(at) {
            at += 1;
        }
        at = digits_end(bytes, at)?;
    }
    Ok(at)
}

#[inline(always)]
fn digits_end(bytes: &[u8], at: usize) -> Result<usize, Error> {
    let mut end = at;
    while bytes.get(end).is_some_and(u8::is_ascii_digit) {
        end += 1;
    }
    if end == at { Err(expected(at, "a digit")) } else { Ok(end) }
}

#[inline(always)]
fn word_end(bytes: &[u8], at: usize, word: &str) -> Result<usize, Error> {
    if !bytes[at..].starts_with(word.as_bytes()) {
        return Err(expected(at, "a value"));
    }
    Ok(at + word.len())
}

/// How many bytes at the start of `bytes` stand for themselves in a string: no quote, backslash or control character.
///
/// Most bytes of a line are such, so they are looked at sixteen at a time.
#[inline(always)]
fn plain_length(bytes: &[u8]) -> usize {
    let (blocks, rest) = bytes.as_chunks::<16>();
    for (n, block) in blocks.iter().enumerate() {
        let special = special_bytes(*block);
        if special != 0 {
            return 16 * n + special.trailing_zeros() as usize;
        }
    }
    let mut last = [b'"'; 16];
    last[..rest.len()].copy_from_slice(rest);
    bytes.len() - rest.len() + special_bytes(last).trailing_zeros() as usize
}

/// A bit for each byte that does not stand for itself.
#[inline(always)]
fn special_bytes(block: [u8; 16]) -> u32 {
    let block = u8x16::new(block);
    let quotes = block.simd_eq(u8x16::splat(b'"'));
    let backslashes = block.simd_eq(u8x16::splat(b'\\'));
    let controls = block.simd_eq(block.min(u8x16::splat(0x1f)));
    (quotes | backslashes | controls).to_bitmask()
}

/// Reads the escape at the start of `bytes` (a backslash): its character, and how many bytes it takes.
/// `None` when it is not an escape of JSON, or half of a surrogate pair.
fn decode_escape(bytes: &[u8]) -> Option<(char, usize)> {
    let char = match bytes.get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return decode_unicode_escape(bytes),
        _ => return None,
    };
    Some((char, 2))
}

fn decode_unicode_escape(bytes: &[u8]) -> Option<(char, usize)> {
    let first = hex4(bytes.get(2..6)?)?;
    if !(0xd800..0xe000).contains(&first) {
        return Some((char::from_u32(first)?, 6));
    }
    if bytes.get(6..8)? != b"\\u" {
        return None;
    }
    let second = hex4(bytes.get(8..12)?)?;
    if first >= 0xdc00 || !(0xdc00..0xe000).contains(&second) {
        return None;
    }
    let char = char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00))?;
    Some((char, 12))
}

fn hex4(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, digit| Some(value << 4 | char::from(*digit).to_digit(16)?))
}

/// Appends `text` to `out` as a JSON string, quotes included.
pub fn push_string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("writing to memory cannot fail");
}

/// `text` as a JSON string, quotes included.
pub fn written(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    push_string(&mut out, text);
    String::from_utf8(out).expect("JSON made from a string is a string")
}

#[cfg(test)]
mod tests;
