//! One-time codes and passwords beside their words, in the languages that mails and messages are written in.

use std::ops::Range;

use super::super::markers::Kind;
use super::{Find, ValueRule, checks, looks, told};

#[rustfmt::skip]
pub const RULES: &[ValueRule] = &[
    ValueRule {
        id: "foreign_code",
        what: "one-time codes beside their words, in many languages",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &[
                "ihr code", "dein code", "code lautet", "gscode", "itscode", "einmalcode", "anmeldecode", "freischaltcode", "logincode", "zugangscode", "smstan", "mtan", "pushtan", "chiptan", "tan ",
                "pin ihrer", "pin lautet", "votre code", "ton code", "code de v", "code de s", "code de c", "code d'a", "usage unique", "digo de v", "digo de s", "digo de c", "digo de a", "digo es", "digo:",
                "codice di", "codice otp", "tuo codice", "codice monouso", "je code", "uw code", "verificatiecode", "beveiligingscode", "inlogcode", "bevestigingscode", "kod weryfikacyjny", "kod sms", "twój kod", "kod autoryzacyjny",
                "engangskod", "verifieringskod", "din kod", "din kode", "bekreftelseskode", "kertakoodi", "vahvistuskoodi", "ověřovací kód", "overovací kód", "doğrulama kodu", "dogrulama kodu", "onay kodu",
                "код подтвержд", "Код подтвержд", "ваш код", "Ваш код", "код для", "Код для", "код доступа", "Код доступа", "код безопасности", "код входа", "認証コード", "確認コード", "認証番号", "ワンタイムパスワード",
                "验证码", "校验码", "动态码", "驗證碼", "認證碼", "인증번호", "인증 번호", "인증코드", "인증 코드", "प्रमाणीकरण कोड", "mã xác", "mã otp", "رمز التحقق", "קוד האימות",
                "код підтвердж", "Код підтвердж", "код авторизац", "Код авторизац", "ओटीपी", "รหัส otp", "รหัสยืนยัน",
            ],
            look: looks::digits_ahead,
            pattern: r#"(?i:(?:ihr|dein|votre|ton|je|uw|din) code|code lautet|(?:[a-z]|\xc3.)*(?:gs|its|einmal|anmelde|freischalt|login|zugangs)code|(?:sms|m|push|chip)tan|\btan|pin ihrer|pin lautet|code (?:de|d') ?(?:v|s|c|a)|usage unique|digo(?: de [vsca]| es|:)|codice (?:di|otp|monouso)|tuo codice|(?:verificatie|beveiligings|inlog|bevestigings)code|kod (?:weryfikacyjny|sms|autoryzacyjny)|twój kod|engangskode?|verifieringskod|din kode?|bekreftelseskode|kertakoodi|vahvistuskoodi|ov\S{1,12} kód|do\S{1,4}rulama kodu|onay kodu|код подтвержд|ваш код|код (?:для|доступа|безопасности|входа)|認証コード|確認コード|認証番号|ワンタイムパスワード|验证码|校验码|动态码|驗證碼|認證碼|인증 ?번호|인증 ?코드|प्रमाणीकरण कोड|mã xác|mã otp|رمز التحقق|קוד האימות|код підтвердж|Код підтвердж|код авторизац|Код авторизац|ओटीपी|รหัส otp|รหัสยืนยัน|Код подтвержд|Ваш код|Код (?:для|доступа))[^0-9\n;\[]{0,48}?[^0-9A-Za-z.,/+-]([0-9]{4,8}|[0-9]{3}[ -][0-9]{3}|[0-9]{2} [0-9]{2} [0-9]{2})(?:[^0-9A-Za-z.:,/-]|[.,:-](?:[^0-9]|\z)|,[0-9]{1,2}\xe5|\z)"#,
            check: is_foreign_code,
        },
        secrets: &[
            ("Ihr Code lautet 746638 – gültig für 5 Minuten", "746638"),
            ("Ihr Bestätigungscode: 922894", "922894"),
            ("Ihr Bestätigungscode lautet 44 81 09. Geben", "44 81 09"),
            ("TAN 881691 für Überweisung 120,00 EUR", "881691"),
            ("Code à usage unique : 106793 pour", "106793"),
            ("Il tuo codice di verifica è 712025, scade", "712025"),
            ("Su código de verificación es 712025", "712025"),
            ("Twój kod weryfikacyjny to 405844, ważny", "405844"),
            ("Ваш код подтверждения: 64191. Никому", "64191"),
            ("認証コード：199901（10分間有効）", "199901"),
            ("【店】验证码：199901，5分钟内有效", "199901"),
            ("您的验证码是860427,5分钟内有效。", "860427"),
            ("Die PIN Ihrer Karte lautet 8265.", "8265"),
            ("Je code is 513995. Geldig", "513995"),
            ("Код підтвердження: 507318", "507318"),
            ("Kod autoryzacyjny: 305962 przelew", "305962"),
            ("आपका ओटीपी 692840 है", "692840"),
            ("รหัส OTP ของคุณคือ 440917", "440917"),
        ],
        innocent: &[
            "codice di errore 4041",
            "código de barras 84120000",
            "code de sortie 1370",
            "kod weryfikacyjny wygasł po 300 s",
            "Ihr Code ist nach 3000 ms abgelaufen",
            "code de statut 4040",
            "mtan aktiviert",
        ],
    },
    ValueRule {
        id: "told_code",
        what: "codes that sentences tell, and what they open or who they are for",
        kind: Kind::Secret,
        find: Find::Code { keywords: told::WORDS, look: looks::code_word, next: told::next_code },
        secrets: &[
            ("Your sign-in code: K7QX-29MF", "K7QX-29MF"),
            ("the security code I got is 559032, did", "559032"),
            ("Le code d'accès de l'immeuble est 47B19, sonnez", "47B19"),
            ("552019 är din kod", "552019"),
        ],
        innocent: &["error code 559032", "code postal 28013", "the code was merged in 4711"],
    },
    ValueRule {
        id: "set_password",
        what: "passwords that somebody says something was set to",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["set it to ", "changed it to ", "change it to ", "updated it to ", "zurückgesetzt auf ", "setzte es auf ", "geändert auf "],
            look: looks::always,
            pattern: r#"(?i:(?:re)?set it to|changed? it to|updated it to|zur\xc3\xbcckgesetzt auf|setzte es auf|ge\xc3\xa4ndert auf) ["'`]?([^\s"'`]{8,64})"#,
            check: is_strong_password,
        },
        secrets: &[("I reset it to Kranich&Tower77 for now", "Kranich&Tower77")],
        innocent: &["reset it to default-settings for now", "set it to 1200x800=auto", "set it to https://a.test/?b=C1", "changed it to Version_2"],
    },
    ValueRule {
        id: "told_key",
        what: "keys and tokens that somebody hands over",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["this key", "following key", "new key", "your key", "old key", "api key", "access key", "this token", "following token", "new token", "your token", "old token"],
            look: looks::long_id,
            pattern: r#"(?i:(?:this|following|new|your|old|api|access) (?:key|token))\b[^\n:;=]{0,48}?(?::|->|=>|→|=| is) ?["'`]?([A-Za-z0-9_+/=.-]{20,128})"#,
            check: is_mixed_token,
        },
        secrets: &[
            ("use this key to authenticate: 7Hq2mZp9Lr4Tn8Vd0Xs6Yb3", "7Hq2mZp9Lr4Tn8Vd0Xs6Yb3"),
            ("new key as discussed: `kdj3KdPx02kfmWq8ZkLl93kd`", "kdj3KdPx02kfmWq8ZkLl93kd"),
        ],
        innocent: &["new key for cache: 9f86d081884c7d659a2feaa0c55ad015", "this key is: orders-of-the-day-2024-09", "your key is valid"],
    },
    ValueRule {
        id: "login_pair",
        what: "passwords behind a name and a slash, as people hand over a login",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["creds", "credentials", "login", "log in", "logon", "zugang", "anmeldung", "identifiants", "credenciales", "credenziali", "credenciais", "inloggegevens", "dane logowania", "inloggning"],
            look: looks::slash_ahead,
            pattern: r#"(?i:creds|credentials|log-?in|log in|logon|zugang(?:sdaten)?|anmeldung|identifiants|creden(?:ciales|ziali|ciais)|inloggegevens|dane logowania|inloggning)(?: [^\n/:]{1,40})??:? ["'`]?[A-Za-z0-9._@-]{2,40}["'`]? / ["'`]?([^\s"'`]{6,64})"#,
            check: is_told_password,
        },
        secrets: &[
            ("creds for the replica: repl / Klammeraffe@9 — rotate", "Klammeraffe@9"),
            ("log in with admin / Wisla_Barka19 at the panel", "Wisla_Barka19"),
        ],
        innocent: &["login / logout took 12 ms", "login of kim / failed", "credentials for a / b", "login: 200 / 1.5s-p95", "login page / home-page2"],
    },
    ValueRule {
        id: "bound_code",
        what: "one-time codes behind the origin that they are bound to",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["@"],
            look: looks::bound_origin,
            pattern: r"(?:\A|[\r\n])@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8} #([A-Za-z0-9-]{4,12})(?:[\s%]|\z)",
            check: checks::has_digit,
        },
        secrets: &[("Your code\n\n@shop.example #317720", "317720")],
        innocent: &["see @shop.example #317720", "PR\n@kim #31772x y"],
    },
    ValueRule {
        id: "code_before_origin",
        what: "one-time codes before the origin that they are bound to",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["@"],
            look: looks::bound_origin,
            pattern: r"(?:\A|[^0-9A-Za-z.-])([0-9]{4,8}|[0-9]{3}[ -][0-9]{3}|[A-Z0-9]{2,5}-[A-Z0-9]{2,5})(?:[^\n0-9A-Za-z][^\n0-9]{0,80})?[\r\n\s]+@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8} #",
            check: checks::sure,
        },
        secrets: &[("Kode: 382915\n\n@shop.example #382915", "382915")],
        innocent: &["in 2026\nsee @shop.example #317720"],
    },
    ValueRule {
        id: "device_code",
        what: "codes that join a device to an account",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["enter code", "enter the code", "enter this code", "user code", "use code"],
            look: looks::always,
            pattern: r"(?i:(?:enter(?: the| this)?|user|use) code)[: ]{1,2}([BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4})(?:[^0-9A-Za-z-]|\z)",
            check: checks::sure,
        },
        // RFC 8628 recommends twenty consonants, so that no word comes of it.
        secrets: &[
            ("open https://login.dev.test/device and enter code WDJB-MJHT to continue", "WDJB-MJHT"),
            ("User code: BDWP-HQPK", "BDWP-HQPK"),
        ],
        innocent: &["enter code FREE-SHIP at checkout", "use code SAVE-1234"],
    },
    ValueRule {
        id: "code_at_the_end",
        what: "one-time codes that a sentence comes to at its end",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["tan ", "code to "],
            look: looks::digits_ahead,
            pattern: r"(?i:\btan [^\n]{1,80}? lautet:? |code to (?:confirm|verify|log ?in|sign ?in|complete|authenticate|reset|unlock|access|finish|activate)[^\n0-9]{0,64}?: ?)([0-9]{4,8}|[0-9]{3}[ -][0-9]{3})(?:[^0-9A-Za-z.,-]|[.,](?:[^0-9]|\z)|\z)",
            check: checks::sure,
        },
        secrets: &[
            ("Ihr TAN für die Überweisung von 240,00 EUR lautet: 662191", "662191"),
            ("Enter this code to confirm your new device: 619-632. If", "619-632"),
        ],
        innocent: &["code to verify the account expired after 3000 ms", "tan 0.5 lautet nicht"],
    },
    ValueRule {
        id: "code_to_use",
        what: "one-time codes in what is to be done with them",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["to verify", "to confirm", "to approve", "to log in", "to login", "to sign in", "to authenticate", "to complete", "as your", "to reset"],
            look: looks::always,
            pattern: r"(?i)\b(?:use|enter|type)(?: code)? (?:G-)?([0-9]{4,8}|[0-9]{3}[ -][0-9]{3}|[0-9]{2} [0-9]{2} [0-9]{2}) (?:(?:in|on|into) (?:the|our|your) [a-z]{2,12} )?(?:to (?:verify|confirm|approve|log ?in|sign in|authenticate|complete|reset)|as your)\b",
            check: is_no_year,
        },
        secrets: &[("Use 482913 to verify your account", "482913"), ("Enter code 482 913 to sign in", "482 913")],
        innocent: &["use 2026 as the year", "use 2026 to verify the year", "we use 100000 rows to verify it", "enter a code to confirm"],
    },
    ValueRule {
        id: "code_before_foreign_words",
        what: "one-time codes that their words follow, in many languages",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["ist ihr", "ist dein", "einmalcode", "gscode", "est votre", "es su c", "es tu c", "tuo codice", "is je ", "is uw "],
            look: looks::always,
            pattern: r"(?i)(?:\A|[^0-9A-Za-z.,/+-])([0-9]{4,8}) (?:(?:ist ihr|ist dein|est votre|es su|es tu|il tuo|è il tuo|is je|is uw) (?:[^\s0-9]{1,24} ){0,2}?(?:[^\s0-9]{1,16})?(?:code|codice|c.{1,2}digo|tan|pin)|[^0-9A-Za-z ]{1,3} (?:[^\s0-9]{0,16})(?:code|tan)\b)",
            check: checks::sure,
        },
        secrets: &[
            ("876346 – Einmalcode für die Anmeldung", "876346"),
            ("482913 ist Ihr Bestätigungscode", "482913"),
            ("482913 est votre code de connexion", "482913"),
        ],
        innocent: &["2026 ist Ihr Jahr", "4 gscode", "2048 is je geheugen"],
    },
    ValueRule {
        id: "foreign_password",
        what: "passwords beside their words, in scripts without blanks between words",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["パスワード", "密码", "密碼", "口令", "비밀번호", "암호", "รหัสผ่าน", "كلمة المرور", "كلمة السر", "πρόσβασης", "πρόσβασής", "סיסמה", "पासवर्ड"],
            look: looks::always,
            pattern: r#"(?:パスワード|密码|密碼|口令|비밀번호|암호|รหัสผ่าน|كلمة المرور|كلمة السر|(?:πρόσβασης|πρόσβασής)(?: σας)?|סיסמה|पासवर्ड)(?:は|が|を|为|是|為|는|은|가|είναι|هي|คือ|है|:|：|=|「|『|“|"|'|《|[ \t]){1,4}([!-~]{4,64})"#,
            check: is_word_password,
        },
        secrets: &[
            ("初期パスワードは「iWMmlZUGg8」です", "iWMmlZUGg8"),
            ("用户 cangku 的密码为 8WNrIBjf3 ，请", "8WNrIBjf3"),
            ("비밀번호: nWKZxhyZ2", "nWKZxhyZ2"),
            ("كلمة المرور: nakhla_2024", "nakhla_2024"),
            ("Ο κωδικός πρόσβασης είναι souvlaki7!", "souvlaki7!"),
        ],
        innocent: &["密码 password", "비밀번호는 12자 이상", "パスワードは 8 文字以上", "密码：********"],
    },
    ValueRule {
        id: "bitlocker",
        what: "recovery passwords of BitLocker",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["password", "bitlocker", "recovery"],
            look: looks::digits_ahead,
            pattern: r"(?:\A|[^0-9-])([0-9]{6}(?:-[0-9]{6}){7})(?:[^0-9-]|\z)",
            check: checks::sure,
        },
        secrets: &[(
            "Numerical Password:\n 304381-308088-638682-343794-044759-219912-149446-110242",
            "304381-308088-638682-343794-044759-219912-149446-110242",
        )],
        innocent: &["password 304381-308088-638682"],
    },
];

/// A password without its stop, that has letters in both cases, digits and a sign.
fn is_strong_password(text: &str, range: &Range<usize>) -> bool {
    let value = text[range.clone()].trim_end_matches(['.', ',', ';', ':', ')']);
    let has = |is: fn(&u8) -> bool| value.bytes().any(|byte| is(&byte));
    let sign = value.bytes().skip(1).any(|byte| b"!@#$%^&*+?~".contains(&byte));
    sign && has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && !value.contains(['/', '=', '('])
}

/// Letters in both cases and digits, mixed well.
fn is_mixed_token(text: &str, range: &Range<usize>) -> bool {
    checks::is_mixed(text, range) && super::super::text::is_random(text[range.clone()].trim_end_matches('.'), 20)
}

/// Letters in both cases, and digits: no word and no number.
fn is_told_password(text: &str, range: &Range<usize>) -> bool {
    let value = &text[range.clone()];
    let has = |is: fn(&u8) -> bool| value.bytes().any(|byte| is(&byte));
    has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && !value.contains(['/', '=', '(', '%'])
        && super::super::text::is_spoken_password(value, true)
}

fn is_no_year(text: &str, range: &Range<usize>) -> bool {
    let code = &text[range.clone()];
    code.len() != 4 || !code.starts_with("19") && !code.starts_with("20")
}

/// The digits of a code behind words that many codes share, and no number of an error or a product.
fn is_foreign_code(text: &str, range: &Range<usize>) -> bool {
    let from = text.floor_char_boundary(range.start.saturating_sub(48));
    let before = text[from..range.start].to_lowercase();
    !checks::is_counted(text, range) && !OTHER.iter().any(|other| before.contains(other))
}

/// What codes are called that are no secrets.
#[rustfmt::skip]
const OTHER: &[&str] = &[
    "error", "status", "exit", "http", "sql", "barras", "barre", "barcode", "client", "cliente", "errore", "erreur", "error", "fehler", "fiscal", "fiscale", "fonction", "commande", "pays", "país", "paese", "postal", "produit", "producto", "prodotto", "sortie", "salida",
    "statut", "statuscode", "estado", "stato", "source", "siren", "agence", "article", "nach ", "после ", "через ", "ошибки", "ответа", "возврата", "avviamento", "conduite", "commune", "ateco", "destinat", "vettore", " auto ", "acheteur",
];

fn is_word_password(text: &str, range: &Range<usize>) -> bool {
    let (value, before) = (&text[range.clone()], text[..range.start].trim_end());
    // Behind a colon even a word of words is one: `nakhla_2024`.
    let named =
        before.ends_with([':', '：', '=']) && !value.contains('/') && !value.starts_with(['*', '<', '$', '{', '[']);
    let mixed = value.bytes().any(|byte| byte.is_ascii_digit()) && value.bytes().any(|byte| byte.is_ascii_alphabetic());
    super::super::text::is_spoken_password(value, true) || named && mixed
}
