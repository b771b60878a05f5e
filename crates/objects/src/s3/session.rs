//! Keys that expire.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use object_store::aws::AwsCredential;

use crate::secret::Secret;
use crate::vend::{EXPIRATION_TIME, Scope, Vended};

/// Temporary keys from a token service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: Secret<String>,
    pub(super) session_token: Secret<String>,
    pub(super) expires_at: SystemTime,
}

impl Session {
    /// `None` if a part cannot belong to a key: it would break the headers that contain it.
    pub(super) fn new([id, secret, token]: [String; 3], expires_at: SystemTime) -> Option<Self> {
        let is_sound =
            |part: &String| !part.is_empty() && part.chars().all(|c| c.is_ascii_graphic());
        if ![&id, &secret, &token].into_iter().all(is_sound) {
            return None;
        }
        Some(Self {
            access_key_id: id,
            secret_access_key: Secret::new(secret),
            session_token: Secret::new(token),
            expires_at,
        })
    }

    /// As a credential that signs requests of the server itself.
    pub(super) fn to_credential(&self) -> AwsCredential {
        AwsCredential {
            key_id: self.access_key_id.clone(),
            secret_key: self.secret_access_key.expose().clone(),
            token: Some(self.session_token.expose().clone()),
        }
    }

    /// As access for the engine that asked for it.
    pub(super) fn into_vended(self, scope: &Scope) -> Vended {
        Vended {
            scope: scope.clone(),
            expires_at: self.expires_at,
            config: self.into_config(),
        }
    }

    /// As properties for an engine: Java's `S3FileIO`, PyIceberg, DuckDB and Trino read the same names.
    fn into_config(self) -> Vec<(String, Secret<String>)> {
        let expires_at = self.expires_at.duration_since(UNIX_EPOCH);
        let millis = expires_at.unwrap_or_default().as_millis().to_string();
        [
            ("s3.access-key-id", Secret::new(self.access_key_id)),
            ("s3.secret-access-key", self.secret_access_key),
            ("s3.session-token", self.session_token),
            (
                "s3.session-token-expires-at-ms",
                Secret::new(millis.clone()),
            ),
            (EXPIRATION_TIME, Secret::new(millis)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }
}

/// The time by which sessions and signatures begin and end.
#[expect(
    clippy::disallowed_methods,
    reason = "keys end by the clock of the store, as the signatures of `object_store` begin by it"
)]
pub(super) fn now() -> SystemTime {
    SystemTime::now()
}

/// A point in time as it is written in XML and JSON (RFC 3339).
pub(super) fn time(text: &str) -> Option<SystemTime> {
    DateTime::parse_from_rfc3339(text).ok().map(Into::into)
}
