//! Snapshots for tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use reports::Report;
use reports::alerts::{Alert, AlertDeadline, AlertState};
use reports::report::{Basis, Severity};
use reports::time::Time;

use crate::status::{Listening, SinkStatus, Snapshot, SocketStatus, SourceStatus};

/// What a text from a log may be at worst.
pub(crate) const HOSTILE: &str =
    "\"><img src=x onerror=alert(1)></script><script>alert(1)</script>\u{1b}[2J\u{202e}\r\n\u{7}' {{x}} \\";

pub(crate) fn time(text: &str) -> Time {
    Time(text.parse().unwrap())
}

/// The system of the sample of that name, with a bit of everything around it.
pub(crate) fn kitchen_sink(number: u64) -> Snapshot {
    let json = include_str!("../../../../samples/kitchen-sink/expected/report.json");
    let report: Report = serde_json::from_str(json).unwrap();
    let evidence = report.product_instances[0].now.authorization.evidence.clone();
    let instance = report.product_instances[0].id.clone();
    let alert = Alert {
        id: "00112233445566aa".to_owned(),
        rule: "out-of-compliance".to_owned(),
        state: AlertState::Raised,
        severity: Severity::Critical,
        product_instance: Some(instance.clone()),
        node: None,
        since: Some(time("2026-04-02T05:30:00Z")),
        noticed: time("2026-04-02T05:31:00Z"),
        deadline: Some(AlertDeadline {
            kind: "enforcement".to_owned(),
            expected: time("2026-07-01T05:30:00Z"),
            remaining_s: 7_775_940,
        }),
        title: "Out of Compliance since 05:30 UTC".to_owned(),
        says: "CSSM says that more licenses are in use than were purchased.".to_owned(),
        remedy: "Buy what is lacking.".to_owned(),
        basis: Basis::Stated,
        evidence,
        may_repeat: false,
        replayed: false,
        test: false,
    };
    let silent = Alert {
        id: "00112233445566bb".to_owned(),
        rule: "silent-source".to_owned(),
        severity: Severity::Medium,
        product_instance: None,
        node: Some("uccxsub1".to_owned()),
        deadline: None,
        title: "uccxsub1 has been silent for 20 minutes".to_owned(),
        says: "Nothing came from udp 198.51.100.7 since 05:31 UTC.".to_owned(),
        remedy: "See whether the node is up and still sends here.".to_owned(),
        basis: Basis::Inferred,
        evidence: Vec::new(),
        ..alert.clone()
    };
    let resolved = Alert {
        id: "00112233445566cc".to_owned(),
        state: AlertState::Resolved,
        title: "DNS answers again".to_owned(),
        remedy: String::new(),
        ..silent.clone()
    };
    let file = SourceStatus {
        name: "/var/log/uccx/uccxpub/Cisco001MCVD001.log".to_owned(),
        kind: "file".to_owned(),
        nodes: vec!["uccxpub".to_owned()],
        last_bytes: Some(time("2026-04-02T05:52:00Z")),
        last_record: Some(time("2026-04-02T05:51:58Z")),
        bytes: 123_456_789,
        records: 1_234_567,
        events: 42,
        unread_lines: 3,
        behind_bytes: Some(4_096),
        ..SourceStatus::default()
    };
    let sender = SourceStatus {
        name: "udp 192.0.2.10".to_owned(),
        kind: "udp".to_owned(),
        nodes: vec!["uccxsub1".to_owned()],
        last_bytes: Some(time("2026-04-02T05:31:00Z")),
        bytes: 9_000,
        records: 90,
        missing: 7,
        over_limit: 12,
        trouble: Some("silent for 20 minutes".to_owned()),
        ..SourceStatus::default()
    };
    let udp = SocketStatus {
        messages: 90_210,
        bytes: 9_021_000,
        kernel_drops: Some(5),
        receive_buffer: Some(425_984),
        connections: 0,
        refused: BTreeMap::new(),
        ..SocketStatus::default()
    };
    let tls = SocketStatus {
        messages: 12,
        connections: 2,
        refused: BTreeMap::from([("no TLS".to_owned(), 3), ("certificate expired".to_owned(), 1)]),
        ..SocketStatus::default()
    };
    Snapshot {
        number,
        at: time("2026-04-02T05:52:00.603Z"),
        report: Arc::new(report),
        sources: vec![file, sender],
        alerts: vec![alert.clone(), silent],
        told: vec![resolved, alert],
        sinks: vec![
            SinkStatus {
                name: "noc".to_owned(),
                kind: "webhook".to_owned(),
                delivered: 3,
                ..SinkStatus::default()
            },
            SinkStatus {
                name: "mail".to_owned(),
                kind: "smtp".to_owned(),
                failed: 4,
                waiting: 1,
                trouble: Some("ssm.example.com refuses the connection".to_owned()),
                ..SinkStatus::default()
            },
        ],
        listening: Listening {
            sockets: BTreeMap::from([
                ("udp://0.0.0.0:514".to_owned(), udp),
                ("tls://0.0.0.0:6514".to_owned(), tls),
            ]),
        },
        troubles: vec!["the store is full: 0 bytes are free".to_owned()],
        replay: false,
    }
}

/// The same, with [`HOSTILE`] in every field that can hold text.
pub(crate) fn hostile() -> Snapshot {
    let mut snapshot = kitchen_sink(1);
    let bad = || HOSTILE.to_owned();
    let mut report = (*snapshot.report).clone();
    report.tool.name = bad();
    report.input.incomplete = vec![bad()];
    for instance in &mut report.product_instances {
        instance.id = bad();
        instance.release.version = Some(bad());
        for node in &mut instance.nodes {
            node.name = bad();
        }
        for now in
            [&mut instance.now.registration, &mut instance.now.authorization, &mut instance.now.enforcement]
        {
            now.state = bad();
            now.cause = Some(bad());
        }
        for deadline in &mut instance.deadlines {
            deadline.kind = bad();
        }
    }
    for event in &mut report.events {
        event.kind = bad().into();
        event.node = Some(HOSTILE.into());
        event.text = HOSTILE.into();
        event.mnemonic = HOSTILE.into();
        for line in &mut event.witnesses {
            line.text = HOSTILE.into();
            line.source = HOSTILE.into();
            line.member = Some(HOSTILE.into());
        }
    }
    for check in &mut report.checks {
        (check.id, check.says, check.source, check.title) = (bad(), bad(), bad(), bad());
        (check.remedy, check.product_instance) = (Some(bad()), Some(bad()));
    }
    snapshot.report = Arc::new(report);
    for alert in snapshot.alerts.iter_mut().chain(&mut snapshot.told) {
        (alert.title, alert.says, alert.remedy, alert.rule) = (bad(), bad(), bad(), bad());
        (alert.node, alert.product_instance) = (Some(bad()), Some(bad()));
    }
    for source in &mut snapshot.sources {
        (source.name, source.trouble, source.nodes) = (bad(), Some(bad()), vec![bad()]);
    }
    for sink in &mut snapshot.sinks {
        (sink.name, sink.kind, sink.trouble) = (bad(), bad(), Some(bad()));
    }
    let socket = SocketStatus { refused: BTreeMap::from([(bad(), 1)]), ..SocketStatus::default() };
    snapshot.listening.sockets.insert(bad(), socket);
    snapshot.troubles = vec![bad()];
    snapshot
}
