//! The labels of `show license …`, and what each means.

use crate::event::LicenseTime;

/// The part of the output that a line belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Registration,
    Authorization,
    Transport,
    Other,
}

/// What a label means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// The command, or what only this output says: it begins here.
    Opening,
    /// The heading of a section; it opens the output where `Section` is not `Other`.
    Heading(Section),
    /// `Status`: of what, the section says.
    Status,
    /// `License Authorization Status`, of `show license usage`.
    AuthorizationStatus,
    Time(LicenseTime),
    EvaluationLeft,
    /// A URL; true where it is surely that of the settings.
    Url(bool),
    /// How CSSM is reached: `Transport Type`; `Type` only below the heading.
    Transport,
    /// The proxy, or the heading above its address.
    Proxy,
    ProxyAddress,
    ProxyPort,
    Count,
    /// Of no interest here.
    Other,
    /// An empty prompt, or a command: the output ends.
    Prompt,
    /// The label of another page: its line is none of this output.
    Foreign,
}

/// The labels, what they mean, and whether a colon must follow.
pub(super) const LABELS: [(&str, Key, bool); 72] = [
    ("show license all", Key::Opening, false),
    ("show license status", Key::Opening, false),
    ("show license summary", Key::Opening, false),
    ("show license usage", Key::Opening, false),
    ("show license tech support", Key::Opening, false),
    ("Smart Licensing Tech Support info", Key::Opening, false),
    ("Smart Licensing Status", Key::Opening, false),
    ("Smart Licensing is ENABLED", Key::Opening, false),
    ("Smart Licensing is DISABLED", Key::Opening, false),
    ("Registration", Key::Heading(Section::Registration), true),
    ("License Authorization", Key::Heading(Section::Authorization), true),
    ("Evaluation Period", Key::Heading(Section::Other), true),
    ("License Usage", Key::Heading(Section::Other), false),
    ("Product Information", Key::Heading(Section::Other), false),
    ("Agent Version", Key::Heading(Section::Other), false),
    ("Utility", Key::Heading(Section::Other), true),
    ("Transport", Key::Heading(Section::Transport), true),
    ("Data Privacy", Key::Heading(Section::Other), true),
    ("License Conversion", Key::Heading(Section::Other), true),
    ("Smart License Conversion", Key::Heading(Section::Other), true),
    ("License Reservation", Key::Heading(Section::Other), true),
    ("Export Authorization Key", Key::Heading(Section::Other), true),
    ("License Authorization Status", Key::AuthorizationStatus, true),
    ("Registration Status", Key::Foreign, false),
    ("Status", Key::Status, true),
    ("Initial Registration", Key::Time(LicenseTime::InitialRegistration), true),
    ("Last Renewal Attempt", Key::Time(LicenseTime::LastRenewal), true),
    ("Next Renewal Attempt", Key::Time(LicenseTime::NextRenewal), true),
    ("Registration Expires", Key::Time(LicenseTime::RegistrationExpires), true),
    ("Last Communication Attempt", Key::Time(LicenseTime::LastCommunication), true),
    ("Next Communication Attempt", Key::Time(LicenseTime::NextCommunication), true),
    ("Communication Deadline", Key::Time(LicenseTime::CommunicationDeadline), true),
    ("EVALUATION PERIOD EXPIRED on", Key::Time(LicenseTime::EvaluationExpired), false),
    ("Evaluation Period Expired on", Key::Time(LicenseTime::EvaluationExpired), false),
    ("Evaluation Period Remaining", Key::EvaluationLeft, true),
    ("Transport URL", Key::Url(true), true),
    ("Registration URL", Key::Url(true), true),
    ("URL", Key::Url(false), true),
    ("Count", Key::Count, true),
    ("Description", Key::Other, true),
    ("Version", Key::Other, true),
    ("Evaluation Mode", Key::Other, true),
    ("Smart Account", Key::Other, true),
    ("Virtual Account", Key::Other, true),
    ("Product Instance Name", Key::Other, true),
    ("Export-Controlled Functionality", Key::Other, true),
    ("Failure reason", Key::Other, true),
    ("Failure Reason", Key::Other, true),
    ("Export status", Key::Other, true),
    ("License type", Key::Other, true),
    ("Enforcement type", Key::Other, true),
    ("Feature Name", Key::Other, true),
    ("Feature Description", Key::Other, true),
    ("Type", Key::Transport, true),
    ("Transport Type", Key::Transport, true),
    ("Transport Mode", Key::Transport, true),
    ("Proxy", Key::Proxy, true),
    ("HTTP Proxy", Key::Proxy, true),
    ("HTTPS Proxy", Key::Proxy, true),
    ("HTTP/HTTPS Proxy", Key::Proxy, true),
    ("Address", Key::ProxyAddress, true),
    ("Proxy Address", Key::ProxyAddress, true),
    ("Proxy Host", Key::ProxyAddress, true),
    ("Port", Key::ProxyPort, true),
    ("Proxy Port", Key::ProxyPort, true),
    ("Username", Key::Other, true),
    ("Password", Key::Other, true),
    ("UDI", Key::Other, true),
    ("Smart Agent for Licensing", Key::Other, true),
    ("Features Authorized", Key::Other, true),
    ("Sending Hostname", Key::Other, true),
    ("admin", Key::Prompt, true),
];

/// The labels alone.
pub(super) const fn names() -> [&'static str; 72] {
    let mut names = [""; 72];
    let mut at = 0;
    while at < 72 {
        #[expect(clippy::indexing_slicing, reason = "a constant is computed when it is compiled")]
        {
            names[at] = LABELS[at].0;
        }
        at += 1;
    }
    names
}
