//! The properties that the catalog itself acts on, and how the Java reference reads their values.

use std::collections::BTreeMap;

use crate::error::UpdateError;

/// Properties by name.
pub(crate) type Properties = BTreeMap<String, String>;

pub(crate) const FORMAT_VERSION: &str = "format-version";
pub(crate) const METADATA_COMPRESSION: &str = "write.metadata.compression-codec";
pub(crate) const METADATA_PATH: &str = "write.metadata.path";
pub(crate) const PREVIOUS_VERSIONS_MAX: &str = "write.metadata.previous-versions-max";
pub(crate) const PREVIOUS_VERSIONS_MAX_DEFAULT: i32 = 100;
pub(crate) const DELETE_AFTER_COMMIT: &str = "write.metadata.delete-after-commit.enabled";
pub(crate) const PARQUET_COMPRESSION: &str = "write.parquet.compression-codec";
pub(crate) const PARQUET_COMPRESSION_OF_NEW_TABLES: &str = "zstd";
pub(crate) const METRICS_OF_COLUMN: &str = "write.metadata.metrics.column.";
pub(crate) const VIEW_HISTORY_SIZE: &str = "version.history.num-entries";
pub(crate) const VIEW_HISTORY_SIZE_DEFAULT: i32 = 10;
pub(crate) const VIEW_DROP_DIALECT: &str = "replace.drop-dialect.allowed";

/// Reserved names: they stand for parts of the metadata and are never stored as properties.
pub(crate) const RESERVED: [&str; 9] = [
    FORMAT_VERSION,
    "uuid",
    "snapshot-count",
    "current-snapshot-id",
    "current-snapshot-summary",
    "current-snapshot-timestamp-ms",
    "current-schema",
    "default-partition-spec",
    "default-sort-order",
];

/// Properties whose values must be whole numbers that are not negative.
pub(crate) const OF_COMMITS: [&str; 4] = [
    "commit.retry.num-retries",
    "commit.retry.min-wait-ms",
    "commit.retry.max-wait-ms",
    "commit.retry.total-timeout-ms",
];

/// Properties that only tables of version 3 or later can have: earlier versions cannot be encrypted.
pub(crate) const OF_ENCRYPTION: [&str; 2] = ["encryption.key-id", "encryption.data-key-length"];

/// A property as a number; `default` if it is not set.
pub(crate) fn int(properties: &Properties, name: &str, default: i32) -> Result<i32, UpdateError> {
    let Some(value) = properties.get(name) else {
        return Ok(default);
    };
    value.parse().map_err(|_| {
        UpdateError::Invalid(format!(
            "The property {name} is `{value}`: it must be a whole number of 32 bits"
        ))
    })
}

/// A property as a switch: `true` in any case is on, everything else is off.
pub(crate) fn is_true(properties: &Properties, name: &str) -> bool {
    properties
        .get(name)
        .is_some_and(|value| value.eq_ignore_ascii_case("true"))
}
