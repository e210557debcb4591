//! Which paths belong to the spool.

use std::io;
use std::path::{Component, Path, PathBuf};

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use super::files::{FileSystem, Kind};

/// A pattern that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` is not a pattern of paths: {why}")]
pub struct BadPattern {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it.
    pub why: String,
}

/// The paths of the spool: patterns, and what is left out of them.
#[derive(Debug, Clone)]
pub struct Globs {
    roots: Vec<Root>,
    exclude: GlobSet,
}

/// One pattern: where its literal part ends, and what must match below.
#[derive(Debug, Clone)]
struct Root {
    directory: PathBuf,
    /// How many directories below `directory` a match can be; `None` for any number (`**`).
    levels: Option<usize>,
    pattern: GlobSet,
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Found {
    /// Every path that matches and is no directory, with its kind; each once.
    pub paths: Vec<(PathBuf, Kind)>,
    /// Directories that could not be listed, with the error. Nothing may be concluded from a path being absent then.
    pub unlisted: Vec<(PathBuf, io::Error)>,
}

impl Globs {
    /// Compiles patterns. `*` and `?` do not match a `/`; `**` matches any number of directories.
    ///
    /// # Errors
    /// The first pattern that is not absolute or not a glob.
    pub fn new(paths: &[String], exclude: &[String]) -> Result<Self, BadPattern> {
        Ok(Globs { roots: paths.iter().map(|path| root(path)).collect::<Result<_, _>>()?, exclude: set(exclude)? })
    }

    /// The directories that patterns begin in.
    pub fn directories(&self) -> impl Iterator<Item = &Path> {
        self.roots.iter().map(|root| root.directory.as_path())
    }

    /// Whether matches can be below a directory's own entries.
    pub fn reaches_below(&self) -> bool {
        self.roots.iter().any(|root| root.levels != Some(0))
    }

    /// Walks the directories. Symbolic links to directories are not followed.
    pub fn walk(&self, files: &impl FileSystem) -> Found {
        let mut found = Found::default();
        for root in &self.roots {
            // The configured directory may be reached through links; what lies in it may not.
            let directory = match files.resolve(&root.directory) {
                Ok(directory) => directory,
                Err(error) => {
                    found.unlisted.push((root.directory.clone(), error));
                    continue;
                }
            };
            let mut todo = vec![(directory, root.directory.clone(), 0)];
            while let Some((directory, named, level)) = todo.pop() {
                let entries = match files.list(&directory) {
                    Ok(entries) => entries,
                    Err(error) => {
                        found.unlisted.push((directory, error));
                        continue;
                    }
                };
                for (name, kind) in entries {
                    let named = named.join(&name);
                    if kind == Kind::Directory {
                        if root.levels.is_none_or(|levels| level < levels) && !self.exclude.is_match(&named) {
                            todo.push((directory.join(&name), named, level + 1));
                        }
                    } else if root.pattern.is_match(&named) && !self.exclude.is_match(&named) {
                        found.paths.push((directory.join(&name), kind));
                    }
                }
            }
        }
        found.paths.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        found.paths.dedup_by(|one, other| one.0 == other.0);
        found
    }
}

fn root(pattern: &str) -> Result<Root, BadPattern> {
    let bad = |why: &str| BadPattern { pattern: pattern.to_owned(), why: why.to_owned() };
    let path = Path::new(pattern);
    if !path.is_absolute() {
        return Err(bad("it must begin with `/`"));
    }
    let is_literal = |component: &Component<'_>| {
        !component.as_os_str().to_string_lossy().contains(['*', '?', '[', ']', '{', '}', '\\'])
    };
    let components: Vec<Component<'_>> = path.components().collect();
    let literal = components.iter().take_while(|component| is_literal(component)).count().min(components.len() - 1);
    let directory: PathBuf = components[..literal].iter().collect();
    let below = &components[literal..];
    let any_depth = below.iter().any(|component| component.as_os_str().to_string_lossy().contains("**"));
    let levels = (!any_depth).then(|| below.len() - 1);
    Ok(Root { directory, levels, pattern: set(&[pattern.to_owned()])? })
}

fn set(patterns: &[String]) -> Result<GlobSet, BadPattern> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let bad = |error: &globset::Error| BadPattern { pattern: pattern.clone(), why: error.kind().to_string() };
        set.add(GlobBuilder::new(pattern).literal_separator(true).build().map_err(|error| bad(&error))?);
    }
    set.build().map_err(|error| BadPattern { pattern: patterns.join(", "), why: error.kind().to_string() })
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
    fn patterns_must_be_absolute_and_well_formed() {
        assert!(Globs::new(&["a/*.ndjson".to_owned()], &[]).is_err());
        assert!(Globs::new(&["/a/[.ndjson".to_owned()], &[]).is_err());
    }
}
