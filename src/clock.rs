//! The only place that asks what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use parsers::stamp::Instant;

/// Now, to the millisecond.
#[must_use]
pub fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    let now = SystemTime::now();
    instant(now).unwrap_or_default()
}

/// A time of the filesystem as an instant; `None` if it is out of range.
#[must_use]
pub fn instant(time: SystemTime) -> Option<Instant> {
    let ms = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).ok()?,
        Err(before) => -i64::try_from(before.duration().as_millis()).ok()?,
    };
    Instant::from_timestamp_millis(ms)
}
