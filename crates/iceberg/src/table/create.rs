//! New tables, as the Java reference makes them from a create request.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::apply::supported_version;
use super::builder::empty_metadata;
use super::parse::strip_slashes;
use super::{DEFAULT_FORMAT_VERSION, StoredSchema, TableMetadata};
use crate::error::UpdateError;
use crate::layout::{FIRST_ORDER_ID, PartitionSpec, SortOrder};
use crate::property::{self, Properties};
use crate::schema::{FreshIds, Schema, SchemaIndex, check_compatibility};

/// The parts of a new table.
#[derive(Debug, Clone)]
pub struct NewTable {
    /// The table's identity.
    pub uuid: Uuid,
    /// The base location.
    pub location: String,
    /// The columns; their ids are only used to resolve `partition_spec` and `write_order`.
    pub schema: Schema,
    /// Without one, the table is not partitioned.
    pub partition_spec: Option<PartitionSpec>,
    /// Without one, the table is not sorted.
    pub write_order: Option<SortOrder>,
    /// The property `format-version` chooses the version; it and other reserved names are not stored.
    pub properties: BTreeMap<String, String>,
}

impl TableMetadata {
    /// Makes the metadata of a new table. All column ids, partition field ids and the schema's, spec's and
    /// order's ids are new.
    pub fn create(new: NewTable, now_ms: i64) -> Result<Self, UpdateError> {
        Self::try_create(new, now_ms).map_err(UpdateError::bounded)
    }

    fn try_create(new: NewTable, now_ms: i64) -> Result<Self, UpdateError> {
        let format_version = format_version(&new.properties)?;
        let location = strip_slashes(&new.location);
        if location.is_empty() {
            return Err(UpdateError::invalid("a table needs a location"));
        }
        check_structure(&new.schema)?;
        check_properties(&new, format_version)?;
        let mut meta = empty_metadata(format_version, now_ms);
        meta.uuid = new.uuid;
        location.clone_into(&mut meta.location);
        meta.properties = stored_properties(new.properties);
        let fresh = meta.set_first_schema(new.schema)?;
        meta.set_first_layouts(new.partition_spec, new.write_order, &fresh)?;
        meta.check_consistency().map_err(UpdateError::Invalid)?;
        Ok(meta)
    }

    fn set_first_schema(&mut self, mut schema: Schema) -> Result<FreshIds, UpdateError> {
        let mut fresh = FreshIds::default();
        fresh.assign(&mut schema)?;
        check_compatibility(&schema, self.format_version)?;
        self.last_column_id = fresh.last();
        self.schemas = vec![StoredSchema {
            id: 0,
            raw: schema.to_raw(Some(0)),
        }];
        Ok(fresh)
    }

    fn set_first_layouts(
        &mut self,
        spec: Option<PartitionSpec>,
        order: Option<SortOrder>,
        fresh: &FreshIds,
    ) -> Result<(), UpdateError> {
        let text = self.current_schema_json().unwrap_or_default();
        let schema = Schema::parse(text)?;
        let index = SchemaIndex::new(&schema)?;
        let mut spec = spec.unwrap_or_else(PartitionSpec::unpartitioned);
        spec.normalize_for_version(self.format_version)?;
        spec.renumber(|old| fresh.new_id(old))?;
        spec.check_names(&index)?;
        spec.check_sources(&index)?;
        spec.id = Some(0);
        let mut order = order.unwrap_or_else(SortOrder::unsorted);
        order.normalize_for_version(self.format_version)?;
        order.renumber(|old| fresh.new_id(old))?;
        order.check_sources(&index)?;
        if !order.is_unsorted() {
            order.id = FIRST_ORDER_ID;
        }
        self.last_partition_id = spec.highest_field_id();
        self.default_sort_order_id = order.id;
        self.specs = vec![spec];
        self.sort_orders = vec![order];
        Ok(())
    }
}

/// The version that the reserved property asks for.
fn format_version(properties: &Properties) -> Result<u8, UpdateError> {
    let default = i32::from(DEFAULT_FORMAT_VERSION);
    supported_version(i64::from(property::int(
        properties,
        property::FORMAT_VERSION,
        default,
    )?))
}

fn check_structure(schema: &Schema) -> Result<(), UpdateError> {
    SchemaIndex::new(schema)?;
    Ok(())
}

/// Checks the properties of a new table. Updates do not check them, so that existing tables are not locked out.
fn check_properties(new: &NewTable, format_version: u8) -> Result<(), UpdateError> {
    let index = SchemaIndex::new(&new.schema)?;
    for (name, value) in &new.properties {
        let column = name.strip_prefix(property::METRICS_OF_COLUMN);
        if let Some(column) = column.filter(|column| index.id_of(column).is_none()) {
            return Err(UpdateError::Invalid(format!(
                "Invalid metrics config, could not find column {column} from table prop {name}"
            )));
        }
        let of_commits = property::OF_COMMITS.contains(&name.as_str());
        if of_commits && value.parse::<i32>().is_err() {
            return Err(UpdateError::Invalid(format!(
                "Table property {name} must have integer value"
            )));
        }
        if of_commits && value.starts_with('-') {
            return Err(UpdateError::Invalid(format!(
                "Table property {name} must have non negative integer value"
            )));
        }
        if format_version < 3 && property::OF_ENCRYPTION.contains(&name.as_str()) {
            return Err(UpdateError::Invalid(format!(
                "Invalid properties for v{format_version}: [{name}]"
            )));
        }
    }
    Ok(())
}

/// The properties to store: without reserved names, and with the default that only new tables get.
fn stored_properties(mut properties: Properties) -> Properties {
    properties.retain(|name, _| !property::RESERVED.contains(&name.as_str()));
    properties
        .entry(property::PARQUET_COMPRESSION.to_owned())
        .or_insert_with(|| property::PARQUET_COMPRESSION_OF_NEW_TABLES.to_owned());
    properties
}
