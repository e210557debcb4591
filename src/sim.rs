//! The simulation: the whole agent in one thread, on a seed, in a world that fails.
//!
//! A seed makes a world (a spool with writers and rotations, the agent's own files, a database server), faults in it, and
//! the order in which everything happens. The agent is the real one, both halves of it; only the world is a model. So a
//! seed that fails fails again, step by step.
//!
//! Oracles: every line has exactly one end, but those that were destroyed before anybody could read them, which have at
//! most one; no frontier goes back; what is read and not settled is bounded; when the faults stop, the backlog drains.
//!
//! Invariant: nothing here, and nothing of the agent here, asks the machine for time, chance or order.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what was played is shown by the test runner")]

mod agent;
mod database;
mod disk;
mod lines;
mod museum_tests;
mod own;
mod run;
mod script;
mod tests;
mod world;
