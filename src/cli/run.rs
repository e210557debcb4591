//! `run`: the agent in the foreground.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::sync::Arc;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use tokio::sync::{Notify, mpsc, watch};

use super::agent::{self, Database};
use super::logging::Logging;
use super::reload::{Reloaded, Reloader};
use super::{Exit, complain};
use crate::config::Config;
use crate::metrics::Metrics;
pub use crate::pipeline::Until;
use crate::pipeline::{self, End, Error, GaveUp, Request, Stop};
use crate::systemd::{self, News};

/// How far people and systemd want the agent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Not,
    ToStop,
    ToStopAtOnce,
}

/// What signals ask for.
#[derive(Debug, Clone)]
struct Signals {
    asked: watch::Receiver<Asked>,
    /// To read the config again. Signals that come while it is being read are one.
    reload: Arc<Notify>,
    /// To log the status.
    status: Arc<Notify>,
}

/// Runs the agent by the config of a file until a signal ends it, or the spool is drained.
pub fn run(file: &Path, config: &Config, until: Until) -> Exit {
    let logging = Logging::start(config.log.level, config.log.format);
    let made = agent::options(config, until).and_then(|options| Ok((options, agent::database(config)?)));
    let (options, database) = match made {
        Ok(made) => made,
        Err(problem) => {
            complain(problem);
            return Exit::Usage;
        }
    };
    let signals = match listen_for_signals() {
        Ok(signals) => signals,
        Err(error) => {
            complain(format_args!("signals cannot be received: {error}"));
            return Exit::Internal;
        }
    };
    tracing::info!(version = env!("CARGO_PKG_VERSION"), agent = options.agent, "tracespool starts");
    let exit = agent::block_on(async {
        match database {
            Database::MySql(database) => {
                let make = |config: &Config| match agent::database(config) {
                    Ok(Database::MySql(database)) => Some(database),
                    Ok(Database::SqLite(_)) | Err(_) => None,
                };
                let reloader = Reloader::new(file.to_owned(), config.clone(), until, make);
                supervise(options, database, signals, until, reloader, logging).await
            }
            Database::SqLite(database) => {
                let make = |config: &Config| match agent::database(config) {
                    Ok(Database::SqLite(database)) => Some(database),
                    Ok(Database::MySql(_)) | Err(_) => None,
                };
                let reloader = Reloader::new(file.to_owned(), config.clone(), until, make);
                supervise(options, database, signals, until, reloader, logging).await
            }
        }
    });
    exit.unwrap_or_else(|exit| exit)
}

async fn supervise<D: crate::sink::Database>(
    options: pipeline::Options,
    database: D,
    signals: Signals,
    until: Until,
    reloader: Reloader<D>,
    logging: Logging,
) -> Exit {
    let (stop, stopped) = watch::channel(Stop::No);
    let (requests, received) = mpsc::channel(1);
    let metrics = Metrics::default();
    // It is large, and would be moved from frame to frame of a stack that is never given back.
    let mut work = Box::pin(pipeline::run(options, database, metrics.clone(), stopped, received));
    let mut asked = signals.asked.clone();
    let mut answering = Box::pin(answer(signals, requests, reloader, logging, metrics));
    let ended = tokio::select! {
        ended = &mut work => Some(ended),
        () = asked_for(&mut asked, Asked::ToStop) => None,
        never = &mut answering => match never {},
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            tracing::info!("asked to stop; what was read is committed first");
            systemd::tell(vec![News::Stopping]).await;
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

/// Passes on what signals ask for other than to stop, for as long as the agent takes it.
async fn answer<D: crate::sink::Database>(
    signals: Signals,
    requests: mpsc::Sender<Request<D>>,
    mut reloader: Reloader<D>,
    logging: Logging,
    metrics: Metrics,
) -> Infallible {
    let logging = Arc::new(logging);
    loop {
        let request = tokio::select! {
            () = signals.status.notified() => Request::Status,
            () = signals.reload.notified() => {
                systemd::tell(vec![News::Reloading]).await;
                let logging = Arc::clone(&logging);
                let read = tokio::task::spawn_blocking(move || {
                    let reloaded = reloader.read(&logging);
                    (reloader, reloaded)
                });
                let Ok((same, reloaded)) = read.await else {
                    tracing::error!("the config cannot be read again; this is a defect of tracespool");
                    return std::future::pending().await;
                };
                reloader = same;
                match reloaded {
                    Ok(Reloaded { change, changed, kept }) => {
                        metrics.config_mistakes.set(0);
                        tell(&changed, &kept);
                        Request::Reload(Box::new(change))
                    }
                    Err(problems) => {
                        for problem in &problems {
                            tracing::error!("{problem}");
                        }
                        metrics.config_mistakes.set(problems.iter().len() as i64);
                        tracing::error!(problems = problems.iter().len(), "the config was not taken up; the one before goes on");
                        systemd::tell(vec![News::Ready]).await;
                        continue;
                    }
                }
            }
        };
        let reloads = matches!(request, Request::Reload(_));
        if requests.send(request).await.is_err() {
            // The agent has ended, and how is told elsewhere.
            return std::future::pending().await;
        }
        if reloads {
            systemd::tell(vec![News::Ready]).await;
        }
    }
}

/// Says what becomes of a config that was read again.
fn tell(changed: &[&str], kept: &[&str]) {
    match changed {
        [] => tracing::info!("the config was read again; nothing that is in effect has changed"),
        sections => {
            let sections = sections.join(" ");
            tracing::info!(sections, "the config was read again and takes effect with the next batch");
        }
    }
    if !kept.is_empty() {
        tracing::warn!(keys = kept.join(" "), "these keys take effect only after a restart, and stay as they were");
    }
}

fn listen_for_signals() -> io::Result<Signals> {
    let mut iterator = signal_hook::iterator::Signals::new([SIGTERM, SIGINT, SIGHUP, SIGUSR1])?;
    let (sender, asked) = watch::channel(Asked::Not);
    let signals = Signals { asked, reload: Arc::default(), status: Arc::default() };
    let (reload, status) = (Arc::clone(&signals.reload), Arc::clone(&signals.status));
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in iterator.forever() {
            match signal {
                SIGHUP => reload.notify_one(),
                SIGUSR1 => status.notify_one(),
                _ => sender.send_modify(|asked| {
                    *asked = if *asked == Asked::Not { Asked::ToStop } else { Asked::ToStopAtOnce };
                }),
            }
        }
    })?;
    Ok(signals)
}
