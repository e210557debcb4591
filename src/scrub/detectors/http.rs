//! Secrets of the web: tokens, credentials of HTTP authentication, private keys, passwords in URLs, signatures, sessions.

use std::ops::{Range, RangeInclusive};

use super::super::markers::{Kind, is_marker};
use super::super::own::Words;
use super::super::text::{Reading, is_example, is_iso_date, is_mask, is_placeholder};
use super::looks::{self, always};
use super::{Find, ValueRule, checks};
use crate::record::json::{Token, Tokens};

pub const RULES: &[ValueRule] = &[
    ValueRule {
        id: "jwt",
        what: "JSON web tokens, signed or encrypted",
        kind: Kind::Secret,
        find: Find::Code { keywords: &["eyj", "eya", "ewo"], look: looks::jwt, next: find_jwt },
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
        what: "credentials behind the scheme Bearer",
        kind: Kind::Secret,
        find: Find::Code { keywords: &["bearer"], look: always, next: find_bearer },
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
            "CI deploy\tbearer\t2026-12-31",
            "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')",
        ],
    },
    ValueRule {
        id: "basic",
        what: "credentials behind the scheme Basic",
        kind: Kind::Secret,
        find: Find::Code { keywords: &["basic"], look: always, next: find_basic },
        secrets: &[("sent Basic a2ltOjBtb245UGtlQw== to it", "a2ltOjBtb245UGtlQw==")],
        innocent: &["Basic support plan selected", "basic authentication", "Basic YWJjZGVm", "visual basic 6.0"],
    },
    ValueRule {
        id: "pem",
        what: "private keys in PEM or OpenPGP armour",
        kind: Kind::Secret,
        // Unterminated, it goes on to the end: what was cut off is no less secret for it.
        find: Find::Whole {
            keywords: &["private key"],
            look: always,
            pattern: r"(?s)(-{4,5} ?BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)? ?-{4,5}[\sA-Za-z0-9+/\\].*?(?:-{4,5} ?END (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)? ?-{4,5}|\z))",
            check: checks::sure,
        },
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
            "PKCS#1 (-----BEGIN RSA PRIVATE KEY-----) expected",
        ],
    },
    ValueRule {
        id: "sip_password",
        what: "passwords in SIP addresses",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["sip:", "sips:"],
            look: always,
            pattern: r#"(?i)sips?:[a-z0-9._+~%-]{1,64}:([^\s"'<>@]{3,128})@[a-z0-9\[]"#,
            check: |text, range| is_url_password(&text[range.clone()]),
        },
        secrets: &[
            ("dial sip:204:t3l3foon!@pbx.dev.test:5060", "t3l3foon!"),
            ("Contact: <SIPS:kim:hunter2@10.0.0.7>", "hunter2"),
        ],
        innocent: &["sip:1001@pbx.dev.test:5060", "sip:kim:********@pbx.dev.test"],
    },
    ValueRule {
        id: "url_password",
        what: "passwords in URLs",
        kind: Kind::Secret,
        find: Find::Code { keywords: &["@"], look: looks::at_sign, next: find_url_password },
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
            "amqp://app:********@mq-2.dev.test/%2f",
            "mysql://app:${DB_PASSWORD}@db/shop",
            "postgres://app:xxxxx@pg-1/shop",
        ],
    },
    ValueRule {
        id: "url_token",
        what: "tokens as the user of a URL, and Sentry DSNs",
        kind: Kind::Secret,
        find: Find::Code { keywords: &["@"], look: looks::at_sign, next: find_url_token },
        secrets: &[
            (
                "https://0123456789abcdef0123456789abcdef@o4501.ingest.sentry.test/450",
                "0123456789abcdef0123456789abcdef",
            ),
            ("clone https://aB3dE5fG7hJ9kL1mN3pQ5@git.test/x.git", "aB3dE5fG7hJ9kL1mN3pQ5"),
        ],
        innocent: &["postgres://reporting-service-user:@db/x", "https://kim@dev.test", "https://dev.test/@kim"],
    },
];

/// Where base64 of `{"`, `{ ` or `{` and a line break begins next.
fn token_start(bytes: &[u8], from: usize) -> Option<usize> {
    memchr::memchr_iter(b'e', &bytes[from..]).map(|found| from + found).find(|at| looks::is_jwt_start(&bytes[*at..]))
}

/// Whether a name ends here whose value follows: `{TokenType:Bearer ExpiresIn:3600}`.
fn names_more(behind: &str) -> bool {
    behind.starts_with([':', '=']) && !behind.starts_with("==")
}

/// The next JSON web token: a header that decodes as JSON with `alg`, and one to four more parts.
fn find_jwt(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let part_end = |from: usize| from + bytes[from..].iter().take_while(|byte| is_base64url(**byte)).count();
    let mut at = from;
    let (mut header_end, mut candidates) = (0, 0);
    while let Some(start) = token_start(bytes, at) {
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

/// What stands behind the next `Bearer`, if it is a credential.
fn find_bearer(text: &str, from: usize) -> Option<Range<usize>> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._~+/=%-".contains(&byte);
    behind_scheme(text, from, b"bearer", |start| {
        let start = start + usize::from(matches!(text.as_bytes().get(start), Some(b'"' | b'\'')));
        let range = start..start + run(&text.as_bytes()[start..], is_part);
        let is_secret = is_credential(&text[range.clone()]) && !names_more(&text[range.end..]);
        (range, is_secret)
    })
}

/// What stands behind the next `Basic`, if it is a credential.
fn find_basic(text: &str, from: usize) -> Option<Range<usize>> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"+/_-".contains(&byte);
    behind_scheme(text, from, b"basic", |start| {
        let end = start + run(&text.as_bytes()[start..], is_part);
        let padding = text.as_bytes()[end..].iter().take(2).take_while(|byte| **byte == b'=').count();
        let range = start..end + padding;
        let is_secret = end - start >= 4 && is_basic_credential(&text[range.clone()]);
        (range, is_secret)
    })
}

/// The next secret behind the word `scheme` and the space after it, where `read` says what stands and whether it is one.
fn behind_scheme(
    text: &str,
    from: usize,
    scheme: &[u8],
    read: impl Fn(usize) -> (Range<usize>, bool),
) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let mut at = from;
    loop {
        let start = at + memchr::memchr2(scheme[0], scheme[0].to_ascii_uppercase(), bytes.get(at..)?)?;
        at = start + 1;
        let (word, rest) = bytes[start..].split_at_checked(scheme.len())?;
        let alone = start == 0 || !is_word(bytes[start - 1]);
        if !alone || !word.eq_ignore_ascii_case(scheme) {
            continue;
        }
        let space = match rest {
            [b'+', ..] => 1,
            [b'%', ..] => 3 * rest.chunks_exact(3).take_while(|escape| *escape == b"%20").count(),
            _ => run(rest, is_space),
        };
        if space > 0 {
            let (range, is_secret) = read(start + scheme.len() + space);
            if is_secret {
                return Some(range);
            }
            at = range.end;
        }
    }
}

/// How many bytes at the start are such.
fn run(bytes: &[u8], is_such: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|byte| is_such(**byte)).count()
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
    let other = || rfc && word.len() <= 8 || is_iso_date(word) || is_example(word);
    word.len() >= min && !other()
}

fn is_basic_credential(word: &str) -> bool {
    let decoded = decode_base64(word.as_bytes()).unwrap_or_default();
    decoded.contains(&b':') && decoded.iter().all(|byte| !byte.is_ascii_control())
}

/// The next password in a URL. By a pattern it would take a tenth of a megabyte for ever, as would [`find_url_token`] three.
fn find_url_password(text: &str, from: usize) -> Option<Range<usize>> {
    next_in_url(text, from, |start| {
        let bytes = text.as_bytes();
        let user = run(&bytes[start..], |byte| !is_space(byte) && !b":/?#\"'<>[]\\".contains(&byte));
        let start = start + user + 1;
        if bytes.get(start - 1) != Some(&b':') {
            return None;
        }
        let within = &bytes[start..bytes.len().min(start + URL_PASSWORD_MAX + 1)];
        let solid = run(within, |byte| !is_space(byte) && !b"\"'<>".contains(&byte));
        let password = start..start + memchr::memrchr(b'@', &within[..solid])?;
        let is_secret = !password.is_empty() && is_url_password(&text[password.clone()]);
        Some(if is_secret { Ok(password) } else { Err(password.end + 1) })
    })
}

/// Longer passwords in URLs are none.
const URL_PASSWORD_MAX: usize = 512;

/// The next user of a URL that is a token.
fn find_url_token(text: &str, from: usize) -> Option<Range<usize>> {
    next_in_url(text, from, |start| {
        let bytes = text.as_bytes();
        let token = start..start + run(&bytes[start..], |byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        let password = match bytes.get(token.end)? {
            b':' => 1 + run(&bytes[token.end + 1..], |byte| !is_space(byte) && !b"/@\"'<>".contains(&byte)),
            _ => 0,
        };
        let end = token.end + password;
        let is_whole =
            URL_TOKEN.contains(&token.len()) && password <= URL_TOKEN_PASSWORD_MAX + 1 && bytes.get(end) == Some(&b'@');
        is_whole.then(|| if checks::is_random(text, &token) { Ok(token) } else { Err(end + 1) })
    })
}

/// How long tokens in URLs are.
const URL_TOKEN: RangeInclusive<usize> = 20..=400;
/// What may stand between a token and the host.
const URL_TOKEN_PASSWORD_MAX: usize = 400;

/// The next secret of a URL, by what `read` says of each place behind a `://`: nothing, a secret, or the end of what is none.
fn next_in_url(
    text: &str,
    from: usize,
    read: impl Fn(usize) -> Option<Result<Range<usize>, usize>>,
) -> Option<Range<usize>> {
    let mut at = from;
    while let Some(found) = memchr::memmem::find(&text.as_bytes()[at..], b"://") {
        at += found + 3;
        match read(at) {
            None => {}
            Some(Ok(secret)) => return Some(secret),
            Some(Err(end)) => at = end,
        }
    }
    None
}

/// What a pattern calls `\s`.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

fn is_url_password(text: &str) -> bool {
    // `host:8080/path@x` has a port there, and no password.
    let host_end = text.find(['/', '?', '#']);
    let port = host_end.is_some_and(|end| text[..end].bytes().all(|byte| byte.is_ascii_digit()));
    !port && !is_marker(text) && !is_mask(text) && !is_placeholder(text)
}

/// Decodes base64 in either alphabet, padded or not. Spare bits at the end do not matter.
/// Whether base64 is that of a text with a secret in it.
pub fn decodes_to_secret(text: &str, range: &Range<usize>) -> bool {
    let Some(plain) = decode_base64(text[range.clone()].as_bytes()).and_then(|bytes| String::from_utf8(bytes).ok())
    else {
        return false;
    };
    let reading = if plain.starts_with('{') { Reading::Broken } else { Reading::Prose };
    let mut spans = Vec::new();
    super::super::text::find(&plain, reading, &Words::default(), &mut spans);
    let userinfo = plain.split_once("://").and_then(|(_, rest)| rest.split_once('@')).is_some_and(|(user, _)| {
        user.split_once(':').is_some_and(|(_, password)| !password.is_empty() && !user.contains(['/', ' ']))
    });
    userinfo || !spans.is_empty()
}

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
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use regex::bytes::{Regex, RegexBuilder};

    use super::*;

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

    /// What [`find_url_password`] is to find, as a pattern.
    static PASSWORD: LazyLock<Regex> = LazyLock::new(|| pattern(r#"://[^\s:/?#"'<>\[\]\\]*:([^\s"'<>]{0,512})@"#));
    /// What [`find_url_token`] is to find.
    static TOKEN: LazyLock<Regex> =
        LazyLock::new(|| pattern(r#"://([A-Za-z0-9_.-]{20,400})(?::[^\s/@"'<>]{0,400})?@"#));

    fn pattern(pattern: &str) -> Regex {
        RegexBuilder::new(pattern).unicode(false).build().expect("a pattern")
    }

    fn by_pattern(pattern: &Regex, text: &str, is_secret: impl Fn(&Range<usize>) -> bool) -> Vec<Range<usize>> {
        let (mut found, mut at) = (Vec::new(), 0);
        while let Some(captures) = pattern.captures_at(text.as_bytes(), at) {
            let secret = captures.get(1).expect("the pattern has one group").range();
            let is_secret = !secret.is_empty() && is_secret(&secret);
            at = if is_secret { secret.end } else { captures.get_match().end() };
            found.extend(is_secret.then_some(secret));
        }
        found
    }

    fn by_code(next: fn(&str, usize) -> Option<Range<usize>>, text: &str) -> Vec<Range<usize>> {
        std::iter::successors(next(text, 0), |last| next(text, last.end)).collect()
    }

    fn near_url() -> impl Strategy<Value = String> {
        const PIECES: &[&str] = &[
            "://",
            ":",
            "@",
            "/",
            " ",
            "\"",
            "[",
            "\\",
            "?",
            "\u{a0}",
            "\u{b}",
            "ü",
            "kim",
            "8080",
            "hunter2",
            "****",
            "a1B2c3D4e5F6g7H8i9J0",
        ];
        let long = (prop::sample::select(&["a1b2c3d4e5", "x", ":"][..]), prop_oneof![398..403_usize, 510..515_usize])
            .prop_map(|(piece, length)| piece.chars().cycle().take(length).collect());
        let piece = prop_oneof![12 => prop::sample::select(PIECES).prop_map(str::to_owned), 1 => long];
        prop::collection::vec(piece, 1..16).prop_map(|pieces| format!("at ://{}", pieces.concat()))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn what_code_finds_in_urls_is_what_patterns_find(text in near_url()) {
            let passwords = by_pattern(&PASSWORD, &text, |range| is_url_password(&text[range.clone()]));
            prop_assert_eq!(by_code(find_url_password, &text), passwords);
            let tokens = by_pattern(&TOKEN, &text, |range| checks::is_random(&text, range));
            prop_assert_eq!(by_code(find_url_token, &text), tokens);
        }
    }
}
