//! `check`: whether the config is fit to run with.

use std::path::Path;

use super::{Exit, complain, say};
use crate::config::{self, Config};

/// Says that the config is in order, or everything that is not.
pub fn check(file: &Path) -> Exit {
    match Config::check(file, config::environment()) {
        Ok(_) => {
            say(format_args!("{}: in order", file.display()));
            Exit::Done
        }
        Err(problems) => {
            complain(problems);
            Exit::Usage
        }
    }
}
