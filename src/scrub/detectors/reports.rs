//! What reports of errors repeat: codes that were compared, commands of a store, lists of headers, keys of wallets.

use super::super::markers::Kind;
use super::looks::always;
use super::{Find, ValueRule, checks};

pub const RULES: &[ValueRule] = &[
    ValueRule {
        id: "otp_mismatch",
        what: "one-time codes in what is said of their comparison",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &[
                "otp mismatch",
                "code mismatch",
                "pin mismatch",
                "otp does not match",
                "code does not match",
                "otp comparison",
                "invalid otp",
                "wrong otp",
            ],
            look: always,
            pattern: r#"(?i)\b(?:expected|got|received|actual|wanted|want|have|provided|entered|given|was)[ :='"]{1,4}([0-9]{4,8})(?:[^0-9A-Za-z.-]|[.](?:[^0-9]|\z)|\z)"#,
            check: checks::sure,
        },
        secrets: &[
            ("OTP mismatch: expected 551032, attempts left: 2", "551032"),
            ("verification code mismatch, received 482913", "482913"),
        ],
        innocent: &[
            "status code mismatch: expected 200 got 502",
            "OTP mismatch: expected 6 digits, got 4",
            "checksum mismatch: expected 551032",
        ],
    },
    ValueRule {
        id: "redis_command",
        what: "passwords in commands of Redis as its clients show them",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["args: [", "args:[", "arguments: ["],
            look: always,
            pattern: r#"(?i)\bname: ?["']auth["'], ?arg(?:ument)?s: ?\[ ?(?:["'][^"'\n]{0,128}["'], ?)?["']([^"'\n]{1,256})["'] ?\]"#,
            check: checks::sure,
        },
        secrets: &[
            ("command: { name: \"AUTH\", args: [ \"r3d1sAuthPw\" ] }", "r3d1sAuthPw"),
            ("{ name: 'auth', args: ['default', 'r3d1sAuthPw'] }", "r3d1sAuthPw"),
        ],
        innocent: &["command: { name: \"GET\", args: [ \"user:7\" ] }"],
    },
    ValueRule {
        id: "raw_headers",
        what: "credentials in a list of headers and their values",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["rawheaders", "raw_headers", "raw headers"],
            look: always,
            pattern: r#"(?i)["'](?:x-[a-z0-9-]{0,40}(?:token|key|secret|auth|session)|cookie|set-cookie|(?:proxy-)?authorization|api-?key)["'], ?["']([^"'\n]{6,2048})["']"#,
            check: checks::sure,
        },
        secrets: &[("rawHeaders: [ 'Accept', '*/*', 'X-Auth-Token', '47a30faaf88dfe3f' ]", "47a30faaf88dfe3f")],
        innocent: &["rawHeaders: [ 'Accept', '*/*', 'X-Request-Id', '47a30faaf88dfe3f' ]"],
    },
    ValueRule {
        id: "wallet_account",
        what: "private keys of wallets in the settings of accounts",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["accounts"],
            look: always,
            pattern: r#"(?i)accounts["']? ?[:=] ?\[ ?["'`]?((?:0x)?[0-9a-f]{64})\b"#,
            check: checks::sure,
        },
        secrets: &[(
            "networks.mainnet = { accounts: [\"0xa752715fd67b5a5a3fda28d5a54666242bba68392a421d47c83b7a242ee870d9\"] }",
            "0xa752715fd67b5a5a3fda28d5a54666242bba68392a421d47c83b7a242ee870d9",
        )],
        innocent: &["accounts: [\"0xa752715fd67b5a5a3fda28d5a54666242bba6839\"]"],
    },
    ValueRule {
        id: "recovery_codes",
        what: "recovery codes in a list behind their words",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["recovery codes", "backup codes", "scratch codes"],
            look: always,
            pattern: r#"(?i)(?:recovery|backup|scratch) codes[^\n:\[]{0,40}(?:: ?\[?|\[) ?["']?([0-9a-z]{3,10}-[0-9a-z]{3,10}["']?(?:, ?["']?[0-9a-z]{3,10}-[0-9a-z]{3,10}["']?){1,19})"#,
            check: checks::has_digit,
        },
        secrets: &[("Recovery codes regenerated: [\"8f3a-91cd\",\"b72e-40fa\"]", "8f3a-91cd\",\"b72e-40fa\"")],
        innocent: &["recovery codes: not-yet, to-come", "backup codes regenerated: 10"],
    },
];
