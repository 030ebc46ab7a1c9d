//! The product's vocabulary: what a record means, whichever way it was written.

use std::sync::Arc;

use crate::origin::Span;
use crate::platform::PlatformLine;
use crate::record::Severity;
use crate::stamp::Stamp;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// CSSM reported over-use; Out of Compliance follows unless usage falls.
    OocApproaching {
        /// Minutes until then, as printed. `None` where the line has no number.
        minutes: Option<u32>,
    },
    /// The last warning before Out of Compliance.
    OocImminent {
        /// Minutes until then, as printed. `None` where the line has no number.
        minutes: Option<u32>,
    },
    /// The Product Instance is Out of Compliance; repeated at reports while it stays so.
    OocEntered,
    /// A line states In Compliance.
    ComplianceRestored,
    /// A registration was made or renewed.
    Registration,
    /// A registration or its renewal failed.
    RegistrationFailed,
    /// The registration ran out.
    RegistrationExpired,
    /// The authorization was renewed.
    AuthorizationRenewed,
    /// The authorization renewal failed.
    AuthorizationFailed,
    /// The authorization ran out: no contact with CSSM for 90 days.
    AuthorizationExpired,
    /// Evaluation is running or over.
    Evaluation {
        /// True when its 90 days are over.
        expired: bool,
    },
    /// Provisioning is blocked.
    Enforcement,
    /// CSSM could not be reached.
    TransportFailure {
        /// What kind of failure the text names.
        class: FailureClass,
    },
    /// A service changed its state.
    ServiceState {
        /// The service, as Cisco names it.
        service: Arc<str>,
        /// Its state after the record.
        state: ServiceState,
    },
    /// A certificate alarm.
    Certificate,
    /// A clock alarm (NTP).
    Clock,
    /// An RTMT alert that carries no alarm known here.
    RtmtAlert {
        /// The alert's name.
        name: Arc<str>,
    },
    /// A licence mnemonic that is not in the table: shown, never dropped.
    UnknownLicenseEvent,
    /// The smart agent asked CSSM for a number of licences: what it reports as used.
    EntitlementRequest {
        /// Which, by [`crate::entitlements::name`].
        entitlement: Arc<str>,
        /// How many.
        count: u32,
    },
}

impl EventKind {
    /// The name in the report.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::OocApproaching { .. } => "ooc_approaching",
            Self::OocImminent { .. } => "ooc_imminent",
            Self::OocEntered => "ooc_entered",
            Self::ComplianceRestored => "compliance_restored",
            Self::Registration => "registration",
            Self::RegistrationFailed => "registration_failed",
            Self::RegistrationExpired => "registration_expired",
            Self::AuthorizationRenewed => "authorization_renewed",
            Self::AuthorizationFailed => "authorization_failed",
            Self::AuthorizationExpired => "authorization_expired",
            Self::Evaluation { .. } => "evaluation",
            Self::Enforcement => "enforcement",
            Self::TransportFailure { .. } => "transport_failure",
            Self::ServiceState { .. } => "service_state",
            Self::Certificate => "certificate",
            Self::Clock => "clock",
            Self::RtmtAlert { .. } => "rtmt_alert",
            Self::UnknownLicenseEvent => "unknown_license_event",
            Self::EntitlementRequest { .. } => "entitlement_request",
        }
    }
}

/// Why CSSM could not be reached, as far as the text tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureClass {
    /// The host name did not resolve.
    Dns,
    /// No answer: silently dropped, or no route.
    Timeout,
    /// Actively refused: nothing listens, or a firewall rejects.
    Refused,
    /// The connection was cut.
    Reset,
    /// The certificate chain is not trusted.
    TlsTrust,
    /// The certificate names another host.
    TlsName,
    /// The certificate is expired or not yet valid: or the clock is wrong.
    TlsDate,
    /// A proxy refused or asked for authentication.
    Proxy,
    /// CSSM answered and refused the request.
    Rejected,
    /// The two sides have no TLS version or cipher in common.
    TlsProtocol,
    /// The answer was empty: often a wrong URL path.
    EmptyResponse,
    /// The registration token is expired, used up or unknown.
    Token,
    /// CSSM and the node disagree about the time.
    ClockMismatch,
    /// CSSM On-Prem is too old for what was asked of it.
    OnPremVersion,
    /// A failure that names no cause.
    Generic,
}

impl FailureClass {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Dns,
        Self::Timeout,
        Self::Refused,
        Self::Reset,
        Self::TlsTrust,
        Self::TlsName,
        Self::TlsDate,
        Self::Proxy,
        Self::Rejected,
        Self::TlsProtocol,
        Self::EmptyResponse,
        Self::Token,
        Self::ClockMismatch,
        Self::OnPremVersion,
        Self::Generic,
    ];

    /// The name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Timeout => "timeout",
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::TlsTrust => "tls_trust",
            Self::TlsName => "tls_name",
            Self::TlsDate => "tls_date",
            Self::Proxy => "proxy",
            Self::Rejected => "rejected",
            Self::TlsProtocol => "tls_protocol",
            Self::EmptyResponse => "empty_response",
            Self::Token => "token",
            Self::ClockMismatch => "clock_mismatch",
            Self::OnPremVersion => "on_prem_version",
            Self::Generic => "generic",
        }
    }
}

/// The state of a service, in the words of Control Center and the CLI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceState {
    /// `IN SERVICE`, `INSERVICE`, `[STARTED]`.
    InService,
    /// `PARTIAL SERVICE`.
    Partial,
    /// `[STARTING]`, `[STOPPING]`.
    Changing,
    /// `SHUT DOWN`, `[STOPPED]`, `[NOTRUNNING]`, `OUT OF SERVICE`.
    OutOfService,
    /// `NOT ACTIVATED`, deactivated by an administrator.
    NotActivated,
}

impl ServiceState {
    /// The name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InService => "in_service",
            Self::Partial => "partial_service",
            Self::Changing => "changing",
            Self::OutOfService => "out_of_service",
            Self::NotActivated => "not_activated",
        }
    }
}

/// Which of the places an alarm is written to said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Witness {
    /// The component's own trace file.
    Trace,
    /// CiscoLog: the system log, stored or forwarded.
    Syslog,
    /// An RTMT alert that quotes the alarm.
    Rtmt,
    /// An alert e-mail that quotes the alarm.
    Email,
    /// A row of an AlertLog CSV.
    AlertLog,
}

/// A record that means something, before its stamp is an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// What it means.
    pub kind: EventKind,
    /// Facility of the mnemonic, the same for every way the alarm is written: `LIB_LICENSE`.
    pub facility: Arc<str>,
    /// The severity digit as written.
    pub severity: Severity,
    /// The mnemonic as written.
    pub mnemonic: Arc<str>,
    /// Parameters as written, less those that `kind` and `node` hold.
    pub params: Vec<(Arc<str>, Arc<str>)>,
    /// The message text.
    pub text: Arc<str>,
    /// Sequence number of the writing process.
    pub seq: Option<u64>,
    /// The record's own time.
    pub stamp: Option<Stamp>,
    /// The syslog daemon's time.
    pub outer: Option<Stamp>,
    /// The node, where the record names it (NodeID, or its header's host).
    pub node: Option<Arc<str>>,
    /// Which place said it.
    pub witness: Witness,
    /// The bytes.
    pub span: Span,
}

/// What a CLI output or another dated or undated snapshot states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What is stated.
    pub says: Says,
    /// The node, where the text names it.
    pub node: Option<Arc<str>>,
    /// The bytes.
    pub span: Span,
}

/// The content of a [`Statement`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// `utils service list`: a service and its state.
    Service {
        /// As printed.
        name: Arc<str>,
        /// The state.
        state: ServiceState,
        /// The word printed for it.
        word: Arc<str>,
    },
    /// `show uccx version`.
    Version {
        /// `Active UCCX Version`, as printed.
        active: Arc<str>,
    },
    /// A Transport URL stands in a record.
    TransportUrl {
        /// The URL as written.
        url: Arc<str>,
    },
    /// `utils ntp status`: whether the clock follows a server.
    Ntp {
        /// `synchronised to …` or `unsynchronised`.
        synchronised: bool,
        /// Stratum of the node; `None` where it is not printed.
        stratum: Option<u32>,
        /// Milliseconds to which the time is correct, as printed.
        within_ms: Option<u64>,
        /// Milliseconds that the server followed is ahead of the node; `None` where the table names none.
        offset_ms: Option<i64>,
    },
    /// `utils ntp status`: the node's time when the output was taken, by its own clock.
    CurrentTime {
        /// `UTC`, or the id of the node's zone.
        zone: Arc<str>,
        /// As printed.
        stamp: Stamp,
    },
    /// `show timezone config`: the node's zone.
    TimeZone {
        /// The IANA name as printed.
        id: Arc<str>,
    },
    /// A line about the licence: `show license …`, or a pasted License Management page.
    License(LicenseLine),
    /// A line about the platform: name resolution, connections, self tests, trace settings.
    Platform(PlatformLine),
    /// A row of an inventory of CSSM.
    Purchased {
        /// Which, by [`crate::entitlements::name`].
        entitlement: Arc<str>,
        /// As printed.
        name: Arc<str>,
        /// Licenses purchased.
        purchased: u32,
        /// Licenses in use; `None` where the inventory has no such column.
        in_use: Option<u32>,
        /// Purchased less in use, as printed; `None` where the inventory has no such column.
        balance: Option<i64>,
    },
    /// An entry of `system-history.log`.
    SystemHistory {
        /// The node's local time, with its year.
        stamp: Stamp,
        /// What was done.
        action: SystemAction,
    },
}

/// What a line of `show license …` or of the License Management page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LicenseLine {
    /// The Registration Status.
    Registration {
        /// The state, by its name in the report: `registered`.
        state: &'static str,
        /// The time printed beside it; `None` if there is none.
        at: Option<Stamp>,
        /// The words printed for the state.
        word: Arc<str>,
    },
    /// The License Authorization Status.
    Authorization {
        /// The state, by its name in the report: `in_compliance`.
        state: &'static str,
        /// The time printed beside it; `None` if there is none.
        at: Option<Stamp>,
        /// The words printed for the state.
        word: Arc<str>,
    },
    /// A date.
    Time {
        /// Which.
        what: LicenseTime,
        /// `None` for `None`, `N/A` and the like.
        at: Option<Stamp>,
        /// `SUCCEEDED` or `FAILED`, where the line says one.
        succeeded: Option<bool>,
    },
    /// Time left of the evaluation period.
    EvaluationLeft {
        /// How long, to the precision printed.
        left: chrono::TimeDelta,
    },
    /// An entitlement and its use.
    Entitlement {
        /// Which, by [`crate::entitlements::name`].
        entitlement: Arc<str>,
        /// As printed.
        name: Arc<str>,
        /// Licenses reported as used; `None` where none is printed.
        count: Option<u32>,
        /// `InCompliance`, `Waiting`, …: as printed.
        status: Option<Arc<str>>,
    },
    /// The licence type, as printed: `Flex`, `Perpetual Premium`.
    LicenseType {
        /// As printed.
        name: Arc<str>,
    },
    /// The Transport Settings: how CSSM is reached.
    Transport {
        /// As printed: `Direct`, `Smart Transport`, `Callhome`.
        name: Arc<str>,
    },
    /// The Transport URL of the settings.
    Url {
        /// As printed.
        url: Arc<str>,
    },
    /// The HTTP proxy of the settings.
    Proxy {
        /// `host:port` or the host alone, as printed; `None` where the output says that there is none.
        host: Option<Arc<str>>,
    },
    /// License Control: whether more may be used than was purchased.
    OverageAllowance {
        /// True where it is enabled.
        enabled: bool,
    },
    /// The box *I have purchased High Availability License*.
    HighAvailability {
        /// True where it is selected.
        purchased: bool,
    },
    /// A `license smart …` command that was entered. What stands behind the words of the command is not kept: it may
    /// be a token.
    Command {
        /// The words: `register idtoken`, `renew auth`, `reservation request`.
        name: Arc<str>,
        /// Whether the output behind it says that it worked; `None` where it does not tell.
        succeeded: Option<bool>,
    },
}

/// Dates that `show license all` and `show license status` print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LicenseTime {
    /// `Initial Registration`.
    InitialRegistration,
    /// `Last Renewal Attempt`, of the registration.
    LastRenewal,
    /// `Next Renewal Attempt`, of the registration.
    NextRenewal,
    /// `Registration Expires`.
    RegistrationExpires,
    /// `Last Communication Attempt`.
    LastCommunication,
    /// `Next Communication Attempt`: when the authorization is renewed.
    NextCommunication,
    /// `Communication Deadline`: when the authorization expires.
    CommunicationDeadline,
    /// `EVALUATION PERIOD EXPIRED on`.
    EvaluationExpired,
}

/// What an entry of `system-history.log` is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SystemAction {
    /// The node started.
    Boot,
    /// The node is installed: nothing on it is older.
    Install,
    /// The node was shut down or restarted.
    Shutdown,
    /// Everything else: upgrades, options.
    Other,
}
