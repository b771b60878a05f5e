//! What every use case knows about the request that it serves.

use std::sync::Arc;

use model::{Caller, ProjectId, RequestId, TabularPath};

use crate::{AccessDelegation, Idempotent, Via};

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
    /// The views that have led to what is loaded, the outermost first, as its sender says.
    pub referenced_by: Vec<TabularPath>,
    /// How far through them it has come; nothing when it arrives.
    pub via: Option<Arc<Via>>,
    /// What the log and events tell of it.
    pub origin: RequestOrigin,
}

/// Where a request came from.
#[derive(Debug, Clone)]
pub struct RequestOrigin {
    /// What the request is called in logs, events and its answer.
    pub request_id: RequestId,
    /// What the client calls itself, if audit events are to tell. Nobody has verified it.
    pub user_agent: Option<Arc<str>>,
}

impl Request {
    /// A request of the catalog to itself.
    pub fn system() -> Self {
        Self {
            caller: Caller::System,
            project: None,
            idempotency: None,
            delegation: AccessDelegation::ClientManaged,
            referenced_by: Vec::new(),
            via: None,
            origin: RequestOrigin {
                request_id: RequestId::generate(),
                user_agent: None,
            },
        }
    }
}
