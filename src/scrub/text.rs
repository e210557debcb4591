//! Telling keys in text that is no JSON, or no longer: `key=value`, `key: value`, query strings, header lines, command
//! lines, tags, broken JSON.
//!
//! The scan stops at everything that can stand between a key and its value, looks back for the key and, if the key is
//! telling, ahead for the end of the value.
//!
//! What is `%`-encoded is decoded, up to twice, and searched again.
//!
//! Invariant: looking back is bounded and values do not overlap, so the time is linear.
//! Invariant: a value that is one of our markers is left as it is, so that scrubbing twice changes nothing.

pub mod bindings;
pub mod commands;
mod forms;
mod prose;
mod references;
mod statements;
mod tables;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::ops::Range;

use self::commands::Lines;
use self::forms::{is_digits, is_harmless, is_plain_cookie, is_regex};
pub use self::forms::{
    is_example, is_full_name, is_iso_date, is_mask, is_placeholder, is_random, is_secret_number, is_sentence_word,
    is_uuid,
};
pub use self::prose::is_spoken_password;
use super::actions::Actions;
use super::frame::{NAME_KEYS, VALUE_KEYS};
use super::keys::{self, Form, Numbers, Telling};
use super::markers::{Kind, TOO_MANY, marker_at};
use super::own::Words;

/// A secret in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Where it stands, in bytes.
    pub range: Range<usize>,
    /// The rule that found it.
    pub rule: &'static str,
}

/// The most secrets that are taken out of one text one by one.
///
/// A marker may be longer than its secret, and each secret costs some looking around, so without a bound a hostile line
/// could take long and grow much.
pub const SECRETS_MAX: usize = 1000;

/// How many values under telling keys are looked at in one text: most of the cost of a text that is full of them.
const LOOKS_MAX: usize = 5000;

/// Makes one secret of all that begins with the one beyond [`SECRETS_MAX`].
///
/// Rules stop looking once there are so many, and so one may not have seen what stands before the bound. What it missed is
/// found when the text is scrubbed again, which goes on until nothing is found.
pub fn bound(text: &str, spans: &mut Vec<Span>) {
    if spans.len() > SECRETS_MAX {
        spans.sort_by_key(|span| span.range.start);
        spans.truncate(SECRETS_MAX + 1);
        spans[SECRETS_MAX].range.end = text.len();
        spans[SECRETS_MAX].rule = TOO_MANY;
    }
}

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// A whole string that a program wrote: `token: expired` is a sentence, not a secret.
    Prose,
    /// JSON that cannot be parsed, in whole or in part: what may be a secret is one.
    Broken,
}

/// Keys that are telling in a URL if the value looks it.
const URL_KEYS: &[(&str, &str)] = &[
    ("key", "api_key"),
    ("sig", "token"),
    ("signature", "token"),
    ("ticket", "token"),
    ("auth", "token"),
    ("t", "token"),
    ("hmac", "token"),
    ("hash", "token"),
];

/// Elements whose attribute names their content.
const NAMED_TAGS: &[&str] =
    &["arg", "entry", "env", "item", "param", "parameter", "prop", "property", "setting", "string"];

/// Types of texts in programs.
const TEXT_TYPES: &[&str] =
    &["str", "string", "String", "text", "Text", "NSString", "CharSequence", "char", "varchar", "any", "Any"];

/// Flags with one hyphen are no longer than this if they have letters for a name, and not words, in bytes.
const SHORT_FLAG_MAX: usize = 5;

/// What stands before a value and is no part of it.
const WRAPS: &[&str] = &[
    "[]string{",
    "[]interface {}{",
    "[]any{",
    "<<",
    "<code>",
    "<b>",
    "<strong>",
    "<em>",
    "<td>",
    "<span>",
    "<tt>",
    "<kbd>",
    "!!str ",
    "!str ",
    "!!python/str ",
    "!!python/unicode ",
];

/// How far a name and its value stand apart, in bytes.
const BESIDE_MAX: usize = 96;

/// Personal data are no longer than this where nothing delimits them, in bytes.
const PERSON_MAX: usize = 256;

/// Keys are looked for this far back, in bytes.
const KEY_MAX: usize = 256;

/// What texts have one of in which [`find`] finds secrets, lower-case: patterns of the raw-line gate.
pub fn gate_words() -> keys::Gate {
    let keys::Gate { anywhere, alone } = keys::gate_words();
    let words = anywhere.into_iter().chain(prose::GATE_WORDS.iter().copied()).chain(commands::gate_words());
    keys::Gate { anywhere: keys::shortest(words.chain(keys::foreign::gate_words()).collect()), alone }
}

/// Whether letters of a keyword may hide behind `%`-escapes: `%70assword=…`.
pub fn hides_letters(text: &str) -> bool {
    memchr::memchr_iter(b'%', text.as_bytes()).any(|at| {
        let escape = text[at + 1..].trim_start_matches("25").as_bytes();
        matches!(escape, [b'4'..=b'7', low, ..] if low.is_ascii_hexdigit())
    })
}

/// Appends the secrets in `text` that something beside them tells of, in their order.
pub fn find(text: &str, reading: Reading, words: &Words, spans: &mut Vec<Span>) {
    let first = spans.len();
    scan(text, reading, words, spans);
    let mut decoded = Decoded::whole(text);
    for _ in 0..PERCENT_LEVELS {
        let Some(next) = decoded.next() else { break };
        let mut found = Vec::new();
        scan(&next.text, reading, words, &mut found);
        spans.extend(found.into_iter().map(|span| Span { range: next.range(span.range), ..span }));
        decoded = next;
    }
    if let Some(plain) = Decoded::unmarked(text) {
        let mut found = Vec::new();
        scan(&plain.text, reading, words, &mut found);
        spans.extend(found.into_iter().map(|span| Span { range: plain.range(span.range), ..span }));
    }
    tables::find(text, words, spans);
    statements::written(text, words, spans);
    bindings::find(text, words, spans);
    let mut new = spans.split_off(first);
    merge(&mut new);
    spans.extend(new);
}

/// A URL in a URL in a URL is as deep as anybody nests them.
const PERCENT_LEVELS: usize = 2;

/// Appends the secrets in a text that stands under a telling key: mostly all of it.
pub fn find_under(value: &str, telling: Telling, words: &Words, spans: &mut Vec<Span>) {
    let scan = Scan::new(value, Reading::Prose, words);
    match telling.form {
        Form::Behind(start) => {
            spans.extend(scan.span(usize::from(start)..value.len(), Telling { form: Form::Any, ..telling }));
        }
        _ if telling.rule == "cookie" && scan.cookies(0, b'"', telling, spans) => {}
        _ if references::of_reference(value, telling).is_some_and(|secret| {
            spans.extend(secret);
            true
        }) => {}
        Form::Any if telling.rule == "credential" && own_secrets(value, words, spans) => {}
        // A sentence about an address, which is found by its form: `The email kim@dev.test has already been taken.`
        Form::Email if value.split_ascii_whitespace().nth(4).is_some() && !value.contains(['<', ',']) => {}
        _ => spans.extend(scan.span(0..value.len(), telling)),
    }
}

/// Appends the secrets of a block of settings, which say themselves what is one: `app.terraform.io { token = "…" }`.
/// `false` if it is none.
fn own_secrets(value: &str, words: &Words, spans: &mut Vec<Span>) -> bool {
    if value.len() > KEY_MAX || !value.contains('{') || !value.contains(['=', ':']) {
        return false;
    }
    let mut found = Vec::new();
    scan(value, Reading::Prose, words, &mut found);
    merge(&mut found);
    let mut rest = value.to_owned();
    for span in found.iter().rev() {
        rest.replace_range(span.range.clone(), " ");
    }
    let marked = super::markers::without_markers(&rest);
    let left = marked.split(|char: char| char.is_whitespace() || "\"'{}=:,".contains(char));
    let clean = left.into_iter().all(|word| !is_random(word, 12));
    let any = !found.is_empty() || marked.len() < rest.len();
    if any && clean {
        spans.append(&mut found);
    }
    any && clean
}

fn scan(text: &str, reading: Reading, words: &Words, spans: &mut Vec<Span>) {
    let mut scan = Scan::new(text, reading, words);
    // What stands on command lines is found from the name of the program on, and so ahead of the scan.
    let mut commands = Vec::new();
    let mut at = 0;
    let most = spans.len() + SECRETS_MAX;
    while at < scan.bytes.len() && spans.len() <= most {
        if scan.looks.get() > LOOKS_MAX {
            spans.push(Span { range: text.floor_char_boundary(at)..text.len(), rule: TOO_MANY });
            break;
        }
        // A flag has a blank or a mark before it; most hyphens stand in words, ids and rulers.
        let joined =
            scan.bytes[at] == b'-' && scan.before(at).is_some_and(|byte| byte == b'-' || byte.is_ascii_alphanumeric());
        if joined || !IS_TELLING[usize::from(scan.bytes[at])] {
            at += 1;
            continue;
        }
        if scan.bytes[at] == b'['
            && let Some(length) = marker_at(&text[at..])
        {
            at += length;
            scan.floor = at;
            continue;
        }
        let known = spans.len();
        let span = match scan.bytes[at] {
            b'=' => {
                scan.after_columns(at, spans);
                scan.after_separator(at, spans)
                    .or_else(|| scan.after_binding(at))
                    .or_else(|| scan.after_set_password(at))
            }
            b':' => {
                let spaced =
                    scan.byte(at + 1).is_some_and(|next| next.is_ascii_whitespace()) || scan.is_random_ahead(at + 1);
                scan.after_separator(at, spans).or_else(|| {
                    let none = spans.len() > known || !spaced || scan.is_empty_field(at);
                    if none { None } else { scan.after_word(at) }
                })
            }
            b' ' => {
                scan.after_program(at, &mut commands);
                scan.after_password_from(at, spans);
                scan.after_command(at)
                    .or_else(|| scan.after_word(at))
                    .or_else(|| scan.after_setting(at))
                    .or_else(|| scan.after_credentials(at))
                    .or_else(|| scan.before_sentence(at))
                    .or_else(|| scan.before_as(at))
            }
            b';' => scan.after_serialized(at),
            b'(' => {
                scan.after_call(at, spans);
                None
            }
            b'/' => scan.after_segment(at),
            b'>' if scan.before(at) == Some(b'-') => scan.after_arrow(at, spans),
            b'>' => scan.after_tag(at),
            b'-' => scan.after_flag(at, spans),
            b'i' | b'I' if scan.is_at(at, "identified ") => scan.after_identified(at, spans),
            b'\t' => scan.after_tab(at),
            b'\0' => scan.after_nul(at),
            b',' if reading == Reading::Prose => scan.after_tuple_name(at).or_else(|| scan.in_pair(at)),
            b',' if reading == Reading::Broken => {
                scan.after_quoted(at, spans).or_else(|| if spans.len() > known { None } else { scan.in_pair(at) })
            }
            b'"' | b'\'' if reading == Reading::Broken => scan.after_quoted(at, spans),
            _ => None,
        };
        spans.extend(span);
        at = match spans.get(known..).and_then(<[Span]>::last) {
            Some(span) => {
                scan.floor = span.range.end;
                scan.floor
            }
            None => scan.resume.get().max(at + 1),
        };
    }
    spans.extend(commands);
}

/// The bytes at which a secret may show by what stands before: most bytes of a text are letters, and no such byte.
const IS_TELLING: [bool; 256] = {
    let mut is = [false; 256];
    let marks = b"=: ;(/>-iI\t\0,\"'[";
    let mut at = 0;
    while at < marks.len() {
        is[marks[at] as usize] = true;
        at += 1;
    }
    is
};

/// Replaces every span by what its action leaves. Spans that overlap are one secret.
pub fn redact(text: &str, spans: &mut Vec<Span>, actions: &Actions) -> String {
    merge(spans);
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

/// Sorts spans, and makes one of those that overlap.
fn merge(spans: &mut Vec<Span>) {
    spans.sort_by_key(|span| (span.range.start, usize::MAX - span.range.end));
    spans.dedup_by(|next, kept| {
        let overlaps = next.range.start < kept.range.end;
        if overlaps {
            kept.range.end = kept.range.end.max(next.range.end);
        }
        overlaps
    });
}

/// A text with its `%`-escapes undone, and where each of its bytes was.
struct Decoded<'a> {
    text: Cow<'a, str>,
    /// For each byte of the text, and for its end, the place in the text that was written; empty for that text itself.
    places: Vec<u32>,
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

impl<'a> Decoded<'a> {
    fn whole(text: &'a str) -> Self {
        Decoded { text: Cow::Borrowed(text), places: Vec::new() }
    }

    fn place(&self, at: usize) -> u32 {
        if self.places.is_empty() { u32::try_from(at).unwrap_or(u32::MAX) } else { self.places[at] }
    }

    /// The text with one more level of escapes undone, if it has any.
    fn next(&self) -> Option<Decoded<'static>> {
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
    fn unmarked(text: &str) -> Option<Decoded<'static>> {
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
    fn range(&self, range: Range<usize>) -> Range<usize> {
        self.place(range.start) as usize..self.place(range.end) as usize
    }
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

/// Whether a text begins as JSON does and does not end so: its writer did not get to the end.
pub fn is_cut_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && !text.trim_end().ends_with(['}', ']', '"'])
}

/// The part of a text that was cut off somewhere that is sure to hold whole tokens only.
pub fn without_last_token(text: &str) -> &str {
    let delimiter = |char: char| char.is_whitespace() || "\"'`,;&{}[]()<>".contains(char);
    let end = text.char_indices().rev().find(|(_, char)| delimiter(*char)).map_or(0, |(at, char)| at + char.len_utf8());
    &text[..end]
}

/// Whether a text is the name of a scheme of HTTP authentication.
fn is_scheme(text: &str) -> bool {
    SCHEMES.iter().any(|(name, _)| name.eq_ignore_ascii_case(text))
}

/// Splits the value of an `Authorization` header behind its scheme: where the credentials begin, and their rule.
fn split_scheme(value: &str) -> Option<(usize, Scheme)> {
    let end = value.find(' ')?;
    let (_, scheme) = SCHEMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(&value[..end]))?;
    let start = end + value[end..].len() - value[end..].trim_start_matches(' ').len();
    Some((start, *scheme))
}

/// How a scheme of HTTP authentication writes its credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scheme {
    /// As one token, for which there is a rule.
    Token(&'static str),
    /// As a list, to the end of the line.
    List,
}

impl Scheme {
    /// The rule for the credentials behind the scheme's name.
    fn rule(self, telling: Telling) -> &'static str {
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

/// Cookies that everybody may see, or the starts of their names.
#[rustfmt::skip]
const HARMLESS_COOKIES: &[&str] = &[
    "_ga", "_gid", "_gat", "_gcl", "_fbp", "_hj", "_pk_", "_uet", "__utm", "ajs_", "amp_", "consent", "cookieconsent", "cookie_consent", "country", "currency",
    "darkmode", "dark_mode", "euconsent", "hubspotutk", "lang", "language", "locale", "mp_", "optanon", "optimizely", "seen", "theme", "timezone", "tz", "utm_", ".aspnetcore.culture",
];

/// Parts of names of cookies that tell of a secret, besides telling words.
const COOKIE_WORDS: &[&str] = &["sess", "sid", "auth", "remember", "logged", "login", "identity", "ticket"];

/// What stands in `Set-Cookie` beside the cookie.
const COOKIE_ATTRIBUTES: &[&str] =
    &["expires", "max-age", "domain", "path", "samesite", "priority", "version", "comment"];

/// Whether a cookie of this name is no secret.
pub fn is_harmless_cookie(name: &str) -> bool {
    let starts = |known: &str| name.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known));
    HARMLESS_COOKIES.iter().any(|known| starts(known)) && !is_telling_cookie(name)
}

fn is_telling_cookie(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    // Every cookie is one, and those that say so mostly keep whether cookies are wanted: `cookie_notice=1`.
    keys::classify(name).is_some_and(|telling| telling.rule != "cookie")
        || COOKIE_WORDS.iter().any(|word| lower.contains(word))
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

#[derive(Debug, Clone)]
struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    reading: Reading,
    words: &'a Words,
    /// No key is looked for before this place: the end of the last secret or marker. What a secret looks like must not
    /// matter for what follows, since a marker will stand there.
    floor: usize,
    /// What lies before this place has been looked at.
    resume: Cell<usize>,
    /// How many values were looked at.
    looks: Cell<usize>,
    /// The word that was asked for last: the floor and its end, and its start.
    word: Cell<((usize, usize), usize)>,
    /// The command lines that were read last.
    lines: RefCell<Lines>,
    /// Words that were asked for last, each in a place that its letters choose: a text repeats its words, and to know one
    /// takes longer than to see it again.
    asked: RefCell<[Option<Asked<'a>>; ASKED]>,
}

/// A word, and what it says by itself.
type Asked<'a> = (&'a str, Option<Telling>);

/// How many words are remembered.
const ASKED: usize = 16;

impl<'a> Scan<'a> {
    fn new(text: &'a str, reading: Reading, words: &'a Words) -> Self {
        Scan {
            text,
            bytes: text.as_bytes(),
            reading,
            words,
            floor: 0,
            resume: Cell::new(0),
            looks: Cell::new(0),
            word: Cell::new(((0, 0), 0)),
            lines: RefCell::default(),
            asked: RefCell::default(),
        }
    }

    /// The class of a key or word.
    fn classify(&self, word: &'a str) -> Option<Telling> {
        let (Some(first), Some(last)) = (word.as_bytes().first(), word.as_bytes().last()) else { return None };
        let place = (usize::from(*first) + 3 * usize::from(*last) + 5 * word.len()) % ASKED;
        if let Some((known, telling)) = self.asked.borrow()[place]
            && known == word
        {
            return telling;
        }
        let telling = self.words.classify(word);
        self.asked.borrow_mut()[place] = Some((word, telling));
        telling
    }

    /// The value behind the separator at `start`, if the key before it is telling.
    fn after_separator(&self, start: usize, spans: &mut Vec<Span>) -> Option<Span> {
        let separator = self.bytes[start];
        let double_colon =
            separator == b':' && (self.byte(start + 1) == Some(b':') || self.before(start) == Some(b':'));
        // `userPassword:: base64`
        let encoded =
            self.is_at(start, ":: ") && self.before(start).is_some_and(|before| before.is_ascii_alphanumeric());
        if double_colon && !encoded || self.is_at(start, "://") || separator == b':' && self.is_visibility(start + 1) {
            return None;
        }
        let mut at = start + 1 + usize::from(encoded);
        while let Some(b'=' | b'>' | b'~') = self.byte(at) {
            at += 1;
        }
        let name_end = if separator == b'=' { self.operator_start(start) } else { start };
        let key = self.key_before(name_end).or_else(|| self.typed_key(name_end, separator));
        let Some(key) = key else { return self.after_name(start, at) };
        if self.is_verb(key, start) {
            return None;
        }
        if let Some(open) = self.reference_around(key.start)
            && let Some(secret) = self.reference(open, key.telling)
        {
            return secret;
        }
        if separator == b':'
            && let Some(end) = self.userinfo_end(key.start, at)
        {
            return self.span(at..end, Telling { form: Form::Any, ..key.telling });
        }
        let chain = separator == b':' && key.quoting == Quoting::Bare && self.before(key.start) == Some(b':');
        if chain && self.byte(at).is_some_and(|next| !next.is_ascii_whitespace()) {
            // `arn:aws:secretsmanager:…:secret:name`
            return None;
        }
        let at = self.skip_space(at, key.quoting);
        if let Some(value) = self.typed(at) {
            return self.value(value, key, separator, spans);
        }
        if let Some(pair) = self.basic_pair(at, key) {
            return self.span(pair, Telling { rule: "password", form: Form::Any, ..key.telling });
        }
        if let Some(block) = self.block(at, key) {
            return self.span(block, key.telling);
        }
        self.value(at, key, separator, spans)
    }

    /// Whether the key that ends at `end` is what something did: `2 checks did not pass: seo`.
    fn is_verb(&self, key: Key, end: usize) -> bool {
        let verbs = ["not", "to", "did", "must", "should", "could", "cannot", "may", "tests", "checks"];
        self.text[key.start..end].eq_ignore_ascii_case("pass")
            && verbs.iter().any(|verb| verb.eq_ignore_ascii_case(self.word_before(key.start)))
    }

    /// Whether PHP says at `at` who sees a field, whose value comes later: `["password":protected]=> "x"`,
    /// `["password":"App\User":private]=> "x"`.
    fn is_visibility(&self, at: usize) -> bool {
        let rest = &self.text[at..self.boundary(at + BESIDE_MAX)];
        let class = rest.strip_prefix('"').and_then(|rest| rest.split_once("\":"));
        let rest = class.map_or(rest, |(_, rest)| rest);
        ["protected]", "private]"].iter().any(|visibility| rest.starts_with(visibility))
    }

    /// Whether something long and random stands at `at`: `session:4Hxqyxs5…`.
    fn is_random_ahead(&self, at: usize) -> bool {
        let length = self.bytes[at..].iter().take(128).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        is_random(&self.text[at..at + length], 24)
    }

    /// The second of the name and the password at `at`: `auth=('kim', 'secret')`.
    fn basic_pair(&self, at: usize, key: Key) -> Option<Range<usize>> {
        let name = &self.text[key.start..self.boundary(key.start + BESIDE_MAX)];
        let known = ["auth", "basic_auth", "http_auth", "proxy_auth", "credentials", "creds", "login"];
        let takes = known.iter().any(|known| {
            name.strip_prefix(known)
                .is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_'))
        });
        if !takes || !self.byte(at).is_some_and(|open| b"([".contains(&open)) {
            return None;
        }
        let (mut second, mut count) = (None, 0);
        self.arguments(at + 1, |index, quoted, range| {
            count = index + 1;
            if index == 1 && quoted {
                second = Some(range);
            }
        })?;
        let shaped = |range: &Range<usize>| {
            let value = &self.text[range.clone()];
            is_spoken_password(value, true) || is_random(value, 12)
        };
        second.filter(|range| count == 2 && shaped(range))
    }

    /// Where the operator begins that ends in the `=` at `equals`: `?=`, `.=`, `::=`, but no comparison.
    fn operator_start(&self, equals: usize) -> usize {
        equals - self.run_before(equals, 3, |byte| b":?.+|&".contains(&byte))
    }

    /// The telling key before a type and the `=` at `end`: `var token string = …`, `token: &str = …`.
    fn typed_key(&self, end: usize, separator: u8) -> Option<Key> {
        let behind = |at: usize, is: fn(&u8) -> bool| at - self.run_before(at, 16, |byte| is(&byte));
        let end = behind(end, |byte| *byte == b' ');
        let start = behind(end, |byte| byte.is_ascii_alphanumeric() || b"_?".contains(byte));
        let is_type = TEXT_TYPES.contains(&self.text[start..end].trim_end_matches('?'));
        let name_end = behind(start, |byte| b" :&".contains(byte));
        // One word behind the other, as programs are written, and no sentence.
        (separator == b'=' && is_type && name_end < start).then(|| self.key_before(name_end))?
    }

    /// What stands beside a name that is a value itself: `name="password" value="x"`, or in YAML, or in a form's part.
    fn after_name(&self, separator: usize, at: usize) -> Option<Span> {
        let end = separator - self.run_before(separator, 4, |byte| byte == b' ');
        let start = self.bare_start(end);
        let is_one_of = |keys: &[&str], name: &str| keys.iter().any(|known| known.eq_ignore_ascii_case(name));
        let key = &self.text[start..end];
        let key = key.rsplit('.').next().unwrap_or_default();
        if let Some(field) = key.strip_suffix("Label").filter(|field| !field.is_empty()) {
            return self.labelled(field, at);
        }
        if matches!(key, "default" | "value")
            && let Some(telling) = self.block_name(start)
        {
            let quote = self.quote_at(self.skip_space(at, Quoting::Bare))?;
            return self.span(quote.inside..self.close_near(quote)?, telling);
        }
        if key == "value"
            && let Some(telling) = self.element_name(start)
        {
            let quote = self.quote_at(self.skip_space(at, Quoting::Bare))?;
            return self.span(quote.inside..self.close_near(quote)?, telling);
        }
        let (is_name, is_value) = (is_one_of(NAME_KEYS, key), is_one_of(VALUE_KEYS, key));
        if !is_name && !is_value {
            return None;
        }
        let value = self.skip_space(at, Quoting::Bare);
        let (inside, close) = self.near_value(value)?;
        let named = if is_name { Some(self.classify(&self.text[inside..close])?) } else { None };
        let window = &self.text[close..self.boundary(close + BESIDE_MAX)];
        let window = &window[..window.find(['<', '>']).unwrap_or(window.len())];
        if let Some(telling) = named {
            let part = window.trim_start_matches(['"', '\'']);
            if let Some(body) = ["\r\n\r\n", "\n\n"].iter().find(|gap| part.starts_with(**gap)) {
                let from = close + (window.len() - part.len()) + body.len();
                let length = memchr::memchr2(b'\r', b'\n', &self.bytes[from..]).unwrap_or(self.bytes.len() - from);
                return self.span(from..from + length, telling);
            }
            let (from, to) = self.attribute(close, window, VALUE_KEYS)?;
            return self.span(from..to, telling);
        }
        let (from, to) = self.attribute(close, window, &["name"])?;
        if !self.text[..start].ends_with(' ') || self.reading == Reading::Broken {
            return None;
        }
        self.span(inside..close, self.classify(&self.text[from..to])?)
    }

    /// The class of the name of the block that `at` is in: `variable "db_password" { default = … }`.
    fn block_name(&self, at: usize) -> Option<Telling> {
        let from = self.text.ceil_char_boundary(at.saturating_sub(2 * BESIDE_MAX).max(self.floor.min(at)));
        let before = &self.text[from.min(at)..at];
        let open = before.rfind('{').filter(|open| !before[*open..].contains('}'))?;
        let name = before[..open].trim_end().strip_suffix('"')?;
        self.words.classify(&name[name.rfind('"')? + 1..])
    }

    /// The class of the name of the element whose first attribute begins at `at`: `<password value="secret"/>`.
    fn element_name(&self, at: usize) -> Option<Telling> {
        let end = at.checked_sub(1).filter(|end| *end >= self.floor && self.bytes[*end] == b' ')?;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
        let start = end - self.run_before(end, BESIDE_MAX, is_name);
        if self.before(start) == Some(b'<') { self.classify(&self.text[start..end]) } else { None }
    }

    /// The value of a field that a label beside it names: `cs1Label=password cs1=secret`. The label begins at `at`.
    fn labelled(&self, field: &str, at: usize) -> Option<Span> {
        let (inside, close) = self.near_value(at)?;
        let telling = self.classify(&self.text[inside..close])?;
        let window = &self.text[close..self.boundary(close + BESIDE_MAX)];
        let (from, to) = self.attribute(close, window, &[field])?;
        self.span(from..to, telling)
    }

    /// The first value in `window`, which begins at `start`, under one of `names`.
    fn attribute(&self, start: usize, window: &str, names: &[&str]) -> Option<(usize, usize)> {
        for (at, _) in window.match_indices(['=', ':']) {
            let key = window[..at].trim_end_matches([' ', '"', '\'']);
            let key = key.rsplit(|char: char| !char.is_ascii_alphanumeric()).next().unwrap_or_default();
            if names.iter().any(|name| name.eq_ignore_ascii_case(key)) {
                return self.near_value(self.skip_space(start + at + 1, Quoting::Bare));
            }
            if NAME_KEYS.iter().any(|name| name.eq_ignore_ascii_case(key)) {
                return None;
            }
        }
        None
    }

    /// The inside of the quotes at `at`, or the bare word there, if it is short.
    fn near_value(&self, at: usize) -> Option<(usize, usize)> {
        let (inside, ends): (usize, &[u8]) = match self.quote_at(at) {
            Some(quote) => (quote.inside, &[quote.byte, b'\\']),
            None => (at, b" \t\r\n,;&}<>\"'"),
        };
        let length = self.bytes.get(inside..)?.iter().take(BESIDE_MAX).take_while(|byte| !ends.contains(byte)).count();
        let end = inside + length;
        (length > 0 && self.text.is_char_boundary(end)).then_some((inside, end))
    }

    /// Where the value behind a type or a mark begins: PHP's `string(8) `, Go's `[]string{`, `<code>`.
    fn typed(&self, at: usize) -> Option<usize> {
        let at = self.skip_space(at, Quoting::Quoted);
        if let Some(wrap) = WRAPS.iter().find(|wrap| self.is_at(at, wrap)) {
            return Some(at + wrap.len());
        }
        let digits = |from: usize| self.bytes[from..].iter().take(8).take_while(|byte| byte.is_ascii_digit()).count();
        let open = at + "string(".len();
        if self.is_at(at, "string '") {
            return Some(at + "string ".len());
        }
        let close = if self.is_at(at, "string(") { open + digits(open) } else { return None };
        (self.is_at(close, ") ") && self.quote_at(close + 2).is_some()).then_some(close + 2)
    }

    /// `s:8:"password";s:6:"secret";`
    fn after_serialized(&self, at: usize) -> Option<Span> {
        let digits = self.bytes[at..].iter().skip(3).take(8).take_while(|byte| byte.is_ascii_digit()).count();
        let open = at + 3 + digits;
        if !self.is_at(at, ";s:") || digits == 0 || !self.is_at(open, ":") || self.before(at) != Some(b'"') {
            return None;
        }
        let telling = self.quoted_key(at - 1, b'"')?.telling;
        let quote = self.quote_at(open + 1)?;
        self.span(quote.inside..self.close(quote, Quoting::Bare), telling)
    }

    /// A block of YAML below its key: `password: |`.
    fn block(&self, at: usize, key: Key) -> Option<Range<usize>> {
        let mark = self.bytes[at..].iter().take(3).take_while(|byte| b"|>-+".contains(byte)).count();
        let opens = mark > 0 && key.quoting == Quoting::Bare && self.byte(at + mark) == Some(b'\n');
        if !opens || !b"|>".contains(&self.bytes[at]) {
            return None;
        }
        let indent = self.bytes[at + mark + 1..].iter().take(64).take_while(|byte| **byte == b' ').count();
        let from = at + mark + 1 + indent;
        let length = memchr::memchr(b'\n', &self.bytes[from..]).unwrap_or(self.bytes.len() - from);
        (indent > 0 && length > 0).then(|| from..from + length)
    }

    /// Appends the secrets among the cookies that begin at `from`. `false` if there are no cookies there.
    fn cookies(&self, from: usize, around: u8, telling: Telling, spans: &mut Vec<Span>) -> bool {
        let mut any = false;
        let mut at = from;
        while at < self.bytes.len() {
            let begin = at;
            let end = self.line_end_or(at, around, b';');
            let part = &self.text[begin..end];
            let last = self.byte(end) != Some(b';');
            at = if last { self.bytes.len() } else { end + 1 };
            let Some((name, value)) = part.split_once('=') else { continue };
            let begin = begin + name.len() + 1;
            let name = name.trim();
            let padding = value.trim_end().bytes().all(|byte| byte == b'=') && is_random(name, 24);
            if name.is_empty()
                || padding
                || name.contains(|char: char| char.is_whitespace() || "\"'{[(,:".contains(char))
            {
                // Prose has no cookies.
                return any;
            }
            any = true;
            self.resume.set(end);
            let end = begin + value.trim_end().len();
            let attribute = COOKIE_ATTRIBUTES.iter().any(|known| known.eq_ignore_ascii_case(name));
            let open = is_harmless_cookie(name)
                || !is_telling_cookie(name) && (is_plain_cookie(value) || !is_random(value, 6));
            if attribute
                || open
                || marker_at(value.trim()) == Some(value.trim().len())
                || value.trim().is_empty()
                || is_mask(value)
                || ["deleted", "expired", "undefined", "none", "null"].contains(&value.trim())
            {
                continue;
            }
            spans.push(Span { range: begin..end, rule: telling.rule });
        }
        any
    }

    /// `password -> x`, but not `$user->password`.
    fn after_arrow(&self, at: usize, spans: &mut Vec<Span>) -> Option<Span> {
        let spaced = self.byte(at + 1) == Some(b' ') && self.before(at - 1) == Some(b' ');
        let key = self.key_before(at - 1).filter(|_| spaced)?;
        self.value(self.skip_space(at + 1, key.quoting), key, b'=', spans)
    }

    /// The content of the element that the tag closing at `at` opens.
    fn after_tag(&self, at: usize) -> Option<Span> {
        let from = at.saturating_sub(KEY_MAX).max(self.floor);
        let open = memchr::memrchr(b'<', &self.bytes[from..at]).map(|open| from + open)?;
        let tag = &self.text[open + 1..at];
        let name = tag.split_ascii_whitespace().next()?;
        if !name.starts_with(|first: char| first.is_ascii_alphabetic()) || tag.ends_with('/') {
            return None;
        }
        let named = || {
            let (start, end) =
                self.attribute(open + 1, tag, &["key", "name"]).filter(|_| NAMED_TAGS.contains(&name))?;
            self.classify(&self.text[start..end])
        };
        let Some(telling) = self.classify(name).or_else(named) else { return self.after_name_tag(name, at) };
        let at = self.value_tag(at).unwrap_or(at);
        if self.byte(at + 1).is_some_and(|next| b" '\"`)".contains(&next)) && self.reading == Reading::Prose {
            // `IDENTIFIED BY <secret> is not logged`
            return None;
        }
        let start = if self.is_at(at + 1, "<![CDATA[") { at + 10 } else { at + 1 };
        let end = memchr::memchr2(b'<', b']', &self.bytes[start..]).map_or(self.bytes.len(), |found| start + found);
        let end = if start == at + 1 {
            memchr::memchr(b'<', &self.bytes[start..]).map_or(self.bytes.len(), |found| start + found)
        } else {
            end
        };
        self.span(start..end, telling)
    }

    /// The content of the element behind one that holds its name: `<key>password</key><string>secret</string>`. The tag of
    /// the name closes at `at`.
    fn after_name_tag(&self, tag: &str, at: usize) -> Option<Span> {
        // Names of fields may stand one behind the other.
        let names = tag == "string";
        if !names && !NAME_KEYS.iter().any(|name| name.eq_ignore_ascii_case(tag)) {
            return None;
        }
        let end = at + 1 + memchr::memchr(b'<', &self.bytes[at + 1..self.boundary(at + 1 + BESIDE_MAX)])?;
        let telling = self.classify(&self.text[at + 1..end])?;
        let close = end + memchr::memchr(b'>', &self.bytes[end..self.boundary(end + BESIDE_MAX)])?;
        let start = self.value_tag(close)? + 1;
        let end = memchr::memchr(b'<', &self.bytes[start..]).map_or(self.bytes.len(), |found| start + found);
        let shaped =
            !names || is_spoken_password(&self.text[start..end], true) || is_random(&self.text[start..end], 12);
        if shaped { self.span(start..end, telling) } else { None }
    }

    /// Where the tag of a value ends that follows the tag that closes at `at`: `<Password><Value>`.
    fn value_tag(&self, at: usize) -> Option<usize> {
        let open = self.skip_space(at + 1, Quoting::Quoted);
        let near = &self.text[open..self.boundary(open + BESIDE_MAX)];
        let name = near.strip_prefix('<')?.split(['>', ' ']).next()?;
        let is_value = VALUE_KEYS.iter().chain(&["string"]).any(|known| known.eq_ignore_ascii_case(name));
        if is_value { Some(open + near.find('>')?) } else { None }
    }

    /// The argument behind the command line flag at `at`.
    fn after_flag(&self, at: usize, spans: &mut Vec<Span>) -> Option<Span> {
        if self.before(at).is_some_and(|before| !before.is_ascii_whitespace() && !b"\"'`[(".contains(&before)) {
            return None;
        }
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let end = at + self.bytes[at..].iter().take(KEY_MAX).take_while(is_name).count();
        // `-token secret`, but not `-p 8080`
        if !self.is_at(at, "--") && end - at < SHORT_FLAG_MAX {
            return None;
        }
        let telling = self.classify(&self.text[at..end]).filter(|_| self.byte(end) == Some(b' '))?;
        let value = self.skip_space(end, Quoting::Bare);
        let key = Key { start: at, quoting: Quoting::Bare, telling };
        let none = self.byte(value) == Some(b'-') || self.is_metavariable(at..end, value);
        if none { None } else { self.value(value, key, b' ', spans) }
    }

    /// Whether the value of a flag is its own name, as in a usage message: `[--api-key API_KEY]`.
    fn is_metavariable(&self, flag: Range<usize>, value: usize) -> bool {
        let is_part = |byte: &&u8| byte.is_ascii_uppercase() || **byte == b'_';
        let name = &self.bytes[value..value + self.bytes[value..].iter().take(KEY_MAX).take_while(is_part).count()];
        let same = |(letter, part): (&u8, &u8)| letter.eq_ignore_ascii_case(part) || *letter == b'-' && *part == b'_';
        let ends = !self
            .byte(value + name.len())
            .is_some_and(|next| next.is_ascii_alphanumeric() || b"-.!@#$%".contains(&next));
        let flag = &self.bytes[flag];
        !name.is_empty() && ends && name.len() < flag.len() && flag.iter().rev().zip(name.iter().rev()).all(same)
    }

    /// The value behind a quoted key, with a comma or nothing where the colon should be: pairs in a list, damage.
    fn after_quoted(&self, at: usize, spans: &mut Vec<Span>) -> Option<Span> {
        // Where no quote follows, the key need not be known.
        self.quote_at(self.skip_space(at + 1, Quoting::Quoted))?;
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
            // `["password", "email"]` lists names of fields.
            let names = self.classify(&self.text[quote.inside..close]).is_some()
                && !is_random(&self.text[quote.inside..close], 12);
            return if names { None } else { self.value(start, key, b',', spans) };
        }
        // `{"name": "password", "value": "…"}`; any other key has a value of its own.
        if !VALUE_KEYS.iter().any(|name| name.eq_ignore_ascii_case(&self.text[quote.inside..close])) {
            return None;
        }
        let value = self.skip_space(behind + 1, Quoting::Quoted);
        self.value(value, key, b':', spans)
    }

    /// The second of two strings in brackets, whose first one is telling: `('last_name', 'Lee')`.
    fn after_tuple_name(&self, at: usize) -> Option<Span> {
        let quote = self.before(at).filter(|quote| b"\"'".contains(quote))?;
        let key = self.quoted_key(at - 1, quote)?;
        let open = key.start.checked_sub(2).filter(|open| b"([".contains(&self.bytes[*open]))?;
        // A call has arguments: `get('password', 'token')`.
        let opens = !self.before(open).is_some_and(|before| before.is_ascii_alphanumeric() || before == b'_');
        let value =
            self.quote_at(self.skip_space(at + 1, Quoting::Bare)).filter(|value| value.byte == quote && opens)?;
        let close = self.close(value, Quoting::Bare);
        let closes = self.byte(close + 1).is_some_and(|close| b")]".contains(&close));
        if closes { self.span(value.inside..close, key.telling) } else { None }
    }

    /// The telling key that ends before `end`.
    fn key_before(&self, end: usize) -> Option<Key> {
        let space = self.run_before(end, 16, |byte| byte.is_ascii_whitespace());
        let mut end = end - space;
        // Erlang's `<<"password">> => …`
        if self.behind_floor(end).ends_with(b"\">>") {
            end -= 2;
        }
        if let Some(quote @ (b'"' | b'\'' | b'`')) = self.before(end) {
            return self.quoted_key(end - 1, quote);
        }
        if self.before(end) == Some(b']') {
            // `user[password]`, `params['password']`, PHP's `["password":protected]`
            end -= 1;
            for visibility in [":protected", ":private"] {
                if self.behind_floor(end).ends_with(visibility.as_bytes()) {
                    end -= visibility.len();
                    // The class that the field is of: `["password":"App\User":private]`
                    let before =
                        &self.text[self.text.ceil_char_boundary(end.saturating_sub(BESIDE_MAX).max(self.floor))..end];
                    let class = before.strip_suffix('"').and_then(|before| before.rfind("\":\""));
                    end = class.map_or(end, |class| end - before.len() + class + 1);
                }
            }
            if let Some(quote @ (b'"' | b'\'')) = self.before(end) {
                return self.quoted_key(end - 1, quote).map(|key| Key { quoting: Quoting::Bare, ..key });
            }
        }
        let start = self.bare_start(end);
        let name = &self.text[start..end];
        // `Unseal Key 1: …`
        if is_digits(name, 2) && self.before(start) == Some(b' ') && self.byte(end) == Some(b':') {
            return self.numbered_key(start - 1);
        }
        // Two words with a space between them: `API key: …`.
        let pair = || {
            let space = start.checked_sub(1).filter(|space| *space >= self.floor && self.bytes[*space] == b' ')?;
            let before = self.bare_start(space);
            let telling = self.words.classify_pair(&self.text[before..space], name)?;
            Some(Key { start: before, quoting: Quoting::Bare, telling })
        };
        let single = match without_percent(name) {
            Cow::Borrowed(name) => self.classify(name),
            Cow::Owned(name) => self.words.classify(&name),
        };
        if let Some(telling) = single {
            let single = Key { start, quoting: Quoting::Bare, telling };
            // `code` alone says little.
            return if telling.rule == "auth_code" { pair().or(Some(single)) } else { Some(single) };
        }
        // In a URL or a form; elsewhere, keys and signatures are of many kinds.
        if self.byte(end) == Some(b'=')
            && start.checked_sub(1).is_some_and(|before| b"?&#".contains(&self.bytes[before]))
            && let Some(rule) = URL_KEYS.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, rule)| *rule)
        {
            let telling = Telling { rule, form: Form::Random, ..keys::classify("api_key")? };
            return Some(Key { start, quoting: Quoting::Bare, telling });
        }
        pair()
    }

    /// The telling key of two words that ends at `end`, before a number.
    fn numbered_key(&self, end: usize) -> Option<Key> {
        let start = self.bare_start(end);
        let space = start.checked_sub(1).filter(|space| *space >= self.floor && self.bytes[*space] == b' ')?;
        let before = self.bare_start(space);
        let telling = self.words.classify_pair(&self.text[before..space], &self.text[start..end])?;
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
        let is_name = |byte: u8| {
            byte.is_ascii_alphanumeric()
                || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']' | b'%' | b'$')
                || !byte.is_ascii()
        };
        let start = end - self.run_before(end, KEY_MAX, is_name);
        let start = self.text.ceil_char_boundary(start);
        if memchr::memchr(b'%', &self.bytes[start..end]).is_none() {
            return start;
        }
        // Of the characters that a URL escapes, names have brackets only.
        let escapes = self.text[start..end].match_indices('%').map(|(at, _)| start + at);
        let mut other = escapes.filter(|at| {
            let escape = self.text[at + 1..end].trim_start_matches("25");
            !["5b", "5B", "5d", "5D"].iter().any(|bracket| escape.starts_with(bracket))
        });
        other.next_back().map_or(start, |at| self.text.ceil_char_boundary((at + 3).min(end)))
    }

    /// The secret in the value that begins at `at`.
    fn value(&self, at: usize, key: Key, separator: u8, spans: &mut Vec<Span>) -> Option<Span> {
        let telling = key.telling;
        self.looks.set(self.looks.get() + 1);
        if at >= self.bytes.len() {
            return None;
        }
        let near = self.boundary(at + PERSON_MAX);
        if telling.kind == Kind::Pii && near < self.bytes.len() {
            let near = Scan { text: &self.text[..near], bytes: &self.bytes[..near], ..self.clone() };
            return near.value(at, key, separator, spans);
        }
        if let Some(quote) = self.quote_at(at) {
            // `read -p 'Password: ' NAME`: the quote around the key ends, and there is no value.
            if key.quoting == Quoting::Bare
                && quote.slashes == 0
                && self.before(key.start) == Some(quote.byte)
                && !self.bytes[key.start..at].contains(&quote.byte)
            {
                return None;
            }
            let close = self.close(quote, key.quoting);
            if telling.rule == "cookie" && self.cookies(quote.inside, quote.byte, telling, spans) {
                return None;
            }
            if let Some(reference) = references::reference_at(self.text, quote.inside)
                && reference.end == close
                && let Some(secret) = self.reference(quote.inside, telling)
            {
                return secret;
            }
            // `password = "old" -> "new"`
            if let Some(next) = self.changed_to(close).and_then(|next| self.quote_at(next)) {
                spans.extend(self.span(next.inside..self.close(next, key.quoting), telling));
            }
            return self.span(quote.inside..close, telling);
        }
        if let Some(end) = self.braced_end(at, separator) {
            return self.span(at + 1..end, telling);
        }
        if let Some(secret) = self.reference(at, telling) {
            return secret;
        }
        if self.reading == Reading::Prose && self.placeholder_at(at) {
            return None;
        }
        let mut scan_from = at;
        if let Some(length) = marker_at(&self.text[at..]) {
            scan_from += length;
        } else if ["[Object", "{ $", "{$"].iter().any(|start| self.text[at..].starts_with(start)) {
            // An object that was not shown, and a query for what is stored.
            return None;
        } else if let Some(open @ (b'[' | b'{')) = self.byte(at) {
            if open == b'{' && matches!(telling.rule, "name" | "address") {
                // What is inside has keys of its own.
                return None;
            }
            scan_from = self.brackets_end(at);
            let own = separator == b'=' && self.tells_by_itself(at, scan_from);
            if own
                || !self.bytes[at..scan_from].iter().any(u8::is_ascii_alphanumeric)
                || self.has_own_keys(at, scan_from, key)
            {
                return None;
            }
            let end = self.value_end(scan_from, key, separator);
            return Some(Span { range: at..end, rule: telling.rule });
        }
        let mut bare_end = self.value_end(scan_from, key, separator);
        if telling.kind == Kind::Pii {
            bare_end = self.person_end(bare_end, telling, separator);
        }
        if scan_from > at && bare_end == scan_from {
            return None;
        }
        let word = &self.text[at..bare_end];
        if self.is_no_value(word, at, key, separator) {
            return None;
        }
        let header = separator == b':' && key.quoting == Quoting::Bare;
        let phrase = header && matches!(telling.rule, "passphrase" | "recovery_code");
        if self.reading == Reading::Prose && !phrase && (is_sentence_word(word) || is_placeholder(word)) {
            return None;
        }
        match telling.rule {
            "cookie" if header && self.cookies(at, self.around(key), telling, spans) => None,
            "authorization" => {
                // Schemes are short, and lines need not be.
                match split_scheme(&self.text[at..self.boundary(at + 64)]) {
                    Some((skip, Scheme::Token(rule))) => {
                        let start = at + skip;
                        let marked = marker_at(&self.text[start..]).map_or(start, |length| start + length);
                        let end = self.bare_end(marked, separator);
                        let any = Telling { form: Form::Any, ..telling };
                        let harmless = start < end && is_harmless(&self.text[start..end], any, self.reading);
                        let harmless = harmless || self.reading == Reading::Prose && self.placeholder_at(start);
                        if end == marked && marked > start || start >= end || harmless {
                            return None;
                        }
                        Some(Span { range: start..end, rule })
                    }
                    Some((skip, Scheme::List)) => self.span(at + skip..self.line_end(at, key), telling),
                    None if header => self.span(at..self.line_end(at, key), telling),
                    None => self.span(at..bare_end, telling),
                }
            }
            "recovery_code" if header => {
                let end = self.line_end(at, key);
                // The sentence behind the codes.
                let end = self.text[at..end].find(". ").map_or(end, |stop| at + stop);
                self.span(at..end, telling)
            }
            "cookie" | "passphrase" if header => self.span(at..self.line_end(at, key), telling),
            _ => self.span(at..bare_end, telling),
        }
    }

    /// Where the new value begins behind the old one, whose quote closes at `close`.
    fn changed_to(&self, close: usize) -> Option<usize> {
        let arrow = [" -> ", " => ", " → "].iter().find(|arrow| self.is_at(close + 1, arrow))?;
        Some(close + 1 + arrow.len())
    }

    /// Whether an object of a session or of an authorization is written at `at` with keys of its own, none of which is
    /// the secret's own: `session => {"login" => "kim", "password" => "…"}`.
    fn has_own_keys(&self, at: usize, end: usize, key: Key) -> bool {
        let name = self.text[key.start..at].trim_start_matches(['"', '\'', ':']);
        let about = ["session", "auth"].iter().any(|about| {
            name.get(..about.len()).is_some_and(|start| start.eq_ignore_ascii_case(about))
                && !name[about.len()..].starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_')
        });
        let inside = &self.text[at + 1..end];
        let names = inside.split([',', '{', '[', '\n']).filter_map(|member| member.split_once([':', '=']));
        let mut names = names.map(|(name, _)| name.trim_matches(|char: char| !char.is_ascii_alphanumeric())).peekable();
        let own = ["id", "sid", "key", "value", "data", "raw", "hash", "code", "t", "v", "s", "cookie", "header"];
        // In brackets only the arrays of PHP and Ruby have keys; other lists have values with all sorts of signs in them.
        let keyed = self.byte(at) == Some(b'{') || inside.contains("=>");
        about
            && keyed
            && names.peek().is_some()
            && !names.any(|name| own.iter().chain(VALUE_KEYS).any(|own| own.eq_ignore_ascii_case(name)))
    }

    /// Whether a bare word behind a separator is a literal, a step of a name or a number of something else.
    fn is_no_value(&self, word: &str, at: usize, key: Key, separator: u8) -> bool {
        let word = word.trim_end_matches([',', ';', ')', '}']);
        let literal = ["null", "nil", "none", "true", "false", "undefined", "{}", "[]", "()", "[filtered]"];
        let tight = separator == b':' && self.before(at) == Some(b':') && key.quoting == Quoting::Bare;
        // `secrets:verify`, `api_key:limits:v2`
        let step =
            word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_' || byte == b'-') && word.len() <= 16;
        let chain = word.contains(':') && !word.bytes().any(|byte| b"/+=@".contains(&byte)) && !is_random(word, 16);
        let named = !matches!(key.telling.rule, "password" | "passphrase" | "pin") && (step || chain);
        // A protocol's field, a sort order, a yes: `string password = 2;`, `{ token: 1 }`, `has_password=1`.
        let tiny = self.reading == Reading::Prose && is_digits(word, 2) && key.telling.numbers != Numbers::Always;
        // A metric and a selector: `auth.token.refresh:1|c`, `.field--password:not([hidden])`.
        let count = word.find('|').is_some_and(|bar| {
            let unit = ["c", "g", "h", "m", "ms", "s", "d"];
            is_digits(&word[..bar].replace(['.', '-', '+'], ""), 20)
                && word[bar + 1..].split(['|', ',']).next().is_some_and(|first| unit.contains(&first))
        });
        let pseudo = ["not(", "is(", "has(", "where(", "nth-"].iter().any(|class| word.starts_with(class));
        literal.iter().any(|known| known.eq_ignore_ascii_case(word))
            || matches!(word, ":" | "=" | "|" | "-" | "->" | "=>")
            || tight && (named || count || pseudo)
            || tiny
            || is_regex(word)
            || separator == b':' && self.before(at) == Some(b' ') && self.is_empty_field(at - 2)
            || self.is_argument_of_its_name(word, at, key, separator)
    }

    /// Whether the field before the colon at `at` is empty and the next one follows, as Go prints a structure:
    /// `{Addr:x Username: Password: DB:2}`.
    fn is_empty_field(&self, at: usize) -> bool {
        let is_name = |name: &str| {
            name.starts_with(|first: char| first.is_ascii_uppercase())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let is_field = |word: &str| word.split_once(':').is_some_and(|(name, _)| is_name(name));
        let before = &self.text[self.text.ceil_char_boundary(at.saturating_sub(160).max(self.floor))..at];
        let behind = &self.text[at + 1..self.boundary(at + 65)];
        let mut words = before.rsplit(' ');
        behind.strip_prefix(' ').is_some_and(|next| next.split(' ').next().is_some_and(is_field))
            && words.next().is_some_and(is_name)
            && words.next().is_some_and(|field| is_field(field.trim_start_matches(['{', '&', '['])))
    }

    /// Whether a program hands over a variable of the argument's own name: `login(user=user, password=password)`.
    fn is_argument_of_its_name(&self, word: &str, at: usize, key: Key, separator: u8) -> bool {
        let argument = self.before(key.start).is_some_and(|before| b"( \n\t".contains(&before));
        let ends = self.byte(at + word.len()).is_some_and(|next| b"),".contains(&next));
        let name = self.text[key.start..at].trim_end_matches(['=', ' ']);
        separator == b'='
            && argument
            && ends
            && name == word
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    }

    fn span(&self, range: Range<usize>, telling: Telling) -> Option<Span> {
        let value = &self.text[range.clone()];
        self.looks.set(self.looks.get() + 1);
        if telling.rule == "authorization"
            && let Some((skip, scheme)) = split_scheme(value)
        {
            let rule = scheme.rule(telling);
            let secret = range.start + skip..range.end;
            let harmless = is_harmless(&self.text[secret.clone()], telling, self.reading);
            return if harmless { None } else { Some(Span { range: secret, rule }) };
        }
        if is_harmless(value, telling, self.reading) { None } else { Some(Span { range, rule: telling.rule }) }
    }

    /// Where personal data end that go on behind the blank at `end`: groups of digits, names, streets.
    fn person_end(&self, end: usize, telling: Telling, separator: u8) -> usize {
        let is_part: fn(&u8) -> bool = match telling.form {
            Form::Phone => |byte| byte.is_ascii_digit() || b"()-/.+".contains(byte),
            Form::Digits(_) | Form::Document => |byte| byte.is_ascii_digit() || byte.is_ascii_uppercase(),
            Form::Date => |byte| byte.is_ascii_digit() || *byte == b'.',
            Form::Name | Form::Place | Form::Street if separator == b':' => {
                |byte| !b",;|\"'()[]{}<>=:\\".contains(byte)
            }
            Form::FullName if separator == b':' => {
                |byte| !byte.is_ascii_digit() && !b",;|\"'()[]{}<>=:\\".contains(byte)
            }
            _ => return end,
        };
        let numbers = !matches!(telling.form, Form::Name | Form::FullName | Form::Place | Form::Street);
        let mut end = end;
        while self.byte(end) == Some(b' ') && end < self.bytes.len() {
            let rest = &self.bytes[end + 1..];
            let length = rest.iter().take(40).take_while(|byte| !byte.is_ascii_whitespace()).count();
            let length = length - rest[..length].iter().rev().take_while(|byte| b".,;)".contains(byte)).count();
            let word = &rest[..length];
            if length == 0 || !word.iter().all(is_part) || numbers && !word.iter().any(u8::is_ascii_digit) {
                break;
            }
            if !numbers && is_sentence_word(&String::from_utf8_lossy(word)) {
                break;
            }
            // Behind a name of which every word has a capital the sentence goes on.
            let capital = String::from_utf8_lossy(word).chars().next().is_some_and(char::is_uppercase);
            if telling.form == Form::FullName && !capital {
                break;
            }
            end += 1 + length;
            if self.byte(end).is_some_and(|next| b".,;)".contains(&next)) {
                break;
            }
        }
        self.boundary(end)
    }

    /// Whether a placeholder in brackets, which may hold spaces, is all of the value at `at`.
    fn placeholder_at(&self, at: usize) -> bool {
        let head = &self.text[at..self.boundary(at + 64)];
        // What is encrypted or kept elsewhere, as SOPS and YAML's tags say.
        let elsewhere =
            ["ENC[", "!secret ", "!vault ", "!Ref ", "!Sub ", "!GetAtt ", "!ImportValue ", "!env_var ", "!env "];
        if elsewhere.iter().any(|start| head.starts_with(start)) {
            return true;
        }
        let brackets =
            [("{{", "}}"), ("${{", "}}"), ("${", "}"), ("$(", ")"), ("{", "}"), ("<", ">"), ("[", "]"), ("(", ")")];
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
    fn ends_value(&self, at: usize) -> bool {
        let at = self.skip_space(at, Quoting::Quoted);
        match self.byte(at) {
            None | Some(b',' | b'}' | b']' | b'"' | b'\'' | b'\\' | b')' | b';') => true,
            Some(_) => false,
        }
    }

    fn value_end(&self, from: usize, key: Key, separator: u8) -> usize {
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
    fn bare_end(&self, from: usize, separator: u8) -> usize {
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
    fn is_unspaced(&self, at: usize) -> bool {
        self.byte(at).is_some_and(|lead| (0xe3..=0xed).contains(&lead))
    }

    /// Whether a bare name and a separator follow.
    fn name_follows(&self, at: usize) -> bool {
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || b"_-.[]% ".contains(byte);
        let length = self.bytes[at..].iter().take(64).take_while(is_name).count();
        length > 0 && matches!(self.byte(at + length), Some(b'=' | b':'))
    }

    /// The quote around key and value.
    fn around(&self, key: Key) -> u8 {
        self.before(key.start).filter(|before| b"\"'`".contains(before)).unwrap_or(b'"')
    }

    /// The end of the line that `at` is in, or the quote around key and value.
    fn line_end(&self, at: usize, key: Key) -> usize {
        self.line_end_or(at, self.around(key), b'\n')
    }

    fn line_end_or(&self, at: usize, around: u8, or: u8) -> usize {
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
    fn braced_end(&self, at: usize, separator: u8) -> Option<usize> {
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

    /// How many bytes before `at` are of a kind, `max` at most.
    #[inline]
    fn run_before(&self, at: usize, max: usize, is: impl Fn(u8) -> bool) -> usize {
        let before = self.behind_floor(at);
        let before = &before[before.len().saturating_sub(max)..];
        before.iter().rposition(|byte| !is(*byte)).map_or(before.len(), |other| before.len() - other - 1)
    }

    #[inline]
    fn is_at(&self, at: usize, literal: &str) -> bool {
        let bytes = self.bytes.get(at..).and_then(|rest| rest.get(..literal.len()));
        bytes.is_some_and(|bytes| bytes.eq_ignore_ascii_case(literal.as_bytes()))
    }

    fn boundary(&self, at: usize) -> usize {
        self.text.floor_char_boundary(at)
    }
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

/// Checks what `find` finds in a text.
#[cfg(test)]
#[track_caller]
fn check_found(find: impl Fn(&str, &Words, &mut Vec<Span>), text: &str, want: &[&str]) {
    let mut spans = Vec::new();
    find(text, &Words::default(), &mut spans);
    assert_eq!(spans.iter().map(|span| &text[span.range.clone()]).collect::<Vec<_>>(), want, "{text}");
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
        check("to=https%3A%2F%2Fa%3Ftoken%3Dabc1%26b%3D1", "to=https%3A%2F%2Fa%3Ftoken%3D[REDACTED:token]%26b%3D1");
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
        check("Cookie: sid=b; c=d\r\nHost: a", "Cookie: sid=[REDACTED:cookie]; c=d\r\nHost: a");
        check(
            "curl -H 'Cookie: sid=b; c=d' https://a.test",
            "curl -H 'Cookie: sid=[REDACTED:cookie]; c=d' https://a.test",
        );
        check("Cookie: abc123", "Cookie: [REDACTED:cookie]");
        check("X-Api-Key: abc", "X-Api-Key: [REDACTED:api_key]");
        check("passphrase: correct horse battery", "passphrase: [REDACTED:passphrase]");
        check("mysql --password=abc -e", "mysql --password=[REDACTED:password] -e");
        check("tool --api-key abc --verbose", "tool --api-key [REDACTED:api_key] --verbose");
        check(
            "tool --password HUNTER --api-key API_KEY1",
            "tool --password [REDACTED:password] --api-key [REDACTED:api_key]",
        );
        check("<password>a b</password>", "<password>[REDACTED:password]</password>");
        check("//registry.test/:_authToken=abc1", "//registry.test/:_authToken=[REDACTED:token]");
        check(
            "otpauth://totp/Dev:kim?secret=IJL&issuer=Dev",
            "otpauth://totp/Dev:kim?secret=[REDACTED:secret]&issuer=Dev",
        );
        check(
            "UPDATE u SET password = 'a b' WHERE id = 1",
            "UPDATE u SET password = '[REDACTED:password]' WHERE id = 1",
        );
        check("password=[REDACTED:password]hunter2", "password=[REDACTED:password]");
        check("var password string = \"a b\"", "var password string = \"[REDACTED:password]\"");
        check("let password: &str = \"a b\";", "let password: &str = \"[REDACTED:password]\";");
        check("$password .= 'a b'", "$password .= '[REDACTED:password]'");
        check("DB_PASSWORD ?= hunter2", "DB_PASSWORD ?= [REDACTED:password]");
        check("os.getenv(\"DB_PASSWORD\", \"a b\")", "os.getenv(\"DB_PASSWORD\", \"[REDACTED:password]\")");
        check("set(\"X-Auth-Token\", \"9f86d081\")", "set(\"X-Auth-Token\", \"[REDACTED:token]\")");
        check("acme token - '9f86d081884c7d65'", "acme token - '[REDACTED:token]'");
        check("x auth: {name: 'kim', val: 'S3cr3tx'}", "x auth: [REDACTED:token]");
        check("x auth: [\"kim\", \"up\", \"pa:ss9word\"]", "x auth: [REDACTED:token]");
        check("password ::= \"a b\"", "password ::= \"[REDACTED:password]\"");
        check("ACME_WIDGETS_KEY=9f86d081884c7d65", "ACME_WIDGETS_KEY=[REDACTED:api_key]");
        check("mailgun key 9f86d081884c7d65 refused", "mailgun key [REDACTED:api_key] refused");
        check("password=[REDACTED:hunter2]", "password=[REDACTED:password]");
        check("tokens: abc123", "tokens: [REDACTED:token]");
        check("pass=1234 pin: 9876", "pass=[REDACTED:password] pin: [REDACTED:pin]");
        check("password=\"unterminated and", "password=\"[REDACTED:password]");
        check("password: 'it''s a b' x", "password: '[REDACTED:password]' x");
        check("password: !!str hunter2", "password: !!str [REDACTED:password]");
        check("userPassword:: aHVudGVyMg==\nx: y", "userPassword:: [REDACTED:password]\nx: y");
        check("UID=a;PWD={br}}ace;x};Encrypt=yes", "UID=a;PWD={[REDACTED:password]};Encrypt=yes");
        check("<key>accessToken</key><string>a1b2</string>", "<key>accessToken</key><string>[REDACTED:token]</string>");
        check("<Password><Value>a b</Value></Password>", "<Password><Value>[REDACTED:password]</Value></Password>");
        check("{\"token\":[]string{\"a1b2\"}}", "{\"token\":[]string{\"[REDACTED:token]\"}}");
        check("#{<<\"password\">> => <<\"a b\">>}", "#{<<\"password\">> => <<\"[REDACTED:password]\">>}");
        check("[\"password\":protected]=> \"a b\"", "[\"password\":protected]=> \"[REDACTED:password]\"");
        check(
            "[\"password\":\"App\\User\":private]=> \"a b\"",
            "[\"password\":\"App\\User\":private]=> \"[REDACTED:password]\"",
        );
        check(
            "variable \"db_pass\" { default = \"a b\" }",
            "variable \"db_pass\" { default = \"[REDACTED:password]\" }",
        );
        check("&quot;password&quot;:&quot;a b&quot;,", "&quot;password&quot;:&quot;[REDACTED:password]&quot;,");
        check(
            "\u{1b}[33mpassword\u{1b}[0m=\u{1b}[36ma1b2 x",
            "\u{1b}[33mpassword\u{1b}[0m=\u{1b}[36m[REDACTED:password] x",
        );
        check("cs1Label=password cs1=hunter2 act=x", "cs1Label=password cs1=[REDACTED:password] act=x");
        check("Unseal Key 1: abc123", "Unseal Key 1: [REDACTED:secret_key]");
        check("auth=('kim', 'hunter2')", "auth=('kim', '[REDACTED:password]')");
        check("tool -token a1b2c3d4 -v", "tool -token [REDACTED:token] -v");
    }

    #[test]
    fn the_names_of_arguments_in_a_usage_message_stay() {
        for text in ["[--password PASSWORD] [-h]", "tool --token TOKEN", "--api-key API_KEY --access-token TOKEN"] {
            assert_eq!(scrub(text, Reading::Prose), text);
        }
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
        check("<string>password</string><string>email</string>");
        check("variable \"region\" { default = \"eu-central-1\" }");
        check("auth=('web', 'api')");
        check("token -p 8080");
        check("Authorization: Bearer [REDACTED:bearer]");
        check("[REDACTED:jwt]: malformed-by=kim");
        check("if (password != confirmation) fail");
        check("cache key 9f86d081884c7d65 missed");
        check("get(\"password\", \"token\")");
        check("get(\"password_hint\", \"a b\")");
        check("header(\"Authorization\", \"required\")");
        check("the key string = 9f86d081884c7d65");
        check("string password = 2; optional string otp = 3;");
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
        check(r#"[["Cookie","sid=b; c"],["Via","1"]"#, r#"[["Cookie","sid=[REDACTED:cookie]; c"],["Via","1"]"#);
        check(r#"{"name":"password","value":"x y","a"#, r#"{"name":"password","value":"[REDACTED:password]","a"#);
        check(r#"{"fields":"password","other":"x","a"#, r#"{"fields":"password","other":"x","a"#);
        check(r#"{"credentials":{"a":"x","b":["y"]},"c":1"#, r#"{"credentials":[REDACTED:credential],"c":1"#);
        check(r#"{"credentials":{"a":"}","b":"#, r#"{"credentials":[REDACTED:credential]"#);
        check(r#"{"body":"{\"password\":\"a b\"}","a":1"#, r#"{"body":"{\"password\":\"[REDACTED:password]\"}","a":1"#);
        check(
            r#"{"body":"{\u0022password\u0022:\u0022a b\u0022}","a":1"#,
            r#"{"body":"{\"password\":\"[REDACTED:password]\"}","a":1"#,
        );
        check(r#"{"q":"a\u0026token\u003dabc1\u0026b","#, r#"{"q":"a&token=[REDACTED:token]&b","#);
        check(r#"{"log":"password=abc\nnext","#, r#"{"log":"password=[REDACTED:password]\nnext","#);
        check(r#"{"h":"Cookie: sid=b; c=d\r\nVia: 1","#, r#"{"h":"Cookie: sid=[REDACTED:cookie]; c=d\r\nVia: 1","#);
        check(r#"{"Authorization":"Bearer abc","#, r#"{"Authorization":"Bearer [REDACTED:bearer]","#);
        check("password: expired", "password: [REDACTED:password]");
        check(r#"{"password":"[REDACTED:password]","a":"#, r#"{"password":"[REDACTED:password]","a":"#);
        check(r#"{"password":null,"token":true,"a":"#, r#"{"password":null,"token":true,"a":"#);
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

    #[test]
    fn texts_that_come_near_to_secrets_take_linear_time() {
        for part in [
            "mysql ",
            "mysql x ",
            "mysql -p'",
            "sudo ",
            "echo a | ",
            "echo a ",
            "<<<",
            "password for ",
            "password for a: ",
            "password is a1 to ",
            "x=@p0,",
            "=$1 $1 = '",
            "(pin)=(",
            "PASSWORD FROM '",
            "IDENTIFIED BY ",
            "<key>pin</key>",
            "<key>pin",
            "&quot;pin&quot;:",
            "\u{1b}[0m",
            "pin\ta1b2c3d4\t",
            "\0a\0",
            "{pin,<<\"",
            "default = ",
            "\"pin\" { default = ",
            "config set a.token ",
            "login a:b ",
            "x1Label=pin ",
            "auth=('a',",
            "PWD={",
            "-token ",
            "пароль ",
            "login(",
            "login('",
            "VALUES (",
            "(pin) VALUES ('",
            "/reset/",
            "name=pin ",
            "name=\"pin\" ",
            "value=a ",
            "code=",
            "session=",
            "?key=",
            "\"phone\":a  ",
            "\"phone\":\"a ",
            "\"pin\":\"*** ",
            "pin='***",
            "Cookie: a=1; ",
            "Cookie: ",
            "Set-Cookie: a=1",
            "password \"",
            "password is ",
            "passphrase abc ",
            "mysql -p",
            "mysql -p'",
            " AUTH",
            "%25",
            "%3d%70",
            "phone: 1 ",
            "address: a ",
            "->",
            "<a ",
            "a>",
            "string(1",
            ";s:1:",
            "identified by '",
            " is your ",
            "***",
        ] {
            for reading in [Reading::Prose, Reading::Broken] {
                let time = |bytes: usize| {
                    let long = part.repeat(bytes / part.len());
                    let began = crate::scrub::thread_time();
                    let mut spans = Vec::new();
                    find(&long, reading, &Words::default(), &mut spans);
                    let _ = hides_letters(&long);
                    crate::scrub::thread_time().saturating_sub(began)
                };
                // Eight times the text takes eight times as long, or 64 times if anything is quadratic. In between
                // lies room for a busy machine.
                let (short, long) = (time(1 << 14), time(1 << 17));
                let limit = short * 32 + std::time::Duration::from_millis(100);
                assert!(long < limit, "{part:?}, {reading:?}: {short:?}, then {long:?}");
            }
        }
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
            "/reset/",
            "login(",
            "VALUES (",
            "'",
            " is ",
            "hunter22",
            "8f1d3c5b7a9e2f4d6c8b0a1e",
            "mysql -p",
            "curl -u a:",
            "\nPASS ",
            "LOGIN a ",
            "code ",
            "your ",
            "%70",
            "%25",
            "phone",
            "email",
            "a@b.test",
            "first_name",
            "address",
            "IDENTIFIED BY ",
            "string(2) ",
            ";s:2:",
            "->",
            "|\n  ",
            "\r\n\r\n",
            "sid=",
            "; ",
            "?key=",
            "***",
            "get(",
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
