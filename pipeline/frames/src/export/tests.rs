//! Tables as files, read back by other programs.

use std::collections::BTreeMap;

use ::parquet::file::reader::{FileReader as _, SerializedFileReader};
use ::parquet::record::Field;
use csv_core::{ReadRecordResult, Reader};
use history::facts::{Dimension, Facts, Member, MemberOutcome, Node, Source};
use history::policy::Regime;
use parsers::event::EventKind;
use parsers::stamp::{Instant, YearBasis, ZoneBasis};

use super::*;
use crate::schema::{Kind, TABLES};
use crate::tables::tables;
use crate::testing::{at, at_min, event, instance, origin, purchase, transition, usage};

/// Two instances: one with logs, one with usage.
fn facts() -> Facts {
    let mut logged = instance(
        vec![
            transition(Dimension::Authorization, "overage", Some(at_min(0)), origin(0, 1)),
            transition(Dimension::Authorization, "out_of_compliance", Some(at_min(45)), origin(0, 2)),
        ],
        vec![
            event(Some(at(1)), EventKind::OocApproaching { minutes: Some(45) }, origin(0, 1)),
            event(Some(at_min(45)), EventKind::OocEntered, origin(0, 2)),
            event(None, EventKind::Clock, origin(0, 3)),
        ],
    );
    logged.nodes = vec![Node {
        name: "uccx-pub".into(),
        aliases: Vec::new(),
        role: None,
        time_zone: None,
        zone_basis: ZoneBasis::Written,
        year_basis: YearBasis::Written,
        clock_skew_s: None,
    }];
    logged.events[0].node = Some(0);
    logged.events[0].text = "=HYPERLINK(\"http://example.com\",\"a, b\")\nnext line".into();
    logged.events[1].text = "plain, with a comma and ünïcode".into();
    let mut used = instance(Vec::new(), Vec::new());
    used.id = "site-b".into();
    used.release.regime = Regime::Counted;
    let rows: Vec<Instant> = (0..9).map(|row| at_min(row * 15)).collect();
    let counts = vec![90, 110, 120, 130, 125, 115, 60, 61, parsers::usage::NOT_COUNTED];
    used.usage = Some(usage(
        rows,
        &[("PREMIUM", counts), ("STANDARD", vec![5; 9])],
        vec![purchase("PREMIUM", 100, None)],
    ));
    let source = Source { path: "logs.zip".into(), kind: "zip", bytes: 1, sha256: None };
    let member = Member {
        source: 0,
        path: Some("node/Cisco001.log".into()),
        node: None,
        format: None,
        bytes: 1,
        lines: 3,
        records: 3,
        events: 3,
        first: None,
        last: None,
        outcome: MemberOutcome::Read,
        n_unread: 0,
        unread: Vec::new(),
        n_cut: 0,
        n_restarts: 0,
    };
    Facts { sources: vec![source], members: vec![member], instances: vec![logged, used], ..Facts::default() }
}

fn table(name: &str) -> DataFrame {
    let tables = tables(&facts()).unwrap();
    tables.into_iter().find(|(table, _)| table.name == name).unwrap().1
}

/// Records by another reader than the writer.
fn read_csv(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut reader = Reader::new();
    let (mut out, mut ends) = (vec![0; bytes.len() + 1], vec![0; 200]);
    let (mut input, mut records) = (bytes, Vec::new());
    loop {
        let (result, read, _, n) = reader.read_record(input, &mut out, &mut ends);
        input = &input[read..];
        match result {
            ReadRecordResult::Record => {
                let begins = std::iter::once(0).chain(ends.iter().copied());
                let fields =
                    begins.zip(&ends[..n]).map(|(from, to)| String::from_utf8(out[from..*to].to_vec()));
                records.push(fields.collect::<Result<_, _>>().unwrap());
            }
            ReadRecordResult::End => return records,
            ReadRecordResult::InputEmpty => {}
            full => panic!("{full:?}"),
        }
    }
}

fn by_name(frame: &DataFrame) -> Vec<BTreeMap<String, String>> {
    let mut records = read_csv(&csv(frame).unwrap()).into_iter();
    let header = records.next().unwrap();
    records.map(|record| header.iter().cloned().zip(record).collect()).collect()
}

#[test]
fn tables_are_as_their_schema_says() {
    let tables = tables(&facts()).unwrap();
    let names: Vec<&str> = tables.iter().map(|(table, _)| table.name).collect();
    assert_eq!(names, TABLES.iter().map(|table| table.name).collect::<Vec<_>>());
    for (table, frame) in &tables {
        assert!(frame.height() > 0, "{}", table.name);
        let found: Vec<(&str, DataType)> =
            frame.columns().iter().map(|column| (column.name().as_str(), column.dtype().clone())).collect();
        let exported = table.exported();
        let expected: Vec<(&str, DataType)> =
            exported.iter().map(|spec| (spec.name, spec.kind.dtype())).collect();
        assert_eq!(found, expected, "{}", table.name);
        for spec in exported.iter().filter(|spec| !spec.nullable) {
            assert_eq!(frame.column(spec.name).unwrap().null_count(), 0, "{}.{}", table.name, spec.name);
        }
    }
}

#[test]
fn no_facts_are_empty_tables() {
    for (table, frame) in tables(&Facts::default()).unwrap() {
        assert_eq!((frame.height(), frame.width()), (0, table.exported().len()), "{}", table.name);
        assert!(csv(&frame).unwrap().ends_with(b"\r\n"));
        parquet(table.name, &frame).unwrap();
    }
}

#[test]
fn an_event_says_where_it_stands_and_what_was_written() {
    let events = by_name(&table("events"));
    assert_eq!(events[0]["instance_name"], "uccxpub");
    assert_eq!(events[0]["node_name"], "uccx-pub");
    assert_eq!(events[0]["member_path"], "logs.zip/node/Cisco001.log");
    assert_eq!(events[0]["at"], "2026-04-02T10:00:00.001Z");
    assert_eq!(events[0]["minutes"], "45");
    assert_eq!(events[1]["text"], "plain, with a comma and ünïcode");
    assert_eq!((events[1]["node_name"].as_str(), events[2]["at"].as_str()), ("", ""));
}

#[test]
fn a_text_in_csv_is_no_formula() {
    let text = &by_name(&table("events"))[0]["text"];
    assert_eq!(text, "'=HYPERLINK(\"http://example.com\",\"a, b\")\nnext line");
    for formula in ["=1", "+1", "-1", "@a", "\tx", "\rx", "\nx"] {
        assert_eq!(harmless(formula), format!("'{formula}"));
    }
    for plain in ["", "a=1", "'x", " =1"] {
        assert_eq!(harmless(plain), plain);
    }
    // A number that is below 0 is no text.
    let moved = DataFrame::new(1, vec![Column::new("moved_s".into(), [-5_i64])]).unwrap();
    assert_eq!(csv(&moved).unwrap(), b"moved_s\r\n-5\r\n");
}

#[test]
fn usage_shows_what_lacks_and_what_is_locked() {
    let rows = by_name(&table("usage"));
    let premium: Vec<&BTreeMap<String, String>> =
        rows.iter().filter(|row| row["entitlement"] == "PREMIUM").collect();
    let column = |name: &str| -> Vec<&str> { premium.iter().map(|row| row[name].as_str()).collect() };
    assert_eq!(column("in_use"), ["90", "110", "120", "130", "125", "115", "60", "61", ""]);
    assert_eq!(column("lacking"), ["0", "10", "20", "30", "25", "15", "0", "0", ""]);
    assert_eq!(column("over_in_last_5_reports"), ["0", "1", "2", "3", "4", "5", "4", "3", "2"]);
    assert_eq!(column("in_use_peak_8h"), ["90", "110", "120", "130", "130", "130", "130", "130", "130"]);
    // The fifth over-usage enters; the highest of the five is held.
    assert_eq!(column("locked"), ["", "", "", "", "", "130", "130", "130", "130"]);
    assert_eq!(rows.len(), 18);
    let predicted = by_name(&table("predicted"));
    let at_60: Vec<&str> = predicted
        .iter()
        .filter(|row| row["reading"] == "at_60_min")
        .map(|row| row["state"].as_str())
        .collect();
    assert_eq!(at_60, ["in_compliance", "overage", "out_of_compliance"]);
    assert_eq!(predicted[0]["determined"], "true");
}

#[test]
fn all_tables_fit_into_one() {
    let tables = tables(&facts()).unwrap();
    let one = all(&tables).unwrap();
    assert_eq!(one.height(), tables.iter().map(|(_, frame)| frame.height()).sum::<usize>());
    assert_eq!(one.columns()[0].name().as_str(), "table");
    let rows = by_name(&one);
    assert_eq!(rows[0]["table"], "history");
    assert_eq!((rows[0]["dimension"].as_str(), rows[0]["entitlement"].as_str()), ("authorization", ""));
    assert_eq!(rows.last().unwrap()["table"], "predicted");
}

/// Another engine than the one that wrote it.
#[test]
fn another_engine_reads_the_parquet_files() {
    let tables = tables(&facts()).unwrap();
    let one = all(&tables).unwrap();
    let named = tables.iter().map(|(table, frame)| (table.name, frame)).chain([("all", &one)]);
    for (name, frame) in named {
        let bytes = parquet(name, frame).unwrap();
        if let Some(folder) = std::env::var_os("FRAMES_EXPORT") {
            let folder = std::path::PathBuf::from(folder);
            std::fs::write(folder.join(format!("{name}.parquet")), &bytes).unwrap();
            std::fs::write(folder.join(format!("{name}.csv")), csv(frame).unwrap()).unwrap();
        }
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).unwrap();
        let metadata = reader.metadata().file_metadata();
        let pairs: BTreeMap<&str, &str> = metadata
            .key_value_metadata()
            .unwrap()
            .iter()
            .filter_map(|pair| Some((pair.key.as_str(), pair.value.as_deref()?)))
            .collect();
        assert_eq!(pairs[TABLE_KEY], name);
        assert_eq!(pairs[SCHEMA_VERSION_KEY], SCHEMA_VERSION.to_string());
        // Its cells are those of the CSV.
        let rows = by_name(frame);
        let mut n = 0;
        for (row, expected) in reader.get_row_iter(None).unwrap().zip(&rows) {
            for (column, field) in row.unwrap().get_column_iter() {
                let text = match field {
                    Field::Null => String::new(),
                    Field::Str(text) => harmless(text).into_owned(),
                    Field::UInt(number) => number.to_string(),
                    Field::ULong(number) => number.to_string(),
                    Field::Long(number) => number.to_string(),
                    Field::Bool(flag) => flag.to_string(),
                    Field::TimestampMillis(ms) => {
                        instant(AT, *ms).unwrap().to_rfc3339_opts(SecondsFormat::Millis, true)
                    }
                    other => panic!("{column}: {other:?}"),
                };
                assert_eq!(text, expected[column.as_str()], "{name}.{column}");
            }
            n += 1;
        }
        assert_eq!(n, frame.height(), "{name}");
    }
    assert_eq!(Kind::Instant.dtype(), *one.column("at").unwrap().dtype());
}
