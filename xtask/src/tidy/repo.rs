//! The repository's files: what git tracks or would track, as text.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// A text file of the repository.
#[derive(Debug)]
pub(super) struct File {
    /// Path from the root, with `/`.
    pub(super) path: String,
    /// The whole content.
    pub(super) text: String,
}

impl File {
    /// What follows the last dot of the file's name; empty if there is none.
    pub(super) fn extension(&self) -> &str {
        Path::new(&self.path)
            .extension()
            .and_then(|ext| ext.to_str())
            .unwrap_or_default()
    }

    /// Lines with their 1-based numbers.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }
}

/// Every file that git tracks or would track.
#[derive(Debug, Default)]
pub(super) struct Repo {
    files: Vec<File>,
    paths: BTreeSet<String>,
}

impl Repo {
    /// Reads the git checkout at `root`; binary files count as paths only.
    pub(super) fn read(root: &Path) -> Result<Self, String> {
        let output = Command::new("git")
            .args([
                "ls-files",
                "--cached",
                "--others",
                "--exclude-standard",
                "-z",
            ])
            .current_dir(root)
            .output()
            .map_err(|error| format!("cannot run `git ls-files`: {error}: install git"))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!(
                "`git ls-files` failed in {}: {}",
                root.display(),
                said.trim()
            ));
        }
        let listed = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut repo = Self::default();
        for path in listed.split('\0').filter(|path| !path.is_empty()) {
            let on_disk = root.join(path);
            // Skips links, whose targets are read under their own names, and deleted files, which git still lists.
            let is_file = on_disk.symlink_metadata().is_ok_and(|meta| meta.is_file());
            if !is_file {
                continue;
            }
            let bytes = std::fs::read(&on_disk)
                .map_err(|error| format!("cannot read {}: {error}", on_disk.display()))?;
            repo.add(path, bytes);
        }
        Ok(repo)
    }

    fn add(&mut self, path: &str, bytes: Vec<u8>) {
        self.add_path(path);
        if let Ok(text) = String::from_utf8(bytes)
            && !text.contains('\0')
        {
            self.files.push(File {
                path: path.to_owned(),
                text,
            });
        }
    }

    /// Remembers the path and every folder above it.
    fn add_path(&mut self, path: &str) {
        let mut end = path.len();
        while let Some(known) = path.get(..end) {
            if !self.paths.insert(known.to_owned()) {
                return;
            }
            match known.rfind('/') {
                Some(slash) => end = slash,
                None => return,
            }
        }
    }

    /// The text files.
    pub(super) fn files(&self) -> &[File] {
        &self.files
    }

    /// Whether `path` is a file or a folder of the repository.
    pub(super) fn has(&self, path: &str) -> bool {
        self.paths.contains(path.trim_end_matches('/'))
    }

    /// A file's content.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files
            .iter()
            .find(|file| file.path == path)
            .map(|file| file.text.as_str())
    }

    /// Names directly inside a folder, sorted.
    pub(super) fn names_in(&self, folder: &str) -> BTreeSet<&str> {
        let prefix = format!("{folder}/");
        let inside = self
            .paths
            .iter()
            .filter_map(|path| path.strip_prefix(&prefix));
        inside.filter(|name| !name.contains('/')).collect()
    }
}

#[cfg(test)]
impl Repo {
    /// A repository made of the given paths and contents.
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let mut repo = Self::default();
        for (path, text) in files {
            repo.add(path, text.as_bytes().to_vec());
        }
        repo
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_known_by_the_files_inside() {
        let repo = Repo::of(&[("a/b/c.rs", "")]);
        assert!(repo.has("a") && repo.has("a/b/") && repo.has("a/b/c.rs"));
        assert!(!repo.has("a/b/d.rs"));
        assert_eq!(repo.names_in("a").into_iter().collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn binary_files_are_paths_only() {
        let mut repo = Repo::default();
        repo.add("logo.png", vec![0x89, b'P', 0, 1]);
        assert!(repo.has("logo.png"));
        assert!(repo.files().is_empty());
    }
}
