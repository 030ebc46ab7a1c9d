//! The stream that keeps a page up to date: server-sent events, the newest snapshot only.
//!
//! Source: HTML Living Standard, section 9.2 (server-sent events).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::stream::unfold;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::sleep;

use super::answer::Views;
use crate::status::Snapshot;

/// Time between two signs of life.
const BEAT: Duration = Duration::from_secs(10);
/// Time between two snapshots for one reader: faster is not readable, and each is drawn anew.
const PAUSE: Duration = Duration::from_millis(250);

/// One reader.
struct Reader {
    views: Arc<Views>,
    snapshots: watch::Receiver<Arc<Snapshot>>,
    stopped: watch::Receiver<bool>,
    is_first: bool,
    /// Given back when the reader goes.
    _slot: OwnedSemaphorePermit,
}

/// The body of an answer that does not end before the watch or the reader does.
pub(super) fn body(views: &Arc<Views>, slot: OwnedSemaphorePermit) -> Body {
    let reader = Reader {
        views: Arc::clone(views),
        snapshots: views.snapshots.clone(),
        stopped: views.stopped.clone(),
        is_first: true,
        _slot: slot,
    };
    Body::from_stream(unfold(reader, |mut reader| async move {
        let bytes = reader.next().await?;
        Some((Ok::<_, Infallible>(bytes), reader))
    }))
}

impl Reader {
    /// The next piece of the stream; `None` at its end. Asked for only when the one before was taken.
    async fn next(&mut self) -> Option<Bytes> {
        if std::mem::take(&mut self.is_first) {
            return Some(self.newest("retry: 1000\n\n").await);
        }
        tokio::select! {
            _ = self.stopped.wait_for(|stop| *stop) => return None,
            () = sleep(PAUSE) => {}
        }
        let changed = tokio::select! {
            _ = self.stopped.wait_for(|stop| *stop) => return None,
            changed = self.snapshots.changed() => changed,
            // A script does not see the comment, so the event says the same.
            () = sleep(BEAT) => return Some(Bytes::from_static(b": beat\nevent: beat\ndata: 1\n\n")),
        };
        changed.ok()?;
        Some(self.newest("").await)
    }

    async fn newest(&mut self, before: &str) -> Bytes {
        let snapshot = Arc::clone(&self.snapshots.borrow_and_update());
        let number = snapshot.number;
        let data = self.views.feed.get(snapshot).await;
        let mut event = format!("{before}id: {number}\nevent: snapshot\ndata: ").into_bytes();
        event.extend_from_slice(&data);
        event.extend_from_slice(b"\n\n");
        event.into()
    }
}
