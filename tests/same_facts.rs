//! How bytes arrive never changes what they say: chunks, order of members, threads, order of arguments.

use std::path::{Path, PathBuf};

use history::facts::{Facts, MemberOutcome};
use uccxray::generate::Rng;

use crate::support::case::{self, Case, Laid};
use crate::support::drive::{Piece, Pieces, facts_of, json, options, pieces, stdin};
use crate::support::expect::difference;

fn read(laid: &Laid) -> Pieces {
    match &laid.stdin {
        Some(text) => stdin(text.clone()),
        None => pieces(&[laid.dir.path().join(&laid.path)], &laid.beside),
    }
}

#[track_caller]
fn check(name: &str, how: &str, facts: &Facts, expected: &Facts) {
    if facts != expected {
        let (a, b) = (format!("{expected:#?}"), format!("{facts:#?}"));
        panic!("{name}, {how}:\n{}", difference(&a, &b));
    }
    assert!(json(facts) == json(expected), "{name}, {how}: another report of the same facts");
}

fn each(run: impl Fn(&Case, &Laid)) {
    for case in case::all() {
        run(&case, &case.lay_out());
    }
}

#[test]
fn chunks_of_any_size_give_the_same_facts() {
    each(|case, laid| {
        let options = options(&case.said.args);
        let whole = read(laid).facts(&options, || usize::MAX);
        for size in [1, 7, 4_096] {
            let facts = read(laid).facts(&options, || size);
            check(&case.name, &format!("chunks of {size}"), &facts, &whole);
        }
        let mut rng = Rng::stream(1, 1);
        let facts = read(laid).facts(&options, || 1 + rng.below(9_000) as usize);
        check(&case.name, "random chunks", &facts, &whole);
    });
}

#[test]
fn members_in_any_order_give_the_same_facts() {
    each(|case, laid| {
        let options = options(&case.said.args);
        let expected = read(laid).facts(&options, || usize::MAX);
        let mut turned = read(laid);
        turned.members.reverse();
        check(&case.name, "reversed", &turned.facts(&options, || usize::MAX), &expected);
        for seed in 0..4 {
            let mut shuffled = read(laid);
            Rng::stream(seed, 1).shuffle(&mut shuffled.members);
            let facts = shuffled.facts(&options, || usize::MAX);
            check(&case.name, &format!("shuffled with {seed}"), &facts, &expected);
        }
    });
}

#[test]
fn one_thread_and_several_give_the_same_facts_as_members_fed_by_hand() {
    each(|case, laid| {
        if laid.stdin.is_some() {
            return;
        }
        let options = options(&case.said.args);
        let path = laid.dir.path().join(&laid.path);
        let expected = read(laid).facts(&options, || usize::MAX);
        for jobs in [1, 2, 7] {
            let facts = facts_of(&[&path], &laid.beside, jobs, &options);
            check(&case.name, &format!("{jobs} threads"), &facts, &expected);
        }
    });
}

#[test]
fn arguments_in_any_order_give_the_same_facts() {
    each(|case, laid| {
        let folder = laid.dir.path().join(&laid.path);
        if !folder.is_dir() {
            return;
        }
        let options = options(&case.said.args);
        let mut parts: Vec<PathBuf> =
            std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        parts.sort();
        let paths: Vec<&Path> = parts.iter().map(PathBuf::as_path).collect();
        let expected = facts_of(&paths, &laid.beside, 2, &options);
        let turned: Vec<&Path> = paths.iter().rev().copied().collect();
        check(&case.name, "arguments reversed", &facts_of(&turned, &laid.beside, 2, &options), &expected);
    });
}

/// What is not a log is not read to its end, and how much of it was read must not show.
#[test]
fn the_size_of_chunks_does_not_show_in_a_member_that_is_no_log() {
    let picture: Vec<u8> = [b"\x89PNG\r\n".to_vec(), vec![0; 300_000]].concat();
    let options = options(&[]);
    let whole = stdin(picture.clone()).facts(&options, || usize::MAX);
    for size in [1, 4_096, 70_000] {
        let facts = stdin(picture.clone()).facts(&options, || size);
        check("a picture", &format!("chunks of {size}"), &facts, &whole);
    }
}

/// A zip may hold two entries of one name; where their bytes are one too, the rest must decide.
#[test]
fn two_members_of_one_name_and_content_have_a_fixed_order() {
    let line =
        b"51201: Apr 02 10:00:05.123 IST %MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: Out of Compliance.\n";
    let options = options(&[]);
    let of = |outcomes: [MemberOutcome; 2], years: [&str; 2]| {
        let mut pieces = stdin(line.to_vec());
        pieces.members = (outcomes.into_iter().zip(years))
            .map(|(outcome, year)| Piece {
                source: 0,
                path: Some("a.log".to_owned()),
                not_after: Some(format!("{year}-06-01T00:00:00Z").parse().unwrap()),
                outcome,
                bytes: line.to_vec(),
            })
            .collect();
        pieces.facts(&options, || usize::MAX)
    };
    let (read, partial) = (MemberOutcome::Read, MemberOutcome::Partial("the data ends early".to_owned()));
    let (a, b) = ([read.clone(), partial.clone()], [partial, read.clone()]);
    check("outcome", "turned", &of(b, ["2026"; 2]), &of(a, ["2026"; 2]));
    let both = [read.clone(), read];
    check("time", "turned", &of(both.clone(), ["2026", "2025"]), &of(both, ["2025", "2026"]));
}
