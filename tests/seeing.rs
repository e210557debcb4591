//! Seeing what the agent does: in JSON, in words, live, on a page, and as systemd is told.

mod monitoring;
mod page;
mod report;
mod systemd;
mod terminal;
