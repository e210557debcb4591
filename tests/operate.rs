//! What operators do beside the agent: check, prune, ask, mend.

mod check;
mod mend;
mod prune;
mod trace;
mod why;

use std::path::Path;

use crate::support::{MariaDb, PASSWORD};

/// Makes accounts as `packaging/sql/grants.sql` wants them, and gives them those rights.
fn least_privilege(server: &MariaDb) {
    server.query("DROP USER tracespool@127.0.0.1");
    for user in ["tracespool", "tracespool_prune", "tracespool_read"] {
        server.query(&format!("CREATE USER {user}@'%' IDENTIFIED BY '{PASSWORD}'"));
    }
    for statement in grants().lines().filter(|line| line.starts_with("GRANT")) {
        server.query(statement.trim_end_matches(';'));
    }
}

fn grants() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/sql/grants.sql");
    std::fs::read_to_string(path).expect("the statements are packaged")
}
