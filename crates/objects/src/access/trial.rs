//! Tries a storage: the server's own access, the access that is vended to engines, and the cleanup.

#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::vended::{Engines, Places};
use super::{AccessError, AccessStep, Failure, remove, unusable, use_folder, vended};
use crate::error::ObjectError;
use crate::io::Objects;
use crate::location::Location;
use crate::open::{OpenError, open_vended};
use crate::profile::StorageProfile;
use crate::table_bucket::TableBucketError;
use crate::vend::{Permission, Scope, VendError, Vendor};

/// The checks of a trial, in the order in which they are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessCheck {
    /// The server itself can write, read, list and delete.
    Own,
    /// Access to one folder is vended for engines.
    VendedIssued,
    /// With vended access, writers can write, read, list and delete in the folder, and readers can read and list.
    VendedInside,
    /// With vended access, engines can do nothing outside the folder, and nothing beyond their permission.
    VendedConfined,
    /// Everything that the trial has written is removed.
    Cleanup,
}

/// The outcome of a check.
#[derive(Debug)]
pub enum AccessOutcome {
    /// The check succeeded.
    Passed {
        /// How long it took.
        took: Duration,
    },
    /// The check failed.
    Failed {
        /// How long it took.
        took: Duration,
        /// The reason.
        error: TrialError,
    },
    /// The check was not made.
    Skipped {
        /// The reason.
        reason: &'static str,
    },
}

/// A storage that does not do what it should, or does what it should not.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// The server cannot use the storage.
    #[error(transparent)]
    Own(Box<AccessError>),
    /// Tables cannot be created in the table bucket, or cannot be dropped.
    #[error("the table bucket cannot be used: {0}")]
    Bucket(#[from] TableBucketError),
    /// No access was vended for engines.
    #[error("no access could be vended: {0}")]
    NotIssued(#[from] VendError),
    /// The storage cannot be opened with vended access.
    #[error("vended access cannot be used: {0}")]
    Unusable(#[from] OpenError),
    /// Vended access does not work in its folder.
    #[error("vended access does not work: {0}")]
    Inside(Box<AccessError>),
    /// Vended access allows more than it should.
    #[error("vended access is not confined to its folder: {step} at `{reached}` was not denied")]
    Leaks {
        /// The step that was not denied.
        step: AccessStep,
        /// The location of the step.
        reached: Location,
    },
    /// It could not be determined whether vended access is confined to its folder.
    #[error("it could not be determined whether vended access is confined to its folder: {0}")]
    Unclear(Box<AccessError>),
    /// Not everything that the trial wrote could be removed.
    #[error("the files that the trial wrote could not be removed: {0}")]
    Left(Box<AccessError>),
}

pub(super) const PREREQUISITE: &str = "not tried, because a check before it failed";
const NOTHING_WRITTEN: &str = "the trial wrote nothing that must be removed";
pub(super) const NOTHING_VENDED: &str = "this storage profile vends no credentials";

/// Tries the storage, and reports each check, also those that were skipped.
///
/// `own` is the server's own access. With `vendor`, access for engines is tried too: to a folder, and next to this
/// folder, where the server has put bait. Everything is written into one folder with a random name below the base,
/// and removed.
pub async fn try_storage(
    own: &dyn Objects,
    vendor: Option<&dyn Vendor>,
    profile: &StorageProfile,
) -> Vec<(AccessCheck, AccessOutcome)> {
    let base = profile.base_location();
    let mut trial = Trial {
        base: &base,
        outcomes: Vec::new(),
    };
    let places = match Places::below(&base) {
        Ok(places) => places,
        Err(error) => {
            let error = TrialError::Own(Box::new(trial.failure(unusable(&base, &error))));
            trial.record(AccessCheck::Own, (Duration::ZERO, Err::<(), _>(error)));
            trial.skip(&VENDED, PREREQUISITE);
            trial.skip(&[AccessCheck::Cleanup], NOTHING_WRITTEN);
            return trial.outcomes;
        }
    };
    let (used, issued) = futures::join!(
        timed(use_folder(own, &places.own)),
        timed(async { Some(issue(vendor?, profile, &places.inside).await) }),
    );
    // A write that has timed out may have succeeded.
    let has_written = match &used.1 {
        Err((AccessStep::Write, error)) => matches!(error, ObjectError::Timeout { .. }),
        _ => true,
    };
    let used = (
        used.0,
        used.1
            .map_err(|e| TrialError::Own(Box::new(trial.failure(e)))),
    );
    let can_bait = trial.record(AccessCheck::Own, used).is_some();
    match issued {
        (_, None) => trial.skip(&VENDED, NOTHING_VENDED),
        (took, Some(issued)) => {
            let engines = trial.record(AccessCheck::VendedIssued, (took, issued));
            trial
                .vended(own, engines.filter(|_| can_bait), &places)
                .await;
        }
    }
    if has_written {
        let (took, removed) = timed(remove(own, &places.check)).await;
        let removed = removed.map_err(|e| TrialError::Left(Box::new(trial.failure(e))));
        trial.record(AccessCheck::Cleanup, (took, removed));
    } else {
        trial.skip(&[AccessCheck::Cleanup], NOTHING_WRITTEN);
    }
    trial.outcomes
}

pub(super) const VENDED: [AccessCheck; 3] = [
    AccessCheck::VendedIssued,
    AccessCheck::VendedInside,
    AccessCheck::VendedConfined,
];

/// The stores of a writer and of a reader.
pub(super) type Opened = (Arc<dyn Objects>, Arc<dyn Objects>);

/// Vends access to the folder, for a writer and for a reader.
pub(super) async fn issue(
    vendor: &dyn Vendor,
    profile: &StorageProfile,
    folder: &Location,
) -> Result<Opened, TrialError> {
    let open = async |permission| {
        let folder = folder.clone();
        let vended = vendor.vend(&Scope { folder, permission }).await?;
        Ok::<_, TrialError>(open_vended(profile, &vended)?)
    };
    futures::try_join!(open(Permission::Write), open(Permission::Read))
}

pub(super) async fn timed<T>(act: impl Future<Output = T>) -> (Duration, T) {
    let start = Instant::now();
    let done = act.await;
    (start.elapsed(), done)
}

/// The outcomes so far.
pub(super) struct Trial<'a> {
    pub(super) base: &'a Location,
    pub(super) outcomes: Vec<(AccessCheck, AccessOutcome)>,
}

impl Trial<'_> {
    fn failure(&self, (step, source): Failure) -> AccessError {
        AccessError {
            base: self.base.clone(),
            step,
            source,
        }
    }

    pub(super) fn record<T>(
        &mut self,
        check: AccessCheck,
        (took, outcome): (Duration, Result<T, TrialError>),
    ) -> Option<T> {
        let (outcome, value) = match outcome {
            Ok(value) => (AccessOutcome::Passed { took }, Some(value)),
            Err(error) => (AccessOutcome::Failed { took, error }, None),
        };
        self.outcomes.push((check, outcome));
        value
    }

    pub(super) fn skip(&mut self, checks: &[AccessCheck], reason: &'static str) {
        let skipped = checks
            .iter()
            .map(|check| (*check, AccessOutcome::Skipped { reason }));
        self.outcomes.extend(skipped);
    }

    /// Makes both checks, because access that does not work may leak nevertheless.
    async fn vended(&mut self, own: &dyn Objects, opened: Option<Opened>, places: &Places) {
        let Some((writer, reader)) = opened else {
            let checks = [AccessCheck::VendedInside, AccessCheck::VendedConfined];
            return self.skip(&checks, PREREQUISITE);
        };
        let engines = Engines {
            writer: writer.as_ref(),
            reader: reader.as_ref(),
        };
        let works = timed(vended::works(own, engines, places)).await;
        self.record(AccessCheck::VendedInside, works);
        let is_confined = timed(vended::is_confined(own, engines, places)).await;
        self.record(AccessCheck::VendedConfined, is_confined);
    }
}
