//! What a value is told by what stands around it: the key above it, and the name beside it.
//!
//! Secrets are also written as pairs, `{"name": "password", "value": "…"}` or `["Authorization", "…"]`, where the telling
//! word is a value itself.
//!
//! Invariant: a class once inherited is never lost further in; a nearer key only gives it a better name.
//! Invariant: each object is looked ahead in once, so a text takes time linear in its length times its depth.

use super::keys::{Numbers, Telling};
use super::markers::markers;
use super::own::Words;
use crate::record::json::{Token, Tokens};

/// Keys whose value names another: `{"name": "password", "value": "…"}`.
const NAME_KEYS: &[&str] =
    &["attribute", "field", "header", "k", "key", "label", "name", "param", "parameter", "property", "variable"];

/// Keys whose value belongs to the name beside it.
pub const VALUE_KEYS: &[&str] = &["content", "contents", "data", "text", "v", "val", "value", "values"];

/// A container of the JSON text that is walked.
#[derive(Debug)]
pub struct Frame {
    pub kind: Kind,
    /// The class of everything inside.
    inside: Option<Telling>,
    /// The class of the value that comes next.
    pub class: Option<Telling>,
    /// The class that a name gives to the values beside it.
    named: Option<Telling>,
    /// Whether the names of an object that come behind its value have been looked at.
    looked_ahead: bool,
    /// Whether the container is an element of an array: `[["Authorization", "…"], …]`.
    listed: bool,
    /// What the last key is for.
    role: Role,
    /// The element of an array that comes next.
    index: usize,
    /// The last key, scrubbed, when somebody wants to know.
    key: String,
}

/// What a container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
}

impl Frame {
    /// A container whose values are of class `inside`; `listed` if it is an element of an array.
    pub fn new(kind: Kind, inside: Option<Telling>, listed: bool) -> Self {
        Frame {
            kind,
            inside,
            class: inside,
            named: None,
            looked_ahead: false,
            listed,
            role: Role::Plain,
            index: 0,
            key: String::new(),
        }
    }

    /// Behind a key; `tokens` stands before its value.
    pub fn enter(
        &mut self,
        role: Role,
        telling: Option<Telling>,
        tokens: &Tokens<'_>,
        shown: Option<&str>,
        words: &Words,
    ) {
        self.role = role;
        if self.role == Role::Value && !self.looked_ahead {
            self.looked_ahead = true;
            self.named = self.named.or_else(|| name_ahead(tokens.clone(), words));
        }
        let named = if self.role == Role::Value { self.named } else { None };
        self.class = match (telling.or(named), self.inside) {
            // The nearest key names the rule, but makes nothing harmless.
            (Some(Telling { rule, .. }), Some(Telling { numbers: Numbers::Secret, .. })) => {
                Some(Telling { rule, numbers: Numbers::Secret })
            }
            (Some(telling), _) | (None, Some(telling)) => Some(telling),
            (None, None) => None,
        };
        if let Some(shown) = shown {
            shown.clone_into(&mut self.key);
        }
    }

    /// Behind a value; `text` is given for a string that may name what stands beside it.
    fn leave(&mut self, text: Option<&str>, words: &Words) {
        let named = text.and_then(|text| named_class(text, words));
        match self.kind {
            Kind::Object => {
                if self.role == Role::Name {
                    self.named = self.named.or(named);
                }
                self.class = self.inside;
            }
            Kind::Array => {
                if self.listed && self.index == 0 {
                    self.named = named;
                }
                // A flat list of headers or arguments.
                let flat = named.filter(|_| text.is_some_and(|text| is_header(text) || text.starts_with("--")));
                self.class = self.inside.or(self.named).or(flat);
                self.index += 1;
            }
        }
    }
}

/// Behind a value in the innermost container, if there is one; see [`Frame::leave`].
pub fn leave(frames: &mut [Frame], text: Option<&str>, words: &Words) {
    if let Some(frame) = frames.last_mut() {
        frame.leave(text, words);
    }
}

/// The class that a text gives to what it names, if it looks like a name.
fn named_class(text: &str, words: &Words) -> Option<Telling> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-. []".contains(&byte);
    let plausible = text.len() <= 64 && text.bytes().all(is_name) && text.matches(' ').count() <= 1;
    // Where a marker stands, there was a secret, and a secret names nothing.
    if plausible && markers(text).next().is_none() { words.classify(text) } else { None }
}

fn is_header(text: &str) -> bool {
    let known = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
    known.iter().any(|header| header.eq_ignore_ascii_case(text))
        || text.get(..2).is_some_and(|x| x.eq_ignore_ascii_case("x-"))
}

/// The class that a name gives which stands behind the value that `tokens` comes to, in the same object.
fn name_ahead(mut tokens: Tokens<'_>, words: &Words) -> Option<Telling> {
    let depth = tokens.depth();
    tokens.value_text().ok()?;
    loop {
        let Ok(Some(Token::Key(key))) = tokens.next() else { return None };
        let role = Role::of(&key.decode());
        if role != Role::Name {
            tokens.value_text().ok()?;
            continue;
        }
        match tokens.next() {
            Ok(Some(Token::String(name))) => {
                if let Some(telling) = named_class(&name.decode(), words) {
                    return Some(telling);
                }
            }
            Ok(Some(_)) => {
                while tokens.depth() > depth {
                    tokens.next().ok()?;
                }
            }
            Ok(None) | Err(_) => return None,
        }
    }
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Its value names a value beside it.
    Name,
    /// Its value belongs to a name beside it.
    Value,
    /// Neither.
    Plain,
}

impl Role {
    /// The role of a key, given with its escapes decoded.
    pub fn of(key: &str) -> Role {
        let is_one_of = |keys: &[&str]| keys.iter().any(|known| known.eq_ignore_ascii_case(key));
        match (is_one_of(NAME_KEYS), is_one_of(VALUE_KEYS)) {
            (true, _) => Role::Name,
            (false, true) => Role::Value,
            (false, false) => Role::Plain,
        }
    }
}

/// The place of the value that comes next in `frames`.
pub fn path(base: &str, frames: &[Frame]) -> String {
    let segments = frames.iter().map(|frame| match frame.kind {
        Kind::Object => segment(&frame.key),
        Kind::Array => format!("/{}", frame.index),
    });
    base.to_owned() + &segments.collect::<String>()
}

/// A key as a segment of a JSON pointer.
pub fn segment(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}
