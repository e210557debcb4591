//! The config: what an operator wrote, read into types, or every problem with it at once (CONTRACT §6).
//!
//! Invariant: a [`Config`] is valid: each value is within its bounds, and none names what R2 forbids.
//! Invariant: nothing outside of this module reads the environment.
//! Invariant: neither a problem nor the `Debug` of anything here shows a password.

mod database;
mod keys;
mod reader;
mod reload;
mod scrub;
mod units;

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

pub use self::database::Url;
use self::reader::Reader;
pub use self::scrub::{ActionName, Rule, Scrub};
pub use self::units::ByteSize;
use crate::record::Severity;
use crate::scrub as scrubbing;
use crate::sink::mysql::{Method, Secret, Tls};
use crate::sink::table::TableName;
use crate::spool::StartAt;
use crate::spool::globs::Globs;

/// The whole config, valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Section `agent`.
    pub agent: Agent,
    /// Section `spool`.
    pub spool: Spool,
    /// Section `database`.
    pub database: Database,
    /// Section `batch`.
    pub batch: Batch,
    /// Section `shed`.
    pub shed: Shed,
    /// Section `scrub`.
    pub scrub: Scrub,
    /// Section `quarantine`.
    pub quarantine: Quarantine,
    /// Section `state`.
    pub state: State,
    /// Section `metrics`.
    pub metrics: Metrics,
    /// Section `retention`.
    pub retention: Retention,
    /// Section `log`.
    pub log: Log,
}

/// Section `agent`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Under which name the database keeps this agent's frontiers: 1 to 64 letters, digits, `.`, `_` and `-`.
    pub id: String,
    /// How long a stop may take before what is left stays in the spool.
    pub shutdown_grace: Duration,
    /// How much memory the agent is to get along with.
    pub max_memory: ByteSize,
}

/// Section `spool`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spool {
    /// What to tail: at least one pattern, and what of that to leave alone.
    pub globs: Globs,
    /// Where to start in a file never seen.
    pub start_at: StartAt,
    /// The longest line that is read.
    pub max_line_bytes: ByteSize,
    /// How often the spool is looked at when nothing called for it.
    pub rescan_interval: Duration,
}

/// Section `database`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Where it is.
    pub url: Url,
    /// An absolute path to the password; see [`Config::password`].
    pub password_file: Option<PathBuf>,
    /// The table to write to.
    pub table: TableName,
    /// How many connections write at the same time, at least 1.
    pub connections: usize,
    /// How rows are sent.
    pub method: Method,
    /// How long one host may take to be connected to.
    pub connect_timeout: Duration,
    /// How long one request may take.
    pub write_timeout: Duration,
    /// When to encrypt, and what to verify.
    pub tls: Tls,
    /// An absolute path to the certificates to trust, in place of those the system trusts.
    pub tls_ca: Option<PathBuf>,
    /// An absolute path to the agent's certificate; there is one exactly if there is a `tls_key`.
    pub tls_cert: Option<PathBuf>,
    /// An absolute path to the key of `tls_cert`.
    pub tls_key: Option<PathBuf>,
}

/// Section `batch`: a batch is sent when the first of these is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Rows of a batch, at least 1.
    pub max_rows: usize,
    /// Bytes of its lines.
    pub max_bytes: ByteSize,
    /// How long its first line has waited.
    pub max_wait: Duration,
}

/// Section `shed`: what is let go when the database cannot take it all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shed {
    /// The severities that go first.
    pub first: Vec<Severity>,
    /// The backlog over which they go.
    pub soft_backlog_bytes: ByteSize,
    /// The backlog over which the oldest lines go.
    pub max_backlog_bytes: ByteSize,
    /// The age over which lines go.
    pub max_age: Duration,
}

/// Section `quarantine`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantine {
    /// An absolute path to its file.
    pub path: PathBuf,
    /// How large the file may become.
    pub max_bytes: ByteSize,
}

/// Section `state`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// An absolute path to the folder of what the agent remembers.
    pub directory: PathBuf,
}

/// Section `metrics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metrics {
    /// Where they are served; `None`: nowhere.
    pub listen: Option<SocketAddr>,
}

/// Section `retention`, for `prune`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// How many days a row stays, at least 1.
    pub days: u32,
}

/// Section `log`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// The least important messages that are written.
    pub level: LogLevel,
    /// How they are written.
    pub format: LogFormat,
}

/// The least important messages that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// Only what needs somebody.
    Error,
    /// And what may come to need somebody.
    Warn,
    /// And what changed.
    Info,
    /// And why.
    Debug,
    /// Everything.
    Trace,
}

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In this file.
    File(PathBuf),
    /// By this environment variable.
    Variable(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Origin::File(path) => path.to_string_lossy(),
            Origin::Variable(name) => name.into(),
        };
        let plain = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
        f.write_str(&name.chars().map(plain).collect::<String>())
    }
}

/// One thing that is wrong with a config.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{origin}: {message}")]
pub struct Problem {
    /// The key or section at fault; `None` when it is no single one, or its name could hold a password.
    pub key: Option<String>,
    /// Where it was set, or should be.
    pub origin: Origin,
    /// What is wrong and what to do. No password is in it.
    pub message: String,
}

/// Everything that is wrong with a config; at least one problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// The problems, in an order that stays the same.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Problems(vec![problem])
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    /// One problem a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, problem) in self.iter().enumerate() {
            if i > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Why a value cannot be used and what to write instead. The value itself is not in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub(crate) String);

impl Refused {
    fn new(text: &str) -> Self {
        Refused(text.to_owned())
    }

    /// Refused for what the type's own parser says.
    fn because(error: impl std::error::Error) -> Self {
        Refused(error.to_string())
    }
}

/// The variables of this process that concern the agent. What is not UTF-8 in them is replaced by U+FFFD, which
/// [`Config::load`] refuses.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    ours(std::env::vars_os())
}

fn ours(variables: impl Iterator<Item = (OsString, OsString)>) -> impl Iterator<Item = (String, String)> {
    variables
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .filter(|(name, _)| name == CREDENTIALS || name.starts_with(keys::PREFIX))
}

impl Config {
    /// Reads the file, lets the variables `TRACESPOOL__SECTION__KEY` of `env` win over it, and checks every key.
    ///
    /// # Errors
    /// Every problem with the file, the variables and the values, all at once.
    pub fn load(file: &Path, env: impl Iterator<Item = (String, String)>) -> Result<Config, Problems> {
        load(file, env, Path::new(MACHINE_ID), Reach::Keys)
    }

    /// As [`Config::load`], and reads what the keys lead to: the password, and the key of the hashes.
    ///
    /// # Errors
    /// As [`Config::load`], [`Config::password`] and [`Config::scrubbing`], all at once.
    pub fn check(file: &Path, env: impl Iterator<Item = (String, String)>) -> Result<Config, Problems> {
        load(file, env, Path::new(MACHINE_ID), Reach::Secrets)
    }

    /// The password to the database: from `database.password_file`, else from the credential `database-password` that
    /// systemd puts into the folder `$CREDENTIALS_DIRECTORY` of `env`. A file without a password is as none.
    ///
    /// # Errors
    /// The file cannot be read, or holds more than one line.
    pub fn password(&self, env: impl Iterator<Item = (String, String)>) -> Result<Option<Secret>, Problem> {
        find_password(self.database.password_file.as_deref(), env)
    }

    /// The options of the scrubber.
    ///
    /// # Errors
    /// The key of the hashes cannot be read, or is not fit to be one.
    pub fn scrubbing(&self) -> Result<scrubbing::Options, Problem> {
        self.scrub.options(hash_key)
    }

    /// The options of the scrubber by the section `scrub` alone, whatever the rest of the config is like.
    ///
    /// # Errors
    /// Every problem with that section and with the file as a whole, all at once.
    pub fn load_scrubbing(
        file: &Path,
        env: impl Iterator<Item = (String, String)>,
    ) -> Result<scrubbing::Options, Problems> {
        let mut reader = open(file, env);
        let section = scrub::read(&mut reader);
        let problems = reader.into_problems_of("scrub");
        match section {
            Some(section) if problems.is_empty() => {
                section.options(hash_key).map_err(|problem| Problems(vec![problem]))
            }
            _ => {
                assert!(!problems.is_empty(), "a section that cannot be used has a problem");
                Err(Problems(problems))
            }
        }
    }
}

/// How far a config is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Its keys.
    Keys,
    /// And the secrets that the keys lead to.
    Secrets,
}

/// Where the machine says who it is.
const MACHINE_ID: &str = "/etc/machine-id";

/// Where systemd says which folder holds the credentials of the service.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// The credential that holds the password.
const CREDENTIAL: &str = "database-password";

/// How large a config file may be, in bytes.
const FILE_MAX: u64 = 1 << 20;

/// How large a password file may be, in bytes.
const PASSWORD_MAX: u64 = 4096;

fn load(
    file: &Path,
    env: impl Iterator<Item = (String, String)>,
    machine_id: &Path,
    reach: Reach,
) -> Result<Config, Problems> {
    let env: Vec<_> = env.collect();
    let mut reader = open(file, env.iter().cloned());
    let secrets = match reach {
        Reach::Keys => None,
        Reach::Secrets => Some(env.as_slice()),
    };
    let config = read_keys(&mut reader, machine_id, secrets);
    let problems = reader.into_problems();
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => {
            assert!(!problems.is_empty(), "a config that cannot be used has a problem");
            Err(Problems(problems))
        }
    }
}

/// Reads the file, and merges it with the defaults and the variables.
fn open(file: &Path, env: impl Iterator<Item = (String, String)>) -> Reader {
    let content = read_file(file, FILE_MAX);
    let text = match &content {
        Ok(content) => std::str::from_utf8(&content.bytes)
            .map_err(|error| Refused(format!("not UTF-8 at byte {}; save it as UTF-8", error.valid_up_to()))),
        Err(Unread::Missing) => Err(Refused::new(
            "the config does not exist; write it after the example, `config.example.toml`, or name another with `--config`",
        )),
        Err(Unread::Failed(Refused(why))) => Err(Refused(format!("the config {why}"))),
    };
    let mut reader = Reader::new(file, text, env);
    if content.is_ok_and(|content| content.mode & 0o002 != 0) {
        reader.file_problem(Refused::new("anybody may write to the config; take that away with `chmod o-w`"));
    }
    reader
}

/// Reads every section before it gives up for one of them, so that all problems come at once. With the variables in
/// `secrets` it also looks for what the keys lead to.
fn read_keys(reader: &mut Reader, machine_id: &Path, secrets: Option<&[(String, String)]>) -> Option<Config> {
    let agent = read_agent(reader, machine_id);
    let spool = read_spool(reader);
    let database = read_database(reader, secrets);
    let batch = read_batch(reader);
    let shed = read_shed(reader);
    let scrub = scrub::read(reader);
    if let (Some(_), Some(scrub)) = (secrets, &scrub)
        && let Err(problem) = scrub.options(hash_key)
    {
        reader.add(problem);
    }
    let (quarantine, state) = read_quarantine_and_state(reader);
    let metrics = reader.text("metrics.listen", reader::listen).map(|listen| Metrics { listen });
    let retention = reader.number("retention.days", 1..=36_500).map(|days| Retention { days: days as u32 });
    let log = read_log(reader);
    Some(Config {
        agent: agent?,
        spool: spool?,
        database: database?,
        batch: batch?,
        shed: shed?,
        scrub: scrub?,
        quarantine: quarantine?,
        state: state?,
        metrics: metrics?,
        retention: retention?,
        log: log?,
    })
}

fn read_agent(reader: &mut Reader, machine_id: &Path) -> Option<Agent> {
    let id = match reader.optional_text("agent.id", agent_id) {
        Some(None) => match hashed_machine_id(machine_id) {
            Ok(id) => Some(id),
            Err(Refused(why)) => {
                let machine_id = machine_id.display();
                let message = format!("`agent.id` is not set and `{machine_id}` {why}; set `agent.id`");
                reader.problem("agent.id", message);
                None
            }
        },
        Some(given) => given,
        None => None,
    };
    let shutdown_grace = reader.duration("agent.shutdown_grace", Duration::ZERO..=minutes(10));
    let max_memory = reader.size("agent.max_memory", ByteSize::from_mib(32)..=ByteSize::from_gib(64));
    Some(Agent { id: id?, shutdown_grace: shutdown_grace?, max_memory: max_memory? })
}

fn read_spool(reader: &mut Reader) -> Option<Spool> {
    let paths = reader.patterns("spool.paths", reader::patterns_range(1));
    let exclude = reader.patterns("spool.exclude", reader::patterns_range(0));
    let start_at = reader.word("spool.start_at", &[("beginning", StartAt::Beginning), ("end", StartAt::End)]);
    let max_line_bytes = reader.size("spool.max_line_bytes", ByteSize::from_kib(1)..=ByteSize::from_mib(64));
    let rescan_interval = reader.duration("spool.rescan_interval", Duration::from_millis(50)..=minutes(60));
    Some(Spool {
        globs: Globs::of(paths?, exclude?),
        start_at: start_at?,
        max_line_bytes: max_line_bytes?,
        rescan_interval: rescan_interval?,
    })
}

fn read_database(reader: &mut Reader, secrets: Option<&[(String, String)]>) -> Option<Database> {
    let timeout = Duration::from_millis(100)..=minutes(10);
    let url: Option<Url> = reader.text("database.url", str::parse);
    let password_file = reader.optional_text("database.password_file", reader::absolute_path);
    let table = reader.text("database.table", |text| text.parse::<TableName>().map_err(Refused::because));
    let connections = reader.number("database.connections", 1..=16);
    let methods = [("auto", Method::Auto), ("bulk", Method::Bulk), ("insert", Method::Insert)];
    let method = reader.word("database.method", &methods);
    let connect_timeout = reader.duration("database.connect_timeout", timeout.clone());
    let write_timeout = reader.duration("database.write_timeout", timeout);
    let modes = [
        ("auto", Tls::Auto),
        ("disabled", Tls::Disabled),
        ("required", Tls::Required),
        ("verify-ca", Tls::VerifyCa),
        ("verify-identity", Tls::VerifyIdentity),
    ];
    let tls = reader.word("database.tls", &modes);
    let tls_ca = reader.optional_text("database.tls_ca", reader::absolute_path);
    let tls_cert = reader.optional_text("database.tls_cert", reader::absolute_path);
    let tls_key = reader.optional_text("database.tls_key", reader::absolute_path);

    if let (Some(Url::Sqlite(_)), Some(Some(_))) = (&url, table.as_ref().map(TableName::schema)) {
        let message = "`database.table` names a schema, and an SQLite file has none; write the table alone";
        reader.problem("database.table", message.to_owned());
    }
    match (&tls_cert, &tls_key) {
        (Some(Some(_)), Some(None)) => {
            let message = "`database.tls_key` is missing; a `database.tls_cert` is of no use without its key";
            reader.problem("database.tls_key", message.to_owned());
        }
        (Some(None), Some(Some(_))) => {
            let message = "`database.tls_cert` is missing; a `database.tls_key` is of no use without its certificate";
            reader.problem("database.tls_cert", message.to_owned());
        }
        (Some(Some(_)), Some(Some(_))) | (Some(None), Some(None)) | (None, _) | (_, None) => {}
    }
    // An SQLite file has no password, and a file named for one means nothing.
    if let (Some(env), None | Some(Url::MySql(_)), Some(file)) = (secrets, &url, &password_file)
        && let Err(problem) = find_password(file.as_deref(), env.iter().cloned())
    {
        reader.add(problem);
    }
    Some(Database {
        url: url?,
        password_file: password_file?,
        table: table?,
        connections: connections?,
        method: method?,
        connect_timeout: connect_timeout?,
        write_timeout: write_timeout?,
        tls: tls?,
        tls_ca: tls_ca?,
        tls_cert: tls_cert?,
        tls_key: tls_key?,
    })
}

fn read_batch(reader: &mut Reader) -> Option<Batch> {
    let max_rows = reader.number("batch.max_rows", 1..=100_000);
    let max_bytes = reader.size("batch.max_bytes", ByteSize::from_kib(64)..=ByteSize::from_mib(256));
    let max_wait = reader.duration("batch.max_wait", Duration::ZERO..=minutes(1));
    Some(Batch { max_rows: max_rows?, max_bytes: max_bytes?, max_wait: max_wait? })
}

fn read_shed(reader: &mut Reader) -> Option<Shed> {
    let severity = |text: &str| {
        let known = Severity::ALL.into_iter().find(|severity| severity.as_str() == text);
        known.ok_or_else(|| Refused::new("a severity is one of `debug`, `info`, `warning`, `error`"))
    };
    let first = reader.texts("shed.first", "severities", 0..=Severity::ALL.len(), severity);
    let sizes = ByteSize::from_kib(64)..=ByteSize::from_gib(1 << 20);
    let soft_backlog_bytes = reader.size("shed.soft_backlog_bytes", sizes.clone());
    let max_backlog_bytes = reader.size("shed.max_backlog_bytes", sizes);
    let max_age = reader.duration("shed.max_age", Duration::from_secs(1)..=minutes(60 * 24 * 366));
    Some(Shed {
        first: first?,
        soft_backlog_bytes: soft_backlog_bytes?,
        max_backlog_bytes: max_backlog_bytes?,
        max_age: max_age?,
    })
}

fn read_quarantine_and_state(reader: &mut Reader) -> (Option<Quarantine>, Option<State>) {
    let path = reader.optional_text("quarantine.path", reader::absolute_path);
    let max_bytes = reader.size("quarantine.max_bytes", ByteSize::from_kib(64)..=ByteSize::from_gib(1024));
    let directory = reader.text("state.directory", reader::absolute_path);
    let beside = directory.as_ref().map(|directory| directory.join("quarantine.ndjson"));
    let path = path.and_then(|given| given.or(beside));
    let quarantine = path.zip(max_bytes).map(|(path, max_bytes)| Quarantine { path, max_bytes });
    (quarantine, directory.map(|directory| State { directory }))
}

fn read_log(reader: &mut Reader) -> Option<Log> {
    let levels = [
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ];
    let level = reader.word("log.level", &levels);
    let format = reader.word("log.format", &[("text", LogFormat::Text), ("json", LogFormat::Json)]);
    Some(Log { level: level?, format: format? })
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

fn agent_id(text: &str) -> Result<String, Refused> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err(Refused::new("use 1 to 64 letters, digits, `.`, `_` and `-`"))
    }
}

/// The machine id is meant to stay on the machine, so only a hash of it that is ours alone goes into the database.
fn hashed_machine_id(path: &Path) -> Result<String, Refused> {
    let content = match read_file(path, 4096) {
        Ok(content) => content,
        Err(Unread::Missing) => return Err(Refused::new("does not exist")),
        Err(Unread::Failed(refused)) => return Err(refused),
    };
    // Early in a first boot the file is empty or says `uninitialized`, the same on every machine.
    let id = content.bytes.trim_ascii();
    if id.len() != 32 || !id.iter().all(u8::is_ascii_hexdigit) || id.iter().all(|byte| *byte == b'0') {
        return Err(Refused::new("holds no machine id"));
    }
    let hash = Sha256::new().chain_update(b"tracespool agent.id\0").chain_update(id.to_ascii_lowercase()).finalize();
    Ok(hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

/// A file's bytes, and who may do what with it.
struct Content {
    bytes: Vec<u8>,
    mode: u32,
}

/// Why there is no [`Content`].
enum Unread {
    /// The file does not exist.
    Missing,
    /// Anything else: a clause whose subject is the file.
    Failed(Refused),
}

/// Reads a small regular file. Its rights are those of the very file that was read.
fn read_file(path: &Path, max: u64) -> Result<Content, Unread> {
    let failed = |why: &str| Unread::Failed(Refused::new(why));
    let unread = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => Unread::Missing,
        io::ErrorKind::PermissionDenied => failed("may not be read by this user; run the command with sudo"),
        kind => Unread::Failed(Refused(format!("cannot be read ({kind}); see what is at its path"))),
    };
    // Without the flag a FIFO would be waited for, for ever.
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    let file: fs::File = OpenOptions::new().read(true).custom_flags(nonblocking).open(path).map_err(unread)?;
    let metadata = file.metadata().map_err(unread)?;
    if !metadata.is_file() {
        return Err(failed("is not a regular file; name one"));
    }
    let mut bytes = Vec::new();
    file.take(max + 1).read_to_end(&mut bytes).map_err(unread)?;
    if bytes.len() as u64 > max {
        return Err(Unread::Failed(Refused(format!("is larger than {}; make it smaller", ByteSize::from_bytes(max)))));
    }
    Ok(Content { bytes, mode: metadata.mode() })
}

/// The password in `file`, or else in the credential that the variables lead to.
fn find_password(file: Option<&Path>, env: impl Iterator<Item = (String, String)>) -> Result<Option<Secret>, Problem> {
    if let Some(path) = file {
        return password(read_file(path, PASSWORD_MAX)).map_err(|Refused(message)| Problem {
            key: Some("database.password_file".to_owned()),
            origin: Origin::File(path.to_owned()),
            message: format!("the file of `database.password_file` {message}"),
        });
    }
    let mut env = env;
    let folder = env.find(|(name, value)| name == CREDENTIALS && !value.is_empty());
    let Some((_, folder)) = folder else { return Ok(None) };
    let path = Path::new(&folder).join(CREDENTIAL);
    match read_file(&path, PASSWORD_MAX) {
        Err(Unread::Missing) => Ok(None),
        read => password(read).map_err(|Refused(message)| Problem {
            key: None,
            origin: Origin::File(path),
            message: format!("the credential `{CREDENTIAL}` {message}"),
        }),
    }
}

/// The password in a file that was read, or a clause whose subject is the file.
/// Reads the key of the hashes.
fn hash_key(path: &Path) -> Result<scrubbing::HashKey, Problem> {
    let key = match read_file(path, PASSWORD_MAX) {
        Err(Unread::Missing) => {
            Err(Refused::new("does not exist; make it with `(umask 077; head -c 32 /dev/urandom | base64 > FILE)`"))
        }
        Err(Unread::Failed(refused)) => Err(refused),
        Ok(content) if content.mode & 0o027 != 0 => {
            Err(Refused::new("may be read by anybody or written by its group; take that away with `chmod 0640`"))
        }
        Ok(content) => {
            let bytes = content.bytes.strip_suffix(b"\n").unwrap_or(&content.bytes);
            scrubbing::HashKey::new(bytes).map_err(Refused::because)
        }
    };
    key.map_err(|Refused(message)| Problem {
        key: Some("scrub.hash_key_file".to_owned()),
        origin: Origin::File(path.to_owned()),
        message: format!("the file of `scrub.hash_key_file` {message}"),
    })
}

fn password(read: Result<Content, Unread>) -> Result<Option<Secret>, Refused> {
    let content = match read {
        Ok(content) => content,
        Err(Unread::Missing) => return Err(Refused::new("does not exist; write the password to it")),
        Err(Unread::Failed(refused)) => return Err(refused),
    };
    let text = String::from_utf8(content.bytes).map_err(|_| Refused::new("is not UTF-8; save it as UTF-8"))?;
    let text = text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if text.contains(['\n', '\r', '\0']) {
        return Err(Refused::new("holds more than one line; write the password alone into it"));
    }
    Ok((!text.is_empty()).then(|| Secret::new(text)))
}

#[cfg(test)]
mod tests {
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
        check(
            "batch.max_rows",
            &["1", "100000"],
            &["0", "100001", "-1", "1.5", "true"],
            "use a number from 1 to 100000",
        );
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
            host.write(
                "config.toml",
                format!("{REQUIRED}scrub.action = \"hash\"\nscrub.hash_key_file = {key:?}"),
                0o640,
            );
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

    const EXAMPLE: &str = include_str!("../config.example.toml");

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
}
