//! Whole lines of telemetry, with a secret that must go or a look-alike that must stay.

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    use crate::scrub::{Options, Scrubber};

    /// What happened to the lines of one expectation.
    #[derive(Debug, Default)]
    struct Tally {
        lines: usize,
        misses: Vec<String>,
    }

    impl Tally {
        fn is_good(&self) -> bool {
            self.misses.len() * 100 <= self.lines
        }
    }

    #[test]
    fn secrets_in_the_corpus_go_and_look_alikes_stay() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/scrub");
        let mut scrubber = Scrubber::new(Options::default());
        let (mut redacted, mut kept) = (Tally::default(), Tally::default());
        for file in std::fs::read_dir(folder).expect("a folder of lines") {
            let path = file.expect("an entry").path();
            if path.extension().is_none_or(|extension| extension != "ndjson") {
                continue;
            }
            for case in std::fs::read_to_string(&path).expect("readable text").lines() {
                let case: Value = serde_json::from_str(case).expect("a case is JSON");
                let name = format!("{} ({})", case["id"], case["kind"]);
                let line = case["line"].to_string();
                let scrubbed = scrubber.scrub_line(&line).expect("the line is an object");
                let after: Value = serde_json::from_str(scrubbed.as_str()).expect("JSON comes out");
                match case["expect"].as_str() {
                    Some("redacted") => {
                        let first = case["secret"].as_str().expect("a secret is named");
                        let more = case["secrets"].as_array().into_iter().flatten().filter_map(Value::as_str);
                        let secrets: Vec<&str> = std::iter::once(first).chain(more).collect();
                        assert!(secrets.iter().all(|secret| holds(&case["line"], secret)), "{name} lacks a secret");
                        redacted.lines += 1;
                        if secrets.iter().any(|secret| holds(&after, secret)) {
                            redacted.misses.push(format!("{name} leaked: {scrubbed}"));
                        }
                    }
                    Some("kept") => {
                        kept.lines += 1;
                        if after != case["line"] {
                            kept.misses.push(format!("{name} changed: {scrubbed}"));
                        }
                    }
                    other => panic!("{name} expects {other:?}"),
                }
            }
        }
        assert!(redacted.lines >= 1_900 && kept.lines >= 2_000, "the corpus is there");
        let misses = [&*redacted.misses, &*kept.misses].concat().join("\n");
        assert!(redacted.is_good() && kept.is_good(), "{misses}");
    }

    /// Whether a text stands anywhere in a value: in a string, a key or a number, also of JSON inside a string.
    fn holds(value: &Value, text: &str) -> bool {
        let quoted = Value::from(text).to_string();
        let line = value.to_string();
        line.contains(text) || line.contains(quoted.trim_matches('"'))
    }
}
