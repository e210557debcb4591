//! What systemd is told, read from a socket of our own.

use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::{Agent, MariaDb, PATIENCE, Site, append, ids, lines, poll};

/// A socket as systemd has one, and what came through it.
struct Manager {
    socket: UnixDatagram,
    path: PathBuf,
    told: Vec<String>,
}

impl Manager {
    fn new(site: &Site) -> Manager {
        let path = site.root().join("notify");
        let socket = UnixDatagram::bind(&path).expect("a socket");
        socket.set_read_timeout(Some(Duration::from_millis(50))).expect("a time limit");
        Manager { socket, path, told: Vec::new() }
    }

    fn start(&self, site: &Site, watchdog: Duration) -> Agent {
        let notify = format!("NOTIFY_SOCKET={}", self.path.display());
        site.start_through(&["env", &notify, &format!("WATCHDOG_USEC={}", watchdog.as_micros())])
    }

    /// Takes in what came.
    fn listen(&mut self) {
        let mut message = [0; 4096];
        while let Ok(length) = self.socket.recv(&mut message) {
            let text = String::from_utf8(message[..length].to_vec()).expect("text");
            self.told.extend(text.lines().map(str::to_owned));
        }
    }

    fn count(&self, start: &str) -> usize {
        self.told.iter().filter(|line| line.starts_with(start)).count()
    }

    /// Waits until it was told this so often.
    #[track_caller]
    fn is_told(&mut self, start: &str, times: usize) {
        let told = poll(PATIENCE, || {
            self.listen();
            (self.count(start) >= times).then_some(())
        });
        assert!(told.is_some(), "`{start}` was not told {times} times: {:?}", self.told);
    }
}

#[test]
fn systemd_is_told_of_the_start_the_work_an_outage_reloads_and_the_end() {
    let mut server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    let mut manager = Manager::new(&site);
    let mut agent = manager.start(&site, Duration::from_millis(300));
    manager.is_told("READY=1", 1);
    manager.is_told("STATUS=idle, nothing waits", 1);
    append(&site.path("app.ndjson"), lines(&ids("line", 0..100)));
    site.wait_rows(100);
    manager.is_told("STATUS=", 2);
    manager.is_told("WATCHDOG=1", 10);

    server.kill9();
    append(&site.path("app.ndjson"), lines(&ids("more", 0..100)));
    manager.is_told("STATUS=database away for ", 2);
    let fed = manager.count("WATCHDOG=1");
    manager.is_told("WATCHDOG=1", fed + 10);
    server.restart();
    site.wait_rows(200);

    assert_eq!((manager.count("READY=1"), manager.count("RELOADING=1")), (1, 0));
    site.set_text("batch.max_wait", "20ms");
    site.config();
    agent.signal(Signal::HUP);
    manager.is_told("READY=1", 2);
    let place = |start: &str| manager.told.iter().rposition(|line| line.starts_with(start)).expect("it was told");
    assert!(place("RELOADING=1") < place("MONOTONIC_USEC=") && place("MONOTONIC_USEC=") < place("READY=1"));
    // Also when there is nothing to take up: else systemd waits for it for ever.
    std::fs::write(site.root().join("config.toml"), "no toml [").expect("the config is written");
    agent.signal(Signal::HUP);
    manager.is_told("RELOADING=1", 2);
    manager.is_told("READY=1", 3);

    agent.signal(Signal::TERM);
    manager.is_told("STOPPING=1", 1);
    assert_eq!(agent.wait_exit(PATIENCE).code(), Some(0));
    site.assert_exactly(&[ids("line", 0..100), ids("more", 0..100)].concat());
}

#[test]
fn a_frozen_agent_feeds_no_watchdog() {
    let site = Site::sqlite();
    let mut manager = Manager::new(&site);
    let agent = manager.start(&site, Duration::from_millis(300));
    manager.is_told("WATCHDOG=1", 2);
    agent.signal(Signal::STOP);
    manager.listen();
    let fed = manager.count("WATCHDOG=1");
    let more = poll(Duration::from_secs(1), || {
        manager.listen();
        (manager.count("WATCHDOG=1") > fed + 1).then_some(())
    });
    assert_eq!(more, None, "it is fed by nobody");
    agent.signal(Signal::CONT);
    manager.is_told("WATCHDOG=1", fed + 3);
}

#[test]
fn an_agent_that_cannot_begin_is_not_ready() {
    let mut site = Site::sqlite();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    site.set_text("metrics.listen", &taken.local_addr().expect("an address").to_string());
    let mut manager = Manager::new(&site);
    let mut agent = manager.start(&site, Duration::from_millis(300));
    assert_eq!(agent.wait_exit(PATIENCE).code(), Some(64));
    manager.listen();
    assert_eq!(manager.told, [""; 0]);
}
