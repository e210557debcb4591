//! What each stage of a line's path costs: split, parse, scrub, encode; and the whole agent with a sink that stores nothing.
//!
//! `cargo bench --bench stages` measures, by the time that a core was really had: other work on the machine shall not count.
//! `LINES=1000000` sets how many lines there are, `ROUNDS=5` how often each is measured. The costs are differences: the path up
//! to a stage, less the path up to the stage before it, each line taken through at once as the agent does it.
//!
//! `-- --count FIRST COUNT` takes lines once through each of the paths, for `benches/guard/run`, which counts instructions in the
//! functions `through_*` and `encode`.
#![allow(clippy::print_stdout, reason = "a benchmark says what it measured")]

mod workload;

use std::fs;
use std::hint::black_box;
use std::ops::Range;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};
use tokio::sync::{mpsc, watch};
use tracespool::batch::{self, Batch, OriginRef, Room};
use tracespool::metrics::Metrics;
use tracespool::pipeline::{self, End, Patience, Stop, Until, reader};
use tracespool::record::{self, Columns, Record, Timestamp};
use tracespool::row::Row;
use tracespool::scrub::{self, Scrubbed, Scrubber};
use tracespool::sink::{Database, Error, Progress, Server, Session, Swap};
use tracespool::spool::globs::Globs;
use tracespool::spool::lines::{Piece, cut};
use tracespool::spool::{self, FileKey, Frontier, Move, StartAt, tail};
use tracespool::{quarantine, shed};

/// Bytes of a file that are looked at in one go, as the agent does.
const QUANTUM: usize = 256 << 10;

/// The limits of a batch, those of the config's defaults.
const LIMITS: batch::Limits =
    batch::Limits { lines_max: 5000, bytes_max: 4 << 20, memory_max: 4 << 20, wait_max: Duration::from_millis(200) };

/// Lines that are taken through before it counts: the scrubber remembers what it judged, and fills its memory first.
const WARM_UP: u64 = 10_000;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let numbers: Vec<u64> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    match numbers[..] {
        [first, count] if arguments.iter().any(|argument| argument == "--count") => {
            count_stages(first, count);
            ExitCode::SUCCESS
        }
        _ => {
            let (lines, rounds) = (knob("LINES", 200_000), knob("ROUNDS", 5));
            measure_stages(lines, rounds);
            measure_null_sink(lines, rounds)
        }
    }
}

fn knob(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a knob is a number"))
}

/// The path up to splitting.
#[inline(never)]
fn through_split(text: &[u8]) {
    each_line(text, |line, _| {
        black_box(line);
    });
}

/// The path up to parsing.
#[inline(never)]
fn through_parse(text: &[u8], columns: &Columns) {
    each_line(text, |line, _| {
        black_box(parse(line, columns));
    });
}

/// The path up to scrubbing.
#[inline(never)]
fn through_scrub(text: &[u8], columns: &Columns, scrubber: &mut Scrubber) {
    each_line(text, |line, _| {
        black_box(scrubbed(line, columns, scrubber));
    });
}

/// The path up to a batch that could be sent.
#[inline(never)]
fn through_encode(text: &[u8], columns: &Columns, scrubber: &mut Scrubber, encoder: &mut Encoder) {
    each_line(text, |line, place| encoder.encode(scrubbed(line, columns, scrubber), columns, place));
}

/// Puts rows into batches, which hand their room on, as the agent does it.
struct Encoder {
    path: Arc<Path>,
    now: Instant,
    batch: Batch,
    room: Option<Room>,
}

impl Encoder {
    fn new() -> Self {
        let now = Instant::now();
        Encoder {
            path: Arc::from(Path::new("/var/spool/tracespool/app.ndjson")),
            now,
            batch: Batch::new(0, 0, now),
            room: None,
        }
    }

    /// [`take`](Self::take) as a function of its own, whose instructions are counted: what encoding takes is too little to be
    /// seen in the difference of two paths, in which the allocator's luck is as much.
    #[inline(never)]
    fn encode(&mut self, scrubbed: Scrubbed<'_>, columns: &Columns, place: Range<usize>) {
        self.take(scrubbed, columns, place);
    }

    #[inline(always)]
    fn take(&mut self, scrubbed: Scrubbed<'_>, columns: &Columns, place: Range<usize>) {
        let row = Row::compose(scrubbed, columns).expect("a row");
        let origin = OriginRef { path: &self.path, offset: place.start as u64, length: place.len() as u64 };
        self.batch.push(origin, &row);
        if self.batch.is_full(&LIMITS) {
            self.next();
        }
    }

    fn next(&mut self) {
        let next = self.batch.next(self.room.take(), self.now);
        self.room = Some(black_box(std::mem::replace(&mut self.batch, next)).into_room());
    }
}

fn each_line(text: &[u8], mut take: impl FnMut(&[u8], Range<usize>)) {
    let mut start = 0;
    while start < text.len() {
        // The agent's buffer holds no more than this, and begins with the first unfinished line.
        let window = &text[start..text.len().min(start + QUANTUM)];
        let mut at = 0;
        while let Some(cut) = cut(window, at) {
            if let Piece::Line(range) = cut.piece {
                let place = start + range.start..start + range.end;
                take(&window[range], place);
            }
            at = cut.end;
        }
        assert!(at > 0, "a line is shorter than the window");
        start += at;
    }
}

fn parse<'l>(line: &'l [u8], columns: &Columns) -> Record<'l> {
    record::parse(line, Timestamp(0), columns).expect("a record")
}

fn scrubbed<'l>(line: &'l [u8], columns: &Columns, scrubber: &mut Scrubber) -> Scrubbed<'l> {
    scrubber.scrub(parse(line, columns)).expect("a record that can be scrubbed")
}

/// What the paths need beside the lines.
struct Stages {
    columns: Columns,
    /// One for each path with scrubbing in it, because they remember.
    scrubbers: [Scrubber; 2],
    encoder: Encoder,
}

impl Stages {
    fn new() -> Self {
        Stages {
            columns: Columns::default(),
            scrubbers: [Scrubber::new(scrub::Options::default()), Scrubber::new(scrub::Options::default())],
            encoder: Encoder::new(),
        }
    }

    /// Lets the scrubbers meet some lines, and the batches grow, by other ways than those that are counted.
    fn warm_up(&mut self, text: &[u8]) {
        let Stages { columns, scrubbers: [scrub, encode], encoder } = self;
        each_line(text, |line, _| drop(black_box(scrubbed(line, columns, scrub))));
        each_line(text, |line, place| encoder.take(scrubbed(line, columns, encode), columns, place));
        encoder.next();
    }
}

fn count_stages(first: u64, count: u64) {
    let mut stages = Stages::new();
    stages.warm_up(workload::lines(0, first).as_bytes());
    let text = workload::lines(first, first + count);
    let text = text.as_bytes();
    through_split(text);
    through_parse(text, &stages.columns);
    let [scrub, encode] = &mut stages.scrubbers;
    through_scrub(text, &stages.columns, scrub);
    through_encode(text, &stages.columns, encode, &mut stages.encoder);
}

fn measure_stages(lines: u64, rounds: u64) {
    let mut stages = Stages::new();
    stages.warm_up(workload::lines(0, WARM_UP).as_bytes());
    let mut best = [Duration::MAX; 4];
    let mut bytes = 0;
    // Other lines in each round: what was met before is cheaper than telemetry is.
    for round in 0..rounds {
        let first = WARM_UP + round * lines;
        let text = workload::lines(first, first + lines);
        let text = text.as_bytes();
        bytes = text.len();
        let [scrub, encode] = &mut stages.scrubbers;
        let times = [
            on_a_core(|| through_split(text)),
            on_a_core(|| through_parse(text, &stages.columns)),
            on_a_core(|| through_scrub(text, &stages.columns, scrub)),
            on_a_core(|| through_encode(text, &stages.columns, encode, &mut stages.encoder)),
        ];
        for (best, time) in best.iter_mut().zip(times) {
            *best = time.min(*best);
        }
    }
    println!(
        "{lines} lines of {} bytes, one in {} with a secret; best of {rounds} rounds, time on a core",
        bytes as u64 / lines,
        workload::SECRET_EVERY
    );
    println!("| stage | lines/s | MB/s | s per 1 M lines | share |\n|---|---|---|---|---|");
    let mut before = Duration::ZERO;
    for (stage, until) in ["split", "parse", "scrub", "encode"].into_iter().zip(best) {
        tell(stage, lines, bytes, until.saturating_sub(before), best[3]);
        before = until;
    }
    tell("all of them", lines, bytes, best[3], best[3]);
}

fn tell(stage: &str, lines: u64, bytes: usize, time: Duration, whole: Duration) {
    let seconds = time.as_secs_f64().max(1e-9);
    println!(
        "| {stage} | {:.0} | {:.0} | {:.2} | {:.1} % |",
        lines as f64 / seconds,
        bytes as f64 / seconds / 1e6,
        seconds * 1e6 / lines as f64,
        100.0 * seconds / whole.as_secs_f64()
    );
}

/// The time that this thread had a core.
fn on_a_core(work: impl FnOnce()) -> Duration {
    let time = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("time that passed");
    let begun = time();
    work();
    time() - begun
}

/// Runs the agent, all of it on one core, on a spool file and a database that is none.
fn measure_null_sink(lines: u64, rounds: u64) -> ExitCode {
    let core = one_core();
    println!(
        "\nThe agent with a null sink, all of its threads on core {core}: reading, parsing, scrubbing, encoding into batches,"
    );
    println!("exactly-once bookkeeping; no driver, no server.");
    println!("| round | lines/s of core time | lines/s of wall time | core s per 1 M lines |\n|---|---|---|---|");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let spool = folder.path().join("spool");
    fs::create_dir(&spool).expect("a spool");
    fs::write(spool.join("app.ndjson"), workload::lines(0, lines)).expect("a spool file");
    let busy = || Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).expect("time that passed");
    for round in 1..=rounds {
        let state = folder.path().join(format!("state-{round}"));
        let metrics = Metrics::default();
        let (begun, busy_before) = (Instant::now(), busy());
        let ended = drain(&spool, &state, metrics.clone());
        let (wall, core) = (begun.elapsed().as_secs_f64(), (busy() - busy_before).as_secs_f64());
        if ended != End::Complete || metrics.rows_committed.get() != lines {
            println!("the agent ended with {ended:?} after {} of {lines} rows", metrics.rows_committed.get());
            return ExitCode::FAILURE;
        }
        let count = lines as f64;
        println!("| {round} | {:.0} | {:.0} | {:.2} |", count / core, count / wall, core * 1e6 / count);
    }
    ExitCode::SUCCESS
}

/// Leaves this thread, and those that it starts, one core, and says which.
fn one_core() -> usize {
    let all = sched_getaffinity(None).expect("the cores there are");
    let core = (0..CpuSet::MAX_CPU).rev().find(|core| all.is_set(*core)).expect("a core");
    let mut one = CpuSet::new();
    one.set(core);
    sched_setaffinity(None, &one).expect("a core of those there are");
    core
}

fn drain(spool: &Path, state: &Path, metrics: Metrics) -> End {
    let max_line_bytes = 1 << 20;
    let options = pipeline::Options {
        agent: "bench".to_owned(),
        spool: spool::Options {
            globs: Globs::new(&[format!("{}/*.ndjson", spool.display())], &[]).expect("a pattern"),
            start_at: StartAt::Beginning,
            limits: tail::Limits { quantum: QUANTUM, max_line_bytes },
            files_open_max: 64,
        },
        reader: reader::Options {
            until: Until::Drained,
            rescan_interval: Duration::from_secs(1),
            batch: LIMITS,
            max_line_bytes,
            shed: shed::limits::Options {
                first: Vec::new(),
                soft_backlog_bytes: u64::MAX,
                max_backlog_bytes: u64::MAX,
                max_age: Duration::from_secs(u64::from(u32::MAX)),
            },
        },
        scrub: scrub::Options::default(),
        connections: 2,
        patience: Patience::Limited(Duration::from_secs(30)),
        shutdown_grace: Duration::from_secs(10),
        quiet_max: Duration::from_secs(600),
        state_directory: state.to_owned(),
        quarantine: quarantine::Options { path: state.join("quarantine.ndjson"), bytes_max: 1 << 20 },
        metrics_listen: None,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    let (_stop, stop) = watch::channel(Stop::No);
    let (_requests, requests) = mpsc::channel(1);
    let sink = Null(Server { version: "none".to_owned(), columns: Columns::default(), progress: Progress::Kept });
    runtime.block_on(pipeline::run(options, sink, metrics, stop, requests)).expect("the agent begins")
}

/// A database that takes everything and keeps nothing.
#[derive(Clone)]
struct Null(Server);

impl Database for Null {
    type Session = Null;

    async fn connect(&self) -> Result<Null, Error> {
        Ok(self.clone())
    }
}

impl Session for Null {
    fn server(&self) -> &Server {
        &self.0
    }

    async fn frontiers(&mut self) -> Result<Vec<Frontier>, Error> {
        Ok(Vec::new())
    }

    async fn begin(&mut self) -> Result<(), Error> {
        Ok(())
    }

    async fn insert(&mut self, batch: &Batch, rows: Range<usize>) -> Result<(), Error> {
        for row in batch.rows(rows) {
            black_box(row);
        }
        Ok(())
    }

    async fn insert_atomic(&mut self, batch: &Batch, rows: Range<usize>) -> Result<(), Error> {
        self.insert(batch, rows).await
    }

    async fn swap(&mut self, _moves: &[Move]) -> Result<Swap, Error> {
        Ok(Swap::Done)
    }

    async fn commit(&mut self) -> Result<(), Error> {
        Ok(())
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        Ok(())
    }

    async fn forget(&mut self, _files: &[FileKey]) -> Result<(), Error> {
        Ok(())
    }

    async fn close(self) {}
}
