//! Which database and which table: the two places of a config that could name what the agent must not touch.
//!
//! Invariant: no [`TableName`] and no [`DatabaseUrl`] names `audit_logs`, however it is written (CONTRACT R2).
//! Invariant: no text of a [`DatabaseUrl`] is in a message or in its `Debug`: a password may be in it.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use percent_encoding::percent_decode_str;

use super::Refused;

/// The table that R2 forbids.
const FORBIDDEN: &str = "audit_logs";

/// How the agent's own tables begin.
const OWN_PREFIX: &str = "tracespool_";

/// The longest name a server takes, in characters.
const NAME_MAX: usize = 64;

/// The table to write to. Only parsing makes one, so it is neither `audit_logs` nor a table of the agent's own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableName {
    schema: Option<String>,
    table: String,
}

impl TableName {
    /// The schema, if the name says one. Letters, digits, `_` and `$`.
    pub fn schema(&self) -> Option<&str> {
        self.schema.as_deref()
    }

    /// The table. Letters, digits, `_` and `$`.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The name as SQL takes it: `` `app`.`telemetry_traces` ``.
    pub fn quoted(&self) -> String {
        match &self.schema {
            Some(schema) => format!("`{schema}`.`{}`", self.table),
            None => format!("`{}`", self.table),
        }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}.")?;
        }
        f.write_str(&self.table)
    }
}

impl FromStr for TableName {
    type Err = Refused;

    /// Reads `table` or `schema.table`, each part bare or quoted.
    fn from_str(text: &str) -> Result<Self, Refused> {
        if names_forbidden(text) {
            return Err(never("name another table, such as `telemetry_traces`"));
        }
        let mut parts = text.split('.').map(unquoted);
        let (first, second, rest) = (parts.next(), parts.next(), parts.next());
        let (schema, table) = match (first, second, rest) {
            (Some(table), None, None) => (None, table),
            (Some(schema), Some(table), None) => (Some(schema), table),
            _ => return Err(Refused::new("write `table` or `schema.table`")),
        };
        if !schema.into_iter().chain([table]).all(is_identifier) {
            return Err(Refused(format!(
                "a name is 1 to {NAME_MAX} letters, digits, `_` and `$`; write `table` or `schema.table`"
            )));
        }
        if table.get(..OWN_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(OWN_PREFIX)) {
            return Err(Refused(format!("tables `{OWN_PREFIX}*` are the agent's own; name another table")));
        }
        Ok(TableName { schema: schema.map(str::to_owned), table: table.to_owned() })
    }
}

/// Which database an url leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme<'a> {
    /// MySQL or MariaDB; the sink reads the rest of the url.
    MySql,
    /// An SQLite file.
    Sqlite {
        /// Its absolute path.
        path: &'a Path,
    },
}

/// The url of the database, checked as far as the config has to know it. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Which database it leads to.
    pub fn scheme(&self) -> Scheme<'_> {
        match self.0.strip_prefix("sqlite:") {
            Some(path) => Scheme::Sqlite { path: Path::new(path) },
            None => Scheme::MySql,
        }
    }

    /// The text, for the one who connects. It may hold a password: never show it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl([hidden])")
    }
}

impl FromStr for DatabaseUrl {
    type Err = Refused;

    /// Reads `mysql://user@host[:port][,host2…]/schema[?socket=/path]` or `sqlite:/path`.
    fn from_str(text: &str) -> Result<Self, Refused> {
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(Refused::new("it has a space or a control character in it; write that as `%20` and the like"));
        }
        if let Some(rest) = text.strip_prefix("mysql://") {
            check_mysql(rest)?;
        } else if let Some(path) = text.strip_prefix("sqlite:") {
            check_sqlite(path)?;
        } else {
            return Err(Refused::new("write `mysql://user@host/schema` or `sqlite:/path/file.db`"));
        }
        Ok(DatabaseUrl(text.to_owned()))
    }
}

/// Checks an url behind `mysql://`.
///
/// Strict about the characters that end a part: a `/` or `?` left bare in a password would move the schema, and the
/// schema that is checked here must be the schema that is connected to.
fn check_mysql(rest: &str) -> Result<(), Refused> {
    if rest.contains('#') {
        return Err(Refused::new("it has a `#` in it; write that as `%23`"));
    }
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (rest, None),
    };
    let Some((authority, schema)) = rest.split_once('/').filter(|(_, schema)| !schema.is_empty()) else {
        return Err(Refused::new("it names no schema; write `mysql://user@host/schema`"));
    };
    let Some((user, hosts)) = authority.split_once('@') else {
        return Err(Refused::new(
            "it names no user; write `mysql://user@host/schema`, and `/` and `?` of a password as `%2F` and `%3F`",
        ));
    };
    if hosts.contains('@') || schema.contains(['/', '@']) {
        return Err(Refused::new("there is a `/` or `@` too many; inside a name or password write `%2F` and `%40`"));
    }
    if decoded(user)?.is_empty() || user.starts_with(':') {
        return Err(Refused::new("it names no user; write `mysql://user@host/schema`"));
    }
    if hosts.split(',').any(|host| host.is_empty() || host.starts_with(':')) {
        return Err(Refused::new("a host is empty; write `mysql://user@host/schema`"));
    }
    decoded(hosts)?;
    let schema = decoded(schema)?;
    if names_forbidden(&schema) {
        return Err(never("name another schema"));
    }
    // A hyphen is common in the names of schemas, and nobody puts this one into SQL.
    if !is_identifier(&schema.replace('-', "_")) {
        return Err(Refused(format!("a schema is 1 to {NAME_MAX} letters, digits, `_`, `$` and `-`")));
    }
    query.map_or(Ok(()), check_query)
}

fn check_query(query: &str) -> Result<(), Refused> {
    let mut pairs = query.split('&');
    let (Some(pair), None) = (pairs.next(), pairs.next()) else {
        return Err(Refused::new("it has more than one option; only `socket` is one"));
    };
    let Some(("socket", path)) = pair.split_once('=') else {
        return Err(Refused::new("its only option is `socket`: write `?socket=/path`, or nothing behind the schema"));
    };
    if decoded(path)?.starts_with('/') { Ok(()) } else { Err(Refused::new("its `socket` is not an absolute path")) }
}

fn check_sqlite(path: &str) -> Result<(), Refused> {
    let shape = || Refused::new("write `sqlite:` and the absolute path of a file: `sqlite:/path/file.db`");
    if !path.starts_with('/') || path.starts_with("//") || path.ends_with('/') || path.contains(['?', '#']) {
        return Err(shape());
    }
    let name = Path::new(path).file_name().and_then(|name| name.to_str()).ok_or_else(shape)?;
    if names_forbidden(name) { Err(never("name another file")) } else { Ok(()) }
}

fn never(advice: &str) -> Refused {
    Refused(format!("it names `{FORBIDDEN}`, which the agent never writes to; {advice}"))
}

/// Whether any part of a dotted name is the forbidden one, whatever case, quotes and spaces are around it.
fn names_forbidden(text: &str) -> bool {
    let bare: String = text.chars().filter(|c| !c.is_whitespace() && !"`\"'[]".contains(*c)).collect();
    bare.split('.').any(|part| part.eq_ignore_ascii_case(FORBIDDEN))
}

/// A part of a name without the spaces and the pair of quotes around it.
fn unquoted(part: &str) -> &str {
    let part = part.trim();
    let pairs = [('`', '`'), ('"', '"'), ('\'', '\''), ('[', ']')];
    let bare = pairs.into_iter().find_map(|(open, close)| part.strip_prefix(open)?.strip_suffix(close));
    bare.unwrap_or(part)
}

/// ASCII alone: servers fold some other letters into it (`İ` into `i`), and then two names are one.
fn is_identifier(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$';
    (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

fn decoded(part: &str) -> Result<String, Refused> {
    let broken = || Refused::new("a `%` in it is not followed by two hexadecimal digits; write `%` itself as `%25`");
    let escapes = part.split('%').skip(1);
    let is_escape = |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    if !escapes.into_iter().all(is_escape) {
        return Err(broken());
    }
    let text = percent_decode_str(part).decode_utf8().map_err(|_| Refused::new("its `%` escapes are not UTF-8"))?;
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_table_is_one_name_or_two() {
        #[track_caller]
        fn check(text: &str, want: Option<&str>) {
            assert_eq!(text.parse::<TableName>().ok().map(|name| name.quoted()).as_deref(), want, "{text}");
        }
        check("telemetry_traces", Some("`telemetry_traces`"));
        check("app.telemetry_traces", Some("`app`.`telemetry_traces`"));
        check("`app`.`telemetry_traces`", Some("`app`.`telemetry_traces`"));
        check(" \"app\" . [t$1] ", Some("`app`.`t$1`"));
        check("'t'", Some("`t`"));
        check("audit_logs_archive", Some("`audit_logs_archive`"));
        check("tracespool_dev.traces", Some("`tracespool_dev`.`traces`"));
        check(&"t".repeat(64), Some(&format!("`{}`", "t".repeat(64))));
        check(&"t".repeat(65), None);
        check("", None);
        check(".", None);
        check("app.", None);
        check("a.b.c", None);
        check("`t", None);
        check("`a.b`", None);
        check("a b", None);
        check("t`; DROP TABLE x; --", None);
        check("t-1", None);
        check("tracés", None);
        check("audİt_logs", None);
        check("tracespool_progress", None);
        check("app.`Tracespool_Progress`", None);
        check("tracespool_", None);
    }

    #[test]
    fn a_table_shows_its_parts() {
        let name: TableName = "`app`.t".parse().unwrap();
        assert_eq!((name.schema(), name.table(), name.to_string().as_str()), (Some("app"), "t", "app.t"));
        let name: TableName = "t".parse().unwrap();
        assert_eq!((name.schema(), name.table(), name.to_string().as_str()), (None, "t", "t"));
    }

    #[test]
    fn audit_logs_is_refused_however_it_is_written() {
        #[track_caller]
        fn check(text: &str) {
            let refused = text.parse::<TableName>().unwrap_err().to_string();
            assert!(refused.contains("`audit_logs`, which the agent never writes to"), "{text}: {refused}");
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
        check("`app`.`Audit_Logs`");
        check("app . audit_logs");
        check("app.\"AUDIT_LOGS\"");
        check("audit_logs.telemetry_traces");
        check("a.b.audit_logs");
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
                prop_assert_ne!(name.table().to_lowercase(), FORBIDDEN);
                prop_assert_ne!(name.schema().unwrap_or("").to_lowercase(), FORBIDDEN);
            }
        }

        #[test]
        fn what_is_quoted_has_no_quote_inside(text in any::<String>()) {
            if let Ok(name) = text.parse::<TableName>() {
                prop_assert!(is_identifier(name.table()) && name.schema().is_none_or(is_identifier));
            }
        }

        #[test]
        fn an_url_never_shows_its_password(password in "[a-zA-Z0-9%/?#@: ]{8,20}") {
            match format!("mysql://app:{password}@db/app").parse::<DatabaseUrl>() {
                Ok(url) => prop_assert_eq!(format!("{:?}", url), "DatabaseUrl([hidden])"),
                Err(refused) => prop_assert!(!refused.to_string().contains(&password)),
            }
        }
    }

    #[test]
    fn an_url_is_read_as_far_as_the_config_must() {
        #[track_caller]
        fn check(text: &str, want: Result<Scheme<'_>, &str>) {
            match (text.parse::<DatabaseUrl>(), want) {
                (Ok(url), Ok(want)) => assert_eq!((url.scheme(), url.expose()), (want, text)),
                (Err(refused), Err(want)) => assert!(refused.to_string().contains(want), "{text}: {refused}"),
                (got, want) => panic!("{text}: {got:?}, not {want:?}"),
            }
        }
        let sqlite = |path| Ok(Scheme::Sqlite { path: Path::new(path) });
        check("mysql://u@h/app", Ok(Scheme::MySql));
        check("mysql://u:p@h:3307,h2/my-app", Ok(Scheme::MySql));
        check("mysql://u:p%2Fw%40%3F@[::1]:3306/app", Ok(Scheme::MySql));
        check("mysql://u@localhost/app?socket=/run/mysqld/mysqld.sock", Ok(Scheme::MySql));
        check("mysql://u@%2Frun%2Fmysqld.sock/app", Ok(Scheme::MySql));
        check("mysql://u@h/audit", Ok(Scheme::MySql));
        check("sqlite:/tmp/a b.db".replace(' ', "_").as_str(), sqlite("/tmp/a_b.db"));
        check("sqlite:/t/audit_logs/x.db", sqlite("/t/audit_logs/x.db"));
        check("", Err("write `mysql://"));
        check("MYSQL://u@h/app", Err("write `mysql://"));
        check("mariadb://u@h/app", Err("write `mysql://"));
        check("postgres://u@h/app", Err("write `mysql://"));
        check("mysql:u@h/app", Err("write `mysql://"));
        check("mysql://u@h", Err("no schema"));
        check("mysql://u@h/", Err("no schema"));
        check("mysql://u@h?socket=/x", Err("no schema"));
        check("mysql://h/app", Err("no user"));
        check("mysql://@h/app", Err("no user"));
        check("mysql://:p@h/app", Err("no user"));
        check("mysql://u@/app", Err("host is empty"));
        check("mysql://u@h,,h2/app", Err("host is empty"));
        check("mysql://u@:3306/app", Err("host is empty"));
        check("mysql://u:p/w@h/app", Err("no user"));
        check("mysql://u:p@w@h/app", Err("too many"));
        check("mysql://u@h/app/x", Err("too many"));
        check("mysql://u@h/../audit_logs", Err("too many"));
        check("mysql://u:p#w@h/app", Err("%23"));
        check("mysql://u:p?w@h/app", Err("no schema"));
        check("mysql://u:100%@h/app", Err("%25"));
        check("mysql://u:%zz@h/app", Err("%25"));
        check("mysql://u:%é@h/app", Err("%25"));
        check("mysql://u@h/%ff", Err("not UTF-8"));
        check("mysql://u@h/a.b", Err("a schema is"));
        check("mysql://u@h/a%60b", Err("a schema is"));
        check("mysql://u@h/app?ssl-mode=off", Err("only option is `socket`"));
        check("mysql://u@h/app?", Err("only option is `socket`"));
        check("mysql://u@h/app?socket=/a&socket=/b", Err("more than one option"));
        check("mysql://u@h/app?socket=run/x", Err("not an absolute path"));
        check("mysql://u@h/a p", Err("%20"));
        check("mysql://u@h/app\n", Err("control"));
        check("sqlite:x.db", Err("absolute path"));
        check("sqlite::memory:", Err("absolute path"));
        check("sqlite:///x.db", Err("absolute path"));
        check("sqlite:/dir/", Err("absolute path"));
        check("sqlite:/", Err("absolute path"));
        check("sqlite:/dir/..", Err("absolute path"));
        check("sqlite:/x.db?mode=ro", Err("absolute path"));
    }

    #[test]
    fn audit_logs_is_refused_as_the_schema() {
        #[track_caller]
        fn check(text: &str) {
            let refused = text.parse::<DatabaseUrl>().unwrap_err().to_string();
            assert!(refused.contains("`audit_logs`, which the agent never writes to"), "{text}: {refused}");
        }
        check("mysql://u@h/audit_logs");
        check("mysql://u@h/Audit_LOGS");
        check("mysql://u@h/%61udit_logs");
        check("mysql://u@h/audit%5flogs?socket=/x");
        check("mysql://u@h/%60audit_logs%60");
        check("mysql://u@h/%20audit_logs");
        check("mysql://u@h/app.audit_logs");
        check("mysql://u@h/`audit_logs`");
        check("sqlite:/var/lib/Audit_Logs.db");
        check("sqlite:/var/lib/audit_logs");
    }

    #[test]
    fn an_escape_decodes_once() {
        assert!("mysql://u@h/%2561udit_logs".parse::<DatabaseUrl>().is_err());
    }

    #[test]
    fn debug_hides_the_url() {
        let url: DatabaseUrl = "mysql://app:hunter2@db/app".parse().unwrap();
        assert_eq!(format!("{url:?}"), "DatabaseUrl([hidden])");
    }
}
