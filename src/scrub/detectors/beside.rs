//! Secrets beside the words that tell of them, and tokens that take more than a start to be known.
//!
//! Invariant: a telling word alone is no secret; something random, or of the one form, stands beside it.

use std::ops::Range;

use super::super::markers::Kind;
use super::{Find, ValueRule, checks, looks};

#[rustfmt::skip]
pub const RULES: &[ValueRule] = &[
    ValueRule {
        id: "datadog",
        what: "Datadog keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["datadog"],
            look: looks::digit_ahead,
            pattern: r#"(?i:datadog)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{40}|[0-9a-f]{32})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("the datadog api key a4c123b1612dd272d1371c17149d4395 was refused", "a4c123b1612dd272d1371c17149d4395"),
        ],
        innocent: &[
            "datadog request a4c1 took 12 ms",
            "datadog api key was rotated 3 times",
            "datadog trace 69dad8199bfca8b6f3a6a9421cc1c930 sent",
        ],
    },
    ValueRule {
        id: "cloudflare_key",
        what: "Cloudflare keys without a form",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["cloudflare"],
            look: looks::digit_ahead,
            pattern: r#"(?i:cloudflare)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9_-]{37,40})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("cloudflare token: GlkoMXGjtEkDnNfribxUdl7dXTPyLsxPFkThf4Vu", "GlkoMXGjtEkDnNfribxUdl7dXTPyLsxPFkThf4Vu"),
        ],
        innocent: &[
            "cloudflare request Glko took 12 ms",
            "cloudflare api key was rotated 3 times",
            "cloudflare trace 16f1c4261e5351d30b49895d1a0d1f13 sent",
        ],
    },
    ValueRule {
        id: "heroku_key",
        what: "Heroku keys without a form",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["heroku"],
            look: looks::digit_ahead,
            pattern: r#"(?i:heroku)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("using heroku secret \"e923d5a4-fd12-4aab-afe2-28f219e9cb0e\" here", "e923d5a4-fd12-4aab-afe2-28f219e9cb0e"),
        ],
        innocent: &[
            "heroku request e923 took 12 ms",
            "heroku api key was rotated 3 times",
            "heroku trace dce20c4fd32f640d0032634f087e51b4 sent",
        ],
    },
    ValueRule {
        id: "fastly",
        what: "Fastly keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["fastly"],
            look: looks::digit_ahead,
            pattern: r#"(?i:fastly)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9_-]{32})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("fastly_auth_key=WKnHfDNxSIvPZZ63fFKcZjR4I0b3jRta", "WKnHfDNxSIvPZZ63fFKcZjR4I0b3jRta"),
        ],
        innocent: &[
            "fastly request WKnH took 12 ms",
            "fastly api key was rotated 3 times",
            "fastly trace 29fe8110102c995f1abef543b5dfce8a sent",
        ],
    },
    ValueRule {
        id: "vercel_key",
        what: "Vercel keys without a form",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["vercel"],
            look: looks::digit_ahead,
            pattern: r#"(?i:vercel)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9]{24})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("vercel API token is Wr4Y9OJFLJOqOAf1lLQSAJai.", "Wr4Y9OJFLJOqOAf1lLQSAJai"),
        ],
        innocent: &[
            "vercel request Wr4Y took 12 ms",
            "vercel api key was rotated 3 times",
            "vercel trace 981a049d7ccc7e90a88d519448fb2fc6 sent",
        ],
    },
    ValueRule {
        id: "okta",
        what: "Okta tokens",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["okta"],
            look: looks::digit_ahead,
            pattern: r#"(?i:okta)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?(00[A-Za-z0-9_-]{40})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("the okta api key 00XnkU8Is2g8nprvDd53x83rzjZZZZGeoZDMENcKHV was refused", "00XnkU8Is2g8nprvDd53x83rzjZZZZGeoZDMENcKHV"),
        ],
        innocent: &[
            "okta request 00Xn took 12 ms",
            "okta api key was rotated 3 times",
            "okta trace 791ce680ce2b27c8af6666259bbc471f sent",
        ],
    },
    ValueRule {
        id: "algolia",
        what: "Algolia keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["algolia"],
            look: looks::digit_ahead,
            pattern: r#"(?i:algolia)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{32})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("algolia token: 13043b026c48bbf33feff9243a8f506b", "13043b026c48bbf33feff9243a8f506b"),
        ],
        innocent: &[
            "algolia request 1304 took 12 ms",
            "algolia api key was rotated 3 times",
            "algolia trace b3be24a0b80316f688d3e481a65c2011 sent",
        ],
    },
    ValueRule {
        id: "cohere",
        what: "Cohere keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["cohere"],
            look: looks::digit_ahead,
            pattern: r#"(?i:cohere)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9]{40})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("using cohere secret \"Jsi6BwhTp3Fs2QhX6KWxOiixgVoOnzyw2MzP0Zvz\" here", "Jsi6BwhTp3Fs2QhX6KWxOiixgVoOnzyw2MzP0Zvz"),
        ],
        innocent: &[
            "cohere request Jsi6 took 12 ms",
            "cohere api key was rotated 3 times",
            "cohere trace bef2c328a72c5e5b77518b1018f134a0 sent",
        ],
    },
    ValueRule {
        id: "travis",
        what: "Travis CI tokens",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["travis"],
            look: looks::digit_ahead,
            pattern: r#"(?i:travis)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9_-]{20,22})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("travis_auth_key=OMhfWuBByReQMsm9Wcz7uW", "OMhfWuBByReQMsm9Wcz7uW"),
        ],
        innocent: &[
            "travis request OMhf took 12 ms",
            "travis api key was rotated 3 times",
            "travis trace 69e3fab8c3bfc5e740e61572b4e3c02e sent",
        ],
    },
    ValueRule {
        id: "zendesk",
        what: "Zendesk tokens",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["zendesk"],
            look: looks::digit_ahead,
            pattern: r#"(?i:zendesk)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9]{40})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("zendesk API token is 9XFOGOeMVNen5n1Ae6pWzpF1qH6YytwMe4LbyoVF.", "9XFOGOeMVNen5n1Ae6pWzpF1qH6YytwMe4LbyoVF"),
        ],
        innocent: &[
            "zendesk request 9XFO took 12 ms",
            "zendesk api key was rotated 3 times",
            "zendesk trace aa7f3b4a715e4e48dd74089a58f3aef3 sent",
        ],
    },
    ValueRule {
        id: "airtable_key",
        what: "Airtable keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["airtable"],
            look: looks::digit_ahead,
            pattern: r#"(?i:airtable)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?(key[A-Za-z0-9]{14})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("the airtable api key keyz8uZdZv8FuKKIB was refused", "keyz8uZdZv8FuKKIB"),
        ],
        innocent: &[
            "airtable request keyz took 12 ms",
            "airtable api key was rotated 3 times",
            "airtable trace 416f9386bd8773c9d51940ea4e095bd1 sent",
        ],
    },
    ValueRule {
        id: "linode",
        what: "Linode tokens",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["linode"],
            look: looks::digit_ahead,
            pattern: r#"(?i:linode)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{64})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("linode token: 4e4fb440034d6608697a8d41bed440e50454f31af3176813e02ea68ef786e4d3", "4e4fb440034d6608697a8d41bed440e50454f31af3176813e02ea68ef786e4d3"),
        ],
        innocent: &[
            "linode request 4e4f took 12 ms",
            "linode api key was rotated 3 times",
            "linode trace d6854575622f856469602d1ba9f20df4 sent",
        ],
    },
    ValueRule {
        id: "hetzner",
        what: "Hetzner tokens",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["hetzner"],
            look: looks::digit_ahead,
            pattern: r#"(?i:hetzner)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9]{64})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("using hetzner secret \"ZcUEqPbENqTyH5xJ8tpqXJQ4I9dOv8GZ4fKq1OKtbgZVaMWUFuXBVjdctBYVhnSg\" here", "ZcUEqPbENqTyH5xJ8tpqXJQ4I9dOv8GZ4fKq1OKtbgZVaMWUFuXBVjdctBYVhnSg"),
        ],
        innocent: &[
            "hetzner request ZcUE took 12 ms",
            "hetzner api key was rotated 3 times",
            "hetzner trace 875b15b0be23b7ac193fe04072755398 sent",
        ],
    },
    ValueRule {
        id: "vultr",
        what: "Vultr keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["vultr"],
            look: looks::digit_ahead,
            pattern: r#"(?i:vultr)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Z0-9]{36})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("vultr_auth_key=EHOGFQRCLRI1QZJ865UFRDL1ERBFQFOEQH3A", "EHOGFQRCLRI1QZJ865UFRDL1ERBFQFOEQH3A"),
        ],
        innocent: &[
            "vultr request EHOG took 12 ms",
            "vultr api key was rotated 3 times",
            "vultr trace 003680e7e3b35183ef8333c4774ec50c sent",
        ],
    },
    ValueRule {
        id: "postmark",
        what: "Postmark tokens",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["postmark"],
            look: looks::digit_ahead,
            pattern: r#"(?i:postmark)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("postmark API token is ad841735-8156-4996-a9e5-8b081006f7e3.", "ad841735-8156-4996-a9e5-8b081006f7e3"),
        ],
        innocent: &[
            "postmark request ad84 took 12 ms",
            "postmark api key was rotated 3 times",
            "postmark trace d1c1bac7adac1a4b7d0b352ad6074dce sent",
        ],
    },
    ValueRule {
        id: "opsgenie",
        what: "Opsgenie keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["opsgenie"],
            look: looks::digit_ahead,
            pattern: r#"(?i:opsgenie)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("the opsgenie api key dfc967a6-4cb1-4402-a8d5-12c9791e558e was refused", "dfc967a6-4cb1-4402-a8d5-12c9791e558e"),
        ],
        innocent: &[
            "opsgenie request dfc9 took 12 ms",
            "opsgenie api key was rotated 3 times",
            "opsgenie trace 1118813830d71939b53182e4e349d987 sent",
        ],
    },
    ValueRule {
        id: "snyk_key",
        what: "Snyk keys without a form",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["snyk"],
            look: looks::digit_ahead,
            pattern: r#"(?i:snyk)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("snyk token: 08baa719-6b50-4ac2-af86-702824c1c099", "08baa719-6b50-4ac2-af86-702824c1c099"),
        ],
        innocent: &[
            "snyk request 08ba took 12 ms",
            "snyk api key was rotated 3 times",
            "snyk trace 29e7c6be9ff907a76cc0b57aaf896910 sent",
        ],
    },
    ValueRule {
        id: "codecov",
        what: "Codecov tokens",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["codecov"],
            look: looks::digit_ahead,
            pattern: r#"(?i:codecov)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("using codecov secret \"724caf49-41d4-4072-a014-b3ce107f80e2\" here", "724caf49-41d4-4072-a014-b3ce107f80e2"),
        ],
        innocent: &[
            "codecov request 724c took 12 ms",
            "codecov api key was rotated 3 times",
            "codecov trace 52be1ceb374dab4683f84d30d3fc4d83 sent",
        ],
    },
    ValueRule {
        id: "loggly",
        what: "Loggly tokens",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["loggly"],
            look: looks::digit_ahead,
            pattern: r#"(?i:loggly)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("loggly_auth_key=7efc2f91-624a-4894-a0f1-f836f99eee36", "7efc2f91-624a-4894-a0f1-f836f99eee36"),
        ],
        innocent: &[
            "loggly request 7efc took 12 ms",
            "loggly api key was rotated 3 times",
            "loggly trace cee9b9bcca0fce9594dc72aa7a6d0018 sent",
        ],
    },
    ValueRule {
        id: "pagerduty",
        what: "PagerDuty keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["pagerduty"],
            look: looks::digit_ahead,
            pattern: r#"(?i:pagerduty)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9_+-]{20}|[0-9a-f]{32})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("pagerduty API token is TF7eBSdE0g9cRYN687NE.", "TF7eBSdE0g9cRYN687NE"),
        ],
        innocent: &[
            "pagerduty request TF7e took 12 ms",
            "pagerduty api key was rotated 3 times",
            "pagerduty trace f99ddceb1be0273dbc46dfcea25bab29 sent",
        ],
    },
    ValueRule {
        id: "rollbar",
        what: "Rollbar tokens",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["rollbar"],
            look: looks::digit_ahead,
            pattern: r#"(?i:rollbar)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{32})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("the rollbar api key 248b483b7ffc050fec94dbca3a0aac36 was refused", "248b483b7ffc050fec94dbca3a0aac36"),
        ],
        innocent: &[
            "rollbar request 248b took 12 ms",
            "rollbar api key was rotated 3 times",
            "rollbar trace 539ad5966d513b1d00909c30065f846d sent",
        ],
    },
    ValueRule {
        id: "bugsnag",
        what: "Bugsnag keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["bugsnag"],
            look: looks::digit_ahead,
            pattern: r#"(?i:bugsnag)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{32})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("bugsnag token: 098b2cc2bd818319478da6bd0c621de4", "098b2cc2bd818319478da6bd0c621de4"),
        ],
        innocent: &[
            "bugsnag request 098b took 12 ms",
            "bugsnag api key was rotated 3 times",
            "bugsnag trace 34530325fed10a47b851832b6ec017c1 sent",
        ],
    },
    ValueRule {
        id: "twilio_auth",
        what: "Twilio auth tokens",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["twilio"],
            look: looks::digit_ahead,
            pattern: r#"(?i:twilio)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{32})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("using twilio secret \"9f145fda9988c79fc35526f7eaed4672\" here", "9f145fda9988c79fc35526f7eaed4672"),
        ],
        innocent: &[
            "twilio request 9f14 took 12 ms",
            "twilio api key was rotated 3 times",
            "twilio trace e1777155a0e9d8f27c7d9cf07255bc50 sent",
        ],
    },
    ValueRule {
        id: "mistral",
        what: "Mistral keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["mistral"],
            look: looks::digit_ahead,
            pattern: r#"(?i:mistral)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9]{32})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("mistral_auth_key=LVjFUPXQzkM4Bv3aYavhNYRVwDfRk9XI", "LVjFUPXQzkM4Bv3aYavhNYRVwDfRk9XI"),
        ],
        innocent: &[
            "mistral request LVjF took 12 ms",
            "mistral api key was rotated 3 times",
            "mistral trace 9cb3acac23db7c6e9b7d180a4742684e sent",
        ],
    },
    ValueRule {
        id: "deepgram",
        what: "Deepgram keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["deepgram"],
            look: looks::digit_ahead,
            pattern: r#"(?i:deepgram)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{40})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("deepgram API token is 6287cced9041dff02cee737443e210471948d332.", "6287cced9041dff02cee737443e210471948d332"),
        ],
        innocent: &[
            "deepgram request 6287 took 12 ms",
            "deepgram api key was rotated 3 times",
            "deepgram trace e75bb6cc69f67e48eb7c64328c0490c2 sent",
        ],
    },
    ValueRule {
        id: "spotify",
        what: "Spotify secrets",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["spotify"],
            look: looks::digit_ahead,
            pattern: r#"(?i:spotify)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{32})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("the spotify api key 96c87009e8a7f770d9106fd287db7f1a was refused", "96c87009e8a7f770d9106fd287db7f1a"),
        ],
        innocent: &[
            "spotify request 96c8 took 12 ms",
            "spotify api key was rotated 3 times",
            "spotify trace 57a632b96292794c9bce4850bbd0e7cb sent",
        ],
    },
    ValueRule {
        id: "twitch",
        what: "Twitch tokens",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["twitch"],
            look: looks::digit_ahead,
            pattern: r#"(?i:twitch)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([a-z0-9]{30})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("twitch token: 0xzmas6en5mtmo3oqsg5lo50djzdnb", "0xzmas6en5mtmo3oqsg5lo50djzdnb"),
        ],
        innocent: &[
            "twitch request 0xzm took 12 ms",
            "twitch api key was rotated 3 times",
            "twitch trace 3593871c15d694c1957f8db03911731a sent",
        ],
    },
    ValueRule {
        id: "twitter_key",
        what: "Twitter secrets",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["twitter"],
            look: looks::digit_ahead,
            pattern: r#"(?i:twitter)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9]{25}|[A-Za-z0-9]{50}|[0-9]{8,20}-[A-Za-z0-9]{40})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("using twitter secret \"mJaDtDLZc5t4UuHF7KVMLp7hvdCTquY1XVcKGAFRFWa94Hj9wN\" here", "mJaDtDLZc5t4UuHF7KVMLp7hvdCTquY1XVcKGAFRFWa94Hj9wN"),
        ],
        innocent: &[
            "twitter request mJaD took 12 ms",
            "twitter api key was rotated 3 times",
            "twitter trace 6b2dc782bdeae16d4f6185578715bbd2 sent",
        ],
    },
    ValueRule {
        id: "binance",
        what: "Binance keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["binance"],
            look: looks::digit_ahead,
            pattern: r#"(?i:binance)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9]{64})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("binance_auth_key=YWx0T0zbFDteMXi6cMUXv5eBoaPzoxZCYCdEz6DQMvE5mVXRV99nCQvtsU7RTAuw", "YWx0T0zbFDteMXi6cMUXv5eBoaPzoxZCYCdEz6DQMvE5mVXRV99nCQvtsU7RTAuw"),
        ],
        innocent: &[
            "binance request YWx0 took 12 ms",
            "binance api key was rotated 3 times",
            "binance trace 6944ff770e4b9447a3d54ec6390bf611 sent",
        ],
    },
    ValueRule {
        id: "coinbase",
        what: "Coinbase keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["coinbase"],
            look: looks::digit_ahead,
            pattern: r#"(?i:coinbase)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9_-]{64}|[A-Za-z0-9]{16,32})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("coinbase API token is m6zo88EB0OGet9d9xYyQ6b0fI7fLAz7vT0sxJmPU3UdXyymFgMZwKPaEpCejiUKb.", "m6zo88EB0OGet9d9xYyQ6b0fI7fLAz7vT0sxJmPU3UdXyymFgMZwKPaEpCejiUKb"),
        ],
        innocent: &[
            "coinbase request m6zo took 12 ms",
            "coinbase api key was rotated 3 times",
            "coinbase trace 89639e35aeeb95210ef2a83fdf6a0b29 sent",
        ],
    },
    ValueRule {
        id: "kraken",
        what: "Kraken keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["kraken"],
            look: looks::digit_ahead,
            pattern: r#"(?i:kraken)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9+/]{56}|[A-Za-z0-9+/]{86}==)(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("the kraken api key 4GEQnFNGaftcLOIadn5rPvi2xqwHx1SSRkRXQvQMcPLPPJS46lMUEZQP was refused", "4GEQnFNGaftcLOIadn5rPvi2xqwHx1SSRkRXQvQMcPLPPJS46lMUEZQP"),
        ],
        innocent: &[
            "kraken request 4GEQ took 12 ms",
            "kraken api key was rotated 3 times",
            "kraken trace 872400c49b5539ac5ba7b4b87113c16f sent",
        ],
    },
    ValueRule {
        id: "ngrok",
        what: "ngrok tokens",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["ngrok"],
            look: looks::digit_ahead,
            pattern: r#"(?i:ngrok)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9]{24,32}_[A-Za-z0-9]{20,24})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("ngrok token: 2ghOpzGpdCGAe40O1c6XC4SOHDM_m0lM7EXg3LcmQxxq8AGom", "2ghOpzGpdCGAe40O1c6XC4SOHDM_m0lM7EXg3LcmQxxq8AGom"),
        ],
        innocent: &[
            "ngrok request 2ghO took 12 ms",
            "ngrok api key was rotated 3 times",
            "ngrok trace df5924754ec21ef66b01d4921da2e055 sent",
        ],
    },
    ValueRule {
        id: "asana",
        what: "Asana tokens",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["asana"],
            look: looks::digit_ahead,
            pattern: r#"(?i:asana)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-2]/[0-9]{10,}(?:/[0-9]{10,})?:[0-9a-f]{32}|[0-9a-f]{32})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("using asana secret \"1/1203456789012345:b61ba4168160adb59261ff2d3c425c8d\" here", "1/1203456789012345:b61ba4168160adb59261ff2d3c425c8d"),
        ],
        innocent: &[
            "asana request 1/12 took 12 ms",
            "asana api key was rotated 3 times",
            "asana trace c90eb6f2aed4c21a9dbf49a067e24bdb sent",
        ],
    },
    ValueRule {
        id: "jira",
        what: "Jira tokens without a form",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["jira"],
            look: looks::digit_ahead,
            pattern: r#"(?i:jira)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9]{24})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("jira_auth_key=SqTa9DTvk4WaaB3xzXpMZuZN", "SqTa9DTvk4WaaB3xzXpMZuZN"),
        ],
        innocent: &[
            "jira request SqTa took 12 ms",
            "jira api key was rotated 3 times",
            "jira trace 7ec83756378368f7e732d2e433ec56f2 sent",
        ],
    },
    ValueRule {
        id: "discord_secret",
        what: "Discord client secrets",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["discord"],
            look: looks::digit_ahead,
            pattern: r#"(?i:discord)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9_-]{32})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("discord API token is 8Ab5KbH0FZk4XdxKIADjJpz6ZFkn7Xvg.", "8Ab5KbH0FZk4XdxKIADjJpz6ZFkn7Xvg"),
        ],
        innocent: &[
            "discord request 8Ab5 took 12 ms",
            "discord api key was rotated 3 times",
            "discord trace 4b1c71b106e934d263b5ba0837bbf1b3 sent",
        ],
    },
    ValueRule {
        id: "paypal",
        what: "PayPal secrets",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["paypal"],
            look: looks::digit_ahead,
            pattern: r#"(?i:paypal)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9_-]{80})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("the paypal api key EKJWSKhK7EGYfwzy9zMTI18C6eUDm7oYF5tns05Koy2OnZn2M1eLkNCZ8hKYWHJPu05MC4j1wrCq1UHY was refused", "EKJWSKhK7EGYfwzy9zMTI18C6eUDm7oYF5tns05Koy2OnZn2M1eLkNCZ8hKYWHJPu05MC4j1wrCq1UHY"),
        ],
        innocent: &[
            "paypal request EKJW took 12 ms",
            "paypal api key was rotated 3 times",
            "paypal trace ba3178b6e0e30f328549c488e00a4ff1 sent",
        ],
    },
    ValueRule {
        id: "auth_zero",
        what: "Auth0 secrets",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["auth0"],
            look: looks::digit_ahead,
            pattern: r#"(?i:auth0)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9_-]{64})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("auth0 token: mdj2oxTpaTlPbYqXcgcLBAnfdPcwnx0d1LzeZGEIWbXFzcggqCCoIF7uUxugFDwg", "mdj2oxTpaTlPbYqXcgcLBAnfdPcwnx0d1LzeZGEIWbXFzcggqCCoIF7uUxugFDwg"),
        ],
        innocent: &[
            "auth0 request mdj2 took 12 ms",
            "auth0 api key was rotated 3 times",
            "auth0 trace 125cf5ec72ba694165beaecba0afa707 sent",
        ],
    },
    ValueRule {
        id: "amplitude",
        what: "Amplitude keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["amplitude"],
            look: looks::digit_ahead,
            pattern: r#"(?i:amplitude)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{32})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("using amplitude secret \"c402364f9572b85a8e48f687ab165c58\" here", "c402364f9572b85a8e48f687ab165c58"),
        ],
        innocent: &[
            "amplitude request c402 took 12 ms",
            "amplitude api key was rotated 3 times",
            "amplitude trace e1448c828b4136d3b97429ab7bca1aaf sent",
        ],
    },
    ValueRule {
        id: "mixpanel",
        what: "Mixpanel secrets",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["mixpanel"],
            look: looks::digit_ahead,
            pattern: r#"(?i:mixpanel)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{32})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("mixpanel_auth_key=ac5831be38cb8cb4ba2e751989a01749", "ac5831be38cb8cb4ba2e751989a01749"),
        ],
        innocent: &[
            "mixpanel request ac58 took 12 ms",
            "mixpanel api key was rotated 3 times",
            "mixpanel trace b77b4460ecec9524998a26259bebd2fa sent",
        ],
    },
    ValueRule {
        id: "segment",
        what: "Segment keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["segment"],
            look: looks::digit_ahead,
            pattern: r#"(?i:segment)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9]{32})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("segment API token is nobagX5DIfOnpCBDAkWTGhWiOalTlINX.", "nobagX5DIfOnpCBDAkWTGhWiOalTlINX"),
        ],
        innocent: &[
            "segment request noba took 12 ms",
            "segment api key was rotated 3 times",
            "segment trace 5880587061ce6936714122a40680a06a sent",
        ],
    },
    ValueRule {
        id: "linkedin_key",
        what: "LinkedIn secrets",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["linkedin"],
            look: looks::digit_ahead,
            pattern: r#"(?i:linkedin)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9]{16}|AQ[A-Za-z0-9_-]{150,200})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("the linkedin api key n1eKIA7zPtJcGEoJ was refused", "n1eKIA7zPtJcGEoJ"),
        ],
        innocent: &[
            "linkedin request n1eK took 12 ms",
            "linkedin api key was rotated 3 times",
            "linkedin trace a0fca51d12afc8e00aa1da5204642bbd sent",
        ],
    },
    ValueRule {
        id: "sumo_logic",
        what: "Sumo Logic keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["sumo"],
            look: looks::digit_ahead,
            pattern: r#"(?i:sumo)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9]{64}|su[A-Za-z0-9]{12})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("sumo token: 3qyRZzQ9ADp0j5Wmplcm7hufPK5ACDiBZLPKD6xGAnjq8MJaMhmpgppa0nLgTETo", "3qyRZzQ9ADp0j5Wmplcm7hufPK5ACDiBZLPKD6xGAnjq8MJaMhmpgppa0nLgTETo"),
        ],
        innocent: &[
            "sumo request 3qyR took 12 ms",
            "sumo api key was rotated 3 times",
            "sumo trace b4a78f19e8b8480f3b47c20431658b45 sent",
        ],
    },
    ValueRule {
        id: "beamer",
        what: "Beamer keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["beamer"],
            look: looks::digit_ahead,
            pattern: r#"(?i:beamer)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?(b_[A-Za-z0-9=_/-]{44})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("using beamer secret \"b_D4uyetiAY2bv6dFvpcLOGQOpCHV5v7s82QtDRojrbry6\" here", "b_D4uyetiAY2bv6dFvpcLOGQOpCHV5v7s82QtDRojrbry6"),
        ],
        innocent: &[
            "beamer request b_D4 took 12 ms",
            "beamer api key was rotated 3 times",
            "beamer trace 50b7ef6bce6a0302cb17cdc70808d77b sent",
        ],
    },
    ValueRule {
        id: "freshdesk",
        what: "Freshdesk keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["freshdesk"],
            look: looks::digit_ahead,
            pattern: r#"(?i:freshdesk)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9]{20})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("freshdesk_auth_key=hQSp795NF4gAKQ5P1vM8", "hQSp795NF4gAKQ5P1vM8"),
        ],
        innocent: &[
            "freshdesk request hQSp took 12 ms",
            "freshdesk api key was rotated 3 times",
            "freshdesk trace 6ad89f65f84992a0f75ae616b1e5d490 sent",
        ],
    },
    ValueRule {
        id: "coveralls",
        what: "Coveralls tokens",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["coveralls"],
            look: looks::digit_ahead,
            pattern: r#"(?i:coveralls)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9]{32,37})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("coveralls API token is Kv6UM4YVmPY62o6sq1iee1hsA2Bb9uOk.", "Kv6UM4YVmPY62o6sq1iee1hsA2Bb9uOk"),
        ],
        innocent: &[
            "coveralls request Kv6U took 12 ms",
            "coveralls api key was rotated 3 times",
            "coveralls trace 340494b35ec2daca1760147d301a233f sent",
        ],
    },
    ValueRule {
        id: "bitly",
        what: "Bitly tokens",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["bitly"],
            look: looks::digit_ahead,
            pattern: r#"(?i:bitly)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{40})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("the bitly api key 96c25410335b400141212b62c376631129f34369 was refused", "96c25410335b400141212b62c376631129f34369"),
        ],
        innocent: &[
            "bitly request 96c2 took 12 ms",
            "bitly api key was rotated 3 times",
            "bitly trace 4d05743bf2b672850882161db80a1e9a sent",
        ],
    },
    ValueRule {
        id: "mailgun_key",
        what: "Mailgun sending keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["mailgun"],
            look: looks::digit_ahead,
            pattern: r#"(?i:mailgun)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("mailgun token: aad80b891baf90d0d3bf16295d06910b-967f532f-3ab3cc2d", "aad80b891baf90d0d3bf16295d06910b-967f532f-3ab3cc2d"),
        ],
        innocent: &[
            "mailgun request aad8 took 12 ms",
            "mailgun api key was rotated 3 times",
            "mailgun trace d8cdadc4ccd4078c763211caeae0ffac sent",
        ],
    },
    ValueRule {
        id: "dropbox_key",
        what: "Dropbox secrets",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["dropbox"],
            look: looks::digit_ahead,
            pattern: r#"(?i:dropbox)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([a-z0-9]{15})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("using dropbox secret \"bxntq186kyo3i8c\" here", "bxntq186kyo3i8c"),
        ],
        innocent: &[
            "dropbox request bxnt took 12 ms",
            "dropbox api key was rotated 3 times",
            "dropbox trace 7cb2c8a2788fbf742b65b754e51acbd3 sent",
        ],
    },
    ValueRule {
        id: "openweather",
        what: "OpenWeather keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["openweather"],
            look: looks::digit_ahead,
            pattern: r#"(?i:openweather)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{32})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("openweather_auth_key=ba4ea5ee874ae7689447ab57a683536c", "ba4ea5ee874ae7689447ab57a683536c"),
        ],
        innocent: &[
            "openweather request ba4e took 12 ms",
            "openweather api key was rotated 3 times",
            "openweather trace d48c3bb9e28c9e3ef5404bf7bac80608 sent",
        ],
    },
    ValueRule {
        id: "ibm_cloud",
        what: "IBM Cloud keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["ibm"],
            look: looks::digit_ahead,
            pattern: r#"(?i:ibm)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9_-]{44})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("ibm API token is JJyTuTbRMGo6GRN4YdCAZ2ybsOgoSdBJQmvZAvP62bsk.", "JJyTuTbRMGo6GRN4YdCAZ2ybsOgoSdBJQmvZAvP62bsk"),
        ],
        innocent: &[
            "ibm request JJyT took 12 ms",
            "ibm api key was rotated 3 times",
            "ibm trace 1598a878e2f264d9b1ecb19dd8b7c46b sent",
        ],
    },
    ValueRule {
        id: "pipedrive",
        what: "Pipedrive tokens",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["pipedrive"],
            look: looks::digit_ahead,
            pattern: r#"(?i:pipedrive)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([0-9a-f]{40})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("the pipedrive api key d7753eda83d7c58dfe0d5a0cf318656b3e6f0bad was refused", "d7753eda83d7c58dfe0d5a0cf318656b3e6f0bad"),
        ],
        innocent: &[
            "pipedrive request d775 took 12 ms",
            "pipedrive api key was rotated 3 times",
            "pipedrive trace 26a22eccdf03eeddf52ecf4076c19ace sent",
        ],
    },
    ValueRule {
        id: "recaptcha",
        what: "reCAPTCHA secrets",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["captcha"],
            look: looks::digit_ahead,
            pattern: r#"(?i:captcha)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?(6L[A-Za-z0-9_-]{38})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("recaptcha token: 6Lv8dNrLZgw7HunWoDQRYZDAEa6aosrWlQGOTvZ8", "6Lv8dNrLZgw7HunWoDQRYZDAEa6aosrWlQGOTvZ8"),
        ],
        innocent: &[
            "recaptcha request 6Lv8 took 12 ms",
            "recaptcha api key was rotated 3 times",
            "recaptcha trace 327203f26e16af1d4d14aa605882ac89 sent",
        ],
    },
    ValueRule {
        id: "azure_devops",
        what: "Azure DevOps tokens without a form",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["azure"],
            look: looks::digit_ahead,
            pattern: r#"(?i:azure)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([a-z2-7]{52}|[A-Za-z0-9]{32})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("using azure secret \"oz5nkiem6ojw25si6woryq3l6arwptu673fxjtydfuiwaanesqgj\" here", "oz5nkiem6ojw25si6woryq3l6arwptu673fxjtydfuiwaanesqgj"),
        ],
        innocent: &[
            "azure request oz5n took 12 ms",
            "azure api key was rotated 3 times",
            "azure trace cd1997cd896416bef4ba6e1a02da187e sent",
        ],
    },
    ValueRule {
        id: "gitlab_old",
        what: "GitLab tokens without a form",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["gitlab"],
            look: looks::digit_ahead,
            pattern: r#"(?i:gitlab)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9_-]{20})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("gitlab_auth_key=2OLxcWyJN5ZyiKn5smyF", "2OLxcWyJN5ZyiKn5smyF"),
        ],
        innocent: &[
            "gitlab request 2OLx took 12 ms",
            "gitlab api key was rotated 3 times",
            "gitlab trace 966ece6615d3142f505f7965463e3621 sent",
        ],
    },
    ValueRule {
        id: "bitbucket",
        what: "Bitbucket secrets",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["bitbucket"],
            look: looks::digit_ahead,
            pattern: r#"(?i:bitbucket)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9_=-]{32,64})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("bitbucket API token is q55jyo1TMfsNhFv1cq4HjHQaO0IefjDe.", "q55jyo1TMfsNhFv1cq4HjHQaO0IefjDe"),
        ],
        innocent: &[
            "bitbucket request q55j took 12 ms",
            "bitbucket api key was rotated 3 times",
            "bitbucket trace d78ed41415e97a498a647c1ac49726e4 sent",
        ],
    },
    ValueRule {
        id: "confluent_key",
        what: "Confluent secrets without a form",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["confluent"],
            look: looks::digit_ahead,
            pattern: r#"(?i:confluent)[^\n]{0,24}?(?i:key|token|secret|auth|password|credential)s?[^\nA-Za-z0-9]{1,6}(?:(?:is|was|of) )?["\']?([A-Za-z0-9+/]{64}|[A-Z0-9]{16})(?:[^A-Za-z0-9_-]|\z)"#,
            check: checks::is_random,
        },
        secrets: &[
            ("the confluent api key d5JsfPfKim3vAK1UdskfqS1dXba9rELoXopBBnCrv7VzGgefw5JCNtaoIVG3qXVe was refused", "d5JsfPfKim3vAK1UdskfqS1dXba9rELoXopBBnCrv7VzGgefw5JCNtaoIVG3qXVe"),
        ],
        innocent: &[
            "confluent request d5Js took 12 ms",
            "confluent api key was rotated 3 times",
            "confluent trace 5dac31b3629fb0f26f89264f879130b6 sent",
        ],
    },
    ValueRule {
        id: "aws_secret",
        what: "AWS secret access keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["aws", "secret access key", "secretaccesskey", "secret_access_key", "akia", "asia"],
            look: looks::long_ahead,
            pattern: r"(?:(?i:aws)[^\n]{0,32}?(?i:secret|key)|(?i:secret[ _]?access[ _]?key)|A[KS]IA[A-Z0-9]{16})[^\n]{0,40}?[^A-Za-z0-9/+_-]([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|\z)",
            check: checks::is_mixed,
        },
        secrets: &[
            ("aws secret key TmGWqs59fquWOmI6MOUy7EEFM0Q1tJvUuVLqA9mT leaked", "TmGWqs59fquWOmI6MOUy7EEFM0Q1tJvUuVLqA9mT"),
            ("AKIAQ7SCDLV7MBCHZ4I6:TmGWqs59fquWOmI6MOUy7EEFM0Q1tJvUuVLqA9mT", "TmGWqs59fquWOmI6MOUy7EEFM0Q1tJvUuVLqA9mT"),
            ("SecretAccessKey: \"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\"", "TmGWqs59fquWOmI6MOUy7EEFM0Q1tJvUuVLqA9mT"),
        ],
        innocent: &[
            "aws commit 34c6fceca75e456f25e7e99531e2425c6c1de443 with key",
            "aws-sdk-go/1.44 secret manager",
            "aws s3 key app/http/controllers/a/b/c/d/e/f/g/h.php",
        ],
    },
    ValueRule {
        id: "otpauth",
        what: "secrets of one-time passwords in their URIs",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["otpauth"],
            look: looks::always,
            pattern: r#"(?i:otpauth(?:-migration)?(?::|%3a)(?://|%2f%2f)[^\s"\'<>]{0,160}?(?:[?&]|%3f|%26)(?:secret|data)(?:=|%3d))([A-Za-z0-9+/_-]+)"#,
            check: checks::sure,
        },
        secrets: &[
            ("QR otpauth://totp/Dev:kim?secret=QGGPHJ7RHU5PKCQXMSZNIPPGAG&issuer=Dev", "QGGPHJ7RHU5PKCQXMSZNIPPGAG"),
            ("otpauth%3A%2F%2Ftotp%2FDev%3Akim%3Fsecret%3DQGGPHJ7RHU5PKCQXMSZNIPPGAG%26issuer%3DDev", "QGGPHJ7RHU5PKCQXMSZNIPPGAG"),
        ],
        innocent: &[
            "otpauth://totp/Dev:kim?issuer=Dev",
            "the otpauth scheme",
        ],
    },
    ValueRule {
        id: "totp_seed",
        what: "seeds of one-time passwords",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["totp", "2fa", "mfa", "otp", "authenticator", "two-factor", "two factor", "google auth", "setup key", "manual entry"],
            look: looks::always,
            pattern: r"(?i:totp|2fa|mfa|otp|authenticator|two[ -]factor|google auth|setup key|manual entry)[^\n]{0,48}?[^A-Za-z0-9_]([A-Z2-7]{16,128}|[A-Z2-7]{4}(?:[ -][A-Z2-7]{4}){3,15}|[a-z2-7]{4}(?: [a-z2-7]{4}){3,15})(?:[^A-Za-z0-9_]|\z)",
            check: checks::is_seed,
        },
        secrets: &[
            ("totp seed D7NOFKJQB3ZHSHFNOPDPEVGCNLTVF5LA stored", "D7NOFKJQB3ZHSHFNOPDPEVGCNLTVF5LA"),
            ("your 2FA key: jbsw y3dp ehpk 3pxp", "jbsw y3dp ehpk 3pxp"),
            ("authenticator setup (JBSW Y3DP EHPK 3PXP)", "JBSW Y3DP EHPK 3PXP"),
            ("enter this setup key: p5ol escl 77ts mzqg", "p5ol escl 77ts mzqg"),
        ],
        innocent: &[
            "mfa required for ADMINISTRATORACCESS",
            "totp code sent over mail when they want some",
            "otp verified in 40 ms",
            "2fa ERROR_CODE_INVALID_TOKEN",
        ],
    },
    ValueRule {
        id: "one_time_code",
        what: "one-time codes beside their words",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["otp", "2fa", "mfa", "one-time", "one time", "verification code", "security code", "login code", "log-in code", "sign-in code", "signin code", "auth code", "authentication code", "confirmation code", "access code", "sms code", "activation code", "passcode", "code is", "code was", "your ", "authenticator code"],
            look: looks::digits_ahead,
            pattern: r#"(?i:\b(?:otp|totp|2fa|mfa)(?:[ -]?(?:code|token|pin))?|one[ -]time[ -](?:pass)?(?:code|word|pin)|(?:verification|security|log-?in|sign-?in|auth|authentication|authenticator|confirmation|access|sms|activation) code|passcode|your (?:[a-z-]{1,16} ){0,2}code|\bcode (?:is|was))(?i: (?:is|was|of|entered|submitted|used))?[ :=#"\'(-]{1,4}(?:G-)?([0-9]{4,8}|[0-9]{3}[ -][0-9]{3})(?:[^0-9A-Za-z.:,-]|[.,:-](?:[^0-9]|\z)|\z)"#,
            check: checks::is_code,
        },
        secrets: &[
            ("otp 482913 accepted", "482913"),
            ("Your code is 482913.", "482913"),
            ("Your Acme code: 482913", "482913"),
            ("verification code: 123456", "123456"),
            ("2FA code 123 456", "123 456"),
            ("one-time password: 92831745", "92831745"),
            ("passcode=4829", "4829"),
        ],
        innocent: &[
            "error code is 100045",
            "status code was 50312",
            "otp expired after 300 s",
            "mfa took 1200ms",
            "otp length 6",
            "verification code expired 300 times",
            "mfa 2026-09-14",
            "postal code is 10115",
            "your order code: 4711",
        ],
    },
    ValueRule {
        id: "code_before_words",
        what: "one-time codes that their words follow",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["is your", "as your"],
            look: looks::always,
            pattern: r"(?i)(?:\A|[^0-9A-Za-z.-])(?:G-)?([0-9]{4,8})(?: is your| as your)(?: [a-z-]{1,16}){0,3}? (?:code|otp|pin|passcode|password)",
            check: checks::sure,
        },
        secrets: &[
            ("G-482913 is your Google verification code", "482913"),
            ("482913 is your login code", "482913"),
        ],
        innocent: &[
            "404 is your status",
            "2026 is your year of the best new code",
        ],
    },
    ValueRule {
        id: "recovery",
        what: "recovery codes beside their words",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["recovery code", "backup code", "rescue code", "scratch code", "recovery_code", "backup_code", "recovery-code", "backup-code", "recovery key"],
            look: looks::digit_ahead,
            pattern: r"(?i:(?:recovery|backup|rescue|scratch)[ _-](?:codes?|key))[^\n]{0,24}?[^A-Za-z0-9-]((?:[A-Za-z0-9]{4,8}(?:-[A-Za-z0-9]{4,8}){1,7}|[A-Za-z0-9]{8,12})(?:[,; ]{1,3}(?:and )?(?:[A-Za-z0-9]{4,8}(?:-[A-Za-z0-9]{4,8}){1,7}|[A-Za-z0-9]*[0-9][A-Za-z0-9]{4,11})){0,12})(?:[^A-Za-z0-9-]|\z)",
            check: checks::is_recovery_code,
        },
        secrets: &[
            ("used recovery code kprb-3329 today", "kprb-3329"),
            ("backup codes: kprb-3329, fcmf-9523", "kprb-3329, fcmf-9523"),
            ("backup code: 8f3k2-m9x1p", "8f3k2-m9x1p"),
            ("recovery key ABCD-1234-EFGH-5678 shown", "ABCD-1234-EFGH-5678"),
        ],
        innocent: &[
            "recovery code used at 12:30",
            "8 backup codes left",
            "backup code count 10",
            "recovery codes regenerated by admin-2",
        ],
    },
    ValueRule {
        id: "recovery_list",
        what: "recovery codes in the lines below their words",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["recovery code", "backup code", "rescue code", "scratch code"],
            look: looks::digit_ahead,
            pattern: r"(?i:(?:recovery|backup|rescue|scratch) codes?)[^\n]{0,80}((?:(?:\r?\n|\\n)[ \t]*(?:[0-9]{1,2}[.)] +|[-*] +)?[A-Za-z0-9]{4,12}(?:[ -][A-Za-z0-9]{4,8}){0,3}[ \t]*){2,20})",
            check: is_code_list,
        },
        secrets: &[(
            "Backup codes, keep them safe:\n1. 4812 9930\n2. 7204 1185\nbye",
            "\n1. 4812 9930\n2. 7204 1185",
        )],
        innocent: &["backup codes\nfirst line\nsecond line", "backup codes: 8\nnext"],
    },
    ValueRule {
        id: "signature",
        what: "signatures of URLs and requests",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["signature=", "signature%3d", "sig=", "sig%3d"],
            look: looks::always,
            pattern: r#"(?i:signature|\bsig)(?:=|%3[Dd])(?:\\?")?((?:[A-Za-z0-9+/_~-]|%[0-9A-Fa-f]{2}){16,}={0,2})"#,
            check: checks::has_digit,
        },
        secrets: &[
            ("?X-Amz-Date=20260914T080000Z&X-Amz-Signature=add127454b4667a20f1fa2261bd2b5ff4891e5dc9328776e7f1ccacc27ad909f", "add127454b4667a20f1fa2261bd2b5ff4891e5dc9328776e7f1ccacc27ad909f"),
            ("?sv=2023-01-03&sig=abc9DEF%2Bghi0JKL%2Fmno1PQR%3D&se=1", "abc9DEF%2Bghi0JKL%2Fmno1PQR%3D"),
            ("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=add127454b4667a20f1fa2261bd2b5ff4891e5dc9328776e7f1ccacc27ad909f", "add127454b4667a20f1fa2261bd2b5ff4891e5dc9328776e7f1ccacc27ad909f"),
        ],
        innocent: &[
            "signature=valid",
            "config=0123456789abcdef01234567",
            "sig=",
            "signature=HMAC-SHA",
        ],
    },
    ValueRule {
        id: "aws_token_query",
        what: "security tokens and credentials of AWS in URLs",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["x-amz-security-token", "x-amz-credential"],
            look: looks::always,
            pattern: r#"(?i:x-amz-(?:security-token|credential))(?:=|%3[Dd]|["\']?: ?["\']?)([^\s&"\'<>;]{16,})"#,
            check: checks::has_digit,
        },
        secrets: &[
            ("?X-Amz-Credential=ROOTQ7SCDLV7MBCHZ4I6%2F20260914%2Feu-central-1%2Fs3&x=1", "ROOTQ7SCDLV7MBCHZ4I6%2F20260914%2Feu-central-1%2Fs3"),
            ("X-Amz-Security-Token=abc123DEF456ghi789&a=1", "abc123DEF456ghi789"),
        ],
        innocent: &[
            "X-Amz-Credential=missing",
            "X-Amz-Date=20260914T080000Z",
        ],
    },
    ValueRule {
        id: "digest_response",
        what: "responses of HTTP digest authentication",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["response="],
            look: looks::always,
            pattern: r#"(?i:\bresponse)=(?:\\?")?([0-9a-fA-F]{32,128})(?:[^0-9A-Za-z]|\z)"#,
            check: checks::has_digit,
        },
        secrets: &[
            ("Digest username=\"kim\", nonce=\"dcd98b71\", response=\"6629fae49393a05397450978507c4ef1\"", "6629fae49393a05397450978507c4ef1"),
        ],
        innocent: &[
            "response=200",
            "response=\"ok\"",
        ],
    },
    ValueRule {
        id: "azure_key",
        what: "keys of Azure storage, service bus and others",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["accountkey=", "accesskey="],
            look: looks::always,
            pattern: r"(?i:(?:account|shared_?access|access)key)=((?:[A-Za-z0-9+/]|%2[BbFf]){20,}(?:=|%3[Dd]){0,2})",
            check: checks::has_digit,
        },
        secrets: &[
            ("AccountName=dev;AccountKey=CO810m6SqbKty7ElqLiX40ePbFwXxiqTuVcsyn/oYUyBAWNf6gtMwRg1Jq4ilunwH//uCHPw5nT6Ep9RAiSYFy==;EndpointSuffix=core", "CO810m6SqbKty7ElqLiX40ePbFwXxiqTuVcsyn/oYUyBAWNf6gtMwRg1Jq4ilunwH//uCHPw5nT6Ep9RAiSYFy=="),
            ("Endpoint=sb://x/;SharedAccessKeyName=root;SharedAccessKey=abcDEF123ghiJKL456mnoPQR789stuVWX012yzA=", "abcDEF123ghiJKL456mnoPQR789stuVWX012yzA="),
        ],
        innocent: &[
            "AccountKey=missing",
            "SharedAccessKeyName=RootManageSharedAccessKey",
        ],
    },
    ValueRule {
        id: "azure_secret",
        what: "client secrets and keys of Azure that carry a mark",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["8q~", "7q~", "azse", "azfu", "azdo", "jqqj99", "+asta", "acdb"],
            look: looks::long_around,
            pattern: r"(?:\A|[^A-Za-z0-9_~.-])([A-Za-z0-9_~.-]{3}[78]Q~[A-Za-z0-9_~.-]{31,34}|[A-Za-z0-9_-]{42,43}Az(?:Se|Fu)[A-Za-z0-9_-]{5,6}(?:==)?|[A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{26}|[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}|[A-Za-z0-9+/]{76}(?:\+AStA|ACDb)[A-Za-z0-9+/]{5,6}={1,2})(?:[^A-Za-z0-9_~+-]|\z)",
            check: checks::has_digit,
        },
        secrets: &[
            ("client abc8Q~LvlpRowPSxiBajapFz8roYf9tXs5RUK1kf expired", "abc8Q~LvlpRowPSxiBajapFz8roYf9tXs5RUK1kf"),
            ("key 0DyiW5IMhz4DKTvhKrT6DlTYx9X9sLRT58eMnU7cZGAzFuAbc1de, x", "0DyiW5IMhz4DKTvhKrT6DlTYx9X9sLRT58eMnU7cZGAzFuAbc1de"),
            ("key: rQXZUYy9eRHN76ncg1aoKx5UCJRwieqj2qawERZXt6ZhzS2oHQcxJQQJ99ACi0skTWm8XQP4E4jGwmr1a1zt", "rQXZUYy9eRHN76ncg1aoKx5UCJRwieqj2qawERZXt6ZhzS2oHQcxJQQJ99ACi0skTWm8XQP4E4jGwmr1a1zt"),
            ("pat H7TKpL9uovsHxZZ18yv1VZZfzVW3Lt3Jivhaq75SINVrE7aEgA2kqPkbZNkuRy2ry21IJOq2wPgHAZDOx1Y2", "H7TKpL9uovsHxZZ18yv1VZZfzVW3Lt3Jivhaq75SINVrE7aEgA2kqPkbZNkuRy2ry21IJOq2wPgHAZDOx1Y2"),
            ("k kEwkQxjIibcnMuKuCJPpbA6R5jH5EF7O9clrqdbakDcWDi2vIjLOzx0cHvqgJ9R366YrYOzVkYJC+AStA1b2C3== x", "kEwkQxjIibcnMuKuCJPpbA6R5jH5EF7O9clrqdbakDcWDi2vIjLOzx0cHvqgJ9R366YrYOzVkYJC+AStA1b2C3=="),
        ],
        innocent: &[
            "see 8Q~ here",
            "an azfunction of fastaccess",
            "8Q~short",
        ],
    },
    ValueRule {
        id: "discord",
        what: "Discord bot tokens",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["."],
            look: looks::token_dot,
            pattern: r"(?:\A|[^A-Za-z0-9_-])([MNO][A-Za-z0-9_-]{23,28}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40})(?:[^A-Za-z0-9_-]|\z)",
            check: checks::is_mixed,
        },
        secrets: &[
            ("login with MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs failed", "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"),
            ("Bot MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs", "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"),
        ],
        innocent: &[
            "com.example.service.abcdef.handlers",
            "MainController.create.update",
        ],
    },
    ValueRule {
        id: "airtable",
        what: "Airtable tokens",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["."],
            look: looks::token_dot,
            pattern: r"(?:\A|[^A-Za-z0-9_])(pat[A-Za-z0-9]{14}\.[0-9a-f]{64})(?:[^A-Za-z0-9]|\z)",
            check: checks::has_digit,
        },
        secrets: &[
            ("base patcxMytvMxQMjws1.9002b6d08b5ab9315bd0e3a34bff2aaf438c6b8068dc5d44036c002e162aaef6 refused", "patcxMytvMxQMjws1.9002b6d08b5ab9315bd0e3a34bff2aaf438c6b8068dc5d44036c002e162aaef6"),
        ],
        innocent: &[
            "patternMatcher12.java",
            "path/to/pattern.abcdef",
        ],
    },
    ValueRule {
        id: "discord_mfa",
        what: "Discord user tokens",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["mfa."],
            look: looks::always,
            pattern: r"(?i:mfa)\.([A-Za-z0-9_-]{80,95})(?:[^A-Za-z0-9_-]|\z)",
            check: checks::has_digit,
        },
        secrets: &[
            ("user mfa.aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3 x", "aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3aB3"),
        ],
        innocent: &[
            "mfa.required",
            "mfa.verified_at",
        ],
    },
    ValueRule {
        id: "telegram",
        what: "Telegram bot tokens",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &[":aa"],
            look: looks::telegram,
            pattern: r"(?:\A|[^0-9A-Za-z]|[Bb][Oo][Tt])([0-9]{7,12}:AA[A-Za-z0-9_-]{32,35})(?:[^A-Za-z0-9_-]|\z)",
            check: checks::is_mixed,
        },
        secrets: &[
            ("sent to 110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawx", "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawx"),
            ("https://api.telegram.test/bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawx/sendMessage", "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawx"),
        ],
        innocent: &[
            "10:AA:BB:CC:DD:EE",
            "12345678:aaa",
        ],
    },
    ValueRule {
        id: "mailchimp",
        what: "Mailchimp keys",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["-us"],
            look: looks::mailchimp,
            pattern: r"(?:\A|[^0-9A-Za-z])([0-9a-f]{32}-us[0-9]{1,2})(?:[^0-9A-Za-z-]|\z)",
            check: checks::has_digit,
        },
        secrets: &[
            ("list sync with 076bc3346eee21f5c7ff43fc2770c717-us14 failed", "076bc3346eee21f5c7ff43fc2770c717-us14"),
        ],
        innocent: &[
            "cafe-us1",
            "34c6fceca75e456f25e7e99531e2425c-usage",
            "node-us-east-1",
        ],
    },
    ValueRule {
        id: "terraform",
        what: "Terraform Cloud tokens",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &[".atlasv1."],
            look: looks::always,
            pattern: r"(?:\A|[^A-Za-z0-9])([A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{50,90})(?:[^A-Za-z0-9]|\z)",
            check: checks::has_digit,
        },
        secrets: &[
            ("TF_TOKEN G6MzACdDZP879O.atlasv1.xrC7jok6aQCJdBew9Gw4tGLJzhKngUGgy94Y64AE2Bjp0FgjnnmyziEtDqinSdZq", "G6MzACdDZP879O.atlasv1.xrC7jok6aQCJdBew9Gw4tGLJzhKngUGgy94Y64AE2Bjp0FgjnnmyziEtDqinSdZq"),
        ],
        innocent: &[
            "api.atlasv1.example",
            "x.atlasv1.y",
        ],
    },
    ValueRule {
        id: "new_relic_license",
        what: "New Relic license keys",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["nral"],
            look: looks::always,
            pattern: r"(?:\A|[^A-Za-z0-9])((?:[0-9a-fA-F]{36}|[a-z]{2}[0-9]{2}xx[0-9a-fA-F]{28,36})NRAL)(?:[^A-Za-z0-9]|\z)",
            check: checks::has_digit,
        },
        secrets: &[
            ("license 0605e636d32b32732b89994fa6022136ced6NRAL used", "0605e636d32b32732b89994fa6022136ced6NRAL"),
            ("license eu01xx605e636d32b32732b89994fa6022136ced6NRAL", "eu01xx605e636d32b32732b89994fa6022136ced6NRAL"),
        ],
        innocent: &[
            "NRAL",
            "abcNRAL",
        ],
    },
    ValueRule {
        id: "facebook_app",
        what: "Facebook app tokens",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["|"],
            look: looks::facebook_app,
            pattern: r"(?:\A|[^0-9A-Za-z])[0-9]{13,17}\|([A-Za-z0-9_-]{27})(?:[^A-Za-z0-9_-]|\z)",
            check: checks::is_mixed,
        },
        secrets: &[
            ("graph 1234567890123456|6wuwyF6B1DtuBqrI26bz4DLn8Sc failed", "6wuwyF6B1DtuBqrI26bz4DLn8Sc"),
        ],
        innocent: &[
            "1790000000000|orders|created",
            "a|b|c",
        ],
    },
    ValueRule {
        id: "sanctum",
        what: "Laravel Sanctum tokens",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["|"],
            look: looks::sanctum,
            pattern: r"(?:\A|[^0-9A-Za-z|.:-])([0-9]{1,10}\|(?:[a-z0-9_]{1,16}_)?[A-Za-z0-9]{40,48})(?:[^A-Za-z0-9_|-]|\z)",
            check: checks::is_mixed,
        },
        secrets: &[
            ("token 12|QtIQyT2WBUYGKcK8pp7ewn1wwwURzPAaiBVOi4W6 revoked", "12|QtIQyT2WBUYGKcK8pp7ewn1wwwURzPAaiBVOi4W6"),
        ],
        innocent: &[
            "1|orders|created",
            "12|34c6fceca75e456f25e7e99531e2425c6c1de443",
        ],
    },
    ValueRule {
        id: "adyen",
        what: "Adyen keys",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["hmfx"],
            look: looks::always,
            pattern: r"(?:\A|[^A-Za-z0-9+/])(AQ[A-Z][A-Za-z]hmfx[A-Za-z0-9+/=_*<>-]{40,300})",
            check: checks::has_digit,
        },
        secrets: &[
            ("merchant AQEyhmfx0VAxxxP4VyFiKGC02UboVXEiH9dKNhDpqiP86a76hsx9oFpNNSw64AtQbtH8LncnrKs8vSwZPVQ9BFs3 denied", "AQEyhmfx0VAxxxP4VyFiKGC02UboVXEiH9dKNhDpqiP86a76hsx9oFpNNSw64AtQbtH8LncnrKs8vSwZPVQ9BFs3"),
        ],
        innocent: &[
            "hmfx",
            "AQEyhmfx",
        ],
    },
    ValueRule {
        id: "stripe_client_secret",
        what: "Stripe client secrets",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["_secret_"],
            look: looks::always,
            pattern: r"(?:\A|[^A-Za-z0-9_])((?:pi|seti|cs|src|ek|cs_live|cs_test)_[A-Za-z0-9_]{8,80}_secret_[A-Za-z0-9]{10,80})",
            check: checks::has_digit,
        },
        secrets: &[
            ("confirm pi_3NxYz1LkdIwHu7ix0a1b2c3d_secret_NpQn9ppvlJpEmEsZTEEuEiAEX failed", "pi_3NxYz1LkdIwHu7ix0a1b2c3d_secret_NpQn9ppvlJpEmEsZTEEuEiAEX"),
        ],
        innocent: &[
            "app_secret_store",
            "pi_secret_name",
        ],
    },
    ValueRule {
        id: "braintree",
        what: "PayPal and Braintree access tokens",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["access_token$"],
            look: looks::always,
            pattern: r"(access_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[0-9a-f]{32})",
            check: checks::has_digit,
        },
        secrets: &[
            ("gateway access_token$production$ej9h56r2lgqtz0l2$3eaa60c736ba80622598514f31c82712 x", "access_token$production$ej9h56r2lgqtz0l2$3eaa60c736ba80622598514f31c82712"),
        ],
        innocent: &[
            "access_token$x",
            "access_token$production",
        ],
    },
    ValueRule {
        id: "salesforce",
        what: "Salesforce session ids",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["00d"],
            look: looks::salesforce,
            pattern: r"(00D[A-Za-z0-9]{12,15}!A[A-Za-z0-9._]{80,120})",
            check: checks::has_digit,
        },
        secrets: &[
            ("sid 00D5g000004abCD!AQ4AQSAR27I79WXiuLIXyvQXXKhqH3P6yKSwY7wBOpM4OwY2XPp5eQ3ADGqY1XPSBecfHHdjtfFZHfe7L6ObcDHMERXceP7 expired", "00D5g000004abCD!AQ4AQSAR27I79WXiuLIXyvQXXKhqH3P6yKSwY7wBOpM4OwY2XPp5eQ3ADGqY1XPSBecfHHdjtfFZHfe7L6ObcDHMERXceP7"),
        ],
        innocent: &[
            "00D5g000004abCD",
            "00D5g000004abCD!x",
        ],
    },
    ValueRule {
        id: "api_key_scheme",
        what: "keys behind the schemes ApiKey, SSWS, GenieKey and Splunk",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["apikey ", "ssws ", "geniekey ", "splunk "],
            look: looks::always,
            pattern: r"(?i:\b(?:apikey|ssws|geniekey|splunk)) ([A-Za-z0-9+/=_-]{16,128})",
            check: checks::is_random,
        },
        secrets: &[
            ("sent ApiKey VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1z to es", "VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1z"),
            ("SSWS 00abcDEF123ghiJKL456mnoPQR789stuVWX0", "00abcDEF123ghiJKL456mnoPQR789stuVWX0"),
            ("Splunk 3f2b8c1e-7a64-4c9f-8d21-5b0e9a7c4d13", "3f2b8c1e-7a64-4c9f-8d21-5b0e9a7c4d13"),
        ],
        innocent: &[
            "the apikey header is missing",
            "splunk forwarder-connection-one",
        ],
    },
    ValueRule {
        id: "webhook",
        what: "secret paths of webhooks",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["hooks.slack.com", "discord", "webhook.office.com", "hooks.zapier.com", "maker.ifttt.com", "chat.googleapis.com", "hook.eu", "hook.us", "hook.make.com", "events.pagerduty", "hooks.chime", "outlook.office", "open.feishu", "open.larksuite", "oapi.dingtalk", "qyapi.weixin"],
            look: looks::always,
            pattern: r"(?i:hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/[0-9]+/|webhook\.office\.com/webhookb2/|outlook\.office(?:365)?\.com/webhook/|hooks\.zapier\.com/hooks/catch/|maker\.ifttt\.com/(?:trigger/[^/\s]{1,40}/(?:json/)?with/key|use)/|hook\.[a-z0-9.]{0,8}make\.com/|hooks\.chime\.aws/incomingwebhooks/[^?\s]{1,80}\?token=|events\.pagerduty\.com/integration/|open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook/|chat\.googleapis\.com/v1/spaces/[^?\s]{1,40}/messages\?|oapi\.dingtalk\.com/robot/send\?access_token=|qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=)([A-Za-z0-9_@/=&%.~-]{12,})",
            check: checks::has_digit,
        },
        secrets: &[
            ("POST https://hooks.slack.com/services/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 404", "T0A1B2C3D/B0E1F2G3H/aB3dE5fG7hJ9kL1mN3pQ5rS7"),
            ("https://discord.com/api/webhooks/198622483471925248/ZnCjm1XVW7vRze4b7Cq4se7kKWs0abcdefGH-ijkl_MNOP failed", "ZnCjm1XVW7vRze4b7Cq4se7kKWs0abcdefGH-ijkl_MNOP"),
            ("to https://hooks.zapier.com/hooks/catch/1234567/abc12d3 ok", "1234567/abc12d3"),
        ],
        innocent: &[
            "https://hooks.slack.com/docs",
            "https://discord.com/api/v10/users/198622483471925248",
        ],
    },
    ValueRule {
        id: "node_url",
        what: "keys in the addresses of block chain nodes and of weather services",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["g.alchemy.com", "infura.io", "appid=", "astracs:", "loggly.com"],
            look: looks::always,
            pattern: r"(?:g\.alchemy\.com/v[23]/|infura\.io/v3/|appid=|AstraCS:|loggly\.com/(?:bulk|inputs)/)([A-Za-z0-9_:-]{32,120})",
            check: checks::has_digit,
        },
        secrets: &[
            ("https://eth-mainnet.g.alchemy.com/v2/gTk6h_2KYwpjtDJTr0by4fVYo-Hitif9", "gTk6h_2KYwpjtDJTr0by4fVYo-Hitif9"),
            ("https://mainnet.infura.io/v3/646a28c0ec099db3b4f4fa0992f67f0b", "646a28c0ec099db3b4f4fa0992f67f0b"),
            ("weather?q=Ulm&appid=90975a8cf0c58dbcf1f00e371dfba461", "90975a8cf0c58dbcf1f00e371dfba461"),
            (
                "('token', 'AstraCS:3AwzKsbVRJN9wVGFYGW2WmQz:1e3c29b62179273c8eb5bb682575ec87a171ac826a6fce48478dcb74f21345d2')",
                "3AwzKsbVRJN9wVGFYGW2WmQz:1e3c29b62179273c8eb5bb682575ec87a171ac826a6fce48478dcb74f21345d2",
            ),
        ],
        innocent: &["https://docs.infura.io/v3/api", "?appid=web", "https://www.alchemy.com/v2/pricing"],
    },
    ValueRule {
        id: "password_hash",
        what: "hashes of passwords",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["$2a$", "$2b$", "$2x$", "$2y$", "$argon2", "$6$", "$5$", "$y$", "$1$", "$apr1$", "$p$", "$h$", "$scrypt", "pbkdf2", "scrypt:", "{ssha", "{sha"],
            look: looks::always,
            pattern: r"(\$2[abxy]\$[0-9]{2}\$[./A-Za-z0-9]{53}|\$argon2(?:id|i|d)\$[A-Za-z0-9+/=,$.-]{20,400}|\$[56y]\$[./A-Za-z0-9=$]{20,160}|\$(?:1|apr1)\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}|\$[PH]\$[./A-Za-z0-9]{31}|\$(?:scrypt|pbkdf2[a-z0-9-]{0,16})\$[A-Za-z0-9+/=,$._-]{20,400}|(?i:pbkdf2)[_:]sha[0-9]{1,3}[:$][0-9]{1,8}\$[A-Za-z0-9+/=$._-]{20,400}|scrypt:[0-9]{1,8}:[0-9]{1,3}:[0-9]{1,3}\$[A-Za-z0-9+/=$._-]{20,400}|\{S?SHA[0-9]{0,3}\}[A-Za-z0-9+/=]{24,})",
            check: checks::has_digit,
        },
        secrets: &[
            ("row $2y$10$92IXUNpkjO0rOQ5byMi.Ye4oKoEa3Ro9llC/.og/at2.uheWG/igi end", "$2y$10$92IXUNpkjO0rOQ5byMi.Ye4oKoEa3Ro9llC/.og/at2.uheWG/igi"),
            ("$argon2id$v=19$m=65536,t=4,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG", "$argon2id$v=19$m=65536,t=4,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b4dWRWJTmaaJObG"),
            ("root:$6$sa1tsa1t$aB3./xYzaB3./xYzaB3./xYzaB3./xYzaB3./xYzaB3./xYzaB3./xYzaB3./xYzaB3./xYzaB3./xYzabcdef:19000", "$6$sa1tsa1t$aB3./xYzaB3./xYzaB3./xYzaB3./xYzaB3./xYzaB3./xYzaB3./xYzaB3./xYzaB3./xYzaB3./xYzabcdef"),
            ("pbkdf2_sha256$260000$abcdefSALT12$aB3+aB3+aB3+aB3+aB3+aB3+aB3+aB3+aB3+aB3+xyz=", "pbkdf2_sha256$260000$abcdefSALT12$aB3+aB3+aB3+aB3+aB3+aB3+aB3+aB3+aB3+aB3+xyz="),
        ],
        innocent: &[
            "cost $2 more",
            "replace with $1$2",
            "$6$ for two",
            "using pbkdf2 with 600000 rounds",
            "INSERT INTO t VALUES ($1,$2,$3)",
        ],
    },
    ValueRule {
        id: "mysql_hash",
        what: "hashes of MySQL passwords",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["*"],
            look: looks::mysql_hash,
            pattern: r"(\*[0-9A-F]{40})(?:[^0-9A-Za-z]|\z)",
            check: checks::has_digit,
        },
        secrets: &[
            ("IDENTIFIED BY PASSWORD '*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4'", "*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4"),
        ],
        innocent: &[
            "*ABCDEF12",
            "2 * 34567890",
            "*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4FF",
        ],
    },
    ValueRule {
        id: "session_cookie",
        what: "session ids under their well-known names",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["sessid", "sessionid", "session_id", "connect.sid", "_session", "cfid"],
            look: looks::always,
            pattern: r#"(?i:sessid|j?sessionid[a-z]{0,8}|session_id|connect\.sid|_session|cfid)(?:=|%3[Dd])([^\s;,&?"\'<>\\)\]]{8,200})"#,
            check: checks::has_digit,
        },
        secrets: &[
            ("retry with PHPSESSID=UrIhrPz0PJpAqtUgmgAYeusc7m; lang=de", "UrIhrPz0PJpAqtUgmgAYeusc7m"),
            ("GET /cart;jsessionid=1A530637289A03B07199A44E8D531427?x=1", "1A530637289A03B07199A44E8D531427"),
            ("laravel_session=abc123DEF456", "abc123DEF456"),
        ],
        innocent: &[
            "session_id=",
            "new_session=true",
            "the PHPSESSID cookie is missing",
        ],
    },
    ValueRule {
        id: "putty",
        what: "PuTTY private keys",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["private-lines"],
            look: looks::always,
            pattern: r"(?i:private-lines): ?[0-9]+(?:\s|\\r|\\n)+((?:[A-Za-z0-9+/=]{16,}(?:\s|\\r|\\n)*)+)",
            check: checks::sure,
        },
        secrets: &[
            ("Private-Lines: 1\nAAAAIQDQ3Sx1vAbCdEfGh0123456789+/abcd== Private-MAC: 1", "AAAAIQDQ3Sx1vAbCdEfGh0123456789+/abcd== "),
        ],
        innocent: &[
            "Private-Lines: 0",
            "private-lines of code",
        ],
    },
    ValueRule {
        id: "app_password",
        what: "app passwords in groups of four",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["app password", "application password", "app-password", "app_password"],
            look: looks::always,
            pattern: r#"(?i:app(?:lication)?[ _-]password)[^\nA-Za-z0-9]{1,4}(?:(?:is|was) )?["\']?([A-Za-z0-9]{4}(?: [A-Za-z0-9]{4}){3,5})(?:[^A-Za-z0-9]|\z)"#,
            check: checks::sure,
        },
        secrets: &[
            ("app password: abcd efgh ijkl mnop", "abcd efgh ijkl mnop"),
            ("application password 'AbC1 dEf2 GhI3 jKl4 MnO5 pQr6'", "AbC1 dEf2 GhI3 jKl4 MnO5 pQr6"),
        ],
        innocent: &[
            "app password was revoked by support",
            "an application password is required",
        ],
    },
    ValueRule {
        id: "mnemonic",
        what: "words that a wallet is restored from",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["mnemonic", "seed phrase", "recovery phrase", "backup phrase", "secret phrase"],
            look: looks::always,
            pattern: r#"(?i:mnemonic|(?:seed|recovery|backup|secret) phrase)(?:s|[ _]words)?(?: is)?[ :="\'\[(]{1,4}([a-z]{3,8}(?:[ ,]{1,2}[a-z]{3,8}){11,23})(?:[^A-Za-z0-9]|\z)"#,
            check: checks::sure,
        },
        secrets: &[
            ("wallet mnemonic: legal winner thank year wave sausage worth useful legal winner thank yellow.", "legal winner thank year wave sausage worth useful legal winner thank yellow"),
            ("seed phrase \"legal winner thank year wave sausage worth useful legal winner thank yellow\"", "legal winner thank year wave sausage worth useful legal winner thank yellow"),
        ],
        innocent: &[
            "the mnemonic was wrong",
            "seed phrase entered by the user is too short",
        ],
    },
    ValueRule {
        id: "wallet_key",
        what: "private keys of wallets, in hexadecimal",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["private key", "private_key", "privatekey", "privkey"],
            look: looks::always,
            pattern: r"(?i:priv(?:ate)?[ _]?key)[^\n]{0,16}?[^0-9A-Za-z]((?:0x)?[0-9a-fA-F]{64})(?:[^0-9A-Za-z]|\z)",
            check: checks::has_digit,
        },
        secrets: &[
            ("wallet private key 0xadd127454b4667a20f1fa2261bd2b5ff4891e5dc9328776e7f1ccacc27ad909f imported", "0xadd127454b4667a20f1fa2261bd2b5ff4891e5dc9328776e7f1ccacc27ad909f"),
        ],
        innocent: &[
            "private key fingerprint SHA256:abc",
            "private key not found",
        ],
    },
    ValueRule {
        id: "kubeadm",
        what: "bootstrap tokens of Kubernetes",
        kind: Kind::Secret,
        find: Find::Near {
            keywords: &["kubeadm", "bootstrap token", "bootstrap-token"],
            look: looks::always,
            pattern: r"(?i:kubeadm|bootstrap[ -]token)[^\n]{0,80}?[^A-Za-z0-9]([a-z0-9]{6}\.[a-z0-9]{16})(?:[^A-Za-z0-9.]|\z)",
            check: checks::has_digit,
        },
        secrets: &[
            ("kubeadm join 10.0.0.1:6443 --x 07401b.f395accd246ae52d", "07401b.f395accd246ae52d"),
        ],
        innocent: &[
            "kubeadm init took 30 s",
            "kubeadm config.yaml",
        ],
    },
    ValueRule {
        id: "twitter",
        what: "Twitter bearer tokens",
        kind: Kind::Secret,
        find: Find::Whole {
            keywords: &["aaaaaaaaaaaaaaaaaaaaa"],
            look: looks::always,
            pattern: r"(?:\A|[^A-Za-z0-9+/=,])(A{21,24}(?:[A-Za-z0-9]|%[0-9A-Fa-f]{2}){40,140})(?:[^A-Za-z0-9%]|\z)",
            check: checks::is_mixed,
        },
        secrets: &[
            ("app AAAAAAAAAAAAAAAAAAAAAMLhe%2BuSeidVjDEgOevNkn3972YHD8bhDPhKg3UNGFeQd78dyuIEzcoUGNRqyXEHteeQLgAopzg5Bperv x", "AAAAAAAAAAAAAAAAAAAAAMLhe%2BuSeidVjDEgOevNkn3972YHD8bhDPhKg3UNGFeQd78dyuIEzcoUGNRqyXEHteeQLgAopzg5Bperv"),
        ],
        innocent: &[
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "data:x;base64,AAAAAAAAAAAAAAAAAAAAAAAA",
        ],
    },
];
/// Whether each line of a list has two digits at least, beside the number before it.
fn is_code_list(text: &str, range: &Range<usize>) -> bool {
    text[range.clone()].split("\\n").flat_map(str::lines).map(str::trim).filter(|line| !line.is_empty()).all(|line| {
        let code = line.split_once([')', '.', '*']).map_or(line, |(_, code)| code);
        code.bytes().filter(u8::is_ascii_digit).count() >= 2
    })
}
