//! The agent put together: who runs where, and in which order it stops. Nothing else spawns.
//!
//! A thread reads the spool and makes batches; tasks, one a connection, commit them; between them is a channel that holds
//! one batch. Stopping is one act, stopping the reader: its channel closes, the writers finish what is in it, and end.
//!
//! Invariant: memory is bounded by the batches that can exist at once: one filling, one waiting, one in the channel, and
//! one a connection.

pub mod ledger;
pub mod pace;
pub mod pulse;
pub mod reader;
pub mod status;
pub mod watchdog;
pub mod writer;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};

use crate::clock::Clock;
use crate::endpoint;
use crate::metrics::Metrics;
use crate::quarantine::{self, Quarantine};
use crate::record::{Reason, Severity};
use crate::scrub::{self, Scrubber};
use crate::shed;
use crate::shed::note::NoteFile;
use crate::sink::{Class, Database};
use crate::spool::files::Disk;
use crate::spool::hints::Watch;
use crate::spool::{self, Spool};
use crate::state::{self, StateDirectory};
use crate::systemd;
use ledger::{CHECKPOINT_INTERVAL, Ledger, load_checkpoint, save, save_regularly};
pub use reader::Until;
use reader::{Order, Reader, Reload};
use status::{Board, SAMPLE_INTERVAL};
use watchdog::Watched;
use writer::Writers;
pub use writer::{GaveUp, Patience, Stop};

/// Where the status is logged to: it was asked for, so it is written whatever `log.level` is.
pub const STATUS_TARGET: &str = "tracespool::status";

/// What an agent needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// Whose frontiers these are.
    pub agent: String,
    /// The spool.
    pub spool: spool::Options,
    /// Reading.
    pub reader: reader::Options,
    /// Scrubbing.
    pub scrub: scrub::Options,
    /// How many connections commit batches.
    pub connections: usize,
    /// What is done when the database stays away.
    pub patience: Patience,
    /// How long a stop may take.
    pub shutdown_grace: Duration,
    /// How long nothing may be asked of the database while a batch waits: [`watchdog::quiet_max`].
    pub quiet_max: Duration,
    /// The state directory.
    pub state_directory: PathBuf,
    /// The quarantine.
    pub quarantine: quarantine::Options,
    /// Where the metrics are served; `None` for nowhere.
    pub metrics_listen: Option<SocketAddr>,
}

/// What a running agent is asked for.
#[derive(Debug)]
pub enum Request<D> {
    /// To go on with other options.
    Reload(Box<Change<D>>),
    /// To log what it is doing.
    Status,
}

/// What an agent goes on with after the config was read again. All of it was checked before.
#[derive(Debug)]
pub struct Change<D> {
    /// Reading.
    pub reader: reader::Options,
    /// The spool.
    pub spool: spool::Options,
    /// Scrubbing.
    pub scrubber: Scrubber,
    /// The database; `None` when it stays the same.
    pub database: Option<D>,
    /// How long a stop may take.
    pub shutdown_grace: Duration,
    /// How long nothing may be asked of the database while a batch waits.
    pub quiet_max: Duration,
    /// How large the quarantine may become.
    pub quarantine_bytes_max: u64,
}

/// Why an agent could not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The state directory cannot be used.
    #[error(transparent)]
    State(#[from] state::Error),
    /// A file of ours cannot be used.
    #[error("{what} cannot be used: {source}")]
    File {
        /// Which.
        what: &'static str,
        /// What failed.
        source: io::Error,
    },
    /// The metrics cannot be served.
    #[error("`metrics.listen` {address} cannot be used: {source}; choose another address, or \"\" to turn it off")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What failed.
        source: io::Error,
    },
    /// A thread or task of the agent ended as it never should.
    #[error("the {0} ended unexpectedly; this is a defect of tracespool")]
    Defect(&'static str),
}

/// How an agent ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Everything that was read is committed.
    Complete,
    /// Everything that was read is committed, and this many files and directories could not be read.
    Unreadable(usize),
    /// Something that was read is not; it is read again after the next start.
    Incomplete(GaveUp),
    /// The grace period ended with a batch in flight; what is not committed is read again after the next start.
    OutOfTime,
}

/// Ships the spool into `database` until it is drained, or `stop` says so.
///
/// # Errors
/// The agent could not begin, or has a defect. A database that is away is no error.
pub async fn run<D: Database>(
    options: Options,
    database: D,
    metrics: Metrics,
    stop: watch::Receiver<Stop>,
    mut requests: mpsc::Receiver<Request<D>>,
) -> Result<End, Error> {
    name_counters(&metrics);
    let clock = Clock::machine();
    let state = Arc::new(StateDirectory::open(&options.state_directory)?);
    let checkpoint = load_checkpoint(&state, &options.agent);
    let quarantine_path = options.quarantine.path.clone();
    let quarantine = Quarantine::open(options.quarantine, Arc::clone(&state))
        .map_err(|source| Error::File { what: "the note on pending quarantine records", source })?;
    let ledger = Ledger::new(quarantine, checkpoint);
    let ledger = Arc::new(Mutex::new(ledger));
    let note = NoteFile::open(Arc::clone(&state), options.agent.clone())
        .map_err(|source| Error::File { what: "the note of lines let go", source })?;
    let note = Arc::new(Mutex::new(note));

    let listener = match options.metrics_listen {
        Some(address) => Some(endpoint::listen(address).await.map_err(|source| Error::Listen { address, source })?),
        None => None,
    };
    let mut background = JoinSet::new();
    let agent = options.agent.clone();
    // What is done every second is done in one go: an agent at rest wakes once for it.
    let began = tokio::time::Instant::now();
    let tick = tokio::time::interval_at(began, CHECKPOINT_INTERVAL);
    background.spawn(save_regularly(tick, Arc::clone(&ledger), Arc::clone(&state), agent.clone(), metrics.clone()));

    let handle = reader::Handle::default();
    handle.watchdog().begin(clock.now(), options.quiet_max);
    let watched = |database| Watched::new(database, Arc::clone(handle.watchdog()), clock.clone());
    let spool = Spool::new(Disk, options.spool);
    let watch = Watch::new(handle.bell().clone(), spool.depth());
    let (sender, batches) = mpsc::channel(1);
    let reader = {
        let (clock, handle, note, metrics) = (clock.clone(), handle.clone(), Arc::clone(&note), metrics.clone());
        // The scrubber's tables are made on the thread that uses them: an allocator keeps what is given back for the thread that
        // gave it, and here batches take it again.
        let work = move || {
            let scrubber = Scrubber::new(options.scrub);
            Reader::new(options.reader, clock, handle, watch, spool, scrubber, sender, note, metrics).run()
        };
        thread::Builder::new()
            .name("reader".to_owned())
            .spawn(work)
            .map_err(|source| Error::File { what: "a thread for reading", source })?
    };

    let writers = Arc::new(Writers::new(
        watched(database),
        clock.clone(),
        writer::Options { patience: options.patience, connections: options.connections },
        stop.clone(),
        handle.clone(),
        Arc::clone(&ledger),
        note,
        metrics.clone(),
    ));
    let board = Board::new(agent.clone(), quarantine_path, metrics.clone(), handle.clone(), Arc::clone(&writers));
    let board = Arc::new(board);
    background.spawn(sample_regularly(tokio::time::interval_at(began, SAMPLE_INTERVAL), Arc::clone(&board)));
    let reporter = Arc::clone(&board);
    background.spawn(systemd::keep_informed(move || reporter.report()));
    if let Some(listener) = listener {
        background.spawn(endpoint::serve(listener, Arc::clone(&board)));
    }
    let work = commit_everything(Arc::clone(&writers), batches, options.connections);
    tokio::pin!(work);
    let asked = asked_to_finish(stop);
    tokio::pin!(asked);
    let mut shutdown_grace = options.shutdown_grace;
    let end = loop {
        tokio::select! {
            end = &mut work => break end,
            () = &mut asked => {
                handle.order(Order::Stop);
                break tokio::time::timeout(shutdown_grace, work).await.unwrap_or(Ok(End::OutOfTime));
            }
            Some(request) = requests.recv() => match request {
                Request::Status => {
                    tracing::info!(target: STATUS_TARGET, "status: {}", board.report());
                }
                Request::Reload(change) => {
                    shutdown_grace = change.shutdown_grace;
                    handle.watchdog().set_quiet_max(change.quiet_max);
                    lock(&ledger).quarantine.set_bytes_max(change.quarantine_bytes_max);
                    if let Some(database) = change.database {
                        writers.replace_database(watched(database));
                    }
                    let Change { reader, spool, scrubber, .. } = *change;
                    handle.order(Order::Reload(Box::new(Reload { options: reader, spool, scrubber })));
                }
            }
        }
    }?;
    // Either it has ended already, or nobody takes its batches any more.
    handle.order(Order::Stop);
    let joined = tokio::task::spawn_blocking(move || reader.join()).await;
    let Ok(Ok(unreadable)) = joined else { return Err(Error::Defect("reader")) };
    background.shutdown().await;
    save(&ledger, &state, &agent, &metrics);
    Ok(if end == End::Complete && unreadable > 0 { End::Unreadable(unreadable) } else { end })
}

async fn sample_regularly<D: Database>(mut tick: Interval, board: Arc<Board<D>>) {
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        board.sample();
    }
}

/// Makes the counters appear before their first event: an alert on a rise needs the zero before it.
fn name_counters(metrics: &Metrics) {
    for reason in Reason::ALL {
        metrics.lines_quarantined.with_label_values(&[reason.as_str()]);
    }
    for reason in shed::Reason::OF_LINES {
        for severity in Severity::ALL {
            metrics.lines_shed.with_label_values(&[reason.as_str(), severity.as_str()]);
        }
    }
    for class in Class::ALL {
        metrics.database_errors.with_label_values(&[class.as_str()]);
    }
}

/// Ends when the agent is asked to stop; never, when nobody is left to ask.
async fn asked_to_finish(mut stop: watch::Receiver<Stop>) {
    if stop.wait_for(|stop| *stop == Stop::Finish).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Runs the writers until the reader's channel is closed and empty.
async fn commit_everything<D: Database>(
    writers: Arc<Writers<D>>,
    batches: mpsc::Receiver<crate::batch::Batch>,
    connections: usize,
) -> Result<End, Error> {
    let seat = match writers.start().await {
        Ok(seat) => seat,
        Err(gave_up) => return Ok(End::Incomplete(gave_up)),
    };
    let batches = Arc::new(tokio::sync::Mutex::new(batches));
    let mut tasks = JoinSet::new();
    let mut first = Some(seat);
    for _ in 0..connections {
        let (writers, batches, seat) = (Arc::clone(&writers), Arc::clone(&batches), first.take().unwrap_or_default());
        tasks.spawn(async move { writers.work(seat, &batches).await });
    }
    drop(batches);
    let mut recalls = JoinSet::new();
    recalls.spawn(async move { writers.recall_when_asked().await });
    let mut end = End::Complete;
    while let Some(task) = tasks.join_next().await {
        match task {
            Ok(Ok(())) => {}
            Ok(Err(gave_up)) => {
                // The others wait for their turn behind the batch that was given up.
                end = End::Incomplete(gave_up);
                tasks.abort_all();
            }
            Err(error) if error.is_cancelled() => {}
            Err(_) => return Err(Error::Defect("writer")),
        }
    }
    Ok(end)
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
