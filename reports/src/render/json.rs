//! JSON, as the contract defines it. Written straight into the sink: a large report is never held twice.
//!
//! Source: RFC 8259. Beyond what it asks, control, direction and invisible characters are written as `\u` escapes, and
//! so is `<`: the same data, but it can neither drive a terminal nor end a `<script>` that embeds it.

use std::fmt;
use std::io;
use std::sync::mpsc::{self, Receiver};
use std::thread::Scope;

use serde::Serialize;
use serde_json::ser::Formatter;

use super::Options;
use crate::escape::is_hidden;
use crate::report::Report;

/// Events that a thread makes at a time. Two threads make those of a report of many while a third one writes.
const PIECE: usize = 32;

/// Pieces that each of them is ahead at most: nobody holds the report as a whole.
const AHEAD: usize = 2;

/// Writes the report as JSON with a final line break.
///
/// # Errors
///
/// What `out` returns.
pub fn to_writer(report: &Report, mut out: impl io::Write) -> io::Result<()> {
    // Every field is named, so that a new one cannot be forgotten here.
    let Report {
        schema_version,
        tool,
        as_of,
        input,
        product_instances,
        events,
        checks,
        causes,
        suppressions,
        signatures,
        redaction,
    } = report;
    std::thread::scope(|scope| {
        // They are made while what stands in front of them is written.
        let events = Pieces::of(scope, events);
        out.write_all(b"{")?;
        let mut first = true;
        let mut field =
            |out: &mut dyn io::Write, name: &str, value: &dyn Fn(&mut dyn io::Write) -> io::Result<()>| {
                write!(out, "{}\n  \"{name}\": ", if std::mem::take(&mut first) { "" } else { "," })?;
                value(out)
            };
        field(&mut out, "schema_version", &|out| value(out, 1, schema_version))?;
        field(&mut out, "tool", &|out| value(out, 1, tool))?;
        field(&mut out, "as_of", &|out| value(out, 1, as_of))?;
        field(&mut out, "input", &|out| value(out, 1, input))?;
        field(&mut out, "product_instances", &|out| value(out, 1, product_instances))?;
        field(&mut out, "events", &|out| events.write(out))?;
        field(&mut out, "checks", &|out| value(out, 1, checks))?;
        field(&mut out, "causes", &|out| value(out, 1, causes))?;
        field(&mut out, "suppressions", &|out| value(out, 1, suppressions))?;
        field(&mut out, "signatures", &|out| value(out, 1, signatures))?;
        field(&mut out, "redaction", &|out| value(out, 1, redaction))?;
        out.write_all(b"\n}\n")
    })
}

/// One value at a depth.
fn value<T: Serialize + ?Sized>(out: &mut dyn io::Write, depth: usize, value: &T) -> io::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(out, Quiet { depth, filled: false }))?;
    Ok(())
}

/// A list one level below the top.
struct Pieces<'a, T> {
    items: &'a [T],
    /// Take turns; none for a short list, which is made when it is written.
    makers: Vec<Receiver<io::Result<Vec<u8>>>>,
}

impl<'a, T: Serialize + Sync> Pieces<'a, T> {
    /// Begins to make a long list.
    fn of<'scope>(scope: &'scope Scope<'scope, '_>, items: &'a [T]) -> Self
    where
        'a: 'scope,
    {
        let maker = |first: usize| {
            let (made, taken) = mpsc::sync_channel(AHEAD);
            scope.spawn(move || {
                for piece in items.chunks(PIECE).skip(first).step_by(2) {
                    // Writing failed, and nobody takes more.
                    if made.send(Self::make(piece)).is_err() {
                        break;
                    }
                }
            });
            taken
        };
        let n_makers = if items.len() > PIECE { 2 } else { 0 };
        Self { items, makers: (0..n_makers).map(maker).collect() }
    }

    /// Some items, a comma in front of each.
    fn make(items: &[T]) -> io::Result<Vec<u8>> {
        let mut text = Vec::with_capacity(items.len() << 10);
        for item in items {
            text.extend_from_slice(b",\n    ");
            value(&mut text, 2, item)?;
        }
        Ok(text)
    }

    /// Writes the list.
    fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        if self.items.is_empty() {
            return out.write_all(b"[]");
        }
        out.write_all(b"[")?;
        let mut makers = self.makers.iter().cycle();
        for (number, piece) in self.items.chunks(PIECE).enumerate() {
            let text = match makers.next() {
                Some(maker) => maker.recv().map_err(|_| io::Error::other("a writer thread ended early"))?,
                None => Self::make(piece),
            };
            out.write_all(text?.get(usize::from(number == 0)..).unwrap_or_default())?;
        }
        out.write_all(b"\n  ]")
    }
}

/// Any document in the same form, with a final line break.
pub(crate) fn pretty(document: &impl Serialize, out: &mut dyn fmt::Write) -> fmt::Result {
    value(&mut Sink(out), 0, document).map_err(|_| fmt::Error)?;
    out.write_char('\n')
}

/// Any document in the same form, as one string.
#[must_use]
pub fn to_json(document: &impl Serialize) -> String {
    let mut out = String::new();
    // Plain data under plain names, written to a string: it cannot fail.
    let _ = pretty(document, &mut out);
    out
}

pub(super) fn render(report: &Report, out: &mut dyn fmt::Write, _: &Options) -> fmt::Result {
    to_writer(report, Sink(out)).map_err(|_| fmt::Error)
}

/// A text sink as a byte sink: the serializer writes whole characters only.
struct Sink<'a>(&'a mut dyn fmt::Write);

impl io::Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        self.0.write_str(text).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Pretty printing with the extra escapes: two blanks a level, from any depth.
struct Quiet {
    depth: usize,
    /// Whether the innermost array or object holds anything.
    filled: bool,
}

impl Quiet {
    fn open<W: ?Sized + io::Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.filled = false;
        out.write_all(bracket)
    }

    fn close<W: ?Sized + io::Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth -= 1;
        if self.filled {
            self.line(out, b"\n")?;
        }
        self.filled = true;
        out.write_all(bracket)
    }

    fn line<W: ?Sized + io::Write>(&self, out: &mut W, end: &[u8]) -> io::Result<()> {
        const BLANKS: &[u8] = &[b' '; 64];
        out.write_all(end)?;
        let mut left = 2 * self.depth;
        while left > 0 {
            let now = left.min(BLANKS.len());
            out.write_all(BLANKS.get(..now).unwrap_or_default())?;
            left -= now;
        }
        Ok(())
    }
}

impl Formatter for Quiet {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
        // Nearly every text is plain: one look at its bytes spares the look at its characters.
        if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'<') {
            return out.write_all(text.as_bytes());
        }
        let mut from = 0;
        for (i, c) in text.char_indices().filter(|(_, c)| *c == '<' || is_hidden(*c)) {
            out.write_all(text.get(from..i).unwrap_or_default().as_bytes())?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            from = i + c.len_utf8();
        }
        out.write_all(text.get(from..).unwrap_or_default().as_bytes())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.line(out, if first { b"\n" } else { b",\n" })
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.line(out, if first { b"\n" } else { b",\n" })
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.filled = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assemble;
    use crate::testing::{one, out_of_compliance, tool};

    #[test]
    fn what_is_written_is_read_back() {
        let (facts, tables) = out_of_compliance();
        let report = assemble(&facts, &tables, tool());
        let mut bytes = Vec::new();
        to_writer(&report, &mut bytes).unwrap();
        assert_eq!(serde_json::from_slice::<Report>(&bytes).unwrap(), report);
        let mut text = String::new();
        render(&report, &mut text, &Options::default()).unwrap();
        assert_eq!(text.as_bytes(), bytes);
    }

    #[test]
    fn a_report_of_many_events_is_laid_out_like_any_json() {
        let (mut facts, tables) = out_of_compliance();
        for n in [0, 1, PIECE, PIECE + 1, 3 * PIECE + 7] {
            let events = &mut one(&mut facts).events;
            let event = events[0].clone();
            *events = vec![event.clone(); n];
            let report = assemble(&facts, &tables, tool());
            let mut bytes = Vec::new();
            to_writer(&report, &mut bytes).unwrap();
            let text = String::from_utf8(bytes).unwrap().replace("\\u003c", "<");
            assert!(text == serde_json::to_string_pretty(&report).unwrap() + "\n", "{n} events");
            one(&mut facts).events = vec![event];
        }
    }

    #[test]
    fn hostile_text_is_the_same_data_without_its_effect() {
        let (mut facts, tables) = out_of_compliance();
        let hostile = "\u{1b}[2J\u{9b}\u{202e}</script>\u{e0041}\"\\";
        one(&mut facts).events[0].text = hostile.into();
        let report = assemble(&facts, &tables, tool());
        let mut bytes = Vec::new();
        to_writer(&report, &mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains(is_hidden_in_json) && !text.contains('<'));
        let back: Report = serde_json::from_str(&text).unwrap();
        assert_eq!(back.events[0].text, hostile);
    }

    fn is_hidden_in_json(c: char) -> bool {
        c != '\n' && is_hidden(c)
    }
}
