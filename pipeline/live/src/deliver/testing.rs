//! What the tests of delivery share.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use parsers::stamp::Instant;
use reports::alerts::{Alert, AlertDeadline, AlertState};
use reports::report::{Basis, Evidence, Severity};
use reports::time::Time;

/// A folder of its own that goes when the test ends.
pub(super) struct Folder(pub(super) PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("uccxray-{name}-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// 2026-04-02 05:30:00 UTC, and so many seconds later.
pub(super) fn at(seconds: i64) -> Instant {
    Instant::from_timestamp(1_775_107_800 + seconds, 0).unwrap()
}

/// An alert as the rules make them.
pub(super) fn alert() -> Alert {
    Alert {
        id: "0123456789abcdef".to_owned(),
        rule: "out-of-compliance".to_owned(),
        state: AlertState::Raised,
        severity: Severity::High,
        product_instance: Some("uccxpub".to_owned()),
        node: Some("uccxpub".to_owned()),
        since: Some(Time(at(0))),
        noticed: Time(at(60)),
        deadline: Some(AlertDeadline {
            kind: "enforcement".to_owned(),
            expected: Time(at(86_460)),
            remaining_s: 86_400,
        }),
        title: "Out of Compliance since 05:30 UTC".to_owned(),
        says: "More licenses are in use than were bought.".to_owned(),
        remedy: "Buy licenses, or use fewer.".to_owned(),
        basis: Basis::Inferred,
        evidence: vec![Evidence {
            source: "/var/log/uccx".into(),
            member: Some("syslog.1".into()),
            line: 7,
            offset: 10,
            length: 20,
            sha256: serde_json::from_value(serde_json::json!("0".repeat(64))).unwrap(),
            text: "SmartLicenseOutOfCompliance".into(),
        }],
        may_repeat: false,
        replayed: false,
        test: false,
    }
}

/// An alert whose every text attacks.
pub(super) fn hostile(text: &str) -> Alert {
    let mut alert = alert();
    let text = || text.to_owned();
    (alert.id, alert.rule, alert.title) = (text(), text(), text());
    (alert.says, alert.remedy) = (text(), text());
    (alert.product_instance, alert.node) = (Some(text()), Some(text()));
    if let Some(deadline) = &mut alert.deadline {
        deadline.kind = text();
    }
    let mut line = alert.evidence.remove(0);
    (line.source, line.member, line.text) = (text().into(), Some(text().into()), text().into());
    alert.evidence = vec![line; 5];
    alert
}

/// What hostile texts are tried with.
pub(super) const ATTACK: &str = "</p><script>alert(1)</script>[x](javascript:alert(1)) <!channel> <@all> @here \
    `` ``` a\r\nBcc: evil@example.com\r\n\r\n.\r\n \u{1b}[31m \u{202e}txt \"]\\ \0 &amp; <https://example.com|ok>";
