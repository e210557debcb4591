//! Random actions of applications, administrators and faults, against a model that is a list of ids.

use std::collections::BTreeSet;
use std::fs::{File, remove_file, rename};
use std::io::Write;
use std::path::PathBuf;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::open;
use crate::support::{Agent, Site, line, truncate};

const APPS: usize = 3;
const STEPS: usize = 350;

/// An application's open file, with the half of a line that it has still to write.
struct Handle {
    file: File,
    half: Option<Vec<u8>>,
    path: Option<PathBuf>,
}

/// What is on the disk, and what has to be in the table.
struct Model<'a> {
    site: &'a Site,
    agent: Option<Agent>,
    random: StdRng,
    /// The file each application writes to.
    current: Vec<Handle>,
    /// Rotated files that some application still has open.
    late: Vec<Handle>,
    /// Rotated files that nobody writes to.
    archived: Vec<PathBuf>,
    written: Vec<String>,
    halves: usize,
    names: usize,
    done: BTreeSet<&'static str>,
}

impl Model<'_> {
    fn below(&mut self, end: usize) -> usize {
        self.random.random_range(0..end)
    }

    fn step(&mut self) {
        let app = self.below(APPS);
        let action = match self.below(100) {
            0..42 => self.write(app),
            42..50 => self.half(app),
            50..62 => self.rotate(app),
            62..70 => self.write_late(),
            70..76 => self.truncate(app),
            76..82 => self.delete(),
            82..86 => self.rename(),
            86..91 => self.crash(),
            91..95 => self.stop(),
            _ => self.start(),
        };
        self.done.insert(action);
    }

    fn new_lines(&mut self) -> (Vec<String>, String) {
        let count = self.random.random_range(1..6);
        let ids: Vec<_> = (0..count).map(|n| format!("line-{:05}", self.written.len() + self.halves + n)).collect();
        let text = ids.iter().map(|id| line(id)).collect();
        (ids, text)
    }

    fn write(&mut self, app: usize) -> &'static str {
        let (ids, text) = self.new_lines();
        let handle = &mut self.current[app];
        if let Some(half) = handle.half.take() {
            handle.file.write_all(&half).expect("the other half is written");
        }
        handle.file.write_all(text.as_bytes()).expect("lines are written");
        self.written.extend(ids);
        "write"
    }

    fn half(&mut self, app: usize) -> &'static str {
        if self.current[app].half.is_some() {
            return "nothing";
        }
        self.halves += 1;
        let id = format!("half-{:05}", self.halves);
        let text = line(&id);
        let at = self.random.random_range(1..text.len());
        let handle = &mut self.current[app];
        handle.file.write_all(&text.as_bytes()[..at]).expect("half a line is written");
        handle.half = Some(text.as_bytes()[at..].to_vec());
        self.written.push(id);
        "half"
    }

    fn rotate(&mut self, app: usize) -> &'static str {
        self.names += 1;
        let path = self.current[app].path.clone().expect("a current file has a path");
        let rotated = self.site.path(&format!("app-{app}.ndjson.{}", self.names));
        rename(&path, &rotated).expect("the file is rotated");
        let next = Handle { file: open(&path), half: None, path: Some(path) };
        let mut old = std::mem::replace(&mut self.current[app], next);
        old.path = Some(rotated);
        self.late.push(old);
        "rotate"
    }

    fn write_late(&mut self) -> &'static str {
        if self.late.is_empty() {
            return "nothing";
        }
        let chosen = self.below(self.late.len());
        let mut handle = self.late.swap_remove(chosen);
        let (ids, text) = self.new_lines();
        let half = handle.half.take().unwrap_or_default();
        handle.file.write_all(&half).expect("the other half is written");
        handle.file.write_all(text.as_bytes()).expect("late lines are written");
        self.written.extend(ids);
        if self.below(2) == 0 {
            self.late.push(handle);
        } else {
            self.archived.push(handle.path.expect("a rotated file has a path"));
        }
        "write late"
    }

    /// Bytes may be destroyed only when their rows have arrived.
    fn caught_up(&mut self) -> bool {
        if self.agent.is_none() {
            return false;
        }
        let pending = self.current.iter().chain(&self.late).filter(|handle| handle.half.is_some()).count();
        self.site.wait_rows(self.written.len() - pending);
        true
    }

    fn truncate(&mut self, app: usize) -> &'static str {
        if !self.caught_up() || self.current[app].half.is_some() {
            return "nothing";
        }
        truncate(self.current[app].path.as_ref().expect("a current file has a path"), 0);
        "truncate"
    }

    fn delete(&mut self) -> &'static str {
        if self.archived.is_empty() || !self.caught_up() {
            return "nothing";
        }
        let chosen = self.below(self.archived.len());
        remove_file(self.archived.swap_remove(chosen)).expect("a rotated file is deleted");
        "delete"
    }

    fn rename(&mut self) -> &'static str {
        if self.archived.is_empty() {
            return "nothing";
        }
        self.names += 1;
        let chosen = self.below(self.archived.len());
        let new = self.site.path(&format!("renamed.ndjson.{}", self.names));
        rename(&self.archived[chosen], &new).expect("a rotated file is renamed");
        self.archived[chosen] = new;
        "rename"
    }

    fn crash(&mut self) -> &'static str {
        let Some(mut agent) = self.agent.take() else {
            return "nothing";
        };
        agent.kill9();
        if self.below(3) > 0 {
            self.agent = Some(self.site.start());
        }
        "crash"
    }

    fn stop(&mut self) -> &'static str {
        let Some(mut agent) = self.agent.take() else {
            return "nothing";
        };
        // A stop may come before the agent has taken over its signals; then it ends by the signal.
        agent.sigterm();
        if self.below(3) > 0 {
            self.agent = Some(self.site.start());
        }
        "stop"
    }

    fn start(&mut self) -> &'static str {
        if self.agent.is_some() {
            return "nothing";
        }
        self.agent = Some(self.site.start());
        "start"
    }

    fn finish(mut self) {
        for mut handle in self.current.into_iter().chain(self.late) {
            handle.file.write_all(&handle.half.take().unwrap_or_default()).expect("the other half is written");
        }
        let agent = self.agent.take().unwrap_or_else(|| self.site.start());
        self.site.finish_exactly(agent, &self.written);
        let all = ["write", "half", "rotate", "write late", "truncate", "delete", "rename", "crash", "stop"];
        let missing: Vec<_> = all.into_iter().filter(|action| !self.done.contains(action)).collect();
        assert!(missing.is_empty(), "actions that never happened: {missing:?}");
    }
}

fn interpret(seed: u64) {
    let site = Site::sqlite();
    let current = (0..APPS).map(|app| {
        let path = site.path(&format!("app-{app}.ndjson"));
        Handle { file: open(&path), half: None, path: Some(path) }
    });
    let mut model = Model {
        current: current.collect(),
        site: &site,
        agent: Some(site.start()),
        random: StdRng::seed_from_u64(seed),
        late: Vec::new(),
        archived: Vec::new(),
        written: Vec::new(),
        halves: 0,
        names: 0,
        done: BTreeSet::new(),
    };
    // Printed only when the test fails.
    eprintln!("seed {seed}");
    for _ in 0..STEPS {
        model.step();
    }
    model.finish();
}

#[test]
fn r20_random_actions_seed_1() {
    interpret(1);
}

#[test]
fn r20_random_actions_seed_2() {
    interpret(2);
}

#[test]
fn r20_random_actions_of_the_seed_in_the_environment() {
    let seed = std::env::var("SEED").map_or(3, |seed| seed.parse().expect("`SEED` is a number"));
    interpret(seed);
}
