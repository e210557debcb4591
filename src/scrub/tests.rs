//! Records and lines through the whole scrubber.

use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::record::{Severity, Timestamp};

const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl";

fn scrubber() -> Scrubber {
    Scrubber::new(Options::default())
}

thread_local! {
    /// Compiling the rules takes longer than most tests.
    static SHARED: RefCell<Scrubber> = RefCell::new(scrubber());
}

fn line(line: &str) -> String {
    SHARED.with_borrow_mut(|scrubber| scrubber.scrub_line(line)).expect("an object").0
}

fn text(text: &str, extent: Extent) -> String {
    SHARED.with_borrow_mut(|scrubber| scrubber.scrub_text(text, extent)).0
}

fn json(text: &str) -> Json<'_> {
    let mut tokens = Tokens::new(text);
    tokens.value_text().expect("JSON");
    Json { text: Cow::Borrowed(text), depth: tokens.deepest() }
}

fn member<'a>(key: &'a str, value: &'a str) -> Member<'a> {
    Member { key: Cow::Borrowed(key), value: json(value) }
}

fn record() -> Record<'static> {
    Record {
        event_key: Cow::Borrowed("auth.password.reset"),
        severity: Severity::Info,
        severity_word: None,
        actor_admin_id: Some(7),
        ip_address: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        user_agent: Some(Cow::Borrowed("Mozilla/5.0 (X11; Linux x86_64)")),
        route_name: Some(Cow::Borrowed("auth.passwords.edit")),
        request_id: Some(Cow::Borrowed("ccff98c2-4ffc-4fb8-a2de-2a7063e0e905")),
        metadata: Some(json(r#"{"a":[1.000000000000000005,{"b":null}],"a":"x"}"#)),
        created_at: Timestamp(0),
        invalid: vec![member("ip_address", r#""999.1.1.1""#)],
        extra: vec![member("status_code", "200")],
    }
}

#[test]
fn values_under_telling_keys_are_redacted_at_every_depth() {
    #[track_caller]
    fn check(input: &str, want: &str) {
        assert_eq!(line(input), want);
    }
    check(r#"{"password":"x"}"#, r#"{"password":"[REDACTED:password]"}"#);
    check(
        r#"{ "a" : { "b":[ {"password" : "x" } ] } }"#,
        r#"{ "a" : { "b":[ {"password" : "[REDACTED:password]" } ] } }"#,
    );
    check(r#"{"\u0070assword":"x"}"#, r#"{"\u0070assword":"[REDACTED:password]"}"#);
    check(r#"{"password":"x","password":"***"}"#, r#"{"password":"[REDACTED:password]","password":"***"}"#);
    check(r#"{"password":"***","password":"x"}"#, r#"{"password":"***","password":"[REDACTED:password]"}"#);
    check(r#"{"password":12345,"pin":1235}"#, r#"{"password":"[REDACTED:password]","pin":"[REDACTED:pin]"}"#);
    check(
        r#"{"credentials":{"user":"a","n":[1234,true,null,""],"o":{}}}"#,
        r#"{"credentials":{"user":"[REDACTED:credential]","n":["[REDACTED:credential]",true,null,""],"o":{}}}"#,
    );
    check(
        r#"{"recovery_codes":["kprb-3329","fcmf-9523"]}"#,
        r#"{"recovery_codes":["[REDACTED:recovery_code]","[REDACTED:recovery_code]"]}"#,
    );
    check(r#"{"Authorization":"Bearer x"}"#, r#"{"Authorization":"Bearer [REDACTED:bearer]"}"#);
    check(r#"{"Authorization":"x y"}"#, r#"{"Authorization":"[REDACTED:authorization]"}"#);
    check(r#"{"password":{"tokens":5555}}"#, r#"{"password":{"tokens":"[REDACTED:token]"}}"#);
}

#[test]
fn what_is_no_secret_stays_as_it_is() {
    #[track_caller]
    fn check(input: &str) {
        assert_eq!(line(input), input);
    }
    check(r#"{"event_key":"x","metadata":{"n":1e-999,"n":18446744073709551616}}"#);
    check(r#"{"password":null,"token":true,"secret":"","otp":false}"#);
    check(r#"{"token":"2026-09-14T08:00:00+02:00","password":"********"}"#);
    check(r#"{"token_count":3,"password_changed_at":"2026-01-01","max_tokens":5,"author":"kim"}"#);
    check(r#"{"usage":{"tokens":{"input":230,"output":"41"}}}"#);
    check(r#"{"hint":"the password was reset by support","plan":"Basic support plan selected"}"#);
    check(r#"{"page":"eyJvIjo4MH0=","fields":["password","email"]}"#);
    check(r#"{"name":"password","type":"string"}"#);
    check(r#"{"password":"[REDACTED:password]"}"#);
}

#[test]
fn only_the_secret_in_a_text_goes() {
    #[track_caller]
    fn check(input: &str, want: &str) {
        assert_eq!(line(&format!(r#"{{"m":{input}}}"#)), format!(r#"{{"m":{want}}}"#));
    }
    check(r#""login failed, Authorization: Bearer x""#, r#""login failed, Authorization: Bearer [REDACTED:bearer]""#);
    check(&format!(r#""got {JWT} twice""#), r#""got [REDACTED:jwt] twice""#);
    check(r#""got \u0065yJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln""#, r#""got [REDACTED:jwt]""#);
    check(r#""postgres:\/\/a:b\u0040c@d/e""#, r#""postgres://a:[REDACTED:url_password]@d/e""#);
    check(r#""k -----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY----- e""#, r#""k [REDACTED:pem] e""#);
    check(r#""k -----BEGIN PRIVATE KEY-----\nMII""#, r#""k [REDACTED:pem]""#);
    check(r#""é \"q\" a=1&password=x&b=2""#, r#""é \"q\" a=1&password=[REDACTED:password]&b=2""#);
}

#[test]
fn json_in_strings_is_followed() {
    #[track_caller]
    fn check(input: &str, want: &str) {
        assert_eq!(line(input), want);
    }
    check(r#"{"b":"{\"pwd\": \"x y\", \"v\": 2}"}"#, r#"{"b":"{\"pwd\": \"[REDACTED:password]\", \"v\": 2}"}"#);
    check(r#"{"b":"{\"\\u0070wd\":1234}"}"#, r#"{"b":"{\"\\u0070wd\":\"[REDACTED:password]\"}"}"#);
    check(r#"{"b":"[\"--password\",\"x\"]"}"#, r#"{"b":"[\"--password\",\"[REDACTED:password]\"]"}"#);
    check(r#"{"b":"{\"pwd\":\"x y"}"#, r#"{"b":"{\"pwd\":\"[REDACTED:password]"}"#);
    let mut deep = r#"{"password":"hunter2 x"}"#.to_owned();
    for _ in 0..6 {
        deep = format!(r#"{{"b":{}}}"#, written(&deep));
        assert!(!line(&deep).contains("hunter2") && !line(&deep).contains(" x"), "{deep}");
    }
}

#[test]
fn names_beside_their_values_are_telling() {
    #[track_caller]
    fn check(input: &str, want: &str) {
        assert_eq!(line(input), want);
    }
    check(
        r#"{"h":[["Authorization","Basic a2lt"],["Via","1.1 lb"]]}"#,
        r#"{"h":[["Authorization","Basic [REDACTED:basic]"],["Via","1.1 lb"]]}"#,
    );
    check(
        r#"{"h":["Host","a","Cookie","sid=b; a=b","Via","1"]}"#,
        r#"{"h":["Host","a","Cookie","sid=[REDACTED:cookie]; a=b","Via","1"]}"#,
    );
    check(r#"{"argv":["x","--token","abc1","-v"]}"#, r#"{"argv":["x","--token","[REDACTED:token]","-v"]}"#);
    check(r#"{"name":"password","value":"x"}"#, r#"{"name":"password","value":"[REDACTED:password]"}"#);
    check(r##"{"@name":"pwd","#text":"x"}"##, r##"{"@name":"pwd","#text":"[REDACTED:password]"}"##);
    check(
        r#"{"field":"pwd","old":"x","new":"y"}"#,
        r#"{"field":"pwd","old":"[REDACTED:password]","new":"[REDACTED:password]"}"#,
    );
    check(r#"{"kty":"EC","x":"a1","d":"b2"}"#, r#"{"kty":"EC","x":"a1","d":"[REDACTED:private_key]"}"#);
    check(r#"{"d":"b2","kty":"EC"}"#, r#"{"d":"[REDACTED:private_key]","kty":"EC"}"#);
    check(r#"{"d":"b2","k":"v1"}"#, r#"{"d":"b2","k":"v1"}"#);
    check(r#"{"kind":"Secret","data":{"a":"YTFiMg=="}}"#, r#"{"kind":"Secret","data":{"a":"[REDACTED:secret]"}}"#);
    check(r#"{"kind":"ConfigMap","data":{"a":"YTFiMg=="}}"#, r#"{"kind":"ConfigMap","data":{"a":"YTFiMg=="}}"#);
    check(
        r#"{"a":["mysqldump","-ubob","-phunter2","db"]}"#,
        r#"{"a":["mysqldump","-ubob","-p[REDACTED:password]","db"]}"#,
    );
    check(r#"{"value":["x"],"name":"password"}"#, r#"{"value":["[REDACTED:password]"],"name":"password"}"#);
    check(
        r#"{"value":"x1","key":{"a":1},"name":"a","name":"otp"}"#,
        r#"{"value":"[REDACTED:otp]","key":{"a":1},"name":"a","name":"otp"}"#,
    );
}

#[test]
fn secrets_in_keys_go_too() {
    assert_eq!(line(&format!(r#"{{"{JWT}":1}}"#)), r#"{"[REDACTED:jwt]":1}"#);
    assert_eq!(line(r#"{"a=1&token=abc1":""}"#), r#"{"a=1&token=[REDACTED:token]":""}"#);
}

#[test]
fn a_line_that_is_no_object_is_rejected_without_its_content() {
    #[track_caller]
    fn check(line: &str, reason: Reason) {
        let rejected = scrubber().scrub_line(line).expect_err("no object");
        assert_eq!(rejected.reason, reason);
        assert!(!rejected.detail.contains("hunter2"), "{}", rejected.detail);
    }
    check(r#"{"password":"hunter2"#, Reason::NotJson);
    check("hunter2", Reason::NotJson);
    check("", Reason::NotJson);
    check(r#"["hunter2"]"#, Reason::NotAnObject);
    check(&format!(r#"{{"a":{}"hunter2"{}}}"#, "[".repeat(200), "]".repeat(200)), Reason::TooDeep);
}

#[test]
fn text_that_is_no_json_is_scrubbed_suspiciously() {
    #[track_caller]
    fn check(input: &str, extent: Extent, want: &str) {
        assert_eq!(text(input, extent), want);
    }
    for (end, behind) in [("", ""), (",}", "}"), ("} {\"a\":1}", "} {\"a\":1}")] {
        let line = format!(r#"{{"a":{{"z":[true,null]}},"pin":995311664562338{end}"#);
        let want = format!(r#"{{"a":{{"z":[true,null]}},"pin":[REDACTED:pin]{behind}"#);
        check(&line, Extent::Whole, &want);
    }
    // What a line that nobody finished ends in may be the start of a secret.
    check(r#"{"a":"bounce for <kim@dev-mail.t"#, Extent::Whole, r#"{"a":"bounce for <"#);
    check(r#"{"a":"paid by 453940427007"#, Extent::Whole, r#"{"a":"paid by "#);
    check(r#"{"a":"to k@dev"#, Extent::Whole, r#"{"a":"to "#);
    check(r#"{"a":"order line-131"#, Extent::Whole, r#"{"a":"order line-131"#);
    check(r#"{"password":"x"}"#, Extent::Whole, r#"{"password":"[REDACTED:password]"}"#);
    check(r#"["a","password=x"]"#, Extent::Whole, r#"["a","password=[REDACTED:password]"]"#);
    check(r#"{"password":"x"#, Extent::Whole, r#"{"password":"[REDACTED:password]"#);
    check(r#"{"a":"x","password":"hunt"#, Extent::CutOff, r#"{"a":"x","password":""#);
    check(r#"{"password":"correct horse bat"#, Extent::CutOff, r#"{"password":"[REDACTED:password]"#);
    check(&format!(r#"{{"a":"x","b":"{}"#, &JWT[..30]), Extent::CutOff, r#"{"a":"x","b":""#);
    check(&format!("not json {JWT} at all"), Extent::Whole, "not json [REDACTED:jwt] at all");
    check(r"-----BEGIN PRIVATE KEY-----\nMII", Extent::CutOff, "-----BEGIN PRIVATE ");
    check(r#""k":"-----BEGIN PRIVATE KEY-----\nMII x"#, Extent::CutOff, r#""k":"[REDACTED:pem]"#);
    check("plain words", Extent::Whole, "plain words");
    check("", Extent::CutOff, "");
    let deep = format!(r#"{}{{"password":"hunter2"}}"#, "[".repeat(200));
    assert!(!text(&deep, Extent::Whole).contains("hunter2"));
}

#[test]
fn scrubbed_text_is_cut_between_characters() {
    let cut = |max| ScrubbedText("aé€".to_owned()).cut(max).0;
    assert_eq!([cut(0), cut(1), cut(2), cut(3), cut(5), cut(6), cut(99)], ["", "a", "a", "aé", "aé", "aé€", "aé€"]);
}

#[test]
fn a_clean_record_stays_borrowed() {
    let scrubbed = scrubber().scrub(record()).expect("a record of JSON");
    assert_eq!(*scrubbed.record(), record());
    let record = scrubbed.into_record();
    assert!(matches!(record.event_key, Cow::Borrowed(_)));
    assert!(matches!(record.user_agent, Some(Cow::Borrowed(_))));
    assert!(matches!(record.metadata, Some(Json { text: Cow::Borrowed(_), .. })));
    assert!(matches!(record.extra[0].value.text, Cow::Borrowed(_)));
}

#[test]
fn every_part_of_a_record_is_scrubbed() {
    let secret = format!("a {JWT} b");
    let text = || Some(Cow::Borrowed(secret.as_str()));
    let quoted = written(&secret);
    let metadata = format!(r#"{{"a":[{{"b":{quoted}}}],"otp":[1234]}}"#);
    let dirty = Record {
        event_key: Cow::Borrowed(&secret),
        severity_word: text(),
        user_agent: text(),
        route_name: text(),
        request_id: text(),
        metadata: Some(json(&metadata)),
        invalid: vec![member("ip_address", &quoted), member("actor_admin_id", r#"{"pin":1234}"#)],
        extra: vec![
            member("password", r#""x""#),
            member(r"\u0070assword", "[1234]"),
            member("a=1&token=abc1", "true"),
            member("n", &quoted),
        ],
        ..record()
    };
    let mut scrubber = scrubber();
    let clean = scrubber.scrub(dirty).expect("a record of JSON").into_record();
    let want = || Some(Cow::Borrowed("a [REDACTED:jwt] b"));
    assert_eq!(Some(clean.event_key), want());
    assert_eq!(clean.severity_word, want());
    assert_eq!(clean.user_agent, want());
    assert_eq!(clean.route_name, want());
    assert_eq!(clean.request_id, want());
    assert_eq!(clean.metadata, Some(json(r#"{"a":[{"b":"a [REDACTED:jwt] b"}],"otp":["[REDACTED:otp]"]}"#)));
    assert_eq!(
        clean.invalid,
        [member("ip_address", r#""a [REDACTED:jwt] b""#), member("actor_admin_id", r#"{"pin":"[REDACTED:pin]"}"#)],
    );
    assert_eq!(
        clean.extra,
        [
            member("password", r#""[REDACTED:password]""#),
            member(r"\u0070assword", r#"["[REDACTED:password]"]"#),
            member("a=1&token=[REDACTED:token]", "true"),
            member("n", r#""a [REDACTED:jwt] b""#),
        ],
    );
    let hits: Vec<_> = scrubber.take_hits().collect();
    assert_eq!(hits, [("jwt", 8), ("otp", 1), ("password", 2), ("pin", 1), ("token", 1)]);
    assert_eq!(scrubber.take_hits().count(), 0);
}

#[test]
fn a_record_with_something_that_is_no_json_is_unscrubbable() {
    let broken = |text| Json { text: Cow::Borrowed(text), depth: 1 };
    let bad_metadata = Record { metadata: Some(broken(r#"{"password":"hunter2"#)), ..record() };
    let bad_key = Member { key: Cow::Borrowed(r#"hunter2\"#), value: json("1") };
    let bad_extra = Record { extra: vec![bad_key], ..record() };
    for record in [bad_metadata, bad_extra] {
        let rejected = scrubber().scrub(record).expect_err("no JSON");
        assert_eq!(rejected.reason, Reason::Unscrubbable);
        assert!(!rejected.detail.contains("hunter2"), "{}", rejected.detail);
    }
}

#[test]
fn a_line_that_the_scrubber_fails_on_goes_nowhere() {
    let mut scrubber = Scrubber { fails: true, ..scrubber() };
    let bad = Record { event_key: Cow::Borrowed("a.defect"), ..record() };
    let rejected = scrubber.scrub(bad).expect_err("a defect");
    assert_eq!(rejected.reason, Reason::Unscrubbable);
    assert_eq!(scrubber.scrub_text("a defect, password=hunter2", Extent::Whole).as_str(), "[REDACTED:unscrubbable]");
    // The next line is none the worse for it.
    assert_eq!(scrubber.scrub(record()).expect("JSON").into_record(), record());
    assert_eq!(scrubber.scrub_text("password=hunter2", Extent::Whole).as_str(), "password=[REDACTED:password]");
}

#[test]
fn more_secrets_than_anybody_logs_are_one() {
    for piece in ["password=hunter2 ", "login kim@dev.test ", "token: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln "] {
        let dirty = piece.repeat(5000);
        let clean = text(&dirty, Extent::Whole);
        assert!(clean.ends_with("[REDACTED:too_many_secrets]"), "{}", &clean[clean.len() - 60..]);
        assert!(clean.len() < 100_000 && !["hunter2", "kim@", "eyJ"].iter().any(|secret| clean.contains(secret)));
        assert_eq!(text(&clean, Extent::Whole), clean);
    }
    // A rule whose turn comes after there were too many has its secrets before them, too.
    let early = "bounce for <kim@dev.test>, AKIA7SCDLV7MBCHZ4I6R, card 4539874505036988 ";
    let clean = text(&(early.to_owned() + &"Bearer abcdef123456 ".repeat(3000)), Extent::Whole);
    for secret in ["kim@", "AKIA7", "4539874505036988", "abcdef123456"] {
        assert!(!clean.contains(secret), "{secret}: {}", &clean[..200]);
    }
}

#[test]
fn an_explanation_says_which_rule_hit_where() {
    let input = format!(
        r#"{{"metadata":{{"a/b":[0,{{"password":"x"}}],"body":"{{\"pin\":1234}}","~":"{JWT}","k=1&token=abc1":1234}},"otp":1234}}"#
    );
    let mut scrubber = scrubber();
    let (text, findings) = scrubber.explain_line(&input).expect("an object");
    assert_eq!(text.as_str(), line(&input));
    let findings: Vec<_> = findings.iter().map(|finding| (finding.path.as_str(), finding.rule)).collect();
    assert_eq!(
        findings,
        [
            ("/metadata/a~1b/1/password", "password"),
            ("/metadata/body/pin", "pin"),
            ("/metadata/~0", "jwt"),
            ("/metadata", "token"),
            ("/metadata/k=1&token=[REDACTED:token]", "token"),
            ("/otp", "otp"),
        ],
    );
    assert_eq!(scrubber.findings, None);
}

#[test]
fn long_hostile_texts_take_linear_time() {
    for part in [
        "eyJ",
        "eyJhbGci.",
        "password",
        "password=",
        "password=null ",
        "authorization:failed ",
        "\"password\",",
        "pwd={!",
        "password: \"",
        "\"password\":   ",
        "a://b:1@",
        "://a:",
        "-----BEGIN PRIVATE KEY----",
        "\\",
        "\\u0070",
        "[REDACTED:",
        "[ENC:token:00000000:",
        "[HASH:token:00000000:0",
        "[REMOVED]",
        "[MASKED:token:@a",
        "--token x ",
        "<token>",
        "%3D",
        "bearer ",
        "{\"value\":1,",
        "[[\"token\"",
        "token: {\"",
        "Cookie: ",
        "pin ;,",
        "\"pin\":a  ",
    ] {
        let time = |bytes: usize| {
            let long = part.repeat(bytes / part.len());
            let quoted = format!("{{\"a\":{}}}", written(&long));
            let began = crate::scrub::thread_time();
            assert!(!text(&long, Extent::Whole).is_empty());
            assert!(!line(&quoted).is_empty());
            crate::scrub::thread_time().saturating_sub(began)
        };
        // Eight times the text takes eight times as long, or 64 times if anything is quadratic. A busy machine can
        // spoil one measurement; what is quadratic spoils all.
        let measured: Vec<_> = (0..3).map(|_| (time(1 << 14), time(1 << 17))).collect();
        let linear = |(short, long): &(Duration, Duration)| *long < *short * 32 + Duration::from_millis(100);
        assert!(measured.iter().any(linear), "{part:?}: {measured:?}");
    }
}

fn with(options: Options) -> Scrubber {
    Scrubber::new(options)
}

fn every_action() -> Vec<Action> {
    let recipient = PrivateKey::generate().expect("random bytes").recipient();
    vec![
        Action::Redact,
        Action::Mask,
        Action::Hash(Arc::new(HashKey::new(&[1; 32]).expect("32 bytes"))),
        Action::Encrypt(Arc::new(recipient)),
        Action::Remove,
    ]
}

fn acting(action: Action) -> Options {
    Options { actions: Actions { secret: action.clone(), pii: action, ..Actions::default() }, ..Options::default() }
}

#[test]
fn a_removed_value_is_the_empty_string() {
    #[track_caller]
    fn check(input: &str, want: &str) {
        let mut scrubber = with(acting(Action::Remove));
        assert_eq!(scrubber.scrub_line(input).expect("an object").as_str(), want);
        assert_eq!(scrubber.scrub_line(want).expect("an object").as_str(), want);
    }
    check(r#"{"password":"x","pin":1234}"#, r#"{"password":"","pin":""}"#);
    check(r#"{"Authorization":"Bearer x y"}"#, r#"{"Authorization":"Bearer [REMOVED]"}"#);
    check(r#"{"a":"sent Bearer abcdef123456 to it"}"#, r#"{"a":"sent Bearer [REMOVED] to it"}"#);
    check(&format!(r#"{{"a":"{JWT}"}}"#), r#"{"a":""}"#);
    check(r#"{"b":"{\"pwd\":\"x y\"}"}"#, r#"{"b":"{\"pwd\":\"\"}"}"#);
    check(&format!(r#"{{"{JWT}":1}}"#), r#"{"[REMOVED]":1}"#);
}

#[test]
fn a_rule_may_have_an_action_of_its_own() {
    let text = RuleText { id: "pin".into(), action: Some(Action::Remove), ..RuleText::default() };
    let rules = vec![OwnRule::new(&text).expect("a good rule")];
    let mut scrubber = with(Options { rules, ..Options::default() });
    let scrubbed = scrubber.scrub_line(r#"{"pin":1234,"otp":1234}"#).expect("an object");
    assert_eq!(scrubbed.as_str(), r#"{"pin":"","otp":"[REDACTED:otp]"}"#);
}

#[test]
fn own_rules_find_their_secrets() {
    let text = RuleText {
        id: "scrub_staff".into(),
        pattern: Some(r"STAFF-(\d{6})".into()),
        keywords: vec!["STAFF-".into()],
        ..RuleText::default()
    };
    let bare = RuleText { id: "scrub_bare".into(), pattern: Some("[.]{3}(x+)[.]{3}".into()), ..RuleText::default() };
    let rule = |text| OwnRule::new(text).expect("a good rule");
    for (rules, bare) in
        [(vec![rule(&text)], "...xx..."), (vec![rule(&text), rule(&bare)], "...[REDACTED:scrub_bare]...")]
    {
        let mut scrubber = with(Options { rules, ..Options::default() });
        let dirty =
            Record { metadata: Some(json(r#"{"a":["by staff-123456","STAFF-654321","...xx..."]}"#)), ..record() };
        let clean = scrubber.scrub(dirty).expect("JSON").into_record();
        let want = format!(r#"{{"a":["by staff-123456","STAFF-[REDACTED:scrub_staff]","{bare}"]}}"#);
        assert_eq!(clean.metadata, Some(json(&want)));
        let text = scrubber.scrub_text("by STAFF-123456, STAFF-ROOM", Extent::Whole);
        assert_eq!(text.as_str(), "by STAFF-[REDACTED:scrub_staff], STAFF-ROOM");
    }
}

#[test]
fn people_are_known_by_what_stands_around_their_names() {
    #[track_caller]
    fn check(input: &str, want: &str) {
        assert_eq!(line(input), want);
        assert_eq!(line(want), want);
    }
    check(r#"{"billing_details":{"name":"Kim Lee"}}"#, r#"{"billing_details":{"name":"[REDACTED:name]"}}"#);
    check(
        r#"{"contact":{"first":"Kim","last":"Lee"}}"#,
        r#"{"contact":{"first":"[REDACTED:name]","last":"[REDACTED:name]"}}"#,
    );
    check(r#"{"user":{"name":"Kim Lee"}}"#, r#"{"user":{"name":"[REDACTED:name]"}}"#);
    check(
        r#"{"user":{"name":"kim"},"service":{"name":"Order Desk"}}"#,
        r#"{"user":{"name":"kim"},"service":{"name":"Order Desk"}}"#,
    );
    check(r#"{"name":"Kim Lee","dob":"1990-04-12"}"#, r#"{"name":"[REDACTED:name]","dob":"[REDACTED:birth_date]"}"#);
    check(r#"{"name":"Order Desk Team","id":7}"#, r#"{"name":"Order Desk Team","id":7}"#);
    check(
        r#"{"telecom":[{"system":"phone","value":"(0911) 715410"}]}"#,
        r#"{"telecom":[{"system":"phone","value":"[REDACTED:phone]"}]}"#,
    );
    check(
        r#"{"number":"C30066562","idDocType":"PASSPORT"}"#,
        r#"{"number":"[REDACTED:passport]","idDocType":"PASSPORT"}"#,
    );
    check(r#"{"number":"C30066562","type":"invoice"}"#, r#"{"number":"C30066562","type":"invoice"}"#);
    check(r#"{"address":"Elmstraat","house_number":"7"}"#, r#"{"address":"[REDACTED:address]","house_number":"7"}"#);
    check(r#"{"address":"resolved","port":"7"}"#, r#"{"address":"resolved","port":"7"}"#);
    check(r#"{"street":"Elm Road 5","zip":"89073"}"#, r#"{"street":"[REDACTED:address]","zip":"[REDACTED:address]"}"#);
    check(r#"{"zip":"89073","size":7}"#, r#"{"zip":"89073","size":7}"#);
}

#[test]
fn own_keys_are_telling_in_json_and_in_text() {
    #[track_caller]
    fn check(input: &str, want: &str) {
        let keys = vec!["employee_number".parse().expect("a key")];
        let mut scrubber = with(Options { keys, ..Options::default() });
        let dirty = Record { metadata: Some(json(input)), ..record() };
        assert_eq!(scrubber.scrub(dirty).expect("JSON").into_record().metadata, Some(json(want)), "{input}");
    }
    check(r#"{"employeeNumber":7}"#, r#"{"employeeNumber":"[REDACTED:own_key]"}"#);
    check(r#"{"\u0065mployee_number":"7"}"#, r#"{"\u0065mployee_number":"[REDACTED:own_key]"}"#);
    check(r#"{"a":"employee_number=7&b=1"}"#, r#"{"a":"employee_number=[REDACTED:own_key]&b=1"}"#);
    check(r#"[["Employee-Number","7"]]"#, r#"[["Employee-Number","[REDACTED:own_key]"]]"#);
    check(r#"{"name":"employee_number","value":7}"#, r#"{"name":"employee_number","value":"[REDACTED:own_key]"}"#);
    check(r#"{"employee_number_count":7,"employee":1}"#, r#"{"employee_number_count":7,"employee":1}"#);
}

#[test]
fn what_is_allowed_stays() {
    #[track_caller]
    fn check(allowed: &[&str], input: &str, want: &str) {
        let allowed = allowed.iter().map(|text| text.parse().expect("a key or path")).collect();
        let mut scrubber = with(Options { allowed, ..Options::default() });
        assert_eq!(scrubber.scrub_line(input).expect("an object").as_str(), want);
    }
    let jwt = format!(r#"{{"session_id":"a","token":"{JWT}","b":"session_id=a"}}"#);
    check(&["session_id", "token"], &jwt, r#"{"session_id":"a","token":"[REDACTED:jwt]","b":"session_id=a"}"#);
    check(
        &["/metadata/*/pin", "/user_agent"],
        &format!(
            r#"{{"user_agent":"{JWT}","pin":1234,"metadata":{{"pin":1234,"a":{{"pin":[1234,{{"otp":1234}}],"otp":2345}}}}}}"#
        ),
        &format!(
            r#"{{"user_agent":"{JWT}","pin":"[REDACTED:pin]","metadata":{{"pin":"[REDACTED:pin]","a":{{"pin":[1234,{{"otp":1234}}],"otp":"[REDACTED:otp]"}}}}}}"#
        ),
    );
    check(
        &["/a/b"],
        r#"{"a":"{\"b\":{\"pin\":1234},\"pin\":1234}"}"#,
        r#"{"a":"{\"b\":{\"pin\":1234},\"pin\":\"[REDACTED:pin]\"}"}"#,
    );
}

#[test]
fn an_allowed_path_of_a_record_stays() {
    let allowed =
        ["/user_agent", "/metadata/pin", "/extra_pin", "/metadata/a"].map(|text| text.parse().expect("a path"));
    let mut scrubber = with(Options { allowed: allowed.into(), ..Options::default() });
    let dirty = || Record {
        user_agent: Some(Cow::Borrowed(JWT)),
        metadata: Some(json(r#"{"pin":1234,"a":"password=x"}"#)),
        extra: vec![member("extra_pin", "1")],
        ..record()
    };
    assert_eq!(scrubber.scrub(dirty()).expect("JSON").into_record(), dirty());
}

#[test]
fn addresses_lose_their_host() {
    #[track_caller]
    fn check(address: &str, want: &str) {
        let address: IpAddr = address.parse().expect("an address");
        assert_eq!(Ip::Truncate.apply(address).to_string(), want);
        assert_eq!(Ip::Keep.apply(address), address);
    }
    check("192.0.2.77", "192.0.2.0");
    check("2001:db8:1:2:3:4:5:6", "2001:db8:1::");
    check("::ffff:192.0.2.77", "::ffff:192.0.2.0");
    check("::1", "::");
}

#[test]
fn only_the_address_of_the_line_is_truncated() {
    let mut scrubber = with(Options { ip: Ip::Truncate, ..Options::default() });
    let dirty = Record {
        ip_address: Some([192, 0, 2, 77].into()),
        metadata: Some(json(r#"{"ip_address":"192.0.2.77"}"#)),
        extra: vec![member("ip_address", r#""192.0.2.78""#), member("peer", r#""192.0.2.79""#)],
        ..record()
    };
    let want = Record {
        ip_address: Some([192, 0, 2, 0].into()),
        extra: vec![member("ip_address", r#""192.0.2.0""#), member("peer", r#""192.0.2.79""#)],
        ..dirty.clone()
    };
    assert_eq!(scrubber.scrub(dirty).expect("JSON").into_record(), want);
    let line = r#"{"ip_address":"192.0.2.77","peer":"192.0.2.77","metadata":{"ip_address":"192.0.2.77"}}"#;
    let want = line.replacen("192.0.2.77", "192.0.2.0", 1);
    assert_eq!(scrubber.scrub_line(line).expect("an object").as_str(), want);
    assert_eq!(scrubber.scrub_text(line, Extent::Whole).as_str(), want);
}

#[test]
fn what_cannot_be_followed_further_is_searched_as_text() {
    let deep = format!(r#"{}{{\"password\":\"hunter2 x\"}}{}"#, "[".repeat(200), "]".repeat(200));
    let clean = line(&format!(r#"{{"body":"{deep}"}}"#));
    assert!(!clean.contains("hunter2") && !clean.contains(" x"), "{clean}");
    // Half a character is no JSON to us, and so no line that could be stored.
    let half = r#"{"a":"\ud800 password=hunter2","\udc00password":"hunter2"}"#;
    assert_eq!(scrubber().scrub_line(half).expect_err("no JSON").reason, Reason::NotJson);
    let half = text(half, Extent::Whole);
    assert!(!half.contains("hunter2"), "{half}");
}

/// JSON with keys and texts that come near to secrets; written by hand, for the sake of duplicate keys and escapes.
fn near_json() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "password",
        "user_password",
        "tokens",
        "token_count",
        "authorization",
        "name",
        "value",
        "a",
        "apiKey",
        "cookie",
        "session_id",
        "author",
        r"\u0070in",
        "a=1&token=abc1",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "",
    ]);
    let word = prop::sample::select(vec![
        "password",
        "token=",
        "Authorization",
        ": ",
        "Bearer ",
        "abc123",
        "x",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        " ",
        "&",
        "postgres://a:b@c",
        r"\n",
        r#"\""#,
        r"\\",
        r"\u0041",
        r"\u0070",
        "é",
        "[REDACTED:token]",
        "expired",
        "12",
        "{",
        "}",
        r#"{\"pin\":1234}"#,
        r#"{\"secret\":\"s t\"}"#,
        "-----BEGIN PRIVATE KEY-----",
        "--token",
        "Basic YTpi",
    ]);
    let string = prop::collection::vec(word, 0..4).prop_map(|words| format!("\"{}\"", words.concat()));
    let scalar = prop::sample::select(vec!["1", "-0.5e7", "true", "null", "\"\"", "123456"]).prop_map(str::to_owned);
    let leaf = prop_oneof![3 => string, 1 => scalar];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let member = (key.clone(), inner.clone()).prop_map(|(key, value)| format!("\"{key}\" : {value}"));
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|values| format!("[{}]", values.join(","))),
            prop::collection::vec(member, 0..4).prop_map(|members| format!("{{{}}}", members.join(", "))),
        ]
    })
}

fn near_object() -> impl Strategy<Value = String> {
    prop::collection::vec(near_json(), 1..4).prop_map(|values| format!("{{\"a\":{}}}", values.join(",\"a\":")))
}

/// Keys, shape and everything that is no text, as the naive reader sees it.
fn skeleton(text: &str) -> (Vec<String>, usize) {
    let mut tokens = Tokens::new(text);
    let mut parts = Vec::new();
    while let Some(token) = tokens.next().expect("JSON") {
        parts.push(match token {
            Token::Key(_) => "key".to_owned(),
            Token::String(_) | Token::Number(_) => "scalar".to_owned(),
            other => format!("{other:?}"),
        });
    }
    (parts, tokens.deepest())
}

proptest! {
    // Encrypting is slow in a program that is not optimised.
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_action_is_undone_or_done_twice(input in near_object()) {
        thread_local! {
            static ACTING: RefCell<Vec<Scrubber>> =
                RefCell::new(every_action().into_iter().map(|action| with(acting(action))).collect());
        }
        ACTING.with_borrow_mut(|scrubbers| {
            for scrubber in scrubbers {
                let once = scrubber.scrub_line(&input).expect("an object");
                let twice = scrubber.scrub_line(once.as_str()).expect("an object");
                prop_assert_eq!(&twice, &once);
                prop_assert_eq!(skeleton(once.as_str()), skeleton(&input));
                // What one scrubber left is nothing to another.
                prop_assert_eq!(line(once.as_str()), once.0);
            }
            Ok(())
        })?;
    }
}

#[test]
fn what_is_known_of_a_key_is_that_of_this_key_and_bounded() {
    let detectors = Scrubber::new(Options::default()).detectors;
    let mut keys = KeyCache::new();
    let all = (0..6000).map(|number| format!("{}_{number}", ["password", "host", "user_email"][number % 3]));
    for key in all {
        let facts = KeyFacts::of(&key, &detectors);
        assert!(facts.clean, "{key}");
        assert_eq!(keys.facts(&key, || facts), facts, "{key}");
        assert_eq!(keys.facts(&key, || panic!("`{key}` is not kept")), facts);
    }
    assert!(keys.kept.len() <= KeyCache::SLOTS && keys.kept.len() > KeyCache::SLOTS / 2, "{}", keys.kept.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn scrubbing_twice_changes_nothing(input in near_object()) {
        let once = line(&input);
        prop_assert_eq!(line(&once), once);
    }

    #[test]
    fn a_scrubbed_line_is_json_of_the_same_shape(input in near_object()) {
        let scrubbed = line(&input);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&scrubbed).is_ok(), "{}", scrubbed);
        prop_assert_eq!(skeleton(&scrubbed), skeleton(&input));
    }

    #[test]
    fn the_gate_holds_nothing_back(input in near_json()) {
        let gated = |open| SHARED.with_borrow_mut(|scrubber| {
            scrubber.detectors.gate_is_open = open;
            scrubber.keys = KeyCache::new();
            scrubber.known = Known::new();
            let record = Record {
                metadata: Some(json(&input)),
                user_agent: Some(Cow::Borrowed(&input)),
                ..record()
            };
            let scrubbed = scrubber.scrub(record).expect("JSON");
            scrubber.detectors.gate_is_open = false;
            scrubbed
        });
        prop_assert_eq!(gated(false), gated(true));
    }

    #[test]
    fn a_canary_under_a_telling_key_never_comes_out(
        input in near_object(),
        key in prop::sample::select(vec!["password", "db_pass", "apiKey", "Authorization", r"\u0074oken", "cookie", "pin"]),
        shape in prop::sample::select(vec!["\"CAN4RY\"", "\"x CAN4RY y\"", "[[\"CAN4RY\"]]", "{\"a\":[{\"b\":\"CAN4RY\"}]}", "77777"]),
        at in any::<prop::sample::Index>(),
    ) {
        // Any value may be replaced: the line stays JSON.
        let scalars: Vec<_> = input.match_indices("null").map(|(at, _)| at).collect();
        let planted = format!("{{\"{key}\":{shape}}}");
        let dirty = match scalars.get(at.index(scalars.len().max(1))) {
            Some(at) => format!("{}{planted}{}", &input[..*at], &input[at + 4..]),
            None => format!("{{\"z\":[{input},{planted}]}}"),
        };
        let clean = line(&dirty);
        prop_assert!(!clean.contains("CAN4RY") && !clean.contains("77777"), "{} → {}", dirty, clean);
        // Cut anywhere, and so broken, it keeps the canary no better.
        let cut = dirty.floor_char_boundary(at.index(dirty.len() + 1));
        for extent in [Extent::Whole, Extent::CutOff] {
            let clean = text(&dirty[..cut], extent);
            prop_assert!(!clean.contains("CAN4RY") && !clean.contains("77777"), "{} → {}", &dirty[..cut], clean);
        }
    }

    #[test]
    fn any_text_can_be_scrubbed(input in any::<String>(), cut in any::<bool>()) {
        let extent = if cut { Extent::CutOff } else { Extent::Whole };
        let once = text(&input, extent);
        prop_assert_eq!(text(&once, Extent::Whole), once);
    }
}
