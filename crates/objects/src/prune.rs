//! Removes the folders that are left when their files are deleted.

#[cfg(test)]
mod tests;

use std::future::{Future, ready};

use futures::{StreamExt, TryStreamExt, stream};

use crate::error::ObjectError;
use crate::io::{Objects, PageRequest};
use crate::location::Location;

/// Folders that are examined at a time.
const AT_A_TIME: usize = 16;
/// Most folders in one listing. This bounds memory: each level on the way down holds no more than one listing.
const FOLDERS_PER_PAGE: usize = 100;

/// A folder that contains folders.
struct PendingFolder {
    folder: Location,
    /// Folders in it that were listed and are still to be removed.
    below: Vec<Location>,
    /// What to list when `below` is empty; `None` after the last page.
    next: Option<PageRequest>,
}

impl PendingFolder {
    fn new(folder: Location) -> Self {
        Self {
            folder,
            below: Vec::new(),
            next: Some(first_page()),
        }
    }
}

fn first_page() -> PageRequest {
    PageRequest {
        after: None,
        limit: FOLDERS_PER_PAGE,
    }
}

/// Removes `folder` and the folders below it, at any depth, unless there are objects in them.
///
/// Each folder is removed right after the folders in it, by requests of its own. So no time limit applies to all of
/// them together, and after an error the folders already removed stay removed. `confirm` is called after a listing
/// that has found folders, before any of these is removed.
pub(crate) async fn prune_folders<E, F>(
    objects: &dyn Objects,
    folder: &Location,
    mut confirm: impl FnMut() -> F,
) -> Result<(), E>
where
    E: From<ObjectError>,
    F: Future<Output = Result<(), E>>,
{
    let mut open = vec![PendingFolder::new(folder.clone())];
    while let Some(innermost) = open.last_mut() {
        if !innermost.below.is_empty() {
            let rest = innermost.below.len().saturating_sub(AT_A_TIME);
            let some = innermost.below.split_off(rest);
            open.extend(remove_or_open(objects, some).await?);
        } else if let Some(page) = innermost.next.take() {
            let page = objects.list_folders(&innermost.folder, page).await?;
            if !page.locations.is_empty() {
                confirm().await?;
            }
            innermost.below = page.locations;
            innermost.next = page.next.map(|token| PageRequest {
                after: Some(token),
                ..first_page()
            });
        } else {
            objects.remove_folder(&innermost.folder).await?;
            open.pop();
        }
    }
    Ok(())
}

/// Removes the `folders` that contain no folders, [`AT_A_TIME`] in parallel, and opens the others.
async fn remove_or_open(
    objects: &dyn Objects,
    folders: Vec<Location>,
) -> Result<Vec<PendingFolder>, ObjectError> {
    let looked_into = folders
        .into_iter()
        .map(|folder| remove_or_open_one(objects, folder));
    let found = stream::iter(looked_into).buffer_unordered(AT_A_TIME);
    found
        .try_filter_map(|open| ready(Ok(open)))
        .try_collect()
        .await
}

async fn remove_or_open_one(
    objects: &dyn Objects,
    folder: Location,
) -> Result<Option<PendingFolder>, ObjectError> {
    let page = objects.list_folders(&folder, first_page()).await?;
    if !page.locations.is_empty() || page.next.is_some() {
        return Ok(Some(PendingFolder::new(folder)));
    }
    objects.remove_folder(&folder).await?;
    Ok(None)
}
