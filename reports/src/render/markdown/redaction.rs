//! What redaction did, in Markdown.

use std::fmt;

use super::{Page, prose};
use crate::show::words::n;

impl Page<'_, '_> {
    /// The section; nothing where the report is not redacted.
    pub(super) fn redaction(&mut self) -> fmt::Result {
        let Some(redaction) = &self.report.redaction else { return Ok(()) };
        writeln!(self.out, "## Redacted\n")?;
        writeln!(
            self.out,
            "Names are replaced by pseudonyms, the same name by the same one. Hashes are keyed: only who holds the map \
             can verify them. The JSON report lists every pseudonym and where it stands.\n"
        )?;
        self.table(&["rule", "different values", "replaced"])?;
        for rule in redaction.rules.iter().filter(|rule| rule.replacements > 0) {
            self.row(&[prose(&rule.rule), rule.values.to_string(), n(rule.replacements, "time")])?;
        }
        self.out.write_char('\n')?;
        for (title, sentences) in
            [("Kept on purpose", &redaction.kept), ("Not covered", &redaction.not_covered)]
        {
            if !sentences.is_empty() {
                writeln!(self.out, "{title}:\n")?;
                for sentence in sentences {
                    writeln!(self.out, "- {}", prose(sentence))?;
                }
                self.out.write_char('\n')?;
            }
        }
        Ok(())
    }
}
