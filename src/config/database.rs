//! Which database an url leads to.
//!
//! Invariant: no [`Url`] names `audit_logs`, however it is written (CONTRACT R2).
//! Invariant: no text of a refused url is in a message, and no password in the `Debug` of one: see [`Dsn`].

use std::path::PathBuf;
use std::str::FromStr;

use super::{Refused, reader};
use crate::sink::mysql::Dsn;
use crate::sink::table::{FORBIDDEN, names_forbidden};

/// Which database it is, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Url {
    /// MySQL or MariaDB.
    MySql(Dsn),
    /// The SQLite file at this absolute path.
    Sqlite(PathBuf),
}

impl FromStr for Url {
    type Err = Refused;

    /// Reads `mysql://user@host[:port][,host2…]/schema[?socket=/path]` or `sqlite:/path`.
    fn from_str(text: &str) -> Result<Self, Refused> {
        if text.starts_with("mysql://") {
            text.parse().map(Url::MySql).map_err(Refused::because)
        } else if let Some(path) = text.strip_prefix("sqlite:") {
            sqlite(path).map(Url::Sqlite)
        } else {
            Err(Refused::new("write `mysql://user@host/schema` or `sqlite:/path/file.db`"))
        }
    }
}

fn sqlite(text: &str) -> Result<PathBuf, Refused> {
    let Refused(shape) = Refused::new("write `sqlite:` and the absolute path of a file: `sqlite:/path/file.db`");
    // Other programs read options behind a `?`, and some cut the path at a space.
    if text.contains(['?', '#']) || text.contains(char::is_whitespace) {
        return Err(Refused(format!("a `?`, `#` or space is in the path; {shape}")));
    }
    let path = reader::absolute_path(text).map_err(|Refused(why)| Refused(format!("{why}; {shape}")))?;
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    if names_forbidden(&name) {
        return Err(Refused(format!("it names `{FORBIDDEN}`, which the agent never writes to; name another file")));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_url_is_one_of_two_kinds() {
        #[track_caller]
        fn check(text: &str, want: Result<Url, &str>) {
            match (text.parse::<Url>(), want) {
                (Ok(url), Ok(want)) => assert_eq!(url, want),
                (Err(refused), Err(want)) => assert!(refused.to_string().contains(want), "{text}: {refused}"),
                (got, want) => panic!("{text}: {got:?}, not {want:?}"),
            }
        }
        let mysql = |text: &str| Ok(Url::MySql(text.parse().unwrap()));
        let sqlite = |path: &str| Ok(Url::Sqlite(path.into()));
        for text in ["mysql://u@h/app", "mysql://u:p@h:3307,h2/my-app", "mysql://u@h/app?socket=/run/mysqld.sock"] {
            check(text, mysql(text));
        }
        check("sqlite:/tmp/a_b.db", sqlite("/tmp/a_b.db"));
        check("sqlite:/tmp/a%20b.db", sqlite("/tmp/a%20b.db"));
        check("sqlite:/t/audit_logs/x.db", sqlite("/t/audit_logs/x.db"));
        check("", Err("write `mysql://"));
        check("MYSQL://u@h/app", Err("write `mysql://"));
        check("mariadb://u@h/app", Err("write `mysql://"));
        check("postgres://u@h/app", Err("write `mysql://"));
        check("mysql:u@h/app", Err("write `mysql://"));
        check(" mysql://u@h/app", Err("write `mysql://"));
        check("mysql://u@h", Err("no schema"));
        check("mysql://u@h/a p", Err("%20"));
        check("sqlite:x.db", Err("absolute path"));
        check("sqlite::memory:", Err("absolute path"));
        check("sqlite:///x.db", Err("absolute path"));
        check("sqlite:/dir/", Err("absolute path"));
        check("sqlite:/", Err("absolute path"));
        check("sqlite:/dir/..", Err("absolute path"));
        check("sqlite:/dir/../x.db", Err("without `//`"));
        check("sqlite:/x.db?mode=ro", Err("a `?`"));
        check("sqlite:/a b.db", Err("or space"));
        check("sqlite:/x.db\n", Err("or space"));
        check("sqlite:/a\u{7}b.db", Err("control character"));
    }

    #[test]
    fn audit_logs_is_refused_as_schema_and_file() {
        #[track_caller]
        fn check(text: &str) {
            let refused = text.parse::<Url>().unwrap_err().to_string();
            assert!(refused.contains("`audit_logs`, which the agent never writes to"), "{text}: {refused}");
        }
        check("mysql://u@h/audit_logs");
        check("mysql://u@h/%61udit_logs?socket=/x");
        check("sqlite:/var/lib/Audit_Logs.db");
        check("sqlite:/var/lib/audit_logs");
    }

    #[test]
    fn debug_hides_the_password() {
        let url: Url = "mysql://app:hunter2@db/app".parse().unwrap();
        let shown = format!("{url:?}");
        assert!(shown.contains("[hidden]") && !shown.contains("hunter2"), "{shown}");
    }
}
