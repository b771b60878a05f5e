//! What the operator decides about the use cases.

use std::time::Duration;

use model::ProjectId;
use objects::Policy;

use crate::TrustedEngine;
use crate::audit::Audit;

/// Whether a namespace level may contain a dot. The Iceberg specification allows it; today's Lakekeeper does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DottedNames {
    /// It may.
    Allowed,
    /// It may not.
    Refused,
}

/// Whether storage is tried before a warehouse is created or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageTrial {
    /// It is: the server's own access, and what is vended to engines.
    Full,
    /// It is not: for emulators that enforce nothing.
    Skipped,
}

/// Settings of the use cases; read from the configuration once.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The project of requests that name none; they are refused if there is none.
    pub default_project: Option<ProjectId>,
    /// Which storage may be used.
    pub storage_policy: Policy,
    /// Whether storage is tried before it is used.
    pub storage_trial: StorageTrial,
    /// Names that no namespace at the top may have, without regard to case.
    pub reserved_namespaces: Vec<String>,
    /// Whether a namespace level may contain a dot.
    pub dotted_names: DottedNames,
    /// Memory for cached metadata, in bytes.
    pub metadata_cache_bytes: u64,
    /// Largest metadata file, uncompressed, in bytes.
    pub max_metadata_bytes: u64,
    /// How long an idempotency key is remembered.
    pub idempotency_lifetime: Duration,
    /// How many steps of one role in another there may be.
    pub role_nesting_depth: u32,
    /// Engines that are believed when they tell of views.
    pub trusted_engines: Vec<TrustedEngine>,
    /// Most views that may lead to one another and what is loaded.
    pub max_referencing_views: usize,
    /// Whether decisions and changes are told in the log.
    pub audit: Audit,
    /// How many statements of the gathered lookup may be on their way at once.
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
