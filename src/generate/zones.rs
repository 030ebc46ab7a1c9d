//! The zones a synthetic node may stand in, the acronyms its logs print, and the nights its clock moves.

use std::borrow::Cow;

use chrono::{DateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::{OffsetComponents, OffsetName, Tz};

/// A zone with the acronyms Java prints where the zone database only knows a number such as `+0545`.
#[derive(Clone, Copy, Debug)]
pub struct Zone {
    /// The zone.
    pub tz: Tz,
    /// The acronym of standard time, for numeric abbreviations.
    standard: &'static str,
    /// The acronym of daylight time, for numeric abbreviations.
    daylight: &'static str,
}

const fn lettered(tz: Tz) -> Zone {
    Zone { tz, standard: "", daylight: "" }
}

const fn numbered(tz: Tz, standard: &'static str, daylight: &'static str) -> Zone {
    Zone { tz, standard, daylight }
}

/// The 40 zones of the property tests: every continent, both hemispheres, half and quarter hours,
/// acronyms that several zones share (IST, CST, EST), zones without daylight time.
pub const ZONES: [Zone; 40] = [
    lettered(Tz::America__New_York),
    lettered(Tz::America__Chicago),
    lettered(Tz::America__Denver),
    lettered(Tz::America__Los_Angeles),
    lettered(Tz::America__Phoenix),
    lettered(Tz::America__Halifax),
    lettered(Tz::America__St_Johns),
    lettered(Tz::America__Mexico_City),
    numbered(Tz::America__Bogota, "COT", "COST"),
    numbered(Tz::America__Lima, "PET", "PEST"),
    numbered(Tz::America__Caracas, "VET", "VET"),
    numbered(Tz::America__Santiago, "CLT", "CLST"),
    numbered(Tz::America__Sao_Paulo, "BRT", "BRST"),
    numbered(Tz::America__Argentina__Buenos_Aires, "ART", "ARST"),
    numbered(Tz::America__Asuncion, "PYT", "PYST"),
    lettered(Tz::Pacific__Honolulu),
    lettered(Tz::Europe__London),
    lettered(Tz::Europe__Dublin),
    lettered(Tz::Europe__Paris),
    lettered(Tz::Europe__Berlin),
    lettered(Tz::Europe__Athens),
    numbered(Tz::Europe__Istanbul, "TRT", "TRST"),
    lettered(Tz::Europe__Moscow),
    lettered(Tz::Africa__Johannesburg),
    lettered(Tz::Africa__Lagos),
    lettered(Tz::Asia__Jerusalem),
    numbered(Tz::Asia__Dubai, "GST", "GDT"),
    numbered(Tz::Asia__Tehran, "IRST", "IRDT"),
    numbered(Tz::Asia__Kabul, "AFT", "AFT"),
    lettered(Tz::Asia__Kolkata),
    numbered(Tz::Asia__Kathmandu, "NPT", "NPT"),
    numbered(Tz::Asia__Yangon, "MMT", "MMT"),
    lettered(Tz::Asia__Shanghai),
    lettered(Tz::Asia__Tokyo),
    numbered(Tz::Asia__Singapore, "SGT", "SGT"),
    lettered(Tz::Australia__Adelaide),
    lettered(Tz::Australia__Sydney),
    numbered(Tz::Australia__Lord_Howe, "LHST", "LHDT"),
    lettered(Tz::Pacific__Auckland),
    numbered(Tz::Pacific__Chatham, "CHAST", "CHADT"),
];

/// The acronym that a Java program in `tz` prints at `at`: 2 to 5 capitals for every zone of [`ZONES`],
/// `GMT+hh:mm` for a zone that has no name at all.
#[must_use]
pub fn acronym(tz: Tz, at: DateTime<Utc>) -> Cow<'static, str> {
    let offset = tz.offset_from_utc_datetime(&at.naive_utc());
    let listed = || {
        let zone = ZONES.iter().find(|it| it.tz == tz)?;
        let name = if offset.dst_offset().is_zero() { zone.standard } else { zone.daylight };
        (!name.is_empty()).then_some(Cow::Borrowed(name))
    };
    match offset.abbreviation() {
        Some(name) if name.bytes().all(|b| b.is_ascii_uppercase()) => Cow::Owned(name.to_owned()),
        _ => listed().unwrap_or_else(|| {
            let seconds = offset.fix().local_minus_utc();
            let sign = if seconds < 0 { '-' } else { '+' };
            let minutes = seconds.unsigned_abs() / 60;
            Cow::Owned(format!("GMT{sign}{:02}:{:02}", minutes / 60, minutes % 60))
        }),
    }
}

/// Seconds that local time in `tz` is ahead of UTC at `at`.
#[must_use]
pub fn offset_s(tz: Tz, at: DateTime<Utc>) -> i32 {
    tz.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc()
}

/// One change of a zone's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockChange {
    /// The first instant of the new offset.
    pub at: DateTime<Utc>,
    /// By how many seconds the local clock jumps; negative where an hour is repeated.
    pub jump_s: i32,
}

/// Every clock change of `tz` between `from` and `until`, in time order.
#[must_use]
pub fn clock_changes(tz: Tz, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<ClockChange> {
    let day = TimeDelta::days(1);
    let mut changes = Vec::new();
    let mut low = from;
    while low < until {
        let high = low + day;
        let (before, after) = (offset_s(tz, low), offset_s(tz, high));
        if before != after {
            // Halve until the change stands between two neighbouring seconds.
            let (mut a, mut b) = (low.timestamp(), high.timestamp());
            while b - a > 1 {
                let middle = a + (b - a) / 2;
                let same = DateTime::from_timestamp(middle, 0).is_some_and(|it| offset_s(tz, it) == before);
                if same { a = middle } else { b = middle }
            }
            if let Some(at) = DateTime::from_timestamp(b, 0) {
                changes.push(ClockChange { at, jump_s: after - before });
            }
        }
        low = high;
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forty_zones_print_two_to_five_capitals_in_every_month_of_twelve_years() {
        let mut seen = std::collections::BTreeSet::new();
        for zone in ZONES {
            assert!(seen.insert(zone.tz.name()), "{} twice", zone.tz);
            assert_eq!(zone.tz.name().parse::<Tz>().unwrap(), zone.tz);
            for month in 0..12 * 12 {
                let at = Utc.with_ymd_and_hms(2015 + month / 12, month as u32 % 12 + 1, 15, 6, 0, 0).unwrap();
                let name = acronym(zone.tz, at);
                let fits = (2..=5).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_uppercase());
                assert!(fits, "{} prints {name} at {at}", zone.tz);
            }
        }
        assert_eq!(seen.len(), 40);
    }

    #[test]
    fn clock_changes_of_a_known_year() {
        let year = |it| Utc.with_ymd_and_hms(it, 1, 1, 0, 0, 0).unwrap();
        let changes = clock_changes(Tz::America__New_York, year(2021), year(2022));
        let at = |m, d, h| Utc.with_ymd_and_hms(2021, m, d, h, 0, 0).unwrap();
        let expected =
            [(at(3, 14, 7), 3600), (at(11, 7, 6), -3600)].map(|(at, jump_s)| ClockChange { at, jump_s });
        assert_eq!(changes, expected);
        assert!(clock_changes(Tz::Asia__Kolkata, year(2015), year(2027)).is_empty());
    }

    #[test]
    fn acronyms_of_numbered_zones() {
        let at = Utc.with_ymd_and_hms(2021, 1, 10, 0, 0, 0).unwrap();
        assert_eq!(acronym(Tz::Asia__Kathmandu, at), "NPT");
        assert_eq!(acronym(Tz::Pacific__Chatham, at), "CHADT");
        assert_eq!(acronym(Tz::Asia__Kolkata, at), "IST");
        assert_eq!(acronym(Tz::Asia__Colombo, at), "GMT+05:30");
    }
}
