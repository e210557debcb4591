//! The database server: transactions with locks on frontiers, and every way in which a request can fail.
//!
//! Invariant: rows and frontiers of a transaction appear together; what is broken is the agent's to find.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use super::lines::number_in;
use super::world::{Fate, Shared, World, lock};
use crate::batch::Batch;
use crate::clock::Clock;
use crate::museum::{self, Piece};
use crate::record::Columns;
use crate::shed::{EVENT_KEY, Reason};
use crate::sink::{Class, Database, Error, Progress, Session, Swap};
use crate::spool::{FileKey, Frontier, Move, Position};

/// How long a request may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// How long a lock is waited for.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// What the server does for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Mode {
    #[default]
    Well,
    /// Nobody listens, and connections are cut.
    Down,
    /// It answers nothing.
    Stalled,
    Slow,
    ReadOnly,
    Full,
    /// The table is missing, or a right.
    Schema,
    /// No connection is left, locks time out.
    Busy,
}

#[derive(Debug, Clone)]
struct Stored {
    path: PathBuf,
    position: Position,
    moved: Duration,
}

/// A transaction whose connection is gone: the server ends it when it notices.
#[derive(Debug)]
struct Orphan {
    transaction: Transaction,
    at: Duration,
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Commits,
    RollsBack,
}

#[derive(Debug, Clone, Default)]
struct Transaction {
    id: u64,
    rows: Vec<u64>,
    moves: Vec<Move>,
    forgets: Vec<FileKey>,
    /// Lines of the batch that are no rows.
    refused: Vec<u64>,
    numberless: usize,
    /// Whether those are among them that were refused before.
    noted: bool,
    /// Lines that are declared as let go, but those that the quarantine did not take.
    declared: u64,
}

/// The server.
#[derive(Debug, Default)]
pub(crate) struct Server {
    frontiers: BTreeMap<FileKey, Stored>,
    locks: BTreeMap<FileKey, u64>,
    orphans: Vec<Orphan>,
    transactions: u64,
    mode: Mode,
    until: Duration,
    /// Refused lines whose frontier passed them.
    pub(crate) passed: Vec<u64>,
    /// How many of those one commit passed at most.
    passed_most: usize,
    /// Refused pieces of lines that have no number.
    pub(crate) numberless: u64,
    /// Lines declared as let go, but those that the quarantine did not take.
    pub(crate) declared: u64,
    pub(crate) commits: u64,
}

impl Server {
    pub(crate) fn begin(&mut self, mode: Mode, until: Duration) {
        (self.mode, self.until) = (mode, until);
    }

    /// The offset of a frontier, as the next agent finds it: what a connection that is gone has sent may yet be committed.
    pub(crate) fn frontier(&self, file: FileKey) -> Option<u64> {
        let stored = self.frontiers.get(&file).map(|stored| stored.position.offset);
        let coming = self.orphans.iter().filter(|orphan| orphan.outcome == Outcome::Commits);
        let moves = coming.flat_map(|orphan| &orphan.transaction.moves).filter(|step| step.file == file);
        moves.map(|step| step.to.offset).chain(stored).max()
    }

    /// How many refused lines one commit has passed at most, or yet will that a connection that is gone has sent.
    pub(crate) fn passed_most_of_one(&self) -> usize {
        let coming = self.orphans.iter().filter(|orphan| orphan.outcome == Outcome::Commits);
        coming.map(|orphan| orphan.transaction.refused.len()).max().unwrap_or(0).max(self.passed_most)
    }

    fn mode(&self, now: Duration) -> Mode {
        if now < self.until { self.mode } else { Mode::Well }
    }

    fn unlock(&mut self, transaction: u64) {
        self.locks.retain(|_, holder| *holder != transaction);
    }
}

impl World {
    /// Ends transactions whose connection is gone, as far as their time has come.
    fn end_orphans(&mut self) {
        let now = self.time.passed();
        while let Some(due) = self.database.orphans.iter().position(|orphan| orphan.at <= now) {
            let orphan = self.database.orphans.remove(due);
            match orphan.outcome {
                Outcome::Commits => self.commit(orphan.transaction),
                Outcome::RollsBack => self.database.unlock(orphan.transaction.id),
            }
        }
    }

    fn orphan(&mut self, transaction: Transaction, outcome: Outcome) {
        let delay = self.chance.time(Duration::ZERO, Duration::from_secs(3));
        let at = self.time.passed() + if self.chance.permille(500) { delay } else { Duration::ZERO };
        self.database.orphans.push(Orphan { transaction, at, outcome });
        self.end_orphans();
    }

    fn commit(&mut self, transaction: Transaction) {
        self.database.commits += 1;
        self.tell(|| {
            let moves: Vec<String> = transaction.moves.iter().map(shown).collect();
            format!("commit of {} rows {:?}, {}", transaction.rows.len(), transaction.rows, moves.join(", "))
        });
        for number in transaction.rows {
            if let Err(what) = self.lines.row(number) {
                self.violated(what);
            }
        }
        let moved = self.time.passed();
        for step in transaction.moves {
            let place = |position: Position| (position.generation, position.offset);
            let stored = self.database.frontiers.get(&step.file).map(|stored| stored.position);
            if stored.is_some_and(|stored| place(stored) >= place(step.to)) {
                self.violated(format!("the frontier of {} went back, from {stored:?} to {:?}", step.file, step.to));
            }
            let path = step.path.to_path_buf();
            self.database.frontiers.insert(step.file, Stored { path, position: step.to, moved });
        }
        for file in transaction.forgets {
            self.tell(|| format!("frontier of {file} forgotten"));
            self.database.frontiers.remove(&file);
        }
        self.database.passed_most = self.database.passed_most.max(transaction.refused.len());
        self.database.passed.extend(transaction.refused);
        self.database.numberless += transaction.numberless as u64;
        self.database.declared += transaction.declared;
        self.database.unlock(transaction.id);
    }
}

fn shown(step: &Move) -> String {
    let from = step.from.map_or("-".to_owned(), |from| format!("{}:{}", from.generation, from.offset));
    format!("{} ({}) {from} -> {}:{}", step.path.display(), step.file, step.to.generation, step.to.offset)
}

/// The server as the agent has it.
#[derive(Debug)]
pub(crate) struct SimDatabase {
    pub(crate) world: Shared,
    pub(crate) clock: Clock,
}

#[derive(Debug)]
pub(crate) struct SimSession {
    world: Shared,
    clock: Clock,
    server: crate::sink::Server,
    transaction: Option<Transaction>,
    connected: bool,
}

/// What becomes of a request.
enum Judged {
    Waits,
    Done,
    Failed(Error),
}

fn error(class: Class, code: u16, what: &str) -> Error {
    Error { class, code: (code != 0).then_some(code), what: what.to_owned() }
}

fn lost() -> Error {
    error(Class::Connection, 2013, "the connection was lost")
}

impl Database for SimDatabase {
    type Session = SimSession;

    async fn connect(&self) -> Result<SimSession, Error> {
        let mut session = SimSession {
            world: self.world.clone(),
            clock: self.clock.clone(),
            server: crate::sink::Server {
                version: "model".to_owned(),
                columns: Columns::default(),
                progress: Progress::Kept,
            },
            transaction: None,
            connected: true,
        };
        let fate = session.request("connect").await?;
        session.answer(fate, ())?;
        Ok(session)
    }
}

impl SimSession {
    /// Sends a request and waits for the server to do it; what it does then is up to the caller.
    async fn request(&mut self, what: &'static str) -> Result<Fate, Error> {
        let (fate, delay) = {
            let mut world = lock(&self.world);
            let fate = world.effect(what).map_err(|_| lost())?;
            let slow = world.database.mode(world.time.passed()) == Mode::Slow;
            let longest = Duration::from_millis(if slow { 2_000 } else { 3 });
            (fate, world.chance.time(Duration::from_micros(50), longest))
        };
        self.clock.sleep(delay).await;
        let asked = lock(&self.world).time.passed();
        loop {
            match self.judge(what, asked, fate) {
                Judged::Waits => self.clock.sleep(Duration::from_millis(200)).await,
                Judged::Done => return Ok(fate),
                Judged::Failed(failed) => {
                    if failed.class == Class::Connection {
                        self.cut(Outcome::RollsBack);
                    }
                    return Err(failed);
                }
            }
        }
    }

    /// What the server makes now of a request that came in at `asked`.
    fn judge(&self, what: &'static str, asked: Duration, fate: Fate) -> Judged {
        let mut world = lock(&self.world);
        if world.is_dead() && fate == Fate::Learns {
            return Judged::Failed(lost());
        }
        world.end_orphans();
        let now = world.time.passed();
        let mode = world.database.mode(now);
        if mode == Mode::Stalled && now - asked < DEADLINE {
            return Judged::Waits;
        }
        let failing = world.plan.requests_fail;
        let by_itself = failing > 0 && world.chance.permille(failing);
        let failed = match mode {
            _ if !self.connected => lost(),
            Mode::Down | Mode::Stalled => lost(),
            Mode::ReadOnly if what != "connect" && what != "frontiers" => {
                error(Class::NotTheWriter, 1290, "the server only reads")
            }
            Mode::Full if what == "insert" => error(Class::Full, 1114, "the table is full"),
            Mode::Schema if what != "connect" => error(Class::Schema, 1146, "the table is missing"),
            Mode::Busy if what == "connect" => error(Class::Busy, 1040, "no connection is left"),
            Mode::Busy if what == "insert" => error(Class::Busy, 1205, "a lock"),
            _ if by_itself => {
                let errors = [lost(), error(Class::Busy, 1205, "a lock"), error(Class::Unknown, 1105, "something")];
                world.chance.one_of(&errors).clone()
            }
            _ => return Judged::Done,
        };
        world.tell(|| format!("{what}: {failed}"));
        Judged::Failed(failed)
    }

    /// The connection is gone.
    fn cut(&mut self, outcome: Outcome) {
        self.connected = false;
        if let Some(transaction) = self.transaction.take() {
            lock(&self.world).orphan(transaction, outcome);
        }
    }

    fn answer<T>(&self, fate: Fate, answer: T) -> Result<T, Error> {
        match fate {
            Fate::Learns => Ok(answer),
            Fate::Dies => Err(lost()),
        }
    }

    /// Waits for locks on frontiers, and takes them for the transaction if there is one.
    async fn wait_for_locks(&mut self, files: Option<&[FileKey]>) -> Result<(), Error> {
        let own = self.transaction.as_ref().map_or(0, |transaction| transaction.id);
        let since = lock(&self.world).time.passed();
        loop {
            {
                let mut world = lock(&self.world);
                world.end_orphans();
                let locks = &mut world.database.locks;
                let wanted = |file: &FileKey| files.is_none_or(|files| files.contains(file));
                if !locks.iter().any(|(file, holder)| *holder != own && wanted(file)) {
                    let mine = files.unwrap_or_default().iter().map(|file| (*file, own));
                    if own != 0 {
                        locks.extend(mine);
                    }
                    return Ok(());
                }
                if world.time.passed() - since > LOCK_WAIT {
                    world.tell(|| "a lock was waited for too long".to_owned());
                    return Err(error(Class::Busy, 1205, "a lock was waited for too long"));
                }
            }
            self.clock.sleep(Duration::from_millis(50)).await;
        }
    }

    fn put(&mut self, batch: &Batch, rows: Range<usize>) -> Result<(), Error> {
        for row in batch.rows(rows) {
            if row.event_key.ends_with("poison") {
                return Err(error(Class::Data, 1406, "a value is too long"));
            }
            if row.event_key == EVENT_KEY {
                self.declare(row.metadata.unwrap_or_default());
                continue;
            }
            let number = row.request_id.and_then(number_in);
            let mut world = lock(&self.world);
            match (number, &mut self.transaction) {
                (None, _) => world.violated(format!("a row of no line: {:?}", row.to_line().as_str())),
                (Some(number), Some(transaction)) => transaction.rows.push(number),
                // Outside of a transaction every statement is one.
                (Some(number), None) => world.commit(Transaction { rows: vec![number], ..Transaction::default() }),
            }
        }
        Ok(())
    }

    /// Sends rows, of which some may be stored when that fails.
    async fn send(&mut self, batch: &Batch, rows: Range<usize>) -> Result<Fate, Error> {
        let fate = match self.request("insert").await {
            Ok(fate) => fate,
            Err(failed) => {
                let mut world = lock(&self.world);
                let part = world.chance.below(rows.len() as u64 + 1) as usize;
                let deadlock = failed.code == Some(1205) && world.chance.permille(300);
                drop(world);
                if deadlock {
                    // The whole transaction is gone, and nobody said begin since.
                    if let Some(transaction) = self.transaction.take() {
                        lock(&self.world).database.unlock(transaction.id);
                    }
                    return Err(error(Class::Busy, 1213, "a deadlock"));
                }
                if self.transaction.is_some() {
                    // The statement that failed was not the first one of the batch.
                    self.put(batch, rows.start..rows.start + part)?;
                }
                return Err(failed);
            }
        };
        Ok(fate)
    }
}

impl Session for SimSession {
    fn server(&self) -> &crate::sink::Server {
        &self.server
    }

    async fn frontiers(&mut self) -> Result<Vec<Frontier>, Error> {
        let fate = self.request("frontiers").await?;
        self.wait_for_locks(None).await?;
        let mut world = lock(&self.world);
        let now = world.time.passed();
        let frontier = |(file, stored): (&FileKey, &Stored)| Frontier {
            file: *file,
            path: stored.path.clone(),
            position: stored.position,
            idle: now - stored.moved,
        };
        let frontiers = world.database.frontiers.iter().map(frontier).collect();
        world.tell(|| "the frontiers are asked for".to_owned());
        self.answer(fate, frontiers)
    }

    async fn begin(&mut self) -> Result<(), Error> {
        let fate = self.request("begin").await?;
        if self.transaction.is_some() {
            lock(&self.world).violated("a transaction begins inside another".to_owned());
        }
        let mut world = lock(&self.world);
        world.database.transactions += 1;
        self.transaction = Some(Transaction { id: world.database.transactions, ..Transaction::default() });
        drop(world);
        self.answer(fate, ())
    }

    async fn insert(&mut self, batch: &Batch, rows: Range<usize>) -> Result<(), Error> {
        let fate = self.send(batch, rows.clone()).await?;
        self.note_refused(batch);
        self.put(batch, rows)?;
        self.answer(fate, ())
    }

    async fn insert_atomic(&mut self, batch: &Batch, rows: Range<usize>) -> Result<(), Error> {
        let before =
            self.transaction.as_ref().map_or((0, 0), |transaction| (transaction.rows.len(), transaction.declared));
        let fate = match self.send(batch, rows.clone()).await {
            Ok(fate) => fate,
            Err(failed) => {
                // All of them or none.
                if let Some(transaction) = &mut self.transaction {
                    transaction.rows.truncate(before.0);
                    transaction.declared = before.1;
                }
                // Whether rows are bad is not known: none was looked at.
                let data = failed.class == Class::Data;
                return Err(if data { error(Class::Busy, 1205, "a lock") } else { failed });
            }
        };
        // Of a batch whose rows are all refused no other request tells that it has refused lines too.
        self.note_refused(batch);
        if let Err(refused) = self.put(batch, rows.clone()) {
            if let Some(transaction) = &mut self.transaction {
                transaction.rows.truncate(before.0);
                transaction.declared = before.1;
                if rows.len() == 1 {
                    let number = batch.rows(rows).next().and_then(|row| row.request_id.and_then(number_in));
                    transaction.refused.extend(number);
                }
            }
            return Err(refused);
        }
        self.answer(fate, ())
    }

    async fn swap(&mut self, moves: &[Move]) -> Result<Swap, Error> {
        let fate = self.request("swap").await?;
        let files: Vec<FileKey> = moves.iter().map(|step| step.file).collect();
        self.wait_for_locks(Some(&files)).await?;
        let world = lock(&self.world);
        let place = |position: Position| (position.generation, position.offset);
        let fits = |step: &Move| {
            let stored = world.database.frontiers.get(&step.file).map(|stored| place(stored.position));
            stored == step.from.map(place)
        };
        // The products of which these faults are compared nothing.
        let blind = [Piece::PassesFailedBatch, Piece::RetriesUnknownCommit, Piece::TrustsUnknownCommit];
        let fits = moves.iter().all(fits) || blind.into_iter().any(museum::is);
        drop(world);
        let Some(transaction) = &mut self.transaction else {
            lock(&self.world).violated("frontiers are moved outside of a transaction".to_owned());
            return self.answer(fate, Swap::Elsewhere);
        };
        if !fits {
            return self.answer(fate, Swap::Elsewhere);
        }
        transaction.moves.extend_from_slice(moves);
        self.answer(fate, Swap::Done)
    }

    async fn commit(&mut self) -> Result<(), Error> {
        let fate = self.request("commit").await?;
        let Some(transaction) = self.transaction.take() else {
            lock(&self.world).violated("a commit outside of a transaction".to_owned());
            return self.answer(fate, ());
        };
        let mut world = lock(&self.world);
        let failing = world.plan.commits_fail;
        if fate == Fate::Learns && failing > 0 && world.chance.permille(failing) {
            let kind = world.chance.below(4);
            world.tell(|| format!("commit {} fails, kind {kind}", transaction.id));
            match kind {
                0 => {
                    world.database.unlock(transaction.id);
                    return Err(error(Class::Busy, 1213, "a deadlock at the commit"));
                }
                1 => world.orphan(transaction, Outcome::RollsBack),
                2 => world.orphan(transaction, Outcome::Commits),
                _ => world.commit(transaction),
            }
            self.connected = false;
            return Err(lost());
        }
        world.commit(transaction);
        drop(world);
        self.answer(fate, ())
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        let fate = self.request("rollback").await?;
        if let Some(transaction) = self.transaction.take() {
            lock(&self.world).database.unlock(transaction.id);
        }
        self.answer(fate, ())
    }

    async fn forget(&mut self, files: &[FileKey]) -> Result<(), Error> {
        let fate = self.request("forget").await?;
        self.wait_for_locks(Some(files)).await?;
        lock(&self.world).commit(Transaction { forgets: files.to_vec(), ..Transaction::default() });
        self.answer(fate, ())
    }

    async fn close(mut self) {
        self.transaction = None;
    }
}

impl SimSession {
    /// Takes in a row that declares lines as let go.
    fn declare(&mut self, metadata: &str) {
        let said: serde_json::Value = serde_json::from_str(metadata).expect("a declaration is JSON");
        lock(&self.world).tell(|| format!("declared: {metadata}"));
        let lines = said["lines"].as_u64().expect("a declaration counts lines");
        // The refused lines of a batch are known one by one.
        if said["reason"] == Reason::QuarantineUnwritable.as_str() {
            return;
        }
        match &mut self.transaction {
            Some(transaction) => transaction.declared += lines,
            None => lock(&self.world).commit(Transaction { declared: lines, ..Transaction::default() }),
        }
    }

    fn note_refused(&mut self, batch: &Batch) {
        if let Some(transaction) = &mut self.transaction
            && !std::mem::replace(&mut transaction.noted, true)
        {
            transaction.refused.extend(batch.refused().iter().filter_map(|line| number_in(line.line.as_str())));
            // The end of a line whose start went away elsewhere may have no number.
            transaction.numberless +=
                batch.refused().iter().filter(|line| number_in(line.line.as_str()).is_none()).count();
        }
    }
}

impl Drop for SimSession {
    fn drop(&mut self) {
        self.cut(Outcome::RollsBack);
    }
}
