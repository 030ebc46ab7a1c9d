//! `uccxray.toml`: defaults for the options of `analyze`, under their long names, and the findings that the user
//! accepts.
//!
//! ```toml
//! [analyze]
//! release = "12.5SU2"
//! tz = ["uccxpub=Asia/Kolkata"]
//! fail-on = "high"
//!
//! [[suppress]]
//! check = "trace-levels"
//! reason = "debugging is off on purpose until the upgrade"
//! expires = 2026-12-31
//! ```

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use parsers::stamp::Instant;
use reports::Accepted;

/// Why a configuration cannot be used; the messages complete a sentence that begins with "cannot".
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("read the configuration {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("understand the configuration {path}: {source}")]
    Toml {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// An option is not known, or has a value of the wrong kind.
    #[error("use `{key}` of the configuration {path}: {why}")]
    Key {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// What is wrong with it.
        why: String,
    },
}

/// The file's name in the working directory.
pub(crate) const NAME: &str = "uccxray.toml";

/// What a configuration holds.
#[derive(Debug, Default)]
pub struct Configuration {
    /// Arguments that stand for its options, less those that the command line or the environment gives.
    pub arguments: Vec<OsString>,
    /// What it suppresses.
    pub accepted: Vec<Accepted>,
}

/// Reads the configuration; an empty one if there is none.
///
/// # Errors
/// A file that was named and cannot be read, or one that is no configuration.
pub fn read(named: Option<&Path>, command: &Command, matches: &ArgMatches) -> Result<Configuration, Error> {
    let path = match named {
        Some(path) => path.to_owned(),
        None if Path::new(NAME).is_file() => PathBuf::from(NAME),
        None => return Ok(Configuration::default()),
    };
    let text = std::fs::read_to_string(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
    let table: toml::Table = toml::from_str(&text)
        .map_err(|source| Error::Toml { path: path.clone(), source: Box::new(source) })?;
    let fail =
        |key: &str, why: &str| Error::Key { path: path.clone(), key: key.to_owned(), why: why.to_owned() };
    let mut out = Vec::new();
    let mut accepted = Vec::new();
    for (section, value) in &table {
        if section == "suppress" {
            accepted = suppressions(value).map_err(|(key, why)| fail(&key, &why))?;
            continue;
        }
        if section == "watch" {
            // Read where it is needed, and again whenever the watch is told to.
            continue;
        }
        let (toml::Value::Table(options), "analyze") = (value, section.as_str()) else {
            return Err(fail(
                section,
                "there is no such section; options stand under [analyze], those of the watch under [watch], suppressions under [[suppress]]",
            ));
        };
        for (key, value) in options {
            let argument = command.get_arguments().find(|argument| argument.get_long() == Some(key.as_str()));
            let Some(argument) = argument.filter(|argument| argument.get_id() != "config") else {
                return Err(fail(key, "there is no such option; see `uccxray analyze --help`"));
            };
            let said = matches.value_source(argument.get_id().as_str());
            if matches!(said, Some(ValueSource::CommandLine | ValueSource::EnvVariable)) {
                continue;
            }
            let values = match value {
                toml::Value::Array(values) => values.clone(),
                one => vec![one.clone()],
            };
            for value in values {
                let long = format!("--{key}");
                match value {
                    toml::Value::Boolean(true) if !argument.get_action().takes_values() => {
                        out.push(long.into())
                    }
                    toml::Value::Boolean(false) if !argument.get_action().takes_values() => {}
                    toml::Value::String(text) => out.push(format!("{long}={text}").into()),
                    toml::Value::Integer(number) => out.push(format!("{long}={number}").into()),
                    _ => return Err(fail(key, "it takes a text, a number, or true and false")),
                }
            }
        }
    }
    Ok(Configuration { arguments: out, accepted })
}

/// The entries of `[[suppress]]`; else the key that cannot be used, and why.
fn suppressions(value: &toml::Value) -> Result<Vec<Accepted>, (String, String)> {
    let fail = |key: &str, why: &str| (format!("suppress.{key}"), why.to_owned());
    let entries = value.as_array().ok_or_else(|| fail("", "write it as [[suppress]]"))?;
    let one = |entry: &toml::Value| {
        let entry = entry.as_table().ok_or_else(|| fail("", "write it as [[suppress]]"))?;
        if let Some(key) = entry
            .keys()
            .find(|key| !["check", "product-instance", "reason", "expires"].contains(&key.as_str()))
        {
            return Err(fail(key, "there are check, product-instance, reason and expires"));
        }
        let text = |key: &str| entry.get(key).and_then(toml::Value::as_str).map(str::trim);
        let check = text("check").unwrap_or_default();
        if !reports::CHECKS.iter().any(|known| known.id == check) {
            return Err(fail("check", "it must be the id of a check; `uccxray explain` lists them"));
        }
        let reason = text("reason").filter(|reason| !reason.is_empty());
        let reason = reason.ok_or_else(|| fail("reason", "say why the finding is accepted"))?;
        let expires = match entry.get("expires") {
            Some(toml::Value::Datetime(at)) => until(&at.to_string()),
            Some(toml::Value::String(text)) => until(text.trim()),
            _ => None,
        };
        let expires =
            expires.ok_or_else(|| fail("expires", "give a day, such as 2026-12-31, or an RFC 3339 time"))?;
        let product_instance = text("product-instance").map(str::to_owned);
        Ok(Accepted { check: check.to_owned(), product_instance, reason: reason.to_owned(), expires })
    };
    entries.iter().map(one).collect()
}

/// The end of a day, in UTC, or an instant.
fn until(text: &str) -> Option<Instant> {
    if let Ok(at) = chrono::DateTime::parse_from_rfc3339(text) {
        return Some(at.to_utc());
    }
    let day: chrono::NaiveDate = text.parse().ok()?;
    Some(day.succ_opt()?.and_time(chrono::NaiveTime::MIN).and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let table: toml::Table = toml::from_str(text).unwrap();
        let found = suppressions(&table["suppress"]);
        let found = found.as_ref().map(|all| all[0].expires.to_rfc3339()).map_err(|(key, _)| key.clone());
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{text}");
    }

    #[test]
    fn a_suppression_needs_a_known_check_a_reason_and_an_end() {
        let good = "[[suppress]]\ncheck = \"dns-a-record\"\nreason = \"lab\"\nexpires = 2026-12-31\n";
        check(good, Ok("2027-01-01T00:00:00+00:00"));
        check(&good.replace("2026-12-31", "\"2026-12-31T10:00:00Z\""), Ok("2026-12-31T10:00:00+00:00"));
        check(&good.replace("dns-a-record", "dns"), Err("suppress.check"));
        check(&good.replace("lab", " "), Err("suppress.reason"));
        check(&good.replace("2026-12-31", "\"never\""), Err("suppress.expires"));
        check(&good.replace("reason", "why"), Err("suppress.why"));
        check("suppress = 1", Err("suppress."));
    }
}
