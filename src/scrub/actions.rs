//! What is done with a secret that was found: redacted, masked, hashed, encrypted or removed.
//!
//! Invariant: whatever an action cannot do it does as redacting would; nothing is shown for want of a key or of a form.
//! Invariant: what an action leaves is a marker (`markers`), so it is never scrubbed again.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::markers::{self, HASH_LENGTH, KEY_ID_LENGTH, Kind, REMOVED, is_marker};
use super::seal::{Recipient, hex};

/// What is done with a secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Action {
    /// It gives way to the id of the rule that found it: `[REDACTED:jwt]`.
    #[default]
    Redact,
    /// The last four digits of a card number and the domain of an e-mail address stay: `[MASKED:card:1234]`,
    /// `[MASKED:email:@example.com]`. Everything else is redacted.
    Mask,
    /// It gives way to a keyed hash, which is the same for the same secret: `[HASH:token:…]`.
    Hash(Arc<HashKey>),
    /// It is encrypted to somebody who is not this machine: `[ENC:token:…]`.
    Encrypt(Arc<Recipient>),
    /// A value becomes the empty string. Inside of a text `[REMOVED]` says that something is missing.
    Remove,
}

/// The key of the hashes: without it nobody can find a secret by trying all there are. `Debug` does not show it.
#[derive(Clone)]
pub struct HashKey {
    keyed: Hmac<Sha256>,
    id: String,
}

/// Why some bytes cannot be the key of the hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("holds {0} bytes, and a key has at least {min}; make one with `head -c 32 /dev/urandom | base64`", min = HashKey::LENGTH_MIN)]
pub struct TooShort(usize);

impl HashKey {
    /// The fewest bytes of a key.
    pub const LENGTH_MIN: usize = 32;

    /// A key of these bytes.
    ///
    /// # Errors
    /// They are too few.
    pub fn new(bytes: &[u8]) -> Result<Self, TooShort> {
        if bytes.len() < HashKey::LENGTH_MIN {
            return Err(TooShort(bytes.len()));
        }
        let keyed = Hmac::<Sha256>::new_from_slice(bytes).expect("HMAC takes keys of any length");
        let mut key = HashKey { keyed, id: String::new() };
        key.id = key.digits(b"id", b"", KEY_ID_LENGTH);
        Ok(key)
    }

    /// The hash of a secret.
    fn hash(&self, secret: &str) -> String {
        self.digits(b"secret", secret.as_bytes(), HASH_LENGTH)
    }

    fn digits(&self, purpose: &[u8], bytes: &[u8], digits: usize) -> String {
        let mut mac = self.keyed.clone();
        mac.update(b"tracespool ");
        mac.update(purpose);
        mac.update(b"\0");
        mac.update(bytes);
        hex(&mac.finalize().into_bytes()[..digits / 2])
    }
}

impl PartialEq for HashKey {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for HashKey {}

impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HashKey({}, [hidden])", self.id)
    }
}

/// The action of every rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actions {
    /// What is done with secrets.
    pub secret: Action,
    /// What is done with what tells of a person.
    pub pii: Action,
    /// What is done with the finds of single rules, by their ids.
    pub of_rule: HashMap<&'static str, Action>,
}

impl Actions {
    /// What is done with the finds of a rule.
    fn of(&self, rule: &str) -> &Action {
        if self.of_rule.is_empty() && self.secret == Action::Redact && self.pii == Action::Redact {
            return &self.secret;
        }
        self.of_rule.get(rule).unwrap_or_else(|| match markers::kind_of(rule) {
            Some(Kind::Pii) => &self.pii,
            Some(Kind::Secret) | None => &self.secret,
        })
    }

    /// What stands in the place of a secret that `rule` found.
    pub fn replacement(&self, rule: &str, secret: &str) -> String {
        let made = match self.of(rule) {
            Action::Redact => return markers::redacted(rule),
            Action::Mask => shown_part(rule, secret).and_then(|shown| markers::masked(rule, &shown)),
            Action::Hash(key) => Some(markers::hashed(rule, &key.id, &key.hash(secret))),
            Action::Encrypt(recipient) => recipient.seal(rule, secret).ok(),
            Action::Remove => Some(REMOVED.to_owned()),
        };
        made.filter(|marker| is_marker(marker)).unwrap_or_else(|| markers::redacted(rule))
    }
}

/// What a mask shows of a secret.
fn shown_part(rule: &str, secret: &str) -> Option<String> {
    if CARDS.contains(&rule) {
        let digits: String = secret.chars().filter(char::is_ascii_digit).collect();
        let plain = secret.chars().all(|char| char.is_ascii_digit() || " -.".contains(char));
        return (plain && (12..=19).contains(&digits.len())).then(|| digits[digits.len() - 4..].to_owned());
    }
    if ADDRESSES.contains(&rule) {
        let (name, domain) = secret.trim().rsplit_once('@')?;
        // A domain alone on its server is as good as the address.
        return (!name.is_empty() && domain.contains('.')).then(|| format!("@{domain}"));
    }
    None
}

/// The rules that find card numbers.
const CARDS: &[&str] = &["card", "card_number", "credit_card", "pan"];

/// The rules that find e-mail addresses.
const ADDRESSES: &[&str] = &["email", "mail"];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::seal::{PrivateKey, Writing, open_all};
    use super::*;

    fn all(action: Action) -> Actions {
        Actions { secret: action.clone(), pii: action, of_rule: HashMap::new() }
    }

    fn hash_key(byte: u8) -> Action {
        Action::Hash(Arc::new(HashKey::new(&[byte; 32]).expect("32 bytes")))
    }

    #[test]
    fn a_mask_shows_four_digits_or_a_domain_and_nothing_else() {
        #[track_caller]
        fn check(rule: &str, secret: &str, want: Option<&str>) {
            assert_eq!(shown_part(rule, secret).as_deref(), want, "{secret}");
        }
        check("card", "4539874505036988", Some("6988"));
        check("card", "4539 8745 0503 6988", Some("6988"));
        check("card", "4539-8745-0503-6988", Some("6988"));
        check("card", "6988", None);
        check("card", "4539874505036988 exp 12/29", None);
        check("email", "kim@example.com", Some("@example.com"));
        check("email", "\"kim@home\"@example.com", Some("@example.com"));
        check("email", "@example.com", None);
        check("email", "kim@localhost", None);
        check("email", "kim", None);
        check("password", "4539874505036988", None);
        check("token", "kim@example.com", None);
    }

    #[test]
    fn what_cannot_be_masked_is_redacted() {
        assert_eq!(all(Action::Mask).replacement("password", "hunter2"), "[REDACTED:password]");
        // A domain that no marker has room for.
        assert_eq!(all(Action::Mask).replacement("email", "kim@müller.example"), "[REDACTED:email]");
    }

    #[test]
    fn equal_secrets_have_equal_hashes_under_one_key() {
        let (ours, other) = (all(hash_key(1)), all(hash_key(2)));
        let hashed = ours.replacement("password", "hunter2");
        assert!(is_marker(&hashed) && hashed.starts_with("[HASH:password:"), "{hashed}");
        assert_eq!(ours.replacement("password", "hunter2"), hashed);
        assert_ne!(ours.replacement("password", "hunter3"), hashed);
        assert_ne!(other.replacement("password", "hunter2"), hashed);
        let digits = |marker: &str| marker.rsplit(':').next().map(str::to_owned);
        assert_eq!(digits(&ours.replacement("token", "hunter2")), digits(&hashed), "the hash is of the secret alone");
    }

    #[test]
    fn the_hash_is_hmac_sha256_of_the_documented_bytes() {
        // python3: hmac.new(b'\1'*32, b'tracespool secret\0hunter2', 'sha256').hexdigest()[:32]
        let want = "fc38f0b0148bff506416afc7b2a978b4";
        assert!(all(hash_key(1)).replacement("password", "hunter2").ends_with(&format!(":{want}]")));
    }

    #[test]
    fn a_short_key_is_refused_and_no_key_is_shown() {
        assert_eq!(HashKey::new(&[1; 31]).err(), Some(TooShort(31)));
        assert!(TooShort(31).to_string().starts_with("holds 31 bytes, and a key has at least 32;"));
        let shown = format!("{:?}", HashKey::new(b"correct horse battery staple, and more").expect("long enough"));
        assert!(!shown.contains("horse") && !shown.contains("104, 111"), "{shown}");
    }

    #[test]
    fn each_kind_and_each_rule_has_its_action() {
        let pii = markers::intern("actions_test", Kind::Pii);
        let actions =
            Actions { of_rule: HashMap::from([("pin", Action::Redact)]), pii: Action::Redact, ..all(Action::Remove) };
        assert_eq!(actions.replacement("password", "x"), "[REMOVED]");
        assert_eq!(actions.replacement("pin", "x"), "[REDACTED:pin]");
        assert_eq!(actions.replacement(pii, "x"), "[REDACTED:actions_test]");
    }

    proptest! {
        #[test]
        fn every_action_leaves_a_marker(secret in "[ -~é]{1,40}|[0-9 ]{12,23}|[a-z]{1,8}@[a-z.-]{1,20}") {
            let key = PrivateKey::generate().expect("random bytes");
            let encrypt = Action::Encrypt(Arc::new(key.recipient()));
            for action in [Action::Redact, Action::Mask, hash_key(1), encrypt, Action::Remove] {
                for rule in ["password", "jwt"] {
                    let marker = all(action.clone()).replacement(rule, &secret);
                    prop_assert!(is_marker(&marker), "{}", marker);
                    if let Action::Encrypt(_) = action {
                        prop_assert_eq!(open_all(&marker, &key, Writing::Plain), (secret.clone(), 0));
                    }
                }
            }
        }
    }
}
