//! Listings of the stores behind `object_store`.
//!
//! It takes keys apart and refuses those with empty or dotted segments and with control characters: one such key, and the page that it
//! is on cannot be had.

#[cfg(test)]
mod tests;

use object_store::Error;
use object_store::list::{PaginatedListOptions, PaginatedListResult, PaginatedListStore};
use object_store::path::{self, PathPart};

use crate::error::ObjectError;
use crate::io::{Page, PageRequest, PageToken};
use crate::location::Location;
use crate::remote::Classify;

/// Begins our own tokens. In those of stores, which they write in XML, it cannot be.
const BEHIND: char = '\0';

/// How a store goes on behind a key that it cannot list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beyond {
    /// It lists what comes after any key.
    AnyKey,
    /// It goes on where a page has ended, and nowhere else.
    PagesOnly,
}

/// One page of what is below `folder`, at any depth.
///
/// Of a page with a key that is refused, as much is listed as comes before it. When it comes first, it is told of, and the next page
/// begins behind it.
pub(crate) async fn page(
    store: &impl PaginatedListStore,
    folder: &Location,
    page: PageRequest,
    beyond: Beyond,
    classify: Classify,
) -> Result<Page, ObjectError> {
    let prefix = prefix(folder);
    let mut limit = page.bounded_limit();
    let start = page.after.map(|token| token.0);
    let skipped = start.as_deref().and_then(|at| at.strip_prefix(BEHIND));
    // A store may not know where it was told to begin, and list the same again.
    let goes_on = |key: &str| skipped.is_none_or(|skipped| key > skipped);
    let refused = loop {
        match listing(store, &prefix, start.as_deref(), limit).await {
            Ok(found) if first(&found).is_none_or(goes_on) => {
                return Ok(listed(folder, &prefix, found));
            }
            Ok(_) => {
                let key = skipped.unwrap_or_default().trim_end_matches(char::MAX);
                return Err(ObjectError::unaddressable(folder, key));
            }
            Err(Error::InvalidPath { source }) if limit == 1 => break source,
            Err(Error::InvalidPath { .. }) => limit /= 2,
            Err(error) => return Err(classify(folder, &error)),
        }
    };
    let (path::Error::EmptySegment { path: key } | path::Error::BadSegment { path: key, .. }) =
        refused
    else {
        return Err(ObjectError::invalid(folder, refused.to_string()));
    };
    if beyond == Beyond::PagesOnly || !goes_on(&key) {
        return Err(ObjectError::unaddressable(folder, &key));
    }
    Ok(Page {
        next: Some(PageToken(format!("{BEHIND}{}", behind(&key)))),
        unaddressable: vec![key],
        ..Page::default()
    })
}

fn first(found: &PaginatedListResult) -> Option<&str> {
    let first = found.result.objects.first();
    first.map(|object| object.location.as_ref())
}

fn listed(folder: &Location, prefix: &str, found: PaginatedListResult) -> Page {
    let mut page = Page {
        next: found.page_token.map(PageToken),
        ..Page::default()
    };
    for object in found.result.objects {
        let key = object.location.as_ref();
        // `Path` cuts off the slash that a marker ends in: that of the folder itself has then less than the prefix, and any other
        // one looks like an empty file.
        let Some(relative) = key.strip_prefix(prefix) else {
            page.markers.extend(folder.listed(""));
            continue;
        };
        if object.size == 0 {
            page.markers.extend(folder.listed(&format!("{relative}/")));
        }
        match folder.join(relative) {
            Ok(location) => {
                page.bytes = page.bytes.saturating_add(object.size);
                page.locations.push(location);
            }
            Err(_) => page.unaddressable.push(key.to_owned()),
        }
    }
    page
}

/// The last key that need not be looked at, after one that was refused: if a folder is the reason, none in it can be listed.
fn behind(key: &str) -> String {
    let mut bytes = 0;
    for segment in key.split_inclusive('/') {
        bytes += segment.len();
        let folder = segment.strip_suffix('/');
        let is_refused = |name: &str| name.is_empty() || PathPart::parse(name).is_err();
        if folder.is_some_and(is_refused) {
            let folder = key.get(..bytes).unwrap_or(key);
            return format!("{folder}{}", char::MAX);
        }
    }
    key.to_owned()
}

/// One page of the folders that are directly in `folder`.
pub(crate) async fn folders(
    store: &impl PaginatedListStore,
    folder: &Location,
    page: PageRequest,
    classify: Classify,
) -> Result<Page, ObjectError> {
    let prefix = prefix(folder);
    let options = PaginatedListOptions {
        delimiter: Some("/".into()),
        max_keys: Some(page.bounded_limit()),
        page_token: page.after.map(|token| token.0),
        ..PaginatedListOptions::default()
    };
    let found = store.list_paginated(within(&prefix), options).await;
    let found = found.map_err(|e| classify(folder, &e))?;
    let names = found.result.common_prefixes.iter();
    let locations = names
        .filter_map(|path| path.as_ref().strip_prefix(&prefix))
        .filter_map(|name| match folder.join(name) {
            Ok(location) => Some(location),
            Err(error) => {
                tracing::warn!(%error, "a folder whose name no location can hold is left");
                None
            }
        })
        .collect();
    Ok(Page {
        locations,
        next: found.page_token.map(PageToken),
        ..Page::default()
    })
}

/// What the keys of all that is in the folder begin with.
fn prefix(folder: &Location) -> String {
    if folder.key().is_empty() {
        String::new()
    } else {
        format!("{}/", folder.key())
    }
}

fn within(prefix: &str) -> Option<&str> {
    Some(prefix).filter(|prefix| !prefix.is_empty())
}

async fn listing(
    store: &impl PaginatedListStore,
    prefix: &str,
    start: Option<&str>,
    limit: usize,
) -> Result<PaginatedListResult, Error> {
    let (offset, page_token) = match start.and_then(|at| at.strip_prefix(BEHIND)) {
        Some(key) => (Some(key.to_owned()), None),
        None => (None, start.map(str::to_owned)),
    };
    let options = PaginatedListOptions {
        offset,
        max_keys: Some(limit),
        page_token,
        ..PaginatedListOptions::default()
    };
    store.list_paginated(within(prefix), options).await
}
