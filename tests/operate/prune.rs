//! `prune`: exactly what is too old goes, in small steps, one host at a time.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::least_privilege;
use crate::support::{Finished, MariaDb, PASSWORD, Site, append, finish, ids, lines, pause, poll};

/// How many rows the table has; the environment's `PRUNE_ROWS` asks for more.
fn rows() -> usize {
    std::env::var("PRUNE_ROWS").map_or(50_000, |rows| rows.parse().expect("`PRUNE_ROWS` is a number"))
}

/// Fills the table with rows of the last sixty days, about in order of time, and some that came late. The indexes are made
/// afterwards, which takes a fraction of the time.
fn fill(server: &MariaDb, rows: usize) {
    let mut session = server.session();
    let indexes = [
        ("idx_created_at", "created_at"),
        ("idx_event_key", "event_key"),
        ("idx_actor", "actor_admin_id"),
        ("idx_request", "request_id"),
    ];
    let dropped = indexes.map(|(name, _)| format!("DROP KEY {name}")).join(", ");
    session.run(&format!("ALTER TABLE app.telemetry_traces {dropped}"));
    let piece = 100_000;
    for from in (1..=rows).step_by(piece) {
        let to = (from + piece - 1).min(rows);
        session.run(&format!(
            "INSERT INTO app.telemetry_traces (event_key, actor_admin_id, request_id, metadata, created_at) \
             SELECT CONCAT('test.', seq % 50), seq % 1000, CONCAT('old-', seq), \
                    CONCAT('{{\"step\":', seq, ',\"text\":\"', REPEAT('x', 200), '\"}}'), \
                    UTC_TIMESTAMP(6) - INTERVAL IF(seq % 997 = 0, 59, 60 * (1 - seq / {rows})) * 86400 SECOND \
                      + INTERVAL (seq * 7919 % 3600) SECOND \
             FROM app.seq_{from}_to_{to}"
        ));
    }
    let added = indexes.map(|(name, column)| format!("ADD KEY {name} ({column})")).join(", ");
    session.run(&format!("ALTER TABLE app.telemetry_traces {added}"));
    session.run(
        "CREATE TABLE app.before_prune (PRIMARY KEY (id)) ENGINE=InnoDB AS SELECT id, created_at FROM app.telemetry_traces",
    );
}

/// The moment before which rows went, as the command told it.
#[track_caller]
fn cutoff(finished: &Finished) -> String {
    let line = finished.stderr.lines().find(|line| line.starts_with("rows created before ")).expect("a cutoff");
    line.trim_start_matches("rows created before ").trim_end_matches(" UTC go").to_owned()
}

#[track_caller]
fn number(server: &MariaDb, sql: &str) -> u64 {
    server.session().number(sql)
}

/// Compares the table with what it was before: nothing older than the cutoff is left, nothing else is missing.
#[track_caller]
fn assert_pruned(server: &MariaDb, cutoff: &str) {
    let left = format!("SELECT count(*) FROM app.telemetry_traces WHERE created_at < '{cutoff}'");
    assert_eq!(number(server, &left), 0, "rows older than {cutoff} are left");
    let missing = format!(
        "SELECT count(*) FROM app.before_prune LEFT JOIN app.telemetry_traces USING (id) \
         WHERE before_prune.created_at >= '{cutoff}' AND telemetry_traces.id IS NULL"
    );
    assert_eq!(number(server, &missing), 0, "rows that are not older than {cutoff} are gone");
}

#[track_caller]
fn longest(finished: &Finished) -> u64 {
    let words = finished.stdout.split("the longest statement took ").nth(1).expect("the longest statement is told");
    words.split(' ').next().expect("a number").parse().expect("a number")
}

#[test]
fn what_is_too_old_goes_while_an_agent_ships_and_nothing_else() {
    let rows = rows();
    let large = rows >= 1_000_000;
    // A table that is larger than memory, and commits that reach the disk.
    let options =
        ["--innodb-buffer-pool-size=512M", "--innodb-flush-log-at-trx-commit=1", "--innodb-log-file-size=256M"];
    let server = if large { MariaDb::start_with(&options) } else { MariaDb::start() };
    let mut site = Site::mariadb(&server);
    site.set_text("shed.max_backlog_bytes", "100GiB").set_text("shed.soft_backlog_bytes", "100GiB");
    assert_eq!(site.run(&["migrate"]).code, Some(0));
    fill(&server, rows);

    let counted = finish(site.command(&["prune", "--dry-run"]), b"", Duration::from_secs(600));
    assert_eq!(counted.code, Some(0), "{counted:?}");
    let old = number(
        &server,
        &format!("SELECT count(*) FROM app.telemetry_traces WHERE created_at < '{}'", cutoff(&counted)),
    );
    assert!(counted.stdout.contains(&format!("{old} rows would be deleted")), "{old}: {counted:?}");
    assert_eq!(number(&server, "SELECT count(*) FROM app.telemetry_traces"), rows as u64, "a dry run deletes nothing");

    let agent = site.start();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writer = {
        let (path, stop) = (site.path("a.ndjson"), std::sync::Arc::clone(&stop));
        std::thread::spawn(move || {
            let mut written = 0;
            while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                append(&path, lines(&ids("ship", written..written + 500)));
                written += 500;
                // As fast as the agent, in a large run: what it ships then is what the database lets it.
                pause(Duration::from_millis(if large { 10 } else { 100 }));
            }
            written
        })
    };
    let committed = || agent.metrics().sum("tracespool_rows_committed_total");
    site.wait_rows(500);
    let (from, start) = (committed(), Instant::now());
    pause(Duration::from_secs(if large { 20 } else { 1 }));
    let alone = (committed() - from) / start.elapsed().as_secs_f64();

    let (from, start) = (committed(), Instant::now());
    let pruned = finish(site.command(&["prune"]), b"", Duration::from_secs(3_000));
    let took = start.elapsed();
    let beside = (committed() - from) / took.as_secs_f64();
    assert_eq!(pruned.code, Some(0), "{pruned:?}");
    stop.store(true, std::sync::atomic::Ordering::SeqCst);
    let written = ids("ship", 0..writer.join().expect("the writer wrote"));
    let longest = longest(&pruned);
    assert_pruned(&server, &cutoff(&pruned));
    if large {
        eprintln!(
            "{rows} rows, {old} deleted in {took:.1?}: {:.0} rows/s, longest statement {longest} ms; shipping \
             {alone:.0} rows/s alone, {beside:.0} beside ({:.0} %)",
            old as f64 / took.as_secs_f64(),
            100.0 * beside / alone
        );
        assert!(longest < 1_000, "a statement took {longest} ms");
        assert!(beside >= 0.8 * alone, "shipping fell from {alone} to {beside} rows/s");
    }
    // The writer may have been faster than the agent.
    let shipped = "SELECT count(*) FROM app.telemetry_traces WHERE request_id LIKE 'ship-%'";
    let patience = Duration::from_secs(if large { 900 } else { 60 });
    let arrived = poll(patience, || (number(&server, shipped) == written.len() as u64).then_some(()));
    assert!(arrived.is_some(), "not everything that was shipped beside is there");
    agent.conserved();

    // Nothing is left to do.
    let again = site.run(&["prune"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    if !large {
        let shorter = site.run(&["prune", "--days", "10"]);
        assert_eq!(shorter.code, Some(0), "{shorter:?}");
        assert_pruned(&server, &cutoff(&shorter));
    }
}

/// The lock that a pruning host holds on the table of these tests.
fn lock() -> String {
    format!("tracespool_prune_{:016x}", xxhash_rust::xxh3::xxh3_64(b"`app`.`telemetry_traces`"))
}

#[test]
fn one_host_prunes_at_a_time() {
    let server = MariaDb::start();
    let site = Site::mariadb(&server);
    fill(&server, 1_000);
    let mut other = server.session();
    other.run(&format!("SELECT GET_LOCK('{}', 0)", lock()));
    let refused = site.run(&["prune"]);
    assert_eq!(refused.code, Some(0), "{refused:?}");
    assert!(refused.stdout.contains("another host"), "{refused:?}");
    assert_eq!(number(&server, "SELECT count(*) FROM app.telemetry_traces"), 1_000);
    drop(other);
    let pruned = site.run(&["prune"]);
    assert!(pruned.stdout.contains("rows deleted"), "{pruned:?}");
    assert_pruned(&server, &cutoff(&pruned));
}

#[test]
fn it_waits_for_locks_of_others_and_stops_when_asked_to() {
    let server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    site.set_text("database.write_timeout", "2s");
    fill(&server, 5_000);
    let mut other = server.session();
    other.run("BEGIN");
    other.run("SELECT id FROM app.telemetry_traces ORDER BY created_at LIMIT 1 FOR UPDATE");
    let start = || {
        let mut command = site.command(&["prune"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("prune starts")
    };
    let stopped = start();
    pause(Duration::from_millis(2_500));
    kill_process(Pid::from_child(&stopped), Signal::TERM).expect("prune takes a signal");
    let output = stopped.wait_with_output().expect("prune ends");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(75), "{said}");
    assert!(said.contains("asked to stop"), "{said}");
    assert_eq!(number(&server, "SELECT count(*) FROM app.telemetry_traces"), 5_000);
    let patient = start();
    pause(Duration::from_millis(2_500));
    other.run("ROLLBACK");
    let output = patient.wait_with_output().expect("prune ends");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let finished =
        Finished { code: Some(0), stdout: String::new(), stderr: String::from_utf8_lossy(&output.stderr).into_owned() };
    assert_pruned(&server, &cutoff(&finished));
}

#[test]
fn it_waits_while_a_replica_is_behind() {
    let primary = MariaDb::start_with(&["--log-bin=binlog", "--server-id=1"]);
    let replica = MariaDb::start_with(&["--server-id=2", "--read-only=1"]);
    primary.query("GRANT REPLICATION SLAVE ON *.* TO tracespool@127.0.0.1");
    replica.query("GRANT SLAVE MONITOR ON *.* TO tracespool@127.0.0.1");
    replica.query(&format!(
        "CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={}, MASTER_USER='tracespool', MASTER_PASSWORD='{PASSWORD}', \
         MASTER_USE_GTID=slave_pos",
        primary.port()
    ));
    replica.query("START SLAVE");
    fill(&primary, 1_000);
    let count = "SELECT count(*) FROM app.telemetry_traces";
    let copied = poll(Duration::from_secs(60), || (number(&replica, count) == 1_000).then_some(()));
    assert!(copied.is_some(), "nothing is replicated: {:?}", replica.query("SHOW SLAVE STATUS"));

    let mut site = Site::mariadb(&primary);
    let (first, second) = (primary.port(), replica.port());
    site.set_text("database.url", &format!("mysql://tracespool@127.0.0.1:{first},127.0.0.1:{second}/app"));
    // What the primary writes now cannot be applied.
    let mut reader = replica.session();
    reader.run("LOCK TABLES app.telemetry_traces READ");
    primary.query("INSERT INTO app.telemetry_traces (event_key, created_at) VALUES ('test.new', UTC_TIMESTAMP(6))");
    pause(Duration::from_secs(8));
    let mut command = site.command(&["prune"]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let waiting = command.spawn().expect("prune starts");
    pause(Duration::from_secs(4));
    let early = number(&primary, count);
    reader.run("UNLOCK TABLES");
    let output = waiting.wait_with_output().expect("prune ends");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("waiting: a replica is "), "{said}");
    assert_eq!(early, 1_001, "rows went while the replica was behind");
    let finished = Finished { code: Some(0), stdout: String::new(), stderr: said };
    assert_pruned(&primary, &cutoff(&finished));
    let left = number(&primary, count);
    let followed = poll(Duration::from_secs(60), || (number(&replica, count) == left).then_some(()));
    assert!(followed.is_some() && left < 1_001, "the replica has not followed");
}

/// Puts a table in partitions by day in place of the one there is, from `first` to `last` days from today, with ten rows a
/// day from there to today.
fn partition(server: &MariaDb, site: &Site, first: i64, last: i64) {
    server.query("DROP TABLE app.telemetry_traces");
    let printed = site.run(&["migrate", "--print", "--partitioned"]);
    let (head, _) = printed.stdout.split_once("PARTITION BY").expect("partitions");
    let mut parts = Vec::new();
    for day in first..=last {
        let name = &server.query(&format!("SELECT DATE_FORMAT(UTC_DATE() + INTERVAL {day} DAY, '%Y%m%d')"))[0][0];
        let until = &server.query(&format!("SELECT CAST(UTC_DATE() + INTERVAL {} DAY AS CHAR)", day + 1))[0][0];
        let (name, until) = (name.as_deref().expect("a day"), until.as_deref().expect("a day"));
        parts.push(format!("PARTITION p{name} VALUES LESS THAN ('{until}')"));
    }
    parts.push("PARTITION pmax VALUES LESS THAN (MAXVALUE)".to_owned());
    let head = head.replace("`telemetry_traces`", "`app`.`telemetry_traces`");
    server.query(&format!("{head} PARTITION BY RANGE COLUMNS(`created_at`) ({})", parts.join(", ")));
    server.query(&format!(
        "INSERT INTO app.telemetry_traces (event_key, request_id, created_at) \
         SELECT 'test.old', seq, UTC_DATE() + INTERVAL {first} + CAST(seq DIV 10 AS SIGNED) DAY + INTERVAL seq HOUR FROM app.seq_1_to_{}",
        (-first) * 10
    ));
}

fn partitions(server: &MariaDb) -> Vec<String> {
    let sql = "SELECT partition_name FROM information_schema.partitions WHERE table_schema = 'app' \
               AND table_name = 'telemetry_traces' ORDER BY partition_ordinal_position";
    server.query(sql).into_iter().map(|mut row| row.remove(0).expect("a partition")).collect()
}

#[test]
fn of_a_table_in_partitions_whole_days_go_and_days_to_come_are_added() {
    let server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    assert_eq!(site.run(&["migrate"]).code, Some(0));
    partition(&server, &site, -40, 2);
    least_privilege(&server);
    site.set_text("database.url", &format!("mysql://tracespool_prune@127.0.0.1:{}/app", server.port()));
    let before = number(&server, "SELECT count(*) FROM app.telemetry_traces");
    let counted = site.run(&["prune", "--dry-run"]);
    assert_eq!(counted.code, Some(0), "{counted:?}");
    assert_eq!(number(&server, "SELECT count(*) FROM app.telemetry_traces"), before);
    let old =
        number(&server, "SELECT count(*) FROM app.telemetry_traces WHERE created_at < UTC_DATE() - INTERVAL 30 DAY");
    assert!(old > 50, "{old}");
    assert!(counted.stdout.contains(&format!("{old} rows would be deleted")), "{old}: {counted:?}");

    let pruned = site.run(&["prune"]);
    assert_eq!(pruned.code, Some(0), "{pruned:?}");
    assert_eq!(number(&server, "SELECT count(*) FROM app.telemetry_traces"), before - old);
    let left = "SELECT count(*) FROM app.telemetry_traces WHERE created_at < UTC_DATE() - INTERVAL 30 DAY";
    assert_eq!(number(&server, left), 0);
    let partitions = partitions(&server);
    let day = |days: i64| {
        let sql = format!("SELECT DATE_FORMAT(UTC_DATE() + INTERVAL {days} DAY, 'p%Y%m%d')");
        server.query(&sql)[0][0].clone().expect("a day")
    };
    assert_eq!(partitions.first(), Some(&day(-30)));
    assert_eq!(partitions[partitions.len() - 2..], [day(14), "pmax".to_owned()]);
    assert!(pruned.stdout.contains(&format!("12 partitions added, `{}` to `{}`", day(3), day(14))), "{pruned:?}");
    let again = site.run(&["prune"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(again.stdout.starts_with("0 rows deleted"), "{again:?}");
}

#[test]
fn a_full_catch_all_partition_is_left_to_a_person_with_the_statement() {
    let server = MariaDb::start();
    let site = Site::mariadb(&server);
    partition(&server, &site, -40, -20);
    server.query("GRANT ALTER, DROP ON app.telemetry_traces TO tracespool@127.0.0.1");
    server.query(
        "INSERT INTO app.telemetry_traces (event_key, created_at) SELECT 'x', UTC_TIMESTAMP(6) FROM app.seq_1_to_10500",
    );
    let pruned = site.run(&["prune"]);
    assert_eq!(pruned.code, Some(75), "{pruned:?}");
    let statement = pruned.stderr.split("type: ").nth(1).expect("a statement").trim().to_owned();
    assert!(
        statement.starts_with("ALTER TABLE `app`.`telemetry_traces` REORGANIZE PARTITION `pmax` INTO"),
        "{pruned:?}"
    );
    assert_eq!(
        number(&server, "SELECT count(*) FROM app.telemetry_traces WHERE created_at < UTC_DATE() - INTERVAL 30 DAY"),
        0
    );
    server.query(&statement);
    let again = site.run(&["prune"]);
    assert_eq!(again.code, Some(0), "{again:?}");
}

#[test]
fn where_it_cannot_work_it_says_so() {
    let server = MariaDb::start();
    let site = Site::mariadb(&server);
    server.query("ALTER TABLE app.telemetry_traces DROP KEY idx_created_at");
    let refused = site.run(&["prune"]);
    assert_eq!(refused.code, Some(69), "{refused:?}");
    assert!(refused.stderr.contains("ADD KEY `idx_created_at`"), "{refused:?}");
    let file = Site::sqlite().run(&["prune"]);
    assert_eq!(file.code, Some(64), "{file:?}");
    assert!(file.stderr.contains("SQLite"), "{file:?}");
    assert_eq!(site.run(&["prune", "--days", "0"]).code, Some(64));
}
