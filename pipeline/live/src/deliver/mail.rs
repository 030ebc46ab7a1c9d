//! One message by SMTP.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use lettre::transport::smtp::SmtpTransport;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{Transport as _, transport::smtp::Error};
use parsers::stamp::Instant;
use reports::alerts::Alert;

use super::config::{Mail, MailTls};
use super::payload::mail::message;
use super::send::Failure;

/// Steps of an exchange that may each take as long as the timeout.
const STEPS: u32 = 6;

/// Sends the alert. `timeout` holds for each step of the exchange, six of it for the whole: a server that answers
/// byte by byte holds one thread, and not the sink.
pub(super) fn send(
    settings: &Mail,
    alert: &Alert,
    delivery: &str,
    now: Instant,
    timeout: Duration,
) -> Result<(), Failure> {
    let message = message(alert, delivery, &settings.from, &settings.to, now).map_err(Failure::hard)?;
    let tls = match settings.tls {
        MailTls::None => Tls::None,
        MailTls::Start => Tls::Required(parameters(settings)?),
        MailTls::Implicit => Tls::Wrapper(parameters(settings)?),
    };
    let mut builder = SmtpTransport::builder_dangerous(settings.server.as_str())
        .port(settings.port)
        .tls(tls)
        .timeout(Some(timeout));
    if let Some((user, password)) = &settings.login {
        builder = builder.credentials(Credentials::new(user.clone(), password.reveal().to_owned()));
    }
    if settings.busy.swap(true, Ordering::AcqRel) {
        return Err(Failure::soft("the server still holds an earlier attempt"));
    }
    let transport = builder.build();
    let (sender, receiver) = mpsc::channel();
    let busy = Arc::clone(&settings.busy);
    std::thread::spawn(move || {
        let result = catch_unwind(AssertUnwindSafe(|| transport.send(&message)));
        busy.store(false, Ordering::Release);
        // Nobody may wait any more; a fault shows as a sender that is gone.
        if let Ok(result) = result {
            let _ = sender.send(result);
        }
    });
    match receiver.recv_timeout(timeout * STEPS) {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(failure(settings, &error)),
        Err(RecvTimeoutError::Timeout) => Err(Failure::soft("the server did not come to an end in time")),
        Err(RecvTimeoutError::Disconnected) => {
            Err(Failure::soft("the attempt ended in a fault of this program"))
        }
    }
}

fn parameters(settings: &Mail) -> Result<TlsParameters, Failure> {
    let mut builder = TlsParameters::builder(settings.server.clone());
    if let Some(pem) = &settings.ca {
        let cert = Certificate::from_pem(pem)
            .map_err(|error| Failure::hard(format!("`ca-file` cannot be used: {error}")))?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(cert);
    }
    builder.build().map_err(|error| Failure::soft(format!("TLS cannot be set up: {error}")))
}

/// An error with its causes; a 5xx answer is final (RFC 5321, section 4.2.1), all else may pass.
fn failure(settings: &Mail, error: &Error) -> Failure {
    let mut why = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !why.contains(&cause_text) {
            why.push_str(&format!(": {cause_text}"));
        }
        source = cause.source();
    }
    if let Some((_, password)) = &settings.login {
        why = password.scrub(&why);
    }
    if error.is_permanent() { Failure::hard(why) } else { Failure::soft(why) }
}
