//! The guard around every store: confinement, time limits, retries.

#[cfg(test)]
mod tests;

use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::{Instant, sleep, timeout};

use crate::error::ObjectError;
use crate::io::{Objects, Page, PageRequest};
use crate::location::Location;

/// How long and how often a store is tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Limit for one attempt.
    pub(crate) attempt: Duration,
    /// Highest number of attempts.
    pub(crate) attempts: u32,
    /// Once this has passed since the first attempt began, a failed attempt is the last one.
    pub(crate) total: Duration,
    /// Pause before the second attempt; doubled before each further one. The actual pause is a random part of it,
    /// at least half.
    pub(crate) pause: Duration,
}

impl Patience {
    /// For stores across a network.
    pub(crate) const NETWORK: Self = Self {
        attempt: Duration::from_secs(30),
        attempts: 4,
        total: Duration::from_secs(30),
        pause: Duration::from_millis(100),
    };
    /// For the file system, where another attempt does not help.
    pub(crate) const LOCAL: Self = Self {
        attempts: 1,
        ..Self::NETWORK
    };
}

/// A store that stays within `base`, answers in time, and is asked again when it is unavailable.
#[derive(Debug)]
pub(crate) struct Guarded<S> {
    inner: S,
    base: Location,
    patience: Patience,
}

impl<S: Objects> Guarded<S> {
    pub(crate) fn new(inner: S, base: Location, patience: Patience) -> Self {
        Self {
            inner,
            base,
            patience,
        }
    }

    /// Refuses locations that are not within the base, so that no mistake of a caller reaches other data.
    fn confine(&self, at: &Location) -> Result<(), ObjectError> {
        if at.is_within(&self.base) {
            return Ok(());
        }
        Err(ObjectError::invalid(
            at,
            format!("it is outside of the warehouse's base `{}`", self.base),
        ))
    }

    async fn in_time<T>(
        &self,
        at: &Location,
        attempt: impl Future<Output = Result<T, ObjectError>>,
    ) -> Result<T, ObjectError> {
        let after = self.patience.attempt;
        match timeout(after, attempt).await {
            Ok(result) => result,
            Err(_) => Err(ObjectError::Timeout {
                location: at.clone(),
                after,
            }),
        }
    }

    /// Succeeds if the object that is in the way has this content: an earlier attempt wrote it, and its answer was
    /// lost. Otherwise `refusal` is the error.
    async fn own_write(
        &self,
        at: &Location,
        content: &Bytes,
        refusal: ObjectError,
    ) -> Result<(), ObjectError> {
        match self.inner.read(at, content.len() as u64).await {
            Ok(found) if found == *content => Ok(()),
            Err(error) if error.is_retryable() => Err(error),
            _ => Err(refusal),
        }
    }

    /// Runs `attempt` until it succeeds, fails for good, or attempts or time run out.
    async fn retry<T, F>(
        &self,
        at: &Location,
        mut attempt: impl FnMut(u32) -> F,
    ) -> Result<T, ObjectError>
    where
        F: Future<Output = Result<T, ObjectError>>,
    {
        let start = Instant::now();
        let mut tried = 0;
        loop {
            let error = match self.in_time(at, attempt(tried)).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            tried += 1;
            let is_last = tried >= self.patience.attempts || start.elapsed() >= self.patience.total;
            if is_last || !error.is_retryable() {
                return Err(error);
            }
            let pause = self.patience.pause.saturating_mul(1 << (tried - 1).min(5));
            let pause = pause.mul_f64(0.5 + rand::random::<f64>() / 2.0);
            tracing::debug!(location = %at, error = %error.report(), attempt = tried, "trying the store again");
            sleep(pause).await;
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: Objects> Objects for Guarded<S> {
    async fn read(&self, at: &Location, max_bytes: u64) -> Result<Bytes, ObjectError> {
        self.confine(at)?;
        self.retry(at, |_| self.inner.read(at, max_bytes)).await
    }

    async fn write_new(&self, at: &Location, content: Bytes) -> Result<(), ObjectError> {
        self.confine(at)?;
        let content = &content;
        self.retry(at, |tried| async move {
            match self.inner.write_new(at, content.clone()).await {
                Err(refusal @ ObjectError::AlreadyExists { .. }) if tried > 0 => {
                    self.own_write(at, content, refusal).await
                }
                result => result,
            }
        })
        .await
    }

    async fn delete(&self, at: &Location) -> Result<(), ObjectError> {
        self.confine(at)?;
        self.retry(at, |_| self.inner.delete(at)).await
    }

    async fn delete_batch(&self, all: Vec<Location>) -> Result<(), ObjectError> {
        all.iter().try_for_each(|at| self.confine(at))?;
        let Some(first) = all.first().cloned() else {
            return Ok(());
        };
        self.retry(&first, |_| self.inner.delete_batch(all.clone()))
            .await
    }

    async fn list_prefix(&self, folder: &Location, page: PageRequest) -> Result<Page, ObjectError> {
        self.confine(folder)?;
        self.retry(folder, |_| self.inner.list_prefix(folder, page.clone()))
            .await
    }

    async fn is_gone(&self, at: &Location) -> bool {
        let asked = async { Ok(self.inner.is_gone(at).await) };
        self.confine(at).is_ok() && self.in_time(at, asked).await.unwrap_or(false)
    }

    async fn list_folders(
        &self,
        folder: &Location,
        page: PageRequest,
    ) -> Result<Page, ObjectError> {
        self.confine(folder)?;
        self.retry(folder, |_| self.inner.list_folders(folder, page.clone()))
            .await
    }

    async fn create_folder(&self, folder: &Location) -> Result<(), ObjectError> {
        self.confine(folder)?;
        self.retry(folder, |_| self.inner.create_folder(folder))
            .await
    }

    async fn remove_folder(&self, folder: &Location) -> Result<(), ObjectError> {
        self.confine(folder)?;
        self.retry(folder, |_| self.inner.remove_folder(folder))
            .await
    }
}
