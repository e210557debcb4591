//! `trace`: the rows of one request as a time line.

use std::io::{self, IsTerminal};
use std::time::Duration;

use super::agent::{self, Database};
use super::{Exit, complain, say};
use crate::admin::Reader;
use crate::admin::show::harmless;
use crate::admin::trace::{Found, Query};
use crate::config::Config;
use crate::record::Timestamp;
use crate::sink::Error;
use crate::sink::class::is_denied;

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a row.
    Json,
}

/// Prints the rows that a query finds.
pub fn trace(config: &Config, query: &Query, format: Format) -> Exit {
    if query.is_empty() {
        complain("say which rows: a request id, `--event-key`, `--actor` or `--since`");
        return Exit::Usage;
    }
    let found = match with_reader(config, async |reader| query.run(reader).await) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    match format {
        Format::Json => found.iter().for_each(|row| say(json(row))),
        Format::Text => print(query, &found),
    }
    if found.len() == query.limit {
        complain(format_args!("these are the newest {} rows; `--limit` shows more", query.limit));
    }
    Exit::Done
}

/// Opens the database of the config to ask it something.
pub fn with_reader<T>(config: &Config, ask: impl AsyncFnOnce(&mut Reader) -> Result<T, Error>) -> Result<T, Exit> {
    let database = agent::database(config).map_err(|problem| {
        complain(problem);
        Exit::Usage
    })?;
    let table = &config.database.table;
    let asked = agent::block_on(async {
        let mut reader = match &database {
            Database::MySql(database) => Reader::mysql(database, table).await?,
            Database::SqLite(database) => Reader::sqlite(database, table)?,
        };
        let answer = ask(&mut reader).await;
        reader.close().await;
        answer
    })?;
    asked.map_err(|error| {
        complain_of_reading(&error);
        Exit::Unavailable
    })
}

/// Says why rows could not be read; the agent's own account need not be able to.
pub fn complain_of_reading(error: &Error) {
    complain(error);
    if error.code.is_some_and(is_denied) {
        complain(
            "shipping needs no right to read; `tracespool migrate --grants` prints what an account that reads needs, and \
             TRACESPOOL__DATABASE__URL names it",
        );
    }
}

fn print(query: &Query, found: &[Found]) {
    let Some(first) = found.first() else {
        say("no row is there; `tracespool why` tells what became of a line");
        return;
    };
    let colours = Colours::of_stdout();
    let span = span(&first.created_at, &found[found.len() - 1].created_at);
    let rows = if found.len() == 1 { "row" } else { "rows" };
    say(format_args!("{} {rows} from {} UTC on, within {}", found.len(), harmless(&first.created_at), words(span)));
    let mut before: Option<&Found> = None;
    for row in found {
        let gap = before.map(|before| self::span(&before.created_at, &row.created_at));
        // The day again only where it changes.
        let day = row.created_at.get(..11).filter(|day| before.is_none_or(|row| row.created_at.get(..11) != Some(day)));
        if let (Some(day), Some(_)) = (day, before) {
            say(format_args!("-- {}", harmless(day.trim())));
        }
        let time = harmless(row.created_at.get(11..).unwrap_or(&row.created_at));
        let gap = gap.map_or(String::new(), |gap| format!("+{}", words(gap)));
        let severity = colours.paint(&row.severity, &format!("{:<7}", harmless(&row.severity)));
        let mut line = format!("{time} {gap:>10}  {severity}  {}", harmless(&row.event_key));
        let named = [("actor", &row.actor_admin_id), ("ip", &row.ip_address), ("route", &row.route_name)];
        for (name, value) in named {
            if let Some(value) = value {
                line.push_str(&format!("  {name}={}", harmless(value)));
            }
        }
        if let (None, Some(request)) = (&query.request_id, &row.request_id) {
            line.push_str(&format!("  request={}", harmless(request)));
        }
        if let Some(metadata) = &row.metadata {
            line.push_str(&format!("  {}", harmless(metadata)));
        }
        say(line);
        before = Some(row);
    }
}

/// A row as a JSON object with the names of the columns.
fn json(row: &Found) -> String {
    let text = |value: &Option<String>| value.clone().map_or(serde_json::Value::Null, serde_json::Value::String);
    let number = |value: &str| value.parse::<i64>().map_or_else(|_| value.into(), serde_json::Value::from);
    let mut object = serde_json::Map::new();
    object.insert("id".to_owned(), row.id.parse::<u64>().map_or_else(|_| number(&row.id), serde_json::Value::from));
    object.insert("created_at".to_owned(), format!("{}Z", row.created_at.replacen(' ', "T", 1)).into());
    object.insert("event_key".to_owned(), row.event_key.clone().into());
    object.insert("severity".to_owned(), row.severity.clone().into());
    let actor = row.actor_admin_id.as_deref().map_or(serde_json::Value::Null, number);
    object.insert("actor_admin_id".to_owned(), actor);
    let texts = [
        ("ip_address", &row.ip_address),
        ("user_agent", &row.user_agent),
        ("route_name", &row.route_name),
        ("request_id", &row.request_id),
    ];
    object.extend(texts.map(|(name, value)| (name.to_owned(), text(value))));
    let mut line = serde_json::to_string(&object).expect("writing to memory cannot fail");
    // As it is stored, digit for digit.
    let is_json = |text: &&str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let metadata = row.metadata.as_deref().filter(is_json).unwrap_or("null");
    line.truncate(line.len() - 1);
    harmless(&format!("{line},\"metadata\":{metadata}}}")).into_owned()
}

fn span(from: &str, to: &str) -> Duration {
    let micros = |text: &str| Timestamp::parse(text).map_or(0, |Timestamp(micros)| micros);
    Duration::from_micros((micros(to) - micros(from)).max(0).unsigned_abs())
}

/// A span of time, short.
fn words(span: Duration) -> String {
    let seconds = span.as_secs_f64();
    match seconds {
        _ if span.is_zero() => "0 ms".to_owned(),
        ..1e-3 => format!("{:.0} µs", seconds * 1e6),
        ..1.0 => format!("{:.1} ms", seconds * 1e3),
        ..60.0 => format!("{seconds:.2} s"),
        ..3600.0 => format!("{:.1} min", seconds / 60.0),
        ..86_400.0 => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.1} d", seconds / 86_400.0),
    }
}

/// Whether severities are in colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Colours {
    On,
    Off,
}

impl Colours {
    /// On a terminal, unless `NO_COLOR` says that somebody does not want them.
    fn of_stdout() -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if io::stdout().is_terminal() && !unwanted { Colours::On } else { Colours::Off }
    }

    fn paint(self, severity: &str, text: &str) -> String {
        let code = match (self, severity) {
            (Colours::Off, _) => return text.to_owned(),
            (Colours::On, "error") => "31",
            (Colours::On, "warning") => "33",
            (Colours::On, "debug") => "2",
            (Colours::On, _) => return text.to_owned(),
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}

/// Reads how long ago something was (`90s`, `30m`, `1h`, `7d`), or when.
///
/// # Errors
/// It is neither.
pub fn since(text: &str) -> Result<Timestamp, String> {
    let now = jiff::Timestamp::now().as_microsecond();
    let ago = |unit: i64| {
        let number: i64 = text[..text.len() - 1].parse().ok()?;
        now.checked_sub(number.checked_mul(unit)?.checked_mul(1_000_000)?).map(Timestamp)
    };
    let ago = match text.as_bytes().last() {
        Some(b's') => ago(1),
        Some(b'm') => ago(60),
        Some(b'h') => ago(3600),
        Some(b'd') => ago(86_400),
        _ => None,
    };
    ago.or_else(|| Timestamp::parse(text))
        .ok_or_else(|| "write how long ago (`90s`, `30m`, `1h`, `7d`) or when (`2026-11-22T10:00:00Z`)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_span_or_a_moment() {
        let Timestamp(hour) = since("1h").unwrap();
        let now = jiff::Timestamp::now().as_microsecond();
        assert!((now - 3_610_000_000..=now - 3_590_000_000).contains(&hour));
        assert_eq!(since("2026-11-22T10:00:00Z"), Ok(Timestamp::parse("2026-11-22 10:00:00").unwrap()));
        for text in ["", "h", "1w", "yesterday", "9999999999999999d", "é"] {
            assert!(since(text).is_err(), "{text}");
        }
    }

    #[test]
    fn colours_are_for_terminals() {
        assert_eq!(Colours::Off.paint("error", "x"), "x");
        assert_eq!(Colours::On.paint("error", "x"), "\x1b[31mx\x1b[0m");
        assert_eq!(Colours::On.paint("\x1b", "x"), "x");
    }
}
