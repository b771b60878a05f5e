//! Creates files that exist as a whole or not at all, and survive a crash.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::{Entry, Root, link_refused};
use crate::error::ObjectError;
use crate::location::Location;

/// Writes a temporary file beside the target, flushes it, renames it unless the name is taken, and flushes the
/// folders that have changed. The folders are flushed last, together: on a journaling file system, the first of these
/// flushes also writes the changes of the others.
pub(super) fn write_new(root: &Root, at: &Location, content: &[u8]) -> Result<(), ObjectError> {
    let io_error = |e: io::Error| ObjectError::from_io(at, &e);
    let segments = root.segments(at)?;
    let Some((name, folders)) = segments.split_last() else {
        return Err(ObjectError::invalid(at, "it is the root folder"));
    };
    let (folder, changed) = create_folders(root, at, folders)?;
    let path = folder.join(name);
    // An early check, to save the flush; the rename below decides.
    if path.symlink_metadata().is_ok() {
        return Err(ObjectError::already_exists(
            at,
            "a file of this name is there",
        ));
    }
    let temporary = Temporary::write(&folder, content).map_err(io_error)?;
    temporary.name_as(&path).map_err(io_error)?;
    sync_folder(&folder).map_err(io_error)?;
    let mut changed = changed.iter().rev();
    changed.try_for_each(|parent| sync_folder(parent).map_err(io_error))
}

/// A flushed file that does not have its final name yet; removed when dropped.
struct Temporary {
    path: PathBuf,
    is_named: bool,
}

impl Temporary {
    fn write(folder: &Path, content: &[u8]) -> io::Result<Self> {
        let path = folder.join(format!(".{}.tmp", Uuid::new_v4().simple()));
        // With the usual access rights, because engines read the file as other users.
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&path)?;
        let temporary = Self {
            path,
            is_named: false,
        };
        file.write_all(content)?;
        file.sync_all()?;
        Ok(temporary)
    }

    /// Gives the file its final name; fails if the name is taken.
    fn name_as(mut self, path: &Path) -> io::Result<()> {
        match rename_new(&self.path, path) {
            Err(e) if is_unknown(&e) => self.link_as(path),
            Err(e) => Err(e),
            Ok(()) => {
                self.is_named = true;
                Ok(())
            }
        }
    }

    /// Does the same where a rename cannot be conditional. A hard link, unlike a rename, fails if the name is taken.
    fn link_as(&self, path: &Path) -> io::Result<()> {
        match fs::hard_link(&self.path, path) {
            // File systems without links (FAT, some network drives): an empty file claims the name, and the rename
            // then replaces it.
            Err(e)
                if matches!(
                    e.kind(),
                    io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied
                ) =>
            {
                OpenOptions::new().write(true).create_new(true).open(path)?;
                fs::rename(&self.path, path)
            }
            result => result,
        }
    }
}

/// Renames a file unless the new name is taken.
#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn rename_new(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether the file system does not support the call: some network drives, old kernels.
fn is_unknown(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput
    )
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if self.is_named {
            return;
        }
        if let Err(error) = fs::remove_file(&self.path)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, path = %self.path.display(), "left a temporary file behind");
        }
    }
}

/// Creates the folder and its parents. A crash may lose them while they are empty.
pub(super) fn create_folder_at(root: &Root, folder: &Location) -> Result<(), ObjectError> {
    create_folders(root, folder, &root.segments(folder)?).map(drop)
}

/// Creates the folders that are missing. Returns the path of the innermost folder, and the folders in which others
/// were created: the new folders survive a crash only when these are flushed.
fn create_folders(
    root: &Root,
    at: &Location,
    folders: &[&str],
) -> Result<(PathBuf, Vec<PathBuf>), ObjectError> {
    let (mut path, mut changed) = (root.canonical.clone(), Vec::new());
    for folder in folders {
        let parent = path.clone();
        path.push(folder);
        if create_folder(at, &path)? {
            changed.push(parent);
        }
    }
    Ok((path, changed))
}

/// Creates the folder if it is missing, and returns whether it was.
fn create_folder(at: &Location, path: &Path) -> Result<bool, ObjectError> {
    let io_error = |e: io::Error| ObjectError::from_io(at, &e);
    // Twice, because another process may create it first, perhaps as something that is not a folder.
    for _ in 0..2 {
        match Entry::at(path).map_err(io_error)? {
            Entry::Folder => return Ok(false),
            Entry::Link => return Err(link_refused(at, path)),
            Entry::Other => {
                return Err(ObjectError::invalid(
                    at,
                    format!("`{}` is not a folder", path.display()),
                ));
            }
            Entry::Missing => match fs::create_dir(path) {
                Ok(()) => return Ok(true),
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(io_error(e)),
            },
        }
    }
    Err(ObjectError::unavailable(
        at,
        format!("`{}` comes and goes", path.display()),
    ))
}

/// Makes changes to the names in a folder survive a crash.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
