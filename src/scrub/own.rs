//! What an operator adds to the built-in rules, and what they except from them.
//!
//! Invariant: an [`OwnRule`] finds every one of its secret examples and none of its innocent ones.
//! Invariant: a key that is telling only by an operator's word contains that word's literal, so that the gate sees it.

use std::fmt;

use regex::{Regex, RegexBuilder};

use super::actions::Action;
use super::keys::{self, Telling};
use super::markers::{self, ID_MAX, Kind, is_rule_id};

/// The rule of an operator's telling words.
pub const OWN_KEY: &str = "own_key";

/// The most rules that can be added.
pub const RULES_MAX: usize = 64;

/// How large a pattern may become when it is compiled, in bytes.
const PATTERN_SIZE_MAX: usize = 1 << 20;

/// Fewer letters of a keyword would let nearly every line through the gate.
const KEYWORD_MIN: usize = 3;

/// A rule as an operator writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleText {
    /// Its id: `[a-z0-9_]`.
    pub id: String,
    /// What it finds: the first group, or all of it. Without a pattern the rule only says what is done with the finds of
    /// the built-in rule of that id.
    pub pattern: Option<String>,
    /// What a text has one of, in any case of its letters, if the pattern may find something in it. Empty: anything.
    pub keywords: Vec<String>,
    /// What it finds; secrets by default.
    pub kind: Option<Kind>,
    /// What is done with what it finds; by default what is done with its kind.
    pub action: Option<Action>,
    /// Texts that it must find something in.
    pub secret: Vec<String>,
    /// Texts that it must find nothing in.
    pub innocent: Vec<String>,
}

/// A rule of an operator.
#[derive(Clone)]
pub enum OwnRule {
    /// It finds secrets.
    Find(Find),
    /// It says what is done with the finds of a built-in rule.
    Override {
        /// The rule.
        rule: &'static str,
        /// What is done.
        action: Action,
    },
}

/// A rule that finds secrets by a pattern.
#[derive(Clone)]
pub struct Find {
    /// Its id.
    pub id: &'static str,
    /// What is done with what it finds, if not what is done with its kind.
    pub action: Option<Action>,
    pub(super) keywords: Vec<String>,
    pub(super) pattern: Regex,
}

impl OwnRule {
    /// Compiles a rule and tries it on its examples.
    ///
    /// # Errors
    /// Everything that is wrong with it, as clauses that do not show the examples.
    pub fn new(text: &RuleText) -> Result<Self, Vec<String>> {
        let mut wrong = Vec::new();
        let is_id = is_rule_id(&text.id);
        if !is_id {
            wrong.push(format!("`id`: use 1 to {ID_MAX} small letters, digits and `_`"));
        }
        let Some(pattern) = &text.pattern else {
            return Self::of_built_in(text, wrong);
        };
        if is_id && markers::is_built_in(&text.id) {
            wrong.push(
                "`id`: a built-in rule has it; choose another, or leave `pattern` out to set the action of that rule"
                    .into(),
            );
        }
        for (number, keyword) in text.keywords.iter().enumerate() {
            let plain = |byte: u8| (b' '..0x7f).contains(&byte) && !b"\"\\/".contains(&byte);
            if keyword.len() < KEYWORD_MIN || !keyword.bytes().all(plain) {
                let number = number + 1;
                wrong.push(format!(
                    "`keywords`, number {number}: use {KEYWORD_MIN} or more plain ASCII characters without `\"`, `\\` and `/`, \
                     which JSON may write in another way"
                ));
            }
        }
        match RegexBuilder::new(pattern).size_limit(PATTERN_SIZE_MAX).build() {
            Err(regex::Error::CompiledTooBig(_)) => wrong.push("`pattern`: it is too large; count less in it".into()),
            Err(_) => wrong.push(
                "`pattern`: it is no regular expression of the kind without look-around and back references; see \
                 https://docs.rs/regex/#syntax"
                    .into(),
            ),
            Ok(pattern) if pattern.is_match("") => {
                wrong.push(
                    "`pattern`: it matches nothing at all, so it would match everywhere; ask for some characters"
                        .into(),
                );
            }
            Ok(pattern) => {
                let keywords = text.keywords.iter().map(|keyword| keyword.to_ascii_lowercase()).collect();
                let find = Find { id: "", action: text.action.clone(), keywords, pattern };
                wrong.extend(find.failed_examples(text));
                if wrong.is_empty() {
                    let id = markers::intern(&text.id, text.kind.unwrap_or(Kind::Secret));
                    return Ok(OwnRule::Find(Find { id, ..find }));
                }
            }
        }
        Err(wrong)
    }

    fn of_built_in(text: &RuleText, mut wrong: Vec<String>) -> Result<Self, Vec<String>> {
        let rule = markers::interned(&text.id).filter(|_| markers::is_built_in(&text.id));
        if rule.is_none() && wrong.is_empty() {
            wrong.push(
                "`pattern` is missing, and there is no built-in rule of that `id` whose action could be set".into(),
            );
        }
        if text.action.is_none() {
            wrong.push(
                "`action` is missing; without a `pattern` a rule says what is done with the finds of a built-in one"
                    .into(),
            );
        }
        let RuleText { keywords, kind, secret, innocent, .. } = text;
        if !keywords.is_empty() || kind.is_some() || !secret.is_empty() || !innocent.is_empty() {
            wrong.push("`keywords`, `kind` and `tests` mean nothing without a `pattern`; remove them".into());
        }
        match (rule, &text.action) {
            (Some(rule), Some(action)) if wrong.is_empty() => Ok(OwnRule::Override { rule, action: action.clone() }),
            _ => Err(wrong),
        }
    }
}

impl Find {
    /// Where it finds secrets in a text.
    pub(super) fn secrets<'t>(&'t self, text: &'t str) -> impl Iterator<Item = std::ops::Range<usize>> + 't {
        let found = self.pattern.captures_iter(text).filter_map(|captures| captures.get(1).or_else(|| captures.get(0)));
        found.map(|found| found.range()).filter(|range| !range.is_empty())
    }

    fn failed_examples(&self, text: &RuleText) -> Vec<String> {
        let has_keyword = |text: &str| {
            let text = text.to_ascii_lowercase();
            self.keywords.is_empty() || self.keywords.iter().any(|keyword| text.contains(keyword))
        };
        let mut failed = Vec::new();
        for (number, example) in text.secret.iter().enumerate() {
            let number = number + 1;
            if !has_keyword(example) {
                failed.push(format!("`tests.secret`, number {number}: none of the `keywords` is in it"));
            } else if self.secrets(example).next().is_none() {
                failed.push(format!("`tests.secret`, number {number}: the pattern finds nothing in it"));
            }
        }
        for (number, example) in text.innocent.iter().enumerate() {
            if has_keyword(example) && self.secrets(example).next().is_some() {
                failed.push(format!("`tests.innocent`, number {}: the pattern finds something in it", number + 1));
            }
        }
        failed
    }
}

impl fmt::Debug for OwnRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OwnRule::Find(find) => find.fmt(f),
            OwnRule::Override { rule, action } => f.debug_tuple("Override").field(rule).field(action).finish(),
        }
    }
}

impl fmt::Debug for Find {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Find").field("id", &self.id).field("action", &self.action).finish_non_exhaustive()
    }
}

impl PartialEq for OwnRule {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (OwnRule::Find(a), OwnRule::Find(b)) => a == b,
            (OwnRule::Override { rule: a, action: x }, OwnRule::Override { rule: b, action: y }) => a == b && x == y,
            (OwnRule::Find(_), OwnRule::Override { .. }) | (OwnRule::Override { .. }, OwnRule::Find(_)) => false,
        }
    }
}

impl PartialEq for Find {
    fn eq(&self, other: &Self) -> bool {
        let facts =
            |find: &Find| (find.id, find.pattern.as_str().to_owned(), find.keywords.clone(), find.action.clone());
        facts(self) == facts(other)
    }
}

impl Eq for OwnRule {}
impl Eq for Find {}

/// A key that an operator calls telling, as a word or several: `salary`, `employee_number`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnKey {
    /// Its words in one, lower-case.
    letters: String,
    /// The longest of them.
    literal: String,
}

/// Why a text cannot name a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKeyName {
    /// It has no word in it that could be looked for.
    #[error("write a word or several, such as `salary` or `employee_number`, one of them with 2 ASCII letters or more")]
    NoWord,
    /// Its letters are not ASCII.
    #[error("use ASCII letters")]
    NotAscii,
    /// It begins as a path and is none.
    #[error(
        "write a path as `tracespool scrub --explain` shows it, such as `/metadata/order/pin`; `*` stands for any one key"
    )]
    BadPath,
}

impl std::str::FromStr for OwnKey {
    type Err = BadKeyName;

    fn from_str(text: &str) -> Result<Self, BadKeyName> {
        if !text.is_ascii() {
            return Err(BadKeyName::NotAscii);
        }
        let words = keys::word_texts(text);
        let longest = words.iter().max_by_key(|word| word.len()).filter(|word| word.len() >= 2);
        let literal = longest.ok_or(BadKeyName::NoWord)?.to_ascii_lowercase();
        Ok(OwnKey { letters: words.concat().to_ascii_lowercase(), literal })
    }
}

/// What is excepted from the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Allowed {
    /// A key of this name says nothing about its value, wherever it stands.
    Key(OwnKey),
    /// What stands at this path is left as it is. The segments of a JSON pointer, escaped; `*` is any one.
    Path(Vec<String>),
}

impl std::str::FromStr for Allowed {
    type Err = BadKeyName;

    fn from_str(text: &str) -> Result<Self, BadKeyName> {
        let Some(path) = text.strip_prefix('/') else { return text.parse().map(Allowed::Key) };
        let segments: Vec<_> = path.split('/').map(str::to_owned).collect();
        let tilde = |segment: &String| segment.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1']));
        if segments == [""] || segments.iter().any(tilde) {
            return Err(BadKeyName::BadPath);
        }
        Ok(Allowed::Path(segments))
    }
}

/// The telling words: the built-in ones, with what an operator added and excepted.
#[derive(Debug, Clone, Default)]
pub struct Words {
    own: Vec<OwnKey>,
    allowed: Vec<OwnKey>,
    paths: Vec<Vec<String>>,
}

impl Words {
    pub fn new(own: Vec<OwnKey>, exceptions: Vec<Allowed>) -> Self {
        let mut words = Words { own, ..Words::default() };
        for exception in exceptions {
            match exception {
                Allowed::Key(key) => words.allowed.push(key),
                Allowed::Path(path) => words.paths.push(path),
            }
        }
        words
    }

    /// The class of a key, given with its escapes decoded.
    pub fn classify(&self, key: &str) -> Option<Telling> {
        if self.own.is_empty() && self.allowed.is_empty() {
            return keys::classify(key);
        }
        let words: Vec<String> = keys::word_texts(key).iter().map(|word| word.to_ascii_lowercase()).collect();
        let letters = words.concat();
        if self.allowed.iter().any(|allowed| allowed.letters == letters) {
            return None;
        }
        keys::classify(key).or_else(|| {
            let lower = key.to_ascii_lowercase();
            let own = self.own.iter().filter(|own| lower.contains(&own.literal));
            let mut ends = own.filter_map(|own| end_of(&words, &own.letters));
            ends.any(|end| end == words.len() || !keys::is_tail(&words[words.len() - 1])).then(|| keys::own(OWN_KEY))
        })
    }

    /// The class of two words that stand apart; see [`keys::classify_pair`].
    pub fn classify_pair(&self, before: &str, word: &str) -> Option<Telling> {
        keys::classify_pair(before, word).filter(|_| {
            let letters = |text: &str| keys::word_texts(text).concat().to_ascii_lowercase();
            let pair = letters(before) + &letters(word);
            !self.allowed.iter().any(|allowed| pair.ends_with(&allowed.letters))
        })
    }

    /// What a key has one of if only an operator's word makes it telling.
    pub fn gate_words(&self) -> impl Iterator<Item = &str> {
        self.own.iter().map(|own| own.literal.as_str())
    }

    /// Whether any path is excepted.
    pub fn have_paths(&self) -> bool {
        !self.paths.is_empty()
    }

    /// Whether what stands at a path, a JSON pointer, is left as it is.
    pub fn allow_path(&self, path: &str) -> bool {
        let fits = |allowed: &&Vec<String>| {
            let mut segments = path.split('/').skip(1);
            allowed.iter().all(|want| segments.next().is_some_and(|is| want == "*" || want == is))
                && segments.next().is_none()
        };
        self.paths.iter().any(|allowed| fits(&allowed))
    }
}

/// Behind which of the words that are `letters` in one the last of them stands.
fn end_of(words: &[String], letters: &str) -> Option<usize> {
    (0..words.len()).rev().find_map(|start| {
        let mut rest = letters;
        for (at, word) in words.iter().enumerate().skip(start) {
            rest = rest.strip_prefix(word.as_str())?;
            if rest.is_empty() {
                return Some(at + 1);
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> RuleText {
        RuleText {
            id: "staff_number".into(),
            pattern: Some(r"\bSTAFF-(\d{6})\b".into()),
            keywords: vec!["staff-".into()],
            secret: vec!["by STAFF-123456".into()],
            innocent: vec!["by STAFF-12".into(), "STAFF-ROOM".into()],
            ..RuleText::default()
        }
    }

    #[test]
    fn a_rule_finds_its_group_or_all_of_it() {
        #[track_caller]
        fn check(pattern: &str, want: &[&str]) {
            let text = RuleText { pattern: Some(pattern.into()), secret: vec![], innocent: vec![], ..rule() };
            let OwnRule::Find(find) = OwnRule::new(&text).expect("a good rule") else { panic!("it finds") };
            let text = "STAFF-123456, STAFF-654321";
            assert_eq!(find.secrets(text).map(|range| &text[range]).collect::<Vec<_>>(), want);
        }
        check(r"STAFF-(\d+)", &["123456", "654321"]);
        check(r"STAFF-\d+", &["STAFF-123456", "STAFF-654321"]);
        check(r"STAFF-(?:1(\d+)|6\d+)", &["23456", "STAFF-654321"]);
    }

    #[test]
    fn a_rule_that_cannot_work_is_refused_without_its_examples() {
        #[track_caller]
        fn check(text: RuleText, want: &[&str]) {
            let wrong = OwnRule::new(&text).expect_err("a bad rule");
            assert_eq!(wrong.len(), want.len(), "{wrong:#?}");
            for (wrong, want) in wrong.iter().zip(want) {
                assert!(wrong.contains(want) && !wrong.contains("hunter2") && !wrong.contains("STAFF"), "{wrong}");
            }
        }
        OwnRule::new(&rule()).expect("a good rule");
        let hunter = || vec!["hunter2".to_owned()];
        check(RuleText { id: "Staff".into(), ..rule() }, &["small letters"]);
        check(RuleText { id: "x".repeat(41), ..rule() }, &["small letters"]);
        check(RuleText { id: "password".into(), ..rule() }, &["a built-in rule has it"]);
        check(RuleText { pattern: Some("(".into()), ..rule() }, &["no regular expression"]);
        check(RuleText { pattern: Some("(?=x)x".into()), ..rule() }, &["no regular expression"]);
        check(RuleText { pattern: Some("x*".into()), ..rule() }, &["it would match everywhere"]);
        check(RuleText { pattern: Some(r"\w{1000}{1000}".into()), ..rule() }, &["too large"]);
        check(RuleText { secret: hunter(), ..rule() }, &["`tests.secret`, number 1: none of the `keywords`"]);
        check(RuleText { secret: hunter(), keywords: vec![], ..rule() }, &["number 1: the pattern finds nothing"]);
        check(
            RuleText { innocent: vec!["a".into(), "STAFF-123456 hunter2".into()], ..rule() },
            &["`tests.innocent`, number 2: the pattern finds something"],
        );
        check(RuleText { keywords: vec!["staff-".into(), "ab".into()], ..rule() }, &["`keywords`, number 2"]);
        check(RuleText { keywords: vec!["staff-".into(), "a/b".into()], ..rule() }, &["`keywords`, number 2"]);
        check(
            RuleText { id: "".into(), pattern: Some("(".into()), keywords: vec!["é".into()], ..rule() },
            &["`id`", "`keywords`", "`pattern`"],
        );
    }

    #[test]
    fn a_rule_without_a_pattern_sets_the_action_of_a_built_in_one() {
        #[track_caller]
        fn check(text: RuleText, want: &str) {
            let wrong = OwnRule::new(&text).expect_err("a bad rule");
            assert!(wrong.len() == 1 && wrong[0].contains(want), "{wrong:#?}");
        }
        let text = || RuleText { id: "pin".into(), action: Some(Action::Remove), ..RuleText::default() };
        let want = OwnRule::Override { rule: "pin", action: Action::Remove };
        assert_eq!(OwnRule::new(&text()), Ok(want));
        check(RuleText { action: None, ..text() }, "`action` is missing");
        check(RuleText { id: "hunter2".into(), ..text() }, "no built-in rule");
        check(RuleText { id: "".into(), ..text() }, "`id`");
        check(RuleText { keywords: vec!["pin".into()], ..text() }, "mean nothing");
    }

    fn words(own: &[&str], allowed: &[&str]) -> Words {
        let own = own.iter().map(|text| text.parse().expect("a key")).collect();
        Words::new(own, allowed.iter().map(|text| text.parse().expect("a key or path")).collect())
    }

    #[test]
    fn own_words_are_telling_and_allowed_keys_are_not() {
        #[track_caller]
        fn check(key: &str, rule: Option<&str>) {
            let words = words(&["salary", "employeeNumber"], &["session_id", "token"]);
            assert_eq!(words.classify(key).map(|telling| telling.rule), rule, "{key}");
        }
        check("salary", Some("own_key"));
        check("Salary", Some("own_key"));
        check("base_salary_eur", Some("own_key"));
        check("salary_count", None);
        check("employee_number", Some("own_key"));
        check("EMPLOYEE-NUMBER", Some("own_key"));
        check("employeenumber", Some("own_key"));
        check("userEmployeeNumber", Some("own_key"));
        check("employee", None);
        check("employee_numbers", None);
        check("emp_loyee_number", None);
        check("password", Some("password"));
        check("session_id", None);
        check("sessionId", None);
        check("SESSION-ID", None);
        check("user_session_id", Some("session"));
        check("token", None);
        check("access_token", Some("token"));
    }

    #[test]
    fn allowed_pairs_in_prose_are_not_telling() {
        assert!(words(&[], &[]).classify_pair("API", "key").is_some());
        assert!(words(&[], &["api_key"]).classify_pair("API", "key").is_none());
        assert!(words(&[], &["api_key"]).classify_pair("private", "key").is_some());
    }

    #[test]
    fn names_that_name_nothing_are_refused() {
        #[track_caller]
        fn check(text: &str, want: BadKeyName) {
            assert_eq!(text.parse::<Allowed>(), Err(want));
        }
        check("", BadKeyName::NoWord);
        check("_", BadKeyName::NoWord);
        check("x_y", BadKeyName::NoWord);
        check("größe", BadKeyName::NotAscii);
        check("/", BadKeyName::BadPath);
        check("/a/~2", BadKeyName::BadPath);
        assert_eq!("/a".parse::<OwnKey>().map(|key| key.literal), Err(BadKeyName::NoWord));
    }

    #[test]
    fn a_path_is_allowed_segment_by_segment() {
        #[track_caller]
        fn check(path: &str, want: bool) {
            let words = words(&[], &["/metadata/order/pin", "/metadata/*/token", "/a~1b"]);
            assert_eq!(words.allow_path(path), want, "{path}");
        }
        check("/metadata/order/pin", true);
        check("/metadata/order", false);
        check("/metadata/order/pin/x", false);
        check("/metadata/x/token", true);
        check("/metadata/x/y/token", false);
        check("/a~1b", true);
        check("", false);
    }
}
