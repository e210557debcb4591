//! Telling words that are not written in ASCII: `contraseña`, `пароль`, `パスワード`.
//!
//! Each has an ASCII word that says the same, which takes its place before a key is looked up.
//!
//! Invariant: a key changes here only if it has one of [`gate_words`] in it.

use std::borrow::Cow;
use std::sync::LazyLock;

/// Words as they are written small, and the words that take their place.
#[rustfmt::skip]
const WORDS: &[(&str, &str)] = &[
    // Spanish, Portuguese, French
    ("contraseña", "password"), ("código", "codigo"), ("vérification", "verification"), ("réinitialisation", "reset"),
    ("clé", "cle"), ("privée", "private"), ("confirmação", "confirmacao"), ("verificação", "verificacao"),
    ("sécrète", "secret"), ("secrète", "secret"), ("frase de recuperación", "seed phrase"),
    // German and the north
    ("schlüssel", "schluessel"), ("bestätigungscode", "bestaetigungscode"), ("prüfziffer", "pruefziffer"), ("prüfnummer", "pruefnummer"),
    ("lösenord", "losenord"), ("lösen", "losen"), ("lykilorð", "password"), ("aðgangsorð", "password"),
    // Eastern Europe
    ("hasło", "haslo"), ("hasła", "haslo"), ("jelszó", "jelszo"), ("parolă", "parola"), ("şifre", "sifre"), ("parolanız", "parola"), ("slaptažodis", "password"),
    // Vietnamese
    ("mật_khẩu", "password"), ("mật khẩu", "password"), ("mậtkhẩu", "password"), ("mật-khẩu", "password"), ("mã xác", "otp"), ("mã otp", "otp"),
    // Cyrillic and Greek
    ("пароль", "password"), ("пароля", "password"), ("паролем", "password"), ("пароли", "password"), ("пароле", "password"), ("паролю", "password"),
    ("парола", "password"), ("лозинка", "password"), ("лозинку", "password"), ("секрет", "secret"), ("токен", "token"), ("пин", "pin"), ("пін", "pin"), ("код", "code"),
    ("κωδικός", "password"), ("κωδικό", "password"), ("κωδικος", "password"), ("συνθηματικό", "password"),
    // Semitic and Indian scripts
    ("كلمة المرور", "password"), ("كلمة_المرور", "password"), ("كلمةالمرور", "password"), ("كلمة السر", "password"), ("رمز المرور", "password"),
    ("סיסמה", "password"), ("סיסמא", "password"), ("गुप्तशब्द", "password"), ("पासवर्ड", "password"), ("รหัสผ่าน", "password"),
    // Chinese, Japanese, Korean
    ("密码", "password"), ("密碼", "password"), ("口令", "password"), ("パスワード", "password"), ("合言葉", "password"), ("비밀번호", "password"), ("암호", "password"),
    ("密钥", "secret key"), ("密鑰", "secret key"), ("秘密鍵", "private key"), ("私钥", "private key"), ("暗証番号", "pin"), ("验证码", "otp"), ("驗證碼", "otp"),
    ("認証コード", "otp"), ("確認コード", "otp"), ("인증번호", "otp"), ("인증코드", "otp"), ("令牌", "token"), ("トークン", "token"), ("토큰", "token"),
];

/// For each byte, in any ASCII case, the words that a form of begins with it, in their order: where a key is looked for them
/// at each of its characters, few are left to compare.
static BY_FIRST: LazyLock<Vec<Vec<(&'static str, &'static str)>>> = LazyLock::new(|| {
    let forms = || ALL.iter().flat_map(|word| word.forms.iter().map(|form| (form.as_str(), word.ascii)));
    let begins = |form: &str, byte: u8| form.as_bytes()[0].eq_ignore_ascii_case(&byte);
    (0..=u8::MAX).map(|byte| forms().filter(|(form, _)| begins(form, byte)).collect()).collect()
});

/// The first two bytes of all forms, a bit for each two.
struct Beginnings(Vec<u64>);

static BEGINNINGS: LazyLock<Beginnings> = LazyLock::new(|| {
    let mut beginnings = Beginnings(vec![0; (1 << 16) / 64]);
    for form in ALL.iter().flat_map(|word| &word.forms) {
        let place = Beginnings::place(form.as_bytes());
        beginnings.0[place / 64] |= 1 << (place % 64);
    }
    beginnings
});

impl Beginnings {
    /// The place of a text's first two bytes; a text of one has none behind it.
    fn place(text: &[u8]) -> usize {
        let byte = |at: usize| text.get(at).map_or(0, |byte| usize::from(byte.to_ascii_lowercase()));
        byte(0) << 8 | byte(1)
    }

    fn may_begin(&self, text: &[u8]) -> bool {
        let place = Beginnings::place(text);
        self.0[place / 64] & 1 << (place % 64) != 0
    }
}

/// A word in the cases that it may be written in beyond ASCII: small, with a capital, in capitals.
struct Word {
    forms: Vec<String>,
    ascii: &'static str,
}

static ALL: LazyLock<Vec<Word>> = LazyLock::new(|| {
    let word = |&(small, ascii): &(&str, &'static str)| {
        let mut rest = small.chars();
        let capital: String = rest.next().into_iter().flat_map(char::to_uppercase).chain(rest).collect();
        let mut forms = vec![small.to_owned(), capital, small.to_uppercase()];
        // Letters of ASCII are compared in any case.
        forms.dedup_by(|next, kept| next.eq_ignore_ascii_case(kept));
        Word { forms, ascii }
    };
    WORDS.iter().map(word).collect()
});

/// What every key that changes in [`fold`] has one of.
pub fn gate_words() -> impl Iterator<Item = &'static str> {
    ALL.iter().flat_map(|word| word.forms.iter().map(String::as_str))
}

/// A key with ASCII words in place of those that it writes in other letters.
pub fn fold(key: &str) -> Cow<'_, str> {
    if key.is_ascii() || key.len() > KEY_MAX {
        return Cow::Borrowed(key);
    }
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while at < key.len() {
        let rest = &key.as_bytes()[at..];
        if !BEGINNINGS.may_begin(rest) {
            at += key[at..].chars().next().map_or(1, char::len_utf8);
            continue;
        }
        let begun = &BY_FIRST[usize::from(rest[0])];
        let found = begun.iter().find(|(form, _)| starts_with(rest, form)).map(|(form, ascii)| (form.len(), *ascii));
        match found {
            Some((length, ascii)) => {
                out.push_str(&key[copied..at]);
                // A capital keeps the word apart from the one before it.
                let before = out.chars().next_back();
                if before.is_some_and(|before| !before.is_ascii_alphabetic() || before.is_ascii_lowercase()) {
                    out.push('_');
                }
                out.push_str(ascii);
                at += length;
                copied = at;
                // `mot_de_passe`, `пароль_wifi`, but `パスワードは`
                if key[at..].chars().next().is_some_and(char::is_alphanumeric) {
                    out.push('_');
                }
            }
            None => at += key[at..].chars().next().map_or(1, char::len_utf8),
        }
    }
    if copied == 0 {
        return Cow::Borrowed(key);
    }
    out.push_str(&key[copied..]);
    Cow::Owned(out)
}

/// Longer keys are no keys.
const KEY_MAX: usize = 256;

fn starts_with(text: &[u8], form: &str) -> bool {
    // The second bytes differ most.
    if text.get(1).is_none_or(|second| !second.eq_ignore_ascii_case(&form.as_bytes()[1])) {
        return false;
    }
    text.get(..form.len()).is_some_and(|start| start.eq_ignore_ascii_case(form.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_other_scripts_become_ascii() {
        #[track_caller]
        fn check(key: &str, want: &str) {
            assert_eq!(fold(key), want);
        }
        check("password", "password");
        check("contraseña", "password");
        check("nuevaContraseña", "nueva_password");
        check("HASŁO_DB", "haslo_DB");
        check("Пароль", "password");
        check("пароль_wifi", "password_wifi");
        check("初期パスワード", "初期_password");
        check("größe", "größe");
        check("код_ответа", "code_ответа");
    }

    #[test]
    fn whatever_changes_has_a_gate_word() {
        for (word, _) in WORDS {
            for key in [word.to_uppercase(), format!("x_{word}"), (*word).to_owned()] {
                let lower = |text: &str| text.to_ascii_lowercase();
                assert!(fold(&key) == *key || gate_words().any(|word| lower(&key).contains(&lower(word))), "{key}");
                assert!(fold(word) != *word, "{word}");
            }
        }
    }
}
