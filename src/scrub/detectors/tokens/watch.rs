//! Tokens of those who watch systems and their users.

use super::super::ValueRule;
use super::super::forms::{Class, LONG, Test, form};
use super::provider;

#[rustfmt::skip]
pub const RULES: &[ValueRule] = &[
    provider("grafana", "Grafana tokens", &[
        form("glsa_", Class::Word, 32, 60, Test::Varied),
        form("glc_", Class::Base, 32, LONG, Test::Varied),
        form("eyJrIjoi", Class::Base, 40, LONG, Test::Varied),
    ], &[
        ("sent glsa_aplKB3xeajgiudSn1Pz7DLOJYq0wQLpa_c60a1058 to it", "glsa_aplKB3xeajgiudSn1Pz7DLOJYq0wQLpa_c60a1058"),
        ("sent glc_Kols/qPQFmxkYQ8oVLYfCgN0gbxJ67bdbOAd8FaB7wEs35YXw4g+veVqT9IWOAmhLnpO/sQEorzylR0rYWEGgv5uWykO2pks+I/hYgDDRTMqcqyN2FfqKa0r to it", "glc_Kols/qPQFmxkYQ8oVLYfCgN0gbxJ67bdbOAd8FaB7wEs35YXw4g+veVqT9IWOAmhLnpO/sQEorzylR0rYWEGgv5uWykO2pks+I/hYgDDRTMqcqyN2FfqKa0r"),
        ("sent eyJrIjoiKnVtQx7NdTAJ/mBzk4K7A+C7koR6lYumZF78YSlpcIXcfYtRzj66jtG+h/qoH8Xsj8djFfyVQ6dE9095 to it", "eyJrIjoiKnVtQx7NdTAJ/mBzk4K7A+C7koR6lYumZF78YSlpcIXcfYtRzj66jtG+h/qoH8Xsj8djFfyVQ6dE9095"),
    ], &[
        "see glsa_aplK there",
        "glsa_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zglsa_aplKB3xeajgiudSn1Pz7DLOJYq0wQLpa_c60a1058",
    ]),
    provider("new_relic", "New Relic keys", &[
        form("NRAK-", Class::Alnum, 26, 46, Test::Varied),
        form("NRJS-", Class::HexAny, 19, 19, Test::Varied),
        form("NRII-", Class::Url, 24, 40, Test::Varied),
        form("NRIQ-", Class::Url, 24, 40, Test::Varied),
        form("NRAA-", Class::HexAny, 27, 27, Test::Varied),
        form("NRBR-", Class::HexAny, 19, 19, Test::Varied),
    ], &[
        ("key=NRAK-OQ0KD70DHGLKZ3USLEHGADUO0R1;", "NRAK-OQ0KD70DHGLKZ3USLEHGADUO0R1"),
        ("('NRJS-6c01f5b37e44104c32f')", "NRJS-6c01f5b37e44104c32f"),
        ("\"NRII-EfF39AxWSePS8MVQkmC4Zd9zvmRipROT\"", "NRII-EfF39AxWSePS8MVQkmC4Zd9zvmRipROT"),
        ("rejected NRIQ-8hBy7fY4gjoRYW7bqAqeuIqRWLPuQoVt: expired", "NRIQ-8hBy7fY4gjoRYW7bqAqeuIqRWLPuQoVt"),
        ("a NRAA-65facd968e7cffebcb2364d9c26", "NRAA-65facd968e7cffebcb2364d9c26"),
        ("\"NRBR-795f22606ffc6e5abac\"", "NRBR-795f22606ffc6e5abac"),
    ], &[
        "see NRAK-OQ0K there",
        "NRAK-XXXXXXXXXXXXXXXXXXXXXXXXXXX",
        "zNRAK-OQ0KD70DHGLKZ3USLEHGADUO0R1",
    ]),
    provider("datadog_token", "Datadog tokens with a start", &[
        form("ddapp_", Class::Alnum, 30, 60, Test::Varied),
        form("ddpat_", Class::Alnum, 30, 80, Test::Varied),
        form("DDRCM_", Class::Url, 40, 200, Test::Varied),
    ], &[
        ("a ddapp_XjYoDi7yXewkIHCrB9l7XssTRRIjAB3FWogW", "ddapp_XjYoDi7yXewkIHCrB9l7XssTRRIjAB3FWogW"),
        ("sent ddpat_Os7lhMQahiv5ROnGFS4WNujyDQwab1UFaauv to it", "ddpat_Os7lhMQahiv5ROnGFS4WNujyDQwab1UFaauv"),
        ("/v1/DDRCM_ZGquCpcTFwhw2rD03_pvpAnvHa3xAocvDxEfdcxwFDAKiC/next", "DDRCM_ZGquCpcTFwhw2rD03_pvpAnvHa3xAocvDxEfdcxwFDAKiC"),
    ], &[
        "see ddapp_XjYo there",
        "ddapp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zddapp_XjYoDi7yXewkIHCrB9l7XssTRRIjAB3FWogW",
    ]),
    provider("dynatrace", "Dynatrace tokens", &[
        form("dt0c01.", Class::Dotted, 80, 100, Test::Varied),
        form("dt0s01.", Class::Dotted, 80, 100, Test::Varied),
        form("dt0s02.", Class::Dotted, 80, 100, Test::Varied),
        form("dt0s03.", Class::Dotted, 80, 100, Test::Varied),
        form("dt0s06.", Class::Dotted, 80, 100, Test::Varied),
        form("dt0s08.", Class::Dotted, 80, 100, Test::Varied),
        form("dt0s16.", Class::Dotted, 80, 100, Test::Varied),
        form("dt0e01.", Class::Dotted, 80, 100, Test::Varied),
        form("dt0t01.", Class::Dotted, 80, 100, Test::Varied),
        form("dt0p01.", Class::Dotted, 80, 100, Test::Varied),
        form("dt0a01.", Class::Dotted, 80, 100, Test::Varied),
        form("dt0v01.", Class::Dotted, 80, 100, Test::Varied),
        form("dt0s04.", Class::Dotted, 80, 100, Test::Varied),
        form("dt0s05.", Class::Dotted, 80, 100, Test::Varied),
        form("dt0s07.", Class::Dotted, 80, 100, Test::Varied),
        form("dt0s09.", Class::Dotted, 80, 100, Test::Varied),
    ], &[
        ("key=dt0c01.SBYLIK5VRKH9C9WO0T3J8STZ.KTHW3BCQDZP3J3ML6I74OX9EIOGWK892Y7IGBZJR86RTP3NEYLQZ8OZX8644OEWR;", "dt0c01.SBYLIK5VRKH9C9WO0T3J8STZ.KTHW3BCQDZP3J3ML6I74OX9EIOGWK892Y7IGBZJR86RTP3NEYLQZ8OZX8644OEWR"),
        ("('dt0s01.B1SO6C2GI7XX3N181ZEC1DWZ.AQVN3GZ1BGIKGSJJEMWFYE8PLE3YZRYDWINSQD7D2DY8TYU5A0MUPTS2NK3GNZ5O')", "dt0s01.B1SO6C2GI7XX3N181ZEC1DWZ.AQVN3GZ1BGIKGSJJEMWFYE8PLE3YZRYDWINSQD7D2DY8TYU5A0MUPTS2NK3GNZ5O"),
        ("\"dt0s02.524FBBF9FMXKO8MY2IZM7U7F.8HJ3X0Z3MFTH5T3M035KASL534T8ZKIFNXKHYUW53HG4RMIREX49S6ELH08ALA12\"", "dt0s02.524FBBF9FMXKO8MY2IZM7U7F.8HJ3X0Z3MFTH5T3M035KASL534T8ZKIFNXKHYUW53HG4RMIREX49S6ELH08ALA12"),
        ("rejected dt0s03.YFS45UW086LDZVSRFONRLCBY.NRFMXHUEX6B23V8VORUKP7690RTM72ZST38DQU57A8H45L608EK8Y31IJREAKAGP: expired", "dt0s03.YFS45UW086LDZVSRFONRLCBY.NRFMXHUEX6B23V8VORUKP7690RTM72ZST38DQU57A8H45L608EK8Y31IJREAKAGP"),
        ("a dt0s06.86H0NQ73D9C0VJTAA4L26ZI4.XF2JQ8CD75KNR3YLEVQ2MFO264F82W0EY5TW7S6RA4UBNXL4Q73HSSVC9VF7U7MD", "dt0s06.86H0NQ73D9C0VJTAA4L26ZI4.XF2JQ8CD75KNR3YLEVQ2MFO264F82W0EY5TW7S6RA4UBNXL4Q73HSSVC9VF7U7MD"),
        ("sent dt0s08.H5Z14SOFMX265L3P4GFDVM0O.R36ZYLLLIOI4TDT54BEINP9RNXWFCPIZDANVOWIZ6TFC63EYBRQDTLEOG2ZIKZC8 to it", "dt0s08.H5Z14SOFMX265L3P4GFDVM0O.R36ZYLLLIOI4TDT54BEINP9RNXWFCPIZDANVOWIZ6TFC63EYBRQDTLEOG2ZIKZC8"),
        ("/v1/dt0s16.N18R3LTFHQWFNFOG5OBOJA78.6P7Q2W6Y2QUZJYN19JPNB9D7CQCUGB6Y7N50IM0ETJ0S2A4ZCCOETQ23VEJ9RYLB/next", "dt0s16.N18R3LTFHQWFNFOG5OBOJA78.6P7Q2W6Y2QUZJYN19JPNB9D7CQCUGB6Y7N50IM0ETJ0S2A4ZCCOETQ23VEJ9RYLB"),
        ("sent dt0e01.XwXLt0YWHczji3rKmGtDPePvulASNH300DJetL7ae7pfzFIH1FbJO8Vs8SP_sYlV0MsMHyDADEwc83E4ApKjkC to it", "dt0e01.XwXLt0YWHczji3rKmGtDPePvulASNH300DJetL7ae7pfzFIH1FbJO8Vs8SP_sYlV0MsMHyDADEwc83E4ApKjkC"),
        ("sent dt0t01.gBb63kBz5EfN78qenfBLvi8gSHLe2A0pC-YYh5JRsXVj5UNhau62_evK3rBBhR74Tv4EMgdJ1ycXLXXoAsvd0M to it", "dt0t01.gBb63kBz5EfN78qenfBLvi8gSHLe2A0pC-YYh5JRsXVj5UNhau62_evK3rBBhR74Tv4EMgdJ1ycXLXXoAsvd0M"),
        ("sent dt0p01.rkindFRSo8C74r0lB0GC1yHfppamtqTsbs00xAtcWfOtpaXt7zKUPBjU9GwezySo-ZntL0K821rNk-wuXAn3eW to it", "dt0p01.rkindFRSo8C74r0lB0GC1yHfppamtqTsbs00xAtcWfOtpaXt7zKUPBjU9GwezySo-ZntL0K821rNk-wuXAn3eW"),
        ("sent dt0a01.qHWl2MB37vA5fjlYUpPDnbBxSXJKxTtQy5K2lMecL_MkwczpBZw0JF5LMdb5JyNPGBqRd9SnBesszwvJnTlSJR to it", "dt0a01.qHWl2MB37vA5fjlYUpPDnbBxSXJKxTtQy5K2lMecL_MkwczpBZw0JF5LMdb5JyNPGBqRd9SnBesszwvJnTlSJR"),
        ("sent dt0v01.tanDvnrQyyCu_XQ3ccN01k41pQ_53irqhC0mA1IG06arRDn6M4B6qpKJ8ctAFLjtqW3LyDDJD0-YqPAvgMOYbJ to it", "dt0v01.tanDvnrQyyCu_XQ3ccN01k41pQ_53irqhC0mA1IG06arRDn6M4B6qpKJ8ctAFLjtqW3LyDDJD0-YqPAvgMOYbJ"),
        ("sent dt0s04.MuccBNg87hCS4OvtHj-IQ6bsih45nlq__dU_3E5k5KYLdhuOLumY8RM5ZJKvg_ynzBCW8mEA7A-UmAj2huaXFS to it", "dt0s04.MuccBNg87hCS4OvtHj-IQ6bsih45nlq__dU_3E5k5KYLdhuOLumY8RM5ZJKvg_ynzBCW8mEA7A-UmAj2huaXFS"),
        ("sent dt0s05.O9IlIDgsnLzrKsUqFdf7D815ap5NJCt4bE4eQWK1K7MPimADlDXasx9RNdqQOtIwkwV3EOj-AtgkvserjAnlJn to it", "dt0s05.O9IlIDgsnLzrKsUqFdf7D815ap5NJCt4bE4eQWK1K7MPimADlDXasx9RNdqQOtIwkwV3EOj-AtgkvserjAnlJn"),
        ("sent dt0s07.l8jHo8G-bKf1_jztpFrMdsIEprzzIfToV9qeZPnChYfm6ii1XFYwSfDmhr5uKu2YXDzrbf6fD3Si97ZXdhtgEf to it", "dt0s07.l8jHo8G-bKf1_jztpFrMdsIEprzzIfToV9qeZPnChYfm6ii1XFYwSfDmhr5uKu2YXDzrbf6fD3Si97ZXdhtgEf"),
        ("sent dt0s09.OMfCUCa5xfmnY_xtnW81Y9XWy9WwG6WhjQRQKKE-ZBvT7Oe-aasf5Wc1Ae4hqceLQT0tDDkwTrRihaNr2VKtKM to it", "dt0s09.OMfCUCa5xfmnY_xtnW81Y9XWy9WwG6WhjQRQKKE-ZBvT7Oe-aasf5Wc1Ae4hqceLQT0tDDkwTrRihaNr2VKtKM"),
    ], &[
        "see dt0c01.SBYL there",
        "dt0c01.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zdt0c01.SBYLIK5VRKH9C9WO0T3J8STZ.KTHW3BCQDZP3J3ML6I74OX9EIOGWK892Y7IGBZJR86RTP3NEYLQZ8OZX8644OEWR",
    ]),
    provider("sentry", "Sentry tokens", &[
        form("sntrys_", Class::Base, 40, LONG, Test::Varied),
        form("sntryu_", Class::Hex, 60, 70, Test::Varied),
        form("sntrya_", Class::Hex, 60, 70, Test::Varied),
        form("sntryi_", Class::Hex, 60, 70, Test::Varied),
    ], &[
        ("sent sntrys_0RyQIXGrkMG19E8Bkdj37ATMGOjJp/jk5l27oUC0R2YxUs6MpWCroZTEIpEPLbluzDERvlRP8oDAXKBAfkvwJLH6USEKukDO7w/0xdwKcZQSkP5hqgvEjkdhPgisyKpc4gwhGvmRiKfU80LKwtX0kJ to it", "sntrys_0RyQIXGrkMG19E8Bkdj37ATMGOjJp/jk5l27oUC0R2YxUs6MpWCroZTEIpEPLbluzDERvlRP8oDAXKBAfkvwJLH6USEKukDO7w/0xdwKcZQSkP5hqgvEjkdhPgisyKpc4gwhGvmRiKfU80LKwtX0kJ"),
        ("sent 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 to it", "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"),
        ("/v1/sntrya_558a600db504d77a15b4d29552626dc8e74a0d80e2c490c8eddeccdb60b2f0ab/next", "sntrya_558a600db504d77a15b4d29552626dc8e74a0d80e2c490c8eddeccdb60b2f0ab"),
        ("key=sntryi_dd05cc6bee551e978a3995af287848302eae4676889ef8735daad057771e425e;", "sntryi_dd05cc6bee551e978a3995af287848302eae4676889ef8735daad057771e425e"),
    ], &[
        "see sntrys_0RyQ there",
        "sntrys_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsntrys_0RyQIXGrkMG19E8Bkdj37ATMGOjJp/jk5l27oUC0R2YxUs6MpWCroZTEIpEPLbluzDERvlRP8oDAXKBAfkvwJLH6USEKukDO7w/0xdwKcZQSkP5hqgvEjkdhPgisyKpc4gwhGvmRiKfU80LKwtX0kJ",
    ]),
    provider("honeycomb", "Honeycomb keys", &[
        form("hcaik_", Class::Lower, 40, 64, Test::Varied),
        form("hcaic_", Class::Lower, 40, 64, Test::Varied),
        form("hcamk_", Class::Lower, 40, 64, Test::Varied),
        form("hcxik_", Class::Lower, 40, 64, Test::Varied),
    ], &[
        ("key=hcaik_yntjpsaurms82q02mjl2bsb5a5h4nw30l425bs1v8squ1i82kd69xfgb00;", "hcaik_yntjpsaurms82q02mjl2bsb5a5h4nw30l425bs1v8squ1i82kd69xfgb00"),
        ("('hcaic_97faxpol4es9vzxd2g3sgjsb8lff4m28n5gdni6948rcx329akwa53xaah')", "hcaic_97faxpol4es9vzxd2g3sgjsb8lff4m28n5gdni6948rcx329akwa53xaah"),
        ("\"hcamk_4viywfv74kbo94x7721ma0z0fvtore6kkafz6liqnw579xbk3avyfxvcvn\"", "hcamk_4viywfv74kbo94x7721ma0z0fvtore6kkafz6liqnw579xbk3avyfxvcvn"),
        ("rejected hcxik_qaeiu9rd1r2j2s2cavi9pmswogwwnji5soaqhuvxr3za0gifiou2k44jdk: expired", "hcxik_qaeiu9rd1r2j2s2cavi9pmswogwwnji5soaqhuvxr3za0gifiou2k44jdk"),
    ], &[
        "see hcaik_yntj there",
        "hcaik_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zhcaik_yntjpsaurms82q02mjl2bsb5a5h4nw30l425bs1v8squ1i82kd69xfgb00",
    ]),
    provider("honeybadger", "Honeybadger tokens", &[
        form("hbp_", Class::Alnum, 36, 36, Test::Varied),
    ], &[
        ("a hbp_9FGkqHMfA4pA5uJmOWJhtBZSD4MvSwFVdnag", "hbp_9FGkqHMfA4pA5uJmOWJhtBZSD4MvSwFVdnag"),
    ], &[
        "see hbp_9FGk there",
        "hbp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zhbp_9FGkqHMfA4pA5uJmOWJhtBZSD4MvSwFVdnag",
    ]),
    provider("axiom", "Axiom tokens", &[
        form("xaat-", Class::HexAnyDash, 36, 36, Test::Varied),
        form("xapt-", Class::HexAnyDash, 36, 36, Test::Varied),
    ], &[
        ("a xaat-af016076-f15f-f845-3f1e-e89528b3115d", "xaat-af016076-f15f-f845-3f1e-e89528b3115d"),
        ("sent xapt-ec0cdc03-f1ff-3820-76e6-7d60e0829eb9 to it", "xapt-ec0cdc03-f1ff-3820-76e6-7d60e0829eb9"),
    ], &[
        "see xaat-af01 there",
        "xaat-000000000000000000000000000000000000",
        "zxaat-af016076-f15f-f845-3f1e-e89528b3115d",
    ]),
    provider("healthchecks", "Healthchecks.io keys", &[
        form("hcw_", Class::Alnum, 24, 40, Test::Varied),
        form("hcr_", Class::Alnum, 24, 40, Test::Varied),
    ], &[
        ("a hcw_IfU5N8Yz9T3de8yaltqTdExsS9tbJs", "hcw_IfU5N8Yz9T3de8yaltqTdExsS9tbJs"),
        ("sent hcr_N311c4EyZ1FxutD8n0fUqtQYlHizr7 to it", "hcr_N311c4EyZ1FxutD8n0fUqtQYlHizr7"),
    ], &[
        "see hcw_IfU5 there",
        "hcw_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zhcw_IfU5N8Yz9T3de8yaltqTdExsS9tbJs",
    ]),
    provider("rootly", "Rootly keys", &[
        form("rootly_", Class::Hex, 60, 70, Test::Varied),
    ], &[
        ("a rootly_3396ad2bf906ade9e259cdb38c3d003428f302c0526fe59dd11cf27ff6fa14bde", "rootly_3396ad2bf906ade9e259cdb38c3d003428f302c0526fe59dd11cf27ff6fa14bde"),
    ], &[
        "see rootly_3396 there",
        "rootly_0000000000000000000000000000000000000000000000000000000000000000000000",
        "zrootly_3396ad2bf906ade9e259cdb38c3d003428f302c0526fe59dd11cf27ff6fa14bde",
    ]),
    provider("pagerduty_key", "PagerDuty keys with a start", &[
        form("u+", Class::Url, 18, 18, Test::Mixed),
        form("pdus+", Class::Word, 18, 80, Test::Varied),
    ], &[
        ("a u+Ayc8BLW1XcQuvhSii4", "u+Ayc8BLW1XcQuvhSii4"),
        ("sent pdus+Q01MDwKTPHFrTNWpGoNuLsJ2 to it", "pdus+Q01MDwKTPHFrTNWpGoNuLsJ2"),
    ], &[
        "see u+Ayc8 there",
        "u+xxxxxxxxxxxxxxxxxx",
        "zu+Ayc8BLW1XcQuvhSii4",
    ]),
    provider("posthog", "PostHog keys", &[
        form("phx_", Class::Url, 40, 60, Test::Varied),
        form("phs_", Class::Url, 40, 60, Test::Varied),
        form("pha_", Class::Url, 40, 64, Test::Varied),
        form("phr_", Class::Url, 40, 64, Test::Varied),
    ], &[
        ("sent phx_pWv0zfGcKVVHJcuHQ3KEJr43q5ISH9NfuvWjwD8ua7P to it", "phx_pWv0zfGcKVVHJcuHQ3KEJr43q5ISH9NfuvWjwD8ua7P"),
        ("sent phs_3pbVt4I4_nEtVsE4JK5MPjRsDgaQynRJGa6sk1W6Aj1FCB to it", "phs_3pbVt4I4_nEtVsE4JK5MPjRsDgaQynRJGa6sk1W6Aj1FCB"),
        ("/v1/pha_octStQSe84VIJPUnmo8EwZ0ZMItNs2n1V--SvsFZ3Pyy1t/next", "pha_octStQSe84VIJPUnmo8EwZ0ZMItNs2n1V--SvsFZ3Pyy1t"),
        ("key=phr_FA5Ojp1oVnfj9CZNOIDqjgL-8D144w9eDEzj937hQ38q-M;", "phr_FA5Ojp1oVnfj9CZNOIDqjgL-8D144w9eDEzj937hQ38q-M"),
    ], &[
        "see phx_pWv0 there",
        "phx_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zphx_pWv0zfGcKVVHJcuHQ3KEJr43q5ISH9NfuvWjwD8ua7P",
    ]),
    provider("fullstory", "FullStory keys", &[
        form("na1.", Class::Base, 80, 140, Test::Mixed),
        form("eu1.", Class::Base, 80, 140, Test::Mixed),
    ], &[
        ("sent na1.U3OgWv66yq4RHK+zispwoyTbjGrss2nRkwifzDavGEOGXbD4NsVRV5GjSoVxwq5V8bGGbECQRvhNBddD3Gl76U to it", "na1.U3OgWv66yq4RHK+zispwoyTbjGrss2nRkwifzDavGEOGXbD4NsVRV5GjSoVxwq5V8bGGbECQRvhNBddD3Gl76U"),
        ("sent eu1.H8C4gvEQKReEYm3wYqAhp9OLiYkkHvlywFWhAlJyslWy6PS5g1AsyHPbSGXeqT9GaY2sWEorxRNZrfcBeGNxR4 to it", "eu1.H8C4gvEQKReEYm3wYqAhp9OLiYkkHvlywFWhAlJyslWy6PS5g1AsyHPbSGXeqT9GaY2sWEorxRNZrfcBeGNxR4"),
    ], &[
        "see na1.U3Og there",
        "na1.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zna1.U3OgWv66yq4RHK+zispwoyTbjGrss2nRkwifzDavGEOGXbD4NsVRV5GjSoVxwq5V8bGGbECQRvhNBddD3Gl76U",
    ]),
    provider("best_time", "BestTime private keys", &[
        form("pri_", Class::Hex, 32, 32, Test::Varied),
    ], &[
        ("a pri_1e6c04a5f1f6a613c1bf9bdd77806707", "pri_1e6c04a5f1f6a613c1bf9bdd77806707"),
    ], &[
        "see pri_1e6c there",
        "pri_00000000000000000000000000000000",
        "zpri_1e6c04a5f1f6a613c1bf9bdd77806707",
    ]),
    provider("pubnub", "PubNub secret keys", &[
        form("sec-c-", Class::Base, 40, 80, Test::Varied),
    ], &[
        ("sent sec-c-2IP/Z7Wgmp2wSwhQDCi/fgw3t3UZRuCJbKKrBQUw/mnT8q to it", "sec-c-2IP/Z7Wgmp2wSwhQDCi/fgw3t3UZRuCJbKKrBQUw/mnT8q"),
    ], &[
        "see sec-c-2IP/ there",
        "sec-c-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsec-c-2IP/Z7Wgmp2wSwhQDCi/fgw3t3UZRuCJbKKrBQUw/mnT8q",
    ]),
    provider("stackhawk", "StackHawk keys", &[
        form("hawk.", Class::Dotted, 30, 60, Test::Parts),
    ], &[
        ("rejected hawk.qpXc5hcHPOEVBljOlOAE.toDOE5C3VEgPRqfNiIu7: expired", "hawk.qpXc5hcHPOEVBljOlOAE.toDOE5C3VEgPRqfNiIu7"),
    ], &[
        "see hawk.qpXc there",
        "hawk.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zhawk.qpXc5hcHPOEVBljOlOAE.toDOE5C3VEgPRqfNiIu7",
    ]),
    provider("nightfall", "Nightfall keys", &[
        form("NF-", Class::Alnum, 30, 40, Test::Mixed),
    ], &[
        ("rejected NF-4kkePyezaMGGqbWbad3uDrppGDZuVz3G: expired", "NF-4kkePyezaMGGqbWbad3uDrppGDZuVz3G"),
    ], &[
        "see NF-4kke there",
        "NF-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zNF-4kkePyezaMGGqbWbad3uDrppGDZuVz3G",
    ]),
    provider("devcycle", "DevCycle keys of servers", &[
        form("dvc_server_", Class::Word, 20, 60, Test::Varied),
    ], &[
        ("rejected dvc_server_766e4d58_dP37Ecz32jGDpi1AF7w2: expired", "dvc_server_766e4d58_dP37Ecz32jGDpi1AF7w2"),
    ], &[
        "see dvc_server_766e there",
        "dvc_server_xxxxxxxxxxxxxxxxxxxx",
        "zdvc_server_766e4d58_dP37Ecz32jGDpi1AF7w2",
    ]),
];
