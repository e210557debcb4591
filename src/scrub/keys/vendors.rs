//! Names of those who give out keys: `heroku_key`, `weatherstackKey`, `DD_KEY`.
//!
//! What stands before `key` says whether it opens a door (`mailgun_key`) or finds a thing (`cache_key`).
//!
//! Invariant: the tables are sorted, and a name here is no thing that one has many of: `segment`, `box` and `event` are not.

use std::sync::LazyLock;

use super::super::lookup::Table;

/// Whether a word, or two as one, is the name of a provider, in any ASCII case.
pub fn is_vendor(before: &str, word: &str) -> bool {
    let mut buffer = [0; NAME_MAX];
    let mut length = 0;
    for byte in before.bytes().chain(word.bytes()) {
        let Some(place) = buffer.get_mut(length) else { return false };
        *place = byte.to_ascii_lowercase();
        length += 1;
    }
    VENDORS.binary_search_by(|vendor| vendor.as_bytes().cmp(&buffer[..length])).is_ok()
}

/// The longest name, in bytes.
const NAME_MAX: usize = 24;

/// Whether a key by a word finds a thing, in any ASCII case.
pub fn finds(word: &str) -> bool {
    static TABLE: LazyLock<Table<()>> = LazyLock::new(|| Table::words(FINDING));
    TABLE.has(word)
}

/// What keys find, or are, that are no secrets.
#[rustfmt::skip]
const FINDING: &[&str] = &[
    "account", "aggregate", "alias", "array", "arrow", "article", "asset", "attachment", "audio", "audit", "avatar", "batch", "blob", "bucket", "build",
    "business", "cache", "cart", "channel", "child", "chunk", "class", "client", "clip", "cluster", "column", "component", "composite", "compressed", "config",
    "content", "context", "continuation", "conversation", "correlation", "counter", "cursor", "customer", "dashboard", "data", "date", "day", "db", "dedup",
    "dedupe", "deduplication", "destination", "detail", "device", "dict", "dimension", "doc", "document", "down", "dynamodb", "elastic", "elasticsearch",
    "encoded", "end", "enter", "entity", "entry", "etag", "event", "experiment", "feature", "field", "file", "fingerprint", "first", "flag", "flow", "foreign",
    "form", "function", "gcs", "git", "group", "hash", "header", "host", "hot", "hotkey", "i18n", "id", "idempotency", "idempotent", "image", "img", "index",
    "info", "input", "invoice", "issue", "item", "job", "join", "json", "kafka", "keyboard", "label", "lang", "language", "last", "list", "locale", "lock",
    "locking", "log", "logical", "lookup", "map", "media", "memcached", "menu", "message", "meta", "metadata", "metric", "metrics", "minio", "model", "mongo",
    "mutex", "mysql", "name", "namespace", "natural", "nested", "next", "node", "nonce", "object", "option", "options", "order", "page", "pagination", "pair",
    "panel", "param", "parameter", "params", "parent", "partition", "path", "payment", "permission", "photo", "physical", "picture", "playlist", "postgres",
    "press", "prev", "previous", "primary", "product", "project", "prop", "property", "props", "pub", "pubkey", "public", "publishable", "query", "queue",
    "range", "rate", "raw", "record", "redis", "ref", "reference", "region", "registry", "relation", "report", "request", "resource", "restore", "role", "room",
    "route", "row", "s3", "schema", "screenshot", "secondary", "segment", "sequence", "session", "set", "setting", "shard", "short",  "site", "slot",
    "song", "sort", "source", "span", "start", "state", "step", "store", "stream", "string", "surrogate", "table", "tag", "target", "task", "template",
    "tenant", "test", "thread", "throttle", "throttling", "thumbnail", "ticket", "time", "timestamp", "topic", "trace", "track", "tracking", "translation",
    "tree", "type", "unique", "up", "upload", "url", "user", "value", "variable", "version", "video", "view", "window", "workflow",
];

#[rustfmt::skip]
const VENDORS: &[&str] = &[
    "abstractapi", "abuseipdb", "accuweather", "activecampaign", "adafruit", "adobe", "adyen", "adzuna", "aerisweather", "aftership", "agora", "aha",
    "airbrake", "airnow", "airship", "airtable", "airvisual", "aiven", "akamai", "alchemy", "algolia", "alibaba", "alienvault", "aliyun", "allsports",
    "alphavantage", "amadeus", "amazon", "ambee", "amplitude", "anthropic", "anypoint", "anyscale", "apiflash", "apify", "apilayer", "apimatic", "apitemplate",
    "apollo", "appcues", "appdynamics", "appfollow", "appinsights", "appoptics", "appsflyer", "appsignal", "appsync", "artifactory", "artsy", "asana",
    "assemblyai", "atera", "atlassian", "audd", "autodesk", "autoklose", "autopilot", "avaza", "aviationstack", "aylien", "ayrshare", "azure", "backblaze",
    "baidu", "bamboohr", "bannerbear", "baremetrics", "basecamp", "bazaarvoice", "beamer", "beebole", "besttime", "betterstack", "billomat", "binance", "bing",
    "bitbar", "bitbucket", "bitcoinaverage", "bitfinex", "bitly", "bitmex", "bitrise", "bittrex", "blazemeter", "blockfrost", "blocknative", "bluesnap",
    "bombbomb", "boostnote", "braintree", "brandfetch", "braze", "brevo", "brightdata", "browserless", "browserstack", "browshot", "bscscan", "buddyns",
    "bugherd", "bugsnag", "buildkite", "bunny", "bunnycdn", "buttercms", "bybit", "calendarific", "calendly", "calorieninja", "campayn", "cannyio", "canva",
    "capsulecrm", "captaindata", "carbonintensity", "cartesia", "cashboard", "caspio", "censys", "centralstationcrm", "chargebee", "chargify", "chartbeat",
    "chartmogul", "chatfuel", "checkly", "checkmarx", "checkvist", "circleci", "civo", "clarifai", "clearbit", "clickhelp", "clickhouse", "clicksend",
    "clickup", "cliengo", "clinchpad", "clockify", "clockwork", "cloudant", "cloudconvert", "cloudelements", "cloudflare", "cloudimage", "cloudinary",
    "cloudmersive", "cloudplan", "cloudsmith", "cloudways", "cloverly", "clustdoc", "codacy", "codeclimate", "codecov", "codemagic", "codequiry", "cohere",
    "coinapi", "coinbase", "coincap", "coingecko", "coinlayer", "coinlib", "coinmarketcap", "cometml", "commercejs", "commercetools", "companyhub", "confluent",
    "contentful", "contentstack", "convertapi", "convertkit", "convier", "copyleaks", "copyscape", "coralogix", "countrylayer", "courier", "coveralls",
    "craftmypdf", "crowdin", "crowdstrike", "cryptocompare", "currencycloud", "currencyfreaks", "currencylayer", "currencyscoop", "customerguru", "customerio",
    "dailyco", "dareboost", "databox", "databricks", "datadog", "dataforseo", "datagov", "deepai", "deepgram", "deepl", "deepseek", "delighted", "descope",
    "detectify", "detectlanguage", "devcycle", "dfuse", "diffbot", "diggernaut", "digicert", "digitalocean", "discogs", "discord", "disqus", "docker",
    "dockerhub", "docparser", "documo", "docusign", "doppler", "dotdigital", "dovico", "droneci", "dropbox", "duffel", "dwolla", "dynalist", "dynatrace",
    "dyspatch", "eagleeyenetworks", "easyinsight", "easypost", "edamam", "edenai", "eightxeight", "elasticemail", "elevenlabs", "emailoctopus", "enablex",
    "endorlabs", "equinix", "etherscan", "ethplorer", "eventbrite", "everhour", "exchangerate", "exchangerates", "exoscale", "expensify", "exportsdk",
    "extractorapi", "facebook", "faceplusplus", "fastforex", "fastly", "feedier", "fetchrss", "figma", "fileio", "filestack", "finage", "financialmodelingprep",
    "finicity", "finnhub", "fireworks", "fivetran", "fixerio", "flatio", "flexport", "flickr", "flightapi", "flightlabs", "flightstats", "flowflu", "flowroute",
    "flutterwave", "fmfw", "formbucket", "formio", "formsite", "foursquare", "freshbooks", "freshdesk", "freshservice", "freshworks", "fulcrum", "fullcontact",
    "fullstory", "fxmarket", "geckoboard", "gemfury", "gemini", "gengo", "geoapify", "geocodify", "geocodio", "geoipify", "getemail", "getemails", "getgeoapi",
    "getgist", "getresponse", "getsandbox", "giphy", "gitea", "gitguardian", "github", "gitlab", "gitter", "glassnode", "globus", "gocanvas", "gocardless",
    "godaddy", "gooddata", "goodday", "googleapi", "googlemaps", "grafana", "graphcms", "graphhopper", "greptile", "groovehq", "groq", "growthbook", "gtmetrix",
    "guardianapi", "gumroad", "gyazo", "happyscribe", "harness", "hashnode", "heatmapapi", "helicone", "helpcrunch", "helpscout", "hereapi", "heroku",
    "hetzner", "hiveage", "holidayapi", "honeybadger", "honeycomb", "hotjar", "hubspot", "huggingface", "hybiscus", "hybridanalysis", "ibm", "iconfinder",
    "iexapis", "iexcloud", "imagekit", "imagga", "infobip", "infomaniak", "infura", "inngest", "insightly", "instabot", "instagram", "instana", "integromat",
    "intercom", "interseller", "intrinio", "invoiceocean", "ipapi", "ipdata", "ipgeolocation", "ipify", "ipinfo", "ipinfodb", "ipquality", "ipqualityscore",
    "ipstack", "jfrog", "jina", "jotform", "jumio", "jumpcloud", "juro", "kanbantool", "karmacrm", "keenio", "keycdn", "keygen", "kickbox", "klarna", "klaviyo",
    "klingai", "kucoin", "kylas", "lambdatest", "languagelayer", "lastfm", "launchdarkly", "leadfeeder", "lemlist", "lemonsqueezy", "lendflow",
    "lessannoyingcrm", "lexigram", "lighton", "linemessaging", "linenotify", "linkedin", "linkpreview", "listennotes", "litellm", "livechat", "livekit",
    "livestorm", "loadmill", "lob", "locationiq", "logdna", "loggly", "loginradius", "logtail", "logz", "logzio", "lokalise", "loyverse", "lumino", "luno",
    "macaddress", "mailboxlayer", "mailboxvalidator", "mailchimp", "mailerlite", "mailersend", "mailgun", "mailjet", "mailmodo", "mailsac", "mandrill",
    "mapbox", "mapquest", "marketstack", "mattermost", "mavenlink", "maxmind", "meaningcloud", "mediastack", "meistertask", "meraki", "mercadopago",
    "messagebird", "metaapi", "metabase", "metrilo", "mezmo", "midtrans", "miro", "mistral", "mistralai", "mixcloud", "mixmax", "mixpanel", "mockaroo",
    "mollie", "monkeylearn", "moonclerk", "moonshot", "moralis", "mouseflow", "mrticktock", "mux", "myfreshworks", "myintervals", "nasa", "nasdaq", "nebius",
    "netcore", "netlify", "neutrinoapi", "newrelic", "newsapi", "newscatcher", "nexmo", "nftport", "ngc", "ngrok", "nicereply", "nightfall", "nomic",
    "noticeable", "notion", "nozbe", "numverify", "nutritionix", "nylas", "nytimes", "ocrspace", "oddsapi", "okta", "ollama", "omnisend", "onedesk", "onelogin",
    "onepagecrm", "onesignal", "onfleet", "oopspam", "openai", "opencage", "opencagedata", "openexchangerates", "openrouter", "openuv", "openweather",
    "openweathermap", "opsgenie", "optimizely", "oracle", "outreach", "owlbot", "packagecloud", "packagist", "paddle", "pagarme", "pagerduty", "pandadoc",
    "pandascore", "paperform", "paperspace", "parsehub", "parseur", "partnerstack", "pastebin", "paydirt", "paymo", "paymongo", "paypal", "paystack",
    "pdflayer", "pdfshift", "peopledatalabs", "pepipost", "perplexity", "pexels", "phraseapp", "pinata", "pinecone", "pingdom", "pinterest", "pipedream",
    "pipedrive", "pivotaltracker", "pixabay", "plaid", "planetscale", "planviewleankit", "planyo", "playht", "plivo", "podio", "poeditor", "pollsapi",
    "poloniex", "portainer", "portkey", "posthog", "postman", "postmark", "powrbot", "prefect", "printful", "prismic", "prospectcrm", "protocolsio",
    "proxycurl", "pubnub", "pulumi", "pushbullet", "pusher", "pushover", "qase", "qdrant", "qualaroo", "qubole", "quickmetrics", "quicknode", "rapidapi",
    "rawg", "rawlinks", "raygun", "razorpay", "readme", "reallysimplesystems", "rebrandly", "recaptcha", "rechargepayments", "recurly", "replicate", "replyio",
    "requestfinance", "resend", "restpack", "restpackhtml", "revai", "revampcrm", "revenuecat", "ringcentral", "ritekit", "roaring", "roboflow", "rollbar",
    "rootly", "rownd", "rubygems", "runpod", "runrunit", "salesblink", "salescookie", "salesflare", "salesforce", "salesmate", "sambanova", "sanity",
    "satismeter", "saucelabs", "scaleway", "scalr", "scalyr", "scrapeowl", "scraperai", "scraperapi", "scraperbot", "scraperbox", "scrapersite", "scrapestack",
    "scrapfly", "scrapin", "scrapingant", "scrapingbee", "screenshotapi", "screenshotlayer", "scrutinizerci", "searchapi", "securitytrails", "segmentio",
    "selectpdf", "semantria", "sematext", "sendbird", "sendgrid", "sendinblue", "sentry", "serpapi", "serper", "serphouse", "serpstack", "servicenow",
    "sharetribe", "sheety", "sherpadesk", "shipday", "shipengine", "shippo", "shodan", "shopify", "shotstack", "shutterstock", "signable", "signalwire",
    "signaturit", "signupgenius", "sigopt", "sigparser", "siliconflow", "simfin", "simplesat", "simplynoted", "sinch", "sirv", "siteleaf", "skrappio",
    "skybiometry", "slack", "slackbot", "smartsheet", "smartsheets", "smartystreets", "smsapi", "snipcart", "snowflake", "snyk", "softlayer", "solarwinds",
    "sonarcloud", "sonarqube", "sourcegraph", "sparkpost", "speechtext", "speechtextai", "splunk", "spoonacular", "sportradar", "sportsmonk", "sportsmonks",
    "spotify", "spotinst", "squarespace", "squareup", "sslmate", "stability", "stackhawk", "stannp", "statuscake", "statuspage", "statuspal", "stitchdata",
    "stockdata", "storecove", "stormboard", "stormglass", "storyblok", "storychief", "strapi", "strava", "stripe", "stripo", "stytch", "sugester", "sumologic",
    "supabase", "supernotes", "surveyanyplace", "surveybot", "surveymonkey", "surveysparrow", "survicate", "swiftype", "synthesia", "tailscale", "tallyfy",
    "tatum", "tatumio", "tavily", "taxjar", "teamgate", "teamworkcrm", "teamworkdesk", "teamworkspaces", "technicalanalysisapi", "tefter", "telegram",
    "teletype", "telnyx", "tencent", "terraform", "textmagic", "theoddsapi", "thinkific", "thousandeyes", "ticketmaster", "tickettailor", "tiingo", "timecamp",
    "timezoneapi", "tineswebhook", "tmdb", "tmetric", "todoist", "togetherai", "toggl", "toggltrack", "tomorrowio", "tomtom", "tradier", "transferwise",
    "transifex", "travelpayouts", "travisci", "trello", "trustpilot", "turso", "twelvedata", "twilio", "twitch", "twitter", "tyntec", "typeform", "typetalk",
    "ubidots", "uclassify", "unifyid", "unplugg", "unsplash", "upcdatabase", "uplead", "uploadcare", "upstage", "upstash", "uptimerobot", "upwave", "urlscan",
    "userflow", "userstack", "vatlayer", "vbout", "veevavault", "vercel", "verimail", "veriphone", "versioneye", "viewneo", "virustotal", "visualcrossing",
    "voiceflow", "voicegain", "vonage", "voodoosms", "vouchery", "vpnapi", "vultr", "vyte", "wakatime", "walkscore", "wandb", "waqi", "weatherapi",
    "weatherbit", "weatherstack", "weaviate", "webex", "webflow", "webscraper", "webscraping", "websitepulse", "wepay", "whatcms", "whatsapp", "whoxy",
    "wistia", "woocommerce", "wordnik", "worksnaps", "workstack", "worldcoinindex", "worldweather", "wrike", "xai", "xero", "yahoo", "yandex", "yelp",
    "youneedabudget", "yousign", "youtube", "zapier", "zapierwebhook", "zapscrape", "zendesk", "zenkit", "zenkitapi", "zenrows", "zenscrape", "zenserp",
    "zeplin", "zerobounce", "zerossl", "zerotier", "zhipu", "zillow", "zipapi", "zipbooks", "zipcodeapi", "zipcodebase", "zoho", "zohocrm", "zonkafeedback",
    "zoom", "zulip", "zulipchat", "zyte",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_its_names_fit() {
        assert!(VENDORS.is_sorted());
        assert!(VENDORS.iter().all(|vendor| vendor.len() <= NAME_MAX));
        assert!(FINDING.iter().all(|word| !is_vendor("", word)));
    }

    #[test]
    fn a_name_may_be_two_words() {
        assert!(is_vendor("", "Mailgun"));
        assert!(is_vendor("Better", "Stack"));
        assert!(!is_vendor("", "Stack"));
        assert!(!is_vendor("averyveryverylongname", "mailgun"));
    }
}
