//! What is to be let go, from how much there is, how old it is, and whether it shrinks.
//!
//! Invariant: what began to be let go goes on until nine tenths of the limit are reached, and no further.
//! Invariant: while the backlog shrinks, nothing is let go.

use std::time::Duration;

use super::Reason;
use super::trend::Course;
use crate::record::Severity;

/// The section `shed` of the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The severities that go first.
    pub first: Vec<Severity>,
    /// Over this backlog, lines of those severities are let go as they are read.
    pub soft_backlog_bytes: u64,
    /// Over this backlog, the oldest lines are let go.
    pub max_backlog_bytes: u64,
    /// Over this age, the oldest lines are let go.
    pub max_age: Duration,
}

/// What is to be let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relief {
    /// Nothing.
    Nothing,
    /// Lines of the first severities, as they are read.
    First,
    /// The oldest lines, until the backlog is no more than this.
    OldestUntil {
        /// The backlog to reach, in bytes.
        backlog: u64,
    },
    /// The lines that are at least so old.
    OlderThan(Duration),
}

impl Relief {
    /// The reason that the lines are counted under.
    pub fn reason(self) -> Option<Reason> {
        match self {
            Relief::Nothing => None,
            Relief::First => Some(Reason::SoftBacklogBytes),
            Relief::OldestUntil { .. } => Some(Reason::MaxBacklogBytes),
            Relief::OlderThan(_) => Some(Reason::MaxAge),
        }
    }
}

/// Where a measure stands to its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Side {
    #[default]
    Within,
    /// It was over the limit, and is not yet down at nine tenths of it.
    Over,
}

impl Side {
    fn judge<T: PartialOrd>(&mut self, measure: T, limit: T, target: T) -> Side {
        *self = match self {
            Side::Within if measure > limit => Side::Over,
            Side::Over if measure <= target => Side::Within,
            Side::Within | Side::Over => *self,
        };
        *self
    }
}

/// The limits, and where the backlog stands to each.
#[derive(Debug)]
pub struct Limits {
    options: Options,
    soft: Side,
    bytes: Side,
    age: Side,
}

impl Limits {
    /// Limits that nothing was held against yet.
    pub fn new(options: Options) -> Self {
        Limits { options, soft: Side::Within, bytes: Side::Within, age: Side::Within }
    }

    /// Whether lines of that severity go first.
    pub fn goes_first(&self, severity: Severity) -> bool {
        self.options.first.contains(&severity)
    }

    /// What is to be let go now; `oldest` is the age of the oldest line that has no end yet.
    pub fn judge(&mut self, backlog: u64, oldest: Duration, course: Course) -> Relief {
        if course == Course::Shrinking {
            (self.soft, self.bytes, self.age) = (Side::Within, Side::Within, Side::Within);
            return Relief::Nothing;
        }
        let Options { soft_backlog_bytes: soft, max_backlog_bytes: most, max_age, .. } = self.options;
        let soft = self.soft.judge(backlog, soft, nine_tenths(soft));
        let bytes = self.bytes.judge(backlog, most, nine_tenths(most));
        let age = self.age.judge(oldest, max_age, max_age * 9 / 10);
        match (bytes, age, soft) {
            (Side::Over, _, _) => Relief::OldestUntil { backlog: nine_tenths(most) },
            (Side::Within, Side::Over, _) => Relief::OlderThan(max_age * 9 / 10),
            (Side::Within, Side::Within, Side::Over) => Relief::First,
            (Side::Within, Side::Within, Side::Within) => Relief::Nothing,
        }
    }
}

fn nine_tenths(limit: u64) -> u64 {
    limit - limit / 10
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits::new(Options {
            first: vec![Severity::Debug],
            soft_backlog_bytes: 100,
            max_backlog_bytes: 1000,
            max_age: Duration::from_secs(100),
        })
    }

    /// What each backlog in a row leads to, with lines of that age.
    #[track_caller]
    fn check(limits: &mut Limits, steps: &[(u64, u64, Relief)]) {
        for (backlog, age, want) in steps {
            let relief = limits.judge(*backlog, Duration::from_secs(*age), Course::NotShrinking);
            assert_eq!(relief, *want, "{backlog} bytes, {age} s");
        }
    }

    const OLDEST: Relief = Relief::OldestUntil { backlog: 900 };

    #[test]
    fn each_limit_holds_until_nine_tenths_of_it_are_reached() {
        check(
            &mut limits(),
            &[
                (100, 0, Relief::Nothing),
                (101, 0, Relief::First),
                (91, 0, Relief::First),
                (90, 0, Relief::Nothing),
                (100, 0, Relief::Nothing),
                (1000, 0, Relief::First),
                (1001, 0, OLDEST),
                (901, 0, OLDEST),
                (900, 0, Relief::First),
                (1000, 0, Relief::First),
            ],
        );
    }

    #[test]
    fn age_counts_like_bytes() {
        let older = Relief::OlderThan(Duration::from_secs(90));
        check(
            &mut limits(),
            &[
                (1, 100, Relief::Nothing),
                (1, 101, older),
                (1, 91, older),
                (1001, 101, OLDEST),
                (900, 91, older),
                (1, 90, Relief::Nothing),
            ],
        );
    }

    #[test]
    fn a_backlog_that_shrinks_loses_nothing_and_is_judged_afresh_later() {
        let mut limits = limits();
        check(&mut limits, &[(1001, 101, OLDEST)]);
        assert_eq!(limits.judge(u64::MAX, Duration::MAX, Course::Shrinking), Relief::Nothing);
        check(&mut limits, &[(950, 95, Relief::First)]);
    }

    #[test]
    fn limits_at_the_end_of_their_range_are_no_trouble() {
        let options = Options {
            first: Vec::new(),
            soft_backlog_bytes: u64::MAX,
            max_backlog_bytes: u64::MAX,
            max_age: Duration::from_secs(1 << 32),
        };
        let mut limits = Limits::new(options);
        assert_eq!(limits.judge(u64::MAX, Duration::ZERO, Course::NotShrinking), Relief::Nothing);
        assert!(!limits.goes_first(Severity::Debug));
    }
}
