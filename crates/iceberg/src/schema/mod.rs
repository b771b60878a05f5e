//! Schemas: a tree of fields whose types are kept as they were written.

mod check;
mod default;
mod equal;
mod fresh;
mod index;
mod json;
mod kind;
mod known;
mod size;
mod types;

pub(crate) use check::check_compatibility;
pub(crate) use fresh::FreshIds;
pub(crate) use index::{Node, SchemaIndex};
pub(crate) use kind::Kind;
pub(crate) use known::{KnownSchemas, StoredSchema};

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::error::ParseError;
use crate::json::{Extra, Raw, check_depth, drop_nulls, same_extra};
use index::check_structure;

/// A schema of a table or view (table spec, "Schemas and Data Types").
///
/// Type strings and every member that this crate does not know are kept verbatim, so a type of a later
/// format version survives.
#[derive(Debug, Clone)]
pub struct Schema {
    pub(crate) id: Option<i32>,
    pub(crate) identifier_field_ids: Vec<i32>,
    pub(crate) fields: Vec<Field>,
    pub(crate) extra: Extra,
}

/// One field of a struct. The doc and the default values are in `extra`; only the `check` module reads them.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) id: i32,
    pub(crate) name: String,
    pub(crate) required: bool,
    pub(crate) ty: Type,
    pub(crate) extra: Extra,
}

#[derive(Debug, Clone)]
pub(crate) enum Type {
    /// A type that is a string: `long`, `decimal(9, 2)`, `geometry(srid:4326)` or an unknown name.
    Named(String),
    Struct {
        fields: Vec<Field>,
        extra: Extra,
    },
    List {
        id: i32,
        required: bool,
        element: Box<Type>,
        extra: Extra,
    },
    Map {
        ids: (i32, i32),
        required: bool,
        key: Box<Type>,
        value: Box<Type>,
        extra: Extra,
    },
    /// An object whose `type` is none of the above.
    Other(Raw),
}

impl Schema {
    /// Reads a schema and checks what the spec demands of it: names and ids occur once, identifier
    /// fields exist and are required primitives.
    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        let schema = Self::parse_unchecked(text)?;
        check_structure(&schema)?;
        Ok(schema)
    }

    /// Reads a schema that a client sends. Members that are kept as text (defaults, unknown ones) are dropped if they
    /// are `null`: that means the same as no member, and the Java reference fails on a default that is `null`.
    pub(crate) fn parse_new(text: &str) -> Result<Self, ParseError> {
        let mut schema = Self::parse(text)?;
        drop_nulls(&mut schema.extra);
        drop_nulls_of(&mut schema.fields);
        Ok(schema)
    }

    /// Whether both describe the same columns; the schema ids do not count.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        let sorted = |ids: &[i32]| {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        self.fields == other.fields
            && sorted(&self.identifier_field_ids) == sorted(&other.identifier_field_ids)
            && same_extra(&self.extra, &other.extra)
    }

    /// The highest field id in use, nested ones included; 0 if there are no fields.
    pub(crate) fn highest_field_id(&self) -> i32 {
        highest(&self.fields)
    }
}

impl<'de> Deserialize<'de> for Schema {
    /// Reads a schema that a client sends. Needs a `serde_json` deserializer, because the text is kept; one that
    /// buffers, as for `flatten`, fails.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        check_depth(raw.get()).map_err(serde::de::Error::custom)?;
        Self::parse_new(Raw::from(&*raw).get()).map_err(serde::de::Error::custom)
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_raw(self.id).serialize(serializer)
    }
}

fn drop_nulls_of(fields: &mut [Field]) {
    for field in fields {
        drop_nulls(&mut field.extra);
        drop_nulls_in(&mut field.ty);
    }
}

fn drop_nulls_in(ty: &mut Type) {
    match ty {
        Type::Named(_) | Type::Other(_) => {}
        Type::Struct { fields, extra } => {
            drop_nulls(extra);
            drop_nulls_of(fields);
        }
        Type::List { element, extra, .. } => {
            drop_nulls(extra);
            drop_nulls_in(element);
        }
        Type::Map {
            key, value, extra, ..
        } => {
            drop_nulls(extra);
            drop_nulls_in(key);
            drop_nulls_in(value);
        }
    }
}

fn highest(fields: &[Field]) -> i32 {
    fields
        .iter()
        .map(|field| field.id.max(highest_in(&field.ty)))
        .max()
        .unwrap_or(0)
}

fn highest_in(ty: &Type) -> i32 {
    match ty {
        Type::Named(_) | Type::Other(_) => 0,
        Type::Struct { fields, .. } => highest(fields),
        Type::List { id, element, .. } => (*id).max(highest_in(element)),
        Type::Map {
            ids, key, value, ..
        } => ids.0.max(ids.1).max(highest_in(key)).max(highest_in(value)),
    }
}

#[cfg(test)]
mod tests;
