//! What is written for people: man pages, completions, and the pages of `docs/`, held against the program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::support::{Finished, binary, finish};

const SOON: Duration = Duration::from_secs(60);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[track_caller]
fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[track_caller]
fn program(arguments: &[&str]) -> Finished {
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(root());
    finish(command, b"", SOON)
}

/// The commands below this one, as `--help` lists them.
fn commands(path: &[String]) -> Vec<Vec<String>> {
    let arguments: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
    let help = program(&arguments);
    assert_eq!(help.code, Some(0), "{arguments:?}: {help:?}");
    let Some((_, list)) = help.stdout.split_once("\nCommands:\n") else { return Vec::new() };
    let names = list.lines().take_while(|line| !line.is_empty()).filter(|line| line.starts_with("  "));
    let names = names.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(|name| [path, &[name.to_owned()]].concat()).collect()
}

/// Every command of the program, the program itself included.
fn all_commands() -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    let mut next = 0;
    while let Some(path) = all.get(next).cloned() {
        all.extend(commands(&path));
        next += 1;
    }
    assert!(all.len() > 12 && all.contains(&vec!["checkpoint".to_owned(), "set".to_owned()]), "{all:?}");
    all
}

#[test]
fn every_command_has_a_man_page_with_its_options() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().to_str().expect("a path");
    let made = program(&["generate", "man", path]);
    assert_eq!((made.code, made.stdout.as_str(), made.stderr.as_str()), (Some(0), "", ""));
    let mut pages: BTreeSet<_> =
        std::fs::read_dir(folder.path()).expect("a folder").flatten().map(|entry| entry.path()).collect();
    for command in all_commands() {
        let name = ["tracespool".to_owned()].iter().chain(&command).cloned().collect::<Vec<_>>().join("-");
        let file = folder.path().join(format!("{name}.1"));
        assert!(pages.remove(&file), "`tracespool {}` has no page {name}.1", command.join(" "));
        let page = std::fs::read_to_string(&file).expect("the page").replace("\\-", "-");
        let arguments: Vec<&str> = command.iter().map(String::as_str).chain(["--help"]).collect();
        for word in program(&arguments).stdout.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')) {
            if word.strip_prefix("--").is_some_and(|name| !name.is_empty()) {
                assert!(page.contains(word), "{name}.1 does not have `{word}`:\n{page}");
            }
        }
        assert!(page.contains("SEE ALSO"), "{name}.1");
    }
    let config = folder.path().join("tracespool.toml.5");
    assert!(pages.remove(&config), "there is no page on the config");
    assert!(pages.is_empty(), "pages of no command: {pages:?}");
    let page = std::fs::read_to_string(config).expect("the page").replace("\\-", "-");
    for (key, _) in keys() {
        let (section, key) = key.split_once('.').expect("a section");
        assert!(page.contains(&format!(".SH \"[{section}]\"")), "no heading for [{section}]");
        assert!(page.contains(&format!("\\fB{key}\\fR = ")), "tracespool.toml.5 does not have `{key}`");
    }
}

#[test]
fn man_pages_are_sound() {
    if Command::new("man").arg("--version").output().is_err() {
        crate::support::skipped("man_pages_are_sound", "there is no `man` here");
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    assert_eq!(program(&["generate", "man", folder.path().to_str().expect("a path")]).code, Some(0));
    for entry in std::fs::read_dir(folder.path()).expect("a folder").flatten() {
        let mut man = Command::new("man");
        man.args(["--warnings", "--local-file", "-Tutf8"]).arg(entry.path()).env("MANWIDTH", "100");
        let shown = finish(man, b"", SOON);
        assert_eq!((shown.code, shown.stderr.as_str()), (Some(0), ""), "{}", entry.path().display());
    }
}

#[test]
fn completions_know_every_command() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let made = program(&["generate", "completions", folder.path().to_str().expect("a path")]);
    assert_eq!(made.code, Some(0), "{made:?}");
    for file in ["tracespool.bash", "tracespool.fish", "_tracespool"] {
        let text = std::fs::read_to_string(folder.path().join(file)).expect("a completion");
        for command in all_commands() {
            let Some(name) = command.last() else { continue };
            assert!(text.contains(name), "{file} does not know `{name}`");
        }
        assert!(!text.contains("generate"), "{file} shows a command that is hidden");
    }
    let bash = finish(
        {
            let mut bash = Command::new("bash");
            bash.args(["-n", "tracespool.bash"]).current_dir(folder.path());
            bash
        },
        b"",
        SOON,
    );
    assert_eq!((bash.code, bash.stderr.as_str()), (Some(0), ""));
}

#[test]
fn pages_that_cannot_be_written_are_74() {
    let nowhere = program(&["generate", "man", "/nowhere"]);
    assert_eq!(nowhere.code, Some(74), "{nowhere:?}");
    assert!(nowhere.stderr.contains("/nowhere"), "{nowhere:?}");
    assert_eq!(program(&["generate", "songs", "/tmp"]).code, Some(64));
}

/// Every key of `config.example.toml`, with what stands behind it; `None` where that is only an example or a required value.
fn keys() -> Vec<(String, Option<String>)> {
    // These show an example, since they have no default that can be written down.
    let examples = [
        "agent.id",
        "spool.paths",
        "database.url",
        "database.password_file",
        "database.tls_ca",
        "database.tls_cert",
        "database.tls_key",
        "scrub.hash_key_file",
        "scrub.encrypt_recipient",
        "quarantine.path",
    ];
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in read("config.example.toml").lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_owned();
            continue;
        }
        let bare = line.strip_prefix("# ").unwrap_or(line);
        let Some((key, value)) = bare.split_once(" = ") else { continue };
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            continue;
        }
        let key = format!("{section}.{key}");
        let default = (!examples.contains(&key.as_str())).then(|| value.to_owned());
        keys.push((key, default));
    }
    assert!(keys.len() > 35, "{keys:?}");
    keys
}

#[test]
fn configure_md_has_each_key_with_its_default() {
    let page = read("docs/configure.md");
    let mut rows = BTreeMap::new();
    for line in page.lines().filter(|line| line.starts_with("| `")) {
        let mut cells = line.trim_matches('|').split(" | ").map(str::trim);
        let (Some(key), Some(default)) = (cells.next(), cells.next()) else { continue };
        let key = key.trim_start_matches('`').split('`').next().expect("a key");
        if cells.clone().count() == 2 && cells.all(|cell| !cell.is_empty()) {
            rows.insert(key.to_owned(), default.to_owned());
        }
    }
    for (key, default) in keys() {
        let found = rows.remove(&key);
        let Some(found) = found else { panic!("docs/configure.md has no row for `{key}`") };
        if let Some(default) = default {
            assert_eq!(found, format!("`{default}`"), "the default of `{key}` in docs/configure.md");
        }
    }
    assert!(rows.is_empty(), "docs/configure.md has keys that do not exist: {rows:?}");
}

#[test]
fn fragments_of_config_in_the_pages_are_good() {
    let mut tried = 0;
    for page in pages() {
        for (kind, block) in blocks(&read(page.to_str().expect("a path"))) {
            if kind != "toml" {
                continue;
            }
            let folder = tempfile::tempdir().expect("a temporary folder");
            let file = folder.path().join("config.toml");
            std::fs::write(&file, &block).expect("the config is written");
            let mut command = Command::new(binary());
            command.args(["check", "--config"]).arg(&file);
            // What a fragment leaves out.
            if !block.contains("[spool]") {
                command.env("TRACESPOOL__SPOOL__PATHS", "[\"/var/spool/tracespool/*.ndjson\"]");
            }
            if !block.contains("[database]") {
                command.env("TRACESPOOL__DATABASE__URL", "mysql://tracespool@localhost/app");
            }
            // A key of hashes, for rules that hash.
            let key = folder.path().join("key");
            std::fs::write(&key, "0123456789abcdef0123456789abcdef").expect("the key is written");
            std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600))
                .expect("the key is ours");
            command.env("TRACESPOOL__SCRUB__HASH_KEY_FILE", &key);
            let finished = finish(command, b"", SOON);
            assert_eq!(finished.code, Some(0), "{}: {finished:?}\n{block}", page.display());
            tried += 1;
        }
    }
    assert!(tried >= 3, "{tried}");
}

/// README.md and the pages of `docs/`, from the root.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![PathBuf::from("README.md")];
    let folder = std::fs::read_dir(root().join("docs")).expect("there is docs/").flatten();
    pages.extend(folder.map(|entry| Path::new("docs").join(entry.file_name())));
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    pages
}

/// The fenced blocks of a page: what they are, what is in them.
fn blocks(text: &str) -> Vec<(String, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines() {
        match (line.trim().strip_prefix("```"), open.take()) {
            (Some(_), Some(block)) => blocks.push(block),
            (Some(kind), None) => open = Some((kind.to_owned(), String::new())),
            (None, Some((kind, text))) => open = Some((kind, text + line + "\n")),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// Commands that no test runs, with the reason; `systemd/boot-test` reads this file too.
fn not_run() -> BTreeMap<String, String> {
    let text = read("tests/data/commands-not-run.tsv");
    let pairs = text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_once('\t').expect("a reason"));
    pairs.map(|(command, reason)| (command.to_owned(), reason.to_owned())).collect()
}

/// Each page whose commands are run, or named as those that cannot be, is known to `systemd/boot-test`. So a new page fails here.
#[test]
fn every_command_of_the_pages_is_run_or_named() {
    let booted = read("systemd/boot-test");
    let mut not_run = not_run();
    let mut seen = 0;
    for page in pages() {
        let name = page.to_str().expect("a path");
        for (kind, block) in blocks(&read(name)) {
            assert!(["sh", "text", "toml", "json", "sql", ""].contains(&kind.as_str()), "{name}: a block of `{kind}`");
            if kind.is_empty() {
                let first = block.lines().next().unwrap_or_default();
                let command =
                    ["tracespool ", "sudo ", "systemctl ", "cargo ", "apt "].iter().any(|word| first.starts_with(word));
                assert!(!command, "{name}: a block of commands is to be marked `sh`: {first}");
            }
            if kind == "sh" {
                assert!(booted.contains(name), "{name} has commands, and systemd/boot-test does not run them");
                for line in block.lines() {
                    seen += 1;
                    not_run.remove(line.trim());
                }
            }
        }
    }
    assert!(seen > 30, "{seen}");
    assert!(not_run.is_empty(), "tests/data/commands-not-run.tsv names commands that no page has: {not_run:?}");
}

#[test]
fn links_between_the_pages_lead_somewhere() {
    for page in pages() {
        let name = page.to_str().expect("a path");
        for rest in read(name).split("](").skip(1) {
            let link = rest.split(')').next().expect("a link");
            let path = link.split('#').next().expect("a path");
            if path.is_empty() || link.contains("://") {
                continue;
            }
            let target = root().join(&page).parent().expect("a folder").join(path);
            assert!(target.exists(), "{name} links to {link}");
        }
    }
}

#[test]
fn tests_that_the_security_page_names_exist() {
    for part in
        read("docs/security.md").split('`').filter(|part| part.starts_with("tests/") || part.starts_with("src/"))
    {
        assert!(root().join(part).exists(), "docs/security.md names {part}");
    }
}

#[test]
fn the_package_is_of_this_version_and_has_every_page() {
    let version = env!("CARGO_PKG_VERSION");
    let changelog = read("packaging/changelog");
    assert!(changelog.starts_with(&format!("tracespool ({version}-1) ")), "packaging/changelog is of another version");
    let recipe = read("Cargo.toml");
    for recipe in [
        recipe.split("[package.metadata.deb]").nth(1).and_then(|text| text.split("[package.").next()).expect("a .deb"),
        recipe.split("[package.metadata.generate-rpm]").nth(1).expect("an .rpm"),
    ] {
        for folder in [
            "docs/*.md",
            "docs/growth.svg",
            "man/*.1",
            "man/*.5",
            "logrotate.d/tracespool",
            "sysusers.d/",
            "tmpfiles.d/",
        ] {
            assert!(recipe.contains(folder), "a recipe in Cargo.toml lacks {folder}");
        }
        let units = std::fs::read_dir(root().join("systemd")).expect("a folder").flatten();
        for unit in units.map(|entry| entry.file_name().to_string_lossy().into_owned()) {
            if unit.ends_with(".service") || unit.ends_with(".timer") {
                assert!(recipe.contains(&format!("systemd/{unit}")), "a recipe in Cargo.toml lacks {unit}");
            }
        }
    }
}
