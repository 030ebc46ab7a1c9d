//! Cisco's first scenario, asked what if: the forms of the document.

use chrono::TimeDelta;
use history::facts::{Basis, DeadlineKind, Dimension, Facts};
use history::policy::{Reading as CoreReading, Regime as CoreRegime};
use parsers::entitlements::PREMIUM;

use super::*;
use crate::testing::*;

fn premium<N>(count: N) -> Vec<(Arc<str>, N)> {
    vec![(PREMIUM.into(), count)]
}

fn follows(path: Vec<Step>, lacking: u32, irreversible: bool) -> WhatFollows {
    WhatFollows {
        regime: CoreRegime::Counted,
        reading: Some(CoreReading::At60),
        path,
        lacking: Some(if lacking == 0 { Vec::new() } else { premium(lacking) }),
        irreversible,
        says: Vec::new(),
    }
}

fn step_to(state: &'static str, dimension: Dimension, days: i64) -> Step {
    let expected = now() + TimeDelta::days(days);
    Step {
        dimension,
        state,
        earliest: Some(expected - TimeDelta::minutes(60)),
        expected: Some(expected),
        latest: Some(expected),
        rule: "90 days of Out of Compliance, then Enforcement (217416)".into(),
    }
}

/// Out of Compliance with 30 lacking: nothing, a purchase, two agents fewer, overage allowance off.
fn asked() -> (Facts, Vec<(usize, Vec<Scenario>)>) {
    let (facts, _) = crate::testing::scenario();
    let enforced = step_to("enforced", Dimension::Enforcement, 89);
    let mut compliant = step_to("in_compliance", Dimension::Authorization, 0);
    compliant.rule = "the next report shows usage within what is purchased (217416)".into();
    let mut agents = follows(vec![enforced.clone()], 30, true);
    agents.says = vec!["Logging agents out does not help: the highest use of 130 stays locked.".into()];
    let mut off = follows(vec![enforced.clone()], 30, true);
    off.says = vec!["It limits logins to what is purchased, and undoes nothing.".into()];
    let scenarios = vec![
        Scenario { change: Change::Nothing, outcomes: vec![follows(vec![enforced.clone()], 30, true)] },
        Scenario { change: Change::Buy(premium(20)), outcomes: vec![follows(vec![enforced], 10, true)] },
        Scenario { change: Change::BuyWhatLacks, outcomes: vec![follows(vec![compliant], 0, false)] },
        Scenario { change: Change::Agents(premium(-2)), outcomes: vec![agents] },
        Scenario { change: Change::OverageOff, outcomes: vec![off] },
    ];
    (facts, vec![(0, scenarios)])
}

fn document() -> WhatIf {
    let (facts, scenarios) = asked();
    whatif(&facts, &scenarios, tool())
}

fn text(document: &WhatIf, options: Options) -> String {
    render_whatif("text", document, &options).unwrap()
}

#[track_caller]
fn holds(shown: &str, parts: &[&str]) {
    for part in parts {
        assert!(shown.contains(part), "{part:?} is not in\n{shown}");
    }
}

#[test]
fn each_change_has_a_block_with_the_smallest_purchase() {
    let shown = text(&document(), Options::default());
    holds(
        &shown,
        &[
            "\nDo nothing\n  Enforcement       2026-07-01 09:00:05 +05:30 (in 89 d), not before\n",
            "\n  To buy            30 PREMIUM: 130 locked − 100 purchased\n",
            "\n  Reversible        no: only a purchase restores compliance\n",
            "\nBuy 20 PREMIUM\n",
            "\n  To buy            10 PREMIUM: 130 locked − 120 purchased\n",
            "\nBuy what is lacking, 30 PREMIUM\n  In Compliance     2026-04-03 09:00:05 +05:30 (now)",
            "\n  To buy            nothing\n",
            "\nLog out 2 PREMIUM\n",
            "\n  · Logging agents out does not help: the highest use of 130 stays locked.\n",
            "\nTurn overage allowance off in License Control\n",
        ],
    );
}

#[test]
fn an_unknown_release_shows_every_rule() {
    let (facts, mut scenarios) = asked();
    let mut immediate = follows(Vec::new(), 0, false);
    (immediate.regime, immediate.reading) = (CoreRegime::Immediate, None);
    scenarios[0].1[0].outcomes.push(immediate);
    let document = whatif(&facts, &scenarios, tool());
    let parts = ["\n  By the counted rules, 5 over-usages in a row\n", "\n  By the immediate rules\n"];
    holds(&text(&document, Options::default()), &parts);
    let page = render_whatif("md", &document, &Options::default()).unwrap();
    holds(&page, &["**By the immediate rules**\n", "The state stays Out of Compliance.\n"]);
}

#[test]
fn the_page_holds_the_same() {
    let page = render_whatif("markdown", &document(), &Options::default()).unwrap();
    holds(
        &page,
        &[
            "### Buy 20 PREMIUM\n",
            "| Enforcement | 2026-07-01 09:00:05 +05:30 (in 89 d), not before 2026-07-01 08:00:05 +05:30 |",
            "- To buy: 10 PREMIUM: 130 locked − 120 purchased\n",
        ],
    );
}

#[test]
fn the_document_is_read_back_and_described() {
    let document = document();
    let json = render_whatif("json", &document, &Options::default()).unwrap();
    assert_eq!(serde_json::from_str::<WhatIf>(&json).unwrap(), document);
    assert!(json.ends_with("}\n") && render_whatif("pdf", &document, &Options::default()).is_none());
    let value: Value = serde_json::from_str(&json).unwrap();
    let first = &value["product_instances"][0];
    assert_eq!(first["now"]["locked"], 130);
    let keys: Vec<&String> = first["scenarios"][3]["change"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["kind", "amounts", "says"]);
    assert_eq!(first["scenarios"][3]["change"]["amounts"][0]["count"], -2);
    assert_eq!(first["scenarios"][0]["outcomes"][0]["path"][0]["remaining_s"], 89 * 86_400);
    let schema = whatif_schema();
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        let Some(properties) = definition["properties"].as_object() else { continue };
        for (field, property) in properties {
            assert!(property["description"].is_string(), "{name}.{field}");
        }
    }
}

#[test]
fn what_is_not_known_is_said() {
    let mut facts = facts();
    one(&mut facts).authorization = known("overage", Some(ago(30)), Basis::Stated);
    one(&mut facts).deadlines = vec![deadline(DeadlineKind::EnterOoc, now() + TimeDelta::minutes(15))];
    let mut outcome = follows(Vec::new(), 0, false);
    outcome.lacking = None;
    let mut unsure = step_to("out_of_compliance", Dimension::Authorization, 1);
    (unsure.expected, unsure.latest) = (None, None);
    outcome.path = vec![unsure];
    let scenarios = vec![
        Scenario { change: Change::Nothing, outcomes: vec![outcome] },
        Scenario { change: Change::Agents(Vec::new()), outcomes: Vec::new() },
    ];
    let document = whatif(&facts, &[(0, scenarios.clone()), (7, scenarios)], tool());
    assert_eq!(document.product_instances.len(), 1);
    holds(
        &text(&document, Options::default()),
        &[
            "\n  Last chance       15 min left in which logging agents out still helps",
            "\nNo agent logs in or out\n",
            "\n  Usage             not known: --usage FILE",
            "\n  Out of Compliance not before 2026-04-04 08:00:05 +05:30 (in 23 h)\n",
            "\n  To buy            not known: usage or purchases are not known\n",
            "\n  Then              not known: no rule can be applied\n",
        ],
    );
    let nothing = whatif(&Facts::default(), &[], tool());
    holds(&text(&nothing, Options::default()), &["at a time that is not known", "No license line"]);
}

#[test]
fn nothing_in_the_input_breaks_out() {
    use unicode_width::UnicodeWidthStr as _;
    let (mut facts, mut scenarios) = asked();
    hostile_usage(&mut facts);
    let instance = one(&mut facts);
    instance.id = HOSTILE.into();
    instance.nodes[0].name = HOSTILE.into();
    let name: Arc<str> = HOSTILE.into();
    scenarios[0].1[1].change = Change::Buy(vec![(Arc::clone(&name), u32::MAX); 20]);
    scenarios[0].1[3].change = Change::Agents(vec![(Arc::clone(&name), i64::MIN), (name, i64::MAX)]);
    let document = whatif(&facts, &scenarios, tool());
    for width in [60, 80, 160] {
        for ascii in [false, true] {
            for line in text(&document, Options { width, color: false, ascii }).lines() {
                assert!(line.width() <= width && !line.contains(crate::escape::is_hidden), "{line:?}");
                assert!(!ascii || line.is_ascii(), "{line:?}");
            }
        }
    }
    let page = render_whatif("md", &document, &Options::default()).unwrap();
    for line in page.lines().filter(|line| !line.starts_with('|')) {
        assert!(!line.contains('|') && !line.contains(crate::escape::is_hidden), "{line:?}");
    }
    let json = render_whatif("json", &document, &Options::default()).unwrap();
    assert!(!json.contains('<') && serde_json::from_str::<WhatIf>(&json).is_ok());
}
