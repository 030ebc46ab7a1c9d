//! MCVD, MIVR and MADM traces: numbered records, files that rotate, the oldest one overwritten.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};

use super::clock::NodeClock;
use super::filler::{self, Draft};
use super::plan::Plan;
use super::rng::Rng;
use super::story::{Fact, FactKind, FailureClass};

/// The host that every failing message was meant for.
pub const ON_PREM_HOST: &str = "cssm.example.com";

/// A fact that a record shows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// Index into the story's facts.
    pub(super) fact: usize,
    /// The line on which the record starts, from 1.
    pub(super) line: u64,
    /// The true instant of the record.
    pub(super) at: DateTime<Utc>,
}

/// One trace file.
#[derive(Clone, Debug, Default)]
pub(super) struct TraceFile {
    /// The number in its name.
    pub(super) index: u32,
    pub(super) text: String,
    n_lines: u64,
    pub(super) marks: Vec<Mark>,
    /// The true instant of its last record.
    pub(super) last: DateTime<Utc>,
}

/// One log of one process: a numbered record after the other.
struct TraceLog<'a> {
    plan: &'a Plan,
    clock: NodeClock,
    facility: &'static str,
    next_seq: u64,
    open: TraceFile,
    full: Vec<TraceFile>,
}

impl<'a> TraceLog<'a> {
    fn new(plan: &'a Plan, clock: NodeClock, facility: &'static str, rng: &mut Rng) -> TraceLog<'a> {
        // The process and its files are older than the bundle.
        let next_seq = u64::from(rng.within(1_000, 3_000_000));
        let index = if plan.circular { rng.within(1, plan.kept_files.max(1)) } else { rng.within(1, 60) };
        let open = TraceFile { index, ..TraceFile::default() };
        TraceLog { plan, clock, facility, next_seq, open, full: Vec::new() }
    }

    /// Writes the drafts as one undivided piece: a file is never changed in the middle.
    fn write(&mut self, at: DateTime<Utc>, drafts: &[Draft], fact: Option<usize>) {
        let mut text = String::with_capacity(256);
        for draft in drafts {
            let _ = write!(text, "{}: ", self.next_seq);
            self.clock.write_trace(&mut text, at);
            let glue = if self.plan.glued_zone { "" } else { " " };
            let Draft { unit, severity, name, message } = draft;
            let _ = writeln!(text, "{glue}%{}-{unit}-{severity}-{name}:{message}", self.facility);
            self.next_seq += 1;
        }
        if !self.open.text.is_empty() && self.open.text.len() + text.len() > self.plan.file_bytes as usize {
            self.rotate();
        }
        if let Some(fact) = fact {
            self.open.marks.push(Mark { fact, line: self.open.n_lines + 1, at });
        }
        self.open.n_lines += text.bytes().filter(|it| *it == b'\n').count() as u64;
        self.open.text.push_str(&text);
        self.open.last = at;
    }

    fn rotate(&mut self) {
        let last = self.open.index;
        let index = if self.plan.circular && last >= self.plan.kept_files.max(1) { 1 } else { last + 1 };
        let full = std::mem::replace(&mut self.open, TraceFile { index, ..TraceFile::default() });
        self.full.push(full);
    }

    /// The files that are left: in a circular trace, each name holds only what was written last.
    fn finish(mut self) -> Vec<TraceFile> {
        self.full.push(self.open);
        let kept = self.plan.kept_files.max(1) as usize;
        if self.plan.circular && self.full.len() > kept {
            self.full.drain(..self.full.len() - kept);
        }
        self.full
    }
}

/// Something to be written, in time order.
enum Entry {
    Filler,
    Fact(usize),
    /// The first records of a restarted process.
    Start(usize),
}

/// One log of one node. `facts` are those that this log shows, with their index in the story and the instant
/// at which this node's process writes them.
pub(super) fn log(
    plan: &Plan,
    clock: NodeClock,
    facility: &'static str,
    facts: &[(usize, Fact)],
    mut rng: Rng,
) -> Vec<TraceFile> {
    let mut entries: Vec<(DateTime<Utc>, Entry)> = Vec::new();
    let mut down = None;
    for (i, fact) in facts {
        match fact.kind {
            FactKind::Restart { down_ms } => {
                let up = fact.at + TimeDelta::milliseconds(down_ms);
                down = Some((fact.at, up));
                entries.push((up, Entry::Start(*i)));
            }
            _ => entries.push((fact.at, Entry::Fact(*i))),
        }
    }
    let is_down = |at: DateTime<Utc>| down.is_some_and(|(from, until)| from <= at && at <= until);
    for interval in 0..plan.hours.saturating_mul(4) {
        for _ in 0..plan.filler {
            let ms = i64::from(interval) * 900_000 + i64::from(rng.below(900_000));
            let at = plan.start + TimeDelta::milliseconds(ms);
            if !is_down(at) {
                entries.push((at, Entry::Filler));
            }
        }
    }
    entries.sort_by_key(|it| it.0);

    let mut log = TraceLog::new(plan, clock, facility, &mut rng);
    for (at, entry) in entries {
        match entry {
            Entry::Filler => log.write(at, &filler::draft(&mut rng, facility, plan.engine_debug), None),
            Entry::Start(i) => {
                log.next_seq = 1;
                log.write(at, &filler::start_up(&mut rng), Some(i));
            }
            Entry::Fact(i) => {
                let kind = facts.iter().find(|it| it.0 == i).map(|it| it.1.kind);
                let drafts = kind.map(|it| license(plan, it, &mut rng)).unwrap_or_default();
                log.write(at, &drafts, Some(i));
            }
        }
    }
    log.finish()
}

/// The LIB_LICENSE records of a fact. The alarm texts are Cisco's (document 217416).
fn license(plan: &Plan, kind: FactKind, rng: &mut Rng) -> Vec<Draft> {
    let util = " [REPORT_ENTITLE] com.cisco.smartlicense.util.SmartLicenseUtil";
    let label = "This Product Instance will enter Out of Compliance state in";
    let (severity, name, message) = match kind {
        FactKind::Approaching(minutes) => {
            let text = TO_ENTER_OOC_TEXT;
            (1, TO_ENTER_OOC, format!("{util} {text}: {label} ={minutes} minutes"))
        }
        FactKind::Imminent(minutes) => {
            let text = SHORTLY_TEXT;
            (0, SHORTLY, format!("{util} {text}: {label} ={minutes} minutes"))
        }
        FactKind::InOoc { .. } => (1, IN_OOC, format!("{util} {IN_OOC_TEXT}")),
        FactKind::TransportFailure(class) => return failure(plan, class, rng),
        FactKind::Restart { .. } => return Vec::new(),
    };
    vec![Draft { unit: "LIB_LICENSE", severity, name, message }]
}

/// Mnemonic of the first warning.
pub const TO_ENTER_OOC: &str = "SYSTEM_TO_ENTER_OOC_STATE";
/// Mnemonic of the last warning.
pub const SHORTLY: &str = "SYSTEM_TO_ENTER_OOC_STATE_SHORTLY";
/// Mnemonic of Out of Compliance.
pub const IN_OOC: &str = "SYSTEM_IN_OOC_STATE";
pub(super) const TO_ENTER_OOC_TEXT: &str =
    "This Product Instance will enter Out of Compliance state because of insufficient licenses.";
pub(super) const SHORTLY_TEXT: &str = "The time required for the Product to be in compliance is about to \
     expire. Else, you will have to procure more licenses.";
pub(super) const IN_OOC_TEXT: &str =
    "This Product Instance is currently in Out of Compliance state because of insufficient licenses.";

/// An exception on the way to CSSM On-Prem, with its stack as continuation lines or as records of their own.
fn failure(plan: &Plan, class: FailureClass, rng: &mut Rng) -> Vec<Draft> {
    let (cause, frames): (String, [&str; 2]) = match class {
        FailureClass::Dns => (
            format!("java.net.UnknownHostException: {ON_PREM_HOST}"),
            [
                "java.net.InetAddress.getAllByName0(InetAddress.java:1281)",
                "java.net.InetAddress.getByName(InetAddress.java:1077)",
            ],
        ),
        FailureClass::Timeout => (
            "java.net.SocketTimeoutException: connect timed out".to_owned(),
            [
                "java.net.PlainSocketImpl.socketConnect(Native Method)",
                "java.net.Socket.connect(Socket.java:607)",
            ],
        ),
        FailureClass::Refused => (
            "java.net.ConnectException: Connection refused (Connection refused)".to_owned(),
            [
                "java.net.PlainSocketImpl.socketConnect(Native Method)",
                "java.net.Socket.connect(Socket.java:607)",
            ],
        ),
    };
    let mut lines = Vec::with_capacity(8);
    let wrapped = rng.one_in(2);
    if wrapped {
        let url = format!("https://{ON_PREM_HOST}/Transportgateway/services/DeviceRequestHandler");
        lines.push(format!("java.io.IOException: message to {url} not sent"));
        lines.push(
            "\tat com.cisco.smartlicense.util.SmartLicenseUtil.send(SmartLicenseUtil.java:512)".to_owned(),
        );
        lines.push(format!("Caused by: {cause}"));
    } else {
        lines.push(cause);
    }
    lines.extend(frames.iter().map(|it| format!("\tat {it}")));
    lines.push("\tat javax.net.ssl.HttpsURLConnection.connect(HttpsURLConnection.java:153)".to_owned());
    if wrapped {
        lines.push(format!("\t... {} more", rng.within(3, 19)));
    }
    let draft = |message| Draft { unit: "LIB_LICENSE", severity: 7, name: "EXCEPTION", message };
    if plan.repeated_stack { lines.into_iter().map(draft).collect() } else { vec![draft(lines.join("\n"))] }
}
