//! Removes the folders that are left over when their last file is gone.

#[cfg(test)]
mod tests;

use std::future::{Future, ready};

use futures::{StreamExt, TryStreamExt, stream};

use crate::error::ObjectError;
use crate::io::{Objects, PageRequest};
use crate::location::Location;

/// Folders that are looked into at a time.
const AT_A_TIME: usize = 16;
/// Folders that are listed at once: of each level on the way down, as many are held.
const FOLDERS_PER_PAGE: usize = 100;

/// A folder in which there are others.
struct Open {
    folder: Location,
    /// Those of its folders that were listed, and are to be removed.
    below: Vec<Location>,
    /// What is to be listed when those are done.
    next: Option<PageRequest>,
}

impl Open {
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

/// Removes `folder` and the folders below it, at any depth, as far as there are no objects in them.
///
/// Each goes right after those in it, by requests of its own, so however many there are, no time limit ends them
/// all, and after an error what is done is done. `confirm` is asked after each listing that has found folders.
pub(crate) async fn prune_folders<E, F>(
    objects: &dyn Objects,
    folder: &Location,
    mut confirm: impl FnMut() -> F,
) -> Result<(), E>
where
    E: From<ObjectError>,
    F: Future<Output = Result<(), E>>,
{
    let mut open = vec![Open::new(folder.clone())];
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

/// Removes those of `folders` that have no folders in them, all at a time, and opens the others.
async fn remove_or_open(
    objects: &dyn Objects,
    folders: Vec<Location>,
) -> Result<Vec<Open>, ObjectError> {
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
) -> Result<Option<Open>, ObjectError> {
    let page = objects.list_folders(&folder, first_page()).await?;
    if !page.locations.is_empty() || page.next.is_some() {
        return Ok(Some(Open::new(folder)));
    }
    objects.remove_folder(&folder).await?;
    Ok(None)
}
