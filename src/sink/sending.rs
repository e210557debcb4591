//! How the rows of one batch are sent, by what happened to the attempts before.
//!
//! As a rule all at once. When a row is refused, by halves, to find it. When the connection breaks twice in a row at the
//! same rows, in pieces that become smaller with each break: something between us and the server may not pass a packet of that size, and hangs up
//! without a word. When the server gives a reason that is not known as often as [`UNKNOWN_MAX`], by halves too: it may be
//! one row that it does not like.
//!
//! Invariant: a row is given up as refused only if the server said so of it, or if it is too large to be ordinary and the
//! connection broke at it alone [`BROKEN_MAX`] times in a row.
//! Invariant: for a reason that is not known no batch is refused as a whole: then the reason lies elsewhere. Nor is a row
//! that was not refused for it again after the server had taken another.

use std::ops::Range;

use crate::batch::Batch;
use crate::museum::{self, Piece};
use crate::sink::{Class, Error, Session};

/// How often the connection may break at one row alone before the row is the reason.
const BROKEN_MAX: u32 = 3;

/// A row of fewer bytes than this is never the reason for a broken connection.
const LARGE: usize = 64 << 10;

/// How often a batch is tried whole when the server's reason is not known.
const UNKNOWN_MAX: u32 = 4;

/// How the rows are sent next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// In pieces of at most so many rows, by the fastest method.
    Pieces(usize),
    /// By halves, to find the rows that are refused.
    Bisecting,
}

/// When a batch that failed is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Now: it is sent in another way, and the server is well.
    AtOnce,
    /// After a pause.
    Later,
}

/// Where the connection broke, and how often in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Broken {
    rows: Range<usize>,
    times: u32,
}

/// How the rows of one batch are sent.
#[derive(Debug)]
pub struct Sending {
    way: Way,
    again: Again,
    broken: Option<Broken>,
    unknown: u32,
    /// Rows that are not sent any more.
    given_up: Vec<usize>,
    /// How many rows the batch has.
    rows: usize,
    /// How many of them are not sent, and nobody is told: a fault of the museum.
    left_out: usize,
}

impl Sending {
    /// For a batch that was not sent yet.
    pub fn new(batch: &Batch) -> Self {
        Sending {
            way: Way::Pieces(batch.row_count().max(1)),
            again: Again::Later,
            broken: None,
            unknown: 0,
            given_up: Vec::new(),
            rows: batch.row_count(),
            left_out: 0,
        }
    }

    /// Leaves out the first rows, as if they were stored.
    pub(crate) fn leave_out(&mut self, rows: usize) {
        self.left_out = rows;
    }

    /// Sends the rows, and returns which cannot be stored, with the reason.
    ///
    /// # Errors
    /// The transaction must be rolled back, or its connection dropped. [`Sending::take_again`] says when to try again.
    pub async fn send<S: Session>(&mut self, session: &mut S, batch: &Batch) -> Result<Vec<(usize, Error)>, Error> {
        self.again = Again::Later;
        let mut refused: Vec<_> = self.given_up.iter().map(|row| (*row, broke_the_connection())).collect();
        match self.way {
            Way::Bisecting => refused.extend(self.bisect(session, batch).await?),
            Way::Pieces(most) => {
                let mut pieces: Vec<_> = pieces(self.rows, most, &self.given_up).collect();
                if self.rows == 0 {
                    // A session sends nothing then, but it has seen every batch whose frontiers it moves.
                    let none = 0..0;
                    pieces.push(none);
                }
                for piece in pieces {
                    let piece = piece.start.max(self.left_out.min(piece.end))..piece.end;
                    if let Err(error) = session.insert(batch, piece.clone()).await {
                        if error.class == Class::Busy && museum::is(Piece::CommitAfterTimeout) {
                            continue;
                        }
                        let largest = batch.rows(piece.clone()).map(|row| row.text_bytes()).max().unwrap_or(0);
                        self.note(&error, piece, largest);
                        return Err(error);
                    }
                }
            }
        }
        refused.sort_by_key(|(row, _)| *row);
        Ok(refused)
    }

    /// When to try again, after an attempt failed: at once only if the failure was just met in sending, and told of the rows
    /// and not of the server.
    pub fn take_again(&mut self) -> Again {
        std::mem::replace(&mut self.again, Again::Later)
    }

    /// Decides how the rows are sent next.
    fn note(&mut self, error: &Error, rows: Range<usize>, largest: usize) {
        match error.class {
            Class::Data if museum::is(Piece::PoisonBlocks) => {}
            Class::Busy if museum::is(Piece::BusyIsBadData) => {
                self.way = Way::Bisecting;
                self.again = Again::AtOnce;
            }
            Class::Data => {
                self.way = Way::Bisecting;
                self.again = Again::AtOnce;
            }
            Class::Unknown => {
                self.unknown += 1;
                if self.unknown >= UNKNOWN_MAX {
                    self.way = Way::Bisecting;
                }
            }
            Class::Connection => {
                let same = self.broken.as_ref().filter(|broken| broken.rows == rows);
                let times = same.map_or(1, |broken| broken.times + 1);
                let is_halving = matches!(self.way, Way::Pieces(most) if most < self.rows);
                if rows.len() > 1 && (times >= 2 || is_halving) {
                    self.way = Way::Pieces(rows.len().div_ceil(2));
                    // The connection was had and took other requests, so it is about these rows.
                    self.again = Again::AtOnce;
                } else if rows.len() == 1 && times >= BROKEN_MAX && largest >= LARGE {
                    self.given_up.push(rows.start);
                    self.given_up.sort_unstable();
                    self.again = Again::AtOnce;
                }
                self.broken = Some(Broken { rows, times });
            }
            Class::Busy | Class::NotTheWriter | Class::Full | Class::Schema => {}
        }
    }

    /// Halves the batch until single rows are refused: at most 2·log2(n) statements for each of them, and one more.
    async fn bisect<S: Session>(&mut self, session: &mut S, batch: &Batch) -> Result<Vec<(usize, Error)>, Error> {
        let mut refused = Vec::new();
        let mut ranges: Vec<_> = pieces(self.rows, self.rows.max(1), &self.given_up).collect();
        // The later half waits, so that rows are stored in the order of their lines.
        ranges.reverse();
        while let Some(range) = ranges.pop() {
            let error = match session.insert_atomic(batch, range.clone()).await {
                Ok(()) => continue,
                Err(error) => error,
            };
            if error.class == Class::Busy && museum::is(Piece::BusyIsBadData) {
                refused.extend(range.map(|row| (row, error.clone())));
                continue;
            }
            let refuses = match error.class {
                Class::Data => true,
                Class::Unknown => self.unknown >= UNKNOWN_MAX,
                Class::Connection | Class::Busy | Class::NotTheWriter | Class::Full | Class::Schema => false,
            };
            if !refuses {
                return Err(error);
            }
            if range.len() == 1 {
                refused.push((range.start, error));
            } else {
                let middle = range.start + range.len() / 2;
                ranges.push(middle..range.end);
                ranges.push(range.start..middle);
            }
        }
        let is_unknown = |(_, error): &&(usize, Error)| error.class == Class::Unknown;
        match refused.iter().find(is_unknown) {
            None => Ok(refused),
            // Not one row is taken: the reason is no row's.
            Some((_, error)) if refused.len() + self.given_up.len() == self.rows => Err(error.clone()),
            Some(_) => Self::try_once_more(session, batch, refused).await,
        }
    }

    /// Sends those rows again, one at a time, that were refused for a reason that is not known: it may have been none of theirs
    /// and ended before other rows were taken. Returns what is refused all the same.
    async fn try_once_more<S: Session>(
        session: &mut S,
        batch: &Batch,
        refused: Vec<(usize, Error)>,
    ) -> Result<Vec<(usize, Error)>, Error> {
        let mut still = Vec::new();
        for (row, error) in refused {
            if error.class != Class::Unknown {
                still.push((row, error));
                continue;
            }
            match session.insert_atomic(batch, row..row + 1).await {
                Ok(()) => {}
                Err(error) if matches!(error.class, Class::Data | Class::Unknown) => still.push((row, error)),
                Err(error) => return Err(error),
            }
        }
        Ok(still)
    }
}

fn broke_the_connection() -> Error {
    let what = "the connection broke each time the row was sent: it is too large for something before the server";
    Error { class: Class::Data, code: None, what: what.to_owned() }
}

/// The rows `0..count` without those given up, which are sorted, in ranges of at most `most` rows.
fn pieces(count: usize, most: usize, given_up: &[usize]) -> impl Iterator<Item = Range<usize>> {
    let ends: Vec<usize> = given_up.iter().copied().chain([count]).collect();
    let mut start = 0;
    ends.into_iter().flat_map(move |end| {
        let whole = start..end;
        start = end + 1;
        whole.clone().step_by(most).map(move |from| from..whole.end.min(from + most))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sending(rows: usize) -> Sending {
        Sending {
            way: Way::Pieces(rows),
            again: Again::Later,
            broken: None,
            unknown: 0,
            given_up: Vec::new(),
            rows,
            left_out: 0,
        }
    }

    fn error(class: Class) -> Error {
        Error { class, code: None, what: String::new() }
    }

    #[test]
    fn a_connection_lost_once_changes_nothing_and_twice_at_the_same_rows_halves_them() {
        let mut sending = sending(100);
        sending.note(&error(Class::Connection), 0..100, 10);
        assert_eq!(sending.way, Way::Pieces(100));
        sending.note(&error(Class::Connection), 0..100, 10);
        assert_eq!(sending.way, Way::Pieces(50));
        assert_eq!(sending.take_again(), Again::AtOnce);
        assert_eq!(sending.take_again(), Again::Later, "or a server that is away would be asked without a pause");
        sending.note(&error(Class::Connection), 50..100, 10);
        assert_eq!(sending.way, Way::Pieces(25), "once it has begun each break halves on");
    }

    #[test]
    fn only_a_large_row_is_given_up_for_a_lost_connection_and_only_the_third_time() {
        let mut sending = sending(1);
        (0..20).for_each(|_| sending.note(&error(Class::Connection), 0..1, LARGE - 1));
        assert!(sending.given_up.is_empty());
        sending.broken = None;
        sending.note(&error(Class::Connection), 0..1, LARGE);
        sending.note(&error(Class::Connection), 0..1, LARGE);
        assert!(sending.given_up.is_empty());
        sending.note(&error(Class::Connection), 0..1, LARGE);
        assert_eq!(sending.given_up, [0]);
    }

    #[test]
    fn refused_data_is_looked_for_at_once_and_an_unknown_reason_later() {
        let mut known = sending(10);
        known.note(&error(Class::Data), 0..10, 10);
        assert_eq!((known.way, known.take_again()), (Way::Bisecting, Again::AtOnce));
        let mut unknown = sending(10);
        for _ in 1..UNKNOWN_MAX {
            unknown.note(&error(Class::Unknown), 0..10, 10);
            assert_eq!(unknown.way, Way::Pieces(10));
        }
        unknown.note(&error(Class::Unknown), 0..10, 10);
        assert_eq!((unknown.way, unknown.take_again()), (Way::Bisecting, Again::Later));
    }

    /// A server that refuses so many statements for a reason that is not known, and these rows always.
    struct Refusing {
        statements: usize,
        rows: Vec<usize>,
        stored: Vec<usize>,
    }

    impl Session for Refusing {
        fn server(&self) -> &crate::sink::Server {
            unreachable!()
        }

        async fn frontiers(&mut self) -> Result<Vec<crate::spool::Frontier>, Error> {
            unreachable!()
        }

        async fn begin(&mut self) -> Result<(), Error> {
            unreachable!()
        }

        async fn insert(&mut self, _: &Batch, _: Range<usize>) -> Result<(), Error> {
            unreachable!()
        }

        async fn insert_atomic(&mut self, _: &Batch, rows: Range<usize>) -> Result<(), Error> {
            let refuses = self.statements > 0;
            self.statements = self.statements.saturating_sub(1);
            if refuses || self.rows.iter().any(|row| rows.contains(row)) {
                return Err(error(Class::Unknown));
            }
            self.stored.extend(rows);
            Ok(())
        }

        async fn swap(&mut self, _: &[crate::spool::Move]) -> Result<crate::sink::Swap, Error> {
            unreachable!()
        }

        async fn commit(&mut self) -> Result<(), Error> {
            unreachable!()
        }

        async fn rollback(&mut self) -> Result<(), Error> {
            unreachable!()
        }

        async fn forget(&mut self, _: &[crate::spool::FileKey]) -> Result<(), Error> {
            unreachable!()
        }

        async fn close(self) {}
    }

    /// Which of eight rows are given up, after the reason that is not known came so often that they are sent by halves.
    async fn given_up_of_eight(statements: usize, rows: &[usize]) -> Result<Vec<usize>, Error> {
        let batch = crate::sink::samples::batch(&vec![crate::sink::samples::with_long_key(1); 8]);
        let mut sending = Sending { way: Way::Bisecting, unknown: UNKNOWN_MAX, ..sending(8) };
        let mut server = Refusing { statements, rows: rows.to_vec(), stored: Vec::new() };
        let refused = sending.send(&mut server, &batch).await?;
        let refused: Vec<_> = refused.into_iter().map(|(row, _)| row).collect();
        let mut ended = [server.stored, refused.clone()].concat();
        ended.sort_unstable();
        assert_eq!(ended, (0..8).collect::<Vec<_>>(), "each row has one end");
        Ok(refused)
    }

    #[tokio::test]
    async fn a_reason_that_is_not_known_and_ends_while_its_rows_are_looked_for_costs_none() {
        for statements in 0..15 {
            assert_eq!(given_up_of_eight(statements, &[]).await, Ok(vec![]), "{statements}");
        }
        // It is refused, whatever the server has besides.
        for statements in 0..15 {
            assert_eq!(given_up_of_eight(statements, &[0, 5]).await, Ok(vec![0, 5]), "{statements}");
        }
        assert!(given_up_of_eight(usize::MAX, &[]).await.is_err(), "not one row is taken");
    }

    proptest! {
        #[test]
        fn pieces_are_all_rows_but_those_given_up_in_order(
            count in 0usize..50,
            most in 1usize..60,
            given_up in prop::collection::btree_set(0usize..50, 0..10),
        ) {
            let given_up: Vec<_> = given_up.into_iter().filter(|row| *row < count).collect();
            let pieces: Vec<_> = pieces(count, most, &given_up).collect();
            prop_assert!(pieces.iter().all(|piece| !piece.is_empty() && piece.len() <= most));
            let rows: Vec<_> = pieces.into_iter().flatten().collect();
            prop_assert_eq!(rows, (0..count).filter(|row| !given_up.contains(row)).collect::<Vec<_>>());
        }
    }
}
