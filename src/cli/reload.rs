//! SIGHUP: the config is read and checked again, then handed to the running agent; one that is bad changes nothing.

use std::path::PathBuf;

use super::agent;
use super::logging::Logging;
use crate::config::{self, Config, Problems};
use crate::pipeline::{Change, Until};
use crate::scrub::Scrubber;
use crate::sink::mysql::Secret;

/// The config that is in effect, and how to read it again.
#[derive(Debug)]
pub struct Reloader<D> {
    file: PathBuf,
    config: Config,
    password: Option<Secret>,
    until: Until,
    /// The database of this program's kind.
    make: fn(&Config) -> Option<D>,
}

/// What reading the config again led to.
#[derive(Debug)]
pub struct Reloaded<D> {
    /// For the agent.
    pub change: Change<D>,
    /// The sections that are other than before, a new password among `database`.
    pub changed: Vec<&'static str>,
    /// Keys that have another value now, which only a restart takes up.
    pub kept: Vec<&'static str>,
}

impl<D> Reloader<D> {
    /// For an agent that runs by this config, read from this file.
    pub fn new(file: PathBuf, config: Config, until: Until, make: fn(&Config) -> Option<D>) -> Self {
        let password = config.password(config::environment()).unwrap_or(None);
        Reloader { file, config, password, until, make }
    }

    /// Reads the config again. This reads files, and takes the time that the scrubber's tables take.
    ///
    /// # Errors
    /// Every problem with it, all at once; the config before stays in effect.
    pub fn read(&mut self, logging: &Logging) -> Result<Reloaded<D>, Problems> {
        let new = Config::check(&self.file, config::environment())?;
        let (config, kept) = self.config.adopt(new);
        let options = agent::options(&config, self.until)?;
        let password = config.password(config::environment())?;
        let same = config.database == self.config.database && password == self.password;
        let change = Change {
            reader: options.reader,
            spool: options.spool,
            scrubber: Scrubber::new(options.scrub),
            database: if same { None } else { (self.make)(&config) },
            shutdown_grace: options.shutdown_grace,
            quiet_max: options.quiet_max,
            quarantine_bytes_max: options.quarantine.bytes_max,
        };
        let mut changed = self.config.sections_changed(&config);
        if password != self.password && !changed.contains(&"database") {
            changed.push("database");
        }
        logging.set_level(config.log.level);
        self.password = password;
        self.config = config;
        Ok(Reloaded { change, changed, kept })
    }
}
