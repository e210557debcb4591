//! Which words tell of a secret.

use super::*;
use crate::scrub::detectors::is_word_at;
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
    check("mailgun_key", "api_key");
    check("weatherstackKey", "api_key");
    check("BetterStackKey", "api_key");
    check("ACME_WIDGETS_KEY", "api_key");
    check("acmeWidgetsKey", "api_key");
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
    check("CACHE_KEY");
    check("BUILD_CACHE_RESTORE_KEY");
    check("key");
    check("KEY");
    check("mailgun_key_id");
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
    check("session_duration");
    check("session_minutes");
    check("is_authenticated");
    check("authMethod");
    check("api_status");
    check("api_version");
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
    check("password_hashed");
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
fn keys_that_tell_of_people_are_telling_at_their_end() {
    #[track_caller]
    fn check(key: &str, rule: &str) {
        let telling = classify(key).unwrap_or_else(|| panic!("`{key}` is telling"));
        assert_eq!((telling.rule, telling.kind), (rule, Kind::Pii), "{key}");
    }
    check("email", "email");
    check("contactEmail", "email");
    check("customer_email_address", "email");
    check("e-mail", "email");
    check("phone", "phone");
    check("mobile_phone", "phone");
    check("phoneNumber", "phone");
    check("phone_home", "phone");
    check("fax", "phone");
    check("ssn", "ssn");
    check("social_security_number", "ssn");
    check("taxId", "national_id");
    check("rut_cliente", "national_id");
    check("dni_usuario", "national_id");
    check("nombre_cliente", "name");
    check("passport_number", "passport");
    check("IBAN", "iban");
    check("account_number", "bank_account");
    check("pan", "card");
    check("cardNumber", "card");
    check("date_of_birth", "birth_date");
    check("dob", "birth_date");
    check("first_name", "name");
    check("lastName", "name");
    check("billing_address", "address");
    check("addressLine1", "address");
    check("date_de_naissance", "birth_date");
    check("fechaNacimiento", "birth_date");
    check("geboortedatum", "birth_date");
    check("henkilötunnus", "national_id");
    check("Numéro_de_sécurité_sociale", "national_id");
    check("ÉMAIL_prénom", "name");
    check("телефон", "phone");
    check("姓名", "name");
    check("nomeCompleto", "name");
    check("telefon_privat", "phone");
    check("numero_de_la_cuenta", "bank_account");
}

#[test]
fn keys_that_only_mention_people_are_innocent() {
    #[track_caller]
    fn check(key: &str) {
        assert_eq!(classify(key), None, "{key}");
    }
    check("name");
    check("username");
    check("file_name");
    check("route_name");
    check("event_name");
    check("phone_verified");
    check("phone_model");
    check("has_phone_support");
    check("passport_country");
    check("card_last4");
    check("card_brand");
    check("account_number_length");
    check("address_id");
    check("birthday_campaign");
    check("first_name_length");
    check("panel");
    check("company");
    check("streetwear");
    check("company_span");
    check("user_name");
    check("service_name");
    check("driver_names_count");
    check("timecode");
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
    check("passwords", Numbers::Tally);
    check("credentials", Numbers::Tally);
    check("otp_code", Numbers::Secret);
    check("pin", Numbers::Secret);
    check("recovery_codes", Numbers::Tally);
    check("recovery_code", Numbers::Secret);
    check("email", Numbers::Count);
    check("pan", Numbers::Secret);
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
    // Of `names`, those of people are telling.
    for tail in TAILS.iter().filter(|tail| **tail != "names") {
        assert_eq!(classify(tail), None, "{tail}");
    }
}

/// Keys near enough to telling ones that many of them are.
fn near_key() -> impl Strategy<Value = String> {
    let mut parts: Vec<&'static str> = groups().flat_map(|group| group.keys).flat_map(|key| key.split(' ')).collect();
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
            let Gate { anywhere, alone } = gate_words();
            let is_word = |word: &&str| {
                let mut places = lower.match_indices(*word).map(|(at, word)| at..at + word.len());
                places.any(|place| is_word_at(key.as_bytes(), place))
            };
            prop_assert!(anywhere.iter().any(|word| lower.contains(word)) || alone.iter().any(is_word), "{}", key);
        }
    }

    #[test]
    fn words_are_the_letters_of_the_key(key in any::<String>()) {
        let letters = |text: &str| text.chars().filter(char::is_ascii_alphabetic).collect::<String>();
        let words: String = words(&key).iter().map(|word| word.text).collect();
        prop_assert_eq!(letters(&words), letters(&key));
    }
}
