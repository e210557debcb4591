//! What the running agent is doing: put together from the counters, the circuit and what both halves say of themselves.
//!
//! Invariant: nothing in it comes from a line, and no text of the server's.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::watchdog::{Half, Stuck, Watchdog};
use super::writer::Writers;
use super::{lock, reader};
use crate::endpoint;
use crate::metrics::Metrics;
use crate::record::Reason;
use crate::report::words::{counted, duration, tallies};
use crate::report::{self, Health, History, LastError, Rates, Report, Verdict, seconds};
use crate::sink::Database;
use crate::sink::circuit::{Circuit, State};

/// How often the counters are looked at.
pub const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

/// Over how long rates are taken.
const WINDOW: Duration = Duration::from_secs(10);

/// How old the checkpoint file may be before that is worth a word.
const CHECKPOINT_AGE_MAX: Duration = Duration::from_secs(60);

/// How often is told at most that lines are quarantined.
const QUARANTINE_TOLD: Duration = Duration::from_secs(60);

/// Everything that a report is made of.
#[derive(Debug)]
pub struct Board<D> {
    agent: String,
    started: Instant,
    metrics: Metrics,
    samples: Mutex<Samples>,
    refusals: Mutex<Refusals>,
    quarantine: PathBuf,
    reader: reader::Handle,
    writers: Arc<Writers<D>>,
}

impl<D: Database> Board<D> {
    /// The board of an agent that starts now.
    pub fn new(
        agent: String,
        quarantine: PathBuf,
        metrics: Metrics,
        reader: reader::Handle,
        writers: Arc<Writers<D>>,
    ) -> Self {
        let (samples, refusals) = (Mutex::default(), Mutex::default());
        Board { agent, started: Instant::now(), metrics, samples, refusals, quarantine, reader, writers }
    }

    /// Takes in what the counters say now.
    pub fn sample(&self) {
        let sample = Sample {
            at: Instant::now(),
            lines: self.metrics.lines(),
            rows: self.metrics.rows_committed.get(),
            shed: self.metrics.shed(),
            backlog_bytes: self.metrics.backlog(),
            slowest_commit: self.metrics.take_slowest_commit(),
        };
        let now = sample.at;
        lock(&self.samples).add(sample);
        if let Some(reasons) = lock(&self.refusals).news(self.metrics.quarantined(), now) {
            tracing::warn!(reasons, file = %self.quarantine.display(), "lines were quarantined; the file says which and why");
        }
    }

    /// What the agent is doing.
    pub fn report(&self) -> Report {
        let now = Instant::now();
        let (rates, let_go, history) = {
            let samples = lock(&self.samples);
            (samples.rates(), samples.let_go(), samples.history())
        };
        let mut view = self.reader.view();
        if self.metrics.unread_bytes() == 0 {
            // The view is from a moment ago, the sum from the last batch.
            (view.files, view.more_files) = (Vec::new(), 0);
        }
        let database = database(&self.writers.circuit(), now);
        let checkpoint_age = self.metrics.checkpoint_age();
        let reasons = Reasons {
            stuck: self.reader.watchdog().stuck(now),
            database: &database,
            not_read: view.not_read,
            let_go,
            checkpoint_age,
            config_mistakes: self.metrics.config_mistakes.get().unsigned_abs(),
        };
        Report {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            agent: self.agent.clone(),
            uptime_seconds: seconds(now.saturating_duration_since(self.started)),
            health: reasons.health(),
            rates,
            backlog: report::Backlog {
                bytes: self.metrics.backlog(),
                in_flight_bytes: self.metrics.unsettled_bytes(),
                seconds: seconds(self.metrics.backlog_age()),
                files: view.files,
                more_files: view.more_files,
            },
            files: report::Files {
                followed: self.metrics.files.get().unsigned_abs(),
                open: self.metrics.files_open.get().unsigned_abs(),
                unfinished: self.metrics.files_unfinished.get().unsigned_abs(),
                not_read: view.not_read,
            },
            batch: report::Batch {
                share: self.metrics.batch_share.get(),
                at_once: self.metrics.batches_at_once.get().unsigned_abs(),
                last_rows: self.metrics.last_batch_rows(),
            },
            commit: self.metrics.commit_latency(),
            delivery: self.metrics.delivery_latency(),
            lines: report::Lines {
                read: self.metrics.lines(),
                committed: self.metrics.rows_committed.get(),
                quarantined: self.metrics.quarantined(),
                shed: self.metrics.shed_by_reason(),
            },
            quarantine_file: self.quarantine.to_string_lossy().into_owned(),
            secrets_scrubbed: self.metrics.scrubbed(),
            bytes_vanished: self.metrics.bytes_vanished.get(),
            checkpoint_age_seconds: seconds(checkpoint_age),
            memory_resident_bytes: memory_resident(),
            history,
            database,
        }
    }

    /// Whether a restart could help.
    pub fn watchdog(&self) -> &Watchdog {
        self.reader.watchdog()
    }
}

impl<D: Database> endpoint::Source for Board<D> {
    fn metrics(&self) -> Vec<u8> {
        self.metrics.render()
    }

    fn report(&self) -> Report {
        Board::report(self)
    }
}

/// The database as its circuit sees it.
fn database(circuit: &Circuit, now: Instant) -> report::Database {
    let ago = |then: Instant| seconds(now.saturating_duration_since(then));
    report::Database {
        circuit: circuit.state().as_str().to_owned(),
        since_seconds: circuit.since().map(ago),
        reason: match circuit.state() {
            State::Untried | State::Closed => None,
            State::Open(away) | State::HalfOpen(away) => Some(away.class.as_str().to_owned()),
        },
        last_error: circuit.last_failure().map(|last| LastError {
            class: last.class.as_str().to_owned(),
            words: last.words.clone(),
            seconds_ago: ago(last.at),
        }),
    }
}

/// What was told of lines in quarantine.
#[derive(Debug, Default)]
struct Refusals {
    told: BTreeMap<String, u64>,
    at: Option<Instant>,
}

impl Refusals {
    /// How many lines are new in quarantine by reason, if there are any and it is time to say so.
    fn news(&mut self, quarantined: BTreeMap<String, u64>, now: Instant) -> Option<String> {
        if self.at.is_some_and(|at| now.saturating_duration_since(at) < QUARANTINE_TOLD) {
            return None;
        }
        let since = |(reason, lines): (&String, &u64)| {
            let before = self.told.get(reason).copied().unwrap_or_default();
            (reason.clone(), lines.saturating_sub(before))
        };
        let words = tallies(&quarantined.iter().map(since).collect(), Reason::ALL.len())?;
        self.told = quarantined;
        self.at = Some(now);
        Some(words)
    }
}

/// What the health of the agent follows from.
struct Reasons<'r> {
    stuck: Vec<Stuck>,
    database: &'r report::Database,
    not_read: u64,
    /// Lines let go in the last few seconds.
    let_go: u64,
    checkpoint_age: Duration,
    /// Mistakes in the config file, since it was last read again.
    config_mistakes: u64,
}

impl Reasons<'_> {
    fn health(&self) -> Health {
        let mut reasons: Vec<String> = self.stuck.iter().map(stuck_words).collect();
        match self.database.away() {
            Some((away, class)) => {
                let away = duration(Duration::from_secs(away.as_secs()));
                reasons.push(format!("database: away for {away} ({class}); the lines wait in the spool"));
            }
            None if !self.database.is_up() => reasons.push("database: not reached yet".to_owned()),
            None => {}
        }
        if self.not_read > 0 {
            let (paths, are) = (counted(self.not_read, "path", "paths"), if self.not_read == 1 { "is" } else { "are" });
            reasons.push(format!("spool: {paths} {are} not read; the log says which and why"));
        }
        if self.let_go > 0 {
            let (lines, were) = (counted(self.let_go, "line", "lines"), if self.let_go == 1 { "was" } else { "were" });
            reasons.push(format!("shed: {lines} {were} let go in the last {} s", WINDOW.as_secs()));
        }
        if self.checkpoint_age > CHECKPOINT_AGE_MAX {
            let age = duration(Duration::from_secs(self.checkpoint_age.as_secs()));
            reasons.push(format!("checkpoint: not written for {age}; look at the disk of `state.directory`"));
        }
        if self.config_mistakes > 0 {
            let mistakes = counted(self.config_mistakes, "mistake", "mistakes");
            reasons.push(format!(
                "config: the file has {mistakes}, and the config before is in effect; see `tracespool check`"
            ));
        }
        let verdict = match (self.stuck.is_empty(), reasons.is_empty()) {
            (false, _) => Verdict::Stuck,
            (true, false) => Verdict::Degraded,
            (true, true) => Verdict::Ok,
        };
        Health { verdict, reasons }
    }
}

/// What people are told of a half that makes no progress.
pub(crate) fn stuck_words(stuck: &Stuck) -> String {
    let silent = duration(Duration::from_secs(stuck.silent.as_secs()));
    match stuck.half {
        Half::Reading => format!("reader: no progress for {silent}; a restart may help"),
        Half::Writing => {
            format!("writer: a batch waits and nothing is asked of the database for {silent}; a restart may help")
        }
    }
}

/// Memory resident, from the kernel.
fn memory_resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

/// A look at the counters.
#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Instant,
    lines: u64,
    rows: u64,
    shed: u64,
    backlog_bytes: u64,
    slowest_commit: Option<Duration>,
}

/// The counters of the last minutes.
#[derive(Debug, Default)]
struct Samples(VecDeque<Sample>);

impl Samples {
    fn add(&mut self, sample: Sample) {
        // One more than there are moments between them.
        while self.0.len() > report::HISTORY_MAX {
            self.0.pop_front();
        }
        self.0.push_back(sample);
    }

    /// The first and the last sample of the window.
    fn window(&self) -> Option<(Sample, Sample)> {
        let last = *self.0.back()?;
        let reaches_over = |sample: &&Sample| last.at.saturating_duration_since(sample.at) >= WINDOW;
        let first = self.0.iter().rev().find(reaches_over).or_else(|| self.0.front())?;
        Some((*first, last))
    }

    /// The rates between the first sample of the window and the last.
    fn rates(&self) -> Rates {
        let Some((first, last)) = self.window() else { return Rates::default() };
        let rate = |before: u64, after: u64| per_second(before, after, last.at.saturating_duration_since(first.at));
        Rates {
            lines: rate(first.lines, last.lines),
            rows: rate(first.rows, last.rows),
            shed: rate(first.shed, last.shed),
        }
    }

    /// Lines let go within the window.
    fn let_go(&self) -> u64 {
        self.window().map_or(0, |(first, last)| last.shed.saturating_sub(first.shed))
    }

    fn history(&self) -> History {
        let steps = || self.0.iter().zip(self.0.iter().skip(1));
        let rows = |(before, after): (&Sample, &Sample)| {
            per_second(before.rows, after.rows, after.at.saturating_duration_since(before.at))
        };
        History {
            interval_seconds: seconds(SAMPLE_INTERVAL),
            rows_per_second: steps().map(rows).collect(),
            backlog_bytes: steps().map(|(_, after)| after.backlog_bytes).collect(),
            commit_seconds: steps().map(|(_, after)| after.slowest_commit.map(seconds)).collect(),
        }
    }
}

/// How much a counter rose a second, to the thousandth. One that was taken back did not rise.
fn per_second(before: u64, after: u64, within: Duration) -> f64 {
    if within.is_zero() {
        return 0.0;
    }
    (after.saturating_sub(before) as f64 / within.as_secs_f64() * 1e3).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::Class;

    fn sample(at: Instant, lines: u64, rows: u64) -> Sample {
        Sample { at, lines, rows, shed: lines / 10, backlog_bytes: lines, slowest_commit: None }
    }

    #[test]
    fn lines_in_quarantine_are_told_at_once_and_then_once_a_minute() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut refusals = Refusals::default();
        let counts = |list: &[(&str, u64)]| list.iter().map(|(reason, lines)| ((*reason).to_owned(), *lines)).collect();
        assert_eq!(refusals.news(counts(&[("not_json", 0)]), start), None);
        assert_eq!(refusals.news(counts(&[("not_json", 2)]), after(1)).as_deref(), Some("not_json 2"));
        assert_eq!(refusals.news(counts(&[("not_json", 9)]), after(60)), None);
        let both = counts(&[("not_json", 12), ("too_long", 1)]);
        assert_eq!(refusals.news(both, after(61)).as_deref(), Some("not_json 10, too_long 1"));
        assert_eq!(refusals.news(counts(&[("not_json", 12), ("too_long", 1)]), after(200)), None);
    }

    #[test]
    fn rates_are_those_of_the_last_ten_seconds() {
        let start = Instant::now();
        let mut samples = Samples::default();
        assert_eq!(samples.rates(), Rates::default());
        samples.add(sample(start, 0, 0));
        assert_eq!(samples.rates(), Rates::default());
        for second in 1..=1000 {
            let lines = if second <= 500 { second * 1000 } else { 500_000 + (second - 500) * 10 };
            samples.add(sample(start + Duration::from_secs(second), lines, lines / 2));
            assert!(samples.0.len() <= report::HISTORY_MAX + 1);
        }
        assert_eq!(samples.rates(), Rates { lines: 10.0, rows: 5.0, shed: 1.0 });
        assert_eq!(samples.let_go(), 10);
    }

    #[test]
    fn a_counter_that_was_taken_back_is_no_rate_below_zero() {
        let start = Instant::now();
        let mut samples = Samples::default();
        samples.add(sample(start, 500, 0));
        samples.add(sample(start + Duration::from_secs(1), 100, 0));
        assert_eq!(samples.rates(), Rates::default());
    }

    #[test]
    fn the_history_has_one_moment_for_each_second_and_an_end() {
        let start = Instant::now();
        let mut samples = Samples::default();
        assert_eq!(samples.history().rows_per_second, [0.0; 0]);
        for second in 0..=500 {
            let slowest_commit = (second % 2 == 0).then_some(Duration::from_millis(second));
            let sample = sample(start + Duration::from_secs(second), second * 4, second * 3);
            samples.add(Sample { slowest_commit, ..sample });
        }
        let history = samples.history();
        assert_eq!(history.rows_per_second, vec![3.0; report::HISTORY_MAX]);
        assert_eq!(history.backlog_bytes.len(), report::HISTORY_MAX);
        assert_eq!(history.backlog_bytes.last(), Some(&2_000));
        assert_eq!(history.commit_seconds[118..], [None, Some(0.5)]);
    }

    fn reasons(database: &report::Database) -> Reasons<'_> {
        Reasons {
            stuck: Vec::new(),
            database,
            not_read: 0,
            let_go: 0,
            checkpoint_age: Duration::ZERO,
            config_mistakes: 0,
        }
    }

    #[test]
    fn the_health_gives_its_reasons_and_only_a_stuck_half_asks_for_a_restart() {
        let now = Instant::now();
        let then = |seconds| now - Duration::from_secs(seconds);
        let mut circuit = Circuit::default();
        let untried = database(&circuit, now);
        circuit.succeeded(then(90));
        circuit.failed(Class::Busy, "why", then(80));
        let up = database(&circuit, now);
        assert_eq!(reasons(&up).health(), Health::default());
        assert_eq!((up.since_seconds, up.last_error.as_ref().unwrap().seconds_ago), (Some(90.0), 80.0));
        circuit.succeeded(then(70));
        circuit.failed(Class::Full, "why", then(61));
        let away = database(&circuit, now);
        let mut ill = reasons(&away);
        ill.config_mistakes = 1;
        ill.not_read = 2;
        ill.let_go = 1;
        ill.checkpoint_age = Duration::from_secs(90);
        let health = ill.health();
        assert_eq!(health.verdict, Verdict::Degraded);
        assert_eq!(
            health.reasons,
            [
                "database: away for 1 min 1 s (full); the lines wait in the spool",
                "spool: 2 paths are not read; the log says which and why",
                "shed: 1 line was let go in the last 10 s",
                "checkpoint: not written for 1 min 30 s; look at the disk of `state.directory`",
                "config: the file has 1 mistake, and the config before is in effect; see `tracespool check`",
            ]
        );
        let mut stuck = reasons(&untried);
        stuck.stuck = vec![Stuck { half: Half::Reading, silent: Duration::from_secs(75) }];
        let health = stuck.health();
        assert_eq!(health.verdict, Verdict::Stuck);
        assert_eq!(
            health.reasons,
            ["reader: no progress for 1 min 15 s; a restart may help", "database: not reached yet"]
        );
    }
}
