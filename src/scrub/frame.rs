//! What a value is told by what stands around it: the key above it, and the name beside it.
//!
//! Secrets are also written as pairs, `{"name": "password", "value": "…"}` or `["Authorization", "…"]`, where the telling
//! word is a value itself.
//!
//! Invariant: a class once inherited is lost further in only under a key that names a fact about the secret (`type`,
//! `expires_in`); any other nearer key only gives it a better name.
//! Invariant: each object is looked ahead in once, so a text takes time linear in its length times its depth.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::keys::{self, Form, Numbers, Telling};
use super::markers;
use super::markers::markers;
use super::own::Words;
use super::text::commands::{self, Arguments};
use super::text::is_harmless_cookie;
use crate::record::json::{Token, Tokens};

/// Keys whose value names another: `{"name": "password", "value": "…"}`.
#[rustfmt::skip]
pub const NAME_KEYS: &[&str] = &[
    "attribute", "field", "header", "k", "key", "label", "name", "param", "parameter", "property", "variable",
    "@key", "@name", "attributename", "fieldname", "keyname", "optionname", "parameterkey", "parametername", "propertyname", "propertypath", "settingname", "variablename",
];

/// Keys whose value belongs to the name beside it.
#[rustfmt::skip]
pub const VALUE_KEYS: &[&str] = &[
    "content", "contents", "data", "text", "v", "val", "value", "values",
    "#text", "stringdata", "@value", "_value", "currentvalue", "fieldvalue", "invalidvalue", "new", "new_value", "newvalue", "old", "old_value", "oldvalue", "parametervalue", "previous_value",
    "rejected_value", "rejectedvalue", "stringvalue", "submitted", "submitted_value",
];

/// Keys whose value says what kind of personal data stands beside it: `{"system": "phone", "value": "…"}`.
const KIND_WORDS: &[&str] = &["category", "kind", "path", "scheme", "system", "type"];

/// Keys whose value belongs to the kind beside it, and to no name.
const NUMBER_KEYS: &[&str] =
    &["documentnumber", "id_number", "identification", "identifier", "idnumber", "no", "number", "value"];

/// A container of the JSON text that is walked.
#[derive(Debug)]
pub struct Frame {
    pub kind: Kind,
    /// The class of everything inside.
    inside: Option<Telling>,
    /// The class of the value that comes next.
    pub class: Option<Telling>,
    /// The class that a name gives to the values beside it.
    named: Option<Telling>,
    /// The class that a kind gives to the values beside it.
    typed: Option<Telling>,
    /// Whether the names of an object that come behind its value have been looked at.
    looked_ahead: bool,
    /// What an object tells of, by its keys.
    about: About,
    /// Whether the container is an element of an array: `[["Authorization", "…"], …]`.
    listed: bool,
    /// What the last key is for.
    role: Role,
    /// The last word of the key above: in `{"mfa": {"code": "…"}}` two keys are telling together.
    above: Option<&'static str>,
    /// The arguments of the program that the array is a command line of.
    arguments: Option<Arguments>,
    /// The element of an array that comes next.
    index: usize,
    /// The last key, scrubbed, when somebody wants to know.
    key: String,
}

/// What a container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
}

impl Frame {
    /// A container inside the innermost of `frames`, whose values are of class `inside`.
    pub fn within(frames: &[Frame], kind: Kind, inside: Option<Telling>) -> Self {
        let outer = frames.last();
        // An object is what was decided about a request, not the header: scopes and outcomes are words.
        let inside = inside.map(|inside| match kind {
            Kind::Object if inside.rule == "authorization" => Telling { form: Form::Token, ..inside },
            Kind::Object | Kind::Array => inside,
        });
        Frame {
            kind,
            inside,
            class: inside,
            named: None,
            typed: None,
            looked_ahead: false,
            about: About::default(),
            listed: outer.is_some_and(|outer| outer.kind == Kind::Array),
            role: Role::PLAIN,
            above: outer.and_then(|outer| match outer.kind {
                Kind::Object => outer.role.last,
                Kind::Array => outer.above,
            }),
            arguments: None,
            index: 0,
            key: String::new(),
        }
    }

    /// Behind a key; `tokens` stands before its value.
    pub fn enter(
        &mut self,
        role: Role,
        telling: Option<Telling>,
        tokens: &Tokens<'_>,
        shown: Option<&str>,
        words: &Words,
    ) {
        self.role = role;
        if role.takes_name() && !self.looked_ahead {
            self.looked_ahead = true;
            let (named, typed) = names_ahead(tokens.clone(), words);
            self.named = self.named.or(named);
            self.typed = self.typed.or(typed);
        }
        let named = match role.usage {
            Usage::Value => self.named.or(self.typed),
            Usage::Number => self.typed,
            Usage::Name | Usage::Kind | Usage::Plain => None,
        };
        let nested = || words.classify_pair(self.above?, role.whole?);
        let nearest = nested().or(telling).or(named);
        let nearest = match role.beside {
            Some(form) if nearest.is_none_or(|nearest| nearest.rule == "address") => {
                self.beside(form, tokens, words).or(nearest)
            }
            _ => nearest,
        };
        let nearest = nearest.or_else(|| self.of_key_pair(role, tokens, words));
        self.about.add(role, telling);
        self.class = match (nearest, self.inside) {
            // The nearest key names the rule, but makes nothing harmless.
            (Some(telling), Some(inside))
                if inside.kind == markers::Kind::Secret && matches!(inside.form, Form::Any | Form::Token) =>
            {
                let numbers = if matches!(inside.numbers, Numbers::Always | Numbers::Secret) {
                    inside.numbers
                } else {
                    telling.numbers
                };
                Some(Telling { numbers, form: Form::Any, ..telling })
            }
            (Some(telling), _) => Some(telling),
            (None, Some(_)) if role.fact => None,
            (None, Some(inside)) if inside.rule == "cookie" => {
                if role.harmless_cookie {
                    None
                } else {
                    Some(Telling { form: Form::Cookie, ..inside })
                }
            }
            (None, Some(inside)) if inside.rule == "address" && role.is_postal_code() => {
                Some(Telling { form: Form::Any, numbers: Numbers::Secret, ..inside })
            }
            // A number in it counts something else.
            (None, Some(inside)) if inside.numbers == Numbers::Tally => {
                Some(Telling { numbers: Numbers::Secret, ..inside })
            }
            (None, inside) => inside,
        };
        if let Some(shown) = shown {
            shown.clone_into(&mut self.key);
        }
    }

    /// The class of a string by its place among the arguments of a program. To be asked once for each.
    pub fn argument<'a>(&mut self, text: impl FnOnce() -> Cow<'a, str>) -> Option<Telling> {
        let (start, _) = self.arguments.as_mut()?.secret(&text())?;
        let form = Form::Behind(u8::try_from(start).ok()?);
        keys::password().map(|telling| Telling { form, ..telling })
    }

    /// The class of a number of a private key, in an object that says that it is a key: `{"kty": "EC", "d": "…"}`.
    fn of_key_pair(&mut self, role: Role, tokens: &Tokens<'_>, words: &Words) -> Option<Telling> {
        if role.jwk != Jwk::Private {
            return None;
        }
        if !self.about.whole {
            self.about.add_ahead(tokens.clone(), words);
        }
        keys::classify("private_key").filter(|_| self.about.key)
    }

    /// The class of the value under a key that tells of a person if others in the object do.
    fn beside(&mut self, form: Form, tokens: &Tokens<'_>, words: &Words) -> Option<Telling> {
        if !self.about.whole {
            self.about.add_ahead(tokens.clone(), words);
        }
        let fits = match form {
            Form::Zip => self.about.street || self.inside.is_some_and(|inside| inside.rule == "address"),
            Form::Place | Form::Street => self.about.place,
            _ => self.about.person,
        };
        fits.then(|| keys::beside(form))
    }

    /// Behind a value; `text` is given for a string that may name what stands beside it.
    fn leave(&mut self, text: Option<Text<'_>>, words: &Words) {
        let open = text.filter(|text| text.meaning == Meaning::Open);
        let named = open.and_then(|text| named_class(text.text, words));
        let text = text.map(|text| text.text);
        match self.kind {
            Kind::Object => {
                if self.role.usage == Usage::Name {
                    self.named = self.named.or(named);
                    if self.inside.is_some_and(|inside| inside.rule == "cookie") && text.is_some_and(is_harmless_cookie)
                    {
                        self.inside = None;
                    }
                }
                if self.role.usage == Usage::Kind {
                    self.named = self.named.or_else(|| secret_kind(text?));
                    self.typed = self.typed.or(named.filter(|named| named.kind == markers::Kind::Pii));
                }
                self.class = self.inside;
            }
            Kind::Array => {
                if self.listed && self.index == 0 {
                    self.named = named;
                }
                // A flat list of headers or arguments.
                let flat = named.filter(|_| text.is_some_and(|text| is_header(text) || text.starts_with("--")));
                if self.arguments.is_none() {
                    self.arguments = text.and_then(commands::program).map(Arguments::of);
                }
                self.class = self.inside.or(self.named).or(flat);
                self.index += 1;
            }
        }
    }
}

/// Behind a string in an array of lines, the first of which may open the armour of a private key.
pub fn armour(frames: &mut [Frame], line: &str) {
    let Some(frame) = frames.last_mut().filter(|frame| frame.kind == Kind::Array) else { return };
    if line.starts_with("-----BEGIN ") && line.contains("PRIVATE KEY") && !line.contains("-----END") {
        frame.named = keys::classify("private_key");
    } else if line.starts_with("-----END ") {
        frame.named = None;
    } else {
        return;
    }
    frame.class = frame.inside.or(frame.named);
}

/// A string among the values.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    pub text: &'a str,
    pub meaning: Meaning,
}

/// What is known of a string as a name of what stands beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// Nothing.
    Open,
    /// That it is no telling one.
    Innocent,
}

/// Behind a value in the innermost container, if there is one; see [`Frame::leave`].
pub fn leave(frames: &mut [Frame], text: Option<Text<'_>>, words: &Words) {
    if let Some(frame) = frames.last_mut() {
        frame.leave(text, words);
    }
}

/// The class that a text gives to what it names, if it looks like a name.
fn named_class(text: &str, words: &Words) -> Option<Telling> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-. []".contains(&byte);
    let plausible = text.len() <= 64 && text.bytes().all(is_name) && text.matches(' ').count() <= 1;
    // Where a marker stands, there was a secret, and a secret names nothing.
    if plausible && markers(text).next().is_none() { words.classify(text) } else { None }
}

fn is_header(text: &str) -> bool {
    let known = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
    known.iter().any(|header| header.eq_ignore_ascii_case(text))
        || text.get(..2).is_some_and(|x| x.eq_ignore_ascii_case("x-"))
}

/// The classes that a name and a kind give which stand behind the value that `tokens` comes to, in the same object.
fn names_ahead(mut tokens: Tokens<'_>, words: &Words) -> (Option<Telling>, Option<Telling>) {
    let (mut named, mut typed) = (None, None);
    let depth = tokens.depth();
    let mut look = || -> Option<()> {
        tokens.value_text().ok()?;
        loop {
            let Ok(Some(Token::Key(key))) = tokens.next() else { return None };
            let role = Role::of(&key.decode());
            if !matches!(role.usage, Usage::Name | Usage::Kind) {
                tokens.value_text().ok()?;
                continue;
            }
            match tokens.next() {
                Ok(Some(Token::String(name))) => {
                    let class = named_class(&name.decode(), words);
                    if role.usage == Usage::Name {
                        named = named.or(class);
                    } else {
                        named = named.or_else(|| secret_kind(&name.decode()));
                        typed = typed.or(class.filter(|class| class.kind == markers::Kind::Pii));
                    }
                }
                Ok(Some(_)) => {
                    while tokens.depth() > depth {
                        tokens.next().ok()?;
                    }
                }
                Ok(None) | Err(_) => return None,
            }
        }
    };
    look();
    (named, typed)
}

/// The class of the data of an object whose kind says that they are secret, as Kubernetes writes it.
fn secret_kind(kind: &str) -> Option<Telling> {
    let telling = keys::classify("secret").filter(|_| kind == "Secret");
    telling.map(|telling| Telling { form: Form::Token, ..telling })
}

/// What the keys of an object tell of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct About {
    /// A person: somebody's mail address, phone or birth.
    person: bool,
    /// A street.
    street: bool,
    /// Parts of an address: a town, the number of a house.
    place: bool,
    /// A key of the kind that signs or encrypts.
    key: bool,
    /// All keys were looked at, and not those so far only.
    whole: bool,
}

impl About {
    fn add(&mut self, role: Role, telling: Option<Telling>) {
        let rule = telling.map_or("", |telling| telling.rule);
        self.person |= matches!(rule, "email" | "phone" | "birth_date" | "name");
        self.street |= rule == "address";
        self.place |= role.is_place;
        self.key |= role.jwk == Jwk::Kind;
    }

    /// Adds the keys that stand behind the value that `tokens` comes to, in the same object.
    fn add_ahead(&mut self, mut tokens: Tokens<'_>, words: &Words) {
        self.whole = true;
        while tokens.value_text().is_ok() {
            let Ok(Some(Token::Key(key))) = tokens.next() else { break };
            let key = key.decode();
            self.add(Role::of(&key), words.classify(&key));
        }
    }
}

/// What is known of a key besides its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Role {
    usage: Usage,
    /// Its value is no secret, even among secrets.
    fact: bool,
    /// It is the name of a cookie that everybody may see.
    harmless_cookie: bool,
    /// Its last word, if that is half of a pair.
    last: Option<&'static str>,
    /// The key, if it is a single word and half of a pair.
    whole: Option<&'static str>,
    /// What its value is if others beside it tell of a person.
    beside: Option<Form>,
    /// Its value is a part of an address.
    is_place: bool,
    /// What it is in a JSON web key.
    jwk: Jwk,
}

/// What a key is in a JSON web key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Jwk {
    /// It makes the object one.
    Kind,
    /// Its value is private.
    Private,
    /// Neither.
    Other,
}

impl Jwk {
    fn of(key: &str) -> Jwk {
        match key {
            "kty" => Jwk::Kind,
            "d" | "p" | "q" | "dp" | "dq" | "qi" | "k" => Jwk::Private,
            _ => Jwk::Other,
        }
    }
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Usage {
    /// Its value names a value beside it.
    Name,
    /// Its value says what kind of value stands beside it.
    Kind,
    /// Its value belongs to a name beside it.
    Value,
    /// Its value belongs to a kind beside it.
    Number,
    /// Neither.
    Plain,
}

/// Words that are telling with the key above or below them. Of a key of several words, the last two count as one here.
#[rustfmt::skip]
const HALVES: &[&str] = &[
    "customer", "client", "patient", "contact", "person", "recipient", "receiver", "addressee", "consignee", "payer", "payee", "debtor", "creditor", "beneficiary", "buyer",
    "shopper", "subscriber", "member", "applicant", "candidate", "guest", "passenger", "traveler", "traveller", "employee", "worker", "student", "teacher", "insured",
    "guardian", "parent", "spouse", "child", "cdtr", "dbtr", "ultmtcdtr", "ultmtdbtr", "initgpty", "billingdetails", "shippingdetails", "customerdetails", "shipto", "billto", "soldto",
    "billingaddress", "shippingaddress", "emergencycontact", "accountholder", "holder", "billing", "shipping", "user", "owner", "author", "sender", "driver", "assignee", "committer",
    "organizer", "reporter", "profile", "creator", "identity", "attendee", "participant", "signer", "lead", "actor", "name", "names", "first", "last", "given", "family", "middle", "nm",
    "2fa", "twofactor", "access", "account", "api", "backup", "bank", "card", "client", "code", "codes", "id", "key", "keys", "mfa", "number", "no", "otp",
    "plz", "postal", "postcode", "private", "recovery", "secret", "session", "signing", "sms", "totp", "verification", "zip", "zipcode",
];

/// Which halves of pairs texts are: as the last word of a key, and as a key of one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Halves {
    last: u128,
    whole: u128,
}

const _: () = assert!(HALVES.len() <= 128, "a bit each");

impl Halves {
    /// The halves that a text is, when it is a key.
    pub fn of(text: &str) -> Halves {
        // Of halves that are two words, the last one counts.
        let ends = |half: &str| {
            let end = half.len().min(HALF_END);
            let end = text.len().checked_sub(end).and_then(|start| text.as_bytes().get(start..));
            end.is_some_and(|end| end.eq_ignore_ascii_case(&half.as_bytes()[half.len() - end.len()..]))
        };
        let last = text.bytes().next_back().map_or(0, |last| usize::from(last.to_ascii_lowercase()));
        if text.len() > HALF_KEY_MAX || !HALVES_BY_END[last].iter().any(|half| ends(half)) {
            return Halves::default();
        }
        let role = Role::of(text);
        let bit = |half: Option<&str>| {
            let at = half.and_then(|half| HALVES.iter().position(|known| *known == half));
            at.map_or(0, |at| 1 << at)
        };
        Halves { last: bit(role.last), whole: bit(role.whole) }
    }

    /// The halves of two texts.
    pub fn and(self, other: Halves) -> Halves {
        Halves { last: self.last | other.last, whole: self.whole | other.whole }
    }

    /// Whether two of them are telling together.
    pub fn make_a_pair(self) -> bool {
        let mut wholes = self.whole;
        while wholes != 0 {
            if PAIRS[wholes.trailing_zeros() as usize] & self.last != 0 {
                return true;
            }
            wholes &= wholes - 1;
        }
        false
    }
}

/// For each half, as a key by itself, those that are telling before it.
static PAIRS: LazyLock<Vec<u128>> = LazyLock::new(|| {
    let before = |whole: &str| {
        let telling = HALVES.iter().enumerate().filter(|(_, last)| keys::classify_pair(last, whole).is_some());
        telling.fold(0, |bits, (at, _)| bits | 1 << at)
    };
    HALVES.iter().map(|whole| before(whole)).collect()
});

/// The halves that end in a byte.
static HALVES_BY_END: LazyLock<Vec<Vec<&str>>> = LazyLock::new(|| {
    let ending = |byte: u8| HALVES.iter().copied().filter(|half| half.bytes().next_back() == Some(byte)).collect();
    (0..=u8::MAX).map(ending).collect()
});

/// A letter or two at the end of a half tell that a text may be one, however its words are separated.
const HALF_END: usize = 2;

/// A longer key has no half of a pair for its last word.
const HALF_KEY_MAX: usize = 256;

impl Role {
    fn is_postal_code(self) -> bool {
        self.last.is_some_and(|last| ["code", "plz", "postal", "postcode", "zip", "zipcode"].contains(&last))
    }

    const PLAIN: Role = Role {
        usage: Usage::Plain,
        fact: false,
        harmless_cookie: false,
        last: None,
        whole: None,
        beside: None,
        is_place: false,
        jwk: Jwk::Other,
    };

    /// Whether the value may have been named or typed by another beside it.
    fn takes_name(self) -> bool {
        matches!(self.usage, Usage::Value | Usage::Number)
    }

    /// The role of a key, given with its escapes decoded.
    pub fn of(key: &str) -> Role {
        let is_one_of = |keys: &[&str]| keys.iter().any(|known| known.eq_ignore_ascii_case(key));
        let (before, end) = keys::last_words(key);
        let end = end.unwrap_or_default();
        let is_kind = || KIND_WORDS.iter().any(|known| known.eq_ignore_ascii_case(end)) || is_one_of(&["schemeName"]);
        let usage = if is_one_of(NAME_KEYS) {
            Usage::Name
        } else if is_one_of(VALUE_KEYS) {
            Usage::Value
        } else if is_kind() {
            Usage::Kind
        } else if is_one_of(NUMBER_KEYS) {
            Usage::Number
        } else {
            Usage::Plain
        };
        let half = |word: &str| HALVES.iter().copied().find(|half| half.eq_ignore_ascii_case(word));
        let last = before.and_then(|before| half(&format!("{before}{end}"))).or_else(|| half(end));
        let letters = keys::letters(key).unwrap_or_default();
        Role {
            usage,
            fact: keys::is_fact(key),
            harmless_cookie: is_harmless_cookie(key),
            last,
            whole: last.filter(|_| before.is_none()),
            beside: keys::BESIDE.iter().find(|(known, _)| *known == letters).map(|(_, form)| *form),
            is_place: keys::PLACES.contains(&&*letters),
            jwk: Jwk::of(key),
        }
    }
}

/// Whether a text tells of what stands beside it, though it is no name: a program that takes a secret among its arguments,
/// the key that makes an object a JSON web key.
pub fn tells_of_others(text: &str) -> bool {
    commands::program(text).is_some() || Jwk::of(text) == Jwk::Kind
}

/// The place of the value that comes next in `frames`.
pub fn path(base: &str, frames: &[Frame]) -> String {
    let segments = frames.iter().map(|frame| match frame.kind {
        Kind::Object => segment(&frame.key),
        Kind::Array => format!("/{}", frame.index),
    });
    base.to_owned() + &segments.collect::<String>()
}

/// A key as a segment of a JSON pointer.
pub fn segment(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}
