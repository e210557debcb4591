//! One connection to a MySQL or MariaDB server, and what its errors mean in our words.
//!
//! Invariant: every request has a deadline. When it passes, or the connection breaks, the connection is gone at once:
//! nothing waits for a farewell that a hanging server would never answer.
//! Invariant: no text of the server gets past this file, because it quotes values; neither do the driver's options,
//! because they hold the password.
//! Invariant: values go to the server as parameters of prepared statements only. What is sent as text is made of our
//! own words and validated identifiers.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use mysql_async::prelude::{Protocol, Queryable};
use mysql_async::{Conn, DriverError, IoError, Opts, Params, QueryResult, Row, Value};
use tokio::time::timeout;

use crate::sink::class;
use crate::sink::{Class, Error};

/// Which of several hosts to try first.
#[derive(Debug)]
pub(super) struct Hosts {
    count: usize,
    first: AtomicUsize,
}

impl Hosts {
    pub(super) fn new(count: usize) -> Self {
        Hosts { count, first: AtomicUsize::new(0) }
    }

    /// Every host once, beginning with the one that took the last connection.
    pub(super) fn order(&self) -> impl Iterator<Item = usize> + use<> {
        let (count, first) = (self.count, self.first.load(Ordering::Relaxed));
        (0..count).map(move |step| (first + step) % count)
    }

    pub(super) fn prefer(&self, host: usize) {
        self.first.store(host, Ordering::Relaxed);
    }

    /// The host turned out not to take writes: begin with the one behind it, unless somebody already chose another.
    fn leave(&self, host: usize) {
        let next = (host + 1) % self.count;
        // A failed exchange means that another session chose in the meantime, which is as good.
        self.first.compare_exchange(host, next, Ordering::Relaxed, Ordering::Relaxed).ok();
    }
}

/// What a change did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) rows: u64,
    pub(super) warnings: u16,
}

/// One connection.
pub(super) struct Link {
    /// `None` after it broke.
    conn: Option<Conn>,
    deadline: Duration,
    host: usize,
    hosts: Arc<Hosts>,
}

impl Link {
    /// Connects and logs in.
    pub(super) async fn open(
        opts: impl Into<Opts>,
        host: usize,
        hosts: Arc<Hosts>,
        deadline: Duration,
    ) -> Result<Self, Error> {
        let mut link = Link { conn: None, deadline, host, hosts };
        let what = "the log-in";
        let opts: Opts = opts.into();
        let password_known = opts.pass().is_some();
        match timeout(deadline, Conn::new(opts)).await {
            Ok(Err(mysql_async::Error::Server(refusal))) if refusal.code == ACCESS_DENIED && !password_known => {
                Err(Error { class: Class::Schema, code: Some(ACCESS_DENIED), what: format!("{what}: {NO_PASSWORD}") })
            }
            Ok(Err(error)) if is_about_tls(&error) => {
                Err(Error { class: Class::Schema, code: None, what: format!("{what}: {TLS}") })
            }
            outcome => {
                link.conn = Some(link.settle(what, outcome)?);
                Ok(link)
            }
        }
    }

    pub(super) fn set_deadline(&mut self, deadline: Duration) {
        self.deadline = deadline;
    }

    /// Runs a statement without values.
    pub(super) async fn run(&mut self, what: &str, sql: &str) -> Result<(), Error> {
        let deadline = self.deadline;
        let outcome = timeout(deadline, self.conn(what)?.query_drop(sql)).await;
        self.settle(what, outcome)
    }

    /// Asks for rows by a statement without values. More rows than `most` are an error of the server's.
    pub(super) async fn ask(&mut self, what: &str, sql: &str, most: usize) -> Result<Vec<Row>, Error> {
        let deadline = self.deadline;
        let conn = self.conn(what)?;
        let rows = timeout(deadline, async { rows_of(conn.query_iter(sql).await?, most).await }).await;
        let rows = self.settle(what, rows)?;
        self.bounded(what, rows, most)
    }

    /// Asks for rows by a prepared statement. More rows than `most` are an error of the server's.
    pub(super) async fn select(
        &mut self,
        what: &str,
        sql: &str,
        values: Vec<Value>,
        most: usize,
    ) -> Result<Vec<Row>, Error> {
        let deadline = self.deadline;
        let conn = self.conn(what)?;
        let values = Params::Positional(values);
        let rows = timeout(deadline, async { rows_of(conn.exec_iter(sql, values).await?, most).await }).await;
        let rows = self.settle(what, rows)?;
        self.bounded(what, rows, most)
    }

    /// Has a statement prepared, and so its rights checked, without running it.
    pub(super) async fn prepare(&mut self, what: &str, sql: &str) -> Result<(), Error> {
        let deadline = self.deadline;
        let conn = self.conn(what)?;
        let outcome = timeout(deadline, async {
            let statement = conn.prep(sql).await?;
            conn.close(statement).await
        });
        let done = outcome.await;
        self.settle(what, done)
    }

    /// Changes rows by a prepared statement.
    pub(super) async fn change(&mut self, what: &str, sql: &str, values: Vec<Value>) -> Result<Done, Error> {
        let deadline = self.deadline;
        let conn = self.conn(what)?;
        let outcome = timeout(deadline, async {
            conn.exec_drop(sql, Params::Positional(values)).await?;
            Ok(Done { rows: conn.affected_rows(), warnings: conn.get_warnings() })
        });
        let done = outcome.await;
        self.settle(what, done)
    }

    /// Changes rows by MariaDB's bulk execute. The values must fit one packet, because the driver tells the types of
    /// the parameters only with the first packet of a call.
    ///
    /// A server that does not take bulk execute gets the statement once for each set of values, and the row count is
    /// then that of the last one.
    pub(super) async fn change_bulk(&mut self, what: &str, sql: &str, values: Vec<Vec<Value>>) -> Result<Done, Error> {
        let deadline = self.deadline;
        let conn = self.conn(what)?;
        let outcome = timeout(deadline, async {
            conn.exec_batch(sql, values.into_iter().map(Params::Positional)).await?;
            Ok(Done { rows: conn.affected_rows(), warnings: conn.get_warnings() })
        });
        let done = outcome.await;
        self.settle(what, done)
    }

    /// Says goodbye.
    pub(super) async fn close(mut self) {
        if let Some(conn) = self.conn.take() {
            // The server rolls back what was open, with or without having heard the farewell.
            timeout(self.deadline, conn.disconnect()).await.ok();
        }
    }

    fn conn(&mut self, what: &str) -> Result<&mut Conn, Error> {
        self.conn.as_mut().ok_or_else(|| Error {
            class: Class::Connection,
            code: None,
            what: format!("{what}: the connection is gone; open a new one"),
        })
    }

    fn bounded(&mut self, what: &str, rows: Vec<Row>, most: usize) -> Result<Vec<Row>, Error> {
        if rows.len() <= most {
            return Ok(rows);
        }
        self.abandon();
        Err(Error {
            class: Class::Connection,
            code: None,
            what: format!("{what}: the server sent more than {most} rows; this is no answer to what was asked"),
        })
    }

    fn settle<T>(
        &mut self,
        what: &str,
        outcome: Result<mysql_async::Result<T>, tokio::time::error::Elapsed>,
    ) -> Result<T, Error> {
        let error = match outcome {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => explain(what, &error),
            Err(_) => Error {
                class: Class::Connection,
                code: None,
                what: format!("{what}: no answer within {:?}", self.deadline),
            },
        };
        match error.class {
            Class::Connection => self.abandon(),
            Class::NotTheWriter => self.hosts.leave(self.host),
            Class::Busy | Class::Full | Class::Data | Class::Schema | Class::Unknown => {}
        }
        Err(error)
    }

    /// Drops the connection without waiting for anything.
    fn abandon(&mut self) {
        if let Some(conn) = self.conn.take() {
            // A dropped connection would say goodbye in a task of its own, which hangs as long as the server does. One
            // that was told to disconnect does not, and one poll is enough to tell it.
            let farewell = pin!(conn.disconnect());
            drop(farewell.poll(&mut Context::from_waker(Waker::noop())));
        }
    }

    #[cfg(test)]
    pub(super) fn id(&self) -> u32 {
        self.conn.as_ref().unwrap().id()
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.abandon();
    }
}

/// The rows of an answer: at most one more than `most`, which tells that there are too many.
async fn rows_of<P: Protocol>(mut answer: QueryResult<'_, '_, P>, most: usize) -> mysql_async::Result<Vec<Row>> {
    let mut rows = Vec::new();
    while rows.len() <= most
        && let Some(row) = answer.next().await?
    {
        rows.push(row);
    }
    Ok(rows)
}

/// An error of the driver in our words.
fn explain(what: &str, error: &mysql_async::Error) -> Error {
    let (class, code, why) = match error {
        mysql_async::Error::Server(server) => {
            let class = class::of_code(server.code);
            (class, Some(server.code), server_words(class, server.code))
        }
        mysql_async::Error::Driver(driver) => driver_words(driver),
        mysql_async::Error::Io(IoError::Tls(_)) => (Class::Connection, None, "the encryption broke"),
        mysql_async::Error::Io(IoError::Io(io)) => {
            let text = format!("{what}: {}", io.kind());
            return Error { class: Class::Connection, code: None, what: text };
        }
        mysql_async::Error::Url(_) => (Class::Schema, None, "the address cannot be used; look at `database.url`"),
        mysql_async::Error::Other(_) => (Class::Connection, None, "the driver gave up"),
    };
    Error { class, code, what: format!("{what}: {why}") }
}

/// Whether a log-in failed because of what the two sides want of TLS. The library reports a bad certificate as invalid
/// data.
fn is_about_tls(error: &mysql_async::Error) -> bool {
    match error {
        mysql_async::Error::Io(IoError::Tls(_)) => true,
        mysql_async::Error::Io(IoError::Io(io)) => io.kind() == std::io::ErrorKind::InvalidData,
        mysql_async::Error::Driver(_)
        | mysql_async::Error::Other(_)
        | mysql_async::Error::Server(_)
        | mysql_async::Error::Url(_) => false,
    }
}

const TLS: &str = "TLS was not agreed on; look at the server's certificate and `database.tls`, `.tls_ca`, `.tls_cert`, \
                   `.tls_key`";

/// What a server answers to an account with another password or none, or that there is not.
pub(super) const ACCESS_DENIED: u16 = 1045;

/// What MariaDB answers to an account that may log in by another way only, such as by the unix socket.
pub(super) const ACCESS_DENIED_WITHOUT_PASSWORD: u16 = 1698;

/// What a server answers to an account that has no right on the schema, whether there is one or not.
pub(super) const SCHEMA_DENIED: u16 = 1044;

/// What a server answers when there is no such schema.
pub(super) const NO_SUCH_SCHEMA: u16 = 1049;

/// The commands are not given the password as the service is; who forgets that should not look for it among the grants.
const NO_PASSWORD: &str = "the account wants a password, and none was given; name its file by `database.password_file`, or \
                           its folder by CREDENTIALS_DIRECTORY=/etc/tracespool";

fn server_words(class: Class, code: u16) -> &'static str {
    match class {
        Class::Connection => "the server ended the connection",
        Class::Busy => "the server is busy",
        Class::NotTheWriter => "the server does not take writes",
        Class::Full => "the server has no room",
        Class::Data => "the server refuses a value",
        Class::Schema if code == ACCESS_DENIED => "the server does not accept the account with this password",
        Class::Schema if code == ACCESS_DENIED_WITHOUT_PASSWORD => {
            "the server lets the account in only in another way, perhaps by its unix socket"
        }
        Class::Schema if code == SCHEMA_DENIED => "there is no such schema, or the account has no right on it",
        Class::Schema if code == NO_SUCH_SCHEMA => "there is no such schema",
        Class::Schema if class::is_denied(code) => "the account may not do this; look at its grants",
        Class::Schema if code == 1146 => "the table is missing; run `tracespool migrate`",
        Class::Schema => "the server's set-up does not allow this; run `tracespool check --connect`",
        Class::Unknown => "the server refused it",
    }
}

fn driver_words(error: &DriverError) -> (Class, Option<u16>, &'static str) {
    match error {
        DriverError::NoClientSslFlagFromServer => {
            (Class::Schema, None, "the server does not offer TLS; turn it on there, or look at `database.tls`")
        }
        DriverError::NoKeyFound => (Class::Schema, None, "the file of `database.tls_key` has no private key in it"),
        DriverError::UnknownAuthPlugin { .. }
        | DriverError::MysqlOldPasswordDisabled
        | DriverError::CleartextPluginDisabled
        | DriverError::InvalidParsecSalt => (
            Class::Schema,
            None,
            "the server wants a way of logging in that is not supported; give the account another",
        ),
        DriverError::LocalInfile(_) => (Class::Connection, None, "the server asked for a file of ours and got none"),
        DriverError::CantParseServerVersion { .. }
        | DriverError::ConnectionClosed
        | DriverError::FromValue { .. }
        | DriverError::FromRow { .. }
        | DriverError::Params(_)
        | DriverError::MixedParams
        | DriverError::NestedTransaction
        | DriverError::PacketOutOfOrder
        | DriverError::PoolDisconnected
        | DriverError::ReadOnlyTransNotSupported
        | DriverError::StmtParamsMismatch { .. }
        | DriverError::StmtParamsNumberExceedsLimit { .. }
        | DriverError::UnexpectedPacket { .. }
        | DriverError::PacketTooLarge
        | DriverError::BadCompressedPacketHeader
        | DriverError::NamedPipesDisabled
        | DriverError::BulkExecute(_) => (Class::Connection, None, "the connection broke"),
    }
}

/// A value as text, if it is one.
pub(super) fn text(row: &Row, column: usize) -> Option<String> {
    match row.as_ref(column)? {
        Value::Bytes(bytes) => String::from_utf8(bytes.clone()).ok(),
        Value::Int(number) => Some(number.to_string()),
        Value::UInt(number) => Some(number.to_string()),
        Value::NULL | Value::Float(_) | Value::Double(_) | Value::Date(..) | Value::Time(..) => None,
    }
}

#[cfg(test)]
mod tests {
    use mysql_async::ServerError;

    use super::*;

    #[test]
    fn hosts_are_tried_from_the_last_good_one() {
        let hosts = Hosts::new(3);
        assert_eq!(hosts.order().collect::<Vec<_>>(), [0, 1, 2]);
        hosts.prefer(1);
        assert_eq!(hosts.order().collect::<Vec<_>>(), [1, 2, 0]);
    }

    #[test]
    fn a_host_that_does_not_write_is_left_once() {
        let hosts = Hosts::new(3);
        hosts.prefer(2);
        hosts.leave(2);
        hosts.leave(2);
        assert_eq!(hosts.order().collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn the_servers_text_is_not_passed_on() {
        let server = ServerError { code: 1366, message: "Incorrect value: 'hunter2'".into(), state: "22007".into() };
        let error = explain("insert", &mysql_async::Error::Server(server));
        assert_eq!((error.class, error.code), (Class::Data, Some(1366)));
        assert_eq!(error.to_string(), "insert: the server refuses a value (error 1366)");
    }

    #[test]
    fn an_error_of_the_driver_shows_none_of_its_data() {
        let packet = DriverError::UnexpectedPacket { payload: b"hunter2".to_vec() };
        let error = explain("insert", &mysql_async::Error::Driver(packet));
        assert_eq!(error.class, Class::Connection);
        assert_eq!(error.to_string(), "insert: the connection broke");
    }

    #[test]
    fn the_network_is_a_matter_of_the_connection_and_a_certificate_is_not() {
        #[track_caller]
        fn check(kind: std::io::ErrorKind, want: bool) {
            let error = mysql_async::Error::from(std::io::Error::new(kind, "hunter2"));
            assert_eq!(is_about_tls(&error), want, "{kind}");
            let error = explain("sending rows", &error);
            assert_eq!((error.class, error.to_string()), (Class::Connection, format!("sending rows: {kind}")));
        }
        check(std::io::ErrorKind::ConnectionRefused, false);
        check(std::io::ErrorKind::UnexpectedEof, false);
        check(std::io::ErrorKind::InvalidData, true);
    }
}
