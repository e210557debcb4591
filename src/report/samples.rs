//! Agents as reports show them, for the tests of those who show reports.

use super::{
    Backlog, Batch, Database, FileBacklog, Files, Health, History, LastError, Latency, Lines, Rates, Report, Verdict,
};

fn file(path: &str, unread_bytes: u64) -> FileBacklog {
    FileBacklog { path: path.to_owned(), unread_bytes }
}

fn counts(list: &[(&str, u64)]) -> std::collections::BTreeMap<String, u64> {
    list.iter().map(|(kind, number)| ((*kind).to_owned(), *number)).collect()
}

/// An agent that has just started.
pub(crate) fn empty() -> Report {
    Report {
        version: "0.1.0".to_owned(),
        agent: "web-1".to_owned(),
        health: Health { verdict: Verdict::Degraded, reasons: vec!["database: not reached yet".to_owned()] },
        database: Database { circuit: "untried".to_owned(), ..Database::default() },
        batch: Batch { share: 0.125, at_once: 1, last_rows: 0 },
        ..Report::default()
    }
}

/// An agent with much to do.
pub(crate) fn busy() -> Report {
    let wave = |moment: usize| (moment as f64 / 9.0).sin();
    Report {
        version: "0.1.0".to_owned(),
        agent: "web-1".to_owned(),
        uptime_seconds: 268_000.0,
        health: Health::default(),
        database: Database {
            circuit: "closed".to_owned(),
            since_seconds: Some(267_990.0),
            reason: None,
            last_error: Some(LastError {
                class: "busy".to_owned(),
                words: "inserting 812 rows: the server is busy (error 1205)".to_owned(),
                seconds_ago: 7_400.0,
            }),
        },
        rates: Rates { lines: 12_410.0, rows: 12_304.0, shed: 0.0 },
        backlog: Backlog {
            bytes: 12_582_912 + (1 << 20),
            in_flight_bytes: 1 << 20,
            seconds: 3.4,
            files: vec![
                file("/var/spool/tracespool/shop.ndjson", 9 << 20),
                file("/var/spool/tracespool/api.ndjson", 5 << 19),
                file("/var/spool/tracespool/cron.ndjson", 512 << 10),
            ],
            more_files: 4,
        },
        files: Files { followed: 12, open: 12, unfinished: 0, not_read: 0 },
        batch: Batch { share: 1.0, at_once: 2, last_rows: 5_000 },
        commit: Latency { p50_seconds: Some(0.0123), p99_seconds: Some(0.0311) },
        delivery: Latency { p50_seconds: Some(0.12), p99_seconds: Some(0.34) },
        quarantine_file: "/var/lib/tracespool/quarantine.ndjson".to_owned(),
        lines: Lines {
            read: 1_234_567,
            committed: 1_234_000,
            quarantined: counts(&[("not_json", 450), ("too_long", 50), ("too_deep", 0)]),
            shed: [("max_age".to_owned(), counts(&[("debug", 60), ("info", 7)]))].into(),
        },
        secrets_scrubbed: counts(&[("password", 4_120), ("jwt", 702), ("card_number", 31), ("email", 9_001)]),
        bytes_vanished: 0,
        checkpoint_age_seconds: 0.31,
        memory_resident_bytes: Some(24 << 20),
        history: History {
            interval_seconds: 1.0,
            rows_per_second: (0..120).map(|moment| 9_000.0 + 4_000.0 * wave(moment)).collect(),
            backlog_bytes: (0..120).map(|moment| (8e6 + 5e6 * wave(moment + 30)) as u64).collect(),
            commit_seconds: (0..120).map(|moment| Some(0.015 + 0.01 * wave(moment * 3))).collect(),
        },
    }
}

/// An agent whose database has no room.
pub(crate) fn outage() -> Report {
    let busy = busy();
    let before = 120 - 61;
    Report {
        health: Health {
            verdict: Verdict::Degraded,
            reasons: [
                "database: away for 1 min 1 s (full); the lines wait in the spool",
                "spool: 2 paths are not read; the log says which and why",
                "shed: 1,200 lines were let go in the last 10 s",
            ]
            .map(str::to_owned)
            .into(),
        },
        database: Database {
            circuit: "half_open".to_owned(),
            since_seconds: Some(61.4),
            reason: Some("full".to_owned()),
            last_error: Some(LastError {
                class: "full".to_owned(),
                words: "inserting 5000 rows: the server has no room (error 1114)".to_owned(),
                seconds_ago: 3.2,
            }),
        },
        rates: Rates { lines: 120.0, rows: 0.0, shed: 120.0 },
        backlog: Backlog {
            bytes: 812 << 20,
            in_flight_bytes: 0,
            seconds: 61.0,
            files: vec![
                file("/srv/shop/current/storage/telemetry/spool/very-long-name-of-an-application.ndjson", 800 << 20),
                file("/var/spool/tracespool/api.ndjson", 12 << 20),
            ],
            more_files: 0,
        },
        files: Files { followed: 12, open: 12, unfinished: 0, not_read: 2 },
        batch: Batch { share: 0.125, at_once: 1, last_rows: 5_000 },
        quarantine_file: "/var/lib/tracespool/quarantine.ndjson".to_owned(),
        lines: Lines {
            shed: [("soft_backlog_bytes".to_owned(), counts(&[("debug", 81_200), ("info", 0)]))].into(),
            ..busy.lines
        },
        bytes_vanished: 4_096,
        history: History {
            rows_per_second: (0..120).map(|moment| if moment < before { 12_000.0 } else { 0.0 }).collect(),
            backlog_bytes: (0..120).map(|moment: u64| moment.saturating_sub(before) * (14 << 20)).collect(),
            commit_seconds: (0..120).map(|moment| (moment < before).then_some(0.02)).collect(),
            ..busy.history
        },
        ..busy
    }
}
