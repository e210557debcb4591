//! Tokens of those who keep, move and show data.

use super::super::ValueRule;
use super::super::forms::{Class, Test, form};
use super::provider;

#[rustfmt::skip]
pub const RULES: &[ValueRule] = &[
    provider("databricks", "Databricks tokens", &[
        form("dapi", Class::Hex, 32, 36, Test::Varied),
        form("dose", Class::Hex, 32, 32, Test::Varied),
        form("dkea", Class::Hex, 32, 36, Test::Varied),
        form("dsapi", Class::Hex, 32, 36, Test::Varied),
    ], &[
        ("('dapicc090254f5bb77deb12f87ca2ba5286c')", "dapicc090254f5bb77deb12f87ca2ba5286c"),
        ("\"dose797f6c130613f4426179ce4ac9544a9b\"", "dose797f6c130613f4426179ce4ac9544a9b"),
        ("/v1/dkeae5e6957089cee557059bbcebfad325929d/next", "dkeae5e6957089cee557059bbcebfad325929d"),
        ("key=dsapif1119ffc3a856279ee066db78a18ce9ed6;", "dsapif1119ffc3a856279ee066db78a18ce9ed6"),
    ], &[
        "see dapicc09 there",
        "dapi000000000000000000000000000000000000",
        "zdapicc090254f5bb77deb12f87ca2ba5286c",
    ]),
    provider("planetscale", "PlanetScale passwords and tokens", &[
        form("pscale_tkn_", Class::Dotted, 30, 80, Test::Varied),
        form("pscale_pw_", Class::Dotted, 30, 70, Test::Varied),
        form("pscale_oauth_", Class::Dotted, 30, 70, Test::Varied),
    ], &[
        ("\"pscale_tkn_jrkBSvf-gbpRqiD8CbkEej5zfZJtVMry0auQsu-Bc_a\"", "pscale_tkn_jrkBSvf-gbpRqiD8CbkEej5zfZJtVMry0auQsu-Bc_a"),
        ("rejected pscale_pw_db4VI5GpSaacrWUv-cyvHt4RUkb73BIS5lAphrrVz1V: expired", "pscale_pw_db4VI5GpSaacrWUv-cyvHt4RUkb73BIS5lAphrrVz1V"),
        ("a pscale_oauth_yytW1L_Tfi0afrK8H8oxfxXcW4EROXtS16SdifYpGEJ", "pscale_oauth_yytW1L_Tfi0afrK8H8oxfxXcW4EROXtS16SdifYpGEJ"),
    ], &[
        "see pscale_tkn_jrkB there",
        "pscale_tkn_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zpscale_tkn_jrkBSvf-gbpRqiD8CbkEej5zfZJtVMry0auQsu-Bc_a",
    ]),
    provider("supabase", "Supabase tokens", &[
        form("sbp_", Class::Hex, 40, 40, Test::Varied),
        form("sbp_oauth_", Class::Hex, 40, 40, Test::Varied),
        form("sb_secret_", Class::Url, 20, 60, Test::Varied),
        form("sbp_v0_", Class::Hex, 40, 40, Test::Varied),
    ], &[
        ("/v1/sbp_2f032e52671ee5f0b2edc770b33f510b199f7141/next", "sbp_2f032e52671ee5f0b2edc770b33f510b199f7141"),
        ("key=sbp_oauth_e92fa05f1a63d61a6959895a1fd96d0ad4ff7321;", "sbp_oauth_e92fa05f1a63d61a6959895a1fd96d0ad4ff7321"),
        ("('sb_secret_4esuodNraxG1m4NKPssaIF7zcRZX7wR')", "sb_secret_4esuodNraxG1m4NKPssaIF7zcRZX7wR"),
        ("key=sbp_v0_b5c07500f38c184e0a5096f1f746121be2f0d8b6;", "sbp_v0_b5c07500f38c184e0a5096f1f746121be2f0d8b6"),
    ], &[
        "see sbp_2f03 there",
        "sbp_0000000000000000000000000000000000000000",
        "zsbp_2f032e52671ee5f0b2edc770b33f510b199f7141",
    ]),
    provider("neon", "Neon keys and passwords", &[
        form("napi_", Class::Alnum, 40, 80, Test::Varied),
        form("npg_", Class::Alnum, 12, 24, Test::Mixed),
    ], &[
        ("\"napi_r6NLyryqojF0WkHxeTAoG1Ze9ocMhUFnBhFtzXu8BpOjMHiK2r4aGSZbPLp5tvQ7\"", "napi_r6NLyryqojF0WkHxeTAoG1Ze9ocMhUFnBhFtzXu8BpOjMHiK2r4aGSZbPLp5tvQ7"),
        ("rejected npg_G8Y4jBRqh8hC: expired", "npg_G8Y4jBRqh8hC"),
    ], &[
        "see napi_r6NL there",
        "napi_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "znapi_r6NLyryqojF0WkHxeTAoG1Ze9ocMhUFnBhFtzXu8BpOjMHiK2r4aGSZbPLp5tvQ7",
    ]),
    provider("xata", "Xata keys", &[
        form("xau_", Class::Alnum, 30, 60, Test::Varied),
    ], &[
        ("a xau_RdPe2b24v2PbJrlvqPoERvqzkCKuGHR4gsrD", "xau_RdPe2b24v2PbJrlvqPoERvqzkCKuGHR4gsrD"),
    ], &[
        "see xau_RdPe there",
        "xau_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zxau_RdPe2b24v2PbJrlvqPoERvqzkCKuGHR4gsrD",
    ]),
    provider("tinybird", "Tinybird tokens", &[
        form("p.eyJ", Class::Dotted, 60, 400, Test::Varied),
    ], &[
        ("sent p.eyJduTlnJuGcxuY_4X6q7i-eGoXyVBkg7mC_kVQxW8KgUfdXhEv4t2XluTCoykuVtjnIU to it", "p.eyJduTlnJuGcxuY_4X6q7i-eGoXyVBkg7mC_kVQxW8KgUfdXhEv4t2XluTCoykuVtjnIU"),
    ], &[
        "see p.eyJduTl there",
        "p.eyJxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zp.eyJduTlnJuGcxuY_4X6q7i-eGoXyVBkg7mC_kVQxW8KgUfdXhEv4t2XluTCoykuVtjnIU",
    ]),
    provider("cockroach", "CockroachDB Cloud keys", &[
        form("CCDB1_", Class::Word, 40, 80, Test::Varied),
    ], &[
        ("key=CCDB1_Ckb90tcpdXCYGdqLmWnzWw_IUTgVm4KoGiEzXcyNle4Z94Uq2tMQVrlHpKXmyPW;", "CCDB1_Ckb90tcpdXCYGdqLmWnzWw_IUTgVm4KoGiEzXcyNle4Z94Uq2tMQVrlHpKXmyPW"),
    ], &[
        "see CCDB1_Ckb9 there",
        "CCDB1_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zCCDB1_Ckb90tcpdXCYGdqLmWnzWw_IUTgVm4KoGiEzXcyNle4Z94Uq2tMQVrlHpKXmyPW",
    ]),
    provider("mongodb_atlas", "MongoDB Atlas secrets", &[
        form("mdb_sa_sk_", Class::Url, 30, 60, Test::Varied),
    ], &[
        ("a mdb_sa_sk_xnnMO1Lj5G24CGHyc1HWATokH47WX-1L2CqS1cRK", "mdb_sa_sk_xnnMO1Lj5G24CGHyc1HWATokH47WX-1L2CqS1cRK"),
    ], &[
        "see mdb_sa_sk_xnnM there",
        "mdb_sa_sk_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zmdb_sa_sk_xnnMO1Lj5G24CGHyc1HWATokH47WX-1L2CqS1cRK",
    ]),
    provider("clickhouse", "ClickHouse Cloud secrets", &[
        form("4b1d", Class::Alnum, 38, 38, Test::Mixed),
    ], &[
        ("a 4b1dEY5M0VD4n2PXcoJk0ms6KzeLGE0So2uPP1IDwn", "4b1dEY5M0VD4n2PXcoJk0ms6KzeLGE0So2uPP1IDwn"),
    ], &[
        "see 4b1dEY5M there",
        "4b1dxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "z4b1dEY5M0VD4n2PXcoJk0ms6KzeLGE0So2uPP1IDwn",
    ]),
    provider("aiven", "Aiven passwords of services", &[
        form("AVNS_", Class::Url, 10, 60, Test::Mixed),
    ], &[
        ("a AVNS_P8s-esNoqmunzY0g", "AVNS_P8s-esNoqmunzY0g"),
    ], &[
        "see AVNS_P8s- there",
        "AVNS_xxxxxxxxxxxxxxxxxxxxxx",
        "zAVNS_P8s-esNoqmunzY0g",
    ]),
    provider("elastic", "Elastic Cloud keys", &[
        form("essu_", Class::Base, 40, 120, Test::Varied),
    ], &[
        ("sent essu_2e6jQYENoqPNWzNiOriMpfNnhJDuSS8JqJu042ZCayiJYk8j7JiQqiP/UAzXpr7HwmbtJVFSP998Qvsd to it", "essu_2e6jQYENoqPNWzNiOriMpfNnhJDuSS8JqJu042ZCayiJYk8j7JiQqiP/UAzXpr7HwmbtJVFSP998Qvsd"),
    ], &[
        "see essu_2e6j there",
        "essu_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zessu_2e6jQYENoqPNWzNiOriMpfNnhJDuSS8JqJu042ZCayiJYk8j7JiQqiP/UAzXpr7HwmbtJVFSP998Qvsd",
    ]),
    provider("confluent", "Confluent secrets", &[
        form("cflt", Class::Base, 56, 64, Test::Varied),
    ], &[
        ("sent cfltMXnorRYrbI2MgWMypixVRDTR326entv4DY041IOeMFC5tABw6sT8ft4Xu8q4 to it", "cfltMXnorRYrbI2MgWMypixVRDTR326entv4DY041IOeMFC5tABw6sT8ft4Xu8q4"),
    ], &[
        "see cfltMXno there",
        "cfltxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zcfltMXnorRYrbI2MgWMypixVRDTR326entv4DY041IOeMFC5tABw6sT8ft4Xu8q4",
    ]),
    provider("upstash", "QStash tokens", &[
        form("eyJVc2VySUQi", Class::Base, 50, 300, Test::Varied),
    ], &[
        ("sent eyJVc2VySUQiivMuupQyF0ZOCxKfZ/nPh0ylqzv6vzqksRTr1RHA5wwkl/Pu3xFZNJ+3 to it", "eyJVc2VySUQiivMuupQyF0ZOCxKfZ/nPh0ylqzv6vzqksRTr1RHA5wwkl/Pu3xFZNJ+3"),
    ], &[
        "see eyJVc2VySUQiivMu there",
        "eyJVc2VySUQixxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zeyJVc2VySUQiivMuupQyF0ZOCxKfZ/nPh0ylqzv6vzqksRTr1RHA5wwkl/Pu3xFZNJ+3",
    ]),
    provider("prefect", "Prefect keys", &[
        form("pnu_", Class::Alnum, 36, 36, Test::Varied),
        form("pnb_", Class::Alnum, 36, 36, Test::Varied),
    ], &[
        ("sent pnu_7NNhRpCbWQ4SSjY6uCq8az8C4Lq3YX47kVkT to it", "pnu_7NNhRpCbWQ4SSjY6uCq8az8C4Lq3YX47kVkT"),
        ("/v1/pnb_YjqkGuiVHb1MHKYSidOqaM5q9dzb9hArEHQ4/next", "pnb_YjqkGuiVHb1MHKYSidOqaM5q9dzb9hArEHQ4"),
    ], &[
        "see pnu_7NNh there",
        "pnu_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zpnu_7NNhRpCbWQ4SSjY6uCq8az8C4Lq3YX47kVkT",
    ]),
    provider("dbt", "dbt Cloud tokens", &[
        form("dbtc_", Class::Url, 36, 100, Test::Varied),
        form("dbtu_", Class::Url, 36, 100, Test::Varied),
    ], &[
        ("a dbtc_TrhebYUIbo3yEIAeu0ZEMc_Q0Z62ndMtXUja6VpnpF", "dbtc_TrhebYUIbo3yEIAeu0ZEMc_Q0Z62ndMtXUja6VpnpF"),
        ("sent dbtu_K9lYxfKuabCe9WxYTASzUuxU2n7KHE_m97N0lLejI9 to it", "dbtu_K9lYxfKuabCe9WxYTASzUuxU2n7KHE_m97N0lLejI9"),
    ], &[
        "see dbtc_Trhe there",
        "dbtc_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zdbtc_TrhebYUIbo3yEIAeu0ZEMc_Q0Z62ndMtXUja6VpnpF",
    ]),
    provider("metabase", "Metabase keys", &[
        form("mb_", Class::Base, 40, 48, Test::Mixed),
    ], &[
        ("sent mb_lwBKJnH4egh7k2Dc/37M1YTfhzhBymm3uEGH4jc7WESw to it", "mb_lwBKJnH4egh7k2Dc/37M1YTfhzhBymm3uEGH4jc7WESw"),
    ], &[
        "see mb_lwBK there",
        "mb_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zmb_lwBKJnH4egh7k2Dc/37M1YTfhzhBymm3uEGH4jc7WESw",
    ]),
    provider("lightdash", "Lightdash tokens", &[
        form("ldpat_", Class::Alnum, 30, 64, Test::Varied),
    ], &[
        ("a ldpat_8uSzbz0OnxfEmnsWzjqn1Bx91t6sE816AcIh", "ldpat_8uSzbz0OnxfEmnsWzjqn1Bx91t6sE816AcIh"),
    ], &[
        "see ldpat_8uSz there",
        "ldpat_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zldpat_8uSzbz0OnxfEmnsWzjqn1Bx91t6sE816AcIh",
    ]),
    provider("pganalyze", "pganalyze keys", &[
        form("pgar_", Class::Alnum, 20, 60, Test::Varied),
    ], &[
        ("a pgar_iIrsosd6CZihWm9KMlcIA3KvqV", "pgar_iIrsosd6CZihWm9KMlcIA3KvqV"),
    ], &[
        "see pgar_iIrs there",
        "pgar_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zpgar_iIrsosd6CZihWm9KMlcIA3KvqV",
    ]),
    provider("contentful", "Contentful tokens", &[
        form("CFPAT-", Class::Url, 36, 64, Test::Varied),
    ], &[
        ("('CFPAT-N1rLbugAufQAoCy9VnstNF20Qv4LaS3zrdMkGtoHY4R')", "CFPAT-N1rLbugAufQAoCy9VnstNF20Qv4LaS3zrdMkGtoHY4R"),
    ], &[
        "see CFPAT-N1rL there",
        "CFPAT-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zCFPAT-N1rLbugAufQAoCy9VnstNF20Qv4LaS3zrdMkGtoHY4R",
    ]),
    provider("airtable_oauth", "Airtable OAuth tokens", &[
        form("oaa", Class::Dotted, 60, 1200, Test::Parts),
    ], &[
        ("sent oaa7LQe4NiYh8nJS7.v1.YiKeY8BYfhAwH33qMWkh-z2O3FaI0llOdaoL5oOtRE5zxKTG0t7J75rz9E0c to it", "oaa7LQe4NiYh8nJS7.v1.YiKeY8BYfhAwH33qMWkh-z2O3FaI0llOdaoL5oOtRE5zxKTG0t7J75rz9E0c"),
    ], &[
        "see oaa7LQe there",
        "oaaxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zoaa7LQe4NiYh8nJS7.v1.YiKeY8BYfhAwH33qMWkh-z2O3FaI0llOdaoL5oOtRE5zxKTG0t7J75rz9E0c",
    ]),
    provider("builder_io", "Builder.io keys", &[
        form("bpk-", Class::Hex, 32, 32, Test::Varied),
    ], &[
        ("a bpk-71566a494d888912b044144235341217", "bpk-71566a494d888912b044144235341217"),
    ], &[
        "see bpk-7156 there",
        "bpk-00000000000000000000000000000000",
        "zbpk-71566a494d888912b044144235341217",
    ]),
    provider("apify", "Apify tokens", &[
        form("apify_api_", Class::Alnum, 36, 40, Test::Varied),
    ], &[
        ("rejected apify_api_sDoUiiKL2mI5oNDEwcWQTjmgbthSa2rwtBy9: expired", "apify_api_sDoUiiKL2mI5oNDEwcWQTjmgbthSa2rwtBy9"),
    ], &[
        "see apify_api_sDoU there",
        "apify_api_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zapify_api_sDoUiiKL2mI5oNDEwcWQTjmgbthSa2rwtBy9",
    ]),
    provider("scrapfly", "Scrapfly keys", &[
        form("scp-live-", Class::Hex, 32, 32, Test::Varied),
        form("scp-test-", Class::Hex, 32, 32, Test::Varied),
    ], &[
        ("a scp-live-edd4409a097c7b72d8af6bef1ca17df3", "scp-live-edd4409a097c7b72d8af6bef1ca17df3"),
        ("sent scp-test-59098884710611cb993d96320ede3e1d to it", "scp-test-59098884710611cb993d96320ede3e1d"),
    ], &[
        "see scp-live-edd4 there",
        "scp-live-00000000000000000000000000000000",
        "zscp-live-edd4409a097c7b72d8af6bef1ca17df3",
    ]),
    provider("alchemy", "Alchemy keys", &[
        form("alcht_", Class::Alnum, 28, 40, Test::Varied),
    ], &[
        ("a alcht_sEvzdqimgTqzPvwfoL477Y0GE5ERnBX1pf", "alcht_sEvzdqimgTqzPvwfoL477Y0GE5ERnBX1pf"),
    ], &[
        "see alcht_sEvz there",
        "alcht_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zalcht_sEvzdqimgTqzPvwfoL477Y0GE5ERnBX1pf",
    ]),
    provider("quicknode", "QuickNode keys", &[
        form("QN_", Class::Hex, 32, 32, Test::Varied),
    ], &[
        ("a QN_b71e42abe7be6a59562c8c92256bffa2", "QN_b71e42abe7be6a59562c8c92256bffa2"),
    ], &[
        "see QN_b71e there",
        "QN_00000000000000000000000000000000",
        "zQN_b71e42abe7be6a59562c8c92256bffa2",
    ]),
    provider("ionic", "Ionic tokens", &[
        form("ion_", Class::Alnum, 40, 48, Test::Mixed),
    ], &[
        ("a ion_4mHUHx7XiNThQ1BHr0HEOFZS9vW0XdN35N597fVOQ05C", "ion_4mHUHx7XiNThQ1BHr0HEOFZS9vW0XdN35N597fVOQ05C"),
    ], &[
        "see ion_4mHU there",
        "ion_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zion_4mHUHx7XiNThQ1BHr0HEOFZS9vW0XdN35N597fVOQ05C",
    ]),
    provider("fauna", "Fauna secrets", &[
        form("fnA", Class::Url, 36, 44, Test::Mixed),
    ], &[
        ("rejected fnAoHBvRPOIvGrv5iFlbCBFNOgmBjMtpsiaOclRz: expired", "fnAoHBvRPOIvGrv5iFlbCBFNOgmBjMtpsiaOclRz"),
    ], &[
        "see fnAoHBv there",
        "fnAxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zfnAoHBvRPOIvGrv5iFlbCBFNOgmBjMtpsiaOclRz",
    ]),
];
