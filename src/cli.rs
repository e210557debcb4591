//! The command line: one file a command, exit codes as in CONTRACT §5.
//!
//! Invariant: a command ends with an [`Exit`]; nothing else ends the process.

mod agent;
mod check;
mod checkpoint;
mod decrypt;
mod demo;
mod explain;
mod generate;
mod inquiry;
mod logging;
mod migrate;
mod prune;
mod reload;
mod replay;
mod run;
mod scrub;
mod status;
mod top;
mod trace;
mod why;

use std::fmt::Display;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::admin::retention;
use crate::admin::trace::Query;
use crate::config::Config;
use crate::sink::mysql::Part;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// The command line or the config is wrong.
    Usage,
    /// The database cannot be reached.
    Unavailable,
    /// A defect of ours.
    Internal,
    /// The file system does not let us.
    FileSystem,
    /// Drained only in part, or interrupted.
    Partial,
    /// `check --connect` has found an error.
    Unfit,
}

impl From<Exit> for ExitCode {
    /// The codes of CONTRACT §5, after `sysexits.h`.
    fn from(exit: Exit) -> Self {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Usage => 64,
            Exit::Unavailable => 69,
            Exit::Internal => 70,
            Exit::FileSystem => 74,
            Exit::Partial => 75,
            Exit::Unfit => 78,
        })
    }
}

/// Ships application telemetry from a local NDJSON spool into MySQL, scrubbed, each line exactly once.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct ConfigFile {
    /// The config file
    #[arg(short, long, value_name = "FILE", default_value = "/etc/tracespool/config.toml")]
    config: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the agent in the foreground
    Run {
        #[command(flatten)]
        config: ConfigFile,
        /// Ship what is in the spool, then exit
        #[arg(long)]
        drain: bool,
    },
    /// See it work: a spool, writers and an SQLite database in a temporary folder; no config, no server
    Demo,
    /// Check the config; reports all problems at once
    Check {
        #[command(flatten)]
        config: ConfigFile,
        /// Look at the host, the database, the table and the account's rights too; 78 if something there is an error
        #[arg(long)]
        connect: bool,
        /// Say what the settings mean: rows a second, latency, memory, how long an outage may last
        #[arg(long)]
        explain: bool,
        /// Lines a second to reckon with; by default those of the running agent
        #[arg(long, value_name = "N", requires = "explain", value_parser = clap::value_parser!(u32).range(1..))]
        rate: Option<u32>,
        /// How many hosts run an agent
        #[arg(long, value_name = "N", requires = "explain", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
        hosts: u32,
    },
    /// Create the tables that are missing; changes none that exists
    Migrate {
        #[command(flatten)]
        config: ConfigFile,
        /// Print the statements instead of running them
        #[arg(long)]
        print: bool,
        /// Print the statements that give the accounts of shipper, pruner and reader the rights they need, and no more
        #[arg(long, value_name = "WHO", num_args = 0..=1, default_missing_value = "all",
              conflicts_with_all = ["print", "partitioned"])]
        grants: Option<Whose>,
        /// Partition the table by day of `created_at`
        #[arg(long)]
        partitioned: bool,
    },
    /// Say what the running agent is doing
    Status {
        #[command(flatten)]
        config: ConfigFile,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what the running agent is doing, live; `q` quits
    Top {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Delete rows that are older than `retention.days`, in small steps; one host at a time
    Prune {
        #[command(flatten)]
        config: ConfigFile,
        /// Only count them
        #[arg(long)]
        dry_run: bool,
        /// How many days a row stays, in place of `retention.days`
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_500))]
        days: Option<u32>,
    },
    /// Show the rows of one request in order of time, with the gaps between them
    #[command(after_help = "Without a request id at least one of the filters is needed; they can be combined.")]
    Trace {
        #[command(flatten)]
        config: ConfigFile,
        /// The request
        request_id: Option<String>,
        /// Only this event; `*` is any text: 'auth.*'
        #[arg(long, value_name = "KEY")]
        event_key: Option<String>,
        /// Only this actor
        #[arg(long, value_name = "ID", allow_negative_numbers = true)]
        actor: Option<i64>,
        /// Only what was created since: 30m, 1h, 7d, or a time
        #[arg(long, value_name = "TIME", value_parser = trace::since)]
        since: Option<crate::record::Timestamp>,
        /// At most so many rows, the newest
        #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
        /// One JSON object a row
        #[arg(long)]
        json: bool,
    },
    /// Say what became of a line: not read yet, a row, quarantined, let go
    Why {
        #[command(flatten)]
        config: ConfigFile,
        /// Where it stands: the file, a colon, an offset in bytes; without it the line is read from stdin
        #[arg(value_name = "FILE:OFFSET", value_parser = why::place)]
        place: Option<why::Place>,
    },
    /// Show how far each file is shipped, or move that by hand while the agent does not run
    Checkpoint {
        #[command(subcommand)]
        action: CheckpointAction,
    },
    /// Send the records of a quarantine file again, each into the table once however often this runs
    Replay {
        #[command(flatten)]
        config: ConfigFile,
        /// The quarantine file, or a copy of it
        file: PathBuf,
    },
    /// Read NDJSON lines from stdin and write them to stdout as they would be stored
    Scrub {
        /// The config file whose section `scrub` counts; without it the defaults do
        #[arg(short, long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Say on stderr which rule hit where
        #[arg(long)]
        explain: bool,
        /// Say on stderr, at the end, how often each rule hit
        #[arg(long)]
        stats: bool,
    },
    /// Make a key pair for the action `encrypt`: the private key into FILE, the recipient for the config on stdout
    Keygen {
        /// The new file of the private key; one that exists is left alone
        file: PathBuf,
    },
    /// Copy stdin to stdout with every encrypted secret opened; for the machine that has the private key
    Decrypt {
        /// The file of the private key, made by `keygen`
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// Write man pages or shell completions into a folder, for packages
    #[command(hide = true)]
    Generate {
        /// Which of them
        what: generate::What,
        /// The folder, which exists
        folder: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
enum CheckpointAction {
    /// List the frontier of every file
    Show {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Set the frontier of a file to the start of a line; says first what would be sent again or skipped
    Set {
        #[command(flatten)]
        config: ConfigFile,
        /// The file
        file: PathBuf,
        /// Bytes from its start
        offset: u64,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
    /// Forget the frontier of a file, so that it is as one never seen; says first what would be sent again
    Reset {
        #[command(flatten)]
        config: ConfigFile,
        /// The file
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        file: Option<PathBuf>,
        /// Every file
        #[arg(long)]
        all: bool,
        /// Do it
        #[arg(long)]
        yes: bool,
    },
}

/// Runs the command of the process's arguments.
pub fn main() -> ExitCode {
    hide_panics();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let asked_for = !error.use_stderr();
            let printed = error.print();
            return match (asked_for, printed) {
                (true, Ok(())) => Exit::Done,
                (true, Err(_)) => Exit::FileSystem,
                (false, _) => Exit::Usage,
            }
            .into();
        }
    };
    let exit = match cli.command {
        Command::Run { config, drain } => {
            let until = if drain { run::Until::Drained } else { run::Until::Stopped };
            with_config(&config, |loaded| run::run(&config.config, loaded, until))
        }
        Command::Demo => demo::demo(),
        Command::Check { config, connect, explain, rate, hosts } => {
            let scope = if connect { check::Scope::Connect } else { check::Scope::Config };
            let explain = explain.then_some(explain::Given { rate, hosts });
            check::check(&config.config, scope, explain)
        }
        Command::Migrate { config, print, grants, partitioned } => {
            let layout = if partitioned { migrate::Layout::ByDay } else { migrate::Layout::Plain };
            let what = match (print, grants) {
                (_, Some(whose)) => migrate::What::PrintGrants(whose.part()),
                (true, None) => migrate::What::Print,
                (false, None) => migrate::What::Create,
            };
            with_config(&config, |config| migrate::migrate(config, what, layout))
        }
        Command::Status { config, json } => {
            let format = if json { status::Format::Json } else { status::Format::Words };
            status::status(&config.config, format)
        }
        Command::Top { config } => top::top(&config.config),
        Command::Prune { config, dry_run, days } => {
            let mode = if dry_run { retention::Mode::Count } else { retention::Mode::Delete };
            with_config(&config, |config| prune::prune(config, mode, days))
        }
        Command::Trace { config, request_id, event_key, actor, since, limit, json } => {
            let query = Query { request_id, event_key, actor, since, limit: limit as usize };
            let format = if json { trace::Format::Json } else { trace::Format::Text };
            with_config(&config, |config| trace::trace(config, &query, format))
        }
        Command::Why { config, place } => with_config(&config, |config| why::why(config, place.as_ref())),
        Command::Checkpoint { action } => {
            let consent = |yes| if yes { checkpoint::Consent::Given } else { checkpoint::Consent::NotGiven };
            let (config, what, consent) = match action {
                CheckpointAction::Show { config } => (config, checkpoint::What::Show, consent(false)),
                CheckpointAction::Set { config, file, offset, yes } => {
                    (config, checkpoint::What::Set(file, offset), consent(yes))
                }
                CheckpointAction::Reset { config, file, yes, all: _ } => {
                    (config, file.map_or(checkpoint::What::ResetAll, checkpoint::What::Reset), consent(yes))
                }
            };
            with_config(&config, |config| checkpoint::checkpoint(config, &what, consent))
        }
        Command::Replay { config, file } => with_config(&config, |config| replay::replay(config, &file)),
        Command::Scrub { config, explain, stats } => {
            let explain = if explain { scrub::Explain::Yes } else { scrub::Explain::No };
            let stats = if stats { scrub::Stats::Yes } else { scrub::Stats::No };
            scrub::scrub(config.as_deref(), explain, stats)
        }
        Command::Keygen { file } => decrypt::keygen(&file),
        Command::Decrypt { key } => decrypt::decrypt(&key),
        Command::Generate { what, folder } => generate::generate(what, &folder),
    };
    exit.into()
}

/// Lets a panic tell where it happened and no more: the message of a bad slice, for one, quotes the text that was cut.
fn hide_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        complain(format_args!("a defect of tracespool at {place}; please report it with the version"));
    }));
}

/// Loads the config for a command, or says what is wrong with it.
fn with_config(file: &ConfigFile, command: impl FnOnce(&Config) -> Exit) -> Exit {
    match Config::load(&file.config, crate::config::environment()) {
        Ok(config) => command(&config),
        Err(problems) => {
            complain(problems);
            Exit::Usage
        }
    }
}

/// Says something on stdout. A reader that went away is no problem of ours.
fn say(text: impl Display) {
    if let Err(error) = writeln!(io::stdout().lock(), "{text}") {
        tracing::debug!(%error, "stdout is gone");
    }
}

/// Whose rights are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Whose {
    All,
    Shipper,
    Pruner,
    Reader,
}

impl Whose {
    fn part(self) -> Option<Part> {
        match self {
            Whose::All => None,
            Whose::Shipper => Some(Part::Shipper),
            Whose::Pruner => Some(Part::Pruner),
            Whose::Reader => Some(Part::Reader),
        }
    }
}

/// Says something on stderr.
fn complain(text: impl Display) {
    if let Err(error) = writeln!(io::stderr().lock(), "{text}") {
        tracing::debug!(%error, "stderr is gone");
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    /// Set in the process that is to panic.
    const PANIC: &str = "TRACESPOOL_TEST_PANIC";

    #[test]
    fn a_panic_tells_its_place_and_nothing_of_a_line() {
        if std::env::var_os(PANIC).is_some() {
            super::hide_panics();
            let line = "ébruary-s3cret".to_owned();
            // The message of a bad slice quotes the text.
            assert!(!line[1..].is_empty());
            return;
        }
        let test = "cli::tests::a_panic_tells_its_place_and_nothing_of_a_line";
        let program = std::env::current_exe().unwrap();
        let output = Command::new(program).args([test, "--exact", "--nocapture"]).env(PANIC, "1").output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap() + &String::from_utf8(output.stdout).unwrap();
        assert!(!output.status.success(), "{told}");
        assert!(told.contains("src/cli.rs:"), "{told}");
        assert!(!told.contains("s3cret"), "{told}");
    }
}
