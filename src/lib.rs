//! Ships NDJSON telemetry from a local spool into MySQL, scrubbed, each line exactly once.
//!
//! # The path of a line
//! spool → record → scrub → row → batch → sink → quarantine → checkpoint, one module each, put together in `pipeline`.
//!
//! # What is always true
//! * Every line read has exactly one end: a row, a quarantine record, or a unit in a count of lines let go.
//! * Rows and the frontiers of their files are committed in one transaction, or not at all.
//! * An unscrubbed record cannot reach a batch: a `Row` is made of a `Scrubbed`, and only the scrubber makes one.
//!
//! # What is absent on purpose
//! * No stage sees the config or spawns a task; `record`, `scrub`, `row` and `batch` do no I/O and read no clock.
//! * There is no queue without a bound, and no log message with the content of a line.
//!
//! `ARCHITECTURE.md` has the map and the reasons.

pub mod clock;

pub mod aside;

pub mod finding;

pub mod spool;

pub mod record;

pub mod scrub;

pub mod row;

pub mod shed;

pub mod batch;

pub mod sink;

pub mod state;

pub mod quarantine;

pub mod checkpoint;

pub mod metrics;

pub mod report;

pub mod endpoint;

pub mod systemd;

pub mod admin;

pub mod config;

pub mod pipeline;

pub mod cli;

mod museum;

#[cfg(test)]
mod sim;
