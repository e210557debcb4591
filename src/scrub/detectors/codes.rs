//! One-time codes and passwords beside their words, in the languages that mails and messages are written in.

use std::ops::Range;

use super::super::markers::Kind;
use super::looks;
use super::{Find, ValueRule, checks};

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
        id: "code_to_use",
        what: "one-time codes in what is to be done with them",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["to verify", "to confirm", "to log in", "to login", "to sign in", "to authenticate", "to complete", "as your", "to reset"],
            look: looks::always,
            pattern: r"(?i)\b(?:use|enter|type)(?: code)? (?:G-)?([0-9]{4,8}|[0-9]{3}[ -][0-9]{3}) (?:to (?:verify|confirm|log ?in|sign in|authenticate|complete|reset)|as your)\b",
            check: checks::sure,
        },
        secrets: &[("Use 482913 to verify your account", "482913"), ("Enter code 482 913 to sign in", "482 913")],
        innocent: &["use 2026 as the year", "we use 100000 rows to verify it", "enter a code to confirm"],
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
