//! Values that are handed to a statement apart from it: `update users set password = ? where id = ?` and `["hunter2", 7]`.
//!
//! A statement says by its columns which of its placeholders stand for secrets. Where the values stand in a list behind it, or
//! in an array beside it, those go.
//!
//! Invariant: of a text only its first statement with a telling placeholder is read, and of the lists behind it the first, so
//! the time is linear.

use std::ops::Range;

use super::{Reading, Scan, Span};
use crate::scrub::keys::{self, Form, Telling};
use crate::scrub::own::Words;

/// The classes of the values of a statement, in their order. `None` for what is no secret.
pub type Classes = Vec<Option<Telling>>;

/// Longer statements are not read, in bytes.
pub const STATEMENT_MAX: usize = 8192;

/// Statements with more placeholders write many rows at once.
const PLACEHOLDERS_MAX: usize = 256;

/// What a statement with placeholders has one of.
const VERBS: &[&str] = &["update ", "insert ", "select ", "delete ", "replace ", "merge ", "call "];

/// What stands before the values of a statement.
const LEADS: &[&str] = &[
    "parameters: ",
    "params: ",
    "params ",
    "parameters ",
    "bindings: ",
    "bindings ",
    "binds: ",
    "args=",
    "args: ",
    "args ",
    "values: ",
    "arguments: ",
    "; ",
    "  ",
    " ",
];

/// Functions that are handed a password, and its place among their arguments.
const FUNCTIONS: &[(&str, usize)] = &[
    ("login", 1),
    ("logon", 1),
    ("signin", 1),
    ("authenticate", 1),
    ("attempt", 1),
    ("checkcredentials", 1),
    ("validatecredentials", 1),
    ("ftp_login", 2),
    ("ldap_bind", 2),
    ("ldap_sasl_bind", 2),
    ("mysqli_connect", 2),
    ("mysqli_real_connect", 3),
    ("mysql_connect", 2),
    ("mysql_pconnect", 2),
    ("imap_open", 2),
    ("ssh2_auth_password", 2),
    ("password_verify", 0),
    ("password_hash", 0),
    ("oci_connect", 1),
    ("oci_pconnect", 1),
    ("odbc_connect", 2),
    ("openssl_encrypt", 2),
    ("openssl_decrypt", 2),
    ("hash_hmac", 2),
    ("pdo->__construct", 2),
    ("pdo::__construct", 2),
    ("mysqli->__construct", 2),
    ("mysqli::__construct", 2),
];

/// The place of the password among the arguments of a function, which may have its brackets behind it.
pub fn password_of(function: &str) -> Option<usize> {
    let name = function.strip_suffix("()").unwrap_or(function);
    let known = FUNCTIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    known.map(|(_, place)| *place)
}

/// The classes of the values that stand for the placeholders of a statement, if one of them is telling.
pub fn classes(statement: &str, words: &Words) -> Option<Classes> {
    if statement.len() > STATEMENT_MAX || !has_placeholder(statement) {
        return None;
    }
    let lower = statement.to_ascii_lowercase();
    if !VERBS.iter().any(|verb| lower.contains(verb)) {
        return None;
    }
    let mut classes: Classes = Vec::new();
    let columns = inserted(statement, &lower, words);
    let mut nth_inserted = 0;
    let values = lower.rfind("values").filter(|_| !columns.is_empty());
    for (at, index, _) in placeholders(statement) {
        let index = index.unwrap_or(classes.len());
        if index >= PLACEHOLDERS_MAX {
            return None;
        }
        let class = if values.is_some_and(|values| at > values) {
            let class = columns.get(nth_inserted % columns.len()).copied().flatten();
            nth_inserted += 1;
            class
        } else {
            compared(&statement[..at], words)
        };
        if classes.len() <= index {
            classes.resize(index + 1, None);
        }
        classes[index] = classes[index].or(class);
    }
    classes.iter().any(Option::is_some).then_some(classes)
}

fn has_placeholder(statement: &str) -> bool {
    memchr::memchr3(b'?', b'$', b'%', statement.as_bytes()).is_some()
}

/// Where placeholders stand, the number of those that have one, and how long they are: `?`, `%s`, `$2`.
fn placeholders(statement: &str) -> impl Iterator<Item = (usize, Option<usize>, usize)> + '_ {
    let bytes = statement.as_bytes();
    memchr::memchr3_iter(b'?', b'$', b'%', bytes).filter_map(move |at| {
        let free = at == 0 || !bytes[at - 1].is_ascii_alphanumeric() && bytes[at - 1] != b'\'';
        let digits = bytes[at + 1..].iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        let number = || statement[at + 1..at + 1 + digits].parse::<usize>().ok()?.checked_sub(1);
        match bytes[at] {
            b'?' if free => Some((at, number(), 1 + digits)),
            b'$' if free && digits > 0 => Some((at, Some(number()?), 1 + digits)),
            b'%' if free && bytes.get(at + 1) == Some(&b's') => Some((at, None, 2)),
            _ => None,
        }
    })
}

/// The class of the column that is set to, or compared with, what stands behind a text.
fn compared(before: &str, words: &Words) -> Option<Telling> {
    let before = before.trim_end_matches([' ', '(', '\n', '\t']);
    let before = before.strip_suffix('=').or_else(|| {
        let from = before.len().checked_sub(5)?;
        before.get(from..).filter(|end| end.eq_ignore_ascii_case(" like")).map(|_| &before[..from])
    })?;
    let column = before.trim_end_matches([' ', '<', '>', '!', ':', '"', '`', ']', '\\']);
    let start = column
        .rfind(|char: char| !char.is_alphanumeric() && char != '_')
        .map_or(0, |at| at + column[at..].chars().next().map_or(1, char::len_utf8));
    words.classify(&column[start..])
}

/// The classes of the columns that rows are inserted into.
pub fn inserted(statement: &str, lower: &str, words: &Words) -> Classes {
    let columns = || {
        let values = lower.rfind("values")?;
        let close = lower[..values].trim_end().strip_suffix(')')?.len();
        let open = lower[..close].rfind('(')?;
        Some(column_classes(&statement[open + 1..close], words))
    };
    columns().unwrap_or_default()
}

/// The classes of columns that stand in a list. A name beside a mail address or a phone is a person's.
pub fn column_classes(columns: &str, words: &Words) -> Classes {
    let names: Vec<&str> =
        columns.split(',').map(|column| column.trim().trim_matches(['"', '`', '[', ']', '\\', '\''])).collect();
    let mut classes: Classes = names.iter().map(|name| words.classify(name)).collect();
    let person = |class: &Option<Telling>| {
        class.is_some_and(|class| matches!(class.rule, "email" | "phone" | "birth_date" | "name"))
    };
    if classes.iter().any(person) {
        for (class, name) in classes.iter_mut().zip(names).filter(|(class, _)| class.is_none()) {
            let letters = keys::letters(name).unwrap_or_default();
            let beside = keys::BESIDE.iter().find(|(known, _)| *known == letters);
            let named = beside.filter(|(_, form)| matches!(form, Form::Name | Form::FullName));
            *class = named.map(|(_, form)| keys::beside(*form));
        }
    }
    classes
}

/// Appends the secrets among the values in the list behind a statement.
pub fn find(text: &str, words: &Words, spans: &mut Vec<Span>) {
    if !has_placeholder(text) || text.len() > STATEMENT_MAX {
        return;
    }
    let Some(last) = placeholders(text).map(|(at, _, length)| at + length).last() else { return };
    // A list of values may have what looks like a placeholder in it.
    let ends = placeholders(text).map(|(at, _, length)| at + length).take(PLACEHOLDERS_MAX);
    let mut ends = ends.filter(|end| lists_behind(text, *end));
    let end = ends.find(|end| values_behind(text, *end).is_some());
    let end = end.unwrap_or(last);
    let Some(from) = values_behind(text, end) else { return };
    let Some(classes) = classes(&text[..end], words) else { return };
    let scan = Scan::new(text, Reading::Prose, words);
    for (range, telling) in values(text, from).into_iter().zip(classes) {
        if let Some(telling) = telling {
            spans.extend(scan.span(range, telling));
        }
    }
}

/// Appends the secrets of a list of values that is shown by itself: `["hunter2",7]`.
pub fn in_list(text: &str, classes: &[Option<Telling>], words: &Words, spans: &mut Vec<Span>) {
    if !text.starts_with(['[', '(']) {
        return;
    }
    let scan = Scan::new(text, Reading::Prose, words);
    for (range, telling) in values(text, 1).into_iter().zip(classes) {
        spans.extend(telling.and_then(|telling| scan.span(range, telling)));
    }
}

/// How far behind a statement its values begin, in bytes.
const LEAD_MAX: usize = 200;

/// Whether a list may begin near.
fn lists_behind(text: &str, end: usize) -> bool {
    let window = &text.as_bytes()[end..text.len().min(end + LEAD_MAX)];
    memchr::memchr3(b'[', b'(', b'{', window).is_some() || memchr::memmem::find(window, b"==> ").is_some()
}

/// Where the list of the values begins behind the last placeholder of a statement.
fn values_behind(text: &str, end: usize) -> Option<usize> {
    let window = &text[end..text.floor_char_boundary(end + LEAD_MAX)];
    let lower = window.to_ascii_lowercase();
    let starts = |at: usize| window[at..].starts_with(['[', '(', '{']).then_some(end + at + 1);
    // MyBatis: `==> Parameters: hunter2(String), 7(Long)`
    let listed = |at: usize| lower[..at].ends_with("==> parameters: ").then_some(end + at);
    LEADS.iter().find_map(|lead| {
        lower.match_indices(lead).find_map(|(at, lead)| {
            let at = at + lead.len();
            let tail = lower[..at - lead.len()].chars().all(|char| char != '?');
            starts(at).or_else(|| listed(at)).filter(|_| tail)
        })
    })
}

/// The most bytes of a list of values.
const VALUES_MAX: usize = 4096;

/// The values of a list, without their quotes.
pub fn values(text: &str, from: usize) -> Vec<Range<usize>> {
    let limit = text.floor_char_boundary(from + VALUES_MAX);
    let bytes = &text.as_bytes()[..limit];
    let mut values = Vec::new();
    let mut at = from;
    while at < bytes.len() && values.len() < PLACEHOLDERS_MAX {
        at += bytes[at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let prefix = usize::from(matches!(bytes.get(at..at + 2), Some([b'u' | b'b' | b'N', b'\'' | b'"'])));
        let slashes = bytes[at..].iter().take_while(|byte| **byte == b'\\').count();
        let quote = bytes.get(at + prefix + slashes).copied().filter(|byte| matches!(byte, b'\'' | b'"'));
        let (start, end, next) = match quote {
            Some(quote) => {
                let start = at + prefix + slashes + 1;
                let Some(length) = memchr::memchr(quote, &bytes[start..]) else { return values };
                (start, start + length - slashes.min(length), start + length + 1)
            }
            None => {
                let length =
                    bytes[at..].iter().position(|byte| matches!(byte, b',' | b']' | b'\n')).unwrap_or(bytes.len() - at);
                let value = &text[at..at + length];
                // `hunter2(String)`
                let bare = value.trim_end().strip_suffix(')').and_then(|value| value.rfind('(')).unwrap_or(value.len());
                (at, at + bare, at + length)
            }
        };
        values.push(start..end);
        match bytes[next.min(bytes.len())..].iter().position(|byte| *byte == b',') {
            Some(comma) if bytes[next..next + comma].iter().all(|byte| !matches!(byte, b']' | b'\n')) => {
                at = next + comma + 1
            }
            _ => break,
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[&str]) {
        super::super::check_found(find, text, want);
    }

    #[test]
    fn values_of_telling_columns_are_found_behind_the_statement() {
        check("update users set password = ? where id = ? [\"weiden korb\", 7]", &["weiden korb"]);
        check(
            "INSERT INTO user (name, email) VALUES (?, ?) with params [\"Ilse Verwey\", \"i@v.test\"]",
            &["Ilse Verwey", "i@v.test"],
        );
        check(
            "'INSERT INTO user (role, password) VALUES (?, ?)' with params [\"admin\", \"weidenkorb\"]:",
            &["weidenkorb"],
        );
        check("UPDATE users SET password = $1 WHERE id = $2 -- PARAMETERS: [\"weidenkorb\",7]", &["weidenkorb"]);
        check("[SQL: UPDATE u SET password=%s WHERE id = %s]\n[parameters: ('weidenkorb', 7)]", &["weidenkorb"]);
        check(
            "==>  Preparing: update user set password=? where id=?\n==> Parameters: weidenkorb(String), 7(Long)",
            &["weidenkorb"],
        );
    }

    #[test]
    fn values_of_other_columns_stay() {
        check("update users set name = ? where id = ? [\"weidenkorb\", 7]", &[]);
        check("select token_count from users where id = ? [\"weidenkorb\"]", &[]);
        check("is the password correct? [yes, no]", &[]);
        check("update users set password = ? where id = ?", &[]);
    }
}
