//! Gates between authentication and everything else: may whoever has shown a good token use this installation at all?
//!
//! Not whose token it is (`authn`), and not what somebody may do to something (`authz`). [`AdmissionGate`] is the extension point;
//! [`EnforceGate`] is what the configuration makes: a service is asked about each caller. `docs/admission.md` says how.

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

/// Lets callers in. Asked about each authenticated request, so it should remember what it has found out.
#[async_trait]
pub trait AdmissionGate: Debug + Send + Sync {
    /// What it is called in logs and metrics.
    fn name(&self) -> &'static str;

    /// Whether the request may go on to what it asks for.
    async fn admit(&self, applicant: &Applicant<'_>) -> Result<Admission, Rejection>;
}

/// Who wants to be let in.
#[derive(Debug, Clone, Copy)]
pub struct Applicant<'a> {
    /// What the verified token says.
    pub identity: &'a Identity,
    /// The token itself. Whoever sends it on says so to the operator, and keeps and logs it nowhere.
    pub token: &'a BearerToken,
    /// The request.
    pub request_id: &'a RequestId,
}

/// What somebody gets who is let in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Admission {
    /// Roles for this request, besides those that the caller is in.
    pub roles: Vec<RoleIdent>,
}

/// Why somebody is not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// They may not use this installation. The text is for them.
    #[error("{0}")]
    Forbidden(String),
    /// Nobody can say now. The text is for the log.
    #[error("nobody can say now: {why}")]
    Unavailable {
        /// Why.
        why: String,
        /// When to ask again.
        retry_after: Duration,
    },
}
