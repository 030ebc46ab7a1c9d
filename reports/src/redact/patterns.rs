//! Values behind labels, as patterns.
//!
//! Every pattern is a regular expression without back references, so that time is linear. A
//! text goes through a pattern only if the words or marks that the pattern needs are in it. No pattern tells one digit
//! from another, but for those that `memo` keeps.

use std::sync::{LazyLock, OnceLock};

use aho_corasick::AhoCorasick;
use regex::Regex;

use super::rules::Rule;

/// One pattern: group 1 or 2 is the value; without groups all of it is.
pub(super) struct Pattern {
    pub(super) rule: Rule,
    text: String,
    /// Compiled when a text first needs it: most logs need a few of them, and compiling all takes longer than searching.
    regex: OnceLock<Regex>,
    /// Words of which one must stand in the text, any case.
    words: &'static [&'static str],
}

impl Pattern {
    pub(super) fn regex(&self) -> &Regex {
        self.regex.get_or_init(|| Regex::new(&self.text).expect("a pattern of this file compiles"))
    }
}

/// Between a label and its value: `: `, `=`, `="`, `">`, `\":\"`.
const JOIN: &str = r#"\\?["'\]]?[ \t]{0,4}(?:[:=][ \t]{0,4}|>)\\?["'\[]?"#;
/// A value without blanks. Of any length: a bound makes as many copies of a class of all characters, each slow to compile.
const WORD: &str = r#"([^\s,;"'<>\[\](){}|=&#]+)"#;
/// First and last name, each with a capital letter.
const PERSON: &str = r#"((?-i:[A-ZÀ-ÖØ-ÞĀ-ž])[^\s,;:"<>\[\](){}|=&#0-9/\\]{1,40}(?:[ ](?-i:[A-ZÀ-ÖØ-ÞĀ-ž])[^\s,;:"<>\[\](){}|=&#0-9/\\]{0,40}){1,2})"#;
/// What may stand before a label: nothing of a word, or a line break as syslog escapes it.
const BEFORE: &str = "(?:^|[^a-z0-9]|#01[0-5])";

const USER: &str = "(?:audit|remote)?user(?:[ _-]?(?:id|name))?|agent(?:[ _-]?(?:id|name|login))?|login(?:[ _-]?(?:id|name))?|\
                    resource(?:[ _-]?(?:id|name))?";
const HOST: &str = "nodeid|clusterid|node ?name|node|host(?: ?name)?|server ?name|product instance name|cn";

fn labeled(rule: Rule, labels: &str, value: &str, words: &'static [&'static str]) -> Pattern {
    pattern(rule, &format!("(?i){BEFORE}(?:{labels}){JOIN}{value}"), words)
}

fn pattern(rule: Rule, text: &str, words: &'static [&'static str]) -> Pattern {
    Pattern { rule, text: text.to_owned(), regex: OnceLock::new(), words }
}

/// Every pattern.
pub(super) static PATTERNS: LazyLock<Vec<Pattern>> = LazyLock::new(|| {
    vec![
        pattern(
            Rule::Email,
            r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}",
            &["@"],
        ),
        pattern(
            Rule::Certificate,
            r"-----BEGIN [A-Z0-9 ]{1,40}-----[A-Za-z0-9+/=\s\\]*(?:-----END [A-Z0-9 ]{1,40}-----)?",
            &["-----begin "],
        ),
        labeled(Rule::Certificate, "cert(?:ificate)?", r"([A-Za-z0-9+/=_-]{24,})", &["cert"]),
        labeled(Rule::Signature, "sig(?:nature)?", r"([A-Za-z0-9+/=_-]{16,})", &["sig"]),
        // `"signature":{"type":"SHA256","value":"..."}`.
        pattern(
            Rule::Signature,
            r#"(?i)sig(?:nature)?\\?["']?[ \t]{0,4}[:=][ \t]{0,4}\{[^{}\n]{0,256}?[^a-z0-9]value\\?["']?[ \t]{0,4}[:=][ \t]{0,4}\\?["']?([a-z0-9+/=_-]{8,})"#,
            &["sig"],
        ),
        pattern(Rule::Token, r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*", &["eyj"]),
        pattern(
            Rule::Token,
            r"(?i)\b(?:basic|bearer|digest|negotiate|ntlm) ([A-Za-z0-9+/=._~-]{6,})",
            &["authorization"],
        ),
        pattern(Rule::Token, r"(?i)\bid_?token ([A-Za-z0-9+/=%._-]{8,})", &["token"]),
        labeled(
            Rule::Token,
            "id_?token|(?:registration )?token",
            r#"([^\s,;"'<>\[\](){}|&]{8,})"#,
            &["token"],
        ),
        labeled(
            Rule::Token,
            "password|passwd|pwd|passphrase|secret",
            r#"([^\s,;"'<>\[\](){}|&]+)"#,
            &["pass", "pwd", "secret"],
        ),
        labeled(Rule::Token, "nonce", r"([A-Za-z0-9+/=_-]{8,})", &["nonce"]),
        labeled(Rule::Token, "jsessionid(?:sso)?", r"([A-Za-z0-9+/=._!-]{6,})", &["jsession"]),
        // The query of an address.
        pattern(
            Rule::Token,
            r#"(?i)(?:[?&]|&amp;)(?:tok|(?:access_?|id_?|auth_?)?token|auth|(?:api_?)?key|sig|signature|secret|password|passwd|pwd)=([^\s&;,"'<>#\[\](){}|]{3,512})"#,
            &["tok=", "token=", "auth=", "key=", "sig=", "signature=", "secret=", "passw", "pwd="],
        ),
        // `http://user:password@host`: who asks, and with what.
        pattern(Rule::Token, r"[a-z]{2,8}://[^\s/@:]{1,64}:([^\s/@]{1,64})@", &["://"]),
        pattern(Rule::User, r"[a-z]{2,8}://([^\s/@:]{1,64})(?::[^\s/@]{0,64})?@", &["://"]),
        labeled(Rule::Host, HOST, WORD, &["node", "host", "server", "cluster", "instance", "cn="]),
        pattern(Rule::Host, r"UnknownHostException: ([^\s,;:]+)", &["unknownhost"]),
        // What follows may be a sentence; a name in it has a digit or a mark.
        pattern(
            Rule::Host,
            r"create provider -- ([A-Za-z0-9_-]{0,64}[0-9._-][A-Za-z0-9._-]{0,128})",
            &["provider"],
        ),
        pattern(Rule::Host, r"[a-z]{2,8}://(?:[^\s/@]+@)?([A-Za-z0-9_.-]{1,253})", &["://"]),
        pattern(
            Rule::Udi,
            r"\b(?:PID|P):[A-Za-z0-9_./-]{1,32},(?:SN|S):([A-Za-z0-9_-]{1,64})",
            &["pid:", "p:"],
        ),
        pattern(Rule::Udi, r"\bC[A-Z]-Z[A-Z]{1,12}:([0-9A-Za-z]{6,32}(?:-[0-9A-Za-z-]{1,32})?)", &["-z"]),
        labeled(
            Rule::Serial,
            "(?:udi_)?sn|(?:chassis|udi)?_?serial(?:[ _-]?(?:number|num|no))?",
            r#"([A-Za-z0-9_-]{3,64})"#,
            &["sn", "serial"],
        ),
        // Behind a blank only what has the shape of Cisco's serial numbers.
        pattern(
            Rule::Serial,
            r"(?i)(?:^|[^a-z0-9])(?:sn|(?:chassis|udi)?_?serial(?:[ _-]?(?:number|num|no))?)[ \t]{1,4}([a-z]{3}[0-9][a-z0-9]{7})\b",
            &["sn", "serial"],
        ),
        pattern(Rule::Piid, r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}", &["-"]),
        labeled(
            Rule::Piid,
            "piid|uuid|product instance id(?:entifier)?",
            r"([0-9A-Za-z._-]{3,64})",
            &["piid", "uuid", "product instance"],
        ),
        pattern(
            Rule::Account,
            r#"(?i)(?:smart|virtual)[ _]?account(?:[ _]?name)?\\?"?[ \t]*[:=>][ \t]*\\?"?([^\s,;"'<>\[\]{}\\][^\n\r\t,;"<>\[\]{}\\]{0,127}?)(?:[ ]{2,}|[ ](?:virtual account|smart account|export|product instance|registration|last |next |initial |serial)|[\n\r\t,;"<>\[\]{}\\]|$)"#,
            &["account"],
        ),
        pattern(Rule::Account, r#"\bOU?=("[^"\n]+"|[^,\n/"+]+)"#, &["o=", "ou="]),
        // Behind a blank only what quotes or brackets hold.
        pattern(
            Rule::Account,
            r#"(?i)(?:smart|virtual)[ _]?account(?:[ _]?name)?[ \t]{1,4}(?:\\?["']([^"'\n\\]{1,128})|\(((?-i:[A-Z0-9À-ÖØ-Þ])[^()\n]{0,127})\))"#,
            &["account"],
        ),
        pattern(
            Rule::Phone,
            r"\+[1-9][0-9]{7,14}|\+[1-9][0-9]{0,2}[ -]\(?[0-9]{2,5}\)?[ -][0-9]{3,10}(?:[ -][0-9]{1,8})?",
            &["+"],
        ),
        pattern(
            Rule::Phone,
            r#"(?i)(?:^|[^a-z0-9])(?:(?:tele)?phone|extension|ext|dn|ani|dnis|(?:calling|called|caller|callee|dialed|dialled)(?:[ _-]?(?:party|line|id))?)(?:[ _]?(?:number|num))?\\?["'\]]?(?:[ \t]{0,4}[:=>][ \t]{0,4}|[ \t])\\?["'\[]?(\+?[0-9*#]{2,20}(?:[-/][0-9]{2,8}){0,6})"#,
            &["phone", "ext", "dn", "ani", "call", "dial"],
        ),
        labeled(Rule::User, USER, WORD, &["user", "agent", "login", "resource"]),
        // In quotes a name may hold blanks.
        pattern(
            Rule::User,
            &format!(
                r#"(?i)(?:^|[^a-z0-9])(?:{USER})\\?["']?[ \t]{{0,4}}[:=]?[ \t]{{0,4}}(?:"([^"\n\\]{{1,128}})"|'([^'\n]{{1,128}})')"#
            ),
            &["user", "agent", "login", "resource"],
        ),
        // Behind a blank only what is no word of a sentence: it holds a digit or a mark.
        pattern(
            Rule::User,
            &format!(
                r"(?i)(?:^|[^a-z0-9])(?:{USER})[ ]([a-z]{{1,32}}(?:[0-9]|[._][a-z0-9]|\\{{1,4}}[a-z0-9])[a-z0-9._\\@-]{{0,64}})"
            ),
            &["user", "agent", "login", "resource"],
        ),
        pattern(Rule::User, r"(?i)(?:/home/|/users/|\\users\\)([^/\\\s]+)", &["home", "users"]),
        labeled(Rule::User, "samaccountname|userprincipalname", WORD, &["samaccount", "userprincipal"]),
        // A domain before the name: the name alone stands elsewhere. `\n` and its like are line breaks.
        pattern(
            Rule::User,
            &format!(
                r#"(?i)(?:^|[^a-z0-9])(?:{USER})(?:{JOIN}|[ ])[a-z0-9._-]{{1,64}}\\{{1,4}}([ac-eg-mo-qsv-z0-9][a-z0-9._-]{{0,64}})"#
            ),
            &["user", "agent", "login", "resource"],
        ),
        pattern(
            Rule::Host,
            &format!(
                r#"(?i)(?:^|[^a-z0-9])(?:{USER})(?:{JOIN}|[ ])([a-z0-9_-]{{4,64}})\\{{1,4}}[ac-eg-mo-qsv-z0-9]"#
            ),
            &["user", "agent", "login", "resource"],
        ),
        // First and last name, behind a label of their own or behind the agent.
        labeled(
            Rule::User,
            "(?:agent|user|resource|caller|full|display|first|last)[ _-]?name",
            PERSON,
            &["agent", "user", "resource", "caller", "full", "display", "first", "last"],
        ),
        pattern(
            Rule::User,
            &format!(
                r#"(?i)(?:^|[^a-z0-9])(?:{USER}){JOIN}[^\s,;"'<>\[\](){{}}|=&#]{{1,128}}["'\]]?[ ,;]{{0,3}}["'\[]?name{JOIN}{PERSON}"#
            ),
            &["user", "agent", "login", "resource"],
        ),
    ]
});

/// The words of [`PATTERNS`], and for each the patterns that it opens.
pub(super) static GATE: LazyLock<(AhoCorasick, Vec<u64>)> = LazyLock::new(|| {
    let mut words: Vec<&str> = PATTERNS.iter().flat_map(|pattern| pattern.words.iter().copied()).collect();
    words.sort_unstable();
    words.dedup();
    let opens = words.iter().map(|word| {
        PATTERNS
            .iter()
            .enumerate()
            .filter(|(_, p)| p.words.contains(word))
            .fold(0, |bits, (at, _)| bits | 1 << at)
    });
    let opens = opens.collect();
    let gate = AhoCorasick::builder().ascii_case_insensitive(true).build(&words).expect("a few short words");
    (gate, opens)
});
