//! Questions to whatever database the config names.

use mysql_async::Value;

use crate::record::Columns;
use crate::sink::Error;
use crate::sink::mysql::{Cells, Console, MySql};
use crate::sink::sqlite::{self, SqLite};

/// A database to ask.
pub struct Reader {
    kind: ReaderKind,
    table: String,
    progress: String,
    columns: Columns,
}

enum ReaderKind {
    MySql(Box<Console>),
    SqLite(sqlite::Reader),
}

impl Reader {
    /// Opens a MySQL or MariaDB database to ask about a table.
    ///
    /// # Errors
    /// It cannot be reached.
    pub async fn mysql(database: &MySql, table: &crate::sink::table::TableName) -> Result<Self, Error> {
        let mut console = database.console().await?;
        let columns = console.columns(database.schema(), table.name()).await?;
        Ok(Reader {
            kind: ReaderKind::MySql(Box::new(console)),
            table: database.qualified(table),
            progress: database.qualified(&table.progress()),
            columns,
        })
    }

    /// Opens an SQLite file to ask about a table.
    ///
    /// # Errors
    /// There is no such file, or it is no database.
    pub fn sqlite(database: &SqLite, table: &crate::sink::table::TableName) -> Result<Self, Error> {
        let reader = database.reader()?;
        let (table, progress) = (format!("`{}`", table.name()), format!("`{}`", table.progress().name()));
        Ok(Reader { columns: reader.columns(), kind: ReaderKind::SqLite(reader), table, progress })
    }

    /// The table, quoted for a statement.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The table of the frontiers, quoted for a statement.
    pub fn progress(&self) -> &str {
        &self.progress
    }

    /// What rows of the table keep to.
    pub fn columns(&self) -> Columns {
        self.columns.clone()
    }

    /// Asks for rows; more than `most` are an error. Whatever is no text has to be cast to `CHAR`.
    ///
    /// # Errors
    /// The database refuses, or cannot be reached any more.
    pub async fn rows(&mut self, what: &str, sql: &str, values: Vec<Value>, most: usize) -> Result<Vec<Cells>, Error> {
        match &mut self.kind {
            ReaderKind::MySql(console) => console.rows(what, sql, values, most).await,
            ReaderKind::SqLite(reader) => {
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
        match self.kind {
            ReaderKind::MySql(console) => console.close().await,
            ReaderKind::SqLite(_) => {}
        }
    }
}
