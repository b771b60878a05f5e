//! What is told of a storage in memory, and of token services that refuse.

use async_trait::async_trait;

use super::*;
use crate::error::{ObjectError, StoreFailure};
use crate::io::{Page, PageRequest};
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

/// Refuses to write, or to delete more than one object.
#[derive(Debug)]
struct Half {
    inner: MemoryStore,
    broken: AccessStep,
}

impl Half {
    fn refuse(&self, at: &Location, step: AccessStep) -> Result<(), ObjectError> {
        if self.broken != step {
            return Ok(());
        }
        Err(ObjectError::PermissionDenied {
            location: at.clone(),
            source: Box::new(StoreFailure::new("no right to do so")),
        })
    }
}

#[async_trait]
impl Objects for Half {
    async fn read(&self, at: &Location, max_bytes: u64) -> Result<bytes::Bytes, ObjectError> {
        self.refuse(at, AccessStep::Read)?;
        self.inner.read(at, max_bytes).await
    }
    async fn write_new(&self, at: &Location, content: bytes::Bytes) -> Result<(), ObjectError> {
        self.refuse(at, AccessStep::Write)?;
        self.inner.write_new(at, content).await
    }
    async fn delete(&self, at: &Location) -> Result<(), ObjectError> {
        self.refuse(at, AccessStep::Delete)?;
        self.inner.delete(at).await
    }
    async fn delete_batch(&self, all: Vec<Location>) -> Result<(), ObjectError> {
        if let Some(first) = all.first() {
            self.refuse(first, AccessStep::Delete)?;
        }
        self.inner.delete_batch(all).await
    }
    async fn list_prefix(&self, folder: &Location, page: PageRequest) -> Result<Page, ObjectError> {
        self.inner.list_prefix(folder, page).await
    }
    async fn prune_folders(&self, folder: &Location) -> Result<(), ObjectError> {
        self.inner.prune_folders(folder).await
    }
}

#[tokio::test]
async fn what_is_left_is_told_and_where_nothing_was_written_nothing_is_removed() {
    for (broken, cleanup) in [
        (AccessStep::Write, "skipped"),
        // What could not be read is removed all the same.
        (AccessStep::Read, "passed"),
        (AccessStep::Delete, "failed"),
    ] {
        let own = Half {
            inner: MemoryStore::default(),
            broken,
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
            "{broken:?}"
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
