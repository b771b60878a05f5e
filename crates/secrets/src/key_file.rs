//! A random key in a file beside the database, for installations without a configured key.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::rand::{SecureRandom, SystemRandom};

use crate::{Plaintext, Result, SecretError};

const OWNER_ONLY: u32 = 0o600;
/// Largest key file, in bytes; larger files are refused.
const MAX_BYTES: u64 = 4096;

/// Reads the key file. If there is none, creates one with 32 random bytes in base64.
pub(crate) fn read_or_create(path: &Path) -> Result<Plaintext> {
    if let Some(key) = read(path)? {
        return Ok(key);
    }
    create(path)?;
    // Another process may have created the file first; its key is used then.
    read(path)?.ok_or_else(|| refused(path, "vanished while it was read"))
}

fn read(path: &Path) -> Result<Option<Plaintext>> {
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(refused(path, error.to_string())),
    };
    let mode = about.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(refused(
            path,
            format!("others may read it (mode {mode:03o}): run `chmod 600` on it"),
        ));
    }
    if !about.is_file() || about.len() > MAX_BYTES {
        let rule = format!("is not a key file (a file of at most {MAX_BYTES} bytes)");
        return Err(refused(path, rule));
    }
    let text = fs::read_to_string(path).map_err(|error| refused(path, error.to_string()))?;
    let key = text.trim();
    if key.is_empty() {
        return Err(refused(
            path,
            "is empty: restore it from a backup, or delete it if no secret was stored yet",
        ));
    }
    Ok(Some(Plaintext::new(key)))
}

/// Writes a draft beside the file and hard-links it into place, so that no process reads an incomplete key and no
/// existing key is overwritten.
fn create(path: &Path) -> Result<()> {
    let (key, suffix) = (random::<32>()?, random::<8>()?);
    let named = path.parent().filter(|folder| *folder != Path::new(""));
    let folder = named.unwrap_or(Path::new("."));
    let draft = path.with_extension(format!("draft-{}", u64::from_ne_bytes(suffix)));
    let written = write_draft(&draft, &STANDARD.encode(key)).and_then(|()| link(&draft, path));
    // If removing the draft fails, what stays behind is a file that is never read.
    let removed = fs::remove_file(&draft);
    written
        .and(removed)
        .and_then(|()| File::open(folder)?.sync_all())
        .map_err(|error| refused(path, format!("cannot be created: {error}")))
}

fn random<const BYTES: usize>() -> Result<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    let drawn = SystemRandom::new().fill(&mut bytes);
    drawn.map_err(|_| SecretError::NoRandomness)?;
    Ok(bytes)
}

fn write_draft(draft: &Path, key: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let mut file = options.mode(OWNER_ONLY).open(draft)?;
    writeln!(file, "{key}")?;
    file.sync_all()
}

/// Links the draft to its final name. If that exists already, it is kept.
fn link(draft: &Path, path: &Path) -> std::io::Result<()> {
    match fs::hard_link(draft, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

fn refused(path: &Path, problem: impl Into<String>) -> SecretError {
    SecretError::KeyFile {
        path: path.to_owned(),
        problem: problem.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    #[test]
    fn a_new_key_is_random_kept_and_for_the_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.key");
        let key = read_or_create(&path).unwrap();
        assert_eq!(STANDARD.decode(key.expose()).unwrap().len(), 32);
        assert_eq!(read_or_create(&path).unwrap(), key);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, OWNER_ONLY);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let other = read_or_create(&folder.path().join("other.key")).unwrap();
        assert_ne!(other, key);
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.key");
        fs::write(&path, "key").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let message = read_or_create(&path).unwrap_err().to_string();
        assert!(message.contains("chmod 600"), "{message}");
    }

    #[test]
    fn an_empty_file_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.key");
        fs::write(&path, "").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(OWNER_ONLY)).unwrap();
        let message = read_or_create(&path).unwrap_err().to_string();
        assert!(message.contains("is empty"), "{message}");
        assert_eq!(fs::read(&path).unwrap(), b"");
    }

    #[test]
    fn many_that_start_at_once_get_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secrets.key");
        let keys: Vec<Plaintext> = std::thread::scope(|scope| {
            let started: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| read_or_create(&path)))
                .collect();
            let joined = started.into_iter().map(|thread| thread.join().unwrap());
            joined.map(Result::unwrap).collect()
        });
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
    }
}
