//! Operations on the protection of resources from being dropped.

pub(super) mod generic_table;
pub(super) mod namespace;
pub(super) mod table;
pub(super) mod view;

use catalog::namespace::ProtectionState;
use catalog::tabular::AtId;
use model::{TabularKind, Timestamp};
use serde::{Deserialize, Serialize};
use store::Protection;
use utoipa::ToSchema;
use uuid::Uuid;

/// Whether to protect the resource from being dropped.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct SetProtectionRequest {
    pub(super) protected: bool,
}

/// Whether the resource is protected from being dropped.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProtectionResponse {
    protected: bool,
    updated_at: Option<String>,
}

impl ProtectionResponse {
    pub(super) fn of(protection: Protection, updated_at: Option<Timestamp>) -> Self {
        Self {
            protected: protection.into(),
            updated_at: updated_at.map(|at| at.to_string()),
        }
    }
}

impl From<ProtectionState> for ProtectionResponse {
    fn from(state: ProtectionState) -> Self {
        Self::of(state.protection, state.updated_at)
    }
}

/// The table or view that the ids in a path name.
pub(super) fn at((warehouse, id): (Uuid, Uuid), kind: TabularKind) -> AtId {
    AtId {
        warehouse: warehouse.into(),
        kind,
        id: id.into(),
    }
}
