//! `scrub`: what would be stored of a line.

use std::io::{self, BufRead, Write};
use std::path::Path;

use super::{Exit, complain};
use crate::config::{self, Config};
use crate::scrub::{Options, Scrubber};

/// Whether to say which rule hit where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Explain {
    /// Say it.
    Yes,
    /// Do not.
    No,
}

/// Whether to say how often each rule hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stats {
    /// Say it.
    Yes,
    /// Do not.
    No,
}

/// The longest line that is read. The agent has `spool.max_line_bytes` for it; here there is no config.
const LINE_MAX: u64 = 64 << 20;

/// Scrubs NDJSON from stdin to stdout, line by line. A line that would be quarantined is left out, and said on stderr.
pub fn scrub(config: Option<&Path>, explain: Explain, stats: Stats) -> Exit {
    let options = match config.map(|file| Config::load_scrubbing(file, config::environment())) {
        Some(Ok(options)) => options,
        None => Options::default(),
        Some(Err(problems)) => {
            complain(problems);
            return Exit::Usage;
        }
    };
    let mut scrubber = Scrubber::new(options);
    match scrub_lines(&mut scrubber, &mut io::stdin().lock(), &mut io::stdout().lock(), explain) {
        Ok(counts) => {
            if stats == Stats::Yes {
                for (what, count) in counts {
                    complain(format_args!("{count:>9}  {what}"));
                }
            }
            Exit::Done
        }
        // `tracespool scrub | head` is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            complain(format_args!("stdin or stdout: {error}"));
            Exit::FileSystem
        }
    }
}

/// Returns how many lines there were, how many were left out, and how often each rule hit.
fn scrub_lines(
    scrubber: &mut Scrubber,
    input: &mut impl BufRead,
    output: &mut impl Write,
    explain: Explain,
) -> io::Result<Vec<(String, u64)>> {
    let (mut lines, mut left_out) = (0, 0);
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        if io::Read::take(&mut *input, LINE_MAX).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let Ok(text) = std::str::from_utf8(&line) else {
            complain(format_args!("line {number}: would be quarantined: invalid_utf8"));
            lines += 1;
            left_out += 1;
            continue;
        };
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        lines += 1;
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
                left_out += 1;
                complain(format_args!("line {number}: would be quarantined: {}: {}", why.reason.as_str(), why.detail));
            }
        }
    }
    output.flush()?;
    let totals = [("lines", lines), ("lines that would be quarantined", left_out)];
    let totals = totals.map(|(what, count)| (what.to_owned(), count)).into_iter();
    Ok(totals.chain(scrubber.take_hits().map(|(rule, count)| (format!("rule {rule}"), count))).collect())
}
