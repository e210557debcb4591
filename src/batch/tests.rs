//! What a batch keeps, and when it is full.

use super::*;
use crate::record::{Severity, Timestamp};
use crate::sink::samples::{batch, with_long_key};
use crate::spool::{Marker, Position};

const LIMITS: Limits =
    Limits { lines_max: 100, bytes_max: 1 << 20, memory_max: 4 << 20, wait_max: Duration::from_secs(1) };

fn rows(count: usize, characters: usize) -> Batch {
    // Two bytes each.
    batch(&vec![with_long_key(characters); count])
}

#[test]
fn a_batch_is_full_by_its_lines_its_bytes_or_its_memory() {
    assert!(!rows(99, 1).is_full(&LIMITS));
    assert!(rows(100, 1).is_full(&LIMITS));
    assert!(!rows(9, 50 << 10).is_full(&LIMITS));
    assert!(rows(11, 50 << 10).is_full(&LIMITS));
    // What is known of a row beside its texts counts, and so do the copies of the largest line on its way.
    let many = Limits { lines_max: usize::MAX, memory_max: 1 << 20, ..LIMITS };
    let kept = (1 << 20) / size_of::<Kept>();
    assert!(kept < 12_000, "{kept} rows of next to nothing fill a MiB");
    assert!(rows(kept + 1, 1).is_full(&many));
    assert!(!rows(kept / 2, 1).is_full(&many));
    assert!(rows(1, 110 << 10).is_full(&many));
    assert!(!rows(1, 90 << 10).is_full(&many));
}

#[test]
fn a_share_is_of_the_lines_and_of_the_bytes_and_never_nothing() {
    let half = LIMITS.scaled(0.5);
    assert_eq!((half.lines_max, half.bytes_max, half.memory_max), (50, 512 << 10, 4 << 20));
    assert_eq!(LIMITS.scaled(1.0), LIMITS);
    assert_eq!(LIMITS.scaled(0.000_001).lines_max, 1);
    assert_eq!(rows(50, 1).share_of(&LIMITS), 0.5);
    assert!((0.97..0.98).contains(&rows(10, 50 << 10).share_of(&LIMITS)));
}

#[test]
fn what_is_let_go_of_many_files_takes_memory_too() {
    let limits = Limits { lines_max: usize::MAX, memory_max: 1 << 20, ..LIMITS };
    let mut lost = Batch::new(0, 0, Instant::now());
    let mut files = 0;
    while !lost.is_full(&limits) {
        files += 1;
        let line = Lost { offset: 0, length: 9, severity: Severity::Debug, created_at: None };
        lost.let_go(&Arc::from(Path::new(&format!("/{files}"))), Reason::MaxAge, line);
    }
    assert!((100..1000).contains(&files), "{files} files");
    assert_eq!(lost.share_of(&limits), 0.0);
    lost.close("agent", Timestamp(7));
    assert!(lost.memory() <= 2 << 20, "{} bytes", lost.memory());
}

#[test]
fn rows_come_out_as_they_went_in() {
    let actors = [None, Some(0), Some(-1), Some(i128::from(i64::MIN)), Some(i128::from(u64::MAX))];
    let some = |text: &'static str| Some(text.into());
    let rows = actors.map(|actor_admin_id| Row {
        event_key: "key".into(),
        severity: Severity::Error,
        actor_admin_id,
        ip_address: None,
        user_agent: actor_admin_id.and(some("")),
        route_name: None,
        request_id: some("id"),
        metadata: actor_admin_id.is_none().then_some("{}".into()),
        created_at: Timestamp(9),
    });
    let paths = ["/a", "/a", "/b", "/a", "/b"].map(Path::new);
    let [a, b] = [paths[0], paths[2]].map(Arc::<Path>::from);
    let mut batch = Batch::new(0, 0, Instant::now());
    for (n, row) in rows.iter().enumerate() {
        let path = if *paths[n] == *a { &a } else { &b };
        batch.push(OriginRef { path, offset: n as u64, length: 1 }, row);
    }
    for (n, (row, kept)) in rows.iter().zip(batch.rows(0..rows.len())).enumerate() {
        let Origin { path, offset, length } = kept.origin.to_origin();
        assert_eq!((&*path, offset, length), (paths[n], n as u64, 1));
        assert_eq!(kept.event_key, "key");
        assert_eq!((kept.severity, kept.actor_admin_id), (row.severity, row.actor_admin_id));
        assert_eq!((kept.user_agent, kept.route_name), (row.user_agent.as_deref(), None));
        assert_eq!((kept.request_id, kept.metadata), (Some("id"), row.metadata.as_deref()));
        assert_eq!((kept.ip_address, kept.created_at), (None, Timestamp(9)));
    }
    let texts: Vec<usize> = batch.rows(0..2).map(|row| row.text_bytes()).collect();
    assert_eq!(texts, [7, 5]);
}

#[test]
fn a_batch_takes_the_room_of_another_unless_that_is_far_too_large() {
    let small = rows(100, 1000);
    let first = small.next(None, small.first_read);
    assert!(first.text.capacity() >= small.text.len() && first.rows.capacity() >= 100);
    assert_eq!((first.row_count(), first.sequence), (0, small.sequence + 1));
    let (text, kept) = (first.text.as_ptr(), first.rows.as_ptr());
    let second = small.next(Some(first.into_room()), small.first_read);
    assert_eq!((second.text.as_ptr(), second.rows.as_ptr()), (text, kept));
    let large = rows(100, 100_000);
    let third = small.next(Some(large.into_room()), small.first_read);
    assert!(third.text.capacity() < 1 << 20, "{}", third.text.capacity());
    let mut used = rows(3, 10);
    used.text.reserve(1 << 20);
    used.shrink();
    assert!(used.text.capacity() < 1000 && used.row_count() == 3);
}

fn at(offset: u64) -> Position {
    Position { generation: 0, offset, marker: Marker(offset) }
}

fn step(from: u64, to: u64) -> Move {
    let file = FileKey { device: 1, inode: 2, birth: 3 };
    Move { file, path: Arc::from(Path::new("/a")), from: Some(at(from)), to: at(to) }
}

#[test]
fn lines_let_go_are_lines_and_their_declarations_are_rows_of_its_own() {
    let limits = Limits { lines_max: 2, ..LIMITS };
    let mut batch = Batch::new(0, 0, Instant::now());
    let (one, other): (Arc<Path>, Arc<Path>) = (Arc::from(Path::new("/a")), Arc::from(Path::new("/b")));
    for n in 0..30 {
        let created_at = Some(Timestamp(0));
        let line = Lost { offset: 10 * n, length: 9, severity: Severity::Debug, created_at };
        batch.let_go(if n < 20 { &one } else { &other }, Reason::MaxAge, line);
    }
    batch.advance(step(0, 100));
    batch.pass(step(100, 300));
    assert_eq!(batch.moves(), [step(0, 300)]);
    assert_eq!(batch.backlog_bytes(), 100, "what was let go is no backlog");
    assert_eq!((batch.line_count(), batch.row_count()), (30, 0));
    assert!(!batch.is_full(&limits), "they take no room");
    batch.close("agent", Timestamp(7));
    assert_eq!((batch.line_count(), batch.row_count(), batch.line_row_count()), (30, 2, 0));
    assert!(batch.rows(0..2).all(|row| row.source == Source::Own && row.event_key == crate::shed::EVENT_KEY));
    let lost: Vec<_> = batch.lost().map(|(reason, tally)| (reason, tally.lines())).collect();
    assert_eq!(lost, [(Reason::MaxAge, 20), (Reason::MaxAge, 10)]);
}
