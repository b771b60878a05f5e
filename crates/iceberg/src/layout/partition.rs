//! Partition specs (table spec, "Partitioning").

use std::collections::HashSet;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::Sources;
use super::transform::{Layout, check_field};
use crate::error::{ParseError, UpdateError};
use crate::json::{Extra, Object, ObjectWriter, Raw, array_of, check_depth};
use crate::schema::SchemaIndex;

/// Partition field ids start here.
pub(crate) const FIRST_PARTITION_ID: i32 = 1000;

/// A partition spec: how rows are grouped into files. Unknown transforms and members are kept.
#[derive(Debug, Clone)]
pub struct PartitionSpec {
    /// May be missing in a spec that a client sends.
    pub(crate) id: Option<i32>,
    pub(crate) fields: Vec<PartitionField>,
    extra: Extra,
}

#[derive(Debug, Clone)]
pub(crate) struct PartitionField {
    sources: Sources,
    /// May be missing in a spec that a client sends, and in v1 metadata of old writers.
    pub(crate) id: Option<i32>,
    name: String,
    transform: String,
    extra: Extra,
}

impl PartitionSpec {
    pub(crate) fn unpartitioned() -> Self {
        Self {
            id: Some(0),
            fields: Vec::new(),
            extra: Vec::new(),
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        let mut object = Object::parse("partition spec", text)?;
        let id = object.optional("spec-id")?;
        let fields = parse_fields(object.require_array("fields")?)?;
        Ok(Self {
            id,
            fields,
            extra: object.rest(),
        })
    }

    /// Reads the bare list of fields that v1 calls `partition-spec`.
    pub(crate) fn parse_v1(fields: Vec<&RawValue>) -> Result<Self, ParseError> {
        Ok(Self {
            id: Some(0),
            fields: parse_fields(fields)?,
            extra: Vec::new(),
        })
    }

    pub(crate) fn print(&self, out: &mut String) {
        let mut writer = ObjectWriter::new(out);
        writer.plain_if_some("spec-id", self.id);
        self.print_fields(writer.value("fields"));
        writer.extra(&self.extra).end();
    }

    /// Prints the bare list of fields that v1 calls `partition-spec`.
    pub(crate) fn print_fields(&self, out: &mut String) {
        array_of(out, &self.fields, |out, field| {
            let mut writer = ObjectWriter::new(out);
            writer
                .string("name", &field.name)
                .string("transform", &field.transform);
            field.sources.print(&mut writer);
            writer
                .plain_if_some("field-id", field.id)
                .extra(&field.extra)
                .end();
        });
    }

    /// Whether both specs have the same columns, transforms and names in the same order; spec ids and field ids do
    /// not count.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.fields.len() == other.fields.len()
            && self.fields.iter().zip(&other.fields).all(|(one, two)| {
                one.sources == two.sources
                    && one.transform.eq_ignore_ascii_case(&two.transform)
                    && one.name == two.name
            })
    }

    /// Gives each field without an id the id that `id_for` returns, in the order of the fields.
    pub(crate) fn fill_ids(
        &mut self,
        mut id_for: impl FnMut(&PartitionField) -> Result<i32, UpdateError>,
    ) -> Result<(), UpdateError> {
        for field in &mut self.fields {
            if field.id.is_none() {
                field.id = Some(id_for(field)?);
            }
        }
        Ok(())
    }

    /// Replaces the column ids by their new ids and numbers the partition fields from 1000.
    pub(crate) fn renumber(
        &mut self,
        new_id: impl Fn(i32) -> Option<i32>,
    ) -> Result<(), UpdateError> {
        for (field, id) in self.fields.iter_mut().zip(FIRST_PARTITION_ID..) {
            field.sources = field.sources.renumbered(&new_id).map_err(|_| {
                UpdateError::Invalid(format!(
                    "Cannot find source column for partition field: {field}"
                ))
            })?;
            field.id = Some(id);
        }
        Ok(())
    }

    /// The highest partition field id, 999 if there is none.
    pub(crate) fn highest_field_id(&self) -> i32 {
        let ids = self.fields.iter().filter_map(|field| field.id);
        ids.max()
            .unwrap_or(FIRST_PARTITION_ID - 1)
            .max(FIRST_PARTITION_ID - 1)
    }

    /// Whether the field ids count up from 1000, as they must in v1, whose data files do not have them.
    pub(crate) fn has_sequential_ids(&self) -> bool {
        self.fields
            .iter()
            .zip(FIRST_PARTITION_ID..)
            .all(|(field, id)| field.id == Some(id))
    }

    /// Brings the source columns of a spec that a client sent into the form of this format version.
    pub(crate) fn normalize_for_version(&mut self, format_version: u8) -> Result<(), UpdateError> {
        for field in &mut self.fields {
            field
                .sources
                .normalize_for_version(format_version)
                .map_err(|problem| {
                    UpdateError::Invalid(format!("Invalid partition field {field}: {problem}"))
                })?;
        }
        Ok(())
    }

    /// The names of partition fields that are also the name of a column which the field does not read. Fields with a
    /// dropped source column are left out: they may have the name of another column.
    pub(crate) fn taken_names(&self, index: &SchemaIndex) -> impl Iterator<Item = &str> {
        let is_taken = |field: &&PartitionField| {
            let column = index.id_of(&field.name);
            let sources_exist = field.sources.ids().all(|id| index.node(id).is_some());
            sources_exist && column.is_some_and(|id| field.sources.ids().all(|s| s != id))
        };
        let taken = self.fields.iter().filter(is_taken);
        taken.map(|field| field.name.as_str())
    }

    /// Checks that the names and field ids of a new spec are unique, and that no name is that of another column.
    pub(crate) fn check_names(&self, index: &SchemaIndex) -> Result<(), UpdateError> {
        if let Some(name) = self.taken_names(index).next() {
            return Err(name_taken_error(name));
        }
        let mut names = HashSet::new();
        let mut ids = HashSet::new();
        for field in &self.fields {
            let name = field.name.as_str();
            let refuse = |why: &str| Err(UpdateError::Invalid(format!("{why}: {name}")));
            if name.is_empty() {
                return refuse("Cannot use empty partition name");
            }
            if !names.insert(name) {
                return refuse("Cannot use partition name more than once");
            }
            if field.id.is_some_and(|id| !ids.insert(id)) {
                return refuse("Cannot use partition field id more than once, as in");
            }
        }
        Ok(())
    }

    /// Checks that every field's column exists and has a type that the transform reads.
    pub(crate) fn check_sources(&self, index: &SchemaIndex) -> Result<(), UpdateError> {
        self.fields.iter().try_for_each(|field| {
            let what = (field.transform.as_str(), &field.sources);
            check_field(Layout::Partition, &field.to_string(), what, index)
        })
    }
}

/// The Java reference's message when it reads a table with such a partition field.
pub(crate) fn name_taken_error(name: &str) -> UpdateError {
    UpdateError::Invalid(format!(
        "Cannot create identity partition sourced from different field in schema: {name}"
    ))
}

impl PartitionField {
    /// The source columns and the transform: equal for two fields that always have the same values.
    pub(crate) fn sources_and_transform(&self) -> (&Sources, String) {
        (&self.sources, self.transform.to_ascii_lowercase())
    }
}

impl std::fmt::Display for PartitionField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(id) = self.id {
            write!(f, "{id}: ")?;
        }
        write!(f, "{}: {}({})", self.name, self.transform, self.sources)
    }
}

impl std::fmt::Display for PartitionSpec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fields: Vec<_> = self.fields.iter().map(ToString::to_string).collect();
        write!(f, "[{}]", fields.join(", "))
    }
}

impl<'de> Deserialize<'de> for PartitionSpec {
    /// Needs a `serde_json` deserializer, because the text is kept; one that buffers, as for `flatten`, fails.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        check_depth(raw.get()).map_err(serde::de::Error::custom)?;
        Self::parse(raw.get()).map_err(serde::de::Error::custom)
    }
}

impl Serialize for PartitionSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = String::new();
        self.print(&mut out);
        Raw::printed(out).serialize(serializer)
    }
}

fn parse_fields(fields: Vec<&RawValue>) -> Result<Vec<PartitionField>, ParseError> {
    let fields: Vec<PartitionField> = fields
        .into_iter()
        .map(|field| parse_field(field.get()))
        .collect::<Result<_, _>>()?;
    let without = fields.iter().filter(|field| field.id.is_none()).count();
    if without != 0 && without != fields.len() {
        return Err(ParseError::new(
            "partition spec",
            format_args!(
                "{without} of {} fields have no `field-id`: all or none",
                fields.len()
            ),
        ));
    }
    Ok(fields)
}

fn parse_field(text: &str) -> Result<PartitionField, ParseError> {
    let mut object = Object::parse("partition field", text)?;
    Ok(PartitionField {
        sources: Sources::take(&mut object)?,
        id: object.optional("field-id")?,
        name: object.require("name")?,
        transform: object.require("transform")?,
        extra: object.rest(),
    })
}
