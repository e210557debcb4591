//! Tokens of those who keep, build, test, ship and switch code.

use super::super::ValueRule;
use super::super::forms::{Class, LONG, Test, form};
use super::provider;

#[rustfmt::skip]
pub const RULES: &[ValueRule] = &[
    provider("github", "GitHub personal, OAuth, app and refresh tokens", &[
        form("ghp_", Class::Word, 36, 255, Test::Varied),
        form("gho_", Class::Word, 36, 255, Test::Varied),
        form("ghu_", Class::Word, 36, 255, Test::Varied),
        form("ghs_", Class::Word, 36, 255, Test::Varied),
        form("ghr_", Class::Word, 36, 255, Test::Varied),
        form("github_pat_", Class::Word, 36, 255, Test::Varied),
    ], &[
        ("a ghp_34zWH8xMS9BMoXOJrLo8F2nXMzqQdgCWwDll", "ghp_34zWH8xMS9BMoXOJrLo8F2nXMzqQdgCWwDll"),
        ("sent gho_JtWR6zqlIKiUB_KnCfK2vuAiSDMK2xTY2xA6 to it", "gho_JtWR6zqlIKiUB_KnCfK2vuAiSDMK2xTY2xA6"),
        ("/v1/ghu_bznBRkirAgsXOhyl9F6sn23DSp8kVzjliKE1/next", "ghu_bznBRkirAgsXOhyl9F6sn23DSp8kVzjliKE1"),
        ("key=ghs_QufhQNB9reosfhypnXLDn8S9wPN_WkPLR347;", "ghs_QufhQNB9reosfhypnXLDn8S9wPN_WkPLR347"),
        ("('ghr_A7TPdoE2u6_Qe1NBPBTrbEpv_pDbnIIAp00z')", "ghr_A7TPdoE2u6_Qe1NBPBTrbEpv_pDbnIIAp00z"),
        ("\"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\"", "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"),
    ], &[
        "see ghp_34zW there",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zghp_34zWH8xMS9BMoXOJrLo8F2nXMzqQdgCWwDll",
    ]),
    provider("gitlab", "GitLab tokens of every kind", &[
        form("glpat-", Class::Dotted, 18, 320, Test::Varied),
        form("gldt-", Class::Dotted, 18, 320, Test::Varied),
        form("glrt-", Class::Dotted, 18, 320, Test::Varied),
        form("glrtr-", Class::Dotted, 18, 320, Test::Varied),
        form("glcbt-", Class::Dotted, 18, 320, Test::Varied),
        form("glptt-", Class::Dotted, 18, 320, Test::Varied),
        form("glft-", Class::Dotted, 18, 320, Test::Varied),
        form("glimt-", Class::Dotted, 18, 320, Test::Varied),
        form("glagent-", Class::Dotted, 18, 320, Test::Varied),
        form("gloas-", Class::Dotted, 18, 320, Test::Varied),
        form("glsoat-", Class::Dotted, 18, 320, Test::Varied),
        form("glffct-", Class::Dotted, 18, 320, Test::Varied),
        form("glwt-", Class::Dotted, 18, 320, Test::Varied),
        form("GR1348941", Class::Url, 20, 60, Test::Varied),
    ], &[
        ("a glpat-copoFShyAO9H5sLwzcZj", "glpat-copoFShyAO9H5sLwzcZj"),
        ("sent gldt-S6dDb1qrWMYJc_fwFp64 to it", "gldt-S6dDb1qrWMYJc_fwFp64"),
        ("/v1/glrt-OJxA-6EgQaISMKsvrBsD/next", "glrt-OJxA-6EgQaISMKsvrBsD"),
        ("key=glrtr-37GL4JayTZwkJrj_L-21;", "glrtr-37GL4JayTZwkJrj_L-21"),
        ("('glcbt-Dikr4w7T2iuSzSuY9Ui2')", "glcbt-Dikr4w7T2iuSzSuY9Ui2"),
        ("\"glptt-YUit8pxbkcM5yeDswqoi\"", "glptt-YUit8pxbkcM5yeDswqoi"),
        ("rejected glft-AvYxGJ9Bgi4ycOAw3sI7: expired", "glft-AvYxGJ9Bgi4ycOAw3sI7"),
        ("a glimt-u48qclNx-QTLH9c0pqbU", "glimt-u48qclNx-QTLH9c0pqbU"),
        ("sent glagent-HuFKElU6VEx4zIv6MqCW to it", "glagent-HuFKElU6VEx4zIv6MqCW"),
        ("/v1/gloas-5Q8Vid64foO7OvqUYNYr/next", "gloas-5Q8Vid64foO7OvqUYNYr"),
        ("key=glsoat-ICuuZFaRAdrnrt8kSifj;", "glsoat-ICuuZFaRAdrnrt8kSifj"),
        ("('glffct-FNalcRFslf6OZoA-ePIz')", "glffct-FNalcRFslf6OZoA-ePIz"),
        ("\"glwt-htoNK8QcV88xVzvLgkGo\"", "glwt-htoNK8QcV88xVzvLgkGo"),
        ("rejected GR1348941y6_LmMrBwuEsC3tkOBvu: expired", "GR1348941y6_LmMrBwuEsC3tkOBvu"),
    ], &[
        "see glpat-copo there",
        "glpat-xxxxxxxxxxxxxxxxxx",
        "zglpat-copoFShyAO9H5sLwzcZj",
    ]),
    provider("gitlab_session", "GitLab session cookies", &[
        form("_gitlab_session=", Class::Hex, 32, 32, Test::Varied),
    ], &[
        ("a _gitlab_session=ff348b83ef26a3e09d346d3cfbfbe099", "_gitlab_session=ff348b83ef26a3e09d346d3cfbfbe099"),
    ], &[
        "see _gitlab_session=ff34 there",
        "_gitlab_session=00000000000000000000000000000000",
        "z_gitlab_session=ff348b83ef26a3e09d346d3cfbfbe099",
    ]),
    provider("atlassian", "Atlassian and Bitbucket tokens", &[
        form("ATATT3x", Class::Url, 30, 400, Test::Varied),
        form("ATCTT3x", Class::Url, 30, 400, Test::Varied),
        form("ATSTT3x", Class::Url, 30, 400, Test::Varied),
        form("ATBB", Class::Alnum, 28, 60, Test::Varied),
        form("BBDC-", Class::Base, 40, 48, Test::Varied),
    ], &[
        ("key=ATATT3xAUNeo9gDz0pG0GvkxcIjtXQzZAqAIOJa5t5_cnIyDMOinLTytB9KWg0Zt28MHrXZttqYS47I55dKIvQIc-pQFx1ldpSqk9QaH85hzvkhh6CZ43G4-J-BSb0z3hl8plFttQOj9UPM_8axKceCK-R7Wqp6dRIQTrSd4fK8xu1Nh0A4Si4QPQej;", "ATATT3xAUNeo9gDz0pG0GvkxcIjtXQzZAqAIOJa5t5_cnIyDMOinLTytB9KWg0Zt28MHrXZttqYS47I55dKIvQIc-pQFx1ldpSqk9QaH85hzvkhh6CZ43G4-J-BSb0z3hl8plFttQOj9UPM_8axKceCK-R7Wqp6dRIQTrSd4fK8xu1Nh0A4Si4QPQej"),
        ("('ATCTT3xpz3KXOHao9odvh4OsVwmLGjr8qiauyg3ye8gPio9Al9uoPGMp_Zx_EyRwQSn1-DKMW-DtLf-3My3CWMAJwkD_eIQzOzhbH3UbqL-fwXt3VEtugcr_ygkHd86uT9Rrvbj9UPafRf_xcfHD1mUJKv9Q03htdesAKYvPCPlRr302l1L6bCaDVyP')", "ATCTT3xpz3KXOHao9odvh4OsVwmLGjr8qiauyg3ye8gPio9Al9uoPGMp_Zx_EyRwQSn1-DKMW-DtLf-3My3CWMAJwkD_eIQzOzhbH3UbqL-fwXt3VEtugcr_ygkHd86uT9Rrvbj9UPafRf_xcfHD1mUJKv9Q03htdesAKYvPCPlRr302l1L6bCaDVyP"),
        ("\"ATSTT3x8Y1ZyGjvv2irGtUkxv7eNVpXLi61_n2x-jPgx8qc3ogzsnOeAI6LU8Kc7Om9FLpGIpPBMyWCPfzDOK_HDaXqtDtsO_bgTDsVqVr-zh2pp-dxJl56LoxTP1XPpzEdL3uGBlmzORvi0RsgpFcfgsOuIaP1-8BmlUo0sJ6-1Zb8JFfKAlxKNsYX\"", "ATSTT3x8Y1ZyGjvv2irGtUkxv7eNVpXLi61_n2x-jPgx8qc3ogzsnOeAI6LU8Kc7Om9FLpGIpPBMyWCPfzDOK_HDaXqtDtsO_bgTDsVqVr-zh2pp-dxJl56LoxTP1XPpzEdL3uGBlmzORvi0RsgpFcfgsOuIaP1-8BmlUo0sJ6-1Zb8JFfKAlxKNsYX"),
        ("rejected ATBBJErL9rbt4Fd44TQe1dOsnAHiywazIWkd: expired", "ATBBJErL9rbt4Fd44TQe1dOsnAHiywazIWkd"),
        ("sent BBDC-0iLynqn3FpadU0x+AonHRoLMAvTl/qi29TBif7PIgkmf to it", "BBDC-0iLynqn3FpadU0x+AonHRoLMAvTl/qi29TBif7PIgkmf"),
    ], &[
        "see ATATT3xAUNe there",
        "ATATT3xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zATATT3xAUNeo9gDz0pG0GvkxcIjtXQzZAqAIOJa5t5_cnIyDMOinLTytB9KWg0Zt28MHrXZttqYS47I55dKIvQIc-pQFx1ldpSqk9QaH85hzvkhh6CZ43G4-J-BSb0z3hl8plFttQOj9UPM_8axKceCK-R7Wqp6dRIQTrSd4fK8xu1Nh0A4Si4QPQej",
    ]),
    provider("gitea", "Gitea and Forgejo tokens with a start", &[
        form("gta_", Class::Hex, 40, 40, Test::Varied),
    ], &[
        ("rejected gta_5f11023f22ad005e7c5f012e975e076776188e02: expired", "gta_5f11023f22ad005e7c5f012e975e076776188e02"),
    ], &[
        "see gta_5f11 there",
        "gta_0000000000000000000000000000000000000000",
        "zgta_5f11023f22ad005e7c5f012e975e076776188e02",
    ]),
    provider("sourcegraph", "Sourcegraph tokens", &[
        form("sgp_", Class::Word, 40, 70, Test::Varied),
        form("slk_", Class::Hex, 64, 64, Test::Varied),
        form("sgd_", Class::Hex, 64, 64, Test::Varied),
        form("sgph_", Class::Word, 40, 80, Test::Varied),
    ], &[
        ("\"sgp_3a3c0b6fdf636618_0360a10bef1f3cd9a16ef9866b99793e06f70f83\"", "sgp_3a3c0b6fdf636618_0360a10bef1f3cd9a16ef9866b99793e06f70f83"),
        ("rejected slk_2aabd039baf597f688c7ccce25e4b4f07b3c687738a346011e27339c22a4ca3d: expired", "slk_2aabd039baf597f688c7ccce25e4b4f07b3c687738a346011e27339c22a4ca3d"),
        ("a sgd_747571e8a48f4e1c7bf1171f5c231f8e1839bf7cd630896fc390fbe49d8f84cd", "sgd_747571e8a48f4e1c7bf1171f5c231f8e1839bf7cd630896fc390fbe49d8f84cd"),
        ("key=sgph_IKHLRq_9iNS3ebLVz6O08vY3FotCi9kHJFlgef60Iumdki;", "sgph_IKHLRq_9iNS3ebLVz6O08vY3FotCi9kHJFlgef60Iumdki"),
    ], &[
        "see sgp_3a3c there",
        "sgp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsgp_3a3c0b6fdf636618_0360a10bef1f3cd9a16ef9866b99793e06f70f83",
    ]),
    provider("npm", "npm tokens", &[
        form("npm_", Class::Alnum, 30, 60, Test::Varied),
    ], &[
        ("('npm_5evjiWzJTzppGqQwE0gMc8dgWW4oXtkNylYC')", "npm_5evjiWzJTzppGqQwE0gMc8dgWW4oXtkNylYC"),
    ], &[
        "see npm_5evj there",
        "npm_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "znpm_5evjiWzJTzppGqQwE0gMc8dgWW4oXtkNylYC",
    ]),
    provider("pypi", "PyPI tokens", &[
        form("pypi-AgE", Class::Url, 40, LONG, Test::Varied),
    ], &[
        ("\"pypi-AgEKA5fvRGc9bKziV-t2hlN9ChFcBIb71sWQWkP38l8NxZTlhQZljfdoQFz5b_32lJ7kLyagdx8zGojdz34TDUze-SXWW45lb2VshrU41_s7R4hYkQpHlegeg00J101qq1vwI3e83mCbjyiHmYmBOfuT0dGSLoTLPAk\"", "pypi-AgEKA5fvRGc9bKziV-t2hlN9ChFcBIb71sWQWkP38l8NxZTlhQZljfdoQFz5b_32lJ7kLyagdx8zGojdz34TDUze-SXWW45lb2VshrU41_s7R4hYkQpHlegeg00J101qq1vwI3e83mCbjyiHmYmBOfuT0dGSLoTLPAk"),
    ], &[
        "see pypi-AgEKA5f there",
        "pypi-AgExxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zpypi-AgEKA5fvRGc9bKziV-t2hlN9ChFcBIb71sWQWkP38l8NxZTlhQZljfdoQFz5b_32lJ7kLyagdx8zGojdz34TDUze-SXWW45lb2VshrU41_s7R4hYkQpHlegeg00J101qq1vwI3e83mCbjyiHmYmBOfuT0dGSLoTLPAk",
    ]),
    provider("ruby_gems", "RubyGems keys", &[
        form("rubygems_", Class::Hex, 40, 64, Test::Varied),
    ], &[
        ("key=rubygems_598f948c78c9b4129195e88b3d6a0edf408ab65980a36ca0;", "rubygems_598f948c78c9b4129195e88b3d6a0edf408ab65980a36ca0"),
    ], &[
        "see rubygems_598f there",
        "rubygems_000000000000000000000000000000000000000000000000",
        "zrubygems_598f948c78c9b4129195e88b3d6a0edf408ab65980a36ca0",
    ]),
    provider("nuget", "NuGet keys", &[
        form("oy2", Class::Lower, 43, 43, Test::Digits),
    ], &[
        ("rejected oy25e1hh8votj4vdeocqtjxkgf3wjy8avd4uezbvwnp5er: expired", "oy25e1hh8votj4vdeocqtjxkgf3wjy8avd4uezbvwnp5er"),
    ], &[
        "see oy25e1h there",
        "oy2xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zoy25e1hh8votj4vdeocqtjxkgf3wjy8avd4uezbvwnp5er",
    ]),
    provider("cargo", "crates.io tokens", &[
        form("cio", Class::Alnum, 32, 32, Test::Mixed),
    ], &[
        ("rejected cioPQ70LuHoy8gPx6iGKdn9qY8z8LtgRAc2: expired", "cioPQ70LuHoy8gPx6iGKdn9qY8z8LtgRAc2"),
    ], &[
        "see cioPQ70 there",
        "cioxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zcioPQ70LuHoy8gPx6iGKdn9qY8z8LtgRAc2",
    ]),
    provider("clojars", "Clojars tokens", &[
        form("CLOJARS_", Class::Lower, 56, 64, Test::Varied),
    ], &[
        ("sent CLOJARS_ab45717c63a05a020271adcfb940f38fec2ec204b4d624290bbb09406009 to it", "CLOJARS_ab45717c63a05a020271adcfb940f38fec2ec204b4d624290bbb09406009"),
    ], &[
        "see CLOJARS_ab45 there",
        "CLOJARS_000000000000000000000000000000000000000000000000000000000000",
        "zCLOJARS_ab45717c63a05a020271adcfb940f38fec2ec204b4d624290bbb09406009",
    ]),
    provider("packagist", "Packagist tokens", &[
        form("packagist_ack_", Class::HexAny, 28, 100, Test::Varied),
        form("packagist_acs_", Class::HexAny, 28, 100, Test::Varied),
        form("packagist_uut_", Class::HexAny, 28, 100, Test::Varied),
        form("packagist_out_", Class::HexAny, 28, 100, Test::Varied),
        form("packagist_oat_", Class::HexAny, 28, 100, Test::Varied),
        form("packagist_ort_", Class::HexAny, 28, 100, Test::Varied),
    ], &[
        ("a packagist_ack_e0769c727ad3c333481cf3de09e876f3cf", "packagist_ack_e0769c727ad3c333481cf3de09e876f3cf"),
        ("sent packagist_acs_997985e90b61e1551846216d3d99099694 to it", "packagist_acs_997985e90b61e1551846216d3d99099694"),
        ("/v1/packagist_uut_a4756158707ced0a1f46039961c3288679/next", "packagist_uut_a4756158707ced0a1f46039961c3288679"),
        ("key=packagist_out_73360d0e8f98c7b0abf34f7a8599e2a78a;", "packagist_out_73360d0e8f98c7b0abf34f7a8599e2a78a"),
        ("('packagist_oat_51b4fb64b262b5643f67df0258ce6f0a92')", "packagist_oat_51b4fb64b262b5643f67df0258ce6f0a92"),
        ("\"packagist_ort_c62987e85bedf391a464de089f8bf5f507\"", "packagist_ort_c62987e85bedf391a464de089f8bf5f507"),
    ], &[
        "see packagist_ack_e076 there",
        "packagist_ack_0000000000000000000000000000000000000000",
        "zpackagist_ack_e0769c727ad3c333481cf3de09e876f3cf",
    ]),
    provider("deno", "Deno Deploy and JSR tokens", &[
        form("ddp_", Class::Alnum, 36, 36, Test::Varied),
        form("ddo_", Class::Alnum, 36, 36, Test::Varied),
        form("ddw_", Class::Alnum, 36, 36, Test::Varied),
        form("jsrd_", Class::Alnum, 20, 60, Test::Varied),
        form("jsrp_", Class::Alnum, 20, 60, Test::Varied),
    ], &[
        ("a ddp_cai9NJCzFXPP2Vfx4HoPbV0dAibdl1ZGG5mR", "ddp_cai9NJCzFXPP2Vfx4HoPbV0dAibdl1ZGG5mR"),
        ("sent ddo_PS876axRqfGvcv2D09ouGGWhmppd6w5KjoUX to it", "ddo_PS876axRqfGvcv2D09ouGGWhmppd6w5KjoUX"),
        ("/v1/ddw_mc1tPAZqvELgYKykkRvzrthmN7b4iomnAkCs/next", "ddw_mc1tPAZqvELgYKykkRvzrthmN7b4iomnAkCs"),
        ("key=jsrd_cd45G01rZKB2ryYLMpT0kDgRJ2;", "jsrd_cd45G01rZKB2ryYLMpT0kDgRJ2"),
        ("('jsrp_CN4xbUKteHOq7yEVDvUZpo0h1w')", "jsrp_CN4xbUKteHOq7yEVDvUZpo0h1w"),
    ], &[
        "see ddp_cai9 there",
        "ddp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zddp_cai9NJCzFXPP2Vfx4HoPbV0dAibdl1ZGG5mR",
    ]),
    provider("docker", "Docker Hub tokens", &[
        form("dckr_pat_", Class::Url, 20, 64, Test::Varied),
        form("dckr_oat_", Class::Url, 20, 64, Test::Varied),
    ], &[
        ("a dckr_pat_9DZzmLY5MUkMbi9PawaybRvzN1N", "dckr_pat_9DZzmLY5MUkMbi9PawaybRvzN1N"),
        ("sent dckr_oat_NHdsjqOVRJMa1CtZSc6SX0_Raa2UHigs to it", "dckr_oat_NHdsjqOVRJMa1CtZSc6SX0_Raa2UHigs"),
    ], &[
        "see dckr_pat_9DZz there",
        "dckr_pat_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zdckr_pat_9DZzmLY5MUkMbi9PawaybRvzN1N",
    ]),
    provider("docker_swarm", "Docker Swarm join tokens and unlock keys", &[
        form("SWMTKN-1-", Class::Url, 60, 100, Test::Varied),
        form("SWMKEY-1-", Class::Base, 38, 64, Test::Varied),
    ], &[
        ("a SWMTKN-1-khzswi3hutff66cwetuvzoyh7l37rjkm747zl4xo0du5z1mb9i-aibhgfx8u5ul3x5dgbr6ps5lf", "SWMTKN-1-khzswi3hutff66cwetuvzoyh7l37rjkm747zl4xo0du5z1mb9i-aibhgfx8u5ul3x5dgbr6ps5lf"),
        ("sent SWMKEY-1-75kKv+qFi0MZ6f35S0ZIhv7jYzAealzpmaE0UgGI7WoY to it", "SWMKEY-1-75kKv+qFi0MZ6f35S0ZIhv7jYzAealzpmaE0UgGI7WoY"),
    ], &[
        "see SWMTKN-1-khzs there",
        "SWMTKN-1-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zSWMTKN-1-khzswi3hutff66cwetuvzoyh7l37rjkm747zl4xo0du5z1mb9i-aibhgfx8u5ul3x5dgbr6ps5lf",
    ]),
    provider("jfrog", "JFrog keys and reference tokens", &[
        form("AKCp", Class::Alnum, 60, 80, Test::Varied),
        form("cmVmdGtu", Class::Alnum, 50, 64, Test::Varied),
    ], &[
        ("rejected AKCpEw5iLqq6FclX2v5b6GDssOfdlbUXgOCU4WXrq0O8hqVH3ZjbBXnTBWu9C5SEtgqKf93uL: expired", "AKCpEw5iLqq6FclX2v5b6GDssOfdlbUXgOCU4WXrq0O8hqVH3ZjbBXnTBWu9C5SEtgqKf93uL"),
        ("a cmVmdGtujgkC4FASc75AffuHb0XtqIaQ6rLjqWWR9kCm62lTU6w85Awh3hbKadGW", "cmVmdGtujgkC4FASc75AffuHb0XtqIaQ6rLjqWWR9kCm62lTU6w85Awh3hbKadGW"),
    ], &[
        "see AKCpEw5i there",
        "AKCpxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zAKCpEw5iLqq6FclX2v5b6GDssOfdlbUXgOCU4WXrq0O8hqVH3ZjbBXnTBWu9C5SEtgqKf93uL",
    ]),
    provider("cloudsmith", "Cloudsmith keys", &[
        form("csa_", Class::Alnum, 36, 48, Test::Digits),
    ], &[
        ("a csa_IsImbZlrj7vokLKOCClBP2MadA2uU0TZRAcyobp3wy", "csa_IsImbZlrj7vokLKOCClBP2MadA2uU0TZRAcyobp3wy"),
    ], &[
        "see csa_IsIm there",
        "csa_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zcsa_IsImbZlrj7vokLKOCClBP2MadA2uU0TZRAcyobp3wy",
    ]),
    provider("buildkite", "Buildkite tokens", &[
        form("bkua_", Class::Alnum, 36, 64, Test::Varied),
        form("bkaj_", Class::Alnum, 36, 64, Test::Varied),
        form("bkagt_", Class::Url, 36, 100, Test::Varied),
        form("bkct_", Class::Url, 36, 100, Test::Varied),
        form("bkpi_", Class::Url, 36, 100, Test::Varied),
        form("bkpt_", Class::Url, 36, 100, Test::Varied),
    ], &[
        ("key=bkua_71f093e3c76283a4ccbbff650c8228d5183ad007;", "bkua_71f093e3c76283a4ccbbff650c8228d5183ad007"),
        ("('bkaj_a16faffa580cc24fcab6f7126bb5c652f413e7bc')", "bkaj_a16faffa580cc24fcab6f7126bb5c652f413e7bc"),
        ("/v1/bkagt_aSnoaFFt6aVpSVl5PH2USvAgxywMLMoRj510z7OEIV/next", "bkagt_aSnoaFFt6aVpSVl5PH2USvAgxywMLMoRj510z7OEIV"),
        ("key=bkct_ZTXtzAjyruSihVWlO910sQm5TRXVdJ_4U56VMw7hXR;", "bkct_ZTXtzAjyruSihVWlO910sQm5TRXVdJ_4U56VMw7hXR"),
        ("('bkpi_h-8Z-sFuppcf9dQSFt_XCpCW0Cl2Pp8u4fc009vPYM')", "bkpi_h-8Z-sFuppcf9dQSFt_XCpCW0Cl2Pp8u4fc009vPYM"),
        ("\"bkpt_HJNOCKDjbx5MB7IjUc_ofC6CoFULf7fQ5IW8CIl9n5\"", "bkpt_HJNOCKDjbx5MB7IjUc_ofC6CoFULf7fQ5IW8CIl9n5"),
    ], &[
        "see bkua_71f0 there",
        "bkua_0000000000000000000000000000000000000000",
        "zbkua_71f093e3c76283a4ccbbff650c8228d5183ad007",
    ]),
    provider("circleci", "CircleCI tokens", &[
        form("CCIPAT_", Class::Word, 40, 90, Test::Varied),
        form("CCIPRJ_", Class::Word, 40, 90, Test::Varied),
    ], &[
        ("/v1/CCIPAT_NXhVM8IUW8Pk4PlfO0MHPf_e1f8d9f4dc1f66cf73d651b8c50e14c5442cd38f/next", "CCIPAT_NXhVM8IUW8Pk4PlfO0MHPf_e1f8d9f4dc1f66cf73d651b8c50e14c5442cd38f"),
        ("key=CCIPRJ_CfrmO5lKYCJXPGFpT5cDKB_dd9fc04c8c5f180ac72b775a53098d224d75e338;", "CCIPRJ_CfrmO5lKYCJXPGFpT5cDKB_dd9fc04c8c5f180ac72b775a53098d224d75e338"),
    ], &[
        "see CCIPAT_NXhV there",
        "CCIPAT_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zCCIPAT_NXhVM8IUW8Pk4PlfO0MHPf_e1f8d9f4dc1f66cf73d651b8c50e14c5442cd38f",
    ]),
    provider("harness", "Harness tokens", &[
        form("pat.", Class::Dotted, 50, 90, Test::Parts),
        form("sat.", Class::Dotted, 50, 90, Test::Parts),
    ], &[
        ("sent pat.2Tk0m8SEjyy13JoorvTD7R.8d2615f98c77704e646c48af.9fgcxqJXhqWnsz2B3YW5 to it", "pat.2Tk0m8SEjyy13JoorvTD7R.8d2615f98c77704e646c48af.9fgcxqJXhqWnsz2B3YW5"),
        ("sent sat.nPRPLJRD8WQHDZFENlbViZ.R1HtcmjVCWoAKNgJyrPiNsHHRk7 to it", "sat.nPRPLJRD8WQHDZFENlbViZ.R1HtcmjVCWoAKNgJyrPiNsHHRk7"),
    ], &[
        "see pat.2Tk0 there",
        "pat.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zpat.2Tk0m8SEjyy13JoorvTD7R.8d2615f98c77704e646c48af.9fgcxqJXhqWnsz2B3YW5",
    ]),
    provider("octopus", "Octopus Deploy keys", &[
        form("API-", Class::Upper, 25, 36, Test::Digits),
    ], &[
        ("sent API-R4PRJMIFWE4YK5BLFLIDKVTD31 to it", "API-R4PRJMIFWE4YK5BLFLIDKVTD31"),
    ], &[
        "see API-R4PR there",
        "API-XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
        "zAPI-R4PRJMIFWE4YK5BLFLIDKVTD31",
    ]),
    provider("pulumi", "Pulumi tokens", &[
        form("pul-", Class::Hex, 40, 40, Test::Varied),
    ], &[
        ("a pul-9ae4b0c5c07702b359fd646075b67562aca439bd", "pul-9ae4b0c5c07702b359fd646075b67562aca439bd"),
    ], &[
        "see pul-9ae4 there",
        "pul-0000000000000000000000000000000000000000",
        "zpul-9ae4b0c5c07702b359fd646075b67562aca439bd",
    ]),
    provider("infracost", "Infracost keys", &[
        form("ico-", Class::Alnum, 32, 32, Test::Varied),
    ], &[
        ("key=ico-82HhIOgpyh4bH3RoZDsyCk7ZvdlHmlan;", "ico-82HhIOgpyh4bH3RoZDsyCk7ZvdlHmlan"),
    ], &[
        "see ico-82Hh there",
        "ico-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zico-82HhIOgpyh4bH3RoZDsyCk7ZvdlHmlan",
    ]),
    provider("snyk", "Snyk tokens", &[
        form("snyk_uat.", Class::Dotted, 40, 300, Test::Varied),
        form("snyk_sat.", Class::Dotted, 40, 300, Test::Varied),
    ], &[
        ("\"snyk_uat.TE47WQ_xaheTR5rg24Y5pkEleFqEnPXjjiQAoytIfYh-Qr5jmsubV9y5M-lOzRp0Y1tTIvbwNyfIndAbzcclZIySNQ\"", "snyk_uat.TE47WQ_xaheTR5rg24Y5pkEleFqEnPXjjiQAoytIfYh-Qr5jmsubV9y5M-lOzRp0Y1tTIvbwNyfIndAbzcclZIySNQ"),
        ("rejected snyk_sat.kmMaT5ryQiXkdRo64NeuYbXYdnRNG3IoI8INE8W6eBD_CnP1vBgPMlMSup0FA3zmno200STwLpFcu5yxAgbYDQ7I2O: expired", "snyk_sat.kmMaT5ryQiXkdRo64NeuYbXYdnRNG3IoI8INE8W6eBD_CnP1vBgPMlMSup0FA3zmno200STwLpFcu5yxAgbYDQ7I2O"),
    ], &[
        "see snyk_uat.TE47 there",
        "snyk_uat.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsnyk_uat.TE47WQ_xaheTR5rg24Y5pkEleFqEnPXjjiQAoytIfYh-Qr5jmsubV9y5M-lOzRp0Y1tTIvbwNyfIndAbzcclZIySNQ",
    ]),
    provider("sonarqube", "SonarQube tokens", &[
        form("squ_", Class::Alnum, 40, 40, Test::Varied),
        form("sqp_", Class::Alnum, 40, 40, Test::Varied),
        form("sqa_", Class::Alnum, 40, 40, Test::Varied),
    ], &[
        ("key=squ_0446234844a57a6bce17121c15f8543b04f19817;", "squ_0446234844a57a6bce17121c15f8543b04f19817"),
        ("('sqp_02732967cad860aaf4c8808a0f7881e3889dd8b7')", "sqp_02732967cad860aaf4c8808a0f7881e3889dd8b7"),
        ("\"sqa_e49b3becbc426e9e1db68ad44e6018783c8bd26b\"", "sqa_e49b3becbc426e9e1db68ad44e6018783c8bd26b"),
    ], &[
        "see squ_0446 there",
        "squ_0000000000000000000000000000000000000000",
        "zsqu_0446234844a57a6bce17121c15f8543b04f19817",
    ]),
    provider("aikido", "Aikido tokens", &[
        form("AIK_CI_", Class::Alnum, 40, 100, Test::Varied),
        form("AIK_SECRET_", Class::Alnum, 40, 100, Test::Varied),
        form("AIK_RUNTIME_", Class::Word, 40, 120, Test::Varied),
    ], &[
        ("a AIK_CI_vBmVOXpQWk1RYiiEPDzhUlFxaQob9T4efWBQoaeAYGv4rR", "AIK_CI_vBmVOXpQWk1RYiiEPDzhUlFxaQob9T4efWBQoaeAYGv4rR"),
        ("sent AIK_SECRET_YzRnMh9kGSPaCOKMZcPMRHd2zdAyXZIagXpscPY8msR5RW to it", "AIK_SECRET_YzRnMh9kGSPaCOKMZcPMRHd2zdAyXZIagXpscPY8msR5RW"),
        ("/v1/AIK_RUNTIME_1u6yJSXnxjo9uPNYmQUQMCJHplBe59l9MVhdNjgJ_kNe2l/next", "AIK_RUNTIME_1u6yJSXnxjo9uPNYmQUQMCJHplBe59l9MVhdNjgJ_kNe2l"),
    ], &[
        "see AIK_CI_vBmV there",
        "AIK_CI_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zAIK_CI_vBmVOXpQWk1RYiiEPDzhUlFxaQob9T4efWBQoaeAYGv4rR",
    ]),
    provider("endor", "Endor Labs keys", &[
        form("endr+", Class::Url, 16, 40, Test::Varied),
    ], &[
        ("a endr+w64Dr_mcCNbdIfsoySjNpE", "endr+w64Dr_mcCNbdIfsoySjNpE"),
    ], &[
        "see endr+w64D there",
        "endr+xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zendr+w64Dr_mcCNbdIfsoySjNpE",
    ]),
    provider("socket_dev", "Socket keys", &[
        form("sktsec_", Class::Word, 30, 100, Test::Varied),
    ], &[
        ("a sktsec_vVAA5Vc_5clIpPTmlDZXKQ1V6u5pVjXNxxKV", "sktsec_vVAA5Vc_5clIpPTmlDZXKQ1V6u5pVjXNxxKV"),
    ], &[
        "see sktsec_vVAA there",
        "sktsec_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsktsec_vVAA5Vc_5clIpPTmlDZXKQ1V6u5pVjXNxxKV",
    ]),
    provider("trufflehog", "TruffleHog keys", &[
        form("thog-key-", Class::Hex, 16, 32, Test::Varied),
        form("thog-agent-", Class::Hex, 16, 64, Test::Varied),
    ], &[
        ("a thog-key-c8047248dfcef031ae1718", "thog-key-c8047248dfcef031ae1718"),
        ("sent thog-agent-e9d446be36b94bb9993676 to it", "thog-agent-e9d446be36b94bb9993676"),
    ], &[
        "see thog-key-c804 there",
        "thog-key-0000000000000000000000000000",
        "zthog-key-c8047248dfcef031ae1718",
    ]),
    provider("spectral", "Spectral keys", &[
        form("spu-", Class::HexAny, 32, 32, Test::Varied),
    ], &[
        ("a spu-b0f235c46df14a0c300943bfb82e8e06", "spu-b0f235c46df14a0c300943bfb82e8e06"),
    ], &[
        "see spu-b0f2 there",
        "spu-00000000000000000000000000000000",
        "zspu-b0f235c46df14a0c300943bfb82e8e06",
    ]),
    provider("dependency_track", "Dependency-Track keys", &[
        form("odt_", Class::Alnum, 32, 64, Test::Varied),
    ], &[
        ("a odt_3L9VxC4Z7KZmk31sKMar2QRcRgATdWAWUOrzz6", "odt_3L9VxC4Z7KZmk31sKMar2QRcRgATdWAWUOrzz6"),
    ], &[
        "see odt_3L9V there",
        "odt_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zodt_3L9VxC4Z7KZmk31sKMar2QRcRgATdWAWUOrzz6",
    ]),
    provider("gitpod", "Gitpod tokens", &[
        form("gitpod_pat_", Class::Dotted, 20, 120, Test::Varied),
    ], &[
        ("sent gitpod_pat_GcYlJemNqk5SlVU0alMi5pR_27 to it", "gitpod_pat_GcYlJemNqk5SlVU0alMi5pR_27"),
    ], &[
        "see gitpod_pat_GcYl there",
        "gitpod_pat_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zgitpod_pat_GcYlJemNqk5SlVU0alMi5pR_27",
    ]),
    provider("codesandbox", "CodeSandbox tokens", &[
        form("csb_v1_", Class::Url, 40, 60, Test::Varied),
    ], &[
        ("a csb_v1_CBxx5Q0AxdHhKIuDMVSaqVV5fWIDtglovOVhCK2OKVmFTP", "csb_v1_CBxx5Q0AxdHhKIuDMVSaqVV5fWIDtglovOVhCK2OKVmFTP"),
    ], &[
        "see csb_v1_CBxx there",
        "csb_v1_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zcsb_v1_CBxx5Q0AxdHhKIuDMVSaqVV5fWIDtglovOVhCK2OKVmFTP",
    ]),
    provider("postman", "Postman keys", &[
        form("PMAK-", Class::Url, 50, 70, Test::Varied),
        form("PMAT-", Class::Upper, 26, 26, Test::Varied),
    ], &[
        ("sent PMAK-d9c285a522dab5bff7eb9267-6c9bc740ed627ff2a9d4b8a55b63060f2d to it", "PMAK-d9c285a522dab5bff7eb9267-6c9bc740ed627ff2a9d4b8a55b63060f2d"),
        ("/v1/PMAT-VK80841PEJRC461UEPGG8XD7K6/next", "PMAT-VK80841PEJRC461UEPGG8XD7K6"),
    ], &[
        "see PMAK-d9c2 there",
        "PMAK-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zPMAK-d9c285a522dab5bff7eb9267-6c9bc740ed627ff2a9d4b8a55b63060f2d",
    ]),
    provider("percy", "Percy tokens", &[
        form("web_", Class::Hex, 64, 64, Test::Varied),
        form("auto_", Class::Hex, 64, 64, Test::Varied),
    ], &[
        ("a web_83604c9bc328ea438906527360c2c5510ece54c43433a059d394ec3b934c44e5", "web_83604c9bc328ea438906527360c2c5510ece54c43433a059d394ec3b934c44e5"),
        ("sent auto_b609f449e0eccda6e7faf856f47c3f9bed85deef2360fa8f3d1e02775799f1bd to it", "auto_b609f449e0eccda6e7faf856f47c3f9bed85deef2360fa8f3d1e02775799f1bd"),
    ], &[
        "see web_8360 there",
        "web_0000000000000000000000000000000000000000000000000000000000000000",
        "zweb_83604c9bc328ea438906527360c2c5510ece54c43433a059d394ec3b934c44e5",
    ]),
    provider("browser_tests", "LambdaTest and Checkly keys", &[
        form("LT_", Class::Alnum, 40, 70, Test::Mixed),
        form("cu_", Class::Hex, 32, 32, Test::Varied),
    ], &[
        ("a LT_Hl4gnDNQOIZguyusSIgW2LDvnEftITpzsj3o0jZEOdiY4E", "LT_Hl4gnDNQOIZguyusSIgW2LDvnEftITpzsj3o0jZEOdiY4E"),
        ("sent cu_ba53a0b565886b6ffb7c003883659a72 to it", "cu_ba53a0b565886b6ffb7c003883659a72"),
    ], &[
        "see LT_Hl4g there",
        "LT_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zLT_Hl4gnDNQOIZguyusSIgW2LDvnEftITpzsj3o0jZEOdiY4E",
    ]),
    provider("chromatic", "Chromatic tokens", &[
        form("chpt_", Class::Alnum, 12, 32, Test::Digits),
    ], &[
        ("a chpt_LvE0cE59SJguw0oTPw", "chpt_LvE0cE59SJguw0oTPw"),
    ], &[
        "see chpt_LvE0 there",
        "chpt_xxxxxxxxxxxxxxxxxxxxxxxx",
        "zchpt_LvE0cE59SJguw0oTPw",
    ]),
    provider("wundergraph", "WunderGraph Cosmo keys", &[
        form("cosmo_", Class::Hex, 32, 32, Test::Varied),
    ], &[
        ("a cosmo_12fe6dcc08965040ab704497c9634cbc", "cosmo_12fe6dcc08965040ab704497c9634cbc"),
    ], &[
        "see cosmo_12fe there",
        "cosmo_00000000000000000000000000000000",
        "zcosmo_12fe6dcc08965040ab704497c9634cbc",
    ]),
    provider("apollo", "Apollo GraphOS keys", &[
        form("user:gh.", Class::Joined, 40, 80, Test::Varied),
    ], &[
        ("sent user:gh.MZueC7V0iHhEMyTnUNdT:VBukdan_hbnTIC-cMbqgmm to it", "user:gh.MZueC7V0iHhEMyTnUNdT:VBukdan_hbnTIC-cMbqgmm"),
    ], &[
        "see user:gh.MZue there",
        "user:gh.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zuser:gh.MZueC7V0iHhEMyTnUNdT:VBukdan_hbnTIC-cMbqgmm",
    ]),
    provider("readme_io", "ReadMe keys", &[
        form("rdme_", Class::Lower, 60, 90, Test::Varied),
    ], &[
        ("key=rdme_p70bomdsy6uot7e6bqju1ptsi9qzelcc7tyghrnhcwz49twtepdeha1h738vd3lpgy5xt7;", "rdme_p70bomdsy6uot7e6bqju1ptsi9qzelcc7tyghrnhcwz49twtepdeha1h738vd3lpgy5xt7"),
    ], &[
        "see rdme_p70b there",
        "rdme_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zrdme_p70bomdsy6uot7e6bqju1ptsi9qzelcc7tyghrnhcwz49twtepdeha1h738vd3lpgy5xt7",
    ]),
    provider("gitbook", "GitBook tokens", &[
        form("gb_api_", Class::Alnum, 30, 60, Test::Varied),
    ], &[
        ("a gb_api_YiLoRjdrA72paojUhmxU2Pq35xPunPivslcZ", "gb_api_YiLoRjdrA72paojUhmxU2Pq35xPunPivslcZ"),
    ], &[
        "see gb_api_YiLo there",
        "gb_api_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zgb_api_YiLoRjdrA72paojUhmxU2Pq35xPunPivslcZ",
    ]),
    provider("mintlify", "Mintlify keys", &[
        form("mint_", Class::Alnum, 32, 64, Test::Mixed),
    ], &[
        ("a mint_087N14nNhUjFRqB5hzOQ26jLVrbBWSOE1V55Hy", "mint_087N14nNhUjFRqB5hzOQ26jLVrbBWSOE1V55Hy"),
    ], &[
        "see mint_087N there",
        "mint_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zmint_087N14nNhUjFRqB5hzOQ26jLVrbBWSOE1V55Hy",
    ]),
    provider("kolide", "Kolide keys", &[
        form("k2sk_v1_", Class::Alnum, 20, 60, Test::Varied),
    ], &[
        ("a k2sk_v1_I33GCEQksM4hwxHmVrv5LsR9o3", "k2sk_v1_I33GCEQksM4hwxHmVrv5LsR9o3"),
    ], &[
        "see k2sk_v1_I33G there",
        "k2sk_v1_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zk2sk_v1_I33GCEQksM4hwxHmVrv5LsR9o3",
    ]),
    provider("waka_time", "WakaTime keys", &[
        form("waka_", Class::HexAnyDash, 36, 36, Test::Varied),
    ], &[
        ("key=waka_4f1207d3-7a30-4292-a0ef-a26fec515d33;", "waka_4f1207d3-7a30-4292-a0ef-a26fec515d33"),
    ], &[
        "see waka_4f12 there",
        "waka_000000000000000000000000000000000000",
        "zwaka_4f1207d3-7a30-4292-a0ef-a26fec515d33",
    ]),
    provider("n_eight_n", "n8n keys", &[
        form("n8n_api_", Class::Alnum, 40, 80, Test::Varied),
    ], &[
        ("key=n8n_api_zybsITgVXEM17ioaVWLHMisJLjXpn0c8S1EuisBovR5D0q2b;", "n8n_api_zybsITgVXEM17ioaVWLHMisJLjXpn0c8S1EuisBovR5D0q2b"),
    ], &[
        "see n8n_api_zybs there",
        "n8n_api_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zn8n_api_zybsITgVXEM17ioaVWLHMisJLjXpn0c8S1EuisBovR5D0q2b",
    ]),
    provider("fivem", "FiveM server keys", &[
        form("cfxk_", Class::Word, 18, 60, Test::Varied),
    ], &[
        ("a cfxk_6XJTCqGDGsZsNodbDnZHvzHM", "cfxk_6XJTCqGDGsZsNodbDnZHvzHM"),
    ], &[
        "see cfxk_6XJT there",
        "cfxk_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zcfxk_6XJTCqGDGsZsNodbDnZHvzHM",
    ]),
    provider("riot", "Riot Games keys", &[
        form("RGAPI-", Class::HexAnyDash, 36, 36, Test::Varied),
    ], &[
        ("a RGAPI-92df456342a311af81a00dce1f6e564f77bd", "RGAPI-92df456342a311af81a00dce1f6e564f77bd"),
    ], &[
        "see RGAPI-92df there",
        "RGAPI-000000000000000000000000000000000000",
        "zRGAPI-92df456342a311af81a00dce1f6e564f77bd",
    ]),
    provider("retool", "Retool keys", &[
        form("retool_", Class::Url, 24, 80, Test::Varied),
    ], &[
        ("a retool_WcaKUbuQIXG3Rebf1IZSjZkf04IDZY", "retool_WcaKUbuQIXG3Rebf1IZSjZkf04IDZY"),
    ], &[
        "see retool_WcaK there",
        "retool_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zretool_WcaKUbuQIXG3Rebf1IZSjZkf04IDZY",
    ]),
    provider("hex_tech", "Hex tokens", &[
        form("hxtp_", Class::Alnum, 40, 140, Test::Varied),
        form("hxtw_", Class::Alnum, 40, 140, Test::Varied),
    ], &[
        ("a hxtp_mS9h0kkbNaXKpgdx49lugxJafB5DeukG19O0kmPQFKYuTp", "hxtp_mS9h0kkbNaXKpgdx49lugxJafB5DeukG19O0kmPQFKYuTp"),
        ("sent hxtw_P3FgI6Nx24PlPQZZfvO06p5pHEj7AatTW3D6eR2F0YaZoS to it", "hxtw_P3FgI6Nx24PlPQZZfvO06p5pHEj7AatTW3D6eR2F0YaZoS"),
    ], &[
        "see hxtp_mS9h there",
        "hxtp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zhxtp_mS9h0kkbNaXKpgdx49lugxJafB5DeukG19O0kmPQFKYuTp",
    ]),
    provider("launchdarkly", "LaunchDarkly keys", &[
        form("sdk-", Class::HexAnyDash, 36, 36, Test::Varied),
        form("api-", Class::HexAnyDash, 36, 36, Test::Varied),
        form("rel-", Class::HexAnyDash, 36, 36, Test::Varied),
    ], &[
        ("rejected sdk-a5564861-bdc5-44fa-a1b6-0f871d81cd9c: expired", "sdk-a5564861-bdc5-44fa-a1b6-0f871d81cd9c"),
        ("sent api-eccaa94f-71f3-946e-47d3-97076b0226b4 to it", "api-eccaa94f-71f3-946e-47d3-97076b0226b4"),
        ("/v1/rel-38a895db-d911-459f-1b39-3b6e82c4ab31/next", "rel-38a895db-d911-459f-1b39-3b6e82c4ab31"),
    ], &[
        "see sdk-a556 there",
        "sdk-000000000000000000000000000000000000",
        "zsdk-a5564861-bdc5-44fa-a1b6-0f871d81cd9c",
    ]),
    provider("statsig", "Statsig keys", &[
        form("secret-", Class::Alnum, 40, 48, Test::Mixed),
        form("console-", Class::Alnum, 40, 48, Test::Mixed),
    ], &[
        ("a secret-M5YqXx0NighY3n92XpwIcaP2xgGlCy3IZnMKOGN9eQkF", "secret-M5YqXx0NighY3n92XpwIcaP2xgGlCy3IZnMKOGN9eQkF"),
        ("sent console-FOUYELUa06aNSNI9y5lsFLxi0Vcl6VNYLZuT4fUd1SuJ to it", "console-FOUYELUa06aNSNI9y5lsFLxi0Vcl6VNYLZuT4fUd1SuJ"),
    ], &[
        "see secret-M5Yq there",
        "secret-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsecret-M5YqXx0NighY3n92XpwIcaP2xgGlCy3IZnMKOGN9eQkF",
    ]),
    provider("growthbook", "GrowthBook keys", &[
        form("secret_admin_", Class::Base, 24, 64, Test::Varied),
        form("secret_user_", Class::Base, 24, 64, Test::Varied),
        form("secret_readonly_", Class::Base, 24, 64, Test::Varied),
    ], &[
        ("sent secret_admin_9knmPZMwQ0dysSSWwcAAcDK54jMp1w to it", "secret_admin_9knmPZMwQ0dysSSWwcAAcDK54jMp1w"),
        ("sent secret_user_wmNfaqeH32SqwR0vTwiV6+qHjtHaYc to it", "secret_user_wmNfaqeH32SqwR0vTwiV6+qHjtHaYc"),
        ("sent secret_readonly_oV0fHZnON7V7dchXVv4Am8+DMnrreW to it", "secret_readonly_oV0fHZnON7V7dchXVv4Am8+DMnrreW"),
    ], &[
        "see secret_admin_9knm there",
        "secret_admin_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsecret_admin_9knmPZMwQ0dysSSWwcAAcDK54jMp1w",
    ]),
    provider("configcat", "ConfigCat SDK keys", &[
        form("configcat-sdk-1/", Class::Base, 40, 60, Test::Varied),
    ], &[
        ("sent configcat-sdk-1/ReXdnRgrUyGEib6WpozySp/GaoiPCtHOXwZexutQu7ouf to it", "configcat-sdk-1/ReXdnRgrUyGEib6WpozySp/GaoiPCtHOXwZexutQu7ouf"),
    ], &[
        "see configcat-sdk-1/ReXd there",
        "configcat-sdk-1/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zconfigcat-sdk-1/ReXdnRgrUyGEib6WpozySp/GaoiPCtHOXwZexutQu7ouf",
    ]),
    provider("flagsmith", "Flagsmith server keys", &[
        form("ser.", Class::Alnum, 20, 24, Test::Mixed),
    ], &[
        ("a ser.TRf4pTGEsowwPVqkb3sGBm", "ser.TRf4pTGEsowwPVqkb3sGBm"),
    ], &[
        "see ser.TRf4 there",
        "ser.xxxxxxxxxxxxxxxxxxxxxxxx",
        "zser.TRf4pTGEsowwPVqkb3sGBm",
    ]),
    provider("forty_two", "42 Intra client secrets", &[
        form("s-s4t2ud-", Class::Hex, 64, 64, Test::Varied),
        form("s-s4t2af-", Class::Hex, 64, 64, Test::Varied),
    ], &[
        ("a 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", "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"),
        ("sent 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 to it", "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"),
    ], &[
        "see s-s4t2ud-df54 there",
        "s-s4t2ud-0000000000000000000000000000000000000000000000000000000000000000",
        "zs-s4t2ud-df54d8f8d339934e7326d320e0ac115aeed35b65831ce2428e9a8b770fea4427",
    ]),
    provider("zuplo", "Zuplo keys", &[
        form("zpka_", Class::Word, 30, 80, Test::Varied),
    ], &[
        ("a zpka_QLzN7Up92NeJ77FsZmnyjvrvibcUym9BMvWo", "zpka_QLzN7Up92NeJ77FsZmnyjvrvibcUym9BMvWo"),
    ], &[
        "see zpka_QLzN there",
        "zpka_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zzpka_QLzN7Up92NeJ77FsZmnyjvrvibcUym9BMvWo",
    ]),
    provider("kong", "Konnect tokens", &[
        form("kpat_", Class::Alnum, 40, 80, Test::Varied),
        form("spat_", Class::Alnum, 40, 80, Test::Varied),
    ], &[
        ("a kpat_o8YCWuGOoyCIiTybchstYkKEZveakdaGIG5z4Oo8r1Qe36", "kpat_o8YCWuGOoyCIiTybchstYkKEZveakdaGIG5z4Oo8r1Qe36"),
        ("sent spat_oq4wLxiKMNb6SyAUILJFAAnQcOgKD42FQDJrPRB5mp0DhW to it", "spat_oq4wLxiKMNb6SyAUILJFAAnQcOgKD42FQDJrPRB5mp0DhW"),
    ], &[
        "see kpat_o8YC there",
        "kpat_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zkpat_o8YCWuGOoyCIiTybchstYkKEZveakdaGIG5z4Oo8r1Qe36",
    ]),
    provider("svix", "Svix keys", &[
        form("testsk_", Class::Base, 24, 64, Test::Varied),
    ], &[
        ("sent testsk_fIqtzIyEUyj9pJSFlnuiuvXkmm9750 to it", "testsk_fIqtzIyEUyj9pJSFlnuiuvXkmm9750"),
    ], &[
        "see testsk_fIqt there",
        "testsk_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "ztestsk_fIqtzIyEUyj9pJSFlnuiuvXkmm9750",
    ]),
    provider("permit", "Permit.io keys", &[
        form("permit_key_", Class::Alnum, 40, 120, Test::Varied),
    ], &[
        ("a permit_key_pYoKusjWtiNQOGSXbPiX25mLO1A7tSBCRKGtEeZd33fuE1", "permit_key_pYoKusjWtiNQOGSXbPiX25mLO1A7tSBCRKGtEeZd33fuE1"),
    ], &[
        "see permit_key_pYoK there",
        "permit_key_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zpermit_key_pYoKusjWtiNQOGSXbPiX25mLO1A7tSBCRKGtEeZd33fuE1",
    ]),
    provider("ory", "Ory keys and tokens", &[
        form("ory_pat_", Class::Url, 24, 120, Test::Varied),
        form("ory_at_", Class::Dotted, 24, 160, Test::Varied),
        form("ory_rt_", Class::Dotted, 24, 160, Test::Varied),
        form("ory_st_", Class::Url, 24, 120, Test::Varied),
        form("ory_apikey_", Class::Url, 24, 120, Test::Varied),
        form("ory_wak_", Class::Url, 24, 120, Test::Varied),
    ], &[
        ("a ory_pat_cr-HwZ_6QnJ6K1k1Po3cUQCbrrp1ND", "ory_pat_cr-HwZ_6QnJ6K1k1Po3cUQCbrrp1ND"),
        ("sent ory_at_kktAlCUR4vmyz2e9dIUFKqTHjDB0qD to it", "ory_at_kktAlCUR4vmyz2e9dIUFKqTHjDB0qD"),
        ("sent ory_rt_7hPsVQ2-8CYdubxxoEYlmz38lhNuim to it", "ory_rt_7hPsVQ2-8CYdubxxoEYlmz38lhNuim"),
        ("key=ory_st_JVp19YIaW8P8tlYdXLk55ib2uGbYgB;", "ory_st_JVp19YIaW8P8tlYdXLk55ib2uGbYgB"),
        ("('ory_apikey_F_5Otip6mGu-V6_8fzf2YRJtnG7NeS')", "ory_apikey_F_5Otip6mGu-V6_8fzf2YRJtnG7NeS"),
        ("\"ory_wak_640v_OmV3gUR8vz7q8cVFb4QVai0Ys\"", "ory_wak_640v_OmV3gUR8vz7q8cVFb4QVai0Ys"),
    ], &[
        "see ory_pat_cr-H there",
        "ory_pat_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zory_pat_cr-HwZ_6QnJ6K1k1Po3cUQCbrrp1ND",
    ]),
    provider("settle_mint", "SettleMint tokens", &[
        form("sm_aat_", Class::Alnum, 14, 40, Test::Varied),
        form("sm_pat_", Class::Alnum, 14, 40, Test::Varied),
        form("sm_sat_", Class::Alnum, 14, 40, Test::Varied),
    ], &[
        ("a sm_aat_lGUrEmwrRKMpfDL6Yhn6", "sm_aat_lGUrEmwrRKMpfDL6Yhn6"),
        ("sent sm_pat_9Nsel5QKmWDqAsHfiCXq to it", "sm_pat_9Nsel5QKmWDqAsHfiCXq"),
        ("/v1/sm_sat_xhM0zTfYovI9ExuASn4D/next", "sm_sat_xhM0zTfYovI9ExuASn4D"),
    ], &[
        "see sm_aat_lGUr there",
        "sm_aat_xxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsm_aat_lGUrEmwrRKMpfDL6Yhn6",
    ]),
    provider("secret_token", "secrets that say so by the URI scheme of RFC 8959", &[
        form("secret-token:", Class::Escaped, 8, 400, Test::Varied),
    ], &[
        ("a secret-token:2Z5i8TBLnY3oLb", "secret-token:2Z5i8TBLnY3oLb"),
    ], &[
        "see secret-token:2Z5i there",
        "secret-token:xxxxxxxxxxxxxxxxxxxx",
        "zsecret-token:2Z5i8TBLnY3oLb",
    ]),
    provider("unkey", "Unkey keys", &[
        form("unkey_", Class::Alnum, 20, 60, Test::Mixed),
    ], &[
        ("rejected unkey_wK0W50mL5w95VD2D53R60YqH: expired", "unkey_wK0W50mL5w95VD2D53R60YqH"),
    ], &[
        "see unkey_wK0W there",
        "unkey_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zunkey_wK0W50mL5w95VD2D53R60YqH",
    ]),
    provider("trigger_dev", "Trigger.dev keys", &[
        form("tr_prod_", Class::Alnum, 20, 40, Test::Varied),
        form("tr_dev_", Class::Alnum, 20, 40, Test::Varied),
        form("tr_stg_", Class::Alnum, 20, 40, Test::Varied),
        form("tr_pat_", Class::Alnum, 20, 60, Test::Varied),
    ], &[
        ("\"tr_prod_zYOUUmb3KeXgSH5M17prodKK\"", "tr_prod_zYOUUmb3KeXgSH5M17prodKK"),
        ("rejected tr_dev_m4ApR2cLy0DzKgYdc1kw5Fs8: expired", "tr_dev_m4ApR2cLy0DzKgYdc1kw5Fs8"),
        ("/v1/tr_stg_zdr0RbBgOrhxLZnmL3VQIOxgb3/next", "tr_stg_zdr0RbBgOrhxLZnmL3VQIOxgb3"),
        ("key=tr_pat_earG3sPoOZwmP8lbFWcZIg4C5h;", "tr_pat_earG3sPoOZwmP8lbFWcZIg4C5h"),
    ], &[
        "see tr_prod_zYOU there",
        "tr_prod_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "ztr_prod_zYOUUmb3KeXgSH5M17prodKK",
    ]),
    provider("inngest", "Inngest signing keys", &[
        form("signkey-prod-", Class::Hex, 32, 80, Test::Varied),
        form("signkey-test-", Class::Hex, 32, 80, Test::Varied),
    ], &[
        ("sent signkey-prod-46393a65543b13e892cd3ad370e41abc742db8f752121515647f4cd1568d58b1 to it", "signkey-prod-46393a65543b13e892cd3ad370e41abc742db8f752121515647f4cd1568d58b1"),
        ("/v1/signkey-test-a0fab4e04f0ce8c4a84d30f4016375d7f932cadca1887373724a12271418d3ab/next", "signkey-test-a0fab4e04f0ce8c4a84d30f4016375d7f932cadca1887373724a12271418d3ab"),
    ], &[
        "see signkey-prod-4639 there",
        "signkey-prod-00000000000000000000000000000000000000000000000000000000000000000000000000000000",
        "zsignkey-prod-46393a65543b13e892cd3ad370e41abc742db8f752121515647f4cd1568d58b1",
    ]),
    provider("authress", "Authress service keys", &[
        form("sc_", Class::Joined, 60, 200, Test::Random),
        form("scauth_", Class::Joined, 60, 200, Test::Random),
        form("authress_", Class::Joined, 60, 200, Test::Random),
    ], &[
        ("sent sc_if6egemflj.8pnh.acc_0spea4rsiw.nzE0O5bwAzXiJqSM5D0Nou23IyYKGWL4ZK8d6Fnq to it", "sc_if6egemflj.8pnh.acc_0spea4rsiw.nzE0O5bwAzXiJqSM5D0Nou23IyYKGWL4ZK8d6Fnq"),
        ("sent scauth_jmp3r8dzra.xu5b.acc_9jf7gutbkk.a8eZXHzpQ0bfrR0s1gfX_4jnkrBNCozLrnVY-D9R to it", "scauth_jmp3r8dzra.xu5b.acc_9jf7gutbkk.a8eZXHzpQ0bfrR0s1gfX_4jnkrBNCozLrnVY-D9R"),
        ("sent authress_x9opklj5y6.j86j.acc_82kil7gzfy.zoP5oIbQDyu_gqKRJxN8TYaevEQonXJFxEtbgjQA to it", "authress_x9opklj5y6.j86j.acc_82kil7gzfy.zoP5oIbQDyu_gqKRJxN8TYaevEQonXJFxEtbgjQA"),
    ], &[
        "see sc_if6e there",
        "sc_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zsc_if6egemflj.8pnh.acc_0spea4rsiw.nzE0O5bwAzXiJqSM5D0Nou23IyYKGWL4ZK8d6Fnq",
    ]),
    provider("val_town", "Val Town tokens", &[
        form("vtwn_", Class::Alnum, 24, 48, Test::Varied),
    ], &[
        ("rejected vtwn_PKafeN3Z5DKYAYQ7yydSbs9uyjqtfJMS: expired", "vtwn_PKafeN3Z5DKYAYQ7yydSbs9uyjqtfJMS"),
    ], &[
        "see vtwn_PKaf there",
        "vtwn_xxxxxxxxxxxxxxxxxxxxxxxx",
        "zvtwn_PKafeN3Z5DKYAYQ7yydSbs9uyjqtfJMS",
    ]),
    provider("thunderstore", "Thunderstore tokens", &[
        form("tss_", Class::Alnum, 28, 40, Test::Mixed),
    ], &[
        ("rejected tss_N9DlviDvUDDleg62hKD9gF2LEmEr3PZH: expired", "tss_N9DlviDvUDDleg62hKD9gF2LEmEr3PZH"),
    ], &[
        "see tss_N9Dl there",
        "tss_xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "ztss_N9DlviDvUDDleg62hKD9gF2LEmEr3PZH",
    ]),
    provider("teamcity", "TeamCity tokens", &[
        form("eyJ0eXAiOiAiVENWMiJ9.", Class::Dotted, 40, 120, Test::Varied),
    ], &[
        ("rejected eyJ0eXAiOiAiVENWMiJ9.84kPlmCnFaqlkhU7QNqtUPQZIqpTdU7w7EAd.nkGEiNgQI7W4E4PXSKc1itTnzphAq0jT7qG84IQH4GvjJRSm: expired", "eyJ0eXAiOiAiVENWMiJ9.84kPlmCnFaqlkhU7QNqtUPQZIqpTdU7w7EAd.nkGEiNgQI7W4E4PXSKc1itTnzphAq0jT7qG84IQH4GvjJRSm"),
    ], &[
        "see eyJ0eXAiOiAiVENWMiJ9.84kP there",
        "eyJ0eXAiOiAiVENWMiJ9.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zeyJ0eXAiOiAiVENWMiJ9.84kPlmCnFaqlkhU7QNqtUPQZIqpTdU7w7EAd.nkGEiNgQI7W4E4PXSKc1itTnzphAq0jT7qG84IQH4GvjJRSm",
    ]),
];
