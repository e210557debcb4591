//! What a check has found: how bad it is, where, what, and what to type.
//!
//! Invariant: no finding holds a password, a value of a row, or a text that a server made up.

use std::fmt;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// As it should be.
    Fine,
    /// The agent works; somebody should look at it all the same.
    Warning,
    /// The agent does not work so, or not as promised.
    Error,
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Weight::Fine => "ok",
            Weight::Warning => "warning",
            Weight::Error => "error",
        })
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub weight: Weight,
    /// What was looked at, in a word: `server`, `table`, `grants`, `spool`.
    pub place: &'static str,
    /// What is so.
    pub what: String,
    /// What to type or to do about it.
    pub advice: Option<String>,
}

impl Finding {
    /// Something that is as it should be.
    pub fn fine(place: &'static str, what: impl Into<String>) -> Self {
        Finding { weight: Weight::Fine, place, what: what.into(), advice: None }
    }

    /// Something that somebody should look at.
    pub fn warning(place: &'static str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Finding { weight: Weight::Warning, place, what: what.into(), advice: Some(advice.into()) }
    }

    /// Something that keeps the agent from its work.
    pub fn error(place: &'static str, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Finding { weight: Weight::Error, place, what: what.into(), advice: Some(advice.into()) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8} {:<9} {}", self.weight, self.place, self.what)?;
        match &self.advice {
            Some(advice) => advice.lines().try_for_each(|line| write!(f, "\n{:18} → {line}", "")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_says_how_bad_where_what_and_what_to_type() {
        let finding = Finding::warning("spool", "`/s` is on NFS", "move it\nor live with it");
        let want =
            "warning  spool     `/s` is on NFS\n                   → move it\n                   → or live with it";
        assert_eq!(finding.to_string(), want);
        assert_eq!(Finding::fine("server", "MariaDB 11").to_string(), "ok       server    MariaDB 11");
    }
}
