//! What no compiler checks: who imports whom, who reads the clock, what files must say, what samples must not hold.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::root;

/// A file of more lines than this is worth a thought.
const LINES_MAX: usize = 600;

/// Files with an ending below a folder of the repository, by path; what builds leave behind is not ours.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    fn walk(dir: &Path, ending: &str, out: &mut Vec<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(dir) else { return };
        for entry in entries {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_symlink() || name == "target" || name.starts_with(".git") {
                continue;
            }
            if path.is_dir() {
                walk(&path, ending, out);
            } else if name.ends_with(ending) {
                out.push(path);
            }
        }
    }
    let mut out = Vec::new();
    walk(&root().join(folder), ending, &mut out);
    out.sort();
    out
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The dependencies that a manifest names, less those of its tests.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let table: toml::Table = toml::from_str(&text(&root().join(manifest))).unwrap();
    let names = |key: &str| table.get(key).and_then(toml::Value::as_table).cloned().unwrap_or_default();
    names("dependencies").into_iter().chain(names("build-dependencies")).map(|(name, _)| name).collect()
}

/// A row of the import table: `may` are our own crates, `never` are others.
#[track_caller]
fn check(manifest: &str, may: &[&str], never: &[&str]) {
    let has = dependencies(manifest);
    for ours in ["parsers", "history", "frames", "live", "reports", "pdf", "uccxray"] {
        assert!(!has.contains(ours) || may.contains(&ours), "{manifest} imports {ours}");
    }
    for other in never {
        let found: Vec<&String> = has.iter().filter(|name| name.starts_with(other)).collect();
        assert!(found.is_empty(), "{manifest} imports {found:?}");
    }
}

#[test]
fn crates_import_what_the_table_allows() {
    let shell =
        ["clap", "indicatif", "notify", "terminal_size", "tokio", "zip", "tar", "flate2", "libdeflater"];
    let no_polars: Vec<&str> = shell.into_iter().chain(["polars"]).collect();
    check("parsers/Cargo.toml", &[], &no_polars);
    check("pipeline/history/Cargo.toml", &["parsers"], &[no_polars.as_slice(), &["nom", "regex"]].concat());
    check(
        "pipeline/frames/Cargo.toml",
        &["parsers", "history"],
        &[shell.as_slice(), &["nom", "regex"]].concat(),
    );
    // Redaction finds names in texts of any kind by expressions; checks and renderers have none.
    check("reports/Cargo.toml", &["parsers", "history"], &[no_polars.as_slice(), &["nom", "typst"]].concat());
    check("reports/pdf/Cargo.toml", &["reports"], &[no_polars.as_slice(), &["nom", "regex"]].concat());
    check(
        "pipeline/live/Cargo.toml",
        &["parsers", "history", "reports"],
        &["clap", "indicatif", "polars", "zip", "tar", "nom", "regex"],
    );
    check(
        "Cargo.toml",
        &["parsers", "history", "frames", "live", "reports", "pdf"],
        &["polars", "nom", "regex"],
    );
}

/// One crate knows polars, and one list names its features: another list is another long build.
#[test]
fn polars_is_a_dependency_of_one_crate_with_one_list_of_features() {
    let with_polars: Vec<String> = files("", "Cargo.toml")
        .iter()
        .filter(|path| dependencies(&shown(path)).iter().any(|name| name.starts_with("polars")))
        .map(|path| shown(path))
        .collect();
    assert_eq!(with_polars, ["pipeline/frames/Cargo.toml"]);
    let manifest = text(&root().join("pipeline/frames/Cargo.toml"));
    assert!(manifest.contains("polars.workspace = true"), "{manifest}");
}

/// `reports` may know where a fact stands, not how a line is read.
#[test]
fn reports_use_no_grammar() {
    for path in files("reports/src", ".rs") {
        let text = text(&path);
        for module in ["parsers::formats", "parsers::reader", "parsers::gate", "parsers::mnemonics"] {
            assert!(!text.contains(module), "{} uses {module}", shown(&path));
        }
    }
}

#[test]
fn only_one_file_reads_the_clock() {
    let mut readers = BTreeSet::new();
    for folder in ["src", "parsers/src", "pipeline", "reports/src"] {
        for path in files(folder, ".rs") {
            let text = text(&path);
            // A stop watch is no clock: it tells no time of day.
            if ["SystemTime::now", "Utc::now", "Local::now", "now_utc", "UNIX_EPOCH.elapsed"]
                .iter()
                .any(|call| text.contains(call))
            {
                readers.insert(shown(&path));
            }
        }
    }
    assert_eq!(readers, BTreeSet::from(["src/clock.rs".to_owned()]));
}

#[test]
fn the_core_touches_no_file_and_prints_nothing() {
    for folder in ["parsers/src", "pipeline/history/src", "pipeline/frames/src", "reports/src"] {
        for path in files(folder, ".rs") {
            // Tests stand at the foot of a file, or in one of their own.
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.ends_with("tests.rs") || name == "testing.rs" {
                continue;
            }
            let text = text(&path);
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for call in
                ["std::fs", "std::net::Tcp", "std::net::Udp", "std::process", "println!", "std::env::var"]
            {
                assert!(!code.contains(call), "{} uses {call}", shown(&path));
            }
        }
    }
}

/// The names of the modules that a `mod.rs` declares.
fn modules(of: &str) -> BTreeSet<String> {
    text(&root().join(of))
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ").or_else(|| line.strip_prefix("mod ")))
        .map(|name| name.trim_end_matches(';').to_owned())
        .collect()
}

/// What formats of pastes share: how a paste is cut at its prompts.
const SHARED: &str = "sections";

/// Every file of a folder of doors is declared in its `mod.rs`, registered in its list, and says where it is from.
#[track_caller]
fn check_doors(folder: &str, registered: impl Fn(&str, &str) -> bool) {
    let index = format!("{folder}/mod.rs");
    let list = text(&root().join(&index));
    let declared = modules(&index);
    for path in files(folder, ".rs") {
        let inner = path.parent() != Some(&root().join(folder));
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if inner || name == "mod" || name == "tests" || name == SHARED {
            continue;
        }
        assert!(declared.contains(&name), "{} is not declared", shown(&path));
        assert!(registered(&list, &name), "{} is in no list of {index}", shown(&path));
        let text = text(&path);
        let doc: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        assert!(!doc.is_empty(), "{} does not say what it is", shown(&path));
    }
}

fn has_source(path: &Path) -> bool {
    text(path).lines().take_while(|line| line.starts_with("//!")).any(|line| line.starts_with("//! Source: "))
}

#[test]
fn every_format_is_registered_and_names_its_source() {
    check_doors("parsers/src/formats", |list, name| {
        list.contains(&format!("{name}::FORMAT"))
            || list.contains(&format!("{name}::{{"))
            || list.contains(&format!("{name}::NAME"))
    });
    for path in files("parsers/src/formats", ".rs") {
        // A folder of its own belongs to the format of that name, whose file says where it is from.
        let inner = path.parent() != Some(&root().join("parsers/src/formats"));
        let shared = inner || path.file_stem().is_some_and(|name| name == SHARED);
        assert!(
            shared || path.ends_with("mod.rs") || has_source(&path),
            "{} has no `Source:` line",
            shown(&path)
        );
    }
}

#[test]
fn every_check_is_registered_and_names_its_source() {
    check_doors("reports/src/checks", |list, name| list.contains(&format!("{name}::CHECK")));
    for path in files("reports/src/checks", ".rs") {
        assert!(path.ends_with("mod.rs") || has_source(&path), "{} has no `Source:` line", shown(&path));
    }
}

#[test]
fn every_renderer_is_registered() {
    check_doors("reports/src/render", |list, name| list.contains(&format!("{name}::render")));
}

/// Each check has a sample that it fails and one that lacks its evidence: else nobody has seen it speak.
#[test]
fn every_check_has_samples_that_fail_it_and_that_cannot_tell() {
    let mut failed = BTreeSet::new();
    let mut unsure = BTreeSet::new();
    for case in crate::support::case::all() {
        for check in case.run(&case.lay_out(), &["--format", "json"]).report().checks {
            match check.outcome {
                reports::report::CheckOutcome::Fail => drop(failed.insert(check.id)),
                reports::report::CheckOutcome::NoEvidence => drop(unsure.insert(check.id)),
                _ => {}
            }
        }
    }
    let all: BTreeSet<String> = reports::CHECKS.iter().map(|check| check.id.to_owned()).collect();
    let missing: Vec<&String> = all.difference(&failed).collect();
    assert!(missing.is_empty(), "no sample fails {missing:?}");
    // Which logs are there is told by the input itself: it always has an answer.
    unsure.insert("logs-collected".to_owned());
    let missing: Vec<&String> = all.difference(&unsure).collect();
    assert!(missing.is_empty(), "no sample lacks the evidence of {missing:?}");
}

/// IPv4 addresses in a text, by a scan that knows what surrounds them.
fn addresses(text: &str) -> Vec<String> {
    let pattern =
        regex::Regex::new(r"(?:^|[^0-9.])((?:[0-9]{1,3}\.){3}[0-9]{1,3})(?:$|[^0-9.]|\.(?:$|[^0-9]))")
            .unwrap();
    let mut out = Vec::new();
    let mut from = 0;
    // Matches may share the character between them.
    while let Some(found) = pattern.captures_at(text, from) {
        let address = found.get(1).unwrap();
        from = address.end();
        out.push(address.as_str().to_owned());
    }
    out
}

#[test]
fn samples_name_documentation_hosts_and_addresses_only() {
    let names = regex::Regex::new(
        r"(?i)\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|edu|gov|local|lan|corp|internal|io|in|de|uk)\b",
    )
    .unwrap();
    let ours = |name: &str| {
        let name = name.to_ascii_lowercase();
        // Java packages begin with a domain turned round.
        name == "example.com"
            || name.ends_with(".example.com")
            || name.starts_with("com.")
            || name.starts_with("java")
            || name.starts_with("org.")
            // Tags of entitlements, as Cisco's guides print them, and the name space of workbooks.
            || name == "regid.2019-06.com"
            || name == "schemas.openxmlformats.org"
    };
    let documentation = ["192.0.2.", "198.51.100.", "203.0.113.", "127.0.0.1", "0.0.0.0", "255.255.255."];
    let mut wrong = Vec::new();
    for path in files("samples", "") {
        if path.components().any(|part| part.as_os_str() == "expected") || shown(&path) == "samples/README.md"
        {
            continue;
        }
        let text = text(&path);
        for address in addresses(&text) {
            // A version such as 12.5.1.11002 is longer than an address.
            let version = address.starts_with("12.5.1.") || address.starts_with("15.0.");
            if !version && !documentation.iter().any(|prefix| address.starts_with(prefix)) {
                wrong.push(format!("{}: address {address}", shown(&path)));
            }
        }
        for name in names.find_iter(&text) {
            // The public page that a provenance cites may be named there.
            let cited = path.ends_with("case.toml") && name.as_str().eq_ignore_ascii_case("cisco.com");
            if !ours(name.as_str()) && !cited {
                wrong.push(format!("{}: name {}", shown(&path), name.as_str()));
            }
        }
        for word in ["password", "BEGIN RSA", "BEGIN CERTIFICATE", "BEGIN PRIVATE", "@gmail", "confidential"]
        {
            if text.contains(word) && !path.ends_with("make.py") && !path.ends_with("case.toml") {
                wrong.push(format!("{}: the word {word}", shown(&path)));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_address_is_found_wherever_it_stands() {
    assert_eq!(addresses("a 10.1.2.3, 192.0.2.1 10.0.0.9"), ["10.1.2.3", "192.0.2.1", "10.0.0.9"]);
    assert_eq!(addresses("12.5.1.11002-481 1.2.3 1.2.3.4.5"), Vec::<String>::new());
}

#[test]
fn no_file_holds_more_than_it_can_explain() {
    let mut long = Vec::new();
    for folder in ["src", "parsers", "pipeline", "reports", "tests", "fuzz", "xtask"] {
        for path in files(folder, ".rs") {
            let lines = text(&path).lines().count();
            if lines > LINES_MAX {
                long.push(format!("{} has {lines} lines", shown(&path)));
            }
        }
    }
    assert!(long.is_empty(), "more than {LINES_MAX} lines: {long:?}");
}

#[test]
fn every_source_file_says_what_it_is() {
    for folder in ["src", "parsers/src", "pipeline", "reports/src", "tests", "xtask"] {
        for path in files(folder, ".rs") {
            // The unit tests of a module stand in a folder of their own, and its `mod.rs` speaks for them.
            let unit_tests = folder != "tests" && path.parent().is_some_and(|dir| dir.ends_with("tests"));
            if unit_tests && !path.ends_with("mod.rs") {
                continue;
            }
            assert!(text(&path).starts_with("//!"), "{} does not begin with `//!`", shown(&path));
        }
    }
}
