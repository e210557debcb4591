//! Command line: exit codes, wording, one-shot commands.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::{Finished, MariaDb, Site, append, binary, finish, ids, lines};

const SOON: Duration = Duration::from_secs(60);

/// Runs the program with these arguments and this input.
#[track_caller]
fn program(arguments: &[&str], input: &str) -> Finished {
    let mut command = Command::new(binary());
    command.args(arguments);
    finish(command, input.as_bytes(), SOON)
}

fn words(finished: &Finished) -> String {
    format!("{}{}", finished.stdout, finished.stderr)
}

#[test]
fn version_and_help() {
    let version = program(&["--version"], "");
    assert_eq!((version.code, version.stdout.as_str()), (Some(0), "tracespool 0.1.0\n"));
    let help = program(&["--help"], "");
    assert_eq!(help.code, Some(0));
    for command in [
        "run",
        "demo",
        "check",
        "migrate",
        "status",
        "top",
        "prune",
        "trace",
        "why",
        "checkpoint",
        "replay",
        "scrub",
        "keygen",
        "decrypt",
    ] {
        assert!(help.stdout.contains(command), "`--help` does not name `{command}`:\n{}", help.stdout);
        assert_eq!(program(&[command, "--help"], "").code, Some(0), "`{command} --help`");
    }
}

#[test]
fn wrong_usage_is_64() {
    for arguments in [&["no-such-command"][..], &["run", "--no-such-flag"], &[], &["run", "--config"]] {
        let finished = program(arguments, "");
        assert_eq!(finished.code, Some(64), "{arguments:?}: {finished:?}");
    }
}

#[test]
fn a_config_that_is_not_there_is_64_and_named() {
    for command in [&["run"][..], &["run", "--drain"], &["check"], &["migrate"], &["status"], &["top"]] {
        let finished = program(&[command, &["--config", "/nowhere/config.toml"]].concat(), "");
        assert_eq!(finished.code, Some(64), "{command:?}: {finished:?}");
        assert!(words(&finished).contains("/nowhere/config.toml"), "{finished:?}");
    }
}

#[test]
fn a_config_that_names_audit_logs_is_refused() {
    #[track_caller]
    fn check(key: &str, value: &str) {
        let mut site = Site::sqlite();
        site.set_text("database.url", "mysql://tracespool@127.0.0.1:1/app");
        site.set_text(key, value);
        let commands = [
            &["run"][..],
            &["run", "--drain"],
            &["check"],
            &["check", "--connect"],
            &["migrate"],
            &["migrate", "--print"],
            &["migrate", "--grants"],
            &["prune"],
            &["trace", "x"],
            &["why", "/x:1"],
            &["checkpoint", "show"],
            &["replay", "/dev/null"],
        ];
        for command in commands {
            let finished = site.run(command);
            assert_eq!(finished.code, Some(64), "{command:?} with {key} = {value}: {finished:?}");
            assert!(words(&finished).contains("audit_logs"), "{command:?} with {key} = {value}: {finished:?}");
        }
    }
    let tables = [
        "audit_logs",
        "AUDIT_LOGS",
        "Audit_Logs",
        "`audit_logs`",
        "\"audit_logs\"",
        "app.audit_logs",
        "`app`.`Audit_Logs`",
        "[audit_logs]",
        " audit_logs ",
        "'audit_logs'",
        "audit_logs.telemetry_traces",
    ];
    tables.into_iter().for_each(|table| check("database.table", table));
    for url in
        ["mysql://u@127.0.0.1:1/audit_logs", "mysql://u@127.0.0.1:1/Audit%5FLogs", "mysql://u@127.0.0.1:1/AUDIT_LOGS"]
    {
        check("database.url", url);
    }
}

#[test]
fn the_environment_cannot_name_audit_logs_either() {
    let site = Site::sqlite();
    let mut command = site.command(&["check"]);
    command.env("TRACESPOOL__DATABASE__TABLE", "app.Audit_Logs");
    let finished = finish(command, b"", SOON);
    assert_eq!(finished.code, Some(64), "{finished:?}");
}

#[test]
fn all_problems_are_told_at_once() {
    let mut site = Site::sqlite();
    site.set("batch.max_rows", "0")
        .set_text("batch.max_wait", "soon")
        .set_text("spool.max_line_byte", "1MiB")
        .set_text("database.url", "postgres://u:canary-in-url@host/app")
        .set_text("log.level", "loud")
        .set_text("databse.table", "x");
    for command in [&["check"][..], &["run"]] {
        let finished = site.run(command);
        assert_eq!(finished.code, Some(64), "{finished:?}");
        let text = words(&finished);
        for part in ["batch.max_rows", "batch.max_wait", "spool.max_line_byte", "database.url", "log.level", "databse"]
        {
            assert!(text.contains(part), "`{part}` is not told:\n{text}");
        }
        assert!(text.contains("`spool.max_line_bytes`"), "no suggestion for a misspelt key:\n{text}");
        assert!(!text.contains("canary-in-url"), "a password is told:\n{text}");
    }
}

#[test]
fn check_says_yes_to_a_good_config_and_connects_when_asked() {
    let server = MariaDb::start();
    let site = Site::mariadb(&server);
    let finished = site.run(&["check"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let away = MariaDb::prepare(&[]);
    let finished = Site::mariadb(&away).run(&["check"]);
    assert_eq!(finished.code, Some(0), "without `--connect` nothing is connected to: {finished:?}");
}

#[test]
fn the_environment_wins_over_the_file() {
    let mut site = Site::sqlite();
    site.set_text("spool.paths", "overridden");
    let written = ids("line", 0..5);
    append(&site.path("app.ndjson"), lines(&written));
    let mut command = site.command(&["run", "--drain"]);
    command.env("TRACESPOOL__SPOOL__PATHS", format!("[{:?}]", site.path("*.ndjson")));
    let finished = finish(command, b"", SOON);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    site.assert_exactly(&written);
}

#[test]
fn migrate_prints_what_it_would_do_and_does_not() {
    let server = MariaDb::start();
    server.query("DROP TABLE app.telemetry_traces");
    let site = Site::mariadb(&server);
    let finished = site.run(&["migrate", "--print"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    for part in ["CREATE TABLE", "telemetry_traces", "tracespool_progress", "created_at", "idx_request"] {
        assert!(finished.stdout.contains(part), "`{part}` is missing:\n{}", finished.stdout);
    }
    let tables =
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'app' AND table_name <> 'audit_logs'";
    assert_eq!(server.query(tables), [[Some("0".to_owned())]], "`--print` made a table");
    // What it prints is what a person can feed to the server.
    let sql = format!("USE app; {}", finished.stdout);
    let mut client = Command::new("mariadb");
    client.arg("--no-defaults").arg("-uroot").arg("--socket").arg(server.client().socket());
    let fed = finish(client, sql.as_bytes(), SOON);
    assert_eq!(fed.code, Some(0), "{fed:?}\n{sql}");
    assert_eq!(server.query(tables), [[Some("2".to_owned())]]);
    append(&site.path("app.ndjson"), lines(&ids("line", 0..3)));
    site.drain();
    site.assert_exactly(&ids("line", 0..3));
}

#[test]
fn migrate_with_the_database_away_is_69() {
    let server = MariaDb::prepare(&[]);
    let finished = Site::mariadb(&server).run(&["migrate"]);
    assert_eq!(finished.code, Some(69), "{finished:?}");
}

#[test]
fn demo_ships_and_shows_what_happened() {
    let finished = program(&["demo"], "");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let text = finished.stdout.to_lowercase();
    for word in ["lines", "rows", "quarantine"] {
        assert!(text.contains(word), "the summary does not speak of `{word}`:\n{}", finished.stdout);
    }
    assert!(finished.stdout.chars().any(|c| c.is_ascii_digit()), "a summary has numbers");
}

#[test]
fn scrub_gives_back_each_line_without_its_secrets() {
    let input = "{\"event_key\":\"a\",\"n\":1.000000000000000005,\"metadata\":{\"password\":\"canary-1\",\"kept\":\"yes\"}}\n\
                 {\"event_key\":\"b\",\"metadata\":{\"\\u0070assword\":\"canary-2\",\"password\":\"canary-3\"}}\n";
    let finished = program(&["scrub"], input);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(!words(&finished).contains("canary"), "{finished:?}");
    let lines: Vec<_> = finished.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{finished:?}");
    assert!(lines[0].contains("\"n\":1.000000000000000005") && lines[0].contains("\"kept\":\"yes\""), "{}", lines[0]);
    assert_eq!(program(&["scrub"], "").stdout, "");
}

#[test]
fn scrub_leaves_a_line_without_secrets_as_it_is() {
    let input = lines(&ids("line", 0..20));
    let finished = program(&["scrub"], &input);
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(0), input.as_str()));
}

#[test]
fn scrub_explains_and_counts_without_showing_anything() {
    let input = "{\"event_key\":\"a\",\"metadata\":{\"password\":\"canary-1\",\"x\":[{\"token\":\"canary-2\"}]}}\n\
                 {\"event_key\":\"b\",\"metadata\":{\"password\":\"canary-3\"}}\nnot json, password=canary-4\n";
    let finished = program(&["scrub", "--explain", "--stats"], input);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(!words(&finished).contains("canary"), "{finished:?}");
    let stderr: Vec<_> = finished.stderr.lines().map(str::trim).collect();
    let want = [
        "line 1: /metadata/password: password",
        "line 1: /metadata/x/0/token: token",
        "line 2: /metadata/password: password",
        "line 3: would be quarantined: not_json: ",
        "3  lines",
        "1  lines that would be quarantined",
        "2  rule password",
        "1  rule token",
    ];
    assert_eq!(stderr.len(), want.len(), "{stderr:#?}");
    for (line, want) in stderr.iter().zip(want) {
        assert!(line.starts_with(want), "`{line}` is not `{want}`");
    }
}

#[test]
fn scrub_takes_its_section_from_a_config() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("config.toml");
    std::fs::write(&file, "[scrub]\nkeys = [\"salary\"]\naction = \"remove\"\n").expect("the config is written");
    let config = file.to_str().expect("a path");
    let finished = program(&["scrub", "-c", config], "{\"salary\":7,\"note\":\"x\"}\n");
    assert_eq!(
        (finished.code, finished.stdout.as_str()),
        (Some(0), "{\"salary\":\"\",\"note\":\"x\"}\n"),
        "{finished:?}"
    );
    std::fs::write(&file, "[scrub]\nkeys = [\"\"]\naction = \"hash\"\n").expect("the config is written");
    let finished = program(&["scrub", "-c", config], "{}");
    assert_eq!((finished.code, finished.stderr.lines().count()), (Some(64), 1), "{finished:?}");
}

#[test]
fn keygen_makes_a_private_file_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("key");
    let path = file.to_str().expect("a path");
    let made = program(&["keygen", path], "");
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(made.stdout.starts_with("tspub1") && made.stdout.lines().count() == 1, "{made:?}");
    let key = std::fs::read_to_string(&file).expect("the key is there");
    assert!(key.starts_with("tskey1") && !words(&made).contains(key.trim()));
    assert_eq!(std::fs::metadata(&file).expect("the key is there").permissions().mode() & 0o7777, 0o600);
    let again = program(&["keygen", path], "");
    assert_eq!((again.code, again.stdout.as_str()), (Some(74), ""), "{again:?}");
    assert_eq!(std::fs::read_to_string(&file).expect("the key is there"), key, "the key was overwritten");
    // What is not encrypted comes through as it is, and the wrong key opens nothing.
    let plain = program(&["decrypt", "--key", path], "[ENC:x] \u{e9}\nno newline");
    assert_eq!((plain.code, plain.stdout.as_str()), (Some(0), "[ENC:x] \u{e9}\nno newline"));
    let other = folder.path().join("other");
    let recipient = program(&["keygen", other.to_str().expect("a path")], "").stdout;
    let config = folder.path().join("config.toml");
    let text = format!("[scrub]\naction = \"encrypt\"\nencrypt_recipient = \"{}\"\n", recipient.trim());
    std::fs::write(&config, text).expect("the config is written");
    let sealed = program(&["scrub", "-c", config.to_str().expect("a path")], "{\"password\":\"canary\"}\n").stdout;
    assert!(sealed.starts_with("{\"password\":\"[ENC:password:"), "{sealed}");
    let closed = program(&["decrypt", "--key", path], &sealed);
    assert_eq!((closed.code, closed.stdout.as_str()), (Some(0), sealed.as_str()));
    assert!(closed.stderr.starts_with("1 secrets stay closed"), "{closed:?}");
    let opened = program(&["decrypt", "--key", other.to_str().expect("a path")], &sealed);
    assert_eq!((opened.code, opened.stdout.as_str()), (Some(0), "{\"password\":\"canary\"}\n"), "{opened:?}");
    assert_eq!(program(&["decrypt", "--key", config.to_str().expect("a path")], "").code, Some(64));
    assert_eq!(program(&["decrypt", "--key", "/nowhere/key"], "").code, Some(74));
}

#[test]
fn the_readme_names_every_command_and_no_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("README.md")).expect("there is a README.md");
    let named = text.lines().filter_map(|line| line.strip_prefix("| `tracespool ")?.split('`').next());
    let named: Vec<_> = named.map(|command| command.split_whitespace().next().expect("a command")).collect();
    assert!(named.len() >= 5, "{named:?}");
    for command in &named {
        assert_eq!(program(&[command, "--help"], "").code, Some(0), "README.md names `{command}`");
    }
    let help = program(&["--help"], "").stdout;
    let (_, list) = help.split_once("Commands:\n").expect("a list of commands");
    for command in list.lines().take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   ")) {
        let command = command.split_whitespace().next().expect("a command");
        assert!(command == "help" || named.contains(&command), "README.md does not name `{command}`");
    }
}
