//! What was found out about texts met before: telemetry repeats its keys, its states, its routes and its user agents.
//!
//! Invariant: at most [`Known::SLOTS`] texts of at most [`Known::TEXT_MAX`] bytes are kept.
//! Invariant: only a text without a secret in it is kept, and none that was met but once.

use std::fmt;

use xxhash_rust::xxh3::xxh3_64;

use super::frame::Halves;

/// What a text between two quotes of a line means for the rest of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As a value it stays as it is, and as a key it says nothing, unless it is half of a pair.
    Innocent(Halves),
    /// There may be a secret in it, or it may be a telling key.
    Suspect,
}

/// Whether a text was met before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// It was, and this is what was found out.
    Often(Verdict),
    /// It was not, or is not remembered.
    Never,
    /// It was, once, and is worth a closer look now.
    Once,
}

/// Texts met before.
pub struct Known {
    /// For each set of [`WAYS`] slots parts of the hashes of the texts in it. They are looked at for every text, and small
    /// enough to stay near the processor. Zero is no text's.
    marks: Vec<[u32; WAYS]>,
    slots: Vec<Option<Kept>>,
    /// Marks of texts that were met once: most are never met again, and not worth a slot.
    once: Vec<u32>,
}

#[derive(Debug, Clone)]
struct Kept {
    text: Box<str>,
    verdict: Verdict,
    /// How often it was met; halved whenever another text wants its place.
    met: u8,
}

/// How many texts with the same hash are kept side by side, so that two frequent ones do not drive each other out.
const WAYS: usize = 4;

/// Where a text belongs.
#[derive(Debug, Clone, Copy)]
struct Place {
    set: usize,
    once: usize,
    mark: u32,
}

impl Place {
    fn of(text: &str) -> Self {
        let hash = xxh3_64(text.as_bytes());
        Place { set: hash as usize % SETS, once: hash as usize % ONCE, mark: (hash >> 32) as u32 | 1 }
    }
}

const SETS: usize = Known::SLOTS / WAYS;
const ONCE: usize = 4 * Known::SLOTS;

impl Known {
    /// How many texts are kept.
    pub const SLOTS: usize = 4096;
    /// The longest text that is kept, in bytes.
    pub const TEXT_MAX: usize = 256;

    pub fn new() -> Self {
        Known { marks: vec![[0; WAYS]; SETS], slots: vec![None; Known::SLOTS], once: vec![0; ONCE] }
    }

    /// Whether `text` was met before; it is now.
    #[inline]
    pub fn meet(&mut self, text: &str) -> Met {
        if text.len() > Known::TEXT_MAX {
            return Met::Never;
        }
        let place = Place::of(text);
        if let Some(slot) = self.find(place, text)
            && let Some(kept) = &mut self.slots[slot]
        {
            kept.met = kept.met.saturating_add(1);
            return Met::Often(kept.verdict);
        }
        let once = &mut self.once[place.once];
        if std::mem::replace(once, place.mark) == place.mark { Met::Once } else { Met::Never }
    }

    /// What was found out about `text`, if it is kept.
    pub fn recall(&self, text: &str) -> Option<Verdict> {
        if text.len() > Known::TEXT_MAX {
            return None;
        }
        let slot = self.find(Place::of(text), text)?;
        self.slots[slot].as_ref().map(|kept| kept.verdict)
    }

    /// Keeps what was found out about a text.
    pub fn keep(&mut self, text: &str, verdict: Verdict) {
        if text.len() > Known::TEXT_MAX {
            return;
        }
        let place = Place::of(text);
        let set = &mut self.slots[place.set * WAYS..][..WAYS];
        set.iter_mut().flatten().for_each(|kept| kept.met /= 2);
        let met = |slot: &Option<Kept>| slot.as_ref().map_or(0, |kept| 1 + u16::from(kept.met));
        if let Some((way, slot)) = set.iter_mut().enumerate().min_by_key(|(_, slot)| met(slot)) {
            *slot = Some(Kept { text: text.into(), verdict, met: 1 });
            self.marks[place.set][way] = place.mark;
        }
    }

    fn find(&self, place: Place, text: &str) -> Option<usize> {
        let marks = &self.marks[place.set];
        let is_text = |slot: &usize| self.slots[*slot].as_ref().is_some_and(|kept| *kept.text == *text);
        let same = (0..WAYS).filter(|way| marks[*way] == place.mark);
        same.map(|way| place.set * WAYS + way).find(is_text)
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Known").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_from_its_second_time_on() {
        let mut known = Known::new();
        assert_eq!(known.meet("web-1"), Met::Never);
        assert_eq!(known.meet("web-1"), Met::Once);
        known.keep("web-1", Verdict::Suspect);
        assert_eq!(known.meet("web-1"), Met::Often(Verdict::Suspect));
        assert_eq!(known.meet("web-2"), Met::Never);
    }

    #[test]
    fn long_texts_are_never_kept() {
        let mut known = Known::new();
        let text = "x".repeat(Known::TEXT_MAX + 1);
        for _ in 0..3 {
            assert_eq!(known.meet(&text), Met::Never);
            known.keep(&text, Verdict::Suspect);
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut known = Known::new();
        for number in 0..100_000 {
            known.keep(&number.to_string(), Verdict::Suspect);
        }
        assert_eq!(known.slots.len(), Known::SLOTS);
    }

    #[test]
    fn what_is_met_often_stays_beside_what_is_met_twice() {
        let mut known = Known::new();
        known.keep("web-1", Verdict::Suspect);
        for number in 0..100_000 {
            let rare = number.to_string();
            known.meet(&rare);
            known.keep(&rare, Verdict::Suspect);
            assert_eq!(known.meet("web-1"), Met::Often(Verdict::Suspect));
        }
    }
}
