//! What looks like a secret, and what like nothing of the kind.

use super::*;

#[track_caller]
fn check(key: &str, value: &str, harmless: bool) {
    let telling = keys::classify(key).expect("a telling key");
    assert_eq!(is_harmless(value, telling, Reading::Prose), harmless, "{key}: {value}");
}

#[test]
fn what_stands_for_a_secret_or_speaks_of_it_is_harmless() {
    for value in [
        "",
        "********",
        "xxxx",
        "****1234",
        "eyJh...",
        "[hidden]",
        "<redacted>",
        "${TOKEN}",
        "{{ token }}",
        ":password",
        "?",
        "%s",
        "$1",
        "invalid",
        "The password field is required.",
        "is too short (minimum is 8 characters)",
        "required|string|min:12",
        "2026-09-14T08:00:00Z",
        "[REDACTED:password]",
        "arn:aws:secretsmanager:eu-central-1:1:secret:x",
        "/var/run/secrets/db",
        "req.body.password",
    ] {
        check("password", value, true);
    }
    for value in ["hunter2", "letmein", "changeme", "correct horse battery", "my dog Rex 99", "a", "2026-09-14"] {
        check("password", value, false);
    }
}

#[test]
fn what_only_looks_like_a_mask_or_a_placeholder_is_a_secret() {
    for value in [
        "${DB_PASSWORD:-hunter2}",
        "${DB_PASSWORD:-letmein}",
        "[FILTERED] hunter2",
        "hunter2 [REDACTED]",
        "<hunter2>",
        "{hunter2}",
        "%hunter2%",
        "#{hunter2}",
        "{{hunter2}}",
        "$(hunter2)",
        "%{hunter2}",
        "(suppressed hunter2",
        "secret!!",
        "!!secure",
        "xNO_LOGx9",
        "[PII hunter2",
        "[PII of type String] hunter2",
        "<1234>",
        "~12345",
        "Letmein_Please",
        "Summer-Changed",
    ] {
        check("password", value, false);
    }
    for value in [
        "[FILTERED]",
        "**REDACTED**",
        "<<hidden>>",
        "%5BFILTERED%5D",
        "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER",
        "SecretBox<str>([REDACTED])",
        "${DB_PASSWORD}",
        "${DB_PASSWORD:?err}",
        "#{ENV['DB_PASSWORD']}",
        "${{ secrets.NPM_TOKEN }}",
        "$(cat /run/secrets/token)",
        "%env(APP_SECRET)%",
        "<32 random bytes>",
        "<your-password>",
        "(known after apply)",
        "NotPresent",
    ] {
        check("password", value, true);
    }
}

#[test]
fn a_value_must_have_the_form_that_its_key_lets_one_expect() {
    check("email", "kim@mail.test", false);
    check("email", "queued", true);
    check("phone", "+49 151 51252968", false);
    check("phone", "iPhone 15", true);
    check("ssn", "219-02-4187", false);
    check("card_number", "4539 8745 0503 6989", false);
    check("card_number", "4242", true);
    check("dob", "1984-02-29T00:00:00Z", false);
    check("dob", "required", true);
    check("full_name", "Jörg Müller", false);
    check("full_name", "acme/widgets", true);
    check("address", "221b Baker Street", false);
    check("address", "10.0.0.1:80", true);
    check("address", "0x7ffd1234", true);
    check("code", "SplxlOBeZQQYbYS6WxSbIA", false);
    check("code", "E_TOKEN_EXPIRED", true);
    check("otp", "482913", false);
    check("otp", "sms", true);
    check("session", "b2f81c9d77e04aa1", false);
    check("session", "expired", true);
}

#[test]
fn small_numbers_of_secrets_are_counts() {
    let number = |key, number| is_secret_number(number, keys::classify(key).expect("a telling key"));
    assert!(number("otp", "482913") && number("pin", "7391") && number("pan", "371343085331168"));
    assert!(!number("tokens", "4096") && !number("secrets", "12") && !number("pan", "3") && !number("email", "3"));
    assert!(number("passwords", "123456"));
}
