//! An access key, and what it signs with on one day: to derive that costs as much as the rest of a signature.

use std::sync::{Arc, Mutex, PoisonError};

use object_store::aws::AwsCredential;
use ring::hmac;

use crate::s3::sigv4::SigningScope;

/// An access key for one region's S3.
pub(super) struct SigningKey {
    credential: Arc<AwsCredential>,
    /// Whether it reaches the folder alone that it signs for.
    is_confined: bool,
    /// Of the day that was signed for last.
    derived: Mutex<Option<(String, hmac::Key)>>,
}

impl SigningKey {
    /// What the server itself accesses the bucket with.
    pub(super) fn of(credential: Arc<AwsCredential>) -> Self {
        Self {
            credential,
            is_confined: false,
            derived: Mutex::default(),
        }
    }

    /// What was vended for the folder that is signed for.
    pub(super) fn confined(credential: AwsCredential) -> Self {
        Self {
            is_confined: true,
            ..Self::of(Arc::new(credential))
        }
    }

    /// Whether the store lets it do nothing beyond the folder and the permission that it signs for.
    pub(super) const fn is_confined(&self) -> bool {
        self.is_confined
    }

    /// Whether it is the very same credential, not one that has taken its place.
    pub(super) fn is_of(&self, credential: &Arc<AwsCredential>) -> bool {
        Arc::ptr_eq(&self.credential, credential)
    }

    pub(super) fn id(&self) -> &str {
        &self.credential.key_id
    }

    pub(super) fn token(&self) -> Option<&str> {
        self.credential.token.as_deref()
    }

    /// What signs on the day of a signature.
    pub(super) fn on_day_of(&self, scope: &SigningScope<'_>) -> hmac::Key {
        let day = scope.day();
        let mut derived = self.derived.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, key)) = derived.as_ref()
            && *of == day
        {
            return key.clone();
        }
        let key = scope.signing_key(&self.credential.secret_key);
        *derived = Some((day, key.clone()));
        key
    }
}
