//! Tables in texts: a line of column names, and lines of values below it, as in CSV.
//!
//! Invariant: every line is split once, so the time is linear.

use std::ops::Range;

use super::{Reading, Scan, Span};
use crate::scrub::keys::Telling;
use crate::scrub::own::Words;

/// What stands between columns.
const SEPARATORS: &[char] = &[',', ';', '\t', '|'];

/// A longer line names no columns, in bytes.
const HEADER_MAX: usize = 2048;

/// A column whose name is telling.
struct Column {
    at: usize,
    telling: Telling,
}

/// Appends the secrets below the names of their columns.
pub fn find(text: &str, words: &Words, spans: &mut Vec<Span>) {
    if !text.contains('\n') {
        return;
    }
    let scan = Scan::new(text, Reading::Prose, words);
    let mut table: Option<(char, usize, Vec<Column>)> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let begin = start;
        start += line.len();
        let line = line.trim_end_matches(['\n', '\r']);
        spans.extend(member(&scan, line, begin, text, words));
        if table.is_some() && is_rule(line) {
            continue;
        }
        if let Some((separator, count, columns)) = &table {
            let fields = fields(line, *separator);
            if fields.len() == *count {
                for column in columns {
                    let field = &fields[column.at];
                    spans.extend(scan.span(begin + field.start..begin + field.end, column.telling));
                }
                continue;
            }
        }
        table = header(line, words);
    }
}

/// Whether a line only separates the names of columns from what stands below them: `|---|---|`, `----+----`.
fn is_rule(line: &str) -> bool {
    line.len() > 2 && line.contains('-') && line.bytes().all(|byte| b"-+|=: ".contains(&byte))
}

/// The secret of a line that is a column of a record that is shown on many lines, as psql does: `password | hunter2`.
fn member(scan: &Scan<'_>, line: &str, begin: usize, text: &str, words: &Words) -> Option<Span> {
    let (name, value) = line.split_once(" | ").filter(|_| text.contains("-[ RECORD "))?;
    let telling = words.classify(name.trim())?;
    let start = begin + line.len() - value.len();
    let start = start + value.len() - value.trim_start().len();
    if value.contains(" | ") { None } else { scan.span(start..begin + line.trim_end().len(), telling) }
}

/// The telling columns that a line names, if it names columns.
fn header(line: &str, words: &Words) -> Option<(char, usize, Vec<Column>)> {
    if line.len() > HEADER_MAX {
        return None;
    }
    let separator = SEPARATORS.iter().copied().find(|separator| line.contains(*separator))?;
    let fields = fields(line, separator);
    let is_name = |field: &Range<usize>| {
        let name = &line[field.clone()];
        let part = |char: char| char.is_alphanumeric() || "_-.".contains(char) || char == ' ' && separator != ',';
        let words = name.split(' ').count();
        !name.is_empty()
            && name.len() <= 40
            && words <= 2
            && name.chars().all(part)
            && name.starts_with(char::is_alphabetic)
    };
    if fields.len() < 2 || !fields.iter().all(is_name) {
        return None;
    }
    let telling =
        |(at, field): (usize, &Range<usize>)| Some(Column { at, telling: words.classify(&line[field.clone()])? });
    let columns: Vec<Column> = fields.iter().enumerate().filter_map(telling).collect();
    (!columns.is_empty()).then_some((separator, fields.len(), columns))
}

/// The fields of a line, without the quotes around them.
fn fields(line: &str, separator: char) -> Vec<Range<usize>> {
    let mut fields = Vec::new();
    let mut from = 0;
    let mut quoted = false;
    for (at, char) in line.char_indices().chain([(line.len(), separator)]) {
        if char == '"' {
            quoted = !quoted;
        }
        if char == separator && (!quoted || at == line.len()) {
            // In a table that is drawn, a separator stands at either end of a line.
            let drawn = separator == '|' && line[from..at].trim().is_empty() && (from == 0 || at == line.len());
            if drawn {
                from = at + char.len_utf8();
                continue;
            }
            let field = &line[from..at];
            let bare = |char: char| char == '"' || char.is_whitespace();
            let start = at - field.trim_start_matches(bare).len();
            fields.push(start..start + line[start..at].trim_end_matches(bare).len());
            from = at + char.len_utf8();
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[&str]) {
        super::super::check_found(find, text, want);
    }

    #[test]
    fn values_below_telling_columns_are_found() {
        check("class;date_of_birth;lunch\n4b;2013-03-09;veg", &["2013-03-09"]);
        check("a,street_address,w\r\nP-1,\"6 Elm Row, Ulm\",2\r\nP-2,7 Elm Row,3\n", &["6 Elm Row, Ulm", "7 Elm Row"]);
        check("id|password\n1|hunter2\n\nother, lines\n", &["hunter2"]);
        check("first_name\tage\nKim\t7", &["Kim"]);
        check("| user | password |\n|------|----------|\n| a | hunter2 |", &["hunter2"]);
        check(" id | password \n----+----------\n  1 | hunter2\n(1 row)", &["hunter2"]);
        check("-[ RECORD 1 ]--\nname     | a\npassword | hunter2", &["hunter2"]);
    }

    #[test]
    fn prose_and_harmless_columns_are_no_tables() {
        check("id,email_verified\n1,true", &[]);
        check("id;email;phone;token_count", &[]);
        check("wrong user, password\nplease, try again", &[]);
        check("first_name,age\nKim", &[]);
        check("id,phone\n7,iPhone 15", &[]);
        check("| field | type |\n|---|---|\n| password | string |", &[]);
    }
}
