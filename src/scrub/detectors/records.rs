//! Personal data at the places that formats for messages between hospitals, shops, address books and borders give them.
//!
//! Invariant: what is read around a place is bounded, so the time is linear.

use std::ops::Range;

/// A format of lines whose fields are counted.
struct Segment {
    /// What a line begins with.
    start: &'static str,
    separator: u8,
    /// Which fields tell of a person, the first one being that behind the start.
    fields: &'static [usize],
}

#[rustfmt::skip]
const SEGMENTS: &[Segment] = &[
    // HL7: a patient, the next of kin, who pays, who is insured.
    Segment { start: "PID|", separator: b'|', fields: &[5, 6, 7, 9, 11, 13, 14, 19, 20] },
    Segment { start: "NK1|", separator: b'|', fields: &[2, 4, 5, 6, 16] },
    Segment { start: "GT1|", separator: b'|', fields: &[3, 4, 5, 6, 7, 8, 12] },
    Segment { start: "IN1|", separator: b'|', fields: &[16, 18, 19] },
    // EDIFACT: a party and its place.
    Segment { start: "NAD+", separator: b'+', fields: &[4, 5] },
];

/// The starts of the segments, for the gate.
pub const SEGMENT_WORDS: &[&str] = &["pid|", "nk1|", "gt1|", "in1|", "nad+"];

/// No segment is longer, in bytes.
const SEGMENT_MAX: usize = 1024;

/// The next field of a segment that tells of a person.
pub fn next_field(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let back = from.saturating_sub(SEGMENT_MAX);
    let mut at = back;
    while let Some(found) = memchr::memchr2(b'|', b'+', bytes.get(at..)?).map(|found| at + found) {
        at = found + 1;
        let Some(begin) = at.checked_sub(4) else { continue };
        let Some(segment) = SEGMENTS.iter().find(|segment| segment.start.as_bytes() == &bytes[begin..at]) else {
            continue;
        };
        if !begins_line(bytes, begin) {
            continue;
        }
        let ends = |byte: &u8| matches!(byte, b'\r' | b'\n' | b'\\' | b'\'' | b'"');
        let end = at + bytes[at..].iter().take(SEGMENT_MAX).take_while(|byte| !ends(byte)).count();
        let mut start = at;
        for (index, field) in bytes[at..end].split(|byte| *byte == segment.separator).enumerate() {
            let range = start..start + field.len();
            start = range.end + 1;
            let telling = segment.fields.contains(&(index + 1)) && field.iter().any(u8::is_ascii_alphanumeric);
            let whole = text.is_char_boundary(range.start) && text.is_char_boundary(range.end);
            if telling && whole && range.start >= from && field != b"\"\"" && !field.starts_with(b"[") {
                return Some(range);
            }
        }
        at = end;
    }
    None
}

fn begins_line(bytes: &[u8], at: usize) -> bool {
    match bytes[..at] {
        [.., b'\\', b'r' | b'n'] => true,
        [.., before] => !before.is_ascii_alphanumeric(),
        [] => true,
    }
}

/// The names of lines of an address book, for the gate.
pub const VCARD_WORDS: &[&str] = &["n:", "n;", "adr:", "adr;"];

/// The next name or address of a vCard: `N:Lee;Kim;;Dr.;`, `ADR;TYPE=home:;;Elm Road 5;Town;;12345;`.
pub fn next_vcard(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(found) = memchr::memchr2(b'N', b'A', bytes.get(at..)?).map(|found| at + found) {
        at = found + 1;
        let name = if bytes[found..].starts_with(b"N") { 1 } else { 3 };
        if name == 3 && !bytes[found..].starts_with(b"ADR") || !begins_vcard_line(bytes, found) {
            continue;
        }
        let line = bytes[found..].iter().take(SEGMENT_MAX).take_while(|byte| !b"\r\n\\\"".contains(byte)).count();
        let line = &bytes[found..found + line];
        let Some(colon) = line.iter().position(|byte| *byte == b':').filter(|colon| *colon >= name) else { continue };
        let parts = line[colon + 1..].iter().filter(|byte| **byte == b';').count();
        let letters = line[colon + 1..].iter().filter(|byte| byte.is_ascii_alphabetic()).count();
        let range = found + colon + 1..found + line.len();
        let whole = text.is_char_boundary(range.start) && text.is_char_boundary(range.end);
        let fielded = (2..=7).contains(&parts) && letters >= 2;
        if matches!(line[name], b':' | b';') && fielded && whole {
            return Some(range);
        }
    }
    None
}

fn begins_vcard_line(bytes: &[u8], at: usize) -> bool {
    matches!(bytes[..at], [] | [.., b'\n' | b'\r'] | [.., b'\\', b'n' | b'r'])
}

/// What fills the lines of a document that machines read, for the gate.
pub const MRZ_WORDS: &[&str] = &["<<"];

/// The next line of the zone of a passport or an identity card that machines read.
pub fn next_mrz(text: &str, from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let is_part = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'<';
    let mut at = from;
    while let Some(found) = memchr::memmem::find(bytes.get(at..)?, b"<<").map(|found| at + found) {
        let before = bytes[from..found].iter().rev().take(MRZ_MAX).take_while(|byte| is_part(byte)).count();
        let start = found - before;
        let length = bytes[start..].iter().take(2 * MRZ_MAX + 2).take_while(|byte| is_part(byte)).count();
        if is_mrz(&bytes[start..start + length]) {
            return Some(start..start + length);
        }
        at = (start + length).max(found + 1);
    }
    None
}

/// The longest line.
const MRZ_MAX: usize = 44;

fn is_mrz(line: &[u8]) -> bool {
    if !matches!(line.len(), 30 | 36 | 44 | 60 | 72 | 88 | 90) {
        return false;
    }
    let digits = |range: Range<usize>| line[range].iter().all(u8::is_ascii_digit);
    let date_at = |at: usize| digits(at..at + 7) && mrz_check(&line[at..at + 6]) == line[at + 6];
    let named = matches!(line[0], b'P' | b'I' | b'A' | b'C' | b'V')
        && line[2].is_ascii_uppercase()
        && line[3..5].iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'<')
        && line[5].is_ascii_uppercase();
    named || date_at(13) || date_at(0)
}

/// The check digit of ICAO 9303.
fn mrz_check(field: &[u8]) -> u8 {
    let value = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'Z' => u32::from(byte - b'A') + 10,
        _ => 0,
    };
    let sum: u32 = field.iter().zip([7, 3, 1].into_iter().cycle()).map(|(byte, weight)| value(*byte) * weight).sum();
    b'0' + (sum % 10) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(next: fn(&str, usize) -> Option<Range<usize>>, text: &str, want: &[&str]) {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(range) = next(text, at) {
            at = range.end;
            found.push(&text[range]);
        }
        assert_eq!(found, want, "{text}");
    }

    #[test]
    fn fields_that_tell_of_a_person_are_found_by_their_place() {
        let check = |text, want: &[&str]| check(next_field, text, want);
        check(
            "PID|1||88^^^K||LEE^KIM||19680417|F|||ELM RD 5^^ULM||0731 5\rPV1|1|I",
            &["LEE^KIM", "19680417", "ELM RD 5^^ULM", "0731 5"],
        );
        check(r"MSH|^~\&|a\rPID|1||88||LEE^KIM", &["LEE^KIM"]);
        check("NAD+CN+++LEE KIM+ELM ROAD 5+ULM++89073+DE'", &["LEE KIM", "ELM ROAD 5"]);
        check("RAPID|1||2||a", &[]);
        check("PID|1|2|3", &[]);
    }

    #[test]
    fn names_and_addresses_of_an_address_book_are_found() {
        let check = |text, want: &[&str]| check(next_vcard, text, want);
        check(
            "BEGIN:VCARD\r\nN:Lee;Kim;;Dr.;\r\nADR;TYPE=home:;;Elm Road 5;Ulm;;89073;DE\r\n",
            &["Lee;Kim;;Dr.;", ";;Elm Road 5;Ulm;;89073;DE"],
        );
        check("N: 5 of 7", &[]);
        check("a N:b;c;d", &[]);
    }

    #[test]
    fn lines_for_machines_are_known_by_length_and_check_digit() {
        let check = |text, want: &[&str]| check(next_mrz, text, want);
        check("HG2Z3FC0R9D<<8703145F3105227<<<<<<<<<<<<<<<8", &["HG2Z3FC0R9D<<8703145F3105227<<<<<<<<<<<<<<<8"]);
        check("a P<UTOLEE<<KIM<ANNA<<<<<<<<<<<<<<<<<<<<<<<<<< b", &["P<UTOLEE<<KIM<ANNA<<<<<<<<<<<<<<<<<<<<<<<<<<"]);
        check("P<D<<KOLBE<<TIMO<ERIK<<<<<<<<<<<<<<<<<<<<<<<", &["P<D<<KOLBE<<TIMO<ERIK<<<<<<<<<<<<<<<<<<<<<<<"]);
        check("<<<<<<< HEAD", &[]);
        check("HG2Z3FC0R9D<<8703146F3105227<<<<<<<<<<<<<<<8", &[]);
    }
}
