//! What every use case knows about the request that it serves.

use model::{Caller, ProjectId};

use crate::{AccessDelegation, Idempotent};

/// Who asks, and how the answer is kept should the request come again.
#[derive(Debug, Clone)]
pub struct Request {
    /// On whose behalf.
    pub caller: Caller,
    /// The project that the request names, if it does.
    pub project: Option<ProjectId>,
    /// The client's idempotency key with the request's fingerprint, if it sent one.
    pub idempotency: Option<Idempotent>,
    /// How the client wants to get at files, where the answer is a table or view.
    pub delegation: AccessDelegation,
}

impl Request {
    /// A request of the catalog to itself.
    pub const fn system() -> Self {
        Self {
            caller: Caller::System,
            project: None,
            idempotency: None,
            delegation: AccessDelegation::ClientManaged,
        }
    }
}
