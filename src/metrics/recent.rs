//! The last few batches, for people who look now; histograms are for those who look back.

use std::collections::VecDeque;
use std::time::Duration;

use crate::report::{Latency, seconds};

/// How many events of a kind are remembered.
const REMEMBERED: usize = 256;

/// The last few batches.
#[derive(Debug, Default)]
pub(super) struct Recent {
    commits: Durations,
    deliveries: Durations,
    slowest_commit: Option<Duration>,
    last_batch_rows: u64,
}

impl Recent {
    pub(super) fn commit_took(&mut self, took: Duration) {
        self.commits.add(took);
        self.slowest_commit = self.slowest_commit.max(Some(took));
    }

    pub(super) fn batch_committed(&mut self, rows: u64, delivery: Duration) {
        self.deliveries.add(delivery);
        self.last_batch_rows = rows;
    }

    pub(super) fn commit_latency(&self) -> Latency {
        self.commits.latency()
    }

    pub(super) fn delivery_latency(&self) -> Latency {
        self.deliveries.latency()
    }

    pub(super) fn take_slowest_commit(&mut self) -> Option<Duration> {
        self.slowest_commit.take()
    }

    pub(super) fn last_batch_rows(&self) -> u64 {
        self.last_batch_rows
    }
}

#[derive(Debug, Default)]
struct Durations(VecDeque<Duration>);

impl Durations {
    fn add(&mut self, duration: Duration) {
        if self.0.len() == REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back(duration);
    }

    fn latency(&self) -> Latency {
        let mut sorted: Vec<Duration> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        // The smallest that so large a part of all does not exceed.
        let quantile = |percent: usize| sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        Latency { p50_seconds: quantile(50).map(seconds), p99_seconds: quantile(99).map(seconds) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_those_of_the_last_few() {
        let mut recent = Recent::default();
        assert_eq!(recent.commit_latency(), Latency::default());
        recent.commit_took(Duration::from_secs(9));
        assert_eq!(recent.commit_latency(), Latency { p50_seconds: Some(9.0), p99_seconds: Some(9.0) });
        assert_eq!(recent.take_slowest_commit(), Some(Duration::from_secs(9)));
        assert_eq!(recent.take_slowest_commit(), None);
        for millis in 1..=256 {
            recent.commit_took(Duration::from_millis(millis));
            recent.batch_committed(millis, Duration::from_millis(2 * millis));
        }
        assert_eq!(recent.commit_latency(), Latency { p50_seconds: Some(0.128), p99_seconds: Some(0.254) });
        assert_eq!(recent.delivery_latency(), Latency { p50_seconds: Some(0.256), p99_seconds: Some(0.508) });
        assert_eq!((recent.take_slowest_commit(), recent.last_batch_rows()), (Some(Duration::from_millis(256)), 256));
    }
}
