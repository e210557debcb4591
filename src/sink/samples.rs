//! Rows and moves that every database has to take alike, with what must be found in it afterwards.
//!
//! Invariant: what is expected is written out, not computed by the code under test.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::batch::{Batch, OriginRef};
use crate::record::{Severity, Timestamp};
use crate::row::Row;
use crate::sink::{Session, Swap};
use crate::spool::{FileKey, Frontier, Marker, Move, Position};

/// The columns of a stored row as text, in the order of `COLUMNS`.
pub(crate) type Stored = [Option<String>; 9];

/// A row with an event key of that many characters and nothing else.
pub(crate) fn with_long_key(characters: usize) -> Row<'static> {
    Row {
        event_key: Cow::Owned("ä".repeat(characters)),
        severity: Severity::Info,
        actor_admin_id: None,
        ip_address: None,
        user_agent: None,
        route_name: None,
        request_id: None,
        metadata: None,
        created_at: Timestamp(0),
    }
}

/// Rows that are hard to store.
pub(crate) fn rows() -> (Vec<Row<'static>>, Vec<Stored>) {
    let exact = r#"{"n":12345678901234567890.123456789012345678,"b":1,"a":"\u0000\\ü","a":[null,1e400,-0]}"#;
    let big = format!("[\"{}\"]", "x😀'\\\\".repeat(40_000));
    let rows = vec![
        Row {
            event_key: "auth.login.attempt".into(),
            severity: Severity::Warning,
            actor_admin_id: Some(42),
            ip_address: Some("192.0.2.7".parse().unwrap()),
            user_agent: Some("Mozilla/5.0 'ü' \\ 😀 \u{7} \"quoted\"; -- x".into()),
            route_name: Some("/naïve/漢字".into()),
            request_id: Some("r-1".into()),
            metadata: Some(exact.into()),
            created_at: Timestamp(1_700_000_000_123_456),
        },
        with_long_key(255),
        Row {
            event_key: "extremes".into(),
            severity: Severity::Debug,
            actor_admin_id: Some(i128::from(i32::MIN)),
            ip_address: Some("2001:db8::1".parse().unwrap()),
            user_agent: Some("".into()),
            route_name: Some(" blanks ".into()),
            request_id: Some("%s?".into()),
            metadata: Some("null".into()),
            created_at: Timestamp(-1),
        },
        Row {
            event_key: "big".into(),
            severity: Severity::Error,
            actor_admin_id: Some(i128::from(i32::MAX)),
            ip_address: Some("::ffff:192.0.2.7".parse().unwrap()),
            user_agent: None,
            route_name: Some("\u{10ffff}\t\r\n".into()),
            request_id: None,
            metadata: Some(big.clone().into()),
            created_at: Timestamp(253_402_300_799_999_999),
        },
    ];
    let key = "ä".repeat(255);
    let want = [
        [
            Some("auth.login.attempt"),
            Some("warning"),
            Some("42"),
            Some("192.0.2.7"),
            Some("Mozilla/5.0 'ü' \\ 😀 \u{7} \"quoted\"; -- x"),
            Some("/naïve/漢字"),
            Some("r-1"),
            Some(exact),
            Some("2023-11-14 22:13:20.123456"),
        ],
        [Some(&key), Some("info"), None, None, None, None, None, None, Some("1970-01-01 00:00:00.000000")],
        [
            Some("extremes"),
            Some("debug"),
            Some("-2147483648"),
            Some("2001:db8::1"),
            Some(""),
            Some(" blanks "),
            Some("%s?"),
            Some("null"),
            Some("1969-12-31 23:59:59.999999"),
        ],
        [
            Some("big"),
            Some("error"),
            Some("2147483647"),
            Some("::ffff:192.0.2.7"),
            None,
            Some("\u{10ffff}\t\r\n"),
            None,
            Some(&big),
            Some("9999-12-31 23:59:59.999999"),
        ],
    ];
    (rows, want.map(|row| row.map(|part| part.map(str::to_owned))).to_vec())
}

/// A batch of `rows`.
pub(crate) fn batch(rows: &[Row<'_>]) -> Batch {
    let mut batch = Batch::new(0, 0, Instant::now());
    let path: Arc<Path> = Path::new("/spool/a.ndjson").into();
    for row in rows {
        batch.push(OriginRef { path: &path, offset: 0, length: 1 }, row);
    }
    batch
}

/// A file.
pub(crate) fn key(inode: u64) -> FileKey {
    FileKey { device: 0xfd00, inode, birth: 1_700_000_000_000_000_000 }
}

/// A place in a file of the first generation.
pub(crate) fn at(offset: u64) -> Position {
    Position { generation: 0, offset, marker: Marker(offset ^ 0x0123_4567_89ab_cdef) }
}

/// A step of a file's frontier.
pub(crate) fn step(inode: u64, from: Option<u64>, to: u64) -> Move {
    Move { file: key(inode), path: Path::new("/spool/ä.ndjson").into(), from: from.map(at), to: at(to) }
}

/// Moves frontiers to and fro, and checks what becomes of each swap and where the frontiers are in the end.
pub(crate) async fn check_swaps(session: &mut impl Session) {
    for (moves, want) in swaps() {
        session.begin().await.unwrap();
        assert_eq!(session.swap(&moves).await, Ok(want), "{moves:?}");
        match want {
            Swap::Done => session.commit().await.unwrap(),
            Swap::Elsewhere => session.rollback().await.unwrap(),
        }
    }
    let mut frontiers = just_moved(session.frontiers().await.unwrap());
    frontiers.sort_by_key(|frontier| frontier.file);
    assert_eq!(frontiers, frontiers_after_swaps());
}

/// Swaps to try one after the other, each a transaction, with what must become of it.
fn swaps() -> Vec<(Vec<Move>, Swap)> {
    let other_generation = Position { generation: 1, ..at(15) };
    let rewritten = Move { from: Some(at(15)), to: other_generation, ..step(1, None, 0) };
    let stale_generation = Move { to: at(40), ..rewritten.clone() };
    let other_marker = Position { marker: Marker(u64::MAX), ..other_generation };
    let marked =
        Move { from: Some(other_marker), to: Position { offset: 16, ..other_generation }, ..rewritten.clone() };
    vec![
        (vec![], Swap::Done),
        (vec![step(2, Some(0), 5)], Swap::Elsewhere),
        (vec![step(2, None, 20), step(1, None, 10)], Swap::Done),
        (vec![step(1, None, 10)], Swap::Elsewhere),
        (vec![step(3, None, 30), step(1, None, 10)], Swap::Elsewhere),
        (vec![step(1, Some(9), 15)], Swap::Elsewhere),
        (vec![step(2, Some(20), 25), step(1, Some(9), 15)], Swap::Elsewhere),
        (vec![step(2, Some(20), 25), step(3, None, 30), step(1, Some(10), 15)], Swap::Done),
        (vec![rewritten], Swap::Done),
        (vec![stale_generation], Swap::Elsewhere),
        (vec![marked], Swap::Done),
    ]
}

/// Where [`swaps`] must leave the frontiers, in the order of the files.
pub(crate) fn frontiers_after_swaps() -> Vec<Frontier> {
    let frontier =
        |inode, position| Frontier {
            file: key(inode), path: "/spool/ä.ndjson".into(), position, idle: Duration::ZERO
        };
    let first = Position { generation: 1, offset: 16, marker: at(15).marker };
    vec![frontier(1, first), frontier(2, at(25)), frontier(3, at(30))]
}

/// Frontiers that were moved just now, as if no time had passed since.
pub(crate) fn just_moved(frontiers: Vec<Frontier>) -> Vec<Frontier> {
    let now = |frontier: Frontier| {
        assert!(frontier.idle < Duration::from_secs(60), "{frontier:?}");
        Frontier { idle: Duration::ZERO, ..frontier }
    };
    frontiers.into_iter().map(now).collect()
}
