//! Ships NDJSON telemetry from a local spool into MySQL, scrubbed, each line exactly once.

pub mod record;
