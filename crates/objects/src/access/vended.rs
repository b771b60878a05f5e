//! Whether vended access reaches its folder, and nothing else: tried, not assumed.

#[cfg(test)]
mod tests;

use std::future::ready;

use bytes::Bytes;
use uuid::Uuid;

use super::{AccessError, AccessStep, validate_access};
use crate::error::ObjectError;
use crate::io::{Objects, PageRequest, delete_prefix};
use crate::location::{Location, LocationError};
use crate::open::{OpenError, open_vended};
use crate::profile::StorageProfile;
use crate::vend::{Permission, Scope, VendError, Vendor};

/// Vended access that does not do what it should, or does what it should not.
#[derive(Debug, thiserror::Error)]
pub enum VendedAccessError {
    /// None was given.
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
}

/// Asks for access to a folder below the base, then writes, reads, lists and deletes there, and tries the same
/// beside it, where all must be denied. With read access, writing must be denied too.
///
/// `own` is the server's own access: it puts the bait there and cleans up. Leaves nothing behind, as far as the
/// store lets it.
pub async fn validate_vended(
    own: &dyn Objects,
    vendor: &dyn Vendor,
    profile: &StorageProfile,
) -> Result<(), VendedAccessError> {
    let base = profile.base_location();
    let places = Places::below(&base).map_err(|e| unusable(&base, &e))?;
    let outcome = try_both(own, vendor, profile, &places).await;
    let cleaned = delete_prefix(own, &places.check, || ready(Ok(())))
        .await
        .map(|_| ())
        .map_err(|e| unclear(AccessStep::Delete, &places.check, e));
    outcome.and(cleaned)
}

/// Where it is tried.
struct Places {
    check: Location,
    inside: Location,
    /// A sibling whose name begins like that of the folder.
    beside: Location,
    bait: Location,
}

impl Places {
    fn below(base: &Location) -> Result<Self, LocationError> {
        let check = base.join(&format!("lakekeeper-access-check-{}", Uuid::new_v4()))?;
        let beside = check.join("orders2")?;
        Ok(Self {
            inside: check.join("orders")?,
            bait: beside.join("bait.txt")?,
            beside,
            check,
        })
    }
}

async fn try_both(
    own: &dyn Objects,
    vendor: &dyn Vendor,
    profile: &StorageProfile,
    places: &Places,
) -> Result<(), VendedAccessError> {
    let scope = |permission| Scope {
        folder: places.inside.clone(),
        permission,
    };
    let vended = vendor.vend(&scope(Permission::Write)).await?;
    let writer = open_vended(profile, &vended)?;
    try_writer(own, writer.as_ref(), places).await?;
    let vended = vendor.vend(&scope(Permission::Read)).await?;
    let reader = open_vended(profile, &vended)?;
    try_reader(own, reader.as_ref(), places).await
}

async fn try_writer(
    own: &dyn Objects,
    writer: &dyn Objects,
    places: &Places,
) -> Result<(), VendedAccessError> {
    validate_access(writer, &places.inside)
        .await
        .map_err(|e| VendedAccessError::Inside(Box::new(e)))?;
    put(own, &places.bait).await?;
    let other = child(&places.beside, "other.txt")?;
    let (bait, beside) = (&places.bait, &places.beside);
    let content = Bytes::from_static(b"leaked");
    denied(
        AccessStep::Write,
        &other,
        writer.write_new(&other, content).await,
    )?;
    denied(AccessStep::Read, bait, writer.read(bait, 1024).await)?;
    let listed = writer.list_prefix(beside, PageRequest::first()).await;
    denied(AccessStep::List, beside, listed)?;
    denied(AccessStep::Delete, bait, writer.delete(bait).await)
}

async fn try_reader(
    own: &dyn Objects,
    reader: &dyn Objects,
    places: &Places,
) -> Result<(), VendedAccessError> {
    let object = child(&places.inside, "read.txt")?;
    put(own, &object).await?;
    let inside = |step, source| VendedAccessError::Inside(failure(step, &places.inside, source));
    let read = reader.read(&object, 1024).await;
    read.map_err(|e| inside(AccessStep::Read, e))?;
    let listed = reader
        .list_prefix(&places.inside, PageRequest::first())
        .await;
    listed.map_err(|e| inside(AccessStep::List, e))?;
    let other = child(&places.inside, "other.txt")?;
    let content = Bytes::from_static(b"leaked");
    denied(
        AccessStep::Write,
        &other,
        reader.write_new(&other, content).await,
    )?;
    denied(AccessStep::Delete, &object, reader.delete(&object).await)
}

async fn put(own: &dyn Objects, at: &Location) -> Result<(), VendedAccessError> {
    own.write_new(at, Bytes::from_static(b"bait"))
        .await
        .map_err(|e| unclear(AccessStep::Write, at, e))
}

fn denied<T>(
    step: AccessStep,
    at: &Location,
    outcome: Result<T, ObjectError>,
) -> Result<(), VendedAccessError> {
    match outcome {
        Err(ObjectError::PermissionDenied { .. }) => Ok(()),
        Ok(_) => Err(VendedAccessError::Leaks {
            step,
            reached: at.clone(),
        }),
        Err(source) => Err(unclear(step, at, source)),
    }
}

fn child(folder: &Location, name: &str) -> Result<Location, VendedAccessError> {
    folder.join(name).map_err(|e| unusable(folder, &e))
}

fn unusable(folder: &Location, error: &LocationError) -> VendedAccessError {
    let source = ObjectError::invalid(folder, error.to_string());
    unclear(AccessStep::Write, folder, source)
}

fn failure(step: AccessStep, base: &Location, source: ObjectError) -> Box<AccessError> {
    Box::new(AccessError {
        base: base.clone(),
        step,
        source,
    })
}

fn unclear(step: AccessStep, base: &Location, source: ObjectError) -> VendedAccessError {
    VendedAccessError::Unclear(failure(step, base, source))
}
