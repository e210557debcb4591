//! The clock of a simulation: its time passes only when the simulation says so.
//!
//! Invariant: who sleeps until one moment is woken in the order in which they went to sleep.

#![allow(dead_code, reason = "for simulations")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant, SystemTime};

use crate::museum::{self, Piece};

/// Numbers that follow from a seed, on every machine and with every version of every library the same (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        let mut chance = Chance(seed);
        chance.next();
        chance
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        number ^ (number >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// A number from `from` to `to`, both included.
    pub(crate) fn between(&mut self, from: u64, to: u64) -> u64 {
        from + self.below(to - from + 1)
    }

    /// Yes, in `part` of a thousand cases.
    pub(crate) fn permille(&mut self, part: u64) -> bool {
        self.below(1000) < part
    }

    /// One of several.
    pub(crate) fn one_of<'t, T>(&mut self, them: &'t [T]) -> &'t T {
        &them[self.below(them.len() as u64) as usize]
    }

    /// A time between two, in steps of a microsecond.
    pub(crate) fn time(&mut self, from: Duration, to: Duration) -> Duration {
        Duration::from_micros(self.between(from.as_micros() as u64, to.as_micros() as u64))
    }
}

/// A clock that stands still until it is set forward.
#[derive(Debug)]
pub(crate) struct Time {
    begun: Instant,
    /// Nanoseconds since the beginning: asked for more often than all the rest.
    passed: AtomicU64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// How far the wall clock is off, which people may change at any time.
    wall_shift: i64,
    sleepers: BTreeMap<(Duration, u64), Waker>,
    slept: u64,
    chance: Chance,
}

impl Time {
    /// A clock that begins now, with the jitter of `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Time {
            // An `Instant` cannot be made up; only the distance from this one is ever used.
            begun: Instant::now() + Duration::from_secs(3600),
            passed: AtomicU64::new(0),
            state: Mutex::new(State { wall_shift: 0, sleepers: BTreeMap::new(), slept: 0, chance: Chance::new(seed) }),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Instant {
        let now = self.begun + self.passed();
        if museum::is(Piece::TimersOnWallClock) && self.state().wall_shift < 0 {
            return now - Duration::from_secs(3600);
        }
        now
    }

    pub(crate) fn wall(&self) -> SystemTime {
        let state = self.state();
        let seconds = (1_700_000_000 + state.wall_shift).max(0) as u64;
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds) + self.passed()
    }

    pub(crate) fn jitter(&self) -> f64 {
        0.5 + self.state().chance.below(1 << 20) as f64 / (1 << 21) as f64
    }

    /// How much time has passed since the beginning.
    pub(crate) fn passed(&self) -> Duration {
        Duration::from_nanos(self.passed.load(Ordering::Relaxed))
    }

    /// The moment that is `at` the beginning.
    pub(crate) fn since_beginning(&self, at: Instant) -> Duration {
        at.saturating_duration_since(self.begun)
    }

    /// Somebody sets the wall clock.
    pub(crate) fn shift_wall(&self, seconds: i64) {
        self.state().wall_shift = seconds;
    }

    /// When the next sleeper wakes.
    pub(crate) fn next_wake(&self) -> Option<Duration> {
        self.state().sleepers.keys().next().map(|(at, _)| *at)
    }

    /// Sets the clock forward and wakes who slept until then.
    pub(crate) fn advance_to(&self, to: Duration) {
        let mut woken = Vec::new();
        {
            let mut state = self.state();
            self.passed.fetch_max(to.as_nanos() as u64, Ordering::Relaxed);
            while let Some(first) = state.sleepers.first_entry()
                && first.key().0 <= to
            {
                woken.push(first.remove());
            }
        }
        woken.into_iter().for_each(Waker::wake);
    }

    pub(crate) async fn sleep(&self, duration: Duration) {
        let until = self.passed() + duration;
        std::future::poll_fn(|context| {
            if self.passed() >= until {
                return Poll::Ready(());
            }
            let mut state = self.state();
            state.slept += 1;
            let place = (until, state.slept);
            state.sleepers.insert(place, context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use std::pin::pin;
    use std::sync::Arc;
    use std::task::Context;

    #[test]
    fn a_sleeper_wakes_when_the_clock_is_set_forward_and_not_before() {
        let time = Arc::new(Time::new(1));
        let clock = Clock::model(Arc::clone(&time));
        let mut sleep = pin!(clock.sleep(Duration::from_secs(5)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        assert_eq!(time.next_wake(), Some(Duration::from_secs(5)));
        time.advance_to(Duration::from_secs(4));
        assert!(sleep.as_mut().poll(&mut context).is_pending());
        time.advance_to(Duration::from_secs(5));
        assert!(sleep.as_mut().poll(&mut context).is_ready());
        assert!((0.5..=1.0).contains(&clock.jitter()));
    }
}
