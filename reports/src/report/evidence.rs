//! Every line that a report cites.

use super::{Evidence, ProductInstance, Report};

impl Report {
    /// All evidence of the report, in the order of its fields; the same line may come several times.
    #[must_use]
    pub fn evidence(&self) -> Vec<&Evidence> {
        let mut all: Vec<&Evidence> = Vec::new();
        for instance in &self.product_instances {
            all.extend(of_instance(instance));
        }
        all.extend(self.events.iter().flat_map(|event| &event.witnesses));
        all.extend(self.checks.iter().flat_map(|check| &check.evidence));
        all.extend(self.causes.iter().flat_map(|cause| &cause.explains).flat_map(|it| &it.evidence));
        all
    }
}

fn of_instance(of: &ProductInstance) -> Vec<&Evidence> {
    let mut lists: Vec<&Vec<Evidence>> = vec![
        &of.release.evidence,
        &of.now.registration.evidence,
        &of.now.authorization.evidence,
        &of.now.enforcement.evidence,
    ];
    lists.extend(of.history.iter().map(|it| &it.evidence));
    lists.extend(of.deadlines.iter().map(|it| &it.evidence));
    if let Some(usage) = &of.usage {
        lists.extend(usage.purchases.iter().map(|it| &it.evidence));
        lists.extend(usage.entitlements.iter().map(|it| &it.evidence));
        lists.extend(usage.replays.iter().flat_map(|it| &it.path).map(|it| &it.evidence));
        lists.extend(usage.replays.iter().flat_map(|it| &it.compared).map(|it| &it.evidence));
    }
    lists.extend(of.readings.iter().map(|it| &it.evidence));
    lists.extend(of.entitlements_stated.iter().map(|it| &it.evidence));
    lists.extend(of.license_type.iter().map(|it| &it.evidence));
    lists.extend(of.services.iter().map(|it| &it.evidence));
    lists.extend(of.contradictions.iter().map(|it| &it.evidence));
    lists.extend(of.clocks.iter().map(|it| &it.evidence));
    lists.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use crate::assemble;
    use crate::report::Report;
    use crate::testing::{hostile, out_of_compliance, scenario, tool};

    /// Objects anywhere in a document that have what evidence has.
    fn count(value: &Value) -> usize {
        match value {
            Value::Array(all) => all.iter().map(count).sum(),
            Value::Object(all) => {
                let own = usize::from(all.contains_key("sha256") && all.contains_key("offset"));
                own + all.values().map(count).sum::<usize>()
            }
            _ => 0,
        }
    }

    #[test]
    fn no_cited_line_of_a_report_is_forgotten() {
        let of = |(facts, tables)| assemble(&facts, &tables, tool());
        let reports: [Report; 3] = [of(out_of_compliance()), of(scenario()), hostile()];
        for report in reports {
            let json = serde_json::to_value(&report).unwrap();
            assert_eq!(report.evidence().len(), count(&json));
            assert!(count(&json) > 5);
        }
    }
}
