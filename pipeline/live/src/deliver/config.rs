//! `[[watch.sink]]`: what is configured, and what is wrong with it.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lettre::message::Mailbox;
use reports::alerts::Alert;
use reports::report::Severity;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::secret::{Secret, SecretRef, wide_open};

/// Kinds of sinks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A line on standard output.
    Stdout,
    /// JSON by POST, signed if there is a key.
    Webhook,
    /// A message to a Webex room, by a bot.
    Webex,
    /// A Slack incoming webhook.
    Slack,
    /// A webhook of a Teams workflow.
    Teams,
    /// Mail by SMTP.
    Email,
    /// A program, the alert as JSON on its standard input.
    Exec,
    /// RFC 5424 by UDP or TCP.
    Syslog,
}

impl Kind {
    /// The word in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Webhook => "webhook",
            Self::Webex => "webex",
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::Email => "email",
            Self::Exec => "exec",
            Self::Syslog => "syslog",
        }
    }
}

/// Whether mail is encrypted after `STARTTLS`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StartTls {
    /// Nothing is sent to a server that does not offer it.
    #[default]
    Required,
    /// Plain text: on loopback, or with `insecure = true`.
    None,
}

/// One `[[watch.sink]]`. A field that another kind has is a problem, not ignored.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SinkConfig {
    /// Its name in reports and in the store: unique.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// The least severity that it is told; `None`: all.
    pub min_severity: Option<Severity>,
    /// The rules that it is told; `None`: all.
    pub rules: Option<Vec<String>>,
    /// False: resolved alerts are not told. True if absent.
    #[serde(default = "yes")]
    pub resolved: bool,
    /// stdout: true for JSON lines.
    pub json: Option<bool>,
    /// webhook: where to; webex: another base than `https://webexapis.com/v1`. For slack and teams a secret: refused.
    pub url: Option<Secret>,
    /// webhook, slack, teams: a file that holds the URL.
    pub url_file: Option<PathBuf>,
    /// webhook, slack, teams: an environment variable that holds the URL.
    pub url_env: Option<String>,
    /// Refused: a secret.
    pub key: Option<IgnoredAny>,
    /// webhook: a file that holds the key of the signature.
    pub key_file: Option<PathBuf>,
    /// webhook: an environment variable that holds the key.
    pub key_env: Option<String>,
    /// Refused: a secret.
    pub token: Option<IgnoredAny>,
    /// webex: a file that holds the bot's token.
    pub token_file: Option<PathBuf>,
    /// webex: an environment variable that holds the token.
    pub token_env: Option<String>,
    /// webex: id of the room.
    pub room: Option<String>,
    /// email: host name of the server.
    pub server: Option<String>,
    /// email: its port; `None`: 587, or 465 with `implicit-tls`.
    pub port: Option<u16>,
    /// email: `required` if absent.
    pub starttls: Option<StartTls>,
    /// email: true if TLS begins with the connection.
    pub implicit_tls: Option<bool>,
    /// email: the account; `None`: no authentication.
    pub username: Option<String>,
    /// Refused: a secret.
    pub password: Option<IgnoredAny>,
    /// email: a file that holds the password.
    pub password_file: Option<PathBuf>,
    /// email: an environment variable that holds the password.
    pub password_env: Option<String>,
    /// email: the sender.
    pub from: Option<String>,
    /// email: the recipients.
    pub to: Option<Vec<String>>,
    /// exec: the program, by its whole path.
    pub program: Option<PathBuf>,
    /// exec: its arguments; no shell reads them.
    pub args: Option<Vec<String>>,
    /// exec: seconds until it is killed; `None`: those of the other sinks.
    pub timeout_s: Option<u64>,
    /// syslog: `udp://host:514` or `tcp://host:514`.
    pub address: Option<String>,
    /// syslog: number of the facility; `None`: 16 (local0).
    pub facility: Option<u8>,
    /// syslog: name of this host; `None`: none is sent.
    pub hostname: Option<String>,
    /// webhook, webex, slack, teams, email: certificates (PEM) to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// True: plain text is sent beyond loopback.
    pub insecure: Option<bool>,
    /// webhook, webex, slack, teams: false to pass by the proxy that the environment names. True if absent.
    pub proxy: Option<bool>,
}

fn yes() -> bool {
    true
}

impl SinkConfig {
    /// Whether this sink is told of `alert`. A test passes every filter.
    #[must_use]
    pub fn wants(&self, alert: &Alert) -> bool {
        alert.test
            || (self.min_severity.is_none_or(|least| alert.severity >= least)
                && self.rules.as_ref().is_none_or(|rules| rules.contains(&alert.rule))
                && (self.resolved || !super::payload::words::is_over(alert)))
    }
}

/// Something wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// True: the sink cannot work. False: a warning.
    pub is_fatal: bool,
    /// What, where, why and what to do.
    pub text: String,
}

/// All that is wrong with `sinks`, in their order. `read` resolves secrets; see [`super::read_secret`].
pub fn problems(sinks: &[SinkConfig], read: &dyn Fn(&SecretRef) -> Result<Secret, String>) -> Vec<Problem> {
    let mut all = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    for sink in sinks {
        if !names.insert(&sink.name) {
            let text = format!("sink `{}`: the name is taken; give each sink a name of its own", sink.name);
            all.push(Problem { is_fatal: true, text });
        }
        all.extend(resolve(sink, read).1);
    }
    all
}

/// Where and how HTTP goes.
#[derive(Clone, Debug)]
pub(super) struct Web {
    pub(super) url: Secret,
    pub(super) ca: Option<Vec<u8>>,
    pub(super) proxy: bool,
}

/// A sink with all it needs.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Stdout { json: bool },
    Webhook { web: Web, key: Option<Secret> },
    Webex { web: Web, token: Secret, room: String },
    Slack(Web),
    Teams(Web),
    Email(Mail),
    Exec { program: PathBuf, args: Vec<String>, timeout: Option<Duration> },
    Syslog { tcp: bool, host: String, port: u16, facility: u8, hostname: Option<String> },
}

/// How mail goes.
#[derive(Clone, Debug)]
pub(super) struct Mail {
    pub(super) server: String,
    pub(super) port: u16,
    pub(super) tls: MailTls,
    pub(super) ca: Option<Vec<u8>>,
    pub(super) login: Option<(String, Secret)>,
    pub(super) from: Mailbox,
    pub(super) to: Vec<Mailbox>,
    /// True while an attempt runs, even one that nobody waits for any more.
    pub(super) busy: Arc<AtomicBool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MailTls {
    Start,
    Implicit,
    None,
}

struct Check<'a> {
    config: &'a SinkConfig,
    read: &'a dyn Fn(&SecretRef) -> Result<Secret, String>,
    problems: Vec<Problem>,
}

/// The target, or `None` with at least one fatal problem.
pub(super) fn resolve(
    config: &SinkConfig,
    read: &dyn Fn(&SecretRef) -> Result<Secret, String>,
) -> (Option<Target>, Vec<Problem>) {
    let mut check = Check { config, read, problems: Vec::new() };
    if config.name.is_empty() || config.name.len() > 64 || config.name.chars().any(char::is_control) {
        check.wrong("the name must have 1 to 64 bytes without control characters; choose another");
    }
    check.strangers();
    let target = check.target();
    let target = target.filter(|_| !check.problems.iter().any(|problem| problem.is_fatal));
    (target, check.problems)
}

impl Check<'_> {
    fn wrong(&mut self, text: &str) {
        let text = format!("sink `{}`: {text}", reports::escape::terminal(&self.config.name));
        self.problems.push(Problem { is_fatal: true, text });
    }

    fn warn(&mut self, text: &str) {
        let text = format!("sink `{}`: {text}", reports::escape::terminal(&self.config.name));
        self.problems.push(Problem { is_fatal: false, text });
    }

    /// Fields that this kind does not have, and secrets that stand in the configuration.
    fn strangers(&mut self) {
        use Kind::{Email, Exec, Slack, Stdout, Syslog, Teams, Webex, Webhook};
        let c = self.config;
        let web = &[Webhook, Webex, Slack, Teams][..];
        let urls = &[Webhook, Slack, Teams][..];
        let fields: [(&str, bool, &[Kind]); 26] = [
            ("json", c.json.is_some(), &[Stdout]),
            ("url", c.url.is_some(), web),
            ("url-file", c.url_file.is_some(), urls),
            ("url-env", c.url_env.is_some(), urls),
            ("key-file", c.key_file.is_some(), &[Webhook]),
            ("key-env", c.key_env.is_some(), &[Webhook]),
            ("token-file", c.token_file.is_some(), &[Webex]),
            ("token-env", c.token_env.is_some(), &[Webex]),
            ("room", c.room.is_some(), &[Webex]),
            ("server", c.server.is_some(), &[Email]),
            ("port", c.port.is_some(), &[Email]),
            ("starttls", c.starttls.is_some(), &[Email]),
            ("implicit-tls", c.implicit_tls.is_some(), &[Email]),
            ("username", c.username.is_some(), &[Email]),
            ("password-file", c.password_file.is_some(), &[Email]),
            ("password-env", c.password_env.is_some(), &[Email]),
            ("from", c.from.is_some(), &[Email]),
            ("to", c.to.is_some(), &[Email]),
            ("program", c.program.is_some(), &[Exec]),
            ("args", c.args.is_some(), &[Exec]),
            ("timeout-s", c.timeout_s.is_some(), &[Exec]),
            ("address", c.address.is_some(), &[Syslog]),
            ("facility", c.facility.is_some(), &[Syslog]),
            ("hostname", c.hostname.is_some(), &[Syslog]),
            ("ca-file", c.ca_file.is_some(), &[Webhook, Webex, Slack, Teams, Email]),
            ("proxy", c.proxy.is_some(), web),
        ];
        for (field, is_set, kinds) in fields {
            if is_set && !kinds.contains(&c.kind) {
                self.wrong(&format!("kind `{}` has no field `{field}`; remove it", c.kind.name()));
            }
        }
        let url_is_secret = c.url.is_some() && matches!(c.kind, Slack | Teams);
        let secrets = [
            ("key", c.key.is_some()),
            ("token", c.token.is_some()),
            ("password", c.password.is_some()),
            ("url", url_is_secret),
        ];
        for (field, is_set) in secrets {
            if is_set {
                self.wrong(&format!(
                    "`{field}` is a secret and does not belong into the configuration; write `{field}-file = \
                     \"path\"` or `{field}-env = \"NAME\"` instead"
                ));
            }
        }
    }

    /// A secret from a file or the environment; `None` if neither is named or it cannot be read (then a problem).
    fn secret(
        &mut self,
        field: &str,
        file: Option<&PathBuf>,
        env: Option<&String>,
        must: bool,
    ) -> Option<Secret> {
        let from = match (file, env) {
            (Some(_), Some(_)) => {
                self.wrong(&format!("both `{field}-file` and `{field}-env` are set; keep one"));
                return None;
            }
            (Some(path), None) => SecretRef::File(path.clone()),
            (None, Some(name)) => SecretRef::Env(name.clone()),
            (None, None) => {
                if must {
                    self.wrong(&format!("a `{field}` is needed; write `{field}-file` or `{field}-env`"));
                }
                return None;
            }
        };
        if let Some(warning) = wide_open(&from) {
            self.warn(&warning);
        }
        match (self.read)(&from) {
            Ok(secret) => Some(secret),
            Err(why) => {
                self.wrong(&format!("`{field}` cannot be had: {why}"));
                None
            }
        }
    }

    fn need<T: Clone>(&mut self, field: &str, value: Option<&T>) -> Option<T> {
        if value.is_none() {
            self.wrong(&format!("kind `{}` needs `{field}`; add it", self.config.kind.name()));
        }
        value.cloned()
    }

    fn ca(&mut self) -> Option<Vec<u8>> {
        let path = self.config.ca_file.as_ref()?;
        let mut bytes = Vec::new();
        let read = std::fs::File::open(path).and_then(|file| file.take(1 << 20).read_to_end(&mut bytes));
        if let Err(error) = read {
            self.wrong(&format!("`ca-file` {} cannot be read: {error}", path.display()));
        } else if !bytes.windows(27).any(|part| part == b"-----BEGIN CERTIFICATE-----") {
            self.wrong(&format!("`ca-file` {} holds no PEM certificate", path.display()));
        }
        Some(bytes)
    }

    fn web(&mut self, url: Option<Secret>) -> Option<Web> {
        let ca = self.ca();
        let url = url?;
        let proxy = self.config.proxy.unwrap_or(true);
        let Ok(parsed) = url::Url::parse(url.reveal()) else {
            self.wrong("the URL cannot be read; it must be like `https://example.com/hook`");
            return None;
        };
        let is_open = parsed.scheme() == "http"
            && (self.config.insecure == Some(true) || parsed.host_str().is_some_and(is_loopback));
        if parsed.scheme() != "https" && !is_open {
            self.wrong("the URL must begin with `https://`; `insecure = true` allows plain `http://`");
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            self.wrong("the URL holds a user name or a password; take them out");
        }
        Some(Web { url, ca, proxy })
    }

    fn target(&mut self) -> Option<Target> {
        let c = self.config;
        let url =
            |check: &mut Self| check.secret("url", c.url_file.as_ref(), c.url_env.as_ref(), c.url.is_none());
        match c.kind {
            Kind::Stdout => Some(Target::Stdout { json: c.json.unwrap_or(false) }),
            Kind::Webhook => {
                let url = c.url.clone().or_else(|| url(self));
                let key = self.secret("key", c.key_file.as_ref(), c.key_env.as_ref(), false);
                Some(Target::Webhook { web: self.web(url)?, key })
            }
            Kind::Webex => {
                let base = c.url.as_ref().map_or("https://webexapis.com/v1", Secret::reveal);
                let web = self.web(Some(Secret::new(format!("{}/messages", base.trim_end_matches('/')))));
                let token = self.secret("token", c.token_file.as_ref(), c.token_env.as_ref(), true);
                let room = self.need("room", c.room.as_ref());
                Some(Target::Webex { web: web?, token: token?, room: room? })
            }
            Kind::Slack => url(self).and_then(|url| self.web(Some(url))).map(Target::Slack),
            Kind::Teams => url(self).and_then(|url| self.web(Some(url))).map(Target::Teams),
            Kind::Email => self.mail().map(Target::Email),
            Kind::Exec => {
                let program = self.need("program", c.program.as_ref())?;
                if !program.is_absolute() {
                    self.wrong("`program` must be a whole path, such as `/usr/local/bin/notify`");
                } else if !program.is_file() {
                    self.wrong(&format!("`program` {} is not a file", program.display()));
                }
                let timeout = c.timeout_s.map(|seconds| Duration::from_secs(seconds.clamp(1, 600)));
                Some(Target::Exec { program, args: c.args.clone().unwrap_or_default(), timeout })
            }
            Kind::Syslog => {
                let address = self.need("address", c.address.as_ref())?;
                let facility = c.facility.unwrap_or(16);
                if facility > 23 {
                    self.wrong("`facility` must be 0 to 23");
                }
                let (tcp, rest) = match address.split_once("://") {
                    Some(("udp", rest)) => (false, rest),
                    Some(("tcp", rest)) => (true, rest),
                    _ => {
                        self.wrong("`address` must be like `udp://192.0.2.1:514` or `tcp://192.0.2.1:514`");
                        return None;
                    }
                };
                let (host, port) = rest.rsplit_once(':').unwrap_or((rest, "514"));
                let Ok(port) = port.parse() else {
                    self.wrong("the port in `address` is not a number");
                    return None;
                };
                let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
                Some(Target::Syslog { tcp, host, port, facility, hostname: c.hostname.clone() })
            }
        }
    }

    fn mail(&mut self) -> Option<Mail> {
        let c = self.config;
        let server = self.need("server", c.server.as_ref());
        let ca = self.ca();
        let tls = match (c.implicit_tls.unwrap_or(false), c.starttls) {
            (true, None) => MailTls::Implicit,
            (true, Some(_)) => {
                self.wrong("both `implicit-tls` and `starttls` are set; keep one");
                MailTls::Implicit
            }
            (false, Some(StartTls::None)) => MailTls::None,
            (false, _) => MailTls::Start,
        };
        let is_local = server.as_deref().is_some_and(is_loopback);
        if tls == MailTls::None && !is_local && c.insecure != Some(true) {
            self.wrong("`starttls = \"none\"` sends in plain text; it needs a server on loopback or `insecure = true`");
        }
        let password =
            self.secret("password", c.password_file.as_ref(), c.password_env.as_ref(), c.username.is_some());
        if password.is_some() && c.username.is_none() {
            self.wrong("a password without `username`; add the user name");
        }
        let mailbox = |check: &mut Self, field: &str, text: &str| match text.parse::<Mailbox>() {
            Ok(mailbox) => Some(mailbox),
            Err(_) => {
                check.wrong(&format!(
                    "`{field}` holds no mail address: `{}`",
                    reports::escape::terminal(text)
                ));
                None
            }
        };
        let from = self.need("from", c.from.as_ref()).and_then(|text| mailbox(self, "from", &text));
        let to = self.need("to", c.to.as_ref()).unwrap_or_default();
        let to: Vec<Mailbox> = to.iter().filter_map(|text| mailbox(self, "to", text)).collect();
        if to.is_empty() {
            self.wrong("`to` names nobody; add at least one address");
        }
        let port = c.port.unwrap_or(if tls == MailTls::Implicit { 465 } else { 587 });
        let login = c.username.clone().zip(password);
        Some(Mail { server: server?, port, tls, ca, login, from: from?, to, busy: Arc::default() })
    }
}

/// Whether a host is this machine.
fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::testing::alert;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let config: SinkConfig = toml::from_str(text).unwrap();
        let found = problems(&[config], &|_| Ok(Secret::new("https://example.com/hook")));
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (problem, part) in found.iter().zip(expected) {
            assert!(problem.text.contains(part), "{part} is not in {}", problem.text);
        }
    }

    #[test]
    fn a_whole_configuration_has_no_problem() {
        check("name = \"a\"\nkind = \"stdout\"\njson = true", &[]);
        check("name = \"a\"\nkind = \"webhook\"\nurl = \"https://example.com/\"\nkey-env = \"K\"", &[]);
        check("name = \"a\"\nkind = \"slack\"\nurl-env = \"K\"\nmin-severity = \"high\"", &[]);
        check("name = \"a\"\nkind = \"webex\"\ntoken-env = \"K\"\nroom = \"r\"", &[]);
        check("name = \"a\"\nkind = \"syslog\"\naddress = \"udp://192.0.2.1:514\"", &[]);
        check("name = \"a\"\nkind = \"exec\"\nprogram = \"/bin/sh\"", &[]);
        let mail = "name = \"a\"\nkind = \"email\"\nserver = \"example.com\"\nfrom = \"a@example.com\"\n";
        check(&format!("{mail}to = [\"b@example.com\"]"), &[]);
        check(&format!("{mail}to = []\nstarttls = \"none\""), &["plain text", "names nobody"]);
    }

    #[test]
    fn a_secret_in_the_configuration_is_refused_and_not_shown() {
        check(
            "name = \"a\"\nkind = \"webhook\"\nurl = \"https://example.com/\"\nkey = \"hunter2\"",
            &["write `key-file = \"path\"` or `key-env = \"NAME\"`"],
        );
        let text = "name = \"a\"\nkind = \"teams\"\nurl = \"https://example.com/hunter2\"";
        check(&format!("{text}\nurl-env = \"U\""), &["`url` is a secret"]);
        let config: SinkConfig = toml::from_str(text).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_missing_strange_or_open_is_told() {
        check("name = \"a\"\nkind = \"stdout\"\nroom = \"r\"", &["kind `stdout` has no field `room`"]);
        check(
            "name = \"a\"\nkind = \"webhook\"\nurl = \"http://example.com/\"",
            &["must begin with `https://`"],
        );
        check("name = \"a\"\nkind = \"exec\"\nprogram = \"sh\"", &["whole path"]);
        check("name = \"a\"\nkind = \"syslog\"\naddress = \"x\"", &["`address` must be like"]);
        assert!(toml::from_str::<SinkConfig>("name = \"a\"\nkind = \"stdout\"\nfoo = 1").is_err());
    }

    #[test]
    fn two_sinks_of_one_name_and_a_secret_that_cannot_be_had_are_told() {
        let parse = |text: &str| toml::from_str::<SinkConfig>(text).unwrap();
        let slack = "name = \"a\"\nkind = \"slack\"\nurl-env = \"U\"";
        let sinks = [parse("name = \"a\"\nkind = \"stdout\""), parse(slack)];
        let found = problems(&sinks, &|from| Err(format!("{from} is not set")));
        let texts: Vec<&str> = found.iter().map(|problem| problem.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "sink `a`: the name is taken; give each sink a name of its own",
                "sink `a`: `url` cannot be had: environment variable U is not set",
            ]
        );
    }

    #[test]
    fn a_sink_is_told_what_its_filters_let_through() {
        let mut config: SinkConfig =
            toml::from_str("name = \"a\"\nkind = \"stdout\"\nresolved = false").unwrap();
        let mut one = alert();
        assert!(config.wants(&one));
        config.min_severity = Some(Severity::Critical);
        assert!(!config.wants(&one));
        one.test = true;
        assert!(config.wants(&one));
        one.test = false;
        config.min_severity = None;
        config.rules = Some(vec!["deadline".to_owned()]);
        assert!(!config.wants(&one));
        config.rules = None;
        one.state = reports::alerts::AlertState::Resolved;
        assert!(!config.wants(&one));
    }
}
