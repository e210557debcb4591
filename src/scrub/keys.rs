//! Which keys are telling: their name alone says that the value is a secret.
//!
//! A key is split into words (camelCase, snake_case, kebab-case, dots, digits) and whole words are looked up, never
//! substrings: `author` is not `auth`, `monkey` is not `key`. A telling word counts wherever it stands, unless the key
//! ends in a word that makes the value a fact about the secret (`token_count`, `password_changed_at`).
//!
//! Invariant: the class of a key depends on its text alone.
//! Invariant: a telling key contains one of [`gate_words`], in any ASCII case, unless its letters are escaped.

use super::markers::Kind;

/// What a telling key says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Telling {
    /// The rule's id, as markers and metrics show it.
    pub rule: &'static str,
    /// What a number under the key is.
    pub numbers: Numbers,
}

/// What a number under a telling key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// A secret, as under `otp`.
    Secret,
    /// A count, as under `input_tokens`.
    Count,
}

/// Telling words, each with its rule.
const WORDS: &[(&str, &str)] = &[
    ("password", "password"),
    ("passwords", "password"),
    ("passwd", "password"),
    ("passwort", "password"),
    ("passcode", "password"),
    ("pwd", "password"),
    ("passphrase", "passphrase"),
    ("secret", "secret"),
    ("secrets", "secret"),
    ("token", "token"),
    ("tokens", "token"),
    ("jwt", "token"),
    ("bearer", "token"),
    ("authorization", "authorization"),
    ("cookie", "cookie"),
    ("cookies", "cookie"),
    ("credential", "credential"),
    ("credentials", "credential"),
    ("creds", "credential"),
    ("otp", "otp"),
    ("otps", "otp"),
    ("totp", "otp"),
    ("hotp", "otp"),
    ("pin", "pin"),
    ("pins", "pin"),
    ("cvv", "cvv"),
    ("cvc", "cvv"),
    ("csrf", "csrf"),
    ("xsrf", "csrf"),
    ("phpsessid", "session"),
    ("jsessionid", "session"),
];

/// Words that are telling only at the end of a key: `db_pass`, but not `pass_rate`.
const LAST_WORDS: &[(&str, &str)] = &[("pass", "password"), ("pw", "password")];

/// Words that are telling only as the whole key; elsewhere (`account_sid`) they are mere ids.
const LONE_WORDS: &[(&str, &str)] = &[("sid", "session")];

/// Two words that are telling side by side (`api_key`) or as one (`apikey`), each with its rule.
const PAIRS: &[(&str, &str, &str)] = &[
    ("pass", "word", "password"),
    ("pass", "phrase", "passphrase"),
    ("user", "password", "password"),
    ("db", "password", "password"),
    ("new", "password", "password"),
    ("old", "password", "password"),
    ("client", "secret", "secret"),
    ("app", "secret", "secret"),
    ("api", "secret", "secret"),
    ("totp", "secret", "secret"),
    ("access", "token", "token"),
    ("refresh", "token", "token"),
    ("auth", "token", "token"),
    ("api", "token", "token"),
    ("bearer", "token", "token"),
    ("csrf", "token", "token"),
    ("xsrf", "token", "token"),
    ("csrfmiddleware", "token", "token"),
    ("session", "token", "token"),
    ("id", "token", "token"),
    ("set", "cookie", "cookie"),
    ("otp", "code", "otp"),
    ("totp", "code", "otp"),
    ("mfa", "code", "otp"),
    ("2fa", "code", "otp"),
    ("sms", "code", "otp"),
    ("auth", "code", "otp"),
    ("login", "code", "otp"),
    ("device", "code", "otp"),
    ("verification", "code", "otp"),
    ("two", "factor", "otp"),
    ("twofactor", "code", "otp"),
    ("code", "verifier", "otp"),
    ("pin", "code", "pin"),
    ("security", "code", "cvv"),
    ("recovery", "code", "recovery_code"),
    ("recovery", "codes", "recovery_code"),
    ("recovery", "phrase", "recovery_code"),
    ("backup", "code", "recovery_code"),
    ("backup", "codes", "recovery_code"),
    ("seed", "phrase", "recovery_code"),
    ("session", "id", "session"),
    ("session", "ids", "session"),
    ("session", "key", "session"),
    ("session", "cookie", "session"),
    ("sess", "id", "session"),
    ("connect", "sid", "session"),
    ("session", "sid", "session"),
    ("laravel", "session", "session"),
    ("api", "key", "api_key"),
    ("api", "keys", "api_key"),
    ("app", "key", "api_key"),
    ("application", "key", "api_key"),
    ("private", "key", "private_key"),
    ("private", "keys", "private_key"),
    ("ssh", "key", "private_key"),
    ("access", "key", "secret_key"),
    ("access", "keys", "secret_key"),
    ("account", "key", "secret_key"),
    ("auth", "key", "secret_key"),
    ("encryption", "key", "secret_key"),
    ("hmac", "key", "secret_key"),
    ("master", "key", "secret_key"),
    ("secret", "key", "secret_key"),
    ("shared", "key", "secret_key"),
    ("signing", "key", "secret_key"),
];

/// Halves of pairs that are too common in telemetry to search for while the other half will do.
const COMMON: &[&str] =
    &["access", "account", "app", "application", "code", "device", "id", "ids", "key", "keys", "login"];

/// Words whose numbers are counts: many of a thing that is never a number itself.
const COUNTED: &[&str] = &["tokens", "cookies"];

/// Words that end a key whose value is a fact about a secret, not the secret.
#[rustfmt::skip]
const TAILS: &[&str] = &[
    "age", "alg", "algo", "algorithm", "at", "attempt", "attempts", "available", "backend", "banner", "brand", "bucket",
    "budget", "bytes", "changed", "channel", "check", "checked", "class", "completion", "consent", "controller", "cost",
    "count", "counts", "country", "created", "date", "days", "digits", "domain", "driver", "duration", "enabled",
    "endpoint", "error", "errors", "event", "exists", "expired", "expires", "expiry", "failures", "field", "fields",
    "file", "filename", "format", "handler", "hash", "hashed", "hmac", "host", "hours", "id", "ids", "in", "index",
    "issuer", "kind", "label", "last", "latency", "length", "limit", "location", "masked", "max", "method", "methods",
    "min", "minutes", "mode", "ms", "name", "names", "offset", "ok", "on", "out", "path", "period", "placeholder",
    "policy", "position", "prefix", "present", "price", "prompt", "provider", "rate", "reason", "remaining", "required",
    "requirements", "reset", "resets", "result", "results", "rotated", "rules", "s", "scheme", "scope", "scopes", "sec",
    "second", "seconds", "sent", "service", "size", "started", "state", "status", "step", "store", "strategy",
    "strength", "supported", "template", "timeout", "total", "ttl", "type", "types", "updated", "uri", "url", "urls",
    "usage", "used", "user", "username", "valid", "validation", "validity", "verified", "version", "window",
    // Names of files.
    "conf", "go", "html", "java", "js", "json", "log", "php", "py", "rb", "rs", "toml", "ts", "tsx", "txt", "xml", "yaml", "yml",
];

/// The class of a key, given with its escapes decoded.
pub fn classify(key: &str) -> Option<Telling> {
    let words = words(key);
    let last = words.len().checked_sub(1)?;
    // The match nearest to the end names the rule best: `password_reset_token` is a token.
    let (end, telling) = (0..words.len()).rev().find_map(|at| Some((at, telling_at(&words, at)?)))?;
    let tail = if end == last { None } else { Some(words[last].text) };
    if tail.is_some_and(|tail| contains(TAILS, tail)) { None } else { Some(telling) }
}

/// The class of two words that stand apart, as in the prose `API key: …`. Only the pairs are looked up.
pub fn classify_pair(before: &str, word: &str) -> Option<Telling> {
    let (before, words) = (words(before), words(word));
    let [word] = words[..] else { return None };
    pair(before.last()?.text, word.text)
}

/// What every telling key has one of, lower-case: the patterns of the raw-line gate.
pub fn gate_words() -> Vec<&'static str> {
    let single = [WORDS, LAST_WORDS, LONE_WORDS].into_iter().flatten().map(|(word, _)| *word);
    let paired = PAIRS.iter().map(|(a, b, _)| match (COMMON.contains(a), COMMON.contains(b)) {
        (true, false) => *b,
        (false, true) => *a,
        (true, true) | (false, false) if a.len() > b.len() => *a,
        (true, true) | (false, false) => *b,
    });
    let mut words: Vec<&str> = single.chain(paired).collect();
    words.sort_by_key(|word| (word.len(), *word));
    let mut gate: Vec<&str> = Vec::new();
    for word in words {
        if !gate.iter().any(|shorter| word.contains(shorter)) {
            gate.push(word);
        }
    }
    gate
}

/// Every rule that a key can fire, and what it finds.
pub fn rules() -> impl Iterator<Item = (&'static str, Kind)> {
    let single = [WORDS, LAST_WORDS, LONE_WORDS].into_iter().flatten().map(|(_, rule)| *rule);
    single.chain(PAIRS.iter().map(|(_, _, rule)| *rule)).map(|rule| (rule, Kind::Secret))
}

/// The words of each rule, for people.
#[cfg(test)]
pub fn table() -> std::collections::BTreeMap<(Kind, &'static str), Vec<String>> {
    let single = [WORDS, LAST_WORDS, LONE_WORDS].into_iter().flatten().map(|(word, rule)| (*rule, (*word).to_owned()));
    let pairs = PAIRS.iter().map(|(a, b, rule)| (*rule, format!("{a}_{b}")));
    let mut table = std::collections::BTreeMap::<_, Vec<String>>::new();
    for (rule, words) in single.chain(pairs) {
        table.entry((Kind::Secret, rule)).or_default().push(words);
    }
    table
}

/// The class of a key that a rule beyond these tables calls telling.
pub fn own(rule: &'static str) -> Telling {
    telling(rule, "")
}

/// Whether a word at the end of a key makes the value a fact about the secret.
pub fn is_tail(word: &str) -> bool {
    contains(TAILS, word)
}

/// The words of a key, as it writes them.
pub fn word_texts(key: &str) -> Vec<&str> {
    words(key).into_iter().map(|word| word.text).collect()
}

/// A word of a key, and the run of letters it is part of.
#[derive(Debug, Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    run: &'a str,
}

fn telling_at(words: &[Word<'_>], at: usize) -> Option<Telling> {
    let word = words[at];
    let last = at + 1 == words.len();
    let alone = words.len() == 1;
    let rule = (at.checked_sub(1).and_then(|before| pair(words[before].text, word.text)))
        .or_else(|| whole(word.text))
        // Odd casing (`PassWORD`, `sEcret`) splits a word in the wrong places, so the run of letters counts too.
        .or_else(|| whole(word.run))
        .or_else(|| if last { lookup(LAST_WORDS, word.text) } else { None })
        .or_else(|| if alone { lookup(LONE_WORDS, word.text) } else { None })?;
    Some(rule)
}

fn whole(word: &str) -> Option<Telling> {
    lookup(WORDS, word).or_else(|| {
        let glued = |a: &str, b: &str| {
            word.len() == a.len() + b.len()
                && word.as_bytes()[..a.len()].eq_ignore_ascii_case(a.as_bytes())
                && word.as_bytes()[a.len()..].eq_ignore_ascii_case(b.as_bytes())
        };
        PAIRS.iter().find(|(a, b, _)| glued(a, b)).map(|(_, b, rule)| telling(rule, b))
    })
}

fn pair(before: &str, word: &str) -> Option<Telling> {
    let found = PAIRS.iter().find(|(a, b, _)| b.eq_ignore_ascii_case(word) && a.eq_ignore_ascii_case(before));
    found.map(|(_, b, rule)| telling(rule, b))
}

fn lookup(table: &[(&'static str, &'static str)], word: &str) -> Option<Telling> {
    table.iter().find(|(known, _)| known.eq_ignore_ascii_case(word)).map(|(known, rule)| telling(rule, known))
}

fn telling(rule: &'static str, word: &str) -> Telling {
    Telling { rule, numbers: if COUNTED.contains(&word) { Numbers::Count } else { Numbers::Secret } }
}

fn contains(table: &[&str], word: &str) -> bool {
    table.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// The words of a key. Whatever is no ASCII letter stands between words, but for the 2 of `2fa`.
fn words(key: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut behind = 0;
    for run in key.split(|char: char| !char.is_ascii_alphabetic()) {
        let begin = behind;
        behind += run.len() + key[begin + run.len()..].chars().next().map_or(0, char::len_utf8);
        if run.is_empty() {
            continue;
        }
        if let Some(text) = begin.checked_sub(1).and_then(|at| key.get(at..begin + 2))
            && text.eq_ignore_ascii_case("2fa")
            && !run[2..].starts_with(|char: char| char.is_ascii_lowercase())
        {
            words.push(Word { text, run: text });
            if run.len() > 2 {
                words.extend(camel_words(&run[2..]));
            }
            continue;
        }
        words.extend(camel_words(run));
    }
    words
}

/// The words of a run of letters, which is not empty.
fn camel_words(run: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let bytes = run.as_bytes();
    let mut start = 0;
    for at in 1..bytes.len() {
        let upper = bytes[at].is_ascii_uppercase();
        let after_lower = bytes[at - 1].is_ascii_lowercase();
        let before_lower = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
        if upper && (after_lower || before_lower) {
            words.push(Word { text: &run[start..at], run });
            start = at;
        }
    }
    words.push(Word { text: &run[start..], run });
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn telling_keys_are_telling_however_they_are_written() {
        #[track_caller]
        fn check(key: &str, rule: &str) {
            assert_eq!(classify(key).map(|telling| telling.rule), Some(rule), "{key}");
        }
        check("password", "password");
        check("Password", "password");
        check("PASSWORD", "password");
        check("PassWord", "password");
        check("pAssword", "password");
        check("pass_word", "password");
        check("password2", "password");
        check("2password", "password");
        check("userPassword", "password");
        check("user_password_confirmation", "password");
        check("old-password", "password");
        check("form.password", "password");
        check("user[password]", "password");
        check("dbpassword", "password");
        check("DB_PASSWORD", "password");
        check("passwd", "password");
        check("mysql_pwd", "password");
        check("db_pass", "password");
        check("userPass", "password");
        check("pass", "password");
        check("sshPassphrase", "passphrase");
        check("secret", "secret");
        check("client_secret", "secret");
        check("clientsecret", "secret");
        check("totpSecret", "secret");
        check("secret_key_base", "secret_key");
        check("awsSecretAccessKey", "secret_key");
        check("token", "token");
        check("accessToken", "token");
        check("access_token", "token");
        check("accesstoken", "token");
        check("X-Auth-Token", "token");
        check("_authToken", "token");
        check("password_reset_token", "token");
        check("tokens", "token");
        check("JWTToken", "token");
        check("jwt", "token");
        check("Authorization", "authorization");
        check("proxy-authorization", "authorization");
        check("Cookie", "cookie");
        check("Set-Cookie", "cookie");
        check("credentials", "credential");
        check("otp", "otp");
        check("otp_code", "otp");
        check("mfaCode", "otp");
        check("2fa_code", "otp");
        check("user2faCode", "otp");
        check("2FACode", "otp");
        check("two_factor", "otp");
        check("pin", "pin");
        check("cvv2", "cvv");
        check("card.cvc", "cvv");
        check("xsrf", "csrf");
        check("sessionId", "session");
        check("SESSION_ID", "session");
        check("sessionid", "session");
        check("PHPSESSID", "session");
        check("ASP.NET_SessionId", "session");
        check("sid", "session");
        check("connect.sid", "session");
        check("apiKey", "api_key");
        check("API_KEY", "api_key");
        check("apikey", "api_key");
        check("APIKey", "api_key");
        check("x-api-key", "api_key");
        check("stripe.api_key", "api_key");
        check("privateKey", "private_key");
        check("signing_key", "secret_key");
        check("recovery_codes", "recovery_code");
        check("backupCodes", "recovery_code");
    }

    #[test]
    fn keys_that_only_look_telling_are_innocent() {
        #[track_caller]
        fn check(key: &str) {
            assert_eq!(classify(key), None, "{key}");
        }
        check("");
        check("123");
        check("author");
        check("authority");
        check("author_name");
        check("monkey");
        check("keyboard");
        check("key");
        check("cache_key");
        check("cacheKey");
        check("event_key");
        check("public_key");
        check("tokenizer");
        check("tokenize");
        check("secretary");
        check("passwordless");
        check("passport_country");
        check("pass_rate");
        check("passed");
        check("compass");
        check("bypass");
        check("spinner");
        check("shipping");
        check("inside");
        check("account_sid");
        check("session");
        check("session_duration");
        check("session_minutes");
        check("is_authenticated");
        check("authMethod");
        check("api_status");
        check("api_version");
        check("zipcode");
        check("country_code");
        check("status_code");
        check("token_count");
        check("tokenCount");
        check("token_type");
        check("token_expires_in");
        check("token_usage");
        check("tokens_per_second");
        check("password_changed_at");
        check("passwordChangedAt");
        check("password_age_days");
        check("password_ok");
        check("password_hash");
        check("password_strength");
        check("password_policy");
        check("password_reset");
        check("password_reset_url");
        check("otp_channel");
        check("mfa_method");
        check("two_factor_enabled");
        check("cookie_consent");
        check("cookie_domain");
        check("access_key_id");
        check("secret_name");
        check("session_id_hash");
        check("pin_attempts");
        check("credential_type");
        check("authorization_endpoint");
        check("AuthTokenController.php");
        check("secrets.yml");
    }

    #[test]
    fn only_counted_things_have_harmless_numbers() {
        #[track_caller]
        fn check(key: &str, numbers: Numbers) {
            assert_eq!(classify(key).map(|telling| telling.numbers), Some(numbers), "{key}");
        }
        check("max_tokens", Numbers::Count);
        check("input_tokens", Numbers::Count);
        check("cookies", Numbers::Count);
        check("token", Numbers::Secret);
        check("password", Numbers::Secret);
        check("passwords", Numbers::Secret);
        check("credentials", Numbers::Secret);
        check("otp_code", Numbers::Secret);
        check("pin", Numbers::Secret);
        check("recovery_codes", Numbers::Secret);
    }

    #[test]
    fn words_apart_are_telling_only_as_a_pair() {
        assert_eq!(classify_pair("API", "key").map(|telling| telling.rule), Some("api_key"));
        assert_eq!(classify_pair("session", "ID").map(|telling| telling.rule), Some("session"));
        assert_eq!(classify_pair("token", "user"), None);
        assert_eq!(classify_pair("the", "key"), None);
        assert_eq!(classify_pair("", "key"), None);
    }

    #[test]
    fn no_tail_is_telling_itself() {
        for tail in TAILS {
            assert_eq!(classify(tail), None, "{tail}");
        }
    }

    /// Keys near enough to telling ones that many of them are.
    fn near_key() -> impl Strategy<Value = String> {
        let mut parts: Vec<&'static str> =
            WORDS.iter().chain(LAST_WORDS).chain(LONE_WORDS).map(|(word, _)| *word).collect();
        parts.extend(PAIRS.iter().flat_map(|(a, b, _)| [*a, *b]));
        parts.extend(TAILS);
        let part = (prop::sample::select(parts), "[_. é0-9A-Z-]{0,2}").prop_flat_map(|(word, gap)| {
            prop::collection::vec(any::<bool>(), word.len()).prop_map(move |upper| {
                let flip = |(char, upper): (char, &bool)| if *upper { char.to_ascii_uppercase() } else { char };
                word.chars().zip(&upper).map(flip).collect::<String>() + &gap
            })
        });
        prop::collection::vec(part, 1..4).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn every_telling_key_has_a_gate_word(key in near_key()) {
            let lower = key.to_ascii_lowercase();
            if classify(&key).is_some() {
                prop_assert!(gate_words().iter().any(|word| lower.contains(word)), "{}", key);
            }
        }

        #[test]
        fn words_are_the_letters_of_the_key(key in any::<String>()) {
            let letters = |text: &str| text.chars().filter(char::is_ascii_alphabetic).collect::<String>();
            let words: String = words(&key).iter().map(|word| word.text).collect();
            prop_assert_eq!(letters(&words), letters(&key));
        }
    }
}
