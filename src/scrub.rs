//! The scrubber: the only way from a record to anything that is stored, logged or shown.
//!
//! Keys come first: under a telling key (`keys`) every text and number goes. Then values: texts are searched for telling
//! keys (`text`) and for secrets with a form of their own (`detectors`). A secret gives way to what its action leaves
//! (`actions`), such as `[REDACTED:jwt]`, and nothing around it is touched. An operator may add rules and exceptions
//! (`own`).
//!
//! Invariant: [`Scrubbed`] and [`ScrubbedText`] are made here only, after every rule was applied.
//! Invariant: numbers, the order of keys and duplicate keys come through as they were; every duplicate is scrubbed.
//! Invariant: scrubbing what was scrubbed changes nothing.
//! Invariant: the time is linear in the length of the line, and the memory kept between lines is bounded.

mod actions;
#[cfg(test)]
mod corpus_tests;
mod detectors;
mod frame;
#[cfg(test)]
mod handbook;
mod keys;
mod known;
mod lookup;
mod markers;
mod own;
mod seal;
mod search;
mod text;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};

use xxhash_rust::xxh3::xxh3_64;

pub use self::actions::{Action, Actions, HashKey, TooShort};
use self::detectors::{DIGITS_MIN, Detectors};
use self::frame::{Frame, Halves, Kind, Meaning, Role, Text, leave, leave_container, path, segment};
use self::keys::Telling;
use self::known::{Known, Met, Verdict};
pub use self::markers::Kind as RuleKind;
use self::markers::{REMOVED, UNSCRUBBABLE, without_markers};
use self::own::Words;
pub use self::own::{Allowed, BadKeyName, Find as OwnFind, OwnKey, OwnRule, RULES_MAX, RuleText};
pub use self::seal::{BadKey, Closed, NoRandomness, PrivateKey, Recipient, Writing, open_all};
use self::text::{Reading, Span};
use crate::record::json::{self, Token, Tokens, written};
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
pub struct Options {
    /// What is done with secrets, by the kind and the rule that found them.
    pub actions: Actions,
    /// What more is telling than the built-in words.
    pub keys: Vec<OwnKey>,
    /// What is excepted from the rules.
    pub allowed: Vec<Allowed>,
    /// What is kept of `ip_address`.
    pub ip: Ip,
    /// The operator's rules, at most [`RULES_MAX`].
    pub rules: Vec<OwnRule>,
}

/// What is kept of the column `ip_address`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ip {
    /// All of it.
    #[default]
    Keep,
    /// The network: the last octet of an IPv4 address and the last 80 bits of an IPv6 address become zero.
    Truncate,
}

impl Ip {
    fn apply(self, address: IpAddr) -> IpAddr {
        let network = |address: Ipv4Addr| {
            let [a, b, c, _] = address.octets();
            Ipv4Addr::new(a, b, c, 0)
        };
        match (self, address) {
            (Ip::Keep, address) => address,
            (Ip::Truncate, IpAddr::V4(address)) => network(address).into(),
            (Ip::Truncate, IpAddr::V6(address)) => match address.to_ipv4_mapped() {
                Some(mapped) => network(mapped).to_ipv6_mapped().into(),
                None => {
                    let [a, b, c, ..] = address.segments();
                    Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into()
                }
            },
        }
    }
}

/// Fewer bytes at the end of a line that nobody finished give no secret away.
const CUT_SECRET_MIN: usize = 12;

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
    known: Known,
    ip: Ip,
    hits: BTreeMap<&'static str, u64>,
    /// Where the hits of the present line are, when somebody asked.
    findings: Option<Vec<Finding>>,
    #[cfg(test)]
    fails: bool,
}

impl Scrubber {
    /// A scrubber with the built-in rules and those of the options.
    ///
    /// # Panics
    /// There are more than [`RULES_MAX`] rules in the options.
    pub fn new(options: Options) -> Self {
        let Options { mut actions, keys, allowed, ip, rules } = options;
        assert!(rules.len() <= RULES_MAX, "the config counts its rules");
        let mut finds = Vec::new();
        for rule in rules {
            match rule {
                OwnRule::Find(find) => {
                    actions.of_rule.extend(find.action.clone().map(|action| (find.id, action)));
                    finds.push(find);
                }
                OwnRule::Override { rule, action } => {
                    actions.of_rule.insert(rule, action);
                }
            }
        }
        let detectors = Detectors::with(Words::new(keys, allowed), finds, actions);
        Scrubber {
            detectors,
            keys: KeyCache::new(),
            known: Known::new(),
            ip,
            hits: BTreeMap::new(),
            findings: None,
            #[cfg(test)]
            fails: false,
        }
    }

    /// Scrubs every text of a record. What has no secret in it stays borrowed.
    ///
    /// # Errors
    /// [`Reason::Unscrubbable`]: the record holds something that is not JSON where JSON should be.
    // A record is large; inlined, it is moved fewer times.
    #[inline(always)]
    pub fn scrub<'a>(&mut self, mut record: Record<'a>) -> Result<Scrubbed<'a>, Rejected> {
        // A line on which the scrubber fails must not stop those behind it, nor get through.
        let scrubbed = catch_unwind(AssertUnwindSafe(|| self.scrub_record(&mut record)));
        scrubbed.unwrap_or_else(|_| {
            let detail = "the scrubber failed on it; this is a defect of tracespool".to_owned();
            Err(Rejected { reason: Reason::Unscrubbable, detail })
        })?;
        Ok(Scrubbed(record))
    }

    fn scrub_record(&mut self, record: &mut Record<'_>) -> Result<(), Rejected> {
        #[cfg(test)]
        self.fail_on(&record.event_key);
        record.ip_address = record.ip_address.map(|address| self.ip.apply(address));
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
        Ok(())
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
    ///
    /// Of a text on which the scrubber fails nothing is left.
    pub fn scrub_text(&mut self, text: &str, extent: Extent) -> ScrubbedText {
        let scrubbed = catch_unwind(AssertUnwindSafe(|| self.scrub_any(text, extent)));
        scrubbed.unwrap_or_else(|_| ScrubbedText(markers::redacted(UNSCRUBBABLE)))
    }

    fn scrub_any(&mut self, text: &str, extent: Extent) -> ScrubbedText {
        #[cfg(test)]
        self.fail_on(text);
        let changed = match extent {
            Extent::Whole if check_json(text).is_ok() => match self.walk("", text, None, 0) {
                Ok(changed) => changed,
                Err(_) => self.plain(&String::new, text, Reading::Broken),
            },
            Extent::Whole if text::is_cut_json(text) => {
                let scrubbed = self.plain(&String::new, text, Reading::Broken);
                let scrubbed = scrubbed.unwrap_or_else(|| text.to_owned());
                let kept = text::without_last_token(&scrubbed).len();
                let telling = scrubbed.len() - kept >= CUT_SECRET_MIN || scrubbed[kept..].contains('@');
                let end = if telling { kept } else { scrubbed.len() };
                Some(scrubbed[..end].to_owned())
            }
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

    #[cfg(test)]
    fn fail_on(&self, text: &str) {
        assert!(!self.fails || !text.contains("defect"), "as the test wants it");
    }

    fn column(&mut self, path: &str, text: &mut Cow<'_, str>) {
        let verdict = match self.known.meet_expected(text.as_bytes()) {
            Some((verdict, length)) if length == text.len() => *verdict,
            _ => self.verdict(text),
        };
        if let Verdict::Suspect = verdict
            && !self.detectors.words.allow_path(path)
            && let Some(scrubbed) = self.string(&|| path.to_owned(), text, 0)
        {
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
        let path = if self.paths_matter() { segment(scrubbed.as_deref().unwrap_or(&decoded)) } else { String::new() };
        if let Some(scrubbed) = scrubbed {
            let written = written(&scrubbed);
            member.key = Cow::Owned(written[1..written.len() - 1].to_owned());
        }
        self.json(&path, &mut member.value, facts.telling)
    }

    fn json(&mut self, path: &str, json: &mut Json<'_>, telling: Option<Telling>) -> Result<(), Rejected> {
        let plain = telling.is_none() && !(self.ip == Ip::Truncate && path == IP_ADDRESS);
        if plain && !self.suspects(&json.text) || self.detectors.words.allow_path(path) {
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
            let class = frames.last().map_or(telling, |frame| frame.class);
            let class = match token {
                Token::String(string) if class.is_none() => {
                    frames.last_mut().and_then(|frame| frame.argument(|| string.decode()))
                }
                _ => class,
            };
            let here = || path(base, &frames);
            match token {
                Token::Key(key) => {
                    let facts = self.key_facts(key.raw(), || key.decode());
                    let container = || path(base, &frames[..frames.len() - 1]);
                    let scrubbed = if facts.clean { None } else { self.key(&container, &key.decode(), facts) };
                    let shown = self.paths_matter().then(|| scrubbed.as_deref().map_or(key.decode(), Cow::Borrowed));
                    if let Some(scrubbed) = &scrubbed {
                        edit.replace(tokens.span(), &written(scrubbed));
                    }
                    frames.last_mut().expect("a key stands in an object").enter(
                        facts.role,
                        facts.telling,
                        &tokens,
                        shown.as_deref(),
                        &self.detectors.words,
                    );
                    let words = &self.detectors.words;
                    if words.have_paths() && words.allow_path(&path(base, &frames)) {
                        tokens.value_text()?;
                        leave(&mut frames, None, words);
                    }
                }
                Token::ObjectStart | Token::ArrayStart => {
                    let kind = if token == Token::ObjectStart { Kind::Object } else { Kind::Array };
                    frames.push(Frame::within(&frames, kind, class));
                }
                Token::ObjectEnd | Token::ArrayEnd => {
                    let ended = frames.pop();
                    leave_container(&mut frames, ended, &self.detectors.words);
                }
                Token::String(string) => {
                    let value = string.decode();
                    let meaning = self.meaning(&value);
                    let scrubbed = match (class, meaning) {
                        (Some(telling), _) => self.under(&here, &value, telling, level),
                        (None, Meaning::Open) => self.string(&here, &value, level),
                        (None, Meaning::Innocent) => None,
                    };
                    let scrubbed = scrubbed.or_else(|| self.bound(&here, &frames, &value));
                    let scrubbed = scrubbed.or_else(|| self.network(base, &frames, level, &value));
                    // A value that was a secret itself names nothing.
                    let names = Some(Text { text: &value, meaning }).filter(|_| scrubbed.is_none());
                    leave(&mut frames, names, &self.detectors.words);
                    frame::armour(&mut frames, &value);
                    if let Some(scrubbed) = scrubbed {
                        edit.replace(tokens.span(), &written_value(&scrubbed));
                    }
                }
                Token::Number(number) => {
                    if let Some(Telling { rule, .. }) = class.filter(|class| text::is_secret_number(number, *class)) {
                        self.hit(rule, &here);
                        edit.replace(tokens.span(), &written_value(&self.detectors.actions.replacement(rule, number)));
                    }
                    leave(&mut frames, None, &self.detectors.words);
                }
                Token::Bool(_) | Token::Null => leave(&mut frames, None, &self.detectors.words),
            }
        }
        Ok(edit.finish())
    }

    /// Scrubs a string under a telling key. What is no secret by its key may still hold one: `"mail": "your password: …"`.
    fn under(&mut self, here: &dyn Fn() -> String, value: &str, telling: Telling, level: usize) -> Option<String> {
        let mut scrubbed: Option<String> = None;
        for _ in 0..PASSES_MAX {
            let value = scrubbed.as_deref().unwrap_or(value);
            match self.secret(here, value, telling, level).or_else(|| self.string(here, value, level)) {
                None => return scrubbed,
                again => scrubbed = again,
            }
        }
        // What never comes clean is a secret as a whole.
        let span = Span { range: 0..value.len(), rule: telling.rule };
        Some(text::redact(value, &mut vec![span], &self.detectors.actions))
    }

    /// Scrubs a string under a telling key.
    fn secret(&mut self, here: &dyn Fn() -> String, value: &str, telling: Telling, level: usize) -> Option<String> {
        // An object in a string is an object: what only describes the secret stays.
        if value.starts_with('{') && telling.rule == "credential" && level < LEVEL_MAX && check_json(value).is_ok() {
            let base = if self.paths_matter() { here() } else { String::new() };
            if let Ok(changed) = self.walk(&base, value, Some(telling), level + 1) {
                return changed;
            }
        }
        let mut spans = Vec::new();
        text::find_under(value, telling, &self.detectors.words, &mut spans);
        if spans.is_empty() {
            return None;
        }
        for span in &spans {
            self.hit(span.rule, here);
        }
        Some(text::redact(value, &mut spans, &self.detectors.actions))
    }

    /// Scrubs a text that lists the values of the statement beside it. `None` if nothing changes.
    fn bound(&mut self, here: &dyn Fn() -> String, frames: &[Frame], value: &str) -> Option<String> {
        let mut spans = Vec::new();
        frames.last()?.listed_values(value, &self.detectors.words, &mut spans);
        if spans.is_empty() {
            return None;
        }
        for span in &spans {
            self.hit(span.rule, here);
        }
        Some(text::redact(value, &mut spans, &self.detectors.actions))
    }

    /// What is kept of the value of the line's `ip_address`, if that is not all of it.
    fn network(&self, base: &str, frames: &[Frame], level: usize, value: &str) -> Option<String> {
        let may_be = self.ip == Ip::Truncate && level == 0 && frames.len() <= 1;
        if !may_be || !matches!(base, "" | IP_ADDRESS) || path(base, frames) != IP_ADDRESS {
            return None;
        }
        let address: IpAddr = value.parse().ok()?;
        Some(self.ip.apply(address)).filter(|network| *network != address).map(|network| network.to_string())
    }

    /// Scrubs a string under a key that says nothing. `None` if nothing changes.
    fn string(&mut self, here: &dyn Fn() -> String, value: &str, level: usize) -> Option<String> {
        // What is left of a secret, most of all.
        if markers::is_marker(value) {
            return None;
        }
        let mut start = value.bytes().filter(|byte| !byte.is_ascii_whitespace());
        let reading = match (start.next(), start.next()) {
            (Some(b'{'), _) | (Some(b'['), Some(b'{' | b'[' | b'"')) => {
                if !self.detectors.may_fire(value) {
                    return None;
                }
                if level < LEVEL_MAX && check_json(value).is_ok() {
                    let base = if self.paths_matter() { here() } else { String::new() };
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

    /// What earlier lines told of a string.
    fn meaning(&self, text: &str) -> Meaning {
        match self.known.recall(text) {
            Some(Verdict::Innocent | Verdict::Half(_)) => Meaning::Innocent,
            Some(Verdict::Suspect) | None => Meaning::Open,
        }
    }

    /// Whether there may be a secret somewhere in `json`, which stands under no telling key.
    ///
    /// No keyword of a rule has a quote in it, so it is enough to look at what stands between them, and most of that was
    /// met before. Pairs of keys are judged by their halves, wherever in the text these stand.
    fn suspects(&mut self, json: &str) -> bool {
        if self.detectors.has_rule_without_keyword() {
            return true;
        }
        let bytes = json.as_bytes();
        let mut halves = Halves::default();
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let length = match idle_length(rest) {
                Some(length) => length,
                None => match self.known.meet_expected(rest) {
                    Some((Verdict::Innocent, length)) => length,
                    Some((Verdict::Half(half), length)) => {
                        halves = halves.with(*half);
                        length
                    }
                    Some((Verdict::Suspect, _)) => return true,
                    None => {
                        let length = up_to_quote(rest);
                        match self.verdict(&json[at..at + length]) {
                            Verdict::Innocent => {}
                            Verdict::Half(half) => halves = halves.with(half),
                            Verdict::Suspect => return true,
                        }
                        length
                    }
                },
            };
            at += length + 1;
        }
        halves.make_a_pair()
    }

    /// What a text means that is a string, or part of one as JSON writes it.
    fn verdict(&mut self, text: &str) -> Verdict {
        // The one thing that every line has a new one of, and no rule finds anything in.
        if text::is_uuid(text) && !self.detectors.has_own_rules() {
            return Verdict::Innocent;
        }
        let met = self.known.meet(text);
        if let Met::Often(verdict) = met {
            return verdict;
        }
        let fires = self.detectors.may_fire(text);
        let verdict = match met {
            _ if !fires => Some(Verdict::innocent(text)),
            // A part of a string means nothing by itself, and a closer look at what is met but once does not pay.
            Met::Once if !text.contains('\\') => self.judge(text),
            Met::Once | Met::Never | Met::Often(_) => None,
        };
        if let (Met::Once, Some(verdict)) = (met, verdict) {
            self.known.keep(text, verdict);
        }
        verdict.unwrap_or(Verdict::Suspect)
    }

    /// What a whole text means that has a keyword in it. `None` if there is a secret in it, so that it must not be kept.
    fn judge(&mut self, text: &str) -> Option<Verdict> {
        let facts = KeyFacts::of(text, &self.detectors);
        let json = text.trim_start().starts_with(['{', '[']);
        if !facts.clean || json {
            None
        } else if facts.telling.is_some()
            || frame::tells_of_others(text, &self.detectors.words)
            || markers::markers(text).next().is_some()
        {
            Some(Verdict::Suspect)
        } else {
            Some(Verdict::innocent(text))
        }
    }

    /// Scrubs a text by the rules for texts. `None` if nothing changes.
    fn plain(&mut self, here: &dyn Fn() -> String, text: &str, reading: Reading) -> Option<String> {
        let (scrubbed, rules) = self.detectors.redact(text, reading)?;
        for rule in rules {
            self.hit(rule, here);
        }
        Some(scrubbed)
    }

    /// Scrubs the text of a key. `None` if nothing changes.
    fn key(&mut self, here: &dyn Fn() -> String, key: &str, facts: KeyFacts) -> Option<String> {
        if facts.clean { None } else { self.plain(here, key, Reading::Prose) }
    }

    /// Whether somebody asks where a value is.
    fn paths_matter(&self) -> bool {
        self.findings.is_some() || self.detectors.words.have_paths() || self.ip == Ip::Truncate
    }

    fn key_facts<'k>(&mut self, raw: &str, decode: impl FnOnce() -> Cow<'k, str>) -> KeyFacts {
        self.keys.facts(raw, || KeyFacts::of(&decode(), &self.detectors))
    }

    fn hit(&mut self, rule: &'static str, here: &dyn Fn() -> String) {
        *self.hits.entry(rule).or_default() += 1;
        if let Some(findings) = &mut self.findings {
            findings.push(Finding { path: here(), rule });
        }
    }
}

/// Where a line has the address of whoever it tells of.
const IP_ADDRESS: &str = "/ip_address";

/// How often a string under a telling key is scrubbed until nothing more is found in it.
const PASSES_MAX: usize = 8;

/// JSON in a string is followed this many strings deep; further in, it is text.
const LEVEL_MAX: usize = 3;

/// What is known of a key from its text alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct KeyFacts {
    telling: Option<Telling>,
    role: Role,
    /// The key itself has no secret in it.
    clean: bool,
}

impl KeyFacts {
    fn of(key: &str, detectors: &Detectors) -> Self {
        match detectors.redact(key, Reading::Prose) {
            None => KeyFacts::new(&without_markers(key), true, &detectors.words),
            // The class must be the same when the scrubbed line is scrubbed again.
            Some((scrubbed, _)) => KeyFacts::new(&without_markers(&scrubbed), false, &detectors.words),
        }
    }

    fn new(key: &str, clean: bool, words: &Words) -> Self {
        KeyFacts { telling: words.classify(key), role: Role::of(key), clean }
    }
}

/// Facts of keys met before. Telemetry repeats a few hundred keys.
///
/// Invariant: at most [`KeyCache::SLOTS`] keys of at most [`KeyCache::KEY_MAX`] bytes, and none with a secret in it.
struct KeyCache {
    /// For each slot the place of its key in `kept`, plus one; none is a key's.
    slots: Vec<u16>,
    /// They take far more room than a slot, and most slots are empty.
    kept: Vec<(Box<str>, KeyFacts)>,
}

const _: () = assert!(KeyCache::SLOTS < 1 << 16, "a key's place is a u16");

impl KeyCache {
    const SLOTS: usize = 2048;
    const KEY_MAX: usize = 128;

    fn new() -> Self {
        KeyCache { slots: vec![0; KeyCache::SLOTS], kept: Vec::new() }
    }

    /// The facts of a key, given as JSON writes it.
    fn facts(&mut self, raw: &str, find_out: impl FnOnce() -> KeyFacts) -> KeyFacts {
        let slot = &mut self.slots[xxh3_64(raw.as_bytes()) as usize % KeyCache::SLOTS];
        let kept = usize::from(*slot).checked_sub(1).map(|place| &mut self.kept[place]);
        if let Some((known, facts)) = &kept
            && **known == *raw
        {
            return *facts;
        }
        let facts = find_out();
        if facts.clean && raw.len() <= KeyCache::KEY_MAX {
            match kept {
                Some(kept) => *kept = (raw.into(), facts),
                None => {
                    self.kept.push((raw.into(), facts));
                    *slot = self.kept.len() as u16;
                }
            }
        }
        facts
    }
}

impl fmt::Debug for KeyCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyCache").finish_non_exhaustive()
    }
}

/// How many bytes stand before the first quote. Most parts are shorter than what it costs to call a search.
#[inline]
fn up_to_quote(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 0xff;
    const NEAR: usize = 4;
    let (words, _) = bytes.as_chunks::<8>();
    for (n, word) in words.iter().take(NEAR).enumerate() {
        let word = u64::from_le_bytes(*word) ^ (ONES * u64::from(b'"'));
        // The lowest byte that is zero borrows from the ones above it, so only the lowest bit counts.
        let quotes = word.wrapping_sub(ONES) & !word & (ONES << 7);
        if quotes != 0 {
            return 8 * n + quotes.trailing_zeros() as usize / 8;
        }
    }
    let near = 8 * words.len().min(NEAR);
    memchr::memchr(b'"', &bytes[near..]).map_or(bytes.len(), |at| near + at)
}

/// How many bytes stand before the first quote, if they are punctuation and short numbers, in which no rule finds anything.
#[inline]
fn idle_length(bytes: &[u8]) -> Option<usize> {
    // Between most strings stands one mark.
    if let [b':' | b',', b'"', ..] = bytes {
        return Some(1);
    }
    let mut digits = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' => return (digits < DIGITS_MIN).then_some(at),
            b'0'..=b'9' => digits += 1,
            byte if IS_PUNCTUATION[usize::from(*byte)] => {}
            _ => return None,
        }
    }
    (digits < DIGITS_MIN).then_some(bytes.len())
}

const IS_PUNCTUATION: [bool; 256] = {
    let mut is = [false; 256];
    let mut at = 0;
    let marks = b":,{}[]. -";
    while at < marks.len() {
        is[marks[at] as usize] = true;
        at += 1;
    }
    is
};

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

/// A scrubbed text as a JSON string. Of a value that was removed nothing is left.
fn written_value(scrubbed: &str) -> String {
    written(if scrubbed == REMOVED { "" } else { scrubbed })
}

fn unscrubbable(what: &str, error: Option<json::Error>) -> Rejected {
    let error = error.map(|error| format!(": {error}")).unwrap_or_default();
    Rejected { reason: Reason::Unscrubbable, detail: format!("{what} of the line cannot be read again as JSON{error}") }
}

/// How long this thread has run on a core: what else the machine does is no matter to a test of how time grows.
#[cfg(test)]
fn thread_time() -> std::time::Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    std::time::Duration::new(
        u64::try_from(time.tv_sec).expect("a time"),
        u32::try_from(time.tv_nsec).expect("below a second"),
    )
}

#[cfg(test)]
mod tests;
