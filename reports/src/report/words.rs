//! The words of the report: closed lists that a script can match on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A closed list of words, each written in documents as it stands here.
macro_rules! word {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $text)] $variant),+ }

        impl $name {
            /// The word in a document.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

pub(crate) use word;

word! {
    /// How firmly a claim stands.
    Basis {
        /// A line says it.
        Stated = "stated",
        /// Arithmetic on a stated instant, by a rule that Cisco documents.
        Derived = "derived",
        /// Concluded from silence, from a restarted countdown or from a contradiction: no line says it.
        Inferred = "inferred",
        /// The user said it.
        Given = "given",
        /// Nothing says it.
        Unknown = "unknown",
    }
}

word! {
    /// How bad a failed check is.
    Severity {
        /// Good to know.
        Info = "info",
        /// When there is time.
        Low = "low",
        /// This week.
        Medium = "medium",
        /// Today.
        High = "high",
        /// Now.
        Critical = "critical",
    }
}

word! {
    /// How sure a check is of its outcome.
    Confidence {
        /// Other explanations are as likely.
        Low = "low",
        /// The usual explanation.
        Medium = "medium",
        /// A line says it outright.
        High = "high",
    }
}

word! {
    /// How a check ended.
    CheckOutcome {
        /// Evidence shows that all is well.
        Pass = "pass",
        /// Evidence shows that something is wrong.
        Fail = "fail",
        /// The input cannot tell; `collect` says what would.
        NoEvidence = "no_evidence",
        /// The question does not arise; `says` tells why.
        NotApplicable = "not_applicable",
    }
}

word! {
    /// How reading a member ended.
    MemberOutcome {
        /// To its end.
        Read = "read",
        /// Up to a damage or a limit.
        Partial = "partial",
        /// Not a log, a duplicate, or refused.
        Skipped = "skipped",
        /// Nothing could be read.
        Failed = "failed",
    }
}

word! {
    /// The rules that a release follows.
    Regime {
        /// Up to 12.5(1) SU2: over-usages are counted, a countdown runs before Out of Compliance.
        Counted = "counted",
        /// From 12.5(1) SU3: Out of Compliance as soon as CSSM says so.
        Immediate = "immediate",
        /// The release is not known.
        Unknown = "unknown",
    }
}

word! {
    /// How the Product Instance reaches CSSM.
    Transport {
        /// Directly, or through a proxy.
        Direct = "direct",
        /// Through CSSM On-Prem.
        OnPrem = "on_prem",
        /// Nothing says which.
        Unknown = "unknown",
    }
}

word! {
    /// One of the two published readings of the counted rule.
    Reading {
        /// Out of Compliance 45 minutes after the first over-usage.
        At45 = "at_45_min",
        /// Out of Compliance with the fifth over-usage in a row, 60 minutes after the first.
        At60 = "at_60_min",
    }
}

word! {
    /// How the times of usage samples became instants.
    UsageClock {
        /// An offset or `UTC` stands in each row, or the rows are lines of a log.
        Written = "written",
        /// The user named the zone.
        Given = "given",
        /// The zone of the nodes.
        NodeZone = "node_zone",
        /// Nothing says the zone; UTC was taken, so that times may be off by the zone's offset.
        AssumedUtc = "assumed_utc",
    }
}

word! {
    /// What a forecast expects.
    OutlookKind {
        /// Not enough history.
        NotEnough = "not_enough",
        /// Usage exceeds what is purchased already.
        Already = "already",
        /// The daily peak is expected to exceed what is purchased.
        Crosses = "crosses",
        /// Not expected before the horizon.
        NotBefore = "not_before",
    }
}
