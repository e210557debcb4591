//! How much is asked of the database at once: how many batches are under way, and how large they are.
//!
//! After a failure one batch at a time is tried, small; each commit then allows more, so that a fleet of agents that all
//! come back together does not fall upon a server that has just started. While all is well, the time that transactions
//! take steers their size: a server that is slow gets smaller ones, as far as that makes them shorter.
//!
//! Sizes are *shares* of what the config allows: 1 is a batch that is full, in lines or in bytes. It owns no clock.
//!
//! Invariant: the width is at least 1 and at most `connections`; the share is at least [`SHARE_MIN`] and at most 1.

use std::time::Duration;

/// The smallest share: a fiftieth of `batch.max_rows` and `batch.max_bytes`.
pub const SHARE_MIN: f64 = 0.02;

/// What the first batch after a failure may be.
const SHARE_AFTER_FAILURE: f64 = 0.125;

/// By which factor the share may change with one commit, up or down.
const STEP_MAX: f64 = 2.0;

/// How long the transaction of a batch may take before batches become smaller.
pub const TARGET: Duration = Duration::from_secs(1);

/// How much of what was learned is kept with each new observation.
const MEMORY: f64 = 0.9;

/// How many commits a connection more may have to wait for, when opening it keeps failing.
const PATIENCE_MAX: u32 = 256;

/// Steers how much is asked of the database at once.
#[derive(Debug)]
pub struct Pace {
    connections: usize,
    width: usize,
    share: f64,
    /// Commits since the width last changed.
    commits: u32,
    /// Commits that are to pass before the width grows.
    patience: u32,
    durations: Durations,
}

impl Pace {
    /// A pace for an agent that has not committed yet.
    pub fn new(connections: usize) -> Self {
        Pace {
            connections: connections.max(1),
            width: 1,
            share: SHARE_AFTER_FAILURE,
            commits: 0,
            patience: 1,
            durations: Durations::default(),
        }
    }

    /// How many batches may be under way at once.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How large a batch may be, as a share of what the config allows.
    pub fn share(&self) -> f64 {
        self.share
    }

    /// Takes in that the database did not do a request.
    pub fn failed(&mut self) {
        // A connection more that cannot be had while others work is asked for less and less often.
        if self.width > 1 {
            self.patience = (self.patience * 2).min(PATIENCE_MAX);
        }
        self.width = 1;
        self.commits = 0;
        self.share = self.share.min(SHARE_AFTER_FAILURE);
    }

    /// Takes in that a batch of this share was committed, and how long its transaction took, if that is known: without the
    /// wait for its turn.
    pub fn committed(&mut self, share: f64, took: Option<Duration>) {
        self.commits = self.commits.saturating_add(1);
        if self.commits >= self.patience {
            if self.width < self.connections {
                self.width += 1;
                self.commits = 0;
            } else if self.commits >= PATIENCE_MAX {
                self.patience = 1;
            }
        }
        let Some(took) = took else { return };
        self.durations.observe(share.clamp(0.0, 1.0), took.as_secs_f64());
        let fitting = self.durations.fitting(TARGET.as_secs_f64());
        self.share = fitting.clamp(self.share / STEP_MAX, self.share * STEP_MAX).clamp(SHARE_MIN, 1.0);
    }
}

/// How the duration of a transaction depends on its share: `fixed + slope * share`, by least squares over the last few.
#[derive(Debug, Default)]
struct Durations {
    weight: f64,
    shares: f64,
    seconds: f64,
    squares: f64,
    products: f64,
}

impl Durations {
    fn observe(&mut self, share: f64, seconds: f64) {
        self.weight = self.weight * MEMORY + 1.0;
        self.shares = self.shares * MEMORY + share;
        self.seconds = self.seconds * MEMORY + seconds;
        self.squares = self.squares * MEMORY + share * share;
        self.products = self.products * MEMORY + share * seconds;
    }

    /// The fixed part of a duration, and what a full batch adds to it.
    fn line(&self) -> (f64, f64) {
        let (share, seconds) = (self.shares / self.weight, self.seconds / self.weight);
        let variance = self.squares / self.weight - share * share;
        // Of batches that are all alike nobody can tell what is fixed: then nothing is taken to be.
        let slope = if variance > (share * 0.05).powi(2) {
            (self.products / self.weight - share * seconds) / variance
        } else {
            seconds / share.max(SHARE_MIN)
        };
        let slope = slope.clamp(0.0, seconds / share.max(SHARE_MIN));
        ((seconds - slope * share).max(0.0), slope)
    }

    /// The share of batches that take `target`. Where the fixed part alone takes longer, smaller batches would only mean
    /// more of them: then the share that doubles it.
    fn fitting(&self, target: f64) -> f64 {
        let (fixed, slope) = self.line();
        let budget = (target - fixed).max(fixed);
        if slope <= budget { 1.0 } else { budget / slope }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Commits full batches on a server that takes `fixed + slope * share` seconds, and returns the shares.
    fn commits(pace: &mut Pace, count: usize, fixed: f64, slope: f64) -> Vec<f64> {
        let commit = |_| {
            let share = pace.share();
            pace.committed(share, Some(Duration::from_secs_f64(fixed + slope * share)));
            pace.share()
        };
        (0..count).map(commit).collect()
    }

    #[test]
    fn a_start_and_a_return_are_a_ramp() {
        let mut pace = Pace::new(4);
        assert_eq!((pace.width(), pace.share()), (1, 0.125));
        let ramp = |pace: &mut Pace| {
            let mut seen = Vec::new();
            for _ in 0..4 {
                commits(pace, 1, 0.01, 0.1);
                seen.push((pace.width(), pace.share()));
            }
            seen
        };
        assert_eq!(ramp(&mut pace), [(2, 0.25), (3, 0.5), (4, 1.0), (4, 1.0)]);
        pace.failed();
        assert_eq!((pace.width(), pace.share()), (1, 0.125));
    }

    #[test]
    fn a_fast_server_gets_full_batches() {
        let mut pace = Pace::new(2);
        let shares = commits(&mut pace, 200, 0.02, 0.4);
        assert!(shares[5..].iter().all(|share| *share == 1.0), "{shares:?}");
    }

    #[test]
    fn a_slow_server_gets_batches_that_take_the_target() {
        let mut pace = Pace::new(2);
        let shares = commits(&mut pace, 200, 0.1, 5.0);
        for share in &shares[20..] {
            let took = 0.1 + 5.0 * share;
            assert!((0.7..1.3).contains(&took), "{took} s, {shares:?}");
        }
    }

    #[test]
    fn a_server_that_becomes_fast_again_gets_full_batches_again() {
        let mut pace = Pace::new(2);
        commits(&mut pace, 100, 0.0, 20.0);
        assert!(pace.share() < 0.1, "{}", pace.share());
        let shares = commits(&mut pace, 100, 0.0, 0.2);
        assert!(shares[60..].iter().all(|share| *share == 1.0), "{shares:?}");
    }

    #[test]
    fn a_commit_that_is_slow_by_itself_does_not_make_batches_tiny() {
        let mut pace = Pace::new(2);
        // Three seconds for a disk that hangs, and a tenth for the rows: smaller batches would only be more of them.
        let shares = commits(&mut pace, 200, 3.0, 0.1);
        assert!(shares[50..].iter().all(|share| *share >= 0.5), "{shares:?}");
    }

    #[test]
    fn a_connection_that_cannot_be_had_is_asked_for_less_and_less_often() {
        let mut pace = Pace::new(2);
        let mut asked = 0;
        for _ in 0..1000 {
            commits(&mut pace, 1, 0.01, 0.1);
            if pace.width() == 2 {
                asked += 1;
                pace.failed();
            }
        }
        assert!((5..20).contains(&asked), "{asked} times in 1000 commits");
        commits(&mut pace, 600, 0.01, 0.1);
        assert_eq!(pace.width(), 2);
        pace.failed();
        commits(&mut pace, 2, 0.01, 0.1);
        assert_eq!(pace.width(), 2, "what was hard to get long ago is asked for at once");
    }

    #[test]
    fn a_failure_with_one_connection_costs_no_patience() {
        let mut pace = Pace::new(1);
        (0..20).for_each(|_| pace.failed());
        assert_eq!(pace.width(), 1);
        assert_eq!(commits(&mut pace, 3, 0.01, 0.1)[2], 1.0);
    }

    proptest! {
        #[test]
        fn the_bounds_hold_whatever_happens(
            connections in 0usize..20,
            events in prop::collection::vec((0.0f64..2.0, 0u64..100_000, 0u8..8), 0..300),
        ) {
            let mut pace = Pace::new(connections);
            for (share, millis, kind) in events {
                if kind == 0 { pace.failed() } else { pace.committed(share, Some(Duration::from_millis(millis))) }
                prop_assert!((1..=connections.max(1)).contains(&pace.width()));
                prop_assert!((SHARE_MIN..=1.0).contains(&pace.share()), "{}", pace.share());
            }
        }
    }
}
