//! `uccxray probe`: the network questions of the licensing checklist, asked from this host.
//!
//! [`plan`] understands the arguments before anything is sent. Each check is a file that is named after its id and
//! judges what was measured; [`wire`], [`session`], [`certificate`] and [`sntp`] measure. The core crates know nothing
//! of this: they have no sockets.

mod certificate;
mod clock_sync;
mod dns_a_record;
mod document;
mod firewall_ports;
mod plan;
mod policy;
mod proxy;
mod screen;
mod session;
mod sntp;
mod tls_trust;
mod transport_answer;
mod transport_url;
mod wire;

use std::io::{self, Write as _};
use std::net::IpAddr;
use std::path::Path;

use parsers::stamp::Instant;
use reports::Severity;
use reports::time::Time;

use self::certificate::Roots;
use self::clock_sync::Dated;
use self::document::{Check, Document, With};
use self::firewall_ports::Attempt;
use self::plan::{Peer, Plan, Site, plain};
use self::proxy::Way;
use self::session::Session;
use self::wire::{Class, Trouble, remote, seconds};
use crate::analyze::complain;
use crate::cli::{ProbeArgs, ProbeFormat, Target};
use crate::clock;
use crate::exit::Exit;

/// Why a probe cannot start; the messages complete a sentence that begins with "cannot".
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(String);

/// Runs the verb.
///
/// # Errors
/// Arguments that mean nothing; nothing is sent then.
pub fn run(args: &ProbeArgs) -> Result<Exit, UsageError> {
    let plan = Plan::new(args)?;
    let files = args
        .output
        .iter()
        .map(|path| Ok((path, by_ending(path)?)))
        .collect::<Result<Vec<_>, UsageError>>()?;
    let roots = Roots::load(plan.ca.as_deref())?;
    for error in &roots.errors {
        complain(&format!("cannot read all certificates that this host trusts: {error}"));
    }
    let document = measure(&plan, &roots);
    let mut exit = match (args.fail_on, document.worst()) {
        (Some(level), Some(worst)) if worst >= level.severity() => Exit::Failed(worst),
        _ => Exit::Ok,
    };
    let look = screen::Look::new(args);
    for (path, format) in files {
        let text = render(&document, format, &screen::Look { color: false, ..look });
        if let Err(error) = write_file(path, &text) {
            complain(&format!("cannot write {}: {error}", path.display()));
            exit = Exit::Failure;
        }
    }
    if !args.quiet {
        match io::stdout().write_all(render(&document, args.format, &look).as_bytes()) {
            // A reader that has seen enough is not an error.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                complain(&format!("cannot write to standard output: {error}"));
                exit = Exit::Failure;
            }
            _ => {}
        }
    }
    Ok(exit)
}

fn render(document: &Document, format: ProbeFormat, look: &screen::Look) -> String {
    match format {
        ProbeFormat::Text => screen::render(document, look),
        ProbeFormat::Json => {
            let mut text = serde_json::to_string_pretty(document).unwrap_or_default();
            text.push('\n');
            text
        }
    }
}

fn by_ending(path: &Path) -> Result<ProbeFormat, UsageError> {
    match path.extension().and_then(|ending| ending.to_str()).unwrap_or_default() {
        "json" => Ok(ProbeFormat::Json),
        "txt" => Ok(ProbeFormat::Text),
        _ => Err(UsageError(format!(
            "write {}: the ending names the format, one of .json .txt",
            path.display()
        ))),
    }
}

/// Writes through a temporary file beside the target, so that a reader never sees half of it.
fn write_file(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let write = || {
        std::fs::write(&temporary, text)?;
        std::fs::rename(&temporary, path)
    };
    write().inspect_err(|_| drop(std::fs::remove_file(&temporary)))
}

/// Asks everything at once; the order of the answers is that of the checklist, whoever was first.
fn measure(plan: &Plan, roots: &Roots) -> Document {
    let at = clock::now();
    let (asked, sites) = std::thread::scope(|scope| {
        let clock = scope.spawn(|| clock_sync::ask(plan, clock::now));
        let sites: Vec<_> =
            plan.urls.iter().map(|site| scope.spawn(move || visit(plan, site, roots, at))).collect();
        // A defect of ours is not to look like a check that was not asked for.
        let join = |thread: std::thread::ScopedJoinHandle<'_, Visit>| {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        let sites: Vec<Visit> = sites.into_iter().map(join).collect();
        (clock.join().ok().flatten(), sites)
    });
    let dated = sites.iter().find_map(|visit| visit.dated.as_ref());
    let clock = clock_sync::check(plan, asked.as_ref(), dated);
    let mut checks: Vec<Check> = Vec::new();
    for (site, visit) in plan.urls.iter().zip(sites.iter()) {
        let call_home = !site.given && transport_url::is_call_home(plan, site);
        checks.extend(visit.checks.iter().cloned().map(|check| {
            let check = Check { url: Some(remote_url(site)), ..check };
            // Whoever uses Smart Transport does not need this way.
            if call_home { check.at_most(Severity::Low, "only nodes on Call Home need this") } else { check }
        }));
    }
    checks.push(clock);
    let target = match plan.target {
        Target::Direct => "direct",
        Target::Onprem => "onprem",
    };
    let with = With {
        dns: plan.dns.map_or_else(|| "system".to_owned(), |server| server.to_string()),
        ca: remote(&plan.trust_store()),
        proxy: plan.proxy.as_ref().map(ToString::to_string),
        ntp: plan.ntp.as_ref().map(ToString::to_string),
        timeout_s: seconds(plan.timeout),
    };
    Document::new(Time(at), target, plan.urls.iter().map(remote_url).collect(), with, checks)
}

/// The URL for a report: whole, since a person copies it.
fn remote_url(site: &Site) -> String {
    reports::escape::terminal(site.url.as_str()).into_owned()
}

/// What one URL brought.
struct Visit {
    checks: Vec<Check>,
    dated: Option<Dated>,
}

/// Name, connections, and one of them all the way.
fn visit(plan: &Plan, site: &Site, roots: &Roots, now: Instant) -> Visit {
    // The name of the server is asked for also where a proxy would: the checklist wants it.
    let (names, (way, mut attempts)) = std::thread::scope(|scope| {
        let proxy = plan.proxy.as_ref().map(|proxy| scope.spawn(move || reach_proxy(plan, proxy)));
        let names = dns_a_record::look_up(plan, &site.host);
        let reached = match proxy.map(std::thread::ScopedJoinHandle::join) {
            None => {
                let attempts = firewall_ports::connect(&names.addresses(), &site.ports, plan.timeout);
                (Way::Connected, attempts)
            }
            Some(Ok(reached)) => reached,
            Some(Err(_)) => {
                (Way::Unconnected(Trouble::new(Class::Other, "the attempt itself failed")), Vec::new())
            }
        };
        (names, reached)
    });
    let first = attempts.iter_mut().find(|attempt| {
        attempt.stream.is_some() && (plan.proxy.is_some() || attempt.to.port() == site.port())
    });
    let mut session = Session::default();
    if let Some(attempt) = first
        && let Some(stream) = attempt.stream.take()
    {
        session = session::speak(plan, site, attempt.to, stream);
        if plan.proxy.is_none()
            && let Some(cut) = cut(&session)
        {
            attempt.trouble = Some(cut);
        }
    }
    let received = clock::now();
    let unresolved = || {
        let failure = names.failure();
        failure.says(&remote(&site.name()), &dns_a_record::server(plan))
    };
    let nowhere = plan.proxy.is_none() && names.addresses().is_empty();
    let blocked = blocked(plan, site, &way, &attempts, &session, nowhere);
    let checks = vec![
        transport_url::check(plan, site),
        dns_a_record::check(plan, site, &names),
        firewall_ports::check(plan, site, &attempts, names.addresses().len(), nowhere.then(unresolved)),
        proxy::check(plan, site, &way, &session),
        tls_trust::check(
            plan,
            site,
            &tls_trust::Sight { session: &session, roots, now, blocked: blocked.clone() },
        ),
        transport_answer::check(plan, site, &session, blocked),
    ];
    let answer = session.answer.as_ref().and_then(|answer| answer.as_ref().ok());
    let date = answer.and_then(|answer| answer.date.clone());
    Visit { checks, dated: date.map(|text| Dated { text, at: received }) }
}

fn reach_proxy(plan: &Plan, proxy: &Peer) -> (Way, Vec<Attempt>) {
    let names = dns_a_record::look_up(plan, &proxy.host);
    let addresses: Vec<IpAddr> = names.addresses();
    if addresses.is_empty() {
        let why = names.failure().says(&remote(&plain(&proxy.host)), &dns_a_record::server(plan));
        return (Way::Unresolved(why), Vec::new());
    }
    let attempts = firewall_ports::connect(&addresses, &[proxy.port], plan.timeout);
    let way = match attempts.iter().find(|attempt| attempt.trouble.is_none()).or(attempts.first()) {
        Some(Attempt { trouble: Some(trouble), .. }) => Way::Unconnected(trouble.clone()),
        Some(_) | None => Way::Connected,
    };
    (way, attempts)
}

/// A connection that was cut before the server said anything: that is the port's failure, and told there.
fn cut(session: &Session) -> Option<Trouble> {
    let tls = session.tls.as_ref().and_then(|tls| tls.as_ref().err());
    let tls = tls.filter(|_| session.chain.is_empty());
    tls.filter(|trouble| trouble.class == Class::Reset).cloned()
}

/// Why nothing could be asked of the server, if that is told elsewhere already.
fn blocked(
    plan: &Plan,
    site: &Site,
    way: &Way,
    attempts: &[Attempt],
    session: &Session,
    nowhere: bool,
) -> Option<String> {
    if plan.proxy.is_some() {
        let through = match (way, &session.tunnel) {
            (Way::Connected, Some(Ok(answer))) => (200..300).contains(&answer.status),
            (Way::Connected, None) => !site.is_https(),
            _ => false,
        };
        return (!through).then(|| "the proxy does not let it through, see proxy".to_owned());
    }
    if nowhere {
        return Some("the name has no address, see dns-a-record".to_owned());
    }
    let open = attempts.iter().any(|attempt| attempt.to.port() == site.port() && attempt.trouble.is_none());
    (!open).then(|| "there is no connection, see firewall-ports".to_owned())
}
