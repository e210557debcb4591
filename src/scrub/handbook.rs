//! The part of `docs/scrubbing.md` that lists the rules, written from their tables.
//!
//! `UPDATE=1 cargo test --lib handbook` writes it anew.
//!
//! Invariant: it shows no example's secret whole, so that nobody's search for secrets stumbles on it.

use std::fmt::Write;

use super::{detectors, keys};

/// The line that the generated part begins with.
const BEGIN: &str = "## The built-in rules";

/// How much of a secret is shown: about what its form begins with.
const SHOWN: usize = 8;

/// The generated part.
fn rules() -> String {
    let mut out = format!("{BEGIN}\n\nThis part is written from the tables of the program.\n\n### By the key\n\n");
    out.push_str("| rule | finds | words |\n|---|---|---|\n");
    for ((kind, rule), words) in keys::table() {
        let words: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
        writeln!(out, "| `{rule}` | {} | {} |", kind.as_str(), words.join(", ")).expect("a string takes text");
    }
    out.push_str("\n### By the value\n\n| rule | finds | example |\n|---|---|---|\n");
    let mut table: Vec<_> = detectors::table().collect();
    table.sort_by_key(|(rule, kind, ..)| (*kind, *rule));
    for (rule, kind, what, (text, secret)) in table {
        writeln!(out, "| `{rule}` | {}: {what} | {} |", kind.as_str(), example(text, secret))
            .expect("a string takes text");
    }
    out
}

/// A text with most of its secret left out, as Markdown writes it in a table.
fn example(text: &str, secret: &str) -> String {
    let start: String = secret.chars().take(SHOWN.min(secret.chars().count() / 2)).collect();
    let text = text.replace(secret, &format!("{start}…"));
    let text: String = text
        .chars()
        .flat_map(|char| if char.is_control() { char.escape_default().collect::<Vec<_>>() } else { vec![char] })
        .collect();
    format!("`{}`", text.replace('|', "\\|").replace('`', "'"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_handbook_lists_the_rules_of_the_program() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scrubbing.md");
        let text = std::fs::read_to_string(&path).expect("the handbook is there");
        let at = text.find(BEGIN).expect("the handbook has a list of rules");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, format!("{}{}", &text[..at], rules())).expect("the handbook is written");
            return;
        }
        assert!(
            text[at..] == rules(),
            "docs/scrubbing.md is out of date; write it anew with UPDATE=1 cargo test --lib handbook"
        );
    }

    #[test]
    fn an_example_shows_no_whole_secret() {
        assert_eq!(example("a|b `secretsecretsecret`\n", "secretsecretsecret"), r"`a\|b 'secretse…'\n`");
        assert_eq!(example("pin 1234", "1234"), "`pin 12…`");
        for (rule, _, _, (text, secret)) in detectors::table() {
            assert!(!example(text, secret).contains(secret), "{rule}");
        }
    }
}
