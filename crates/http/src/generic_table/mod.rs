//! The generic table API, compatible with the existing Lakekeeper: tables of other formats than Iceberg.

pub(crate) mod create;
pub(crate) mod credentials;
pub(crate) mod drop;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod rename;

use catalog::generic_table::GenericTable;
use model::Properties;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A generic table.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct GenericTableData {
    name: String,
    /// The format of its files, such as `lance`, `delta` or `csv`.
    format: String,
    /// The location of its files.
    base_location: String,
    /// Whether it is protected from being dropped.
    protected: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    doc: Option<String>,
    #[schema(value_type = BTreeMap<String, String>)]
    properties: Properties,
    /// The description of its columns, as it was given at creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    schema: Option<Box<RawValue>>,
    /// The statistics about its contents, as they were given at creation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    statistics: Option<Box<RawValue>>,
}

/// A generic table, and how a client accesses its files.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct LoadGenericTableResponse {
    table: GenericTableData,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    config: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Object>>)]
    storage_credentials: Option<Vec<Value>>,
}

impl From<GenericTable> for GenericTableData {
    fn from(table: GenericTable) -> Self {
        let description = table.description;
        Self {
            name: table.name,
            format: description.format.into(),
            base_location: table.location,
            protected: table.protection.into(),
            doc: description.doc,
            properties: description.properties,
            schema: description.schema,
            statistics: description.statistics,
        }
    }
}
