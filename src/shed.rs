//! Letting go: which lines are given up when the database cannot take them all, and how that is declared (CONTRACT §4.3).
//!
//! `trend` says whether the backlog shrinks, `limits` what is to be let go, `note` keeps what was let go while there is no
//! database to declare it in. Reading on and committing is the pipeline's.
//!
//! Invariant: every line let go is a unit of exactly one [`Tally`], and every tally becomes one row of the table.
//! Invariant: no I/O and no clock but in `note::NoteFile`, which writes one file.

pub mod limits;

pub mod note;

pub mod trend;

use serde::{Deserialize, Serialize};

use crate::record::{Severity, Timestamp};
use crate::row::Row;

/// The `event_key` of a declaration.
pub const EVENT_KEY: &str = "tracespool.shed";

/// Why lines were let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The backlog was over `shed.soft_backlog_bytes`, and the line of a severity in `shed.first`.
    SoftBacklogBytes,
    /// The backlog was over `shed.max_backlog_bytes`.
    MaxBacklogBytes,
    /// The line was older than `shed.max_age`.
    MaxAge,
    /// The line belonged into the quarantine, which could not be written to.
    QuarantineUnwritable,
    /// The bytes went away before they were read.
    Vanished,
}

impl Reason {
    /// The reasons that lines can be counted under; of what vanished only the bytes are known.
    pub const OF_LINES: [Reason; 4] =
        [Reason::SoftBacklogBytes, Reason::MaxBacklogBytes, Reason::MaxAge, Reason::QuarantineUnwritable];

    /// The word in metrics, log lines and declarations.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::SoftBacklogBytes => "soft_backlog_bytes",
            Reason::MaxBacklogBytes => "max_backlog_bytes",
            Reason::MaxAge => "max_age",
            Reason::QuarantineUnwritable => "quarantine_unwritable",
            Reason::Vanished => "vanished",
        }
    }
}

/// A line that is let go, as far as a declaration tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lost {
    /// Offset of its first byte.
    pub offset: u64,
    /// Its bytes without the newline.
    pub length: u64,
    /// Its severity; `info` where it has none.
    pub severity: Severity,
    /// Its `created_at`; `None` where it is no record.
    pub created_at: Option<Timestamp>,
}

/// Lines of one file that were let go for one reason, added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    from_offset: u64,
    to_offset: u64,
    by_severity: [u64; Severity::ALL.len()],
    first_created_at: Option<i64>,
    last_created_at: Option<i64>,
}

impl Tally {
    /// A stretch of a file of which nothing but its ends is known.
    pub fn of_bytes(from_offset: u64, to_offset: u64) -> Self {
        Tally { from_offset, to_offset, ..Tally::default() }
    }

    /// Adds a line.
    pub fn add(&mut self, line: Lost) {
        let created_at = line.created_at.map(|Timestamp(micros)| micros);
        let mut one = Tally {
            from_offset: line.offset,
            to_offset: line.offset + line.length + 1,
            first_created_at: created_at,
            last_created_at: created_at,
            ..Tally::default()
        };
        one.by_severity[line.severity as usize] = 1;
        self.absorb(&one);
    }

    /// Adds the lines of another tally of the same file.
    pub fn absorb(&mut self, other: &Tally) {
        if self.is_empty() {
            *self = *other;
            return;
        }
        if other.is_empty() {
            return;
        }
        self.from_offset = self.from_offset.min(other.from_offset);
        self.to_offset = self.to_offset.max(other.to_offset);
        for (mine, theirs) in self.by_severity.iter_mut().zip(other.by_severity) {
            *mine += theirs;
        }
        self.first_created_at = [self.first_created_at, other.first_created_at].into_iter().flatten().min();
        self.last_created_at = self.last_created_at.max(other.last_created_at);
    }

    /// How many lines.
    pub fn lines(&self) -> u64 {
        self.by_severity.iter().sum()
    }

    /// How many lines of each severity.
    pub fn by_severity(&self) -> impl Iterator<Item = (Severity, u64)> {
        Severity::ALL.into_iter().zip(self.by_severity).filter(|(_, lines)| *lines > 0)
    }

    /// Whether it tells of nothing.
    pub fn is_empty(&self) -> bool {
        self.lines() == 0 && self.from_offset == self.to_offset
    }
}

/// What a row of the table is to say about lines that have none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// The file's last path.
    pub path: String,
    /// Why.
    pub reason: Reason,
    /// What.
    pub tally: Tally,
}

#[derive(Serialize)]
struct Metadata<'a> {
    agent: &'a str,
    file: &'a str,
    from_offset: u64,
    to_offset: u64,
    lines: u64,
    by_severity: serde_json::Map<String, serde_json::Value>,
    first_created_at: Option<String>,
    last_created_at: Option<String>,
    reason: &'static str,
}

impl Declaration {
    /// The row that declares it, in the name of `agent`.
    pub fn row(&self, agent: &str, now: Timestamp) -> Row<'static> {
        let moment = |micros: i64| Timestamp(micros).to_string().replacen(' ', "T", 1) + "Z";
        let severities = self.tally.by_severity().map(|(severity, lines)| (severity.as_str().to_owned(), lines.into()));
        let metadata = Metadata {
            agent,
            file: &self.path,
            from_offset: self.tally.from_offset,
            to_offset: self.tally.to_offset,
            lines: self.tally.lines(),
            by_severity: severities.collect(),
            first_created_at: self.tally.first_created_at.map(moment),
            last_created_at: self.tally.last_created_at.map(moment),
            reason: self.reason.as_str(),
        };
        let metadata = serde_json::to_string(&metadata).expect("writing to memory cannot fail");
        Row::own(EVENT_KEY, Severity::Warning, metadata, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(offset: u64, severity: Severity, created_at: Option<i64>) -> Lost {
        Lost { offset, length: 9, severity, created_at: created_at.map(Timestamp) }
    }

    #[test]
    fn a_tally_adds_up_lines_and_other_tallies() {
        let mut one = Tally::default();
        assert!(one.is_empty());
        one.add(line(10, Severity::Debug, Some(5)));
        one.add(line(20, Severity::Error, None));
        let mut other = Tally::default();
        other.add(line(40, Severity::Debug, Some(3)));
        one.absorb(&other);
        one.absorb(&Tally::default());
        assert_eq!((one.from_offset, one.to_offset, one.lines()), (10, 50, 3));
        assert_eq!(one.by_severity().collect::<Vec<_>>(), [(Severity::Debug, 2), (Severity::Error, 1)]);
        assert_eq!((one.first_created_at, one.last_created_at), (Some(3), Some(5)));
    }

    #[test]
    fn the_row_is_that_of_the_contract() {
        let mut tally = Tally::default();
        tally.add(line(0, Severity::Debug, Some(1_700_000_000_123_456)));
        tally.add(line(10, Severity::Warning, Some(1_700_000_001_000_000)));
        let declaration =
            Declaration { path: "/spool/a \"b\".ndjson".to_owned(), reason: Reason::MaxBacklogBytes, tally };
        let row = declaration.row("web-1", Timestamp(7));
        assert_eq!(
            (row.event_key.as_ref(), row.severity, row.created_at),
            (EVENT_KEY, Severity::Warning, Timestamp(7))
        );
        assert_eq!(
            row.metadata.as_deref(),
            Some(concat!(
                r#"{"agent":"web-1","file":"/spool/a \"b\".ndjson","from_offset":0,"to_offset":20,"lines":2,"#,
                r#""by_severity":{"debug":1,"warning":1},"first_created_at":"2023-11-14T22:13:20.123456Z","#,
                r#""last_created_at":"2023-11-14T22:13:21.000000Z","reason":"max_backlog_bytes"}"#
            ))
        );
        let gone = Declaration { path: "/a".to_owned(), reason: Reason::Vanished, tally: Tally::of_bytes(7, 19) };
        assert_eq!(
            gone.row("w", Timestamp(0)).metadata.as_deref(),
            Some(concat!(
                r#"{"agent":"w","file":"/a","from_offset":7,"to_offset":19,"lines":0,"by_severity":{},"#,
                r#""first_created_at":null,"last_created_at":null,"reason":"vanished"}"#
            ))
        );
    }
}
