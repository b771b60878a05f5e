//! What all stores behind `object_store` do alike.

use bytes::{Bytes, BytesMut};
use futures::stream::{self, StreamExt};
use object_store::list::{PaginatedListOptions, PaginatedListStore};
use object_store::path::Path;
use object_store::{Error, GetResult};

use crate::error::ObjectError;
use crate::io::{Objects, Page, PageRequest, PageToken};
use crate::location::Location;

/// Deletions at a time, where the store has no bulk deletion.
const PARALLEL_DELETES: usize = 16;

/// How a store's errors are understood.
pub(crate) type Classify = fn(&Location, &Error) -> ObjectError;

/// The key of `at` as it stands: this checks, and encodes nothing.
pub(crate) fn path(at: &Location) -> Result<Path, ObjectError> {
    Path::parse(at.key()).map_err(|e| ObjectError::invalid(at, e.to_string()))
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

/// One page of what is below `folder`, at any depth.
pub(crate) async fn page(
    store: &impl PaginatedListStore,
    folder: &Location,
    page: PageRequest,
    classify: Classify,
) -> Result<Page, ObjectError> {
    let prefix = if folder.key().is_empty() {
        String::new()
    } else {
        format!("{}/", folder.key())
    };
    let options = PaginatedListOptions {
        max_keys: Some(page.bounded_limit()),
        page_token: page.after.map(|token| token.0),
        ..PaginatedListOptions::default()
    };
    let found = store
        .list_paginated(
            Some(&prefix).filter(|p| !p.is_empty()).map(String::as_str),
            options,
        )
        .await
        .map_err(|e| classify(folder, &e))?;
    let mut locations = Vec::with_capacity(found.result.objects.len());
    for object in found.result.objects {
        // The marker of the folder itself, which some tools leave, has nothing behind the prefix.
        let Some(relative) = object.location.as_ref().strip_prefix(&prefix) else {
            continue;
        };
        locations.push(
            folder
                .join(relative)
                .map_err(|e| ObjectError::invalid(folder, e.to_string()))?,
        );
    }
    Ok(Page {
        locations,
        next: found.page_token.map(PageToken),
    })
}

/// Deletes with one request an object. All are tried, whatever becomes of the others.
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
