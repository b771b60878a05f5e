//! Listings of the stores behind `object_store`.
//!
//! `object_store` parses keys and refuses those with empty or dotted segments or control characters. One such key
//! fails the whole page that it is on.

#[cfg(test)]
mod tests;

use object_store::Error;
use object_store::list::{PaginatedListOptions, PaginatedListResult, PaginatedListStore};
use object_store::path::{self, PathPart};

use crate::error::ObjectError;
use crate::io::{Page, PageRequest, PageToken};
use crate::location::Location;
use crate::remote::Classify;

/// First character of the page tokens made here, which hold the key to continue after. It is not allowed in XML, in
/// which stores write their tokens, so no store's token begins with it.
const START_KEY_MARK: char = '\0';

/// Where a store can continue a listing, to get past a key that `object_store` refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResumePoint {
    /// After any key.
    AnyKey,
    /// Only after the end of one of its own pages.
    PagesOnly,
}

/// One page of the objects below `folder`, at any depth.
///
/// If a key of the page is refused, the page ends before this key. If the first key is refused, the page has only
/// this key, as unaddressable, and the next page begins behind it.
pub(crate) async fn page(
    store: &impl PaginatedListStore,
    folder: &Location,
    page: PageRequest,
    resume_point: ResumePoint,
    classify: Classify,
) -> Result<Page, ObjectError> {
    let prefix = prefix(folder);
    let mut limit = page.bounded_limit();
    let start = page.after.map(|token| token.0);
    let skipped = start
        .as_deref()
        .and_then(|at| at.strip_prefix(START_KEY_MARK));
    // A store may ignore the key to continue after and list the same page again: this must not go on for ever.
    let goes_on = |key: &str| skipped.is_none_or(|skipped| key > skipped);
    let refused = loop {
        match listing(store, &prefix, start.as_deref(), limit).await {
            Ok(found) if first(&found).is_none_or(goes_on) => {
                return Ok(into_page(folder, &prefix, found));
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
    if resume_point == ResumePoint::PagesOnly || !goes_on(&key) {
        return Err(ObjectError::unaddressable(folder, &key));
    }
    Ok(Page {
        next: Some(PageToken(format!("{START_KEY_MARK}{}", resume_key(&key)))),
        unaddressable: vec![key],
        ..Page::default()
    })
}

fn first(found: &PaginatedListResult) -> Option<&str> {
    let first = found.result.objects.first();
    first.map(|object| object.location.as_ref())
}

fn into_page(folder: &Location, prefix: &str, found: PaginatedListResult) -> Page {
    let mut page = Page {
        next: found.page_token.map(PageToken),
        ..Page::default()
    };
    for object in found.result.objects {
        let key = object.location.as_ref();
        // `Path` cuts off the slash at the end of a marker: the marker of `folder` itself no longer begins with the
        // prefix, and any other marker looks like an empty file.
        let Some(relative) = key.strip_prefix(prefix) else {
            page.markers.extend(folder.join_listed(""));
            continue;
        };
        if object.size == 0 {
            page.markers
                .extend(folder.join_listed(&format!("{relative}/")));
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

/// The key after which to continue when `key` was refused. If the name of a folder in `key` is the reason, no key in
/// this folder can be listed: all of them are skipped.
fn resume_key(key: &str) -> String {
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

/// One page of the folders directly in `folder`.
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

/// The start of all keys in the folder.
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
    let (offset, page_token) = match start.and_then(|at| at.strip_prefix(START_KEY_MARK)) {
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
