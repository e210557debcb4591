//! Sessions, cookies and keys of frameworks.

use super::super::ValueRule;
use super::super::forms::{Class, LONG, Test, form};
use super::provider;

#[rustfmt::skip]
pub const RULES: &[ValueRule] = &[
    provider("laravel_cookie", "values that Laravel encrypted", &[
        form("eyJpdiI6", Class::Base, 60, LONG, Test::Varied),
    ], &[
        ("sent eyJpdiI6u4qXm0qE4XOhupmfntfJq0J85D2XlcJFnwWEsgJkmv828AjnO53T6KTOsqkFvjKoPwit/p4kxXLPSLeECvLdE1L8Q5o3exFXWGpgtsnm5f/tXA3ppqXd1/LeGvP/9fwvt+aD4wjQtuqvd9Y8QX3ofol96axj+7PrPU8KAZilZw3lmXm32xAk to it", "eyJpdiI6u4qXm0qE4XOhupmfntfJq0J85D2XlcJFnwWEsgJkmv828AjnO53T6KTOsqkFvjKoPwit/p4kxXLPSLeECvLdE1L8Q5o3exFXWGpgtsnm5f/tXA3ppqXd1/LeGvP/9fwvt+aD4wjQtuqvd9Y8QX3ofol96axj+7PrPU8KAZilZw3lmXm32xAk"),
    ], &[
        "see eyJpdiI6u4qX there",
        "eyJpdiI6xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zeyJpdiI6u4qXm0qE4XOhupmfntfJq0J85D2XlcJFnwWEsgJkmv828AjnO53T6KTOsqkFvjKoPwit/p4kxXLPSLeECvLdE1L8Q5o3exFXWGpgtsnm5f/tXA3ppqXd1/LeGvP/9fwvt+aD4wjQtuqvd9Y8QX3ofol96axj+7PrPU8KAZilZw3lmXm32xAk",
    ]),
    provider("aspnet_payload", "cookies and tokens that ASP.NET Core protected", &[
        form("CfDJ8", Class::Url, 60, LONG, Test::Mixed),
    ], &[
        ("Application=CfDJ8DyaFGBHOx4AINxbrgbiJEx-ORRJnlZjkRvm-vdbuIrjTV-ciKHiWGJ5StmLvWxo-GLQ5tPzXo3yUEsER0 sent", "CfDJ8DyaFGBHOx4AINxbrgbiJEx-ORRJnlZjkRvm-vdbuIrjTV-ciKHiWGJ5StmLvWxo-GLQ5tPzXo3yUEsER0"),
    ], &[
        "see CfDJ8Dya there",
        "CfDJ8xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zCfDJ8DyaFGBHOx4AINxbrgbiJEx-ORRJnlZjkRvm-vdbuIrjTV-ciKHiWGJ5StmLvWxo-GLQ5tPzXo3yUEsER0",
    ]),
    provider("laravel_key", "application keys in base64", &[
        form("base64:", Class::Base, 43, 44, Test::Varied),
    ], &[
        ("sent base64:bekkGHKveA/AkV1jYxN6agjnOm+BskpZ5v7rwohNDfu to it", "base64:bekkGHKveA/AkV1jYxN6agjnOm+BskpZ5v7rwohNDfu"),
    ], &[
        "see base64:bekk there",
        "base64:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zbase64:bekkGHKveA/AkV1jYxN6agjnOm+BskpZ5v7rwohNDfu",
    ]),
    provider("paseto", "encrypted tokens of PASETO", &[
        form("v1.local.", Class::Dotted, 60, LONG, Test::Mixed),
        form("v2.local.", Class::Dotted, 60, LONG, Test::Mixed),
        form("v3.local.", Class::Dotted, 60, LONG, Test::Mixed),
        form("v4.local.", Class::Dotted, 60, LONG, Test::Mixed),
    ], &[
        ("a v1.local.dF9xJ2kQ0cVz7mWb3nXrT5yL8uHsAaGe1pKi4oZqNwEjRfUv6BtCdMlShgPy", "v1.local.dF9xJ2kQ0cVz7mWb3nXrT5yL8uHsAaGe1pKi4oZqNwEjRfUv6BtCdMlShgPy"),
        ("sent v2.local.Qw3eRt5yUi7oPa9sDf1gHj3kLz5xCv7bNm9qWe1rTy3uIo5pAs7dFg9hJk1l to it", "v2.local.Qw3eRt5yUi7oPa9sDf1gHj3kLz5xCv7bNm9qWe1rTy3uIo5pAs7dFg9hJk1l"),
        ("/v1/v3.local.Zx1cVb3nMa5sDf7gHj9kLq1wEr3tYu5iOp7aSd9fGh1jKl3zXc5vBn7mQw9e/next", "v3.local.Zx1cVb3nMa5sDf7gHj9kLq1wEr3tYu5iOp7aSd9fGh1jKl3zXc5vBn7mQw9e"),
        ("key=v4.local.Pl0oKm9iJn8uHb7yGv6tFc5rDx4eSz3wAq2Mn1bVc0xZl9kJh8gFd7sAp6oIu5y;", "v4.local.Pl0oKm9iJn8uHb7yGv6tFc5rDx4eSz3wAq2Mn1bVc0xZl9kJh8gFd7sAp6oIu5y"),
    ], &[
        "see v4.local.Pl0o there",
        "v4.local.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zv4.local.Pl0oKm9iJn8uHb7yGv6tFc5rDx4eSz3wAq2Mn1bVc0xZl9kJh8gFd7sAp6oIu5y",
    ]),
    provider("signed_session", "signed session ids of Express", &[
        form("s%3A", Class::Escaped, 60, 140, Test::Varied),
        form("s:", Class::Signed, 60, 120, Test::Parts),
    ], &[
        ("sent s%3AJdTX21Bfc-E3lwo8D40OwKBmYgZVathC.MuG4ZjcJzRmrvOSnlTeaAPQxgFexT8G9QAoRcxa0NeE to it", "s%3AJdTX21Bfc-E3lwo8D40OwKBmYgZVathC.MuG4ZjcJzRmrvOSnlTeaAPQxgFexT8G9QAoRcxa0NeE"),
        ("sent s:FHBWd4rJd6atxEcwmp8QPfTtBSqNjIbS.U9jzTJ51Sj5LhZ7x7xMUwO6GEexb708SAO1MIbRVgbt to it", "s:FHBWd4rJd6atxEcwmp8QPfTtBSqNjIbS.U9jzTJ51Sj5LhZ7x7xMUwO6GEexb708SAO1MIbRVgbt"),
    ], &[
        "see s%3AJdTX there",
        "s%3Axxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zs%3AJdTX21Bfc-E3lwo8D40OwKBmYgZVathC.MuG4ZjcJzRmrvOSnlTeaAPQxgFexT8G9QAoRcxa0NeE",
    ]),
    provider("rails_session", "sessions of Rails in base64", &[
        form("BAh7", Class::Base, 60, 8000, Test::Mixed),
    ], &[
        ("sent BAh7hC0+OX4F9WDA5xBGdvIYEY8HVMXKHXYAE40PqwYcIghrgcIIg1IqohZipFT95eISpC to it", "BAh7hC0+OX4F9WDA5xBGdvIYEY8HVMXKHXYAE40PqwYcIghrgcIIg1IqohZipFT95eISpC"),
    ], &[
        "see BAh7hC0+ there",
        "BAh7xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zBAh7hC0+OX4F9WDA5xBGdvIYEY8HVMXKHXYAE40PqwYcIghrgcIIg1IqohZipFT95eISpC",
    ]),
    provider("ntlm", "messages of NTLM with hashes of passwords", &[
        form("TlRMTVNTUAAD", Class::Base, 60, 4000, Test::Varied),
        form("TlRMTVNTUAAB", Class::Base, 24, 4000, Test::Varied),
    ], &[
        ("sent TlRMTVNTUAADX6n80/hIyX0lQFJ/ZPibAcAXYCWep7cG9m3dJZvGukA1n8DJtPz0M/99w91PJ21FrU to it", "TlRMTVNTUAADX6n80/hIyX0lQFJ/ZPibAcAXYCWep7cG9m3dJZvGukA1n8DJtPz0M/99w91PJ21FrU"),
        ("sent TlRMTVNTUAABz7jyzJf5aB55qWQLI4GnvGOhSGAIu8 to it", "TlRMTVNTUAABz7jyzJf5aB55qWQLI4GnvGOhSGAIu8"),
    ], &[
        "see TlRMTVNTUAADX6n8 there",
        "TlRMTVNTUAADxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "zTlRMTVNTUAADX6n80/hIyX0lQFJ/ZPibAcAXYCWep7cG9m3dJZvGukA1n8DJtPz0M/99w91PJ21FrU",
    ]),
];
