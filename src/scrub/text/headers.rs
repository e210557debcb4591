//! What header lines hold: credentials behind a scheme of HTTP authentication, and cookies.

use std::ops::Range;

use super::forms::{is_mask, is_plain_cookie, is_random};
use super::prose::is_spoken_password;
use super::{BESIDE_MAX, Key, Scan, Span, keys, marker_at};
use crate::scrub::keys::Telling;

/// Whether a text is the name of a scheme of HTTP authentication.
pub(super) fn is_scheme(text: &str) -> bool {
    SCHEMES.iter().any(|(name, _)| name.eq_ignore_ascii_case(text))
}

/// Splits the value of an `Authorization` header behind its scheme: where the credentials begin, and their rule.
pub(super) fn split_scheme(value: &str) -> Option<(usize, Scheme)> {
    let end = value.find(' ')?;
    let (_, scheme) = SCHEMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(&value[..end]))?;
    let start = end + value[end..].len() - value[end..].trim_start_matches(' ').len();
    Some((start, *scheme))
}

/// How a scheme of HTTP authentication writes its credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// As one token, for which there is a rule.
    Token(&'static str),
    /// As a list, to the end of the line.
    List,
}

impl Scheme {
    /// The rule for the credentials behind the scheme's name.
    pub(super) fn rule(self, telling: Telling) -> &'static str {
        match self {
            Scheme::Token(rule) => rule,
            Scheme::List => telling.rule,
        }
    }
}

const SCHEMES: &[(&str, Scheme)] = &[
    ("basic", Scheme::Token("basic")),
    ("bearer", Scheme::Token("bearer")),
    ("dpop", Scheme::Token("bearer")),
    ("token", Scheme::Token("token")),
    ("apikey", Scheme::Token("api_key")),
    ("negotiate", Scheme::List),
    ("ntlm", Scheme::List),
    ("digest", Scheme::List),
    ("hmac", Scheme::List),
    ("hawk", Scheme::List),
    ("mac", Scheme::List),
    ("oauth", Scheme::List),
    ("sharedkey", Scheme::List),
    ("signature", Scheme::List),
    ("aws4-hmac-sha256", Scheme::List),
];

/// Cookies that everybody may see, or the starts of their names.
#[rustfmt::skip]
const HARMLESS_COOKIES: &[&str] = &[
    "_ga", "_gid", "_gat", "_gcl", "_fbp", "_hj", "_pk_", "_uet", "__utm", "ajs_", "amp_", "consent", "cookieconsent", "cookie_consent", "country", "currency",
    "darkmode", "dark_mode", "euconsent", "hubspotutk", "lang", "language", "locale", "mp_", "optanon", "optimizely", "seen", "theme", "timezone", "tz", "utm_", ".aspnetcore.culture",
];

/// Parts of names of cookies that tell of a secret, besides telling words.
const COOKIE_WORDS: &[&str] = &["sess", "sid", "auth", "remember", "logged", "login", "identity", "ticket"];

/// What stands in `Set-Cookie` beside the cookie.
const COOKIE_ATTRIBUTES: &[&str] =
    &["expires", "max-age", "domain", "path", "samesite", "priority", "version", "comment"];

/// Whether a cookie of this name is no secret.
pub fn is_harmless_cookie(name: &str) -> bool {
    let starts = |known: &str| name.get(..known.len()).is_some_and(|start| start.eq_ignore_ascii_case(known));
    HARMLESS_COOKIES.iter().any(|known| starts(known)) && !is_telling_cookie(name)
}

fn is_telling_cookie(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    // Every cookie is one, and those that say so mostly keep whether cookies are wanted: `cookie_notice=1`.
    keys::classify(name).is_some_and(|telling| telling.rule != "cookie")
        || COOKIE_WORDS.iter().any(|word| lower.contains(word))
}

impl Scan<'_> {
    /// The second of the name and the password at `at`: `auth=('kim', 'secret')`.
    pub(super) fn basic_pair(&self, at: usize, key: Key) -> Option<Range<usize>> {
        let name = &self.text[key.start..self.boundary(key.start + BESIDE_MAX)];
        let known = ["auth", "basic_auth", "http_auth", "proxy_auth", "credentials", "creds", "login"];
        let takes = known.iter().any(|known| {
            name.strip_prefix(known)
                .is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_'))
        });
        if !takes || !self.byte(at).is_some_and(|open| b"([".contains(&open)) {
            return None;
        }
        let (mut second, mut count) = (None, 0);
        self.arguments(at + 1, |index, quoted, range| {
            count = index + 1;
            if index == 1 && quoted {
                second = Some(range);
            }
        })?;
        let shaped = |range: &Range<usize>| {
            let value = &self.text[range.clone()];
            is_spoken_password(value, true) || is_random(value, 12)
        };
        second.filter(|range| count == 2 && shaped(range))
    }

    /// Appends the secrets among the cookies that begin at `from`. `false` if there are no cookies there.
    pub(super) fn cookies(&self, from: usize, around: u8, telling: Telling, spans: &mut Vec<Span>) -> bool {
        let mut any = false;
        let mut at = from;
        while at < self.bytes.len() {
            let begin = at;
            let end = self.line_end_or(at, around, b';');
            let part = &self.text[begin..end];
            let last = self.byte(end) != Some(b';');
            at = if last { self.bytes.len() } else { end + 1 };
            let Some((name, value)) = part.split_once('=') else { continue };
            let begin = begin + name.len() + 1;
            let name = name.trim();
            let padding = value.trim_end().bytes().all(|byte| byte == b'=') && is_random(name, 24);
            if name.is_empty()
                || padding
                || name.contains(|char: char| char.is_whitespace() || "\"'{[(,:".contains(char))
            {
                // Prose has no cookies.
                return any;
            }
            any = true;
            self.resume.set(end);
            let end = begin + value.trim_end().len();
            let attribute = COOKIE_ATTRIBUTES.iter().any(|known| known.eq_ignore_ascii_case(name));
            let open = is_harmless_cookie(name)
                || !is_telling_cookie(name) && (is_plain_cookie(value) || !is_random(value, 6));
            if attribute
                || open
                || marker_at(value.trim()) == Some(value.trim().len())
                || value.trim().is_empty()
                || is_mask(value)
                || ["deleted", "expired", "undefined", "none", "null"].contains(&value.trim())
            {
                continue;
            }
            spans.push(Span { range: begin..end, rule: telling.rule });
        }
        any
    }
}
