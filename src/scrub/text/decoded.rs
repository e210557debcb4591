//! Texts that are written in another way: `%`-escapes, entities of HTML, colours of terminals, `\u`-escapes of JSON.
//!
//! Invariant: of each byte of a decoded text it is known where it was written.

use std::borrow::Cow;
use std::ops::Range;

/// A text with its `%`-escapes undone, and where each of its bytes was.
pub(super) struct Decoded<'a> {
    pub(super) text: Cow<'a, str>,
    /// For each byte of the text, and for its end, the place in the text that was written; empty for that text itself.
    places: Vec<u32>,
}

impl<'a> Decoded<'a> {
    pub(super) fn whole(text: &'a str) -> Self {
        Decoded { text: Cow::Borrowed(text), places: Vec::new() }
    }

    fn place(&self, at: usize) -> u32 {
        if self.places.is_empty() { u32::try_from(at).unwrap_or(u32::MAX) } else { self.places[at] }
    }

    /// The text with one more level of escapes undone, if it has any.
    pub(super) fn next(&self) -> Option<Decoded<'static>> {
        let bytes = self.text.as_bytes();
        let escape = |at: usize| {
            let hex = bytes.get(at + 1..at + 3).filter(|hex| hex.iter().all(u8::is_ascii_hexdigit))?;
            // Beyond ASCII, nothing is telling, and the text must stay UTF-8.
            u8::from_str_radix(str::from_utf8(hex).ok()?, 16)
                .ok()
                .filter(|byte| matches!(byte, b'\n' | b'\r' | 0x20..0x7f))
        };
        memchr::memchr_iter(b'%', bytes).find_map(escape)?;
        u32::try_from(bytes.len()).ok()?;
        let mut text = Vec::with_capacity(bytes.len());
        let mut places = Vec::with_capacity(bytes.len() + 1);
        let mut at = 0;
        while at < bytes.len() {
            places.push(self.place(at));
            match (bytes[at], escape(at)) {
                (b'%', Some(byte)) => {
                    text.push(byte);
                    at += 3;
                }
                (byte, _) => {
                    text.push(byte);
                    at += 1;
                }
            }
        }
        places.push(self.place(bytes.len()));
        Some(Decoded { text: Cow::Owned(String::from_utf8(text).ok()?), places })
    }

    /// The text without what only marks it: the colours of terminals, quotes that HTML escapes. `None` if it has neither.
    pub(super) fn unmarked(text: &str) -> Option<Decoded<'static>> {
        u32::try_from(text.len()).ok()?;
        let bytes = text.as_bytes();
        let marked = |at: usize| colour(&bytes[at..]).is_some() || entity(&bytes[at..]).is_some();
        memchr::memchr2_iter(0x1b, b'&', bytes).find(|at| marked(*at))?;
        let mut out = Vec::with_capacity(bytes.len());
        let mut places = Vec::with_capacity(bytes.len() + 1);
        let mut at = 0;
        while at < bytes.len() {
            if let Some(length) = colour(&bytes[at..]) {
                at += length;
                continue;
            }
            places.push(at as u32);
            match entity(&bytes[at..]) {
                Some((length, byte)) => {
                    out.push(byte);
                    at += length;
                }
                None => {
                    out.push(bytes[at]);
                    at += 1;
                }
            }
        }
        places.push(bytes.len() as u32);
        Some(Decoded { text: Cow::Owned(String::from_utf8(out).ok()?), places })
    }

    /// The range in the text that was written.
    pub(super) fn range(&self, range: Range<usize>) -> Range<usize> {
        self.place(range.start) as usize..self.place(range.end) as usize
    }
}

/// How long the sequence is that sets a terminal's colour at the start of a text.
fn colour(text: &[u8]) -> Option<usize> {
    let [0x1b, b'[', rest @ ..] = text else { return None };
    let length = rest.iter().take(24).take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    (rest.get(length) == Some(&b'm')).then_some(length + 3)
}

/// What HTML writes for a mark, at the start of a text: how long that is, and the mark.
fn entity(text: &[u8]) -> Option<(usize, u8)> {
    if text.first() != Some(&b'&') {
        return None;
    }
    ENTITIES.iter().find(|(entity, _)| text.starts_with(entity.as_bytes())).map(|(entity, mark)| (entity.len(), *mark))
}

/// What HTML writes for the marks around keys and values.
const ENTITIES: &[(&str, u8)] = &[
    ("&quot;", b'"'),
    ("&#34;", b'"'),
    ("&#x22;", b'"'),
    ("&apos;", b'\''),
    ("&#39;", b'\''),
    ("&#039;", b'\''),
    ("&#x27;", b'\''),
    ("&amp;", b'&'),
    ("&lt;", b'<'),
    ("&gt;", b'>'),
    ("&#61;", b'='),
    ("&#x3D;", b'='),
    ("&#x3d;", b'='),
    ("&#38;", b'&'),
    ("&#x26;", b'&'),
];

/// Undoes the `\u` escapes of printable ASCII, and `\/`, however deeply they are escaped themselves.
///
/// Inside JSON, whole or broken, the result means the same: a quote or a backslash stays escaped.
pub fn unescape(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(start) = memchr::memchr(b'\\', &text.as_bytes()[at..]).map(|found| at + found) {
        let letter = start + text.as_bytes()[start..].iter().take_while(|byte| **byte == b'\\').count();
        at = letter;
        let (char, end) = match text.as_bytes().get(letter) {
            Some(b'/') => ('/', letter + 1),
            Some(b'u') => {
                let digits =
                    text.get(letter + 1..letter + 5).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
                let code = digits.and_then(|hex| u8::from_str_radix(hex, 16).ok().or_else(|| u16_code(hex)));
                match code {
                    Some(code @ 0x20..0x7f) => (char::from(code), letter + 5),
                    _ => continue,
                }
            }
            _ => continue,
        };
        out.push_str(&text[copied..start]);
        if let '"' | '\\' = char {
            out.push_str(&text[start..letter]);
        }
        out.push(char);
        copied = end;
        at = end;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

fn u16_code(hex: &str) -> Option<u8> {
    u16::from_str_radix(hex, 16).ok().and_then(|code| u8::try_from(code).ok())
}
