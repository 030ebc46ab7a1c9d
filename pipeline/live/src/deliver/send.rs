//! One attempt to deliver one alert.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use parsers::stamp::Instant;
use reports::alerts::Alert;
use reports::escape::{cut, terminal};
use reports::time::Time;

use super::config::{Problem, SinkConfig, Target, resolve};
use super::payload::{chat, json, syslog as syslog_payload, words};
use super::secret::{Secret, SecretRef};
use super::{exec, http, mail, syslog};

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// True if another attempt may succeed.
    pub retry: bool,
    /// What happened, as a fragment without secrets and control characters.
    pub why: String,
    /// How long the other side asks to wait; `None` if it does not.
    pub after: Option<Duration>,
}

impl Failure {
    /// A failure that time may mend.
    pub(super) fn soft(why: impl AsRef<str>) -> Self {
        Self { retry: true, why: clean(why.as_ref()), after: None }
    }

    /// A failure that time does not mend.
    pub(super) fn hard(why: impl AsRef<str>) -> Self {
        Self { retry: false, why: clean(why.as_ref()), after: None }
    }
}

fn clean(why: &str) -> String {
    terminal(&cut(why, 400)).into_owned()
}

/// Writes one line, without its end.
pub type WriteLine = dyn Fn(&str) -> io::Result<()> + Send + Sync;

/// What sinks take from the shell.
#[derive(Clone)]
pub struct Means {
    /// Writes a line to standard output.
    pub stdout: Arc<WriteLine>,
    /// How long one attempt may take; ten seconds is a good value.
    pub timeout: Duration,
}

impl std::fmt::Debug for Means {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Means({:?})", self.timeout)
    }
}

/// A sink that can be sent to: its secrets are resolved.
#[derive(Debug)]
pub struct Sink {
    /// Its name in the configuration.
    pub name: String,
    /// Its kind, such as `webhook`.
    pub kind: &'static str,
    target: Target,
    means: Means,
}

impl Sink {
    /// A sink as configured, with warnings. `read` resolves secrets; see [`super::read_secret`].
    ///
    /// # Errors
    /// All that is wrong, at least one of it fatal.
    pub fn new(
        config: &SinkConfig,
        read: &dyn Fn(&SecretRef) -> Result<Secret, String>,
        means: &Means,
    ) -> Result<(Self, Vec<Problem>), Vec<Problem>> {
        match resolve(config, read) {
            (Some(target), warnings) => {
                let (name, kind) = (config.name.clone(), config.kind.name());
                Ok((Self { name, kind, target, means: means.clone() }, warnings))
            }
            (None, problems) => Err(problems),
        }
    }

    /// Tries once. `delivery` is the same for all attempts to tell this sink this alert.
    ///
    /// # Errors
    /// Why it failed, and whether to try again.
    pub fn send(&self, alert: &Alert, delivery: &str, now: Instant) -> Result<(), Failure> {
        let timeout = self.means.timeout;
        match &self.target {
            Target::Stdout { json } => {
                let line = if *json { json::document(alert, delivery) } else { words::line(alert) };
                (self.means.stdout)(&line)
                    .map_err(|error| Failure::soft(format!("standard output cannot be written: {error}")))
            }
            Target::Webhook { web, key } => {
                let body = json::document(alert, delivery);
                let timestamp = now.timestamp();
                let mut headers = vec![
                    ("X-Uccxray-Delivery", delivery.to_owned()),
                    ("X-Uccxray-Timestamp", timestamp.to_string()),
                ];
                if let Some(key) = key {
                    let signature = json::signature(key.reveal().as_bytes(), timestamp, &body);
                    headers.push(("X-Uccxray-Signature", signature));
                }
                http::post(web, &headers, key.as_ref(), body, timeout, now)
            }
            Target::Webex { web, token, room } => {
                let headers = [("Authorization", format!("Bearer {}", token.reveal()))];
                http::post(web, &headers, Some(token), chat::webex(alert, room), timeout, now)
            }
            Target::Slack(web) => http::post(web, &[], None, chat::slack(alert), timeout, now),
            Target::Teams(web) => http::post(web, &[], None, chat::teams(alert), timeout, now),
            Target::Email(settings) => mail::send(settings, alert, delivery, now, timeout),
            Target::Exec { program, args, timeout: own } => {
                exec::run(program, args, alert, delivery, own.unwrap_or(timeout))
            }
            Target::Syslog { tcp, host, port, facility, hostname } => {
                let message = syslog_payload::message(alert, Time(now), *facility, hostname.as_deref());
                syslog::send(*tcp, host, *port, &message, timeout)
            }
        }
    }
}
