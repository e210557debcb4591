//! What the running agent is doing, in one line.
//!
//! Invariant: nothing in it comes from a line, and no text of the server's.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use crate::sink::Class;
use crate::sink::circuit::State;

/// Over how long rates are taken.
const WINDOW: Duration = Duration::from_secs(10);

/// What the running agent is doing.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// Whether the database takes requests.
    pub circuit: State,
    /// For how long it does not.
    pub away: Option<Duration>,
    /// The class of the last failure, and how long ago it was.
    pub last_failure: Option<(Class, Duration)>,
    /// How much there is.
    pub amounts: Amounts,
    /// Lines read and rows committed a second.
    pub rates: Rates,
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amounts {
    /// Bytes in the spool above the frontiers.
    pub backlog_bytes: u64,
    /// Files followed.
    pub files: u64,
    /// Lines let go since the start.
    pub lines_shed: u64,
}

impl Status {
    /// The status at a moment, of a circuit with its last failure.
    pub fn new(now: Instant, circuit: (State, Option<(Class, Instant)>), amounts: Amounts, rates: Rates) -> Self {
        let (state, last) = circuit;
        let ago = |then: Instant| now.saturating_duration_since(then);
        Status {
            circuit: state,
            away: match state {
                State::Untried | State::Closed => None,
                State::Open(away) | State::HalfOpen(away) => Some(ago(away.since)),
            },
            last_failure: last.map(|(class, then)| (class, ago(then))),
            amounts,
            rates,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "circuit={}", self.circuit.as_str())?;
        if let Some(away) = self.away {
            write!(f, " away_seconds={}", away.as_secs())?;
        }
        let Amounts { backlog_bytes, files, lines_shed } = self.amounts;
        write!(f, " backlog_bytes={backlog_bytes} files={files} lines_shed={lines_shed}")?;
        write!(f, " lines_per_second={:.0} rows_per_second={:.0}", self.rates.lines, self.rates.rows)?;
        match self.last_failure {
            Some((class, ago)) => write!(f, " last_error={} seconds_ago={}", class.as_str(), ago.as_secs()),
            None => write!(f, " last_error=none"),
        }
    }
}

/// Per second, over the last ten of them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Rates {
    /// Lines read.
    pub lines: f64,
    /// Rows committed.
    pub rows: f64,
}

/// The counters of the last seconds.
#[derive(Debug, Default)]
pub struct Samples(VecDeque<Sample>);

#[derive(Debug, Clone, Copy)]
struct Sample {
    at: Instant,
    lines: u64,
    rows: u64,
}

impl Samples {
    /// Takes in what the counters say now.
    pub fn add(&mut self, at: Instant, lines: u64, rows: u64) {
        // One sample older than the window stays, to reach over the whole of it.
        while self.0.get(1).is_some_and(|second| at.saturating_duration_since(second.at) >= WINDOW) {
            self.0.pop_front();
        }
        self.0.push_back(Sample { at, lines, rows });
    }

    /// The rates between the first sample of the window and the last.
    pub fn rates(&self) -> Rates {
        let (Some(first), Some(last)) = (self.0.front(), self.0.back()) else { return Rates::default() };
        let seconds = last.at.saturating_duration_since(first.at).as_secs_f64();
        if seconds == 0.0 {
            return Rates::default();
        }
        Rates {
            lines: last.lines.saturating_sub(first.lines) as f64 / seconds,
            rows: last.rows.saturating_sub(first.rows) as f64 / seconds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::circuit::Away;

    #[test]
    fn the_line_says_what_is_the_matter() {
        let now = Instant::now();
        let then = |seconds| now - Duration::from_secs(seconds);
        let away = Away { since: then(61), class: Class::Full };
        let status = Status::new(
            now,
            (State::Open(away), Some((Class::Full, then(3)))),
            Amounts { backlog_bytes: 1024, files: 2, lines_shed: 7 },
            Rates { lines: 12.4, rows: 0.0 },
        );
        assert_eq!(
            status.to_string(),
            "circuit=open away_seconds=61 backlog_bytes=1024 files=2 lines_shed=7 lines_per_second=12 rows_per_second=0 \
             last_error=full seconds_ago=3"
        );
        let status =
            Status::new(now, (State::Closed, None), Amounts { files: 1, ..Amounts::default() }, Rates::default());
        assert_eq!(
            status.to_string(),
            "circuit=closed backlog_bytes=0 files=1 lines_shed=0 lines_per_second=0 rows_per_second=0 last_error=none"
        );
    }

    #[test]
    fn rates_are_those_of_the_last_ten_seconds() {
        let start = Instant::now();
        let mut samples = Samples::default();
        assert_eq!(samples.rates(), Rates::default());
        samples.add(start, 0, 0);
        assert_eq!(samples.rates(), Rates::default());
        for second in 1..=100 {
            let lines = if second <= 50 { second * 1000 } else { 50_000 + (second - 50) * 10 };
            samples.add(start + Duration::from_secs(second), lines, lines / 2);
            assert!(samples.0.len() <= 12);
        }
        assert_eq!(samples.rates(), Rates { lines: 10.0, rows: 5.0 });
    }

    #[test]
    fn a_counter_that_was_taken_back_is_no_rate_below_zero() {
        let start = Instant::now();
        let mut samples = Samples::default();
        samples.add(start, 500, 0);
        samples.add(start + Duration::from_secs(1), 100, 0);
        assert_eq!(samples.rates(), Rates::default());
    }
}
