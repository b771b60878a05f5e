//! Reads the operator's own certificate authorities.

use std::path::{Path, PathBuf};

use reqwest::Certificate;

/// A file of certificates that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the certificates in `{}`: {why}", path.display())]
pub struct UnusableRoots {
    path: PathBuf,
    why: String,
}

/// The certificates in a PEM file; at least one.
pub fn read_roots(path: &Path) -> Result<Vec<Certificate>, UnusableRoots> {
    let unusable = |why: String| UnusableRoots {
        path: path.to_owned(),
        why,
    };
    let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let roots = Certificate::from_pem_bundle(&pem).map_err(|error| unusable(error.to_string()))?;
    if roots.is_empty() {
        return Err(unusable("there are none in it".to_owned()));
    }
    Ok(roots)
}
