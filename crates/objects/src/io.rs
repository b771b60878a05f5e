//! The seam that the catalog does its file I/O through.

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::ObjectError;
use crate::location::Location;
use crate::prune::prune_folders;

/// Most locations in one page of [`Objects::list_prefix`] and [`Objects::list_folders`].
pub const MAX_PAGE: usize = 1000;

/// A place to keep objects. What every implementation promises is in [`crate::conformance`].
#[async_trait]
pub trait Objects: Debug + Send + Sync {
    /// The whole object, if it has at most `max_bytes`.
    ///
    /// Errors: `NotFound`, `TooLarge` (before its bytes are read).
    async fn read(&self, at: &Location, max_bytes: u64) -> Result<Bytes, ObjectError>;

    /// Creates the object; once this has returned, it survives a crash. Never overwrites.
    ///
    /// Readers see all of the object or nothing. Errors: `AlreadyExists`.
    async fn write_new(&self, at: &Location, content: Bytes) -> Result<(), ObjectError>;

    /// Deletes the object; one that does not exist counts as deleted.
    async fn delete(&self, at: &Location) -> Result<(), ObjectError>;

    /// Deletes all of the objects; after an error some of them may be left.
    async fn delete_batch(&self, all: Vec<Location>) -> Result<(), ObjectError>;

    /// The objects below `folder`, at any depth, in the order of their keys.
    ///
    /// `folder` is a folder: `orders` lists neither itself nor `orders2/x`. One that does not exist is
    /// empty.
    async fn list_prefix(&self, folder: &Location, page: PageRequest) -> Result<Page, ObjectError>;

    /// Whether the object is known to be gone, where files are on a file system. An object store is not asked, and
    /// what cannot be told in time is not known to be gone.
    async fn is_gone(&self, _at: &Location) -> bool {
        false
    }

    /// The folders directly in `folder` that are left when they are empty, in the order of their names: the page's
    /// locations. A page may have none of them though it is not the last one.
    ///
    /// Only file systems have such folders. (Those that a hierarchical namespace of GCS keeps hide nothing: they may stay.)
    async fn list_folders(
        &self,
        _folder: &Location,
        _page: PageRequest,
    ) -> Result<Page, ObjectError> {
        Ok(Page::default())
    }

    /// Makes the folder, where engines cannot write a file into one that is not there: on a file system.
    async fn create_folder(&self, _folder: &Location) -> Result<(), ObjectError> {
        Ok(())
    }

    /// Removes the folder if there is nothing in it. One that is not empty stays; one that does not exist counts as
    /// removed.
    async fn remove_folder(&self, _folder: &Location) -> Result<(), ObjectError> {
        Ok(())
    }
}

/// Which part of a listing is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// Where the previous page ended; `None` for the first one.
    pub after: Option<PageToken>,
    /// Most locations wanted; 0 and more than [`MAX_PAGE`] count as [`MAX_PAGE`].
    pub limit: usize,
}

impl PageRequest {
    /// The first page, as large as it may be.
    pub fn first() -> Self {
        Self {
            after: None,
            limit: MAX_PAGE,
        }
    }

    /// The page that follows `token`, as large as it may be.
    pub fn after(token: PageToken) -> Self {
        Self {
            after: Some(token),
            limit: MAX_PAGE,
        }
    }

    pub(crate) fn bounded_limit(&self) -> usize {
        if self.limit == 0 {
            MAX_PAGE
        } else {
            self.limit.min(MAX_PAGE)
        }
    }
}

/// Where a page ended; only the store that made it can read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageToken(pub(crate) String);

/// A part of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The objects, in the order of their keys.
    pub locations: Vec<Location>,
    /// How large they are, all together, in bytes.
    pub bytes: u64,
    /// Keys with a slash at their end, by which some tools mark folders. A store that cannot tell lists all that may be there.
    pub markers: Vec<Location>,
    /// Keys of objects that are there, but that no location can hold; of many in one folder, one may stand for all.
    pub unaddressable: Vec<String>,
    /// For the next page; `None` when this is the last one.
    pub next: Option<PageToken>,
}

/// What has been deleted so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Objects.
    pub files: u64,
    /// Their size, in bytes.
    pub bytes: u64,
}

/// Deletes everything below `folder`, and the folders that are left over, and returns how much that was.
///
/// `confirm` is asked between the listing of a page and its deletion, and told what has been deleted before; an error from it ends everything, and nothing of the
/// page is deleted. So what is deleted was there at a time when the folder was the caller's to empty, however long the
/// process is stopped in between. Markers of folders go too; they count only where a store cannot tell them from empty files. Can be run again after an error or a crash, and
/// never touches a sibling. Objects that no location can hold are in nobody's way: the error that names one comes when all others are gone.
pub async fn delete_prefix<E, F>(
    objects: &dyn Objects,
    folder: &Location,
    mut confirm: impl FnMut(Deleted) -> F,
) -> Result<Deleted, E>
where
    E: From<ObjectError>,
    F: Future<Output = Result<(), E>>,
{
    let mut deleted = Deleted::default();
    let mut page = PageRequest::first();
    let mut left = None;
    loop {
        let found = objects.list_prefix(folder, page).await?;
        left = left.or_else(|| found.unaddressable.into_iter().next());
        let mut all = found.locations;
        let files = all.len() as u64;
        all.extend(found.markers);
        if !all.is_empty() {
            confirm(deleted).await?;
            deleted.files += files;
            deleted.bytes += found.bytes;
            objects.delete_batch(all).await?;
        }
        match found.next {
            Some(token) => page = PageRequest::after(token),
            None => break,
        }
    }
    prune_folders(objects, folder, || confirm(deleted)).await?;
    match left {
        Some(key) => Err(ObjectError::unaddressable(folder, &key).into()),
        None => Ok(deleted),
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;
    use crate::memory::MemoryStore;

    #[tokio::test]
    async fn nothing_of_a_page_is_deleted_that_is_not_confirmed_after_its_listing() {
        let store = MemoryStore::default();
        let folder = Location::parse("memory://store/t").unwrap();
        let write = async |name: &str| {
            let at = folder.join(name).unwrap();
            store
                .write_new(&at, Bytes::from_static(b"abc"))
                .await
                .unwrap();
        };
        for number in 0..=MAX_PAGE {
            write(&format!("{number:04}")).await;
        }
        let mut asked = 0;
        let lost = delete_prefix(&store, &folder, |_| {
            asked += 1;
            let location = folder.clone();
            let after = std::time::Duration::ZERO;
            ready(match asked {
                1 => Ok(()),
                _ => Err(ObjectError::Timeout { location, after }),
            })
        })
        .await;
        assert!(matches!(lost, Err(ObjectError::Timeout { .. })), "{lost:?}");
        let left = store.list_prefix(&folder, PageRequest::first()).await;
        let left = left.unwrap().locations;
        assert_eq!(left, [folder.join("1000").unwrap()]);

        let mut asked = 0;
        let confirm = |_| {
            asked += 1;
            ready(Ok::<_, ObjectError>(()))
        };
        let deleted = delete_prefix(&store, &folder, confirm).await.unwrap();
        assert_eq!(deleted, Deleted { files: 1, bytes: 3 });
        assert_eq!(asked, 1, "once for each page that holds anything");
    }
}
