//! When will usage exceed what was purchased?
//!
//! Source: CUIC report guide, License Consumption Report (the samples); the forecast is arithmetic on them, and its
//! method stands in the report.

use chrono::TimeDelta;
use history::facts::{Facts, Instance};
use history::usage::{Forecast, Outlook, Usage};
use parsers::origin::Origin;
use parsers::stamp::Instant;

use crate::check::{About, Check, Finding, Outcome, brief, disputes, node_names, zone};
use crate::licenses::{collect, extent};
use crate::report::{Confidence, Severity};
use crate::time::relative;

pub(super) const CHECK: Check = Check {
    id: "usage-forecast",
    title: "Usage stays within what was purchased for 90 days",
    source: "CUIC report guide, License Consumption Report; a forecast of it",
    about: About {
        effect: "Usage above what was purchased is reported to CSSM and leads to Out of Compliance.",
        remedy: "Buy before the date on which usage is expected to exceed the purchase, or keep it below.",
        example: "2026-04-02T10:30:00+05:30,98 in the usage table, with 100 purchased and one more each \
                  week",
        disputed: &[disputes::USAGE_BASIS],
    },
    run,
};

/// An expected crossing within this time is low.
const LOW_WITHIN: TimeDelta = TimeDelta::days(90);

/// An expected crossing within this time is medium.
const MEDIUM_WITHIN: TimeDelta = TimeDelta::days(30);

fn run(facts: &Facts, instance: &Instance) -> Outcome {
    let forecasts = instance.consumption.as_ref().map(|found| found.forecasts.as_slice()).unwrap_or_default();
    let (Some(usage), Some(as_of), false) = (&instance.usage, facts.as_of, forecasts.is_empty()) else {
        let sources = match collect(instance).as_str() {
            "" => format!("usage of {} by entitlement, over some weeks", node_names(instance)),
            sources => sources.to_owned(),
        };
        return Outcome::NoEvidence { says: "usage or purchases are not known".to_owned(), collect: sources };
    };
    let ooc = instance.authorization.state == "out_of_compliance" || instance.enforcement.state == "enforced";
    let judged: Vec<(Option<Severity>, &Forecast)> =
        forecasts.iter().map(|forecast| (severity(forecast, as_of), forecast)).collect();
    if ooc && judged.iter().any(|(severity, _)| *severity == Some(Severity::High)) {
        return Outcome::NotApplicable {
            why: "usage exceeds what was purchased already: see ooc-now and locked-usage".to_owned(),
        };
    }
    let says = |forecast: &Forecast| says(instance, forecast, as_of);
    // The first of the worst: entitlements stand in a fixed order.
    let worst = judged.iter().filter_map(|(severity, _)| *severity).max();
    if let Some(worst) = worst {
        let bad: Vec<&Forecast> =
            judged.iter().filter(|(severity, _)| *severity == Some(worst)).map(|(_, of)| *of).collect();
        let sentences: Vec<String> = bad.iter().map(|of| says(of)).take(4).collect();
        return Outcome::Fail(Finding {
            severity: worst,
            confidence: if worst == Severity::High { Confidence::High } else { Confidence::Medium },
            says: sentences.join("; "),
            remedy: remedy(instance, &bad),
            evidence: evidence(instance, usage),
        });
    }
    let short: Vec<(u32, u32, &str)> = forecasts
        .iter()
        .filter_map(|of| match of.outlook {
            Outlook::NotEnough { needed_days } => Some((needed_days, of.days, &*of.entitlement)),
            _ => None,
        })
        .collect();
    if let Some((needed, days, name)) =
        short.iter().max_by_key(|(needed, days, _)| needed.saturating_sub(*days))
    {
        return Outcome::NoEvidence {
            says: format!("not enough data for {}: {days} days, {needed} needed", brief(name)),
            collect: format!(
                "CUIC's License Consumption report as CSV of {} more days, or on {}: run uccx sql db_cra select * from \
                 FlexLicenseUsage",
                needed.saturating_sub(*days).max(1),
                node_names(instance)
            ),
        };
    }
    let sentences: Vec<String> = forecasts.iter().map(says).take(4).collect();
    Outcome::Pass {
        says: sentences.join("; "),
        confidence: Confidence::Medium,
        evidence: evidence(instance, usage),
    }
}

/// How bad a forecast is; `None` if it is not.
fn severity(forecast: &Forecast, as_of: Instant) -> Option<Severity> {
    match forecast.outlook {
        Outlook::Already { .. } => Some(Severity::High),
        Outlook::Crosses { expected: Some(at), .. } if at - as_of <= MEDIUM_WITHIN => Some(Severity::Medium),
        Outlook::Crosses { expected: Some(at), .. } if at - as_of <= LOW_WITHIN => Some(Severity::Low),
        Outlook::Crosses { .. } | Outlook::NotBefore { .. } | Outlook::NotEnough { .. } => None,
    }
}

fn says(instance: &Instance, forecast: &Forecast, as_of: Instant) -> String {
    let (name, purchased) = (brief(&forecast.entitlement), forecast.purchased);
    let day = |at: Instant| zone(instance).day(at);
    match forecast.outlook {
        Outlook::NotEnough { needed_days } => {
            format!("{name}: not enough data, {} days of {needed_days}", forecast.days)
        }
        Outlook::Already { since } => {
            format!(
                "{name}: more than the {purchased} purchased were in use in the newest week, first {}",
                zone(instance).show(since)
            )
        }
        Outlook::Crosses { earliest, expected, latest, horizon, .. } => {
            let bound = |at: Option<Instant>| at.map_or_else(|| format!("after {}", day(horizon)), day);
            let expected = match expected {
                Some(at) => format!("about {} ({})", day(at), relative(at, as_of)),
                None => format!("after {}", day(horizon)),
            };
            format!(
                "{name}: the daily peak is expected to exceed the {purchased} purchased {expected}, 80 % interval {} to \
                 {}",
                bound(earliest),
                bound(latest)
            )
        }
        Outlook::NotBefore { horizon, .. } => {
            format!("{name}: not expected to exceed the {purchased} purchased before {}", day(horizon))
        }
    }
}

fn remedy(instance: &Instance, bad: &[&Forecast]) -> String {
    let names: Vec<String> = bad.iter().map(|of| brief(&of.entitlement)).take(4).collect();
    let already = bad.iter().any(|of| matches!(of.outlook, Outlook::Already { .. }));
    format!(
        "Buy {} in CSSM{}, or have fewer agents and supervisors (Premium seats) of {} logged in at the peak. \
         What a purchase changes: uccxray whatif.",
        names.join(" and "),
        if already { "" } else { " before then" },
        node_names(instance)
    )
}

fn evidence(instance: &Instance, usage: &Usage) -> Vec<Origin> {
    let peaks = instance.consumption.iter().flat_map(|found| &found.entitlements);
    let peaks = peaks.filter_map(|of| of.evidence.as_ref()).map(|evidence| evidence.first.clone()).take(4);
    let mut lines: Vec<Origin> = Vec::new();
    for line in peaks.chain(extent(usage)) {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use history::facts::Basis;

    use super::*;
    use crate::testing::*;

    fn with(outlook: Outlook) -> Facts {
        let mut facts = facts();
        use_of_hundred(&mut facts, &[80, 90], now());
        one(&mut facts).consumption.as_mut().unwrap().forecasts = vec![forecast_of(outlook)];
        facts
    }

    fn crosses(days: i64) -> Outlook {
        let day = |days| Some(now() + TimeDelta::days(days));
        Outlook::Crosses {
            earliest: day(days - 10),
            expected: day(days),
            latest: None,
            per_week: 1.5,
            horizon: now() + TimeDelta::days(180),
        }
    }

    #[test]
    fn the_sooner_the_worse() {
        let finding = fails(&CHECK, &with(crosses(30)));
        assert_eq!(finding.severity, Severity::Medium);
        assert_eq!(
            finding.says,
            "PREMIUM: the daily peak is expected to exceed the 100 purchased about 2026-05-03 (in 30 d), 80 % interval \
             2026-04-23 to after 2026-09-30"
        );
        assert!(finding.remedy.starts_with("Buy PREMIUM in CSSM before then"));
        assert_eq!(finding.evidence.len(), 2);
        assert_eq!(fails(&CHECK, &with(crosses(90))).severity, Severity::Low);
        passes(&CHECK, &with(crosses(91)));
    }

    #[test]
    fn over_use_is_high_unless_another_check_says_it() {
        let mut facts = with(Outlook::Already { since: ago(60) });
        assert_eq!(fails(&CHECK, &facts).severity, Severity::High);
        one(&mut facts).authorization = known("out_of_compliance", None, Basis::Stated);
        assert!(skips(&CHECK, &facts).ends_with("see ooc-now and locked-usage"));
    }

    #[test]
    fn no_crossing_before_the_horizon_passes() {
        let says =
            passes(&CHECK, &with(Outlook::NotBefore { per_week: 0.1, horizon: at("2026-10-01T00:00:00Z") }));
        assert_eq!(says, "PREMIUM: not expected to exceed the 100 purchased before 2026-10-01");
    }

    #[test]
    fn too_little_data_says_how_much_more() {
        let collect = lacks(&CHECK, &with(Outlook::NotEnough { needed_days: 14 }));
        assert!(collect.contains("of 13 more days"), "{collect}");
        assert!(lacks(&CHECK, &facts()).contains("--purchased"));
    }
}
