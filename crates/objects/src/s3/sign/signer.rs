//! The signers: one uses the warehouse's own key, the other a session that reaches only one folder.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use object_store::aws::{AwsCredential, AwsCredentialProvider};

use super::{S3Request, SignError, SignedRequest, SigningKey};
use crate::classify;
use crate::credential::S3Credential;
use crate::open::OpenError;
use crate::profile::S3Profile;
use crate::s3::{identity, session};
use crate::vend::{Scope, Vended};

/// Signs requests of engines with the identity with which the server itself accesses the bucket.
pub struct S3Signer {
    bucket: String,
    identity: AwsCredentialProvider,
    /// The key that was used last.
    key: Mutex<Option<Arc<SigningKey>>>,
}

impl S3Signer {
    /// A signer for the bucket of `profile`. Requests no key before the first signature.
    pub fn open(profile: &S3Profile, credential: &S3Credential) -> Result<Self, OpenError> {
        Ok(Self {
            bucket: profile.bucket().to_owned(),
            identity: identity::of_server(profile, credential)?,
            key: Mutex::default(),
        })
    }

    /// Signs `request` if it stays within `scope`. Keys that expire are renewed before they do. A signature ends with
    /// its key, or 15 minutes after its time.
    ///
    /// # Errors
    ///
    /// If the request reaches beyond the scope's folder, writes without the permission, or has a time that is not
    /// now; [`SignError::Identity`] if there is no key to sign with.
    pub async fn sign(
        &self,
        request: &S3Request,
        scope: &Scope,
    ) -> Result<SignedRequest, SignError> {
        // Checked first, because getting a key may take a request to a token service.
        request.require_within(scope)?;
        let key = self.identity.get_credential().await;
        let key = key.map_err(|error| SignError::Identity {
            reason: classify::text(&error),
        })?;
        request.sign(scope, &self.signing_key(key), session::now())
    }

    fn signing_key(&self, credential: Arc<AwsCredential>) -> Arc<SigningKey> {
        let mut kept = self.key.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.as_ref().filter(|kept| kept.is_of(&credential)) {
            Some(kept) => Arc::clone(kept),
            None => Arc::clone(kept.insert(Arc::new(SigningKey::of(credential)))),
        }
    }
}

/// Signs requests of engines with a session that was vended for one folder. Whatever a client adds to a signed
/// request, the request reaches nothing that the session does not.
pub struct SessionSigner {
    scope: Scope,
    key: SigningKey,
}

impl SessionSigner {
    /// A signer with the session's key. [`SignError::Identity`] if it has no key for S3.
    pub fn of(session: &Vended) -> Result<Self, SignError> {
        let key = identity::key_of_vended(&session.config);
        let key = key.map_err(|error| SignError::Identity {
            reason: error.to_string(),
        })?;
        Ok(Self {
            scope: session.scope.clone(),
            key: SigningKey::confined(key),
        })
    }

    /// Signs `request` if it stays within the session's scope.
    ///
    /// # Errors
    ///
    /// As [`S3Signer::sign`].
    pub fn sign(&self, request: &S3Request) -> Result<SignedRequest, SignError> {
        request.sign(&self.scope, &self.key, session::now())
    }
}

impl fmt::Debug for SessionSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionSigner({:?})", self.scope)
    }
}

impl fmt::Debug for S3Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3Signer({})", self.bucket)
    }
}
