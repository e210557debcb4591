//! Merges defaults, file and environment, and reads each key once into its type, collecting what is wrong.
//!
//! Invariant: every key of the table is read exactly once; one that cannot be used leaves a problem.
//! Invariant: only keys of the table are merged; every other name in the file or the environment leaves a problem.
//! Invariant: no problem shows a value that could be a secret.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use config::{ConfigError, Environment, File, FileFormat, Map, Source, Value, ValueKind};

use super::keys::{self, KEYS, Key, PREFIX, SEPARATOR, Unset};
use super::units::{self, ByteSize, Written};
use super::{Origin, Problem, Refused};
use crate::spool::globs::{self, Pattern};

/// The keys whose values are never shown. A path is among them: people write the password where its file belongs.
const SECRET: [&str; 4] = ["database.url", "database.password_file", "scrub.hash_key_file", "scrub.encrypt_recipient"];

/// How many patterns `spool.paths` and `spool.exclude` may have.
const PATTERNS_MAX: usize = 256;

/// The values given, and the problems found in them so far.
pub(super) struct Reader {
    merged: Value,
    file: PathBuf,
    from_variable: BTreeSet<&'static str>,
    unread: BTreeSet<&'static str>,
    missing: Missing,
    problems: Vec<Problem>,
}

/// What a required key that nobody set means.
enum Missing {
    /// That somebody forgot it.
    Problem,
    /// That the file could not be read.
    Consequence,
}

/// Where a value was written, which decides how its type is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Notation {
    /// TOML: numbers and lists have notations of their own.
    Toml,
    /// The text of an environment variable, which has to stand for everything.
    Text,
}

impl Reader {
    /// Merges the defaults, the text of the file (`Err`: why there is none) and the environment.
    pub(super) fn new(file: &Path, text: Result<&str, Refused>, env: impl Iterator<Item = (String, String)>) -> Self {
        let mut reader = Reader {
            merged: Value::from(Map::<String, Value>::new()),
            file: file.to_owned(),
            from_variable: BTreeSet::new(),
            unread: KEYS.iter().map(|key| key.name).collect(),
            missing: Missing::Problem,
            problems: Vec::new(),
        };
        let tree = text.and_then(parse_toml).unwrap_or_else(|refused| {
            reader.missing = Missing::Consequence;
            reader.file_problem(refused);
            Map::new()
        });
        let known = reader.known_keys(tree);
        let variables = reader.known_variables(env);
        let merged = config::Config::builder()
            .add_source(File::from_str(&defaults(), FileFormat::Toml))
            .add_source(known)
            .add_source(
                Environment::with_prefix(PREFIX)
                    .prefix_separator(SEPARATOR)
                    .separator(SEPARATOR)
                    .source(Some(variables)),
            )
            .build();
        // The defaults are ours, and the two others were parsed before.
        reader.merged = merged.expect("three sources without an error in them").cache;
        reader
    }

    /// Adds a problem with the file as a whole.
    pub(super) fn file_problem(&mut self, refused: Refused) {
        let Refused(message) = refused;
        self.problems.push(Problem { key: None, origin: Origin::File(self.file.clone()), message });
    }

    /// Adds a problem with a key, the message being a whole one.
    pub(super) fn problem(&mut self, name: &'static str, message: String) {
        let origin = self.origin(name);
        self.problems.push(Problem { key: Some(name.to_owned()), origin, message });
    }

    /// Adds a problem with something else than what was merged.
    pub(super) fn add(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The problems, after the last key was read.
    ///
    /// # Panics
    /// A key of the table was not read.
    pub(super) fn into_problems(self) -> Vec<Problem> {
        assert!(self.unread.is_empty(), "never read: {:?}", self.unread);
        self.problems
    }

    /// The problems with one section and with the file as a whole, after the last key of that section was read.
    pub(super) fn into_problems_of(self, section: &str) -> Vec<Problem> {
        let belongs = |name: &str| name.split('.').next() == Some(section);
        assert!(!self.unread.iter().any(|name| belongs(name)), "never read: {:?}", self.unread);
        let concerns = |problem: &Problem| problem.key.as_deref().is_none_or(belongs);
        self.problems.into_iter().filter(concerns).collect()
    }

    /// A whole number.
    pub(super) fn number(&mut self, name: &'static str, range: RangeInclusive<usize>) -> Option<usize> {
        let advice = Refused(format!("use a number from {} to {}", range.start(), range.end()));
        self.required(name, |value, notation| {
            let number = match (value, notation) {
                (ValueKind::I64(number), _) => usize::try_from(*number).ok(),
                (ValueKind::String(text), Notation::Text) => text.trim().parse().ok(),
                (ValueKind::String(text), Notation::Toml) => {
                    return Err(text
                        .parse()
                        .map_or(advice, |number: u64| Refused(format!("write the number without quotes: {number}"))));
                }
                _ => None,
            };
            number.filter(|number| range.contains(number)).ok_or(advice)
        })
    }

    /// A size.
    pub(super) fn size(&mut self, name: &'static str, range: RangeInclusive<ByteSize>) -> Option<ByteSize> {
        self.required(name, |value, _| {
            let size = match value {
                ValueKind::I64(number) => u64::try_from(*number).ok().map(ByteSize::from_bytes),
                ValueKind::String(text) => Some(ByteSize::parse(text)?),
                _ => return Err(Refused::new("write a size with its unit in quotes, such as `\"64MiB\"`")),
            };
            let (least, most) = (range.start(), range.end());
            size.filter(|size| range.contains(size))
                .ok_or_else(|| Refused(format!("use a size from `{least}` to `{most}`")))
        })
    }

    /// A duration.
    pub(super) fn duration(&mut self, name: &'static str, range: RangeInclusive<Duration>) -> Option<Duration> {
        self.required(name, |value, _| {
            let duration = match value {
                ValueKind::String(text) => units::parse_duration(text)?,
                ValueKind::I64(number) if *number >= 0 => {
                    return Err(Refused(format!("a duration needs a unit: write `\"{number}s\"`")));
                }
                _ => return Err(Refused::new("write a duration with its unit in quotes, such as `\"250ms\"`")),
            };
            let (least, most) = (Written(*range.start()), Written(*range.end()));
            let outside = || Refused(format!("use a duration from `{least}` to `{most}`"));
            if range.contains(&duration) { Ok(duration) } else { Err(outside()) }
        })
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> Option<T> {
        self.required(name, |value, _| {
            let given = words.iter().find(|(word, _)| matches!(value, ValueKind::String(text) if text == word));
            let all: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
            given.map(|(_, value)| *value).ok_or_else(|| Refused(format!("use one of {}", all.join(", "))))
        })
    }

    /// A text that has a parser of its own.
    pub(super) fn text<T>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Result<T, Refused>) -> Option<T> {
        self.required(name, |value, _| parse(as_text(value)?))
    }

    /// As [`Reader::text`], of a key that has no default: the outer `None` is a problem.
    pub(super) fn optional_text<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, Refused>,
    ) -> Option<Option<T>> {
        match self.take(name) {
            Some(value) => self.parsed(name, &value, |value, _| parse(as_text(value)?)).map(Some),
            None => Some(None),
        }
    }

    /// A list of patterns.
    pub(super) fn patterns(&mut self, name: &'static str, range: RangeInclusive<usize>) -> Option<Vec<Pattern>> {
        self.texts(name, "patterns", range, pattern)
    }

    /// A list of texts that have a parser of their own; `noun` is what they are.
    pub(super) fn texts<T>(
        &mut self,
        name: &'static str,
        noun: &str,
        range: RangeInclusive<usize>,
        parse: impl Fn(&str) -> Result<T, Refused>,
    ) -> Option<Vec<T>> {
        self.list(name, noun, range, |item| as_text(item).and_then(&parse))
    }

    /// A list of tables.
    pub(super) fn tables(
        &mut self,
        name: &'static str,
        noun: &str,
        range: RangeInclusive<usize>,
    ) -> Option<Vec<Map<String, Value>>> {
        let table = |item: &ValueKind| match item {
            ValueKind::Table(table) => Ok(table.clone()),
            _ => Err(Refused(format!("write each as a table of its own, `[[{name}]]`"))),
        };
        self.list(name, noun, range, table)
    }

    fn list<T>(
        &mut self,
        name: &'static str,
        noun: &str,
        range: RangeInclusive<usize>,
        parse: impl Fn(&ValueKind) -> Result<T, Refused>,
    ) -> Option<Vec<T>> {
        let value = self.take(name)?;
        let items = self.parsed(name, &value, |value, notation| match (value, notation) {
            (ValueKind::Array(items), _) => Ok(items.clone()),
            (ValueKind::String(text), Notation::Text) => list_from_text(text),
            (ValueKind::String(_), Notation::Toml) => {
                Err(Refused::new("write a list: square brackets around the text in quotes"))
            }
            _ => Err(Refused::new("write a list of texts in quotes")),
        })?;
        if !range.contains(&items.len()) {
            let (least, most) = (range.start(), range.end());
            let count = items.len();
            self.problem(name, format!("`{name}` has {count} {noun}; use {least} to {most} of them"));
            return None;
        }
        let mut parsed = Vec::new();
        for item in &items {
            match parse(&item.kind) {
                Ok(item) => parsed.push(item),
                Err(refused) => {
                    let value = shown(name, &item.kind);
                    self.problem(name, format!("`{name}` holds {value}; {refused}"));
                }
            }
        }
        (parsed.len() == items.len()).then_some(parsed)
    }

    fn required<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&ValueKind, Notation) -> Result<T, Refused>,
    ) -> Option<T> {
        let value = self.take(name)?;
        self.parsed(name, &value, parse)
    }

    fn parsed<T>(
        &mut self,
        name: &'static str,
        value: &ValueKind,
        parse: impl FnOnce(&ValueKind, Notation) -> Result<T, Refused>,
    ) -> Option<T> {
        let notation = self.notation(name);
        match parse(value, notation) {
            Ok(value) => Some(value),
            Err(refused) => {
                let message = if SECRET.contains(&name) {
                    format!("`{name}` cannot be used: {refused}")
                } else {
                    format!("`{name}` is {}; {refused}", shown(name, value))
                };
                self.problem(name, message);
                None
            }
        }
    }

    /// The value of a key; leaves a problem when it is missing and must not be.
    fn take(&mut self, name: &'static str) -> Option<ValueKind> {
        let key = keys::find(name).expect("only keys of the table are read");
        assert!(self.unread.remove(name), "`{name}` is read twice");
        let value = match &self.merged.kind {
            ValueKind::Table(sections) => match sections.get(key.section()).map(|section| &section.kind) {
                Some(ValueKind::Table(section)) => section.get(key.last()),
                _ => None,
            },
            _ => None,
        };
        let value = value.map(|value| value.kind.clone());
        match (&value, &key.unset, &self.missing) {
            (None, Unset::Required, Missing::Problem) => {
                let message = format!("`{name}` is missing; add it to section `[{}]`", key.section());
                self.problem(name, message);
            }
            // What the environment has of other bytes than UTF-8 comes with this character in their place.
            (Some(ValueKind::String(text)), _, _)
                if self.from_variable.contains(name) && text.contains(char::REPLACEMENT_CHARACTER) =>
            {
                self.problem(name, format!("`{name}` is not valid UTF-8; set it to plain text"));
                return None;
            }
            _ => {}
        }
        value
    }

    fn notation(&self, name: &str) -> Notation {
        if self.from_variable.contains(name) { Notation::Text } else { Notation::Toml }
    }

    fn origin(&self, name: &'static str) -> Origin {
        match keys::find(name) {
            Some(key) if self.from_variable.contains(name) => Origin::Variable(key.variable()),
            _ => Origin::File(self.file.clone()),
        }
    }

    /// The keys of the file that are in the table, and problems for the others.
    fn known_keys(&mut self, tree: Map<String, Value>) -> Known {
        // The map has an order of its own, and problems should come in the same order each time.
        let tree: BTreeMap<_, _> = tree.into_iter().collect();
        let mut known = Map::new();
        for (section, value) in tree {
            let is_section = keys::sections().any(|name| name == section);
            match value.kind {
                ValueKind::Table(table) if is_section => {
                    for (last, value) in table.into_iter().collect::<BTreeMap<_, _>>() {
                        let name = format!("{section}.{last}");
                        match keys::find(&name) {
                            Some(key) => {
                                known.insert(key.name.to_owned(), value);
                            }
                            None => self.unknown_key(name),
                        }
                    }
                }
                ValueKind::Table(_) | ValueKind::Array(_) if !is_section => {
                    let nearest = keys::nearest_section(&section);
                    let message = format!("{} is not a section; did you mean `{nearest}`?", quoted(&section));
                    self.unknown(section, message);
                }
                _ if is_section => {
                    let message = format!("`{section}` is a section; write `[{section}]` and its keys below");
                    self.unknown(section, message);
                }
                _ => self.unknown_key(section),
            }
        }
        Known(known)
    }

    fn unknown_key(&mut self, name: String) {
        let message = if name == "database.password" {
            "`database.password` is not a key, so that no password stands in a config; \
             write it to a file and name that by `database.password_file`"
                .to_owned()
        } else {
            let nearest = keys::nearest(&name).name;
            format!("{} is not a key; did you mean `{nearest}`?", quoted(&name))
        };
        self.unknown(name, message);
    }

    fn unknown(&mut self, name: String, message: String) {
        let key = (!may_hold_password(&name)).then_some(name);
        self.problems.push(Problem { key, origin: Origin::File(self.file.clone()), message });
    }

    /// The variables that set a key of the table, and problems for the others that look like it.
    fn known_variables(&mut self, env: impl Iterator<Item = (String, String)>) -> Map<String, String> {
        let start = format!("{PREFIX}{SEPARATOR}");
        // In the order of their names, so that problems come in the same order each time.
        let given: BTreeMap<_, _> = env.filter(|(name, _)| name.starts_with(&start)).collect();
        let mut known = Map::new();
        for (name, value) in given {
            match KEYS.iter().find(|key| key.variable() == name) {
                Some(key) => {
                    self.from_variable.insert(key.name);
                    known.insert(name, value);
                }
                None => {
                    let wrong = name[start.len()..].to_ascii_lowercase().replace(SEPARATOR, ".");
                    let nearest = keys::nearest(&wrong).variable();
                    let message = format!("{} sets no key; did you mean `{nearest}`?", quoted(&name));
                    self.problems.push(Problem { key: None, origin: Origin::Variable(name), message });
                }
            }
        }
        known
    }
}

/// The keys of the file by their whole names, as a source to merge.
///
/// The file itself is not handed to the merge, because that reads the keys of the top level as paths with indexes.
#[derive(Clone)]
struct Known(Map<String, Value>);

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Source for Known {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        Ok(self.0.clone())
    }
}

/// The defaults of the table as TOML.
fn defaults() -> String {
    let line = |key: &Key| match key.unset {
        Unset::Default(value) => Some(format!("{} = {value}\n", key.name)),
        Unset::Required | Unset::Absent => None,
    };
    KEYS.iter().filter_map(line).collect()
}

/// Parses TOML. The parser quotes the line at fault in its message, so of that only the place is kept.
fn parse_toml(text: &str) -> Result<Map<String, Value>, Refused> {
    File::from_str(text, FileFormat::Toml).collect().map_err(|error| {
        let cause = match &error {
            ConfigError::FileParse { cause, .. } => cause.to_string(),
            _ => String::new(),
        };
        match place(&cause) {
            Some((line, column)) if cause.trim_end().ends_with("duplicate key") => {
                Refused(format!("line {line}, column {column} names a key or section twice; remove one"))
            }
            Some((line, column)) => {
                Refused(format!("line {line}, column {column} is not valid TOML; look for a missing quote or bracket"))
            }
            None => Refused::new("not valid TOML; look for a number that is too large"),
        }
    })
}

/// The place in the first line of the parser's message.
fn place(message: &str) -> Option<(u32, u32)> {
    let first = message.lines().next()?;
    let (line, column) = first.strip_prefix("TOML parse error at line ")?.split_once(", column ")?;
    Some((line.parse().ok()?, column.parse().ok()?))
}

pub(super) fn as_text(value: &ValueKind) -> Result<&str, Refused> {
    match value {
        ValueKind::String(text) => Ok(text),
        _ => Err(Refused::new("write text in quotes")),
    }
}

/// A list in the text of a variable: `/a,/b`, or as TOML writes it.
fn list_from_text(text: &str) -> Result<Vec<Value>, Refused> {
    let text = text.trim();
    if text.starts_with('[') {
        let shape = || Refused::new("write `/a,/b` or `[\"/a\", \"/b\"]`");
        let mut tree = parse_toml(&format!("list = {text}")).map_err(|_| shape())?;
        return match (tree.remove("list").map(|list| list.kind), tree.is_empty()) {
            (Some(ValueKind::Array(items)), true) => Ok(items),
            _ => Err(shape()),
        };
    }
    if text.is_empty() {
        return Ok(Vec::new());
    }
    Ok(split_at_commas(text).into_iter().map(|item| Value::new(None, item.trim())).collect())
}

/// Splits at the commas that are not inside the braces or brackets of a pattern.
fn split_at_commas(text: &str) -> Vec<&str> {
    let (mut items, mut start, mut depth, mut escaped) = (Vec::new(), 0, 0usize, false);
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => {
                escaped = false;
                continue;
            }
            '\\' => escaped = true,
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                items.push(&text[start..i]);
                start = i + 1;
            }
            _ => {}
        }
    }
    items.push(&text[start..]);
    items
}

/// How many patterns a list may have.
pub(super) fn patterns_range(least: usize) -> RangeInclusive<usize> {
    least..=PATTERNS_MAX
}

fn pattern(text: &str) -> Result<Pattern, Refused> {
    text.parse().map_err(|globs::BadPattern { why, .. }| Refused(why))
}

/// An absolute path in its simplest form.
pub(super) fn absolute_path(text: &str) -> Result<PathBuf, Refused> {
    globs::absolute_path(text).map_err(Refused::because)
}

/// Where the metrics are served; the empty text turns them off.
pub(super) fn listen(text: &str) -> Result<Option<SocketAddr>, Refused> {
    if text.is_empty() {
        return Ok(None);
    }
    let advice = "write an address with its port, such as `127.0.0.1:9187` or `[::1]:9187`, or nothing to turn it off";
    text.parse().map(Some).map_err(|_| Refused::new(advice))
}

/// A value as a message shows it.
fn shown(name: &str, value: &ValueKind) -> String {
    match value {
        _ if SECRET.contains(&name) => "`[hidden]`".to_owned(),
        ValueKind::String(text) if text.is_empty() => "empty".to_owned(),
        ValueKind::String(text) => quoted(text),
        ValueKind::Boolean(value) => format!("`{value}`"),
        ValueKind::I64(value) => format!("`{value}`"),
        ValueKind::I128(value) => format!("`{value}`"),
        ValueKind::U64(value) => format!("`{value}`"),
        ValueKind::U128(value) => format!("`{value}`"),
        ValueKind::Float(value) => format!("`{value}`"),
        ValueKind::Nil => "nothing".to_owned(),
        ValueKind::Table(_) => "a table".to_owned(),
        ValueKind::Array(_) => "a list".to_owned(),
    }
}

/// A text in backticks: without control characters, cut, and hidden when it may hold a password.
fn quoted(text: &str) -> String {
    if may_hold_password(text) {
        return "`[hidden]`".to_owned();
    }
    let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let mut cut: String = text.chars().take(60).map(plain).collect();
    if text.chars().nth(60).is_some() {
        cut.push('…');
    }
    format!("`{cut}`")
}

/// Whether a text looks like an url, or a part of one, that somebody wrote in the wrong place.
fn may_hold_password(text: &str) -> bool {
    text.contains("://") || text.contains('@')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_place_of_a_syntax_error_is_taken() {
        #[track_caller]
        fn check(message: &str, want: Option<(u32, u32)>) {
            assert_eq!(place(message), want);
        }
        check("TOML parse error at line 3, column 14\n  |\n3 | url = x", Some((3, 14)));
        check("TOML parse error at line 3", None);
        check("url = \"TOML parse error at line 3, column 14", None);
        check("", None);
    }

    #[test]
    fn a_shown_text_is_plain_short_and_no_url() {
        #[track_caller]
        fn check(text: &str, want: &str) {
            assert_eq!(quoted(text), want);
        }
        check("64MB", "`64MB`");
        check("a\u{1b}[2Jb\n", "`a\u{FFFD}[2Jb\u{FFFD}`");
        check(&"é".repeat(60), &format!("`{}`", "é".repeat(60)));
        check(&"é".repeat(61), &format!("`{}…`", "é".repeat(60)));
        check("mysql://u:p@h/app", "`[hidden]`");
        check("u:p@h", "`[hidden]`");
    }

    #[test]
    fn the_merge_does_not_show_its_values() {
        let known = Known(Map::from_iter([("database.url".to_owned(), Value::from("hunter2"))]));
        assert_eq!(format!("{known:?}"), "{\"database.url\"}");
    }

    #[test]
    #[should_panic(expected = "never read")]
    fn a_key_that_is_never_read_is_noticed() {
        Reader::new(Path::new("/c"), Ok(""), std::iter::empty()).into_problems();
    }

    proptest! {
        #[test]
        fn splitting_loses_nothing(text in "[/a,{}\\[\\]\\\\é]{0,30}") {
            prop_assert_eq!(split_at_commas(&text).join(","), text);
        }

        #[test]
        fn plain_paths_split_at_every_comma(text in "[/a-z,]{0,30}") {
            prop_assert_eq!(split_at_commas(&text), text.split(',').collect::<Vec<_>>());
        }

        #[test]
        fn no_file_and_no_variable_makes_the_reader_panic(text in "\\PC{0,60}|[a-z.\\[\\]=\"0-9\n ]{0,60}", value in any::<String>()) {
            let env = KEYS.iter().map(|key| (key.variable(), value.clone()));
            let mut reader = Reader::new(Path::new("/c"), Ok(&text), env);
            let url = reader.optional_text("database.url", str::parse::<super::super::Url>);
            prop_assert!(url.is_some() || !reader.problems.is_empty());
            prop_assert!(reader.patterns("spool.paths", patterns_range(0)).is_some() || !reader.problems.is_empty());
        }
    }
}
