//! How fast the scrubber is, and that hostile lines cannot slow it down.
//!
//! `cargo bench --bench scrub` measures; it also fails when a hostile line of 1 MiB takes 50 ms or more. Of the texts in the
//! scrubber's sources, which are all that its rules look for, it tries every fiftieth as such a line, and says which take
//! too long; with `HOSTILE=all` it tries all of them.
#![allow(clippy::print_stdout, reason = "a benchmark says what it measured")]

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use rustix::time::{ClockId, clock_gettime};
use tracespool::record::{self, Columns, Timestamp};
use tracespool::scrub::{Action, Extent, HashKey, Options, PrivateKey, Scrubber};

/// A line as telemetry mostly is.
const CLEAN: &str = r#"{"event_key":"orders.refund.issued","severity":"info","occurred_at":"2026-09-11T17:28:08.245Z","request_id":"b92ce74f-8815-4f3a-a4c2-6df9687315f5","route_name":"orders.refund","status_code":200,"duration_ms":806,"user_agent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Gecko/20100101 Firefox/128.0","metadata":{"order":{"number":"A-20931","lines":3,"total":"129.95","currency":"EUR"},"queue":"default","attempt":1,"host":"web-3.internal","message":"refund issued after 2 retries","labels":["retry","slow"]}}"#;

/// The same with a secret in a text.
const DIRTY: &str = r#"{"event_key":"orders.refund.issued","severity":"info","occurred_at":"2026-09-11T17:28:08.245Z","request_id":"b92ce74f-8815-4f3a-a4c2-6df9687315f5","route_name":"orders.refund","status_code":200,"duration_ms":806,"user_agent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Gecko/20100101 Firefox/128.0","metadata":{"order":{"number":"A-20931","lines":3,"total":"129.95","currency":"EUR"},"queue":"default","attempt":1,"host":"web-3.internal","message":"refund refused, Authorization: Bearer 9f86d081884c7d65 is expired","labels":["retry","slow"]}}"#;

/// What a hostile line repeats.
const HOSTILE: &[&str] = &[
    "a",
    "eyJ",
    "eyJhbGci.",
    "password",
    "password=",
    "password: \"",
    "\"password\",",
    "pwd={!",
    "a://b:1@",
    "://a:",
    "-----BEGIN PRIVATE KEY----",
    "\\",
    "\\u0070",
    "[REDACTED:",
    "[ENC:token:00000000:",
    "--token x ",
    "%3D",
    "bearer ",
    "Cookie: ",
    "4539 8745 ",
    "1234567890123456",
    "+49 30 1234567 ",
    "kim@example.",
    "a@",
    "{\"pin\":",
    "[[\"token\"",
    "mysql x ",
    "echo a | ",
    "password for ",
    "x=$1 $1 = '",
    "&quot;pin&quot;:",
    "Ваш код ",
];

/// How long a hostile line of 1 MiB may take.
const HOSTILE_MAX: Duration = Duration::from_millis(50);

fn main() -> ExitCode {
    divan::main();
    let verdict = hostile();
    sources(if std::env::var_os("HOSTILE").is_some_and(|which| which == "all") { 1 } else { 50 });
    verdict
}

/// Scrubs hostile lines, whole and as texts, and says which take too long.
fn hostile() -> ExitCode {
    let mut scrubber = Scrubber::new(Options::default());
    let mut slow = false;
    for part in HOSTILE {
        let text = part.repeat((1 << 20) / part.len());
        let line = format!("{{\"a\":{}}}", serde_json::to_string(&text).expect("a text is JSON"));
        let whole = best(|| drop(black_box(scrubber.scrub_line(&line))));
        let text = best(|| drop(black_box(scrubber.scrub_text(&text, Extent::Whole))));
        let verdict = if whole.max(text) < HOSTILE_MAX { "" } else { "  TOO SLOW" };
        slow |= !verdict.is_empty();
        println!("1 MiB of {part:?}: as a line {whole:.1?}, as a text {text:.1?}{verdict}");
    }
    if slow { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Scrubs every `step`th text of the scrubber's sources, over and over, and says which take too long.
fn sources(step: usize) {
    let mut texts = Vec::new();
    add_texts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/scrub"), &mut texts);
    texts.sort_unstable();
    texts.dedup();
    let mut scrubber = Scrubber::new(Options::default());
    for part in texts.iter().step_by(step) {
        for part in [part.clone(), format!("{part} "), format!("{part}=\"")] {
            let long = part.repeat((1 << 20) / part.len());
            let line = format!("{{\"a\":{}}}", serde_json::to_string(&long).expect("a text is JSON"));
            let begun = on_a_core();
            drop(black_box(scrubber.scrub_line(&line)));
            let whole = on_a_core();
            drop(black_box(scrubber.scrub_text(&long, Extent::Whole)));
            let time = (whole - begun).max(on_a_core() - whole);
            if time >= HOSTILE_MAX {
                println!("1 MiB of {part:?}: {time:.1?}  SLOW");
            }
        }
    }
}

/// Appends the texts between quotes in the sources of a folder.
fn add_texts(folder: &Path, texts: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("the sources") {
        let path = entry.expect("the sources").path();
        if path.is_dir() {
            add_texts(&path, texts);
            continue;
        }
        let source = std::fs::read_to_string(&path).expect("a source");
        let mut rest = source.as_str();
        while let Some((_, behind)) = rest.split_once('"') {
            let Some((text, behind)) = behind.split_once('"') else { break };
            if (1..=TEXT_MAX).contains(&text.len()) && !text.contains('\n') {
                texts.push(text.replace("\\n", "\n"));
            }
            rest = behind;
        }
    }
}

/// Longer texts repeat themselves too seldom to be worse than short ones, in bytes.
const TEXT_MAX: usize = 256;

/// The best of a few, by the time that this thread had a core: other work on the machine shall not count.
fn best(mut work: impl FnMut()) -> Duration {
    let once = |_| {
        let begun = on_a_core();
        work();
        on_a_core() - begun
    };
    (0..5).map(once).min().expect("more than one")
}

fn on_a_core() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).expect("time that passed")
}

fn scrub<'l>(bencher: Bencher<'_, '_>, lines: impl Fn() -> Vec<&'l str>) {
    scrub_with(bencher, Options::default(), lines);
}

fn scrub_with<'l>(bencher: Bencher<'_, '_>, options: Options, lines: impl Fn() -> Vec<&'l str>) {
    let mut scrubber = Scrubber::new(options);
    let lines = lines();
    let bytes: usize = lines.iter().map(|line| line.len()).sum();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        for line in &lines {
            drop(black_box(scrubber.scrub_line(black_box(line))));
        }
    });
}

/// What the agent does: records in, records out, and nothing copied of one that is clean.
fn scrub_records(bencher: Bencher<'_, '_>, line: &str) {
    let mut scrubber = Scrubber::new(Options::default());
    let record = record::parse(line.as_bytes(), Timestamp(0), &Columns::default()).expect("a record");
    bencher.counter(BytesCount::new(100 * line.len())).bench_local(|| {
        for _ in 0..100 {
            drop(black_box(scrubber.scrub(black_box(record.clone()))));
        }
    });
}

#[divan::bench]
fn clean_records(bencher: Bencher<'_, '_>) {
    scrub_records(bencher, CLEAN);
}

#[divan::bench]
fn records_with_a_secret(bencher: Bencher<'_, '_>) {
    scrub_records(bencher, DIRTY);
}

#[divan::bench]
fn clean_lines(bencher: Bencher<'_, '_>) {
    scrub(bencher, || vec![CLEAN; 100]);
}

#[divan::bench]
fn lines_with_a_secret(bencher: Bencher<'_, '_>) {
    scrub(bencher, || vec![DIRTY; 100]);
}

#[divan::bench]
fn lines_with_a_secret_hashed(bencher: Bencher<'_, '_>) {
    let key = HashKey::new(&[7; 32]).expect("32 bytes");
    let mut options = Options::default();
    options.actions.secret = Action::Hash(Arc::new(key));
    scrub_with(bencher, options, || vec![DIRTY; 100]);
}

#[divan::bench]
fn lines_with_a_secret_encrypted(bencher: Bencher<'_, '_>) {
    let key = PrivateKey::generate().expect("random bytes");
    let mut options = Options::default();
    options.actions.secret = Action::Encrypt(Arc::new(key.recipient()));
    scrub_with(bencher, options, || vec![DIRTY; 100]);
}

/// Records as an application writes them all day: five of a hundred have a secret, no two are the same.
#[divan::bench]
fn mixed_records(bencher: Bencher<'_, '_>) {
    let lines: Vec<String> = (0..20_000).map(mixed_line).collect();
    let bytes: usize = lines[10_000..].iter().map(String::len).sum();
    let parse = |line: &'static str| record::parse(line.as_bytes(), Timestamp(0), &Columns::default());
    let lines: &'static [String] = lines.leak();
    let records: Vec<_> = lines.iter().map(|line| parse(line).expect("a record")).collect();
    let mut scrubber = Scrubber::new(Options::default());
    // What the agent met before these lines.
    for record in &records[..10_000] {
        drop(black_box(scrubber.scrub(record.clone())));
    }
    bencher
        .counter(BytesCount::new(bytes))
        .counter(ItemsCount::new(10_000usize))
        .with_inputs(|| records[10_000..].to_vec())
        .bench_local_values(|records| {
            for record in records {
                drop(black_box(scrubber.scrub(record)));
            }
        });
}

/// The `number`th line of telemetry.
fn mixed_line(number: usize) -> String {
    let random = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(23);
    let pick = |of: &[&'static str], turn: u32| of[random.rotate_right(turn) % of.len()];
    let event = pick(
        &["auth.login.attempt", "auth.stepup.required", "system_capability", "orders.refund.issued", "access.denied"],
        3,
    );
    let route = pick(&["auth.login.show", "orders.refund", "tasks.run", "admin.users.index"], 11);
    let message = pick(
        &["refund issued after 2 retries", "decision taken by policy engine", "step-up satisfied", "cache warmed"],
        17,
    );
    let agent = pick(
        &[
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/127.0.0.0 Safari/537.36",
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "okhttp/4.12.0",
        ],
        29,
    );
    let secret = match number % 80 {
        0 => format!(r#","password":"hunter{random}""#),
        20 => format!(r#","note":"refused, Authorization: Bearer {random:032x} is expired""#),
        40 => format!(r#","headers":{{"Cookie":"lang=de; PHPSESSID={random:026x}"}}"#),
        60 => format!(r#","note":"mail to kim{random}@dev-mail.test bounced""#),
        _ => String::new(),
    };
    let (low, node, host, hit) = (random as u32, random >> 16, random % 20, random.is_multiple_of(2));
    format!(
        r#"{{"event_key":"{event}","severity":"info","actor_admin_id":{},"ip_address":"203.0.113.{}","user_agent":"{agent}","route_name":"{route}","request_id":"{low:08x}-7a64-4c9f-8d21-{node:012x}","metadata":{{"decision":"allow","policy":"rbac","resource":"order/{}","took_ms":{}.25,"cache":{{"hit":{hit},"key":"menu:de:v{}"}},"attempt":1,"host":"web-{host}.internal","message":"{message}"{secret}}},"created_at":"2026-11-12T10:00:00.{:06}Z"}}"#,
        random % 500,
        random % 256,
        random % 1_000_000,
        random % 300,
        random % 9,
        random % 1_000_000,
    )
}

#[divan::bench]
fn one_line_in_twenty_with_a_secret(bencher: Bencher<'_, '_>) {
    scrub(bencher, || (0..100).map(|n| if n % 20 == 0 { DIRTY } else { CLEAN }).collect());
}
