//! Where the database is and who we are there: the URL of `database.url`, taken apart.
//!
//! The URL is read by hand: it may name several hosts, which no URL grammar allows, and no general parser that keeps
//! the password in a printable field ever sees it.
//!
//! It is read strictly: each character that ends a part must be escaped inside of one. A `/` or `?` left bare in a password
//! would move the schema, and a password that is cut short would be told as a wrong one.
//!
//! Invariant: neither `Debug` nor `Display` of anything here shows a password, and no error quotes its input.
//! Invariant: the schema of a parsed [`Dsn`] is not `audit_logs`, however that is written (CONTRACT R2).

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::sink::table::{FORBIDDEN, NAME_MAX, is_identifier, names_forbidden};

const DEFAULT_PORT: u16 = 3306;

/// A text that is not to be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }

    /// The text itself, for the one place that needs it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

/// One server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Name or address; an IPv6 address without its brackets.
    pub name: String,
    /// TCP port.
    pub port: u16,
}

impl Host {
    /// Whether packets to it stay on this machine, as far as its name tells.
    pub fn is_loopback(&self) -> bool {
        match self.name.parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback(),
            Err(_) => self.name.eq_ignore_ascii_case("localhost"),
        }
    }

    /// Whether it is the path of a socket, written in the place of a host.
    fn is_path(&self) -> bool {
        self.name.starts_with('/')
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.contains(':') {
            write!(f, "[{}]:{}", self.name, self.port)
        } else {
            write!(f, "{}:{}", self.name, self.port)
        }
    }
}

/// How the server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// By TCP. Never empty; tried in this order.
    Hosts(Vec<Host>),
    /// By the unix socket at this path.
    Socket(PathBuf),
}

/// Where the database is and who we are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dsn {
    /// Account.
    pub user: String,
    /// Its password, if one is known.
    pub password: Option<Secret>,
    /// How the server is reached.
    pub address: Address,
    /// Default schema.
    pub schema: String,
}

/// The text is no [`Dsn`]. The text itself is not told: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadDsn {
    /// Another scheme, or none.
    #[error("write `mysql://user@host/schema`")]
    Scheme,
    /// A space or a control character that is not escaped.
    #[error("it has a space or a control character in it; write that as `%20` and the like")]
    Blank,
    /// A `#` that is not escaped.
    #[error("it has a `#` in it; write that as `%23`")]
    Fragment,
    /// No account.
    #[error("it names no user; write `mysql://user@host/schema`, and `/` and `?` of a password as `%2F` and `%3F`")]
    NoUser,
    /// A host that is empty.
    #[error("a host is empty; write `mysql://user@host/schema`")]
    NoHost,
    /// A port that is no number from 1 to 65535, or brackets that do not match.
    #[error("a port is bad; write `host:port` with a port from 1 to 65535, and an IPv6 address in brackets")]
    Port,
    /// No schema.
    #[error("it names no schema; write `mysql://user@host/schema`")]
    NoSchema,
    /// A `/` or `@` that does not end a part.
    #[error("there is a `/` or `@` too many; inside a name or password write `%2F` and `%40`")]
    TooMany,
    /// A schema that only escapes could name.
    #[error("a schema is 1 to {NAME_MAX} letters, digits, `_`, `$` and `-`")]
    Schema,
    /// The schema is the forbidden name.
    #[error("it names `{FORBIDDEN}`, which the agent never writes to; name another schema")]
    Forbidden,
    /// A percent sign that encodes nothing.
    #[error("a `%` in it is not followed by two hexadecimal digits; write `%` itself as `%25`")]
    Escape,
    /// Escapes of bytes that are no text.
    #[error("its `%` escapes are not UTF-8")]
    NotUtf8,
    /// A parameter other than `socket`.
    #[error("its only option is `socket`: write `?socket=/path`, or nothing behind the schema")]
    Parameter,
    /// More than one parameter.
    #[error("it has more than one option; only `socket` is one")]
    Parameters,
    /// A socket that is not an absolute path.
    #[error("its `socket` is not an absolute path")]
    Socket,
    /// A socket beside several hosts, or beside one that is a path itself.
    #[error("it names a `socket` beside other hosts; write `localhost` as the only one")]
    SocketAndHosts,
}

impl Dsn {
    /// The same with another password.
    pub fn with_password(mut self, password: Secret) -> Self {
        self.password = Some(password);
        self
    }
}

impl fmt::Display for Dsn {
    /// The URL without its password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escape = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        write!(f, "mysql://{}@", escape(&self.user))?;
        match &self.address {
            Address::Hosts(hosts) => {
                for (n, host) in hosts.iter().enumerate() {
                    write!(f, "{}{host}", if n == 0 { "" } else { "," })?;
                }
            }
            Address::Socket(path) => f.write_str(&escape(&path.to_string_lossy()))?,
        }
        write!(f, "/{}", escape(&self.schema))
    }
}

impl FromStr for Dsn {
    type Err = BadDsn;

    /// Reads `mysql://user[:password]@host[:port][,host2…]/schema[?socket=/path]`.
    fn from_str(text: &str) -> Result<Self, BadDsn> {
        let rest = text.strip_prefix("mysql://").ok_or(BadDsn::Scheme)?;
        if rest.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(BadDsn::Blank);
        }
        if rest.contains('#') {
            return Err(BadDsn::Fragment);
        }
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        let (authority, schema) =
            rest.split_once('/').filter(|(_, schema)| !schema.is_empty()).ok_or(BadDsn::NoSchema)?;
        let (account, hosts) = authority.split_once('@').ok_or(BadDsn::NoUser)?;
        if hosts.contains('@') || schema.contains(['/', '@']) {
            return Err(BadDsn::TooMany);
        }
        let (user, password) = match account.split_once(':') {
            Some((user, password)) => (decode(user)?, Some(Secret(decode(password)?))),
            None => (decode(account)?, None),
        };
        if user.is_empty() {
            return Err(BadDsn::NoUser);
        }
        let schema = schema_name(schema)?;
        let hosts = hosts.split(',').map(host).collect::<Result<Vec<_>, _>>()?;
        let address = match (query.map(socket_parameter).transpose()?, hosts.as_slice()) {
            (None, [host]) if host.is_path() => Address::Socket(PathBuf::from(&host.name)),
            // The host beside a socket is by custom `localhost` and means nothing.
            (Some(path), [host]) if !host.is_path() => Address::Socket(path),
            (None, several) if !several.iter().any(Host::is_path) => Address::Hosts(hosts),
            (None | Some(_), _) => return Err(BadDsn::SocketAndHosts),
        };
        Ok(Dsn { user, password, address, schema })
    }
}

fn decode(text: &str) -> Result<String, BadDsn> {
    let bytes = text.as_bytes();
    let is_escape = |at: usize| bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit));
    if bytes.iter().enumerate().any(|(at, &byte)| byte == b'%' && !is_escape(at)) {
        return Err(BadDsn::Escape);
    }
    percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| BadDsn::NotUtf8)
}

fn schema_name(text: &str) -> Result<String, BadDsn> {
    let schema = decode(text)?;
    if names_forbidden(&schema) {
        return Err(BadDsn::Forbidden);
    }
    // A hyphen is common in the names of schemas, and nobody puts this one into SQL.
    if is_identifier(&schema.replace('-', "_")) { Ok(schema) } else { Err(BadDsn::Schema) }
}

fn host(text: &str) -> Result<Host, BadDsn> {
    let (name, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (name, rest) = rest.split_once(']').ok_or(BadDsn::Port)?;
            let port = if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or(BadDsn::Port)?) };
            (name, port)
        }
        None => match text.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (text, None),
        },
    };
    let port = match port {
        None => DEFAULT_PORT,
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
            port.parse().ok().filter(|&port| port != 0).ok_or(BadDsn::Port)?
        }
        Some(_) => return Err(BadDsn::Port),
    };
    let name = decode(name)?;
    if name.is_empty() { Err(BadDsn::NoHost) } else { Ok(Host { name, port }) }
}

fn socket_parameter(query: &str) -> Result<PathBuf, BadDsn> {
    if query.contains('&') {
        return Err(BadDsn::Parameters);
    }
    let path = PathBuf::from(decode(query.strip_prefix("socket=").ok_or(BadDsn::Parameter)?)?);
    if path.is_absolute() { Ok(path) } else { Err(BadDsn::Socket) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tcp(hosts: &[(&str, u16)]) -> Address {
        Address::Hosts(hosts.iter().map(|&(name, port)| Host { name: name.to_owned(), port }).collect())
    }

    #[track_caller]
    fn check(text: &str, want: Result<(&str, Option<&str>, Address, &str), BadDsn>) {
        let want = want.map(|(user, password, address, schema)| Dsn {
            user: user.to_owned(),
            password: password.map(Secret::new),
            address,
            schema: schema.to_owned(),
        });
        assert!(text.parse::<Dsn>() == want, "{text}");
    }

    #[test]
    fn one_host() {
        check("mysql://agent@db/app", Ok(("agent", None, tcp(&[("db", 3306)]), "app")));
        check("mysql://agent@db:3307/app", Ok(("agent", None, tcp(&[("db", 3307)]), "app")));
        check("mysql://agent@[::1]:3307/app", Ok(("agent", None, tcp(&[("::1", 3307)]), "app")));
    }

    #[test]
    fn several_hosts() {
        let hosts = tcp(&[("db1", 3306), ("db2", 3307), ("fe80::1", 3306)]);
        check("mysql://agent@db1,db2:3307,[fe80::1]/app", Ok(("agent", None, hosts, "app")));
    }

    #[test]
    fn a_unix_socket_in_either_form() {
        let socket = Address::Socket("/run/my.sock".into());
        check("mysql://agent@localhost/app?socket=/run/my.sock", Ok(("agent", None, socket.clone(), "app")));
        check("mysql://agent@localhost/app?socket=%2Frun%2Fmy.sock", Ok(("agent", None, socket.clone(), "app")));
        check("mysql://agent@db:3307/app?socket=/run/my.sock", Ok(("agent", None, socket.clone(), "app")));
        check("mysql://agent@%2Frun%2Fmy.sock/app", Ok(("agent", None, socket, "app")));
    }

    #[test]
    fn percent_escapes_are_decoded_once() {
        let want = ("a@b", Some("p/w:%ü?@# "), tcp(&[("db", 3306)]), "my-app");
        check("mysql://a%40b:p%2Fw:%25%C3%BC%3F%40%23%20@db/my%2Dapp", Ok(want));
        check("mysql://u:%2541@db/app", Ok(("u", Some("%41"), tcp(&[("db", 3306)]), "app")));
        check("mysql://u@h/%2561udit_logs", Err(BadDsn::Schema));
    }

    #[test]
    fn a_name_that_only_resembles_the_forbidden_one_is_taken() {
        check("mysql://u@h/audit", Ok(("u", None, tcp(&[("h", 3306)]), "audit")));
        check("mysql://audit_logs@audit_logs/app", Ok(("audit_logs", None, tcp(&[("audit_logs", 3306)]), "app")));
    }

    #[test]
    fn audit_logs_is_refused_as_the_schema() {
        check("mysql://u@h/audit_logs", Err(BadDsn::Forbidden));
        check("mysql://u@h/Audit_LOGS", Err(BadDsn::Forbidden));
        check("mysql://u@h/%61udit_logs", Err(BadDsn::Forbidden));
        check("mysql://u@h/audit%5flogs?socket=/x", Err(BadDsn::Forbidden));
        check("mysql://u@h/%60audit_logs%60", Err(BadDsn::Forbidden));
        check("mysql://u@h/%20audit_logs", Err(BadDsn::Forbidden));
        check("mysql://u@h/app.audit_logs", Err(BadDsn::Forbidden));
        check("mysql://u@h/`audit_logs`", Err(BadDsn::Forbidden));
    }

    #[test]
    fn what_is_wrong_is_told() {
        check("postgres://agent@db/app", Err(BadDsn::Scheme));
        check("MYSQL://agent@db/app", Err(BadDsn::Scheme));
        check("mysql:agent@db/app", Err(BadDsn::Scheme));
        check("mysql://u@h/a p", Err(BadDsn::Blank));
        check("mysql://u@h/app\n", Err(BadDsn::Blank));
        check("mysql://u:p#w@h/app", Err(BadDsn::Fragment));
        check("mysql://db/app", Err(BadDsn::NoUser));
        check("mysql://@db/app", Err(BadDsn::NoUser));
        check("mysql://:p@h/app", Err(BadDsn::NoUser));
        check("mysql://u:p/w@h/app", Err(BadDsn::NoUser));
        check("mysql://agent@/app", Err(BadDsn::NoHost));
        check("mysql://agent@/app?socket=/s", Err(BadDsn::NoHost));
        check("mysql://agent@db1,/app", Err(BadDsn::NoHost));
        check("mysql://u@h,,h2/app", Err(BadDsn::NoHost));
        check("mysql://u@:3306/app", Err(BadDsn::NoHost));
        check("mysql://agent@db:0/app", Err(BadDsn::Port));
        check("mysql://agent@db:65536/app", Err(BadDsn::Port));
        check("mysql://agent@db:/app", Err(BadDsn::Port));
        check("mysql://agent@db:+1/app", Err(BadDsn::Port));
        check("mysql://agent@[::1/app", Err(BadDsn::Port));
        check("mysql://agent@::1/app", Err(BadDsn::Port));
        check("mysql://agent@db", Err(BadDsn::NoSchema));
        check("mysql://agent@db/", Err(BadDsn::NoSchema));
        check("mysql://u@h?socket=/x", Err(BadDsn::NoSchema));
        check("mysql://u:p?w@h/app", Err(BadDsn::NoSchema));
        check("mysql://agent@db/a/b", Err(BadDsn::TooMany));
        check("mysql://u@h/../audit_logs", Err(BadDsn::TooMany));
        check("mysql://u:p@w@h/app", Err(BadDsn::TooMany));
        check("mysql://u@h/a.b", Err(BadDsn::Schema));
        check("mysql://u@h/a%60b", Err(BadDsn::Schema));
        check("mysql://u@h/a%20b", Err(BadDsn::Schema));
        check(&format!("mysql://u@h/{}", "a".repeat(65)), Err(BadDsn::Schema));
        check("mysql://ag%zzent@db/app", Err(BadDsn::Escape));
        check("mysql://agent:50%@db/app", Err(BadDsn::Escape));
        check("mysql://u:%é@h/app", Err(BadDsn::Escape));
        check("mysql://u@%2/app", Err(BadDsn::Escape));
        check("mysql://u@h/%ff", Err(BadDsn::NotUtf8));
        check("mysql://agent@db/app?ssl-mode=DISABLED", Err(BadDsn::Parameter));
        check("mysql://u@h/app?", Err(BadDsn::Parameter));
        check("mysql://agent@db/app?socket=/s&socket=/t", Err(BadDsn::Parameters));
        check("mysql://agent@db/app?socket=run/my.sock", Err(BadDsn::Socket));
        check("mysql://agent@db1,db2/app?socket=/s", Err(BadDsn::SocketAndHosts));
        check("mysql://agent@%2Frun%2Fa.sock/app?socket=/s", Err(BadDsn::SocketAndHosts));
        check("mysql://agent@%2Frun%2Fa.sock,db/app", Err(BadDsn::SocketAndHosts));
    }

    #[test]
    fn a_refusal_says_what_to_write() {
        #[track_caller]
        fn check(text: &str, want: &str) {
            let refused = text.parse::<Dsn>().unwrap_err().to_string();
            assert!(refused.contains(want), "{refused}");
        }
        check("mysql:u@h/app", "write `mysql://");
        check("mysql://u@h/a p", "%20");
        check("mysql://u:p#w@h/app", "%23");
        check("mysql://u:100%@h/app", "%25");
        check("mysql://u:p/w@h/app", "`%2F` and `%3F`");
        check("mysql://u:p@w@h/app", "`%2F` and `%40`");
        check("mysql://u@h/AUDIT_LOGS", "`audit_logs`, which the agent never writes to; name another schema");
        check("mysql://u@h/a.b", "1 to 64 letters");
        check("mysql://u@h:x/app", "a port from 1 to 65535");
    }

    #[test]
    fn names_and_addresses_of_this_machine() {
        #[track_caller]
        fn check(name: &str, want: bool) {
            assert_eq!(Host { name: name.to_owned(), port: 1 }.is_loopback(), want, "{name}");
        }
        check("localhost", true);
        check("LocalHost", true);
        check("127.0.0.1", true);
        check("127.8.9.10", true);
        check("::1", true);
        check("::ffff:127.0.0.1", true);
        check("localhost.example.org", false);
        check("128.0.0.1", false);
        check("127.0.0.1.example.org", false);
        check("db", false);
    }

    #[test]
    fn display_is_the_url_without_its_password() {
        let dsn: Dsn = "mysql://a%40b:hunter2@db1,[::1]:3307/app".parse().unwrap();
        assert_eq!(dsn.to_string(), "mysql://a%40b@db1:3306,[::1]:3307/app");
    }

    #[test]
    fn debug_hides_the_password() {
        let dsn: Dsn = "mysql://agent:hunter2@db/app".parse().unwrap();
        let shown = format!("{dsn:?} {dsn:#?}");
        assert!(shown.contains("[hidden]") && !shown.contains("hunter2"), "{shown}");
    }

    proptest! {
        #[test]
        fn a_password_shows_nowhere(password in "[a-z]{1,8}Q[!-~]{0,8}") {
            let escaped = utf8_percent_encode(&password, NON_ALPHANUMERIC).to_string();
            let dsn: Dsn = format!("mysql://u:{escaped}@h/s").parse().unwrap();
            prop_assert_eq!(dsn.password.as_ref().map(Secret::reveal), Some(password.as_str()));
            let shown = format!("{dsn:?}{dsn}");
            prop_assert!(!shown.contains(&password));
        }

        #[test]
        fn a_password_that_is_not_escaped_shows_nowhere(password in "[a-zA-Z0-9%/?#@: ]{8,20}") {
            let shown = match format!("mysql://app:{password}@db/app").parse::<Dsn>() {
                Ok(dsn) => {
                    prop_assert_eq!((dsn.user.as_str(), dsn.schema.as_str()), ("app", "app"));
                    let shown = format!("{dsn:?}{dsn}");
                    prop_assert!(dsn.password.is_some_and(|decoded| !shown.contains(decoded.reveal())));
                    shown
                }
                Err(bad) => format!("{bad}{bad:?}"),
            };
            prop_assert!(!shown.contains(&password));
        }

        #[test]
        fn an_error_does_not_quote_its_input(text in "mysql://[a-z@:/?=%,\\[\\]]{0,30}ZQX[a-z@:/?=%,]{0,10}") {
            if let Err(bad) = text.parse::<Dsn>() {
                let shown = format!("{bad} {bad:?}");
                prop_assert!(!shown.contains("ZQX"));
            }
        }

        #[test]
        fn display_reads_back_as_the_same_place(user in "\\PC{1,10}", name in "[a-z0-9.-]{1,20}", port in 1u16.., schema in "[a-zA-Z0-9_$-]{1,10}") {
            let dsn = Dsn { user, password: None, address: Address::Hosts(vec![Host { name, port }]), schema };
            prop_assert_eq!(dsn.to_string().parse::<Dsn>(), Ok(dsn));
        }
    }
}
