//! Checks the storage of a warehouse that is created, changed or validated: whether it is allowed, and whether it
//! works.

use std::sync::Arc;
use std::time::Instant;

use objects::{
    AccessCheck, AccessOutcome, Objects, OpenError, StorageCredential, StorageProfile, TableBucket,
    TrialError, Vendor,
};

use super::report::{CheckName, CheckOutcome, PREREQUISITE, Report};
use crate::{Catalog, CatalogError, ErrorKind, Result, StorageTrial};

/// A storage profile and the credential for it.
#[derive(Debug, Clone)]
pub struct Storage {
    /// Where the files are, and how they are accessed.
    pub profile: StorageProfile,
    /// The server's credential; `None` if the storage needs none.
    pub credential: Option<StorageCredential>,
}

impl Storage {
    /// The storage as it is stored, if profile and credential fit together and the server's configuration allows
    /// them.
    pub(super) fn check(self, cx: &Catalog) -> Result<Self> {
        let Self {
            profile,
            credential,
        } = self;
        let profile = profile.adjusted_for(credential.as_ref());
        let policy = &cx.settings.storage_policy;
        profile.validate(policy)?;
        profile.check_new()?;
        profile.validate_credential(credential.as_ref(), policy)?;
        Ok(Self {
            profile,
            credential,
        })
    }

    fn open(&self) -> Result<Opened> {
        let unusable = |error: OpenError| invalid(error.to_string());
        let credential = self.credential.as_ref();
        Ok(Opened {
            own: objects::open(&self.profile, credential).map_err(unusable)?,
            vendor: objects::vendor(&self.profile, credential).map_err(unusable)?,
            bucket: objects::table_bucket(&self.profile, credential).map_err(unusable)?,
        })
    }
}

struct Opened {
    own: Arc<dyn Objects>,
    vendor: Option<Arc<dyn Vendor>>,
    bucket: Option<Arc<dyn TableBucket>>,
}

/// The storage as it is stored, after a file has been written, read and deleted in it, with the server's own access
/// and with vended credentials.
pub(super) async fn require_working(cx: &Catalog, storage: Storage) -> Result<Storage> {
    let storage = storage.check(cx)?;
    let mut report = Report::default();
    try_storage(cx, &mut report, &storage).await;
    report.into_result()?;
    Ok(storage)
}

/// Tries out what the server can do with the storage and, where credentials are vended, what engines can do.
pub(super) async fn try_storage(cx: &Catalog, report: &mut Report, storage: &Storage) {
    let started = Instant::now();
    let opened = report.record(CLIENT, started, storage.open());
    let Some(opened) = opened else {
        return report.skip(ACCESS, PREREQUISITE);
    };
    if cx.settings.storage_trial == StorageTrial::Skipped {
        let reason = "this server does not test storage (`LAKEKEEPER__SKIP_STORAGE_VALIDATION`)";
        return report.skip(ACCESS, reason);
    }
    let (own, profile) = (opened.own.as_ref(), &storage.profile);
    let tried = match &opened.bucket {
        Some(bucket) => objects::try_table_bucket(own, bucket.as_ref(), profile).await,
        None => objects::try_storage(own, opened.vendor.as_deref(), profile).await,
    };
    for (check, outcome) in tried {
        report.push(name(check), told(check, outcome, profile));
    }
}

/// The same for storage whose profile was found valid before: an error in `storage` or its check is reported as a
/// failure to build the client.
pub(super) async fn try_unchecked(cx: &Catalog, report: &mut Report, storage: Result<Storage>) {
    match storage.and_then(|storage| storage.check(cx)) {
        Ok(storage) => try_storage(cx, report, &storage).await,
        Err(error) => {
            report.record(CLIENT, Instant::now(), Err::<(), _>(error));
            report.skip(ACCESS, PREREQUISITE);
        }
    }
}

/// Reports all storage checks as skipped.
pub(super) fn skip_storage(report: &mut Report) {
    report.skip([CLIENT], PREREQUISITE);
    report.skip(ACCESS, PREREQUISITE);
}

const CLIENT: CheckName = CheckName::StorageClientInitialized;

/// The checks that need a client.
const ACCESS: [CheckName; 5] = [
    CheckName::LakekeeperReadWrite,
    CheckName::VendedCredentialsIssued,
    CheckName::VendedCredentialsReadWrite,
    CheckName::VendedCredentialsScopeEnforced,
    CheckName::Cleanup,
];

const fn name(check: AccessCheck) -> CheckName {
    match check {
        AccessCheck::Own => CheckName::LakekeeperReadWrite,
        AccessCheck::VendedIssued => CheckName::VendedCredentialsIssued,
        AccessCheck::VendedInside => CheckName::VendedCredentialsReadWrite,
        AccessCheck::VendedConfined => CheckName::VendedCredentialsScopeEnforced,
        AccessCheck::Cleanup => CheckName::Cleanup,
    }
}

fn told(check: AccessCheck, outcome: AccessOutcome, profile: &StorageProfile) -> CheckOutcome {
    match outcome {
        AccessOutcome::Passed { took } => CheckOutcome::Passed { took },
        AccessOutcome::Skipped { reason } => CheckOutcome::Skipped { reason },
        AccessOutcome::Failed { took, error } => {
            let remedy = match check {
                AccessCheck::Own | AccessCheck::Cleanup => &endpoint(profile, &error),
                AccessCheck::VendedIssued
                | AccessCheck::VendedInside
                | AccessCheck::VendedConfined => {
                    "; give a profile and credential that pass this check, or switch vended credentials off \
                     (`sts-enabled` or `sas-enabled` of the storage profile)"
                }
            };
            let error = invalid(format!("{error}{remedy}"));
            CheckOutcome::Failed { took, error }
        }
    }
}

/// Adds the endpoint to the error of a store that does not answer: it may be misspelled.
fn endpoint(profile: &StorageProfile, error: &TrialError) -> String {
    match (profile, error) {
        (StorageProfile::S3(s3), TrialError::Own(failed)) if failed.source.is_retryable() => s3
            .endpoint()
            .map(|endpoint| format!("; the `endpoint` is `{endpoint}`"))
            .unwrap_or_default(),
        _ => String::new(),
    }
}

fn invalid(message: String) -> CatalogError {
    CatalogError::new(ErrorKind::InvalidStorage, message)
}
