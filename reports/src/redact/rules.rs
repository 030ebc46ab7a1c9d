//! The rules of redaction: what each replaces, and the words that no rule may replace in free text.

use std::collections::HashSet;
use std::sync::LazyLock;

use history::facts::Facts;

use crate::assemble::{Tables, assemble};
use crate::render::{Options, RENDERERS};
use crate::report::Tool;

/// One kind of value that tells who the customer is.
///
/// Where two rules find the same bytes, the earlier one names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// E-mail addresses: `jane@acme.com` becomes `user-….d-…` at a pseudonymous domain. Not covered: addresses without `@`.
    Email,
    /// Host and domain names with dots: every label is keyed over its suffix, so parent and child stay related. Not
    /// covered: names whose last label is no top-level domain, unless their domain was learned.
    Domain,
    /// IPv4 addresses; networks of 24 and of 16 bits stay together, inside 240.0.0.0/4. Not covered: an address directly
    /// behind the word "version", and one in hexadecimal.
    Ipv4,
    /// IPv6 addresses, inside 2001:db8::/32; networks of 64 bits stay together.
    Ipv6,
    /// MAC addresses in colons, dashes or Cisco's dots; not covered: twelve digits without a mark.
    Mac,
    /// Product Instance identifiers and bare UUIDs. Not covered: the UUID of an entitlement tag, which is the product's.
    Piid,
    /// Short host names, learned from nodes, aliases, URLs and labels such as `[NodeID=…]`.
    Host,
    /// Registration tokens, passwords, `Authorization` headers, JWTs, nonces, sessions and secrets in addresses. Not
    /// covered: secrets that no label names.
    Token,
    /// PEM blocks and long base64.
    Certificate,
    /// Values behind the label signature.
    Signature,
    /// Serial numbers behind SN, serial and ChassisSerial.
    Serial,
    /// The serial number in a UDI or a reservation request code; the PID stays. Named as the serial number is.
    Udi,
    /// Smart Account, Virtual Account, and organizations of certificates.
    Account,
    /// Numbers with `+`, and numbers behind labels such as `extension`. Not covered: bare numbers.
    Phone,
    /// Values behind labels such as user, agent, login and resource. Not covered: names without a label, until one was
    /// seen behind a label.
    User,
    /// Paths of the sources; only the file's ending stays.
    Path,
}

impl Rule {
    /// Every rule, in order.
    pub const ALL: [Self; 16] = [
        Self::Email,
        Self::Domain,
        Self::Ipv4,
        Self::Ipv6,
        Self::Mac,
        Self::Piid,
        Self::Host,
        Self::Token,
        Self::Certificate,
        Self::Signature,
        Self::Serial,
        Self::Udi,
        Self::Account,
        Self::Phone,
        Self::User,
        Self::Path,
    ];

    /// The name in reports and maps.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Domain => "domain",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Mac => "mac",
            Self::Piid => "piid",
            Self::Host => "host",
            Self::Token => "token",
            Self::Certificate => "certificate",
            Self::Signature => "signature",
            Self::Serial => "serial",
            Self::Udi => "udi",
            Self::Account => "account",
            Self::Phone => "phone",
            Self::User => "user",
            Self::Path => "path",
        }
    }

    /// The rule of that name; `None` if there is none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// Under which rule a value is named: a UDI holds the serial number that other lines print alone.
    pub(super) fn family(self) -> Self {
        if self == Self::Udi { Self::Serial } else { self }
    }
}

/// What stays, as the redaction section says it.
pub(super) const KEPT: [&str; 6] = [
    "Cisco's public hosts (cisco.com and below), localhost, 127.0.0.0/8, 0.0.0.0, ::, ::1, and addresses in \
     240.0.0.0/4 (netmasks and pseudonyms) and 2001:db8::/32.",
    "Java package and class names, version numbers, times, line formats, product and file names of Cisco, entitlement \
     tags.",
    "A host or user whose name is a word of the product or of these reports (such as uccx, pub, node, admin), or has \
     fewer than three characters, is replaced in fields, behind labels and in names with dots, and stays in free text.",
    "Numbers of fewer than seven digits (such as extensions) are replaced behind their labels and stay in free text.",
    "Line numbers, offsets and lengths of evidence stay; its hashes are keyed.",
    "The endings of source files stay.",
];

/// What no rule finds, as the redaction section says it.
pub(super) const NOT_COVERED: [&str; 4] = [
    "Names that no structure and no label names, such as the name of the customer in free text or in a folder.",
    "Labels in other languages, and user names of letters alone behind a label and a blank.",
    "Pictures and other binary members.",
    "Values that are cut by a line break or by the end of a shortened text.",
];

/// Words of the product and of our own sentences, sorted: as a name they cannot be told from the word.
const WORDS: [&str; 132] = [
    "account",
    "active",
    "admin",
    "administrator",
    "agent",
    "agents",
    "alarm",
    "alert",
    "alerts",
    "all",
    "and",
    "any",
    "application",
    "are",
    "authorization",
    "authorized",
    "bundle",
    "call",
    "ccm",
    "ccx",
    "ccxuser",
    "certificate",
    "check",
    "checks",
    "cisco",
    "class",
    "client",
    "clock",
    "cluster",
    "collect",
    "com",
    "compliance",
    "config",
    "contact",
    "count",
    "cpu",
    "cssm",
    "cucm",
    "cuic",
    "cvd",
    "daemon",
    "data",
    "database",
    "date",
    "debug",
    "default",
    "device",
    "disabled",
    "dns",
    "domain",
    "down",
    "email",
    "enabled",
    "engine",
    "error",
    "event",
    "events",
    "evidence",
    "example",
    "expired",
    "fail",
    "failed",
    "failure",
    "false",
    "file",
    "files",
    "for",
    "from",
    "guest",
    "has",
    "host",
    "http",
    "https",
    "info",
    "instance",
    "ipv4",
    "ipv6",
    "license",
    "local",
    "localhost",
    "log",
    "login",
    "logs",
    "madm",
    "mcvd",
    "member",
    "mivr",
    "name",
    "network",
    "node",
    "none",
    "not",
    "ntp",
    "null",
    "path",
    "phone",
    "piid",
    "primary",
    "product",
    "proxy",
    "pub",
    "publisher",
    "read",
    "registered",
    "report",
    "resource",
    "root",
    "secondary",
    "serial",
    "server",
    "service",
    "signature",
    "smart",
    "source",
    "state",
    "status",
    "sub",
    "subscriber",
    "syslog",
    "system",
    "test",
    "the",
    "time",
    "token",
    "tomcat",
    "true",
    "uccx",
    "unknown",
    "user",
    "version",
    "was",
    "with",
];

/// Whether a lower-case word is one of the product or of our sentences.
pub(super) fn is_common(word: &str) -> bool {
    // A word of ours is letters alone, and making all of them takes longer than most names are worth.
    WORDS.binary_search(&word).is_ok()
        || (word.bytes().all(|byte| byte.is_ascii_alphabetic()) && OWN.contains(word))
}

/// Every word that a report of nothing holds, in any format: headings, remedies, the script of the page.
static OWN: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let tool = Tool { name: "uccxray".to_owned(), version: String::new() };
    let nothing = assemble(&Facts::default(), &Tables::default(), tool);
    let mut words: HashSet<String> = HashSet::new();
    for renderer in RENDERERS {
        let page = renderer.to_string(&nothing, &Options::default()).to_ascii_lowercase();
        for word in page.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| word.len() >= 3) {
            // Most words come many times.
            if !words.contains(word) {
                words.insert(word.to_owned());
            }
        }
    }
    words
});

/// Whether a name can be looked for in free text.
pub(super) fn is_searchable(rule: Rule, name: &str) -> bool {
    let digits = name.bytes().all(|byte| byte.is_ascii_digit());
    let lower = name.to_ascii_lowercase();
    let long_enough = name.chars().count() >= 3 && (!digits || name.len() >= 7);
    // A folder called `logs` or a password called `expired` would take words out of every sentence.
    let plain = lower.bytes().all(|byte| byte.is_ascii_alphabetic());
    let own_kind =
        !matches!(rule, Rule::Path | Rule::Token) || !plain || (rule == Rule::Token && name.len() >= 12);
    long_enough && own_kind && !is_common(&lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rules_are_read_back_and_words_are_sorted() {
        for rule in Rule::ALL {
            assert_eq!(Rule::named(rule.name()), Some(rule));
        }
        assert!(Rule::ALL.is_sorted());
        assert!(WORDS.is_sorted(), "binary search needs order");
    }

    #[test]
    fn words_of_the_product_and_short_names_are_not_searched() {
        for word in ["uccx", "UCCX", "pub", "ab", "2001", "admin"] {
            assert!(!is_searchable(Rule::Host, word), "{word}");
        }
        for word in ["uccx1", "uccxpub", "jsmith"] {
            assert!(is_searchable(Rule::Host, word), "{word}");
        }
    }
}
