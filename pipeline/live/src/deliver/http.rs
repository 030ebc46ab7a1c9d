//! One POST. No redirect is followed: the secret in a header or an address would go with it.

use std::time::Duration;

use parsers::stamp::Instant;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::config::Web;
use super::secret::Secret;
use super::send::Failure;

/// Most of an answer that is read, in bytes.
const ANSWER_MAX: u64 = 4_096;
/// Longest wait that another side can ask for.
const AFTER_MAX: Duration = Duration::from_secs(3_600);

/// Posts JSON. `secret` is taken out of whatever is told about a failure, as is the URL.
pub(super) fn post(
    web: &Web,
    headers: &[(&str, String)],
    secret: Option<&Secret>,
    body: String,
    timeout: Duration,
    now: Instant,
) -> Result<(), Failure> {
    let scrub = |text: &str| {
        let text = web.url.scrub(text);
        secret.map_or_else(|| text.clone(), |secret| secret.scrub(&text))
    };
    let mut config = ureq::Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent("uccxray")
        .max_response_header_size(16 * 1_024)
        .tls_config(TlsConfig::builder().root_certs(roots(web)?).build());
    if !web.proxy {
        config = config.proxy(None);
    }
    let agent = ureq::Agent::new_with_config(config.build());
    let mut request = agent.post(web.url.reveal()).header("Content-Type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, value.as_str());
    }
    let mut answer = request.send(body).map_err(|error| failure(&error, scrub))?;
    let status = answer.status().as_u16();
    if (200..300).contains(&status) {
        return Ok(());
    }
    if (300..400).contains(&status) {
        let why =
            format!("answered {status}, a redirect, which is not followed; configure the URL it leads to");
        return Err(Failure::hard(why));
    }
    let after = answer
        .headers()
        .get("Retry-After")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| wait(text, now));
    let said = answer.body_mut().with_config().limit(ANSWER_MAX).lossy_utf8(true).read_to_string();
    let said = said.map(|text| scrub(text.trim())).unwrap_or_default();
    let why =
        if said.is_empty() { format!("answered {status}") } else { format!("answered {status}: {said}") };
    let retry = matches!(status, 408 | 425 | 429) || status >= 500;
    let failure = if retry { Failure::soft(why) } else { Failure::hard(why) };
    Err(Failure { after: after.filter(|_| retry), ..failure })
}

/// `Retry-After` as seconds or as a date (RFC 9110, section 10.2.3); at most an hour.
fn wait(text: &str, now: Instant) -> Option<Duration> {
    let text = text.trim();
    let after = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = chrono::DateTime::parse_from_rfc2822(text).ok()?;
            (at.to_utc() - now).to_std().unwrap_or_default()
        }
    };
    Some(after.min(AFTER_MAX))
}

/// The certificates to trust: those of the file that is configured, else the system's.
fn roots(web: &Web) -> Result<RootCerts, Failure> {
    if web.url.reveal().starts_with("http:") {
        return Ok(RootCerts::new_with_certs(&[]));
    }
    let certs: Vec<Certificate<'static>> = match &web.ca {
        Some(pem) => parse_pem(pem)
            .filter_map(|item| match item {
                Ok(PemItem::Certificate(cert)) => Some(cert),
                _ => None,
            })
            .collect(),
        None => rustls_native_certs::load_native_certs()
            .certs
            .iter()
            .map(|cert| Certificate::from_der(cert.as_ref()).to_owned())
            .collect(),
    };
    if certs.is_empty() {
        return Err(Failure::soft("no certificate to trust was found; set `ca-file`"));
    }
    Ok(RootCerts::new_with_certs(&certs))
}

fn failure(error: &ureq::Error, scrub: impl Fn(&str) -> String) -> Failure {
    match error {
        ureq::Error::Timeout(what) => Failure::soft(format!("no answer in time ({what})")),
        ureq::Error::HostNotFound => Failure::soft("the host name is not known"),
        ureq::Error::ConnectionFailed => Failure::soft("no connection"),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => Failure::hard("the URL or a header is not valid"),
        // A certificate may be renewed at any moment.
        other => Failure::soft(scrub(&other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deliver::testing::at;

    #[test]
    fn a_wait_is_read_as_seconds_or_a_date_and_bounded() {
        assert_eq!(wait(" 7 ", at(0)), Some(Duration::from_secs(7)));
        assert_eq!(wait("Thu, 02 Apr 2026 05:30:09 GMT", at(0)), Some(Duration::from_secs(9)));
        assert_eq!(wait("Thu, 02 Apr 2026 05:30:09 GMT", at(60)), Some(Duration::ZERO));
        assert_eq!(wait("99999999999", at(0)), Some(AFTER_MAX));
        assert_eq!(wait("soon", at(0)), None);
    }
}
