//! `prune`: rows that are too old leave the table.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};

use super::agent::{self, Database};
use super::{Exit, complain, say};
use crate::admin::retention::{self, Event, Mode, Options, Outcome};
use crate::config::Config;

/// How long a statement should take. Well below a second, so that a slow one is still below.
const STATEMENT_TARGET: Duration = Duration::from_millis(150);

/// Deletes, or counts, what is older than `days`, by default those of the config.
pub fn prune(config: &Config, mode: Mode, days: Option<u32>) -> Exit {
    let database = match agent::database(config) {
        Ok(Database::MySql(database)) => database,
        Ok(Database::SqLite(_)) => {
            complain(
                "`prune` is for MySQL and MariaDB; for an SQLite file: \
                 DELETE FROM telemetry_traces WHERE created_at < datetime('now', '-30 days');",
            );
            return Exit::Usage;
        }
        Err(problem) => {
            complain(problem);
            return Exit::Usage;
        }
    };
    let days = days.unwrap_or(config.retention.days);
    let options = Options { table: config.database.table.clone(), days, statement_target: STATEMENT_TARGET };
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        if let Err(error) = signal_hook::flag::register(signal, Arc::clone(&stop)) {
            complain(format_args!("signals cannot be received: {error}"));
            return Exit::Internal;
        }
    }
    let mut teller = Teller::new(mode);
    let work = retention::prune(&database, &options, mode, &stop, |event| teller.tell(event));
    let outcome = match agent::block_on(work) {
        Ok(outcome) => outcome,
        Err(exit) => return exit,
    };
    teller.end_line();
    let (verb, longest) = match mode {
        Mode::Delete => ("deleted", true),
        Mode::Count => ("would be deleted", false),
    };
    let sum_up = |totals: retention::Totals, end: &str| {
        let rows = totals.rows;
        if longest {
            say(format_args!("{rows} rows {verb}{end}; the longest statement took {} ms", totals.longest.as_millis()));
        } else {
            say(format_args!("{rows} rows {verb}{end}"));
        }
    };
    match outcome {
        Ok(Outcome::Done(totals)) => {
            sum_up(totals, "");
            Exit::Done
        }
        Ok(Outcome::Interrupted(totals)) => {
            sum_up(totals, ", then it was asked to stop; the next run goes on");
            Exit::Partial
        }
        Ok(Outcome::Left(totals, words)) => {
            sum_up(totals, "");
            complain(words);
            Exit::Partial
        }
        Ok(Outcome::Elsewhere) => {
            say("another host prunes this table; nothing was done here");
            Exit::Done
        }
        Err(error) => {
            complain(error);
            Exit::Unavailable
        }
    }
}

/// Tells how far it is: on a terminal in one line that changes, else in a line now and then.
struct Teller {
    mode: Mode,
    terminal: bool,
    open_line: bool,
}

impl Teller {
    fn new(mode: Mode) -> Self {
        Teller { mode, terminal: io::stderr().is_terminal(), open_line: false }
    }

    fn tell(&mut self, event: Event) {
        match event {
            Event::Begins { cutoff } => complain(format_args!("rows created before {cutoff} UTC go")),
            Event::Progress { deleted, left, rate, longest } => {
                let eta = Duration::from_secs((left as f64 / rate.max(1.0)) as u64);
                let longest = longest.as_millis();
                self.line(&format!(
                    "{deleted} rows deleted, about {left} left, {rate:.0} rows/s, about {eta:?} to go; longest \
                     statement {longest} ms"
                ));
            }
            Event::Lag(seconds) => self.line(&format!("waiting: a replica is {seconds} s behind")),
            Event::Dropped { partition, rows } => {
                self.end_line();
                match self.mode {
                    Mode::Delete => say(format_args!("partition `{partition}` dropped, about {rows} rows")),
                    Mode::Count => say(format_args!("partition `{partition}` would be dropped, {rows} rows")),
                }
            }
            Event::Added(names) => {
                let (first, last) = (names.first().map_or("", String::as_str), names.last().map_or("", String::as_str));
                say(format_args!("{} partitions added, `{first}` to `{last}`", names.len()));
            }
        }
    }

    fn line(&mut self, text: &str) {
        if !self.terminal {
            complain(text);
            return;
        }
        self.open_line = true;
        let mut stderr = io::stderr().lock();
        if let Err(error) = write!(stderr, "\r\x1b[K{text}").and_then(|()| stderr.flush()) {
            tracing::debug!(%error, "stderr is gone");
        }
    }

    fn end_line(&mut self) {
        if std::mem::take(&mut self.open_line) {
            complain("");
        }
    }
}
