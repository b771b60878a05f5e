//! Which schemas a format version can hold.

use std::fmt::Write as _;

use super::{Field, Schema, SchemaIndex, Type};
use crate::error::{ParseError, UpdateError};

/// The format version that brought default values.
const DEFAULTS_SINCE: u8 = 3;

/// Refuses types and defaults that a table of this format version cannot have.
pub(crate) fn check_compatibility(schema: &Schema, format_version: u8) -> Result<(), UpdateError> {
    if format_version >= DEFAULTS_SINCE {
        return Ok(());
    }
    let index = SchemaIndex::new(schema)?;
    let mut problems: Vec<(i32, String)> = index
        .nodes()
        .filter(|(_, node)| format_version < node.kind.since())
        .map(|(id, node)| {
            let since = node.kind.since();
            let text = format!(
                "Invalid type for {}: {} is not supported until v{since}",
                node.name, node.shown
            );
            (id, text)
        })
        .collect();
    initial_defaults(&schema.fields, &index, &mut problems)?;
    if problems.is_empty() {
        return Ok(());
    }
    problems.sort_by_key(|(id, _)| *id);
    let mut message = format!("Invalid schema for v{format_version}:");
    for (_, problem) in problems {
        // Writing to a `String` does not fail.
        let _ = write!(message, "\n- {problem}");
    }
    Err(UpdateError::Invalid(message))
}

fn initial_defaults(
    fields: &[Field],
    index: &SchemaIndex,
    problems: &mut Vec<(i32, String)>,
) -> Result<(), ParseError> {
    for field in fields {
        let default = field.extra.iter().find(|(key, _)| key == "initial-default");
        if let Some((_, value)) = default.filter(|(_, value)| value.get() != "null") {
            let name = index
                .node(field.id)
                .map_or(field.name.as_str(), |node| &node.name);
            let text = format!(
                "Invalid initial default for {name}: non-null default ({}) is not supported until \
                 v{DEFAULTS_SINCE}",
                value.get()
            );
            problems.push((field.id, text));
        }
        nested_defaults(&field.ty, index, problems)?;
    }
    Ok(())
}

fn nested_defaults(
    ty: &Type,
    index: &SchemaIndex,
    problems: &mut Vec<(i32, String)>,
) -> Result<(), ParseError> {
    match ty {
        Type::Named(_) | Type::Other(_) => Ok(()),
        Type::Struct { fields, .. } => initial_defaults(fields, index, problems),
        Type::List { element, .. } => nested_defaults(element, index, problems),
        Type::Map { key, value, .. } => {
            nested_defaults(key, index, problems)?;
            nested_defaults(value, index, problems)
        }
    }
}
