//! What is found in a text, and what is not.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::super::detectors::Detectors;
use super::*;

fn scrub(text: &str, reading: Reading) -> String {
    let text = unescape(text);
    let mut spans = Vec::new();
    find(&text, reading, &Words::default(), &mut spans);
    redact(&text, &mut spans, &Actions::default())
}

#[test]
fn values_of_telling_keys_in_prose_are_redacted() {
    #[track_caller]
    fn check(text: &str, want: &str) {
        assert_eq!(scrub(text, Reading::Prose), want);
    }
    check("password=hunter2", "password=[REDACTED:password]");
    check("a=1&password=x&b=2", "a=1&password=[REDACTED:password]&b=2");
    check("login=kim&user%5Bpassword%5D=n3w&x=1", "login=kim&user%5Bpassword%5D=[REDACTED:password]&x=1");
    check("user[password]=n3w&x=1", "user[password]=[REDACTED:password]&x=1");
    check("params['password']='n3w'", "params['password']='[REDACTED:password]'");
    check("to=https%3A%2F%2Fa%3Ftoken%3Dabc1%26b%3D1", "to=https%3A%2F%2Fa%3Ftoken%3D[REDACTED:token]%26b%3D1");
    check("password: hunter2", "password: [REDACTED:password]");
    check("password : hunter2, user: kim", "password : [REDACTED:password], user: kim");
    check("bind_password=K0ffee_kMVy port=636", "bind_password=[REDACTED:password] port=636");
    check("password=a,b;c!d port=1", "password=[REDACTED:password] port=1");
    check("Server=db;Password=abc;Encrypt=1", "Server=db;Password=[REDACTED:password];Encrypt=1");
    check("User(password=abc, name=kim)", "User(password=[REDACTED:password], name=kim)");
    check("User { password: \"a b\", name: \"kim\" }", "User { password: \"[REDACTED:password]\", name: \"kim\" }");
    check("password: Some(\"a b\"), id: 1", "password: [REDACTED:password]), id: 1");
    check("{'password': 'a b', 'id': 1}", "{'password': '[REDACTED:password]', 'id': 1}");
    check("{:password=>\"a b\", :id=>1}", "{:password=>\"[REDACTED:password]\", :id=>1}");
    check("body {\"password\":\"a\\\"b\"} sent", "body {\"password\":\"[REDACTED:password]\"} sent");
    check("{\\\"password\\\":\\\"a b\\\"}", "{\\\"password\\\":\\\"[REDACTED:password]\\\"}");
    check("\"\\u0070assword\":\"x1\"", "\"password\":\"[REDACTED:password]\"");
    check("API key: abc-123.", "API key: [REDACTED:api_key]");
    check("the session id = abc123", "the session id = [REDACTED:session]");
    check("Authorization: Bearer x", "Authorization: Bearer [REDACTED:bearer]");
    check("Authorization: Basic eDp5 sent", "Authorization: Basic [REDACTED:basic] sent");
    check("Authorization: abc def\nHost: a", "Authorization: [REDACTED:authorization]\nHost: a");
    check("authorization: digest username=\"kim\"", "authorization: digest [REDACTED:authorization]\"kim\"");
    check("Cookie: sid=b; c=d\r\nHost: a", "Cookie: sid=[REDACTED:cookie]; c=d\r\nHost: a");
    check("curl -H 'Cookie: sid=b; c=d' https://a.test", "curl -H 'Cookie: sid=[REDACTED:cookie]; c=d' https://a.test");
    check("Cookie: abc123", "Cookie: [REDACTED:cookie]");
    check("X-Api-Key: abc", "X-Api-Key: [REDACTED:api_key]");
    check("passphrase: correct horse battery", "passphrase: [REDACTED:passphrase]");
    check("mysql --password=abc -e", "mysql --password=[REDACTED:password] -e");
    check("tool --api-key abc --verbose", "tool --api-key [REDACTED:api_key] --verbose");
    check(
        "tool --password HUNTER --api-key API_KEY1",
        "tool --password [REDACTED:password] --api-key [REDACTED:api_key]",
    );
    check("<password>a b</password>", "<password>[REDACTED:password]</password>");
    check("//registry.test/:_authToken=abc1", "//registry.test/:_authToken=[REDACTED:token]");
    check("otpauth://totp/Dev:kim?secret=IJL&issuer=Dev", "otpauth://totp/Dev:kim?secret=[REDACTED:secret]&issuer=Dev");
    check("UPDATE u SET password = 'a b' WHERE id = 1", "UPDATE u SET password = '[REDACTED:password]' WHERE id = 1");
    check("password=[REDACTED:password]hunter2", "password=[REDACTED:password]");
    check("var password string = \"a b\"", "var password string = \"[REDACTED:password]\"");
    check("let password: &str = \"a b\";", "let password: &str = \"[REDACTED:password]\";");
    check("$password .= 'a b'", "$password .= '[REDACTED:password]'");
    check("DB_PASSWORD ?= hunter2", "DB_PASSWORD ?= [REDACTED:password]");
    check("os.getenv(\"DB_PASSWORD\", \"a b\")", "os.getenv(\"DB_PASSWORD\", \"[REDACTED:password]\")");
    check("set(\"X-Auth-Token\", \"9f86d081\")", "set(\"X-Auth-Token\", \"[REDACTED:token]\")");
    check("acme token - '9f86d081884c7d65'", "acme token - '[REDACTED:token]'");
    check("x auth: {name: 'kim', val: 'S3cr3tx'}", "x auth: [REDACTED:token]");
    check("x auth: [\"kim\", \"up\", \"pa:ss9word\"]", "x auth: [REDACTED:token]");
    check("password ::= \"a b\"", "password ::= \"[REDACTED:password]\"");
    check("ACME_WIDGETS_KEY=9f86d081884c7d65", "ACME_WIDGETS_KEY=[REDACTED:api_key]");
    check("mailgun key 9f86d081884c7d65 refused", "mailgun key [REDACTED:api_key] refused");
    check("password=[REDACTED:hunter2]", "password=[REDACTED:password]");
    check("tokens: abc123", "tokens: [REDACTED:token]");
    check("pass=1234 pin: 9876", "pass=[REDACTED:password] pin: [REDACTED:pin]");
    check("password=\"unterminated and", "password=\"[REDACTED:password]");
    check("password: 'it''s a b' x", "password: '[REDACTED:password]' x");
    check("password: !!str hunter2", "password: !!str [REDACTED:password]");
    check("userPassword:: aHVudGVyMg==\nx: y", "userPassword:: [REDACTED:password]\nx: y");
    check("UID=a;PWD={br}}ace;x};Encrypt=yes", "UID=a;PWD={[REDACTED:password]};Encrypt=yes");
    check("<key>accessToken</key><string>a1b2</string>", "<key>accessToken</key><string>[REDACTED:token]</string>");
    check("<Password><Value>a b</Value></Password>", "<Password><Value>[REDACTED:password]</Value></Password>");
    check("{\"token\":[]string{\"a1b2\"}}", "{\"token\":[]string{\"[REDACTED:token]\"}}");
    check("#{<<\"password\">> => <<\"a b\">>}", "#{<<\"password\">> => <<\"[REDACTED:password]\">>}");
    check("[\"password\":protected]=> \"a b\"", "[\"password\":protected]=> \"[REDACTED:password]\"");
    check(
        "[\"password\":\"App\\User\":private]=> \"a b\"",
        "[\"password\":\"App\\User\":private]=> \"[REDACTED:password]\"",
    );
    check("variable \"db_pass\" { default = \"a b\" }", "variable \"db_pass\" { default = \"[REDACTED:password]\" }");
    check("&quot;password&quot;:&quot;a b&quot;,", "&quot;password&quot;:&quot;[REDACTED:password]&quot;,");
    check(
        "\u{1b}[33mpassword\u{1b}[0m=\u{1b}[36ma1b2 x",
        "\u{1b}[33mpassword\u{1b}[0m=\u{1b}[36m[REDACTED:password] x",
    );
    check("cs1Label=password cs1=hunter2 act=x", "cs1Label=password cs1=[REDACTED:password] act=x");
    check("Unseal Key 1: abc123", "Unseal Key 1: [REDACTED:secret_key]");
    check("auth=('kim', 'hunter2')", "auth=('kim', '[REDACTED:password]')");
    check("tool -token a1b2c3d4 -v", "tool -token [REDACTED:token] -v");
}

#[test]
fn the_names_of_arguments_in_a_usage_message_stay() {
    for text in ["[--password PASSWORD] [-h]", "tool --token TOKEN", "--api-key API_KEY --access-token TOKEN"] {
        assert_eq!(scrub(text, Reading::Prose), text);
    }
}

#[test]
fn prose_about_secrets_stays() {
    #[track_caller]
    fn check(text: &str) {
        assert_eq!(scrub(text, Reading::Prose), text);
    }
    check("the password was reset by support");
    check("token refresh took 40 ms");
    check("Invalid token: expired");
    check("password: must be at least 8 characters");
    check("Authorization: denied for kim");
    check("Authorization: Bearer");
    check("password=");
    check("password=null token=undefined");
    check("max_tokens=4096 input_tokens: 230");
    check("token_count=12&token_type=bearer");
    check("select token_hash from api_tokens where id = ?");
    check("UPDATE u SET password = ? WHERE token = $1 AND secret = :secret");
    check("password=${DB_PASSWORD} token={{ token }} secret=<your secret>");
    check("App\\Auth\\Token::create()");
    check("https://dev.test/forgot-password?lang=de");
    check("app/http/AuthTokenController.php:41");
    check("author: kim, monkey=1, keyboard: de");
    check("token at: 2026-09-14T08:00:00Z");
    check("token=2026-09-14T08:00:00+02:00");
    check("password: ********");
    check("password=[REDACTED:password], next");
    check("<string>password</string><string>email</string>");
    check("variable \"region\" { default = \"eu-central-1\" }");
    check("auth=('web', 'api')");
    check("token -p 8080");
    check("Authorization: Bearer [REDACTED:bearer]");
    check("[REDACTED:jwt]: malformed-by=kim");
    check("if (password != confirmation) fail");
    check("cache key 9f86d081884c7d65 missed");
    check("get(\"password\", \"token\")");
    check("get(\"password_hint\", \"a b\")");
    check("header(\"Authorization\", \"required\")");
    check("the key string = 9f86d081884c7d65");
    check("string password = 2; optional string otp = 3;");
}

#[test]
fn broken_json_keeps_no_value_of_a_telling_key() {
    #[track_caller]
    fn check(text: &str, want: &str) {
        assert_eq!(scrub(text, Reading::Broken), want);
    }
    check(r#"{"event_key":"x","password":"hunter2"#, r#"{"event_key":"x","password":"[REDACTED:password]"#);
    check(r#"{"password":"hunter2","#, r#"{"password":"[REDACTED:password]","#);
    check(r#"{"password" : 12345,"a":1"#, r#"{"password" : [REDACTED:password],"a":1"#);
    check(r#"{"password":hunter 2!, "a":1"#, r#"{"password":[REDACTED:password], "a":1"#);
    check(r#"{"password":"hun"ter2","a":1}"#, r#"{"password":"[REDACTED:password]","a":1}"#);
    check(r#"{"\u0070assword":"x""#, r#"{"password":"[REDACTED:password]""#);
    check(r#"{'password':'x','a':1"#, r#"{'password':'[REDACTED:password]','a':1"#);
    check(r#"{password:x,a:1"#, r#"{password:[REDACTED:password],a:1"#);
    check(r#"{"password" "x","a":1"#, r#"{"password" "[REDACTED:password]","a":1"#);
    check(r#"{"password","x"}"#, r#"{"password","[REDACTED:password]"}"#);
    check(r#"[["Cookie","sid=b; c"],["Via","1"]"#, r#"[["Cookie","sid=[REDACTED:cookie]; c"],["Via","1"]"#);
    check(r#"{"name":"password","value":"x y","a"#, r#"{"name":"password","value":"[REDACTED:password]","a"#);
    check(r#"{"fields":"password","other":"x","a"#, r#"{"fields":"password","other":"x","a"#);
    check(r#"{"credentials":{"a":"x","b":["y"]},"c":1"#, r#"{"credentials":[REDACTED:credential],"c":1"#);
    check(r#"{"credentials":{"a":"}","b":"#, r#"{"credentials":[REDACTED:credential]"#);
    check(r#"{"body":"{\"password\":\"a b\"}","a":1"#, r#"{"body":"{\"password\":\"[REDACTED:password]\"}","a":1"#);
    check(
        r#"{"body":"{\u0022password\u0022:\u0022a b\u0022}","a":1"#,
        r#"{"body":"{\"password\":\"[REDACTED:password]\"}","a":1"#,
    );
    check(r#"{"q":"a\u0026token\u003dabc1\u0026b","#, r#"{"q":"a&token=[REDACTED:token]&b","#);
    check(r#"{"log":"password=abc\nnext","#, r#"{"log":"password=[REDACTED:password]\nnext","#);
    check(r#"{"h":"Cookie: sid=b; c=d\r\nVia: 1","#, r#"{"h":"Cookie: sid=[REDACTED:cookie]; c=d\r\nVia: 1","#);
    check(r#"{"Authorization":"Bearer abc","#, r#"{"Authorization":"Bearer [REDACTED:bearer]","#);
    check("password: expired", "password: [REDACTED:password]");
    check(r#"{"password":"[REDACTED:password]","a":"#, r#"{"password":"[REDACTED:password]","a":"#);
    check(r#"{"password":null,"token":true,"a":"#, r#"{"password":null,"token":true,"a":"#);
    check(r#"{"max_tokens":5,"a":"#, r#"{"max_tokens":5,"a":"#);
}

#[test]
fn the_last_token_of_a_cut_text_goes() {
    #[track_caller]
    fn check(text: &str, want: &str) {
        assert_eq!(without_last_token(text), want);
    }
    check(r#"{"a":"x","b":"eyJhbG"#, r#"{"a":"x","b":""#);
    check("a b", "a ");
    check("abc", "");
    check("", "");
    check("a=1&tok=ab", "a=1&");
}

#[test]
fn escapes_that_hide_letters_are_undone() {
    #[track_caller]
    fn check(text: &str, want: &str) {
        assert_eq!(unescape(text), want);
    }
    check(r"\u0070ass", "pass");
    check(r"\\u0070ass", "pass");
    check(r"\u0022\u005c\u000a\u00e9", r#"\"\\\u000a\u00e9"#);
    check(r":\/\/", "://");
    check(r"\n\\ \u12 \", r"\n\\ \u12 \");
}

#[test]
fn texts_that_come_near_to_secrets_take_linear_time() {
    for part in [
        "mysql ",
        "mysql x ",
        "mysql -p'",
        "sudo ",
        "echo a | ",
        "echo a ",
        "<<<",
        "password for ",
        "password for a: ",
        "password is a1 to ",
        "x=@p0,",
        "=$1 $1 = '",
        "(pin)=(",
        "PASSWORD FROM '",
        "IDENTIFIED BY ",
        "<key>pin</key>",
        "<key>pin",
        "&quot;pin&quot;:",
        "\u{1b}[0m",
        "pin\ta1b2c3d4\t",
        "\0a\0",
        "{pin,<<\"",
        "default = ",
        "\"pin\" { default = ",
        "config set a.token ",
        "login a:b ",
        "x1Label=pin ",
        "auth=('a',",
        "PWD={",
        "-token ",
        "пароль ",
        "login(",
        "login('",
        "VALUES (",
        "(pin) VALUES ('",
        "/reset/",
        "name=pin ",
        "name=\"pin\" ",
        "value=a ",
        "code=",
        "session=",
        "?key=",
        "\"phone\":a  ",
        "\"phone\":\"a ",
        "\"pin\":\"*** ",
        "pin='***",
        "Cookie: a=1; ",
        "Cookie: ",
        "Set-Cookie: a=1",
        "password \"",
        "password is ",
        "passphrase abc ",
        "mysql -p",
        "mysql -p'",
        " AUTH",
        "%25",
        "%3d%70",
        "phone: 1 ",
        "address: a ",
        "->",
        "<a ",
        "a>",
        "string(1",
        ";s:1:",
        "identified by '",
        " is your ",
        "***",
    ] {
        for reading in [Reading::Prose, Reading::Broken] {
            let time = |bytes: usize| {
                let long = part.repeat(bytes / part.len());
                let began = crate::scrub::thread_time();
                let mut spans = Vec::new();
                find(&long, reading, &Words::default(), &mut spans);
                let _ = hides_letters(&long);
                crate::scrub::thread_time().saturating_sub(began)
            };
            // Eight times the text takes eight times as long, or 64 times if anything is quadratic. In between
            // lies room for a busy machine.
            let (short, long) = (time(1 << 14), time(1 << 17));
            let limit = short * 32 + std::time::Duration::from_millis(100);
            assert!(long < limit, "{part:?}, {reading:?}: {short:?}, then {long:?}");
        }
    }
}

fn near_secret() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "password",
        "token",
        "max_tokens",
        "Cookie",
        "Authorization",
        "Bearer ",
        "api key",
        "--secret",
        "name",
        "value",
        "=",
        ":",
        ": ",
        "=>",
        "%3D",
        "%26",
        "&",
        ",",
        ", ",
        ";",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "<",
        ">",
        "</",
        "\"",
        "'",
        "\\\"",
        "\\",
        "\\u0070",
        "\\n",
        "\n",
        " ",
        "x1",
        "abc",
        "12",
        "é",
        "expired",
        "null",
        "Some(",
        "[REDACTED:password]",
        "[REDACTED:token]",
        "[REDACTED:",
        "passphrase",
        "/reset/",
        "login(",
        "VALUES (",
        "'",
        " is ",
        "hunter22",
        "8f1d3c5b7a9e2f4d6c8b0a1e",
        "mysql -p",
        "curl -u a:",
        "\nPASS ",
        "LOGIN a ",
        "code ",
        "your ",
        "%70",
        "%25",
        "phone",
        "email",
        "a@b.test",
        "first_name",
        "address",
        "IDENTIFIED BY ",
        "string(2) ",
        ";s:2:",
        "->",
        "|\n  ",
        "\r\n\r\n",
        "sid=",
        "; ",
        "?key=",
        "***",
        "get(",
        "?",
        "$1",
        "-",
    ]);
    prop::collection::vec(parts, 0..14).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn scrubbing_text_twice_changes_nothing(text in near_secret(), broken in any::<bool>()) {
        static DETECTORS: LazyLock<Detectors> = LazyLock::new(Detectors::new);
        let reading = if broken { Reading::Broken } else { Reading::Prose };
        if let Some((once, _)) = DETECTORS.redact(&text, reading) {
            prop_assert_eq!(DETECTORS.redact(&once, reading), None, "{}", once);
        }
    }

    #[test]
    fn spans_are_ordered_ranges_of_the_text(text in near_secret(), broken in any::<bool>()) {
        let mut spans = Vec::new();
        find(&text, if broken { Reading::Broken } else { Reading::Prose }, &Words::default(), &mut spans);
        for span in &spans {
            prop_assert!(!text[span.range.clone()].is_empty());
        }
        prop_assert!(spans.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start));
    }

    #[test]
    fn what_stands_before_a_cut_stays(text in any::<String>()) {
        prop_assert!(text.starts_with(without_last_token(&text)));
    }
}
