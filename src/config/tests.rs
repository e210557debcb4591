//! The config: what is read, what is refused, and in which words.

use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::keys::{KEYS, Unset};
use super::*;

const REQUIRED: &str = "spool.paths = [\"/s/*.ndjson\"]\ndatabase.url = \"mysql://u@h/app\"\n";
const MACHINE: &str = "0123456789abcdef0123456789abcdef\n";

/// A folder with a config file and a machine id.
struct Host {
    folder: TempDir,
}

impl Host {
    fn new(text: &str) -> Self {
        let host = Host { folder: TempDir::new().unwrap() };
        host.write("config.toml", text, 0o640);
        host.write("machine-id", MACHINE, 0o444);
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn load(&self, env: &[(&str, &str)]) -> Result<Config, Problems> {
        load(&self.path("config.toml"), pairs(env), &self.path("machine-id"), Reach::Keys)
    }

    fn check(&self, env: &[(&str, &str)]) -> Result<Config, Problems> {
        load(&self.path("config.toml"), pairs(env), &self.path("machine-id"), Reach::Secrets)
    }
}

fn pairs(env: &[(&str, &str)]) -> std::vec::IntoIter<(String, String)> {
    env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>().into_iter()
}

/// The config of a text beside the required keys.
#[track_caller]
fn config(text: &str) -> Config {
    Host::new(&format!("{REQUIRED}{text}")).load(&[]).unwrap()
}

#[track_caller]
fn globs(paths: &[&str], exclude: &[&str]) -> Globs {
    let texts = |patterns: &[&str]| patterns.iter().map(|pattern| (*pattern).to_owned()).collect::<Vec<_>>();
    Globs::new(&texts(paths), &texts(exclude)).unwrap()
}

#[track_caller]
fn from_env(env: &[(&str, &str)]) -> Config {
    Host::new(REQUIRED).load(env).unwrap()
}

/// The messages of what must be refused.
#[track_caller]
fn messages(text: &str, env: &[(&str, &str)]) -> Vec<String> {
    Host::new(text).load(env).unwrap_err().iter().map(|problem| problem.message.clone()).collect()
}

/// The one message about a line beside the required keys.
#[track_caller]
fn message(text: &str) -> String {
    only(messages(&format!("{REQUIRED}{text}"), &[]))
}

#[track_caller]
fn only(messages: Vec<String>) -> String {
    assert_eq!(messages.len(), 1, "{messages:#?}");
    messages.into_iter().next().unwrap()
}

#[test]
fn the_required_keys_are_enough() {
    let want = Config {
        agent: Agent {
            id: hashed_machine_id(&Host::new("").path("machine-id")).unwrap(),
            shutdown_grace: Duration::from_secs(10),
            max_memory: ByteSize::from_mib(48),
        },
        spool: Spool {
            globs: globs(&["/s/*.ndjson"], &[]),
            start_at: StartAt::Beginning,
            max_line_bytes: ByteSize::from_mib(1),
            rescan_interval: Duration::from_secs(1),
        },
        database: Database {
            url: "mysql://u@h/app".parse().unwrap(),
            password_file: None,
            table: "telemetry_traces".parse().unwrap(),
            connections: 2,
            method: Method::Auto,
            connect_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(30),
            tls: Tls::Auto,
            tls_ca: None,
            tls_cert: None,
            tls_key: None,
        },
        batch: Batch { max_rows: 5000, max_bytes: ByteSize::from_mib(4), max_wait: Duration::from_millis(200) },
        shed: Shed {
            first: vec![Severity::Debug],
            soft_backlog_bytes: ByteSize::from_mib(256),
            max_backlog_bytes: ByteSize::from_gib(1),
            max_age: Duration::from_secs(24 * 3600),
        },
        scrub: Scrub {
            action: ActionName::Redact,
            pii_action: ActionName::Redact,
            keys: vec![],
            allow_keys: vec![],
            ip: scrubbing::Ip::Keep,
            hash_key_file: None,
            encrypt_recipient: None,
            rules: vec![],
        },
        quarantine: Quarantine {
            path: "/var/lib/tracespool/quarantine.ndjson".into(),
            max_bytes: ByteSize::from_mib(64),
        },
        state: State { directory: "/var/lib/tracespool".into() },
        metrics: Metrics { listen: Some("127.0.0.1:9187".parse().unwrap()) },
        retention: Retention { days: 30 },
        log: Log { level: LogLevel::Info, format: LogFormat::Text },
    };
    assert_eq!(config(""), want);
}

#[test]
fn every_key_is_read_from_the_file() {
    let text = r#"
            [agent]
            id = "web-1.example_org"
            shutdown_grace = "1.5s"
            max_memory = "96MiB"
            [spool]
            paths = ["/a/**/*.ndjson", "/b/{x,y}.log"]
            exclude = ["/**/*.gz"]
            start_at = "end"
            max_line_bytes = 4096
            rescan_interval = "250ms"
            [database]
            url = "sqlite:/tmp/x.db"
            password_file = "/etc/secret"
            table = "`traces`"
            connections = 16
            method = "bulk"
            connect_timeout = "100ms"
            write_timeout = "10m"
            tls = "verify-ca"
            tls_ca = "/ca"
            tls_cert = "/cert"
            tls_key = "/key"
            [batch]
            max_rows = 1
            max_bytes = "64KiB"
            max_wait = "0s"
            [scrub]
            action = "hash"
            pii_action = "encrypt"
            keys = ["salary"]
            allow_keys = ["pin", "/metadata/*/token"]
            ip = "truncate"
            hash_key_file = "/key"
            encrypt_recipient = "tspub1ZXhhbXBsZS1yZWNpcGllbnQtbWFrZS15b3VyLW93biHrdxbF"
            [[scrub.rules]]
            id = "config_staff"
            pattern = 'STAFF-\d+'
            keywords = ["staff-"]
            kind = "pii"
            action = "remove"
            tests = { secret = ["STAFF-1"], innocent = ["STAFF-"] }
            [[scrub.rules]]
            id = "pin"
            action = "mask"
            [quarantine]
            path = "/q"
            max_bytes = "1GiB"
            [state]
            directory = "/state"
            [metrics]
            listen = "[::1]:1"
            [retention]
            days = 7
            [log]
            level = "trace"
            format = "json"
        "#;
    let config = Host::new(text).load(&[]).unwrap();
    let want = Agent {
        id: "web-1.example_org".into(),
        shutdown_grace: Duration::from_millis(1500),
        max_memory: ByteSize::from_mib(96),
    };
    assert_eq!(config.agent, want);
    assert_eq!(config.spool.globs, globs(&["/a/**/*.ndjson", "/b/{x,y}.log"], &["/**/*.gz"]));
    assert_eq!(config.spool.start_at, StartAt::End);
    assert_eq!(config.spool.max_line_bytes, ByteSize::from_kib(4));
    assert_eq!(config.spool.rescan_interval, Duration::from_millis(250));
    let want = Database {
        url: "sqlite:/tmp/x.db".parse().unwrap(),
        password_file: Some("/etc/secret".into()),
        table: "traces".parse().unwrap(),
        connections: 16,
        method: Method::Bulk,
        connect_timeout: Duration::from_millis(100),
        write_timeout: Duration::from_secs(600),
        tls: Tls::VerifyCa,
        tls_ca: Some("/ca".into()),
        tls_cert: Some("/cert".into()),
        tls_key: Some("/key".into()),
    };
    assert_eq!(config.database, want);
    assert_eq!(config.batch, Batch { max_rows: 1, max_bytes: ByteSize::from_kib(64), max_wait: Duration::ZERO });
    assert_eq!((config.scrub.action, config.scrub.pii_action), (ActionName::Hash, ActionName::Encrypt));
    assert_eq!(config.scrub.keys, ["salary".parse().unwrap()]);
    assert_eq!(config.scrub.allow_keys, ["pin", "/metadata/*/token"].map(|text| text.parse().unwrap()));
    assert_eq!(config.scrub.ip, scrubbing::Ip::Truncate);
    assert_eq!(config.scrub.hash_key_file, Some("/key".into()));
    assert_eq!(
        config.scrub.encrypt_recipient.unwrap().to_string(),
        "tspub1ZXhhbXBsZS1yZWNpcGllbnQtbWFrZS15b3VyLW93biHrdxbF"
    );
    assert_eq!(config.scrub.rules.len(), 2);
    assert_eq!(config.quarantine, Quarantine { path: "/q".into(), max_bytes: ByteSize::from_gib(1) });
    assert_eq!(config.state, State { directory: "/state".into() });
    assert_eq!(config.metrics.listen, Some("[::1]:1".parse().unwrap()));
    assert_eq!(config.retention, Retention { days: 7 });
    assert_eq!(config.log, Log { level: LogLevel::Trace, format: LogFormat::Json });
}

#[test]
fn quarantine_lives_in_the_state_directory() {
    assert_eq!(config("[state]\ndirectory = \"/s\"").quarantine.path, Path::new("/s/quarantine.ndjson"));
}

#[test]
fn metrics_can_be_turned_off_and_opened() {
    assert_eq!(config("metrics.listen = \"\"").metrics.listen, None);
    assert_eq!(config("metrics.listen = \"0.0.0.0:80\"").metrics.listen, Some("0.0.0.0:80".parse().unwrap()));
    assert_eq!(from_env(&[("TRACESPOOL__METRICS__LISTEN", "")]).metrics.listen, None);
}

#[test]
fn a_variable_wins_over_the_file() {
    let file = format!("{REQUIRED}[batch]\nmax_rows = 7\nmax_wait = \"bad\"");
    let env = [
        ("TRACESPOOL__BATCH__MAX_ROWS", "9"),
        ("TRACESPOOL__BATCH__MAX_WAIT", "1s"),
        ("TRACESPOOL__BATCH__MAX_BYTES", "1048576"),
        ("TRACESPOOL__DATABASE__URL", "mysql://env@h/app"),
        ("TRACESPOOL__LOG__LEVEL", "debug"),
        ("TRACESPOOL_PACKAGE", "1"),
        ("tracespool__log__format", "nonsense"),
        ("PATH", "/bin"),
    ];
    let config = Host::new(&file).load(&env).unwrap();
    let want = Batch { max_rows: 9, max_bytes: ByteSize::from_mib(1), max_wait: Duration::from_secs(1) };
    assert_eq!(config.batch, want);
    assert_eq!(config.database.url, "mysql://env@h/app".parse().unwrap());
    assert_eq!(config.log, Log { level: LogLevel::Debug, format: LogFormat::Text });
}

#[test]
fn variables_alone_can_set_the_required_keys() {
    let env = [("TRACESPOOL__SPOOL__PATHS", "/e/*"), ("TRACESPOOL__DATABASE__URL", "sqlite:/x.db")];
    assert_eq!(Host::new("").load(&env).unwrap().spool.globs, globs(&["/e/*"], &[]));
}

#[test]
fn a_variable_holds_a_list() {
    #[track_caller]
    fn check(text: &str, want: &[&str]) {
        let config = from_env(&[("TRACESPOOL__SPOOL__PATHS", text)]);
        assert_eq!(config.spool.globs, globs(want, &[]));
    }
    check("/a", &["/a"]);
    check("/a/*.ndjson,/b/*.ndjson", &["/a/*.ndjson", "/b/*.ndjson"]);
    check(" /a , /b ", &["/a", "/b"]);
    check("/a/{x,y}.log,/b/[,;]", &["/a/{x,y}.log", "/b/[,;]"]);
    check("/a\\,b", &["/a\\,b"]);
    check("[\"/a\", '/b,c']", &["/a", "/b,c"]);
    assert_eq!(from_env(&[("TRACESPOOL__SPOOL__EXCLUDE", "")]).spool.globs, globs(&["/s/*.ndjson"], &[]));
    let exclude = from_env(&[("TRACESPOOL__SPOOL__EXCLUDE", "/s/a,/s/b")]).spool.globs;
    assert_eq!(exclude, globs(&["/s/*.ndjson"], &["/s/a", "/s/b"]));
}

#[test]
fn a_bad_list_in_a_variable_is_refused() {
    #[track_caller]
    fn check(text: &str, want: &str) {
        let message = only(messages(REQUIRED, &[("TRACESPOOL__SPOOL__PATHS", text)]));
        assert!(message.contains(want), "{message}");
    }
    check("", "`spool.paths` has 0 patterns; use 1 to 256 of them");
    check("[]", "has 0 patterns");
    check("/a,", "`spool.paths` holds empty; a pattern begins with `/`");
    check("[\"/a\"", "write `/a,/b`");
    check("[\"/a\"]\nother = 1", "write `/a,/b`");
    check("[1]", "`spool.paths` holds `1`; write text in quotes");
    check("relative", "begins with `/`");
}

#[test]
fn a_problem_says_where_the_value_was_set() {
    let host = Host::new(&format!("batch.max_rows = 0\n{REQUIRED}"));
    let problems = host.load(&[("TRACESPOOL__LOG__LEVEL", "loud")]).unwrap_err();
    let file = host.path("config.toml");
    let want = [
        Problem {
            key: Some("batch.max_rows".into()),
            origin: Origin::File(file.clone()),
            message: "`batch.max_rows` is `0`; use a number from 1 to 100000".into(),
        },
        Problem {
            key: Some("log.level".into()),
            origin: Origin::Variable("TRACESPOOL__LOG__LEVEL".into()),
            message: "`log.level` is `loud`; use one of `error`, `warn`, `info`, `debug`, `trace`".into(),
        },
    ];
    assert_eq!(problems.iter().cloned().collect::<Vec<_>>(), want);
    let text = format!(
        "{}: `batch.max_rows` is `0`; use a number from 1 to 100000\n\
         TRACESPOOL__LOG__LEVEL: `log.level` is `loud`; use one of `error`, `warn`, `info`, `debug`, `trace`",
        file.display()
    );
    assert_eq!(problems.to_string(), text);
}

#[test]
fn all_problems_come_at_once_and_in_the_same_order() {
    let text = r#"
            stray = 1
            log = "loud"
            [agent]
            id = "a b"
            shutdown_grace = "11m"
            [spool]
            exclude = ["x", "/ok", "/[", "/a//b"]
            path = "/a"
            [databse]
            url = "x"
            [database]
            table = "audit_logs"
            connections = 0
            tls_key = "key"
            [batch]
            max_row = 1
            max_bytes = "64MB"
            max_wait = 5
        "#;
    let env = [("TRACESPOOL__BATCH__MAX_ROW", "1"), ("TRACESPOOL__STATE__DIRECTORY", "here")];
    let want = [
        "`database.connections`",
        "`TRACESPOOL__BATCH__MAX_ROW` sets no key; did you mean `TRACESPOOL__BATCH__MAX_ROWS`?",
        "`agent.id` is `a b`; use 1 to 64 letters, digits, `.`, `_` and `-`",
        "`agent.shutdown_grace` is `11m`; use a duration from `0s` to `10m`",
        "`batch.max_bytes` is `64MB`; sizes count in steps of 1024: write `64MiB`",
        "`batch.max_row` is not a key; did you mean `batch.max_rows`?",
        "`batch.max_wait` is `5`; a duration needs a unit: write `\"5s\"`",
        "`database.table` is `audit_logs`; it names `audit_logs`, which the agent never writes to; \
         name another table, such as `telemetry_traces`",
        "`database.tls_key` is `key`; write an absolute path, one that begins with `/`",
        "`database.url` is missing; add it to section `[database]`",
        "`databse` is not a section; did you mean `database`?",
        "`log` is a section; write `[log]` and its keys below",
        "`spool.exclude` holds `/[`; it is not a valid pattern: unclosed character class; missing ']'",
        "`spool.exclude` holds `/a//b`; write the path without `//`, `.`, `..` and without a `/` at its end",
        "`spool.exclude` holds `x`; a pattern begins with `/`; to match in any folder begin it with `/**/`",
        "`spool.path` is not a key; did you mean `spool.paths`?",
        "`spool.paths` is missing; add it to section `[spool]`",
        "`state.directory` is `here`; write an absolute path, one that begins with `/`",
    ];
    let first = messages(text, &env);
    assert_eq!(first, messages(text, &env));
    for want in want {
        assert!(first.iter().any(|message| message.starts_with(want)), "{want}\nnot in {first:#?}");
    }
    let stray = first.iter().filter(|message| message.starts_with("`stray` is not a key; did you mean")).count();
    assert_eq!((first.len(), stray), (want.len() + 1, 1), "{first:#?}");
}

#[test]
fn unknown_names_are_refused_with_the_nearest() {
    #[track_caller]
    fn check(text: &str, want: &str) {
        assert_eq!(message(text), want);
    }
    check("batch.max_row = 1", "`batch.max_row` is not a key; did you mean `batch.max_rows`?");
    check("max_rows = 1", "`max_rows` is not a key; did you mean `batch.max_rows`?");
    check("[batches]\nmax_rows = 1", "`batches` is not a section; did you mean `batch`?");
    check("[[batch]]\nmax_rows = 1", "`batch` is a section; write `[batch]` and its keys below");
    check("[Batch]\nmax_rows = 1", "`Batch` is not a section; did you mean `batch`?");
    check("[batch]\nMax_Rows = 1", "`batch.Max_Rows` is not a key; did you mean `batch.max_rows`?");
    check("\"batch.max_rows\" = 1", "`batch.max_rows` is not a key; did you mean `batch.max_rows`?");
    check("\"batch[99999999999]\" = 1", "`batch[99999999999]` is not a key; did you mean `batch.max_rows`?");
    check("[batch.max]\nrows = 1", "`batch.max` is not a key; did you mean `batch.max_rows`?");
    check("[[spoool]]\nx = 1", "`spoool` is not a section; did you mean `spool`?");
    assert!(message("\"mysql://u:hunter2@h\" = 1").starts_with("`[hidden]` is not a key"));
}

#[test]
fn a_password_in_the_config_is_told_its_place() {
    let file = format!("{REQUIRED}database.password = \"hunter2\"\n");
    let message = only(messages(&file, &[]));
    assert!(message.contains("name that by `database.password_file`"), "{message}");
    assert!(!message.contains("hunter2"));
}

#[test]
fn an_unknown_variable_is_refused_without_its_value() {
    #[track_caller]
    fn check(name: &str, want: &str) {
        let problems = Host::new(REQUIRED).load(&[(name, "hunter2")]).unwrap_err();
        let want = format!("{name}: `{name}` sets no key; did you mean `{want}`?");
        assert_eq!(problems.to_string(), want);
    }
    check("TRACESPOOL__BATCH__MAX_ROW", "TRACESPOOL__BATCH__MAX_ROWS");
    check("TRACESPOOL__batch__max_rows", "TRACESPOOL__BATCH__MAX_ROWS");
    check("TRACESPOOL__BATCH_MAX_ROWS", "TRACESPOOL__BATCH__MAX_ROWS");
    check("TRACESPOOL__BATCH__MAX__ROWS", "TRACESPOOL__BATCH__MAX_ROWS");
    check("TRACESPOOL__DATABASE__PASSWORD", "TRACESPOOL__DATABASE__PASSWORD_FILE");
}

#[test]
fn only_variables_of_the_agent_are_taken_even_if_they_are_not_utf8() {
    let bytes = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let given: [(&[u8], &[u8]); 4] = [
        (b"PATH", b"/bin"),
        (b"TRACESPOOL__STATE__DIRECTORY", b"/a\xff"),
        (b"SECRET\xff", b"hunter2"),
        (b"CREDENTIALS_DIRECTORY", b"/run/c"),
    ];
    let got = ours(given.into_iter().map(|(name, value)| (bytes(name), bytes(value))));
    let want = pairs(&[("TRACESPOOL__STATE__DIRECTORY", "/a\u{FFFD}"), ("CREDENTIALS_DIRECTORY", "/run/c")]);
    assert_eq!(got.collect::<Vec<_>>(), want.collect::<Vec<_>>());
}

#[test]
fn a_variable_that_is_not_utf8_is_refused() {
    let message = only(messages(REQUIRED, &[("TRACESPOOL__STATE__DIRECTORY", "/a\u{FFFD}")]));
    assert_eq!(message, "`state.directory` is not valid UTF-8; set it to plain text");
}

#[test]
fn the_severities_that_go_first_are_words_of_the_table() {
    let first = |text: &str| config(&format!("shed.first = {text}")).shed.first;
    assert_eq!(first("[]"), []);
    assert_eq!(first("[\"info\", \"debug\"]"), [Severity::Info, Severity::Debug]);
    let env = [("TRACESPOOL__SHED__FIRST", "debug,info")];
    assert_eq!(from_env(&env).shed.first, [Severity::Debug, Severity::Info]);
    let message = message("shed.first = [\"notice\"]");
    assert!(message.ends_with("a severity is one of `debug`, `info`, `warning`, `error`"), "{message}");
}

#[test]
fn every_number_has_its_bounds() {
    #[track_caller]
    fn check(key: &str, good: &[&str], bad: &[&str], want: &str) {
        for value in good {
            config(&format!("{key} = {value}"));
        }
        for value in bad {
            let message = message(&format!("{key} = {value}"));
            assert!(message.ends_with(want), "{message}");
        }
    }
    check("batch.max_rows", &["1", "100000"], &["0", "100001", "-1", "1.5", "true"], "use a number from 1 to 100000");
    check("database.connections", &["1", "16"], &["0", "17", "9223372036854775807"], "use a number from 1 to 16");
    let grace = "use a duration from `0s` to `10m`";
    check(
        "agent.max_memory",
        &["\"32MiB\"", "\"64GiB\""],
        &["\"31MiB\"", "\"65GiB\""],
        "use a size from `32MiB` to `64GiB`",
    );
    check("agent.shutdown_grace", &["\"0s\"", "\"10m\""], &["\"601s\"", "\"1h\""], grace);
    let line = "use a size from `1KiB` to `64MiB`";
    check("spool.max_line_bytes", &["1024", "\"64MiB\""], &["1023", "67108865", "-1", "0"], line);
    let rescan = "use a duration from `50ms` to `1h`";
    check("spool.rescan_interval", &["\"50ms\"", "\"1h\""], &["\"49.9ms\"", "\"3600001ms\"", "\"0s\""], rescan);
    let timeout = "use a duration from `100ms` to `10m`";
    check("database.connect_timeout", &["\"100ms\"", "\"10m\""], &["\"99ms\"", "\"11m\""], timeout);
    check("database.write_timeout", &["\"100ms\"", "\"10m\""], &["\"99ms\"", "\"11m\""], timeout);
    let bytes = "use a size from `64KiB` to `256MiB`";
    check("batch.max_bytes", &["\"64KiB\"", "\"256MiB\""], &["65535", "\"257MiB\""], bytes);
    let backlog = "use a size from `64KiB` to `1048576GiB`";
    for key in ["shed.soft_backlog_bytes", "shed.max_backlog_bytes"] {
        check(key, &["65536", "\"1048576GiB\""], &["65535", "\"1048577GiB\""], backlog);
    }
    let age = "use a duration from `1s` to `8784h`";
    check("shed.max_age", &["\"1s\"", "\"8784h\""], &["\"999ms\"", "\"8785h\""], age);
    let wait = "use a duration from `0s` to `1m`";
    check("batch.max_wait", &["\"0s\"", "\"60s\""], &["\"61s\""], wait);
    let quarantine = "use a size from `64KiB` to `1024GiB`";
    check("quarantine.max_bytes", &["\"64KiB\"", "\"1024GiB\""], &["1", "\"1025GiB\""], quarantine);
}

#[test]
fn a_value_of_another_type_is_refused_with_what_to_write() {
    #[track_caller]
    fn check(text: &str, want: &str) {
        assert_eq!(message(text), want);
    }
    check("batch.max_rows = \"5000\"", "`batch.max_rows` is `5000`; write the number without quotes: 5000");
    check("batch.max_rows = \"many\"", "`batch.max_rows` is `many`; use a number from 1 to 100000");
    check("batch.max_rows = []", "`batch.max_rows` is a list; use a number from 1 to 100000");
    check("[batch.max_rows]\nx = 1", "`batch.max_rows` is a table; use a number from 1 to 100000");
    check(
        "batch.max_bytes = 1.5",
        "`batch.max_bytes` is `1.5`; write a size with its unit in quotes, such as `\"64MiB\"`",
    );
    check("batch.max_wait = 0", "`batch.max_wait` is `0`; a duration needs a unit: write `\"0s\"`");
    check(
        "batch.max_wait = -1",
        "`batch.max_wait` is `-1`; write a duration with its unit in quotes, such as `\"250ms\"`",
    );
    check("log.level = true", "`log.level` is `true`; use one of `error`, `warn`, `info`, `debug`, `trace`");
    check("log.level = \"Info\"", "`log.level` is `Info`; use one of `error`, `warn`, `info`, `debug`, `trace`");
    check("agent.id = 7", "`agent.id` is `7`; write text in quotes");
    check("state.directory = \"\"", "`state.directory` is empty; write an absolute path, one that begins with `/`");
    let text = "[database]\nurl = \"mysql://u@h/app\"\n[spool]\npaths = ";
    let message = |value: &str| only(messages(&format!("{text}{value}"), &[]));
    let list = "`spool.paths` is `/a`; write a list: square brackets around the text in quotes";
    assert_eq!(message("\"/a\""), list);
    assert_eq!(message("7"), "`spool.paths` is `7`; write a list of texts in quotes");
    assert_eq!(message("[7]"), "`spool.paths` holds `7`; write text in quotes");
    assert_eq!(message("[]"), "`spool.paths` has 0 patterns; use 1 to 256 of them");
    let many = format!("[{}]", "\"/a\",".repeat(257));
    assert_eq!(message(&many), "`spool.paths` has 257 patterns; use 1 to 256 of them");
}

#[test]
fn a_word_is_one_of_a_few() {
    #[track_caller]
    fn check(key: &str, want: &str) {
        let message = message(&format!("{key} = \"sideways\""));
        assert_eq!(message, format!("`{key}` is `sideways`; use one of {want}"));
    }
    check("spool.start_at", "`beginning`, `end`");
    check("database.method", "`auto`, `bulk`, `insert`");
    check("database.tls", "`auto`, `disabled`, `required`, `verify-ca`, `verify-identity`");
    check("log.format", "`text`, `json`");
}

#[test]
fn every_word_has_its_meaning() {
    #[track_caller]
    fn check<T: PartialEq + fmt::Debug>(key: &str, read: impl Fn(Config) -> T, words: &[(&str, T)]) {
        for (word, want) in words {
            assert_eq!(&read(config(&format!("{key} = \"{word}\""))), want, "{word}");
        }
    }
    check(
        "spool.start_at",
        |config| config.spool.start_at,
        &[("beginning", StartAt::Beginning), ("end", StartAt::End)],
    );
    check(
        "database.method",
        |config| config.database.method,
        &[("auto", Method::Auto), ("bulk", Method::Bulk), ("insert", Method::Insert)],
    );
    check(
        "database.tls",
        |config| config.database.tls,
        &[
            ("auto", Tls::Auto),
            ("disabled", Tls::Disabled),
            ("required", Tls::Required),
            ("verify-ca", Tls::VerifyCa),
            ("verify-identity", Tls::VerifyIdentity),
        ],
    );
    check(
        "log.level",
        |config| config.log.level,
        &[
            ("error", LogLevel::Error),
            ("warn", LogLevel::Warn),
            ("info", LogLevel::Info),
            ("debug", LogLevel::Debug),
            ("trace", LogLevel::Trace),
        ],
    );
    check("log.format", |config| config.log.format, &[("text", LogFormat::Text), ("json", LogFormat::Json)]);
}

#[test]
fn paths_are_absolute_and_plain() {
    #[track_caller]
    fn check(value: &str, want: &str) {
        for key in ["database.password_file", "database.tls_ca", "quarantine.path", "state.directory"] {
            let message = message(&format!("{key} = {value}"));
            assert!(message.contains(want), "{message}");
        }
    }
    check("\"secret\"", "an absolute path");
    check("\"~/secret\"", "an absolute path");
    check("\"/a/../secret\"", "without `//`");
    check("\"/a/\"", "without `//`");
    check("\"/a\\u0007\"", "control character");
    check(&format!("\"/{}\"", "a".repeat(4096)), "at most 4096 bytes");
}

#[test]
fn audit_logs_is_refused_wherever_it_is_named() {
    #[track_caller]
    fn check(section: &str) {
        let text = format!("[spool]\npaths = [\"/a\"]\n[database]\n{section}");
        let message = only(messages(&text, &[]));
        assert!(message.contains("`audit_logs`, which the agent never writes to"), "{message}");
    }
    check("url = \"mysql://u@h/app\"\ntable = \"`app`.`Audit_Logs`\"");
    check("url = \"mysql://u@h/app\"\ntable = \" AUDIT_LOGS \"");
    check("url = \"mysql://u@h/%61udit_logs\"");
    let env = [("TRACESPOOL__DATABASE__TABLE", "app.audit_logs")];
    assert!(only(messages(REQUIRED, &env)).contains("never writes to"));
}

#[test]
fn an_url_is_never_shown() {
    #[track_caller]
    fn check(text: &str) {
        let problems = Host::new(text).load(&[]).unwrap_err();
        let shown = format!("{problems} {problems:?}");
        assert!(!shown.contains("hunter2") && problems.iter().count() == 1, "{shown}");
    }
    check("[spool]\npaths = [\"/a\"]\n[database]\nurl = \"mysql://u:hunter2@h\"");
    check("[spool]\npaths = [\"/a\"]\n[database]\nurl = [\"mysql://u:hunter2@h/x\"]");
    check("[spool]\npaths = [\"/a\"]\n[database]\nurl = \"hunter2\"");
    check(&format!("{REQUIRED}database.\"mysql://u:hunter2@h\" = 1"));
    check(&format!("{REQUIRED}database.table = \"mysql://u:hunter2@h/app\""));
    check(&format!("{REQUIRED}database.password_file = \"hunter2\""));
}

#[test]
fn debug_of_a_config_hides_the_url() {
    let text = "[spool]\npaths = [\"/a\"]\n[database]\nurl = \"mysql://u:hunter2@h/app\"";
    let shown = format!("{:?}", Host::new(text).load(&[]).unwrap());
    assert!(shown.contains("[hidden]") && !shown.contains("hunter2"), "{shown}");
}

#[test]
fn sqlite_takes_no_schema() {
    let text = "[spool]\npaths = [\"/a\"]\n[database]\nurl = \"sqlite:/x.db\"\ntable = \"app.traces\"";
    assert!(only(messages(text, &[])).contains("write the table alone"));
}

#[test]
fn a_certificate_and_its_key_come_together() {
    let cert = only(messages(&format!("{REQUIRED}database.tls_cert = \"/c\""), &[]));
    assert!(cert.starts_with("`database.tls_key` is missing"), "{cert}");
    let key = only(messages(&format!("{REQUIRED}database.tls_key = \"/k\""), &[]));
    assert!(key.starts_with("`database.tls_cert` is missing"), "{key}");
}

#[test]
fn the_agent_is_named_after_a_hash_of_the_machine() {
    let id = config("").agent.id;
    assert_eq!(id.len(), 16);
    assert!(id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert!(!MACHINE.contains(&id));
    let host = Host::new(REQUIRED);
    host.write("machine-id", MACHINE.trim().to_uppercase(), 0o644);
    assert_eq!(host.load(&[]).unwrap().agent.id, id);
    host.write("machine-id", MACHINE.replace('0', "1"), 0o644);
    assert_ne!(host.load(&[]).unwrap().agent.id, id);
}

#[test]
fn a_machine_without_an_id_needs_an_agent_id() {
    #[track_caller]
    fn check(content: &str, why: &str) {
        let host = Host::new(REQUIRED);
        host.write("machine-id", content, 0o644);
        let problems = host.load(&[]).unwrap_err().to_string();
        assert!(problems.contains(why) && problems.ends_with("; set `agent.id`"), "{problems}");
        assert_eq!(host.load(&[("TRACESPOOL__AGENT__ID", "web-1")]).unwrap().agent.id, "web-1");
    }
    check("", "holds no machine id");
    check("uninitialized\n", "holds no machine id");
    check(&"0".repeat(32), "holds no machine id");
    check(&"a".repeat(5000), "is larger than 4KiB");
    let host = Host::new(REQUIRED);
    fs::remove_file(host.path("machine-id")).unwrap();
    assert!(host.load(&[]).unwrap_err().to_string().contains("machine-id` does not exist; set `agent.id`"));
}

#[test]
fn an_agent_id_is_short_and_plain() {
    config(&format!("agent.id = \"{}\"", "a".repeat(64)));
    for bad in ["", "a b", "a/b", "é", &"a".repeat(65)] {
        assert!(message(&format!("agent.id = \"{bad}\"")).contains("use 1 to 64 letters"), "{bad}");
    }
}

#[test]
fn a_missing_file_is_one_problem_beside_those_of_the_environment() {
    let host = Host::new("");
    fs::remove_file(host.path("config.toml")).unwrap();
    let only_file = host.load(&[]).unwrap_err().to_string();
    assert!(only_file.contains("does not exist; write it") && only_file.lines().count() == 1, "{only_file}");
    let both = host.load(&[("TRACESPOOL__LOG__LEVEL", "loud")]).unwrap_err().to_string();
    assert!(both.contains("`loud`") && both.lines().count() == 2, "{both}");
    let complete = [("TRACESPOOL__SPOOL__PATHS", "/e/*"), ("TRACESPOOL__DATABASE__URL", "sqlite:/x.db")];
    assert!(host.load(&complete).is_err());
}

#[test]
fn only_a_regular_file_of_some_size_is_read() {
    #[track_caller]
    fn check(host: &Host, want: &str) {
        let problems = host.load(&[]).unwrap_err().to_string();
        assert!(problems.contains(want) && problems.lines().count() == 1, "{problems}");
    }
    let path = |host: &Host| host.path("config.toml");
    let host = Host::new("");
    host.write("config.toml", vec![b'#'; (1 << 20) + 1], 0o600);
    check(&host, "the config is larger than 1MiB");
    host.write("config.toml", b"# \xff", 0o600);
    check(&host, "not UTF-8 at byte 2");
    fs::remove_file(path(&host)).unwrap();
    fs::create_dir(path(&host)).unwrap();
    check(&host, "is not a regular file");
    fs::remove_dir(path(&host)).unwrap();
    let made = rustix::fs::mknodat(
        rustix::fs::CWD,
        path(&host),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    );
    made.unwrap();
    check(&host, "is not a regular file");
}

#[test]
fn a_file_anybody_may_write_is_refused_with_its_other_problems() {
    let host = Host::new(&format!("batch.max_rows = 0\n{REQUIRED}"));
    host.write("config.toml", format!("batch.max_rows = 0\n{REQUIRED}"), 0o646);
    let problems = host.load(&[]).unwrap_err().to_string();
    assert!(problems.contains("`chmod o-w`") && problems.lines().count() == 2, "{problems}");
    host.write("config.toml", REQUIRED, 0o664);
    host.load(&[]).unwrap();
}

#[test]
fn a_syntax_error_has_its_place_and_not_its_line() {
    #[track_caller]
    fn check(text: &str, want: &str) {
        let problems = Host::new(text).load(&[]).unwrap_err();
        let shown = format!("{problems} {problems:?}");
        assert!(shown.contains(want) && !shown.contains("hunter2"), "{shown}");
        assert_eq!(problems.iter().count(), 1);
    }
    check("[database]\nurl = \"mysql://u:hunter2@h/app", "line 2, column ");
    check("[database]\nurl = hunter2", "line 2, column ");
    check("[database]\nhunter2\n", "line 2, column ");
    check("[log]\nlevel = \"info\"\nlevel = \"hunter2\"", "line 3, column 1 names a key or section twice");
    check("[log]\n[log]\n# hunter2", "line 2, column 2 names a key or section twice");
    check("[batch]\nmax_rows = 99999999999999999999", "number");
}

#[test]
fn the_password_comes_from_its_file_before_the_credential() {
    #[track_caller]
    fn check(content: &str, want: Option<&str>) {
        let host = Host::new("");
        let file = host.write("secret", content, 0o600);
        let with_file = config(&format!("database.password_file = \"{}\"", file.display()));
        let elsewhere = host.folder.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        fs::write(elsewhere.join("database-password"), "other").unwrap();
        let env = [("CREDENTIALS_DIRECTORY", elsewhere.to_str().unwrap())];
        let got = with_file.password(pairs(&env)).unwrap();
        assert_eq!(got.as_ref().map(Secret::reveal), want);

        fs::write(elsewhere.join("database-password"), content).unwrap();
        let got = config("").password(pairs(&env)).unwrap();
        assert_eq!(got.as_ref().map(Secret::reveal), want);
    }
    check("hunter2", Some("hunter2"));
    check("hunter2\n", Some("hunter2"));
    check("hunter2\r\n", Some("hunter2"));
    check(" with spaces \n", Some(" with spaces "));
    check("", None);
    check("\n", None);
}

#[test]
fn without_a_file_or_credential_there_is_no_password() {
    let config = config("");
    let folder = TempDir::new().unwrap();
    let empty = [("CREDENTIALS_DIRECTORY", folder.path().to_str().unwrap())];
    assert_eq!(config.password(pairs(&[])), Ok(None));
    assert_eq!(config.password(pairs(&empty)), Ok(None));
    assert_eq!(config.password(pairs(&[("CREDENTIALS_DIRECTORY", "")])), Ok(None));
}

#[test]
fn a_password_file_that_cannot_be_used_is_a_problem_without_its_content() {
    #[track_caller]
    fn check(content: &[u8], want: &str) {
        let host = Host::new("");
        let file = host.write("database-password", content, 0o600);
        let from_file = config(&format!("database.password_file = \"{}\"", file.display()));
        let folder = host.folder.path().to_str().unwrap().to_owned();
        let credential = [("CREDENTIALS_DIRECTORY", folder.as_str())];
        for problem in [from_file.password(pairs(&[])), config("").password(pairs(&credential))] {
            let problem = problem.unwrap_err();
            assert_eq!(problem.origin, Origin::File(file.clone()));
            let shown = format!("{problem} {problem:?}");
            assert!(shown.contains(want) && !shown.contains("hunter2"), "{shown}");
        }
    }
    check(b"hunter2\nhunter2\n", "holds more than one line");
    check(b"hunter2\0", "holds more than one line");
    check(b"hunter2\xff", "is not UTF-8");
    check(&[b'x'; 4097], "is larger than 4KiB");
    let missing = config("database.password_file = \"/nowhere/secret\"").password(pairs(&[])).unwrap_err();
    let want = "/nowhere/secret: the file of `database.password_file` does not exist; write the password to it";
    assert_eq!(missing.to_string(), want);
}

#[test]
fn a_check_tells_of_the_password_beside_every_other_problem() {
    #[track_caller]
    fn check(host: &Host, env: &[(&str, &str)], want: &[&str]) {
        let problems = host.check(env).unwrap_err();
        let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(messages.len(), want.len(), "{messages:#?}");
        for want in want {
            assert!(messages.iter().any(|message| message.contains(want)), "{want} not in {messages:#?}");
        }
    }
    let host = Host::new("database.password_file = \"/nowhere/secret\"\nbatch.max_rows = 0\nlog.level = \"loud\"");
    let others = ["`spool.paths` is missing", "`database.url` is missing", "`batch.max_rows`", "`log.level`"];
    let missing = "the file of `database.password_file` does not exist";
    check(&host, &[], &[&[missing][..], &others].concat());

    let host = Host::new(REQUIRED);
    let credential = host.write("database-password", "hunter2\nhunter2", 0o600);
    let env = [("CREDENTIALS_DIRECTORY", credential.parent().unwrap().to_str().unwrap())];
    check(&host, &env, &["the credential `database-password` holds more than one line"]);
    host.load(&env).unwrap();
    assert_eq!(host.check(&[]), host.load(&[]));
    host.write("database-password", "hunter2", 0o600);
    assert_eq!(host.check(&env), host.load(&env));
}

#[test]
fn sqlite_asks_for_no_password() {
    let text = "[spool]\npaths = [\"/a\"]\n[database]\nurl = \"sqlite:/x.db\"\npassword_file = \"/nowhere/secret\"";
    Host::new(text).check(&[]).unwrap();
}

#[test]
fn an_origin_shows_no_control_characters() {
    assert_eq!(Origin::File("/a\u{1b}[2J\nb".into()).to_string(), "/a\u{FFFD}[2J\u{FFFD}b");
}

#[test]
fn an_action_needs_its_key() {
    #[track_caller]
    fn check(text: &str, want: &str) {
        let message = message(text);
        assert!(message.starts_with(want), "{message}");
    }
    for key in ["action", "pii_action"] {
        check(&format!("scrub.{key} = \"hash\""), "`scrub.hash_key_file` is missing");
        check(&format!("scrub.{key} = \"encrypt\""), "`scrub.encrypt_recipient` is missing");
    }
    check("[[scrub.rules]]\nid = \"pin\"\naction = \"hash\"", "`scrub.hash_key_file` is missing");
    check("scrub.action = \"blank\"", "`scrub.action` is `blank`; use one of `redact`, `mask`, `hash`,");
    check(
        "scrub.encrypt_recipient = \"tspub1hunter2\"",
        "`scrub.encrypt_recipient` cannot be used: some of its letters",
    );
    assert!(!message("scrub.encrypt_recipient = \"hunter2\"").contains("hunter2"));
}

#[test]
fn the_key_of_the_hashes_is_read_and_checked() {
    let host = Host::new("");
    let check = |content: &str, mode: u32, want: Option<&str>| {
        let key = host.write("key", content, mode);
        host.write("config.toml", format!("{REQUIRED}scrub.action = \"hash\"\nscrub.hash_key_file = {key:?}"), 0o640);
        assert!(host.load(&[]).is_ok(), "the file is not looked at yet");
        let problems = host.check(&[]).err().map(|problems| problems.to_string());
        let scrubbing = Config::load_scrubbing(&host.path("config.toml"), pairs(&[])).err();
        assert_eq!(problems, scrubbing.map(|problems| problems.to_string()));
        match (&problems, want) {
            (Some(problems), Some(want)) => {
                assert!(problems.contains(want) && !problems.contains("kkk"), "{problems}")
            }
            (problems, want) => assert_eq!(problems.as_deref(), want),
        }
    };
    check(&"k".repeat(32), 0o600, None);
    check(&format!("{}\n", "k".repeat(32)), 0o640, None);
    check(&format!("{}\n", "k".repeat(31)), 0o600, Some("holds 31 bytes, and a key has at least 32"));
    check(&"k".repeat(32), 0o604, Some("may be read by anybody"));
    check(&"k".repeat(32), 0o660, Some("written by its group"));
    check(&"k".repeat(5000), 0o600, Some("is larger than"));
    fs::remove_file(host.path("key")).unwrap();
    assert!(host.check(&[]).unwrap_err().to_string().contains("`scrub.hash_key_file` does not exist"));
    assert!(host.load(&[]).unwrap().scrubbing().is_err());
}

#[test]
fn every_problem_with_a_rule_is_named_without_its_examples() {
    let text = r#"
            [scrub]
            keys = ["", "größe"]
            allow_keys = ["/"]
            [[scrub.rules]]
            id = "Staff"
            pattern = "("
            patern = "x"
            kind = "name"
            action = 1
            keywords = "x"
            tests = { secret = [1], hunter2 = 1 }
            [[scrub.rules]]
            pattern = "x+"
            tests = { secret = ["hunter2"] }
            [[scrub.rules]]
            id = "staff"
            pattern = "x+"
            tests = { innocent = ["hunter2x"] }
            [[scrub.rules]]
            id = "staff"
            action = "redact"
        "#;
    let messages = messages(&format!("{REQUIRED}{text}"), &[]);
    let want = [
        "`scrub.keys` holds empty; write a word or several",
        "`scrub.keys` holds `größe`; use ASCII letters",
        "`scrub.allow_keys` holds `/`; write a path as",
        "`scrub.rules`, rule 1: `patern` is no key of a rule; use `id`, `pattern`,",
        "`scrub.rules`, rule 1: `kind`: use one of `secret`, `pii`",
        "`scrub.rules`, rule 1: `action`: use one of `redact`,",
        "`scrub.rules`, rule 1: `keywords`: write a list of texts",
        "`scrub.rules`, rule 1: `tests`: only `secret` and `innocent`",
        "`scrub.rules`, rule 1: `tests.secret`: write a list of texts",
        "`scrub.rules`, rule 2: `id` is missing",
        "`scrub.rules`, rule 3 (`staff`): `tests.innocent`, number 1: the pattern finds something",
        "`scrub.rules`, rule 4 (`staff`): `pattern` is missing, and there is no built-in rule",
        "`scrub.rules`, rule 4 (`staff`): `id`: another rule has it too",
    ];
    assert_eq!(messages.len(), want.len(), "{messages:#?}");
    for (message, want) in messages.iter().zip(want) {
        assert!(message.starts_with(want) && !message.contains("hunter2"), "{message}");
    }
}

#[test]
fn rules_can_be_set_by_a_variable() {
    let config = from_env(&[("TRACESPOOL__SCRUB__RULES", "[{ id = \"pin\", action = \"remove\" }]")]);
    assert_eq!(config.scrub.rules.len(), 1);
    assert_eq!(from_env(&[("TRACESPOOL__SCRUB__KEYS", "salary, bonus")]).scrub.keys.len(), 2);
}

#[test]
fn the_section_scrub_can_be_read_alone() {
    let host = Host::new("[batch]\nmax_row = 1\n[scrub]\nkeys = [\"salary\"]");
    let load = || Config::load_scrubbing(&host.path("config.toml"), pairs(&[]));
    assert_eq!(load().unwrap().keys, ["salary".parse().unwrap()]);
    host.write("config.toml", "[scrub]\nkey = 1", 0o640);
    assert_eq!(load().unwrap_err().iter().count(), 1);
    host.write("config.toml", "[scrub", 0o640);
    assert_eq!(load().unwrap_err().iter().count(), 1);
}

const EXAMPLE: &str = include_str!("../../config.example.toml");

/// `key = value` or `# key = value`: the text behind the `#`, and its key.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix("# ").unwrap_or(line);
    let (key, _) = line.split_once(" = ")?;
    key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_').then_some((line, key))
}

#[test]
fn the_example_shows_every_key_in_order_and_no_other() {
    let (mut section, mut shown) = ("", Vec::new());
    let mut previous = "";
    for line in EXAMPLE.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
        } else if let Some((_, key)) = assignment(line) {
            assert!(previous.starts_with("# "), "no reason before `{line}`");
            assert!(assignment(previous).is_none(), "no reason before `{line}`");
            shown.push(format!("{section}.{key}"));
        }
        previous = line;
    }
    assert_eq!(shown, KEYS.iter().map(|key| key.name).collect::<Vec<_>>());
}

#[test]
fn the_example_shows_required_keys_set_and_the_others_not() {
    let host = Host::new(EXAMPLE);
    let mut want = Host::new(REQUIRED).load(&[]).unwrap();
    let config = host.load(&[]).unwrap();
    want.spool.globs = config.spool.globs.clone();
    want.database.url = config.database.url.clone();
    assert_eq!(config, want);
}

#[test]
fn the_example_shows_the_defaults() {
    let uncommented: Vec<_> = EXAMPLE.lines().map(|line| assignment(line).map_or(line, |(line, _)| line)).collect();
    let config = Host::new(&uncommented.join("\n")).load(&[]).unwrap();
    let mut want = Host::new(EXAMPLE).load(&[]).unwrap();
    // What has no default shows an example.
    want.agent.id = "web-1".into();
    want.database.password_file = Some("/etc/tracespool/database-password".into());
    want.database.tls_ca = Some("/etc/tracespool/ca.pem".into());
    want.database.tls_cert = Some("/etc/tracespool/client.pem".into());
    want.database.tls_key = Some("/etc/tracespool/client-key.pem".into());
    want.scrub.hash_key_file = Some("/etc/tracespool/hash-key".into());
    want.scrub.encrypt_recipient = config.scrub.encrypt_recipient.clone();
    assert!(want.scrub.encrypt_recipient.is_some());
    assert_eq!(config, want);
    for key in KEYS {
        if let Unset::Default(value) = key.unset {
            assert!(uncommented.contains(&format!("{} = {value}", key.last()).as_str()), "{}", key.name);
        }
    }
}
