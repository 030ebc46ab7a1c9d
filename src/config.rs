//! `uccxray.toml`: defaults for the options of `analyze`, under their long names.
//!
//! ```toml
//! [analyze]
//! release = "12.5SU2"
//! tz = ["uccxpub=Asia/Kolkata"]
//! fail-on = "high"
//! ```

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

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
const NAME: &str = "uccxray.toml";

/// Arguments that stand for the configuration's options, less those that the command line or the environment
/// gives. Empty if there is no configuration.
///
/// # Errors
/// A file that was named and cannot be read, or one that is no configuration.
pub fn arguments(
    named: Option<&Path>,
    command: &Command,
    matches: &ArgMatches,
) -> Result<Vec<OsString>, Error> {
    let path = match named {
        Some(path) => path.to_owned(),
        None if Path::new(NAME).is_file() => PathBuf::from(NAME),
        None => return Ok(Vec::new()),
    };
    let text = std::fs::read_to_string(&path).map_err(|source| Error::Read { path: path.clone(), source })?;
    let table: toml::Table = toml::from_str(&text)
        .map_err(|source| Error::Toml { path: path.clone(), source: Box::new(source) })?;
    let fail =
        |key: &str, why: &str| Error::Key { path: path.clone(), key: key.to_owned(), why: why.to_owned() };
    let mut out = Vec::new();
    for (section, value) in &table {
        let (toml::Value::Table(options), "analyze") = (value, section.as_str()) else {
            return Err(fail(section, "there is no such section; options stand under [analyze]"));
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
    Ok(out)
}
