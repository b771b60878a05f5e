//! A storage tried as a whole: the server's own access, what is vended to engines, and that nothing is left of it.

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

/// What is tried, in the order in which it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessCheck {
    /// The server itself can write, read, list and delete.
    Own,
    /// Access to one folder is given for engines.
    VendedIssued,
    /// With it they can write, read, list and delete there, or read and list, as they may.
    VendedInside,
    /// With it they can do nothing elsewhere, and nothing that they may not.
    VendedConfined,
    /// What was written in the trial is gone.
    Cleanup,
}

/// How it went.
#[derive(Debug)]
pub enum AccessOutcome {
    /// As it should.
    Passed {
        /// The time that it took.
        took: Duration,
    },
    /// Otherwise.
    Failed {
        /// The time that it took.
        took: Duration,
        /// What happened.
        error: TrialError,
    },
    /// It was not tried.
    Skipped {
        /// Why.
        reason: &'static str,
    },
}

/// A storage that does not do what it should, or does what it should not.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// The server cannot use it.
    #[error(transparent)]
    Own(Box<AccessError>),
    /// No tables can be made in it, or dropped.
    #[error("the table bucket cannot be used: {0}")]
    Bucket(#[from] TableBucketError),
    /// No access was given for engines.
    #[error("no access could be vended: {0}")]
    NotIssued(#[from] VendError),
    /// What was given cannot be used.
    #[error("vended access cannot be used: {0}")]
    Unusable(#[from] OpenError),
    /// It does not work in its folder.
    #[error("vended access does not work: {0}")]
    Inside(Box<AccessError>),
    /// It allows what it should not.
    #[error("vended access is not confined to its folder: {step} at `{reached}` was not denied")]
    Leaks {
        /// What was tried.
        step: AccessStep,
        /// Where.
        reached: Location,
    },
    /// Whether it is confined could not be found out.
    #[error("whether vended access is confined is unknown: {0}")]
    Unclear(Box<AccessError>),
    /// Something was left in the storage.
    #[error("what was written in the trial could not be removed: {0}")]
    Left(Box<AccessError>),
}

pub(super) const PREREQUISITE: &str = "not tried, because a check before it failed";
const NOTHING_WRITTEN: &str = "nothing was written that would have to be removed";
pub(super) const NOTHING_VENDED: &str = "this storage profile vends no credentials";

/// Tries the storage, and tells of each check, also of those that were not made.
///
/// `own` is the server's own access; with `vendor` also access for engines is tried, to a folder, and beside it with bait
/// that the server has put there. All is written into one folder of a random name below the base, and removed.
pub async fn try_storage(
    own: &dyn Objects,
    vendor: Option<&dyn Vendor>,
    profile: &StorageProfile,
) -> Vec<(AccessCheck, AccessOutcome)> {
    let base = profile.base_location();
    let mut trial = Trial {
        base: &base,
        told: Vec::new(),
    };
    let places = match Places::below(&base) {
        Ok(places) => places,
        Err(error) => {
            let error = TrialError::Own(Box::new(trial.failure(unusable(&base, &error))));
            trial.record(AccessCheck::Own, (Duration::ZERO, Err::<(), _>(error)));
            trial.skip(&VENDED, PREREQUISITE);
            trial.skip(&[AccessCheck::Cleanup], NOTHING_WRITTEN);
            return trial.told;
        }
    };
    let (used, issued) = futures::join!(
        timed(use_folder(own, &places.own)),
        timed(async { Some(issue(vendor?, profile, &places.inside).await) }),
    );
    // What has timed out may be there.
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
    trial.told
}

pub(super) const VENDED: [AccessCheck; 3] = [
    AccessCheck::VendedIssued,
    AccessCheck::VendedInside,
    AccessCheck::VendedConfined,
];

/// What a writer and a reader use.
pub(super) type Opened = (Arc<dyn Objects>, Arc<dyn Objects>);

/// A writer's access to the folder and a reader's.
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

/// What has been told so far.
pub(super) struct Trial<'a> {
    pub(super) base: &'a Location,
    pub(super) told: Vec<(AccessCheck, AccessOutcome)>,
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
        let (told, value) = match outcome {
            Ok(value) => (AccessOutcome::Passed { took }, Some(value)),
            Err(error) => (AccessOutcome::Failed { took, error }, None),
        };
        self.told.push((check, told));
        value
    }

    pub(super) fn skip(&mut self, checks: &[AccessCheck], reason: &'static str) {
        let skipped = checks
            .iter()
            .map(|check| (*check, AccessOutcome::Skipped { reason }));
        self.told.extend(skipped);
    }

    /// Both are told: whether access leaks must not be hidden by its not working.
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
