//! `check --connect`, and the accounts with no more rights than they need.

use std::os::unix::fs::PermissionsExt;

use super::{grants, least_privilege};
use crate::support::{Finished, Habit, MariaDb, PASSWORD, PATIENCE, Site, Writer, append, finish, ids, lines};

/// A site whose spool is as the package makes it, and whose agent logs in as `user`.
fn site_of(server: &MariaDb, user: &str) -> Site {
    let mut site = Site::mariadb(server);
    site.set_text("database.url", &format!("mysql://{user}@127.0.0.1:{}/app", server.port()));
    // The room of the test machine is no matter.
    site.set_text("shed.max_backlog_bytes", "1MiB").set_text("shed.soft_backlog_bytes", "1MiB");
    std::fs::set_permissions(site.spool(), std::fs::Permissions::from_mode(0o2770)).expect("the spool's rights");
    std::fs::set_permissions(site.state(), std::fs::Permissions::from_mode(0o700)).expect("the state's rights");
    site
}

#[track_caller]
fn says(finished: &Finished, weight: &str, words: &str) {
    let said = finished.stdout.lines().any(|line| line.starts_with(weight) && line.contains(words));
    assert!(said, "no `{weight}` with `{words}`:\n{}{}", finished.stdout, finished.stderr);
}

#[test]
fn the_least_rights_are_printed_as_they_are_packaged_and_nothing_is_missing_or_too_much() {
    let server = MariaDb::start();
    server.query("DROP TABLE IF EXISTS app.tracespool_progress");
    let admin = Site::mariadb(&server);
    assert_eq!(admin.run(&["migrate"]).code, Some(0));
    let printed = admin.run(&["migrate", "--grants"]);
    assert_eq!(printed.code, Some(0), "{printed:?}");
    assert_eq!(printed.stdout, grants());
    let shipper = admin.run(&["migrate", "--grants", "shipper"]);
    let rights = |text: &str| text.lines().filter(|line| line.starts_with("GRANT")).count();
    assert_eq!((shipper.code, rights(&shipper.stdout)), (Some(0), 2), "{shipper:?}");
    assert!(shipper.stdout.lines().all(|line| printed.stdout.contains(line)), "{shipper:?}");

    least_privilege(&server);
    let site = site_of(&server, "tracespool");
    let checked = site.run(&["check", "--connect"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    says(&checked, "ok", "MariaDB 10.11");
    says(&checked, "ok", "UTC in sessions");
    says(&checked, "ok", "tell the same time");
    says(&checked, "ok", "the rights that shipping needs");
    says(&checked, "ok", "no right that nothing here needs");
    says(&checked, "ok", "`app.telemetry_traces` is as it should be");
    says(&checked, "ok", "`app.tracespool_progress` is there");
    assert!(!checked.stdout.contains("audit_logs"), "{}", checked.stdout);
    assert!(!checked.stdout.contains(PASSWORD), "{}", checked.stdout);

    // Shipping works with these rights alone.
    let written = ids("least", 0..50);
    append(&site.path("a.ndjson"), lines(&written));
    site.drain();
    site.assert_exactly(&written);
    for user in ["tracespool", "tracespool_prune", "tracespool_read"] {
        let write = "INSERT INTO app.audit_logs (what) VALUES ('x')";
        let refused = server.query_as(user, write).expect_err("nobody of ours writes there");
        assert!(refused.contains("denied"), "{user}: {refused}");
        assert!(server.query_as(user, "UPDATE app.telemetry_traces SET severity = 'x'").is_err(), "{user}");
    }
    // Retention and reading work with theirs.
    // Shipping does not read, and says who does.
    let blind = site.run(&["trace", "least-000001"]);
    assert_eq!(blind.code, Some(69), "{blind:?}");
    assert!(blind.stderr.contains("migrate --grants"), "{blind:?}");
    let read = site_of(&server, "tracespool_read").run(&["trace", "least-000001"]);
    assert!(read.stdout.contains("test.line"), "{read:?}");
    let pruned = site_of(&server, "tracespool_prune").run(&["prune"]);
    assert_eq!(pruned.code, Some(0), "{pruned:?}");
    assert!(server.query_as("tracespool_read", "SELECT 1 FROM app.telemetry_traces").is_ok());
    assert!(server.query_as("tracespool", "DELETE FROM app.telemetry_traces").is_err());
}

#[test]
fn every_way_to_audit_logs_is_a_warning_that_names_it() {
    let server = MariaDb::start();
    let site = site_of(&server, "tracespool");
    let checked = site.run(&["check", "--connect"]);
    assert_eq!(checked.code, Some(0), "warnings are no errors: {checked:?}");
    says(&checked, "warning", "may write `app.audit_logs`");
    assert!(checked.stdout.contains("REVOKE SELECT, INSERT"), "{}", checked.stdout);

    let account = "tracespool@127.0.0.1";
    let need = [
        "GRANT INSERT ON app.telemetry_traces TO",
        "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE ON app.tracespool_progress TO",
    ];
    let check = |give: &[&str], weight: &str, words: &str| {
        server.query(&format!("REVOKE ALL PRIVILEGES, GRANT OPTION FROM {account}"));
        need.iter().for_each(|grant| drop(server.query(&format!("{grant} {account}"))));
        give.iter().for_each(|statement| drop(server.query(statement)));
        let checked = site.run(&["check", "--connect"]);
        says(&checked, weight, words);
    };
    check(&[], "ok", "no right that nothing here needs");
    check(&[&format!("GRANT DELETE ON `a_p`.* TO {account}")], "warning", "may write `app.audit_logs`");
    check(&[&format!("GRANT INSERT ON `ap%`.* TO {account}")], "warning", "may write `app.audit_logs`");
    check(&[&format!("GRANT INSERT ON `ap\\_%`.* TO {account}")], "warning", "more than anything here needs: INSERT");
    check(&[&format!("GRANT UPDATE ON *.* TO {account}")], "warning", "may write `app.audit_logs`");
    check(&[&format!("GRANT INSERT (what) ON app.audit_logs TO {account}")], "warning", "may write `app.audit_logs`");
    check(&[&format!("GRANT SELECT ON app.audit_logs TO {account}")], "warning", "may read `app.audit_logs`");
    // A role is looked into whether or not it is the default one, and so are the roles it has.
    server.query("CREATE ROLE outer_role");
    server.query("CREATE ROLE inner_role");
    server.query("GRANT UPDATE ON app.* TO inner_role");
    server.query("GRANT inner_role TO outer_role");
    check(&[&format!("GRANT outer_role TO {account}")], "warning", "`inner_role` may write `app.audit_logs`");
    server.query(&format!("REVOKE outer_role FROM {account}"));
    server.query("GRANT INSERT ON app.audit_logs TO PUBLIC");
    check(&[], "warning", "PUBLIC may write `app.audit_logs`");
}

#[test]
fn what_is_missing_is_an_error_with_the_statement_that_mends_it() {
    let server = MariaDb::start();
    let site = site_of(&server, "tracespool");
    let check = |change: &str, words: &str, mend: &str| {
        server.query(change);
        let checked = site.run(&["check", "--connect"]);
        assert_eq!(checked.code, Some(78), "{change}: {checked:?}");
        says(&checked, "error", words);
        let advice = checked.stdout.lines().find(|line| line.contains("→") && line.contains(mend));
        let advice = advice.unwrap_or_else(|| panic!("no `{mend}`:\n{}", checked.stdout));
        let statement = advice.trim().trim_start_matches("→ ").split("  --").next().expect("a statement");
        server.query(statement.trim_end_matches(';'));
        let checked = site.run(&["check", "--connect"]);
        assert_eq!(checked.code, Some(0), "after `{statement}`: {checked:?}");
    };
    site.run(&["migrate"]);
    let table = "ALTER TABLE app.telemetry_traces";
    check(&format!("{table} MODIFY severity VARCHAR(5) NOT NULL"), "`severity` is varchar(5)", "MODIFY `severity`");
    check(&format!("{table} DROP COLUMN route_name"), "column `route_name` is missing", "ADD COLUMN `route_name`");
    check(
        &format!("{table} MODIFY actor_admin_id VARCHAR(9)"),
        "`actor_admin_id` is varchar(9)",
        "MODIFY `actor_admin_id`",
    );
    check(&format!("{table} MODIFY metadata LONGTEXT NOT NULL"), "`metadata` is NOT NULL", "MODIFY `metadata`");
    check(
        &format!("{table} MODIFY user_agent VARCHAR(255) CHARACTER SET latin1"),
        "character set latin1",
        "MODIFY `user_agent`",
    );
    check(&format!("{table} MODIFY id BIGINT UNSIGNED NOT NULL"), "does not count by itself", "MODIFY `id`");
    check(&format!("{table} ADD COLUMN tenant INT NOT NULL"), "`tenant` is none of ours", "MODIFY `tenant`");
    check(&format!("{table} ENGINE=MyISAM"), "MyISAM", "ENGINE=InnoDB");
}

#[test]
fn differences_that_lose_nothing_are_warnings() {
    let server = MariaDb::start();
    let site = site_of(&server, "tracespool");
    site.run(&["migrate"]);
    let table = "ALTER TABLE app.telemetry_traces";
    server.query(&format!(
        "{table} MODIFY user_agent VARCHAR(100), DROP KEY idx_request, ADD UNIQUE KEY once (route_name)"
    ));
    let checked = site.run(&["check", "--connect"]);
    assert_eq!(checked.code, Some(0), "{checked:?}");
    says(&checked, "warning", "`user_agent` is varchar(100)");
    says(&checked, "warning", "no index begins with `request_id`");
    says(&checked, "warning", "unique index `once`");
}

#[test]
fn rights_that_are_missing_and_a_missing_table_are_errors() {
    let server = MariaDb::start();
    let site = site_of(&server, "tracespool");
    site.run(&["migrate"]);
    let account = "tracespool@127.0.0.1";
    server.query(&format!("REVOKE ALL PRIVILEGES, GRANT OPTION FROM {account}"));
    server.query(&format!("GRANT SELECT ON app.telemetry_traces TO {account}"));
    server.query(&format!("GRANT SELECT, INSERT ON app.tracespool_progress TO {account}"));
    let checked = site.run(&["check", "--connect"]);
    assert_eq!(checked.code, Some(78), "{checked:?}");
    says(&checked, "error", "may not INSERT on `app`.`telemetry_traces`");
    says(&checked, "error", "may not UPDATE on `app`.`tracespool_progress`");
    says(&checked, "error", "may not DELETE on `app`.`tracespool_progress`");
    assert!(
        checked.stdout.contains("GRANT INSERT ON `app`.`telemetry_traces` TO 'tracespool'@'127.0.0.1';"),
        "{checked:?}"
    );
    server.query("DROP TABLE app.telemetry_traces");
    says(&site.run(&["check", "--connect"]), "error", "`app.telemetry_traces` is missing");
}

#[test]
fn a_server_that_is_away_is_69_and_a_bad_config_64() {
    let mut server = MariaDb::start();
    let mut site = site_of(&server, "tracespool");
    site.set_text("database.connect_timeout", "1s");
    server.kill9();
    let checked = site.run(&["check", "--connect"]);
    assert_eq!(checked.code, Some(69), "{checked:?}");
    says(&checked, "error", "connecting to");
    site.set("batch.max_rows", "0");
    assert_eq!(site.run(&["check", "--connect"]).code, Some(64));
}

#[test]
fn a_small_packet_and_a_spool_without_rights_are_warnings() {
    let server = MariaDb::start_with(&["--max-allowed-packet=1M"]);
    let site = site_of(&server, "tracespool");
    std::fs::set_permissions(site.spool(), std::fs::Permissions::from_mode(0o700)).expect("the spool's rights");
    let checked = site.run(&["check", "--connect"]);
    says(&checked, "warning", "`max_allowed_packet` is 1.0 MiB");
    says(&checked, "warning", "not writable by its group");
    says(&checked, "warning", "no set-group-ID");
    let file = Site::sqlite();
    assert_eq!(file.run(&["check", "--connect"]).code, Some(0));
    assert!(!file.root().join("traces.db").exists(), "a check makes nothing");
    file.drain();
    assert_eq!(file.run(&["check", "--connect"]).code, Some(0));
}

#[test]
fn the_settings_are_explained_by_the_load_of_the_running_agent() {
    let mut site = Site::sqlite();
    site.set("batch.max_rows", "100");
    let told = site.run(&["check", "--explain", "--rate", "500", "--hosts", "7"]);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(told.stdout.contains("500 lines/s (given)"), "{told:?}");
    assert!(told.stdout.contains("7 at 7 hosts"), "{told:?}");
    assert_eq!(site.run(&["check", "--rate", "500"]).code, Some(64), "without `--explain` it means nothing");

    let _agent = site.start();
    let writer = Writer::start(&site.path("a.ndjson"), "load", Habit::OpensPerLine);
    site.wait_rows(10);
    let told = site.run(&["check", "--explain"]);
    writer.stop();
    let load = told.stdout.lines().find(|line| line.starts_with("load")).expect("the load is told");
    assert_eq!(load.matches("(measured)").count(), 3, "{load}");
}

#[test]
fn who_gives_no_password_is_told_so_and_not_sent_to_look_at_grants() {
    let server = MariaDb::start();
    let site = site_of(&server, "tracespool");
    let nothing = site.path("no-password");
    std::fs::write(&nothing, "").expect("the file is written");
    for command in [&["check", "--connect"][..], &["checkpoint", "show"], &["migrate"]] {
        let mut without = site.command(command);
        without.env("TRACESPOOL__DATABASE__PASSWORD_FILE", &nothing);
        let without = finish(without, b"", PATIENCE);
        let said = format!("{}{}", without.stdout, without.stderr);
        assert!(without.code != Some(0) && said.contains("none was given"), "{command:?}: {without:?}");
    }
    std::fs::write(&nothing, "wrong").expect("the file is written");
    let mut wrong = site.command(&["migrate"]);
    wrong.env("TRACESPOOL__DATABASE__PASSWORD_FILE", &nothing);
    let wrong = finish(wrong, b"", PATIENCE);
    assert!(wrong.stderr.contains("does not accept the account with this password"), "{wrong:?}");
}

#[test]
fn a_log_in_that_the_server_refuses_is_explained_by_its_cause() {
    let server = MariaDb::start();
    let site = site_of(&server, "tracespool");
    let check = |name: &str, value: &str| {
        let mut command = site.command(&["check", "--connect"]);
        command.env(name, value);
        let finished = finish(command, b"", PATIENCE);
        assert_eq!(finished.code, Some(69), "{finished:?}");
        format!("{}{}", finished.stdout, finished.stderr)
    };
    let url = |user: &str, schema: &str| format!("mysql://{user}@127.0.0.1:{}/{schema}", server.port());
    let said = check("TRACESPOOL__DATABASE__URL", &url("tracespool", "nowhere"));
    assert!(said.contains("no such schema") && said.contains("CREATE DATABASE"), "{said}");
    let wrong = site.path("wrong-password");
    std::fs::write(&wrong, "wrong").expect("the file is written");
    let said = check("TRACESPOOL__DATABASE__PASSWORD_FILE", wrong.to_str().expect("a path in UTF-8"));
    assert!(said.contains("with this password (error 1045)") && said.contains("ALTER USER"), "{said}");
    server.query("CREATE USER socket_only@'%' IDENTIFIED VIA unix_socket");
    let said = check("TRACESPOOL__DATABASE__URL", &url("socket_only", "app"));
    assert!(said.contains("(error 1698)") && said.contains("?socket="), "{said}");
}
