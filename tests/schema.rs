//! What the program writes is what `uccxray schema` promises.

use jsonschema::Validator;
use serde_json::Value;

use crate::support::{Dir, case, run, uccxray};

/// The schema as the program prints it.
fn validator() -> Validator {
    let schema = run(uccxray(&std::env::temp_dir()).arg("schema")).exits(0).json();
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is one");
    jsonschema::draft202012::new(&schema).expect("the schema compiles")
}

#[track_caller]
fn check(validator: &Validator, name: &str, report: &Value) {
    let wrong: Vec<String> =
        validator.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{name}\n{}", wrong.join("\n"));
}

#[test]
fn the_report_of_every_sample_fits_the_schema() {
    let validator = validator();
    for case in case::all() {
        check(&validator, &case.name, &case.run(&case.lay_out(), &["--format", "json"]).json());
    }
}

#[test]
fn the_report_of_nothing_fits_the_schema() {
    let validator = validator();
    let dir = Dir::new();
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    dir.file("empty.log", "");
    dir.file("broken.zip", b"PK\x03\x04 and no more");
    for path in ["empty", "empty.log", "broken.zip", "absent", "-"] {
        let ran = run(uccxray(dir.path()).args(["analyze", path, "--format", "json"])).exits(3);
        check(&validator, path, &ran.json());
    }
}

#[test]
fn the_schema_refuses_what_is_no_report() {
    let validator = validator();
    let dir = Dir::new();
    let report = run(uccxray(dir.path()).args(["analyze", "-", "--format", "json"])).json();
    assert!(validator.is_valid(&report));
    let mut other_version = report.clone();
    other_version["schema_version"] = "2.0".into();
    let mut without_checks = report.clone();
    without_checks.as_object_mut().unwrap().remove("checks");
    let mut local_time = report;
    local_time["as_of"] = 5.into();
    for wrong in [other_version, without_checks, local_time] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}

/// The names of the contract, which scripts rely on.
#[test]
fn the_report_has_the_fields_of_the_contract() {
    let cases = case::all();
    let case = cases.iter().find(|case| case.name == "kitchen-sink").unwrap();
    let report = case.run(&case.lay_out(), &["--format", "json"]).json();
    assert_eq!(report["schema_version"], "1.0");
    let instance = &report["product_instances"][0];
    let has = |value: &Value, names: &str| {
        for name in names.split(' ') {
            assert!(value.get(name).is_some(), "no {name} in {value:.200}");
        }
    };
    has(&report, "schema_version tool as_of input product_instances events checks");
    has(&report["tool"], "name version");
    has(&report["input"], "sources members coverage");
    has(&report["input"]["sources"][0], "path kind bytes sha256");
    has(
        &report["input"]["members"][0],
        "source path node format bytes lines records events first last outcome reason",
    );
    has(&report["input"]["coverage"], "from to unread_lines gaps");
    has(instance, "id nodes release deployment now history deadlines usage");
    has(&instance["nodes"][0], "name role time_zone clock_skew_s basis");
    has(&instance["release"], "version regime basis evidence");
    has(&instance["deployment"], "transport url proxy");
    has(&instance["now"], "registration authorization enforcement");
    has(&instance["now"]["authorization"], "state since basis evidence");
    has(&instance["history"][0], "dimension state from until basis cause evidence");
    has(&instance["deadlines"][0], "kind earliest expected latest remaining_s basis rule evidence");
    has(&report["events"][0], "at node kind facility severity mnemonic params text witnesses");
    has(&report["events"][0]["witnesses"][0], "source member line offset length sha256 text");
    has(&report["checks"][0], "id title outcome severity confidence says remedy collect source evidence");
}
