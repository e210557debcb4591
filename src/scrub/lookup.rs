//! Tables of words, looked up in any ASCII case by a hash: to compare a word with each of hundreds costs more than all else
//! that is done with it.
//!
//! Invariant: what is found is what comparing with each word of the table in turn would find, the first of them.

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// What each word of a table stands for.
pub struct Table<V> {
    by_word: HashMap<&'static str, V, FixedState>,
    shapes: Shapes,
}

/// Longer words are in no table, in bytes.
const WORD_MAX: usize = 63;

/// The lengths of the words that begin with each byte, in any ASCII case: most words are in no table, and show it by that.
pub struct Shapes {
    /// For each byte a bit for each length.
    lengths: [u64; 256],
}

impl Default for Shapes {
    fn default() -> Self {
        Shapes { lengths: [0; 256] }
    }
}

impl Shapes {
    /// Adds a word of at most 63 bytes.
    pub fn add(&mut self, word: &[u8]) {
        let first = word.first().copied().unwrap_or_default();
        for first in [first.to_ascii_lowercase(), first.to_ascii_uppercase()] {
            self.lengths[usize::from(first)] |= 1 << word.len();
        }
    }

    /// Whether one of the words has the first byte and the length of this one.
    pub fn may_have(&self, word: &[u8]) -> bool {
        let first = word.first().copied().unwrap_or_default();
        word.len() <= WORD_MAX && self.lengths[usize::from(first)] & 1 << word.len() != 0
    }
}

impl<V: Copy> Table<V> {
    /// A table of words and what they stand for; of a word that comes twice, the first. Tables are made once, and for ever.
    ///
    /// # Panics
    /// A word is longer than 63 bytes.
    pub fn of(words: impl IntoIterator<Item = (&'static str, V)>) -> Self {
        let mut table = Table { by_word: HashMap::default(), shapes: Shapes::default() };
        for (word, value) in words {
            assert!(word.len() <= WORD_MAX, "`{word}` is too long for a table");
            table.shapes.add(word.as_bytes());
            // Few have a capital letter, and only those need a copy.
            let has_capital = word.bytes().any(|byte| byte.is_ascii_uppercase());
            let lower = if has_capital { word.to_ascii_lowercase().leak() } else { word };
            table.by_word.entry(lower).or_insert(value);
        }
        table
    }

    /// What a word stands for, in any ASCII case.
    pub fn get(&self, word: &str) -> Option<V> {
        if !self.shapes.may_have(word.as_bytes()) {
            return None;
        }
        let mut buffer = [0; WORD_MAX];
        let lower = &mut buffer[..word.len()];
        lower.copy_from_slice(word.as_bytes());
        lower.make_ascii_lowercase();
        self.by_word.get(str::from_utf8(lower).ok()?).copied()
    }
}

impl Table<()> {
    /// A table of words.
    pub fn words(words: impl IntoIterator<Item = &'static &'static str>) -> Self {
        Table::of(words.into_iter().map(|word| (*word, ())))
    }

    /// Whether a word is in the table, in any ASCII case.
    pub fn has(&self, word: &str) -> bool {
        self.get(word).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_ascii_case_and_the_first_counts() {
        let table = Table::of([("Gültig", 1), ("two", 2), ("TWO", 3)]);
        for (word, want) in [("gültig", Some(1)), ("GüLTIG", Some(1)), ("gÜltig", None), ("tWo", Some(2)), ("", None)]
        {
            assert_eq!(table.get(word), want, "{word}");
        }
        assert_eq!(table.get(&"two".repeat(30)), None);
        assert!(Table::words(&["", "a"]).has(""));
    }
}
