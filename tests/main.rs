//! The agent from outside: its binary, real files, real servers.
#![allow(clippy::print_stderr, reason = "a test that is skipped, or that failed, says so where the runner shows it")]

/// Planted secrets, and every place they could come out at.
mod canary;
/// Command line: exit codes, wording, one-shot commands.
mod cli;
/// Exactly once into MariaDB: columns, quarantine, kills, lost commits, outages.
mod delivery;
/// Man pages, completions and the pages of `docs/`, held against the program.
mod documents;
/// What operators do beside the agent: check, prune, ask, mend.
mod operate;
/// Seeing: `/status.json`, `/healthz`, `status`, `top`, the page, and what systemd is told.
mod seeing;
/// What the tests need around the agent: spool, databases, proxy, comparison.
mod support;
/// Files: rotation, truncation, identity, checkpoints, framing, discovery.
mod tail;
/// Which module may use which.
mod tidy;
