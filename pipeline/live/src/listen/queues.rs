//! What was received and not yet taken: bounded for each sender and in all, handed out fairly.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as StopWatch};

use parsers::stamp::Instant;
use tokio::sync::Notify;

use super::{Kind, Limits};

/// Bytes of one batch, about: what a sender gets before it is the turn of the next.
const BATCH_BYTES: usize = 64 << 10;

/// Bytes that each sender may have waiting even when all senders together have reached their bound: a noisy sender
/// takes no room from a quiet one.
pub(super) const RESERVE_BYTES: usize = 4 << 10;

/// A sender that has been silent for so long makes room for another when there are too many.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3600);

/// How often, at most, silent senders are looked for.
const FORGET_EVERY: Duration = Duration::from_secs(10);

/// Who sent messages, as far as the network tells: one source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sender {
    /// How messages came.
    pub kind: Kind,
    /// Where they came from, without the port. Anyone can write any address into a datagram: it identifies nobody.
    /// `None`: one of those beyond [`Limits::senders`], which share one queue.
    pub address: Option<IpAddr>,
    /// What the client certificate says it is for, verified; `None` without one.
    pub certificate: Option<String>,
}

impl std::fmt::Display for Sender {
    /// `udp 192.0.2.10`; `tls 192.0.2.10 (uccxpub)`; `udp other`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.address {
            Some(address) => write!(f, "{} {address}", self.kind.name())?,
            None => write!(f, "{} other", self.kind.name())?,
        }
        match &self.certificate {
            Some(certificate) => write!(f, " ({certificate})"),
            None => Ok(()),
        }
    }
}

/// Messages of one sender, in the order in which they came. One sender may have several batches in one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Whose messages.
    pub sender: Sender,
    /// Complete messages, each one line that ends in LF; empty if only `over_limit` is told.
    pub messages: Vec<u8>,
    /// How many messages.
    pub n_messages: u64,
    /// When the newest came, by the clock of the watch.
    pub received_at: Instant,
    /// Messages of this sender that were thrown away since the last batch that told of any.
    pub over_limit: u64,
}

/// One waiting batch.
struct Waiting {
    messages: Vec<u8>,
    n_messages: u64,
    received_at: Instant,
}

struct Queue {
    waiting: VecDeque<Waiting>,
    bytes: usize,
    over_limit: u64,
    /// When a message was last thrown away; `None` if none was.
    over_at: Option<Instant>,
    /// Whether it stands in the order of turns.
    queued: bool,
    last: StopWatch,
    /// Messages that may come now, where a rate is set.
    tokens: f64,
}

#[derive(Default)]
struct Inner {
    queues: HashMap<Sender, Queue>,
    /// Who has something to take; the next is in front.
    turns: VecDeque<Sender>,
    bytes: usize,
    /// Whether the other side was woken since it last took something.
    woken: bool,
    last_forgotten: Option<StopWatch>,
}

/// The queues of all senders.
pub(super) struct Queues {
    limits: Limits,
    inner: Mutex<Inner>,
    wake: std::sync::Arc<dyn Fn() + Send + Sync>,
    /// Told whenever something was taken.
    pub(super) room: Notify,
}

impl Queues {
    pub(super) fn new(limits: Limits, wake: std::sync::Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { limits, inner: Mutex::default(), wake, room: Notify::new() }
    }

    /// Puts complete lines behind those that wait; false if there is no room for them.
    pub(super) fn offer(&self, sender: &Sender, lines: &[u8], n_messages: u64, now: Instant) -> bool {
        self.offer_at(sender, lines, n_messages, now, StopWatch::now())
    }

    fn offer_at(&self, sender: &Sender, lines: &[u8], n: u64, now: Instant, watch: StopWatch) -> bool {
        let mut inner = self.lock();
        let inner_mut = &mut *inner;
        let bytes_in_all = inner_mut.bytes;
        let limits = &self.limits;
        let (sender, queue) = inner_mut.queue(sender, limits, watch);
        let one_fits = queue.bytes + lines.len() <= limits.sender_bytes || queue.bytes == 0;
        let all_fit =
            bytes_in_all + lines.len() <= limits.total_bytes || queue.bytes + lines.len() <= RESERVE_BYTES;
        if !one_fits || !all_fit || !queue.spend(n, limits.messages_per_s, watch) {
            return false;
        }
        queue.last = watch;
        queue.bytes += lines.len();
        match queue.waiting.back_mut() {
            Some(last) if last.messages.len() + lines.len() <= BATCH_BYTES => {
                last.messages.extend_from_slice(lines);
                last.n_messages += n;
                last.received_at = now;
            }
            _ => {
                queue.waiting.push_back(Waiting { messages: lines.to_vec(), n_messages: n, received_at: now })
            }
        }
        let turn = !std::mem::replace(&mut queue.queued, true);
        inner_mut.bytes += lines.len();
        if turn {
            inner_mut.turns.push_back(sender);
        }
        self.wake(inner);
        true
    }

    /// Counts messages that are thrown away.
    pub(super) fn thrown_away(&self, sender: &Sender, n_messages: u64, now: Instant) {
        let mut inner = self.lock();
        let inner_mut = &mut *inner;
        let (sender, queue) = inner_mut.queue(sender, &self.limits, StopWatch::now());
        queue.over_limit += n_messages;
        queue.over_at = Some(now);
        if !std::mem::replace(&mut queue.queued, true) {
            inner_mut.turns.push_back(sender);
        }
        self.wake(inner);
    }

    /// Batches of about `max_bytes` in all, a batch of each sender in turn; at least one if anything waits.
    pub(super) fn take(&self, max_bytes: usize) -> Vec<Batch> {
        let mut batches = Vec::new();
        let mut taken = 0;
        let mut inner = self.lock();
        let inner_mut = &mut *inner;
        inner_mut.woken = false;
        while taken < max_bytes.max(1) {
            let Some(sender) = inner_mut.turns.pop_front() else { break };
            let Some(queue) = inner_mut.queues.get_mut(&sender) else { continue };
            queue.queued = false;
            let over_limit = std::mem::take(&mut queue.over_limit);
            let over_at = queue.over_at.take();
            let (messages, n_messages, received_at) = match (queue.waiting.pop_front(), over_at) {
                (Some(waiting), _) => (waiting.messages, waiting.n_messages, waiting.received_at),
                (None, Some(at)) => (Vec::new(), 0, at),
                (None, None) => continue,
            };
            queue.bytes -= messages.len();
            inner_mut.bytes -= messages.len();
            // What is only counted costs a turn too: else a flood of addresses makes an answer of any length.
            taken += messages.len().max(64);
            if !queue.waiting.is_empty() {
                queue.queued = true;
                inner_mut.turns.push_back(sender.clone());
            }
            batches.push(Batch { sender, messages, n_messages, received_at, over_limit });
        }
        drop(inner);
        if !batches.is_empty() {
            self.room.notify_waiters();
        }
        batches
    }

    fn wake(&self, mut inner: MutexGuard<'_, Inner>) {
        let first = !std::mem::replace(&mut inner.woken, true);
        drop(inner);
        if first {
            (self.wake)();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here panics half-way; and counters that are off are better than no messages.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The queue of a sender, and whose it is: that of all others if there are too many.
    fn queue(&mut self, sender: &Sender, limits: &Limits, watch: StopWatch) -> (Sender, &mut Queue) {
        let is_known = self.queues.contains_key(sender);
        if !is_known && self.queues.len() >= limits.senders {
            self.forget(watch);
        }
        let sender = if is_known || self.queues.len() < limits.senders {
            sender.clone()
        } else {
            Sender { kind: sender.kind, address: None, certificate: None }
        };
        let queue = self.queues.entry(sender.clone()).or_insert_with(|| Queue {
            waiting: VecDeque::new(),
            bytes: 0,
            over_limit: 0,
            over_at: None,
            queued: false,
            last: watch,
            tokens: f64::from(limits.messages_per_s.unwrap_or(0)),
        });
        (sender, queue)
    }

    fn forget(&mut self, watch: StopWatch) {
        let since = |then: StopWatch| watch.saturating_duration_since(then);
        if self.last_forgotten.is_some_and(|last| since(last) < FORGET_EVERY) {
            return;
        }
        self.last_forgotten = Some(watch);
        self.queues.retain(|_, queue| queue.queued || since(queue.last) < FORGOTTEN_AFTER);
    }
}

impl Queue {
    /// Takes `n` messages out of the bucket that `rate` fills and that holds those of one second. A block of more than
    /// that is taken when the bucket is full, and leaves a debt.
    fn spend(&mut self, n: u64, rate: Option<u32>, watch: StopWatch) -> bool {
        let Some(rate) = rate.map(f64::from) else { return true };
        #[expect(clippy::cast_precision_loss, reason = "a block holds some thousands of messages")]
        let n = n as f64;
        let gained = watch.saturating_duration_since(self.last).as_secs_f64() * rate;
        let tokens = (self.tokens + gained).min(rate);
        if tokens < n.min(rate) {
            return false;
        }
        self.tokens = tokens - n;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn at(s: i64) -> Instant {
        Instant::from_timestamp(1_780_000_000 + s, 0).unwrap()
    }

    fn sender(n: u32) -> Sender {
        Sender {
            kind: Kind::Udp,
            address: Some(IpAddr::from((0xC000_0200 + n).to_be_bytes())),
            certificate: None,
        }
    }

    fn queues(limits: Limits) -> (Queues, Arc<AtomicU64>) {
        let woken = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&woken);
        let wake = move || _ = count.fetch_add(1, Ordering::Relaxed);
        (Queues::new(limits, Arc::new(wake)), woken)
    }

    /// Who has how many messages and how many thrown away in one answer.
    #[track_caller]
    fn check(queues: &Queues, max_bytes: usize, expected: &[(u32, u64, u64)]) {
        let is: Vec<_> =
            queues.take(max_bytes).into_iter().map(|b| (b.sender, b.n_messages, b.over_limit)).collect();
        let expected: Vec<_> =
            expected.iter().map(|&(n, messages, over)| (sender(n), messages, over)).collect();
        assert_eq!(is, expected);
    }

    #[test]
    fn a_quiet_sender_is_served_within_one_answer() {
        let (queues, _) = queues(Limits::default());
        let line = [[b'x'; 1023].as_slice(), b"\n"].concat();
        for _ in 0..2000 {
            assert!(queues.offer(&sender(1), &line, 1, at(0)));
        }
        assert!(queues.offer(&sender(2), b"quiet\n", 1, at(1)));
        check(&queues, 100 << 10, &[(1, 64, 0), (2, 1, 0), (1, 64, 0)]);
        check(&queues, 1, &[(1, 64, 0)]);
    }

    #[test]
    fn a_sender_over_its_share_is_refused_and_counted() {
        let (queues, _) = queues(Limits { sender_bytes: 10, ..Limits::default() });
        assert!(queues.offer(&sender(1), b"12345\n", 1, at(0)));
        assert!(!queues.offer(&sender(1), b"12345\n", 1, at(0)));
        queues.thrown_away(&sender(1), 1, at(0));
        assert!(queues.offer(&sender(2), b"1234567890\n", 1, at(0)), "one message always fits");
        check(&queues, 1000, &[(1, 1, 1), (2, 1, 0)]);
        queues.thrown_away(&sender(1), 3, at(0));
        check(&queues, 1000, &[(1, 0, 3)]);
        check(&queues, 1000, &[]);
    }

    #[test]
    fn a_flood_of_addresses_does_not_grow_memory() {
        let limits = Limits { senders: 100, total_bytes: 100_000, sender_bytes: 50_000, ..Limits::default() };
        let (queues, _) = queues(limits);
        let line = [[b'x'; 999].as_slice(), b"\n"].concat();
        let mut n_refused = 0;
        for n in 0..100_000 {
            n_refused += u64::from(!queues.offer(&sender(n), &line, 1, at(0)));
        }
        // The others share one queue.
        let inner = queues.lock();
        assert_eq!(inner.queues.len(), 101);
        assert!(inner.bytes <= 100_000 + 101 * RESERVE_BYTES, "{}", inner.bytes);
        let n_waiting = inner.bytes as u64 / 1000;
        drop(inner);
        assert_eq!(n_waiting + n_refused, 100_000);
        let batches = queues.take(usize::MAX);
        assert_eq!(batches.iter().map(|batch| batch.n_messages).sum::<u64>(), n_waiting);
        assert_eq!(batches.iter().filter(|batch| batch.sender.address.is_none()).count(), 1);
        assert_eq!(queues.lock().bytes, 0);
    }

    #[test]
    fn noisy_senders_leave_room_for_a_quiet_one() {
        let (queues, _) = queues(Limits { total_bytes: 10_000, ..Limits::default() });
        while queues.offer(&sender(1), &[b'\n'; 5000], 1, at(0)) {}
        while queues.offer(&sender(2), &[b'\n'; 5000], 1, at(0)) {}
        assert!(queues.offer(&sender(3), b"quiet\n", 1, at(0)));
    }

    #[test]
    fn senders_that_are_silent_for_long_make_room() {
        let (queues, _) = queues(Limits { senders: 1, ..Limits::default() });
        let begin = StopWatch::now();
        let other = Sender { address: None, ..sender(0) };
        let whose = |n: u32, s: u64| {
            assert!(queues.offer_at(&sender(n), b"a\n", 1, at(0), begin + Duration::from_secs(s)));
            queues.take(1000).remove(0).sender
        };
        assert_eq!(whose(1, 0), sender(1));
        assert_eq!(whose(2, 3000), other);
        assert_eq!(whose(1, 3001), sender(1));
        assert_eq!(whose(2, 3700), other);
        assert_eq!(whose(2, 7300), sender(2));
    }

    #[test]
    fn a_rate_lets_a_second_of_messages_pass_at_once() {
        let (queues, _) = queues(Limits { messages_per_s: Some(10), ..Limits::default() });
        let begin = StopWatch::now();
        let passed = |ms: u64| {
            let watch = begin + Duration::from_millis(ms);
            (0..100).filter(|_| queues.offer_at(&sender(1), b"a\n", 1, at(0), watch)).count()
        };
        assert_eq!(passed(0), 10);
        assert_eq!(passed(550), 5);
        assert_eq!(passed(60_000), 10);
    }

    #[test]
    fn the_other_side_is_woken_once_for_each_answer() {
        let (queues, woken) = queues(Limits::default());
        let n = || woken.load(Ordering::Relaxed);
        assert!(queues.offer(&sender(1), b"a\n", 1, at(0)) && queues.offer(&sender(2), b"a\n", 1, at(0)));
        assert_eq!(n(), 1);
        queues.take(1);
        assert!(queues.offer(&sender(1), b"a\n", 1, at(0)));
        queues.thrown_away(&sender(1), 1, at(0));
        assert_eq!(n(), 2);
    }
}
