//! Secrets of systems that show by the words of their protocols and settings: connection strings of their own kind,
//! dialogs of caches and directories, the settings of networks.

use std::ops::Range;

use super::super::markers::Kind;
use super::super::text::{is_mask, is_placeholder, is_sentence_word};
use super::looks::always;
use super::{Find, ValueRule, checks};

#[rustfmt::skip]
pub const RULES: &[ValueRule] = &[
    ValueRule {
        id: "go_dsn",
        what: "passwords in connection strings of Go",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["@tcp(", "@unix(", "@tcp4(", "@tcp6(", "@cloudsql("],
            look: always,
            pattern: r#"(?:\A|[^A-Za-z0-9_.-])[A-Za-z0-9_.-]{1,64}:([^\s"']{1,128})@(?:tcp[46]?|unix|cloudsql)\("#,
            check: is_set,
        },
        secrets: &[
            ("invalid DSN: app:45o5kqEh-r74@tcp(10.0.0.3:3306)/shop", "45o5kqEh-r74"),
            ("cron:p@ss/w@unix(/run/mysqld.sock)/jobs", "p@ss/w"),
        ],
        innocent: &["app@tcp(10.0.0.3:3306)/shop", "app:****@tcp(db)/x"],
    },
    ValueRule {
        id: "mattermost_hook",
        what: "secret paths of webhooks of Mattermost and Rocket.Chat",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["hooks"],
            look: always,
            pattern: r"://[^\s/]+/hooks/([a-z0-9]{26}|[A-Za-z0-9]{17,24}/[A-Za-z0-9]{40,64})(?:[^A-Za-z0-9]|\z)",
            check: checks::has_digit,
        },
        secrets: &[("https://chat.dev.test/hooks/ekyhqu0tvhv601a4efj6j8g12j", "ekyhqu0tvhv601a4efj6j8g12j")],
        innocent: &["https://chat.dev.test/hooks/incoming", "/hooks/ekyhqu0tvhv601a4efj6j8g12j.js"],
    },
    ValueRule {
        id: "wifi_key",
        what: "keys of wireless networks beside their names",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["ssid"],
            look: always,
            pattern: r#"(?i:ssid)[ :="']{1,4}[^\s,;"']{1,32}["']?[,;/ ]{1,3}(?i:key|pass|password|pw|psk)[ :=]{1,3}["']?([^\s,;"']{8,63})"#,
            check: is_set,
        },
        secrets: &[("Guest wifi: SSID SkyLounge-5G, key PretzelAtNoon204", "PretzelAtNoon204")],
        innocent: &["ssid SkyLounge-5G, key rotation weekly", "SSID hidden"],
    },
    ValueRule {
        id: "wordpress_cookie",
        what: "login cookies of WordPress",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["wordpress_logged_in_", "wordpress_sec_"],
            look: always,
            pattern: r#"(?i:wordpress_(?:logged_in|sec)_)[0-9a-f]{4,64}=([^\s;'"\\]{16,512})"#,
            check: checks::has_digit,
        },
        secrets: &[("-b 'wordpress_logged_in_9c1e=kasse2%7C1767225600%7C3El4Zjfix'", "kasse2%7C1767225600%7C3El4Zjfix")],
        innocent: &["wordpress_logged_in_9c1e=deleted; path=/"],
    },
    ValueRule {
        id: "encoded_userinfo",
        what: "passwords in URLs that are percent-encoded as a whole",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["%3a%2f%2f"],
            look: always,
            pattern: r"(?i:%3a%2f%2f)[A-Za-z0-9._~-]{1,64}(?i:%3a)((?:[A-Za-z0-9._~!$*+-]|%[0-9A-Fa-f]{2}){1,128}?)(?i:%40)[A-Za-z0-9]",
            check: is_userinfo,
        },
        secrets: &[("next=https%3A%2F%2Fops%3AFunkturm29%40grafana.test%2Fd", "Funkturm29")],
        innocent: &["https%3A%2F%2Fa.test%3A8443%2Fx%40y", "https%3A%2F%2Fa.test%2Fu%3Ab%2F"],
    },
    ValueRule {
        id: "session_sentence",
        what: "ids of sessions in sentences",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["session with id", "session with the id", "session id", "session identifier"],
            look: always,
            pattern: r#"(?i:session (?:with (?:the )?)?(?:id|identifier))(?: is| was)?[ =:]{1,3}["'`]?([A-Za-z0-9,_-]{20,256})(?:[^A-Za-z0-9,_-]|\z)"#,
            check: is_session,
        },
        secrets: &[("Session with id 'mysmnwy03bdaxdvg8ceubpnqr5' does not exist", "mysmnwy03bdaxdvg8ceubpnqr5")],
        innocent: &["session id must have at least 32 characters", "session with id 4711", "session id: correlation-of-requests-2"],
    },
    ValueRule {
        id: "haproxy_user",
        what: "passwords in lists of users of HAProxy",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["insecure-password"],
            look: always,
            pattern: r"(?i:insecure-password)[ \t]+([^\s\\]{3,128})",
            check: is_set,
        },
        secrets: &[("user ops insecure-password Kraanvogel!2", "Kraanvogel!2")],
        innocent: &["insecure-password is deprecated"],
    },
    ValueRule {
        id: "smtp_login",
        what: "what a client answers when a mail server asks for its password in base64",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["ugfzc3dvcmq6"],
            look: always,
            pattern: r#"(?i:ugfzc3dvcmq6)(?:\\[rn]|[\s"',])+(?:[^\n\\]{0,40}[\s:>'"])?([A-Za-z0-9+/]{4,128}={0,2})[ \t]*(?:\\[rn]|["'\r\n]|\z)"#,
            check: is_base64,
        },
        secrets: &[
            ("S: 334 UGFzc3dvcmQ6\nC: RmljaHRlbm5hZGVsMjI=\nS: 235 ok", "RmljaHRlbm5hZGVsMjI="),
            ("SERVER -> CLIENT: 334 UGFzc3dvcmQ6\nCLIENT -> SERVER: S3Jva29kaWwtOTk=\nSERVER -> CLIENT: 235", "S3Jva29kaWwtOTk="),
            ("reply: b'334 UGFzc3dvcmQ6\\r\\n'\nsend: 'S3Jva29kaWwtOTk=\\r\\n'\nreply: b'235 ok'", "S3Jva29kaWwtOTk="),
        ],
        innocent: &["S: 334 UGFzc3dvcmQ6", "S: 334 UGFzc3dvcmQ6\nS: 535 5.7.8 Authentication rejected"],
    },
    ValueRule {
        id: "crypt_key",
        what: "the key of a shop's settings in PHP",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["crypt"],
            look: always,
            pattern: r#"(?i:crypt)'\s*=>\s*(?:\[|array\s*\()\s*'key'\s*=>\s*'([^'\s]{16,128})'"#,
            check: checks::has_digit,
        },
        secrets: &[("'crypt' => [\n  'key' => '90b283763c0dcf108208b1336e8e89fb'\n ]", "90b283763c0dcf108208b1336e8e89fb")],
        innocent: &["'crypt' => ['key' => '']", "'crypt' => ['cost' => 12]"],
    },
    ValueRule {
        id: "oracle_dsn",
        what: "passwords in connection strings of Oracle",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["jdbc:oracle:"],
            look: always,
            pattern: r#"(?i:jdbc:oracle:)[A-Za-z0-9]+:[A-Za-z0-9_$#]+/([^\s@"']+)@"#,
            check: is_set,
        },
        secrets: &[("IO Error for jdbc:oracle:thin:fin/Kl33_blatt@(DESCRIPTION=x)", "Kl33_blatt")],
        innocent: &["jdbc:oracle:thin:@//ora:1521/X", "jdbc:oracle:thin:fin/${PW}@ora"],
    },
    ValueRule {
        id: "broken_url",
        what: "passwords in URLs that were rejected for what is in them",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["invalid userinfo", "invalid port", "invalid character", "bad uri", "invalid uri"],
            look: always,
            pattern: r#"://[^\s:/?#"'<>]*:([^"'\n@]{1,96}(?:@[^"'\n@/]{1,64})?)@[A-Za-z0-9\[]"#,
            check: |text, range| is_set(text, range) && !text[range.clone()].bytes().take_while(|byte| *byte != b'/').all(|byte| byte.is_ascii_digit()),
        },
        secrets: &[("parse \"postgres://app:q5Pcu x@db:5432/app\": net/url: invalid userinfo", "q5Pcu x")],
        innocent: &["parse \"http://db:5432/a@b\": invalid port", "invalid userinfo in http://kim@web"],
    },
    ValueRule {
        id: "network_key",
        what: "communities, keys and passwords in the settings of switches, routers and networks",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &[
                "snmp-server community", "rocommunity", "rwcommunity", "com2sec ", "tacacs-server", "radius-server", "aaa-server", "key-string", "pre-shared-key", "psksecret", "wpa-psk ascii", "isakmp key", "enable secret", "enable password",
                "username ", "chap password",
                "snmp community", "neighbor ", "authentication-key ", "set community", "passphrase ascii",
            ],
            look: always,
            pattern: r#"(?i:snmp-server community|\br[ow]community6?|com2sec6? \S+ \S+|(?:tacacs|radius|aaa)-server(?: host \S+)?(?: (?:auth|acct)-port \d+){0,2}(?: timeout \d+)? key|key-string|pre-shared-key(?: local| remote)?(?: ascii-text| hexadecimal)?|psksecret|wpa-psk ascii|passphrase ascii|isakmp key|enable (?:secret|password)(?: level \d+)?|username \S+ (?:privilege \d+ )?(?:password|secret)|snmp community|chap password|neighbor \S+ password|authentication-key \d+ md5|set community)(?: [0-9])?[ \t]+"?([^\s"';]+)"#,
            check: is_set,
        },
        secrets: &[
            ("snmp-server community w3rkn3tz RO 10", "w3rkn3tz"),
            ("rocommunity halle3lesen 10.0.0.0/8", "halle3lesen"),
            ("tacacs-server key YCWsQZHQN.h5", "YCWsQZHQN.h5"),
            ("radius-server host 10.0.0.1 auth-port 1812 key 7 0822455D0A16", "0822455D0A16"),
            ("username kim privilege 15 secret 5 $1$abcd$efgh", "$1$abcd$efgh"),
            ("enable secret 9 hunter2", "hunter2"),
        ],
        innocent: &[
            "the username is required",
            "neighbor 10.0.0.1 password is not set",
            "enable password rotation",
            "snmp-server community <removed>",
            "pre-shared-key authentication failed",
        ],
    },
    ValueRule {
        id: "redis_auth",
        what: "passwords in the dialogs of Redis",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["requirepass", "masterauth", "setuser ", "hello 2 auth", "hello 3 auth", "auth"],
            look: redis,
            pattern: r#"(?i)(?:\b(?:requirepass|masterauth)["']?[ \t]+["']?|\bsetuser \S+(?: [a-z~&+%][^\s>]*){0,12} >|\bhello [23] auth \S+ |\bAUTH\r\n(?:\$\d+\r\n[^\r\n]+\r\n)?\$\d+\r\n)([^\s"']{4,})"#,
            check: is_set,
        },
        secrets: &[
            ("CONFIG SET requirepass M5lA6TfkPZusQfOn", "M5lA6TfkPZusQfOn"),
            ("ACL SETUSER worker on >mtvy3NO6DsHV3J9A ~app:* +@all", "mtvy3NO6DsHV3J9A"),
            ("HELLO 3 AUTH default ieQNmZNVn8K5 SETNAME app", "ieQNmZNVn8K5"),
            ("*2\r\n$4\r\nAUTH\r\n$24\r\nDCz1aWypUPjI2bq64JsbXbuB\r\n", "DCz1aWypUPjI2bq64JsbXbuB"),
            ("*3\r\n$4\r\nAUTH\r\n$3\r\napp\r\n$8\r\nhunter22\r\n", "hunter22"),
        ],
        innocent: &["requirepass is not set", "ACL SETUSER worker off", "auth\r\nfailed", "CONFIG GET requirepass"],
    },
    ValueRule {
        id: "wifi_code",
        what: "passwords in the codes that phones join networks by",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["wifi:"],
            look: always,
            pattern: r"(?i:wifi:)(?:[^\n]{0,96};)?P:((?:[^;\\\n]|\\.){1,64});",
            check: checks::sure,
        },
        secrets: &[("WIFI:T:WPA;S:Gast-EG;P:BlauerElefant77;;", "BlauerElefant77"), ("WIFI:P:hunter2;;", "hunter2")],
        innocent: &["wifi: connected; P: 5 GHz", "WIFI:T:nopass;S:Guests;;"],
    },
    ValueRule {
        id: "cookie_jar",
        what: "cookies in the files of curl and of browsers",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["netscape http cookie", "#httponly_"],
            look: always,
            pattern: r"(?:TRUE|FALSE)\t[^\t\n]*\t(?:TRUE|FALSE)\t\d+\t[^\t\n]+\t([^\s]{6,})",
            check: is_set,
        },
        secrets: &[(
            "# Netscape HTTP Cookie File\n#HttpOnly_.shop.test\tTRUE\t/\tTRUE\t1790000000\tsid\tZp1gIe6A9elBme",
            "Zp1gIe6A9elBme",
        )],
        innocent: &["# Netscape HTTP Cookie File\n.shop.test\tTRUE\t/\tFALSE\t0\tlang\tde"],
    },
    ValueRule {
        id: "path_session",
        what: "sessions of ASP.NET in paths",
        kind: Kind::Secret,
        find: Find::Near { keywords: &["(s(", "(f("], look: always, pattern: r"\((?:S|F)\(([A-Za-z0-9_-]{24,})\)", check: checks::has_digit },
        secrets: &[("/(S(5zwnzv13barwpfrkvza4bxgc))/Default.aspx", "5zwnzv13barwpfrkvza4bxgc")],
        innocent: &["f(S(x))", "(s(abcdefghijklmnopqrstuvwx))"],
    },
    ValueRule {
        id: "token_mismatch",
        what: "tokens in what is said of their comparison",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["token mismatch", "csrf mismatch", "state mismatch", "nonce mismatch", "signature mismatch", "token does not match", "csrf token"],
            look: always,
            pattern: r#"(?i)\b(?:expected|got|received|actual|wanted|want|have|provided|was)[ :='"]{1,4}([A-Za-z0-9+/_.=-]{16,})"#,
            check: checks::is_random,
        },
        secrets: &[
            ("CSRF token mismatch: expected AN2va7figMfI9JduW5UxaV3u got null", "AN2va7figMfI9JduW5UxaV3u"),
            ("state mismatch: got \"aN2va7figMfI9JduW5UxaV3u\"", "aN2va7figMfI9JduW5UxaV3u"),
        ],
        innocent: &["csrf token mismatch: expected string got null", "signature mismatch: expected RS256 got HS256"],
    },
    ValueRule {
        id: "xml_key",
        what: "private keys in the XML of .NET",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["rsakeyvalue", "rsaparameters"],
            look: always,
            pattern: r"<(?:D|P|Q|DP|DQ|InverseQ)>\s*([A-Za-z0-9+/=\s]{16,}?)\s*</",
            check: checks::sure,
        },
        secrets: &[("<RSAKeyValue><Modulus>PR5H</Modulus><D>TWuFZuUj3kJWhkZ93BwR/w==</D>", "TWuFZuUj3kJWhkZ93BwR/w==")],
        innocent: &["<RSAKeyValue><Modulus>TWuFZuUj3kJWhkZ93BwR</Modulus><Exponent>AQAB</Exponent></RSAKeyValue>"],
    },
    ValueRule {
        id: "quoted_setting",
        what: "secrets in quotes behind the words of IPsec, PowerShell and SQLite",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["psk", "convertto-securestring", "pragma key", "pragma rekey", "pragma hexkey"],
            look: always,
            pattern: r#"(?i:psk[ \t]+|convertto-securestring(?: -string)? |pragma (?:re|hex)?key ?=? ?)["']([^"'\n]{4,128})["']"#,
            check: is_set,
        },
        secrets: &[
            ("10.0.0.1 %any : PSK \"hunter2\"", "hunter2"),
            ("ConvertTo-SecureString \"hunt er2\" -AsPlainText -Force", "hunt er2"),
            ("PRAGMA key = 'hunter2'", "hunter2"),
        ],
        innocent: &["psk mode \"dhe\"", "PRAGMA key not supported", "ConvertTo-SecureString $plain -AsPlainText"],
    },
    ValueRule {
        id: "pgpass",
        what: "lines of .pgpass",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &[":5432:", ":5433:", ":6432:", ":*:"],
            look: always,
            pattern: r#"(?:\A|[\s"'])[A-Za-z0-9_.*-]+:(?:[0-9]{2,5}|\*):[^:\s]+:[^:\s]+:([^\s:"']+)(?:[\s"']|\z)"#,
            check: is_set,
        },
        secrets: &[
            ("line 1 of \"/root/.pgpass\" ignored: db01:5432:shop:etl:pgP4ss_etl", "pgP4ss_etl"),
            ("x.test:5432:db:kim:hunter2", "hunter2"), ("*:*:*:kim:hunter2", "hunter2")],
        innocent: &["db:5432:5432", "urn:x:*:y", "db:5432:db:kim:****"],
    },
    ValueRule {
        id: "session_file",
        what: "sessions in the names of the files that PHP keeps them in",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["sess_"],
            look: always,
            pattern: r"(?i:sess_)([a-z0-9,-]{22,64})(?:[^a-zA-Z0-9]|\z)",
            check: checks::has_digit,
        },
        secrets: &[("open(/var/lib/php/sessions/sess_kd82mmxqkd82mmxq12abkd82mm) failed", "kd82mmxqkd82mmxq12abkd82mm")],
        innocent: &["sess_count", "sess_abcdefghijklmnopqrstuvwxyz"],
    },
    ValueRule {
        id: "scram_hash",
        what: "what PostgreSQL keeps of passwords",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["scram-sha-"],
            look: always,
            pattern: r"(?i:scram-sha-)(?:1|256|512)\$[0-9]+:([A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+)",
            check: checks::sure,
        },
        secrets: &[("SCRAM-SHA-256$4096:c2FsdA==$Kd82mmXqKd8=:Kd82mmXqKd9=", "c2FsdA==$Kd82mmXqKd8=:Kd82mmXqKd9=")],
        innocent: &["SCRAM-SHA-256 authentication failed"],
    },
    ValueRule {
        id: "windows_hash",
        what: "hashes of the passwords of Windows",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &[":::"],
            look: always,
            pattern: r":\d{1,10}:([0-9A-Fa-f]{32}:[0-9A-Fa-f]{32}):::",
            check: checks::sure,
        },
        secrets: &[(
            "CORP\\svc:1109:aad3b435b51404eeaad3b435b51404ee:fccb4bcaae97ccafaa240f6f059b0dcb:::",
            "aad3b435b51404eeaad3b435b51404ee:fccb4bcaae97ccafaa240f6f059b0dcb",
        )],
        innocent: &["a:::b", ":1109:::"],
    },
    ValueRule {
        id: "chpasswd_list",
        what: "lists of names and passwords for chpasswd",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["chpasswd"],
            look: always,
            pattern: r"(?m)^[ \t]+(?:- )?[a-z_][a-z0-9_-]{0,31}:([^\s:]{4,})[ \t]*$",
            check: is_set,
        },
        secrets: &[("chpasswd:\n  list: |\n    ops:Kcdn~U7MKwx6\n  expire: false\n", "Kcdn~U7MKwx6")],
        innocent: &["chpasswd:\n  expire: false\n", "chpasswd: done"],
    },
    ValueRule {
        id: "sql_login",
        what: "passwords of logins among the arguments of the procedures of SQL Server",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["sp_addlinkedsrvlogin", "sp_addlogin", "sp_setapprole", "sp_addapprole", "sp_password"],
            look: always,
            pattern: r"(?i:sp_addlinkedsrvlogin\s+(?:[^,\n]{1,64},\s*){4}|sp_(?:addlogin|setapprole|addapprole)\s+[^,\n]{1,64},\s*|sp_password\s+[^,\n]{1,64},\s*)(?:@\w+\s*=\s*)?N?'([^'\n]+)'",
            check: is_set,
        },
        secrets: &[
            ("EXEC sp_addlinkedsrvlogin 'SRV2','false',NULL,'linkusr','ukySjcw%ncL5'", "ukySjcw%ncL5"),
            ("EXEC sp_addlogin 'kim', 'hunter2', 'shop'", "hunter2"),
        ],
        innocent: &["EXEC sp_addlinkedsrvlogin 'SRV2','true'", "sp_addlogin is deprecated"],
    },
];

/// Whether what stands in a setting's place is one: no mask, no placeholder, no word of a sentence.
/// No path goes on before the host.
fn is_userinfo(text: &str, range: &Range<usize>) -> bool {
    !text[range.clone()].to_ascii_lowercase().contains("%2f")
}

/// Base64 that is no word.
fn is_base64(text: &str, range: &Range<usize>) -> bool {
    let value = &text[range.clone()];
    let telling = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase() || b"+/=".contains(&byte);
    value.len().is_multiple_of(4) && value.bytes().skip(1).any(telling)
}

/// Random letters and digits, and no words.
fn is_session(text: &str, range: &Range<usize>) -> bool {
    super::super::text::is_random(&text[range.clone()], 20)
}

fn is_set(text: &str, range: &Range<usize>) -> bool {
    let value = &text[range.clone()];
    !is_mask(value) && !is_placeholder(value) && !is_sentence_word(value) && !WORDS.contains(&value)
}

/// Words of messages about settings.
const WORDS: &[&str] = &[
    "authentication",
    "rotation",
    "policy",
    "configuration",
    "prompt",
    "command",
    "expiry",
    "encryption",
    "string",
    "name",
    "mode",
];

/// A word of Redis that a password follows; for `auth` itself, in its own protocol.
fn redis(text: &[u8], hit: Range<usize>) -> bool {
    let behind = &text[hit.end..];
    hit.len() > "auth".len() || behind.starts_with(b"\r\n") || behind.starts_with(b"\\r\\n")
}
