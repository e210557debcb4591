//! `status` and `top` against a running agent, `top` in a real terminal.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{MariaDb, Site, Terminal, append, ids, lines};

#[test]
fn status_says_what_the_agent_does_in_words_and_as_json() {
    let site = Site::sqlite();
    append(&site.path("app.ndjson"), lines(&ids("line", 0..100)));
    let agent = site.start();
    site.wait_rows(100);
    agent.conserved();
    let said = site.run(&["status"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    for words in
        ["tracespool 0.1.0, agent test, up ", "database    takes rows, for ", "backlog     none", "100 committed"]
    {
        assert!(said.stdout.contains(words), "`{words}` is missing:\n{}", said.stdout);
    }
    assert!(!said.stdout.contains('\x1b'), "what is no terminal gets colours:\n{}", said.stdout);
    let json = site.run(&["status", "--json"]);
    assert_eq!(json.code, Some(0));
    let report: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(report["lines"]["committed"], 100);
    let terminal = Terminal::start(&site.command(&["status"]), 80, 24);
    terminal.shows("database    takes rows");
    assert_eq!(terminal.ends().code(), Some(0));
}

#[test]
fn status_without_an_agent_is_69_and_says_what_to_do() {
    let mut site = Site::sqlite();
    let said = site.run(&["status"]);
    assert_eq!(said.code, Some(69), "{said:?}");
    assert!(said.stderr.contains("no agent answers at 127.0.0.1:"), "{said:?}");
    assert!(said.stderr.contains("systemctl status tracespool"), "{said:?}");
    site.set_text("metrics.listen", "");
    for command in ["status", "top"] {
        let said = site.run(&[command]);
        assert!([Some(69), Some(64)].contains(&said.code), "{said:?}");
    }
    let said = site.run(&["status"]);
    assert_eq!(said.code, Some(69), "{said:?}");
    assert!(said.stderr.contains("`metrics.listen` is \"\""), "{said:?}");
}

#[test]
fn status_asks_where_agents_are_by_default_when_the_config_cannot_be_used() {
    let mut site = Site::sqlite();
    site.set_text("log.level", "loud");
    let said = site.run(&["status"]);
    assert!([Some(0), Some(69)].contains(&said.code), "somebody may run an agent here: {said:?}");
    for words in ["`log.level` is `loud`", "the agent is asked at 127.0.0.1:9187"] {
        assert!(said.stderr.contains(words), "no `{words}`: {said:?}");
    }
}

#[test]
fn status_tells_a_stranger_from_an_agent() {
    use std::io::{Read, Write};
    let mut site = Site::sqlite();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    site.set_text("metrics.listen", &listener.local_addr().expect("an address").to_string());
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let read = stream.read(&mut [0; 1024]).expect("a request");
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnull";
        stream.write_all(answer.as_bytes()).expect("an answer");
        read
    });
    let said = site.run(&["status"]);
    assert!(server.join().expect("it served") > 0);
    assert_eq!(said.code, Some(69), "{said:?}");
    assert!(said.stderr.contains("is no agent that this program understands"), "{said:?}");
}

#[test]
fn top_is_live_in_a_terminal_and_gives_it_back() {
    let mut server = MariaDb::start();
    let site = Site::mariadb(&server);
    append(&site.path("app.ndjson"), lines(&ids("line", 0..500)));
    append(&site.path("app.ndjson"), "not json\n");
    let mut agent = site.start();
    site.wait_rows(500);
    agent.conserved();
    let mut terminal = Terminal::start(&site.command(&["top"]), 80, 24);
    let screen = terminal.shows("takes rows");
    for words in ["tracespool test 0.1.0", "501 read, 500 committed", "1 (not_json 1)", "q quits"] {
        assert!(screen.contains(words), "`{words}` is missing:\n{screen}");
    }
    eprintln!("{screen}");
    terminal.resize(160, 50);
    eprintln!("{}", terminal.shows("scrubbed by rule"));
    terminal.resize(60, 20);
    server.kill9();
    append(&site.path("app.ndjson"), lines(&ids("more", 0..500)));
    terminal.shows("database away for");
    eprintln!("{}", terminal.shows("read, not committed yet"));
    agent.kill9();
    eprintln!("{}", terminal.shows("trying again"));
    terminal.shows("connection refused");
    server.restart();
    let agent = site.start();
    terminal.shows("500 committed");
    terminal.press(b"q");
    assert_eq!(terminal.ends().code(), Some(0));
    let written = [ids("line", 0..500), ids("more", 0..500)].concat();
    site.finish_exactly(agent, &written);
}

#[test]
fn top_ends_by_every_way_out_and_the_terminal_is_as_before() {
    let site = Site::sqlite();
    for key in [&b"q"[..], b"\x1b", b"\x03"] {
        let mut terminal = Terminal::start(&site.command(&["top"]), 80, 24);
        terminal.shows("no answer yet");
        terminal.press(key);
        assert_eq!(terminal.ends().code(), Some(0), "{key:?}");
    }
    let terminal = Terminal::start(&site.command(&["top"]), 80, 24);
    terminal.shows("no answer yet");
    let pid = Pid::from_raw(i32::try_from(terminal.pid()).expect("a process id")).expect("a process id");
    kill_process(pid, Signal::TERM).expect("it takes a signal");
    assert_eq!(terminal.ends().code(), Some(0));
    let said = crate::support::finish(site.command(&["top"]), b"", Duration::from_secs(10));
    assert_eq!(said.code, Some(64), "{said:?}");
    assert!(said.stderr.contains("`top` needs a terminal"), "{said:?}");
}
