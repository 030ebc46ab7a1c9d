//! Deterministic UCCX log corpora for the benchmark.
//!
//! Two nodes, three weeks of local time across the end of daylight saving time, traces of the engine
//! (MIVR), the Cluster View Daemon (MCVD) and the administration (MADM), syslog and the RTMT alert log, in
//! files of at most 10 MiB. The same size, density and seed always give the same bytes. `sparse` has about
//! 0.12 % relevant lines (default trace levels), `dense` about 59 % (`LIB_LICENSE` and `SS_RM` debugging on).
//! A line is relevant when it holds one of [`LITERALS`].
//!
//! The text is synthetic: its compressibility and the locality of its ids are set here, by the templates.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, SystemTime};

use memchr::memmem::Finder;
use serde_json::{Value, json};

/// What makes a line relevant; also what the `rg` peer is asked to count.
pub(crate) const LITERALS: [&str; 3] = ["LIB_LICENSE-", "SS_RM-", "UC_RTMT-"];

/// One gibibyte: the size at which a corpus covers its full three weeks.
pub(crate) const GIB: u64 = 1 << 30;

/// Raise it when the same arguments begin to give other bytes.
const GENERATOR: u64 = 1;
const FILE_TARGET: u64 = 10_100_000;
const CHUNK: usize = 1 << 20;
const DAY_MS: i64 = 86_400_000;
const WEEKS_MS: i64 = 21 * DAY_MS;
const SLOT_MS: i64 = 15 * 60_000;
/// 2024-11-03 06:00 UTC, when clocks in New York go back from 02:00 EDT to 01:00 EST.
const DST_END_MS: i64 = 1_730_613_600_000;
/// Instants (UTC, ms) at which New York changes its offset, with the offset after it, in hours.
const ZONE_CHANGES: [(i64, i64); 6] = [
    (DST_END_MS, -5),
    (1_741_503_600_000, -4),
    (1_762_063_200_000, -5),
    (1_772_953_200_000, -4),
    (1_793_512_800_000, -5),
    (1_805_007_600_000, -4),
];
const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
const WEEKDAYS: [&[u8; 3]; 7] = [b"Thu", b"Fri", b"Sat", b"Sun", b"Mon", b"Tue", b"Wed"];

/// How much of a corpus concerns licences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Density {
    /// Default trace levels: a licence line now and then.
    Sparse,
    /// Licence and resource manager debugging on.
    Dense,
}

impl Density {
    /// The word used on the command line and in file names.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Sparse => "sparse",
            Self::Dense => "dense",
        }
    }
}

/// What the generator knows about a corpus, kept beside it as `truth.json`.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    /// Bytes of all files together.
    pub(crate) bytes: u64,
    /// Number of files.
    pub(crate) files: u64,
    /// Number of lines.
    pub(crate) lines: u64,
    /// Lines with at least one of [`LITERALS`].
    pub(crate) relevant: u64,
    /// Lines with each literal, in the order of [`LITERALS`].
    pub(crate) literal_lines: [u64; 3],
    /// Alarms by place (`trace`, `syslog`, `rtmt_nested`, `alert_log`), then by mnemonic.
    pub(crate) alarms: BTreeMap<&'static str, BTreeMap<&'static str, u64>>,
}

impl Truth {
    fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.files += other.files;
        self.lines += other.lines;
        self.relevant += other.relevant;
        for (mine, theirs) in self.literal_lines.iter_mut().zip(other.literal_lines) {
            *mine += theirs;
        }
        for (place, counts) in other.alarms {
            for (name, count) in counts {
                *self.alarms.entry(place).or_default().entry(name).or_default() += count;
            }
        }
    }

    fn to_json(&self, density: Density, size: u64, seed: u64) -> Value {
        let literals: BTreeMap<&str, u64> = LITERALS.into_iter().zip(self.literal_lines).collect();
        json!({
            "generator": GENERATOR,
            "density": density.word(),
            "asked_bytes": size,
            "seed": seed,
            "bytes": self.bytes,
            "files": self.files,
            "lines": self.lines,
            "relevant_lines": self.relevant,
            "lines_with": literals,
            "lib_license_alarms": self.alarms,
        })
    }
}

/// The truth of a corpus made earlier, if it is the one asked for.
pub(crate) fn known(truth_file: &Path, density: Density, size: u64, seed: u64) -> Option<Truth> {
    let text = fs::read(truth_file).ok()?;
    let value: Value = serde_json::from_slice(&text).ok()?;
    let number = |key: &str| value.get(key).and_then(Value::as_u64);
    let same = value.get("density").and_then(Value::as_str) == Some(density.word())
        && number("generator") == Some(GENERATOR)
        && number("asked_bytes") == Some(size)
        && number("seed") == Some(seed);
    same.then_some(())?;
    Some(Truth {
        bytes: number("bytes")?,
        files: number("files")?,
        lines: number("lines")?,
        relevant: number("relevant_lines")?,
        ..Truth::default()
    })
}

/// Writes a corpus of about `size` bytes below `dir` and its truth to `truth_file`, one thread a node.
pub(crate) fn generate(
    dir: &Path,
    truth_file: &Path,
    density: Density,
    size: u64,
    seed: u64,
) -> Result<Truth, String> {
    let nodes = [&PUBLISHER, &SUBSCRIBER];
    let parts: Vec<Result<Truth, String>> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            nodes.map(|node| scope.spawn(move || generate_node(dir, node, density, size, seed))).into();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("the generator panicked".to_owned())))
            .collect()
    });
    let mut truth = Truth::default();
    for part in parts {
        truth.add(part?);
    }
    let text = format!("{:#}\n", truth.to_json(density, size, seed));
    fs::write(truth_file, text).map_err(|e| format!("{}: {e}", truth_file.display()))?;
    Ok(truth)
}

/// A node of the cluster, and how many files of each kind it has in a gibibyte.
struct Node {
    name: &'static str,
    number: u8,
    address: &'static str,
    alarm_delay_ms: i64,
    shares: &'static [(Kind, u64)],
}

/// Shares are tenths of a file; all nodes together make [`ALL_SHARES`].
static PUBLISHER: Node = Node {
    name: "uccxpub",
    number: 1,
    address: "10.20.30.11",
    alarm_delay_ms: 0,
    shares: &[
        (Kind::Mivr, 300),
        (Kind::Mcvd, 120),
        (Kind::Madm, 60),
        (Kind::Syslog, 50),
        (Kind::AlertLog, 1),
    ],
};
static SUBSCRIBER: Node = Node {
    name: "uccxsub1",
    number: 2,
    address: "10.20.30.12",
    alarm_delay_ms: 1_370,
    shares: &[(Kind::Mivr, 310), (Kind::Mcvd, 120), (Kind::Madm, 60), (Kind::Syslog, 50)],
};
const ALL_SHARES: u64 = 1071;

/// Templates with their weights.
type Weighted = &'static [(u32, &'static str)];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mivr,
    Mcvd,
    Madm,
    Syslog,
    AlertLog,
}

impl Kind {
    fn path(self, node: &Node, index: u64, count: u64, start: i64) -> String {
        let name = node.name;
        let trace = |component: &str| {
            let number = node.number;
            format!("{name}/uccx/log/{component}/Cisco{number:03}{component}{:03}.log", index + 1)
        };
        match self {
            Self::Mivr => trace("MIVR"),
            Self::Mcvd => trace("MCVD"),
            Self::Madm => trace("MADM"),
            Self::Syslog if index + 1 == count => format!("{name}/syslog/CiscoSyslog"),
            Self::Syslog => format!("{name}/syslog/CiscoSyslog.{}", count - 1 - index),
            Self::AlertLog => {
                let local = Local::of(start);
                format!(
                    "{name}/cm/log/amc/AlertLog/AlertLog_{:02}_{:02}_{:04}_{:02}_{:02}.csv",
                    local.month, local.day, local.year, local.hour, local.minute
                )
            }
        }
    }

    /// Those of other lines, then those of relevant lines.
    fn templates(self) -> (Weighted, Weighted) {
        match self {
            Self::Mivr => (templates::MIVR, templates::MIVR_RELEVANT),
            Self::Mcvd => (templates::MCVD, templates::MCVD_RELEVANT),
            Self::Madm => (templates::MADM, templates::MADM_RELEVANT),
            Self::Syslog => (templates::SYSLOG, templates::SYSLOG_RELEVANT),
            Self::AlertLog => (templates::ALERT_LOG, templates::ALERT_LOG),
        }
    }

    /// Chance of a relevant record, in 1/65536.
    fn relevant_chance(self, density: Density) -> u64 {
        match (density, self) {
            (Density::Sparse, Self::Mivr | Self::Mcvd) => 81,
            (Density::Sparse, Self::Madm) => 40,
            (Density::Sparse, Self::Syslog) => 55,
            (Density::Dense, Self::Mivr | Self::Mcvd) => 49_600,
            (Density::Dense, Self::Madm) => 12_000,
            (Density::Dense, Self::Syslog) => 900,
            (_, Self::AlertLog) => 0,
        }
    }
}

fn generate_node(dir: &Path, node: &Node, density: Density, size: u64, seed: u64) -> Result<Truth, String> {
    let mut truth = Truth::default();
    let blocks = size.div_ceil(GIB).max(1);
    let block_bytes = size / blocks;
    // Integer arithmetic in i128: a window in ms times a size in bytes passes 2^63.
    let window = i64::try_from(i128::from(WEEKS_MS) * i128::from(block_bytes) / i128::from(GIB))
        .map_err(|e| e.to_string())?;
    for &(kind, share) in node.shares {
        let stream_bytes = block_bytes * share / ALL_SHARES;
        let per_block = stream_bytes.div_ceil(FILE_TARGET).max(1);
        let mut stream = Stream::new(dir, node, kind, density, seed, per_block * blocks)?;
        for block in 0..blocks {
            let start = DST_END_MS - window / 2 + window * i64::try_from(block).map_err(|e| e.to_string())?;
            stream.block(start, window, stream_bytes, per_block, density)?;
        }
        truth.add(stream.truth);
    }
    Ok(truth)
}

/// One alarm of the schedule: when, and its minutes to Out of Compliance (0: already there).
#[derive(Clone, Copy)]
struct Alarm {
    at: i64,
    minutes: u8,
    /// Sequence number in syslog: the daemon's own, one higher each time.
    seq: u64,
}

impl Alarm {
    fn mnemonic(self) -> &'static str {
        match self.minutes {
            0 => "SYSTEM_IN_OOC_STATE",
            15 => "SYSTEM_TO_ENTER_OOC_STATE_SHORTLY",
            _ => "SYSTEM_TO_ENTER_OOC_STATE",
        }
    }
}

/// The licence alarms between two instants. Dense: every 15 minutes, in cycles of two hours. Sparse: an
/// episode of 23 alarms every two days. Slots are counted from the clock change, so a small corpus, which is
/// centred on it, has an episode too.
fn schedule(node: &Node, density: Density, start: i64, end: i64) -> Vec<Alarm> {
    let (cycle, length) = match density {
        Density::Sparse => (192, 23),
        Density::Dense => (8, 8),
    };
    let first = (start - DST_END_MS).div_euclid(SLOT_MS);
    let last = (end - DST_END_MS).div_euclid(SLOT_MS);
    (first..=last)
        .filter_map(|slot| {
            let place = (slot + 4).rem_euclid(cycle);
            let minutes = match place {
                0 => 45,
                1 => 30,
                2 => 15,
                _ => 0,
            };
            let at = DST_END_MS + slot * SLOT_MS + 247_113 + node.alarm_delay_ms;
            let seq = 100_000 + (slot + 4).div_euclid(cycle) * length + place;
            (place < length && at >= start && at < end).then_some(Alarm { at, minutes, seq: seq as u64 })
        })
        .collect()
}

/// One log of one node: its files, one after another.
struct Stream<'a> {
    dir: &'a Path,
    node: &'a Node,
    kind: Kind,
    noise: Deck,
    relevant: Deck,
    alarm: Vec<Vec<Piece>>,
    rng: Rng,
    context: Context,
    buffer: Vec<u8>,
    finders: [Finder<'static>; 3],
    truth: Truth,
    files: u64,
    file_count: u64,
}

impl<'a> Stream<'a> {
    fn new(
        dir: &'a Path,
        node: &'a Node,
        kind: Kind,
        density: Density,
        seed: u64,
        file_count: u64,
    ) -> Result<Self, String> {
        let (noise, relevant) = kind.templates();
        let mut rng = Rng(seed ^ (u64::from(node.number) << 32) ^ ((kind as u64) << 40) ^ density as u64);
        let alarm: &[&str] = match kind {
            Kind::Mcvd => &templates::MCVD_ALARM,
            Kind::Syslog => &templates::SYSLOG_ALARM,
            Kind::AlertLog => &templates::ALERT_LOG_ALARM,
            Kind::Mivr | Kind::Madm => &[],
        };
        let context = Context::new(&mut rng);
        Ok(Self {
            dir,
            node,
            kind,
            noise: Deck::new(noise)?,
            relevant: Deck::new(relevant)?,
            alarm: alarm.iter().map(|text| compile(text)).collect::<Result<_, _>>()?,
            rng,
            context,
            buffer: Vec::with_capacity(CHUNK + (1 << 16)),
            finders: LITERALS.map(Finder::new),
            truth: Truth::default(),
            files: 0,
            file_count,
        })
    }

    /// Writes `bytes` of records in `files` files, spread evenly over the window. A burst of records shares
    /// its call, task and agent and takes a second or so; then time jumps to where the bytes say it is.
    fn block(
        &mut self,
        start: i64,
        window: i64,
        bytes: u64,
        files: u64,
        density: Density,
    ) -> Result<(), String> {
        let alarms = schedule(self.node, density, start, start + window);
        let chance = self.kind.relevant_chance(density);
        let mut alarms = alarms.into_iter().peekable();
        let mut clock = Clock::new(start);
        let mut done = 0_u64;
        let mut left_in_burst = 0_u64;
        for index in 0..files {
            let limit = bytes * (index + 1) / files;
            let path = self.dir.join(self.kind.path(self.node, self.files, self.file_count, clock.now));
            self.files += 1;
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(|e| format!("{}: {e}", parent.display()))?;
            }
            let mut file = File::create(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            if self.kind == Kind::AlertLog {
                self.buffer.extend_from_slice(templates::ALERT_LOG_HEADER.as_bytes());
            }
            loop {
                let written = done + self.buffer.len() as u64;
                let full = written >= limit;
                if full || self.buffer.len() >= CHUNK {
                    if full && index + 1 == files {
                        for alarm in alarms.by_ref() {
                            self.emit_alarm(&mut clock, alarm);
                        }
                    }
                    done += self.buffer.len() as u64;
                    self.count();
                    file.write_all(&self.buffer).map_err(|e| format!("{}: {e}", path.display()))?;
                    self.buffer.clear();
                    if full {
                        // As on the node: last changed when the last record came.
                        let since = Duration::from_millis(clock.now.unsigned_abs());
                        file.set_modified(SystemTime::UNIX_EPOCH + since)
                            .map_err(|e| format!("{}: {e}", path.display()))?;
                        break;
                    }
                }
                let next = if left_in_burst == 0 {
                    left_in_burst = 8 + self.rng.below(40);
                    self.context.next_burst(&mut self.rng);
                    let progress = i128::from(window) * i128::from(written) / i128::from(bytes.max(1));
                    let here = start + i64::try_from(progress).map_err(|e| e.to_string())?;
                    here.max(clock.now + 1)
                } else {
                    left_in_burst -= 1;
                    clock.now + i64::try_from(self.rng.below(1 << 16) >> 10).map_err(|e| e.to_string())? / 4
                };
                while let Some(alarm) = alarms.next_if(|alarm| alarm.at <= next) {
                    self.emit_alarm(&mut clock, alarm);
                }
                clock.set(next.max(clock.now));
                let draw = self.rng.next();
                let deck = if draw & 0xffff < chance { &self.relevant } else { &self.noise };
                let pieces = deck.pick(draw >> 32);
                let mut out = Renderer {
                    out: &mut self.buffer,
                    rng: &mut self.rng,
                    context: &mut self.context,
                    clock: &clock,
                    node: self.node,
                    alarm: None,
                };
                out.render(pieces);
            }
        }
        self.truth.files += files;
        self.truth.bytes += done;
        Ok(())
    }

    fn emit_alarm(&mut self, clock: &mut Clock, alarm: Alarm) {
        let place: &[&'static str] = match self.kind {
            Kind::Mcvd => &["trace"],
            Kind::Syslog if self.node.number == 1 => &["syslog", "rtmt_nested"],
            Kind::Syslog => &["syslog"],
            Kind::AlertLog => &["alert_log"],
            Kind::Mivr | Kind::Madm => return,
        };
        clock.set(alarm.at.max(clock.now));
        for (at, place) in place.iter().enumerate() {
            // Templates come in threes: in the state, shortly, to enter. RTMT templates follow the plain ones.
            let which = match alarm.minutes {
                0 => at * 3,
                15 => at * 3 + 1,
                _ => at * 3 + 2,
            };
            let Some(pieces) = self.alarm.get(which) else { continue };
            let mut out = Renderer {
                out: &mut self.buffer,
                rng: &mut self.rng,
                context: &mut self.context,
                clock,
                node: self.node,
                alarm: Some(alarm),
            };
            out.render(pieces);
            *self.truth.alarms.entry(place).or_default().entry(alarm.mnemonic()).or_default() += 1;
        }
    }

    /// Counts the finished chunk, from its bytes and not from what the templates promise.
    fn count(&mut self) {
        let bytes = self.buffer.as_slice();
        self.truth.lines += bytecount::count(bytes, b'\n') as u64;
        let mut hits: Vec<usize> = Vec::new();
        for (finder, lines) in self.finders.iter().zip(self.truth.literal_lines.iter_mut()) {
            let mut at = 0;
            while let Some(found) = bytes.get(at..).and_then(|rest| finder.find(rest)) {
                *lines += 1;
                let from = at + found;
                let rest = bytes.get(from..).unwrap_or_default();
                at = memchr::memchr(b'\n', rest).map_or(bytes.len(), |end| from + end + 1);
                hits.push(at);
            }
        }
        hits.sort_unstable();
        hits.dedup();
        self.truth.relevant += hits.len() as u64;
    }
}

/// Templates of one kind with their weights summed up.
struct Deck {
    cards: Vec<(u64, Vec<Piece>)>,
    total: u64,
}

impl Deck {
    fn new(templates: Weighted) -> Result<Self, String> {
        let mut cards = Vec::with_capacity(templates.len());
        let mut total = 0;
        for (weight, text) in templates {
            total += u64::from(*weight);
            cards.push((total, compile(text)?));
        }
        Ok(Self { cards, total })
    }

    /// `draw` is 32 random bits.
    fn pick(&self, draw: u64) -> &[Piece] {
        let ticket = (draw * self.total) >> 32;
        self.cards.iter().find(|(upto, _)| ticket < *upto).map_or(&[], |(_, pieces)| pieces.as_slice())
    }
}

/// A part of a template.
enum Piece {
    Text(Vec<u8>),
    /// Random digits, random hexadecimal digits.
    Digits(u8),
    Hex(u8),
    /// Process sequence number, one higher each time.
    Seq,
    /// That of the alarm, the same in each place that tells of it.
    AlarmSeq,
    /// `Nov 03 01:59:59.999 EDT`, `Nov 03 01:59:59`, `Nov 03 2024 05:59:59.999 UTC`,
    /// `Sun Nov 03 01:59:59 EDT 2024`.
    TraceStamp,
    SyslogStamp,
    UtcStamp,
    JavaStamp,
    /// Things of the node.
    Node,
    Address,
    Minutes,
    /// Things that a burst of records shares.
    Call,
    Media,
    Task,
    Agent,
    Queue,
    Extension,
    Peer,
    Thread,
}

fn compile(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('«') {
        let (hole, after) = after.split_once('»').ok_or_else(|| format!("an open hole in {text:?}"))?;
        if !before.is_empty() {
            pieces.push(Piece::Text(before.as_bytes().to_vec()));
        }
        let count = |digits: &str| digits.parse::<u8>().map_err(|_| format!("unknown hole {hole:?}"));
        pieces.push(match hole {
            "seq" => Piece::Seq,
            "aseq" => Piece::AlarmSeq,
            "t" => Piece::TraceStamp,
            "s" => Piece::SyslogStamp,
            "utc" => Piece::UtcStamp,
            "java" => Piece::JavaStamp,
            "node" => Piece::Node,
            "addr" => Piece::Address,
            "min" => Piece::Minutes,
            "call" => Piece::Call,
            "media" => Piece::Media,
            "task" => Piece::Task,
            "agent" => Piece::Agent,
            "csq" => Piece::Queue,
            "ext" => Piece::Extension,
            "peer" => Piece::Peer,
            "thread" => Piece::Thread,
            _ => match hole.split_at_checked(1) {
                Some(("d", digits)) => Piece::Digits(count(digits)?),
                Some(("x", digits)) => Piece::Hex(count(digits)?),
                _ => return Err(format!("unknown hole {hole:?}")),
            },
        });
        rest = after;
    }
    pieces.push(Piece::Text(format!("{rest}\n").into_bytes()));
    Ok(pieces)
}

/// What the records of one burst have in common.
struct Context {
    seq: u64,
    call: u64,
    media: u64,
    task: u64,
    agent: u64,
    queue: u64,
    extension: u64,
    peer: u64,
    thread: u64,
}

impl Context {
    fn new(rng: &mut Rng) -> Self {
        let mut context = Self {
            seq: 100 + rng.below(1 << 16),
            call: 1 + rng.below(9000),
            media: 29_000 + rng.below(9000),
            task: 34_000_000_000 + rng.below(1 << 16),
            agent: 0,
            queue: 0,
            extension: 0,
            peer: 0,
            thread: 0,
        };
        context.next_burst(rng);
        context
    }

    fn next_burst(&mut self, rng: &mut Rng) {
        let bits = rng.next();
        self.call += 1 + (bits & 1);
        self.media += 1;
        self.task += 1 + ((bits >> 1) & 3);
        self.agent = (bits >> 8) & 0xff;
        self.queue = (bits >> 16) & 0xf;
        self.extension = 540_000 + ((bits >> 24) & 0x3ff);
        self.peer = (bits >> 40) & 0x3f;
        self.thread = (bits >> 48) & 0x3f;
    }
}

struct Renderer<'a> {
    out: &'a mut Vec<u8>,
    rng: &'a mut Rng,
    context: &'a mut Context,
    clock: &'a Clock,
    node: &'a Node,
    alarm: Option<Alarm>,
}

impl Renderer<'_> {
    fn render(&mut self, pieces: &[Piece]) {
        for piece in pieces {
            match piece {
                Piece::Text(bytes) => self.out.extend_from_slice(bytes),
                Piece::Digits(count) => {
                    let mut bits = self.rng.next();
                    for _ in 0..*count {
                        self.out.push(b'0' + (((bits & 0xffff) * 10) >> 16) as u8);
                        bits = bits.rotate_right(13);
                    }
                }
                Piece::Hex(count) => {
                    let mut bits = self.rng.next();
                    for _ in 0..*count {
                        let digit = (bits & 15) as u8;
                        self.out.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
                        bits >>= 4;
                    }
                }
                Piece::Seq => {
                    self.context.seq += 1;
                    number(self.out, self.context.seq);
                }
                Piece::TraceStamp => {
                    self.out.extend_from_slice(&self.clock.local);
                    self.out.push(b'.');
                    self.millis();
                    self.out.extend_from_slice(self.clock.zone());
                }
                Piece::SyslogStamp => self.out.extend_from_slice(&self.clock.local),
                Piece::UtcStamp => {
                    self.out.extend_from_slice(&self.clock.utc);
                    self.out.push(b'.');
                    self.millis();
                    self.out.extend_from_slice(b" UTC");
                }
                Piece::JavaStamp => {
                    self.out.extend_from_slice(self.clock.weekday);
                    self.out.push(b' ');
                    self.out.extend_from_slice(&self.clock.local);
                    self.out.extend_from_slice(self.clock.zone());
                    self.out.push(b' ');
                    number(self.out, self.clock.year);
                }
                Piece::Node => self.out.extend_from_slice(self.node.name.as_bytes()),
                Piece::Address => self.out.extend_from_slice(self.node.address.as_bytes()),
                Piece::Minutes => number(self.out, self.alarm.map_or(0, |alarm| u64::from(alarm.minutes))),
                Piece::AlarmSeq => number(self.out, self.alarm.map_or(0, |alarm| alarm.seq)),
                Piece::Call => number(self.out, self.context.call),
                Piece::Media => number(self.out, self.context.media),
                Piece::Task => number(self.out, self.context.task),
                Piece::Extension => number(self.out, self.context.extension),
                Piece::Peer => {
                    self.out.extend_from_slice(b"10.106.87.");
                    number(self.out, 100 + self.context.peer);
                }
                Piece::Thread => number(self.out, self.context.thread),
                Piece::Agent => {
                    let names = &templates::AGENTS;
                    let at = self.context.agent as usize;
                    self.out.extend_from_slice(names.get(at % names.len()).unwrap_or(&"").as_bytes());
                    number(self.out, self.context.agent / names.len() as u64);
                }
                Piece::Queue => {
                    let names = &templates::QUEUES;
                    let at = self.context.queue as usize % names.len();
                    self.out.extend_from_slice(names.get(at).unwrap_or(&"").as_bytes());
                }
            }
        }
    }

    fn millis(&mut self) {
        let ms = self.clock.now.rem_euclid(1000) as u64;
        self.out.extend_from_slice(&[digit(ms / 100), digit(ms / 10), digit(ms)]);
    }
}

fn digit(value: u64) -> u8 {
    b'0' + (value % 10) as u8
}

fn number(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0_u8; 20];
    let mut used = 0;
    for slot in digits.iter_mut().rev() {
        *slot = digit(value);
        value /= 10;
        used += 1;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(20 - used..).unwrap_or_default());
}

/// The present of one stream, with its printed forms, which change once a second.
struct Clock {
    now: i64,
    second: i64,
    local: [u8; 15],
    utc: [u8; 20],
    weekday: &'static [u8; 3],
    year: u64,
    daylight: bool,
}

impl Clock {
    fn new(start: i64) -> Self {
        let mut clock = Self {
            now: start,
            second: i64::MIN,
            local: *b"Jan 01 00:00:00",
            utc: *b"Jan 01 1970 00:00:00",
            weekday: b"Thu",
            year: 1970,
            daylight: false,
        };
        clock.set(start);
        clock
    }

    fn set(&mut self, now: i64) {
        self.now = now;
        let second = now.div_euclid(1000);
        if second == self.second {
            return;
        }
        self.second = second;
        let local = Local::of(now);
        let utc = Local::split(now);
        self.daylight = local.offset == -4;
        self.weekday = WEEKDAYS.get(local.weekday).copied().unwrap_or(b"Thu");
        self.year = local.year;
        let mut text = Vec::with_capacity(20);
        local.month_day(&mut text);
        local.time(&mut text);
        self.local.copy_from_slice(&text);
        text.clear();
        utc.month_day(&mut text);
        number(&mut text, utc.year);
        text.push(b' ');
        utc.time(&mut text);
        self.utc.copy_from_slice(&text);
    }

    fn zone(&self) -> &'static [u8] {
        if self.daylight { b" EDT" } else { b" EST" }
    }
}

/// Year, month, day, hour, minute and second of an instant, in UTC.
pub(crate) fn civil(utc_ms: i64) -> [u64; 6] {
    let Local { year, month, day, hour, minute, second, .. } = Local::split(utc_ms);
    [year, month, day, hour, minute, second]
}

/// An instant taken apart.
struct Local {
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
    weekday: usize,
    offset: i64,
}

impl Local {
    fn of(utc_ms: i64) -> Self {
        let change = ZONE_CHANGES.iter().rev().find(|(at, _)| *at <= utc_ms);
        let offset = change.map_or(-4, |(_, hours)| *hours);
        Self { offset, ..Self::split(utc_ms + offset * 3_600_000) }
    }

    /// Civil date of a count of days, by the usual era arithmetic.
    fn split(ms: i64) -> Self {
        let days = ms.div_euclid(DAY_MS);
        let in_day = ms.rem_euclid(DAY_MS) as u64 / 1000;
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_index = (5 * day_of_year + 2) / 153;
        let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Self {
            year: year as u64,
            month: month as u64,
            day: (day_of_year - (153 * month_index + 2) / 5 + 1) as u64,
            hour: in_day / 3600,
            minute: in_day / 60 % 60,
            second: in_day % 60,
            weekday: days.rem_euclid(7) as usize,
            offset: 0,
        }
    }

    fn month_day(&self, out: &mut Vec<u8>) {
        let month = MONTHS.get(self.month as usize - 1).copied().unwrap_or(b"Jan");
        out.extend_from_slice(month);
        out.extend_from_slice(&[b' ', digit(self.day / 10), digit(self.day), b' ']);
    }

    fn time(&self, out: &mut Vec<u8>) {
        for (value, end) in [(self.hour, b':'), (self.minute, b':'), (self.second, 0)] {
            out.extend_from_slice(&[digit(value / 10), digit(value)]);
            if end != 0 {
                out.push(end);
            }
        }
    }
}

/// splitmix64: small, fast, and the same everywhere.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        ((self.next() >> 32) * limit) >> 32
    }
}

mod templates;
