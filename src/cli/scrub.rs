//! `scrub`: what would be stored of a line.

use std::io::{self, BufRead, Write};

use super::{Exit, complain};
use crate::scrub::{Options, Scrubber};

/// Whether to say which rule hit where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Explain {
    /// Say it.
    Yes,
    /// Do not.
    No,
}

/// The longest line that is read. The agent has `spool.max_line_bytes` for it; here there is no config.
const LINE_MAX: u64 = 64 << 20;

/// Scrubs NDJSON from stdin to stdout, line by line. A line that would be quarantined is left out, and said on stderr.
pub fn scrub(explain: Explain) -> Exit {
    match scrub_lines(&mut io::stdin().lock(), &mut io::stdout().lock(), explain) {
        Ok(()) => Exit::Done,
        // `tracespool scrub | head` is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            complain(format_args!("stdin or stdout: {error}"));
            Exit::FileSystem
        }
    }
}

fn scrub_lines(input: &mut impl BufRead, output: &mut impl Write, explain: Explain) -> io::Result<()> {
    let mut scrubber = Scrubber::new(Options::default());
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        if io::Read::take(&mut *input, LINE_MAX).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let Ok(text) = std::str::from_utf8(&line) else {
            complain(format_args!("line {number}: would be quarantined: invalid_utf8"));
            continue;
        };
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let scrubbed = match explain {
            Explain::No => scrubber.scrub_line(text).map(|line| (line, Vec::new())),
            Explain::Yes => scrubber.explain_line(text),
        };
        match scrubbed {
            Ok((scrubbed, findings)) => {
                for finding in findings {
                    complain(format_args!("line {number}: {}: {}", finding.path, finding.rule));
                }
                output.write_all(scrubbed.as_str().as_bytes())?;
                output.write_all(b"\n")?;
            }
            Err(why) => {
                complain(format_args!("line {number}: would be quarantined: {}: {}", why.reason.as_str(), why.detail));
            }
        }
    }
    output.flush()
}
