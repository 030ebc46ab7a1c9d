//! Where Cisco's documents contradict each other. One entry a subject; checks that judge by it print both readings.

use super::about::{Dispute, Published};

const fn published(says: &'static str, source: &'static str) -> Published {
    Published { says, source }
}

/// How long over-use is tolerated in the counted regime.
pub(crate) const TOLERANCE: Dispute = Dispute {
    about: "how long over-use is tolerated",
    says: [
        published("five consecutive over-usages within one hour", "Cisco 217416, worked scenarios"),
        published("45 minutes after the first notification", "Features Guide 12.5(1) SU1, alert list"),
    ],
};

/// When Out of Compliance begins from 12.5(1) SU3 on.
pub(crate) const IMMEDIATE: Dispute = Dispute {
    about: "when Out of Compliance begins from 12.5(1) SU3 on",
    says: [
        published("as soon as CSSM reports it", "Release Notes 12.5(1) SU3"),
        published("after 45 minutes, as before", "Features Guides 12.5(1) SU3 and 15.0, alert list"),
    ],
};

/// How often usage is computed from 12.5(1) SU3 on.
pub(crate) const INTERVAL: Dispute = Dispute {
    about: "how often usage is computed from 12.5(1) SU3 on",
    says: [
        published("every 15 minutes", "Cisco 217416"),
        published("every 8 hours", "Features Guides 12.5(1) SU3 and 15.0, Smart Licensing"),
    ],
};

/// What is counted as used from 12.5(1) SU3 on.
pub(crate) const USAGE_BASIS: Dispute = Dispute {
    about: "what counts as usage from 12.5(1) SU3 on",
    says: [
        published("what agents really consume", "Release Notes 12.5(1) SU3"),
        published("the skills configured, used or not", "Features Guide 12.5(1) SU3, Smart Licensing"),
    ],
};

/// What follows the expiry of the authorization.
pub(crate) const AUTHORIZATION_EXPIRY: Dispute = Dispute {
    about: "what follows 90 days without contact to CSSM",
    says: [
        published(
            "Enforcement at once, on day 90",
            "Administration and Operations Guide 12.5(1) SU3, System Menu; Features Guides, list of Enforcement",
        ),
        published(
            "90 more days of overage, so Enforcement on day 180",
            "Features Guides, Authorization Expired; the alarms of Unified CM agree",
        ),
    ],
};

/// How the host of CSSM On-Prem is written in the Transport URL.
pub(crate) const ON_PREM_HOST: Dispute = Dispute {
    about: "the host in the Transport URL of CSSM On-Prem",
    says: [
        published("its address", "Cisco 217416, Transport URL"),
        published(
            "whatever the common name or a subject alternative name of its certificate is",
            "Features Guides, Smart Licensing, Transport Settings",
        ),
    ],
};

/// At which level the licence library is to be traced.
pub(crate) const TRACE_LEVEL: Dispute = Dispute {
    about: "the trace levels for licensing",
    says: [
        published(
            "LIB_LICENSE at its default on Cluster View Daemon and Administration, LIB_LICENSE and SS_RM at DEBUGGING on \
             the Engine",
            "Cisco 217416, checklist",
        ),
        published("LIB_LICENSE up to XDEBUGGING3 on the Engine (MIVR)", "Cisco 210888, UCCX Tracing Levels"),
    ],
};

/// Which systems need the traces of the Cluster View Daemon.
pub(crate) const MCVD_NEEDED: Dispute = Dispute {
    about: "when MCVD traces are needed",
    says: [
        published("always", "Cisco 217416, checklist"),
        published("with two nodes, beside MIVR and MADM", "Cisco 210888, UCCX Tracing Levels"),
    ],
};

/// When the certificate of Cisco's cloud changed its root.
pub(crate) const CLOUD_CERTIFICATE: Dispute = Dispute {
    about: "when the certificate of Cisco's licensing cloud changed its root",
    says: [
        published("26 January 2023", "Cisco field notice on QuoVadis Root CA 2"),
        published("15 January 2023", "Cisco 218141 and 221017"),
    ],
};

/// The license types.
pub(crate) const LICENSE_TYPES: Dispute = Dispute {
    about: "the number of license types",
    says: [
        published("five", "Cisco 217416, License Types, its sentence"),
        published("four: Flex, Perpetual, Flex (HCS), NPS/NFR", "Cisco 217416, License Types, its list"),
    ],
};

/// The word for a service that runs.
pub(crate) const SERVICE_WORD: Dispute = Dispute {
    about: "the word for a service that runs",
    says: [
        published("INSERVICE", "Cisco 217416, checklist item 5"),
        published(
            "IN SERVICE on the page, [STARTED] in the CLI",
            "Administration and Operations Guides 12.5(1) SU3, 15.0",
        ),
    ],
};

/// The severity of RTMT alerts.
pub(crate) const RTMT_SEVERITY: Dispute = Dispute {
    about: "the severity of RTMT_ALERT",
    says: [
        published("3", "System Error Messages for Unified CM 12.5(1), UC_RTMT, the definition"),
        published("2", "Cisco tech notes, lines as they occur"),
    ],
};
