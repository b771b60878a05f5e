//! Attempts that are made again where another change came first.

use std::time::Duration;

use crate::{CatalogError, ErrorKind, Result};

/// Attempts before a client has to try itself; each lost race means that another change succeeded.
pub(crate) const ATTEMPTS: u32 = 20;

/// How many times a change has been outrun by others.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    lost: u32,
}

impl Attempts {
    /// Whether this is not the first attempt.
    pub(crate) const fn is_any_lost(&self) -> bool {
        self.lost > 0
    }

    /// Lets whoever won finish before the next attempt. `what` says what is changed, for the error that there is after too many.
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

/// Up to 10 ms at first, up to 160 ms later.
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
