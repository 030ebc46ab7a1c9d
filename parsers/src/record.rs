//! The fields that every Cisco log format shares.

use std::borrow::Cow;

use crate::grammar;
use crate::stamp::Stamp;

/// The severity digit of a message code, as written. It never drives a state.
///
/// Source: Managed Services Guide 12.5(1), CiscoLog: 0 Emergency … 7 Debug. Other values survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Severity(pub u8);

impl Severity {
    /// Debug output; alarms are 0 to 6.
    pub const DEBUG: Self = Self(7);
}

/// Parameters in the order written: name and value.
pub type Params<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// A record as a grammar reads it: borrowed, nothing interpreted, unknown values kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record<'a> {
    /// Sequence number of the process that wrote the record.
    pub seq: Option<u64>,
    /// Host in the record's own header, or the syslog host where it has none. `None` in traces.
    pub host: Option<Cow<'a, str>>,
    /// The record's own time: local without a year in traces, UTC with a year in CiscoLog.
    pub stamp: Option<Stamp>,
    /// Time put in front by the node's or a relay's syslog daemon, on that daemon's clock.
    pub outer: Option<Stamp>,
    /// `MCVD`, `UC_LIB_LICENSE`, `UC_RTMT`: what stands before the severity, less the sub-facility.
    pub facility: Cow<'a, str>,
    /// `LIB_LICENSE`, `SS_RM`: `None` where the format has none.
    pub subfacility: Option<Cow<'a, str>>,
    /// The severity digit.
    pub severity: Severity,
    /// `SYSTEM_IN_OOC_STATE`, `UNK`, `ServiceFailed`.
    pub mnemonic: Cow<'a, str>,
    /// `[key=value]` tags and `label=value` tails, in the order written, values unescaped.
    pub params: Params<'a>,
    /// The operation in square brackets that opens a licence record, as in `[REPORT_ENTITLE]`.
    pub operation: Option<Cow<'a, str>>,
    /// The message without code, tags and parameters.
    pub text: Cow<'a, str>,
}

impl Default for Severity {
    fn default() -> Self {
        Self::DEBUG
    }
}

impl<'a> Record<'a> {
    /// The first parameter of that name.
    #[must_use]
    pub fn param(&self, key: &str) -> Option<&str> {
        self.params.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_ref())
    }

    /// The facility the mnemonic belongs to, the same for every way an alarm is written:
    /// `%MCVD-LIB_LICENSE-1-…` and `%UC_LIB_LICENSE-1-…` are both `LIB_LICENSE`.
    #[must_use]
    pub fn catalog(&self) -> &str {
        match &self.subfacility {
            Some(sub) => sub,
            None => {
                let facility = self.facility.as_bytes();
                let prefixed = ["UC_", "CCM_"].iter().any(|prefix| grammar::begins_with(facility, prefix));
                let name = self.facility.split_once('_').map(|(_, name)| name).filter(|_| prefixed);
                name.unwrap_or(&self.facility)
            }
        }
    }
}
