//! `keygen` and `decrypt`: the other end of the action `encrypt`, for a machine that is not the agent's.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::{Exit, complain, say};
use crate::scrub::{PrivateKey, Writing, open_all};

/// Longer than any file of a key.
const KEY_FILE_MAX: u64 = 4096;

/// The longest line that is opened at once. A secret that is split by it stays closed.
const LINE_MAX: u64 = 64 << 20;

/// Makes a private key in a new file that only its owner can read, and prints whom to encrypt to.
pub fn keygen(file: &Path) -> Exit {
    let key = match PrivateKey::generate() {
        Ok(key) => key,
        Err(error) => {
            complain(error);
            return Exit::Internal;
        }
    };
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).and_then(|mut new| {
        writeln!(new, "{}", key.expose())?;
        new.sync_all()
    });
    match written {
        Ok(()) => {
            say(key.recipient());
            Exit::Done
        }
        Err(error) => {
            complain(format_args!("{}: no key was written: {error}", file.display()));
            Exit::FileSystem
        }
    }
}

/// Copies stdin to stdout with every encrypted secret opened. Says on stderr how many could not be.
pub fn decrypt(key: &Path) -> Exit {
    let text = match read_key(key) {
        Ok(text) => text,
        Err(error) => {
            complain(format_args!("{}: the key cannot be read: {error}", key.display()));
            return Exit::FileSystem;
        }
    };
    let private: PrivateKey = match text.trim().parse() {
        Ok(private) => private,
        Err(error) => {
            complain(format_args!("{}: no private key: {error}", key.display()));
            return Exit::Usage;
        }
    };
    match copy(&mut io::stdin().lock(), &mut io::stdout().lock(), &private) {
        Ok(0) => Exit::Done,
        Ok(closed) => {
            complain(format_args!("{closed} secrets stay closed: encrypted to another key, or changed since"));
            Exit::Done
        }
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            complain(format_args!("stdin or stdout: {error}"));
            Exit::FileSystem
        }
    }
}

fn read_key(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    if file.metadata()?.mode() & 0o077 != 0 {
        complain(format_args!("{}: others may read this private key; take that away with `chmod 600`", path.display()));
    }
    let mut text = String::new();
    file.take(KEY_FILE_MAX).read_to_string(&mut text)?;
    Ok(text)
}

/// Copies line by line. In a line of JSON a secret is written as a JSON string writes it.
fn copy(input: &mut impl BufRead, output: &mut impl Write, key: &PrivateKey) -> io::Result<usize> {
    let mut closed = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        if Read::take(&mut *input, LINE_MAX).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        match std::str::from_utf8(&line) {
            Ok(text) => {
                let is_json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
                let (opened, left) = open_all(text, key, if is_json { Writing::Json } else { Writing::Plain });
                closed += left;
                output.write_all(opened.as_bytes())?;
            }
            Err(_) => output.write_all(&line)?,
        }
    }
    output.flush()?;
    Ok(closed)
}
