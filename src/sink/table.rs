//! Which table the rows go to: its name, and the columns of CONTRACT §2 in the order in which rows are sent.
//!
//! Invariant: a [`TableName`] is made of letters, digits, `_` and `$`, so that quoting it needs no escapes.
//! Invariant: no [`TableName`] is `audit_logs`, in any case (CONTRACT R2).

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use jiff::civil::DateTime;

use crate::record::{Severity, Timestamp};

/// The columns a row fills, in the order in which it is sent.
pub const COLUMNS: [&str; 9] = [
    "event_key",
    "severity",
    "actor_admin_id",
    "ip_address",
    "user_agent",
    "route_name",
    "request_id",
    "metadata",
    "created_at",
];

/// The name of the table with the frontiers.
pub const PROGRESS: &str = "tracespool_progress";

/// The word of a severity in its column.
pub(super) fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Debug => "debug",
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    }
}

/// Date and time of day in UTC, or nothing for years past 9999 either way.
pub(super) fn utc(at: Timestamp) -> Option<DateTime> {
    // Reckoned from a date, because the library's own moments end a day before the year 9999 does.
    DateTime::constant(1970, 1, 1, 0, 0, 0, 0).checked_add(SignedDuration::from_micros(at.0)).ok()
}

/// Name of a table, with its schema if one was given: `telemetry_traces`, `app.telemetry_traces`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableName {
    schema: Option<String>,
    name: String,
}

/// The text is no [`TableName`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTableName {
    /// Not one or two identifiers.
    #[error("a table name is `table` or `schema.table`, each of 1 to 64 letters, digits, `_` or `$`")]
    NotAnIdentifier,
    /// The table that is never written to.
    #[error("`audit_logs` is never written to; name the telemetry table")]
    AuditLogs,
}

impl TableName {
    /// The schema, if one was given.
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// The name without its schema.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The table of the frontiers, in the same schema.
    pub fn progress(&self) -> TableName {
        TableName { schema: self.schema.clone(), name: PROGRESS.to_owned() }
    }

    /// The name as MySQL and SQLite read it: `` `app`.`telemetry_traces` ``.
    pub fn quoted(&self) -> String {
        match &self.schema {
            Some(schema) => format!("`{schema}`.`{}`", self.name),
            None => format!("`{}`", self.name),
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

impl FromStr for TableName {
    type Err = BadTableName;

    fn from_str(text: &str) -> Result<Self, BadTableName> {
        let identifier = |text: &str| {
            let of_identifier = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$';
            if (1..=64).contains(&text.len()) && text.bytes().all(of_identifier) {
                Ok(text.to_owned())
            } else {
                Err(BadTableName::NotAnIdentifier)
            }
        };
        let (schema, name) = match text.split_once('.') {
            Some((schema, name)) => (Some(identifier(schema)?), identifier(name)?),
            None => (None, identifier(text)?),
        };
        if name.eq_ignore_ascii_case("audit_logs") {
            Err(BadTableName::AuditLogs)
        } else {
            Ok(TableName { schema, name })
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, want: Result<&str, BadTableName>) {
        assert_eq!(text.parse().map(|name: TableName| name.quoted()), want.map(str::to_owned), "{text}");
    }

    #[test]
    fn a_name_with_and_without_schema() {
        check("telemetry_traces", Ok("`telemetry_traces`"));
        check("App1.traces$", Ok("`App1`.`traces$`"));
    }

    #[test]
    fn quotes_and_blanks_are_no_part_of_a_name() {
        for text in ["", ".", "a.", ".a", "a.b.c", "a b", "`a`", "a`b", "a;b", "a'b", "ä", "a\0", &"a".repeat(65)] {
            check(text, Err(BadTableName::NotAnIdentifier));
        }
    }

    #[test]
    fn audit_logs_is_refused_in_any_case_and_schema() {
        for text in ["audit_logs", "AUDIT_LOGS", "app.Audit_Logs"] {
            check(text, Err(BadTableName::AuditLogs));
        }
        check("audit_logs.traces", Ok("`audit_logs`.`traces`"));
    }

    #[test]
    fn the_frontiers_lie_beside_the_rows() {
        let table: TableName = "app.traces".parse().unwrap();
        assert_eq!(table.progress().to_string(), "app.tracespool_progress");
    }

    proptest! {
        #[test]
        fn a_quoted_name_has_no_other_quote_in_it(text in "\\PC{0,70}") {
            if let Ok(name) = text.parse::<TableName>() {
                let bare = name.quoted().replace("`.`", ".");
                prop_assert_eq!(bare.trim_matches('`'), text);
                prop_assert_eq!(name.quoted().matches('`').count(), if name.schema().is_some() { 4 } else { 2 });
            }
        }
    }
}
