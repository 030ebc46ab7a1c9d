//! Who may read: the token, the host name that a browser was given, the limit on wrong tokens.
//!
//! Source: RFC 6750, section 2.1 (bearer tokens); RFC 6265 (cookies).

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::header::{AUTHORIZATION, COOKIE, HOST};
use axum::http::{HeaderMap, Uri};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::serve::Secret;

/// Wrong tokens that one address may show within [`WINDOW`].
const WRONG_MAX: u32 = 10;
/// After this time the count of an address begins anew.
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses that are counted apart; the others share one count.
const ADDRESSES_MAX: usize = 1024;
/// The cookie of a browser that showed the token once.
const COOKIE_NAME: &str = "uccxray_watch";

/// What a request may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// All of it.
    Open,
    /// The token stood in the address: it is to be put away in a cookie.
    Keep {
        /// `Set-Cookie`.
        cookie: String,
    },
    /// No token or a wrong one.
    Refused,
    /// Too many wrong ones from this address.
    Limited,
}

/// Decides who may read.
#[derive(Debug)]
pub(super) struct Guard {
    token: Option<Secret>,
    /// True on a loopback address: a page of another site could reach it through a name that it controls.
    local_only: bool,
    wrong: Mutex<HashMap<Option<IpAddr>, (Instant, u32)>>,
}

impl Guard {
    pub(super) fn new(token: Option<Secret>, local_only: bool) -> Self {
        Self { token, local_only, wrong: Mutex::new(HashMap::new()) }
    }

    /// Whether the name in `Host` is one of this machine alone; every name is where the address is not loopback.
    pub(super) fn host_is_fine(&self, headers: &HeaderMap) -> bool {
        if !self.local_only {
            return true;
        }
        let mut hosts = headers.get_all(HOST).iter();
        let (Some(host), None) = (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) else {
            return false;
        };
        let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let name = match host.rsplit_once(':') {
            Some((name, port)) if is_port(port) && (!name.contains(':') || name.ends_with(']')) => name,
            _ => host,
        };
        name.eq_ignore_ascii_case("localhost") || matches!(name, "127.0.0.1" | "[::1]")
    }

    /// Whether `peer` may read. `at_page`: the token may stand in the address.
    pub(super) fn admit(&self, peer: IpAddr, headers: &HeaderMap, uri: &Uri, at_page: bool) -> Admission {
        let Some(token) = &self.token else {
            return Admission::Open;
        };
        let token = token.reveal();
        let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(bearer);
        let query = uri.query().filter(|_| at_page).and_then(in_query);
        let cookie =
            headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).find_map(in_cookies);
        let pass = pass_of(token);
        // Nobody guesses a digest, so that a cookie of an old token does not count: its page asks again and again.
        if query.is_none() && cookie.is_some_and(|shown| same(shown, &pass)) {
            return Admission::Open;
        }
        if bearer.is_none() && query.is_none() {
            return Admission::Refused;
        }
        // Before a token is compared: an address over its limit learns nothing, not even from a right guess.
        if self.is_limited(peer) {
            return Admission::Limited;
        }
        if let Some(shown) = query {
            if same(&shown, token) {
                let cookie = format!("{COOKIE_NAME}={pass}; HttpOnly; SameSite=Strict; Path=/");
                return Admission::Keep { cookie };
            }
        } else if bearer.is_some_and(|shown| same(shown, token)) {
            return Admission::Open;
        }
        self.count_wrong(peer);
        Admission::Refused
    }

    fn is_limited(&self, peer: IpAddr) -> bool {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |key| wrong.get(&key).is_some_and(|(since, n)| since.elapsed() < WINDOW && *n >= WRONG_MAX);
        of(Some(peer)) || (!wrong.contains_key(&Some(peer)) && wrong.len() >= ADDRESSES_MAX && of(None))
    }

    fn count_wrong(&self, peer: IpAddr) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.len() >= ADDRESSES_MAX {
            wrong.retain(|_, (since, _)| since.elapsed() < WINDOW);
        }
        let is_counted = wrong.contains_key(&Some(peer)) || wrong.len() < ADDRESSES_MAX;
        let entry = wrong.entry(is_counted.then_some(peer)).or_insert_with(|| (Instant::now(), 0));
        if entry.0.elapsed() >= WINDOW {
            *entry = (Instant::now(), 0);
        }
        entry.1 = entry.1.saturating_add(1);
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn in_query(query: &str) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(name, _)| name == "token").map(|(_, token)| token.into_owned())
}

fn in_cookies(value: &str) -> Option<&str> {
    value.split(';').find_map(|pair| pair.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('='))
}

/// What the cookie holds: it follows from the token, so that it outlives a restart, and does not tell it.
fn pass_of(token: &str) -> String {
    digest(token, "cookie of uccxray watch").iter().map(|byte| format!("{byte:02x}")).collect()
}

fn digest(key: &str, text: &str) -> [u8; 32] {
    // A key of any length is taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else {
        return [0; 32];
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

/// Whether two texts are the same, in a time that does not tell where they differ: their digests are compared whole.
fn same(shown: &str, expected: &str) -> bool {
    let (a, b) = (digest(expected, shown), digest(expected, expected));
    a.iter().zip(&b).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const TOKEN: &str = "a-token-of-good-length";

    fn guard() -> Guard {
        Guard::new(Some(Secret::new(TOKEN.to_owned())), false)
    }

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).unwrap());
        headers
    }

    fn peer(last: u32) -> IpAddr {
        IpAddr::from((0xc000_0200_u32 + last).to_be_bytes())
    }

    #[test]
    fn only_names_of_this_machine_are_served_on_a_loopback_address() {
        #[track_caller]
        fn check(host: &str, expected: bool) {
            assert_eq!(Guard::new(None, true).host_is_fine(&headers("host", host)), expected, "{host}");
        }
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.0.0.1", "[::1]:8080", "[::1]"] {
            check(host, true);
        }
        for host in
            ["example.com", "127.0.0.1.example.com", "localhost.example.com:80", "::1", "", "127.0.0.1:x"]
        {
            check(host, false);
        }
        assert!(!Guard::new(None, true).host_is_fine(&HeaderMap::new()));
        assert!(Guard::new(None, false).host_is_fine(&headers("host", "example.com")));
    }

    #[test]
    fn a_token_opens_by_header_by_address_and_by_its_cookie() {
        let guard = guard();
        let plain = Uri::from_static("/");
        let none = HeaderMap::new();
        assert_eq!(guard.admit(peer(1), &none, &plain, true), Admission::Refused);
        let header = headers("authorization", &format!("bearer {TOKEN}"));
        assert_eq!(guard.admit(peer(1), &header, &plain, false), Admission::Open);
        let query: Uri = format!("/?token={TOKEN}").parse().unwrap();
        let Admission::Keep { cookie } = guard.admit(peer(1), &none, &query, true) else {
            panic!("not kept");
        };
        assert!(cookie.contains("HttpOnly; SameSite=Strict") && !cookie.contains(TOKEN), "{cookie}");
        let pair = cookie.split(';').next().unwrap();
        assert_eq!(guard.admit(peer(1), &headers("cookie", pair), &plain, false), Admission::Open);
        assert_eq!(guard.admit(peer(1), &none, &query, false), Admission::Refused);
    }

    #[test]
    fn an_address_that_guesses_is_not_heard_for_a_while() {
        let guard = guard();
        let uri = Uri::from_static("/");
        let wrong = headers("authorization", "Bearer not-the-token-at-all");
        let right = headers("authorization", &format!("Bearer {TOKEN}"));
        for _ in 0..WRONG_MAX {
            assert_eq!(guard.admit(peer(1), &wrong, &uri, false), Admission::Refused);
        }
        assert_eq!(guard.admit(peer(1), &wrong, &uri, false), Admission::Limited);
        assert_eq!(guard.admit(peer(1), &right, &uri, false), Admission::Limited);
        assert_eq!(guard.admit(peer(2), &right, &uri, false), Admission::Open);
        // A page that is open stays open, and one with an old cookie does not use up the guesses of its address.
        let cookie = headers("cookie", &format!("{COOKIE_NAME}={}", pass_of(TOKEN)));
        assert_eq!(guard.admit(peer(1), &cookie, &uri, false), Admission::Open);
        let old = headers("cookie", &format!("{COOKIE_NAME}={}", pass_of("the token before")));
        for _ in 0..=WRONG_MAX {
            assert_eq!(guard.admit(peer(2), &old, &uri, false), Admission::Refused);
        }
        assert_eq!(guard.admit(peer(2), &right, &uri, false), Admission::Open);
    }

    #[test]
    fn many_addresses_that_guess_do_not_fill_the_memory() {
        let guard = guard();
        let wrong = headers("authorization", "Bearer not-the-token-at-all");
        for at in 0..5_000 {
            let _ = guard.admit(peer(at), &wrong, &Uri::from_static("/"), false);
        }
        assert!(guard.wrong.lock().unwrap().len() <= ADDRESSES_MAX + 1);
    }
}
