//! RTMT alerts: what an alert without a known alarm means.

use crate::event::{EventKind, ServiceState};

/// Alerts of the platform that say nothing about a licence, whatever node they come from: processor, memory, disks,
/// backup, core files, logins. They come by the hundred, and a report that lists them hides what matters.
///
/// Source: RTMT Administration Guide 15, "System Alerts".
const PLATFORM: [&str; 16] = [
    "AuthenticationFailed",
    "CiscoDRFFailure",
    "CoreDumpFileFound",
    "CpuPegging",
    "HardwareFailure",
    "LogFileSearchStringFound",
    "LogPartitionHighWaterMarkExceeded",
    "LogPartitionLowWaterMarkExceeded",
    "LowActivePartitionAvailableDiskSpace",
    "LowAvailableVirtualMemory",
    "LowInactivePartitionAvailableDiskSpace",
    "LowSwapPartitionAvailableDiskSpace",
    "SparePartitionHighWaterMarkExceeded",
    "SparePartitionLowWaterMarkExceeded",
    "SystemVersionMismatched",
    "TotalProcessesAndThreadsExceededThreshold",
];

/// The alert that names a service in its message.
const SERVICE_DOWN: &str = "CriticalServiceDown";

/// Words that make any alert one about licences.
const LICENCE_WORDS: [&str; 4] = ["icens", "ICENS", "Smart", "Compliance"];

/// What an alert means; `None` if it is a known one of no interest here. An alert with an unknown name is shown: the
/// names of UCCX's own licence alerts are not published.
///
/// Source: RTMT Administration Guide 15, CriticalServiceDown: raised when a service's status is down.
pub(crate) fn meaning(name: &str, message: &str) -> Option<EventKind> {
    let service = message.find("Cisco Unified CCX").and_then(|at| message.get(at..)).map(|rest| {
        let end = rest.find(['.', ',', ';', '\n', '"', '[']).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default().trim()
    });
    let speaks = service.is_some() || LICENCE_WORDS.iter().any(|word| message.contains(word));
    match (name, service) {
        (SERVICE_DOWN, Some(service)) if service.len() < 100 => {
            Some(EventKind::ServiceState { service: service.into(), state: ServiceState::OutOfService })
        }
        (known, _) if !speaks && (known == SERVICE_DOWN || PLATFORM.contains(&known)) => None,
        _ => Some(EventKind::RtmtAlert { name: name.into() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_of_no_interest_and_an_unknown_alert_is_shown() {
        assert_eq!(meaning("LogPartitionLowWaterMarkExceeded", "UsedDiskSpace : 91"), None);
        assert!(matches!(meaning("UCCXSomething", "x"), Some(EventKind::RtmtAlert { .. })));
        assert!(matches!(meaning("", "x"), Some(EventKind::RtmtAlert { .. })));
    }

    #[test]
    fn a_service_counts_if_it_is_of_unified_ccx() {
        let down = "Service operational status is DOWN. Cisco Unified CCX Engine.";
        assert!(matches!(meaning("CriticalServiceDown", down), Some(EventKind::ServiceState { .. })));
        assert_eq!(
            meaning("CriticalServiceDown", "Service operational status is DOWN. Cisco DRF Local."),
            None
        );
        let manager = "Service operational status is DOWN. Cisco Smart License Manager.";
        assert!(matches!(meaning("CriticalServiceDown", manager), Some(EventKind::RtmtAlert { .. })));
    }
}
