//! The agent's process.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{PATIENCE, poll};

/// The program under test.
pub fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_tracespool"))
}

/// A running agent, killed when dropped. When its test fails, its log is printed.
pub struct Agent {
    child: Child,
    log: PathBuf,
    metrics: u16,
}

impl Agent {
    /// Starts `command`, which is the agent or becomes it; its output is appended to `log`.
    #[track_caller]
    pub fn start(mut command: Command, log: &Path, metrics: u16) -> Agent {
        let out = OpenOptions::new().append(true).create(true).open(log).expect("the log opens");
        let err = out.try_clone().expect("the log opens twice");
        let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn().expect("the agent starts");
        Agent { child, log: log.to_owned(), metrics }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("the agent takes a signal");
    }

    /// Kills it without a warning; it must have been running until then.
    #[track_caller]
    pub fn kill9(&mut self) {
        if let Some(status) = self.exited() {
            panic!("the agent was to be killed, but had ended by itself with {status}");
        }
        self.child.kill().expect("the agent can be killed");
        self.child.wait().expect("the agent can be waited for");
    }

    /// Whether it has ended, and how.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the agent can be waited for")
    }

    /// Waits for its end.
    #[track_caller]
    pub fn wait_exit(&mut self, within: Duration) -> ExitStatus {
        match poll(within, || self.exited()) {
            Some(status) => status,
            None => panic!("the agent was still running after {within:?}"),
        }
    }

    /// Asks it to finish, and waits until it did.
    #[track_caller]
    pub fn sigterm(&mut self) -> ExitStatus {
        if let Some(status) = self.exited() {
            panic!("the agent was to be stopped, but had ended by itself with {status}");
        }
        self.signal(Signal::TERM);
        self.wait_exit(Duration::from_secs(30))
    }

    /// What it wrote to its log so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Its metrics, as soon as it answers.
    #[track_caller]
    pub fn metrics(&self) -> Metrics {
        let text = poll(PATIENCE, || self.get("/metrics").ok().filter(|text| text.contains("tracespool_build_info")));
        Metrics::parse(&text.expect("`/metrics` answers"))
    }

    /// Waits until every line it has read has an end, and is told to be so.
    #[track_caller]
    pub fn conserved(&self) -> Metrics {
        let mut last = String::new();
        let settled = poll(PATIENCE, || {
            let metrics = self.metrics();
            let ends = ["rows_committed", "lines_quarantined", "lines_shed"];
            let ended: f64 = ends.iter().map(|end| metrics.sum(&format!("tracespool_{end}_total"))).sum();
            let read = metrics.sum("tracespool_lines_read_total");
            last = format!("{read} lines read, {ended} with an end");
            (read == ended).then_some(metrics)
        });
        settled.unwrap_or_else(|| panic!("lines without an end: {last}"))
    }

    /// Where its endpoint serves a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.metrics)
    }

    /// The body of what its endpoint answers with this status, as soon as it answers.
    #[track_caller]
    pub fn page(&self, path: &str, status: u16) -> String {
        let head = format!("HTTP/1.1 {status} ");
        let answer = poll(PATIENCE, || self.get(path).ok()).expect("the endpoint answers");
        assert!(answer.starts_with(&head), "{path}: {answer}");
        answer.split_once("\r\n\r\n").expect("a head and a body").1.to_owned()
    }

    /// What it says of itself.
    #[track_caller]
    pub fn report(&self) -> Value {
        serde_json::from_str(&self.page("/status.json", 200)).expect("`/status.json` is JSON")
    }

    /// The answer of its endpoint, head and body.
    pub fn get(&self, path: &str) -> std::io::Result<String> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.metrics));
        let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(2))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }

    /// The most memory it ever had resident, in bytes.
    #[track_caller]
    pub fn memory_peak(&self) -> u64 {
        self.memory("VmHWM:")
    }

    #[track_caller]
    fn memory(&self, what: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the agent runs");
        let line = status.lines().find(|line| line.starts_with(what)).expect("a process has memory");
        let number = line.split_whitespace().nth(1).expect("`VmHWM: n kB`");
        number.parse::<u64>().expect("`VmHWM: n kB`") * 1024
    }

    /// The memory that it has now and that is not a file's, in bytes.
    #[track_caller]
    pub fn memory_of_its_own(&self) -> u64 {
        self.memory("RssAnon:")
    }

    /// The most memory it may have: the promise, and what a build without optimisations has more of: its program text.
    pub const MEMORY_MAX: u64 = if cfg!(debug_assertions) { (48 + 12) << 20 } else { 48 << 20 };

    /// Where its open files lead, as the kernel names them.
    pub fn open_files(&self) -> Vec<String> {
        let folder = format!("/proc/{}/fd", self.pid());
        let entries = std::fs::read_dir(folder).expect("the agent runs").flatten();
        let links = entries.filter_map(|entry| std::fs::read_link(entry.path()).ok());
        links.map(|link| link.to_string_lossy().into_owned()).collect()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().expect("the agent can be killed");
            self.child.wait().expect("the agent can be waited for");
        }
        if std::thread::panicking() {
            eprintln!("---- log of the agent ----\n{}----", self.log());
        }
    }
}

/// The text of `/metrics`, taken apart.
#[derive(Debug, Clone)]
pub struct Metrics(BTreeMap<String, f64>);

impl Metrics {
    fn parse(text: &str) -> Metrics {
        let samples = text.lines().filter(|line| line.starts_with("tracespool_"));
        let samples = samples.filter_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            Some((series.to_owned(), value.parse().ok()?))
        });
        Metrics(samples.collect())
    }

    /// A metric, summed over its labels; 0 when there is none yet.
    pub fn sum(&self, name: &str) -> f64 {
        let series = self.0.iter().filter(|(series, _)| series.split('{').next() == Some(name));
        series.map(|(_, value)| value).sum()
    }

    /// A metric, summed over the series that have this label: `reason="too_long"`.
    pub fn with(&self, name: &str, label: &str) -> f64 {
        let series = self.0.iter().filter(|(series, _)| series.split('{').next() == Some(name));
        series.filter(|(series, _)| series.contains(label)).map(|(_, value)| value).sum()
    }
}

/// What a command that ended by itself has left.
#[derive(Debug)]
pub struct Finished {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// Runs a command with `input` on its standard input until it ends, at most `within`.
#[track_caller]
pub fn finish(mut command: Command, input: &[u8], within: Duration) -> Finished {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("the command starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_vec();
    // A command may end without reading its input: then the pipe breaks, and that is its right.
    let feeder = std::thread::spawn(move || stdin.write_all(&input).is_ok());
    let reader = |mut pipe: Box<dyn Read + Send>| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            pipe.read_to_end(&mut bytes).expect("a pipe can be read");
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let stdout = reader(Box::new(child.stdout.take().expect("a pipe")));
    let stderr = reader(Box::new(child.stderr.take().expect("a pipe")));
    let status = poll(within, || child.try_wait().expect("the command can be waited for"));
    if status.is_none() {
        child.kill().expect("the command can be killed");
        child.wait().expect("the command can be waited for");
    }
    feeder.join().expect("the input was offered");
    let (stdout, stderr) = (stdout.join().expect("its output"), stderr.join().expect("its output"));
    let Some(status) = status else {
        panic!("{command:?} was still running after {within:?}\nstdout: {stdout}\nstderr: {stderr}");
    };
    Finished { code: status.code(), stdout, stderr }
}
