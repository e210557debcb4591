//! Whether the database takes requests, as one state for everybody who asks: the metric, the log and the status.
//!
//! It owns no clock. Whoever counts a failure or a success says when it was, and is told when that is news.
//!
//! Invariant: a log line is due on a change only: of open or closed, or of the class while it is open.

use std::time::{Duration, Instant};

use crate::sink::Class;

/// Whether the database takes requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nobody has asked it yet.
    Untried,
    /// It does.
    Closed,
    /// It does not, and nobody asks before the pause is over.
    Open(Away),
    /// It did not, and one request finds out whether it does again.
    HalfOpen(Away),
}

/// Since when, and why, the database takes no requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Away {
    /// Since when.
    pub since: Instant,
    /// Why, by the last failure.
    pub class: Class,
}

impl State {
    /// The words of all states, in metrics and in the status.
    pub const WORDS: [&'static str; 4] = ["untried", "closed", "open", "half_open"];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Untried => "untried",
            State::Closed => "closed",
            State::Open(_) => "open",
            State::HalfOpen(_) => "half_open",
        }
    }

    fn away(self) -> Option<Away> {
        match self {
            State::Untried | State::Closed => None,
            State::Open(away) | State::HalfOpen(away) => Some(away),
        }
    }
}

/// A request that the database did not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its class.
    pub class: Class,
    /// What failed and why, for people.
    pub words: String,
    /// When it was.
    pub at: Instant,
}

/// What a success changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    /// Nothing: it took requests before.
    None,
    /// It is the first answer.
    First,
    /// It had been away for so long.
    After(Duration),
}

/// What a failure changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// Nothing that anybody needs to be told.
    None,
    /// The circuit opened, or it is open for another reason than before.
    Opened,
}

/// The circuit between the agent and its database.
#[derive(Debug, Clone)]
pub struct Circuit {
    state: State,
    /// Since when it has been closed without a break.
    closed_since: Option<Instant>,
    /// Failures since the last success.
    failures: u32,
    last: Option<Failure>,
}

impl Default for Circuit {
    fn default() -> Self {
        Circuit { state: State::Untried, closed_since: None, failures: 0, last: None }
    }
}

impl Circuit {
    /// Whether the database takes requests.
    pub fn state(&self) -> State {
        self.state
    }

    /// The last failure.
    pub fn last_failure(&self) -> Option<&Failure> {
        self.last.as_ref()
    }

    /// Since when it has been closed, or has not been; `None` before the first answer.
    pub fn since(&self) -> Option<Instant> {
        match self.state {
            State::Untried => None,
            State::Closed => self.closed_since,
            State::Open(away) | State::HalfOpen(away) => Some(away.since),
        }
    }

    /// Since when the database takes no requests: since now, if it did until now.
    pub fn away_since(&self, now: Instant) -> Instant {
        self.state.away().map_or(now, |away| away.since)
    }

    /// Counts a failure. A deadlock or a lock that took too long happens to healthy databases: the first of them in a row
    /// does not open the circuit.
    pub fn failed(&mut self, class: Class, words: impl Into<String>, now: Instant) -> News {
        self.failures = self.failures.saturating_add(1);
        self.last = Some(Failure { class, words: words.into(), at: now });
        let before = self.state.away();
        if before.is_none() && class == Class::Busy && self.failures == 1 {
            return News::None;
        }
        self.state = State::Open(Away { since: self.away_since(now), class });
        if before.is_none_or(|before| before.class != class) { News::Opened } else { News::None }
    }

    /// Says that a pause is over and the database is asked again.
    pub fn asking(&mut self) {
        if let State::Open(away) = self.state {
            self.state = State::HalfOpen(away);
        }
    }

    /// Counts a success.
    pub fn succeeded(&mut self, now: Instant) -> Return {
        self.failures = 0;
        let before = std::mem::replace(&mut self.state, State::Closed);
        if before != State::Closed {
            self.closed_since = Some(now);
        }
        match before {
            State::Untried => Return::First,
            State::Closed => Return::None,
            State::Open(away) | State::HalfOpen(away) => Return::After(now.saturating_duration_since(away.since)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(start: Instant, seconds: u64) -> Instant {
        start + Duration::from_secs(seconds)
    }

    #[test]
    fn an_outage_is_told_once_and_its_length_at_the_end() {
        let start = Instant::now();
        let mut circuit = Circuit::default();
        assert_eq!((circuit.state(), circuit.since()), (State::Untried, None));
        assert_eq!(circuit.succeeded(start), Return::First);
        assert_eq!(circuit.state(), State::Closed);
        assert_eq!(circuit.failed(Class::Connection, "why", at(start, 1)), News::Opened);
        for second in 2..10 {
            circuit.asking();
            assert_eq!(circuit.state().as_str(), "half_open");
            assert_eq!(circuit.failed(Class::Connection, "why", at(start, second)), News::None);
            assert_eq!(circuit.state(), State::Open(Away { since: at(start, 1), class: Class::Connection }));
        }
        assert_eq!(circuit.away_since(at(start, 10)), at(start, 1));
        assert_eq!(circuit.since(), Some(at(start, 1)));
        circuit.asking();
        assert_eq!(circuit.succeeded(at(start, 11)), Return::After(Duration::from_secs(10)));
        assert_eq!(circuit.succeeded(at(start, 12)), Return::None, "it is told once");
        assert_eq!(circuit.since(), Some(at(start, 11)));
        let last = Failure { class: Class::Connection, words: "why".to_owned(), at: at(start, 9) };
        assert_eq!(circuit.last_failure(), Some(&last));
    }

    #[test]
    fn another_reason_is_news_and_the_outage_is_the_same() {
        let start = Instant::now();
        let mut circuit = Circuit::default();
        assert_eq!(circuit.failed(Class::Connection, "why", start), News::Opened);
        assert_eq!(circuit.failed(Class::Schema, "why", at(start, 5)), News::Opened);
        assert_eq!(circuit.failed(Class::Schema, "why", at(start, 6)), News::None);
        assert_eq!(circuit.state(), State::Open(Away { since: start, class: Class::Schema }));
    }

    #[test]
    fn one_deadlock_is_no_outage_and_two_in_a_row_are() {
        let start = Instant::now();
        let mut circuit = Circuit::default();
        circuit.succeeded(start);
        assert_eq!(circuit.failed(Class::Busy, "why", start), News::None);
        assert_eq!(circuit.state(), State::Closed);
        circuit.succeeded(start);
        assert_eq!(circuit.failed(Class::Busy, "why", at(start, 1)), News::None);
        assert_eq!(circuit.failed(Class::Busy, "why", at(start, 2)), News::Opened);
        assert_eq!(circuit.state(), State::Open(Away { since: at(start, 2), class: Class::Busy }));
    }

    #[test]
    fn every_state_has_its_word() {
        let away = Away { since: Instant::now(), class: Class::Full };
        let states = [State::Untried, State::Closed, State::Open(away), State::HalfOpen(away)];
        assert_eq!(states.map(State::as_str), State::WORDS);
    }
}
