//! Names and values that stand beside each other, not in one another: elements of XML and HTML and their attributes, fields with
//! labels.

use super::forms::is_random;
use super::prose::is_spoken_password;
use super::{BESIDE_MAX, KEY_MAX, Quoting, Reading, Scan, Span};
use crate::scrub::frame::{NAME_KEYS, VALUE_KEYS};
use crate::scrub::keys::Telling;

/// Elements whose attribute names their content.
const NAMED_TAGS: &[&str] =
    &["arg", "entry", "env", "item", "param", "parameter", "prop", "property", "setting", "string"];

/// What stands before a value and is no part of it.
const WRAPS: &[&str] = &[
    "[]string{",
    "[]interface {}{",
    "[]any{",
    "<<",
    "<code>",
    "<b>",
    "<strong>",
    "<em>",
    "<td>",
    "<span>",
    "<tt>",
    "<kbd>",
    "!!str ",
    "!str ",
    "!!python/str ",
    "!!python/unicode ",
];

impl Scan<'_> {
    /// What stands beside a name that is a value itself: `name="password" value="x"`, or in YAML, or in a form's part.
    pub(super) fn after_name(&self, separator: usize, at: usize) -> Option<Span> {
        let end = separator - self.run_before(separator, 4, |byte| byte == b' ');
        let start = self.bare_start(end);
        let is_one_of = |keys: &[&str], name: &str| keys.iter().any(|known| known.eq_ignore_ascii_case(name));
        let key = &self.text[start..end];
        let key = key.rsplit('.').next().unwrap_or_default();
        if let Some(field) = key.strip_suffix("Label").filter(|field| !field.is_empty()) {
            return self.labelled(field, at);
        }
        if matches!(key, "default" | "value")
            && let Some(telling) = self.block_name(start)
        {
            let quote = self.quote_at(self.skip_space(at, Quoting::Bare))?;
            return self.span(quote.inside..self.close_near(quote)?, telling);
        }
        if key == "value"
            && let Some(telling) = self.element_name(start)
        {
            let quote = self.quote_at(self.skip_space(at, Quoting::Bare))?;
            return self.span(quote.inside..self.close_near(quote)?, telling);
        }
        let (is_name, is_value) = (is_one_of(NAME_KEYS, key), is_one_of(VALUE_KEYS, key));
        if !is_name && !is_value {
            return None;
        }
        let value = self.skip_space(at, Quoting::Bare);
        let (inside, close) = self.near_value(value)?;
        let named = if is_name { Some(self.classify(&self.text[inside..close])?) } else { None };
        let window = &self.text[close..self.boundary(close + BESIDE_MAX)];
        let window = &window[..window.find(['<', '>']).unwrap_or(window.len())];
        if let Some(telling) = named {
            let part = window.trim_start_matches(['"', '\'']);
            if let Some(body) = ["\r\n\r\n", "\n\n"].iter().find(|gap| part.starts_with(**gap)) {
                let from = close + (window.len() - part.len()) + body.len();
                let length = memchr::memchr2(b'\r', b'\n', &self.bytes[from..]).unwrap_or(self.bytes.len() - from);
                return self.span(from..from + length, telling);
            }
            let (from, to) = self.attribute(close, window, VALUE_KEYS)?;
            return self.span(from..to, telling);
        }
        let (from, to) = self.attribute(close, window, &["name"])?;
        if !self.text[..start].ends_with(' ') || self.reading == Reading::Broken {
            return None;
        }
        self.span(inside..close, self.classify(&self.text[from..to])?)
    }

    /// The class of the name of the block that `at` is in: `variable "db_password" { default = … }`.
    pub(super) fn block_name(&self, at: usize) -> Option<Telling> {
        let from = self.text.ceil_char_boundary(at.saturating_sub(2 * BESIDE_MAX).max(self.floor.min(at)));
        let before = &self.text[from.min(at)..at];
        let open = before.rfind('{').filter(|open| !before[*open..].contains('}'))?;
        let name = before[..open].trim_end().strip_suffix('"')?;
        self.words.classify(&name[name.rfind('"')? + 1..])
    }

    /// The class of the name of the element whose first attribute begins at `at`: `<password value="secret"/>`.
    pub(super) fn element_name(&self, at: usize) -> Option<Telling> {
        let end = at.checked_sub(1).filter(|end| *end >= self.floor && self.bytes[*end] == b' ')?;
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
        let start = end - self.run_before(end, BESIDE_MAX, is_name);
        if self.before(start) == Some(b'<') { self.classify(&self.text[start..end]) } else { None }
    }

    /// The value of a field that a label beside it names: `cs1Label=password cs1=secret`. The label begins at `at`.
    pub(super) fn labelled(&self, field: &str, at: usize) -> Option<Span> {
        let (inside, close) = self.near_value(at)?;
        let telling = self.classify(&self.text[inside..close])?;
        let window = &self.text[close..self.boundary(close + BESIDE_MAX)];
        let (from, to) = self.attribute(close, window, &[field])?;
        self.span(from..to, telling)
    }

    /// The first value in `window`, which begins at `start`, under one of `names`.
    pub(super) fn attribute(&self, start: usize, window: &str, names: &[&str]) -> Option<(usize, usize)> {
        for (at, _) in window.match_indices(['=', ':']) {
            let key = window[..at].trim_end_matches([' ', '"', '\'']);
            let key = key.rsplit(|char: char| !char.is_ascii_alphanumeric()).next().unwrap_or_default();
            if names.iter().any(|name| name.eq_ignore_ascii_case(key)) {
                return self.near_value(self.skip_space(start + at + 1, Quoting::Bare));
            }
            if NAME_KEYS.iter().any(|name| name.eq_ignore_ascii_case(key)) {
                return None;
            }
        }
        None
    }

    /// The inside of the quotes at `at`, or the bare word there, if it is short.
    pub(super) fn near_value(&self, at: usize) -> Option<(usize, usize)> {
        let (inside, ends): (usize, &[u8]) = match self.quote_at(at) {
            Some(quote) => (quote.inside, &[quote.byte, b'\\']),
            None => (at, b" \t\r\n,;&}<>\"'"),
        };
        let length = self.bytes.get(inside..)?.iter().take(BESIDE_MAX).take_while(|byte| !ends.contains(byte)).count();
        let end = inside + length;
        (length > 0 && self.text.is_char_boundary(end)).then_some((inside, end))
    }

    /// Where the value behind a type or a mark begins: PHP's `string(8) `, Go's `[]string{`, `<code>`.
    pub(super) fn typed(&self, at: usize) -> Option<usize> {
        let at = self.skip_space(at, Quoting::Quoted);
        if let Some(wrap) = WRAPS.iter().find(|wrap| self.is_at(at, wrap)) {
            return Some(at + wrap.len());
        }
        let digits = |from: usize| self.bytes[from..].iter().take(8).take_while(|byte| byte.is_ascii_digit()).count();
        let open = at + "string(".len();
        if self.is_at(at, "string '") {
            return Some(at + "string ".len());
        }
        let close = if self.is_at(at, "string(") { open + digits(open) } else { return None };
        (self.is_at(close, ") ") && self.quote_at(close + 2).is_some()).then_some(close + 2)
    }

    /// The content of the element that the tag closing at `at` opens.
    pub(super) fn after_tag(&self, at: usize) -> Option<Span> {
        let from = at.saturating_sub(KEY_MAX).max(self.floor);
        let open = memchr::memrchr(b'<', &self.bytes[from..at]).map(|open| from + open)?;
        let tag = &self.text[open + 1..at];
        let name = tag.split_ascii_whitespace().next()?;
        if !name.starts_with(|first: char| first.is_ascii_alphabetic()) || tag.ends_with('/') {
            return None;
        }
        let named = || {
            let (start, end) =
                self.attribute(open + 1, tag, &["key", "name"]).filter(|_| NAMED_TAGS.contains(&name))?;
            self.classify(&self.text[start..end])
        };
        let Some(telling) = self.classify(name).or_else(named) else { return self.after_name_tag(name, at) };
        let at = self.value_tag(at).unwrap_or(at);
        if self.byte(at + 1).is_some_and(|next| b" '\"`)".contains(&next)) && self.reading == Reading::Prose {
            // `IDENTIFIED BY <secret> is not logged`
            return None;
        }
        let start = if self.is_at(at + 1, "<![CDATA[") { at + 10 } else { at + 1 };
        let end = memchr::memchr2(b'<', b']', &self.bytes[start..]).map_or(self.bytes.len(), |found| start + found);
        let end = if start == at + 1 {
            memchr::memchr(b'<', &self.bytes[start..]).map_or(self.bytes.len(), |found| start + found)
        } else {
            end
        };
        self.span(start..end, telling)
    }

    /// The content of the element behind one that holds its name: `<key>password</key><string>secret</string>`. The tag of
    /// the name closes at `at`.
    pub(super) fn after_name_tag(&self, tag: &str, at: usize) -> Option<Span> {
        // Names of fields may stand one behind the other.
        let names = tag == "string";
        if !names && !NAME_KEYS.iter().any(|name| name.eq_ignore_ascii_case(tag)) {
            return None;
        }
        let end = at + 1 + memchr::memchr(b'<', &self.bytes[at + 1..self.boundary(at + 1 + BESIDE_MAX)])?;
        let telling = self.classify(&self.text[at + 1..end])?;
        let close = end + memchr::memchr(b'>', &self.bytes[end..self.boundary(end + BESIDE_MAX)])?;
        let start = self.value_tag(close)? + 1;
        let end = memchr::memchr(b'<', &self.bytes[start..]).map_or(self.bytes.len(), |found| start + found);
        let shaped =
            !names || is_spoken_password(&self.text[start..end], true) || is_random(&self.text[start..end], 12);
        if shaped { self.span(start..end, telling) } else { None }
    }

    /// Where the tag of a value ends that follows the tag that closes at `at`: `<Password><Value>`.
    pub(super) fn value_tag(&self, at: usize) -> Option<usize> {
        let open = self.skip_space(at + 1, Quoting::Quoted);
        let near = &self.text[open..self.boundary(open + BESIDE_MAX)];
        let name = near.strip_prefix('<')?.split(['>', ' ']).next()?;
        let is_value = VALUE_KEYS.iter().chain(&["string"]).any(|known| known.eq_ignore_ascii_case(name));
        if is_value { Some(open + near.find('>')?) } else { None }
    }
}
