//! A catalog file: TOML, read strictly.
//!
//! ```toml
//! [[signature]]
//! id = "connect-refused"
//! pattern = 'Connection refused'
//! class = "refused"
//! severity = "high"
//! confidence = "high"
//! status = "seen"
//! means = "Nothing listens on the port."
//! remedy = "See that the service runs."
//! source = "CUCM Troubleshooting Guide"
//! matches = ["java.net.ConnectException: Connection refused"]
//! rejects = ["connection was refused politely"]
//! ```

use std::sync::Arc;

use serde::Deserialize;

use super::{Confidence, Entry, Level, Status};
use crate::event::FailureClass;

/// Something wrong with a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: Arc<str>,
    /// The line in it, from 1; `None` where the problem has no one place.
    pub line: Option<usize>,
    /// The entry; `None` where the file itself cannot be read.
    pub id: Option<Arc<str>>,
    /// What is wrong and what to do, as a sentence.
    pub says: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(id) = &self.id {
            write!(f, ": {id}")?;
        }
        write!(f, ": {}", self.says)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    signature: Vec<toml::Spanned<toml::Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    id: String,
    pattern: String,
    class: String,
    severity: String,
    confidence: String,
    status: String,
    means: String,
    remedy: String,
    source: String,
    refines: Option<String>,
    matches: Vec<String>,
    rejects: Vec<String>,
}

/// Reads files (name and text); `own` says that they are the user's. Entries that cannot be read are problems.
pub(super) fn read_all<'a>(
    files: impl IntoIterator<Item = (&'a str, &'a str)>,
    own: bool,
) -> (Vec<Entry>, Vec<Problem>) {
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    for (name, text) in files {
        let name: Arc<str> = name.into();
        let line = |offset: usize| text.get(..offset).map(|before| before.matches('\n').count() + 1);
        let file: File = match toml::from_str(text) {
            Ok(file) => file,
            Err(error) => {
                let line = error.span().and_then(|span| line(span.start));
                problems.push(Problem { file: name, line, id: None, says: error.message().to_owned() });
                continue;
            }
        };
        for value in file.signature {
            let line = line(value.span().start);
            let value = value.into_inner();
            let id: Option<Arc<str>> = value.get("id").and_then(toml::Value::as_str).map(Into::into);
            match entry(value, &name, own) {
                Ok(entry) => entries.push(entry),
                Err(says) => problems.push(Problem { file: Arc::clone(&name), line, id, says }),
            }
        }
    }
    (entries, problems)
}

/// One entry; what is wrong with it, as a sentence.
fn entry(value: toml::Value, file: &Arc<str>, own: bool) -> Result<Entry, String> {
    let written: Written = value.try_into().map_err(|error: toml::de::Error| error.message().to_owned())?;
    fn word<T: Copy>(of: &[T], name: fn(T) -> &'static str, key: &str, said: &str) -> Result<T, String> {
        let found = of.iter().copied().find(|value| name(*value) == said);
        found.ok_or_else(|| {
            let known: Vec<&str> = of.iter().map(|value| name(*value)).collect();
            format!("{key} = \"{}\" is none of {}", said.escape_default(), known.join(", "))
        })
    }
    let texts = |texts: Vec<String>| texts.into_iter().map(Arc::from).collect();
    Ok(Entry {
        class: word(&FailureClass::ALL, FailureClass::name, "class", &written.class)?,
        severity: word(&Level::ALL, Level::name, "severity", &written.severity)?,
        confidence: word(&Confidence::ALL, Confidence::name, "confidence", &written.confidence)?,
        status: word(&Status::ALL, Status::name, "status", &written.status)?,
        id: written.id.into(),
        pattern: written.pattern.into(),
        means: written.means.into(),
        remedy: written.remedy.into(),
        source: written.source.into(),
        refines: written.refines.map(Into::into),
        matches: texts(written.matches),
        rejects: texts(written.rejects),
        file: Arc::clone(file),
        own,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let (entries, problems) = read_all([("own.toml", text)], true);
        assert!(entries.is_empty());
        assert_eq!(problems.first().map(ToString::to_string).unwrap_or_default(), expected);
    }

    #[test]
    fn what_is_wrong_is_told_with_file_line_and_entry() {
        check("a = 1", "own.toml:1: unknown field `a`, expected `signature`");
        let some = "\n[[signature]]\nid = \"x\"\n";
        check(some, "own.toml:2: x: missing field `pattern`");
        let all = "pattern = 'p'\nclass = \"nothing\"\nseverity = \"high\"\nconfidence = \"high\"\nstatus = \"seen\"\nmeans = \"m\"\nremedy = \"r\"\nsource = \"s\"\nmatches = [\"p\"]\nrejects = [\"q\"]\n";
        let (_, problems) = read_all([("own.toml", format!("{some}{all}").as_str())], true);
        assert!(problems[0].says.starts_with("class = \"nothing\" is none of dns, timeout"), "{problems:?}");
    }
}
