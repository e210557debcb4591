//! Dashboard, alert rules and runbook against a running agent: what they name exists.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Agent, Finished, Site, append, eventually, finish, free_port, ids, lines, skipped};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).expect("the file is there")
}

const RULES: &str = "packaging/prometheus/tracespool.rules.yml";
const DASHBOARD: &str = "packaging/grafana/tracespool.json";
const RUNBOOK: &str = "docs/operate.md";

/// `/metrics` of an agent that has seen everything that makes a counter appear.
fn metrics() -> String {
    let site = Site::sqlite();
    // A byte order mark, a secret, and a line that is none.
    append(&site.path("app.ndjson"), "\u{feff}{\"event_key\":\"a\",\"metadata\":{\"password\":\"x-s3cret-x\"}}\nno\n");
    let agent = site.start();
    site.wait_rows(1);
    agent.conserved();
    agent.page("/metrics", 200)
}

/// The words of a text that begin like a metric of ours, with what stands in braces behind each.
fn named(text: &str) -> Vec<(String, String)> {
    let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
    let mut found = Vec::new();
    for (at, _) in text.match_indices("tracespool_") {
        if text[..at].ends_with(is_name) {
            continue;
        }
        let name: String = text[at..].chars().take_while(|c| is_name(*c)).collect();
        let rest = &text[at + name.len()..];
        let labels = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or("", |(labels, _)| labels);
        found.push((name, labels.to_owned()));
    }
    found
}

/// The series of a page, and the labels that each name has.
fn series(page: &str) -> Vec<(String, String)> {
    named(&page.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n"))
}

#[track_caller]
fn check_names(place: &str, expressions: &str, page: &str) {
    let series = series(page);
    let used = named(expressions);
    assert!(!used.is_empty(), "{place} names no metric");
    for (name, labels) in used {
        let found: Vec<_> = series.iter().filter(|(known, _)| *known == name).collect();
        assert!(!found.is_empty(), "{place} names `{name}`, and no agent has it");
        for selector in labels.split(',').filter(|selector| !selector.trim().is_empty()) {
            let (label, value) = selector.split_once('=').expect("a selector");
            let (label, value) = (label.trim(), value.trim_start_matches('~').trim_matches('"'));
            // These are Prometheus's own.
            if ["instance", "job"].contains(&label) {
                continue;
            }
            let is = format!("{label}=\"{value}\"");
            assert!(found.iter().any(|(_, labels)| labels.contains(&is)), "{place}: `{name}` never has {is}");
        }
    }
}

/// Everything under `expr` in a JSON document.
fn expressions(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| match value {
            Value::String(text) if name == "expr" || name == "query" => into.push(text.clone()),
            value => expressions(value, into),
        }),
        Value::Array(items) => items.iter().for_each(|item| expressions(item, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_dashboard_and_the_rules_name_metrics_that_exist_and_the_runbook_all_of_them() {
    let page = metrics();
    let dashboard: Value = serde_json::from_str(&text(DASHBOARD)).expect("the dashboard is JSON");
    let mut found = Vec::new();
    expressions(&dashboard, &mut found);
    check_names("the dashboard", &found.join("\n"), &page);
    let rules = text(RULES);
    let found = rules.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).collect::<Vec<_>>();
    assert!(found.len() >= 10, "{found:?}");
    check_names("the rules", &found.join("\n"), &page);

    let runbook = text(RUNBOOK);
    let families = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let documented: BTreeSet<String> = named(&runbook).into_iter().map(|(name, _)| name).collect();
    for family in families.collect::<BTreeSet<_>>() {
        assert!(documented.contains(family), "{RUNBOOK} does not name `{family}`");
    }
}

#[test]
fn every_alert_has_its_place_in_the_runbook_and_a_test_that_fires_it() {
    let (rules, runbook) = (text(RULES), text(RUNBOOK));
    let tests = text("packaging/prometheus/tracespool.rules.test.yml");
    let after = |key: &str| -> Vec<String> {
        rules
            .lines()
            .filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix(key))
            .map(str::to_owned)
            .collect()
    };
    let (alerts, links) = (after("alert: "), after("runbook_url: "));
    assert_eq!(alerts.len(), links.len());
    // As the place where the file is read makes an anchor of a heading without blanks.
    let headings = runbook.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix(' '));
    let anchors: BTreeSet<String> = headings.clone().map(str::to_ascii_lowercase).collect();
    for (alert, link) in alerts.iter().zip(&links) {
        let (page, anchor) = link.split_once('#').expect("an anchor");
        assert!(page.ends_with(&format!("/{RUNBOOK}")), "{link}");
        assert_eq!(*anchor, alert.to_ascii_lowercase());
        assert!(anchors.contains(anchor), "{RUNBOOK} has no heading for {link}");
        assert!(tests.contains(&format!("alertname=\"{alert}\"")), "no test fires {alert}");
    }
    for heading in headings.filter(|heading| heading.starts_with("Tracespool")) {
        assert!(alerts.iter().any(|alert| alert == heading), "{RUNBOOK} has {heading}, and there is no such alert");
    }
    let within = runbook.split("](#").skip(1).filter_map(|rest| rest.split(')').next());
    for anchor in within {
        assert!(anchors.contains(anchor), "{RUNBOOK} leads to #{anchor}, which is nowhere");
    }
}

/// Runs promtool, if there is one.
fn promtool(arguments: &[&str], input: &[u8]) -> Option<Finished> {
    if Command::new("promtool").arg("--version").output().is_err() {
        skipped("promtool", "it is not here; Debian has it in the package `prometheus`");
        return None;
    }
    let mut command = Command::new("promtool");
    command.args(arguments);
    Some(finish(command, input, Duration::from_secs(60)))
}

#[test]
fn promtool_takes_the_rules_fires_every_alert_and_has_no_complaint_about_the_metrics() {
    let rules = path(RULES).display().to_string();
    let tests = path("packaging/prometheus/tracespool.rules.test.yml").display().to_string();
    for arguments in [&["check", "rules", &rules][..], &["test", "rules", &tests]] {
        let Some(said) = promtool(arguments, b"") else { return };
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    // What the dashboard asks for, as if it were rules: then promtool reads it.
    let dashboard: Value = serde_json::from_str(&text(DASHBOARD)).expect("the dashboard is JSON");
    let mut asked = Vec::new();
    expressions(&dashboard["panels"], &mut asked);
    let rule = |(number, asked): (usize, &String)| {
        let asked = asked.replace("$__rate_interval", "5m").replace("$instance", ".*");
        format!("  - record: dashboard:number_{number}\n    expr: {}\n", Value::from(asked))
    };
    let rules: String = asked.iter().enumerate().map(rule).collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("dashboard.yml");
    std::fs::write(&file, format!("groups:\n- name: dashboard\n  rules:\n{rules}")).expect("the rules are written");
    let Some(said) = promtool(&["check", "rules", &file.display().to_string()], b"") else { return };
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains(&format!("{} rules found", asked.len())) && asked.len() > 20, "{said:?}");
    let Some(said) = promtool(&["check", "metrics"], metrics().as_bytes()) else { return };
    assert_eq!((said.code, said.stdout.as_str(), said.stderr.as_str()), (Some(0), "", ""));
}

#[test]
fn a_real_prometheus_scrapes_the_agent_and_evaluates_the_rules() {
    if Command::new("prometheus").arg("--version").output().is_err() {
        skipped("a real Prometheus", "it is not here; Debian has it in the package `prometheus`");
        return;
    }
    let site = Site::sqlite();
    append(&site.path("app.ndjson"), lines(&ids("line", 0..42)));
    let agent = site.start();
    site.wait_rows(42);
    agent.conserved();
    let port = free_port();
    let config = site.root().join("prometheus.yml");
    let text = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{}]\nscrape_configs:\n  - job_name: tracespool\n    \
         static_configs: [{{targets: [\"{}\"]}}]\n",
        path(RULES).display(),
        agent.url("").trim_start_matches("http://"),
    );
    std::fs::write(&config, text).expect("the config is written");
    let mut command = Command::new("prometheus");
    command.arg(format!("--config.file={}", config.display()));
    command.arg(format!("--storage.tsdb.path={}", site.root().join("tsdb").display()));
    command.arg(format!("--web.listen-address=127.0.0.1:{port}"));
    let prometheus = Agent::start(command, &site.root().join("prometheus.log"), port);
    let asked = |path: &str| -> Option<Value> {
        let answer = prometheus.get(path).ok()?;
        let body = answer.split_once("\r\n\r\n")?.1;
        // The answer may be in chunks, of which the first is all that matters.
        serde_json::from_str(body.get(body.find('{')?..=body.rfind('}')?)?).ok()
    };
    eventually("Prometheus has the count", || {
        let answer = asked("/api/v1/query?query=tracespool_rows_committed_total");
        answer.is_some_and(|answer| answer["data"]["result"][0]["value"][1] == "42")
    });
    let rules = || asked("/api/v1/rules").map(|answer| answer["data"]["groups"][0]["rules"].clone());
    eventually("every rule was evaluated", || {
        rules().and_then(|rules| rules.as_array().cloned()).is_some_and(|rules| {
            rules.len() >= 10 && rules.iter().all(|rule| rule["health"] == "ok" && rule["state"] == "inactive")
        })
    });
}
