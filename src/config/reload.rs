//! What of a config can be taken up while the agent runs.
//!
//! Invariant: a config that was adopted differs from the one before only in what takes effect at once.

use super::{Config, Url};

impl Config {
    /// Takes up `new`, but for the keys that only a restart changes: those stay as they are, and their names are returned.
    pub fn adopt(&self, new: Config) -> (Config, Vec<&'static str>) {
        let mut adopted = new;
        let mut kept = Vec::new();
        if adopted.agent.id != self.agent.id {
            // Its frontiers are kept under this name.
            kept.push("agent.id");
            adopted.agent.id.clone_from(&self.agent.id);
        }
        match (&self.database.url, &adopted.database.url) {
            (Url::MySql(_), Url::MySql(_)) | (Url::Sqlite(_), Url::Sqlite(_)) => {}
            (Url::MySql(_), Url::Sqlite(_)) | (Url::Sqlite(_), Url::MySql(_)) => {
                kept.push("database.url");
                adopted.database.url.clone_from(&self.database.url);
                // A schema in the name means nothing to SQLite, and none may mean another one to the server.
                adopted.database.table.clone_from(&self.database.table);
            }
        }
        if adopted.database.connections != self.database.connections {
            kept.push("database.connections");
            adopted.database.connections = self.database.connections;
        }
        if adopted.quarantine.path != self.quarantine.path {
            kept.push("quarantine.path");
            adopted.quarantine.path.clone_from(&self.quarantine.path);
        }
        if adopted.state != self.state {
            kept.push("state.directory");
            adopted.state.clone_from(&self.state);
        }
        if adopted.metrics != self.metrics {
            kept.push("metrics.listen");
            adopted.metrics.clone_from(&self.metrics);
        }
        if adopted.log.format != self.log.format {
            kept.push("log.format");
            adopted.log.format = self.log.format;
        }
        (adopted, kept)
    }

    /// The names of the sections that `other` has other values in.
    pub fn sections_changed(&self, other: &Config) -> Vec<&'static str> {
        let Config { agent, spool, database, batch, shed, scrub, quarantine, state, metrics, retention, log } = self;
        let sections = [
            ("agent", *agent != other.agent),
            ("spool", *spool != other.spool),
            ("database", *database != other.database),
            ("batch", *batch != other.batch),
            ("shed", *shed != other.shed),
            ("scrub", *scrub != other.scrub),
            ("quarantine", *quarantine != other.quarantine),
            ("state", *state != other.state),
            ("metrics", *metrics != other.metrics),
            ("retention", *retention != other.retention),
            ("log", *log != other.log),
        ];
        sections.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::config::keys::KEYS;

    fn config(extra: &str) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        let text = format!("agent.id = \"a\"\nspool.paths = [\"/s/*\"]\ndatabase.url = \"mysql://u@h/app\"\n{extra}");
        // A later line wins over an earlier one.
        let mut lines: Vec<&str> = Vec::new();
        for line in text.lines() {
            let key = |line: &str| line.split(" = ").next().unwrap_or_default().to_owned();
            lines.retain(|other| key(other) != key(line));
            lines.push(line);
        }
        std::fs::write(&file, lines.join("\n")).unwrap();
        Config::load(&file, std::iter::empty()).unwrap_or_else(|problems| panic!("{problems}"))
    }

    #[track_caller]
    fn check(line: &str, want: &[&str]) {
        let old = config("");
        let new = config(line);
        assert_ne!(old, new, "{line} changes nothing");
        let (adopted, kept) = old.adopt(new.clone());
        assert_eq!(kept, want, "{line}");
        let section = line.trim_start_matches('[').split(['.', ']']).next().unwrap_or_default();
        let changed = if want.is_empty() { vec![section] } else { Vec::new() };
        assert_eq!(old.sections_changed(&adopted), changed, "{line}");
        if want.is_empty() {
            assert_eq!(adopted, new, "{line}");
        } else {
            assert_eq!(adopted, old, "{line}");
        }
    }

    #[test]
    fn every_key_takes_effect_at_once_or_is_named() {
        let at_once = [
            ("agent.shutdown_grace", "\"3s\""),
            ("agent.max_memory", "\"64MiB\""),
            ("spool.paths", "[\"/t/*\"]"),
            ("spool.exclude", "[\"/s/x\"]"),
            ("spool.start_at", "\"end\""),
            ("spool.max_line_bytes", "\"2MiB\""),
            ("spool.rescan_interval", "\"3s\""),
            ("database.password_file", "\"/p\""),
            ("database.table", "\"other\""),
            ("database.method", "\"insert\""),
            ("database.connect_timeout", "\"9s\""),
            ("database.write_timeout", "\"9s\""),
            ("database.tls", "\"required\""),
            ("database.tls_ca", "\"/ca\""),
            ("batch.max_rows", "7"),
            ("batch.max_bytes", "\"1MiB\""),
            ("batch.max_wait", "\"9s\""),
            ("shed.first", "[\"info\"]"),
            ("shed.soft_backlog_bytes", "\"17MiB\""),
            ("shed.max_backlog_bytes", "\"900MiB\""),
            ("shed.max_age", "\"5h\""),
            ("scrub.action", "\"mask\""),
            ("scrub.pii_action", "\"mask\""),
            ("scrub.keys", "[\"salary\"]"),
            ("scrub.allow_keys", "[\"pin\"]"),
            ("scrub.ip", "\"truncate\""),
            ("scrub.hash_key_file", "\"/k\""),
            ("scrub.encrypt_recipient", "\"tspub1ZXhhbXBsZS1yZWNpcGllbnQtbWFrZS15b3VyLW93biHrdxbF\""),
            (
                "scrub.rules",
                "[{ id = \"staff\", pattern = 'STAFF-(\\d{6})', keywords = [\"staff-\"], tests = { secret = [\"STAFF-123456\"] } }]",
            ),
            ("quarantine.max_bytes", "\"1MiB\""),
            ("retention.days", "7"),
            ("log.level", "\"debug\""),
        ];
        let restart = [
            ("agent.id", "\"b\""),
            ("database.connections", "3"),
            ("quarantine.path", "\"/q\""),
            ("metrics.listen", "\"\""),
            ("log.format", "\"json\""),
        ];
        for (key, value) in at_once {
            check(&format!("{key} = {value}"), &[]);
        }
        for (key, value) in restart {
            check(&format!("{key} = {value}"), &[key]);
        }
        check("database.url = \"mysql://u@other/app\"", &[]);
        check("database.url = \"sqlite:/x.db\"", &["database.url"]);
        check(
            "state.directory = \"/d\"\nquarantine.path = \"/var/lib/tracespool/quarantine.ndjson\"",
            &["state.directory"],
        );
        check("state.directory = \"/d\"", &["quarantine.path", "state.directory"]);
        // Only together valid.
        check("database.tls_cert = \"/c\"\ndatabase.tls_key = \"/k\"", &[]);
        let tested: BTreeSet<&str> = at_once.iter().chain(&restart).map(|(key, _)| *key).collect();
        let others = ["database.url", "state.directory", "database.tls_cert", "database.tls_key"];
        let missing: Vec<_> = KEYS.iter().map(|key| key.name).filter(|name| !tested.contains(name)).collect();
        let missing: Vec<_> = missing.into_iter().filter(|name| !others.contains(name)).collect();
        assert_eq!(missing, Vec::<&str>::new(), "what becomes of these keys at a reload?");
    }
}
