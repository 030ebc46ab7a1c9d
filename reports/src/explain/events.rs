//! What the events mean that alarms become.

use parsers::event::FailureClass;

use crate::check::Dispute;
use crate::check::disputes::{AUTHORIZATION_EXPIRY, IMMEDIATE, TOLERANCE};

/// The words for an event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Words {
    pub(super) means: &'static str,
    pub(super) effect: &'static str,
    pub(super) remedy: &'static str,
}

/// Events that alarms become, with their words. The effects are those of the state machine.
const WORDS: &[(&str, Words)] = &[
    (
        "ooc_approaching",
        Words {
            means: "CSSM reported more use than was purchased. Unless usage falls or licenses are bought, the Product \
                    Instance becomes Out of Compliance after the minutes that the line prints.",
            effect: "Authorization becomes overage: still reversible. The line's minutes, added to its time, give the \
                     deadline enter_ooc.",
            remedy: "Log out agents who need no license now, before the next report, or buy what is missing in CSSM and \
                     renew the authorization.",
        },
    ),
    (
        "ooc_imminent",
        Words {
            means: "The last warning: one report is left before the Product Instance becomes Out of Compliance.",
            effect: "Authorization stays overage; the deadline enter_ooc is one report away.",
            remedy: "Bring usage below what was purchased before the next report, or buy at once and renew the \
                     authorization.",
        },
    ),
    (
        "ooc_entered",
        Words {
            means: "The Product Instance is Out of Compliance. The alarm is repeated while it stays so.",
            effect: "Authorization becomes out_of_compliance; 90 days later Enforcement blocks the synchronization of \
                     agents. Up to 12.5(1) SU2 the highest usage is locked: logging agents out does not help any more.",
            remedy: "In CSSM, Inventory > Licenses: find the deficit, buy or transfer that many, then renew the \
                     authorization in System > License Management.",
        },
    ),
    (
        "enforcement",
        Words {
            means: "Provisioning is blocked: the time after Out of Compliance, after the authorization or after the \
                    evaluation has run out.",
            effect: "Enforcement becomes enforced: changes of agents in Unified CM do not reach UCCX.",
            remedy: "Buy what is missing, restore the contact with CSSM or register; then renew the authorization.",
        },
    ),
    (
        "authorization_expired",
        Words {
            means: "The Product Instance has not communicated with CSSM for 90 days.",
            effect: "Authorization becomes authorization_expired; Enforcement follows, at once or after 90 more days.",
            remedy: "Mend the way to CSSM (dns-a-record, firewall-ports, tls-trust, proxy), then renew the \
                     authorization.",
        },
    ),
    (
        "authorization_failed",
        Words {
            means: "A renewal of the authorization failed.",
            effect: "None yet: the authorization holds for 90 days after the last contact that succeeded.",
            remedy: "Find the cause in the lines around it, mend the way to CSSM, then renew the authorization.",
        },
    ),
    (
        "registration_expired",
        Words {
            means: "The registration's certificate has run out: it was not renewed for a year, or the clock is wrong.",
            effect: "Registration becomes registration_expired: the Product Instance counts as unregistered.",
            remedy: "See the clock (utils ntp status), then register again with a new token.",
        },
    ),
    (
        "registration_failed",
        Words {
            means: "A registration, or its half-yearly renewal, failed.",
            effect: "None yet: a registration holds for a year after the last renewal.",
            remedy: "Find the cause in the lines around it; where CSSM refused it, register again with a new token.",
        },
    ),
    (
        "evaluation",
        Words {
            means: "The system runs in its evaluation period, or that period is over.",
            effect: "Authorization becomes evaluation, or evaluation_expired and Enforcement with it. The 90 days do not \
                     begin anew.",
            remedy: "Register the Product Instance with a token of the virtual account before the period ends.",
        },
    ),
    (
        "transport_failure",
        Words {
            means: "CSSM could not be reached, or did not answer as it should.",
            effect: "None yet: usage is not reported and renewals fail while it lasts; after 90 days the authorization \
                     expires.",
            remedy: "The class of the failure says where to look: dns-a-record, firewall-ports, tls-trust, proxy, \
                     transport-url.",
        },
    ),
    (
        "service_state",
        Words {
            means: "A service changed its state, as Service Manager tells.",
            effect: "None on the license itself. While the Cluster View Daemon is down, nothing is reported and no \
                     license alarm is written.",
            remedy: "On the node: utils service list; start what is stopped with utils service start.",
        },
    ),
    (
        "certificate",
        Words {
            means: "A certificate of the node expires soon, has expired or was revoked.",
            effect: "None on the license by itself; an expired certificate can break TLS to CSSM.",
            remedy: "Renew the certificate in Cisco Unified OS Administration, Security > Certificate Management.",
        },
    ),
    (
        "notice",
        Words {
            means: "The platform reports it; it says nothing about the license.",
            effect: "None.",
            remedy: "Nothing has to be done for the license.",
        },
    ),
];

/// The words for an event; `None` if alarms do not become it.
pub(super) fn words(kind: &str) -> Option<Words> {
    WORDS.iter().find(|(name, _)| *name == kind).map(|(_, words)| *words)
}

/// The names of the events that alarms become.
pub fn event_kinds() -> impl Iterator<Item = &'static str> {
    WORDS.iter().map(|(name, _)| *name)
}

/// Lines with the alarm. Those of UCCX are as Cisco 217416 prints them; the others follow the published definitions.
pub(super) fn examples(facility: &str, name: &str) -> Vec<String> {
    let lines: &[&str] = match name {
        "SYSTEM_TO_ENTER_OOC_STATE" => &[
            "%MCVD-LIB_LICENSE-1-SYSTEM_TO_ENTER_OOC_STATE: [REPORT_ENTITLE] com.cisco.smartlicense.util.SmartLicenseUtil This Product Instance will enter Out of Compliance state because of insufficient licenses.: This Product Instance will enter Out of Compliance state in =45 minutes",
        ],
        "SYSTEM_TO_ENTER_OOC_STATE_SHORTLY" => &[
            "%UC_LIB_LICENSE-0-SYSTEM_TO_ENTER_OOC_STATE_SHORTLY: %[The time remaining to enter OOC state=15 minutes][AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=uccxpub]: The time required for the Product to be in compliance is about to expire. Else, you will have to procure more licenses.",
        ],
        "SYSTEM_IN_OOC_STATE" => &[
            "%UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: %[AppID=Cisco Unified CCX Cluster View Daemon][ClusterID=][NodeID=uccxpub]: This Product Instance is currently in Out of Compliance state because of insufficient licenses.",
        ],
        _ => &[],
    };
    if !lines.is_empty() {
        return lines.iter().map(|line| (*line).to_owned()).collect();
    }
    let tags = match facility {
        "SERVICEMANAGER" => "[ServiceName=Cisco Unified CCX Cluster View Daemon]",
        "CERT" => "[Message=Certificate tomcat expires]",
        _ => "[Reason=]",
    };
    vec![format!("%UC_{facility}-3-{name}: %{tags}[AppID=][ClusterID=][NodeID=uccxpub]: …")]
}

/// What follows from a class of failures, and the check that judges it.
pub(super) fn of_class(class: FailureClass) -> &'static str {
    match class {
        FailureClass::Dns => "Fails dns-a-record. Usage is not reported and renewals fail while it lasts.",
        FailureClass::Timeout | FailureClass::Refused | FailureClass::Reset => {
            "Fails firewall-ports. Usage is not reported and renewals fail while it lasts."
        }
        FailureClass::TlsTrust
        | FailureClass::TlsName
        | FailureClass::TlsDate
        | FailureClass::TlsProtocol => {
            "Fails tls-trust. Usage is not reported and renewals fail while it lasts."
        }
        FailureClass::Proxy => "Fails proxy. Usage is not reported and renewals fail while it lasts.",
        FailureClass::Rejected | FailureClass::Token => {
            "Fails cssm-refusals. The way to CSSM works; registration or renewal does not."
        }
        FailureClass::ClockMismatch => "Fails clock-sync. CSSM refuses what it cannot date.",
        FailureClass::EmptyResponse => "Fails transport-url. Nothing of what was sent arrives.",
        FailureClass::OnPremVersion => "Fails on-prem-sync. CSSM On-Prem cannot do what was asked of it.",
        FailureClass::Generic => {
            "Fails nothing by itself: it says that an exchange failed, not why. cssm-contact tells of it."
        }
    }
}

/// What Cisco's documents say against each other about an event.
pub(super) fn disputes(kind: &str) -> &'static [Dispute] {
    match kind {
        "ooc_approaching" | "ooc_imminent" => &[TOLERANCE],
        "ooc_entered" => &[IMMEDIATE],
        "authorization_expired" => &[AUTHORIZATION_EXPIRY],
        _ => &[],
    }
}
