//! Quarantine records back through the pipeline, each into the table once.
//!
//! Invariant: a row and the mark of its record are committed together, so that neither an interruption nor a second replay
//! makes a row twice. The marks are frontiers of an agent that cannot exist, one a record, named by the record's hash.

use std::collections::HashSet;
use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use serde::Deserialize;

use crate::batch::{Batch, OriginRef};
use crate::quarantine::LINE_MAX;
use crate::record::{self, Columns, Timestamp};
use crate::row::Row;
use crate::scrub::Scrubber;
use crate::sink::{Class, Database, Error, Progress, Session, Swap};
use crate::spool::{FileKey, Marker, Move, Position};

/// In whose name the marks are. No agent's id has a colon.
pub const AGENT: &str = "tracespool:replay";

/// The longest record that is read: a line of [`LINE_MAX`] bytes, each written as an escape, and a path.
const RECORD_MAX: u64 = 256 << 10;

/// Records of one transaction.
const RECORDS_MOST: usize = 500;

/// What of a record matters.
#[derive(Debug, Deserialize)]
struct Stored {
    at: String,
    file: String,
    offset: u64,
    length: u64,
    line: String,
}

/// A record that may become a row.
struct Record {
    number: u64,
    stored: Stored,
    mark: FileKey,
}

/// What became of the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// They are rows now.
    pub landed: u64,
    /// They were before.
    pub already: u64,
    /// They still cannot be.
    pub refused: u64,
}

/// Why a replay ended early.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    /// The file.
    #[error("reading the records: {0}")]
    File(#[from] std::io::Error),
    /// The database; what is in the table is marked, so that another replay goes on.
    #[error("{0}; run it again, what has landed is known")]
    Database(#[from] Error),
    /// Without the table of the frontiers nothing could be marked.
    #[error("the database has no table for frontiers, so that rows could land twice; run `tracespool migrate`")]
    NoMarks,
}

/// Replays the records of a file; `tell` hears of every record that cannot become a row: its line in the file, and why.
///
/// # Errors
/// The file cannot be read, or the database is away. What was done until then is done.
pub async fn replay<D: Database>(
    database: &D,
    records: &mut impl BufRead,
    scrubber: Scrubber,
    tell: impl FnMut(u64, &str),
) -> Result<Report, Failed> {
    let session = database.connect().await?;
    if session.server().progress == Progress::Absent {
        return Err(Failed::NoMarks);
    }
    let columns = session.server().columns.clone();
    let mut work = Replay { session, columns, scrubber, marked: HashSet::new(), report: Report::default(), tell };
    work.read_marks().await?;
    let done = work.all(records).await;
    let report = work.report;
    work.session.close().await;
    done.map(|()| report)
}

struct Replay<S, T> {
    session: S,
    columns: Columns,
    scrubber: Scrubber,
    marked: HashSet<FileKey>,
    report: Report,
    tell: T,
}

impl<S: Session, T: FnMut(u64, &str)> Replay<S, T> {
    async fn read_marks(&mut self) -> Result<(), Error> {
        self.marked = self.session.frontiers().await?.into_iter().map(|frontier| frontier.file).collect();
        Ok(())
    }

    async fn all(&mut self, records: &mut impl BufRead) -> Result<(), Failed> {
        let mut pending: Vec<Record> = Vec::new();
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            if std::io::Read::take(&mut *records, RECORD_MAX).read_until(b'\n', &mut line)? == 0 {
                break;
            }
            let text = line.trim_ascii();
            if text.is_empty() {
                continue;
            }
            let Ok(stored) = serde_json::from_slice::<Stored>(text) else {
                self.refuse(number, "no record of a quarantine");
                continue;
            };
            let hash = xxhash_rust::xxh3::xxh3_128(text);
            let mark = FileKey { device: (hash >> 64) as u64, inode: hash as u64, birth: 0 };
            if self.marked.contains(&mark) || pending.iter().any(|record| record.mark == mark) {
                self.report.already += 1;
                continue;
            }
            pending.push(Record { number, stored, mark });
            if pending.len() == RECORDS_MOST {
                self.land(std::mem::take(&mut pending)).await?;
            }
        }
        Ok(self.land(pending).await?)
    }

    fn refuse(&mut self, number: u64, why: &str) {
        self.report.refused += 1;
        (self.tell)(number, why);
    }

    /// Makes rows of records: all in one transaction, or one by one if the database refuses one of them.
    async fn land(&mut self, mut records: Vec<Record>) -> Result<(), Error> {
        let mut batch = Batch::new(0, 0, Instant::now());
        let mut fit = Vec::new();
        for record in records.drain(..) {
            match self.push(&mut batch, &record) {
                Ok(()) => fit.push(record),
                Err(why) => self.refuse(record.number, &why),
            }
        }
        if fit.is_empty() {
            return Ok(());
        }
        match self.commit(&batch).await {
            Ok(Swap::Done) => {
                self.report.landed += fit.len() as u64;
                self.marked.extend(fit.iter().map(|record| record.mark));
                return Ok(());
            }
            // Another replay was there before; which of them is seen one by one.
            Ok(Swap::Elsewhere) => self.read_marks().await?,
            Err(error) if matches!(error.class, Class::Data | Class::Unknown) => {}
            Err(error) => return Err(error),
        }
        for record in fit {
            if self.marked.contains(&record.mark) {
                self.report.already += 1;
                continue;
            }
            let mut batch = Batch::new(0, 0, Instant::now());
            if let Err(why) = self.push(&mut batch, &record) {
                self.refuse(record.number, &why);
                continue;
            }
            match self.commit(&batch).await {
                Ok(Swap::Done) => {
                    self.report.landed += 1;
                    self.marked.insert(record.mark);
                }
                Ok(Swap::Elsewhere) => self.report.already += 1,
                Err(error) if matches!(error.class, Class::Data | Class::Unknown) => {
                    self.refuse(record.number, &format!("rejected_by_database: {error}"));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Adds the row of a record to a batch, with its mark.
    fn push(&mut self, batch: &mut Batch, record: &Record) -> Result<(), String> {
        let Record { stored, mark, .. } = record;
        let cut = || {
            let is_cut = stored.line.len() + 4 > LINE_MAX;
            if is_cut {
                "; the record was cut at 8 KiB, the whole line stands in the spool file if that is still there"
            } else {
                ""
            }
        };
        let rejected = |why: record::Rejected| format!("{}: {}{}", why.reason.as_str(), why.detail, cut());
        let at = Timestamp::parse(&stored.at).unwrap_or(Timestamp(0));
        let parsed = record::parse(stored.line.as_bytes(), at, &self.columns).map_err(rejected)?;
        let scrubbed = self.scrubber.scrub(parsed).map_err(rejected)?;
        let row = Row::compose(scrubbed, &self.columns).map_err(rejected)?;
        let path: Arc<Path> = Arc::from(Path::new(&stored.file));
        let origin = OriginRef { path: &path, offset: stored.offset, length: stored.length };
        batch.push(origin, &row);
        let to = Position { generation: 0, offset: stored.offset, marker: Marker(mark.inode) };
        batch.pass(Move { file: *mark, path, from: None, to });
        Ok(())
    }

    async fn commit(&mut self, batch: &Batch) -> Result<Swap, Error> {
        self.session.begin().await?;
        let sent = match self.session.insert(batch, 0..batch.row_count()).await {
            Ok(()) => self.session.swap(batch.moves()).await,
            Err(error) => Err(error),
        };
        match sent {
            Ok(Swap::Done) => self.session.commit().await.map(|()| Swap::Done),
            Ok(Swap::Elsewhere) => self.session.rollback().await.map(|()| Swap::Elsewhere),
            Err(error) => {
                if error.class != Class::Connection {
                    self.session.rollback().await?;
                }
                Err(error)
            }
        }
    }
}
