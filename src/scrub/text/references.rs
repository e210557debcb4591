//! References to what is kept elsewhere, as shells, compose files and Spring write them: `${DB_PASSWORD:?required}`,
//! `${DB_PASSWORD:-hunter2}`. A name is no secret, and neither is a message; a default may well be one.
//!
//! And JSON that stands behind an `=`, whose keys tell more than the one before it.
//!
//! Invariant: what is looked at is bounded, so the time is linear.

use std::ops::Range;

use super::super::keys::Telling;
use super::super::markers::markers;
use super::{Reading, Scan, Span, is_harmless, is_random};
use crate::record::json::{Token, Tokens};

/// No reference is longer, in bytes.
const REFERENCE_MAX: usize = 256;

/// Longer JSON is no setting, in bytes.
const JSON_MAX: usize = 4096;

/// What settings are looked up by, before the name: `${env:DB_PASSWORD}`.
const RESOLVERS: &[&str] = &[
    "aws",
    "awssm",
    "azure",
    "cf",
    "config",
    "confluent",
    "docker",
    "env",
    "file",
    "gcp",
    "keyvault",
    "kms",
    "kv",
    "opt",
    "param",
    "properties",
    "resolve",
    "secret",
    "secrets",
    "secretsmanager",
    "self",
    "sm",
    "ssm",
    "sys",
    "sysenv",
    "vault",
];

/// A reference: where it ends, and the default in it, if it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub end: usize,
    pub default: Option<Range<usize>>,
}

/// The reference that begins at a place of a text.
pub fn reference_at(text: &str, at: usize) -> Option<Reference> {
    let rest = text.get(at..text.floor_char_boundary(at + REFERENCE_MAX))?;
    let inside = rest.strip_prefix("${")?;
    let name = inside.len()
        - inside.trim_start_matches(|char: char| char.is_ascii_alphanumeric() || "_.".contains(char)).len();
    let length = balanced(inside)?;
    let end = at + 2 + length + 1;
    if name == 0 || name > length {
        return None;
    }
    let behind = &inside[name..length];
    let from = at + 2 + name;
    let default = |skip: usize| (behind.len() > skip).then(|| from + skip..from + behind.len());
    let default = match behind.as_bytes() {
        [] | [b':', b'?' | b'+', ..] | [b'?' | b'+', ..] => None,
        [b':', b'-' | b'=', ..] => default(2),
        [b'-' | b'=', ..] => default(1),
        [b':', ..] if RESOLVERS.contains(&inside[..name].to_ascii_lowercase().as_str()) => None,
        [b':', ..] => default(1),
        _ => return None,
    };
    Some(Reference { end, default })
}

/// Where the brace closes that was opened before a text.
fn balanced(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            b'\n' => return None,
            _ => {}
        }
    }
    None
}

/// The secret in a value that is a reference as a whole; `None` if it is something else.
pub fn of_reference(value: &str, telling: Telling) -> Option<Option<Span>> {
    let start = value.len() - value.trim_start().len();
    let reference = reference_at(value, start).filter(|reference| value[reference.end..].trim().is_empty())?;
    let secret = reference.default.filter(|default| !is_harmless(&value[default.clone()], telling, Reading::Prose));
    Some(secret.map(|range| Span { range, rule: telling.rule }))
}

impl Scan<'_> {
    /// The secret in the reference at `at`, which the scan goes on behind.
    pub fn reference(&self, at: usize, telling: Telling) -> Option<Option<Span>> {
        let reference = reference_at(self.text, at)?;
        self.resume.set(reference.end);
        Some(reference.default.and_then(|default| self.span(default, telling)))
    }

    /// Whether a name that begins at `start` is that of a reference, whose operator stands at `at`.
    pub fn reference_around(&self, start: usize) -> Option<usize> {
        start.checked_sub(2).filter(|open| *open >= self.floor && self.is_at(*open, "${"))
    }

    /// Where the password ends that begins at `at`, if it stands in a URL whose user begins at `start`:
    /// `https://x-access-token:ghs_…@github.com/`.
    pub fn userinfo_end(&self, start: usize, at: usize) -> Option<usize> {
        if !self.behind_floor(start).ends_with(b"://") {
            return None;
        }
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b"/\"'<>".contains(byte);
        let token = &self.bytes[at..self.boundary(at + REFERENCE_MAX)];
        let token = &token[..token.iter().position(ends).unwrap_or(token.len())];
        memchr::memrchr(b'@', token).map(|length| at + length)
    }

    /// Whether the value between two places is a JSON object in which telling keys stand, and nothing that looks secret
    /// under the others: its own keys then say what goes.
    pub fn tells_by_itself(&self, at: usize, end: usize) -> bool {
        let Some(text) = self.text.get(at..end).filter(|text| text.len() <= JSON_MAX && text.starts_with("{\"")) else {
            return false;
        };
        let mut tokens = Tokens::new(text);
        let (mut telling, mut any) = (false, false);
        loop {
            match tokens.next() {
                Ok(Some(Token::Key(key))) => telling = self.words.classify(&key.decode()).is_some(),
                Ok(Some(Token::String(value))) => {
                    let value = value.decode();
                    any |= telling;
                    if !telling && is_random(&value, 12) && markers(&value).next().is_none() {
                        return false;
                    }
                }
                Ok(Some(Token::Number(number))) if !telling && number.len() > 5 => return false,
                Ok(Some(_)) => {}
                Ok(None) => return any,
                Err(_) => return false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_has_a_name_and_perhaps_a_default() {
        #[track_caller]
        fn check(text: &str, want: Option<Option<&str>>) {
            let found = reference_at(text, 0).map(|reference| reference.default.map(|default| &text[default]));
            assert_eq!(found, want, "{text}");
        }
        check("${DB_PASSWORD}", Some(None));
        check("${DB_PASSWORD:?required}", Some(None));
        check("${DB_PASSWORD?required}", Some(None));
        check("${TOKEN:+set}", Some(None));
        check("${DB_PASSWORD:-}", Some(None));
        check("${DB_PASSWORD:-hunter2}", Some(Some("hunter2")));
        check("${DB_PASSWORD-hunter2}", Some(Some("hunter2")));
        check("${db.password:hunter2}", Some(Some("hunter2")));
        check("${A:-${B:-x}}", Some(Some("${B:-x}")));
        check("${env:DB_PASSWORD}", Some(None));
        check("${DB_PASSWORD", None);
        check("$DB_PASSWORD", None);
        check("${{ secrets.X }}", None);
    }
}
