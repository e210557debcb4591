//! The scrubber: the only way from a record to anything that is stored, logged or shown.
//!
//! Keys come first: under a telling key (`keys`) every text and number goes. Then values: texts are searched for telling
//! keys (`text`) and for secrets with a form of their own (`detectors`). A secret is replaced by a marker such as
//! `[REDACTED:jwt]`, and nothing around it is touched.
//!
//! Invariant: [`Scrubbed`] and [`ScrubbedText`] are made here only, after every rule was applied.
//! Invariant: numbers, the order of keys and duplicate keys come through as they were; every duplicate is scrubbed.
//! Invariant: scrubbing what was scrubbed changes nothing.
//! Invariant: the time is linear in the length of the line, and the memory kept between lines is bounded.

mod detectors;
mod keys;
mod text;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use xxhash_rust::xxh3::xxh3_64;

use self::detectors::Detectors;
use self::keys::{Numbers, Telling};
use self::text::Reading;
use crate::record::json::{self, Token, Tokens};
use crate::record::{Json, Member, Reason, Record, Rejected};

/// A record with no secret left in it. Only [`Scrubber::scrub`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scrubbed<'a>(Record<'a>);

impl<'a> Scrubbed<'a> {
    /// What a test says has been scrubbed.
    #[cfg(test)]
    pub(crate) fn in_test(record: Record<'a>) -> Self {
        Scrubbed(record)
    }

    /// The record.
    pub fn record(&self) -> &Record<'a> {
        &self.0
    }

    /// The record, to be made into a row.
    #[cfg_attr(not(test), allow(dead_code, reason = "for the stages behind the scrubber"))]
    pub(crate) fn into_record(self) -> Record<'a> {
        self.0
    }
}

/// Text with no secret left in it. Only the scrubber makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScrubbedText(String);

impl ScrubbedText {
    /// The text of a row, which was put together from scrubbed parts only. For `batch`.
    pub(crate) fn of_row(text: String) -> Self {
        ScrubbedText(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, cut to at most `bytes_max` bytes between two characters.
    pub fn cut(mut self, bytes_max: usize) -> ScrubbedText {
        self.0.truncate(self.0.floor_char_boundary(bytes_max));
        self
    }
}

impl fmt::Display for ScrubbedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What can be set about scrubbing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {}

/// Whether a text is all there is of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// It is the whole line.
    Whole,
    /// It is the start of a line. Its last token goes too: cut short, a secret matches no rule.
    CutOff,
}

/// Where a rule hit, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The value, as a JSON pointer (RFC 6901); its keys have been scrubbed. JSON inside a string is followed.
    pub path: String,
    /// The rule's id.
    pub rule: &'static str,
}

/// Takes the secrets out of records and texts.
#[derive(Debug)]
pub struct Scrubber {
    detectors: Detectors,
    keys: KeyCache,
    hits: BTreeMap<&'static str, u64>,
    /// Where the hits of the present line are, when somebody asked.
    findings: Option<Vec<Finding>>,
}

impl Scrubber {
    /// A scrubber with the built-in rules.
    pub fn new(options: Options) -> Self {
        let Options {} = options;
        Scrubber { detectors: Detectors::new(), keys: KeyCache::new(), hits: BTreeMap::new(), findings: None }
    }

    /// Scrubs every text of a record. What has no secret in it stays borrowed.
    ///
    /// # Errors
    /// [`Reason::Unscrubbable`]: the record holds something that is not JSON where JSON should be.
    pub fn scrub<'a>(&mut self, mut record: Record<'a>) -> Result<Scrubbed<'a>, Rejected> {
        self.column("/event_key", &mut record.event_key);
        let optional = [
            ("/severity", &mut record.severity_word),
            ("/user_agent", &mut record.user_agent),
            ("/route_name", &mut record.route_name),
            ("/request_id", &mut record.request_id),
        ];
        for (path, column) in optional {
            if let Some(text) = column {
                self.column(path, text);
            }
        }
        if let Some(metadata) = &mut record.metadata {
            self.json("/metadata", metadata, None)?;
        }
        for member in record.invalid.iter_mut().chain(&mut record.extra) {
            self.member(member)?;
        }
        Ok(Scrubbed(record))
    }

    /// Scrubs a line that is a JSON object; the result has the same keys.
    ///
    /// # Errors
    /// [`Reason::NotJson`], [`Reason::NotAnObject`] or [`Reason::TooDeep`], as for a record.
    pub fn scrub_line(&mut self, line: &str) -> Result<ScrubbedText, Rejected> {
        let reject = |reason, detail: String| Err(Rejected { reason, detail });
        match check_json(line) {
            Ok(Token::ObjectStart) => {}
            Ok(_) => return reject(Reason::NotAnObject, "JSON, but not an object".to_owned()),
            Err(error @ json::Error::Syntax { .. }) => return reject(Reason::NotJson, error.to_string()),
            Err(error @ json::Error::TooDeep { .. }) => return reject(Reason::TooDeep, error.to_string()),
        }
        match self.walk("", line, None, 0) {
            Ok(changed) => Ok(ScrubbedText(changed.unwrap_or_else(|| line.to_owned()))),
            Err(error) => reject(Reason::Unscrubbable, error.to_string()),
        }
    }

    /// As [`Scrubber::scrub_line`], and says which rule hit where.
    ///
    /// # Errors
    /// As for [`Scrubber::scrub_line`].
    pub fn explain_line(&mut self, line: &str) -> Result<(ScrubbedText, Vec<Finding>), Rejected> {
        self.findings = Some(Vec::new());
        let scrubbed = self.scrub_line(line);
        let findings = self.findings.take().unwrap_or_default();
        Ok((scrubbed?, findings))
    }

    /// Scrubs a text that may be anything: a line that is no record, or the start of one.
    ///
    /// Text that is no JSON is searched more suspiciously than strings are: what may be a secret is one.
    pub fn scrub_text(&mut self, text: &str, extent: Extent) -> ScrubbedText {
        let changed = match extent {
            Extent::Whole if check_json(text).is_ok() => match self.walk("", text, None, 0) {
                Ok(changed) => changed,
                Err(_) => self.plain(&String::new, text, Reading::Broken),
            },
            Extent::Whole => self.plain(&String::new, text, Reading::Broken),
            Extent::CutOff => {
                let text = text::without_last_token(text);
                Some(self.plain(&String::new, text, Reading::Broken).unwrap_or_else(|| text.to_owned()))
            }
        };
        ScrubbedText(changed.unwrap_or_else(|| text.to_owned()))
    }

    /// How many secrets each rule has scrubbed since this was last asked, by the rules' ids.
    pub fn take_hits(&mut self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        std::mem::take(&mut self.hits).into_iter()
    }

    fn column(&mut self, path: &str, text: &mut Cow<'_, str>) {
        if let Some(scrubbed) = self.string(&|| path.to_owned(), text, 0) {
            *text = Cow::Owned(scrubbed);
        }
    }

    fn member(&mut self, member: &mut Member<'_>) -> Result<(), Rejected> {
        let quoted;
        let decoded = if member.key.contains('\\') {
            quoted = format!("\"{}\"", member.key);
            match Tokens::new(&quoted).next() {
                Ok(Some(Token::String(key))) if key.raw().len() == member.key.len() => key.decode(),
                _ => return Err(unscrubbable("a key", None)),
            }
        } else {
            Cow::Borrowed(&*member.key)
        };
        let facts = self.key_facts(&member.key, || decoded.clone());
        let scrubbed = self.key(&String::new, &decoded, facts);
        let path =
            if self.findings.is_some() { segment(scrubbed.as_deref().unwrap_or(&decoded)) } else { String::new() };
        if let Some(scrubbed) = scrubbed {
            let written = written(&scrubbed);
            member.key = Cow::Owned(written[1..written.len() - 1].to_owned());
        }
        self.json(&path, &mut member.value, facts.telling)
    }

    fn json(&mut self, path: &str, json: &mut Json<'_>, telling: Option<Telling>) -> Result<(), Rejected> {
        if telling.is_none() && !self.detectors.may_fire(&json.text) {
            return Ok(());
        }
        match self.walk(path, &json.text, telling, 0) {
            // Only scalars are replaced, by scalars, so the depth stays right.
            Ok(Some(text)) => json.text = Cow::Owned(text),
            Ok(None) => {}
            Err(error) => return Err(unscrubbable("a value", Some(error))),
        }
        Ok(())
    }

    /// Scrubs JSON text whose value stands under a key of class `telling`. `None` if nothing changes.
    ///
    /// `level` counts the strings around the text: JSON in a string in JSON.
    fn walk(
        &mut self,
        base: &str,
        text: &str,
        telling: Option<Telling>,
        level: usize,
    ) -> Result<Option<String>, json::Error> {
        let mut tokens = Tokens::new(text);
        let mut edit = Edit { text, out: String::new(), copied: 0 };
        let mut frames: Vec<Frame> = Vec::new();
        while let Some(token) = tokens.next()? {
            let here = || path(base, &frames);
            let class = frames.last().map_or(telling, |frame| frame.class);
            match token {
                Token::Key(key) => {
                    let facts = self.key_facts(key.raw(), || key.decode());
                    let container = || path(base, &frames[..frames.len() - 1]);
                    let scrubbed = if facts.clean { None } else { self.key(&container, &key.decode(), facts) };
                    let shown =
                        self.findings.is_some().then(|| scrubbed.as_deref().map_or(key.decode(), Cow::Borrowed));
                    if let Some(scrubbed) = &scrubbed {
                        edit.replace(tokens.span(), &written(scrubbed));
                    }
                    frames.last_mut().expect("a key stands in an object").enter(facts, &tokens, shown.as_deref());
                }
                Token::ObjectStart | Token::ArrayStart => {
                    let kind = if token == Token::ObjectStart { Kind::Object } else { Kind::Array };
                    let listed = frames.last().is_some_and(|frame| frame.kind == Kind::Array);
                    frames.push(Frame::new(kind, class, listed));
                }
                Token::ObjectEnd | Token::ArrayEnd => {
                    frames.pop();
                    leave(&mut frames, None);
                }
                Token::String(string) => {
                    let value = string.decode();
                    let scrubbed = match class {
                        Some(telling) => self.secret(&here, &value, telling),
                        None => self.string(&here, &value, level),
                    };
                    // A value that was a secret itself names nothing.
                    leave(&mut frames, Some(&*value).filter(|_| scrubbed.is_none()));
                    if let Some(scrubbed) = scrubbed {
                        edit.replace(tokens.span(), &written(&scrubbed));
                    }
                }
                Token::Number(_) => {
                    if let Some(Telling { rule, numbers: Numbers::Secret }) = class {
                        self.hit(rule, &here);
                        edit.replace(tokens.span(), &written(&marker(rule)));
                    }
                    leave(&mut frames, None);
                }
                Token::Bool(_) | Token::Null => leave(&mut frames, None),
            }
        }
        Ok(edit.finish())
    }

    /// Scrubs a string under a telling key.
    fn secret(&mut self, here: &dyn Fn() -> String, value: &str, telling: Telling) -> Option<String> {
        if text::is_harmless(value, telling) {
            return None;
        }
        let (kept, rule) = match text::split_scheme(value).filter(|_| telling.rule == "authorization") {
            Some((start, scheme)) => (start, scheme.rule(telling)),
            None => (0, telling.rule),
        };
        if text::is_harmless(&value[kept..], telling) {
            return None;
        }
        self.hit(rule, here);
        Some(format!("{}{}", &value[..kept], marker(rule)))
    }

    /// Scrubs a string under a key that says nothing. `None` if nothing changes.
    fn string(&mut self, here: &dyn Fn() -> String, value: &str, level: usize) -> Option<String> {
        if self.detectors.fired(value).is_nothing() {
            return None;
        }
        let mut start = value.bytes().filter(|byte| !byte.is_ascii_whitespace());
        let reading = match (start.next(), start.next()) {
            (Some(b'{'), _) | (Some(b'['), Some(b'{' | b'[' | b'"')) => {
                if level < LEVEL_MAX && check_json(value).is_ok() {
                    let base = if self.findings.is_some() { here() } else { String::new() };
                    if let Ok(changed) = self.walk(&base, value, None, level + 1) {
                        return changed;
                    }
                }
                Reading::Broken
            }
            _ => Reading::Prose,
        };
        self.plain(here, value, reading)
    }

    /// Scrubs a text by the rules for texts. `None` if nothing changes.
    fn plain(&mut self, here: &dyn Fn() -> String, text: &str, reading: Reading) -> Option<String> {
        let (text, mut spans) = self.detectors.secrets(text, reading)?;
        let scrubbed = text::redact(&text, &mut spans);
        for span in &spans {
            self.hit(span.rule, here);
        }
        Some(scrubbed)
    }

    /// Scrubs the text of a key. `None` if nothing changes.
    fn key(&mut self, here: &dyn Fn() -> String, key: &str, facts: KeyFacts) -> Option<String> {
        if facts.clean { None } else { self.plain(here, key, Reading::Prose) }
    }

    fn key_facts<'k>(&mut self, raw: &str, decode: impl FnOnce() -> Cow<'k, str>) -> KeyFacts {
        self.keys.facts(raw, || {
            let key = decode();
            match self.detectors.secrets(&key, Reading::Prose) {
                None => KeyFacts::new(&without_markers(&key), true),
                // The class must be the same when the scrubbed line is scrubbed again.
                Some((text, mut spans)) => KeyFacts::new(&without_markers(&text::redact(&text, &mut spans)), false),
            }
        })
    }

    fn hit(&mut self, rule: &'static str, here: &dyn Fn() -> String) {
        *self.hits.entry(rule).or_default() += 1;
        if let Some(findings) = &mut self.findings {
            findings.push(Finding { path: here(), rule });
        }
    }
}

/// JSON in a string is followed this many strings deep; further in, it is text.
const LEVEL_MAX: usize = 3;

/// Keys whose value names another: `{"name": "password", "value": "…"}`.
const NAME_KEYS: &[&str] =
    &["attribute", "field", "header", "k", "key", "label", "name", "param", "parameter", "property", "variable"];

/// Keys whose value belongs to the name beside it.
const VALUE_KEYS: &[&str] = &["content", "contents", "data", "text", "v", "val", "value", "values"];

/// A container of the JSON text that is walked.
#[derive(Debug)]
struct Frame {
    kind: Kind,
    /// The class of everything inside.
    inside: Option<Telling>,
    /// The class of the value that comes next.
    class: Option<Telling>,
    /// The class that a name gives to the values beside it.
    named: Option<Telling>,
    /// Whether the names of an object that come behind its value have been looked at.
    looked_ahead: bool,
    /// Whether the container is an element of an array: `[["Authorization", "…"], …]`.
    listed: bool,
    /// What the last key is for.
    role: Role,
    /// The element of an array that comes next.
    index: usize,
    /// The last key, scrubbed, when somebody wants to know.
    key: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Object,
    Array,
}

impl Frame {
    fn new(kind: Kind, inside: Option<Telling>, listed: bool) -> Self {
        Frame {
            kind,
            inside,
            class: inside,
            named: None,
            looked_ahead: false,
            listed,
            role: Role::Plain,
            index: 0,
            key: String::new(),
        }
    }

    /// Behind a key; `tokens` stands before its value.
    fn enter(&mut self, facts: KeyFacts, tokens: &Tokens<'_>, shown: Option<&str>) {
        self.role = facts.role;
        if self.role == Role::Value && !self.looked_ahead {
            self.looked_ahead = true;
            self.named = self.named.or_else(|| name_ahead(tokens.clone()));
        }
        let named = if self.role == Role::Value { self.named } else { None };
        self.class = match (facts.telling.or(named), self.inside) {
            // The nearest key names the rule, but makes nothing harmless.
            (Some(Telling { rule, .. }), Some(Telling { numbers: Numbers::Secret, .. })) => {
                Some(Telling { rule, numbers: Numbers::Secret })
            }
            (Some(telling), _) | (None, Some(telling)) => Some(telling),
            (None, None) => None,
        };
        if let Some(shown) = shown {
            shown.clone_into(&mut self.key);
        }
    }

    /// Behind a value; `text` is given for a string that may name what stands beside it.
    fn leave(&mut self, text: Option<&str>) {
        let named = text.and_then(named_class);
        match self.kind {
            Kind::Object => {
                if self.role == Role::Name {
                    self.named = self.named.or(named);
                }
                self.class = self.inside;
            }
            Kind::Array => {
                if self.listed && self.index == 0 {
                    self.named = named;
                }
                // A flat list of headers or arguments.
                let flat = named.filter(|_| text.is_some_and(|text| is_header(text) || text.starts_with("--")));
                self.class = self.inside.or(self.named).or(flat);
                self.index += 1;
            }
        }
    }
}

fn leave(frames: &mut [Frame], text: Option<&str>) {
    if let Some(frame) = frames.last_mut() {
        frame.leave(text);
    }
}

/// The class that a text gives to what it names, if it looks like a name.
fn named_class(text: &str) -> Option<Telling> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-. []".contains(&byte);
    let plausible = text.len() <= 64 && text.bytes().all(is_name) && text.matches(' ').count() <= 1;
    if plausible { keys::classify(text) } else { None }
}

fn is_header(text: &str) -> bool {
    let known = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
    known.iter().any(|header| header.eq_ignore_ascii_case(text))
        || text.get(..2).is_some_and(|x| x.eq_ignore_ascii_case("x-"))
}

/// The class that a name gives which stands behind the value that `tokens` comes to, in the same object.
fn name_ahead(mut tokens: Tokens<'_>) -> Option<Telling> {
    let depth = tokens.depth();
    tokens.value_text().ok()?;
    loop {
        let Ok(Some(Token::Key(key))) = tokens.next() else { return None };
        let role = Role::of(&key.decode());
        if role != Role::Name {
            tokens.value_text().ok()?;
            continue;
        }
        match tokens.next() {
            Ok(Some(Token::String(name))) => {
                if let Some(telling) = named_class(&name.decode()) {
                    return Some(telling);
                }
            }
            Ok(Some(_)) => {
                while tokens.depth() > depth {
                    tokens.next().ok()?;
                }
            }
            Ok(None) | Err(_) => return None,
        }
    }
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Its value names a value beside it.
    Name,
    /// Its value belongs to a name beside it.
    Value,
    /// Neither.
    Plain,
}

impl Role {
    fn of(key: &str) -> Role {
        let is_one_of = |keys: &[&str]| keys.iter().any(|known| known.eq_ignore_ascii_case(key));
        match (is_one_of(NAME_KEYS), is_one_of(VALUE_KEYS)) {
            (true, _) => Role::Name,
            (false, true) => Role::Value,
            (false, false) => Role::Plain,
        }
    }
}

/// What is known of a key from its text alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct KeyFacts {
    telling: Option<Telling>,
    role: Role,
    /// The key itself has no secret in it.
    clean: bool,
}

impl KeyFacts {
    fn new(key: &str, clean: bool) -> Self {
        KeyFacts { telling: keys::classify(key), role: Role::of(key), clean }
    }
}

/// Facts of keys met before. Telemetry repeats a few hundred keys.
///
/// Invariant: at most [`KeyCache::SLOTS`] keys of at most [`KeyCache::KEY_MAX`] bytes, and none with a secret in it.
struct KeyCache {
    slots: Vec<Option<(Box<str>, KeyFacts)>>,
}

impl KeyCache {
    const SLOTS: usize = 2048;
    const KEY_MAX: usize = 128;

    fn new() -> Self {
        KeyCache { slots: vec![None; KeyCache::SLOTS] }
    }

    /// The facts of a key, given as JSON writes it.
    fn facts(&mut self, raw: &str, find_out: impl FnOnce() -> KeyFacts) -> KeyFacts {
        let slot = &mut self.slots[xxh3_64(raw.as_bytes()) as usize % KeyCache::SLOTS];
        match slot {
            Some((known, facts)) if **known == *raw => *facts,
            _ => {
                let facts = find_out();
                if facts.clean && raw.len() <= KeyCache::KEY_MAX {
                    *slot = Some((raw.into(), facts));
                }
                facts
            }
        }
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCache").finish_non_exhaustive()
    }
}

/// A text that is copied only from the first change on.
struct Edit<'a> {
    text: &'a str,
    out: String,
    copied: usize,
}

impl Edit<'_> {
    fn replace(&mut self, range: std::ops::Range<usize>, with: &str) {
        if self.out.capacity() == 0 {
            self.out.reserve(self.text.len() + with.len());
        }
        self.out.push_str(&self.text[self.copied..range.start]);
        self.out.push_str(with);
        self.copied = range.end;
    }

    fn finish(mut self) -> Option<String> {
        if self.copied == 0 {
            return None;
        }
        self.out.push_str(&self.text[self.copied..]);
        Some(self.out)
    }
}

/// Reads a whole JSON text and returns its first token.
fn check_json(text: &str) -> Result<Token<'_>, json::Error> {
    let mut tokens = Tokens::new(text);
    let first = tokens.next()?;
    while tokens.next()?.is_some() {}
    Ok(first.expect("an empty text is an error"))
}

/// `text` as a JSON string, quotes included.
fn written(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + 2);
    json::push_string(&mut out, text);
    String::from_utf8(out).expect("JSON made from a string is a string")
}

/// The place of the value that comes next in `frames`.
fn path(base: &str, frames: &[Frame]) -> String {
    let segments = frames.iter().map(|frame| match frame.kind {
        Kind::Object => segment(&frame.key),
        Kind::Array => format!("/{}", frame.index),
    });
    base.to_owned() + &segments.collect::<String>()
}

fn segment(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

fn unscrubbable(what: &str, error: Option<json::Error>) -> Rejected {
    let error = error.map(|error| format!(": {error}")).unwrap_or_default();
    Rejected { reason: Reason::Unscrubbable, detail: format!("{what} of the line cannot be read again as JSON{error}") }
}

const MARKER_START: &str = "[REDACTED:";

/// What stands in the place of a secret.
fn marker(rule: &str) -> String {
    format!("{MARKER_START}{rule}]")
}

/// The length of the marker that `text` starts with. Only the rules' own ids make a marker.
fn marker_at(text: &str) -> Option<usize> {
    let rest = text.strip_prefix(MARKER_START)?;
    let known = |id: &str| rest.strip_prefix(id).is_some_and(|rest| rest.starts_with(']'));
    let rule = keys::rules().chain(detectors::rules()).find(|id| known(id))?;
    Some(MARKER_START.len() + rule.len() + 1)
}

/// Whether a text is a marker and nothing else.
fn is_marker(text: &str) -> bool {
    marker_at(text) == Some(text.len())
}

fn without_markers(text: &str) -> Cow<'_, str> {
    if !text.contains(MARKER_START) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(MARKER_START) {
        out.push_str(&rest[..at]);
        let length = marker_at(&rest[at..]);
        if length.is_none() {
            out.push_str(MARKER_START);
        }
        rest = &rest[at + length.unwrap_or(MARKER_START.len())..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}
