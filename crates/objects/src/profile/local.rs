//! A folder of the server's own file system.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    ProfileError, StorageLayout, checked_key_prefix, read_fields, unchanged, unchanged_key_prefix,
};
use crate::location::{Location, Scheme};

/// A folder of the server's own file system: `{"type": "local", "root": "/data", "key-prefix": "sales"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LocalProfile {
    root: String,
    #[serde(default)]
    key_prefix: Option<String>,
    #[serde(default)]
    storage_layout: Option<StorageLayout>,
}

impl LocalProfile {
    /// The profile of the folder `root`, an absolute path; `key_prefix` may name a folder below it.
    pub fn new(root: &str, key_prefix: Option<String>) -> Result<Self, ProfileError> {
        let mut profile = Self {
            root: root.to_owned(),
            key_prefix,
            storage_layout: None,
        };
        profile.check()?;
        Ok(profile)
    }

    pub(super) fn from_json(json: &Value) -> Result<Self, ProfileError> {
        let mut profile: Self = read_fields(json)?;
        profile.check()?;
        Ok(profile)
    }

    /// Checks every field and brings it to its normal form.
    fn check(&mut self) -> Result<(), ProfileError> {
        self.root = checked_root(&self.root)?;
        self.key_prefix = checked_key_prefix(self.key_prefix.take())?;
        if let Some(layout) = &self.storage_layout {
            layout.validate()?;
        }
        // Root and prefix together may be longer than a location may be.
        Location::parse(self.base_location().as_str())?;
        Ok(())
    }

    /// The folder that contains all files of this warehouse: absolute, without a trailing slash.
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

    pub(super) fn update_with(&self, mut new: Self) -> Result<Self, ProfileError> {
        unchanged("root", &self.root, &new.root)?;
        unchanged_key_prefix(self.key_prefix.as_deref(), new.key_prefix.as_deref())?;
        new.storage_layout = new.storage_layout.or_else(|| self.storage_layout.clone());
        Ok(new)
    }

    pub(super) fn layout(&self) -> &StorageLayout {
        self.storage_layout
            .as_ref()
            .unwrap_or(&StorageLayout::Default)
    }
}

fn checked_root(root: &str) -> Result<String, ProfileError> {
    let refused = |rule: String| ProfileError::field("root", root, rule);
    if !root.starts_with('/') {
        return Err(refused(
            "must be an absolute path such as `/data`".to_owned(),
        ));
    }
    let location =
        Location::parse(root).map_err(|e| refused(format!("cannot be used: it {}", e.problem)))?;
    if location.key().is_empty() {
        return Err(refused(
            "must be a folder of its own, not the whole file system".to_owned(),
        ));
    }
    Ok(format!("/{}", location.key()))
}
