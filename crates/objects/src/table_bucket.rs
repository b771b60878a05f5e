//! The seam to storage that keeps tables itself: namespaces, names, and which metadata file is each table's current one.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use model::{NamespacePath, TabularPath};

use crate::error::StoreFailure;
use crate::location::Location;
use crate::vend::Vendor;

/// A table bucket: storage that makes a place for each table by its name, and swaps the pointer to its metadata file by
/// compare-and-set.
///
/// Every call may be made again after an error: what has been done already is no error.
#[async_trait]
pub trait TableBucket: Debug + Send + Sync {
    /// Refuses a name that nothing in the bucket can be given.
    fn check_name(&self, name: &str) -> Result<(), TableBucketError>;

    /// Creates the namespace; one that is there already counts as created.
    async fn create_namespace(&self, name: &str) -> Result<(), TableBucketError>;

    /// Drops the namespace; one that does not exist counts as dropped. Errors: `Conflict` if there are tables in it.
    async fn drop_namespace(&self, name: &str) -> Result<(), TableBucketError>;

    /// Makes a place for the table, unless there is one. Errors: `Missing` without its namespace.
    async fn create_table(&self, table: &BucketTable)
    -> Result<BucketTableState, TableBucketError>;

    /// The table as the bucket has it now. Errors: `Missing`.
    async fn table(&self, table: &BucketTable) -> Result<BucketTableState, TableBucketError>;

    /// Makes this metadata file the current one, if the table has not changed since the token was given.
    ///
    /// Errors: `Conflict` if it has, `OutcomeUnknown`; after all others it is as it was.
    async fn publish(
        &self,
        table: &BucketTable,
        token: &VersionToken,
        metadata_location: &str,
    ) -> Result<(), TableBucketError>;

    /// Renames the table; its place stays. Errors: `Missing`, `Conflict` if the new name is taken.
    async fn rename_table(
        &self,
        from: &BucketTable,
        to: &BucketTable,
    ) -> Result<(), TableBucketError>;

    /// Drops the table with all of its files, if it has not changed since the token was given; one that does not exist counts
    /// as dropped. Errors: `Conflict` if it has changed.
    async fn drop_table(
        &self,
        table: &BucketTable,
        token: Option<&VersionToken>,
    ) -> Result<(), TableBucketError>;

    /// What hands out access to the files of this table; `None` where the profile has no vending.
    fn vendor(&self, table: &BucketTable) -> Option<Arc<dyn Vendor>>;
}

/// The name of a table in a bucket that has one level of namespaces and knows lower case only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketTable {
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl BucketTable {
    /// Of the table at the path, however it is spelled.
    pub fn of(path: &TabularPath) -> Result<Self, TableBucketError> {
        Ok(Self {
            namespace: bucket_namespace(&path.namespace)?,
            name: path.name.as_str().to_ascii_lowercase(),
        })
    }
}

/// The name of the namespace in a bucket that has one level of them, however it is spelled.
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

/// A table as the bucket has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketTableState {
    /// The folder of its files.
    pub location: Location,
    /// Its current metadata file; none before the first one is published.
    pub metadata_location: Option<String>,
    /// What a change has to name.
    pub token: VersionToken,
    /// Its name in policies.
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
    /// The namespace is in another one.
    #[error("a table bucket has one level of namespaces: `{namespace}` has {levels}")]
    Nested {
        /// The namespace.
        namespace: String,
        /// How many levels it has.
        levels: usize,
    },
    /// The name is not possible.
    #[error("`{name}` cannot be a name in a table bucket: it {rule}")]
    Name {
        /// The name.
        name: String,
        /// The rule, as `must …`.
        rule: &'static str,
    },
    /// The table, the namespace or the bucket is not there.
    #[error("the table bucket does not have it: {0}")]
    Missing(StoreFailure),
    /// Something is there, or has changed.
    #[error("the table bucket refused it for what it has: {0}")]
    Conflict(StoreFailure),
    /// The request, or the warehouse's credential for it.
    #[error("the table bucket refused: {0}")]
    Refused(StoreFailure),
    /// The service did not answer, is broken or has too much to do.
    #[error("the table bucket is unavailable: {source}")]
    Unavailable {
        /// When to ask again, if the service said so.
        retry_after: Option<Duration>,
        /// What it said.
        source: StoreFailure,
    },
    /// Nobody knows whether it was done.
    #[error("the table bucket did not say whether it was done: {0}")]
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
