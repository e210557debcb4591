//! Retention: rows older than a number of days leave the table, in small steps that nobody else has to wait for.
//!
//! Invariant: what is deleted is older than the cutoff, by the server's clock in UTC at the start; when it is done, no row
//! that was there at the start and is older is left. Of a table in partitions by day only whole days go.
//! Invariant: one statement at a time, on one connection, which holds a lock of the server's: one host prunes a table.
//! Invariant: a table in one piece is never put into partitions.

mod partitions;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mysql_async::Value;

use crate::sink::mysql::{Console, MySql};
use crate::sink::table::TableName;
use crate::sink::{Class, Error};

/// What is to be pruned.
#[derive(Debug, Clone)]
pub struct Options {
    /// The table.
    pub table: TableName,
    /// How many days a row stays.
    pub days: u32,
    /// How long a statement should take, about.
    pub statement_target: Duration,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Delete.
    Delete,
    /// Only count.
    Count,
}

/// What there is to tell while it goes on.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// It begins; rows created before this moment go.
    Begins {
        /// `2026-10-27 04:00:00.000000`, in UTC.
        cutoff: String,
    },
    /// How far it is.
    Progress {
        /// Rows deleted so far.
        deleted: u64,
        /// Rows left, about.
        left: u64,
        /// Rows a second, pauses included.
        rate: f64,
        /// The longest statement so far.
        longest: Duration,
    },
    /// It waits for replicas, which are this many seconds behind.
    Lag(u64),
    /// A partition went, with about this many rows.
    Dropped {
        /// Its name.
        partition: String,
        /// About how many rows it had; `Mode::Count` counts them.
        rows: u64,
    },
    /// Partitions were made for days to come.
    Added(Vec<String>),
}

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Rows deleted, or counted. Of dropped partitions about.
    pub rows: u64,
    /// The longest statement.
    pub longest: Duration,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is left to do.
    Done(Totals),
    /// Somebody wanted it to stop.
    Interrupted(Totals),
    /// Something is left to do for a person, told in words.
    Left(Totals, String),
    /// Another host is at it.
    Elsewhere,
}

/// Rows of the first statement.
const ROWS_FIRST: u64 = 500;

/// Rows of a statement, at least and at most.
const ROWS: (u64, u64) = (50, 20_000);

/// Rows of a slice of the second pass.
const SLICE_ROWS: u64 = 20_000;

/// Ids that are named one by one in a statement.
const IDS_MOST: u64 = 1_000;

/// Replicas that are further behind are waited for.
const LAG_MAX: u64 = 5;

/// How often replicas are asked, and progress is told.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How often the estimate is made anew.
const ESTIMATE_EVERY: Duration = Duration::from_secs(20);

/// Attempts at a statement that waits for somebody else's locks.
const ATTEMPTS: u32 = 30;

/// The longest pause between two statements.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// A commit that takes longer says that the disk is busy.
const COMMIT_SLOW: Duration = Duration::from_millis(50);

/// Prunes a table, or counts what would go.
///
/// # Errors
/// The database cannot be reached, or refuses.
pub async fn prune(
    database: &MySql,
    options: &Options,
    mode: Mode,
    stop: &AtomicBool,
    mut tell: impl FnMut(Event),
) -> Result<Outcome, Error> {
    let mut console = database.console().await?;
    let name = options.table.name();
    let table = database.qualified(&options.table);
    match console.is_indexed(database.schema(), name, "created_at").await? {
        Some(true) => {}
        Some(false) => {
            return Err(refused(format!(
                "{table} has no index on `created_at`, so every step would read all of it; add one: \
                 ALTER TABLE {table} ADD KEY `idx_created_at` (`created_at`)"
            )));
        }
        None => return Err(refused(format!("{table} is missing, or this account has no right on it"))),
    }
    if mode == Mode::Delete && !take_lock(&mut console, &table).await? {
        return Ok(Outcome::Elsewhere);
    }
    let sql = "SELECT CAST(UTC_TIMESTAMP(6) - INTERVAL ? DAY AS CHAR)";
    let cutoff = console.cell("asking for the time", sql, vec![Value::from(options.days)]).await?;
    let cutoff = cutoff.ok_or_else(|| refused("the server does not tell the time".to_owned()))?;
    tell(Event::Begins { cutoff: cutoff.clone() });
    let mut work = Work {
        database,
        console,
        table,
        cutoff,
        stop,
        target: options.statement_target,
        totals: Totals::default(),
        began: Instant::now(),
        looked: Instant::now(),
    };
    let outcome = match partitions::by_day(&mut work.console, database.schema(), name).await? {
        Some(days) => partitions::prune(&mut work, days, mode, &mut tell).await?,
        None => match mode {
            Mode::Delete => work.delete(&mut tell).await?,
            Mode::Count => work.count().await?,
        },
    };
    work.console.close().await;
    Ok(outcome)
}

fn refused(what: String) -> Error {
    Error { class: Class::Schema, code: None, what }
}

/// Takes the lock of a table, if nobody has it; it goes with the connection.
async fn take_lock(console: &mut Console, table: &str) -> Result<bool, Error> {
    // Names of locks are cut at 64 characters, and are the server's, not the schema's.
    let name = format!("tracespool_prune_{:016x}", xxhash_rust::xxh3::xxh3_64(table.as_bytes()));
    let got = console.cell("taking the lock", "SELECT GET_LOCK(?, 0)", vec![Value::from(name)]).await?;
    Ok(got.as_deref() == Some("1"))
}

struct Work<'a> {
    database: &'a MySql,
    console: Console,
    /// Quoted, with its schema.
    table: String,
    cutoff: String,
    stop: &'a AtomicBool,
    target: Duration,
    totals: Totals,
    began: Instant,
    looked: Instant,
}

/// How fast it goes.
struct Pace {
    /// Rows of the next statement.
    rows: u64,
    /// Rows left, about.
    left: u64,
    /// When that was estimated.
    estimated: Instant,
    /// Statements in a row that deleted nothing.
    in_vain: u32,
}

/// The oldest rows that are to go.
struct Oldest {
    count: u64,
    first_id: u64,
    last_id: u64,
    newest: String,
}

impl Oldest {
    /// Whether their ids have too much between them to be deleted as one range.
    fn is_scattered(&self) -> bool {
        self.last_id - self.first_id >= self.count.saturating_mul(4)
    }
}

/// What one statement took.
#[derive(Debug, Clone, Copy)]
struct Took {
    statement: Duration,
    commit: Duration,
}

impl Work<'_> {
    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Deletes the oldest rows again and again, until none is left.
    ///
    /// The index on `created_at` tells which are the oldest; they are then deleted by the primary key, which is the order
    /// they lie in. Each look begins where the one before ended, since what was deleted stays in the index for a while. A
    /// second pass comes last, for rows that came late; it goes a slice at a time, so that no look reads through all of that.
    async fn delete(&mut self, tell: &mut impl FnMut(Event)) -> Result<Outcome, Error> {
        self.wait_for_replicas(tell).await;
        let mut pace = Pace { rows: ROWS_FIRST, left: self.estimate().await?, estimated: Instant::now(), in_vain: 0 };
        let marks = self.delete_between(None, None, &mut pace, tell).await?;
        let mut from: Option<String> = None;
        for mark in marks.into_iter().map(Some).chain([None]) {
            self.delete_between(from, mark.as_deref(), &mut pace, tell).await?;
            from = mark;
        }
        Ok(if self.is_stopped() { Outcome::Interrupted(self.totals) } else { Outcome::Done(self.totals) })
    }

    /// Deletes what is to go between two moments, or until somebody wants it to stop. Returns moments that cut what was
    /// deleted into slices.
    async fn delete_between(
        &mut self,
        mut from: Option<String>,
        until: Option<&str>,
        pace: &mut Pace,
        tell: &mut impl FnMut(Event),
    ) -> Result<Vec<String>, Error> {
        let mut marks = Vec::new();
        let mut in_slice = 0;
        while !self.is_stopped() {
            let start = Instant::now();
            let oldest = self.oldest(from.as_deref(), until, pace.rows).await?;
            self.totals.longest = self.totals.longest.max(start.elapsed());
            let Some(oldest) = oldest else { break };
            if oldest.is_scattered() && oldest.count > IDS_MOST {
                pace.rows = IDS_MOST;
                continue;
            }
            let (deleted, took) = match self.delete_oldest(&oldest, from.as_deref(), until).await {
                Ok(done) => done,
                // Asked to stop while it waited for somebody's locks.
                Err(error) if error.class == Class::Busy && self.is_stopped() => break,
                Err(error) => return Err(error),
            };
            pace.in_vain = if deleted == 0 { pace.in_vain + 1 } else { 0 };
            if pace.in_vain > ATTEMPTS {
                return Err(refused(format!("rows of {} do not go away; look for a trigger or a view", self.table)));
            }
            in_slice += deleted;
            if in_slice >= SLICE_ROWS {
                in_slice = 0;
                marks.push(oldest.newest.clone());
            }
            from = Some(oldest.newest);
            self.totals.rows += deleted;
            self.totals.longest = self.totals.longest.max(took.statement + took.commit);
            pace.left = pace.left.saturating_sub(deleted);
            if pace.estimated.elapsed() >= ESTIMATE_EVERY {
                (pace.left, pace.estimated) = (self.estimate().await?, Instant::now());
            }
            pace.rows = next_rows(pace.rows, took, self.target);
            self.pause(pause_after(took)).await;
            if self.looked.elapsed() >= LOOK_EVERY {
                self.looked = Instant::now();
                let rate = self.totals.rows as f64 / self.began.elapsed().as_secs_f64().max(1e-3);
                let (deleted, left, longest) = (self.totals.rows, pace.left, self.totals.longest);
                tell(Event::Progress { deleted, left, rate, longest });
                self.wait_for_replicas(tell).await;
            }
        }
        Ok(marks)
    }

    /// Looks which rows are the oldest, in one read of the index.
    async fn oldest(&mut self, from: Option<&str>, until: Option<&str>, rows: u64) -> Result<Option<Oldest>, Error> {
        let (behind, mut values) = self.range(from, until);
        values.push(Value::from(rows));
        let sql = format!(
            "SELECT CAST(COUNT(*) AS CHAR), CAST(MIN(id) AS CHAR), CAST(MAX(id) AS CHAR), CAST(MAX(created_at) AS CHAR) \
             FROM (SELECT id, created_at FROM {} WHERE {behind} ORDER BY created_at, id LIMIT ?) AS oldest",
            self.table
        );
        let found = self.console.rows("looking for the oldest rows", &sql, values, 1).await?;
        let Some([Some(count), Some(first), Some(last), Some(newest)]) = found.first().map(Vec::as_slice) else {
            return Ok(None);
        };
        let number = |text: &str| text.parse::<u64>().ok();
        Ok(number(count).zip(number(first)).zip(number(last)).map(|((count, first_id), last_id)| Oldest {
            count,
            first_id,
            last_id,
            newest: newest.clone(),
        }))
    }

    /// The condition for what is to go between two moments, and its values.
    fn range(&self, from: Option<&str>, until: Option<&str>) -> (&'static str, Vec<Value>) {
        let until = Value::from(until.unwrap_or(&self.cutoff));
        match from {
            Some(from) => ("created_at < ? AND created_at >= ?", vec![until, Value::from(from)]),
            None => ("created_at < ?", vec![until]),
        }
    }

    async fn delete_oldest(
        &mut self,
        oldest: &Oldest,
        from: Option<&str>,
        until: Option<&str>,
    ) -> Result<(u64, Took), Error> {
        if !oldest.is_scattered() {
            // What else lies between them is asked for its age too.
            let sql = format!("DELETE FROM {} WHERE id BETWEEN ? AND ? AND created_at < ?", self.table);
            let ends = [Value::from(oldest.first_id), Value::from(oldest.last_id)];
            let values = ends.into_iter().chain([Value::from(self.cutoff.as_str())]).collect();
            return self.change(&sql, values).await;
        }
        // Rows that came in another order than their time: by name.
        let (behind, mut values) = self.range(from, until);
        values.push(Value::from(oldest.count));
        let sql = format!("SELECT CAST(id AS CHAR) FROM {} WHERE {behind} ORDER BY created_at, id LIMIT ?", self.table);
        let found = self.console.rows("looking for the oldest rows", &sql, values, IDS_MOST as usize).await?;
        let mut ids: Vec<u64> =
            found.into_iter().filter_map(|row| row.into_iter().next().flatten()?.parse().ok()).collect();
        ids.sort_unstable();
        if ids.is_empty() {
            return Ok((0, Took { statement: Duration::ZERO, commit: Duration::ZERO }));
        }
        let places = vec!["?"; ids.len()].join(", ");
        let sql = format!("DELETE FROM {} WHERE id IN ({places}) AND created_at < ?", self.table);
        let values = ids.into_iter().map(Value::from).chain([Value::from(self.cutoff.as_str())]).collect();
        self.change(&sql, values).await
    }

    /// Runs a statement in a transaction of its own; again, if it has to wait for somebody else's locks too long.
    async fn change(&mut self, sql: &str, values: Vec<Value>) -> Result<(u64, Took), Error> {
        let mut attempt = 0;
        loop {
            match self.change_once(sql, values.clone()).await {
                Err(error) if error.class == Class::Busy && attempt < ATTEMPTS && !self.is_stopped() => {
                    attempt += 1;
                    self.pause(Duration::from_millis(200) * attempt).await;
                }
                done => return done,
            }
        }
    }

    async fn change_once(&mut self, sql: &str, values: Vec<Value>) -> Result<(u64, Took), Error> {
        let what = "deleting old rows";
        self.console.run(what, "START TRANSACTION").await?;
        let start = Instant::now();
        let changed = match self.console.change(what, sql, values).await {
            Ok(changed) => changed,
            Err(error) => {
                // Why it failed is told by the first error.
                self.console.run(what, "ROLLBACK").await.ok();
                return Err(error);
            }
        };
        let statement = start.elapsed();
        let start = Instant::now();
        self.console.run(what, "COMMIT").await?;
        Ok((changed, Took { statement, commit: start.elapsed() }))
    }

    /// About how many rows are to go, as the server guesses.
    async fn estimate(&mut self) -> Result<u64, Error> {
        let sql = format!("EXPLAIN SELECT id FROM {} WHERE created_at < ?", self.table);
        let values = vec![Value::from(self.cutoff.as_str())];
        let plan = self.console.rows("estimating", &sql, values, 16).await?;
        // MySQL has a column `partitions` before.
        let column = if self.console.is_mariadb() { 8 } else { 9 };
        Ok(plan.first().and_then(|row| row.get(column)?.as_deref()?.parse().ok()).unwrap_or(0))
    }

    /// Counts what is to go, a slice of time at a time, so that no statement takes long.
    async fn count(&mut self) -> Result<Outcome, Error> {
        let mut slice = Duration::from_secs(3600);
        let mut from: Option<String> = None;
        loop {
            if self.is_stopped() {
                return Ok(Outcome::Interrupted(self.totals));
            }
            let (behind, values) = self.range(from.as_deref(), None);
            let sql = format!("SELECT CAST(MIN(created_at) AS CHAR) FROM {} WHERE {behind}", self.table);
            let Some(start) = self.console.cell("counting", &sql, values).await? else {
                return Ok(Outcome::Done(self.totals));
            };
            let sql = "SELECT CAST(? + INTERVAL ? SECOND AS CHAR)";
            let values = vec![Value::from(start.as_str()), Value::from(slice.as_secs())];
            let Some(end) = self.console.cell("counting", sql, values).await? else {
                return Err(refused(format!("the time `{start}` in {} cannot be reckoned with", self.table)));
            };
            let sql = format!(
                "SELECT CAST(COUNT(*) AS CHAR) FROM {} WHERE created_at >= ? AND created_at < ? AND created_at < ?",
                self.table
            );
            let values = [start.as_str(), end.as_str(), &self.cutoff].map(Value::from).to_vec();
            let begun = Instant::now();
            let rows = self.console.cell("counting", &sql, values).await?;
            self.totals.rows += rows.and_then(|rows| rows.parse::<u64>().ok()).unwrap_or(0);
            slice = match begun.elapsed() {
                took if took < self.target / 2 => (slice * 2).min(Duration::from_secs(86_400 * 3650)),
                took if took > self.target => (slice / 2).max(Duration::from_secs(1)),
                _ => slice,
            };
            from = Some(end);
        }
    }

    /// Lets time pass, unless somebody wants it to stop.
    async fn pause(&self, time: Duration) {
        let until = Instant::now() + time;
        while !self.is_stopped()
            && let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
        {
            tokio::time::sleep(left.min(Duration::from_millis(50))).await;
        }
    }

    async fn wait_for_replicas(&mut self, tell: &mut impl FnMut(Event)) {
        while !self.is_stopped()
            && let Some(lag) = self.database.replica_lag().await.filter(|lag| *lag > LAG_MAX)
        {
            tell(Event::Lag(lag));
            self.pause(LOOK_EVERY).await;
            // The connection that holds the lock must not be taken for an idle one.
            self.console.run("waiting for replicas", "DO 0").await.ok();
        }
    }
}

/// Rows of the next statement: as many as would have taken the time wanted, not all at once.
fn next_rows(rows: u64, took: Took, target: Duration) -> u64 {
    let took = (took.statement + took.commit).as_secs_f64().max(1e-4);
    let ratio = (target.as_secs_f64() / took).clamp(0.25, 1.5);
    ((rows as f64 * ratio) as u64).clamp(ROWS.0, ROWS.1)
}

/// The pause after a statement: as long as the statement, so that others have half of the time, and longer when the
/// commit says that the disk is busy.
fn pause_after(took: Took) -> Duration {
    (took.statement + took.commit + took.commit.saturating_sub(COMMIT_SLOW) * 4).min(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn took(statement: u64, commit: u64) -> Took {
        Took { statement: Duration::from_millis(statement), commit: Duration::from_millis(commit) }
    }

    #[test]
    fn statements_find_their_size_and_keep_to_it() {
        let target = Duration::from_millis(200);
        let mut rows = ROWS_FIRST;
        // A server that deletes 10 rows a millisecond.
        for _ in 0..20 {
            rows = next_rows(rows, took(rows / 10, 0), target);
        }
        assert!((1_900..=2_100).contains(&rows), "{rows}");
        assert!(next_rows(rows, took(2_000, 0), target) <= rows / 4 + 1);
        assert_eq!(next_rows(ROWS.0, took(60_000, 0), target), ROWS.0);
        assert_eq!(next_rows(ROWS.1, took(0, 0), target), ROWS.1);
    }

    #[test]
    fn a_slow_commit_makes_the_pause_longer() {
        assert_eq!(pause_after(took(100, 10)), Duration::from_millis(110));
        assert_eq!(pause_after(took(100, 250)), Duration::from_millis(350 + 800));
        assert_eq!(pause_after(took(100, 60_000)), PAUSE_MAX);
    }
}
