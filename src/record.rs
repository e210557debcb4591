//! A line becomes a [`Record`], or the [`Rejected`] reason why it is not one (CONTRACT §3).
//!
//! Invariant: no I/O and no clock; the time at which the line was read is handed in.
//! Invariant: nothing here is scrubbed yet, so nothing here may be stored or logged: see `scrub`.

pub mod json;

use std::borrow::Cow;
use std::net::IpAddr;
use std::ops::RangeInclusive;

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
