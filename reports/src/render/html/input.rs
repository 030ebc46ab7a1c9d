//! What was read, what was not, and how times were found.

use maud::{Markup, html};

use super::ROWS_MAX;
use super::parts::{or_dash, shown, table, text};
use crate::report::{Coverage, Input, MemberOutcome, Report};
use crate::show::words::{log_coverage, n, nodes_with, shared_zone, time_basis};
use crate::time::{Time, Zone};

pub(super) fn read(report: &Report) -> Markup {
    let input = &report.input;
    let coverage = &input.coverage;
    let zone = shared_zone(report);
    html! {
        section #read {
            h2 { "What was read" }
            p {
                "Records from " (time(zone, coverage.from, "a time not known")) " to "
                (time(zone, coverage.to, "a time not known")) "; "
                (n(coverage.unread_lines, "line")) " not understood, "
                (n(coverage.cut_lines, "line")) " cut at the length limit."
            }
            (sources(input))
            (logs(coverage, zone))
            (gaps(coverage, zone))
            (debugs(coverage))
            (members(input, zone))
            (unread(input))
        }
    }
}

fn time(zone: Zone, at: Option<Time>, otherwise: &str) -> String {
    at.map_or(otherwise.to_owned(), |Time(at)| zone.show(at))
}

fn sources(input: &Input) -> Markup {
    let rows = input.sources.iter().take(ROWS_MAX).map(|source| {
        vec![
            text(&source.path),
            text(&source.kind),
            html! { (n(source.bytes, "byte")) },
            html! { code { (or_dash(source.sha256.as_deref())) } },
        ]
    });
    table("Sources", &["path", "kind", "size", "SHA-256"], rows.collect(), input.sources.len())
}

fn logs(coverage: &Coverage, zone: Zone) -> Markup {
    if coverage.logs.is_empty() {
        return html! {};
    }
    let names = ["MCVD", "syslog"].map(|name| nodes_with(&coverage.logs, name));
    let rows = coverage.logs.iter().take(ROWS_MAX).map(|log| {
        vec![
            html! { (or_dash(log.node.as_deref())) },
            text(&log.product_instance),
            text(&log_coverage(log, zone)),
            html! { code { (or_dash(log.collect.as_deref())) } },
        ]
    });
    html! {
        p { (text(&names.join(", "))) "." }
        (table(
            "Logs of the nodes",
            &["node", "Product Instance", "what there is", "collect"],
            rows.collect(),
            coverage.logs.len(),
        ))
    }
}

fn gaps(coverage: &Coverage, zone: Zone) -> Markup {
    let rows: Vec<_> = coverage
        .gaps
        .iter()
        .take(ROWS_MAX)
        .map(|gap| {
            vec![
                html! { (or_dash(gap.node.as_deref())) },
                text(&gap.log),
                text(&gap.kind),
                html! { (time(zone, gap.from, "a time not known")) },
                html! { (time(zone, gap.to, "a time not known")) },
                html! { (gap.missing.map_or("–".to_owned(), |n| n.to_string())) },
            ]
        })
        .collect();
    let steps = coverage.clock_steps.iter().take(ROWS_MAX);
    html! {
        @if !rows.is_empty() {
            (table("Holes", &["node", "log", "kind", "from", "to", "records absent"], rows, coverage.gaps.len()))
        }
        @if !coverage.clock_steps.is_empty() {
            h3 { "Clock steps" }
            ul {
                @for step in steps {
                    li {
                        (text(&step.log)) " of " (step.node.as_deref().map_or("a node not named".to_owned(), shown))
                        ": back by " (step.back_s) " s from " (zone.show(step.before.0)) " to "
                        (zone.show(step.after.0)) ", " (shown(step.member.as_deref().unwrap_or(&step.source)))
                        " lines " (step.line_before) " and " (step.line_after)
                    }
                }
            }
        }
    }
}

fn debugs(coverage: &Coverage) -> Markup {
    html! {
        @if !coverage.debug_seen.is_empty() {
            p {
                "Debug records: "
                @for (at, (debug, members)) in coverage.debug_seen.iter().take(ROWS_MAX).enumerate() {
                    @if at > 0 { ", " } (text(debug)) " in " (n(*members, "file"))
                }
                "."
            }
        }
        @if !coverage.debug_lacking.is_empty() {
            p {
                "No debug record of " (text(&coverage.debug_lacking.join(", ")))
                ": how the license is computed does not show. Levels: " code { "show uccx trace levels UCCXEngine" }
                ", logs: " code { "file get activelog uccx/log/MIVR/* recurs compress" }
            }
        }
    }
}

fn members(input: &Input, zone: Zone) -> Markup {
    let rows = input.members.iter().take(ROWS_MAX).map(|member| {
        vec![
            text(member.path.as_deref().unwrap_or(&member.source)),
            html! { (or_dash(member.node.as_deref())) },
            html! { (or_dash(member.format.as_deref())) },
            html! { (member.lines) },
            html! { (member.records) },
            html! { (member.events) },
            html! { (member.unread_lines) },
            html! { (time(zone, member.first, "–")) },
            html! { (time(zone, member.last, "–")) },
            html! { (member.outcome.name()) @if let Some(reason) = &member.reason { ": " (text(reason)) } },
        ]
    });
    let heads = [
        "file",
        "node",
        "format",
        "lines",
        "records",
        "events",
        "not understood",
        "first",
        "last",
        "outcome",
    ];
    table("Files", &heads, rows.collect(), input.members.len())
}

fn unread(input: &Input) -> Markup {
    let relevant = input.members.iter().filter(|member| member.outcome != MemberOutcome::Skipped);
    let lines = relevant.flat_map(|member| {
        let place = member.path.as_deref().unwrap_or(&member.source);
        member.unread.iter().map(move |line| (place, line))
    });
    let lines: Vec<_> = lines.take(ROWS_MAX).collect();
    html! {
        @if !lines.is_empty() {
            details {
                summary { "Lines that were not understood, the first of each file" }
                @for (place, line) in lines {
                    figure.line {
                        figcaption { (shown(place)) ":" (line.line) " " (text(&line.reason)) }
                        pre { code { (shown(&line.text)) } }
                    }
                }
            }
        }
    }
}

/// How stamps became instants, node by node.
pub(super) fn times(report: &Report) -> Markup {
    let nodes = report.product_instances.iter().flat_map(|instance| {
        instance.nodes.iter().map(move |node| {
            let reference = instance.time_reference.as_deref();
            let clock = match (node.clock_skew_s, reference) {
                (Some(0), _) | (None, _) if reference == Some(&*node.name) => {
                    "the clock that dates events".to_owned()
                }
                (Some(0), Some(reference)) => format!("agrees with {reference}"),
                (Some(s), Some(reference)) if s > 0 => format!("{s} s ahead of {reference}"),
                (Some(s), Some(reference)) => format!("{} s behind {reference}", -s),
                _ => "not compared".to_owned(),
            };
            vec![
                text(&node.name),
                text(&node.aliases.join(", ")),
                html! { (or_dash(node.role.as_deref())) },
                html! { (node.time_zone.as_deref().map_or("not known".to_owned(), shown)) },
                text(&time_basis(&node.basis)),
                text(&clock),
            ]
        })
    });
    let rows: Vec<_> = nodes.take(ROWS_MAX).collect();
    let n_all = report.product_instances.iter().map(|instance| instance.nodes.len()).sum();
    html! {
        section #times {
            h2 { "How times were found" }
            @if rows.is_empty() { p { "No node is known." } }
            @else {
                (table(
                    "Nodes and their clocks",
                    &["node", "also called", "role", "zone", "how stamps became instants", "clock"],
                    rows,
                    n_all,
                ))
            }
            p.note {
                "A trace prints neither year nor offset: both are concluded from other lines, and each event of the JSON "
                "report says how. Where several instants fit, the event has none, and the report shows all that fit."
            }
        }
    }
}
