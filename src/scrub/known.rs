//! What was found out about texts met before: telemetry repeats its keys, its states, its routes and its user agents.
//!
//! Invariant: at most [`Known::SLOTS`] texts of at most [`Known::TEXT_MAX`] bytes are kept.
//! Invariant: only a text without a secret in it is kept, and none that has a quote in it; of those met but once, at most one in
//! some ten thousand, which is taken for another.

use std::fmt;

use xxhash_rust::xxh3::xxh3_64;

use super::frame::Half;

/// What a text between two quotes of a line means for the rest of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// As a value it stays as it is, and as a key it says nothing.
    Innocent,
    /// The same, but as a key it is half of a pair.
    Half(Half),
    /// There may be a secret in it, or it may be a telling key.
    Suspect,
}

impl Verdict {
    /// What a text without a secret means.
    pub fn innocent(text: &str) -> Self {
        Half::of(text).map_or(Verdict::Innocent, Verdict::Half)
    }
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
    /// Parts of the hashes of texts that were met once: most are never met again, and not worth a slot. That one of some ten
    /// thousand is taken for another costs less than room for longer parts.
    once: Vec<u16>,
    /// The slot of the last text that was found, and the slot of what came behind it the time before: lines are built
    /// alike, and to compare two texts costs less than to find one.
    last: usize,
    expected: usize,
}

#[derive(Debug, Clone)]
struct Kept {
    text: Box<str>,
    verdict: Verdict,
    /// How often it was met; halved whenever another text wants its place.
    met: u8,
    /// The slot of what was found next.
    next: u16,
}

const _: () = assert!(Known::SLOTS <= 1 << 16, "a slot's number is a u16");
// Some thousand of them are looked at all the time, and should stay near the processor.
const _: () = assert!(size_of::<Option<Kept>>() <= 24);

/// How many texts with the same hash are kept side by side, so that two frequent ones do not drive each other out.
const WAYS: usize = 4;

/// Where a text belongs.
#[derive(Debug, Clone, Copy)]
struct Place {
    set: usize,
    mark: u32,
    once: usize,
    once_mark: u16,
}

impl Place {
    fn of(text: &str) -> Self {
        let hash = xxh3_64(text.as_bytes());
        Place {
            set: hash as usize % SETS,
            mark: (hash >> 32) as u32 | 1,
            once: hash as usize % ONCE,
            once_mark: (hash >> 48) as u16 | 1,
        }
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
        Known {
            marks: vec![[0; WAYS]; SETS],
            slots: vec![None; Known::SLOTS],
            once: vec![0; ONCE],
            last: 0,
            expected: 0,
        }
    }

    /// What was found out about the text before the first quote in `json`, and its length, if that text is what came behind
    /// the last one the time before.
    #[inline]
    pub fn meet_expected(&mut self, json: &[u8]) -> Option<(&Verdict, usize)> {
        let kept = self.slots[self.expected].as_mut()?;
        let text = kept.text.as_bytes();
        let (found, quote) = json.split_at_checked(text.len())?;
        // No text that is kept has a quote in it, so the first one is the one behind it.
        if quote.first().is_some_and(|byte| *byte != b'"') || found != text {
            return None;
        }
        kept.met = kept.met.saturating_add(1);
        self.last = self.expected;
        self.expected = usize::from(kept.next);
        Some((&kept.verdict, kept.text.len()))
    }

    /// Whether `text` was met before; it is now.
    pub fn meet(&mut self, text: &str) -> Met {
        if text.len() > Known::TEXT_MAX {
            return Met::Never;
        }
        let place = Place::of(text);
        if let Some(slot) = self.find(place, text)
            && let Some(kept) = &mut self.slots[slot]
        {
            kept.met = kept.met.saturating_add(1);
            let verdict = kept.verdict;
            self.expected = usize::from(kept.next);
            if let Some(last) = &mut self.slots[self.last] {
                last.next = slot as u16;
            }
            self.last = slot;
            return Met::Often(verdict);
        }
        let once = &mut self.once[place.once];
        if std::mem::replace(once, place.once_mark) == place.once_mark { Met::Once } else { Met::Never }
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
        if text.len() > Known::TEXT_MAX || text.contains('"') {
            return;
        }
        let place = Place::of(text);
        let set = &mut self.slots[place.set * WAYS..][..WAYS];
        set.iter_mut().flatten().for_each(|kept| kept.met /= 2);
        let met = |slot: &Option<Kept>| slot.as_ref().map_or(0, |kept| 1 + u16::from(kept.met));
        if let Some((way, slot)) = set.iter_mut().enumerate().min_by_key(|(_, slot)| met(slot)) {
            *slot = Some(Kept { text: text.into(), verdict, met: 1, next: 0 });
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
    fn what_comes_in_the_same_order_is_expected() {
        let mut known = Known::new();
        let line = ["host", "web-1", "status", "ok"];
        for text in line {
            known.keep(text, Verdict::Suspect);
        }
        let mut expected = |text: &str| {
            let expected = known.meet_expected(format!("{text}\":").as_bytes()).map(|(verdict, length)| {
                assert_eq!(length, text.len());
                *verdict
            });
            expected.or_else(|| matches!(known.meet(text), Met::Often(_)).then_some(Verdict::Suspect)).expect("kept");
            expected.is_some()
        };
        for text in line {
            expected(text);
        }
        // The second line still meets what came behind the end of the first one for the first time.
        for text in line {
            expected(text);
        }
        assert_eq!(line.map(&mut expected), [true; 4]);
        // Another order is no other text.
        assert_eq!(["host", "status", "web-1"].map(&mut expected), [true, false, false]);
    }

    #[test]
    fn a_text_that_is_not_kept_is_never_expected() {
        let mut known = Known::new();
        assert_eq!(known.meet_expected(b""), None);
        for text in ["host", "say \"host"] {
            known.keep(text, Verdict::Suspect);
        }
        assert_eq!(known.recall("say \"host"), None);
        known.meet("host");
        let set = known.last;
        known.expected = set;
        for text in ["", "hos", "hos\"t", "hosts", "HOST", "host-1\""] {
            assert_eq!(known.meet_expected(text.as_bytes()), None, "{text}");
        }
        // The end of the JSON is the end of a text, too.
        for text in ["host", "host\",\"web"] {
            known.expected = set;
            assert_eq!(known.meet_expected(text.as_bytes()), Some((&Verdict::Suspect, 4)), "{text}");
        }
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
