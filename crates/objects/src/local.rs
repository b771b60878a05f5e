//! A folder of the server's own file system.
//!
//! Nothing outside the root is touched: paths come from [`Location`], which has no `..`, and no symbolic link below
//! the root is followed. (Users that may write below the root can still win a race by putting a link there between
//! the check and the use; they can access the files anyway.)

mod disk;
mod list;
#[cfg(test)]
mod tests;
mod write;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::error::{ObjectError, SERVERS_USER};
use crate::io::{Objects, Page, PageRequest};
use crate::location::{Location, Scheme};
use crate::open::OpenError;
use crate::profile::LocalProfile;

/// The files below one root.
#[derive(Debug, Clone)]
pub(crate) struct LocalStore {
    root: Arc<Root>,
}

#[derive(Debug)]
struct Root {
    /// The root, as the profile spells it.
    location: Location,
    /// Path of the root, without symbolic links.
    canonical: PathBuf,
    /// Whether the root was on a local disk when it was opened: then file I/O never waits for a network.
    answers_at_once: bool,
}

impl LocalStore {
    /// Errors: the root does not exist, or is not a folder. It is not created, because its disk may just not be
    /// mounted.
    pub(crate) fn open(profile: &LocalProfile) -> Result<Self, OpenError> {
        let root = profile.root();
        let failed = |e: &io::Error| {
            let remedy = match e.kind() {
                io::ErrorKind::PermissionDenied => SERVERS_USER,
                _ => ": create it first",
            };
            OpenError::Failed(format!("root folder `{root}`: {e}{remedy}"))
        };
        let canonical = fs::canonicalize(root).map_err(|e| failed(&e))?;
        if !canonical.is_dir() {
            return Err(OpenError::Failed(format!("root `{root}` is not a folder")));
        }
        let location = Location::from_checked(Scheme::File, "", root.trim_start_matches('/'));
        Ok(Self {
            root: Arc::new(Root {
                location,
                answers_at_once: disk::is_of_this_machine(&canonical),
                canonical,
            }),
        })
    }

    /// Runs file I/O on a thread where it may block.
    async fn blocking<T: Send + 'static>(
        &self,
        at: &Location,
        work: impl FnOnce(&Root, &Location) -> Result<T, ObjectError> + Send + 'static,
    ) -> Result<T, ObjectError> {
        let (root, location) = (Arc::clone(&self.root), at.clone());
        let work = move || {
            root.check_presence(&location)?;
            work(&root, &location)
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(result) => result,
            Err(e) => Err(ObjectError::unavailable(
                at,
                format!("file I/O was broken off: {e}"),
            )),
        }
    }
}

impl Root {
    fn is_there(&self) -> bool {
        self.canonical.is_dir()
    }

    /// Whether the file is missing while the root is there.
    fn has_lost(&self, at: &Location) -> bool {
        let path = Path::new("/").join(at.key());
        fs::symlink_metadata(path).is_err_and(|e| e.kind() == io::ErrorKind::NotFound)
            && self.is_there()
    }

    /// Files on a disk that is not mounted are not gone: without the root, nothing may count as missing or deleted.
    fn check_presence(&self, at: &Location) -> Result<(), ObjectError> {
        if self.is_there() {
            return Ok(());
        }
        let message = format!("its root folder `{}` is not there", self.location);
        Err(ObjectError::unavailable(at, message))
    }

    /// The segments of `at` below the root.
    fn segments<'a>(&self, at: &'a Location) -> Result<Vec<&'a str>, ObjectError> {
        let rest = at.normalized().strip_prefix(self.location.normalized());
        match rest {
            Some("") => Ok(Vec::new()),
            Some(rest) if rest.starts_with('/') => Ok(rest.split('/').skip(1).collect()),
            _ => Err(ObjectError::invalid(
                at,
                format!("it is outside of the root `{}`", self.location),
            )),
        }
    }

    /// The path of an object; `None` if its folder does not exist.
    fn object_path(&self, at: &Location) -> Result<Option<PathBuf>, ObjectError> {
        let segments = self.segments(at)?;
        let Some((name, folders)) = segments.split_last() else {
            return Err(ObjectError::invalid(at, "it is the root folder"));
        };
        Ok(self.walk(at, folders)?.map(|folder| folder.join(name)))
    }

    /// The path of a folder; `None` if it does not exist.
    fn folder_path(&self, at: &Location) -> Result<Option<PathBuf>, ObjectError> {
        self.walk(at, &self.segments(at)?)
    }

    /// Goes down from the root, and refuses symbolic links.
    fn walk(&self, at: &Location, folders: &[&str]) -> Result<Option<PathBuf>, ObjectError> {
        let mut path = self.canonical.clone();
        for folder in folders {
            path.push(folder);
            match Entry::at(&path).map_err(|e| ObjectError::from_io(at, &e))? {
                Entry::Folder => {}
                // As in an object store, an object contains nothing.
                Entry::Missing | Entry::Other => return Ok(None),
                Entry::Link => return Err(link_refused(at, &path)),
            }
        }
        Ok(Some(path))
    }
}

/// The kind of file at a path.
enum Entry {
    Missing,
    Folder,
    Link,
    Other,
}

impl Entry {
    fn at(path: &Path) -> io::Result<Self> {
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_dir() => Ok(Self::Folder),
            Ok(found) if found.is_symlink() => Ok(Self::Link),
            Ok(_) => Ok(Self::Other),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Self::Missing),
            Err(e) => Err(e),
        }
    }
}

fn link_refused(at: &Location, path: &Path) -> ObjectError {
    let message = format!("`{}` is a symbolic link: none is followed", path.display());
    ObjectError::invalid(at, message)
}

#[async_trait]
impl Objects for LocalStore {
    async fn read(&self, at: &Location, max_bytes: u64) -> Result<Bytes, ObjectError> {
        self.blocking(at, move |root, at| read(root, at, max_bytes))
            .await
    }

    async fn write_new(&self, at: &Location, content: Bytes) -> Result<(), ObjectError> {
        self.blocking(at, move |root, at| write::write_new(root, at, &content))
            .await
    }

    async fn delete(&self, at: &Location) -> Result<(), ObjectError> {
        self.blocking(at, delete).await
    }

    async fn delete_batch(&self, all: Vec<Location>) -> Result<(), ObjectError> {
        let Some(first) = all.first().cloned() else {
            return Ok(());
        };
        self.blocking(&first, move |root, _| {
            all.iter().try_for_each(|at| delete(root, at))
        })
        .await
    }

    async fn list_prefix(&self, folder: &Location, page: PageRequest) -> Result<Page, ObjectError> {
        self.blocking(folder, move |root, folder| {
            match root.folder_path(folder)? {
                Some(path) => list::list(&path, folder, &page),
                None => Ok(Page::default()),
            }
        })
        .await
    }

    async fn is_gone(&self, at: &Location) -> bool {
        // Every load calls this: on a local disk a hop to another thread would cost more than the check.
        if self.root.answers_at_once {
            return self.root.has_lost(at);
        }
        self.blocking(at, |root, at| Ok(root.has_lost(at)))
            .await
            .unwrap_or(false)
    }

    async fn list_folders(
        &self,
        folder: &Location,
        page: PageRequest,
    ) -> Result<Page, ObjectError> {
        self.blocking(folder, move |root, folder| {
            match root.folder_path(folder)? {
                Some(path) => list::list_folders(&path, folder, &page),
                None => Ok(Page::default()),
            }
        })
        .await
    }

    async fn create_folder(&self, folder: &Location) -> Result<(), ObjectError> {
        self.blocking(folder, write::create_folder_at).await
    }

    async fn remove_folder(&self, folder: &Location) -> Result<(), ObjectError> {
        self.blocking(folder, remove_folder).await
    }
}

fn read(root: &Root, at: &Location, max_bytes: u64) -> Result<Bytes, ObjectError> {
    let io_error = |e: io::Error| ObjectError::from_io(at, &e);
    let missing = || ObjectError::not_found(at, "no such folder");
    let path = root.object_path(at)?.ok_or_else(missing)?;
    let found = fs::symlink_metadata(&path).map_err(io_error)?;
    if found.is_dir() {
        // As in an object store, where a folder is not an object.
        return Err(ObjectError::not_found(at, "it is a folder"));
    }
    // This also refuses pipes and devices, on which reading would hang.
    if !found.is_file() {
        return Err(ObjectError::invalid(
            at,
            "it is a symbolic link or a special file: none is followed",
        ));
    }
    let too_large = |size| {
        Err(ObjectError::TooLarge {
            location: at.clone(),
            size,
            max: max_bytes,
        })
    };
    if found.len() > max_bytes {
        return too_large(found.len());
    }
    let mut content = Vec::with_capacity(usize::try_from(found.len()).unwrap_or_default());
    let file = fs::File::open(&path).map_err(io_error)?;
    // The file may grow while it is read.
    file.take(max_bytes.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(io_error)?;
    if content.len() as u64 > max_bytes {
        return too_large(content.len() as u64);
    }
    Ok(content.into())
}

fn delete(root: &Root, at: &Location) -> Result<(), ObjectError> {
    let io_error = |e: io::Error| ObjectError::from_io(at, &e);
    let Some(path) = root.object_path(at)? else {
        return Ok(());
    };
    match Entry::at(&path).map_err(io_error)? {
        // As in an object store, where deleting the name of a folder does nothing.
        Entry::Missing | Entry::Folder => return Ok(()),
        // The link itself may be deleted: a purge must be able to.
        Entry::Link | Entry::Other => {}
    }
    match fs::remove_file(&path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(io_error(e)),
        _ => Ok(()),
    }
}

/// Removes the folder if it is empty; the root stays.
fn remove_folder(root: &Root, folder: &Location) -> Result<(), ObjectError> {
    let path = root.folder_path(folder)?;
    let Some(path) = path.filter(|path| *path != root.canonical) else {
        return Ok(());
    };
    match fs::remove_dir(&path) {
        Err(e)
            if !matches!(
                e.kind(),
                io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound
            ) =>
        {
            Err(ObjectError::from_io(folder, &e))
        }
        _ => Ok(()),
    }
}
