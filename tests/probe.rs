//! `uccxray probe` against servers on the loopback: each case is one thing that goes right or wrong on a network.

use std::net::SocketAddr;

use serde_json::Value;

use crate::probe_servers::{
    Authority, Dns, HOST, Identity, cutting, dns, dns_loopback, dropping, mute, ntp, plain, proxy_saying,
    proxy_to, refusing, self_signed, tls,
};
use crate::support::{Dir, Ran, run, uccxray};

const PATH: &str = "/Transportgateway/services/DeviceRequestHandler/SmartTransport";

/// What a healthy server answers to a GET.
const OK: &[u8] = b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n";

fn url(server: SocketAddr) -> String {
    format!("https://{HOST}:{}{PATH}", server.port())
}

fn probe(dir: &Dir, args: &[&str]) -> Ran {
    run(uccxray(dir.path()).arg("probe").args(args))
}

/// One run against `server`, every name being the loopback; the JSON document.
#[track_caller]
fn document(server: SocketAddr, args: &[&str]) -> Value {
    let (dns, url) = (dns_loopback(), url(server));
    probe(&Dir::new(), &[&["--url", &url, "--dns", &dns, "--format", "json"], args].concat()).exits(0).json()
}

/// The check of that id.
#[track_caller]
fn check<'a>(document: &'a Value, id: &str) -> &'a Value {
    let mut all = document["checks"].as_array().unwrap().iter();
    all.find(|check| check["id"] == id).unwrap_or_else(|| panic!("no {id} in {document:#}"))
}

/// The check of that id, which must have ended with `outcome`.
#[track_caller]
fn ended<'a>(document: &'a Value, id: &str, outcome: &str) -> &'a Value {
    let check = check(document, id);
    assert_eq!(check["outcome"], outcome, "{check:#}");
    // `--nocapture` shows what the probe says of each server.
    let test = std::thread::current().name().unwrap_or_default().replace("probe::", "");
    println!("{test} | {id} {outcome}: {}", check["says"].as_str().unwrap_or_default());
    check
}

#[track_caller]
fn says(check: &Value, part: &str) {
    assert!(check["says"].as_str().unwrap().contains(part), "{check:#}");
}

/// The authority of the test and its certificate in a file.
fn authority() -> (Authority, Dir, String) {
    let (authority, dir) = (Authority::new(), Dir::new());
    let ca = dir.file("ca.pem", authority.pem()).display().to_string();
    (authority, dir, ca)
}

// All is well.

#[test]
fn a_healthy_way_passes_every_check() {
    let (authority, _dir, ca) = authority();
    let server = tls(authority.issue(&[HOST], |_| ()), OK);
    let time = ntp(0, |_| Some(()));
    let document = document(server, &["--ca", &ca, "--ntp", &time]);
    let ids: Vec<&str> =
        document["checks"].as_array().unwrap().iter().map(|check| check["id"].as_str().unwrap()).collect();
    assert_eq!(
        ids,
        [
            "transport-url",
            "dns-a-record",
            "firewall-ports",
            "proxy",
            "tls-trust",
            "transport-answer",
            "clock-sync"
        ]
    );
    ended(&document, "transport-url", "pass");
    assert_eq!(ended(&document, "dns-a-record", "pass")["measured"]["a"][0], "127.0.0.1");
    let ports = ended(&document, "firewall-ports", "pass");
    assert_eq!(ports["measured"]["connections"][0]["state"], "open");
    ended(&document, "proxy", "not_applicable");
    let tls = ended(&document, "tls-trust", "pass");
    assert_eq!(tls["confidence"], "high");
    assert_eq!(tls["measured"]["protocol"], "TLS 1.3");
    assert_eq!(tls["measured"]["matched_by"], "SAN");
    let leaf = &tls["measured"]["chain"][0];
    assert_eq!((&leaf["subject"], &leaf["issuer"]), (&"CN=CSSM of a test".into(), &"CN=Test Root".into()));
    assert_eq!(leaf["san"][0], HOST);
    assert!(leaf["not_after"].as_str().unwrap().ends_with("Z"));
    assert_eq!(ended(&document, "transport-answer", "pass")["measured"]["status"], 405);
    let clock = ended(&document, "clock-sync", "pass");
    assert!(clock["measured"]["offset_s"].as_f64().unwrap().abs() < 1.0, "{clock:#}");
    assert_eq!(clock["measured"]["stratum"], 2);
    assert_eq!(document["schema_version"], "1.0");
    assert_eq!(document["tool"]["name"], "uccxray");
    assert_eq!(document["target"], "onprem");
    assert_eq!(document["url"], url(server));
    assert!(document["at"].as_str().unwrap().ends_with('Z'));
}

#[test]
fn a_certificate_for_an_address_passes_for_that_address() {
    let (authority, dir, ca) = authority();
    let server = tls(authority.issue(&["127.0.0.1"], |_| ()), OK);
    let url = format!("https://{server}{PATH}");
    let document = probe(&dir, &["--url", &url, "--ca", &ca, "--format", "json"]).exits(0).json();
    ended(&document, "dns-a-record", "not_applicable");
    ended(&document, "tls-trust", "pass");
    ended(&document, "transport-answer", "pass");
}

// DNS.

#[track_caller]
fn resolves(answer: Dns, word: &str, part: &str) {
    let server = dns(move |_| answer.clone());
    let url = format!("https://{HOST}:1{PATH}");
    let args = ["--url", &url, "--dns", &server, "--timeout", "1", "--format", "json"];
    let document = probe(&Dir::new(), &args).exits(0).json();
    let check = ended(&document, "dns-a-record", "fail");
    assert_eq!(check["severity"], "high");
    assert_eq!(check["measured"]["a_lookup"], word, "{check:#}");
    assert_eq!(check["measured"]["server"], server);
    says(check, part);
    // An AAAA record alone is connected to, all the same.
    if !part.contains("AAAA") {
        says(ended(&document, "firewall-ports", "no_evidence"), "see dns-a-record");
        ended(&document, "tls-trust", "no_evidence");
    }
}

#[test]
fn failures_of_the_name_are_told_apart() {
    resolves(Dns::Code(3), "nxdomain", "does not exist");
    resolves(Dns::Code(2), "servfail", "SERVFAIL");
    resolves(Dns::Code(5), "error_response", "Refused");
    resolves(Dns::Addresses(Vec::new()), "no_data", "exists and has no A record");
    resolves(Dns::Addresses(vec!["::1".parse().unwrap()]), "no_data", "only AAAA ::1");
    resolves(Dns::Silence, "timed_out", "did not answer");
}

// Ports.

#[track_caller]
fn port(server: SocketAddr, state: &str, part: &str) {
    let document = document(server, &["--timeout", "2"]);
    let check = ended(&document, "firewall-ports", "fail");
    assert_eq!(check["severity"], "high");
    assert_eq!(check["measured"]["connections"][0]["state"], state, "{check:#}");
    assert_eq!(check["measured"]["connections"][0]["port"], server.port());
    says(check, part);
    ended(&document, "dns-a-record", "pass");
    ended(&document, "tls-trust", "no_evidence");
    ended(&document, "transport-answer", "no_evidence");
}

#[test]
fn failures_of_the_connection_are_told_apart() {
    port(refusing(), "refused", "refused the connection");
    port(cutting(), "reset", "cut the connection");
    let dropping = dropping();
    port(dropping.address, "timed_out", "did not answer in time");
}

#[test]
fn an_address_without_a_route_is_unreachable_or_silent() {
    // 255.255.255.255 takes no TCP: the system says so itself, with nothing sent.
    let server = dns(|_| Dns::Addresses(vec!["255.255.255.255".parse().unwrap()]));
    let url = format!("https://{HOST}:9{PATH}");
    let args = ["--url", &url, "--dns", &server, "--timeout", "1", "--format", "json"];
    let document = probe(&Dir::new(), &args).exits(0).json();
    let check = ended(&document, "firewall-ports", "fail");
    assert_eq!(check["measured"]["connections"][0]["state"], "unreachable", "{check:#}");
}

// TLS.

#[track_caller]
fn distrusted(identity: Identity, ca: &str, problem: &str, part: &str) -> Value {
    let document = document(tls(identity, OK), &["--ca", ca]);
    let check = ended(&document, "tls-trust", "fail");
    assert_eq!(check["severity"], "high", "{check:#}");
    assert_eq!(check["measured"]["problems"], serde_json::json!([problem]), "{check:#}");
    says(check, part);
    // The facts are shown though the certificate is bad, and the server was asked all the same.
    assert_eq!(check["measured"]["chain"][0]["subject"], "CN=CSSM of a test");
    ended(&document, "firewall-ports", "pass");
    ended(&document, "transport-answer", "pass");
    check["measured"].clone()
}

#[test]
fn bad_certificates_are_told_apart_and_shown() {
    let (authority, _dir, ca) = authority();
    let other = Authority::new();
    let measured = distrusted(
        authority.issue(&["other.example.com"], |_| ()),
        &ca,
        "wrong_name",
        "it is for other.example.com, not for cssm.example.com",
    );
    assert_eq!((&measured["trusted"], &measured["name_matches"]), (&true.into(), &false.into()));
    let measured = distrusted(
        authority.issue(&[HOST], |params| params.not_after = rcgen::date_time_ymd(2024, 1, 1)),
        &ca,
        "expired",
        "it expired at 2024-01-01 00:00:00",
    );
    assert_eq!((&measured["trusted"], &measured["dates_valid"]), (&true.into(), &false.into()));
    distrusted(
        authority.issue(&[HOST], |params| params.not_before = rcgen::date_time_ymd(2090, 1, 1)),
        &ca,
        "not_yet_valid",
        "not valid before 2090-01-01",
    );
    // Out of its dates and never in them: nobody can tell whether it was to be trusted.
    let never = |params: &mut rcgen::CertificateParams| {
        params.not_before = rcgen::date_time_ymd(2023, 2, 1);
        params.not_after = rcgen::date_time_ymd(2023, 1, 1);
    };
    let measured = distrusted(authority.issue(&[HOST], never), &ca, "expired", "it expired at 2023-01-01");
    assert_eq!(measured["trusted"], Value::Null);
    distrusted(self_signed(&[HOST], |_| ()), &ca, "self_signed", "signed by itself");
    distrusted(other.issue(&[HOST], |_| ()), &ca, "untrusted", "(issuer CN=Test Root)");
}

#[test]
fn a_certificate_that_is_trusted_itself_passes() {
    let dir = Dir::new();
    let identity = self_signed(&[HOST], |_| ());
    let ca = dir.file("own.pem", &identity.pem).display().to_string();
    let document = document(tls(identity, OK), &["--ca", &ca]);
    ended(&document, "tls-trust", "pass");
}

#[test]
fn what_this_host_alone_distrusts_is_said_with_care() {
    let document = document(tls(Authority::new().issue(&[HOST], |_| ()), OK), &[]);
    let check = ended(&document, "tls-trust", "fail");
    assert_eq!((&check["severity"], &check["confidence"]), (&"medium".into(), &"low".into()));
}

#[test]
fn what_is_no_tls_is_said_so() {
    let document = document(plain(b"HTTP/1.1 400 Bad Request\r\n\r\n"), &[]);
    says(ended(&document, "tls-trust", "fail"), "does not speak TLS");
    ended(&document, "firewall-ports", "pass");
    ended(&document, "transport-answer", "no_evidence");
    // The fatal alert protocol_version, as a server of TLS 1.0 alone sends it.
    let old = self::document(plain(b"\x15\x03\x01\x00\x02\x02\x46"), &[]);
    says(ended(&old, "tls-trust", "fail"), "agree on no TLS");
    let silent = self::document(mute(), &["--timeout", "1"]);
    says(ended(&silent, "tls-trust", "fail"), "did not answer in time during the TLS handshake");
}

// The answer.

#[test]
fn answers_that_are_none_fail() {
    let (authority, _dir, ca) = authority();
    let serve = |answer| document(tls(authority.issue(&[HOST], |_| ()), answer), &["--ca", &ca]);
    says(ended(&serve(b""), "transport-answer", "fail"), "without an answer");
    says(ended(&serve(b"SSH-2.0-x\r\n"), "transport-answer", "fail"), "not HTTP");
    let missing = serve(b"HTTP/1.1 404 Not Found\r\n\r\n");
    assert_eq!(ended(&missing, "transport-answer", "pass")["confidence"], "low");
    let proxy = serve(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    says(ended(&proxy, "transport-answer", "fail"), "407");
}

// The proxy.

#[test]
fn a_proxy_that_connects_lets_everything_be_asked() {
    let (authority, _dir, ca) = authority();
    let server = tls(authority.issue(&[HOST], |_| ()), OK);
    let proxy = proxy_to(server).to_string();
    let document = document(server, &["--ca", &ca, "--proxy", &proxy]);
    assert_eq!(ended(&document, "proxy", "pass")["measured"]["status"], 200);
    ended(&document, "firewall-ports", "not_applicable");
    ended(&document, "tls-trust", "pass");
    ended(&document, "transport-answer", "pass");
}

#[track_caller]
fn proxied(proxy: SocketAddr, part: &str) -> Value {
    let proxy = proxy.to_string();
    let document = document(refusing(), &["--proxy", &proxy, "--timeout", "2"]);
    let check = ended(&document, "proxy", "fail");
    assert_eq!(check["severity"], "high");
    says(check, part);
    ended(&document, "tls-trust", "no_evidence");
    ended(&document, "transport-answer", "no_evidence");
    check["measured"].clone()
}

#[test]
fn failures_of_the_proxy_are_told_apart() {
    let measured = proxied(
        proxy_saying("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n"),
        "asks for a user name (407 Proxy Authentication Required)",
    );
    assert_eq!(measured["status"], 407);
    proxied(proxy_saying("HTTP/1.1 403 Forbidden\r\n\r\n"), "forbids");
    proxied(proxy_saying("HTTP/1.1 502 Bad Gateway\r\n\r\n"), "cannot reach");
    proxied(proxy_saying("220 mail.example.com\r\n"), "speaks another protocol");
    proxied(refusing(), "refused the connection");
    proxied(mute(), "did not answer in time");
}

// The clock.

#[track_caller]
fn clock(server: &str) -> Value {
    let url = format!("https://127.0.0.1:{}{PATH}", refusing().port());
    let args = ["--url", &url, "--ntp", server, "--timeout", "2", "--format", "json"];
    check(&probe(&Dir::new(), &args).exits(0).json(), "clock-sync").clone()
}

#[test]
fn answers_of_ntp_servers_are_told_apart() {
    let behind = clock(&ntp(90, |_| Some(())));
    assert_eq!((&behind["outcome"], &behind["severity"]), (&"fail".into(), &"medium".into()), "{behind:#}");
    assert!((behind["measured"]["offset_s"].as_f64().unwrap() - 90.0).abs() < 5.0);
    // A slow machine may lose a second on one of the two ways.
    says(&behind, "1 min ");
    says(&behind, "behind NTP server");
    let kiss = clock(&ntp(0, |packet| {
        packet[1] = 0;
        packet[12..16].copy_from_slice(b"RATE");
        Some(())
    }));
    assert_eq!(kiss["measured"]["kiss_code"], "RATE");
    says(&kiss, "kiss-of-death RATE");
    let unsynchronised = clock(&ntp(0, |packet| {
        packet[0] |= 0b11 << 6;
        Some(())
    }));
    assert_eq!(unsynchronised["measured"]["state"], "unsynchronised");
    assert_eq!(unsynchronised["severity"], "high");
    let far = clock(&ntp(0, |packet| {
        packet[1] = 7;
        Some(())
    }));
    says(&far, "stratum 7");
    let silent = clock(&ntp(0, |_| None));
    assert_eq!(silent["measured"]["state"], "timed_out");
    let foreign = clock(&ntp(0, |packet| {
        packet[24] ^= 1;
        Some(())
    }));
    says(&foreign, "to another question");
}

#[test]
fn without_an_ntp_server_the_time_of_the_web_server_counts() {
    let (authority, _dir, ca) = authority();
    let old = b"HTTP/1.1 200 OK\r\nDate: Thu, 02 Apr 2026 05:30:05 GMT\r\n\r\n";
    let document = document(tls(authority.issue(&[HOST], |_| ()), old), &["--ca", &ca]);
    let check = ended(&document, "clock-sync", "fail");
    assert_eq!((&check["severity"], &check["confidence"]), (&"critical".into(), &"medium".into()));
    ended(&self::document(refusing(), &[]), "clock-sync", "no_evidence");
}

// The program.

#[test]
fn the_worst_failed_check_is_the_exit_code() {
    let (dns, url) = (dns_loopback(), url(refusing()));
    let args = ["--url", &url, "--dns", &dns, "--fail-on"];
    probe(&Dir::new(), &[&args[..], &["high"]].concat()).exits(14);
    probe(&Dir::new(), &[&args[..], &["critical"]].concat()).exits(0);
}

#[test]
fn wrong_usage_sends_nothing_and_exits_with_2() {
    let dir = Dir::new();
    dir.file("empty.pem", "no certificate");
    for args in [
        &[][..],
        &["--target", "onprem"],
        &["--url", "cssm"],
        &["--url", "https://u:p@cssm.example.com/"],
        &["--target", "direct", "--timeout", "0"],
        &["--target", "direct", "--dns", "ns.example.com"],
        &["--target", "direct", "--proxy", "proxy"],
        &["--target", "direct", "--ca", "absent.pem"],
        &["--target", "direct", "--ca", "empty.pem"],
        &["--target", "direct", "--format", "md"],
        &["--target", "direct", "-o", "report.md"],
    ] {
        let ran = probe(&dir, args).exits(2);
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn files_hold_what_the_screen_and_json_show() {
    let (dir, dns, url) = (Dir::new(), dns_loopback(), url(refusing()));
    let args = ["--url", &url, "--dns", &dns, "-q", "-o", "a.json", "-o", "a.txt"];
    let ran = probe(&dir, &args).exits(0);
    assert!(ran.stdout.is_empty());
    let json: Value = serde_json::from_slice(&std::fs::read(dir.path().join("a.json")).unwrap()).unwrap();
    ended(&json, "firewall-ports", "fail");
    let text = std::fs::read_to_string(dir.path().join("a.txt")).unwrap();
    assert!(text.contains("firewall-ports FAILED: cssm.example.com refused"), "{text}");
    probe(&dir, &["--url", &url, "--dns", &dns, "-o", "absent/a.json"]).exits(1);
}

/// A server that puts into its answers what a terminal obeys.
fn hostile() -> (SocketAddr, Dir, String) {
    let (authority, dir, ca) = authority();
    let evil = |params: &mut rcgen::CertificateParams| {
        params.distinguished_name.push(rcgen::DnType::CommonName, "\u{1b}[31mevil\r\n\u{202e}name");
    };
    let answer = b"HTTP/1.1 200 \x1b]0;title\x07\x1b[2J \xff\xfe\x9b\r\nDate: \x1b[31mnever\r\n\r\n\x1b[2J";
    (tls(authority.issue(&[HOST], evil), answer), dir, ca)
}

#[test]
fn nothing_that_a_server_says_reaches_the_terminal_raw() {
    let (server, dir, ca) = hostile();
    let (dns, url) = (dns_loopback(), url(server));
    for format in ["text", "json"] {
        let args = ["--url", &url, "--dns", &dns, "--ca", &ca, "--format", format];
        let ran = probe(&dir, &args).exits(0);
        let text = ran.text();
        assert!(text.contains("evil"), "{text}");
        let obeyed = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!text.contains(obeyed), "{text:?}");
        assert!(!ran.stderr.contains('\u{1b}'));
    }
    let proxy = proxy_saying("HTTP/1.1 407 \u{1b}[2J\u{7}\r\n\r\n").to_string();
    let ran = probe(&dir, &["--url", &url, "--dns", &dns, "--proxy", &proxy, "--width", "200"]).exits(0);
    assert!(ran.text().contains("407 \\u{1b}[2J") && !ran.text().contains('\u{1b}'), "{}", ran.text());
}

#[test]
fn the_screen_keeps_to_its_width() {
    let (server, dir, ca) = hostile();
    let (dns, url) = (dns_loopback(), url(server));
    for width in ["80", "160"] {
        let args = ["--url", &url, "--dns", &dns, "--ca", &ca, "--width", width, "--ascii"];
        let ran = probe(&dir, &args).exits(0);
        let columns: usize = width.parse().unwrap();
        for line in ran.text().lines() {
            // A URL is not broken: it must survive copying.
            let long = line.trim().split(' ').any(|word| word.len() + 15 > columns);
            assert!(line.len() <= columns || long, "{line:?}");
            assert!(line.is_ascii(), "{line:?}");
        }
    }
}

#[test]
fn two_runs_differ_in_times_only() {
    let (authority, _dir, ca) = authority();
    let server = tls(authority.issue(&[HOST], |_| ()), OK);
    let strip = |mut document: Value| {
        fn walk(value: &mut Value) {
            match value {
                Value::Object(map) => {
                    map.retain(|key, _| key != "at" && key != "took_s" && key != "server" && key != "dns");
                    map.values_mut().for_each(walk);
                }
                Value::Array(all) => all.iter_mut().for_each(walk),
                _ => {}
            }
        }
        walk(&mut document);
        let text = document.to_string();
        // Which server resolved is named in a sentence, with its port.
        let mut parts = text.split("DNS server 127.0.0.1:");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |all, part| all + part.trim_start_matches(|c: char| c.is_ascii_digit()))
    };
    let run = || strip(document(server, &["--ca", &ca]));
    assert_eq!(run(), run());
}
