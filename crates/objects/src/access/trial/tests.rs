//! The reports of trials, with a storage in memory and with token services that refuse.

use async_trait::async_trait;

use super::*;
use crate::access::broken::Broken;
use crate::error::StoreFailure;
use crate::io::PageRequest;
use crate::memory::MemoryStore;
use crate::vend::Vended;

/// `passed`, `failed` or `skipped`, and the reason or error.
fn told(trial: &[(AccessCheck, AccessOutcome)]) -> Vec<(AccessCheck, &'static str, String)> {
    let told = trial.iter().map(|(check, outcome)| match outcome {
        AccessOutcome::Passed { .. } => (*check, "passed", String::new()),
        AccessOutcome::Failed { error, .. } => (*check, "failed", error.to_string()),
        AccessOutcome::Skipped { reason } => (*check, "skipped", (*reason).to_owned()),
    });
    told.collect()
}

fn states(trial: &[(AccessCheck, AccessOutcome)]) -> Vec<(AccessCheck, &'static str)> {
    let told = told(trial).into_iter();
    told.map(|(check, state, _)| (check, state)).collect()
}

#[derive(Debug)]
struct Refusing;

#[async_trait]
impl Vendor for Refusing {
    async fn vend(&self, scope: &Scope) -> Result<Vended, VendError> {
        Err(VendError::Refused {
            folder: scope.folder.clone(),
            source: Box::new(StoreFailure::new("who are you")),
        })
    }
}

#[tokio::test]
async fn storage_without_vended_access_says_that_it_was_not_tried() {
    let own = MemoryStore::default();
    let trial = try_storage(&own, None, &StorageProfile::Memory).await;
    let skipped = |check| (check, "skipped", NOTHING_VENDED.to_owned());
    let passed = |check| (check, "passed", String::new());
    assert_eq!(
        told(&trial),
        [
            passed(AccessCheck::Own),
            skipped(AccessCheck::VendedIssued),
            skipped(AccessCheck::VendedInside),
            skipped(AccessCheck::VendedConfined),
            passed(AccessCheck::Cleanup),
        ]
    );
    let base = StorageProfile::Memory.base_location();
    let left = own.list_prefix(&base, PageRequest::first()).await.unwrap();
    assert_eq!(left.locations, []);
}

#[tokio::test]
async fn what_needs_vended_access_is_not_tried_without_it() {
    let own = MemoryStore::default();
    let trial = try_storage(&own, Some(&Refusing), &StorageProfile::Memory).await;
    assert_eq!(
        states(&trial),
        [
            (AccessCheck::Own, "passed"),
            (AccessCheck::VendedIssued, "failed"),
            (AccessCheck::VendedInside, "skipped"),
            (AccessCheck::VendedConfined, "skipped"),
            (AccessCheck::Cleanup, "passed"),
        ]
    );
    let (_, _, message) = &told(&trial)[1];
    assert!(message.contains("who are you"), "{message}");
}

#[tokio::test]
async fn what_is_left_is_told_and_where_nothing_was_written_nothing_is_removed() {
    for (step, cleanup) in [
        (AccessStep::Write, "skipped"),
        // An object that could not be read is removed nevertheless.
        (AccessStep::Read, "passed"),
        (AccessStep::Delete, "failed"),
    ] {
        let own = Broken {
            inner: MemoryStore::default(),
            step,
        };
        let trial = try_storage(&own, Some(&Refusing), &StorageProfile::Memory).await;
        assert_eq!(
            states(&trial),
            [
                (AccessCheck::Own, "failed"),
                (AccessCheck::VendedIssued, "failed"),
                (AccessCheck::VendedInside, "skipped"),
                (AccessCheck::VendedConfined, "skipped"),
                (AccessCheck::Cleanup, cleanup),
            ],
            "{step:?}"
        );
        for (_, _, message) in told(&trial)
            .iter()
            .filter(|(_, state, _)| *state == "failed")
        {
            let names_cause = message.contains("no right") || message.contains("who are you");
            assert!(names_cause, "{message}");
        }
    }
}
