//! The log against what the format requires: names, lists of words, indices that point somewhere.

use super::*;
use crate::assemble;
use crate::suppress::{Accepted, suppress};
use crate::testing::{at, failure, hostile, one, out_of_compliance, tool};
use parsers::event::FailureClass;

/// The run of a report, after a look at everything that the format says of every log.
#[track_caller]
fn check(report: &Report) -> Value {
    let mut text = String::new();
    render(report, &mut text, &Options::default()).unwrap();
    assert!(text.chars().all(|c| c == '\n' || !crate::escape::is_hidden(c)) && !text.contains('<'));
    let log: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().unwrap().ends_with("sarif-schema-2.1.0.json"));
    let [run] = log["runs"].as_array().unwrap().as_slice() else { panic!("one run") };
    let artifacts = run["artifacts"].as_array().unwrap();
    let unique: std::collections::BTreeSet<String> = artifacts.iter().map(Value::to_string).collect();
    assert_eq!(unique.len(), artifacts.len());
    for (i, artifact) in artifacts.iter().enumerate() {
        is_reference(&artifact["location"]["uri"]);
        assert!(artifact["parentIndex"].is_null() || artifact["parentIndex"].as_u64().unwrap() < i as u64);
        for role in artifact["roles"].as_array().into_iter().flatten() {
            assert!(["analysisTarget", "directory"].contains(&role.as_str().unwrap()), "{role}");
        }
    }
    let driver = &run["tool"]["driver"];
    assert!(driver["name"].is_string() && driver["version"].is_string());
    let rules = driver["rules"].as_array().unwrap();
    assert_eq!(rules.len(), CHECKS.len());
    for rule in rules {
        for text in ["shortDescription", "fullDescription", "help"] {
            is_message(&rule[text]);
        }
        assert!(rule["properties"]["source"].is_string());
    }
    let invocation = &run["invocations"][0];
    assert!(invocation["executionSuccessful"].is_boolean());
    for list in ["toolExecutionNotifications", "toolConfigurationNotifications"] {
        for notification in invocation[list].as_array().unwrap() {
            is_message(&notification["message"]);
            assert!(["none", "note", "warning", "error"].contains(&notification["level"].as_str().unwrap()));
        }
    }
    assert_eq!(run["results"].as_array().unwrap().len(), report.checks.len());
    for result in run["results"].as_array().unwrap() {
        is_result(result, rules, artifacts);
    }
    run.clone()
}

#[track_caller]
fn is_result(result: &Value, rules: &[Value], artifacts: &[Value]) {
    is_message(&result["message"]);
    let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
    assert_eq!(rule["id"], result["ruleId"]);
    let kind = result["kind"].as_str().unwrap();
    let level = result["level"].as_str().unwrap();
    assert!(["pass", "open", "notApplicable", "fail"].contains(&kind), "{kind}");
    assert!(["none", "note", "warning", "error"].contains(&level), "{level}");
    assert_eq!(kind == "fail", level != "none");
    assert!(result["locations"].as_array().unwrap().len() <= 1);
    let mut ids = std::collections::BTreeSet::new();
    for list in ["locations", "relatedLocations"] {
        for location in result[list].as_array().unwrap() {
            let place = &location["physicalLocation"];
            let index = place["artifactLocation"]["index"].as_u64().unwrap();
            let artifact = &artifacts[usize::try_from(index).unwrap()];
            assert_eq!(artifact["location"]["uri"], place["artifactLocation"]["uri"]);
            let region = &place["region"];
            assert!(1 <= region["startLine"].as_u64().unwrap());
            assert!(region["byteOffset"].is_u64() && region["byteLength"].is_u64());
            let snippet = region["snippet"]["text"].as_str().unwrap();
            assert!(snippet.chars().all(|c| c == '\n' || !crate::escape::is_hidden(c)), "{snippet:?}");
            assert!(location["id"].is_null() || ids.insert(location["id"].as_u64().unwrap()));
        }
    }
    for print in result["partialFingerprints"].as_object().unwrap().values() {
        assert_eq!(print.as_str().unwrap().len(), 64);
    }
    for suppression in result["suppressions"].as_array().unwrap() {
        assert_eq!((&suppression["kind"], &suppression["status"]), (&"external".into(), &"accepted".into()));
        assert!(suppression["justification"].is_string());
    }
}

/// A text without a placeholder, a link, or a character that a viewer would not draw.
#[track_caller]
fn is_message(message: &Value) {
    let text = message["text"].as_str().unwrap();
    assert!(!text.is_empty() && !text.contains("]("), "{text}");
    assert!(text.chars().all(|c| c == '\n' || !crate::escape::is_hidden(c)), "{text:?}");
    for brace in ["{", "}"] {
        assert_eq!(text.replace(&brace.repeat(2), "").matches(brace).count(), 0, "{text}");
    }
}

/// A reference of RFC 3986 without a host, a query or a fragment; the only scheme is `file`.
#[track_caller]
fn is_reference(uri: &Value) {
    let uri = uri.as_str().unwrap();
    let path = uri.strip_prefix("file://").unwrap_or(uri);
    assert!(!path.starts_with("//") && !path.split('/').any(|segment| segment == ".."), "{uri}");
    assert!(path.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~/%".contains(&b)), "{uri}");
}

fn known() -> Report {
    let (facts, tables) = out_of_compliance();
    assemble(&facts, &tables, tool())
}

/// The result of a check in a run.
#[track_caller]
fn result_of<'a>(run: &'a Value, id: &str) -> &'a Value {
    run["results"].as_array().unwrap().iter().find(|result| result["ruleId"] == id).unwrap()
}

#[test]
fn out_of_compliance_is_an_error_at_the_line_that_says_so() {
    let run = check(&known());
    let result = result_of(&run, "ooc-now");
    assert_eq!((&result["kind"], &result["level"]), (&"fail".into(), &"error".into()));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "/uccx1/syslog/CiscoSyslog");
    assert_eq!((&place["region"]["startLine"], &place["region"]["byteOffset"]), (&14.into(), &1400.into()));
    assert_eq!(result["properties"]["product_instance"], "uccx1");
    assert!(result["message"]["text"].as_str().unwrap().contains("\n\nWhat to do: "));
}

#[test]
fn lacking_evidence_is_open_and_never_a_pass() {
    let report = known();
    let run = check(&report);
    let lacking: Vec<_> =
        report.checks.iter().filter(|row| row.outcome == CheckOutcome::NoEvidence).collect();
    assert!(!lacking.is_empty());
    for row in lacking {
        let result = result_of(&run, &row.id);
        assert_eq!((&result["kind"], &result["level"]), (&"open".into(), &"none".into()));
        assert!(result["message"]["text"].as_str().unwrap().contains("What to collect: "));
    }
}

#[test]
fn a_file_in_an_archive_names_the_archive_and_its_checksum() {
    let run = check(&known());
    let artifacts = run["artifacts"].as_array().unwrap();
    assert_eq!(artifacts[0]["location"]["uri"], "bundle.zip");
    assert_eq!(artifacts[0]["hashes"]["sha-256"], "ab".repeat(32));
    assert_eq!(artifacts[1]["parentIndex"], 0);
    assert!(artifacts[1]["location"]["uri"].as_str().unwrap().starts_with("/uccx"));
}

#[test]
fn a_file_in_a_folder_is_an_artifact_of_its_own_and_archives_nest() {
    let mut report = known();
    report.input.sources[0].kind = "directory".into();
    for row in &mut report.checks {
        for line in &mut row.evidence {
            line.member = Some("uccxpub/a.zip!/syslog/CiscoSyslog".into());
        }
    }
    let run = check(&report);
    let artifacts = run["artifacts"].as_array().unwrap();
    assert_eq!(artifacts.len(), 3);
    assert_eq!(artifacts[1]["location"]["uri"], "bundle.zip/uccxpub/a.zip");
    assert!(artifacts[1]["parentIndex"].is_null());
    assert_eq!(artifacts[2]["location"]["uri"], "/syslog/CiscoSyslog");
    assert_eq!(artifacts[2]["parentIndex"], 1);
}

#[test]
fn an_input_that_is_given_twice_is_one_artifact() {
    let mut report = known();
    let again = report.input.sources[0].clone();
    report.input.sources.push(again);
    let n_artifacts = |report: &Report| check(report)["artifacts"].as_array().unwrap().len();
    assert_eq!(n_artifacts(&report), n_artifacts(&known()));
}

#[test]
fn what_the_user_accepts_is_suppressed_and_what_has_run_out_is_told() {
    let mut report = known();
    let accepted = |check: &str, expires: &str| Accepted {
        check: check.into(),
        product_instance: None,
        reason: "order {0} is placed".into(),
        expires: at(expires),
    };
    let accepted = [accepted("ooc-now", "2027-01-01T00:00:00Z"), accepted("ooc-now", "2020-01-01T00:00:00Z")];
    suppress(&mut report, &accepted);
    let run = check(&report);
    let result = result_of(&run, "ooc-now");
    assert_eq!(result["suppressions"][0]["justification"], "order {0} is placed");
    assert_eq!(result_of(&run, "ooc-near")["suppressions"], json!([]));
    let told = run["invocations"][0]["toolConfigurationNotifications"].as_array().unwrap();
    assert_eq!(told.len(), 1);
}

#[test]
fn what_could_not_be_read_is_a_notification() {
    let mut report = known();
    report.input.incomplete = vec!["uccxpub.zip: the archive is damaged".into()];
    let run = check(&report);
    let told = &run["invocations"][0]["toolExecutionNotifications"][0];
    assert_eq!(told["message"]["text"], "uccxpub.zip: the archive is damaged");
    assert_eq!(told["level"], "warning");
}

#[test]
fn the_same_failure_has_the_same_fingerprints_in_the_next_bundle() {
    let (mut facts, tables) = out_of_compliance();
    let before = check(&assemble(&facts, &tables, tool()));
    facts.as_of = Some(at("2026-04-09T00:00:00Z"));
    one(&mut facts).events.push(failure(FailureClass::Dns, 90, None));
    let after = check(&assemble(&facts, &tables, tool()));
    let prints = |run: &Value| result_of(run, "ooc-now")["partialFingerprints"].clone();
    assert_eq!(prints(&before), prints(&after));
    assert_ne!(prints(&after), result_of(&after, "ooc-near")["partialFingerprints"]);
}

#[test]
fn hostile_text_stays_text() {
    let mut report = hostile();
    let (first, rest) = report.checks.split_first_mut().unwrap();
    first.says = format!("{} [a](javascript:b) {{0}}", crate::testing::HOSTILE);
    first.product_instance = Some(crate::testing::HOSTILE.into());
    for row in rest {
        row.evidence.iter_mut().for_each(|line| line.text = "a\r\nb\tc\u{1b}[2J".into());
    }
    check(&report);
}

#[test]
fn addresses_are_found_in_sources_and_not_made_up() {
    assert_eq!(
        address("a page (https://www.example.com/x.html)").as_deref(),
        Some("https://www.example.com/x.html")
    );
    assert_eq!(address("Cisco 217416"), None);
}
