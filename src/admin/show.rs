//! Stored values on a terminal: what could steer it is written out.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The text with every character that a terminal obeys, or that changes the order of others, as JSON escapes it.
///
/// Inside of JSON the meaning stays the same.
pub fn harmless(text: &str) -> Cow<'_, str> {
    if !text.chars().any(steers) {
        return Cow::Borrowed(text);
    }
    let mut harmless = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if steers(c) {
            write!(harmless, "\\u{:04x}", u32::from(c)).expect("writing to a string");
        } else {
            harmless.push(c);
        }
    }
    Cow::Owned(harmless)
}

fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_written_out() {
        assert_eq!(harmless("plain ü 😀"), "plain ü 😀");
        assert_eq!(harmless("\u{1b}[2J\u{7}\u{9b}1m\r\n"), "\\u001b[2J\\u0007\\u009b1m\\u000d\\u000a");
        assert_eq!(harmless("\u{202e}abc\u{7f}"), "\\u202eabc\\u007f");
        let json = serde_json::to_string("\u{1b}\u{9b}\u{202e}").unwrap();
        assert_eq!(serde_json::from_str::<String>(&harmless(&json)).unwrap(), "\u{1b}\u{9b}\u{202e}");
    }
}
