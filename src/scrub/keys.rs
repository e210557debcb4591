//! Which keys are telling: their name alone says that the value is a secret.
//!
//! A key is split into words (camelCase, snake_case, kebab-case, dots, digits) and whole words are looked up, never
//! substrings: `author` is not `auth`, `monkey` is not `key`. A telling word counts wherever it stands, unless the key
//! ends in a word that makes the value a fact about the secret (`token_count`, `password_changed_at`).
//!
//! Invariant: the class of a key depends on its text alone.
//! Invariant: a telling key contains one of [`gate_words`], in any ASCII case, unless its letters are escaped.

pub mod foreign;
mod people;
mod vendors;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::LazyLock;

use foldhash::fast::FixedState;
use smallvec::SmallVec;

pub use self::people::{BESIDE, COUNTRIES, PLACES};
use super::detectors::Id;
use super::lookup::{Shapes, Table};
use super::markers::Kind;

/// What a telling key says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Telling {
    /// The rule's id, as markers and metrics show it.
    pub rule: &'static str,
    /// What the rule finds.
    pub kind: Kind,
    /// What a text under the key must look like to be what the key says.
    pub form: Form,
    /// What a number under the key is.
    pub numbers: Numbers,
}

/// What a text under a telling key must look like. What does not is no secret: `"email": "queued"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Anything.
    Any,
    /// A secret behind so many bytes.
    Behind(u8),
    /// A short code, which has a digit in it, or a long one.
    Code,
    /// Three digits or four, under a key that may as well be that of something else.
    ShortCode,
    /// Anything but a word or a name.
    Token,
    /// Letters and digits that nobody thought up.
    Random,
    /// The same, in both cases, and long.
    Mixed,
    /// The same, but for UUIDs: the code of an authorization, among the codes of many other things.
    Grant,
    /// The value of one cookie among others.
    Cookie,
    /// A phrase of many words, or something random.
    Phrase,
    /// A mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A telephone number as it is dialled from afar, under a key that may as well be that of an account.
    Dialled,
    /// One of these numbers of people, with its check digits.
    Ids(&'static [Id]),
    /// At least so many digits.
    Digits(u8),
    /// The number of a passport or a licence: five digits, or letters in capitals and digits.
    Document,
    /// A day in any notation.
    Date,
    /// The name of a person.
    Name,
    /// The first and the last name of a person, under a key that may as well be that of a thing.
    FullName,
    /// Where somebody lives.
    Place,
    /// The same, under a key that may as well be that of a machine's address.
    Street,
    /// A postal code of a few houses only.
    Postcode,
    /// Any postal code.
    Zip,
}

/// What a number under a telling key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// A secret, however few digits it has: the operator says so.
    Always,
    /// A secret, as under `otp`.
    Secret,
    /// A count, as under `input_tokens`.
    Count,
    /// A count while it is small, as under `secrets`.
    Tally,
}

/// Where in a key its telling words stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Anywhere, unless the key ends in one of [`TAILS`].
    Anywhere,
    /// At the end: `db_pass`, but not `pass_rate`.
    Last,
    /// At the end, or before a word of [`TELLING_TAILS`]: `phone`, `phone_home`, but not `phone_model`.
    Person,
    /// As the keys of an object and of a value in it, but not as one key: `{"user": {"name": …}}`, but not `user_name`.
    Nested,
    /// They are the whole key; elsewhere (`account_sid`) they are mere ids.
    Alone,
}

/// Keys with one meaning. Two words are telling side by side (`api_key`) and as one (`apikey`).
struct Group {
    rule: &'static str,
    kind: Kind,
    place: Place,
    form: Form,
    keys: &'static [&'static str],
}

const fn secret(rule: &'static str, place: Place, form: Form, keys: &'static [&'static str]) -> Group {
    Group { rule, kind: Kind::Secret, place, form, keys }
}

const fn pii(rule: &'static str, place: Place, form: Form, keys: &'static [&'static str]) -> Group {
    Group { rule, kind: Kind::Pii, place, form, keys }
}

#[rustfmt::skip]
const SECRETS: &[Group] = &[
    secret("password", Place::Anywhere, Form::Any, &[
        "password", "passwords", "passwd", "passwort", "passcode", "pwd", "passwordconfirm", "passwordconfirmation",
        "pass word", "user password", "db password", "new password", "old password", "kennwort", "contrasena", "senha",
        // The word of other languages.
        "adgangskode", "adgangskoden", "contrasenia", "contrasenya", "de passe", "fjalekalim", "geheimwort", "geslo", "haslo", "heslo", "jelszo", "kata sandi", "kodeord", "losenord", "lozinka",
        "lykilord", "matkhau", "mdp", "motdepasse", "palavra passe", "passordet", "pasuwado", "parol", "parola", "parool", "passord", "pasvorto", "salasana", "sifre", "slaptazodis", "wachtwoord",
        // What agents of networks are asked with.
        "community string", "snmp community", "rocommunity", "rwcommunity",
        // The word with letters left out.
        "passwrd", "psswd", "pswd", "psw", "pword",
    ]),
    secret("password", Place::Last, Form::Any, &["pass", "pw"]),
    secret("password", Place::Last, Form::Token, &["clave", "mima"]),
    secret("password_hash", Place::Last, Form::Random, &["password hash", "passwd hash", "pwd hash", "pass hash"]),
    secret("salt", Place::Last, Form::Random, &["salt"]),
    secret("passphrase", Place::Anywhere, Form::Any, &["passphrase", "pass phrase"]),
    secret("secret", Place::Anywhere, Form::Any, &[
        "secret", "secrets", "client secret", "app secret", "api secret", "totp secret", "consumer secret",
        "shared secret", "webhook secret", "hmac secret", "security answer", "secret answer", "client assertion",
        "geheimschluessel", "geheim schluessel",
    ]),
    secret("secret", Place::Last, Form::Random, &["secret id"]),
    secret("secret", Place::Last, Form::Token, &["otp seed", "totp seed", "mfa seed"]),
    secret("token", Place::Anywhere, Form::Token, &[
        "token", "tokens", "jwt", "bearer", "access token", "refresh token", "auth token", "api token",
        "bearer token", "csrfmiddleware token", "session token", "id token", "paseto", "branca", "macaroon", "macaroons", "saml response", "saml assertion", "samlart", "device token", "push token", "bot token",
    ]),
    secret("token", Place::Last, Form::Random, &["auth", "authentication", "magic link", "invitation code", "invite code"]),
    secret("authorization", Place::Anywhere, Form::Any, &["authorization"]),
    secret("authorization", Place::Last, Form::Any, &["auth header", "authorization header"]),
    secret("cookie", Place::Last, Form::Any, &["cookie header"]),
    secret("cookie", Place::Anywhere, Form::Any, &["cookie", "cookies", "set cookie"]),
    secret("credential", Place::Anywhere, Form::Any, &["credential", "credentials", "creds"]),
    secret("otp", Place::Anywhere, Form::Code, &[
        "otp", "otps", "totp", "hotp", "otp code", "totp code", "mfa code", "2fa code", "tfa code", "sms code",
        "auth code", "login code", "device code", "user code", "verification code", "verify code", "two factor",
        "twofactor code", "factor code", "time code", "onetime code", "confirmation code", "reset code", "unlock code",
        "signin code", "challenge code", "email code",
        // The words of other languages.
        "aktivierungscode", "anmeldecode", "bestaetigungscode", "bestatigungscode", "bevestigingscode", "code sms", "code verification", "codice verifica", "codice sicurezza",
        "codigo verificacao", "codigo verificacion", "de verificacao", "de verificacion", "di verifica", "einmalcode", "engangskod", "engangskode", "freischaltcode", "inlogcode",
        "kertakoodi", "kod weryfikacyjny", "mtan", "sicherheitscode", "smstan", "tan", "verificatiecode", "verifieringskod", "verifizierungscode", "oob code",
    ]),
    secret("otp", Place::Anywhere, Form::Any, &["code verifier"]),
    secret("otp", Place::Last, Form::Code, &["mfa", "2fa", "tfa"]),
    secret("auth_code", Place::Alone, Form::Grant, &["code"]),
    secret("auth_code", Place::Last, Form::Any, &["authorization code", "oauth code"]),
    secret("pin", Place::Anywhere, Form::Code, &[
        "pin", "pins", "pin code", "access code", "door code", "entry code", "alarm code", "arm code", "disarm code", "duress code", "gate code", "lock code", "geheimzahl", "puk",
        "tuercode", "tresorcode", "zugangscode",
    ]),
    secret("cvv", Place::Anywhere, Form::Code, &["cvv", "cvc", "cvn", "security code", "kartenpruefnummer", "pruefziffer", "cc cid", "card cid"]),
    secret("cvv", Place::Alone, Form::Code, &["csc"]),
    secret("csrf", Place::Anywhere, Form::Token, &["csrf", "xsrf", "csrf token", "xsrf token"]),
    secret("csrf", Place::Last, Form::Random, &["form key"]),
    secret("recovery_code", Place::Anywhere, Form::Any, &[
        "recovery code", "recovery codes", "recovery phrase", "backup code", "backup codes", "seed phrase",
        "recovery key", "mnemonic phrase", "seed words", "scratch codes",
    ]),
    secret("recovery_code", Place::Last, Form::Phrase, &["mnemonic", "seed"]),
    secret("session", Place::Anywhere, Form::Any, &[
        "phpsessid", "jsessionid", "aspsessionid", "session id", "session ids", "session key", "session cookie", "sess id", "connect sid",
        "session sid", "laravel session",
    ]),
    secret("session", Place::Last, Form::Random, &["session", "sess"]),
    secret("session", Place::Alone, Form::Any, &["sid"]),
    secret("session", Place::Last, Form::Any, &["old sid", "new sid", "previous sid", "session sid"]),
    secret("api_key", Place::Anywhere, Form::Any, &[
        "api key", "api keys", "app key", "application key", "license key", "licence key", "activation key",
        "product key", "subscription key", "service key", "role key", "write key", "admin key", "root key", "bot key",
        "webhook key", "functions key", "consumer key", "activation code", "authkey", "serial key",
    ]),
    secret("api_key", Place::Anywhere, Form::Random, &["routing key", "integration key"]),
    secret("api_key", Place::Last, Form::Random, &[
        "sdk key", "server key", "unlock key", "preshared key", "trial key", "terminal key", "merchant key", "instrumentation key",
        "rest key", "ingest key", "ingestion key", "gateway key", "partner key", "secure key", "authentication key", "read key",
    ]),
    secret("private_key", Place::Anywhere, Form::Any, &["private key", "private keys", "ssh key", "deploy key", "key data"]),
    secret("secret_key", Place::Anywhere, Form::Any, &[
        "access key", "access keys", "account key", "auth key", "encryption key", "decryption key", "hmac key", "master key",
        "secret key", "shared key", "signing key", "storage key", "crypto key", "cipher key", "wallet key", "aes key", "jwt key",
        "symmetric key", "vault key", "unseal key", "unseal keys", "tsig key", "preshared key", "psk", "wifi key", "wlan key", "wep key", "wpa key", "network key", "radius key",
        "tacacs key", "enc key", "api schluessel", "apischluessel", "netzwerkschluessel", "zugriffsschluessel", "cle secrete", "cle api", "clave secreta", "clave api", "chave secreta",
        "chave api", "chiave segreta", "chiave api", "klucz api", "sleutel api",
    ]),
    secret("secret_key", Place::Anywhere, Form::Random, &["keytab"]),
    secret("secret_key", Place::Last, Form::Random, &["dek plaintext", "plaintext key", "key plaintext", "key material", "wif", "nsec"]),
];

fn groups() -> impl Iterator<Item = &'static Group> {
    SECRETS.iter().chain(people::GROUPS)
}

/// What a single word that ends in one of these is, too: `rootpassword`, `authtoken`.
const ENDINGS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passwort",
    "kennwort",
    "wachtwoord",
    "token",
    "secret",
    "apikey",
    "sessionid",
    "sessid",
    "pass",
    "pwd",
    "pw",
];

/// The last letters of [`ENDINGS`].
const LAST_LETTERS: &[u8] = b"denstwy";

const _: () = {
    let mut at = 0;
    while at < ENDINGS.len() {
        let ending = ENDINGS[at].as_bytes();
        let mut letter = 0;
        while LAST_LETTERS[letter] != ending[ending.len() - 1] {
            letter += 1;
        }
        at += 1;
    }
};

/// Words that end in one of these and mean something else.
const OTHER_ENDS: &[&str] = &[
    "askpass",
    "bypass",
    "chpasswd",
    "gpasswd",
    "htpasswd",
    "ldappasswd",
    "smbpasswd",
    "vncpasswd",
    "compass",
    "encompass",
    "keepass",
    "lastpass",
    "multipass",
    "overpass",
    "surpass",
    "trespass",
    "underpass",
];

/// Words that are something else with the word behind them.
const OTHERS: &[(&str, &[&str])] = &[
    ("secret", &["santa", "sale", "sauce", "menu", "garden", "shopper", "ballot", "agent", "level"]),
    (
        "cookie",
        &[
            "notice",
            "consent",
            "banner",
            "bar",
            "law",
            "control",
            "popup",
            "preference",
            "preferences",
            "jar",
            "recipe",
        ],
    ),
    ("cookies", &["accepted", "allowed", "agreed", "declined", "notice", "consent", "banner", "bar", "policy"]),
    ("token", &["ring", "bucket", "economy", "sale"]),
    ("pin", &["board", "wheel", "point"]),
];

/// Whether a word means something else with the word behind it: `secret_santa_group`.
fn is_other(word: &str, next: &str) -> bool {
    let known = OTHERS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
    known.is_some_and(|(_, next_to)| contains(next_to, next))
}

/// Words before `pass` that make it something else.
const PASSES: &[&str] = &[
    "band", "boarding", "bus", "day", "first", "high", "low", "multi", "render", "season", "second", "shadow",
    "single", "ski", "test", "train",
];

/// Halves of pairs that are too common in telemetry to search for while the other half will do.
#[rustfmt::skip]
const COMMON: &[&str] = &[
    "access", "account", "app", "application", "card", "cc", "code", "codes", "contact", "customer", "device", "first", "full", "guest", "header",
    "home", "id", "ids", "key", "keys", "last", "line", "link", "login", "name", "no", "nr", "num", "number", "of", "service", "time", "user",
];

/// Halves of so many pairs that to search for them is less work than for all their other halves.
const FREQUENT: &[&str] = &["key", "name", "number"];

/// Words whose numbers are counts: many of a thing that is never a number itself.
const COUNTED: &[&str] = &["tokens", "cookies"];

/// Words whose small numbers are counts.
const TALLIED: &[&str] = &[
    "passwords",
    "pins",
    "secrets",
    "credentials",
    "creds",
    "pass",
    "recovery codes",
    "backup codes",
    "session ids",
    "api keys",
];

/// Words behind those that tell of a person which only say which of several it is.
#[rustfmt::skip]
const TELLING_TAILS: &[&str] = &[
    "number", "no", "nr", "num", "raw", "full", "home", "work", "private", "mobile", "primary", "secondary", "main",
    "value", "text", "formatted", "normalized", "e", "original", "line", "a", "b",
    "adquirente", "business", "casa", "celular", "cliente", "customer", "dienstlich", "emisor", "emitente", "fijo", "geschaeftlich", "movil", "mobil", "office", "personal", "prive", "privat",
    "receptor", "tercero", "titular", "trabajo", "travail", "usuario", "user", "holder", "paciente", "empleado", "persona", "representante", "proveedor", "pasajero", "klant", "kunde", "kunden",
];

/// Words that end a key whose value is a fact about a secret, not the secret.
#[rustfmt::skip]
const TAILS: &[&str] = &[
    "abilities", "ability", "action", "age", "alg", "algo", "algorithm", "allowance", "arn", "at", "attempt", "attempts", "aud", "audience",
    "available", "average", "avg", "backend", "balance", "banner", "binding", "bits", "bound", "brand", "bucket", "budget", "button", "bytes",
    "cache", "cached", "caller", "category", "challenge", "changed", "channel", "chars", "check", "checked", "class", "column", "completion",
    "complexity", "consent", "consumed", "controller", "cost", "count", "counter", "country", "counts", "created", "credits", "date", "days",
    "deleted", "delivery", "delta", "description", "digest", "digits", "domain", "driver", "duration", "edit", "enabled", "endpoint", "engine",
    "entropy", "env", "error", "errors", "estimate", "estimated", "event", "exception", "exists", "expected", "experiment", "expiration", "expired", "expires",
    "expiry", "factory", "failures", "fd", "feature", "field", "fields", "file", "filename", "fingerprint", "flag", "flags", "flow", "format",
    "generated", "get", "gone", "grants", "guard", "handler", "hash", "hashed", "header", "headers", "help", "helper", "hint", "history", "hits",
    "hmac", "host", "hours", "httponly", "id", "ids", "in", "index", "info", "invalid", "ip", "issued", "issuer", "iterations", "kid", "kind",
    "label", "last", "latency", "left", "len", "length", "less", "level", "lifecycle", "lifetime", "limit", "list", "location", "manager", "masked",
    "match", "matched", "matches", "max", "mechanism", "median", "message", "messages", "method", "methods", "mgr", "migration", "migrator", "min",
    "minutes", "mismatch", "missing", "mode", "module", "ms", "msg", "name", "names", "note", "offset", "ok", "on", "op", "ops", "origin", "out",
    "page", "param", "parameter", "path", "percent", "period", "pipeline", "placeholder", "plugin", "policy", "position", "prefix", "present",
    "preview", "price", "processed", "progress", "prompt", "protected", "provider", "purpose", "quality", "quota", "quotas", "rate", "ratio",
    "reason", "ref", "reference", "refreshed", "refreshes", "regex", "remaining", "renewal", "renewed", "renewer", "repository", "request",
    "requests", "required", "requirement", "requirements", "reset", "resets", "result", "results", "reuse", "reused", "revoked", "rotated",
    "rotation", "rounds", "route", "rule", "rules", "s", "same", "samesite", "santa", "saved", "scan", "scanner", "scans", "scheme", "scope",
    "scopes", "score", "sec", "second", "seconds", "section", "sent", "serializer", "service", "setting", "settings", "sha", "site", "size", "slot",
    "source", "spent", "started", "stat", "state", "stats", "status", "stdin", "step", "storage", "store", "strategy", "stream", "strength",
    "subject", "suffix", "sum", "supported", "tab", "table", "tag", "target", "task", "template", "throttle", "throttled",
    "thumbprint", "tier", "h", "hr", "hrs", "hourly", "daily", "weekly", "monthly", "voter", "listener", "subscriber", "middleware", "interceptor", "resolver", "hasher", "mailer", "notification", "dialog", "modal", "widget", "screen", "region", "time", "timeout", "title", "total", "ttl", "typ", "type", "types", "ui", "unit", "units", "updated", "uri", "url", "urls",
    "usage", "used", "user", "username", "uses", "valid", "validated", "validation", "validator", "validity", "variant", "verb", "verified",
    "version", "view", "visibility", "wait", "wall", "warning", "weak", "window", "writer", "year",
    "can",
    "decimals",
    "decision",
    "encryption",
    "failed",
    "inputs",
    "outcome",
    "standard",
    "symbol",
    "default",
    "by",
    // Names of files.
    "bat", "cfg", "cjs", "clj", "conf", "cpp", "cs", "css", "csv", "dart", "erl", "ex", "exs", "go", "groovy", "hs", "html", "ini", "ipynb", "java",
    "jl", "js", "json", "jsx", "kt", "lock", "log", "lua", "md", "mjs", "ml", "mk", "php", "pl", "ps1", "py", "rb", "rs", "sass", "scala", "scss",
    "sh", "sql", "svelte", "swift", "tf", "toml", "ts", "tsx", "txt", "vb", "vue", "xml", "yaml", "yml",
];

/// Words that end a key which is no secret even inside an object of secrets: `{"token": {"type": "bearer"}}`.
#[rustfmt::skip]
const FACTS: &[&str] = &[
    "age", "alg", "algorithm", "at", "brand", "changed", "changed_at", "channel", "count", "country", "created", "crv", "cty", "digits", "domain",
    "enabled", "enc", "expiration", "expires", "expiry", "format", "httponly", "in", "issuer", "key_ops", "kid", "kind", "len", "length", "limit",
    "max", "method", "min", "name", "only", "path", "policy", "provider", "required", "rotated", "same", "samesite", "scope", "scopes", "secure",
    "site", "size", "state", "status", "strength", "total", "ttl", "typ", "type", "updated", "use", "valid", "verified", "version",
    "used",
    "remaining",
    "available",
    "current",
    "quota",
    "namespace",
    "icon",
    "lat",
    "lng",
    "lon",
    "latitude",
    "longitude",
    "label",
    "labels",
    "title",
    "description",
    "env",
    "environment",
    "team",
    "region",
    "mode",
    "by",
    "granted",
    "uri",
    "url",
    "endpoint",
    "host",
    "hostname",
    "port",
    "project",
    "project_id",
    "table",
    "driver",
    "guard",
    "seconds",
    "minutes",
    "hours",
    "attempts",
    "left",
    "allowed",
];

/// The larger tables.
struct Tables {
    tails: Table<()>,
    telling_tails: Table<()>,
    facts: Table<()>,
    other_ends: Table<()>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    tails: Table::words(TAILS),
    telling_tails: Table::words(TELLING_TAILS),
    facts: Table::words(FACTS),
    other_ends: Table::words(OTHER_ENDS),
});

/// The class of a password, whatever its key.
pub fn password() -> Option<Telling> {
    static PASSWORD: LazyLock<Option<Telling>> = LazyLock::new(|| classify("password"));
    *PASSWORD
}

/// What the numbers of attributes begin with, as SAML writes them.
const OID: &str = "urn:oid:";

/// The numbers of attributes that tell of people, and what they are called.
const OIDS: &[(&str, &str)] = &[
    ("2.5.4.3", "full_name"),
    ("2.5.4.4", "surname"),
    ("2.5.4.9", "street"),
    ("2.5.4.16", "postal_address"),
    ("2.5.4.20", "telephone"),
    ("2.5.4.41", "full_name"),
    ("2.5.4.42", "given_name"),
    ("0.9.2342.19200300.100.1.3", "email"),
    ("0.9.2342.19200300.100.1.39", "postal_address"),
    ("0.9.2342.19200300.100.1.41", "mobile"),
    ("1.3.6.1.5.5.7.9.1", "date_of_birth"),
    ("2.16.840.1.113730.3.1.241", "full_name"),
];

/// The class of a key, given with its escapes decoded.
pub fn classify(key: &str) -> Option<Telling> {
    // In Kubernetes it is the name of a key in a secret: `secretKey: smtp`.
    if key == "secretKey" {
        return classify_as_written("secret_key").map(|telling| Telling { form: Form::Token, ..telling });
    }
    // What Twilio calls the name of whoever writes.
    if key == "ProfileName" {
        return classify_as_written("sender_name");
    }
    if let Some(number) = key.strip_prefix(OID) {
        let attribute = OIDS.iter().find(|(known, _)| *known == number)?.1;
        return classify_as_written(attribute);
    }
    classify_as_written(key).or_else(|| compound(key)).or_else(|| match foreign::fold(key) {
        Cow::Borrowed(_) => None,
        Cow::Owned(folded) => classify_as_written(&folded),
    })
}

fn classify_as_written(key: &str) -> Option<Telling> {
    let words = words(key);
    // The match nearest to the end names the rule best: `password_reset_token` is a token.
    for at in (0..words.len()).rev() {
        let behind = &words[at + 1..];
        let Some(Entry { telling, place }) = telling_at(&words, at) else { continue };
        if behind.first().is_some_and(|next| is_other(words[at].text, next.text)) {
            continue;
        }
        // `rut_cliente`: whose number it is, not the name of somebody.
        let is_owner = || telling.kind == Kind::Pii && TABLES.telling_tails.has(words[at].text);
        let before = || telling_at(&words, at - 1).is_some_and(|entry| entry.place == Place::Person);
        if at > 0 && is_owner() && before() {
            continue;
        }
        if place != Place::Person {
            let tail = behind.last().is_some_and(|last| TABLES.tails.has(last.text));
            return if tail { None } else { Some(telling) };
        }
        if behind.iter().all(|word| TABLES.telling_tails.has(word.text)) {
            return Some(telling);
        }
    }
    None
}

/// The class of two words that stand apart, as in the prose `API key: …`. Only the pairs are looked up.
pub fn classify_pair(before: &str, word: &str) -> Option<Telling> {
    let (before, word) = (foreign::fold(before), foreign::fold(word));
    let (before, words) = (words(&before), words(&word));
    let [word] = words[..] else { return None };
    pair(before.last()?.text, word.text).map(|entry| entry.telling)
}

/// Words that end others which are written as one: `Startpasswort`.
const COMPOUND_ENDS: &[&str] = &["passwort", "kennwort", "wachtwoord", "salasana", "passphrase"];

/// The class of a word that is made of others, if the last of them is telling.
fn compound(word: &str) -> Option<Telling> {
    let ends = |end: &&&str| {
        word.len() > end.len()
            && word.len() <= 40
            && word.bytes().all(|byte| byte.is_ascii_alphabetic())
            && word.as_bytes()[word.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes())
    };
    COMPOUND_ENDS.iter().find(ends).and_then(|end| classify_as_written(end))
}

/// The rule of a single word that names a secret by itself, wherever it stands in a sentence.
pub fn rule_of_word(word: &str) -> Option<&'static str> {
    let entry = entries(&[word]).first().filter(|entry| entry.telling.kind == Kind::Secret);
    entry.map(|entry| entry.telling.rule).or_else(|| compound(word).map(|telling| telling.rule))
}

/// Whether a key inside an object of secrets names a fact about them.
pub fn is_fact(key: &str) -> bool {
    words(key).last().is_some_and(|last| TABLES.facts.has(last.text)) || TABLES.facts.has(key)
}

/// The last two words of a key, of which there may be one only.
pub fn last_words(key: &str) -> (Option<&str>, Option<&str>) {
    let words = words(key);
    let mut last = words.iter().rev().map(|word| word.text);
    let end = last.next();
    (last.next(), end)
}

/// The letters of a key, lower-case, if it is short.
pub fn letters(key: &str) -> Option<String> {
    (key.len() <= ENTRY_MAX).then(|| words(key).iter().map(|word| word.text).collect::<String>().to_lowercase())
}

/// The class of what a key stands for that tells of a person only with what is beside it.
pub fn beside(form: Form) -> Telling {
    let rule = if matches!(form, Form::Name | Form::FullName) { "name" } else { "address" };
    telling(&pii(rule, Place::Alone, form, &[]), "")
}

/// What every telling key has one of, lower-case: the patterns of the raw-line gate.
pub fn gate_words() -> Gate {
    let is_free =
        |key: &str| key.len() > SHORT_MAX || !key.is_ascii() || tells_of_secrets(key) && !SHORT_SECRETS.contains(&key);
    let keys = || ENTRIES.spellings();
    let (mut anywhere, mut alone): (Vec<&str>, Vec<&str>) =
        keys().filter(|key| !key.contains(' ')).partition(|key| is_free(key));
    let singles = anywhere.clone();
    for key in keys() {
        let Some((a, b)) = key.split_once(' ') else { continue };
        if singles.iter().any(|word| a.contains(word) || b.contains(word)) {
            continue;
        }
        if let Some(word) = FREQUENT.iter().find(|word| a == **word || b.starts_with(**word)) {
            anywhere.push(word);
            continue;
        }
        let half = match (COMMON.contains(&a), COMMON.contains(&b)) {
            (true, false) => b,
            (false, true) => a,
            (true, true) | (false, false) if a.len() >= b.len() => a,
            (true, true) | (false, false) => b,
        };
        if half.len() > SHORT_MAX || !half.is_ascii() || tells_of_secrets(key) {
            anywhere.push(half);
        } else {
            alone.push(half);
            alone.extend(glued(key));
        }
    }
    anywhere.extend([OID, "profilename"]);
    alone.sort_unstable();
    alone.dedup();
    Gate { anywhere: shortest(anywhere), alone }
}

/// What telling keys have in them.
#[derive(Debug)]
pub struct Gate {
    /// Words that count wherever they stand.
    pub anywhere: Vec<&'static str>,
    /// Words that are so short that they stand inside of many others, and count as words of their own.
    pub alone: Vec<&'static str>,
}

/// Words of secrets that stand inside of many others and are the ends of none: `tan`, but `standard`.
const SHORT_SECRETS: &[&str] = &["mdp", "nsec", "psk", "psw", "puk", "tan", "wif"];

/// The words of secrets may be the ends of others.
fn tells_of_secrets(key: &str) -> bool {
    ENTRIES.of(key).iter().any(|entry| entry.telling.kind == Kind::Secret)
}

/// A pair as one word.
fn glued(pair: &str) -> Option<&'static str> {
    let (glued, _) = ENTRIES.by_words.get_key_value(&*pair.replace(' ', ""))?;
    Some(glued)
}

/// Words of people are looked for inside of others from this length on, in bytes.
const SHORT_MAX: usize = 6;

/// The words that have no other of them in them.
pub fn shortest(mut words: Vec<&'static str>) -> Vec<&'static str> {
    words.sort_by_key(|word| (word.len(), *word));
    let mut gate: Vec<&str> = Vec::new();
    let mut known: HashSet<&[u8], FixedState> = HashSet::default();
    let mut lengths: Vec<usize> = Vec::new();
    for word in words {
        let bytes = word.as_bytes();
        if lengths.iter().any(|length| bytes.windows(*length).any(|part| known.contains(part))) {
            continue;
        }
        if lengths.last() != Some(&bytes.len()) {
            lengths.push(bytes.len());
        }
        known.insert(bytes);
        gate.push(word);
    }
    gate
}

/// Every rule that a key can fire, and what it finds. A rule may come twice.
pub fn rules() -> impl Iterator<Item = (&'static str, Kind)> {
    groups().map(|group| (group.rule, group.kind))
}

/// The words of each rule, for people.
#[cfg(test)]
pub fn table() -> std::collections::BTreeMap<(Kind, &'static str), Vec<String>> {
    let mut table = std::collections::BTreeMap::<_, Vec<String>>::new();
    for group in groups() {
        let keys = group.keys.iter().map(|key| key.replace(' ', "_"));
        table.entry((group.kind, group.rule)).or_default().extend(keys);
    }
    table
}

/// The class of a key that a rule beyond these tables calls telling.
pub fn own(rule: &'static str) -> Telling {
    Telling { rule, kind: Kind::Secret, form: Form::Any, numbers: Numbers::Always }
}

/// Whether a word at the end of a key makes the value a fact about the secret.
pub fn is_tail(word: &str) -> bool {
    TABLES.tails.has(word)
}

/// The words of a key, as it writes them.
pub fn word_texts(key: &str) -> Vec<&str> {
    words(key).into_iter().map(|word| word.text).collect()
}

/// What is known of telling words.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Entry {
    telling: Telling,
    place: Place,
}

/// The entries by their words, lower-case: a pair with a space between its words, and glued.
///
/// All of this is kept for ever, so it is small: of thousands of words most say what hundreds of others say.
struct Entries {
    by_words: HashMap<&'static str, Said, FixedState>,
    shapes: Shapes,
    entries: Vec<Entry>,
}

/// What a word or a pair says.
#[derive(Debug, Clone)]
struct Said {
    /// Its entries' places.
    entries: Range<u16>,
    spelling: Spelling,
}

/// How a word stands in the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    AsWritten,
    /// As a pair, which is one word here.
    Glued,
}

impl Entries {
    fn of(&self, words: &str) -> &[Entry] {
        self.by_words
            .get(words)
            .map_or(&[], |said| &self.entries[usize::from(said.entries.start)..usize::from(said.entries.end)])
    }

    /// The words and pairs, unglued.
    fn spellings(&self) -> impl Iterator<Item = &'static str> {
        let as_written = self.by_words.iter().filter(|(_, said)| said.spelling == Spelling::AsWritten);
        as_written.map(|(words, _)| *words)
    }
}

static ENTRIES: LazyLock<Entries> = LazyLock::new(|| {
    let mut kinds: Vec<Entry> = Vec::new();
    let (mut texts, mut said) = (Vec::new(), Vec::new());
    for group in groups() {
        for key in group.keys {
            let entry = Entry { telling: telling(group, key), place: group.place };
            if kinds.last() != Some(&entry) {
                kinds.push(entry);
            }
            for spelling in spellings(key) {
                let glued = spelling.contains(' ') && !NEVER_GLUED.contains(key);
                let glued = glued.then(|| Cow::Owned(spelling.replace(' ', "")));
                texts.push(spelling);
                said.push((kinds.len() - 1, Spelling::AsWritten));
                texts.extend(glued);
                said.resize(texts.len(), (kinds.len() - 1, Spelling::Glued));
            }
        }
    }
    let mut kinds_of: HashMap<&str, (SmallVec<[usize; 2]>, Spelling), FixedState> = HashMap::default();
    for (text, (kind, spelling)) in kept(texts).into_iter().zip(said) {
        let (kinds, known) = kinds_of.entry(text).or_insert((SmallVec::new(), spelling));
        kinds.push(kind);
        if spelling == Spelling::AsWritten {
            *known = spelling;
        }
    }
    let mut shapes = Shapes::default();
    kinds_of.keys().for_each(|word| shapes.add(word.as_bytes()));
    let mut entries = Vec::new();
    let mut places: HashMap<SmallVec<[usize; 2]>, Range<u16>, FixedState> = HashMap::default();
    let mut place = |of: SmallVec<[usize; 2]>| {
        let add = |of: &SmallVec<[usize; 2]>| {
            let start = entries.len() as u16;
            entries.extend(of.iter().map(|kind| kinds[*kind]));
            start..entries.len() as u16
        };
        places.entry(of).or_insert_with_key(add).clone()
    };
    let say = |(words, (of, spelling))| (words, Said { entries: place(of), spelling });
    let by_words = kinds_of.into_iter().map(say).collect();
    assert!(entries.len() < usize::from(u16::MAX), "an entry's place is a u16");
    entries.shrink_to_fit();
    Entries { by_words, shapes, entries }
});

/// Texts that are kept for ever; those that are not from a table as one piece of memory.
fn kept(texts: Vec<Cow<'static, str>>) -> Vec<&'static str> {
    let is_own = |text: &&Cow<'_, str>| matches!(text, Cow::Owned(_));
    let mut own: &str = texts.iter().filter(is_own).map(|text| &**text).collect::<String>().leak();
    let mut keep = |text: Cow<'static, str>| match text {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => {
            let (text, rest) = own.split_at(text.len());
            own = rest;
            text
        }
    };
    texts.into_iter().map(&mut keep).collect()
}

/// The ways to write a key, but for the case of its ASCII letters: `prénom`, `prÉnom`.
fn spellings(key: &'static str) -> Vec<Cow<'static, str>> {
    if key.is_ascii() {
        return vec![Cow::Borrowed(key)];
    }
    let mut capital = key.chars();
    let capital: String = capital.next().into_iter().flat_map(char::to_uppercase).chain(capital).collect();
    let written = [key.to_uppercase().to_ascii_lowercase(), capital.to_ascii_lowercase()];
    let mut all: Vec<_> = written.into_iter().map(Cow::Owned).chain([Cow::Borrowed(key)]).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Pairs that mean something else, or nothing, as one word.
const NEVER_GLUED: &[&str] = &["time code", "of birth"];

/// The longest key of [`ENTRIES`], in bytes.
const ENTRY_MAX: usize = 48;

/// A word of a key, and the run of letters it is part of.
#[derive(Debug, Clone, Copy)]
struct Word<'a> {
    text: &'a str,
    run: &'a str,
}

fn telling_at(words: &[Word<'_>], at: usize) -> Option<Entry> {
    let word = words[at];
    let fits = |entry: &Entry| match entry.place {
        Place::Anywhere | Place::Person => true,
        Place::Last => at + 1 == words.len(),
        Place::Alone => words.len() == 1,
        Place::Nested => false,
    };
    let single = |word: &str| entries(&[word]).iter().find(|entry| fits(entry)).copied();
    if word.text.eq_ignore_ascii_case("pass") && at > 0 && contains(PASSES, words[at - 1].text) {
        return None;
    }
    let next_to = at.checked_sub(1).and_then(|before| pair(words[before].text, word.text));
    // `date_de_naissance`, `numero_de_la_cuenta`
    let apart = || {
        let links = words[..at].iter().rev().take_while(|word| contains(LINKS, word.text)).count();
        let before = at.checked_sub(links + 1).filter(|_| (1..=2).contains(&links))?;
        pair(words[before].text, word.text).filter(|entry| entry.telling.kind == Kind::Pii)
    };
    let paired = next_to.or_else(apart).filter(fits);
    let keyed =
        || Some(words.get(at.checked_sub(2)?)?.text).and_then(|first| vendor_key(first, words[at - 1].text, word.text));
    let keyed = || keyed().or_else(|| opening_key(words, at)).filter(fits);
    // Odd casing (`PassWORD`, `sEcret`) splits a word in the wrong places, so the run of letters counts too.
    let run = || if word.run.len() == word.text.len() { None } else { single(word.run) };
    let known = paired.or_else(keyed).or_else(|| single(word.text)).or_else(run);
    known.or_else(|| ending(word.text).filter(fits))
}

/// Words between the halves of a pair.
const LINKS: &[&str] = &[
    "d", "da", "das", "de", "del", "della", "des", "di", "do", "dos", "du", "el", "l", "la", "le", "of", "the", "van",
];

fn pair(before: &str, word: &str) -> Option<Entry> {
    let word = if word.eq_ignore_ascii_case("names") { "name" } else { word };
    entries(&[before, " ", word]).first().copied().or_else(|| vendor_key("", before, word))
}

/// The key of a provider, who may have a name of two words: `better_stack_key`.
fn vendor_key(first: &str, second: &str, word: &str) -> Option<Entry> {
    (is_key(word) && vendors::is_vendor(first, second)).then(|| key_that_looks(Form::Random))
}

/// `ACME_WIDGETS_KEY`, `acmeKey`: keys open something, unless their name says what they find.
///
/// What programs get in their environment opens more often than other keys, so it need not look secret as much.
fn opening_key(words: &[Word<'_>], at: usize) -> Option<Entry> {
    if !is_key(words[at].text) || at == 0 || words.iter().any(|word| vendors::finds(word.text)) {
        return None;
    }
    let shouted = |word: &Word<'_>| word.run.len() > 1 && word.run.bytes().all(|byte| byte.is_ascii_uppercase());
    Some(key_that_looks(if words.iter().all(shouted) { Form::Random } else { Form::Mixed }))
}

fn is_key(word: &str) -> bool {
    word.eq_ignore_ascii_case("key") || word.eq_ignore_ascii_case("keys")
}

/// What is a secret only if it looks like one.
fn key_that_looks(form: Form) -> Entry {
    let telling = Telling { rule: "api_key", kind: Kind::Secret, form, numbers: Numbers::Count };
    Entry { telling, place: Place::Last }
}

fn ending(word: &str) -> Option<Entry> {
    if !word.bytes().next_back().is_some_and(|last| LAST_LETTERS.contains(&last.to_ascii_lowercase())) {
        return None;
    }
    if TABLES.other_ends.has(word) {
        return None;
    }
    let ending = ENDINGS.iter().find(|ending| {
        word.len()
            .checked_sub(ending.len())
            .is_some_and(|at| word.as_bytes()[at..].eq_ignore_ascii_case(ending.as_bytes()))
    })?;
    entries(&[ending]).first().copied()
}

/// The entries for a word that is given in parts, in any case.
fn entries(parts: &[&str]) -> &'static [Entry] {
    let mut buffer = [0; ENTRY_MAX];
    let mut length = 0;
    for part in parts {
        let Some(place) = buffer.get_mut(length..length + part.len()) else { return &[] };
        place.copy_from_slice(part.as_bytes());
        length += part.len();
    }
    let word = &mut buffer[..length];
    if !ENTRIES.shapes.may_have(word) {
        return &[];
    }
    word.make_ascii_lowercase();
    let word = str::from_utf8(word).unwrap_or_default();
    ENTRIES.of(word)
}

fn telling(group: &Group, key: &str) -> Telling {
    let numbers = match group.form {
        Form::Email | Form::Name | Form::FullName | Form::Place | Form::Street | Form::Postcode => Numbers::Count,
        Form::Cookie | Form::Random | Form::Mixed | Form::Grant | Form::Phrase => Numbers::Count,
        Form::Any | Form::Token | Form::Behind(_) | Form::Code | Form::ShortCode => Numbers::Secret,
        Form::Phone | Form::Digits(_) | Form::Document | Form::Date | Form::Ids(_) | Form::Zip | Form::Dialled => {
            Numbers::Secret
        }
    };
    let numbers = match key {
        key if COUNTED.contains(&key) => Numbers::Count,
        key if TALLIED.contains(&key) => Numbers::Tally,
        _ => numbers,
    };
    Telling { rule: group.rule, kind: group.kind, form: group.form, numbers }
}

fn contains(table: &[&str], word: &str) -> bool {
    table.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// The words of a key. Whatever is no letter stands between words, but for the 2 of `2fa`; and so does a change of script.
fn words(key: &str) -> SmallVec<[Word<'_>; 8]> {
    let mut words = SmallVec::new();
    for (begin, run) in runs(key) {
        if let Some(text) = begin.checked_sub(1).and_then(|at| key.get(at..begin + 2))
            && text.eq_ignore_ascii_case("2fa")
            && !run[2..].starts_with(|char: char| char.is_ascii_lowercase())
        {
            words.push(Word { text, run: text });
            if run.len() > 2 {
                camel_words(&run[2..], &mut words);
            }
            continue;
        }
        camel_words(run, &mut words);
    }
    words
}

/// What a letter is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Other,
}

/// The runs of letters of one script, and where they begin.
fn runs(key: &str) -> impl Iterator<Item = (usize, &str)> {
    let script = |char: char| match char {
        'a'..='z' | 'A'..='Z' => Some(Script::Latin),
        '\0'..='\u{7f}' => None,
        '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' if char.is_alphabetic() => Some(Script::Latin),
        // Scripts of letters only, which to look up takes long.
        '\u{410}'..='\u{44f}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' => Some(Script::Other),
        '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}' => Some(Script::Other),
        char => char.is_alphabetic().then_some(Script::Other),
    };
    let mut chars = key.char_indices().map(move |(at, char)| (at, script(char)));
    let mut next = chars.next();
    std::iter::from_fn(move || {
        let (begin, first) = loop {
            let (at, script) = next?;
            match script {
                Some(first) => break (at, first),
                None => next = chars.next(),
            }
        };
        while next.is_some_and(|(_, script)| script == Some(first)) {
            next = chars.next();
        }
        let end = next.map_or(key.len(), |(at, _)| at);
        Some((begin, &key[begin..end]))
    })
}

/// Appends the words of a run of letters, which is not empty.
fn camel_words<'k>(run: &'k str, words: &mut SmallVec<[Word<'k>; 8]>) {
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
}

#[cfg(test)]
mod tests;
