//! `check`: whether the config is fit to run with.

use std::path::Path;

use super::{Exit, agent, complain, say};
use crate::config::Config;
use crate::pipeline::Until;

/// Says that the config is in order, or what is not. Its keys were read before; what is left is what only the stages can
/// tell.
pub fn check(file: &Path, config: &Config) -> Exit {
    let checked = agent::options(config, Until::Stopped).and_then(|_| agent::database(config));
    match checked {
        Ok(_) => {
            say(format_args!("{}: in order", file.display()));
            Exit::Done
        }
        Err(problem) => {
            complain(format_args!("{}: {problem}", file.display()));
            Exit::Usage
        }
    }
}
