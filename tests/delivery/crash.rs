//! Exactly once: kills of the agent and of the database, commits whose outcome is unknown.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::support::{
    Fault, Habit, MariaDb, Proxy, Site, Writer, append, eventually, ids, lines, pause, poll, rounds, url,
};

/// Two applications write without a pause while agent and server are killed at random moments.
fn kills(server: &mut MariaDb, seed: u64) {
    let mut site = Site::mariadb(server);
    site.set("batch.max_rows", "200");
    let rounds = rounds();
    let mut random = StdRng::seed_from_u64(seed);
    let writers = [
        Writer::start(&site.path("a.ndjson"), "a", Habit::HalfLines),
        Writer::start(&site.path("b.ndjson"), "b", Habit::OpensPerLine),
    ];
    let mut agent = site.start();
    let (mut agents_killed, mut servers_killed, mut grown) = (0, 0, 0);
    for round in 0..rounds {
        if random.random_range(0..2) == 0 {
            pause(Duration::from_millis(random.random_range(1..150)));
        } else {
            let goal = site.count() + random.random_range(1..500);
            poll(Duration::from_secs(40), || (site.count() >= goal).then_some(()))
                .unwrap_or_else(|| panic!("round {round}: no rows arrive any more\n{}", agent.log()));
            grown += 1;
        }
        match random.random_range(0..5) {
            0..2 => {
                agent.kill9();
                agents_killed += 1;
                agent = site.start();
            }
            2..4 => {
                server.kill9();
                servers_killed += 1;
                pause(Duration::from_millis(random.random_range(0..100)));
                server.restart();
            }
            _ => {
                server.kill9();
                agent.kill9();
                agents_killed += 1;
                servers_killed += 1;
                agent = site.start();
                server.restart();
            }
        }
    }
    assert!(agents_killed >= rounds / 5 && servers_killed >= rounds / 5, "{agents_killed}, {servers_killed}");
    assert!(grown >= rounds / 5, "the agent was at work in {grown} of {rounds} rounds");
    let written: Vec<_> = writers.into_iter().flat_map(Writer::stop).collect();
    site.finish_exactly(agent, &written);
    assert_eq!(server.query("SELECT count(*) FROM app.audit_logs"), [[Some("0".to_owned())]]);
}

#[test]
fn random_kills_of_agent_and_database_under_two_constant_writers() {
    kills(&mut MariaDb::start(), 1);
}

#[test]
fn a_server_that_forgets_its_last_second_is_sent_it_again() {
    let mut server = MariaDb::start_with(&["--innodb-flush-log-at-trx-commit=0"]);
    let mut site = Site::mariadb(&server);
    site.set("batch.max_rows", "50");
    let path = site.path("app.ndjson");
    let mut written = Vec::new();
    let mut forgotten = 0;
    let mut agent = site.start();
    for round in 0..12 {
        // What was forgotten is noticed with the next lines: the frontier is not where it should be.
        let new = ids(&format!("round-{round}"), 0..200);
        append(&path, lines(&new));
        written.extend(new);
        site.wait_rows(written.len());
        server.kill9();
        if round % 3 == 2 {
            agent.kill9();
        }
        server.restart();
        forgotten += written.len() - site.count();
        if round % 3 == 2 {
            agent = site.start();
        }
    }
    append(&path, lines(&ids("last", 0..1)));
    written.extend(ids("last", 0..1));
    assert!(forgotten > 0, "the server never forgot anything");
    site.finish_exactly(agent, &written);
}

fn lost_commits(fault: Fault) {
    let server = MariaDb::start();
    let proxy = Proxy::start(server.port(), fault, 3);
    let mut site = Site::mariadb(&server);
    site.set_text("database.url", &url(proxy.port()));
    site.set("batch.max_rows", "100");
    let written = ids("line", 0..2500);
    append(&site.path("app.ndjson"), lines(&written));
    let agent = site.start();
    site.wait_rows(written.len());
    eventually("the last fault has come to its end", || proxy.struck() >= proxy.commits() / 3);
    assert!(proxy.struck() >= 5, "{} commits were struck", proxy.struck());
    site.assert_exactly(&written);
    proxy.set(Fault::None, 1);
    site.finish_exactly(agent, &written);
}

#[test]
fn the_answer_to_a_commit_is_lost() {
    lost_commits(Fault::LosesAnswer);
}

#[test]
fn the_commit_itself_is_lost() {
    lost_commits(Fault::LosesCommit);
}

#[test]
fn the_commit_arrives_after_the_agent_has_come_back() {
    lost_commits(Fault::DeliversLate);
}

#[test]
fn a_commit_of_unknown_outcome_and_a_killed_agent() {
    for fault in [Fault::LosesAnswer, Fault::LosesCommit] {
        let server = MariaDb::start();
        let proxy = Proxy::start(server.port(), fault, 2);
        let mut site = Site::mariadb(&server);
        site.set_text("database.url", &url(proxy.port()));
        site.set("batch.max_rows", "100");
        let written = ids("line", 0..2000);
        append(&site.path("app.ndjson"), lines(&written));
        let mut agent = site.start();
        for strike in 1..=4 {
            eventually("a commit is struck", || proxy.struck() >= strike);
            agent.kill9();
            agent = site.start();
        }
        proxy.set(Fault::None, 1);
        site.finish_exactly(agent, &written);
    }
}

#[test]
fn the_state_folder_is_deleted_or_damaged_and_the_database_alone_is_enough() {
    let server = MariaDb::start();
    let site = Site::mariadb(&server);
    let mut written = Vec::new();
    for round in 0..4 {
        for file in ["a.ndjson", "b.ndjson"] {
            let new = ids(&format!("{file}-{round}"), 0..50);
            append(&site.path(file), lines(&new));
            written.extend(new);
        }
        site.drain();
        site.assert_exactly(&written);
        if round % 2 == 0 {
            std::fs::remove_dir_all(site.state()).expect("the state folder is deleted");
        } else {
            for entry in std::fs::read_dir(site.state()).expect("the state folder").flatten() {
                std::fs::write(entry.path(), "damaged\n").expect("a state file is damaged");
            }
        }
    }
    let agent = site.start();
    site.finish_exactly(agent, &written);
}

#[test]
fn a_killed_connection_loses_nothing() {
    let server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    site.set("batch.max_rows", "50");
    let written = ids("line", 0..4000);
    append(&site.path("app.ndjson"), lines(&written));
    let agent = site.start();
    let mut killed = 0;
    while site.count() < written.len() && killed < 40 {
        let before = site.count();
        let ids = server.query("SELECT id FROM information_schema.processlist WHERE user = 'tracespool'");
        for row in ids {
            let id = row[0].as_deref().expect("an id");
            // The connection may have ended meanwhile.
            if server.client().query(&format!("KILL CONNECTION {id}")).is_ok() {
                killed += 1;
            }
        }
        poll(Duration::from_secs(20), || (site.count() > before).then_some(()));
    }
    assert!(killed >= 5, "{killed} connections were killed");
    site.finish_exactly(agent, &written);
}
