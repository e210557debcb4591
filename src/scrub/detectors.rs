//! Secrets that show by their form, whatever their key: the table of value rules, and the gate before them.
//!
//! A rule is a list of forms (`forms`), a pattern near a telling word, or code. One pass of Aho-Corasick over a text tells
//! where the rules' keywords stand, a glance at what stands around each tells whether it is worth more, and only those
//! rules run, at those places. Numbers of cards, accounts, people and phones (`numbers`) have no keyword but their digits.
//!
//! Invariant: every text that a rule matches has one of the rule's keywords, in any ASCII case.
//! Invariant: whatever a rule would match, the glance lets pass, in a decoded string and in JSON with its escapes.
//! Invariant: linear time: patterns without backtracking, and every byte is checked a bounded number of times.

mod beside;
mod checks;
mod codes;
mod echoes;
mod forms;
mod http;
mod ids;
mod labels;
mod looks;
mod marks;
mod numbers;
mod people;
mod records;
mod reports;
mod settings;
mod stores;
mod tokens;
mod told;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::{ControlFlow, Range};
use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};

use self::forms::{Form, Runs};
pub use self::ids::Id;
use self::looks::Look;
#[cfg(test)]
pub use self::looks::word as is_word_at;
pub use self::numbers::DIGITS_MIN;
use self::numbers::{Number, Sureness};
use super::actions::Actions;
use super::keys::Gate;
use super::markers::{Kind, marker_at, markers};
use super::own::{Find as OwnFind, Words};
use super::search::Search;
use super::text::{self, Reading, Span};

/// A kind of secret with a form of its own, as the tables have it.
struct ValueRule {
    id: &'static str,
    /// What it finds, for people.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the handbook, which a test writes"))]
    what: &'static str,
    kind: Kind,
    find: Find,
    /// Texts with a secret in them, and the secret.
    #[cfg_attr(not(test), expect(dead_code, reason = "examples, run as tests"))]
    secrets: &'static [(&'static str, &'static str)],
    /// Texts without a secret that come near.
    #[cfg_attr(not(test), expect(dead_code, reason = "examples, run as tests"))]
    innocent: &'static [&'static str],
}

/// The same, as the program has it. Thousands of examples would take memory in it.
#[derive(Clone, Copy)]
struct Rule {
    id: &'static str,
    kind: Kind,
    find: Find,
}

/// How a rule finds its secrets. Keywords are lower-case and have no `"`, `\` or `/` in them: JSON may write those in
/// several ways.
#[derive(Clone, Copy)]
enum Find {
    /// Tokens; their starts are the keywords.
    Forms(&'static [Form]),
    /// Group 1 of a pattern that begins with a keyword and ends [`AHEAD`] bytes behind it or before.
    Near { keywords: &'static [&'static str], look: Look, pattern: &'static str, check: Check },
    /// Group 1 of a pattern, anywhere in a text that has a keyword.
    Whole { keywords: &'static [&'static str], look: Look, pattern: &'static str, check: Check },
    /// A pattern anywhere in a text that has a keyword, with pairs of groups, `k1` and `v1` and so on: a name and a value,
    /// which is a secret if the name is telling.
    Keyed { keywords: &'static [&'static str], look: Look, pattern: &'static str },
    /// The next secret that begins at or behind a place.
    Code { keywords: &'static [&'static str], look: Look, next: fn(&str, usize) -> Option<Range<usize>> },
    /// Numbers that show by their digits.
    Number(Number),
}

/// What a pattern cannot say about the secret that stands at a range of a text.
type Check = fn(&str, &Range<usize>) -> bool;

/// Groups are looked for in matches of at most this many bytes.
const MATCH_MAX: usize = 8 << 10;

/// How far behind its keyword the match of a [`Find::Near`] may end.
const AHEAD: usize = 256;

const TABLES: &[&[&[ValueRule]]] = &[
    &[
        http::RULES,
        beside::RULES,
        codes::RULES,
        echoes::RULES,
        reports::RULES,
        settings::RULES,
        stores::RULES,
        marks::RULES,
        people::RULES,
    ],
    tokens::TABLES,
];

/// All rules, in the order of the tables.
static RULES: [Rule; rules_of(TABLES, &mut [])] = {
    let mut rules = [Rule { id: "", kind: Kind::Secret, find: Find::Forms(&[]) }; rules_of(TABLES, &mut [])];
    rules_of(TABLES, &mut rules);
    rules
};

/// How many rules there are in tables; as many as there is room for are copied.
const fn rules_of(tables: &[&[&[ValueRule]]], rules: &mut [Rule]) -> usize {
    // There are no iterators before the program runs.
    let (mut count, mut of) = (0, 0);
    while of < tables.len() {
        let mut table = 0;
        while table < tables[of].len() {
            let mut at = 0;
            while at < tables[of][table].len() {
                if count < rules.len() {
                    let ValueRule { id, kind, find, .. } = tables[of][table][at];
                    rules[count] = Rule { id, kind, find };
                }
                count += 1;
                at += 1;
            }
            table += 1;
        }
        of += 1;
    }
    count
}

/// Which rules a text may fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fired {
    keys: bool,
    values: bool,
}

impl Fired {
    /// No rule can change the text.
    pub fn is_nothing(self) -> bool {
        !self.keys && !self.values
    }
}

/// What a pattern of the gate stands for.
#[derive(Debug, Clone, Copy)]
enum Target {
    /// A word of a telling key, or a part of one.
    Key,
    /// A short word of a telling key, which may be a part of any other word.
    Word,
    /// The start of a token: a rule and one of its forms.
    Form(usize, &'static Form),
    /// A keyword of rules, the number of their group, and the glance that they take.
    Rules(usize, Look),
    /// A keyword of an operator's rule.
    Own(usize),
}

/// The value rules, and the gate before them.
pub struct Detectors {
    gate: Search<Target>,
    /// The patterns with letters beyond ASCII, of which most texts have none. In the first search, they would double its
    /// memory.
    foreign: Search<Target>,
    rules: &'static [Rule],
    /// Rules that have a keyword and the glance at it in common, as their places in `grouped`.
    groups: Vec<Range<u16>>,
    /// The rules of all groups, one behind the other.
    grouped: Vec<u16>,
    /// The rules' patterns, in their order, compiled when first needed.
    patterns: Vec<OnceLock<Regex>>,
    /// The rules of the operator.
    own: Vec<OwnFind>,
    /// The telling words.
    pub words: Words,
    /// What is done with what is found.
    pub actions: Actions,
    escape: memchr::memmem::Finder<'static>,
    #[cfg(test)]
    pub(super) gate_is_open: bool,
}

impl std::fmt::Debug for Detectors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Detectors").field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}

impl Detectors {
    /// The built-in rules.
    #[cfg(test)]
    pub fn new() -> Self {
        Detectors::with(Words::default(), Vec::new(), Actions::default())
    }

    /// The built-in rules, beside those of an operator.
    pub fn with(words: Words, own: Vec<OwnFind>, actions: Actions) -> Self {
        let rules = &RULES;
        assert!(rules.len() < usize::from(u16::MAX), "a rule's place is a u16");
        let Gate { anywhere: mut literals, alone } = text::gate_words();
        literals.extend(words.gate_words());
        let mut targets = vec![Target::Key; literals.len()];
        literals.extend(alone);
        targets.resize(literals.len(), Target::Word);
        let mut lower = Vec::new();
        let mut groups: Vec<(&str, Look, Vec<u16>)> = Vec::new();
        let mut groups_of: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, rule) in rules.iter().enumerate() {
            match &rule.find {
                Find::Forms(forms) => {
                    for form in *forms {
                        lower
                            .extend(gate_forms(form.start).into_iter().map(|start| (start, Target::Form(index, form))));
                    }
                }
                Find::Near { keywords, look, .. }
                | Find::Whole { keywords, look, .. }
                | Find::Keyed { keywords, look, .. }
                | Find::Code { keywords, look, .. } => {
                    for keyword in *keywords {
                        let of_keyword = groups_of.entry(keyword).or_default();
                        match of_keyword.iter().find(|group| std::ptr::fn_addr_eq(groups[**group].1, *look)) {
                            Some(group) => groups[*group].2.push(index as u16),
                            None => {
                                of_keyword.push(groups.len());
                                groups.push((keyword, *look, vec![index as u16]));
                            }
                        }
                    }
                }
                Find::Number(_) => {}
            }
        }
        literals.extend(groups.iter().map(|(keyword, ..)| *keyword));
        targets.extend(groups.iter().enumerate().map(|(group, (_, look, _))| Target::Rules(group, *look)));
        for (index, rule) in own.iter().enumerate() {
            literals.extend(rule.keywords.iter().map(String::as_str));
            targets.resize(literals.len(), Target::Own(index));
        }
        literals.extend(lower.iter().map(|(start, _)| start.as_str()));
        targets.extend(lower.iter().map(|(_, target)| *target));
        let mut grouped = Vec::new();
        let places = groups.iter().map(|(.., rules)| {
            let start = grouped.len() as u16;
            grouped.extend(rules);
            start..grouped.len() as u16
        });
        let places = places.collect();
        assert!(grouped.len() < usize::from(u16::MAX), "a place among the rules of all groups is a u16");
        let patterns = || literals.iter().copied().zip(targets.iter().copied());
        Detectors {
            gate: Search::table(patterns().filter(|(literal, _)| literal.is_ascii())),
            foreign: Search::small(patterns().filter(|(literal, _)| !literal.is_ascii())),
            patterns: rules.iter().map(|_| OnceLock::new()).collect(),
            rules,
            groups: places,
            grouped,
            own,
            words,
            actions,
            escape: memchr::memmem::Finder::new(b"\\u"),
            #[cfg(test)]
            gate_is_open: false,
        }
    }

    /// Whether any rule, for keys or values, may fire somewhere in `text`: JSON, or a decoded string.
    pub fn may_fire(&self, text: &str) -> bool {
        #[cfg(test)]
        if self.gate_is_open {
            return true;
        }
        // Any letter of a keyword may hide behind a `\u` escape, and only there.
        let break_at = |target, hit| {
            if is_worth_more(text, target, hit) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        self.has_rule_without_keyword()
            || self.each_hit(text, break_at)
            || numbers::suspects(text)
            || self.hides_letters(text)
    }

    /// Whether letters of a keyword may be written in another way.
    fn hides_letters(&self, text: &str) -> bool {
        // Most texts have neither of the two, and one look at each byte is cheaper than two searches.
        text.bytes().fold(false, |any, byte| any | (byte == b'\\') | (byte == b'%'))
            && (self.escape.find(text.as_bytes()).is_some() || text::hides_letters(text))
    }

    /// Which rules may fire in `text`, a decoded string.
    pub fn fired(&self, text: &str) -> Fired {
        #[cfg(test)]
        if self.gate_is_open {
            return Fired { keys: true, values: true };
        }
        let escaped = self.hides_letters(text);
        let values = escaped || self.has_rule_without_keyword() || numbers::suspects(text);
        let mut fired = Fired { keys: escaped, values };
        self.each_hit(text, |target, hit| {
            match target {
                Target::Key => fired.keys = true,
                Target::Word => fired.keys = fired.keys || looks::word(text.as_bytes(), hit),
                Target::Form(..) | Target::Rules(..) | Target::Own(_) => {
                    fired.values = fired.values || is_worth_more(text, target, hit);
                }
            }
            if fired.keys && fired.values { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        fired
    }

    /// Replaces the secrets in `text`, a decoded string or text that is no JSON, and names the rule of each. `None` if
    /// there is none.
    pub fn redact(&self, text: &str, reading: Reading) -> Option<(String, Vec<&'static str>)> {
        let (mut redacted, mut rules) = self.redact_once(text, reading)?;
        // A marker can lay bare what stood beside the secret: `Basic YTpiMIIB…` was no base64 of a name and a password.
        for _ in 1..PASSES_MAX {
            match self.redact_once(&redacted, reading) {
                None => return Some((redacted, rules)),
                Some((again, more)) => {
                    redacted = again;
                    rules.extend(more);
                }
            }
        }
        // A text that never comes clean is a secret as a whole.
        rules.last().copied().map(|rule| (self.actions.replacement(rule, text), rules))
    }

    fn redact_once(&self, text: &str, reading: Reading) -> Option<(String, Vec<&'static str>)> {
        let mut fired = self.fired(text);
        if fired.is_nothing() {
            return None;
        }
        let plain = text::unescape(text);
        if let Cow::Owned(plain) = &plain {
            fired = self.fired(plain);
        }
        let mut spans = Vec::new();
        if fired.keys {
            text::find(&plain, reading, &self.words, &mut spans);
        }
        if fired.values {
            self.find(&plain, &mut spans);
        }
        text::bound(&plain, &mut spans);
        leave_markers(&plain, &mut spans);
        if spans.is_empty() {
            return None;
        }
        let redacted = text::redact(&plain, &mut spans, &self.actions);
        Some((redacted, spans.into_iter().map(|span| span.rule).collect()))
    }

    /// Appends where the value rules find secrets in `text`.
    fn find(&self, text: &str, spans: &mut Vec<Span>) {
        let mut runs = Runs::default();
        // For each rule whose keywords stand in the text, where they do, in order and put together.
        let mut places: Vec<(usize, Vec<Range<usize>>)> = Vec::new();
        // Small, because it is filled anew for every text.
        let mut place_of = vec![u16::MAX; self.rules.len()];
        let mut own: Vec<bool> = self.own.iter().map(|rule| rule.keywords.is_empty()).collect();
        let tokens = spans.len();
        self.each_hit(text, |target, hit| {
            match target {
                Target::Key | Target::Word => {}
                Target::Own(rule) => own[rule] = true,
                Target::Form(rule, form) => {
                    if spans[tokens..]
                        .last()
                        .is_some_and(|last| (last.range.start + 1..last.range.end).contains(&hit.start))
                    {
                        return ControlFlow::Continue(());
                    }
                    let Some(range) = form.token_at(text, hit.start, &mut runs) else {
                        return ControlFlow::Continue(());
                    };
                    let found = Span { range, rule: self.rules[rule].id };
                    match spans[tokens..].last_mut() {
                        // The longer start knows the token better: `sk-ant-` after `sk-`.
                        Some(last) if last.range.start >= found.range.start && last.range.end <= found.range.end => {
                            *last = found;
                        }
                        Some(last) if last.range.end > found.range.start => {}
                        _ => spans.push(found),
                    }
                }
                Target::Rules(group, look) => {
                    let of = &self.groups[group];
                    let rules = &self.grouped[usize::from(of.start)..usize::from(of.end)];
                    let rules = rules.iter().map(|rule| usize::from(*rule));
                    // Once such a rule is to run, it runs over the whole text.
                    let is_settled =
                        |rule: usize| place_of[rule] != u16::MAX && !matches!(self.rules[rule].find, Find::Near { .. });
                    if rules.clone().all(is_settled)
                        || !look(text.as_bytes(), hit.clone())
                        || is_in_marker(text, hit.clone())
                    {
                        return ControlFlow::Continue(());
                    }
                    let end = text.floor_char_boundary(hit.end + AHEAD);
                    for rule in rules {
                        match places.get_mut(usize::from(place_of[rule])).map(|(_, places)| places) {
                            Some(known) => match known.last_mut() {
                                // Hits come in the order of their ends, and a longer keyword may begin before.
                                Some(last) if last.end >= hit.start => {
                                    last.start = last.start.min(hit.start);
                                    last.end = last.end.max(end);
                                }
                                _ => known.push(hit.start..end),
                            },
                            None => {
                                place_of[rule] = places.len() as u16;
                                places.push((rule, std::iter::once(hit.start..end).collect()));
                            }
                        }
                    }
                }
            }
            ControlFlow::Continue(())
        });
        #[cfg(test)]
        if self.gate_is_open {
            // A pattern that looks at a whole text need not have the keyword in it that makes it worth a look.
            let lower = text.to_ascii_lowercase();
            let is_due = |rule: &usize| match &self.rules[*rule].find {
                Find::Whole { keywords, .. } | Find::Keyed { keywords, .. } => {
                    keywords.iter().any(|keyword| lower.contains(keyword))
                }
                _ => true,
            };
            let rules = (0..self.rules.len()).filter(is_due);
            places = rules.map(|rule| (rule, std::iter::once(0..text.len()).collect())).collect();
            own.fill(true);
        }
        places.sort_unstable_by_key(|(rule, _)| *rule);
        for (rule, places) in places {
            self.find_at(rule, text, &places, spans);
        }
        numbers::each(text, Sureness::Sure, &mut |number, range| {
            let rule = self.rules.iter().find(|rule| matches!(rule.find, Find::Number(of) if of == number));
            spans.extend(rule.map(|rule| Span { range, rule: rule.id }));
            true
        });
        for (rule, _) in self.own.iter().zip(own).filter(|(_, fired)| *fired) {
            spans.extend(rule.secrets(text).map(|range| Span { range, rule: rule.id }));
        }
    }

    /// Appends what one rule finds near its keywords.
    fn find_at(&self, index: usize, text: &str, places: &[Range<usize>], spans: &mut Vec<Span>) {
        let rule = &self.rules[index];
        match &rule.find {
            Find::Near { check, .. } => {
                let mut done = 0;
                for place in places {
                    done = self.matches(index, text, place.start.max(done)..place.end.max(done), *check, spans);
                }
            }
            Find::Whole { check, .. } => {
                self.matches(index, text, 0..text.len(), *check, spans);
            }
            Find::Keyed { .. } => self.keyed(index, text, spans),
            Find::Code { next, .. } => {
                let mut at = 0;
                while spans.len() <= text::SECRETS_MAX
                    && let Some(range) = next(text, at)
                {
                    at = range.end;
                    spans.push(Span { range, rule: rule.id });
                }
            }
            Find::Forms(_) | Find::Number(_) => {}
        }
    }

    /// Appends the secrets of a rule's pattern that lie in `within`. Returns the end of the last match.
    fn matches(&self, rule: usize, text: &str, within: Range<usize>, check: Check, spans: &mut Vec<Span>) -> usize {
        let pattern = self.pattern(rule);
        let bytes = &text.as_bytes()[..within.end];
        let mut at = within.start;
        while at <= bytes.len() && spans.len() <= text::SECRETS_MAX {
            // To find where a group stands in a long match takes a slower engine. Nothing that anybody writes matches at such
            // length but what is a secret as a whole.
            if bytes.len() - at > MATCH_MAX {
                let Some(whole) = pattern.find_at(bytes, at) else { break };
                if whole.len() > MATCH_MAX {
                    let range = text.floor_char_boundary(whole.start())..text.ceil_char_boundary(whole.end());
                    at = whole.end();
                    spans.push(Span { range, rule: self.rules[rule].id });
                    continue;
                }
                at = whole.start();
            }
            let Some(captures) = pattern.captures_at(bytes, at) else { break };
            let whole = captures.get_match();
            if let Some(secret) = captures.get(1).map(|group| group.range()).filter(|range| !range.is_empty()) {
                // A pattern over bytes may cut a letter in two; the whole letter goes.
                let secret = text.floor_char_boundary(secret.start)..text.ceil_char_boundary(secret.end);
                if check(text, &secret) {
                    // One match may stand right behind the other.
                    at = secret.end.max(at + 1);
                    spans.push(Span { range: secret, rule: self.rules[rule].id });
                    continue;
                }
            }
            at = whole.end().max(at + 1);
        }
        at
    }

    /// Appends the secrets of a rule whose pattern names them.
    fn keyed(&self, rule: usize, text: &str, spans: &mut Vec<Span>) {
        const PAIRS: [(&str, &str); 10] = [
            ("k1", "v1"),
            ("k2", "v2"),
            ("k3", "v3"),
            ("k4", "v4"),
            ("k5", "v5"),
            ("k6", "v6"),
            ("k7", "v7"),
            ("k8", "v8"),
            ("k9", "v9"),
            ("k10", "v10"),
        ];
        let Rule { id, kind, .. } = self.rules[rule];
        for captures in self.pattern(rule).captures_iter(text.as_bytes()) {
            if spans.len() > text::SECRETS_MAX {
                break;
            }
            let pair = PAIRS.iter().find_map(|(key, value)| Some((captures.name(key)?, captures.name(value)?)));
            let Some((key, value)) = pair else { continue };
            let telling = str::from_utf8(key.as_bytes()).ok().and_then(|key| self.words.classify(key));
            let Some(telling) = telling.filter(|telling| telling.kind == kind) else { continue };
            let value = text.floor_char_boundary(value.start())..text.ceil_char_boundary(value.end());
            let mut found = Vec::new();
            text::find_under(&text[value.clone()], telling, &self.words, &mut found);
            spans.extend(
                found
                    .into_iter()
                    .map(|span| Span { range: value.start + span.range.start..value.start + span.range.end, rule: id }),
            );
        }
    }

    fn pattern(&self, rule: usize) -> &Regex {
        self.patterns[rule].get_or_init(|| match &self.rules[rule].find {
            Find::Near { pattern, .. } | Find::Whole { pattern, .. } | Find::Keyed { pattern, .. } => {
                RegexBuilder::new(pattern)
                    // In Unicode the long s is an `s`, and no gate knows that.
                    .unicode(false)
                    .build()
                    .expect("the rules' patterns are tested")
            }
            Find::Forms(_) | Find::Code { .. } | Find::Number(_) => unreachable!("a rule without a pattern"),
        })
    }

    /// Whether an operator's rule has to be tried on every text.
    pub fn has_rule_without_keyword(&self) -> bool {
        self.own.iter().any(|rule| rule.keywords.is_empty())
    }

    /// Whether an operator has rules.
    pub fn has_own_rules(&self) -> bool {
        !self.own.is_empty()
    }

    /// Hands over the gate's literals in a text, until `hand` breaks off. Whether it did.
    fn each_hit(&self, text: &str, mut hand: impl FnMut(Target, Range<usize>) -> ControlFlow<()>) -> bool {
        self.gate.each_hit(text, &mut hand).is_break()
            || !text.is_ascii() && self.foreign.each_hit(text, &mut hand).is_break()
    }
}

/// Whether there is more to a keyword than its letters. `text` may be JSON.
fn is_worth_more(text: &str, target: Target, hit: Range<usize>) -> bool {
    match target {
        Target::Key | Target::Own(_) => true,
        Target::Word => looks::word(text.as_bytes(), hit),
        Target::Form(_, form) => text[hit.clone()].contains('\\') || form.may_begin(text, hit.start),
        Target::Rules(_, look) => look(text.as_bytes(), hit),
    }
}

/// Drops the spans inside of markers, whose digits may look like anything. What reaches into a marker takes it whole.
fn leave_markers(text: &str, spans: &mut Vec<Span>) {
    if spans.is_empty() {
        return;
    }
    let markers: Vec<Range<usize>> = markers(text).collect();
    spans.retain_mut(|span| {
        let at = markers.partition_point(|marker| marker.end <= span.range.start);
        if let Some(marker) = markers.get(at).filter(|marker| marker.start < span.range.end) {
            if marker.start <= span.range.start && span.range.end <= marker.end {
                return false;
            }
            span.range.start = span.range.start.min(marker.start);
        }
        let at = markers.partition_point(|marker| marker.end < span.range.end);
        if let Some(marker) = markers.get(at).filter(|marker| marker.start < span.range.end) {
            span.range.end = marker.end;
        }
        true
    });
}

/// How often a text is scrubbed until nothing more is found in it.
const PASSES_MAX: usize = 8;

/// Longer than any marker with the id of a rule and nothing else.
const MARKER_MAX: usize = 64;

/// Whether a keyword is part of a marker, and so none.
fn is_in_marker(text: &str, hit: Range<usize>) -> bool {
    let from = hit.start.saturating_sub(MARKER_MAX);
    let open = memchr::memrchr(b'[', &text.as_bytes()[from..hit.start]).map(|open| from + open);
    open.is_some_and(|open| marker_at(&text[open..]).is_some_and(|length| open + length >= hit.end))
}

/// The ways in which JSON may write the start of a token: each `/` as it is, or as `\/`.
fn gate_forms(start: &str) -> Vec<String> {
    start.to_ascii_lowercase().chars().fold(vec![String::new()], |ways, char| match char {
        '/' => ways.iter().flat_map(|way| [format!("{way}/"), format!("{way}\\/")]).collect(),
        char => ways.iter().map(|way| format!("{way}{char}")).collect(),
    })
}

/// Every rule's id, and what it finds.
pub fn rules() -> impl Iterator<Item = (&'static str, Kind)> {
    RULES.iter().map(|rule| (rule.id, rule.kind))
}

/// Every rule's id, what it finds in a word and for people, and a text with such a secret in it.
#[cfg(test)]
pub fn table() -> impl Iterator<Item = (&'static str, Kind, &'static str, (&'static str, &'static str))> {
    rule_table().map(|rule| (rule.id, rule.kind, rule.what, rule.secrets[0]))
}

#[cfg(test)]
fn rule_table() -> impl Iterator<Item = &'static ValueRule> {
    TABLES.iter().copied().flatten().copied().flatten()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::LazyLock;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    static DETECTORS: LazyLock<Detectors> = LazyLock::new(Detectors::new);

    fn found(rule: &str, text: &str) -> Vec<String> {
        let mut spans = Vec::new();
        if DETECTORS.fired(text).values {
            DETECTORS.find(text, &mut spans);
        }
        let spans = spans.into_iter().filter(|span| span.rule == rule);
        spans.map(|span| text[span.range].to_owned()).collect()
    }

    #[test]
    fn every_rule_finds_its_examples_and_nothing_in_its_counterexamples() {
        let mut wrong = Vec::new();
        for rule in rule_table() {
            assert!(!rule.secrets.is_empty() && !rule.innocent.is_empty(), "`{}` has no examples", rule.id);
            for (text, secret) in rule.secrets {
                if found(rule.id, text) != [*secret] {
                    wrong.push(format!("`{}` in {text:?}: {:?}", rule.id, found(rule.id, text)));
                }
            }
            for text in rule.innocent {
                if found(rule.id, text) != [""; 0] {
                    wrong.push(format!("`{}` in {text:?}: {:?}", rule.id, found(rule.id, text)));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn every_rule_has_an_id_of_its_own() {
        let ids: Vec<_> = rules().map(|(id, _)| id).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
        assert!(ids.len() > 150, "{}", ids.len());
        assert!(table().all(|(_, _, what, (example, _))| !what.is_empty() && !example.is_empty()));
    }

    #[test]
    fn keywords_can_be_written_in_json_in_one_way_only() {
        for rule in rule_table() {
            let keywords = match &rule.find {
                Find::Near { keywords, .. }
                | Find::Whole { keywords, .. }
                | Find::Keyed { keywords, .. }
                | Find::Code { keywords, .. } => *keywords,
                Find::Forms(_) | Find::Number(_) => &[],
            };
            for keyword in keywords {
                // Letters beyond ASCII may be `\u` escapes, and those open the gate.
                let plain =
                    |byte: u8| byte >= b' ' && byte != 0x7f && !byte.is_ascii_uppercase() && !b"\"\\/".contains(&byte);
                assert!(!keyword.is_empty() && keyword.bytes().all(plain), "{keyword}");
            }
        }
    }

    #[test]
    fn the_gate_takes_little_memory() {
        let (gate, foreign) = (DETECTORS.gate.memory_usage(), DETECTORS.foreign.memory_usage());
        let patterns = DETECTORS.gate.len() + DETECTORS.foreign.len();
        assert!(gate + foreign < 512 << 10, "{gate} and {foreign} bytes for {patterns} patterns");
    }

    #[test]
    fn a_run_of_nothing_but_starts_of_tokens_goes_as_a_whole() {
        let text = format!("key {} sent", "tskey-auth-".repeat(500));
        let (redacted, _) = DETECTORS.redact(&text, Reading::Prose).expect("the rest of the run goes");
        assert!(redacted.len() < 900 && redacted.ends_with(" sent"), "{redacted}");
    }

    #[test]
    fn a_match_too_long_to_look_into_goes_as_a_whole() {
        let text =
            format!("got -----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY----- there", "MIIB".repeat(20_000));
        assert_eq!(DETECTORS.redact(&text, Reading::Prose).expect("a key").0, "got [REDACTED:pem] there");
        let text = format!("to <{}@dev.test> sent", "kim.".repeat(5000));
        let (redacted, _) = DETECTORS.redact(&text, Reading::Prose).expect("an address");
        // Where the group ends in it is not looked for, so the mark behind goes, too.
        assert_eq!(redacted, "to <[REDACTED:email] sent");
        // A short match in a long text keeps what stands around it.
        let text = format!("{}to <kim@dev.test> sent", "x ".repeat(8000));
        let (redacted, _) = DETECTORS.redact(&text, Reading::Prose).expect("an address");
        assert!(redacted.ends_with("x to <[REDACTED:email]> sent"), "{}", &redacted[redacted.len() - 60..]);
    }

    #[test]
    fn two_secrets_in_a_text_are_both_found() {
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln";
        assert_eq!(found("jwt", &format!("{jwt} {jwt}")), [jwt, jwt]);
        assert_eq!(found("url_password", "a://b:c1@d a://b:c2@d"), ["c1", "c2"]);
        assert_eq!(found("bearer", "Bearer abcdef1, Bearer abcdef2"), ["abcdef1", "abcdef2"]);
        assert_eq!(found("email", "kim@dev.test,lee@dev.test"), ["kim@dev.test", "lee@dev.test"]);
    }

    #[test]
    fn a_slash_may_be_escaped_in_json() {
        assert_eq!(gate_forms("1//0"), ["1//0", r"1/\/0", r"1\//0", r"1\/\/0"]);
        assert_eq!(gate_forms("AKIA"), ["akia"]);
    }

    #[test]
    fn ordinary_lines_fire_no_value_rule() {
        for line in [
            r#"{"order_id":"A-1029384","total":"49.90 EUR","items":[{"sku":"desk-lamp-02","qty":1}],"took_ms":120}"#,
            r#"{"trace":"4bf92f3577b34da6a3ce929d0e0e4736","span":"00f067aa0ba902b7","at":"2026-09-14T08:00:00.123Z"}"#,
            r#"{"ua":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/127.0.0.0 Safari/537.36"}"#,
            r#"{"sql":"select id, name from orders where state = ? limit 20","rows":20,"ms":3.5,"ts":1790000000000}"#,
            r#"{"path":"/var/www/app/Http/Controllers/OrderController.php","line":41,"task":"risk-check","disk":"sda-1"}"#,
            r#"{"ref":"3f2b8c1e-7a64-4c9f-8d21-5b0e9a7c4d13","rev":"34c6fceca75e456f25e7e99531e2425c6c1de443"}"#,
            r#"{"ip":"198.51.100.23","mac":"10:aa:bb:cc:dd:ee","host":"web-1.internal.example","code":404}"#,
            r#"{"etag":"\"e77989ed21758e78331b20e477fc5582\"","len":48213,"type":"image/svg+xml","cache":"hit"}"#,
        ] {
            assert!(!DETECTORS.fired(line).values, "{line}");
        }
    }

    #[test]
    fn keywords_over_and_over_take_linear_time() {
        let mut pieces: Vec<&str> = vec!["+49 ", "4539 ", "DE45", "(415) ", "1", "a@b.", "219-02-"];
        for rule in rule_table() {
            match &rule.find {
                Find::Forms(forms) => pieces.extend(forms.iter().take(1).map(|form| form.start)),
                Find::Near { keywords, .. }
                | Find::Whole { keywords, .. }
                | Find::Keyed { keywords, .. }
                | Find::Code { keywords, .. } => {
                    pieces.extend(*keywords);
                }
                Find::Number(_) => {}
            }
            pieces.extend(rule.secrets.iter().map(|(text, _)| *text).take(1));
        }
        for piece in pieces {
            let time = |bytes: usize| {
                let text = piece.repeat(bytes / piece.len());
                let began = crate::scrub::thread_time();
                let redacted = DETECTORS.redact(&text, Reading::Prose);
                assert!(redacted.is_none_or(|(text, _)| !text.is_empty()));
                crate::scrub::thread_time().saturating_sub(began)
            };
            // Sixteen times the text takes sixteen times as long, or 256 times if anything is quadratic.
            let (short, long) = (time(1 << 11), time(1 << 15));
            assert!(long < short * 64 + Duration::from_millis(150), "{piece:?}: {short:?}, then {long:?}");
        }
    }

    /// Texts that come near to secrets: pieces of examples, broken and put together.
    fn near_secret() -> impl Strategy<Value = String> {
        let mut pieces: Vec<String> = Vec::new();
        for rule in rule_table() {
            for text in rule.secrets.iter().map(|(text, _)| *text).chain(rule.innocent.iter().copied()) {
                pieces.push(text.to_owned());
                pieces.push(text[..text.floor_char_boundary(text.len() / 2)].to_owned());
                pieces.push(text[text.ceil_char_boundary(text.len() / 3)..].to_owned());
            }
        }
        pieces.extend(
            [" ", "\n", "\t", "\\n", "\"", "/", "@", "+", "(", "é", "=", ": ", "%3D", "[REDACTED:otp]"]
                .map(str::to_owned),
        );
        prop::collection::vec(prop::sample::select(pieces), 1..5).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn what_a_rule_finds_opens_the_gate_in_a_string_and_in_json(text in near_secret()) {
            let mut spans = Vec::new();
            DETECTORS.find(&text, &mut spans);
            if !spans.is_empty() {
                prop_assert!(DETECTORS.fired(&text).values, "{:?}", spans);
                let json = serde_json::to_string(&text).expect("a string");
                prop_assert!(DETECTORS.may_fire(&json), "{:?}", spans);
                prop_assert!(DETECTORS.may_fire(&json.replace('/', "\\/")), "{:?}", spans);
            }
        }

        #[test]
        fn redacting_twice_changes_nothing(text in near_secret()) {
            for reading in [Reading::Prose, Reading::Broken] {
                if let Some((once, _)) = DETECTORS.redact(&text, reading) {
                    prop_assert_eq!(DETECTORS.redact(&once, reading), None, "{}", once);
                }
            }
        }
    }
}
