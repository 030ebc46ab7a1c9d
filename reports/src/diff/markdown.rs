//! What changed, in Markdown: for a ticket or a change record.
//!
//! Source: GitHub Flavored Markdown 0.29, tables and code spans.

use std::fmt;

use crate::escape::{code, markdown as prose};

use super::document::{Diff, Presence};
use super::tables::{Table, sides, tables};
use super::words::{UNCHANGED, headline, title, unchanged_checks, zone_of_all};

/// Most doubts that are told; the JSON document holds all.
const LISTED_MAX: usize = 50;

pub(super) fn render(document: &Diff, out: &mut dyn fmt::Write) -> fmt::Result {
    writeln!(out, "# What changed in the UCCX license\n")?;
    let tool = &document.tool;
    writeln!(out, "By {} {}.\n", code(&tool.name), code(&tool.version))?;
    writeln!(out, "**{}**\n", prose(&headline(document)))?;
    for warning in document.warnings.iter().take(LISTED_MAX) {
        writeln!(out, "- Note: {}", prose(warning))?;
    }
    if !document.warnings.is_empty() {
        out.write_char('\n')?;
    }
    table(out, &sides(document, zone_of_all(document)))?;
    for instance in &document.instances {
        writeln!(out, "## {}\n", prose(&title(instance)))?;
        if !instance.changed {
            writeln!(out, "{UNCHANGED}\n")?;
        }
        for it in tables(document, instance) {
            table(out, &it)?;
        }
        if instance.presence == Presence::Both {
            writeln!(out, "Unchanged: {}.\n", unchanged_checks(instance))?;
        }
    }
    Ok(())
}

fn table(out: &mut dyn fmt::Write, of: &Table) -> fmt::Result {
    writeln!(out, "**{}**\n", of.caption)?;
    writeln!(out, "| {} |", of.heads.join(" | "))?;
    writeln!(out, "|{}", " --- |".repeat(of.heads.len()))?;
    for (_, cells) in &of.rows {
        let cells: Vec<String> = cells.iter().map(|cell| prose(cell)).collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
    }
    out.write_char('\n')?;
    if 0 < of.n_more {
        writeln!(out, "{} more in the JSON document.\n", of.n_more)?;
    }
    Ok(())
}
