//! Meaning: mnemonic to event, one table. Severity never takes part: Cisco's last warning is more severe than
//! Out of Compliance itself.

use std::sync::Arc;

use crate::event::{EventKind, FailureClass, ServiceState};
use crate::grammar;
use crate::record::Record;

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The facility for every way the alarm is written (see [`Record::catalog`]).
    pub facility: &'static str,
    /// The name.
    pub mnemonic: &'static str,
    /// What it means.
    pub meaning: Meaning,
    /// Where that is written, and whether the line itself was seen in public.
    pub source: &'static str,
}

/// What a mnemonic means; [`EventKind`] without what only the record knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// See [`EventKind::OocApproaching`].
    OocApproaching,
    /// See [`EventKind::OocImminent`].
    OocImminent,
    /// See [`EventKind::OocEntered`].
    OocEntered,
    /// See [`EventKind::Enforcement`].
    Enforcement,
    /// See [`EventKind::AuthorizationExpired`].
    AuthorizationExpired,
    /// See [`EventKind::AuthorizationFailed`].
    AuthorizationFailed,
    /// See [`EventKind::RegistrationExpired`].
    RegistrationExpired,
    /// See [`EventKind::RegistrationFailed`].
    RegistrationFailed,
    /// See [`EventKind::Evaluation`].
    Evaluation {
        /// True when it is over.
        expired: bool,
    },
    /// See [`EventKind::TransportFailure`].
    TransportFailure,
    /// See [`EventKind::ServiceState`]; the service is the record's `ServiceName`.
    Service(ServiceState),
    /// See [`EventKind::Certificate`].
    Certificate,
    /// Said by the platform, of no interest here.
    Notice,
}

impl Row {
    /// The name of the event that the alarm becomes; `notice` for one that says nothing about licences.
    #[must_use]
    pub fn event(&self) -> &'static str {
        match self.meaning {
            Meaning::OocApproaching => "ooc_approaching",
            Meaning::OocImminent => "ooc_imminent",
            Meaning::OocEntered => "ooc_entered",
            Meaning::Enforcement => "enforcement",
            Meaning::AuthorizationExpired => "authorization_expired",
            Meaning::AuthorizationFailed => "authorization_failed",
            Meaning::RegistrationExpired => "registration_expired",
            Meaning::RegistrationFailed => "registration_failed",
            Meaning::Evaluation { .. } => "evaluation",
            Meaning::TransportFailure => "transport_failure",
            Meaning::Service(_) => "service_state",
            Meaning::Certificate => "certificate",
            Meaning::Notice => "notice",
        }
    }
}

const UCCX: &str = "Cisco 217416, alarms (line seen)";
const VOS: &str = "System Error Messages for CUCM 12.5(1): the same smart agent on a sister product";
const SERVICE: &str = "System Error Messages for CUCM 12.5(1), Service Manager alarms";
const CERTIFICATE: &str = "System Error Messages for CUCM 12.5(1), certificate alarms";

const fn row(facility: &'static str, mnemonic: &'static str, meaning: Meaning, source: &'static str) -> Row {
    Row { facility, mnemonic, meaning, source }
}

/// All mnemonics with a known meaning.
pub const MNEMONICS: &[Row] = &[
    row("LIB_LICENSE", "SYSTEM_TO_ENTER_OOC_STATE", Meaning::OocApproaching, UCCX),
    row("LIB_LICENSE", "SYSTEM_TO_ENTER_OOC_STATE_SHORTLY", Meaning::OocImminent, UCCX),
    row("LIB_LICENSE", "SYSTEM_IN_OOC_STATE", Meaning::OocEntered, UCCX),
    row("SLMALARMCATALOG", "SmartLicenseInEval", Meaning::Evaluation { expired: false }, VOS),
    row("SLMALARMCATALOG", "SmartLicenseNoProvision_EvalExpired", Meaning::Evaluation { expired: true }, VOS),
    row("SLMALARMCATALOG", "SmartLicenseInOverage_AuthorizationExpired", Meaning::AuthorizationExpired, VOS),
    row("SLMALARMCATALOG", "SmartLicenseNoProvision_AuthorizationExpired", Meaning::Enforcement, VOS),
    row("SLMALARMCATALOG", "SmartLicenseRegistrationExpired", Meaning::RegistrationExpired, VOS),
    row("SLMALARMCATALOG", "SmartLicenseInOverage_OutOfCompliance", Meaning::OocEntered, VOS),
    row("SLMALARMCATALOG", "SmartLicenseNoProvision_OutOfCompliance", Meaning::Enforcement, VOS),
    row("SLMALARMCATALOG", "SmartLicenseCommunicationError", Meaning::TransportFailure, VOS),
    row("SLMALARMCATALOG", "SmartLicenseRenewAuthFailed", Meaning::AuthorizationFailed, VOS),
    row("SLMALARMCATALOG", "SmartLicenseRenewRegistrationFailed", Meaning::RegistrationFailed, VOS),
    row("SMART_LIC", "COMM_FAILED", Meaning::TransportFailure, "Cisco field notice on QuoVadis Root CA 2"),
    row(
        "SMART_LIC",
        "AUTH_RENEW_FAILED",
        Meaning::AuthorizationFailed,
        "Cisco field notice on QuoVadis Root CA 2",
    ),
    row("SERVICEMANAGER", "ServiceActivated", Meaning::Service(ServiceState::Changing), SERVICE),
    row("SERVICEMANAGER", "ServiceDeactivated", Meaning::Service(ServiceState::NotActivated), SERVICE),
    row("SERVICEMANAGER", "ServiceFailed", Meaning::Service(ServiceState::OutOfService), SERVICE),
    row("SERVICEMANAGER", "ServiceStartFailed", Meaning::Service(ServiceState::OutOfService), SERVICE),
    row("SERVICEMANAGER", "ServiceStopFailed", Meaning::Service(ServiceState::Changing), SERVICE),
    row("SERVICEMANAGER", "ServiceRestartFailed", Meaning::Service(ServiceState::OutOfService), SERVICE),
    row(
        "SERVICEMANAGER",
        "ServiceExceededMaxRestarts",
        Meaning::Service(ServiceState::OutOfService),
        SERVICE,
    ),
    row("SERVICEMANAGER", "ServiceStarted", Meaning::Service(ServiceState::InService), SERVICE),
    row("SERVICEMANAGER", "ServiceStopped", Meaning::Service(ServiceState::OutOfService), SERVICE),
    row("CERT", "CertExpired", Meaning::Certificate, CERTIFICATE),
    row("CERT", "CertValidLessthanADay", Meaning::Certificate, CERTIFICATE),
    row("CERT", "CertValidfor7days", Meaning::Certificate, CERTIFICATE),
    row("CERT", "CertValidLessThanMonth", Meaning::Certificate, CERTIFICATE),
    row("CERT", "CertificateRevoked", Meaning::Certificate, CERTIFICATE),
    row("CERT", "CertExpiryApproaching", Meaning::Notice, CERTIFICATE),
];

/// Facilities whose unknown mnemonics are shown to the user.
const LICENSE_FACILITIES: [&str; 2] = ["LIB_LICENSE", "SLMALARMCATALOG"];

/// Names that say "debug output" or "stack trace", not which alarm.
const NOT_ALARMS: [&str; 6] = ["UNK", "EXCEPTION", "DEBUG", "INFO", "TRACE", ""];

/// The row of a mnemonic; facility and name compare without case, as old releases print `%ccm_`.
#[must_use]
pub fn lookup(facility: &str, mnemonic: &str) -> Option<&'static Row> {
    MNEMONICS.iter().find(|row| {
        row.mnemonic.eq_ignore_ascii_case(mnemonic) && row.facility.eq_ignore_ascii_case(facility)
    })
}

/// What a record means; `None` if its mnemonic says nothing about licences.
#[must_use]
pub fn meaning(record: &Record<'_>) -> Option<EventKind> {
    // `[NodeID=String]` stands in the definition of an alarm, not in an occurrence.
    if record.param("NodeID") == Some("String") {
        return None;
    }
    let facility = record.catalog();
    let Some(row) = lookup(facility, &record.mnemonic) else {
        let is_license = LICENSE_FACILITIES.iter().any(|known| known.eq_ignore_ascii_case(facility));
        let is_alarm = !NOT_ALARMS.iter().any(|name| name.eq_ignore_ascii_case(&record.mnemonic));
        return (is_license && is_alarm).then_some(EventKind::UnknownLicenseEvent);
    };
    let minutes = || record.params.iter().find_map(|(key, value)| minutes_param(key, value));
    match row.meaning {
        Meaning::OocApproaching => Some(EventKind::OocApproaching { minutes: minutes() }),
        Meaning::OocImminent => Some(EventKind::OocImminent { minutes: minutes() }),
        Meaning::OocEntered => Some(EventKind::OocEntered),
        Meaning::Enforcement => Some(EventKind::Enforcement),
        Meaning::AuthorizationExpired => Some(EventKind::AuthorizationExpired),
        Meaning::AuthorizationFailed => Some(EventKind::AuthorizationFailed),
        Meaning::RegistrationExpired => Some(EventKind::RegistrationExpired),
        Meaning::RegistrationFailed => Some(EventKind::RegistrationFailed),
        Meaning::Evaluation { expired } => Some(EventKind::Evaluation { expired }),
        Meaning::TransportFailure => Some(EventKind::TransportFailure { class: FailureClass::Generic }),
        Meaning::Service(state) => service(record).map(|service| EventKind::ServiceState { service, state }),
        Meaning::Certificate => Some(EventKind::Certificate),
        Meaning::Notice => None,
    }
}

/// The minutes to Out of Compliance: the label differs between trace and syslog, the unit does not.
pub(crate) fn minutes_param(key: &str, value: &str) -> Option<u32> {
    let about_ooc = key.contains("OOC") || key.contains("Out of Compliance");
    about_ooc.then(|| grammar::minutes(value))?
}

/// The service a Service Manager alarm speaks of; `None` for services that are not UCCX's.
fn service(record: &Record<'_>) -> Option<Arc<str>> {
    let name = match record.param("ServiceName") {
        Some(name) => name,
        // Before release 8: `Service Name:… App ID:…` in the text.
        None => record.text.split_once("Service Name:")?.1.split(" App ID:").next()?,
    };
    name.trim().starts_with("Cisco Unified CCX").then(|| name.trim().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::read_record;

    #[track_caller]
    fn check(line: &str, expected: Option<EventKind>) {
        let (_, record) = read_record(line, None).expect("a record");
        assert_eq!(meaning(&record), expected, "{line}");
    }

    #[test]
    fn every_row_is_there_once() {
        for (at, row) in MNEMONICS.iter().enumerate() {
            let first =
                MNEMONICS.iter().position(|o| o.facility == row.facility && o.mnemonic == row.mnemonic);
            assert_eq!(first, Some(at), "{}", row.mnemonic);
        }
    }

    #[test]
    fn one_alarm_means_the_same_in_trace_and_syslog() {
        let expected = Some(EventKind::OocImminent { minutes: Some(15) });
        check(
            "%MCVD-LIB_LICENSE-0-SYSTEM_TO_ENTER_OOC_STATE_SHORTLY: [REPORT_ENTITLE] com.cisco.smartlicense.util.SmartLicenseUtil The time is about to expire.: This Product Instance will enter Out of Compliance state in =15 minutes",
            expected.clone(),
        );
        check(
            "%UC_LIB_LICENSE-0-SYSTEM_TO_ENTER_OOC_STATE_SHORTLY: %[The time remaining to enter OOC state=15 minutes][AppID=x][ClusterID=][NodeID=uccxpub]: about to expire.",
            expected,
        );
    }

    #[test]
    fn severity_does_not_decide() {
        check("%MCVD-LIB_LICENSE-7-SYSTEM_IN_OOC_STATE: x", Some(EventKind::OocEntered));
        check("%UC_LIB_LICENSE-6-SYSTEM_IN_OOC_STATE: %[NodeID=a]: x", Some(EventKind::OocEntered));
    }

    #[test]
    fn an_unknown_licence_mnemonic_is_shown() {
        check("%MCVD-LIB_LICENSE-3-RENEW_AUTH_FAILURE: x", Some(EventKind::UnknownLicenseEvent));
        check("%MIVR-LIB_LICENSE-7-UNK: x", None);
        check("%MIVR-SS_TEL-3-UNABLE_REGISTER_CTIPORT: x", None);
    }

    #[test]
    fn a_service_of_another_product_is_no_event() {
        check("%UC_SERVICEMANAGER-2-ServiceFailed: %[ServiceName=Cisco DRF Master][NodeID=a]: x", None);
        check(
            "%UC_SERVICEMANAGER-2-ServiceFailed: %[ServiceName=Cisco Unified CCX Cluster View Daemon][NodeID=a]: x",
            Some(EventKind::ServiceState {
                service: "Cisco Unified CCX Cluster View Daemon".into(),
                state: ServiceState::OutOfService,
            }),
        );
    }
}
