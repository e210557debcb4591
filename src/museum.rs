//! The bug museum: faults that log shippers really had, and our own, as switches that exist in tests only.
//!
//! A test switches one on and shows that the simulation finds it; so it is known that the simulation would have.
//!
//! Invariant: outside of tests every switch is off at compile time.

/// A fault of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A file is known by its inode alone, and its content is not checked: on a reused inode reading goes on at the old
    /// offset.
    InodeAlone,
    /// A truncation that was outgrown goes unnoticed: only the size is looked at.
    SizeAloneTellsTruncation,
    /// An unfinished line counts as read.
    UnfinishedLineRead,
    /// A read that was cut short is taken for the end of the file.
    ShortReadIsEnd,
    /// Behind a line that is too long the file is given up.
    LongLineEndsFile,
    /// A rotated file is let go with bytes unread.
    RotatedFileAbandoned,
    /// A deleted file is let go when it was read, and not only when what was read is committed.
    LetGoBeforeCommit,
    /// What cannot be listed is taken for deleted, with its frontier.
    UnlistedIsDeleted,
    /// What one listing missed is taken for deleted.
    OneAbsenceIsEnough,
    /// What is hinted at with "more happened than can be told" is not looked at, and nothing is looked at unasked.
    OverflowIgnored,
    /// Timers run on the wall clock.
    #[cfg(test)]
    TimersOnWallClock,
    /// A copy of truncated content is read from its start.
    CopyReadAgain,
    /// A copy's frontier may be committed after its original's has passed into the new content.
    CopyStepLater,
    /// The frontier is committed before the rows.
    FrontierBeforeRows,
    /// A batch that failed is passed, and the frontiers are not compared.
    PassesFailedBatch,
    /// A commit whose answer was lost is tried again without a look, and the frontiers are not compared.
    RetriesUnknownCommit,
    /// A commit whose answer was lost is taken for done, and the frontiers are not compared.
    TrustsUnknownCommit,
    /// A transaction goes on to its commit after a statement in it timed out.
    CommitAfterTimeout,
    /// After a reconnect only the rows are sent again that were not sent before.
    RetriesTheRestOnly,
    /// What fails for another reason is taken for bad data.
    BusyIsBadData,
    /// A bad row is tried again for ever.
    PoisonBlocks,
    /// A quarantine record stays when its commit did not happen.
    QuarantineBeforeCommit,
    /// A file is replaced by another that is not on the disk yet.
    UnsyncedNote,
}

#[cfg(test)]
impl Piece {
    /// All of them.
    pub(crate) const ALL: [Piece; 23] = [
        Piece::InodeAlone,
        Piece::SizeAloneTellsTruncation,
        Piece::UnfinishedLineRead,
        Piece::ShortReadIsEnd,
        Piece::LongLineEndsFile,
        Piece::RotatedFileAbandoned,
        Piece::LetGoBeforeCommit,
        Piece::UnlistedIsDeleted,
        Piece::OneAbsenceIsEnough,
        Piece::OverflowIgnored,
        Piece::TimersOnWallClock,
        Piece::CopyReadAgain,
        Piece::CopyStepLater,
        Piece::FrontierBeforeRows,
        Piece::PassesFailedBatch,
        Piece::RetriesUnknownCommit,
        Piece::TrustsUnknownCommit,
        Piece::CommitAfterTimeout,
        Piece::RetriesTheRestOnly,
        Piece::BusyIsBadData,
        Piece::PoisonBlocks,
        Piece::QuarantineBeforeCommit,
        Piece::UnsyncedNote,
    ];
}

#[cfg(test)]
thread_local! {
    static SHOWN: std::cell::Cell<Option<Piece>> = const { std::cell::Cell::new(None) };
}

/// Whether a fault is switched on.
#[cfg(test)]
pub(crate) fn is(piece: Piece) -> bool {
    SHOWN.get() == Some(piece)
}

/// Whether a fault is switched on: never.
#[cfg(not(test))]
#[inline(always)]
pub(crate) const fn is(_: Piece) -> bool {
    false
}

/// Switches a fault on, or all of them off, for this thread.
#[cfg(test)]
pub(crate) fn show(piece: Option<Piece>) {
    SHOWN.set(piece);
}
