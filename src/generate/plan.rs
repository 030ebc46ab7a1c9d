//! What a synthetic bundle shall contain. Everything is drawn from the seed; every field may be overridden.

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Serialize, Serializer};

use super::rng::Rng;
use super::zones::{ZONES, clock_changes};

/// The first year that [`Plan::from_seed`] draws.
pub const FIRST_YEAR: i32 = 2015;
/// The number of years that [`Plan::from_seed`] draws from.
pub const N_YEARS: u32 = 12;

/// Which of the two rules of Cisco's releases decides about Out of Compliance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Regime {
    /// Up to 12.5(1) SU2: usage is reported every 15 minutes, five consecutive over-uses are needed.
    Counted,
    /// From 12.5(1) SU3: reported every 8 hours, Out of Compliance at once.
    Immediate,
}

/// The two readings of Cisco's text about the counted regime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OocModel {
    /// Out of Compliance 45 minutes after the first over-use: its clock ran out.
    At45,
    /// Out of Compliance 60 minutes after the first over-use: the fifth sample in a row.
    At60,
}

/// How often a product instance that is Out of Compliance says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    /// At each report of the regime.
    EveryReport,
    /// On entry only.
    Once,
}

/// What holds the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Container {
    /// A directory tree.
    Dir,
    /// One `.zip`.
    Zip,
    /// One `.tar.gz`.
    TarGz,
}

/// Where a node's files stand inside the bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// `<node>/uccx/log/…`
    ByNode,
    /// `<address>/<YYYYMMDD_hhmmss>/active/uccx/log/…`, as an SFTP collector leaves it.
    Sftp,
}

/// Which of the two syslog files of a node the license alarms are written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlarmLog {
    /// `syslog/CiscoSyslog` only.
    CiscoSyslog,
    /// `syslog/messages` only.
    Messages,
    /// The same line in both.
    Both,
}

/// What the calendar does during the bundle's hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// Nothing on purpose.
    Ordinary,
    /// Local midnight between two years.
    NewYear,
    /// 28 or 29 February of a leap year.
    LeapDay,
    /// A local hour (or half hour) that happens twice.
    Fold,
    /// A local hour (or half hour) that does not happen.
    Gap,
}

/// The contents of one synthetic bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Feeds every draw: usage, filler, the milliseconds of each record.
    pub seed: u64,
    /// The zone that both nodes stand in.
    #[serde(serialize_with = "zone_name")]
    pub zone: Tz,
    /// The true instant at which the bundle's time begins.
    #[serde(serialize_with = "instant")]
    pub start: DateTime<Utc>,
    /// How long it lasts, in hours: some thousands at most.
    pub hours: u32,
    /// What the calendar does meanwhile. A label: changing it alone changes nothing.
    pub occasion: Occasion,
    /// 1: a publisher; 2: with a subscriber.
    pub nodes: u8,
    /// Seconds by which the publisher's and the subscriber's clock are ahead of true time.
    pub skew_s: [i32; 2],
    /// The rule about Out of Compliance.
    pub regime: Regime,
    /// The reading of the counted rule.
    pub ooc_model: OocModel,
    /// Whether the counted regime also prints `=30 minutes`, as `SYSTEM_TO_ENTER_OOC_STATE`.
    pub print_30: bool,
    /// How often Out of Compliance is said again.
    pub repeat: Repeat,
    /// Whether the subscriber's Cluster View Daemon logs each alarm too, within a second.
    pub both_nodes_log: bool,
    /// Whether licenses are bought some hours after Out of Compliance began.
    pub buys: bool,
    /// Whether messages to CSSM On-Prem sometimes fail.
    pub failures: bool,
    /// Whether the publisher's Cluster View Daemon restarts once.
    pub restart: bool,
    /// What holds the files.
    pub container: Container,
    /// Where they stand in it.
    pub layout: Layout,
    /// Whether `syslog/CiscoSyslog` and `syslog/messages` are there.
    pub with_syslog: bool,
    /// Whether the publisher's CiscoSyslog holds RTMT alerts that nest the license alarms. Needs syslog.
    pub with_rtmt: bool,
    /// Whether `cli/utils_service_list.txt` and `cli/show_uccx_version.txt` are there.
    pub with_cli: bool,
    /// Whether `cli/utils_ntp_status.txt` is there, which names the zone.
    pub with_ntp: bool,
    /// Whether `cli/show_timezone_config.txt` is there, which names the zone.
    pub with_timezone: bool,
    /// Whether `install/system-history.log` is there: installation and start-ups, with full dates.
    pub with_history: bool,
    /// Days by which the files' times are those of a later copy; 0 where they are their own.
    pub copied_after_days: u32,
    /// What `utils service list` says about the Cluster View Daemon of the publisher.
    pub cvd_stopped: bool,
    /// Which syslog file holds the alarms.
    pub alarm_log: AlarmLog,
    /// Whether the last trace file is followed by the first one again, which is overwritten.
    pub circular: bool,
    /// How many files a circular trace has, at least 1.
    pub kept_files: u32,
    /// A trace file is full at this many bytes.
    pub file_bytes: u32,
    /// Digits of a trace file's number: 2 or 3 are known.
    pub index_width: u8,
    /// Whether the members come in random order.
    pub shuffle: bool,
    /// Irrelevant trace records per usage sample (every 15 minutes) and log.
    pub filler: u32,
    /// Whether each line of a license stack trace is a record of its own.
    pub repeated_stack: bool,
    /// Whether the zone acronym touches the `%`, as in old releases.
    pub glued_zone: bool,
    /// Whether the Engine was traced with LIB_LICENSE and SS_RM debugging.
    pub engine_debug: bool,
    /// Whether one of the publisher's MCVD files is there a second time, from a second download.
    pub collected_twice: bool,
    /// Whether lines end in CR LF.
    pub crlf: bool,
    /// Whether a zip's member names have back-slashes.
    pub backslash: bool,
    /// Whether a zip's members carry the extended timestamp (UTC) beside the local two-second one.
    pub zip_utc: bool,
}

fn zone_name<S: Serializer>(zone: &Tz, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(zone.name())
}

/// RFC 3339 in UTC with milliseconds and `Z`, as in the report.
pub(super) fn instant<S: Serializer>(at: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string())
}

impl Plan {
    /// Everything drawn from the seed, the occasion too.
    #[must_use]
    pub fn from_seed(seed: u64) -> Plan {
        let mut rng = Rng::stream(seed, 1);
        let occasion = match rng.below(20) {
            0..6 => Occasion::Ordinary,
            6..10 => Occasion::NewYear,
            10..13 => Occasion::LeapDay,
            13..17 => Occasion::Fold,
            _ => Occasion::Gap,
        };
        Plan::for_occasion(seed, occasion)
    }

    /// Everything drawn from the seed but the occasion.
    #[must_use]
    pub fn for_occasion(seed: u64, occasion: Occasion) -> Plan {
        let mut rng = Rng::stream(seed, 2);
        let regime = rng.pick(&[Regime::Counted, Regime::Counted, Regime::Immediate], Regime::Counted);
        let nodes = if rng.one_in(2) { 2 } else { 1 };
        // Two nodes write twice as much: shorter, so that ten thousand bundles are soon made.
        let hours = match (regime, nodes) {
            (Regime::Counted, 1) => rng.within(4, 20),
            (Regime::Counted, _) => rng.within(4, 12),
            (Regime::Immediate, _) => rng.within(18, 48),
        };
        let skew_s = [skew_s(&mut rng), if nodes == 2 { skew_s(&mut rng) } else { 0 }];
        let (zone, start, occasion) = place(&mut rng, occasion, hours);
        let filler = rng.within(1, 4).min(240 / (hours * 4).max(1)).max(1);
        let with_syslog = !rng.one_in(3);
        let circular = rng.one_in(3);
        // A stream of its own: what came later does not move the numbers of what was there.
        let mut evidence = Rng::stream(seed, 6);
        let copied_late = evidence.one_in(4);
        let mut plan = Plan {
            seed,
            zone,
            start,
            hours,
            occasion,
            nodes,
            skew_s,
            regime,
            ooc_model: rng.pick(&[OocModel::At45, OocModel::At60], OocModel::At45),
            print_30: rng.one_in(2),
            repeat: rng.pick(&[Repeat::EveryReport, Repeat::EveryReport, Repeat::Once], Repeat::EveryReport),
            both_nodes_log: nodes == 2 && rng.one_in(2),
            buys: rng.one_in(2),
            failures: rng.one_in(3),
            restart: rng.one_in(4),
            container: rng.pick(&[Container::Dir, Container::Zip, Container::TarGz], Container::Dir),
            layout: if rng.one_in(5) { Layout::Sftp } else { Layout::ByNode },
            with_syslog,
            with_rtmt: with_syslog && rng.one_in(2),
            with_cli: rng.one_in(2),
            with_ntp: rng.one_in(5),
            with_timezone: evidence.one_in(5),
            with_history: evidence.one_in(3),
            copied_after_days: evidence.within(30, 1_200),
            cvd_stopped: rng.one_in(6),
            alarm_log: rng
                .pick(&[AlarmLog::CiscoSyslog, AlarmLog::Messages, AlarmLog::Both], AlarmLog::CiscoSyslog),
            circular,
            kept_files: rng.within(2, 4),
            file_bytes: if circular { rng.within(3_000, 9_000) } else { rng.within(8_000, 40_000) },
            index_width: if rng.one_in(6) { 2 } else { 3 },
            shuffle: rng.one_in(2),
            filler,
            repeated_stack: rng.one_in(3),
            glued_zone: rng.one_in(12),
            engine_debug: rng.one_in(4),
            collected_twice: rng.one_in(10),
            crlf: rng.one_in(12),
            backslash: rng.one_in(6),
            zip_utc: rng.one_in(2),
        };
        // Where nothing else names the year, the files' time must be their own.
        if !(copied_late && plan.names_year()) {
            plan.copied_after_days = 0;
        }
        plan
    }

    /// Whether something beside the files' own time names the year.
    #[must_use]
    pub fn names_year(&self) -> bool {
        self.with_syslog || self.with_ntp || self.layout == Layout::Sftp
    }

    /// Whether something beside the acronyms names the zone.
    #[must_use]
    pub fn names_zone(&self) -> bool {
        self.with_syslog || self.with_ntp || self.with_timezone
    }

    /// The true instant at which the bundle's time ends.
    #[must_use]
    pub fn until(&self) -> DateTime<Utc> {
        self.start + TimeDelta::hours(i64::from(self.hours))
    }
}

/// Most clocks are right, some are a little off, a few are badly off: up to 20 minutes.
fn skew_s(rng: &mut Rng) -> i32 {
    let most: u32 = match rng.below(10) {
        0..4 => return 0,
        4..6 => 2,
        6..8 => 60,
        _ => 1_200,
    };
    let most_signed = i32::try_from(most).unwrap_or(0);
    i32::try_from(rng.below(2 * most + 1)).unwrap_or(0) - most_signed
}

/// Zone and start for an occasion; ordinary where the drawn zones and years do not know the occasion.
fn place(rng: &mut Rng, occasion: Occasion, hours: u32) -> (Tz, DateTime<Utc>, Occasion) {
    let year = |rng: &mut Rng| FIRST_YEAR + i32::try_from(rng.below(N_YEARS)).unwrap_or(0);
    for _ in 0..200 {
        let zone = zone(rng);
        let drawn_year = year(rng);
        let pivot = match occasion {
            Occasion::Ordinary => break,
            Occasion::NewYear => midnight(zone, drawn_year + 1, 1, 1),
            Occasion::LeapDay => {
                let leap_year = rng.pick(&[2016, 2020, 2024], 2020);
                let (month, day) = rng.pick(&[(2, 29), (3, 1)], (2, 29));
                midnight(zone, leap_year, month, day)
            }
            Occasion::Fold | Occasion::Gap => clock_change(rng, zone, drawn_year, occasion == Occasion::Fold),
        };
        if let Some(pivot) = pivot {
            return (zone, before(rng, pivot, hours), occasion);
        }
    }
    let zone = zone(rng);
    let pivot = midnight(zone, year(rng), 1, 1).unwrap_or_default()
        + TimeDelta::minutes(i64::from(rng.below(365 * 24 * 60)));
    (zone, before(rng, pivot, hours), Occasion::Ordinary)
}

fn zone(rng: &mut Rng) -> Tz {
    let n = u32::try_from(ZONES.len()).unwrap_or(0);
    ZONES.get(rng.below(n) as usize).map_or(Tz::UTC, |it| it.tz)
}

/// The start that puts `pivot` into the second third of the bundle's hours.
fn before(rng: &mut Rng, pivot: DateTime<Utc>, hours: u32) -> DateTime<Utc> {
    let third_s = hours * 3_600 / 3;
    pivot - TimeDelta::seconds(i64::from(third_s + rng.below(third_s)))
}

fn midnight(zone: Tz, year: i32, month: u32, day: u32) -> Option<DateTime<Utc>> {
    let local = NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(0, 0, 0)?;
    zone.from_local_datetime(&local).earliest().map(|it| it.with_timezone(&Utc))
}

/// One of the year's clock changes that repeat (`fold`) or skip local time.
fn clock_change(rng: &mut Rng, zone: Tz, year: i32, fold: bool) -> Option<DateTime<Utc>> {
    let first = midnight(zone, year, 1, 1)?;
    let changes = clock_changes(zone, first, first + TimeDelta::days(365));
    let fitting: Vec<_> = changes.iter().filter(|it| (it.jump_s < 0) == fold).map(|it| it.at).collect();
    fitting.get(rng.below(u32::try_from(fitting.len()).unwrap_or(0)) as usize).copied()
}
