//! Which table the rows go to: its name, and the columns of CONTRACT §2 in the order in which rows are sent.
//!
//! Invariant: a [`TableName`] is made of ASCII letters, digits, `_` and `$`, so that quoting it needs no escapes.
//! Invariant: no [`TableName`] names `audit_logs`, however that is written (CONTRACT R2), or a table of the agent's own
//! that is not the one it is for.

use std::fmt;
use std::str::FromStr;

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

/// The table, and anything else of that name, that R2 forbids.
pub(crate) const FORBIDDEN: &str = "audit_logs";

/// How the agent's own tables begin.
const OWN_PREFIX: &str = "tracespool_";

/// The longest name a server takes, in characters.
pub(crate) const NAME_MAX: usize = 64;

/// Name of a table, with its schema if one was given: `telemetry_traces`, `app.telemetry_traces`.
///
/// Only parsing makes one, so it is neither `audit_logs` nor, but for [`TableName::progress`], a table of the agent's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableName {
    schema: Option<String>,
    name: String,
}

/// The text is no [`TableName`]; the text itself is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadTableName {
    /// The table that is never written to is a part of it.
    #[error("it names `{FORBIDDEN}`, which the agent never writes to; name another table, such as `telemetry_traces`")]
    Forbidden,
    /// More than two parts.
    #[error("write `table` or `schema.table`")]
    Parts,
    /// A part that is no identifier.
    #[error("a name is 1 to {NAME_MAX} letters, digits, `_` and `$`; write `table` or `schema.table`")]
    NotAnIdentifier,
    /// A table that the agent has for itself.
    #[error("tables `{OWN_PREFIX}*` are the agent's own; name another table")]
    Own,
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

    /// Reads `table` or `schema.table`, each part bare or quoted.
    fn from_str(text: &str) -> Result<Self, BadTableName> {
        if names_forbidden(text) {
            return Err(BadTableName::Forbidden);
        }
        let mut parts = text.split('.').map(unquoted);
        let (schema, name) = match (parts.next(), parts.next(), parts.next()) {
            (Some(name), None, None) => (None, name),
            (Some(schema), Some(name), None) => (Some(schema), name),
            _ => return Err(BadTableName::Parts),
        };
        if !schema.into_iter().chain([name]).all(is_identifier) {
            return Err(BadTableName::NotAnIdentifier);
        }
        if name.get(..OWN_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(OWN_PREFIX)) {
            return Err(BadTableName::Own);
        }
        Ok(TableName { schema: schema.map(str::to_owned), name: name.to_owned() })
    }
}

/// Whether any part of a dotted name is the forbidden one, whatever case, quotes and spaces are around it.
pub(crate) fn names_forbidden(text: &str) -> bool {
    let bare: String = text.chars().filter(|c| !c.is_whitespace() && !"`\"'[]".contains(*c)).collect();
    bare.split('.').any(|part| part.eq_ignore_ascii_case(FORBIDDEN))
}

/// Whether a name is one that needs no escapes: 1 to [`NAME_MAX`] letters, digits, `_` and `$`.
///
/// ASCII alone: servers fold some other letters into it (`İ` into `i`), and then two names are one.
pub(crate) fn is_identifier(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$';
    (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

/// A part of a name without the spaces and the pair of quotes around it.
fn unquoted(part: &str) -> &str {
    let part = part.trim();
    let pairs = [('`', '`'), ('"', '"'), ('\'', '\''), ('[', ']')];
    let bare = pairs.into_iter().find_map(|(open, close)| part.strip_prefix(open)?.strip_suffix(close));
    bare.unwrap_or(part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_table_is_one_name_or_two() {
        use BadTableName::{NotAnIdentifier, Own, Parts};
        #[track_caller]
        fn check(text: &str, want: Result<&str, BadTableName>) {
            assert_eq!(text.parse().map(|name: TableName| name.quoted()), want.map(str::to_owned), "{text}");
        }
        check("telemetry_traces", Ok("`telemetry_traces`"));
        check("app.telemetry_traces", Ok("`app`.`telemetry_traces`"));
        check("App1.traces$", Ok("`App1`.`traces$`"));
        check("`app`.`telemetry_traces`", Ok("`app`.`telemetry_traces`"));
        check(" \"app\" . [t$1] ", Ok("`app`.`t$1`"));
        check("'t'", Ok("`t`"));
        check("audit_logs_archive", Ok("`audit_logs_archive`"));
        check("tracespool_dev.traces", Ok("`tracespool_dev`.`traces`"));
        check(&"t".repeat(64), Ok(&format!("`{}`", "t".repeat(64))));
        check(&"t".repeat(65), Err(NotAnIdentifier));
        for text in ["", ".", "app.", ".t", "`t", "`a.b`", "``", "````", "a`b", "a b", "a;b", "a'b", "a\0", "t-1"] {
            check(text, Err(NotAnIdentifier));
        }
        check("t`; DROP TABLE x; --", Err(NotAnIdentifier));
        check("tracés", Err(NotAnIdentifier));
        check("ä", Err(NotAnIdentifier));
        check("audİt_logs", Err(NotAnIdentifier));
        check("a.b.c", Err(Parts));
        check("a.b.c.d", Err(Parts));
        check("tracespool_progress", Err(Own));
        check("app.`Tracespool_Progress`", Err(Own));
        check("tracespool_", Err(Own));
    }

    #[test]
    fn a_table_shows_its_parts() {
        let name: TableName = "`app`.t".parse().unwrap();
        assert_eq!((name.schema(), name.name(), name.to_string().as_str()), (Some("app"), "t", "app.t"));
        let name: TableName = "t".parse().unwrap();
        assert_eq!((name.schema(), name.name(), name.to_string().as_str()), (None, "t", "t"));
    }

    #[test]
    fn audit_logs_is_refused_however_it_is_written() {
        #[track_caller]
        fn check(text: &str) {
            assert_eq!(text.parse::<TableName>(), Err(BadTableName::Forbidden), "{text}");
        }
        check("audit_logs");
        check("AUDIT_LOGS");
        check("Audit_Logs");
        check("`audit_logs`");
        check("\"audit_logs\"");
        check("'audit_logs'");
        check("[audit_logs]");
        check("  audit_logs\t");
        check("` audit_logs `");
        check("``audit_logs``");
        check("app.audit_logs");
        check("app.Audit_Logs");
        check("`app`.`Audit_Logs`");
        check("app . audit_logs");
        check("app.\"AUDIT_LOGS\"");
        check("audit_logs.telemetry_traces");
        check("a.b.audit_logs");
    }

    #[test]
    fn a_refusal_says_what_to_write() {
        #[track_caller]
        fn check(bad: BadTableName, want: &str) {
            assert_eq!(bad.to_string(), want);
        }
        let never =
            "it names `audit_logs`, which the agent never writes to; name another table, such as `telemetry_traces`";
        check(BadTableName::Forbidden, never);
        check(BadTableName::Parts, "write `table` or `schema.table`");
        let letters = "a name is 1 to 64 letters, digits, `_` and `$`; write `table` or `schema.table`";
        check(BadTableName::NotAnIdentifier, letters);
        check(BadTableName::Own, "tables `tracespool_*` are the agent's own; name another table");
    }

    #[test]
    fn the_frontiers_lie_beside_the_rows() {
        let table: TableName = "app.traces".parse().unwrap();
        assert_eq!(table.progress().to_string(), "app.tracespool_progress");
    }

    proptest! {
        /// The oracle is the server's: a quoted name that comes out must not be the forbidden one in any case.
        #[test]
        fn no_text_around_audit_logs_makes_it_a_table(
            before in "[ `\"'\\[.a-z]{0,4}", flips in any::<u16>(), after in "[ `\"'\\].a-z]{0,4}",
        ) {
            let flip = |(i, c): (usize, char)| if flips >> i & 1 == 1 { c.to_ascii_uppercase() } else { c };
            let middle: String = FORBIDDEN.chars().enumerate().map(flip).collect();
            if let Ok(name) = format!("{before}{middle}{after}").parse::<TableName>() {
                prop_assert_ne!(name.name().to_lowercase(), FORBIDDEN);
                prop_assert_ne!(name.schema().unwrap_or("").to_lowercase(), FORBIDDEN);
            }
        }

        #[test]
        fn what_is_quoted_has_no_quote_inside(text in any::<String>()) {
            if let Ok(name) = text.parse::<TableName>() {
                prop_assert!(is_identifier(name.name()) && name.schema().is_none_or(is_identifier));
            }
        }

        #[test]
        fn a_bare_name_is_quoted_as_it_is(text in "([A-Za-z0-9_$]{1,9}\\.)?[A-Za-z0-9_$]{1,9}") {
            if let Ok(name) = text.parse::<TableName>() {
                prop_assert_eq!(name.to_string(), text.as_str());
                let quoted = name.quoted();
                prop_assert_eq!(quoted.matches('`').count(), if name.schema().is_some() { 4 } else { 2 });
                prop_assert_eq!(quoted.replace('`', ""), text);
            }
        }
    }
}
