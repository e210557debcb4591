//! The tables as they should be, and as a server has them.
//!
//! Invariant: nothing here changes a table that exists.
//! Invariant: a table that would bend or lose values (another engine, another character set, a view) is refused at
//! connect, in words that name what is wrong.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use jiff::ToSpan;
use jiff::civil::Date;
use mysql_async::Value;

use crate::finding::Finding;
use crate::record::Columns;
use crate::sink::mysql::link::{Link, text};
use crate::sink::mysql::wire::{Shape, Sign};
use crate::sink::table::{COLUMNS, TableName};
use crate::sink::{Class, Error};

/// How a table that is created is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// One piece, primary key `id`.
    Plain,
    /// A partition `pYYYYMMDD` for each day of `created_at` from `first` on, and `pmax` for what lies behind the last;
    /// primary key `(id, created_at)`.
    ByDay {
        /// The first day. What is older lies in its partition too.
        first: Date,
        /// How many days have a partition of their own.
        days: u16,
    },
}

/// What `migrate` did and found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrateReport {
    /// Names of the tables that were created.
    pub created: Vec<String>,
    /// How existing tables differ from what would have been created, for people.
    pub differences: Vec<String>,
}

/// The statements that create the table and the table of the frontiers, each ended by a semicolon.
pub fn schema_sql(table: &TableName, layout: Layout) -> String {
    format!("{};\n\n{};\n", table_sql(table, layout), progress_sql(table))
}

/// The statement that creates the table of the rows.
pub(super) fn table_sql(table: &TableName, layout: Layout) -> String {
    let key = match layout {
        Layout::Plain => "`id`",
        Layout::ByDay { .. } => "`id`, `created_at`",
    };
    let mut sql = format!("CREATE TABLE IF NOT EXISTS {} (\n", table.quoted());
    for (name, definition) in DEFINITIONS {
        writeln!(sql, "  `{name}` {definition},").expect("writing to a string");
    }
    write!(sql, "  PRIMARY KEY ({key})").expect("writing to a string");
    for (index, column) in INDEXES {
        write!(sql, ",\n  KEY `{index}` (`{column}`)").expect("writing to a string");
    }
    sql.push_str("\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4");
    match layout {
        Layout::Plain => {}
        Layout::ByDay { first, days } => {
            sql.push_str("\nPARTITION BY RANGE COLUMNS(`created_at`) (\n");
            let mut day = first;
            for _ in 0..days {
                let next = day.saturating_add(1.day());
                writeln!(sql, "  PARTITION `p{}` VALUES LESS THAN ('{next}'),", day.strftime("%Y%m%d"))
                    .expect("writing to a string");
                day = next;
            }
            sql.push_str("  PARTITION `pmax` VALUES LESS THAN (MAXVALUE)\n)");
        }
    }
    sql
}

/// The columns of the table of the rows, as they are defined.
const DEFINITIONS: [(&str, &str); 10] = [
    ("id", "BIGINT UNSIGNED NOT NULL AUTO_INCREMENT"),
    ("event_key", "VARCHAR(255) NOT NULL"),
    ("severity", "VARCHAR(20) NOT NULL DEFAULT 'info'"),
    ("actor_admin_id", "INT NULL"),
    ("ip_address", "VARCHAR(45) NULL"),
    ("user_agent", "VARCHAR(255) NULL"),
    ("route_name", "VARCHAR(255) NULL"),
    ("request_id", "VARCHAR(64) NULL"),
    ("metadata", "JSON NULL"),
    ("created_at", "DATETIME(6) NOT NULL"),
];

/// Its indexes beside the primary key, each of one column.
const INDEXES: [(&str, &str); 4] = [
    ("idx_created_at", "created_at"),
    ("idx_event_key", "event_key"),
    ("idx_actor", "actor_admin_id"),
    ("idx_request", "request_id"),
];

/// The statement that creates the table of the frontiers beside `table`.
pub(super) fn progress_sql(table: &TableName) -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS {} (\n  \
           `agent` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,\n  \
           `file` VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,\n  \
           `generation` INT UNSIGNED NOT NULL,\n  \
           `frontier` BIGINT UNSIGNED NOT NULL,\n  \
           `marker` CHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,\n  \
           `path` VARCHAR(1024) NOT NULL,\n  \
           `updated_at` DATETIME(6) NOT NULL,\n  \
           PRIMARY KEY (`agent`, `file`)\n\
         ) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
        table.progress().quoted()
    )
}

/// Whether a column takes NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Null {
    Allowed,
    Refused,
}

/// A column as the server describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    name: String,
    /// `varchar`
    kind: String,
    /// `varchar(255)`
    full_kind: String,
    width: Option<usize>,
    charset: Option<String>,
    null: Null,
    fraction: Option<u32>,
    filled: Filled,
}

/// What a column holds in a row that does not name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filled {
    /// The next number.
    Counted,
    /// Its default, NULL among them, or what is generated.
    Given,
    /// Nothing: such a row is refused.
    Never,
}

/// A table as the server describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    name: String,
    /// `BASE TABLE`, `VIEW`
    kind: String,
    engine: Option<String>,
    pub(super) columns: Vec<Column>,
    /// First column of every index.
    indexed: Vec<String>,
    /// Unique indexes other than the primary key.
    unique: Vec<String>,
}

const COLUMNS_MOST: usize = 8192;

/// Looks a table up. `None` if it is missing, or the account has no right on it.
pub(super) async fn find(link: &mut Link, schema: &str, name: &str) -> Result<Option<Found>, Error> {
    let place = || vec![Value::from(schema), Value::from(name)];
    let what = "looking the table up";
    let tables = "SELECT table_name, table_type, engine FROM information_schema.tables \
                  WHERE table_schema = ? AND table_name = ?";
    let tables = link.select(what, tables, place(), COLUMNS_MOST).await?;
    // The catalogue compares without case, while the names of tables may have one.
    let found = tables.iter().find(|row| text(row, 0).as_deref() == Some(name)).or_else(|| tables.first());
    let Some(row) = found else { return Ok(None) };
    let mut table = Found {
        name: text(row, 0).unwrap_or_default(),
        kind: text(row, 1).unwrap_or_default(),
        engine: text(row, 2),
        columns: Vec::new(),
        indexed: Vec::new(),
        unique: Vec::new(),
    };
    let columns = "SELECT table_name, column_name, data_type, column_type, \
                   CAST(character_maximum_length AS CHAR), character_set_name, is_nullable, \
                   CAST(datetime_precision AS CHAR), column_default, extra \
                   FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position";
    for row in link.select(what, columns, place(), COLUMNS_MOST).await? {
        if text(&row, 0).as_deref() == Some(&table.name) {
            let null = if text(&row, 6).as_deref() == Some("YES") { Null::Allowed } else { Null::Refused };
            let extra = text(&row, 9).unwrap_or_default().to_ascii_lowercase();
            let filled = if extra.contains("auto_increment") {
                Filled::Counted
            } else if null == Null::Allowed || text(&row, 8).is_some() || extra.contains("generated") {
                Filled::Given
            } else {
                Filled::Never
            };
            table.columns.push(Column {
                name: text(&row, 1).unwrap_or_default(),
                kind: text(&row, 2).unwrap_or_default().to_ascii_lowercase(),
                full_kind: text(&row, 3).unwrap_or_default().to_ascii_lowercase(),
                width: text(&row, 4).map(|width| width.parse().unwrap_or(usize::MAX)),
                charset: text(&row, 5),
                null,
                fraction: text(&row, 7).and_then(|digits| digits.parse().ok()),
                filled,
            });
        }
    }
    let indexes = "SELECT table_name, column_name, index_name, CAST(non_unique AS CHAR) FROM information_schema.statistics \
                   WHERE table_schema = ? AND table_name = ? AND seq_in_index = 1";
    for row in link.select(what, indexes, place(), COLUMNS_MOST).await? {
        if text(&row, 0).as_deref() == Some(&table.name) {
            table.indexed.extend(text(&row, 1));
            let name = text(&row, 2).filter(|name| name != "PRIMARY");
            table.unique.extend(name.filter(|_| text(&row, 3).as_deref() == Some("0")));
        }
    }
    Ok(Some(table))
}

fn refused(what: String) -> Error {
    Error { class: Class::Schema, code: None, what }
}

impl Found {
    /// Refuses what is no table, or one without transactions.
    pub(super) fn require_transactions(&self) -> Result<(), Error> {
        let name = &self.name;
        if self.kind != "BASE TABLE" {
            let kind = self.kind.to_ascii_lowercase();
            return Err(refused(format!(
                "`{name}` is a {kind}, which may lead to any other table; name a table of its own in `database.table`"
            )));
        }
        match self.engine.as_deref() {
            Some(engine) if engine.eq_ignore_ascii_case("InnoDB") => Ok(()),
            engine => Err(refused(format!(
                "`{name}` has the engine {}, which knows no transactions; convert it by ALTER TABLE … ENGINE=InnoDB",
                engine.unwrap_or("none")
            ))),
        }
    }

    /// Refuses a table that lacks one of `names`.
    pub(super) fn require_columns(&self, names: &[&str]) -> Result<(), Error> {
        names.iter().try_for_each(|name| self.column(name).map(|_| ()))
    }

    fn column(&self, name: &str) -> Result<&Column, Error> {
        let found = self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            let table = &self.name;
            refused(format!("`{table}` has no column `{name}`; add it, as `tracespool migrate --print` shows it"))
        })
    }

    /// What the rows must keep to.
    ///
    /// # Errors
    /// [`Class::Schema`]: the table cannot take them.
    pub(super) fn columns(&self, json_depth: usize) -> Result<(Columns, Shape), Error> {
        self.require_transactions()?;
        self.require_columns(&COLUMNS)?;
        let (range, sign) = self.column("actor_admin_id")?.integers()?;
        let fraction = self.column("created_at")?.fraction_digits()?;
        self.column("severity")?.wide_enough(7)?;
        // An IPv6 address in canonical form has at most 39 characters.
        self.column("ip_address")?.wide_enough(39)?;
        self.column("metadata")?.text_width()?;
        for name in ["actor_admin_id", "ip_address", "user_agent", "route_name", "request_id", "metadata"] {
            self.column(name)?.may_be_null()?;
        }
        let columns = Columns {
            event_key: self.column("event_key")?.text_width()?,
            user_agent: self.column("user_agent")?.text_width()?,
            route_name: self.column("route_name")?.text_width()?,
            request_id: self.column("request_id")?.text_width()?,
            actor_admin_id: range,
            json_depth,
        };
        Ok((columns, Shape { actor: sign, fraction }))
    }

    /// How it differs from the table that [`table_sql`] makes.
    pub(super) fn differences(&self) -> Vec<String> {
        let table = &self.name;
        let mut differences = Vec::new();
        if let Err(error) = self.require_transactions() {
            differences.push(error.what);
        }
        for (name, kinds, null) in EXPECTED {
            match self.column(name) {
                Err(error) => differences.push(error.what),
                Ok(column) => {
                    let kind = column.plain_kind();
                    if !kinds.contains(&kind.as_str()) {
                        let want = kinds[0];
                        differences.push(format!("column `{name}` of `{table}` is {kind}; {want} is expected"));
                    }
                    if column.null != null {
                        let want = match null {
                            Null::Allowed => "take NULL",
                            Null::Refused => "be NOT NULL",
                        };
                        differences.push(format!("column `{name}` of `{table}` should {want}"));
                    }
                    if let Some(charset) = column.charset.as_deref().filter(|&charset| charset != "utf8mb4") {
                        differences.push(format!("column `{name}` of `{table}` is {charset}; utf8mb4 is expected"));
                    }
                }
            }
        }
        for name in ["created_at", "event_key", "actor_admin_id", "request_id"] {
            if !self.indexed.iter().any(|column| column.eq_ignore_ascii_case(name)) {
                differences.push(format!("`{table}` has no index on `{name}`"));
            }
        }
        differences
    }
}

impl Found {
    /// What a check says of it: each column against the contract, and what is in the way of rows.
    /// `quoted` is its name with its schema.
    pub(super) fn findings(&self, quoted: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        if let Err(error) = self.require_transactions() {
            return vec![Finding::error(PLACE, error.what, format!("ALTER TABLE {quoted} ENGINE=InnoDB;"))];
        }
        for ((name, definition), (_, kinds, null)) in DEFINITIONS.into_iter().zip(EXPECTED) {
            let Ok(column) = self.column(name) else {
                let advice = format!("ALTER TABLE {quoted} ADD COLUMN `{name}` {definition};");
                findings.push(Finding::error(PLACE, format!("column `{name}` is missing"), advice));
                continue;
            };
            let modify = format!("ALTER TABLE {quoted} MODIFY `{name}` {definition};");
            if let Err(error) = column.takes_rows(name) {
                findings.push(Finding::error(PLACE, error.what, modify));
                continue;
            }
            let kind = column.plain_kind();
            let null_differs = column.null != null;
            if !kinds.contains(&kind.as_str()) || null_differs {
                let nullness = |null| if null == Null::Allowed { "NULL" } else { "NOT NULL" };
                let (is, want) = (nullness(column.null), nullness(null));
                let what = format!("column `{name}` is {kind} {is}; {} {want} is expected", kinds[0]);
                let narrower = match (column.text_width(), kinds[0].strip_prefix("varchar(")) {
                    (Ok(width), Some(wanted)) => {
                        wanted.trim_end_matches(')').parse().is_ok_and(|wanted: usize| width < wanted)
                    }
                    _ => !column.is_integer(),
                };
                let loss = if narrower { ": longer values are cut, and noted in `metadata`" } else { "" };
                findings.push(Finding::warning(PLACE, format!("{what}{loss}"), modify));
            }
        }
        for column in &self.columns {
            let name = &column.name;
            let known = DEFINITIONS.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
            if !known && column.filled == Filled::Never {
                let what =
                    format!("column `{name}` is none of ours and NOT NULL without a default: every row is refused");
                let advice =
                    format!("ALTER TABLE {quoted} MODIFY `{name}` {} NULL;  -- or give it a default", column.full_kind);
                findings.push(Finding::error(PLACE, what, advice));
            }
        }
        for (index, column) in INDEXES {
            if !self.indexed.iter().any(|indexed| indexed.eq_ignore_ascii_case(column)) {
                let what = format!("no index begins with `{column}`: `trace` and `prune` read the whole table");
                let advice = format!("ALTER TABLE {quoted} ADD KEY `{index}` (`{column}`);");
                findings.push(Finding::warning(PLACE, what, advice));
            }
        }
        for index in &self.unique {
            let what = format!("the unique index `{index}` refuses rows that are alike; they go to quarantine");
            findings.push(Finding::warning(PLACE, what, format!("ALTER TABLE {quoted} DROP INDEX `{index}`;")));
        }
        findings
    }

    /// Whether an index begins with a column.
    pub(super) fn is_indexed(&self, column: &str) -> bool {
        self.indexed.iter().any(|indexed| indexed.eq_ignore_ascii_case(column))
    }
}

/// The place of the findings here.
const PLACE: &str = "table";

/// Column, the types it may have (the first is the one that would be created), whether it takes NULL.
const EXPECTED: [(&str, &[&str], Null); 10] = [
    ("id", &["bigint unsigned", "bigint"], Null::Refused),
    ("event_key", &["varchar(255)"], Null::Refused),
    ("severity", &["varchar(20)"], Null::Refused),
    ("actor_admin_id", &["int"], Null::Allowed),
    ("ip_address", &["varchar(45)"], Null::Allowed),
    ("user_agent", &["varchar(255)"], Null::Allowed),
    ("route_name", &["varchar(255)"], Null::Allowed),
    ("request_id", &["varchar(64)"], Null::Allowed),
    ("metadata", &["json", "longtext"], Null::Allowed),
    ("created_at", &["datetime(6)"], Null::Refused),
];

impl Column {
    /// Refuses what rows could not be stored in without loss.
    fn takes_rows(&self, name: &str) -> Result<(), Error> {
        match name {
            "id" if self.filled != Filled::Counted => {
                Err(refused("column `id` does not count by itself, so every row is refused".to_owned()))
            }
            "id" => Ok(()),
            "actor_admin_id" => self.integers().and_then(|_| self.may_be_null()),
            "created_at" => self.fraction_digits().map(|_| ()),
            "severity" => self.wide_enough(7),
            "ip_address" => self.wide_enough(39).and_then(|()| self.may_be_null()),
            "event_key" => self.text_width().map(|_| ()),
            _ => self.text_width().and_then(|_| self.may_be_null()),
        }
    }

    /// The type without the display width that some servers write behind integers.
    fn plain_kind(&self) -> String {
        if self.is_integer() {
            let unsigned = if self.is_unsigned() { " unsigned" } else { "" };
            format!("{}{unsigned}", self.kind)
        } else {
            self.full_kind.clone()
        }
    }

    fn is_integer(&self) -> bool {
        matches!(self.kind.as_str(), "tinyint" | "smallint" | "mediumint" | "int" | "bigint")
    }

    fn is_unsigned(&self) -> bool {
        self.full_kind.contains("unsigned")
    }

    fn integers(&self) -> Result<(RangeInclusive<i128>, Sign), Error> {
        let bits = match self.kind.as_str() {
            "tinyint" => 8,
            "smallint" => 16,
            "mediumint" => 24,
            "int" => 32,
            "bigint" => 64,
            _ => {
                let (name, kind) = (&self.name, &self.full_kind);
                return Err(refused(format!("column `{name}` is {kind}; an integer type is needed")));
            }
        };
        Ok(if self.is_unsigned() {
            (0..=(1 << bits) - 1, Sign::Unsigned)
        } else {
            (-(1 << (bits - 1))..=(1 << (bits - 1)) - 1, Sign::Signed)
        })
    }

    fn fraction_digits(&self) -> Result<u32, Error> {
        match (self.kind.as_str(), self.fraction) {
            ("datetime" | "timestamp", digits) => Ok(digits.unwrap_or(0)),
            _ => {
                let (name, kind) = (&self.name, &self.full_kind);
                Err(refused(format!("column `{name}` is {kind}; DATETIME(6) is needed")))
            }
        }
    }

    /// The width in characters of a column that takes any text.
    fn text_width(&self) -> Result<usize, Error> {
        let (name, kind) = (&self.name, &self.full_kind);
        let width = match self.kind.as_str() {
            // MySQL's own type, which is utf8mb4 and has no width.
            "json" => return Ok(usize::MAX),
            "char" | "varchar" => self.width,
            // Their widths are in bytes, and a character has up to four.
            "tinytext" | "text" | "mediumtext" | "longtext" => self.width.map(|bytes| bytes / 4),
            _ => return Err(refused(format!("column `{name}` is {kind}; a text type is needed"))),
        };
        match self.charset.as_deref() {
            Some("utf8mb4") => Ok(width.unwrap_or(0)),
            charset => Err(refused(format!(
                "column `{name}` has the character set {}, which does not hold every text; convert it to utf8mb4",
                charset.unwrap_or("binary")
            ))),
        }
    }

    fn wide_enough(&self, characters: usize) -> Result<(), Error> {
        let (name, kind) = (&self.name, &self.full_kind);
        match self.kind.as_str() {
            "char" | "varchar" | "enum" | "tinytext" | "text" | "mediumtext" | "longtext"
                if self.width.is_some_and(|width| width >= characters) =>
            {
                Ok(())
            }
            _ => Err(refused(format!("column `{name}` is {kind}; it must hold texts of {characters} characters"))),
        }
    }

    fn may_be_null(&self) -> Result<(), Error> {
        match self.null {
            Null::Allowed => Ok(()),
            Null::Refused => {
                let name = &self.name;
                Err(refused(format!("column `{name}` is NOT NULL, but not every line has a value for it; allow NULL")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, full_kind: &str, width: Option<usize>, null: Null) -> Column {
        let kind = full_kind.split(['(', ' ']).next().unwrap().to_owned();
        let charset = width.map(|_| "utf8mb4".to_owned());
        let fraction = full_kind.strip_prefix("datetime(").map(|rest| rest.trim_end_matches(')').parse().unwrap());
        let filled = match (name, null) {
            ("id", _) => Filled::Counted,
            (_, Null::Allowed) => Filled::Given,
            (_, Null::Refused) => Filled::Never,
        };
        Column { name: name.to_owned(), kind, full_kind: full_kind.to_owned(), width, charset, null, fraction, filled }
    }

    fn table() -> Found {
        Found {
            name: "t".to_owned(),
            kind: "BASE TABLE".to_owned(),
            engine: Some("InnoDB".to_owned()),
            columns: vec![
                column("id", "bigint(20) unsigned", None, Null::Refused),
                column("event_key", "varchar(255)", Some(255), Null::Refused),
                column("severity", "varchar(20)", Some(20), Null::Refused),
                column("actor_admin_id", "int(11)", None, Null::Allowed),
                column("ip_address", "varchar(45)", Some(45), Null::Allowed),
                column("user_agent", "varchar(255)", Some(255), Null::Allowed),
                column("route_name", "varchar(255)", Some(255), Null::Allowed),
                column("request_id", "varchar(64)", Some(64), Null::Allowed),
                column("metadata", "longtext", Some(u32::MAX as usize), Null::Allowed),
                column("created_at", "datetime(6)", None, Null::Refused),
            ],
            indexed: ["id", "created_at", "event_key", "actor_admin_id", "request_id"].map(str::to_owned).to_vec(),
            unique: Vec::new(),
        }
    }

    fn changed(name: &str, change: impl FnOnce(&mut Column)) -> Found {
        let mut table = table();
        change(table.columns.iter_mut().find(|column| column.name == name).unwrap());
        table
    }

    #[test]
    fn the_table_of_the_contract_is_taken_and_differs_in_nothing() {
        let (columns, shape) = table().columns(31).unwrap();
        assert_eq!(columns, Columns::default());
        assert_eq!(shape, Shape { actor: Sign::Signed, fraction: 6 });
        assert_eq!(table().differences(), [""; 0]);
    }

    #[track_caller]
    fn check_refused(table: &Found, words: &str) {
        let error = table.columns(31).unwrap_err();
        assert_eq!(error.class, Class::Schema);
        assert!(error.what.contains(words), "{}", error.what);
        assert!(!table.differences().is_empty());
    }

    #[test]
    fn a_table_that_would_bend_values_is_refused() {
        check_refused(&Found { kind: "VIEW".into(), engine: None, ..table() }, "`t` is a view");
        check_refused(&Found { engine: Some("MyISAM".into()), ..table() }, "MyISAM");
        check_refused(&changed("metadata", |column| column.name = "meta".into()), "no column `metadata`");
        check_refused(&changed("user_agent", |column| column.charset = Some("utf8mb3".into())), "utf8mb3");
        check_refused(&changed("metadata", |column| column.null = Null::Refused), "`metadata` is NOT NULL");
        let narrow = |column: &mut Column| (column.width, column.full_kind) = (Some(5), "varchar(5)".into());
        check_refused(&changed("severity", narrow), "`severity` is varchar(5)");
        let varchar = |column: &mut Column| (column.kind, column.full_kind) = ("varchar".into(), "varchar(9)".into());
        check_refused(&changed("actor_admin_id", varchar), "`actor_admin_id` is varchar(9)");
        check_refused(&changed("created_at", varchar), "`created_at` is varchar(9)");
    }

    #[test]
    fn widths_and_ranges_are_those_of_the_table() {
        #[track_caller]
        fn check(kind: &str, want: RangeInclusive<i128>) {
            assert_eq!(column("n", kind, None, Null::Allowed).integers().unwrap().0, want, "{kind}");
        }
        check("tinyint(4)", -128..=127);
        check("smallint(5) unsigned", 0..=65535);
        check("mediumint(9)", -8_388_608..=8_388_607);
        check("int", -2_147_483_648..=2_147_483_647);
        check("int unsigned", 0..=4_294_967_295);
        check("bigint(20)", i128::from(i64::MIN)..=i128::from(i64::MAX));
        check("bigint(20) unsigned", 0..=i128::from(u64::MAX));
        let narrow = changed("user_agent", |column| column.width = Some(100));
        assert_eq!(narrow.columns(31).unwrap().0.user_agent, 100);
        let text = column("route_name", "text", Some(65535), Null::Allowed);
        assert_eq!(text.text_width().unwrap(), 16383);
    }

    #[test]
    fn differences_that_do_no_harm_are_told_all_the_same() {
        let mut table = changed("user_agent", |column| {
            column.width = Some(100);
            column.full_kind = "varchar(100)".into();
        });
        table.indexed.retain(|column| column != "request_id");
        assert!(table.columns(31).is_ok());
        assert_eq!(
            table.differences(),
            [
                "column `user_agent` of `t` is varchar(100); varchar(255) is expected",
                "`t` has no index on `request_id`"
            ]
        );
    }

    #[test]
    fn a_table_by_day_has_a_partition_for_each_and_one_for_the_rest() {
        let table = "app.traces".parse().unwrap();
        let first = jiff::civil::date(2026, 12, 31);
        let sql = table_sql(&table, Layout::ByDay { first, days: 2 });
        assert!(sql.contains("PRIMARY KEY (`id`, `created_at`)"), "{sql}");
        assert!(
            sql.ends_with(
                "PARTITION BY RANGE COLUMNS(`created_at`) (\n  \
                 PARTITION `p20261231` VALUES LESS THAN ('2027-01-01'),\n  \
                 PARTITION `p20270101` VALUES LESS THAN ('2027-01-02'),\n  \
                 PARTITION `pmax` VALUES LESS THAN (MAXVALUE)\n)"
            ),
            "{sql}"
        );
        assert!(!table_sql(&table, Layout::Plain).contains("PARTITION"));
    }
}
