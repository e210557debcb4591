//! Tokens of those who take money and send goods.

use super::super::ValueRule;
use super::super::forms::{Class, Test, form};
use super::provider;

#[rustfmt::skip]
pub const RULES: &[ValueRule] = &[
    provider("stripe", "Stripe secret, restricted and webhook keys", &[
        form("sk_live_", Class::Alnum, 10, 255, Test::Varied),
        form("sk_test_", Class::Alnum, 10, 255, Test::Varied),
        form("rk_live_", Class::Alnum, 10, 255, Test::Varied),
        form("rk_test_", Class::Alnum, 10, 255, Test::Varied),
        form("whsec_", Class::Base, 20, 128, Test::Varied),
        form("sk_prod_", Class::Alnum, 10, 255, Test::Varied),
        form("rk_prod_", Class::Alnum, 10, 255, Test::Varied),
        form("sk_org_", Class::Word, 20, 255, Test::Varied),
    ], &[
        ("a sk_live_G0kNwQCiC33uvSQoaVXtvuqQ", "sk_live_G0kNwQCiC33uvSQoaVXtvuqQ"),
        ("sent sk_test_akSVPhHDJsWCeD9nZxbrKn2b to it", "sk_test_akSVPhHDJsWCeD9nZxbrKn2b"),
        ("/v1/rk_live_2WRQC400sAz6T56RB8WMCIkP/next", "rk_live_2WRQC400sAz6T56RB8WMCIkP"),
        ("key=rk_test_AAO2OeZ1qhG9P6VGKVYbomOh;", "rk_test_AAO2OeZ1qhG9P6VGKVYbomOh"),
        ("sent whsec_NB/VbOm703B9vTEyhwK+YwBJ/LSDr4tK to it", "whsec_NB/VbOm703B9vTEyhwK+YwBJ/LSDr4tK"),
        ("\"sk_prod_fVucyF0bhhJN4Ljn\"", "sk_prod_fVucyF0bhhJN4Ljn"),
        ("rejected rk_prod_KmVhP4CLTyzqiJhx: expired", "rk_prod_KmVhP4CLTyzqiJhx"),
        ("a sk_org_iwR11jqkdpliZpx7WqEQQq9Hro", "sk_org_iwR11jqkdpliZpx7WqEQQq9Hro"),
    ], &[
        "see sk_live_G0kN there",
        "sk_live_xxxxxxxxxx",
        "zsk_live_G0kNwQCiC33uvSQoaVXtvuqQ",
    ]),
    provider("square", "Square tokens and secrets", &[
        form("sq0atp-", Class::Url, 22, 60, Test::Varied),
        form("sq0csp-", Class::Url, 36, 60, Test::Varied),
        form("EAAA", Class::Url, 56, 100, Test::Mixed),
    ], &[
        ("a sq0atp-kcGEDJo61M7Tf5qpqNOEUF", "sq0atp-kcGEDJo61M7Tf5qpqNOEUF"),
        ("sent sq0csp-lAt0XV5mIm_hjlm_3wiunMMZ9xHtVpKA8RgS1PkyYIf to it", "sq0csp-lAt0XV5mIm_hjlm_3wiunMMZ9xHtVpKA8RgS1PkyYIf"),
        ("/v1/EAAAWDIIABrlWXW6sVuN9YnQgqvV2S47nsJYgR_Dw2_t23Atp7QEL0Vrg0ONqjSJ/next", "EAAAWDIIABrlWXW6sVuN9YnQgqvV2S47nsJYgR_Dw2_t23Atp7QEL0Vrg0ONqjSJ"),
    ], &[
        "see sq0atp-kcGE there",
        "sq0atp-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsq0atp-kcGEDJo61M7Tf5qpqNOEUF",
    ]),
    provider("razorpay", "Razorpay keys", &[
        form("rzp_live_", Class::Alnum, 14, 24, Test::Varied),
        form("rzp_test_", Class::Alnum, 14, 24, Test::Varied),
    ], &[
        ("/v1/rzp_live_Di93Q7dXjitS3v/next", "rzp_live_Di93Q7dXjitS3v"),
        ("key=rzp_test_FFVUS6YbcRM6aa;", "rzp_test_FFVUS6YbcRM6aa"),
    ], &[
        "see rzp_live_Di93 there",
        "rzp_live_xxxxxxxxxxxxxxxxxxxxxxxx",
        "zrzp_live_Di93Q7dXjitS3v",
    ]),
    provider("mercado_pago", "Mercado Pago tokens", &[
        form("APP_USR-", Class::Url, 50, 80, Test::Varied),
        form("TEST-", Class::Url, 50, 90, Test::Random),
    ], &[
        ("rejected APP_USR-6386788451419191-112214-11ad26ac071446c925430129f6c4b8d1-609386142: expired", "APP_USR-6386788451419191-112214-11ad26ac071446c925430129f6c4b8d1-609386142"),
        ("sent TEST-9208751502150881-596817-71e5aecc187c5f37a97cd3a55cce8e53-38023737 to it", "TEST-9208751502150881-596817-71e5aecc187c5f37a97cd3a55cce8e53-38023737"),
    ], &[
        "see APP_USR-6386 there",
        "APP_USR-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zAPP_USR-6386788451419191-112214-11ad26ac071446c925430129f6c4b8d1-609386142",
    ]),
    provider("lob", "Lob, Mollie, GoCardless and other keys for live or test", &[
        form("live_", Class::Url, 28, 64, Test::Random),
        form("test_", Class::Url, 28, 64, Test::Random),
        form("sandbox_", Class::Url, 30, 64, Test::Random),
    ], &[
        ("('live_432263e1e6384379e3a2aa4523017f09298')", "live_432263e1e6384379e3a2aa4523017f09298"),
        ("\"test_ee7756fa86a849f4af1f8f53072a6b1d0c7\"", "test_ee7756fa86a849f4af1f8f53072a6b1d0c7"),
        ("/v1/sandbox_4bwvnL8CtJTooKMXkIKzrSLvn2RvcYSo8FRX/next", "sandbox_4bwvnL8CtJTooKMXkIKzrSLvn2RvcYSo8FRX"),
    ], &[
        "see live_4322 there",
        "live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zlive_432263e1e6384379e3a2aa4523017f09298",
    ]),
    provider("plaid", "Plaid access tokens", &[
        form("access-sandbox-", Class::HexAnyDash, 36, 36, Test::Varied),
        form("access-development-", Class::HexAnyDash, 36, 36, Test::Varied),
        form("access-production-", Class::HexAnyDash, 36, 36, Test::Varied),
    ], &[
        ("rejected access-sandbox-c256f62d-4c6c-4592-ae93-73680dbe8d67: expired", "access-sandbox-c256f62d-4c6c-4592-ae93-73680dbe8d67"),
        ("a access-development-02bba49a-258b-42bc-a1ea-355307fd3e17", "access-development-02bba49a-258b-42bc-a1ea-355307fd3e17"),
        ("sent access-production-ea0617db-7005-408a-ad97-28c71fd5d952 to it", "access-production-ea0617db-7005-408a-ad97-28c71fd5d952"),
    ], &[
        "see access-sandbox-c256 there",
        "access-sandbox-000000000000000000000000000000000000",
        "zaccess-sandbox-c256f62d-4c6c-4592-ae93-73680dbe8d67",
    ]),
    provider("duffel", "Duffel tokens", &[
        form("duffel_test_", Class::Url, 40, 50, Test::Varied),
        form("duffel_live_", Class::Url, 40, 50, Test::Varied),
    ], &[
        ("a duffel_test_I-uUAOmZ8Y86OH8NS7T3SZy2QHhfm9W8US4dtZk1tn2", "duffel_test_I-uUAOmZ8Y86OH8NS7T3SZy2QHhfm9W8US4dtZk1tn2"),
        ("sent duffel_live_TSrkQQA6wG1ug0BXcjvm9o47HMLZS5_HqS-1sYAIDAd to it", "duffel_live_TSrkQQA6wG1ug0BXcjvm9o47HMLZS5_HqS-1sYAIDAd"),
    ], &[
        "see duffel_test_I-uU there",
        "duffel_test_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zduffel_test_I-uUAOmZ8Y86OH8NS7T3SZy2QHhfm9W8US4dtZk1tn2",
    ]),
    provider("easypost", "EasyPost keys", &[
        form("EZAK", Class::Alnum, 54, 54, Test::Varied),
        form("EZTK", Class::Alnum, 54, 54, Test::Varied),
    ], &[
        ("/v1/EZAKzhaW8OJXLlQW9eqBtNQGVvTZCskki2lbyWsIJIGFjcasnDBP5WJ6Jz/next", "EZAKzhaW8OJXLlQW9eqBtNQGVvTZCskki2lbyWsIJIGFjcasnDBP5WJ6Jz"),
        ("key=EZTKZmQL20ue5Fsgcy2EFR4QSRyTMDc2CEgEXVviYrodIa0vLrQjaAbc9J;", "EZTKZmQL20ue5Fsgcy2EFR4QSRyTMDc2CEgEXVviYrodIa0vLrQjaAbc9J"),
    ], &[
        "see EZAKzhaW there",
        "EZAKxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zEZAKzhaW8OJXLlQW9eqBtNQGVvTZCskki2lbyWsIJIGFjcasnDBP5WJ6Jz",
    ]),
    provider("flutterwave", "Flutterwave secret keys", &[
        form("FLWSECK_TEST-", Class::Url, 12, 60, Test::Varied),
        form("FLWSECK-", Class::Url, 12, 60, Test::Varied),
    ], &[
        ("\"FLWSECK_TEST-6fcad1dd5997e63c07c678040eb77fb3-X\"", "FLWSECK_TEST-6fcad1dd5997e63c07c678040eb77fb3-X"),
        ("rejected FLWSECK-557037ebf6fc9cb2232bbe9ef615f76d-X: expired", "FLWSECK-557037ebf6fc9cb2232bbe9ef615f76d-X"),
    ], &[
        "see FLWSECK_TEST-6fca there",
        "FLWSECK_TEST-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zFLWSECK_TEST-6fcad1dd5997e63c07c678040eb77fb3-X",
    ]),
    provider("shippo", "Shippo tokens", &[
        form("shippo_live_", Class::Hex, 40, 40, Test::Varied),
        form("shippo_test_", Class::Hex, 40, 40, Test::Varied),
    ], &[
        ("a shippo_live_fa7ae018e889abfcf9c5e6e9c5a979cf5fa41119", "shippo_live_fa7ae018e889abfcf9c5e6e9c5a979cf5fa41119"),
        ("sent shippo_test_dcd237702e369df0c84e14cd4c889e559e2da2da to it", "shippo_test_dcd237702e369df0c84e14cd4c889e559e2da2da"),
    ], &[
        "see shippo_live_fa7a there",
        "shippo_live_0000000000000000000000000000000000000000",
        "zshippo_live_fa7ae018e889abfcf9c5e6e9c5a979cf5fa41119",
    ]),
    provider("paddle", "Paddle keys", &[
        form("pdl_live_apikey_", Class::Word, 40, 80, Test::Varied),
        form("pdl_sdbx_apikey_", Class::Word, 40, 80, Test::Varied),
        form("pdl_ntfset_", Class::Word, 30, 100, Test::Varied),
    ], &[
        ("a pdl_live_apikey_8B7SbzT2vpIJSFb8rylgrz4xj0MkMFu0s6dbeMxC1_yx8gEiZHJ8RdSgLYpv", "pdl_live_apikey_8B7SbzT2vpIJSFb8rylgrz4xj0MkMFu0s6dbeMxC1_yx8gEiZHJ8RdSgLYpv"),
        ("sent pdl_sdbx_apikey_kyamM2TSfzdM1pFS3g_FnVBuCKqN8Mgp3NJEOBUvk9USBsTVsp4va9Qbr3eF to it", "pdl_sdbx_apikey_kyamM2TSfzdM1pFS3g_FnVBuCKqN8Mgp3NJEOBUvk9USBsTVsp4va9Qbr3eF"),
        ("/v1/pdl_ntfset_esj_WBWSfu3_KrfNezLbmclnwzCwbQlXTcc5/next", "pdl_ntfset_esj_WBWSfu3_KrfNezLbmclnwzCwbQlXTcc5"),
    ], &[
        "see pdl_live_apikey_8B7S there",
        "pdl_live_apikey_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zpdl_live_apikey_8B7SbzT2vpIJSFb8rylgrz4xj0MkMFu0s6dbeMxC1_yx8gEiZHJ8RdSgLYpv",
    ]),
    provider("polar", "Polar tokens", &[
        form("polar_oat_", Class::Alnum, 30, 60, Test::Varied),
        form("polar_pat_", Class::Alnum, 30, 60, Test::Varied),
    ], &[
        ("rejected polar_oat_ep7WDHz9ZiwExdLUfHsvM6yA5YrX84ZW8gTbQ4yU5pH: expired", "polar_oat_ep7WDHz9ZiwExdLUfHsvM6yA5YrX84ZW8gTbQ4yU5pH"),
        ("a polar_pat_TmLYeQXKUsIOIoO3KPIHSJ4Cj9iOEsbCyOuVkYFy5Q4", "polar_pat_TmLYeQXKUsIOIoO3KPIHSJ4Cj9iOEsbCyOuVkYFy5Q4"),
    ], &[
        "see polar_oat_ep7W there",
        "polar_oat_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zpolar_oat_ep7WDHz9ZiwExdLUfHsvM6yA5YrX84ZW8gTbQ4yU5pH",
    ]),
    provider("checkout_com", "Checkout.com keys", &[
        form("sk_sbox_", Class::Lower, 20, 40, Test::Varied),
    ], &[
        ("a sk_sbox_hg4so2hpupnttzvtgtuqsa3r6q", "sk_sbox_hg4so2hpupnttzvtgtuqsa3r6q"),
    ], &[
        "see sk_sbox_hg4s there",
        "sk_sbox_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsk_sbox_hg4so2hpupnttzvtgtuqsa3r6q",
    ]),
    provider("klarna", "Klarna keys", &[
        form("klarna_live_api_", Class::Base, 20, 120, Test::Varied),
        form("klarna_test_api_", Class::Base, 20, 120, Test::Varied),
    ], &[
        ("sent klarna_live_api_pipwnPLxOzy9gG05j9DTvrg+3g to it", "klarna_live_api_pipwnPLxOzy9gG05j9DTvrg+3g"),
        ("sent klarna_test_api_W7iLlNZhIo6P4BWHCIkZ+nmVFB to it", "klarna_test_api_W7iLlNZhIo6P4BWHCIkZ+nmVFB"),
    ], &[
        "see klarna_live_api_pipw there",
        "klarna_live_api_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zklarna_live_api_pipwnPLxOzy9gG05j9DTvrg+3g",
    ]),
    provider("xendit", "Xendit keys", &[
        form("xnd_development_", Class::Alnum, 20, 80, Test::Varied),
        form("xnd_production_", Class::Alnum, 20, 80, Test::Varied),
    ], &[
        ("a xnd_development_UYY9uo8nd1C1q9e3eXubY9kT0d", "xnd_development_UYY9uo8nd1C1q9e3eXubY9kT0d"),
        ("sent xnd_production_BtMhxuAIbeeaOFjpkqwDB6Rg58 to it", "xnd_production_BtMhxuAIbeeaOFjpkqwDB6Rg58"),
    ], &[
        "see xnd_development_UYY9 there",
        "xnd_development_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zxnd_development_UYY9uo8nd1C1q9e3eXubY9kT0d",
    ]),
    provider("midtrans", "Midtrans server keys", &[
        form("Mid-server-", Class::Url, 16, 32, Test::Varied),
    ], &[
        ("a Mid-server-7jV9ZtUt_d4GdTAACIYsJ8", "Mid-server-7jV9ZtUt_d4GdTAACIYsJ8"),
    ], &[
        "see Mid-server-7jV9 there",
        "Mid-server-xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zMid-server-7jV9ZtUt_d4GdTAACIYsJ8",
    ]),
    provider("omise", "Omise keys", &[
        form("skey_test_", Class::Alnum, 16, 40, Test::Varied),
        form("skey_live_", Class::Alnum, 16, 40, Test::Varied),
        form("skey_", Class::Alnum, 16, 40, Test::Mixed),
    ], &[
        ("a skey_test_qXnc3uS8f06MHC6XELP04u", "skey_test_qXnc3uS8f06MHC6XELP04u"),
        ("sent skey_live_kkOdZZvjKVny59HDV6fkKV to it", "skey_live_kkOdZZvjKVny59HDV6fkKV"),
        ("/v1/skey_7sIdZO0LOu6fHv43bbxypC/next", "skey_7sIdZO0LOu6fHv43bbxypC"),
    ], &[
        "see skey_test_qXnc there",
        "skey_test_xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zskey_test_qXnc3uS8f06MHC6XELP04u",
    ]),
    provider("brex", "Brex tokens", &[
        form("bxt_", Class::Alnum, 30, 64, Test::Varied),
    ], &[
        ("a bxt_v2FwZKiGQxc5GtKzskV0BwOMscIbdvl1qVk2", "bxt_v2FwZKiGQxc5GtKzskV0BwOMscIbdvl1qVk2"),
    ], &[
        "see bxt_v2Fw there",
        "bxt_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zbxt_v2FwZKiGQxc5GtKzskV0BwOMscIbdvl1qVk2",
    ]),
    provider("ramp", "Ramp secrets", &[
        form("ramp_sec_", Class::Alnum, 30, 64, Test::Varied),
    ], &[
        ("a ramp_sec_3ZGdUij07JBh0hprWfgzO6AaMjeTzZhIGmXS", "ramp_sec_3ZGdUij07JBh0hprWfgzO6AaMjeTzZhIGmXS"),
    ], &[
        "see ramp_sec_3ZGd there",
        "ramp_sec_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zramp_sec_3ZGdUij07JBh0hprWfgzO6AaMjeTzZhIGmXS",
    ]),
    provider("shopify", "Shopify tokens", &[
        form("shpat_", Class::Alnum, 32, 64, Test::Varied),
        form("shpss_", Class::Alnum, 32, 64, Test::Varied),
        form("shppa_", Class::Alnum, 32, 64, Test::Varied),
        form("shpca_", Class::Alnum, 32, 64, Test::Varied),
        form("shpua_", Class::Alnum, 32, 64, Test::Varied),
        form("shptka_", Class::Alnum, 32, 64, Test::Varied),
        form("shpit_", Class::Alnum, 32, 64, Test::Varied),
        form("shppt_", Class::Alnum, 32, 64, Test::Varied),
        form("shprt_", Class::Alnum, 32, 64, Test::Varied),
        form("shpcft_", Class::Alnum, 32, 64, Test::Varied),
        form("atkn_", Class::Alnum, 32, 80, Test::Varied),
    ], &[
        ("sent 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 to it", "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"),
        ("/v1/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/next", "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"),
        ("key=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;", "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"),
        ("('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')", "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"),
        ("\"shpua_445c2360ac8c0db25c2f6d791ec146b5\"", "shpua_445c2360ac8c0db25c2f6d791ec146b5"),
        ("\"shptka_rOFnIkwTStoTE4wGqsYQZyjf65Zel90xq8Rjke\"", "shptka_rOFnIkwTStoTE4wGqsYQZyjf65Zel90xq8Rjke"),
        ("rejected shpit_miFtNHYbWnsgf35YeyQWbSH7oMWAXSRdkNCXPG: expired", "shpit_miFtNHYbWnsgf35YeyQWbSH7oMWAXSRdkNCXPG"),
        ("a shppt_X27iDHquczEVT1l7IXy4uq3Z5CrkU3y9x4azse", "shppt_X27iDHquczEVT1l7IXy4uq3Z5CrkU3y9x4azse"),
        ("sent shprt_KRyoT1RdwfxdyAIdWVtrwEJONfUb2yyAf3shQa to it", "shprt_KRyoT1RdwfxdyAIdWVtrwEJONfUb2yyAf3shQa"),
        ("/v1/shpcft_445BdLeTVjm6g1zUe33tcfP7tfInlcCF4ZApZw/next", "shpcft_445BdLeTVjm6g1zUe33tcfP7tfInlcCF4ZApZw"),
        ("key=atkn_gKUj20WIoeXj1wk4BwuvYlFRIkha6h5HqERmQd;", "atkn_gKUj20WIoeXj1wk4BwuvYlFRIkha6h5HqERmQd"),
    ], &[
        "see shpat_3cfc there",
        "shpat_0000000000000000000000000000000000000000000000000000000000000000",
        "z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",
    ]),
    provider("woo_commerce", "WooCommerce keys", &[
        form("ck_", Class::Hex, 40, 40, Test::Varied),
        form("cs_", Class::Hex, 40, 40, Test::Varied),
    ], &[
        ("a ck_8babb2bde2ea4372f78e44de733370d0fd9e87f0", "ck_8babb2bde2ea4372f78e44de733370d0fd9e87f0"),
        ("sent cs_d29d9180c8a8b74db80f778696aa49fd45efdb17 to it", "cs_d29d9180c8a8b74db80f778696aa49fd45efdb17"),
    ], &[
        "see ck_8bab there",
        "ck_0000000000000000000000000000000000000000",
        "zck_8babb2bde2ea4372f78e44de733370d0fd9e87f0",
    ]),
    provider("ebay", "eBay tokens and client secrets", &[
        form("v^1.1#", Class::Joined, 100, 4000, Test::Varied),
        form("PRD-", Class::HexAnyDash, 30, 40, Test::Varied),
        form("SBX-", Class::HexAnyDash, 30, 40, Test::Varied),
    ], &[
        ("sent v^1.1#i^1#f^0#p^3#r^1#I^3#t^kblod/LuzRX9hEs0qOYWhgjxRoI2v47fhBpKhHeqZBZu/J48cBajPttP7e0aRVrzPMoVXzr/bYGKn/yeD5JeamBWIX to it", "v^1.1#i^1#f^0#p^3#r^1#I^3#t^kblod/LuzRX9hEs0qOYWhgjxRoI2v47fhBpKhHeqZBZu/J48cBajPttP7e0aRVrzPMoVXzr/bYGKn/yeD5JeamBWIX"),
        ("sent PRD-426b174c55ac-efd6-96a5-05af-4e6b to it", "PRD-426b174c55ac-efd6-96a5-05af-4e6b"),
        ("/v1/SBX-45cd3fee6cf1-f169-626b-9769-96c3/next", "SBX-45cd3fee6cf1-f169-626b-9769-96c3"),
    ], &[
        "see v^1.1#i^1# there",
        "v^1.1#xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zv^1.1#i^1#f^0#p^3#r^1#I^3#t^kblod/LuzRX9hEs0qOYWhgjxRoI2v47fhBpKhHeqZBZu/J48cBajPttP7e0aRVrzPMoVXzr/bYGKn/yeD5JeamBWIX",
    ]),
    provider("ship_engine", "ShipEngine keys", &[
        form("TEST_", Class::Base, 43, 43, Test::Mixed),
    ], &[
        ("sent TEST_la6IL4yZ3WWWLEKPRLH2CNwsYda5tzDMbkq2a0eAbnE to it", "TEST_la6IL4yZ3WWWLEKPRLH2CNwsYda5tzDMbkq2a0eAbnE"),
    ], &[
        "see TEST_la6I there",
        "TEST_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zTEST_la6IL4yZ3WWWLEKPRLH2CNwsYda5tzDMbkq2a0eAbnE",
    ]),
    provider("after_ship", "AfterShip keys", &[
        form("asat_", Class::Hex, 32, 32, Test::Varied),
    ], &[
        ("a asat_e8992e4ab1c65c0cef52f87bde00280e", "asat_e8992e4ab1c65c0cef52f87bde00280e"),
    ], &[
        "see asat_e899 there",
        "asat_00000000000000000000000000000000",
        "zasat_e8992e4ab1c65c0cef52f87bde00280e",
    ]),
    provider("flexport", "Flexport tokens", &[
        form("shltm_", Class::Url, 36, 64, Test::Varied),
    ], &[
        ("a shltm_5lJaG0rL6mYnvxr2-A7XEpxNZMwMmdzRTK4FkcSgTn", "shltm_5lJaG0rL6mYnvxr2-A7XEpxNZMwMmdzRTK4FkcSgTn"),
    ], &[
        "see shltm_5lJa there",
        "shltm_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zshltm_5lJaG0rL6mYnvxr2-A7XEpxNZMwMmdzRTK4FkcSgTn",
    ]),
    provider("ticket_tailor", "Ticket Tailor and ReCharge keys", &[
        form("sk_", Class::Word, 40, 80, Test::Numbered),
        form("sk_1x1_", Class::Hex, 60, 70, Test::Varied),
        form("sk_2x2_", Class::Hex, 60, 70, Test::Varied),
        form("sk_test_1x1_", Class::Hex, 60, 70, Test::Varied),
        form("sk_test_3x3_", Class::HexAny, 60, 70, Test::Varied),
    ], &[
        ("a sk_0281_086597_3996ffbb107030aa32227b4faf0dc9ba", "sk_0281_086597_3996ffbb107030aa32227b4faf0dc9ba"),
        ("sent sk_1x1_00702f9e1691f189802b75113a9d78d5709b05a4defb213c5172c7673a9aae9c7 to it", "sk_1x1_00702f9e1691f189802b75113a9d78d5709b05a4defb213c5172c7673a9aae9c7"),
        ("/v1/sk_2x2_d45873bf3e28164fe1ae3be3e185f766d42783f14dbc9c93383c20e22281a6d7b/next", "sk_2x2_d45873bf3e28164fe1ae3be3e185f766d42783f14dbc9c93383c20e22281a6d7b"),
        ("key=sk_test_1x1_2074f2f56d4109059e47755d3e9eade48d95726de4a2dcfa06ed757b7c6926efa;", "sk_test_1x1_2074f2f56d4109059e47755d3e9eade48d95726de4a2dcfa06ed757b7c6926efa"),
        ("('sk_test_3x3_0cb2e8637f94ab67ebc92c1a4f88350cafec8cb69b7d7b9ddb4e93ebbbd91bcad')", "sk_test_3x3_0cb2e8637f94ab67ebc92c1a4f88350cafec8cb69b7d7b9ddb4e93ebbbd91bcad"),
    ], &[
        "see sk_0281 there",
        "sk_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsk_0281_086597_3996ffbb107030aa32227b4faf0dc9ba",
    ]),
    provider("onfido", "Onfido tokens", &[
        form("api_live.", Class::Dotted, 36, 80, Test::Parts),
        form("api_live_us.", Class::Dotted, 36, 80, Test::Parts),
        form("api_live_ca.", Class::Dotted, 36, 80, Test::Parts),
        form("api_sandbox.", Class::Dotted, 36, 80, Test::Parts),
        form("api_sandbox_us.", Class::Dotted, 36, 80, Test::Parts),
    ], &[
        ("sent api_live.S_4juxqctdv.l5lVby4MjL5dB2KTjSuA-7oqNHqe9K-b to it", "api_live.S_4juxqctdv.l5lVby4MjL5dB2KTjSuA-7oqNHqe9K-b"),
        ("sent api_live_us.w9dz_1pJewU.lCTYmdmL5KZODle3DfUAB01apI2r-X7m to it", "api_live_us.w9dz_1pJewU.lCTYmdmL5KZODle3DfUAB01apI2r-X7m"),
        ("sent api_live_ca.s2OB5nKEAuH.brUo56DOT9PiIH9UHgzj95YTI1IlmGKc to it", "api_live_ca.s2OB5nKEAuH.brUo56DOT9PiIH9UHgzj95YTI1IlmGKc"),
        ("sent api_sandbox.bwHGWupyLcD.Pl3NVjUdxVEpIBLbGWWIXKe8N-uOXRYR to it", "api_sandbox.bwHGWupyLcD.Pl3NVjUdxVEpIBLbGWWIXKe8N-uOXRYR"),
        ("sent api_sandbox_us.4TrFgybrHgF.fyDDzdNV3rCXlxac3qHQe_iR2wpzMf6U to it", "api_sandbox_us.4TrFgybrHgF.fyDDzdNV3rCXlxac3qHQe_iR2wpzMf6U"),
    ], &[
        "see api_live.S_4j there",
        "api_live.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zapi_live.S_4juxqctdv.l5lVby4MjL5dB2KTjSuA-7oqNHqe9K-b",
    ]),
    provider("persona", "Persona keys", &[
        form("persona_production_", Class::HexAnyDash, 36, 36, Test::Varied),
        form("persona_sandbox_", Class::HexAnyDash, 36, 36, Test::Varied),
    ], &[
        ("a persona_production_09398e56-bc40-b1c3-ccc7-a0633f8f29a3", "persona_production_09398e56-bc40-b1c3-ccc7-a0633f8f29a3"),
        ("sent persona_sandbox_3660770f-776c-66d0-f5f5-b53a6eea7427 to it", "persona_sandbox_3660770f-776c-66d0-f5f5-b53a6eea7427"),
    ], &[
        "see persona_production_0939 there",
        "persona_production_000000000000000000000000000000000000",
        "zpersona_production_09398e56-bc40-b1c3-ccc7-a0633f8f29a3",
    ]),
    provider("stytch", "Stytch secrets", &[
        form("secret-live-", Class::Base, 36, 64, Test::Varied),
        form("secret-test-", Class::Base, 36, 64, Test::Varied),
    ], &[
        ("sent secret-live-MUXKkvNHlagx34uTyOm6Bq/oSBe1gu/pKgtXMZBaKd to it", "secret-live-MUXKkvNHlagx34uTyOm6Bq/oSBe1gu/pKgtXMZBaKd"),
        ("sent secret-test-iDZwx0HjT1ikdIKMwzylh+uutSTCQ2Li9LJCkLdIan to it", "secret-test-iDZwx0HjT1ikdIKMwzylh+uutSTCQ2Li9LJCkLdIan"),
    ], &[
        "see secret-live-MUXK there",
        "secret-live-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsecret-live-MUXKkvNHlagx34uTyOm6Bq/oSBe1gu/pKgtXMZBaKd",
    ]),
    provider("liveblocks", "Liveblocks and Novu keys", &[
        form("sk_dev_", Class::Url, 24, 100, Test::Varied),
    ], &[
        ("a sk_dev_ih3tP1PurHdReZU9hpdTjjGmc8chWu", "sk_dev_ih3tP1PurHdReZU9hpdTjjGmc8chWu"),
    ], &[
        "see sk_dev_ih3t there",
        "sk_dev_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsk_dev_ih3tP1PurHdReZU9hpdTjjGmc8chWu",
    ]),
    provider("quickbooks", "QuickBooks refresh tokens", &[
        form("AB1", Class::Alnum, 47, 47, Test::Mixed),
    ], &[
        ("a AB15Xk1RUUqZhKmIBgcVxRDA0sjAieocRQYntTCSA9NzOc5QCB", "AB15Xk1RUUqZhKmIBgcVxRDA0sjAieocRQYntTCSA9NzOc5QCB"),
    ], &[
        "see AB15Xk1 there",
        "AB1xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zAB15Xk1RUUqZhKmIBgcVxRDA0sjAieocRQYntTCSA9NzOc5QCB",
    ]),
    provider("extended_key", "extended private keys of wallets", &[
        form("xprv", Class::Alnum, 107, 108, Test::Varied),
        form("zprv", Class::Alnum, 107, 108, Test::Varied),
    ], &[
        ("rejected xprvjmedXM5ijkbRKuHfPPL5bchuteBkSmUke6WvC4Fv4UeiSKxbwj8gJs548yVVi4xTA57fjJXEItWyNBevCXaOmbQfdMyMmp0altG8X6NzdGc: expired", "xprvjmedXM5ijkbRKuHfPPL5bchuteBkSmUke6WvC4Fv4UeiSKxbwj8gJs548yVVi4xTA57fjJXEItWyNBevCXaOmbQfdMyMmp0altG8X6NzdGc"),
        ("a zprv13qMnsR9nNDhSnt8etgkQJcVyZ2gs8DIvqUaVgsXtRbPmZI3ocB3PXTBZRxu9XGJ9rykbFC5cD49u2PH0iyX9USvAWQsysky1graiXFwbiZ", "zprv13qMnsR9nNDhSnt8etgkQJcVyZ2gs8DIvqUaVgsXtRbPmZI3ocB3PXTBZRxu9XGJ9rykbFC5cD49u2PH0iyX9USvAWQsysky1graiXFwbiZ"),
    ], &[
        "see xprvjmed there",
        "xprvxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zxprvjmedXM5ijkbRKuHfPPL5bchuteBkSmUke6WvC4Fv4UeiSKxbwj8gJs548yVVi4xTA57fjJXEItWyNBevCXaOmbQfdMyMmp0altG8X6NzdGc",
    ]),
    provider("mercury", "Mercury tokens", &[
        form("mercury_production_", Class::Word, 30, 100, Test::Varied),
        form("mercury_sandbox_", Class::Word, 30, 100, Test::Varied),
    ], &[
        ("rejected mercury_production_wma_YYmdhQj38AruHr4iwRxpVHSbKdA9u4uQgwLg6G3oT1og_yrucrem: expired", "mercury_production_wma_YYmdhQj38AruHr4iwRxpVHSbKdA9u4uQgwLg6G3oT1og_yrucrem"),
    ], &[
        "see mercury_production_wma_ there",
        "mercury_production_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zmercury_production_wma_YYmdhQj38AruHr4iwRxpVHSbKdA9u4uQgwLg6G3oT1og_yrucrem",
    ]),
    provider("sumup", "SumUp keys", &[
        form("sup_sk_", Class::Alnum, 28, 40, Test::Varied),
        form("sup_pk_", Class::Alnum, 28, 40, Test::Varied),
    ], &[
        ("rejected sup_sk_mMJXwKi9x7h6AmUfBH7X41zTPDP4k8FF: expired", "sup_sk_mMJXwKi9x7h6AmUfBH7X41zTPDP4k8FF"),
    ], &[
        "see sup_sk_mMJX there",
        "sup_sk_xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsup_sk_mMJXwKi9x7h6AmUfBH7X41zTPDP4k8FF",
    ]),
    provider("revenuecat", "RevenueCat keys", &[
        form("sk_", Class::Alnum, 28, 34, Test::Mixed),
    ], &[
        ("rejected sk_uf0EwixIIqe8jKQh3mb9N7iwusMtTZ: expired", "sk_uf0EwixIIqe8jKQh3mb9N7iwusMtTZ"),
    ], &[
        "see sk_uf0E there",
        "sk_xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsk_uf0EwixIIqe8jKQh3mb9N7iwusMtTZ",
    ]),
];
