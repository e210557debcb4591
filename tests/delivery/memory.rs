//! Memory has a limit that nothing in the spool moves: not the number of lines, not their length, not the number of files.

use std::fmt::Write as _;
use std::time::Duration;

use crate::support::{Agent, MariaDb, PATIENCE, Site, append, pause, poll};

/// Ships what is in the spool and returns the most memory the agent had meanwhile.
#[track_caller]
fn peak_of_shipping(site: &Site, lines: usize) -> u64 {
    let agent = site.start();
    let arrived = poll(3 * PATIENCE, || (site.count() >= lines).then_some(()));
    assert!(arrived.is_some(), "{} of {lines} rows arrived", site.count());
    let peak = agent.memory_peak();
    agent.conserved();
    eprintln!("{lines} lines: a peak of {} KiB", peak >> 10);
    peak
}

/// A line as applications write them, about 350 bytes.
fn typical(n: usize) -> String {
    format!(
        "{{\"event_key\":\"auth.login.attempt\",\"severity\":\"warning\",\"actor_admin_id\":{},\"ip_address\":\"203.0.113.{}\",\
         \"user_agent\":\"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\",\"route_name\":\"admin.users.{}\",\
         \"request_id\":\"r-{n:012}\",\"metadata\":{{\"attempt\":{},\"duration_ms\":{}.25,\"note\":\"ordinary text\",\
         \"ok\":true,\"path\":\"/admin/users/{n}/edit\"}}}}\n",
        n % 1000,
        n % 250,
        n % 50,
        n % 5,
        n % 100
    )
}

#[test]
fn many_lines() {
    let server = MariaDb::start();
    let mut site = Site::mariadb(&server);
    site.set_text("batch.max_wait", "200ms");
    let path = site.path("app.ndjson");
    let count = 60_000;
    for chunk in 0..count / 1000 {
        append(&path, (0..1000).map(|n| typical(chunk * 1000 + n)).collect::<String>());
    }
    let peak = peak_of_shipping(&site, count);
    assert!(peak <= Agent::MEMORY_MAX, "a peak of {peak} bytes");
}

/// What the unit of the service sets in its environment.
fn environment_of_the_service() -> Vec<String> {
    let unit = include_str!("../../systemd/tracespool.service");
    unit.lines().filter_map(|line| line.strip_prefix("Environment=")).map(str::to_owned).collect()
}

#[test]
fn what_a_backlog_took_is_given_back_by_the_service() {
    let server = MariaDb::start();
    let text: String = (0..60_000).map(typical).collect();
    let after_a_backlog = |environment: &[String]| {
        server.query("TRUNCATE app.telemetry_traces");
        let site = Site::mariadb(&server);
        append(&site.path("app.ndjson"), &text);
        let program: Vec<&str> = ["env"].into_iter().chain(environment.iter().map(String::as_str)).collect();
        let agent = site.start_through(&program);
        site.wait_rows(60_000);
        pause(Duration::from_secs(2));
        agent.memory_of_its_own()
    };
    let environment = environment_of_the_service();
    assert!(!environment.is_empty());
    // Twice, since what threads leave behind in memory is not the same every time.
    let (service, bare) = (1..=2).fold((0, 0), |(service, bare), _| {
        (service + after_a_backlog(&environment) / 2, bare + after_a_backlog(&[]) / 2)
    });
    eprintln!("at rest after a backlog: {} KiB as the service, {} KiB as it is", service >> 10, bare >> 10);
    assert!(service * 100 < bare * 97, "{service} bytes of {bare}");
}

#[test]
fn the_longest_lines() {
    let server = MariaDb::start();
    let site = Site::mariadb(&server);
    let path = site.path("app.ndjson");
    let text = "some words ".repeat(95_000);
    let count = 40;
    for n in 0..count {
        append(
            &path,
            format!("{{\"event_key\":\"long\",\"request_id\":\"{n}\",\"metadata\":{{\"text\":\"{text}\"}}}}\n"),
        );
    }
    let peak = peak_of_shipping(&site, count);
    assert!(peak <= Agent::MEMORY_MAX, "a peak of {peak} bytes");
}

#[test]
fn many_files() {
    let server = MariaDb::start();
    let site = Site::mariadb(&server);
    let count = 1000;
    for file in 0..count {
        let text = (0..3).fold(String::new(), |mut text, n| {
            write!(text, "{}", typical(file * 3 + n)).expect("a text takes more text");
            text
        });
        append(&site.path(&format!("app-{file}.ndjson")), text);
    }
    let peak = peak_of_shipping(&site, 3 * count);
    assert!(peak <= Agent::MEMORY_MAX, "a peak of {peak} bytes");
}

#[test]
fn lines_that_are_all_refused() {
    let server = MariaDb::start();
    let site = Site::mariadb(&server);
    let path = site.path("app.ndjson");
    append(&path, format!("not json {}\n", "and long ".repeat(2000)).repeat(1500));
    append(&path, typical(1));
    let peak = peak_of_shipping(&site, 1);
    assert!(peak <= Agent::MEMORY_MAX, "a peak of {peak} bytes");
}
