//! The counters of CONTRACT §7: made once, shared, rendered in one place.
//!
//! Invariant: no label holds anything from a line.

mod recent;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use prometheus::{
    Encoder, Gauge, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};

use crate::record::Severity;
use crate::report::Latency;
use crate::shed::{Reason, Tally};
use recent::Recent;

/// Everything the agent counts.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    lines_read: IntCounter,
    lines: Arc<Lines>,
    /// Rows committed, the agent's own not among them.
    pub rows_committed: IntCounter,
    /// Lines that ended in quarantine, by reason.
    pub lines_quarantined: IntCounterVec,
    /// Lines let go, by reason and severity.
    pub lines_shed: IntCounterVec,
    /// Quarantine records dropped because the file reached `quarantine.max_bytes`.
    pub quarantine_dropped: IntCounter,
    /// Bytes that were no part of a line, by what they were.
    pub bytes_skipped: IntCounterVec,
    /// Bytes that went away before they were read.
    pub bytes_vanished: IntCounter,
    /// Secrets taken out, by rule.
    pub secrets_scrubbed: IntCounterVec,
    backlog_bytes: IntGauge,
    backlog_seconds: Gauge,
    backlog: Arc<Backlog>,
    /// Files followed.
    pub files: IntGauge,
    /// Descriptors of spool files.
    pub files_open: IntGauge,
    /// Files of which nothing is left but an unfinished line.
    pub files_unfinished: IntGauge,
    /// Paths of the spool that are not read.
    pub paths_not_read: IntGauge,
    batch_rows: Histogram,
    commit_seconds: Histogram,
    delivery_seconds: Histogram,
    recent: Arc<Mutex<Recent>>,
    /// 1 while the database takes requests.
    pub database_up: IntGauge,
    /// 1 for the state that the circuit to the database is in.
    pub database_circuit: IntGaugeVec,
    /// Mistakes in the config file, since it was last read again; the config before is in effect then.
    pub config_mistakes: IntGauge,
    /// How large a batch may be now, as a share of what the config allows.
    pub batch_share: Gauge,
    /// How many batches may be under way at once now.
    pub batches_at_once: IntGauge,
    /// Requests that the database did not do, by class.
    pub database_errors: IntCounterVec,
    checkpoint_age_seconds: Gauge,
    checkpoint_current: Arc<Mutex<Instant>>,
}

/// Lines read, and of those the ones that are to be read again because their batch became void.
#[derive(Debug, Default)]
struct Lines {
    taken: AtomicU64,
    voided: AtomicU64,
}

/// Bytes in the spool above the frontiers: those not read yet, and those read that have no end yet.
#[derive(Debug, Default)]
struct Backlog {
    unread: AtomicU64,
    unsettled: AtomicU64,
    /// When the oldest of them were first seen.
    since: Mutex<Option<Instant>>,
}

impl Default for Metrics {
    fn default() -> Self {
        let registry = Registry::new();
        let counter = |name: &str, help: &str| register(&registry, IntCounter::new(name, help));
        let counters = |name: &str, help: &str, labels: &[&str]| {
            register(&registry, IntCounterVec::new(Opts::new(name, help), labels))
        };
        let gauge = |name: &str, help: &str| register(&registry, IntGauge::new(name, help));
        let histogram = |name: &str, help: &str, buckets: &[f64]| {
            register(&registry, Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec())))
        };
        let build = Opts::new("tracespool_build_info", "The version of the agent; always 1.");
        let build = register(&registry, IntGaugeVec::new(build, &["version"]));
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Metrics {
            lines: Arc::default(),
            lines_read: counter("tracespool_lines_read_total", "Lines read from the spool."),
            rows_committed: counter("tracespool_rows_committed_total", "Rows committed to the database."),
            lines_quarantined: counters(
                "tracespool_lines_quarantined_total",
                "Lines that ended in quarantine.",
                &["reason"],
            ),
            lines_shed: counters("tracespool_lines_shed_total", "Lines let go.", &["reason", "severity"]),
            quarantine_dropped: counter(
                "tracespool_quarantine_dropped_total",
                "Quarantine records dropped because the file reached its limit.",
            ),
            bytes_skipped: counters(
                "tracespool_bytes_skipped_total",
                "Bytes of the spool that are no part of a line.",
                &["kind"],
            ),
            bytes_vanished: counter("tracespool_bytes_vanished_total", "Bytes that went away before they were read."),
            secrets_scrubbed: counters("tracespool_secrets_scrubbed_total", "Secrets taken out of lines.", &["rule"]),
            backlog: Arc::default(),
            backlog_bytes: gauge("tracespool_backlog_bytes", "Bytes in the spool above the frontiers."),
            backlog_seconds: register(
                &registry,
                Gauge::new(
                    "tracespool_backlog_seconds",
                    "Age of the oldest line in the spool above the frontiers; an unfinished one is none.",
                ),
            ),
            files: gauge("tracespool_files", "Files of the spool that are followed."),
            files_open: gauge("tracespool_files_open", "Files of the spool that are open."),
            files_unfinished: gauge(
                "tracespool_files_unfinished",
                "Files of the spool of which nothing is left but a line that waits for its newline.",
            ),
            paths_not_read: gauge(
                "tracespool_paths_not_read",
                "Paths of the spool that cannot be read or have no place in it; the log says which and why.",
            ),
            config_mistakes: gauge(
                "tracespool_config_mistakes",
                "Mistakes in the config file when it was last read again; with any, the config before is in effect.",
            ),
            recent: Arc::default(),
            batch_rows: histogram(
                "tracespool_batch_rows",
                "Rows of each committed batch.",
                &[1.0, 10.0, 100.0, 500.0, 1000.0, 2000.0, 5000.0, 10_000.0, 50_000.0],
            ),
            commit_seconds: histogram("tracespool_commit_seconds", "Duration of each commit.", &SECONDS),
            delivery_seconds: histogram(
                "tracespool_delivery_seconds",
                "From a batch's first line read to its rows committed.",
                &SECONDS,
            ),
            database_up: gauge("tracespool_database_up", "1 while the database takes requests."),
            database_circuit: register(
                &registry,
                IntGaugeVec::new(
                    Opts::new(
                        "tracespool_database_circuit",
                        "1 for the state of the circuit to the database: untried, closed, open or half_open.",
                    ),
                    &["state"],
                ),
            ),
            batch_share: register(
                &registry,
                Gauge::new(
                    "tracespool_batch_share",
                    "How large a batch may be now, as a share of `batch.max_rows` and `batch.max_bytes`.",
                ),
            ),
            batches_at_once: gauge(
                "tracespool_batches_at_once",
                "How many batches may be under way at once now; at most `database.connections`.",
            ),
            database_errors: counters(
                "tracespool_database_errors_total",
                "Requests that the database did not do.",
                &["class"],
            ),
            checkpoint_age_seconds: register(
                &registry,
                Gauge::new(
                    "tracespool_checkpoint_age_seconds",
                    "Seconds since the checkpoint file last held every frontier.",
                ),
            ),
            checkpoint_current: Arc::new(Mutex::new(Instant::now())),
            registry,
        }
    }
}

impl Metrics {
    /// Counts lines read, blank ones not among them.
    pub fn lines_taken(&self, lines: u64) {
        self.lines.taken.fetch_add(lines, Ordering::Relaxed);
    }

    /// Takes back lines that will be read again.
    pub fn lines_voided(&self, lines: usize) {
        self.lines.voided.fetch_add(lines as u64, Ordering::Relaxed);
    }

    /// Says that lines that count as void were not: the batch they were in has been committed.
    pub fn lines_read_after_all(&self, lines: usize) {
        self.lines.taken.fetch_add(lines as u64, Ordering::Relaxed);
    }

    /// Lines read, less those that are to be read again.
    pub fn lines(&self) -> u64 {
        let voided = self.lines.voided.load(Ordering::Relaxed);
        self.lines.taken.load(Ordering::Relaxed).saturating_sub(voided)
    }

    /// Bytes in the spool above the frontiers.
    pub fn backlog(&self) -> u64 {
        self.backlog.unread.load(Ordering::Relaxed) + self.backlog.unsettled.load(Ordering::Relaxed)
    }

    /// Bytes of the spool that are not read yet.
    pub fn unread_bytes(&self) -> u64 {
        self.backlog.unread.load(Ordering::Relaxed)
    }

    /// Bytes that were read and wait for their end.
    pub fn unsettled_bytes(&self) -> u64 {
        self.backlog.unsettled.load(Ordering::Relaxed)
    }

    /// Says how many bytes of the spool are not read yet.
    pub fn unread(&self, bytes: u64) {
        self.backlog.unread.store(bytes, Ordering::Relaxed);
    }

    /// Counts lines let go, which were read for that alone.
    pub fn lines_passed(&self, reason: Reason, tally: &Tally) {
        self.lines.taken.fetch_add(tally.lines(), Ordering::Relaxed);
        self.lines_let_go(reason, tally);
    }

    /// Counts lines let go.
    pub fn lines_let_go(&self, reason: Reason, tally: &Tally) {
        for (severity, lines) in tally.by_severity() {
            self.lines_shed.with_label_values(&[reason.as_str(), severity.as_str()]).inc_by(lines);
        }
    }

    /// Lines let go, whatever for.
    pub fn shed(&self) -> u64 {
        Reason::OF_LINES.into_iter().map(|reason| self.shed_for(reason)).sum()
    }

    fn shed_for(&self, reason: Reason) -> u64 {
        let of = |severity: &Severity| self.lines_shed.with_label_values(&[reason.as_str(), severity.as_str()]).get();
        Severity::ALL.iter().map(of).sum()
    }

    /// Says when the oldest line that has no end yet was first seen.
    pub fn backlog_since(&self, since: Option<Instant>) {
        *self.backlog.since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// Counts bytes that were read and wait for their end.
    pub fn unsettled(&self, bytes: u64) {
        self.backlog.unsettled.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts bytes that have their end.
    pub fn settled(&self, bytes: u64) {
        // More can be settled than is known of after reading was set back meanwhile.
        let less = |unsettled: u64| Some(unsettled.saturating_sub(bytes));
        self.backlog.unsettled.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).ok();
    }

    /// Says that nothing that was read waits for its end any more: it will be read again.
    pub fn nothing_unsettled(&self) {
        self.backlog.unsettled.store(0, Ordering::Relaxed);
    }

    /// Says that the checkpoint file now holds every frontier.
    pub fn checkpoint_is_current(&self) {
        *self.checkpoint_current.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long ago the checkpoint file last held every frontier.
    pub fn checkpoint_age(&self) -> Duration {
        self.checkpoint_current.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }

    /// The age of the oldest line in the spool above the frontiers.
    pub fn backlog_age(&self) -> Duration {
        let since = *self.backlog.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.filter(|_| self.backlog() > 0).map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// A commit took that long.
    pub fn commit_took(&self, took: Duration) {
        self.commit_seconds.observe(took.as_secs_f64());
        self.recent().commit_took(took);
    }

    /// A batch of so many rows was committed, that long after its first line was read.
    pub fn batch_committed(&self, rows: u64, delivery: Duration) {
        self.batch_rows.observe(rows as f64);
        self.delivery_seconds.observe(delivery.as_secs_f64());
        self.recent().batch_committed(rows, delivery);
    }

    /// How long the last commits took.
    pub fn commit_latency(&self) -> Latency {
        self.recent().commit_latency()
    }

    /// How long the last batches took from their first line read to their rows committed.
    pub fn delivery_latency(&self) -> Latency {
        self.recent().delivery_latency()
    }

    /// How long the slowest commit took since the last call.
    pub fn take_slowest_commit(&self) -> Option<Duration> {
        self.recent().take_slowest_commit()
    }

    /// Rows of the last batch that was committed.
    pub fn last_batch_rows(&self) -> u64 {
        self.recent().last_batch_rows()
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lines let go, by reason and severity.
    pub fn shed_by_reason(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        let lines = |reason: Reason, severity: Severity| {
            self.lines_shed.with_label_values(&[reason.as_str(), severity.as_str()]).get()
        };
        let severities = |reason| Severity::ALL.map(|severity| (severity.as_str().to_owned(), lines(reason, severity)));
        Reason::OF_LINES.map(|reason| (reason.as_str().to_owned(), severities(reason).into())).into()
    }

    /// Lines that ended in quarantine, by reason.
    pub fn quarantined(&self) -> BTreeMap<String, u64> {
        by_label(&self.lines_quarantined)
    }

    /// Secrets taken out, by rule.
    pub fn scrubbed(&self) -> BTreeMap<String, u64> {
        by_label(&self.secrets_scrubbed)
    }

    /// Lines let go because the quarantine could not take them.
    #[cfg(test)]
    pub(crate) fn lines_not_quarantined(&self) -> u64 {
        self.shed_for(Reason::QuarantineUnwritable)
    }

    /// Lines read, and how many of them have their end.
    #[cfg(test)]
    pub(crate) fn lines_at_rest(&self) -> (u64, u64) {
        let read = self.lines.taken.load(Ordering::Relaxed) - self.lines.voided.load(Ordering::Relaxed);
        (read, self.rows_committed.get() + sum(&self.lines_quarantined) + sum(&self.lines_shed))
    }

    /// The page a Prometheus server reads.
    pub fn render(&self) -> Vec<u8> {
        self.checkpoint_age_seconds.set(self.checkpoint_age().as_secs_f64());
        self.backlog_bytes.set(self.backlog() as i64);
        self.backlog_seconds.set(self.backlog_age().as_secs_f64());
        // A counter never goes back: after lines were taken back it stands still until they were read again.
        self.lines_read.inc_by(self.lines().saturating_sub(self.lines_read.get()));
        let mut page = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut page).expect("writing to memory cannot fail");
        page
    }
}

/// From a commit on a fast disk to an outage that one still waits out.
const SECONDS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

#[cfg(test)]
fn sum(counters: &IntCounterVec) -> u64 {
    let families = prometheus::core::Collector::collect(counters);
    families.iter().flat_map(|family| family.get_metric()).map(|metric| metric.get_counter().get_value() as u64).sum()
}

fn by_label(counters: &IntCounterVec) -> BTreeMap<String, u64> {
    let families = prometheus::core::Collector::collect(counters);
    let counted = families.iter().flat_map(|family| family.get_metric());
    counted
        .filter_map(|metric| {
            let label = metric.get_label().first()?.value().to_owned();
            Some((label, metric.get_counter().get_value() as u64))
        })
        .collect()
}

fn register<C: prometheus::core::Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> C {
    let collector = made.expect("the names of the metrics are well formed");
    registry.register(Box::new(collector.clone())).expect("no two metrics have one name");
    collector
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_let_go_are_added_up_whatever_for() {
        let metrics = Metrics::default();
        assert_eq!(metrics.shed(), 0);
        metrics.lines_shed.with_label_values(&[Reason::MaxAge.as_str(), "info"]).inc_by(3);
        metrics.lines_shed.with_label_values(&[Reason::QuarantineUnwritable.as_str(), "error"]).inc_by(4);
        assert_eq!(metrics.shed(), 7);
    }

    #[test]
    fn the_page_has_the_contracts_names() {
        let metrics = Metrics::default();
        metrics.lines_taken(3);
        metrics.lines_voided(1);
        metrics.lines_quarantined.with_label_values(&["not_json"]).inc();
        metrics.lines_shed.with_label_values(&["quarantine", "info"]).inc();
        metrics.secrets_scrubbed.with_label_values(&["jwt"]).inc();
        metrics.database_errors.with_label_values(&["busy"]).inc();
        metrics.database_circuit.with_label_values(&["half_open"]).set(1);
        metrics.batch_share.set(0.5);
        metrics.batches_at_once.set(2);
        let page = String::from_utf8(metrics.render()).unwrap();
        for line in [
            "tracespool_lines_read_total 2",
            "tracespool_rows_committed_total 0",
            "tracespool_lines_quarantined_total{reason=\"not_json\"} 1",
            "tracespool_lines_shed_total{reason=\"quarantine\",severity=\"info\"} 1",
            "tracespool_bytes_vanished_total 0",
            "tracespool_secrets_scrubbed_total{rule=\"jwt\"} 1",
            "tracespool_backlog_bytes 0",
            "tracespool_backlog_seconds 0",
            "tracespool_files_open 0",
            "tracespool_files_unfinished 0",
            "tracespool_paths_not_read 0",
            "tracespool_batch_rows_count 0",
            "tracespool_commit_seconds_count 0",
            "tracespool_delivery_seconds_count 0",
            "tracespool_database_up 0",
            "tracespool_database_errors_total{class=\"busy\"} 1",
            "tracespool_database_circuit{state=\"half_open\"} 1",
            "tracespool_config_mistakes 0",
            "tracespool_batch_share 0.5",
            "tracespool_batches_at_once 2",
            concat!("tracespool_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
        ] {
            assert!(page.lines().any(|found| found == line), "{line} is missing in\n{page}");
        }
        assert!(page.contains("\ntracespool_checkpoint_age_seconds "), "{page}");
    }
}
