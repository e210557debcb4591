//! What is kept of commits outside the database: the checkpoint, the quarantine, what is in doubt; and how that is saved.
//!
//! Invariant: the ends of a batch are counted once, by whoever learns first that its commit has happened.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Interval;

use super::lock;
use crate::batch::{Batch, Refused};
use crate::checkpoint::Checkpoint;
use crate::metrics::Metrics;
use crate::quarantine::Quarantine;
use crate::record::Reason;
use crate::shed::{self, Lost, Tally};
use crate::spool::{FileKey, Move, Position};
use crate::state::StateDirectory;

/// How often the checkpoint is written while frontiers move.
pub(crate) const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(1);

/// What is kept of commits outside the database.
#[derive(Debug)]
pub struct Ledger {
    /// The quarantine file.
    pub quarantine: Quarantine,
    /// The committed frontiers.
    pub checkpoint: Checkpoint,
    /// The steps of a commit that is under way, or whose outcome is unknown.
    pub in_doubt: Vec<Move>,
    /// What that commit ends, to be counted by whoever learns first that it happened.
    pub uncounted: Uncounted,
    /// Whether `checkpoint` changed since it was last saved.
    pub unsaved: bool,
    /// Whether the last attempt to save it failed.
    pub unsavable: bool,
}

impl Ledger {
    /// The ledger of an agent that starts.
    pub fn new(quarantine: Quarantine, checkpoint: Checkpoint) -> Self {
        Ledger {
            quarantine,
            checkpoint,
            in_doubt: Vec::new(),
            uncounted: Uncounted::Nothing,
            unsaved: false,
            unsavable: false,
        }
    }
}

/// What a commit that is under way ends, which nobody has counted yet: its batch can be recalled before its answer comes.
#[derive(Debug, Default)]
pub enum Uncounted {
    /// Nothing is under way, or nothing came of it.
    #[default]
    Nothing,
    /// The ends of a batch, should its commit happen.
    Batch(Box<BatchEnds>),
    /// The frontiers told that the commit of this batch happened, and its ends were counted.
    Counted(BatchNumber),
}

/// Epoch and sequence of a batch.
pub(super) type BatchNumber = (u64, u64);

/// The ends of a batch.
#[derive(Debug)]
pub struct BatchEnds {
    pub(super) batch: BatchNumber,
    /// Where its frontiers stand when they are in the database.
    pub(super) to: Vec<(FileKey, Position)>,
    /// How many lines were read for it.
    pub(super) lines: usize,
    rows: u64,
    quarantined: Vec<Reason>,
    let_go: Vec<(shed::Reason, Tally)>,
}

impl BatchEnds {
    /// The ends of a batch of which the database refused these rows.
    pub(super) fn new(batch: &Batch, refused: &[Refused], quarantine: Quarantined) -> Self {
        let mut let_go: Vec<_> = batch.lost().map(|(reason, tally)| (reason, *tally)).collect();
        let mut quarantined = Vec::new();
        for line in batch.refused().iter().chain(refused) {
            match quarantine {
                Quarantined::Yes => quarantined.push(line.why.reason),
                Quarantined::No => {
                    let mut tally = Tally::default();
                    tally.add(lost(line));
                    let_go.push((shed::Reason::QuarantineUnwritable, tally));
                }
            }
        }
        BatchEnds {
            batch: number(batch),
            to: batch.moves().iter().map(|step| (step.file, step.to)).collect(),
            lines: batch.line_count(),
            rows: (batch.line_row_count() - refused.len()) as u64,
            quarantined,
            let_go,
        }
    }

    /// Counts them: the commit has happened.
    pub(super) fn count(&self, metrics: &Metrics) {
        for reason in &self.quarantined {
            metrics.lines_quarantined.with_label_values(&[reason.as_str()]).inc();
        }
        for (reason, tally) in &self.let_go {
            metrics.lines_let_go(*reason, tally);
        }
        metrics.rows_committed.inc_by(self.rows);
    }
}

/// The number of a batch.
pub(super) fn number(batch: &Batch) -> BatchNumber {
    (batch.epoch, batch.sequence)
}

/// Whether the quarantine took records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Quarantined {
    /// It did, or there were none.
    #[default]
    Yes,
    /// It could not be written to; the lines are let go.
    No,
}

/// What a declaration tells of a line that belonged into the quarantine.
pub(super) fn lost(line: &Refused) -> Lost {
    let Refused { origin, severity, .. } = line;
    Lost { offset: origin.offset, length: origin.length, severity: *severity, created_at: None }
}

/// The checkpoint as it was last saved; an empty one when there is none, or none to believe.
pub(crate) fn load_checkpoint(state: &StateDirectory, agent: &str) -> Checkpoint {
    match Checkpoint::load(state, agent) {
        Ok(Some(checkpoint)) => checkpoint,
        Ok(None) => Checkpoint::default(),
        Err(damage) => {
            tracing::warn!(%damage, "the checkpoint file is not believed; the database's frontiers are used");
            Checkpoint::default()
        }
    }
}

/// Saves at every tick what has changed, for ever.
pub(super) async fn save_regularly(
    mut tick: Interval,
    ledger: Arc<Mutex<Ledger>>,
    state: Arc<StateDirectory>,
    agent: String,
    metrics: Metrics,
) {
    loop {
        tick.tick().await;
        if is_saved(&ledger) {
            // An agent at rest wakes no other thread for nothing.
            metrics.checkpoint_is_current();
            continue;
        }
        let (ledger, state, agent, metrics) = (Arc::clone(&ledger), Arc::clone(&state), agent.clone(), metrics.clone());
        let saved = tokio::task::spawn_blocking(move || save(&ledger, &state, &agent, &metrics)).await;
        if let Err(error) = saved {
            tracing::error!(%error, "the checkpoint was not saved; this is a defect of tracespool");
        }
    }
}

fn is_saved(ledger: &Mutex<Ledger>) -> bool {
    let ledger = lock(ledger);
    !ledger.unsaved && !ledger.quarantine.is_unsettled()
}

/// Writes the checkpoint if a frontier moved since the last time. A disk without room for it stops nothing: the database
/// has the frontiers too.
pub(crate) fn save(ledger: &Mutex<Ledger>, state: &StateDirectory, agent: &str, metrics: &Metrics) {
    let checkpoint = {
        let mut ledger = lock(ledger);
        if let Err(error) = ledger.quarantine.retry() {
            tracing::debug!(%error, "quarantine records still cannot be settled");
        }
        if !std::mem::take(&mut ledger.unsaved) {
            metrics.checkpoint_is_current();
            return;
        }
        ledger.checkpoint.clone()
    };
    let saved = checkpoint.save(state, agent);
    let mut ledger = lock(ledger);
    match saved {
        Ok(()) => {
            metrics.checkpoint_is_current();
            if std::mem::take(&mut ledger.unsavable) {
                tracing::info!("the checkpoint file can be written again");
            }
        }
        Err(error) => {
            ledger.unsaved = true;
            if !std::mem::replace(&mut ledger.unsavable, true) {
                tracing::error!(directory = %state.path().display(), %error,
                    "the checkpoint file cannot be written; shipping goes on, and the database keeps the frontiers");
            }
        }
    }
}
