//! View metadata, version 1 of the view spec.

mod apply;
mod update;
mod version;

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use uuid::Uuid;

pub use apply::apply_view;
pub use update::{ViewRequirement, ViewUpdate, check_view};
pub use version::ViewVersion;

use crate::error::{ParseError, UpdateError};
use crate::json::{Extra, Object, ObjectWriter, Raw, array_of, check_depth};
use crate::schema::{Schema, StoredSchema};
use crate::table::{repeated_id, strip_slashes};
use apply::ViewBuilder;

const WHAT: &str = "view metadata";
/// The only format version of views.
pub(crate) const FORMAT_VERSION: i64 = 1;

/// The metadata of a view (view spec, "View Metadata"). Unknown members are kept.
#[derive(Debug, Clone)]
pub struct ViewMetadata {
    uuid: Uuid,
    location: String,
    schemas: Vec<StoredSchema>,
    current_version_id: i32,
    versions: Vec<ViewVersion>,
    version_log: Vec<LogEntry>,
    properties: BTreeMap<String, String>,
    extra: Extra,
}

#[derive(Debug, Clone)]
struct LogEntry {
    timestamp_ms: i64,
    version_id: i32,
    extra: Extra,
}

/// The parts of a new view.
#[derive(Debug, Clone)]
pub struct NewView {
    /// The view's identity.
    pub uuid: Uuid,
    /// The base location.
    pub location: String,
    /// The columns of the result.
    pub schema: Schema,
    /// The queries. Its version id and schema id are replaced.
    pub view_version: ViewVersion,
    /// All properties.
    pub properties: BTreeMap<String, String>,
}

impl ViewMetadata {
    /// Makes the metadata of a new view: version 1 with schema 0.
    pub fn create(new: NewView, now_ms: i64) -> Result<Self, UpdateError> {
        if !new.view_version.has_queries() {
            return Err(UpdateError::invalid(
                "Cannot create view without specifying a query",
            ));
        }
        let location = strip_slashes(&new.location);
        if location.is_empty() {
            return Err(UpdateError::invalid("a view needs a location"));
        }
        let empty = Self {
            uuid: new.uuid,
            location: location.to_owned(),
            schemas: Vec::new(),
            current_version_id: 0,
            versions: Vec::new(),
            version_log: Vec::new(),
            properties: new.properties,
            extra: Vec::new(),
        };
        let mut builder = ViewBuilder::new(&empty, now_ms);
        let mut version = new.view_version;
        version.schema_id = builder.add_schema(&new.schema)?;
        version.id = 1;
        let id = builder.add_version(&version)?;
        builder.set_current_version(id)?;
        builder.finish()
    }

    /// Reads the JSON of a metadata file (not compressed) and checks that its ids are unique and its current
    /// version exists.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let text = std::str::from_utf8(bytes).map_err(|error| ParseError::new(WHAT, error))?;
        check_depth(text).map_err(|problem| ParseError::new(WHAT, problem))?;
        let mut object = Object::parse(WHAT, text)?;
        let version: i64 = object.require("format-version")?;
        if version != FORMAT_VERSION {
            return Err(object.error(format_args!("Unsupported format version: {version}")));
        }
        let metadata = Self {
            uuid: object.require("view-uuid")?,
            location: strip_slashes(&object.require::<String>("location")?).to_owned(),
            schemas: parse_all(object.require_array("schemas")?, parse_schema)?,
            current_version_id: object.require("current-version-id")?,
            versions: parse_all(object.require_array("versions")?, |raw| {
                ViewVersion::parse(raw.get())
            })?,
            version_log: parse_all(object.require_array("version-log")?, parse_log_entry)?,
            properties: object.optional("properties")?.unwrap_or_default(),
            extra: object.rest(),
        };
        metadata
            .check()
            .map_err(|problem| ParseError::new(WHAT, problem))?;
        Ok(metadata)
    }

    /// The metadata as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = String::with_capacity(4096);
        let mut writer = ObjectWriter::new(&mut out);
        writer
            .string("view-uuid", &self.uuid.to_string())
            .plain("format-version", FORMAT_VERSION)
            .string("location", &self.location)
            .strings("properties", &self.properties);
        array_of(writer.value("schemas"), &self.schemas, |out, schema| {
            out.push_str(schema.raw.get());
        });
        writer.plain("current-version-id", self.current_version_id);
        writer.array("versions", &self.versions, |out, version| {
            version.print(out);
        });
        writer.array("version-log", &self.version_log, |out, entry| {
            let mut writer = ObjectWriter::new(out);
            writer
                .plain("timestamp-ms", entry.timestamp_ms)
                .plain("version-id", entry.version_id);
            writer.extra(&entry.extra).end();
        });
        writer.extra(&self.extra).end();
        out.into_bytes()
    }

    fn check(&self) -> Result<(), String> {
        if let Some(id) = repeated_id(self.schemas.iter().map(|schema| schema.id)) {
            return Err(format!("the schema id {id} occurs more than once"));
        }
        if let Some(id) = repeated_id(self.versions.iter().map(|version| version.id)) {
            return Err(format!("the version id {id} occurs more than once"));
        }
        if self.current_version().is_none() {
            return Err(format!(
                "Cannot find current version {} in view versions",
                self.current_version_id
            ));
        }
        Ok(())
    }

    /// Checks all that [`Self::parse`] leaves out: that schemas can be read, that no version has two queries for a
    /// dialect, and that the schema of the current version exists. For metadata that other catalogs wrote (register).
    pub fn validate(&self) -> Result<(), UpdateError> {
        for schema in &self.schemas {
            Schema::parse(schema.raw.get())?;
        }
        for version in &self.versions {
            version.check_dialects()?;
        }
        let current = self.current_version().map(|version| version.schema_id);
        if current.is_none_or(|id| !self.schemas.iter().any(|schema| schema.id == id)) {
            return Err(UpdateError::invalid(
                "Cannot find the schema of the current view version",
            ));
        }
        Ok(())
    }

    fn current_version(&self) -> Option<&ViewVersion> {
        self.versions
            .iter()
            .find(|version| version.id == self.current_version_id)
    }

    /// The view's UUID.
    pub fn uuid(&self) -> Uuid {
        self.uuid
    }

    /// The view's base location, without a slash at the end.
    pub fn location(&self) -> &str {
        &self.location
    }

    /// All view properties.
    pub fn properties(&self) -> &BTreeMap<String, String> {
        &self.properties
    }

    /// One view property.
    pub fn property(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str)
    }

    /// Always 1: there is no other version.
    pub fn format_version(&self) -> u8 {
        1
    }

    /// The id of the version that readers use.
    pub fn current_version_id(&self) -> i32 {
        self.current_version_id
    }

    /// How many versions are kept.
    pub fn version_count(&self) -> usize {
        self.versions.len()
    }

    /// When the current version became the current one, in milliseconds since 1970; `None` if the log is empty.
    pub fn last_updated_ms(&self) -> Option<i64> {
        self.version_log.last().map(|entry| entry.timestamp_ms)
    }
}

fn parse_all<T>(
    values: Vec<&RawValue>,
    parse: impl Fn(&RawValue) -> Result<T, ParseError>,
) -> Result<Vec<T>, ParseError> {
    values.into_iter().map(parse).collect()
}

fn parse_schema(value: &RawValue) -> Result<StoredSchema, ParseError> {
    let mut object = Object::parse("schema", value.get())?;
    Ok(StoredSchema {
        id: object.require("schema-id")?,
        raw: Raw::from(value),
    })
}

fn parse_log_entry(value: &RawValue) -> Result<LogEntry, ParseError> {
    let mut object = Object::parse("version log entry", value.get())?;
    Ok(LogEntry {
        timestamp_ms: object.require("timestamp-ms")?,
        version_id: object.require("version-id")?,
        extra: object.rest(),
    })
}

#[cfg(test)]
mod tests;
