//! Tokens and keys that show by a mark inside of them.

use super::super::markers::Kind;
use super::{Find, ValueRule, checks, http, looks};

#[rustfmt::skip]
pub const RULES: &[ValueRule] = &[
    ValueRule {
        id: "private_key_der",
        what: "private keys in base64 without armour, and with the armour in base64 itself",
        kind: Kind::Secret,
        find: Find::Whole {
            // What the structures of keys begin with: a version, an algorithm, a name.
            keywords: &[
                "ibaak", "ibadanbgkq", "ageambmgbyqgsm49", "ageambagbyqgsm49", "mhccaqeei", "mhqcaqeei", "migkagebbd", "mihcagebbei",
                "mc4caqawbqydk2v", "mfecaqewbqydk2v", "b3blbnnzac1rzxkt", "ls0tls1crudjtibqukl", "ls0tls1crudjtibsu0egufj", "ls0tls1crudjtibfqybqukl",
                "ls0tls1crudjtibpuevou1nifb", "ls0tls1crudjtibqr1agufj", "ls0tls1crudjtibeu0egufj", "ls0tls1crudjtibftkns",
            ],
            look: looks::long_around,
            pattern: r#"(?:\A|[^A-Za-z0-9+/]|\\[nrt])((?:MII[BCEJ][A-Za-z0-9+/]{2}IBA(?:AK|DANBgkq)|MIG[2EH]AgEAMB[AM]GByqGSM49|MHcCAQEEI|MHQCAQEEI|MIGkAgEBBD|MIHcAgEBBEI|MC4CAQAwBQYDK2V|MFECAQEwBQYDK2V|b3BlbnNzaC1rZXkt|LS0tLS1CRUdJTi(?:BQUkl|BSU0EgUFJ|BFQyBQUkl|BPUEVOU1NIFB|BQR1AgUFJ|BEU0EgUFJ|BFTkNS))[A-Za-z0-9+/_-]{16,}(?:(?:[\s"'+,]|\\[nrt]|\\){1,40}(?:[A-Za-z0-9+/_-]{24,}|[A-Za-z0-9+/_-]{2,64}=))*={0,2})"#,
            check: checks::sure,
        },
        secrets: &[
            ("key: MIIEpAIBAAKCAQEAN9zHYIa4UOrGNATMuDJawTgsu8PO+799nKSNrh9UCauSDmLh\nuVtcqcYezdZ/tDDj8hYs5suKcNd8Zra9A9sKPxZ9W3qLy7zKUVQDT7S8sTQCBNR3\nYbDgbleph1QHt61QTC4XATWS8PHp9N== ends", "MIIEpAIBAAKCAQEAN9zHYIa4UOrGNATMuDJawTgsu8PO+799nKSNrh9UCauSDmLh\nuVtcqcYezdZ/tDDj8hYs5suKcNd8Zra9A9sKPxZ9W3qLy7zKUVQDT7S8sTQCBNR3\nYbDgbleph1QHt61QTC4XATWS8PHp9N=="),
            ("sent MHcCAQEEIHfYjFM5DI4pZj59fhZ5R1Py4oJe2JbmPTuSgR7cMy+UcU3zr1ZtoLuC to it", "MHcCAQEEIHfYjFM5DI4pZj59fhZ5R1Py4oJe2JbmPTuSgR7cMy+UcU3zr1ZtoLuC"),
            ("sent MIIEvQIBADANBgkqhkiG9w0BAQEFAASCr64CxqlIOdNKhiFXiQ2hzT/pLjHX2JiC to it", "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCr64CxqlIOdNKhiFXiQ2hzT/pLjHX2JiC"),
            ("sent b3BlbnNzaC1rZXktdjEAAAAALhKcIhP6Br1iQFeOUhGXZnnal5WisCgEBCY8f5N3/ynbdr", "b3BlbnNzaC1rZXktdjEAAAAALhKcIhP6Br1iQFeOUhGXZnnal5WisCgEBCY8f5N3/ynbdr"),
            ("('LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFWS0tLS0tZRzsGQBJg3UHKwkflF6XUi5AhuqpfEnbtXAqwK8jZfALhLSzFyCmmdKTxp/T')", "LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFWS0tLS0tZRzsGQBJg3UHKwkflF6XUi5AhuqpfEnbtXAqwK8jZfALhLSzFyCmmdKTxp/T"),
        ],
        innocent: &[
            "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAkSF2RCdKDFRuNw5GCf+hA6ILI8gJhead6/wJ9kFZ",
            "see MIIEpAIBAAK there",
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ",
        ],
    },
    ValueRule {
        id: "deepl",
        what: "DeepL keys",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &[":fx"],
            look: |text, hit| text[..hit.start].iter().rev().take(12).filter(|byte| byte.is_ascii_hexdigit()).count() == 12,
            pattern: r"(?:\A|[^0-9A-Za-z])([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}:fx)(?:[^0-9A-Za-z]|\z)",
            check: checks::has_digit,
        },
        secrets: &[("sent a4c123b1-612d-d272-d137-1c17149d4395:fx to it", "a4c123b1-612d-d272-d137-1c17149d4395:fx")],
        innocent: &["a4c123b1-612d-d272-d137-1c17149d4395", "a4c123b1-612d-d272-d137-1c17149d4395:fxoo", "effects:fx"],
    },
    ValueRule {
        id: "rapid_api",
        what: "RapidAPI keys",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["msh"],
            look: |text, hit| text[..hit.start].iter().rev().take(10).filter(|byte| byte.is_ascii_alphanumeric()).count() == 10,
            pattern: r"(?:\A|[^0-9A-Za-z])([0-9A-Za-z]{10}msh[0-9A-Za-z]{15}p1[0-9A-Za-z]{6}jsn[0-9A-Za-z]{12})(?:[^0-9A-Za-z]|\z)",
            check: checks::has_digit,
        },
        secrets: &[("x-rapidapi-host: a, 36b3216fdamsheeb975729fae923p1d5a4fdjsn12aabfe228f2 to it", "36b3216fdamsheeb975729fae923p1d5a4fdjsn12aabfe228f2")],
        innocent: &["36b3216fdamsheeb9757", "ssmsh", "z36b3216fdamsheeb975729fae923p1d5a4fdjsn12aabfe228f2"],
    },
    ValueRule {
        id: "rancher",
        what: "Rancher tokens",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["token-", "kubeconfig-"],
            look: |text, hit| text[hit.end..].iter().take(80).any(|byte| *byte == b':'),
            pattern: r"(?:token|kubeconfig-(?:u|user))-[a-z0-9]{5,40}(?:\.[a-z0-9-]{1,40})?:([a-z0-9]{54})(?:[^0-9A-Za-z]|\z)",
            check: checks::has_digit,
        },
        secrets: &[("bearer is token-bxwju:x49sm5q4pbsphzftcj7mg6kqqtdhsqwlg9rwl5rp4qkgdhgk4kbt9x, refused", "x49sm5q4pbsphzftcj7mg6kqqtdhsqwlg9rwl5rp4qkgdhgk4kbt9x")],
        innocent: &["token-abcde: expired", "token-bxwju:x49sm5q4pbsphzftcj"],
    },
    ValueRule {
        id: "max_mind",
        what: "MaxMind licence keys",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["_mmk"],
            look: looks::always,
            pattern: r"(?:\A|[^0-9A-Za-z])([0-9A-Za-z]{6}_[0-9A-Za-z_]{29}_mmk)(?:[^0-9A-Za-z]|\z)",
            check: checks::has_digit,
        },
        secrets: &[("sent 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 to it", "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")],
        innocent: &["see LQSAJa_iX_mmk there", "zLQSAJa_iXnkU8Is2g8nprvDd53x83rzjZZZZ_mmk"],
    },
    ValueRule {
        id: "bundler",
        what: "credentials of Bundler for the hosts of gems",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["bundle_"],
            look: looks::always,
            pattern: r#"(?i:bundle_[a-z0-9_]{1,64}__[a-z0-9_]{1,32})["']?[\t ]{0,4}[:=]{1,3}[\t ]{0,4}["']?([0-9A-Za-z_.-]{2,64}:[^\s"'/]{4,128})"#,
            check: checks::sure,
        },
        secrets: &[("BUNDLE_GEMS__CORP__TEST=0f3a9b1c:5e77d02b", "0f3a9b1c:5e77d02b")],
        innocent: &["BUNDLE_PATH=/usr/local/bundle", "BUNDLE_GEMS__CORP__TEST=", "BUNDLE_MIRROR__HTTPS=https://gems.test"],
    },
    ValueRule {
        id: "encoded_secret",
        what: "forms, settings, URLs and objects in base64 that hold a secret",
        kind: Kind::Secret,
        find: Find::Whole {
            // How each begins that may hold one.
            keywords: &[
                "cg9zdgdyzx", "bxlzcww6ly", "bxlzcwxpoi8v", "cmvkaxm6ly", "cmvkaxnzoi8v", "bw9uz29ky", "yw1xcdovl",
                "yw1xchm6ly", "c210cdovl", "znrwoi8v", "z3jhbnrfdhlwzt", "y2xpzw50x2lkp", "y2xpzw50x3nly3jldd",
                "cgfzc3dvcmq9", "dxnlcm5hbwu9", "zw1haww9", "eyjwyxnzd29yzc", "eyj1c2vybmftzs", "eyj1c2vyi", "eyjlbwfpbc",
                "eyjsb2dpbi", "eyjjbgllbnrfawqi", "eyjncmfudf90exbli", "eyj0b2tlbi", "eyjzzwnyzxqi", "eyjhcglfa2v5i",
                "eyjhdxrocy", "rejfueftu1dpukq9",
            ],
            look: looks::always,
            pattern: r"(?:\A|[^A-Za-z0-9+/_.-])((?:cG9zdGdyZX|bXlzcWw6Ly|bXlzcWxpOi8v|cmVkaXM6Ly|cmVkaXNzOi8v|bW9uZ29kY|YW1xcDovL|YW1xcHM6Ly|c210cDovL|ZnRwOi8v|Z3JhbnRfdHlwZT|Y2xpZW50X2lkP|Y2xpZW50X3NlY3JldD|cGFzc3dvcmQ9|dXNlcm5hbWU9|ZW1haWw9|eyJwYXNzd29yZC|eyJ1c2VybmFtZS|eyJ1c2VyI|eyJlbWFpbC|eyJsb2dpbi|eyJjbGllbnRfaWQi|eyJncmFudF90eXBlI|eyJ0b2tlbi|eyJzZWNyZXQi|eyJhcGlfa2V5I|eyJhdXRocy|REJfUEFTU1dPUkQ9)[A-Za-z0-9+/_-]{6,4096}={0,2})(?:[^A-Za-z0-9+/=_.-]|\z)",
            check: http::decodes_to_secret,
        },
        secrets: &[
            ("DATABASE_URL: cG9zdGdyZXM6Ly9hcHA6ZGJsLUVuYzBkZWRAcGcvYXBw", "cG9zdGdyZXM6Ly9hcHA6ZGJsLUVuYzBkZWRAcGcvYXBw"),
            ("body Y2xpZW50X3NlY3JldD1HT0NTUFgtYTFiMmMzZDQ= sent", "Y2xpZW50X3NlY3JldD1HT0NTUFgtYTFiMmMzZDQ="),
            ("eyJ1c2VyIjoia2ltIiwicGFzc3dvcmQiOiJodW50M3IyIn0=", "eyJ1c2VyIjoia2ltIiwicGFzc3dvcmQiOiJodW50M3IyIn0="),
        ],
        innocent: &["cG9zdGdyZXM6Ly9wZy5kZXYudGVzdC9hcHA=", "eyJ1c2VyIjo0MiwicGFnZSI6Mywic29ydCI6Im5hbWUifQ=="],
    },
];
