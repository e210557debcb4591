//! What tells who a person is: addresses, numbers and dates, by their form or beside their words.
//!
//! Invariant: a number without a check of its own is PII beside a telling word only.

use super::super::markers::Kind;
use super::numbers::{self, Number};
use super::{Find, ValueRule, checks, labels, looks, records};

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
            keywords: &["@", "%40", "&#64;", "&#x40;", "&commat;"],
            look: looks::at_or_escaped,
            pattern: r"((?:[A-Za-z0-9]|[\xc2-\xd4][\x80-\xbf])(?:[A-Za-z0-9._+~-]|[\xc2-\xd4][\x80-\xbf])*(?:@|%40|&#64;|&#[xX]40;|&commat;)(?:(?:[A-Za-z0-9-]|[\x80-\xff])+\.)+[A-Za-z]{2,24})(?:[^A-Za-z0-9]|\z)",
            check: checks::is_email,
        },
        secrets: &[
            ("bounce for <kim.lee@dev-mail.test>", "kim.lee@dev-mail.test"),
            ("user=kim%40dev.test&a=1", "kim%40dev.test"),
            ("Duplicate entry 'lee@dev.test' for key", "lee@dev.test"),
            ("mail an müller@dev.test.", "müller@dev.test"),
            ("このアドレスkim@dev.testは既に", "kim@dev.test"),
            ("<p>lee&#64;dev.test</p>", "lee&#64;dev.test"),
            ("export_lee@dev.test_20260812.zip", "export_lee@dev.test"),
            ("ftp://lee%40dev.test@ftp.example/in", "lee%40dev.test"),
            ("bounce for kim.ferro.19850412@dev.test", "kim.ferro.19850412@dev.test"),
            ("bounce for kim14706349281276451552@dev.test", "kim14706349281276451552@dev.test"),
        ],
        innocent: &[
            "git@github.com:org/repo.git",
            "@types/node@1.2.3",
            "logo@2x.png",
            "react-dom@18.2.0",
            "Message-ID: <20260914080000.12345.qmail@dev.test>",
            "<CAF0k9Qx7mPz+81TtR3=vb2c_hV0dK5a9QeW@mail.dev.test>",
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
        id: "display_name",
        what: "names before the addresses of mails",
        kind: Kind::Pii,
        find: Find::Whole {
            keywords: &["@"],
            look: looks::mailbox,
            pattern: r#"(?:\A|[":,;>\[ ]|\\")((?:[A-Za-z]|[\xc3-\xd4][\x80-\xbf])[^"<>@:;,\n\\]{2,63}?)(?:\\?")? ?<[A-Za-z0-9._%+-]{1,64}@"#,
            check: checks::is_full_name,
        },
        secrets: &[
            ("To: \"Annika Berg\" <annika.berg@dev.test>", "Annika Berg"),
            ("Ulrike Sander <us@dev.test>", "Ulrike Sander"),
        ],
        innocent: &["Shop <noreply@dev.test:25/x>", "postgres://x <at> y", "bounce for <kim>"],
    },
    ValueRule {
        id: "paired_phone",
        what: "phone numbers in pairs of digits, as in France, and with the zeros of international calls",
        kind: Kind::Pii,
        find: Find::Code {
            // Any digit may be part of one; the glance sees the whole of it.
            keywords: &["01", "02", "03", "04", "05", "06", "07", "09", "00"],
            look: looks::paired_digits,
            next: numbers::next_paired_phone,
        },
        secrets: &[
            ("c'est le 06 47 81 35 92, merci", "06 47 81 35 92"),
            ("Customer on 06-38 41 72 05, please", "06-38 41 72 05"),
            ("rappelez le 0041 78 604 29 17 svp", "0041 78 604 29 17"),
        ],
        innocent: &["at 07-12 08:00:00", "01.02.2026 03:04", "0041786042917", "01-02-03-04-05-06", "06 47 81", "50 4b 03 04 14 00 08 08  08 00"],
    },
    ValueRule {
        id: "titled_name",
        what: "first and last names behind a form of address",
        kind: Kind::Pii,
        find: Find::Near {
            keywords: &["herr ", "herrn ", "frau ", "mr ", "mr. ", "mrs ", "mrs. ", "ms. ", "monsieur ", "madame ", "mme ", "señor ", "señora ", "signor ", "signora ", "mevrouw ", "mijnheer "],
            look: looks::capital_ahead,
            pattern: r"(?i:herrn?|frau|mr\.?|mrs\.?|ms\.?|monsieur|madame|mme|señora?|signora?|mevrouw|mijnheer) ((?:[A-Z]|\xc3[\x80-\x9e]|\xc5[\x80-\xbf])[a-z\x80-\xff']+(?:[ -](?:[A-Z]|\xc3[\x80-\x9e])[a-z\x80-\xff']+){1,2})",
            check: checks::is_full_name,
        },
        secrets: &[
            ("Kunde Herr Wendelin Obermoser ruft an", "Wendelin Obermoser"),
            ("Frau Jolanda Zgraggen, Tel.", "Jolanda Zgraggen"),
        ],
        innocent: &["Herr der Ringe", "Frau mit Hut", "mr bean", "MR 4711 merged"],
    },
    ValueRule {
        id: "name_before_contact",
        what: "names before the phone or the mail address of the person",
        kind: Kind::Pii,
        find: Find::Whole {
            keywords: &[", +", "@"],
            look: looks::contact,
            pattern: r"(?:\A|[:;,(] |\bfrom |\bby |\bfor )((?:[A-Z]|\xc3[\x80-\x9e]|\xc5[\x80-\xbf])[a-z\x80-\xff']+(?:[ -](?:[A-Z]|\xc3[\x80-\x9e])[a-z\x80-\xff']+){1,2}),? \(?(?:\+[0-9]{1,3}[0-9 -]{6}|[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+\.)",
            check: checks::is_full_name,
        },
        secrets: &[
            ("Lost item: Marisol Etxeberria, +34 655 218 947", "Marisol Etxeberria"),
            ("opened by Kim Okafor (k.okafor@dev.test)", "Kim Okafor"),
        ],
        innocent: &["Orders: Total Revenue, +12.5 since", "sent to a@dev.test"],
    },
    ValueRule {
        id: "spelled_email",
        what: "mail addresses that are spelled to hide them from machines",
        kind: Kind::Pii,
        find: Find::Whole {
            keywords: &["[at]", "(at)"],
            look: looks::always,
            pattern: r"([A-Za-z0-9._+-]{2,64} ?(?:\[at\]|\(at\)) ?[A-Za-z0-9-]+(?: ?(?:\[dot\]|\(dot\)|\.) ?[A-Za-z0-9-]{2,24}){1,4})",
            check: checks::sure,
        },
        secrets: &[("reach me at fenna.dijkstra [at] kpnmail [dot] nl after", "fenna.dijkstra [at] kpnmail [dot] nl")],
        innocent: &["index [at] 4", "x (at) y"],
    },
    ValueRule {
        id: "salutation",
        what: "names behind a salutation",
        kind: Kind::Pii,
        find: Find::Near {
            keywords: &["hallo herr", "hallo frau", "guten tag herr", "guten tag frau", "lieber herr", "liebe frau", "beste meneer", "beste mevrouw", "bonjour monsieur", "bonjour madame", "buongiorno signor", "hola señor", "hello mr", "hello mrs", "hello ms", "hi mr", "hi mrs", "hi ms", "geehrter herr", "geehrte frau", "dear mr", "dear mrs", "dear ms", "dear dr", "geachte heer", "geachte mevrouw", "gentile sig", "egregio sig", "cher monsieur", "chère madame", "estimado sr", "estimada sra", "estimado señor", "estimada señora", "szanowny panie", "szanowna pani"],
            look: looks::always,
            pattern: r"(?i:(?:hallo|guten tag) (?:herr|frau)|lieber herr|liebe frau|beste (?:meneer|mevrouw)|bonjour (?:monsieur|madame)|buongiorno signora?|hola se\xc3\xb1ora?|(?:hello|hi) (?:mrs?|ms)\b\.?|geehrter herr|geehrte frau|dear (?:mr|mrs|ms|dr)\b\.?|geachte (?:heer|mevrouw)|(?:gentile|egregio) sig(?:nora?|\.ra|\.)?|cher monsieur|chère madame|estimado se\xc3\xb1or|estimada se\xc3\xb1ora|estimado sr\.?|estimada sra\.?|szanown[ya] pani?e?)(?: (?:Dr|Prof)\.)* ((?:[A-Z]|\xc3[\x80-\x9e]|\xc5[\x80-\xbf])[a-z\x80-\xff']+(?:[ -](?:[A-Z]|\xc3[\x80-\x9e])[a-z\x80-\xff']+){0,3})",
            check: checks::sure,
        },
        secrets: &[
            ("Sehr geehrter Herr Achleitner, Ihre Bestellung", "Achleitner"),
            ("Dear Mrs. Okafor-Lind, your parcel", "Okafor-Lind"),
        ],
        innocent: &["Dear customer, your order", "Sehr geehrte Frau, Ihre", "dear msgs queue"],
    },
    ValueRule {
        id: "saml_attribute",
        what: "names, addresses and numbers of people among the attributes of SAML",
        kind: Kind::Pii,
        find: Find::Whole {
            keywords: &["attributevalue"],
            look: looks::always,
            pattern: r#"(?i:\bname=\\?"(?:[^"<>]{0,128}[^a-z"<>])?(?:givenname|given_name|firstname|surname|sn|lastname|familyname|family_name|cn|commonname|displayname|fullname|telephonenumber|mobile|street|streetaddress|postaladdress|dateofbirth|birthdate)\\?"[^<>]{0,256}>\s*<(?:[a-z0-9]+:)?attributevalue[^<>]{0,256}>)([^<>]{1,128})</"#,
            check: checks::sure,
        },
        secrets: &[(
            "<Attribute Name=\"sn\"><saml:AttributeValue>Lefebvre-Roy</saml:AttributeValue>",
            "Lefebvre-Roy",
        )],
        innocent: &["<Attribute Name=\"role\"><AttributeValue>staff</AttributeValue>"],
    },
    ValueRule {
        id: "street",
        what: "streets with the number of a house in sentences",
        kind: Kind::Pii,
        find: Find::Whole {
            keywords: &[
                " gasse", " weg ", " allee ", "weg ", "laan ", "plein ", "singel ", "gatan ", "vägen ", "damm ", "vej ", "veien ", " street", " avenue", " drive", " road", " lane", " boulevard", " court", " terrace", " blvd", "straße", "strasse", "str.", "gasse", "allee", " rue ", "straat",
                "gracht", "calle ", "via ", " apt ", " apt. ", " suite ", " unit ",
            ],
            look: looks::house,
            pattern: r"(?:\A|[^A-Za-z0-9./-])([1-9][0-9]{0,4}[A-Za-z]? (?:[NSEW]\.? )?(?:[A-Z][a-z']{2,20} ){1,3}(?:Street|Avenue|Drive|Road|Lane|Boulevard|Court|Terrace|Blvd)\b|[1-9][0-9]{1,4}[A-Za-z]? (?:[NSEW]\.? )?(?:[A-Z][a-z']{2,20} ){1,3}(?:Rd|Ave|St|Ln|Dr|Ct|Pl|Pkwy|Way)\.?,? (?:Apt|Suite|Unit)\.? [0-9A-Za-z-]{1,6}|[1-9][0-9]{0,3}(?: bis| ter)?,? rue (?:(?:de|du|des|la|le|les) |(?:de )?l')*[A-Z][a-z\x80-\xff'-]+(?: [A-Z][a-z\x80-\xff'-]+)?|[A-Z\xc3][A-Za-z\x80-\xbf\xc3-]{2,30}(?:stra\xc3\x9fe|strasse|str\.|gasse|allee|straat|gracht|weg|laan|plein|singel|gatan|v\xc3\xa4gen|damm|vej|veien) [1-9][0-9]{0,3}[a-z]?|(?:[A-Z][a-z\x80-\xff]{2,20} ){1,2}(?:Gasse|Weg|Allee|Stra\xc3\x9fe) [1-9][0-9]{0,3}[a-z]?|(?:Calle|Via) (?:(?:de|del|della|di|la|las|los) )*[A-Z][a-z\x80-\xff]+(?: [A-Z][a-z\x80-\xff]+)?,? [1-9][0-9]{0,3})(?:[^A-Za-z0-9]|\z)",
            check: checks::is_street,
        },
        secrets: &[
            ("failed for 1847 Maple Ridge Drive: unit", "1847 Maple Ridge Drive"),
            ("failed for 742 Maple Grove Rd, Apt 5B - ZIP", "742 Maple Grove Rd, Apt 5B"),
            ("Lieferung an Hauptstraße 12a, Ulm", "Hauptstraße 12a"),
            ("livré au 12 rue de la Paix, Paris", "12 rue de la Paix"),
            ("naar Keizersgracht 123 gebracht", "Keizersgracht 123"),
            ("bitte an Lange Gasse 4, 89073 Ulm", "Lange Gasse 4"),
            ("Storgatan 14, 111 23 Stockholm", "Storgatan 14"),
            ("entrega en Calle Mayor 12, bajo", "Calle Mayor 12"),
        ],
        innocent: &["404 Not Found via GET", "on Drive C", "3 new roads", "Hinweg 12 Minuten", "street view 12", "via Fastly 12 ms"],
    },
    ValueRule {
        id: "dialled_phone",
        what: "phone numbers in links and in what telephone systems write",
        kind: Kind::Pii,
        find: Find::Near {
            keywords: &["wa.me", "whatsapp.com", "callerid(", "tel:", "callto:", "sip:", "sips:"],
            look: looks::digit_ahead,
            pattern: r"(?i:\bwa\.me/|api\.whatsapp\.com/send\?phone=|callerid\((?:num|all|ani)\)=|\btel:|\bcallto:|\bsips?:)(?:%2B|\+)?([0-9][0-9().-]{5,18}[0-9])(?:[^0-9A-Za-z]|\z)",
            check: checks::sure,
        },
        secrets: &[
            ("https://wa.me/31648219055?text=Hi", "31648219055"),
            ("Set(\"CALLERID(num)=0205550173\") in", "0205550173"),
            ("From: <sip:0205550173@pbx.dev.test>", "0205550173"),
            ("tel:555-0173-22", "555-0173-22"),
        ],
        innocent: &["wa.me/message", "hotel:12345678", "sip:1001@pbx.dev.test", "tel:112"],
    },
    ValueRule {
        id: "national_phone",
        what: "phone numbers beside their words",
        kind: Kind::Pii,
        find: Find::Code { keywords: labels::PHONE_WORDS, look: looks::label, next: labels::next_phone },
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
        find: Find::Code { keywords: labels::BIRTH_WORDS, look: looks::label, next: labels::next_birth },
        secrets: &[
            ("patient born 1990-04-12 admitted", "1990-04-12"),
            ("DOB: 12/04/1990", "12/04/1990"),
            ("date of birth is 12 April 1990", "12 April 1990"),
            ("nata il 4 luglio 1961 a Prato", "4 luglio 1961"),
            ("ur. 11.03.1979, pilne", "11.03.1979"),
        ],
        innocent: &[
            "process born at 2026",
            "birthday mails sent 120",
            "newborn 12.04.1990-rc",
        ],
    },
    ValueRule {
        id: "national_id",
        what: "national identity and tax numbers beside their words",
        kind: Kind::Pii,
        find: Find::Code { keywords: labels::NATIONAL_WORDS, look: looks::label, next: labels::next_national_id },
        secrets: &[
            ("NINO: QQ123456C", "QQ123456C"),
            ("bsn 111222333 checked", "111222333"),
            ("Aadhaar number 2345 6789 0124", "2345 6789 0124"),
            ("DNI 12345678Z", "12345678Z"),
            ("codice fiscale RSSMRA85T10A562S", "RSSMRA85T10A562S"),
            ("ssn 219024187 given", "219024187"),
            ("social security number: 219 02 4187", "219 02 4187"),
            ("henkilötunnus 231195-793T ei löydy", "231195-793T"),
            ("RUT 20746232-2 receptor", "20746232-2"),
        ],
        innocent: &[
            "nhs request took 1200 ms",
            "nif upload finished in 3 steps",
            "tax id check version 2.1",
            "national id missing for 3 users",
            "ssn 000123456",
            "ssn check took 1200 ms",
            "run 20746233 of 12",
        ],
    },
    ValueRule {
        id: "passport",
        what: "numbers of passports, licences and identity cards beside their words",
        kind: Kind::Pii,
        find: Find::Code { keywords: labels::DOCUMENT_WORDS, look: looks::label, next: labels::next_document },
        secrets: &[
            ("passport C01X00T47 scanned", "C01X00T47"),
            ("Passport No. 533380006", "533380006"),
            ("permis de conduire n° 217756404689", "217756404689"),
        ],
        innocent: &[
            "passport strategy v1200",
            "passport@0.7.0",
            "passport 2 of 3 uploaded in 1200 ms",
        ],
    },
    ValueRule {
        id: "bank_account",
        what: "bank account numbers beside their words",
        kind: Kind::Pii,
        find: Find::Code { keywords: labels::ACCOUNT_WORDS, look: looks::label, next: labels::next_account },
        secrets: &[
            ("account no 15864104, reason", "15864104"),
            ("Kontonummer 1905776695, BLZ 37040044", "1905776695"),
        ],
        innocent: &[
            "account number missing in 3 of 1200 rows",
            "rekening 2026-09-14",
        ],
    },
    ValueRule {
        id: "card_beside_words",
        what: "numbers of payment cards beside their words",
        kind: Kind::Pii,
        find: Find::Code { keywords: labels::CARD_WORDS, look: looks::label, next: labels::next_card },
        secrets: &[
            ("Maestro-kaart 675937878197488618 geweigerd", "675937878197488618"),
        ],
        innocent: &[
            "card 675937878197488619",
            "card 4711 of 4712",
        ],
    },
    ValueRule {
        id: "person_record",
        what: "names, births and addresses in HL7 and EDIFACT",
        kind: Kind::Pii,
        find: Find::Code { keywords: records::SEGMENT_WORDS, look: looks::always, next: records::next_field },
        secrets: &[
            ("PID|1||88120^^^KIS^PI||KOLBE^ANNIKA", "KOLBE^ANNIKA"),
        ],
        innocent: &[
            "RAPID|1||2||a",
            "PID|1|2",
        ],
    },
    ValueRule {
        id: "vcard",
        what: "names and addresses in vCards",
        kind: Kind::Pii,
        find: Find::Code { keywords: records::VCARD_WORDS, look: looks::line_start, next: records::next_vcard },
        secrets: &[
            ("BEGIN:VCARD\nN:Zimmermann;Adelheid;;Dr.;\nEND:VCARD", "Zimmermann;Adelheid;;Dr.;"),
        ],
        innocent: &[
            "version: 1; n: 2; m: 3",
            "N: 5",
        ],
    },
    ValueRule {
        id: "vcard_name",
        what: "formatted names in vCards",
        kind: Kind::Pii,
        find: Find::Whole {
            keywords: &["begin:vcard"],
            look: looks::always,
            pattern: r"(?:\n|\\n|\r)(?:FN|NICKNAME)(?:;[^:\r\n\\]{0,40})?:([^\r\n\\]{2,120})",
            check: checks::sure,
        },
        secrets: &[("BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Piotr Zielinski\r\nEND:VCARD", "Piotr Zielinski")],
        innocent: &["BEGIN:VCARD\nVERSION:3.0\nEND:VCARD"],
    },
    ValueRule {
        id: "mrz",
        what: "lines of passports that machines read",
        kind: Kind::Pii,
        find: Find::Code { keywords: records::MRZ_WORDS, look: looks::always, next: records::next_mrz },
        secrets: &[
            ("HG2Z3FC0R9D<<8703145F3105227<<<<<<<<<<<<<<<8", "HG2Z3FC0R9D<<8703145F3105227<<<<<<<<<<<<<<<8"),
        ],
        innocent: &[
            "<<<<<<< HEAD",
            "cat <<EOF",
        ],
    },
    ValueRule {
        id: "directory_name",
        what: "names of people in a directory",
        kind: Kind::Pii,
        find: Find::Whole {
            keywords: &["ou=", "cn=users"],
            look: looks::always,
            pattern: r#"(?i:cn=)([^,=\n"\\<>]{4,60}),[ ]?(?i:ou=[^,=\n"]{0,32}(?:people|users|staff|employees|persons?|personen|mitarbeiter)|cn=users)"#,
            check: checks::is_full_name,
        },
        secrets: &[
            ("bind cn=Kim Lee,ou=people,dc=dev", "Kim Lee"),
            ("CN=Lee\u{fc} Kim,OU=Branch Users,DC=dev", "Lee\u{fc} Kim"),
        ],
        innocent: &[
            "CN=Domain Admins,CN=Users,DC=dev",
            "cn=readers,ou=people,dc=dev",
            "CN=example.com,O=Example Ltd",
        ],
    },
];
