//! Keys of a role, for the server's own access to a bucket.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use tokio::sync::OnceCell;

use super::session::{Session, now};
use super::sts::{AssumeRole, Sts};
use crate::token::TokenFailure;

const SESSION_NAME: &str = "lakekeeper";
/// What every role allows, unless it was told otherwise.
const SESSION_DURATION: Duration = Duration::from_hours(1);
/// New keys are fetched this long before the old ones end.
const REFRESH_BEFORE: Duration = Duration::from_mins(5);
/// How long a failure is answered to those who ask next, instead of asking the service again.
const FAILURE_LASTS: Duration = Duration::from_secs(2);

/// Takes a role and keeps its keys fresh; concurrent requests share one call of the token service.
pub(super) struct AssumedRole {
    sts: Sts,
    role_arn: String,
    turn: Mutex<Turn>,
}

/// The newest call, finished or not, and the newest keys.
#[derive(Default)]
struct Turn {
    call: Arc<OnceCell<Outcome>>,
    keys: Option<Arc<Keys>>,
}

struct Outcome {
    at: Instant,
    result: Result<Arc<Keys>, TokenFailure>,
}

struct Keys {
    credential: Arc<AwsCredential>,
    expires_at: SystemTime,
}

impl Keys {
    fn live_for(&self, time: Duration) -> bool {
        self.expires_at
            .duration_since(now())
            .is_ok_and(|left| left > time)
    }
}

impl From<Session> for Keys {
    fn from(session: Session) -> Self {
        Self {
            credential: Arc::new(session.to_credential()),
            expires_at: session.expires_at,
        }
    }
}

impl AssumedRole {
    pub(super) fn new(sts: Sts, role_arn: &str) -> Self {
        Self {
            sts,
            role_arn: role_arn.to_owned(),
            turn: Mutex::default(),
        }
    }

    async fn keys(&self) -> Result<Arc<Keys>, TokenFailure> {
        let (call, spare) = self.turn();
        let outcome = call.get_or_init(|| self.take()).await;
        match (&outcome.result, spare) {
            (Ok(keys), _) => Ok(Arc::clone(keys)),
            // Fetched early, so that a failing service is not noticed at once.
            (Err(failure), Some(keys)) if keys.live_for(Duration::ZERO) => {
                tracing::warn!(role = %self.role_arn, error = %failure, "the keys of a role could not be renewed yet");
                Ok(keys)
            }
            (Err(failure), _) => Err(failure.clone()),
        }
    }

    /// The call to wait for, and the keys of an earlier one.
    fn turn(&self) -> (Arc<OnceCell<Outcome>>, Option<Arc<Keys>>) {
        let mut turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = turn
            .call
            .get()
            .is_some_and(|outcome| match &outcome.result {
                Ok(keys) => !keys.live_for(REFRESH_BEFORE),
                Err(_) => outcome.at.elapsed() > FAILURE_LASTS,
            });
        if is_over {
            if let Some(Ok(keys)) = turn.call.get().map(|outcome| outcome.result.clone()) {
                turn.keys = Some(keys);
            }
            turn.call = Arc::default();
        }
        (Arc::clone(&turn.call), turn.keys.clone())
    }

    async fn take(&self) -> Outcome {
        let asked = AssumeRole {
            role_arn: Some(&self.role_arn),
            session_name: SESSION_NAME,
            duration: SESSION_DURATION,
            ..AssumeRole::default()
        };
        let result = self.sts.assume_role(&asked).await;
        Outcome {
            at: Instant::now(),
            result: result.map(|session| Arc::new(session.into())),
        }
    }
}

impl fmt::Debug for AssumedRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AssumedRole({})", self.role_arn)
    }
}

#[async_trait]
impl CredentialProvider for AssumedRole {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        match self.keys().await {
            Ok(keys) => Ok(Arc::clone(&keys.credential)),
            Err(failure) => Err(object_store::Error::Generic {
                store: "S3",
                source: Box::new(failure),
            }),
        }
    }
}
