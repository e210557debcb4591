use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row as SqlRow};

use super::testbed::Server as MariaDb;
use super::*;
use crate::finding::Weight;
use crate::record::Columns;
use crate::sink::samples::{self, Stored, batch, key, step, with_long_key};
use crate::sink::table::COLUMNS;

async fn connect(options: &Options) -> MySqlSession {
    MySql::new(options.clone()).connect().await.unwrap_or_else(|error| panic!("{error}"))
}

async fn refusal(options: &Options) -> Error {
    match MySql::new(options.clone()).connect().await {
        Ok(_) => panic!("the session was opened"),
        Err(error) => error,
    }
}

async fn stored(admin: &mut Conn, schema: &str) -> Vec<Stored> {
    admin.query_drop("SET NAMES utf8mb4").await.unwrap();
    let columns = COLUMNS.map(|column| format!("CAST(`{column}` AS CHAR)")).join(",");
    let sql = format!("SELECT {columns} FROM {schema}.telemetry_traces ORDER BY id");
    let rows: Vec<SqlRow> = admin.query(sql).await.unwrap();
    rows.iter().map(|row| std::array::from_fn(|column| text(row, column))).collect()
}

async fn count(admin: &mut Conn, schema: &str) -> u64 {
    admin.query_first(format!("SELECT COUNT(*) FROM {schema}.telemetry_traces")).await.unwrap().unwrap()
}

async fn store(session: &mut MySqlSession, batch: &Batch) {
    session.begin().await.unwrap();
    session.insert(batch, 0..batch.row_count()).await.unwrap();
    session.commit().await.unwrap();
}

#[tokio::test]
async fn a_session_tells_its_server_and_is_set_up() {
    let server = MariaDb::shared();
    let options = server.migrated("set_up").await;
    let mut session = connect(&options).await;
    assert!(session.server().version.starts_with("MariaDB 1"), "{}", session.server().version);
    assert_eq!(session.server().columns, Columns::default());
    assert_eq!(session.server().progress, Progress::Kept);
    let set = variables(&mut session.link).await.unwrap();
    assert_eq!(set["character_set_client"], "utf8mb4");
    assert_eq!(set["time_zone"], "+00:00");
    assert!(set["sql_mode"].contains("STRICT_ALL_TABLES"));
    assert_eq!(verify(&set, "READ COMMITTED"), Ok(()));
    session.close().await;
}

#[test]
fn a_session_that_is_not_set_up_is_refused_by_the_name_of_what_is_wrong() {
    let good = [
        ("sql_mode", SQL_MODE),
        ("time_zone", "+00:00"),
        ("autocommit", "ON"),
        ("character_set_client", "utf8mb4"),
        ("character_set_connection", "utf8mb4"),
        ("character_set_results", "utf8mb4"),
        ("tx_isolation", "READ-COMMITTED"),
    ];
    let good: HashMap<_, _> = good.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(verify(&good, "READ COMMITTED"), Ok(()));
    for name in good.keys() {
        let mut bad = good.clone();
        bad.insert(name.clone(), "STRICT_TRANS_TABLES".to_owned());
        let error = verify(&bad, "READ COMMITTED").unwrap_err();
        let told = if name == "tx_isolation" { "transaction_isolation" } else { name };
        assert_eq!(error.class, Class::Schema);
        assert!(error.what.contains(told), "{}", error.what);
    }
}

#[tokio::test]
async fn rows_are_stored_as_they_are_by_either_method() {
    let server = MariaDb::shared();
    let mut admin = server.admin().await;
    let charset: String = admin.query_first("SELECT @@character_set_server").await.unwrap().unwrap();
    assert_eq!(charset, "latin1", "the server's own default must not matter, so it must be a bad one");
    let (rows, want) = samples::rows();
    let batch = batch(&rows);
    for (schema, method, form) in [("by_bulk", Method::Bulk, Form::Bulk), ("by_insert", Method::Insert, Form::MultiRow)]
    {
        let options = Options { method, ..server.migrated(schema).await };
        let mut session = connect(&options).await;
        assert_eq!(session.form, form);
        session.begin().await.unwrap();
        session.insert(&batch, 0..3).await.unwrap();
        session.insert_atomic(&batch, 3..4).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(session.form, form, "the server did not take bulk execute");
        assert_eq!(stored(&mut admin, schema).await, want);
    }
}

#[tokio::test]
async fn the_socket_does_as_well_and_auto_means_bulk() {
    let server = MariaDb::shared();
    let mut options = server.migrated("by_socket").await;
    options.dsn.address = Address::Socket(server.socket());
    options.tls = Tls::VerifyIdentity;
    let (rows, want) = samples::rows();
    let mut session = connect(&options).await;
    store(&mut session, &batch(&rows)).await;
    assert_eq!(session.form, Form::Bulk);
    assert_eq!(stored(&mut server.admin().await, "by_socket").await, want);
}

#[tokio::test]
async fn many_rows_go_through_small_packets() {
    let server = MariaDb::start(&["--max-allowed-packet=1M"]);
    let mut admin = server.admin().await;
    let metadata = format!("\"{}\"", "y".repeat(1000));
    let row = |n: usize| {
        let mut row = with_long_key(3);
        // The first packets have nothing in these columns, so that their types are learned late.
        if n >= 2000 {
            row.user_agent = Some(format!("agent {n}").into());
            row.actor_admin_id = Some(n as i128 - 2500);
            row.ip_address = Some("192.0.2.7".parse().unwrap());
        }
        row.metadata = Some(metadata.as_str().into());
        row
    };
    let batch = batch(&(0..3001).map(row).collect::<Vec<_>>());
    let mut seen = Vec::new();
    for (schema, method) in [("small_bulk", Method::Bulk), ("small_insert", Method::Insert)] {
        let options = Options { method, ..server.migrated(schema).await };
        let mut session = connect(&options).await;
        assert_eq!(session.max_allowed_packet, 1 << 20);
        store(&mut session, &batch).await;
        seen.push(stored(&mut admin, schema).await);
    }
    assert_eq!(seen[0].len(), 3001);
    assert_eq!(seen[0][1999][4], None);
    for n in [2000, 2500, 3000] {
        let stored = &seen[0][n];
        assert_eq!(stored[2], Some((n as i128 - 2500).to_string()));
        assert_eq!(stored[3].as_deref(), Some("192.0.2.7"));
        assert_eq!(stored[4], Some(format!("agent {n}")));
        assert_eq!(stored[7].as_deref(), Some(metadata.as_str()));
    }
    assert!(seen[0] == seen[1], "the two methods stored different rows");
}

#[tokio::test]
async fn a_row_larger_than_a_packet_is_bad_data_and_costs_no_connection() {
    let server = MariaDb::start(&["--max-allowed-packet=1M"]);
    let mut large = with_long_key(3);
    large.metadata = Some(format!("\"{}\"", "y".repeat(1 << 20)).into());
    let batch = batch(&[with_long_key(1), large, with_long_key(2)]);
    for (schema, method) in [("large_bulk", Method::Bulk), ("large_insert", Method::Insert)] {
        let options = Options { method, ..server.migrated(schema).await };
        let mut session = connect(&options).await;
        session.begin().await.unwrap();
        let error = session.insert(&batch, 0..3).await.unwrap_err();
        assert_eq!((error.class, error.code), (Class::Data, None));
        let error = session.insert_atomic(&batch, 1..2).await.unwrap_err();
        assert_eq!((error.class, error.code), (Class::Data, None));
        session.insert_atomic(&batch, 0..1).await.unwrap();
        session.insert_atomic(&batch, 2..3).await.unwrap();
        session.commit().await.unwrap();
        assert_eq!(count(&mut server.admin().await, schema).await, 2);
    }
}

#[tokio::test]
async fn a_row_past_the_protocols_16_mib_is_stored_where_the_server_takes_it() {
    let server = MariaDb::start(&["--max-allowed-packet=64M", "--innodb-log-file-size=400M"]);
    let mut admin = server.admin().await;
    let mut large = with_long_key(3);
    large.metadata = Some(format!("\"{}\"", "y".repeat(17 << 20)).into());
    let batch = batch(&[with_long_key(1), large, with_long_key(2)]);
    for (schema, method) in [("huge_bulk", Method::Bulk), ("huge_insert", Method::Insert)] {
        let options = Options { method, ..server.migrated(schema).await };
        store(&mut connect(&options).await, &batch).await;
        let sql = format!("SELECT MAX(LENGTH(metadata)), COUNT(metadata), COUNT(*) FROM {schema}.telemetry_traces");
        let seen: (u64, u64, u64) = admin.query_first(sql).await.unwrap().unwrap();
        assert_eq!(seen, ((17 << 20) + 2, 1, 3));
    }
}

#[tokio::test]
async fn a_bad_row_fails_its_batch_and_leaves_the_others() {
    let server = MariaDb::shared();
    let mut admin = server.admin().await;
    let mut rows = (1..=600).map(|n| with_long_key(n % 200 + 1)).collect::<Vec<_>>();
    rows[555] = with_long_key(256);
    let batch = batch(&rows);
    for (schema, method) in [("bad_bulk", Method::Bulk), ("bad_insert", Method::Insert)] {
        let options = Options { method, ..server.migrated(schema).await };
        let mut session = connect(&options).await;
        session.begin().await.unwrap();
        let error = session.insert(&batch, 0..600).await.unwrap_err();
        assert_eq!((error.class, error.code), (Class::Data, Some(1406)));
        session.rollback().await.unwrap();
        assert_eq!(count(&mut admin, schema).await, 0);

        session.begin().await.unwrap();
        // More than one statement: the rows of the first must go with those of the second.
        let error = session.insert_atomic(&batch, 0..600).await.unwrap_err();
        assert_eq!((error.class, error.code), (Class::Data, Some(1406)));
        session.insert_atomic(&batch, 0..555).await.unwrap();
        let error = session.insert_atomic(&batch, 555..556).await.unwrap_err();
        assert_eq!((error.class, error.code), (Class::Data, Some(1406)));
        session.insert_atomic(&batch, 556..600).await.unwrap();
        assert_eq!(session.swap(&[step(1, None, 10)]).await, Ok(Swap::Done));
        session.commit().await.unwrap();
        let keys: Vec<_> = stored(&mut admin, schema).await.into_iter().map(|[key, ..]| key.unwrap()).collect();
        let want: Vec<_> = rows.iter().map(|row| row.event_key.clone().into_owned()).collect();
        assert_eq!(keys, [&want[..555], &want[556..]].concat());
    }
}

#[tokio::test]
async fn a_refused_value_is_bad_data() {
    let server = MariaDb::shared();
    let mut session = connect(&server.migrated("refused").await).await;
    let mut bad_json = with_long_key(1);
    bad_json.metadata = Some("{\"a\":".into());
    let mut bad_actor = with_long_key(1);
    bad_actor.actor_admin_id = Some(1 << 40);
    let batch = batch(&[bad_json, bad_actor]);
    for (n, code) in [(0, 4025), (1, 1264)] {
        session.begin().await.unwrap();
        let error = session.insert(&batch, n..n + 1).await.unwrap_err();
        assert_eq!((error.class, error.code), (Class::Data, Some(code)));
        session.rollback().await.unwrap();
    }
}

/// A row with metadata nested that deep.
fn nested(depth: usize) -> crate::row::Row<'static> {
    let mut row = with_long_key(1);
    row.metadata = Some(format!("{}{}", "[".repeat(depth), "]".repeat(depth)).into());
    row
}

/// The depth that the server's rows may have is the depth it takes, and no deeper.
async fn check_json_depth(session: &mut MySqlSession) {
    let depth = session.server().columns.json_depth;
    let batch = batch(&[nested(depth), nested(depth + 1)]);
    session.begin().await.unwrap();
    session.insert_atomic(&batch, 0..1).await.unwrap();
    assert_eq!(session.insert_atomic(&batch, 1..2).await.map_err(|error| error.class), Err(Class::Data));
    session.rollback().await.unwrap();
}

#[tokio::test]
async fn json_nests_as_deep_as_the_server_was_said_to_take_it() {
    let server = MariaDb::shared();
    check_json_depth(&mut connect(&server.migrated("nested").await).await).await;
}

#[tokio::test]
async fn a_warning_is_bad_data() {
    let server = MariaDb::shared();
    let schema = "warned";
    let options = server.migrated(schema).await;
    let batch = batch(&[with_long_key(1), with_long_key(256)]);
    for method in [Method::Bulk, Method::Insert] {
        let mut session = connect(&Options { method, ..options.clone() }).await;
        session.link.run("test", "SET sql_mode = ''").await.unwrap();
        session.begin().await.unwrap();
        let error = session.insert(&batch, 0..2).await.unwrap_err();
        assert_eq!((error.class, error.code), (Class::Data, Some(1265)));
        session.rollback().await.unwrap();
        session.begin().await.unwrap();
        session.insert_atomic(&batch, 0..1).await.unwrap();
        let error = session.insert_atomic(&batch, 1..2).await.unwrap_err();
        assert_eq!((error.class, error.code), (Class::Data, Some(1265)));
        session.commit().await.unwrap();
    }
    assert_eq!(count(&mut server.admin().await, schema).await, 2);
}

#[tokio::test]
async fn a_frontier_moves_from_where_it_stands_and_from_nowhere_else() {
    let server = MariaDb::shared();
    for (schema, method) in [("swap_bulk", Method::Bulk), ("swap_insert", Method::Insert)] {
        let options = Options { method, ..server.migrated(schema).await };
        let mut session = connect(&options).await;
        samples::check_swaps(&mut session).await;

        let mut other = connect(&Options { agent: "agent-2".to_owned(), ..options.clone() }).await;
        assert_eq!(other.frontiers().await, Ok(Vec::new()), "another agent has frontiers of its own");

        session.forget(&[key(1), key(2), key(7)]).await.unwrap();
        assert_eq!(samples::just_moved(session.frontiers().await.unwrap()), samples::frontiers_after_swaps()[2..]);
    }
}

#[tokio::test]
async fn many_frontiers_move_together_or_not_at_all() {
    let server = MariaDb::shared();
    for (schema, method) in [("many_bulk", Method::Bulk), ("many_insert", Method::Insert)] {
        let options = Options { method, ..server.migrated(schema).await };
        let mut session = connect(&options).await;
        let moves = |from: Option<u64>, to| (0..700).rev().map(|n| step(n, from, to)).collect::<Vec<_>>();
        let stand_at = async |session: &mut MySqlSession, offset: u64| {
            let frontiers = session.frontiers().await.unwrap();
            assert_eq!(frontiers.len(), 700);
            assert!(frontiers.iter().all(|frontier| frontier.position == samples::at(offset)));
        };
        session.begin().await.unwrap();
        assert_eq!(session.swap(&moves(None, 10)).await, Ok(Swap::Done));
        session.commit().await.unwrap();
        stand_at(&mut session, 10).await;

        session.begin().await.unwrap();
        let mut one_off = moves(Some(10), 20);
        one_off[333].from = Some(samples::at(11));
        assert_eq!(session.swap(&one_off).await, Ok(Swap::Elsewhere));
        session.rollback().await.unwrap();
        stand_at(&mut session, 10).await;

        session.begin().await.unwrap();
        assert_eq!(session.swap(&moves(Some(10), 20)).await, Ok(Swap::Done));
        session.commit().await.unwrap();
        stand_at(&mut session, 20).await;
    }
}

#[tokio::test]
async fn a_killed_connection_takes_its_transaction_with_it() {
    let server = MariaDb::shared();
    let mut admin = server.admin().await;
    let options = server.migrated("killed").await;
    let mut session = connect(&options).await;
    session.begin().await.unwrap();
    session.insert(&batch(&[with_long_key(1)]), 0..1).await.unwrap();
    assert_eq!(session.swap(&[step(1, None, 10)]).await, Ok(Swap::Done));
    admin.query_drop(format!("KILL {}", session.link.id())).await.unwrap();
    assert_eq!(session.commit().await.map_err(|error| error.class), Err(Class::Connection));
    assert_eq!(session.rollback().await.map_err(|error| error.class), Err(Class::Connection));

    let mut session = connect(&options).await;
    assert_eq!(session.frontiers().await, Ok(Vec::new()));
    assert_eq!(count(&mut admin, "killed").await, 0);
}

#[tokio::test]
async fn a_lock_that_is_not_had_is_busy() {
    let server = MariaDb::shared();
    let options = Options { write_timeout: Duration::from_secs(3), ..server.migrated("locked").await };
    let (mut first, mut second) = (connect(&options).await, connect(&options).await);
    first.begin().await.unwrap();
    assert_eq!(first.swap(&[step(1, None, 10)]).await, Ok(Swap::Done));
    second.begin().await.unwrap();
    let error = second.swap(&[step(1, None, 20)]).await.unwrap_err();
    assert_eq!((error.class, error.code), (Class::Busy, Some(1205)));
    second.rollback().await.unwrap();
    let error = second.frontiers().await.unwrap_err();
    assert_eq!((error.class, error.code), (Class::Busy, Some(1205)));
    first.rollback().await.unwrap();
    assert_eq!(second.frontiers().await, Ok(Vec::new()));
}

#[tokio::test]
async fn frontiers_wait_for_a_transaction_that_is_just_committing() {
    let server = MariaDb::start(&[]);
    let mut admin = server.admin().await;
    let options = server.migrated("waiting").await;
    let (mut first, mut second) = (connect(&options).await, connect(&options).await);
    first.begin().await.unwrap();
    assert_eq!(first.swap(&[step(1, None, 10)]).await, Ok(Swap::Done));
    let commit_once_waited_for = async {
        let waits = "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'";
        while admin.query_first::<(String, u64), _>(waits).await.unwrap().unwrap().1 == 0 {}
        first.commit().await.unwrap();
    };
    let (frontiers, ()) = tokio::join!(second.frontiers(), commit_once_waited_for);
    assert_eq!(frontiers.unwrap()[0].position, samples::at(10));
}

#[tokio::test]
async fn a_swap_that_matches_nothing_keeps_no_lock() {
    let server = MariaDb::shared();
    let options = Options { write_timeout: Duration::from_secs(3), ..server.migrated("lockless").await };
    let (mut first, mut second) = (connect(&options).await, connect(&options).await);
    first.begin().await.unwrap();
    assert_eq!(first.swap(&[step(1, None, 10)]).await, Ok(Swap::Done));
    first.commit().await.unwrap();
    first.begin().await.unwrap();
    assert_eq!(first.swap(&[step(1, Some(5), 20)]).await, Ok(Swap::Elsewhere));
    second.begin().await.unwrap();
    assert_eq!(second.swap(&[step(1, Some(10), 20)]).await, Ok(Swap::Done));
    second.commit().await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up_in_time() {
    let server = MariaDb::start(&[]);
    let limit = Duration::from_secs(1);
    let options = Options { write_timeout: limit, ..server.migrated("frozen").await };
    let mut session = connect(&options).await;
    session.begin().await.unwrap();
    server.freeze();
    let start = Instant::now();
    let error = session.commit().await.unwrap_err();
    assert_eq!((error.class, error.code), (Class::Connection, None));
    let at_once = session.rollback().await.unwrap_err();
    assert_eq!(at_once.class, Class::Connection);
    let error = refusal(&Options { connect_timeout: limit, ..options.clone() }).await;
    assert_eq!((error.class, error.code), (Class::Connection, None));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    server.thaw();
    connect(&options).await.begin().await.unwrap();
}

#[tokio::test]
async fn a_table_that_cannot_take_the_rows_is_refused() {
    let server = MariaDb::shared();
    let mut admin = server.admin().await;
    let options = server.schema("refusing").await;
    let error = refusal(&options).await;
    assert_eq!((error.class, error.code), (Class::Schema, Some(1146)));
    assert!(error.what.contains("`tracespool migrate`"), "{error}");

    let table: TableName = "refusing.telemetry_traces".parse().unwrap();
    let create = schema::table_sql(&table, Layout::Plain);
    let check = async |admin: &mut Conn, sql: String, words: &str| {
        admin.query_drop("DROP TABLE IF EXISTS refusing.telemetry_traces").await.unwrap();
        admin.query_drop(sql).await.unwrap();
        let error = refusal(&options).await;
        assert_eq!(error.class, Class::Schema);
        assert!(error.what.contains(words), "{error}");
    };
    check(&mut admin, create.replace("InnoDB", "MyISAM"), "MyISAM").await;
    check(&mut admin, create.replace("utf8mb4", "utf8mb3"), "utf8mb3").await;
    check(&mut admin, create.replace("utf8mb4", "latin1"), "latin1").await;
    check(&mut admin, create.replace("`metadata` JSON NULL,", ""), "no column `metadata`").await;
    check(&mut admin, create.replace("`ip_address` VARCHAR(45) NULL", "`ip_address` INT NULL"), "ip_address").await;
    admin.query_drop("CREATE TABLE refusing.audit_logs LIKE refusing.telemetry_traces").await.unwrap();
    let view = "CREATE VIEW refusing.v AS SELECT * FROM refusing.audit_logs";
    admin.query_drop(view).await.unwrap();
    let error = refusal(&Options { table: "v".parse().unwrap(), ..options.clone() }).await;
    assert_eq!(error.class, Class::Schema);
    assert!(error.what.contains("is a view"), "{error}");
}

#[tokio::test]
async fn widths_and_digits_are_those_of_the_table() {
    let server = MariaDb::shared();
    let mut admin = server.admin().await;
    let options = server.schema("widths").await;
    let table: TableName = "widths.telemetry_traces".parse().unwrap();
    let create = schema::table_sql(&table, Layout::Plain)
        .replace("`user_agent` VARCHAR(255)", "`user_agent` VARCHAR(100)")
        .replace("`actor_admin_id` INT", "`actor_admin_id` BIGINT UNSIGNED")
        .replace("DATETIME(6)", "DATETIME(3)");
    admin.query_drop(create).await.unwrap();
    let mut session = connect(&options).await;
    assert_eq!(session.server().columns.user_agent, 100);
    assert_eq!(session.server().columns.actor_admin_id, 0..=i128::from(u64::MAX));
    let mut row = with_long_key(1);
    row.actor_admin_id = Some(i128::from(u64::MAX));
    row.created_at = crate::record::Timestamp(1_700_000_000_999_999);
    store(&mut session, &batch(&[with_long_key(1), row])).await;
    let stored = stored(&mut admin, "widths").await;
    assert_eq!(stored[1][2].as_deref(), Some("18446744073709551615"));
    assert_eq!(stored[1][8].as_deref(), Some("2023-11-14 22:13:20.999"));
}

#[tokio::test]
async fn migrate_creates_what_is_missing_and_tells_what_differs() {
    let server = MariaDb::shared();
    let mut admin = server.admin().await;
    let options = server.migrated("again").await;
    let report = MySql::new(options).migrate(Layout::Plain).await.unwrap();
    assert_eq!(report, MigrateReport::default());
    admin.query_drop("ALTER TABLE again.telemetry_traces DROP COLUMN route_name, DROP INDEX idx_actor").await.unwrap();
    let report = MySql::new(server.options("again")).migrate(Layout::Plain).await.unwrap();
    assert_eq!(report.created, [""; 0]);
    assert_eq!(report.differences.len(), 2);
    assert!(report.differences[0].contains("`route_name`"), "{report:?}");
    assert!(report.differences[1].contains("`actor_admin_id`"), "{report:?}");

    let options = server.schema("by_day").await;
    let layout = Layout::ByDay { first: jiff::civil::date(2023, 11, 14), days: 3 };
    MySql::new(options.clone()).migrate(layout).await.unwrap();
    let (rows, want) = samples::rows();
    store(&mut connect(&options).await, &batch(&rows)).await;
    assert_eq!(stored(&mut admin, "by_day").await, want);
}

#[tokio::test]
async fn without_the_right_to_make_the_frontiers_table_rows_go_in_without_it() {
    let server = MariaDb::shared();
    let mut admin = server.admin().await;
    let mut options = server.migrated("limited").await;
    admin.query_drop("DROP TABLE limited.tracespool_progress").await.unwrap();
    admin.query_drop("CREATE USER just_insert@'127.0.0.1'").await.unwrap();
    admin.query_drop("GRANT INSERT ON limited.telemetry_traces TO just_insert@'127.0.0.1'").await.unwrap();
    options.dsn.user = "just_insert".to_owned();
    let mut session = connect(&options).await;
    assert_eq!(session.server().progress, Progress::Absent);
    assert_eq!(session.frontiers().await, Ok(Vec::new()));
    session.begin().await.unwrap();
    session.insert_atomic(&batch(&[with_long_key(1)]), 0..1).await.unwrap();
    assert_eq!(session.swap(&[step(1, Some(3), 10)]).await, Ok(Swap::Done));
    session.commit().await.unwrap();
    session.forget(&[key(1)]).await.unwrap();
    assert_eq!(count(&mut admin, "limited").await, 1);
}

#[tokio::test]
async fn a_wrong_password_is_a_matter_of_rights_and_shows_nowhere() {
    let server = MariaDb::shared();
    let mut admin = server.admin().await;
    let mut options = server.migrated("secretive").await;
    admin.query_drop("CREATE USER with_password@'127.0.0.1' IDENTIFIED BY 'right p@ss'").await.unwrap();
    admin.query_drop("GRANT ALL ON secretive.* TO with_password@'127.0.0.1'").await.unwrap();
    options.dsn.user = "with_password".to_owned();
    let right = Options { dsn: options.dsn.clone().with_password(Secret::new("right p@ss")), ..options.clone() };
    connect(&right).await.close().await;
    let wrong = Options { dsn: options.dsn.with_password(Secret::new("hunter2")), ..options };
    let error = refusal(&wrong).await;
    assert_eq!((error.class, error.code), (Class::Schema, Some(1045)));
    let shown = format!("{error} {error:?} {wrong:?} {:?}", MySql::new(wrong.clone()));
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[tokio::test]
async fn a_server_that_turns_read_only_is_left_for_the_next_host() {
    let reader = MariaDb::start(&[]);
    let writer = MariaDb::shared();
    let mut options = reader.migrated("roles").await;
    let mut session = connect(&options).await;
    reader.admin().await.query_drop("SET GLOBAL read_only = 1").await.unwrap();
    let error = session.begin().await.unwrap_err();
    assert_eq!((error.class, error.code), (Class::NotTheWriter, Some(1290)));
    assert_eq!(refusal(&options).await.class, Class::NotTheWriter);

    writer.migrated("roles").await;
    let Address::Hosts(hosts) = &mut options.dsn.address else { panic!("hosts expected") };
    hosts.push(Host { name: "localhost".to_owned(), port: writer.port });
    let database = MySql::new(options);
    let mut session = database.connect().await.unwrap_or_else(|error| panic!("{error}"));
    session.begin().await.unwrap();
    assert_eq!(database.hosts.order().next(), Some(1));
}

#[tokio::test]
async fn a_host_that_is_down_is_passed_over() {
    let server = MariaDb::shared();
    let mut options = server.migrated("passing").await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let down = Host { name: "127.0.0.1".to_owned(), port: closed };
    let Address::Hosts(hosts) = &mut options.dsn.address else { panic!("hosts expected") };
    hosts.insert(0, down.clone());
    let database = MySql::new(options.clone());
    assert!(database.connect().await.is_ok());
    assert_eq!(database.hosts.order().next(), Some(1));
    options.dsn.address = Address::Hosts(vec![down.clone()]);
    let error = refusal(&options).await;
    assert_eq!((error.class, error.code), (Class::Connection, None));
    assert!(error.what.contains(&down.to_string()), "{error}");
}

#[tokio::test]
async fn a_binary_log_of_statements_does_not_stop_the_rows() {
    let server = MariaDb::start(&["--log-bin=bin", "--binlog-format=STATEMENT", "--server-id=1"]);
    let options = server.migrated("by_statement").await;
    assert_eq!(refusal(&Options { method: Method::Bulk, ..options.clone() }).await.class, Class::Schema);
    let mut session = connect(&options).await;
    assert_eq!(session.form, Form::MultiRow);
    let (rows, want) = samples::rows();
    session.begin().await.unwrap();
    session.insert(&batch(&rows), 0..rows.len()).await.unwrap();
    assert_eq!(session.swap(&[step(1, None, 10)]).await, Ok(Swap::Done));
    session.commit().await.unwrap();
    assert_eq!(stored(&mut server.admin().await, "by_statement").await, want);
}

#[tokio::test]
async fn idle_in_a_transaction_is_ended_by_the_server_and_not_before() {
    let server = MariaDb::shared();
    let options = Options { write_timeout: Duration::from_secs(30), ..server.migrated("idle").await };
    let mut session = connect(&options).await;
    let rows = session.link.ask("test", "SELECT @@session.idle_transaction_timeout", 1).await.unwrap();
    assert_eq!(text(&rows[0], 0).as_deref(), Some("60"));
}

const NEEDS: Needs = Needs { batch_bytes: 1 << 20, line_bytes: 1 << 20 };

/// What an inspection says of TLS.
async fn tls_findings(options: &Options) -> Vec<String> {
    let findings = MySql::new(options.clone()).inspect(NEEDS).await.findings;
    findings.into_iter().filter(|finding| finding.place == "tls").map(|finding| finding.what).collect()
}

fn openssl(folder: &Path, arguments: &str) {
    let mut command = Command::new("openssl");
    let made = command.args(arguments.split(' ')).current_dir(folder).output().expect("tests need openssl");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// An authority `NAME.pem` with its key `NAME.key`.
fn authority(folder: &Path, name: &str) {
    openssl(
        folder,
        &format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={name} \
             -keyout {name}.key -out {name}.pem"
        ),
    );
}

#[tokio::test]
async fn a_certificate_must_be_the_hosts_own() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    authority(folder.path(), "ca");
    authority(folder.path(), "other");
    openssl(
        folder.path(),
        "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=db -keyout db.key -out db.csr",
    );
    std::fs::write(at("ext"), "subjectAltName=DNS:localhost\n").unwrap();
    openssl(
        folder.path(),
        "x509 -req -in db.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext -out db.pem",
    );
    let file = |option: &str, name: &str| format!("--{option}={}", at(name).display());
    let server = MariaDb::start(&[&file("ssl-ca", "ca.pem"), &file("ssl-cert", "db.pem"), &file("ssl-key", "db.key")]);
    let named = |name: &str, tls, ca: Option<&str>| {
        let mut options = server.options("encrypted");
        options.dsn.address = Address::Hosts(vec![Host { name: name.to_owned(), port: server.port }]);
        Options { tls, tls_ca: ca.map(at), ..options }
    };
    server.migrated("encrypted").await;
    server.admin().await.query_drop("ALTER USER encrypted@'127.0.0.1' REQUIRE SSL").await.unwrap();

    for options in [
        named("localhost", Tls::VerifyIdentity, Some("ca.pem")),
        named("localhost", Tls::VerifyCa, Some("ca.pem")),
        named("127.0.0.1", Tls::Required, None),
    ] {
        let mut session = connect(&options).await;
        let rows = session.link.ask("test", "SHOW SESSION STATUS LIKE 'Ssl_version'", 1).await.unwrap();
        assert_eq!(text(&rows[0], 1).as_deref(), Some("TLSv1.3"));
        let told = tls_findings(&options).await;
        assert!(told.iter().any(|what| what.starts_with("in use, TLS_")), "{told:?}");
    }
    let plain = server.migrated("plain").await;
    assert_eq!(tls_findings(&plain).await, ["not used, and not needed: the connection stays on this machine"]);
    let wrong = named("localhost", Tls::VerifyIdentity, Some("other.pem"));
    let inspection = MySql::new(wrong).inspect(NEEDS).await;
    assert_eq!(inspection.reached, Reached::No);
    let told = &inspection.findings[0];
    assert!(told.weight == Weight::Error && told.what.contains("TLS was not agreed on"), "{told:?}");
    for options in [
        named("127.0.0.1", Tls::VerifyIdentity, Some("ca.pem")),
        // Not what the words say, but on the safe side; `Tls::VerifyCa` tells it.
        named("127.0.0.1", Tls::VerifyCa, Some("ca.pem")),
        named("localhost", Tls::VerifyIdentity, Some("other.pem")),
        named("localhost", Tls::VerifyCa, Some("other.pem")),
        named("localhost", Tls::VerifyIdentity, None),
        named("localhost", Tls::VerifyIdentity, Some("missing.pem")),
        named("localhost", Tls::Auto, None),
        Options { tls_cert: Some(at("db.pem")), ..named("localhost", Tls::Required, None) },
    ] {
        let error = refusal(&options).await;
        assert_eq!(error.class, Class::Schema, "{options:?}: {error}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_tls_is_wanted() {
    let server = MariaDb::shared();
    let options = Options { tls: Tls::Required, ..server.migrated("plain").await };
    let error = refusal(&options).await;
    assert_eq!(error.class, Class::Schema);
    assert!(error.what.contains("does not offer TLS"), "{error}");
}

#[test]
fn tls_is_off_by_itself_only_on_this_machine() {
    #[track_caller]
    fn check(name: &str, tls: Tls, want: Option<SslOpts>) {
        let database = MySql::new(Options { tls, ..testbed::options("app", 3306) });
        assert_eq!(database.tls(&Host { name: name.to_owned(), port: 3306 }), Ok(want), "{name} {tls:?}");
    }
    check("localhost", Tls::Auto, None);
    check("127.1.2.3", Tls::Auto, None);
    check("::1", Tls::Auto, None);
    check("db", Tls::Auto, Some(SslOpts::default()));
    check("10.0.0.1", Tls::Auto, Some(SslOpts::default()));
    check("localhost", Tls::VerifyIdentity, Some(SslOpts::default()));
    check("db", Tls::Disabled, None);
    check("db", Tls::Required, Some(SslOpts::default().with_danger_accept_invalid_certs(true)));
}

#[test]
fn several_failures_are_told_together_and_the_most_hopeful_decides() {
    let error = |class, code, what: &str| Error { class, code, what: what.to_owned() };
    let failures = Failures(vec![error(Class::Schema, Some(1045), "a"), error(Class::Connection, None, "b")]);
    assert_eq!(failures.into_error(), error(Class::Connection, None, "a; b"));
}

#[test]
fn the_product_is_told_from_the_version() {
    #[track_caller]
    fn check(version: &str, comment: &str, want: Product, words: &str) {
        let variables = [("version", version), ("version_comment", comment), ("max_allowed_packet", "16777216")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let facts = facts(&variables).unwrap();
        assert_eq!((facts.product, facts.version.as_str(), facts.max_allowed_packet), (want, words, 16_777_216));
    }
    let mariadb = |bulk| Product::MariaDb { bulk };
    check("10.11.19-MariaDB-0+deb12u1", "Debian 12", mariadb(Offered::Yes), "MariaDB 10.11.19");
    check("10.1.48-MariaDB", "", mariadb(Offered::No), "MariaDB 10.1.48");
    check("11.4.2", "MariaDB Server", mariadb(Offered::Yes), "MariaDB 11.4.2");
    check("9.7.4-2", "(Debian)", Product::MySql, "MySQL 9.7.4");
    assert!(facts(&HashMap::new()).is_err());
}

/// A packet of the protocol.
fn packet(number: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_le_bytes();
    [&length[..3], &[number], payload].concat()
}

/// Reads a packet's payload.
fn read_packet(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut head = [0; 4];
    stream.read_exact(&mut head)?;
    let mut payload = vec![0; u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize];
    stream.read_exact(&mut payload)?;
    Ok(payload)
}

#[tokio::test]
async fn a_server_that_asks_for_a_file_gets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("private");
    std::fs::write(&file, "root:hunter2").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let rogue = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut hello = b"\x0a10.11.0-MariaDB\0\x01\0\0\0abcdefgh\0\xff\xf7\x2d\x02\0\xff\x81\x15".to_vec();
        hello.extend_from_slice(&[0; 10]);
        hello.extend_from_slice(b"abcdefghijkl\0mysql_native_password\0");
        stream.write_all(&packet(0, &hello)).unwrap();
        read_packet(&mut stream).unwrap();
        stream.write_all(&packet(2, b"\0\0\0\x02\0\0\0")).unwrap();
        let query = read_packet(&mut stream).unwrap();
        let request = [b"\xfb", file.to_str().unwrap().as_bytes()].concat();
        stream.write_all(&packet(1, &request)).unwrap();
        let mut rest = Vec::new();
        // However the client hangs up, what it sent before is what counts.
        stream.read_to_end(&mut rest).ok();
        (query, rest)
    });
    let error = refusal(&testbed::options("rogue", port)).await;
    assert_eq!(error.class, Class::Connection);
    let (query, rest) = rogue.join().unwrap();
    assert!(query.starts_with(b"\x03SELECT"), "the client did not get as far as a query: {query:?}");
    assert!(!rest.windows(7).any(|bytes| bytes == b"hunter2"));
    assert!(rest.len() < 32, "{rest:?}");
}

/// Everything that MySQL does otherwise than MariaDB. The variable names a server where `root` has no password.
#[tokio::test]
#[ignore = "needs a MySQL server of its own: TRACESPOOL_TEST_MYSQL=mysql://root@127.0.0.1:PORT/mysql"]
async fn mysql_takes_the_rows_as_well() {
    let url = std::env::var("TRACESPOOL_TEST_MYSQL").expect("TRACESPOOL_TEST_MYSQL is not set");
    let mut dsn: Dsn = url.parse().unwrap();
    let Address::Hosts(hosts) = &dsn.address else { panic!("a host is expected") };
    let opts = OptsBuilder::default().ip_or_hostname(&hosts[0].name).tcp_port(hosts[0].port);
    let mut admin = Conn::new(opts.user(Some("root")).prefer_socket(false)).await.unwrap();
    admin.query_drop("DROP DATABASE IF EXISTS tracespool_test").await.unwrap();
    admin.query_drop("CREATE DATABASE tracespool_test DEFAULT CHARSET latin1").await.unwrap();
    dsn.schema = "tracespool_test".to_owned();
    let options = Options { dsn, write_timeout: Duration::from_secs(3), ..testbed::options("tracespool_test", 1) };

    let database = MySql::new(options.clone());
    database.migrate(Layout::Plain).await.unwrap();
    assert_eq!(database.migrate(Layout::Plain).await, Ok(MigrateReport::default()));
    let mut session = connect(&options).await;
    assert!(session.server().version.starts_with("MySQL "), "{}", session.server().version);
    assert_eq!(session.server().columns, Columns { json_depth: 100, ..Columns::default() });
    assert_eq!(session.form, Form::MultiRow);
    assert_eq!(refusal(&Options { method: Method::Bulk, ..options.clone() }).await.class, Class::Schema);

    // MySQL stores JSON as a value, not as the text it was.
    let (mut rows, mut want) = samples::rows();
    rows[0].metadata = Some(r#"{"a": ["ü", null]}"#.into());
    want[0][7] = rows[0].metadata.as_deref().map(str::to_owned);
    // As behind something that says it is MariaDB, but does not pass bulk execute on.
    session.form = Form::Bulk;
    store(&mut session, &batch(&rows)).await;
    assert_eq!(session.form, Form::MultiRow);
    assert_eq!(stored(&mut admin, "tracespool_test").await, want);

    check_json_depth(&mut session).await;

    let mut rows = (1..=600).map(|n| with_long_key(n % 200 + 1)).collect::<Vec<_>>();
    rows[555].metadata = Some("{\"a\":".into());
    let bad = batch(&rows);
    session.begin().await.unwrap();
    let error = session.insert_atomic(&bad, 0..600).await.unwrap_err();
    assert_eq!((error.class, error.code), (Class::Data, Some(3140)));
    session.insert_atomic(&bad, 0..555).await.unwrap();
    session.commit().await.unwrap();
    assert_eq!(count(&mut admin, "tracespool_test").await, 4 + 555);

    samples::check_swaps(&mut session).await;
    session.begin().await.unwrap();
    assert_eq!(session.swap(&[step(9, None, 1)]).await, Ok(Swap::Done));
    let mut other = connect(&options).await;
    let error = other.frontiers().await.unwrap_err();
    assert_eq!((error.class, error.code), (Class::Busy, Some(1205)));
    session.rollback().await.unwrap();
    let mut frontiers = samples::just_moved(other.frontiers().await.unwrap());
    frontiers.sort_by_key(|frontier| frontier.file);
    assert_eq!(frontiers, samples::frontiers_after_swaps());

    session.begin().await.unwrap();
    admin.query_drop(format!("KILL {}", session.link.id())).await.unwrap();
    assert_eq!(session.commit().await.map_err(|error| error.class), Err(Class::Connection));

    admin
        .query_drop("CREATE OR REPLACE VIEW tracespool_test.v AS SELECT * FROM tracespool_test.telemetry_traces")
        .await
        .unwrap();
    let error = refusal(&Options { table: "v".parse().unwrap(), ..options.clone() }).await;
    assert!(error.what.contains("is a view"), "{error}");

    let mut by_day = options.clone();
    by_day.table = "by_day".parse().unwrap();
    let layout = Layout::ByDay { first: jiff::civil::date(2026, 1, 1), days: 3 };
    MySql::new(by_day.clone()).migrate(layout).await.unwrap();
    store(&mut connect(&by_day).await, &batch(&[with_long_key(1)])).await;

    admin.query_drop("DROP USER IF EXISTS ts_reader").await.unwrap();
    admin.query_drop("CREATE USER ts_reader IDENTIFIED BY 'p@ss'").await.unwrap();
    admin.query_drop("GRANT ALL ON tracespool_test.* TO ts_reader").await.unwrap();
    let mut reader = options;
    reader.dsn.user = "ts_reader".to_owned();
    reader.dsn.password = Some(Secret::new("p@ss"));
    for tls in [Tls::Disabled, Tls::Required] {
        connect(&Options { tls, ..reader.clone() }).await.begin().await.unwrap();
    }
    admin.query_drop("SET GLOBAL read_only = 1").await.unwrap();
    let error = refusal(&reader).await;
    admin.query_drop("SET GLOBAL read_only = 0").await.unwrap();
    assert_eq!((error.class, error.code), (Class::NotTheWriter, Some(1290)));
}
