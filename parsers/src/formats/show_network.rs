//! `show network eth0`: the node's address, its domain, and the DNS servers that it asks.
//!
//! Source: Cisco tech notes 217581 and 211393 (also flattened to one line, `Secondary : Not Configured`). How the output
//! looks on a node without DNS was not seen: `DNS` with `Not configured` behind it is taken.
//!
//! ```text
//! Ethernet 0
//! IP Address   : 192.0.2.10          IP Mask    : 255.255.255.0
//! DNS
//! Primary      : 192.0.2.53          Secondary  : Not Configured
//! Domain       : example.com
//! ```

use std::sync::Arc;

use super::sections::{self, Passages, Section, sections};
use super::{DocumentFormat, Passage};
use crate::license_words;
use crate::platform::PlatformLine;

pub(super) const FORMAT: DocumentFormat = DocumentFormat {
    name: "show-network",
    read,
    samples: &[
        "admin:show network eth0\nEthernet 0\nDHCP         : disabled           Status     : up\nIP Address   : 192.0.2.10         IP Mask    : 255.255.255.0\nLink Detected: yes                Mode       : Auto disabled, N/A, 10000 Mbits/s\nDuplicate IP : no\n\nDNS\nPrimary      : 192.0.2.53         Secondary  : 192.0.2.54\nOptions      : timeout:5 attempts:2\nDomain       : example.com\nGateway      : 192.0.2.1 on Ethernet 0\nadmin:\n",
        "Ethernet 0\r\nDHCP         : disabled           Status     : up\r\nIP Address   : 192.0.2.10         IP Mask    : 255.255.255.0\r\nDNS\r\nNot configured.\r\nGateway      : 192.0.2.1 on Ethernet 0\r\n",
        "admin: show network eth0 <omitted for brevity> DNS Primary : 192.0.2.53 Secondary : Not Configured Options : timeout:5 attempts:2 Domain : example.com Gateway : 192.0.2.1 on Ethernet 0",
    ],
};

/// The command.
const COMMAND: &str = "show network eth0";

/// The labels, and whether a colon must follow.
const LABELS: [(&str, bool); 17] = [
    ("Ethernet", false),
    ("DNS", false),
    ("IP Address", true),
    ("Primary", true),
    ("Secondary", true),
    ("Domain", true),
    ("DHCP", true),
    ("Status", true),
    ("IP Mask", true),
    ("Link Detected", true),
    ("Mode", true),
    ("Duplicate IP", true),
    ("Options", true),
    ("Gateway", true),
    ("Queue Length", true),
    ("MTU", true),
    ("MAC Address", true),
];

/// Reads the settings; empty if those of DNS do not stand in the text.
fn read(text: &str) -> Vec<Passage> {
    let mut passages = Passages::default();
    if text.contains("DNS") && (text.contains("Ethernet 0") || text.contains(COMMAND)) {
        for section in sections(text) {
            settings(&section, &mut passages);
        }
    }
    passages.finish()
}

/// The settings of a section.
fn settings(section: &Section<'_>, passages: &mut Passages) {
    let commanded = section.from < section.start && section.behind(COMMAND).is_some();
    let names = LABELS.map(|(name, _)| name);
    let labels = license_words::labelled(section.text, &names, |label| {
        LABELS.get(label).is_none_or(|(_, colon)| *colon)
    });
    let value = |range: &std::ops::Range<usize>| section.text.get(range.clone()).unwrap_or_default();
    let is = |label: usize, name: &str| names.get(label).is_some_and(|known| *known == name);
    // Without the command it is the interface that opens the output.
    let opening = labels.iter().position(|it| is(it.label, "Ethernet") && value(&it.value).starts_with('0'));
    let opening = if commanded { Some(0) } else { opening };
    let Some(labels) = opening.and_then(|at| labels.get(at..)) else { return };
    let (mut dns, mut address, mut domain) = (None::<Vec<Arc<str>>>, None, None);
    let mut n_own = 0;
    let mut reach = 0;
    for it in labels {
        let text = value(&it.value);
        let line = sections::line(text).0.trim_end();
        let first = set(sections::word(line).0);
        // What is printed for each label is one word, but for those that are of no interest.
        let mut length = sections::word(line).0.len();
        match names.get(it.label).copied().unwrap_or_default() {
            "DNS" => {
                let text = text.trim_start_matches(':').trim_start();
                if let Some(behind) = none(text) {
                    dns = Some(dns.unwrap_or_default());
                    length = value(&it.value).len() - behind.len();
                } else if !text.is_empty() {
                    // `DNS` in a sentence.
                    continue;
                }
            }
            "Primary" | "Secondary" => {
                let known = dns.get_or_insert_default();
                if let Some(server) = first.filter(|word| sections::is_address(word)) {
                    known.push(server.into());
                }
                length = none(line).map_or(length, |behind| line.len() - behind.len());
            }
            "IP Address" => {
                address = address.or(first.filter(|word| sections::is_address(word)).map(Arc::from))
            }
            "Domain" => {
                domain = first.filter(|word| sections::is_host(word) && none(line).is_none()).map(Arc::from);
                length = none(line).map_or(length, |behind| line.len() - behind.len());
            }
            "Mode" | "Options" | "Gateway" => length = line.len(),
            // Another interface has its own settings.
            "Ethernet" if !text.starts_with('0') => break,
            _ => {}
        }
        n_own += usize::from(!is(it.label, "Ethernet") && !is(it.label, "DNS"));
        reach = it.value.start + length;
    }
    let Some(dns_servers) = dns.filter(|dns| n_own >= 2 || commanded && (n_own > 0 || dns.is_empty())) else {
        return;
    };
    let from = labels.first().map_or(0, |first| first.start);
    if commanded {
        let behind = section.behind(COMMAND).unwrap_or_default();
        passages.known(section.head(behind));
    }
    let range = section.start + from..section.start + reach.max(from);
    passages.platform(range, PlatformLine::Network { dns_servers, domain, address });
    passages.known(section.closing.clone().unwrap_or_default());
}

/// A word that is set; `None` for what stands for nothing.
fn set(word: &str) -> Option<&str> {
    (!word.is_empty() && !["none", "n/a", "-", "0.0.0.0"].iter().any(|no| word.eq_ignore_ascii_case(no)))
        .then_some(word)
}

/// What stands behind words that say that nothing is set.
fn none(text: &str) -> Option<&str> {
    let behind =
        ["Not Configured", "None", "N/A", "disabled"].iter().find_map(|no| sections::behind(text, no))?;
    Some(behind.strip_prefix('.').unwrap_or(behind))
}

#[cfg(test)]
mod tests {
    use super::super::sections::tests::{check_broken, check_covered, flat, said};
    use super::*;
    use crate::event::Says;

    #[track_caller]
    fn check(text: &str, expected: Option<(&[&str], Option<&str>, Option<&str>)>) {
        let said = said(&FORMAT, text);
        let found: Vec<_> = (said.iter())
            .map(|says| match says {
                Says::Platform(PlatformLine::Network { dns_servers, domain, address }) => (
                    dns_servers.iter().map(|server| server.as_ref()).collect::<Vec<_>>(),
                    domain.as_deref(),
                    address.as_deref(),
                ),
                other => panic!("{other:?}"),
            })
            .collect();
        let expected: Vec<_> =
            expected.into_iter().map(|(dns, domain, address)| (dns.to_vec(), domain, address)).collect();
        assert_eq!(found, expected, "{text}");
    }

    const BOTH: Option<(&[&str], Option<&str>, Option<&str>)> =
        Some((&["192.0.2.53", "192.0.2.54"], Some("example.com"), Some("192.0.2.10")));

    #[test]
    fn servers_domain_and_address_are_stated() {
        check(FORMAT.samples[0], BOTH);
        check(&flat(FORMAT.samples[0]), BOTH);
        check(&FORMAT.samples[0].replace('\n', "\r\n"), BOTH);
        check(&flat(FORMAT.samples[0]).replace("admin:show network eth0", ""), BOTH);
    }

    #[test]
    fn a_node_without_dns_has_no_server() {
        check(FORMAT.samples[1], Some((&[], None, Some("192.0.2.10"))));
        check(&flat(FORMAT.samples[1]), Some((&[], None, Some("192.0.2.10"))));
        check(
            "admin:show network eth0\nEthernet 0\nIP Address : 192.0.2.10 IP Mask : 255.255.255.0\nDNS : Not configured\n",
            Some((&[], None, Some("192.0.2.10"))),
        );
    }

    #[test]
    fn a_server_that_is_not_configured_is_none() {
        check(FORMAT.samples[2], Some((&["192.0.2.53"], Some("example.com"), None)));
    }

    #[test]
    fn an_output_that_is_cut_before_dns_says_nothing_of_it() {
        check(
            "admin:show network eth0\nEthernet 0\nDHCP : disabled Status : up\nIP Address : 192.0.2.10\n",
            None,
        );
    }

    #[test]
    fn other_texts_say_nothing() {
        for text in [
            "Primary : 192.0.2.53\nDomain : example.com\nDNS\n",
            "show network eth0 prints the DNS servers of Ethernet 0\n",
            "Ethernet 0 has no DNS Primary : x\n",
            "Ethernet 1\nDHCP : disabled Status : up\nDNS\nPrimary : 192.0.2.53\n",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn every_line_is_covered_and_no_cut_does_harm() {
        for text in FORMAT.samples {
            check_covered(&FORMAT, text);
            check_broken(&FORMAT, text);
        }
    }
}
