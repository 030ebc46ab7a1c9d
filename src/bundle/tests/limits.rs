use super::*;

fn limited(bytes: &[u8], limits: &Limits) -> Result {
    let dir = Dir::new();
    run_with(&[dir.file("bundle", bytes)], 1, limits, Recorder::default())
}

#[test]
fn a_bomb_is_stopped() {
    let zeros = vec![0; 80 << 20];
    let bombs = [gz(&zeros), zip_of(&[("zeros", &zeros)]), gz(&tar_of(&[("zeros", &zeros)]))];
    for bomb in bombs {
        let result = limited(&bomb, &Limits::default());
        let [seen] = &result.seen[..] else { panic!() };
        assert!(why(seen).contains("300 times"), "{}", why(seen));
        assert!(seen.bytes.len() < 66 << 20);
        assert_eq!(result.outcome.incomplete.len(), 1, "{:?}", result.outcome.incomplete);
        limited(&bomb, &Limits { ratio: 2000, ..Limits::default() }).assert_complete();
    }
    // Many entries, each too small to be checked alone.
    let part = vec![0; 20 << 20];
    let names: Vec<String> = (0..5).map(|n| n.to_string()).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &part[..])).collect();
    let result = limited(&zip_of(&members), &Limits::default());
    assert_eq!(result.seen.iter().filter(|seen| seen.end == End::Complete).count(), 3);
}

#[test]
fn a_member_over_the_limit_is_cut_or_refused() {
    let limits = Limits { member_bytes: 1000, ..Limits::default() };
    let (small, large) = (text(500), text(5_000));
    let members = [("a", &large[..]), ("b", &small)];
    for bundle in [tar_of(&members), zip_of(&members)] {
        let result = limited(&bundle, &limits);
        assert!(matches!(result.get("a").end, End::Skipped(_)));
        assert_eq!(result.get("b").end, End::Complete);
        assert_eq!(result.outcome.incomplete.len(), 1);
    }
    let result = limited(&large, &limits);
    assert!(why(&result.seen[0]).contains("limit of 1000 bytes"));
}

#[test]
fn the_total_ends_the_run_and_names_what_is_left() {
    let limits = Limits { total_bytes: 4_000, ..Limits::default() };
    let (a, b, c) = (text(2_900), text(2_000), text(500));
    let result = limited(&zip_of(&[("a", &a), ("b", &b), ("c", &c)]), &limits);
    assert_eq!(result.get("a").end, End::Complete);
    assert!(matches!(result.get("b").end, End::Partial(_)));
    assert!(matches!(result.get("c").end, End::Skipped(_)));
    assert!(why(result.get("c")).contains("4000 uncompressed bytes"));
    let last = result.outcome.incomplete.last().unwrap();
    assert!(last.contains("At least 1 members were not read"), "{last}");
}

#[test]
fn the_number_of_entries_is_limited() {
    let limits = Limits { entries: 3, ..Limits::default() };
    let names: Vec<String> = (0..9).map(|n| n.to_string()).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"text"[..])).collect();
    for bundle in [zip_of(&members), tar_of(&members), gz(&tar_of(&members))] {
        let result = limited(&bundle, &limits);
        assert!((2..=3).contains(&result.seen.len()), "{:?}", result.paths());
        assert!(result.seen.iter().all(|seen| seen.end == End::Complete));
        let incomplete = &result.outcome.incomplete;
        assert!(incomplete.iter().any(|line| line.contains("limit of 3 members")), "{incomplete:?}");
    }
    let dir = Dir::new();
    for name in &names {
        dir.file(name, b"text");
    }
    let result = run_with(&[dir.path().to_owned()], 2, &limits, Recorder::default());
    assert_eq!(result.seen.len(), 3);
}

#[test]
fn nesting_is_limited() {
    let mut bytes = b"core".to_vec();
    for level in 0..6 {
        bytes = match level % 3 {
            0 => zip_of(&[("z", &bytes)]),
            1 => gz(&bytes),
            _ => gz(&tar_of(&[("t", &bytes)])),
        };
    }
    let result = limited(&bytes, &Limits::default());
    let [seen] = &result.seen[..] else { panic!() };
    assert!(why(seen).contains("deeper than 4"), "{}", why(seen));
    assert_eq!(result.outcome.incomplete.len(), 1);
    let result = limited(&bytes, &Limits { depth: 6, ..Limits::default() });
    result.assert_complete();
    assert_eq!(result.paths(), ["t!/z!/t!/z"]);
    assert_eq!(result.seen[0].bytes, b"core");
}
