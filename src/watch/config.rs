//! `[watch]` of `uccxray.toml`: what to watch, when to tell and whom. What the command line says goes first.

use std::path::{Path, PathBuf};

use live::clock::Clock;
use live::deliver::{self, SinkConfig};
use live::listen::{Endpoint, Kind, Limits, TlsFiles};
use reports::alerts::{Rules, Window};
use serde::Deserialize;

use crate::cli::WatchArgs;

/// The section, as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Section {
    paths: Vec<PathBuf>,
    listen: Vec<String>,
    state: Option<PathBuf>,
    serve: Option<String>,
    serve_token_file: Option<PathBuf>,
    serve_token_env: Option<String>,
    poll_seconds: Option<u64>,
    keep_days: Option<i64>,
    tls: Option<Tls>,
    limits: Bounds,
    rules: Rules,
    maintenance: Vec<Window>,
    sink: Vec<SinkConfig>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Tls {
    cert: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
    #[serde(default)]
    client_required: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Bounds {
    messages_per_second: Option<u32>,
    connections: Option<usize>,
    connections_per_address: Option<usize>,
    senders: Option<usize>,
}

/// What a watch does.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) roots: Vec<PathBuf>,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) limits: Limits,
    pub(super) state: PathBuf,
    pub(super) serve: Option<std::net::SocketAddr>,
    pub(super) token: Option<live::view::serve::Secret>,
    pub(super) poll: std::time::Duration,
    pub(super) keep: chrono::TimeDelta,
    pub(super) rules: Rules,
    pub(super) sinks: Vec<SinkConfig>,
    /// What is odd but no reason to stop.
    pub(super) warnings: Vec<String>,
}

/// Reads the configuration anew.
///
/// # Errors
/// All that is wrong with it, as sentences.
pub(super) fn read(args: &WatchArgs, clock: &Clock) -> Result<Config, Vec<String>> {
    let path = args.analyze.config.clone().or_else(|| {
        let usual = PathBuf::from(crate::config::NAME);
        usual.is_file().then_some(usual)
    });
    let section = match &path {
        Some(path) => section(path).map_err(|why| vec![why])?,
        None => Section::default(),
    };
    let mut problems = Vec::new();
    let mut warnings = Vec::new();
    let roots = match args.analyze.paths.is_empty() {
        true => section.paths,
        false => args.analyze.paths.clone(),
    };
    let tls = tls(args, section.tls);
    if let Some(files) = &tls {
        match files.check(clock) {
            Ok(facts) if facts.not_after.is_some_and(|end| end < clock.now()) => {
                warnings.push(format!(
                    "the certificate of {} has expired: senders that look will refuse it",
                    facts.name
                ));
            }
            Ok(_) => {}
            Err(error) => problems.push(format!("cannot {error}")),
        }
    }
    let listen = if args.listen.is_empty() { section.listen } else { args.listen.clone() };
    let endpoints = endpoints(&listen, tls.as_ref(), &mut problems);
    let serve = args.serve.clone().or(section.serve);
    let serve = serve.and_then(|text| match text.parse::<std::net::SocketAddr>() {
        Ok(address) => Some(address),
        Err(_) => {
            problems
                .push(format!("cannot serve at {text}: write an address and a port, such as 127.0.0.1:8080"));
            None
        }
    });
    let token = token(
        args.serve_token_file.as_ref().or(section.serve_token_file.as_ref()),
        section.serve_token_env.as_ref(),
        &mut problems,
    );
    if let Some(address) = serve
        && !address.ip().to_canonical().is_loopback()
        && token.is_none()
    {
        problems.push(format!(
            "cannot serve at {address}: other machines reach it, so a token is required: --serve-token-file FILE"
        ));
    }
    let rules = Rules { maintenance: section.maintenance, ..section.rules };
    problems.extend(rules.problems().into_iter().map(|says| format!("the rules: {says}")));
    for problem in deliver::problems(&section.sink, &deliver::read_secret) {
        if problem.is_fatal { problems.push(problem.text) } else { warnings.push(problem.text) }
    }
    if roots.is_empty()
        && endpoints.is_empty()
        && args.replay.is_none()
        && !args.test_alert
        && problems.is_empty()
    {
        problems.push(
            "there is nothing to watch: name a folder or a file, or --listen udp://0.0.0.0:514".to_owned(),
        );
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let usual = Limits::default();
    Ok(Config {
        roots,
        endpoints,
        limits: Limits {
            messages_per_s: section.limits.messages_per_second,
            connections: section.limits.connections.unwrap_or(usual.connections),
            connections_per_address: section
                .limits
                .connections_per_address
                .unwrap_or(usual.connections_per_address),
            senders: section.limits.senders.unwrap_or(usual.senders),
            ..usual
        },
        state: args.state.clone().or(section.state).unwrap_or_else(usual_state),
        serve,
        token,
        poll: std::time::Duration::from_secs(args.poll.or(section.poll_seconds).unwrap_or(1).clamp(1, 3_600)),
        keep: chrono::TimeDelta::days(section.keep_days.unwrap_or(400).clamp(1, 36_500)),
        rules,
        sinks: section.sink,
        warnings,
    })
}

fn section(path: &Path) -> Result<Section, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot read the configuration {}: {error}", path.display()))?;
    let wrong = |error: toml::de::Error| {
        format!(
            "cannot use [watch] of the configuration {}: {}",
            path.display(),
            error.to_string().trim_end()
        )
    };
    let mut table: toml::Table = toml::from_str(&text).map_err(wrong)?;
    let mut section = table.remove("watch").unwrap_or_else(|| toml::Value::Table(toml::Table::new()));
    spell(&mut section).map_err(|key| {
        format!(
            "cannot use [watch] of the configuration {}: {key} stands there in two spellings",
            path.display()
        )
    })?;
    section.try_into().map_err(wrong)
}

/// Takes `keep_days` for `keep-days`, everywhere. The error is a key that is there in both spellings.
fn spell(value: &mut toml::Value) -> Result<(), String> {
    match value {
        toml::Value::Table(table) => {
            for (key, mut value) in std::mem::take(table) {
                spell(&mut value)?;
                let key = key.replace('_', "-");
                if table.insert(key.clone(), value).is_some() {
                    return Err(key);
                }
            }
            Ok(())
        }
        toml::Value::Array(values) => values.iter_mut().try_for_each(spell),
        _ => Ok(()),
    }
}

fn tls(args: &WatchArgs, section: Option<Tls>) -> Option<TlsFiles> {
    match (&args.tls_cert, &args.tls_key) {
        (Some(chain), Some(key)) => Some(TlsFiles {
            chain: chain.clone(),
            key: key.clone(),
            client_ca: args.tls_client_ca.clone(),
            client_required: args.tls_client_ca.is_some(),
        }),
        _ => section.map(|tls| TlsFiles {
            chain: tls.cert,
            key: tls.key,
            client_ca: tls.client_ca,
            client_required: tls.client_required,
        }),
    }
}

fn endpoints(listen: &[String], tls: Option<&TlsFiles>, problems: &mut Vec<String>) -> Vec<Endpoint> {
    let mut out = Vec::new();
    for text in listen {
        match (text.parse::<Endpoint>(), tls) {
            (Ok(endpoint), Some(files)) if endpoint.kind == Kind::Tls => {
                out.push(endpoint.with_tls(files.clone()))
            }
            (Ok(endpoint), None) if endpoint.kind == Kind::Tls => problems.push(format!(
                "cannot listen at {text}: it needs a certificate: --tls-cert FILE --tls-key FILE"
            )),
            (Ok(endpoint), _) => out.push(endpoint),
            (Err(error), _) => problems.push(format!("cannot {error}")),
        }
    }
    out
}

/// The token of the page: the only secret of this section, never in the file itself.
fn token(
    file: Option<&PathBuf>,
    variable: Option<&String>,
    problems: &mut Vec<String>,
) -> Option<live::view::serve::Secret> {
    let reference = match (file, variable) {
        (Some(file), _) => deliver::SecretRef::File(file.clone()),
        (None, Some(name)) => deliver::SecretRef::Env(name.clone()),
        (None, None) => return None,
    };
    match deliver::read_secret(&reference) {
        Ok(secret) if secret.reveal().chars().count() >= 16 => {
            Some(live::view::serve::Secret::new(secret.reveal().to_owned()))
        }
        Ok(_) => {
            problems.push("the token of the page has fewer than 16 characters".to_owned());
            None
        }
        Err(why) => {
            problems.push(format!("cannot read the token of the page: {why}"));
            None
        }
    }
}

/// Where a service manager wants state, else where a person's programs keep it.
fn usual_state() -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    variable("STATE_DIRECTORY")
        .or_else(|| variable("XDG_STATE_HOME").map(|base| base.join("uccxray")))
        .or_else(|| variable("HOME").map(|home| home.join(".local/state/uccxray")))
        .unwrap_or_else(|| PathBuf::from("/var/lib/uccxray"))
}
