//! Where a value ends: at its closing quote or bracket, at what the grammar around it allows next, at the end of the line.

use super::{BESIDE_MAX, Key, Quoting, Reading, Scan};

/// An opening quote.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quote {
    pub(super) byte: u8,
    /// Backslashes before it: a quote inside a string inside JSON has one.
    pub(super) slashes: usize,
    pub(super) inside: usize,
}

impl Scan<'_> {
    pub(super) fn quote_at(&self, at: usize) -> Option<Quote> {
        let slashes = self.bytes.get(at..)?.iter().take_while(|byte| **byte == b'\\').count();
        let byte = self.byte(at + slashes).filter(|byte| b"\"'`".contains(byte))?;
        Some(Quote { byte, slashes, inside: at + slashes + 1 })
    }

    /// Where the text inside a quote ends: before the closing quote and its backslashes, or at the end of the text.
    pub(super) fn close(&self, quote: Quote, key: Quoting) -> usize {
        let mut at = quote.inside;
        while let Some(found) = memchr::memchr(quote.byte, &self.bytes[at..]).map(|found| at + found) {
            let slashes = self.slashes_before(found).min(found - quote.inside);
            let closes = match quote.slashes {
                0 => slashes.is_multiple_of(2),
                escaped => slashes <= escaped,
            };
            // SQL and YAML write such a quote twice inside of a text.
            if quote.byte == b'\'' && quote.slashes == 0 && found > quote.inside && self.byte(found + 1) == Some(b'\'')
            {
                at = found + 2;
                continue;
            }
            // In broken JSON a quote inside the value may be what broke it.
            let inside = self.reading == Reading::Broken && key == Quoting::Quoted && !self.ends_value(found + 1);
            if closes && !inside {
                return if quote.slashes == 0 { found } else { found - slashes };
            }
            at = found + 1;
        }
        self.bytes.len()
    }

    /// Whether what follows a closing quote can follow a value.
    pub(super) fn ends_value(&self, at: usize) -> bool {
        let at = self.skip_space(at, Quoting::Quoted);
        match self.byte(at) {
            None | Some(b',' | b'}' | b']' | b'"' | b'\'' | b'\\' | b')' | b';') => true,
            Some(_) => false,
        }
    }

    pub(super) fn value_end(&self, from: usize, key: Key, separator: u8) -> usize {
        match (self.reading, key.quoting) {
            (Reading::Broken, Quoting::Quoted) => self.member_end(from),
            _ => self.bare_end(from, separator),
        }
    }

    /// The end of a value without quotes behind a quoted key of broken JSON: what the grammar allows next.
    pub(super) fn member_end(&self, from: usize) -> usize {
        let mut at = from;
        while at < self.bytes.len() {
            let next = || self.byte(self.skip_space(at + 1, Quoting::Quoted));
            let ends = match self.bytes[at] {
                b',' => next().is_none_or(|next| b"\"'\\{[".contains(&next)),
                b'}' | b']' => next().is_none_or(|next| b",}]\"\\{[".contains(&next)),
                _ => false,
            };
            if ends {
                break;
            }
            at += 1;
        }
        at - self.bytes[from..at].iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count()
    }

    /// The end of a value without quotes. Punctuation ends it only where more follows that is no part of it.
    pub(super) fn bare_end(&self, from: usize, separator: u8) -> usize {
        let mut at = from;
        while let Some(byte) = self.byte(at) {
            let next = self.byte(at + 1);
            let ends = match byte {
                b'"' | b'\'' | b'`' => {
                    // `Some("…")`, `b'…'`: the quote opens the secret.
                    let wraps = self.before(at).filter(|_| at > from).is_some_and(|before| {
                        b"([{".contains(&before) || at == from + 1 && b"bruBRUfLq".contains(&before)
                    });
                    if wraps {
                        let quote = Quote { byte, slashes: 0, inside: at + 1 };
                        at = (self.close(quote, Quoting::Bare) + 1).min(self.bytes.len());
                        continue;
                    }
                    !next.is_some_and(|next| next.is_ascii_alphanumeric())
                }
                b'&' => separator != b':' || self.name_follows(at + 1),
                // `;jsessionid=17ADA58F…?tab=2`
                b'?' => separator == b'=' && self.name_follows(at + 1),
                b',' | b';' if separator == b':' && self.is_unspaced(at + 1) => true,
                b',' | b';' => match next {
                    None | Some(b'"' | b'\'' | b'`' | b')' | b']' | b'}' | b'>' | b'\\') => true,
                    Some(next) => next.is_ascii_whitespace() || self.name_follows(at + 1),
                },
                b')' | b']' | b'}' | b'>' => match next {
                    None => true,
                    Some(next) => next.is_ascii_whitespace() || b"\"'`)]}>,;.&\\<:".contains(&next),
                },
                b'<' => next == Some(b'/') || self.is_at(at, "<br"),
                b'\\' => match next {
                    Some(b'"' | b'\'' | b'`' | b'\\') => self.quote_at(at).is_some(),
                    Some(b'n' | b'r' | b't') => self.reading == Reading::Broken,
                    _ => false,
                },
                byte => byte.is_ascii_whitespace(),
            };
            if ends {
                break;
            }
            at += 1;
        }
        self.boundary(at)
    }

    /// Whether a letter of a script without blanks stands at `at`: a sentence goes on there, and no password.
    pub(super) fn is_unspaced(&self, at: usize) -> bool {
        self.byte(at).is_some_and(|lead| (0xe3..=0xed).contains(&lead))
    }

    /// Whether a bare name and a separator follow.
    pub(super) fn name_follows(&self, at: usize) -> bool {
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-.[]% ".contains(byte);
        let length = self.bytes[at..].iter().take(64).take_while(is_name).count();
        length > 0 && matches!(self.byte(at + length), Some(b'=' | b':'))
    }

    /// The quote around key and value.
    pub(super) fn around(&self, key: Key) -> u8 {
        self.before(key.start).filter(|before| b"\"'`".contains(before)).unwrap_or(b'"')
    }

    /// The end of the line that `at` is in, or the quote around key and value.
    pub(super) fn line_end(&self, at: usize, key: Key) -> usize {
        self.line_end_or(at, self.around(key), b'\n')
    }

    pub(super) fn line_end_or(&self, at: usize, around: u8, or: u8) -> usize {
        let mut end = at;
        while let Some(byte) = self.byte(end) {
            let escape = byte == b'\\' && self.reading == Reading::Broken;
            let next_ends = escape && self.byte(end + 1).is_some_and(|next| b"nr\"".contains(&next));
            if byte == or || byte == around || byte == b'"' || byte == b'\n' || byte == b'\r' || next_ends {
                break;
            }
            end += 1;
        }
        end
    }

    /// Where the value ends that ODBC writes in braces, the closing one in it twice: `PWD={a}}b;c};`.
    pub(super) fn braced_end(&self, at: usize, separator: u8) -> Option<usize> {
        if separator != b'=' || self.byte(at) != Some(b'{') {
            return None;
        }
        let mut end = at + 1;
        let limit = self.bytes.len().min(at + BESIDE_MAX);
        while end < limit {
            match (self.bytes[end], self.byte(end + 1)) {
                (b'}', Some(b'}')) => end += 1,
                (b'}', Some(b';')) => return Some(end),
                _ => {}
            }
            end += 1;
        }
        None
    }

    /// The end of the array or object that begins at `at`, quotes in it respected.
    pub(super) fn brackets_end(&self, at: usize) -> usize {
        let mut depth = 0usize;
        let mut end = at;
        while let Some(byte) = self.byte(end) {
            match byte {
                b'[' | b'{' => depth += 1,
                b']' | b'}' => depth -= 1,
                b'"' => {
                    let quote = Quote { byte, slashes: self.slashes_before(end), inside: end + 1 };
                    end = self.close(quote, Quoting::Bare);
                    while self.byte(end) == Some(b'\\') {
                        end += 1;
                    }
                }
                _ => {}
            }
            end += 1;
            if depth == 0 {
                break;
            }
        }
        end.min(self.bytes.len())
    }
}
