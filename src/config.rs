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
mod tests;
