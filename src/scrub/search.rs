//! A search for thousands of literals in one pass over a text, in any ASCII case.
//!
//! The library builds the automaton, in its smaller form, of which a step is too slow here; its fast form takes 6 MiB for the
//! built-in rules. So the steps are taken from the one into two bytes each: a row of them for the states near the start,
//! where most bytes of a text lead. What is far keeps its one or few ways on, and where to look if none of them is the right
//! one. The fast form is not even made on the way: once it has got 6 MiB back, glibc keeps what is freed of that size and below
//! (`M_MMAP_THRESHOLD` in `mallopt(3)`), and the agent took 7 MiB more while draining.
//!
//! Invariant: what is handed over is what comparing every literal with every place of a text would find.

use std::ops::{ControlFlow, Range};

use aho_corasick::Anchored;
use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;

/// Literals to search for, each with what it stands for.
pub struct Search<T> {
    steps: Steps,
    /// What each literal stands for, and its length.
    targets: Vec<(T, usize)>,
}

/// What each byte of a text leads to.
enum Steps {
    /// Of literals of up to 71 letters: all printable characters of ASCII, a letter's two cases as one, and a few more.
    Narrow(Rows<72>),
    /// Of literals of whatever bytes.
    Broad(Rows<256>),
    /// Of more literals than two bytes have numbers for.
    Library(NFA),
}

impl<T: Copy> Search<T> {
    /// A search as fast as can be, which takes some hundred KiB for some thousand literals. They are not empty.
    pub fn table<'l>(literals: impl Iterator<Item = (&'l str, T)>) -> Self {
        Search::new(literals, |steps, literals| {
            let narrow = Rows::of(steps, literals, NEAR).map(Steps::Narrow);
            narrow.or_else(|| Rows::of(steps, literals, NEAR).map(Steps::Broad))
        })
    }

    /// A slower search, which takes a fraction of that.
    pub fn small<'l>(literals: impl Iterator<Item = (&'l str, T)>) -> Self {
        Search::new(literals, |steps, literals| Rows::of(steps, literals, 1).map(Steps::Broad))
    }

    fn new<'l>(
        literals: impl Iterator<Item = (&'l str, T)>,
        take_from: impl FnOnce(&NFA, &[&'l str]) -> Option<Steps>,
    ) -> Self {
        let (literals, targets): (Vec<&str>, Vec<T>) = literals.unzip();
        let targets = targets.into_iter().zip(&literals).map(|(target, literal)| (target, literal.len())).collect();
        let library =
            NFA::builder().ascii_case_insensitive(true).build(&literals).expect("some thousand short literals");
        let steps = take_from(&library, &literals).unwrap_or(Steps::Library(library));
        Search { steps, targets }
    }

    /// Hands over what stands where, in the order of the ends and overlapping (a literal may begin inside another), until
    /// `hand` breaks off.
    ///
    /// The library's own iterator finds the same, but asks for each hit through a table of functions, which costs more than
    /// the search of a text as short as most are.
    #[inline]
    pub fn each_hit(&self, text: &str, hand: &mut impl FnMut(T, Range<usize>) -> ControlFlow<()>) -> ControlFlow<()> {
        match &self.steps {
            Steps::Narrow(rows) => self.each_hit_by_rows(rows, text, hand),
            Steps::Broad(rows) => self.each_hit_by_rows(rows, text, hand),
            Steps::Library(library) => self.each_hit_by_library(library, text, hand),
        }
    }

    #[inline]
    fn each_hit_by_rows<const LETTERS: usize>(
        &self,
        rows: &Rows<LETTERS>,
        text: &str,
        hand: &mut impl FnMut(T, Range<usize>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let mut state = START;
        for (at, byte) in text.bytes().enumerate() {
            state = rows.next(state, byte);
            for index in rows.literals_at(state) {
                self.hand(*index as usize, at + 1, hand)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn each_hit_by_library(
        &self,
        steps: &NFA,
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
            Steps::Narrow(rows) => rows.memory_usage(),
            Steps::Broad(rows) => rows.memory_usage(),
            Steps::Library(library) => library.memory_usage(),
        }
    }

    /// How many literals it has.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.targets.len()
    }
}

fn start_of(steps: &NFA) -> StateID {
    steps.start_state(Anchored::No).expect("unanchored searches are what is built by default")
}

fn literals_at(steps: &NFA, state: StateID) -> impl Iterator<Item = usize> {
    let count = if steps.is_match(state) { steps.match_len(state) } else { 0 };
    (0..count).map(move |index| steps.match_pattern(state, index).as_usize())
}

/// States of at most so many letters are near: 1,719 of the 11,460 of the built-in rules. Lines of the benches are in one of
/// them after 94 of a hundred bytes.
const NEAR: usize = 3;

const START: usize = 0;

/// An automaton of at most 65,536 states, for literals of fewer than so many different letters (in two cases or one).
///
/// Its states are numbered in four groups: near ones, near ones that are ends of literals, far ones that are, and other far
/// ones. So one comparison tells whether a state has a row, and one more whether it is an end.
struct Rows<const LETTERS: usize> {
    /// The letter that each byte is; all that is in no literal is letter 0.
    letters: [u8; 256],
    /// For each near state, the states that the letters lead to; in one piece, so that a step has one index to check.
    near: Vec<u16>,
    /// For each far state, what it leads to.
    far: Vec<Far>,
    /// The ways on of all far states: the letter, and the state it leads to.
    ways: Vec<(u8, u16)>,
    /// The states that are ends of literals.
    ends: Range<usize>,
    /// For each end, where its literals begin in `literals`; and where the last ones end.
    starts: Vec<u16>,
    literals: Vec<u16>,
}

/// A state whose steps are not all written down.
#[derive(Debug, Clone, Copy)]
struct Far {
    /// Where its ways on begin. They end where those of the next one begin.
    ways: u16,
    /// The state whose steps it shares but for those: that of the longest literal's start that ends here and is not the whole.
    shorter: u16,
}

impl<const LETTERS: usize> Rows<LETTERS> {
    /// The automaton `steps` of `literals`, if it is not too large. States of at most so many letters are near.
    fn of(steps: &NFA, literals: &[&str], near: usize) -> Option<Self> {
        let mut letters = [0; 256];
        // A byte for each letter.
        let mut bytes = vec![other_byte(literals)?];
        for byte in literals.iter().flat_map(|literal| literal.bytes()) {
            if letters[usize::from(byte)] == 0 {
                let letter = u8::try_from(bytes.len()).ok().filter(|letter| usize::from(*letter) < LETTERS)?;
                letters[usize::from(byte.to_ascii_lowercase())] = letter;
                letters[usize::from(byte.to_ascii_uppercase())] = letter;
                bytes.push(byte);
            }
        }
        let walk = Walk::<LETTERS>::of(steps, &bytes, near)?;
        let near = walk.rows.len();
        let group = |number: usize, state: &Seen| match (number < near, steps.is_match(state.id)) {
            (true, false) => 0,
            (true, true) => 1,
            (false, true) => 2,
            (false, false) => 3,
        };
        let mut order: Vec<usize> = (0..walk.states.len()).collect();
        order.sort_by_key(|number| group(*number, &walk.states[*number]));
        let begin_of = |wanted: usize| order.partition_point(|number| group(*number, &walk.states[*number]) < wanted);
        let ends = begin_of(1)..begin_of(3);
        let mut places = vec![0u16; order.len()];
        for (place, number) in order.iter().enumerate() {
            places[*number] = u16::try_from(place).ok()?;
        }

        let mut rows = Vec::with_capacity(near * LETTERS);
        for number in &order[..near] {
            rows.extend(walk.rows[*number].map(|next| places[usize::from(next)]));
        }
        let (mut far, mut ways) = (Vec::with_capacity(order.len() - near + 1), Vec::new());
        for number in &order[near..] {
            let state = &walk.states[*number];
            far.push(Far { ways: u16::try_from(ways.len()).ok()?, shorter: places[usize::from(state.shorter)] });
            ways.extend(walk.ways_of(*number).map(|(letter, next)| (letter, places[usize::from(next)])));
        }
        // Only its ways are asked for: they are where those of the last one end.
        far.push(Far { ways: u16::try_from(ways.len()).ok()?, shorter: 0 });
        let (mut starts, mut found) = (vec![0], Vec::new());
        for number in &order[ends.clone()] {
            for index in literals_at(steps, walk.states[*number].id) {
                found.push(u16::try_from(index).ok()?);
            }
            starts.push(u16::try_from(found.len()).ok()?);
        }
        // All of it is kept for ever.
        ways.shrink_to_fit();
        starts.shrink_to_fit();
        found.shrink_to_fit();
        Some(Rows { letters, near: rows, far, ways, ends, starts, literals: found })
    }

    #[inline]
    fn next(&self, state: usize, byte: u8) -> usize {
        let letter = self.letters[usize::from(byte)];
        match self.near.get(state * LETTERS + usize::from(letter)) {
            Some(next) => usize::from(*next),
            None => self.next_of_far(state, letter),
        }
    }

    fn next_of_far(&self, mut state: usize, letter: u8) -> usize {
        let near = self.near.len() / LETTERS;
        loop {
            let [far, behind] = [self.far[state - near], self.far[state - near + 1]];
            let ways = &self.ways[usize::from(far.ways)..usize::from(behind.ways)];
            if let Some((_, next)) = ways.iter().find(|(own, _)| *own == letter) {
                return usize::from(*next);
            }
            state = usize::from(far.shorter);
            if let Some(next) = self.near.get(state * LETTERS + usize::from(letter)) {
                return usize::from(*next);
            }
        }
    }

    #[inline]
    fn literals_at(&self, state: usize) -> &[u16] {
        if !self.ends.contains(&state) {
            return &[];
        }
        let end = state - self.ends.start;
        &self.literals[usize::from(self.starts[end])..usize::from(self.starts[end + 1])]
    }

    #[cfg(test)]
    fn memory_usage(&self) -> usize {
        size_of_val(&*self.near)
            + size_of_val(&*self.far)
            + size_of_val(&*self.ways)
            + size_of_val(&*self.starts)
            + size_of_val(&*self.literals)
    }
}

/// A byte that is in none of the literals, in either case.
fn other_byte(literals: &[&str]) -> Option<u8> {
    (0..=u8::MAX).find(|byte| literals.iter().all(|literal| !literal.bytes().any(|own| own.eq_ignore_ascii_case(byte))))
}

/// The states of an automaton, the start first, and what is near to it before what is far.
struct Walk<const LETTERS: usize> {
    states: Vec<Seen>,
    /// For each near state, the numbers that the letters lead to.
    rows: Vec<[u16; LETTERS]>,
    /// How one comes to a state from the one before it in a literal: that one's number, the letter, its own number. In the
    /// order of the first.
    ways: Vec<(u16, u8, u16)>,
}

/// A state, as the library numbers it.
struct Seen {
    id: StateID,
    /// Letters from the start to it.
    depth: usize,
    /// See [`Far::shorter`].
    shorter: u16,
}

impl<const LETTERS: usize> Walk<LETTERS> {
    /// All states that texts of these bytes can lead to; the letters are their places. `None` if there are more than a number
    /// can tell apart.
    fn of(steps: &NFA, bytes: &[u8], near: usize) -> Option<Self> {
        let next = |state: StateID, byte: u8| steps.next_state(Anchored::No, state, byte);
        let start = start_of(steps);
        // By the library's numbers, which are places in a table of some hundred KiB.
        let mut numbers: Vec<Option<u16>> = vec![None; start.as_usize() + 1];
        numbers[start.as_usize()] = Some(0);
        let mut walk =
            Walk { states: vec![Seen { id: start, depth: 0, shorter: 0 }], rows: Vec::new(), ways: Vec::new() };
        let mut at = 0;
        while at < walk.states.len() {
            let Seen { id, depth, shorter } = walk.states[at];
            let shorter = walk.states[usize::from(shorter)].id;
            let mut row = [0; LETTERS];
            for (letter, byte) in bytes.iter().enumerate() {
                let to = next(id, *byte);
                if numbers.len() <= to.as_usize() {
                    numbers.resize(to.as_usize() + 1, None);
                }
                // The first step to a state is the one along a literal: every other comes from further away.
                row[letter] = match numbers[to.as_usize()] {
                    Some(number) => number,
                    None => {
                        let number = u16::try_from(walk.states.len()).ok()?;
                        numbers[to.as_usize()] = Some(number);
                        // It is nearer, so it was seen.
                        let shorter = if depth == 0 { 0 } else { numbers[next(shorter, *byte).as_usize()]? };
                        walk.states.push(Seen { id: to, depth: depth + 1, shorter });
                        walk.ways.push((at as u16, letter as u8, number));
                        number
                    }
                };
            }
            if depth <= near {
                walk.rows.push(row);
            }
            at += 1;
        }
        Some(walk)
    }

    /// The letters that lead on from a state along a literal, and where to.
    fn ways_of(&self, number: usize) -> impl Iterator<Item = (u8, u16)> {
        let begin = self.ways.partition_point(|(from, ..)| usize::from(*from) < number);
        let own = self.ways[begin..].iter().take_while(move |(from, ..)| usize::from(*from) == number);
        own.map(|(_, letter, next)| (*letter, *next))
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

    /// How many states without a row it has.
    fn far_states<T>(search: &Search<T>) -> Option<usize> {
        match &search.steps {
            Steps::Narrow(rows) => Some(rows.far.len() - 1),
            Steps::Broad(rows) => Some(rows.far.len() - 1),
            Steps::Library(_) => None,
        }
    }

    fn is_narrow<T>(search: &Search<T>) -> bool {
        matches!(search.steps, Steps::Narrow(_))
    }

    proptest! {
        #[test]
        fn a_search_finds_its_literals_in_any_case_and_nothing_else(text in "([aAbk19_:. é-]|aab1aab|B1AABK){0,24}") {
            let far = ["aab1aab9", "ab1aab", "b1aabk-", "b1aabb", "aab1aaba"];
            let literals = ["ab", "b", "a1", "k_9", "k-", ":.", "a1:b", "é"].into_iter().chain(far).collect::<Vec<_>>();
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
            prop_assert!(is_narrow(&narrow) && far_states(&narrow) > Some(0));
            prop_assert_eq!(&hits(&narrow, &text), &naive);
            let small = Search::small(each_literal(&literals));
            prop_assert!(far_states(&small) > far_states(&narrow));
            prop_assert_eq!(&hits(&small, &text), &naive);
            // More letters than a narrow row has.
            let many: String = (0..0x80).filter(|byte: &u8| !b"1ab_9:.k-A".contains(byte)).map(char::from).collect();
            let literals: Vec<&str> = literals.iter().copied().chain([&*many]).collect();
            let broad = Search::table(each_literal(&literals));
            prop_assert!(!is_narrow(&broad) && far_states(&broad) > Some(0));
            prop_assert_eq!(&hits(&broad, &text), &naive);
        }
    }

    #[test]
    fn more_states_than_two_bytes_can_tell_apart_are_left_to_the_library() {
        let literals: Vec<String> = (0..14_000).map(|n| format!("{n:05}-word")).collect();
        let literals: Vec<&str> = literals.iter().map(String::as_str).collect();
        let few = Search::table(each_literal(&literals[..9000]));
        let many = Search::table(each_literal(&literals));
        assert!(is_narrow(&few) && far_states(&many).is_none());
        let text = "00012-WORD 08999-word";
        assert_eq!(hits(&few, text), [(10, 12), (21, 8999)]);
        assert_eq!(hits(&many, text), hits(&few, text));
    }
}
