//! Input that is broken, huge or made to do harm: a clear sentence, what could be read, no damage.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use reports::report::MemberOutcome;

use crate::support::{Dir, Ran, run, run_with, uccxray};

const APPROACHING: &str = "51201: Apr 02 10:00:05.123 IST %MCVD-LIB_LICENSE-1-SYSTEM_TO_ENTER_OOC_STATE: [REPORT_ENTITLE] Soon.: This Product Instance will enter Out of Compliance state in =45 minutes\n";
const OOC: &str = "51202: Apr 02 10:45:05.760 IST %MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: [REPORT_ENTITLE] This Product Instance is currently in Out of Compliance state because of insufficient licenses.\n";

/// A record of no interest; different each time, so that it compresses as logs do.
fn filler(number: usize) -> String {
    let noise = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{number}: Apr 02 10:00:05.123 IST %MCVD-LIB_EVENT-7-UNK: dispatch of event {noise:016x}\n")
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
    for (name, bytes) in members {
        zip.start_file(*name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A tar with names as they are given, however wrong.
fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

fn json(dir: &Path, args: &[&str]) -> Ran {
    run(uccxray(dir).args(["analyze", "--format", "json"]).args(args))
}

/// A run that stops at a limit: exit code 4, `says` in the report and on the screen, and the events of what was read.
#[track_caller]
fn stops(dir: &Path, args: &[&str], says: &str, n_events: usize) {
    let ran = json(dir, args).exits(4);
    let report = ran.report();
    let said = report.input.incomplete.join("\n");
    assert!(said.contains(says), "{says:?} is not in {said:?}");
    assert_eq!(report.events.len(), n_events, "{:#?}", report.input.members);
    assert!(ran.stderr.contains(says), "{says:?} is not on standard error: {:?}", ran.stderr);
    let screen = run(uccxray(dir).arg("analyze").args(args)).exits(4);
    let flat = screen.text().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(says), "{says:?} is not on the screen:\n{}", screen.text());
}

// Limits.

#[test]
fn the_limit_on_all_bytes_stops_with_what_was_read() {
    let dir = Dir::new();
    // Each member is less than half of the limit, so two are read whole.
    let member = |number| format!("{APPROACHING}{}", filler(number)).repeat(2);
    for number in 0..6 {
        dir.file(&format!("bundle/{number}.log"), member(number));
    }
    let most = (2 * member(0).len() + 100).to_string();
    let says = format!("limit of {most} uncompressed bytes");
    stops(dir.path(), &["bundle", "--max-bytes", &most, "--jobs", "1"], &says, 4);
}

#[test]
fn the_limit_on_one_member_cuts_that_member_alone() {
    let dir = Dir::new();
    dir.file("bundle/a.log", APPROACHING);
    dir.file("bundle/b.log", (0..2_000).map(filler).collect::<String>() + "end\n");
    dir.file("bundle/c.log", OOC);
    stops(dir.path(), &["bundle", "--max-member-bytes", "10KiB"], "limit of 10240 bytes for one member", 2);
}

#[test]
fn the_limit_on_the_ratio_stops_a_decompression_bomb() {
    let dir = Dir::new();
    let blank = vec![b' '; 80 << 20];
    dir.file("bomb.log.gz", gz(&[APPROACHING.as_bytes(), &blank].concat()));
    stops(dir.path(), &["bomb.log.gz"], "expands more than 300 times", 1);
    dir.file("bomb.zip", zip_of(&[("a.log", APPROACHING.as_bytes()), ("b.log", &blank)]));
    stops(dir.path(), &["bomb.zip"], "expands more than 300 times", 1);
    // What compresses well and is no bomb is read, and the limit can be lowered.
    let lines: String = (0..900_000).map(filler).collect();
    assert!(lines.len() > 64 << 20);
    dir.file("honest.log.gz", gz((lines + APPROACHING).as_bytes()));
    json(dir.path(), &["honest.log.gz"]).exits(0);
    stops(dir.path(), &["honest.log.gz", "--max-ratio", "2"], "expands more than 2 times", 0);
}

#[test]
fn the_limit_on_entries_stops_with_what_was_read() {
    let dir = Dir::new();
    for number in 0..6 {
        dir.file(
            &format!("bundle/{number}.log"),
            if number == 0 { APPROACHING.to_owned() } else { filler(number) },
        );
    }
    stops(dir.path(), &["bundle", "--max-entries", "3", "--jobs", "1"], "limit of 3 members", 1);
}

#[test]
fn the_limit_on_depth_leaves_out_what_lies_deeper() {
    let dir = Dir::new();
    let mut inner = zip_of(&[("deep.log", OOC.as_bytes())]);
    for _ in 0..3 {
        inner = zip_of(&[("shallow.log", APPROACHING.as_bytes()), ("inner.zip", &inner)]);
    }
    dir.file("nested.zip", inner);
    // Equal bytes count once, so each level gives the same one event.
    json(dir.path(), &["nested.zip"]).exits(0);
    stops(dir.path(), &["nested.zip", "--max-depth", "2"], "inner.zip!/inner.zip", 1);
}

#[test]
fn a_line_over_the_limit_is_cut_counted_and_told() {
    let dir = Dir::new();
    let long = format!("{}{}\n{OOC}", APPROACHING.trim_end(), "x".repeat(10_000));
    dir.file("a.log", long);
    let report = json(dir.path(), &["a.log", "--max-line", "2KiB"]).exits(0).report();
    assert_eq!(report.input.coverage.cut_lines, 1);
    assert_eq!(report.input.members[0].lines, 2);
    assert_eq!(report.events.len(), 2, "the beginning of the cut line and what follows it are read");
    let screen = run(uccxray(dir.path()).args(["analyze", "a.log", "--max-line", "2KiB"])).exits(0);
    assert!(screen.text().contains("cut"), "{}", screen.text());
    json(dir.path(), &["a.log", "--max-line", "2KiB", "--strict"]).exits(4);
}

/// Peak memory of a running process in KiB.
fn peak_kib(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// Feeds standard input from `parts`; gives the run and the peak memory when all was fed.
fn feed(args: &[&str], parts: impl Iterator<Item = Vec<u8>> + Send + 'static) -> (Ran, Option<u64>) {
    let dir = Dir::new();
    let mut child = uccxray(dir.path()).args(args).stdin(Stdio::piped()).spawn().unwrap();
    let pid = child.id();
    let mut pipe = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        for part in parts {
            pipe.write_all(&part).unwrap();
        }
        // The program waits for more: all but the last pipeful has passed through it.
        peak_kib(pid)
    });
    let output = child.wait_with_output().unwrap();
    let peak = writer.join().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (Ran { code: output.status.code().unwrap(), stdout: output.stdout, stderr }, peak)
}

#[test]
fn a_line_of_200_mb_is_cut_and_costs_no_memory() {
    let head = std::iter::once(APPROACHING.trim_end().as_bytes().to_vec());
    let body = std::iter::repeat_n(vec![b'x'; 1 << 20], 200);
    let tail = std::iter::once(format!("\n{OOC}").into_bytes());
    let (ran, peak) = feed(&["analyze", "-", "-f", "json"], head.chain(body).chain(tail));
    let report = ran.exits(0).report();
    assert_eq!(report.input.coverage.cut_lines, 1);
    assert_eq!((report.input.members[0].lines, report.events.len()), (2, 2));
    if let Some(peak) = peak {
        assert!(peak < 256 << 10, "{peak} KiB");
    }
}

#[test]
fn a_line_that_never_ends_and_holds_no_record_costs_no_memory() {
    let body = std::iter::repeat_n(vec![b'y'; 1 << 20], 200);
    let (ran, peak) = feed(&["analyze", "-", "-f", "json"], body);
    assert!(ran.report().events.is_empty());
    assert_eq!(ran.code, 3);
    if let Some(peak) = peak {
        assert!(peak < 256 << 10, "{peak} KiB");
    }
}

/// One record of 200 MB: its continuation lines never end.
#[test]
fn a_record_that_never_ends_costs_no_memory() {
    let head = std::iter::once(APPROACHING.as_bytes().to_vec());
    let line = b"\tat com.example.Deep.call(Deep.java:1)\n".repeat(25_000);
    let body = std::iter::repeat_n(line, 200);
    let tail = std::iter::once(OOC.as_bytes().to_vec());
    let (ran, peak) = feed(&["analyze", "-", "-f", "json"], head.chain(body).chain(tail));
    let report = ran.exits(0).report();
    assert_eq!(report.events.len(), 2);
    assert_eq!(report.input.members[0].lines, 2 + 200 * 25_000);
    if let Some(peak) = peak {
        assert!(peak < 256 << 10, "{peak} KiB");
    }
}

// Odd bytes.

#[test]
fn odd_bytes_are_read_around() {
    let dir = Dir::new();
    let alarms = |separator: &[u8]| [APPROACHING.as_bytes(), separator, OOC.as_bytes()].concat();
    let odd: [(&str, Vec<u8>); 6] = [
        ("nul.log", alarms(&[0; 200])),
        ("nul-lines.log", alarms(b"\0\0\0\n\0\n")),
        (
            "latin1.log",
            alarms(b"51202: Apr 02 10:30:00.000 IST %MCVD-CVD-7-UNK:Zentrale M\xfcnchen \xff\xfe\xc3\n"),
        ),
        (
            "crlf.log",
            alarms(b"")
                .iter()
                .flat_map(|byte| if *byte == b'\n' { vec![b'\r', b'\n'] } else { vec![*byte] })
                .collect(),
        ),
        ("open.log", alarms(b"").trim_ascii_end().to_vec()),
        ("bom.log", [b"\xef\xbb\xbf", alarms(b"").as_slice()].concat()),
    ];
    for (name, bytes) in odd {
        dir.file(name, &bytes);
        let report = json(dir.path(), &[name]).exits(0).report();
        let kinds: Vec<&str> = report.events.iter().map(|event| &*event.kind).collect();
        assert_eq!(kinds, ["ooc_approaching", "ooc_entered"], "{name}");
        for event in &report.events {
            let at = &event.witnesses[0];
            let cited = &bytes[at.offset as usize..(at.offset + at.length) as usize];
            let hash: String = sha256(cited);
            assert_eq!(at.sha256.text(), hash, "{name}: evidence covers other bytes than it says");
            assert!(!at.text.contains(['\r', '\0']) || name.starts_with("nul"), "{name}: {:?}", at.text);
        }
    }
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn what_is_empty_or_no_log_is_named_with_its_reason() {
    let dir = Dir::new();
    dir.file("bundle/empty.log", "");
    dir.file("bundle/page.pdf", b"%PDF-1.7\n...");
    dir.file("bundle/notes.txt", "Call the customer.\n");
    dir.file("bundle/core", b"\x7fELF\x02\x01\x01\0");
    dir.file("bundle/wide.log", b"\xff\xfe5\x001\x00\n\x00");
    let report = json(dir.path(), &["bundle"]).exits(3).report();
    assert_eq!(report.input.members.len(), 5);
    for member in &report.input.members {
        assert_eq!(member.outcome, MemberOutcome::Skipped, "{:?}", member.path);
        assert!(member.reason.is_some(), "{:?}", member.path);
    }
}

/// What is known of the time ends with the last whole record, not before it.
#[test]
fn a_broken_last_record_does_not_take_the_time_of_the_one_before_it() {
    let dir = Dir::new();
    let whole = "\
        7: Apr 02 10:00:00.000 IST %MCVD-CVD-7-UNK:heartbeat\n\
        8: Apr 02 10:05:00.000 IST %MCVD-CVD-7-UNK:heartbeat\n\
        9: Apr 02 10:10:00.000 IST %MCVD-CVD-7-UNK:heartbeat\n";
    let last = |text: &str| {
        dir.file("a.log", text);
        let report = json(dir.path(), &["a.log", "--tz", "Asia/Kolkata", "--year", "2026"]).exits(0).report();
        report.input.members[0].last.map(|at| at.0.to_rfc3339())
    };
    assert_eq!(last(whole).as_deref(), Some("2026-04-02T04:40:00+00:00"));
    assert_eq!(last(&format!("{whole}10: Apr 02 1")).as_deref(), Some("2026-04-02T04:40:00+00:00"));
}

// Names and links.

#[test]
fn names_that_lead_out_of_an_archive_are_refused_and_nothing_is_written() {
    let dir = Dir::new();
    let members: [(&str, &[u8]); 4] = [
        ("../../outside.log", OOC.as_bytes()),
        ("/etc/outside.log", OOC.as_bytes()),
        ("uccx/../../outside.log", OOC.as_bytes()),
        ("uccx/log/MCVD/Cisco001MCVD001.log", APPROACHING.as_bytes()),
    ];
    dir.file("in/a.zip", zip_of(&members));
    dir.file("in/a.tar", tar_of(&members));
    for archive in ["in/a.zip", "in/a.tar"] {
        let ran = json(dir.path(), &[archive]);
        let report = ran.report();
        let refused: Vec<_> =
            report.input.members.iter().filter(|member| member.outcome == MemberOutcome::Skipped).collect();
        assert_eq!(refused.len(), 3, "{archive}: {:#?}", report.input.members);
        assert!(refused.iter().all(|member| member.reason.is_some()));
        assert_eq!(report.events.len(), 1, "{archive}: only the one that may be read");
    }
    let left: Vec<PathBuf> =
        std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [dir.path().join("in")], "nothing is unpacked");
}

#[test]
fn links_pipes_and_sockets_in_a_folder_are_named_and_not_followed() {
    let dir = Dir::new();
    dir.file("secret.log", OOC);
    dir.file("bundle/a.log", APPROACHING);
    std::os::unix::fs::symlink("../secret.log", dir.path().join("bundle/link.log")).unwrap();
    std::os::unix::fs::symlink(".", dir.path().join("bundle/loop")).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path().join("bundle/dangling")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("bundle/socket")).unwrap();
    let fifo = dir.path().join("bundle/fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().is_ok_and(|status| status.success());
    let report = json(dir.path(), &["bundle"]).report();
    assert_eq!(report.events.len(), 1, "only the plain file is read");
    let skipped = |name: &str| {
        let member = report.input.members.iter().find(|member| member.path.as_deref() == Some(name));
        let member = member.unwrap_or_else(|| panic!("{name} is not named: {:#?}", report.input.members));
        assert_eq!(member.outcome, MemberOutcome::Skipped, "{name}");
        assert!(member.reason.is_some(), "{name}");
    };
    skipped("link.log");
    skipped("dangling");
    skipped("socket");
    if made {
        skipped("fifo");
    }
}

#[test]
fn broken_archives_give_what_can_be_read_at_every_place_of_the_cut() {
    let dir = Dir::new();
    let lines: String = (0..300).map(filler).collect();
    let members: [(&str, &[u8]); 3] = [
        ("uccxpub/uccx/log/MCVD/Cisco001MCVD001.log", APPROACHING.as_bytes()),
        ("uccxpub/uccx/log/MCVD/Cisco001MCVD002.log", lines.as_bytes()),
        ("uccxpub/uccx/log/MCVD/Cisco001MCVD003.log", OOC.as_bytes()),
    ];
    for (name, whole) in
        [("a.zip", zip_of(&members)), ("a.tar", tar_of(&members)), ("a.tar.gz", gz(&tar_of(&members)))]
    {
        let mut most = 0;
        for part in 0..20 {
            let bytes = &whole[..whole.len() * part / 20];
            dir.file(name, bytes);
            let ran = json(dir.path(), &[name]);
            assert!(matches!(ran.code, 3 | 4), "{name}, {part}/20: {} {}", ran.code, ran.stderr);
            let n = ran.report().events.len();
            assert!(n >= most, "{name}, {part}/20: {n} events, and {most} with less of it");
            most = n;
        }
        assert!(most >= 1, "{name}: nothing of a cut archive was read");
        dir.file(name, whole);
        assert_eq!(json(dir.path(), &[name]).exits(0).report().events.len(), 2);
    }
}

#[test]
fn a_damaged_byte_anywhere_in_an_archive_is_survived() {
    let dir = Dir::new();
    let members: [(&str, &[u8]); 2] =
        [("uccxpub/a.log", APPROACHING.as_bytes()), ("uccxpub/b.log", OOC.as_bytes())];
    for (name, whole) in [("a.zip", zip_of(&members)), ("a.tar.gz", gz(&tar_of(&members)))] {
        for at in (0..whole.len()).step_by(7) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            dir.file(name, &bytes);
            let ran = json(dir.path(), &[name]);
            assert!(matches!(ran.code, 0 | 3 | 4), "{name}, byte {at}: {} {}", ran.code, ran.stderr);
            assert_eq!(ran.report().schema_version, "1.0");
        }
    }
}

// Texts that attack whoever prints them.

/// Cursor and colour, direction, markup, tables, mentions, links, fences, a formula.
const EVIL: &str = "\u{1b}[2J\u{9b}31m\u{7}\u{8}\u{202e}gnp\u{2066}\u{200b}\u{feff}<script>alert(1)</script><img src=x onerror=a()>|x|`` ```[x](javascript:alert(1))![i](http://evil.test/p)@everyone=cmd|'/c calc'!A1 **b** _e_ ~~s~~ &lt; $x$ \\|";

/// Characters that must never reach a person raw.
fn is_raw(c: char) -> bool {
    c != '\n' && reports::escape::is_hidden(c)
}

/// A bundle with [`EVIL`] in every place that its maker fills.
fn evil_bundle() -> Dir {
    let dir = Dir::new();
    let text = EVIL;
    let tag = EVIL.replace([']', '['], "");
    let trace = format!(
        "{APPROACHING}51202: Apr 02 10:40:05.123 IST %MCVD-LIB_LICENSE-3-NEW_ALARM: [OP] {text}: {text} ={text}\n\
         51203: Apr 02 10:41:05.123 IST %MCVD-LIB_LICENSE-3-SYSTEM{text}: {text}\n\
         51204: Apr 02 10:42:05.123 IST %MCVD-LIB_LICENSE-7-EXCEPTION:java.net.UnknownHostException: {text}\n\
         51205: Apr 02 10:43:05.123 IST %MCVD-LIB_LICENSE-7-EXCEPTION:java.io.IOException: message to https://{text}/Transportgateway/services/DeviceRequestHandler not sent\n\
         {OOC}{text} LIB_LICENSE-1- {text}\n"
    );
    let syslog = format!(
        "Apr  2 10:45:05 {tag} local7 1 : 7: {tag}: Apr 02 2026 05:15:05.763 UTC :  %UC_LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: %[AppID={tag}][ClusterID={tag}][NodeID={tag}]: {text}\n\
         Apr  2 10:46:05 uccxpub local7 3 : 8: uccxpub.example.com: Apr 02 2026 05:16:05.763 UTC :  %UC_LIB_LICENSE-3-{tag}: %[{tag}={tag}][NodeID={tag}]: {text}\n\
         Apr  2 10:47:05 uccxpub local7 3 : 9: uccxpub.example.com: Apr 02 2026 05:17:05.763 UTC :  %UC_LIB_LICENSE-3-NEW_ONE: %[key={tag}][NodeID=uccxpub]: {text}\n\
         Apr  2 10:48:05 uccxpub local7 2 : 10: uccxpub.example.com: Apr 02 2026 05:18:05.763 UTC :  %UC_RTMT-2-RTMT_ALERT: %[AlertName={tag}][AlertDetail={text}][NodeID={tag}]: {text}\n\
         Apr  2 10:49:05 uccxpub local7 3 : 11: uccxpub.example.com: Apr 02 2026 05:19:05.763 UTC :  %UC_LIB_LICENSE-3-LARGE: %[key={}][NodeID=uccxpub]: {}\n",
        "é".repeat(200_000),
        "<b>".repeat(100_000)
    );
    let services = format!(
        "admin:utils service list\nCisco Unified CCX {text}[STOPPED]\nCisco Unified CCX Cluster View Daemon[STOPPED] {text}\n"
    );
    // A file name may hold anything but a slash and NUL, in 255 bytes.
    let name: String = EVIL.replace('/', "").chars().take(100).collect();
    dir.file("bundle/uccxpub/uccx/log/MCVD/Cisco001MCVD001.log", trace);
    dir.file("bundle/uccxpub/syslog/CiscoSyslog", syslog);
    dir.file("bundle/uccxpub/cli/services.txt", services);
    dir.file(&format!("bundle/{name}/uccx/log/MCVD/{name}.log"), OOC.replace("51202", "900"));
    dir.file(
        "bundle/uccxpub/cli/version.txt",
        format!("admin:show uccx version\nActive UCCX Version: {text}\n"),
    );
    dir.file(&format!("bundle/{name}.pdf"), b"%PDF-");
    dir.file("bundle/cut.zip", &zip_of(&[(EVIL, OOC.as_bytes()), ("b.log", OOC.as_bytes())])[..150]);
    dir
}

#[test]
fn no_output_holds_a_raw_control_or_direction_character() {
    let dir = evil_bundle();
    let evil_argument = format!("absent{}", EVIL.replace('/', ""));
    for format in ["text", "md", "json"] {
        for more in [&[][..], &["--verbose"], &["--ascii"]] {
            let args = [&["analyze", "bundle", &evil_argument, "--format", format], more].concat();
            let ran = run(uccxray(dir.path()).args(args));
            let raw: Vec<char> = ran.text().chars().filter(|c| is_raw(*c)).collect();
            assert!(raw.is_empty(), "{format} {more:?}: {raw:?}");
            let raw: Vec<char> = ran.stderr.chars().filter(|c| is_raw(*c)).collect();
            assert!(raw.is_empty(), "standard error of {format} {more:?}: {raw:?}");
        }
    }
}

#[test]
fn tables_spell_out_what_is_hidden_and_parquet_keeps_it() {
    let dir = evil_bundle();
    run(uccxray(dir.path()).args(["bundle", "-q", "-o", "a.csv", "-o", "events.parquet"]));
    let text = std::fs::read_to_string(dir.path().join("a.csv")).unwrap().replace("\r\n", "\n");
    assert!(text.contains("\\u{1b}[2J") && text.contains("\\u{202e}") && !text.contains(is_raw));
    let parquet = std::fs::read(dir.path().join("events.parquet")).unwrap();
    assert!(parquet.windows(4).any(|bytes| bytes == b"\x1b[2J"));
}

#[test]
fn a_forged_line_begins_no_line_of_a_report() {
    let dir = Dir::new();
    let forged = "Authorization: in_compliance";
    let line = format!(
        "Apr  2 10:45:05 uccxpub local7 3 : 7: uccxpub.example.com: Apr 02 2026 05:15:05.763 UTC :  %UC_LIB_LICENSE-3-NEW: %[NodeID=uccxpub]: a#012{forged}#012# {forged}#012- {forged}\n"
    );
    dir.file("CiscoSyslog", line);
    for format in ["text", "md"] {
        let ran = run(uccxray(dir.path()).args(["analyze", "CiscoSyslog", "--format", format])).exits(0);
        // A long text is wrapped inside its own column; what it says never stands alone and never at the margin.
        for line in ran.text().lines() {
            let alone = line.trim_matches([' ', '#', '-', '*', '>', '|']) == forged;
            assert!(!alone && !line.starts_with(forged), "{format}: {line}");
        }
    }
}

#[test]
fn a_field_of_a_megabyte_does_not_flood_the_reader() {
    let dir = evil_bundle();
    for (format, most) in [("text", 60_000), ("md", 400_000)] {
        let ran = run(uccxray(dir.path()).args(["analyze", "bundle", "--format", format]));
        assert!(ran.stdout.len() < most, "{format}: {} bytes", ran.stdout.len());
    }
}

/// Markdown less its fenced blocks and code spans: what a viewer acts on.
fn prose(page: &str) -> String {
    let mut out = String::new();
    let mut fence: Option<String> = None;
    for line in page.lines() {
        let ticks = line.trim_start().chars().take_while(|c| *c == '`').count();
        match &fence {
            Some(open) if ticks >= open.len() && line.trim_start().trim_matches('`').trim().is_empty() => {
                fence = None
            }
            Some(_) => {}
            None if ticks >= 3 && !line.trim_start()[ticks..].contains('`') => {
                fence = Some("`".repeat(ticks))
            }
            None => {
                out.push_str(&without_spans(line));
                out.push('\n');
            }
        }
    }
    assert_eq!(fence, None, "a fence is open at the end");
    out
}

/// A line without its code spans, as CommonMark finds them.
fn without_spans(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        out.push_str(&rest[..start]);
        let run = rest[start..].chars().take_while(|c| *c == '`').count();
        let body = &rest[start + run..];
        let mut at = 0;
        let end = loop {
            let Some(next) = body[at..].find('`') else { break None };
            let ticks = body[at + next..].chars().take_while(|c| *c == '`').count();
            if ticks == run {
                break Some(at + next + ticks);
            }
            at += next + ticks;
        };
        let Some(end) = end else {
            out.push_str(&rest[start..]);
            return out;
        };
        rest = &body[end..];
    }
    out + rest
}

#[test]
fn nothing_of_the_input_becomes_markup() {
    let dir = evil_bundle();
    let page = run(uccxray(dir.path()).args(["analyze", "bundle", "--format", "md"]));
    let prose = prose(page.text());
    for markup in ["<", "](", "![", "@everyone", "javascript:", "http://", "**b**", "~~s~~", "=cmd"] {
        let found = prose.lines().find(|line| line.contains(markup));
        assert!(found.is_none(), "{markup} in {found:?}");
    }
    let mut cells = 0;
    for line in prose.lines() {
        let bars = line.replace("\\|", "").matches('|').count();
        if line.starts_with('|') {
            cells = if cells == 0 { bars } else { cells };
            assert_eq!(bars, cells, "{line}");
        } else {
            assert_eq!(bars, 0, "{line}");
            cells = 0;
        }
    }
    // JSON holds the text as it was, and nothing that a page which embeds it could run.
    let json = run(uccxray(dir.path()).args(["analyze", "bundle", "--format", "json"]));
    assert!(!json.text().contains('<'));
    assert!(json.report().events.iter().any(|event| event.text.contains("<script>alert(1)</script>")));
}

/// A configuration in the working directory may come with the bundle.
#[test]
fn a_hostile_configuration_is_quoted_harmlessly() {
    let dir = Dir::new();
    dir.file("a.log", OOC);
    for toml in [
        "[analyze]\n\"\\u001b[2J\\u202e\" = 1\n",
        "[\"\\u001b[2J\"]\n",
        "[analyze]\nfail-on = \"\\u001b[2J\\u202e\"\n",
        "[analyze]\nrelease = \"\\u001b[2J\"\n",
        "[analyze]\nformat = \"\\u001b[2J\"\n",
        "[analyze]\nx = \u{202e}\n",
    ] {
        dir.file("uccxray.toml", toml);
        let ran = run(uccxray(dir.path()).args(["analyze", "a.log"]));
        assert_ne!(ran.code, 0, "{toml}");
        let raw: Vec<char> = ran.stderr.chars().filter(|c| is_raw(*c)).collect();
        assert!(raw.is_empty(), "{toml:?}: {:?}", ran.stderr);
    }
}

#[test]
fn random_bytes_on_standard_input_end_in_a_report() {
    let dir = Dir::new();
    let mut rng = uccxray::generate::Rng::stream(11, 11);
    for magic in [&b""[..], b"PK\x03\x04", b"\x1f\x8b\x08", b"PK\x05\x06", b"ustar", b"\xef\xbb\xbf"] {
        let mut bytes = magic.to_vec();
        bytes.extend((0..20_000).map(|_| rng.below(256) as u8));
        let ran = run_with(uccxray(dir.path()).args(["analyze", "-", "-f", "json"]), bytes);
        assert!(matches!(ran.code, 0 | 3 | 4), "{magic:?}: {}", ran.stderr);
        assert_eq!(ran.report().schema_version, "1.0");
    }
}
