//! Checks that a storage works, by using it.

#[cfg(test)]
mod broken;
mod table_bucket;
mod trial;
mod vended;

use std::fmt;
use std::future::ready;

use bytes::Bytes;
use uuid::Uuid;

use crate::error::ObjectError;
use crate::io::{Objects, PageRequest, delete_prefix};
use crate::location::{Location, LocationError};

pub use table_bucket::try_table_bucket;
pub use trial::{AccessCheck, AccessOutcome, TrialError, try_storage};

/// The server cannot use a storage.
#[derive(Debug, thiserror::Error)]
#[error("the storage at `{base}` cannot be used: {step} failed: {}", .source.report())]
pub struct AccessError {
    /// The base location that was tried.
    pub base: Location,
    /// The step that failed.
    pub step: AccessStep,
    /// Why it failed.
    pub source: ObjectError,
}

/// The steps of [`validate_access`], in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessStep {
    /// Writing an object with a random name.
    Write,
    /// Reading it back.
    Read,
    /// Finding it in a listing.
    List,
    /// Deleting it again.
    Delete,
}

impl fmt::Display for AccessStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Write => "writing a test object",
            Self::Read => "reading the test object back",
            Self::List => "listing the folder of the test object",
            Self::Delete => "deleting the test object",
        })
    }
}

/// A step that failed, and why.
type Failure = (AccessStep, ObjectError);

/// Writes, reads, lists and deletes an object of a random name below `base`.
///
/// Deletes what it wrote, as far as the store allows.
pub async fn validate_access(objects: &dyn Objects, base: &Location) -> Result<(), AccessError> {
    let failed = |(step, source)| AccessError {
        base: base.clone(),
        step,
        source,
    };
    let tried = async {
        let folder = trial_folder(base).map_err(|e| unusable(base, &e))?;
        use_folder(objects, &folder).await?;
        remove(objects, &folder).await
    };
    tried.await.map_err(failed)
}

/// A folder with a random name, for all that one trial writes.
fn trial_folder(base: &Location) -> Result<Location, LocationError> {
    base.join(&format!("lakekeeper-access-check-{}", Uuid::new_v4()))
}

fn unusable(base: &Location, error: &LocationError) -> Failure {
    let source = ObjectError::invalid(base, error.to_string());
    (AccessStep::Write, source)
}

/// Writes, reads, lists and deletes one object. The folder, which exists only on a file system, stays.
async fn use_folder(objects: &dyn Objects, folder: &Location) -> Result<(), Failure> {
    let object = folder.join("test.txt").map_err(|e| unusable(folder, &e))?;
    let content = Bytes::from(Uuid::new_v4().to_string());
    objects
        .write_new(&object, content.clone())
        .await
        .map_err(|e| (AccessStep::Write, e))?;
    let used = use_object(objects, folder, &object, &content).await;
    let deleted = delete(objects, &object).await;
    used.and(deleted)
}

async fn use_object(
    objects: &dyn Objects,
    folder: &Location,
    object: &Location,
    content: &Bytes,
) -> Result<(), Failure> {
    let read = objects
        .read(object, 1024)
        .await
        .map_err(|e| (AccessStep::Read, e))?;
    if read != content {
        return Err((
            AccessStep::Read,
            ObjectError::invalid(
                object,
                "the bytes that were read are not those that were written",
            ),
        ));
    }
    let page = objects
        .list_prefix(folder, PageRequest::first())
        .await
        .map_err(|e| (AccessStep::List, e))?;
    if page.locations.as_slice() != [object.clone()] {
        let found = page.locations.len();
        let message = format!("one object was expected in the folder, {found} were listed");
        return Err((AccessStep::List, ObjectError::invalid(folder, message)));
    }
    Ok(())
}

async fn delete(objects: &dyn Objects, object: &Location) -> Result<(), Failure> {
    let step = |e| (AccessStep::Delete, e);
    objects.delete(object).await.map_err(step)?;
    match objects.read(object, 1024).await {
        // S3 answers 403, not 404, to callers that may list some prefixes only. The object was readable before, so
        // 403 means that it is gone.
        Err(ObjectError::NotFound { .. } | ObjectError::PermissionDenied { .. }) => Ok(()),
        Ok(_) => Err(step(ObjectError::invalid(
            object,
            "it still exists after its deletion",
        ))),
        Err(e) => Err(step(e)),
    }
}

/// Removes the folder of a trial with all that is in it.
async fn remove(objects: &dyn Objects, folder: &Location) -> Result<(), Failure> {
    let step = |e| (AccessStep::Delete, e);
    delete_prefix(objects, folder, |_| ready(Ok(())))
        .await
        .map_err(step)?;
    let left = objects.list_prefix(folder, PageRequest::first()).await;
    match left.map_err(step)?.locations.as_slice() {
        [] => Ok(()),
        [left, ..] => {
            let error = ObjectError::invalid(left, "it still exists after its deletion");
            Err(step(error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::broken::Broken;
    use super::*;
    use crate::memory::MemoryStore;

    #[tokio::test]
    async fn the_step_that_fails_is_named_with_its_cause() {
        let base = Location::parse("memory://store/wh").unwrap();
        let table = [
            (AccessStep::Write, "writing a test object failed"),
            (AccessStep::Read, "reading the test object back failed"),
            (
                AccessStep::List,
                "listing the folder of the test object failed",
            ),
            (AccessStep::Delete, "deleting the test object failed"),
        ];
        for (step, expected) in table {
            let store = Broken {
                inner: MemoryStore::default(),
                step,
            };
            let error = validate_access(&store, &base).await.unwrap_err();
            assert_eq!(error.step, step);
            let message = error.to_string();
            assert!(
                message.starts_with("the storage at `memory://store/wh` cannot be used"),
                "{message}"
            );
            assert!(
                message.contains(expected) && message.ends_with("no right to do so"),
                "{message}"
            );
            // Every object that can be deleted is.
            let left = store
                .inner
                .list_prefix(&base, PageRequest::first())
                .await
                .unwrap();
            assert_eq!(
                left.locations.len(),
                usize::from(step == AccessStep::Delete),
                "{step:?}"
            );
        }
    }
}
