//! License type and entitlements, as outputs state them in both reports.

use super::*;
use crate::report::{EntitlementStated, LicenseType};

/// A report that states a license type and one entitlement.
fn stating(kind: Option<&str>, entitlement: Option<(Option<u32>, Option<&str>)>) -> Report {
    let mut report = known();
    let evidence = only(&mut report).now.authorization.evidence.clone();
    only(&mut report).license_type =
        kind.map(|name| LicenseType { name: name.into(), evidence: evidence.clone() });
    let stated = entitlement.map(|(count, status)| EntitlementStated {
        entitlement: "PREMIUM".into(),
        name: "UCCX_PREMIUM".into(),
        count,
        status: status.map(Into::into),
        evidence,
    });
    only(&mut report).entitlements_stated = stated.into_iter().collect();
    report
}

#[test]
fn license_type_and_stated_entitlements_are_compared() {
    let before = stating(Some("Flex"), Some((Some(90), Some("InCompliance"))));
    let after = stating(Some("Perpetual"), Some((Some(130), Some("OutOfCompliance"))));
    let document = diff(&before, &after);
    let text = screen(&document);
    for part in [
        "\n1 worse and 1 different.\n",
        "\n  Stated            PREMIUM: in use 90 → 130, status InCompliance → OutOfCompliance\n                       \
         bundle.zip!/uccx1/syslog/CiscoSyslog:14\n",
        "\n  License type      Flex → Perpetual\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    let instance = &document.instances[0];
    assert_eq!(
        (instance.license_type.how, instance.entitlements_stated[0].how),
        (How::Changed, How::Changed)
    );
    assert_eq!(instance.license_type.evidence.len(), 1);
    assert!(screen(&diff(&after, &before)).contains("\n1 different and 1 better.\n"));
    let page = shown(&document, "md", &Options::default());
    assert!(page.contains("| PREMIUM | 90 → 130 | InCompliance | OutOfCompliance | changed |\n"), "{page}");
    assert!(page.contains("| license type | Flex → Perpetual |\n"), "{page}");
}

#[test]
fn what_no_output_states_any_more_is_lost_and_another_spelling_is_the_same() {
    let hows = |before: &Report, after: &Report| {
        let document = diff(before, after);
        let of = &document.instances[0];
        assert_eq!(
            document.changed,
            of.license_type.how != How::Same || of.entitlements_stated[0].how != How::Same
        );
        (of.license_type.how, of.entitlements_stated[0].how, screen(&document))
    };
    let said = || stating(Some("Flex"), Some((Some(90), Some("InCompliance"))));
    let (kind, stated, _) = hows(&said(), &stating(Some("FLEX "), Some((Some(90), Some("In Compliance")))));
    assert_eq!((kind, stated), (How::Same, How::Same));
    let (kind, stated, shown) = hows(&said(), &stating(None, None));
    assert_eq!((kind, stated), (How::Lost, How::Lost));
    assert!(shown.contains("\n2 no longer known.\n"), "{shown}");
    let (kind, stated, _) = hows(&stating(None, None), &said());
    assert_eq!((kind, stated), (How::Learned, How::Learned));
    let (_, stated, shown) = hows(&stating(None, None), &stating(None, Some((None, None))));
    assert_eq!(stated, How::Learned);
    assert!(shown.contains("PREMIUM: stated only now"), "{shown}");
}
