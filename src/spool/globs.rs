//! Which paths belong to the spool.
//!
//! Invariant: a [`Pattern`] can match a path as a walk writes it: absolute, in its simplest form.

use std::io;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};

use super::files::{FileSystem, Kind, Stamp};

/// How long a path or pattern may be, in bytes: as long as the kernel takes one.
const PATH_MAX: usize = 4096;

/// The text is no absolute path in its simplest form; the text itself is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPath {
    /// It does not begin with `/`.
    #[error("write an absolute path, one that begins with `/`")]
    Relative,
    /// It is longer than the kernel takes one.
    #[error("a path has at most {PATH_MAX} bytes")]
    TooLong,
    /// Messages with it in them would not be plain.
    #[error("it has a control character in it; remove that")]
    ControlCharacter,
    /// There is a simpler way to write it.
    #[error("write the path without `//`, `.`, `..` and without a `/` at its end")]
    NotPlain,
}

/// Reads an absolute path in its simplest form, so that one place is not written in two ways.
///
/// # Errors
/// See [`BadPath`].
pub fn absolute_path(text: &str) -> Result<PathBuf, BadPath> {
    let Some(parts) = text.strip_prefix('/') else { return Err(BadPath::Relative) };
    if text.len() > PATH_MAX {
        return Err(BadPath::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Err(BadPath::ControlCharacter);
    }
    if parts.split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(BadPath::NotPlain);
    }
    Ok(PathBuf::from(text))
}

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` cannot be used: {why}")]
pub struct BadPattern {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it, and what to write instead.
    pub why: String,
}

/// A pattern of absolute paths. `*` and `?` do not match a `/`; `**` matches any number of directories.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    /// Where its literal part ends.
    directory: PathBuf,
    /// How many directories below `directory` a match can be; `None` for any number (`**`).
    levels: Option<usize>,
    set: GlobSet,
}

impl Pattern {
    fn matches(&self, path: &Candidate<'_>) -> bool {
        self.set.is_match_candidate(path)
    }
}

impl PartialEq for Pattern {
    /// Everything else follows from the text.
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl FromStr for Pattern {
    type Err = BadPattern;

    fn from_str(text: &str) -> Result<Self, BadPattern> {
        let bad = |why: String| BadPattern { pattern: text.to_owned(), why };
        let path = absolute_path(text).map_err(|error| {
            bad(match error {
                BadPath::Relative => {
                    "a pattern begins with `/`; to match in any folder begin it with `/**/`".to_owned()
                }
                BadPath::TooLong | BadPath::ControlCharacter | BadPath::NotPlain => error.to_string(),
            })
        })?;
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        let set = glob.and_then(|glob| GlobSetBuilder::new().add(glob).build());
        let set = set.map_err(|error| bad(format!("it is not a valid pattern: {}", error.kind())))?;
        let is_literal = |component: &Component<'_>| {
            !component.as_os_str().to_string_lossy().contains(['*', '?', '[', ']', '{', '}', '\\'])
        };
        let components: Vec<Component<'_>> = path.components().collect();
        let literal = components.iter().take_while(|component| is_literal(component)).count().min(components.len() - 1);
        let directory: PathBuf = components[..literal].iter().collect();
        let below = &components[literal..];
        let any_depth = below.iter().any(|component| component.as_os_str().to_string_lossy().contains("**"));
        let levels = (!any_depth).then(|| below.len() - 1);
        Ok(Pattern { text: text.to_owned(), directory, levels, set })
    }
}

/// The paths of the spool: patterns, and what is left out of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Globs {
    paths: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Found {
    /// Every path that matches and is no directory, with its kind; each once.
    pub paths: Vec<(PathBuf, Kind)>,
    /// Directories that could not be listed, with the error. Nothing may be concluded from a path being absent then.
    pub unlisted: Vec<(PathBuf, io::Error)>,
    /// Where each pattern's literal part led to, as far as it led anywhere.
    pub roots: Vec<PathBuf>,
    /// The directories that were listed, as they were just before.
    pub listed: Vec<(PathBuf, Stamp)>,
}

impl Globs {
    /// Reads patterns.
    ///
    /// # Errors
    /// The first pattern that cannot be used.
    pub fn new(paths: &[String], exclude: &[String]) -> Result<Self, BadPattern> {
        let read = |patterns: &[String]| patterns.iter().map(|pattern| pattern.parse()).collect::<Result<_, _>>();
        Ok(Globs::of(read(paths)?, read(exclude)?))
    }

    /// What matches one of `paths` and none of `exclude`.
    pub fn of(paths: Vec<Pattern>, exclude: Vec<Pattern>) -> Self {
        Globs { paths, exclude }
    }

    /// The directories that patterns begin in.
    pub fn directories(&self) -> impl Iterator<Item = &Path> {
        self.paths.iter().map(|pattern| pattern.directory.as_path())
    }

    /// Whether matches can be below a directory's own entries.
    pub fn reaches_below(&self) -> bool {
        self.paths.iter().any(|pattern| pattern.levels != Some(0))
    }

    /// Walks the directories. Symbolic links to directories are not followed.
    pub fn walk(&self, files: &impl FileSystem) -> Found {
        let mut found = Found::default();
        for pattern in &self.paths {
            // The configured directory may be reached through links; what lies in it may not.
            let directory = match files.resolve(&pattern.directory) {
                Ok(directory) => directory,
                Err(error) => {
                    found.unlisted.push((pattern.directory.clone(), error));
                    continue;
                }
            };
            found.roots.push(directory.clone());
            let mut todo = vec![(directory, pattern.directory.clone(), 0)];
            while let Some((directory, named, level)) = todo.pop() {
                let listed = files.stamp(&directory).and_then(|stamp| Ok((stamp, files.list(&directory)?)));
                let (stamp, entries) = match listed {
                    Ok(listed) => listed,
                    Err(error) => {
                        found.unlisted.push((directory, error));
                        continue;
                    }
                };
                found.listed.push((directory.clone(), stamp));
                for (name, kind) in entries {
                    let named = named.join(&name);
                    if kind == Kind::Directory {
                        if pattern.levels.is_none_or(|levels| level < levels) && !self.excludes(&named) {
                            todo.push((directory.join(&name), named, level + 1));
                        }
                    } else if pattern.matches(&Candidate::new(&named)) && !self.excludes(&named) {
                        found.paths.push((directory.join(&name), kind));
                    }
                }
            }
        }
        // As texts: to compare them part by part takes several times as long, and every rescan does.
        found.paths.sort_unstable_by(|one, other| one.0.as_os_str().cmp(other.0.as_os_str()));
        found.paths.dedup_by(|one, other| one.0.as_os_str() == other.0.as_os_str());
        found
    }

    /// Whether the patterns' literal parts lead to where they led before.
    pub fn lead_to(&self, roots: &[PathBuf], files: &impl FileSystem) -> bool {
        self.paths.len() == roots.len()
            && self.directories().zip(roots).all(|(named, root)| files.resolve(named).is_ok_and(|now| now == *root))
    }

    /// Whether a pattern speaks of this path, to take it in or to leave it out.
    pub fn speaks_of(&self, path: &Path) -> bool {
        let candidate = Candidate::new(path);
        self.paths.iter().any(|pattern| pattern.matches(&candidate)) || self.excludes(path)
    }

    fn excludes(&self, path: &Path) -> bool {
        let path = Candidate::new(path);
        self.exclude.iter().any(|pattern| pattern.matches(&path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spool::files::Disk;

    #[track_caller]
    fn check(patterns: &[&str], exclude: &[&str], want: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        for path in ["a.ndjson", "b.log", "x/a.ndjson", "x/y/a.ndjson", "x/y/z/b.ndjson", "[odd].ndjson"] {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        std::os::unix::fs::symlink(folder.path().join("x"), folder.path().join("linked")).unwrap();
        let base = folder.path().canonicalize().unwrap();
        let absolute = |patterns: &[&str]| -> Vec<String> {
            patterns.iter().map(|pattern| format!("{}/{pattern}", base.display())).collect()
        };
        let globs = Globs::new(&absolute(patterns), &absolute(exclude)).unwrap();
        let found = globs.walk(&Disk);
        assert!(found.unlisted.is_empty(), "{:?}", found.unlisted);
        let got: Vec<String> = found
            .paths
            .iter()
            .filter(|(_, kind)| *kind == Kind::Regular)
            .map(|(path, _)| path.strip_prefix(&base).unwrap().display().to_string())
            .collect();
        assert_eq!(got, want);
    }

    #[test]
    fn patterns_find_what_they_say() {
        check(&["a.ndjson"], &[], &["a.ndjson"]);
        check(&["*.ndjson"], &[], &["[odd].ndjson", "a.ndjson"]);
        check(&["*/*.ndjson"], &[], &["x/a.ndjson"]);
        check(&["**/*.ndjson"], &[], &["[odd].ndjson", "a.ndjson", "x/a.ndjson", "x/y/a.ndjson", "x/y/z/b.ndjson"]);
        check(&["x/**/a.ndjson"], &[], &["x/a.ndjson", "x/y/a.ndjson"]);
        check(&["**/*.ndjson"], &["x/y/**", "\\[*"], &["a.ndjson", "x/a.ndjson"]);
        check(&["*.ndjson", "a.*"], &["[[]*"], &["a.ndjson"]);
        check(&["{a,b}.*"], &[], &["a.ndjson", "b.log"]);
    }

    #[test]
    fn a_missing_directory_is_reported_and_proves_nothing() {
        let globs = Globs::new(&["/nonexistent/spool/*.ndjson".to_owned()], &[]).unwrap();
        let found = globs.walk(&Disk);
        assert_eq!(found.unlisted.len(), 1);
        assert!(found.paths.is_empty());
    }

    #[test]
    fn patterns_match_as_the_contract_says() {
        #[track_caller]
        fn check(pattern: &str, path: &str, want: bool) {
            let pattern: Pattern = pattern.parse().unwrap();
            assert_eq!(pattern.matches(&Candidate::new(path)), want, "{pattern:?} {path}");
        }
        check("/s/*.ndjson", "/s/a.ndjson", true);
        check("/s/*.ndjson", "/s/t/a.ndjson", false);
        check("/s/**/*.ndjson", "/s/a.ndjson", true);
        check("/s/**/*.ndjson", "/s/t/u/a.ndjson", true);
        check("/s/?.log", "/s//.log", false);
        check("/**/*.gz", "/s/t/a.gz", true);
        check("/**/*.gz", "/a.gz", true);
        check("/s/{a,b}", "/s/b", true);
        check(&format!("/{}", "?".repeat(4095)), "/x", false);
        check(&format!("/{}", "**/".repeat(1365).trim_end_matches('/')), "/x", true);
    }

    #[test]
    fn patterns_must_be_absolute_plain_and_well_formed() {
        #[track_caller]
        fn check(text: &str, want: &str) {
            let bad = text.parse::<Pattern>().unwrap_err();
            assert!(bad.pattern == text && bad.why.contains(want), "{bad}");
            let patterns = [text.to_owned()];
            assert_eq!(Globs::new(&patterns, &[]), Err(bad.clone()));
            assert_eq!(Globs::new(&[], &patterns), Err(bad));
        }
        check("", "begins with `/`");
        check("a/*.ndjson", "to match in any folder begin it with `/**/`");
        check("/a/[.ndjson", "it is not a valid pattern: unclosed character class");
        check("/a//*.ndjson", "without `//`");
        check("/a/../*.ndjson", "without `//`");
        check("/a/", "without `//`");
        check("/", "without `//`");
        check("/a\n", "control character");
        check(&format!("/{}", "a".repeat(4096)), "at most 4096 bytes");
    }

    #[test]
    fn globs_are_the_same_if_their_texts_are() {
        let globs = |paths: &str, exclude: &str| Globs::new(&[paths.to_owned()], &[exclude.to_owned()]).unwrap();
        assert_eq!(globs("/a/*", "/b"), globs("/a/*", "/b"));
        assert_ne!(globs("/a/*", "/b"), globs("/a/*", "/c"));
        assert_ne!(globs("/a/*", "/b"), globs("/a/?", "/b"));
    }
}
