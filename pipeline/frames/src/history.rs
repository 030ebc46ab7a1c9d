//! The history: a state and how long it lasted, one row each.

use history::facts::{Basis, Dimension, Interval, Transition};
use parsers::stamp::Instant;
use polars::prelude::{ChunkZip as _, Column, DataFrame, Int64Chunked, NewChunkedArray as _, PolarsResult};

use crate::Error;
use crate::columns::{
    OFFSET, Side, differs, index, instants, ms, named, neighbour, null_where, numbers, seconds, sorted,
};
use crate::schema::{
    BASIS, DIMENSION, FROM, HISTORY, INSTANCE, LASTED_S, LINE, MEMBER, STATE, TRANSITION, UNTIL,
};

/// Orders the dimensions as the report does; their names would sort otherwise.
const DIMENSION_RANK: &str = "dimension_rank";

/// Makes the table [`HISTORY`] from `(instance index, transition)`, in any order.
///
/// Within an instance and a dimension, transitions are ordered by instant and first line (those that share both
/// keep their order); one that leads to the state that holds already is no row; a row lasts until the next
/// begins. An undated transition is a row of its own without `from` and `until`: nothing says what lies beside it,
/// so nothing collapses into it. `lasted_s` of the row that still lasts counts up to `as_of`; null without one or
/// if the row begins after it.
pub fn table(transitions: &[(usize, &Transition)], as_of: Option<Instant>) -> PolarsResult<DataFrame> {
    let sorted = sorted(
        &raw(transitions)?,
        &[INSTANCE, DIMENSION_RANK, FROM, MEMBER, LINE, OFFSET, TRANSITION],
        false,
    )?;
    // Undated rows come first in their group, so the row before a dated one may be undated: no repetition.
    let from = sorted.column(FROM)?;
    let undated = &!&from.is_not_null() | &!&neighbour(from, Side::Before)?.is_not_null();
    let begins = &differs(&sorted, &[INSTANCE, DIMENSION_RANK, STATE], Side::Before)? | &undated;
    let mut rows = sorted.filter_seq(&begins)?;

    let from = rows.column(FROM)?.i64()?.clone();
    let next = neighbour(rows.column(FROM)?, Side::After)?.i64()?.clone();
    let last = differs(&rows, &[INSTANCE, DIMENSION_RANK], Side::After)?;
    let until = null_where(&next, &(&last | &!&from.is_not_null()))?;
    let end = match as_of {
        Some(as_of) => {
            let now =
                Int64Chunked::from_iter_values("".into(), std::iter::repeat_n(ms(as_of), rows.height()));
            until.zip_with(&until.is_not_null(), &now)?
        }
        None => until.clone(),
    };
    // By hand: where every row lacks one of both, `-` on columns takes the zeroes that `neighbour` avoids.
    let lasted = end.iter().zip(from.iter()).map(|(end, from)| Some(end? - from?).filter(|ms| *ms >= 0));
    let lasted = seconds(Int64Chunked::from_iter_options("".into(), lasted));
    rows.with_column(named(UNTIL, until))?;
    rows.with_column(named(LASTED_S, lasted))?;
    HISTORY.conform(&rows)
}

/// The rows of a table of [`table`], in its order; `transitions` is the list that it was made from.
pub fn rows(table: &DataFrame, transitions: &[(usize, &Transition)]) -> Result<Vec<Interval>, Error> {
    let (froms, untils) = (instants(table, FROM)?, instants(table, UNTIL)?);
    let indexes = numbers(table, TRANSITION)?;
    indexes
        .zip(froms.zip(untils))
        .map(|(index, (from, until))| {
            let index = index?;
            let (_, transition) = usize::try_from(index)
                .ok()
                .and_then(|index| transitions.get(index))
                .ok_or(Error::Index { column: TRANSITION, index })?;
            Ok(Interval {
                dimension: transition.dimension,
                state: transition.state,
                from: from?,
                until: until?,
                basis: transition.basis,
                cause: transition.cause.clone(),
                evidence: transition.evidence.clone(),
            })
        })
        .collect()
}

/// One row per transition, in input order, with the columns to sort by.
fn raw(transitions: &[(usize, &Transition)]) -> PolarsResult<DataFrame> {
    let firsts = || transitions.iter().map(|(_, transition)| &transition.evidence.first);
    let instances =
        transitions.iter().map(|(instance, _)| index(*instance)).collect::<PolarsResult<Vec<u32>>>()?;
    let indexes = (0..transitions.len()).map(index).collect::<PolarsResult<Vec<u32>>>()?;
    let ranks: Vec<u32> = transitions.iter().map(|(_, transition)| rank(transition.dimension)).collect();
    let dimensions: Vec<&str> =
        transitions.iter().map(|(_, transition)| transition.dimension.name()).collect();
    let states: Vec<&str> = transitions.iter().map(|(_, transition)| transition.state).collect();
    let froms: Vec<Option<i64>> = transitions.iter().map(|(_, transition)| transition.at.map(ms)).collect();
    let bases: Vec<&str> = transitions.iter().map(|(_, transition)| basis_name(transition.basis)).collect();
    let members: Vec<u32> = firsts().map(|origin| origin.member).collect();
    let lines: Vec<u64> = firsts().map(|origin| origin.span.line).collect();
    let offsets: Vec<u64> = firsts().map(|origin| origin.span.offset).collect();
    DataFrame::new(
        transitions.len(),
        vec![
            Column::new(INSTANCE.into(), instances),
            Column::new(DIMENSION_RANK.into(), ranks),
            Column::new(DIMENSION.into(), dimensions),
            Column::new(STATE.into(), states),
            Column::new(FROM.into(), froms),
            Column::new(BASIS.into(), bases),
            Column::new(MEMBER.into(), members),
            Column::new(LINE.into(), lines),
            Column::new(OFFSET.into(), offsets),
            Column::new(TRANSITION.into(), indexes),
        ],
    )
}

fn rank(dimension: Dimension) -> u32 {
    match dimension {
        Dimension::Registration => 0,
        Dimension::Authorization => 1,
        Dimension::Enforcement => 2,
    }
}

/// The name in the report.
fn basis_name(basis: Basis) -> &'static str {
    match basis {
        Basis::Stated => "stated",
        Basis::Derived => "derived",
        Basis::Inferred => "inferred",
        Basis::Given => "given",
        Basis::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{SplitMix64, at, at_min, numbered, origin, transition};
    use history::facts::Dimension::{Authorization, Enforcement, Registration};

    type Row = (Dimension, &'static str, Option<Instant>, Option<Instant>);

    /// The rows, and that no input order changes them.
    #[track_caller]
    fn check(transitions: &[Transition], expected: &[Row]) -> Vec<Interval> {
        let mut numbered = numbered(transitions);
        let intervals = rows(&table(&numbered, None).unwrap(), &numbered).unwrap();
        let short: Vec<Row> =
            intervals.iter().map(|row| (row.dimension, row.state, row.from, row.until)).collect();
        assert_eq!(short, expected);
        let mut random = SplitMix64(1);
        for _ in 0..5 {
            random.shuffle(&mut numbered);
            assert_eq!(rows(&table(&numbered, None).unwrap(), &numbered).unwrap(), intervals);
        }
        intervals
    }

    fn lasted(transitions: &[Transition], as_of: Option<Instant>) -> Vec<Option<i64>> {
        let table = table(&numbered(transitions), as_of).unwrap();
        table.column(LASTED_S).unwrap().i64().unwrap().iter().collect()
    }

    #[test]
    fn no_transition_makes_an_empty_table_of_the_schema() {
        let table = table(&[], Some(at(0))).unwrap();
        assert_eq!((table.height(), table.width()), (0, HISTORY.columns.len()));
        assert_eq!(rows(&table, &[]).unwrap(), []);
    }

    #[test]
    fn a_single_transition_is_open() {
        let only = [transition(Authorization, "overage", Some(at_min(0)), origin(0, 7))];
        let intervals = check(&only, &[(Authorization, "overage", Some(at_min(0)), None)]);
        assert_eq!(intervals[0].evidence, only[0].evidence);
        assert_eq!(intervals[0].cause, "overage by line 7");
        assert_eq!(lasted(&only, None), [None]);
        assert_eq!(lasted(&only, Some(at(61_999))), [Some(61)]);
        assert_eq!(lasted(&only, Some(at_min(-1))), [None]);
    }

    #[test]
    fn a_repeated_state_collapses_into_its_first() {
        let repeated = [
            transition(Authorization, "out_of_compliance", Some(at_min(0)), origin(0, 1)),
            transition(Authorization, "out_of_compliance", Some(at_min(5)), origin(0, 2)),
            transition(Authorization, "out_of_compliance", Some(at_min(9)), origin(0, 3)),
            transition(Authorization, "in_compliance", Some(at_min(20)), origin(0, 4)),
            transition(Authorization, "out_of_compliance", Some(at_min(30)), origin(0, 5)),
        ];
        let intervals = check(
            &repeated,
            &[
                (Authorization, "out_of_compliance", Some(at_min(0)), Some(at_min(20))),
                (Authorization, "in_compliance", Some(at_min(20)), Some(at_min(30))),
                (Authorization, "out_of_compliance", Some(at_min(30)), None),
            ],
        );
        assert_eq!(intervals[0].evidence.first.span.line, 1);
        assert_eq!(lasted(&repeated, Some(at_min(31))), [Some(1_200), Some(600), Some(60)]);
    }

    #[test]
    fn an_undated_transition_stands_alone_and_first() {
        check(
            &[
                transition(Authorization, "overage", Some(at_min(1)), origin(0, 5)),
                transition(Authorization, "overage", None, origin(0, 6)),
                transition(Authorization, "in_compliance", Some(at_min(2)), origin(0, 8)),
                transition(Authorization, "overage", None, origin(0, 3)),
                transition(Registration, "registered", None, origin(0, 4)),
            ],
            &[
                (Registration, "registered", None, None),
                (Authorization, "overage", None, None),
                (Authorization, "overage", None, None),
                (Authorization, "overage", Some(at_min(1)), Some(at_min(2))),
                (Authorization, "in_compliance", Some(at_min(2)), None),
            ],
        );
    }

    #[test]
    fn dimensions_do_not_end_each_other() {
        check(
            &[
                transition(Enforcement, "not_enforced", Some(at_min(0)), origin(0, 1)),
                transition(Registration, "registered", Some(at_min(1)), origin(0, 2)),
                transition(Authorization, "overage", Some(at_min(2)), origin(0, 3)),
                transition(Registration, "registered", Some(at_min(3)), origin(0, 4)),
                transition(Authorization, "out_of_compliance", Some(at_min(4)), origin(0, 5)),
                transition(Registration, "registration_expired", Some(at_min(5)), origin(0, 6)),
            ],
            &[
                (Registration, "registered", Some(at_min(1)), Some(at_min(5))),
                (Registration, "registration_expired", Some(at_min(5)), None),
                (Authorization, "overage", Some(at_min(2)), Some(at_min(4))),
                (Authorization, "out_of_compliance", Some(at_min(4)), None),
                (Enforcement, "not_enforced", Some(at_min(0)), None),
            ],
        );
    }

    #[test]
    fn instances_do_not_end_each_other() {
        let one = transition(Authorization, "overage", Some(at_min(0)), origin(0, 1));
        let other = transition(Authorization, "overage", Some(at_min(1)), origin(1, 1));
        let numbered = [(3, &other), (1, &one)];
        let table = table(&numbered, None).unwrap();
        let instances: Vec<Option<u32>> = table.column(INSTANCE).unwrap().u32().unwrap().iter().collect();
        assert_eq!(instances, [Some(1), Some(3)]);
        assert!(rows(&table, &numbered).unwrap().iter().all(|row| row.until.is_none()));
    }

    #[test]
    fn times_before_1970_keep_their_order() {
        let early = Instant::from_timestamp_millis(-86_400_001).unwrap();
        let late = Instant::from_timestamp_millis(-1).unwrap();
        let both = [
            transition(Authorization, "overage", Some(late), origin(0, 1)),
            transition(Authorization, "in_compliance", Some(early), origin(0, 2)),
        ];
        check(
            &both,
            &[
                (Authorization, "in_compliance", Some(early), Some(late)),
                (Authorization, "overage", Some(late), None),
            ],
        );
        assert_eq!(lasted(&both, None), [Some(86_400), None]);
    }

    #[test]
    fn one_instant_is_ordered_by_member_and_line() {
        check(
            &[
                transition(Authorization, "overage", Some(at_min(0)), origin(0, 10)),
                transition(Authorization, "in_compliance", Some(at_min(0)), origin(0, 9)),
                transition(Authorization, "out_of_compliance", Some(at_min(0)), origin(1, 2)),
            ],
            &[
                (Authorization, "in_compliance", Some(at_min(0)), Some(at_min(0))),
                (Authorization, "overage", Some(at_min(0)), Some(at_min(0))),
                (Authorization, "out_of_compliance", Some(at_min(0)), None),
            ],
        );
    }

    #[test]
    fn one_line_with_two_states_keeps_the_machines_order() {
        let both = [
            transition(Authorization, "overage", Some(at_min(0)), origin(0, 1)),
            transition(Authorization, "in_compliance", Some(at_min(0)), origin(0, 1)),
        ];
        let numbered = numbered(&both);
        let intervals = rows(&table(&numbered, None).unwrap(), &numbered).unwrap();
        assert_eq!(intervals.iter().map(|row| row.state).collect::<Vec<_>>(), ["overage", "in_compliance"]);
    }

    #[test]
    fn rows_of_another_list_are_refused() {
        let two = [
            transition(Authorization, "overage", Some(at_min(0)), origin(0, 1)),
            transition(Authorization, "in_compliance", Some(at_min(1)), origin(0, 2)),
        ];
        let table = table(&numbered(&two), None).unwrap();
        assert!(matches!(
            rows(&table, &numbered(&two[..1])),
            Err(Error::Index { column: TRANSITION, index: 1 })
        ));
        assert!(matches!(rows(&DataFrame::empty(), &[]), Err(Error::Polars(_))));
    }
}
