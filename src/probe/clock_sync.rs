//! Is this host's clock right, and does the NTP server answer?
//!
//! Source: Cisco 215537 (15 minutes break database replication) and 200396 (stratum below 5); Smart Licensing Using
//! Policy guides ("Timestamp mismatch": more than an hour from CSSM).

use std::net::SocketAddr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use parsers::stamp::Instant;
use reports::time::spell;
use reports::{Confidence, Severity};

use super::dns_a_record::{look_up, server};
use super::document::{Check, Item};
use super::plan::{Peer, Plan, plain};
use super::policy::{AGREES, BREAKS_LICENSING, BREAKS_REPLICATION, NOTICEABLE, STRATUM_TOO_HIGH};
use super::sntp::{self, Reading, Refusal};
use super::wire::{Class, remote};

const ITEM: Item = Item {
    id: "clock-sync",
    title: "This host's clock is right",
    source: "Cisco 215537 and 200396, NTP; Smart Licensing Using Policy, Timestamp mismatch",
};

/// What became of the question to the NTP server.
#[derive(Debug)]
pub(super) enum Asked {
    /// Its name has no address.
    Unresolved(String),
    /// The answer.
    Answered(SocketAddr, Result<Reading, Refusal>),
}

/// Asks the NTP server of the plan; `None` if there is none.
pub(super) fn ask(plan: &Plan, now: impl Fn() -> Instant) -> Option<Asked> {
    let ntp = plan.ntp.as_ref()?;
    let names = look_up(plan, &ntp.host);
    Some(match names.addresses().first() {
        None => Asked::Unresolved(names.failure().says(&remote(&plain(&ntp.host)), &server(plan))),
        Some(address) => {
            let to = SocketAddr::new(*address, ntp.port);
            Asked::Answered(to, sntp::ask(to, plan.timeout, now))
        }
    })
}

/// The time that a web server gave with its answer.
#[derive(Debug)]
pub(super) struct Dated {
    /// As sent.
    pub(super) text: String,
    /// When it arrived, by this host's clock.
    pub(super) at: Instant,
}

/// The answer: by NTP where a server was given, else by the time that CSSM's web server gives.
pub(super) fn check(plan: &Plan, asked: Option<&Asked>, dated: Option<&Dated>) -> Check {
    let by_date = dated.and_then(|dated| {
        let theirs = DateTime::parse_from_rfc2822(&dated.text).ok()?.with_timezone(&Utc);
        Some(theirs - dated.at)
    });
    let check = match (&plan.ntp, asked) {
        (Some(ntp), Some(asked)) => by_ntp(ntp, asked),
        _ => match by_date {
            // The field has whole seconds, and the answer took its time.
            Some(offset) => judge(
                "the web server that answers for CSSM",
                offset,
                Duration::from_secs(5),
                Confidence::Medium,
            ),
            None => ITEM.no_evidence(
                "no NTP server was given, and no web server gave its time",
                "Probe again with --ntp and the NTP server of the nodes.",
            ),
        },
    };
    let answered = match asked {
        Some(Asked::Answered(_, answer)) => Some(answer),
        Some(Asked::Unresolved(_)) | None => None,
    };
    let reading = answered.and_then(|answer| answer.as_ref().ok());
    let state = match (asked, answered) {
        (None, _) => None,
        (Some(_), None) => Some("unresolved"),
        (Some(_), Some(Ok(_))) => Some("answered"),
        (Some(_), Some(Err(refusal))) => Some(refusal.name()),
    };
    let address = match asked {
        Some(Asked::Answered(address, _)) => Some(address.to_string()),
        Some(Asked::Unresolved(_)) | None => None,
    };
    let kiss = match answered {
        Some(Err(Refusal::Kiss(code))) => Some(code.clone()),
        _ => None,
    };
    check
        .fact("ntp", plan.ntp.as_ref().map(ToString::to_string))
        .fact("address", address)
        .fact("state", state)
        .fact("kiss_code", kiss)
        .fact("stratum", reading.map(|reading| reading.stratum))
        .fact("offset_s", reading.map(|reading| seconds(reading.offset)))
        .fact("delay_s", reading.map(|reading| seconds(reading.delay)))
        .fact("http_date_offset_s", by_date.map(|offset| offset.num_seconds()))
}

fn seconds(delta: TimeDelta) -> f64 {
    // Milliseconds of a plausible offset fit into the 53 bits.
    delta.num_milliseconds() as f64 / 1_000.0
}

fn by_ntp(ntp: &Peer, asked: &Asked) -> Check {
    let (address, answer) = match asked {
        Asked::Unresolved(why) => {
            return ITEM.fail(
                Severity::Medium,
                Confidence::High,
                format!("the NTP server has no address: {why}"),
                "Correct the server's name with utils ntp config, or add it to the DNS.",
            );
        }
        Asked::Answered(address, answer) => (address, answer),
    };
    let name = format!("NTP server {}", remote(&ntp.to_string()));
    match answer {
        Ok(reading) if reading.stratum >= STRATUM_TOO_HIGH => ITEM.fail(
            Severity::Medium,
            Confidence::High,
            format!("{name} is of stratum {}, and UCCX takes less than {STRATUM_TOO_HIGH}", reading.stratum),
            "Give the nodes an NTP server nearer to a reference clock.",
        ),
        Ok(reading) => judge(&name, reading.offset, AGREES, Confidence::High),
        Err(Refusal::Kiss(code)) => ITEM.fail(
            Severity::Medium,
            Confidence::High,
            format!("{name} refuses to tell the time (kiss-of-death {code})"),
            "RATE means that it is asked too often, DENY and RSTR that it does not serve this host: take another \
             server, or have it allow the nodes.",
        ),
        Err(Refusal::Unsynchronised(stratum)) => ITEM.fail(
            Severity::High,
            Confidence::High,
            format!("{name} is not synchronised itself (stratum {stratum})"),
            "Repair the server's own source, or give the nodes another server.",
        ),
        Err(Refusal::Odd(why)) => ITEM.fail(
            Severity::Medium,
            Confidence::Medium,
            format!("{name} gives no usable answer: {why}"),
            "See that an NTP server listens there.",
        ),
        Err(Refusal::Trouble(trouble)) => {
            let says = format!("{name} {}", trouble.class.says());
            let remedy = match trouble.class {
                Class::TimedOut => format!(
                    "See that the server runs and that the firewall lets UDP {} through to {}.",
                    ntp.port,
                    address.ip()
                ),
                _ => "See that an NTP server runs there.".to_owned(),
            };
            ITEM.fail(Severity::Medium, Confidence::Medium, says, remedy)
        }
    }
}

fn judge(whom: &str, offset: TimeDelta, agrees: Duration, sure: Confidence) -> Check {
    let by = offset.abs().to_std().unwrap_or(Duration::MAX);
    let way = if offset > TimeDelta::zero() { "behind" } else { "ahead of" };
    let length = match by.as_secs() {
        0..60 => format!("{:.3} s", by.as_secs_f64()),
        // To the nearest second, not to the one before.
        _ => spell(offset.abs() + TimeDelta::milliseconds(500)),
    };
    let says = format!("this host's clock is {length} {way} {whom}");
    let (severity, meaning) = match by {
        by if by >= BREAKS_LICENSING => (Severity::Critical, ": CSSM refuses what is more than an hour off"),
        by if by >= BREAKS_REPLICATION => {
            (Severity::High, ": nodes 15 minutes apart break database replication")
        }
        by if by >= NOTICEABLE => (Severity::Medium, ""),
        by if by > agrees => (Severity::Low, ""),
        _ => return ITEM.pass(sure, says),
    };
    ITEM.fail(
        severity,
        sure,
        format!("{says}{meaning}"),
        "This is about the host that probes. If it is a node or takes its time from the same server: utils ntp status, \
         then utils ntp config. Set no clock by hand while licensing runs.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seconds: i64, severity: Option<Severity>, says: &str) {
        let check = judge("x", TimeDelta::seconds(seconds), AGREES, Confidence::High);
        assert_eq!(check.severity, severity);
        assert!(check.says.contains(says), "{}", check.says);
    }

    #[test]
    fn the_farther_off_the_worse() {
        check(0, None, "0.000 s ahead of x");
        check(-30, Some(Severity::Low), "30.000 s ahead of x");
        check(90, Some(Severity::Medium), "1 min 30 s behind x");
        check(900, Some(Severity::High), "15 minutes");
        check(-7_200, Some(Severity::Critical), "an hour");
    }
}
