//! Schemas: a tree of fields whose types are kept as they were written.

mod check;
mod fresh;
mod index;
mod kind;

pub(crate) use check::check_compatibility;
pub(crate) use fresh::FreshIds;
use index::check_structure;
pub(crate) use index::{Node, SchemaIndex};
pub(crate) use kind::Kind;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::error::ParseError;
use crate::json::{Extra, Object, ObjectWriter, Raw, array_of, check_depth, quoted, same_extra};

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

/// One field of a struct. Doc and default values are in `extra`: nothing here looks into them.
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
    /// A type that is a string: `long`, `decimal(9, 2)`, `geometry(srid:4326)` or one nobody knows yet.
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

    fn parse_unchecked(text: &str) -> Result<Self, ParseError> {
        let mut object = Object::parse("schema", text)?;
        match object.require::<String>("type")?.as_str() {
            "struct" => {}
            other => return Err(object.error(format_args!("its type is `{other}`, not `struct`"))),
        }
        Ok(Self {
            id: object.optional("schema-id")?,
            identifier_field_ids: object.optional("identifier-field-ids")?.unwrap_or_default(),
            fields: fields(&mut object)?,
            extra: object.rest(),
        })
    }

    /// The schema with another id, as JSON.
    pub(crate) fn to_raw(&self, id: Option<i32>) -> Raw {
        let mut out = String::with_capacity(self.fields.len() * 64);
        let mut writer = ObjectWriter::new(&mut out);
        writer
            .string("type", "struct")
            .plain_if_some("schema-id", id);
        if !self.identifier_field_ids.is_empty() {
            writer.array(
                "identifier-field-ids",
                &self.identifier_field_ids,
                |out, id| {
                    out.push_str(&id.to_string());
                },
            );
        }
        writer
            .array("fields", &self.fields, print_field)
            .extra(&self.extra)
            .end();
        Raw::printed(out)
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
    /// Needs a `serde_json` deserializer (the text is kept), not one that buffers, as `flatten` does.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        check_depth(raw.get()).map_err(serde::de::Error::custom)?;
        Self::parse(Raw::from(&*raw).get()).map_err(serde::de::Error::custom)
    }
}

impl Serialize for Schema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_raw(self.id).serialize(serializer)
    }
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
            && self.name == other.name
            && self.required == other.required
            && self.ty == other.ty
            && same_extra(&self.extra, &other.extra)
    }
}

impl PartialEq for Type {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Named(one), Self::Named(two)) => {
                one == two || kind::canonical(one) == kind::canonical(two)
            }
            (Self::Other(one), Self::Other(two)) => one == two,
            (
                Self::Struct { fields, extra },
                Self::Struct {
                    fields: fields2,
                    extra: extra2,
                },
            ) => fields == fields2 && same_extra(extra, extra2),
            (
                Self::List {
                    id,
                    required,
                    element,
                    extra,
                },
                Self::List {
                    id: id2,
                    required: required2,
                    element: element2,
                    extra: extra2,
                },
            ) => (id, required, element) == (id2, required2, element2) && same_extra(extra, extra2),
            (
                Self::Map {
                    ids,
                    required,
                    key,
                    value,
                    extra,
                },
                Self::Map {
                    ids: ids2,
                    required: required2,
                    key: key2,
                    value: value2,
                    extra: extra2,
                },
            ) => {
                (ids, required, key, value) == (ids2, required2, key2, value2)
                    && same_extra(extra, extra2)
            }
            _ => false,
        }
    }
}

fn fields(object: &mut Object<'_>) -> Result<Vec<Field>, ParseError> {
    object
        .require_array("fields")?
        .into_iter()
        .map(|field| parse_field(field.get()))
        .collect()
}

fn parse_field(text: &str) -> Result<Field, ParseError> {
    let mut object = Object::parse("schema field", text)?;
    Ok(Field {
        id: object.require("id")?,
        name: object.require("name")?,
        required: object.require("required")?,
        ty: parse_type(object.require_raw("type")?.get())?,
        extra: object.rest(),
    })
}

/// Recursion is bounded, because [`check_depth`] has bounded the text.
fn parse_type(text: &str) -> Result<Type, ParseError> {
    if let Ok(name) = serde_json::from_str(text) {
        return Ok(Type::Named(name));
    }
    let mut object = Object::parse("type", text)?;
    let ty = match object.require::<String>("type")?.as_str() {
        "struct" => Type::Struct {
            fields: fields(&mut object)?,
            extra: object.rest(),
        },
        "list" => Type::List {
            id: object.require("element-id")?,
            required: object.require("element-required")?,
            element: Box::new(parse_type(object.require_raw("element")?.get())?),
            extra: object.rest(),
        },
        "map" => Type::Map {
            ids: (object.require("key-id")?, object.require("value-id")?),
            required: object.require("value-required")?,
            key: Box::new(parse_type(object.require_raw("key")?.get())?),
            value: Box::new(parse_type(object.require_raw("value")?.get())?),
            extra: object.rest(),
        },
        _ => Type::Other(Raw::printed(text.to_owned())),
    };
    Ok(ty)
}

fn print_field(out: &mut String, field: &Field) {
    let mut writer = ObjectWriter::new(out);
    writer
        .plain("id", field.id)
        .string("name", &field.name)
        .plain("required", field.required);
    print_type(writer.value("type"), &field.ty);
    writer.extra(&field.extra).end();
}

fn print_type(out: &mut String, ty: &Type) {
    match ty {
        Type::Named(name) => out.push_str(quoted(name).get()),
        Type::Other(raw) => out.push_str(raw.get()),
        Type::Struct { fields, extra } => {
            let mut writer = ObjectWriter::new(out);
            writer.string("type", "struct");
            array_of(writer.value("fields"), fields, print_field);
            writer.extra(extra).end();
        }
        Type::List {
            id,
            required,
            element,
            extra,
        } => {
            let mut writer = ObjectWriter::new(out);
            writer.string("type", "list").plain("element-id", id);
            print_type(writer.value("element"), element);
            writer
                .plain("element-required", required)
                .extra(extra)
                .end();
        }
        Type::Map {
            ids: (key_id, value_id),
            required,
            key,
            value,
            extra,
        } => {
            let mut writer = ObjectWriter::new(out);
            writer.string("type", "map").plain("key-id", key_id);
            print_type(writer.value("key"), key);
            writer.plain("value-id", value_id);
            print_type(writer.value("value"), value);
            writer.plain("value-required", required).extra(extra).end();
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
