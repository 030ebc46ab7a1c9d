//! Progress on standard error, for anything over a second, on a terminal only.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Bytes read so far, and the bar that shows them.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    bytes: AtomicU64,
    started: Instant,
}

impl Progress {
    /// A bar of `total` bytes; hidden unless wanted and on a terminal.
    pub(crate) fn new(wanted: bool, total: Option<u64>) -> Self {
        let shown = wanted && std::io::stderr().is_terminal();
        let bar = shown.then(|| {
            let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
            let template = match total {
                Some(_) => "reading {bar:30} {bytes} of {total_bytes}, {binary_bytes_per_sec}",
                None => "reading {spinner} {bytes}, {binary_bytes_per_sec}",
            };
            ProgressStyle::with_template(template).map_or(bar.clone(), |style| bar.clone().with_style(style))
        });
        Self { bar, bytes: AtomicU64::new(0), started: Instant::now() }
    }

    /// Takes note of bytes; the first second stays quiet.
    pub(crate) fn add(&self, bytes: u64) {
        let Some(bar) = &self.bar else { return };
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        if self.started.elapsed() > Duration::from_secs(1) {
            if bar.is_hidden() {
                bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(8));
            }
            bar.set_position(bytes);
        }
    }

    /// Takes the bar off the screen.
    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
