//! What leaves the building: every format of a report, packs, and whether their lines are still there.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use reports::Report;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::support::{Dir, Ran, case, root, run, uccxray};

/// The sample that has everything.
fn whole_case() -> PathBuf {
    root().join("samples/kitchen-sink/bundle")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to)
        } else {
            assert!(std::fs::copy(entry.path(), to).is_ok())
        }
    }
}

/// A folder with the whole case as `bundle` and its report as `report.json`.
fn case_with_report() -> Dir {
    let dir = Dir::new();
    copy(&whole_case(), &dir.path().join("bundle"));
    run(uccxray(dir.path()).args(["bundle", "-q", "-o", "report.json"])).exits(0);
    dir
}

fn verify(dir: &Path, paths: &[&str]) -> Ran {
    run(uccxray(dir).args(["verify", "report.json", "-f", "json"]).args(paths))
}

fn not_found(ran: &Ran) -> Vec<String> {
    let lost = ran.json()["not_found"].as_array().unwrap().clone();
    lost.iter().map(|it| format!("{}:{}", it["member"].as_str().unwrap(), it["line"])).collect()
}

/// Every file below a folder with its path from there.
fn files(of: &Path) -> Vec<(String, Vec<u8>)> {
    fn walk(root: &Path, dir: &Path, out: &mut Vec<(String, Vec<u8>)>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, out);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                out.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    let mut out = Vec::new();
    walk(of, of, &mut out);
    out.sort();
    out
}

fn zip_of(folder: &Path, prefix: &str) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files(folder) {
        zip.start_file(format!("{prefix}{name}"), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn unzip(bytes: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    (0..zip.len())
        .map(|at| {
            let mut file = zip.by_index(at).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            (file.name().unwrap().into_owned(), bytes)
        })
        .collect()
}

#[test]
fn every_cited_line_of_every_sample_is_found_again() {
    let mut lines = 0;
    for sample in case::all() {
        let laid = sample.lay_out();
        if laid.stdin.is_some() || !laid.dir.path().join(&laid.path).exists() {
            continue;
        }
        let ran = sample.run(&laid, &["-f", "json"]);
        laid.dir.file("report.json", &ran.stdout);
        let beside: Vec<&str> = sample.said.beside.iter().map(String::as_str).collect();
        let ran = verify(laid.dir.path(), &[&[laid.path.as_str()], beside.as_slice()].concat());
        let said = ran.json();
        assert_eq!(said["not_found"], Value::Array(Vec::new()), "{}", sample.name);
        assert_eq!(ran.code, if said["lines"] == 0 { 3 } else { 0 }, "{}", sample.name);
        lines += said["found"].as_u64().unwrap();
    }
    assert!(lines > 400, "{lines}");
}

#[test]
fn lines_are_found_in_a_bundle_that_was_packed_again_moved_or_unpacked() {
    let dir = case_with_report();
    let zip = zip_of(&dir.path().join("bundle"), "");
    let moved = zip_of(&dir.path().join("bundle"), "case 4711/from the customer/");
    dir.file("again.zip", &zip);
    dir.file("moved.zip", moved);
    for path in ["bundle", "again.zip", "moved.zip"] {
        let ran = verify(dir.path(), &[path]).exits(0);
        assert_eq!(
            (ran.json()["lines"].as_u64(), ran.json()["moved"].as_u64()),
            (Some(31), Some(0)),
            "{path}"
        );
    }
    // The other way round, and under another name.
    run(uccxray(dir.path()).args(["again.zip", "-q", "-o", "report.json"])).exits(0);
    verify(dir.path(), &["bundle"]).exits(0);
    std::fs::rename(
        dir.path().join("bundle/uccxsub1/syslog/CiscoSyslog"),
        dir.path().join("bundle/uccxsub1/syslog/renamed"),
    )
    .unwrap();
    let ran = verify(dir.path(), &["bundle"]).exits(0);
    assert_eq!(ran.json()["moved"], 1);
}

#[test]
fn a_single_flipped_byte_in_any_cited_line_is_found_and_named() {
    let dir = case_with_report();
    let report: Report =
        serde_json::from_slice(&std::fs::read(dir.path().join("report.json")).unwrap()).unwrap();
    let mut lines: Vec<_> = report.evidence();
    lines.sort_by_key(|line| (line.member.clone(), line.offset, line.length));
    lines.dedup_by_key(|line| (line.member.clone(), line.offset, line.length));
    assert_eq!(lines.len(), 31);
    for line in lines {
        let member = line.member.as_deref().unwrap();
        let path = dir.path().join("bundle").join(member);
        let whole = std::fs::read(&path).unwrap();
        for at in [line.offset, line.offset + line.length / 2, line.offset + line.length - 1] {
            let mut bytes = whole.clone();
            bytes[usize::try_from(at).unwrap()] ^= 1;
            std::fs::write(&path, bytes).unwrap();
            let ran = verify(dir.path(), &["bundle"]).exits(4);
            assert!(not_found(&ran).contains(&format!("{member}:{}", line.line)), "byte {at} of {member}");
        }
        std::fs::write(&path, whole).unwrap();
    }
    verify(dir.path(), &["bundle"]).exits(0);
}

#[test]
fn what_is_not_there_is_told_apart_from_what_was_changed() {
    let dir = case_with_report();
    let log = dir.path().join("bundle/uccxpub/uccx/log/MCVD/Cisco001MCVD003.log");
    let whole = std::fs::read(&log).unwrap();
    std::fs::write(&log, &whole[..whole.len() / 3]).unwrap();
    let said = verify(dir.path(), &["bundle"]).exits(4).json()["not_found"][0]["why"].to_string();
    assert!(said.contains("ends before byte"), "{said}");
    std::fs::remove_file(&log).unwrap();
    let ran = run(uccxray(dir.path()).args(["verify", "report.json", "bundle"])).exits(4);
    assert!(
        ran.text().contains("NOT found") && ran.text().contains("no member of that name"),
        "{}",
        ran.text()
    );
    dir.file("report.json", "{}");
    let ran = verify(dir.path(), &["bundle"]).exits(2);
    assert!(ran.stderr.contains("report.json") && ran.stderr.contains("missing field"), "{}", ran.stderr);
}

#[test]
fn a_falsified_quotation_is_found_though_the_hash_is_right() {
    let dir = case_with_report();
    let path = dir.path().join("report.json");
    let mut report: Report = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let event = report.events.iter_mut().find(|event| !event.witnesses.is_empty()).unwrap();
    let line = event.witnesses.first_mut().unwrap();
    line.text = format!("{} Indeed.", line.text).into();
    let (member, number) = (line.member.clone().unwrap(), line.line);
    std::fs::write(&path, serde_json::to_vec(&report).unwrap()).unwrap();
    let ran = verify(dir.path(), &["bundle"]).exits(4);
    assert_eq!(not_found(&ran), [format!("{member}:{number}")]);
    assert_eq!(ran.json()["not_found"][0]["why"], "the quoted text is not what the line says");
}

#[test]
fn a_json_reader_gets_one_document_whatever_is_wrong() {
    let dir = case_with_report();
    let says = |ran: Ran, what: &str| {
        let said = ran.exits(2).json();
        assert_eq!((said["lines"].as_u64(), said["schema_version"].as_str()), (Some(0), Some("1.0")));
        assert!(said["incomplete"][0].as_str().unwrap().contains(what), "{said}");
    };
    says(verify(dir.path(), &["absent"]), "absent");
    dir.file("report.json", "{}");
    says(verify(dir.path(), &["bundle"]), "missing field");
    std::fs::remove_file(dir.path().join("report.json")).unwrap();
    says(verify(dir.path(), &["bundle"]), "report.json");
}

#[test]
fn a_file_of_the_same_name_is_not_called_the_cited_one() {
    let dir = case_with_report();
    let whys = |paths: &[&str], member: &str| -> Vec<String> {
        let ran = verify(dir.path(), paths).exits(4);
        let lost = ran.json()["not_found"].as_array().unwrap().clone();
        let of = lost.iter().filter(|it| it["member"].as_str().unwrap() == member);
        of.map(|it| it["why"].as_str().unwrap().to_owned()).collect()
    };
    let of_both = "uccxpub/syslog/CiscoSyslog";
    // The part of one node alone: its own lines are found, and the other node's file is not there.
    let said = whys(&["bundle/uccxsub1"], of_both);
    assert!(!said.is_empty());
    for why in said {
        assert!(
            why.starts_with("no member of that path was read; syslog/CiscoSyslog, of the same name"),
            "{why}"
        );
    }
    assert!(whys(&["bundle/uccxsub1"], "uccxsub1/syslog/CiscoSyslog").is_empty());
    // Nothing tells whose file it is.
    dir.file("part/syslog/CiscoSyslog", "x".repeat(1 << 16));
    for why in whys(&["part"], of_both) {
        assert!(why.contains("it may be another file"), "{why}");
    }
    // A line of the file is found: then the lines beside it were changed.
    let log = dir.path().join("bundle").join(of_both);
    let report: Report =
        serde_json::from_slice(&std::fs::read(dir.path().join("report.json")).unwrap()).unwrap();
    let first = report.evidence().into_iter().filter(|line| line.member.as_deref() == Some(of_both));
    let first = first.min_by_key(|line| line.offset).unwrap();
    let mut bytes = std::fs::read(&log).unwrap();
    bytes[usize::try_from(first.offset).unwrap()] ^= 1;
    std::fs::write(&log, bytes).unwrap();
    assert_eq!(whys(&["bundle/uccxpub"], of_both), ["the bytes in syslog/CiscoSyslog are others"]);
}

#[test]
fn a_pack_holds_what_a_case_needs_and_its_bytes_depend_on_the_input_alone() {
    let dir = case_with_report();
    for (name, jobs) in [("a.zip", "1"), ("b.zip", "4")] {
        run(uccxray(dir.path()).args(["pack", "bundle", "-q", "--jobs", jobs, "-o", name])).exits(0);
    }
    let bytes = std::fs::read(dir.path().join("a.zip")).unwrap();
    assert!(bytes == std::fs::read(dir.path().join("b.zip")).unwrap(), "two packs differ");
    let pack = unzip(&bytes);
    let manifest: Value = serde_json::from_slice(&pack["manifest.json"]).unwrap();
    let listed = manifest["files"].as_array().unwrap();
    assert_eq!(listed.len() + 1, pack.len());
    for entry in listed {
        let bytes = &pack[entry["path"].as_str().unwrap()];
        let sha256 = reports::report::Sha256(Sha256::digest(bytes).into()).text();
        assert_eq!(
            (entry["bytes"].as_u64().unwrap(), entry["sha256"].as_str().unwrap()),
            (bytes.len() as u64, &*sha256)
        );
    }
    for name in ["summary.md", "report.json", "report.html", "collect.md", "outputs/uccxpub/cli/session.txt"]
    {
        assert!(pack.contains_key(name), "{name} is not in {:?}", pack.keys());
    }
    assert!(pack["report.pdf"].starts_with(b"%PDF-1.7"));
    // Lines of the pack prove the report of the pack.
    dir.file("report.json", &pack["report.json"]);
    verify(dir.path(), &["bundle"]).exits(0);
    let report: Report = serde_json::from_slice(&pack["report.json"]).unwrap();
    for line in report.evidence() {
        let member = line.member.as_deref().unwrap();
        let Some(quoted) = pack.get(&format!("lines/{member}.txt")) else {
            assert!(pack.contains_key(&format!("outputs/{member}")), "{member}");
            continue;
        };
        let mark = format!("> {:>8} | ", line.line);
        assert!(String::from_utf8_lossy(quoted).contains(&mark), "{mark} is not in the lines of {member}");
    }
    let quoted =
        String::from_utf8_lossy(&pack["lines/uccxpub/uccx/log/MCVD/Cisco001MCVD001.log.txt"]).into_owned();
    assert!(quoted.lines().filter(|line| line.starts_with("  ")).count() >= 5, "{quoted}");
}

#[test]
fn a_pack_stays_within_its_size_and_names_what_it_leaves_out() {
    let dir = case_with_report();
    let args = ["pack", "bundle", "-q", "--max-size", "40KiB", "-o", "folder"];
    let ran = run(uccxray(dir.path()).args(args)).exits(4);
    assert!(ran.stderr.contains("left out of the pack: report.pdf"), "{}", ran.stderr);
    let packed = files(&dir.path().join("folder"));
    let [(name, bytes)] = packed.as_slice() else { panic!("{packed:?}") };
    assert_eq!(name, "uccxray-uccxpub-2026-04-02T05-52.zip");
    assert!(bytes.len() <= 40 << 10, "{}", bytes.len());
    let pack = unzip(bytes);
    let manifest: Value = serde_json::from_slice(&pack["manifest.json"]).unwrap();
    assert!(pack.contains_key("summary.md") && !pack.contains_key("report.pdf"));
    let left_out: Vec<&str> =
        manifest["left_out"].as_array().unwrap().iter().map(|it| it["path"].as_str().unwrap()).collect();
    assert!(left_out.contains(&"report.pdf"), "{left_out:?}");
}

#[test]
fn a_pack_quotes_hostile_lines_without_their_effect_and_stays_inside_its_folder() {
    let dir = Dir::new();
    copy(&root().join("samples/hostile-text/bundle"), &dir.path().join("bundle"));
    run(uccxray(dir.path()).args(["pack", "bundle", "-q", "-o", "a.zip"])).exits(0);
    for (name, bytes) in unzip(&std::fs::read(dir.path().join("a.zip")).unwrap()) {
        assert!(!name.starts_with('/') && !name.split('/').any(|part| part == ".."), "{name}");
        if name.starts_with("outputs/") || name.ends_with(".pdf") {
            continue;
        }
        let text = String::from_utf8(bytes).unwrap();
        let hidden = text.chars().find(|c| *c != '\n' && reports::escape::is_hidden(*c));
        assert_eq!(hidden, None, "{name}");
    }
}

#[test]
fn all_formats_come_from_one_reading() {
    let dir = case_with_report();
    let names = ["a.html", "a.pdf", "a.md", "a.txt", "a.json", "a.sarif", "a.xml", "a.csv", "events.parquet"];
    let outputs: Vec<&str> = names.iter().flat_map(|name| ["-o", name]).collect();
    run(uccxray(dir.path()).args(["bundle", "-q"]).args(outputs)).exits(0);
    let read = |name: &str| std::fs::read(dir.path().join(name)).unwrap();
    for name in names {
        assert!(read(name).len() > 500, "{name}");
    }
    let sarif: Value = serde_json::from_slice(&read("a.sarif")).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let junit = String::from_utf8(read("a.xml")).unwrap();
    assert!(junit.starts_with("<?xml") && junit.contains("name=\"ooc-now\""), "{junit}");
    assert!(read("a.json") == std::fs::read(dir.path().join("report.json")).unwrap());
    assert!(read("a.pdf").ends_with(b"%%EOF") || read("a.pdf").ends_with(b"%%EOF\n"));
}

#[test]
fn two_bundles_or_saved_reports_are_compared_in_license_terms() {
    let dir = case_with_report();
    copy(&root().join("samples/back-in-compliance/bundle"), &dir.path().join("later"));
    let diff = |a: &str, b: &str, more: &[&str]| run(uccxray(dir.path()).args(["diff", a, b]).args(more));
    let same = diff("bundle", "report.json", &[]).exits(0);
    assert!(same.text().contains("Nothing changed in license terms."), "{}", same.text());
    assert_eq!(diff("bundle", "bundle", &["-f", "json"]).exits(0).json()["changed"], false);
    let changed =
        diff("report.json", "later", &["-f", "json", "-o", "d.html", "-o", "d.md", "-o", "d.txt"]).exits(0);
    let document = changed.json();
    assert_eq!(document["changed"], true);
    assert_eq!(document["tool"]["name"], "uccxray");
    let page = std::fs::read_to_string(dir.path().join("d.html")).unwrap();
    assert!(
        page.contains("script-src 'none'") && !page.contains("<script") && page.contains("<main"),
        "{page}"
    );
    assert!(diff("bundle", "nowhere", &[]).code == 3);
    let ran = diff("bundle", "report.json", &["-f", "pdf"]).exits(2);
    assert!(ran.stderr.contains("text, md, json, html"), "{}", ran.stderr);
    let ran = run(uccxray(dir.path()).args(["diff", "bundle"])).exits(2);
    assert!(ran.stderr.contains("name two"), "{}", ran.stderr);
}

#[test]
fn comparisons_fit_their_schema() {
    let dir = case_with_report();
    let schema = run(uccxray(dir.path()).args(["schema", "diff"])).exits(0).json();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for other in ["back-in-compliance", "two-clusters", "nothing-usable", "usage-under-both-rules"] {
        let other = root().join("samples").join(other).join("bundle");
        let ran = run(uccxray(dir.path()).args(["diff", "bundle", "-f", "json"]).arg(other));
        let errors: Vec<String> = validator.iter_errors(&ran.json()).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
}

/// The parsers know the reports by how they begin, and may not ask those who write them.
#[test]
fn reports_that_lie_beside_the_logs_are_not_read_as_logs() {
    let trace =
        "51202: Apr 02 10:45:05.760 IST %MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: [REPORT_ENTITLE] In it.\n";
    for dated in [&[][..], &["--tz", "Asia/Kolkata", "--year", "2026"]] {
        let dir = Dir::new();
        dir.file("bundle/uccxpub/uccx/log/MCVD/Cisco001MCVD001.log", trace);
        let read = |more: &[&str]| {
            let mut command = uccxray(dir.path());
            run(command.args(["analyze", "bundle", "-f", "json"]).args(dated).args(more)).exits(0).json()
        };
        let files = ["json", "md", "html", "txt", "csv", "sarif", "xml"]
            .map(|ending| format!("bundle/case.{ending}"));
        let outputs: Vec<&str> = files.iter().flat_map(|file| ["-o", file.as_str()]).collect();
        let before = read(&outputs);
        let after = read(&[]);
        assert_eq!(after["events"], before["events"]);
        let members = after["input"]["members"].as_array().unwrap();
        let reports = members.iter().filter(|it| it["reason"] == "it is a report of uccxray, and no log");
        assert_eq!(reports.count(), files.len(), "{members:#?}");
    }
}
