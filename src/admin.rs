//! What the commands do beside the agent: look at a host and a database, delete what is too old, answer questions.
//!
//! Invariant: nothing here runs in the agent, and nothing here writes to another table than the agent does.

pub mod frontiers;

pub mod host;

mod reader;

pub mod replay;

pub mod retention;

pub mod show;

pub mod trace;

pub mod why;

pub use reader::Reader;
