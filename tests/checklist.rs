//! The checklist as a whole: which sample proves which answer, and the pages that explain each check, signature and
//! alarm. Both are generated from the data; `UPDATE_EXPECT=1` writes them again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use parsers::catalog::Catalog;
use reports::explain::{ExplanationKind, markdown};
use uccxray::explain;

use crate::support::case;
use crate::support::expect::expect_file;
use crate::support::{Dir, Ran, root, run, uccxray};

/// The answers that every check must have a sample of.
const ANSWERS: [&str; 3] = ["pass", "fail", "no_evidence"];

/// The samples that give each answer of each check, by name. What samples give is tested elsewhere against the same
/// files.
fn proofs() -> BTreeMap<(String, String), Vec<String>> {
    let mut out: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for case in case::all() {
        let text = fs::read_to_string(case.dir.join("expected/checks.txt")).unwrap_or_default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let (Some(id), Some(answer)) = (words.next(), words.next()) else { continue };
            let samples = out.entry((id.to_owned(), answer.to_owned())).or_default();
            if samples.last() != Some(&case.name) {
                samples.push(case.name.clone());
            }
        }
    }
    out
}

#[test]
fn every_check_has_a_sample_that_passes_one_that_fails_and_one_that_cannot_tell() {
    let proofs = proofs();
    let mut page = String::from(
        "# The checklist\n\nEach check, and a sample that gives each answer; generated, and tested for empty cells.\n\n\
         | check | passes | fails | cannot tell |\n| --- | --- | --- | --- |\n",
    );
    let mut empty = Vec::new();
    for check in reports::CHECKS {
        let cells = ANSWERS.map(|answer| {
            let of = proofs.get(&(check.id.to_owned(), answer.to_owned()));
            // A sample of few files shows it best.
            let best =
                of.and_then(|all| all.iter().min_by_key(|name| (name.contains("kitchen"), (*name).clone())));
            match best {
                Some(name) => format!("[{name}](../samples/{name})"),
                None => {
                    empty.push(format!("{}: {answer}", check.id));
                    String::new()
                }
            }
        });
        page.push_str(&format!("| [{0}](checks/{0}.md) | {1} |\n", check.id, cells.join(" | ")));
    }
    assert!(empty.is_empty(), "no sample for {empty:#?}");
    let mut wrong = Vec::new();
    expect_file(&root().join("docs/checklist.md"), &page, &mut wrong);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_check_signature_and_alarm_has_its_page_and_no_page_is_left_over() {
    let catalog = Catalog::built_in();
    let mut wrong = Vec::new();
    let mut pages: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for it in explain::all(&catalog) {
        let folder = match it.kind {
            ExplanationKind::Check => "checks",
            ExplanationKind::Signature => "signatures",
            ExplanationKind::Mnemonic => "alarms",
        };
        let name = format!("{}.md", it.name);
        let mut text = String::new();
        markdown(&it, &mut text).unwrap();
        expect_file(&root().join("docs").join(folder).join(&name), &text, &mut wrong);
        pages.entry(folder).or_default().insert(name);
    }
    for (folder, expected) in pages {
        let entries = fs::read_dir(root().join("docs").join(folder)).unwrap();
        let there: BTreeSet<String> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        if there != expected {
            wrong.push(format!("docs/{folder}: {:?} are left over", there.difference(&expected)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs the program in a folder of its own.
fn uccxray_says(args: &[&str]) -> Ran {
    run(uccxray(Dir::new().path()).args(args))
}

/// What `explain` prints is what the page says.
#[test]
fn the_command_prints_the_page() {
    let ran = uccxray_says(&["explain", "dns-a-record", "--format", "md"]);
    let page = fs::read_to_string(root().join("docs/checks/dns-a-record.md")).unwrap();
    assert_eq!(ran.exits(0).text(), page);
    let ran = uccxray_says(&["explain", "SYSTEM_IN_OOC_STATE"]);
    assert!(ran.exits(0).text().contains("Out of Compliance"));
    let ran = uccxray_says(&["explain", "dns-record"]);
    assert!(ran.exits(2).stderr.contains("near to it: dns-a-record"));
    // Without a name: the list on a screen, everything in one document for a program.
    let ran = uccxray_says(&["explain"]);
    let listed = ran.exits(0).text().lines().count();
    let ran = uccxray_says(&["explain", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(ran.exits(0).text()).unwrap();
    assert_eq!(document["explanations"].as_array().unwrap().len(), listed);
}

#[test]
fn a_catalog_that_is_not_sound_is_refused_with_its_place() {
    let laid = case::all().into_iter().find(|case| case.name == "own-signature").unwrap();
    let dir = laid.lay_out();
    let lint = |dir: &std::path::Path| uccxray_says(&["catalog", "lint", "--catalog", dir.to_str().unwrap()]);
    let folder = dir.dir.path().join("catalog");
    assert!(lint(&folder).exits(0).text().contains("1 of them your own: sound"));
    let file = folder.join("firewall.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("class = \"timeout\"", "class = \"refused\"")).unwrap();
    let ran = lint(&folder);
    assert!(
        ran.exits(78)
            .stderr
            .contains("firewall.toml: own-policy-drop: it refines connect-timed-out and must keep")
    );
}
