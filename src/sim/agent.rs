//! One life of the agent: its two halves and the saving of its checkpoint, in one thread, in an order that chance gives.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use tokio::sync::{mpsc, watch};

use super::database::SimDatabase;
use super::disk::{LINE_MAX, SpoolDisk};
use super::own::OwnDisk;
use super::script::SPOOL;
use super::world::{Shared, lock};
use crate::batch::{self, Batch};
use crate::clock::Clock;
use crate::clock::model::Chance;
use crate::metrics::Metrics;
use crate::pipeline::ledger::{CHECKPOINT_INTERVAL, Ledger, load_checkpoint, save};
use crate::pipeline::reader::{self, Order, Reader, Step};
use crate::pipeline::writer::{self, Seat, Writers};
use crate::pipeline::{GaveUp, Patience, Stop, Until};
use crate::quarantine::{self, Quarantine};
use crate::record::Severity;
use crate::scrub::Scrubber;
use crate::shed;
use crate::shed::note::NoteFile;
use crate::sink::Database;
use crate::spool::globs::Globs;
use crate::spool::hints::Watch;
use crate::spool::{self, Spool, StartAt, tail};
use crate::state::StateDirectory;

/// Where the agent's own files are.
pub(crate) const STATE: &str = "/state";

/// Where the quarantine is.
pub(crate) const QUARANTINE: &str = "/state/quarantine.ndjson";

/// Name of the agent.
const NAME: &str = "simulated";

/// How much memory a batch may take: as much as it likes.
const MEMORY_MAX: usize = 1 << 30;

/// When lines are let go for being too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LettingGo {
    /// At no backlog that a seed can have.
    Never,
    /// As soon as a small backlog does not shrink.
    Soon,
}

impl LettingGo {
    fn limits(self) -> shed::limits::Options {
        let (soft_backlog_bytes, max_backlog_bytes, max_age) = match self {
            LettingGo::Never => (u64::MAX, u64::MAX, Duration::from_secs(1 << 30)),
            LettingGo::Soon => (1_000, 3_000, Duration::from_secs(2)),
        };
        shed::limits::Options { first: vec![Severity::Info], soft_backlog_bytes, max_backlog_bytes, max_age }
    }
}

/// How the agents of a seed are set up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) connections: usize,
    pub(crate) lines_max: usize,
    pub(crate) bytes_max: usize,
    pub(crate) quantum: usize,
    pub(crate) files_open_max: usize,
    pub(crate) rescan_interval: Duration,
    pub(crate) letting_go: LettingGo,
}

impl Setup {
    pub(crate) fn new(chance: &mut Chance) -> Self {
        Setup {
            connections: chance.between(1, 3) as usize,
            lines_max: *chance.one_of(&[1, 3, 10, 30]),
            bytes_max: *chance.one_of(&[200, 2_000, 20_000]),
            quantum: *chance.one_of(&[50, 500, 5_000]),
            files_open_max: *chance.one_of(&[2, 5, 100]),
            rescan_interval: Duration::from_millis(*chance.one_of(&[100, 1000])),
            letting_go: *chance.one_of(&[LettingGo::Never, LettingGo::Soon]),
        }
    }
}

/// What a task of the agent ended with.
#[allow(clippy::large_enum_variant, reason = "there are a handful of them")]
enum Ended {
    Started(Result<Seat<<SimDatabase as Database>::Session>, GaveUp>),
    Worked(Result<(), GaveUp>),
}

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Task {
    future: Pin<Box<dyn Future<Output = Ended>>>,
    woken: Arc<Flag>,
}

impl Task {
    fn new(future: impl Future<Output = Ended> + 'static) -> Self {
        Task { future: Box::pin(future), woken: Arc::new(Flag(AtomicBool::new(true))) }
    }
}

/// Whether the reader has something to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Goes,
    /// Until this time, since the beginning.
    Waits(Duration),
    Ended,
}

/// How far a life of the agent is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Life {
    Goes,
    /// It stopped as it should, or gave up.
    Stopped,
}

/// A running agent.
pub(crate) struct Agent {
    world: Shared,
    reader: Option<Reader<SpoolDisk>>,
    reading: Reading,
    handle: reader::Handle,
    tasks: Vec<Option<Task>>,
    writers: Arc<Writers<SimDatabase>>,
    batches: Arc<tokio::sync::Mutex<mpsc::Receiver<Batch>>>,
    connections: usize,
    working: usize,
    stop: watch::Sender<Stop>,
    ledger: Arc<Mutex<Ledger>>,
    state: Arc<StateDirectory>,
    saves: Duration,
    /// How often a writer gave back the room of a batch.
    pub(crate) rooms_given_back: u64,
    pub(crate) metrics: Metrics,
}

thread_local! {
    /// Scrubbers are costly to make, and one is like the other.
    static SCRUBBERS: std::cell::RefCell<Vec<Scrubber>> = const { std::cell::RefCell::new(Vec::new()) };
}

impl Agent {
    /// Starts the agent; `None` when it cannot start, which its service manager tries again.
    pub(crate) fn start(world: &Shared, setup: Setup) -> Option<Self> {
        let time = Arc::clone(&lock(world).time);
        let clock = Clock::model(time);
        let metrics = Metrics::default();
        let files = Arc::new(OwnDisk(Arc::clone(world)));
        let state = Arc::new(StateDirectory::open_on(files, Path::new(STATE)).ok()?);
        let checkpoint = load_checkpoint(&state, NAME);
        let options = quarantine::Options { path: PathBuf::from(QUARANTINE), bytes_max: 1 << 30 };
        let quarantine = Quarantine::open(options, Arc::clone(&state)).ok()?;
        let ledger = Ledger::new(quarantine, checkpoint);
        let ledger = Arc::new(Mutex::new(ledger));
        let note = Arc::new(Mutex::new(NoteFile::open(Arc::clone(&state), NAME.to_owned()).ok()?));
        let handle = reader::Handle::default();
        let (sender, batches) = mpsc::channel(1);
        let globs = Globs::new(&[format!("{SPOOL}/*.ndjson*")], &[format!("{SPOOL}/*.gz")]).expect("they are patterns");
        let spool = spool::Options {
            globs,
            start_at: StartAt::Beginning,
            limits: tail::Limits { quantum: setup.quantum, max_line_bytes: LINE_MAX },
            files_open_max: setup.files_open_max,
        };
        let options = reader::Options {
            until: Until::Stopped,
            rescan_interval: setup.rescan_interval,
            batch: batch::Limits {
                lines_max: setup.lines_max,
                bytes_max: setup.bytes_max,
                memory_max: MEMORY_MAX,
                wait_max: Duration::from_millis(200),
            },
            max_line_bytes: LINE_MAX,
            shed: setup.letting_go.limits(),
        };
        let scrubber = SCRUBBERS.with_borrow_mut(Vec::pop).unwrap_or_else(|| Scrubber::new(Default::default()));
        let reader = Reader::new(
            options,
            clock.clone(),
            handle.clone(),
            Watch::nothing(),
            Spool::new(SpoolDisk(Arc::clone(world)), spool),
            scrubber,
            sender,
            Arc::clone(&note),
            metrics.clone(),
        );
        let (stop, stopped) = watch::channel(Stop::No);
        let writers = Arc::new(Writers::new(
            SimDatabase { world: Arc::clone(world), clock: clock.clone() },
            clock,
            writer::Options { patience: Patience::Endless, connections: setup.connections },
            stopped,
            handle.clone(),
            Arc::clone(&ledger),
            note,
            metrics.clone(),
        ));
        let starting = Arc::clone(&writers);
        let tasks = vec![Some(Task::new(async move { Ended::Started(starting.start().await) }))];
        let mut there = lock(world);
        there.script.bell = Some(handle.bell().clone());
        let saves = there.time.passed();
        drop(there);
        Some(Agent {
            world: Arc::clone(world),
            reader: Some(reader),
            reading: Reading::Goes,
            handle,
            tasks,
            writers,
            batches: Arc::new(tokio::sync::Mutex::new(batches)),
            connections: setup.connections,
            working: 1,
            stop,
            ledger,
            state,
            saves,
            rooms_given_back: 0,
            metrics,
        })
    }

    /// How many bytes of room the reader holds.
    pub(crate) fn room(&self) -> usize {
        self.reader.as_ref().map_or(0, Reader::room)
    }

    /// Asks the agent to stop.
    pub(crate) fn ask_to_stop(&self) {
        self.stop.send_replace(Stop::Finish);
        self.handle.order(Order::Stop);
    }

    /// When something is to be done without anybody's asking.
    pub(crate) fn due(&self) -> Duration {
        match self.reading {
            Reading::Goes => Duration::ZERO,
            Reading::Waits(until) => until.min(self.saves),
            Reading::Ended => self.saves,
        }
    }

    /// What can be done now: the reader, tasks, saving.
    pub(crate) fn ready(&mut self, now: Duration, ready: &mut Vec<Work>) {
        if let Reading::Waits(until) = self.reading
            && (until <= now || self.handle.bell().take_ring())
        {
            self.reading = Reading::Goes;
        }
        if self.reading == Reading::Goes {
            ready.push(Work::Read);
        }
        let woken = |task: &Option<Task>| task.as_ref().is_some_and(|task| task.woken.0.load(Ordering::Relaxed));
        let tasks = self.tasks.iter().enumerate().filter(|(_, task)| woken(task));
        ready.extend(tasks.map(|(number, _)| Work::Task(number)));
        if self.saves <= now {
            ready.push(Work::Save);
        }
    }

    /// Does one piece of work.
    pub(crate) fn work(&mut self, what: Work) -> Life {
        match what {
            Work::Read => {
                let Some(reader) = &mut self.reader else { return Life::Goes };
                self.reading = match reader.step() {
                    Step::Again => Reading::Goes,
                    Step::WaitUntil(until) => Reading::Waits(lock(&self.world).time.since_beginning(until)),
                    Step::Ended(_) => {
                        // Its sender goes with it.
                        self.retire_reader();
                        Reading::Ended
                    }
                };
                Life::Goes
            }
            Work::Save => {
                save(&self.ledger, &self.state, NAME, &self.metrics);
                self.saves = lock(&self.world).time.passed() + CHECKPOINT_INTERVAL;
                Life::Goes
            }
            Work::Task(number) => {
                let Some(task) = &mut self.tasks[number] else { return Life::Goes };
                task.woken.0.store(false, Ordering::Relaxed);
                let waker = Waker::from(Arc::clone(&task.woken));
                let rooms = self.handle.rooms_given_back();
                let polled = task.future.as_mut().poll(&mut Context::from_waker(&waker));
                self.rooms_given_back += u64::from(self.handle.rooms_given_back() > rooms);
                let Poll::Ready(ended) = polled else { return Life::Goes };
                self.tasks[number] = None;
                self.working -= 1;
                match ended {
                    Ended::Started(Ok(seat)) => {
                        let mut first = Some(seat);
                        for _ in 0..self.connections {
                            let (writers, batches, seat) = (
                                Arc::clone(&self.writers),
                                Arc::clone(&self.batches),
                                first.take().unwrap_or_default(),
                            );
                            let work = async move { Ended::Worked(writers.work(seat, &batches).await) };
                            self.tasks.push(Some(Task::new(work)));
                            self.working += 1;
                        }
                        // It never ends by itself.
                        let writers = Arc::clone(&self.writers);
                        self.tasks.push(Some(Task::new(async move {
                            writers.recall_when_asked().await;
                            Ended::Worked(Ok(()))
                        })));
                        Life::Goes
                    }
                    Ended::Worked(Ok(())) if self.working > 0 => Life::Goes,
                    Ended::Started(Err(_)) | Ended::Worked(Ok(()) | Err(_)) => {
                        // The others wait behind the batch that was given up.
                        self.tasks.clear();
                        save(&self.ledger, &self.state, NAME, &self.metrics);
                        Life::Stopped
                    }
                }
            }
        }
    }

    fn retire_reader(&mut self) {
        if let Some(reader) = self.reader.take() {
            SCRUBBERS.with_borrow_mut(|scrubbers| scrubbers.push(reader.into_scrubber()));
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.retire_reader();
    }
}

/// A piece of the agent's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Read,
    Task(usize),
    Save,
}
