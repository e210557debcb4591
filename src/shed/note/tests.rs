use super::*;
use crate::record::{Severity, Timestamp};
use crate::shed::Lost;

fn key(inode: u64) -> FileKey {
    FileKey { device: 1, inode, birth: 3 }
}

fn at(generation: u32, offset: u64) -> Position {
    Position { generation, offset, marker: Marker(offset) }
}

fn step(inode: u64, from: Option<Position>, to: Position) -> Move {
    Move { file: key(inode), path: Arc::from(Path::new("/spool/a")), from, to }
}

/// So many lines of 10 bytes from `from` on.
fn tally(from: u64, lines: u64) -> Tally {
    let mut tally = Tally::default();
    for n in 0..lines {
        let severity = Severity::Debug;
        tally.add(Lost { offset: from + 10 * n, length: 9, severity, created_at: Some(Timestamp(0)) });
    }
    tally
}

fn frontiers(all: &[(u64, Position)]) -> HashMap<FileKey, Position> {
    all.iter().map(|(inode, position)| (key(*inode), *position)).collect()
}

/// A note of 10 lines in doubt and 20 let go behind them.
fn noted() -> Note {
    let mut note = Note::default();
    note.extend(
        &step(1, Some(at(0, 100)), at(0, 200)),
        Reason::MaxBacklogBytes,
        tally(100, 10),
        Certainty::InDoubt,
        Vec::new,
    );
    note.extend(
        &step(1, Some(at(0, 200)), at(0, 300)),
        Reason::MaxBacklogBytes,
        tally(200, 10),
        Certainty::LetGo,
        Vec::new,
    );
    note.extend(
        &step(1, Some(at(0, 300)), at(0, 400)),
        Reason::MaxBacklogBytes,
        tally(300, 10),
        Certainty::LetGo,
        Vec::new,
    );
    note
}

fn lines(passed: &[Passed]) -> Vec<(Reason, u64)> {
    let declarations = passed.iter().flat_map(|passed| &passed.declarations);
    declarations.map(|declaration| (declaration.reason, declaration.tally.lines())).collect()
}

#[test]
fn a_passage_that_begins_at_the_frontier_is_declared_whole() {
    let mut note = noted();
    let passed = note.reconcile(&frontiers(&[(1, at(0, 100))]), |_| Vec::new());
    assert_eq!(passed.len(), 1);
    assert_eq!(passed[0].step, step(1, Some(at(0, 100)), at(0, 400)));
    assert_eq!(lines(&passed), [(Reason::MaxBacklogBytes, 30)]);
    assert_eq!(passed[0].no_longer_in_doubt, [(Reason::MaxBacklogBytes, tally(100, 10))]);
    assert!(!note.is_empty(), "it stays until it is committed");
    assert_eq!(note.committed(&[step(1, Some(at(0, 100)), at(0, 450))]), Changed::Yes);
    assert!(note.is_empty());
}

#[test]
fn a_commit_in_doubt_that_happened_is_no_loss() {
    let mut note = noted();
    let passed = note.reconcile(&frontiers(&[(1, at(0, 200))]), |_| Vec::new());
    assert_eq!(passed[0].step, step(1, Some(at(0, 200)), at(0, 400)));
    assert_eq!(lines(&passed), [(Reason::MaxBacklogBytes, 20)]);
    assert_eq!(passed[0].no_longer_in_doubt, []);
}

#[test]
fn what_the_frontier_has_passed_was_declared() {
    for reached in [at(0, 400), at(0, 500), at(1, 0)] {
        let mut note = noted();
        assert_eq!(note.reconcile(&frontiers(&[(1, reached)]), |_| Vec::new()), []);
        assert!(note.is_empty());
    }
}

#[test]
fn where_the_frontier_stands_elsewhere_the_lines_are_read_again() {
    for elsewhere in [Some(at(0, 50)), Some(at(0, 250)), Some(at(0, 350)), None] {
        let mut note = noted();
        let known: Vec<_> = elsewhere.into_iter().map(|position| (1, position)).collect();
        assert_eq!(note.reconcile(&frontiers(&known), |_| Vec::new()), []);
        assert!(note.has_misfits());
        assert_eq!(note.take_misfits(|_| true, HashMap::new()), []);
        assert!(note.is_empty());
    }
}

#[test]
fn of_a_file_that_is_gone_everything_behind_the_frontier_is_declared() {
    #[track_caller]
    fn check(frontier: Option<Position>, want: &[(Reason, u64)]) {
        let mut note = noted();
        let known: Vec<_> = frontier.into_iter().map(|position| (1, position)).collect();
        assert_eq!(note.reconcile(&frontiers(&known), |_| Vec::new()), []);
        let passed = note.take_misfits(|_| false, HashMap::new());
        assert_eq!(passed[0].step, step(1, frontier, at(0, 400)));
        assert_eq!(lines(&passed), want);
        note.committed(&[passed[0].step.clone()]);
        assert!(note.is_empty());
    }
    check(Some(at(0, 150)), &[(Reason::Vanished, 0), (Reason::MaxBacklogBytes, 20)]);
    check(Some(at(0, 350)), &[(Reason::Vanished, 0)]);
    check(Some(at(0, 50)), &[(Reason::Vanished, 0), (Reason::MaxBacklogBytes, 30)]);
    check(None, &[(Reason::MaxBacklogBytes, 30)]);
}

#[test]
fn what_was_read_again_before_its_file_was_gone_is_not_declared() {
    let mut note = noted();
    assert_eq!(note.reconcile(&frontiers(&[(1, at(0, 150))]), |_| Vec::new()), []);
    // Which files are there is not known yet: the directory cannot be listed. But the file is open, and read.
    assert_eq!(note.committed(&[step(1, Some(at(0, 150)), at(0, 250))]), Changed::No);
    assert_eq!(note.committed(&[step(1, Some(at(0, 250)), at(0, 400))]), Changed::Yes);
    assert_eq!(note.take_misfits(|_| false, HashMap::new()), []);
    assert!(note.is_empty());
}

#[test]
fn a_passage_leads_through_replaced_content() {
    let mut note = noted();
    note.extend(&step(1, Some(at(0, 400)), at(1, 50)), Reason::MaxAge, tally(0, 5), Certainty::LetGo, Vec::new);
    let passed = note.reconcile(&frontiers(&[(1, at(0, 200))]), |_| Vec::new());
    assert_eq!(lines(&passed), [(Reason::MaxBacklogBytes, 20), (Reason::MaxAge, 5)]);
    assert_eq!(note.committed(&[step(1, Some(at(0, 200)), at(0, 450))]), Changed::No);
    assert_eq!(note.committed(&[step(1, Some(at(0, 200)), at(1, 50))]), Changed::Yes);
}

#[test]
fn gaps_are_declared_by_their_number() {
    let gap = |from| Declaration {
        path: "/spool/a".to_owned(),
        reason: Reason::Vanished,
        tally: Tally::of_bytes(from, from + 1),
    };
    let mut note = Note::default();
    note.add_gap(gap(1));
    let declared = |number| HashMap::from([(GAPS, gaps_position(number))]);
    // A note that was lost does not know how many were declared before.
    note.reconcile(&declared(5), |_| Vec::new());
    note.add_gap(gap(2));
    assert_eq!(note.gaps_from(5, 9), [gap(1), gap(2)]);
    assert_eq!(note.gaps_from(6, 9), [gap(2)]);
    assert_eq!(note.gaps_from(5, 1), [gap(1)]);
    note.reconcile(&declared(6), |_| Vec::new());
    assert_eq!(note.gaps_from(6, 9), [gap(2)]);
    let gaps = Move { file: GAPS, path: Arc::from(Path::new("")), from: None, to: gaps_position(7) };
    assert_eq!(note.committed(&[gaps]), Changed::Yes);
    assert!(note.is_empty());
    assert_eq!(note.gaps_from(7, 9), []);
}

#[test]
fn the_file_holds_what_was_noted_and_goes_when_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let state = Arc::new(StateDirectory::open(&folder.path().join("state")).unwrap());
    let open = |agent: &str| NoteFile::open(Arc::clone(&state), agent.to_owned()).unwrap();
    let mut file = open("a");
    file.change(|note| {
        *note = noted();
        note.gaps_before = Some(3);
        note.add_gap(Declaration { path: "/b".to_owned(), reason: Reason::Vanished, tally: Tally::of_bytes(1, 2) });
    })
    .unwrap();
    assert_eq!(open("a").note(), file.note());
    assert!(open("b").note().is_empty(), "the note of another agent is not believed");
    let content = state.read(FILE).unwrap().unwrap();
    for index in 0..content.len() {
        let mut damaged = content.clone();
        damaged[index] ^= 1;
        assert_eq!(Note::decode(&damaged, "a"), None, "byte {index}");
        assert_eq!(Note::decode(&content[..index], "a"), None, "torn at {index}");
    }
    file.change(|note| *note = Note::default()).unwrap();
    assert_eq!(state.read(FILE).unwrap(), None);
}

#[test]
fn a_note_that_cannot_be_written_is_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let state = Arc::new(StateDirectory::open(&folder.path().join("state")).unwrap());
    let mut file = NoteFile::open(Arc::clone(&state), "a".to_owned()).unwrap();
    std::fs::create_dir(state.path().join("shed.new")).unwrap();
    file.change(|note| *note = noted()).unwrap_err();
    assert!(file.note().is_empty());
}

/// A note of a copy without a frontier, and of its original that went on into new content behind the frontier at 100.
fn noted_of_copy() -> Note {
    let mut note = Note::default();
    let original = step(1, Some(at(0, 100)), at(1, 50));
    let copy = Move { path: Arc::from(Path::new("/spool/a.1")), ..step(2, None, at(0, 300)) };
    note.extend(&original, Reason::MaxAge, tally(0, 5), Certainty::LetGo, Vec::new);
    note.extend(&copy, Reason::MaxAge, tally(100, 20), Certainty::LetGo, || vec![(key(1), at(0, 100))]);
    note
}

#[test]
fn a_copy_is_declared_before_its_original_goes_on() {
    let mut note = noted_of_copy();
    let passed = note.reconcile(&frontiers(&[(1, at(0, 100))]), |_| vec![(key(1), at(0, 100))]);
    let files: Vec<FileKey> = passed.iter().map(|passed| passed.step.file).collect();
    assert_eq!(files, [key(2), key(1)]);
    assert_eq!(lines(&passed), [(Reason::MaxAge, 20), (Reason::MaxAge, 5)]);
}

#[test]
fn of_a_copy_whose_original_stands_elsewhere_the_lines_are_read_again() {
    let mut note = noted_of_copy();
    let originals = |path: &Path| if path == Path::new("/spool/a.1") { vec![(key(1), at(0, 200))] } else { Vec::new() };
    assert_eq!(note.reconcile(&frontiers(&[(1, at(0, 200))]), originals), []);
    assert_eq!(note.take_misfits(|_| true, HashMap::new()), []);
    assert!(note.is_empty());
}

#[test]
fn by_its_new_name_a_file_is_held_against_what_stood_there_then() {
    let mut note = Note::default();
    let first = step(2, None, at(0, 200));
    let renamed = Move { path: Arc::from(Path::new("/spool/a.1")), ..step(2, Some(at(0, 200)), at(0, 300)) };
    let other = || vec![(key(1), at(0, 100))];
    note.extend(&first, Reason::MaxAge, tally(0, 20), Certainty::LetGo, Vec::new);
    note.extend(&renamed, Reason::MaxAge, tally(200, 10), Certainty::LetGo, other);
    let passed = note.reconcile(&frontiers(&[(1, at(0, 100))]), |_| other());
    assert_eq!(lines(&passed), [(Reason::MaxAge, 30)]);
    assert!(!note.has_misfits());
}

#[test]
fn what_the_database_has_confirmed_is_not_doubted_when_its_original_goes_on() {
    let mut note = noted_of_copy();
    let known = |position| move |_: &Path| vec![(key(1), position)];
    assert_eq!(note.reconcile(&frontiers(&[(1, at(0, 100))]), known(at(0, 100))).len(), 2);
    // The original's passage is committed, then the connection is lost.
    note.committed(&[step(1, Some(at(0, 100)), at(1, 50))]);
    let again = note.reconcile(&frontiers(&[(1, at(1, 50))]), known(at(1, 50)));
    assert_eq!(lines(&again), [(Reason::MaxAge, 20)]);
    assert!(!note.has_misfits());
}

#[test]
fn of_a_file_that_is_gone_the_copy_that_is_there_is_read() {
    let mut note = Note::default();
    let of = ContentKey { file: key(1), generation: 0 };
    note.extend(&step(1, None, at(0, 200)), Reason::MaxAge, tally(0, 20), Certainty::LetGo, Vec::new);
    note.extend(&step(1, Some(at(0, 200)), at(1, 30)), Reason::MaxAge, tally(0, 3), Certainty::LetGo, Vec::new);
    note.extend_copy(&step(2, None, at(0, 150)), Reason::MaxAge, of, Vec::new);
    // The database knows the original, and elsewhere.
    let frontiers = frontiers(&[(1, at(0, 40))]);
    assert!(note.reconcile(&frontiers, |_| vec![(key(1), at(0, 40))]).is_empty());
    let passed = note.take_misfits(|file| *file == key(2), HashMap::new());
    assert_eq!(lines(&passed), [(Reason::Vanished, 0), (Reason::MaxAge, 3)]);
    assert_eq!(passed[0].declarations[0].tally, Tally::of_bytes(150, 200));
}

/// A note of a file that was let go up to these places, ten bytes a line, for one reason and another in turn; the database
/// turns out to have it committed up to 40 by a commit that nobody knew of.
fn noted_up_to(ends: &[u64]) -> Note {
    let mut note = Note::default();
    let mut from: Option<Position> = None;
    for (end, reason) in ends.iter().zip([Reason::MaxAge, Reason::MaxBacklogBytes].into_iter().cycle()) {
        let start = from.map_or(0, |from| from.offset);
        let lines = tally(start, (end - start) / 10);
        note.extend(&step(1, from, at(0, *end)), reason, lines, Certainty::LetGo, Vec::new);
        from = Some(at(0, *end));
    }
    assert!(note.reconcile(&frontiers(&[(1, at(0, 40))]), |_| Vec::new()).is_empty());
    note
}

/// A copy of that file's content was found, so long.
fn copied_up_to(end: u64) -> HashMap<ContentKey, u64> {
    HashMap::from([(ContentKey { file: key(1), generation: 0 }, end)])
}

#[test]
fn of_a_file_that_is_gone_no_more_is_declared_than_what_was_not_committed() {
    let passed = noted_up_to(&[200, 300]).take_misfits(|_| false, HashMap::new());
    assert_eq!(lines(&passed), [(Reason::Vanished, 0), (Reason::MaxBacklogBytes, 10)]);
    assert_eq!(passed[0].declarations[0].tally, Tally::of_bytes(40, 200));
}

#[test]
fn a_copy_that_was_only_found_counts_as_one_that_was_noted() {
    let mut note = noted_up_to(&[100, 200, 300]);
    let ends: Vec<Position> = note.misfits().map(|(.., position)| position).collect();
    assert_eq!(ends, [at(0, 100), at(0, 200), at(0, 300)]);
    let passed = note.take_misfits(|_| false, copied_up_to(150));
    // What the copy has is read there; of the part that it has in part, the rest is gone; of the last one it has nothing.
    assert_eq!(lines(&passed), [(Reason::Vanished, 0), (Reason::MaxAge, 10)]);
    assert_eq!(passed[0].declarations[0].tally, Tally::of_bytes(150, 200));
}

#[test]
fn the_frontier_of_a_file_that_is_gone_does_not_say_that_its_copy_was_read() {
    let mut note = noted_up_to(&[300]);
    let passed = note.take_misfits(|_| false, copied_up_to(200));
    assert_eq!(passed[0].step.to, Position { generation: 1, ..Position::start() });
    // The same after the connection was lost before that was committed.
    let again = note.reconcile(&frontiers(&[(1, at(0, 40))]), |_| Vec::new());
    assert_eq!(again[0].step, passed[0].step);
    assert_eq!(again[0].declarations, passed[0].declarations);
    note.committed(&[again[0].step.clone()]);
    assert!(note.is_empty());
}

#[test]
fn a_copy_is_read_again_with_what_it_is_the_copy_of() {
    let mut note = Note::default();
    let of = ContentKey { file: key(1), generation: 0 };
    note.extend(&step(1, Some(at(0, 10)), at(0, 200)), Reason::MaxAge, tally(10, 19), Certainty::LetGo, Vec::new);
    note.extend_copy(&step(2, None, at(0, 150)), Reason::MaxAge, of, Vec::new);
    note.extend(&step(2, Some(at(0, 150)), at(0, 300)), Reason::MaxAge, tally(150, 15), Certainty::LetGo, Vec::new);
    // The original's passage begins elsewhere, so the beginning of the copy has no end by it.
    assert_eq!(note.reconcile(&frontiers(&[(1, at(0, 40))]), |_| Vec::new()), []);
    assert_eq!(note.take_misfits(|_| true, HashMap::new()), []);
    assert!(note.is_empty());
}

#[test]
fn what_is_guessed_of_a_file_that_is_gone_stays_a_guess_until_it_is_declared_or_forgotten() {
    let mut note = noted();
    let known = frontiers(&[(1, at(0, 150))]);
    assert_eq!(note.reconcile(&known, |_| Vec::new()), []);
    let guessed = note.take_misfits(|_| false, HashMap::new());
    assert_eq!(guessed[0].sureness, Sureness::Guessed);

    let mut note = Note::decode(&note.encode("here"), "here").unwrap();
    let again = note.reconcile(&known, |_| Vec::new());
    assert_eq!(
        (&again[0].step, lines(&again), again[0].sureness),
        (&guessed[0].step, lines(&guessed), Sureness::Guessed)
    );
    note.forget_guess(key(1));
    assert!(note.is_empty(), "it came back, and is read from its frontier");

    let mut note = noted();
    let sure = note.reconcile(&frontiers(&[(1, at(0, 100))]), |_| Vec::new());
    assert_eq!(sure[0].sureness, Sureness::Sure);
    note.forget_guess(key(1));
    assert!(!note.is_empty(), "what is sure is no guess");
}
