//! Glances at what stands around a keyword, to tell words of everyday from what is worth a pattern.
//!
//! Invariant: a glance sees JSON with its escapes as well as a decoded string, and lets both pass or neither when a rule
//! would match the string.

use std::ops::Range;

/// Whether a keyword at a range of a text is worth more.
pub type Look = fn(&[u8], Range<usize>) -> bool;

/// Twice as far as any pattern allows between its keyword and the first digit of a secret: JSON may put a backslash
/// before every byte.
const GLANCE: usize = 160;

/// Every keyword is worth it.
pub fn always(_: &[u8], _: Range<usize>) -> bool {
    true
}

/// A word of its own, as keys are split: no letter goes on before or behind it, unless the case changes there.
pub fn word(text: &[u8], hit: Range<usize>) -> bool {
    let escaped = match text[..hit.start] {
        [.., b'\\', b'b' | b'f' | b'n' | b'r' | b't'] => true,
        [.., b'%', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        _ => false,
    };
    let begins = escaped
        || text[hit.start].is_ascii_uppercase()
        || text[..hit.start].last().is_none_or(|before| !before.is_ascii_alphabetic());
    begins && text.get(hit.end).is_none_or(|behind| !behind.is_ascii_lowercase())
}

/// A digit follows.
pub fn digit_ahead(text: &[u8], hit: Range<usize>) -> bool {
    digits(ahead(text, hit)) > 0
}

/// Four digits, with nothing but a letter here and there between them, follow.
pub fn digits_ahead(text: &[u8], hit: Range<usize>) -> bool {
    digits(ahead(text, hit)) >= 4
}

/// A word that stands alone, and two digits behind it. In scripts without blanks words stand beside anything.
pub fn label(text: &[u8], hit: Range<usize>) -> bool {
    let escaped = matches!(text[..hit.start], [.., b'\\', b'b' | b'f' | b'n' | b'r' | b't']);
    let begins = escaped
        || !text[hit.start].is_ascii()
        || text[..hit.start].last().is_none_or(|before| !before.is_ascii_alphanumeric());
    let ends = !text[hit.end - 1].is_ascii() || text.get(hit.end).is_none_or(|behind| !behind.is_ascii_alphabetic());
    begins && ends && digits(ahead(text, hit)) >= 2
}

/// The start of a line.
pub fn line_start(text: &[u8], hit: Range<usize>) -> bool {
    matches!(text[..hit.start], [] | [.., b'\n' | b'\r' | b'"'] | [.., b'\\', b'n' | b'r'])
}

/// A stretch of base64 follows, as long as an AWS secret key.
pub fn long_ahead(text: &[u8], hit: Range<usize>) -> bool {
    let mut run = 0;
    let window = &text[hit.end..text.len().min(hit.end + 2 * GLANCE)];
    window.iter().any(|byte| {
        run = if byte.is_ascii_alphanumeric() || b"+/\\".contains(byte) { run + 1 } else { 0 };
        run >= 40
    })
}

/// An `@` between two things that are no space.
pub fn at_sign(text: &[u8], hit: Range<usize>) -> bool {
    let solid = |byte: &u8| !b" \"'<>".contains(byte);
    let before = text[..hit.start].last().is_some_and(solid);
    before && text.get(hit.end).is_some_and(solid)
}

/// A capital letter follows at once.
pub fn capital_ahead(text: &[u8], hit: Range<usize>) -> bool {
    let begins = text[..hit.start].last().is_none_or(|before| !before.is_ascii_alphanumeric());
    begins && text.get(hit.end).is_some_and(|next| next.is_ascii_uppercase() || !next.is_ascii() || *next == b'\\')
}

/// A phone number in pairs of digits.
pub fn paired_digits(text: &[u8], hit: Range<usize>) -> bool {
    super::numbers::paired_phone_end(text, hit.start).is_some()
}

/// How many bytes of the name of a mailbox stand before the `@` of a hit.
fn local(text: &[u8], hit: &Range<usize>) -> usize {
    let part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._%+-".contains(byte);
    text[..hit.start].iter().rev().take(65).take_while(part).count()
}

/// What may be a phone or a mail address behind a name and a comma, or in brackets.
pub fn contact(text: &[u8], hit: Range<usize>) -> bool {
    let start = if text[hit.start] == b'@' { hit.start - local(text, &hit) } else { hit.start };
    match text[..start] {
        [.., letter] if text[hit.start] == b',' => letter.is_ascii_alphabetic() || !letter.is_ascii(),
        [.., before, b' '] | [.., before, b' ', b'('] => {
            before.is_ascii_alphabetic() || before == b',' || !before.is_ascii()
        }
        _ => false,
    }
}

/// An `@` in angle brackets: `Kim Lee <kim@dev.test>`.
pub fn mailbox(text: &[u8], hit: Range<usize>) -> bool {
    text[..hit.start - local(text, &hit)].ends_with(b"<")
}

/// The last word of a street's name, with a digit near it on either side.
pub fn house(text: &[u8], hit: Range<usize>) -> bool {
    let named = match text[hit.start..] {
        [b' ', first, ..] => first.is_ascii_uppercase() || first == b'r',
        [b'v', ..] => false,
        _ => true,
    };
    let near = &text[hit.start.saturating_sub(GLANCE / 2)..text.len().min(hit.end + GLANCE / 2)];
    named && near.iter().any(u8::is_ascii_digit)
}

/// Digits before, and a token's letters behind: `123456789:AA…`.
pub fn telegram(text: &[u8], hit: Range<usize>) -> bool {
    let before = text[..hit.start].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let url = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    before >= 6 && text[hit.end..].iter().take(8).take_while(url).count() == 8
}

/// A dot that may end the first part of a Discord or Airtable token.
pub fn token_dot(text: &[u8], hit: Range<usize>) -> bool {
    let part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let before = text[..hit.start].iter().rev().take(17).take_while(part).count();
    before == 17
        && (text.get(hit.end + 6) == Some(&b'.') || text[hit.end..].iter().take(32).take_while(part).count() == 32)
}

/// Hexadecimal digits before, and a digit behind: `…0af1-us12`.
pub fn mailchimp(text: &[u8], hit: Range<usize>) -> bool {
    let before = text[..hit.start].iter().rev().take(8).take_while(|byte| byte.is_ascii_hexdigit()).count();
    before == 8 && text.get(hit.end).is_some_and(u8::is_ascii_digit)
}

/// Upper-case hexadecimal behind: the hash of a MySQL password.
pub fn mysql_hash(text: &[u8], hit: Range<usize>) -> bool {
    let upper = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
    text[hit.end..].iter().take(8).take_while(upper).count() == 8
}

/// Three or more digits before, and a token's letters behind: the id of an app and its secret.
pub fn facebook_app(text: &[u8], hit: Range<usize>) -> bool {
    let before = text[..hit.start].iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    (13..20).contains(&before)
}

fn ahead(text: &[u8], hit: Range<usize>) -> &[u8] {
    &text[hit.end..text.len().min(hit.end + GLANCE)]
}

/// How many digits there are. To count them all takes less time than to stop at the first few: nothing depends on the byte
/// before.
fn digits(window: &[u8]) -> usize {
    window
        .chunks(64)
        .map(|chunk| usize::from(chunk.iter().map(|byte| u8::from(byte.is_ascii_digit())).sum::<u8>()))
        .sum()
}

/// The start of a JSON object in base64, and more of it.
pub fn jwt(text: &[u8], hit: Range<usize>) -> bool {
    let url = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    is_jwt_start(&text[hit.start..]) && text[hit.end..].iter().take(8).take_while(url).count() == 8
}

/// Whether a text starts with base64 of `{"`, `{ ` or `{` and a line break.
pub fn is_jwt_start(text: &[u8]) -> bool {
    matches!(text, [b'e', b'y', b'J' | b'A', ..] | [b'e', b'w', b'o', ..])
}

/// The marks of keys stand inside of them.
pub fn long_around(text: &[u8], hit: Range<usize>) -> bool {
    let part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_~.+/\\".contains(byte);
    let before = text[..hit.start].iter().rev().take(40).take_while(part).count();
    before + text[hit.end..].iter().take(40).take_while(part).count() >= 32
}

/// The number of a token before, and the token behind.
pub fn sanctum(text: &[u8], hit: Range<usize>) -> bool {
    let word = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
    text[..hit.start].last().is_some_and(u8::is_ascii_digit)
        && text[hit.end..].iter().take(40).take_while(word).count() == 40
}

/// The id of an organisation, and more.
pub fn salesforce(text: &[u8], hit: Range<usize>) -> bool {
    let more = text[hit.end..].iter().take(12).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    text[hit.clone()] == *b"00D" && more == 12
}

/// An `@`, as [`at_sign`] wants it, or one that a URL escapes.
pub fn at_or_escaped(text: &[u8], hit: Range<usize>) -> bool {
    hit.len() > 1 || at_sign(text, hit)
}

/// The letters and digits of an id follow soon, many of them.
pub fn long_id(text: &[u8], hit: Range<usize>) -> bool {
    let part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-".contains(byte);
    let window = &text[hit.end..text.len().min(hit.end + GLANCE)];
    let mut run = 0;
    window.iter().any(|byte| {
        run = if part(byte) { run + 1 } else { 0 };
        run >= 20
    })
}

/// The number of a card follows, as stripes have it.
pub fn track(text: &[u8], hit: Range<usize>) -> bool {
    let digit = |byte: &&u8| byte.is_ascii_digit() || b"*xX ".contains(byte);
    let length = text[hit.end..].iter().take(24).take_while(digit).count();
    length >= 12 && text.get(hit.end + length) == Some(&b'^')
}

/// The origin that a code is bound to, at the start of a line: `@shop.test #317720`.
pub fn bound_origin(text: &[u8], hit: Range<usize>) -> bool {
    let begins = matches!(text[..hit.start], [] | [.., b'\n' | b'\r' | b'"'] | [.., b'\\', b'n' | b'r']);
    let host = |byte: &&u8| byte.is_ascii_alphanumeric() || b".-".contains(byte);
    let length = text[hit.end..].iter().take(GLANCE).take_while(host).count();
    begins && length >= 3 && text[hit.end + length..].starts_with(b" #")
}

/// A word for a code that digits stand near to, and that is no key of JSON itself.
pub fn code_word(text: &[u8], hit: Range<usize>) -> bool {
    let before = &text[hit.start.saturating_sub(GLANCE)..hit.start];
    if text.get(hit.end) == Some(&b'"') {
        // What stands before it in the same string.
        let string = memchr::memrchr(b'"', before).map_or(before, |quote| &before[quote + 1..]);
        return digits(string) >= 2;
    }
    digits(ahead(text, hit)) + digits(before) >= 2
}

/// A slash with blanks around it follows.
pub fn slash_ahead(text: &[u8], hit: Range<usize>) -> bool {
    let window = ahead(text, hit);
    memchr::memchr_iter(b'/', window).any(|at| at > 1 && window.get(at + 1) == Some(&b' '))
}
