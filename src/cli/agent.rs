//! The config as the options of the stages: the one place that knows both.

use std::time::Duration;

use crate::batch;
use crate::cli::Exit;
use crate::config::{self, Config, Problem, Url};
use crate::pipeline::{self, Patience, Until, reader, watchdog};
use crate::quarantine;
use crate::shed;
use crate::sink::mysql::{self, MySql};
use crate::sink::sqlite::SqLite;
use crate::spool::{self, tail};

/// How long `run --drain` waits for a database that is away (CONTRACT §5).
const DRAIN_PATIENCE: Duration = Duration::from_secs(30);

/// Bytes of one file before it is another file's turn.
const QUANTUM: usize = 256 << 10;

/// Descriptors of spool files that are open at once, at most.
const FILES_OPEN_MAX: usize = 512;

/// Descriptors that the rest of the agent needs: connections, the endpoint, our own files, a directory being listed.
const OTHER_DESCRIPTORS: usize = 40;

/// As many hosts as a database has, for the time that a connect may take.
const HOSTS_MAX: u32 = 10;

/// The database of a config.
#[derive(Debug)]
pub enum Database {
    /// MySQL or MariaDB.
    MySql(MySql),
    /// An SQLite file.
    SqLite(SqLite),
}

/// What the agent takes beside its batches: the program, the scrubber's tables, its threads, and the driver's copies of
/// what is on its way.
const MEMORY_BESIDE: usize = 27 << 20;

/// How many batches there are beside those of the connections: one that is being filled, one that waits for room in the
/// channel, and one in it.
pub(super) const BATCHES_BESIDE: usize = 3;

/// The smallest batch that memory may ask for.
const BATCH_MEMORY_MIN: usize = 256 << 10;

/// How much memory a batch may take, so that all of them together take at most `memory_max`, each half as much again because
/// it grows by doubling.
fn batch_memory(memory_max: usize, connections: usize) -> usize {
    let left = memory_max.saturating_sub(MEMORY_BESIDE);
    (left / (connections + BATCHES_BESIDE) * 2 / 3).max(BATCH_MEMORY_MIN)
}

/// The options of an agent.
///
/// # Errors
/// The key of the hashes cannot be read.
pub fn options(config: &Config, until: Until) -> Result<pipeline::Options, Problem> {
    let max_line_bytes = config.spool.max_line_bytes.bytes() as usize;
    let connections = match config.database.url {
        Url::MySql(_) => config.database.connections,
        // An SQLite database has one writer at a time.
        Url::Sqlite(_) => 1,
    };
    Ok(pipeline::Options {
        agent: config.agent.id.clone(),
        spool: spool::Options {
            globs: config.spool.globs.clone(),
            start_at: config.spool.start_at,
            limits: tail::Limits { quantum: QUANTUM, max_line_bytes },
            files_open_max: files_open_max(),
        },
        reader: reader::Options {
            until,
            rescan_interval: config.spool.rescan_interval,
            batch: batch::Limits {
                lines_max: config.batch.max_rows,
                bytes_max: batch_bytes_max(config),
                memory_max: batch_memory(config.agent.max_memory.bytes() as usize, connections),
                wait_max: config.batch.max_wait,
            },
            max_line_bytes,
            shed: shed::limits::Options {
                first: config.shed.first.clone(),
                soft_backlog_bytes: config.shed.soft_backlog_bytes.bytes(),
                max_backlog_bytes: config.shed.max_backlog_bytes.bytes(),
                max_age: config.shed.max_age,
            },
        },
        scrub: config.scrubbing()?,
        connections,
        patience: match until {
            Until::Stopped => Patience::Endless,
            Until::Drained => Patience::Limited(DRAIN_PATIENCE),
        },
        shutdown_grace: config.agent.shutdown_grace,
        quiet_max: watchdog::quiet_max(config.database.connect_timeout * HOSTS_MAX, config.database.write_timeout),
        state_directory: config.state.directory.clone(),
        quarantine: quarantine::Options {
            path: config.quarantine.path.clone(),
            bytes_max: config.quarantine.max_bytes.bytes(),
        },
        metrics_listen: config.metrics.listen,
    })
}

/// Bytes of one batch. What waits for a slow database in batches cannot be let go, so it must be a small part of the
/// backlog that there may be.
fn batch_bytes_max(config: &Config) -> usize {
    config.batch.max_bytes.bytes().min(config.shed.max_backlog_bytes.bytes() / 16) as usize
}

/// The database of a config.
///
/// # Errors
/// The password cannot be read.
pub fn database(config: &Config) -> Result<Database, Problem> {
    let (agent, settings) = (config.agent.id.clone(), config.database.clone());
    match settings.url {
        Url::Sqlite(path) => Ok(Database::SqLite(SqLite::new(path, settings.table, agent, settings.write_timeout))),
        Url::MySql(dsn) => {
            let dsn = match config.password(config::environment())? {
                Some(password) => dsn.with_password(password),
                None => dsn,
            };
            Ok(Database::MySql(MySql::new(mysql::Options {
                dsn,
                table: settings.table,
                agent,
                method: settings.method,
                connect_timeout: settings.connect_timeout,
                write_timeout: settings.write_timeout,
                tls: settings.tls,
                tls_ca: settings.tls_ca,
                tls_cert: settings.tls_cert,
                tls_key: settings.tls_key,
            })))
        }
    }
}

/// Builds a runtime and runs `work` on it. Its tasks share one thread; what blocks goes [`aside`](crate::aside::aside).
pub fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    match runtime {
        Ok(runtime) => {
            let result = runtime.block_on(work);
            // What still runs there after a second signal is not waited for.
            runtime.shutdown_background();
            Ok(result)
        }
        Err(error) => {
            crate::cli::complain(format_args!("no threads to run on: {error}"));
            Err(Exit::Internal)
        }
    }
}

/// As many descriptors as the process may have, less what the rest needs.
fn files_open_max() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    limit.saturating_sub(OTHER_DESCRIPTORS).clamp(limit.min(16) / 2, FILES_OPEN_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_get_what_the_program_leaves() {
        #[track_caller]
        fn check(memory_mib: usize, connections: usize, want_kib: usize) {
            assert_eq!(batch_memory(memory_mib << 20, connections) >> 10, want_kib);
        }
        check(48, 2, 2867);
        check(48, 1, 3584);
        check(512, 2, 66_218);
        check(48, 16, 754);
        // Where little is left batches are small and the work goes on.
        check(32, 16, 256);
        check(1, 1, 256);
    }
}
