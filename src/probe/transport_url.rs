//! Is the Transport URL written as Cisco documents it?
//!
//! Source: Cisco, UCCX Features Guide and Administration Guide 15.0, Smart Licensing, Transport URL; 217416.

use reports::{Confidence, Severity};

use crate::cli::Target;

use super::document::{Check, Item};
use super::plan::{Plan, Site};
use super::policy::{DIRECT_URLS, ON_PREM_CALL_HOME, ON_PREM_ROOT, ON_PREM_SMART, is_cisco};
use super::wire::remote;

const ITEM: Item = Item {
    id: "transport-url",
    title: "The Transport URL has the form that Cisco documents",
    source: "Cisco, UCCX Features Guide and Administration Guide 15.0, Transport URL; checklist item 6",
};

/// How the nodes and CSSM speak, by the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Smart,
    CallHome,
    Unknown,
}

/// The answer for one URL.
pub(super) fn check(plan: &Plan, site: &Site) -> Check {
    let form = form(plan.target, site);
    let transport = match form {
        Form::Smart => Some("smart_transport"),
        Form::CallHome => Some("call_home"),
        Form::Unknown => None,
    };
    let check = match (site.given, form) {
        (false, Form::CallHome) => {
            ITEM.not_applicable("no URL was given; this one is Call Home, which is going end of life")
        }
        (false, _) => {
            ITEM.not_applicable("no URL was given; this one is Smart Transport, as Cisco documents it")
        }
        (true, form) => judge(plan.target, site, form),
    };
    check
        .fact("scheme", site.url.scheme())
        .fact("host", remote(&site.name()))
        .fact("port", site.port())
        .fact("path", remote(site.url.path()))
        .fact("transport", transport)
}

/// Whether the URL is the Call Home of Cisco, which is on its way out.
pub(super) fn is_call_home(plan: &Plan, site: &Site) -> bool {
    plan.target == Target::Direct && form(plan.target, site) == Form::CallHome
}

fn form(target: Target, site: &Site) -> Form {
    // Scheme and port are other questions.
    let documented = |url: &&str| {
        let rest = url.strip_prefix("https://").and_then(|rest| rest.split_once('/'));
        rest.is_some_and(|(_, path)| site.url.path().trim_start_matches('/') == path)
    };
    match (target, site.url.path()) {
        (Target::Onprem, ON_PREM_SMART) => Form::Smart,
        (Target::Onprem, ON_PREM_CALL_HOME) => Form::CallHome,
        (Target::Onprem, _) => Form::Unknown,
        (Target::Direct, _) => match DIRECT_URLS.iter().position(documented) {
            Some(0) => Form::Smart,
            Some(_) => Form::CallHome,
            None => Form::Unknown,
        },
    }
}

fn judge(target: Target, site: &Site, form: Form) -> Check {
    let host = remote(&site.name());
    let path = remote(site.url.path());
    let lower = site.url.path().to_ascii_lowercase();
    let documented = match target {
        Target::Onprem => {
            let port = site.url.port().map(|port| format!(":{port}")).unwrap_or_default();
            // Who wrote the path of Call Home may be on a release that knows no other.
            let home = lower.trim_end_matches('/') == ON_PREM_CALL_HOME.to_ascii_lowercase();
            let path = if home { ON_PREM_CALL_HOME } else { ON_PREM_SMART };
            format!("https://{}{port}{path}", site.host)
        }
        Target::Direct => DIRECT_URLS.first().copied().unwrap_or_default().to_owned(),
    };
    let wrong = |severity, says: String| {
        // No full stop: the URL is there to be copied.
        let remedy = format!("Write this Transport URL: {}", reports::escape::terminal(&documented));
        ITEM.fail(severity, Confidence::High, says, remedy)
    };
    if target == Target::Onprem && is_cisco(site.url.host_str().unwrap_or_default()) {
        let says = format!("{host} is Cisco's own, and no CSSM On-Prem");
        return ITEM.fail(
            Severity::High,
            Confidence::High,
            says,
            "Name the CSSM On-Prem in the Transport URL, or choose Direct in the transport settings.",
        );
    }
    if target == Target::Direct && lower.starts_with(ON_PREM_ROOT) {
        let says = format!("{path} is a path of CSSM On-Prem, and no way to Cisco");
        return wrong(Severity::High, says);
    }
    if !site.is_https() {
        return wrong(Severity::Medium, "the URL asks for no TLS: Cisco documents https://".to_owned());
    }
    if let Some(query) = site.url.query().or(site.url.fragment()) {
        return wrong(
            Severity::Medium,
            format!("behind the path stands {}, which does not belong", remote(query)),
        );
    }
    match (form, target) {
        (Form::Smart, Target::Onprem) => {
            ITEM.pass(Confidence::High, "Smart Transport to a CSSM On-Prem; it takes release 15.0 of UCCX")
        }
        (Form::CallHome, Target::Onprem) => ITEM.pass(
            Confidence::High,
            "Call Home to a CSSM On-Prem; Smart Transport, from release 15.0 on, has /SmartTransport at its end",
        ),
        (Form::Smart | Form::CallHome, Target::Direct) if !is_documented(site) => wrong(
            Severity::Medium,
            format!("{host} is not the host that Cisco documents for this path"),
        ),
        (Form::Smart, Target::Direct) => {
            ITEM.pass(Confidence::High, "Smart Transport to Cisco, which Cisco recommends")
        }
        (Form::CallHome, Target::Direct) => ITEM.fail(
            Severity::Low,
            Confidence::High,
            "Call Home to Cisco, which is going end of life",
            format!("From release 15.0 on, choose Smart Transport: {documented}"),
        ),
        (Form::Unknown, Target::Onprem) if lower.starts_with(ON_PREM_ROOT) => {
            wrong(Severity::High, format!("{path} is not quite a path that Cisco documents: {}", slip(&lower)))
        }
        (Form::Unknown, Target::Onprem | Target::Direct) => {
            wrong(Severity::High, format!("{path} is no path that Cisco documents for this way"))
        }
    }
}

fn is_documented(site: &Site) -> bool {
    DIRECT_URLS.iter().any(|url| *url == site.url.as_str())
}

/// What is wrong with a path that nearly is one of CSSM On-Prem.
fn slip(lower: &str) -> &'static str {
    let (smart, home) = (ON_PREM_SMART.to_ascii_lowercase(), ON_PREM_CALL_HOME.to_ascii_lowercase());
    if lower == smart || lower == home {
        "capital and small letters count"
    } else if lower.trim_end_matches('/') == smart || lower.trim_end_matches('/') == home {
        "it ends with a slash"
    } else if lower.starts_with(&home) {
        "only /SmartTransport may stand behind DeviceRequestHandler"
    } else {
        "DeviceRequestHandler is missing"
    }
}

#[cfg(test)]
mod tests {
    use reports::report::CheckOutcome::{Fail, NotApplicable, Pass};

    use super::*;
    use crate::probe::plan::tests::plan;

    #[track_caller]
    fn check(target: &str, url: &str, outcome: reports::report::CheckOutcome, says: &str) {
        let plan = plan(&["--target", target, "--url", url]).unwrap();
        let check = super::check(&plan, &plan.urls[0]);
        assert_eq!(check.outcome, outcome, "{check:?}");
        assert!(check.says.contains(says), "{}", check.says);
    }

    const HANDLER: &str = "https://ssm.example.com/Transportgateway/services/DeviceRequestHandler";

    #[test]
    fn both_forms_of_on_prem_pass() {
        check("onprem", HANDLER, Pass, "Call Home");
        check("onprem", &format!("{HANDLER}/SmartTransport"), Pass, "Smart Transport");
        check(
            "onprem",
            "https://192.0.2.7/Transportgateway/services/DeviceRequestHandler",
            Pass,
            "Call Home",
        );
    }

    #[test]
    fn slips_are_named() {
        check("onprem", &HANDLER.replace("gateway", "Gateway"), Fail, "capital and small");
        check("onprem", &format!("{HANDLER}/"), Fail, "slash");
        check("onprem", &format!("{HANDLER}/smart"), Fail, "only /SmartTransport");
        check("onprem", "https://ssm.example.com/Transportgateway", Fail, "DeviceRequestHandler is missing");
        check("onprem", "https://ssm.example.com/", Fail, "no path that Cisco documents");
        check("onprem", &HANDLER.replace("https", "http"), Fail, "no TLS");
        check("onprem", &format!("{HANDLER}?x=1"), Fail, "x=1");
    }

    #[test]
    fn a_url_of_the_other_way_is_seen() {
        check("onprem", DIRECT_URLS[0], Fail, "Cisco's own");
        check("direct", HANDLER, Fail, "path of CSSM On-Prem");
        check("direct", "https://ssm.example.com/licservice/license", Fail, "not the host");
    }

    #[test]
    fn call_home_to_cisco_is_going_end_of_life() {
        check("direct", DIRECT_URLS[0], Pass, "recommends");
        check("direct", DIRECT_URLS[1], Fail, "end of life");
        let plan = plan(&["--target", "direct"]).unwrap();
        let outcomes: Vec<_> = plan.urls.iter().map(|site| super::check(&plan, site).outcome).collect();
        assert_eq!(outcomes, [NotApplicable, NotApplicable]);
    }
}
