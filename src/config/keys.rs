//! The table of the keys: their names, what holds when nobody sets them, and the nearest name to a wrong one.
//!
//! Invariant: a key that is not in [`KEYS`] can be neither set nor read.
//! Invariant: `config.example.toml` shows every key of [`KEYS`], in this order, and no other.

/// A key of the config.
#[derive(Debug)]
pub(super) struct Key {
    /// Its name with the section: `batch.max_rows`.
    pub(super) name: &'static str,
    /// What holds when nobody sets it.
    pub(super) unset: Unset,
}

/// What holds when nobody sets a key.
#[derive(Debug)]
pub(super) enum Unset {
    /// Nothing: somebody has to.
    Required,
    /// A value, as TOML writes it.
    Default(&'static str),
    /// No value, or one made from something else.
    Absent,
}

/// Every key, in the order of the sections.
pub(super) const KEYS: &[Key] = &[
    Key { name: "agent.id", unset: Unset::Absent },
    Key { name: "agent.shutdown_grace", unset: Unset::Default("\"10s\"") },
    Key { name: "agent.max_memory", unset: Unset::Default("\"48MiB\"") },
    Key { name: "spool.paths", unset: Unset::Required },
    Key { name: "spool.exclude", unset: Unset::Default("[]") },
    Key { name: "spool.start_at", unset: Unset::Default("\"beginning\"") },
    Key { name: "spool.max_line_bytes", unset: Unset::Default("\"1MiB\"") },
    Key { name: "spool.rescan_interval", unset: Unset::Default("\"1s\"") },
    Key { name: "database.url", unset: Unset::Required },
    Key { name: "database.password_file", unset: Unset::Absent },
    Key { name: "database.table", unset: Unset::Default("\"telemetry_traces\"") },
    Key { name: "database.connections", unset: Unset::Default("2") },
    Key { name: "database.method", unset: Unset::Default("\"auto\"") },
    Key { name: "database.connect_timeout", unset: Unset::Default("\"5s\"") },
    Key { name: "database.write_timeout", unset: Unset::Default("\"30s\"") },
    Key { name: "database.tls", unset: Unset::Default("\"auto\"") },
    Key { name: "database.tls_ca", unset: Unset::Absent },
    Key { name: "database.tls_cert", unset: Unset::Absent },
    Key { name: "database.tls_key", unset: Unset::Absent },
    Key { name: "batch.max_rows", unset: Unset::Default("5000") },
    Key { name: "batch.max_bytes", unset: Unset::Default("\"4MiB\"") },
    Key { name: "batch.max_wait", unset: Unset::Default("\"200ms\"") },
    Key { name: "shed.first", unset: Unset::Default("[\"debug\"]") },
    Key { name: "shed.soft_backlog_bytes", unset: Unset::Default("\"256MiB\"") },
    Key { name: "shed.max_backlog_bytes", unset: Unset::Default("\"1GiB\"") },
    Key { name: "shed.max_age", unset: Unset::Default("\"24h\"") },
    Key { name: "scrub.action", unset: Unset::Default("\"redact\"") },
    Key { name: "scrub.pii_action", unset: Unset::Default("\"redact\"") },
    Key { name: "scrub.keys", unset: Unset::Default("[]") },
    Key { name: "scrub.allow_keys", unset: Unset::Default("[]") },
    Key { name: "scrub.ip", unset: Unset::Default("\"keep\"") },
    Key { name: "scrub.hash_key_file", unset: Unset::Absent },
    Key { name: "scrub.encrypt_recipient", unset: Unset::Absent },
    Key { name: "scrub.rules", unset: Unset::Default("[]") },
    Key { name: "quarantine.path", unset: Unset::Absent },
    Key { name: "quarantine.max_bytes", unset: Unset::Default("\"64MiB\"") },
    Key { name: "state.directory", unset: Unset::Default("\"/var/lib/tracespool\"") },
    Key { name: "metrics.listen", unset: Unset::Default("\"127.0.0.1:9187\"") },
    Key { name: "retention.days", unset: Unset::Default("30") },
    Key { name: "log.level", unset: Unset::Default("\"info\"") },
    Key { name: "log.format", unset: Unset::Default("\"text\"") },
];

/// How every variable that sets a key begins.
pub(super) const PREFIX: &str = "TRACESPOOL";

/// What stands between the parts of a variable's name.
pub(super) const SEPARATOR: &str = "__";

impl Key {
    /// The name without the section.
    pub(super) fn last(&self) -> &'static str {
        last(self.name)
    }

    /// The section.
    pub(super) fn section(&self) -> &'static str {
        self.name.split_once('.').map_or("", |(section, _)| section)
    }

    /// The environment variable that sets it.
    pub(super) fn variable(&self) -> String {
        let parts = self.name.to_ascii_uppercase().replace('.', SEPARATOR);
        format!("{PREFIX}{SEPARATOR}{parts}")
    }
}

/// The key of that name.
pub(super) fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The names of the sections, in order.
pub(super) fn sections() -> impl Iterator<Item = &'static str> {
    let mut previous = "";
    KEYS.iter().map(Key::section).filter(move |section| std::mem::replace(&mut previous, section) != *section)
}

/// The key whose name is nearest to a wrong one.
pub(super) fn nearest(wrong: &str) -> &'static Key {
    // The right word in the wrong section (`database.max_rows`) is nearer than another word in the same section.
    let score = |key: &Key| {
        let whole = similarity(wrong, key.name);
        let word = 0.9 * similarity(last(wrong), key.last());
        whole.max(word)
    };
    // Of equals the first, and `max_by` would take the last.
    KEYS.iter().rev().max_by(|a, b| score(a).total_cmp(&score(b))).expect("the table of keys is not empty")
}

/// The section whose name is nearest to a wrong one.
pub(super) fn nearest_section(wrong: &str) -> &'static str {
    let sections: Vec<_> = sections().collect();
    let score = |section: &str| similarity(wrong, section);
    sections.into_iter().rev().max_by(|a, b| score(a).total_cmp(&score(b))).expect("the table of keys is not empty")
}

/// 1 for the same name, near 0 for names that have nothing in common.
fn similarity(wrong: &str, name: &str) -> f64 {
    // The measure takes time in the product of the lengths, and nobody misspells a key at great length.
    let bounded: String = wrong.chars().take(100).collect();
    strsim::normalized_damerau_levenshtein(&bounded.to_lowercase(), name)
}

fn last(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, last)| last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_stands_once_and_with_its_section() {
        let mut seen = std::collections::BTreeSet::new();
        for key in KEYS {
            assert!(seen.insert(key.name), "`{}` twice", key.name);
            assert_eq!(key.name.matches('.').count(), 1, "`{}`", key.name);
        }
    }

    #[test]
    fn sections_come_in_order_and_once() {
        let want = [
            "agent",
            "spool",
            "database",
            "batch",
            "shed",
            "scrub",
            "quarantine",
            "state",
            "metrics",
            "retention",
            "log",
        ];
        assert_eq!(sections().collect::<Vec<_>>(), want);
    }

    #[test]
    fn a_variable_is_the_name_in_capitals() {
        assert_eq!(find("spool.max_line_bytes").unwrap().variable(), "TRACESPOOL__SPOOL__MAX_LINE_BYTES");
    }

    #[test]
    fn the_nearest_key_is_the_one_meant() {
        #[track_caller]
        fn check(wrong: &str, want: &str) {
            assert_eq!(nearest(wrong).name, want);
        }
        check("batch.max_row", "batch.max_rows");
        check("batch.rows", "batch.max_rows");
        check("spool.path", "spool.paths");
        check("Spool.Paths", "spool.paths");
        check("database.max_rows", "batch.max_rows");
        check("max_rows", "batch.max_rows");
        check("database.uri", "database.url");
        check("log.fromat", "log.format");
        check("agent.grace", "agent.shutdown_grace");
        for key in KEYS {
            check(key.name, key.name);
        }
        nearest(&"x".repeat(1 << 20));
    }

    #[test]
    fn the_nearest_section_is_the_one_meant() {
        #[track_caller]
        fn check(wrong: &str, want: &str) {
            assert_eq!(nearest_section(wrong), want);
        }
        check("batches", "batch");
        check("db", "database");
        check("Logs", "log");
        check("spol", "spool");
    }
}
