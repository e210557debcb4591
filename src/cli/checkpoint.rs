//! `checkpoint`: the frontiers of this agent, shown and moved by hand.

use std::path::{Path, PathBuf};

use super::agent::{self, Database};
use super::{Exit, complain, say};
use crate::admin::frontiers::{self, Effect, Error, Now, Plan};
use crate::admin::show::harmless;
use crate::config::Config;
use crate::sink::{Database as _, Session};
use crate::spool::Frontier;

/// What is to be done with the frontiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// List them.
    Show,
    /// Set one to an offset.
    Set(PathBuf, u64),
    /// Forget one.
    Reset(PathBuf),
    /// Forget all.
    ResetAll,
}

/// Whether to act, or only to say what acting would mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// Act.
    Given,
    /// Say.
    NotGiven,
}

/// Shows the frontiers, or moves them.
pub fn checkpoint(config: &Config, what: &What, consent: Consent) -> Exit {
    let done = match agent::database(config) {
        Err(problem) => {
            complain(problem);
            return Exit::Usage;
        }
        Ok(Database::MySql(database)) => agent::block_on(async {
            let mut session = database.connect().await?;
            let done = work(&mut session, config, what, consent).await;
            session.close().await;
            done
        }),
        Ok(Database::SqLite(database)) => agent::block_on(async {
            let mut session = database.connect().await?;
            let done = work(&mut session, config, what, consent).await;
            session.close().await;
            done
        }),
    };
    match done {
        Ok(Ok(())) => Exit::Done,
        Ok(Err(error)) => {
            complain(&error);
            match error {
                Error::Database(_) => Exit::Unavailable,
                Error::State(_) | Error::OtherUser { .. } | Error::File { .. } => Exit::FileSystem,
                Error::Refused(_) => Exit::Usage,
            }
        }
        Err(exit) => exit,
    }
}

async fn work<S: Session>(session: &mut S, config: &Config, what: &What, consent: Consent) -> Result<(), Error> {
    let known = session.frontiers().await?;
    let plans = match what {
        What::Show => {
            show(&config.agent.id, &known);
            return Ok(());
        }
        What::Set(path, offset) => vec![frontiers::plan_set(&known, path, *offset)?],
        What::Reset(path) => frontiers::plan_reset(&known, Some(path))?,
        What::ResetAll => frontiers::plan_reset(&known, None)?,
    };
    let plans: Vec<Plan> = plans.into_iter().filter(|plan| plan.effect != Effect::None).collect();
    if plans.is_empty() {
        say("nothing to change: it stands there already");
        return Ok(());
    }
    for plan in &plans {
        tell(plan);
    }
    match consent {
        Consent::NotGiven => say("nothing was changed; stop the agent, and say `--yes` to do it"),
        Consent::Given => {
            frontiers::apply(session, &config.state.directory, &config.agent.id, &plans).await?;
            say("done; the agent begins there when it starts");
        }
    }
    Ok(())
}

fn show(agent: &str, known: &[Frontier]) {
    say(format_args!("{} files of the agent `{}`", known.len(), harmless(agent)));
    for frontier in known {
        let offset = frontier.position.offset;
        let now = match frontiers::now(frontier) {
            Now::There(size) if size >= offset => format!("{} bytes to go", size - offset),
            Now::There(_) => "shorter than that: its content was replaced".to_owned(),
            Now::Other => "another file has this path now".to_owned(),
            Now::Gone => "not there any more".to_owned(),
        };
        say(format_args!(
            "{}  offset {offset}, generation {}, moved {} s ago, {now}  [{}]",
            harmless(&frontier.path.to_string_lossy()),
            frontier.position.generation,
            frontier.idle.as_secs(),
            frontier.file
        ));
    }
}

fn tell(plan: &Plan) {
    let path = shown(&plan.path);
    match &plan.effect {
        Effect::None => {}
        Effect::SentAgain { lines, bytes } => {
            say(format_args!("`{path}`: {lines} lines ({bytes} bytes) would be sent again, and be in the table twice"));
        }
        Effect::Skipped { lines, bytes } => {
            say(format_args!("`{path}`: {lines} lines ({bytes} bytes) would be skipped, and never be in the table"));
        }
        Effect::Forgotten => say(format_args!("`{path}`: the file is not there; its frontier would be forgotten")),
    }
}

fn shown(path: &Path) -> String {
    harmless(&path.to_string_lossy()).into_owned()
}
