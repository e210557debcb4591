//! Whether this host is fit for the agent: the folders of the spool, their file systems, inotify, room.
//!
//! Invariant: nothing is written, nothing is made.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat, statfs, statvfs};

use crate::finding::Finding;
use crate::spool::files::{Disk, FileSystem, Kind};
use crate::spool::globs::Globs;

/// What is looked at.
#[derive(Debug, Clone)]
pub struct Options {
    /// The spool.
    pub globs: Globs,
    /// The folder of the agent's own files.
    pub state_directory: PathBuf,
    /// How large the spool may grow before lines are let go.
    pub backlog_max: u64,
}

const SPOOL: &str = "spool";

/// Folders that are counted for inotify, at most.
const FOLDERS_MOST: u64 = 100_000;

/// Looks at the host.
pub fn inspect(options: &Options) -> Vec<Finding> {
    let mut findings = Vec::new();
    if rustix::process::geteuid().is_root() {
        // The password is root's file; the unit gets it in the same way.
        let advice = "for the service's own view: systemd-run --pipe --wait --quiet --uid tracespool --property \
                      LoadCredential=database-password:/etc/tracespool/database-password tracespool check --connect";
        findings.push(Finding::warning("host", "this runs as root, who may read everything", advice));
    }
    let mut folders: Vec<&Path> = options.globs.directories().collect();
    folders.sort_unstable();
    folders.dedup();
    for folder in &folders {
        look_at_folder(folder, options.backlog_max, &mut findings);
        look_at_names(folder, &options.globs, &mut findings);
    }
    look_at_inotify(&folders, options.globs.reaches_below(), &mut findings);
    look_at_state(&options.state_directory, &mut findings);
    findings
}

fn look_at_folder(folder: &Path, backlog_max: u64, findings: &mut Vec<Finding>) {
    let name = folder.display();
    let metadata = match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => metadata,
        Ok(_) => {
            let advice = "name a folder in `spool.paths`";
            findings.push(Finding::error(SPOOL, format!("`{name}` is no folder"), advice));
            return;
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let advice = format!("install -d -o root -g tracespool -m 2770 {name}");
            findings.push(Finding::error(SPOOL, format!("`{name}` does not exist"), advice));
            return;
        }
        Err(error) => {
            let advice = format!("see who may enter its parents: namei -l {name}");
            findings.push(Finding::error(SPOOL, format!("`{name}` cannot be looked at: {}", error.kind()), advice));
            return;
        }
    };
    let before = findings.len();
    let (mode, group) = (metadata.permissions().mode(), metadata.gid());
    if accessat(CWD, folder, Access::READ_OK | Access::EXEC_OK, AtFlags::EACCESS).is_err() {
        let advice = format!("chgrp tracespool {name} && chmod 2770 {name}  (and have this user in that group)");
        findings.push(Finding::error(SPOOL, format!("`{name}` cannot be read by this user"), advice));
    }
    if mode & 0o020 == 0 {
        let what = format!("`{name}` is not writable by its group ({group}): applications in it cannot write there");
        findings.push(Finding::warning(SPOOL, what, format!("chmod g+wx {name}")));
    }
    if mode & 0o2000 == 0 {
        let what =
            format!("`{name}` has no set-group-ID: new files get the group of who makes them, and may be unreadable");
        findings.push(Finding::warning(SPOOL, what, format!("chmod g+s {name}")));
    }
    if mode & 0o002 != 0 {
        let what = format!("anybody may write to `{name}`, and so add lines in the name of others");
        findings.push(Finding::warning(SPOOL, what, format!("chmod o-w {name}")));
    }
    look_at_file_system(folder, findings);
    look_at_room(folder, backlog_max, findings);
    look_at_files(folder, findings);
    if findings.len() == before {
        findings.push(Finding::fine(SPOOL, format!("`{name}` is as it should be")));
    }
}

/// File systems on which something that the agent relies on does not hold.
const STRANGE: [(u64, &str, &str); 9] = [
    (0x6969, "NFS", NETWORK),
    (0x517b, "SMB", NETWORK),
    (0xff53_4d42, "CIFS", NETWORK),
    (0xfe53_4d42, "SMB2", NETWORK),
    (0x0102_1997, "9P", NETWORK),
    (0x00c3_6400, "Ceph", NETWORK),
    (0x6573_5546, "FUSE", NETWORK),
    (0x4244, "HFS", "inodes are reused without a birth time to tell them by"),
    (0x0102_1994, "tmpfs", "it is in memory: what is not shipped is gone after a restart of the machine"),
];

const NETWORK: &str = "changes by other hosts are not reported, inodes may change, and writes may hang";

fn look_at_file_system(folder: &Path, findings: &mut Vec<Finding>) {
    let Ok(system) = statfs(folder) else { return };
    // Some machines have the number with a sign.
    let kind = system.f_type as u64 & 0xffff_ffff;
    if let Some((_, kind, why)) = STRANGE.iter().find(|(number, ..)| *number == kind) {
        let what = format!("`{}` is on {kind}: {why}", folder.display());
        findings.push(Finding::warning(SPOOL, what, "move the spool to a local disk: `spool.paths`"));
    }
}

fn look_at_room(folder: &Path, wanted: u64, findings: &mut Vec<Finding>) {
    let Ok(system) = statvfs(folder) else { return };
    let free = system.f_bavail.saturating_mul(system.f_frsize);
    let name = folder.display();
    let mib = |bytes: u64| bytes >> 20;
    if free < wanted {
        let (free, wanted) = (mib(free), mib(wanted));
        let what =
            format!("{free} MiB are free at `{name}`, and an outage may need {wanted} MiB (`shed.max_backlog_bytes`)");
        findings.push(Finding::warning(SPOOL, what, "make room, or lower `shed.max_backlog_bytes`"));
    }
    // File systems without a fixed number of inodes tell none.
    if system.f_files > 0 && system.f_favail < 100 {
        let what = format!("`{name}` has room for {} more files only", system.f_favail);
        findings.push(Finding::warning(SPOOL, what, format!("find what fills it: du --inodes -x {name}")));
    }
}

/// Files that this user cannot read, as far as they lie in the folder itself.
fn look_at_files(folder: &Path, findings: &mut Vec<Finding>) {
    let Ok(entries) = Disk.list(folder) else { return };
    let closed: Vec<PathBuf> = entries
        .into_iter()
        .filter(|(_, kind)| *kind == Kind::Regular)
        .map(|(name, _)| folder.join(name))
        .filter(|path| accessat(CWD, path, Access::READ_OK, AtFlags::EACCESS).is_err())
        .collect();
    if let Some(first) = closed.first() {
        let (count, first) = (closed.len(), first.display());
        let what = format!("{count} files in `{}` cannot be read by this user, `{first}` for one", folder.display());
        findings.push(Finding::error(SPOOL, what, format!("chgrp tracespool {first} && chmod g+r {first}")));
    }
}

/// Files beside those of the spool. They may well be another's, so they are told and nothing is said against them.
fn look_at_names(folder: &Path, globs: &Globs, findings: &mut Vec<Finding>) {
    let Ok(entries) = Disk.list(folder) else { return };
    let is_hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let mut others: Vec<PathBuf> = entries
        .into_iter()
        .filter(|(_, kind)| *kind == Kind::Regular)
        .map(|(name, _)| folder.join(name))
        .filter(|path| !globs.speaks_of(path) && !is_hidden(path))
        .collect();
    others.sort_unstable();
    if let Some(first) = others.first() {
        let files = if others.len() == 1 { "1 file".to_owned() } else { format!("{} files", others.len()) };
        let what = format!("not read: {files} that `spool.paths` does not name, `{}` for one", first.display());
        findings.push(Finding::fine(SPOOL, what));
    }
}

fn look_at_inotify(folders: &[&Path], below: bool, findings: &mut Vec<Finding>) {
    let limit = |name: &str| -> Option<u64> {
        fs::read_to_string(format!("/proc/sys/fs/inotify/{name}")).ok()?.trim().parse().ok()
    };
    let (Some(watches), Some(instances)) = (limit("max_user_watches"), limit("max_user_instances")) else {
        let advice = "nothing to do; the spool is looked at every `spool.rescan_interval`";
        findings.push(Finding::warning("inotify", "its limits cannot be read", advice));
        return;
    };
    let count = count_folders(folders, below);
    if watches < count.saturating_mul(2) {
        let what = format!("fs.inotify.max_user_watches is {watches}, and the spool has {count} folders");
        let advice = format!(
            "sysctl fs.inotify.max_user_watches={}  (and in /etc/sysctl.d/); without it, changes are seen every \
             `spool.rescan_interval`",
            count.saturating_mul(4).max(8192)
        );
        findings.push(Finding::warning("inotify", what, advice));
    } else if instances < 16 {
        let what = format!("fs.inotify.max_user_instances is {instances}");
        findings.push(Finding::warning("inotify", what, "sysctl fs.inotify.max_user_instances=128"));
    } else {
        let what = format!("{watches} watches and {instances} instances a user; the spool needs {count} watches");
        findings.push(Finding::fine("inotify", what));
    }
}

fn count_folders(folders: &[&Path], below: bool) -> u64 {
    let mut todo: Vec<PathBuf> = folders.iter().map(|folder| (*folder).to_owned()).collect();
    let mut count = 0;
    while let Some(folder) = todo.pop() {
        count += 1;
        if below && count < FOLDERS_MOST {
            let entries = Disk.list(&folder).unwrap_or_default();
            let inner = entries.into_iter().filter(|(_, kind)| *kind == Kind::Directory);
            todo.extend(inner.map(|(name, _)| folder.join(name)));
        }
    }
    count
}

fn look_at_state(directory: &Path, findings: &mut Vec<Finding>) {
    let name = directory.display();
    const PLACE: &str = "state";
    match fs::metadata(directory) {
        Ok(metadata) if !metadata.is_dir() => {
            let advice = "name a folder in `state.directory`";
            findings.push(Finding::error(PLACE, format!("`{name}` is no folder"), advice));
        }
        Ok(metadata) => {
            let wanted = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
            if accessat(CWD, directory, wanted, AtFlags::EACCESS).is_err() {
                let advice = format!("chown tracespool: {name} && chmod 700 {name}");
                findings.push(Finding::error(PLACE, format!("`{name}` cannot be written by this user"), advice));
            } else if metadata.permissions().mode() & 0o077 != 0 {
                let what = format!("others may look into `{name}`, where the quarantine lies");
                findings.push(Finding::warning(PLACE, what, format!("chmod 700 {name}")));
            } else {
                findings.push(Finding::fine(PLACE, format!("`{name}` is this user's alone")));
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let what = format!("`{name}` does not exist; the service makes it when it starts");
            findings.push(Finding::fine(PLACE, what));
        }
        Err(error) => {
            let advice = format!("see who may enter its parents: namei -l {name}");
            findings.push(Finding::error(PLACE, format!("`{name}` cannot be looked at: {}", error.kind()), advice));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Weight;

    fn options(folder: &Path) -> Options {
        let globs = Globs::new(&[format!("{}/*.ndjson", folder.join("spool").display())], &[]).unwrap();
        Options { globs, state_directory: folder.join("state"), backlog_max: 1 }
    }

    #[track_caller]
    fn check(findings: &[Finding], weight: Weight, words: &str) {
        let found = findings.iter().any(|finding| finding.weight == weight && finding.what.contains(words));
        assert!(found, "no {weight} with `{words}` in {findings:#?}");
    }

    #[test]
    fn a_spool_that_is_missing_and_one_with_other_rights_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let spool = folder.path().join("spool");
        check(&inspect(&options(folder.path())), Weight::Error, "does not exist");
        fs::create_dir(&spool).unwrap();
        let set = |mode| fs::set_permissions(&spool, fs::Permissions::from_mode(mode)).unwrap();
        set(0o755);
        let findings = inspect(&options(folder.path()));
        check(&findings, Weight::Warning, "not writable by its group");
        check(&findings, Weight::Warning, "no set-group-ID");
        check(&findings, Weight::Fine, "watches");
        set(0o2777);
        check(&inspect(&options(folder.path())), Weight::Warning, "anybody may write");
        set(0o2770);
        let findings = inspect(&options(folder.path()));
        let strange = findings.iter().filter(|finding| finding.place == SPOOL && finding.weight != Weight::Fine);
        assert!(strange.clone().all(|finding| finding.what.contains("is on")), "{findings:#?}");
        let full = Options { backlog_max: u64::MAX, ..options(folder.path()) };
        check(&inspect(&full), Weight::Warning, "MiB are free");
    }

    #[test]
    fn files_beside_those_of_the_spool_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let spool = folder.path().join("spool");
        fs::create_dir(&spool).unwrap();
        let tells = || inspect(&options(folder.path())).iter().any(|finding| finding.what.starts_with("not read"));
        for named in ["app.ndjson", ".app.ndjson.swp"] {
            fs::write(spool.join(named), "").unwrap();
        }
        assert!(!tells());
        fs::write(spool.join("app.log"), "").unwrap();
        check(&inspect(&options(folder.path())), Weight::Fine, "1 file that `spool.paths` does not name, `");
        check(&inspect(&options(folder.path())), Weight::Fine, "app.log` for one");
    }

    #[test]
    fn a_file_in_the_folders_place_and_an_open_state_folder_are_told() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("spool"), "").unwrap();
        fs::create_dir(folder.path().join("state")).unwrap();
        fs::set_permissions(folder.path().join("state"), fs::Permissions::from_mode(0o755)).unwrap();
        let findings = inspect(&options(folder.path()));
        check(&findings, Weight::Error, "is no folder");
        check(&findings, Weight::Warning, "others may look into");
    }
}
