//! What systemd is told of the agent, where it listens: that it is ready, what it does, that it is alive.
//!
//! Invariant: the watchdog is fed only while no half of the agent is stuck. A database that is away is none.
//! Invariant: a socket that takes nothing stops nobody: the messages are sent from where one may block.

use std::io;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::MissedTickBehavior;

use crate::report::{Report, Verdict};

/// How often systemd is told at most what the agent does.
const STATUS_INTERVAL: Duration = Duration::from_secs(2);

/// A message for systemd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// The agent has begun, or takes up what it was told to read again.
    Ready,
    /// It reads its config again.
    Reloading,
    /// It was asked to stop.
    Stopping,
    /// What it does, in words.
    Status(String),
    /// It makes progress.
    Alive,
}

/// Whether somebody listens. Asked once is enough: it cannot change.
pub fn listens() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// Tells systemd, if it listens.
pub async fn tell(news: Vec<News>) {
    if !listens() {
        return;
    }
    match tokio::task::spawn_blocking(move || send(&news)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "systemd was not told"),
        Err(error) => tracing::debug!(%error, "systemd was not told; this is a defect of tracespool"),
    }
}

fn send(news: &[News]) -> io::Result<()> {
    let mut states = Vec::new();
    for one in news {
        match one {
            News::Ready => states.push(NotifyState::Ready),
            News::Reloading => states.extend([NotifyState::Reloading, NotifyState::monotonic_usec_now()?]),
            News::Stopping => states.push(NotifyState::Stopping),
            News::Status(words) => states.push(NotifyState::Status(words)),
            News::Alive => states.push(NotifyState::Watchdog),
        }
    }
    sd_notify::notify(&states)
}

/// Tells systemd that the agent has begun, and from then on what it does and that it is alive, for ever.
pub async fn keep_informed(report: impl Fn() -> Report) {
    if !listens() {
        return;
    }
    let mut told = Told::default();
    // A third of the time: one message may be late, and another lost.
    let watchdog = sd_notify::watchdog_enabled().map(|limit| limit / 3);
    let interval = watchdog.unwrap_or(STATUS_INTERVAL).clamp(Duration::from_millis(10), STATUS_INTERVAL);
    let mut tick = tokio::time::interval(interval);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        tell(told.news(&report())).await;
    }
}

/// What systemd was told.
#[derive(Debug, Default)]
struct Told {
    begun: Begun,
    status: Option<String>,
    verdict: Verdict,
}

/// Whether systemd knows that the agent has begun.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Begun {
    #[default]
    Untold,
    Told,
}

impl Told {
    /// What is new since the last time.
    fn news(&mut self, report: &Report) -> Vec<News> {
        let mut news = Vec::new();
        if std::mem::replace(&mut self.begun, Begun::Told) == Begun::Untold {
            news.push(News::Ready);
        }
        let stuck = report.health.verdict == Verdict::Stuck;
        // A status is one line.
        let words = if stuck { report.health.reasons.join("; ") } else { report.headline() };
        let words = words.replace(char::is_control, " ");
        if self.status.as_ref() != Some(&words) {
            self.status = Some(words.clone());
            news.push(News::Status(words));
        }
        match (self.verdict == Verdict::Stuck, stuck) {
            (false, true) => {
                tracing::error!(
                    reasons = report.health.reasons.join("; "),
                    "no progress; systemd's watchdog is not fed"
                );
            }
            (true, false) => tracing::info!("there is progress again; systemd's watchdog is fed"),
            (false, false) | (true, true) => {}
        }
        self.verdict = report.health.verdict;
        if !stuck {
            news.push(News::Alive);
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::pipeline::watchdog::{GRACE, Waiting, Watchdog};
    use crate::report::Health;
    use crate::report::samples;

    #[test]
    fn ready_is_told_once_and_a_status_when_it_changed() {
        let mut told = Told::default();
        let status = News::Status("12,304 rows/s, 3 s behind".to_owned());
        assert_eq!(told.news(&samples::busy()), [News::Ready, status, News::Alive]);
        assert_eq!(told.news(&samples::busy()), [News::Alive]);
        let away = News::Status("database away for 1 min 1 s (full), 812 MiB in the spool".to_owned());
        assert_eq!(told.news(&samples::outage()), [away, News::Alive], "an outage is no reason to stop feeding");
    }

    #[test]
    fn a_half_that_is_stuck_stops_the_feeding_until_it_turns_again() {
        let start = Instant::now();
        let watchdog = Watchdog::default();
        watchdog.begin(start, Duration::from_secs(100));
        let mut told = Told::default();
        // As the pipeline makes a report of it.
        let mut at = |now: Instant| {
            let reasons: Vec<_> = watchdog.stuck(now).iter().map(crate::pipeline::status::stuck_words).collect();
            let verdict = if reasons.is_empty() { Verdict::Ok } else { Verdict::Stuck };
            told.news(&Report { health: Health { verdict, reasons }, ..samples::busy() })
        };
        watchdog.reading_turned(start, start + Duration::from_secs(1), Waiting::ForNothing);
        assert!(at(start).contains(&News::Alive));
        let late = start + GRACE + Duration::from_secs(1);
        assert!(at(late).contains(&News::Alive), "it said a second");
        let stuck = at(late + Duration::from_secs(1));
        assert_eq!(stuck, [News::Status("reader: no progress for 5 min 2 s; a restart may help".to_owned())]);
        watchdog.reading_turned(late, late + Duration::from_secs(1), Waiting::ForNothing);
        assert!(at(late + Duration::from_secs(1)).contains(&News::Alive));
    }
}
