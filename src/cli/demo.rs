//! `demo`: the whole path of a line, with nothing to install and nothing to set.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rand::RngExt;
use rusqlite::OpenFlags;
use tokio::sync::{mpsc, watch};

use super::{Exit, agent, complain, say};
use crate::metrics::Metrics;
use crate::pipeline::{self, End, Patience, Stop, Until, reader};
use crate::record::Timestamp;
use crate::scrub;
use crate::shed;
use crate::sink::sqlite::SqLite;
use crate::spool::globs::Globs;
use crate::spool::{self, StartAt, tail};
use crate::{batch, quarantine};

/// Applications that write at the same time.
const WRITERS: u64 = 4;

/// Requests that each of them records, of [`LINES_A_REQUEST`] lines each.
const REQUESTS: u64 = 1_500;

const LINES_A_REQUEST: u64 = 5;

/// Every so many requests a line is broken as applications break them, in turn one of [`BROKEN`].
const BROKEN_EVERY: u64 = 100;

/// How long the whole may take before something is wrong.
const TIME_MAX: Duration = Duration::from_secs(120);

/// Lines that cannot become rows.
const BROKEN: [&str; 4] = [
    r#"{"event_key":"cart.update","severity":"info","metadata":{"items":["#,
    r#"["not","an","object"]"#,
    r#"{"severity":"error","metadata":{"note":"the event_key was forgotten"}}"#,
    "PHP Warning:  Undefined array key \"user\" in /srv/app/public/index.php on line 12",
];

/// Runs the demonstration.
pub fn demo() -> Exit {
    match show() {
        Ok(()) => Exit::Done,
        Err(Failure::Io(error)) => {
            complain(format_args!("the demonstration could not use its files: {error}"));
            Exit::FileSystem
        }
        Err(Failure::Agent(what)) => {
            complain(format_args!("the demonstration failed: {what}"));
            Exit::Internal
        }
    }
}

enum Failure {
    Io(io::Error),
    Agent(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Io(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Failure::Agent(format!("the SQLite database: {error}"))
    }
}

/// Where the demonstration's files lie.
struct Places {
    folder: PathBuf,
    spool: PathBuf,
    database: PathBuf,
    quarantine: PathBuf,
}

fn show() -> Result<(), Failure> {
    let folder = std::env::temp_dir().join(format!("tracespool-demo-{:08x}", rand::random::<u32>()));
    let places = Places {
        spool: folder.join("spool"),
        database: folder.join("telemetry.db"),
        quarantine: folder.join("state/quarantine.ndjson"),
        folder,
    };
    fs::DirBuilder::new().mode(0o700).create(&places.folder)?;
    fs::create_dir(&places.spool)?;
    say(format_args!(
        "{WRITERS} applications append telemetry to {}, one rotates its file, and the agent ships it…",
        places.spool.display()
    ));
    let metrics = Metrics::default();
    let begun = Instant::now();
    let written = match agent::block_on(ship(&places, metrics.clone())) {
        Ok(written) => written?,
        Err(_) => return Err(Failure::Agent("no threads to run on".to_owned())),
    };
    summarize(&places, &metrics, written, begun.elapsed())
}

/// Lets the applications write and the agent ship until every line has its end. Returns how many lines were written.
async fn ship(places: &Places, metrics: Metrics) -> Result<u64, Failure> {
    let pattern = format!("{}/*.ndjson*", places.spool.display());
    let globs = Globs::new(&[pattern], &[]).map_err(|error| Failure::Agent(error.to_string()))?;
    let max_line_bytes = 1 << 20;
    let options = pipeline::Options {
        agent: "demo".to_owned(),
        spool: spool::Options {
            globs,
            start_at: StartAt::Beginning,
            limits: tail::Limits { quantum: 256 << 10, max_line_bytes },
            files_open_max: 64,
        },
        reader: reader::Options {
            until: Until::Stopped,
            rescan_interval: Duration::from_millis(200),
            batch: batch::Limits {
                lines_max: 2000,
                bytes_max: 4 << 20,
                memory_max: 4 << 20,
                wait_max: Duration::from_millis(50),
            },
            max_line_bytes,
            shed: shed::limits::Options {
                first: Vec::new(),
                soft_backlog_bytes: u64::MAX,
                max_backlog_bytes: u64::MAX,
                max_age: Duration::from_secs(u64::from(u32::MAX)),
            },
        },
        scrub: scrub::Options::default(),
        connections: 1,
        patience: Patience::Endless,
        shutdown_grace: Duration::from_secs(10),
        quiet_max: TIME_MAX,
        state_directory: places.folder.join("state"),
        quarantine: quarantine::Options { path: places.quarantine.clone(), bytes_max: 64 << 20 },
        metrics_listen: None,
    };
    let table = "telemetry_traces".parse().map_err(|_| Failure::Agent("the table's name".to_owned()))?;
    let database = SqLite::new(places.database.clone(), table, "demo".to_owned(), Duration::from_secs(30));
    let (stop, stopped) = watch::channel(Stop::No);
    // Nobody asks it for anything.
    let (_, requests) = mpsc::channel(1);
    let agent = tokio::spawn(pipeline::run(options, database, metrics.clone(), stopped, requests));

    let spool = places.spool.clone();
    let written = tokio::task::spawn_blocking(move || write_everything(&spool))
        .await
        .map_err(|_| Failure::Agent("a writer ended unexpectedly".to_owned()))??;
    let deadline = Instant::now() + TIME_MAX;
    while settled(&metrics) < written && Instant::now() < deadline && !agent.is_finished() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.send_replace(Stop::Finish);
    match agent.await {
        Ok(Ok(End::Complete)) => Ok(written),
        Ok(Ok(end)) => Err(Failure::Agent(format!("{end:?}"))),
        Ok(Err(error)) => Err(Failure::Agent(error.to_string())),
        Err(error) => Err(Failure::Agent(error.to_string())),
    }
}

/// Lines that have their end.
fn settled(metrics: &Metrics) -> u64 {
    metrics.rows_committed.get() + metrics.quarantined().values().sum::<u64>()
}

/// Writes every line of every application, and returns how many there were.
fn write_everything(spool: &Path) -> io::Result<u64> {
    let written = AtomicU64::new(0);
    let failed = Arc::new(Mutex::new(None));
    std::thread::scope(|threads| {
        for writer in 0..WRITERS {
            let (written, failed) = (&written, Arc::clone(&failed));
            threads.spawn(move || {
                if let Err(error) = write(spool, writer, written) {
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            });
        }
    });
    match failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(error) => Err(error),
        None => Ok(written.into_inner()),
    }
}

/// One application: two of them share a file, as the workers of one server do; the last one's file is rotated half-way.
fn write(spool: &Path, writer: u64, written: &AtomicU64) -> io::Result<()> {
    let path = spool.join(["shop.ndjson", "shop.ndjson", "login.ndjson", "admin.ndjson"][writer as usize % 4]);
    let open = || OpenOptions::new().append(true).create(true).open(&path);
    let mut file = open()?;
    let mut random = rand::rng();
    for number in 0..REQUESTS {
        if writer == WRITERS - 1 && number == REQUESTS / 2 {
            fs::rename(&path, path.with_extension("ndjson.1"))?;
            file = open()?;
        }
        let request = format!("req-{writer}-{number:05}");
        for step in 0..LINES_A_REQUEST {
            let now = Timestamp::from(SystemTime::now()).to_string().replacen(' ', "T", 1);
            let actor = random.random_range(1..500);
            let line = line(&request, step, number, actor, &now);
            file.write_all(line.as_bytes())?;
            written.fetch_add(1, Ordering::Relaxed);
        }
        if number % BROKEN_EVERY == BROKEN_EVERY - 1 {
            let broken = BROKEN[(number / BROKEN_EVERY) as usize % BROKEN.len()];
            file.write_all(format!("{broken}\n").as_bytes())?;
            written.fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(())
}

/// A line of a request; now and then one that tells more than it should.
fn line(request: &str, step: u64, number: u64, actor: u32, now: &str) -> String {
    let (event, severity, metadata) = match (step, number % 50) {
        (0, 7) => {
            ("auth.login.attempt", "warning", r#"{"user":"bob","password":"correct horse battery","attempt":2}"#.into())
        }
        (0, _) => ("http.request", "debug", format!(r#"{{"method":"POST","bytes":{}}}"#, 200 + number)),
        (1, 13) => (
            "auth.token.refused",
            "error",
            r#"{"header":"Authorization: Bearer 9f8e7d6c5b4a39281706f5e4d3c2b1a0","reason":"expired"}"#.into(),
        ),
        (1, _) => {
            ("authz.decision", "info", r#"{"capability":"orders.read","allowed":true,"policy":"rbac-v2"}"#.into())
        }
        (2, 21) => (
            "session.start",
            "info",
            r#"{"jwt":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJkZW1vIn0.c2lnbmF0dXJlLW9mLXRoZS1kZW1v"}"#.into(),
        ),
        (2, _) => ("stepup.challenge", "info", r#"{"factor":"totp","token_count":1}"#.into()),
        (3, _) => ("db.query", "debug", format!(r#"{{"table":"orders","ms":{}.{:03}}}"#, number % 9, number % 1000)),
        _ => ("http.response", "info", format!(r#"{{"status":200,"ms":{}}}"#, 3 + number % 40)),
    };
    format!(
        r#"{{"event_key":"{event}","severity":"{severity}","actor_admin_id":{actor},"ip_address":"203.0.113.{}","user_agent":"Mozilla/5.0 (X11; Linux x86_64)","route_name":"orders.show","request_id":"{request}","metadata":{metadata},"created_at":"{now}Z"}}"#,
        actor % 250
    ) + "\n"
}

/// Says what happened, from the database and the counters.
fn summarize(places: &Places, metrics: &Metrics, written: u64, took: Duration) -> Result<(), Failure> {
    let database = rusqlite::Connection::open_with_flags(&places.database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let rows: i64 = database.query_row("SELECT count(*) FROM telemetry_traces", [], |row| row.get(0))?;
    let rows = rows.unsigned_abs();
    let quarantined = metrics.quarantined();
    say("");
    say(format_args!("  lines written  {written:>7}"));
    say(format_args!("  rows stored    {rows:>7}   {:.0} rows/s, writing included", rows as f64 / took.as_secs_f64()));
    say(format_args!("  quarantined    {:>7}   {}", quarantined.values().sum::<u64>(), list(&quarantined)));
    let scrubbed = metrics.scrubbed();
    say(format_args!("  secrets taken  {:>7}   {}", scrubbed.values().sum::<u64>(), list(&scrubbed)));
    say("\none request, as it lies in the table:\n");
    let request = format!("req-0-{:05}", 7);
    let mut select = database.prepare(
        "SELECT created_at, severity, event_key, metadata FROM telemetry_traces WHERE request_id = ?1 ORDER BY id",
    )?;
    let mut found = select.query([&request])?;
    while let Some(row) = found.next()? {
        let (at, severity, event, metadata): (String, String, String, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        say(format_args!("  {}  {severity:<7}  {event:<18}  {metadata}", &at[11..]));
    }
    say(format_args!("\nspool       {}", places.spool.display()));
    say(format_args!("database    {}", places.database.display()));
    say(format_args!("quarantine  {}", places.quarantine.display()));
    say(format_args!("\nremove it all with: rm -r {}", places.folder.display()));
    if rows + quarantined.values().sum::<u64>() != written {
        return Err(Failure::Agent(format!("{written} lines were written, and that is not the sum")));
    }
    Ok(())
}

fn list(counts: &BTreeMap<String, u64>) -> String {
    let counts = counts.iter().filter(|(_, count)| **count > 0);
    counts.map(|(what, count)| format!("{what} {count}")).collect::<Vec<_>>().join(", ")
}
