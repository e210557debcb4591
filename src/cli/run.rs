//! `run`: the agent in the foreground.

use std::io;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use tokio::sync::watch;

use super::agent::{self, Database};
use super::{Exit, complain};
use crate::config::Config;
use crate::metrics::Metrics;
pub use crate::pipeline::Until;
use crate::pipeline::{self, End, Error, GaveUp, Stop};

/// Signals that people and systemd send to end the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Not,
    ToStop,
    ToStopAtOnce,
}

/// Runs the agent until a signal ends it, or the spool is drained.
pub fn run(config: &Config, until: Until) -> Exit {
    let _log = super::start_logging(config.log.level, config.log.format);
    let made = agent::options(config, until).and_then(|options| Ok((options, agent::database(config)?)));
    let (options, database) = match made {
        Ok(made) => made,
        Err(problem) => {
            complain(problem);
            return Exit::Usage;
        }
    };
    let asked = match listen_for_signals() {
        Ok(asked) => asked,
        Err(error) => {
            complain(format_args!("signals cannot be received: {error}"));
            return Exit::Internal;
        }
    };
    tracing::info!(version = env!("CARGO_PKG_VERSION"), agent = options.agent, "tracespool starts");
    let exit = agent::block_on(async {
        match database {
            Database::MySql(database) => supervise(options, database, asked, until).await,
            Database::SqLite(database) => supervise(options, database, asked, until).await,
        }
    });
    exit.unwrap_or_else(|exit| exit)
}

async fn supervise<D: crate::sink::Database>(
    options: pipeline::Options,
    database: D,
    mut asked: watch::Receiver<Asked>,
    until: Until,
) -> Exit {
    let (stop, stopped) = watch::channel(Stop::No);
    let work = pipeline::run(options, database, Metrics::default(), stopped);
    tokio::pin!(work);
    let ended = tokio::select! {
        ended = &mut work => Some(ended),
        () = asked_for(&mut asked, Asked::ToStop) => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            tracing::info!("asked to stop; what was read is committed first");
            stop.send_replace(Stop::Finish);
            tokio::select! {
                ended = work => ended,
                () = asked_for(&mut asked, Asked::ToStopAtOnce) => {
                    tracing::warn!("asked to stop at once; what is not committed is read again after the next start");
                    return incomplete(until);
                }
            }
        }
    };
    let was_asked = *stop.borrow() == Stop::Finish;
    match ended {
        Ok(End::Complete) if was_asked => {
            tracing::info!("stopped");
            // A drain that was cut short says so.
            incomplete(until)
        }
        Ok(End::Complete) => {
            tracing::info!("drained");
            Exit::Done
        }
        Ok(End::Unreadable(paths)) => {
            tracing::warn!(paths, "stopped; files or directories of the spool could not be read");
            incomplete(until)
        }
        Ok(End::Incomplete(gave_up @ GaveUp::DatabaseAway(_))) => {
            complain(gave_up);
            Exit::Unavailable
        }
        Ok(End::Incomplete(gave_up @ GaveUp::Stopped(_))) => {
            tracing::warn!("{gave_up}; what is not committed is read again after the next start");
            incomplete(until)
        }
        Ok(End::OutOfTime) => {
            tracing::warn!("`agent.shutdown_grace` is over; what is not committed is read again after the next start");
            incomplete(until)
        }
        Err(error) => {
            complain(&error);
            match error {
                Error::State(_) | Error::File { .. } => Exit::FileSystem,
                Error::Listen { .. } => Exit::Usage,
                Error::Defect(_) => Exit::Internal,
            }
        }
    }
}

/// Waits for a signal; for ever, if none can come any more.
async fn asked_for(asked: &mut watch::Receiver<Asked>, what: Asked) {
    if asked.wait_for(|asked| *asked >= what).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// What a stop before the end means: for an agent that runs for ever nothing, since the spool keeps the lines.
fn incomplete(until: Until) -> Exit {
    match until {
        Until::Stopped => Exit::Done,
        Until::Drained => Exit::Partial,
    }
}

fn listen_for_signals() -> io::Result<watch::Receiver<Asked>> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let (sender, receiver) = watch::channel(Asked::Not);
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for _ in signals.forever() {
            sender.send_modify(|asked| {
                *asked = if *asked == Asked::Not { Asked::ToStop } else { Asked::ToStopAtOnce };
            });
        }
    })?;
    Ok(receiver)
}
