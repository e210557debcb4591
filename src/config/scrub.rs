//! Section `scrub`: words, files and tables as the options of the scrubber.

use std::path::PathBuf;
use std::sync::Arc;

use config::{Map, Value, ValueKind};

use super::reader::{self, Reader, as_text};
use super::{Problem, Refused};
use crate::scrub::{
    self, Action, Actions, Allowed, HashKey, Ip, OwnKey, OwnRule, RULES_MAX, Recipient, RuleKind, RuleText,
};

/// Section `scrub`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scrub {
    /// What is done with secrets.
    pub action: ActionName,
    /// What is done with what tells of a person.
    pub pii_action: ActionName,
    /// What more is telling than the built-in words.
    pub keys: Vec<OwnKey>,
    /// What is excepted from the rules.
    pub allow_keys: Vec<Allowed>,
    /// What is kept of `ip_address`.
    pub ip: Ip,
    /// An absolute path to the key of the hashes; there is one if any action hashes.
    pub hash_key_file: Option<PathBuf>,
    /// To whom secrets are encrypted; there is somebody if any action encrypts.
    pub encrypt_recipient: Option<Arc<Recipient>>,
    /// Rules that are added, and actions of built-in rules. Each makes a rule.
    pub rules: Vec<Rule>,
}

/// A rule of the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    text: RuleText,
    action: Option<ActionName>,
}

/// What is done with a secret, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionName {
    /// See [`Action::Redact`].
    Redact,
    /// See [`Action::Mask`].
    Mask,
    /// See [`Action::Hash`].
    Hash,
    /// See [`Action::Encrypt`].
    Encrypt,
    /// See [`Action::Remove`].
    Remove,
}

const ACTIONS: [(&str, ActionName); 5] = [
    ("redact", ActionName::Redact),
    ("mask", ActionName::Mask),
    ("hash", ActionName::Hash),
    ("encrypt", ActionName::Encrypt),
    ("remove", ActionName::Remove),
];

/// What a rule of the config may have.
const RULE_KEYS: [&str; 6] = ["id", "pattern", "keywords", "kind", "action", "tests"];

/// How many entries `scrub.keys` and `scrub.allow_keys` may have.
const KEYS_MAX: usize = 1000;

impl Scrub {
    /// The options of the scrubber; `hash_key` reads a file.
    pub(super) fn options(
        &self,
        hash_key: impl FnOnce(&std::path::Path) -> Result<HashKey, Problem>,
    ) -> Result<scrub::Options, Problem> {
        let hash_key = match &self.hash_key_file {
            Some(path) if self.uses(ActionName::Hash) => Some(Arc::new(hash_key(path)?)),
            Some(_) | None => None,
        };
        let action = |name: ActionName| match (name, &hash_key, &self.encrypt_recipient) {
            (ActionName::Redact, _, _) => Action::Redact,
            (ActionName::Mask, _, _) => Action::Mask,
            (ActionName::Hash, Some(key), _) => Action::Hash(Arc::clone(key)),
            (ActionName::Encrypt, _, Some(recipient)) => Action::Encrypt(Arc::clone(recipient)),
            (ActionName::Remove, _, _) => Action::Remove,
            (ActionName::Hash, None, _) | (ActionName::Encrypt, _, None) => {
                unreachable!("a config whose actions lack a key has a problem")
            }
        };
        let rule = |rule: &Rule| {
            let text = RuleText { action: rule.action.map(action), ..rule.text.clone() };
            OwnRule::new(&text).expect("the config's rules were tried")
        };
        Ok(scrub::Options {
            actions: Actions { secret: action(self.action), pii: action(self.pii_action), ..Actions::default() },
            keys: self.keys.clone(),
            allowed: self.allow_keys.clone(),
            ip: self.ip,
            rules: self.rules.iter().map(rule).collect(),
        })
    }

    /// Whether any rule may ask for an action.
    pub(super) fn uses(&self, name: ActionName) -> bool {
        let of_rules = self.rules.iter().filter_map(|rule| rule.action);
        of_rules.chain([self.action, self.pii_action]).any(|action| action == name)
    }
}

/// Reads the section.
pub(super) fn read(reader: &mut Reader) -> Option<Scrub> {
    let action = reader.word("scrub.action", &ACTIONS);
    let pii_action = reader.word("scrub.pii_action", &ACTIONS);
    let keys =
        reader.texts("scrub.keys", "keys", 0..=KEYS_MAX, |text| text.parse::<OwnKey>().map_err(Refused::because));
    let allow_keys = reader
        .texts("scrub.allow_keys", "keys", 0..=KEYS_MAX, |text| text.parse::<Allowed>().map_err(Refused::because));
    let ip = reader.word("scrub.ip", &[("keep", Ip::Keep), ("truncate", Ip::Truncate)]);
    let hash_key_file = reader.optional_text("scrub.hash_key_file", reader::absolute_path);
    let encrypt_recipient = reader.optional_text("scrub.encrypt_recipient", |text| {
        text.parse::<Recipient>().map(Arc::new).map_err(Refused::because)
    });
    let rules = read_rules(reader);

    let scrub = Scrub {
        action: action?,
        pii_action: pii_action?,
        keys: keys?,
        allow_keys: allow_keys?,
        ip: ip?,
        hash_key_file: hash_key_file?,
        encrypt_recipient: encrypt_recipient?,
        rules: rules?,
    };
    let mut complete = true;
    if scrub.uses(ActionName::Hash) && scrub.hash_key_file.is_none() {
        let message = "`scrub.hash_key_file` is missing; the action `hash` needs a key: \
                       make one with `(umask 077; head -c 32 /dev/urandom | base64 > FILE)`";
        reader.problem("scrub.hash_key_file", message.to_owned());
        complete = false;
    }
    if scrub.uses(ActionName::Encrypt) && scrub.encrypt_recipient.is_none() {
        let message = "`scrub.encrypt_recipient` is missing; the action `encrypt` needs somebody to encrypt to: \
                       `tracespool keygen FILE`, on another machine, makes a key and prints what to write here";
        reader.problem("scrub.encrypt_recipient", message.to_owned());
        complete = false;
    }
    complete.then_some(scrub)
}

fn read_rules(reader: &mut Reader) -> Option<Vec<Rule>> {
    const NAME: &str = "scrub.rules";
    let tables = reader.tables(NAME, "rules", 0..=RULES_MAX)?;
    let mut rules: Vec<Rule> = Vec::new();
    let mut good = true;
    for (number, table) in tables.iter().enumerate() {
        let mut wrong = Vec::new();
        let rule = rule(table, &mut wrong);
        // Only the scrubber knows which ids, patterns and examples are good; with the real action it is asked again.
        let probe = RuleText { action: rule.action.map(|_| Action::Redact), ..rule.text.clone() };
        if wrong.is_empty()
            && let Err(more) = OwnRule::new(&probe)
        {
            wrong.extend(more);
        }
        if rules.iter().any(|other| other.text.id == rule.text.id) {
            wrong.push("`id`: another rule has it too; keep one".to_owned());
        }
        let id = Some(&rule.text.id).filter(|id| is_plain(id)).map(|id| format!(" (`{id}`)")).unwrap_or_default();
        for wrong in wrong {
            good = false;
            reader.problem(NAME, format!("`{NAME}`, rule {}{id}: {wrong}", number + 1));
        }
        rules.push(rule);
    }
    good.then_some(rules)
}

fn rule(table: &Map<String, Value>, wrong: &mut Vec<String>) -> Rule {
    for key in sorted_keys(table).filter(|key| !RULE_KEYS.contains(key)) {
        let known = RULE_KEYS.map(|key| format!("`{key}`")).join(", ");
        let name = if is_plain(key) { format!("`{key}`") } else { "a name in it".to_owned() };
        wrong.push(format!("{name} is no key of a rule; use {known}"));
    }
    let id = text(table, "id", wrong);
    if id.is_none() && !table.contains_key("id") {
        wrong.push("`id` is missing".to_owned());
    }
    let kinds = [("secret", RuleKind::Secret), ("pii", RuleKind::Pii)];
    let kind = word(table, "kind", &kinds, wrong);
    let action = word(table, "action", &ACTIONS, wrong);
    let mut rule = RuleText {
        id: id.unwrap_or_default(),
        pattern: text(table, "pattern", wrong),
        keywords: texts(table, "keywords", "keywords", wrong),
        kind,
        ..RuleText::default()
    };
    match table.get("tests").map(|tests| &tests.kind) {
        None => {}
        Some(ValueKind::Table(tests)) => {
            for _ in sorted_keys(tests).filter(|key| !["secret", "innocent"].contains(key)) {
                wrong.push("`tests`: only `secret` and `innocent` may stand in it".to_owned());
            }
            rule.secret = texts(tests, "secret", "tests.secret", wrong);
            rule.innocent = texts(tests, "innocent", "tests.innocent", wrong);
        }
        Some(_) => wrong.push("`tests`: write `{ secret = [\"…\"], innocent = [\"…\"] }`".to_owned()),
    }
    Rule { text: rule, action }
}

fn sorted_keys(table: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let keys: std::collections::BTreeSet<&str> = table.keys().map(String::as_str).collect();
    keys.into_iter()
}

fn text(table: &Map<String, Value>, key: &str, wrong: &mut Vec<String>) -> Option<String> {
    match as_text(&table.get(key)?.kind) {
        Ok(text) => Some(text.to_owned()),
        Err(refused) => {
            wrong.push(format!("`{key}`: {refused}"));
            None
        }
    }
}

fn texts(table: &Map<String, Value>, key: &str, shown: &str, wrong: &mut Vec<String>) -> Vec<String> {
    let items = match table.get(key).map(|value| &value.kind) {
        None => return Vec::new(),
        Some(ValueKind::Array(items)) => items.iter().map(|item| as_text(&item.kind).map(str::to_owned)).collect(),
        Some(_) => Err(Refused::new("")),
    };
    items.unwrap_or_else(|_| {
        wrong.push(format!("`{shown}`: write a list of texts in quotes"));
        Vec::new()
    })
}

fn word<T: Copy>(table: &Map<String, Value>, key: &str, words: &[(&str, T)], wrong: &mut Vec<String>) -> Option<T> {
    let value = &table.get(key)?.kind;
    let given = words.iter().find(|(word, _)| matches!(value, ValueKind::String(text) if text == word));
    if given.is_none() {
        let all: Vec<_> = words.iter().map(|(word, _)| format!("`{word}`")).collect();
        wrong.push(format!("`{key}`: use one of {}", all.join(", ")));
    }
    given.map(|(_, value)| *value)
}

/// Whether a name may be shown: it cannot be a secret that somebody put in the wrong place.
fn is_plain(name: &str) -> bool {
    (1..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}
