//! What stands in the place of a secret: `[REDACTED:password]`, or another form that an action makes (`actions`).
//!
//! Invariant: a marker is known by its form, which has room for nothing but what the actions write: the id of a rule, and
//! behind it four digits, a domain, or bytes in hexadecimal or base64.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{LazyLock, PoisonError, RwLock};

use super::own::OWN_KEY;
use super::{detectors, keys};

/// What a rule finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What opens something: a password, a token, a key.
    Secret,
    /// What tells of a person: a name, an address, the number of a card.
    Pii,
}

impl Kind {
    /// The word for it in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Secret => "secret",
            Kind::Pii => "PII",
        }
    }
}

const REDACTED: &str = "[REDACTED:";
const MASKED: &str = "[MASKED:";
const HASHED: &str = "[HASH:";
const ENCRYPTED: &str = "[ENC:";

/// What stands in a text where a secret was removed. A value that is nothing else becomes the empty string.
pub const REMOVED: &str = "[REMOVED]";

/// What stands for the rest of a text in which there are too many secrets to take them out one by one.
pub const TOO_MANY: &str = "too_many_secrets";

/// What stands for a text that could not be scrubbed.
pub const UNSCRUBBABLE: &str = "unscrubbable";

/// The longest id of a rule, in bytes.
pub const ID_MAX: usize = 40;

/// The digits of a key's id.
pub const KEY_ID_LENGTH: usize = 8;

/// The digits of a keyed hash.
pub const HASH_LENGTH: usize = 32;

/// The letters of the shortest secret that was encrypted: a key of 32 bytes and a tag of 16.
const SEALED_LENGTH_MIN: usize = 64;

/// The longest domain, in bytes.
const DOMAIN_MAX: usize = 253;

/// What stands in the place of a secret that is not to be seen at all.
pub fn redacted(rule: &str) -> String {
    format!("{REDACTED}{rule}]")
}

/// What stands for a secret of which a part is shown: four digits, or `@` and a domain. `None` if it is neither.
pub fn masked(rule: &str, shown: &str) -> Option<String> {
    let marker = format!("{MASKED}{rule}:{shown}]");
    is_marker(&marker).then_some(marker)
}

/// What stands for a secret by its keyed hash, in hexadecimal.
pub fn hashed(rule: &str, key_id: &str, hash: &str) -> String {
    format!("{HASHED}{rule}:{key_id}:{hash}]")
}

/// What stands for a secret that was encrypted, in base64.
pub fn encrypted(rule: &str, key_id: &str, sealed: &str) -> String {
    format!("{ENCRYPTED}{rule}:{key_id}:{sealed}]")
}

/// A secret that was encrypted, as its marker shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed<'a> {
    /// The id of the rule that found it, which may be unknown here.
    pub rule: &'a str,
    /// The id of the key it was encrypted to.
    pub key_id: &'a str,
    /// The secret, encrypted, in base64.
    pub sealed: &'a str,
    /// The length of the marker, in bytes.
    pub length: usize,
}

/// The secret, encrypted, whose marker `text` starts with.
pub fn sealed_at(text: &str) -> Option<Sealed<'_>> {
    let (rule, at) = rule_at(text, ENCRYPTED)?;
    let (key_id, at) = key_id_at(text, at)?;
    let end = at + run(&text[at..], usize::MAX, is_base64);
    let whole = end - at >= SEALED_LENGTH_MIN && text.as_bytes().get(end) == Some(&b']');
    whole.then_some(Sealed { rule, key_id, sealed: &text[at..end], length: end + 1 })
}

/// The length of the marker that `text` starts with.
pub fn marker_at(text: &str) -> Option<usize> {
    let behind = |at: usize, byte: u8| text.as_bytes().get(at) == Some(&byte);
    let known = |start: &str| rule_at(text, start).filter(|(rule, _)| kind_of(rule).is_some());
    // Most brackets in telemetry are no marker's.
    match text.as_bytes().get(..2)? {
        b"[R" if text.starts_with(REMOVED) => Some(REMOVED.len()),
        b"[R" => {
            let (_, at) = known(REDACTED)?;
            behind(at - 1, b']').then_some(at)
        }
        b"[M" => {
            let (_, at) = known(MASKED).filter(|(_, at)| behind(at - 1, b':'))?;
            let end = match text.as_bytes().get(at)? {
                b'@' => at + 1 + run(&text[at + 1..], DOMAIN_MAX, is_domain),
                _ => at + run(&text[at..], 5, |byte| byte.is_ascii_digit()),
            };
            let whole = text.as_bytes()[at] == b'@' && end > at + 1 || end == at + 4;
            (whole && behind(end, b']')).then_some(end + 1)
        }
        b"[H" => {
            let (_, at) = known(HASHED)?;
            let (_, at) = key_id_at(text, at)?;
            let end = at + run(&text[at..], HASH_LENGTH + 1, is_hex);
            (end == at + HASH_LENGTH && behind(end, b']')).then_some(end + 1)
        }
        b"[E" => {
            known(ENCRYPTED)?;
            sealed_at(text).map(|sealed| sealed.length)
        }
        _ => None,
    }
}

/// Whether a text is a marker and nothing else.
pub fn is_marker(text: &str) -> bool {
    marker_at(text) == Some(text.len())
}

/// Where the markers in a text are, in order.
pub fn markers(text: &str) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    std::iter::from_fn(move || {
        while let Some(at) = memchr::memchr(b'[', &text.as_bytes()[from..]).map(|found| from + found) {
            if let Some(length) = marker_at(&text[at..]) {
                from = at + length;
                return Some(at..from);
            }
            from = at + 1;
        }
        from = text.len();
        None
    })
}

/// The text without the markers in it.
pub fn without_markers(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut copied = 0;
    for marker in markers(text) {
        out.push_str(&text[copied..marker.start]);
        copied = marker.end;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// What a rule finds, by its id; `None` if there is no such rule.
pub fn kind_of(rule: &str) -> Option<Kind> {
    BUILT_IN.get(rule).copied().or_else(|| own(rule).map(|(_, kind)| kind))
}

/// Whether a rule is built in.
pub fn is_built_in(rule: &str) -> bool {
    BUILT_IN.contains_key(rule)
}

/// Makes the id of a rule that is not built in known for as long as the program runs.
///
/// Each id is kept once, so that reading the same config again takes no more memory.
pub fn intern(rule: &str, kind: Kind) -> &'static str {
    let mut own = OWN.write().unwrap_or_else(PoisonError::into_inner);
    match own.iter_mut().find(|(known, _)| *known == rule) {
        Some((known, known_kind)) => {
            *known_kind = kind;
            known
        }
        None => {
            let kept: &'static str = Box::leak(rule.to_owned().into_boxed_str());
            own.push((kept, kind));
            kept
        }
    }
}

/// The id of a rule as it is kept, if it is known.
pub fn interned(rule: &str) -> Option<&'static str> {
    BUILT_IN.get_key_value(rule).map(|(id, _)| *id).or_else(|| own(rule).map(|(id, _)| id))
}

/// Whether a text can be the id of a rule.
pub fn is_rule_id(text: &str) -> bool {
    (1..=ID_MAX).contains(&text.len()) && text.bytes().all(is_id)
}

/// The rules of this program.
static BUILT_IN: LazyLock<HashMap<&'static str, Kind>> = LazyLock::new(|| {
    keys::rules()
        .chain(detectors::rules())
        .chain([(OWN_KEY, Kind::Secret), (TOO_MANY, Kind::Secret), (UNSCRUBBABLE, Kind::Secret)])
        .collect()
});

/// The rules that a config added, in this process.
static OWN: RwLock<Vec<(&'static str, Kind)>> = RwLock::new(Vec::new());

fn own(rule: &str) -> Option<(&'static str, Kind)> {
    let own = OWN.read().unwrap_or_else(PoisonError::into_inner);
    own.iter().find(|(known, _)| *known == rule).copied()
}

/// The id behind the start of a marker, and where what follows its `:` or `]` begins.
fn rule_at<'t>(text: &'t str, start: &str) -> Option<(&'t str, usize)> {
    let rest = text.strip_prefix(start)?;
    let length = run(rest, ID_MAX + 1, is_id);
    let ends = matches!(rest.as_bytes().get(length), Some(b':' | b']'));
    (ends && length <= ID_MAX && length > 0).then_some((&rest[..length], start.len() + length + 1))
}

/// The id of a key at a place, and where what follows its `:` begins.
fn key_id_at(text: &str, at: usize) -> Option<(&str, usize)> {
    let end = at + KEY_ID_LENGTH;
    let id = text.get(at..end)?;
    let follows_colon = text.as_bytes()[at - 1] == b':';
    (follows_colon && id.bytes().all(is_hex) && text.as_bytes().get(end) == Some(&b':')).then_some((id, end + 1))
}

fn run(text: &str, max: usize, is: impl Fn(u8) -> bool) -> usize {
    text.bytes().take(max).take_while(|byte| is(*byte)).count()
}

fn is_id(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_known_by_their_form() {
        #[track_caller]
        fn check(text: &str, length: Option<usize>) {
            assert_eq!(marker_at(text), length, "{text}");
        }
        let whole = |text: &str| check(text, Some(text.len()));
        let sealed = "aZ_-0".repeat(13);
        whole("[REDACTED:password]");
        whole("[REDACTED:jwt]");
        whole("[REMOVED]");
        whole("[MASKED:pin:1234]");
        whole("[MASKED:token:@mail.example.com]");
        whole("[HASH:token:0123abcd:00112233445566778899aabbccddeeff]");
        whole(&format!("[ENC:token:0123abcd:{sealed}]"));
        check("[REDACTED:pin]x", Some(14));
        check("[REMOVED] x", Some(9));
        check("[REDACTED:hunter2]", None);
        check("[REDACTED:password:x]", None);
        check("[REDACTED:password", None);
        check("[REDACTED:]", None);
        check("[MASKED:pin:12345]", None);
        check("[MASKED:pin:123]", None);
        check("[MASKED:pin]", None);
        check("[MASKED:pin]1234]", None);
        check("[MASKED:token:@]", None);
        check("[MASKED:token:@a b]", None);
        check("[MASKED:token:kim@example.com]", None);
        check("[HASH:token:0123abcd:00112233445566778899aabbccddeef]", None);
        check("[HASH:token:0123abcd:00112233445566778899aabbccddeeff0]", None);
        check("[HASH:token]0123abcd:00112233445566778899aabbccddeeff]", None);
        check("[HASH:token:0123ABCD:00112233445566778899aabbccddeeff]", None);
        check("[HASH:hunter2:0123abcd:00112233445566778899aabbccddeeff]", None);
        check(&format!("[ENC:token:0123abcd:{}]", &sealed[..63]), None);
        check(&format!("[ENC:token:0123abcd:{sealed}"), None);
        check(&format!("[ENC:token:0123abcd:{sealed} ]"), None);
        check(&format!("[ENC:hunter2:0123abcd:{sealed}]"), None);
        check("[ENC:é", None);
        check("[", None);
        check("", None);
        for (rule, _) in keys::rules().chain(detectors::rules()) {
            assert!(is_marker(&redacted(rule)) && is_rule_id(rule), "{rule}");
        }
    }

    #[test]
    fn one_id_is_one_kind() {
        for (rule, kind) in keys::rules().chain(detectors::rules()) {
            assert_eq!(kind_of(rule), Some(kind), "{rule}");
        }
        assert_eq!(kind_of("hunter2"), None);
    }

    #[test]
    fn markers_are_taken_out_of_a_text() {
        assert_eq!(without_markers("a [REDACTED:jwt] [REDACTED:x] b"), "a  [REDACTED:x] b");
        assert_eq!(without_markers("[REMOVED][REMOVED]"), "");
        assert!(matches!(without_markers("a [x] b["), Cow::Borrowed(_)));
        assert_eq!(markers("a[REMOVED][[REDACTED:pin]").collect::<Vec<_>>(), [1..10, 11..25]);
    }

    #[test]
    fn an_own_rule_is_known_once_it_is_added() {
        assert!(!is_marker("[REDACTED:markers_test]"));
        let id = intern("markers_test", Kind::Secret);
        assert!(std::ptr::eq(id, intern("markers_test", Kind::Pii)));
        assert_eq!((kind_of("markers_test"), interned("markers_test")), (Some(Kind::Pii), Some(id)));
        assert!(is_marker("[REDACTED:markers_test]"));
    }
}
