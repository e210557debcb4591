//! Planted secrets: canaries of every kind, tokens of providers and data of people among them, at random places of random telemetry, through the real program, with broken
//! lines, lines that the database refuses, lost connections and a server that dies. None comes out anywhere.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::support::{Fault, MariaDb, PASSWORD, Proxy, Site, append, binary, eventually, finish, url};

/// How a secret is written, and what of it must not come out.
struct Planted {
    /// A member of an object, as JSON.
    member: String,
    /// What must be nowhere.
    canary: String,
}

/// A secret's letters: in no other secret, and in no text that is not one.
fn letters(rng: &mut StdRng) -> String {
    let alphabet: Vec<char> = ('a'..='z').chain('A'..='Z').chain('0'..='9').collect();
    let random: String = (0..18).map(|_| alphabet[rng.random_range(0..alphabet.len())]).collect();
    format!("q7Z{random}")
}

/// Unpadded base64, for what the tests make of it.
fn base64(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let sextet = |chunk: &[u8], at: usize| {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        char::from(ALPHABET[(bits >> (18 - 6 * at) & 63) as usize])
    };
    let chunks = text.as_bytes().chunks(3);
    chunks.flat_map(|chunk| (0..=chunk.len()).map(move |at| sextet(chunk, at)).collect::<Vec<_>>()).collect()
}

/// So many random digits, not beginning with zero.
fn digits(count: usize, rng: &mut StdRng) -> String {
    (0..count).map(|at| char::from(b'0' + rng.random_range(u8::from(at == 0)..10))).collect()
}

/// The number of a card, and what nobody may see of it.
fn card(rng: &mut StdRng) -> (String, String) {
    let head = format!("4539{}", digits(11, rng));
    let sum: u32 = head.bytes().rev().enumerate().fold(0, |sum, (at, digit)| {
        let digit = u32::from(digit - b'0');
        sum + if at % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
    });
    (format!("{head}{}", (10 - sum % 10) % 10), head[..12].to_owned())
}

/// The number of a German bank account.
fn iban(rng: &mut StdRng) -> String {
    let account = digits(18, rng);
    // The letters D and E count as 13 and 14, behind the account.
    let rest = format!("{account}131400").bytes().fold(0, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 97);
    format!("DE{:02}{account}", 98 - rest)
}

/// How many kinds of secrets there are under a telling key, and within texts.
const UNDER_KEYS: usize = 18;
const IN_TEXTS: usize = 24;

/// A secret under a telling key.
fn under_key(kind: usize, rng: &mut StdRng) -> Planted {
    let canary = letters(rng);
    let member = match kind {
        0 => format!(r#""password":"{canary}""#),
        1 => format!(r#""accessToken":"{canary}""#),
        2 => format!(r#""x-api-key" : "{canary}""#),
        3 => format!(r#""\u0070assword":"{canary}""#),
        4 => format!(r#""Authorization":"Bearer {canary}""#),
        5 => format!(r#""cookie":"lang=de; sid={canary}""#),
        6 => format!(r#""recovery_codes":["{canary}","{canary}"]"#),
        7 => format!(r#""credentials":{{"login":["{canary}"],"n":1}}"#),
        8 => format!(r#""headers":[["Host","a"],["Authorization","{canary}"]]"#),
        9 => format!(r#""field":{{"name":"client_secret","value":"{canary}"}}"#),
        10 => format!(r#""password":"***","password":"{canary}""#),
        11 => format!(r#""body":"{{\"user\":{{\"pwd\":\"{canary}\"}}}}""#),
        12 => {
            let digits = format!("9{}", rng.random_range(10_000_000_000_000_u64..99_999_999_999_999));
            return Planted { member: format!(r#""pin":{digits}"#), canary: digits };
        }
        13 => {
            let (number, canary) = card(rng);
            return Planted { member: format!(r#""cardNumber":{number}"#), canary };
        }
        14 => format!(r#""contact":{{"email":"{canary}@mail.test"}}"#),
        15 => {
            let number = digits(11, rng);
            return Planted { member: format!(r#""mobile_phone":"0{number}""#), canary: number };
        }
        16 => {
            let name: String = canary.chars().filter(char::is_ascii_alphabetic).collect();
            return Planted { member: format!(r#""last_name":"{name}""#), canary: name };
        }
        _ => format!(r#""session_id":"{canary}""#),
    };
    Planted { member, canary }
}

/// A secret within a text that says what it is, or has a form of its own.
fn in_text(kind: usize, rng: &mut StdRng) -> (String, String) {
    let canary = letters(rng);
    let text = match kind {
        0 => format!("login failed with password={canary} for kim"),
        1 => format!("refused: Authorization: Bearer {canary}"),
        2 => {
            let credentials = base64(&format!("kim:{canary}"));
            return (format!("sent Basic {credentials} to it"), credentials);
        }
        3 => {
            let payload = base64(&format!(r#"{{"sub":"{canary}"}}"#));
            let token = format!("{}.{payload}.c2lnbmF0dXJl", base64(r#"{"alg":"HS256"}"#));
            return (format!("rejected {token}: audience"), payload);
        }
        4 => format!("-----BEGIN PRIVATE KEY-----\\n{canary}\\n-----END PRIVATE KEY-----"),
        5 => format!("connecting to postgres://app:{canary}@db.test/app"),
        6 => format!("GET /callback?state=1&access_token={canary}&x=2"),
        7 => format!("run tool --api-key {canary} --verbose"),
        8 => format!("SET PASSWORD: update u set password = '{canary}' where id = 1"),
        9 => format!("Cookie: lang=de; PHPSESSID={canary}"),
        10 => format!("Server=db;Pwd={canary};Encrypt=1"),
        // By their forms alone.
        11 => return with(format!("sts said no for AKIA{}", letters(rng)[..16].to_ascii_uppercase()), 20),
        12 => return with(format!("argument ghp_{}", &letters(rng).repeat(2)[..36]), 36),
        13 => return with(format!("StripeClient('sk_live_{}", &letters(rng).repeat(2)[..24]), 24),
        14 => {
            return with(
                format!("hook xoxb-{}-{}-{}", digits(12, rng), digits(12, rng), &letters(rng).repeat(2)[..24]),
                24,
            );
        }
        15 => return with(format!("line npm_{}", &letters(rng).repeat(2)[..36]), 36),
        16 => return with(format!("for glpat-{}", &letters(rng)[..20]), 20),
        17 => return with(format!("with SG.{}.{}", &letters(rng).repeat(2)[..22], &letters(rng).repeat(3)[..43]), 43),
        18 => {
            let (number, canary) = card(rng);
            return (format!("refund to {number} done"), canary);
        }
        19 => {
            let account = iban(rng);
            return (format!("payout to {account} queued"), account[8..].to_owned());
        }
        20 => format!("bounce for <{canary}@dev-mail.test>"),
        21 => return with(format!("left voicemail on +49151{}", digits(8, rng)), 8),
        22 => {
            let code = digits(6, rng);
            // Six digits alone may stand anywhere; with their neighbours they do not.
            return (format!("Your verification code is {code}, valid 5 minutes"), format!("code is {code}"));
        }
        _ => format!("to=https%3A%2F%2Fa%3Ftoken%3D{canary}%26b%3D1"),
    };
    (text, canary)
}

/// A text that ends in a secret, and the secret's last letters.
fn with(text: String, last: usize) -> (String, String) {
    let canary = text[text.len() - last..].to_owned();
    (text, canary)
}

/// Any of them.
fn plant(rng: &mut StdRng) -> Planted {
    let kind = rng.random_range(0..UNDER_KEYS + IN_TEXTS);
    if kind < UNDER_KEYS {
        return under_key(kind, rng);
    }
    let (text, canary) = in_text(kind - UNDER_KEYS, rng);
    Planted { member: format!(r#""note{kind}":"{text}""#), canary }
}

/// An object with a member somewhere in it.
fn around(member: &str, rng: &mut StdRng) -> String {
    let mut value = format!(r#"{{"a":1,{member},"z":[true,null]}}"#);
    for _ in 0..rng.random_range(0..4) {
        value = match rng.random_range(0..3) {
            0 => format!(r#"{{"step":{value},"n":2.50}}"#),
            1 => format!(r#"{{"list":[0,{value},"x"]}}"#),
            _ => format!(r#"{{"a.b":"plain words","c":{value}}}"#),
        };
    }
    value
}

/// A line with secrets in it, and what of them must not come out.
fn good_line(id: &str, event: &str, rng: &mut StdRng) -> (String, Vec<String>) {
    let (metadata, extra) = (plant(rng), plant(rng));
    let (agent, in_agent) = in_text(rng.random_range(0..IN_TEXTS), rng);
    let line = format!(
        r#"{{"event_key":"{event}","request_id":"{id}","user_agent":"{agent}","metadata":{},{}}}"#,
        around(&metadata.member, rng),
        extra.member,
    );
    (line, vec![metadata.canary, extra.canary, in_agent])
}

/// The line, no longer one: cut, or with something wrong in it.
fn broken(line: &str, rng: &mut StdRng) -> Vec<u8> {
    let bytes = match rng.random_range(0..5) {
        0 => line[..line.len() - 1].to_owned(),
        1 => format!("{},}}", &line[..line.len() - 1]),
        2 => line[..line.floor_char_boundary(rng.random_range(20..line.len() - 1))].to_owned(),
        3 => format!("{line} {line}"),
        _ => return [line.as_bytes(), b"\xff"].concat(),
    };
    bytes.into_bytes()
}

/// Everything in the files below a folder.
fn files(folder: &Path, into: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, into);
        } else {
            let bytes = fs::read(&path).expect("a file is read");
            into.push((path.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
        }
    }
}

#[track_caller]
fn assert_nowhere(canaries: &[String], outputs: &[(String, String)]) {
    for (place, text) in outputs {
        for canary in canaries {
            let found = text.find(canary.as_str()).map(|at| {
                text[text.floor_char_boundary(at.saturating_sub(400))..text.floor_char_boundary(at + 80)].to_owned()
            });
            assert_eq!(found, None, "`{canary}` came out in {place}");
        }
    }
}

#[test]
fn base64_is_written_as_others_read_it() {
    assert_eq!([base64(""), base64("a"), base64("ab"), base64("abc?")], ["", "YQ", "YWI", "YWJjPw"]);
}

#[test]
fn no_planted_secret_comes_out_anywhere() {
    let seed = std::env::var("SEED").map_or_else(|_| rand::random(), |seed| seed.parse().expect("SEED is a number"));
    eprintln!("SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let mut server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    server.query("ALTER TABLE app.telemetry_traces ADD CONSTRAINT healthy CHECK (event_key <> 'poison')");
    let proxy = Proxy::start(server.port(), Fault::LosesAnswer, 3);
    site.set_text("database.url", &url(proxy.port()));
    site.set_text("log.level", "trace");
    site.set_text("spool.max_line_bytes", "16KiB");
    let path = site.path("app.ndjson");

    let (mut ids, mut canaries, mut refused) = (Vec::new(), vec![PASSWORD.to_owned()], 0);
    let mut write = |ids: &mut Vec<String>, refused: &mut usize, count: usize| {
        for _ in 0..count {
            let id = format!("row-{}", ids.len());
            let kind = rng.random_range(0..10);
            let event = if kind == 0 { "poison" } else { "test.line" };
            let (line, planted) = good_line(&id, event, &mut rng);
            canaries.extend(planted);
            let bytes = match kind {
                0 => line.into_bytes(),
                1 | 2 => broken(&line, &mut rng),
                3 => format!("{},\"padding\":\"{}\"}}", &line[..line.len() - 1], "x ".repeat(9000)).into_bytes(),
                _ => {
                    ids.push(id);
                    line.into_bytes()
                }
            };
            *refused += usize::from(kind <= 3);
            append(&path, [bytes.as_slice(), b"\n"].concat());
        }
    };
    write(&mut ids, &mut refused, 200);
    let mut agent = site.start();
    site.wait_rows(ids.len());
    server.kill9();
    write(&mut ids, &mut refused, 100);
    eventually("the agent notices that the server is away", || agent.metrics().sum("tracespool_database_up") == 0.0);
    server.restart();
    site.wait_rows(ids.len());
    site.wait_quarantined(refused);
    let metrics = agent.conserved();
    assert!(metrics.sum("tracespool_secrets_scrubbed_total") > 600.0, "the scrubber had work");
    assert!(metrics.sum("tracespool_database_errors_total") > 0.0, "the database made trouble");
    let mut outputs = Vec::new();
    for page in ["/metrics", "/healthz", "/status.json", "/"] {
        outputs.push((page.to_owned(), agent.get(page).expect("the endpoint answers")));
    }
    let said = site.run(&["status"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    outputs.push(("`status`".to_owned(), said.stdout));
    assert_eq!(agent.sigterm().code(), Some(0));
    site.assert_exactly(&ids);
    assert_eq!(site.quarantined().len(), refused);

    let tables = server.query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'app'");
    assert!(tables.len() >= 2, "{tables:?}");
    for table in tables.into_iter().flatten().flatten() {
        let rows = server.query(&format!("SELECT * FROM app.`{table}`"));
        outputs.push((format!("the table `{table}`"), format!("{rows:?}")));
    }
    files(&site.state(), &mut outputs);
    assert!(outputs.iter().any(|(place, text)| place.ends_with("quarantine.ndjson") && !text.is_empty()));
    outputs.push(("the log".to_owned(), fs::read_to_string(site.log()).expect("the log is read")));

    let mut command = Command::new(binary());
    command.args(["scrub", "--explain", "--stats"]);
    let scrubbed = finish(command, &fs::read(&path).expect("the spool is read"), Duration::from_secs(60));
    outputs.push(("stdout of `scrub`".to_owned(), scrubbed.stdout));
    outputs.push(("stderr of `scrub`".to_owned(), scrubbed.stderr));
    assert_nowhere(&canaries, &outputs);
    // The same search finds what is no secret.
    for place in ["the table `telemetry_traces`", "quarantine.ndjson", "stdout of `scrub`"] {
        let there = outputs.iter().filter(|(name, _)| name.ends_with(place));
        let found = there.filter(|(_, text)| text.contains("test.line") && text.contains("[REDACTED:")).count();
        assert_eq!(found, 1, "{place}");
    }
}

#[test]
fn every_action_hides_what_is_planted_and_only_the_key_brings_it_back() {
    let mut rng = StdRng::seed_from_u64(7);
    let mut lines = Vec::new();
    let mut canaries = Vec::new();
    // Every kind once, each in a line of its own.
    for kind in 0..UNDER_KEYS + IN_TEXTS {
        let planted = if kind < UNDER_KEYS {
            under_key(kind, &mut rng)
        } else {
            let (text, canary) = in_text(kind - UNDER_KEYS, &mut rng);
            Planted { member: format!(r#""note":"{text}""#), canary }
        };
        let metadata = around(&planted.member, &mut rng);
        lines.push(format!(r#"{{"event_key":"test.line","request_id":"row-{kind}","metadata":{metadata}}}"#));
        canaries.push(planted.canary);
    }
    for action in ["redact", "mask", "hash", "encrypt", "remove"] {
        let mut site = Site::sqlite();
        let key = site.root().join("key");
        let mut keygen = Command::new(binary());
        keygen.arg("keygen").arg(&key);
        let made = finish(keygen, b"", Duration::from_secs(60));
        assert_eq!(made.code, Some(0), "{made:?}");
        let hash_key = site.root().join("hash-key");
        fs::write(&hash_key, "0123456789abcdef0123456789abcdef\n").expect("the key is written");
        site.set_text("scrub.action", action).set_text("scrub.pii_action", action);
        site.set_text("scrub.hash_key_file", &hash_key.display().to_string());
        site.set_text("scrub.encrypt_recipient", made.stdout.trim());
        private(&hash_key);
        append(&site.path("app.ndjson"), lines.join("\n") + "\n");
        site.drain();
        let rows = site.query("SELECT metadata FROM telemetry_traces ORDER BY id");
        assert_eq!(rows.len(), lines.len(), "{action}");
        let stored: Vec<String> = rows.into_iter().flatten().flatten().collect();
        assert_nowhere(&canaries, &[(format!("the table, by `{action}`"), stored.join("\n"))]);
        for stored in &stored {
            serde_json::from_str::<Value>(stored).expect("`metadata` is JSON");
        }
        if action == "encrypt" {
            let mut decrypt = Command::new(binary());
            decrypt.arg("decrypt").arg("--key").arg(&key);
            let opened = finish(decrypt, stored.join("\n").as_bytes(), Duration::from_secs(60));
            assert_eq!((opened.code, opened.stderr.as_str()), (Some(0), ""));
            assert_eq!(opened.stdout.lines().count(), stored.len());
            for (line, canary) in opened.stdout.lines().zip(&canaries) {
                serde_json::from_str::<Value>(line).expect("what was opened is JSON");
                assert!(line.contains(canary.as_str()), "`{canary}` does not come back in {line}");
            }
        }
    }
}

#[test]
fn an_own_rule_works_from_the_config_to_the_row() {
    let mut site = Site::sqlite();
    site.set("scrub.keys", "[\"salary\"]")
        .set("scrub.allow_keys", "[\"/metadata/order/pin\"]")
        .set_text("scrub.ip", "truncate");
    let rule = r"[{ id = 'staff_number', pattern = 'STAFF-(\d{6})', keywords = ['staff-'], kind = 'pii', tests = { secret = ['by STAFF-123456'] } }]";
    site.set("scrub.rules", rule);
    let metadata = json!({"order": {"pin": 7777}, "pin": 8888, "base_salary": 9, "by": "STAFF-123456 did"});
    let line = json!({"event_key": "a", "ip_address": "192.0.2.77", "metadata": metadata});
    append(&site.path("app.ndjson"), format!("{line}\n"));
    site.drain();
    let rows = site.query("SELECT ip_address, metadata FROM telemetry_traces");
    let want = json!({
        "order": {"pin": 7777},
        "pin": "[REDACTED:pin]",
        "base_salary": "[REDACTED:own_key]",
        "by": "STAFF-[REDACTED:staff_number] did",
    });
    assert_eq!(rows[0][0].as_deref(), Some("192.0.2.0"));
    let stored: Value = serde_json::from_str(rows[0][1].as_deref().expect("metadata")).expect("JSON");
    assert_eq!(stored, want);
    // A rule that fails its tests stops the agent before it reads a line.
    site.set("scrub.rules", &rule.replace("123456'] }", "1'] }"));
    let refused = site.run(&["run"]);
    assert_eq!(refused.code, Some(64), "{refused:?}");
    assert!(refused.stderr.contains("`scrub.rules`, rule 1 (`staff_number`): `tests.secret`, number 1"), "{refused:?}");
}

/// Takes a file from everybody else.
fn private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("the file is made private");
}
