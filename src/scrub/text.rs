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
mod decoded;
mod elements;
mod ends;
mod forms;
mod headers;
mod prose;
mod references;
mod statements;
mod tables;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::ops::Range;

use self::commands::Lines;
use self::decoded::Decoded;
pub use self::decoded::unescape;
use self::ends::Quote;
use self::forms::{is_digits, is_harmless, is_regex};
pub use self::forms::{
    is_example, is_full_name, is_iso_date, is_mask, is_placeholder, is_random, is_secret_number, is_sentence_word,
    is_uuid,
};
pub use self::headers::is_harmless_cookie;
use self::headers::{Scheme, is_scheme, split_scheme};
pub use self::prose::is_spoken_password;
use super::actions::Actions;
use super::frame::VALUE_KEYS;
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

/// Types of texts in programs.
const TEXT_TYPES: &[&str] =
    &["str", "string", "String", "text", "Text", "NSString", "CharSequence", "char", "varchar", "any", "Any"];

/// Flags with one hyphen are no longer than this if they have letters for a name, and not words, in bytes.
const SHORT_FLAG_MAX: usize = 5;

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

    /// `password -> x`, but not `$user->password`.
    fn after_arrow(&self, at: usize, spans: &mut Vec<Span>) -> Option<Span> {
        let spaced = self.byte(at + 1) == Some(b' ') && self.before(at - 1) == Some(b' ');
        let key = self.key_before(at - 1).filter(|_| spaced)?;
        self.value(self.skip_space(at + 1, key.quoting), key, b'=', spans)
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
mod tests;
