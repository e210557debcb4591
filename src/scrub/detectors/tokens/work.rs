//! Tokens of those who help people to work together.

use super::super::ValueRule;
use super::super::forms::{Class, Test, form};
use super::provider;

#[rustfmt::skip]
pub const RULES: &[ValueRule] = &[
    provider("linear", "Linear keys", &[
        form("lin_api_", Class::Alnum, 32, 64, Test::Varied),
        form("lin_oauth_", Class::Alnum, 32, 64, Test::Varied),
        form("lin_wh_", Class::Alnum, 32, 64, Test::Varied),
    ], &[
        ("a lin_api_c5zAzTK9OmorhWsP3qD2hC8j0sT7l7kCEcNyqhSY", "lin_api_c5zAzTK9OmorhWsP3qD2hC8j0sT7l7kCEcNyqhSY"),
        ("sent lin_oauth_5k7EpgkMlriLvyOYzNNxkMkBhCmxAfOcR4l7xL36 to it", "lin_oauth_5k7EpgkMlriLvyOYzNNxkMkBhCmxAfOcR4l7xL36"),
        ("/v1/lin_wh_FWN4KnCmJxjRzvUJAhLiK42nOR1NQWQJV8lorf8L/next", "lin_wh_FWN4KnCmJxjRzvUJAhLiK42nOR1NQWQJV8lorf8L"),
    ], &[
        "see lin_api_c5zA there",
        "lin_api_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zlin_api_c5zAzTK9OmorhWsP3qD2hC8j0sT7l7kCEcNyqhSY",
    ]),
    provider("notion", "Notion tokens", &[
        form("secret_", Class::Alnum, 43, 43, Test::Varied),
        form("ntn_", Class::Alnum, 40, 60, Test::Varied),
    ], &[
        ("a secret_ryBCHrMwZYSxfWtVfw6kaSQiixiqb97TtNaxxmU7u6k", "secret_ryBCHrMwZYSxfWtVfw6kaSQiixiqb97TtNaxxmU7u6k"),
        ("sent ntn_7cWOaYKtLrSKpeD96zfWn9smKRix6LzoxrUSzWsL35Jcv5 to it", "ntn_7cWOaYKtLrSKpeD96zfWn9smKRix6LzoxrUSzWsL35Jcv5"),
    ], &[
        "see secret_ryBC there",
        "secret_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsecret_ryBCHrMwZYSxfWtVfw6kaSQiixiqb97TtNaxxmU7u6k",
    ]),
    provider("figma", "Figma tokens", &[
        form("figd_", Class::Url, 36, 60, Test::Varied),
        form("figo_", Class::Url, 36, 60, Test::Varied),
        form("figu_", Class::Url, 36, 60, Test::Varied),
        form("figor_", Class::Url, 36, 60, Test::Varied),
        form("figur_", Class::Url, 36, 60, Test::Varied),
    ], &[
        ("rejected figd_Rc2TQpNPtF58zm9E56CdD-06mel7txMQgL7-XD6X: expired", "figd_Rc2TQpNPtF58zm9E56CdD-06mel7txMQgL7-XD6X"),
        ("a figo_WoLJN8q3jdYc5n7ec2DwvU_GVydt2MvOe2QSAiaQ", "figo_WoLJN8q3jdYc5n7ec2DwvU_GVydt2MvOe2QSAiaQ"),
        ("sent figu_OmelnQboMeRWO5VzvnBgQaNmHLKbqII7jEWoJA_P to it", "figu_OmelnQboMeRWO5VzvnBgQaNmHLKbqII7jEWoJA_P"),
        ("/v1/figor_MBPzr-GpG4KjpqbF5XdQpkcAlu31pbRxv70LZC0h/next", "figor_MBPzr-GpG4KjpqbF5XdQpkcAlu31pbRxv70LZC0h"),
        ("key=figur_argXYzp50StMrh49Cs64NMGZrX4K4W6Iqa0sDLu6;", "figur_argXYzp50StMrh49Cs64NMGZrX4K4W6Iqa0sDLu6"),
    ], &[
        "see figd_Rc2T there",
        "figd_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zfigd_Rc2TQpNPtF58zm9E56CdD-06mel7txMQgL7-XD6X",
    ]),
    provider("asana_token", "Asana tokens", &[
        form("0/", Class::Joined, 45, 110, Test::Numbered),
        form("1/", Class::Joined, 45, 110, Test::Numbered),
        form("2/", Class::Joined, 45, 110, Test::Numbered),
    ], &[
        ("sent 0/0559057475124918:9dd4c2c2f3dd863317a71c63af230a15 to it", "0/0559057475124918:9dd4c2c2f3dd863317a71c63af230a15"),
        ("sent 1/8547889295245589:92237f19cba5c0100fbf056def93e8bc to it", "1/8547889295245589:92237f19cba5c0100fbf056def93e8bc"),
        ("sent 2/3184261023768958/4667627486304877:2dbee9b970d06e351375aad2d42d468d to it", "2/3184261023768958/4667627486304877:2dbee9b970d06e351375aad2d42d468d"),
    ], &[
        "see 0/0559 there",
        "0/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "z0/0559057475124918:9dd4c2c2f3dd863317a71c63af230a15",
    ]),
    provider("click_up", "ClickUp tokens", &[
        form("pk_", Class::Word, 36, 60, Test::Numbered),
    ], &[
        ("a pk_98592175_HX1C6L9UOJ4B87H3G4MJJIT3ZI2ZK94X", "pk_98592175_HX1C6L9UOJ4B87H3G4MJJIT3ZI2ZK94X"),
    ], &[
        "see pk_9859 there",
        "pk_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zpk_98592175_HX1C6L9UOJ4B87H3G4MJJIT3ZI2ZK94X",
    ]),
    provider("trello", "Trello tokens", &[
        form("ATTA", Class::Alnum, 60, 80, Test::Mixed),
    ], &[
        ("a ATTA90ay1zR8pDliDPQ3jj8mKxjLAXX7J1kdsslHahj9D5mmV5MCDNVXYjDxBOtAuljrvzFCgKRt", "ATTA90ay1zR8pDliDPQ3jj8mKxjLAXX7J1kdsslHahj9D5mmV5MCDNVXYjDxBOtAuljrvzFCgKRt"),
    ], &[
        "see ATTA90ay there",
        "ATTAxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zATTA90ay1zR8pDliDPQ3jj8mKxjLAXX7J1kdsslHahj9D5mmV5MCDNVXYjDxBOtAuljrvzFCgKRt",
    ]),
    provider("intercom", "Intercom tokens", &[
        form("dG9rO", Class::Base, 40, 80, Test::Varied),
    ], &[
        ("sent dG9rOrU7IpHw3T12k3KecXHAn1A7Cmv/JcCl6KxV/Lv1ANOROr6ANu16j2wd to it", "dG9rOrU7IpHw3T12k3KecXHAn1A7Cmv/JcCl6KxV/Lv1ANOROr6ANu16j2wd"),
    ], &[
        "see dG9rOrU7I there",
        "dG9rOxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zdG9rOrU7IpHw3T12k3KecXHAn1A7Cmv/JcCl6KxV/Lv1ANOROr6ANu16j2wd",
    ]),
    provider("hubspot", "HubSpot private app tokens", &[
        form("pat-na1-", Class::HexAnyDash, 36, 36, Test::Varied),
        form("pat-na2-", Class::HexAnyDash, 36, 36, Test::Varied),
        form("pat-eu1-", Class::HexAnyDash, 36, 36, Test::Varied),
        form("pat-ap1-", Class::HexAnyDash, 36, 36, Test::Varied),
        form("pat-na3-", Class::HexAnyDash, 36, 36, Test::Varied),
        form("pat-au1-", Class::HexAnyDash, 36, 36, Test::Varied),
        form("pat-ca1-", Class::HexAnyDash, 36, 36, Test::Varied),
        form("pat-uk1-", Class::HexAnyDash, 36, 36, Test::Varied),
    ], &[
        ("sent pat-na1-a6645f67-8435-4240-a40d-91c4bae478a1 to it", "pat-na1-a6645f67-8435-4240-a40d-91c4bae478a1"),
        ("/v1/pat-na2-3013d286-4b6d-4c70-abeb-6de1ef0a78f4/next", "pat-na2-3013d286-4b6d-4c70-abeb-6de1ef0a78f4"),
        ("key=pat-eu1-99a18174-ee2b-4d16-a69f-f7194d8a6068;", "pat-eu1-99a18174-ee2b-4d16-a69f-f7194d8a6068"),
        ("('pat-ap1-b8c12069-7797-44ae-a8fa-bff8b7f4c554')", "pat-ap1-b8c12069-7797-44ae-a8fa-bff8b7f4c554"),
        ("('pat-na3-96cdfb860784c27e19e6d11e93546b8ea0ff')", "pat-na3-96cdfb860784c27e19e6d11e93546b8ea0ff"),
        ("\"pat-au1-93fbaeb96f7fbfb693a73ab5efc0c5850e97\"", "pat-au1-93fbaeb96f7fbfb693a73ab5efc0c5850e97"),
        ("rejected pat-ca1-83f347668d892490f3e242d62be156fdd32b: expired", "pat-ca1-83f347668d892490f3e242d62be156fdd32b"),
        ("a pat-uk1-9fcd27ded90e5913f2472300f9fdfdc9e5d3", "pat-uk1-9fcd27ded90e5913f2472300f9fdfdc9e5d3"),
    ], &[
        "see pat-na1-a664 there",
        "pat-na1-000000000000000000000000000000000000",
        "zpat-na1-a6645f67-8435-4240-a40d-91c4bae478a1",
    ]),
    provider("close", "Close keys", &[
        form("api_", Class::Dotted, 44, 52, Test::Parts),
    ], &[
        ("sent api_2N5LtWUz4Xgd97MhAm6st1.d1k3yjmY6sVktLxhbRCONI to it", "api_2N5LtWUz4Xgd97MhAm6st1.d1k3yjmY6sVktLxhbRCONI"),
    ], &[
        "see api_2N5L there",
        "api_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zapi_2N5LtWUz4Xgd97MhAm6st1.d1k3yjmY6sVktLxhbRCONI",
    ]),
    provider("frame_io", "Frame.io tokens", &[
        form("fio-u-", Class::Url, 50, 70, Test::Varied),
    ], &[
        ("/v1/fio-u-IDOEZ3KrjBGWEV-gVKqOSymaIbgpBP8DHIN6JR-aEo1xyLPZgsY5WPRNxjeUt19X/next", "fio-u-IDOEZ3KrjBGWEV-gVKqOSymaIbgpBP8DHIN6JR-aEo1xyLPZgsY5WPRNxjeUt19X"),
    ], &[
        "see fio-u-IDOE there",
        "fio-u-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zfio-u-IDOEZ3KrjBGWEV-gVKqOSymaIbgpBP8DHIN6JR-aEo1xyLPZgsY5WPRNxjeUt19X",
    ]),
    provider("typeform", "Typeform tokens", &[
        form("tfp_", Class::Dotted, 40, 70, Test::Varied),
    ], &[
        ("/v1/tfp_CXutagK6VIlYzx63N-NCXq5DFODbqqI563qUN_ZDThuu/next", "tfp_CXutagK6VIlYzx63N-NCXq5DFODbqqI563qUN_ZDThuu"),
    ], &[
        "see tfp_CXut there",
        "tfp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "ztfp_CXutagK6VIlYzx63N-NCXq5DFODbqqI563qUN_ZDThuu",
    ]),
    provider("teamwork", "Teamwork tokens", &[
        form("tkn.v1_", Class::Base, 40, 100, Test::Varied),
    ], &[
        ("sent tkn.v1_8Yg+zJNh+rjTUkbLnn3c76xjphu+SdXY8edKhemES4m31s to it", "tkn.v1_8Yg+zJNh+rjTUkbLnn3c76xjphu+SdXY8edKhemES4m31s"),
    ], &[
        "see tkn.v1_8Yg+ there",
        "tkn.v1_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "ztkn.v1_8Yg+zJNh+rjTUkbLnn3c76xjphu+SdXY8edKhemES4m31s",
    ]),
    provider("cal_com", "Cal.com keys", &[
        form("cal_live_", Class::Alnum, 24, 60, Test::Varied),
        form("cal_", Class::Hex, 32, 40, Test::Varied),
    ], &[
        ("a cal_live_rRi4oShFrf4JEFLVgYHfcQdXxE5u6S", "cal_live_rRi4oShFrf4JEFLVgYHfcQdXxE5u6S"),
        ("sent cal_23d066b72870086cad41505b16cd5908d060 to it", "cal_23d066b72870086cad41505b16cd5908d060"),
    ], &[
        "see cal_live_rRi4 there",
        "cal_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zcal_live_rRi4oShFrf4JEFLVgYHfcQdXxE5u6S",
    ]),
    provider("dropbox", "Dropbox tokens", &[
        form("sl.", Class::Dotted, 60, 1400, Test::Varied),
    ], &[
        ("sent sl.BHGjeVaXIu67zNT421CFC78PQwf44C4tSYodlzbelmbqdjgZGjgljT8wZwEzlI5mDUqWxewsfimlAafIQXNM_3-OAQOWbPRSJs_fNs9zC4vXF8sEWRTjZvtsKlVbS89wrtnBmbGw to it", "sl.BHGjeVaXIu67zNT421CFC78PQwf44C4tSYodlzbelmbqdjgZGjgljT8wZwEzlI5mDUqWxewsfimlAafIQXNM_3-OAQOWbPRSJs_fNs9zC4vXF8sEWRTjZvtsKlVbS89wrtnBmbGw"),
    ], &[
        "see sl.BHGj there",
        "sl.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsl.BHGjeVaXIu67zNT421CFC78PQwf44C4tSYodlzbelmbqdjgZGjgljT8wZwEzlI5mDUqWxewsfimlAafIQXNM_3-OAQOWbPRSJs_fNs9zC4vXF8sEWRTjZvtsKlVbS89wrtnBmbGw",
    ]),
    provider("mapbox", "Mapbox secret tokens", &[
        form("sk.eyJ", Class::Dotted, 50, 400, Test::Varied),
        form("tk.eyJ", Class::Dotted, 50, 400, Test::Varied),
    ], &[
        ("a sk.eyJoukq9UJwH6DVgeJmUFNfJsddgfpZhYSsdfgSBa4lWugZIlPQ5GPwLvmKgorgmIxwNOk747.Xb4Qwo5a6cKLoSm7q2X8vS", "sk.eyJoukq9UJwH6DVgeJmUFNfJsddgfpZhYSsdfgSBa4lWugZIlPQ5GPwLvmKgorgmIxwNOk747.Xb4Qwo5a6cKLoSm7q2X8vS"),
        ("sent tk.eyJ502BL3MF5gZwIKybz3PpCYd84ed5dvAjLuVnvi5dF5xL2ex2TKwXXwEDRPB636d1KulDqc.YZWyAdHJ-HV6Q-yrt0Jbjg to it", "tk.eyJ502BL3MF5gZwIKybz3PpCYd84ed5dvAjLuVnvi5dF5xL2ex2TKwXXwEDRPB636d1KulDqc.YZWyAdHJ-HV6Q-yrt0Jbjg"),
    ], &[
        "see sk.eyJoukq there",
        "sk.eyJxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsk.eyJoukq9UJwH6DVgeJmUFNfJsddgfpZhYSsdfgSBa4lWugZIlPQ5GPwLvmKgorgmIxwNOk747.Xb4Qwo5a6cKLoSm7q2X8vS",
    ]),
    provider("sanity", "Sanity tokens", &[
        form("sk", Class::Alnum, 150, 200, Test::Mixed),
    ], &[
        ("a skSia0DO5pSoEJzWn5pdloIby7kE591jSwt7m74YMJPObfRQoZlrcPNclAiEjGZB1jfiEsL4nMMHIoo2aqUla12mNJl1sLYqjqyDW3D3O3Ciwj4oRas2erzT82CGINHxF5FaXWGmVCm1gaugJPWm9wqcLWktqZ", "skSia0DO5pSoEJzWn5pdloIby7kE591jSwt7m74YMJPObfRQoZlrcPNclAiEjGZB1jfiEsL4nMMHIoo2aqUla12mNJl1sLYqjqyDW3D3O3Ciwj4oRas2erzT82CGINHxF5FaXWGmVCm1gaugJPWm9wqcLWktqZ"),
    ], &[
        "see skSia0 there",
        "skxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zskSia0DO5pSoEJzWn5pdloIby7kE591jSwt7m74YMJPObfRQoZlrcPNclAiEjGZB1jfiEsL4nMMHIoo2aqUla12mNJl1sLYqjqyDW3D3O3Ciwj4oRas2erzT82CGINHxF5FaXWGmVCm1gaugJPWm9wqcLWktqZ",
    ]),
    provider("form_tools", "Formbricks and Pipedream keys", &[
        form("fbk_", Class::Url, 24, 80, Test::Mixed),
        form("pd_", Class::Hex, 32, 32, Test::Varied),
    ], &[
        ("a fbk_yXMvwOyVo_9cVPHR44Vz78eXMiOmhE", "fbk_yXMvwOyVo_9cVPHR44Vz78eXMiOmhE"),
        ("sent pd_3a17b0f060e6c3486fe68c31423461ec to it", "pd_3a17b0f060e6c3486fe68c31423461ec"),
    ], &[
        "see fbk_yXMv there",
        "fbk_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zfbk_yXMvwOyVo_9cVPHR44Vz78eXMiOmhE",
    ]),
    provider("adafruit", "Adafruit IO keys", &[
        form("aio_", Class::Alnum, 26, 32, Test::Varied),
    ], &[
        ("a aio_svCB8VfqsG8bztOYYuSBpJYMZOmtu", "aio_svCB8VfqsG8bztOYYuSBpJYMZOmtu"),
    ], &[
        "see aio_svCB there",
        "aio_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zaio_svCB8VfqsG8bztOYYuSBpJYMZOmtu",
    ]),
    provider("ubidots", "Ubidots keys", &[
        form("BBFF-", Class::Alnum, 28, 40, Test::Varied),
        form("BBUS-", Class::Alnum, 28, 40, Test::Varied),
    ], &[
        ("a BBFF-3jFmgaqWrCKisNTxDLnlwK7TqEAuy6cMr0", "BBFF-3jFmgaqWrCKisNTxDLnlwK7TqEAuy6cMr0"),
        ("sent BBUS-wvrQEFLKrlEjjU0ff823EEMXFQXUpXawIg to it", "BBUS-wvrQEFLKrlEjjU0ff823EEMXFQXUpXawIg"),
    ], &[
        "see BBFF-3jFm there",
        "BBFF-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zBBFF-3jFmgaqWrCKisNTxDLnlwK7TqEAuy6cMr0",
    ]),
    provider("beamer_key", "Beamer keys", &[
        form("b_", Class::Base, 44, 44, Test::Mixed),
    ], &[
        ("sent b_hJvvcAQL1LKkz1TRuQaxwu0ZaeUTPybS8DP6Er9zVHWm to it", "b_hJvvcAQL1LKkz1TRuQaxwu0ZaeUTPybS8DP6Er9zVHWm"),
    ], &[
        "see b_hJvv there",
        "b_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zb_hJvvcAQL1LKkz1TRuQaxwu0ZaeUTPybS8DP6Er9zVHWm",
    ]),
    provider("crossmint", "Crossmint keys", &[
        form("sk_production_", Class::Alnum, 40, 400, Test::Varied),
        form("sk_staging_", Class::Alnum, 40, 400, Test::Varied),
    ], &[
        ("a sk_production_fPXEEyXTSB9J5rBwLW6gKNKMolmB1i1Jbq9XPdGzxGWqdE", "sk_production_fPXEEyXTSB9J5rBwLW6gKNKMolmB1i1Jbq9XPdGzxGWqdE"),
        ("sent sk_staging_4MKE8zAPhi2x6qbxEamjmSP3OKdF169Htam6zYAtQsE6Kx to it", "sk_staging_4MKE8zAPhi2x6qbxEamjmSP3OKdF169Htam6zYAtQsE6Kx"),
    ], &[
        "see sk_production_fPXE there",
        "sk_production_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsk_production_fPXEEyXTSB9J5rBwLW6gKNKMolmB1i1Jbq9XPdGzxGWqdE",
    ]),
    provider("mailsac", "Mailsac keys", &[
        form("k_", Class::Alnum, 40, 60, Test::Mixed),
    ], &[
        ("a k_QfvGNyQHzFvKY4GRJbXm0VDYvQUNab90XlrMOE7GzvgPgZ", "k_QfvGNyQHzFvKY4GRJbXm0VDYvQUNab90XlrMOE7GzvgPgZ"),
    ], &[
        "see k_QfvG there",
        "k_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zk_QfvGNyQHzFvKY4GRJbXm0VDYvQUNab90XlrMOE7GzvgPgZ",
    ]),
    provider("canva", "Canva secrets of clients", &[
        form("cnvca", Class::Url, 40, 60, Test::Mixed),
    ], &[
        ("rejected cnvcaNtVNro2QgfQ562DFob1RCAVxIoQKvcjtbjAHE84s5JiC1XljJbI: expired", "cnvcaNtVNro2QgfQ562DFob1RCAVxIoQKvcjtbjAHE84s5JiC1XljJbI"),
    ], &[
        "see cnvcaNtVN there",
        "cnvcaxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zcnvcaNtVNro2QgfQ562DFob1RCAVxIoQKvcjtbjAHE84s5JiC1XljJbI",
    ]),
    provider("bannerbear", "Bannerbear keys", &[
        form("bb_pr_", Class::Hex, 28, 32, Test::Varied),
        form("bb_ma_", Class::Hex, 28, 32, Test::Varied),
    ], &[
        ("rejected bb_pr_19b1b673bd4755d05ad7853c1f76eb: expired", "bb_pr_19b1b673bd4755d05ad7853c1f76eb"),
    ], &[
        "see bb_pr_19b1 there",
        "bb_pr_xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zbb_pr_19b1b673bd4755d05ad7853c1f76eb",
    ]),
];
