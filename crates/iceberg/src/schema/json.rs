//! Schemas from and to JSON.

use super::{Field, Schema, Type};
use crate::error::ParseError;
use crate::json::{Object, ObjectWriter, Raw, array_of, quoted};

impl Schema {
    /// Reads a schema without checking its ids, names and identifier fields.
    pub(super) fn parse_unchecked(text: &str) -> Result<Self, ParseError> {
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

    /// The schema as JSON, with `id` in place of its own id.
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

/// Recursion is bounded, because [`check_depth`](crate::json::check_depth) has bounded the nesting of the text.
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
