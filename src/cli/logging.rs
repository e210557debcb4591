//! Log messages on their way to stderr.
//!
//! Invariant: a stderr that takes nothing (a journal that stands still) stops no line of telemetry.
//! Invariant: only our own messages are written; those of libraries may quote what they handle.

use std::io::{self, Write};
use std::os::fd::AsFd;

use tracing::{Level, Metadata};
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, reload as refilter};

use super::complain;
use crate::config::{LogFormat, LogLevel};
use crate::pipeline::STATUS_TARGET;

/// How many log messages wait for a stderr that does not take them; more are dropped.
const LOG_MESSAGES_MAX: usize = 1_000;

/// Log messages; they stop when it is dropped.
#[derive(Debug)]
pub struct Logging {
    _guard: WorkerGuard,
    filter: refilter::Handle<Targets, Registry>,
}

impl Logging {
    /// Begins to write messages to stderr.
    pub fn start(level: LogLevel, format: LogFormat) -> Self {
        let (stderr, guard) = NonBlockingBuilder::default()
            .lossy(true)
            .buffered_lines_limit(LOG_MESSAGES_MAX)
            .thread_name("log")
            .finish(io::stderr());
        let (ours, handle) = refilter::Layer::new(filter(level));
        let reader = Reader::of_stderr();
        let output = tracing_subscriber::fmt::layer().with_ansi(false).with_target(false);
        let output = output.with_writer(Output { stderr, reader });
        let output = match (format, reader) {
            // It has the time of every message already.
            (LogFormat::Text, Reader::Journal) => output.without_time().boxed(),
            (LogFormat::Text, Reader::Other) => output.boxed(),
            (LogFormat::Json, Reader::Journal | Reader::Other) => output.json().boxed(),
        };
        if let Err(error) = tracing_subscriber::registry().with(output.with_filter(ours)).try_init() {
            complain(format_args!("no log messages will be written: {error}"));
        }
        Logging { _guard: guard, filter: handle }
    }

    /// Writes messages from this level on.
    pub fn set_level(&self, level: LogLevel) {
        if let Err(error) = self.filter.reload(filter(level)) {
            complain(format_args!("`log.level` stays as it is: {error}"));
        }
    }
}

fn filter(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
    };
    Targets::new().with_target("tracespool", level).with_target(STATUS_TARGET, Level::INFO)
}

/// Who reads stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// The journal, which takes a message's priority from a number before it (sd-daemon(3)).
    Journal,
    Other,
}

impl Reader {
    fn of_stderr() -> Self {
        let stream = std::env::var("JOURNAL_STREAM").ok();
        match (stream, rustix::fs::fstat(io::stderr().as_fd())) {
            (Some(stream), Ok(stat)) => Reader::of(&stream, stat.st_dev, stat.st_ino),
            (None, _) | (_, Err(_)) => Reader::Other,
        }
    }

    /// `stream` is what systemd says of the socket that it has made stderr: its device and inode. A program that was started
    /// with another stderr has the variable too.
    fn of(stream: &str, device: u64, inode: u64) -> Self {
        if stream == format!("{device}:{inode}") { Reader::Journal } else { Reader::Other }
    }

    /// What stands before a message.
    fn prefix(self, level: Level) -> &'static str {
        match (self, level) {
            (Reader::Other, _) => "",
            (Reader::Journal, Level::ERROR) => "<3>",
            (Reader::Journal, Level::WARN) => "<4>",
            (Reader::Journal, Level::INFO) => "<6>",
            (Reader::Journal, _) => "<7>",
        }
    }
}

/// Where messages are written.
struct Output {
    stderr: NonBlocking,
    reader: Reader,
}

impl<'a> MakeWriter<'a> for Output {
    type Writer = Message;

    fn make_writer(&'a self) -> Message {
        Message { stderr: self.stderr.clone(), prefix: "" }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Message {
        Message { stderr: self.stderr.clone(), prefix: self.reader.prefix(*metadata.level()) }
    }
}

/// One message, which comes in one piece.
struct Message {
    stderr: NonBlocking,
    prefix: &'static str,
}

impl Write for Message {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let prefix = std::mem::take(&mut self.prefix);
        self.stderr.write_all(&[prefix.as_bytes(), text].concat())?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stderr.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_told_how_grave_a_message_is() {
        let journal = Reader::of("8:1234", 8, 1234);
        assert_eq!(journal, Reader::Journal);
        assert_eq!(Reader::of("8:1234", 8, 1235), Reader::Other);
        assert_eq!(Reader::of("", 8, 1235), Reader::Other);
        let levels = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
        assert_eq!(levels.map(|level| journal.prefix(level)), ["<3>", "<4>", "<6>", "<7>", "<7>"]);
        assert_eq!(levels.map(|level| Reader::Other.prefix(level)), [""; 5]);
    }
}
