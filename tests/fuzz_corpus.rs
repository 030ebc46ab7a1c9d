//! What fuzzing found, and what it starts from, as a normal test.

use std::path::PathBuf;

use crate::bodies;
use crate::support::root;

/// The files of one corpus, by name.
fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = root().join("fuzz/corpus").join(target);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() >= 5, "{} has only {} seeds", folder.display(), paths.len());
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

/// Runs a body on its corpus; the name of the seed stands in front of what a panic says.
fn check(target: &str, body: impl Fn(&[u8])) {
    for (path, bytes) in corpus(target) {
        println!("{}", path.display());
        body(&bytes);
    }
}

#[test]
fn the_corpus_of_lines_holds() {
    check("lines", bodies::lines);
}

#[test]
fn the_corpus_of_record_holds() {
    check("record", bodies::record);
}

#[test]
fn the_corpus_of_analysis_holds() {
    check("analysis", |bytes| bodies::analysis(bytes, &uccxray::analyze::report));
}

/// A target that nobody builds is found out here, at least by name.
#[test]
fn every_target_has_a_file_a_body_and_a_corpus() {
    let manifest: toml::Table =
        toml::from_str(&std::fs::read_to_string(root().join("fuzz/Cargo.toml")).unwrap()).unwrap();
    let bodies = std::fs::read_to_string(root().join("fuzz/bodies.rs")).unwrap();
    let targets = manifest["bin"].as_array().unwrap();
    assert_eq!(targets.len(), 3);
    for target in targets {
        let name = target["name"].as_str().unwrap();
        assert!(root().join("fuzz").join(target["path"].as_str().unwrap()).is_file(), "{name}");
        assert!(bodies.contains(&format!("pub fn {name}(")), "{name}");
        assert!(!corpus(name).is_empty(), "{name}");
    }
}
