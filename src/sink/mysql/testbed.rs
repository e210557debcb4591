//! A private MariaDB server for tests: its own folder, port and socket, gone when the last test lets go of it.
//!
//! Invariant: no server outlives the value that started it, and none is touched that was not started here.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::sink::mysql::{Method, MySql, Options, Tls};

/// An empty data directory, made once for all servers that live at the same time.
struct Template(TempDir);

static TEMPLATE: Mutex<Weak<Template>> = Mutex::new(Weak::new());
static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());

const SMALL: [&str; 3] =
    ["--innodb-log-file-size=8M", "--innodb-data-file-path=ibdata1:8M:autoextend", "--innodb-buffer-pool-size=64M"];

impl Template {
    fn get() -> Arc<Template> {
        let mut known = TEMPLATE.lock().unwrap();
        if let Some(template) = known.upgrade() {
            return template;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("mariadb-install-db");
        command.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
        // A server that starts deletes what looks like temporary tables of a dead one, also those of its neighbours.
        command.arg("--skip-name-resolve").args(SMALL).args(user()).env("TMPDIR", folder.path());
        command.arg(format!("--datadir={}", folder.path().join("data").display()));
        let made = command.output().expect("tests need mariadb-server-core: mariadb-install-db did not start");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let template = Arc::new(Template(folder));
        *known = Arc::downgrade(&template);
        template
    }
}

/// mariadbd refuses to run as root unless told to.
fn user() -> Option<&'static str> {
    rustix::process::geteuid().is_root().then_some("--user=root")
}

/// A running server.
pub(super) struct Server {
    folder: TempDir,
    child: Child,
    pub(super) port: u16,
    // Kept, so that the next server need not make it again.
    _template: Arc<Template>,
}

impl Server {
    /// A server with default options, shared by the tests that run now. Each test makes a schema of its own.
    pub(super) fn shared() -> Arc<Server> {
        let mut known = SHARED.lock().unwrap();
        if let Some(server) = known.upgrade() {
            return server;
        }
        let server = Arc::new(Server::start(&[]));
        *known = Arc::downgrade(&server);
        server
    }

    /// A server of the caller's own.
    pub(super) fn start(options: &[&str]) -> Server {
        let template = Template::get();
        let folder = tempfile::tempdir().unwrap();
        copy(&template.0.path().join("data"), &folder.path().join("data"));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at = |name: &str| folder.path().join(name).display().to_string();
        let mut command = Command::new("mariadbd");
        command.arg("--no-defaults").args(SMALL).args(user()).env("TMPDIR", folder.path());
        command.arg(format!("--datadir={}", at("data")));
        command.arg(format!("--socket={}", at("socket"))).arg(format!("--pid-file={}", at("pid")));
        command.arg("--bind-address=127.0.0.1").arg(format!("--port={port}"));
        command.args(["--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=0", "--skip-name-resolve"]);
        command.args(["--performance-schema=OFF", "--aria-pagecache-buffer-size=8M", "--key-buffer-size=1M"]);
        command.args(options);
        let log = fs::File::create(folder.path().join("log")).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().expect("tests need mariadb-server-core: mariadbd did not start");
        let mut server = Server { folder, child, port, _template: template };
        server.wait_until_it_listens();
        server
    }

    fn wait_until_it_listens(&mut self) {
        let until = Instant::now() + Duration::from_secs(60);
        while std::os::unix::net::UnixStream::connect(self.socket()).is_err() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(self.child.try_wait().unwrap().is_none(), "mariadbd ended:\n{log}");
            assert!(Instant::now() < until, "mariadbd does not listen:\n{log}");
            std::thread::yield_now();
        }
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Stops it as a debugger would: connections stay, answers do not come.
    pub(super) fn freeze(&self) {
        kill_process(self.pid(), Signal::STOP).unwrap();
        // The signal reaches the server's threads one after the other.
        let tasks = format!("/proc/{}/task", self.child.id());
        let is_stopped =
            |task: fs::DirEntry| fs::read_to_string(task.path().join("stat")).is_ok_and(|stat| stat.contains(") T "));
        while !fs::read_dir(&tasks).unwrap().all(|task| is_stopped(task.unwrap())) {
            std::thread::yield_now();
        }
    }

    pub(super) fn thaw(&self) {
        kill_process(self.pid(), Signal::CONT).unwrap();
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// A connection of the administrator's.
    pub(super) async fn admin(&self) -> Conn {
        let opts = OptsBuilder::default().user(Some("root")).socket(Some(self.socket().to_str().unwrap()));
        Conn::new(opts.prefer_socket(false)).await.unwrap()
    }

    /// Makes an empty schema and tells what connects to it.
    pub(super) async fn schema(&self, name: &str) -> Options {
        let mut admin = self.admin().await;
        admin.query_drop(format!("CREATE DATABASE {name}")).await.unwrap();
        admin.query_drop(format!("CREATE USER {name}@'127.0.0.1', {name}@localhost")).await.unwrap();
        admin.query_drop(format!("GRANT ALL ON {name}.* TO {name}@'127.0.0.1', {name}@localhost")).await.unwrap();
        self.options(name)
    }

    /// What connects to a schema of this server.
    pub(super) fn options(&self, schema: &str) -> Options {
        options(schema, self.port)
    }

    /// [`Server::schema`] with the tables in it.
    pub(super) async fn migrated(&self, name: &str) -> Options {
        let options = self.schema(name).await;
        let report = MySql::new(options.clone()).migrate(super::Layout::Plain).await.unwrap();
        assert_eq!(report.created, ["telemetry_traces", "tracespool_progress"]);
        options
    }
}

/// What connects to a schema on a port of this machine, as the user of the same name.
pub(super) fn options(schema: &str, port: u16) -> Options {
    Options {
        dsn: format!("mysql://{schema}@127.0.0.1:{port}/{schema}").parse().unwrap(),
        table: "telemetry_traces".parse().unwrap(),
        agent: "agent-1".to_owned(),
        method: Method::Auto,
        connect_timeout: Duration::from_secs(20),
        write_timeout: Duration::from_secs(30),
        tls: Tls::Auto,
        tls_ca: None,
        tls_cert: None,
        tls_key: None,
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may be gone already, which is what we want.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
