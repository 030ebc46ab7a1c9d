//! JUnit XML, for pipelines that show checks as tests: a suite for each Product Instance, a case for each check.
//!
//! Source: the schema of Jenkins' xUnit plugin, `junit-10.xsd`, as the crate `quick-junit` writes it; XML 1.0 (fifth
//! edition), section 2.2, for the characters.
//!
//! There is no clock and no random identity in it: the same report is the same bytes. Lacking evidence is skipped, with
//! what to collect as its reason: it is neither passed nor failed.

use std::collections::HashMap;
use std::fmt;

use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};

use super::Options;
use crate::escape::{SHOWN_MAX, cut, terminal};
use crate::report::{Check, CheckOutcome, ProductInstance, Report};
use crate::show::words::{cite, n, nodes};

/// Most lines that one case cites; the others are counted.
const CITED_MAX: usize = 20;

pub(super) fn render(report: &Report, out: &mut dyn fmt::Write, _: &Options) -> fmt::Result {
    let mut document = quick_junit::Report::new(text(&report.tool.name));
    let mut suites: Vec<(Option<&str>, TestSuite)> = Vec::new();
    let mut places: HashMap<Option<&str>, usize> = HashMap::new();
    for instance in &report.product_instances {
        places.entry(Some(&instance.id)).or_insert_with(|| {
            suites.push((Some(&instance.id), suite(report, Some(instance))));
            suites.len() - 1
        });
    }
    for check in &report.checks {
        let of = check.product_instance.as_deref();
        let place = *places.entry(of).or_insert_with(|| {
            suites.push((of, suite(report, None)));
            suites.len() - 1
        });
        if let Some((_, suite)) = suites.get_mut(place) {
            suite.add_test_case(case(report, check));
        }
    }
    for (i, (of, mut suite)) in suites.into_iter().enumerate() {
        suite.name = text(of.unwrap_or(UNNAMED)).into();
        if i == 0 && !report.input.incomplete.is_empty() {
            let told: Vec<String> = report.input.incomplete.iter().map(|says| text(says)).collect();
            suite.set_system_err(format!("Incomplete input:\n{}", told.join("\n")));
        }
        document.add_test_suite(suite);
    }
    out.write_str(&document.to_string().map_err(|_| fmt::Error)?)
}

/// The suite of checks where the input holds no Product Instance.
const UNNAMED: &str = "no Product Instance";

/// A suite without its cases; `instance` is `None` where the report holds none of that name.
fn suite(report: &Report, instance: Option<&ProductInstance>) -> TestSuite {
    let mut suite = TestSuite::new(UNNAMED);
    let mut property = |name: &str, value: &str| {
        suite.add_property(Property::new(name, text(value)));
    };
    if let Some(as_of) = report.as_of {
        property("as_of", &as_of.text());
    }
    property("version", &report.tool.version);
    if let Some(instance) = instance {
        property("nodes", &nodes(instance));
        property("release", instance.release.version.as_deref().unwrap_or("not known"));
        let now = &instance.now;
        for (name, now) in [
            ("registration", &now.registration),
            ("authorization", &now.authorization),
            ("enforcement", &now.enforcement),
        ] {
            property(name, &now.state);
        }
    }
    suite
}

fn case(report: &Report, check: &Check) -> TestCase {
    let mut case = TestCase::new(text(&check.id), status(report, check));
    case.set_classname(text(check.product_instance.as_deref().unwrap_or(UNNAMED)));
    if check.outcome == CheckOutcome::Pass {
        case.set_system_out(body(report, check));
    }
    case
}

fn status(report: &Report, check: &Check) -> TestCaseStatus {
    let mut status = match (check.outcome, &check.suppressed) {
        (CheckOutcome::Pass, _) => return TestCaseStatus::success(),
        (CheckOutcome::Fail, None) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(check.severity.map_or("unknown", |severity| severity.name()));
            status.set_message(text(&check.says));
            status
        }
        (CheckOutcome::Fail, Some(of)) => {
            let mut status = TestCaseStatus::skipped();
            status.set_type("suppressed");
            status.set_message(text(&format!("suppressed until {}: {}", of.expires.text(), of.reason)));
            status
        }
        (CheckOutcome::NoEvidence | CheckOutcome::NotApplicable, _) => {
            let mut status = TestCaseStatus::skipped();
            status.set_type(check.outcome.name());
            status.set_message(text(&check.says));
            status
        }
    };
    status.set_description(body(report, check));
    status
}

/// What was found, what to do, and the lines, one below the other.
fn body(report: &Report, check: &Check) -> String {
    let mut lines = vec![text(&format!("Checked: {}", check.title)), text(&check.says)];
    for (title, more) in [("What to do", &check.remedy), ("What to collect", &check.collect)] {
        if let Some(more) = more {
            lines.push(text(&format!("{title}: {more}")));
        }
    }
    for follows in &check.follows_from {
        lines.push(text(&format!("Follows from {}: {}", follows.check, follows.how)));
    }
    lines.push(text(&format!("Source: {}", check.source)));
    for line in check.evidence.iter().take(CITED_MAX) {
        lines.push(text(&format!("{}: {}", cite(report, line), line.text)));
    }
    if let Some(more @ 1..) = check.evidence.len().checked_sub(CITED_MAX) {
        lines.push(format!("and {} in the JSON report", n(more as u64, "more line")));
    }
    lines.join("\n")
}

/// One line of text that XML can hold and that a log viewer shows as it is.
fn text(text: &str) -> String {
    let text = cut(text, SHOWN_MAX);
    // These two are drawn as nothing in particular, but no XML may hold them.
    terminal(&text).replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assemble;
    use crate::suppress::{Accepted, suppress};
    use crate::testing::{HOSTILE, at, hostile, out_of_compliance, tool};

    /// The document, after a look at whether it is well-formed: tags close in order, and nothing else is markup.
    #[track_caller]
    fn check(report: &Report) -> String {
        let mut out = String::new();
        render(report, &mut out, &Options::default()).unwrap();
        assert!(out.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "), "{out:.200}");
        assert!(out.chars().all(|c| c == '\n' || !crate::escape::is_hidden(c)));
        assert!(!out.contains(['\u{fffe}', '\u{ffff}']));
        let known = [
            "testsuites",
            "testsuite",
            "properties",
            "property",
            "testcase",
            "failure",
            "skipped",
            "system-out",
            "system-err",
        ];
        let mut open: Vec<&str> = Vec::new();
        for part in out.split('<').skip(2) {
            let (tag, text) = part.split_once('>').unwrap();
            assert!(!text.contains('>'), "{part}");
            entities(tag);
            entities(text);
            let name = tag.trim_matches('/').split(' ').next().unwrap();
            assert!(known.contains(&name), "{tag}");
            if tag.starts_with('/') {
                assert_eq!(open.pop(), Some(name));
            } else {
                assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
                if !tag.ends_with('/') {
                    open.push(name);
                }
            }
        }
        assert!(open.is_empty(), "{open:?}");
        out
    }

    /// Every `&` begins one of the five entities.
    #[track_caller]
    fn entities(text: &str) {
        for rest in text.split('&').skip(1) {
            let entity = rest.split(';').next().unwrap();
            assert!(["lt", "gt", "amp", "quot", "apos"].contains(&entity), "{text}");
        }
    }

    fn known() -> Report {
        let (facts, tables) = out_of_compliance();
        assemble(&facts, &tables, tool())
    }

    #[test]
    fn a_suite_is_a_product_instance_and_a_case_a_check() {
        let report = known();
        let xml = check(&report);
        assert_eq!(xml.matches("<testsuite ").count(), 1);
        assert_eq!(xml.matches("<testcase ").count(), report.checks.len());
        let failed = report.checks.iter().filter(|row| row.outcome == CheckOutcome::Fail).count();
        assert!(0 < failed);
        assert_eq!(xml.matches("<failure ").count(), failed);
        assert!(xml.contains(&format!("failures=\"{failed}\"")), "{xml:.400}");
        assert!(xml.contains("<testcase name=\"ooc-now\" classname=\"uccx1\">"), "{xml:.2000}");
        assert!(xml.contains("<property name=\"authorization\" value=\"out_of_compliance\"/>"));
        assert!(xml.contains("type=\"critical\"") && xml.contains("\nuccx1/syslog/CiscoSyslog:14: "));
    }

    #[test]
    fn lacking_evidence_is_skipped_and_says_what_to_collect() {
        let report = known();
        let xml = check(&report);
        let skipped =
            |row: &&Check| matches!(row.outcome, CheckOutcome::NoEvidence | CheckOutcome::NotApplicable);
        assert_eq!(xml.matches("<skipped ").count(), report.checks.iter().filter(skipped).count());
        assert!(xml.contains("type=\"no_evidence\"") && xml.contains("\nWhat to collect: "));
    }

    #[test]
    fn what_the_user_accepts_is_skipped_with_the_reason() {
        let mut report = known();
        let accepted = Accepted {
            check: "ooc-now".into(),
            product_instance: None,
            reason: "an order <is> placed".into(),
            expires: at("2027-01-01T00:00:00Z"),
        };
        suppress(&mut report, &[accepted]);
        let xml = check(&report);
        assert!(xml.contains(
            "<skipped message=\"suppressed until 2027-01-01T00:00:00.000Z: an order &lt;is&gt; placed\" \
             type=\"suppressed\">"
        ));
    }

    #[test]
    fn a_report_without_a_product_instance_still_shows_its_checks() {
        let report = assemble(&history::facts::Facts::default(), &crate::Tables::default(), tool());
        let xml = check(&report);
        assert!(xml.contains("<testsuite name=\"no Product Instance\""), "{xml:.300}");
        assert_eq!(xml.matches("<testcase ").count(), report.checks.len());
    }

    #[test]
    fn what_could_not_be_read_is_told_beside_the_cases() {
        let mut report = known();
        report.input.incomplete = vec!["uccxpub.zip: the archive is damaged".into()];
        assert!(
            check(&report).contains("Incomplete input:\nuccxpub.zip: the archive is damaged</system-err>")
        );
    }

    #[test]
    fn the_same_report_is_the_same_bytes() {
        assert_eq!(check(&known()), check(&known()));
    }

    #[test]
    fn hostile_text_stays_text() {
        let mut report = hostile();
        for (i, row) in report.checks.iter_mut().enumerate() {
            row.says = format!("{HOSTILE} ]]> <![CDATA[ &#27; \u{fffe}\u{ffff}\u{0}");
            row.product_instance = (i % 3 > 0).then(|| HOSTILE.into());
            if let [first, ..] = row.evidence.as_mut_slice() {
                first.text = "a\r\nb\tc\u{1b}[2J".into();
                row.evidence = vec![row.evidence[0].clone(); 2 * CITED_MAX + 1];
            }
        }
        let xml = check(&report);
        assert!(xml.contains("\\u{1b}[2J\\u{9b}31m\\u{7}\\r\\n"), "{xml:.2000}");
        assert!(xml.contains("\nand 21 more lines in the JSON report"));
    }
}
