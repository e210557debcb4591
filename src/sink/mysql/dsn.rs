//! Where the database is and who we are there: the URL of `database.url`, taken apart.
//!
//! The URL is read by hand: it may name several hosts, which no URL grammar allows, and no general parser that keeps
//! the password in a printable field ever sees it.
//!
//! Invariant: neither `Debug` nor `Display` of anything here shows a password, and no error quotes its input.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

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
    #[error("the URL must start with `mysql://`")]
    Scheme,
    /// No account.
    #[error("the URL names no user; write `mysql://user@host/schema`")]
    NoUser,
    /// A host that is empty.
    #[error("the URL names no host; write `mysql://user@host/schema`")]
    NoHost,
    /// A port that is no number from 1 to 65535, or brackets that do not match.
    #[error("the URL has a bad port; write `host:port` with a port from 1 to 65535, and an IPv6 address in brackets")]
    Port,
    /// No schema, or more than one.
    #[error("the URL must end with one schema; write `mysql://user@host/schema`")]
    Schema,
    /// Percent signs that encode nothing, or no UTF-8.
    #[error("the URL has a bad percent escape; write `%25` for a percent sign")]
    Escape,
    /// A parameter other than `socket`.
    #[error("the URL has a parameter other than `socket`; the other settings are keys of `[database]`")]
    Parameter,
    /// A socket given twice, given beside several hosts, or not an absolute path.
    #[error(
        "the URL's socket must be one absolute path, as in `mysql://user@localhost/schema?socket=/run/mysqld.sock`"
    )]
    Socket,
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

    fn from_str(text: &str) -> Result<Self, BadDsn> {
        let rest = text.strip_prefix("mysql://").ok_or(BadDsn::Scheme)?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        // A password may hold anything but `/`, which must be escaped; the last `@` ends it.
        let (authority, schema) = rest.split_once('/').ok_or(BadDsn::Schema)?;
        let (account, hosts) = authority.rsplit_once('@').ok_or(BadDsn::NoUser)?;
        let (user, password) = match account.split_once(':') {
            Some((user, password)) => (decode(user)?, Some(Secret(decode(password)?))),
            None => (decode(account)?, None),
        };
        if user.is_empty() {
            return Err(BadDsn::NoUser);
        }
        let schema = decode(schema)?;
        if schema.is_empty() || schema.contains(['/', '\0']) {
            return Err(BadDsn::Schema);
        }
        let address = match (socket_parameter(query)?, decode(hosts)?) {
            (None, path) if path.starts_with('/') => Address::Socket(socket(&path)?),
            (None, _) => Address::Hosts(hosts.split(',').map(host).collect::<Result<_, _>>()?),
            // The host beside a socket is by custom `localhost` and means nothing.
            (Some(path), _) if !hosts.contains([',', '%']) => Address::Socket(socket(&path)?),
            (Some(_), _) => return Err(BadDsn::Socket),
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
    percent_decode_str(text).decode_utf8().map(String::from).map_err(|_| BadDsn::Escape)
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
        Some(port) => port.parse().ok().filter(|&port| port != 0).ok_or(BadDsn::Port)?,
    };
    let name = decode(name)?;
    if name.is_empty() { Err(BadDsn::NoHost) } else { Ok(Host { name, port }) }
}

fn socket_parameter(query: &str) -> Result<Option<String>, BadDsn> {
    let mut path = None;
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let value = parameter.strip_prefix("socket=").ok_or(BadDsn::Parameter)?;
        if path.replace(decode(value)?).is_some() {
            return Err(BadDsn::Socket);
        }
    }
    Ok(path)
}

fn socket(path: &str) -> Result<PathBuf, BadDsn> {
    let path = Path::new(path);
    if path.is_absolute() { Ok(path.to_owned()) } else { Err(BadDsn::Socket) }
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
        check("mysql://agent@/app?socket=%2Frun%2Fmy.sock", Ok(("agent", None, socket.clone(), "app")));
        check("mysql://agent@%2Frun%2Fmy.sock/app", Ok(("agent", None, socket, "app")));
    }

    #[test]
    fn percent_escapes_are_decoded() {
        let want = ("a@b", Some("p/w:%ü"), tcp(&[("db", 3306)]), "a b");
        check("mysql://a%40b:p%2Fw:%25%C3%BC@db/a%20b", Ok(want));
    }

    #[test]
    fn a_password_may_hold_an_at_sign() {
        check("mysql://agent:p@w@db/app", Ok(("agent", Some("p@w"), tcp(&[("db", 3306)]), "app")));
    }

    #[test]
    fn what_is_wrong_is_told() {
        check("postgres://agent@db/app", Err(BadDsn::Scheme));
        check("mysql://db/app", Err(BadDsn::NoUser));
        check("mysql://@db/app", Err(BadDsn::NoUser));
        check("mysql://agent@/app", Err(BadDsn::NoHost));
        check("mysql://agent@db1,/app", Err(BadDsn::NoHost));
        check("mysql://agent@db:0/app", Err(BadDsn::Port));
        check("mysql://agent@db:65536/app", Err(BadDsn::Port));
        check("mysql://agent@[::1/app", Err(BadDsn::Port));
        check("mysql://agent@::1/app", Err(BadDsn::Port));
        check("mysql://agent@db", Err(BadDsn::Schema));
        check("mysql://agent@db/", Err(BadDsn::Schema));
        check("mysql://agent@db/a/b", Err(BadDsn::Schema));
        check("mysql://ag%zzent@db/app", Err(BadDsn::Escape));
        check("mysql://agent:50%@db/app", Err(BadDsn::Escape));
        check("mysql://agent@db/app?ssl-mode=DISABLED", Err(BadDsn::Parameter));
        check("mysql://agent@db/app?socket=run/my.sock", Err(BadDsn::Socket));
        check("mysql://agent@db1,db2/app?socket=/s", Err(BadDsn::Socket));
        check("mysql://agent@db/app?socket=/s&socket=/t", Err(BadDsn::Socket));
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
        fn an_error_does_not_quote_its_input(text in "mysql://[a-z@:/?=%,\\[\\]]{0,30}ZQX[a-z@:/?=%,]{0,10}") {
            if let Err(bad) = text.parse::<Dsn>() {
                let shown = format!("{bad} {bad:?}");
                prop_assert!(!shown.contains("ZQX"));
            }
        }

        #[test]
        fn display_reads_back_as_the_same_place(user in "\\PC{1,10}", name in "[a-z0-9.-]{1,20}", port in 1u16.., schema in "[^/\\x00]{1,10}") {
            let dsn = Dsn { user, password: None, address: Address::Hosts(vec![Host { name, port }]), schema };
            prop_assert_eq!(dsn.to_string().parse::<Dsn>(), Ok(dsn));
        }
    }
}
