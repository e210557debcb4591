//! JSON as the reader takes it, held against a library.

use super::*;
use proptest::prelude::*;

/// Reads a text to its end, by tokens, as one value, and by the members of an object, and makes sure that this comes out
/// alike. Returns how deep it nests.
fn read(text: &str) -> Result<usize, Error> {
    let mut tokens = Tokens::new(text);
    let to_the_end = |tokens: &mut Tokens<'_>| {
        while tokens.next()?.is_some() {}
        Ok(tokens.deepest())
    };
    let by_tokens = to_the_end(&mut tokens);
    let mut skipping = Tokens::new(text);
    let skipped = skipping.value_text().and_then(|_| to_the_end(&mut skipping));
    assert_eq!(skipped, by_tokens, "{text:?}");
    let mut members = Tokens::new(text);
    if members.next() == Ok(Some(Token::ObjectStart)) {
        let all = loop {
            match members.member() {
                Ok(Some(member)) => {
                    assert_eq!(text[member.at..].get(..member.text.len()), Some(member.text));
                    assert_eq!(read(member.text), Ok(member.depth), "{text:?}");
                }
                Ok(None) => break to_the_end(&mut members),
                Err(error) => break Err(error),
            }
        };
        assert_eq!(all, by_tokens, "{text:?}");
    }
    by_tokens
}

fn accepts(text: &str) -> bool {
    read(text).is_ok()
}

#[test]
fn agrees_with_serde_on_the_shapes_of_the_json_test_suite() {
    for text in [
        "",
        " ",
        "{}",
        "[]",
        "{\"a\":1}",
        "{\"a\":1,}",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\" 1}",
        "{a:1}",
        "{'a':1}",
        "nul",
        "null",
        "nullx",
        "true false",
        "-",
        "-0",
        "-01",
        "01",
        "1.",
        ".1",
        "1e",
        "1e+",
        "1E-7",
        "+1",
        "0x1",
        "1.5e300",
        "NaN",
        "Infinity",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\uD83D\\uDE00\"",
        "\"\\uD800\"",
        "\"\\uDC00\\uD800\"",
        "\"\\u0000\"",
        "\"a\tb\"",
        "\"unterminated",
        "[[[[]]]]",
        "[[[]",
        "]",
        "}",
        "{\"a\":{\"b\":[1,{\"c\":null}]}}",
        "{\"a\":1}}",
        "[1]]",
        "\u{feff}{}",
        "/**/{}",
        "{\"a\":1 \"b\":2}",
        "{1:2}",
        "[\"\":1]",
        "{\"a\"}",
        "\"\u{7f}\"",
    ] {
        let serde = serde_json::from_str::<serde_json::Value>(text).is_ok();
        assert_eq!(accepts(text), serde, "{text:?}");
    }
}

#[test]
fn nesting_is_bounded_and_measured() {
    let deep = "[".repeat(DEPTH_MAX) + &"]".repeat(DEPTH_MAX);
    assert!(accepts(&deep));
    let mut tokens = Tokens::new(&deep);
    assert_eq!(tokens.value_text(), Ok(deep.as_str()));
    assert_eq!(tokens.deepest(), DEPTH_MAX);
    let mut tokens = Tokens::new("[[[[[[");
    while let Ok(Some(_)) = tokens.next() {}
    assert_eq!(tokens.depth(), 6);
    let mut hostile = Tokens::new(Box::leak("[{\"\":".repeat(50_000).into_boxed_str()));
    let end = loop {
        match hostile.next() {
            Ok(Some(_)) => {}
            other => break other,
        }
    };
    assert!(matches!(end, Err(Error::TooDeep { max: DEPTH_MAX, .. })));
}

#[test]
fn keys_and_strings_decode_their_escapes() {
    let mut tokens = Tokens::new(r#"{"\u0070assw\u006Frd" : "a\n\"\\\/\b\f\r\t\u00e9\ud83d\ude00"}"#);
    assert_eq!(tokens.next(), Ok(Some(Token::ObjectStart)));
    let Ok(Some(Token::Key(key))) = tokens.next() else { panic!("a key") };
    assert_eq!(key.decode(), "password");
    let Ok(Some(Token::String(value))) = tokens.next() else { panic!("a string") };
    assert_eq!(value.decode(), "a\n\"\\/\u{8}\u{c}\r\t\u{e9}\u{1f600}");
}

#[test]
fn value_text_is_the_text_as_written() {
    let mut tokens = Tokens::new(r#"{ "a" : 1.000000000000000005 , "b": [ 1e-999 , {"k":1,"k":2} ] }"#);
    tokens.next().unwrap();
    tokens.next().unwrap();
    assert_eq!(tokens.value_text(), Ok("1.000000000000000005"));
    tokens.next().unwrap();
    assert_eq!(tokens.value_text(), Ok(r#"[ 1e-999 , {"k":1,"k":2} ]"#));
    assert_eq!(tokens.next(), Ok(Some(Token::ObjectEnd)));
    assert_eq!(tokens.next(), Ok(None));
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_serde_on_any_value(value in any_json()) {
        let text = value.to_string();
        prop_assert!(accepts(&text));
        prop_assert_eq!(Tokens::new(&text).value_text(), Ok(text.as_str()));
    }

    #[test]
    fn agrees_with_serde_on_damaged_text(
        value in any_json(), at in any::<prop::sample::Index>(), with in "[\\[\\]{}\",:0-9eE.tfn\\\\ -]",
    ) {
        let mut chars: Vec<char> = value.to_string().chars().collect();
        let at = at.index(chars.len());
        chars.splice(at..=at, with.chars());
        let text: String = chars.into_iter().collect();
        let serde = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok()
            && serde_json::from_str::<serde_json::Value>(&text)
                .map_or_else(|error| error.to_string().contains("out of range"), |_| true);
        prop_assert_eq!(accepts(&text), serde, "{:?}", text);
    }

    #[test]
    fn plain_bytes_end_at_the_first_that_is_not(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0x1d_u8..=0x24, 0x5a_u8..=0x5e, Just(b'a')], 0..40),
        plain in 0_usize..20,
    ) {
        let bytes = [vec![0xc3; plain], bytes].concat();
        let naive = bytes.iter().position(|byte| *byte < 0x20 || matches!(byte, b'"' | b'\\')).unwrap_or(bytes.len());
        prop_assert_eq!(plain_length(&bytes), naive);
    }

    #[test]
    fn decodes_as_serde_does(text in any::<String>()) {
        let mut written = Vec::new();
        push_string(&mut written, &text);
        let written = String::from_utf8(written).unwrap();
        let Ok(Some(Token::String(string))) = Tokens::new(&written).next() else { panic!("a string") };
        prop_assert_eq!(string.decode(), text.as_str());
        prop_assert_eq!(decode(string.raw()), text);
    }
}
