//! Tokens of those who run models.

use super::super::ValueRule;
use super::super::forms::{Class, Test, form};
use super::provider;

#[rustfmt::skip]
pub const RULES: &[ValueRule] = &[
    provider("openai", "OpenAI keys, and of those who copy their form", &[
        form("sk-proj-", Class::Url, 20, 300, Test::Varied),
        form("sk-svcacct-", Class::Url, 20, 300, Test::Varied),
        form("sk-admin-", Class::Url, 20, 300, Test::Varied),
        form("sk-None-", Class::Url, 20, 300, Test::Varied),
        form("sk-", Class::Url, 32, 300, Test::Random),
        form("sess-", Class::Alnum, 40, 40, Test::Varied),
        form("ek_", Class::Hex, 32, 64, Test::Varied),
    ], &[
        ("a sk-proj-w8SHCvy8l-IYxb8oSjeWKo9XiTrpUkBbfYY5hOFw1ETBlGhM0d718kOhe8dr6eJmzNzAobtDV_hfFyhC700l4lmNBrzsei9NANPB", "sk-proj-w8SHCvy8l-IYxb8oSjeWKo9XiTrpUkBbfYY5hOFw1ETBlGhM0d718kOhe8dr6eJmzNzAobtDV_hfFyhC700l4lmNBrzsei9NANPB"),
        ("sent sk-svcacct-PBEW9Jwv_271eKWUUMwib7a-yZKchh0LOSOwxu3jD3FeCxX9ACuc-J-g7SDHydPw1YnkFgKirqaBjwa1RC7uMv2Mrd5EMdumjQ2L to it", "sk-svcacct-PBEW9Jwv_271eKWUUMwib7a-yZKchh0LOSOwxu3jD3FeCxX9ACuc-J-g7SDHydPw1YnkFgKirqaBjwa1RC7uMv2Mrd5EMdumjQ2L"),
        ("/v1/sk-admin-2CWBZBSxqUYSD0F_exeUnSCUNxs2GZbra570bf4x16XzGeAphWEIT6j0P1O-UeFCxx4FrKv2pI33Cg7Qi_CT6BioOCHqWi_Cw99x/next", "sk-admin-2CWBZBSxqUYSD0F_exeUnSCUNxs2GZbra570bf4x16XzGeAphWEIT6j0P1O-UeFCxx4FrKv2pI33Cg7Qi_CT6BioOCHqWi_Cw99x"),
        ("key=sk-None-6heb1EXE7VqtoBvwWweIuyKYTj4b-WhTc8zj7mSxMLpOR6FHdwtFwKjd8nwgll66TFt9WtInCCzeTJ_fJ_RY25afjuVwnABsq6RW;", "sk-None-6heb1EXE7VqtoBvwWweIuyKYTj4b-WhTc8zj7mSxMLpOR6FHdwtFwKjd8nwgll66TFt9WtInCCzeTJ_fJ_RY25afjuVwnABsq6RW"),
        ("('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')", "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"),
        ("\"sess-jlhYjXZiJ2UMOLX82TN5nuvpadItroOSlky6KBJl\"", "sess-jlhYjXZiJ2UMOLX82TN5nuvpadItroOSlky6KBJl"),
        ("rejected ek_9a26fe8b3ae3e95ce167267d2cfd409703c85c: expired", "ek_9a26fe8b3ae3e95ce167267d2cfd409703c85c"),
    ], &[
        "see sk-proj-w8SH there",
        "sk-proj-xxxxxxxxxxxxxxxxxxxx",
        "zsk-proj-w8SHCvy8l-IYxb8oSjeWKo9XiTrpUkBbfYY5hOFw1ETBlGhM0d718kOhe8dr6eJmzNzAobtDV_hfFyhC700l4lmNBrzsei9NANPB",
    ]),
    provider("anthropic", "Anthropic keys", &[
        form("sk-ant-api03-", Class::Url, 20, 300, Test::Varied),
        form("sk-ant-admin01-", Class::Url, 20, 300, Test::Varied),
        form("sk-ant-", Class::Url, 20, 300, Test::Random),
    ], &[
        ("key=sk-ant-api03-cwee4sAn1L_7DkGKu0S_RSNrxFJuLak8KVK7GzcaoTpGWGgVFdKVj2hiegYuHFMyHFfqYe37DM-kmnFWg33W91gsdXo2f00;", "sk-ant-api03-cwee4sAn1L_7DkGKu0S_RSNrxFJuLak8KVK7GzcaoTpGWGgVFdKVj2hiegYuHFMyHFfqYe37DM-kmnFWg33W91gsdXo2f00"),
        ("('sk-ant-admin01-9kxi-UgxYl1NPGMBuVPx6mKzQL3CaQRw2MIXFNEA2EupM-xO7i3FYMXVq1mMby-rbeDRoZ6ltOERz5hXvlO8cJ8kgXSxA6a')", "sk-ant-admin01-9kxi-UgxYl1NPGMBuVPx6mKzQL3CaQRw2MIXFNEA2EupM-xO7i3FYMXVq1mMby-rbeDRoZ6ltOERz5hXvlO8cJ8kgXSxA6a"),
        ("\"sk-ant-eQgAos9G6uCGCaVqO8MfXZZOUt_Ll2iSSZg16xBj3z1jqqSojWPNl-oEcLNESxfkwShYDBcVYFYtaPlozdwy8g_qR4Ethml\"", "sk-ant-eQgAos9G6uCGCaVqO8MfXZZOUt_Ll2iSSZg16xBj3z1jqqSojWPNl-oEcLNESxfkwShYDBcVYFYtaPlozdwy8g_qR4Ethml"),
    ], &[
        "see sk-ant-api03-cwee there",
        "sk-ant-api03-xxxxxxxxxxxxxxxxxxxx",
        "zsk-ant-api03-cwee4sAn1L_7DkGKu0S_RSNrxFJuLak8KVK7GzcaoTpGWGgVFdKVj2hiegYuHFMyHFfqYe37DM-kmnFWg33W91gsdXo2f00",
    ]),
    provider("openrouter", "OpenRouter keys", &[
        form("sk-or-", Class::Url, 32, 100, Test::Varied),
    ], &[
        ("('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')", "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"),
    ], &[
        "see sk-or-v1-e there",
        "sk-or-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsk-or-v1-e5353507baf97eab618acb8f411167b90aaaefd201ab97d7cd47ffcce000dcfa",
    ]),
    provider("hugging_face", "Hugging Face tokens", &[
        form("hf_", Class::Alnum, 30, 60, Test::Varied),
        form("api_org_", Class::Alnum, 30, 60, Test::Varied),
    ], &[
        ("rejected hf_ZgshxmWo1CNNO6O9rr2q2hb7c4ggEYhKR3: expired", "hf_ZgshxmWo1CNNO6O9rr2q2hb7c4ggEYhKR3"),
        ("a api_org_3RNASGdtH5uSYxYfCGlkQafgTCjqtMtGgt", "api_org_3RNASGdtH5uSYxYfCGlkQafgTCjqtMtGgt"),
    ], &[
        "see hf_Zgsh there",
        "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zhf_ZgshxmWo1CNNO6O9rr2q2hb7c4ggEYhKR3",
    ]),
    provider("replicate", "Replicate tokens", &[
        form("r8_", Class::Alnum, 37, 40, Test::Varied),
    ], &[
        ("key=r8_1pEDdmR5CQ18WPZsOez3cpSzZJ462x9ZKap95;", "r8_1pEDdmR5CQ18WPZsOez3cpSzZJ462x9ZKap95"),
    ], &[
        "see r8_1pED there",
        "r8_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zr8_1pEDdmR5CQ18WPZsOez3cpSzZJ462x9ZKap95",
    ]),
    provider("groq", "Groq keys", &[
        form("gsk_", Class::Alnum, 40, 60, Test::Varied),
    ], &[
        ("\"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\"", "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"),
    ], &[
        "see gsk_iq3w there",
        "gsk_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zgsk_iq3wFr4r5rraZHHNcbcJnCwghTn5ewkr6Agu4d0XwfxWPP1ecxU9",
    ]),
    provider("xai", "xAI keys", &[
        form("xai-", Class::Url, 60, 120, Test::Varied),
    ], &[
        ("('xai-ekJUdUcAo2HWFcTLSBL5bchAyuwsAwL6jmHttNS0lfjCF17k00V5FyiCIs4wEyCosGlL0MyyAiGEZel7')", "xai-ekJUdUcAo2HWFcTLSBL5bchAyuwsAwL6jmHttNS0lfjCF17k00V5FyiCIs4wEyCosGlL0MyyAiGEZel7"),
    ], &[
        "see xai-ekJU there",
        "xai-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zxai-ekJUdUcAo2HWFcTLSBL5bchAyuwsAwL6jmHttNS0lfjCF17k00V5FyiCIs4wEyCosGlL0MyyAiGEZel7",
    ]),
    provider("perplexity", "Perplexity keys", &[
        form("pplx-", Class::Alnum, 40, 64, Test::Varied),
    ], &[
        ("('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')", "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"),
    ], &[
        "see pplx-l4dF there",
        "pplx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zpplx-l4dFxabRoKPyqgGSXXeY8GXGPlNAj0Wjd81IN9IhjRfo3JrM",
    ]),
    provider("pinecone", "Pinecone keys", &[
        form("pcsk_", Class::Word, 40, 90, Test::Varied),
    ], &[
        ("/v1/pcsk_81T83jH6WfhumAbbeksdjE76fmN6i8ROoWuyf1cOZg4nZhBWd0tLS4JRWV83VQxyj_Ow7/next", "pcsk_81T83jH6WfhumAbbeksdjE76fmN6i8ROoWuyf1cOZg4nZhBWd0tLS4JRWV83VQxyj_Ow7"),
    ], &[
        "see pcsk_81T8 there",
        "pcsk_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zpcsk_81T83jH6WfhumAbbeksdjE76fmN6i8ROoWuyf1cOZg4nZhBWd0tLS4JRWV83VQxyj_Ow7",
    ]),
    provider("nvidia", "NVIDIA keys", &[
        form("nvapi-", Class::Url, 50, 90, Test::Varied),
    ], &[
        ("a 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", "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"),
    ], &[
        "see nvapi-mMwJ there",
        "nvapi-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "znvapi-mMwJEAc7T54wI1KFk6SgBf3W-sovF5_WBo30N9vQCG_vorptIRerFaE0fMU2-U8d",
    ]),
    provider("langchain", "LangSmith and Langfuse keys", &[
        form("lsv2_pt_", Class::Word, 40, 60, Test::Varied),
        form("lsv2_sk_", Class::Word, 40, 60, Test::Varied),
        form("sk-lf-", Class::Url, 36, 36, Test::Varied),
        form("ls__", Class::Hex, 32, 32, Test::Varied),
    ], &[
        ("key=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;", "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"),
        ("('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')", "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"),
        ("\"sk-lf-fb084edd-ff8a-4dfb-a046-bdd3617793dc\"", "sk-lf-fb084edd-ff8a-4dfb-a046-bdd3617793dc"),
        ("key=ls__4635caaae9ec76a17e16ff70f4326b6a;", "ls__4635caaae9ec76a17e16ff70f4326b6a"),
    ], &[
        "see lsv2_pt_03f1 there",
        "lsv2_pt_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zlsv2_pt_03f1923ca1faaf55aaf49d1681cd8a07_aa0fdf1bd9",
    ]),
    provider("fireworks", "Fireworks AI keys", &[
        form("fw_", Class::Alnum, 20, 40, Test::Mixed),
    ], &[
        ("key=fw_rP62VfezeoZiJ4hXNkmYufMF;", "fw_rP62VfezeoZiJ4hXNkmYufMF"),
    ], &[
        "see fw_rP62 there",
        "fw_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zfw_rP62VfezeoZiJ4hXNkmYufMF",
    ]),
    provider("together", "Together AI keys", &[
        form("tgp_v1_", Class::Url, 40, 60, Test::Varied),
    ], &[
        ("/v1/tgp_v1_S1VEZob7PSmULvjJ9c4yvmJcLn2zfGx6jEMZFeRBMx2/next", "tgp_v1_S1VEZob7PSmULvjJ9c4yvmJcLn2zfGx6jEMZFeRBMx2"),
    ], &[
        "see tgp_v1_S1VE there",
        "tgp_v1_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "ztgp_v1_S1VEZob7PSmULvjJ9c4yvmJcLn2zfGx6jEMZFeRBMx2",
    ]),
    provider("eleven_labs", "ElevenLabs keys", &[
        form("sk_", Class::Hex, 48, 48, Test::Varied),
    ], &[
        ("\"sk_761a86f7ab98f5077fc0470ded7603bbc04ba66eeb926578\"", "sk_761a86f7ab98f5077fc0470ded7603bbc04ba66eeb926578"),
    ], &[
        "see sk_761a there",
        "sk_000000000000000000000000000000000000000000000000",
        "zsk_761a86f7ab98f5077fc0470ded7603bbc04ba66eeb926578",
    ]),
    provider("tavily", "Tavily keys", &[
        form("tvly-", Class::Url, 32, 60, Test::Varied),
    ], &[
        ("a 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", "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"),
    ], &[
        "see tvly-dev- there",
        "tvly-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "ztvly-dev-zCcCrkRWTfOwRTLoMRD7IKfIlXQ3Wl9A",
    ]),
    provider("firecrawl", "Firecrawl keys", &[
        form("fc-", Class::Hex, 32, 32, Test::Varied),
    ], &[
        ("key=fc-4c50400a176fefc84e99deecf2f770cd;", "fc-4c50400a176fefc84e99deecf2f770cd"),
    ], &[
        "see fc-4c50 there",
        "fc-00000000000000000000000000000000",
        "zfc-4c50400a176fefc84e99deecf2f770cd",
    ]),
    provider("jina", "Jina keys", &[
        form("jina_", Class::Url, 50, 80, Test::Varied),
    ], &[
        ("\"jina_AhpzgrnYlHG8w8c5Lpp6_LXwJP85Op74c3TeUfZ63cFeXwLY4izrvGV9oBki\"", "jina_AhpzgrnYlHG8w8c5Lpp6_LXwJP85Op74c3TeUfZ63cFeXwLY4izrvGV9oBki"),
    ], &[
        "see jina_Ahpz there",
        "jina_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zjina_AhpzgrnYlHG8w8c5Lpp6_LXwJP85Op74c3TeUfZ63cFeXwLY4izrvGV9oBki",
    ]),
    provider("cerebras", "Cerebras keys", &[
        form("csk-", Class::Lower, 40, 60, Test::Varied),
    ], &[
        ("/v1/csk-oduq739kej9rrujpdjb59i986vmui82i43b2ggmmswlwxycd/next", "csk-oduq739kej9rrujpdjb59i986vmui82i43b2ggmmswlwxycd"),
    ], &[
        "see csk-oduq there",
        "csk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zcsk-oduq739kej9rrujpdjb59i986vmui82i43b2ggmmswlwxycd",
    ]),
    provider("wandb", "Weights & Biases keys", &[
        form("wandb_v1_", Class::Word, 40, 120, Test::Varied),
    ], &[
        ("rejected 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: expired", "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"),
    ], &[
        "see wandb_v1_C6UX there",
        "wandb_v1_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zwandb_v1_C6UXRTVp_RkWxg0dnW9JpN0Bs4BbI6R4wvIXlT8cYfNEantWZMCSiIMntD4RUXJQQyMLduUutn_Tg",
    ]),
    provider("e_two_b", "E2B keys", &[
        form("e2b_", Class::Hex, 40, 40, Test::Varied),
    ], &[
        ("sent e2b_83fd49553543ef7bbcd48264f3fe64d82e6928e7 to it", "e2b_83fd49553543ef7bbcd48264f3fe64d82e6928e7"),
    ], &[
        "see e2b_83fd there",
        "e2b_0000000000000000000000000000000000000000",
        "ze2b_83fd49553543ef7bbcd48264f3fe64d82e6928e7",
    ]),
    provider("llama_cloud", "LlamaCloud keys", &[
        form("llx-", Class::Url, 40, 64, Test::Varied),
    ], &[
        ("a llx-aEcpuR6fFanmfGu3zExUkbPVao3zNsvBEVz9jyzIwA6UyB", "llx-aEcpuR6fFanmfGu3zExUkbPVao3zNsvBEVz9jyzIwA6UyB"),
    ], &[
        "see llx-aEcp there",
        "llx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zllx-aEcpuR6fFanmfGu3zExUkbPVao3zNsvBEVz9jyzIwA6UyB",
    ]),
    provider("voyage", "Voyage AI keys", &[
        form("pa-", Class::Url, 40, 50, Test::Random),
    ], &[
        ("a pa-rSkF_yvznXZgzO-Y3oJmoPjMJZBXJuz8k6KFOg8GFy8ll", "pa-rSkF_yvznXZgzO-Y3oJmoPjMJZBXJuz8k6KFOg8GFy8ll"),
    ], &[
        "see pa-rSkF there",
        "pa-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zpa-rSkF_yvznXZgzO-Y3oJmoPjMJZBXJuz8k6KFOg8GFy8ll",
    ]),
    provider("nomic", "Nomic keys", &[
        form("nk-", Class::Url, 40, 50, Test::Random),
    ], &[
        ("a nk-W1lfPJ6AF1A0FLbN8IXNt36zAe3WgT84b1Cx72fi5DSo3", "nk-W1lfPJ6AF1A0FLbN8IXNt36zAe3WgT84b1Cx72fi5DSo3"),
    ], &[
        "see nk-W1lf there",
        "nk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "znk-W1lfPJ6AF1A0FLbN8IXNt36zAe3WgT84b1Cx72fi5DSo3",
    ]),
    provider("modal", "Modal tokens", &[
        form("ak-", Class::Alnum, 22, 22, Test::Mixed),
        form("as-", Class::Alnum, 22, 22, Test::Mixed),
    ], &[
        ("a ak-CnkvfPpEuYl0tAgrS3TCbr", "ak-CnkvfPpEuYl0tAgrS3TCbr"),
        ("sent as-xCqpbKcHQU5O9c3UUgEeo3 to it", "as-xCqpbKcHQU5O9c3UUgEeo3"),
    ], &[
        "see ak-Cnkv there",
        "ak-xxxxxxxxxxxxxxxxxxxxxx",
        "zak-CnkvfPpEuYl0tAgrS3TCbr",
    ]),
    provider("run_pod", "RunPod keys", &[
        form("rpa_", Class::Alnum, 36, 60, Test::Varied),
    ], &[
        ("a rpa_W3blwUU90ACZOfwdbf4L2PQHqspRzadV4Gr79ZDWI9", "rpa_W3blwUU90ACZOfwdbf4L2PQHqspRzadV4Gr79ZDWI9"),
    ], &[
        "see rpa_W3bl there",
        "rpa_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zrpa_W3blwUU90ACZOfwdbf4L2PQHqspRzadV4Gr79ZDWI9",
    ]),
    provider("anyscale", "Anyscale keys", &[
        form("esecret_", Class::Lower, 20, 60, Test::Varied),
    ], &[
        ("a esecret_hgwq0errpeav1343x1fgza8ho6", "esecret_hgwq0errpeav1343x1fgza8ho6"),
    ], &[
        "see esecret_hgwq there",
        "esecret_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zesecret_hgwq0errpeav1343x1fgza8ho6",
    ]),
    provider("roboflow", "Roboflow keys", &[
        form("rf_", Class::Alnum, 20, 40, Test::Mixed),
    ], &[
        ("a rf_N5024iw9ndQtA1eDNI6oCpeuNq", "rf_N5024iw9ndQtA1eDNI6oCpeuNq"),
    ], &[
        "see rf_N502 there",
        "rf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zrf_N5024iw9ndQtA1eDNI6oCpeuNq",
    ]),
    provider("upstage", "Upstage keys", &[
        form("up_", Class::Alnum, 28, 32, Test::Mixed),
    ], &[
        ("a up_Pm1BPui7jsQioxWW6HuukgOqtyStt7", "up_Pm1BPui7jsQioxWW6HuukgOqtyStt7"),
    ], &[
        "see up_Pm1B there",
        "up_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zup_Pm1BPui7jsQioxWW6HuukgOqtyStt7",
    ]),
    provider("dify", "Dify keys", &[
        form("app-", Class::Alnum, 24, 24, Test::Mixed),
        form("dataset-", Class::Alnum, 24, 24, Test::Mixed),
    ], &[
        ("a app-z6LhMzsVXvC4AIi9BvoZYoSp", "app-z6LhMzsVXvC4AIi9BvoZYoSp"),
        ("sent dataset-kwVIIlfQvD46yT9TQMAfhfaU to it", "dataset-kwVIIlfQvD46yT9TQMAfhfaU"),
    ], &[
        "see app-z6Lh there",
        "app-xxxxxxxxxxxxxxxxxxxxxxxx",
        "zapp-z6LhMzsVXvC4AIi9BvoZYoSp",
    ]),
    provider("prompt_layer", "PromptLayer keys", &[
        form("pl_", Class::Hex, 32, 32, Test::Varied),
    ], &[
        ("a pl_c76de46211dd89cb2b173d29efbba0b4", "pl_c76de46211dd89cb2b173d29efbba0b4"),
    ], &[
        "see pl_c76d there",
        "pl_00000000000000000000000000000000",
        "zpl_c76de46211dd89cb2b173d29efbba0b4",
    ]),
    provider("human_loop", "Humanloop keys", &[
        form("hl_sk_", Class::Hex, 40, 64, Test::Varied),
    ], &[
        ("a hl_sk_cf3f3d8aaf560c1ae78725521aa15976a1d22063fb04f3", "hl_sk_cf3f3d8aaf560c1ae78725521aa15976a1d22063fb04f3"),
    ], &[
        "see hl_sk_cf3f there",
        "hl_sk_0000000000000000000000000000000000000000000000000000",
        "zhl_sk_cf3f3d8aaf560c1ae78725521aa15976a1d22063fb04f3",
    ]),
    provider("mem_zero", "Mem0 keys", &[
        form("m0-", Class::Alnum, 36, 48, Test::Mixed),
    ], &[
        ("a m0-8ZhqmRD84lg38pf6fQKxThZCAYtwZyNPKY53PqCGjw", "m0-8ZhqmRD84lg38pf6fQKxThZCAYtwZyNPKY53PqCGjw"),
    ], &[
        "see m0-8Zhq there",
        "m0-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zm0-8ZhqmRD84lg38pf6fQKxThZCAYtwZyNPKY53PqCGjw",
    ]),
    provider("browser_base", "Browserbase keys", &[
        form("bb_live_", Class::Url, 24, 60, Test::Varied),
    ], &[
        ("a bb_live_fBPkz1JgqPTVc-GgFQiy3E2mcb2hG9", "bb_live_fBPkz1JgqPTVc-GgFQiy3E2mcb2hG9"),
    ], &[
        "see bb_live_fBPk there",
        "bb_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zbb_live_fBPkz1JgqPTVc-GgFQiy3E2mcb2hG9",
    ]),
    provider("devin", "Devin keys", &[
        form("apk_user_", Class::Base, 60, 200, Test::Varied),
        form("apk_", Class::Base, 60, 200, Test::Mixed),
        form("cog_", Class::Lower, 40, 64, Test::Varied),
    ], &[
        ("sent apk_user_tT+Iqq4BT0sL930BRcVhCKcRkT5DljdCzN1lEOEUyb/rNsR+jZxk35O8k2BF6i0JJK to it", "apk_user_tT+Iqq4BT0sL930BRcVhCKcRkT5DljdCzN1lEOEUyb/rNsR+jZxk35O8k2BF6i0JJK"),
        ("sent apk_Dza1VuPucUcyv+5y2ZjYUq7bD/F0/w5uTtvjz1g4juDZgECSr1Q3vZzjQgaho6XJZb to it", "apk_Dza1VuPucUcyv+5y2ZjYUq7bD/F0/w5uTtvjz1g4juDZgECSr1Q3vZzjQgaho6XJZb"),
        ("/v1/cog_wwsfgkwxn6nlpecul904j24up8og27ls9cwkpyytej9yfa/next", "cog_wwsfgkwxn6nlpecul904j24up8og27ls9cwkpyytej9yfa"),
    ], &[
        "see apk_user_tT+I there",
        "apk_user_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zapk_user_tT+Iqq4BT0sL930BRcVhCKcRkT5DljdCzN1lEOEUyb/rNsR+jZxk35O8k2BF6i0JJK",
    ]),
    provider("cursor", "Cursor and Runway keys", &[
        form("key_", Class::HexAny, 64, 160, Test::Varied),
        form("crsr_", Class::HexAny, 60, 70, Test::Varied),
    ], &[
        ("a key_eecc7e1b5a06124dd937718e213d48bc31cfcf62f03606c9b9673b6caeefd521ac74f3", "key_eecc7e1b5a06124dd937718e213d48bc31cfcf62f03606c9b9673b6caeefd521ac74f3"),
        ("sent crsr_cfa4850c95a8b37109e8203b68020fc2bc6610e6eac238d2d821563ee92092085 to it", "crsr_cfa4850c95a8b37109e8203b68020fc2bc6610e6eac238d2d821563ee92092085"),
    ], &[
        "see key_eecc there",
        "key_0000000000000000000000000000000000000000000000000000000000000000000000000000",
        "zkey_eecc7e1b5a06124dd937718e213d48bc31cfcf62f03606c9b9673b6caeefd521ac74f3",
    ]),
    provider("retell", "Retell keys", &[
        form("key_", Class::Hex, 28, 28, Test::Varied),
    ], &[
        ("a key_fea89a26a235400584709a17410e", "key_fea89a26a235400584709a17410e"),
    ], &[
        "see key_fea8 there",
        "key_0000000000000000000000000000",
        "zkey_fea89a26a235400584709a17410e",
    ]),
    provider("luma", "Luma keys", &[
        form("luma-", Class::HexAnyDash, 36, 36, Test::Varied),
        form("luma-api-", Class::HexAnyDash, 36, 36, Test::Varied),
    ], &[
        ("a luma-814b0513-b9bd-f685-78d3-2cbe24681974", "luma-814b0513-b9bd-f685-78d3-2cbe24681974"),
        ("sent luma-api-a3e7c11b-5591-e9fd-a010-7f225f0acaf4 to it", "luma-api-a3e7c11b-5591-e9fd-a010-7f225f0acaf4"),
    ], &[
        "see luma-814b there",
        "luma-000000000000000000000000000000000000",
        "zluma-814b0513-b9bd-f685-78d3-2cbe24681974",
    ]),
    provider("photoroom", "Photoroom keys", &[
        form("sk_pr_", Class::Word, 40, 80, Test::Varied),
        form("sandbox_sk_pr_", Class::Word, 40, 80, Test::Varied),
    ], &[
        ("a sk_pr_Xyd5IyDhXeQGdPxJAFP0irzCUBagu4XkcZ_qMgcMUF_QYt", "sk_pr_Xyd5IyDhXeQGdPxJAFP0irzCUBagu4XkcZ_qMgcMUF_QYt"),
        ("sent sandbox_sk_pr_ENQfeyjEM_mhlL71Lk0s349kxMlRK_AX0elF2HjoSUahhe to it", "sandbox_sk_pr_ENQfeyjEM_mhlL71Lk0s349kxMlRK_AX0elF2HjoSUahhe"),
    ], &[
        "see sk_pr_Xyd5 there",
        "sk_pr_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsk_pr_Xyd5IyDhXeQGdPxJAFP0irzCUBagu4XkcZ_qMgcMUF_QYt",
    ]),
    provider("cartesia", "Cartesia keys", &[
        form("sk_car_", Class::Word, 20, 60, Test::Varied),
    ], &[
        ("a sk_car_IhO12_lWHMD_fwyNIuh7im3x0Z", "sk_car_IhO12_lWHMD_fwyNIuh7im3x0Z"),
    ], &[
        "see sk_car_IhO1 there",
        "sk_car_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsk_car_IhO12_lWHMD_fwyNIuh7im3x0Z",
    ]),
    provider("codemagic", "Codemagic tokens", &[
        form("codemagic_", Class::Alnum, 36, 48, Test::Varied),
    ], &[
        ("a codemagic_Rqn7uB23Wx6Vvpzr66Vd6uYQzGj4rFRikHy5GHveHQ", "codemagic_Rqn7uB23Wx6Vvpzr66Vd6uYQzGj4rFRikHy5GHveHQ"),
    ], &[
        "see codemagic_Rqn7 there",
        "codemagic_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zcodemagic_Rqn7uB23Wx6Vvpzr66Vd6uYQzGj4rFRikHy5GHveHQ",
    ]),
    provider("voiceflow", "Voiceflow keys", &[
        form("VF.DM.", Class::Dotted, 30, 60, Test::Varied),
        form("VF.WS.", Class::Dotted, 30, 60, Test::Varied),
    ], &[
        ("sent VF.DM.356a3db36c78e891be9bba99.QYjbta8K4pwaV20x to it", "VF.DM.356a3db36c78e891be9bba99.QYjbta8K4pwaV20x"),
        ("sent VF.WS.46ca7e4df635f871454896ee.bzS2ekIPOLAs0ins to it", "VF.WS.46ca7e4df635f871454896ee.bzS2ekIPOLAs0ins"),
    ], &[
        "see VF.DM.356a there",
        "VF.DM.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zVF.DM.356a3db36c78e891be9bba99.QYjbta8K4pwaV20x",
    ]),
    provider("adobe", "Adobe client secrets", &[
        form("p8e-", Class::Url, 28, 36, Test::Varied),
        form("p8-", Class::Url, 32, 40, Test::Random),
    ], &[
        ("a p8e-vh2wG_NK4mixmBNDYOm_4jLbVn9eEqll", "p8e-vh2wG_NK4mixmBNDYOm_4jLbVn9eEqll"),
        ("sent p8-tMp6ubUrMzADA3agGaMbyE-4ZxXDiAqZLrVZ to it", "p8-tMp6ubUrMzADA3agGaMbyE-4ZxXDiAqZLrVZ"),
    ], &[
        "see p8e-vh2w there",
        "p8e-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zp8e-vh2wG_NK4mixmBNDYOm_4jLbVn9eEqll",
    ]),
    provider("pangea", "Pangea tokens", &[
        form("pts_", Class::Lower, 32, 32, Test::Varied),
    ], &[
        ("a pts_evlq5y6vsx6c276mhq8m7f3iq686qaq3", "pts_evlq5y6vsx6c276mhq8m7f3iq686qaq3"),
    ], &[
        "see pts_evlq there",
        "pts_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zpts_evlq5y6vsx6c276mhq8m7f3iq686qaq3",
    ]),
    provider("brave_search", "Brave Search keys", &[
        form("BSA", Class::Url, 24, 30, Test::Mixed),
    ], &[
        ("rejected BSAZr1iV8BH4QLl9QCGmbWuyUbmgHY5: expired", "BSAZr1iV8BH4QLl9QCGmbWuyUbmgHY5"),
    ], &[
        "see BSAZr1i there",
        "BSAxxxxxxxxxxxxxxxxxxxxxxxx",
        "zBSAZr1iV8BH4QLl9QCGmbWuyUbmgHY5",
    ]),
];
