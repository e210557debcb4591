//! When the bytes of a file were first seen there, on time that is handed in.
//!
//! Invariant: the marks of a file are a bounded number, whatever it grows by; where marks are merged the later time holds,
//! so that no line counts as older than it is by more than [`STEP`].

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How many marks a file has at most.
const MARKS_MAX: usize = 64;

/// Growth within this time is one mark.
const STEP: Duration = Duration::from_millis(200);

/// When the bytes of one file were first seen.
#[derive(Debug, Default)]
pub struct Ages {
    /// In the order of the file: bytes before `end`, and not before the previous one's, were first seen at `seen`.
    marks: VecDeque<Mark>,
}

#[derive(Debug, Clone, Copy)]
struct Mark {
    end: u64,
    seen: Instant,
}

impl Ages {
    /// The file was seen to have so many bytes. Reading stands at `position`.
    pub fn grown(&mut self, size: u64, position: u64, now: Instant) {
        match self.marks.back_mut() {
            Some(last) if size <= last.end => return,
            Some(last) if now.saturating_duration_since(last.seen) < STEP => {
                last.end = size;
                return;
            }
            Some(_) | None => {}
        }
        if self.marks.len() == MARKS_MAX {
            while self.marks.front().is_some_and(|mark| mark.end <= position) {
                self.marks.pop_front();
            }
        }
        if self.marks.len() == MARKS_MAX {
            // Each pair of neighbours becomes one mark: the later of the two, which ends where the pair ends.
            let pairs = self.marks.iter().skip(1).step_by(2).copied();
            self.marks = pairs.collect();
        }
        if self.marks.is_empty() {
            // Most files stay at one, and there may be thousands of files.
            self.marks.reserve_exact(1);
        }
        self.marks.push_back(Mark { end: size, seen: now });
    }

    /// The content was replaced.
    pub fn start_over(&mut self) {
        self.marks.clear();
    }

    /// When the byte at `position` was first seen; `None` when it was not.
    pub fn of(&self, position: u64) -> Option<Instant> {
        self.marks.iter().find(|mark| mark.end > position).map(|mark| mark.seen)
    }

    /// How far the bytes reach that were seen no later than `moment`.
    pub fn seen_by(&self, moment: Instant) -> u64 {
        self.marks.iter().take_while(|mark| mark.seen <= moment).last().map_or(0, |mark| mark.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_the_time_at_which_it_was_first_seen() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut ages = Ages::default();
        assert_eq!(ages.of(0), None);
        ages.grown(10, 0, at(0));
        ages.grown(10, 0, at(1));
        ages.grown(25, 0, at(2));
        ages.grown(26, 0, at(2) + STEP / 2);
        assert_eq!(
            [0, 9, 10, 25, 26].map(|byte| ages.of(byte)),
            [Some(at(0)), Some(at(0)), Some(at(2)), Some(at(2)), None]
        );
        assert_eq!([at(0), at(1), at(2)].map(|moment| ages.seen_by(moment)), [10, 10, 26]);
        ages.start_over();
        assert_eq!((ages.of(0), ages.seen_by(at(9))), (None, 0));
    }

    #[test]
    fn marks_are_few_and_never_make_a_byte_older() {
        let begin = Instant::now();
        let mut ages = Ages::default();
        for second in 0..10_000u64 {
            ages.grown(second + 1, 0, begin + Duration::from_secs(second));
        }
        assert!(ages.marks.len() <= MARKS_MAX);
        for byte in 0..10_000u64 {
            let seen = ages.of(byte).expect("it was seen");
            assert!(seen >= begin + Duration::from_secs(byte), "byte {byte}");
        }
        // What was read needs no mark; the rest is exact as long as there is room.
        let mut ages = Ages::default();
        for second in 0..10_000u64 {
            ages.grown(second + 1, second.saturating_sub(3), begin + Duration::from_secs(second));
        }
        assert_eq!(ages.of(9_998), Some(begin + Duration::from_secs(9_998)));
    }
}
