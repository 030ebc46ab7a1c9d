//! Trace records that say nothing about licenses, in every shape that a reader meets.
//!
//! All wording is our own. No text here may look like a transport failure or carry an alarm's code.

use super::rng::Rng;

/// A record without its number and stamp.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    /// The sub-facility.
    pub(super) unit: &'static str,
    /// 0 to 7.
    pub(super) severity: u8,
    /// What stands after the severity: `UNK`, `EXCEPTION`, a mnemonic.
    pub(super) name: &'static str,
    /// Everything after the colon, a blank at its start included. May have several lines.
    pub(super) message: String,
}

fn debug(unit: &'static str, message: String) -> Draft {
    Draft { unit, severity: 7, name: "UNK", message }
}

/// One irrelevant record, or two that belong together.
pub(super) fn draft(rng: &mut Rng, facility: &str, engine_debug: bool) -> Vec<Draft> {
    let blank = if rng.one_in(2) { " " } else { "" };
    let id = rng.within(10, 99_999);
    let shape = rng.below(40);
    let one = match (shape, facility) {
        (0, _) => return exception(rng, facility),
        (1, _) => dump(rng, facility),
        (2, _) => debug(unit(facility), format!("{blank}queue walk {id} finished\n")),
        (3, "MADM") => decoy(id),
        (4, _) => debug(unit(facility), String::new()),
        (_, "MCVD") => cluster(rng, blank, id),
        (_, "MIVR") => engine(rng, blank, id, engine_debug),
        _ => administration(rng, blank, id),
    };
    vec![one]
}

fn unit(facility: &str) -> &'static str {
    match facility {
        "MCVD" => "CVD",
        "MIVR" => "SS_TEL",
        _ => "ADM",
    }
}

fn cluster(rng: &mut Rng, blank: &str, id: u32) -> Draft {
    match rng.below(7) {
        0 => debug(
            "CVD",
            format!("{blank}heartbeat {id} answered by all peers after {} ms", rng.within(1, 40)),
        ),
        1 => debug("CLUSTER_MGR", format!("{blank}view {id} unchanged, members={}", rng.within(1, 2))),
        2 => debug("NODE_MGR", format!("{blank}Service table refreshed, {} entries", rng.within(20, 60))),
        3 => {
            debug("CRA_CMM", format!("{blank}outgoing message id={id}, size={} bytes", rng.within(80, 2_000)))
        }
        4 => Draft {
            unit: "LIB_CLUSTER_CFG",
            severity: 6,
            name: "CONFIG_READ",
            message: format!("Configuration read: Table=ClusterProfile,Revision={id}"),
        },
        5 => debug("BOOTSTRAP_MGR", format!("{blank}cache of {id} keys kept")),
        _ => debug("LIB_EVENT", format!("{blank}dispatch of event {id} took {} us", rng.within(9, 900))),
    }
}

fn engine(rng: &mut Rng, blank: &str, id: u32, engine_debug: bool) -> Draft {
    match rng.below(8) {
        0 => debug("SS_TEL", format!("{blank}CallID:{id} MediaId:{id}/1 digit buffer emptied")),
        1 => debug(
            "ENG",
            format!("{blank}Execute step of Task 34{id:09} : Delay /* wait {} s */", rng.within(1, 30)),
        ),
        2 => debug("ICD_CTI", format!("{blank}session {id} keeps alive, window={}", rng.within(1, 64))),
        3 => debug("LIB_MEDIA", format!("{blank}PrPl: appId=4, contactId={id} -> prompt queue is empty")),
        4 => Draft {
            unit: "SS_CMT",
            severity: 6,
            name: "DIALOG_CHANNELS",
            message: format!("Channel count: Free={},Busy={}", rng.within(10, 90), rng.below(20)),
        },
        5 if engine_debug => debug("LIB_LICENSE", format!("{blank}seat counter walk {id}: nothing to add")),
        6 if engine_debug => {
            debug("SS_RM", format!("{blank}resource {id} is READY since {} s", rng.within(1, 900)))
        }
        _ => debug("SS_RM", format!("{blank}Rsrc lookup {id} hit=true")),
    }
}

fn administration(rng: &mut Rng, blank: &str, id: u32) -> Draft {
    match rng.below(5) {
        0 => debug("ADM", format!("{blank}page {id} rendered in {} ms", rng.within(3, 700))),
        1 => debug("ADM_CFG", format!("{blank}property sheet {id} unchanged")),
        2 => debug("LIB_AXL", format!("{blank}request {id}: {} rows", rng.below(300))),
        3 => debug("LIB_DATABASE", format!("{blank}pool: idle={}, lent={}", rng.within(1, 20), rng.below(5))),
        _ => Draft {
            unit: "ADM",
            severity: 5,
            name: "UserAction",
            message: format!("A page was opened: User=operator{},Page={id}", rng.within(1, 9)),
        },
    }
}

/// An alarm and the exception record that follows it, with a stack in continuation lines.
fn exception(rng: &mut Rng, facility: &str) -> Vec<Draft> {
    let unit = unit(facility);
    let class = rng.pick(
        &["java.lang.IllegalStateException", "java.util.NoSuchElementException", "java.sql.SQLException"],
        "java.lang.Exception",
    );
    let text = format!("{class}: worker {} is in state {}", rng.within(1, 64), rng.within(2, 9));
    // Some records leave their first line empty.
    let start = if rng.one_in(3) { "\n" } else { "" };
    let mut stack = format!("{start}{text}");
    for _ in 0..rng.within(2, 7) {
        let (step, line) = (rng.within(1, 30), rng.within(20, 900));
        stack += &format!("\n\tat com.example.filler.Step{step}.run(Step{step}.java:{line})");
    }
    if rng.one_in(3) {
        stack += &format!(
            "\nCaused by: java.lang.NumberFormatException: For input string: \"\"\n\t... {} more",
            rng.within(2, 12)
        );
    }
    let alarm = Draft {
        unit,
        severity: 4,
        name: "WorkerFailure",
        message: format!("Worker failed: Exception={text}"),
    };
    vec![alarm, Draft { unit, severity: 7, name: "EXCEPTION", message: stack }]
}

/// An object printed over several lines.
fn dump(rng: &mut Rng, facility: &str) -> Draft {
    let mut message = format!("state of table {} {{", rng.within(1, 500));
    for key in 0..rng.within(2, 6) {
        message += &format!("\n  slot{key} = {}", rng.below(1_000));
    }
    message += "\n}";
    debug(unit(facility), message)
}

/// Words of the alarms without an alarm: a list of handlers.
fn decoy(id: u32) -> Draft {
    debug(
        "ADM_CFG",
        format!(
            "banner map {id} {{\n  SYSTEM_IN_OOC_STATE -> red\n  \
             SYSTEM_TO_ENTER_OOC_STATE -> amber, =45 minutes\n}}"
        ),
    )
}

/// The first records of a Cluster View Daemon.
pub(super) fn start_up(rng: &mut Rng) -> Vec<Draft> {
    let read = Draft {
        unit: "GENERIC",
        severity: 6,
        name: "BOOTSTRAP",
        message: format!("Process begins: Heap={}m", rng.within(128, 512)),
    };
    vec![
        read,
        debug("BOOTSTRAP_MGR", format!(" {} settings loaded", rng.within(40, 400))),
        debug("CVD", "joined the view".to_owned()),
    ]
}
