//! Redaction as a whole: reports, texts, maps and leaks.

use super::tally::PLACES_MAX;
use super::*;
use crate::testing;

fn redactor(key: u8) -> Redactor {
    Redactor::new(Map::with_key([key; 32]))
}

const LINES: [&str; 9] = [
    "Apr 2 05:30:05 uccxpub MCVD: %UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: %[NodeID=uccxpub][user=jsmith]: from 10.1.2.3",
    "cannot reach https://ssm.corp.acme.com:8443/Transportgateway at 10.1.2.4 via 10.1.9.9",
    "jsmith@acme.com asked uccxpub.corp.acme.com; jsmith waits",
    "/common/uccxpub/syslog.txt 00:50:56:ab:cd:ef 0050.56ab.cdef fd00:1::7",
    "Smart Account: BU Production Test",
    "the BU Production Test account, UDI: PID:UCM,SN:FCH1234X, Serial Number: FCH1234X",
    "2.1.1.10.in-addr.arpa domain name pointer uccxpub.corp.acme.com.",
    "license smart register idtoken QWxh3ZGRpbjpv force; extension 5551234",
    "-----BEGIN CERTIFICATE-----\nMIIB0123\n-----END CERTIFICATE-----",
];

const SECRETS: [&str; 15] = [
    "uccxpub",
    "jsmith",
    "10.1.2.3",
    "10.1.2.4",
    "10.1.9.9",
    "acme",
    "ssm.corp",
    "00:50:56",
    "0050.56ab",
    "fd00:1",
    "bu production",
    "fch1234x",
    "qwxh3",
    "miib0123",
    "5551234",
];

fn redacted(redactor: &mut Redactor, lines: &[&str]) -> Vec<String> {
    lines.iter().for_each(|line| redactor.learn_text(line));
    lines.iter().map(|line| redactor.text(line).into_owned()).collect()
}

#[test]
fn nothing_of_the_originals_stays_in_texts_and_the_scan_agrees() {
    let mut redactor = redactor(1);
    for (line, new) in LINES.iter().zip(redacted(&mut redactor, &LINES)) {
        let lower = new.to_lowercase();
        for secret in SECRETS {
            assert!(!lower.contains(secret), "{secret} in {new}");
        }
        assert_eq!(redactor.leaks(new.as_bytes()), [], "{new}");
        assert_ne!(*line, new);
        assert!(!redactor.leaks(line.as_bytes()).is_empty(), "{line}");
    }
}

#[test]
fn texts_that_are_alike_become_what_each_becomes_alone() {
    let mut redactor = redactor(1);
    redacted(&mut redactor, &LINES);
    let mut names = Names::default();
    for round in 0..3 {
        for line in LINES.map(|line| line.replace('4', &round.to_string())) {
            assert_eq!(redactor.next_text(&line, &mut names), redactor.text(&line));
        }
    }
    let mut learned = Redactor::new(Map::with_key([1; 32]));
    LINES.iter().for_each(|line| learned.gather(line, &mut names));
    let mut both = Names::default();
    both.add(names);
    learned.learn_names(both);
    assert_eq!(learned.text(LINES[2]), redactor.text(LINES[2]));
}

#[test]
fn relations_stay_between_host_name_path_and_label() {
    let mut redactor = redactor(1);
    let new = redacted(&mut redactor, &LINES);
    let host = new[3].split('/').nth(2).unwrap();
    assert!(host.starts_with("host-"), "{host}");
    assert!(
        new[0].contains(&format!(" {host} MCVD")) && new[0].contains(&format!("[NodeID={host}]")),
        "{}",
        new[0]
    );
    assert!(new[2].contains(&format!("{host}.d-")), "{}", new[2]);
    assert!(new[6].contains(&format!("pointer {host}.d-")), "{}", new[6]);
    let user = new[0].split("[user=").nth(1).unwrap().split(']').next().unwrap();
    assert!(
        new[2].starts_with(&format!("{user}@d-")) && new[2].ends_with(&format!("{user} waits")),
        "{}",
        new[2]
    );
    assert_eq!(new[5].matches("serial-").count(), 2, "{}", new[5]);
    assert!(new[5].contains("PID:UCM,"), "{}", new[5]);
}

#[test]
fn redacting_twice_changes_nothing_more() {
    let mut redactor = redactor(2);
    let once = redacted(&mut redactor, &LINES);
    let lines: Vec<&str> = once.iter().map(String::as_str).collect();
    assert_eq!(redacted(&mut redactor, &lines), once);
    let json = serde_json::to_string(&redactor.map()).unwrap();
    let mut again = Redactor::new(serde_json::from_str(&json).unwrap());
    assert_eq!(redacted(&mut again, &lines), once);
    assert_eq!(redacted(&mut again, &LINES), once);
}

#[test]
fn the_same_key_gives_the_same_names_in_any_order_and_another_key_others() {
    let once = redacted(&mut redactor(3), &LINES);
    let mut turned: Vec<&str> = LINES.to_vec();
    turned.reverse();
    let mut other = redacted(&mut redactor(3), &turned);
    other.reverse();
    assert_eq!(once, other);
    let changed = redacted(&mut redactor(4), &LINES);
    assert!(once.iter().zip(&changed).all(|(one, other)| one != other));
}

#[test]
fn words_of_the_product_are_replaced_in_structure_alone() {
    let mut redactor = redactor(5);
    redactor.learn_text("[NodeID=pub]");
    assert!(redactor.text("[NodeID=pub]").starts_with("[NodeID=host-"));
    assert_eq!(redactor.text("the pub node"), "the pub node");
    assert_eq!(redactor.leaks(b"the pub node"), []);
}

#[test]
fn a_report_holds_no_original_and_says_what_was_done() {
    let mut facts = testing::facts();
    facts.incomplete.push("bundle.zip: uccx1.example.com at 192.0.2.9 was not read".into());
    let mut report = testing::report(&facts);
    let before = report.clone();
    let mut redactor = redactor(6);
    redactor.report(&mut report);
    let json = serde_json::to_string(&report).unwrap();
    for secret in ["uccx1", "uccx2", "192.0.2.9", "bundle.zip", "example.com"] {
        assert!(!json.contains(secret), "{secret}");
    }
    assert_eq!(redactor.leaks(json.as_bytes()), []);
    assert!(!redactor.leaks(serde_json::to_string(&before).unwrap().as_bytes()).is_empty());
    let section = report.redaction.clone().unwrap();
    assert_eq!(section.hashes, "keyed");
    let host = &report.product_instances[0].nodes[0].name;
    let row = section.replaced.iter().find(|row| row.pseudonym == *host && row.rule == "host").unwrap();
    assert!(row.places.len() == PLACES_MAX && 0 < row.more_places && 5 < row.count, "{row:?}");
    assert_ne!(before.input.sources[0].sha256, report.input.sources[0].sha256);
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    let done = report.clone();
    redactor.report(&mut report);
    assert_eq!(done, report);
    let mut second = before;
    redactor.report(&mut second);
    assert_eq!(second, done);
}

#[test]
fn a_report_without_the_section_is_read() {
    let report = testing::report(&testing::facts());
    let mut value = serde_json::to_value(&report).unwrap();
    value.as_object_mut().unwrap().remove("redaction");
    assert_eq!(serde_json::from_value::<Report>(value).unwrap(), report);
}

#[test]
fn odd_texts_neither_stop_nor_break_it() {
    let parts = [
        "user=",
        "é",
        "\u{202e}",
        "10.1.2.3",
        "::",
        ":",
        "@",
        "acme.com",
        "-----BEGIN X-----",
        "\\",
        "\"",
        "=",
        "SN:",
        "\n",
        "%",
        "😀",
        "0",
        ".",
        "-",
        "O=",
        "Smart Account:",
        " ",
        "uccx1",
        "+491711234567",
        "<",
        ">",
    ];
    let mut redactor = redactor(7);
    redactor.learn_text("[NodeID=uccx1]");
    let mut state = 12_345_u64;
    for _ in 0..2_000 {
        let mut text = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.push_str(parts[(state >> 33) as usize % parts.len()]);
        }
        redactor.learn_text(&text);
    }
    for text in ["", "é=user=é", "user=\u{301}x", "10.1.2.3é"] {
        let once = redactor.text(text).into_owned();
        assert_eq!(redactor.text(&once), once, "{text:?}");
    }
}

#[test]
fn a_long_text_takes_linear_time() {
    let mut redactor = redactor(8);
    redactor.learn_text("[NodeID=aaaa][user=aaaaaaaa]");
    for piece in
        ["a", "1.", ":", "10.1.2.3 ", "user=", "a.b-", "-----BEGIN X-----", "@a", "aaaa ", "Smart Account: a"]
    {
        let text = piece.repeat((1 << 20) / piece.len());
        let started = std::time::Instant::now();
        let new = redactor.text(&text);
        assert!(!redactor.leaks(new.as_bytes()).iter().any(|leak| leak.rule == Rule::Ipv4));
        // Generous for a slow machine; a square of a million would take hours.
        assert!(started.elapsed().as_secs() < 30, "{piece}");
    }
}

#[test]
fn many_events_cost_little() {
    let mut report = testing::report(&testing::facts());
    let evidence = report.product_instances[0].release.evidence[0].clone();
    let event = |n: u32| {
        let text = format!(
            "Apr 2 05:30:05.{n} uccx1 MCVD: {n}: %UC_LIB_LICENSE-1-SYSTEM_TO_ENTER_OOC_STATE: The system will enter OOC: \
             System in =45 minutes, from 10.1.{}.{}",
            n % 16,
            n % 256
        );
        crate::report::Event {
            at: None,
            at_candidates: Vec::new(),
            basis: crate::report::TimeBasis { year: "written".into(), zone: "written".into() },
            product_instance: "uccx1".into(),
            node: Some("uccx1".into()),
            kind: "ooc_entered".into(),
            facility: "LIB_LICENSE".into(),
            severity: 1,
            mnemonic: "SYSTEM_TO_ENTER_OOC_STATE".into(),
            params: crate::report::Params::default(),
            text: "The system will enter OOC".into(),
            witnesses: vec![crate::report::Evidence { text: text.into(), ..evidence.clone() }],
            said: Vec::new(),
        }
    };
    report.events = (0..100_000).map(event).collect();
    let mut redactor = redactor(9);
    let started = std::time::Instant::now();
    redactor.report(&mut report);
    let taken = started.elapsed();
    let json = serde_json::to_vec(&report).unwrap();
    assert_eq!(redactor.leaks(&json), []);
    assert!(taken.as_secs() < 20);
}
