//! Many seeds, and that a seed is always the same.

use super::run::{Failure, Report, Trace, play};
use super::world::Said;

/// How many seeds a test run plays: `SEEDS`, or a few.
fn seeds(otherwise: u64) -> u64 {
    std::env::var("SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(otherwise)
}

/// Shows what the agent says among the rest of what happens.
fn with_log<T>(play: impl FnOnce() -> T) -> T {
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG).without_time().with_ansi(false);
    tracing::subscriber::with_default(log.with_target(false).with_writer(|| Said).finish(), play)
}

/// The end of a trace, and how to see all of it again.
fn explain(seed: u64) -> String {
    let Err(Failure { what, trace }) = play(seed, Trace::On) else {
        return format!("seed {seed} does not fail again: the simulation is not deterministic");
    };
    let long = std::env::var_os("SEED").is_some();
    let from = if long { 0 } else { trace.len().saturating_sub(40) };
    format!(
        "seed {seed}: {what}\n{}\nplay it again: SEED={seed} cargo test --lib sim::tests::one_seed -- --nocapture",
        trace[from..].join("\n")
    )
}

/// How many seeds may fail before no more are played.
const FAILURES_MAX: usize = 20;

/// Plays every `step`th seed of a range.
fn play_some(seeds: impl Iterator<Item = u64>) -> (Report, Vec<(u64, Failure)>) {
    let (mut sum, mut failures) = (Report::default(), Vec::new());
    for seed in seeds {
        match play(seed, Trace::Off) {
            Ok(report) => sum.add(&report),
            Err(failure) => failures.push((seed, failure)),
        }
        if failures.len() >= FAILURES_MAX {
            break;
        }
    }
    (sum, failures)
}

/// Plays the seeds of a range on all cores.
fn play_all(first: u64, count: u64) -> (Report, Vec<(u64, Failure)>) {
    let threads = std::thread::available_parallelism().map_or(2, |cores| cores.get() as u64);
    std::thread::scope(|scope| {
        let part = |thread: u64| move || play_some((first + thread..first + count).step_by(threads as usize));
        let threads: Vec<_> = (0..threads).map(|thread| scope.spawn(part(thread))).collect();
        let (mut sum, mut failures) = (Report::default(), Vec::new());
        for thread in threads {
            let (report, failed) = thread.join().expect("a simulation does not panic");
            sum.add(&report);
            failures.extend(failed);
        }
        failures.sort_by_key(|(seed, _)| *seed);
        (sum, failures)
    })
}

#[test]
fn every_line_has_one_end_whatever_happens() {
    let count = seeds(1000);
    let first = std::env::var("FIRST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let begun = std::time::Instant::now();
    let (sum, failures) = play_all(first, count);
    println!("{count} seeds from {first} in {:?}: {sum:?}", begun.elapsed());
    for (seed, failure) in &failures {
        println!("seed {seed}: {}", failure.what);
    }
    if let Some((seed, _)) = failures.first() {
        panic!("{} seeds fail\n{}", failures.len(), explain(*seed));
    }
}

#[test]
fn a_batch_that_has_come_to_its_end_leaves_its_room_to_another() {
    let (sum, failures) = play_some(0..20);
    assert!(failures.is_empty(), "{failures:?}");
    assert!(sum.rooms_given_back * 4 > sum.commits, "{sum:?}");
}

/// Plays the seed that `SEED` names, and shows all of it.
#[test]
fn one_seed() {
    let Some(seed) = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()) else { return };
    match with_log(|| play(seed, Trace::On)) {
        Ok(report) => println!("{report:?}"),
        Err(_) => panic!("{}", with_log(|| explain(seed))),
    }
}

#[test]
fn a_seed_is_played_the_same_way_every_time() {
    for seed in 0..6 {
        let (one, other) = (play(seed, Trace::On), play(seed, Trace::On));
        match (one, other) {
            (Ok(one), Ok(other)) => assert_eq!(one, other, "seed {seed}"),
            (Err(one), Err(other)) => assert_eq!(one.trace, other.trace, "seed {seed}"),
            (one, other) => panic!("seed {seed}: {one:?} and {other:?}"),
        }
    }
}

/// Seeds of campaigns that failed once.
#[test]
fn seeds_that_failed_once_do_not_any_more() {
    for seed in [
        1089, 1724, 3316, 5094, 6642, 6817, 8458, 8941, 12_984, 13_635, 13_979, 14_199, 14_360, 16_365, 16_402, 18_173,
        23_348, 25_912, 43_133, 44_430, 44_532, 51_262, 101_995, 116_857, 144_361, 284_446, 286_018, 435_582, 485_108,
        506_622, 509_175, 512_070, 526_996, 557_581, 568_426, 575_712, 650_977, 701_549, 535_215, 536_535, 554_512,
        735_799, 788_228, 918_911, 132_938, 582_415, 603_631, 618_180, 624_876,
    ] {
        if let Err(failure) = play(seed, Trace::Off) {
            panic!("{}\n{}", failure.what, explain(seed));
        }
    }
}
