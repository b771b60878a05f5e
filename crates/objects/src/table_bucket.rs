//! The trait for storage that keeps tables itself: their namespaces and names, and the current metadata file of each.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::{NamespacePath, TabularPath};

use crate::error::StoreFailure;
use crate::location::Location;
use crate::vend::Vendor;

/// A table bucket: storage that gives each table a location by its name, and swaps the pointer to its metadata file
/// by compare-and-set.
///
/// Every call may be repeated after an error: steps that are done already are no error.
#[async_trait]
pub trait TableBucket: Debug + Send + Sync {
    /// Refuses a name that neither a namespace nor a table in the bucket can have.
    fn check_name(&self, name: &str) -> Result<(), TableBucketError>;

    /// Creates the namespace; a namespace that exists counts as created.
    async fn create_namespace(&self, name: &str) -> Result<(), TableBucketError>;

    /// Drops the namespace; one that does not exist counts as dropped. Errors: `Conflict` if it contains tables.
    async fn drop_namespace(&self, name: &str) -> Result<(), TableBucketError>;

    /// Creates the table's location, unless it exists. Errors: `Missing` if the namespace does not exist.
    async fn create_table(&self, table: &BucketTable)
    -> Result<BucketTableState, TableBucketError>;

    /// The present state of the table in the bucket. Errors: `Missing`.
    async fn table(&self, table: &BucketTable) -> Result<BucketTableState, TableBucketError>;

    /// Makes this metadata file the current one, if the table has not changed since the token was given.
    ///
    /// Errors: `Conflict` if the table has changed, `OutcomeUnknown`; after all other errors the table is unchanged.
    async fn publish(
        &self,
        table: &BucketTable,
        token: &VersionToken,
        metadata_location: &str,
    ) -> Result<(), TableBucketError>;

    /// Renames the table; its location stays. Errors: `Missing`, `Conflict` if the new name is taken.
    async fn rename_table(
        &self,
        from: &BucketTable,
        to: &BucketTable,
    ) -> Result<(), TableBucketError>;

    /// Drops the table with all of its files, if it has not changed since the token was given; a table that does not
    /// exist counts as dropped. Errors: `Conflict` if the table has changed.
    async fn drop_table(
        &self,
        table: &BucketTable,
        token: Option<&VersionToken>,
    ) -> Result<(), TableBucketError>;

    /// The vendor of access to the files of this table; `None` if the profile does not vend access.
    fn vendor(&self, table: &BucketTable) -> Option<Arc<dyn Vendor>>;
}

/// The name of a table in a bucket, which has one level of namespaces and lower-case names only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketTable {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl BucketTable {
    /// The bucket's name for the table at the path, in whatever case the path is spelled.
    pub fn of(path: &TabularPath) -> Result<Self, TableBucketError> {
        Ok(Self {
            namespace: bucket_namespace(&path.namespace)?,
            name: path.name.as_str().to_ascii_lowercase(),
        })
    }
}

/// The bucket's name for the namespace, in whatever case the path is spelled. Errors: `Nested` if it has more than
/// one level.
pub fn bucket_namespace(path: &NamespacePath) -> Result<String, TableBucketError> {
    match path.levels() {
        [level] => Ok(level.to_ascii_lowercase()),
        levels => Err(TableBucketError::Nested {
            namespace: path.to_string(),
            levels: levels.len(),
        }),
    }
}

impl fmt::Display for BucketTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.namespace, self.name)
    }
}

/// The state of a table in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketTableState {
    /// The folder of the table's files.
    pub location: Location,
    /// Its current metadata file; `None` before the first one is published.
    pub metadata_location: Option<String>,
    /// The present version, which a change of the table has to give.
    pub token: VersionToken,
    /// The table's ARN, for policies.
    pub(crate) arn: String,
}

/// A version of a table in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionToken(pub(crate) String);

/// Why a table bucket did not do what it was asked to.
///
/// Neither `Display` nor `Debug` shows credentials: what the service answered is reduced to [`StoreFailure`] first.
#[derive(Debug, Clone, thiserror::Error)]
pub enum TableBucketError {
    /// The namespace has more than one level.
    #[error("a table bucket has one level of namespaces: `{namespace}` has {levels}")]
    Nested {
        /// The namespace.
        namespace: String,
        /// How many levels it has.
        levels: usize,
    },
    /// The bucket does not allow the name.
    #[error("`{name}` cannot be a name in a table bucket: it {rule}")]
    Name {
        /// The name.
        name: String,
        /// The rule, as `must …`.
        rule: &'static str,
    },
    /// The table, the namespace or the bucket does not exist.
    #[error("the table, namespace or table bucket does not exist: {0}")]
    Missing(StoreFailure),
    /// The name is taken, the namespace is not empty, or the table has changed.
    #[error("the table bucket refused the request because of what it contains: {0}")]
    Conflict(StoreFailure),
    /// The request is wrong, or the warehouse's credential does not allow it.
    #[error("the table bucket refused the request: {0}")]
    Refused(StoreFailure),
    /// The service did not answer, is broken or has too many requests.
    #[error("the table bucket is unavailable: {source}")]
    Unavailable {
        /// When to ask again, if the service said so.
        retry_after: Option<Duration>,
        /// What the service said.
        source: StoreFailure,
    },
    /// It is not known whether the request was carried out.
    #[error("it is not known whether the table bucket carried out the request: {0}")]
    OutcomeUnknown(StoreFailure),
}

#[cfg(test)]
mod tests {
    use model::Name;

    use super::*;

    #[test]
    fn a_table_is_found_however_it_is_spelled_in_one_level_of_namespaces() {
        let path = |levels: &[&str]| TabularPath {
            namespace: NamespacePath::parse(levels.iter().map(|&l| l.to_owned()).collect())
                .unwrap(),
            name: Name::parse("table", "Orders").unwrap(),
        };
        let table = BucketTable::of(&path(&["Sales"])).unwrap();
        assert_eq!(table.to_string(), "sales.orders");
        let error = BucketTable::of(&path(&["sales", "eu"])).unwrap_err();
        let expected = "a table bucket has one level of namespaces: `sales.eu` has 2";
        assert_eq!(error.to_string(), expected);
    }
}
