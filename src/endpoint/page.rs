//! The status page: one file, in the program, that asks nobody but the agent it came from.
//!
//! Invariant: the browser runs the script and the style of this file and nothing else: the policy names their hashes.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use sha2::{Digest, Sha256};

/// The page.
pub(super) const HTML: &str = include_str!("page.html");

/// What the browser may do with it.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |tag: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(element(tag))));
    format!(
        "default-src 'none'; connect-src 'self'; script-src {}; style-src {}; img-src data:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        hash("script"),
        hash("style"),
    )
});

/// The policy as a header.
pub(super) fn policy() -> HeaderValue {
    HeaderValue::from_str(&POLICY).expect("a policy has only visible characters")
}

/// What stands in the one element of this name.
fn element(tag: &str) -> &'static str {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let inside = HTML.split_once(&open).and_then(|(_, rest)| rest.split_once(&close));
    inside.expect("the page has the element").0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use regex::Regex;
    use serde_json::{Value, json};

    use super::*;
    use crate::report::samples;

    #[test]
    fn the_page_asks_nobody_else_and_has_nothing_that_the_policy_forbids() {
        for tag in ["<script", "<style"] {
            assert_eq!(HTML.matches(tag).count(), 1, "{tag}");
        }
        let urls = Regex::new(r#"(?i)\b(https?:|wss?:|//)[^\s"'`)]*"#).unwrap();
        let code = HTML.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        let found: Vec<_> = urls.find_iter(&code).map(|found| found.as_str()).collect();
        // The name of a language of pictures, which nobody asks for.
        assert_eq!(found, ["http://www.w3.org/2000/svg"]);
        let forbidden = Regex::new(r#"(?i)@import|url\(|\sstyle=|\son[a-z]+=|innerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|import\("#).unwrap();
        assert_eq!(forbidden.find(HTML).map(|found| found.as_str()), None);
        let asks = Regex::new(r#"fetch\(([^,)]*)"#).unwrap();
        let asked: Vec<_> = asks.captures_iter(HTML).map(|found| found[1].to_owned()).collect();
        assert_eq!(asked, ["\"/status.json\""]);
    }

    #[test]
    fn the_policy_names_the_hashes_of_what_is_there() {
        let policy = policy();
        let policy = policy.to_str().unwrap();
        assert_eq!(policy.matches("'sha256-").count(), 2, "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(policy.starts_with("default-src 'none'; connect-src 'self'; script-src 'sha256-"), "{policy}");
    }

    /// The value at a path, if it is there.
    fn at<'r>(report: &'r Value, path: &str) -> Option<&'r Value> {
        path.split('.').try_fold(report, |value, name| value.get(name))
    }

    #[test]
    fn every_field_that_the_script_reads_is_there_and_every_field_that_is_there_is_read() {
        let report = serde_json::to_value(samples::busy()).unwrap();
        let script = element("script");
        let read = |pattern: &str| -> Vec<(String, String)> {
            let captures = Regex::new(pattern).unwrap();
            let texts =
                |found: regex::Captures<'_>| (found[1].to_owned(), found.get(2).map_or("", |m| m.as_str()).to_owned());
            captures.captures_iter(script).map(texts).collect()
        };
        let mut paths = BTreeSet::new();
        for (path, _) in read(r#"\b(?:at|every)\("([^"]+)"\)"#) {
            assert!(at(&report, &path).is_some(), "`{path}` is read and not there");
            paths.insert(path);
        }
        for (path, names) in read(r#"\beach\("([^"]+)", \[([^\]]+)\]"#) {
            for name in names.split(", ").map(|name| name.trim_matches('"')) {
                let first = at(&report, &path).and_then(|list| list.get(0));
                assert!(first.is_some_and(|item| item.get(name).is_some()), "`{path}` has no `{name}`");
                paths.insert(format!("{path}.{name}"));
            }
        }
        for (name, of) in read(r#"\bat\("([^"]+)", ([a-z_]+)\)"#) {
            assert_eq!(of, "last", "the test knows no other value that is taken apart");
            let path = format!("database.last_error.{name}");
            assert!(at(&report, &path).is_some(), "`{path}` is read and not there");
            paths.insert(path);
        }
        assert!(paths.len() > 30, "{paths:?}");
        assert!(!script.contains("report."), "a field is read in a way that this test does not see");
        // The page leaves nothing out.
        let shown = |path: &str| paths.iter().any(|read| read == path || read.starts_with(&format!("{path}.")));
        for (section, value) in report.as_object().unwrap() {
            let fields = match value {
                Value::Object(fields) if section != "secrets_scrubbed" => fields.keys().cloned().collect(),
                _ => Vec::new(),
            };
            assert!(shown(section), "`{section}` is not shown");
            for field in fields {
                assert!(shown(&format!("{section}.{field}")), "`{section}.{field}` is not shown");
            }
        }
        assert_eq!(at(&json!({"a": {"b": 1}}), "a.c"), None, "what is missing would be found");
    }
}
