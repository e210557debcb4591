//! What a value is told by what stands around it: the key above it, and the name beside it.
//!
//! Secrets are also written as pairs, `{"name": "password", "value": "…"}` or `["Authorization", "…"]`, where the telling
//! word is a value itself.
//!
//! Invariant: a class once inherited is lost further in only under a key that names a fact about the secret (`type`,
//! `expires_in`); any other nearer key only gives it a better name.
//! Invariant: each object is looked ahead in once, so a text takes time linear in its length times its depth.

mod people;

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::LazyLock;

use super::keys::{self, Form, Numbers, Telling};
use super::lookup::Table;
use super::markers;
use super::markers::markers;
use super::own::Words;
use super::text::bindings::{self, Classes};
use super::text::commands::{self, Arguments};
use super::text::{Span, is_harmless_cookie};
use crate::record::json::{Token, Tokens};

/// Keys whose value names another: `{"name": "password", "value": "…"}`.
#[rustfmt::skip]
pub const NAME_KEYS: &[&str] = &[
    "attribute", "field", "header", "k", "key", "label", "name", "param", "parameter", "property", "variable",
    "@key", "@name", "attributename", "fieldname", "keyname", "optionname", "parameterkey", "parametername", "propertyname", "propertypath", "settingname", "variablename",
    "argname", "configkey", "configname", "envname", "itemname", "paramname", "settingkey", "varname",
    // The words of other languages.
    "bezeichnung", "champ", "campo", "chave", "chiave", "clave", "cle", "feld", "klucz", "naam", "nazwa", "nom", "nombre", "nome", "nyckel", "parametro", "schluessel", "sleutel", "veld",
];

/// Keys whose value belongs to the name beside it.
#[rustfmt::skip]
pub const VALUE_KEYS: &[&str] = &[
    "content", "contents", "data", "text", "v", "val", "value", "values",
    "#text", "stringdata", "@value", "_value", "currentvalue", "fieldvalue", "invalidvalue", "new", "new_value", "newvalue", "old", "old_value", "oldvalue", "parametervalue", "previous_value",
    "rejected_value", "rejectedvalue", "stringvalue", "submitted", "submitted_value",
    "actual", "attempted_value", "attemptedvalue", "configvalue", "given", "got", "input", "input_value", "inputvalue", "original_value", "originalvalue", "paramvalue", "received",
    "settingvalue", "varvalue",
    // The words of other languages.
    "valeur", "valor", "valore", "vaerdi", "verdi", "waarde", "wartosc", "wert",
];

/// The same, where nothing but JSON says what belongs together.
const CHANGE_KEYS: &[&str] = &["after", "before", "current", "from", "now", "previous", "to", "was"];

/// Keys whose value says what kind of personal data stands beside it: `{"system": "phone", "value": "…"}`.
const KIND_WORDS: &[&str] = &["category", "kind", "path", "scheme", "system", "type"];

/// Keys that say where in what somebody sent a value stood, which is shown beside it: `{"loc": ["body", "password"], "input":
/// "…"}`.
const PLACE_KEYS: &[&str] = &["loc", "path", "fieldpath", "keypath"];

/// The same, written as a pointer or as a program's expression: `{"instancePath": "/password", "data": "…"}`.
const POINTER_KEYS: &[&str] = &["instancepath", "datapath", "pointer", "jsonpointer", "instancelocation"];

/// Keys whose value belongs to the kind beside it, and to no name.
const NUMBER_KEYS: &[&str] =
    &["documentnumber", "id_number", "identification", "identifier", "idnumber", "no", "number", "value"];

/// Keys of statements to a database.
#[rustfmt::skip]
const STATEMENT_KEYS: &[&str] = &["sql", "query", "statement", "stmt", "rawsql", "rawquery", "sqlquery", "q", "text", "command", "commandtext", "prepared", "querytext", "sqltext"];

/// Keys of the values that are handed to one.
#[rustfmt::skip]
const BOUND_KEYS: &[&str] = &["bindings", "binds", "bind", "params", "parameters", "args", "arguments", "values", "bindparams", "queryparams", "bindvars", "replacements", "bindvalues", "sqlparams", "parametervalues"];

/// Keys of functions, beside the arguments that they were called with.
const CALL_KEYS: &[&str] = &["function", "func", "fn", "call", "callee", "method"];

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
    /// The class that a place in what was sent gives to the value that is shown of it.
    placed: Option<Telling>,
    /// The class that the last text of an array gives, when the array is such a place.
    last_place: Option<Telling>,
    /// Whether the array is such a place.
    is_place: bool,
    /// Whether the object changes another by JSON Patch, so that its path is a pointer.
    is_patch: bool,
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
    /// The classes of the values that are handed to the statement in an object, and are the elements of an array.
    bound: Option<Rc<Classes>>,
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
        // What is handed over as an object has keys of its own.
        let unbound = kind == Kind::Object
            && outer.is_some_and(|outer| {
                outer.kind == Kind::Array && outer.bound.is_some() && outer.inside.is_none() && outer.named.is_none()
            });
        let inside = inside.filter(|_| !unbound);
        let bound = match (kind, outer) {
            (Kind::Array, Some(outer)) if outer.kind == Kind::Array || outer.role.part == Part::Values => {
                outer.bound.clone()
            }
            _ => None,
        };
        Frame {
            kind,
            inside,
            class: inside.or_else(|| bound.as_ref()?.first().copied().flatten()),
            named: None,
            typed: None,
            placed: None,
            last_place: None,
            is_patch: false,
            is_place: kind == Kind::Array && outer.is_some_and(|outer| outer.role.usage == Usage::Place),
            looked_ahead: false,
            about: About::default(),
            listed: outer.is_some_and(|outer| outer.kind == Kind::Array),
            role: Role::PLAIN,
            above: outer.and_then(|outer| match outer.kind {
                Kind::Object => outer.role.last,
                Kind::Array => outer.above,
            }),
            arguments: None,
            bound,
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
            let ahead = names_ahead(tokens.clone(), words);
            self.named = self.named.or(ahead.named);
            self.typed = self.typed.or(ahead.typed);
            self.placed = self.placed.or(ahead.placed);
        }
        if role.part == Part::Values && self.bound.is_none() {
            self.bound = statement_ahead(tokens.clone(), words).map(Rc::new);
        }
        let named = match role.usage {
            Usage::Value => self.named.or(self.typed).or_else(|| self.placed_value(tokens)),
            Usage::Number => self.typed,
            Usage::Name | Usage::Kind | Usage::Place | Usage::Pointer | Usage::Plain => None,
        };
        let nested = || words.classify_pair(self.above?, role.whole?);
        let nearest = nested().or(telling).or(named);
        let nearest = match role.beside {
            Some(form) if nearest.is_none_or(|nearest| nearest.rule == "address" || nearest.form == Form::FullName) => {
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
            (None, Some(inside)) if inside.rule == "address" && role.is_country => None,
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

    /// Appends the secrets of a text that lists the values of the statement beside it.
    pub fn listed_values(&self, text: &str, words: &Words, spans: &mut Vec<Span>) {
        if let (Part::Values, Some(classes)) = (self.role.part, &self.bound) {
            bindings::in_list(text, classes, words, spans);
        }
    }

    /// The class of a number of a private key, in an object that says that it is a key: `{"kty": "EC", "d": "…"}`. And of
    /// what signs beside a password: `{"PWD": "…", "SIGNATURE": "…"}`.
    fn of_key_pair(&mut self, role: Role, tokens: &Tokens<'_>, words: &Words) -> Option<Telling> {
        if !matches!(role.jwk, Jwk::Private | Jwk::Signature) {
            return None;
        }
        if !self.about.whole {
            self.about.add_ahead(tokens.clone(), words);
        }
        if role.jwk == Jwk::Signature {
            let signed = keys::classify("api_key").filter(|_| self.about.password);
            return signed.map(|telling| Telling { form: Form::Random, numbers: Numbers::Count, ..telling });
        }
        keys::classify("private_key").filter(|_| self.about.key)
    }

    /// The class of a value that is shown for what stood at a place. All that was sent may be shown, and that has keys of
    /// its own: `{"loc": ["body", "password"], "msg": "Field required", "input": {"name": "kim"}}`.
    fn placed_value(&self, tokens: &Tokens<'_>) -> Option<Telling> {
        let placed = self.placed?;
        match tokens.clone().next() {
            Ok(Some(Token::ObjectStart | Token::ArrayStart)) => None,
            _ => Some(placed),
        }
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
        let named = open.and_then(|text| match self.role.usage {
            Usage::Pointer => pointed_class(text.text, words),
            Usage::Place if self.is_patch => pointed_class(text.text, words),
            _ => named_class(text.text, words),
        });
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
                if self.role.part == Part::Operation {
                    self.is_patch = text.is_some_and(|text| ["add", "replace", "test"].contains(&text));
                }
                if self.role.part == Part::Call {
                    self.bound = text.and_then(called).map(Rc::new);
                }
                if self.role.part == Part::Statement
                    && let Some(statement) = open
                {
                    self.bound = bindings::classes(statement.text, words).map(Rc::new);
                }
                if matches!(self.role.usage, Usage::Place | Usage::Pointer) {
                    self.placed = self.placed.or(named);
                }
                if matches!(self.role.usage, Usage::Kind | Usage::Place) {
                    self.named = self.named.or_else(|| secret_kind(text?));
                    self.typed = self.typed.or(named.filter(|named| named.kind == markers::Kind::Pii));
                }
                self.class = self.inside;
            }
            Kind::Array => {
                if self.is_place && text.is_some() {
                    self.last_place = named;
                }
                if self.listed && self.index == 0 {
                    self.named = named;
                }
                // A flat list of headers or arguments.
                let flat = named.filter(|_| text.is_some_and(|text| is_header(text) || text.starts_with("--")));
                if self.arguments.is_none() {
                    self.arguments = text.and_then(commands::program).map(Arguments::of);
                }
                self.index += 1;
                let bound = || self.bound.as_ref()?.get(self.index).copied().flatten();
                self.class = self.inside.or(self.named).or(flat).or_else(bound);
            }
        }
    }
}

/// Behind the container `ended`, which stood in the innermost one, if there is one.
pub fn leave_container(frames: &mut [Frame], ended: Option<Frame>, words: &Words) {
    if let (Some(frame), Some(place)) = (frames.last_mut(), ended.and_then(|ended| ended.last_place)) {
        frame.placed = frame.placed.or(Some(place));
    }
    leave(frames, None, words);
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
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-. []:".contains(&byte);
    let plausible = text.len() <= NAME_MAX && text.bytes().all(is_name) && text.matches(' ').count() <= 1;
    // Where a marker stands, there was a secret, and a secret names nothing.
    if !plausible || markers(text).next().is_some() {
        return entry_class(text, words);
    }
    words.classify(text)
}

/// Longer texts name nothing, in bytes.
const NAME_MAX: usize = 64;

/// The class of the entry that a path of a store of settings leads to: `/prod/db/password`.
fn entry_class(text: &str, words: &Words) -> Option<Telling> {
    let is_step = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let mut steps = text.strip_prefix('/').filter(|_| text.len() <= 2 * NAME_MAX)?.split('/');
    let root = steps.clone().next()?;
    let entry = steps.next_back()?;
    let plausible = root.len() < text.len() - 1
        && !ROOTS.contains(&root)
        && !entry.is_empty()
        && steps.all(|step| !step.is_empty() && step.bytes().all(is_step));
    if plausible && entry.bytes().all(is_step) { words.classify(entry) } else { None }
}

/// Where paths of files and of requests begin.
const ROOTS: &[&str] = &[
    "api", "app", "auth", "bin", "code", "data", "dev", "etc", "home", "lib", "login", "mnt", "oauth", "oauth2", "opt",
    "proc", "rest", "root", "run", "sbin", "srv", "sys", "tmp", "users", "usr", "v1", "v2", "v3", "v4", "var",
];

/// The class of what a JSON pointer or an expression leads to: `/user/password`, `.user.password`, `$.password`.
fn pointed_class(text: &str, words: &Words) -> Option<Telling> {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.[]/$#'".contains(&byte);
    let last = text.trim_end_matches(['\'', ']']).rsplit(['/', '.', '[', '\'']).next()?;
    let plausible = text.len() <= 2 * NAME_MAX && text.bytes().all(is_part);
    if plausible { words.classify(last) } else { None }
}

fn is_header(text: &str) -> bool {
    let known = ["authorization", "proxy-authorization", "cookie", "set-cookie"];
    known.iter().any(|header| header.eq_ignore_ascii_case(text))
        || text.get(..2).is_some_and(|x| x.eq_ignore_ascii_case("x-"))
}

/// The classes that what stands beside a value gives it.
#[derive(Debug, Clone, Copy, Default)]
struct Ahead {
    named: Option<Telling>,
    typed: Option<Telling>,
    placed: Option<Telling>,
}

/// The classes that a name, a kind and a place give which stand behind the value that `tokens` comes to, in the same object.
fn names_ahead(mut tokens: Tokens<'_>, words: &Words) -> Ahead {
    let mut ahead = Ahead::default();
    let depth = tokens.depth();
    let mut look = || -> Option<()> {
        tokens.value_text().ok()?;
        loop {
            let Ok(Some(Token::Key(key))) = tokens.next() else { return None };
            let usage = Role::of(&key.decode()).usage;
            if !matches!(usage, Usage::Name | Usage::Kind | Usage::Place | Usage::Pointer) {
                tokens.value_text().ok()?;
                continue;
            }
            match tokens.next() {
                Ok(Some(Token::String(name))) => {
                    let name = name.decode();
                    let class = match usage {
                        Usage::Pointer => pointed_class(&name, words),
                        _ => named_class(&name, words),
                    };
                    match usage {
                        Usage::Name => ahead.named = ahead.named.or(class),
                        Usage::Pointer => ahead.placed = ahead.placed.or(class),
                        _ => {
                            ahead.named = ahead.named.or_else(|| secret_kind(&name));
                            ahead.typed = ahead.typed.or(class.filter(|class| class.kind == markers::Kind::Pii));
                            ahead.placed = ahead.placed.or(class.filter(|_| usage == Usage::Place));
                        }
                    }
                }
                Ok(Some(_)) => {
                    let mut last = None;
                    while tokens.depth() > depth {
                        if let Some(Token::String(step)) = tokens.next().ok()?
                            && usage == Usage::Place
                        {
                            last = named_class(&step.decode(), words);
                        }
                    }
                    ahead.placed = ahead.placed.or(last);
                }
                Ok(None) | Err(_) => return None,
            }
        }
    };
    look();
    ahead
}

/// The classes of the arguments of a function that is handed a password among others, as traces of PHP show them.
fn called(function: &str) -> Option<Classes> {
    let place = bindings::password_of(function)?;
    let mut classes = vec![None; place + 1];
    // Methods of many programs have such names, and may be handed a word there.
    let known = is_known_call(function);
    classes[place] =
        keys::password().map(|telling| if known { telling } else { Telling { form: Form::Token, ..telling } });
    Some(classes)
}

/// Whether a name is that of a function of PHP itself, and no word of everyday: `ftp_login`, but `login`.
fn is_known_call(function: &str) -> bool {
    function.contains(['_', '>', ':'])
}

/// The classes of the values of a statement, or of the arguments of a function, that stands behind them in the same object.
fn statement_ahead(mut tokens: Tokens<'_>, words: &Words) -> Option<Classes> {
    tokens.value_text().ok()?;
    loop {
        let Ok(Some(Token::Key(key))) = tokens.next() else { return None };
        let part = Role::of(&key.decode()).part;
        if !matches!(part, Part::Statement | Part::Call) {
            tokens.value_text().ok()?;
            continue;
        }
        let Ok(Some(Token::String(statement))) = tokens.next() else { return None };
        let statement = statement.decode();
        return if part == Part::Call { called(&statement) } else { bindings::classes(&statement, words) };
    }
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
    /// A password.
    password: bool,
    /// All keys were looked at, and not those so far only.
    whole: bool,
}

impl About {
    fn add(&mut self, role: Role, telling: Option<Telling>) {
        let rule = telling.map_or("", |telling| telling.rule);
        self.person |= matches!(rule, "email" | "phone" | "birth_date" | "name" | "cvv");
        // A postal code by itself may be that of a shop.
        self.street |= telling.is_some_and(|telling| rule == "address" && telling.form != Form::Postcode);
        self.password |= rule == "password";
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
    /// Its value is a country, which tells nothing of who lives where.
    is_country: bool,
    /// What it is in a JSON web key.
    jwk: Jwk,
    /// What it is beside a statement to a database.
    part: Part,
}

/// What a key is where a statement and its values are shown apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Its value is the statement.
    Statement,
    /// Its value are the values.
    Values,
    /// Its value is a function that is called.
    Call,
    /// Its value says how an object is changed: `{"op": "replace", "path": "/password", "value": "…"}`.
    Operation,
    /// Neither.
    Other,
}

impl Part {
    fn of(letters: &str) -> Part {
        if STATEMENT_KEYS.contains(&letters) {
            Part::Statement
        } else if BOUND_KEYS.contains(&letters) {
            Part::Values
        } else if CALL_KEYS.contains(&letters) {
            Part::Call
        } else if letters == "op" {
            Part::Operation
        } else {
            Part::Other
        }
    }
}

/// What a key is in a JSON web key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Jwk {
    /// It makes the object one.
    Kind,
    /// Its value is private.
    Private,
    /// It is none, but signs what is asked with a name and a password.
    Signature,
    /// Neither.
    Other,
}

impl Jwk {
    fn of(key: &str) -> Jwk {
        match key {
            "kty" => Jwk::Kind,
            "d" | "p" | "q" | "dp" | "dq" | "qi" | "k" => Jwk::Private,
            _ if key.eq_ignore_ascii_case("signature") => Jwk::Signature,
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
    /// Its value says where the value beside it stood in what somebody sent. It may say its kind as well.
    Place,
    /// The same, as a pointer.
    Pointer,
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

/// Which half of a pair a text is: as the last word of a key, and as a key of one word. Both are places in [`HALVES`], in a
/// byte each, because they are kept of thousands of texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Half {
    last: Option<u8>,
    whole: Option<u8>,
}

impl Half {
    /// The half that a text is, when it is a key; `None` if it is none.
    pub fn of(text: &str) -> Option<Half> {
        // Of halves that are two words, the last one counts.
        let ends = |half: &str| {
            let end = half.len().min(HALF_END);
            let end = text.len().checked_sub(end).and_then(|start| text.as_bytes().get(start..));
            end.is_some_and(|end| end.eq_ignore_ascii_case(&half.as_bytes()[half.len() - end.len()..]))
        };
        let last = text.bytes().next_back().map_or(0, |last| usize::from(last.to_ascii_lowercase()));
        if text.len() > HALF_KEY_MAX || !HALVES_BY_END[last].iter().any(|half| ends(half)) {
            return None;
        }
        let role = Role::of(text);
        let place = |half: Option<&str>| {
            let at = HALVES.iter().position(|known| Some(*known) == half)?;
            Some(at as u8)
        };
        let half = Half { last: place(role.last), whole: place(role.whole) };
        (half.last.is_some() || half.whole.is_some()).then_some(half)
    }
}

/// Which halves of pairs some texts are: a bit for each of [`HALVES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Halves {
    last: u128,
    whole: u128,
}

const _: () = assert!(HALVES.len() <= 128, "a bit each");

impl Halves {
    /// The halves with that of one more text.
    pub fn with(self, half: Half) -> Halves {
        let bit = |place: Option<u8>| place.map_or(0, |place| 1 << place);
        Halves { last: self.last | bit(half.last), whole: self.whole | bit(half.whole) }
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
    let halves = || HALVES.iter().copied().chain(people::aliases().map(|(word, _)| word));
    let ending = |byte: u8| halves().filter(|half| half.bytes().next_back() == Some(byte)).collect();
    (0..=u8::MAX).map(ending).collect()
});

/// The halves by all their words.
static BY_WORD: LazyLock<Table<&str>> =
    LazyLock::new(|| Table::of(HALVES.iter().map(|half| (*half, *half)).chain(people::aliases())));

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
        is_country: false,
        jwk: Jwk::Other,
        part: Part::Other,
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
        } else if is_one_of(VALUE_KEYS) || is_one_of(CHANGE_KEYS) {
            Usage::Value
        } else if is_one_of(PLACE_KEYS) {
            Usage::Place
        } else if is_one_of(POINTER_KEYS) {
            Usage::Pointer
        } else if is_kind() {
            Usage::Kind
        } else if is_one_of(NUMBER_KEYS) {
            Usage::Number
        } else {
            Usage::Plain
        };
        let last = before.and_then(|before| BY_WORD.get(&format!("{before}{end}"))).or_else(|| BY_WORD.get(end));
        let letters = keys::letters(key).unwrap_or_default();
        Role {
            usage,
            fact: keys::is_fact(key),
            harmless_cookie: is_harmless_cookie(key),
            last,
            whole: last.filter(|_| before.is_none() || letters == "displayname"),
            beside: keys::BESIDE.iter().find(|(known, _)| *known == letters).map(|(_, form)| *form),
            is_place: keys::PLACES.contains(&&*letters),
            is_country: keys::COUNTRIES.contains(&&*letters),
            jwk: Jwk::of(key),
            part: Part::of(&letters),
        }
    }
}

/// Whether a text tells of what stands beside it, though it is no name: a program that takes a secret among its arguments,
/// the key that makes an object a JSON web key, a statement that is handed a secret, the place of one.
pub fn tells_of_others(text: &str, words: &Words) -> bool {
    commands::program(text).is_some()
        || Jwk::of(text) == Jwk::Kind
        || bindings::classes(text, words).is_some()
        || is_known_call(text) && bindings::password_of(text).is_some()
        || named_class(text, words).is_some()
        || pointed_class(text, words).is_some()
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
