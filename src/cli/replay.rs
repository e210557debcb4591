//! `replay`: quarantine records back through the pipeline.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use super::agent::{self, Database};
use super::{Exit, complain, say};
use crate::admin::replay::{self, Failed};
use crate::config::Config;
use crate::scrub::Scrubber;

/// Replays the records of a file.
pub fn replay(config: &Config, file: &Path) -> Exit {
    let mut records = match File::open(file) {
        Ok(records) => BufReader::new(records),
        Err(error) => {
            complain(format_args!("`{}`: {error}", file.display()));
            return Exit::FileSystem;
        }
    };
    // The marks of what was replayed are in a name of their own.
    let mut config = config.clone();
    replay::AGENT.clone_into(&mut config.agent.id);
    let made = config.scrubbing().and_then(|scrubbing| Ok((scrubbing, agent::database(&config)?)));
    let (scrubbing, database) = match made {
        Ok(made) => made,
        Err(problem) => {
            complain(problem);
            return Exit::Usage;
        }
    };
    let scrubber = Scrubber::new(scrubbing);
    let tell = |number: u64, why: &str| complain(format_args!("record {number}: stays: {why}"));
    let done = match &database {
        Database::MySql(database) => agent::block_on(replay::replay(database, &mut records, scrubber, tell)),
        Database::SqLite(database) => agent::block_on(replay::replay(database, &mut records, scrubber, tell)),
    };
    match done {
        Ok(Ok(report)) => {
            let replay::Report { landed, already, refused } = report;
            say(format_args!("{landed} records are rows now, {already} were before, {refused} still cannot be"));
            if refused == 0 { Exit::Done } else { Exit::Partial }
        }
        Ok(Err(failed)) => {
            complain(&failed);
            match failed {
                Failed::File(_) => Exit::FileSystem,
                Failed::Database(_) => Exit::Unavailable,
                Failed::NoMarks => Exit::Usage,
            }
        }
        Err(exit) => exit,
    }
}
