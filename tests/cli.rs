//! The program as scripts and people meet it: exit codes, streams, options. Rules are tested where they live.

use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Dir, Ran, run, run_with, uccxray};

/// Out of Compliance, in two records of a trace.
const OOC: &str = "\
51201: Apr 02 10:00:05.123 IST %MCVD-LIB_LICENSE-1-SYSTEM_TO_ENTER_OOC_STATE: [REPORT_ENTITLE] Out of Compliance soon.: This Product Instance will enter Out of Compliance state in =45 minutes
51202: Apr 02 10:45:05.760 IST %MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: [REPORT_ENTITLE] This Product Instance is currently in Out of Compliance state because of insufficient licenses.
";

/// What makes [`OOC`] exact.
const HELP: [&str; 6] = ["--tz", "Asia/Kolkata", "--year", "2026", "--release", "12.5SU2"];

fn folder() -> Dir {
    let dir = Dir::new();
    dir.file("bundle/uccxpub/uccx/log/MCVD/Cisco001MCVD001.log", OOC);
    dir
}

fn analyze(dir: &Path, args: &[&str]) -> Ran {
    run(uccxray(dir).arg("analyze").args(args))
}

/// A zip whose end is missing.
fn truncated_zip(dir: &Dir) -> std::path::PathBuf {
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for name in ["uccxpub/uccx/log/MCVD/Cisco001MCVD001.log", "uccxpub/uccx/log/MCVD/Cisco001MCVD002.log"] {
        zip.start_file(name, stored).unwrap();
        zip.write_all(OOC.as_bytes()).unwrap();
        zip.write_all(name.as_bytes()).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    dir.file("cut.zip", &bytes[..bytes.len() * 7 / 10])
}

// Exit codes.

#[test]
fn what_was_read_whole_exits_with_0() {
    let dir = folder();
    analyze(dir.path(), &["bundle"]).exits(0);
    run(uccxray(dir.path()).arg("bundle")).exits(0);
    run(uccxray(dir.path()).arg("--help")).exits(0);
    run(uccxray(dir.path()).arg("--version")).exits(0);
}

#[test]
fn an_output_that_cannot_be_written_exits_with_1_and_is_named() {
    let dir = folder();
    dir.file("taken", "");
    let ran = analyze(dir.path(), &["bundle", "-o", "absent/report.md", "-o", "taken/report.md"]).exits(1);
    assert!(ran.stderr.contains("cannot write absent/report.md"), "{}", ran.stderr);
    assert!(ran.stderr.contains("cannot write taken/report.md"), "{}", ran.stderr);
    // The report is printed all the same.
    assert!(ran.text().contains("Out of Compliance"), "{}", ran.text());
}

#[test]
fn a_file_that_cannot_be_replaced_leaves_no_half_of_a_report() {
    let dir = folder();
    dir.file("report.md/inside", "");
    analyze(dir.path(), &["bundle", "-q", "-o", "report.md"]).exits(1);
    let left: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains(".tmp")), "{left:?}");
}

#[test]
fn wrong_usage_exits_with_2() {
    let dir = folder();
    for args in [
        &["--no-such-option"][..],
        &["analyze", "bundle", "--fail-on", "dreadful"],
        &["analyze", "bundle", "--jobs", "0"],
        &["analyze", "bundle", "--max-bytes", "lots"],
        &["analyze", "bundle", "--color", "pink"],
        &["generate"],
        &["completions", "cmd.exe"],
    ] {
        let ran = run(uccxray(dir.path()).args(args)).exits(2);
        assert!(ran.stdout.is_empty() && !ran.stderr.is_empty(), "{args:?}");
    }
    // Nothing to read: the help is the answer, and it is no success.
    for args in [&[][..], &["analyze"]] {
        let ran = run(uccxray(dir.path()).args(args)).exits(2);
        assert!(ran.text().contains("Usage:") || ran.stderr.contains("Usage:"), "{args:?}");
    }
}

#[track_caller]
fn refused(args: &[&str], parts: &[&str]) {
    let dir = folder();
    let ran = analyze(dir.path(), &[&["bundle"], args].concat()).exits(2);
    assert!(ran.stdout.is_empty(), "{}", ran.text());
    for part in parts {
        assert!(ran.stderr.contains(part), "{part:?} is not in {:?}", ran.stderr);
    }
}

#[test]
fn an_argument_that_means_nothing_is_refused_with_one_that_does() {
    refused(&["--release", "latest"], &["--release", "latest", "12.5SU2"]);
    refused(&["--tz", "Mars/Olympus"], &["--tz", "Mars/Olympus", "Asia/Kolkata"]);
    refused(&["--tz", "uccxpub=IST5"], &["--tz", "IST5"]);
    refused(&["--year", "26"], &["--year", "26", "four digits"]);
    refused(&["--year", "uccxpub=next"], &["--year", "next"]);
    refused(&["--cluster", "uccxpub"], &["--cluster uccxpub", "NAME=HOST,HOST"]);
    refused(&["--cluster", "A=uccxpub,"], &["a name or a host is empty"]);
    refused(&["--cluster", "A=uccxpub", "--cluster", "A=uccxsub1"], &["given twice"]);
    refused(&["--cluster", "A=uccxpub", "--cluster", "B=UCCXPUB.example.com"], &["in a cluster already"]);
    refused(&["--as-of", "yesterday"], &["--as-of", "yesterday", "2026-04-02T10:30:00Z"]);
    refused(&["--since", "10:30"], &["--since", "10:30"]);
    refused(&["--until", "2026-13-01T00:00:00Z"], &["--until"]);
    refused(&["--format", "docx"], &["docx", "text", "json", "md"]);
    refused(&["-o", "report.docx"], &["report.docx", ".json", ".md", ".txt"]);
}

#[test]
fn what_is_left_out_by_until_is_not_yet_there() {
    let dir = folder();
    let args = [&["bundle", "--until", "2026-04-02T04:40:00Z"], HELP.as_slice()].concat();
    let ran = analyze(dir.path(), &args).exits(0);
    assert!(ran.text().contains("as of 2026-04-02 10:10:00 +05:30"), "{}", ran.text());
    assert!(ran.text().contains("Out of Compliance 2026-04-02 10:45:05"), "{}", ran.text());
    let why = "use --until: it is before --since";
    refused(&["bundle", "--since", "2026-04-03T00:00:00Z", "--until", "2026-04-02T00:00:00Z"], &[why]);
}

#[test]
fn a_zone_or_year_for_a_host_that_is_not_there_is_told() {
    let dir = folder();
    let args = ["bundle", "--tz", "nohost=Asia/Kolkata", "--year", "uccxpub=2026", "-q"];
    let ran = analyze(dir.path(), &args).exits(4);
    assert!(
        ran.stderr.contains("--tz nohost=Asia/Kolkata is for a host that no log names"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("--year"), "{}", ran.stderr);
}

#[test]
fn a_switch_in_the_environment_may_be_1_or_true() {
    let dir = folder();
    for (value, code) in [("1", 4), ("yes", 4), ("true", 4), ("0", 0)] {
        run(uccxray(dir.path()).env("UCCXRAY_STRICT", value).args(["analyze", "bundle", "-q"])).exits(code);
    }
}

#[test]
fn verbose_says_what_was_read() {
    let dir = folder();
    let ran = analyze(dir.path(), &["bundle", "-v"]).exits(0);
    let says = format!(
        "read bundle uccxpub/uccx/log/MCVD/Cisco001MCVD001.log: uccx-trace, {} bytes, 2 lines, 2 records, 2 events",
        OOC.len()
    );
    assert!(ran.stderr.contains(&says), "{}", ran.stderr);
}

#[test]
fn nothing_usable_exits_with_3() {
    let dir = Dir::new();
    dir.file("notes/README.txt", "Nothing of interest.\n");
    std::fs::create_dir(dir.path().join("empty")).unwrap();
    for path in ["notes", "empty", "absent", "-"] {
        analyze(dir.path(), &[path]).exits(3);
    }
}

#[test]
fn an_incomplete_input_exits_with_4_and_says_what_is_missing() {
    let dir = folder();
    truncated_zip(&dir);
    let ran = analyze(dir.path(), &["cut.zip"]).exits(4);
    assert!(ran.text().contains("cut.zip"), "{}", ran.text());
    let ran = analyze(dir.path(), &["bundle", "absent"]).exits(4);
    assert!(ran.text().contains("absent"), "{}", ran.text());
    // With another format the sentence goes to standard error.
    let ran = analyze(dir.path(), &["bundle", "absent", "-f", "json"]).exits(4);
    assert!(ran.stderr.contains("absent"), "{}", ran.stderr);
}

#[test]
fn strict_counts_undated_events_and_unread_lines_as_incomplete() {
    let dir = folder();
    analyze(dir.path(), &["bundle", "--strict"]).exits(4);
    analyze(dir.path(), &[&["bundle", "--strict"], HELP.as_slice()].concat()).exits(0);
}

#[test]
fn fail_on_exits_with_11_to_15_by_the_worst_failed_check() {
    let dir = folder();
    let with =
        |level: &str| analyze(dir.path(), &[&["bundle", "--fail-on", level], HELP.as_slice()].concat());
    // Out of Compliance is critical; so each level is reached.
    for level in ["info", "low", "medium", "high", "critical"] {
        with(level).exits(15);
    }
    // Only a missing syslog: low.
    let quiet = Dir::new();
    let line = "1: Apr 02 10:00:05.123 IST %MCVD-CVD-7-UNK:heartbeat\n2: Apr 02 10:05:05.123 IST %MCVD-CVD-7-UNK:heartbeat\n";
    quiet.file("bundle/uccxpub/uccx/log/MCVD/Cisco001MCVD001.log", line);
    let with = |level: &str| analyze(quiet.path(), &["bundle", "--fail-on", level]);
    with("info").exits(12);
    with("low").exits(12);
    with("medium").exits(0);
}

#[test]
fn each_severity_has_its_exit_code() {
    use reports::Severity;
    use uccxray::exit::Exit;
    for (severity, code) in [
        (Severity::Info, 11),
        (Severity::Low, 12),
        (Severity::Medium, 13),
        (Severity::High, 14),
        (Severity::Critical, 15),
    ] {
        assert_eq!(Exit::Failed(severity).code(), code);
    }
}

#[test]
fn a_failed_check_outranks_an_incomplete_input() {
    let dir = folder();
    analyze(dir.path(), &["bundle", "absent", "--fail-on", "high"]).exits(15);
}

#[test]
fn a_bad_configuration_exits_with_78_and_names_file_and_key() {
    let dir = folder();
    #[track_caller]
    fn check(dir: &Dir, toml: &str, parts: &[&str]) {
        dir.file("uccxray.toml", toml);
        let ran = analyze(dir.path(), &["bundle"]).exits(78);
        assert!(ran.stdout.is_empty(), "{}", ran.text());
        for part in parts {
            assert!(ran.stderr.contains(part), "{part:?} is not in {:?}", ran.stderr);
        }
    }
    check(&dir, "[analyze\n", &["uccxray.toml"]);
    check(&dir, "[analyze]\nreleaze = \"15.0\"\n", &["uccxray.toml", "releaze"]);
    check(&dir, "[wach]\nserve = 1\n", &["uccxray.toml", "wach"]);
    check(&dir, "[analyze]\nrelease = 1.5\n", &["uccxray.toml", "release"]);
    check(&dir, "[analyze]\nfail-on = \"dreadful\"\n", &["dreadful"]);
    check(&dir, "[analyze]\nrelease = \"latest\"\n", &["latest"]);
    std::fs::remove_file(dir.path().join("uccxray.toml")).unwrap();
    let ran = analyze(dir.path(), &["bundle", "--config", "absent.toml"]).exits(78);
    assert!(ran.stderr.contains("absent.toml"), "{}", ran.stderr);
}

// Streams.

#[test]
fn a_text_on_standard_input_is_read() {
    let dir = Dir::new();
    for path in [&["-"][..], &["analyze", "-"]] {
        let ran = run_with(uccxray(dir.path()).args(path).args(HELP), OOC.into()).exits(0);
        assert!(ran.text().contains("Out of Compliance"), "{}", ran.text());
    }
    let archive =
        uccxray::generate::to_tar_gz(&uccxray::generate::generate(&uccxray::generate::Plan::from_seed(1)));
    let ran = run_with(uccxray(dir.path()).args(["-", "-f", "json"]), archive.unwrap()).exits(0);
    assert!(ran.json()["input"]["members"].as_array().unwrap().len() > 1);
}

#[test]
fn with_json_standard_output_is_one_document_whatever_the_input() {
    let dir = folder();
    truncated_zip(&dir);
    dir.file("random.bin", (0..4_096_u32).map(|i| (i * i % 251) as u8).collect::<Vec<u8>>());
    for (paths, code) in [
        (&["bundle"][..], 0),
        (&["absent"], 3),
        (&["cut.zip"], 4),
        (&["random.bin"], 3),
        (&["bundle", "absent"], 4),
    ] {
        let ran = analyze(dir.path(), &[paths, &["--format", "json"]].concat()).exits(code);
        assert_eq!(ran.json()["schema_version"], "1.0");
        assert!(ran.text().ends_with("}\n"));
    }
}

#[test]
fn files_hold_what_standard_output_would() {
    let dir = folder();
    let names = ["a.json", "a.md", "a.txt", "b.markdown"];
    let mut args = vec!["bundle", "--quiet"];
    for name in names {
        args.extend(["-o", name]);
    }
    let ran = analyze(dir.path(), &args).exits(0);
    assert!(ran.stdout.is_empty(), "{}", ran.text());
    for (name, format) in names.into_iter().zip(["json", "md", "text", "md"]) {
        let printed = analyze(dir.path(), &["bundle", "-f", format]).exits(0).stdout;
        let written = std::fs::read(dir.path().join(name)).unwrap();
        assert!(printed == written, "{name}");
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let dir = Dir::new();
    // More than a pipe holds.
    let many: String = (0..3_000)
        .map(|i| {
            format!(
                "{i}: Apr 02 10:{:02}:{:02}.000 IST %MCVD-LIB_LICENSE-3-NEW_{i}: something\n",
                i / 60 % 60,
                i % 60
            )
        })
        .collect();
    dir.file("many.log", many);
    for format in ["json", "md", "text"] {
        let mut child = uccxray(dir.path()).args(["analyze", "many.log", "-f", format]).spawn().unwrap();
        let mut first = [0; 1];
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut first).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{format}");
        assert_eq!(output.status.code(), Some(0), "{format}");
    }
    for verb in [&["schema"][..], &["man"], &["completions", "bash"], &["--help"]] {
        let mut child = uccxray(dir.path()).args(verb).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{verb:?}");
        assert!(output.status.code().is_some(), "{verb:?} ended by a signal");
    }
}

#[test]
fn a_full_disk_behind_standard_output_is_our_failure() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let dir = folder();
    let mut command = uccxray(dir.path());
    let ran = run(command.args(["analyze", "bundle"]).stdout(Stdio::from(full))).exits(1);
    assert!(ran.stderr.contains("cannot write to standard output"), "{}", ran.stderr);
}

#[test]
fn colour_is_for_terminals_unless_it_is_asked_for() {
    let dir = folder();
    let escapes = |command: &mut Command| run(command).exits(0).stdout.contains(&0x1b);
    let with = |args: &[&str]| {
        let mut command = uccxray(dir.path());
        command.args(["analyze", "bundle"]).args(args);
        command
    };
    assert!(!escapes(&mut with(&[])), "colour in a pipe");
    assert!(escapes(&mut with(&["--color", "always"])), "no colour although asked for");
    assert!(!escapes(&mut with(&["--color", "never"])));
    assert!(!escapes(with(&["--color", "auto"]).env("NO_COLOR", "1")));
    // What is asked for outranks what is wished for in general.
    assert!(escapes(with(&["--color", "always"]).env("NO_COLOR", "1")));
    assert!(
        !escapes(with(&["--color", "always", "-f", "json"]).env("CLICOLOR_FORCE", "1")),
        "colour in JSON"
    );
    let mut file = with(&["--color", "always", "-q", "-o", "report.txt"]);
    run(&mut file).exits(0);
    assert!(!std::fs::read(dir.path().join("report.txt")).unwrap().contains(&0x1b), "colour in a file");
}

/// Columns that a line takes: East Asian characters take two.
fn columns(line: &str) -> usize {
    let wide = |c: char| matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{1f300}'..='\u{1faff}');
    line.chars().map(|c| 1 + usize::from(wide(c))).sum()
}

#[test]
fn ascii_output_is_ascii_and_no_line_is_wider_than_asked() {
    for case in crate::support::case::all() {
        let laid = case.lay_out();
        for width in ["60", "80", "160"] {
            for ascii in [&[][..], &["--ascii"]] {
                let ran = case.run(&laid, &[&["--width", width], ascii].concat());
                let most: usize = width.parse().unwrap();
                for line in ran.text().lines() {
                    assert!(columns(line) <= most, "{} at {width}: {line}", case.name);
                    assert!(ascii.is_empty() || line.is_ascii(), "{}: {line}", case.name);
                    assert_eq!(line, line.trim_end(), "{}", case.name);
                }
            }
        }
    }
}

#[test]
fn without_a_terminal_the_screen_is_80_columns_wide() {
    let dir = folder();
    let free = analyze(dir.path(), &["bundle"]).stdout;
    assert!(free == analyze(dir.path(), &["bundle", "--width", "80"]).stdout);
}

#[test]
fn quiet_prints_nothing_and_still_judges() {
    let dir = folder();
    let ran = analyze(dir.path(), &["bundle", "-q", "--fail-on", "high"]).exits(15);
    assert!(ran.stdout.is_empty() && ran.stderr.is_empty(), "{}{}", ran.text(), ran.stderr);
}

#[test]
fn min_severity_leaves_failed_checks_out_of_the_screen_and_not_out_of_json() {
    let dir = folder();
    let failed = |args: &[&str]| {
        let ran = analyze(dir.path(), &[&["bundle", "-f", "json"], args].concat()).exits(0);
        ran.report().checks.iter().filter(|check| check.severity.is_some()).count()
    };
    assert_eq!(failed(&[]), failed(&["--min-severity", "critical"]));
    let page = |args: &[&str]| {
        analyze(dir.path(), &[&["bundle", "-f", "md"], args].concat()).exits(0).text().to_owned()
    };
    assert!(page(&[]).contains("logs-collected"));
    assert!(!page(&["--min-severity", "critical"]).contains("logs-collected"));
    assert!(page(&["--min-severity", "critical"]).contains("ooc-now"));
}

// Where an option may be said.

/// The release in the JSON of a run.
#[track_caller]
fn release(command: &mut Command) -> String {
    let ran = run(command.args(["--format", "json"])).exits(0);
    ran.json()["product_instances"][0]["release"]["version"].as_str().unwrap_or("-").to_owned()
}

#[test]
fn the_command_line_outranks_the_environment_and_that_the_configuration() {
    let dir = folder();
    let with = |args: &[&str]| {
        let mut command = uccxray(dir.path());
        command.args(["analyze", "bundle"]).args(args);
        command
    };
    assert_eq!(release(&mut with(&[])), "-");
    assert_eq!(release(with(&[]).env("UCCXRAY_RELEASE", "12.5SU1")), "12.5SU1");
    dir.file(
        "uccxray.toml",
        "[analyze]\nrelease = \"12.5SU2\"\ntz = [\"uccxpub=Asia/Kolkata\"]\nyear = 2026\n",
    );
    assert_eq!(release(&mut with(&[])), "12.5SU2");
    assert_eq!(release(with(&[]).env("UCCXRAY_RELEASE", "12.5SU1")), "12.5SU1");
    assert_eq!(release(with(&["--release", "15.0"]).env("UCCXRAY_RELEASE", "12.5SU1")), "15.0");
    assert_eq!(release(&mut with(&["--release", "15.0"])), "15.0");
    let mut short = uccxray(dir.path());
    assert_eq!(release(short.arg("bundle")), "12.5SU2", "without the verb");
    let report = run(with(&[]).args(["-f", "json"])).exits(0).report();
    assert_eq!(report.product_instances[0].nodes[0].time_zone.as_deref(), Some("Asia/Kolkata"));
    // A file that is named stands for the one in the working directory.
    dir.file("other.toml", "[analyze]\nrelease = \"12.5SU3\"\n");
    assert_eq!(release(&mut with(&["--config", "other.toml"])), "12.5SU3");
    assert_eq!(release(with(&[]).env("UCCXRAY_CONFIG", "other.toml")), "12.5SU3");
}

#[test]
fn switches_stand_in_the_configuration_as_true_and_false() {
    let dir = folder();
    dir.file("uccxray.toml", "[analyze]\nquiet = true\nstrict = false\nfail-on = \"high\"\n");
    let ran = analyze(dir.path(), &["bundle"]).exits(15);
    assert!(ran.stdout.is_empty());
}

#[test]
fn every_option_has_an_environment_twin() {
    use clap::CommandFactory as _;
    let command = uccxray::cli::Cli::command();
    let analyze = command.find_subcommand("analyze").unwrap();
    for option in analyze.get_arguments().filter_map(|it| Some((it.get_long()?, it))) {
        if ["help", "version"].contains(&option.0) {
            continue;
        }
        let expected = format!("UCCXRAY_{}", option.0.to_uppercase().replace('-', "_"));
        assert_eq!(
            option.1.get_env().and_then(|name| name.to_str()),
            Some(expected.as_str()),
            "--{}",
            option.0
        );
    }
}

#[test]
fn the_options_of_the_contract_are_there() {
    let dir = Dir::new();
    let help = run(uccxray(dir.path()).args(["analyze", "--help"])).exits(0);
    for option in [
        "--output",
        "--format",
        "--as-of",
        "--since",
        "--until",
        "--tz",
        "--year",
        "--release",
        "--fail-on",
        "--min-severity",
        "--jobs",
        "--strict",
        "--max-bytes",
        "--max-ratio",
        "--max-entries",
        "--max-line",
        "--quiet",
        "--verbose",
        "--color",
        "--no-progress",
        "--ascii",
    ] {
        assert!(help.text().contains(option), "no {option}");
    }
}

// The other verbs.

#[test]
fn the_help_tells_the_exit_codes() {
    let dir = Dir::new();
    for args in [&["--help"][..], &["-h"], &["analyze", "--help"]] {
        let ran = run(uccxray(dir.path()).args(args)).exits(0);
        let help = ran.text();
        assert!(help.contains("Exit codes"), "{args:?}\n{help}");
        for code in ["0", "1", "2", "3", "4", "11-15", "78"] {
            assert!(help.contains(code), "{args:?}: no {code}");
        }
    }
}

#[test]
fn completions_and_the_manual_page_come_from_the_program_itself() {
    let dir = Dir::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(uccxray(dir.path()).args(["completions", shell])).exits(0);
        assert!(ran.text().contains("fail-on"), "{shell}");
    }
    let ran = run(uccxray(dir.path()).arg("man")).exits(0);
    assert!(ran.text().starts_with(".ie") || ran.text().contains(".TH"), "{:.100}", ran.text());
    assert!(ran.text().contains("uccxray"));
}

/// Every file below a folder: path and bytes, sorted.
fn tree(dir: &Path) -> Vec<(String, Vec<u8>)> {
    fn walk(dir: &Path, root: &Path, out: &mut Vec<(String, Vec<u8>)>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, root, out);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                out.push((name, std::fs::read(&path).unwrap()));
            }
        }
    }
    let mut out = Vec::new();
    walk(dir, dir, &mut out);
    out.sort();
    out
}

#[test]
fn generate_writes_the_same_bytes_for_the_same_seed() {
    let dir = Dir::new();
    for seed in ["1", "2", "3", "7"] {
        for out in ["a", "b"] {
            let to = format!("{out}{seed}");
            let ran = run(uccxray(dir.path()).args(["generate", "--seed", seed, "-o", &to])).exits(0);
            let lines: Vec<&str> = ran.text().lines().collect();
            assert_eq!(lines.len(), 3, "{}", ran.text());
            assert!(lines.iter().all(|path| dir.path().join(path).exists()), "{lines:?}");
        }
        let (a, b) = (tree(&dir.path().join(format!("a{seed}"))), tree(&dir.path().join(format!("b{seed}"))));
        assert!(a == b && !a.is_empty(), "seed {seed}");
        assert!(a.iter().any(|(name, _)| name == "truth.json"));
    }
    assert!(tree(&dir.path().join("a1")) != tree(&dir.path().join("a2")));
}

#[test]
fn a_generated_bundle_is_analysed_and_its_truth_is_no_part_of_it() {
    let dir = Dir::new();
    let ran = run(uccxray(dir.path()).args(["generate", "--seed", "5", "-o", "out"])).exits(0);
    let bundle = ran.text().lines().next().unwrap().to_owned();
    let report = analyze(dir.path(), &[&bundle, "-f", "json"]).exits(0).report();
    assert!(!report.events.is_empty());
    assert!(
        report.input.members.iter().all(|member| !member.path.as_deref().unwrap_or("").contains("truth"))
    );
}
