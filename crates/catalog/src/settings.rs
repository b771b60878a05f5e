//! The operator's settings of the use cases.

use std::time::Duration;

use model::ProjectId;
use objects::Policy;

use crate::TrustedEngine;
use crate::audit::Audit;

/// Whether a namespace level may contain a dot. The Iceberg specification allows it; today's Lakekeeper does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DottedNames {
    /// A dot is allowed.
    Allowed,
    /// A dot is refused.
    Refused,
}

/// Whether storage access is tried out before a warehouse is created or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageTrial {
    /// Tried: the server's own access, and the credentials vended to engines.
    Full,
    /// Not tried: for emulators that do not enforce permissions.
    Skipped,
}

/// Settings of the use cases; read from the configuration once.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The project of requests that name none; without a default, such requests are refused.
    pub default_project: Option<ProjectId>,
    /// Which storage warehouses may use.
    pub storage_policy: Policy,
    /// Whether storage access is tried out before it is used.
    pub storage_trial: StorageTrial,
    /// Names that top-level namespaces may not have, ignoring case.
    pub reserved_namespaces: Vec<String>,
    /// Whether a namespace level may contain a dot.
    pub dotted_names: DottedNames,
    /// Memory for cached metadata, in bytes.
    pub metadata_cache_bytes: u64,
    /// Largest metadata file, uncompressed, in bytes.
    pub max_metadata_bytes: u64,
    /// How long an idempotency key is remembered.
    pub idempotency_lifetime: Duration,
    /// How deep roles may be nested: the most memberships of roles in roles in one chain.
    pub role_nesting_depth: u32,
    /// Engines whose `referenced-by` is trusted.
    pub trusted_engines: Vec<TrustedEngine>,
    /// Most views that a request may name in `referenced-by`.
    pub max_referencing_views: usize,
    /// Whether decisions and changes go to the audit log.
    pub audit: Audit,
    /// How many statements of the gathered lookup may run at once.
    pub gather_lanes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            default_project: Some(ProjectId::nil()),
            storage_policy: Policy::default(),
            storage_trial: StorageTrial::Full,
            reserved_namespaces: ["system", "examples", "information_schema"]
                .map(str::to_owned)
                .into(),
            dotted_names: DottedNames::Allowed,
            metadata_cache_bytes: 32 << 20,
            max_metadata_bytes: 256 << 20,
            idempotency_lifetime: Duration::from_mins(30),
            role_nesting_depth: 10,
            trusted_engines: Vec::new(),
            max_referencing_views: 10,
            audit: Audit::Off,
            gather_lanes: 2,
        }
    }
}
