//! What Cisco documents about the way to CSSM: URLs, ports, limits. Every number of the probe stands here.

use std::time::Duration;

/// Smart Transport, then Call Home, which is going end of life.
///
/// Source: Cisco, UCCX Administration Guide 15.0, System menu, Smart License transport settings.
pub(super) const DIRECT_URLS: [&str; 2] = [
    "https://smartreceiver.cisco.com/licservice/license",
    "https://tools.cisco.com/its/service/oddce/services/DDCEService",
];

/// Path of CSSM On-Prem for Call Home.
///
/// Source: Cisco, UCCX Features Guide, Smart Licensing, Transport URL; 217416.
pub(super) const ON_PREM_CALL_HOME: &str = "/Transportgateway/services/DeviceRequestHandler";

/// Path of CSSM On-Prem for Smart Transport.
///
/// Source: Cisco, UCCX Features Guide 15.0: "ensure that the URL ends with /SmartTransport".
pub(super) const ON_PREM_SMART: &str = "/Transportgateway/services/DeviceRequestHandler/SmartTransport";

/// What both paths of CSSM On-Prem begin with, in lower case.
pub(super) const ON_PREM_ROOT: &str = "/transportgateway";

/// Ports from the nodes to Cisco.
///
/// Source: Cisco 217416, UCCX Smart Licensing, troubleshooting checklist, item 2.
pub(super) const DIRECT_PORTS: [u16; 2] = [HTTPS, 80];

/// HTTPS, RFC 9110.
pub(super) const HTTPS: u16 = 443;

/// DNS, RFC 1035.
pub(super) const DNS: u16 = 53;

/// NTP, RFC 4330.
pub(super) const NTP: u16 = 123;

/// A clock that is so far off makes CSSM refuse what the node sends.
///
/// Source: Cisco, Smart Licensing Using Policy guides, "Timestamp mismatch".
pub(super) const BREAKS_LICENSING: Duration = Duration::from_secs(60 * 60);

/// Nodes so far apart: database replication breaks.
///
/// Source: Cisco 215537.
pub(super) const BREAKS_REPLICATION: Duration = Duration::from_secs(15 * 60);

/// A clock so far off is not kept by NTP. Ours: Cisco names no figure.
pub(super) const NOTICEABLE: Duration = Duration::from_secs(60);

/// What a network's delay explains. Ours: Cisco names no figure.
pub(super) const AGREES: Duration = Duration::from_secs(1);

/// The first stratum that UCCX does not take.
///
/// Source: Cisco 200396, "stratum must be less than 5".
pub(super) const STRATUM_TOO_HIGH: u8 = 5;

/// Whether a host is Cisco's own.
pub(super) fn is_cisco(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "cisco.com" || host.ends_with(".cisco.com")
}
