//! A private MariaDB server: own folder, own socket, own port, no configuration of the machine's.
//!
//! Invariant: the template of a data folder is made once for a version of the server and then only copied; a lock keeps
//! test processes that run at the same time from making it twice.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Opts, OptsBuilder, Row, Value};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{PATIENCE, free_port, is_root, poll};

/// The rows of a result, each value as text.
pub type Rows = Vec<Vec<Option<String>>>;

/// The agent's password for the database. Shaped so that it can be looked for in everything the agent says.
pub const PASSWORD: &str = "canary-Xk3-of-the-database";

/// What is in a new server: the table of CONTRACT §2, and the neighbour that must never be written to.
const SCHEMA: &[&str] = &[
    "CREATE DATABASE app CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    "CREATE TABLE app.telemetry_traces (
        id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
        event_key VARCHAR(255) NOT NULL,
        severity VARCHAR(20) NOT NULL DEFAULT 'info',
        actor_admin_id INT NULL,
        ip_address VARCHAR(45) NULL,
        user_agent VARCHAR(255) NULL,
        route_name VARCHAR(255) NULL,
        request_id VARCHAR(64) NULL,
        metadata JSON NULL,
        created_at DATETIME(6) NOT NULL,
        KEY idx_created_at (created_at), KEY idx_event_key (event_key), KEY idx_actor (actor_admin_id),
        KEY idx_request (request_id)
    ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
    "CREATE TABLE app.audit_logs (id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, what TEXT) ENGINE=InnoDB",
    "CREATE USER 'tracespool'@'127.0.0.1' IDENTIFIED BY 'canary-Xk3-of-the-database'",
    "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, INDEX ON app.* TO 'tracespool'@'127.0.0.1'",
];

const SMALL: &[&str] =
    &["--innodb-log-file-size=8M", "--innodb-data-file-path=ibdata1:8M:autoextend", "--innodb-buffer-pool-size=64M"];

/// Commits reach the kernel at once, so that they survive a kill of the server, and the disk some time later.
const FAST: &[&str] = &[
    "--innodb-flush-log-at-trx-commit=2",
    "--skip-log-bin",
    "--innodb-doublewrite=0",
    "--innodb-temp-data-file-path=ibtmp1:1M:autoextend",
    "--skip-name-resolve",
    "--performance-schema=OFF",
    "--aria-pagecache-buffer-size=8M",
    "--key-buffer-size=1M",
    "--bind-address=127.0.0.1",
];

/// A running server, killed when dropped.
pub struct MariaDb {
    dir: TempDir,
    port: u16,
    options: Vec<String>,
    child: Option<Child>,
}

impl MariaDb {
    /// A new server with the schema `app`.
    #[track_caller]
    pub fn start() -> MariaDb {
        MariaDb::start_with(&[])
    }

    /// A new server with more options, which win over those of the harness.
    #[track_caller]
    pub fn start_with(options: &[&str]) -> MariaDb {
        let mut server = MariaDb::prepare(options);
        server.restart();
        server
    }

    /// A server that is not running yet; [`MariaDb::restart`] starts it.
    #[track_caller]
    pub fn prepare(options: &[&str]) -> MariaDb {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let server = MariaDb { dir, port: free_port(), options, child: None };
        let copied = Command::new("cp")
            .args(["-a", "--reflink=auto", "--sparse=always"])
            .arg(template())
            .arg(server.dir.path().join("data"))
            .status();
        assert!(copied.expect("cp starts").success(), "the template of the data folder cannot be copied");
        server
    }

    /// Where its data lies.
    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Ends it in good order.
    #[track_caller]
    pub fn stop(&mut self) {
        self.signal(Signal::TERM);
        let mut child = self.child.take().expect("the server runs");
        let ended = poll(PATIENCE, || child.try_wait().expect("mariadbd can be waited for"));
        if ended.is_none() {
            child.kill().expect("mariadbd can be killed");
            child.wait().expect("mariadbd can be waited for");
        }
        assert!(ended.is_some(), "mariadbd does not end");
    }

    /// Ends every connection of the agent's.
    #[track_caller]
    pub fn hang_up(&self) {
        for row in self.query("SELECT id FROM information_schema.processlist WHERE user = 'tracespool'") {
            let id = row[0].as_deref().expect("an id");
            // It may have ended meanwhile.
            self.client().query(&format!("KILL CONNECTION {id}")).ok();
        }
    }

    /// Starts a server that is not running, and waits until it answers.
    #[track_caller]
    pub fn restart(&mut self) {
        assert!(self.child.is_none(), "the server is to be started, but runs");
        let mut command = mariadbd(&self.dir.path().join("data"), &self.socket(), &self.dir.path().join("error.log"));
        command.arg(format!("--port={}", self.port)).args(&self.options);
        // Servers that share a temporary folder delete each other's temporary tables when they start.
        command.env("TMPDIR", self.dir.path());
        self.child = Some(command.spawn().expect("mariadbd starts"));
        let client = self.client();
        if poll(PATIENCE, || client.query("SELECT 1").ok()).is_none() {
            let log = std::fs::read_to_string(self.dir.path().join("error.log")).unwrap_or_default();
            panic!("mariadbd does not answer:\n{log}");
        }
    }

    /// Kills it without a warning; it must have been running until then.
    #[track_caller]
    pub fn kill9(&mut self) {
        let mut child = self.child.take().expect("the server runs");
        assert_eq!(child.try_wait().expect("mariadbd can be waited for"), None, "mariadbd had ended by itself");
        child.kill().expect("mariadbd can be killed");
        child.wait().expect("mariadbd can be waited for");
    }

    /// Whether it has ended by itself: InnoDB aborts when a rollback finds the disk full.
    #[track_caller]
    pub fn has_aborted(&mut self) -> bool {
        let child = self.child.as_mut();
        child.is_some_and(|child| child.try_wait().expect("mariadbd can be waited for").is_some())
    }

    /// Starts it again if it has ended by itself, as a service manager would.
    #[track_caller]
    pub fn revive(&mut self) {
        if self.has_aborted() {
            self.child = None;
            self.restart();
        }
    }

    /// Stops it as it is: connections stay open, nothing is answered.
    #[track_caller]
    pub fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Ends [`MariaDb::freeze`].
    #[track_caller]
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Its TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `database.url` for the agent.
    pub fn url(&self) -> String {
        url(self.port)
    }

    /// Queries by the administrator.
    pub fn client(&self) -> Client {
        Client { socket: self.socket() }
    }

    /// The rows of a query.
    #[track_caller]
    pub fn query(&self, sql: &str) -> Rows {
        self.client().query(sql).expect("the query runs")
    }

    /// The rows of a query by another account, whose password is [`PASSWORD`].
    pub fn query_as(&self, user: &str, sql: &str) -> Result<Rows, String> {
        let opts = OptsBuilder::default().ip_or_hostname("127.0.0.1").tcp_port(self.port).prefer_socket(false);
        query(opts.user(Some(user)).pass(Some(PASSWORD)).into(), sql)
    }

    /// A session of the administrator that stays open.
    #[track_caller]
    pub fn session(&self) -> Held {
        let runtime = runtime();
        let conn = runtime.block_on(Conn::new(self.client().opts())).expect("the administrator connects");
        Held { conn, runtime }
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("socket")
    }

    #[track_caller]
    fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("the server runs");
        kill_process(Pid::from_child(child), signal).expect("mariadbd takes a signal");
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let ended = child.try_wait().expect("mariadbd can be waited for");
            if ended.is_none() {
                child.kill().expect("mariadbd can be killed");
                child.wait().expect("mariadbd can be waited for");
            }
            if std::thread::panicking() {
                let log = std::fs::read_to_string(self.dir.path().join("error.log")).unwrap_or_default();
                eprintln!("---- log of mariadbd (ended by itself: {ended:?}) ----\n{log}----");
            }
        }
    }
}

/// `database.url` for an agent that connects to `port`.
pub fn url(port: u16) -> String {
    format!("mysql://tracespool@127.0.0.1:{port}/app")
}

fn query(opts: Opts, sql: &str) -> Result<Rows, String> {
    runtime().block_on(async {
        let work = async {
            let mut conn = Conn::new(opts).await?;
            let rows: Vec<Row> = conn.query(sql).await?;
            conn.disconnect().await?;
            Ok::<_, mysql_async::Error>(rows)
        };
        let rows = tokio::time::timeout(Duration::from_secs(30), work).await;
        let rows = rows.map_err(|_| "no answer within 30 s".to_owned())?.map_err(|error| error.to_string())?;
        Ok(rows.into_iter().map(|row| row.unwrap().into_iter().map(text).collect()).collect())
    })
}

/// Queries by the administrator, each on a connection of its own.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
}

impl Client {
    /// The server's socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The rows of a query, or why there are none.
    pub fn query(&self, sql: &str) -> Result<Rows, String> {
        query(self.opts(), sql)
    }

    fn opts(&self) -> Opts {
        OptsBuilder::default().socket(self.socket.to_str()).user(Some("root")).into()
    }
}

impl Client {
    /// A session of the administrator that stays open, if there is room for one.
    pub fn try_session(&self) -> Option<Held> {
        let runtime = runtime();
        let conn = runtime.block_on(Conn::new(self.opts())).ok()?;
        Some(Held { conn, runtime })
    }
}

/// An open session.
pub struct Held {
    conn: Conn,
    runtime: tokio::runtime::Runtime,
}

impl Held {
    /// Runs a statement.
    #[track_caller]
    pub fn run(&mut self, sql: &str) {
        self.runtime.block_on(self.conn.query_drop(sql)).expect("the statement runs");
    }

    /// The first column of the first row of a query, however long it takes.
    #[track_caller]
    pub fn number(&mut self, sql: &str) -> u64 {
        self.runtime.block_on(self.conn.query_first(sql)).expect("the query runs").expect("a row")
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8(bytes).expect("the column holds UTF-8")),
        other => panic!("the text protocol sends texts, not {other:?}"),
    }
}

fn mariadbd(data: &Path, socket: &Path, log: &Path) -> Command {
    let mut command = Command::new(found("mariadbd"));
    command.arg("--no-defaults");
    if is_root() {
        command.arg("--user=root");
    }
    command.arg(format!("--datadir={}", data.display())).arg(format!("--socket={}", socket.display()));
    command.arg(format!("--pid-file={}", socket.with_extension("pid").display()));
    command.arg(format!("--log-error={}", log.display())).args(SMALL).args(FAST);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// A program of the server's packages, which a user's `PATH` may not reach.
fn found(program: &str) -> PathBuf {
    let folders = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", "/usr/libexec"];
    let paths = folders.iter().map(|folder| Path::new(folder).join(program));
    paths.into_iter().find(|path| path.exists()).unwrap_or_else(|| {
        panic!("`{program}` is not installed: run `tests/run`, or install mariadb-server-core and mariadb-client-core")
    })
}

/// A data folder of a server that was stopped in good order.
fn template() -> PathBuf {
    let output = Command::new(found("mariadbd")).args(["--no-defaults", "--version"]).output();
    let version = String::from_utf8(output.expect("mariadbd starts").stdout).expect("a version is text");
    let version: String = version.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
    // Whoever changes the schema or the options gets another template.
    let recipe = xxhash_rust::xxh3::xxh3_64(format!("{version}{SCHEMA:?}{SMALL:?}{FAST:?}{}", is_root()).as_bytes());
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let ready = cache.join(format!("mariadb-{recipe:016x}"));
    let lock = File::create(cache.join("mariadb.lock")).expect("the lock of the template opens");
    lock.lock().expect("the template is locked");
    if ready.exists() {
        return ready;
    }
    let work = tempfile::tempdir_in(cache).expect("a temporary folder");
    let data = work.path().join("data");
    let mut install = Command::new(found("mariadb-install-db"));
    install.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
    if is_root() {
        install.arg("--user=root");
    }
    install.arg("--skip-name-resolve").args(SMALL).arg(format!("--datadir={}", data.display()));
    let output = install.output().expect("mariadb-install-db starts");
    assert!(output.status.success(), "mariadb-install-db failed: {}", String::from_utf8_lossy(&output.stderr));

    let socket = work.path().join("socket");
    let mut server = mariadbd(&data, &socket, &work.path().join("error.log"))
        .arg("--skip-networking")
        .spawn()
        .expect("mariadbd starts");
    let client = Client { socket };
    let answered = poll(PATIENCE, || client.query("SELECT 1").ok());
    for statement in SCHEMA.iter().chain(&["SET GLOBAL innodb_fast_shutdown = 0"]) {
        if let Err(error) = client.query(statement) {
            server.kill().expect("mariadbd can be killed");
            panic!("the template (answered: {}): {statement}: {error}", answered.is_some());
        }
    }
    let pid = Pid::from_child(&server);
    kill_process(pid, Signal::TERM).expect("mariadbd takes a signal");
    let status = server.wait().expect("mariadbd can be waited for");
    assert!(status.success(), "mariadbd ended the template with {status}");
    std::fs::rename(data, &ready).expect("the template is put in place");
    ready
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_survives_a_kill_with_what_it_had_committed() {
        let mut server = MariaDb::start();
        let text = "an 'odd'\n\ttext \u{1f600}";
        server.query(&format!("INSERT INTO app.audit_logs (what) VALUES ('{}'), (NULL)", text.replace('\'', "''")));
        server.kill9();
        assert!(server.client().query("SELECT 1").is_err(), "a killed server does not answer");
        server.restart();
        let rows = server.query("SELECT what FROM app.audit_logs ORDER BY id");
        assert_eq!(rows, [[Some(text.to_owned())], [None]]);
    }

    #[test]
    fn two_servers_share_nothing() {
        let (one, other) = (MariaDb::start(), MariaDb::start());
        one.query("INSERT INTO app.audit_logs (what) VALUES ('x')");
        assert_eq!(one.query("SELECT count(*) FROM app.audit_logs"), [[Some("1".to_owned())]]);
        assert_eq!(other.query("SELECT count(*) FROM app.audit_logs"), [[Some("0".to_owned())]]);
    }
}
