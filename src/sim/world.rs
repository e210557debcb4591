//! The world around the agent, and the moment at which the agent's process ends.

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::database::Server;
use super::disk::Volume;
use super::lines::Lines;
use super::own::Own;
use super::script::Script;
use crate::clock::model::{Chance, Time};

/// The world. It is locked only within a call.
pub(crate) type Shared = Arc<Mutex<World>>;

pub(crate) fn lock(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What can happen with this seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) short_reads: bool,
    /// How many files the agent may have open.
    pub(crate) files_open_max: usize,
    /// How many of a thousand of the agent's effects have something of the script happen just before them.
    pub(crate) races: u64,
    /// How many of a thousand hints are lost.
    pub(crate) hints_lost: u64,
    /// How many of a thousand requests of the database fail by themselves.
    pub(crate) requests_fail: u64,
    /// How many of a thousand commits fail or lose their answer.
    pub(crate) commits_fail: u64,
}

/// An error that some calls have for a while.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fault {
    until: Duration,
    permille: u64,
}

impl Fault {
    pub(crate) fn begin(&mut self, until: Duration, permille: u64) {
        *self = Fault { until, permille };
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Faults {
    pub(crate) looks: Fault,
    pub(crate) lists: Fault,
    pub(crate) opens: Fault,
    pub(crate) reads: Fault,
    pub(crate) own_full: Fault,
    pub(crate) own_io: Fault,
}

/// How the agent's process is about to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crash {
    /// Its process is killed; what it wrote is in the system's cache.
    Kill,
    /// The machine loses power.
    PowerLoss,
}

/// The agent's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    Runs,
    /// It ends at the effect after this many others.
    EndsAfter(u64, Crash),
    /// It ends that many effects after the next one of this kind.
    EndsNear(&'static str, u64, Crash),
    Ended(Crash),
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) time: Arc<Time>,
    pub(crate) chance: Chance,
    pub(crate) plan: Plan,
    pub(crate) disk: Volume,
    pub(crate) own: Own,
    pub(crate) database: Server,
    pub(crate) lines: Lines,
    pub(crate) faults: Faults,
    pub(crate) process: Process,
    pub(crate) script: Script,
    /// What happened, when it is to be shown.
    pub(crate) trace: Option<Vec<String>>,
    /// The first thing that must not be.
    pub(crate) broken: Option<String>,
}

/// Whether the agent lives to learn of its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Fate {
    Learns,
    Dies,
}

impl Fate {
    pub(crate) fn ok(self) -> io::Result<()> {
        match self {
            Fate::Learns => Ok(()),
            Fate::Dies => Err(dead()),
        }
    }
}

fn dead() -> io::Error {
    io::Error::other("the process has ended")
}

thread_local! {
    /// What the agent has said since something was last told.
    static SAID: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Where the agent's log goes when all of a seed is shown: among what happens.
#[derive(Debug)]
pub(crate) struct Said;

impl io::Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        SAID.with_borrow_mut(|said| said.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl World {
    /// Before an effect of the agent: something may happen first, and the process may end, with the effect or without it.
    /// After its end nothing that it does has an effect.
    pub(crate) fn effect(&mut self, what: &str) -> io::Result<Fate> {
        if let Process::Ended(_) = self.process {
            return Err(dead());
        }
        let races = self.plan.races;
        if races > 0 && self.chance.permille(races) && self.is_soon() {
            self.act();
        }
        if let Process::EndsNear(near, others, crash) = self.process
            && near == what
        {
            self.process = Process::EndsAfter(others, crash);
        }
        match self.process {
            Process::Runs | Process::EndsNear(..) => Ok(Fate::Learns),
            Process::Ended(_) => Err(dead()),
            Process::EndsAfter(0, crash) => {
                let happens = self.chance.permille(500);
                self.tell(|| format!("{crash:?} at `{what}`, which {}", if happens { "happens" } else { "does not" }));
                self.process = Process::Ended(crash);
                if happens { Ok(Fate::Dies) } else { Err(dead()) }
            }
            Process::EndsAfter(others, crash) => {
                self.process = Process::EndsAfter(others - 1, crash);
                Ok(Fate::Learns)
            }
        }
    }

    /// Whether a call fails that has this fault.
    pub(crate) fn fails(&mut self, fault: impl FnOnce(&Faults) -> Fault) -> bool {
        let Fault { until, permille } = fault(&self.faults);
        self.time.passed() < until && self.chance.permille(permille)
    }

    /// The same for an effect that changes nothing.
    pub(crate) fn look(&mut self, what: &str) -> io::Result<()> {
        self.effect(what)?.ok()
    }

    pub(crate) fn is_dead(&self) -> bool {
        matches!(self.process, Process::Ended(_))
    }

    pub(crate) fn tell(&mut self, what: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            let now = self.time.passed().as_secs_f64();
            let said = SAID.take();
            trace
                .extend(String::from_utf8_lossy(&said).lines().map(|line| format!("           {}", line.trim_start())));
            trace.push(format!("{now:10.4} {}", what()));
        }
    }

    /// Notes that something must not be.
    pub(crate) fn violated(&mut self, what: String) {
        self.tell(|| format!("VIOLATED: {what}"));
        self.broken.get_or_insert(what);
    }
}
