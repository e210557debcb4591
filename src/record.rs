//! A line becomes a [`Record`], or the [`Rejected`] reason why it is not one (CONTRACT §3).
//!
//! Invariant: no I/O and no clock; the time at which the line was read is handed in.
//! Invariant: nothing here is scrubbed yet, so nothing here may be stored or logged: see `scrub`.
//! Invariant: every member of the line is in the record: as a column, or in `invalid`, or in `extra`; only a column's
//! `null` is the same as nothing.

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
/// The line is not UTF-8, not JSON, no object, nested deeper than [`json::DEPTH_MAX`], or has no `event_key` that can
/// be used: the first of these that is true of it. A text that nests too deep is not looked at further, so such a line
/// is too deep even if it is no JSON behind that.
pub fn parse<'a>(line: &'a [u8], read_at: Timestamp, columns: &Columns) -> Result<Record<'a>, Rejected> {
    let text = std::str::from_utf8(line).map_err(|error| Rejected {
        reason: Reason::InvalidUtf8,
        detail: format!("UTF-8 expected at byte {}", error.valid_up_to()),
    })?;
    let mut fields = Fields::none();
    fields.read(text)?;
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
    let metadata = fields.of(Column::Metadata).map(Found::json);
    let (invalid, extra) = fields.take_rest();
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
#[derive(Debug, Clone, Copy)]
struct Found<'a> {
    column: Option<Column>,
    /// As the line writes it, between the quotes.
    key: &'a str,
    text: &'a str,
    depth: usize,
    /// The first token of the value: all of it, unless it is an array or object.
    value: Token<'a>,
    /// Where the value begins in the line.
    at: usize,
}

impl<'a> Found<'a> {
    fn json(self) -> Json<'a> {
        Json { text: Cow::Borrowed(self.text), depth: self.depth }
    }

    fn member(self) -> Member<'a> {
        Member { key: Cow::Borrowed(self.key), value: self.json() }
    }
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
    fn none() -> Self {
        Fields { columns: [None; Column::COUNT], invalid: Vec::new(), extra: Vec::new() }
    }

    fn read(&mut self, text: &'a str) -> Result<(), Rejected> {
        let mut repeated = false;
        each_member(text, |found| match found.column {
            Some(column) => repeated |= self.columns[column as usize].replace(found).is_some(),
            None => self.extra.push(found.member()),
        })?;
        if repeated {
            // Only now is it known which occurrence was the last, and the earlier ones belong between the other extras.
            self.extra.clear();
            each_member(text, |found| {
                let last = found.column.and_then(|column| self.columns[column as usize]);
                if last.is_none_or(|last| last.at != found.at) {
                    self.extra.push(found.member());
                }
            })?;
        }
        Ok(())
    }

    fn event_key(&self) -> Result<Cow<'a, str>, Rejected> {
        let no = |what: &str| Rejected { reason: Reason::NoEventKey, detail: format!("{what}, a text is needed") };
        match self.columns[Column::EventKey as usize].map(|found| found.value) {
            None => Err(no("there is no `event_key`")),
            Some(Token::String(text)) if text.raw().is_empty() => Err(no("`event_key` is empty")),
            Some(Token::String(text)) => Ok(text.decode()),
            Some(token) => Err(no(&format!("`event_key` is {}", kind(token)))),
        }
    }

    /// What the line has for a column; `null` is nothing.
    fn of(&self, column: Column) -> Option<Found<'a>> {
        self.columns[column as usize].filter(|found| found.value != Token::Null)
    }

    /// What the line has for an optional column, if `read` can use it. If not, it is kept as invalid.
    fn take<T>(&mut self, column: Column, read: impl FnOnce(Token<'a>) -> Option<T>) -> Option<T> {
        let found = self.of(column)?;
        let value = read(found.value);
        if value.is_none() {
            let member = Member { key: Cow::Borrowed(column.name()), value: found.json() };
            self.invalid.push((found.at, member));
        }
        value
    }

    /// Takes what could not be used and what is no column.
    fn take_rest(&mut self) -> (Vec<Member<'a>>, Vec<Member<'a>>) {
        self.invalid.sort_unstable_by_key(|(at, _)| *at);
        let invalid = std::mem::take(&mut self.invalid);
        (invalid.into_iter().map(|(_, member)| member).collect(), std::mem::take(&mut self.extra))
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
    while let Some(json::Member { key, value, text, at, depth }) = tokens.member()? {
        hand(Found { column: Column::named(&key.decode()), key: key.raw(), text, depth, value, at });
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

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;
    use serde::de::{MapAccess, Visitor};
    use serde_json::value::RawValue;

    use super::*;

    const READ_AT: Timestamp = Timestamp(1_767_323_045_678_901);

    /// The members of an object in order, duplicates and all: the key decoded, the value as it was written.
    pub(crate) fn members(object: &str) -> Vec<(String, String)> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(String, String)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
                    members.push((key, value.get().to_owned()));
                }
                Ok(members)
            }
        }
        serde::Deserializer::deserialize_map(&mut serde_json::Deserializer::from_str(object), Members)
            .expect("an object")
    }

    fn read(line: &str) -> Record<'_> {
        parse(line.as_bytes(), READ_AT, &Columns::default()).expect("a record")
    }

    /// `key=value` of each member, depth behind it.
    fn show(members: &[Member<'_>]) -> String {
        let show = |member: &Member<'_>| format!("{}={}/{}", member.key, member.value.text, member.value.depth);
        members.iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_line_that_is_no_record_has_a_reason_and_a_detail() {
        #[track_caller]
        fn check(line: impl AsRef<[u8]>, reason: Reason, detail: &str) {
            let rejected = parse(line.as_ref(), READ_AT, &Columns::default());
            assert_eq!(rejected, Err(Rejected { reason, detail: detail.into() }));
        }
        check(b"{\"event_key\":\"\xc3(\"}", Reason::InvalidUtf8, "UTF-8 expected at byte 14");
        check(b"\xff", Reason::InvalidUtf8, "UTF-8 expected at byte 0");
        check(b"{\"event_key\":\"k\xed\xa0\x80\"}", Reason::InvalidUtf8, "UTF-8 expected at byte 15");

        check("", Reason::NotJson, "a value expected at byte 0");
        check("\u{feff}{\"event_key\":\"k\"}", Reason::NotJson, "a value expected at byte 0");
        check(r#"{"event_key":"k""#, Reason::NotJson, "a comma or `}` expected at byte 16");
        check(r#"{"event_key":"k"} x"#, Reason::NotJson, "the end of the text expected at byte 18");
        check(r#"{"event_key":"k"}{"event_key":"k"}"#, Reason::NotJson, "the end of the text expected at byte 17");
        check(r#"{"a":[1,]}"#, Reason::NotJson, "a value expected at byte 8");
        check(r#"["a" "b""#, Reason::NotJson, "a comma or `]` expected at byte 5");
        check(r#""text" x"#, Reason::NotJson, "the end of the text expected at byte 7");
        check(r#"{"event_key":"\ud800"}"#, Reason::NotJson, "an escape that means a character expected at byte 14");

        check("[{}]", Reason::NotAnObject, "an object expected, the line is an array");
        check(" \"k\" ", Reason::NotAnObject, "an object expected, the line is a string");
        check("17", Reason::NotAnObject, "an object expected, the line is a number");
        check("true", Reason::NotAnObject, "an object expected, the line is a boolean");
        check("null", Reason::NotAnObject, "an object expected, the line is null");

        check("[".repeat(100_000), Reason::TooDeep, "nested deeper than 128 at byte 128");
        check("{\"a\":".repeat(100_000), Reason::TooDeep, "nested deeper than 128 at byte 640");

        check("{}", Reason::NoEventKey, "there is no `event_key`, a text is needed");
        check(r#"{"Event_key":"k"}"#, Reason::NoEventKey, "there is no `event_key`, a text is needed");
        check(r#"{"event_key":""}"#, Reason::NoEventKey, "`event_key` is empty, a text is needed");
        check(r#"{"event_key":null}"#, Reason::NoEventKey, "`event_key` is null, a text is needed");
        check(r#"{"event_key":["k"]}"#, Reason::NoEventKey, "`event_key` is an array, a text is needed");
        check(r#"{"event_key":{}}"#, Reason::NoEventKey, "`event_key` is an object, a text is needed");
        check(r#"{"event_key":7}"#, Reason::NoEventKey, "`event_key` is a number, a text is needed");
        check(r#"{"event_key":false}"#, Reason::NoEventKey, "`event_key` is a boolean, a text is needed");
        check(r#"{"event_key":"k","event_key":""}"#, Reason::NoEventKey, "`event_key` is empty, a text is needed");
    }

    #[test]
    fn the_deepest_line_that_can_be_read_is_a_record() {
        let value = format!("{}{}", "[".repeat(json::DEPTH_MAX - 1), "]".repeat(json::DEPTH_MAX - 1));
        let line = format!(r#"{{"event_key":"k","metadata":{value}}}"#);
        let metadata = read(&line).metadata.expect("metadata");
        assert_eq!((metadata.text.as_ref(), metadata.depth), (value.as_str(), json::DEPTH_MAX - 1));
    }

    #[test]
    fn depth_is_that_of_the_value_alone() {
        let line = r#"{"a":[[[]]],"b":1,"c":{"d":[{}]},"event_key":"k","e":[],"f":"[[","metadata":{"g":[1]}}"#;
        let record = read(line);
        assert_eq!(show(&record.extra), r#"a=[[[]]]/3 b=1/0 c={"d":[{}]}/3 e=[]/1 f="[["/0"#);
        assert_eq!(record.metadata.map(|json| json.depth), Some(2));
    }

    #[test]
    fn texts_are_decoded() {
        let record = read(r#"{"\u0065vent_key":"a\u0000\ud83d\ude00\"","user_agent":"","route\u005fname":"\/"}"#);
        assert_eq!(record.event_key, "a\0\u{1f600}\"");
        assert_eq!(record.user_agent.as_deref(), Some(""));
        assert_eq!(record.route_name.as_deref(), Some("/"));
        assert_eq!((record.invalid, record.extra), (vec![], vec![]));
    }

    #[test]
    fn actor_is_an_integer_or_digits_within_the_column() {
        #[track_caller]
        fn check(value: &str, columns: &Columns, want: Option<i128>) {
            let line = format!(r#"{{"event_key":"k","actor_admin_id":{value}}}"#);
            let record = parse(line.as_bytes(), READ_AT, columns).expect("a record");
            assert_eq!(record.actor_admin_id, want, "{value}");
            let kept = if want.is_none() { format!("actor_admin_id={value}") } else { String::new() };
            assert!(show(&record.invalid).starts_with(&kept) && record.invalid.is_empty() == want.is_some(), "{value}");
        }
        let int = Columns::default();
        check("0", &int, Some(0));
        check("-0", &int, Some(0));
        check("2147483647", &int, Some(2_147_483_647));
        check("2147483648", &int, None);
        check("-2147483648", &int, Some(-2_147_483_648));
        check("-2147483649", &int, None);
        check(r#""42""#, &int, Some(42));
        check(r#""\u0034\u0032""#, &int, Some(42));
        check(&format!(r#""{}42""#, "0".repeat(400)), &int, Some(42));
        check(r#""2147483648""#, &int, None);
        for value in
            ["5.0", "1e2", "1E0", "true", "[1]", "{}", r#""""#, r#""-5""#, r#""+5""#, r#"" 5""#, r#""5.0""#, r#""१""#]
        {
            check(value, &int, None);
        }
        check(&"9".repeat(400), &int, None);
        check(&format!(r#""{}""#, "9".repeat(400)), &int, None);

        let unsigned = Columns { actor_admin_id: 0..=i128::from(u64::MAX), ..Columns::default() };
        check("18446744073709551615", &unsigned, Some(i128::from(u64::MAX)));
        check("18446744073709551616", &unsigned, None);
        check("-1", &unsigned, None);
    }

    #[test]
    fn addresses_are_stored_in_canonical_form() {
        #[track_caller]
        fn check(value: &str, want: &str) {
            let line = format!(r#"{{"event_key":"k","ip_address":{value}}}"#);
            let record = read(&line);
            let read = record.ip_address.map_or_else(|| show(&record.invalid), |address| address.to_string());
            assert_eq!(read, want);
        }
        check(r#""192.0.2.1""#, "192.0.2.1");
        check(r#""2001:DB8:0:0:0:0:0:1""#, "2001:db8::1");
        check(r#""::ffff:192.0.2.1""#, "::ffff:192.0.2.1");
        check(r#""\u003a:1""#, "::1");
        check(r#""192.0.2.01""#, r#"ip_address="192.0.2.01"/0"#);
        check(r#""192.0.2.1:80""#, r#"ip_address="192.0.2.1:80"/0"#);
        check(r#""fe80::1%eth0""#, r#"ip_address="fe80::1%eth0"/0"#);
        check(r#""""#, r#"ip_address=""/0"#);
        check("3221225985", "ip_address=3221225985/0");
    }

    #[test]
    fn created_at_is_a_text_or_a_number() {
        #[track_caller]
        fn check(value: &str, want: &str) {
            let line = format!(r#"{{"event_key":"k","created_at":{value}}}"#);
            let record = read(&line);
            let read = if record.invalid.is_empty() { record.created_at.to_string() } else { show(&record.invalid) };
            assert_eq!(read, want);
            assert!(record.invalid.is_empty() || record.created_at == READ_AT);
        }
        check(r#""2026-03-04T05:06:07.1234567+01:00""#, "2026-03-04 04:06:07.123456");
        check(r#""2026-03-04\u002005:06:07""#, "2026-03-04 05:06:07.000000");
        check("1772600767.1234567", "2026-03-04 05:06:07.123456");
        check(r#""1772600767123""#, "2026-03-04 05:06:07.123000");
        check("1.772600767e9", "2026-03-04 05:06:07.000000");
        check("null", &READ_AT.to_string());
        check("1e999", "created_at=1e999/0");
        check(r#""""#, r#"created_at=""/0"#);
        check("[1772600767]", "created_at=[1772600767]/1");
        check("true", "created_at=true/0");
    }

    #[test]
    fn invalid_fields_stand_in_the_order_of_the_line() {
        let record = read(r#"{"created_at":"?","user_agent":1,"event_key":"k","severity":[],"actor_admin_id":"x"}"#);
        assert_eq!(show(&record.invalid), r#"created_at="?"/0 user_agent=1/0 severity=[]/1 actor_admin_id="x"/0"#);
    }

    #[test]
    fn severity_words_are_those_of_the_contract() {
        for severity in Severity::ALL {
            assert_eq!(Severity::meant_by(severity.as_str()), Some(severity));
            assert_eq!(format!("{severity:>8}"), format!("{:>8}", severity.as_str()));
        }
        assert_eq!(Severity::meant_by("WARN"), Some(Severity::Warning));
        assert_eq!(Severity::meant_by("loud"), None);
    }

    #[test]
    fn column_names_are_read_back() {
        for column in [
            Column::EventKey,
            Column::Severity,
            Column::ActorAdminId,
            Column::IpAddress,
            Column::UserAgent,
            Column::RouteName,
            Column::RequestId,
            Column::Metadata,
            Column::CreatedAt,
        ] {
            assert_eq!(Column::named(column.name()), Some(column));
            assert!((column as usize) < Column::COUNT);
        }
        assert_eq!(Column::named("id"), None);
    }

    #[test]
    fn a_plain_line_allocates_no_list() {
        let record = read(r#"{"event_key":"k","severity":"info","metadata":{"a":1},"created_at":1772600767}"#);
        assert_eq!((record.invalid.capacity(), record.extra.capacity()), (0, 0));
    }

    proptest! {
        #[test]
        fn every_other_member_is_kept_in_order(
            line in prop::collection::vec(
                (
                    prop::sample::select(vec![
                        "event_key", r"event\u005fkey", "severity", "user_agent", "metadata", "created_at", "a",
                        r"\u0061", "b",
                    ]),
                    prop::sample::select(vec!["null", "\"x\"", "1", "[ {\"event_key\":2} ]"]),
                ),
                0..12,
            ),
        ) {
            let line: Vec<String> = line.iter().map(|(key, value)| format!(r#" "{key}" : {value}"#)).collect();
            let line = format!(r#"{{{},"event_key":"k"}}"#, line.join(",")).replace("{,", "{");
            let all = members(&line);
            let naive: Vec<_> = (0..all.len())
                .filter(|at| {
                    let (key, _) = &all[*at];
                    let later = all[at + 1..].iter().any(|(other, _)| other == key);
                    later && Column::named(key).is_some() || ["a", "b"].contains(&key.as_str())
                })
                .map(|at| all[at].clone())
                .collect();
            let extra: Vec<_> = read(&line)
                .extra
                .iter()
                .map(|member| (json::decode(&member.key).into_owned(), member.value.text.clone().into_owned()))
                .collect();
            prop_assert_eq!(extra, naive);
        }

        #[test]
        fn any_bytes_are_a_record_or_a_rejection(line in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Err(rejected) = parse(&line, READ_AT, &Columns::default()) {
                let utf8 = std::str::from_utf8(&line).is_ok();
                prop_assert_eq!(rejected.reason == Reason::InvalidUtf8, !utf8);
            }
        }
    }
}
