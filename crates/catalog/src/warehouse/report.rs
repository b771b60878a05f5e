//! What was checked of a warehouse, and how each check went.

use std::time::{Duration, Instant};

use crate::{CatalogError, Result};

/// What is checked. Each name says what is true if the check has passed; they are told in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckName {
    /// The fields of the storage profile, its credential and the server's configuration go together.
    ProfileWellFormed,
    /// The storage profile may follow the present one.
    ProfileCompatible,
    /// The name is a name, and no other warehouse of the project has it.
    WarehouseNameValid,
    /// No other warehouse is at, above or below the base location.
    LocationExclusive,
    /// The caller may change the warehouse.
    SpecMutable,
    /// The default format version is one of those that are allowed, and some are.
    FormatVersionPolicyConsistent,
    /// The caller may name this manager.
    ManagedByAllowed,
    /// A client can be made of profile and credential. Nothing is asked of the storage.
    StorageClientInitialized,
    /// The server can write, read, list and delete.
    LakekeeperReadWrite,
    /// Credentials for one folder are given for engines.
    VendedCredentialsIssued,
    /// Engines can do with them what they may.
    VendedCredentialsReadWrite,
    /// They can do nothing else with them.
    VendedCredentialsScopeEnforced,
    /// What was written to find that out is gone.
    Cleanup,
}

impl CheckName {
    /// All, in their order.
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

/// How a check went.
#[derive(Debug)]
pub enum CheckOutcome {
    /// What its name says is true.
    Passed {
        /// The time that it took.
        took: Duration,
    },
    /// It is not.
    Failed {
        /// The time that it took.
        took: Duration,
        /// Why; what the operation itself would be refused with.
        error: CatalogError,
    },
    /// It was not checked.
    Skipped {
        /// Why.
        reason: &'static str,
    },
}

/// One check.
#[derive(Debug)]
pub struct Check {
    /// What was checked.
    pub name: CheckName,
    /// How it went.
    pub outcome: CheckOutcome,
}

/// All checks, also those that were not made.
#[derive(Debug, Default)]
pub struct Report(pub Vec<Check>);

/// Why a check was not made that needs what another one found missing.
pub(super) const PREREQUISITE: &str = "not checked, because a check before it failed";

impl Report {
    /// Whether no check has failed. Those that were not made do not count.
    pub fn is_valid(&self) -> bool {
        !self
            .0
            .iter()
            .any(|check| matches!(check.outcome, CheckOutcome::Failed { .. }))
    }

    /// Adds a check that has just ended; answers what it was to find.
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

    /// The first failure, for who needs all checks to pass.
    pub(super) fn into_result(self) -> Result<()> {
        for check in self.0 {
            if let CheckOutcome::Failed { error, .. } = check.outcome {
                return Err(error);
            }
        }
        Ok(())
    }
}
