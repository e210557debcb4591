//! Grants: those an account has, as the server lists them, and those that each part of the work needs.
//!
//! Invariant: of a line of `SHOW GRANTS` only parsed parts are shown; the hash of a password may stand in the rest.
//! Invariant: where it is not sure that a grant leads to `audit_logs`, it is taken to.

use crate::finding::Finding;
use crate::sink::table::{FORBIDDEN, TableName};

/// The place of the findings here.
const PLACE: &str = "grants";

/// What a grant is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// `*.*`
    Global,
    /// A pattern of schemas, as `LIKE` reads it.
    Schema(String),
    /// One table; its schema is no pattern.
    Table(String, String),
    /// A procedure, a function, a package, or another account.
    Other,
}

/// One line of `SHOW GRANTS`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    /// Rights on something.
    Rights(Grant),
    /// Rights that are taken back from a wider grant (MySQL's partial revokes).
    TakenBack(Grant),
    /// Roles, quoted for a statement.
    Roles(Vec<String>),
    /// None of these.
    Other,
}

/// Rights on something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Grant {
    /// `INSERT`, `ALL PRIVILEGES`; of a right on columns the word alone.
    pub(super) rights: Vec<String>,
    pub(super) scope: Scope,
    /// To whom, quoted for a statement: the account, or a role it has.
    pub(super) to: String,
}

/// Reads one line of `SHOW GRANTS`.
pub(super) fn parse(line: &str) -> Line {
    let taken = line.starts_with("REVOKE ");
    let Some(rest) = line.strip_prefix(if taken { "REVOKE " } else { "GRANT " }) else {
        return Line::Other;
    };
    let pieces = pieces(rest);
    let place = |word: &str| pieces.iter().position(|piece| *piece == Piece::Word(word));
    let Some(to) = place(if taken { "FROM" } else { "TO" }) else { return Line::Other };
    let Some(grantee) = account(&pieces[to + 1..]) else { return Line::Other };
    let Some(on) = place("ON").filter(|on| *on < to) else {
        let roles = pieces[..to].split(|piece| *piece == Piece::Mark(','));
        return Line::Roles(roles.filter_map(account).collect());
    };
    let mut rights: Vec<String> = pieces[..on].split(|piece| *piece == Piece::Mark(',')).map(words).collect();
    let ends_with = |piece: &[Piece]| piece == [Piece::Word("WITH"), Piece::Word("GRANT"), Piece::Word("OPTION")];
    if pieces.windows(3).any(ends_with) {
        rights.push("GRANT OPTION".to_owned());
    }
    use Piece::{Mark, Quoted};
    let scope = match &pieces[on + 1..to] {
        [Mark('*'), Mark('.'), Mark('*')] => Scope::Global,
        [Quoted(schema), Mark('.'), Mark('*')] => Scope::Schema(schema.clone()),
        [Quoted(schema), Mark('.'), Quoted(table)] => Scope::Table(schema.clone(), table.clone()),
        _ => Scope::Other,
    };
    let grant = Grant { rights, scope, to: grantee };
    if taken { Line::TakenBack(grant) } else { Line::Rights(grant) }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece<'a> {
    Word(&'a str),
    Quoted(String),
    Mark(char),
}

/// A line in pieces; what stands in parentheses (the columns of a right) is left out.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut depth = 0_usize;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '`' | '\'' | '"' => {
                let (name, length) = quoted(rest, first);
                if depth == 0 {
                    pieces.push(Piece::Quoted(name));
                }
                length
            }
            '(' => {
                depth += 1;
                1
            }
            ')' => {
                depth = depth.saturating_sub(1);
                1
            }
            _ if first.is_ascii_alphanumeric() || first == '_' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                if depth == 0 {
                    pieces.push(Piece::Word(&rest[..end]));
                }
                end
            }
            _ => {
                if depth == 0 && !first.is_whitespace() {
                    pieces.push(Piece::Mark(first));
                }
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    pieces
}

/// What stands in the quotes that a text begins with, and how long it is with them. A doubled quote is one of the name.
fn quoted(text: &str, quote: char) -> (String, usize) {
    let mut name = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            name.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == quote) {
            name.push(quote);
            chars.next();
        } else {
            return (name, at + 1);
        }
    }
    (name, text.len())
}

/// An account or a role, quoted anew: `` `name` `` or `` `name`@`host` ``.
fn account(pieces: &[Piece<'_>]) -> Option<String> {
    let quote = |name: &str| format!("`{}`", name.replace('`', "``"));
    match pieces {
        [Piece::Quoted(name), Piece::Mark('@'), Piece::Quoted(host), ..] => {
            Some(format!("{}@{}", quote(name), quote(host)))
        }
        [Piece::Quoted(name), ..] => Some(quote(name)),
        // The only name that is no name of somebody's.
        [Piece::Word("PUBLIC"), ..] => Some("PUBLIC".to_owned()),
        _ => None,
    }
}

fn words(pieces: &[Piece<'_>]) -> String {
    let word = |piece: &Piece<'_>| match piece {
        Piece::Word(word) => Some((*word).to_owned()),
        Piece::Quoted(_) | Piece::Mark(_) => None,
    };
    pieces.iter().filter_map(word).collect::<Vec<_>>().join(" ")
}

/// Whether a pattern of a grant takes in a schema: `%` is any text, `_` any character, a backslash takes the meaning off.
/// Case does not matter, since it does not on every server.
pub(super) fn takes_in(pattern: &str, name: &str) -> bool {
    fn matches(pattern: &[char], name: &[char]) -> bool {
        match pattern {
            [] => name.is_empty(),
            ['%', rest @ ..] => (0..=name.len()).any(|skipped| matches(rest, &name[skipped..])),
            ['_', rest @ ..] => !name.is_empty() && matches(rest, &name[1..]),
            ['\\', literal, rest @ ..] => name.first() == Some(literal) && matches(rest, &name[1..]),
            [literal, rest @ ..] => name.first() == Some(literal) && matches(rest, &name[1..]),
        }
    }
    // Runs of `%` are one, so that no pattern takes long.
    let mut pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    pattern.dedup_by(|one, other| *one == '%' && *other == '%');
    matches(&pattern, &name.to_lowercase().chars().collect::<Vec<_>>())
}

/// Global rights that show something and change nothing; `prune` looks at replicas by them.
const HARMLESS: [&str; 9] = [
    "USAGE",
    "PROCESS",
    "REPLICATION CLIENT",
    "BINLOG MONITOR",
    "SLAVE MONITOR",
    "REPLICA MONITOR",
    "REPLICATION MASTER ADMIN",
    "REPLICATION SLAVE ADMIN",
    "SHOW DATABASES",
];

/// Rights by which the content of a table does not change.
const LOOKING: [&str; 4] = ["SELECT", "SHOW VIEW", "REFERENCES", "LOCK TABLES"];

/// Rights by which an account gets at what it has no right on.
const AROUND: [&str; 6] = ["SUPER", "SET USER", "SET_USER_ID", "SET_ANY_DEFINER", "CREATE USER", "FEDERATED ADMIN"];

/// What the agent's account has too much of. `seen` are the schemas in which it sees a table `audit_logs`.
pub(super) fn excess(lines: &[Line], table: &TableName, schema: &str, seen: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for line in lines {
        // What is taken back again is not reckoned off: a warning too many is looked at, one too few is not.
        let Line::Rights(grant) = line else { continue };
        let harmless = |right: &&str| !HARMLESS.contains(right);
        let rights: Vec<&str> = grant.rights.iter().map(String::as_str).filter(harmless).collect();
        if rights.is_empty() {
            continue;
        }
        let on = on(&grant.scope);
        let (listed, to) = (rights.join(", "), &grant.to);
        let revoke = format!("REVOKE {listed} ON {on} FROM {to};  -- then what `tracespool migrate --grants` prints");
        let verb = if rights.iter().all(|right| LOOKING.contains(right)) { "read" } else { "write" };
        let reach = reach(&grant.scope, schema, seen);
        if !reach.is_empty() {
            let tables = reach.join("`, `");
            let what = format!("{to} may {verb} `{tables}`: it has {listed} on {on}");
            findings.push(Finding::warning(PLACE, what, revoke));
        } else if matches!(&grant.scope, Scope::Schema(pattern) if takes_in(pattern, "mysql")) {
            let what = format!("{to} may change who has which rights: it has {listed} on {on}");
            findings.push(Finding::warning(PLACE, what, revoke));
        } else {
            let unused: Vec<&str> =
                rights.into_iter().filter(|right| !used(right, &grant.scope, table, schema)).collect();
            if !unused.is_empty() {
                let unused = unused.join(", ");
                let what = format!("{to} has more than anything here needs: {unused} on {on}");
                findings.push(Finding::warning(PLACE, what, format!("REVOKE {unused} ON {on} FROM {to};")));
            }
        }
        if let Scope::Global = grant.scope
            && let Some(right) = grant.rights.iter().find(|right| AROUND.contains(&right.as_str()))
        {
            let what = format!("{to} has {right}, by which every other right can be had");
            findings.push(Finding::warning(PLACE, what, format!("REVOKE {right} ON *.* FROM {to};")));
        }
    }
    findings
}

/// The tables `audit_logs` that a scope takes in.
fn reach(scope: &Scope, schema: &str, seen: &[String]) -> Vec<String> {
    let mut schemas: Vec<&str> = seen.iter().map(String::as_str).collect();
    // One that is not there can be made later.
    if !schemas.iter().any(|seen| seen.eq_ignore_ascii_case(schema)) {
        schemas.insert(0, schema);
    }
    let table = |schema: &&str| format!("{schema}.{FORBIDDEN}");
    match scope {
        Scope::Global => schemas.iter().map(table).collect(),
        Scope::Schema(pattern) => schemas.iter().filter(|schema| takes_in(pattern, schema)).map(table).collect(),
        Scope::Table(schema, name) if name.eq_ignore_ascii_case(FORBIDDEN) => vec![table(&schema.as_str())],
        Scope::Table(..) | Scope::Other => Vec::new(),
    }
}

/// Whether some command here uses a right.
fn used(right: &str, scope: &Scope, table: &TableName, schema: &str) -> bool {
    let Scope::Table(of, name) = scope else { return false };
    if !of.eq_ignore_ascii_case(schema) {
        return false;
    }
    let rows = ["SELECT", "INSERT", "DELETE", "ALTER", "DROP", "CREATE", "INDEX"];
    let progress = ["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE"];
    (name.eq_ignore_ascii_case(table.name()) && rows.contains(&right))
        || (name.eq_ignore_ascii_case(table.progress().name()) && progress.contains(&right))
}

fn on(scope: &Scope) -> String {
    let quote = |name: &str| format!("`{}`", name.replace('`', "``"));
    match scope {
        Scope::Global => "*.*".to_owned(),
        Scope::Schema(pattern) => format!("{}.*", quote(pattern)),
        Scope::Table(schema, table) => format!("{}.{}", quote(schema), quote(table)),
        Scope::Other => "a routine or an account".to_owned(),
    }
}

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The agent.
    Shipper,
    /// Retention.
    Pruner,
    /// Asking.
    Reader,
}

impl Part {
    /// All of them.
    pub const ALL: [Part; 3] = [Part::Shipper, Part::Pruner, Part::Reader];
}

/// The statements that give each part of the work an account with no right that it does not use.
///
/// `schema` is that of the table, `user` who ships.
pub fn grants_sql(schema: &str, table: &TableName, user: &str, parts: &[Part]) -> String {
    let schema = format!("`{}`", schema.replace('`', "``"));
    let rows = format!("{schema}.`{}`", table.name());
    let progress = format!("{schema}.`{}`", table.progress().name());
    let account = |suffix: &str| format!("'{}{suffix}'@'%'", user.replace('\\', "\\\\").replace('\'', "''"));
    let (ship, prune, read) = (account(""), account("_prune"), account("_read"));
    let rights = |part: &Part| match part {
        Part::Shipper => format!(
            "\n\
             -- The agent: rows in, its frontiers kept (`run`, `check --connect`, `checkpoint`, `replay`).\n\
             GRANT INSERT ON {rows} TO {ship};\n\
             GRANT SELECT, INSERT, UPDATE, DELETE ON {progress} TO {ship};\n"
        ),
        Part::Pruner => format!(
            "\n\
             -- Retention (`prune`): deletes what is too old.\n\
             GRANT SELECT, DELETE ON {rows} TO {prune};\n\
             -- Of a table in partitions it drops those that are too old, and adds new ones. Leave this out for any other.\n\
             GRANT ALTER, DROP ON {rows} TO {prune};\n"
        ),
        Part::Reader => format!(
            "\n\
             -- Reading (`trace`, `why`).\n\
             GRANT SELECT ON {rows} TO {read};\n\
             GRANT SELECT ON {progress} TO {read};\n"
        ),
    };
    let rights: String = parts.iter().map(rights).collect();
    format!(
        "-- The least that each part of tracespool needs. None of these accounts can touch any other table.\n\
         -- Make the accounts first, each with a password of its own, and in place of % the hosts they come from:\n\
         --   CREATE USER {ship} IDENTIFIED BY '...';\n\
         {rights}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn rights(line: &str) -> (Vec<String>, Scope, String) {
        match parse(line) {
            Line::Rights(grant) => (grant.rights, grant.scope, grant.to),
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn lines_of_both_servers_are_read() {
        #[track_caller]
        fn check(line: &str, want: &[&str], scope: Scope, to: &str) {
            let want = want.iter().map(|right| (*right).to_owned()).collect();
            assert_eq!(rights(line), (want, scope, to.to_owned()), "{line}");
        }
        let schema = |name: &str| Scope::Schema(name.to_owned());
        let table = |schema: &str, name: &str| Scope::Table(schema.to_owned(), name.to_owned());
        check(
            "GRANT USAGE ON *.* TO `t`@`10.%` IDENTIFIED BY PASSWORD '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19'",
            &["USAGE"],
            Scope::Global,
            "`t`@`10.%`",
        );
        check("GRANT SELECT, INSERT ON `app\\_%`.* TO `t`@`%`", &["SELECT", "INSERT"], schema("app\\_%"), "`t`@`%`");
        check(
            "GRANT SELECT (`id`, `a`), INSERT (`TO`, `ON`), UPDATE ON `app`.`t` TO 'r'",
            &["SELECT", "INSERT", "UPDATE"],
            table("app", "t"),
            "`r`",
        );
        check(
            "GRANT ALL PRIVILEGES ON `a``b`.* TO `t`@`h` WITH GRANT OPTION",
            &["ALL PRIVILEGES", "GRANT OPTION"],
            schema("a`b"),
            "`t`@`h`",
        );
        check("GRANT INSERT ON ` ON x TO `.`t` TO `t`@`h`", &["INSERT"], table(" ON x TO ", "t"), "`t`@`h`");
        check("GRANT EXECUTE ON PROCEDURE `app`.`p` TO `t`@`h`", &["EXECUTE"], Scope::Other, "`t`@`h`");
        check("GRANT PROXY ON ''@'%' TO 'root'@'localhost'", &["PROXY"], Scope::Other, "`root`@`localhost`");
        check("GRANT SELECT ON `app`.* TO PUBLIC", &["SELECT"], schema("app"), "PUBLIC");
        check("GRANT DELETE HISTORY ON `app`.* TO `t`@`h`", &["DELETE HISTORY"], schema("app"), "`t`@`h`");
    }

    #[test]
    fn roles_and_what_is_taken_back_are_told_apart() {
        assert_eq!(parse("GRANT `writer` TO `t`@`%`"), Line::Roles(vec!["`writer`".to_owned()]));
        let two = vec!["`a`@`%`".to_owned(), "`b`@`x`".to_owned()];
        assert_eq!(parse("GRANT `a`@`%`,`b`@`x` TO `t`@`%` WITH ADMIN OPTION"), Line::Roles(two));
        assert!(matches!(parse("REVOKE INSERT ON `app`.* FROM `t`@`%`"), Line::TakenBack(_)));
        assert_eq!(parse("SET DEFAULT ROLE `writer` FOR `t`@`%`"), Line::Other);
        assert_eq!(parse(""), Line::Other);
        assert_eq!(parse("GRANT"), Line::Other);
        assert_eq!(parse("GRANT INSERT ON `open"), Line::Other);
    }

    #[test]
    fn patterns_take_in_what_the_servers_do() {
        #[track_caller]
        fn check(pattern: &str, name: &str, want: bool) {
            assert_eq!(takes_in(pattern, name), want, "{pattern} {name}");
        }
        check("app", "app", true);
        check("app", "App", true);
        check("app", "apps", false);
        check("app_x", "app1x", true);
        check("app\\_x", "app1x", false);
        check("app\\_x", "app_x", true);
        check("app\\_%", "app_", true);
        check("app\\_%", "app_main", true);
        check("app\\_%", "apple", false);
        check("%", "anything", true);
        check("%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false);
        check("50\\%", "50%", true);
        check("50\\%", "500", false);
        check("", "", true);
    }

    fn found(lines: &[&str], seen: &[&str]) -> Vec<String> {
        let lines: Vec<Line> = lines.iter().map(|line| parse(line)).collect();
        let seen: Vec<String> = seen.iter().map(|schema| (*schema).to_owned()).collect();
        let table = "telemetry_traces".parse().unwrap();
        excess(&lines, &table, "app", &seen).into_iter().map(|finding| finding.what).collect()
    }

    #[test]
    fn every_way_to_audit_logs_is_named() {
        #[track_caller]
        fn check(line: &str, seen: &[&str], want: &str) {
            let found = found(&[line], seen);
            assert!(found.first().is_some_and(|what| what.contains(want)), "{line}: {found:?}");
        }
        let write = "may write `app.audit_logs`";
        check("GRANT INSERT ON `app`.`audit_logs` TO `t`@`%`", &[], write);
        check("GRANT INSERT ON `app`.`AUDIT_LOGS` TO `t`@`%`", &[], write);
        check("GRANT UPDATE (`what`) ON `app`.`audit_logs` TO `t`@`%`", &[], write);
        check("GRANT INSERT ON `app`.* TO `t`@`%`", &[], write);
        check("GRANT INSERT ON `a%`.* TO `t`@`%`", &[], write);
        check("GRANT SELECT, TRIGGER ON *.* TO `t`@`%`", &[], write);
        check("GRANT ALL PRIVILEGES ON `app`.* TO `writer`", &["app"], "`writer` may write `app.audit_logs`");
        check("GRANT INSERT ON `other`.* TO `t`@`%`", &["other"], "may write `other.audit_logs`");
        check("GRANT INSERT ON `other`.`audit_logs` TO `t`@`%`", &[], "may write `other.audit_logs`");
        check("GRANT SELECT ON `app`.* TO `t`@`%`", &["app"], "may read `app.audit_logs`");
        check("GRANT UPDATE ON `mysql`.* TO `t`@`%`", &[], "may change who has which rights");
        check("GRANT INSERT ON `other`.* TO `t`@`%`", &[], "more than anything here needs: INSERT on `other`.*");
        check("GRANT SELECT ON `app`.`users` TO `t`@`%`", &[], "more than anything here needs: SELECT");
        check("GRANT UPDATE ON `app`.`telemetry_traces` TO `t`@`%`", &[], "needs: UPDATE on `app`.`telemetry_traces`");
        let words = found(&["GRANT SUPER ON *.* TO `t`@`%`"], &[]);
        assert!(words.iter().any(|what| what.contains("every other right")), "{words:?}");
    }

    #[test]
    fn what_is_needed_is_not_too_much() {
        let mut lines: Vec<String> = grants_sql("app", &"telemetry_traces".parse().unwrap(), "t", &Part::ALL)
            .lines()
            .filter(|line| line.starts_with("GRANT"))
            .map(|line| line.trim_end_matches(';').to_owned())
            .collect();
        assert_eq!(lines.len(), 6);
        lines.push("GRANT USAGE, SLAVE MONITOR ON *.* TO `t`@`%`".to_owned());
        lines.push("GRANT `tracespool` TO `t`@`%`".to_owned());
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(found(&lines, &["app"]), [""; 0]);
    }

    #[test]
    fn names_are_quoted_in_the_statements() {
        let sql = grants_sql("a`b", &"t".parse().unwrap(), "o'x", &Part::ALL);
        assert!(sql.contains("GRANT INSERT ON `a``b`.`t` TO 'o''x'@'%';"), "{sql}");
    }
}
