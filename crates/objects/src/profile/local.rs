//! A folder of the server's own file system.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ProfileError, checked_key_prefix, read_fields, unchanged, unchanged_key_prefix};
use crate::location::{Location, Scheme};

/// A folder of the server's own file system: `{"type": "local", "root": "/data", "key-prefix": "sales"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct LocalProfile {
    root: String,
    key_prefix: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Unchecked {
    root: String,
    #[serde(default)]
    key_prefix: Option<String>,
}

impl LocalProfile {
    /// The profile of the folder `root`, an absolute path, and possibly a folder below it.
    pub fn new(root: &str, key_prefix: Option<String>) -> Result<Self, ProfileError> {
        let refused = |rule: String| ProfileError::field("root", root, rule);
        if !root.starts_with('/') {
            return Err(refused(
                "must be an absolute path such as `/data`".to_owned(),
            ));
        }
        let location = Location::parse(root)
            .map_err(|e| refused(format!("cannot be used: it {}", e.problem)))?;
        if location.key().is_empty() {
            return Err(refused(
                "must be a folder of its own, not the whole file system".to_owned(),
            ));
        }
        let key_prefix = checked_key_prefix(key_prefix)?;
        let root = format!("/{}", location.key());
        let profile = Self { root, key_prefix };
        // The two together may be longer than a location may be.
        Location::parse(profile.base_location().as_str())?;
        Ok(profile)
    }

    pub(super) fn from_json(json: &Value) -> Result<Self, ProfileError> {
        let fields: Unchecked = read_fields(json)?;
        Self::new(&fields.root, fields.key_prefix)
    }

    /// The folder that nothing of this warehouse may leave: absolute, without a trailing slash.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// The folder below `root` that the warehouse uses, without slashes at its ends.
    pub fn key_prefix(&self) -> Option<&str> {
        self.key_prefix.as_deref()
    }

    pub(super) fn base_location(&self) -> Location {
        let root = self.root.trim_start_matches('/');
        match &self.key_prefix {
            Some(prefix) => Location::from_checked(Scheme::File, "", &format!("{root}/{prefix}")),
            None => Location::from_checked(Scheme::File, "", root),
        }
    }

    pub(super) fn update_with(&self, new: Self) -> Result<Self, ProfileError> {
        unchanged("root", &self.root, &new.root)?;
        unchanged_key_prefix(self.key_prefix.as_deref(), new.key_prefix.as_deref())?;
        Ok(new)
    }
}
