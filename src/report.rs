//! What a running agent says of itself: `/status.json`, the line of SIGUSR1, and what `status`, `top` and the page show.
//!
//! Invariant: nothing in it comes from a line, and no text of the server's. The paths are those of files of the spool.
//! Invariant: its size has a bound: [`FILES_MAX`] files, [`HISTORY_MAX`] moments, and names that the program or its config has.

#[cfg(test)]
pub(crate) mod samples;
pub mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How many files are named, the largest first.
pub const FILES_MAX: usize = 20;

/// How many moments the history has.
pub const HISTORY_MAX: usize = 120;

/// What the agent is doing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Report {
    /// The version of the agent.
    pub version: String,
    /// Its name, `agent.id`.
    pub agent: String,
    /// How long it has been running.
    pub uptime_seconds: f64,
    /// How it is.
    pub health: Health,
    /// The database, as the agent sees it.
    pub database: Database,
    /// Per second, over the last ten of them.
    pub rates: Rates,
    /// What is in the spool above the frontiers.
    pub backlog: Backlog,
    /// The files of the spool.
    pub files: Files,
    /// How large batches are.
    pub batch: Batch,
    /// How long the last commits took.
    pub commit: Latency,
    /// From a batch's first line read to its rows committed, of the last batches.
    pub delivery: Latency,
    /// What became of lines since the start.
    pub lines: Lines,
    /// The file of lines in quarantine.
    pub quarantine_file: String,
    /// Secrets taken out since the start, by rule.
    pub secrets_scrubbed: BTreeMap<String, u64>,
    /// Bytes that went away before they were read, since the start.
    pub bytes_vanished: u64,
    /// How long ago the checkpoint file last held every frontier.
    pub checkpoint_age_seconds: f64,
    /// Memory resident, where the kernel tells.
    pub memory_resident_bytes: Option<u64>,
    /// The last minutes, the oldest moment first.
    pub history: History,
}

/// How the agent is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Health {
    /// In a word.
    pub verdict: Verdict,
    /// In sentences for people, each beginning with what it is about.
    pub reasons: Vec<String>,
}

/// How the agent is, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Well.
    #[default]
    Ok,
    /// Something is the matter that a restart does not help.
    Degraded,
    /// A half of the agent makes no progress; a restart may help.
    Stuck,
}

impl Verdict {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Ok => "ok",
            Verdict::Degraded => "degraded",
            Verdict::Stuck => "stuck",
        }
    }
}

/// The database, as the agent sees it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Database {
    /// The state of the circuit: `untried`, `closed`, `open` or `half_open`.
    pub circuit: String,
    /// For how long it has been closed, or not closed; `None` before the first answer.
    pub since_seconds: Option<f64>,
    /// The class of the error that keeps it from being closed.
    pub reason: Option<String>,
    /// The last request that was not done.
    pub last_error: Option<LastError>,
}

impl Database {
    /// Whether it takes requests.
    pub fn is_up(&self) -> bool {
        self.circuit == "closed"
    }

    /// For how long it has been away, and why; `None` while it is not, or was not asked yet.
    pub fn away(&self) -> Option<(Duration, &str)> {
        let reason = self.reason.as_deref()?;
        Some((Duration::try_from_secs_f64(self.since_seconds?).ok()?, reason))
    }
}

/// A request that the database did not do.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct LastError {
    /// Its class.
    pub class: String,
    /// What failed and why, for people.
    pub words: String,
    /// How long ago.
    pub seconds_ago: f64,
}

/// Per second, over the last ten of them.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Rates {
    /// Lines read.
    pub lines: f64,
    /// Rows committed.
    pub rows: f64,
    /// Lines let go.
    pub shed: f64,
}

/// What is in the spool above the frontiers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Backlog {
    /// How many bytes.
    pub bytes: u64,
    /// How many of them were read and are not committed yet.
    pub in_flight_bytes: u64,
    /// The age of the oldest line.
    pub seconds: f64,
    /// The files with the most bytes that are not read yet.
    pub files: Vec<FileBacklog>,
    /// How many more files have such bytes.
    pub more_files: u64,
}

/// What of a file is not read yet.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FileBacklog {
    /// Its path.
    pub path: String,
    /// How many bytes.
    pub unread_bytes: u64,
}

/// The files of the spool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Files {
    /// Followed.
    pub followed: u64,
    /// Open.
    pub open: u64,
    /// Those of which nothing is left but a line that waits for its newline.
    pub unfinished: u64,
    /// Paths that belong to the spool and are not read.
    pub not_read: u64,
}

/// How large batches are.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Batch {
    /// How large one may be now, as a share of what the config allows.
    pub share: f64,
    /// How many may be under way at once now.
    pub at_once: u64,
    /// Rows of the last one that was committed.
    pub last_rows: u64,
}

/// Durations of the last few events of a kind; `None` before the first.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Latency {
    /// Half of them took no longer.
    pub p50_seconds: Option<f64>,
    /// All but a hundredth took no longer.
    pub p99_seconds: Option<f64>,
}

/// What became of lines since the start.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Lines {
    /// Read, but for those that are to be read again.
    pub read: u64,
    /// Committed as rows.
    pub committed: u64,
    /// In quarantine, by reason.
    pub quarantined: BTreeMap<String, u64>,
    /// Let go, by reason and severity.
    pub shed: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Lines {
    /// Lines in quarantine, whatever for.
    pub fn quarantined_in_all(&self) -> u64 {
        self.quarantined.values().sum()
    }

    /// Lines let go, whatever for.
    pub fn shed_in_all(&self) -> u64 {
        self.shed.values().flat_map(BTreeMap::values).sum()
    }

    /// Lines let go, by severity.
    pub fn shed_by_severity(&self) -> BTreeMap<&str, u64> {
        let mut severities = BTreeMap::new();
        for (severity, lines) in self.shed.values().flatten() {
            *severities.entry(severity.as_str()).or_default() += lines;
        }
        severities
    }
}

/// The last minutes, the oldest moment first.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct History {
    /// Between two moments.
    pub interval_seconds: f64,
    /// Rows committed a second.
    pub rows_per_second: Vec<f64>,
    /// Bytes in the spool above the frontiers.
    pub backlog_bytes: Vec<u64>,
    /// How long the slowest commit since the moment before took; `None` where there was none.
    pub commit_seconds: Vec<Option<f64>>,
}

impl fmt::Display for Report {
    /// The line of SIGUSR1.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "circuit={}", self.database.circuit)?;
        if let Some((away, _)) = self.database.away() {
            write!(f, " away_seconds={}", away.as_secs())?;
        }
        let (backlog, files, shed) = (self.backlog.bytes, self.files.followed, self.lines.shed_in_all());
        write!(f, " backlog_bytes={backlog} files={files} lines_shed={shed}")?;
        write!(f, " lines_per_second={:.0} rows_per_second={:.0}", self.rates.lines, self.rates.rows)?;
        match &self.database.last_error {
            Some(LastError { class, seconds_ago, .. }) => write!(f, " last_error={class} seconds_ago={seconds_ago:.0}"),
            None => write!(f, " last_error=none"),
        }
    }
}

/// A duration as JSON shows it, to the microsecond.
pub fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_is_the_matter() {
        let database = Database {
            circuit: "open".to_owned(),
            since_seconds: Some(61.4),
            reason: Some("full".to_owned()),
            last_error: Some(LastError {
                class: "full".to_owned(),
                words: "the server has no room (error 1114)".to_owned(),
                seconds_ago: 3.2,
            }),
        };
        let mut report = Report { database, ..Report::default() };
        report.backlog.bytes = 1024;
        report.files.followed = 2;
        report.rates.lines = 12.4;
        let severities = [("debug".to_owned(), 4), ("info".to_owned(), 3)];
        report.lines.shed.insert("max_age".to_owned(), severities.into());
        assert_eq!(
            report.to_string(),
            "circuit=open away_seconds=61 backlog_bytes=1024 files=2 lines_shed=7 lines_per_second=12 rows_per_second=0 \
             last_error=full seconds_ago=3"
        );
        report = Report::default();
        report.database.circuit = "closed".to_owned();
        report.database.since_seconds = Some(5.0);
        report.files.followed = 1;
        assert_eq!(
            report.to_string(),
            "circuit=closed backlog_bytes=0 files=1 lines_shed=0 lines_per_second=0 rows_per_second=0 last_error=none"
        );
    }

    #[test]
    fn lines_let_go_are_added_up_by_severity() {
        let mut lines = Lines::default();
        lines.shed.insert("max_age".to_owned(), [("debug".to_owned(), 1), ("info".to_owned(), 2)].into());
        lines.shed.insert("max_backlog_bytes".to_owned(), [("info".to_owned(), 4)].into());
        assert_eq!(lines.shed_by_severity(), [("debug", 1), ("info", 6)].into());
        assert_eq!(lines.shed_in_all(), 7);
    }

    #[test]
    fn what_is_written_can_be_read() {
        let mut report = Report::default();
        report.history.commit_seconds = vec![None, Some(0.25)];
        report.health = Health { verdict: Verdict::Stuck, reasons: vec!["reader: …".to_owned()] };
        let json = serde_json::to_string(&report).unwrap();
        assert!(json.contains(r#""verdict":"stuck""#), "{json}");
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    }
}
