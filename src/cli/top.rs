//! `top`: what the running agent is doing, live in the terminal.
//!
//! Invariant: however it ends, by a key, a signal, an error or a panic, the terminal is as it was before.

mod screen;

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::{Exit, complain, inquiry};
use crate::report::Report;
use screen::View;

/// How often the agent is asked.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long a key or a signal may wait for an answer.
const ATTENTION: Duration = Duration::from_millis(100);

/// Shows the agent of a config file until somebody has seen enough.
pub fn top(file: &Path) -> Exit {
    let address = match inquiry::address_by(file) {
        Ok(address) => address,
        Err(unanswered) => {
            complain(&unanswered);
            return unanswered.exit();
        }
    };
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        complain(
            "`top` needs a terminal; `tracespool status` says the same once, `tracespool status --json` for programs",
        );
        return Exit::Usage;
    }
    match show(address) {
        Ok(()) => Exit::Done,
        Err(error) => {
            complain(format_args!("the terminal cannot be used: {error}"));
            Exit::FileSystem
        }
    }
}

fn show(address: SocketAddr) -> io::Result<()> {
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGHUP, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&ended))?;
    }
    let latest = Arc::new(Mutex::new(Latest::new(Instant::now())));
    // The asking thread ends when its receiver is told so by our end being dropped.
    let (keep_on, asking) = sync_channel(0);
    let shared = Arc::clone(&latest);
    std::thread::Builder::new().name("asking".to_owned()).spawn(move || ask_regularly(address, &shared, &asking))?;
    with_terminal(|terminal| watch(terminal, &latest, &ended, keep_on))
}

/// Lends the terminal to `work`, and has it back as it was. At a panic it is restored before that is told.
fn with_terminal(work: impl FnOnce(&mut DefaultTerminal) -> io::Result<()>) -> io::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let worked = work(&mut terminal);
    ratatui::try_restore()?;
    worked
}

/// Draws what is known until a key or a signal ends it.
fn watch(
    terminal: &mut DefaultTerminal,
    latest: &Mutex<Latest>,
    ended: &AtomicBool,
    _keep_on: SyncSender<()>,
) -> io::Result<()> {
    let mut drawn = None;
    while !ended.load(Ordering::Relaxed) {
        let view = latest.lock().unwrap_or_else(PoisonError::into_inner).view(Instant::now());
        if drawn.as_ref() != Some(&view) {
            terminal.draw(|frame| screen::draw(frame, &view))?;
            drawn = Some(view);
        }
        match event::poll(ATTENTION) {
            Ok(true) => {}
            Ok(false) => continue,
            // A signal came.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        match event::read()? {
            Event::Key(key) if quits(key) => return Ok(()),
            Event::Resize(..) => drawn = None,
            Event::Key(_) | Event::Mouse(_) | Event::Paste(_) | Event::FocusGained | Event::FocusLost => {}
        }
    }
    Ok(())
}

fn quits(key: KeyEvent) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let quits = match key.code {
        KeyCode::Esc | KeyCode::Char('q' | 'Q') => true,
        KeyCode::Char('c' | 'd') => control,
        _ => false,
    };
    quits && key.kind != KeyEventKind::Release
}

/// Asks the agent again and again, until nobody wants to know any more.
fn ask_regularly(address: SocketAddr, latest: &Mutex<Latest>, asking: &Receiver<()>) {
    loop {
        let answer = inquiry::ask(address);
        latest.lock().unwrap_or_else(PoisonError::into_inner).take(answer, Instant::now());
        match asking.recv_timeout(INTERVAL) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// The last answer, and what came after it.
#[derive(Debug)]
struct Latest {
    report: Option<Report>,
    trouble: Option<String>,
    /// When there was an answer last; the start, before the first.
    answered: Instant,
}

impl Latest {
    fn new(now: Instant) -> Self {
        Latest { report: None, trouble: None, answered: now }
    }

    fn take(&mut self, answer: Result<Report, inquiry::Unanswered>, now: Instant) {
        match answer {
            Ok(report) => {
                self.report = Some(report);
                self.trouble = None;
                self.answered = now;
            }
            Err(unanswered) => self.trouble = Some(unanswered.to_string()),
        }
    }

    fn view(&self, now: Instant) -> View {
        let silent = Duration::from_secs(now.saturating_duration_since(self.answered).as_secs());
        View { report: self.report.clone(), trouble: self.trouble.clone().map(|why| (why, silent)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn q_escape_and_control_c_quit_and_nothing_else() {
        let key = |code, modifiers| quits(KeyEvent::new(code, modifiers));
        assert!(key(KeyCode::Char('q'), KeyModifiers::NONE));
        assert!(key(KeyCode::Esc, KeyModifiers::NONE));
        assert!(key(KeyCode::Char('c'), KeyModifiers::CONTROL));
        assert!(!key(KeyCode::Char('c'), KeyModifiers::NONE));
        assert!(!key(KeyCode::Char('x'), KeyModifiers::CONTROL));
    }

    /// Set in the process that is to panic while it has the terminal.
    const PANIC: &str = "TRACESPOOL_TEST_PANIC_IN_TOP";

    #[test]
    fn a_panic_gives_the_terminal_back_before_it_is_told() {
        if std::env::var_os(PANIC).is_some() {
            crate::cli::hide_panics();
            with_terminal(|_| panic!("of a line")).unwrap();
        }
        let flags = rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY;
        let master = rustix::pty::openpt(flags).unwrap();
        rustix::pty::grantpt(&master).unwrap();
        rustix::pty::unlockpt(&master).unwrap();
        let name = rustix::pty::ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let terminal = std::fs::OpenOptions::new().read(true).write(true).open(name).unwrap();
        let modes = || rustix::termios::tcgetattr(&terminal).unwrap().local_modes;
        let before = modes();
        let test = "cli::top::tests::a_panic_gives_the_terminal_back_before_it_is_told";
        let mut child = std::process::Command::new("setsid");
        child.arg("--ctty").arg(std::env::current_exe().unwrap()).args([test, "--exact", "--nocapture"]);
        let end = || std::process::Stdio::from(terminal.try_clone().unwrap());
        let status = child.env(PANIC, "1").stdin(end()).stdout(end()).stderr(end()).status().unwrap();
        assert!(!status.success());
        assert_eq!(modes(), before, "the terminal stays raw");
        // All of it is there, and then the read would block.
        rustix::fs::fcntl_setfl(&master, rustix::fs::OFlags::NONBLOCK).unwrap();
        let (mut said, mut chunk) = (Vec::new(), [0; 4096]);
        while let Ok(length @ 1..) = rustix::io::read(&master, &mut chunk[..]) {
            said.extend_from_slice(&chunk[..length]);
        }
        let said = String::from_utf8_lossy(&said).into_owned();
        let left = said.rfind("\x1b[?1049l").expect("the other screen is left");
        let told = said.rfind("a defect of tracespool at src/cli/top.rs").expect("the panic is told");
        assert!(said.contains("\x1b[?1049h") && left < told && !said.contains("of a line"), "{said:?}");
    }

    #[test]
    fn the_last_answer_stays_while_there_is_none() {
        let start = Instant::now();
        let mut latest = Latest::new(start);
        latest.take(Ok(samples::busy()), start);
        latest.take(Err(inquiry::Unanswered::TurnedOff), start + Duration::from_secs(5));
        let view = latest.view(start + Duration::from_millis(6_500));
        assert_eq!(view.report, Some(samples::busy()));
        assert_eq!(view.trouble.unwrap().1, Duration::from_secs(6));
        latest.take(Ok(samples::empty()), start + Duration::from_secs(7));
        assert_eq!(latest.view(start + Duration::from_secs(8)).trouble, None);
    }
}
