//! What somebody sent, as the messages about it show it again: `on field 'password': rejected value [hunter2]`.
//!
//! Each pattern has pairs of groups, `k1` and `v1` and so on: the name of what was sent, and what was sent under it. It is a
//! secret if the name is telling.

use super::super::markers::Kind;
use super::{Find, ValueRule, looks};

/// What the messages have one of that name a value before they show it.
const NAMED_FIRST: &[&str] = &[
    "rejected value [",
    " with value ",
    ") is shorter than",
    ") is longer than",
    "invalid value",
    "invalidvalue=",
    "input_value=",
    "on instance[",
    "of field's value",
    "invalid format",
    "invalid choice",
    "invalid literal",
    "value: ",
];

/// And those that show it before they name it.
const NAMED_LAST: &[&str] = &[
    "for value ",
    "invalid value",
    "the value ",
    " is too short",
    " is too long",
    "does not match",
    "could not convert",
    "converting value",
];

const FIRST: &str = concat!(
    // Spring
    r"(?i:on field ')(?P<k1>[^'\n]{1,64})(?i:': rejected value \[)(?P<v1>[^\]\n][^\n]{0,256}?)\](?:[;,\n]|\]|\z)",
    // Joi
    r#"|"(?P<k2>[A-Za-z0-9_.\[\]-]{1,64})"(?i: with value )"(?P<v2>[^"\n]{1,256})""#,
    // Mongoose
    r"|(?i:path `)(?P<k3>[^`\n]{1,64})` \(`(?P<v3>[^`\n]{1,256})`\)",
    // Kubernetes, GraphQL, flags and parameters of many
    r#"|\$?(?P<k4>[A-Za-z0-9_.\[\]-]{1,64})["'`]?(?i::? (?:got |has )?(?:an )?invalid (?:[a-z]{1,12} )?(?:value|format|choice|literal):? )["'`](?P<v4>[^"'`\n]{1,256})["'`]"#,
    r#"|(?i:invalid (?:value|format) for (?:(?:the )?(?:parameter|field|property|option|argument|variable|setting|key) )?)["'`]?(?P<k5>[A-Za-z0-9_.\[\]-]{1,64})["'`]?:? (?i:(?:value|got|was|is|given)?:? ?)["'`](?P<v5>[^"'`\n]{1,256})["'`]"#,
    // Spring Boot
    r#"|(?i:property:) ?(?P<k6>[A-Za-z0-9_.\[\]-]{1,96})\r?\n\s*(?i:value:) "?(?P<v6>[^"\n]{1,256})"?"#,
    // Pydantic
    r#"|\n(?P<k7>[A-Za-z0-9_.-]{1,64})\r?\n[^\n]{1,160}\binput_value=['"](?P<v7>[^\n]{1,256}?)['"](?:, |\])"#,
    // JSON schema in Python
    r#"|(?i:on instance)(?:\[[^\]\n]{1,40}\]){0,4}\['(?P<k8>[^'\n]{1,64})'\]:\s{1,8}['"](?P<v8>[^'"\n]{1,256})['"]"#,
    // Jakarta, Elasticsearch
    r#"|(?i:propertypath=)'?(?P<k9>[A-Za-z0-9_.\[\]-]{1,64})'?,[^\n]{0,80}?(?i:invalidvalue=)'?(?P<v9>[^',}\n]{1,256})"#,
    r#"|(?i:field) \[(?P<k10>[A-Za-z0-9_.-]{1,64})\][^\n]{0,96}?(?i:of field's value: )'(?P<v10>[^'\n]{1,256})'"#,
);

const LAST: &str = concat!(
    // Mongoose
    r#"(?i:for value )"(?P<v1>[^"\n]{1,256})"[^"\n]{0,40}(?i: at path )"(?P<k1>[^"\n]{1,64})""#,
    // Flags of command lines
    r#"|(?i:invalid value )["'](?P<v2>[^"'\n]{1,256})["'](?i: for (?:(?:flag|option|parameter|field|property|argument|variable|setting|key) )?)["'`]?-{0,2}(?P<k2>[A-Za-z0-9_.\[\]-]{1,64})"#,
    // ASP.NET
    r#"|(?i:the value )["'](?P<v3>[^"'\n]{1,256})["'](?i: is (?:not valid|invalid)(?: for)?(?: the)?(?: field| property| parameter)? )["'`]?(?P<k3>[A-Za-z0-9_.\[\]-]{1,64})"#,
    // JSON schema in Python
    r#"|'(?P<v4>[^'\n]{1,256})'(?i: is too (?:short|long)| does not match [^\n]{1,160}?)\s{1,4}(?i:failed validating )'[^'\n]{1,24}'(?i: in schema)(?:\[[^\]\n]{1,40}\]){0,6}\['(?P<k4>[^'\n]{1,64})'\]"#,
    // Newtonsoft
    r#"|(?i:converting value )"(?P<v6>[^"\n]{1,256})"[^\n]{0,80}?(?i:path )'(?P<k6>[^'\n]{1,64})'"#,
    r#"|["'`](?P<k7>[A-Za-z0-9_.\[\]-]{1,64})["'`][^\n"'`]{0,40}(?i:value )["'`](?P<v7>[^"'`\n]{1,256})["'`](?i: does not match)"#,
    r#"|(?i:could not convert )["'](?P<v5>[^"'\n]{1,256})["'](?i: (?:of|for|to) (?:field|property|parameter) )["'`]?(?P<k5>[A-Za-z0-9_.\[\]-]{1,64})"#,
);

#[rustfmt::skip]
pub const RULES: &[ValueRule] = &[
    ValueRule {
        id: "echoed_value",
        what: "secrets that messages show again because they are not valid, behind their names",
        kind: Kind::Secret,
        find: Find::Keyed { keywords: NAMED_FIRST, look: looks::always, pattern: FIRST },
        secrets: &[
            ("on field 'password': rejected value [korthaar]; codes [Size.password]", "korthaar"),
            ("\"password\" with value \"weidenkorb\" fails to match", "weidenkorb"),
            ("Path `password` (`kurz77`) is shorter than the minimum allowed length (8).", "kurz77"),
            ("spec.adminPassword: Invalid value: \"weidenkorb\": must be", "weidenkorb"),
            ("Variable \"$password\" got invalid value \"weidenkorb\"; Expected", "weidenkorb"),
            ("argument --api-key: invalid choice: 'kd93kdmw' (choose", "kd93kdmw"),
            ("Invalid value for parameter 'api_token': 'weidenkorb7'", "weidenkorb7"),
            ("Property: db.password\n    Value: \"weiden korb\"\n    Origin: x", "weiden korb"),
            ("1 error\npassword\n  Too short [type=string_too_short, input_value='Fiets12', input_type=str]", "Fiets12"),
            ("On instance['user']['password']:\n    'weidenkorb'", "weidenkorb"),
            ("{propertyPath=password, message='size', invalidValue='weidenkorb'}", "weidenkorb"),
            ("field [api_token] of type [long] in x. Preview of field's value: 'weidenkorb9'", "weidenkorb9"),
        ],
        innocent: &[
            "on field 'age': rejected value [200]; codes [Max.age]",
            "on field 'password': rejected value [null]; codes [NotBlank]",
            "on field 'password': rejected value []; codes [NotBlank]",
            "\"plan\" with value \"gold\" fails to match",
            "spec.replicas: Invalid value: \"two\": must be a number",
            "Property: server.port\n    Value: \"x\"",
        ],
    },
    ValueRule {
        id: "echoed_before_name",
        what: "secrets that messages show again because they are not valid, before their names",
        kind: Kind::Secret,
        find: Find::Keyed { keywords: NAMED_LAST, look: looks::always, pattern: LAST },
        secrets: &[
            ("Cast to string failed for value \"weidenkorb\" (type string) at path \"password\"", "weidenkorb"),
            ("error: invalid value 'weidenkorb' for '--password <PASSWORD>': too short", "weidenkorb"),
            ("invalid value \"weidenkorb7\" for flag -token: parse error", "weidenkorb7"),
            ("The value 'weidenkorb' is not valid for Password.", "weidenkorb"),
            ("Error converting value \"kd93kdmw\" to type 'Guid'. Path 'token', line 1", "kd93kdmw"),
            ("'apiKey' failed: value \"kd93kdmw\" does not match pattern", "kd93kdmw"),
            ("'weidenkorb' is too short\n\nFailed validating 'minLength' in schema['properties']['password']:", "weidenkorb"),
        ],
        innocent: &[
            "invalid value \"abc\" for flag -port: parse error",
            "The value 'x' is not valid for Quantity.",
            "'a' is too short",
        ],
    },
    ValueRule {
        id: "echoed_person",
        what: "personal data that messages show again because they are not valid, behind their names",
        kind: Kind::Pii,
        find: Find::Keyed { keywords: NAMED_FIRST, look: looks::always, pattern: FIRST },
        secrets: &[("on field 'lastName': rejected value [Korthaar]; codes [Pattern]", "Korthaar")],
        innocent: &["on field 'hostName': rejected value [Korthaar]; codes [Pattern]"],
    },
    ValueRule {
        id: "echoed_person_before_name",
        what: "personal data that messages show again because they are not valid, before their names",
        kind: Kind::Pii,
        find: Find::Keyed { keywords: NAMED_LAST, look: looks::always, pattern: LAST },
        secrets: &[("The value '0160 5556498' is not valid for Phone.", "0160 5556498")],
        innocent: &["The value 'Korthaar' is not valid for Color."],
    },
];
