//! MySQL and MariaDB: sessions that store rows and move frontiers.
//!
//! A session is set up the same whatever the server's defaults are, and the set-up is read back before it is used.
//! The driver always offers the server multiple statements and local files; neither is ever used, and a server that
//! asks for a file gets none. A password goes over TCP without TLS only to this machine, or where `tls = "disabled"`
//! says so in so many words.
//!
//! Invariant: the rows of a transaction and the frontiers it moves are committed together or not at all.
//! Invariant: a statement that stored something else than what was sent is an error, never a warning.
//! Invariant: a value reaches the server only as a parameter of a prepared statement.

mod console;

mod dsn;

mod grants;

mod inspect;

mod link;

mod schema;

mod wire;

#[cfg(test)]
mod codes;

#[cfg(test)]
mod testbed;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mysql_async::{ClientIdentity, OptsBuilder, SslOpts, Value};

pub use crate::sink::mysql::console::{Cells, Console};
pub use crate::sink::mysql::dsn::{Address, BadDsn, Dsn, Host, Secret};
pub use crate::sink::mysql::grants::{Part, grants_sql};
pub use crate::sink::mysql::inspect::{Inspection, Needs, Reached};
pub use crate::sink::mysql::schema::{Layout, MigrateReport, schema_sql};

use crate::batch::Batch;
use crate::sink::class::is_denied;
use crate::sink::mysql::link::{Done, Hosts, Link, text};
use crate::sink::mysql::wire::{Form, Shape};
use crate::sink::table::TableName;
use crate::sink::{Class, Database, Error, Progress, Server, Session, Swap};
use crate::spool::{FileKey, Frontier, Marker, Move, Position};

/// How rows are sent (`database.method`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Bulk execute where the server offers it, else multi-row `INSERT`.
    Auto,
    /// MariaDB's bulk execute.
    Bulk,
    /// Prepared multi-row `INSERT`.
    Insert,
}

/// When a connection is encrypted (`database.tls`). A unix socket never is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Off to this machine, [`Tls::VerifyIdentity`] to anything else.
    Auto,
    /// Never. The password then goes over the network as the server's log-in sends it.
    Disabled,
    /// Always; whoever answers is believed.
    Required,
    /// Always, with a certificate of a known authority. The driver compares the host's name all the same, so that this
    /// is no weaker than [`Tls::VerifyIdentity`].
    VerifyCa,
    /// Always, with a certificate of a known authority for the host's name.
    VerifyIdentity,
}

/// What a connection needs to know.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the database is and who we are there.
    pub dsn: Dsn,
    /// The table of the rows.
    pub table: TableName,
    /// Name of this agent in the table of the frontiers: 1 to 64 ASCII characters.
    pub agent: String,
    /// How rows are sent.
    pub method: Method,
    /// How long one host may take to answer, logged in and set up.
    pub connect_timeout: Duration,
    /// How long any request may take afterwards.
    pub write_timeout: Duration,
    /// When a connection is encrypted.
    pub tls: Tls,
    /// PEM file of the authorities to believe, in place of the built-in ones.
    pub tls_ca: Option<PathBuf>,
    /// PEM file of our certificate.
    pub tls_cert: Option<PathBuf>,
    /// PEM file of its private key.
    pub tls_key: Option<PathBuf>,
}

/// A MySQL or MariaDB database, on one host or one of several.
#[derive(Debug)]
pub struct MySql {
    options: Options,
    hosts: Arc<Hosts>,
}

/// What a fresh connection tells of its server.
struct Facts {
    product: Product,
    /// `MariaDB 10.11.19`
    version: String,
    max_allowed_packet: usize,
    binary_log: BinaryLog,
}

/// What a session writes to the server's binary log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BinaryLog {
    /// Rows, or nothing.
    Rows,
    /// The text of statements. MariaDB then takes no bulk execute, and InnoDB no `READ COMMITTED`.
    Statements,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Product {
    MariaDb { bulk: Offered },
    MySql,
}

impl Product {
    /// The deepest nesting its JSON takes (CONTRACT §3).
    fn json_depth(self) -> usize {
        match self {
            Product::MariaDb { .. } => 31,
            Product::MySql => 100,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Offered {
    Yes,
    No,
}

/// Every value that would be bent is an error, on MySQL and on MariaDB.
const SQL_MODE: &str = "STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
                        ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION";

/// More files than this have no frontier in one agent's name.
const FRONTIERS_MOST: usize = 1_000_000;

/// Characters of `tracespool_progress.path`.
const PATH_WIDTH: usize = 1024;

impl MySql {
    /// A database that is not yet connected to.
    pub fn new(options: Options) -> Self {
        let count = match &options.dsn.address {
            Address::Hosts(hosts) => hosts.len().max(1),
            Address::Socket(_) => 1,
        };
        MySql { options, hosts: Arc::new(Hosts::new(count)) }
    }

    /// Creates what is missing, changes nothing that exists, and tells how that differs.
    ///
    /// # Errors
    /// The database cannot be reached, or refuses.
    pub async fn migrate(&self, layout: Layout) -> Result<MigrateReport, Error> {
        let mut failures = Failures::default();
        for host in self.hosts.order() {
            match self.migrate_at(host, layout).await {
                Ok(report) => return Ok(report),
                Err(error) => failures.push(error),
            }
        }
        Err(failures.into_error())
    }

    async fn migrate_at(&self, host: usize, layout: Layout) -> Result<MigrateReport, Error> {
        let (mut link, _) = self.open(host).await?;
        let table = &self.options.table;
        let mut report = MigrateReport::default();
        match schema::find(&mut link, self.schema(), table.name()).await? {
            Some(found) => report.differences.extend(found.differences()),
            None => {
                link.run("creating the table", &schema::table_sql(table, layout)).await?;
                report.created.push(table.to_string());
            }
        }
        let progress = table.progress();
        match schema::find(&mut link, self.schema(), progress.name()).await? {
            Some(found) => {
                let problems = [found.require_transactions(), found.require_columns(&PROGRESS_COLUMNS)];
                report.differences.extend(problems.into_iter().filter_map(Result::err).map(|error| error.what));
            }
            None => {
                link.run("creating the table of the frontiers", &schema::progress_sql(table)).await?;
                report.created.push(progress.to_string());
            }
        }
        link.close().await;
        Ok(report)
    }

    /// The schema of the tables.
    pub fn schema(&self) -> &str {
        self.options.table.schema().unwrap_or(&self.options.dsn.schema)
    }

    /// Connects to one host and sets the session up, all of it within `connect_timeout`.
    async fn open(&self, host: usize) -> Result<(Link, Facts), Error> {
        let deadline = self.options.connect_timeout;
        let place = self.place(host);
        let opening = async {
            let opts = self.opts(host)?;
            let mut link = Link::open(opts, host, Arc::clone(&self.hosts), deadline).await?;
            let facts = set_up(&mut link, self.options.write_timeout).await?;
            link.set_deadline(self.options.write_timeout);
            Ok((link, facts))
        };
        let slow = || Error {
            class: Class::Connection,
            code: None,
            what: format!("no session within {:?}; look at `database.connect_timeout`", deadline),
        };
        let opened = tokio::time::timeout(deadline, opening).await.unwrap_or_else(|_| Err(slow()));
        opened.map_err(|error| Error { what: format!("connecting to {place}: {}", error.what), ..error })
    }

    /// A table with its schema, quoted for a statement.
    pub fn qualified(&self, table: &TableName) -> String {
        format!("`{}`.`{}`", self.schema().replace('`', "``"), table.name())
    }

    /// A host, for people.
    fn place(&self, host: usize) -> String {
        match &self.options.dsn.address {
            Address::Hosts(hosts) => format!("`{}`", hosts[host]),
            Address::Socket(path) => format!("`{}`", path.display()),
        }
    }

    /// Connects to one host and leaves the session as the server begins it.
    async fn open_as_it_is(&self, host: usize) -> Result<Link, Error> {
        Link::open(self.opts(host)?, host, Arc::clone(&self.hosts), self.options.connect_timeout).await
    }

    fn opts(&self, host: usize) -> Result<OptsBuilder, Error> {
        let dsn = &self.options.dsn;
        let opts = OptsBuilder::default()
            .user(Some(dsn.user.as_str()))
            .pass(dsn.password.as_ref().map(Secret::reveal))
            .db_name(Some(dsn.schema.as_str()))
            // Otherwise the driver would leave the host it was told for a socket the server names.
            .prefer_socket(false)
            .enable_cleartext_plugin(false)
            .secure_auth(true)
            .client_found_rows(false)
            // Ten sizes of `INSERT` and a handful of others; an evicted statement would be prepared again and again.
            .stmt_cache_size(32)
            .tcp_keepalive(Some(Duration::from_secs(30)))
            .tcp_nodelay(true);
        Ok(match &dsn.address {
            Address::Socket(path) => opts.socket(Some(path.to_string_lossy())),
            Address::Hosts(hosts) => {
                let host = &hosts[host];
                opts.ip_or_hostname(host.name.as_str()).tcp_port(host.port).ssl_opts(self.tls(host)?)
            }
        })
    }

    fn tls(&self, host: &Host) -> Result<Option<SslOpts>, Error> {
        let options = &self.options;
        let ssl = SslOpts::default();
        let ssl = match options.tls {
            Tls::Auto if host.is_loopback() => return Ok(None),
            Tls::Disabled => return Ok(None),
            Tls::Required => ssl.with_danger_accept_invalid_certs(true),
            Tls::VerifyCa => ssl.with_danger_skip_domain_validation(true),
            Tls::Auto | Tls::VerifyIdentity => ssl,
        };
        let ssl = match &options.tls_ca {
            Some(path) => ssl.with_root_certs(vec![read("tls_ca", path)?.into()]).with_disable_built_in_roots(true),
            None => ssl,
        };
        let identity = match (&options.tls_cert, &options.tls_key) {
            (Some(cert), Some(key)) => {
                Some(ClientIdentity::new(read("tls_cert", cert)?.into(), read("tls_key", key)?.into()))
            }
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                return Err(schema_error("`database.tls_cert` and `.tls_key` belong together; give both".to_owned()));
            }
        };
        Ok(Some(ssl.with_client_identity(identity)))
    }

    async fn connect_to(&self, host: usize) -> Result<MySqlSession, Error> {
        let options = &self.options;
        if !(1..=64).contains(&options.agent.len()) || !options.agent.is_ascii() {
            return Err(schema_error("`agent.id` must have 1 to 64 ASCII characters".to_owned()));
        }
        let (mut link, facts) = self.open(host).await?;
        let form = match (options.method, facts.product) {
            (Method::Auto | Method::Bulk, Product::MariaDb { bulk: Offered::Yes }) => Form::Bulk,
            (Method::Auto, Product::MariaDb { bulk: Offered::No } | Product::MySql) => Form::MultiRow,
            (Method::Insert, _) => Form::MultiRow,
            (Method::Bulk, Product::MariaDb { bulk: Offered::No } | Product::MySql) => {
                let version = &facts.version;
                return Err(schema_error(format!(
                    "{version} as it is set up does not offer bulk execute; set `database.method` to `auto`"
                )));
            }
        };
        let table = &options.table;
        let Some(found) = schema::find(&mut link, self.schema(), table.name()).await? else {
            return Err(Error {
                class: Class::Schema,
                code: Some(1146),
                what: format!(
                    "table `{table}` is missing, or hidden from this account; run `tracespool migrate`, or grant INSERT"
                ),
            });
        };
        let (columns, shape) = found.columns(facts.product.json_depth())?;
        let progress = self.make_sure_of_progress(&mut link).await?;
        Ok(MySqlSession {
            link,
            server: Server { version: facts.version, columns, progress },
            agent: options.agent.clone(),
            table: table.quoted(),
            progress_table: table.progress().quoted(),
            method: options.method,
            form,
            shape,
            max_allowed_packet: facts.max_allowed_packet,
        })
    }

    async fn make_sure_of_progress(&self, link: &mut Link) -> Result<Progress, Error> {
        let table = &self.options.table;
        match schema::find(link, self.schema(), table.progress().name()).await? {
            Some(found) => {
                found.require_transactions()?;
                found.require_columns(&PROGRESS_COLUMNS)?;
                Ok(Progress::Kept)
            }
            None => match link.run("creating the table of the frontiers", &schema::progress_sql(table)).await {
                Ok(()) => Ok(Progress::Kept),
                Err(Error { code: Some(code), .. }) if is_denied(code) => Ok(Progress::Absent),
                Err(error) => Err(error),
            },
        }
    }
}

impl Database for MySql {
    type Session = MySqlSession;

    async fn connect(&self) -> Result<MySqlSession, Error> {
        let mut failures = Failures::default();
        for host in self.hosts.order() {
            match self.connect_to(host).await {
                Ok(session) => {
                    self.hosts.prefer(host);
                    return Ok(session);
                }
                Err(error) => failures.push(error),
            }
        }
        Err(failures.into_error())
    }
}

/// Why each of several hosts could not be used.
#[derive(Default)]
struct Failures(Vec<Error>);

impl Failures {
    fn push(&mut self, error: Error) {
        self.0.push(error);
    }

    /// One error that tells all of them, and is tried again as soon as the most hopeful of them.
    fn into_error(self) -> Error {
        let patience = |class: Class| match class {
            Class::Connection => 0,
            Class::Busy => 1,
            Class::NotTheWriter => 2,
            Class::Full => 3,
            Class::Unknown => 4,
            Class::Data => 5,
            Class::Schema => 6,
        };
        let what = self.0.iter().map(|error| error.what.as_str()).collect::<Vec<_>>().join("; ");
        let first = self.0.iter().min_by_key(|error| patience(error.class)).expect("every host was tried");
        Error { class: first.class, code: first.code, what }
    }
}

fn schema_error(what: String) -> Error {
    Error { class: Class::Schema, code: None, what }
}

fn read(key: &str, path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path)
        .map_err(|error| schema_error(format!("`database.{key}`: cannot read `{}`: {}", path.display(), error.kind())))
}

/// Sets the session up and reads the set-up back.
async fn set_up(link: &mut Link, write_timeout: Duration) -> Result<Facts, Error> {
    let what = "setting the session up";
    let before = variables(link).await?;
    let facts = facts(&before)?;
    let is_on = |name: &str| is_on(&before, name);

    // A lock that is not had within half of our own deadline is the server's word `busy`, not a lost connection.
    let lock_wait = (write_timeout.as_secs() / 2).clamp(1, 50);
    link.run(what, "SET NAMES utf8mb4").await?;
    let sql = format!(
        "SET @@session.sql_mode = '{SQL_MODE}', @@session.time_zone = '+00:00', @@session.autocommit = 1, \
         @@session.innodb_lock_wait_timeout = {lock_wait}, @@session.lock_wait_timeout = {lock_wait}, \
         @@session.sql_select_limit = 18446744073709551615"
    );
    link.run(what, &sql).await?;
    // A swap that matches nothing must not keep the lock of the row it looked at, if that can be had.
    let isolation = match facts.binary_log {
        BinaryLog::Rows => "READ COMMITTED",
        BinaryLog::Statements => "REPEATABLE READ",
    };
    link.run(what, &format!("SET SESSION TRANSACTION ISOLATION LEVEL {isolation}")).await?;
    // Whoever vanished in the middle of a transaction must not hold its locks for hours. MySQL has no limit for
    // transactions alone.
    let idle = write_timeout.as_secs().saturating_mul(2).clamp(10, 600);
    let sql = match facts.product {
        Product::MariaDb { .. } => format!("SET @@session.idle_transaction_timeout = {idle}"),
        Product::MySql => "SET @@session.wait_timeout = 600".to_owned(),
    };
    link.run(what, &sql).await?;

    let after = variables(link).await?;
    verify(&after, isolation)?;
    if is_on("innodb_read_only") || is_on("super_read_only") {
        return Err(not_the_writer());
    }
    if is_on("read_only") {
        // Some accounts may write all the same; the server answers for this one.
        link.run("looking for the writer", "START TRANSACTION READ WRITE").await?;
        link.run("looking for the writer", "ROLLBACK").await?;
    }
    Ok(facts)
}

fn is_on(variables: &HashMap<String, String>, name: &str) -> bool {
    variables.get(name).is_some_and(|value| !matches!(value.as_str(), "OFF" | "0"))
}

fn not_the_writer() -> Error {
    Error { class: Class::NotTheWriter, code: None, what: "the server is read-only".to_owned() }
}

async fn variables(link: &mut Link) -> Result<HashMap<String, String>, Error> {
    // Asked for by pattern, because a variable that a server does not know is then left out and is no error.
    let sql = "SHOW SESSION VARIABLES WHERE Variable_name IN ('sql_mode', 'time_zone', 'autocommit', \
               'character_set_client', 'character_set_connection', 'character_set_results', \
               'transaction_isolation', 'tx_isolation', 'read_only', 'super_read_only', 'innodb_read_only', \
               'log_bin', 'binlog_format', 'max_allowed_packet', 'version', 'version_comment')";
    let rows = link.ask("reading the session's variables", sql, 64).await?;
    Ok(rows.iter().filter_map(|row| Some((text(row, 0)?.to_ascii_lowercase(), text(row, 1)?))).collect())
}

fn facts(variables: &HashMap<String, String>) -> Result<Facts, Error> {
    let value = |name: &str| variables.get(name).map_or("", String::as_str);
    let version = value("version");
    let number = version.split('-').next().unwrap_or_default();
    let is_mariadb = format!("{version} {}", value("version_comment")).to_ascii_lowercase().contains("mariadb");
    let binary_log = match value("binlog_format") {
        "STATEMENT" if is_on(variables, "log_bin") => BinaryLog::Statements,
        _ => BinaryLog::Rows,
    };
    let product = if is_mariadb {
        let mut parts = number.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        let mut part = || parts.next().unwrap_or(0);
        let is_new_enough = (part(), part(), part()) >= (10, 2, 7);
        let bulk = if is_new_enough && binary_log == BinaryLog::Rows { Offered::Yes } else { Offered::No };
        Product::MariaDb { bulk }
    } else {
        Product::MySql
    };
    let name = if is_mariadb { "MariaDB" } else { "MySQL" };
    let max_allowed_packet = value("max_allowed_packet").parse().map_err(|_| Error {
        class: Class::Connection,
        code: None,
        what: "the server does not tell its `max_allowed_packet`".to_owned(),
    })?;
    Ok(Facts { product, version: format!("{name} {number}"), max_allowed_packet, binary_log })
}

fn verify(variables: &HashMap<String, String>, isolation: &str) -> Result<(), Error> {
    let value = |name: &str| variables.get(name).map_or("", String::as_str);
    let stuck = |name: &str| {
        Err(schema_error(format!(
            "the session's `{name}` stays as it is in spite of SET; look for a proxy that fixes it"
        )))
    };
    let modes = value("sql_mode").split(',').collect::<Vec<_>>();
    if !SQL_MODE.split(',').all(|mode| modes.contains(&mode)) {
        return stuck("sql_mode");
    }
    let wanted = [
        ("time_zone", "+00:00"),
        ("autocommit", "ON"),
        ("character_set_client", "utf8mb4"),
        ("character_set_connection", "utf8mb4"),
        ("character_set_results", "utf8mb4"),
    ];
    if let Some((name, _)) = wanted.into_iter().find(|&(name, want)| value(name) != want) {
        return stuck(name);
    }
    let level = isolation.replace(' ', "-");
    if value("transaction_isolation") != level && value("tx_isolation") != level {
        return stuck("transaction_isolation");
    }
    Ok(())
}

const PROGRESS_COLUMNS: [&str; 7] = ["agent", "file", "generation", "frontier", "marker", "path", "updated_at"];

/// One connection to a MySQL or MariaDB server.
pub struct MySqlSession {
    link: Link,
    server: Server,
    agent: String,
    /// Quoted.
    table: String,
    /// Quoted.
    progress_table: String,
    method: Method,
    form: Form,
    shape: Shape,
    max_allowed_packet: usize,
}

impl MySqlSession {
    async fn send(&mut self, batch: &Batch, rows: Range<usize>, form: Form) -> Result<(), Error> {
        let what = "sending rows";
        for packet in wire::packets(batch, rows, form, self.max_allowed_packet)? {
            let count = packet.len();
            let mut values = Vec::with_capacity(count);
            for row in batch.rows(packet) {
                values.push(wire::values(&row, self.shape)?);
            }
            let done = match form {
                Form::Bulk => self.link.change_bulk(what, &wire::insert_sql(&self.table, 1), values).await?,
                Form::MultiRow => {
                    let values = values.into_iter().flatten().collect();
                    self.link.change(what, &wire::insert_sql(&self.table, count), values).await?
                }
            };
            self.require_whole(done, count, form).await?;
        }
        Ok(())
    }

    /// Makes sure that what was sent is what was stored.
    async fn require_whole(&mut self, done: Done, count: usize, form: Form) -> Result<(), Error> {
        if done.warnings != 0 {
            let shown = self.link.ask("reading a warning", "SHOW WARNINGS LIMIT 1", 1).await?;
            let code = shown.first().and_then(|row| text(row, 1)).and_then(|code| code.parse().ok());
            let what = "sending rows: the server bent a value and only warned".to_owned();
            return Err(Error { class: Class::Data, code, what });
        }
        if done.rows == count as u64 {
            return Ok(());
        }
        match (form, self.method) {
            // The driver sent the rows one by one, because something between us and the server does not pass bulk
            // execute on. They are stored, but slowly.
            (Form::Bulk, Method::Auto) if done.rows == 1 => {
                self.form = Form::MultiRow;
                Ok(())
            }
            (Form::Bulk, Method::Bulk) if done.rows == 1 => Err(schema_error(
                "bulk execute is not passed on to the server; set `database.method` to `auto`".to_owned(),
            )),
            (Form::Bulk | Form::MultiRow, Method::Auto | Method::Bulk | Method::Insert) => Err(Error {
                class: Class::Unknown,
                code: None,
                what: format!("sending rows: the server says it stored {} of {count}", done.rows),
            }),
        }
    }

    /// How many sets of values of `tracespool_progress` fit a packet for sure.
    fn moves_at_once(&self) -> usize {
        (self.max_allowed_packet / (8 * PATH_WIDTH)).clamp(1, 256)
    }

    /// Runs a statement once for each set of values; how many rows it changed in all.
    async fn for_each(&mut self, what: &str, sql: &str, mut sets: Vec<Vec<Value>>) -> Result<u64, Error> {
        let mut changed = 0;
        match self.form {
            Form::Bulk if sets.len() > 1 => {
                let at_once = self.moves_at_once();
                while !sets.is_empty() {
                    let rest = sets.split_off(sets.len().min(at_once));
                    changed += self.link.change_bulk(what, sql, sets).await?.rows;
                    sets = rest;
                }
            }
            Form::Bulk | Form::MultiRow => {
                for values in sets {
                    changed += self.link.change(what, sql, values).await?.rows;
                }
            }
        }
        Ok(changed)
    }
}

fn moved_to(to: Position, path: &Path) -> [Value; 4] {
    let path = path.to_string_lossy().chars().take(PATH_WIDTH).collect::<String>();
    [
        Value::from(to.generation),
        Value::from(to.offset),
        Value::from(format!("{:016x}", to.marker.0)),
        Value::from(path),
    ]
}

impl Session for MySqlSession {
    fn server(&self) -> &Server {
        &self.server
    }

    async fn frontiers(&mut self) -> Result<Vec<Frontier>, Error> {
        if self.server.progress == Progress::Absent {
            return Ok(Vec::new());
        }
        let what = "reading the frontiers";
        let sql = format!(
            "SELECT file, generation, frontier, marker, path, TIMESTAMPDIFF(SECOND, updated_at, UTC_TIMESTAMP(6)) \
             FROM {} WHERE agent = ? FOR UPDATE",
            self.progress_table
        );
        self.link.run(what, "START TRANSACTION READ WRITE").await?;
        let rows = self.link.select(what, &sql, vec![Value::from(self.agent.as_str())], FRONTIERS_MOST).await;
        // After a failed read too: the session must not stay in the transaction.
        let ended = self.link.run(what, "ROLLBACK").await;
        let rows = rows?;
        ended?;
        let frontier = |row: &mysql_async::Row| {
            Some(Frontier {
                file: text(row, 0)?.parse().ok()?,
                path: text(row, 4)?.into(),
                position: Position {
                    generation: text(row, 1)?.parse().ok()?,
                    offset: text(row, 2)?.parse().ok()?,
                    marker: Marker(u64::from_str_radix(&text(row, 3)?, 16).ok()?),
                },
                // Below zero when the server's clock was set back.
                idle: Duration::from_secs(text(row, 5)?.parse::<i64>().ok()?.try_into().unwrap_or(0)),
            })
        };
        let unreadable = || {
            let table = &self.progress_table;
            schema_error(format!("{what}: {table} has a row that no agent wrote; look at it, and delete it"))
        };
        rows.iter().map(|row| frontier(row).ok_or_else(unreadable)).collect()
    }

    async fn begin(&mut self) -> Result<(), Error> {
        // Said in so many words, so that a read-only server answers now and not after the rows were sent.
        self.link.run("beginning a transaction", "START TRANSACTION READ WRITE").await
    }

    async fn insert(&mut self, batch: &Batch, rows: Range<usize>) -> Result<(), Error> {
        self.send(batch, rows, self.form).await
    }

    async fn insert_atomic(&mut self, batch: &Batch, rows: Range<usize>) -> Result<(), Error> {
        let what = "sending rows one way or the other";
        self.link.run(what, "SAVEPOINT rows_before").await?;
        let sent = self.send(batch, rows, Form::MultiRow).await;
        if sent.as_ref().is_err_and(|error| matches!(error.class, Class::Data | Class::Unknown)) {
            self.link.run(what, "ROLLBACK TO SAVEPOINT rows_before").await?;
        }
        sent
    }

    async fn swap(&mut self, moves: &[Move]) -> Result<Swap, Error> {
        if self.server.progress == Progress::Absent || moves.is_empty() {
            return Ok(Swap::Done);
        }
        let what = "moving the frontiers";
        // In one order always, so that two that move the same files wait for one another and do not deadlock.
        let mut moves = moves.iter().collect::<Vec<_>>();
        moves.sort_by_key(|step| step.file);
        let (mut new, mut known) = (Vec::new(), Vec::new());
        for step in moves {
            let place = [Value::from(self.agent.as_str()), Value::from(step.file.to_string())];
            let to = moved_to(step.to, &step.path);
            match step.from {
                None => new.push(place.into_iter().chain(to).collect::<Vec<_>>()),
                Some(from) => {
                    let from = [Value::from(from.generation), Value::from(from.offset)];
                    known.push(to.into_iter().chain(place).chain(from).collect::<Vec<_>>());
                }
            }
        }
        let count = known.len() as u64;
        let sql = format!(
            "UPDATE {} SET generation = ?, frontier = ?, marker = ?, path = ?, updated_at = UTC_TIMESTAMP(6) \
             WHERE agent = ? AND file = ? AND generation = ? AND frontier = ?",
            self.progress_table
        );
        if self.for_each(what, &sql, known).await? != count {
            return Ok(Swap::Elsewhere);
        }
        let count = new.len() as u64;
        let sql = format!(
            "INSERT INTO {} (agent, file, generation, frontier, marker, path, updated_at) \
             VALUES (?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6))",
            self.progress_table
        );
        match self.for_each(what, &sql, new).await {
            Ok(made) if made == count => Ok(Swap::Done),
            Ok(_) | Err(Error { code: Some(1062), .. }) => Ok(Swap::Elsewhere),
            Err(error) => Err(error),
        }
    }

    async fn commit(&mut self) -> Result<(), Error> {
        self.link.run("committing", "COMMIT").await
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        self.link.run("rolling back", "ROLLBACK").await
    }

    async fn forget(&mut self, files: &[FileKey]) -> Result<(), Error> {
        if self.server.progress == Progress::Absent || files.is_empty() {
            return Ok(());
        }
        let sql = format!("DELETE FROM {} WHERE agent = ? AND file = ?", self.progress_table);
        let mut files = files.to_vec();
        files.sort();
        let place = |file: &FileKey| vec![Value::from(self.agent.as_str()), Value::from(file.to_string())];
        let places = files.iter().map(place).collect();
        self.begin().await?;
        match self.for_each("removing frontiers", &sql, places).await {
            Ok(_) => self.commit().await,
            Err(error) => {
                // The first error is the one that tells why; a rollback that fails after it says nothing new.
                self.rollback().await.ok();
                Err(error)
            }
        }
    }

    async fn close(self) {
        self.link.close().await;
    }
}
