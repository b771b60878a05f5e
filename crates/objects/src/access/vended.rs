//! Checks that vended access reaches its folder and nothing else, by using it.

#[cfg(test)]
mod tests;

use bytes::Bytes;

use super::trial::TrialError;
use super::{AccessError, AccessStep, trial_folder, validate_access};
use crate::error::ObjectError;
use crate::io::{Objects, PageRequest};
use crate::location::{Location, LocationError};

/// The locations of a trial, all below one folder.
pub(super) struct Places {
    /// The folder of the trial.
    pub(super) check: Location,
    /// The folder in which the server tries its own access.
    pub(super) own: Location,
    /// The folder for which access is vended.
    pub(super) inside: Location,
    /// An object in `inside`.
    object: Location,
    /// A sibling of `inside`, whose name begins like that of `inside`.
    beside: Location,
    /// An object in `beside`.
    bait: Location,
}

impl Places {
    pub(super) fn below(base: &Location) -> Result<Self, LocationError> {
        let check = trial_folder(base)?;
        let (inside, beside) = (check.join("orders")?, check.join("orders2")?);
        Ok(Self {
            own: check.join("own")?,
            object: inside.join("object.txt")?,
            bait: beside.join("bait.txt")?,
            inside,
            beside,
            check,
        })
    }
}

/// Access to `inside`, as engines have it.
#[derive(Clone, Copy)]
pub(super) struct Engines<'a> {
    /// Access with write permission.
    pub(super) writer: &'a dyn Objects,
    /// Access with read permission.
    pub(super) reader: &'a dyn Objects,
}

/// Writes, reads, lists and deletes as a writer; reads and lists as a reader.
pub(super) async fn works(
    own: &dyn Objects,
    engines: Engines<'_>,
    places: &Places,
) -> Result<(), TrialError> {
    validate_access(engines.writer, &places.inside)
        .await
        .map_err(|e| TrialError::Inside(Box::new(e)))?;
    let inside = |step, source| TrialError::Inside(Box::new(failure(step, &places.inside, source)));
    put(own, &places.object)
        .await
        .map_err(|e| inside(AccessStep::Write, e))?;
    let read = engines.reader.read(&places.object, 1024).await;
    read.map_err(|e| inside(AccessStep::Read, e))?;
    let listed = engines
        .reader
        .list_prefix(&places.inside, PageRequest::first())
        .await;
    listed.map_err(|e| inside(AccessStep::List, e)).map(|_| ())
}

/// Tries the same steps beside the folder, and writes and deletes in it as a reader: all must be denied.
pub(super) async fn is_confined(
    own: &dyn Objects,
    engines: Engines<'_>,
    places: &Places,
) -> Result<(), TrialError> {
    let Places {
        inside,
        beside,
        bait,
        ..
    } = places;
    let unclear =
        |at: &Location, e| TrialError::Unclear(Box::new(failure(AccessStep::Write, at, e)));
    put(own, bait).await.map_err(|e| unclear(bait, e))?;
    let leak = || Bytes::from_static(b"leaked");

    let (writer, other) = (engines.writer, child(beside, "other.txt")?);
    denied(
        AccessStep::Write,
        &other,
        writer.write_new(&other, leak()).await,
    )?;
    denied(AccessStep::Read, bait, writer.read(bait, 1024).await)?;
    let listed = writer.list_prefix(beside, PageRequest::first()).await;
    denied(AccessStep::List, beside, listed)?;
    denied(AccessStep::Delete, bait, writer.delete(bait).await)?;

    let (reader, other) = (engines.reader, child(inside, "other.txt")?);
    denied(
        AccessStep::Write,
        &other,
        reader.write_new(&other, leak()).await,
    )?;
    let kept = child(inside, "kept.txt")?;
    put(own, &kept).await.map_err(|e| unclear(&kept, e))?;
    denied(AccessStep::Delete, &kept, reader.delete(&kept).await)
}

pub(super) async fn put(own: &dyn Objects, at: &Location) -> Result<(), ObjectError> {
    own.write_new(at, Bytes::from_static(b"bait")).await
}

pub(super) fn denied<T>(
    step: AccessStep,
    at: &Location,
    outcome: Result<T, ObjectError>,
) -> Result<(), TrialError> {
    match outcome {
        Err(ObjectError::PermissionDenied { .. }) => Ok(()),
        Ok(_) => Err(TrialError::Leaks {
            step,
            reached: at.clone(),
        }),
        Err(source) => Err(TrialError::Unclear(Box::new(failure(step, at, source)))),
    }
}

pub(super) fn child(folder: &Location, name: &str) -> Result<Location, TrialError> {
    folder.join(name).map_err(|e| {
        let source = ObjectError::invalid(folder, e.to_string());
        TrialError::Unclear(Box::new(failure(AccessStep::Write, folder, source)))
    })
}

pub(super) fn failure(step: AccessStep, base: &Location, source: ObjectError) -> AccessError {
    AccessError {
        base: base.clone(),
        step,
        source,
    }
}
