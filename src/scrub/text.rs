//! Telling keys in text that is no JSON, or no longer: `key=value`, `key: value`, query strings, header lines, command
//! lines, tags, broken JSON.
//!
//! The scan stops at everything that can stand between a key and its value, looks back for the key and, if the key is
//! telling, ahead for the end of the value.
//!
//! Invariant: looking back is bounded and values do not overlap, so the time is linear.
//! Invariant: a value that is one of our markers is left as it is, so that scrubbing twice changes nothing.

use std::borrow::Cow;
use std::ops::Range;

use super::actions::Actions;
use super::frame::VALUE_KEYS;
use super::keys::{self, Numbers, Telling};
use super::markers::{is_marker, marker_at};
use super::own::Words;

/// A secret in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Where it stands, in bytes.
    pub range: Range<usize>,
    /// The rule that found it.
    pub rule: &'static str,
}

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// A whole string that a program wrote: `token: expired` is a sentence, not a secret.
    Prose,
    /// JSON that cannot be parsed, in whole or in part: what may be a secret is one.
    Broken,
}

/// Keys are looked for this far back, in bytes.
const KEY_MAX: usize = 256;

/// Appends the values of telling keys in `text`.
pub fn find(text: &str, reading: Reading, words: &Words, spans: &mut Vec<Span>) {
    let mut scan = Scan { text, bytes: text.as_bytes(), reading, words, floor: 0 };
    let mut at = 0;
    while at < scan.bytes.len() {
        if scan.bytes[at] == b'['
            && let Some(length) = marker_at(&text[at..])
        {
            at += length;
            scan.floor = at;
            continue;
        }
        let span = match scan.bytes[at] {
            b'=' | b':' => scan.after_separator(at, at + 1, Encoding::Plain),
            b'%' if scan.is_at(at, "%3d") => scan.after_separator(at, at + 3, Encoding::Percent),
            b'>' => scan.after_tag(at),
            b'-' if scan.is_at(at, "--") => scan.after_flag(at),
            b',' | b'"' | b'\'' if reading == Reading::Broken => scan.after_quoted(at),
            _ => None,
        };
        at = match span {
            Some(span) => {
                scan.floor = span.range.end;
                spans.push(span);
                scan.floor
            }
            None => at + 1,
        };
    }
}

/// Replaces every span by what its action leaves. Spans that overlap are one secret.
pub fn redact(text: &str, spans: &mut Vec<Span>, actions: &Actions) -> String {
    spans.sort_by_key(|span| (span.range.start, usize::MAX - span.range.end));
    spans.dedup_by(|next, kept| {
        let overlaps = next.range.start < kept.range.end;
        if overlaps {
            kept.range.end = kept.range.end.max(next.range.end);
        }
        overlaps
    });
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for span in spans.iter() {
        out.push_str(&text[copied..span.range.start]);
        out.push_str(&actions.replacement(span.rule, &text[span.range.clone()]));
        copied = span.range.end;
    }
    out.push_str(&text[copied..]);
    out
}

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

/// The part of a text that was cut off somewhere that is sure to hold whole tokens only.
pub fn without_last_token(text: &str) -> &str {
    let delimiter = |char: char| char.is_whitespace() || "\"'`,;&{}[]()<>".contains(char);
    let end = text.char_indices().rev().find(|(_, char)| delimiter(*char)).map_or(0, |(at, char)| at + char.len_utf8());
    &text[..end]
}

/// Whether a text under a telling key is no secret, whatever the key.
pub fn is_harmless(value: &str, telling: Telling) -> bool {
    let value = value.trim();
    let mask = if value.len() < 3 { "*•" } else { "*•xX.-" };
    let masked = value.chars().all(|char| mask.contains(char) && value.starts_with(char));
    let count = telling.numbers == Numbers::Count && value.bytes().all(|byte| byte.is_ascii_digit());
    let scheme = telling.rule == "authorization" && SCHEMES.iter().any(|(name, _)| name.eq_ignore_ascii_case(value));
    masked || count || scheme || is_iso_time(value) || is_marker(value)
}

/// Splits the value of an `Authorization` header behind its scheme: where the credentials begin, and their rule.
pub fn split_scheme(value: &str) -> Option<(usize, Scheme)> {
    let end = value.find(' ')?;
    let (_, scheme) = SCHEMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(&value[..end]))?;
    let start = end + value[end..].len() - value[end..].trim_start_matches(' ').len();
    Some((start, *scheme))
}

/// How a scheme of HTTP authentication writes its credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// As one token, for which there is a rule.
    Token(&'static str),
    /// As a list, to the end of the line.
    List,
}

impl Scheme {
    /// The rule for the credentials behind the scheme's name.
    pub fn rule(self, telling: Telling) -> &'static str {
        match self {
            Scheme::Token(rule) => rule,
            Scheme::List => telling.rule,
        }
    }
}

const SCHEMES: &[(&str, Scheme)] = &[
    ("basic", Scheme::Token("basic")),
    ("bearer", Scheme::Token("bearer")),
    ("dpop", Scheme::Token("bearer")),
    ("token", Scheme::Token("token")),
    ("apikey", Scheme::Token("api_key")),
    ("negotiate", Scheme::List),
    ("ntlm", Scheme::List),
    ("digest", Scheme::List),
    ("hmac", Scheme::List),
    ("hawk", Scheme::List),
    ("mac", Scheme::List),
    ("oauth", Scheme::List),
    ("sharedkey", Scheme::List),
    ("signature", Scheme::List),
    ("aws4-hmac-sha256", Scheme::List),
];

/// What a sentence says about a secret in the secret's place.
#[rustfmt::skip]
const SENTENCE_WORDS: &[&str] = &[
    "a", "absent", "accepted", "an", "and", "are", "bad", "cannot", "changed", "check", "clear", "cleared", "could", "create",
    "created", "delete", "deleted", "denied", "disabled", "does", "empty", "enabled", "error", "expired", "expires",
    "failed", "failure", "false", "for", "found", "generated", "get", "granted", "has", "hidden", "if", "ignored",
    "incorrect", "invalid", "is", "issued", "it", "list", "malformed", "mismatch", "missing", "must", "nil", "no", "none",
    "not", "null", "ok", "omitted", "or", "please", "present", "provided", "received", "redacted", "refresh", "refreshed",
    "rejected", "required", "reset", "revoke", "revoked", "rotate", "rotated", "sent", "set", "should", "stale", "success",
    "that", "the", "this", "to", "too", "true", "undefined", "unknown", "unset", "unsupported", "update", "updated", "use",
    "used", "valid", "validated", "verified", "was", "were", "will", "wrong", "yes", "you", "your",
];

/// Whether separators and delimiters are written as they are, or `%`-encoded in a URL within a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Plain,
    Percent,
}

/// How a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quoting {
    Bare,
    Quoted,
}

/// A telling key in a text.
#[derive(Debug, Clone, Copy)]
struct Key {
    start: usize,
    quoting: Quoting,
    telling: Telling,
}

struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    reading: Reading,
    words: &'a Words,
    /// No key is looked for before this place: the end of the last secret or marker. What a secret looks like must not
    /// matter for what follows, since a marker will stand there.
    floor: usize,
}

impl Scan<'_> {
    /// The value behind a separator at `start..end`, if the key before it is telling.
    fn after_separator(&self, start: usize, end: usize, encoding: Encoding) -> Option<Span> {
        let double_colon =
            self.bytes[start] == b':' && (self.byte(end) == Some(b':') || self.before(start) == Some(b':'));
        if double_colon || self.is_at(start, "://") {
            return None;
        }
        let key = self.key_before(start)?;
        let mut at = end;
        while let Some(b'=' | b'>' | b'~') = self.byte(at) {
            at += 1;
        }
        self.value(self.skip_space(at, key.quoting), key, Separator { byte: self.bytes[start], encoding })
    }

    /// The content of the element that the tag closing at `at` opens.
    fn after_tag(&self, at: usize) -> Option<Span> {
        let name = self.bare_start(at);
        let open = name.checked_sub(1).filter(|open| self.bytes[*open] == b'<')?;
        let telling = self.words.classify(&self.text[open + 1..at])?;
        let end = memchr::memchr(b'<', &self.bytes[at + 1..]).map_or(self.bytes.len(), |found| at + 1 + found);
        self.span(at + 1..end, telling)
    }

    /// The argument behind the command line flag at `at`.
    fn after_flag(&self, at: usize) -> Option<Span> {
        if self.before(at).is_some_and(|before| !before.is_ascii_whitespace() && !b"\"'`[(".contains(&before)) {
            return None;
        }
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let end = at + self.bytes[at..].iter().take(KEY_MAX).take_while(is_name).count();
        let telling = self.words.classify(&self.text[at..end]).filter(|_| self.byte(end) == Some(b' '))?;
        let value = self.skip_space(end, Quoting::Bare);
        let key = Key { start: at, quoting: Quoting::Bare, telling };
        self.value(value, key, Separator { byte: b' ', encoding: Encoding::Plain })
            .filter(|_| self.byte(value) != Some(b'-'))
    }

    /// The value behind a quoted key, with a comma or nothing where the colon should be: pairs in a list, damage.
    fn after_quoted(&self, at: usize) -> Option<Span> {
        let (key, next) = match self.bytes[at] {
            b',' => (self.key_before(at)?, at + 1),
            _ => (self.key_before(at + 1)?, at + 1),
        };
        let start = self.skip_space(next, key.quoting);
        let quote = self.quote_at(start)?;
        if key.quoting == Quoting::Bare {
            return None;
        }
        let close = self.close(quote, Quoting::Bare);
        let behind = self.skip_space(close + quote.slashes + 1, Quoting::Quoted);
        if self.byte(behind) != Some(b':') {
            return self.value(start, key, Separator { byte: b',', encoding: Encoding::Plain });
        }
        // `{"name": "password", "value": "…"}`; any other key has a value of its own.
        if !VALUE_KEYS.iter().any(|name| name.eq_ignore_ascii_case(&self.text[quote.inside..close])) {
            return None;
        }
        let value = self.skip_space(behind + 1, Quoting::Quoted);
        self.value(value, key, Separator { byte: b':', encoding: Encoding::Plain })
    }

    /// The telling key that ends before `end`.
    fn key_before(&self, end: usize) -> Option<Key> {
        let space = self.behind_floor(end).iter().rev().take(16).take_while(|byte| byte.is_ascii_whitespace()).count();
        let mut end = end - space;
        if let Some(quote @ (b'"' | b'\'' | b'`')) = self.before(end) {
            return self.quoted_key(end - 1, quote);
        }
        if self.before(end) == Some(b']') {
            // `user[password]`, `params['password']`
            end -= 1;
            if let Some(quote @ (b'"' | b'\'')) = self.before(end) {
                return self.quoted_key(end - 1, quote).map(|key| Key { quoting: Quoting::Bare, ..key });
            }
        }
        let start = self.bare_start(end);
        let name = &self.text[start..end];
        if let Some(telling) = self.words.classify(&without_percent(name)) {
            return Some(Key { start, quoting: Quoting::Bare, telling });
        }
        // Two words with a space between them: `API key: …`.
        let space = start.checked_sub(1).filter(|space| self.bytes[*space] == b' ')?;
        let before = self.bare_start(space);
        let telling = self.words.classify_pair(&self.text[before..space], name)?;
        Some(Key { start: before, quoting: Quoting::Bare, telling })
    }

    /// The telling key whose closing quote stands at `close`.
    fn quoted_key(&self, close: usize, quote: u8) -> Option<Key> {
        let end = close - self.slashes_before(close);
        let from = self.boundary(end.saturating_sub(KEY_MAX)).max(self.floor);
        let start = memchr::memrchr(quote, &self.bytes[from..end]).map_or(from, |open| from + open + 1);
        let telling = self.words.classify(&without_percent(&self.text[start..end]))?;
        Some(Key { start, quoting: Quoting::Quoted, telling })
    }

    /// Where the bare name that ends at `end` begins.
    fn bare_start(&self, end: usize) -> usize {
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-.[]%$".contains(byte);
        let start = end - self.behind_floor(end).iter().rev().take(KEY_MAX).take_while(is_name).count();
        // Of the characters that a URL escapes, names have brackets only.
        let escapes = self.text[start..end].match_indices('%').map(|(at, _)| start + at);
        let mut other = escapes.filter(|at| {
            let escape = self.text[at + 1..end].trim_start_matches("25");
            !["5b", "5B", "5d", "5D"].iter().any(|bracket| escape.starts_with(bracket))
        });
        other.next_back().map_or(start, |at| (at + 3).min(end))
    }

    /// The secret in the value that begins at `at`.
    fn value(&self, at: usize, key: Key, separator: Separator) -> Option<Span> {
        let telling = key.telling;
        if at >= self.bytes.len() {
            return None;
        }
        if let Some(quote) = self.quote_at(at) {
            let close = self.close(quote, key.quoting);
            return self.span(quote.inside..close, telling);
        }
        if self.reading == Reading::Prose && self.placeholder_at(at) {
            return None;
        }
        let mut scan_from = at;
        if let Some(length) = marker_at(&self.text[at..]) {
            scan_from += length;
        } else if let Some(b'[' | b'{') = self.byte(at) {
            scan_from = self.brackets_end(at);
            if !self.bytes[at..scan_from].iter().any(u8::is_ascii_alphanumeric) {
                return None;
            }
            let end = self.value_end(scan_from, key, separator);
            return Some(Span { range: at..end, rule: telling.rule });
        }
        let bare_end = self.value_end(scan_from, key, separator);
        if scan_from > at && bare_end == scan_from {
            return None;
        }
        let word = &self.text[at..bare_end];
        if self.reading == Reading::Prose && (is_sentence_word(word) || is_placeholder(word)) {
            return None;
        }
        let header = separator.byte == b':' && key.quoting == Quoting::Bare;
        match telling.rule {
            "authorization" => {
                // Schemes are short, and lines need not be.
                match split_scheme(&self.text[at..self.boundary(at + 64)]) {
                    Some((skip, Scheme::Token(rule))) => {
                        let start = at + skip;
                        let marked = marker_at(&self.text[start..]).map_or(start, |length| start + length);
                        let end = self.bare_end(marked, separator);
                        let sentence = self.reading == Reading::Prose && is_sentence_word(&self.text[start..end]);
                        if end == marked && marked > start || sentence || start >= end {
                            return None;
                        }
                        Some(Span { range: start..end, rule })
                    }
                    Some((skip, Scheme::List)) => self.span(at + skip..self.line_end(at, key), telling),
                    None if header => self.span(at..self.line_end(at, key), telling),
                    None => self.span(at..bare_end, telling),
                }
            }
            "cookie" | "passphrase" | "recovery_code" if header => self.span(at..self.line_end(at, key), telling),
            _ => self.span(at..bare_end, telling),
        }
    }

    fn span(&self, range: Range<usize>, telling: Telling) -> Option<Span> {
        let value = &self.text[range.clone()];
        if telling.rule == "authorization"
            && let Some((skip, scheme)) = split_scheme(value)
        {
            let rule = scheme.rule(telling);
            let secret = range.start + skip..range.end;
            let harmless = is_harmless(&self.text[secret.clone()], telling);
            return if harmless { None } else { Some(Span { range: secret, rule }) };
        }
        let placeholder = self.reading == Reading::Prose && is_placeholder(value);
        if is_harmless(value, telling) || placeholder { None } else { Some(Span { range, rule: telling.rule }) }
    }

    /// Whether a placeholder in brackets, which may hold spaces, is all of the value at `at`.
    fn placeholder_at(&self, at: usize) -> bool {
        let head = &self.text[at..self.boundary(at + 64)];
        let brackets = [("{{", "}}"), ("${", "}"), ("{", "}"), ("<", ">")];
        let close = brackets.iter().find(|(open, _)| head.starts_with(open)).map(|(_, close)| close);
        let Some(end) = close.and_then(|close| Some(head.find(close)? + close.len())) else { return false };
        let goes_on = self.byte(at + end).is_some_and(|next| next.is_ascii_alphanumeric());
        is_placeholder(&head[..end]) && !goes_on
    }

    fn quote_at(&self, at: usize) -> Option<Quote> {
        let slashes = self.bytes.get(at..)?.iter().take_while(|byte| **byte == b'\\').count();
        let byte = self.byte(at + slashes).filter(|byte| b"\"'`".contains(byte))?;
        Some(Quote { byte, slashes, inside: at + slashes + 1 })
    }

    /// Where the text inside a quote ends: before the closing quote and its backslashes, or at the end of the text.
    fn close(&self, quote: Quote, key: Quoting) -> usize {
        let mut at = quote.inside;
        while let Some(found) = memchr::memchr(quote.byte, &self.bytes[at..]).map(|found| at + found) {
            let slashes = self.slashes_before(found).min(found - quote.inside);
            let closes = match quote.slashes {
                0 => slashes.is_multiple_of(2),
                escaped => slashes <= escaped,
            };
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
    fn ends_value(&self, at: usize) -> bool {
        let at = self.skip_space(at, Quoting::Quoted);
        match self.byte(at) {
            None | Some(b',' | b'}' | b']' | b'"' | b'\'' | b'\\' | b')' | b';') => true,
            Some(_) => false,
        }
    }

    fn value_end(&self, from: usize, key: Key, separator: Separator) -> usize {
        match (self.reading, key.quoting) {
            (Reading::Broken, Quoting::Quoted) => self.member_end(from),
            _ => self.bare_end(from, separator),
        }
    }

    /// The end of a value without quotes behind a quoted key of broken JSON: what the grammar allows next.
    fn member_end(&self, from: usize) -> usize {
        let mut at = from;
        while at < self.bytes.len() {
            let next = || self.byte(self.skip_space(at + 1, Quoting::Quoted));
            let ends = match self.bytes[at] {
                b',' => next().is_none_or(|next| b"\"'\\{[".contains(&next)),
                b'}' | b']' => next().is_none_or(|next| b",}]\"\\".contains(&next)),
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
    fn bare_end(&self, from: usize, separator: Separator) -> usize {
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
                b'&' => separator.byte != b':' || self.name_follows(at + 1),
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
                b'%' => separator.encoding == Encoding::Percent && self.is_at(at, "%26"),
                byte => byte.is_ascii_whitespace(),
            };
            if ends {
                break;
            }
            at += 1;
        }
        self.boundary(at)
    }

    /// Whether a bare name and a separator follow.
    fn name_follows(&self, at: usize) -> bool {
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-.[]% ".contains(byte);
        let length = self.bytes[at..].iter().take(64).take_while(is_name).count();
        length > 0 && matches!(self.byte(at + length), Some(b'=' | b':'))
    }

    /// The end of the line that `at` is in, or the quote around key and value.
    fn line_end(&self, at: usize, key: Key) -> usize {
        let around = self.before(key.start).filter(|before| b"\"'`".contains(before)).unwrap_or(b'"');
        let mut end = at;
        while let Some(byte) = self.byte(end) {
            let escape = byte == b'\\' && self.reading == Reading::Broken;
            let next_ends = escape && self.byte(end + 1).is_some_and(|next| b"nr\"".contains(&next));
            if byte == around || byte == b'"' || byte == b'\n' || byte == b'\r' || next_ends {
                break;
            }
            end += 1;
        }
        end
    }

    /// The end of the array or object that begins at `at`, quotes in it respected.
    fn brackets_end(&self, at: usize) -> usize {
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

    fn skip_space(&self, at: usize, key: Quoting) -> usize {
        let is_space = |byte: &&u8| match key {
            Quoting::Quoted => byte.is_ascii_whitespace(),
            Quoting::Bare => matches!(byte, b' ' | b'\t'),
        };
        at + self.bytes[at.min(self.bytes.len())..].iter().take_while(is_space).count()
    }

    fn slashes_before(&self, at: usize) -> usize {
        self.behind_floor(at).iter().rev().take_while(|byte| **byte == b'\\').count()
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    fn before(&self, at: usize) -> Option<u8> {
        self.behind_floor(at).last().copied()
    }

    fn behind_floor(&self, at: usize) -> &[u8] {
        &self.bytes[self.floor.min(at)..at]
    }

    fn is_at(&self, at: usize, literal: &str) -> bool {
        self.bytes[at..].get(..literal.len()).is_some_and(|bytes| bytes.eq_ignore_ascii_case(literal.as_bytes()))
    }

    fn boundary(&self, at: usize) -> usize {
        self.text.floor_char_boundary(at)
    }
}

/// What stands between a key and its value.
#[derive(Debug, Clone, Copy)]
struct Separator {
    byte: u8,
    encoding: Encoding,
}

/// An opening quote.
#[derive(Debug, Clone, Copy)]
struct Quote {
    byte: u8,
    /// Backslashes before it: a quote inside a string inside JSON has one.
    slashes: usize,
    inside: usize,
}

/// A name with its `%`-escapes made into separators: `user%5Bpassword%5D`.
fn without_percent(name: &str) -> Cow<'_, str> {
    if !name.contains('%') {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        out.push(' ');
        rest = rest[at + 1..].trim_start_matches("25");
        if rest.len() >= 2 && rest.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit) {
            rest = &rest[2..];
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn is_sentence_word(word: &str) -> bool {
    let word = word.trim_end_matches(|char: char| char.is_ascii_punctuation());
    SENTENCE_WORDS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether a value stands for a secret that is put in elsewhere: `?`, `$1`, `:password`, `${PASSWORD}`, `<password>`.
fn is_placeholder(value: &str) -> bool {
    let value = value.trim_end_matches([',', ';', ')', '.']);
    let name = match value.as_bytes() {
        b"" | b"?" | b"%s" => return true,
        [b'$', b'{', .., b'}'] => &value[2..value.len() - 1],
        [b'{', b'{', .., b'}', b'}'] if value.len() >= 4 => &value[2..value.len() - 2],
        [b'<', .., b'>'] | [b'{', .., b'}'] => &value[1..value.len() - 1],
        [b'$' | b':', ..] => return keys::classify(&value[1..]).is_some() || is_digits(&value[1..]),
        _ => return false,
    };
    name.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_-. ".contains(&byte))
}

fn is_digits(text: &str) -> bool {
    text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `2026-09-14T08:00:00+02:00` and its kin: a date with a time. A date alone may be a password.
fn is_iso_time(text: &str) -> bool {
    let shape = b"0000-00-00T00:00";
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't' | b' '),
        other => byte == other,
    };
    let Some((head, tail)) = text.as_bytes().split_at_checked(shape.len()) else { return false };
    head.iter().zip(shape).all(fits)
        && tail.len() <= 20
        && tail.iter().all(|byte| byte.is_ascii_digit() || b":.,+-Zz ".contains(byte))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::super::detectors::Detectors;
    use super::*;

    fn scrub(text: &str, reading: Reading) -> String {
        let text = unescape(text);
        let mut spans = Vec::new();
        find(&text, reading, &Words::default(), &mut spans);
        redact(&text, &mut spans, &Actions::default())
    }

    #[test]
    fn values_of_telling_keys_in_prose_are_redacted() {
        #[track_caller]
        fn check(text: &str, want: &str) {
            assert_eq!(scrub(text, Reading::Prose), want);
        }
        check("password=hunter2", "password=[REDACTED:password]");
        check("a=1&password=x&b=2", "a=1&password=[REDACTED:password]&b=2");
        check("login=kim&user%5Bpassword%5D=n3w&x=1", "login=kim&user%5Bpassword%5D=[REDACTED:password]&x=1");
        check("user[password]=n3w&x=1", "user[password]=[REDACTED:password]&x=1");
        check("params['password']='n3w'", "params['password']='[REDACTED:password]'");
        check("to=https%3A%2F%2Fa%3Ftoken%3Dabc%26b%3D1", "to=https%3A%2F%2Fa%3Ftoken%3D[REDACTED:token]%26b%3D1");
        check("password: hunter2", "password: [REDACTED:password]");
        check("password : hunter2, user: kim", "password : [REDACTED:password], user: kim");
        check("bind_password=K0ffee_kMVy port=636", "bind_password=[REDACTED:password] port=636");
        check("password=a,b;c!d port=1", "password=[REDACTED:password] port=1");
        check("Server=db;Password=abc;Encrypt=1", "Server=db;Password=[REDACTED:password];Encrypt=1");
        check("User(password=abc, name=kim)", "User(password=[REDACTED:password], name=kim)");
        check("User { password: \"a b\", name: \"kim\" }", "User { password: \"[REDACTED:password]\", name: \"kim\" }");
        check("password: Some(\"a b\"), id: 1", "password: [REDACTED:password]), id: 1");
        check("{'password': 'a b', 'id': 1}", "{'password': '[REDACTED:password]', 'id': 1}");
        check("{:password=>\"a b\", :id=>1}", "{:password=>\"[REDACTED:password]\", :id=>1}");
        check("body {\"password\":\"a\\\"b\"} sent", "body {\"password\":\"[REDACTED:password]\"} sent");
        check("{\\\"password\\\":\\\"a b\\\"}", "{\\\"password\\\":\\\"[REDACTED:password]\\\"}");
        check("\"\\u0070assword\":\"x1\"", "\"password\":\"[REDACTED:password]\"");
        check("API key: abc-123.", "API key: [REDACTED:api_key]");
        check("the session id = abc123", "the session id = [REDACTED:session]");
        check("Authorization: Bearer x", "Authorization: Bearer [REDACTED:bearer]");
        check("Authorization: Basic eDp5 sent", "Authorization: Basic [REDACTED:basic] sent");
        check("Authorization: abc def\nHost: a", "Authorization: [REDACTED:authorization]\nHost: a");
        check("authorization: digest username=\"kim\"", "authorization: digest [REDACTED:authorization]\"kim\"");
        check("Cookie: a=b; c=d\r\nHost: a", "Cookie: [REDACTED:cookie]\r\nHost: a");
        check("curl -H 'Cookie: a=b; c=d' https://a.test", "curl -H 'Cookie: [REDACTED:cookie]' https://a.test");
        check("X-Api-Key: abc", "X-Api-Key: [REDACTED:api_key]");
        check("passphrase: correct horse battery", "passphrase: [REDACTED:passphrase]");
        check("mysql --password=abc -e", "mysql --password=[REDACTED:password] -e");
        check("tool --api-key abc --verbose", "tool --api-key [REDACTED:api_key] --verbose");
        check("<password>a b</password>", "<password>[REDACTED:password]</password>");
        check("//registry.test/:_authToken=abc", "//registry.test/:_authToken=[REDACTED:token]");
        check(
            "otpauth://totp/Dev:kim?secret=IJL&issuer=Dev",
            "otpauth://totp/Dev:kim?secret=[REDACTED:secret]&issuer=Dev",
        );
        check(
            "UPDATE u SET password = 'a b' WHERE id = 1",
            "UPDATE u SET password = '[REDACTED:password]' WHERE id = 1",
        );
        check("password=[REDACTED:password]hunter2", "password=[REDACTED:password]");
        check("password=[REDACTED:hunter2]", "password=[REDACTED:password]");
        check("tokens: abc123", "tokens: [REDACTED:token]");
        check("pass=1234 pin: 9876", "pass=[REDACTED:password] pin: [REDACTED:pin]");
        check("password=\"unterminated and", "password=\"[REDACTED:password]");
    }

    #[test]
    fn prose_about_secrets_stays() {
        #[track_caller]
        fn check(text: &str) {
            assert_eq!(scrub(text, Reading::Prose), text);
        }
        check("the password was reset by support");
        check("token refresh took 40 ms");
        check("Invalid token: expired");
        check("password: must be at least 8 characters");
        check("Authorization: denied for kim");
        check("Authorization: Bearer");
        check("password=");
        check("password=null token=undefined");
        check("max_tokens=4096 input_tokens: 230");
        check("token_count=12&token_type=bearer");
        check("select token_hash from api_tokens where id = ?");
        check("UPDATE u SET password = ? WHERE token = $1 AND secret = :secret");
        check("password=${DB_PASSWORD} token={{ token }} secret=<your secret>");
        check("App\\Auth\\Token::create()");
        check("https://dev.test/forgot-password?lang=de");
        check("app/http/AuthTokenController.php:41");
        check("author: kim, monkey=1, keyboard: de");
        check("token at: 2026-09-14T08:00:00Z");
        check("token=2026-09-14T08:00:00+02:00");
        check("password: ********");
        check("password=[REDACTED:password], next");
        check("Authorization: Bearer [REDACTED:bearer]");
        check("[REDACTED:jwt]: malformed-by=kim");
        check("if (password != confirmation) fail");
    }

    #[test]
    fn broken_json_keeps_no_value_of_a_telling_key() {
        #[track_caller]
        fn check(text: &str, want: &str) {
            assert_eq!(scrub(text, Reading::Broken), want);
        }
        check(r#"{"event_key":"x","password":"hunter2"#, r#"{"event_key":"x","password":"[REDACTED:password]"#);
        check(r#"{"password":"hunter2","#, r#"{"password":"[REDACTED:password]","#);
        check(r#"{"password" : 12345,"a":1"#, r#"{"password" : [REDACTED:password],"a":1"#);
        check(r#"{"password":hunter 2!, "a":1"#, r#"{"password":[REDACTED:password], "a":1"#);
        check(r#"{"password":"hun"ter2","a":1}"#, r#"{"password":"[REDACTED:password]","a":1}"#);
        check(r#"{"\u0070assword":"x""#, r#"{"password":"[REDACTED:password]""#);
        check(r#"{'password':'x','a':1"#, r#"{'password':'[REDACTED:password]','a':1"#);
        check(r#"{password:x,a:1"#, r#"{password:[REDACTED:password],a:1"#);
        check(r#"{"password" "x","a":1"#, r#"{"password" "[REDACTED:password]","a":1"#);
        check(r#"{"password","x"}"#, r#"{"password","[REDACTED:password]"}"#);
        check(r#"[["Cookie","a=b; c"],["Via","1"]"#, r#"[["Cookie","[REDACTED:cookie]"],["Via","1"]"#);
        check(r#"{"name":"password","value":"x y","a"#, r#"{"name":"password","value":"[REDACTED:password]","a"#);
        check(r#"{"fields":"password","other":"x","a"#, r#"{"fields":"password","other":"x","a"#);
        check(r#"{"credentials":{"a":"x","b":["y"]},"c":1"#, r#"{"credentials":[REDACTED:credential],"c":1"#);
        check(r#"{"credentials":{"a":"}","b":"#, r#"{"credentials":[REDACTED:credential]"#);
        check(r#"{"body":"{\"password\":\"a b\"}","a":1"#, r#"{"body":"{\"password\":\"[REDACTED:password]\"}","a":1"#);
        check(
            r#"{"body":"{\u0022password\u0022:\u0022a b\u0022}","a":1"#,
            r#"{"body":"{\"password\":\"[REDACTED:password]\"}","a":1"#,
        );
        check(r#"{"q":"a\u0026token\u003dabc\u0026b","#, r#"{"q":"a&token=[REDACTED:token]&b","#);
        check(r#"{"log":"password=abc\nnext","#, r#"{"log":"password=[REDACTED:password]\nnext","#);
        check(r#"{"h":"Cookie: a=b; c=d\r\nVia: 1","#, r#"{"h":"Cookie: [REDACTED:cookie]\r\nVia: 1","#);
        check(r#"{"Authorization":"Bearer abc","#, r#"{"Authorization":"Bearer [REDACTED:bearer]","#);
        check("password: expired", "password: [REDACTED:password]");
        check(r#"{"password":"[REDACTED:password]","a":"#, r#"{"password":"[REDACTED:password]","a":"#);
        check(
            r#"{"password":null,"token":true,"a":"#,
            r#"{"password":[REDACTED:password],"token":[REDACTED:token],"a":"#,
        );
        check(r#"{"max_tokens":5,"a":"#, r#"{"max_tokens":5,"a":"#);
    }

    #[test]
    fn the_last_token_of_a_cut_text_goes() {
        #[track_caller]
        fn check(text: &str, want: &str) {
            assert_eq!(without_last_token(text), want);
        }
        check(r#"{"a":"x","b":"eyJhbG"#, r#"{"a":"x","b":""#);
        check("a b", "a ");
        check("abc", "");
        check("", "");
        check("a=1&tok=ab", "a=1&");
    }

    #[test]
    fn escapes_that_hide_letters_are_undone() {
        #[track_caller]
        fn check(text: &str, want: &str) {
            assert_eq!(unescape(text), want);
        }
        check(r"\u0070ass", "pass");
        check(r"\\u0070ass", "pass");
        check(r"\u0022\u005c\u000a\u00e9", r#"\"\\\u000a\u00e9"#);
        check(r":\/\/", "://");
        check(r"\n\\ \u12 \", r"\n\\ \u12 \");
    }

    fn near_secret() -> impl Strategy<Value = String> {
        let parts = prop::sample::select(vec![
            "password",
            "token",
            "max_tokens",
            "Cookie",
            "Authorization",
            "Bearer ",
            "api key",
            "--secret",
            "name",
            "value",
            "=",
            ":",
            ": ",
            "=>",
            "%3D",
            "%26",
            "&",
            ",",
            ", ",
            ";",
            "{",
            "}",
            "[",
            "]",
            "(",
            ")",
            "<",
            ">",
            "</",
            "\"",
            "'",
            "\\\"",
            "\\",
            "\\u0070",
            "\\n",
            "\n",
            " ",
            "x1",
            "abc",
            "12",
            "é",
            "expired",
            "null",
            "Some(",
            "[REDACTED:password]",
            "[REDACTED:token]",
            "[REDACTED:",
            "passphrase",
            "?",
            "$1",
            "-",
        ]);
        prop::collection::vec(parts, 0..14).prop_map(|parts| parts.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn scrubbing_text_twice_changes_nothing(text in near_secret(), broken in any::<bool>()) {
            static DETECTORS: LazyLock<Detectors> = LazyLock::new(Detectors::new);
            let reading = if broken { Reading::Broken } else { Reading::Prose };
            if let Some((once, _)) = DETECTORS.redact(&text, reading) {
                prop_assert_eq!(DETECTORS.redact(&once, reading), None, "{}", once);
            }
        }

        #[test]
        fn spans_are_ordered_ranges_of_the_text(text in near_secret(), broken in any::<bool>()) {
            let mut spans = Vec::new();
            find(&text, if broken { Reading::Broken } else { Reading::Prose }, &Words::default(), &mut spans);
            for span in &spans {
                prop_assert!(!text[span.range.clone()].is_empty());
            }
            prop_assert!(spans.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start));
        }

        #[test]
        fn what_stands_before_a_cut_stays(text in any::<String>()) {
            prop_assert!(text.starts_with(without_last_token(&text)));
        }
    }
}
