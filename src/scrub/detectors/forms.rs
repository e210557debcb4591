//! How a token is written: a start, then letters of an alphabet, so many of them.
//!
//! Invariant: a run of an alphabet's letters is measured once, however many starts lie in it.

use std::ops::Range;

/// A token: a start and a body.
#[derive(Debug)]
pub struct Form {
    /// As it is written, in this case and no other.
    pub start: &'static str,
    class: Class,
    min: usize,
    max: usize,
    test: Test,
}

/// A form without a longest length.
pub const LONG: usize = usize::MAX;

/// A form whose body has `min` to `max` letters of `class`.
pub const fn form(start: &'static str, class: Class, min: usize, max: usize, test: Test) -> Form {
    Form { start, class, min, max, test }
}

/// An alphabet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Lower-case hexadecimal.
    Hex,
    /// Hexadecimal in any case.
    HexAny,
    /// Hexadecimal and dashes, as in a UUID.
    HexAnyDash,
    /// Lower-case letters and digits.
    Lower,
    /// Upper-case letters and digits.
    Upper,
    /// Upper-case letters, digits and dashes.
    UpperDash,
    /// Letters and digits.
    Alnum,
    /// Letters, digits and `_`.
    Word,
    /// The alphabet of base64 in URLs.
    Url,
    /// [`Class::Url`] and dots.
    Dotted,
    /// Both alphabets of base64, and padding.
    Base,
    /// [`Class::Dotted`], percent-encoded in part.
    Escaped,
    /// A value and its signature in base64.
    Signed,
    /// Parts, with whatever providers put between them.
    Joined,
}

impl Class {
    const COUNT: usize = 14;

    fn has(self, byte: u8) -> bool {
        let url = byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        match self {
            Class::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Class::HexAny => byte.is_ascii_hexdigit(),
            Class::HexAnyDash => byte.is_ascii_hexdigit() || byte == b'-',
            Class::Lower => byte.is_ascii_lowercase() || byte.is_ascii_digit(),
            Class::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Class::UpperDash => byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-',
            Class::Alnum => byte.is_ascii_alphanumeric(),
            Class::Word => byte.is_ascii_alphanumeric() || byte == b'_',
            Class::Url => url,
            Class::Dotted => url || byte == b'.',
            Class::Base => url || b"+/=".contains(&byte),
            Class::Escaped => url || byte == b'.' || byte == b'%',
            Class::Signed => url || b".+/".contains(&byte),
            Class::Joined => url || b".:+/=!^#~|".contains(&byte),
        }
    }
}

/// What a body must be, beyond its letters, to be no word and no placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// More than a few different letters: `xxxxxxxx` is a placeholder.
    Varied,
    /// Two digits at least, and a letter.
    Digits,
    /// Digits, upper-case and lower-case letters.
    Mixed,
    /// A long stretch of letters and digits without a dash.
    Random,
    /// Two parts or more with dots between them, and varied.
    Parts,
    /// The numbers of an account or two, and something random behind them.
    Numbered,
}

impl Test {
    fn holds(self, body: &[u8]) -> bool {
        // Enough to know it by, and no more, since forms may overlap.
        let body = &body[..body.len().min(HEAD)];
        let varied = different(body) >= DIFFERENT_MIN;
        let digits = body.iter().filter(|byte| byte.is_ascii_digit()).count();
        let letter = body.iter().any(u8::is_ascii_alphabetic);
        let mixed = digits > 0 && body.iter().any(u8::is_ascii_lowercase) && body.iter().any(u8::is_ascii_uppercase);
        varied
            && match self {
                Test::Varied => true,
                Test::Digits => digits >= 2 && letter,
                Test::Mixed => mixed,
                Test::Random => body.split(|byte| !byte.is_ascii_alphanumeric()).any(|part| {
                    part.len() >= 16 && part.iter().any(u8::is_ascii_digit) && part.iter().any(u8::is_ascii_alphabetic)
                }),
                Test::Parts => {
                    let first = body.iter().position(|byte| *byte == b'.');
                    first.is_some_and(|dot| dot >= 10 && body.len() - dot > 10)
                }
                Test::Numbered => {
                    let mut parts = body.split(|byte| b"_/:".contains(byte)).rev();
                    let random = |part: &[u8]| {
                        part.len() >= 16
                            && part.iter().all(u8::is_ascii_alphanumeric)
                            && part.iter().any(u8::is_ascii_digit)
                            && part.iter().any(u8::is_ascii_alphabetic)
                    };
                    let number = |part: &[u8]| part.len() >= 4 && part.iter().all(u8::is_ascii_digit);
                    digits >= 4
                        && parts.next().is_some_and(random)
                        && parts.next().is_some_and(number)
                        && parts.all(number)
                }
            }
    }
}

const HEAD: usize = 128;
const DIFFERENT_MIN: u32 = 5;

/// How many different bytes there are.
pub fn different(bytes: &[u8]) -> u32 {
    let mut seen = [0u64; 4];
    for byte in bytes {
        seen[usize::from(byte / 64)] |= 1 << (byte % 64);
    }
    seen.iter().map(|seen| seen.count_ones()).sum()
}

/// Runs of letters that were measured already, one for each alphabet.
#[derive(Debug, Default)]
pub struct Runs([Run; Class::COUNT]);

/// A run of the letters of one alphabet.
#[derive(Debug, Default)]
struct Run {
    start: usize,
    end: usize,
    /// How many starts of tokens in it had no token behind them.
    tries: usize,
}

/// A run with more starts of tokens is nothing that anybody writes, and not worth a look at each: it goes.
const TRIES_MAX: usize = 64;

impl Runs {
    fn run(&mut self, bytes: &[u8], class: Class, at: usize) -> &mut Run {
        let run = &mut self.0[class as usize];
        if !(run.start..run.end).contains(&at) {
            let end = at + bytes[at..].iter().take_while(|byte| class.has(**byte)).count();
            *run = Run { start: at, end, tries: 0 };
        }
        run
    }
}

impl Form {
    /// The token that begins at `at`, if there is one.
    pub fn token_at(&self, text: &str, at: usize, runs: &mut Runs) -> Option<Range<usize>> {
        let bytes = text.as_bytes();
        if !bytes[at..].starts_with(self.start.as_bytes()) || !begins_word(bytes, at) {
            return None;
        }
        let from = at + self.start.len();
        let run = runs.run(bytes, self.class, from);
        let run_end = run.end.max(from);
        let body = &bytes[from..run_end];
        // The stop at the end of a sentence is no part of the token, nor is the colon before a reason.
        let body = &body[..body.len() - body.iter().rev().take_while(|byte| b".:!".contains(byte)).count()];
        let goes_on = bytes.get(run_end).is_some_and(u8::is_ascii_alphanumeric);
        // Of a long token somebody showed no more than its beginning: `ghp_ZQIxE5xb6D8jP4K0… (truncated)`.
        let cut = || {
            let marked = self.start.len() >= 4 && self.start.ends_with(['_', '-']);
            let shown = text[from + body.len()..].starts_with("…") || text[from + body.len()..].starts_with("...");
            marked && shown && (CUT_MIN..self.min).contains(&body.len()) && body.iter().any(u8::is_ascii_digit)
        };
        let whole = (self.min..=self.max).contains(&body.len()) && !goes_on;
        if (whole || cut()) && self.test.holds(body) {
            return Some(at..from + body.len());
        }
        run.tries += 1;
        if run.tries > TRIES_MAX { Some(run.start..run_end) } else { None }
    }

    /// Whether a token may begin at `at` in text that may be JSON, escapes and all.
    pub fn may_begin(&self, text: &str, at: usize) -> bool {
        let bytes = text.as_bytes();
        if !bytes[at..].starts_with(self.start.as_bytes()) || !begins_word(bytes, at) {
            return false;
        }
        let body = bytes[at + self.start.len()..].iter().take(GLANCE.min(self.min));
        let mut seen = 0;
        for byte in body {
            if *byte == b'\\' {
                return true;
            }
            if !self.class.has(*byte) {
                return false;
            }
            seen += 1;
        }
        seen == GLANCE.min(self.min)
    }
}

/// Fewer letters of a token give nothing away.
const CUT_MIN: usize = 12;

/// How much of a body is looked at before a rule runs.
const GLANCE: usize = 6;

/// Whether a word can begin at `at`: no letter or digit stands before it but that of an escape.
pub fn begins_word(bytes: &[u8], at: usize) -> bool {
    match bytes[..at] {
        [.., b'\\', b'b' | b'f' | b'n' | b'r' | b't'] => true,
        [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => true,
        [.., b'm'] => ends_in_color(&bytes[..at - 1]),
        [.., before] => !before.is_ascii_alphanumeric(),
        [] => true,
    }
}

/// Whether a text ends in what a terminal is told before the `m` of a colour: `␛[1;93`.
fn ends_in_color(text: &[u8]) -> bool {
    let code = text.iter().rev().take(12).take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    text[..text.len() - code].ends_with(b"[")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn end(form: &Form, text: &str, at: usize) -> Option<usize> {
        form.token_at(text, at, &mut Runs::default()).map(|token| token.end)
    }

    #[test]
    fn a_token_has_its_start_its_letters_and_its_length() {
        let short = form("tok_", Class::Hex, 8, 10, Test::Varied);
        #[track_caller]
        fn check(form: &Form, text: &str, at: usize, want: Option<usize>) {
            assert_eq!(end(form, text, at), want, "{text}");
            assert!(want.is_none() || form.may_begin(text, at), "{text}");
        }
        check(&short, "tok_0123abcd", 0, Some(12));
        check(&short, "tok_0123abcd.", 0, Some(12));
        check(&short, "tok_0123abcd99z", 0, None);
        check(&short, "tok_0123abcd999", 0, None);
        check(&short, "tok_0123abc", 0, None);
        check(&short, "TOK_0123abcd", 0, None);
        check(&short, "tok_00000000", 0, None);
        check(&short, "atok_0123abcd", 1, None);
        check(&short, "_tok_0123abcd", 1, Some(13));
        check(&short, "%3Dtok_0123abcd", 3, Some(15));
        check(&short, r"\ntok_0123abcd", 2, Some(14));
        check(&short, "\x1b[1;93mtok_0123abcd\x1b[0m", 7, Some(19));
        check(&short, "93mtok_0123abcd", 3, None);
        let long = form("tok_", Class::Hex, 36, 40, Test::Varied);
        check(&long, "tok_0123abcd0123… (truncated)", 0, Some(16));
        check(&long, "tok_0123abcd0123", 0, None);
        check(&long, "tok_0123…", 0, None);
        let dotted = form("d.", Class::Dotted, 4, LONG, Test::Varied);
        check(&dotted, "d.ab.c1de..", 0, Some(9));
    }

    #[test]
    fn what_looks_like_a_word_or_a_placeholder_is_none() {
        #[track_caller]
        fn check(test: Test, body: &str, want: bool) {
            assert_eq!(test.holds(body.as_bytes()), want, "{body}");
        }
        check(Test::Varied, "xxxxxxxxxxxx", false);
        check(Test::Varied, "abcdef", true);
        check(Test::Digits, "abcdefgh1", false);
        check(Test::Digits, "abcdefg12", true);
        check(Test::Mixed, "abcdef12", false);
        check(Test::Mixed, "aBcdef12", true);
        check(Test::Random, "learn-pipeline-with-many-steps-2", false);
        check(Test::Random, "v1-0123456789abcdef01", true);
        check(Test::Parts, "abcdefghijkl", false);
        check(Test::Parts, "abcdefghijkl.abcdefghijkl", true);
        check(Test::Numbered, "1234567_A1B2C3D4E5F6G7H8", true);
        check(Test::Numbered, "12345678/87654321:a1b2c3d4e5f6a7b8", true);
        check(Test::Numbered, "A1B2C3D4E5F6G7H8", false);
        check(Test::Numbered, "orders_A1B2C3D4E5F6G7H8", false);
    }

    proptest! {
        #[test]
        fn runs_are_measured_as_if_anew(text in "[a-f0-9 ._-]{0,40}", places in prop::collection::vec(any::<prop::sample::Index>(), 1..8)) {
            let mut runs = Runs::default();
            for place in places {
                let at = place.index(text.len() + 1);
                for class in [Class::Hex, Class::Url, Class::Dotted] {
                    let naive = at + text.as_bytes()[at..].iter().take_while(|byte| class.has(**byte)).count();
                    prop_assert_eq!(runs.run(text.as_bytes(), class, at).end.max(at), naive);
                }
            }
        }
    }
}
