//! A session for the commands: asks and changes beside the running agents, outside of their transactions.
//!
//! Invariant: as everywhere here, values are parameters; the text of a statement is made of our own words and of
//! validated or quoted names.

use mysql_async::{Row, Value};

use crate::record::Columns;
use crate::sink::mysql::link::{Link, text};
use crate::sink::mysql::{Facts, Failures, MySql, Product, schema};
use crate::sink::{Class, Error};

/// The cells of a row as text; `None` where one is NULL, or of a type that has to be cast to `CHAR`.
pub type Cells = Vec<Option<String>>;

/// One connection of a command's.
pub struct Console {
    link: Link,
    version: String,
    product: Product,
}

impl MySql {
    /// A session on the first host that takes writes.
    ///
    /// # Errors
    /// No host does.
    pub async fn console(&self) -> Result<Console, Error> {
        let mut failures = Failures::default();
        for host in self.hosts.order() {
            match self.open(host).await {
                Ok((link, Facts { version, product, .. })) => {
                    self.hosts.prefer(host);
                    return Ok(Console { link, version, product });
                }
                Err(error) => failures.push(error),
            }
        }
        Err(failures.into_error())
    }

    /// How many seconds the replicas among the other hosts are behind, the slowest of them; `None` where no host is one,
    /// or none tells.
    pub async fn replica_lag(&self) -> Option<u64> {
        let mut slowest: Option<u64> = None;
        // The first is the one that is written to.
        for host in self.hosts.order().skip(1) {
            let lag = match self.open_as_it_is(host).await {
                Ok(mut link) => {
                    let lag = replica_lag(&mut link).await;
                    link.close().await;
                    lag
                }
                Err(_) => None,
            };
            slowest = slowest.max(lag);
        }
        slowest
    }
}

async fn replica_lag(link: &mut Link) -> Option<u64> {
    let what = "asking a replica";
    let rows = match link.ask(what, "SHOW REPLICA STATUS", 64).await {
        Ok(rows) => rows,
        Err(_) => link.ask(what, "SHOW SLAVE STATUS", 64).await.ok()?,
    };
    let behind = |row: &Row| {
        let names = ["Seconds_Behind_Source", "Seconds_Behind_Master"];
        let column = row.columns_ref().iter().position(|column| names.contains(&&*column.name_str()))?;
        text(row, column)?.parse().ok()
    };
    rows.iter().filter_map(behind).max()
}

impl Console {
    /// Product and version: `MariaDB 10.11.19`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether the server is MariaDB, whose JSON is text.
    pub fn is_mariadb(&self) -> bool {
        matches!(self.product, Product::MariaDb { .. })
    }

    /// Runs a statement without values.
    ///
    /// # Errors
    /// The server refuses it, or cannot be reached any more.
    pub async fn run(&mut self, what: &str, sql: &str) -> Result<(), Error> {
        self.link.run(what, sql).await
    }

    /// Asks for rows; more than `most` are an error.
    ///
    /// # Errors
    /// As [`Console::run`].
    pub async fn rows(&mut self, what: &str, sql: &str, values: Vec<Value>, most: usize) -> Result<Vec<Cells>, Error> {
        let rows = self.link.select(what, sql, values, most).await?;
        Ok(rows.iter().map(|row| (0..row.len()).map(|column| text(row, column)).collect()).collect())
    }

    /// The first cell of the first row.
    ///
    /// # Errors
    /// As [`Console::run`].
    pub async fn cell(&mut self, what: &str, sql: &str, values: Vec<Value>) -> Result<Option<String>, Error> {
        let rows = self.rows(what, sql, values, 1).await?;
        Ok(rows.into_iter().next().and_then(|row| row.into_iter().next().flatten()))
    }

    /// Changes rows, and says how many.
    ///
    /// # Errors
    /// As [`Console::run`].
    pub async fn change(&mut self, what: &str, sql: &str, values: Vec<Value>) -> Result<u64, Error> {
        self.link.change(what, sql, values).await.map(|done| done.rows)
    }

    /// Whether a table has an index that begins with a column; `None` where there is no such table.
    ///
    /// # Errors
    /// As [`Console::run`].
    pub async fn is_indexed(&mut self, schema: &str, table: &str, column: &str) -> Result<Option<bool>, Error> {
        Ok(schema::find(&mut self.link, schema, table).await?.map(|found| found.is_indexed(column)))
    }

    /// What rows of a table keep to.
    ///
    /// # Errors
    /// It is missing, or takes no rows.
    pub async fn columns(&mut self, schema: &str, table: &str) -> Result<Columns, Error> {
        let Some(found) = schema::find(&mut self.link, schema, table).await? else {
            let what = format!("table `{table}` is missing, or hidden from this account");
            return Err(Error { class: Class::Schema, code: Some(1146), what });
        };
        found.columns(self.product.json_depth()).map(|(columns, _)| columns)
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.link.close().await;
    }
}
