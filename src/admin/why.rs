//! What became of a line: not read yet, a row, a quarantine record, let go, and how sure that is.
//!
//! Invariant: an answer that is not certain says so.
//! Invariant: nothing of the line is in an answer.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mysql_async::Value;
use serde::Deserialize;

use super::Reader;
use super::frontiers::{Error, Opened};
use super::trace::{COLUMNS, Found};
use crate::record::{self, Timestamp};
use crate::row::Row;
use crate::scrub::{Extent, Scrubber};
use crate::shed;
use crate::sink::class::is_denied;
use crate::spool::files::{Disk, Kind};
use crate::spool::globs::Globs;
use crate::spool::{FileKey, Marker, Position};

/// What an answer needs.
#[derive(Debug)]
pub struct Options {
    /// In whose name the frontiers are.
    pub agent: String,
    /// The spool.
    pub globs: Globs,
    /// The quarantine file.
    pub quarantine: PathBuf,
    /// The longest line.
    pub line_max: u64,
}

/// Rows that have the values of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// None.
    None,
    /// One.
    One(String),
    /// Several, of which one or more may be other lines'. The first few.
    Several(Vec<String>),
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Nothing stands at the offset.
    BehindEnd {
        /// Where the file ends.
        size: u64,
    },
    /// It has no newline yet.
    Unfinished,
    /// It is not committed: not read yet, or on its way.
    Waiting {
        /// Bytes of the file between the frontier and the line; `None` where the file has no frontier.
        before: Option<u64>,
        /// Whether the agent looks at the file at all.
        followed: Followed,
    },
    /// It is a quarantine record.
    Quarantined {
        /// Which line of the file.
        record: u64,
        /// Why.
        reason: String,
        /// Why, for people.
        detail: String,
    },
    /// It is a row.
    Row(Match),
    /// It was let go.
    LetGo {
        /// The row that declares it.
        row: String,
        /// Why.
        reason: String,
        /// Whether the declaration is of every line in its range, this one among them.
        certain: Certain,
    },
    /// The frontier has passed it, and nothing of it is found.
    Passed,
    /// The frontier has passed it, it is not in quarantine, and this account may not look for rows.
    Unseen,
    /// It would be quarantined, and was not found.
    WouldBeRefused {
        /// Why.
        reason: String,
        /// Why, for people.
        detail: String,
    },
    /// It was found nowhere.
    Nowhere,
}

/// Whether the config's paths take a file in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// They do.
    Yes,
    /// They do not.
    No,
}

/// Whether an answer can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certain {
    /// It cannot.
    Yes,
    /// It can.
    No,
}

/// A line, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Where it stands, if it stands anywhere.
    pub place: Option<(PathBuf, u64)>,
    /// What became of it.
    pub end: End,
}

/// How many rows with the same values are told.
const ROWS_MOST: usize = 20;

/// How many declarations are looked through, the newest.
const DECLARATIONS_MOST: usize = 20_000;

/// How many places of a pasted line are told.
const PLACES_MOST: usize = 10;

/// How much of a file is searched at once.
const PIECE: u64 = 4 << 20;

/// One question after the other.
pub struct Inquiry<'a> {
    reader: &'a mut Reader,
    options: &'a Options,
    scrubber: Scrubber,
}

#[derive(Deserialize)]
struct Quarantined {
    file: String,
    offset: u64,
    length: u64,
    reason: String,
    detail: String,
    line: String,
}

#[derive(Deserialize)]
struct Declared {
    agent: String,
    file: String,
    from_offset: u64,
    to_offset: u64,
    reason: String,
    by_severity: serde_json::Map<String, serde_json::Value>,
}

/// A frontier, and the last path of its file.
struct Known {
    position: Position,
    path: String,
}

impl<'a> Inquiry<'a> {
    /// Asks this database.
    pub fn new(reader: &'a mut Reader, options: &'a Options, scrubber: Scrubber) -> Self {
        Inquiry { reader, options, scrubber }
    }

    /// What became of the line at, or around, an offset of a file.
    ///
    /// # Errors
    /// The file cannot be read, or the database cannot be asked.
    pub async fn at(&mut self, path: &Path, offset: u64) -> Result<Answer, Error> {
        let file = Opened::open(path)?;
        let failed = |source| Error::File { path: path.to_owned(), source };
        if offset >= file.size {
            let end = End::BehindEnd { size: file.size };
            return Ok(Answer { place: Some((file.path, offset)), end });
        }
        let first = offset.saturating_sub(self.options.line_max);
        let before = file.bytes(first, offset).map_err(failed)?;
        let start = memchr::memrchr(b'\n', &before).map_or(first, |at| first + at as u64 + 1);
        let mut line = file.bytes(start, (start + self.options.line_max + 1).max(offset + 1)).map_err(failed)?;
        let end = memchr::memchr(b'\n', &line);
        let is_whole = end.is_some();
        line.truncate(end.unwrap_or(line.len()));
        let place = Some((file.path.clone(), start));
        if !is_whole && start + line.len() as u64 == file.size {
            return Ok(Answer { place, end: End::Unfinished });
        }
        let known = self.frontier(file.key).await?;
        // Another content than the frontier was made of has been read nowhere.
        let known = match known {
            Some(known) if file.holds(known.position).map_err(failed)? => Some(known),
            Some(_) | None => None,
        };
        let end = match known {
            Some(known) if known.position.offset > start => self.passed(&file, start, &line, &known).await?,
            Some(Known { position: Position { offset, .. }, .. }) => {
                End::Waiting { before: Some(start - offset), followed: self.followed(&file.path) }
            }
            None => End::Waiting { before: None, followed: self.followed(&file.path) },
        };
        Ok(Answer { place, end })
    }

    /// What became of a line, by its text.
    ///
    /// # Errors
    /// As [`Inquiry::at`].
    pub async fn of(&mut self, line: &str) -> Result<Vec<Answer>, Error> {
        let line = line.trim_end_matches(['\r', '\n']);
        let mut answers = Vec::new();
        for (path, kind) in self.options.globs.walk(&Disk).paths {
            if kind != Kind::Regular {
                continue;
            }
            for offset in places(&path, line.as_bytes()) {
                answers.push(self.at(&path, offset).await?);
            }
            if answers.len() >= PLACES_MOST {
                answers.truncate(PLACES_MOST);
                break;
            }
        }
        if answers.is_empty() {
            answers.push(Answer { place: None, end: self.nowhere_in_spool(line).await? });
        }
        Ok(answers)
    }

    async fn nowhere_in_spool(&mut self, line: &str) -> Result<End, Error> {
        let rows = match self.rows(line.as_bytes()).await? {
            Ok(rows) => rows,
            Err(why) => {
                let scrubbed = self.scrubber.scrub_text(line, Extent::Whole);
                let record = self.record(|record| record.line == scrubbed.as_str());
                let refused = End::WouldBeRefused { reason: why.reason.as_str().to_owned(), detail: why.detail };
                return Ok(record.unwrap_or(refused));
            }
        };
        Ok(match rows {
            Match::None => End::Nowhere,
            rows => End::Row(rows),
        })
    }

    /// What became of a line that the frontier of its file has passed.
    async fn passed(&mut self, file: &Opened, start: u64, line: &[u8], known: &Known) -> Result<End, Error> {
        let real = file.path.to_string_lossy().into_owned();
        let paths = BTreeSet::from([real.as_str(), known.path.as_str()]);
        let length = line.len() as u64;
        let is_it = |record: &Quarantined| {
            record.offset == start && (paths.contains(record.file.as_str()) || record.length == length)
        };
        if let Some(end) = self.record(is_it) {
            return Ok(end);
        }
        let rows = match self.rows(line).await {
            Err(Error::Database(error)) if error.code.is_some_and(is_denied) => return Ok(End::Unseen),
            rows => rows?.unwrap_or(Match::None),
        };
        if rows != Match::None {
            return Ok(End::Row(rows));
        }
        let severity = record::parse(line, Timestamp(0), &self.reader.columns()).map(|record| record.severity.as_str());
        let severity = severity.unwrap_or("info");
        Ok(self.declared(&paths, start, severity).await?.unwrap_or(End::Passed))
    }

    async fn frontier(&mut self, key: FileKey) -> Result<Option<Known>, Error> {
        let sql = format!(
            "SELECT CAST(generation AS CHAR), CAST(frontier AS CHAR), marker, path FROM {} WHERE agent = ? AND file = ?",
            self.reader.progress()
        );
        let values = vec![Value::from(self.options.agent.as_str()), Value::from(key.to_string())];
        let rows = self.reader.rows("reading the frontier", &sql, values, 1).await?;
        Ok(rows.first().and_then(|row| {
            let [Some(generation), Some(offset), Some(marker), Some(path)] = row.as_slice() else { return None };
            let marker = Marker(u64::from_str_radix(marker, 16).ok()?);
            let position = Position { generation: generation.parse().ok()?, offset: offset.parse().ok()?, marker };
            Some(Known { position, path: path.clone() })
        }))
    }

    fn followed(&self, path: &Path) -> Followed {
        let found = self.options.globs.walk(&Disk);
        let is_it = |found: &Path| found == path || std::fs::canonicalize(found).is_ok_and(|real| real == path);
        if found.paths.iter().any(|(found, _)| is_it(found)) { Followed::Yes } else { Followed::No }
    }

    /// The first quarantine record that is the one.
    fn record(&self, is_it: impl Fn(&Quarantined) -> bool) -> Option<End> {
        use std::io::BufRead;
        let file = std::fs::File::open(&self.options.quarantine).ok()?;
        for (number, line) in (1..).zip(std::io::BufReader::new(file).lines()) {
            let Ok(record) = serde_json::from_str::<Quarantined>(&line.ok()?) else { continue };
            if is_it(&record) {
                return Some(End::Quarantined { record: number, reason: record.reason, detail: record.detail });
            }
        }
        None
    }

    /// The rows that have the values of a line; or why no row can have.
    async fn rows(&mut self, line: &[u8]) -> Result<Result<Match, record::Rejected>, Error> {
        // No line can name this moment, so that it tells whether it named one.
        let unnamed = Timestamp(i64::MIN);
        let columns = self.reader.columns();
        let row = record::parse(line, unnamed, &columns)
            .and_then(|record| self.scrubber.scrub(record))
            .and_then(|scrubbed| Row::compose(scrubbed, &columns));
        let row = match row {
            Ok(row) => row,
            Err(why) => return Ok(Err(why)),
        };
        let mut conditions = vec!["event_key = ?".to_owned(), "severity = ?".to_owned()];
        let mut values = vec![Value::from(row.event_key.as_ref()), Value::from(row.severity.as_str())];
        let mut condition = |column: &str, value: Option<Value>| match value {
            Some(value) => {
                conditions.push(format!("{column} = ?"));
                values.push(value);
            }
            None => conditions.push(format!("{column} IS NULL")),
        };
        condition("actor_admin_id", row.actor_admin_id.and_then(|id| i64::try_from(id).ok()).map(Value::from));
        condition("ip_address", row.ip_address.map(|address| Value::from(address.to_string())));
        let texts = [("user_agent", &row.user_agent), ("route_name", &row.route_name), ("request_id", &row.request_id)];
        for (column, text) in texts {
            condition(column, text.as_deref().map(Value::from));
        }
        if row.created_at != unnamed {
            condition("created_at", Some(Value::from(row.created_at.to_string())));
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM {} WHERE {} ORDER BY id DESC LIMIT 1000",
            self.reader.table(),
            conditions.join(" AND ")
        );
        let found = self.reader.rows("looking for the row", &sql, values, 1000).await?;
        let same = |found: &Found| same_json(found.metadata.as_deref(), row.metadata.as_deref());
        let mut ids: Vec<String> =
            found.into_iter().filter_map(Found::of).filter(same).map(|found| found.id).take(ROWS_MOST).collect();
        Ok(Ok(match ids.len() {
            0 => Match::None,
            1 => Match::One(ids.remove(0)),
            _ => Match::Several(ids),
        }))
    }

    /// The declaration of lines let go that takes in a place.
    async fn declared(&mut self, paths: &BTreeSet<&str>, start: u64, severity: &str) -> Result<Option<End>, Error> {
        let sql = format!(
            "SELECT CAST(id AS CHAR), CAST(metadata AS CHAR) FROM {} WHERE event_key = ? ORDER BY id DESC LIMIT ?",
            self.reader.table()
        );
        let values = vec![Value::from(shed::EVENT_KEY), Value::from(DECLARATIONS_MOST as u64)];
        let rows = self.reader.rows("looking for declarations", &sql, values, DECLARATIONS_MOST).await?;
        for row in rows {
            let [Some(id), Some(metadata)] = row.as_slice() else { continue };
            let Ok(declared) = serde_json::from_str::<Declared>(metadata) else { continue };
            let takes_in = declared.agent == self.options.agent
                && paths.contains(declared.file.as_str())
                && (declared.from_offset..declared.to_offset).contains(&start);
            // Between lines let go for their severity stand others that were not.
            let soft = declared.reason == shed::Reason::SoftBacklogBytes.as_str();
            if takes_in && (!soft || declared.by_severity.contains_key(severity)) {
                let certain = if soft { Certain::No } else { Certain::Yes };
                return Ok(Some(End::LetGo { row: id.clone(), reason: declared.reason, certain }));
            }
        }
        Ok(None)
    }
}

/// Whether two texts of JSON mean the same. What a server has written anew may differ in spaces and order.
fn same_json(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => {
            let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
            one == other || value(one).is_some_and(|one| value(other) == Some(one))
        }
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Where a line stands in a file, at most [`PLACES_MOST`] times.
fn places(path: &Path, line: &[u8]) -> Vec<u64> {
    let Ok(file) = Opened::open(path) else { return Vec::new() };
    let mut places = Vec::new();
    let overlap = line.len() as u64 + 1;
    let mut at = 0;
    while at < file.size && places.len() < PLACES_MOST && !line.is_empty() {
        let Ok(bytes) = file.bytes(at, at + PIECE + overlap) else { break };
        for found in memchr::memmem::find_iter(&bytes, line) {
            let end = found + line.len();
            let begins = if found == 0 { at == 0 || starts_line(&file, at) } else { bytes[found - 1] == b'\n' };
            let ends = bytes.get(end).is_some_and(|byte| matches!(byte, b'\n' | b'\r')) || at + end as u64 == file.size;
            if begins && ends && (found as u64) < PIECE {
                places.push(at + found as u64);
            }
        }
        at += PIECE;
    }
    places.truncate(PLACES_MOST);
    places
}

fn starts_line(file: &Opened, at: u64) -> bool {
    file.bytes(at - 1, at).is_ok_and(|byte| byte == b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_where_it_stands_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ndjson");
        std::fs::write(&path, "{\"a\":1}\n{\"a\":12}\nx{\"a\":1}\n{\"a\":1}\r\n{\"a\":1}").unwrap();
        assert_eq!(places(&path, b"{\"a\":1}"), [0, 26, 35]);
        assert_eq!(places(&path, b"{\"a\":2}"), [0; 0]);
        assert_eq!(places(&path, b""), [0; 0]);
        let mut large = vec![b'x'; PIECE as usize - 1];
        large.extend_from_slice(b"\nhit\n");
        std::fs::write(&path, large).unwrap();
        assert_eq!(places(&path, b"hit"), [PIECE]);
    }

    #[test]
    fn json_is_the_same_whatever_its_spaces_and_order() {
        assert!(same_json(None, None));
        assert!(same_json(Some(r#"{"a":1,"b":[2]}"#), Some(r#"{"b": [2], "a": 1}"#)));
        assert!(!same_json(Some("1"), Some("2")));
        assert!(!same_json(Some("null"), None));
    }
}
