//! Every way in which the database can be away (CONTRACT §4.4), one test each: what the agent says it is, that it lives,
//! that its memory is bounded, that nobody who writes is slowed, and that all lines are there once soon after the return.
//!
//! `OUTAGE_SECONDS=60` makes the outages longer.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::support::{
    Agent, Fault, MariaDb, Proxy, Site, append, eventually, ids, is_root, line, lines, outage, pause, poll, skipped,
    url,
};

/// How soon after the return everything is there.
const SOON: Duration = Duration::from_secs(30);

/// Ends an outage.
type Repair = Box<dyn FnOnce(&mut MariaDb)>;

/// An application that appends a line a millisecond and measures how long each `write` takes.
struct Timed {
    phase: Arc<AtomicUsize>,
    thread: JoinHandle<(Vec<String>, Vec<Vec<Duration>>)>,
}

const PHASES: usize = 3;

impl Timed {
    fn start(path: PathBuf) -> Timed {
        let phase = Arc::new(AtomicUsize::new(0));
        let now = Arc::clone(&phase);
        let thread = std::thread::spawn(move || {
            let mut file = OpenOptions::new().append(true).create(true).open(path).expect("the spool file opens");
            let (mut written, mut times) = (Vec::new(), vec![Vec::new(); PHASES]);
            loop {
                let phase = now.load(Ordering::SeqCst);
                if phase == PHASES {
                    return (written, times);
                }
                let id = format!("timed-{:06}", written.len());
                let text = line(&id);
                let begun = Instant::now();
                file.write_all(text.as_bytes()).expect("the spool takes a line");
                times[phase].push(begun.elapsed());
                written.push(id);
                pause(Duration::from_millis(1));
            }
        });
        Timed { phase, thread }
    }

    fn next(&self) {
        self.phase.fetch_add(1, Ordering::SeqCst);
    }

    /// Stops it; what it wrote, and the median duration of a write in each phase.
    fn stop(self) -> (Vec<String>, Vec<Duration>) {
        self.phase.store(PHASES, Ordering::SeqCst);
        let (written, times) = self.thread.join().expect("the application wrote");
        let median = |mut times: Vec<Duration>| {
            times.sort_unstable();
            times[times.len() / 2]
        };
        (written, times.into_iter().map(median).collect())
    }
}

/// How the outage begins.
enum Begin {
    /// The server is there first and takes lines; then this happens to it.
    Later(fn(&mut MariaDb) -> Repair),
    /// The server is not there yet.
    Away,
}

/// Lets one outage happen, of this class.
#[track_caller]
fn suffer(class: &str, mut server: MariaDb, begin: Begin) {
    let mut site = Site::mariadb(&server);
    // A lock is waited for half as long as this.
    site.set_text("database.write_timeout", "2s").set_text("database.connect_timeout", "1s");
    let path = site.path("app.ndjson");
    let timed = Timed::start(path.clone());
    pause(Duration::from_millis(500));
    timed.next();
    let mut agent = site.start();
    let label = format!("class=\"{class}\"");
    // A server that aborts on a full disk does not always come to say why. No other test has a server that may abort.
    let is_told = |agent: &Agent, server: &mut MariaDb| {
        agent.metrics().with("tracespool_database_errors_total", &label) >= 1.0
            || class == "full" && server.has_aborted()
    };
    let repair = match begin {
        Begin::Away => Box::new(|server: &mut MariaDb| server.restart()) as Repair,
        Begin::Later(make) => {
            site.wait_rows(50);
            make(&mut server)
        }
    };
    let bulk = ids("bulk", 0..20_000);
    append(&site.path("bulk.ndjson"), lines(&bulk));
    eventually("the agent finds out", || {
        agent.metrics().sum("tracespool_database_up") == 0.0 && is_told(&agent, &mut server)
    });
    timed.next();
    pause(outage());
    assert_eq!(agent.exited(), None, "the agent stays up");
    // A small batch may have found a little room meanwhile.
    eventually("the outage is told to be one", || {
        let metrics = agent.metrics();
        let closed = metrics.with("tracespool_database_circuit", "closed");
        metrics.sum("tracespool_database_up") == 0.0 && closed == 0.0 && metrics.sum("tracespool_backlog_bytes") > 0.0
    });
    let told = agent.log().lines().filter(|line| line.contains("the lines wait in the spool")).count();
    assert!(told <= 4, "the log repeats itself {told} times:\n{}", agent.log());
    let (mut written, medians) = timed.stop();
    written.extend(bulk);
    let (before, during) = (medians[0], medians[2]);
    assert!(
        during <= before * 2 + Duration::from_micros(50),
        "a write took {before:?} before, {during:?} in the outage"
    );

    let told = is_told(&agent, &mut server);
    let returned = Instant::now();
    repair(&mut server);
    let arrived = poll(SOON, || (site.count() >= written.len()).then(|| returned.elapsed()));
    let Some(took) = arrived else {
        panic!("{} of {} lines are there {SOON:?} after the return\n{}", site.count(), written.len(), agent.log());
    };
    let peak = agent.memory_peak();
    eprintln!(
        "{class}: all {} lines {took:?} after the return; peak {} KiB; write {before:?} before, {during:?} in it",
        written.len(),
        peak >> 10
    );
    assert!(peak <= Agent::MEMORY_MAX, "a peak of {peak} bytes");
    assert!(told, "{}", agent.log());
    eventually("the circuit closes", || agent.metrics().sum("tracespool_database_up") == 1.0);
    site.finish_exactly(agent, &written);
}

fn query(sql: &'static str) -> Repair {
    Box::new(move |server| {
        server.query(sql);
    })
}

#[test]
fn away_at_the_start() {
    suffer("connection", MariaDb::prepare(&[]), Begin::Away);
}

#[test]
fn killed() {
    suffer(
        "connection",
        MariaDb::start(),
        Begin::Later(|server| {
            server.kill9();
            Box::new(MariaDb::restart)
        }),
    );
}

#[test]
fn shut_down_in_good_order() {
    suffer(
        "connection",
        MariaDb::start(),
        Begin::Later(|server| {
            server.stop();
            Box::new(MariaDb::restart)
        }),
    );
}

#[test]
fn stopped_where_it_stands() {
    suffer(
        "connection",
        MariaDb::start(),
        Begin::Later(|server| {
            server.freeze();
            Box::new(|server| server.thaw())
        }),
    );
}

#[test]
fn out_of_connections() {
    suffer(
        "busy",
        MariaDb::start_with(&["--max-connections=10"]),
        Begin::Later(|server| {
            let mut first = server.session();
            let mut held = Vec::new();
            // The administrator has one place more than all the others; whoever holds that too is alone.
            let alone = poll(Duration::from_secs(20), || {
                first.run("KILL CONNECTION USER 'tracespool'");
                held.extend(server.client().try_session());
                (held.len() >= 10).then_some(())
            });
            alone.expect("every place is taken");
            drop(first);
            Box::new(move |_| drop(held))
        }),
    );
}

#[test]
fn out_of_queries_for_this_account() {
    suffer(
        "busy",
        MariaDb::start(),
        Begin::Later(|server| {
            server.query("ALTER USER 'tracespool'@'127.0.0.1' WITH MAX_QUERIES_PER_HOUR 1");
            server.hang_up();
            query("ALTER USER 'tracespool'@'127.0.0.1' WITH MAX_QUERIES_PER_HOUR 0")
        }),
    );
}

#[test]
fn locked_by_another_session() {
    suffer(
        "busy",
        MariaDb::start(),
        Begin::Later(|server| {
            let mut session = server.session();
            session.run("BEGIN");
            session.run("UPDATE app.tracespool_progress SET updated_at = updated_at");
            Box::new(move |_| session.run("ROLLBACK"))
        }),
    );
}

#[test]
fn always_a_deadlock() {
    suffer(
        "busy",
        MariaDb::start(),
        Begin::Later(|server| {
            refuse_all(server, 1213);
            query("DROP TRIGGER app.refuse")
        }),
    );
}

#[test]
fn read_only() {
    suffer(
        "not_the_writer",
        MariaDb::start(),
        Begin::Later(|server| {
            server.query("SET GLOBAL read_only = 1");
            query("SET GLOBAL read_only = 0")
        }),
    );
}

#[test]
fn full_by_its_own_word() {
    suffer(
        "full",
        MariaDb::start(),
        Begin::Later(|server| {
            refuse_all(server, 1114);
            query("DROP TRIGGER app.refuse")
        }),
    );
}

/// A file system of its own, gone with its value.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where that is not allowed.
    fn mount(at: &Path, size: &str) -> Option<SmallDisk> {
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(at).output();
        mount.is_ok_and(|output| output.status.success()).then(|| SmallDisk(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "`{}` stays mounted", self.0.display());
    }
}

#[test]
fn the_disk_is_full() {
    let test = "the_disk_is_full";
    if !is_root() {
        return skipped(test, "not root, so no small file system can be mounted");
    }
    let mut server = MariaDb::prepare(&["--innodb-file-per-table=1"]);
    let schema = server.data().join("app");
    let aside = server.data().join("aside");
    std::fs::rename(&schema, &aside).expect("the schema's folder is moved");
    std::fs::create_dir(&schema).expect("a folder");
    let Some(disk) = SmallDisk::mount(&schema, "64M") else {
        return skipped(test, "no file system can be mounted here");
    };
    let copied = Command::new("cp").arg("-a").arg(aside.join(".")).arg(&schema).status();
    assert!(copied.is_ok_and(|status| status.success()), "the schema's files are copied");
    std::fs::remove_dir_all(&aside).expect("the copy aside is removed");
    server.restart();
    suffer(
        "full",
        server,
        Begin::Later(|server| {
            let filler = server.data().join("app").join("filler");
            let mut file = std::fs::File::create(&filler).expect("a file");
            while file.write_all(&[0; 64 << 10]).is_ok() {}
            while file.write_all(&[0; 512]).is_ok() {}
            Box::new(move |server| {
                std::fs::remove_file(filler).expect("the disk has room again");
                server.revive();
            })
        }),
    );
    drop(disk);
}

#[test]
fn the_table_is_renamed() {
    suffer(
        "schema",
        MariaDb::start(),
        Begin::Later(|server| {
            server.query("RENAME TABLE app.telemetry_traces TO app.elsewhere");
            query("RENAME TABLE app.elsewhere TO app.telemetry_traces")
        }),
    );
}

#[test]
fn a_column_is_dropped() {
    suffer(
        "schema",
        MariaDb::start(),
        Begin::Later(|server| {
            server.query("ALTER TABLE app.telemetry_traces DROP COLUMN route_name");
            query("ALTER TABLE app.telemetry_traces ADD COLUMN route_name VARCHAR(255) NULL")
        }),
    );
}

#[test]
fn the_rights_are_revoked() {
    suffer(
        "schema",
        MariaDb::start(),
        Begin::Later(|server| {
            server.query("REVOKE INSERT ON app.* FROM 'tracespool'@'127.0.0.1'");
            // What an account may do in a schema is looked up when a session chooses it.
            server.hang_up();
            query("GRANT INSERT ON app.* TO 'tracespool'@'127.0.0.1'")
        }),
    );
}

#[test]
fn the_password_is_another() {
    suffer(
        "schema",
        MariaDb::start(),
        Begin::Later(|server| {
            server.query("ALTER USER 'tracespool'@'127.0.0.1' IDENTIFIED BY 'another'");
            server.hang_up();
            query("ALTER USER 'tracespool'@'127.0.0.1' IDENTIFIED BY 'canary-Xk3-of-the-database'")
        }),
    );
}

#[test]
fn refused_for_a_reason_that_is_not_known() {
    suffer(
        "unknown",
        MariaDb::start(),
        Begin::Later(|server| {
            refuse_all(server, 5555);
            query("DROP TRIGGER app.refuse")
        }),
    );
}

/// Has the server answer every row with this error.
fn refuse_all(server: &MariaDb, code: u16) {
    server.query(&format!(
        "CREATE TRIGGER app.refuse BEFORE INSERT ON app.telemetry_traces FOR EACH ROW \
         SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {code}, MESSAGE_TEXT = 'canary-of-the-server'"
    ));
}

/// Has the server answer rows with the event key `poison` with this error, and counts the statements of the agent.
fn poisoned(code: u16) {
    let server = MariaDb::start();
    server.query(&format!(
        "CREATE TRIGGER app.refuse BEFORE INSERT ON app.telemetry_traces FOR EACH ROW IF NEW.event_key = 'poison' THEN \
         SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {code}, MESSAGE_TEXT = 'canary-of-the-server'; END IF"
    ));
    let site = Site::mariadb(&server);
    let path = site.path("app.ndjson");
    let written = ids("line", 0..1999);
    append(&path, lines(&written[..700]));
    append(&path, "{\"event_key\":\"poison\",\"request_id\":\"poison\"}\n");
    append(&path, lines(&written[700..]));
    let statements = || -> u64 {
        let rows = server.query("SHOW GLOBAL STATUS LIKE 'Com_savepoint'");
        rows[0][1].as_deref().expect("a number").parse().expect("a number")
    };
    let agent = site.start();
    site.wait_quarantined(1);
    site.wait_rows(written.len());
    let most = 2 * 2000u64.ilog2() + 3;
    assert!((2..=u64::from(most)).contains(&statements()), "{} statements for one row in 2000", statements());
    assert!(!agent.log().contains("canary-of-the-server"), "the server's text is in the log");
    site.finish_exactly(agent, &written);
    let records = site.quarantined();
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(records[0]["reason"], "rejected_by_database");
    let detail = records[0]["detail"].as_str().expect("a text");
    assert!(detail.contains(&code.to_string()) && !detail.contains("canary"), "{detail}");
}

#[test]
fn one_row_in_2000_is_refused_by_a_trigger() {
    poisoned(1644);
}

#[test]
fn one_row_in_2000_is_refused_for_a_reason_that_is_not_known() {
    poisoned(5555);
}

#[test]
fn a_packet_that_something_before_the_server_does_not_pass_is_halved() {
    let server = MariaDb::start();
    let proxy = Proxy::start(server.port(), Fault::RefusesLarge, 90 << 10);
    let mut site = Site::mariadb(&server);
    site.set_text("database.url", &url(proxy.port()));
    let path = site.path("app.ndjson");
    let large = |id: &str, words: usize| {
        let text = "ordinary words ".repeat(words);
        format!("{{\"event_key\":\"test.line\",\"request_id\":\"{id}\",\"metadata\":{{\"text\":\"{text}\"}}}}\n")
    };
    let mut written = ids("line", 0..3000);
    append(&path, lines(&written[..1500]));
    append(&path, large("fits", 5_000));
    append(&path, large("does-not-fit", 8_000));
    append(&path, lines(&written[1500..]));
    written.push("fits".to_owned());
    let agent = site.start();
    site.wait_quarantined(1);
    site.wait_rows(written.len());
    assert!(proxy.struck() >= 5, "{} packets were refused", proxy.struck());
    site.finish_exactly(agent, &written);
    let records = site.quarantined();
    assert_eq!(records.len(), 1);
    assert!(records[0]["line"].as_str().expect("a line").contains("does-not-fit"));
    assert_eq!(records[0]["reason"], "rejected_by_database");
}

#[test]
fn connections_that_break_all_the_time_are_not_taken_for_a_packet_that_is_too_large() {
    let server = MariaDb::start();
    let proxy = Proxy::start(server.port(), Fault::None, 1);
    let mut site = Site::mariadb(&server);
    site.set_text("database.url", &url(proxy.port()));
    let written = ids("line", 0..5000);
    append(&site.path("app.ndjson"), lines(&written));
    // Nothing passes but what is needed to connect.
    proxy.set(Fault::RefusesLarge, 2000);
    let agent = site.start();
    eventually("the connection breaks again and again", || proxy.struck() >= 8);
    proxy.set(Fault::None, 1);
    site.finish_exactly(agent, &written);
    assert_eq!(site.quarantined().len(), 0, "an outage costs no row");
}

#[test]
fn a_return_is_gentle_and_never_takes_more_than_its_connections() {
    let mut server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    site.set("database.connections", "3").set("batch.max_rows", "400");
    let path = site.path("app.ndjson");
    let mut written = ids("first", 0..100);
    append(&path, lines(&written));
    let agent = site.start();
    site.wait_rows(written.len());
    for round in 0..3 {
        server.kill9();
        let more = ids(&format!("round-{round}"), 0..12_000);
        append(&path, lines(&more));
        written.extend(more);
        eventually("the agent notices", || agent.metrics().sum("tracespool_database_up") == 0.0);
        let metrics = agent.metrics();
        assert_eq!(metrics.sum("tracespool_batches_at_once"), 1.0, "all writers ask for a server that is away");
        assert!(metrics.sum("tracespool_batch_share") <= 0.125);
        server.restart();
        let mut most = 0;
        let all = poll(SOON, || {
            let count = "SELECT count(*) FROM information_schema.processlist WHERE user = 'tracespool'";
            let open = server.query(count)[0][0].as_deref().expect("a count").parse::<usize>().expect("a number");
            most = most.max(open);
            (site.count() >= written.len()).then_some(())
        });
        assert!(all.is_some(), "{} of {} lines are there", site.count(), written.len());
        assert!((1..=3).contains(&most), "{most} connections");
    }
    let metrics = agent.metrics();
    assert_eq!(metrics.sum("tracespool_batches_at_once"), 3.0, "it is back at full width");
    assert!(metrics.sum("tracespool_batch_share") > 0.125);
    site.finish_exactly(agent, &written);
}
