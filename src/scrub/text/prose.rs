//! Secrets that no separator marks: in sentences, on command lines, in the dialogs of protocols, as arguments of calls, in
//! the paths of links.
//!
//! Invariant: what is looked at behind a place is bounded, or skipped by the scan, so the time is linear.

use std::sync::LazyLock;

use super::super::keys::{self, Telling};
use super::super::lookup::Table;
use super::super::markers::{Kind, marker_at};
use super::forms::{is_digits, is_harmless, is_mask, is_placeholder, is_random, is_sentence_word, is_slug, is_uuid};
use super::{Reading, Scan, Span};

/// What the texts have one of that this file finds secrets in and that no key is: patterns of the raw-line gate.
#[rustfmt::skip]
pub const GATE_WORDS: &[&str] = &[
    "activat", "attempt(", "auth ", "authenticate(", "confirm", "identified by", "invit", "login ",
    "login(", "magic", "mysqli", "pdo", "recover", "reset", "ssh2_auth",
    "unlock", "unsubscribe",
    "verif", "ftp_login", "ldap_bind", "imap_open", "signin(", "key=", "key%3d", "key%253d", "sig=", "sig%3d",
    "sig%253d", "signature=", "signature%3d", "signature%253d", "ticket=", "ticket%3d", "ticket%253d",
    "?t=", "&t=", "hmac=", "hash=", "pgp_sym", "aes_encrypt(", "aes_decrypt(", "des_encrypt(", "des_decrypt(", "hash_hmac(", "openssl_", "getconnection(", "plainauth(",
    "basicauth(", "basic_auth(", "digestauth(", "oci_connect(", "odbc_connect(", "db2_connect(", "sybase_connect(", "ibase_connect(", "ldap_sasl_bind(", "dbi connect", "dbi->connect",
    "identified with", "authentication(", "\0", "kty",
];

/// What a word makes of the words behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speech {
    /// `password hunter2`
    Password,
    /// `passphrase correct horse battery staple`
    Phrase,
    /// `token 9f86d081…`
    Token,
    /// `PIN 1234`
    Code,
    /// `your code is 123456`, but not `exit code 137`
    SomeCode,
    /// `SetEnv DB_PASS secret`
    Setting,
}

/// Whether a code may have letters in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Letters {
    /// Some of it may be letters.
    Some,
    /// All of it are digits.
    Never,
}

/// How sentences speak of the secrets of a rule.
const SPEECH: &[(&str, Speech)] = &[
    ("password", Speech::Password),
    ("passphrase", Speech::Phrase),
    ("token", Speech::Token),
    ("secret", Speech::Token),
    ("api_key", Speech::Token),
    ("secret_key", Speech::Token),
    ("csrf", Speech::Token),
    ("session", Speech::Token),
    ("otp", Speech::Code),
    ("pin", Speech::Code),
    ("cvv", Speech::Code),
    ("recovery_code", Speech::Phrase),
];

/// Words that are telling as keys, and mean many other things in sentences.
const MUTE: &[&str] = &["pass", "sess", "tokens", "secrets", "seed", "mfa", "bearer", "psk"];

/// Words between a secret's name and the secret. Those that assert more than the others come first.
#[rustfmt::skip]
const ASSERTING: &[&str] = &[
    "is", "was", "to", "as", "=", ":", "are", "ist", "war", "lautet", "lautete", "est", "es", "era", "è", "é", "jest",
    "är", "er", "on", "je", "este", "это", "—", "–", "be",
];
#[rustfmt::skip]
const LINKING: &[&str] = &[
    "will", "should", "wird", "sera", "será", "sarà", "wordt",
    "got", "has", "been", "changed", "from", "set", "updated", "reset", "now", "used", "given", "entered", "typed", "value", "code", "number", "-", "->", "=>", "provided",
    "received", "supplied", "saisi", "saisie", "entré", "eingegeben", "ingresada", "introducida", "inserita", "digitada", "informada",
    "podane", "wpisane", "ingevoerd", "indtastet", "angegeben",
    "temporary", "provisoire", "temporaire", "provisional", "temporal", "provisória", "temporária", "provvisoria", "temporanea", "tijdelijke", "initial", "default",
    "tymczasowe", "nowe", "nové", "dočasné", "neues", "vorläufiges", "nuova", "nueva", "nouveau", "nova", "nieuw", "nieuwe", "nyt", "nytt", "midlertidig", "tillfälligt",
    "gewijzigd", "veranderd", "naar", "geändert", "auf", "modifié", "cambiada", "modificata", "ændret", "til", "ändrat", "till", "zmienione", "a", "na", "nu",
];

/// Words that begin what stands between a secret's name and `is` or a colon: `password for kim is …`.
#[rustfmt::skip]
const CONNECTING: &[&str] = &[
    "for", "of", "on", "at", "to", "from", "from:", "für", "fuer", "von", "vom", "des", "der", "am", "zu", "de", "del", "della", "dell",
    "dello", "du", "d", "pour", "para", "do", "da", "dos", "di", "per", "dla", "użytkownika", "konta", "van", "voor", "för", "till", "til",
    "you", "that", "which", "we", "i", "he", "she", "they", "below", "here", "as", "que", "qui", "che", "dat", "som", "den", "die", "das", "dem", "in", "im", "im", "w", "i", "med", "mit", "avec", "con", "com",
    "og", "pro", "pentru", "için", "пользователя", "для", "от", "к", "користувача", "generated", "created", "found", "user", "is", "was", "wurde", "ist", "est", "es", "è", "foi", "été", "incorrect", "incorrect:", "incorrecte", "incorrecta", "incorrecto", "wrong", "wrong:", "falsch", "falsch:", "errata", "(",
];

/// What stands before the secret in such a sentence.
const BEFORE_SECRET: &[&str] = &[
    ": ", ":\n", ":\r", " is ", " was ", " = ", " to ", " lautet ", " ist ", " est ", " es ", " è ", " é ", " jest ",
    " är ", " er ", " on ", " este ", " je ", " -> ", " => ",
];

/// What stands before the secret if quotes follow.
const BEFORE_QUOTED: &[&str] = &[" a ", " à ", " auf ", " en ", " em ", " op ", " på ", " na "];

/// Words before `code` that make it a secret.
#[rustfmt::skip]
const CODES: &[&str] = &[
    "verification", "security", "login", "confirmation", "authentication", "auth", "access", "sms", "time", "onetime", "backup", "recovery", "reset",
    "your", "mfa", "2fa", "signin", "factor", "unlock", "authorization", "enter",
];

/// Quotation marks that are not ASCII, as they open and close.
const MARKS: &[(char, char)] =
    &[('«', '»'), ('»', '«'), ('„', '“'), ('“', '”'), ('”', '”'), ('‘', '’'), ('‹', '›'), ('「', '」'), ('『', '』')];

/// Words before the name and the value of a setting.
const SETTING: &[&str] = &[
    "ENV",
    "ARG",
    "setenv",
    "SetEnv",
    "PassEnv",
    "export",
    "fastcgi_param",
    "uwsgi_param",
    "proxy_set_header",
    "env",
    "setx",
    "set",
    "config",
    "-e",
    "--env",
    "--set",
    "--build-arg",
];

/// How far behind its name a sentence comes to a secret, in bytes.
const LATER_MAX: usize = 160;

/// Words that make the word before them telling: `API key`.
const SECOND_WORDS: &[&str] = &["key", "keys", "id"];

/// Names of algorithms and the like, which have digits in them.
const TECHNICAL: &[&str] = &[
    "sha", "md", "base", "argon", "utf", "oauth", "bcrypt", "iso", "rfc", "x509", "pbkdf", "pkcs", "http", "ipv", "s3",
    "ec2", "k8s", "v", "rs", "hs", "es", "aes", "ed25519", "2fa", "auth0", "log4j", "web",
];

/// Calls whose arguments from a place on are secrets.
const CALLS: &[(&str, usize)] = &[
    ("pdo", 2),
    ("mysqli", 2),
    ("mysqli_connect", 2),
    ("mysqli_real_connect", 3),
    ("ldap_bind", 2),
    ("ftp_login", 2),
    ("imap_open", 2),
    ("ssh2_auth_password", 2),
    ("login", 1),
    ("signin", 1),
    ("authenticate", 1),
    ("attempt", 1),
    ("password_verify", 0),
    ("password_hash", 0),
    ("old_password", 0),
    ("sp_login", 1),
    ("crypt", 0),
    ("mysql_connect", 2),
    ("mysql_pconnect", 2),
    ("imap_login", 1),
    ("pop3_login", 1),
    ("pgp_sym_encrypt", 1),
    ("pgp_sym_decrypt", 1),
    ("pgp_sym_encrypt_bytea", 1),
    ("pgp_sym_decrypt_bytea", 1),
    ("aes_encrypt", 1),
    ("aes_decrypt", 1),
    ("des_encrypt", 1),
    ("des_decrypt", 1),
    ("encryptbypassphrase", 0),
    ("decryptbypassphrase", 0),
    ("hash_hmac", 2),
    ("openssl_encrypt", 2),
    ("openssl_decrypt", 2),
    ("getconnection", 2),
    ("networkcredential", 1),
    ("pscredential", 1),
    ("passwordauthentication", 1),
    ("usernamepasswordcredentials", 1),
    ("usernamepasswordauthenticationtoken", 1),
    ("basicawscredentials", 1),
    ("basiccredentials", 1),
    ("basicauth", 1),
    ("httpbasicauth", 1),
    ("httpdigestauth", 1),
    ("setbasicauth", 1),
    ("set_basic_auth", 1),
    ("basic_auth", 1),
    ("plainauth", 2),
    ("oci_connect", 1),
    ("odbc_connect", 2),
    ("db2_connect", 2),
    ("sybase_connect", 2),
    ("ibase_connect", 2),
    ("ldap_sasl_bind", 2),
    ("ssh2_auth_pubkey_file", 4),
];

/// Verbs of calls that are handed a secret, rather than the name of one.
const VERBS: &[&str] = &[
    "set", "verify", "check", "validate", "update", "change", "compare", "test", "hash", "encrypt", "with", "is",
    "use", "decode", "parse", "revoke", "create",
];

/// Calls that are handed a name and what it names.
#[rustfmt::skip]
const NAMING_CALLS: &[&str] = &[
    "add", "addheader", "append", "define", "env", "fetch", "get", "getenv", "getordefault", "getproperty", "header", "put", "putenv", "set",
    "setattribute", "setenv", "setheader", "setitem", "setproperty", "setrequestheader", "setvariable", "withheader",
];

/// How much of the arguments of a call is looked at, in bytes.
const CALL_MAX: usize = 256;

/// Calls within the arguments of a call are followed this deep.
const NESTED_MAX: usize = 3;

/// The larger tables.
struct Tables {
    asserting: Table<()>,
    linking: Table<()>,
    connecting: Table<()>,
    setting: Table<()>,
    calls: Table<usize>,
    naming_calls: Table<()>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    asserting: Table::words(ASSERTING),
    linking: Table::words(LINKING),
    connecting: Table::words(CONNECTING),
    setting: Table::words(SETTING),
    calls: Table::of(CALLS.iter().copied()),
    naming_calls: Table::words(NAMING_CALLS),
});

impl Scan<'_> {
    /// The secret that the word before the space or colon at `at` announces.
    pub fn after_word(&self, at: usize) -> Option<Span> {
        let start = self.word_start(at);
        let word = &self.text[start..at];
        // `arn:aws:secretsmanager:…:secret:name`
        let names = self.byte(at) == Some(b':') && self.text[at..self.token_end(at)].contains('/');
        if names || word.len() < 2 || self.before(start).is_some_and(|before| b"/.$@%&?".contains(&before)) {
            return None;
        }
        let rule =
            if word.is_ascii() { keys::rule_of_word(word) } else { self.classify(word).map(|telling| telling.rule) };
        let speech = rule.and_then(|rule| SPEECH.iter().find(|(of, _)| *of == rule)).map(|(_, speech)| *speech);
        let mute = MUTE.iter().any(|mute| mute.eq_ignore_ascii_case(word)) && !self.is_login(start, word);
        let (telling, speech) = match speech.filter(|_| !mute) {
            Some(speech) => (self.classify(word).filter(|telling| telling.kind == Kind::Secret)?, speech),
            None if word.eq_ignore_ascii_case("code") || word.eq_ignore_ascii_case("codes") => {
                let before = self.word_before(start);
                if !CODES.iter().any(|known| known.eq_ignore_ascii_case(before)) {
                    return self.grant(at);
                }
                (keys::classify("otp")?, Speech::SomeCode)
            }
            None if word == "passe" && self.word_before(start) == "de" => (keys::password()?, Speech::Password),
            None if SECOND_WORDS.iter().any(|known| known.eq_ignore_ascii_case(word)) => {
                let telling = self.words.classify_pair(self.word_before(start), word)?;
                (Some(telling).filter(|telling| telling.kind == Kind::Secret)?, Speech::Token)
            }
            None if is_setting(self.word_before(start)) => {
                let telling = self.classify(word).filter(|telling| telling.kind == Kind::Secret)?;
                (telling, Speech::Setting)
            }
            None if self.byte(at) == Some(b' ')
                && is_compound(word)
                && self.before(start).is_none_or(|before| before == b'\n') =>
            {
                let telling = self.classify(word).filter(|telling| telling.kind == Kind::Secret)?;
                let range = at + 1..self.token_end(at + 1);
                let value = self.text.get(range.clone())?;
                let last = self.byte(range.end).is_none_or(|next| next == b'\n' || next == b'\r');
                return if last && is_spoken_password(value, false) { self.span(range, telling) } else { None };
            }
            None => return None,
        };
        self.looks.set(self.looks.get() + 1);
        let once = self.announced(at, telling, speech);
        once.or_else(|| match speech {
            Speech::Password | Speech::Token | Speech::Phrase => self.announced_later(at, telling, speech),
            Speech::Code | Speech::SomeCode | Speech::Setting => None,
        })
    }

    /// A password in the quotation marks of other languages: `« hunter2 »`.
    fn in_marks(&self, start: usize, telling: Telling, asserted: bool) -> Option<Span> {
        let rest = &self.text[start..self.boundary(start + CALL_MAX)];
        let (open, close) = MARKS.iter().find(|(open, _)| rest.starts_with(*open))?;
        let inside = &rest[open.len_utf8()..];
        let value = inside[..inside.find(*close)?].trim();
        let at = start + (value.as_ptr() as usize - rest.as_ptr() as usize);
        let is_secret = !value.is_empty() && (is_spoken_password(value, true) || asserted && !value.contains(' '));
        let harmless = is_harmless(value, telling, Reading::Prose);
        (is_secret && !harmless).then(|| Span { range: at..at + value.len(), rule: telling.rule })
    }

    /// The value behind the name of a setting that a command sets, and the blank at `at`: `config set //r.test/:_authToken x`.
    pub fn after_setting(&self, at: usize) -> Option<Span> {
        let name = |byte: u8| !byte.is_ascii_whitespace() && !matches!(byte, b'=' | b';' | b'|' | b'&');
        let start = at - self.run_before(at, 64, name);
        // The commands end in one of these.
        if !matches!(self.behind_floor(start), [.., b't' | b's', _]) {
            return None;
        }
        let word = self.text.get(start..at)?;
        let command = self.word_before(start);
        if !["set", "config-set", "cset", "secrets"].contains(&command) || word.len() < 4 {
            return None;
        }
        let telling =
            self.words.classify(word.trim_matches(['"', '\''])).filter(|telling| telling.kind == Kind::Secret)?;
        let from = self.skip_blanks(at);
        let range = match self.quote_at(from) {
            Some(quote) => quote.inside..self.close_near(quote)?,
            None => from..self.token_end(from),
        };
        if is_spoken_password(&self.text[range.clone()], false) { self.span(range, telling) } else { None }
    }

    /// The secret behind a name and a colon: `credentials admin:hunter2 rejected`.
    pub fn after_credentials(&self, at: usize) -> Option<Span> {
        let start = self.word_start(at);
        let word = &self.text[start..at];
        let statistics = word == "auth" && self.word_before(start) == "stats";
        if !statistics
            && !["credentials", "credential", "creds", "login", "logon"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(word))
        {
            return None;
        }
        let from = self.skip_blanks(at);
        let end = self.token_end(from);
        let end = end - self.text[from..end].bytes().rev().take_while(|byte| b".,;:!?)]}>\"'`".contains(byte)).count();
        let (name, secret) = self.text[from..end.max(from)].split_once(':')?;
        let is_name = !name.is_empty()
            && !keys::is_tail(name)
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.@-".contains(&byte));
        let shaped =
            is_name && (secret.len() >= 6 && is_spoken_password(secret, false) || statistics && secret.len() >= 4);
        if shaped { self.span(from + name.len() + 1..end, keys::password()?) } else { None }
    }

    /// The code of an authorization in quotes: `code "SplxlOBe…" was already used`.
    fn grant(&self, at: usize) -> Option<Span> {
        let quote = self.quote_at(self.skip_blanks(at))?;
        let range = quote.inside..self.close_near(quote)?;
        is_random(&self.text[range.clone()], 20).then_some(Span { range, rule: "auth_code" })
    }

    /// The secret that a sentence comes to only after it said whose it is: `password for kim is hunter2`.
    fn announced_later(&self, at: usize, telling: Telling, speech: Speech) -> Option<Span> {
        let window = &self.text[at..self.boundary(at + LATER_MAX)];
        let first = window.trim_start_matches(' ');
        let word = first.split([' ', '\'', '’']).next()?;
        let rest = first[word.len()..].trim_start_matches(' ');
        let named =
            rest.starts_with("= ") && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        let connects = TABLES.connecting.has(word) || word.starts_with('(');
        if !connects && !named {
            return None;
        }
        let end = window.find([';', '|']).into_iter().chain(window.find(". ")).min().unwrap_or(window.len());
        let mut starts = ends_of_marks(&window[..end]);
        starts.sort_unstable();
        let quoted = |start: usize| window[start..].starts_with(['\'', '"', '`']) || is_strong(&window[start..]);
        let starts = starts.into_iter().filter(|(start, mark)| *mark < BEFORE_SECRET.len() || quoted(*start));
        starts.map(|(start, _)| start).find_map(|start| self.spoken_later(at, start, telling, speech))
    }

    /// The password that begins so many bytes behind `at`, in the same line or alone below it.
    fn spoken_later(&self, at: usize, behind: usize, telling: Telling, speech: Speech) -> Option<Span> {
        if self.text[at..at + behind].trim_end_matches(['\n', '\r', ' ', ':']).contains('\n') {
            return None;
        }
        let rest = &self.text[at + behind..self.boundary(at + behind + LATER_MAX)];
        let start = at + behind + rest.len() - rest.trim_start().len();
        let quote = self.quote_at(start).filter(|quote| quote.slashes <= 1);
        // What is said to be, and not only where: `password reset on Web_2`.
        let told = !self.text[..at + behind].ends_with(" on ");
        let range = match quote {
            Some(quote) => quote.inside..self.close_near(quote)?,
            None => {
                let end = self.token_end(start);
                let tail =
                    self.text[start..end].bytes().rev().take_while(|byte| b".,;:!?)]}>\"'`".contains(byte)).count();
                start..end - tail
            }
        };
        let value = &self.text[range.clone()];
        let shaped = match speech {
            // A sentence has other ids as well: what is random in hexadecimal may be one, unless the key was named.
            Speech::Token => is_random(value, 20) && telling.rule != "session",
            Speech::Phrase if quote.is_some() => {
                let words = value.split(' ').count() >= 3 && !value.contains(['<', '@', '&', '(']);
                words || is_spoken_password(value, true)
            }
            _ => {
                value.len() >= 6
                    && (is_spoken_password(value, false) || told && is_told(value))
                    && !is_placeholder(value)
            }
        };
        let harmless =
            !shaped || is_harmless(value, telling, Reading::Prose) || marker_at(&self.text[start..]).is_some();
        (!harmless).then_some(Span { range, rule: telling.rule })
    }

    /// The password of the mechanism PLAIN, behind two NULs: the first one stands at `at`.
    pub fn after_nul(&self, at: usize) -> Option<Span> {
        let rest = &self.bytes[at + 1..self.boundary(at + CALL_MAX)];
        let name = memchr::memchr(0, rest)?;
        let from = at + 1 + name + 1;
        let end =
            from + self.bytes[from..].iter().take(CALL_MAX).take_while(|byte| **byte > b' ' && **byte != b'"').count();
        let is_name = name > 0 && rest[..name].iter().all(|byte| byte.is_ascii_graphic());
        let range = from..self.boundary(end);
        if is_name && range.len() >= 4 { self.span(range, keys::password()?) } else { None }
    }

    /// A password before ` as password`.
    pub fn before_as(&self, at: usize) -> Option<Span> {
        if !matches!(self.byte(at + 1)?, b'a' | b'A' | b'c' | b'C') {
            return None;
        }
        let known = [
            " as password",
            " as the password",
            " as a password",
            " as new password",
            " as passphrase",
            " als passwort",
            " als kennwort",
            " comme mot de passe",
            " como senha",
            " come password",
        ];
        known.iter().find(|known| self.is_at(at, known))?;
        let telling = keys::password()?;
        let end = at - usize::from(self.before(at).is_some_and(|before| b"'\"`".contains(&before)));
        let stop = |byte: &&u8| !byte.is_ascii_whitespace() && !b"'\"`".contains(byte);
        let start = end - self.behind_floor(end).iter().rev().take(64).take_while(stop).count();
        let value = self.text.get(start..end)?;
        let strong = camel_or_capital(value) && value.bytes().any(|byte| byte.is_ascii_digit());
        let is_secret = is_spoken_password(value, end < at || strong) && !is_harmless(value, telling, Reading::Prose);
        is_secret.then_some(Span { range: start..end, rule: telling.rule })
    }

    fn announced(&self, at: usize, telling: Telling, speech: Speech) -> Option<Span> {
        let refused = [
            "vault",
            "sudo",
            "root",
            "admin",
            "db",
            "wifi",
            "invalid",
            "wrong",
            "bad",
            "incorrect",
            "falsches",
            "ungültiges",
        ];
        let before = self.word_before(self.word_start(at));
        let refused = refused.iter().any(|word| word.eq_ignore_ascii_case(before)) && self.is_at(at, " \"");
        let (mut from, mut asserted, mut links) = (at, refused, 0);
        let (start, end) = loop {
            let start = self.skip_blanks(from);
            let end = self.token_end(start);
            let word = &self.text[start..end];
            let bare = word.trim_end_matches(':');
            let asserts = TABLES.asserting.has(if bare.is_empty() { word } else { bare });
            // `changed from [REDACTED:password] to …`
            let quoted = usize::from(self.byte(start).is_some_and(|byte| b"'\"`".contains(&byte)));
            let marked = self.text.get(start + quoted..).and_then(marker_at).filter(|_| links > 0);
            if let Some(length) = marked {
                let behind = start + 2 * quoted + length;
                if self.is_at(behind, " to ") && links < 5 {
                    from = behind;
                    links += 1;
                    continue;
                }
            }
            let is_link = asserts || TABLES.linking.has(bare);
            if links == 5 || !is_link {
                break (start, end);
            }
            asserted |= asserts || word.ends_with(':');
            from = end;
            links += 1;
        };
        let start = self.prefixed(start);
        if let Some(span) = self.in_marks(start, telling, asserted) {
            return Some(span);
        }
        // `password (hunter2)`
        let start = if self.byte(start) == Some(b'(') { start + 1 } else { start };
        if start >= end || marker_at(&self.text[start..]).is_some() {
            return None;
        }
        if let Some(quote) = self.quote_at(start).filter(|quote| quote.slashes <= 1) {
            let close = self.close_near(quote)?;
            let value = &self.text[quote.inside..close];
            let is_secret = match speech {
                Speech::Password => !value.contains(' ') || asserted,
                Speech::Phrase => true,
                Speech::Token => is_random(value, 8),
                Speech::Setting => true,
                Speech::SomeCode if is_random(value, 16) => true,
                Speech::Code | Speech::SomeCode => is_digits(value, 8) && value.len() >= digits_min(telling),
            };
            let harmless = is_harmless(value, telling, Reading::Prose) || is_technical(value);
            return (is_secret && !harmless).then_some(Span { range: quote.inside..close, rule: telling.rule });
        }
        let mut end =
            end - self.text[start..end].bytes().rev().take_while(|byte| b".,;:!?)]}>\"'`".contains(byte)).count();
        let value = &self.text[start..end.max(start)];
        let found = match speech {
            Speech::Password => {
                let once = self.word_before(self.word_start(at)).to_ascii_lowercase();
                let once = ["time", "one-time", "onetime", "temporary", "otp"].contains(&once.as_str());
                let asserted = asserted || self.is_netrc(at);
                is_spoken_password(value, asserted || once && is_digits(value, 8))
            }
            Speech::Phrase => match self.phrase_end(start) {
                Some(phrase) => {
                    end = phrase;
                    true
                }
                None => is_spoken_password(value, asserted) && value.len() >= 8,
            },
            Speech::Setting => true,
            Speech::Token => is_random(value, if asserted { 8 } else { 12 }) || is_uuid(value),
            Speech::Code | Speech::SomeCode => {
                end = start
                    + self.code_length(
                        start,
                        digits_min(telling),
                        if telling.rule == "otp" { Letters::Some } else { Letters::Never },
                    );
                end > start
            }
        };
        let value = &self.text[start..end.max(start)];
        let harmless = is_harmless(value, telling, Reading::Prose) || is_placeholder(value);
        (found && !harmless).then_some(Span { range: start..end, rule: telling.rule })
    }

    /// Whether `pass`, which begins at `start`, is the second half of a login: `user gate, pass x`, `vault pass "x y"`.
    fn is_login(&self, start: usize, word: &str) -> bool {
        let before = &self.text[self.text.ceil_char_boundary(start.saturating_sub(64).max(self.floor))..start];
        let mut words = before.split_ascii_whitespace().rev();
        let last = words.next().unwrap_or_default();
        let named = words.next().is_some_and(|name| {
            ["user", "login", "username", "user:", "login:", "username:"]
                .iter()
                .any(|known| known.eq_ignore_ascii_case(name))
        });
        let whose = ["vault", "sudo", "root", "admin", "db", "wifi", "login"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(last));
        let quoted = [" \"", " '", " is "].iter().any(|next| self.is_at(start + word.len(), next));
        word.eq_ignore_ascii_case("pass") && (named || whose && quoted)
    }

    /// Whether the word before `at` stands behind a login, as in `.netrc`: `machine x login kim password …`.
    fn is_netrc(&self, at: usize) -> bool {
        let before = &self.text[self.text.ceil_char_boundary(at.saturating_sub(160).max(self.floor))..at];
        let mut words = before.split_ascii_whitespace().rev();
        words.nth(2) == Some("login") && words.nth(1) == Some("machine")
    }

    /// A code of digits before the place `at`, where ` is your … code` begins.
    pub fn before_sentence(&self, at: usize) -> Option<Span> {
        if !self.is_at(at, " is your ") {
            return None;
        }
        let behind = &self.text[at..self.boundary(at + 56)].to_ascii_lowercase();
        let announces = [" code", " otp", " pin", "passcode", "password"].iter().any(|word| behind.contains(word));
        // `G-123456 is your …`
        let start = at - self.behind_floor(at).iter().rev().take(9).take_while(|byte| byte.is_ascii_digit()).count();
        let alone = self.before(start).is_none_or(|before| before.is_ascii_whitespace() || b"-:\"'(".contains(&before));
        let digits = is_digits(&self.text[start..at], 8) && at - start >= 4 && alone;
        (announces && digits).then_some(Span { range: start..at, rule: "otp" })
    }

    /// Credentials in the dialogs of mail, file and cache servers: `PASS x`, `LOGIN kim x`, `AUTH PLAIN x`.
    pub fn after_command(&self, at: usize) -> Option<Span> {
        // As a server's monitor shows it: `"AUTH" "secret"`.
        let end = at - usize::from(self.before(at) == Some(b'"'));
        let start = self.word_start(end);
        let word = &self.text[start..end];
        let known = ["PASS", "LOGIN", "AUTH", "AUTHENTICATE", "IDENTIFY", "OPER", "login"];
        if !known.contains(&word) {
            return None;
        }
        // In small letters they are words of everyday, but not behind the number of a command, or at the start.
        let numbered = || {
            let tag = self.word_before(start);
            tag.len() <= 5 && tag.bytes().any(|byte| byte.is_ascii_digit())
        };
        if word == "login" && !numbered() {
            return None;
        }
        let telling = keys::password()?;
        let line =
            at + memchr::memchr2(b'\r', b'\n', &self.bytes[at..self.boundary(at + CALL_MAX)]).unwrap_or(CALL_MAX);
        let line = self.boundary(line);
        let line =
            at + self.text[at..line].find("\\r").or_else(|| self.text[at..line].find("\\n")).unwrap_or(line - at);
        let words: Vec<&str> = self.text[at..line].split_ascii_whitespace().take(4).collect();
        // `LOGIN kim "hun ter2"`
        if let ("LOGIN", [name, open, _, ..]) = (word, &words[..])
            && open.starts_with('"')
            && let Some(behind) = self.text[at..line].find(*open).filter(|behind| *behind > name.len())
            && let Some(quote) = self.quote_at(at + behind)
            && let Some(close) = self.close_near(quote).filter(|close| close + 1 == line)
        {
            return self.span(quote.inside..close, telling);
        }
        // The dialog of a file server.
        let asked = || self.behind_floor(start).ends_with(b"\n") && self.text[..start].contains("331 ");
        let is_quoted = |word: &str| word.len() >= 6 && word.starts_with('"') && word.ends_with('"');
        let secret = match (word, &words[..]) {
            ("PASS", [secret]) if !secret.contains('/') && (is_spoken_password(secret, true) || asked()) => *secret,
            ("LOGIN" | "login" | "OPER", [_, secret]) if is_quoted(secret) || is_spoken_password(secret, true) => {
                *secret
            }
            ("AUTH", [method, secret, ..])
                if ["PLAIN", "LOGIN", "XOAUTH2", "CRAM-MD5"].contains(method)
                    && secret.len() >= 8
                    && !is_slug(secret) =>
            {
                *secret
            }
            ("AUTHENTICATE", ["PLAIN" | "LOGIN" | "XOAUTH2", secret]) if secret.len() >= 8 && !is_slug(secret) => {
                *secret
            }
            ("AUTH", [secret] | [_, secret])
                if is_quoted(secret) && end < at || is_spoken_password(secret, false) && !is_slug(secret) =>
            {
                *secret
            }
            ("IDENTIFY", [secret] | [_, secret]) if is_spoken_password(secret, true) => *secret,
            _ => return None,
        };
        let secret = secret.trim_matches(['"', '\'']);
        let from = at + self.text[at..line].rfind(secret)?;
        self.span(from..from + secret.len(), telling)
    }

    /// Appends the secrets among the arguments of the call whose `(` stands at `at`.
    pub fn after_call(&self, at: usize, spans: &mut Vec<Span>) {
        let name_end = at - self.behind_floor(at).iter().rev().take(2).take_while(|byte| **byte == b' ').count();
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        let length = self.behind_floor(name_end).iter().rev().take(48).take_while(is_name).count();
        let start = name_end - length;
        let name = &self.text[start..name_end];
        if name.eq_ignore_ascii_case("values") {
            return self.after_values(start, at, spans);
        }
        if name_end != at || name.len() < 3 {
            return;
        }
        let behind = |text: &str| self.behind_floor(start).ends_with(text.as_bytes());
        let perl = name == "connect" && (behind("DBI ") || behind("DBI->"));
        let client = name == "auth" && ["db.", "redis.", "client.", "admin."].iter().any(|client| behind(client));
        let (first, telling) = if perl || name == "__construct" && (behind("PDO->") || behind("mysqli->")) {
            (2, keys::password())
        } else if client {
            (1, keys::password())
        } else if let Some(first) = TABLES.calls.get(name) {
            (first, keys::password())
        } else if name == "PASSWORD" {
            (0, self.words.classify(name))
        } else {
            let verb = name.len() - name.trim_start_matches(|char: char| char.is_ascii_lowercase()).len();
            let hands_over = VERBS.contains(&&name[..verb]) && verb < name.len();
            (
                0,
                if hands_over {
                    self.words.classify(name).filter(|telling| telling.kind == Kind::Secret)
                } else {
                    None
                },
            )
        };
        let Some(telling) = telling else { return self.named_argument(name, at, spans) };
        let once = name.starts_with("password_");
        self.arguments(at + 1, |index, quoted, range| {
            if index >= first && quoted && !(once && index > 0) {
                spans.extend(self.span(range, telling));
            }
        });
    }

    /// The argument behind one that names it: `setProperty("password", "secret")`.
    fn named_argument(&self, call: &str, at: usize, spans: &mut Vec<Span>) {
        if !TABLES.naming_calls.has(call) {
            return;
        }
        let lower = call.to_ascii_lowercase();
        let sets = ["add", "append", "define", "put", "set", "with"].iter().any(|verb| lower.starts_with(verb));
        let mut named: Option<(usize, Telling)> = None;
        self.arguments(at + 1, |index, quoted, range| {
            let telling = self.classify(&self.text[range.clone()]).filter(|telling| telling.kind == Kind::Secret);
            match named {
                Some((name, class)) if quoted && index == name + 1 => {
                    named = None;
                    // `get("password", "token")` gets two.
                    if sets || telling.is_none() || is_random(&self.text[range.clone()], 12) {
                        spans.extend(self.span(range, class));
                    }
                }
                _ if quoted => named = telling.map(|telling| (index, telling)),
                _ => {}
            }
        });
    }

    /// Calls `each` with the place, whether it is quoted, and the inside of each argument in the brackets that open before
    /// `from`. Returns where they close.
    pub fn arguments(&self, from: usize, mut each: impl FnMut(usize, bool, std::ops::Range<usize>)) -> Option<usize> {
        let limit = self.boundary(from + CALL_MAX);
        let (mut at, mut index, mut depth) = (from, 0, 0);
        while at < limit {
            match self.bytes[at] {
                b'"' | b'\'' | b'\\' => {
                    if let Some(quote) = self.quote_at(at) {
                        let close = self.close_near(quote)?;
                        if depth == 0 {
                            each(index, true, quote.inside..close);
                        }
                        at = close + quote.slashes;
                    }
                }
                b'(' | b'[' | b'{' if depth == NESTED_MAX => return None,
                b'(' | b'[' | b'{' => depth += 1,
                b')' if depth == 0 => return Some(at),
                b')' | b']' | b'}' => depth -= 1.min(depth),
                b',' if depth == 0 => index += 1,
                b'\n' | b'#' => return None,
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// `INSERT INTO users (name, password) VALUES ('kim', 'secret'), …`
    fn after_values(&self, name: usize, at: usize, spans: &mut Vec<Span>) {
        let before = self.behind_floor(name);
        let Some(close) =
            before.iter().rposition(|byte| !byte.is_ascii_whitespace()).filter(|close| before[*close] == b')')
        else {
            return;
        };
        let from = close.saturating_sub(2 * CALL_MAX);
        let Some(open) = memchr::memrchr(b'(', &before[from..close]) else { return };
        let columns = String::from_utf8_lossy(&before[from + open + 1..close]).into_owned();
        let columns = super::bindings::column_classes(&columns, self.words);
        if columns.iter().all(Option::is_none) {
            return;
        }
        let mut at = at;
        while self.byte(at) == Some(b'(') {
            let end = self.arguments(at + 1, |index, quoted, range| {
                if let Some(telling) = columns.get(index).copied().flatten().filter(|_| quoted) {
                    spans.extend(self.span(range, telling));
                }
            });
            let Some(end) = end else { return };
            at = self.skip_blanks(end + 1);
            if self.byte(at) == Some(b',') {
                at = self.skip_blanks(at + 1);
            }
        }
    }

    /// The secret in a link, behind the slash at `at`: `/password/reset/9f86…`.
    pub fn after_segment(&self, at: usize) -> Option<Span> {
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let length = self.behind_floor(at).iter().rev().take(40).take_while(is_name).count();
        let segment = self.text[at - length..at].to_ascii_lowercase();
        let known = ["reset", "magic", "recover", "unlock", "verif", "activat", "confirm", "invit", "unsubscribe"];
        let place = known.iter().position(|word| segment.contains(word))?;
        // `/user/reset/14/1788900000/9f86…`
        let mut at = at;
        for _ in 0..2 {
            // `/reset/MTQ/c8m1qp-79f3…`: whose it is may be in base64.
            let id = self.bytes[at + 1..].iter().take(12).take_while(|byte| byte.is_ascii_alphanumeric()).count();
            if id > 0 && self.byte(at + 1 + id) == Some(b'/') {
                at += 1 + id;
            }
        }
        let rest = &self.bytes[at + 1..];
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b"/?#&\"'<>)]}\\,;".contains(byte);
        let end = at + 1 + rest.iter().take(CALL_MAX).position(ends).unwrap_or(rest.len().min(CALL_MAX));
        let value = &self.text[at + 1..self.boundary(end)];
        let value = value.trim_end_matches(['.', ':']);
        // An order may well be confirmed by its UUID, but a password is reset by none.
        let secret = is_random(value, 16) || is_uuid(value) && place < 4;
        (secret && !is_mask(value)).then(|| Span { range: at + 1..at + 1 + value.len(), rule: "token" })
    }

    /// The `min` to eight digits at `at`, perhaps in two groups, if they are a number of their own; or as many capitals
    /// and digits.
    fn code_length(&self, at: usize, min: usize, letters: Letters) -> usize {
        let digits = |at: usize| self.bytes[at..].iter().take(9).take_while(|byte| byte.is_ascii_digit()).count();
        let mut length = digits(at);
        if length == 3 && self.byte(at + 3).is_some_and(|gap| gap == b'-' || gap == b' ') && digits(at + 4) == 3 {
            length = 7;
        }
        let goes_on = match (self.byte(at + length), self.byte(at + length + 1)) {
            (Some(next), _) if next.is_ascii_alphanumeric() => true,
            (Some(b'.' | b'-' | b':' | b'/'), Some(next)) => next.is_ascii_alphanumeric(),
            _ => false,
        };
        if (min..=8).contains(&length) && !goes_on {
            return length;
        }
        if letters == Letters::Never {
            return 0;
        }
        let is_upper = |byte: &&u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
        let length = self.bytes[at..].iter().take(11).take_while(is_upper).count();
        let code = &self.bytes[at..at + length];
        let mixed = code.iter().any(u8::is_ascii_digit) && code.iter().any(u8::is_ascii_uppercase);
        let alone =
            self.byte(at + length).is_none_or(|next| next.is_ascii_whitespace() || b".,;:!?)\"'".contains(&next));
        if (5..=10).contains(&length) && mixed && alone && !is_technical(&self.text[at..at + length]) {
            length
        } else {
            0
        }
    }

    /// The end of a phrase of at least four words that make no sentence.
    fn phrase_end(&self, start: usize) -> Option<usize> {
        let (mut end, mut count) = (start, 0);
        while count < 32 {
            let from = self.skip_blanks(end);
            let length = self.bytes[from..].iter().take(24).take_while(|byte| byte.is_ascii_lowercase()).count();
            let word = &self.text[from..from + length];
            if length < 3
                || is_sentence_word(word) && word != "correct"
                || word.ends_with("ed")
                || word.ends_with("ing")
            {
                break;
            }
            end = from + length;
            count += 1;
        }
        let whole = self.byte(end).is_none_or(|next| !next.is_ascii_alphanumeric());
        (count >= 4 && whole).then_some(end)
    }

    pub fn word_before(&self, at: usize) -> &str {
        let Some(end) = at.checked_sub(1).filter(|end| *end >= self.floor && matches!(self.bytes[*end], b' ' | b'-'))
        else {
            return "";
        };
        &self.text[self.find_word_start(end)..end]
    }

    /// Where the word of at most 48 letters, digits and hyphens begins that ends at `at`.
    fn word_start(&self, at: usize) -> usize {
        // Whatever may stand at a blank asks for the word before it.
        let asked = (self.floor, at);
        let (last, start) = self.word.get();
        if last == asked {
            return start;
        }
        let start = self.find_word_start(at);
        self.word.set((asked, start));
        start
    }

    fn find_word_start(&self, at: usize) -> usize {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || matches!(byte, b'-' | b'_');
        let start = at - self.run_before(at, 48, is_word);
        self.text.ceil_char_boundary(start).min(at)
    }

    pub fn skip_blanks(&self, at: usize) -> usize {
        let at = at.min(self.bytes.len());
        at + self.bytes[at..].iter().take(8).take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    }

    pub fn token_end(&self, at: usize) -> usize {
        let rest = &self.bytes[at..];
        let end = rest.iter().take(256).position(u8::is_ascii_whitespace).unwrap_or(rest.len().min(256));
        self.boundary(at + end)
    }

    /// The closing quote, if it is near.
    pub fn close_near(&self, quote: super::Quote) -> Option<usize> {
        let near = self.boundary(quote.inside + CALL_MAX);
        let mut at = quote.inside;
        while let Some(found) = memchr::memchr(quote.byte, &self.bytes[at..near]).map(|found| at + found) {
            let slashes = self.bytes[quote.inside..found].iter().rev().take_while(|byte| **byte == b'\\').count();
            if quote.slashes == 0 && slashes.is_multiple_of(2) || quote.slashes > 0 && slashes <= quote.slashes {
                return Some(if quote.slashes == 0 { found } else { found - slashes });
            }
            at = found + 1;
        }
        None
    }
}

/// Where each of [`BEFORE_SECRET`] and [`BEFORE_QUOTED`] that is in a text ends for the first time, and its place in both.
fn ends_of_marks(text: &str) -> Vec<(usize, usize)> {
    type Mark = (usize, &'static [u8]);
    /// The marks by their second bytes; the first is a blank, or a colon.
    static MARKS: LazyLock<Vec<Vec<Mark>>> = LazyLock::new(|| {
        let marks = || BEFORE_SECRET.iter().chain(BEFORE_QUOTED).map(|mark| mark.as_bytes()).enumerate();
        assert!(marks().all(|(_, mark)| b" :".contains(&mark[0])), "no mark begins otherwise");
        (0..=u8::MAX).map(|second| marks().filter(|(_, mark)| mark[1] == second).collect()).collect()
    });
    let bytes = text.as_bytes();
    let mut met = 0u64;
    let mut ends = Vec::new();
    for at in memchr::memchr2_iter(b' ', b':', bytes) {
        let Some(second) = bytes.get(at + 1) else { break };
        for (mark, letters) in &MARKS[usize::from(*second)] {
            if met & 1 << mark == 0 && bytes[at..].starts_with(letters) {
                met |= 1 << mark;
                ends.push((at + letters.len(), *mark));
            }
        }
    }
    ends
}

const _: () = assert!(BEFORE_SECRET.len() + BEFORE_QUOTED.len() <= 64, "a bit each");

/// Whether a word that a sentence puts in a password's place is one.
pub fn is_spoken_password(word: &str, asserted: bool) -> bool {
    let has = |is: fn(char) -> bool| word.chars().any(is);
    let digit = has(|char| char.is_ascii_digit());
    let letter = has(char::is_alphabetic);
    let symbol = word.chars().skip(1).any(|char| "!@#$%^&*+=?~".contains(char)) && !word.contains("://");
    let camel = word.chars().skip(1).any(|char| char.is_ascii_uppercase()) && has(|char| char.is_ascii_lowercase());
    let number = is_digits(word, 16) && word.len() >= 4;
    let shape = match (letter && (digit || symbol), asserted) {
        (true, _) => true,
        (false, true) => number || letter && camel,
        (false, false) => false,
    };
    let quantity = word.trim_start_matches(|char: char| char.is_ascii_digit() || char == '.');
    let quantity =
        quantity.len() < word.len() && (quantity.len() <= 2 || quantity.chars().all(|char| !char.is_ascii()));
    let special = quantity && letter || is_technical(word);
    let code = word.starts_with(['-', '/', '(', '<', '{', '[', '$', '%', '=', '!'])
        || word.contains(['(', '=', '/', '\\', '\''])
        || is_slug(word) && word.contains(['.', '_']) && !(asserted && digit && camel_or_capital(word));
    word.len() >= 4 && shape && !special && !code
}

/// Whether a word that a sentence says is a password may be one: a capital, a digit, and perhaps something between them.
fn is_told(word: &str) -> bool {
    let digit = word.bytes().any(|byte| byte.is_ascii_digit());
    digit && camel_or_capital(word) && !word.contains('.') && is_spoken_password(word, true)
}

/// Whether a text begins with a word that can hardly be anything but a password: letters in both cases, and a sign.
fn is_strong(text: &str) -> bool {
    let word = text.split_ascii_whitespace().next().unwrap_or_default().trim_end_matches([',', '.', ';', ':', ')']);
    let sign = word.bytes().skip(1).any(|byte| b"!#$%&*?@+=".contains(&byte));
    let joined = word.contains('_') && is_told(word);
    word.len() >= 8 && (sign || joined) && camel_or_capital(word) && !word.contains(['/', '(', '='])
}

fn camel_or_capital(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_uppercase()) && word.bytes().any(|byte| byte.is_ascii_lowercase())
}

/// Whether a word comes before the name and the value of a setting.
fn is_setting(word: &str) -> bool {
    TABLES.setting.has(word) && SETTING.contains(&word)
}

/// Whether a word is made of several, as names of settings are.
fn is_compound(word: &str) -> bool {
    word.contains('_') || word.bytes().skip(1).any(|byte| byte.is_ascii_uppercase())
}

/// How few digits a code has.
fn digits_min(telling: Telling) -> usize {
    if telling.rule == "cvv" { 3 } else { 4 }
}

fn is_technical(word: &str) -> bool {
    let letters = word.len() - word.trim_start_matches(|char: char| char.is_ascii_alphabetic()).len();
    let head = word[..letters].to_ascii_lowercase();
    TECHNICAL.contains(&head.as_str()) && word.len() <= 10 || TECHNICAL.contains(&word.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::super::super::actions::Actions;
    use super::super::super::own::Words;
    use super::super::{Reading, find, redact};

    fn scrub(text: &str) -> String {
        let mut spans = Vec::new();
        find(text, Reading::Prose, &Words::default(), &mut spans);
        redact(text, &mut spans, &Actions::default())
    }

    #[test]
    fn secrets_without_a_separator_are_redacted() {
        #[track_caller]
        fn check(text: &str, want: &str) {
            assert_eq!(scrub(text), want);
        }
        check("my password is hunter22 ok", "my password is [REDACTED:password] ok");
        check("with password 'Tr0ub4dor' refused", "with password '[REDACTED:password]' refused");
        check("password changed to N3wPass!9.", "password changed to [REDACTED:password].");
        check("using API key Zk91mQpL0x96 for", "using API key [REDACTED:api_key] for");
        check("Your code is 482915. Do", "Your code is [REDACTED:otp]. Do");
        check("G-482916 is your verification code", "G-[REDACTED:otp] is your verification code");
        check("PIN 7392 entered", "PIN [REDACTED:pin] entered");
        check("passphrase correct horse battery staple!", "passphrase [REDACTED:passphrase]!");
        check("a1 LOGIN kim hunt3r9", "a1 LOGIN kim [REDACTED:password]");
        check("USER kim\r\nPASS hunt3r8\r\n", "USER kim\r\nPASS [REDACTED:password]\r\n");
        check("C: AUTH PLAIN AGtpbQBodW50ZXIy", "C: AUTH PLAIN [REDACTED:password]");
        check("IDENTIFIED BY 'x y'", "IDENTIFIED BY '[REDACTED:password]'");
        check("Auth->login('bob', 'pw4bobby')", "Auth->login('bob', '[REDACTED:password]')");
        check("new PDO('mysql:host=x', 'u', 'pw4')", "new PDO('mysql:host=x', 'u', '[REDACTED:password]')");
        check(
            "INSERT INTO u (n, password) VALUES ('a', 'b1'), ('c', 'd1')",
            "INSERT INTO u (n, password) VALUES ('a', '[REDACTED:password]'), ('c', '[REDACTED:password]')",
        );
        check("/password/reset/8f1d3c5b7a9e2f4d6c8b0a1e?x=1", "/password/reset/[REDACTED:token]?x=1");
        check("/reset/14/1788900000/8f1d3c5b7a9e2f4d6c8b0a1e/x", "/reset/14/1788900000/[REDACTED:token]/x");
        check("/reset/MTQ/c8m1qp-79f35a65d4e0cad02d3b07250858d6a5/", "/reset/MTQ/[REDACTED:token]/");
        check("[sudo] password for deploy: 7sZWw.AsO5", "[sudo] password for deploy: [REDACTED:password]");
        check("the password for the box is uO_T1RX75 (qa)", "the password for the box is [REDACTED:password] (qa)");
        check("admin password (save it now): czeBAm5Md3", "admin password (save it now): [REDACTED:password]");
        check("PASSWORD elastic = Vm04i5Zhgs", "PASSWORD elastic = [REDACTED:password]");
        check("the password to go on:\n\nd69d6421df46", "the password to go on:\n\n[REDACTED:password]");
        check("password changed from old1pw to new2pw", "password changed from [REDACTED:password] to new2pw");
        check("Passwort für kim ist hunter22", "Passwort für kim ist [REDACTED:password]");
        check("mot de passe saisi « hunter22 » refusé", "mot de passe saisi « [REDACTED:password] » refusé");
        check("password è stata impostata a 'hunt#r2'", "password è stata impostata a '[REDACTED:password]'");
        check("Пароль пользователя sklad: DMdz8kTV9", "Пароль пользователя sklad: [REDACTED:password]");
        check("hasło=PZo78 x", "hasło=[REDACTED:password] x");
        check("user typed 'YIzx!0V8W7' as password", "user typed '[REDACTED:password]' as password");
        check("credentials admin:Kd82mmXq rejected", "credentials admin:[REDACTED:password] rejected");
        check("session v9xl4xyca4w3bppc662ihknzkw gone", "session [REDACTED:session] gone");
        check("confirmation code R5QCT2 expired", "confirmation code [REDACTED:otp] expired");
        check("CVV 957 did not match", "CVV [REDACTED:cvv] did not match");
        check("define( 'DB_PASSWORD', 'wpDb!Secret' );", "define( 'DB_PASSWORD', '[REDACTED:password]' );");
        check("Hasło tymczasowe: Jarzębina#7 (24 h)", "Hasło tymczasowe: [REDACTED:password] (24 h)");
        check("Ваш новий пароль — vyshyvanka24", "Ваш новий пароль — [REDACTED:password]");
        check("wachtwoord gewijzigd naar 'stamppot&worst'", "wachtwoord gewijzigd naar '[REDACTED:password]'");
        check("Invalid password \"wolf im schnee\" for user", "Invalid password \"[REDACTED:password]\" for user");
        check(
            "the api key for the sandbox: 261b29bd9fa6a8ce1eaeec6d878dc04a",
            "the api key for the sandbox: [REDACTED:api_key]",
        );
        check("user gateagent, pass WingedBoot#31", "user gateagent, pass [REDACTED:password]");
        check("with vault pass \"seven otters juggling\" and", "with vault pass \"[REDACTED:password]\" and");
        check("la password a Gabbiano_88rosso per", "la password a [REDACTED:password] per");
        check("i typed mochi_und_Lola22 as password like", "i typed [REDACTED:password] as password like");
        check("Ihr Startpasswort lautet Hq4-zeVu-82m. Bitte", "Ihr Startpasswort lautet [REDACTED:password]. Bitte");
        check("SetEnv DB_PASS \"a b\"", "SetEnv DB_PASS \"[REDACTED:password]\"");
        check("authPassphrase Kd82mmXq\n", "authPassphrase [REDACTED:passphrase]\n");
        check("config set //r.test/:_authToken Kd82mmXq", "config set //r.test/:_authToken [REDACTED:token]");
        check("AUTHENTICATE PLAIN AGJvYgBLZDgybW1YcQ==", "AUTHENTICATE PLAIN [REDACTED:password]");
        check("\0app\0hunter22", "\0app\0[REDACTED:password]");
    }

    #[test]
    fn sentences_commands_and_calls_without_secrets_stay() {
        #[track_caller]
        fn check(text: &str) {
            assert_eq!(scrub(text), text);
        }
        check("password is required");
        check("password reset email sent to 3 users");
        check("password authentication failed for user \"app\"");
        check("(using password: YES)");
        check("Unexpected token '<' in JSON");
        check("exit code 1370, status code 4040");
        check("token bucket refilled");
        check("secret santa on 2026-12-01");
        check("PIN entry failed");
        check("passphrase protected key file loaded again");
        check("LOGIN OK");
        check("PASS src/login.test.js");
        check("getPassword('reset')");
        check("login(Object(Request))");
        check("INSERT INTO u (n, password) VALUES (?, ?)");
        check("/password/reset/complete-registration-step");
        check("password for user kim was reset 3 times");
        check("Passwort für Benutzer kim ist abgelaufen");
        check("비밀번호는 12자 이상이어야 합니다");
        check("account type:premium2 upgraded");
        check("pin GPIO17 set high");
        check("session 42 expired");
        check("AUTH GSSAPI");
        check("set password policy v2");
        check("login kim succeeded");
        check("/confirm/3f2b8c1e-7a64-4c9f-8d21-5b0e9a7c4d13");
    }
}
