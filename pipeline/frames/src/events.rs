//! The event table: every event, one row each.

use history::facts::Event;
use polars::prelude::{Column, DataFrame, PolarsResult};

use crate::columns::{OFFSET, index, minutes, ms, origin, sorted};
use crate::schema::{
    AT, AT_CANDIDATES, EVENT, EVENTS, FACILITY, INSTANCE, KIND, LINE, MEMBER, MINUTES, MNEMONIC, N_WITNESSES,
    NODE, SEVERITY, TEXT,
};

/// Sorts by member; the same for all undated events, which keep their order.
const MEMBER_RANK: &str = "member_rank";
/// Sorts by line; the same for all undated events.
const LINE_RANK: &str = "line_rank";

/// Makes the table [`EVENTS`] from `(instance index, event)`: dated events by instant and first line, whatever the
/// order of the input, then the undated ones in input order.
pub fn table(events: &[(usize, &Event)]) -> PolarsResult<DataFrame> {
    EVENTS.conform(&ordered(events, &[])?)
}

/// The table before its instants are typed: `at` is `Int64`, by `group`, then by time.
pub(crate) fn ordered(events: &[(usize, &Event)], group: &[&str]) -> PolarsResult<DataFrame> {
    let keys: Vec<&str> = group.iter().copied().chain([AT, MEMBER_RANK, LINE_RANK, OFFSET, EVENT]).collect();
    sorted(&raw(events)?, &keys, true)
}

/// One row per event, in input order, with the columns to sort by.
fn raw(events: &[(usize, &Event)]) -> PolarsResult<DataFrame> {
    let each = || events.iter().map(|(_, event)| *event);
    let dated_origin = |event: &Event| {
        let origin = event.at.and_then(|_| origin(event));
        origin.map_or((0, 0, 0), |origin| (origin.member, origin.span.line, origin.span.offset))
    };
    let instances =
        events.iter().map(|(instance, _)| index(*instance)).collect::<PolarsResult<Vec<u32>>>()?;
    let indexes = (0..events.len()).map(index).collect::<PolarsResult<Vec<u32>>>()?;
    let ats: Vec<Option<i64>> = each().map(|event| event.at.map(ms)).collect();
    let candidates =
        each().map(|event| index(event.at_candidates.len())).collect::<PolarsResult<Vec<u32>>>()?;
    let nodes =
        each().map(|event| event.node.map(index).transpose()).collect::<PolarsResult<Vec<Option<u32>>>>()?;
    let kinds: Vec<&str> = each().map(|event| event.kind.name()).collect();
    let facilities: Vec<&str> = each().map(|event| &*event.facility).collect();
    let severities: Vec<u32> = each().map(|event| u32::from(event.severity.0)).collect();
    let mnemonics: Vec<&str> = each().map(|event| &*event.mnemonic).collect();
    let texts: Vec<&str> = each().map(|event| &*event.text).collect();
    let printed: Vec<Option<u32>> = each().map(|event| minutes(&event.kind)).collect();
    let witnesses = each().map(|event| index(event.witnesses.len())).collect::<PolarsResult<Vec<u32>>>()?;
    let members: Vec<Option<u32>> = each().map(|event| origin(event).map(|origin| origin.member)).collect();
    let lines: Vec<Option<u64>> = each().map(|event| origin(event).map(|origin| origin.span.line)).collect();
    let member_ranks: Vec<u32> = each().map(|event| dated_origin(event).0).collect();
    let line_ranks: Vec<u64> = each().map(|event| dated_origin(event).1).collect();
    let offsets: Vec<u64> = each().map(|event| dated_origin(event).2).collect();
    DataFrame::new(
        events.len(),
        vec![
            Column::new(INSTANCE.into(), instances),
            Column::new(EVENT.into(), indexes),
            Column::new(AT.into(), ats),
            Column::new(AT_CANDIDATES.into(), candidates),
            Column::new(NODE.into(), nodes),
            Column::new(KIND.into(), kinds),
            Column::new(FACILITY.into(), facilities),
            Column::new(SEVERITY.into(), severities),
            Column::new(MNEMONIC.into(), mnemonics),
            Column::new(MINUTES.into(), printed),
            Column::new(N_WITNESSES.into(), witnesses),
            Column::new(MEMBER.into(), members),
            Column::new(LINE.into(), lines),
            Column::new(TEXT.into(), texts),
            Column::new(MEMBER_RANK.into(), member_ranks),
            Column::new(LINE_RANK.into(), line_ranks),
            Column::new(OFFSET.into(), offsets),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Kind;
    use crate::testing::{SplitMix64, at, event, numbered, origin};
    use parsers::event::EventKind;

    fn lines(table: &DataFrame) -> Vec<Option<u64>> {
        table.column(LINE).unwrap().u64().unwrap().iter().collect()
    }

    #[test]
    fn dated_events_come_by_time_and_line_and_undated_ones_last_in_input_order() {
        let events = [
            event(None, EventKind::Clock, origin(0, 9)),
            event(Some(at(5)), EventKind::Clock, origin(1, 3)),
            event(None, EventKind::Clock, origin(0, 2)),
            event(Some(at(5)), EventKind::Clock, origin(0, 30)),
            event(Some(at(-5)), EventKind::Clock, origin(2, 8)),
            event(Some(at(5)), EventKind::Clock, origin(0, 4)),
        ];
        let table = table(&numbered(&events)).unwrap();
        assert_eq!(lines(&table), [8, 4, 30, 3, 9, 2].map(Some));
    }

    #[test]
    fn a_row_holds_what_the_event_says() {
        let mut one = event(None, EventKind::OocImminent { minutes: Some(15) }, origin(4, 11));
        one.at_candidates = vec![at(0), at(3_600_000)];
        one.node = Some(1);
        one.witnesses.push(one.witnesses[0].clone());
        let bare = event(Some(at(0)), EventKind::OocEntered, origin(5, 12));
        let table = table(&[(7, &one), (8, &bare)]).unwrap();
        let number =
            |name: &str| -> Vec<Option<u32>> { table.column(name).unwrap().u32().unwrap().iter().collect() };
        assert_eq!(number(INSTANCE), [Some(8), Some(7)]);
        assert_eq!(number(EVENT), [Some(1), Some(0)]);
        assert_eq!(number(AT_CANDIDATES), [Some(0), Some(2)]);
        assert_eq!(number(NODE), [None, Some(1)]);
        assert_eq!(number(SEVERITY), [Some(1), Some(1)]);
        assert_eq!(number(MINUTES), [None, Some(15)]);
        assert_eq!(number(N_WITNESSES), [Some(1), Some(2)]);
        assert_eq!(number(MEMBER), [Some(5), Some(4)]);
        let kinds: Vec<Option<&str>> = table.column(KIND).unwrap().str().unwrap().iter().collect();
        assert_eq!(kinds, [Some("ooc_entered"), Some("ooc_imminent")]);
        assert_eq!(table.column(AT).unwrap().dtype(), &Kind::Instant.dtype());
        let ats: Vec<Option<i64>> = table.column(AT).unwrap().datetime().unwrap().physical().iter().collect();
        assert_eq!(ats, [Some(at(0).timestamp_millis()), None]);
    }

    #[test]
    fn a_hundred_thousand_events_in_any_order_make_one_table() {
        let mut random = SplitMix64(3);
        let events: Vec<Event> = (0..100_000)
            .map(|line| {
                let at = at((random.below(1_000_000)).cast_signed());
                event(Some(at), EventKind::OocEntered, origin((line % 7) as u32, line))
            })
            .collect();
        let mut numbered = numbered(&events);
        let first = table(&numbered).unwrap();
        random.shuffle(&mut numbered);
        let second = table(&numbered).unwrap();
        assert_eq!(first.height(), 100_000);
        assert_eq!(lines(&first), lines(&second));
        let instants = first.column(AT).unwrap().datetime().unwrap().physical().clone();
        assert!(instants.iter().is_sorted());
    }
}
