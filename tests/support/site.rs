//! A place where an agent runs: a spool, a state folder, a configuration, and a database to fill.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tempfile::TempDir;

use super::mariadb::PASSWORD;
use super::{Agent, Client, Finished, MariaDb, PATIENCE, Rows, binary, difference, finish, free_port, poll};

/// The database that is to hold the rows.
#[derive(Debug, Clone)]
pub enum Store {
    /// A file of SQLite's.
    Sqlite(PathBuf),
    /// A private server.
    MariaDb(Client),
}

impl Store {
    /// The rows of a query. A database that is not there yet, or does not answer, is an error.
    pub fn query(&self, sql: &str) -> Result<Rows, String> {
        match self {
            Store::Sqlite(path) => sqlite_query(path, sql).map_err(|error| error.to_string()),
            Store::MariaDb(client) => client.query(&sql.replace("FROM telemetry_traces", "FROM app.telemetry_traces")),
        }
    }
}

fn sqlite_query(path: &Path, sql: &str) -> rusqlite::Result<Rows> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    let mut statement = connection.prepare(sql)?;
    let width = statement.column_count();
    let rows = statement.query_map([], |row| {
        (0..width)
            .map(|column| {
                Ok(match row.get_ref(column)? {
                    ValueRef::Null => None,
                    ValueRef::Integer(number) => Some(number.to_string()),
                    ValueRef::Real(number) => Some(number.to_string()),
                    ValueRef::Text(text) => Some(String::from_utf8(text.to_vec()).expect("the column holds UTF-8")),
                    ValueRef::Blob(_) => panic!("no column of the table is binary"),
                })
            })
            .collect()
    })?;
    rows.collect()
}

/// One agent's surroundings, in a temporary folder.
pub struct Site {
    dir: TempDir,
    keys: BTreeMap<String, String>,
    store: Store,
    metrics: u16,
    program: PathBuf,
}

impl Site {
    /// A site that fills an SQLite file.
    pub fn sqlite() -> Site {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let file = dir.path().join("traces.db");
        let url = format!("sqlite:{}", file.display());
        Site::new(dir, Store::Sqlite(file), &url)
    }

    /// A site that fills a private server.
    pub fn mariadb(server: &MariaDb) -> Site {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let mut site = Site::new(dir, Store::MariaDb(server.client()), &server.url());
        let file = site.dir.path().join("password");
        std::fs::write(&file, format!("{PASSWORD}\n")).expect("the password file is written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("and is private");
        site.set_text("database.password_file", &file.display().to_string());
        site
    }

    fn new(dir: TempDir, store: Store, url: &str) -> Site {
        let metrics = free_port();
        let mut site = Site { dir, keys: BTreeMap::new(), store, metrics, program: binary().to_owned() };
        for folder in [site.spool(), site.state()] {
            std::fs::create_dir(folder).expect("a folder");
        }
        site.set_text("agent.id", "test");
        // Rotated files keep the prefix, so they stay part of the spool; what a test does not want read lies elsewhere.
        let paths = [site.path("*.ndjson"), site.path("*.ndjson.*")];
        site.set("spool.paths", &format!("[{:?}, {:?}]", paths[0], paths[1]));
        site.set_text("spool.rescan_interval", "100ms");
        site.set_text("database.url", url);
        site.set_text("batch.max_wait", "10ms");
        site.set_text("state.directory", &site.state().display().to_string());
        site.set_text("metrics.listen", &format!("127.0.0.1:{metrics}"));
        site
    }

    /// Sets a key of the configuration to a TOML value.
    pub fn set(&mut self, key: &str, value: &str) -> &mut Site {
        self.keys.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Sets a key of the configuration to a text.
    pub fn set_text(&mut self, key: &str, value: &str) -> &mut Site {
        self.set(key, &format!("{value:?}"))
    }

    /// The folder of everything.
    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    /// The spool.
    pub fn spool(&self) -> PathBuf {
        self.dir.path().join("spool")
    }

    /// A path in the spool.
    pub fn path(&self, name: &str) -> PathBuf {
        self.spool().join(name)
    }

    /// The state folder.
    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// The agent's log, of all its runs.
    pub fn log(&self) -> PathBuf {
        self.dir.path().join("agent.log")
    }

    /// The database.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Writes the configuration, and says where.
    pub fn config(&self) -> PathBuf {
        let mut sections: BTreeMap<&str, String> = BTreeMap::new();
        for (key, value) in &self.keys {
            let (section, name) = key.split_once('.').expect("`section.key`");
            sections.entry(section).or_default().push_str(&format!("{name} = {value}\n"));
        }
        let text: String = sections.iter().map(|(section, keys)| format!("[{section}]\n{keys}\n")).collect();
        let path = self.dir.path().join("config.toml");
        std::fs::write(&path, text).expect("the configuration is written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("and is readable");
        path
    }

    /// A command line of the agent with this configuration.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).arg("--config").arg(self.config());
        command
    }

    /// Starts the agent.
    #[track_caller]
    pub fn start(&self) -> Agent {
        Agent::start(self.command(&["run"]), &self.log(), self.metrics)
    }

    /// Starts the agent through another program, which is to become it: `setpriv …`, `sh -c '…; exec "$0" "$@"'`.
    #[track_caller]
    pub fn start_through(&self, program: &[&str]) -> Agent {
        let agent = self.command(&["run"]);
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).arg(agent.get_program()).args(agent.get_args());
        Agent::start(command, &self.log(), self.metrics)
    }

    /// Ships what is in the spool by `run --drain`, however that ends.
    #[track_caller]
    pub fn try_drain(&self) -> Finished {
        let finished = finish(self.command(&["run", "--drain"]), b"", 2 * PATIENCE);
        let mut log = std::fs::read_to_string(self.log()).unwrap_or_default();
        log.push_str(&finished.stderr);
        std::fs::write(self.log(), log).expect("the log is written");
        finished
    }

    /// Ships what is in the spool by `run --drain`, which must succeed.
    #[track_caller]
    pub fn drain(&self) {
        let finished = self.try_drain();
        assert_eq!(finished.code, Some(0), "`run --drain` failed:\n{}{}", finished.stdout, finished.stderr);
    }

    /// The rows of a query.
    #[track_caller]
    pub fn query(&self, sql: &str) -> Rows {
        self.store.query(sql).expect("the query runs")
    }

    /// The ids of all rows that came from lines.
    #[track_caller]
    pub fn arrived(&self) -> Vec<String> {
        let sql = "SELECT request_id FROM telemetry_traces WHERE event_key NOT LIKE 'tracespool.%'";
        self.query(sql).into_iter().map(|mut row| row.remove(0).unwrap_or_else(|| "NULL".to_owned())).collect()
    }

    /// How many rows came from lines; 0 while the database is not there.
    pub fn count(&self) -> usize {
        let sql = "SELECT count(*) FROM telemetry_traces WHERE event_key NOT LIKE 'tracespool.%'";
        let Ok(rows) = self.store.query(sql) else {
            return 0;
        };
        rows[0][0].as_deref().expect("a count").parse().expect("a number")
    }

    /// Waits until at least `rows` rows came from lines.
    #[track_caller]
    pub fn wait_rows(&self, rows: usize) {
        let arrived = poll(PATIENCE, || (self.count() >= rows).then_some(()));
        assert!(arrived.is_some(), "{} of {rows} rows arrived within {PATIENCE:?}", self.count());
    }

    /// Compares the rows with the lines that were written.
    #[track_caller]
    pub fn assert_exactly(&self, written: &[String]) {
        if let Some(words) = difference(written, &self.arrived()) {
            let log = std::fs::read(self.log()).unwrap_or_default();
            panic!("{words}\n---- log of the agent ----\n{}----", String::from_utf8_lossy(&log));
        }
    }

    /// Waits until the rows are those of `written`, stops the agent in good order, and makes sure that a further run
    /// finds nothing to add.
    #[track_caller]
    pub fn finish_exactly(&self, mut agent: Agent, written: &[String]) {
        self.wait_rows(written.len());
        agent.conserved();
        let status = agent.sigterm();
        assert_eq!(status.code(), Some(0), "the agent ended with {status}");
        self.assert_exactly(written);
        self.drain();
        self.assert_exactly(written);
    }

    /// The quarantine's records.
    #[track_caller]
    pub fn quarantined(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.state().join("quarantine.ndjson")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).expect("a quarantine record is JSON")).collect()
    }

    /// Waits until the quarantine has at least `records` records.
    #[track_caller]
    pub fn wait_quarantined(&self, records: usize) {
        let path = self.state().join("quarantine.ndjson");
        let count = || std::fs::read(&path).unwrap_or_default().iter().filter(|byte| **byte == b'\n').count();
        let arrived = poll(PATIENCE, || (count() >= records).then_some(()));
        assert!(arrived.is_some(), "{} of {records} quarantine records within {PATIENCE:?}", count());
    }

    /// Gives the whole site to another user, with a copy of the program where that user can reach it.
    #[track_caller]
    pub fn give_to(&mut self, user: u32) {
        let program = self.dir.path().join("tracespool");
        std::fs::copy(binary(), &program).expect("the program is copied");
        self.program = program;
        self.config();
        let status = Command::new("chown").arg("-R").arg(format!("{user}:{user}")).arg(self.dir.path()).status();
        assert!(status.expect("chown starts").success(), "the folder cannot be given away");
    }

    /// Runs a command of the agent with this configuration to its end.
    #[track_caller]
    pub fn run(&self, arguments: &[&str]) -> Finished {
        finish(self.command(arguments), b"", Duration::from_secs(90))
    }
}
