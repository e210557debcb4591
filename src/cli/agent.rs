//! The config as the options of the stages: the one place that knows both.

use std::path::Path;
use std::time::Duration;

use crate::batch;
use crate::cli::Exit;
use crate::config::{self, Config};
use crate::pipeline::{self, Patience, Until, reader};
use crate::quarantine;
use crate::sink::mysql::{self, Dsn, MySql, Secret};
use crate::sink::sqlite::SqLite;
use crate::sink::table::TableName;
use crate::spool::globs::Globs;
use crate::spool::{self, StartAt, tail};

/// How long `run --drain` waits for a database that is away (CONTRACT §5).
const DRAIN_PATIENCE: Duration = Duration::from_secs(30);

/// Bytes of one file before it is another file's turn.
const QUANTUM: usize = 256 << 10;

/// Descriptors of spool files that are open at once, at most.
const FILES_OPEN_MAX: usize = 512;

/// Descriptors that the rest of the agent needs: connections, the endpoint, our own files, a directory being listed.
const OTHER_DESCRIPTORS: usize = 40;

/// The database of a config.
#[derive(Debug)]
pub enum Database {
    /// MySQL or MariaDB.
    MySql(MySql),
    /// An SQLite file.
    SqLite(SqLite),
}

/// The options of an agent.
pub fn options(config: &Config, until: Until) -> Result<pipeline::Options, String> {
    let patterns = |globs: &[globset::Glob]| globs.iter().map(|glob| glob.glob().to_owned()).collect::<Vec<_>>();
    let globs = Globs::new(&patterns(&config.spool.paths), &patterns(&config.spool.exclude))
        .map_err(|error| format!("`spool.paths` or `spool.exclude`: {error}"))?;
    let max_line_bytes = config.spool.max_line_bytes.bytes() as usize;
    Ok(pipeline::Options {
        agent: config.agent.id.clone(),
        spool: spool::Options {
            globs,
            start_at: match config.spool.start_at {
                config::StartAt::Beginning => StartAt::Beginning,
                config::StartAt::End => StartAt::End,
            },
            limits: tail::Limits { quantum: QUANTUM, max_line_bytes },
            files_open_max: files_open_max(),
        },
        reader: reader::Options {
            until,
            rescan_interval: config.spool.rescan_interval,
            batch: batch::Limits {
                lines_max: config.batch.max_rows,
                bytes_max: config.batch.max_bytes.bytes() as usize,
                wait_max: config.batch.max_wait,
            },
            max_line_bytes,
        },
        connections: match config.database.url.scheme() {
            config::Scheme::MySql => config.database.connections,
            // An SQLite database has one writer at a time.
            config::Scheme::Sqlite { .. } => 1,
        },
        patience: match until {
            Until::Stopped => Patience::Endless,
            Until::Drained => Patience::Limited(DRAIN_PATIENCE),
        },
        shutdown_grace: config.agent.shutdown_grace,
        state_directory: config.state.directory.clone(),
        quarantine: quarantine::Options {
            path: config.quarantine.path.clone(),
            bytes_max: config.quarantine.max_bytes.bytes(),
        },
        metrics_listen: config.metrics.listen,
    })
}

/// The database of a config.
pub fn database(config: &Config) -> Result<Database, String> {
    let table: TableName =
        config.database.table.to_string().parse().map_err(|error| format!("`database.table`: {error}"))?;
    match config.database.url.scheme() {
        config::Scheme::Sqlite { path } => Ok(Database::SqLite(sqlite(path, table, config))),
        config::Scheme::MySql => {
            let dsn: Dsn = config.database.url.expose().parse().map_err(|error| format!("`database.url`: {error}"))?;
            let password = config.password(config::environment()).map_err(|problem| problem.to_string())?;
            let dsn = match password {
                Some(password) => dsn.with_password(Secret::new(password.expose())),
                None => dsn,
            };
            Ok(Database::MySql(MySql::new(mysql::Options {
                dsn,
                table,
                agent: config.agent.id.clone(),
                method: match config.database.method {
                    config::Method::Auto => mysql::Method::Auto,
                    config::Method::Bulk => mysql::Method::Bulk,
                    config::Method::Insert => mysql::Method::Insert,
                },
                connect_timeout: config.database.connect_timeout,
                write_timeout: config.database.write_timeout,
                tls: match config.database.tls {
                    config::TlsMode::Auto => mysql::Tls::Auto,
                    config::TlsMode::Disabled => mysql::Tls::Disabled,
                    config::TlsMode::Required => mysql::Tls::Required,
                    config::TlsMode::VerifyCa => mysql::Tls::VerifyCa,
                    config::TlsMode::VerifyIdentity => mysql::Tls::VerifyIdentity,
                },
                tls_ca: config.database.tls_ca.clone(),
                tls_cert: config.database.tls_cert.clone(),
                tls_key: config.database.tls_key.clone(),
            })))
        }
    }
}

/// Builds a runtime and runs `work` on it.
pub fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
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

fn sqlite(path: &Path, table: TableName, config: &Config) -> SqLite {
    SqLite::new(path.to_owned(), table, config.agent.id.clone(), config.database.write_timeout)
}

/// As many descriptors as the process may have, less what the rest needs.
fn files_open_max() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    limit.saturating_sub(OTHER_DESCRIPTORS).clamp(limit.min(16) / 2, FILES_OPEN_MAX)
}
