//! What no compiler checks: which module may use which.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The path of a line. A module may use what lies upstream of it, and `metrics`.
const PATH: &[&str] = &["spool", "record", "scrub", "row", "shed", "batch", "sink", "quarantine", "checkpoint"];

/// The files of a module: `src/name.rs` and everything below `src/name/`, without `tests.rs`: tests may use what they like.
fn files(module: &str) -> Vec<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![source.join(format!("{module}.rs"))];
    let mut folders = vec![source.join(module)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && !path.ends_with("tests.rs") {
                files.push(path);
            }
        }
    }
    files
}

/// The modules of the crate that a text names after `crate::`, also in a list in braces.
fn used(text: &str) -> BTreeSet<String> {
    let name = |text: &str| text.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect::<String>();
    let mut modules = BTreeSet::new();
    for rest in text.split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            Some(list) => {
                modules.extend(list.split('}').next().unwrap_or_default().split(',').map(str::trim).map(name))
            }
            None => modules.extend([name(rest)]),
        }
    }
    modules.remove("");
    modules
}

#[test]
fn imports_point_upstream() {
    for (place, module) in PATH.iter().enumerate() {
        for file in files(module) {
            let text = std::fs::read_to_string(&file).expect("every module has its file");
            // Other tests stand at the bottom of a file.
            let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            for used in used(text).iter().filter(|used| PATH.contains(&used.as_str())) {
                let upstream = PATH[..=place].contains(&used.as_str());
                assert!(upstream, "{} uses `{used}`, which is not upstream of `{module}`", file.display());
            }
            for forbidden in ["admin", "config", "pipeline", "cli"] {
                assert!(!used(text).contains(forbidden), "{} uses `{forbidden}`", file.display());
            }
        }
    }
}

#[test]
fn what_commands_do_beside_the_agent_knows_neither_config_nor_agent() {
    for file in files("admin") {
        let text = std::fs::read_to_string(&file).expect("every module has its file");
        for forbidden in ["config", "pipeline", "cli"] {
            assert!(!used(&text).contains(forbidden), "{} uses `{forbidden}`", file.display());
        }
    }
}

#[test]
fn stages_do_no_input_or_output_and_read_no_clock() {
    for module in ["record", "scrub", "row", "batch"] {
        for file in files(module) {
            let text = std::fs::read_to_string(&file).expect("every module has its file");
            let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
            for forbidden in
                ["std::fs", "TcpStream", "UdpSocket", "std::process", "tokio::", "::now()", "std::env", "std::thread"]
            {
                assert!(!text.contains(forbidden), "{} has `{forbidden}`", file.display());
            }
        }
    }
}

#[test]
fn modules_are_found_in_every_form_of_import() {
    let text = "use crate::sink::{A, B};\nuse crate::{batch::X, row};\nlet x = crate::spool::Y;";
    let want = ["batch", "row", "sink", "spool"].map(str::to_owned);
    assert_eq!(used(text), want.into());
}
