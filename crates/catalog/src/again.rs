//! Repeats an attempt that failed because a concurrent change came first.

use std::time::Duration;

use crate::{CatalogError, ErrorKind, Result};

/// Attempts before the client has to retry; each lost attempt means that another change succeeded.
pub(crate) const ATTEMPTS: u32 = 20;

/// Counts the attempts that were lost to concurrent changes.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    lost: u32,
}

impl Attempts {
    /// Whether at least one attempt was lost.
    pub(crate) const fn is_any_lost(&self) -> bool {
        self.lost > 0
    }

    /// Counts a lost attempt and pauses before the next. After [`ATTEMPTS`] it fails; `what` names the changed thing
    /// in that error.
    pub(crate) async fn lost(&mut self, what: impl FnOnce() -> String) -> Result<()> {
        self.lost += 1;
        if self.lost == ATTEMPTS {
            let message = format!(
                "{} was changed by other requests in each of {ATTEMPTS} attempts; try again",
                what()
            );
            return Err(CatalogError::new(ErrorKind::ConcurrentUpdate, message));
        }
        pause(self.lost - 1).await;
        Ok(())
    }
}

/// Sleeps for a random time: up to 10 ms at first, doubling to up to 160 ms.
pub(crate) async fn pause(attempt: u32) {
    let longest = Duration::from_millis(10 << attempt.min(4));
    tokio::time::sleep(longest.mul_f64(rand::random())).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_loses_twenty_times_is_told_what_others_changed() {
        let mut attempts = Attempts::default();
        let what = || "view `a.b`".to_owned();
        assert!(!attempts.is_any_lost());
        for _ in 1..20 {
            attempts.lost(what).await.unwrap();
            assert!(attempts.is_any_lost());
        }
        let error = attempts.lost(what).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::ConcurrentUpdate);
        let told = "view `a.b` was changed by other requests in each of 20 attempts; try again";
        assert_eq!(error.message, told);
    }
}
