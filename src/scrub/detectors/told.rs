//! Codes that sentences tell, in the languages that people write to each other in: `the code they texted me is 559032`, `Le
//! code d'accès de l'immeuble est 47B19`, `552019 är din kod`.
//!
//! A word for a code is looked around for what makes it a secret one: what it opens, who it is for, how it came. Codes of
//! errors, places, products and prices are none.
//!
//! Invariant: what is read around a word is bounded, so the time is linear.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// Words for a code, or the starts of them.
#[rustfmt::skip]
pub const WORDS: &[&str] = &[
    "code", "kod", "código", "codigo", "codice", "codul", "koodi", "kód", "код", "otp", "tan", "pin", "passcode",
];

static GATE: LazyLock<AhoCorasick> = LazyLock::new(|| {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(WORDS)
        .expect("short literals")
});

/// What codes open, prove and are sent by: beside the word, or glued before it.
#[rustfmt::skip]
const OPENS: &[&str] = &[
    "verification", "verify*", "security", "login", "logging in", "signing in", "log-in", "sign-in", "signin", "sign in", "log in", "access code", "auth code", "authentication", "authenticator", "authorization", "confirmation code", "activation", "unlock", "one-time", "one time", "onetime",
    "otp", "sms", "2-step", "two-step", "pin-code", "pin code", "pincode", "sim", "wifi", "wi-fi", "wlan", "kenn", "mfa", "2fa", "two-factor", "backup", "door", "gate", "garage", "alarm", "keypad", "lockbox", "key box", "key safe", "building",
    "sicherheits", "bestätigungs", "anmelde", "zugangs", "haustür", "tür", "tresor", "schlüssel", "einmal", "freischalt", "aktivierungs", "verifizierungs", "eingangs", "klingel",
    "vérification", "sécurité", "connexion", "connecter", "d'accès", "d’accès", "d'entrée", "d’entrée", "porte", "portail", "immeuble", "digicode", "usage unique", "boîte à clé",
    "verificación", "seguridad", "de acceso", "confirmación", "puerta", "portal", "iniciar sesión", "para continuar", "para entrar", "verificação", "segurança", "de acesso", "confirmação", "porta", "portão",
    "di verifica", "di sicurezza", "di accesso", "di conferma", "portone", "cancello", "per accedere", "monouso",
    "verificatie", "beveiligings", "toegangs", "inlog", "in te loggen", "bevestigings", "voordeur", "deur", "poort", "sleutelkluis",
    "weryfikacyjn*", "aktywacyjn*", "aktivering*", "activación", "ativação", "attivazione", "d'activation", "aktivasyon", "активац*", "autoryzacyjn*", "dostępu", "drzwi", "bramy", "furtki", "domofon", "zalogować",
    "engångs*", "engangs", "verifierings*", "bekräftelse", "bekreftelse", "bekræftelse", "inloggnings*", "innloggings*", "portkod", "dörr", "døre", "dør", "vahvistus*", "kerta*", "ovi",
    "doğrulama*", "onay*", "giriş", "kapı", "ověřovací*", "overovac*", "potvrzovac*", "verificare", "confirmare", "підтвердж*", "подтвержд*", "домофон", "подъезд", "двер*", "вход",
];

/// What people do with a code that was sent to them, in the same sentence. Less sure than what it opens.
#[rustfmt::skip]
const USES: &[&str] = &[
    "invalid code", "wrong code", "incorrect code", "ungültiger code", "falscher code", "code invalide", "code incorrect", "código incorrecto", "código inválido", "codice errato", "onjuiste code", "felaktig kod", "błędny kod", "yanlış kod", "texted", "submitted", "text message", "dictated", "reads me", "read me", "read out", "reads out", "sent to my phone", "on the phone", "to my phone", "got by", "got is", "received is", "got was", "did it go through", "expired", "finish signing", "to verify", "to confirm your", "in the app",
    "do not share", "don't share", "never share", "valid for", "expires in", "nicht weiter", "gültig für", "gilt bis", "abgelaufen",
    "saisissez", "saisir le", "entrez le", "ne partagez", "ne communiquez", "introduce el", "introduzca el", "ingresa el", "no compartas", "inserisci il", "non condivider", "insira o", "digite o", "não compartilhe", "voer", "deel deze", "wpisz", "podaj", "nie udostępniaj", "ange", "skriv", "indtast", "tast inn",
    "dem code", "din kod", "din kode", "tuo codice", "su código", "tu código", "seu código", "votre code", "ton code", "ihr code", "dein code", "je code", "uw code", "twój kod", "your code", "kodunuz", "codul tău", "váš kód",
];

/// What a code is sent for once, so that it may well have failed.
const ONCE: &[&str] = &[
    "2fa",
    "otp",
    "totp",
    "mfa",
    "one-time",
    "one time",
    "two-factor",
    "2-step",
    "verification",
    "authenticator",
    "einmal",
    "tan",
    "usage unique",
];

/// What makes a code no secret that is used once, but perhaps one that is.
const FAILURES: &[&str] = &["fail", "reject"];

/// What makes a code another thing, on either side of the word.
#[rustfmt::skip]
const OTHERS: &[&str] = &[
    "error", "errno", "status", "exit", "return", "response", "result", "reason", "http", "websocket", "country", "postal", "post code", "postcode", "zip", "area code", "promo", "coupon", "discount", "voucher", "gift", "referral", "product", "sql", "grpc",
    "length", "exception", "order", "booking", "reservation", "room", "crash", "signal", "close code", "tracking", "bar code", "barcode", "qr", "swift", "bic", "iata", "sort code", "source code", "dress", "color", "colour", "review", "lines of", "line ", "language", "currency", "hs code", "tariff", "article", "item code", "customer code", "vendor", "dial", "cost cent", "diagnos", "icd", "billing code", "tax code",
    "fehler", "rückgabe", "postleit", "artikel", "gutschein", "rabatt", "länder", "kunden", "strich", "vorwahl", "erreur", "postal", "sortie", "retour", "produit", "statut", "article", "barre", "réduction", "pays", "client", "fonction",
    "errore", "errori", "prodotto", "sconto", "articolo", "fiscale", "stato", "uscita", "producto", "descuento", "barras", "estado", "salida", "país", "fiscal", "produto", "desconto", "saída", "erro", "cliente",
    "fout", "korting", "product", "status", "błęd", "rabat", "produkt", "pocztow", "kresk", "fel", "rabatt", "fejl", "feil", "hata", "indirim", "posta", "ürün", "chyb", "ошибк", "помилк", "промо", "товар", "ответа", "возврата",
];

/// Words between a code's word and the code, one of which stands right before it.
#[rustfmt::skip]
const LINKS: &[&str] = &[
    "is", "was", "as", ":", "=", "lautet", "ist", "war", "est", "es", "è", "é", "jest", "to", "är", "er", "on", "este", "je", "—", "–", "-",
];

/// What follows a code that stands before its word.
#[rustfmt::skip]
const BEFORE: &[&str] = &[
    " is your ", ": your ", " is the otp", " is the one-time", " is the verification", " is the security", " as your ", " ist ihr ", " ist dein ", " est votre ", " est ton ", " es su ", " es tu ", " es el código de ", " è il tuo ", " è il suo ", " è il codice di ", " é o seu ", " é o código de ", " is je ", " is uw ",
    " to twój ", " to kod ", " är din ", " er din ", " on vahvistus", " on kerta", " je váš ", " je vaš ", " este codul ", " — ваш код", " - ваш код", " — doğrulama", " doğrulama kod", " onay kod",
];

/// How far around a word is looked, in bytes.
const NEAR: usize = 64;

/// The next code that a sentence tells.
pub fn next_code(text: &str, from: usize) -> Option<Range<usize>> {
    let mut at = text.floor_char_boundary(from.saturating_sub(2 * NEAR));
    while let Some(hit) = GATE.find(aho_corasick::Input::new(text).range(at..)) {
        let found = code_at(text, hit.range());
        if let Some(range) = found.filter(|range| range.start >= from) {
            return Some(range);
        }
        at = text.ceil_char_boundary(hit.end());
    }
    None
}

/// The code that the word at a range of a text tells of.
fn code_at(text: &str, word: Range<usize>) -> Option<Range<usize>> {
    let start = text.floor_char_boundary(word.start.saturating_sub(NEAR));
    let start = text[start..word.start].rfind(['\n', ';', '{', '}']).map_or(start, |stop| start + stop + 1);
    let end = text.floor_char_boundary(word.end + NEAR);
    let end = text[word.end..end].find(['\n', ';', '{', '}']).map_or(end, |stop| word.end + stop);
    let digits = |text: &str| text.bytes().filter(u8::is_ascii_digit).count();
    // What is glued to the word: `Sicherheitscode`, `verifieringskoden`.
    let tail: usize = text[word.end..end].chars().take_while(|char| char.is_alphabetic()).map(char::len_utf8).sum();
    let behind = word.end + tail;
    let glued = text[start..word.start].chars().next_back().is_some_and(|char| char.is_alphanumeric() || char == '_');
    let short = ["otp", "tan", "pin"].iter().any(|short| text[word.clone()].eq_ignore_ascii_case(short));
    let solid = short && (glued || tail > 0);
    if tail > 6 || solid || digits(&text[start..end]) < 2 || text[behind..end].starts_with(['_', '/', '(', '\\']) {
        return None;
    }
    let far = text.floor_char_boundary(word.start.saturating_sub(2 * NEAR));
    let far = text[far..word.start].rfind(['\n', ';', '{', '}']).map_or(far, |stop| far + stop + 1);
    let context = Context::around(text, far..end);
    let early = digits(&text[start..word.start]) > 1;
    let first = || if early { before_word(text, start..word.start, end) } else { None };
    let code = first().or_else(|| behind_word(text, behind..end, &context))?;
    // What is said behind both is about the code: `login code 4711 rejected`.
    let until = start..code.end.max(behind);
    let failed = context.has(Hint::Failure, until.clone()) && !context.has(Hint::Once, far..end);
    if failed || context.has(Hint::Other, until) { None } else { Some(code) }
}

/// What a word beside a code says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hint {
    Opens,
    Uses,
    Once,
    Failure,
    Other,
}

/// A word that is looked for, and how it has to end.
#[derive(Debug, Clone, Copy)]
struct Entry {
    hint: Hint,
    any_end: bool,
}

/// The words of all hints.
static HINTS: LazyLock<(AhoCorasick, Vec<Entry>)> = LazyLock::new(|| {
    let mut words = Vec::new();
    let mut entries = Vec::new();
    let lists = [
        (Hint::Opens, OPENS),
        (Hint::Uses, USES),
        (Hint::Once, ONCE),
        (Hint::Failure, FAILURES),
        (Hint::Other, OTHERS),
    ];
    for (hint, list) in lists {
        for word in list {
            let stem = word.strip_suffix('*');
            let small = stem.unwrap_or(word);
            let entry = Entry { hint, any_end: stem.is_some() || matches!(hint, Hint::Other | Hint::Failure) };
            // Letters of ASCII are found in any case.
            let mut rest = small.chars();
            let first = rest.next().into_iter().flat_map(char::to_uppercase);
            let capital: String = first.chain(rest).collect();
            for form in [small.to_owned(), capital] {
                words.push(form);
                entries.push(entry);
            }
        }
    }
    let search = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(words)
        .expect("short literals");
    (search, entries)
});

/// The hints around a word.
struct Context(Vec<(Hint, Range<usize>)>);

impl Context {
    /// The hints in a range of a text, read once.
    fn around(text: &str, within: Range<usize>) -> Context {
        let (search, entries) = &*HINTS;
        let input = aho_corasick::Input::new(text).range(within);
        let hits = search.find_overlapping_iter(input).filter_map(|hit| {
            let entry = entries[hit.pattern().as_usize()];
            let begins = text[..hit.start()].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
            let ends = || {
                let rest = &text[hit.end()..];
                let code = WORDS.iter().any(|code| {
                    rest.as_bytes().get(..code.len()).is_some_and(|start| start.eq_ignore_ascii_case(code.as_bytes()))
                });
                code || rest.chars().next().is_none_or(|next| !next.is_alphabetic())
            };
            (begins && (entry.any_end || ends())).then_some((entry.hint, hit.range()))
        });
        Context(hits.collect())
    }

    fn has(&self, hint: Hint, within: Range<usize>) -> bool {
        self.0.iter().any(|(of, range)| *of == hint && within.start <= range.start && range.end <= within.end)
    }
}

/// The code before its word: `552019 är din kod`.
fn before_word(text: &str, before: Range<usize>, end: usize) -> Option<Range<usize>> {
    let window = &text[before.clone()];
    let lower = window.to_ascii_lowercase();
    // The word itself may be a part of what follows the code.
    let through = text[before.start..end].to_ascii_lowercase();
    let mark = BEFORE.iter().find_map(|mark| through.find(mark).filter(|at| *at < lower.len()))?;
    let head = &window[..mark];
    let start = head.rfind(|char: char| !char.is_ascii_alphanumeric() && char != '-' && char != ' ');
    let start = start.map_or(0, |at| at + head[at..].chars().next().map_or(1, char::len_utf8));
    let words = head[start..].trim_start();
    let start = mark - words.len();
    // The last word of what stands there, or the last two groups.
    let mut starts: Vec<usize> = words.match_indices(' ').map(|(at, _)| at + 1).collect();
    starts.insert(0, 0);
    let starts = starts.iter().rev().take(3).rev();
    let mut starts = starts.map(|at| start + *at).filter(|at| is_free(text, before.start + *at));
    let code = starts.find(|at| is_code(&window[*at..mark], Sure::Yes))?;
    // `G-482913`
    let code = if window[code..mark].starts_with("G-") { code + 2 } else { code };
    Some(before.start + code..before.start + mark)
}

/// Whether nothing goes on before a place.
fn is_free(text: &str, at: usize) -> bool {
    text[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric() && !"-.,/_#$€£".contains(before))
}

/// Whether a code is told of for sure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sure {
    Yes,
    /// It stands beside its word, and something people do with codes is near.
    Perhaps,
}

/// The code behind its word.
fn behind_word(text: &str, window: Range<usize>, context: &Context) -> Option<Range<usize>> {
    // What a code opens is named before it: what stands behind may be where an error happened.
    let early = context.has(Hint::Opens, 0..window.start);
    if !early && !context.has(Hint::Opens, 0..window.end) && !context.has(Hint::Uses, 0..window.end) {
        return None;
    }
    let (mut at, mut linked, mut first) = (window.start, false, true);
    while at < window.end {
        let rest = &text[at..window.end];
        let gap = rest.len() - rest.trim_start_matches([' ', '\t', '"', '\'', '“', '„', '«', '(', '`', '\u{a0}']).len();
        at += gap;
        let rest = &text[at..window.end];
        if let Some(mark) = rest.chars().next().filter(|char| ":：=".contains(*char)) {
            at += mark.len_utf8();
            linked = true;
            continue;
        }
        if rest.is_empty() || first && gap == 0 && !linked {
            return None;
        }
        let sure = || {
            let keyed = rest.trim_start_matches(|char: char| char.is_ascii_digit()).starts_with('#');
            let opened = early || keyed || context.has(Hint::Opens, window.start..at);
            if opened { Sure::Yes } else { Sure::Perhaps }
        };
        if (linked || first)
            && rest.starts_with(|char: char| char.is_ascii_digit() || char.is_ascii_uppercase())
            && let Some(length) = code_length(rest, sure())
        {
            return Some(at..at + length);
        }
        let end = rest.find([' ', '\t', ':', '=']).unwrap_or(rest.len());
        let word = rest[..end].trim_end_matches([',', ')', '"', '\'']);
        // Sentences end, and what is counted is no code.
        if end == 0 || word.ends_with(['.', '!', '?']) && !linked && word.len() > 3 {
            return None;
        }
        linked = LINKS.contains(&word.to_lowercase().as_str());
        first = false;
        at += end;
    }
    None
}

/// The length of the code that a text begins with, if it begins with one that nothing goes on behind.
fn code_length(text: &str, sure: Sure) -> Option<usize> {
    let is_part = |char: char| char.is_ascii_alphanumeric() || char == '-';
    let solid = text.find(|char| !is_part(char)).unwrap_or(text.len());
    let solid = text[..solid].trim_end_matches('-').len();
    let single = text.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b' ').count();
    let spaced = text[..single].trim_end();
    let mut lengths = vec![spaced.len()];
    // `552 019`, `55 20 19`, `5 9 5 6 8 9`; of longer numbers the first groups are no code.
    lengths.push(solid);
    let ends = |length: usize| {
        let rest = &text[length..];
        let next = rest.chars().next();
        let second = rest.chars().nth(1);
        match next {
            None => true,
            Some('.' | ',' | ':' | '-' | '/') => second.is_none_or(|second| !second.is_ascii_alphanumeric()),
            Some(next) => !next.is_alphanumeric() && !"%€$£_@°+".contains(next),
        }
    };
    let is_unit = |length: usize| {
        let unit = text[length..].trim_start().split(|char: char| !char.is_alphabetic()).next().unwrap_or_default();
        [
            "ms", "s", "sec", "seconds", "min", "minutes", "hours", "days", "times", "users", "attempts", "eur", "usd",
            "rows", "bytes", "uhr", "lines", "requests", "records", "entries", "errors", "files", "items", "of",
        ]
        .contains(&unit.to_ascii_lowercase().as_str())
    };
    lengths.into_iter().find(|length| is_code(&text[..*length], sure) && ends(*length) && !is_unit(*length))
}

/// Whether a text has the form of a code: four to eight digits, perhaps in groups; or capitals and digits.
fn is_code(code: &str, sure: Sure) -> bool {
    let code = code.strip_prefix("G-").unwrap_or(code);
    let digits = code.bytes().filter(u8::is_ascii_digit).count();
    let letters = code.bytes().filter(u8::is_ascii_uppercase).count();
    let groups: Vec<&str> = code.split([' ', '-']).collect();
    let plain = digits + letters + groups.len() - 1 == code.len() && groups.iter().all(|group| !group.is_empty());
    if !plain || code.is_empty() {
        return false;
    }
    let same = |length: usize| groups.iter().all(|group| group.len() == length);
    if letters == 0 {
        let min = if sure == Sure::Yes { 4 } else { 5 };
        // A year and a date are no codes.
        let year = groups.len() == 1 && digits == 4 && (code.starts_with("19") || code.starts_with("20"));
        return match groups.len() {
            1 => (min..=8).contains(&digits) && !year,
            2 => same(3) || same(4) && sure == Sure::Yes,
            3 => same(2) && !code.contains('-'),
            _ => same(1) && (4..=8).contains(&digits) && code.contains(' '),
        };
    }
    let grouped = match groups.len() {
        1 => (5..=10).contains(&code.len()),
        2..=4 => groups.iter().all(|group| (2..=5).contains(&group.len())) && digits + letters <= 16,
        _ => false,
    };
    // `SHA256`, `UTF-8` and `ISO-8601` are no codes.
    let technical = ["SHA", "UTF", "ISO", "RFC", "HTTP", "TLS", "IPV", "MP", "USB", "CVE", "ID"];
    let named = technical.iter().any(|name| code.starts_with(name));
    grouped && digits >= 2 && !code.contains(' ') && !named && sure == Sure::Yes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Option<&str>) {
        assert_eq!(next_code(text, 0).map(|range| &text[range]), want, "{text}");
    }

    #[test]
    fn codes_are_told_in_many_ways() {
        check("481 207 is your Acme verification code. Don't", Some("481 207"));
        check("Your sign-in code: K7QX-29MF", Some("K7QX-29MF"));
        check("okay the security code I got is 559032, did it go through", Some("559032"));
        check("the code they texted me is 559032", Some("559032"));
        check("Le code d'accès de l'immeuble est 47B19, sonnez", Some("47B19"));
        check("Der Code für die Haustür lautet 4711#, bitte", Some("4711"));
        check("552019 är din kod", Some("552019"));
        check("2FA failed, code 552019 not accepted", Some("552019"));
        check("código incorrecto: 552019", Some("552019"));
        check("552019 is the OTP for your transaction", Some("552019"));
        check("Saisissez le code 552019 pour vous connecter", Some("552019"));
        check("OTP for txn of INR 4,500.00 at ACME is 552019. Do", Some("552019"));
        check("dictated the TAN as 5 9 5 6 8 9, still", Some("5 9 5 6 8 9"));
    }

    #[test]
    fn codes_of_other_things_are_not() {
        for text in [
            "error code 559032 at the door",
            "login failed with code 55012",
            "your order code 552019 ships today",
            "the gateway closed with code 1006",
            "code de statut 40412",
            "código postal 28013",
            "your code was merged in 4711",
            "the login took 4711 ms",
            "door code expired 4711 times",
            "verification code sent 2024-09-01",
            "promo code SAVE20 valid for 3 days",
        ] {
            check(text, None);
        }
    }
}
