//! A TCP proxy before the server that loses commits.
//!
//! Invariant: it counts what it did; a test that relies on a fault asserts that the fault has struck.

use std::io::{BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{PATIENCE, pause, poll};

/// What happens to a `COMMIT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it passes.
    None,
    /// The server commits, its answer is lost with the connection.
    LosesAnswer,
    /// The commit itself is lost with the connection.
    LosesCommit,
    /// The client's connection is cut; the server gets the commit only after the client has come back.
    DeliversLate,
    /// Not a commit, but every packet of more bytes than the plan's number is answered by cutting the connection.
    RefusesLarge,
}

/// The proxy. It ends with its value; so do the connections through it, when either side closes.
pub struct Proxy {
    port: u16,
    state: Arc<State>,
}

struct State {
    server: u16,
    plan: Mutex<(Fault, usize)>,
    accepted: AtomicUsize,
    commits: AtomicUsize,
    struck: AtomicUsize,
    closed: AtomicBool,
}

impl Proxy {
    /// A proxy for the server on `server`, that strikes at each `every`-th commit, or at packets of more than `every` bytes.
    pub fn start(server: u16, fault: Fault, every: usize) -> Proxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the proxy has a port");
        let port = listener.local_addr().expect("the port's address").port();
        let counter = || AtomicUsize::new(0);
        let state = Arc::new(State {
            server,
            plan: Mutex::new((fault, every)),
            accepted: counter(),
            commits: counter(),
            struck: counter(),
            closed: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if shared.closed.load(Ordering::SeqCst) {
                    return;
                }
                let state = Arc::clone(&shared);
                std::thread::spawn(move || relay(client, &state));
            }
        });
        Proxy { port, state }
    }

    /// The port the agent is to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Changes what happens from now on.
    pub fn set(&self, fault: Fault, every: usize) {
        *self.state.plan.lock().expect("the plan") = (fault, every);
    }

    /// How many commits the clients have sent.
    pub fn commits(&self) -> usize {
        self.state.commits.load(Ordering::SeqCst)
    }

    /// How many commits were struck, each to its end.
    pub fn struck(&self) -> usize {
        self.state.struck.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.closed.store(true, Ordering::SeqCst);
        // Wakes the listener; when nobody can connect any more, it has already ended.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
    }
}

fn relay(client: TcpStream, state: &Arc<State>) {
    let number = state.accepted.fetch_add(1, Ordering::SeqCst) + 1;
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, state.server)) else {
        return;
    };
    // Neither side may be delayed by the other's acknowledgements; without it the test is only slower.
    let quick = client.set_nodelay(true).and_then(|()| server.set_nodelay(true));
    let muted = Arc::new(AtomicBool::new(false));
    let answers = {
        let ends = (server.try_clone(), client.try_clone());
        let (Ok(server), Ok(client), Ok(())) = (ends.0, ends.1, quick) else {
            return;
        };
        let (muted, state) = (Arc::clone(&muted), Arc::clone(state));
        std::thread::spawn(move || {
            pass_answers(server, client, &muted, &state);
        })
    };
    // An error here is the end of a connection, which is what a proxy is there for.
    let ended = pass_requests(&client, &server, &muted, state, number);
    if ended.is_err() || !muted.load(Ordering::SeqCst) {
        close(&client);
        close(&server);
    }
    answers.join().expect("the answers were passed on");
    close(&client);
    close(&server);
}

fn pass_answers(mut server: TcpStream, mut client: TcpStream, muted: &AtomicBool, state: &State) {
    let mut buffer = [0; 64 << 10];
    while let Ok(read @ 1..) = server.read(&mut buffer) {
        if muted.load(Ordering::SeqCst) {
            // The protocol has one answer for one request, so these bytes are the answer to the commit.
            state.struck.fetch_add(1, Ordering::SeqCst);
            break;
        }
        if client.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    close(&client);
    close(&server);
}

/// Passes packets on until a fault strikes or a side closes.
fn pass_requests(
    client: &TcpStream,
    mut server: &TcpStream,
    muted: &AtomicBool,
    state: &State,
    number: usize,
) -> std::io::Result<()> {
    let mut reader = BufReader::with_capacity(64 << 10, client);
    let mut head = [0; 4];
    let mut packet = Vec::new();
    loop {
        reader.read_exact(&mut head)?;
        let length = usize::from(head[0]) | usize::from(head[1]) << 8 | usize::from(head[2]) << 16;
        packet.clear();
        packet.extend_from_slice(&head);
        packet.resize(head.len() + length, 0);
        reader.read_exact(&mut packet[head.len()..])?;
        match strike(state, &packet) {
            Fault::RefusesLarge => {
                state.struck.fetch_add(1, Ordering::SeqCst);
                close(client);
                close(server);
                return Ok(());
            }
            Fault::None => server.write_all(&packet)?,
            Fault::LosesAnswer => {
                muted.store(true, Ordering::SeqCst);
                return server.write_all(&packet);
            }
            Fault::LosesCommit => {
                state.struck.fetch_add(1, Ordering::SeqCst);
                close(client);
                close(server);
                return Ok(());
            }
            Fault::DeliversLate => {
                muted.store(true, Ordering::SeqCst);
                close(client);
                let back = poll(PATIENCE, || (state.accepted.load(Ordering::SeqCst) > number).then_some(()));
                assert!(back.is_some(), "the client did not come back");
                // Time for it to ask for the frontier that the held transaction still has locked.
                pause(Duration::from_millis(200));
                return server.write_all(&packet);
            }
        }
    }
}

/// What is to happen to this packet.
fn strike(state: &State, packet: &[u8]) -> Fault {
    const COM_QUERY: u8 = 3;
    if let (Fault::RefusesLarge, bytes) = *state.plan.lock().expect("the plan") {
        return if packet.len() > bytes { Fault::RefusesLarge } else { Fault::None };
    }
    let [_, _, _, 0, COM_QUERY, sql @ ..] = packet else {
        return Fault::None;
    };
    if !sql.trim_ascii().eq_ignore_ascii_case(b"COMMIT") {
        return Fault::None;
    }
    let (fault, every) = *state.plan.lock().expect("the plan");
    let commit = state.commits.fetch_add(1, Ordering::SeqCst) + 1;
    if commit.is_multiple_of(every) { fault } else { Fault::None }
}

fn close(stream: &TcpStream) {
    // The other side may have closed first.
    stream.shutdown(Shutdown::Both).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use mysql_async::prelude::Queryable;
    use mysql_async::{Conn, OptsBuilder};

    use super::super::MariaDb;
    use super::*;

    /// Sends one row in one transaction; whether the client was told that it is committed.
    fn send(port: u16) -> bool {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let opts = OptsBuilder::default().ip_or_hostname("127.0.0.1").tcp_port(port).prefer_socket(false);
        let opts = opts.user(Some("tracespool")).pass(Some(super::super::mariadb::PASSWORD)).db_name(Some("app"));
        runtime.block_on(async {
            let mut conn = Conn::new(opts).await.expect("the client connects");
            conn.query_drop("BEGIN").await.expect("a transaction begins");
            conn.query_drop("INSERT INTO audit_logs (what) VALUES ('x')").await.expect("a row is sent");
            conn.query_drop("COMMIT").await.is_ok()
        })
    }

    #[test]
    fn each_fault_loses_what_it_says() {
        let server = MariaDb::start();
        let rows = || server.query("SELECT count(*) FROM app.audit_logs")[0][0].clone().expect("a number");
        let proxy = Proxy::start(server.port(), Fault::None, 1);
        assert!(send(proxy.port()));
        assert_eq!((proxy.commits(), proxy.struck(), rows().as_str()), (1, 0, "1"));

        proxy.set(Fault::LosesAnswer, 1);
        assert!(!send(proxy.port()));
        assert_eq!((proxy.commits(), proxy.struck(), rows().as_str()), (2, 1, "2"));

        proxy.set(Fault::LosesCommit, 1);
        assert!(!send(proxy.port()));
        assert_eq!((proxy.commits(), proxy.struck()), (3, 2));
        assert_eq!(rows(), "2");

        proxy.set(Fault::DeliversLate, 4);
        assert!(!send(proxy.port()));
        assert_eq!((proxy.commits(), proxy.struck(), rows().as_str()), (4, 2, "2"));
        assert!(send(proxy.port()), "the client that comes back is served");
        poll(PATIENCE, || (rows() == "4").then_some(())).expect("the late commit arrives");
        poll(PATIENCE, || (proxy.struck() == 3).then_some(())).expect("and is counted");
    }
}
