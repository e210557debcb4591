//! The spool on real files, with a clock of the test's own.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::rc::Rc;

use super::begin::COPY_HOLD;
use super::calm::{RELIED_ON, SETTLED};
use super::files::{Disk, Stamp, Stat};
use super::scan::{DELETED_LINGER, MOVED_LINGER, REFUSED_HOLD};
use super::tail::Content;
use super::*;

/// Real files, and directories that say for sure whether a name in them has changed, which those of older kernels do not
/// within some milliseconds: the time between two steps of a test.
#[derive(Clone, Default)]
struct Exact {
    /// How many listings there were.
    listings: Rc<Cell<u32>>,
    /// What all directories say in place of the truth.
    told: Rc<Cell<Option<i128>>>,
}

impl FileSystem for Exact {
    type File = File;

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        Disk.stat(path)
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<(OsString, Kind)>> {
        self.listings.update(|listings| listings + 1);
        Disk.list(directory)
    }

    fn stamp(&self, directory: &Path) -> io::Result<Stamp> {
        let mut names = Disk.list(directory)?;
        names.sort_by(|one, other| one.0.cmp(&other.0));
        let mut hasher = DefaultHasher::new();
        for (name, kind) in names {
            (Disk.stat(&directory.join(&name))?.key.inode, name, kind).hash(&mut hasher);
        }
        let changed = self.told.get().unwrap_or(hasher.finish().into());
        Ok(Stamp { changed, ..Disk.stamp(directory)? })
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        Disk.resolve(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        Disk.open(path)
    }
}

struct Site {
    folder: tempfile::TempDir,
    files: Exact,
    spool: Spool<Exact>,
    now: Instant,
    /// What was given out, by the file's name.
    got: BTreeMap<String, Vec<String>>,
    /// The frontiers as a database would have them.
    frontiers: HashMap<FileKey, (PathBuf, Position)>,
}

impl Site {
    fn new() -> Self {
        Site::with(StartAt::Beginning, 100)
    }

    fn with(start_at: StartAt, files_open_max: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("spool")).unwrap();
        let files = Exact::default();
        let mut site = Site {
            spool: Spool::new(files.clone(), Site::options(folder.path(), start_at, files_open_max)),
            folder,
            files,
            now: Instant::now(),
            got: BTreeMap::new(),
            frontiers: HashMap::new(),
        };
        site.restart_with(start_at, files_open_max);
        site
    }

    fn options(folder: &Path, start_at: StartAt, files_open_max: usize) -> Options {
        let pattern = format!("{}/spool/*.ndjson*", folder.display());
        Options {
            globs: Globs::new(&[pattern], &[]).unwrap(),
            start_at,
            limits: Limits { quantum: 64, max_line_bytes: 100 },
            files_open_max,
        }
    }

    /// A new agent on the same files and the same database.
    fn restart(&mut self) {
        self.restart_with(StartAt::Beginning, 100);
    }

    fn restart_with(&mut self, start_at: StartAt, files_open_max: usize) {
        self.spool = Spool::new(self.files.clone(), Site::options(self.folder.path(), start_at, files_open_max));
        self.spool.scan(self.now);
        self.place();
    }

    fn place(&mut self) {
        let frontier = |(file, (path, position)): (&FileKey, &(PathBuf, Position))| Frontier {
            file: *file,
            path: path.clone(),
            position: *position,
            idle: Duration::ZERO,
        };
        self.spool.place(self.frontiers.iter().map(frontier).collect::<Vec<_>>(), self.now);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("spool").join(name)
    }

    fn append(&self, name: &str, text: &str) {
        OpenOptions::new().append(true).create(true).open(self.path(name)).unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Looks, and reads what there is to read.
    fn read(&mut self) {
        self.read_once();
        while self.spool.take_wants_scan() {
            self.read_once();
        }
    }

    fn read_once(&mut self) {
        self.read_uncommitted();
        self.spool.settle(self.spool.steps());
        for file in self.spool.take_gone() {
            self.frontiers.remove(&file);
        }
    }

    /// Looks once and reads; what is read is not in the database yet.
    fn read_uncommitted(&mut self) {
        self.spool.scan(self.now);
        let got = &mut self.got;
        while let Some(progress) = self.spool.turn(self.now, |path, line| {
            let Content::Whole(text) = line.content else { panic!("no line is too long here") };
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            got.entry(name).or_default().push(String::from_utf8(text.to_vec()).unwrap());
            Flow::More
        }) {
            if let Some(step) = progress.moved {
                let before = self.frontiers.insert(step.file, (step.path.to_path_buf(), step.to));
                assert_eq!(before.map(|(_, position)| position), step.from, "a step begins where the frontier stands");
            }
        }
    }

    /// Bytes that vanished since the last call.
    fn vanished(&mut self) -> u64 {
        self.spool.take_vanished().iter().map(|vanished| vanished.bytes).sum()
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    #[track_caller]
    fn assert_got(&self, want: &[(&str, &[&str])]) {
        let want: BTreeMap<String, Vec<String>> = want
            .iter()
            .map(|(name, lines)| ((*name).to_owned(), lines.iter().map(|line| (*line).to_owned()).collect()))
            .collect();
        assert_eq!(self.got, want);
    }
}

#[test]
fn r1_a_late_line_to_the_old_name_is_read_after_a_rename() {
    let mut site = Site::new();
    let mut old = File::create(site.path("app.ndjson")).unwrap();
    old.write_all(b"one\n").unwrap();
    site.read();
    fs::rename(site.path("app.ndjson"), site.path("app.ndjson.1")).unwrap();
    site.append("app.ndjson", "three\n");
    old.write_all(b"two\n").unwrap();
    site.read();
    site.assert_got(&[("app.ndjson", &["one", "three"]), ("app.ndjson.1", &["two"])]);
}

#[test]
fn r8_a_file_moved_out_of_the_spool_is_read_until_it_is_idle_for_long() {
    let mut site = Site::new();
    site.append("app.ndjson", "one\n");
    site.read();
    let away = site.folder.path().join("away");
    fs::rename(site.path("app.ndjson"), &away).unwrap();
    site.read();
    let append = |text: &str| OpenOptions::new().append(true).open(&away).unwrap().write_all(text.as_bytes()).unwrap();
    append("two\n");
    site.pass(MOVED_LINGER - Duration::from_secs(1));
    site.read();
    site.assert_got(&[("app.ndjson", &["one", "two"])]);
    site.pass(MOVED_LINGER);
    site.read();
    assert_eq!(site.spool.overview(), Overview::default(), "the descriptor is closed");
    // It comes back, and is known.
    append("three\n");
    fs::rename(&away, site.path("app.ndjson")).unwrap();
    site.read();
    site.assert_got(&[("app.ndjson", &["one", "two", "three"])]);
}

#[test]
fn f3_a_deleted_file_is_let_go_soon_and_its_frontier_forgotten() {
    let mut site = Site::new();
    site.append("app.ndjson", "one\n");
    site.read();
    site.append("app.ndjson", "two\n");
    fs::remove_file(site.path("app.ndjson")).unwrap();
    site.read();
    site.assert_got(&[("app.ndjson", &["one", "two"])]);
    assert_eq!(site.spool.overview().files_open, 1);
    site.pass(DELETED_LINGER);
    site.read();
    assert_eq!(site.spool.overview(), Overview::default());
    assert!(site.frontiers.is_empty());
    assert_eq!(site.vanished(), 0);
}

#[test]
fn a_deleted_file_that_was_quiet_for_long_is_held_for_its_writer() {
    let mut site = Site::new();
    site.append("app.ndjson", "one\n");
    site.read();
    let mut writer = File::options().append(true).open(site.path("app.ndjson")).unwrap();
    site.pass(DELETED_LINGER * 10);
    fs::remove_file(site.path("app.ndjson")).unwrap();
    site.read();
    site.pass(DELETED_LINGER / 2);
    writer.write_all(b"two\n").unwrap();
    site.read();
    site.assert_got(&[("app.ndjson", &["one", "two"])]);
    assert_eq!(site.vanished(), 0);
}

#[test]
fn an_unfinished_line_of_a_deleted_file_has_vanished() {
    let mut site = Site::new();
    site.append("app.ndjson", "one\nhalf");
    site.read();
    fs::remove_file(site.path("app.ndjson")).unwrap();
    site.read();
    site.pass(DELETED_LINGER);
    site.read();
    assert_eq!(site.vanished(), 4);
}

#[test]
fn t6_a_copy_of_truncated_content_is_read_from_where_reading_stood() {
    for seen in ["before", "after"] {
        let mut site = Site::new();
        site.append("app.ndjson", "one\ntwo\n");
        site.read();
        site.append("app.ndjson", "three\n");
        fs::copy(site.path("app.ndjson"), site.path("app.ndjson.1")).unwrap();
        if seen == "before" {
            // The scan falls between copy and truncation: the copy waits, the original is read on.
            site.read();
            site.assert_got(&[("app.ndjson", &["one", "two", "three"])]);
        }
        OpenOptions::new().write(true).open(site.path("app.ndjson")).unwrap().set_len(0).unwrap();
        site.append("app.ndjson", "four\n");
        site.read();
        site.pass(COPY_HOLD * 2);
        site.read();
        match seen {
            "before" => site.assert_got(&[("app.ndjson", &["one", "two", "three", "four"])]),
            _ => site.assert_got(&[("app.ndjson", &["one", "two", "four"]), ("app.ndjson.1", &["three"])]),
        }
        site.pass(Duration::from_secs(60));
        site.read();
        assert_eq!(site.vanished(), 0, "{seen}");
    }
}

#[test]
fn truncated_content_that_nobody_copied_has_vanished() {
    let mut site = Site::new();
    site.append("app.ndjson", "one\n");
    site.read();
    site.append("app.ndjson", "unread\n");
    site.spool.scan(site.now);
    OpenOptions::new().write(true).open(site.path("app.ndjson")).unwrap().set_len(0).unwrap();
    site.append("app.ndjson", "two\n");
    site.read();
    site.assert_got(&[("app.ndjson", &["one", "two"])]);
    assert_eq!(site.vanished(), 0, "a copy may still turn up");
    site.pass(Duration::from_secs(60));
    site.read();
    assert_eq!(site.vanished(), 7);
}

#[test]
fn i8_files_of_equal_content_are_read_each() {
    let mut site = Site::new();
    site.append("app.ndjson", "one\n");
    site.append("app-2.ndjson", "one\n");
    site.read();
    site.assert_got(&[("app.ndjson", &["one"])]);
    site.pass(COPY_HOLD);
    site.read();
    // Its name and content are a copy's; after a while it is a file of its own.
    site.append("app.ndjson.1", "one\n");
    site.read();
    site.assert_got(&[("app.ndjson", &["one"]), ("app-2.ndjson", &["one"])]);
    assert!(!site.spool.is_exhausted());
    site.pass(COPY_HOLD);
    site.read();
    site.assert_got(&[("app.ndjson", &["one"]), ("app-2.ndjson", &["one"]), ("app.ndjson.1", &["one"])]);
}

#[test]
fn r9_what_happened_while_the_agent_was_down_is_told_apart() {
    let mut site = Site::new();
    site.append("renamed.ndjson", "r1\n");
    site.append("truncated.ndjson", "t1\nt2\n");
    site.append("regrown.ndjson", "g1\n");
    site.append("again.ndjson", "a1\n");
    site.append("grown.ndjson", "w1\nw2");
    site.read();
    site.got.clear();
    fs::rename(site.path("renamed.ndjson"), site.path("renamed.ndjson.1")).unwrap();
    site.append("renamed.ndjson.1", "r2\n");
    site.append("renamed.ndjson", "r3\n");
    fs::write(site.path("truncated.ndjson"), "t3\n").unwrap();
    fs::write(site.path("regrown.ndjson"), "g2\ng3\n").unwrap();
    fs::remove_file(site.path("again.ndjson")).unwrap();
    site.append("again.ndjson", "a2\na3\n");
    site.append("grown.ndjson", "x\nw3");
    site.restart();
    site.read();
    site.assert_got(&[
        ("renamed.ndjson.1", &["r2"]),
        ("renamed.ndjson", &["r3"]),
        ("truncated.ndjson", &["t3"]),
        ("regrown.ndjson", &["g2", "g3"]),
        ("again.ndjson", &["a2", "a3"]),
        ("grown.ndjson", &["w2x"]),
    ]);
}

#[test]
fn a_device_that_got_another_number_is_the_same_file() {
    let mut site = Site::new();
    site.append("app.ndjson", "one\n");
    site.read();
    site.frontiers = site.frontiers.drain().map(|(key, at)| (FileKey { device: key.device + 1, ..key }, at)).collect();
    let old = site.frontiers.clone();
    site.restart();
    site.append("app.ndjson", "two\n");
    site.read();
    site.assert_got(&[("app.ndjson", &["one", "two"])]);
    assert_eq!(site.frontiers.len(), 1);
    assert!(old.keys().all(|key| !site.frontiers.contains_key(key)), "the old key is forgotten");
}

#[test]
fn setting_back_reads_again_what_was_not_committed() {
    let mut site = Site::new();
    site.append("app.ndjson", "one\n");
    site.read();
    let committed = site.frontiers.clone();
    site.append("app.ndjson", "two\n");
    site.append("new.ndjson", "three\n");
    site.read();
    site.frontiers = committed;
    site.got.clear();
    site.place();
    site.read();
    site.assert_got(&[("app.ndjson", &["two"]), ("new.ndjson", &["three"])]);
}

#[test]
fn i13_more_files_than_descriptors_are_all_read() {
    let mut site = Site::with(StartAt::Beginning, 3);
    let name = |number: usize| format!("{number:02}.ndjson");
    (0..20).for_each(|number| site.append(&name(number), "one\n"));
    site.read();
    assert!(site.spool.overview().files_open <= 3);
    (0..20).for_each(|number| site.append(&name(number), "two\n"));
    site.read();
    assert!(site.spool.overview().files_open <= 3);
    assert!((0..20).all(|number| site.got[&name(number)] == ["one", "two"]), "{:?}", site.got);
}

#[test]
fn b8_a_flood_in_one_file_does_not_starve_another() {
    let mut site = Site::new();
    site.append("flood.ndjson", &"x\n".repeat(100_000));
    site.append("quiet.ndjson", "y\n");
    site.spool.scan(site.now);
    let mut turns = 0;
    let mut quiet = false;
    while !quiet {
        turns += 1;
        site.spool.turn(site.now, |path, _| {
            quiet |= path.ends_with("quiet.ndjson");
            Flow::More
        });
    }
    assert!(turns <= 2, "{turns} turns");
}

#[test]
fn f6_at_the_end_means_behind_what_was_there_at_the_start() {
    let folder_site = Site::with(StartAt::End, 100);
    let mut site = folder_site;
    site.append("old.ndjson", "before\nhal");
    site.restart_with(StartAt::End, 100);
    site.append("old.ndjson", "f\nafter\n");
    site.append("new.ndjson", "first\n");
    site.read();
    site.assert_got(&[("old.ndjson", &["half", "after"]), ("new.ndjson", &["first"])]);
    site.got.clear();
    site.append("old.ndjson", "while down\n");
    site.append("newer.ndjson", "also while down\n");
    site.restart_with(StartAt::Beginning, 100);
    site.read();
    site.assert_got(&[("old.ndjson", &["while down"]), ("newer.ndjson", &["also while down"])]);
}

#[test]
fn s1_links_out_of_the_spool_and_hard_links_are_refused() {
    let mut site = Site::new();
    let secret = site.folder.path().join("secret");
    fs::write(&secret, "root:x\n").unwrap();
    symlink(&secret, site.path("link.ndjson")).unwrap();
    symlink(site.path("nowhere"), site.path("dangling.ndjson")).unwrap();
    fs::hard_link(&secret, site.path("hard.ndjson")).unwrap();
    fs::create_dir(site.path("folder.ndjson")).unwrap();
    site.append("app.ndjson", "one\n");
    symlink(site.path("app.ndjson"), site.path("alias.ndjson")).unwrap();
    site.read();
    site.assert_got(&[("app.ndjson", &["one"])]);
    // Once the other name is gone it is a file like any other.
    fs::remove_file(&secret).unwrap();
    site.read();
    site.assert_got(&[("app.ndjson", &["one"]), ("hard.ndjson", &["root:x"])]);
}

#[test]
fn the_frontier_of_a_file_long_absent_is_forgotten() {
    let mut site = Site::new();
    site.append("app.ndjson", "one\n");
    site.append("tick.ndjson", "tick\n");
    site.read();
    fs::rename(site.path("app.ndjson"), site.folder.path().join("away")).unwrap();
    site.restart();
    site.read();
    assert_eq!(site.frontiers.len(), 2);
    site.pass(ABSENT_KEEP);
    site.read();
    assert_eq!(site.frontiers.len(), 1);
}

#[test]
fn m7_a_directory_that_cannot_be_listed_proves_nothing() {
    let mut site = Site::with(StartAt::Beginning, 1);
    site.append("a.ndjson", "one\n");
    site.append("b.ndjson", "one\n");
    site.read();
    let (spool, aside) = (site.folder.path().join("spool"), site.folder.path().join("aside"));
    fs::rename(&spool, &aside).unwrap();
    for _ in 0..5 {
        site.read();
    }
    assert_eq!(site.spool.overview().files, 2);
    assert_eq!(site.spool.unreadable(), 1);
    fs::rename(&aside, &spool).unwrap();
    site.append("a.ndjson", "two\n");
    site.append("b.ndjson", "two\n");
    site.read();
    site.assert_got(&[("a.ndjson", &["one", "two"]), ("b.ndjson", &["one", "two"])]);
    assert_eq!(site.spool.unreadable(), 0);
}

/// Files of which for a while those with such names cannot be looked at by their paths.
struct Dim {
    /// The names of what cannot be looked at or listed now.
    hidden: Hidden,
}

type Hidden = Rc<Cell<&'static [&'static str]>>;

impl Dim {
    fn hides(&self, path: &Path) -> bool {
        self.hidden.get().iter().any(|name| path.ends_with(name))
    }
}

impl FileSystem for Dim {
    type File = File;

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        if self.hides(path) { Err(rustix::io::Errno::IO.into()) } else { Disk.stat(path) }
    }

    fn list(&self, directory: &Path) -> io::Result<Vec<(OsString, Kind)>> {
        if self.hides(directory) { Err(rustix::io::Errno::IO.into()) } else { Disk.list(directory) }
    }

    fn stamp(&self, directory: &Path) -> io::Result<Stamp> {
        Disk.stamp(directory)
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        Disk.resolve(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        Disk.open(path)
    }
}

#[test]
fn m7_a_file_that_cannot_be_looked_at_is_not_missing() {
    let site = Site::new();
    site.append("a.ndjson", "one\n");
    site.append("b.ndjson", "one\n");
    let hidden = Hidden::default();
    let options = Site::options(site.folder.path(), StartAt::Beginning, 1);
    let files = Dim { hidden: Rc::clone(&hidden) };
    let mut spool = Spool::new(files, options);
    spool.scan(site.now);
    hidden.set(&["a.ndjson", "b.ndjson"]);
    (0..5).for_each(|_| spool.scan(site.now));
    assert_eq!((spool.overview().files, spool.overview().files_open, spool.unreadable()), (2, 1, 2));
    assert_eq!(spool.take_vanished(), []);
}

#[test]
fn a_listing_that_fails_does_not_say_that_there_is_no_copy() {
    let site = Site::new();
    site.append("app.ndjson", "one\n");
    let hidden = Hidden::default();
    let files = Dim { hidden: Rc::clone(&hidden) };
    let mut spool = Spool::new(files, Site::options(site.folder.path(), StartAt::Beginning, 100));
    spool.place([], site.now);
    let steps = |spool: &mut Spool<Dim>| {
        let mut steps = Vec::new();
        while let Some(progress) = spool.turn(site.now, |_, _| Flow::More) {
            steps.extend(progress.moved.map(|step| step.path.file_name().unwrap().to_owned()));
        }
        steps
    };
    spool.scan(site.now);
    assert_eq!(steps(&mut spool), ["app.ndjson"]);
    let elsewhere = site.folder.path().join("copy");
    fs::copy(site.path("app.ndjson"), &elsewhere).unwrap();
    fs::write(site.path("app.ndjson"), "2\n").unwrap();
    // The truncation is found, and then the directory cannot be listed for a while.
    for names in [&[][..], &["spool"], &["spool"], &["spool"], &[]] {
        hidden.set(names);
        spool.scan(site.now);
        assert_eq!(steps(&mut spool), [""; 0], "one listing may have missed the copy");
    }
    fs::rename(elsewhere, site.path("app.ndjson.1")).unwrap();
    let mut all = Vec::new();
    for _ in 0..3 {
        spool.scan(site.now);
        all.extend(steps(&mut spool));
    }
    assert_eq!(all, ["app.ndjson.1", "app.ndjson"]);
}

#[test]
fn while_a_path_cannot_be_looked_at_not_everything_was_seen() {
    let site = Site::new();
    site.append("a.ndjson", "one\n");
    let hidden = Hidden::default();
    hidden.set(&["a.ndjson"]);
    let files = Dim { hidden: Rc::clone(&hidden) };
    let mut spool = Spool::new(files, Site::options(site.folder.path(), StartAt::Beginning, 100));
    spool.scan(site.now);
    assert!(!spool.was_seen_whole());
    // A path may stay so for ever.
    spool.scan(site.now + REFUSED_HOLD);
    assert!(spool.was_seen_whole());
    hidden.set(&[]);
    spool.scan(site.now + REFUSED_HOLD);
    hidden.set(&["a.ndjson"]);
    spool.scan(site.now + REFUSED_HOLD);
    assert!(!spool.was_seen_whole());
}

impl Site {
    /// Skims as far as that, with `bound` as the bound of every file; what was given out.
    fn skim(&mut self, reach: Reach, bound: Option<u64>) -> Vec<String> {
        let mut lines = Vec::new();
        while let Some(progress) = self.spool.skim(
            reach,
            |_, _, _| bound.map_or(Bound::None, Bound::At),
            self.now,
            |_, line| {
                let Content::Whole(text) = line.content else { panic!("no line is too long here") };
                lines.push(String::from_utf8(text.to_vec()).unwrap());
                Flow::More
            },
        ) {
            if let Some(step) = progress.moved {
                let from = step.from.map_or(0, |from| from.offset);
                assert!(bound.is_none_or(|bound| step.to.offset <= bound || from >= bound), "{step:?}");
                self.frontiers.insert(step.file, (step.path.to_path_buf(), step.to));
            }
        }
        lines
    }
}

#[test]
fn skimming_takes_the_oldest_lines_of_all_files_first() {
    let mut site = Site::new();
    site.append("a.ndjson", "a1\n");
    site.spool.scan(site.now);
    site.pass(Duration::from_secs(1));
    site.append("b.ndjson", "b2\n");
    site.spool.scan(site.now);
    let second = site.now;
    site.pass(Duration::from_secs(1));
    site.append("a.ndjson", "a3\nhalf");
    site.spool.scan(site.now);
    assert_eq!(site.spool.overview().unread_since, second.checked_sub(Duration::from_secs(1)));
    assert_eq!(site.skim(Reach::SeenBy(second), None), ["a1", "b2"]);
    assert_eq!(site.spool.overview().unread_since, Some(site.now));
    assert_eq!(site.skim(Reach::Bytes(1), None), ["a3"]);
    assert_eq!(site.spool.overview().unread_bytes, 4, "an unfinished line waits");
    assert_eq!(site.skim(Reach::Bytes(1), None), [""; 0]);
    site.append("a.ndjson", " a line\n");
    site.read();
    site.assert_got(&[("a.ndjson", &["half a line"])]);
}

#[test]
fn skimming_stops_at_its_bound_and_goes_on_behind_it() {
    let mut site = Site::new();
    site.append("a.ndjson", "one\ntwo\nthree\n");
    site.spool.scan(site.now);
    assert_eq!(site.skim(Reach::Bytes(u64::MAX), Some(8)), ["one", "two", "three"]);
}

#[test]
fn what_is_cut_off_unread_has_vanished_and_is_not_waited_for() {
    let mut site = Site::new();
    site.append("a.ndjson", "one\ntwo\n");
    site.spool.scan(site.now);
    fs::write(site.path("a.ndjson"), "").unwrap();
    // Nothing was read, so nothing tells this from a file that has not grown yet; a skim must come to an end all the same.
    assert_eq!(site.skim(Reach::Bytes(u64::MAX), None), [""; 0]);
    assert_eq!(site.spool.overview().unread_bytes, 0);
    assert_eq!(site.vanished(), 8);
    site.append("a.ndjson", "three\n");
    site.read();
    site.assert_got(&[("a.ndjson", &["three"])]);
}

#[test]
fn an_unfinished_line_is_no_line_that_waits() {
    let mut site = Site::new();
    site.append("a.ndjson", "one\nunfini");
    site.spool.scan(site.now);
    let overview = site.spool.overview();
    assert_eq!((overview.unread_bytes, overview.unread_since, overview.files_unfinished), (10, Some(site.now), 0));
    site.read();
    let overview = site.spool.overview();
    assert_eq!((overview.unread_bytes, overview.unread_since, overview.files_unfinished), (6, None, 1));
    site.pass(Duration::from_secs(1));
    site.append("a.ndjson", "shed\n");
    site.spool.scan(site.now);
    assert!(site.spool.overview().unread_since.is_some_and(|since| since < site.now), "as old as its first byte");
    site.read();
    site.assert_got(&[("a.ndjson", &["one", "unfinished"])]);
    assert_eq!(site.spool.overview().files_unfinished, 0);
}

#[test]
fn a_file_that_is_not_to_be_skimmed_is_read_later() {
    let mut site = Site::new();
    site.append("a.ndjson", "one\n");
    site.append("b.ndjson", "two\n");
    site.spool.scan(site.now);
    let held = site.path("a.ndjson");
    let bound = |_, path: &Path, _| if path == held { Bound::Here } else { Bound::None };
    let mut taken = Vec::new();
    while let Some(progress) = site.spool.skim(Reach::Bytes(u64::MAX), bound, site.now, |_, _| Flow::More) {
        taken.extend(progress.moved.map(|step| step.path.file_name().unwrap().to_owned()));
    }
    assert_eq!(taken, ["b.ndjson"]);
    site.read();
    site.assert_got(&[("a.ndjson", &["one"])]);
}

#[test]
fn the_copy_of_a_file_that_was_deleted_after_its_truncation_is_known() {
    let mut site = Site::new();
    site.append("app.ndjson", "one\ntwo\n");
    site.read();
    fs::copy(site.path("app.ndjson"), site.path("app.ndjson.1")).unwrap();
    fs::write(site.path("app.ndjson"), "three\n").unwrap();
    fs::remove_file(site.path("app.ndjson")).unwrap();
    site.append("app.ndjson", "four\n");
    site.read();
    site.pass(Duration::from_secs(3));
    site.read();
    site.assert_got(&[("app.ndjson", &["one", "two", "four", "three"])]);
}

#[test]
fn the_copy_of_a_file_that_was_emptied_and_deleted_is_known_though_it_is_found_later() {
    let mut site = Site::new();
    site.append("app.ndjson", "one\ntwo\n");
    site.read();
    let elsewhere = site.folder.path().join("copy");
    fs::copy(site.path("app.ndjson"), &elsewhere).unwrap();
    File::create(site.path("app.ndjson")).unwrap();
    fs::remove_file(site.path("app.ndjson")).unwrap();
    for _ in 0..4 {
        site.pass(DELETED_LINGER);
        site.read();
    }
    assert!(site.frontiers.is_empty(), "it was let go");
    fs::rename(elsewhere, site.path("app.ndjson.1")).unwrap();
    for _ in 0..2 {
        site.read();
        site.pass(COPY_HOLD * 2);
    }
    site.assert_got(&[("app.ndjson", &["one", "two"])]);
}

#[test]
fn a_file_waits_while_what_it_may_be_the_copy_of_cannot_be_looked_at() {
    let mut site = Site::new();
    site.append("app.ndjson", "one\n");
    site.read();
    fs::copy(site.path("app.ndjson"), site.path("app.ndjson.1")).unwrap();
    fs::write(site.path("app.ndjson"), "two\n").unwrap();
    let hidden = Hidden::default();
    let files = Dim { hidden: Rc::clone(&hidden) };
    let mut spool = Spool::new(files, Site::options(site.folder.path(), StartAt::Beginning, 100));
    let frontier = |(file, (path, position)): (&FileKey, &(PathBuf, Position))| Frontier {
        file: *file,
        path: path.clone(),
        position: *position,
        idle: Duration::ZERO,
    };
    spool.place(site.frontiers.iter().map(frontier).collect::<Vec<_>>(), site.now);
    let mut lines = Vec::new();
    for names in [&["app.ndjson"][..], &["app.ndjson"], &[], &[], &[], &[]] {
        hidden.set(names);
        spool.scan(site.now);
        while spool
            .turn(site.now, |path, line| {
                let Content::Whole(text) = line.content else { panic!("no line is too long here") };
                lines.push((path.ends_with("app.ndjson"), String::from_utf8(text.to_vec()).unwrap()));
                Flow::More
            })
            .is_some()
        {}
        assert!(names.is_empty() || lines.is_empty(), "{lines:?}");
    }
    assert_eq!(lines, [(true, "two".to_owned())]);
}

#[test]
fn a_copy_waits_while_its_original_was_never_seen_and_nothing_can_be_listed() {
    let site = Site::new();
    site.append("app.ndjson", "one\n");
    fs::copy(site.path("app.ndjson"), site.path("app.ndjson.1")).unwrap();
    site.append("app.ndjson", "two\n");
    let hidden = Hidden::default();
    let files = Dim { hidden: Rc::clone(&hidden) };
    let mut spool = Spool::new(files, Site::options(site.folder.path(), StartAt::Beginning, 100));
    spool.place([], site.now);
    let mut lines = Vec::new();
    for names in [&["app.ndjson"][..], &["spool"], &["app.ndjson"], &["spool"], &[], &[]] {
        hidden.set(names);
        spool.scan(site.now);
        while spool
            .turn(site.now, |_, line| {
                let Content::Whole(text) = line.content else { panic!("no line is too long here") };
                lines.push(String::from_utf8(text.to_vec()).unwrap());
                Flow::More
            })
            .is_some()
        {}
    }
    assert_eq!(lines, ["one", "two"]);
}

#[test]
fn before_the_frontiers_are_known_what_is_expected_to_be_read_is_no_backlog() {
    let mut site = Site::new();
    site.append("a.ndjson", "one\ntwo\n");
    site.spool = Spool::new(site.files.clone(), Site::options(site.folder.path(), StartAt::Beginning, 100));
    site.spool.scan(site.now);
    assert_eq!(site.spool.overview().unread_bytes, 8);
    let key = *site.spool.entries.keys().next().unwrap();
    site.spool.expect([(key, 4)]);
    assert_eq!(site.spool.overview().unread_bytes, 4);
    site.place();
    assert_eq!(site.spool.overview().unread_bytes, 8);
}

#[test]
fn a_copy_is_known_when_its_original_was_truncated_many_times_since_the_frontier() {
    let mut site = Site::new();
    site.append("app.ndjson", "one\n");
    let elsewhere = site.folder.path().join("copy");
    fs::copy(site.path("app.ndjson"), &elsewhere).unwrap();
    site.append("app.ndjson", "two\n");
    site.read();
    let committed = site.frontiers.clone();
    for line in ["three", "four", "five", "six", "seven"] {
        fs::write(site.path("app.ndjson"), format!("{line}\n")).unwrap();
        site.read_uncommitted();
        while site.spool.take_wants_scan() {
            site.read_uncommitted();
        }
    }
    site.assert_got(&[("app.ndjson", &["one", "two", "three", "four", "five", "six", "seven"])]);
    site.frontiers = committed;
    site.place();
    site.got.clear();
    fs::rename(elsewhere, site.path("app.ndjson.1")).unwrap();
    for _ in 0..2 {
        site.read();
        site.pass(COPY_HOLD * 2);
    }
    site.assert_got(&[("app.ndjson", &["seven"])]);
}

#[test]
fn up_to_where_a_copy_goes_is_told_of_a_file_that_is_gone() {
    let mut site = Site::new();
    site.append("app.ndjson", "one\n");
    site.append("other.ndjson.1", "one\nand more\n");
    let elsewhere = site.folder.path().join("copy");
    fs::copy(site.path("app.ndjson"), &elsewhere).unwrap();
    site.append("app.ndjson", "two\n");
    site.read();
    let (file, (path, position)) = site.frontiers.iter().find(|(_, (path, _))| path.ends_with("app.ndjson")).unwrap();
    let (file, path, position) = (*file, path.clone(), *position);
    fs::remove_file(site.path("app.ndjson")).unwrap();
    for _ in 0..4 {
        site.pass(DELETED_LINGER);
        site.read();
    }
    assert!(!site.spool.follows(&file), "it was let go");
    assert_eq!(site.spool.copied_up_to(file, &path, position).unwrap(), None, "another file's name is no copy's");
    fs::rename(elsewhere, site.path("app.ndjson.1")).unwrap();
    site.spool.scan(site.now);
    assert_eq!(site.spool.copied_up_to(file, &path, position).unwrap(), Some(4));
    site.read();
    assert!(site.frontiers.values().any(|(path, _)| path.ends_with("app.ndjson.1")), "it was read");
    site.place();
    assert_eq!(site.spool.copied_up_to(file, &path, position).unwrap(), None, "it is not read from its start again");
}

#[test]
fn copies_are_due_until_enough_listings_and_while_a_file_waits_that_may_be_one() {
    let mut site = Site::new();
    site.append("app.ndjson", "one\n");
    site.read();
    site.place();
    for _ in 0..LISTINGS {
        assert_eq!(site.spool.copies_due(), CopiesDue::OfAny);
        assert!(site.spool.take_wants_scan(), "another listing is what it waits for");
        site.spool.scan(site.now);
    }
    assert_eq!(site.spool.copies_due(), CopiesDue::Of(HashSet::new()));

    fs::copy(site.path("app.ndjson"), site.path("app.ndjson.1")).unwrap();
    site.read();
    let due = site.spool.copies_due();
    assert!(due.of(&site.path("app.ndjson")) && !due.of(&site.path("other.ndjson")), "{due:?}");

    fs::write(site.path("app.ndjson"), "").unwrap();
    for _ in 0..=LISTINGS {
        site.pass(COPY_HOLD);
        site.spool.scan(site.now);
    }
    assert_eq!(site.spool.copies_due(), CopiesDue::OfAny, "the copy's first step is still to be taken");
    site.read();
    assert_eq!(site.spool.copies_due(), CopiesDue::Of(HashSet::new()));
}

/// A site with two files that has been looked at for long enough to be relied on.
fn settled_site() -> Site {
    let mut site = Site::new();
    site.append("a.ndjson", "1\n");
    site.append("b.ndjson", "1\n");
    site.settle();
    site
}

/// The same, with directories that say that nothing ever changes.
fn settled_site_that_lies() -> Site {
    let mut site = settled_site();
    site.files.told.set(Some(1));
    site.settle();
    site
}

impl Site {
    /// Looks for so long that what is found then may be relied on.
    fn settle(&mut self) {
        self.read();
        self.now += SETTLED;
        self.read();
    }

    /// How many listings the reading of what is there takes.
    fn listings_of_a_read(&mut self) -> u32 {
        let before = self.files.listings.get();
        self.now += Duration::from_secs(1);
        self.read();
        self.files.listings.get() - before
    }
}

#[test]
fn directories_in_which_no_name_changes_are_not_listed_again_for_a_while() {
    let mut site = settled_site();
    for text in ["2", "3", "4"] {
        site.append("a.ndjson", &format!("{text}\n"));
        assert_eq!(site.listings_of_a_read(), 0);
    }
    site.assert_got(&[("a.ndjson", &["1", "2", "3", "4"]), ("b.ndjson", &["1"])]);
    site.now += RELIED_ON;
    assert_eq!([(); 3].map(|()| site.listings_of_a_read()), [1, 0, 0]);
}

#[test]
fn a_change_of_names_is_seen_at_once_by_directories_that_were_not_listed_for_a_while() {
    let mut site = settled_site();
    site.append("c.ndjson", "1\n");
    assert_eq!(site.listings_of_a_read(), 1);
    site.assert_got(&[("a.ndjson", &["1"]), ("b.ndjson", &["1"]), ("c.ndjson", &["1"])]);

    let mut site = settled_site();
    fs::rename(site.path("a.ndjson"), site.path("a.ndjson.1")).unwrap();
    site.append("a.ndjson", "2\n");
    assert!(site.listings_of_a_read() > 0);
    site.assert_got(&[("a.ndjson", &["1", "2"]), ("b.ndjson", &["1"])]);

    let mut site = settled_site();
    fs::remove_file(site.path("a.ndjson")).unwrap();
    assert!(site.listings_of_a_read() > 0);
    assert_eq!(site.spool.overview().files, 2, "it is kept open for a while");
    site.now += DELETED_LINGER;
    assert!(site.listings_of_a_read() > 0, "as long as a file is missing, nothing is relied on");
    assert_eq!(site.spool.overview().files, 1);
}

#[test]
fn a_listing_is_not_relied_on_that_may_have_run_while_a_name_changed() {
    let mut site = Site::new();
    site.append("a.ndjson", "1\n");
    // One tick of a clock, in which a file appears after the listing.
    site.files.told.set(Some(1));
    site.read();
    site.append("b.ndjson", "1\n");
    site.now += SETTLED / 2;
    site.read();
    site.assert_got(&[("a.ndjson", &["1"]), ("b.ndjson", &["1"])]);

    // The same in a later tick, when the one before was relied on.
    site.now += SETTLED;
    site.read();
    assert_eq!(site.listings_of_a_read(), 0);
    site.files.told.set(Some(2));
    site.append("c.ndjson", "1\n");
    site.now += Duration::from_millis(1);
    site.read();
    site.append("d.ndjson", "1\n");
    site.now += Duration::from_millis(1);
    site.read();
    assert_eq!(site.got.len(), 4);
}

#[test]
fn a_directory_that_says_that_nothing_changed_is_listed_now_and_then_all_the_same() {
    let mut site = settled_site_that_lies();
    site.append("c.ndjson", "1\n");
    assert_eq!(site.listings_of_a_read(), 0);
    site.now += RELIED_ON;
    site.read();
    assert_eq!(site.got.len(), 3);
}

#[test]
fn a_file_that_is_not_the_one_that_was_found_ends_the_calm() {
    let mut site = settled_site_that_lies();
    assert_eq!(site.listings_of_a_read(), 0);
    fs::remove_file(site.path("a.ndjson")).unwrap();
    assert!(site.listings_of_a_read() > 0, "its descriptor says that it has no name any more");
}

#[test]
fn a_link_to_another_directory_is_followed_at_once() {
    let site = Site::new();
    for (directory, name) in [("one", "a.ndjson"), ("two", "b.ndjson")] {
        fs::create_dir(site.folder.path().join(directory)).unwrap();
        fs::write(site.folder.path().join(directory).join(name), "1\n").unwrap();
    }
    let link = site.folder.path().join("link");
    symlink("one", &link).unwrap();
    let pattern = format!("{}/*.ndjson", link.display());
    let options = Options {
        globs: Globs::new(&[pattern], &[]).unwrap(),
        ..Site::options(site.folder.path(), StartAt::Beginning, 9)
    };
    let mut spool = Spool::new(site.files.clone(), options);
    let mut now = site.now;
    for _ in 0..3 {
        spool.scan(now);
        now += SETTLED;
    }
    let listings = site.files.listings.get();
    spool.scan(now);
    assert_eq!((site.files.listings.get() - listings, spool.overview().files), (0, 1));
    fs::remove_file(&link).unwrap();
    symlink("two", &link).unwrap();
    spool.scan(now);
    assert_eq!(spool.overview().files, 2);
}

#[test]
fn what_is_not_read_is_looked_at_in_every_scan() {
    let mut site = settled_site();
    assert_eq!(site.listings_of_a_read(), 0);
    symlink(site.path("a.ndjson"), site.path("link.ndjson")).unwrap();
    site.settle();
    assert!(site.listings_of_a_read() > 0, "what a link leads to may change without its name");
}

#[test]
fn a_file_that_was_moved_away_is_let_go_though_the_directory_stays_as_it_is() {
    let mut site = settled_site();
    fs::rename(site.path("a.ndjson"), site.folder.path().join("away")).unwrap();
    site.settle();
    assert_eq!(site.spool.overview().files, 2, "it is kept open for a while");
    let until = site.now + MOVED_LINGER;
    while site.now < until {
        assert!(site.listings_of_a_read() > 0, "as long as a file is missing, nothing is relied on");
    }
    assert_eq!(site.spool.overview().files, 1);
}
