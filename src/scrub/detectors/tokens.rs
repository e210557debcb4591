//! Tokens with a form of their own: a start that their provider published, an alphabet and a length.
//!
//! Lengths are wider than published where the start says enough: providers lengthen their tokens without notice.
//!
//! Invariant: a form is looked for only where its start stands, so a text without starts costs nothing here.

mod ai;
mod cloud;
mod code;
mod data;
mod money;
mod session;
mod talk;
mod watch;
mod work;

use super::super::markers::Kind;
use super::forms::Form;
use super::{Find, ValueRule};

/// The tables, by what the providers do.
pub const TABLES: &[&[ValueRule]] = &[
    code::RULES,
    cloud::RULES,
    data::RULES,
    watch::RULES,
    ai::RULES,
    money::RULES,
    talk::RULES,
    work::RULES,
    session::RULES,
];

/// A rule for the tokens of one provider.
const fn provider(
    id: &'static str,
    what: &'static str,
    forms: &'static [Form],
    secrets: &'static [(&'static str, &'static str)],
    innocent: &'static [&'static str],
) -> ValueRule {
    ValueRule { id, what, kind: Kind::Secret, find: Find::Forms(forms), secrets, innocent }
}
