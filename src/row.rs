//! A scrubbed record becomes a [`Row`]: cut to the columns' widths, its `metadata` put together (CONTRACT §3).
//!
//! Invariant: only [`Row::compose`] makes a row, and it takes only what the scrubber has passed.
//! Invariant: `metadata` with nothing to add is the text of the line, byte for byte; with something to add, the line's own
//! text stands in it unchanged.
//! Invariant: nothing of a record is lost but the end of a `user_agent`, whose cut is by design.

use std::borrow::Cow;
use std::net::IpAddr;

use crate::record::json::{self, Token, Tokens};
use crate::record::{Column, Columns, Json, Member, Reason, Record, Rejected, Severity, Timestamp};
use crate::scrub::Scrubbed;

/// The member of `metadata` that holds what we have to say about a line.
const NOTES: &str = "_tracespool";

/// One row of the table, as it will be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    pub(crate) event_key: Cow<'a, str>,
    pub(crate) severity: Severity,
    pub(crate) actor_admin_id: Option<i128>,
    pub(crate) ip_address: Option<IpAddr>,
    pub(crate) user_agent: Option<Cow<'a, str>>,
    pub(crate) route_name: Option<Cow<'a, str>>,
    pub(crate) request_id: Option<Cow<'a, str>>,
    pub(crate) metadata: Option<Cow<'a, str>>,
    pub(crate) created_at: Timestamp,
}

impl<'a> Row<'a> {
    /// The row of a scrubbed record, for a table with these columns.
    ///
    /// # Errors
    /// The row's `metadata`, notes included, nests deeper than the server's JSON takes.
    pub fn compose(scrubbed: Scrubbed<'a>, columns: &Columns) -> Result<Self, Rejected> {
        let record: Record<'a> = scrubbed.into_record();
        let mut notes = Notes { severity: record.severity_word, invalid: record.invalid, truncated: Vec::new() };
        let event_key = notes.cut(Column::EventKey, record.event_key, columns.event_key);
        let user_agent = record.user_agent.map(|full| cut(&full, columns.user_agent).unwrap_or(full));
        let route_name = record.route_name.map(|full| notes.cut(Column::RouteName, full, columns.route_name));
        let request_id = record.request_id.map(|full| notes.cut(Column::RequestId, full, columns.request_id));
        let metadata = if record.extra.is_empty() && notes.is_empty() {
            record.metadata
        } else {
            Some(compose_metadata(record.metadata, record.extra, notes))
        };
        if let Some(depth) = metadata.as_ref().map(|json| json.depth).filter(|depth| *depth > columns.json_depth) {
            let detail = format!("metadata nests {depth} deep, the server's JSON takes {}", columns.json_depth);
            return Err(Rejected { reason: Reason::TooDeep, detail });
        }
        Ok(Row {
            event_key,
            severity: record.severity,
            actor_admin_id: record.actor_admin_id,
            ip_address: record.ip_address,
            user_agent,
            route_name,
            request_id,
            metadata: metadata.map(|json| json.text),
            created_at: record.created_at,
        })
    }
}

/// What there is to say about a line, except for members that find no place.
struct Notes<'a> {
    severity: Option<Cow<'a, str>>,
    invalid: Vec<Member<'a>>,
    /// The full values of columns that were cut.
    truncated: Vec<(Column, Cow<'a, str>)>,
}

impl<'a> Notes<'a> {
    fn is_empty(&self) -> bool {
        self.severity.is_none() && self.invalid.is_empty() && self.truncated.is_empty()
    }

    /// What of `full` fits into a column; if that is not all, the whole is noted.
    fn cut(&mut self, column: Column, full: Cow<'a, str>, width: usize) -> Cow<'a, str> {
        match cut(&full, width) {
            None => full,
            Some(start) => {
                self.truncated.push((column, full));
                start
            }
        }
    }
}

/// The first `width` characters of a text that has more.
fn cut<'a>(text: &Cow<'a, str>, width: usize) -> Option<Cow<'a, str>> {
    // No character takes less than a byte.
    if text.len() <= width {
        return None;
    }
    let (end, _) = text.char_indices().nth(width)?;
    Some(match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
        Cow::Owned(text) => Cow::Owned(text[..end].to_owned()),
    })
}

/// `metadata` with something added to it.
fn compose_metadata(metadata: Option<Json<'_>>, extra: Vec<Member<'_>>, notes: Notes<'_>) -> Json<'static> {
    let base = Base::of(metadata.as_ref());
    let noted = !notes.is_empty() || extra.iter().any(|member| !base.has_place_for(member));
    let wrapped = match &base {
        Base::Absent => false,
        Base::Object { keys, .. } => noted && contains(keys, NOTES),
        Base::Other(_) => true,
    };
    let (own, homeless): (Vec<_>, Vec<_>) =
        extra.into_iter().partition(|member| !wrapped && base.has_place_for(member));

    let length = |json: &Json<'_>| json.text.len();
    let members = own.iter().chain(&homeless).map(|member| member.key.len() + length(&member.value) + 4);
    let room = metadata.as_ref().map_or(0, length) + members.sum::<usize>() + 64;
    let mut text = Text { bytes: Vec::with_capacity(room), depth: 0 };
    let mut object = match &base {
        Base::Absent => Object::begin(&mut text),
        Base::Object { json, .. } | Base::Other(json) if wrapped => {
            let mut object = Object::begin(&mut text);
            object.value("value", json);
            object
        }
        Base::Object { json, keys } => Object::resume(&mut text, json, keys.is_empty()),
        Base::Other(_) => unreachable!("what is no object is wrapped"),
    };
    object.values(&own);
    if noted {
        let mut object = object.object(NOTES);
        if let Some(word) = &notes.severity {
            object.string(Column::Severity.name(), word);
        }
        if !notes.invalid.is_empty() {
            let mut object = object.object("invalid");
            object.values(&notes.invalid);
            object.end();
        }
        if !notes.truncated.is_empty() {
            let mut object = object.object("truncated");
            for (column, full) in &notes.truncated {
                object.string(column.name(), full);
            }
            object.end();
        }
        if !homeless.is_empty() {
            let mut object = object.object("extra");
            object.values(&homeless);
            object.end();
        }
        object.end();
    }
    object.end();
    let Text { bytes, depth } = text;
    Json { text: Cow::Owned(String::from_utf8(bytes).expect("every part of it is text")), depth }
}

/// What the line has as its `metadata`.
enum Base<'j> {
    Absent,
    Object {
        json: &'j Json<'j>,
        /// Its keys, decoded and sorted: a hostile line has as many of them as it has other members.
        keys: Vec<Cow<'j, str>>,
    },
    Other(&'j Json<'j>),
}

impl<'j> Base<'j> {
    fn of(metadata: Option<&'j Json<'j>>) -> Self {
        match metadata {
            None => Base::Absent,
            Some(json) if json.text.trim_start().starts_with('{') => {
                let keys = keys_of(&json.text);
                Base::Object { json, keys }
            }
            Some(json) => Base::Other(json),
        }
    }

    /// Whether a member of the line may stand in it under its own name.
    fn has_place_for(&self, member: &Member<'_>) -> bool {
        let key = json::decode(&member.key);
        let reserved = key == NOTES || Column::named(&key).is_some();
        !reserved
            && match self {
                Base::Absent => true,
                Base::Object { keys, .. } => !contains(keys, &key),
                Base::Other(_) => false,
            }
    }
}

fn keys_of(object: &str) -> Vec<Cow<'_, str>> {
    let mut keys = Vec::new();
    let mut tokens = Tokens::new(object);
    while let Some(token) = tokens.next().expect("metadata was read as JSON before") {
        if let Token::Key(key) = token
            && tokens.depth() == 1
        {
            keys.push(key.decode());
        }
    }
    keys.sort_unstable();
    keys
}

fn contains(sorted: &[Cow<'_, str>], key: &str) -> bool {
    sorted.binary_search_by(|known| known.as_ref().cmp(key)).is_ok()
}

/// A JSON text in the making.
struct Text {
    bytes: Vec<u8>,
    /// The deepest nesting so far.
    depth: usize,
}

/// An object in the making, open until it is ended. Keys are as JSON writes them, escapes and all.
struct Object<'t> {
    text: &'t mut Text,
    /// How many containers are open, this one included.
    depth: usize,
    empty: bool,
}

impl<'t> Object<'t> {
    fn begin(text: &'t mut Text) -> Self {
        text.bytes.push(b'{');
        text.depth = text.depth.max(1);
        Object { text, depth: 1, empty: true }
    }

    /// Goes on with an object that was complete.
    fn resume(text: &'t mut Text, object: &Json<'_>, empty: bool) -> Self {
        let end = object.text.rfind('}').expect("an object ends with its brace");
        text.bytes.extend_from_slice(&object.text.as_bytes()[..end]);
        text.depth = object.depth;
        Object { text, depth: 1, empty }
    }

    fn object(&mut self, key: &str) -> Object<'_> {
        self.key(key);
        self.text.bytes.push(b'{');
        let depth = self.depth + 1;
        self.text.depth = self.text.depth.max(depth);
        Object { text: self.text, depth, empty: true }
    }

    fn values(&mut self, members: &[Member<'_>]) {
        for member in members {
            self.value(&member.key, &member.value);
        }
    }

    fn value(&mut self, key: &str, value: &Json<'_>) {
        self.key(key);
        self.text.bytes.extend_from_slice(value.text.as_bytes());
        self.text.depth = self.text.depth.max(self.depth + value.depth);
    }

    fn string(&mut self, key: &str, value: &str) {
        self.key(key);
        json::push_string(&mut self.text.bytes, value);
    }

    fn end(self) {
        self.text.bytes.push(b'}');
    }

    fn key(&mut self, key: &str) {
        if !self.empty {
            self.text.bytes.push(b',');
        }
        self.empty = false;
        self.text.bytes.push(b'"');
        self.text.bytes.extend_from_slice(key.as_bytes());
        self.text.bytes.extend_from_slice(b"\":");
    }
}
