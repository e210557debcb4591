//! SQLite: the same table in one file, for trying things out without a server and for machines that have none.
//!
//! Its calls block. On a runtime with several threads they run where others do not wait for them; on a runtime with one
//! thread they hold it up.
//!
//! SQLite has one writer. A session waits in [`Session::begin`] until no other writes, so whoever keeps several
//! sessions on one file must not make one that has begun wait for one that has not: one session a file is right.
//!
//! Invariant: the rows of a transaction and the frontiers it moves are committed together, on disk, or not at all.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, params};

use crate::aside::aside;
use crate::batch::{Batch, RowRef};
use crate::record::Columns;
use crate::sink::table::{COLUMNS, TableName};
use crate::sink::{Class, Database, Error, Progress, Server, Session, Swap};
use crate::spool::{FileKey, Frontier, Marker, Move, Position};

/// SQLite's own limit is 1000; this is the deepest CONTRACT §3 allows.
const JSON_DEPTH: usize = 100;

/// An SQLite file as a database.
#[derive(Debug, Clone)]
pub struct SqLite {
    path: PathBuf,
    table: TableName,
    agent: String,
    write_timeout: Duration,
}

impl SqLite {
    /// The database in the file at `path`, which need not be there yet. `agent` names this agent in the table of the
    /// frontiers; `write_timeout` is how long to wait for another writer.
    ///
    /// A schema in `table` is left out: SQLite has none.
    pub fn new(path: PathBuf, table: TableName, agent: String, write_timeout: Duration) -> Self {
        SqLite { path, table, agent, write_timeout }
    }

    /// Opens a session, and creates the tables if they are missing.
    ///
    /// # Errors
    /// The file cannot be opened, is no database, or has a table of that name that does not take the rows.
    pub fn open(&self) -> Result<SqLiteSession, Error> {
        let what = "opening the database file";
        let conn = Connection::open(&self.path).map_err(|error| explain(what, &error))?;
        let set_up = || -> rusqlite::Result<()> {
            conn.busy_timeout(self.write_timeout)?;
            conn.pragma_update(None, "journal_mode", "WAL")?;
            // A commit that was told is on disk, whatever becomes of the power.
            conn.pragma_update(None, "synchronous", "FULL")?;
            conn.execute_batch(&schema_sql(&self.table))?;
            conn.prepare(&insert_sql(&self.table)).map(|_| ())
        };
        set_up().map_err(|error| explain(what, &error))?;
        Ok(SqLiteSession {
            conn,
            server: Server {
                version: format!("SQLite {}", rusqlite::version()),
                columns: Columns { json_depth: JSON_DEPTH, ..Columns::default() },
                progress: Progress::Kept,
            },
            agent: self.agent.clone(),
            insert_sql: insert_sql(&self.table),
        })
    }
}

impl Database for SqLite {
    type Session = SqLiteSession;

    async fn connect(&self) -> Result<SqLiteSession, Error> {
        aside(|| self.open())
    }
}

/// The statements that create the tables where they are missing.
pub fn schema_sql(table: &TableName) -> String {
    let name = table.name();
    format!(
        "CREATE TABLE IF NOT EXISTS `{name}` (\n  \
           id INTEGER PRIMARY KEY AUTOINCREMENT,\n  \
           event_key TEXT NOT NULL,\n  \
           severity TEXT NOT NULL DEFAULT 'info',\n  \
           actor_admin_id INTEGER NULL,\n  \
           ip_address TEXT NULL,\n  \
           user_agent TEXT NULL,\n  \
           route_name TEXT NULL,\n  \
           request_id TEXT NULL,\n  \
           metadata TEXT NULL CHECK (json_valid(metadata)),\n  \
           created_at TEXT NOT NULL\n\
         );\n\
         CREATE INDEX IF NOT EXISTS idx_created_at ON `{name}` (created_at);\n\
         CREATE INDEX IF NOT EXISTS idx_event_key ON `{name}` (event_key);\n\
         CREATE INDEX IF NOT EXISTS idx_actor ON `{name}` (actor_admin_id);\n\
         CREATE INDEX IF NOT EXISTS idx_request ON `{name}` (request_id);\n\
         CREATE TABLE IF NOT EXISTS tracespool_progress (\n  \
           agent TEXT NOT NULL,\n  \
           file TEXT NOT NULL,\n  \
           generation INTEGER NOT NULL,\n  \
           frontier INTEGER NOT NULL,\n  \
           marker TEXT NOT NULL,\n  \
           path TEXT NOT NULL,\n  \
           updated_at TEXT NOT NULL,\n  \
           PRIMARY KEY (agent, file)\n\
         ) WITHOUT ROWID;\n"
    )
}

fn insert_sql(table: &TableName) -> String {
    let columns = COLUMNS.join(", ");
    format!("INSERT INTO `{}` ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", table.name())
}

/// An error of SQLite's in our words; its own may quote values.
fn explain(what: &str, error: &rusqlite::Error) -> Error {
    let (class, code, why) = match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            let (class, why) = match failure.code {
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::OperationInterrupted => {
                    (Class::Busy, "another process is writing")
                }
                ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::OutOfMemory => {
                    (Class::Full, "there is no room, or the disk fails")
                }
                ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig => {
                    (Class::Data, "a value is refused")
                }
                ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly => {
                    (Class::Schema, "the file cannot be written; look at its owner and mode, and those of its folder")
                }
                ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => {
                    (Class::Schema, "the file is no sound database; move it away")
                }
                ErrorCode::SchemaChanged => (Class::Busy, "the tables are being changed"),
                // 1 is SQLite's number for a statement that does not fit the tables.
                _ if failure.extended_code == 1 => {
                    (Class::Schema, "the tables are not as expected; compare them with `tracespool migrate --print`")
                }
                _ => (Class::Unknown, "SQLite refused it"),
            };
            (class, u16::try_from(failure.extended_code).ok(), why)
        }
        rusqlite::Error::SqlInputError { error, .. } => (
            Class::Schema,
            u16::try_from(error.extended_code).ok(),
            "the tables are not as expected; compare them with `tracespool migrate --print`",
        ),
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..) => {
            (Class::Schema, None, "`tracespool_progress` has a row that no agent wrote; look at it, and delete it")
        }
        rusqlite::Error::InvalidPath(_) | rusqlite::Error::NulError(_) => {
            (Class::Schema, None, "the path cannot be used; look at `database.url`")
        }
        _ => (Class::Unknown, None, "SQLite refused it"),
    };
    Error { class, code, what: format!("{what}: {why}") }
}

/// An open SQLite file.
pub struct SqLiteSession {
    conn: Connection,
    server: Server,
    agent: String,
    insert_sql: String,
}

impl SqLiteSession {
    fn run(&self, what: &str, sql: &str) -> Result<(), Error> {
        aside(|| self.conn.execute_batch(sql)).map_err(|error| explain(what, &error))
    }

    fn send(&self, batch: &Batch, rows: Range<usize>) -> Result<(), Error> {
        let what = "sending rows";
        let explained = |error: rusqlite::Error| explain(what, &error);
        aside(|| {
            let mut insert = self.conn.prepare_cached(&self.insert_sql).map_err(explained)?;
            let (mut address, mut created_at) = (String::new(), String::new());
            for row in batch.rows(rows) {
                let RowRef { event_key, user_agent, route_name, request_id, metadata, .. } = row;
                let actor = row.actor_admin_id.map(i64::try_from).transpose().map_err(|_| Error {
                    class: Class::Data,
                    code: None,
                    what: format!("{what}: `actor_admin_id` is out of the column's range"),
                })?;
                address.clear();
                if let Some(ip) = row.ip_address {
                    write!(address, "{ip}").expect("writing to a string");
                }
                created_at.clear();
                write!(created_at, "{}", row.created_at).expect("writing to a string");
                let ip = row.ip_address.map(|_| address.as_str());
                let severity = row.severity.as_str();
                insert
                    .execute(params![
                        event_key, severity, actor, ip, user_agent, route_name, request_id, metadata, created_at
                    ])
                    .map_err(explained)?;
            }
            Ok(())
        })
    }

    fn read_frontiers(&self) -> rusqlite::Result<Vec<Frontier>> {
        let sql = "SELECT file, generation, frontier, marker, path, unixepoch('now') - unixepoch(updated_at) \
                   FROM tracespool_progress WHERE agent = ?";
        let mut select = self.conn.prepare_cached(sql)?;
        let bad = |column: usize| {
            let kind = rusqlite::types::Type::Text;
            rusqlite::Error::FromSqlConversionFailure(column, kind, "not what an agent writes".into())
        };
        let rows = select.query_map([&self.agent], |row| {
            Ok(Frontier {
                file: row.get_ref(0)?.as_str()?.parse().map_err(|_| bad(0))?,
                path: row.get::<_, String>(4)?.into(),
                position: Position {
                    generation: row.get(1)?,
                    offset: row.get::<_, i64>(2)?.try_into().map_err(|_| bad(2))?,
                    marker: Marker(u64::from_str_radix(row.get_ref(3)?.as_str()?, 16).map_err(|_| bad(3))?),
                },
                // Below zero when the clock was set back.
                idle: Duration::from_secs(row.get::<_, i64>(5)?.try_into().unwrap_or(0)),
            })
        })?;
        rows.collect()
    }

    fn swap_one(&self, step: &Move) -> rusqlite::Result<Swap> {
        const NOW: &str = "strftime('%Y-%m-%d %H:%M:%f000', 'now')";
        let file = step.file.to_string();
        let path = step.path.to_string_lossy();
        let marker = format!("{:016x}", step.to.marker.0);
        let offset = Unsigned(step.to.offset);
        let changed = match step.from {
            None => {
                let sql = format!(
                    "INSERT INTO tracespool_progress (agent, file, generation, frontier, marker, path, updated_at) \
                     VALUES (?, ?, ?, ?, ?, ?, {NOW}) ON CONFLICT DO NOTHING"
                );
                let mut insert = self.conn.prepare_cached(&sql)?;
                insert.execute(params![self.agent, file, step.to.generation, offset, marker, path])?
            }
            Some(from) => {
                let sql = format!(
                    "UPDATE tracespool_progress SET generation = ?, frontier = ?, marker = ?, path = ?, \
                     updated_at = {NOW} WHERE agent = ? AND file = ? AND generation = ? AND frontier = ?"
                );
                let mut update = self.conn.prepare_cached(&sql)?;
                let from_offset = Unsigned(from.offset);
                update.execute(params![
                    step.to.generation,
                    offset,
                    marker,
                    path,
                    self.agent,
                    file,
                    from.generation,
                    from_offset
                ])?
            }
        };
        Ok(if changed == 1 { Swap::Done } else { Swap::Elsewhere })
    }
}

/// SQLite has no unsigned integers; an offset past 2⁶³ is past every file.
struct Unsigned(u64);

impl ToSql for Unsigned {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let signed = i64::try_from(self.0).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(ToSqlOutput::from(signed))
    }
}

impl Session for SqLiteSession {
    fn server(&self) -> &Server {
        &self.server
    }

    async fn frontiers(&mut self) -> Result<Vec<Frontier>, Error> {
        let what = "reading the frontiers";
        self.run(what, "BEGIN IMMEDIATE")?;
        let frontiers = aside(|| self.read_frontiers()).map_err(|error| explain(what, &error));
        self.run(what, "ROLLBACK")?;
        frontiers
    }

    async fn begin(&mut self) -> Result<(), Error> {
        self.run("beginning a transaction", "BEGIN IMMEDIATE")
    }

    async fn insert(&mut self, batch: &Batch, rows: Range<usize>) -> Result<(), Error> {
        self.send(batch, rows)
    }

    async fn insert_atomic(&mut self, batch: &Batch, rows: Range<usize>) -> Result<(), Error> {
        let what = "sending rows one way or the other";
        self.run(what, "SAVEPOINT rows_before")?;
        let sent = self.send(batch, rows);
        match &sent {
            Ok(()) => self.run(what, "RELEASE rows_before")?,
            Err(error) if matches!(error.class, Class::Data | Class::Unknown) => {
                self.run(what, "ROLLBACK TO rows_before; RELEASE rows_before")?;
            }
            // Only a rollback of everything may follow.
            Err(_) => {}
        }
        sent
    }

    async fn swap(&mut self, moves: &[Move]) -> Result<Swap, Error> {
        aside(|| {
            for step in moves {
                if self.swap_one(step).map_err(|error| explain("moving the frontiers", &error))? == Swap::Elsewhere {
                    return Ok(Swap::Elsewhere);
                }
            }
            Ok(Swap::Done)
        })
    }

    async fn commit(&mut self) -> Result<(), Error> {
        self.run("committing", "COMMIT")
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        // Some errors end the transaction by themselves.
        if self.conn.is_autocommit() { Ok(()) } else { self.run("rolling back", "ROLLBACK") }
    }

    async fn forget(&mut self, files: &[FileKey]) -> Result<(), Error> {
        let what = "removing frontiers";
        self.run(what, "BEGIN IMMEDIATE")?;
        let removed = aside(|| {
            let sql = "DELETE FROM tracespool_progress WHERE agent = ? AND file = ?";
            let mut delete = self.conn.prepare_cached(sql)?;
            files.iter().try_for_each(|file| delete.execute(params![self.agent, file.to_string()]).map(|_| ()))
        });
        match removed {
            Ok(()) => self.run(what, "COMMIT"),
            Err(error) => {
                self.rollback().await?;
                Err(explain(what, &error))
            }
        }
    }

    async fn close(self) {
        // What could fail here is the tidying of a file that the next session tidies as well.
        aside(|| self.conn.close().ok());
    }
}

/// A session that only reads, for the commands.
pub struct Reader(Connection);

/// A value for a place in a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
    /// Nothing.
    Null,
}

impl ToSql for Given {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Given::Text(text) => text.to_sql(),
            Given::Number(number) => number.to_sql(),
            Given::Null => rusqlite::types::Null.to_sql(),
        }
    }
}

impl SqLite {
    /// Opens the file for reading, if it is there.
    ///
    /// # Errors
    /// It is not, or cannot be opened.
    pub fn reader(&self) -> Result<Reader, Error> {
        let what = "opening the database file";
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let conn = Connection::open_with_flags(&self.path, flags).map_err(|error| explain(what, &error))?;
        conn.busy_timeout(self.write_timeout).map_err(|error| explain(what, &error))?;
        conn.pragma_update(None, "query_only", "ON").map_err(|error| explain(what, &error))?;
        Ok(Reader(conn))
    }
}

impl Reader {
    /// What rows keep to.
    pub fn columns(&self) -> Columns {
        Columns { json_depth: JSON_DEPTH, ..Columns::default() }
    }

    /// Asks for rows as text; more than `most` are an error. What is no text has to be cast.
    ///
    /// # Errors
    /// The tables are not as expected, or the file cannot be read.
    pub fn rows(
        &self,
        what: &str,
        sql: &str,
        values: Vec<Given>,
        most: usize,
    ) -> Result<Vec<Vec<Option<String>>>, Error> {
        let explained = |error: rusqlite::Error| explain(what, &error);
        aside(|| {
            let mut statement = self.0.prepare(sql).map_err(explained)?;
            let width = statement.column_count();
            let rows = statement.query_map(rusqlite::params_from_iter(values), |row| {
                (0..width).map(|column| row.get::<_, Option<String>>(column)).collect()
            });
            let rows: Result<Vec<_>, _> = rows.map_err(explained)?.take(most.saturating_add(1)).collect();
            let rows = rows.map_err(explained)?;
            if rows.len() > most {
                let what = format!("{what}: more than {most} rows");
                return Err(Error { class: Class::Unknown, code: None, what });
            }
            Ok(rows)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::samples::{self, batch, key, step, with_long_key};

    fn database(folder: &tempfile::TempDir) -> SqLite {
        let table = "telemetry_traces".parse().unwrap();
        SqLite::new(folder.path().join("file.db"), table, "agent-1".to_owned(), Duration::ZERO)
    }

    fn stored(session: &SqLiteSession) -> Vec<samples::Stored> {
        let sql = format!("SELECT {} FROM telemetry_traces ORDER BY id", COLUMNS.join(", "));
        let mut select = session.conn.prepare(&sql).unwrap();
        let text = |row: &rusqlite::Row<'_>, column: usize| {
            use rusqlite::types::ValueRef;
            match row.get_ref(column).unwrap() {
                ValueRef::Null => None,
                ValueRef::Integer(number) => Some(number.to_string()),
                ValueRef::Text(text) => Some(String::from_utf8(text.to_vec()).unwrap()),
                ValueRef::Real(_) | ValueRef::Blob(_) => panic!("column {column} has a type that was not sent"),
            }
        };
        let rows = select.query_map([], |row| Ok(std::array::from_fn(|column| text(row, column)))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[tokio::test]
    async fn rows_are_stored_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let mut session = database(&folder).connect().await.unwrap();
        let (rows, want) = samples::rows();
        let batch = batch(&rows);
        session.begin().await.unwrap();
        session.insert(&batch, 0..2).await.unwrap();
        session.insert_atomic(&batch, 2..rows.len()).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(stored(&session), want);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_runtime_with_several_threads_does_as_well() {
        let folder = tempfile::tempdir().unwrap();
        let mut session = database(&folder).connect().await.unwrap();
        let (rows, want) = samples::rows();
        session.begin().await.unwrap();
        session.insert(&batch(&rows), 0..rows.len()).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(stored(&session), want);
        session.close().await;
    }

    #[tokio::test]
    async fn a_bad_row_leaves_the_transaction_usable() {
        let folder = tempfile::tempdir().unwrap();
        let mut session = database(&folder).connect().await.unwrap();
        let (mut rows, want) = samples::rows();
        rows[1].metadata = Some("{not json".into());
        let batch = batch(&rows);
        session.begin().await.unwrap();
        session.insert_atomic(&batch, 0..1).await.unwrap();
        let error = session.insert_atomic(&batch, 0..rows.len()).await.unwrap_err();
        assert_eq!(error.class, Class::Data);
        session.insert_atomic(&batch, 2..3).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(stored(&session), [want[0].clone(), want[2].clone()]);
    }

    #[tokio::test]
    async fn a_number_out_of_the_range_of_the_column_is_bad_data() {
        let folder = tempfile::tempdir().unwrap();
        let mut session = database(&folder).connect().await.unwrap();
        let mut row = with_long_key(1);
        row.actor_admin_id = Some(i128::from(i64::MAX) + 1);
        session.begin().await.unwrap();
        let error = session.insert(&batch(&[row]), 0..1).await.unwrap_err();
        assert_eq!(error.class, Class::Data);
    }

    #[tokio::test]
    async fn a_frontier_moves_from_where_it_stands_and_from_nowhere_else() {
        let folder = tempfile::tempdir().unwrap();
        let mut session = database(&folder).connect().await.unwrap();
        samples::check_swaps(&mut session).await;
        session.forget(&[key(1), key(7)]).await.unwrap();
        assert_eq!(samples::just_moved(session.frontiers().await.unwrap()), samples::frontiers_after_swaps()[1..]);
    }

    #[tokio::test]
    async fn what_was_not_committed_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let database = database(&folder);
        let mut session = database.connect().await.unwrap();
        let (rows, _) = samples::rows();
        session.begin().await.unwrap();
        session.insert(&batch(&rows), 0..rows.len()).await.unwrap();
        assert_eq!(session.swap(&[step(1, None, 10)]).await, Ok(Swap::Done));
        drop(session);
        let mut session = database.connect().await.unwrap();
        assert!(stored(&session).is_empty());
        assert_eq!(session.frontiers().await, Ok(Vec::new()));
    }

    #[tokio::test]
    async fn a_second_writer_is_told_to_come_again() {
        let folder = tempfile::tempdir().unwrap();
        let database = database(&folder);
        let mut first = database.connect().await.unwrap();
        let mut second = database.connect().await.unwrap();
        first.begin().await.unwrap();
        assert_eq!(second.begin().await.map_err(|error| error.class), Err(Class::Busy));
        first.rollback().await.unwrap();
        second.begin().await.unwrap();
    }

    #[track_caller]
    fn check_refused(database: &SqLite) {
        match database.open() {
            Ok(_) => panic!("it was opened"),
            Err(error) => assert_eq!(error.class, Class::Schema, "{error}"),
        }
    }

    #[test]
    fn what_is_no_database_of_ours_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let database = database(&folder);
        std::fs::write(&database.path, "not a database, but long enough to look like the header of one: ".repeat(20))
            .unwrap();
        check_refused(&database);
        std::fs::remove_file(&database.path).unwrap();
        Connection::open(&database.path).unwrap().execute_batch("CREATE TABLE telemetry_traces (id INTEGER)").unwrap();
        check_refused(&database);
        check_refused(&SqLite { path: folder.path().join("missing/file.db"), ..database });
    }
}
