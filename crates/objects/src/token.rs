//! Asking a token service for access: bounded in time, attempts and bytes.

#[cfg(test)]
pub(crate) mod stand_in;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use model::{Clock as _, SystemClock};
use reqwest::header::RETRY_AFTER;
use tokio::time::sleep;

use crate::connection::{self, Transport};
use crate::error::{ObjectError, StoreFailure};
use crate::location::Location;
use crate::vend::VendError;

/// Limit for one request, including its answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_ATTEMPTS: u32 = 3;
/// No attempt begins later than this after the first one.
const LAST_START: Duration = Duration::from_secs(10);
/// Pause before the second attempt; doubled before each further one. The actual pause is a random part of it, at least half.
const PAUSE: Duration = Duration::from_millis(200);
/// If a service asks for a longer pause than this, the caller gets the refusal at once.
const MAX_PAUSE: Duration = Duration::from_secs(2);
const MAX_ANSWER_BYTES: usize = 256 << 10;
const MAX_MESSAGE_CHARS: usize = 300;

pub(crate) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(SystemClock.now().as_ms().max(0).unsigned_abs())
}

/// Why a token service gave nothing.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum TokenFailure {
    #[error("the token service is busy: {failure}")]
    Throttled {
        retry_after: Option<Duration>,
        failure: StoreFailure,
    },
    #[error("the token service is unavailable: {0}")]
    Unavailable(StoreFailure),
    #[error("the token service refused: {0}")]
    Refused(StoreFailure),
}

impl TokenFailure {
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::Unavailable(StoreFailure::new(message))
    }

    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self::Refused(StoreFailure::new(message))
    }

    /// The failure that the service reported, or that kept it from answering.
    pub(crate) fn into_failure(self) -> StoreFailure {
        match self {
            Self::Throttled { failure, .. }
            | Self::Unavailable(failure)
            | Self::Refused(failure) => failure,
        }
    }

    /// As an error for the engine that asked for access to `folder`.
    pub(crate) fn into_vend_error(self, folder: &Location) -> VendError {
        let folder = folder.clone();
        match self {
            Self::Throttled {
                retry_after,
                failure,
            } => VendError::Throttled {
                folder,
                retry_after,
                source: Box::new(failure),
            },
            Self::Unavailable(failure) => VendError::Unavailable {
                folder,
                source: Box::new(failure),
            },
            Self::Refused(failure) => VendError::Refused {
                folder,
                source: Box::new(failure),
            },
        }
    }

    /// As an error of the server's own operation on `at`.
    pub(crate) fn into_object_error(self, at: &Location) -> ObjectError {
        let location = at.clone();
        match self {
            Self::Throttled { failure, .. } | Self::Unavailable(failure) => {
                ObjectError::Unavailable {
                    location,
                    source: Box::new(failure),
                }
            }
            Self::Refused(failure) => ObjectError::PermissionDenied {
                location,
                source: Box::new(failure),
            },
        }
    }

    fn of(failure: StoreFailure, retry_after: Option<Duration>) -> Self {
        let is_throttled = matches!(failure.status, Some(429 | 503))
            || failure.code.as_deref().is_some_and(is_throttling);
        match failure.status {
            _ if is_throttled => Self::Throttled {
                retry_after,
                failure,
            },
            // An answer below 400 is here because it could not be read.
            Some(..400 | 408 | 500..) | None => Self::Unavailable(failure),
            Some(_) => Self::Refused(failure),
        }
    }
}

fn is_throttling(code: &str) -> bool {
    code.starts_with("Throttl")
        || matches!(
            code,
            "SlowDown" | "RequestLimitExceeded" | "TooManyRequests" | "RequestThrottled"
        )
}

/// What a service answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A refusal in the words of the service.
    ///
    /// Only the first line is kept: STS repeats the signed request, with its session token, below it.
    pub(crate) fn failure(&self, code: Option<String>, message: Option<&str>) -> StoreFailure {
        let line = message
            .unwrap_or_default()
            .lines()
            .next()
            .unwrap_or_default();
        let message: String = line
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_MESSAGE_CHARS)
            .collect();
        StoreFailure {
            status: Some(self.status),
            code,
            message: match message.as_str() {
                "" => "it answered without an explanation".to_owned(),
                _ => message,
            },
        }
    }
}

/// Connections to a token service.
#[derive(Debug, Clone)]
pub(crate) struct TokenService(reqwest::Client);

impl TokenService {
    pub(crate) fn new(transport: Transport) -> reqwest::Result<Self> {
        Self::of(connection::client(transport))
    }

    /// Uses a client with settings of its own; the limit for a request is set here.
    pub(crate) fn of(client: reqwest::ClientBuilder) -> reqwest::Result<Self> {
        Ok(Self(client.timeout(REQUEST_TIMEOUT).build()?))
    }

    /// Asks until an answer is accepted by `read`, the service refuses, or attempts or time run out.
    ///
    /// `request` is called for each attempt, because a signature contains the time.
    pub(crate) async fn ask<T>(
        &self,
        request: impl Fn() -> Result<reqwest::Request, TokenFailure>,
        read: impl Fn(&Answer) -> Result<T, StoreFailure>,
    ) -> Result<T, TokenFailure> {
        let start = Instant::now();
        let mut tried = 0;
        loop {
            let failure = match self.attempt(request()?, &read).await {
                Ok(given) => return Ok(given),
                Err(refused @ TokenFailure::Refused(_)) => return Err(refused),
                Err(failure) => failure,
            };
            tried += 1;
            let pause = pause(&failure, tried);
            if tried >= MAX_ATTEMPTS || pause > MAX_PAUSE || start.elapsed() + pause >= LAST_START {
                return Err(failure);
            }
            tracing::debug!(error = %failure, attempt = tried, "asking the token service again");
            sleep(pause).await;
        }
    }

    /// Asks once, for requests that must not be repeated.
    pub(crate) async fn attempt<T>(
        &self,
        request: reqwest::Request,
        read: impl Fn(&Answer) -> Result<T, StoreFailure>,
    ) -> Result<T, TokenFailure> {
        let mut response = self.0.execute(request).await.map_err(|e| no_answer(&e))?;
        let retry_after = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.parse().ok())
            .map(Duration::from_secs);
        let mut answer = Answer {
            status: response.status().as_u16(),
            body: Vec::new(),
        };
        while let Some(chunk) = response.chunk().await.map_err(|e| no_answer(&e))? {
            if answer.body.len() + chunk.len() > MAX_ANSWER_BYTES {
                let message = format!("its answer has more than {MAX_ANSWER_BYTES} bytes");
                return Err(TokenFailure::unavailable(message));
            }
            answer.body.extend_from_slice(&chunk);
        }
        read(&answer).map_err(|failure| TokenFailure::of(failure, retry_after))
    }
}

fn pause(failure: &TokenFailure, tried: u32) -> Duration {
    match failure {
        TokenFailure::Throttled {
            retry_after: Some(wished),
            ..
        } => *wished,
        _ => PAUSE
            .saturating_mul(1 << (tried - 1).min(5))
            .mul_f64(0.5 + rand::random::<f64>() / 2.0),
    }
}

fn no_answer(error: &reqwest::Error) -> TokenFailure {
    TokenFailure::unavailable(connection::in_words(error, REQUEST_TIMEOUT))
}
