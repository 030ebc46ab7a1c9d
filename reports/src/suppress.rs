//! Findings that the user accepts: with a reason, and not for ever. They stay in the report, and do not count.

use parsers::stamp::Instant;

use crate::report::{CheckOutcome, Report, Suppressed, Suppression, SuppressionStatus};
use crate::time::Time;

/// A finding that the user accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The check.
    pub check: String,
    /// The Product Instance; `None` for all.
    pub product_instance: Option<String>,
    /// Why.
    pub reason: String,
    /// From then on it counts again.
    pub expires: Instant,
}

/// Marks the failed checks that are accepted at the report's `as_of`, and notes what became of each acceptance.
pub fn suppress(report: &mut Report, accepted: &[Accepted]) {
    for it in accepted {
        let mut status = match report.as_of {
            None => SuppressionStatus::Undated,
            Some(Time(as_of)) if as_of >= it.expires => SuppressionStatus::Expired,
            Some(_) => SuppressionStatus::Unused,
        };
        if status == SuppressionStatus::Unused {
            let ours =
                |id: Option<&str>| it.product_instance.is_none() || it.product_instance.as_deref() == id;
            for row in &mut report.checks {
                if row.id == it.check
                    && row.outcome == CheckOutcome::Fail
                    && ours(row.product_instance.as_deref())
                {
                    row.suppressed =
                        Some(Suppressed { reason: it.reason.clone(), expires: Time(it.expires) });
                    status = SuppressionStatus::Applied;
                }
            }
            for cause in &mut report.causes {
                cause.suppressed |= cause.check == it.check && ours(cause.product_instance.as_deref());
            }
        }
        report.suppressions.push(Suppression {
            check: it.check.clone(),
            product_instance: it.product_instance.clone(),
            reason: it.reason.clone(),
            expires: Time(it.expires),
            status,
        });
    }
}

#[cfg(test)]
mod tests {
    use parsers::event::FailureClass;

    use super::*;
    use crate::testing::*;

    fn accepted(expires: Instant) -> Accepted {
        let (check, reason) = ("dns-a-record".to_owned(), "lab".to_owned());
        Accepted { check, product_instance: None, reason, expires }
    }

    #[track_caller]
    fn check(accepted: &Accepted, dated: bool, expected: SuppressionStatus) {
        let mut facts = facts();
        one(&mut facts).events = vec![failure(FailureClass::Dns, 7, Some("ssm.example.com"))];
        let mut report = report(&facts);
        if !dated {
            report.as_of = None;
        }
        suppress(&mut report, std::slice::from_ref(accepted));
        assert_eq!(report.suppressions[0].status, expected);
        let applied = expected == SuppressionStatus::Applied;
        let row = report.checks.iter().find(|row| row.id == "dns-a-record").unwrap();
        assert_eq!((row.suppressed.is_some(), row.outcome), (applied, CheckOutcome::Fail));
        assert_eq!(report.causes.iter().any(|cause| cause.suppressed), applied);
    }

    #[test]
    fn a_suppression_holds_until_its_end_and_for_its_own() {
        check(&accepted(ago(-1)), true, SuppressionStatus::Applied);
        check(&accepted(now()), true, SuppressionStatus::Expired);
        check(&accepted(ago(-1)), false, SuppressionStatus::Undated);
        let other = Accepted { product_instance: Some("other".to_owned()), ..accepted(ago(-1)) };
        check(&other, true, SuppressionStatus::Unused);
        let own = Accepted { product_instance: Some("uccx1".to_owned()), ..accepted(ago(-1)) };
        check(&own, true, SuppressionStatus::Applied);
    }

    #[test]
    fn what_is_suppressed_does_not_count() {
        let mut facts = facts();
        one(&mut facts).events = vec![failure(FailureClass::Dns, 7, Some("ssm.example.com"))];
        let mut report = report(&facts);
        let all = ["dns-a-record", "cssm-contact"]
            .map(|check| Accepted { check: check.to_owned(), ..accepted(ago(-1)) });
        let before = crate::worst_failed(&report);
        suppress(&mut report, &all);
        assert_eq!((before, crate::worst_failed(&report)), (Some(crate::Severity::High), None));
    }
}
