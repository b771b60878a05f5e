//! What all stores behind `object_store` have in common.

use std::sync::atomic::{AtomicBool, Ordering};

use bytes::{Bytes, BytesMut};
use futures::stream::{self, StreamExt};
use object_store::path::Path;
use object_store::{Error, GetResult, ObjectStore};

use crate::error::ObjectError;
use crate::io::Objects;
use crate::location::Location;

/// Deletions in parallel, where the store has no bulk deletion.
const PARALLEL_DELETES: usize = 16;

/// Turns an error of a store into ours.
pub(crate) type Classify = fn(&Location, &Error) -> ObjectError;

/// The key of `at` as a path: checked, and not encoded.
pub(crate) fn path(at: &Location) -> Result<Path, ObjectError> {
    let key = at.key();
    let path = Path::parse(key).map_err(|e| ObjectError::invalid(at, e.to_string()))?;
    // `parse` cuts off the slash that the marker of a folder ends in.
    Ok(if key.ends_with('/') {
        path.join("")
    } else {
        path
    })
}

/// All bytes of an object, if there are at most `max_bytes`.
pub(crate) async fn content(
    found: GetResult,
    at: &Location,
    max_bytes: u64,
    classify: Classify,
) -> Result<Bytes, ObjectError> {
    let too_large = |size| {
        Err(ObjectError::TooLarge {
            location: at.clone(),
            size,
            max: max_bytes,
        })
    };
    let size = found.meta.size;
    if size > max_bytes {
        return too_large(size);
    }
    let mut content = BytesMut::with_capacity(usize::try_from(size).unwrap_or_default());
    let mut chunks = found.into_stream();
    while let Some(chunk) = chunks.next().await {
        content.extend_from_slice(&chunk.map_err(|e| classify(at, &e))?);
        if content.len() as u64 > max_bytes {
            return too_large(content.len() as u64);
        }
    }
    Ok(content.freeze())
}

/// Bulk deletion, where a store has it.
pub(crate) struct BulkDeletion {
    /// Set once the store has refused a bulk deletion, but has deleted the same objects one by one.
    is_missing: AtomicBool,
    /// Whether an error about one object means that it is gone.
    is_gone: fn(&Error) -> bool,
    /// Whether an error is about one object only.
    is_of_one_key: fn(&Error) -> bool,
    classify: Classify,
}

impl BulkDeletion {
    pub(crate) const fn new(
        is_gone: fn(&Error) -> bool,
        is_of_one_key: fn(&Error) -> bool,
        classify: Classify,
    ) -> Self {
        Self {
            is_missing: AtomicBool::new(false),
            is_gone,
            is_of_one_key,
            classify,
        }
    }

    /// Deletes all objects, in bulk if `store` supports that, otherwise one by one through `objects`. `paths` are
    /// those of `all`.
    pub(crate) async fn delete(
        &self,
        objects: &impl Objects,
        store: &impl ObjectStore,
        all: Vec<Location>,
        paths: Vec<Path>,
    ) -> Result<(), ObjectError> {
        let Some(first) = all.first() else {
            return Ok(());
        };
        if self.is_missing.load(Ordering::Relaxed) {
            return delete_each(objects, all).await;
        }
        match self.attempt(store, paths).await {
            Ok(true) => Ok(()),
            Ok(false) => delete_each(objects, all).await,
            Err(e) => {
                let error = (self.classify)(first, &e);
                if error.is_retryable() {
                    return Err(error);
                }
                // Stores without bulk deletion refuse it in many ways, and a signature may not permit it.
                delete_each(objects, all).await?;
                self.is_missing.store(true, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    /// Whether the store took the whole batch; `false` means to try one by one.
    async fn attempt(&self, store: &impl ObjectStore, paths: Vec<Path>) -> Result<bool, Error> {
        let mut results = store.delete_stream(stream::iter(paths.into_iter().map(Ok)).boxed());
        let mut is_complete = true;
        while let Some(result) = results.next().await {
            match result {
                Ok(_) => {}
                Err(e) if (self.is_gone)(&e) => {}
                // One object was refused: a request for it alone will tell why.
                Err(e) if (self.is_of_one_key)(&e) => is_complete = false,
                Err(e) => return Err(e),
            }
        }
        Ok(is_complete)
    }
}

/// Deletes each object with a request of its own. Tries all of them, and returns the first error.
pub(crate) async fn delete_each(
    store: &impl Objects,
    all: Vec<Location>,
) -> Result<(), ObjectError> {
    let mut deletions = stream::iter(
        all.into_iter()
            .map(|at| async move { store.delete(&at).await }),
    )
    .buffer_unordered(PARALLEL_DELETES);
    let mut outcome = Ok(());
    while let Some(result) = deletions.next().await {
        outcome = outcome.and(result);
    }
    outcome
}
