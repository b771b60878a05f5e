//! The description of a generic table.

use model::{Bounds, Properties, TableFormat};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::{Protection, StoredMetadata, TabularContent};

use crate::heavy::heavy;
use crate::{CatalogError, ErrorKind, Result, properties};

/// How the creator of a generic table has described it. The catalog does not interpret it, and stores it in the
/// table's row.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Description {
    /// The format of its files.
    pub format: TableFormat,
    /// A description for people.
    pub doc: Option<String>,
    /// Its properties.
    pub properties: Properties,
    /// Its schema, in any form.
    pub schema: Option<Box<RawValue>>,
    /// Statistics about its contents, in any form.
    pub statistics: Option<Box<RawValue>>,
}

impl Description {
    /// Refuses parts that are too long.
    pub(super) fn check(&self) -> Result<()> {
        let texts = [
            ("doc", self.doc.as_deref()),
            ("schema", self.schema.as_deref().map(RawValue::get)),
            ("statistics", self.statistics.as_deref().map(RawValue::get)),
        ];
        for (field, text) in texts {
            let bytes = text.map_or(0, str::len);
            if bytes > Bounds::GENERIC_TABLE_PART_BYTES {
                let message = format!(
                    "`{field}` of a generic table may have at most {} bytes, not {bytes}",
                    Bounds::GENERIC_TABLE_PART_BYTES
                );
                return Err(CatalogError::new(ErrorKind::PartTooLarge, message));
            }
        }
        properties::check("generic table", &self.properties)
    }

    pub(super) fn encode(&self) -> Result<StoredMetadata> {
        let json = serde_json::to_vec(self).map_err(CatalogError::internal)?;
        Ok(heavy(json.len(), || StoredMetadata::encode(&json)))
    }
}

/// A generic table.
#[derive(Debug, Clone)]
pub struct GenericTable {
    /// Its name.
    pub name: String,
    /// Where its files are.
    pub location: String,
    /// Whether it is protected against drops.
    pub protection: Protection,
    /// How its creator has described it.
    pub description: Description,
}

impl GenericTable {
    /// From the row's content, with this name.
    pub(super) fn of(
        name: String,
        protection: Protection,
        content: &TabularContent,
    ) -> Result<Self> {
        let stored = &content.metadata;
        let json = heavy(stored.json_len(), || stored.decode())?;
        Ok(Self {
            name,
            location: content.location.clone(),
            protection,
            description: serde_json::from_slice(&json).map_err(CatalogError::internal)?,
        })
    }
}
