//! Secrets encrypted to a public key, so that the machine that wrote them cannot read them back.
//!
//! Each secret has a key of its own: X25519 between a new key pair and the recipient's, HKDF-SHA256 over both public keys,
//! ChaCha20-Poly1305 with the rule's id as associated data. The new key pair is forgotten at once.
//!
//! Invariant: a key encrypts one secret, so its nonce may always be the same.
//! Invariant: neither a private key nor a secret is shown by `Debug` or by an error.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};
use x25519_dalek::{PublicKey, SharedSecret, StaticSecret};

use super::markers::{self, KEY_ID_LENGTH, Sealed};
use crate::record::json;

/// How the text of a public key begins.
const PUBLIC: &str = "tspub1";
/// How the text of a private key begins.
const PRIVATE: &str = "tskey1";
/// Bytes of a key.
const KEY: usize = 32;
/// Bytes behind a key that show whether it was copied whole.
const CHECK: usize = 4;

/// To whom secrets are encrypted. Its text is `tspub1…`.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient {
    key: PublicKey,
    id: String,
}

/// What opens secrets again. Its text is `tskey1…`.
#[derive(Clone)]
pub struct PrivateKey(StaticSecret);

/// Why a text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// It does not look like one.
    #[error("write the whole key, which begins with `{0}`")]
    Form(&'static str),
    /// It is a private key, where a public one belongs.
    #[error(
        "it is the private key; write the public one, which begins with `tspub1`, and keep the other off this machine"
    )]
    Private,
    /// Its letters do not fit together.
    #[error("some of its letters are wrong or missing; copy it again")]
    Damaged,
}

/// Why a secret cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// It was encrypted to another key.
    #[error("it was encrypted to another key")]
    OtherKey,
    /// Some of it was changed, or its rule's id was.
    #[error("it was changed since it was encrypted")]
    Changed,
}

/// The system gave no random bytes, so nothing can be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gave no random bytes")]
pub struct NoRandomness;

impl Recipient {
    fn new(key: PublicKey) -> Self {
        let hash = Sha256::new().chain_update(b"tracespool recipient id").chain_update(key.as_bytes()).finalize();
        Recipient { key, id: hex(&hash[..KEY_ID_LENGTH / 2]) }
    }

    /// Encrypts a secret that `rule` found: its marker.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn seal(&self, rule: &str, secret: &str) -> Result<String, NoRandomness> {
        let new = StaticSecret::from(random()?);
        let public = PublicKey::from(&new);
        let key = one_time_key(&new.diffie_hellman(&self.key), &public, &self.key);
        let mut sealed = secret.as_bytes().to_vec();
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        key.seal_in_place_append_tag(nonce, Aad::from(rule), &mut sealed).map_err(|_| NoRandomness)?;
        let whole = [public.as_bytes(), sealed.as_slice()].concat();
        Ok(markers::encrypted(rule, &self.id, &URL_SAFE_NO_PAD.encode(whole)))
    }
}

impl FromStr for Recipient {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<Self, BadKey> {
        if text.starts_with(PRIVATE) {
            return Err(BadKey::Private);
        }
        let key = PublicKey::from(key_of(text, PUBLIC)?);
        // A key of low order lets anybody read: whatever it is combined with gives the same.
        let probe = StaticSecret::from([7; KEY]).diffie_hellman(&key);
        if probe.was_contributory() { Ok(Recipient::new(key)) } else { Err(BadKey::Damaged) }
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text_of(self.key.as_bytes(), PUBLIC))
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({self})")
    }
}

impl PrivateKey {
    /// A new key.
    ///
    /// # Errors
    /// There is no randomness.
    pub fn generate() -> Result<Self, NoRandomness> {
        Ok(PrivateKey(StaticSecret::from(random()?)))
    }

    /// To whom secrets are encrypted that this key opens.
    pub fn recipient(&self) -> Recipient {
        Recipient::new(PublicKey::from(&self.0))
    }

    /// The text of the key, to be kept.
    pub fn expose(&self) -> String {
        text_of(self.0.as_bytes(), PRIVATE)
    }

    /// Opens a secret.
    ///
    /// # Errors
    /// It was encrypted to another key, or changed.
    pub fn open(&self, sealed: Sealed<'_>) -> Result<String, Closed> {
        let recipient = self.recipient();
        if sealed.key_id != recipient.id {
            return Err(Closed::OtherKey);
        }
        let whole = URL_SAFE_NO_PAD.decode(sealed.sealed).map_err(|_| Closed::Changed)?;
        let (public, secret) = whole.split_first_chunk::<KEY>().ok_or(Closed::Changed)?;
        let public = PublicKey::from(*public);
        let key = one_time_key(&self.0.diffie_hellman(&public), &public, &recipient.key);
        let mut secret = secret.to_vec();
        let nonce = Nonce::assume_unique_for_key([0; NONCE_LEN]);
        let secret = key.open_in_place(nonce, Aad::from(sealed.rule), &mut secret).map_err(|_| Closed::Changed)?;
        String::from_utf8(secret.to_vec()).map_err(|_| Closed::Changed)
    }
}

impl FromStr for PrivateKey {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<Self, BadKey> {
        key_of(text, PRIVATE).map(|key| PrivateKey(StaticSecret::from(key)))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey([hidden])")
    }
}

/// How the secrets of a text are written when they are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// As they are.
    Plain,
    /// As a JSON string writes them, so that JSON stays JSON.
    Json,
}

/// Replaces every encrypted secret in a text by the secret, those inside others too. What cannot be opened stays; the
/// second value counts these.
pub fn open_all(text: &str, key: &PrivateKey, writing: Writing) -> (String, usize) {
    let mut out = String::with_capacity(text.len());
    let (mut copied, mut at, mut closed) = (0, 0, 0);
    while let Some(start) = memchr::memchr(b'[', &text.as_bytes()[at..]).map(|found| at + found) {
        at = start + 1;
        let Some(sealed) = markers::sealed_at(&text[start..]) else { continue };
        at = start + sealed.length;
        match key.open(sealed) {
            Ok(secret) => {
                out.push_str(&text[copied..start]);
                // A secret can hold another only if it is longer, so this ends.
                let (secret, inner) = open_all(&secret, key, Writing::Plain);
                match writing {
                    Writing::Plain => out.push_str(&secret),
                    Writing::Json => {
                        let written = json::written(&secret);
                        out.push_str(&written[1..written.len() - 1]);
                    }
                }
                closed += inner;
                copied = at;
            }
            Err(Closed::OtherKey | Closed::Changed) => closed += 1,
        }
    }
    out.push_str(&text[copied..]);
    (out, closed)
}

/// `bytes` in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn one_time_key(shared: &SharedSecret, new: &PublicKey, recipient: &PublicKey) -> LessSafeKey {
    let salt = Salt::new(HKDF_SHA256, &[new.as_bytes().as_slice(), recipient.as_bytes()].concat());
    let derived = salt.extract(shared.as_bytes());
    let expanded =
        derived.expand(&[b"tracespool seal 1"], &CHACHA20_POLY1305).expect("a key is shorter than the limit");
    LessSafeKey::new(UnboundKey::from(expanded))
}

fn random() -> Result<[u8; KEY], NoRandomness> {
    let mut bytes = [0; KEY];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

fn check(key: &[u8; KEY], start: &str) -> [u8; CHECK] {
    let hash = Sha256::new().chain_update(start).chain_update(key).finalize();
    *hash.first_chunk().expect("a hash is longer")
}

fn text_of(key: &[u8; KEY], start: &str) -> String {
    format!("{start}{}", URL_SAFE_NO_PAD.encode([key.as_slice(), &check(key, start)].concat()))
}

fn key_of(text: &str, start: &'static str) -> Result<[u8; KEY], BadKey> {
    let bytes = text.strip_prefix(start).ok_or(BadKey::Form(start))?;
    let bytes = URL_SAFE_NO_PAD.decode(bytes).map_err(|_| BadKey::Damaged)?;
    let (key, given) = bytes.split_first_chunk::<KEY>().ok_or(BadKey::Damaged)?;
    if *given == check(key, start) { Ok(*key) } else { Err(BadKey::Damaged) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> PrivateKey {
        PrivateKey::generate().expect("random bytes")
    }

    fn seal(key: &PrivateKey, rule: &str, secret: &str) -> String {
        key.recipient().seal(rule, secret).expect("random bytes")
    }

    #[test]
    fn only_the_key_and_the_rule_open_a_secret() {
        let ours = key();
        let marker = seal(&ours, "password", "hunter2");
        assert!(markers::is_marker(&marker), "{marker}");
        assert!(!marker.contains("hunter2"));
        let sealed = markers::sealed_at(&marker).expect("a marker");
        assert_eq!(ours.open(sealed).as_deref(), Ok("hunter2"));
        assert_eq!(key().open(sealed), Err(Closed::OtherKey));
        assert_eq!(ours.open(Sealed { rule: "token", ..sealed }), Err(Closed::Changed));
        for at in 0..sealed.sealed.len() {
            let mut changed = sealed.sealed.to_owned().into_bytes();
            changed[at] = if changed[at] == b'A' { b'Q' } else { b'A' };
            let changed = String::from_utf8(changed).expect("ASCII");
            assert_eq!(ours.open(Sealed { sealed: &changed, ..sealed }), Err(Closed::Changed), "{at}");
        }
    }

    #[test]
    fn equal_secrets_look_different() {
        let key = key();
        assert_ne!(seal(&key, "password", "hunter2"), seal(&key, "password", "hunter2"));
    }

    #[test]
    fn an_opened_line_stays_json() {
        let key = key();
        let line = format!(r#"{{"a":"x {}"}}"#, seal(&key, "token", "\"\\\n\u{1}é"));
        let (opened, _) = open_all(&line, &key, Writing::Json);
        assert_eq!(opened, r#"{"a":"x \"\\\n\u0001é"}"#);
    }

    #[test]
    fn keys_survive_their_text() {
        let key = key();
        let again: PrivateKey = key.expose().parse().expect("a key");
        assert_eq!(again.recipient(), key.recipient());
        let recipient: Recipient = key.recipient().to_string().parse().expect("a recipient");
        assert_eq!(recipient, key.recipient());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        #[track_caller]
        fn check(text: &str, want: BadKey) {
            assert_eq!(text.parse::<Recipient>().err(), Some(want));
        }
        let key = key();
        let public = key.recipient().to_string();
        check("", BadKey::Form("tspub1"));
        check("hunter2", BadKey::Form("tspub1"));
        check(&key.expose(), BadKey::Private);
        check("tspub1", BadKey::Damaged);
        check("tspub1=", BadKey::Damaged);
        check(&public[..public.len() - 1], BadKey::Damaged);
        check(&format!("{public}A"), BadKey::Damaged);
        let other = key_of(&text_of(&[1; KEY], PUBLIC), PUBLIC).map(|key| text_of(&key, PRIVATE)).expect("a key");
        check(&other.replace(PRIVATE, PUBLIC), BadKey::Damaged);
        // Zero is a point of low order.
        check(&text_of(&[0; KEY], PUBLIC), BadKey::Damaged);
        assert_eq!(public.parse::<PrivateKey>().err(), Some(BadKey::Form("tskey1")));
    }

    #[test]
    fn a_private_key_is_not_shown() {
        let key = key();
        assert_eq!(format!("{key:?}"), "PrivateKey([hidden])");
        assert!(format!("{:?}", key.recipient()).contains(&key.recipient().to_string()));
    }

    #[test]
    fn every_secret_in_a_text_is_opened() {
        let (ours, other) = (key(), key());
        let inner = seal(&ours, "jwt", "b");
        let text = format!(
            "[ {} [REMOVED] {} {} [ENC:",
            seal(&ours, "token", "a"),
            seal(&ours, "token", &format!("<{inner}>")),
            seal(&other, "token", "c"),
        );
        let (opened, closed) = open_all(&text, &ours, Writing::Plain);
        assert!(opened.starts_with("[ a [REMOVED] <b> [ENC:token:"), "{opened}");
        assert!(opened.ends_with("] [ENC:"), "{opened}");
        assert_eq!(closed, 1);
    }

    proptest! {
        #[test]
        fn whatever_is_sealed_is_opened(secret in any::<String>(), around in any::<String>()) {
            let key = key();
            let text = format!("{around}{}", seal(&key, "token", &secret));
            prop_assert_eq!(open_all(&text, &key, Writing::Plain), (format!("{around}{secret}"), 0));
        }

        #[test]
        fn any_text_can_be_opened(text in any::<String>()) {
            prop_assert_eq!(open_all(&text, &key(), Writing::Plain), (text, 0));
        }
    }
}
