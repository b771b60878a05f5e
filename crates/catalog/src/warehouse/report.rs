//! The report of a validation of a warehouse: its checks and their outcomes.

use std::time::{Duration, Instant};

use crate::{CatalogError, Result};

/// A check of a validation. Each name states what is true if the check has passed. Reports list them in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckName {
    /// The storage profile, its credential and the server's configuration fit together.
    ProfileWellFormed,
    /// The storage profile may replace the present one.
    ProfileCompatible,
    /// The name is valid, and no other warehouse of the project has it.
    WarehouseNameValid,
    /// No other warehouse is at, above or below this base location.
    LocationExclusive,
    /// The caller may change the warehouse.
    SpecMutable,
    /// At least one format version is allowed, and the default one is among them.
    FormatVersionPolicyConsistent,
    /// The caller may set this manager.
    ManagedByAllowed,
    /// A storage client can be built from profile and credential. No request is sent to the storage.
    StorageClientInitialized,
    /// The server can write, read, list and delete files.
    LakekeeperReadWrite,
    /// Credentials for one folder are vended to engines.
    VendedCredentialsIssued,
    /// Engines can use these credentials within the folder.
    VendedCredentialsReadWrite,
    /// Engines cannot use these credentials for anything else.
    VendedCredentialsScopeEnforced,
    /// The files that the checks have written are deleted.
    Cleanup,
}

impl CheckName {
    /// All checks, in order.
    pub const ALL: [Self; 13] = [
        Self::ProfileWellFormed,
        Self::ProfileCompatible,
        Self::WarehouseNameValid,
        Self::LocationExclusive,
        Self::SpecMutable,
        Self::FormatVersionPolicyConsistent,
        Self::ManagedByAllowed,
        Self::StorageClientInitialized,
        Self::LakekeeperReadWrite,
        Self::VendedCredentialsIssued,
        Self::VendedCredentialsReadWrite,
        Self::VendedCredentialsScopeEnforced,
        Self::Cleanup,
    ];

    /// As the management API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ProfileWellFormed => "profile-well-formed",
            Self::ProfileCompatible => "profile-compatible",
            Self::WarehouseNameValid => "warehouse-name-valid",
            Self::LocationExclusive => "location-exclusive",
            Self::SpecMutable => "spec-mutable",
            Self::FormatVersionPolicyConsistent => "format-version-policy-consistent",
            Self::ManagedByAllowed => "managed-by-allowed",
            Self::StorageClientInitialized => "storage-client-initialized",
            Self::LakekeeperReadWrite => "lakekeeper-read-write",
            Self::VendedCredentialsIssued => "vended-credentials-issued",
            Self::VendedCredentialsReadWrite => "vended-credentials-read-write",
            Self::VendedCredentialsScopeEnforced => "vended-credentials-scope-enforced",
            Self::Cleanup => "cleanup",
        }
    }
}

/// The outcome of a check.
#[derive(Debug)]
pub enum CheckOutcome {
    /// What the name states is true.
    Passed {
        /// The time that it took.
        took: Duration,
    },
    /// What the name states is not true.
    Failed {
        /// The time that it took.
        took: Duration,
        /// The error with which the operation itself would be refused.
        error: CatalogError,
    },
    /// Not checked.
    Skipped {
        /// Why.
        reason: &'static str,
    },
}

/// A check and its outcome.
#[derive(Debug)]
pub struct Check {
    /// What was checked.
    pub name: CheckName,
    /// Its outcome.
    pub outcome: CheckOutcome,
}

/// All checks, including skipped ones.
#[derive(Debug, Default)]
pub struct Report(pub Vec<Check>);

/// The reason to skip a check that depends on a failed one.
pub(super) const PREREQUISITE: &str = "not checked, because a check before it failed";

impl Report {
    /// Whether no check has failed. Skipped checks do not count.
    pub fn is_valid(&self) -> bool {
        !self
            .0
            .iter()
            .any(|check| matches!(check.outcome, CheckOutcome::Failed { .. }))
    }

    /// Adds a check that has just ended; returns the value that it found.
    pub(super) fn record<T>(
        &mut self,
        name: CheckName,
        started: Instant,
        result: Result<T>,
    ) -> Option<T> {
        let took = started.elapsed();
        let (outcome, found) = match result {
            Ok(found) => (CheckOutcome::Passed { took }, Some(found)),
            Err(error) => (CheckOutcome::Failed { took, error }, None),
        };
        self.push(name, outcome);
        found
    }

    pub(super) fn push(&mut self, name: CheckName, outcome: CheckOutcome) {
        self.0.push(Check { name, outcome });
    }

    pub(super) fn skip(
        &mut self,
        names: impl IntoIterator<Item = CheckName>,
        reason: &'static str,
    ) {
        for name in names {
            self.push(name, CheckOutcome::Skipped { reason });
        }
    }

    /// The error of the first failed check, for callers that need all checks to pass.
    pub(super) fn into_result(self) -> Result<()> {
        for check in self.0 {
            if let CheckOutcome::Failed { error, .. } = check.outcome {
                return Err(error);
            }
        }
        Ok(())
    }
}
