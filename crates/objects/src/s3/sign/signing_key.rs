//! An access key and the signing key derived from it for one day: deriving it costs as much as the rest of a
//! signature.

use std::sync::{Arc, Mutex, PoisonError};

use object_store::aws::AwsCredential;
use ring::hmac;

use crate::s3::sigv4::SigningScope;

/// An access key for one region's S3.
pub(super) struct SigningKey {
    credential: Arc<AwsCredential>,
    /// Whether the key reaches only the folder for which it signs.
    is_confined: bool,
    /// The last day for which a request was signed, and its signing key.
    derived: Mutex<Option<(String, hmac::Key)>>,
}

impl SigningKey {
    /// A key with which the server itself accesses the bucket.
    pub(super) fn of(credential: Arc<AwsCredential>) -> Self {
        Self {
            credential,
            is_confined: false,
            derived: Mutex::default(),
        }
    }

    /// A key that was vended for the folder for which it signs.
    pub(super) fn confined(credential: AwsCredential) -> Self {
        Self {
            is_confined: true,
            ..Self::of(Arc::new(credential))
        }
    }

    /// Whether the store limits the key to the folder and the permission for which it signs.
    pub(super) const fn is_confined(&self) -> bool {
        self.is_confined
    }

    /// Whether this is the very same credential, not a renewed one.
    pub(super) fn is_of(&self, credential: &Arc<AwsCredential>) -> bool {
        Arc::ptr_eq(&self.credential, credential)
    }

    pub(super) fn id(&self) -> &str {
        &self.credential.key_id
    }

    pub(super) fn token(&self) -> Option<&str> {
        self.credential.token.as_deref()
    }

    /// The signing key for the day of the signature.
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
