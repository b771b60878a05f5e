//! Admission: gates between authentication and everything else, which decide whether an authenticated caller may use
//! this installation at all.
//!
//! Authentication (`authn`) decides whose token it is, and authorization (`authz`) what the caller may do.
//! [`AdmissionGate`] is the extension point; [`EnforceGate`] is the implementation that the configuration offers: it
//! asks a service about each caller. `docs/admission.md` describes it.

mod body;
mod decisions;
mod enforce;
mod gates;

pub use body::{BodyTemplate, InvalidBody};
pub use enforce::{Check, CheckKind, EnforceConfig, EnforceGate, TokenRelay};
pub use gates::Gates;

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use authn::BearerToken;
use model::{Identity, RequestId, RoleIdent};

/// Decides which callers are admitted. Called for each authenticated request, so implementations should cache their
/// decisions.
#[async_trait]
pub trait AdmissionGate: Debug + Send + Sync {
    /// The name of the gate in logs and metrics.
    fn name(&self) -> &'static str;

    /// Whether the caller is admitted, and with which roles.
    async fn admit(&self, applicant: &Applicant<'_>) -> Result<Admission, Rejection>;
}

/// The caller who asks for admission.
#[derive(Debug, Clone, Copy)]
pub struct Applicant<'a> {
    /// The identity that the verified token proves.
    pub identity: &'a Identity,
    /// The token itself. A gate that forwards it must say so in its configuration, and must neither store nor log it.
    pub token: &'a BearerToken,
    /// The id of the request.
    pub request_id: &'a RequestId,
}

/// What an admitted caller gets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Admission {
    /// Roles for this request, in addition to those that the caller is a member of.
    pub roles: Vec<RoleIdent>,
}

/// Why a caller is not admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// The caller may not use this installation. The text is for the caller.
    #[error("{0}")]
    Forbidden(String),
    /// No decision is possible now. The text is for the log.
    #[error("nobody can say now: {why}")]
    Unavailable {
        /// The reason.
        why: String,
        /// After what time the caller may retry.
        retry_after: Duration,
    },
}
