//! Outputs of the command line, saved as text.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::clock::NodeClock;
use super::plan::{Plan, Regime};
use super::rng::Rng;

/// Release as `--release` takes it, and version as `show uccx version` prints it.
pub(super) fn release(plan: &Plan) -> (&'static str, &'static str) {
    let mut rng = Rng::stream(plan.seed, 4);
    let releases: &[(&str, &str)] = match plan.regime {
        Regime::Counted => &[("12.5SU1", "12.5.1.11001-348"), ("12.5SU2", "12.5.1.11002-481")],
        Regime::Immediate => &[("12.5SU3", "12.5.1.11003-492"), ("15.0", "15.0.1.10000-95")],
    };
    rng.pick(releases, ("15.0", "15.0.1.10000-95"))
}

/// `show uccx version`.
pub(super) fn uccx_version(version: &str) -> String {
    format!("Active UCCX Version: {version}\nInactive UCCX Version: NA\n")
}

/// `utils service list`, padded or not.
pub(super) fn service_list(cvd_stopped: bool, rng: &mut Rng) -> String {
    let padded = rng.one_in(2);
    let cvd = if cvd_stopped { "STOPPED" } else { "STARTED" };
    let services = [
        ("System SSH", "STARTED"),
        ("Cluster Manager", "STARTED"),
        ("Cisco Tomcat", "STARTED"),
        ("Cisco AMC Service", "STARTED"),
        ("Cisco Unified CCX Administration", "STARTED"),
        ("Cisco Unified CCX Cluster View Daemon", cvd),
        ("Cisco Unified CCX CVD Dependent Webapp", "STARTED"),
        ("Cisco Unified CCX Engine", "STARTED"),
        ("SNMP Master Agent", "STOPPED"),
    ];
    let mut text = "Requesting service status, please wait...\n".to_owned();
    for (name, state) in services {
        let _ =
            if padded { writeln!(text, "  {name:<45}[{state}]") } else { writeln!(text, "{name}[{state}]") };
    }
    text.push_str("Primary Node =true\n");
    text
}

/// `utils ntp status`: synchronised where the clock is right.
pub(super) fn ntp_status(clock: &NodeClock, at: DateTime<Utc>, rng: &mut Rng) -> String {
    let [local, utc] = clock.command_dates(at);
    let ms = clock.skew.num_milliseconds();
    let right = ms.abs() <= 2_000;
    let mark = if right { '*' } else { ' ' };
    let state = if right {
        format!(
            "synchronised to NTP server (192.0.2.123) at stratum 3\n   time correct to within {} ms\n",
            rng.within(5, 60)
        )
    } else {
        "unsynchronised\n".to_owned()
    };
    format!(
        "ntpd (pid {}) is running...\n\n     \
         remote           refid      st t when poll reach   delay   offset  jitter\n\
         ==============================================================================\n\
         {mark}192.0.2.123     192.0.2.124      2 u   31   64  377    0.431 {:>8}.0    0.050\n\n\
         {state}   polling server every 64 s\n\n\
         Current time in UTC is : {utc}\nCurrent time in {} is : {local}\n",
        rng.within(900, 32_000),
        -ms,
        clock.zone.name()
    )
}

/// `show timezone config`.
pub(super) fn timezone_config(zone: Tz) -> String {
    format!("Current timezone: Local Time ({})\nTimezone version: 2024a\n", zone.name())
}

/// `system-history.log`: an installation months or years ago, start-ups since, none within the bundle's hours.
pub(super) fn system_history(clock: &NodeClock, plan: &Plan, version: &str, mut rng: Rng) -> String {
    let mut text = "=======================================\n\
                    Product Name -    Cisco Unified Contact Center Express\n"
        .to_owned();
    let _ = writeln!(text, "Product Version - {version}\n=======================================");
    let mut at = plan.start - TimeDelta::days(i64::from(rng.within(200, 1_500)));
    let mut entry = |at: DateTime<Utc>, what: &str| {
        let _ = writeln!(text, "{} | root: {what}", clock.local(at).format("%m/%d/%Y %H:%M:%S"));
    };
    entry(at, &format!("Install {version} Start"));
    entry(at + TimeDelta::minutes(95), &format!("Install {version} Success"));
    loop {
        entry(at + TimeDelta::minutes(97), &format!("Boot {version} Start"));
        at += TimeDelta::days(i64::from(rng.within(40, 300)));
        if at >= plan.start - TimeDelta::days(2) {
            break;
        }
        entry(at, &format!("Restart {version} Start"));
    }
    text
}
