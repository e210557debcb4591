//! Time and chance, handed to whoever needs them: the machine's own, or in a simulation a model of them on a seed.
//!
//! Invariant: whatever the agent decides by the time or by chance it learns here, so that a simulated run repeats exactly.

#[cfg(test)]
pub(crate) mod model;

use std::time::{Duration, Instant, SystemTime};

#[cfg(test)]
use std::sync::Arc;

/// A clock. A clone is the same clock.
#[derive(Debug, Clone, Default)]
pub struct Clock(Source);

#[derive(Debug, Clone, Default)]
enum Source {
    #[default]
    Machine,
    #[cfg(test)]
    Model(Arc<model::Time>),
}

impl Clock {
    /// The machine's clock.
    pub fn machine() -> Self {
        Clock(Source::Machine)
    }

    /// A clock of a simulation.
    #[cfg(test)]
    pub(crate) fn model(time: Arc<model::Time>) -> Self {
        Clock(Source::Model(time))
    }

    /// The time to reckon with: it never goes back.
    pub fn now(&self) -> Instant {
        match &self.0 {
            Source::Machine => Instant::now(),
            #[cfg(test)]
            Source::Model(time) => time.now(),
        }
    }

    /// The time to show to people: it may jump.
    pub fn wall(&self) -> SystemTime {
        match &self.0 {
            Source::Machine => SystemTime::now(),
            #[cfg(test)]
            Source::Model(time) => time.wall(),
        }
    }

    /// Waits.
    pub async fn sleep(&self, duration: Duration) {
        match &self.0 {
            Source::Machine => tokio::time::sleep(duration).await,
            #[cfg(test)]
            Source::Model(time) => time.sleep(duration).await,
        }
    }

    /// A part of a wait, from a half to all of it, so that agents do not act in step.
    pub fn jitter(&self) -> f64 {
        match &self.0 {
            Source::Machine => rand::random_range(0.5..=1.0),
            #[cfg(test)]
            Source::Model(time) => time.jitter(),
        }
    }
}
