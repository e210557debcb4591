//! Whether a text under a telling key is what the key says, or only stands for it or speaks of it.
//!
//! Systems write much under telling keys that is no secret: masks, placeholders, validation messages, states. And much
//! that merely shares a key with personal data: `"phone": "iPhone 15"`.
//!
//! Invariant: the answer depends on the text and the class alone.

use std::sync::LazyLock;

use super::super::keys::{self, Form, Numbers, Telling};
use super::super::lookup::Table;
use super::super::markers::{Kind, is_marker, without_markers};
use super::Reading;

/// Whether a text under a telling key is no secret.
pub fn is_harmless(value: &str, telling: Telling, reading: Reading) -> bool {
    let value = value.trim();
    if value.len() > HARMLESS_MAX {
        // Nobody writes reports this long there, and to look at every such value would take too long.
        return telling.kind == Kind::Pii || is_uniform(value);
    }
    // What was scrubbed already may have the form now, or have it no longer.
    let scrubbed = || !matches!(telling.form, Form::Any | Form::Token) && without_markers(value).len() < value.len();
    // Where broken JSON ends is a guess, and what else stands in the value must not make it harmless.
    let guessed =
        reading == Reading::Broken && telling.form == Form::Code && value.bytes().any(|byte| byte.is_ascii_digit());
    let fitting = guessed || fits(value, telling.form);
    if value.is_empty() || scrubbed() || is_marker(value) || is_mask(value) || !fitting {
        return true;
    }
    let count = match telling.numbers {
        Numbers::Always | Numbers::Secret => false,
        Numbers::Count => is_digits(value, usize::MAX),
        Numbers::Tally => is_digits(value, TALLY_DIGITS_MAX),
    };
    // The well-known identifiers of accounts of Windows.
    let sid = telling.rule == "session"
        && value.starts_with("S-1-")
        && value[4..].bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if sid {
        return true;
    }
    let time = telling.form != Form::Date && is_iso_time(value);
    let scheme = telling.rule == "authorization" && super::is_scheme(value);
    if count || time || scheme {
        return true;
    }
    match reading {
        Reading::Broken => false,
        Reading::Prose => {
            let phrase = matches!(telling.rule, "passphrase" | "recovery_code");
            is_placeholder(value)
                || is_example(value)
                || is_regex(value)
                || telling.rule != "password" && is_constraint(value)
                || telling.rule == "secret" && is_kebab(value)
                || is_name_of_key(value) && telling.rule != "password"
                || contains(HEADERS, value)
                || is_public(value)
                || is_reference(value)
                || telling.form != Form::Date && is_expression(value)
                || is_report(value, if phrase { 2 } else { 3 })
                || is_state_name(value, telling)
        }
    }
}

/// Whether a number under a telling key is a secret.
pub fn is_secret_number(number: &str, telling: Telling) -> bool {
    match (telling.numbers, telling.form) {
        (Numbers::Always, _) => true,
        // A flag, a count of tries.
        _ if is_digits(number, FLAG_DIGITS_MAX) => false,
        (Numbers::Count, _) => false,
        (Numbers::Tally, _) => !is_digits(number, TALLY_DIGITS_MAX),
        (Numbers::Secret, Form::Code) => !number.contains('.'),
        (Numbers::Secret, Form::Any | Form::Token) => true,
        (Numbers::Secret, form) => fits(number, form),
    }
}

/// No secret has as few digits.
const FLAG_DIGITS_MAX: usize = 2;

/// A count of secrets has no more digits than this.
const TALLY_DIGITS_MAX: usize = 3;

/// What a sentence says about a secret in the secret's place.
#[rustfmt::skip]
const SENTENCE_WORDS: &[&str] = &[
    "a", "absent", "accepted", "active", "after", "allowed", "already", "an", "and", "are", "at", "bad", "be", "been", "before", "but", "by", "can",
    "cannot", "abstain", "allow", "apply", "changed", "check", "checking", "clear", "cleared", "confirmed", "contain", "correct", "could", "create", "created", "creating", "delete", "deleted", "deleting", "denied", "deny", "destroying", "did", "disabled",
    "do", "does", "doesn't", "empty", "enabled", "error", "expired", "expires", "failed", "failure", "false", "field", "for", "forbid", "forbidden", "found", "from", "generated", "get",
    "grant", "granted", "has", "have", "hidden", "if", "ignored", "in", "inactive", "incorrect", "invalid", "is", "issued", "it", "least", "list", "long",
    "malformed", "match", "matched", "matches", "may", "mismatch", "missing", "more", "must", "needs", "new", "nil", "no", "none", "not", "null", "ok", "old", "omitted",
    "on", "only", "or", "please", "pass", "passed", "permit", "permitted", "present", "provided", "received", "redacted", "refresh", "refreshed", "refreshing", "rejected", "required", "reset", "revoke", "revoked", "rotate",
    "rotated", "rotating", "same", "sent", "set", "short", "should", "stale", "strong", "skip", "succeeded", "success", "successful", "than", "that", "the", "their", "this", "to", "too", "true",
    "unauthorized", "unchanged", "undefined", "unknown", "unset", "unsupported", "update", "updated", "updating", "use", "used", "valid", "validated", "validating", "value", "values", "verified", "via", "was", "weak", "were", "when",
    "will", "with", "without", "wrong", "yes", "you", "your",
];

/// The same in other languages.
#[rustfmt::skip]
const FOREIGN_WORDS: &[&str] = &[
    // German
    "abgelaufen", "abgelehnt", "aktualisiert", "angefordert", "angegeben", "bereits", "darf", "dein", "deine", "der", "die", "das", "ein", "eine", "enthalten", "erfolgreich",
    "erforderlich", "erneuert", "falsch", "fehlerhaft", "fehlgeschlagen", "fehlt", "gelöscht", "gesendet", "gesetzt", "gesperrt", "gespeichert", "geändert", "gültig", "ihr",
    "ihre", "ist", "kein", "keine", "kurz", "lang", "leer", "mindestens", "mit", "muss", "müssen", "neu", "nicht", "oder", "ohne", "sein", "stimmen", "stimmt", "ungültig", "und",
    "unbekannt", "verloren", "vergessen", "verschickt", "versendet", "wurde", "wurden", "wird", "zeichen", "ziffer", "zurückgesetzt", "zu",
    // French
    "absent", "absente", "au", "aucun", "aucune", "caractères", "doit", "doivent", "est", "et", "expiré", "expirée", "incorrecte", "invalide", "manquant", "manquante", "modifié", "moins",
    "obligatoire", "oublié", "ou", "pas", "refusé", "refusée", "requis", "requise", "réinitialisé", "révoqué", "une", "vide", "votre", "été", "être",
    // Spanish
    "al", "caducado", "caducada", "caracteres", "cambiada", "cambiado", "con", "contraseña", "debe", "deben", "el", "es", "expirado", "expirada", "ha", "incorrecta", "incorrecto", "inválida", "inválido", "la",
    "menos", "obligatoria", "obligatorio", "olvidada", "requerida", "requerido", "sido", "sin", "su", "vacía", "vacío", "vencido", "válida", "válido", "y",
    // Portuguese
    "alterada", "ausente", "deve", "expirou", "foi", "incorreta", "incorreto", "inválidos", "mínimo", "não", "obrigatória", "obrigatório", "pelo", "redefinida", "sua", "vazia", "vazio",
    // Italian
    "almeno", "caratteri", "deve", "errata", "errato", "mancante", "modificata", "non", "obbligatoria", "obbligatorio", "richiesta", "richiesto", "scaduta", "scaduto", "scadute", "valida", "valido", "è",
    // Dutch
    "gewijzigd", "is", "komen", "minimaal", "minstens", "moet", "niet", "ongeldig", "onjuist", "ontbreekt", "overeen", "tekens", "verlopen", "vereist", "verplicht", "verzonden", "vergeten", "wachtwoord", "werd",
    // Polish
    "brak", "błędne", "błędny", "hasło", "jest", "musi", "nie", "nieprawidłowe", "nieprawidłowy", "odrzucony", "wygasł", "wygasła", "wymagane", "wymagany", "zmienione", "znaków",
    // Swedish, Danish, Norwegian
    "felaktigt", "felaktig", "har", "ikke", "inte", "krävs", "mangler", "minst", "mindst", "måste", "ogiltig", "ogiltigt", "påkrævet", "saknas", "tecken", "ugyldig", "utgången", "utløpt", "udløbet", "är", "er",
];

/// What sentences about secrets are about. One of them alone may be somebody's password.
const TOPICS: &[&str] = &[
    "account",
    "characters",
    "choose",
    "code",
    "confirmation",
    "credentials",
    "current",
    "different",
    "digit",
    "digits",
    "field",
    "given",
    "key",
    "letter",
    "login",
    "numbers",
    "password",
    "passwords",
    "pin",
    "property",
    "secret",
    "session",
    "token",
    "tokens",
    "user",
];

/// Single words that are a state, a kind or a setting in a secret's place.
#[rustfmt::skip]
const STATE_WORDS: &[&str] = &[
    "any", "app", "argon2", "argon2id", "authenticator", "auto", "basic", "bcrypt", "bearer", "blank", "bool", "boolean", "busy", "changed", "clean", "cookie", "custom", "default", "digest", "email", "encrypted",
    "filtered", "fresh", "hash", "hashed", "header", "hotp", "include", "int", "integer", "irrelevant", "jwt", "manage", "mandatory", "masked", "md5", "n/a", "nullable", "number", "oauth", "oauth2", "object",
    "none", "off", "obfuscated", "omit", "opaque", "optional", "pbkdf2", "pending", "plain", "plaintext", "private", "prohibited", "protected", "public", "queued", "read", "removed", "same-origin", "scrubbed", "scrypt", "sha1", "sha256", "sha512", "session", "skipped", "sms", "str",
    "sensitive", "sometimes", "string", "text", "totp", "unavailable", "unverified", "varchar", "verification", "view", "write",
];

/// Rules that forms are checked by, before the colon and a number.
const VALIDATIONS: &[&str] =
    &["between", "digits", "digits_between", "length", "len", "max", "min", "minlength", "maxlength", "size"];

/// Words of up to three letters that say all by themselves.
const SHORT_STATES: &[&str] =
    &["any", "app", "str", "bad", "int", "jwt", "n/a", "new", "nil", "no", "off", "ok", "old", "set", "sms", "yes"];

/// The larger tables.
struct Tables {
    sentence: Table<()>,
    states: Table<()>,
    topics: Table<()>,
    no_names: Table<()>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    sentence: Table::words(SENTENCE_WORDS.iter().chain(FOREIGN_WORDS)),
    states: Table::words(STATE_WORDS),
    topics: Table::words(TOPICS),
    no_names: Table::words(NO_NAMES),
});

/// Whether a word is one that sentences put in a secret's place.
pub fn is_sentence_word(word: &str) -> bool {
    let word = word.trim_end_matches(|char: char| char.is_ascii_punctuation());
    TABLES.sentence.has(word)
}

/// Whether a value speaks of a secret: a state (`expired`), a message (`must be at least 12 characters`), a rule for
/// input (`required|min:12`).
///
/// Of `margin` words, at least one must be of those that sentences are made of.
fn is_report(value: &str, margin: usize) -> bool {
    let value = value.trim_matches(|char: char| char.is_ascii_whitespace() || "()[]<>\"'".contains(char));
    let alone = value.len() > 3 || contains(SHORT_STATES, value);
    if alone && (TABLES.states.has(value) || is_sentence_word(value)) {
        return true;
    }
    if let Some((first, _)) = value.split_once('|') {
        return is_sentence_word(first) || TABLES.states.has(first);
    }
    if let Some((rule, limit)) = value.split_once(':')
        && VALIDATIONS.contains(&rule)
        && limit.bytes().all(|byte| byte.is_ascii_digit() || byte == b',')
    {
        return true;
    }
    let (mut count, mut known, mut last) = (0, 0, false);
    for word in value.split_ascii_whitespace() {
        let word = word.trim_matches(|char: char| char.is_ascii_punctuation());
        let plain = word.chars().all(|char| char.is_alphabetic() || "-'’/_".contains(char)) || is_digits(word, 4);
        if !plain {
            return false;
        }
        count += 1;
        let is_known = word.len() > 1 && (is_sentence_word(word) || TABLES.topics.has(word));
        known += usize::from(is_known);
        last = is_known && word.len() > 3;
    }
    let enough = match count {
        0 | 1 => false,
        2 | 3 => known >= 2 || last,
        _ => known >= 2,
    };
    enough && known * margin >= count
}

/// Whether a single name ends in a state: `NotPresent`, `token_expired`, `ERR_INVALID`.
///
/// A password may end in such a word, as `open-please` does, so there every word must speak of states.
fn is_state_name(value: &str, telling: Telling) -> bool {
    let name = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || byte == b'-';
    if value.len() > 48 || !value.bytes().all(name) {
        return false;
    }
    let words = keys::word_texts(value);
    let known = |word: &&str| is_sentence_word(word) || TABLES.states.has(word);
    let all = telling.rule != "password" || words.iter().all(|word| known(word) || TABLES.topics.has(word));
    let cased = telling.rule != "password" || value.bytes().any(|byte| byte.is_ascii_uppercase());
    words.len() >= 2 && all && cased && words.last().is_some_and(|last| last.len() > 3 && known(last))
}

/// A longer text is what its key says, without a closer look.
const HARMLESS_MAX: usize = 2048;

fn is_uniform(value: &str) -> bool {
    let mask = if value.len() < 3 { "*•" } else { "*•●xX.-" };
    value.chars().all(|char| mask.contains(char) && value.starts_with(char))
}

/// Whether a text shows nothing, or next to nothing, of a secret: `****`, `xxxx`, `[hidden]`, `k***@mail.test`, `eyJh...`.
pub fn is_mask(value: &str) -> bool {
    let starred = ["***", "•••", "●●●"].iter().any(|stars| value.contains(stars));
    let head = value.strip_suffix("...").or_else(|| value.strip_suffix('…'));
    let shortened = head.is_some_and(|head| head.len() <= 8 && !head.contains(' '));
    is_uniform(value) || starred || shortened || is_named_mask(value)
}

/// Whether a value says of which type it was, and no more: `[PII of type 'System.String' is hidden]`.
fn is_typed_mask(value: &str) -> bool {
    let inside = value.strip_prefix("[PII of type ").and_then(|value| value.strip_suffix(']'));
    inside.is_some_and(|inside| !inside.contains(['[', ']']))
}

/// Whether a value says in brackets that somebody masked it: `[FILTERED]`, `<redacted>`.
fn is_named_mask(value: &str) -> bool {
    let words = [
        "filtered",
        "hidden",
        "masked",
        "no log",
        "obfuscated",
        "pii",
        "private",
        "omitted",
        "protected",
        "redacted",
        "removed",
        "scrubbed",
        "secret",
        "secure",
        "sensitive",
        "suppressed",
        "truncated",
    ];
    // What another program puts in the place of a value, whole.
    if value == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER" || is_typed_mask(value) {
        return true;
    }
    // `SecretBox<str>([REDACTED])`
    let wrapped = value.strip_suffix(')').and_then(|value| value.split_once('('));
    if let Some((name, inside)) = wrapped
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphabetic() || b"<>_:".contains(&byte))
    {
        return inside.starts_with('[') && is_named_mask(inside);
    }
    // `[FILTERED]`, `**REDACTED**`, `<<hidden>>`, `--masked--`; but `secret!!` may be a password.
    let marks =
        [("[", "]"), ("(", ")"), ("<", ">"), ("**", "**"), ("--", "--"), ("__", "__"), ("%5B", "%5D"), ("%5b", "%5d")];
    let inside = |(open, close): &(&str, &str)| value.strip_prefix(open)?.strip_suffix(close);
    marks
        .iter()
        .filter_map(inside)
        .any(|inside| contains(&words, inside.trim_matches(|char: char| char.is_ascii_punctuation())))
}

/// Whether a value stands for a secret that is put in elsewhere: `?`, `$1`, `:password`, `${PASSWORD}`, `<password>`.
pub fn is_placeholder(value: &str) -> bool {
    if is_call_for(value.trim_end_matches([',', ';', '.'])) {
        return true;
    }
    let value = value.trim_end_matches([',', ';', ')', '.']);
    let name = match value.as_bytes() {
        b"" | b"?" | b"%s" | b"%d" | b"%v" => return true,
        [b'$', b'{' | b'(', .., b'}' | b')'] if value.len() > 3 => &value[2..value.len() - 1],
        [b'{', b'{', .., b'}', b'}'] if value.len() >= 4 => &value[2..value.len() - 2],
        [b'[', .., b']'] if value.len() > 2 => return is_report(value, 3),
        [b'<', .., b'>'] | [b'{', .., b'}'] if value.len() > 2 => &value[1..value.len() - 1],
        [b'%', .., b'%'] if value.len() > 2 => &value[1..value.len() - 1],
        [b'%', b'(', .., b')', b's'] => &value[2..value.len() - 2],
        [b'$', name @ ..] if !name.is_empty() && name.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_') => {
            return true;
        }
        [b'$' | b':' | b'@', name @ ..]
            if !name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte)) =>
        {
            return false;
        }
        [b'$' | b':' | b'@', ..] => return keys::classify(&value[1..]).is_some() || is_parameter(&value[1..]),
        _ => return false,
    };
    is_name_of_value(name)
}

/// Whether what stands between the marks of a placeholder names a value, and is none: `DB_PASSWORD`, `32 random bytes`.
///
/// A default may be the secret itself: `${DB_PASSWORD:-hunter2}`.
fn is_name_of_value(name: &str) -> bool {
    let letters = name.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_-.: |?".contains(&byte));
    let counted = name.contains(' ')
        && name.split(' ').all(|word| is_digits(word, 3) || word.bytes().all(|byte| byte.is_ascii_alphabetic()));
    // What is said when there is none: `${DB_PASSWORD:?set it in .env}`.
    let message = name
        .split_once(":?")
        .is_some_and(|(name, _)| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    (letters || counted || message) && !name.contains(":-")
}

/// Whether a name is that of a parameter with a number, or of one letter: `1`, `p0`, `param2`, `__p_3`, `p`.
fn is_parameter(name: &str) -> bool {
    let digits =
        name.trim_start_matches('_').trim_start_matches("param").trim_start_matches(['p', 'P']).trim_start_matches('_');
    is_digits(digits, 2) || matches!(name.as_bytes(), [letter] if letter.is_ascii_lowercase())
}

/// Starts and ends of what templates, workflows and deployment tools write where a secret is put in later.
const CALLS: &[(&str, &str)] = &[
    ("${{", "}}"),
    ("{{", "}}"),
    ("#{", "}"),
    ("<%", "%>"),
    ("%{", "}"),
    ("$(", ")"),
    ("%env(", ")%"),
    ("@Microsoft.KeyVault(", ""),
    ("ENC[AES256_GCM,data:", ""),
    ("!Ref ", ""),
    ("!Sub ", ""),
    ("!GetAtt ", ""),
    ("!ImportValue ", ""),
    ("!secret ", ""),
    ("!vault |", ""),
];

/// Whether a value calls for a secret that is kept elsewhere: `${{ secrets.NPM_TOKEN }}`, `!Ref DbPassword`.
///
/// What is written between the marks are names, so a quarter of it at most are digits.
fn is_call_for(value: &str) -> bool {
    let fits = |(start, end): &(&str, &str)| {
        value.len() > start.len() + end.len() && value.starts_with(start) && value.ends_with(end)
    };
    // A single word with a digit may be the secret, which a program wrote between marks of its own.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"#$%{}()<>_-@!".contains(&byte);
    let word = value.bytes().all(plain) && value.bytes().any(|byte| byte.is_ascii_digit());
    value.len() <= 200 && !word && !value.contains(":-") && CALLS.iter().any(fits) && !is_random(value, 24)
}

/// Whether a value is the name that a secret goes by, as constants, headers and kinds of tokens are written:
/// `SESSION_SECRET`, `X-XSRF-TOKEN`, `refresh_token`.
fn is_name_of_key(value: &str) -> bool {
    let name = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || byte == b'-';
    let alone = ["password", "username", "token", "secret", "apikey", "passphrase"];
    value.len() <= 64 && value.bytes().all(name) && value.contains(['_', '-']) && keys::classify(value).is_some()
        || alone.contains(&value)
}

/// Names of HTTP headers that stand beside those of secrets in lists of names. All have a dash.
#[rustfmt::skip]
const HEADERS: &[&str] = &[
    "accept-encoding", "accept-language", "cache-control", "content-disposition", "content-encoding", "content-length", "content-type", "if-modified-since", "if-none-match", "keep-alive",
    "last-modified", "permissions-policy", "proxy-authorization", "referrer-policy", "retry-after", "sec-fetch-mode", "set-cookie", "strict-transport-security", "transfer-encoding",
    "upgrade-insecure-requests", "user-agent", "www-authenticate", "x-api-key", "x-auth-token", "x-content-type-options", "x-correlation-id", "x-csrf-token", "x-forwarded-for", "x-forwarded-host",
    "x-forwarded-proto", "x-frame-options", "x-real-ip", "x-request-id", "x-requested-with", "x-xsrf-token",
];

/// The name of an object of a cluster: `wildcard-tls`.
fn is_kebab(value: &str) -> bool {
    value.len() <= 40 && value.contains('-') && value.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}

/// Words that begin the example of a secret: `YOUR_API_KEY`, `my-secret-token`, `insert_password_here`.
const EXAMPLE_STARTS: &[&str] = &["your", "insert", "replace", "put", "enter", "<your", "changeme_"];

/// Whether a value is a name in place of a secret, as instructions have it: `YOUR_API_KEY`.
pub fn is_example(value: &str) -> bool {
    let mut words = value.split(['_', '-', ' ']);
    let first = words.next().unwrap_or_default();
    let many = words.clone().next().is_some();
    let letters = value.chars().all(|char| char.is_ascii_alphabetic() || "_- <>".contains(char));
    let cased = value == value.to_ascii_uppercase() || value == value.to_ascii_lowercase();
    many && letters && cased && EXAMPLE_STARTS.iter().any(|start| start.eq_ignore_ascii_case(first))
}

/// Whether a value says where the secret is kept: a path, the entry of a vault, a variable.
fn is_reference(value: &str) -> bool {
    let prefixes = [
        "arn:aws",
        "vault:",
        "op://",
        "ssm:",
        "env:",
        "file:",
        "secretsmanager:",
        "secretKeyRef",
        "valueFrom",
        "keyvault:",
        "gcp-sm:",
        "awssm:",
        "doppler:",
        "sops:",
        "keychain:",
        "credstore:",
        "process.env",
        "os.environ",
        "getenv(",
        "env(",
        "ENV[",
    ];
    let roots = [
        "/var/",
        "/home/",
        "/usr/",
        "/opt/",
        "/etc/",
        "/srv/",
        "/app/",
        "/tmp/",
        "/root",
        "/mnt/",
        "/run/",
        "/data/",
        "/Users/",
        "/code/",
        "/builds/",
        "/github/",
        "/workspace/",
        "/workspaces/",
        "~/",
        "C:\\",
    ];
    let named = [
        "database/creds/",
        "database/static-creds/",
        "aws/creds/",
        "projects/",
        "secrets/",
        "secret/data/",
        "kv/",
        "parameter/",
    ];
    let named = named.iter().any(|root| value.starts_with(root)) && value.matches('/').count() >= 2;
    // A working directory: `/builds/acme/api`.
    let directory = value.starts_with('/')
        && value.matches('/').count() >= 2
        && value.bytes().all(|byte| byte.is_ascii_lowercase() || b"/-_.".contains(&byte));
    let path = (named || directory || roots.iter().any(|root| value.starts_with(root))) && !value.contains(' ');
    path || prefixes.iter().any(|prefix| value.starts_with(prefix)) || value == "/"
}

/// Whether a value is a pattern that secrets are checked by: `[0-9A-Za-z]{1,13}`, `^(?=.*\\d).{8,}$`.
pub fn is_regex(value: &str) -> bool {
    let class = ["[0-9", "[a-z", "[A-Z", "[^", "\\d", "\\w", "(?="];
    let quantifier = ["]{", "]+", "]*", ".{", ".*", "d+", "w+", "d{", "w{", ")+", "]$"];
    class.iter().any(|part| value.contains(part)) && quantifier.iter().any(|part| value.contains(part))
}

/// Whether a value is the public half of a pair of keys, or a certificate.
fn is_public(value: &str) -> bool {
    let starts = [
        "-----BEGIN PUBLIC KEY",
        "-----BEGIN RSA PUBLIC KEY",
        "-----BEGIN CERTIFICATE",
        "ssh-rsa ",
        "ssh-ed25519 ",
        "ecdsa-sha2-",
        "sha256/",
        "pin-sha256=",
        "SHA256:",
    ];
    starts.iter().any(|start| value.starts_with(start))
}

/// Functions that come by a secret or make another thing of it.
#[rustfmt::skip]
const SOURCES: &[&str] = &[
    "bcrypt", "config", "crypt", "decrypt", "encrypt", "env", "file", "get", "getenv", "getpass", "hash", "input", "lookup", "prompt", "quote", "read",
    "request", "secret", "trans",
];

/// Whether a value is code that comes by the secret: `getToken()`, `req.body.password`, `configuration["Auth:Secret"]`,
/// `env::var("DB_PASSWORD")?`, or its type: `varchar(255)`.
fn is_expression(value: &str) -> bool {
    let is_name = |char: char| char.is_ascii_alphabetic() || "_.$>:-?!".contains(char);
    let name = value.trim_end_matches(|char: char| "()!;,?".contains(char));
    if let Some(open) = value.find(['(', '[']).filter(|open| *open > 0) {
        let (path, arguments) = (&value[..open], &value[open + 1..]);
        let arguments = arguments.trim_end_matches(|char: char| ")];,?!".contains(char));
        let parts: Vec<&str> = path
            .split(['.', ':', '>'])
            .map(|part| part.trim_end_matches('-'))
            .filter(|part| !part.is_empty())
            .collect();
        let names = parts.iter().all(|part| {
            part.starts_with(|char: char| char.is_ascii_alphabetic() || "_$@".contains(char))
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_$@!?".contains(&byte))
        });
        let size = is_digits(arguments, 4) || arguments.split(',').all(|number| is_digits(number.trim(), 3));
        let known = parts
            .last()
            .is_some_and(|last| SOURCES.contains(last) || last.ends_with("_hash") || last.ends_with("_password"));
        return path.len() > 2
            && names
            && (arguments.is_empty() || parts.len() > 1 || known || size && value[open..].starts_with('('));
    }
    let types = ["Option<", "Optional[", "Vec<", "List<", "List["];
    let roots = [
        "req",
        "request",
        "config",
        "process",
        "os",
        "self",
        "this",
        "params",
        "env",
        "settings",
        "ctx",
        "context",
        "user",
        "data",
        "opts",
        "options",
        "args",
        "event",
        "body",
        "payload",
        "response",
        "res",
        "props",
        "state",
        "session",
        "$this",
        "account",
        "credentials",
        "var",
        "vars",
        "local",
        "module",
        "each",
        "secrets",
        "secret",
        "env",
        "std",
        "cfg",
        "conf",
        "configuration",
        "app",
        "input",
        "form",
        "headers",
        "cookies",
        "System",
        "Rails",
        "Settings",
        "ENV",
        "param",
        "values",
        "Values",
        ".Values",
        "spec",
        "inputs",
        "github",
        "steps",
        "needs",
    ];
    // What another resource of a plan gives: `random_password.db.result`.
    let resources = [
        "random_password.",
        "random_string.",
        "random_id.",
        "aws_",
        "azurerm_",
        "google_",
        "vault_",
        "kubernetes_",
        "tls_",
    ];
    let resource = resources.iter().any(|start| value.starts_with(start))
        && value.matches('.').count() >= 2
        && value.bytes().all(|byte| byte.is_ascii_lowercase() || b"._".contains(&byte));
    resource
        || types.iter().any(|start| value.starts_with(start))
        || name == "String"
        || name.chars().all(is_name)
            && name.split('.').count() > 1
            && roots.iter().any(|root| name.split(['.', '-']).next() == Some(root))
}

/// Whether a text has the form that its key lets one expect.
fn fits(value: &str, form: Form) -> bool {
    match form {
        Form::Any | Form::Behind(_) => true,
        Form::Token => is_token(value),
        // Versions, modules and the pins of a board have digits too.
        Form::Code if value.contains(['/', ':', '(']) || is_version(value) || value.starts_with("GPIO") => false,
        Form::Code => {
            let user_code = value.len() == 9
                && value
                    .bytes()
                    .enumerate()
                    .all(|(at, byte)| if at == 4 { byte == b'-' } else { byte.is_ascii_uppercase() });
            user_code || value.bytes().any(|byte| byte.is_ascii_digit()) || value.len() >= 16 && !value.contains(' ')
        }
        Form::ShortCode => is_digits(value, 4) && value.len() > 2,
        Form::Random => is_random(value, 16) || is_uuid(value),
        Form::Mixed => is_random(value, 24) && is_mixed(value),
        Form::Grant => is_random(value, 16),
        Form::Cookie => !is_plain_cookie(value),
        Form::Phrase => is_random(value, 16) || value.split_ascii_whitespace().count() >= 8,
        Form::Email => is_email(value),
        Form::Phone => {
            let body = value.trim_start_matches(|char: char| char.is_ascii_alphabetic() || ":. ".contains(char));
            (6..=17).contains(&digits(body))
                && body.chars().all(|char| char.is_ascii_digit() || "+ ()-./xX".contains(char))
        }
        Form::Digits(min) => {
            let neat = |char: char| char.is_ascii_alphanumeric() || " -./".contains(char);
            digits(value) >= usize::from(min) && value.len() <= 64 && value.chars().all(neat)
        }
        Form::Document => fits(value, Form::Digits(5)) || is_document(value),
        Form::Date => (4..=24).contains(&digits(value)) && value.len() <= 40,
        Form::Dialled => is_dialled(value),
        Form::Ids(ids) => ids.iter().any(|id| id.holds(value)) && value.len() <= 32,
        Form::Name => is_name(value),
        Form::FullName => is_full_name(value),
        Form::Postcode => is_postcode(value),
        Form::Zip => is_zip(value),
        Form::Place => is_place(value) || value.split_ascii_whitespace().count() > 1 || is_name(value),
        Form::Street => is_place(value),
    }
}

/// Whether a text may be a token at all: not a word, a name or punctuation, as lexers, tokenizers and flags have for tokens.
fn is_token(value: &str) -> bool {
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    let lower = value.bytes().filter(u8::is_ascii_lowercase).count();
    let digits = digits(value);
    let camel = value.bytes().skip(1).filter(u8::is_ascii_uppercase).count();
    let wordy = value.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_-.: |<>{}()[]'\"#/\\;,!?*".contains(&byte));
    let one_case = lower == letters || lower == 0 || camel * 4 <= letters;
    let unit = value.trim_start_matches(|char: char| char.is_ascii_digit() || char == '.');
    let measure = unit.len() < value.len()
        && unit.len() <= 3
        && unit.chars().all(|char| char.is_ascii_lowercase() || char == '%');
    let colour =
        value.strip_prefix('#').is_some_and(|hex| hex.len() <= 8 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let word = digits == 0 && wordy && (one_case && value.len() < 24 || value.contains(' ') || letters == 0);
    !(measure && value.len() <= 8 && !unit.is_empty() || colour || word)
}

/// Which versions of a package will do: `~6.11 || ^7.0`, `>=2.1,<3`.
fn is_constraint(value: &str) -> bool {
    let parts = |byte: u8| byte.is_ascii_digit() || b" .~^<>=|*,x-".contains(&byte);
    let bounded = value.starts_with(['~', '^', '<', '>', '=']);
    bounded
        && value.contains('.')
        && value.bytes().all(parts)
        && value.bytes().any(|byte| byte.is_ascii_digit())
        && value.len() <= 48
}

/// Numbers with dots between them: `27.1.2`.
fn is_version(value: &str) -> bool {
    value.contains('.') && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// Letters and digits that nobody thought up, at least `length_min` of them: no words, no version, no UUID.
pub fn is_random(value: &str, length_min: usize) -> bool {
    let parts = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=_.~%-:".contains(&byte);
    let has = |is: fn(&u8) -> bool| value.bytes().any(|byte| is(&byte));
    if value.len() < length_min || value.len() > 8192 || !value.bytes().all(parts) || is_uuid(value) {
        return false;
    }
    let digits = digits(value);
    let hex = value.len() >= 16 && value.bytes().all(|byte| byte.is_ascii_hexdigit()) && digits < value.len();
    let mixed = has(u8::is_ascii_lowercase) && digits > 0;
    let shouted = value.len() >= 20 && has(u8::is_ascii_uppercase) && digits > 2;
    let cased = value.len() >= 24 && has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    (hex || mixed || shouted || cased) && !is_slug(value)
}

/// Upper-case and lower-case letters and digits, with no more than a dash between them.
fn is_mixed(value: &str) -> bool {
    let has = |is: fn(&u8) -> bool| value.bytes().filter(is).count() >= 3;
    has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+=".contains(&byte))
}

/// Words and numbers with separators between them: `complete-registration-2`, `GA1.2.1234.5678`.
pub fn is_slug(value: &str) -> bool {
    value.split(['-', '_', '.', '/', ':']).all(|part| {
        let letters = part.bytes().take_while(u8::is_ascii_alphabetic).count();
        let rest = &part[letters..];
        let camel = part.bytes().skip(1).filter(u8::is_ascii_uppercase).count();
        rest.bytes().all(|byte| byte.is_ascii_digit())
            && (letters == 0 && rest.len() <= 13 || rest.len() <= 2 && letters <= 20 && camel * 4 <= letters)
    })
}

/// Whether a text is a UUID.
pub fn is_uuid(value: &str) -> bool {
    const DASHES: [usize; 4] = [8, 13, 18, 23];
    let Ok(bytes) = <&[u8; 36]>::try_from(value.as_bytes()) else { return false };
    if DASHES.iter().any(|at| bytes[*at] != b'-') {
        return false;
    }
    // By a table and without a branch a byte: nearly every line has one.
    bytes.iter().map(|byte| IS_HEX[usize::from(*byte)]).sum::<u8>() == 32
}

const IS_HEX: [u8; 256] = {
    let mut is = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        is[byte] = (byte as u8).is_ascii_hexdigit() as u8;
        byte += 1;
    }
    is
};

/// What a cookie holds that is a setting: `dark`, `de-DE`, `Europe/Berlin`, `1`.
pub fn is_plain_cookie(value: &str) -> bool {
    let words = value.len() <= 24 && value.bytes().all(|byte| byte.is_ascii_alphabetic() || b"-/_".contains(&byte));
    let cased = value.bytes().skip(1).filter(u8::is_ascii_uppercase).count() > 3;
    value.len() <= 5 || words && !cased
}

fn is_email(value: &str) -> bool {
    let (at, skip) = match (value.find('@'), value.find("%40")) {
        (Some(at), _) => (at, 1),
        (None, Some(at)) => (at, 3),
        (None, None) => return false,
    };
    at > 0 && value[at + skip..].starts_with(|char: char| char.is_alphanumeric() || char == '[')
}

/// The number of a document that has more letters than digits: `C4VK7N2PT`.
fn is_document(value: &str) -> bool {
    let neat = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    (6..=14).contains(&value.len()) && value.bytes().all(neat) && digits(value) >= 2
}

fn is_name(value: &str) -> bool {
    // Of flights and trains: `MONTEVERDI/LUCREZIA MRS`.
    let shouted = !value.chars().any(char::is_lowercase);
    let name = |char: char| char.is_alphabetic() || " .'’-,+%".contains(char) || shouted && char == '/';
    let letters = value.chars().filter(|char| char.is_alphabetic()).count();
    // What systems write for nobody in particular: `guest`.
    if value.bytes().all(|byte| byte.is_ascii_lowercase()) && TABLES.no_names.has(value) {
        return false;
    }
    letters > 1
        && value.len() <= 100
        && value.chars().all(|char| name(char) || value.contains('%') && char.is_ascii_digit())
}

/// Two names or more, as people write them, that are no title of a thing.
pub fn is_full_name(value: &str) -> bool {
    let value = value.trim();
    let (mut names, mut words) = (0, 0);
    for word in value.split([' ', ',', '/', '+']).filter(|word| !word.is_empty()) {
        words += 1;
        let bare = word.trim_end_matches('.');
        let letters = bare.chars().all(|char| char.is_alphabetic() || "'’-.".contains(char));
        if !letters || TABLES.no_names.has(bare) {
            return false;
        }
        let particle = contains(PARTICLES, bare);
        let capital = word.chars().next().is_some_and(|first| first.is_uppercase() || !first.is_lowercase());
        if !particle && !capital {
            return false;
        }
        names += usize::from(!particle && bare.chars().count() > 1);
    }
    let one_word = value.chars().all(|char| matches!(char, '\u{3000}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'));
    value.len() <= 80 && (names >= 2 && words <= 6 || one_word && (2..=5).contains(&value.chars().count()))
}

/// Small words in the names of people.
const PARTICLES: &[&str] = &[
    "af", "al", "ap", "av", "bin", "bint", "da", "das", "de", "del", "della", "den", "der", "des", "di", "do", "dos",
    "du", "e", "el", "ibn", "la", "le", "ten", "ter", "van", "vom", "von", "y", "zu", "zum", "zur",
];

/// Words in the names of things, teams and companies.
#[rustfmt::skip]
const NO_NAMES: &[&str] = &[
    "a", "access", "account", "active", "admin", "administrator", "admins", "accounts", "computers", "controllers", "domain", "guests", "publishers", "ag", "agent", "alert", "all", "and", "api", "app", "application", "aps", "area", "as", "b2b", "backup", "bank", "basic",
    "beta", "billing", "board", "bot", "box", "build", "business", "calendar", "campaign", "cart", "catalog", "center", "central", "channel", "checkout", "ci", "city", "cloud", "club",
    "cluster", "co", "company", "config", "connect", "console", "contact", "core", "corp", "corporation", "cup", "customer", "daily", "dashboard", "data", "database", "default", "demo", "deploy", "desk",
    "dev", "device", "digital", "division", "edge", "edition", "email", "engine", "engineering", "enterprise", "error", "event", "events", "express", "feature", "field", "file", "finance", "flow", "for",
    "free", "frontend", "backend", "gateway", "global", "gmbh", "group", "guest", "health", "help", "home", "hotel", "hr", "hub", "import", "in", "inbox", "inc", "index", "info", "input", "integration", "internal",
    "invoice", "it", "job", "kg", "lab", "labs", "lead", "library", "limited", "list", "llc", "llp", "load", "local", "login", "ltd", "mail", "mailer", "main", "manager", "market", "marketing",
    "media", "menu", "message", "mobile", "model", "module", "monitor", "monthly", "my", "network", "new", "news", "newsletter", "no", "node", "not", "notification", "of", "office", "old", "on", "online", "open",
    "amazon", "android", "apple", "aws", "azure", "chrome", "deutsche", "docker", "firefox", "github", "gitlab", "google", "ios", "kubernetes", "linux", "microsoft", "oracle", "owners", "pipelines", "safari", "windows", "guide", "hardware", "software", "manual", "specification", "specifications", "kernel", "additions", "operations", "ops", "option", "order", "orders", "org", "page", "parser", "partner", "password", "payment", "payments", "plan", "platform", "plugin", "pool", "portal", "premium", "primary", "print", "pro", "process",
    "product", "production", "professional", "profile", "program", "project", "public", "queue", "read", "region", "release", "report", "request", "reset", "response", "restaurant", "role", "rule", "runner", "sa", "sales", "sandbox",
    "sarl", "scheduler", "school", "search", "secondary", "section", "security", "sensor", "server", "service", "services", "session", "set", "setup", "shared", "shop", "site", "solutions", "spa", "srl", "staging", "standard",
    "starter", "state", "status", "step", "storage", "store", "stream", "studio", "subscription", "support", "sync", "system", "systems", "table", "task", "team", "technologies", "template", "test", "the", "ticket", "token", "tool",
    "tools", "trial", "ug", "unit", "unknown", "update", "upload", "user", "users", "value", "version", "view", "warehouse", "web", "webhook", "weekly", "with", "worker", "workflow", "workspace", "world", "zone",
];

/// A number that leads into another country, or out of a town.
fn is_dialled(value: &str) -> bool {
    let neat = value.chars().all(|char| char.is_ascii_digit() || "+ ()-./".contains(char));
    let start =
        value.starts_with('+') || value.starts_with("00") && !value.starts_with("000") || value.starts_with("(0");
    let national = value.starts_with('0') && !value.starts_with("00") && value.contains([' ', '-', '/']);
    neat && (start || national) && (9..=16).contains(&digits(value))
}

/// A postal code that only a few houses have, as in Britain, Canada, Ireland and the Netherlands, or with all its digits.
fn is_postcode(value: &str) -> bool {
    let compact: Vec<u8> =
        value.bytes().filter(|byte| !b" -".contains(byte)).map(|byte| byte.to_ascii_uppercase()).collect();
    let like = |shape: &str| {
        shape.len() == compact.len()
            && shape.bytes().zip(&compact).all(|(shape, byte)| match shape {
                b'9' => byte.is_ascii_digit(),
                b'A' => byte.is_ascii_uppercase(),
                _ => byte.is_ascii_alphanumeric(),
            })
    };
    let british = ["A99AA", "A999AA", "A9A9AA", "AA99AA", "AA999AA", "AA9A9AA"].iter().any(|shape| like(shape));
    value.len() <= 10 && (british || like("A9A9A9") || like("9999AA") || like("A99****") || like("AA9****"))
        || value.len() == 10 && value.as_bytes()[5] == b'-' && like("999999999")
        || value.len() == 9 && value.as_bytes()[5] == b'-' && like("99999999")
}

fn is_zip(value: &str) -> bool {
    let neat = value.chars().all(|char| char.is_ascii_alphanumeric() || " -".contains(char));
    neat && (4..=10).contains(&value.len()) && digits(value) >= 2
}

/// A street and the number of a house, or a postal code and a town.
fn is_place(value: &str) -> bool {
    let technical = |char: char| "@=<>{}|\\_".contains(char);
    let words = || value.split(|char: char| char.is_whitespace() || char == ',' || char == '+');
    let number = words().any(|word| {
        let joints = word.bytes().filter(|byte| b"/-".contains(byte)).count();
        word.len() <= 7
            && word.starts_with(|char: char| char.is_ascii_digit())
            && digits(word) + joints + 1 >= word.len()
            || word.len() <= 6 && digits(word) > 0 && digits(word) + 1 >= word.len()
    });
    let letters = words().any(|word| {
        word.chars().filter(|char| char.is_alphabetic()).count() >= 3 && !word.contains(':') && !contains(PARTS, word)
    });
    let eastern =
        value.chars().filter(|char| matches!(char, '\u{3040}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')).count() >= 3
            && (digits(value) > 0 || value.contains(['号', '號', '番', '호']));
    value.len() <= 200
        && (number && letters || eastern)
        && !value.contains(technical)
        && !value.contains("://")
        && !is_report(value, 3)
}

/// What is counted, beside a number: `line 1`.
const PARTS: &[&str] =
    &["column", "entry", "field", "item", "line", "number", "page", "part", "row", "section", "step", "version"];

fn digits(value: &str) -> usize {
    value.bytes().filter(u8::is_ascii_digit).count()
}

/// Whether a text is a number of at most so many digits.
pub fn is_digits(text: &str, length_max: usize) -> bool {
    !text.is_empty() && text.len() <= length_max && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `2026-09-14T08:00:00+02:00` and its kin: a date with a time. A date alone may be a password.
pub fn is_iso_time(text: &str) -> bool {
    let shape = b"0000-00-00T00:00";
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't' | b' '),
        other => byte == other,
    };
    let Some((head, tail)) = text.as_bytes().split_at_checked(shape.len()) else { return false };
    head.iter().zip(shape).all(fits)
        && tail.len() <= 20
        && tail.iter().all(|byte| byte.is_ascii_digit() || b":.,+-Zz ".contains(byte))
}

/// `2026-09-14`, with or without a time behind it.
pub fn is_iso_date(text: &str) -> bool {
    let date = |(byte, shape): (&u8, &u8)| if *shape == b'0' { byte.is_ascii_digit() } else { byte == shape };
    let head = text.as_bytes().get(..10).is_some_and(|head| head.iter().zip(b"0000-00-00").all(date));
    head && (text.len() == 10 || is_iso_time(text))
}

fn contains(table: &[&str], word: &str) -> bool {
    table.iter().any(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests;
