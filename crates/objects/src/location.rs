//! Locations of objects and folders: parsed, normalised, absolute URIs.
//!
//! Everything that decides about access (overlap, confinement, credentials) compares
//! [`Location::normalized`] or asks [`Location::is_within`]; what goes back to a client is the spelling
//! that the client gave, [`Location::as_str`].

mod azure;
mod bucket;
mod error;
mod parse;
mod suspicious;
#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) use azure::{container_problem, dfs_name, host_problem};
pub(crate) use bucket::{bucket_problem, gcs_bucket_problem};
pub(crate) use error::shortened;
pub use error::{LocationError, LocationProblem};

/// Longest key in an object store, in bytes (the limit of S3).
pub const MAX_KEY_BYTES: usize = 1024;

/// Longest segment of a local path, in bytes (the limit of the usual file systems).
pub const MAX_FILE_NAME_BYTES: usize = 255;

/// An absolute URI of an object or a folder.
///
/// Keys are raw strings as Iceberg writes them: `%20` in a key is three characters, never a space.
/// Two locations are equal when their normalised forms are; the spelling does not count.
#[derive(Clone)]
pub struct Location {
    spelled: Arc<str>,
    normalized: Arc<str>,
    /// Where the path begins in `normalized`: after the bucket or host.
    path_at: usize,
    scheme: Scheme,
}

/// The scheme with which a location is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `file:/x`, `file:///x` or a bare `/x`.
    File,
    /// `memory://host/x`: objects of this process, for tests.
    Memory,
    /// `s3://bucket/key`.
    S3,
    /// `s3a://bucket/key`: Hadoop's older name for `s3`.
    S3a,
    /// `s3n://bucket/key`: Hadoop's oldest name for `s3`.
    S3n,
    /// `abfss://filesystem@account.host/key`: Azure Data Lake Storage Gen2.
    Abfss,
    /// `wasbs://container@account.host/key`: Hadoop's older name for Azure's storage.
    Wasbs,
    /// `gs://bucket/key`: Google Cloud Storage.
    Gs,
}

impl Scheme {
    /// The spelling of this scheme.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Memory => "memory",
            Self::S3 => "s3",
            Self::S3a => "s3a",
            Self::S3n => "s3n",
            Self::Abfss => "abfss",
            Self::Wasbs => "wasbs",
            Self::Gs => "gs",
        }
    }

    /// The scheme that represents all schemes of the same kind of store.
    #[must_use]
    pub fn canonical(self) -> Self {
        match self {
            Self::S3a | Self::S3n => Self::S3,
            Self::Wasbs => Self::Abfss,
            other => other,
        }
    }
}

impl Location {
    /// Parses a location that a client proposes for a table, a view or a namespace.
    ///
    /// Stricter than [`Location::parse_object`]: it also refuses characters for which some engine or proxy may read
    /// another location (`?`, `#`, `\`, encoded slashes and dots, invisible and lookalike characters), because then
    /// two engines would disagree about whose files these are.
    pub fn parse(given: &str) -> Result<Self, LocationError> {
        suspicious::refuse(given)
            .and_then(|()| parse::parse(given))
            .and_then(azure::refuse_final_dots)
            .map_err(|problem| LocationError::new(given, problem))
    }

    /// Parses the location of one object that a writer has chosen (from a manifest, or listed by the store): the key
    /// is taken literally.
    pub fn parse_object(given: &str) -> Result<Self, LocationError> {
        parse::parse(given).map_err(|problem| LocationError::new(given, problem))
    }

    /// The spelling that the client gave.
    pub fn as_str(&self) -> &str {
        &self.spelled
    }

    /// The form for comparison: canonical scheme; no trailing slash; for files, no repeated slash; for Azure, the
    /// host in lower case and with its `dfs` name.
    pub fn normalized(&self) -> &str {
        &self.normalized
    }

    /// The scheme as it was spelled.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The bucket (S3, GCS), `filesystem@account.host` (Azure) or the name of the store (memory); empty
    /// for files.
    pub fn bucket(&self) -> &str {
        let start = self.scheme.canonical().as_str().len() + "://".len();
        self.normalized.get(start..self.path_at).unwrap_or_default()
    }

    /// The key in the bucket, or the path below `/`: without leading and trailing slash.
    pub fn key(&self) -> &str {
        self.normalized.get(self.path_at + 1..).unwrap_or_default()
    }

    /// Whether this is `base` or lies below it, segment by segment: `orders2` is not within `orders`.
    #[must_use]
    pub fn is_within(&self, base: &Self) -> bool {
        self.normalized
            .strip_prefix(&*base.normalized)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The location of `relative` below this one.
    ///
    /// `relative` is one or more literal segments with `/` between them; it may not be empty, begin
    /// or end with `/`, or hold `.` and `..` segments or control characters.
    pub fn join(&self, relative: &str) -> Result<Self, LocationError> {
        let joined = format!("{}/{relative}", self.spelled.trim_end_matches('/'));
        let err = |problem| LocationError::new(&joined, problem);
        if relative.is_empty() || relative.split('/').any(str::is_empty) {
            return Err(err(LocationProblem::EmptySegment));
        }
        parse::parse(&joined).map_err(err)
    }

    /// The location of an object that the store itself has listed below this one, whatever its key: unlike in parsed
    /// locations, segments may be empty or dots. It serves to delete the object in a store that takes keys literally.
    /// If `relative` is empty or ends in a slash, this is the marker of a folder. `None` if `relative` has control
    /// characters.
    pub(crate) fn join_listed(&self, relative: &str) -> Option<Self> {
        if relative.chars().any(char::is_control) {
            return None;
        }
        Some(Self {
            spelled: format!("{}/{relative}", self.spelled.trim_end_matches('/')).into(),
            normalized: format!("{}/{relative}", self.normalized).into(),
            ..*self
        })
    }

    /// The folder that contains this location; `None` for a bucket and for `/`.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let key = self.key();
        if key.is_empty() {
            return None;
        }
        let name_bytes = key.rsplit('/').next().map_or(0, str::len) + 1;
        let normalized = self
            .normalized
            .get(..self.normalized.len() - name_bytes)?
            .into();
        let spelled = self
            .spelled
            .trim_end_matches('/')
            .rsplit_once('/')
            .map_or("", |(head, _)| head);
        Some(Self {
            spelled: folder_spelling(spelled).into(),
            normalized,
            ..*self
        })
    }

    /// The last segment; empty for a bucket and for `/`.
    pub fn name(&self) -> &str {
        self.key().rsplit('/').next().unwrap_or_default()
    }

    /// Builds a location from parts that were checked before.
    pub(crate) fn from_checked(scheme: Scheme, bucket: &str, key: &str) -> Self {
        let mut normalized = format!("{}://{bucket}", scheme.canonical().as_str());
        let path_at = normalized.len();
        if !key.is_empty() {
            normalized.push('/');
            normalized.push_str(key);
        }
        let normalized: Arc<str> = normalized.into();
        Self {
            spelled: Arc::clone(&normalized),
            normalized,
            path_at,
            scheme,
        }
    }

    pub(crate) fn respelled(self, spelled: &str, scheme: Scheme) -> Self {
        Self {
            spelled: if *self.spelled == *spelled {
                self.spelled
            } else {
                spelled.into()
            },
            scheme,
            ..self
        }
    }
}

/// The spelling of a folder whose last segment was cut off; the root of the file system is never empty.
fn folder_spelling(cut: &str) -> &str {
    match cut.trim_end_matches('/') {
        "" => "/",
        "file:" => "file:///",
        folder => folder,
    }
}

impl PartialEq for Location {
    fn eq(&self, other: &Self) -> bool {
        self.normalized == other.normalized
    }
}

impl Eq for Location {}

impl Hash for Location {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.normalized.hash(state);
    }
}

impl PartialOrd for Location {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Location {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.normalized.cmp(&other.normalized)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled)
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Location({:?})", self.spelled)
    }
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        Self::parse(given)
    }
}

impl Serialize for Location {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.spelled)
    }
}

impl<'de> Deserialize<'de> for Location {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let given = String::deserialize(deserializer)?;
        Self::parse(&given).map_err(serde::de::Error::custom)
    }
}
