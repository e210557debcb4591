//! `why`: what became of a line.

use std::io::{self, Read};
use std::path::PathBuf;

use super::{Exit, complain, inquiry, say, trace};
use crate::admin::Reader;
use crate::admin::frontiers::Error;
use crate::admin::show::harmless;
use crate::admin::why::{Answer, Certain, End, Followed, Inquiry, Match, Options};
use crate::cli::agent::{self, Database};
use crate::config::Config;
use crate::scrub::Scrubber;
use crate::sink::Class;

/// Where a line stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    file: PathBuf,
    offset: u64,
}

/// Reads `FILE:OFFSET`.
///
/// # Errors
/// It is not that.
pub fn place(text: &str) -> Result<Place, String> {
    let split = text.rsplit_once(':').filter(|(file, _)| !file.is_empty());
    let place = split.and_then(|(file, offset)| Some(Place { file: file.into(), offset: offset.parse().ok()? }));
    place.ok_or_else(|| {
        "write the file, a colon, and the offset in bytes: /var/spool/tracespool/app.ndjson:1234".to_owned()
    })
}

/// The longest line that is read from stdin.
const LINE_MAX: u64 = 64 << 20;

/// Says what became of a line: the one at a place, or the one on stdin.
pub fn why(config: &Config, place: Option<&Place>) -> Exit {
    let pasted = match place {
        Some(_) => None,
        None => {
            let mut text = String::new();
            if let Err(error) = io::stdin().lock().take(LINE_MAX).read_to_string(&mut text) {
                complain(format_args!("stdin: {error}"));
                return Exit::FileSystem;
            }
            let Some(line) = text.lines().find(|line| !line.trim().is_empty()) else {
                complain("say which line: FILE:OFFSET, or the line itself on stdin");
                return Exit::Usage;
            };
            Some(line.to_owned())
        }
    };
    let made = config.scrubbing().and_then(|scrubbing| Ok((scrubbing, agent::database(config)?)));
    let (scrubbing, database) = match made {
        Ok(made) => made,
        Err(problem) => {
            complain(problem);
            return Exit::Usage;
        }
    };
    let options = Options {
        agent: config.agent.id.clone(),
        globs: config.spool.globs.clone(),
        quarantine: config.quarantine.path.clone(),
        line_max: config.spool.max_line_bytes.bytes(),
    };
    let table = &config.database.table;
    let answers = agent::block_on(async {
        let mut reader = match &database {
            Database::MySql(database) => Reader::mysql(database, table).await?,
            Database::SqLite(database) => Reader::sqlite(database, table)?,
        };
        let mut inquiry = Inquiry::new(&mut reader, &options, Scrubber::new(scrubbing));
        let answers = match (place, &pasted) {
            (Some(Place { file, offset }), _) => inquiry.at(file, *offset).await.map(|answer| vec![answer]),
            (None, Some(line)) => inquiry.of(line).await,
            (None, None) => Ok(Vec::new()),
        };
        reader.close().await;
        answers
    });
    match answers {
        Ok(Ok(answers)) => {
            answers.iter().for_each(|answer| tell(config, answer));
            Exit::Done
        }
        Ok(Err(Error::Database(error))) => {
            trace::complain_of_reading(&error);
            if error.class == Class::Connection {
                complain(
                    "while the database is away, lines wait in the spool: `tracespool status` says how many, and since when",
                );
            }
            Exit::Unavailable
        }
        Ok(Err(error)) => {
            complain(&error);
            match error {
                Error::Database(_) => Exit::Unavailable,
                Error::File { .. } | Error::State(_) | Error::OtherUser { .. } => Exit::FileSystem,
                Error::Refused(_) => Exit::Usage,
            }
        }
        Err(exit) => exit,
    }
}

fn tell(config: &Config, answer: &Answer) {
    let place = match &answer.place {
        Some((path, offset)) => format!("{}:{offset}", harmless(&path.to_string_lossy())),
        None => "not in the spool".to_owned(),
    };
    say(format_args!("{place}: {}", words(config, &answer.end)));
}

fn words(config: &Config, end: &End) -> String {
    match end {
        End::BehindEnd { size } => format!("nothing stands there yet; the file has {size} bytes"),
        End::Unfinished => "waits for its newline; without one it is no line yet".to_owned(),
        End::Waiting { followed: Followed::No, .. } => {
            "not read: the file is not in `spool.paths`, or is left out by `spool.exclude`".to_owned()
        }
        End::Waiting { before, followed: Followed::Yes } => {
            let frontier = match before {
                Some(0) => "it is the next one".to_owned(),
                Some(before) => format!("{before} bytes are before it"),
                None => "nothing of the file as it is now is committed".to_owned(),
            };
            let agent = match runs(config) {
                Some(true) => "not read yet, or on its way: which of them is not known outside of the agent",
                Some(false) => "not read yet: the agent does not answer at `metrics.listen`, see whether it runs",
                None => "not read yet, or on its way",
            };
            format!("not committed; {frontier}. {agent}")
        }
        End::Quarantined { record, reason, detail } => format!(
            "quarantined as `{}`: {}; record {record} of {}",
            harmless(reason),
            harmless(detail),
            config.quarantine.path.display()
        ),
        End::Row(Match::One(id)) => format!("committed, row {id}"),
        End::Row(Match::Several(ids)) => {
            format!("committed; these rows have just its values, and one of them is its own: {}", ids.join(", "))
        }
        End::Row(Match::None) | End::Nowhere => {
            "nowhere to be found: no row has its values, and it is neither in the spool nor in the quarantine"
                .to_owned()
        }
        End::LetGo { row, reason, certain } => {
            let sure = match certain {
                Certain::Yes => "",
                Certain::No => "; lines of its severity were, and no row has its values",
            };
            format!("let go because of `{}`, declared in row {row}{sure}", harmless(reason))
        }
        End::Passed => {
            "it had its end, since the frontier has passed it, but no row has its values now: deleted or changed \
                        since, or its quarantine record was dropped"
                .to_owned()
        }
        End::Unseen => {
            "committed as a row, or let go: the frontier has passed it, and it is not in quarantine. This account may \
                        not look for its row; `tracespool migrate --grants` prints what one that reads needs, and \
                        TRACESPOOL__DATABASE__URL names it"
                .to_owned()
        }
        End::WouldBeRefused { reason, detail } => format!(
            "it can be no row (`{}`: {}), and neither the spool nor the quarantine has it",
            harmless(reason),
            harmless(detail)
        ),
    }
}

/// Whether the agent answers; `None` where it has no endpoint.
fn runs(config: &Config) -> Option<bool> {
    let address = inquiry::address(config).ok()?;
    Some(inquiry::ask(address).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_file_and_an_offset() {
        assert_eq!(place("/a:b.ndjson:12"), Ok(Place { file: "/a:b.ndjson".into(), offset: 12 }));
        for text in ["", ":", ":1", "/a", "/a:", "/a:x", "/a:-1"] {
            assert!(place(text).is_err(), "{text}");
        }
    }
}
