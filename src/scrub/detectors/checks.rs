//! What a pattern cannot say about the secret it found.

use std::ops::Range;

use super::forms::different;

/// The pattern said it all.
pub fn sure(_: &str, _: &Range<usize>) -> bool {
    true
}

/// A digit is in it, so it is no word.
pub fn has_digit(text: &str, range: &Range<usize>) -> bool {
    text[range.clone()].bytes().any(|byte| byte.is_ascii_digit())
}

/// Digits, upper-case and lower-case letters are in it.
pub fn is_mixed(text: &str, range: &Range<usize>) -> bool {
    let secret = &text.as_bytes()[range.clone()];
    secret.iter().any(u8::is_ascii_digit)
        && secret.iter().any(u8::is_ascii_uppercase)
        && secret.iter().any(u8::is_ascii_lowercase)
}

/// It looks random: digits and letters, many of them different, in a stretch that no word is as long as.
pub fn is_random(text: &str, range: &Range<usize>) -> bool {
    let secret = &text.as_bytes()[range.clone()];
    let digits = secret.iter().filter(|byte| byte.is_ascii_digit()).count();
    let stretch = secret.split(|byte| !byte.is_ascii_alphanumeric()).any(|part| {
        part.len() >= 12 && part.iter().any(u8::is_ascii_digit) && part.iter().any(u8::is_ascii_alphabetic)
    });
    (digits >= 2 && different(secret) >= 8 || is_mixed(text, range) && different(secret) >= 14) && stretch
}

/// Base32 that is no word and no sentence.
pub fn is_seed(text: &str, range: &Range<usize>) -> bool {
    let secret = &text[range.clone()];
    secret.len() >= 26 && !secret.contains([' ', '-']) || has_digit(text, range)
}

/// The digits of a one-time code, and no number of an error, a place or a time.
pub fn is_code(text: &str, range: &Range<usize>) -> bool {
    let from = text.floor_char_boundary(range.start.saturating_sub(32));
    let before = text[from..range.start].to_ascii_lowercase();
    !OTHER_CODES.iter().any(|other| before.contains(other)) && !is_counted(text, range)
}

/// Whether what is counted stands behind a number.
pub fn is_counted(text: &str, range: &Range<usize>) -> bool {
    let behind = text[range.end..].trim_start_matches(' ');
    let unit = behind.split(|char: char| !char.is_ascii_alphabetic()).next().unwrap_or_default();
    UNITS.contains(&unit)
}

/// Codes that are no secrets.
const OTHER_CODES: &[&str] = &[
    "order",
    "booking",
    "reservation",
    "room",
    "member",
    "tracking",
    "invoice",
    "error",
    "status",
    "exit",
    "response",
    "return",
    "result",
    "reason",
    "http",
    "country",
    "postal",
    "post code",
    "zip",
    "area",
    "promo",
    "coupon",
    "discount",
    "voucher",
    "product",
    "sql",
    "grpc",
    "length",
    "count",
    "ttl",
    " in ",
    "took",
];

/// What is counted.
const UNITS: &[&str] = &[
    "ms", "s", "sec", "seconds", "min", "minutes", "hours", "days", "times", "users", "attempts", "requests", "bytes",
    "rows", "lines", "files", "records", "items", "entries", "errors", "of", "px", "us", "ns", "events", "sessions",
];

/// Codes in groups, or of digits and letters.
pub fn is_recovery_code(text: &str, range: &Range<usize>) -> bool {
    let secret = &text[range.clone()];
    let first = secret.split([',', ';', ' ']).next().unwrap_or_default();
    first.bytes().filter(u8::is_ascii_digit).count() >= 2
}

/// An address that somebody reads mail at, and no account on a host, package, file or message id.
pub fn is_email(text: &str, range: &Range<usize>) -> bool {
    let address = &text[range.clone()];
    let signs = ["@", "%40", "&#64;", "&#x40;", "&#X40;", "&commat;"];
    let Some((local, domain)) = signs.iter().find_map(|sign| address.rsplit_once(sign)) else { return false };
    let last = domain.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let mut labels = domain.split('.');
    let version = labels.by_ref().take(2).all(|label| label.starts_with(|char: char| char.is_ascii_digit()));
    let digits = local.bytes().filter(u8::is_ascii_digit).count();
    // Ids of messages begin with a time or are longer than anybody's name; a year of birth behind a name is no such id.
    let numbered = local.starts_with(|char: char| char.is_ascii_digit()) && digits >= 8 || digits >= 14;
    // A name with a number behind it is no such id, however long the number is.
    let name = local.trim_end_matches(|char: char| char.is_ascii_digit());
    let named = name.len() >= 2 && name.bytes().all(|byte| byte.is_ascii_alphabetic() || b"._-+".contains(&byte));
    let message = local.len() >= 16 && numbered && !named || local.len() >= 40 && digits >= 3;
    !FILE_TYPES.contains(&&*last)
        && !ALGORITHM_DOMAINS.iter().any(|known| known.eq_ignore_ascii_case(domain))
        && !version
        && !["git", "hg", "svn"].contains(&local)
        && !message
        && !is_message_id(text, range)
        && (!is_account(text, range) || is_user(text, range))
        && !is_behind_message_word(&text[..range.start])
}

/// What stands behind the dot in names that have an `@` for other reasons.
const FILE_TYPES: &[&str] = &[
    "png",
    "jpg",
    "jpeg",
    "gif",
    "svg",
    "webp",
    "avif",
    "ico",
    "bmp",
    "css",
    "scss",
    "less",
    "js",
    "mjs",
    "cjs",
    "jsx",
    "ts",
    "tsx",
    "vue",
    "json",
    "map",
    "html",
    "htm",
    "xml",
    "yml",
    "yaml",
    "toml",
    "lock",
    "tgz",
    "tar",
    "gz",
    "zip",
    "jar",
    "whl",
    "php",
    "exe",
    "dll",
    "so",
    "woff",
    "txt",
    "log",
    "csv",
    "pdf",
    "sql",
    "conf",
    "service",
    "socket",
    "timer",
    "target",
    "mount",
    "slice",
    "scope",
    "device",
    "rc",
    "beta",
    "alpha",
    "internal",
    "local",
    "localdomain",
    "cluster",
    "cleanup",
    "container",
    "default",
    "handler",
    "instance",
    "job",
    "jobs",
    "listener",
    "node",
    "pod",
    "prod",
    "queue",
    "server",
    "staging",
    "svc",
    "task",
    "trigger",
    "worker",
];

/// Domains in the names of algorithms, which SSH writes as addresses.
const ALGORITHM_DOMAINS: &[&str] = &["openssh.com", "libssh.org", "ssh.com", "lysator.liu.se", "tinyssh.org"];

/// Whether `user@host` is an account: in a URL, of `ssh` and its kin, or before a path.
fn is_account(text: &str, range: &Range<usize>) -> bool {
    let bytes = text.as_bytes();
    let before = &bytes[range.start.saturating_sub(256)..range.start];
    let ends = |byte: &u8| b" \t\r\n\"'<>?#/".contains(byte);
    let userinfo = before.iter().rposition(ends).is_some_and(|at| before[at] == b'/' && before[..at].ends_with(b":/"));
    let command = ["ssh ", "scp ", "sftp ", "rsync ", "mosh "].iter().any(|name| before.ends_with(name.as_bytes()));
    let path = match bytes[range.end..] {
        [b':', b'/' | b'~', ..] => true,
        [b':', ref path @ ..] => {
            let path = path.iter().take(64).take_while(|byte| !ends(byte) || **byte == b'/');
            path.clone().next().is_some_and(u8::is_ascii_alphabetic) && path.clone().any(|byte| *byte == b'/')
        }
        _ => false,
    };
    userinfo || command || path
}

/// Whether a mail address is the name of a user before the host of a URL.
fn is_user(text: &str, range: &Range<usize>) -> bool {
    text[range.clone()].contains("%40") && text[range.end..].starts_with(['@', ':'])
}

/// Whether an address is the end of the id of a message, which has signs in it that addresses have not:
/// `<CAF0k9Qx7mPz+81TtR3=vb2c_hV0dK5a9QeW@mail.test>`.
fn is_message_id(text: &str, range: &Range<usize>) -> bool {
    let part = |byte: &&u8| byte.is_ascii_graphic() && !b"<>\"',;:".contains(byte);
    let bytes = text.as_bytes();
    let before = bytes[..range.start].iter().rev().take(64).take_while(part).count();
    let start = range.start - before;
    let local = &bytes[start..range.end];
    let local = local.split(|byte| *byte == b'@').next().unwrap_or_default();
    let upper = local.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let digits = local.iter().filter(|byte| byte.is_ascii_digit()).count();
    let opened = start.checked_sub(1).is_some_and(|open| bytes[open] == b'<');
    before > 0 && opened && local.len() >= 24 && upper >= 4 && digits >= 4 && !local.contains(&b'.')
}

fn is_behind_message_word(before: &str) -> bool {
    let from = before.floor_char_boundary(before.len().saturating_sub(32));
    let before = before[from..].to_ascii_lowercase();
    ["message-id", "message id", "messageid", "in-reply-to", "references:", "msgid"]
        .iter()
        .any(|word| before.contains(word))
}

/// The first and the last name of a person.
pub fn is_full_name(text: &str, range: &Range<usize>) -> bool {
    super::text::is_full_name(&text[range.clone()])
}

/// The name of a street and a number, and no way that somebody takes so many minutes for.
pub fn is_street(text: &str, range: &Range<usize>) -> bool {
    let name = text[range.clone()].split(' ').next().unwrap_or_default();
    let way = name.ends_with("weg") || name.ends_with("damm");
    let lower = name.to_ascii_lowercase();
    let other =
        ["hinweg", "heimweg", "r\u{fc}ckweg", "umweg", "radweg", "gehweg", "norweg", "halfweg", "onderweg", "unterweg"];
    // What is counted, in letters, stands behind a number; behind that of a house a mark or a postal code does.
    let behind = text[range.end..].strip_prefix(' ').and_then(|rest| rest.chars().next());
    let counted = behind.is_some_and(char::is_alphabetic);
    !(way && (counted || other.contains(&&*lower)))
}

/// As many letters and digits as an identity number has.
pub fn is_national_id(text: &str, range: &Range<usize>) -> bool {
    let secret = &text[range.clone()];
    let digits = secret.bytes().filter(u8::is_ascii_digit).count();
    let length = secret.bytes().filter(u8::is_ascii_alphanumeric).count();
    let unit = text[range.end..].trim_start_matches(' ').split(|char: char| !char.is_ascii_alphabetic()).next();
    digits >= 4 && (7..=18).contains(&length) && !unit.is_some_and(|unit| UNITS.contains(&unit))
}
