//! What the writing half lets the reading half know without being asked: which batches are settled, and since when the
//! database fails.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

/// The state of the writing half.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// How often reading was set back.
    pub epoch: u64,
    /// The number of the first batch of that epoch that is not committed.
    pub settled: u64,
    /// How many commits there were.
    pub commits: u64,
    /// Since when the database does not do what it is asked; `None` while it does.
    pub failing_since: Option<Instant>,
}

/// The pulse of the writing half, and the reading half's way to ask for a recall.
#[derive(Debug, Default)]
pub struct Pulse {
    standing: Mutex<Standing>,
    recall: Notify,
}

impl Pulse {
    /// How the writing half stands.
    pub fn standing(&self) -> Standing {
        *self.lock()
    }

    /// A batch was committed, and the next is that number of that epoch.
    pub fn committed(&self, epoch: u64, next: u64) {
        let mut standing = self.lock();
        standing.commits += 1;
        if standing.epoch == epoch {
            standing.settled = next;
        }
    }

    /// Reading was set back.
    pub fn set_back(&self, epoch: u64) {
        let mut standing = self.lock();
        (standing.epoch, standing.settled) = (epoch, 0);
    }

    /// The database fails, since then.
    pub fn failing(&self, since: Instant) {
        self.lock().failing_since = Some(since);
    }

    /// The database does what it is asked.
    pub fn well(&self) {
        self.lock().failing_since = None;
    }

    /// Asks that every batch that is not committed be given up: its lines are to be let go.
    pub fn ask_for_recall(&self) {
        self.recall.notify_one();
    }

    /// Waits until a recall is asked for.
    pub async fn recall_asked_for(&self) {
        self.recall.notified().await;
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
