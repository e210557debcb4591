//! `check --explain`: what the settings mean, in rows, seconds and bytes.
//!
//! Invariant: a figure says whether it was measured, given or assumed.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{agent, inquiry, say};
use crate::config::{Config, Url};
use crate::pipeline::Until;
use crate::sink::mysql::Address;
use crate::spool::files::{Disk, FileSystem};

/// What is not in the config.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Given {
    /// Lines a second; measured where it is not given.
    pub rate: Option<u32>,
    /// How many hosts run an agent.
    pub hosts: u32,
}

/// Where a figure comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Measured,
    Given,
    Assumed,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Source::Measured => "measured",
            Source::Given => "given",
            Source::Assumed => "assumed",
        })
    }
}

/// What is known of the load.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Load {
    /// Lines a second.
    rate: (f64, Source),
    /// Bytes of a line.
    line: (f64, Source),
    /// Seconds of a transaction.
    commit: (f64, Source),
}

/// A line where none was measured: what `docs` and benches reckon with.
const LINE: f64 = 480.0;

/// Lines a second where none were measured.
const RATE: f64 = 1_000.0;

/// Seconds of a full transaction where none were measured.
const COMMIT: f64 = 0.25;

/// How long the running agent is watched.
const WATCH: Duration = Duration::from_secs(3);

/// Says what the settings mean.
pub fn explain(config: &Config, given: Given) {
    let load = measure(config, given);
    for (about, words) in meaning(config, load, given.hosts) {
        say(format_args!("{about:<12} {words}"));
    }
}

fn meaning(config: &Config, load: Load, hosts: u32) -> Vec<(&'static str, String)> {
    let Load { rate, line, commit } = load;
    let mut said = vec![(
        "load",
        format!(
            "{:.0} lines/s ({}), {:.0} bytes a line ({}), {:.0} ms a transaction ({})",
            rate.0,
            rate.1,
            line.0,
            line.1,
            commit.0 * 1e3,
            commit.1
        ),
    )];
    let mut say = |about, words| said.push((about, words));
    let batch = &config.batch;
    let wait = batch.max_wait.as_secs_f64();
    let (limits, connections) = match agent::options(config, Until::Stopped) {
        Ok(options) => (options.reader.batch, options.connections),
        // What is wrong with the key of the hashes was told before.
        Err(_) => return said,
    };
    let by_bytes = limits.bytes_max as f64 / line.0;
    let rows = (limits.lines_max as f64).min(by_bytes).max(1.0);
    let why = if by_bytes < limits.lines_max as f64 { "by bytes" } else { "`batch.max_rows`" };
    say("batches", format!("at most {rows:.0} rows ({why}), at most one every {:.0} ms unless full", wait * 1e3));
    let ceiling = connections as f64 * rows / commit.0.max(1e-3);
    let spare = ceiling / rate.0.max(1e-9);
    let verdict = if spare >= 1.0 { format!("{spare:.1} times the load") } else { "LESS than the load".to_owned() };
    say(
        "ceiling",
        format!(
            "{ceiling:.0} rows/s: {connections} connections × {rows:.0} rows / {:.0} ms; {verdict}",
            commit.0 * 1e3
        ),
    );
    let steady = wait + commit.0;
    let database = &config.database;
    let tries = match &database.url {
        Url::MySql(dsn) => match &dsn.address {
            Address::Hosts(hosts) => hosts.len(),
            Address::Socket(_) => 1,
        },
        Url::Sqlite(_) => 1,
    };
    let hang = database.write_timeout + database.connect_timeout * tries as u32 + crate::sink::Backoff::MAX;
    say(
        "latency",
        format!(
            "a line is a row within {:.0} ms (`batch.max_wait` and a transaction); a server that hangs is given up after \
         {:.0} s, so after it came back within {:.0} s",
            steady * 1e3,
            database.write_timeout.as_secs_f64(),
            hang.as_secs_f64()
        ),
    );
    let mib = |bytes: f64| format!("{:.1} MiB", bytes / f64::from(1 << 20));
    say(
        "memory",
        format!(
            "{} at most (`agent.max_memory`): {} batches of up to {}, and the program",
            mib(config.agent.max_memory.bytes() as f64),
            connections + agent::BATCHES_BESIDE,
            mib(limits.memory_max as f64)
        ),
    );
    let bytes = rate.0 * line.0;
    let shed = &config.shed;
    let after = |limit: u64| Duration::from_secs_f64((limit as f64 / bytes.max(1e-9)).min(1e9));
    let first: Vec<&str> = shed.first.iter().map(|severity| severity.as_str()).collect();
    let (soft, hard) = (after(shed.soft_backlog_bytes.bytes()), after(shed.max_backlog_bytes.bytes()));
    let last = hard.min(shed.max_age);
    let soft_words = if first.is_empty() || soft >= last {
        String::new()
    } else {
        format!("{} go after {}, ", first.join(", "), span(soft))
    };
    let reason = if shed.max_age < hard { "`shed.max_age`" } else { "`shed.max_backlog_bytes`" };
    say(
        "outage",
        format!(
            "nothing is let go for {}; {soft_words}the oldest of all after {} ({reason})",
            span(soft.min(last)),
            span(last)
        ),
    );
    say(
        "disk",
        format!(
            "an outage fills the spool by {} an hour, up to {}",
            mib(bytes * 3600.0),
            mib(shed.max_backlog_bytes.bytes() as f64)
        ),
    );
    let total = connections * hosts as usize;
    say(
        "connections",
        format!("{connections} a host, {total} at {hosts} hosts; have `max_connections` well above that"),
    );
    let days = f64::from(config.retention.days);
    let kept = rate.0 * 86_400.0 * days * f64::from(hosts);
    say("table", format!("about {kept:.0} rows after {days:.0} days (`retention.days`) at {hosts} hosts"));
    said
}

fn span(span: Duration) -> String {
    match span.as_secs_f64() {
        seconds @ ..120.0 => format!("{seconds:.0} s"),
        seconds @ ..7_200.0 => format!("{:.0} min", seconds / 60.0),
        seconds @ ..172_800.0 => format!("{:.1} h", seconds / 3_600.0),
        seconds => format!("{:.1} d", seconds / 86_400.0),
    }
}

/// What the running agent tells, if it does.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sample {
    lines: u64,
    /// How long half of its last commits took at most.
    commit_seconds: Option<f64>,
    spool_bytes: u64,
}

fn measure(config: &Config, given: Given) -> Load {
    let sample = || {
        let report = inquiry::ask(inquiry::address(config).ok()?).ok()?;
        let paths = config.spool.globs.walk(&Disk).paths;
        Some(Sample {
            lines: report.lines.read,
            commit_seconds: report.commit.p50_seconds,
            spool_bytes: sizes(paths.into_iter().map(|(path, _)| path)),
        })
    };
    let start = Instant::now();
    let samples = sample().and_then(|first| {
        std::thread::park_timeout(WATCH);
        Some((first, sample()?))
    });
    reckon(samples, start.elapsed(), given.rate)
}

fn reckon(samples: Option<(Sample, Sample)>, took: Duration, rate: Option<u32>) -> Load {
    let mut load =
        Load { rate: (RATE, Source::Assumed), line: (LINE, Source::Assumed), commit: (COMMIT, Source::Assumed) };
    if let Some((first, last)) = samples {
        let lines = last.lines.saturating_sub(first.lines) as f64;
        // An agent that reads nothing just now tells nothing of the load.
        if lines > 0.0 {
            load.rate = (lines / took.as_secs_f64().max(1e-3), Source::Measured);
            let bytes = last.spool_bytes.saturating_sub(first.spool_bytes) as f64;
            if bytes / lines >= 16.0 {
                load.line = (bytes / lines, Source::Measured);
            }
        }
        if let Some(seconds) = last.commit_seconds {
            load.commit = (seconds, Source::Measured);
        }
    }
    if let Some(rate) = rate {
        load.rate = (f64::from(rate), Source::Given);
    }
    load
}

fn sizes(paths: impl Iterator<Item = PathBuf>) -> u64 {
    paths.filter_map(|path| Disk.stat(&path).ok()).map(|stat| stat.size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        let text = format!("agent.id = \"a\"\nspool.paths = [\"/s/*\"]\ndatabase.url = \"mysql://u@h,h2/app\"\n{text}");
        std::fs::write(&file, text).unwrap();
        Config::load(&file, std::iter::empty()).unwrap()
    }

    fn said(text: &str, load: Load, hosts: u32) -> String {
        let said = meaning(&config(text), load, hosts);
        said.into_iter().map(|(about, words)| format!("{about}: {words}\n")).collect()
    }

    #[test]
    fn settings_are_told_in_rows_seconds_and_bytes() {
        let load = reckon(None, Duration::ZERO, Some(2_000));
        let told = said("", load, 40);
        for words in [
            "load: 2000 lines/s (given), 480 bytes a line (assumed), 250 ms a transaction (assumed)",
            "batches: at most 5000 rows (`batch.max_rows`), at most one every 200 ms unless full",
            "ceiling: 40000 rows/s: 2 connections × 5000 rows / 250 ms; 20.0 times the load",
            "latency: a line is a row within 450 ms",
            "given up after 30 s, so after it came back within 70 s",
            "memory: 48.0 MiB at most",
            // 256 MiB and 1 GiB at 960,000 bytes a second.
            "outage: nothing is let go for 5 min; debug go after 5 min, the oldest of all after 19 min",
            "connections: 2 a host, 80 at 40 hosts",
            "table: about 207360000000 rows after 30 days",
        ] {
            assert!(told.contains(words), "no `{words}` in\n{told}");
        }
        let told = said("batch.max_rows = 10\nshed.max_age = \"5s\"\nshed.first = []", load, 1);
        assert!(told.contains("ceiling: 80 rows/s: 2 connections × 10 rows / 250 ms; LESS than the load"), "{told}");
        assert!(told.contains("nothing is let go for 5 s; the oldest of all after 5 s (`shed.max_age`)"), "{told}");
        let told = said("batch.max_bytes = \"64KiB\"", load, 1);
        assert!(told.contains("at most 137 rows (by bytes)"), "{told}");
    }

    #[test]
    fn what_the_agent_tells_wins_over_what_is_assumed() {
        let first = Sample { lines: 100, commit_seconds: None, spool_bytes: 1_000 };
        let last = Sample { lines: 400, commit_seconds: Some(0.05), spool_bytes: 61_000 };
        let load = reckon(Some((first, last)), Duration::from_secs(3), None);
        assert_eq!(load.rate, (100.0, Source::Measured));
        assert_eq!(load.line, (200.0, Source::Measured));
        assert_eq!(load.commit, (0.05, Source::Measured));
        let idle = reckon(Some((first, first)), Duration::from_secs(3), None);
        assert_eq!((idle.rate.1, idle.line.1, idle.commit.1), (Source::Assumed, Source::Assumed, Source::Assumed));
    }
}
