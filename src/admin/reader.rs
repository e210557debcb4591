//! Questions to whatever database the config names.

use mysql_async::Value;

use crate::sink::Error;
use crate::sink::mysql::{Cells, Console, MySql};
use crate::sink::sqlite::{self, SqLite};

/// A database to ask.
pub enum Reader {
    /// MySQL or MariaDB, and the table with its schema, quoted.
    MySql(Box<Console>, String),
    /// SQLite, and the table, quoted.
    SqLite(sqlite::Reader, String),
}

impl Reader {
    /// Opens a MySQL or MariaDB database to ask about a table.
    ///
    /// # Errors
    /// It cannot be reached.
    pub async fn mysql(database: &MySql, table: &crate::sink::table::TableName) -> Result<Self, Error> {
        Ok(Reader::MySql(Box::new(database.console().await?), database.qualified(table)))
    }

    /// Opens an SQLite file to ask about a table.
    ///
    /// # Errors
    /// There is no such file, or it is no database.
    pub fn sqlite(database: &SqLite, table: &crate::sink::table::TableName) -> Result<Self, Error> {
        Ok(Reader::SqLite(database.reader()?, format!("`{}`", table.name())))
    }

    /// The table, quoted for a statement.
    pub fn table(&self) -> &str {
        match self {
            Reader::MySql(_, table) | Reader::SqLite(_, table) => table,
        }
    }

    /// Asks for rows; more than `most` are an error. Whatever is no text has to be cast to `CHAR`.
    ///
    /// # Errors
    /// The database refuses, or cannot be reached any more.
    pub async fn rows(&mut self, what: &str, sql: &str, values: Vec<Value>, most: usize) -> Result<Vec<Cells>, Error> {
        match self {
            Reader::MySql(console, _) => console.rows(what, sql, values, most).await,
            Reader::SqLite(reader, _) => {
                let text = |value: Value| match value {
                    Value::Bytes(bytes) => sqlite::Given::Text(String::from_utf8_lossy(&bytes).into_owned()),
                    Value::Int(number) => sqlite::Given::Number(number),
                    Value::UInt(number) => sqlite::Given::Number(i64::try_from(number).unwrap_or(i64::MAX)),
                    Value::NULL | Value::Float(_) | Value::Double(_) | Value::Date(..) | Value::Time(..) => {
                        sqlite::Given::Null
                    }
                };
                reader.rows(what, sql, values.into_iter().map(text).collect(), most)
            }
        }
    }

    /// Says goodbye.
    pub async fn close(self) {
        match self {
            Reader::MySql(console, _) => console.close().await,
            Reader::SqLite(..) => {}
        }
    }
}
