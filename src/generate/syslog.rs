//! A node's `CiscoSyslog` and `messages` as stored on a VOS server, and RTMT alerts that nest other lines.

use std::fmt::Write;

use chrono::{DateTime, TimeDelta, Utc};

use super::clock::NodeClock;
use super::plan::{AlarmLog, Plan};
use super::rng::Rng;
use super::story::{Fact, FactKind};
use super::trace::{IN_OOC, IN_OOC_TEXT, SHORTLY, SHORTLY_TEXT, TO_ENTER_OOC, TO_ENTER_OOC_TEXT};
use super::truth::Witness;

const CVD: &str = "Cisco Unified CCX Cluster View Daemon";

/// A node as its syslog knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Host {
    pub(super) name: &'static str,
    pub(super) fqdn: &'static str,
    pub(super) clock: NodeClock,
}

/// A license alarm as one node's syslog holds it.
#[derive(Clone, Debug)]
pub(super) struct Alarm {
    /// Index into the story's facts.
    pub(super) fact: usize,
    /// The true instant of the inner stamp.
    pub(super) at: DateTime<Utc>,
    severity: u8,
    host: Host,
    stored: String,
}

/// A line that shows a fact.
#[derive(Clone, Copy, Debug)]
pub(super) struct SyslogMark {
    pub(super) record: Witness,
    pub(super) fact: usize,
    /// The node whose clock stamped the fact.
    pub(super) node: &'static str,
    /// The line, from 1.
    pub(super) line: u64,
    /// The true instant of the fact's stamp.
    pub(super) at: DateTime<Utc>,
    /// The same instant by that node's clock.
    pub(super) node_at: DateTime<Utc>,
}

/// One syslog file.
#[derive(Clone, Debug, Default)]
pub(super) struct SyslogFile {
    pub(super) text: String,
    n_lines: u64,
    pub(super) marks: Vec<SyslogMark>,
    /// The true instant of its last line.
    pub(super) last: DateTime<Utc>,
}

impl SyslogFile {
    fn push(&mut self, at: DateTime<Utc>, line: &str, mark: Option<SyslogMark>) {
        self.n_lines += 1;
        self.text.push_str(line);
        self.text.push('\n');
        self.marks.extend(mark.map(|it| SyslogMark { line: self.n_lines, ..it }));
        self.last = at;
    }
}

/// `<outer> <host> local7 <severity> : <number>: <fqdn>: <inner> :  %<code>: %<tags>: <text>`
fn stored(host: &Host, at: DateTime<Utc>, severity: u8, seq: u64, body: &str) -> String {
    let mut line = String::with_capacity(body.len() + 120);
    host.clock.write_outer(&mut line, at);
    let _ = write!(line, " {} local7 {severity} : {seq}: {}: ", host.name, host.fqdn);
    host.clock.write_inner(&mut line, at);
    let _ = write!(line, " :  {body}");
    line
}

/// The license alarms of one node. The texts are Cisco's (document 217416).
pub(super) fn alarms(host: Host, facts: &[(usize, Fact)], rng: &mut Rng) -> Vec<Alarm> {
    let mut seq = u64::from(rng.within(5, 90));
    let mut alarms = Vec::new();
    for (index, fact) in facts {
        let tags = format!("[AppID={CVD}][ClusterID=][NodeID={}]", host.name);
        let left = |minutes: u32| format!("[The time remaining to enter OOC state={minutes} minutes]{tags}");
        let (severity, name, tags, text) = match fact.kind {
            FactKind::Approaching(minutes) => (1, TO_ENTER_OOC, left(minutes), TO_ENTER_OOC_TEXT),
            FactKind::Imminent(minutes) => (0, SHORTLY, left(minutes), SHORTLY_TEXT),
            FactKind::InOoc { .. } => (1, IN_OOC, tags, IN_OOC_TEXT),
            FactKind::TransportFailure(_) => continue,
            FactKind::Restart { .. } => {
                // CiscoLog numbers belong to the process.
                seq = 0;
                continue;
            }
        };
        seq += 1;
        let at = fact.at + TimeDelta::milliseconds(i64::from(rng.within(1, 30)));
        let body = format!("%UC_LIB_LICENSE-{severity}-{name}: %{tags}: {text}");
        let stored = stored(&host, at, severity, seq, &body);
        alarms.push(Alarm { fact: *index, at, severity, host, stored });
    }
    alarms
}

/// Time, the line, what it shows, and whether it goes to CiscoSyslog and to messages.
type Line = (DateTime<Utc>, String, Option<SyslogMark>, [bool; 2]);

/// `CiscoSyslog` and `messages` of `host`. `own` are its alarms, `matched` those that its RTMT reports.
pub(super) fn files(
    plan: &Plan,
    host: Host,
    own: &[Alarm],
    matched: &[&Alarm],
    mut rng: Rng,
) -> [SyslogFile; 2] {
    let mut lines: Vec<Line> = Vec::new();
    let alarm_files = match plan.alarm_log {
        AlarmLog::CiscoSyslog => [true, false],
        AlarmLog::Messages => [false, true],
        AlarmLog::Both => [true, true],
    };
    for alarm in own {
        let mark = mark(Witness::Syslog, alarm);
        lines.push((alarm.at, alarm.stored.clone(), Some(mark), alarm_files));
    }
    let first_seq = u64::from(rng.within(1, 400));
    for (seq, alarm) in (first_seq..).zip(matched) {
        let at = alarm.at + TimeDelta::milliseconds(i64::from(rng.within(8_000, 45_000)));
        let body = rtmt_body(&host, alarm, at);
        lines.push((at, stored(&host, at, 2, seq, &body), Some(mark(Witness::Rtmt, alarm)), [true, false]));
    }
    let mut own_seq = u64::from(rng.within(1, 9_000));
    for hour in 0..plan.hours {
        for _ in 0..2 {
            let at = plan.start
                + TimeDelta::milliseconds(i64::from(hour) * 3_600_000 + i64::from(rng.below(3_600_000)));
            let body = format!(
                "%UC_LPMTCT-6-LogPartitionNormal: %[UsedDiskSpace={}]\
                 [AppID=Cisco Log Partition Monitoring Tool][ClusterID=][NodeID={}]: \
                 The log partition is below its low mark.",
                rng.within(20, 80),
                host.name
            );
            // Numbered after sorting.
            lines.push((at, body, None, [true, false]));
            let at = plan.start
                + TimeDelta::milliseconds(i64::from(hour) * 3_600_000 + i64::from(rng.below(3_600_000)));
            lines.push((at, plain(&host, at, &mut rng), None, [false, true]));
        }
    }
    lines.sort_by_key(|it| it.0);
    let [mut cisco_syslog, mut messages] = [SyslogFile::default(), SyslogFile::default()];
    for (at, line, mark, [to_cisco_syslog, to_messages]) in lines {
        let line = if line.starts_with('%') {
            own_seq += 1;
            stored(&host, at, 6, own_seq, &line)
        } else {
            line
        };
        if to_cisco_syslog {
            cisco_syslog.push(at, &line, mark);
        }
        if to_messages {
            messages.push(at, &line, mark);
        }
    }
    [cisco_syslog, messages]
}

fn mark(record: Witness, alarm: &Alarm) -> SyslogMark {
    let Alarm { fact, at, host, .. } = alarm;
    SyslogMark { record, fact: *fact, node: host.name, line: 0, at: *at, node_at: host.clock.says(*at) }
}

/// `SyslogSeverityMatchFound` as tech note 217518 shows it: brackets inside AlertDetail are not escaped.
fn rtmt_body(host: &Host, alarm: &Alarm, at: DateTime<Utc>) -> String {
    let severity = if alarm.severity == 0 { "Emergency" } else { "Alert" };
    let mut body = String::with_capacity(1_024);
    body.push_str("%UC_RTMT-2-RTMT_ALERT: %[AlertName=SyslogSeverityMatchFound][AlertDetail= At ");
    let _ = write!(body, "{} on node {}, ", host.clock.java_date(at), alarm.host.fqdn);
    body.push_str("the following SyslogSeverityMatchFound events generated: #012SeverityMatch : ");
    let _ = write!(body, "{severity}#012MatchedEvent : {}", alarm.stored);
    let _ = write!(body, "#012AppID : Cisco Syslog Agent#012ClusterID : #012NodeID : {}", alarm.host.name);
    let _ = write!(body, "#012 TimeStamp : {}]", alarm.host.clock.java_date(alarm.at));
    let _ = write!(body, "[AppID=Cisco AMC Service][ClusterID=][NodeID={}]: RTMT Alert", host.name);
    body
}

/// A line of an ordinary Linux program.
fn plain(host: &Host, at: DateTime<Utc>, rng: &mut Rng) -> String {
    let mut line = String::with_capacity(100);
    host.clock.write_outer(&mut line, at);
    let name = host.name;
    let id = rng.within(300, 32_000);
    let _ = match rng.below(5) {
        0 => write!(line, " {name} cron 6 crond[{id}]: (root) CMD (/usr/local/bin/tidy-temp {id})"),
        1 => write!(line, " {name} auth 6 sshd[{id}]: session of user collector closed"),
        2 => write!(line, " {name} daemon 5 snmpd[{id}]: poll from 192.0.2.200 answered"),
        3 => write!(line, " {name} user 6 platform: sensor table {id}#012#011all within limits"),
        _ => write!(line, " {name} local7 6 Cisco: cache janitor removed {id} entries"),
    };
    line
}
