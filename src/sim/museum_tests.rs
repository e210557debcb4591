//! The bug museum: with a fault of the past switched on, the simulation finds it, and within how many seeds.

use super::run::{Trace, play};
use crate::museum::{self, Piece};

/// Within how many seeds each fault must be found.
const SEEDS_MAX: u64 = 400;

/// The first seed that finds a fault, counted from one, and what it says.
fn found(piece: Piece) -> Option<(u64, String)> {
    museum::show(Some(piece));
    let found = (0..SEEDS_MAX).find_map(|seed| Some((seed + 1, play(seed, Trace::Off).err()?.what)));
    museum::show(None);
    found
}

#[test]
fn every_piece_of_the_museum_is_found() {
    let mut missed = Vec::new();
    for piece in Piece::ALL {
        match found(piece) {
            Some((seeds, what)) => println!("| {piece:?} | {seeds} | {what} |"),
            None => missed.push(piece),
        }
    }
    assert!(missed.is_empty(), "not found within {SEEDS_MAX} seeds: {missed:?}");
}
