//! `migrate`: the tables that are missing.

use super::agent::{self, Database};
use super::{Exit, complain, say};
use crate::config::{Config, Url};
use crate::sink;
use crate::sink::mysql::{self, MySql, Part, grants_sql, schema_sql};
use crate::sink::sqlite::{self, SqLite};

/// What to do with the statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Run them where a table is missing.
    Create,
    /// Print them.
    Print,
    /// Print those that give rights, to the account of one part or of each.
    PrintGrants(Option<Part>),
}

/// How the table is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// In one piece.
    Plain,
    /// Partitioned by day.
    ByDay,
}

/// How many days a partitioned table gets partitions for, from yesterday on.
const DAYS_AHEAD: u16 = 14;

/// Creates what is missing in the config's database, and says what differs in what is there.
pub fn migrate(config: &Config, what: What, layout: Layout) -> Exit {
    let database = match agent::database(config) {
        Ok(database) => database,
        Err(problem) => {
            complain(problem);
            return Exit::Usage;
        }
    };
    match (database, layout) {
        (Database::SqLite(_), Layout::ByDay) => {
            complain("`--partitioned` is for MySQL and MariaDB; SQLite has no partitions");
            Exit::Usage
        }
        (Database::SqLite(database), Layout::Plain) => migrate_sqlite(config, &database, what),
        (Database::MySql(database), layout) => migrate_mysql(config, &database, what, layout),
    }
}

fn migrate_mysql(config: &Config, database: &MySql, what: What, layout: Layout) -> Exit {
    let layout = match layout {
        Layout::Plain => mysql::Layout::Plain,
        Layout::ByDay => {
            let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
            mysql::Layout::ByDay { first: today.yesterday().unwrap_or(today), days: DAYS_AHEAD }
        }
    };
    match what {
        What::Print => {
            say(schema_sql(&config.database.table, layout));
            Exit::Done
        }
        What::PrintGrants(part) => {
            // The account of the config is who ships.
            let user = match &config.database.url {
                Url::MySql(dsn) => dsn.user.as_str(),
                Url::Sqlite(_) => "tracespool",
            };
            let parts = part.as_ref().map_or(&Part::ALL[..], std::slice::from_ref);
            let sql = grants_sql(database.schema(), &config.database.table, user, parts);
            say(sql.trim_end());
            Exit::Done
        }
        What::Create => match agent::block_on(database.migrate(layout)) {
            Ok(Ok(report)) => {
                for table in &report.created {
                    say(format_args!("created `{table}`"));
                }
                for difference in &report.differences {
                    say(format_args!("left as it is: {difference}"));
                }
                if report.created.is_empty() && report.differences.is_empty() {
                    say("everything is there");
                }
                Exit::Done
            }
            Ok(Err(error)) => failed(&error),
            Err(exit) => exit,
        },
    }
}

fn migrate_sqlite(config: &Config, database: &SqLite, what: What) -> Exit {
    match what {
        What::Print => {
            say(sqlite::schema_sql(&config.database.table));
            Exit::Done
        }
        What::PrintGrants(_) => {
            complain("`--grants` is for MySQL and MariaDB; who may use an SQLite file is a matter of its rights");
            Exit::Usage
        }
        What::Create => match database.open() {
            Ok(_) => {
                say("everything is there");
                Exit::Done
            }
            Err(error) => failed(&error),
        },
    }
}

fn failed(error: &sink::Error) -> Exit {
    complain(error);
    Exit::Unavailable
}
