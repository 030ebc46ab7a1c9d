//! What outputs and usage tables lead to: states, deadlines, readings, purchases.

use std::sync::Arc;

use chrono::{NaiveTime, TimeDelta};
use parsers::event::{LicenseLine, LicenseTime, Says, Statement};
use parsers::member::MemberRead;
use parsers::origin::Span;
use parsers::reader::{Limits, Reader, Shared};
use parsers::stamp::{Accuracy, Acronym, Instant, Stamp, ZoneMark};
use parsers::usage::{NOT_COUNTED, UsageColumn, UsageKind, UsageRow, UsageTable};

use crate::analysis::{Analysis, Input, Options};
use crate::facts::{Basis, DeadlineKind, Instance, MemberOutcome, Source};
use crate::intake::Purchased;
use crate::policy::Reading;
use crate::usage::{Usage, UsageClock};

const PUB: &str = "uccxpub/uccx/log/MCVD/a.log";

fn stamp(month: u32, day: u32, time: (u32, u32), zone: ZoneMark) -> Stamp {
    let time = NaiveTime::from_hms_opt(time.0, time.1, 0).unwrap();
    Stamp { year: Some(2026), month, day, time, zone, accuracy: Accuracy::Unmarked }
}

fn utc(month: u32, day: u32) -> Stamp {
    stamp(month, day, (10, 0), ZoneMark::Utc)
}

fn day(month: u32, day: u32) -> Instant {
    utc(month, day).absolute().unwrap()
}

/// A member of an output.
fn output(lines: Vec<LicenseLine>) -> MemberRead {
    let statements = lines.into_iter().enumerate().map(|(at, line)| {
        let span = Span::of(format!("{line:?}").as_bytes(), at as u64 + 1, at as u64 * 100);
        Statement { says: Says::License(line), node: None, span }
    });
    MemberRead { bytes: 1, lines: 1, records: 1, statements: statements.collect(), ..MemberRead::default() }
}

/// A member of an MCVD trace of the second of April.
fn trace(lines: &[(&str, &str)]) -> MemberRead {
    let mut reader = Reader::new(&Shared::new(), Limits::default(), true);
    for (at, (time, text)) in lines.iter().enumerate() {
        reader.feed(format!("{}: Apr 02 {time}:00.000 UTC %MCVD-{text}\n", at + 1).as_bytes());
    }
    reader.finish()
}

fn warning(minutes: u32) -> String {
    format!(
        "LIB_LICENSE-1-SYSTEM_TO_ENTER_OOC_STATE: [REPORT_ENTITLE] c.X a: This Product Instance will enter Out of \
         Compliance state in ={minutes} minutes"
    )
}

const OOC: &str = "LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: [REPORT_ENTITLE] c.X b.";
const BEAT: &str = "CVD-7-UNK:x";

fn instance(members: Vec<(&str, MemberRead)>, options: Options) -> Instance {
    let source = Source { path: "bundle".to_owned(), kind: "directory", bytes: 0, sha256: None };
    let mut analysis = Analysis::new(vec![source]);
    for (path, read) in members {
        analysis.add(Input {
            source: 0,
            path: Some(path.to_owned()),
            not_after: None,
            outcome: MemberOutcome::Read,
            read,
            instance: None,
            expect_usage: false,
        });
    }
    let mut options = options;
    options.given.year = Some(2026);
    let mut facts = analysis.facts(&options);
    assert_eq!(facts.instances.len(), 1);
    facts.instances.remove(0)
}

fn of_output(lines: Vec<LicenseLine>, as_of: Option<Instant>) -> Instance {
    instance(vec![("cli/license.txt", output(lines))], Options { as_of, ..Options::default() })
}

fn date(what: LicenseTime, at: Stamp) -> LicenseLine {
    LicenseLine::Time { what, at: Some(at), succeeded: Some(true) }
}

fn authorized(state: &'static str, at: Option<Stamp>) -> LicenseLine {
    LicenseLine::Authorization { state, at, word: "WORD".into() }
}

/// Deadlines as kind, earliest, expected, latest, basis.
type Row = (DeadlineKind, Option<Instant>, Instant, Option<Instant>, Basis);

fn deadlines(instance: &Instance) -> Vec<Row> {
    let row = |it: &crate::facts::Deadline| (it.kind, it.earliest, it.expected, it.latest, it.basis);
    instance.deadlines.iter().map(row).collect()
}

fn exact(kind: DeadlineKind, at: Instant, basis: Basis) -> Row {
    (kind, Some(at), at, Some(at), basis)
}

#[test]
fn dates_that_an_output_prints_are_stated_deadlines() {
    let instance = of_output(
        vec![
            LicenseLine::Registration { state: "registered", at: None, word: "REGISTERED".into() },
            date(LicenseTime::InitialRegistration, utc(1, 26)),
            date(LicenseTime::NextRenewal, utc(7, 25)),
            date(LicenseTime::RegistrationExpires, utc(12, 30)),
            authorized("in_compliance", Some(utc(1, 26))),
            date(LicenseTime::LastCommunication, utc(1, 26)),
            date(LicenseTime::NextCommunication, utc(2, 25)),
            date(LicenseTime::CommunicationDeadline, utc(4, 26)),
        ],
        Some(day(2, 1)),
    );
    assert_eq!(
        deadlines(&instance),
        [
            exact(DeadlineKind::AuthorizationRenewal, day(2, 25), Basis::Stated),
            exact(DeadlineKind::AuthorizationExpiry, day(4, 26), Basis::Stated),
            exact(DeadlineKind::RegistrationRenewal, day(7, 25), Basis::Stated),
            exact(DeadlineKind::RegistrationExpiry, day(12, 30), Basis::Stated),
        ]
    );
    let registration = &instance.registration;
    assert_eq!((registration.state, registration.since), ("registered", Some(day(1, 26))));
    let authorization = &instance.authorization;
    assert_eq!((authorization.state, authorization.basis), ("in_compliance", Basis::Stated));
    assert_eq!(authorization.since, Some(day(1, 26)));
}

#[test]
fn one_contact_gives_the_dates_of_ciscos_print_out() {
    let instance = of_output(vec![authorized("in_compliance", Some(utc(1, 26)))], Some(day(2, 1)));
    assert_eq!(
        deadlines(&instance),
        [
            exact(DeadlineKind::AuthorizationRenewal, day(2, 25), Basis::Derived),
            exact(DeadlineKind::AuthorizationExpiry, day(4, 26), Basis::Derived),
        ]
    );
    let instance = of_output(vec![date(LicenseTime::InitialRegistration, utc(1, 26))], Some(day(2, 1)));
    let expiry: Instant = "2027-01-26T10:00:00Z".parse().unwrap();
    assert_eq!(
        deadlines(&instance),
        [
            exact(DeadlineKind::RegistrationRenewal, day(7, 25), Basis::Derived),
            exact(DeadlineKind::RegistrationExpiry, expiry, Basis::Derived),
        ]
    );
}

#[test]
fn a_failed_contact_counts_from_nothing() {
    let failed = LicenseLine::Time {
        what: LicenseTime::LastCommunication,
        at: Some(utc(3, 1)),
        succeeded: Some(false),
    };
    assert!(of_output(vec![failed], Some(day(3, 2))).deadlines.is_empty());
}

#[test]
fn an_overdue_renewal_shows_both_readings_of_enforcement() {
    let enforcement =
        |instance: &Instance| deadlines(instance).into_iter().find(|it| it.0 == DeadlineKind::Enforcement);
    let lines = || vec![authorized("in_compliance", Some(utc(1, 26)))];
    assert_eq!(enforcement(&of_output(lines(), Some(day(2, 24)))), None);
    let (early, late) = (day(4, 26), day(4, 26) + TimeDelta::days(90));
    let expected = (DeadlineKind::Enforcement, Some(early), early, Some(late), Basis::Derived);
    assert_eq!(enforcement(&of_output(lines(), Some(day(3, 1)))), Some(expected));
    let lines = vec![authorized("authorization_expired", Some(utc(4, 26)))];
    assert_eq!(enforcement(&of_output(lines, Some(day(4, 27)))), Some(expected));
}

#[test]
fn a_time_in_an_ambiguous_zone_gives_the_span_of_its_meanings() {
    let zone = ZoneMark::Acronym(Acronym::new("IST").unwrap());
    let line = date(LicenseTime::CommunicationDeadline, stamp(4, 26, (10, 0), zone));
    let instance = of_output(vec![line], Some(day(2, 1)));
    let [deadline] = instance.deadlines.as_slice() else { panic!("{:?}", instance.deadlines) };
    assert!(deadline.earliest.unwrap() < deadline.latest.unwrap());
    assert_eq!(Some(deadline.expected), deadline.earliest);
    assert!(deadline.rule.contains("zone of the time is not known"), "{}", deadline.rule);
}

#[test]
fn evaluation_ends_behind_the_time_left_and_enforcement_with_it() {
    let left = LicenseLine::EvaluationLeft { left: TimeDelta::days(30) };
    let instance = of_output(vec![authorized("evaluation", None), left], Some(day(4, 2)));
    assert_eq!(instance.authorization.state, "evaluation");
    let (ends, by) = (day(5, 2), Basis::Derived);
    assert_eq!(
        deadlines(&instance),
        [
            (DeadlineKind::Enforcement, None, ends, Some(ends), by),
            (DeadlineKind::EvaluationEnd, None, ends, Some(ends), by),
        ]
    );
}

#[test]
fn a_registered_product_has_no_end_of_evaluation() {
    let lines = vec![
        authorized("in_compliance", Some(utc(1, 26))),
        date(LicenseTime::EvaluationExpired, stamp(1, 9, (10, 0), ZoneMark::Utc)),
    ];
    let instance = of_output(lines, Some(day(1, 27)));
    assert!(deadlines(&instance).iter().all(|it| it.0 != DeadlineKind::EvaluationEnd));
}

#[test]
fn an_output_behind_an_alarm_ends_out_of_compliance_and_one_before_it_does_not() {
    let log = || (PUB, trace(&[("10:00", OOC), ("10:10", BEAT)]));
    let at = |hour| Some(stamp(4, 2, (hour, 30), ZoneMark::Utc));
    let state = |line| {
        let members = vec![log(), ("uccxpub/cli/license.txt", output(vec![line]))];
        let options = Options { as_of: Some(day(4, 3)), ..Options::default() };
        let instance = instance(members, options);
        (instance.authorization.state, instance.contradictions.len())
    };
    assert_eq!(state(authorized("in_compliance", at(11))), ("in_compliance", 0));
    assert_eq!(state(authorized("in_compliance", at(9))), ("out_of_compliance", 0));
    // Without a time nothing says which is newer.
    assert_eq!(state(authorized("in_compliance", None)), ("out_of_compliance", 1));
    assert_eq!(state(authorized("out_of_compliance", None)), ("out_of_compliance", 0));
}

#[test]
fn the_reading_that_a_countdown_fits_is_named_and_expected_next() {
    let (first, last) = (warning(45), warning(15));
    let fits = |entered: &str| {
        let lines = [("10:00", first.as_str()), ("10:30", last.as_str()), (entered, OOC), ("11:20", BEAT)];
        instance(vec![(PUB, trace(&lines))], Options::default()).readings
    };
    let [fit] = fits("10:45").try_into().unwrap();
    assert_eq!((fit.fits, (fit.entered - fit.first).num_minutes()), (Some(Reading::At45), 45));
    assert_eq!(fit.evidence.all().map(|origin| origin.span.line).collect::<Vec<_>>(), [3, 1]);
    assert_eq!(fits("11:00")[0].fits, Some(Reading::At60));
    assert_eq!(fits("11:10")[0].fits, None);

    let lines = [("10:00", first.as_str()), ("11:00", OOC), ("13:00", first.as_str()), ("13:10", BEAT)];
    let instance = instance(vec![(PUB, trace(&lines))], Options::default());
    let [deadline] = instance.deadlines.as_slice() else { panic!("{:?}", instance.deadlines) };
    assert_eq!((deadline.expected - deadline.earliest.unwrap()).num_minutes(), 15);
    assert!(deadline.rule.contains("ended after 60 minutes"), "{}", deadline.rule);
}

/// A table of use and purchases a quarter of an hour apart, from ten o'clock of the second of April.
fn table(zone: ZoneMark, columns: &[(&str, bool, &[u32])]) -> MemberRead {
    let n_rows = columns[0].2.len() as u32;
    let rows = (0..n_rows).map(|row| UsageRow {
        offset: row,
        length: 1,
        line: row + 2,
        stamp: stamp(4, 2, (10 + row / 4, row % 4 * 15), zone),
    });
    let table = UsageTable {
        kind: UsageKind::Csv,
        text: Arc::from(vec![b'x'; n_rows as usize]),
        base: 10,
        rows: rows.collect(),
        columns: columns
            .iter()
            .map(|(name, purchased, counts)| UsageColumn {
                entitlement: (*name).into(),
                purchased: *purchased,
                counts: counts.to_vec(),
            })
            .collect(),
    };
    MemberRead { bytes: 1, lines: 1, records: 1, usage: vec![table], ..MemberRead::default() }
}

fn usage(members: Vec<(&str, MemberRead)>, options: Options) -> Usage {
    instance(members, options).usage.unwrap()
}

#[test]
fn a_table_in_utc_keeps_its_instants_and_cites_its_rows() {
    let table = table(ZoneMark::Utc, &[("STANDARD", false, &[4, 5, NOT_COUNTED])]);
    let usage = usage(vec![("usage.csv", table)], Options::default());
    assert_eq!((usage.at.len(), usage.at[0], usage.clock), (3, day(4, 2), UsageClock::Written));
    assert_eq!(usage.series[0].counts, [4, 5, NOT_COUNTED]);
    let span = usage.evidence(1).unwrap().first.span;
    assert_eq!((span.line, span.offset, span.length), (3, 11, 1));
    assert!(usage.evidence(3).is_none());
}

#[test]
fn a_table_without_a_zone_takes_the_nodes_and_says_so() {
    let local = || ("usage.csv", table(ZoneMark::None, &[("STANDARD", false, &[4])]));
    let without = usage(vec![local()], Options::default());
    assert_eq!((without.at[0], without.clock), (day(4, 2), UsageClock::AssumedUtc));
    let india = chrono_tz::Asia::Kolkata;
    let mut options = Options::default();
    options.given.zone = Some(india);
    let at_ten: Instant = "2026-04-02T04:30:00Z".parse().unwrap();
    let given = usage(vec![local()], options);
    assert_eq!((given.at[0], given.clock), (at_ten, UsageClock::Given));
    let options = Options { usage_zone: Some(india), ..Options::default() };
    assert_eq!(usage(vec![local()], options).at[0], at_ten);
    let zone = Says::TimeZone { id: "Asia/Kolkata".into() };
    let statement = Statement { says: zone, node: None, span: Span::of(b"x", 1, 0) };
    let node =
        MemberRead { bytes: 1, lines: 1, records: 1, statements: vec![statement], ..MemberRead::default() };
    let members = vec![local(), ("uccxpub/cli/timezone.txt", node)];
    let of_node = usage(members, Options::default());
    assert_eq!((of_node.at[0], of_node.clock), (at_ten, UsageClock::NodeZone));
}

#[test]
fn tables_become_one_and_the_higher_count_stands() {
    let one = table(ZoneMark::Utc, &[("STANDARD", false, &[4, 5, 6])]);
    let two = table(ZoneMark::Utc, &[("STANDARD", false, &[4, 9]), ("PREMIUM", false, &[1, 2])]);
    let instance = instance(vec![("a.csv", one), ("b.csv", two)], Options::default());
    let usage = instance.usage.unwrap();
    let series: Vec<_> = usage.series.iter().map(|it| (&*it.entitlement, it.counts.as_slice())).collect();
    assert_eq!(series, [("PREMIUM", &[1, 2, NOT_COUNTED][..]), ("STANDARD", &[4, 9, 6])]);
    let [found] = instance.contradictions.as_slice() else { panic!("{:?}", instance.contradictions) };
    assert!(found.says.contains("5 and 9"), "{}", found.says);
}

#[test]
fn purchases_are_given_or_stand_beside_the_use_or_in_an_inventory() {
    let columns: [(&str, bool, &[u32]); 2] =
        [("STANDARD", false, &[4, 5, 6, 7]), ("STANDARD", true, &[5, 5, NOT_COUNTED, 8])];
    let bought = |options| {
        let usage = usage(vec![("a.csv", table(ZoneMark::Utc, &columns))], options);
        usage.purchases.iter().map(|it| (it.count, it.since, it.basis)).collect::<Vec<_>>()
    };
    let later = day(4, 2) + TimeDelta::minutes(45);
    assert_eq!(bought(Options::default()), [(5, None, Basis::Stated), (8, Some(later), Basis::Stated)]);
    let given = Purchased { instance: None, entitlement: "STANDARD".into(), count: 6 };
    let options = Options { purchased: vec![given.clone()], ..Options::default() };
    assert_eq!(bought(options), [(6, None, Basis::Given)]);
    let of_another = Purchased { instance: Some("elsewhere".to_owned()), ..given };
    assert_eq!(bought(Options { purchased: vec![of_another], ..Options::default() }).len(), 2);

    let row = |count| Says::Purchased {
        entitlement: "PREMIUM".into(),
        name: "CCX Flex Premium Seat".into(),
        purchased: count,
        in_use: None,
        balance: None,
    };
    let statements = [row(10), row(2)].map(|says| Statement { says, node: None, span: Span::of(b"x", 1, 0) });
    let read = MemberRead {
        bytes: 1,
        lines: 1,
        records: 1,
        statements: statements.to_vec(),
        ..MemberRead::default()
    };
    let usage = usage(vec![("inventory.csv", read)], Options::default());
    assert_eq!((usage.purchases[0].count, usage.purchased("PREMIUM", day(4, 2))), (12, Some(12)));
    assert_eq!(usage.purchases[0].evidence.as_ref().unwrap().also.len(), 1);
}

#[test]
fn what_the_smart_agent_asked_for_is_usage_where_no_table_is() {
    use parsers::event::EventKind;
    let mut read = trace(&[("10:00", OOC), ("10:15", OOC), ("10:15", OOC)]);
    for (sighting, (name, count)) in
        read.sightings.iter_mut().zip([("PREMIUM", 3), ("PREMIUM", 4), ("STANDARD", 9)])
    {
        sighting.kind = EventKind::EntitlementRequest { entitlement: name.into(), count };
    }
    let usage = usage(vec![(PUB, read)], Options::default());
    let series: Vec<_> = usage.series.iter().map(|it| (&*it.entitlement, it.counts.as_slice())).collect();
    assert_eq!(series, [("PREMIUM", &[3, 4][..]), ("STANDARD", &[NOT_COUNTED, 9])]);
    assert_eq!(usage.evidence(1).unwrap().first.span.line, 2);
}
