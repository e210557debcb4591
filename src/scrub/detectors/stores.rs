//! Sessions under the keys of stores, what the stripes of cards hold, people in entries of directories, and people who say who
//! they are.

use std::ops::Range;

use super::super::markers::Kind;
use super::super::text;
use super::{Find, ValueRule, checks, looks};

#[rustfmt::skip]
pub const RULES: &[ValueRule] = &[
    ValueRule {
        id: "session_store",
        what: "ids of sessions in the keys of the stores that keep them",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["spring:session:", "phpredis_session:", "laravel_session", "laravel_cache", "laravel_database", "sessions.cache", "sessions.cached_db", "sess.key.", "sess:", "session:", "sessions:"],
            look: looks::long_id,
            pattern: r#"(?i:spring:session:(?:[a-z0-9_.-]{1,40}:)?sessions:(?:expires:)?|phpredis_session:|laravel_(?:session|cache|database)[a-z_]{0,24}:|sessions\.cache(?:d_db)?\.?|sess\.key\.|sess(?:ion)?s?:(?:[0-9]::|v[0-9]:|id:|user:|web:|http:)?)([A-Za-z0-9][A-Za-z0-9_-]{19,127})(?:[^A-Za-z0-9_.-]|\.[^A-Za-z0-9]|\z)"#,
            check: is_session,
        },
        secrets: &[
            ("GET spring:session:sessions:cdfac34a-e637-450d-bd4f-c1e97f6a7158", "cdfac34a-e637-450d-bd4f-c1e97f6a7158"),
            ("DEL connect:sess:kd82mmxqKd82mmXq12Abkd82mm", "kd82mmxqKd82mmXq12Abkd82mm"),
            ("laravel_cache_:kd82mmxqKd82mmXq12Abkd82mmkd82mmxqKd82mm hit", "kd82mmxqKd82mmXq12Abkd82mmkd82mmxqKd82mm"),
            ("django.contrib.sessions.cachea8kd82mmxq12abkd82mm9x0c4v1abcd9", "a8kd82mmxq12abkd82mm9x0c4v1abcd9"),
            ("memc.sess.key.2kd82mmxq12abkd82mm9x0c4v1", "2kd82mmxq12abkd82mm9x0c4v1"),
            ("rack:session:2::3f5kd82mmxq12abkd82mm9x0c4v1abcd", "3f5kd82mmxq12abkd82mm9x0c4v1abcd"),
        ],
        innocent: &[
            "spring:session:expirations:1727900000000",
            "session:timeout:of-the-default-settings-group",
            "django.contrib.sessions.cache_db is used",
            "laravel_cache:cddfd25e0a44781b8a386346fa74302f8434d995",
            "possess:cdfac34a-e637-450d-bd4f-c1e97f6a7158",
        ],
    },
    ValueRule {
        id: "session_row",
        what: "ids of sessions in the statements that look for them",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["session"],
            look: looks::long_id,
            pattern: r#"(?i:(?:from|into|update) [`"\[]?(?:[a-z_.]{0,24}_)?sessions?[`"\]]?\s[^\n;]{0,160}?\b(?:id|sid|key|session_id|session_key|token|payload)[`"\]]?\s?=\s?)'([A-Za-z0-9_-]{20,128})'"#,
            check: is_session,
        },
        secrets: &[("DELETE FROM sessions WHERE id = 'kd82mmxqKd82mmXq12Abkd82mmkd82mmxqKd82mm'", "kd82mmxqKd82mmXq12Abkd82mmkd82mmxqKd82mm")],
        innocent: &["select * from sessions where state = 'waiting-for-the-answer-of-user'", "select * from orders where id = 'kd82mmxqKd82mmXq12Ab'"],
    },
    ValueRule {
        id: "greeted_name",
        what: "first and last names behind a greeting",
        kind: Kind::Pii,
        find: Find::Near {
            keywords: &["dear ", "liebe ", "lieber ", "beste ", "hallo ", "hello ", "bonjour ", "hola ", "ciao ", "estimado ", "estimada ", "gentile ", "olá ", "prezado ", "prezada ", "witaj ", "buongiorno ", "hej "],
            look: looks::capital_ahead,
            pattern: r"(?i:dear|lieber?|beste|hallo|hello|bonjour|hola|ciao|estimad[oa]|gentile|ol\xc3\xa1|prezad[oa]|witaj|buongiorno|hej) ((?:[A-Z]|\xc3[\x80-\x9e]|[\xc4\xc5][\x80-\xbf])(?:[A-Za-z'-]|[\xc2-\xd4][\x80-\xbf])+(?: (?:(?:van|von|de|der|den|di|da|del|la|le) ){0,2}(?:[A-Z]|\xc3[\x80-\x9e]|[\xc4\xc5][\x80-\xbf])(?:[A-Za-z'-]|[\xc2-\xd4][\x80-\xbf])+){1,2})(?:[,!]|\r?\n)",
            check: checks::is_full_name,
        },
        secrets: &[("Dear Ilse Verwey, your order", "Ilse Verwey")],
        innocent: &["Dear Customer Support Team,", "Hello World,", "hello Kim, you"],
    },
    ValueRule {
        id: "track_one",
        what: "the name and the rest of the first track of a payment card, behind the number",
        kind: Kind::Pii,
        find: Find::Near {
            keywords: &["%b"],
            look: looks::track,
            pattern: r#"%[bB][0-9*xX ]{12,22}\^([^\^\n?"]{2,30}\^[0-9]{4}[^?\n"'\s]{0,80})"#,
            check: checks::sure,
        },
        secrets: &[("read %B4510394642980314^VERHOEVEN/T^27122018468864500772497458? ok", "VERHOEVEN/T^27122018468864500772497458")],
        innocent: &["%B4%20x^2", "%b4510394642980314"],
    },
    ValueRule {
        id: "track_two",
        what: "the rest of the second track of a payment card, behind the number",
        kind: Kind::Pii,
        find: Find::Whole {
            keywords: &["track2", "track 2", "track_2", "swipe", "magstripe", "magnetic stripe"],
            look: looks::digits_ahead,
            pattern: r"(?:\A|[^0-9])[0-9]{12,19}[=D]([0-9]{7,30})(?:[^0-9]|\z)",
            check: checks::sure,
        },
        secrets: &[("track2 ;4510394642980314=27122018468864500? ok", "27122018468864500")],
        innocent: &["track 2 of 4510394642980314", "swipe took=1200"],
    },
    ValueRule {
        id: "directory_entry",
        what: "names and addresses of people in the entries of directories",
        kind: Kind::Pii,
        find: Find::Whole {
            keywords: &["objectclass:", "dn: "],
            look: looks::always,
            pattern: r"(?:\A|[\r\n])(?i:displayname|cn|sn|givenname|gecos|homepostaladdress|postaladdress|street)(?:;[A-Za-z-]{1,20})?: ([^\r\n]{2,120})",
            check: is_entry,
        },
        secrets: &[
            ("objectClass: inetOrgPerson\ndisplayName: Ilse Verwey\nuid: iv", "Ilse Verwey"),
            ("dn: uid=iv,dc=y\nsn: Verwey\nuid: iv", "Verwey"),
        ],
        innocent: &[
            "objectClass: groupOfNames\ncn: admins\nmember: x",
            "dn: cn=web,dc=y\ncn: web-1.dev.test",
        ],
    },
    ValueRule {
        id: "told_name",
        what: "names of people who say who they are, or of whom others do",
        kind: Kind::Pii,
        find: Find::Near {
            keywords: &[
                "my name is ", "my name's ", "full name is ", "mein name ist ", "ich heiße ", "ich heisse ", "je m'appelle ", "mon nom est ", "me llamo ", "mi nombre es ", "mi chiamo ", "il mio nome è ", "mijn naam is ", "ik heet ",
                "meu nome é ", "me chamo ", "nazywam się ", "mitt namn är ", "jag heter ", "mitt navn er ", "mit navn er ", "jeg heter ", "jeg hedder ", "nimeni on ", "benim adım ", "adım ", "ismim ", "jmenuji se ", "mă numesc ",
                "меня зовут ", "мене звати ", "attn: ", "attn ", "z. hd. ", "caller ", "account holder ", "kontoinhaber ", "customer name is ", "client name is ", "spoke with ", "spoke to ", "speaking with ", "talked to ", "talked with ", "parcel for ", "colis pour ", "paczka dla ", "passenger ", "patient ", "patientin ", "passagier ",
                "pasajero ", "passager ", "paziente ", "paciente ", "pasażer ", "hotelgast ",
            ],
            look: looks::capital_ahead,
            pattern: r"(?i:my name(?: i|')s|full name is|mein name ist|ich hei(?:\xc3\x9f|ss)e|je m'appelle|mon nom est|me llamo|mi nombre es|mi chiamo|il mio nome \xc3\xa8|mijn naam is|ik heet|meu nome \xc3\xa9|me chamo|nazywam si\xc4\x99|mitt namn \xc3\xa4r|jag heter|mitt? navn er|jeg he(?:ter|dder)|nimeni on|(?:benim )?ad\xc4\xb1m|ismim|jmenuji se|m\xc4\x83 numesc|меня зовут|мене звати|attn:?|z\. hd\.|caller|account holder|kontoinhaber|(?:customer|client) name is|spoke (?:with|to)|speaking with|talked (?:to|with)|parcel for|colis pour|paczka dla|passenger|patient(?:in)?|passagier|pasajero|passager|paziente|paciente|pasa\xc5\xbcer|hotelgast) ((?:[A-Z]|\xc3[\x80-\x9e]|[\xc4\xc5\xce\xd0][\x80-\xbf])(?:[A-Za-z'-]|[\xc2-\xd4][\x80-\xbf])+,?(?: (?:(?:van|von|de|der|den|di|da|del|la|le|al|bin|dos|du|ter|ten|zu) ){0,2}(?:[A-Z]|\xc3[\x80-\x9e]|[\xc4\xc5\xce\xd0][\x80-\xbf])(?:[A-Za-z'-]|[\xc2-\xd4][\x80-\xbf])+){1,2})",
            check: checks::is_full_name,
        },
        secrets: &[
            ("Hi, my name is Priya Raghunathan and", "Priya Raghunathan"),
            ("Hallo, ich heiße Jörg Wüst und", "Jörg Wüst"),
            ("je m'appelle Camille du Bois, mon", "Camille du Bois"),
            ("denied for passenger Rasmussen, Kjell Arne (visa)", "Rasmussen, Kjell Arne"),
            ("Parcel for Margaret O'Donnell returned", "Margaret O'Donnell"),
        ],
        innocent: &[
            "my name is on the list",
            "spoke with Customer Support about it",
            "mein Name ist Hase",
            "patient Portal Login failed",
            "passenger list updated",
        ],
    },
    ValueRule {
        id: "signed_name",
        what: "names of people below what they wrote",
        kind: Kind::Pii,
        find: Find::Near {
            keywords: &[
                "regards", "sincerely", "freundlichen grüßen", "freundlichen gruessen", "beste grüße", "viele grüße", "liebe grüße", "cordialement", "saludos", "un saludo", "atentamente", "cordiali saluti", "distinti saluti", "vriendelijke groet",
                "atenciosamente", "cumprimentos", "pozdrawiam", "z poważaniem", "vänliga hälsningar", "vennlig hilsen", "venlig hilsen",
            ],
            look: looks::always,
            pattern: r"(?i:regards|sincerely|freundlichen gr(?:\xc3\xbc\xc3\x9f|uess)en|(?:beste|viele|liebe) gr\xc3\xbc\xc3\x9fe|cordialement|saludos|un saludo|atentamente|(?:cordiali|distinti) saluti|vriendelijke groet(?:en)?|atenciosamente|cumprimentos|pozdrawiam|z powa\xc5\xbcaniem|v\xc3\xa4nliga h\xc3\xa4lsningar|ven(?:n)?lig hilsen)[,.!]?[ \t]*(?:\r?\n[ \t]*){1,3}((?:[A-Z]|\xc3[\x80-\x9e]|[\xc4\xc5\xce\xd0][\x80-\xbf])(?:[A-Za-z'.-]|[\xc2-\xd4][\x80-\xbf])+(?: (?:(?:van|von|de|der|den|di|da|del|la|le) ){0,2}(?:[A-Z]|\xc3[\x80-\x9e]|[\xc4\xc5\xce\xd0][\x80-\xbf])(?:[A-Za-z'.-]|[\xc2-\xd4][\x80-\xbf])+){1,2})[ \t]*(?:[\r\n,|(]|\z)",
            check: checks::is_full_name,
        },
        secrets: &[
            ("Kind regards,\nPriya Raghunathan", "Priya Raghunathan"),
            ("Mit freundlichen Grüßen\n\nJörg Wüst\nUlm", "Jörg Wüst"),
        ],
        innocent: &["Kind regards,\nThe Support Team", "with regards to Total Revenue", "Regards,\nAcme"],
    },
];

/// Random letters and digits, or a UUID.
fn is_session(text: &str, range: &Range<usize>) -> bool {
    let id = &text[range.clone()];
    let before = &text[..range.start];
    let possess =
        before.strip_suffix("sess:").is_some_and(|before| before.ends_with(|char: char| char.is_ascii_alphanumeric()));
    // A cache has keys of other things too, most of them hashes, and the ids of sessions are in both cases.
    let shared = ["cache", "database"].iter().any(|store| {
        let from = text.floor_char_boundary(range.start.saturating_sub(40));
        text[from..range.start].contains(&format!("laravel_{store}"))
    });
    let id = !shared && text::is_uuid(id) || text::is_random(id, 20) && (!shared || checks::is_mixed(text, range));
    id && !possess
}

/// The name of a person in an entry: alone under the keys of names, whole under those that things have too.
fn is_entry(text: &str, range: &Range<usize>) -> bool {
    let value = &text[range.clone()];
    let line = text[..range.start].rsplit(['\n', '\r']).next().unwrap_or_default().to_ascii_lowercase();
    let single = line.starts_with("sn") || line.starts_with("givenname");
    let address = line.starts_with("street") || line.contains("postaladdress");
    let name = value.chars().all(|char| char.is_alphabetic() || " '’-.".contains(char));
    address && value.contains(' ') || single && name || text::is_full_name(value)
}
