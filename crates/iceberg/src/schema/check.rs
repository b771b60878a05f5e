//! Checks whether a format version allows the types, default values and docs of a schema.

use std::fmt::Write as _;

use super::types::LAST_CLOSED_VERSION;
use super::{Field, Kind, KnownSchemas, Schema, SchemaIndex, StoredSchema, Type, default, types};
use crate::error::UpdateError;

/// The first format version with default values.
const DEFAULTS_SINCE: u8 = 3;

/// A part of a field that the format version does not allow.
#[derive(Debug, PartialEq, Eq)]
struct Problem {
    field: i32,
    /// `type`, `doc`, `initial default` or `write default`.
    part: &'static str,
    text: String,
}

/// Refuses types and defaults that a table of this format version cannot have, and docs that are not strings.
pub(crate) fn check_compatibility(schema: &Schema, format_version: u8) -> Result<(), UpdateError> {
    refuse_if_any(schema, format_version, problems(schema, format_version))
}

impl KnownSchemas {
    /// Like [`check_compatibility`], for a schema that is added to `stored`. A problem that a stored schema already
    /// has at the same field is accepted, so that a table with such a schema can still evolve.
    pub(crate) fn check_compatibility(
        &mut self,
        schema: &Schema,
        stored: &[StoredSchema],
        format_version: u8,
    ) -> Result<(), UpdateError> {
        let mut found = problems(schema, format_version);
        // The newest schema first: the new one is most likely an edit of it.
        for one in stored.iter().rev() {
            if found.is_empty() {
                return Ok(());
            }
            let known = problems(self.get(one)?, format_version);
            found.retain(|problem| !known.contains(problem));
        }
        refuse_if_any(schema, format_version, found)
    }
}

fn refuse_if_any(
    schema: &Schema,
    format_version: u8,
    mut found: Vec<Problem>,
) -> Result<(), UpdateError> {
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
            // The Java reference accepts a write default in every version.
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
