//! Where the logs were alive: "nothing logged" only means something while they were.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use parsers::stamp::Instant;

/// A log may be this quiet and still count as alive: the shortest reporting interval and two minutes.
pub const ALIVE_WITHIN: TimeDelta = TimeDelta::minutes(17);

/// One log of one node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Log {
    /// The node; `None` if unknown.
    pub node: Option<Arc<str>>,
    /// `MCVD`, `syslog`.
    pub name: Arc<str>,
}

/// A time in which a log did not write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// The log.
    pub log: Log,
    /// Its last record before.
    pub from: Instant,
    /// Its first record after.
    pub to: Instant,
}

/// Stretches in which a log wrote, by node and log.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    logs: BTreeMap<Log, Vec<(Instant, Instant)>>,
    breaks: BTreeMap<Log, Vec<(Instant, Instant)>>,
}

impl Coverage {
    /// Adds a stretch without a silence in it.
    pub fn add(&mut self, log: Log, from: Instant, to: Instant) {
        self.logs.entry(log).or_default().push((from.min(to), from.max(to)));
    }

    /// Adds a place where records are missing or the process began anew: nothing is known of what lies in it.
    pub fn add_break(&mut self, log: Log, from: Instant, to: Instant) {
        self.breaks.entry(log).or_default().push((from.min(to), from.max(to)));
    }

    /// Adds all that another one holds.
    pub(crate) fn absorb(&mut self, other: Self) {
        for (own, others) in [(&mut self.logs, other.logs), (&mut self.breaks, other.breaks)] {
            for (log, stretches) in others {
                own.entry(log).or_default().extend(stretches);
            }
        }
    }

    /// Joins stretches that touch; call once, after the last [`Coverage::add`].
    pub fn settle(&mut self) {
        for stretches in self.logs.values_mut() {
            stretches.sort_unstable();
            let mut joined: Vec<(Instant, Instant)> = Vec::with_capacity(stretches.len());
            for (from, to) in stretches.drain(..) {
                match joined.last_mut() {
                    Some(last) if from - last.1 <= ALIVE_WITHIN => last.1 = last.1.max(to),
                    _ => joined.push((from, to)),
                }
            }
            *stretches = joined;
        }
    }

    /// Moves what the logs of `node` cover back by `ahead`: onto a clock that its own is ahead of.
    pub fn put_back(&mut self, node: &str, ahead: TimeDelta) {
        let of_node = |log: &Log| log.node.as_deref() == Some(node);
        let stretches = self.logs.iter_mut().filter(|(log, _)| of_node(log));
        let breaks = self.breaks.iter_mut().filter(|(log, _)| of_node(log));
        for (from, to) in stretches.chain(breaks).flat_map(|(_, stretches)| stretches) {
            (*from, *to) = (*from - ahead, *to - ahead);
        }
    }

    /// True if the log of `node` that licence alarms are written to was alive from `from` to `to`: no silence, no
    /// missing record, no new process.
    #[must_use]
    pub fn alive(&self, node: Option<&str>, from: Instant, to: Instant) -> bool {
        let whole = |log: &Log| {
            let breaks = self.breaks.get(log).into_iter().flatten();
            !breaks.into_iter().any(|(start, end)| *start < to && from < *end)
        };
        self.logs
            .iter()
            .filter(|(log, _)| is_license_log(&log.name) && log.node.as_deref() == node && whole(log))
            .any(|(_, stretches)| stretches.iter().any(|(start, end)| *start <= from && to <= *end))
    }

    /// Times in which the logs that licence alarms are written to were alive on every one of `nodes` that has one, and
    /// lack no record: only then does silence mean that nothing was written. Ascending, not touching. Without nodes,
    /// those of the node that has no name.
    #[must_use]
    pub fn alive_times<'a>(&self, nodes: impl Iterator<Item = &'a str>) -> Vec<(Instant, Instant)> {
        let mut nodes: Vec<Option<&str>> = nodes.map(Some).collect();
        if nodes.is_empty() {
            nodes.push(None);
        }
        let mut out: Option<Vec<(Instant, Instant)>> = None;
        for (log, times) in &self.logs {
            if !is_license_log(&log.name) || !nodes.contains(&log.node.as_deref()) {
                continue;
            }
            let whole = without(times, self.breaks.get(log).map(Vec::as_slice).unwrap_or_default());
            out = Some(match out {
                None => whole,
                Some(others) => both(&others, &whole),
            });
        }
        out.unwrap_or_default()
    }

    /// Silences longer than [`ALIVE_WITHIN`] of the logs that licence alarms are written to, while another log of
    /// the same node went on.
    #[must_use]
    pub fn silences(&self) -> Vec<Silence> {
        let mut out = Vec::new();
        for (log, stretches) in self.logs.iter().filter(|(log, _)| is_license_log(&log.name)) {
            for pair in stretches.windows(2) {
                let [(_, from), (to, _)] = pair else { continue };
                let others =
                    self.logs.iter().filter(|(other, _)| other.node == log.node && other.name != log.name);
                let went_on =
                    others.flat_map(|(_, other)| other).any(|(start, end)| start < to && from < end);
                if went_on {
                    out.push(Silence { log: log.clone(), from: *from, to: *to });
                }
            }
            // The log may also stop while others go on. That it starts later is what rotation leaves.
            let others =
                self.logs.iter().filter(|(other, _)| other.node == log.node && other.name != log.name);
            let last = others.filter_map(|(_, other)| other.last()).map(|(_, end)| *end).max();
            let Some((_, end)) = stretches.last() else { continue };
            if let Some(last) = last.filter(|last| *last - *end > ALIVE_WITHIN) {
                out.push(Silence { log: log.clone(), from: *end, to: last });
            }
        }
        out
    }

    /// The first instant that any log covers.
    #[must_use]
    pub fn first(&self) -> Option<Instant> {
        self.logs.values().filter_map(|stretches| stretches.first()).map(|(from, _)| *from).min()
    }
}

/// `times` less `holes`. `times` are ascending and do not touch.
fn without(times: &[(Instant, Instant)], holes: &[(Instant, Instant)]) -> Vec<(Instant, Instant)> {
    let mut holes: Vec<(Instant, Instant)> = holes.to_vec();
    holes.sort_unstable();
    let mut out = Vec::with_capacity(times.len());
    for (from, to) in times {
        let mut from = *from;
        let first = holes.partition_point(|(_, end)| *end <= from);
        for (start, end) in holes.iter().skip(first).take_while(|(start, _)| start < to) {
            if from < *start {
                out.push((from, *start));
            }
            from = from.max(*end);
        }
        if from < *to {
            out.push((from, *to));
        }
    }
    out
}

/// The times that are in both lists; each is ascending and does not touch itself.
fn both(one: &[(Instant, Instant)], other: &[(Instant, Instant)]) -> Vec<(Instant, Instant)> {
    let mut out = Vec::new();
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    while let (Some(a), Some(b)) = (one.peek(), other.peek()) {
        let (from, to) = (a.0.max(b.0), a.1.min(b.1));
        if from < to {
            out.push((from, to));
        }
        if a.1 <= b.1 {
            one.next()
        } else {
            other.next()
        };
    }
    out
}

/// MCVD, where the alarms are traced. Syslog is quieter by nature and proves nothing by its silence.
fn is_license_log(log: &str) -> bool {
    log == "MCVD"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        format!("2026-04-02T{text}:00Z").parse().unwrap()
    }

    fn log(name: &str) -> Log {
        Log { node: None, name: name.into() }
    }

    #[test]
    fn silence_means_something_while_the_logs_of_all_nodes_are_whole() {
        let of = |node: &str| Log { node: Some(node.into()), name: "MCVD".into() };
        let mut coverage = Coverage::default();
        coverage.add(of("a"), at("10:00"), at("12:00"));
        coverage.add(of("b"), at("11:00"), at("13:00"));
        coverage.add(of("b"), at("14:00"), at("15:00"));
        coverage.settle();
        let alive = |coverage: &Coverage, nodes: &[&str]| coverage.alive_times(nodes.iter().copied());
        assert_eq!(alive(&coverage, &["a"]), [(at("10:00"), at("12:00"))]);
        assert_eq!(alive(&coverage, &["a", "b", "silent"]), [(at("11:00"), at("12:00"))]);
        coverage.add_break(of("b"), at("11:20"), at("11:30"));
        let whole = [(at("11:00"), at("11:20")), (at("11:30"), at("12:00"))];
        assert_eq!(alive(&coverage, &["a", "b"]), whole);
        assert_eq!(alive(&coverage, &[]), []);
    }

    #[test]
    fn a_silence_counts_only_while_another_log_goes_on() {
        let mut coverage = Coverage::default();
        coverage.add(log("MCVD"), at("10:00"), at("10:30"));
        coverage.add(log("MCVD"), at("11:30"), at("12:00"));
        coverage.settle();
        assert!(coverage.silences().is_empty());
        coverage.add(log("MIVR"), at("10:00"), at("12:00"));
        coverage.settle();
        assert_eq!(coverage.silences().len(), 1);
        assert!(!coverage.alive(None, at("10:20"), at("11:40")));
        assert!(coverage.alive(None, at("10:20"), at("10:30")));
        assert!(!coverage.alive(Some("another"), at("10:20"), at("10:30")));
        coverage.add_break(log("MCVD"), at("10:24"), at("10:25"));
        assert!(!coverage.alive(None, at("10:20"), at("10:30")));
    }
}
