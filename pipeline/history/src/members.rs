//! A member in the facts: which log it is, how reading it ended.

use std::sync::Arc;

use parsers::member::{Mark, MemberRead};
use parsers::stamp::Instant;

use crate::analysis::Input;
use crate::facts::{Member, MemberOutcome};

/// `MCVD`, `MIVR`, `syslog`: which log a member is a part of.
pub(crate) fn log_name(input: &Input) -> Arc<str> {
    match (component(input), input.read.format) {
        (Some(name), Some("uccx-trace")) => name.into(),
        // A pasted trace says in its own records what it is; an alarm trace is MCVD's unless it says otherwise.
        (None, Some("uccx-trace")) => {
            let said = input.read.marks.iter().find_map(|mark| mark.facility);
            said.map_or("MCVD".into(), |facility| facility.as_str().into())
        }
        (_, Some("ciscolog" | "rtmt-alert")) => "syslog".into(),
        (_, Some(format)) => format.into(),
        (Some(name), None) => name.into(),
        (None, None) => "syslog".into(),
    }
}

/// Which log a record of the member is a part of. `log` is that of the member.
pub(crate) fn log_of(input: &Input, log: &Arc<str>, mark: &Mark) -> Arc<str> {
    let told = component(input).is_none() && input.read.format == Some("uccx-trace");
    match mark.facility.filter(|facility| told && facility.as_str() != &**log) {
        Some(facility) => facility.as_str().into(),
        None => Arc::clone(log),
    }
}

/// The application that the member's path names.
fn component(input: &Input) -> Option<&'static str> {
    let path = input.path.as_deref().unwrap_or_default().to_ascii_uppercase();
    ["MCVD", "MIVR", "MADM", "MCLI", "JTAPI"].into_iter().find(|name| path.contains(name))
}

pub(crate) fn member(
    input: &Input,
    node: Option<Arc<str>>,
    span: (Option<Instant>, Option<Instant>),
) -> Member {
    let read = &input.read;
    let outcome = match (&input.outcome, &read.not_a_log) {
        (MemberOutcome::Read, Some(reason)) => MemberOutcome::Skipped(reason.clone()),
        (MemberOutcome::Read, None)
            if read.records == 0 && read.statements.is_empty() && read.sightings.is_empty() =>
        {
            MemberOutcome::Skipped("no record of a known format in it".to_owned())
        }
        (outcome, _) => outcome.clone(),
    };
    let skipped = matches!(outcome, MemberOutcome::Skipped(_));
    Member {
        source: input.source,
        path: input.path.as_deref().map(Into::into),
        node,
        format: read.format.or_else(|| guessed_format(read)),
        bytes: read.bytes,
        lines: read.lines,
        records: read.records,
        events: 0,
        first: span.0,
        last: span.1,
        outcome,
        // What is not a log has no unread lines: it is named as a whole.
        n_unread: if skipped { 0 } else { read.n_unread },
        unread: if skipped {
            Vec::new()
        } else {
            read.unread.iter().map(|unread| (unread.line, unread.reason, Arc::clone(&unread.text))).collect()
        },
        n_cut: read.n_cut,
        n_restarts: 0,
    }
}

/// A log without a licence record shows its format in its headers.
fn guessed_format(read: &MemberRead) -> Option<&'static str> {
    read.marks.iter().find_map(|mark| match (mark.stamp, mark.outer, mark.seq) {
        (Some(stamp), None, Some(_)) if stamp.year.is_none() => Some("uccx-trace"),
        (_, Some(_), _) | (Some(_), _, Some(_)) => Some("ciscolog"),
        (Some(_), None, None) => Some("alert-log"),
        _ => None,
    })
}
