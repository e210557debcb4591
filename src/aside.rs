//! Work that blocks, beside what must go on.
//!
//! The tasks of an agent share one thread: two took more CPU and memory for the same rows, since what they allocate and
//! free then moves from one to the other. So whatever waits for a disk lets the other tasks go on, on another thread.

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// Runs what blocks; the tasks beside the one that calls go on meanwhile. On a runtime that has no thread but the caller's they
/// do not.
pub fn aside<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => block_in_place(work),
        Ok(_) | Err(_) => work(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn tasks_go_on_beside_one_that_blocks() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let (go_on, wait) = mpsc::sync_channel(1);
        let blocks = runtime.spawn(async move {
            let other = tokio::spawn(async move { go_on.send(()) });
            let told = aside(|| wait.recv_timeout(Duration::from_secs(10)));
            (told, other.await)
        });
        let (told, other) = runtime.block_on(blocks).unwrap();
        assert_eq!(told, Ok(()));
        other.unwrap().unwrap();
    }

    #[test]
    fn without_a_runtime_it_just_runs() {
        assert_eq!(aside(|| 1), 1);
        let alone = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(alone.block_on(async { aside(|| 2) }), 2);
    }
}
