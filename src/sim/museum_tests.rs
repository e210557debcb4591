//! The bug museum: with a fault of the past switched on, the simulation finds it, and within how many seeds.

use super::run::{Trace, play};
use super::tests::KNOWN;
use crate::museum::{self, Piece};

/// How many seeds are played for each fault.
const SEEDS_MAX: u64 = 400;

/// The table that says within how many seeds each is found.
const TABLE: &str = include_str!("../../docs/reliability.md");

/// What the table says of a fault.
fn promised(piece: Piece) -> u64 {
    let start = format!("| `{piece:?}` |");
    let row = TABLE.lines().find(|line| line.starts_with(&start));
    let row = row.unwrap_or_else(|| panic!("docs/reliability.md has no row for {piece:?}"));
    let cell = row.trim_end_matches(" |").rsplit(" | ").next().expect("a row has cells");
    cell.parse().unwrap_or_else(|_| panic!("no number of seeds: {row}"))
}

/// The first seed that finds a fault, counted from one, and what it says.
fn found(piece: Piece) -> Option<(u64, String)> {
    museum::show(Some(piece));
    let found = (0..SEEDS_MAX)
        .filter(|seed| !KNOWN.contains(seed))
        .find_map(|seed| Some((seed + 1, play(seed, Trace::Off).err()?.what)));
    museum::show(None);
    found
}

#[test]
fn every_piece_of_the_museum_is_found() {
    let mut missed = Vec::new();
    for piece in Piece::ALL {
        match found(piece) {
            Some((seeds, what)) => {
                println!("{piece:?}: seed {seeds}: {what}");
                if seeds > promised(piece) {
                    missed.push((piece, seeds));
                }
            }
            None => missed.push((piece, SEEDS_MAX + 1)),
        }
    }
    assert!(missed.is_empty(), "found later than docs/reliability.md says: {missed:?}");
}
