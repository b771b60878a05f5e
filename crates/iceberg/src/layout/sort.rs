//! Sort orders (table spec, "Sorting").

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::Sources;
use super::transform::{Layout, check_field};
use crate::error::{ParseError, UpdateError};
use crate::json::{Extra, Object, ObjectWriter, Raw, check_depth};
use crate::schema::SchemaIndex;

/// The order id that is reserved for unsorted tables.
pub(crate) const UNSORTED_ID: i32 = 0;
/// The id of a table's first real order.
pub(crate) const FIRST_ORDER_ID: i32 = 1;

/// A sort order: how rows are ordered within files. Unknown transforms and members are kept.
#[derive(Debug, Clone)]
pub struct SortOrder {
    pub(crate) id: i32,
    fields: Vec<SortField>,
    extra: Extra,
}

#[derive(Debug, Clone)]
struct SortField {
    sources: Sources,
    transform: String,
    direction: Direction,
    nulls: Nulls,
    extra: Extra,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Ascending,
    Descending,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nulls {
    First,
    Last,
}

impl SortOrder {
    pub(crate) fn unsorted() -> Self {
        Self {
            id: UNSORTED_ID,
            fields: Vec::new(),
            extra: Vec::new(),
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        let mut object = Object::parse("sort order", text)?;
        let id: Option<i32> = object.optional("order-id")?;
        let fields: Vec<SortField> = object
            .require_array("fields")?
            .into_iter()
            .map(|field| parse_field(field.get()))
            .collect::<Result<_, _>>()?;
        let id = match (id, fields.is_empty()) {
            (None | Some(UNSORTED_ID), true) => UNSORTED_ID,
            (Some(_), true) => return Err(object.error("Unsorted order ID must be 0")),
            (Some(UNSORTED_ID), false) => {
                return Err(object.error("Sort order ID 0 is reserved for unsorted order"));
            }
            (id, false) => id.unwrap_or(FIRST_ORDER_ID),
        };
        Ok(Self {
            id,
            fields,
            extra: object.rest(),
        })
    }

    pub(crate) fn print(&self, out: &mut String) {
        let mut writer = ObjectWriter::new(out);
        writer
            .plain("order-id", self.id)
            .array("fields", &self.fields, |out, field| {
                let mut writer = ObjectWriter::new(out);
                writer.string("transform", &field.transform);
                field.sources.print(&mut writer);
                writer.string("direction", field.direction.text());
                writer
                    .string("null-order", field.nulls.text())
                    .extra(&field.extra)
                    .end();
            });
        writer.extra(&self.extra).end();
    }

    /// The number of sort fields.
    pub(crate) fn len(&self) -> usize {
        self.fields.len()
    }

    pub(crate) fn is_unsorted(&self) -> bool {
        self.fields.is_empty()
    }

    /// Whether both order rows alike; the order id does not count.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        self.fields.len() == other.fields.len()
            && self.fields.iter().zip(&other.fields).all(|(one, two)| {
                one.sources == two.sources
                    && one.transform.eq_ignore_ascii_case(&two.transform)
                    && (one.direction, one.nulls) == (two.direction, two.nulls)
            })
    }

    /// Replaces the column ids by their new ids.
    pub(crate) fn renumber(
        &mut self,
        new_id: impl Fn(i32) -> Option<i32>,
    ) -> Result<(), UpdateError> {
        for field in &mut self.fields {
            field.sources = field.sources.renumbered(&new_id).map_err(|_| {
                UpdateError::Invalid(format!("Cannot find source column for sort field: {field}"))
            })?;
        }
        Ok(())
    }

    /// Brings the source columns of an order that a client sent into the form of this format version.
    pub(crate) fn normalize_for_version(&mut self, format_version: u8) -> Result<(), UpdateError> {
        for field in &mut self.fields {
            field
                .sources
                .normalize_for_version(format_version)
                .map_err(|problem| {
                    UpdateError::Invalid(format!("Invalid sort field {field}: {problem}"))
                })?;
        }
        Ok(())
    }

    /// Checks that every field's column exists and has a type that the transform reads.
    pub(crate) fn check_sources(&self, index: &SchemaIndex) -> Result<(), UpdateError> {
        self.fields.iter().try_for_each(|field| {
            let what = (field.transform.as_str(), &field.sources);
            check_field(Layout::Sort, &field.to_string(), what, index)
        })
    }
}

impl std::fmt::Display for SortField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let direction = self.direction.text().to_ascii_uppercase();
        let nulls = self.nulls.text().to_ascii_uppercase().replace('-', " ");
        write!(
            f,
            "{}({}) {direction} {nulls}",
            self.transform, self.sources
        )
    }
}

impl Direction {
    fn text(self) -> &'static str {
        match self {
            Self::Ascending => "asc",
            Self::Descending => "desc",
        }
    }
}

impl Nulls {
    fn text(self) -> &'static str {
        match self {
            Self::First => "nulls-first",
            Self::Last => "nulls-last",
        }
    }
}

impl<'de> Deserialize<'de> for SortOrder {
    /// Needs a `serde_json` deserializer, because the text is kept; one that buffers, as for `flatten`, fails.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        check_depth(raw.get()).map_err(serde::de::Error::custom)?;
        Self::parse(raw.get()).map_err(serde::de::Error::custom)
    }
}

impl Serialize for SortOrder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = String::new();
        self.print(&mut out);
        Raw::printed(out).serialize(serializer)
    }
}

fn parse_field(text: &str) -> Result<SortField, ParseError> {
    let mut object = Object::parse("sort field", text)?;
    let direction: String = object.require("direction")?;
    let nulls: String = object.require("null-order")?;
    Ok(SortField {
        sources: Sources::take(&mut object)?,
        transform: object.require("transform")?,
        direction: match direction.to_ascii_lowercase().as_str() {
            "asc" => Direction::Ascending,
            "desc" => Direction::Descending,
            _ => {
                let problem = format!("the direction is `{direction}`, not `asc` or `desc`");
                return Err(object.error(problem));
            }
        },
        nulls: match nulls.to_ascii_lowercase().as_str() {
            "nulls-first" => Nulls::First,
            "nulls-last" => Nulls::Last,
            _ => {
                let problem =
                    format!("the null order is `{nulls}`, not `nulls-first` or `nulls-last`");
                return Err(object.error(problem));
            }
        },
        extra: object.rest(),
    })
}
