//! Numbers of cards, bank accounts, people and phones, which show by their digits alone.
//!
//! Each has a length, groups and a check of its own, so that ids, times and amounts are none.
//!
//! Invariant: what is found in a string is found, unsurely, in the JSON that holds the string.
//! Invariant: linear time: every run of digits is looked at once, and what is read from it on is bounded.

use std::ops::Range;

/// What a number is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// A payment card.
    Card,
    /// A bank account, internationally.
    Iban,
    /// A person, in the United States.
    Ssn,
    /// A person, in Brazil.
    Cpf,
    /// A phone, internationally, or as `(ddd) ddd-dddd`.
    Phone,
}

/// How much is asked of a number's neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sureness {
    /// It stands alone: no part of a longer id.
    Sure,
    /// Whatever stands around it may be an escape of JSON.
    Unsure,
}

/// Whether there may be such a number in `text`, a string or JSON.
pub fn suspects(text: &str) -> bool {
    let mut any = false;
    each(text, Sureness::Unsure, &mut |_, _| {
        any = true;
        false
    });
    any
}

/// Calls `found` with each number in `text`, until it says no.
pub fn each(text: &str, sureness: Sureness, found: &mut dyn FnMut(Number, Range<usize>) -> bool) {
    let scan = Scan { bytes: text.as_bytes(), sureness };
    if scan.bytes.iter().filter(|byte| byte.is_ascii_digit()).count() < DIGITS_MIN {
        return;
    }
    let mut phones: Vec<Range<usize>> = Vec::new();
    for plus in memchr::memchr_iter(b'+', scan.bytes) {
        let after = phones.last().map_or(0, |phone| phone.end);
        if let Some(end) = scan.phone(plus + 1).filter(|end| scan.is_alone_after(after, plus, *end)) {
            if !found(Number::Phone, plus..end) {
                return;
            }
            phones.push(plus..end);
        }
    }
    let is_in_phone = |range: &Range<usize>| {
        let next = phones.partition_point(|phone| phone.end <= range.start);
        phones.get(next).is_some_and(|phone| phone.start < range.start)
    };
    let bytes = scan.bytes;
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    // Every number here begins with two digits side by side, and one of them is met.
    let mut at = 1;
    let mut behind = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 2;
            continue;
        }
        let start = if at > behind && digit(at - 1) { at - 1 } else { at };
        let end = at + bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if start >= behind
            && let Some((number, range)) = scan.number_at(start, end, behind)
        {
            // The groups of a card are looked at once.
            behind = range.end;
            if !is_in_phone(&range) && !found(number, range) {
                return;
            }
        }
        at = end + 1;
    }
}

/// The fewest digits of any number here: that of a person in the United States, or of a short one of a phone.
pub const DIGITS_MIN: usize = 9;

struct Scan<'a> {
    bytes: &'a [u8],
    sureness: Sureness,
}

impl Scan<'_> {
    /// The number whose first digits stand at `start..end`, where the last one ended at `after`.
    fn number_at(&self, start: usize, end: usize, after: usize) -> Option<(Number, Range<usize>)> {
        let length = end - start;
        let found = match length {
            4 => self.grouped_card(start).map(|end| (Number::Card, start..end)),
            14..=19 => self.bare_card(start, end).map(|end| (Number::Card, start..end)),
            3 => (self.ssn(start).map(|end| (Number::Ssn, start..end)))
                .or_else(|| self.cpf(start).map(|end| (Number::Cpf, start..end)))
                .or_else(|| self.phone_in_parentheses(start).map(|range| (Number::Phone, range))),
            _ => None,
        };
        let found = found.filter(|(_, range)| self.is_alone_after(after, range.start, range.end));
        found.or_else(|| self.iban(start)).or_else(|| self.escaped_phone(start))
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// Whether a number is no part of something longer, where another one ended at `after`: one may stand right behind it.
    fn is_alone_after(&self, after: usize, start: usize, end: usize) -> bool {
        self.is_alone(start, end)
            || after > 0 && after == start && !self.bytes[start].is_ascii_digit() && self.is_open_behind(start, end)
    }

    /// Whether a number is no part of something longer.
    fn is_alone(&self, start: usize, end: usize) -> bool {
        if self.sureness == Sureness::Unsure {
            return true;
        }
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let before = match self.bytes[..start] {
            [.., b'\\', b'b' | b'f' | b'n' | b'r' | b't'] => true,
            [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => true,
            // The tracks of a card.
            [.., b'%', b'B'] => true,
            [.., joined, b'-' | b'_'] => !word(joined),
            [.., joined, b'.'] => !joined.is_ascii_digit(),
            [.., before] => !word(before) && before != b'#',
            [] => true,
        };
        before && self.is_open_behind(start, end)
    }

    /// Whether nothing goes on behind a number.
    fn is_open_behind(&self, start: usize, end: usize) -> bool {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        match self.bytes[end..] {
            // The second track of a card, in hexadecimal: a year, a month, a service code.
            [b'D', _, _, month, ref code @ ..] if end - start >= 14 && matches!(month, b'0' | b'1') => {
                code.len() >= 4 && code[..4].iter().all(u8::is_ascii_digit)
            }
            [b'-' | b'_', joined, ..] => !word(joined),
            [b'.', joined, ..] => !joined.is_ascii_digit(),
            [behind, ..] => !word(behind),
            [] => true,
        }
    }

    /// The length of what stands between two groups of digits.
    fn gap(&self, at: usize) -> usize {
        match self.bytes.get(at..).unwrap_or_default() {
            [b' ' | b'-' | b'.' | b'+', ..] => 1,
            [0xc2, 0xa0, ..] => 2,
            [b'%', b'2', b'0', ..] => 3,
            _ => 0,
        }
    }

    fn digits_at(&self, at: usize) -> usize {
        self.bytes.get(at..).unwrap_or_default().iter().take(20).take_while(|byte| byte.is_ascii_digit()).count()
    }

    /// The end of a card number in groups, as it is printed.
    fn grouped_card(&self, start: usize) -> Option<usize> {
        let mut digits = [0u8; 19];
        let (mut count, mut shape) = (0, [0; 5]);
        let mut at = start;
        let mut best = None;
        for group in 0..5 {
            let length = self.digits_at(at);
            if !(3..=6).contains(&length) || count + length > digits.len() {
                break;
            }
            for (slot, byte) in digits[count..].iter_mut().zip(&self.bytes[at..at + length]) {
                *slot = byte - b'0';
            }
            count += length;
            shape[group] = length;
            let end = at + length;
            if matches!(shape, [4, 4, 4, 4, 0 | 3] | [4, 6, 5, 0, 0] | [4, 6, 4, 0, 0]) && is_card(&digits[..count]) {
                best = Some(end);
            }
            let gap = self.gap(end);
            if gap == 0 {
                break;
            }
            at = end + gap;
        }
        best
    }

    /// The end of a card number without groups.
    fn bare_card(&self, start: usize, end: usize) -> Option<usize> {
        let mut digits = [0u8; 19];
        let digits = &mut digits[..end - start];
        digits.iter_mut().zip(&self.bytes[start..end]).for_each(|(digit, byte)| *digit = byte - b'0');
        let card = is_card(digits) && (digits.len() != 19 || digits[..2] == [6, 2]);
        (card && (self.sureness == Sureness::Unsure || !self.is_named_otherwise(start))).then_some(end)
    }

    /// Whether a word before a number says that it is something else.
    fn is_named_otherwise(&self, start: usize) -> bool {
        let before = &self.bytes[start.saturating_sub(24)..start];
        let gap = before.iter().rev().take(3).take_while(|byte| b" :=#".contains(byte)).count();
        let before = &before[..before.len() - gap];
        let word = before.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let word = &before[before.len() - word..];
        OTHER_NAMES.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(word))
    }

    /// The end of a US social security number with its dashes.
    fn ssn(&self, start: usize) -> Option<usize> {
        let bytes = self.bytes.get(start..start + 11)?;
        let shape = bytes.iter().enumerate().all(|(at, byte)| match at {
            3 | 6 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        (shape && is_ssn(&[&bytes[..3], &bytes[4..6], &bytes[7..]].concat())).then_some(start + 11)
    }

    /// The end of a Brazilian person's number with its dots and dash.
    fn cpf(&self, start: usize) -> Option<usize> {
        let bytes = self.bytes.get(start..start + 14)?;
        let shape = bytes.iter().enumerate().all(|(at, byte)| match at {
            3 | 7 => *byte == b'.',
            11 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
        (shape && is_cpf(&digits(bytes))).then_some(start + 14)
    }

    /// A bank account whose check digits stand at `start`.
    fn iban(&self, start: usize) -> Option<(Number, Range<usize>)> {
        let first = start.checked_sub(2)?;
        let country = &self.bytes[first..start];
        let lower = country.iter().all(u8::is_ascii_lowercase);
        if !lower && !country.iter().all(u8::is_ascii_uppercase) {
            return None;
        }
        let length = iban_length(country)?;
        let mut iban = Vec::with_capacity(length);
        let mut at = first;
        while iban.len() < length {
            match self.byte(at)? {
                byte if byte.is_ascii_uppercase() || byte.is_ascii_digit() || lower && byte.is_ascii_lowercase() => {
                    iban.push(byte.to_ascii_uppercase());
                    at += 1;
                }
                // Groups of four, as it is printed.
                _ if iban.len().is_multiple_of(4) && self.gap(at) > 0 => at += self.gap(at),
                _ => return None,
            }
        }
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let alone = self.sureness == Sureness::Unsure
            || super::forms::begins_word(self.bytes, first) && !self.byte(at).is_some_and(word);
        // In small letters, hexadecimal comes near: of that, only the letters of a bank count.
        let hexadecimal = lower && iban[8..].iter().any(u8::is_ascii_uppercase);
        (alone && is_iban(&iban) && !hexadecimal).then_some((Number::Iban, first..at))
    }

    /// The end of an international phone number whose country code stands at `at`.
    fn phone(&self, at: usize) -> Option<usize> {
        let mut at = if self.byte(at) == Some(b'(') { at + 1 } else { at };
        if !matches!(self.byte(at), Some(b'1'..=b'9')) {
            return None;
        }
        let mut digits = Vec::with_capacity(PHONE_MAX);
        let (mut gaps, mut dots) = (0, 0);
        let mut end = at;
        loop {
            let length = self.digits_at(at);
            let full = digits.first() == Some(&b'1') && digits.len() == 11;
            if length == 0 || full || digits.len() + length > PHONE_MAX {
                break;
            }
            digits.extend_from_slice(&self.bytes[at..at + length]);
            end = at + length;
            // Written without groups, it has no further one.
            if gaps == 0 && digits.len() >= 9 {
                break;
            }
            let mut gap = 0;
            while gap < 3 {
                gap += match self.bytes.get(end + gap..).unwrap_or_default() {
                    [b' ' | b'-' | b'.' | b'(' | b')', ..] => 1,
                    [0xc2, 0xa0, ..] => 2,
                    _ => break,
                };
            }
            if gap == 0 {
                break;
            }
            gaps += 1;
            dots += usize::from(self.byte(end) == Some(b'.'));
            at = end + gap;
        }
        let run_on = self.byte(end).is_some_and(|byte| byte.is_ascii_digit());
        // `+48.13715`: a coordinate, a change.
        let decimal = gaps > 0 && dots == 1;
        let min = if gaps == 0 { 10 } else { 9 };
        (digits.len() >= min && !run_on && !decimal && is_country_code(&digits)).then_some(end)
    }

    /// An international phone number behind a plus that a URL escapes.
    fn escaped_phone(&self, start: usize) -> Option<(Number, Range<usize>)> {
        let plus = start.checked_sub(3)?;
        let end = if self.bytes[plus..start].eq_ignore_ascii_case(b"%2b") { self.phone(start)? } else { return None };
        Some((Number::Phone, plus..end))
    }

    /// `(ddd) ddd-dddd`, whose first digits stand at `start`.
    fn phone_in_parentheses(&self, start: usize) -> Option<Range<usize>> {
        let open = start.checked_sub(1)?;
        if self.bytes[open] != b'(' || self.byte(start + 3) != Some(b')') {
            return None;
        }
        let gap = usize::from(self.byte(start + 4) == Some(b' '));
        let rest = self.bytes.get(start + 4 + gap..start + 12 + gap)?;
        let shape = rest.iter().enumerate().all(|(at, byte)| match at {
            3 => b" -.".contains(byte),
            _ => byte.is_ascii_digit(),
        });
        let real = matches!(self.bytes[start], b'2'..=b'9') && matches!(rest[0], b'2'..=b'9');
        (shape && real).then_some(open..start + 12 + gap)
    }
}

/// The most digits of a phone number.
const PHONE_MAX: usize = 15;

/// What a number may be that has as many digits as a card's.
const OTHER_NAMES: &[&str] = &[
    "offset",
    "order",
    "orders",
    "orderid",
    "id",
    "ids",
    "imei",
    "isbn",
    "ean",
    "sku",
    "trace",
    "traceid",
    "span",
    "spanid",
    "tracking",
    "parcel",
    "shipment",
    "invoice",
    "seq",
    "sequence",
    "timestamp",
    "ts",
    "nonce",
    "version",
    "build",
    "job",
];

/// Whether digits, as values, are a card's: of an issuer that gives out numbers of this length, with the right sum.
fn is_card(digits: &[u8]) -> bool {
    let start = |count: usize| digits[..count].iter().fold(0u32, |number, digit| number * 10 + u32::from(*digit));
    if digits.len() < 14 {
        return false;
    }
    let issuer = match digits.len() {
        14 => matches!(start(2), 36 | 38 | 39) || matches!(start(3), 300..=305 | 309),
        15 => matches!(start(2), 34 | 37),
        16 => {
            matches!(start(1), 4)
                || matches!(start(2), 51..=55 | 60 | 62 | 65 | 81 | 82)
                || matches!(start(3), 508 | 644..=649)
                || matches!(start(4), 2200..=2204 | 2221..=2720 | 3528..=3589 | 9792)
                || matches!(start(4), 5018..=5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763)
        }
        17 | 18 => matches!(start(2), 62) || matches!(start(4), 6759 | 6304 | 5018),
        19 => matches!(start(1), 4) || matches!(start(2), 62 | 65),
        _ => false,
    };
    issuer && luhn(digits)
}

/// Whether the sum that Luhn described is right.
pub fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = (digits.iter().rev().enumerate())
        .map(|(at, digit)| match (at % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) => digit * 2 - if digit > 4 { 9 } else { 0 },
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Whether the nine digits, as they are written, were ever given out.
pub fn is_ssn(digits: &[u8]) -> bool {
    let area = &digits[..3];
    area != b"000" && area != b"666" && area[0] != b'9' && &digits[3..5] != b"00" && &digits[5..] != b"0000"
}

/// Whether digits, as values, are a Brazilian person's.
pub fn is_cpf(digits: &[u8]) -> bool {
    let check = |count: usize| {
        let sum: usize =
            digits[..count].iter().enumerate().map(|(at, digit)| usize::from(*digit) * (count + 1 - at)).sum();
        sum * 10 % 11 % 10 == usize::from(digits[count])
    };
    digits.len() == 11 && digits.iter().any(|digit| *digit != digits[0]) && check(9) && check(10)
}

/// Whether letters and digits are an account number: the remainder by 97 is 1.
pub fn is_iban(iban: &[u8]) -> bool {
    let turned = iban[4..].iter().chain(&iban[..4]);
    let rest = turned.fold(0u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        letter => (rest * 100 + u32::from(letter.to_ascii_uppercase() - b'A') + 10) % 97,
    });
    rest == 1 && super::forms::different(iban) > 4
}

/// The digits of a text, as values.
pub fn digits(text: &[u8]) -> Vec<u8> {
    text.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0').collect()
}

/// Whether a phone number, given as digits, can begin so.
fn is_country_code(digits: &[u8]) -> bool {
    match digits {
        [b'1', area, _, _, exchange, ..] => digits.len() == 11 && *area >= b'2' && *exchange >= b'2',
        [b'7', ..] => digits.len() == 11,
        [b'2', b'8', ..] | [b'8', b'3' | b'9', ..] => false,
        _ => true,
    }
}

/// How long the account numbers of a country are.
#[rustfmt::skip]
const IBAN_LENGTHS: &[(&str, usize)] = &[
    ("AD", 24), ("AE", 23), ("AL", 28), ("AT", 20), ("AZ", 28), ("BA", 20), ("BE", 16), ("BG", 22), ("BH", 22), ("BI", 27),
    ("BR", 29), ("BY", 28), ("CH", 21), ("CR", 22), ("CY", 28), ("CZ", 24), ("DE", 22), ("DJ", 27), ("DK", 18), ("DO", 28),
    ("EE", 20), ("EG", 29), ("ES", 24), ("FI", 18), ("FK", 18), ("FO", 18), ("FR", 27), ("GB", 22), ("GE", 22), ("GI", 23),
    ("GL", 18), ("GR", 27), ("GT", 28), ("HN", 28), ("HR", 21), ("HU", 28), ("IE", 22), ("IL", 23), ("IQ", 23), ("IS", 26),
    ("IT", 27), ("JO", 30), ("KW", 30), ("KZ", 20), ("LB", 28), ("LC", 32), ("LI", 21), ("LT", 20), ("LU", 20), ("LV", 21),
    ("LY", 25), ("MC", 27), ("MD", 24), ("ME", 22), ("MK", 19), ("MN", 20), ("MR", 27), ("MT", 31), ("MU", 30), ("NI", 28),
    ("NL", 18), ("NO", 15), ("OM", 23), ("PK", 24), ("PL", 28), ("PS", 29), ("PT", 25), ("QA", 29), ("RO", 24), ("RS", 22),
    ("RU", 33), ("SA", 24), ("SC", 31), ("SD", 18), ("SE", 24), ("SI", 19), ("SK", 24), ("SM", 27), ("SO", 23), ("ST", 25),
    ("SV", 28), ("TL", 23), ("TN", 24), ("TR", 26), ("UA", 29), ("VA", 22), ("VG", 24), ("XK", 20), ("YE", 30),
];

/// The lengths by the two letters of a country, since nearly every digit of an id has two letters before it.
const IBAN_LENGTH_OF: [u8; 26 * 26] = {
    let mut of = [0; 26 * 26];
    let mut at = 0;
    while at < IBAN_LENGTHS.len() {
        let (country, length) = IBAN_LENGTHS[at];
        let country = country.as_bytes();
        of[(country[0] - b'A') as usize * 26 + (country[1] - b'A') as usize] = length as u8;
        at += 1;
    }
    of
};

/// How long the account numbers of a country are, of two letters in any case.
fn iban_length(country: &[u8]) -> Option<usize> {
    let [first, second] = country else { return None };
    let letter =
        |byte: u8| Some(usize::from(byte.to_ascii_uppercase().checked_sub(b'A')?)).filter(|letter| *letter < 26);
    let length = IBAN_LENGTH_OF[letter(*first)? * 26 + letter(*second)?];
    (length > 0).then_some(usize::from(length))
}

/// The next phone number in pairs of digits: `06 47 81 35 92`, `0041 78 604 29 17`.
pub fn next_paired_phone(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        at += memchr::memchr(b'0', bytes.get(at..)?)?;
        if let Some(end) = paired_phone_end(bytes, at) {
            return Some(at..end);
        }
        at += 1;
    }
}

/// Codes of countries behind the zeros of an international call.
const CALLED_FROM: &[&[u8]] =
    &[b"31", b"32", b"33", b"34", b"39", b"41", b"43", b"44", b"45", b"46", b"47", b"48", b"49", b"351", b"420"];

/// Where the phone number ends that begins with the zero at `at`, if one does: four pairs behind the first, or groups
/// behind the code of a country. A row of pairs that goes on is a dump of bytes.
pub fn paired_phone_end(text: &[u8], at: usize) -> Option<usize> {
    let before = at.checked_sub(1).map(|before| text[before]);
    if text.get(at) != Some(&b'0')
        || before.is_some_and(|before| before.is_ascii_alphanumeric() || b".:/+-".contains(&before))
    {
        return None;
    }
    let digits = |from: usize| text[from..].iter().take(5).take_while(|byte| byte.is_ascii_digit()).count();
    let group = |from: usize| {
        let separated = text.get(from).is_some_and(|gap| b" .-".contains(gap));
        let count = if separated { digits(from + 1) } else { 0 };
        (count > 0).then_some(count)
    };
    let (mut end, sizes, least, most) = match text.get(at + 1)? {
        b'1'..=b'7' | b'9' => (at + 2, 2..=2, 4, 4),
        b'0' => {
            let code = CALLED_FROM.iter().find(|code| text[at + 2..].starts_with(code))?;
            (at + 2 + code.len(), 1..=4, 3, 5)
        }
        _ => return None,
    };
    if text.get(end).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let mut groups = 0;
    while groups < most
        && let Some(count) = group(end).filter(|count| sizes.contains(count))
    {
        end += 1 + count;
        groups += 1;
    }
    let hex_pair = |at: usize| text.get(at..at + 2).is_some_and(|pair| pair.iter().all(u8::is_ascii_hexdigit));
    let follows = text[end..].iter().take(8).take_while(|byte| **byte == b' ').count();
    let row = follows > 0
        && hex_pair(end + follows)
        && text.get(end + follows + 2).is_none_or(|next| !next.is_ascii_alphanumeric())
        || at >= 3 && text[at - 1] == b' ' && hex_pair(at - 3) && (at == 3 || text[at - 4] == b' ');
    let goes_on = match text[end..] {
        [next, ..] if next.is_ascii_alphanumeric() || next == b'/' => true,
        [b'.' | b':' | b'-', next, ..] => next.is_ascii_digit(),
        _ => false,
    };
    (groups >= least && !row && !goes_on).then_some(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Vec<(Number, String)> {
        let mut all = Vec::new();
        each(text, Sureness::Sure, &mut |number, range| {
            all.push((number, text[range].to_owned()));
            true
        });
        all
    }

    #[track_caller]
    fn check(text: &str, number: Number, want: &str) {
        assert_eq!(found(text), [(number, want.to_owned())], "{text}");
    }

    #[track_caller]
    fn check_none(text: &str) {
        assert_eq!(found(text), [], "{text}");
    }

    #[test]
    fn phones_right_behind_each_other_are_all_found() {
        for phone in ["+1 415 555 0132", "(415) 555-0132"] {
            let all = vec![(Number::Phone, phone.to_owned()); 3];
            assert_eq!(found(&phone.repeat(3)), all);
        }
        check_none("call1(415) 555-0132");
    }

    #[test]
    fn cards_are_found_bare_and_in_groups() {
        check("4111111111111111", Number::Card, "4111111111111111");
        check("paid with 4539 8745 0503 6988, thanks", Number::Card, "4539 8745 0503 6988");
        check("4539-8745-0503-6988.", Number::Card, "4539-8745-0503-6988");
        check("4539.8745.0503.6988", Number::Card, "4539.8745.0503.6988");
        check("4539\u{a0}8745\u{a0}0503\u{a0}6988", Number::Card, "4539\u{a0}8745\u{a0}0503\u{a0}6988");
        check("n=4539+8745+0503+6988&a", Number::Card, "4539+8745+0503+6988");
        check("n=4539%208745%200503%206988&a", Number::Card, "4539%208745%200503%206988");
        check("amex 3714 496353 98431", Number::Card, "3714 496353 98431");
        check("371449635398431", Number::Card, "371449635398431");
        check("diners 30569309025904", Number::Card, "30569309025904");
        check("5555555555554444,a", Number::Card, "5555555555554444");
        check("2223003122003222", Number::Card, "2223003122003222");
        check("6011111111111117", Number::Card, "6011111111111117");
        check("3530111333300000", Number::Card, "3530111333300000");
        check("%B4539874505036988^LEE/KIM^2512", Number::Card, "4539874505036988");
        check(";4539874505036988=2512101", Number::Card, "4539874505036988");
        check("/cards/4539874505036988/charge", Number::Card, "4539874505036988");
        check(r"a\n4539874505036988", Number::Card, "4539874505036988");
    }

    #[test]
    fn other_long_numbers_are_no_cards() {
        check_none("4539000000000001");
        check_none("4111111111111112");
        check_none("1790000000000000");
        check_none("20260914080000");
        check_none("order 4539874505036988 shipped");
        check_none("order_id=4539874505036988");
        check_none("#4539874505036988");
        check_none("0.4539874505036988");
        check_none("4539874505036988.5");
        check_none("a4539874505036988");
        check_none("4539874505036988ab");
        check_none("b7-4539874505036988");
        check_none("4539874505036988-1");
        check_none("3f2b8c1e-7a64-4c9f-8d21-4539874505036988");
        check_none("45398745050369884539874505036988");
        check_none("490154203237518");
        check_none("4539 8745 0503");
        check_none("4539 8745 0503 6989");
    }

    #[test]
    fn bank_accounts_are_found_by_country_length_and_sum() {
        check("to DE45779716332479510333 queued", Number::Iban, "DE45779716332479510333");
        check("GB29 NWBK 6016 1331 9268 19", Number::Iban, "GB29 NWBK 6016 1331 9268 19");
        check("iban=NL91ABNA0417164300&a", Number::Iban, "NL91ABNA0417164300");
        check("FR1420041010050500013M02606", Number::Iban, "FR1420041010050500013M02606");
        check("NO9386011117947.", Number::Iban, "NO9386011117947");
        check_none("DE45779716332479510334");
        check_none("DE4577971633247951033");
        check_none("XX45779716332479510333");
        check_none("ADE45779716332479510333");
        check_none("DE457797163324795103331");
        check_none("DE00 0000 0000 0000 0000 00");
    }

    #[test]
    fn numbers_of_people_are_found_in_their_form() {
        check("ssn 219-02-4187 ok", Number::Ssn, "219-02-4187");
        check_none("000-12-3456");
        check_none("666-12-3456");
        check_none("912-12-3456");
        check_none("219-00-4187");
        check_none("219-02-0000");
        check_none("1219-02-4187");
        check_none("219-02-41871");
        check_none("a-219-02-4187");
        check_none("219-02-4187-1");
        check_none("219/02/4187");
        check("cpf 529.982.247-25", Number::Cpf, "529.982.247-25");
        check_none("529.982.247-26");
        check_none("111.111.111-11");
    }

    #[test]
    fn phones_are_found_in_their_forms() {
        check("voicemail on +49 151 51252968", Number::Phone, "+49 151 51252968");
        check("+4915151252968 called", Number::Phone, "+4915151252968");
        check("tel:+1-415-555-0132", Number::Phone, "+1-415-555-0132");
        check("+1 (415) 555-0132", Number::Phone, "+1 (415) 555-0132");
        check("+44 (0)20 7946 0018", Number::Phone, "+44 (0)20 7946 0018");
        check("+33 1 99 00 12 34", Number::Phone, "+33 1 99 00 12 34");
        check("+1 415 555 0132 200 ms", Number::Phone, "+1 415 555 0132");
        check("+4915151252968 200", Number::Phone, "+4915151252968");
        check("<+33199001234>", Number::Phone, "+33199001234");
        check("to=%2B4915151252968&a", Number::Phone, "%2B4915151252968");
        check("call (415) 555-0132 now", Number::Phone, "(415) 555-0132");
        check("(415)555-0132", Number::Phone, "(415)555-0132");
        check_none("8005550199");
        check_none("2026-09-14T08:00:00+02:00");
        check_none("+0200");
        check_none("+1000 rows");
        check_none("+12345678");
        check_none("+48.13715432");
        check_none("+1 115 555 0132");
        check_none("1e+1234567890123");
        check_none("1.0.0+20260914120000");
        check_none("a+4915151252968");
        check_none("(115) 555-0132");
        check_none("f(415) 555-01321");
        check_none("+4915151252968123456");
    }

    #[test]
    fn addresses_times_and_versions_are_none() {
        check_none("198.51.100.23");
        check_none("2001:db8::8a2e:370:7334");
        check_none("10:aa:bb:cc:dd:ee");
        check_none("2026-09-14 08:00:00.123456");
        check_none("Chrome/127.0.0.0 Safari/537.36");
        check_none("3f2b8c1e-7a64-4c9f-8d21-5b0e9a7c4d13");
        check_none("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    }

    proptest! {
        #[test]
        fn what_is_found_in_a_string_is_suspected_in_its_json(text in r#"([0-9]{1,5}|[ +().-]|DE45779716332479510333|4539874505036988|219-02-4187|(415) 555-0132|["\\/\n\t]|[a-z]){0,12}"#) {
            let json = serde_json::to_string(&text).expect("a string");
            prop_assert!(found(&text).is_empty() || suspects(&json), "{}", json);
            prop_assert!(found(&text).is_empty() || suspects(&text));
        }

        #[test]
        fn a_wrong_digit_makes_a_wrong_sum(digits in prop::collection::vec(0u8..10, 2..19), at in any::<prop::sample::Index>(), add in 1u8..10) {
            let mut other = digits.clone();
            let at = at.index(digits.len());
            other[at] = (other[at] + add) % 10;
            prop_assert!(!(luhn(&digits) && luhn(&other)));
        }
    }
}
