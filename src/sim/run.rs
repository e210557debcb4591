//! Plays a seed: who is next, how time passes, and what must be true.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::agent::{Agent, LettingGo, Life, QUARANTINE, Setup, Work};
use super::database::Server;
use super::disk::Volume;
use super::lines::{Lines, number_in};
use super::own::Own;
use super::script::Script;
use super::world::{Crash, Faults, Plan, Process, Shared, World, lock};
use crate::clock::model::{Chance, Time};

/// How long after the end of all trouble every line must have its end.
const DRAINED_WITHIN: Duration = Duration::from_secs(60);

/// How long an agent may take to stop.
const STOPPED_WITHIN: Duration = Duration::from_secs(25);

/// How many steps a seed may take.
const STEPS_MAX: u64 = 1_000_000;

/// What a seed showed when nothing was wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Report {
    pub(crate) lines: usize,
    pub(crate) rows: usize,
    pub(crate) quarantined: usize,
    /// Refused lines that the quarantine could not take.
    pub(crate) not_quarantined: u64,
    /// Lines let go because there was too much.
    pub(crate) let_go: u64,
    pub(crate) commits: u64,
    pub(crate) lives: u64,
    pub(crate) steps: u64,
    /// How often the last agent of a seed had the room of a batch back.
    pub(crate) rooms_given_back: u64,
    /// How long it took from the end of all trouble until every line had its end.
    pub(crate) drained_after: Duration,
    /// A number that follows from everything that happened.
    pub(crate) fingerprint: u64,
}

impl Report {
    /// Adds what another seed showed.
    pub(crate) fn add(&mut self, other: &Report) {
        self.lines += other.lines;
        self.rows += other.rows;
        self.quarantined += other.quarantined;
        self.not_quarantined += other.not_quarantined;
        self.let_go += other.let_go;
        self.commits += other.commits;
        self.lives += other.lives;
        self.steps += other.steps;
        self.rooms_given_back += other.rooms_given_back;
        self.drained_after = self.drained_after.max(other.drained_after);
        self.fingerprint ^= other.fingerprint;
    }
}

/// What a seed showed that must not be.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) what: String,
    pub(crate) trace: Vec<String>,
}

/// Whether what happens is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trace {
    Off,
    On,
}

/// Plays a seed.
pub(crate) fn play(seed: u64, trace: Trace) -> Result<Report, Failure> {
    let mut game = Game::new(seed, trace);
    let played = game.play();
    // The agent goes before the world is looked at for the last time.
    game.agent = None;
    let mut world = lock(&game.world);
    world.script.bell = None;
    let quarantine = world.own.text(QUARANTINE.as_ref());
    quarantine.lines().for_each(|record| world.tell(|| format!("in quarantine: {record}")));
    played.map_err(|what| Failure { what, trace: world.trace.take().unwrap_or_default() })
}

struct Game {
    world: Shared,
    chance: Chance,
    setup: Setup,
    agent: Option<Agent>,
    /// When the agent is started.
    starts: Option<Duration>,
    /// When it must have stopped.
    stops_by: Option<Duration>,
    report: Report,
    /// Lines let go by agents that are no more.
    let_go: u64,
    /// How many lines an agent may have let go without living to count them.
    uncounted: u64,
}

impl Game {
    fn new(seed: u64, trace: Trace) -> Self {
        let mut chance = Chance::new(seed);
        let setup = Setup::new(&mut chance);
        let plan = Plan {
            files_open_max: setup.files_open_max,
            short_reads: chance.permille(500),
            races: *chance.one_of(&[0, 20, 100]),
            hints_lost: *chance.one_of(&[0, 100, 1000]),
            requests_fail: *chance.one_of(&[0, 0, 30]),
            commits_fail: *chance.one_of(&[0, 0, 100]),
        };
        let mut world = World {
            time: Arc::new(Time::new(seed)),
            chance: Chance::new(seed ^ 0x5eed),
            plan,
            disk: Volume { births: setup.files_open_max < 100 || chance.permille(500), ..Volume::default() },
            own: Own::default(),
            database: Server::default(),
            lines: Lines::default(),
            faults: Faults::default(),
            process: Process::Runs,
            script: Script::default(),
            trace: (trace == Trace::On).then(Vec::new),
            broken: None,
        };
        world.tell(|| format!("{plan:?} {setup:?}"));
        world.begin_script();
        Game {
            world: Arc::new(Mutex::new(world)),
            chance,
            setup,
            agent: None,
            starts: Some(Duration::ZERO),
            stops_by: None,
            report: Report::default(),
            let_go: 0,
            uncounted: 0,
        }
    }

    fn play(&mut self) -> Result<Report, String> {
        let mut over_since = None;
        let mut settled_at = None;
        let mut next_check = Duration::ZERO;
        let mut ready = Vec::new();
        loop {
            self.report.steps += 1;
            if self.report.steps > STEPS_MAX {
                return Err("it goes on for ever".to_owned());
            }
            self.happen(&mut ready)?;
            let now = self.now();
            if over_since.is_none() && lock(&self.world).script.is_over {
                over_since = Some(now);
                next_check = now;
            }
            let Some(since) = over_since else { continue };
            if now < next_check {
                continue;
            }
            next_check = now + Duration::from_millis(500);
            if self.agent.is_none() {
                // Only an agent that runs says how its counters add up, and shows what comes twice.
                settled_at = None;
            }
            match settled_at {
                None if self.agent.is_some() && self.open().len() as u64 <= lock(&self.world).database.declared => {
                    settled_at = Some(now);
                    self.report.drained_after = now - since;
                }
                None if now - since > DRAINED_WITHIN => {
                    let open = self.open();
                    let declared = lock(&self.world).database.declared;
                    return Err(format!(
                        "{} lines have no end, among them {:?}, and {declared} are declared as let go",
                        open.len(),
                        &open[..open.len().min(5)]
                    ));
                }
                // What comes now comes twice.
                Some(settled) if now - settled > Duration::from_secs(5) => {
                    match self.at_rest() {
                        Ok(()) => return self.ends_are_right(),
                        // Lines that were destroyed need no end, and may be on their way to one all the same.
                        Err(_) if now - since <= DRAINED_WITHIN => {}
                        Err(what) => return Err(what),
                    }
                }
                None | Some(_) => {}
            }
        }
    }

    fn now(&self) -> Duration {
        lock(&self.world).time.passed()
    }

    /// Lets one thing happen.
    fn happen(&mut self, ready: &mut Vec<Work>) -> Result<(), String> {
        let (now, event) = {
            let mut world = lock(&self.world);
            if let Some(broken) = world.broken.take() {
                return Err(broken);
            }
            (world.time.passed(), world.next_event())
        };
        self.live(now)?;
        ready.clear();
        if let Some(agent) = &mut self.agent {
            agent.ready(now, ready);
        }
        let event_due = event.is_some_and(|at| at <= now);
        let choices = ready.len() as u64 + u64::from(event_due);
        if choices == 0 {
            self.pass_time(event);
            return Ok(());
        }
        let choice = self.chance.below(choices) as usize;
        self.report.fingerprint =
            self.report.fingerprint.rotate_left(7).wrapping_mul(31) ^ choice as u64 ^ now.as_nanos() as u64;
        match (ready.get(choice), &mut self.agent) {
            (Some(work), Some(agent)) => {
                let life = agent.work(*work);
                let time = Arc::clone(&lock(&self.world).time);
                time.advance_to(now + Duration::from_micros(self.chance.between(1, 100)));
                self.bounded()?;
                if life == Life::Stopped && !lock(&self.world).is_dead() {
                    self.stopped();
                }
            }
            _ => lock(&self.world).happen(),
        }
        Ok(())
    }

    fn pass_time(&self, event: Option<Duration>) {
        let time = Arc::clone(&lock(&self.world).time);
        let agent = self.agent.as_ref().map(Agent::due);
        let next = [event, time.next_wake(), agent, self.starts, self.stops_by].into_iter().flatten().min();
        // Not under the lock: it wakes tasks.
        time.advance_to(
            next.unwrap_or_else(|| time.passed() + Duration::from_millis(100))
                .max(time.passed() + Duration::from_nanos(1)),
        );
    }

    /// The agent dies, starts and is asked to stop.
    fn live(&mut self, now: Duration) -> Result<(), String> {
        let (ended, asked) = {
            let mut world = lock(&self.world);
            (world.process, std::mem::take(&mut world.script.stops))
        };
        if let Process::Ended(crash) = ended {
            self.end(Some(crash), now);
        } else if asked && let Some(agent) = &self.agent {
            agent.ask_to_stop();
            self.stops_by.get_or_insert(now + STOPPED_WITHIN);
        } else if self.stops_by.is_some_and(|by| by <= now) {
            return Err("the agent does not stop".to_owned());
        }
        if self.agent.is_none() && self.starts.is_some_and(|at| at <= now) {
            lock(&self.world).agent_ends();
            self.agent = Agent::start(&self.world, self.setup);
            self.report.lives += 1;
            lock(&self.world).tell(|| "the agent starts".to_owned());
            self.starts = if self.agent.is_some() { None } else { Some(now + Duration::from_secs(1)) };
        }
        Ok(())
    }

    fn stopped(&mut self) {
        let now = self.now();
        lock(&self.world).tell(|| "the agent stopped".to_owned());
        self.end(None, now);
    }

    /// The life of an agent is over.
    fn end(&mut self, crash: Option<Crash>, now: Duration) {
        if let Some(agent) = self.agent.take() {
            self.let_go += agent.metrics.lines_not_quarantined();
            // The lines of one commit may be counted, or not, and their records be there, or not.
            self.uncounted += lock(&self.world).database.passed_most_of_one() as u64;
        }
        let mut world = lock(&self.world);
        world.agent_ends();
        let World { disk, lines, own, chance, process, script, .. } = &mut *world;
        disk.agent_died(lines);
        own.agent_died();
        if crash == Some(Crash::PowerLoss) {
            own.lose_power(chance);
        }
        *process = Process::Runs;
        script.bell = None;
        self.stops_by = None;
        self.starts = Some(now + script.down.max(Duration::from_millis(10)));
    }

    /// What is read and has no end yet has a limit: a batch being filled, one waiting, one in the channel, one a connection.
    fn bounded(&self) -> Result<(), String> {
        let Some(agent) = &self.agent else { return Ok(()) };
        if self.setup.letting_go == LettingGo::Soon {
            // Of lines let go a batch keeps only their number.
            return Ok(());
        }
        let most = self.setup.lines_max as u64 * (3 + self.setup.connections as u64);
        // All ends are counted only when those that are counted at once are too few.
        if agent.metrics.lines() <= agent.metrics.rows_committed.get() + most {
            return Ok(());
        }
        let (read, ended) = agent.metrics.lines_at_rest();
        if read > ended + most {
            return Err(format!("{} lines are read and have no end, and {most} are allowed", read - ended));
        }
        Ok(())
    }

    /// Lines in quarantine, sorted, as often as they are there.
    fn quarantined(&self) -> Vec<u64> {
        let text = lock(&self.world).own.text(QUARANTINE.as_ref());
        let mut numbers: Vec<u64> = text.lines().filter_map(number_in).collect();
        numbers.sort_unstable();
        numbers
    }

    /// Lines that need an end and have none. Refused lines that were let go are among those with an end.
    fn open(&self) -> Vec<u64> {
        let quarantined = self.quarantined();
        let world = lock(&self.world);
        let open = world.lines.open(&quarantined);
        let passed = &world.database.passed;
        open.into_iter().filter(|number| !passed.contains(number)).collect()
    }

    /// Each end is one.
    fn ends_are_right(&mut self) -> Result<Report, String> {
        let quarantined = self.quarantined();
        let lacking = self.open();
        let world = lock(&self.world);
        if let Some(broken) = &world.broken {
            return Err(broken.clone());
        }
        let twice = |two: &&[u64]| two[0] == two[1] && !world.lines.is_allowed_twice(two[0]);
        if let Some(twice) = quarantined.windows(2).find(twice) {
            return Err(format!("line {} is in quarantine twice", twice[0]));
        }
        for number in &quarantined {
            if !world.lines.is_for_quarantine(*number) {
                return Err(format!("line {number} is in quarantine and should be a row"));
            }
            if world.lines.is_row(*number) {
                return Err(format!("line {number} is a row and in quarantine"));
            }
        }
        let mut missing: Vec<u64> = world.database.passed.clone();
        missing.sort_unstable();
        missing.retain(|number| quarantined.binary_search(number).is_err());
        let missing = missing.len() as u64;
        // A line that may have two ends may have been counted at one and be recorded at the other.
        let both = |number: &&u64| world.lines.is_allowed_twice(**number) && quarantined.binary_search(number).is_ok();
        let doubled = world.database.passed.iter().filter(both).count() as u64;
        let counted = self.let_go + self.agent.as_ref().map_or(0, |agent| agent.metrics.lines_not_quarantined());
        if counted.abs_diff(missing) > self.uncounted + doubled + world.database.numberless {
            return Err(format!(
                "{missing} refused lines are not in quarantine, and {counted} were counted as let go ({} may be uncounted)",
                self.uncounted
            ));
        }
        self.report.lines = world.lines.count();
        self.report.rows = world.lines.rows();
        self.report.quarantined = quarantined.len();
        let let_go = world.database.declared;
        let (lacking, destroyed) = (lacking.len() as u64, world.lines.ends_not_needed(&quarantined));
        // Pieces of lines count as lines where they are passed over.
        if let_go < lacking || let_go > lacking + destroyed + world.database.numberless {
            return Err(format!(
                "{let_go} lines are declared as let go, and {lacking} have no other end ({destroyed} were destroyed)"
            ));
        }
        self.report.not_quarantined = counted;
        self.report.let_go = let_go;
        self.report.commits = world.database.commits;
        self.report.rooms_given_back = self.agent.as_ref().map_or(0, |agent| agent.rooms_given_back);
        Ok(self.report)
    }

    /// What the agent counted adds up, and what it needs for reading it has given back.
    fn at_rest(&self) -> Result<(), String> {
        let Some(agent) = &self.agent else { return Err("the agent does not run".to_owned()) };
        let (read, ended) = agent.metrics.lines_at_rest();
        if read != ended {
            return Err(format!("{read} lines were counted as read, and {ended} ends"));
        }
        match agent.room() {
            0 => Ok(()),
            room => Err(format!("there is nothing to read, and {room} bytes are held for what is read")),
        }
    }
}
