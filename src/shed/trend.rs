//! Whether the backlog shrinks, on time that is handed in.
//!
//! What was let go must not count as progress, so the *level* looked at is the backlog and all that was ever let go: it
//! rises with what is written and falls with what is committed, and with nothing else.
//!
//! Invariant: a database that answers is judged only by whole stretches between two commits, so that one slow commit is
//! not taken for standing still.
//! Invariant: one burst of lines is not taken for a database that is too slow: that takes two stretches in a row.

use std::time::{Duration, Instant};

/// How long the database may fail before it counts as away. A restart of a server is shorter.
pub const AWAY_AFTER: Duration = Duration::from_secs(5);

/// The lengths of the stretches: short ones find a steady excess soon, long ones one that comes in bursts.
const STRETCHES: [Duration; 3] = [Duration::from_secs(4), Duration::from_secs(40), Duration::from_secs(400)];

/// How many stretches in a row must not have lowered the level.
const ROWS: u32 = 2;

/// Where the backlog is going.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// It shrinks, or nothing shows that it does not.
    Shrinking,
    /// It does not: the database is away, or slower than the writers.
    NotShrinking,
}

/// What was seen of the level.
#[derive(Debug, Default)]
pub struct Trend {
    stretches: [Stretch; STRETCHES.len()],
}

#[derive(Debug, Default)]
struct Stretch {
    /// When it began, and the level then.
    begun: Option<(Instant, u64)>,
    /// How many before it did not lower the level.
    risen: u32,
}

impl Trend {
    /// Takes in the level just after a commit.
    pub fn settled(&mut self, now: Instant, level: u64) {
        for (stretch, length) in self.stretches.iter_mut().zip(STRETCHES) {
            let Some((since, before)) = stretch.begun else {
                stretch.begun = Some((now, level));
                continue;
            };
            if now.saturating_duration_since(since) < length {
                continue;
            }
            stretch.risen = if level < before { 0 } else { stretch.risen.saturating_add(1) };
            stretch.begun = Some((now, level));
        }
    }

    /// Where the backlog is going; `failing` is for how long the database has not done what it was asked.
    pub fn course(&self, failing: Option<Duration>) -> Course {
        let away = failing.is_some_and(|failing| failing >= AWAY_AFTER);
        let slower = self.stretches.iter().any(|stretch| stretch.risen >= ROWS);
        if away || slower { Course::NotShrinking } else { Course::Shrinking }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The course after commits at these seconds with these levels.
    #[track_caller]
    fn check(commits: impl IntoIterator<Item = (f64, u64)>, want: Course) {
        let begin = Instant::now();
        let mut trend = Trend::default();
        for (at, level) in commits {
            trend.settled(begin + Duration::from_secs_f64(at), level);
        }
        assert_eq!(trend.course(None), want);
    }

    #[test]
    fn nothing_seen_is_no_reason() {
        check([], Course::Shrinking);
        check([(0.0, 1 << 40)], Course::Shrinking);
    }

    #[test]
    fn a_database_that_fails_for_a_while_is_away() {
        let trend = Trend::default();
        assert_eq!(trend.course(Some(AWAY_AFTER - Duration::from_millis(1))), Course::Shrinking);
        assert_eq!(trend.course(Some(AWAY_AFTER)), Course::NotShrinking);
    }

    #[test]
    fn a_backlog_that_is_caught_up_shrinks_however_long_it_takes() {
        check((0..100_000).map(|n| (f64::from(n), 1_000_000 - u64::from(n as u32))), Course::Shrinking);
    }

    #[test]
    fn commits_that_take_long_and_come_from_a_shrinking_backlog_are_no_standstill() {
        check((0..20).map(|n| (f64::from(n) * 45.0, 1_000_000 - 10 * u64::from(n as u32))), Course::Shrinking);
    }

    #[test]
    fn a_database_slower_than_the_writers_is_found_out_in_seconds() {
        let commits = |seconds: u32| (0..seconds * 10).map(|n| (f64::from(n) / 10.0, 1000 + u64::from(n)));
        check(commits(6), Course::Shrinking);
        check(commits(9), Course::NotShrinking);
    }

    #[test]
    fn a_level_that_stays_does_not_shrink() {
        check((0..100).map(|n| (f64::from(n) / 10.0, 7)), Course::NotShrinking);
    }

    #[test]
    fn one_burst_is_waited_out() {
        let level = |second: u32| if second < 10 { 1000 - second } else { 100_000 - second };
        check((0..60).map(|n| (f64::from(n), u64::from(level(n)))), Course::Shrinking);
    }

    #[test]
    fn bursts_that_are_never_made_up_for_are_found_out_too() {
        // Every 15 s more is written than is committed until the next time.
        let level = |second: u32| 1_000_000 + 2000 * (second / 15) - 100 * (second % 15);
        check((0..130).map(|n| (f64::from(n), u64::from(level(n)))), Course::NotShrinking);
    }

    #[test]
    fn a_backlog_that_shrinks_again_does() {
        let rise = (0..10).map(|n| (f64::from(n), 1000 + u64::from(n as u32)));
        let fall = (10..20).map(|n| (f64::from(n), 1000 - u64::from(n as u32)));
        check(rise.chain(fall), Course::Shrinking);
    }
}
