//! Listing of folders.

use std::fs;
use std::io;
use std::path::Path;

use crate::error::ObjectError;
use crate::io::{Page, PageRequest, PageToken};
use crate::location::Location;

/// Deepest nesting of folders that a listing enters.
const MAX_DEPTH: usize = 100;

/// One page of the files below `path`, in the order that their keys have in an object store.
pub(super) fn list(
    path: &Path,
    folder: &Location,
    page: &PageRequest,
) -> Result<Page, ObjectError> {
    let limit = page.bounded_limit();
    // One more file than the limit shows that there is another page.
    let mut walk = Walk {
        after: page.after.as_ref().map(|token| token.0.as_str()),
        wanted: limit + 1,
        found: Vec::new(),
    };
    walk.folder(path, "", 0)
        .map_err(|e| ObjectError::from_io(folder, &e))?;

    let has_more = walk.found.len() > limit;
    walk.found.truncate(limit);
    let next = walk
        .found
        .last()
        .filter(|_| has_more)
        .map(|last| PageToken(last.clone()));
    // A file that was deleted meanwhile has no size.
    let sizes = walk
        .found
        .iter()
        .filter_map(|relative| fs::symlink_metadata(path.join(relative)).ok());
    let bytes = sizes.map(|file| file.len()).sum();
    let mut page = Page {
        bytes,
        next,
        ..Page::default()
    };
    for relative in walk.found {
        match location(folder, &relative) {
            Some(location) => page.locations.push(location),
            None => page.unaddressable.push(relative),
        }
    }
    Ok(page)
}

/// One page of the folders directly in `path`.
pub(super) fn list_folders(
    path: &Path,
    folder: &Location,
    page: &PageRequest,
) -> Result<Page, ObjectError> {
    let after = page.after.as_ref().map_or("", |token| token.0.as_str());
    let names = sorted_names(path).map_err(|e| ObjectError::from_io(folder, &e))?;
    let mut names = names
        .iter()
        .filter(|name| name.ends_with('/') && name.as_str() > after);
    let found: Vec<&String> = names.by_ref().take(page.bounded_limit()).collect();
    let next = names.next().and(found.last());
    let locations = found.iter();
    let locations = locations.filter_map(|name| location(folder, name.trim_end_matches('/')));
    Ok(Page {
        locations: locations.collect(),
        next: next.map(|last| PageToken((*last).clone())),
        ..Page::default()
    })
}

fn location(folder: &Location, relative: &str) -> Option<Location> {
    match folder.join(relative) {
        Ok(location) => Some(location),
        Err(error) => {
            tracing::warn!(%error, "a file whose name no location can hold is left out of a listing");
            None
        }
    }
}

struct Walk<'a> {
    /// Relative path after which the page begins.
    after: Option<&'a str>,
    wanted: usize,
    /// Paths relative to the listed folder.
    found: Vec<String>,
}

impl Walk<'_> {
    fn folder(&mut self, path: &Path, relative: &str, depth: usize) -> io::Result<()> {
        if depth > MAX_DEPTH {
            return Err(io::Error::other(format!(
                "folders are nested deeper than {MAX_DEPTH}"
            )));
        }
        for name in sorted_names(path)? {
            if self.found.len() >= self.wanted {
                return Ok(());
            }
            let below = format!("{relative}{name}");
            if let Some(folder_name) = name.strip_suffix('/') {
                if self.reaches(&below) {
                    self.folder(&path.join(folder_name), &below, depth + 1)?;
                }
            } else if self.after.is_none_or(|after| below.as_str() > after) {
                self.found.push(below);
            }
        }
        Ok(())
    }

    /// Whether the folder, whose path ends in `/`, may hold files after the beginning of the page.
    fn reaches(&self, folder: &str) -> bool {
        self.after
            .is_none_or(|after| folder > after || after.starts_with(folder))
    }
}

/// The names in a folder, sorted as object stores sort keys: the name of a folder includes its `/`.
///
/// A symbolic link counts as a file, wherever it points. A folder that does not exist is empty.
fn sorted_names(path: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        let Ok(mut name) = entry.file_name().into_string() else {
            tracing::warn!(path = %entry.path().display(), "a file whose name is not UTF-8 is left out of a listing");
            continue;
        };
        if entry.file_type()?.is_dir() {
            name.push('/');
        }
        names.push(name);
    }
    names.sort_unstable();
    Ok(names)
}
