//! A terminal with a program in it, and somebody who reads its screen and presses keys.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::num::NonZero;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use super::{PATIENCE, poll};

/// A terminal and the program in it, which is killed when this is dropped.
pub struct Terminal {
    child: Child,
    keys: File,
    inside: File,
    before: LocalModes,
    screen: Arc<Mutex<vt100::Parser>>,
}

impl Terminal {
    /// Starts a program in a terminal of so many columns and rows.
    #[track_caller]
    pub fn start(command: &Command, columns: u16, rows: u16) -> Terminal {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).expect("a terminal");
        unlockpt(&master).expect("a terminal");
        let name = ptsname(&master, Vec::new()).expect("its name").into_string().expect("its name");
        let inside = OpenOptions::new().read(true).write(true).open(name).expect("its inside");
        tcsetwinsize(&inside, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }).expect("its size");
        let before = tcgetattr(&inside).expect("its modes").local_modes;
        let end = || Stdio::from(inside.try_clone().expect("its inside"));
        // In a session of its own: else it would ask the terminal that the tests run in.
        let mut session = Command::new("setsid");
        session.arg("--ctty").arg(command.get_program()).args(command.get_args()).env("TERM", "xterm-256color");
        let child = session.stdin(end()).stdout(end()).stderr(end()).spawn().expect("setsid starts");
        let screen = Arc::new(Mutex::new(vt100::Parser::new(nonzero(rows), nonzero(columns), 0)));
        let keys = File::from(master);
        let mut output = keys.try_clone().expect("its outside");
        let seen = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                seen.lock().expect("nobody panics with it").process(&bytes[..length]);
            }
        });
        Terminal { child, keys, inside, before, screen }
    }

    /// What is on the screen.
    pub fn screen(&self) -> String {
        self.screen.lock().expect("nobody panics with it").screen().contents()
    }

    /// Waits until the screen has these words.
    #[track_caller]
    pub fn shows(&self, words: &str) -> String {
        let shown = poll(PATIENCE, || Some(self.screen()).filter(|screen| screen.contains(words)));
        shown.unwrap_or_else(|| panic!("`{words}` is not shown:\n{}", self.screen()))
    }

    /// Makes it another size.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.screen.lock().expect("nobody panics with it").screen_mut().set_size(nonzero(rows), nonzero(columns));
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.inside, size).expect("its size");
    }

    /// Presses a key.
    pub fn press(&mut self, key: &[u8]) {
        self.keys.write_all(key).expect("a key is pressed");
    }

    /// The process in it.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end of the program, and makes sure that the terminal is as it was before.
    #[track_caller]
    pub fn ends(mut self) -> ExitStatus {
        let ended = poll(Duration::from_secs(10), || self.child.try_wait().expect("it can be waited for"));
        let status = ended.unwrap_or_else(|| panic!("it goes on:\n{}", self.screen()));
        let restored = poll(PATIENCE, || {
            let parser = self.screen.lock().expect("nobody panics with it");
            let screen = parser.screen();
            (!screen.alternate_screen() && !screen.hide_cursor()).then_some(())
        });
        assert!(restored.is_some(), "the screen stays as the program left it");
        assert_eq!(tcgetattr(&self.inside).expect("its modes").local_modes, self.before, "the terminal stays raw");
        status
    }
}

fn nonzero(number: u16) -> NonZero<u16> {
    NonZero::new(number).expect("a terminal has a size")
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().expect("it can be killed");
            self.child.wait().expect("it can be waited for");
        }
    }
}
