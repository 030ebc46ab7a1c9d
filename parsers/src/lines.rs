//! Physical lines: which of them begin a record, told from the first bytes alone.

/// How a member's records begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// UCCX traces: `SEQ: Mon DD …`, or a bare `%MCVD-…` in a quoted excerpt.
    Trace,
    /// Syslog in any envelope.
    Syslog,
    /// Rows of an AlertLog CSV.
    Rows,
    /// Anything: a paste, a mail, a CLI output.
    Free,
}

/// True if `line` begins a record in this layout. Continuation lines belong to the record before them.
pub(crate) fn begins(layout: Layout, line: &[u8]) -> bool {
    let line = visible(line);
    match layout {
        Layout::Trace => trace_seq(line).is_some() || is_code(line),
        Layout::Syslog | Layout::Free => {
            trace_seq(line).is_some()
                || is_code(line)
                || is_stamped(line)
                || is_sequenced(line)
                || is_plain_syslog(line)
        }
        Layout::Rows => crate::formats::alert_log_row_starts(line),
    }
}

/// Length of the first line, its line break included; of everything if there is none.
pub(crate) fn first(bytes: &[u8]) -> usize {
    memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1)
}

/// Offset behind the last line break; 0 if there is none.
pub(crate) fn last(bytes: &[u8]) -> usize {
    memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1)
}

/// Offset at which the line begins that ends, line break included, at `end`.
pub(crate) fn start_before(bytes: &[u8], end: usize) -> usize {
    last(end.checked_sub(1).and_then(|end| bytes.get(..end)).unwrap_or_default())
}

/// The line without the NUL bytes that a crash or a sparse copy leaves in front of it.
pub(crate) fn visible(line: &[u8]) -> &[u8] {
    if line.first() != Some(&0) {
        return line;
    }
    let start = line.iter().position(|byte| *byte != 0).unwrap_or(line.len());
    line.get(start..).unwrap_or_default()
}

/// The sequence number of a trace or CiscoLog header without a host: `SEQ ": " Mon SP`.
pub(crate) fn trace_seq(line: &[u8]) -> Option<u64> {
    trace_header(line).map(|(seq, _)| seq)
}

/// The sequence number of such a header, and the offset of its month.
pub(crate) fn trace_header(line: &[u8]) -> Option<(u64, usize)> {
    let mut seq = 0_u64;
    let mut at = 0;
    while let Some(digit @ b'0'..=b'9') = line.get(at) {
        seq = seq.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
        at += 1;
    }
    match line.get(at..at + 6)? {
        [b':', b' ', b'A'..=b'Z', b'a'..=b'z', b'a'..=b'z', b' '] if at > 0 => Some((seq, at + 2)),
        _ => None,
    }
}

/// `%` or `% ` and a code: a quoted excerpt without prefix.
fn is_code(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"%") else { return false };
    let head = rest.get(..rest.len().min(100)).unwrap_or_default();
    head.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'[')
        && (head.windows(3).any(|three| matches!(three, [b'-', b'0'..=b'7', b'-']))
            || head.starts_with(b"[AlertName="))
}

/// `<PRI>`, `Mon DD hh:`, `YYYY-MM-DDThh`, or an octet count in front of `<`.
fn is_stamped(line: &[u8]) -> bool {
    match line {
        [b'<', b'0'..=b'9', ..] => true,
        [b'A'..=b'Z', b'a'..=b'z', b'a'..=b'z', b' ', rest @ ..] => {
            let rest = rest.strip_prefix(b" ").unwrap_or(rest);
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (1..=2).contains(&digits)
                && rest.get(digits) == Some(&b' ')
                && rest.get(digits + 1..digits + 9).is_some_and(|time| time.contains(&b':'))
        }
        [b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'-', _, _, b'-', _, _, b'T' | b' ', ..] => true,
        [b'0'..=b'9', ..] => {
            let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
            line.get(digits..digits + 2) == Some(b" <")
        }
        _ => false,
    }
}

/// `SEQ: host: Mon DD …` or `SEQ: --- 00 0000`: a CiscoLog header with a host, maybe behind a relay's `: : `.
fn is_sequenced(line: &[u8]) -> bool {
    let line = line.strip_prefix(b" ").unwrap_or(line);
    let line = line.strip_prefix(b": : ").unwrap_or(line);
    let digits = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > 10 || line.get(digits..digits + 2) != Some(b": ") {
        return false;
    }
    let rest = line.get(digits + 2..line.len().min(digits + 340)).unwrap_or_default();
    if rest.starts_with(b"--- 00") {
        return true;
    }
    let Some(blank) = memchr::memchr(b' ', rest) else { return false };
    let stamp = if has_month(rest) { rest } else { rest.get(blank + 1..).unwrap_or_default() };
    has_month(stamp) || stamp.starts_with(b"--- 00")
}

/// `[*.]Mon SP` at the start.
fn has_month(bytes: &[u8]) -> bool {
    let bytes = match bytes {
        [b'*' | b'.', rest @ ..] => rest,
        _ => bytes,
    };
    matches!(bytes, [b'A'..=b'Z', b'a'..=b'z', b'a'..=b'z', b' ', b' ' | b'0'..=b'9', ..])
}

/// ` : program[pid]: …`, what a relay stores of a line without a code, or a console's `host local7 0 : …`.
fn is_plain_syslog(line: &[u8]) -> bool {
    if let Some(rest) = line.strip_prefix(b" : ") {
        return rest.first().is_some_and(u8::is_ascii_alphabetic);
    }
    let head = line.get(..line.len().min(256)).unwrap_or_default();
    // An alarm console puts its own words in front of the tags.
    let tags = |at: usize| head.get(at..).is_some_and(|rest| rest.starts_with(b"(%[AlertName="));
    if memchr::memchr_iter(b'(', head).any(tags) {
        return true;
    }
    let Some(blank) = memchr::memchr(b' ', head) else { return false };
    let rest = line.get(blank + 1..).unwrap_or_default();
    matches!(rest, [b'l', b'o', b'c', b'a', b'l', b'0'..=b'7', b' ', b'0'..=b'7', b' ', ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hex_dump_or_a_stack_frame_does_not_begin_a_record() {
        for line in [
            "0000: 00 00 00 36",
            "\tat com.cisco.X.y(X.java:1)",
            "Caused by: java.io.E: 5",
            "eventSequence = 212",
            "}",
            "",
        ] {
            for layout in [Layout::Trace, Layout::Syslog, Layout::Free] {
                assert!(!begins(layout, line.as_bytes()), "{layout:?} {line}");
            }
        }
    }

    #[test]
    fn every_sample_of_a_line_format_begins_a_record() {
        for format in crate::formats::LINE_FORMATS {
            for sample in format.samples {
                assert!(begins(Layout::Free, sample.as_bytes()), "{sample}");
            }
        }
    }

    #[test]
    fn a_sequence_number_too_large_is_no_header() {
        assert_eq!(trace_seq(b"99999999999999999999999: Apr 02 10:00:00.000 EDT %MCVD-A-1-B:"), None);
        assert_eq!(trace_seq(b"4294967295: Apr 02"), Some(4_294_967_295));
    }
}
