//! A line becomes a [`Record`], or the [`Rejected`] reason why it is not one (CONTRACT §3).
//!
//! Invariant: no I/O and no clock; the time at which the line was read is handed in.
//! Invariant: nothing here is scrubbed yet, so nothing here may be stored or logged: see `scrub`.
//! Invariant: every member of the line is in the record: as a column, or in `invalid`, or in `extra`; only a `null` of a
//! column is the same as nothing.

pub mod json;
pub mod time;

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use json::{Token, Tokens};

/// What the server's table takes, read from `information_schema` at connect. Widths are in characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// Width of `event_key`.
    pub event_key: usize,
    /// Width of `user_agent`.
    pub user_agent: usize,
    /// Width of `route_name`.
    pub route_name: usize,
    /// Width of `request_id`.
    pub request_id: usize,
    /// Range of `actor_admin_id`.
    pub actor_admin_id: RangeInclusive<i128>,
    /// The deepest nesting the server's JSON takes: MariaDB 31, MySQL 100 (CONTRACT §3).
    pub json_depth: usize,
}

impl Default for Columns {
    /// The table of CONTRACT §2 on MariaDB.
    fn default() -> Self {
        Columns {
            event_key: 255,
            user_agent: 255,
            route_name: 255,
            request_id: 64,
            actor_admin_id: i128::from(i32::MIN)..=i128::from(i32::MAX),
            json_depth: 31,
        }
    }
}

/// The four levels of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// `debug`
    Debug,
    /// `info`
    Info,
    /// `warning`
    Warning,
    /// `error`
    Error,
}

impl Severity {
    /// All levels, the least severe first.
    pub const ALL: [Severity; 4] = [Severity::Debug, Severity::Info, Severity::Warning, Severity::Error];

    /// The word in the column, in metrics and in the config.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Debug => "debug",
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }

    /// The level that an application means by `word`, in any case; `None` for a word that CONTRACT §3 does not know.
    pub fn meant_by(word: &str) -> Option<Self> {
        const WORDS: [(&str, Severity); 12] = [
            ("debug", Severity::Debug),
            ("info", Severity::Info),
            ("warning", Severity::Warning),
            ("error", Severity::Error),
            ("warn", Severity::Warning),
            ("err", Severity::Error),
            ("fatal", Severity::Error),
            ("critical", Severity::Error),
            ("alert", Severity::Error),
            ("emergency", Severity::Error),
            ("notice", Severity::Info),
            ("trace", Severity::Debug),
        ];
        WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(_, severity)| *severity)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A moment in UTC: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

/// A JSON value as it is to be stored, with what its storage has to know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json<'a> {
    /// The value's text.
    pub text: Cow<'a, str>,
    /// How deep it nests: a scalar 0, `[]` 1.
    pub depth: usize,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<'a> {
    /// The key as JSON writes it between quotes, escapes and all.
    pub key: Cow<'a, str>,
    /// Its value.
    pub value: Json<'a>,
}

/// A line as the columns of the table, before anything was scrubbed or cut to width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// Column `event_key`; never empty.
    pub event_key: Cow<'a, str>,
    /// Column `severity`.
    pub severity: Severity,
    /// The word that `severity` was mapped from, if it is not one of the four.
    pub severity_word: Option<Cow<'a, str>>,
    /// Column `actor_admin_id`, within the column's range.
    pub actor_admin_id: Option<i128>,
    /// Column `ip_address`.
    pub ip_address: Option<IpAddr>,
    /// Column `user_agent`, uncut.
    pub user_agent: Option<Cow<'a, str>>,
    /// Column `route_name`, uncut.
    pub route_name: Option<Cow<'a, str>>,
    /// Column `request_id`, uncut.
    pub request_id: Option<Cow<'a, str>>,
    /// Column `metadata`, as the line has it.
    pub metadata: Option<Json<'a>>,
    /// Column `created_at`.
    pub created_at: Timestamp,
    /// Optional fields that could not be used, with what was there, in the order of the line.
    pub invalid: Vec<Member<'a>>,
    /// Keys that are no column of the table, and all but the last occurrence of a key that is one, in the order of
    /// the line.
    pub extra: Vec<Member<'a>>,
}

/// Why a line ends in quarantine (CONTRACT §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Not JSON.
    NotJson,
    /// JSON, but not an object.
    NotAnObject,
    /// Not UTF-8.
    InvalidUtf8,
    /// No `event_key` that could be used.
    NoEventKey,
    /// Longer than `spool.max_line_bytes`.
    TooLong,
    /// Nested deeper than the server's JSON takes.
    TooDeep,
    /// The database refused the row as data.
    RejectedByDatabase,
    /// The scrubber could not make sure that no secret is left.
    Unscrubbable,
}

impl Reason {
    /// All reasons, in the order of CONTRACT §3.
    pub const ALL: [Reason; 8] = [
        Reason::NotJson,
        Reason::NotAnObject,
        Reason::InvalidUtf8,
        Reason::NoEventKey,
        Reason::TooLong,
        Reason::TooDeep,
        Reason::RejectedByDatabase,
        Reason::Unscrubbable,
    ];

    /// The word in quarantine records and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::NotJson => "not_json",
            Reason::NotAnObject => "not_an_object",
            Reason::InvalidUtf8 => "invalid_utf8",
            Reason::NoEventKey => "no_event_key",
            Reason::TooLong => "too_long",
            Reason::TooDeep => "too_deep",
            Reason::RejectedByDatabase => "rejected_by_database",
            Reason::Unscrubbable => "unscrubbable",
        }
    }
}

/// A line that cannot become a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Why, for machines.
    pub reason: Reason,
    /// Why, for people. Never the content of the line.
    pub detail: String,
}

/// Reads a line, without its newline, as the columns of the table.
///
/// `read_at` stands in for a `created_at` that is absent or cannot be used.
///
/// # Errors
/// The line is not UTF-8, not JSON, no object, nested deeper than [`json::DEPTH_MAX`], or has no `event_key` that can be
/// used: the first of these that is true of it. A text that nests too deep is not looked at further, so such a line is
/// too deep even if it is no JSON behind that.
pub fn parse<'a>(line: &'a [u8], read_at: Timestamp, columns: &Columns) -> Result<Record<'a>, Rejected> {
    let text = std::str::from_utf8(line).map_err(|error| Rejected {
        reason: Reason::InvalidUtf8,
        detail: format!("UTF-8 expected at byte {}", error.valid_up_to()),
    })?;
    let mut fields = Fields::read(text)?;
    let event_key = fields.event_key()?;

    let (severity, severity_word) = match fields.take(Column::Severity, text_of) {
        None => (Severity::Info, None),
        Some(word) => {
            let severity = Severity::meant_by(&word).unwrap_or(Severity::Info);
            let mapped = !word.eq_ignore_ascii_case(severity.as_str());
            (severity, mapped.then_some(word))
        }
    };
    let actor_admin_id = fields.take(Column::ActorAdminId, |value| integer_of(value, &columns.actor_admin_id));
    let ip_address = fields.take(Column::IpAddress, |value| text_of(value)?.parse().ok());
    let user_agent = fields.take(Column::UserAgent, text_of);
    let route_name = fields.take(Column::RouteName, text_of);
    let request_id = fields.take(Column::RequestId, text_of);
    let created_at = fields.take(Column::CreatedAt, moment_of).unwrap_or(read_at);
    let metadata = fields.of(Column::Metadata).map(|found| found.member.value);
    let (invalid, extra) = fields.into_rest();
    Ok(Record {
        event_key,
        severity,
        severity_word,
        actor_admin_id,
        ip_address,
        user_agent,
        route_name,
        request_id,
        metadata,
        created_at,
        invalid,
        extra,
    })
}

/// A key of a line that is a column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    EventKey,
    Severity,
    ActorAdminId,
    IpAddress,
    UserAgent,
    RouteName,
    RequestId,
    Metadata,
    CreatedAt,
}

impl Column {
    const COUNT: usize = 9;

    /// The column that `key`, decoded, is the name of.
    pub(crate) fn named(key: &str) -> Option<Self> {
        Some(match key {
            "event_key" => Column::EventKey,
            "severity" => Column::Severity,
            "actor_admin_id" => Column::ActorAdminId,
            "ip_address" => Column::IpAddress,
            "user_agent" => Column::UserAgent,
            "route_name" => Column::RouteName,
            "request_id" => Column::RequestId,
            "metadata" => Column::Metadata,
            "created_at" => Column::CreatedAt,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Column::EventKey => "event_key",
            Column::Severity => "severity",
            Column::ActorAdminId => "actor_admin_id",
            Column::IpAddress => "ip_address",
            Column::UserAgent => "user_agent",
            Column::RouteName => "route_name",
            Column::RequestId => "request_id",
            Column::Metadata => "metadata",
            Column::CreatedAt => "created_at",
        }
    }
}

/// A member as it was found in the line.
#[derive(Debug, Clone)]
struct Found<'a> {
    column: Option<Column>,
    member: Member<'a>,
    /// The first token of the value: all of it, unless it is an array or object.
    value: Token<'a>,
    /// Where the value begins in the line.
    at: usize,
}

/// The members of a line, sorted by what they are for.
struct Fields<'a> {
    /// The last occurrence of each column's key.
    columns: [Option<Found<'a>>; Column::COUNT],
    /// What could not be used, with its place in the line.
    invalid: Vec<(usize, Member<'a>)>,
    extra: Vec<Member<'a>>,
}

impl<'a> Fields<'a> {
    fn read(text: &'a str) -> Result<Self, Rejected> {
        let mut fields = Fields { columns: Default::default(), invalid: Vec::new(), extra: Vec::new() };
        let mut repeated = false;
        each_member(text, |found| match found.column {
            Some(column) => repeated |= fields.columns[column as usize].replace(found).is_some(),
            None => fields.extra.push(found.member),
        })?;
        if repeated {
            // Only now is it known which occurrence was the last, and the earlier ones belong between the other extras.
            fields.extra.clear();
            each_member(text, |found| {
                let last = found.column.and_then(|column| fields.columns[column as usize].as_ref());
                if last.is_none_or(|last| last.at != found.at) {
                    fields.extra.push(found.member);
                }
            })?;
        }
        Ok(fields)
    }

    fn event_key(&mut self) -> Result<Cow<'a, str>, Rejected> {
        let no = |what: &str| Rejected { reason: Reason::NoEventKey, detail: format!("{what}, a text is needed") };
        match self.columns[Column::EventKey as usize].as_ref().map(|found| found.value) {
            None => Err(no("there is no `event_key`")),
            Some(Token::String(text)) if text.raw().is_empty() => Err(no("`event_key` is empty")),
            Some(Token::String(text)) => Ok(text.decode()),
            Some(token) => Err(no(&format!("`event_key` is {}", kind(token)))),
        }
    }

    /// What the line has for a column; `null` is nothing.
    fn of(&mut self, column: Column) -> Option<Found<'a>> {
        self.columns[column as usize].take().filter(|found| found.value != Token::Null)
    }

    /// What the line has for an optional column, if `read` can use it. If not, it is kept as invalid.
    fn take<T>(&mut self, column: Column, read: impl FnOnce(Token<'a>) -> Option<T>) -> Option<T> {
        let found = self.of(column)?;
        let value = read(found.value);
        if value.is_none() {
            let member = Member { key: Cow::Borrowed(column.name()), value: found.member.value };
            self.invalid.push((found.at, member));
        }
        value
    }

    fn into_rest(mut self) -> (Vec<Member<'a>>, Vec<Member<'a>>) {
        self.invalid.sort_unstable_by_key(|(at, _)| *at);
        (self.invalid.into_iter().map(|(_, member)| member).collect(), self.extra)
    }
}

/// Hands over the members of a line, which has to be one object, in order.
fn each_member<'a>(text: &'a str, mut hand: impl FnMut(Found<'a>)) -> Result<(), Rejected> {
    let mut tokens = Tokens::new(text);
    match tokens.next()? {
        Some(Token::ObjectStart) => {}
        Some(other) => {
            // What is no JSON at all is that first.
            while tokens.next()?.is_some() {}
            let detail = format!("an object expected, the line is {}", kind(other));
            return Err(Rejected { reason: Reason::NotAnObject, detail });
        }
        None => unreachable!("a text without a value is refused by the reader"),
    }
    while let Some(Token::Key(key)) = tokens.next()? {
        let outside = tokens.depth();
        tokens.forget_deepest();
        let value = tokens.next()?.expect("a value follows a key");
        let at = tokens.span().start;
        while tokens.depth() > outside {
            tokens.next()?;
        }
        let value_text = &text[at..tokens.span().end];
        hand(Found {
            column: Column::named(&key.decode()),
            member: Member {
                key: Cow::Borrowed(key.raw()),
                value: Json { text: Cow::Borrowed(value_text), depth: tokens.deepest() - outside },
            },
            value,
            at,
        });
    }
    match tokens.next()? {
        None => Ok(()),
        Some(_) => unreachable!("nothing but space follows the outermost value"),
    }
}

impl From<json::Error> for Rejected {
    fn from(error: json::Error) -> Self {
        let reason = match error {
            json::Error::Syntax { .. } => Reason::NotJson,
            json::Error::TooDeep { .. } => Reason::TooDeep,
        };
        Rejected { reason, detail: error.to_string() }
    }
}

fn text_of(value: Token<'_>) -> Option<Cow<'_, str>> {
    match value {
        Token::String(text) => Some(text.decode()),
        _ => None,
    }
}

/// An integer, or a string of digits, within `range`.
fn integer_of(value: Token<'_>, range: &RangeInclusive<i128>) -> Option<i128> {
    let integer: i128 = match value {
        // `5.0` and `1e2` do not parse, and what a JSON number may begin with is what an integer may begin with.
        Token::Number(number) => number.parse().ok()?,
        Token::String(text) => {
            let text = text.decode();
            text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())??
        }
        _ => return None,
    };
    range.contains(&integer).then_some(integer)
}

fn moment_of(value: Token<'_>) -> Option<Timestamp> {
    match value {
        Token::Number(number) => Timestamp::parse_epoch(number),
        Token::String(text) => Timestamp::parse(&text.decode()),
        _ => None,
    }
}

/// What kind of value begins with `token`, for people.
fn kind(token: Token<'_>) -> &'static str {
    match token {
        Token::ObjectStart | Token::ObjectEnd | Token::Key(_) => "an object",
        Token::ArrayStart | Token::ArrayEnd => "an array",
        Token::String(_) => "a string",
        Token::Number(_) => "a number",
        Token::Bool(_) => "a boolean",
        Token::Null => "null",
    }
}
