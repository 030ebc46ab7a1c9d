//! The same work for each of many things, on two threads: what comes out does not show which did what.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Up to so many, a thread costs more than it saves.
const FEW: usize = 16;

/// What `work` makes of each number below `count`, in their order.
pub(crate) fn map<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    if count <= FEW {
        return (0..count).map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let run = || {
        let numbers = std::iter::from_fn(|| Some(next.fetch_add(1, Ordering::Relaxed)));
        numbers.take_while(|at| *at < count).map(|at| (at, work(at))).collect::<Vec<_>>()
    };
    let mut done = std::thread::scope(|scope| {
        let other = scope.spawn(run);
        let mut done = run();
        match other.join() {
            Ok(others) => done.extend(others),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, made)| made).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_made_once_and_in_order() {
        for count in [0, 1, FEW, FEW + 1, 1_000] {
            let expected: Vec<usize> = (0..count).map(|at| at * 3).collect();
            assert_eq!(map(count, |at| at * 3), expected);
        }
    }
}
