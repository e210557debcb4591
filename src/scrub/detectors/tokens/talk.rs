//! Tokens of those who carry messages.

use super::super::ValueRule;
use super::super::forms::{Class, Test, form};
use super::provider;

#[rustfmt::skip]
pub const RULES: &[ValueRule] = &[
    provider("slack", "Slack tokens", &[
        form("xoxa-", Class::Escaped, 10, 400, Test::Varied),
        form("xoxb-", Class::Escaped, 10, 400, Test::Varied),
        form("xoxc-", Class::Escaped, 10, 400, Test::Varied),
        form("xoxo-", Class::Escaped, 10, 400, Test::Varied),
        form("xoxp-", Class::Escaped, 10, 400, Test::Varied),
        form("xoxr-", Class::Escaped, 10, 400, Test::Varied),
        form("xoxs-", Class::Escaped, 10, 400, Test::Varied),
        form("xoxe-", Class::Escaped, 10, 400, Test::Varied),
        form("xoxe.xoxp-", Class::Escaped, 10, 400, Test::Varied),
        form("xoxe.xoxb-", Class::Escaped, 10, 400, Test::Varied),
        form("xoxd-", Class::Escaped, 30, 600, Test::Varied),
        form("xapp-", Class::Url, 20, 200, Test::Varied),
    ], &[
        ("rejected xoxa-661512883376-452055318276-BsXJ6dfVw75x5ElzLiIWusm0: expired", "xoxa-661512883376-452055318276-BsXJ6dfVw75x5ElzLiIWusm0"),
        ("a xoxb-936093954722-607552501417-H3mjry9IwG5J73nYjD1R4CCg", "xoxb-936093954722-607552501417-H3mjry9IwG5J73nYjD1R4CCg"),
        ("sent xoxc-871571543424-378369286611-eG9OCtFtoWg2fpphY3y5dixN to it", "xoxc-871571543424-378369286611-eG9OCtFtoWg2fpphY3y5dixN"),
        ("/v1/xoxo-262285096666-105378495081-Lo57fTRpsOs5J6BOvPM5lh92/next", "xoxo-262285096666-105378495081-Lo57fTRpsOs5J6BOvPM5lh92"),
        ("key=xoxp-421869695229-147294159564-0VZw2pLhVJs2OReYItvoV7QH;", "xoxp-421869695229-147294159564-0VZw2pLhVJs2OReYItvoV7QH"),
        ("('xoxr-272593757859-188826928655-NwyHAEVS9QqDHP9pnZC26oYU')", "xoxr-272593757859-188826928655-NwyHAEVS9QqDHP9pnZC26oYU"),
        ("\"xoxs-679477918482-728881993823-TtWvUwE85ymy5YFw5F98hrD9\"", "xoxs-679477918482-728881993823-TtWvUwE85ymy5YFw5F98hrD9"),
        ("rejected xoxe-208762257423-868119123663-LGXuXwvYhw1prf2bMghpglV1: expired", "xoxe-208762257423-868119123663-LGXuXwvYhw1prf2bMghpglV1"),
        ("a xoxe.xoxp-651883532815-289196122107-TjgiOFgz1XGxr6FWR9IDTMyw", "xoxe.xoxp-651883532815-289196122107-TjgiOFgz1XGxr6FWR9IDTMyw"),
        ("sent xoxe.xoxb-688934129214-343908850098-E1qzWPy0o0bdYNCnXYSnL5yf to it", "xoxe.xoxb-688934129214-343908850098-E1qzWPy0o0bdYNCnXYSnL5yf"),
        ("/v1/xoxd-DgulkDl6WKkrnwGOl9guXCYJmdQFTvffexLPuWmLPP-JkOTRGUrSIR5WZ8FOI5pGe-Vz3GlX2dCQaCMR/next", "xoxd-DgulkDl6WKkrnwGOl9guXCYJmdQFTvffexLPuWmLPP-JkOTRGUrSIR5WZ8FOI5pGe-Vz3GlX2dCQaCMR"),
        ("key=xapp-1-A0Z5DX2JB7R-8389951918936-d05117729f6b666cbdbf504de0965c5dc8a06b9b6b3b3c4421d5bba5dffeaf75;", "xapp-1-A0Z5DX2JB7R-8389951918936-d05117729f6b666cbdbf504de0965c5dc8a06b9b6b3b3c4421d5bba5dffeaf75"),
    ], &[
        "see xoxa-6615 there",
        "xoxa-xxxxxxxxxx",
        "zxoxa-661512883376-452055318276-BsXJ6dfVw75x5ElzLiIWusm0",
    ]),
    provider("courier", "Courier keys", &[
        form("pk_prod_", Class::Upper, 28, 28, Test::Varied),
        form("dk_prod_", Class::Upper, 28, 28, Test::Varied),
    ], &[
        ("a pk_prod_HTAD6PLRZ8W044RN4VNEDAV9AFXR", "pk_prod_HTAD6PLRZ8W044RN4VNEDAV9AFXR"),
        ("sent dk_prod_2X0BZNY1WN5EFB3HESTOUXD0LCUL to it", "dk_prod_2X0BZNY1WN5EFB3HESTOUXD0LCUL"),
    ], &[
        "see pk_prod_HTAD there",
        "pk_prod_XXXXXXXXXXXXXXXXXXXXXXXXXXXX",
        "zpk_prod_HTAD6PLRZ8W044RN4VNEDAV9AFXR",
    ]),
    provider("twilio", "Twilio API keys", &[
        form("SK", Class::Hex, 32, 32, Test::Varied),
    ], &[
        ("a SK73f060dff216088cc482d264e1686311", "SK73f060dff216088cc482d264e1686311"),
    ], &[
        "see SK73f0 there",
        "SK00000000000000000000000000000000",
        "zSK73f060dff216088cc482d264e1686311",
    ]),
    provider("sendgrid", "SendGrid keys", &[
        form("SG.", Class::Dotted, 32, 90, Test::Parts),
    ], &[
        ("/v1/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/next", "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"),
    ], &[
        "see SG.Xkpu there",
        "SG.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zSG.Xkpuz_VIjbCBq3lGi5ROxo.7VZyq-p4b11UxUMOZXuFw-U-vRVI_T_jH2Fn-v1Osou",
    ]),
    provider("mailgun", "Mailgun keys", &[
        form("key-", Class::Hex, 32, 32, Test::Varied),
    ], &[
        ("sent key-2d274dad192618db2f4de9d09ba74b12 to it", "key-2d274dad192618db2f4de9d09ba74b12"),
    ], &[
        "see key-2d27 there",
        "key-00000000000000000000000000000000",
        "zkey-2d274dad192618db2f4de9d09ba74b12",
    ]),
    provider("brevo", "Brevo (Sendinblue) keys", &[
        form("xkeysib-", Class::Url, 64, 100, Test::Varied),
        form("xsmtpsib-", Class::Url, 64, 100, Test::Varied),
    ], &[
        ("rejected 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: expired", "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"),
        ("a xsmtpsib-e616bdc055ffe09d6b56ee73e1fc3a6cc6bce4aaba1103472aa9cb34b131f0a0-3mTPRWhKRy4EArhG", "xsmtpsib-e616bdc055ffe09d6b56ee73e1fc3a6cc6bce4aaba1103472aa9cb34b131f0a0-3mTPRWhKRy4EArhG"),
    ], &[
        "see xkeysib-6db5 there",
        "xkeysib-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zxkeysib-6db5b4a9772d1b6b54489299f3f6f19ee700b9c70fa04e9b885c9e98811a4b06-wnS39598yJZ6ue4p",
    ]),
    provider("mailersend", "MailerSend tokens", &[
        form("mlsn.", Class::Hex, 60, 70, Test::Varied),
    ], &[
        ("('mlsn.367d070f3ff5beeffd3d014538c8e1901e81bd0eb0a901affc2fc06a572eefec')", "mlsn.367d070f3ff5beeffd3d014538c8e1901e81bd0eb0a901affc2fc06a572eefec"),
    ], &[
        "see mlsn.367d there",
        "mlsn.0000000000000000000000000000000000000000000000000000000000000000000000",
        "zmlsn.367d070f3ff5beeffd3d014538c8e1901e81bd0eb0a901affc2fc06a572eefec",
    ]),
    provider("mandrill", "Mandrill keys", &[
        form("md-", Class::Url, 22, 22, Test::Mixed),
    ], &[
        ("/v1/md-WNJIOGj4CV1SMTYQig5JJ4/next", "md-WNJIOGj4CV1SMTYQig5JJ4"),
    ], &[
        "see md-WNJI there",
        "md-xxxxxxxxxxxxxxxxxxxxxx",
        "zmd-WNJIOGj4CV1SMTYQig5JJ4",
    ]),
    provider("resend", "Resend keys", &[
        form("re_", Class::Word, 26, 40, Test::Mixed),
    ], &[
        ("a re_EWPnb2yK_u7kRgayambZhp9l2UM2L5vw1", "re_EWPnb2yK_u7kRgayambZhp9l2UM2L5vw1"),
    ], &[
        "see re_EWPn there",
        "re_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zre_EWPnb2yK_u7kRgayambZhp9l2UM2L5vw1",
    ]),
    provider("klaviyo", "Klaviyo private keys", &[
        form("pk_", Class::Hex, 34, 34, Test::Varied),
    ], &[
        ("sent pk_e5d7e022c89bc29530802d150502ff49d4 to it", "pk_e5d7e022c89bc29530802d150502ff49d4"),
    ], &[
        "see pk_e5d7 there",
        "pk_0000000000000000000000000000000000",
        "zpk_e5d7e022c89bc29530802d150502ff49d4",
    ]),
    provider("smtp_two_go", "SMTP2GO keys", &[
        form("api-", Class::HexAny, 32, 32, Test::Varied),
    ], &[
        ("a api-da555a36da4d2d7a583b3e64ca6a5b17", "api-da555a36da4d2d7a583b3e64ca6a5b17"),
    ], &[
        "see api-da55 there",
        "api-00000000000000000000000000000000",
        "zapi-da555a36da4d2d7a583b3e64ca6a5b17",
    ]),
    provider("one_signal", "OneSignal keys", &[
        form("os_v2_app_", Class::Lower, 60, 120, Test::Varied),
        form("os_v2_org_", Class::Lower, 60, 120, Test::Varied),
    ], &[
        ("a os_v2_app_4ls7ymxdftmozmtzmm1wxxma6kje40kv02wai91nq9nvko27w1gyo2vybbcipg1915", "os_v2_app_4ls7ymxdftmozmtzmm1wxxma6kje40kv02wai91nq9nvko27w1gyo2vybbcipg1915"),
        ("sent os_v2_org_v74bojn10wp4sy31zhfo4jep5jibn00d1nx4a870otgdadidcp53em7hv6oiihco02 to it", "os_v2_org_v74bojn10wp4sy31zhfo4jep5jibn00d1nx4a870otgdadidcp53em7hv6oiihco02"),
    ], &[
        "see os_v2_app_4ls7 there",
        "os_v2_app_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zos_v2_app_4ls7ymxdftmozmtzmm1wxxma6kje40kv02wai91nq9nvko27w1gyo2vybbcipg1915",
    ]),
    provider("telnyx", "Telnyx keys", &[
        form("KEY", Class::Url, 50, 60, Test::Mixed),
    ], &[
        ("a KEY3kne60JH5RkAvWZRnFjHuchRPbEpGD5CzW_JQMPilZdzFrC6Q4NX8G6", "KEY3kne60JH5RkAvWZRnFjHuchRPbEpGD5CzW_JQMPilZdzFrC6Q4NX8G6"),
    ], &[
        "see KEY3kne there",
        "KEYxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zKEY3kne60JH5RkAvWZRnFjHuchRPbEpGD5CzW_JQMPilZdzFrC6Q4NX8G6",
    ]),
    provider("facebook", "Facebook access tokens", &[
        form("EAA", Class::Alnum, 90, 400, Test::Mixed),
    ], &[
        ("/v1/EAA8tCTnkt1b7bZ5aNgiewnpGEMNc5SP6YaIl6iHNogB0q1epVz4VGYnjzhBf9o8PvW0i7bj5zHZmHLanUo2Gr5auWsICIzalQAPMXhCERCHBmM00DAhqHVVIvZgepq443vsGpl37gWikFPHacQWvnJVjjARtJ4QZgW/next", "EAA8tCTnkt1b7bZ5aNgiewnpGEMNc5SP6YaIl6iHNogB0q1epVz4VGYnjzhBf9o8PvW0i7bj5zHZmHLanUo2Gr5auWsICIzalQAPMXhCERCHBmM00DAhqHVVIvZgepq443vsGpl37gWikFPHacQWvnJVjjARtJ4QZgW"),
    ], &[
        "see EAA8tCT there",
        "EAAxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zEAA8tCTnkt1b7bZ5aNgiewnpGEMNc5SP6YaIl6iHNogB0q1epVz4VGYnjzhBf9o8PvW0i7bj5zHZmHLanUo2Gr5auWsICIzalQAPMXhCERCHBmM00DAhqHVVIvZgepq443vsGpl37gWikFPHacQWvnJVjjARtJ4QZgW",
    ]),
    provider("instagram", "Instagram access tokens", &[
        form("IGQV", Class::Url, 60, 400, Test::Mixed),
        form("IGAA", Class::Url, 60, 400, Test::Mixed),
    ], &[
        ("a IGQVyNK8GXc-nXGW000lL5ugYwHla8xeLbbYRzr7NOY5iclwh5LBwDRCPAy0gsekYoKZhG", "IGQVyNK8GXc-nXGW000lL5ugYwHla8xeLbbYRzr7NOY5iclwh5LBwDRCPAy0gsekYoKZhG"),
        ("sent IGAAJFrYTPIWIfL0EtiQaGT41VE1mNUlc9RDVab4t2UGsj5oA2JIboQiOIpAHSxd-vHMVT to it", "IGAAJFrYTPIWIfL0EtiQaGT41VE1mNUlc9RDVab4t2UGsj5oA2JIboQiOIpAHSxd-vHMVT"),
    ], &[
        "see IGQVyNK8 there",
        "IGQVxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zIGQVyNK8GXc-nXGW000lL5ugYwHla8xeLbbYRzr7NOY5iclwh5LBwDRCPAy0gsekYoKZhG",
    ]),
    provider("linkedin", "LinkedIn tokens", &[
        form("WPL_AP", Class::Dotted, 14, 60, Test::Varied),
    ], &[
        ("/v1/WPL_AP1.F6mmPStZNnivm8Ze.NYI4a161/next", "WPL_AP1.F6mmPStZNnivm8Ze.NYI4a161"),
    ], &[
        "see WPL_AP1.F6 there",
        "WPL_APxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zWPL_AP1.F6mmPStZNnivm8Ze.NYI4a161",
    ]),
    provider("tiktok", "TikTok tokens", &[
        form("act.", Class::Joined, 40, 120, Test::Mixed),
        form("rft.", Class::Joined, 40, 120, Test::Mixed),
    ], &[
        ("sent act.ORBBkFvVAyNQDpYBuhmm-xB50pnNmvtqxuEgLD8-qjS27m to it", "act.ORBBkFvVAyNQDpYBuhmm-xB50pnNmvtqxuEgLD8-qjS27m"),
        ("sent rft.VcDD8CWCikIFtnGnvnt-TvzQr1Uo_PLwNgfBTifX-F9rV2 to it", "rft.VcDD8CWCikIFtnGnvnt-TvzQr1Uo_PLwNgfBTifX-F9rV2"),
    ], &[
        "see act.ORBB there",
        "act.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zact.ORBBkFvVAyNQDpYBuhmm-xB50pnNmvtqxuEgLD8-qjS27m",
    ]),
    provider("pinterest", "Pinterest tokens", &[
        form("pina_", Class::Url, 30, 100, Test::Varied),
        form("pinr_", Class::Url, 30, 100, Test::Varied),
    ], &[
        ("a pina_MNaMgBieGbIy8MepwbB4jkLi7Qiaz5XmEaKZ", "pina_MNaMgBieGbIy8MepwbB4jkLi7Qiaz5XmEaKZ"),
        ("sent pinr_liFUe1LfRq--yeyHQhnPjnqY4NMqCy9tuZDz to it", "pinr_liFUe1LfRq--yeyHQhnPjnqY4NMqCy9tuZDz"),
    ], &[
        "see pina_MNaM there",
        "pina_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zpina_MNaMgBieGbIy8MepwbB4jkLi7Qiaz5XmEaKZ",
    ]),
    provider("twitch_chat", "Twitch chat tokens", &[
        form("oauth:", Class::Lower, 30, 30, Test::Varied),
    ], &[
        ("a oauth:328t2ouascpofqdtn43g9ltnwlaz67", "oauth:328t2ouascpofqdtn43g9ltnwlaz67"),
    ], &[
        "see oauth:328t there",
        "oauth:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zoauth:328t2ouascpofqdtn43g9ltnwlaz67",
    ]),
    provider("matrix", "Matrix access tokens", &[
        form("syt_", Class::Word, 24, 120, Test::Varied),
        form("mct_", Class::Word, 28, 80, Test::Mixed),
        form("MDAx", Class::Base, 80, 400, Test::Mixed),
    ], &[
        ("a syt_hr8BSLvxa7_JACDr2YhPsIG6Hfyy7RG_C8vVJs", "syt_hr8BSLvxa7_JACDr2YhPsIG6Hfyy7RG_C8vVJs"),
        ("sent mct_9J11hv6LYezL633ACHuvf1MNqJPNvN5Lgu to it", "mct_9J11hv6LYezL633ACHuvf1MNqJPNvN5Lgu"),
        ("sent MDAxT22P/huGINKJWDUkuKSf6+bqv+ebjhm4r5wttrcQdLg32hCSEZ0oNawJFB8edxsLs9QLrTNlstvxjWoqVi34EH to it", "MDAxT22P/huGINKJWDUkuKSf6+bqv+ebjhm4r5wttrcQdLg32hCSEZ0oNawJFB8edxsLs9QLrTNlstvxjWoqVi34EH"),
    ], &[
        "see syt_hr8B there",
        "syt_xxxxxxxxxxxxxxxxxxxxxxxx",
        "zsyt_hr8BSLvxa7_JACDr2YhPsIG6Hfyy7RG_C8vVJs",
    ]),
    provider("nylas", "Nylas keys", &[
        form("nyk_", Class::Word, 30, 80, Test::Varied),
    ], &[
        ("rejected nyk_v0_uQcIo2XvblAIsKf1CrxcBOnCe8wtVC9MX1vZXFBU6NZZbsy8VJJju4im06W0: expired", "nyk_v0_uQcIo2XvblAIsKf1CrxcBOnCe8wtVC9MX1vZXFBU6NZZbsy8VJJju4im06W0"),
    ], &[
        "see nyk_v0_u there",
        "nyk_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "znyk_v0_uQcIo2XvblAIsKf1CrxcBOnCe8wtVC9MX1vZXFBU6NZZbsy8VJJju4im06W0",
    ]),
    provider("zoho", "Zoho tokens", &[
        form("1000.", Class::Dotted, 60, 80, Test::Parts),
    ], &[
        ("sent 1000.0853087ce60ed2b46ef41d5e5979f883.0ee183bf4aecfdb041afcfc259e2fadd to it", "1000.0853087ce60ed2b46ef41d5e5979f883.0ee183bf4aecfdb041afcfc259e2fadd"),
    ], &[
        "see 1000.0853 there",
        "1000.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "z1000.0853087ce60ed2b46ef41d5e5979f883.0ee183bf4aecfdb041afcfc259e2fadd",
    ]),
    provider("supernotes", "Supernotes keys", &[
        form("supernotes_sk-", Class::Url, 20, 60, Test::Varied),
    ], &[
        ("a supernotes_sk-PTfLpfkDz9Jg6or7cvZDsoCH1H", "supernotes_sk-PTfLpfkDz9Jg6or7cvZDsoCH1H"),
    ], &[
        "see supernotes_sk-PTfL there",
        "supernotes_sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsupernotes_sk-PTfLpfkDz9Jg6or7cvZDsoCH1H",
    ]),
    provider("roblox", "Roblox cookies and keys", &[
        form("_|WARNING:-DO-NOT-SHARE-THIS", Class::Joined, 60, 2000, Test::Varied),
    ], &[
        ("sent _|WARNING:-DO-NOT-SHARE-THIS.--Sharing-this-will-allow-someone-to-log-in.|_XPLKXFBUQ76TIG9PEO2TUIUEUO50UQ65P3MIO3E6FNJK2FGWSNF5ZOKSJM8Q3GCC6LEOLR0VFXGNX2F8 to it", "_|WARNING:-DO-NOT-SHARE-THIS.--Sharing-this-will-allow-someone-to-log-in.|_XPLKXFBUQ76TIG9PEO2TUIUEUO50UQ65P3MIO3E6FNJK2FGWSNF5ZOKSJM8Q3GCC6LEOLR0VFXGNX2F8"),
    ], &[
        "see _|WARNING:-DO-NOT-SHARE-THIS.--S there",
        "_|WARNING:-DO-NOT-SHARE-THISxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "z_|WARNING:-DO-NOT-SHARE-THIS.--Sharing-this-will-allow-someone-to-log-in.|_XPLKXFBUQ76TIG9PEO2TUIUEUO50UQ65P3MIO3E6FNJK2FGWSNF5ZOKSJM8Q3GCC6LEOLR0VFXGNX2F8",
    ]),
    provider("lichess", "Lichess tokens", &[
        form("lip_", Class::Alnum, 16, 24, Test::Mixed),
    ], &[
        ("rejected lip_T0y3OOBqMZVR3E9xRWpg: expired", "lip_T0y3OOBqMZVR3E9xRWpg"),
    ], &[
        "see lip_T0y3 there",
        "lip_xxxxxxxxxxxxxxxx",
        "zlip_T0y3OOBqMZVR3E9xRWpg",
    ]),
];
