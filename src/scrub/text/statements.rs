//! Secrets in statements of SQL and its kin, and in what databases say of them.
//!
//! Invariant: what is looked at around a place is bounded, so the time is linear.

use super::super::keys::{self, Telling};
use super::super::own::Words;
use super::{Reading, Scan, Span, bindings, is_harmless, is_placeholder, is_sentence_word};

/// How far before its value a placeholder is looked for, in bytes.
const BINDING_MAX: usize = 1024;

/// How far before `IDENTIFIED BY` a statement begins, in bytes.
const STATEMENT_MAX: usize = 256;

/// How far before its password the account stands, in bytes.
const BEFORE_MAX: usize = 96;

/// What stands in statements that `IDENTIFIED BY secret` ends, without quotes.
const STATEMENTS: &[&str] =
    &["create user", "alter user", "create role", "alter role", "grant ", "database link", "create schema", "set role"];

impl Scan<'_> {
    /// The secret behind `IDENTIFIED BY`, whose `i` stands at `at`, or behind `IDENTIFIED WITH plugin AS`. One that it
    /// replaces is appended.
    pub fn after_identified(&self, at: usize, spans: &mut Vec<Span>) -> Option<Span> {
        let mut at = self.skip_blanks(at + "identified".len());
        if self.is_at(at, "with ") {
            at = self.skip_blanks(self.token_end(self.skip_blanks(at + "with ".len())));
        }
        let word = ["by ", "as ", "using "].iter().find(|word| self.is_at(at, word))?;
        let mut from = self.skip_blanks(at + word.len());
        for word in ["password ", "values ", "external name "] {
            if self.is_at(from, word) {
                from = self.skip_blanks(from + word.len());
            }
        }
        let telling = keys::password()?;
        if let Some(quote) = self.quote_at(from) {
            let close = self.close_near(quote)?;
            let first = self.span(quote.inside..close, telling);
            let old = self.boundary(close + quote.slashes + 1);
            if self.is_at(old, " replace ")
                && let Some(old) = self.quote_at(old + " replace ".len())
                && let Some(end) = self.close_near(old)
            {
                spans.extend(first);
                return self.span(old.inside..end, telling);
            }
            return first;
        }
        let before = &self.text[self.text.ceil_char_boundary(at.saturating_sub(STATEMENT_MAX)).min(at)..at];
        let before = before.to_ascii_lowercase();
        let end = self.token_end(from);
        let end = end - self.text[from..end].bytes().rev().take_while(|byte| b";,)\"'".contains(byte)).count();
        let value = &self.text[from..end];
        let is_secret = STATEMENTS.iter().any(|statement| before.contains(statement)) && !value.is_empty();
        let stands_for_it = is_placeholder(value) || is_sentence_word(value);
        if is_secret && !stands_for_it { self.span(from..end, telling) } else { None }
    }

    /// The secret of `SET PASSWORD FOR 'root'@'localhost' = 'secret'`; the `=` stands at `equals`.
    pub fn after_set_password(&self, equals: usize) -> Option<Span> {
        let quote = self.quote_at(self.skip_blanks(equals + 1))?;
        let before =
            &self.text[self.text.ceil_char_boundary(equals.saturating_sub(BEFORE_MAX).max(self.floor))..equals];
        let before = before.to_ascii_lowercase();
        let named = &before[before.rfind("set password for ")? + "set password for ".len()..];
        let account = named.trim_end().split(' ').count() == 1 && !named.contains([';', '=']);
        if account { self.span(quote.inside..self.close_near(quote)?, keys::password()?) } else { None }
    }

    /// Appends the secrets of `SET PASSWORD FROM 'old' TO 'new'`; a blank stands at `at`, behind the word.
    pub fn after_password_from(&self, at: usize, spans: &mut Vec<Span>) {
        if !(self.is_at(at, " from ") && at >= 8 && self.is_at(at - 8, "password")) {
            return;
        }
        let Some(telling) = keys::password() else { return };
        let mut from = at + " from ".len();
        for _ in 0..2 {
            let Some(quote) = self.quote_at(from) else { return };
            let Some(close) = self.close_near(quote) else { return };
            spans.extend(self.span(quote.inside..close, telling));
            let behind = close + quote.slashes + 1;
            if !self.text.is_char_boundary(behind.min(self.bytes.len()))
                || !self.is_at(behind.min(self.bytes.len()), " to ")
            {
                return;
            }
            from = behind + " to ".len();
        }
    }

    /// Appends the secrets of `Key (reset_token)=(9f86…) already exists`; the `=` stands at `equals`.
    pub fn after_columns(&self, equals: usize, spans: &mut Vec<Span>) {
        if self.before(equals) != Some(b')') || self.byte(equals + 1) != Some(b'(') {
            return;
        }
        let before = &self.behind_floor(equals - 1);
        let near = &before[before.len().saturating_sub(STATEMENT_MAX)..];
        let Some(open) = memchr::memrchr(b'(', near) else { return };
        let columns = String::from_utf8_lossy(&near[open + 1..]).into_owned();
        let mut at = equals + 2;
        let limit = self.boundary(at + STATEMENT_MAX);
        for column in columns.split(',') {
            let rest = &self.text[at.min(limit)..limit];
            let Some(length) = rest.find([',', ')']) else { return };
            let range = at..at + length;
            // The last one may have a comma or a bracket in it; nothing says where it ends but what follows.
            if let Some(telling) = self.words.classify(column.trim()) {
                let start = range.end - rest[..length].trim_start().len();
                spans.extend(self.span(start..range.end, telling));
            }
            at = range.end + 1;
        }
    }

    /// The value of a placeholder that a telling column was set to: `password=$1 … $1 = 'secret'`; the `=` of the value
    /// stands at `equals`.
    pub fn after_binding(&self, equals: usize) -> Option<Span> {
        let end = equals - self.behind_floor(equals).iter().rev().take(2).take_while(|byte| **byte == b' ').count();
        let is_name = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        let start = end - self.behind_floor(end).iter().rev().take(24).take_while(is_name).count();
        let mark = start.checked_sub(1).filter(|mark| *mark >= self.floor && b"$@:".contains(&self.bytes[*mark]))?;
        let name = &self.text[mark..end];
        if name.len() < 2 {
            return None;
        }
        let from = self.skip_blanks(equals + 1);
        let prefix = usize::from(self.byte(from).is_some_and(|byte| b"NnEe".contains(&byte)));
        let quote = self.quote_at(from + prefix)?;
        self.looks.set(self.looks.get() + 1);
        let telling = self.bound_to(name, mark).or_else(|| self.bound_behind(name, quote.inside))?;
        self.span(quote.inside..self.close_near(quote)?, telling)
    }

    /// The class of the column that a placeholder stands for in what lies before `end`.
    fn bound_to(&self, name: &str, end: usize) -> Option<Telling> {
        let from = self.text.ceil_char_boundary(end.saturating_sub(BINDING_MAX).max(self.floor.min(end)));
        let before = &self.text[from.min(end)..end];
        before.match_indices(name).take(8).find_map(|(at, _)| {
            let goes_on = before.as_bytes().get(at + name.len()).is_some_and(u8::is_ascii_alphanumeric);
            let column = before[..at].trim_end().strip_suffix('=')?.trim_end().trim_end_matches(['"', '`', ']']);
            let start = column.rfind(|char: char| !char.is_ascii_alphanumeric() && char != '_').map_or(0, |at| at + 1);
            if goes_on { None } else { self.words.classify(&column[start..]) }
        })
    }

    /// The class of the column that a placeholder stands for in what lies behind `start`, as Entity Framework prints it:
    /// `[Parameters=[@p0='secret'], CommandType='Text']` and the statement below.
    fn bound_behind(&self, name: &str, start: usize) -> Option<Telling> {
        let behind = &self.text[start..self.boundary(start + BINDING_MAX)];
        let statement = behind.find("CommandType=")?;
        let behind = &behind[statement..];
        behind.match_indices(name).take(8).find_map(|(at, _)| {
            let goes_on = behind.as_bytes().get(at + name.len()).is_some_and(u8::is_ascii_alphanumeric);
            let column = behind[..at].trim_end().strip_suffix('=')?.trim_end().trim_end_matches(['"', '`', ']']);
            let start = column.rfind(|char: char| !char.is_ascii_alphanumeric() && char != '_').map_or(0, |at| at + 1);
            if goes_on { None } else { self.words.classify(&column[start..]) }
        })
    }

    /// The secret in quotes that a letter says the kind of: `PASSWORD E'secret'`, `N'secret'`; and where it begins.
    pub fn prefixed(&self, at: usize) -> usize {
        let letter = self.byte(at).is_some_and(|byte| b"NnEe".contains(&byte));
        if letter && self.byte(at + 1) == Some(b'\'') { at + 1 } else { at }
    }

    /// The element behind a telling one in a pair: `{password,<<"secret">>}`, `["token", "9f86…"]`; the comma stands at
    /// `comma`.
    pub fn in_pair(&self, comma: usize) -> Option<Span> {
        let from = self.skip_blanks(comma + 1);
        let from = if self.is_at(from, "<<") { from + 2 } else { from };
        let quote = self.quote_at(from)?;
        let close = self.close_near(quote)?;
        let behind = close + quote.slashes + 1;
        let behind =
            if self.bytes.get(behind..).is_some_and(|rest| rest.starts_with(b">>")) { behind + 2 } else { behind };
        // Most commas stand in lists.
        if !matches!(self.byte(behind), Some(b'}' | b']' | b')')) {
            return None;
        }
        let key = self.key_before(comma)?;
        let marks = usize::from(key.quoting == super::Quoting::Quoted) * (1 + quote.slashes);
        let open = self.before(key.start.checked_sub(marks)?)?;
        let pairs = matches!((open, self.byte(behind)), (b'{', Some(b'}')) | (b'[', Some(b']')) | (b'(', Some(b')')));
        // A call is handed what it looks for: `get("token", "none")`.
        let outer = key.start.checked_sub(marks + 1)?;
        let called =
            open == b'(' && self.before(outer).is_some_and(|before| before.is_ascii_alphanumeric() || before == b'_');
        let value = &self.text[quote.inside..close];
        let shaped = super::is_spoken_password(value, true) || super::is_random(value, 12);
        let harmless = called || !shaped || is_harmless(value, key.telling, Reading::Prose);
        (pairs && !harmless).then_some(Span { range: quote.inside..close, rule: key.telling.rule })
    }

    /// The secret behind a tab that follows its name: `PASSWORD\tsecret`.
    pub fn after_tab(&self, at: usize) -> Option<Span> {
        let start = self.bare_start(at);
        let telling = self.classify(&self.text[start..at])?;
        let alone = self.before(start).is_none_or(|before| before == b'\n' || before == b'\t');
        let range = at + 1..self.token_end(at + 1);
        let value = self.text.get(range.clone())?;
        let shaped = alone && super::is_spoken_password(value, false);
        if shaped { self.span(range, telling) } else { None }
    }
}

/// Appends the secrets among the values that a statement writes without quotes, as frameworks show it when it failed:
/// `insert into users (login, password) values (kim, hunter2)`.
pub fn written(text: &str, words: &Words, spans: &mut Vec<Span>) {
    let head = &text[..text.floor_char_boundary(bindings::STATEMENT_MAX)];
    if memchr::memchr(b'(', head.as_bytes()).is_none() {
        return;
    }
    let lower = head.to_ascii_lowercase();
    let Some(from) = lower.find("insert into").or_else(|| lower.find("replace into")) else { return };
    let Some(values_at) = lower[from..].find(" values ").map(|at| from + at) else { return };
    let classes = bindings::inserted(&head[from..values_at + 8], &lower[from..values_at + 8], words);
    let lead = &head[values_at + 8..];
    if !lead.starts_with('(') || classes.iter().all(Option::is_none) {
        return;
    }
    let scan = Scan::new(text, Reading::Prose, words);
    for (range, telling) in bindings::values(head, values_at + 9).into_iter().zip(classes) {
        let quoted = range.start > 0 && matches!(text.as_bytes()[range.start - 1], b'\'' | b'"');
        let value = &text[range.clone()];
        let end = if value.contains('(') { value } else { value.trim_end_matches(')') };
        let other = value.starts_with(['?', '$', ':', '%', '@']) || text[range.end..].starts_with('(');
        if let Some(telling) = telling.filter(|_| !quoted && !other) {
            spans.extend(scan.span(range.start..range.start + end.len(), telling));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::actions::Actions;
    use super::super::super::own::Words;
    use super::super::{Reading, find, redact};

    fn scrub(text: &str) -> String {
        let mut spans = Vec::new();
        find(text, Reading::Prose, &Words::default(), &mut spans);
        redact(text, &mut spans, &Actions::default())
    }

    #[track_caller]
    fn written_secrets(text: &str, want: &[&str]) {
        let mut spans = Vec::new();
        super::written(text, &super::Words::default(), &mut spans);
        assert_eq!(spans.iter().map(|span| &text[span.range.clone()]).collect::<Vec<_>>(), want, "{text}");
    }

    #[test]
    fn values_of_telling_columns_are_found_in_the_statement_without_quotes() {
        written_secrets(
            "(SQL: insert into `m` (`login`, `password`, `at`) values (jdoe77, Sunsh1ne99, 2025-03-04 10:22:11))",
            &["Sunsh1ne99"],
        );
        written_secrets("insert into m (login, password) values (jdoe77, Sunsh1ne99))", &["Sunsh1ne99"]);
        written_secrets("insert into m (login, password) values (jdoe77, now())", &[]);
        written_secrets("insert into m (login, name) values (jdoe77, x)", &[]);
        written_secrets("insert into the values (jdoe77, Sunsh1ne99)", &[]);
    }

    #[test]
    fn secrets_in_statements_are_redacted() {
        #[track_caller]
        fn check(text: &str, secret: &str, rule: &str) {
            assert_eq!(scrub(text), text.replace(secret, &format!("[REDACTED:{rule}]")));
        }
        check("IDENTIFIED BY 'x y'", "x y", "password");
        check("ALTER USER a IDENTIFIED WITH mysql_native_password BY \"x y\"", "x y", "password");
        check("GRANT CONNECT TO batch IDENTIFIED BY nightjob;", "nightjob", "password");
        check("CREATE DATABASE LINK hq CONNECT TO a IDENTIFIED BY Lnk USING 'Q'", "Lnk", "password");
        check("SET PASSWORD FOR 'a'@'b' = 'Xx9oM^sY'", "Xx9oM^sY", "password");
        check("SET PASSWORD FOR 'a'@'b' = 'Tannenzapfen.3'", "Tannenzapfen.3", "password");
        check("ALTER USER a IDENTIFIED BY 'x y' REPLACE 'x y'", "x y", "password");
        check(
            "Executed [Parameters=[@p1='5', @p0='uaR 9u'], CommandType='Text']\nUPDATE [U] SET [Password] = @p0 WHERE",
            "uaR 9u",
            "password",
        );
        check("create user a with password E'q0sXub' in role r", "q0sXub", "password");
        check("ALTER CURRENT USER SET PASSWORD FROM 'x1' TO 'x1'", "x1", "password");
        check("SELECT pgp_sym_decrypt(notes, 'J SIx') FROM a", "J SIx", "password");
        check("CALL sp_login('lager2', 'cu8VVp64', @ok)", "cu8VVp64", "password");
        check("DETAIL: Key (reset_token)=(9f86d081884c7d65) already exists.", "9f86d081884c7d65", "token");
        check(
            "UPDATE u SET password=$1 WHERE id=$2 DETAIL: parameters: $1 = 'uaR 9u', $2 = '88'",
            "uaR 9u",
            "password",
        );
        check("N'SET Password=@p0 WHERE Id=@p1',N'@p0 nvarchar',@p0=N'Vw2JwQe',@p1=12", "Vw2JwQe", "password");
        check("[{host,\"mq\"},{password,<<\"ikugP5K\">>}]", "ikugP5K", "password");
        check("[[\"login\", \"till\"], [\"api_token\", \"MQIAIRTWExQX2vjx6X2A\"]]", "MQIAIRTWExQX2vjx6X2A", "token");
        check("PASSWORD\tkGXHWW1vX3\tUSER\tdash", "kGXHWW1vX3", "password");
        check("DBI connect('database=bugs','bugs','RMA4dsiFa9') failed", "RMA4dsiFa9", "password");
    }

    #[test]
    fn statements_without_secrets_stay() {
        for text in [
            "CREATE USER app IDENTIFIED WITH caching_sha2_password",
            "users are identified by email",
            "CREATE USER app IDENTIFIED BY ?",
            "CREATE USER app IDENTIFIED EXTERNALLY",
            "UPDATE u SET name=$1 WHERE id=$2 parameters: $1 = 'x9', $2 = '88'",
            "Key (slug)=(a-b) already exists",
            "get(\"token\", \"none\")",
            "[\"password\", \"confirmed\"]",
        ] {
            assert_eq!(scrub(text), text);
        }
    }
}
