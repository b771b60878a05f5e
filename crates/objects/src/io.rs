//! The trait through which the catalog does its file I/O.

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::ObjectError;
use crate::location::Location;
use crate::prune::prune_folders;

/// Most locations in one page of [`Objects::list_prefix`] and [`Objects::list_folders`].
pub const MAX_PAGE: usize = 1000;

/// A place to keep objects. [`crate::conformance`] tests what every implementation promises.
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
    /// `folder` names a folder, not a string prefix: a listing of `orders` has neither an object `orders` nor
    /// `orders2/x`. A folder that does not exist is empty.
    async fn list_prefix(&self, folder: &Location, page: PageRequest) -> Result<Page, ObjectError>;

    /// Whether the object is known to be gone. Only a file system checks this: an object store returns `false`, and
    /// so does a check that gets no answer in time.
    async fn is_gone(&self, _at: &Location) -> bool {
        false
    }

    /// The folders directly in `folder` that stay when they are empty, in the order of their names, as the page's
    /// locations. A page may be empty without being the last one.
    ///
    /// Only file systems have such folders. (The folders of a GCS bucket with a hierarchical namespace may stay: they
    /// hide nothing.)
    async fn list_folders(
        &self,
        _folder: &Location,
        _page: PageRequest,
    ) -> Result<Page, ObjectError> {
        Ok(Page::default())
    }

    /// Creates the folder on a file system, where engines cannot write a file into a folder that does not exist.
    async fn create_folder(&self, _folder: &Location) -> Result<(), ObjectError> {
        Ok(())
    }

    /// Removes the folder if it is empty. A folder that is not empty stays; one that does not exist counts as
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
    /// Total size of these objects, in bytes.
    pub bytes: u64,
    /// Keys that end in a slash, with which some tools mark folders. A store that cannot tell a marker from an empty
    /// file lists every marker that may exist.
    pub markers: Vec<Location>,
    /// Keys of existing objects that no [`Location`] can hold; one key may stand for many in the same folder.
    pub unaddressable: Vec<String>,
    /// Where the next page begins; `None` when this is the last one.
    pub next: Option<PageToken>,
}

/// What has been deleted so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deleted {
    /// Number of objects.
    pub files: u64,
    /// Their total size, in bytes.
    pub bytes: u64,
}

/// Deletes everything below `folder` and the folders that are then empty, and returns how much was deleted.
///
/// `confirm` is called between the listing of a page and its deletion, with what has been deleted before. If it
/// fails, nothing of this page is deleted and its error is returned. So whatever is deleted was listed while the
/// caller still had the right to empty the folder, however long the process is paused in between.
///
/// Markers of folders are deleted too, and are counted only if the store cannot tell them from empty files. The call
/// can be repeated after an error or a crash, and never touches a sibling of `folder`. Objects whose keys no
/// [`Location`] can hold do not stop it: the error that names one of them is returned when all others are deleted.
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
