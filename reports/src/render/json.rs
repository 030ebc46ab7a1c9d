//! JSON, as the contract defines it. Written straight into the sink: a large report is never held twice.
//!
//! Source: RFC 8259. Beyond what it asks, control, direction and invisible characters are written as `\u` escapes, and
//! so is `<`: the same data, but it can neither drive a terminal nor end a `<script>` that embeds it.

use std::fmt;
use std::io;

use serde::Serialize as _;
use serde_json::ser::{Formatter, PrettyFormatter};

use super::Options;
use crate::escape::is_hidden;
use crate::report::Report;

/// Writes the report as JSON with a final line break.
///
/// # Errors
///
/// What `out` returns.
pub fn to_writer(report: &Report, mut out: impl io::Write) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Quiet(PrettyFormatter::new()));
    report.serialize(&mut serializer)?;
    out.write_all(b"\n")
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

/// Pretty printing with the extra escapes.
struct Quiet(PrettyFormatter<'static>);

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
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
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
