//! Every number of the table of errors, said by a real server.

use mysql_async::prelude::Queryable;

use super::testbed::Server as MariaDb;
use super::*;
use crate::sink::class::of_code;
use crate::sink::samples::{batch, with_long_key};

/// Has a real server answer a row with `code`, and returns what the session made of it.
async fn answer(session: &mut MySqlSession, admin: &mut mysql_async::Conn, schema: &str, code: u16) -> Error {
    let sql = format!(
        "CREATE OR REPLACE TRIGGER {schema}.says BEFORE INSERT ON {schema}.telemetry_traces FOR EACH ROW \
         SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = {code}, MESSAGE_TEXT = 'canary-of-the-server'"
    );
    admin.query_drop(sql).await.unwrap();
    session.begin().await.unwrap_or_else(|error| panic!("before {code}: {error}"));
    let batch = batch(&[with_long_key(1), with_long_key(2)]);
    session.insert(&batch, 0..2).await.expect_err("the trigger refuses every row")
}

#[tokio::test]
async fn each_number_is_of_its_class_and_its_text_is_not_passed_on() {
    let table: [(Class, &[u16]); 7] = [
        (Class::Connection, &[1053, 1077, 1079, 1152, 1153, 1154, 1155, 1156, 1157, 1158, 1159, 1160, 1161]),
        (Class::Connection, &[1180, 1184, 1927, 2006, 2013, 4031]),
        (Class::Busy, &[1020, 1040, 1203, 1205, 1206, 1213, 1226, 1615, 1969, 3024]),
        (Class::NotTheWriter, &[1047, 1209, 1290, 1792, 1836]),
        (Class::Full, &[28, 1021, 1026, 1030, 1114]),
        (Class::Data, &[1048, 1062, 1264, 1265, 1292, 1366, 1390, 1406, 1411, 1644, 3140, 3156, 3157, 3819, 4025]),
        (Class::Schema, &[1044, 1045, 1046, 1049, 1054, 1109, 1136, 1142, 1143, 1146, 1227, 1364, 1698]),
    ];
    let server = MariaDb::shared();
    let mut admin = server.admin().await;
    let schema = "codes";
    for method in [Method::Bulk, Method::Insert] {
        if method == Method::Insert {
            admin.query_drop(format!("DROP DATABASE {schema}")).await.unwrap();
            admin.query_drop(format!("DROP USER {schema}@'127.0.0.1', {schema}@localhost")).await.unwrap();
        }
        let options = Options { method, ..server.migrated(schema).await };
        let database = MySql::new(options);
        for (class, codes) in table {
            for &code in codes {
                let mut session = database.connect().await.unwrap_or_else(|error| panic!("{error}"));
                let error = answer(&mut session, &mut admin, schema, code).await;
                assert_eq!((error.class, error.code), (class, Some(code)), "{error}");
                assert_eq!(of_code(code), class);
                assert!(!error.to_string().contains("canary"), "{error}");
                let rolled_back = session.rollback().await;
                // A lost connection is gone at once; after anything else the session is as good as before.
                assert_eq!(rolled_back.is_err(), class == Class::Connection, "{code}");
                session.close().await;
            }
        }
        let mut session = database.connect().await.unwrap_or_else(|error| panic!("{error}"));
        let error = answer(&mut session, &mut admin, schema, 5555).await;
        assert_eq!((error.class, error.code), (Class::Unknown, Some(5555)), "nothing is guessed");
        session.rollback().await.unwrap();
    }
}
