//! `check --connect`: whether a server, the table in it and the account are fit for the agent.
//!
//! Invariant: nothing is changed, and no statement that is sent names `audit_logs`, but the one that asks the catalogue
//! where there is one.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mysql_async::Value;

use crate::finding::Finding;
use crate::record::Timestamp;
use crate::sink::class::is_denied;
use crate::sink::mysql::grants::{self, Line};
use crate::sink::mysql::link::{
    ACCESS_DENIED, ACCESS_DENIED_WITHOUT_PASSWORD, Link, NO_SUCH_SCHEMA, SCHEMA_DENIED, text,
};
use crate::sink::mysql::{Address, Facts, MySql, PROGRESS_COLUMNS, Product, schema, wire};
use crate::sink::table::FORBIDDEN;
use crate::sink::{Class, Error};

/// What the config asks of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Bytes of the largest batch.
    pub batch_bytes: u64,
    /// Bytes of the longest line.
    pub line_bytes: u64,
}

/// Whether there was a server to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// One that takes writes.
    Yes,
    /// None.
    No,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// Everything that was looked at.
    pub findings: Vec<Finding>,
    /// Whether there was a server to look at.
    pub reached: Reached,
}

/// Clocks that differ by less tell the same time.
const CLOCKS_APART: Duration = Duration::from_secs(2);

/// Roles that are looked into: roles may have roles.
const ROLES_MOST: usize = 64;

/// Lines of the grants of one account.
const GRANTS_MOST: usize = 4096;

impl MySql {
    /// Looks at every host, and at the table and the account on the first that takes writes.
    pub async fn inspect(&self, needs: Needs) -> Inspection {
        let mut findings = Vec::new();
        let mut failed = Vec::new();
        let mut reached = Reached::No;
        for host in self.hosts.order() {
            match self.open(host).await {
                Ok((mut link, facts)) => {
                    if reached == Reached::No {
                        reached = Reached::Yes;
                        if let Err(error) = self.look(&mut link, host, &facts, needs, &mut findings).await {
                            let advice = "run it again; if it stays so, look at the server's log";
                            findings.push(Finding::error("server", format!("the check broke off: {error}"), advice));
                        }
                    } else {
                        findings.push(Finding::fine("server", format!("{} at {}", facts.version, self.place(host))));
                    }
                    link.close().await;
                }
                Err(error) => failed.push(error),
            }
        }
        for error in failed {
            let finding = match (reached, error.class) {
                (Reached::Yes, Class::NotTheWriter) => {
                    Finding::fine("server", format!("{error}; it is used when it becomes the writer"))
                }
                (Reached::Yes, _) => Finding::warning("server", error.to_string(), advice(error.code)),
                (Reached::No, _) => Finding::error("server", error.to_string(), advice(error.code)),
            };
            findings.push(finding);
        }
        Inspection { findings, reached }
    }

    async fn look(
        &self,
        link: &mut Link,
        host: usize,
        facts: &Facts,
        needs: Needs,
        findings: &mut Vec<Finding>,
    ) -> Result<(), Error> {
        findings.push(Finding::fine("server", format!("{} at {}", facts.version, self.place(host))));
        self.look_at_session(link, host, findings).await?;
        findings.push(look_at_packets(facts, needs));
        self.look_at_tables(link, facts, findings).await?;
        self.look_at_grants(link, facts.product, findings).await
    }

    async fn look_at_session(&self, link: &mut Link, host: usize, findings: &mut Vec<Finding>) -> Result<(), Error> {
        let rows = link.ask("asking for TLS", "SHOW SESSION STATUS LIKE 'Ssl_cipher'", 4).await?;
        let cipher = rows.first().and_then(|row| text(row, 1)).unwrap_or_default();
        let stays_here = match &self.options.dsn.address {
            Address::Socket(_) => true,
            Address::Hosts(hosts) => hosts[host].is_loopback(),
        };
        findings.push(match (cipher.as_str(), stays_here) {
            ("", true) => Finding::fine("tls", "not used, and not needed: the connection stays on this machine"),
            ("", false) => Finding::warning(
                "tls",
                "the connection is not encrypted: rows cross the network in the clear",
                "set `database.tls = \"verify-identity\"` and, if the authority is your own, `database.tls_ca`",
            ),
            (cipher, _) => Finding::fine("tls", format!("in use, {cipher}")),
        });
        let sql = "SELECT CAST(@@global.time_zone AS CHAR), CAST(@@system_time_zone AS CHAR), \
                   CAST(@@character_set_database AS CHAR)";
        let row = link.ask("asking for settings", sql, 1).await?;
        let cell = |column| row.first().and_then(|row| text(row, column)).unwrap_or_default();
        let zone = match cell(0).as_str() {
            "SYSTEM" => cell(1),
            zone => zone.to_owned(),
        };
        findings.push(Finding::fine("time zone", format!("UTC in sessions of the agent; the server's own is {zone}")));
        let charset = cell(2);
        findings.push(Finding::fine("charset", format!("utf8mb4 in sessions of the agent; the schema's is {charset}")));
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as i64;
        let before = now();
        let rows = link.ask("asking for the time", "SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)", 1).await?;
        let after = now();
        let told = rows.first().and_then(|row| text(row, 0)).and_then(|time| Timestamp::parse(&time));
        if let Some(Timestamp(server)) = told {
            // It was told at some time in between.
            let apart = if server < before { before - server } else { (server - after).max(0) };
            let apart = Duration::from_micros(apart.unsigned_abs());
            findings.push(if apart < CLOCKS_APART {
                Finding::fine("clock", "this host and the server tell the same time")
            } else {
                let direction = if server < before { "behind" } else { "ahead of" };
                let what = format!("the server is {:.1} s {direction} this host", apart.as_secs_f64());
                let advice = "let both follow a time server (`timedatectl`); `prune` goes by the server's clock, and \
                              lines without `created_at` get this host's";
                Finding::warning("clock", what, advice)
            });
        }
        Ok(())
    }

    async fn look_at_tables(&self, link: &mut Link, facts: &Facts, findings: &mut Vec<Finding>) -> Result<(), Error> {
        let (table, schema) = (&self.options.table, self.schema());
        match schema::find(link, schema, table.name()).await? {
            None => findings.push(Finding::error(
                "table",
                format!("`{schema}.{}` is missing, or this account has no right on it", table.name()),
                "`tracespool migrate` creates it, `tracespool migrate --grants` prints the rights",
            )),
            Some(found) => {
                let differences = found.findings(&self.qualified(table));
                if differences.is_empty() {
                    findings.push(Finding::fine("table", format!("`{schema}.{}` is as it should be", table.name())));
                }
                findings.extend(differences);
            }
        }
        let progress = table.progress();
        match schema::find(link, schema, progress.name()).await? {
            Some(found) => {
                let checks = [found.require_transactions(), found.require_columns(&PROGRESS_COLUMNS)];
                let wrong: Vec<_> = checks.into_iter().filter_map(Result::err).collect();
                if wrong.is_empty() {
                    findings.push(Finding::fine("progress", format!("`{schema}.{}` is there", progress.name())));
                }
                let again =
                    "move it away by `RENAME TABLE`, then `tracespool migrate`; the agent goes on by its checkpoint";
                findings.extend(wrong.into_iter().map(|error| Finding::error("progress", error.what, again)));
            }
            None => {
                let creates = link.prepare("asking for the right to create", &schema::progress_sql(table)).await;
                let missing = format!("`{schema}.{}` is missing, or this account has no right on it", progress.name());
                findings.push(match creates {
                    Ok(()) => Finding::warning(
                        "progress",
                        format!("{missing}; the agent creates it when it starts"),
                        "`tracespool migrate` creates it now",
                    ),
                    Err(_) => Finding::error(
                        "progress",
                        format!("{missing}: rows arrive at least once, not exactly once"),
                        "`tracespool migrate` with an account that may create tables",
                    ),
                });
            }
        }
        if let Product::MariaDb { bulk: super::Offered::No } = facts.product {
            findings.push(Finding::warning(
                "server",
                "bulk execute is not offered: rows go by `INSERT` of many rows, which costs the server more",
                "MariaDB 10.2.7 or later, and `binlog_format` other than STATEMENT",
            ));
        }
        Ok(())
    }

    async fn look_at_grants(
        &self,
        link: &mut Link,
        product: Product,
        findings: &mut Vec<Finding>,
    ) -> Result<(), Error> {
        let (table, schema) = (&self.options.table, self.schema());
        let account = link.ask("asking who we are", "SELECT CURRENT_USER()", 1).await?;
        let account = account.first().and_then(|row| text(row, 0)).unwrap_or_default();
        let (user, host) = account.rsplit_once('@').unwrap_or((&account, "%"));
        let account = format!("'{}'@'{}'", user.replace('\'', "''"), host.replace('\'', "''"));
        let rows = self.qualified(table);
        let progress = self.qualified(&table.progress());
        // What the server says to the statement itself is surer than what its grants look like.
        let needed = [
            ("INSERT", &rows, wire::insert_sql(&rows, 1)),
            ("SELECT", &progress, format!("SELECT file FROM {progress} WHERE agent = ? FOR UPDATE")),
            ("INSERT", &progress, format!("INSERT INTO {progress} (agent, file) VALUES (?, ?)")),
            ("UPDATE", &progress, format!("UPDATE {progress} SET frontier = ? WHERE agent = ?")),
            ("DELETE", &progress, format!("DELETE FROM {progress} WHERE agent = ? AND file = ?")),
        ];
        let mut all = true;
        for (right, on, sql) in needed {
            match link.prepare("asking for a right", &sql).await {
                Ok(()) => {}
                Err(Error { code: Some(code), .. }) if is_denied(code) => {
                    all = false;
                    let what = format!("{account} may not {right} on {on}");
                    findings.push(Finding::error("grants", what, format!("GRANT {right} ON {on} TO {account};")));
                }
                // What else is wrong is told of the tables.
                Err(error) if error.class == Class::Connection => return Err(error),
                Err(_) => all = false,
            }
        }
        if all {
            findings.push(Finding::fine("grants", format!("{account} has the rights that shipping needs")));
        }
        let seen = "SELECT table_schema FROM information_schema.tables WHERE LOWER(table_name) = ?";
        let seen = link.select("looking for neighbours", seen, vec![Value::from(FORBIDDEN)], 10_000).await?;
        let seen: Vec<String> = seen.iter().filter_map(|row| text(row, 0)).collect();
        let (lines, hidden) = every_grant(link, product).await?;
        let excess = grants::excess(&lines, table, schema, &seen);
        if excess.is_empty() && hidden.is_empty() {
            findings.push(Finding::fine("grants", format!("{account} has no right that nothing here needs")));
        }
        findings.extend(excess);
        for role in hidden {
            let what =
                format!("the rights of the role {role} cannot be looked at; it may be able to write `{FORBIDDEN}`");
            findings.push(Finding::warning("grants", what, format!("SHOW GRANTS FOR {role};  -- as an administrator")));
        }
        Ok(())
    }
}

/// What to do about a server that cannot be logged in to.
fn advice(code: Option<u16>) -> &'static str {
    match code {
        Some(ACCESS_DENIED) => {
            "look at the account in `database.url` and at the password's file; ALTER USER … IDENTIFIED BY … gives it another"
        }
        Some(ACCESS_DENIED_WITHOUT_PASSWORD) => {
            "give the account a password (ALTER USER … IDENTIFIED BY …), or add ?socket=/run/mysqld/mysqld.sock to \
             `database.url`: localhost alone means TCP"
        }
        Some(SCHEMA_DENIED | NO_SUCH_SCHEMA) => {
            "look at the schema in `database.url`; CREATE DATABASE … makes it, `tracespool migrate --grants` prints the rights"
        }
        _ => "see whether the server runs and takes connections from this host, and look at `database.url`",
    }
}

/// The grants of the account and of every role it has, and the roles that cannot be looked into.
async fn every_grant(link: &mut Link, product: Product) -> Result<(Vec<Line>, Vec<String>), Error> {
    let what = "reading the grants";
    let mut lines = Vec::new();
    let mut hidden = Vec::new();
    let mut roles: Vec<String> = Vec::new();
    let mut take = |rows: Vec<mysql_async::Row>, roles: &mut Vec<String>| {
        for line in rows.iter().filter_map(|row| text(row, 0)).map(|line| grants::parse(&line)) {
            if let Line::Roles(more) = &line {
                let new: Vec<String> = more.iter().filter(|role| !roles.contains(role)).cloned().collect();
                roles.extend(new);
            }
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    };
    take(link.ask(what, "SHOW GRANTS", GRANTS_MOST).await?, &mut roles);
    // Everybody has these; servers before MariaDB 10.11 know no such thing.
    if let Ok(rows) = link.ask(what, "SHOW GRANTS FOR PUBLIC", GRANTS_MOST).await {
        take(rows, &mut roles);
    }
    let mut at = 0;
    while let Some(role) = roles.get(at).cloned().filter(|_| at < ROLES_MOST) {
        at += 1;
        match grants_of_role(link, product, &role).await {
            Ok(rows) => take(rows, &mut roles),
            Err(error) if error.class == Class::Connection => return Err(error),
            Err(_) => hidden.push(role),
        }
    }
    hidden.extend(roles.into_iter().skip(ROLES_MOST));
    // The grants of a role list those of the roles it has.
    let is_known = |role: &String| lines.iter().any(|line| matches!(line, Line::Rights(grant) if grant.to == *role));
    hidden.retain(|role| !is_known(role));
    Ok((lines, hidden))
}

/// The grants of a role. They are shown to whoever has it in effect, which this session may have to take on.
async fn grants_of_role(link: &mut Link, product: Product, role: &str) -> Result<Vec<mysql_async::Row>, Error> {
    let what = "reading the grants of a role";
    match link.ask(what, &format!("SHOW GRANTS FOR {role}"), GRANTS_MOST).await {
        Err(error) if error.class != Class::Connection => {}
        done => return done,
    }
    match product {
        Product::MariaDb { .. } => {
            link.run(what, &format!("SET ROLE {role}")).await?;
            link.ask(what, "SHOW GRANTS FOR CURRENT_ROLE", GRANTS_MOST).await
        }
        Product::MySql => link.ask(what, &format!("SHOW GRANTS FOR CURRENT_USER() USING {role}"), GRANTS_MOST).await,
    }
}

fn look_at_packets(facts: &Facts, needs: Needs) -> Finding {
    let packet = facts.max_allowed_packet as u64;
    let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
    let advice = |bytes: u64| {
        format!("SET GLOBAL max_allowed_packet = {};  -- and in the server's config", bytes.next_power_of_two())
    };
    // A line may double on its way: as metadata, and noted there once more where a column is too short for it.
    let longest = needs.line_bytes.saturating_mul(2);
    if packet < longest {
        let (packet, line) = (mib(packet), mib(needs.line_bytes));
        let what = format!(
            "`max_allowed_packet` is {packet}: a line near `spool.max_line_bytes` ({line}) may not fit, and is quarantined"
        );
        Finding::warning("packet", what, advice(longest))
    } else if packet < needs.batch_bytes {
        let (packet, batch) = (mib(packet), mib(needs.batch_bytes));
        let what =
            format!("`max_allowed_packet` is {packet}; a batch (`batch.max_bytes`, {batch}) takes several packets");
        Finding::fine("packet", what)
    } else {
        Finding::fine("packet", format!("`max_allowed_packet` is {}", mib(packet)))
    }
}
