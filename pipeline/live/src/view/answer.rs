//! What is answered to one request.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION,
    REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use reports::render::{Options, Renderer, to_json};
use serde_json::json;
use tokio::sync::{Semaphore, watch};

use super::guard::{Admission, Guard};
use super::serve::ServeConfig;
use super::{feed, metrics, page};
use crate::status::Snapshot;

/// For what is not a page: nothing of it may run.
const DATA_POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Beside the policy that the report page brings itself: a header can do what its `meta` cannot.
const REPORT_POLICY: &str = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";

/// Everything that answers are made of.
#[derive(Debug)]
pub(super) struct Views {
    pub(super) snapshots: watch::Receiver<Arc<Snapshot>>,
    pub(super) stopped: watch::Receiver<bool>,
    /// The parts of the page as one event of the stream holds them.
    pub(super) feed: Drawn,
    pub(super) head_max: Duration,
    guard: Guard,
    readers: Arc<Semaphore>,
    fresh_for: Duration,
    /// When the newest snapshot came.
    came: Mutex<Instant>,
    page: Drawn,
    report_html: Drawn,
    report_json: Drawn,
    openmetrics: Drawn,
    prometheus: Drawn,
}

/// One view of the newest snapshot: drawn once, however many ask for it.
#[derive(Debug)]
pub(super) struct Drawn {
    draw: fn(&Snapshot) -> String,
    newest: tokio::sync::Mutex<Option<(u64, Bytes)>>,
}

impl Drawn {
    fn new(draw: fn(&Snapshot) -> String) -> Self {
        Self { draw, newest: tokio::sync::Mutex::new(None) }
    }

    /// The view of `snapshot`.
    pub(super) async fn get(&self, snapshot: Arc<Snapshot>) -> Bytes {
        let mut newest = self.newest.lock().await;
        if let Some((_, bytes)) = newest.as_ref().filter(|(number, _)| *number == snapshot.number) {
            return bytes.clone();
        }
        let (draw, number) = (self.draw, snapshot.number);
        // A page of many events takes long enough to hold up other readers.
        let drawn = tokio::task::spawn_blocking(move || draw(&snapshot)).await;
        // A view that cannot be drawn is not kept: the next one to ask tries again.
        let Ok(drawn) = drawn else {
            return Bytes::from_static(b"This view could not be drawn.\n");
        };
        let bytes = Bytes::from(drawn);
        *newest = Some((number, bytes.clone()));
        bytes
    }
}

impl Views {
    pub(super) fn new(
        addr: SocketAddr,
        config: ServeConfig,
        snapshots: watch::Receiver<Arc<Snapshot>>,
        stopped: watch::Receiver<bool>,
    ) -> Arc<Self> {
        Arc::new(Self {
            snapshots,
            stopped,
            feed: Drawn::new(page::event),
            head_max: config.head_max,
            guard: Guard::new(config.token, addr.ip().to_canonical().is_loopback()),
            readers: Arc::new(Semaphore::new(config.readers_max)),
            fresh_for: config.fresh_for,
            came: Mutex::new(Instant::now()),
            page: Drawn::new(page::page),
            report_html: Drawn::new(report_html),
            report_json: Drawn::new(|snapshot| to_json(&*snapshot.report)),
            openmetrics: Drawn::new(metrics::openmetrics),
            prometheus: Drawn::new(metrics::prometheus),
        })
    }

    /// Notes when snapshots come, until the watch or the server ends.
    pub(super) async fn note_snapshots(self: Arc<Self>) {
        let (mut snapshots, mut stopped) = (self.snapshots.clone(), self.stopped.clone());
        loop {
            tokio::select! {
                _ = stopped.wait_for(|stop| *stop) => return,
                changed = snapshots.changed() => match changed {
                    Ok(()) => *self.came.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now(),
                    Err(_) => return,
                },
            }
        }
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshots.borrow())
    }

    /// What is wrong with the watch, as sentences that tell nothing about the system: numbers, no names.
    fn not_well(&self) -> Vec<String> {
        let snapshot = self.snapshot();
        let mut says = Vec::new();
        let came = *self.came.lock().unwrap_or_else(PoisonError::into_inner);
        if self.snapshots.has_changed().is_err() {
            says.push("The watch has ended: what the views show is old.".to_owned());
        } else if came.elapsed() > self.fresh_for {
            says.push(format!("Nothing was published for {} s.", came.elapsed().as_secs()));
        }
        let n_sources = snapshot.sources.iter().filter(|source| source.trouble.is_some()).count();
        if n_sources > 0 {
            says.push(format!("Sources in trouble: {n_sources}."));
        }
        if !snapshot.troubles.is_empty() {
            says.push(format!("Troubles of the watch itself: {}.", snapshot.troubles.len()));
        }
        says
    }
}

/// The report page; empty where it cannot be written, which writing to a string never is.
fn report_html(snapshot: &Snapshot) -> String {
    let mut out = String::new();
    if let Some(renderer) = Renderer::named("html") {
        let _ = (renderer.render)(&snapshot.report, &mut out, &Options::default());
    }
    out
}

/// Answers `request` of `peer`. Never waits for more than a drawing; the stream waits inside its body.
pub(super) async fn answer<B>(views: &Arc<Views>, peer: IpAddr, request: Request<B>) -> Response<Body> {
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    let mut response = if !views.guard.host_is_fine(headers) {
        says(
            StatusCode::FORBIDDEN,
            "This address is served under the names localhost, 127.0.0.1 and [::1] only.\n",
        )
    } else if method != Method::GET && method != Method::HEAD {
        with(says(StatusCode::METHOD_NOT_ALLOWED, "Nothing can be changed here.\n"), ALLOW, "GET, HEAD")
    } else {
        match uri.path() {
            "/healthz" => health(views),
            "/favicon.ico" => says(StatusCode::NO_CONTENT, ""),
            path => match views.guard.admit(peer, headers, uri, path == "/") {
                Admission::Open => view(views, path, headers, method == Method::HEAD).await,
                Admission::Keep { cookie } => {
                    let to_page = with(says(StatusCode::SEE_OTHER, ""), LOCATION, "/");
                    with(to_page, SET_COOKIE, &cookie)
                }
                Admission::Refused => with(
                    says(
                        StatusCode::UNAUTHORIZED,
                        "A token is required: open /?token=TOKEN once, or send it as bearer token.\n",
                    ),
                    WWW_AUTHENTICATE,
                    "Bearer",
                ),
                Admission::Limited => with(
                    says(
                        StatusCode::TOO_MANY_REQUESTS,
                        "Too many wrong tokens from this address: wait a minute.\n",
                    ),
                    RETRY_AFTER,
                    "60",
                ),
            },
        }
    };
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    put(CONTENT_SECURITY_POLICY, DATA_POLICY);
    put(CACHE_CONTROL, "no-store");
    put(REFERRER_POLICY, "no-referrer");
    put(X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(X_FRAME_OPTIONS, "DENY");
    put(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    put(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    response
}

async fn view(views: &Arc<Views>, path: &str, headers: &HeaderMap, is_head: bool) -> Response<Body> {
    let snapshot = views.snapshot();
    match path {
        "/" => {
            let bytes = views.page.get(snapshot).await;
            with(whole(HTML, bytes), CONTENT_SECURITY_POLICY, page::policy())
        }
        "/report.html" => {
            with(whole(HTML, views.report_html.get(snapshot).await), CONTENT_SECURITY_POLICY, REPORT_POLICY)
        }
        "/report.json" => whole(JSON, views.report_json.get(snapshot).await),
        "/metrics" if wants_prometheus(headers) => {
            whole(metrics::PROMETHEUS_TYPE, views.prometheus.get(snapshot).await)
        }
        "/metrics" => whole(metrics::OPENMETRICS_TYPE, views.openmetrics.get(snapshot).await),
        "/events" => {
            let body = match Arc::clone(&views.readers).try_acquire_owned() {
                Err(_) => {
                    let full = says(StatusCode::SERVICE_UNAVAILABLE, "Too many pages are open.\n");
                    return with(full, RETRY_AFTER, "10");
                }
                Ok(_) if is_head => Body::empty(),
                Ok(slot) => feed::body(views, slot),
            };
            with(Response::new(body), CONTENT_TYPE, "text/event-stream; charset=utf-8")
        }
        _ => says(
            StatusCode::NOT_FOUND,
            "There is no such page: see /, /report.html, /report.json, /metrics, /healthz.\n",
        ),
    }
}

/// Whether a monitor asks for the older text form and not for OpenMetrics.
fn wants_prometheus(headers: &HeaderMap) -> bool {
    let accepts: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let asks = |what: &str| accepts.iter().any(|accept| accept.contains(what));
    asks("text/plain") && !asks("application/openmetrics-text")
}

fn health(views: &Views) -> Response<Body> {
    let sentences = views.not_well();
    if sentences.is_empty() {
        return says(StatusCode::OK, "ok\n");
    }
    let body = json!({ "status": "not well", "says": sentences }).to_string() + "\n";
    let mut response = whole(JSON, body.into());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response
}

fn whole(kind: &str, bytes: Bytes) -> Response<Body> {
    with(Response::new(Body::from(bytes)), CONTENT_TYPE, kind)
}

fn says(status: StatusCode, sentence: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(sentence));
    *response.status_mut() = status;
    if sentence.is_empty() { response } else { with(response, CONTENT_TYPE, TEXT) }
}

fn with(mut response: Response<Body>, name: HeaderName, value: &str) -> Response<Body> {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}
