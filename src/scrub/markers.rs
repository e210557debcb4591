//! What stands in the place of a secret: `[REDACTED:password]`.
//!
//! Invariant: only the rules' own ids make a marker, so that nobody can hide a secret in the form of one.

use std::borrow::Cow;

use super::{detectors, keys};

/// What a rule finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What opens something: a password, a token, a key.
    Secret,
    /// What tells of a person: a name, an address, the number of a card.
    Pii,
}

const MARKER_START: &str = "[REDACTED:";

/// What stands in the place of a secret.
pub fn marker(rule: &str) -> String {
    format!("{MARKER_START}{rule}]")
}

/// The length of the marker that `text` starts with. Only the rules' own ids make a marker.
pub fn marker_at(text: &str) -> Option<usize> {
    let rest = text.strip_prefix(MARKER_START)?;
    let known = |id: &str| rest.strip_prefix(id).is_some_and(|rest| rest.starts_with(']'));
    let rule = keys::rules().map(|(rule, _)| rule).chain(detectors::rules()).find(|id| known(id))?;
    Some(MARKER_START.len() + rule.len() + 1)
}

/// Whether a text is a marker and nothing else.
pub fn is_marker(text: &str) -> bool {
    marker_at(text) == Some(text.len())
}

/// The text without the markers in it.
pub fn without_markers(text: &str) -> Cow<'_, str> {
    if !text.contains(MARKER_START) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(MARKER_START) {
        out.push_str(&rest[..at]);
        let length = marker_at(&rest[at..]);
        if length.is_none() {
            out.push_str(MARKER_START);
        }
        rest = &rest[at + length.unwrap_or(MARKER_START.len())..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_known_by_their_rule() {
        assert!(is_marker("[REDACTED:password]"));
        assert!(is_marker("[REDACTED:jwt]"));
        assert!(!is_marker("[REDACTED:hunter2]"));
        assert!(!is_marker("[REDACTED:password] "));
        assert_eq!(marker_at("[REDACTED:pin]x"), Some(14));
        assert_eq!(without_markers("a [REDACTED:jwt] [REDACTED:x] b"), "a  [REDACTED:x] b");
        for rule in keys::rules().map(|(rule, _)| rule).chain(detectors::rules()) {
            assert!(is_marker(&marker(rule)), "{rule}");
            assert!(rule.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{rule}");
        }
    }
}
