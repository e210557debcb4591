//! A search for thousands of literals in one pass over a text, in any ASCII case.
//!
//! The library builds the automaton. Its table takes four bytes a step, and room for 128 letters: 6 MiB for the built-in
//! rules, more than a quarter of what the agent took at rest. So the steps are taken from its smaller form, into two bytes
//! each and 72 letters, where that is enough. The large one is not even made on the way: once it has got 6 MiB back, glibc
//! keeps what is freed of that size and below (`M_MMAP_THRESHOLD` in `mallopt(3)`), and the agent took 7 MiB more while
//! draining.
//!
//! Invariant: what is handed over is what comparing every literal with every place of a text would find.

use std::ops::{ControlFlow, Range};

use aho_corasick::Anchored;
use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::dfa::DFA;
use aho_corasick::nfa::contiguous::NFA;

/// Literals to search for, each with what it stands for.
pub struct Search<T> {
    steps: Steps,
    /// What each literal stands for, and its length.
    targets: Vec<(T, usize)>,
}

/// What each byte of a text leads to.
enum Steps {
    Narrow(Narrow),
    Wide(DFA),
    Small(NFA),
}

impl<T: Copy> Search<T> {
    /// A search as fast as can be, which takes some MiB for some thousand literals. They are not empty.
    pub fn table<'l>(literals: impl Iterator<Item = (&'l str, T)>) -> Self {
        Search::new(literals, |literals| {
            let narrow = Narrow::of(&small(literals), literals);
            narrow.map_or_else(|| Steps::Wide(wide(literals)), Steps::Narrow)
        })
    }

    /// A slower search, which takes a tenth of that.
    pub fn small<'l>(literals: impl Iterator<Item = (&'l str, T)>) -> Self {
        Search::new(literals, |literals| Steps::Small(small(literals)))
    }

    fn new<'l>(literals: impl Iterator<Item = (&'l str, T)>, build: impl FnOnce(&[&'l str]) -> Steps) -> Self {
        let (literals, targets): (Vec<&str>, Vec<T>) = literals.unzip();
        let targets = targets.into_iter().zip(&literals).map(|(target, literal)| (target, literal.len())).collect();
        Search { steps: build(&literals), targets }
    }

    /// Hands over what stands where, in the order of the ends and overlapping (a literal may begin inside another), until
    /// `hand` breaks off.
    ///
    /// The library's own iterator finds the same, but asks for each hit through a table of functions, which costs more than
    /// the search of a text as short as most are.
    #[inline]
    pub fn each_hit(&self, text: &str, hand: &mut impl FnMut(T, Range<usize>) -> ControlFlow<()>) -> ControlFlow<()> {
        match &self.steps {
            Steps::Narrow(narrow) => self.each_hit_narrow(narrow, text, hand),
            Steps::Wide(wide) => self.each_hit_by(wide, text, hand),
            Steps::Small(small) => self.each_hit_by(small, text, hand),
        }
    }

    #[inline]
    fn each_hit_narrow(
        &self,
        narrow: &Narrow,
        text: &str,
        hand: &mut impl FnMut(T, Range<usize>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut state = Narrow::START;
        for (at, byte) in text.bytes().enumerate() {
            state = narrow.next(state, byte);
            for index in narrow.literals_at(state) {
                self.hand(*index as usize, at + 1, hand)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn each_hit_by(
        &self,
        steps: &impl Automaton,
        text: &str,
        hand: &mut impl FnMut(T, Range<usize>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut state = start_of(steps);
        for (at, byte) in text.bytes().enumerate() {
            state = steps.next_state(Anchored::No, state, byte);
            for index in literals_at(steps, state) {
                self.hand(index, at + 1, hand)?;
            }
        }
        ControlFlow::Continue(())
    }

    #[inline]
    fn hand(
        &self,
        index: usize,
        end: usize,
        hand: &mut impl FnMut(T, Range<usize>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let (target, length) = self.targets[index];
        hand(target, end - length..end)
    }

    /// Bytes that its steps take.
    #[cfg(test)]
    pub fn memory_usage(&self) -> usize {
        match &self.steps {
            Steps::Narrow(narrow) => size_of_val(&*narrow.next) + size_of_val(&*narrow.literals),
            Steps::Wide(wide) => wide.memory_usage(),
            Steps::Small(small) => small.memory_usage(),
        }
    }

    /// How many literals it has.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.targets.len()
    }
}

const FEW: &str = "a few thousand short literals";

fn small(literals: &[&str]) -> NFA {
    NFA::builder().ascii_case_insensitive(true).build(literals).expect(FEW)
}

fn wide(literals: &[&str]) -> DFA {
    DFA::builder().ascii_case_insensitive(true).build(literals).expect(FEW)
}

fn start_of(steps: &impl Automaton) -> StateID {
    steps.start_state(Anchored::No).expect("unanchored searches are what is built by default")
}

fn literals_at(steps: &impl Automaton, state: StateID) -> impl Iterator<Item = usize> {
    let count = if steps.is_match(state) { steps.match_len(state) } else { 0 };
    (0..count).map(move |index| steps.match_pattern(state, index).as_usize())
}

/// An automaton of at most 65,536 states, for literals of at most 71 different letters (in two cases or one).
struct Narrow {
    /// The letter that each byte is; all that is in no literal is letter 0.
    letters: [u8; 256],
    /// For each state, the states that the letters lead to; in one piece, so that a step has one index to check.
    next: Vec<u16>,
    /// The states from here on are ends of literals.
    first_end: usize,
    /// For each end, where its literals begin in `literals`; and where the last ones end.
    ends: Vec<u32>,
    literals: Vec<u32>,
}

impl Narrow {
    /// All printable characters of ASCII, a letter's two cases as one, and a few more.
    const LETTERS: usize = 72;
    const START: usize = 0;

    /// The automaton `steps` of `literals`, if it is not too large.
    fn of(steps: &impl Automaton, literals: &[&str]) -> Option<Self> {
        let mut letters = [0; 256];
        // A byte for each letter.
        let mut bytes = vec![other_byte(literals)?];
        for byte in literals.iter().flat_map(|literal| literal.bytes()) {
            if letters[usize::from(byte)] == 0 {
                let letter = u8::try_from(bytes.len()).ok().filter(|letter| usize::from(*letter) < Self::LETTERS)?;
                letters[usize::from(byte.to_ascii_lowercase())] = letter;
                letters[usize::from(byte.to_ascii_uppercase())] = letter;
                bytes.push(byte);
            }
        }
        let (states, mut next) = walk(steps, &bytes)?;
        // Those that are ends come last, so that one comparison tells them; the start is none.
        let (inner, ends): (Vec<usize>, Vec<usize>) =
            (0..states.len()).partition(|number| !steps.is_match(states[*number]));
        let first_end = inner.len();
        let order = [inner, ends].concat();
        let mut places = vec![0u16; order.len()];
        for (place, number) in order.iter().enumerate() {
            places[*number] = u16::try_from(place).ok()?;
        }
        for number in &mut next {
            *number = places[usize::from(*number)];
        }
        put_in_place(&mut next, &mut places);
        let (mut ends, mut literals) = (vec![0], Vec::new());
        for number in &order[first_end..] {
            literals.extend(literals_at(steps, states[*number]).map(|index| index as u32));
            ends.push(literals.len() as u32);
        }
        Some(Narrow { letters, next, first_end, ends, literals })
    }

    #[inline]
    fn next(&self, state: usize, byte: u8) -> usize {
        usize::from(self.next[state * Self::LETTERS + usize::from(self.letters[usize::from(byte)])])
    }

    #[inline]
    fn literals_at(&self, state: usize) -> &[u32] {
        match state.checked_sub(self.first_end) {
            None => &[],
            Some(end) => &self.literals[self.ends[end] as usize..self.ends[end + 1] as usize],
        }
    }
}

/// A byte that is in none of the literals, in either case.
fn other_byte(literals: &[&str]) -> Option<u8> {
    (0..=u8::MAX).find(|byte| literals.iter().all(|literal| !literal.bytes().any(|own| own.eq_ignore_ascii_case(byte))))
}

/// The states that a text of these bytes can lead to, the start first and what is near to it before what is far; and a row for
/// each of them, of the numbers that `bytes` lead to. `None` if there are more than a number can tell apart.
fn walk(steps: &impl Automaton, bytes: &[u8]) -> Option<(Vec<StateID>, Vec<u16>)> {
    let mut states = Vec::new();
    // By the library's numbers, which are places in a table of some hundred KiB.
    let mut numbers: Vec<Option<u16>> = Vec::new();
    let mut number_of = |states: &mut Vec<StateID>, state: StateID| {
        if numbers.len() <= state.as_usize() {
            numbers.resize(state.as_usize() + 1, None);
        }
        let number = &mut numbers[state.as_usize()];
        if number.is_none() {
            *number = Some(u16::try_from(states.len()).ok()?);
            states.push(state);
        }
        *number
    };
    number_of(&mut states, start_of(steps))?;
    let mut next = Vec::new();
    let mut at = 0;
    while at < states.len() {
        let mut row = [0; Narrow::LETTERS];
        for (next, byte) in row.iter_mut().zip(bytes) {
            let state = steps.next_state(Anchored::No, states[at], *byte);
            *next = number_of(&mut states, state)?;
        }
        next.extend(row);
        at += 1;
    }
    Some((states, next))
}

/// Puts each row of `next` into its place; `places` is then in order. Without a table more: see the top of this file.
fn put_in_place(next: &mut [u16], places: &mut [u16]) {
    for row in 0..places.len() {
        while usize::from(places[row]) != row {
            let place = usize::from(places[row]);
            for letter in 0..Narrow::LETTERS {
                next.swap(row * Narrow::LETTERS + letter, place * Narrow::LETTERS + letter);
            }
            places.swap(row, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The ends of hits, and the literals.
    fn hits(search: &Search<usize>, text: &str) -> Vec<(usize, usize)> {
        let mut hits = Vec::new();
        let end = search.each_hit(text, &mut |literal, hit| {
            hits.push((hit.end, literal));
            ControlFlow::Continue(())
        });
        assert!(end.is_continue());
        hits
    }

    fn each_literal<'l>(literals: &'l [&'l str]) -> impl Iterator<Item = (&'l str, usize)> {
        literals.iter().enumerate().map(|(index, literal)| (*literal, index))
    }

    fn is_narrow<T>(search: &Search<T>) -> bool {
        matches!(search.steps, Steps::Narrow(_))
    }

    proptest! {
        #[test]
        fn a_search_finds_its_literals_in_any_case_and_nothing_else(text in "[aAbk19_:. é-]{0,24}") {
            let literals = ["ab", "b", "a1", "k_9", "k-", ":.", "a1:b", "é"];
            let mut naive = Vec::new();
            for end in 0..=text.len() {
                // The longer first.
                let mut here: Vec<_> = (0..literals.len()).collect();
                here.sort_by_key(|literal| std::cmp::Reverse(literals[*literal].len()));
                let ends = |literal: &usize| {
                    let literal = literals[*literal].as_bytes();
                    end.checked_sub(literal.len()).is_some_and(|start| text.as_bytes()[start..end].eq_ignore_ascii_case(literal))
                };
                naive.extend(here.into_iter().filter(ends).map(|literal| (end, literal)));
            }
            let narrow = Search::table(each_literal(&literals));
            prop_assert!(is_narrow(&narrow));
            prop_assert_eq!(&hits(&narrow, &text), &naive);
            prop_assert_eq!(&hits(&Search::small(each_literal(&literals)), &text), &naive);
            // Letters that nobody has a row for.
            let many: String = (0..0x80).filter(|byte: &u8| !b"1ab_9:.k-A".contains(byte)).map(char::from).collect();
            let literals: Vec<&str> = literals.iter().copied().chain([&*many]).collect();
            let wide = Search::table(each_literal(&literals));
            prop_assert!(!is_narrow(&wide));
            prop_assert_eq!(&hits(&wide, &text), &naive);
        }
    }

    #[test]
    fn more_states_than_two_bytes_can_tell_apart_make_a_wide_table() {
        let literals: Vec<String> = (0..14_000).map(|n| format!("{n:05}-word")).collect();
        let literals: Vec<&str> = literals.iter().map(String::as_str).collect();
        let few = Search::table(each_literal(&literals[..9000]));
        let many = Search::table(each_literal(&literals));
        assert!(is_narrow(&few) && !is_narrow(&many));
        let text = "00012-WORD 08999-word";
        assert_eq!(hits(&few, text), [(10, 12), (21, 8999)]);
        assert_eq!(hits(&many, text), hits(&few, text));
    }
}
