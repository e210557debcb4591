//! `check`: whether the config, and with `--connect` the host and the database, are fit to run with.

use std::path::Path;

use super::agent::{self, Database};
use super::{Exit, complain, explain, say};
use crate::admin::host;
use crate::config::{self, Config, Url};
use crate::finding::{Finding, Weight};
use crate::report::words::counted;
use crate::sink::mysql::{Needs, Reached};

/// How far a check goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The config alone.
    Config,
    /// And the host and the database.
    Connect,
}

/// Says that the config is in order, or everything that is not; then what was found beyond it.
pub fn check(file: &Path, scope: Scope, explain: Option<explain::Given>) -> Exit {
    let config = match Config::check(file, config::environment()) {
        Ok(config) => config,
        Err(problems) => {
            complain(problems);
            return Exit::Usage;
        }
    };
    say(format_args!("{}: in order", file.display()));
    if let Some(given) = explain {
        explain::explain(&config, given);
    }
    match scope {
        Scope::Config => Exit::Done,
        Scope::Connect => connect(&config),
    }
}

fn connect(config: &Config) -> Exit {
    let mut findings = host::inspect(&host::Options {
        globs: config.spool.globs.clone(),
        state_directory: config.state.directory.clone(),
        backlog_max: config.shed.max_backlog_bytes.bytes(),
    });
    let reached = match agent::database(config) {
        Ok(Database::MySql(database)) => {
            let needs =
                Needs { batch_bytes: config.batch.max_bytes.bytes(), line_bytes: config.spool.max_line_bytes.bytes() };
            match agent::block_on(database.inspect(needs)) {
                Ok(inspection) => {
                    findings.extend(inspection.findings);
                    inspection.reached
                }
                Err(exit) => return exit,
            }
        }
        Ok(Database::SqLite(database)) => match (&config.database.url, database.reader()) {
            (Url::Sqlite(path), _) if !path.exists() => {
                let what = format!("`{}` does not exist yet; the agent makes it", path.display());
                findings.push(Finding::fine("database", what));
                Reached::Yes
            }
            (_, Ok(_)) => {
                findings.push(Finding::fine("database", "the file of `database.url` can be opened"));
                Reached::Yes
            }
            (_, Err(error)) => {
                let advice = "see whether this user may write to the file of `database.url` and to its folder";
                findings.push(Finding::error("database", error.to_string(), advice));
                Reached::No
            }
        },
        Err(problem) => {
            complain(problem);
            return Exit::Usage;
        }
    };
    for finding in &findings {
        say(finding);
    }
    let count = |weight| findings.iter().filter(|finding| finding.weight == weight).count() as u64;
    let (errors, warnings) = (count(Weight::Error), count(Weight::Warning));
    say(format_args!("{}, {}", counted(errors, "error", "errors"), counted(warnings, "warning", "warnings")));
    match (reached, findings.iter().map(|finding| finding.weight).max()) {
        (Reached::No, _) => Exit::Unavailable,
        (Reached::Yes, Some(Weight::Error)) => Exit::Unfit,
        (Reached::Yes, Some(Weight::Fine | Weight::Warning) | None) => Exit::Done,
    }
}
