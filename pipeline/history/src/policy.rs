//! Every number that Cisco documents, by release, with its source. Nothing else in the program holds one.

use chrono::TimeDelta;

/// Which rules a release follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Regime {
    /// Up to 12.5(1) SU2: five consecutive over-usages, countdown, irreversible Out of Compliance.
    Counted,
    /// 12.5(1) SU3 and 15.0: Out of Compliance as soon as CSSM says so.
    Immediate,
    /// The release is not known: both are possible.
    Unknown,
}

impl Regime {
    /// The name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Immediate => "immediate",
            Self::Unknown => "unknown",
        }
    }
}

/// One of the two published readings of the counted rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reading {
    /// Out of Compliance 45 minutes after the first over-usage: the tolerance is used up at the fourth report.
    ///
    /// Source: Features Guide 12.5(1) SU1, alert list ("45 min breached").
    At45,
    /// Out of Compliance with the fifth over-usage in a row, 60 minutes after the first.
    ///
    /// Source: Cisco 217416 ("five consecutive instances … in 1 hour").
    At60,
}

impl Reading {
    /// Both.
    pub const ALL: [Self; 2] = [Self::At45, Self::At60];

    /// The name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::At45 => "at_45_min",
            Self::At60 => "at_60_min",
        }
    }

    /// Over-usages in a row that lead into Out of Compliance.
    #[must_use]
    pub fn over_usages(self) -> u32 {
        match self {
            Self::At45 => OVER_USAGES - 1,
            Self::At60 => OVER_USAGES,
        }
    }
}

/// Time between two usage reports in the counted regime.
///
/// Source: Features Guide 12.5(1) SU1 and SU2, Smart Licensing: every 15 minutes.
pub const REPORT_EVERY_COUNTED: TimeDelta = TimeDelta::minutes(15);

/// Time between two usage reports in the immediate regime.
///
/// Source: Features Guide 12.5(1) SU3 and 15.0; Release Notes SU3: every 8 hours.
pub const REPORT_EVERY_IMMEDIATE: TimeDelta = TimeDelta::hours(8);

/// Consecutive over-usages that lead into Out of Compliance in the counted regime.
///
/// Source: Features Guide 12.5(1) SU1: five consecutive reports.
pub const OVER_USAGES: u32 = 5;

/// The longest countdown that is printed: a new one starts from it.
///
/// Source: Cisco 217416, `=45 minutes`.
pub const COUNTDOWN_START_MIN: u32 = 45;

/// Minutes left at which the last warning, `SYSTEM_TO_ENTER_OOC_STATE_SHORTLY`, is written.
///
/// Source: Cisco 217416, `=15 minutes`.
pub const SHORTLY_MIN: u32 = 15;

/// Time between two reports under a regime; where it is not known, the shorter.
#[must_use]
pub fn report_every(regime: Regime) -> TimeDelta {
    match regime {
        Regime::Immediate => REPORT_EVERY_IMMEDIATE,
        Regime::Counted | Regime::Unknown => REPORT_EVERY_COUNTED,
    }
}

/// The two published readings differ by one report: Out of Compliance 45 or 60 minutes after the first over-usage.
///
/// Source: Features Guide 12.5(1) SU1 (45 minutes) against 217416 ("five consecutive instances … in 1 hour").
pub const COUNTDOWN_SPREAD: TimeDelta = REPORT_EVERY_COUNTED;

/// Two printed countdowns are one if they end within half a report of each other.
pub const SAME_COUNTDOWN: TimeDelta = TimeDelta::milliseconds(REPORT_EVERY_COUNTED.num_milliseconds() / 2);

/// Time in Out of Compliance before Enforcement.
///
/// Source: Cisco 217416 and the Features Guides, Authorization State: 90 days. What starts the clock is not
/// published; the first `SYSTEM_IN_OOC_STATE` after the last In Compliance is taken.
pub const ENFORCEMENT_AFTER: TimeDelta = TimeDelta::days(90);

/// Time between two renewals of the authorization.
///
/// Source: Features Guides, Authorization State: every 30 days; an agent's print-out in 212915 agrees.
pub const AUTHORIZATION_RENEWED_AFTER: TimeDelta = TimeDelta::days(30);

/// Time without contact to CSSM after which the authorization has expired.
///
/// Source: Features Guides, Authorization State: 90 days; `Communication Deadline` in 212915 agrees.
pub const AUTHORIZATION_EXPIRES_AFTER: TimeDelta = TimeDelta::days(90);

/// Time between the expiry of the authorization and Enforcement under the later of two published readings; it is none
/// under the earlier.
///
/// Source: Features Guides, Authorization Expired ("in an overage period for 90 days") and the CUCM alarm
/// `SmartLicenseInOverage_AuthorizationExpired`, against the Administration and Operations Guide 12.5(1) SU3, System
/// Menu ("after 90 days, … Enforcement").
pub const AUTHORIZATION_OVERAGE: TimeDelta = TimeDelta::days(90);

/// Time between two renewals of the registration.
///
/// Source: Features Guides, Registration State: every six months; 180 days in an agent's print-out in 212915.
pub const REGISTRATION_RENEWED_AFTER: TimeDelta = TimeDelta::days(180);

/// Time for which a registration is valid.
///
/// Source: Features Guides, Registration State: one year; 365 days in an agent's print-out in 212915.
pub const REGISTRATION_VALID: TimeDelta = TimeDelta::days(365);

/// Length of the evaluation period; Enforcement follows.
///
/// Source: Features Guides, Evaluation: 90 days.
pub const EVALUATION: TimeDelta = TimeDelta::days(90);

/// How old a synchronization of CSSM On-Prem with CSSM may be.
///
/// Source: Cisco 212915, mediated deployments: at least every 30 days.
pub const ON_PREM_SYNCED_WITHIN: TimeDelta = TimeDelta::days(30);

/// The regime of a release, from what `show uccx version` prints or `--release` says.
///
/// Builds of 12.5(1) name their service update: 11002 is SU2, 11003 is SU3 (published installation files). Releases
/// before 12.5 have no smart licensing, and a release without its service update decides nothing: `None`.
#[must_use]
pub fn regime(release: &str) -> Option<Regime> {
    let text: String = release.to_ascii_uppercase().chars().filter(|c| !c.is_whitespace()).collect();
    let mut numbers =
        text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse::<u32>().ok());
    let major = numbers.next()?;
    if major >= 15 {
        return Some(Regime::Immediate);
    }
    if major != 12 || numbers.next() != Some(5) {
        return None;
    }
    if let Some(update) = text.split("SU").nth(1).and_then(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    }) {
        return Some(if update >= 3 { Regime::Immediate } else { Regime::Counted });
    }
    // 12.5.1.1100N-NNN is service update N; 12.5.1.10NNN is 12.5(1) itself.
    match numbers.nth(1) {
        Some(build) if (11_003..12_000).contains(&build) => Some(Regime::Immediate),
        Some(build) if (10_000..11_003).contains(&build) => Some(Regime::Counted),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(release: &str, expected: Option<Regime>) {
        assert_eq!(regime(release), expected, "{release}");
    }

    #[test]
    fn service_update_three_changes_the_rules() {
        check("12.5(1)SU2", Some(Regime::Counted));
        check("12.5SU2", Some(Regime::Counted));
        check("12.5SU3", Some(Regime::Immediate));
        check("12.5(1) SU3 ES04", Some(Regime::Immediate));
        check("15.0", Some(Regime::Immediate));
        check("15.0.1.10000-15", Some(Regime::Immediate));
    }

    #[test]
    fn a_build_number_names_its_service_update() {
        check("12.5.1.11002-24", Some(Regime::Counted));
        check("12.5.1.11003-511", Some(Regime::Immediate));
        check("12.5.1.10000-31", Some(Regime::Counted));
        check("12.5.1.19000-1", None);
    }

    #[test]
    fn an_older_or_unnamed_release_chooses_no_regime() {
        check("10.0.0.95000-136", None);
        check("12.5", None);
        check("", None);
    }
}
