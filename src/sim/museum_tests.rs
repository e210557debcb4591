//! The bug museum: with a fault of the past switched on, the simulation finds it.

use super::run::{Trace, play};
use crate::museum::{self, Piece};

/// How many seeds are played for each fault when it is looked for anew.
const SEEDS_MAX: u64 = 3000;

/// The table that says which seed finds each.
const TABLE: &str = include_str!("../../docs/reliability.md");

/// The seed that the table names for a fault; `None` when it says that none is known.
fn named(piece: Piece) -> Option<u64> {
    let start = format!("| `{piece:?}` |");
    let row = TABLE.lines().find(|line| line.starts_with(&start));
    let row = row.unwrap_or_else(|| panic!("docs/reliability.md has no row for {piece:?}"));
    let cell = row.trim_end_matches(" |").rsplit(" | ").next().expect("a row has cells");
    (cell != "none").then(|| cell.parse().unwrap_or_else(|_| panic!("no seed: {row}")))
}

/// What a seed shows with a fault switched on.
fn shown(piece: Piece, seed: u64) -> Option<String> {
    museum::show(Some(piece));
    let shown = play(seed, Trace::Off).err().map(|failure| failure.what);
    museum::show(None);
    shown
}

#[test]
fn every_piece_of_the_museum_is_found() {
    let mut missed = Vec::new();
    for piece in Piece::ALL {
        let Some(seed) = named(piece) else { continue };
        match shown(piece, seed) {
            Some(what) => println!("{piece:?}: seed {seed}: {what}"),
            None => missed.push((piece, seed)),
        }
        // Without the fault the same seed shows nothing, or it would show nothing of the fault.
        if let Err(failure) = play(seed, Trace::Off) {
            panic!("seed {seed} fails without {piece:?}: {}", failure.what);
        }
    }
    assert!(missed.is_empty(), "not found by the seeds that docs/reliability.md names: {missed:?}");
}

/// Looks for the first seed that finds each fault, or the one that `PIECE` names, for the table; it takes minutes.
#[test]
#[ignore = "takes minutes"]
fn look_for_every_piece_of_the_museum() {
    let wanted = std::env::var("PIECE").ok();
    let first = std::env::var("FIRST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let is_wanted = |piece: &Piece| wanted.as_ref().is_none_or(|wanted| format!("{piece:?}") == *wanted);
    for piece in Piece::ALL.into_iter().filter(is_wanted) {
        let found = (first..first + SEEDS_MAX).find_map(|seed| Some((seed, shown(piece, seed)?)));
        println!("{piece:?}: {found:?}");
        assert!(found.is_some(), "{piece:?} is not found by {SEEDS_MAX} seeds");
    }
}
