//! `show uccx trace levels`, `show uccx trace file size` and `count`, and the echo of `set uccx trace`.
//!
//! Source: Administration and Operations Guide 15.0, "Command Line Interface": each of the outputs below. How a module is
//! named behind `and module` was not seen: one word, with or without quotes, is taken, else the one of the command.
//!
//! ```text
//! Trace settings for component 'UCCX_ENGINE' and module are
//! ALARM = true
//! DEBUGGING = false
//! Trace file size for UCCXEngine is 3000000 bytes.
//! Trace file count for UCCXEngine is 300.
//! ```

use std::sync::Arc;

use super::sections::{self, Passages, Section, sections};
use super::{DocumentFormat, Passage};
use crate::platform::PlatformLine;

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "uccx-trace-settings",
    read,
    samples: &[
        "admin:show uccx trace levels UCCXEngine\nTrace settings for component 'UCCX_ENGINE' and module are\nALARM = true\nDEBUGGING = false\nXDEBUGGING1 = false\nXDEBUGGING2 = false\nadmin:\n",
        "admin:show uccx trace levels UCCXEngine LIB_LICENSE\r\nTrace settings for component 'UCCX_ENGINE' and module 'LIB_LICENSE' are\r\nALARM = true\r\nDEBUGGING = true\r\nXDEBUGGING3 = true\r\n",
        "admin:show uccx trace file size UCCXEngine\nTrace file size for UCCXEngine is 3000000 bytes.\nadmin:show uccx trace file count UCCXEngine\nTrace file count for UCCXEngine is 300.\nadmin:\n",
        "admin:set uccx trace enable UCCXengine SS_SIP XDEBUGGING1,XDEBUGGING2\nTrace for uccxengine :SS_SIP:XDEBUGGING1 is enabled\nTrace for uccxengine :SS_SIP:XDEBUGGING2 is enabled\nCommand successful.\nRestart the Unified CCX services for the trace changes to take effect\n",
    ],
};

/// What opens the levels.
const LEVELS: &str = "Trace settings for component";
/// What opens the size and the number of files.
const FILES: [&str; 2] = ["Trace file size for", "Trace file count for"];

/// Reads the settings. The echo of `set uccx trace` is known, and says nothing.
fn read(text: &str) -> Vec<Passage> {
    let mut passages = Passages::default();
    if !text.contains("race settings for") && !text.contains("race file ") && !text.contains("uccx trace ") {
        return Vec::new();
    }
    for section in sections(text) {
        if section.from < section.start && section.behind("set uccx trace").is_some() {
            echo(&section, &mut passages);
            continue;
        }
        settings(&section, &mut passages);
    }
    passages.all()
}

/// The echo of a change: what was asked for is not yet what is.
fn echo(section: &Section<'_>, passages: &mut Passages) {
    const HEADS: [&str; 3] = ["Trace for", "Restart the Unified CCX", "Command successful"];
    passages.known(section.head(sections::line(section.text.trim_start()).1));
    passages.furniture(section, section.text, &HEADS);
}

/// Levels, sizes and numbers, each found by its own words.
fn settings(section: &Section<'_>, passages: &mut Passages) {
    let command = section.behind("show uccx trace").filter(|_| section.from < section.start);
    let mut asked = command.and_then(|rest| sections::behind(rest.trim_start(), "levels")).map(|rest| {
        let rest = sections::line(rest).0;
        let rest = rest.split(LEVELS).next().unwrap_or_default();
        let (_, module) = sections::word(rest);
        sections::word(module).0
    });
    let mut known = 0;
    let mut at = 0;
    while let Some(rest) = section.text.get(at..) {
        let Some(next) = rest.find("Trace ").and_then(|next| rest.get(next..)) else { break };
        at = section.offset(next) - section.start + "Trace ".len();
        let module = asked.take().filter(|word| is_name(word)).unwrap_or_default();
        let found = levels(next, module).or_else(|| files(next));
        let Some((line, behind)) = found else { continue };
        let length = next.len() - behind.len();
        let from = section.offset(next);
        if known == 0 && command.is_some() {
            passages.known(section.head(next));
        }
        known += 1;
        passages.platform(from..from + length, line);
    }
    if known > 0 {
        passages.known(section.closing.clone().unwrap_or_default());
    }
}

/// `levels = "Trace settings for component" SP component SP "and module" [SP module] SP "are" 1*level`, and what follows.
fn levels<'a>(text: &'a str, asked: &str) -> Option<(PlatformLine, &'a str)> {
    let rest = sections::behind(text, LEVELS)?;
    let (component, rest) = sections::word(rest);
    let component = unquoted(component)?;
    let mut module = Some(asked).filter(|module| !module.is_empty());
    let mut rest = rest;
    if let Some(behind) = sections::behind(rest.trim_start(), "and module") {
        let (word, behind_word) = sections::word(behind);
        rest = behind;
        if word != "are" && word != "''" {
            module = Some(unquoted(word)?);
            rest = behind_word;
        } else if word == "''" {
            rest = behind_word;
        }
    }
    let mut rest = sections::behind(rest.trim_start(), "are")?;
    rest = rest.strip_prefix(':').unwrap_or(rest);
    let (mut enabled, mut disabled): (Vec<Arc<str>>, Vec<Arc<str>>) = (Vec::new(), Vec::new());
    while let Some((name, on, behind)) = level(rest) {
        if on { &mut enabled } else { &mut disabled }.push(name.into());
        rest = behind;
    }
    let says = !enabled.is_empty() || !disabled.is_empty();
    let (component, module) = (component.into(), module.map(Into::into));
    says.then_some((PlatformLine::TraceLevels { component, module, enabled, disabled }, rest))
}

/// `level = name *SP "=" *SP ("true" / "false")`
fn level(text: &str) -> Option<(&str, bool, &str)> {
    let text = text.trim_start();
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    let (name, rest) = text.split_at_checked(end).filter(|(name, _)| is_name(name))?;
    let value = rest.trim_start_matches([' ', '\t']).strip_prefix('=')?.trim_start_matches([' ', '\t']);
    let yes = sections::behind(value, "true").map(|behind| (name, true, behind));
    yes.or_else(|| sections::behind(value, "false").map(|behind| (name, false, behind)))
}

/// `files = "Trace file size for" SP component SP "is" SP number SP "bytes" / "Trace file count for" …`, and what follows.
fn files(text: &str) -> Option<(PlatformLine, &str)> {
    let (is_count, rest) = FILES
        .iter()
        .enumerate()
        .find_map(|(at, head)| sections::behind(text, head).map(|rest| (at == 1, rest)))?;
    let (component, rest) = sections::word(rest);
    let component = unquoted(component)?.into();
    let rest = sections::behind(rest.trim_start(), "is")?.trim_start();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = rest.split_at_checked(digits)?;
    let number: u64 = number.parse().ok()?;
    let rest = match sections::behind(rest.trim_start(), "bytes") {
        Some(rest) if !is_count => rest,
        _ => rest,
    };
    let rest = rest.strip_prefix('.').unwrap_or(rest);
    let (bytes, count) = match is_count {
        true => (None, Some(u32::try_from(number).ok()?)),
        false => (Some(number), None),
    };
    Some((PlatformLine::TraceFiles { component, bytes, count }, rest))
}

/// A name without its quotes.
fn unquoted(word: &str) -> Option<&str> {
    let name = word.trim_matches(['\'', '"']);
    is_name(name).then_some(name)
}

/// True for the name of a component, a module or a level.
fn is_name(word: &str) -> bool {
    (1..=60).contains(&word.len())
        && word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::super::sections::tests::{check_broken, check_covered, flat, said};
    use super::*;
    use crate::event::Says;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let list = |levels: &[Arc<str>]| levels.join(",");
        let found: Vec<String> = said(&FORMAT, text)
            .into_iter()
            .map(|says| match says {
                Says::Platform(PlatformLine::TraceLevels { component, module, enabled, disabled }) => {
                    let module = module.as_deref().unwrap_or("-").to_owned();
                    format!("{component} {module} +{} -{}", list(&enabled), list(&disabled))
                }
                Says::Platform(PlatformLine::TraceFiles { component, bytes, count }) => {
                    format!("{component} {bytes:?} {count:?}")
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn levels_are_stated_with_their_component() {
        let expected = ["UCCX_ENGINE - +ALARM -DEBUGGING,XDEBUGGING1,XDEBUGGING2"];
        check(FORMAT.samples[0], &expected);
        check(&flat(FORMAT.samples[0]), &expected);
        check(&FORMAT.samples[0].replace("admin:", ""), &expected);
    }

    #[test]
    fn a_module_is_named_by_the_output_or_by_the_command() {
        let expected = ["UCCX_ENGINE LIB_LICENSE +ALARM,DEBUGGING,XDEBUGGING3 -"];
        check(FORMAT.samples[1], &expected);
        check(&flat(FORMAT.samples[1]), &expected);
        check(&FORMAT.samples[1].replace(" 'LIB_LICENSE'", ""), &expected);
        check(&flat(FORMAT.samples[1]).replace(" 'LIB_LICENSE'", ""), &expected);
        check(&FORMAT.samples[1].replace("UCCXEngine LIB_LICENSE", "UCCXEngine"), &expected);
    }

    #[test]
    fn size_and_number_of_files_are_stated() {
        let expected = ["UCCXEngine Some(3000000) None", "UCCXEngine None Some(300)"];
        check(FORMAT.samples[2], &expected);
        check(&flat(FORMAT.samples[2]), &expected);
    }

    #[test]
    fn what_was_set_is_known_and_says_nothing() {
        check(FORMAT.samples[3], &[]);
        check_covered(&FORMAT, &flat(FORMAT.samples[3]));
    }

    #[test]
    fn other_texts_say_nothing() {
        for text in [
            "Trace settings for component 'X' and module are\nsoon\n",
            "Trace settings for component X = true\n",
            "Trace file size for UCCXEngine is large\n",
            "Trace file count for UCCXEngine is 99999999999999999999\n",
            "ALARM = true\nDEBUGGING = false\n",
            "use show uccx trace levels UCCXEngine\n",
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn every_line_is_covered_and_no_cut_does_harm() {
        for text in FORMAT.samples {
            check_covered(&FORMAT, text);
            check_broken(&FORMAT, text);
        }
    }
}
