//! What tells who a person is: addresses, numbers and dates, by their form or beside their words.
//!
//! Invariant: a number without a check of its own is PII beside a telling word only.

use super::super::markers::Kind;
use super::numbers::Number;
use super::{Find, ValueRule, checks, looks};

#[rustfmt::skip]
pub const RULES: &[ValueRule] = &[
    ValueRule {
        id: "card",
        what: "numbers of payment cards",
        kind: Kind::Pii,
        find: Find::Number(Number::Card),
        secrets: &[
            ("refund to 4539874505036988 done", "4539874505036988"),
            ("paid 5425 4366 0973 9513 ok", "5425 4366 0973 9513"),
        ],
        innocent: &[
            "ledger 4539000000000001",
            "order 4539874505036988",
            "1790000000000000",
        ],
    },
    ValueRule {
        id: "iban",
        what: "international bank account numbers",
        kind: Kind::Pii,
        find: Find::Number(Number::Iban),
        secrets: &[
            ("payout to DE45779716332479510333 queued", "DE45779716332479510333"),
        ],
        innocent: &[
            "DE45779716332479510334",
            "AT0099",
        ],
    },
    ValueRule {
        id: "ssn_dashed",
        what: "US social security numbers with dashes",
        kind: Kind::Pii,
        find: Find::Number(Number::Ssn),
        secrets: &[
            ("has 219-02-4187 on file", "219-02-4187"),
        ],
        innocent: &[
            "000-12-3456",
            "2026-09-14",
            "1-219-02-4187",
        ],
    },
    ValueRule {
        id: "cpf_dotted",
        what: "Brazilian CPF numbers with dots",
        kind: Kind::Pii,
        find: Find::Number(Number::Cpf),
        secrets: &[
            ("cliente 529.982.247-25 ok", "529.982.247-25"),
        ],
        innocent: &[
            "529.982.247-26",
            "192.168.100.10",
        ],
    },
    ValueRule {
        id: "phone",
        what: "phone numbers in international form, or in that of the US",
        kind: Kind::Pii,
        find: Find::Number(Number::Phone),
        secrets: &[
            ("left voicemail on +49 151 51252968", "+49 151 51252968"),
            ("call (415) 555-0132", "(415) 555-0132"),
        ],
        innocent: &[
            "2026-09-14T08:00:00+02:00",
            "8005550199",
            "+1000 rows",
        ],
    },
    ValueRule {
        id: "email",
        what: "e-mail addresses",
        kind: Kind::Pii,
        find: Find::Whole {
            keywords: &["@", "%40"],
            look: looks::at_or_escaped,
            pattern: r"((?:[A-Za-z0-9]|[\x80-\xff])(?:[A-Za-z0-9._+~-]|[\x80-\xff])*(?:@|%40)(?:(?:[A-Za-z0-9-]|[\x80-\xff])+\.)+[A-Za-z]{2,24})(?:[^A-Za-z0-9_]|\z)",
            check: checks::is_email,
        },
        secrets: &[
            ("bounce for <kim.lee@dev-mail.test>", "kim.lee@dev-mail.test"),
            ("user=kim%40dev.test&a=1", "kim%40dev.test"),
            ("Duplicate entry 'lee@dev.test' for key", "lee@dev.test"),
            ("mail an müller@dev.test.", "müller@dev.test"),
            ("bounce for kim.ferro.19850412@dev.test", "kim.ferro.19850412@dev.test"),
        ],
        innocent: &[
            "git@github.com:org/repo.git",
            "@types/node@1.2.3",
            "logo@2x.png",
            "react-dom@18.2.0",
            "Message-ID: <20260914080000.12345.qmail@dev.test>",
            "https://kim@dev.test/path",
            "root@localhost",
            "App\\Controller@index",
            "actions/checkout@v4",
            "user@10.0.0.5",
            "getty@tty1.service",
            "deploy@web.dev.test:/srv/app",
            "ssh deploy@web-1.dev.test",
            "vite@5.0.0-beta.rc",
            "postgres://app:secret@db.dev.test/x",
        ],
    },
    ValueRule {
        id: "national_phone",
        what: "phone numbers beside their words",
        kind: Kind::Pii,
        find: Find::Near {
            keywords: &["phone", "tel.", "tel:", "tel ", "telefon", "mobile", "mobil:", "mobil ", "cell", "handy", "voicemail", "whatsapp", "sms to", "fax", "call ", "called ", "dial", "reach"],
            look: looks::digits_ahead,
            pattern: r#"(?i:(?:tele)?phone|\btel|telefon|mobile|\bmobil|\bcell|\bhandy|voicemail|whatsapp|\bsms to|\bfax|\bcall|\bcalled|\bdial(?:ed|led|ing)?|\breach(?:ed|able)?)(?i: ?(?:number|no|nr|nummer|phone|me|us|him|her|them|at|on|to|is|was|under|via|from))*[ .:=#"\'-]{1,4}((?:00|0|\()[0-9][0-9 ()./-]{5,18}[0-9]|[2-9][0-9]{2}[ .-][0-9]{3}[ .-][0-9]{4})(?:[^0-9A-Za-z]|\z)"#,
            check: checks::is_phone,
        },
        secrets: &[
            ("phone 0151 51252968 is busy", "0151 51252968"),
            ("call me at 415-555-0132", "415-555-0132"),
            ("Tel.: 030/90182-0", "030/90182-0"),
            ("mobile number: 04946088944", "04946088944"),
        ],
        innocent: &[
            "phone verified at 2026-09-14",
            "Mobile/15E148 Safari/604.1",
            "call 127.0.0.1:8080",
            "called 1200 times",
            "cell 0.25 0.75",
            "dial tcp 10.0.0.5:3306",
            "call 00:12:45",
            "phone 0000000000",
        ],
    },
    ValueRule {
        id: "date_of_birth",
        what: "dates of birth beside their words",
        kind: Kind::Pii,
        find: Find::Near {
            keywords: &["born", "birth", "dob", "geboren", "geb."],
            look: looks::digits_ahead,
            pattern: r#"(?i:\bborn|birth(?:[ _-]?(?:date|day))?|\bdob\b|geboren|\bgeb\.)(?i: ?(?:on|am|is|was|the|date|in))*[ :="\'(]{1,4}((?:19|20)[0-9]{2}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.](?:19|20)?[0-9]{2}|[0-9]{1,2}(?:st|nd|rd|th)?\.? [A-Z][a-z]{2,8}\.?,? (?:19|20)[0-9]{2}|[A-Z][a-z]{2,8} [0-9]{1,2}(?:st|nd|rd|th)?,? (?:19|20)[0-9]{2})(?:[^0-9A-Za-z]|\z)"#,
            check: checks::sure,
        },
        secrets: &[
            ("patient born 1990-04-12 admitted", "1990-04-12"),
            ("DOB: 12/04/1990", "12/04/1990"),
            ("date of birth is 12 April 1990", "12 April 1990"),
        ],
        innocent: &[
            "process born at 2026",
            "birthday mails sent 120",
            "newborn 12.04.1990-rc",
        ],
    },
    ValueRule {
        id: "ssn",
        what: "US social security numbers beside their words",
        kind: Kind::Pii,
        find: Find::Near {
            keywords: &["ssn", "social security"],
            look: looks::digits_ahead,
            pattern: r#"(?i:\bssn|social security)(?i: ?(?:number|no|nr|num|is|was))*[ .:=#"\'-]{1,4}([0-9]{3}[ .]?[0-9]{2}[ .]?[0-9]{4})(?:[^0-9A-Za-z]|\z)"#,
            check: checks::is_ssn,
        },
        secrets: &[
            ("ssn 219024187 given", "219024187"),
            ("social security number: 219 02 4187", "219 02 4187"),
        ],
        innocent: &[
            "ssn 000123456",
            "ssn check took 1200 ms",
        ],
    },
    ValueRule {
        id: "national_id",
        what: "national identity and tax numbers beside their words",
        kind: Kind::Pii,
        find: Find::Near {
            keywords: &["nino", "national insurance", "social insurance", "bsn", "burgerservice", "cpf", "dni", "nif", "nie ", "nie:", "pesel", "aadha", "tfn", "tax file", "nhs", "steuer", "tax id", "personnummer", "codice fiscale", "curp", "national id", "identity number", "identity card", "id card", "insee", "ahv", "oib", "cnp", "pan card"],
            look: looks::digits_ahead,
            pattern: r#"(?i:\bnino|national insurance|social insurance|\bbsn|burgerservicenummer|\bcpf|\bdni|\bnif|\bnie|\bpesel|\baadha+r|\btfn|tax file|\bnhs|steuer-?(?:id|nummer|identifikationsnummer)|tax id|personnummer|codice fiscale|\bcurp|national id(?:entity)?|identity (?:number|card)|\bid card|\binsee|\bahv|\boib|\bcnp|\bpan card)(?i: ?(?:number|no\.?|nr\.?|num|nummer|is|was|card))*[ .:=#"\'-]{1,4}([A-Za-z]{0,2}[ ]?[0-9]{2,}(?:[ .-]?[0-9]+){0,4}(?:[ .-]?[A-Za-z]{1,3})?|[XYZ][0-9]{7}[A-Z]|[A-Z]{6}[0-9]{2}[A-Z][0-9]{2}[A-Z][0-9]{3}[A-Z]|[A-Z]{4}[0-9]{6}[A-Z]{6}[0-9A-Z]{2}|[A-Z]{5}[0-9]{4}[A-Z])(?:[^0-9A-Za-z]|\z)"#,
            check: checks::is_national_id,
        },
        secrets: &[
            ("NINO: QQ123456C", "QQ123456C"),
            ("bsn 111222333 checked", "111222333"),
            ("Aadhaar number 2345 6789 0124", "2345 6789 0124"),
            ("DNI 12345678Z", "12345678Z"),
            ("codice fiscale RSSMRA85T10A562S", "RSSMRA85T10A562S"),
        ],
        innocent: &[
            "nhs request took 1200 ms",
            "nif upload finished in 3 steps",
            "tax id check version 2.1",
            "national id missing for 3 users",
        ],
    },
    ValueRule {
        id: "passport",
        what: "passport and licence numbers beside their words",
        kind: Kind::Pii,
        find: Find::Near {
            keywords: &["passport", "reisepass", "driving licen", "driver licen", "driver's licen", "drivers licen"],
            look: looks::digits_ahead,
            pattern: r#"(?i:passport|reisepass|driv(?:ing|er\'?s?) licen[cs]e)(?i: ?(?:number|no\.?|nr\.?|num|nummer|is|was))*[ .:=#"\'-]{1,4}([A-Z0-9]{0,8}[0-9][A-Z0-9]{4,14})(?:[^0-9A-Za-z-]|\z)"#,
            check: checks::is_document,
        },
        secrets: &[
            ("passport C01X00T47 scanned", "C01X00T47"),
            ("Passport No. 533380006", "533380006"),
        ],
        innocent: &[
            "passport strategy v1200",
            "passport@0.7.0",
            "passport 2 of 3 uploaded in 1200 ms",
        ],
    },
];
