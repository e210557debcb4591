//! What happens around the agent: applications write, rotations rotate, things break and are repaired.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::database::Mode;
use super::world::{Crash, Process, World};
use crate::spool::hints::Bell;

/// Where the spool is.
pub(crate) const SPOOL: &str = "/spool";

/// How many rotated files an application keeps.
const KEPT: usize = 4;

/// An application that writes to one path.
#[derive(Debug)]
struct App {
    path: PathBuf,
    /// The file it has open, and where it writes next if not at the end.
    open: Option<(usize, Option<usize>)>,
    /// When it opens its path anew.
    reopens: Option<Duration>,
    /// The rest of a line that it writes later.
    rest: Option<Vec<u8>>,
    appends: bool,
    /// When a copy is followed by the truncation of its original.
    truncates: Option<Duration>,
    copies: bool,
    /// Copies and their originals.
    made: Vec<(usize, usize)>,
    /// Where its file was moved to for a while.
    away: Option<PathBuf>,
    /// When its file is deleted.
    deleted: Option<Duration>,
}

/// What is still to happen.
#[derive(Debug, Default)]
pub(crate) struct Script {
    apps: Vec<App>,
    next: Duration,
    ends: Duration,
    pace: u64,
    troubles: u64,
    pub(crate) bell: Option<Bell>,
    hints: Vec<(Duration, Option<PathBuf>)>,
    /// Whether somebody wants the agent to stop as it should.
    pub(crate) stops: bool,
    /// How long the agent stays down after its next end.
    pub(crate) down: Duration,
    pub(crate) is_over: bool,
    deletes: bool,
}

impl World {
    /// Writes the script of a seed.
    pub(crate) fn begin_script(&mut self) {
        let apps = self.chance.between(1, 3);
        for number in 0..apps {
            let app = App {
                path: Path::new(SPOOL).join(format!("app{number}.ndjson")),
                open: None,
                reopens: Some(Duration::ZERO),
                rest: None,
                appends: self.chance.permille(800),
                truncates: None,
                copies: self.chance.permille(500),
                made: Vec::new(),
                away: None,
                deleted: None,
            };
            self.script.apps.push(app);
        }
        self.script.pace = *self.chance.one_of(&[20, 100, 300]);
        let longest = Duration::from_millis(self.script.pace * 400).min(Duration::from_secs(40));
        self.script.ends = self.chance.time(longest / 8, longest);
        // Without birth times a copy can have the key of a file that is no more; see `docs/reliability.md`.
        self.disk.births |= self.script.apps.iter().any(|app| app.copies);
        self.script.troubles = *self.chance.one_of(&[0, 100, 250]);
        self.script.deletes = self.chance.permille(400);
    }

    /// When something happens next.
    pub(crate) fn next_event(&self) -> Option<Duration> {
        let script = &self.script;
        let hints = script.hints.iter().map(|(at, _)| *at);
        let apps = script.apps.iter().flat_map(|app| [app.reopens, app.truncates, app.deleted]).flatten();
        hints.chain(apps).chain((!script.is_over).then_some(script.next)).min()
    }

    /// Lets happen what is due.
    pub(crate) fn happen(&mut self) {
        let now = self.time.passed();
        self.give_hints(now);
        for app in 0..self.script.apps.len() {
            if self.script.apps[app].truncates.is_some_and(|at| at <= now) {
                self.truncate_original(app);
            }
            if self.script.apps[app].reopens.is_some_and(|at| at <= now) {
                self.reopen(app);
            }
            if self.script.apps[app].deleted.is_some_and(|at| at <= now) {
                self.script.apps[app].deleted = None;
                self.delete(app);
                self.script.apps[app].reopens = Some(now);
            }
        }
        if !self.script.is_over && self.script.next <= now {
            if now >= self.script.ends {
                self.repair();
            } else {
                self.act();
            }
        }
    }

    /// The agent's life ends. A copy that nobody took for one yet and that ends before the frontier of its original cannot
    /// be told from a file of its own by an agent that did not see the original before.
    pub(crate) fn agent_ends(&mut self) {
        for (copy, original) in self.script.apps.iter().flat_map(|app| app.made.iter().copied()) {
            let offset = |object| self.database.frontier(self.disk.key(object));
            let passed = self.own.passed(self.disk.key(original));
            let read = offset(original).max(passed).unwrap_or(0);
            if offset(copy).is_none() && read > self.disk.objects[copy].data.len() as u64 {
                self.disk.copied_unseen(copy, &mut self.lines);
            }
        }
    }

    fn give_hints(&mut self, now: Duration) {
        let mut given = Vec::new();
        self.script.hints.retain(|(at, path)| {
            let due = *at <= now;
            if due {
                given.push(path.clone());
            }
            !due
        });
        if let Some(bell) = &self.script.bell {
            for path in given {
                match path {
                    Some(path) => bell.grown([path]),
                    None => bell.everything(),
                }
            }
        }
    }

    /// inotify says that a file grew, or that something else happened; now, late or never.
    fn hint(&mut self, path: Option<PathBuf>) {
        if self.chance.permille(self.plan.hints_lost) {
            return;
        }
        let longest = if self.chance.permille(50) { 3_000 } else { 5 };
        let at = self.time.passed() + self.chance.time(Duration::ZERO, Duration::from_millis(longest));
        self.script.hints.push((at, path));
    }

    fn nanoseconds(&self) -> u64 {
        self.time.passed().as_nanos() as u64
    }

    fn reopen(&mut self, app: usize) {
        self.script.apps[app].reopens = None;
        let path = self.script.apps[app].path.clone();
        let object = match self.disk.names.get(&path) {
            Some(object) => *object,
            None => {
                let now = self.nanoseconds();
                self.tell(|| format!("{} is made", path.display()));
                self.hint(None);
                self.disk.create(&path, now, &mut self.lines)
            }
        };
        let offset = (!self.script.apps[app].appends).then(|| self.disk.objects[object].data.len());
        self.script.apps[app].open = Some((object, offset));
    }

    /// Whether something happens soon, and may as well happen now. What happens early puts off what is next, so without the
    /// end of the script an agent that does much would keep that from ever coming.
    pub(crate) fn is_soon(&self) -> bool {
        let now = self.time.passed();
        now < self.script.ends && self.script.next < now + Duration::from_millis(500)
    }

    /// Something happens, if the script goes on.
    pub(crate) fn act(&mut self) {
        if self.script.is_over {
            return;
        }
        let now = self.time.passed();
        let pause = self.chance.time(Duration::from_millis(1), Duration::from_millis(2 * self.script.pace));
        self.script.next = self.script.next.max(now) + pause;
        let app = self.chance.below(self.script.apps.len() as u64) as usize;
        let trouble = self.script.troubles;
        match self.chance.below(1000) {
            0..600 => self.write_lines(app),
            600..660 => self.rotate(app),
            660..670 if self.script.deletes => self.delete(app),
            670..680 if self.script.deletes => self.truncate(app),
            680..700 => self.compress(app),
            700..715 => self.move_away(app),
            715..730 => self.move_back(app),
            730..740 => {
                let shift = *self.chance.one_of(&[-3600, 0, 31_536_000, -1_700_000_000]);
                self.time.shift_wall(shift);
            }
            740.. => {
                if self.chance.permille(trouble) {
                    self.trouble();
                } else {
                    self.write_lines(app);
                }
            }
            _ => self.write_lines(app),
        }
    }

    fn line(&mut self) -> Vec<u8> {
        let number = self.lines.begin();
        let pad = "x".repeat(self.chance.below(60) as usize);
        let end = if self.chance.permille(30) { "\r\n" } else { "\n" };
        let text = match self.chance.below(1000) {
            0..900 => {
                format!(
                    r#"{{"event_key":"ok.event","severity":"info","metadata":{{"pad":"{pad}"}},"request_id":"line-{number}"}}"#
                )
            }
            900..940 => {
                format!(r#"{{"event_key":"poison","metadata":{{"pad":"{pad}"}},"request_id":"line-{number}"}}"#)
            }
            940..980 => format!("{{no json {pad} line-{number}"),
            // The number stands in many places: the quarantine shows the start, and not the last word of what is cut.
            980.. => {
                let much = format!("{} line-{number} ", "y".repeat(60)).repeat(self.chance.between(5, 15) as usize);
                format!(r#"{{"event_key":"long","request_id":"line-{number}","metadata":"{much} line-{number}"}}"#)
            }
        };
        (text + end).into_bytes()
    }

    fn write_lines(&mut self, app: usize) {
        let Some((object, mut offset)) = self.script.apps[app].open else { return };
        let mut bytes = self.script.apps[app].rest.take().unwrap_or_default();
        let first = self.lines.begun();
        for _ in 0..self.chance.between(1, 6) {
            bytes.extend(self.line());
            if self.chance.permille(20) {
                bytes.extend(b"\n \n");
            }
        }
        if self.chance.permille(150) {
            let cut = self.chance.below(bytes.len() as u64) as usize;
            self.script.apps[app].rest = Some(bytes.split_off(cut));
        }
        let end = self.disk.write(object, offset, &bytes, &mut self.lines);
        if offset.is_some() {
            offset = Some(end);
        }
        self.script.apps[app].open = Some((object, offset));
        let path = self.script.apps[app].path.clone();
        let numbers = first..self.lines.begun();
        self.tell(|| {
            format!("{} writes {} bytes to file {object}, up to {end}: lines {numbers:?}", path.display(), bytes.len())
        });
        self.hint(Some(path));
    }

    fn rotated(&self, app: usize, number: usize) -> PathBuf {
        PathBuf::from(format!("{}.{number}", self.script.apps[app].path.display()))
    }

    /// Shifts the rotated files by one.
    fn shift(&mut self, app: usize) {
        let (last, now) = (self.rotated(app, KEPT), self.nanoseconds());
        self.disk.unlink(&last, now, &mut self.lines);
        for number in (1..KEPT).rev() {
            let (from, to) = (self.rotated(app, number), self.rotated(app, number + 1));
            if self.chance.permille(200) && self.disk.names.contains_key(&from) {
                self.disk.missed = Some(from.clone());
            }
            self.disk.rename(&from, &to, now, &mut self.lines);
        }
        self.hint(None);
    }

    fn rotate(&mut self, app: usize) {
        let (path, now) = (self.script.apps[app].path.clone(), self.nanoseconds());
        if self.script.apps[app].truncates.is_some() || !self.disk.names.contains_key(&path) {
            return;
        }
        self.shift(app);
        let first = self.rotated(app, 1);
        if self.script.apps[app].copies {
            let object = self.disk.names[&path];
            self.tell(|| format!("{} is copied to {}", path.display(), first.display()));
            let copy = self.disk.copy(object, &first, now, &mut self.lines);
            self.script.apps[app].made.push((copy, object));
            let gap = self.chance.time(Duration::ZERO, Duration::from_millis(1_000));
            self.script.apps[app].truncates = Some(self.time.passed() + gap);
        } else {
            self.tell(|| format!("{} is renamed to {}", path.display(), first.display()));
            self.disk.rename(&path, &first, now, &mut self.lines);
            let delay = self.chance.time(Duration::ZERO, Duration::from_millis(700));
            self.script.apps[app].reopens = Some(self.time.passed() + delay);
            if self.chance.permille(500) {
                self.disk.create(&path, now, &mut self.lines);
            }
        }
        self.hint(None);
    }

    fn truncate_original(&mut self, app: usize) {
        self.script.apps[app].truncates = None;
        self.truncate(app);
    }

    fn truncate(&mut self, app: usize) {
        let path = self.script.apps[app].path.clone();
        if let Some(object) = self.disk.names.get(&path).copied() {
            self.tell(|| format!("{} is truncated", path.display()));
            self.disk.truncate(object, &mut self.lines);
            self.hint(Some(path));
        }
    }

    fn delete(&mut self, app: usize) {
        let path = self.script.apps[app].path.clone();
        if self.script.apps[app].truncates.is_some() {
            return;
        }
        self.tell(|| format!("{} is deleted", path.display()));
        let now = self.nanoseconds();
        self.disk.unlink(&path, now, &mut self.lines);
        let delay = self.chance.time(Duration::ZERO, Duration::from_secs(3));
        self.script.apps[app].reopens = Some(self.time.passed() + delay);
        self.hint(None);
    }

    fn compress(&mut self, app: usize) {
        let number = self.chance.between(1, KEPT as u64) as usize;
        let path = self.rotated(app, number);
        if self.disk.names.contains_key(&path) {
            self.tell(|| format!("{} is compressed", path.display()));
            let (packed, now) = (PathBuf::from(format!("{}.gz", path.display())), self.nanoseconds());
            let object = self.disk.create(&packed, now, &mut self.lines);
            self.disk.write(object, None, b"\x1f\x8b packed\n", &mut self.lines);
            self.disk.unlink(&path, now, &mut self.lines);
            self.hint(None);
        }
    }

    fn move_away(&mut self, app: usize) {
        let path = self.rotated(app, 1);
        if !self.script.apps[app].copies && self.script.apps[app].away.is_none() && self.disk.names.contains_key(&path)
        {
            let away = PathBuf::from(format!("/archive{}", path.display()));
            self.tell(|| format!("{} is moved out of the spool", path.display()));
            let now = self.nanoseconds();
            self.disk.rename(&path, &away, now, &mut self.lines);
            self.script.apps[app].away = Some(away);
            self.hint(None);
        }
    }

    fn move_back(&mut self, app: usize) {
        if let Some(away) = self.script.apps[app].away.take() {
            let path = PathBuf::from(format!("{}.back", self.script.apps[app].path.display()));
            self.tell(|| format!("{} comes back as {}", away.display(), path.display()));
            let now = self.nanoseconds();
            self.disk.rename(&away, &path, now, &mut self.lines);
            self.hint(None);
        }
    }

    fn trouble(&mut self) {
        let now = self.time.passed();
        let until = now + self.chance.time(Duration::from_millis(10), Duration::from_secs(8));
        let permille = *self.chance.one_of(&[100, 500, 1000]);
        let kind = self.chance.below(18);
        self.tell(|| format!("trouble {kind} until {:.3}, {permille} of 1000", until.as_secs_f64()));
        match kind {
            0 => self.faults.looks.begin(until, permille),
            1 => self.faults.lists.begin(until, permille),
            2 => self.faults.opens.begin(until, permille),
            3 => self.faults.reads.begin(until, permille),
            4 => self.faults.own_full.begin(until, permille),
            5 => self.faults.own_io.begin(until, permille),
            6..10 => {
                let modes =
                    [Mode::Down, Mode::Stalled, Mode::Slow, Mode::ReadOnly, Mode::Full, Mode::Schema, Mode::Busy];
                let mode = *self.chance.one_of(&modes);
                self.tell(|| format!("the database: {mode:?}"));
                self.database.begin(mode, until);
            }
            10 => self.script.stops = true,
            // Files are deleted while their lines wait for a database that stays away for so long that they are given up.
            11..14 => {
                let mode = *self.chance.one_of(&[Mode::Down, Mode::ReadOnly, Mode::Full, Mode::Schema]);
                let until = now + self.chance.time(Duration::from_secs(6), Duration::from_secs(15));
                self.tell(|| format!("the database: {mode:?} until {:.3}", until.as_secs_f64()));
                self.database.begin(mode, until);
                // Some lines, and no more than may be read without being committed.
                (0..self.script.apps.len()).for_each(|app| self.write_lines(app));
                let after = self.chance.time(Duration::from_millis(5), Duration::from_millis(300));
                self.script.apps.iter_mut().for_each(|app| app.deleted = Some(now + after));
            }
            _ => {
                let crash = if self.chance.permille(700) { Crash::Kill } else { Crash::PowerLoss };
                if self.process == Process::Runs {
                    // Half of them just where what is on the disk and what is in the database belong together.
                    let nears = ["own sync", "own rename", "own sync of names", "own remove", "swap", "commit"];
                    self.process = if self.chance.permille(500) {
                        Process::EndsAfter(self.chance.below(80), crash)
                    } else {
                        let near = *self.chance.one_of(&nears);
                        Process::EndsNear(near, self.chance.below(5), crash)
                    };
                }
                let longest = if self.chance.permille(700) { 1 } else { 12 };
                self.script.down = self.chance.time(Duration::from_millis(10), Duration::from_secs(longest));
            }
        }
    }

    /// The troubles are over, and the applications write no more.
    fn repair(&mut self) {
        self.tell(|| "the troubles are over".to_owned());
        self.script.is_over = true;
        self.faults = super::world::Faults::default();
        self.database.begin(Mode::Well, Duration::ZERO);
        self.plan.requests_fail = 0;
        self.plan.commits_fail = 0;
        if let Process::EndsAfter(..) | Process::EndsNear(..) = self.process {
            self.process = Process::Runs;
        }
        for app in 0..self.script.apps.len() {
            self.move_back(app);
            if self.script.apps[app].truncates.is_some() {
                self.truncate_original(app);
            }
            self.script.apps[app].deleted = None;
            self.reopen(app);
            if self.chance.permille(700) {
                self.write_lines(app);
            }
        }
    }
}
