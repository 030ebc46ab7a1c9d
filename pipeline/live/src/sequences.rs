//! What sequence numbers say about messages that did not arrive.
//!
//! Source: Managed Services Guide 12.5(1), CiscoLog: each application numbers its messages, and begins again from 0
//! when it restarts. So numbers are compared within one `AppID`; messages without one share a count.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use memchr::memmem::Finder;

/// Applications that are told apart of one sender.
const APPLICATIONS: usize = 64;

/// A longer jump is another process under the same name, not a loss.
const JUMP_MAX: u64 = 10_000;

/// The last number of each application, and what was missing before it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sequences {
    last: BTreeMap<Vec<u8>, u64>,
    missing: u64,
}

impl Sequences {
    /// Looks at whole messages, each a line.
    pub(crate) fn see(&mut self, lines: &[u8]) {
        let mut from = 0;
        for end in memchr::memchr_iter(b'\n', lines).chain([lines.len()]) {
            let line = lines.get(from..end).unwrap_or_default();
            from = end + 1;
            let Some(number) = number(line) else { continue };
            let application = application(line);
            let room = self.last.len() < APPLICATIONS;
            match self.last.get_mut(application) {
                Some(last) => {
                    if let Some(jump) =
                        number.checked_sub(last.wrapping_add(1)).filter(|jump| *jump < JUMP_MAX)
                    {
                        self.missing += jump;
                    }
                    *last = number;
                }
                None if room => {
                    self.last.insert(application.to_vec(), number);
                }
                None => {}
            }
        }
    }

    /// No more will come: only the count stays.
    pub(crate) fn rest(&mut self) {
        self.last.clear();
    }

    /// Messages that are missing so far.
    pub(crate) fn missing(&self) -> u64 {
        self.missing
    }
}

/// The number in front of a CiscoLog message: `<PRI>` if any, digits, a colon.
fn number(line: &[u8]) -> Option<u64> {
    let line = match line.first() {
        Some(b'<') => line.get(line.iter().take(6).position(|byte| *byte == b'>')? + 1..)?,
        _ => line,
    };
    let digits = line.iter().take(19).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || line.get(digits..digits + 2)? != b": " {
        return None;
    }
    std::str::from_utf8(line.get(..digits)?).ok()?.parse().ok()
}

/// What `[AppID=…]` names; empty where it is absent.
fn application(line: &[u8]) -> &[u8] {
    static TAG: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"[AppID="));
    let at = TAG.find(line).map(|at| at + TAG.needle().len());
    let value = at.and_then(|at| line.get(at..)).unwrap_or_default();
    let end = value.iter().take(128).position(|byte| *byte == b']').unwrap_or_default();
    value.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &str, missing: u64) {
        let mut sequences = Sequences::default();
        lines.lines().for_each(|line| sequences.see(format!("{line}\n").as_bytes()));
        assert_eq!(sequences.missing(), missing, "{lines}");
    }

    #[test]
    fn a_jump_within_one_application_is_a_loss() {
        check("<189>7: a\n<189>8: a\n<189>11: a", 2);
        check("7: [AppID=A] x\n3: [AppID=B] x\n8: [AppID=A] x\n4: [AppID=B] x", 0);
        check("7: [AppID=A] x\n3: [AppID=B] x\n9: [AppID=A] x\n4: [AppID=B] x", 1);
    }

    #[test]
    fn a_restart_a_repetition_and_a_line_without_number_are_none() {
        check("<189>700: a\n<189>0: a\n<189>1: a", 0);
        check("7: a\n7: a\n8: a", 0);
        check("no number\n<189>Apr 02 x: y\n<1", 0);
        check("1: a\n99999999: another process", 0);
    }
}
