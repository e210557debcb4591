//! Lines into columns (CONTRACT §3), against an oracle that knows the line because it made it.

use std::fmt::Write;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::{MariaDb, Rows, Site, append};

const SELECT: &str = "SELECT event_key, severity, actor_admin_id, ip_address, user_agent, route_name, request_id, \
                      metadata, DATE_FORMAT(created_at, '%Y-%m-%d %H:%i:%s.%f') FROM telemetry_traces ORDER BY id";

/// A row as `SELECT` gives it.
type Columns = [Option<String>; 9];

/// JSON without the white space between its tokens, and each string written in one way. Everything else stays as it
/// is: digits, order, duplicates.
fn canonical(json: &str) -> String {
    let mut out = String::new();
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let mut end = 1;
            while rest.as_bytes()[end] != b'"' {
                end += if rest.as_bytes()[end] == b'\\' { 2 } else { 1 };
            }
            let text: String = serde_json::from_str(&rest[..=end]).expect("a JSON string");
            out.push_str(&serde_json::to_string(&text).expect("a text is JSON"));
            rest = &rest[end + 1..];
        } else {
            if !first.is_ascii_whitespace() {
                out.push(first);
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

#[track_caller]
fn assert_row(line: &str, found: &[Option<String>], want: &Columns) {
    let names =
        ["event_key", "severity", "actor", "ip_address", "user_agent", "route", "request", "metadata", "created"];
    for (column, name) in names.iter().enumerate() {
        let comparable = |value: &Option<String>| match (*name, value) {
            ("metadata", Some(json)) => Some(canonical(json)),
            _ => value.clone(),
        };
        let (found, want) = (comparable(&found[column]), comparable(&want[column]));
        assert_eq!(found, want, "column `{name}` of the line {line}");
    }
}

/// A JSON string, with some characters escaped that need not be.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '/' => out.push_str("\\/"),
            '\u{e9}' => out.push_str("\\u00e9"),
            '\u{1f680}' => out.push_str("\\ud83d\\ude80"),
            c if c < ' ' => write!(out, "\\u{:04x}", u32::from(c)).expect("a string takes text"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// `YYYY-MM-DD HH:MM:SS.ffffff` of microseconds since 1970.
fn utc(micros: i64) -> String {
    let moment = jiff::Timestamp::from_microsecond(micros).expect("a moment of this century");
    let at = moment.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        micros.rem_euclid(1_000_000)
    )
}

/// Makes lines, and the rows they have to become.
struct Generator(StdRng);

impl Generator {
    fn choose<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.0.random_range(0..from.len())]
    }

    fn created_at(&mut self, fields: &mut Vec<String>) -> String {
        let micros = self.0.random_range(1_500_000_000_000_000..1_900_000_000_000_000_i64);
        let text = utc(micros);
        let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
        let (value, kept) = match self.0.random_range(0..10) {
            0 => (format!("\"{}Z\"", text.replace(' ', "T")), micros),
            // More digits than the column has are cut off, not rounded.
            1 => (format!("\"{}999+00:00\"", text.replace(' ', "T")), micros),
            2 => (format!("\"{}+05:30\"", utc(micros + 19_800_000_000).replace(' ', "T")), micros),
            3 => (format!("\"{}-08:00\"", utc(micros - 28_800_000_000).replace(' ', "T")), micros),
            4 => (format!("\"{text}\""), micros),
            5 => (format!("\"{}\"", &text[..19]), seconds * 1_000_000),
            6 => (seconds.to_string(), seconds * 1_000_000),
            7 => ((micros / 1000).to_string(), micros / 1000 * 1000),
            8 => (micros.to_string(), micros),
            _ => (format!("{seconds}.{fraction:06}99"), micros),
        };
        fields.push(format!("\"created_at\":{value}"));
        utc(kept)
    }

    fn line(&mut self, n: usize) -> (String, Columns) {
        let mut fields = Vec::new();
        let mut notes = Vec::new();
        let key = self.choose(&["auth.login.attempt", "system_capability", "http.request", "caf\u{e9}.ouvert", "x"]);
        fields.push(format!("\"event_key\":{}", quoted(key)));

        let words = [
            ("debug", "debug"),
            ("info", "info"),
            ("warning", "warning"),
            ("error", "error"),
            ("ERROR", "error"),
            ("Info", "info"),
            ("warn", "warning"),
            ("notice", "info"),
            ("critical", "error"),
            ("trace", "debug"),
            ("loud", "info"),
        ];
        let mut severity = "info";
        if self.0.random_range(0..8) > 0 {
            let (word, mapped) = self.choose(&words);
            fields.push(format!("\"severity\":\"{word}\""));
            severity = mapped;
            if !["debug", "info", "warning", "error"].contains(&word.to_lowercase().as_str()) {
                notes.push(format!("\"severity\":\"{word}\""));
            }
        }
        let actor = match self.0.random_range(0..4) {
            0 => None,
            1 => {
                fields.push("\"actor_admin_id\":null".to_owned());
                None
            }
            form => {
                let id = self.0.random_range(0..=i64::from(i32::MAX));
                fields.push(if form == 2 {
                    format!("\"actor_admin_id\":{id}")
                } else {
                    format!("\"actor_admin_id\":\"{id}\"")
                });
                Some(id.to_string())
            }
        };
        let addresses = [
            ("192.0.2.7", "192.0.2.7"),
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
            ("::1", "::1"),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        ];
        let ip = (self.0.random_range(0..3) > 0).then(|| {
            let (written, canonical) = self.choose(&addresses);
            fields.push(format!("\"ip_address\":\"{written}\""));
            canonical.to_owned()
        });
        let user_agent = (self.0.random_range(0..3) > 0).then(|| {
            let length = self.choose(&[1, 80, 254, 255, 256, 300]);
            let text: String = "Agent/1.0 \u{e9}\u{1f680}\u{4e2d} (test) ".chars().cycle().take(length).collect();
            fields.push(format!("\"user_agent\":{}", quoted(&text)));
            text.chars().take(255).collect()
        });
        let route = (self.0.random_range(0..3) > 0).then(|| {
            let route = self.choose(&["admin.users.show", "home", "a/b"]);
            fields.push(format!("\"route_name\":{}", quoted(route)));
            route.to_owned()
        });
        let request = format!("req-{n:06}");
        fields.push(format!("\"request_id\":\"{request}\""));
        let created = self.created_at(&mut fields);

        let values = [
            "1",
            "-0",
            "1.000000000000000005",
            "1e-999",
            "1E+2",
            "0.1000000000000000055511151231257827",
            "18446744073709551616",
            "true",
            "null",
            "\"plain\"",
            "\"tab\\tquote\\\" \\u0000 \\u00e9 \\ud83d\\ude80\"",
            "[]",
            "{}",
            "[1,[2,[3]], {\"deep\" : {\"er\":\"x\"}}]",
        ];
        let members: Vec<_> = (0..self.0.random_range(0..5))
            .map(|_| format!("\"{}\":{}", self.choose(&["step", "count", "ratio", "note"]), self.choose(&values)))
            .collect();
        let mut extras = Vec::new();
        for extra in ["tenant", "build"] {
            if self.0.random_range(0..6) == 0 {
                extras.push(format!("\"{extra}\":{}", self.choose(&values)));
            }
        }
        fields.extend(extras.clone());
        let note = |notes: Vec<String>| (!notes.is_empty()).then(|| format!("\"_tracespool\":{{{}}}", notes.join(",")));
        let metadata = match self.0.random_range(0..6) {
            0 => {
                let members = [extras, note(notes).into_iter().collect()].concat();
                (!members.is_empty()).then(|| format!("{{{}}}", members.join(",")))
            }
            1 => {
                let value = self.choose(&["[1,2]", "\"text\"", "17", "false", "[ ]"]);
                fields.push(format!("\"metadata\":{value}"));
                if !extras.is_empty() {
                    notes.push(format!("\"extra\":{{{}}}", extras.join(",")));
                }
                Some(note(notes).map_or(value.to_owned(), |note| format!("{{\"value\":{value},{note}}}")))
            }
            _ => {
                fields.push(format!("\"metadata\": {{ {} }}", members.join(" , ")));
                let members = [members, extras, note(notes).into_iter().collect()].concat();
                Some(format!("{{{}}}", members.join(",")))
            }
        };
        // The order of the keys that are columns means nothing; that of the others was noted above, so it stays.
        let first = self.0.random_range(0..fields.len().min(4));
        fields.swap(0, first);
        let line = format!("{{{}}}\n", fields.join(self.choose(&[",", ", ", " ,\t"])));
        let text = |text: &str| Some(text.to_owned());
        (line, [text(key), text(severity), actor, ip, user_agent, route, Some(request), metadata, Some(created)])
    }
}

#[track_caller]
fn generated(server: &MariaDb, method: &str, count: usize) {
    let mut site = Site::mariadb(server);
    site.set_text("database.method", method);
    let mut generator = Generator(StdRng::seed_from_u64(count as u64));
    let (lines, want): (Vec<_>, Vec<_>) = (0..count).map(|n| generator.line(n)).unzip();
    for chunk in lines.chunks(1000) {
        append(&site.path("app.ndjson"), chunk.concat());
    }
    let agent = site.start();
    site.wait_rows(count);
    let metrics = agent.conserved();
    assert_eq!(metrics.sum("tracespool_lines_read_total"), count as f64);
    assert_eq!(metrics.sum("tracespool_rows_committed_total"), count as f64);
    assert_eq!(metrics.sum("tracespool_lines_quarantined_total"), 0.0);
    drop(agent);
    let mut found: Rows = site.query(SELECT);
    found.sort_by(|one, other| one[6].cmp(&other[6]));
    assert_eq!(found.len(), count);
    for ((line, found), want) in lines.iter().zip(&found).zip(&want) {
        assert_row(line, found, want);
    }
    assert_eq!(server.query("SELECT count(*) FROM app.audit_logs"), [[Some("0".to_owned())]]);
}

#[test]
fn lines_20000_become_20000_rows_with_every_column_as_the_contract_says() {
    generated(&MariaDb::start(), "auto", 20_000);
}

#[test]
fn lines_become_the_same_rows_by_the_method_insert() {
    generated(&MariaDb::start(), "insert", 2000);
}

#[test]
fn lines_become_the_same_rows_on_a_server_with_unhelpful_defaults() {
    let server = MariaDb::start_with(&[
        "--sql-mode=",
        "--character-set-server=latin1",
        "--init-connect=SET NAMES latin1",
        "--default-time-zone=+05:30",
        "--max-allowed-packet=1M",
        "--transaction-isolation=SERIALIZABLE",
    ]);
    generated(&server, "auto", 3000);
    assert_eq!(server.query("SELECT @@global.sql_mode, @@global.max_allowed_packet")[0][1].as_deref(), Some("1048576"));
}

/// What is expected of a line: the columns, where `created_at` may be the time at which it was read.
struct Odd(&'static str, [Option<&'static str>; 8], Created);

enum Created {
    At(&'static str),
    WhenRead,
}

#[test]
fn odd_values_become_what_the_contract_says() {
    use Created::{At, WhenRead};
    let wide: &str = Box::leak("\u{1f600}".repeat(70).into_boxed_str());
    let cut: &str = Box::leak("\u{1f600}".repeat(64).into_boxed_str());
    let long_request: &str = Box::leak(format!("{{\"event_key\":\"k\",\"request_id\":\"{wide}\"}}").into_boxed_str());
    let long_note: &str =
        Box::leak(format!("{{\"_tracespool\":{{\"truncated\":{{\"request_id\":\"{wide}\"}}}}}}").into_boxed_str());
    let long_both: &str = Box::leak(
        format!("{{\"event_key\":\"k\",\"request_id\":\"{wide}\",\"severity\":\"notice\",\"metadata\":[7]}}")
            .into_boxed_str(),
    );
    let wrapped: &str = Box::leak(
        format!(
            "{{\"value\":[7],\"_tracespool\":{{\"severity\":\"notice\",\"truncated\":{{\"request_id\":\"{wide}\"}}}}}}"
        )
        .into_boxed_str(),
    );
    let plain = |metadata: Option<&'static str>| [Some("k"), Some("info"), None, None, None, None, None, metadata];
    let with = |column: usize, value: &'static str| {
        let mut columns = plain(None);
        columns[column] = Some(value);
        columns
    };
    let severity = |mapped: &'static str, metadata: Option<&'static str>| {
        let mut columns = plain(metadata);
        columns[1] = Some(mapped);
        columns
    };
    let table = [
        Odd(r#"{"event_key":"k"}"#, plain(None), WhenRead),
        Odd(r#"{"event\u005fkey":"k"}"#, plain(None), WhenRead),
        Odd(
            r#"{"event_key":"k","severity":"WARN"}"#,
            severity("warning", Some(r#"{"_tracespool":{"severity":"WARN"}}"#)),
            WhenRead,
        ),
        Odd(
            r#"{"event_key":"k","severity":"err"}"#,
            severity("error", Some(r#"{"_tracespool":{"severity":"err"}}"#)),
            WhenRead,
        ),
        Odd(
            r#"{"event_key":"k","severity":"fatal"}"#,
            severity("error", Some(r#"{"_tracespool":{"severity":"fatal"}}"#)),
            WhenRead,
        ),
        Odd(
            r#"{"event_key":"k","severity":"alert"}"#,
            severity("error", Some(r#"{"_tracespool":{"severity":"alert"}}"#)),
            WhenRead,
        ),
        Odd(
            r#"{"event_key":"k","severity":"emergency"}"#,
            severity("error", Some(r#"{"_tracespool":{"severity":"emergency"}}"#)),
            WhenRead,
        ),
        Odd(
            r#"{"event_key":"k","severity":"notice"}"#,
            severity("info", Some(r#"{"_tracespool":{"severity":"notice"}}"#)),
            WhenRead,
        ),
        Odd(
            r#"{"event_key":"k","severity":3}"#,
            severity("info", Some(r#"{"_tracespool":{"invalid":{"severity":3}}}"#)),
            WhenRead,
        ),
        Odd(r#"{"event_key":"k","severity":null}"#, plain(None), WhenRead),
        Odd(r#"{"event_key":"k","actor_admin_id":-2147483648}"#, with(2, "-2147483648"), WhenRead),
        Odd(r#"{"event_key":"k","actor_admin_id":"0042"}"#, with(2, "42"), WhenRead),
        Odd(
            r#"{"event_key":"k","actor_admin_id":2147483648}"#,
            plain(Some(r#"{"_tracespool":{"invalid":{"actor_admin_id":2147483648}}}"#)),
            WhenRead,
        ),
        Odd(
            r#"{"event_key":"k","actor_admin_id":5.0}"#,
            plain(Some(r#"{"_tracespool":{"invalid":{"actor_admin_id":5.0}}}"#)),
            WhenRead,
        ),
        Odd(
            r#"{"event_key":"k","actor_admin_id":"five"}"#,
            plain(Some(r#"{"_tracespool":{"invalid":{"actor_admin_id":"five"}}}"#)),
            WhenRead,
        ),
        Odd(
            r#"{"event_key":"k","ip_address":"999.1.1.1"}"#,
            plain(Some(r#"{"_tracespool":{"invalid":{"ip_address":"999.1.1.1"}}}"#)),
            WhenRead,
        ),
        Odd(r#"{"event_key":"k","ip_address":"2001:0db8:0000::1"}"#, with(3, "2001:db8::1"), WhenRead),
        Odd(r#"{"event_key":"k","user_agent":""}"#, with(4, ""), WhenRead),
        Odd(
            r#"{"event_key":"k","route_name":["x"]}"#,
            plain(Some(r#"{"_tracespool":{"invalid":{"route_name":["x"]}}}"#)),
            WhenRead,
        ),
        Odd(long_request, [Some("k"), Some("info"), None, None, None, None, Some(cut), Some(long_note)], WhenRead),
        Odd(long_both, [Some("k"), Some("info"), None, None, None, None, Some(cut), Some(wrapped)], WhenRead),
        Odd(
            r#"{"event_key":"k","created_at":"2026-03-01T00:30:00.1234567+01:00"}"#,
            plain(None),
            At("2026-02-28 23:30:00.123456"),
        ),
        Odd(r#"{"event_key":"k","created_at":"2024-02-29 12:00:00"}"#, plain(None), At("2024-02-29 12:00:00.000000")),
        Odd(r#"{"event_key":"k","created_at":1700000000}"#, plain(None), At("2023-11-14 22:13:20.000000")),
        Odd(r#"{"event_key":"k","created_at":1700000000123}"#, plain(None), At("2023-11-14 22:13:20.123000")),
        Odd(r#"{"event_key":"k","created_at":1700000000123456}"#, plain(None), At("2023-11-14 22:13:20.123456")),
        Odd(r#"{"event_key":"k","created_at":1700000000123456789}"#, plain(None), At("2023-11-14 22:13:20.123456")),
        Odd(r#"{"event_key":"k","created_at":1700000000.9999999}"#, plain(None), At("2023-11-14 22:13:20.999999")),
        Odd(r#"{"event_key":"k","created_at":-1.5}"#, plain(None), At("1969-12-31 23:59:58.500000")),
        Odd(
            r#"{"event_key":"k","created_at":"yesterday"}"#,
            plain(Some(r#"{"_tracespool":{"invalid":{"created_at":"yesterday"}}}"#)),
            WhenRead,
        ),
        Odd(
            r#"{"event_key":"k","created_at":"2023-02-29T00:00:00Z"}"#,
            plain(Some(r#"{"_tracespool":{"invalid":{"created_at":"2023-02-29T00:00:00Z"}}}"#)),
            WhenRead,
        ),
        Odd(r#"{"event_key":"k","metadata":null}"#, plain(None), WhenRead),
        Odd(r#"{"event_key":"k","metadata":{"a":1,"a":1.0,"A":2}}"#, plain(Some(r#"{"a":1,"a":1.0,"A":2}"#)), WhenRead),
        Odd(r#"{"event_key":"k","metadata":{},"tenant":"blue"}"#, plain(Some(r#"{"tenant":"blue"}"#)), WhenRead),
        Odd(
            r#"{"event_key":"k","metadata":{"tenant":1},"tenant":2}"#,
            plain(Some(r#"{"tenant":1,"_tracespool":{"extra":{"tenant":2}}}"#)),
            WhenRead,
        ),
        Odd(
            r#"{"event_key":"k","metadata":3,"tenant":2}"#,
            plain(Some(r#"{"value":3,"_tracespool":{"extra":{"tenant":2}}}"#)),
            WhenRead,
        ),
        Odd(r#"{"event_key":"k","tenant":1,"tenant":2}"#, plain(Some(r#"{"tenant":1,"tenant":2}"#)), WhenRead),
        Odd(r#"{"event_key":"k","metadata":"𝄞 \ud834\udd1e"}"#, plain(Some(r#""𝄞 𝄞""#)), WhenRead),
    ];
    let server = MariaDb::start();
    let site = Site::mariadb(&server);
    let lines: String = table.iter().map(|odd| format!("{}\n", odd.0)).collect();
    let now = || jiff::Timestamp::now().as_microsecond();
    let before = now();
    append(&site.path("app.ndjson"), lines);
    site.drain();
    let read = utc(before)..=utc(now());
    let found = site.query(SELECT);
    assert_eq!(found.len(), table.len());
    for (Odd(line, want, created), found) in table.iter().zip(found) {
        let at = found[8].clone().expect("`created_at` is never NULL");
        let created = match created {
            At(moment) => (*moment).to_owned(),
            WhenRead => {
                assert!(read.contains(&at), "{at} is not when the line was read: {line}");
                at
            }
        };
        let mut columns: Vec<_> = want.iter().map(|value| value.map(str::to_owned)).collect();
        columns.push(Some(created));
        assert_row(line, &found, &columns.try_into().expect("nine columns"));
    }
    assert_eq!(site.quarantined(), Vec::<serde_json::Value>::new());
}

#[test]
fn widths_and_types_are_those_of_the_table_that_is_there() {
    let server = MariaDb::start();
    server.query(
        "ALTER TABLE app.telemetry_traces MODIFY route_name VARCHAR(5) NULL, MODIFY user_agent VARCHAR(3) NULL, \
         MODIFY actor_admin_id BIGINT NULL, MODIFY id BIGINT NOT NULL AUTO_INCREMENT",
    );
    let site = Site::mariadb(&server);
    let line = r#"{"event_key":"k","actor_admin_id":9000000000,"user_agent":"abcdef","route_name":"abcdef"}"#;
    append(&site.path("app.ndjson"), format!("{line}\n"));
    site.drain();
    let found = site.query(SELECT);
    let text = |text: &str| Some(text.to_owned());
    let note = text(r#"{"_tracespool":{"truncated":{"route_name":"abcdef"}}}"#);
    let created = found[0][8].clone();
    let want = [text("k"), text("info"), text("9000000000"), None, text("abc"), text("abcde"), None, note, created];
    assert_row(line, &found[0], &want);
}

#[test]
fn migrate_makes_the_table_of_the_contract_and_alters_none() {
    let server = MariaDb::start();
    let site = Site::mariadb(&server);
    let create = || server.query("SHOW CREATE TABLE app.telemetry_traces")[0][1].clone().expect("a statement");
    let by_hand = create();
    assert_eq!(site.run(&["migrate"]).code, Some(0));
    assert_eq!(create(), by_hand, "a table that is there is not altered");
    server.query("DROP TABLE app.telemetry_traces");
    let finished = site.run(&["migrate"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let columns = "SELECT column_name, column_type, is_nullable, column_default, extra FROM information_schema.columns \
                   WHERE table_schema = 'app' AND table_name = 'telemetry_traces' ORDER BY ordinal_position";
    let found: Vec<String> = server
        .query(columns)
        .into_iter()
        .map(|row| {
            row.into_iter().map(|value| value.unwrap_or_else(|| "NULL".to_owned())).collect::<Vec<_>>().join(" ")
        })
        .collect();
    let want = [
        "id bigint(20) unsigned NO NULL auto_increment",
        "event_key varchar(255) NO NULL ",
        "severity varchar(20) NO 'info' ",
        "actor_admin_id int(11) YES NULL ",
        "ip_address varchar(45) YES NULL ",
        "user_agent varchar(255) YES NULL ",
        "route_name varchar(255) YES NULL ",
        "request_id varchar(64) YES NULL ",
        "metadata longtext YES NULL ",
        "created_at datetime(6) NO NULL ",
    ];
    assert_eq!(found, want);
    let indexes = "SELECT DISTINCT index_name FROM information_schema.statistics WHERE table_schema = 'app' \
                   AND table_name = 'telemetry_traces'";
    let mut indexes: Vec<_> = server.query(indexes).into_iter().map(|row| row[0].clone().expect("a name")).collect();
    indexes.sort();
    assert_eq!(indexes, ["PRIMARY", "idx_actor", "idx_created_at", "idx_event_key", "idx_request"]);
    append(&site.path("app.ndjson"), crate::support::line("one"));
    site.drain();
    site.assert_exactly(&["one".to_owned()]);
}

#[test]
fn a_canonical_form_keeps_digits_order_and_duplicates() {
    assert_eq!(canonical(" { \"b\" : 1.0 , \"a\\u0062\":\"\\/ x\", \"b\":[ ] } "), r#"{"b":1.0,"ab":"/ x","b":[]}"#);
    assert_ne!(canonical("1.0"), canonical("1.00"));
}
