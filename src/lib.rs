//! Ships NDJSON telemetry from a local spool into MySQL, scrubbed, each line exactly once.

pub mod spool;

pub mod record;

pub mod scrub;

pub mod row;

pub mod batch;

pub mod sink;

pub mod state;

pub mod quarantine;

pub mod checkpoint;

pub mod metrics;

pub mod endpoint;

pub mod config;

pub mod pipeline;
