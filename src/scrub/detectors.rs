//! Secrets that show by their form, whatever their key: the table of value rules, and the gate before them.
//!
//! A rule has keywords, a pattern with one secret in it, and a check that knows more than a pattern can say. One pass
//! of Aho-Corasick over a text tells which keywords it has, and only their rules run.
//!
//! Invariant: every text that a rule matches has one of the rule's keywords, in any ASCII case.
//! Invariant: linear time: patterns without backtracking, and every byte is checked a bounded number of times.

use std::borrow::Cow;
use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::Regex;

use super::markers::{is_marker, marker};
use super::text::{self, Reading, Span};
use crate::record::json::{Token, Tokens};

/// A kind of secret with a form of its own.
struct ValueRule {
    id: &'static str,
    /// Lower-case. Letters, digits, `@`, space and `-` only: JSON may write other characters in several ways.
    keywords: &'static [&'static str],
    find: Find,
    /// Texts with a secret in them, and the secret.
    #[cfg_attr(not(test), expect(dead_code, reason = "examples, run as tests"))]
    secrets: &'static [(&'static str, &'static str)],
    /// Texts without a secret that come near.
    #[cfg_attr(not(test), expect(dead_code, reason = "examples, run as tests"))]
    innocent: &'static [&'static str],
}

/// How a rule finds its secrets.
enum Find {
    /// Group 1 of the pattern, if the check agrees.
    Pattern(&'static str, fn(&str) -> bool),
    /// The next secret that begins at or behind a place.
    Code(fn(&str, usize) -> Option<Range<usize>>),
}

const RULES: &[ValueRule] = &[
    ValueRule {
        id: "jwt",
        keywords: &["eyj"],
        find: Find::Code(find_jwt),
        secrets: &[
            (
                "rejected eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl: audience",
                "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
            ),
            ("/verify/eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0"),
            ("xeyJ0eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln ends", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"),
            (
                "jwe eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..aXY.Y3Q.dGFn",
                "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..aXY.Y3Q.dGFn",
            ),
        ],
        innocent: &[
            // A pagination cursor: JSON in base64, but no `alg`.
            "eyJvIjo4MH0=",
            "eyJvIjo4MH0.eyJvIjo4MH0.c2ln",
            // The header alone.
            "eyJhbGciOiJIUzI1NiJ9",
            "heyJude.mp3",
        ],
    },
    ValueRule {
        id: "bearer",
        keywords: &["bearer"],
        find: Find::Pattern(r#"(?i)\bbearer(?:\s+|\+|(?:%20)+)["']?([a-z0-9._~+/=%-]+)"#, is_credential),
        secrets: &[
            ("login failed, bearer 9f86d081884c7d65 refused", "9f86d081884c7d65"),
            ("curl -H 'Authorization: Bearer abc123def'", "abc123def"),
            ("header=Bearer%20abc123def", "abc123def"),
        ],
        innocent: &[
            "bearer token expired",
            "Bearer authentication required",
            "the bearer of this letter",
            "Bearer RFC6750",
        ],
    },
    ValueRule {
        id: "basic",
        keywords: &["basic"],
        find: Find::Pattern(r"(?i)\bbasic(?:\s+|\+|(?:%20)+)([a-z0-9+/_-]{4,}={0,2})", is_basic_credential),
        secrets: &[("sent Basic a2ltOjBtb245UGtlQw== to it", "a2ltOjBtb245UGtlQw==")],
        innocent: &["Basic support plan selected", "basic authentication", "Basic YWJjZGVm", "visual basic 6.0"],
    },
    ValueRule {
        id: "pem",
        keywords: &["private key"],
        // Unterminated, it goes on to the end: what was cut off is no less secret for it.
        find: Find::Pattern(
            r"(?s)(-{4,5} ?BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)? ?-{4,5}.*?(?:-{4,5} ?END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)? ?-{4,5}|\z))",
            |_| true,
        ),
        secrets: &[
            (
                "got -----BEGIN RSA PRIVATE KEY-----\nMIIB\nAAA=\n-----END RSA PRIVATE KEY----- there",
                "-----BEGIN RSA PRIVATE KEY-----\nMIIB\nAAA=\n-----END RSA PRIVATE KEY-----",
            ),
            (r"k -----BEGIN PRIVATE KEY-----\nMIIB\nAA", r"-----BEGIN PRIVATE KEY-----\nMIIB\nAA"),
            ("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ"),
        ],
        innocent: &[
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
            "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
            "the private key was rotated",
        ],
    },
    ValueRule {
        id: "url_password",
        keywords: &["@"],
        find: Find::Pattern(r#"://[^\s:/?#"'@<>\[\]\\]*:([^\s"'<>]*)@"#, is_url_password),
        secrets: &[
            ("postgresql://report:zug1WNPpr@pg-2.local:5432/dwh", "zug1WNPpr"),
            ("redis://:hunter2@cache", "hunter2"),
            ("amqp://app:p@ss/word@mq", "p@ss/word"),
        ],
        innocent: &[
            "https://dev.test:8080/users/@kim",
            "https://dev.test/@kim:latest",
            "ssh://git@dev.test:22/repo.git",
            "mail to kim@dev.test: http://dev.test",
            "ftp://kim:@dev.test",
        ],
    },
];

/// Which rules a text may fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fired(u128);

impl Fired {
    const KEYS: u128 = 1;

    /// No rule can change the text.
    pub fn is_nothing(self) -> bool {
        self.0 == 0
    }

    /// The text may have a telling key in it.
    fn keys(self) -> bool {
        self.0 & Fired::KEYS != 0
    }

    fn rule(self, index: usize) -> bool {
        self.0 >> (index + 1) & 1 != 0
    }
}

/// The value rules, compiled, and the gate before them.
#[derive(Debug)]
pub struct Detectors {
    gate: AhoCorasick,
    /// What each of the gate's patterns fires.
    fires: Vec<u128>,
    /// The patterns of [`RULES`], in their order.
    patterns: Vec<Option<Regex>>,
    escape: memchr::memmem::Finder<'static>,
    #[cfg(test)]
    pub(super) gate_is_open: bool,
}

impl Detectors {
    /// Compiles the rules.
    pub fn new() -> Self {
        assert!(RULES.len() < 128, "a bit for each rule");
        let mut literals = text::gate_words();
        let mut fires = vec![Fired::KEYS; literals.len()];
        for (index, rule) in RULES.iter().enumerate() {
            literals.extend(rule.keywords);
            fires.resize(literals.len(), 1 << (index + 1));
        }
        let gate = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&literals)
            .expect("a few dozen short literals");
        let pattern = |rule: &ValueRule| match rule.find {
            Find::Pattern(pattern, _) => Some(Regex::new(pattern).expect("the rules' patterns are tested")),
            Find::Code(_) => None,
        };
        Detectors {
            gate,
            fires,
            patterns: RULES.iter().map(pattern).collect(),
            escape: memchr::memmem::Finder::new(b"\\u"),
            #[cfg(test)]
            gate_is_open: false,
        }
    }

    /// Whether any rule, for keys or values, may fire somewhere in `text`: JSON, or a decoded string.
    pub fn may_fire(&self, text: &str) -> bool {
        #[cfg(test)]
        if self.gate_is_open {
            return true;
        }
        // Any letter of a keyword may hide behind a `\u` escape, and only there.
        self.gate.is_match(text) || self.escape.find(text.as_bytes()).is_some() || text::hides_letters(text)
    }

    /// Which rules may fire in `text`, a decoded string.
    pub fn fired(&self, text: &str) -> Fired {
        #[cfg(test)]
        if self.gate_is_open {
            return Fired(u128::MAX);
        }
        let escaped = self.escape.find(text.as_bytes()).is_some() || text::hides_letters(text);
        let escaped = if escaped { u128::MAX } else { 0 };
        // Overlapping: a keyword may begin inside another.
        let fired = self.gate.find_overlapping_iter(text).map(|found| self.fires[found.pattern().as_usize()]);
        Fired(fired.fold(escaped, |all, fired| all | fired))
    }

    /// Replaces the secrets in `text`, a decoded string or text that is no JSON, and names the rule of each. `None` if
    /// there is none.
    pub fn redact(&self, text: &str, reading: Reading) -> Option<(String, Vec<&'static str>)> {
        let (mut redacted, mut rules) = self.redact_once(text, reading)?;
        // A marker can lay bare what stood beside the secret: `Basic YTpiMIIB…` was no base64 of a name and a password.
        for _ in 1..PASSES_MAX {
            match self.redact_once(&redacted, reading) {
                None => return Some((redacted, rules)),
                Some((again, more)) => {
                    redacted = again;
                    rules.extend(more);
                }
            }
        }
        // A text that never comes clean is a secret as a whole.
        rules.last().copied().map(|rule| (marker(rule), rules))
    }

    fn redact_once(&self, text: &str, reading: Reading) -> Option<(String, Vec<&'static str>)> {
        let mut fired = self.fired(text);
        if fired.is_nothing() {
            return None;
        }
        let plain = text::unescape(text);
        if let Cow::Owned(plain) = &plain {
            fired = self.fired(plain);
        }
        let mut spans = Vec::new();
        if fired.keys() {
            text::find(&plain, reading, &mut spans);
        }
        self.find(&plain, fired, &mut spans);
        if spans.is_empty() {
            return None;
        }
        let redacted = text::redact(&plain, &mut spans);
        Some((redacted, spans.into_iter().map(|span| span.rule).collect()))
    }

    /// Appends where the value rules that fired find secrets in `text`.
    fn find(&self, text: &str, fired: Fired, spans: &mut Vec<Span>) {
        for (index, rule) in RULES.iter().enumerate().filter(|(index, _)| fired.rule(*index)) {
            match (&rule.find, &self.patterns[index]) {
                (Find::Pattern(_, check), Some(pattern)) => {
                    let secrets = pattern.captures_iter(text).filter_map(|captures| captures.get(1));
                    let secrets = secrets.filter(|secret| !secret.is_empty() && check(secret.as_str()));
                    spans.extend(secrets.map(|secret| Span { range: secret.range(), rule: rule.id }));
                }
                (Find::Code(next), _) => {
                    let mut at = 0;
                    while let Some(range) = next(text, at) {
                        at = range.end;
                        spans.push(Span { range, rule: rule.id });
                    }
                }
                (Find::Pattern(..), None) => unreachable!("every pattern was compiled"),
            }
        }
    }
}

/// How often a text is scrubbed until nothing more is found in it.
const PASSES_MAX: usize = 8;

/// Every rule's id.
pub fn rules() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.id)
}

/// The next JSON web token: a header that decodes as JSON with `alg`, and one to four more parts.
fn find_jwt(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let part_end = |from: usize| from + bytes[from..].iter().take_while(|byte| is_base64url(**byte)).count();
    let mut at = from;
    let (mut header_end, mut candidates) = (0, 0);
    while let Some(start) = memchr::memmem::find(&bytes[at..], b"eyJ").map(|found| at + found) {
        at = start + 3;
        if start >= header_end {
            header_end = part_end(start);
            candidates = 0;
        }
        candidates += 1;
        let header = &bytes[start..header_end];
        if candidates > HEADER_CANDIDATES_MAX
            || header.len() > HEADER_MAX
            || bytes.get(header_end) != Some(&b'.')
            || !is_jose_header(header)
        {
            continue;
        }
        let mut end = header_end;
        let mut parts = 1;
        // An empty part counts only when another follows: an encrypted token may have no key in it.
        let mut ahead = header_end;
        while parts < 5 && bytes.get(ahead) == Some(&b'.') {
            let next = part_end(ahead + 1);
            if next > ahead + 1 {
                end = next;
            }
            ahead = next;
            parts += 1;
        }
        if end > header_end {
            return Some(start..end);
        }
    }
    None
}

/// Longer than any header in use, certificates included.
const HEADER_MAX: usize = 16 << 10;
/// How many places in one run of base64 are tried as the start of a header.
const HEADER_CANDIDATES_MAX: usize = 8;

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn is_jose_header(header: &[u8]) -> bool {
    let Some(json) = decode_base64(header).and_then(|bytes| String::from_utf8(bytes).ok()) else { return false };
    let mut tokens = Tokens::new(&json);
    let mut alg = false;
    loop {
        match tokens.next() {
            Ok(Some(Token::Key(key))) if tokens.depth() == 1 => alg |= key.decode() == "alg",
            Ok(Some(_)) => {}
            Ok(None) => return alg,
            Err(_) => return false,
        }
    }
}

/// Whether a word behind `Bearer` is a credential rather than the next word of a sentence.
fn is_credential(word: &str) -> bool {
    let digit = word.contains(|char: char| char.is_ascii_digit());
    let lower = word.contains(|char: char| char.is_ascii_lowercase());
    let upper_inside = word.chars().skip(1).any(|char| char.is_ascii_uppercase());
    let rfc = word.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("rfc"));
    let min = match (digit, lower && upper_inside) {
        (true, _) => 6,
        (false, true) => 8,
        (false, false) => 24,
    };
    word.len() >= min && !(rfc && word.len() <= 8)
}

fn is_basic_credential(word: &str) -> bool {
    let decoded = decode_base64(word.as_bytes()).unwrap_or_default();
    decoded.contains(&b':') && decoded.iter().all(|byte| !byte.is_ascii_control())
}

fn is_url_password(text: &str) -> bool {
    // `host:8080/path@x` has a port there, and no password.
    let host_end = text.find(['/', '?', '#']);
    !host_end.is_some_and(|end| text[..end].bytes().all(|byte| byte.is_ascii_digit())) && !is_marker(text)
}

/// Decodes base64 in either alphabet, padded or not. Spare bits at the end do not matter.
fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let text = &text[..text.len() - padding];
    let mut out = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut count) = (0u32, 0);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    // Six bits left over make no byte.
    if count == 6 { None } else { Some(out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rule: &str, text: &str) -> Vec<String> {
        let detectors = Detectors::new();
        let mut spans = Vec::new();
        detectors.find(text, detectors.fired(text), &mut spans);
        let spans = spans.into_iter().filter(|span| span.rule == rule);
        spans.map(|span| text[span.range].to_owned()).collect()
    }

    #[test]
    fn every_rule_finds_its_examples_and_nothing_in_its_counterexamples() {
        for rule in RULES {
            assert!(!rule.secrets.is_empty() && !rule.innocent.is_empty(), "`{}` has no examples", rule.id);
            for (text, secret) in rule.secrets {
                assert_eq!(found(rule.id, text), [*secret], "`{}` in {text:?}", rule.id);
            }
            for text in rule.innocent {
                assert_eq!(found(rule.id, text), [""; 0], "`{}` in {text:?}", rule.id);
            }
        }
    }

    #[test]
    fn keywords_can_be_written_in_json_in_one_way_only() {
        for keyword in RULES.iter().flat_map(|rule| rule.keywords) {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"@ -".contains(&byte);
            assert!(keyword.bytes().all(plain), "{keyword}");
        }
    }

    #[test]
    fn two_secrets_in_a_text_are_both_found() {
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln";
        assert_eq!(found("jwt", &format!("{jwt} {jwt}")), [jwt, jwt]);
        assert_eq!(found("url_password", "a://b:c1@d a://b:c2@d"), ["c1", "c2"]);
        assert_eq!(found("bearer", "Bearer abcdef1, Bearer abcdef2"), ["abcdef1", "abcdef2"]);
    }

    #[test]
    fn base64_is_decoded_in_both_alphabets() {
        #[track_caller]
        fn check(text: &str, want: Option<&[u8]>) {
            assert_eq!(decode_base64(text.as_bytes()).as_deref(), want, "{text}");
        }
        check("", Some(b""));
        check("YQ==", Some(b"a"));
        check("YQ", Some(b"a"));
        check("YWI=", Some(b"ab"));
        check("YWJj", Some(b"abc"));
        check("-_-_", Some(b"\xfb\xff\xbf"));
        check("+/+/", Some(b"\xfb\xff\xbf"));
        check("Y", None);
        check("Y=Q=", None);
        check("Y Q=", None);
    }
}
