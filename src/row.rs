//! A scrubbed record becomes a [`Row`]: cut to the columns' widths, its `metadata` put together (CONTRACT §3).
//!
//! Invariant: only [`Row::compose`] makes a row of a line, and it takes only what the scrubber has passed.
//! Invariant: `metadata` with nothing to add is the text of the line, byte for byte; with something to add, the line's
//! own text stands in it unchanged.
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

    /// A row that the agent writes of itself: nothing of a line is in it.
    pub(crate) fn own(event_key: &'static str, severity: Severity, metadata: String, now: Timestamp) -> Row<'static> {
        Row {
            event_key: Cow::Borrowed(event_key),
            severity,
            actor_admin_id: None,
            ip_address: None,
            user_agent: None,
            route_name: None,
            request_id: None,
            metadata: Some(Cow::Owned(metadata)),
            created_at: now,
        }
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
        Base::Object { json, keys } if !wrapped => Object::resume(&mut text, json, keys.is_empty()),
        Base::Object { json, .. } | Base::Other(json) => {
            let mut object = Object::begin(&mut text);
            object.value("value", json);
            object
        }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::{self, tests::members};

    const READ_AT: Timestamp = Timestamp(1_767_323_045_678_901);

    fn passed(record: Record<'_>) -> Scrubbed<'_> {
        Scrubbed::in_test(record)
    }

    fn compose<'a>(line: &'a str, columns: &Columns) -> Result<Row<'a>, Rejected> {
        Row::compose(passed(record::parse(line.as_bytes(), READ_AT, columns)?), columns)
    }

    /// The row of `{"event_key":"k"}`.
    fn plain() -> Row<'static> {
        Row {
            event_key: "k".into(),
            severity: Severity::Info,
            actor_admin_id: None,
            ip_address: None,
            user_agent: None,
            route_name: None,
            request_id: None,
            metadata: None,
            created_at: READ_AT,
        }
    }

    #[track_caller]
    fn check(line: &str, want: Row<'_>) {
        assert_eq!(compose(line, &Columns::default()).as_ref(), Ok(&want), "{line}");
    }

    /// The row of an `event_key` `k` and some more members has this `metadata` and nothing else.
    #[track_caller]
    fn check_metadata(members: &str, want: &str) {
        check(&format!(r#"{{"event_key":"k",{members}}}"#), Row { metadata: Some(want.into()), ..plain() });
    }

    fn moment(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a moment")
    }

    #[test]
    fn every_column_has_its_value() {
        check(r#"{"event_key":"k"}"#, plain());
        check(
            r#" { "metadata" : { "a" : 1 } , "created_at" : "2026-03-04T05:06:07.25+02:00" , "request_id" : "r-1" ,
                "route_name" : "auth.login" , "user_agent" : "curl/8" , "ip_address" : "192.0.2.7" ,
                "actor_admin_id" : 7 , "severity" : "error" , "event_key" : "auth.login.attempt" } "#,
            Row {
                event_key: "auth.login.attempt".into(),
                severity: Severity::Error,
                actor_admin_id: Some(7),
                ip_address: Some([192, 0, 2, 7].into()),
                user_agent: Some("curl/8".into()),
                route_name: Some("auth.login".into()),
                request_id: Some("r-1".into()),
                metadata: Some(r#"{ "a" : 1 }"#.into()),
                created_at: moment("2026-03-04 03:06:07.25"),
            },
        );
        check(
            r#"{"event_key":"k","severity":null,"actor_admin_id":null,"ip_address":null,"user_agent":null,
                "route_name":null,"request_id":null,"metadata":null,"created_at":null}"#,
            plain(),
        );
    }

    #[test]
    fn a_plain_row_borrows_from_its_line() {
        let line = r#"{"event_key":"k","user_agent":"u","route_name":"r","request_id":"q","metadata":{"a":[1,2]}}"#;
        let row = compose(line, &Columns::default()).unwrap();
        let texts = [Some(row.event_key), row.user_agent, row.route_name, row.request_id, row.metadata];
        assert!(texts.iter().all(|text| matches!(text, Some(Cow::Borrowed(_)))));
    }

    #[test]
    fn severities_are_mapped_and_the_word_is_kept() {
        for (word, want) in [
            ("debug", Severity::Debug),
            ("info", Severity::Info),
            ("Warning", Severity::Warning),
            ("ERROR", Severity::Error),
        ] {
            check(&format!(r#"{{"event_key":"k","severity":"{word}"}}"#), Row { severity: want, ..plain() });
        }
        for (word, want) in [
            ("warn", Severity::Warning),
            ("WARN", Severity::Warning),
            ("err", Severity::Error),
            ("fatal", Severity::Error),
            ("Critical", Severity::Error),
            ("alert", Severity::Error),
            ("emergency", Severity::Error),
            ("notice", Severity::Info),
            ("trace", Severity::Debug),
            ("verbose", Severity::Info),
            (" info", Severity::Info),
            ("", Severity::Info),
        ] {
            check(
                &format!(r#"{{"event_key":"k","severity":"{word}"}}"#),
                Row {
                    severity: want,
                    metadata: Some(format!(r#"{{"_tracespool":{{"severity":"{word}"}}}}"#).into()),
                    ..plain()
                },
            );
        }
    }

    #[test]
    fn what_cannot_be_used_is_kept_as_it_was() {
        check_metadata(r#""ip_address":"999.1.1.1""#, r#"{"_tracespool":{"invalid":{"ip_address":"999.1.1.1"}}}"#);
        check_metadata(r#""severity":3"#, r#"{"_tracespool":{"invalid":{"severity":3}}}"#);
        check_metadata(r#""created_at":"soon""#, r#"{"_tracespool":{"invalid":{"created_at":"soon"}}}"#);
        check_metadata(r#""user_agent":["a", "b"]"#, r#"{"_tracespool":{"invalid":{"user_agent":["a", "b"]}}}"#);
        check_metadata(
            r#""request_id":12,"route_name":{},"actor_admin_id":5.0,"metadata":{"a":1}"#,
            r#"{"a":1,"_tracespool":{"invalid":{"request_id":12,"route_name":{},"actor_admin_id":5.0}}}"#,
        );
        check_metadata(
            r#""actor\u005fadmin_id":"\u0000""#,
            r#"{"_tracespool":{"invalid":{"actor_admin_id":"\u0000"}}}"#,
        );
    }

    #[test]
    fn texts_are_cut_in_characters_and_kept_whole_in_the_notes() {
        let at_width = "\u{1f600}".repeat(64);
        let over = "\u{1f600}".repeat(65);
        check(
            &format!(r#"{{"event_key":"k","request_id":"{at_width}"}}"#),
            Row { request_id: Some(at_width.as_str().into()), ..plain() },
        );
        check(
            &format!(r#"{{"event_key":"k","request_id":"{over}"}}"#),
            Row {
                request_id: Some(at_width.as_str().into()),
                metadata: Some(format!(r#"{{"_tracespool":{{"truncated":{{"request_id":"{over}"}}}}}}"#).into()),
                ..plain()
            },
        );
        // An escape makes the text owned; its own quotes and control characters have to be escaped again.
        let (wide, full) = ("\u{e9}".repeat(255), format!(r#"{}\"\n\u0000"#, "\u{e9}".repeat(255)));
        check(
            &format!(r#"{{"event_key":"{full}","route_name":"{full}"}}"#),
            Row {
                event_key: wide.as_str().into(),
                route_name: Some(wide.as_str().into()),
                metadata: Some(
                    format!(r#"{{"_tracespool":{{"truncated":{{"event_key":"{full}","route_name":"{full}"}}}}}}"#)
                        .into(),
                ),
                ..plain()
            },
        );
        check(
            &format!(r#"{{"event_key":"k","user_agent":"{full}"}}"#),
            Row { user_agent: Some(wide.as_str().into()), ..plain() },
        );
    }

    #[test]
    fn widths_are_those_of_the_table() {
        let columns = Columns { event_key: 2, user_agent: 3, route_name: 4, request_id: 5, ..Columns::default() };
        let line = r#"{"event_key":"abcdef","user_agent":"abcdef","route_name":"abcdef","request_id":"abcdef"}"#;
        let row = compose(line, &columns).unwrap();
        assert_eq!(row.event_key, "ab");
        assert_eq!(row.user_agent.as_deref(), Some("abc"));
        assert_eq!(row.route_name.as_deref(), Some("abcd"));
        assert_eq!(row.request_id.as_deref(), Some("abcde"));
    }

    #[test]
    fn metadata_is_stored_to_the_digit() {
        let digits = "7".repeat(400);
        for text in [
            "1.000000000000000005",
            "1e-999",
            "1e400",
            "-0.0",
            "18446744073709551616",
            "10000000000000000999",
            "9223372036854775808",
            digits.as_str(),
            r#""\u0000""#,
            r#""\u00e9\/\ud83d\ude00 é""#,
            r#"{"b":1,"a":2,"b":3,"":4,"":5}"#,
            "{ \t\"a\" : [ ] }",
            "{}",
            "[]",
            "true",
            "\"\"",
        ] {
            check_metadata(&format!(r#""metadata":{text}"#), text);
        }
    }

    #[test]
    fn other_keys_move_into_metadata() {
        check_metadata(r#""b":1,"a":{"x":[]},"b":2"#, r#"{"b":1,"a":{"x":[]},"b":2}"#);
        check_metadata(r#""b":1,"metadata":null"#, r#"{"b":1}"#);
        check_metadata(r#""b":1,"metadata":{}"#, r#"{"b":1}"#);
        check_metadata(r#""b":1,"metadata":{ }"#, r#"{ "b":1}"#);
        check_metadata(r#""b":1,"metadata":{ "a" : 1 },"c":null"#, r#"{ "a" : 1 ,"b":1,"c":null}"#);
        check_metadata(r#""\u0062":1,"metadata":{"a":{"b":0}}"#, r#"{"a":{"b":0},"\u0062":1}"#);
        check_metadata(r#""id":1,"Severity":"x","event_key ":2"#, r#"{"id":1,"Severity":"x","event_key ":2}"#);
    }

    #[test]
    fn other_keys_that_find_no_place_move_into_the_notes() {
        check_metadata(
            r#""b":1,"c":2,"b":3,"metadata":{"b":0}"#,
            r#"{"b":0,"c":2,"_tracespool":{"extra":{"b":1,"b":3}}}"#,
        );
        check_metadata(r#""\u0062":1,"metadata":{"b":0}"#, r#"{"b":0,"_tracespool":{"extra":{"\u0062":1}}}"#);
        check_metadata(r#""b":1,"metadata":{"\u0062":0}"#, r#"{"\u0062":0,"_tracespool":{"extra":{"b":1}}}"#);
        check_metadata(r#""_tracespool":1"#, r#"{"_tracespool":{"extra":{"_tracespool":1}}}"#);
        check_metadata(r#""_trace\u0073pool":1"#, r#"{"_tracespool":{"extra":{"_trace\u0073pool":1}}}"#);
    }

    #[test]
    fn the_last_of_a_columns_keys_counts_and_the_earlier_ones_are_kept() {
        check(
            r#"{"event_key":"first","a":1,"event_key":null,"severity":"debug","event_key":"k","b":2}"#,
            Row {
                severity: Severity::Debug,
                metadata: Some(
                    r#"{"a":1,"b":2,"_tracespool":{"extra":{"event_key":"first","event_key":null}}}"#.into(),
                ),
                ..plain()
            },
        );
        check_metadata(
            r#""metadata":{"x":1},"metadata":{"y":2}"#,
            r#"{"y":2,"_tracespool":{"extra":{"metadata":{"x":1}}}}"#,
        );
        check_metadata(r#""ip_address":"::1","ip_address":null"#, r#"{"_tracespool":{"extra":{"ip_address":"::1"}}}"#);
    }

    #[test]
    fn metadata_that_is_no_object_is_wrapped_only_for_a_note() {
        check_metadata(r#""metadata":[1, 2]"#, "[1, 2]");
        check_metadata(
            r#""metadata":[1, 2],"ip_address":"x""#,
            r#"{"value":[1, 2],"_tracespool":{"invalid":{"ip_address":"x"}}}"#,
        );
        check_metadata(r#""metadata":"{}","a":1"#, r#"{"value":"{}","_tracespool":{"extra":{"a":1}}}"#);
        check_metadata(
            r#""metadata":false,"value":1,"ip_address":1"#,
            r#"{"value":false,"_tracespool":{"invalid":{"ip_address":1},"extra":{"value":1}}}"#,
        );
    }

    #[test]
    fn metadata_with_notes_of_its_own_is_wrapped_only_for_a_note() {
        check_metadata(r#""metadata":{"_tracespool":1}"#, r#"{"_tracespool":1}"#);
        check_metadata(r#""metadata":{"_tracespool":1},"a":2"#, r#"{"_tracespool":1,"a":2}"#);
        check_metadata(r#""metadata":{"a":{"_tracespool":1}},"ip_address":1"#, {
            r#"{"a":{"_tracespool":1},"_tracespool":{"invalid":{"ip_address":1}}}"#
        });
        check_metadata(
            r#""a":2,"metadata":{"\u005ftracespool":1},"b":3,"ip_address":1"#,
            r#"{"value":{"\u005ftracespool":1},"_tracespool":{"invalid":{"ip_address":1},"extra":{"a":2,"b":3}}}"#,
        );
        check_metadata(
            r#""a":2,"metadata":{"_tracespool":1},"_tracespool":3"#,
            r#"{"value":{"_tracespool":1},"_tracespool":{"extra":{"a":2,"_tracespool":3}}}"#,
        );
    }

    #[test]
    fn notes_stand_in_a_fixed_order() {
        let long = "r".repeat(65);
        check(
            &format!(
                r#"{{"a":2,"ip_address":[],"event_key":"k","request_id":"{long}","severity":"Notice","metadata":{{"a":1}}}}"#
            ),
            Row {
                request_id: Some("r".repeat(64).into()),
                metadata: Some(
                    format!(
                        "{}{}",
                        r#"{"a":1,"_tracespool":{"severity":"Notice","invalid":{"ip_address":[]},"#,
                        format_args!(r#""truncated":{{"request_id":"{long}"}},"extra":{{"a":2}}}}}}"#),
                    )
                    .into(),
                ),
                ..plain()
            },
        );
    }

    #[test]
    fn depth_is_judged_on_what_would_be_stored() {
        /// The deepest value of a member that still becomes a row.
        #[track_caller]
        fn check(member: impl Fn(&str) -> String, takes: usize) {
            let line = |depth: usize| {
                let value = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
                format!(r#"{{"event_key":"k",{}}}"#, member(&value))
            };
            for json_depth in [31, 100] {
                let columns = Columns { json_depth, ..Columns::default() };
                let takes = takes + json_depth - 31;
                assert!(compose(&line(takes), &columns).is_ok(), "{takes} of {json_depth}");
                let want = format!("metadata nests {} deep, the server's JSON takes {json_depth}", json_depth + 1);
                assert_eq!(
                    compose(&line(takes + 1), &columns),
                    Err(Rejected { reason: Reason::TooDeep, detail: want }),
                    "{takes} of {json_depth}"
                );
            }
        }
        check(|value| format!(r#""metadata":{value}"#), 31);
        check(|value| format!(r#""metadata":{value},"severity":"notice""#), 30);
        check(|value| format!(r#""metadata":{{"a":{value}}}"#), 30);
        check(|value| format!(r#""metadata":{{"a":{value}}},"severity":"notice""#), 30);
        check(|value| format!(r#""metadata":{{"_tracespool":{value}}},"severity":"notice""#), 29);
        check(|value| format!(r#""a":{value}"#), 30);
        check(|value| format!(r#""a":{value},"metadata":{{"b":1}}"#), 30);
        check(|value| format!(r#""a":{value},"metadata":{{"a":1}}"#), 28);
        check(|value| format!(r#""ip_address":{value}"#), 28);
    }

    #[test]
    fn fifty_thousand_members_find_their_place_among_as_many_others() {
        let object = |prefix: &str| {
            let members: Vec<String> = (0..50_000).map(|n| format!(r#""{prefix}{n}":{n}"#)).collect();
            members.join(",")
        };
        let line = format!(r#"{{"event_key":"k",{},"metadata":{{{}}}}}"#, object("a"), object("b"));
        let row = compose(&line, &Columns::default()).unwrap();
        assert_eq!(members(&row.metadata.unwrap()).len(), 100_000);
    }

    /// Decoded keys with the text of their values.
    type Members = Vec<(String, String)>;

    /// What a naive reader would put into `metadata`, and what under `extra` of its notes.
    fn expected(line: &str) -> (Members, Members) {
        const COLUMNS: [&str; 9] = [
            "event_key",
            "severity",
            "actor_admin_id",
            "ip_address",
            "user_agent",
            "route_name",
            "request_id",
            "metadata",
            "created_at",
        ];
        let all = members(line);
        let last = |name: &str| all.iter().rposition(|(key, _)| key == name);
        let text = last("metadata").map(|at| all[at].1.clone()).filter(|text| text != "null");
        let own = match &text {
            Some(text) if text.starts_with('{') => Some(members(text)),
            Some(_) => None,
            None => Some(Vec::new()),
        };
        let extras =
            all.iter().enumerate().filter(|(at, (key, _))| !COLUMNS.contains(&key.as_str()) || last(key) != Some(*at));
        let extras: Vec<_> = extras.map(|(_, member)| member.clone()).collect();
        let stays = |(key, _): &(String, String)| {
            !COLUMNS.contains(&key.as_str())
                && key != NOTES
                && own.as_ref().is_some_and(|own| own.iter().all(|(known, _)| known != key))
        };
        // The lines below make a note of their own whenever they have an `ip_address`.
        let noted = last("ip_address").is_some() || !extras.iter().all(stays);
        match &own {
            Some(own) if !(noted && own.iter().any(|(key, _)| key == NOTES)) => {
                let (placed, homeless): (Vec<_>, Vec<_>) = extras.into_iter().partition(stays);
                (own.iter().cloned().chain(placed).collect(), homeless)
            }
            _ if noted => (vec![("value".into(), text.expect("there is something to wrap"))], extras),
            _ => unreachable!("what is no object has no place for extras"),
        }
    }

    fn any_value() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            Just("null".to_owned()),
            Just("1.000000000000000005".to_owned()),
            Just(r#""\u0000 \"x\"""#.to_owned()),
            any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        ];
        scalar.prop_recursive(4, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(|values| format!("[{}]", values.join(" , "))),
                prop::collection::vec((any_key(), inner), 0..4).prop_map(|members| object(&members)),
            ]
        })
    }

    fn any_key() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => prop::sample::select(vec!["a", r"\u0061", "b", "value", "", "_tracespool", r"_\u0074racespool"]),
            1 => prop::sample::select(vec!["ip_address", "metadata", r"met\u0061data"]),
        ]
        .prop_map(str::to_owned)
    }

    fn object(members: &[(String, String)]) -> String {
        let members: Vec<String> = members.iter().map(|(key, value)| format!(r#""{key}": {value}"#)).collect();
        format!("{{ {} }}", members.join(","))
    }

    proptest! {
        #[test]
        fn metadata_is_json_with_every_member_of_the_line(
            members_before in prop::collection::vec((any_key(), any_value()), 0..8),
            ip_address in prop::option::of(Just("\"here\"".to_owned())),
        ) {
            let mut line = members_before;
            line.retain(|(key, _)| key != "ip_address");
            line.extend(ip_address.map(|ip_address| ("ip_address".to_owned(), ip_address)));
            line.push(("event_key".into(), "\"k\"".into()));
            let line = object(&line);

            let row = compose(&line, &Columns::default()).unwrap();
            let stored = row.metadata.as_deref().unwrap_or("{}");
            prop_assert!(serde_json::from_str::<serde_json::Value>(stored).is_ok(), "{}", stored);
            if !stored.starts_with('{') {
                // A text, number or array as it stands in the line.
                let all = members(&line);
                let (_, last) = all.iter().rfind(|(key, _)| key == "metadata").unwrap();
                prop_assert_eq!(stored, last);
                return Ok(());
            }
            let (own, homeless) = expected(&line);
            let mut stored = members(stored);
            if stored.len() > own.len() {
                let (key, notes) = stored.pop().unwrap();
                prop_assert_eq!(key, NOTES);
                let notes = members(&notes);
                let extra = notes.iter().find(|(key, _)| key == "extra").map(|(_, extra)| members(extra));
                prop_assert_eq!(extra.unwrap_or_default(), homeless);
                let invalid = notes.iter().any(|(key, _)| key == "invalid");
                prop_assert_eq!(invalid, line.contains("\"ip_address\": \"here\""));
            } else {
                prop_assert!(homeless.is_empty());
            }
            prop_assert_eq!(stored, own);
        }
    }
}
