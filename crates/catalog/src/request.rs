//! What use cases know about the request that they serve.

use std::sync::Arc;

use model::{Caller, ProjectId, RequestId, TabularPath};

use crate::{AccessDelegation, Idempotent, Via};

/// A request to a use case: its caller and what the client sent along.
#[derive(Debug, Clone)]
pub struct Request {
    /// The caller whose rights count.
    pub caller: Caller,
    /// The project that the request names, if any.
    pub project: Option<ProjectId>,
    /// The client's idempotency key with the request's fingerprint, if the client sent a key.
    pub idempotency: Option<Idempotent>,
    /// How the client wants to access files, where the answer is a table or view.
    pub delegation: AccessDelegation,
    /// The views through which the client reads what is loaded, outermost first, as the client claims.
    pub referenced_by: Vec<TabularPath>,
    /// The views that were checked on the way; `None` when the request arrives.
    pub via: Option<Arc<Via>>,
    /// What logs and events say about the request.
    pub origin: RequestOrigin,
}

/// Where a request came from.
#[derive(Debug, Clone)]
pub struct RequestOrigin {
    /// The request's id in logs, events and its answer.
    pub request_id: RequestId,
    /// The client's `User-Agent`, if audit events are on. It is not verified.
    pub user_agent: Option<Arc<str>>,
}

impl Request {
    /// A request that the catalog makes itself.
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
