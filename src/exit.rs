//! Exit codes: a documented type, and the only place that knows the numbers.

use std::process::ExitCode;

use reports::Severity;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything was read, or nothing failed at or above `--fail-on`.
    Ok,
    /// Our own failure, an output that could not be written included.
    Failure,
    /// Wrong usage.
    Usage,
    /// Nothing usable in the input.
    Nothing,
    /// Finished, but the input was incomplete.
    Incomplete,
    /// `--fail-on`: the worst failed check.
    Failed(Severity),
    /// Bad configuration.
    Config,
    /// Somebody interrupted it.
    Interrupted,
}

impl Exit {
    /// `other` if it is our own failure, which outranks what the input is like; else this.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        if other == Self::Failure { other } else { self }
    }

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Nothing => 3,
            Self::Incomplete => 4,
            Self::Failed(Severity::Info) => 11,
            Self::Failed(Severity::Low) => 12,
            Self::Failed(Severity::Medium) => 13,
            Self::Failed(Severity::High) => 14,
            Self::Failed(Severity::Critical) => 15,
            Self::Config => 78,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
