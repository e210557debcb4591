//! A table in partitions by day: days that are over are dropped whole, days to come get partitions ahead.
//!
//! Invariant: a partition is dropped only if all of it lies before the cutoff.
//! Invariant: nobody waits for more than a second for a lock that a change of the partitions wants.

use std::time::{Duration, Instant};

use jiff::ToSpan;
use jiff::civil::Date;
use mysql_async::Value;

use super::{Event, Mode, Outcome, Work, refused};
use crate::sink::mysql::Console;
use crate::sink::table::is_identifier;
use crate::sink::{Class, Error};

/// How many days to come have a partition of their own; as many as `migrate` makes.
const DAYS_AHEAD: i64 = 14;

/// Rows in the catch-all partition that are moved without asking; it cannot be written to meanwhile.
const MOVED_MOST: u64 = 10_000;

/// Attempts to get at the table while others use it.
const ATTEMPTS: u32 = 120;

/// The partitions of a table, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Days {
    days: Vec<Day>,
    /// The partition for what lies behind the last day.
    rest: Option<String>,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Day {
    name: String,
    /// The first day that is not in it.
    until: Date,
    /// About how many rows it has.
    rows: u64,
}

/// The partitions of a table, if it has such by day of `created_at`.
pub(super) async fn by_day(console: &mut Console, schema: &str, table: &str) -> Result<Option<Days>, Error> {
    let sql = "SELECT partition_name, partition_method, partition_expression, partition_description, \
               CAST(table_rows AS CHAR) FROM information_schema.partitions \
               WHERE table_schema = ? AND table_name = ? AND partition_name IS NOT NULL \
               AND subpartition_name IS NULL ORDER BY partition_ordinal_position";
    let values = vec![Value::from(schema), Value::from(table)];
    let rows = console.rows("looking for partitions", sql, values, 8192).await?;
    Ok(read(&rows))
}

fn read(rows: &[Vec<Option<String>>]) -> Option<Days> {
    let mut found = Days { days: Vec::new(), rest: None };
    for row in rows {
        let [Some(name), Some(method), Some(expression), Some(until), rows] = row.as_slice() else { return None };
        let column = expression.trim_matches('`');
        if method != "RANGE COLUMNS" || !column.eq_ignore_ascii_case("created_at") || !is_identifier(name) {
            return None;
        }
        if until == "MAXVALUE" {
            found.rest = Some(name.clone());
        } else {
            let (date, time) = until.trim_matches('\'').split_at_checked(10)?;
            // Only whole days can be told from a date.
            if time.chars().any(|c| c.is_ascii_digit() && c != '0') {
                return None;
            }
            let rows = rows.as_deref().and_then(|rows| rows.parse().ok()).unwrap_or(0);
            found.days.push(Day { name: name.clone(), until: date.parse().ok()?, rows });
        }
    }
    (!found.days.is_empty()).then_some(found)
}

/// Drops the days that are over and adds days to come, or counts the rows of the days that are over.
pub(super) async fn prune(
    work: &mut Work<'_>,
    found: Days,
    mode: Mode,
    tell: &mut impl FnMut(Event),
) -> Result<Outcome, Error> {
    let cutoff = date(&work.cutoff)?;
    let over = found.over(cutoff);
    match mode {
        Mode::Count => {
            for day in over {
                let sql = format!("SELECT CAST(COUNT(*) AS CHAR) FROM {} PARTITION (`{}`)", work.table, day.name);
                let rows = work.console.cell("counting", &sql, Vec::new()).await?;
                let rows = rows.and_then(|rows| rows.parse().ok()).unwrap_or(0);
                work.totals.rows += rows;
                tell(Event::Dropped { partition: day.name, rows });
            }
            Ok(Outcome::Done(work.totals))
        }
        Mode::Delete => {
            let what = "setting the session up";
            work.console.run(what, "SET @@session.lock_wait_timeout = 1").await?;
            let left = add_days(work, &found, cutoff, tell).await?;
            for day in over {
                if work.is_stopped() {
                    return Ok(Outcome::Interrupted(work.totals));
                }
                if !alter(work, &format!("DROP PARTITION `{}`", day.name)).await? {
                    return Ok(Outcome::Interrupted(work.totals));
                }
                work.totals.rows += day.rows;
                tell(Event::Dropped { partition: day.name, rows: day.rows });
            }
            Ok(match left {
                None => Outcome::Done(work.totals),
                Some(words) => Outcome::Left(work.totals, words),
            })
        }
    }
}

impl Days {
    /// The partitions that lie before a day as a whole. One partition has to stay.
    fn over(&self, cutoff: Date) -> Vec<Day> {
        let droppable = match self.rest {
            Some(_) => &self.days[..],
            None => &self.days[..self.days.len() - 1],
        };
        droppable.iter().take_while(|day| day.until <= cutoff).cloned().collect()
    }

    /// Name and end of the partitions that are missing until the days ahead are covered.
    fn missing(&self, today: Date, cutoff: Date) -> Vec<(String, Date)> {
        let known = self.days.last().map_or(cutoff, |day| day.until);
        // After a long pause the first takes in all that is too old anyway.
        let mut day = known.max(cutoff);
        let end = today.saturating_add((DAYS_AHEAD + 1).days());
        let mut missing = Vec::new();
        while day < end {
            let next = day.saturating_add(1.day());
            missing.push((format!("p{}", day.strftime("%Y%m%d")), next));
            day = next;
        }
        missing
    }
}

/// Adds partitions for days to come. Says in words what has to be done by hand, if anything.
async fn add_days(
    work: &mut Work<'_>,
    found: &Days,
    cutoff: Date,
    tell: &mut impl FnMut(Event),
) -> Result<Option<String>, Error> {
    let now = work.console.cell("asking for the time", "SELECT CAST(UTC_TIMESTAMP() AS CHAR)", Vec::new()).await?;
    let today = date(&now.unwrap_or_default())?;
    let missing = found.missing(today, cutoff);
    if missing.is_empty() {
        return Ok(None);
    }
    let mut parts: Vec<String> =
        missing.iter().map(|(name, until)| format!("PARTITION `{name}` VALUES LESS THAN ('{until}')")).collect();
    let change = match &found.rest {
        None => format!("ADD PARTITION ({})", parts.join(", ")),
        Some(rest) => {
            parts.push(format!("PARTITION `{rest}` VALUES LESS THAN (MAXVALUE)"));
            let change = format!("REORGANIZE PARTITION `{rest}` INTO ({})", parts.join(", "));
            let sql = format!(
                "SELECT CAST(COUNT(*) AS CHAR) FROM (SELECT 1 FROM {} PARTITION (`{rest}`) LIMIT {}) AS rest",
                work.table,
                MOVED_MOST + 1
            );
            let rows = work.console.cell("counting", &sql, Vec::new()).await?;
            if rows.and_then(|rows| rows.parse::<u64>().ok()).unwrap_or(0) > MOVED_MOST {
                return Ok(Some(format!(
                    "partition `{rest}` has more than {MOVED_MOST} rows, and nobody can write to the table while they move; \
                     when that suits, type: ALTER TABLE {} {change}",
                    work.table
                )));
            }
            change
        }
    };
    if alter(work, &change).await? {
        tell(Event::Added(missing.into_iter().map(|(name, _)| name).collect()));
    }
    Ok(None)
}

/// Changes the partitions as soon as nobody uses the table for a moment. `false` if somebody wants it to stop before.
async fn alter(work: &mut Work<'_>, change: &str) -> Result<bool, Error> {
    let sql = format!("ALTER TABLE {} {change}", work.table);
    for attempt in 0..ATTEMPTS {
        let start = Instant::now();
        match work.console.run("changing partitions", &sql).await {
            Ok(()) => {
                work.totals.longest = work.totals.longest.max(start.elapsed());
                return Ok(true);
            }
            Err(error) if error.class == Class::Busy => {
                // Whoever came behind us waited too: let them by.
                work.pause(Duration::from_millis(500 + u64::from(attempt % 4) * 250)).await;
                if work.is_stopped() {
                    return Ok(false);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Err(Error {
        class: Class::Busy,
        code: None,
        what: format!("changing partitions: a transaction on {} does not end; look at the process list", work.table),
    })
}

fn date(time: &str) -> Result<Date, Error> {
    let date = time.get(..10).and_then(|date| date.parse().ok());
    date.ok_or_else(|| refused("the server tells a time that is none".to_owned()))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn row(name: &str, until: &str) -> Vec<Option<String>> {
        [name, "RANGE COLUMNS", "`created_at`", until, "7"].map(|cell| Some(cell.to_owned())).to_vec()
    }

    fn found(rest: bool) -> Days {
        let mut rows = vec![row("p20261101", "'2026-11-02'"), row("p20261102", "'2026-11-03 00:00:00'")];
        rows.push(row("p20261103", "'2026-11-04 00:00:00.000000'"));
        if rest {
            rows.push(row("pmax", "MAXVALUE"));
        }
        read(&rows).unwrap()
    }

    #[test]
    fn partitions_by_day_are_told_from_others() {
        let days = found(true);
        assert_eq!(days.rest.as_deref(), Some("pmax"));
        assert_eq!(days.days.iter().map(|day| day.until.day()).collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[row("p", "'2026-11-02 12:00:00'")]), None);
        assert_eq!(read(&[row("p`", "'2026-11-02'")]), None);
        let mut other = row("p", "738000");
        other[1] = Some("RANGE".to_owned());
        assert_eq!(read(&[other]), None);
    }

    #[test]
    fn only_days_that_are_over_as_a_whole_go_and_one_stays() {
        let names = |days: Vec<Day>| days.into_iter().map(|day| day.name).collect::<Vec<_>>();
        assert_eq!(names(found(true).over(date(2026, 11, 1))), [""; 0]);
        assert_eq!(names(found(true).over(date(2026, 11, 3))), ["p20261101", "p20261102"]);
        assert_eq!(found(true).over(date(2027, 1, 1)).len(), 3);
        assert_eq!(found(false).over(date(2027, 1, 1)).len(), 2);
    }

    #[test]
    fn days_ahead_are_made_up_to_a_fortnight_and_none_for_what_is_too_old() {
        let missing = found(true).missing(date(2026, 11, 3), date(2026, 10, 4));
        assert_eq!(missing.first(), Some(&("p20261104".to_owned(), date(2026, 11, 5))));
        assert_eq!(missing.last(), Some(&("p20261117".to_owned(), date(2026, 11, 18))));
        assert_eq!(missing.len(), 14);
        assert_eq!(found(true).missing(date(2026, 10, 1), date(2026, 9, 1)).len(), 0);
        let late = found(true).missing(date(2027, 6, 1), date(2027, 5, 2));
        assert_eq!(late.first(), Some(&("p20270502".to_owned(), date(2027, 5, 3))));
    }
}
