//! Which schemas a format version can hold.

use std::fmt::Write as _;

use super::types::LAST_CLOSED_VERSION;
use super::{Field, Kind, KnownSchemas, Schema, SchemaIndex, StoredSchema, Type, default, types};
use crate::error::UpdateError;

/// The format version that brought default values.
const DEFAULTS_SINCE: u8 = 3;

/// Something that a format version cannot hold, and the field that has it.
#[derive(Debug, PartialEq, Eq)]
struct Problem {
    field: i32,
    /// The type, the doc, or one of the defaults.
    part: &'static str,
    text: String,
}

/// Refuses types and defaults that a table of this format version cannot have.
pub(crate) fn check_compatibility(schema: &Schema, format_version: u8) -> Result<(), UpdateError> {
    told(schema, format_version, problems(schema, format_version))
}

impl KnownSchemas {
    /// The same for a schema that is added to others. What one of those has already, at the same field, is taken: the table is
    /// as it is, and must be able to go on.
    pub(crate) fn check_compatibility(
        &mut self,
        schema: &Schema,
        stored: &[StoredSchema],
        format_version: u8,
    ) -> Result<(), UpdateError> {
        let mut found = problems(schema, format_version);
        // The newest first: it is the one that has been changed.
        for one in stored.iter().rev() {
            if found.is_empty() {
                return Ok(());
            }
            let known = problems(self.get(one)?, format_version);
            found.retain(|problem| !known.contains(problem));
        }
        told(schema, format_version, found)
    }
}

fn told(schema: &Schema, format_version: u8, mut found: Vec<Problem>) -> Result<(), UpdateError> {
    if found.is_empty() {
        return Ok(());
    }
    let index = SchemaIndex::new(schema)?;
    found.sort_by_key(|problem| problem.field);
    let mut message = format!("Invalid schema for v{format_version}:");
    for Problem { field, part, text } in found {
        let name = index.node(field).map_or("", |node| &node.name);
        // Writing to a `String` does not fail.
        let _ = write!(message, "\n- Invalid {part} for {name}: {text}");
    }
    Err(UpdateError::Invalid(message))
}

fn problems(schema: &Schema, format_version: u8) -> Vec<Problem> {
    let mut walk = Walk {
        format_version,
        found: Vec::new(),
    };
    if format_version <= LAST_CLOSED_VERSION {
        walk.fields(&schema.fields);
    }
    walk.found
}

struct Walk {
    format_version: u8,
    found: Vec<Problem>,
}

impl Walk {
    fn fields(&mut self, fields: &[Field]) {
        for field in fields {
            for (key, value) in &field.extra {
                self.member(field, key, value.get());
            }
            self.ty(field.id, &field.ty);
        }
    }

    fn member(&mut self, field: &Field, key: &str, value: &str) {
        let (part, since) = match key {
            _ if value == "null" => return,
            "doc" if value.starts_with('"') => return,
            "doc" => return self.note(field.id, "doc", format!("{value} is not a string")),
            "initial-default" => ("initial default", DEFAULTS_SINCE),
            // Java takes it in every version.
            "write-default" => ("write default", 0),
            _ => return,
        };
        if self.format_version < since {
            let text = format!("non-null default ({value}) is not supported until v{since}");
            self.note(field.id, part, text);
        } else if !default::fits(&field.ty, value) {
            let text = format!("{value} is not a value of the type {}", field.ty);
            self.note(field.id, part, text);
        }
    }

    fn ty(&mut self, id: i32, ty: &Type) {
        let since = Kind::of(ty).since();
        if self.format_version < since {
            let text = format!("{ty} is not supported until v{since}");
            self.note(id, "type", text);
        } else if let Some(problem) = types::problem(ty) {
            self.note(id, "type", problem);
        }
        match ty {
            Type::Named(_) | Type::Other(_) => {}
            Type::Struct { fields, .. } => self.fields(fields),
            Type::List { id, element, .. } => self.ty(*id, element),
            Type::Map {
                ids, key, value, ..
            } => {
                self.ty(ids.0, key);
                self.ty(ids.1, value);
            }
        }
    }

    fn note(&mut self, field: i32, part: &'static str, text: String) {
        self.found.push(Problem { field, part, text });
    }
}
