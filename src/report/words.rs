//! Numbers and states in words, the same wherever people read them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Report;

/// A count with its thousands apart: `12,304`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A rate: `12,304`, and below ten with one digit more: `0.4`.
pub fn rate(number: f64) -> String {
    if number > 0.0 && number < 9.95 { format!("{number:.1}") } else { count(number.round().max(0.0) as u64) }
}

/// A size: `0 B`, `812 B`, `3.4 MiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut amount = bytes as f64 / 1024.0;
    let mut unit = 0;
    // What would be rounded to 1024 of a unit is one of the next.
    while amount >= 1023.5 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    if amount < 9.95 { format!("{amount:.1} {}", UNITS[unit]) } else { format!("{amount:.0} {}", UNITS[unit]) }
}

/// A duration of which two parts matter: `0.4 ms`, `31 ms`, `3 s`, `2 min 5 s`, `3 h 12 min`, `12 d 3 h`.
pub fn duration(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1e3;
    if duration.is_zero() {
        return "0 s".to_owned();
    }
    if millis < 9.95 {
        return format!("{millis:.1} ms");
    }
    if millis < 999.5 {
        return format!("{millis:.0} ms");
    }
    let tenths = (millis / 100.0).round() as u64;
    if tenths < 100 {
        return if tenths.is_multiple_of(10) {
            format!("{} s", tenths / 10)
        } else {
            format!("{}.{} s", tenths / 10, tenths % 10)
        };
    }
    let seconds = duration.as_secs();
    let two = |large: u64, unit: &str, small: u64, lesser: &str| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {lesser}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// The same of a number of seconds; whole ones where parts of one do not matter.
pub fn whole_seconds(seconds: f64) -> String {
    duration(Duration::from_secs(seconds.max(0.0) as u64))
}

/// The same of a number of seconds.
pub fn seconds(seconds: f64) -> String {
    duration(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX))
}

/// `1 line`, `2 lines`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// A text that cannot speak to a terminal: paths may have any characters.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// What was counted by kind, the largest first, at most `most` of them: `not_json 450, too_long 50, 2 more`. `None` when
/// there is nothing.
pub fn tallies(counts: &BTreeMap<String, u64>, most: usize) -> Option<String> {
    let counts = sorted(counts);
    let named = counts.iter().take(most).map(|(kind, number)| format!("{kind} {}", count(*number)));
    let more = counts.len().saturating_sub(most);
    let more = (more > 0).then(|| format!("{more} more"));
    let text = named.chain(more).collect::<Vec<_>>().join(", ");
    (!text.is_empty()).then_some(text)
}

/// What was counted by kind and is not zero, the largest first.
pub fn sorted(counts: &BTreeMap<String, u64>) -> Vec<(&str, u64)> {
    let mut counts: Vec<(&str, u64)> = counts.iter().map(|(kind, number)| (kind.as_str(), *number)).collect();
    counts.retain(|(_, number)| *number > 0);
    // Stable, so kinds that are equal stay in the order of their names.
    counts.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
    counts
}

impl Report {
    /// What the agent is doing, in a few words: `12,304 rows/s, 3 s behind`.
    pub fn headline(&self) -> String {
        let rows = rate(self.rates.rows);
        if let Some((away, reason)) = self.database.away() {
            let (away, waits) = (duration(Duration::from_secs(away.as_secs())), size(self.backlog.bytes));
            return format!("database away for {away} ({reason}), {waits} in the spool");
        }
        if !self.database.is_up() {
            return format!("database not reached yet, {} in the spool", size(self.backlog.bytes));
        }
        if self.backlog.bytes == 0 {
            return if self.rates.rows == 0.0 {
                "idle, nothing waits".to_owned()
            } else {
                format!("{rows} rows/s, up to date")
            };
        }
        if self.backlog.seconds == 0.0 && self.rates.rows == 0.0 && self.files.unfinished > 0 {
            return "idle, nothing waits but for its newline".to_owned();
        }
        // Below a second a line only waits for its batch.
        if self.backlog.seconds < 1.0 {
            return format!("{rows} rows/s, up to date");
        }
        format!("{rows} rows/s, {} behind", whole_seconds(self.backlog.seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Database;

    #[test]
    fn counts_and_rates() {
        assert_eq!([0, 7, 999, 1_000, 12_304, 1_000_000].map(count), ["0", "7", "999", "1,000", "12,304", "1,000,000"]);
        assert_eq!([0.0, 0.04, 0.44, 9.94, 9.96, 12_303.7].map(rate), ["0", "0.0", "0.4", "9.9", "10", "12,304"]);
        assert_eq!([0, 1, 2].map(|lines| counted(lines, "line", "lines")), ["0 lines", "1 line", "2 lines"]);
    }

    #[test]
    fn tallies_name_the_largest_and_count_the_others() {
        let counts = |list: &[(&str, u64)]| list.iter().map(|(kind, number)| ((*kind).to_owned(), *number)).collect();
        assert_eq!(tallies(&counts(&[("a", 0)]), 2), None);
        assert_eq!(tallies(&counts(&[("a", 1), ("b", 1200), ("c", 0)]), 2).unwrap(), "b 1,200, a 1");
        assert_eq!(tallies(&counts(&[("a", 1), ("b", 3), ("c", 2), ("d", 1)]), 2).unwrap(), "b 3, c 2, 2 more");
    }

    #[test]
    fn sizes() {
        let sizes = [0, 1_023, 1_024, 10_240, 1_048_064, 1_048_576, 3_565_158, u64::MAX];
        let want = ["0 B", "1023 B", "1.0 KiB", "10 KiB", "1.0 MiB", "1.0 MiB", "3.4 MiB", "16384 PiB"];
        assert_eq!(sizes.map(size), want);
    }

    #[test]
    fn durations() {
        #[track_caller]
        fn check(millis: f64, want: &str) {
            assert_eq!(duration(Duration::from_secs_f64(millis / 1e3)), want);
        }
        check(0.0, "0 s");
        check(0.44, "0.4 ms");
        check(31.2, "31 ms");
        check(999.4, "999 ms");
        check(999.6, "1 s");
        check(1_000.0, "1 s");
        check(2_540.0, "2.5 s");
        check(61_000.0, "1 min 1 s");
        check(3_600_000.0, "1 h");
        check(11_520_000.0, "3 h 12 min");
        check(1_047_600_000.0, "12 d 3 h");
    }

    #[test]
    fn the_headline_says_what_matters() {
        let mut report = Report::default();
        report.database.circuit = "untried".to_owned();
        report.backlog.bytes = 2048;
        assert_eq!(report.headline(), "database not reached yet, 2.0 KiB in the spool");
        report.database = Database { circuit: "closed".to_owned(), since_seconds: Some(9.0), ..Database::default() };
        report.rates.rows = 12_304.0;
        report.backlog.seconds = 3.7;
        assert_eq!(report.headline(), "12,304 rows/s, 3 s behind");
        report.backlog.seconds = 0.2;
        assert_eq!(report.headline(), "12,304 rows/s, up to date");
        report.rates.rows = 0.0;
        report.backlog.seconds = 0.0;
        assert_eq!(report.headline(), "0 rows/s, up to date");
        report.files.unfinished = 1;
        assert_eq!(report.headline(), "idle, nothing waits but for its newline");
        report.rates.rows = 12_304.0;
        report.backlog.bytes = 0;
        assert_eq!(report.headline(), "12,304 rows/s, up to date");
        report.rates.rows = 0.0;
        assert_eq!(report.headline(), "idle, nothing waits");
        report.database.circuit = "open".to_owned();
        report.database.since_seconds = Some(61.9);
        report.database.reason = Some("full".to_owned());
        assert_eq!(report.headline(), "database away for 1 min 1 s (full), 0 B in the spool");
    }
}
