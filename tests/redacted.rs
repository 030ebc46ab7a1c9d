//! Redacted output holds nothing of the customer. The originals are known beforehand and looked for by plain search, not
//! by the search that redaction itself makes.
//!
//! `UCCXRAY_SEEDS=1000` looks at more bundles; `--nocapture` prints the counts.

use std::sync::Mutex;

use history::analysis::Options;
use history::facts::{MemberOutcome, Source};
use reports::redact::{Map, Redactor};
use uccxray::analyze;
use uccxray::generate::{self, Plan, Rng};

use crate::support::drive::{Piece, Pieces};
use crate::support::{Dir, each_seed, run, uccxray};

/// A customer: names and numbers of its own, different for each seed.
struct Customer {
    /// What stands in generated bundles, and what stands there instead.
    renamed: Vec<(&'static str, String)>,
    /// Texts that no output may hold.
    private: Vec<String>,
    /// A record that holds every kind of them.
    record: String,
}

impl Customer {
    fn of(seed: u64) -> Self {
        let mut rng = Rng::stream(seed, 0x5eed);
        let mut number = |below: u32| rng.below(below);
        let tag = format!("{:05}", number(100_000));
        let (user, agent) = (format!("jdoe{tag}"), format!("agent.{tag}"));
        let domain = format!("corp{tag}.acme{tag}.de");
        let mail = format!("mia.{tag}@acme{tag}.de");
        let mac = format!("00:50:56:{:02x}:{:02x}:{:02x}", number(256), number(256), 17 + number(200));
        let ipv6 = format!("2a02:{:x}:7::{:x}", 4096 + number(50_000), 4096 + number(50_000));
        let phone = format!("+4989{:07}", number(10_000_000));
        let serial = format!("FCH{tag}V0");
        let piid = format!("{:08x}-1111-2222-3333-{:012x}", number(u32::MAX), number(u32::MAX));
        let token = format!("ZmFrZS10b2tlbi{tag}NotRealAtAll");
        let account = format!("Acme Voice {tag}");
        let udi = format!("9876{tag}ab");
        let record = format!(
            "%MCVD-LIB_LICENSE-3-PRIVATE_EVENT: [REPORT_ENTITLE] userID={user}, agentId: {agent}, mail {mail}, MAC {mac}, \
             peer {ipv6}, phone {phone}, serial number: {serial}, PIID={piid}, idtoken={token}, UDI: PID:UCCX,SN:{udi}, \
             Smart Account: {account}"
        );
        let hosts = [format!("muc{tag}ccxa"), format!("muc{tag}ccxb"), format!("muc{tag}ssm")];
        let net = format!("10.{}.{}.", number(256), number(256));
        let renamed = vec![
            ("uccxpub", hosts[0].clone()),
            ("uccxsub1", hosts[1].clone()),
            ("cssm.example.com", format!("{}.{domain}", hosts[2])),
            ("example.com", domain.clone()),
            ("192.0.2.", net.clone()),
        ];
        let private = hosts.into_iter().chain([
            domain,
            format!("acme{tag}"),
            net,
            user,
            agent,
            mail,
            mac,
            ipv6,
            phone,
            serial,
            piid,
            token,
            account,
            udi,
        ]);
        Self { renamed, private: private.collect(), record }
    }

    fn rename(&self, text: &str) -> String {
        self.renamed.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
    }

    /// The files of a generated bundle as this customer would have collected them.
    fn files(&self, seed: u64) -> Vec<(String, Vec<u8>)> {
        let plan = Plan::from_seed(seed);
        let bundle = generate::generate(&plan);
        let mut added = false;
        let mut files: Vec<(String, Vec<u8>)> = bundle
            .files
            .into_iter()
            .map(|file| {
                let mut text = String::from_utf8_lossy(&file.bytes).into_owned();
                if !added && file.path.contains("MCVD") {
                    // As the last record of a trace, stamped like the one before it.
                    let stamp =
                        text.lines().rev().find_map(|line| Some(line.split_once(" %MCVD-")?.0.to_owned()));
                    if let Some(stamp) = stamp {
                        text.push_str(&format!("{stamp} {}\n", self.record));
                        added = true;
                    }
                }
                (self.rename(&file.path), self.rename(&text).into_bytes())
            })
            .collect();
        if !added {
            let line = format!("1: Apr 02 10:00:05.123 IST {}\n", self.record);
            files.push(("uccx/log/MCVD/Cisco001MCVD099.log".to_owned(), line.into_bytes()));
        }
        files.sort();
        files
    }

    /// What a plain search finds, in any case and also where a sink escaped it.
    fn found_in(&self, output: &str) -> Vec<&str> {
        let lower = output.to_lowercase();
        self.private.iter().map(String::as_str).filter(|text| lower.contains(&text.to_lowercase())).collect()
    }
}

/// What was found in the outputs of one bundle, and how many outputs there were.
fn outputs_of(seed: u64) -> (Vec<String>, usize) {
    let customer = Customer::of(seed);
    let source = format!("/home/{}/cases/{}.zip", customer.private[6], customer.private[4]);
    let members = customer.files(seed).into_iter().map(|(path, bytes)| Piece {
        source: 0,
        path: Some(path),
        not_after: None,
        outcome: MemberOutcome::Read,
        bytes,
    });
    let pieces = Pieces {
        sources: vec![Source { path: source, kind: "zip", bytes: 1, sha256: Some([seed as u8; 32]) }],
        members: members.collect(),
        incomplete: Vec::new(),
        usage_from: 1,
    };
    let mut facts = pieces.facts(&Options::default(), || 4096);
    analyze::consume(&mut facts);
    let mut report = analyze::report(&facts);
    let plain = serde_json::to_string(&report).unwrap();
    let there = customer.found_in(&plain).len();
    assert!(there >= 12, "seed {seed}: only {there} originals stand in the report before redaction");
    let mut redactor = Redactor::new(Map::with_key([7; 32]));
    redactor.report(&mut report);
    let mut outputs: Vec<(&str, String)> = reports::RENDERERS
        .iter()
        .map(|renderer| (renderer.name, renderer.to_string(&report, &reports::Options::default())))
        .collect();
    outputs.push(("pdf", pdf::text(&report)));
    let mut leaks = Vec::new();
    for (name, output) in &outputs {
        leaks.extend(
            customer.found_in(output).into_iter().map(|text| format!("seed {seed}: {name} holds {text}")),
        );
        let own = redactor.leaks(output.as_bytes());
        let place = |leak: &reports::redact::Leak| {
            let bytes = output.as_bytes();
            let around = &bytes[leak.offset.saturating_sub(20)..(leak.offset + 30).min(bytes.len())];
            String::from_utf8_lossy(around).into_owned()
        };
        leaks.extend(own.iter().map(|leak| format!("seed {seed}: {name}: {leak}: {}", place(leak))));
    }
    (leaks, outputs.len())
}

#[test]
fn no_output_of_generated_bundles_holds_an_original() {
    let found = Mutex::new((Vec::new(), 0));
    let n_seeds = each_seed(100, |seed| {
        let (leaks, outputs) = outputs_of(seed);
        let mut found = found.lock().unwrap();
        found.0.extend(leaks);
        found.1 += outputs;
    });
    let (leaks, outputs) = found.into_inner().unwrap();
    println!("{n_seeds} bundles, {outputs} outputs, {} originals found", leaks.len());
    assert!(leaks.is_empty(), "{} leaks, the first: {:#?}", leaks.len(), &leaks[..leaks.len().min(20)]);
}

/// The program with `--redact` on a bundle of a customer, in a folder of its own.
fn case(seed: u64) -> (Dir, Customer) {
    let customer = Customer::of(seed);
    let dir = Dir::new();
    for (path, bytes) in customer.files(seed) {
        dir.file(&format!("bundle/{path}"), bytes);
    }
    (dir, customer)
}

fn files(dir: &std::path::Path) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(dir).unwrap();
    let read = |path: std::path::PathBuf| {
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        (path.display().to_string(), text)
    };
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).map(read).collect()
}

#[test]
fn files_tables_packs_and_the_screen_hold_no_original_and_the_map_is_private() {
    for seed in 0..4 {
        let (dir, customer) = case(seed);
        let redacted = ["--redact", "--map", "private.json"];
        std::fs::create_dir(dir.path().join("out")).unwrap();
        let names = [
            "a.json",
            "a.html",
            "a.md",
            "a.txt",
            "a.sarif",
            "a.xml",
            "a.csv",
            "events.csv",
            "a.pdf",
            "a.parquet",
        ];
        let outputs: Vec<String> =
            names.iter().flat_map(|name| ["-o".to_owned(), format!("out/{name}")]).collect();
        let ran = run(uccxray(dir.path()).arg("bundle").args(redacted).args(outputs)).exits(0);
        assert_eq!(customer.found_in(ran.text()), Vec::<&str>::new(), "seed {seed}");
        let written = files(&dir.path().join("out"));
        assert_eq!(written.len(), names.len());
        for (name, text) in written {
            assert_eq!(customer.found_in(&text), Vec::<&str>::new(), "seed {seed}: {name}");
        }
        let ran = run(uccxray(dir.path()).args(["pack", "bundle", "-q", "-o", "out/p.zip"]).args(redacted))
            .exits(0);
        assert!(!ran.stderr.contains("original"), "{}", ran.stderr);
        let mut zip =
            zip::ZipArchive::new(std::fs::File::open(dir.path().join("out/p.zip")).unwrap()).unwrap();
        for at in 0..zip.len() {
            let mut file = zip.by_index(at).unwrap();
            let name = file.name().unwrap().into_owned();
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
            let text = format!("{name}\n{}", String::from_utf8_lossy(&bytes));
            assert_eq!(customer.found_in(&text), Vec::<&str>::new(), "seed {seed}: {name}");
            assert!(!name.contains("private") && !text.contains("\"key\": \""), "{name}");
        }
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(dir.path().join("private.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn the_same_map_gives_the_same_names_and_lets_only_its_owner_verify() {
    let (dir, _) = case(5);
    let json = |map: &str| {
        let args = ["bundle", "--redact", "--map", map, "-f", "json", "--no-progress"];
        run(uccxray(dir.path()).args(args)).exits(0).stdout
    };
    let first = json("one.json");
    assert!(first == json("one.json"), "the second run named anew");
    assert!(first != json("two.json"), "two keys gave the same names");
    dir.file("report.json", &first);
    let ran = run(uccxray(dir.path()).args(["verify", "report.json", "bundle"])).exits(2);
    assert!(ran.stderr.contains("--map"), "{}", ran.stderr);
    let verify = |map: &str| run(uccxray(dir.path()).args(["verify", "report.json", "bundle", "--map", map]));
    verify("one.json").exits(0);
    verify("two.json").exits(4);
    let ran = run(uccxray(dir.path()).args(["bundle", "--map", "one.json"])).exits(2);
    assert!(ran.stderr.contains("--redact"), "{}", ran.stderr);
    dir.file("one.json", "{\"version\": 1, \"key\": \"secret-key-text\"}");
    let ran = run(uccxray(dir.path()).args(["bundle", "--redact", "--map", "one.json"])).exits(2);
    assert!(ran.stderr.contains("one.json") && !ran.stderr.contains("secret-key-text"), "{}", ran.stderr);
}

#[test]
fn a_bundle_is_written_again_without_names_and_reads_the_same() {
    let (dir, customer) = case(7);
    dir.file("bundle/picture.bin", b"PNG\0muc");
    let args = ["redact", "bundle", "--map", "private.json", "-o", "clean.zip"];
    let ran = run(uccxray(dir.path()).args(args)).exits(0);
    assert!(ran.stderr.contains("picture.bin"), "{}", ran.stderr);
    let mut zip = zip::ZipArchive::new(std::fs::File::open(dir.path().join("clean.zip")).unwrap()).unwrap();
    assert!(zip.len() > 1);
    for at in 0..zip.len() {
        let mut file = zip.by_index(at).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut file, &mut bytes).unwrap();
        let text = format!("{name}\n{}", String::from_utf8_lossy(&bytes));
        assert_eq!(customer.found_in(&text), Vec::<&str>::new(), "{name}");
    }
    // The same states and the same number of events as from the original.
    let report = |path: &str| run(uccxray(dir.path()).args([path, "-f", "json", "--no-progress"])).report();
    let (before, after) = (report("bundle"), report("clean.zip"));
    assert_eq!(before.events.len(), after.events.len());
    let states = |of: &reports::Report| -> Vec<(String, String)> {
        let rows = of.product_instances.iter().flat_map(|instance| &instance.history);
        rows.map(|row| (row.dimension.clone(), row.state.clone())).collect()
    };
    assert_eq!(states(&before), states(&after));
    let ran = run(uccxray(dir.path()).args(["redact", "bundle", "-o", "folder"])).exits(2);
    assert!(ran.stderr.contains(".zip"), "{}", ran.stderr);
}

#[test]
fn verbs_that_redact_nothing_refuse_to() {
    let (dir, _) = case(6);
    run(uccxray(dir.path()).args(["bundle", "-q", "-o", "a.json"])).exits(0);
    for (args, instead) in [
        (&["diff", "a.json", "bundle"][..], "uccxray analyze BUNDLE --redact"),
        (&["whatif", "bundle"][..], "uccxray redact BUNDLE"),
    ] {
        for option in [&["--redact"][..], &["--map", "m.json"][..]] {
            let ran = run(uccxray(dir.path()).args(args).args(option)).exits(2);
            assert!(ran.stdout.is_empty() && ran.stderr.contains(instead), "{args:?}: {}", ran.stderr);
        }
        let ran = run(uccxray(dir.path()).args(args).env("UCCXRAY_REDACT", "true")).exits(2);
        assert!(ran.stdout.is_empty() && ran.stderr.contains(instead), "{args:?}: {}", ran.stderr);
    }
}

/// A bundle whose output of a command labels what a line of a log says without a label.
fn labeled_elsewhere() -> Dir {
    let dir = Dir::new();
    let log = "1: Apr 02 10:00:05.123 IST %MCVD-LIB_LICENSE-1-SYSTEM_IN_OOC_STATE: [REPORT_ENTITLE] This Product Instance \
        is currently in Out of Compliance state because of insufficient licenses.\n\
        2: Apr 02 10:15:05.123 IST %MCVD-LIB_LICENSE-7-UNK: LicenseResponse status code: FAILED, message: The Virtual \
        Account VA-Walfang-S\u{fc}d of Blauwal AG Konzern has no license\n\
        3: Apr 02 10:16:05.123 IST %MCVD-LIB_LICENSE-7-UNK: LicenseResponse status code: FAILED, message: virtual account \
        \"VA Sued 88\" smart account (Wal AG 99) tenant\n";
    let output = "admin:show license all\nSmart Licensing Status\n=======================\n\
        Smart Licensing is ENABLED\n\nRegistration:\n  Status: REGISTERED\n  Smart Account: Blauwal AG Konzern\n  \
        Virtual Account: VA-Walfang-S\u{fc}d\n  Initial Registration: SUCCEEDED on Jan 26 15:11:23 2021 IST\n\n\
        License Authorization:\n  Status: OUT OF COMPLIANCE on Apr 02 10:45:05 2021 IST\n";
    for name in ["10.88.1.7.log", "a.10.88.1.11.txt.log", "x.log.10.88.1.13"] {
        dir.file(&format!("bundle/n9host/uccx/log/MCVD/{name}"), log);
    }
    dir.file("bundle/n9host/license.txt", output);
    dir
}

#[test]
fn what_an_output_labels_and_what_names_of_files_hold_is_replaced_in_every_line() {
    const PRIVATE: [&str; 8] =
        ["blauwal", "konzern", "walfang", "va sued", "wal ag", "10.88.1.7", "10.88.1.11", "10.88.1.13"];
    let dir = labeled_elsewhere();
    let args = ["bundle", "--redact", "--map", "m.json", "-f", "json", "-o", "a.md", "-o", "a.csv"];
    let ran = run(uccxray(dir.path()).args(args));
    assert!(ran.text().contains("account-"), "no line quotes an account: {}", ran.stderr);
    dir.file("a.json", &ran.stdout);
    for name in ["a.json", "a.md", "a.csv"] {
        let text = std::fs::read_to_string(dir.path().join(name)).unwrap().to_lowercase();
        let found: Vec<&str> = PRIVATE.into_iter().filter(|one| text.contains(one)).collect();
        assert_eq!(found, Vec::<&str>::new(), "{name}");
    }
    // The quotations are those of the lines, as far as they can be compared.
    let verify = || run(uccxray(dir.path()).args(["verify", "a.json", "bundle", "--map", "m.json"]));
    verify().exits(0);
    let falsified = String::from_utf8(ran.stdout).unwrap().replace("insufficient licenses", "too few agents");
    dir.file("a.json", falsified);
    let said = verify().exits(4);
    assert!(said.text().contains("the quoted text is not what the line says"), "{}", said.text());
}
