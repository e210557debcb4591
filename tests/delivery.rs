//! Into a real MariaDB: what the rows look like, what is refused, and that every line arrives once whatever breaks.
//!
//! Invariant: every test that relies on a fault asserts that the fault has happened.

mod columns;
mod crash;
mod faults;
mod memory;
mod outage;
mod quarantine;
mod shedding;
mod signals;
