//! Finds a schema's fields by id and by name, and checks its ids, names and identifier fields.

use std::collections::HashMap;

use super::{Field, Kind, Schema, Type};
use crate::error::ParseError;

/// Every field of a schema, list elements, map keys and map values included.
#[derive(Default)]
pub(crate) struct SchemaIndex {
    nodes: HashMap<i32, Node>,
    names: HashMap<String, i32>,
    short_names: HashMap<String, i32>,
    /// The length of all full names together, in bytes.
    name_bytes: usize,
}

/// The bound on the length of all full names together. A full name repeats the names of its parents, so a few
/// long names could otherwise exhaust the memory.
const MAX_NAME_BYTES: usize = 16 << 20;

/// One field and its parent.
pub(crate) struct Node {
    /// Full name: `a.b`, `list.element`, `map.key`.
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// The type as messages show it.
    pub(crate) shown: String,
    required: bool,
    pub(crate) parent: Option<i32>,
}

/// The parent of the fields that are indexed next: its full name, its short name and its id. At the root the
/// names are empty.
#[derive(Clone, Copy)]
struct Parent<'p> {
    name: &'p str,
    short: &'p str,
    id: Option<i32>,
}

impl SchemaIndex {
    /// Indexes a schema; fails if an id or a full name occurs twice.
    pub(crate) fn new(schema: &Schema) -> Result<Self, ParseError> {
        let mut index = Self::default();
        let root = Parent {
            name: "",
            short: "",
            id: None,
        };
        index.fields(&schema.fields, root)?;
        Ok(index)
    }

    pub(crate) fn node(&self, id: i32) -> Option<&Node> {
        self.nodes.get(&id)
    }

    /// The id of a field by its full name, or by its short one (`list.x` for `list.element.x`).
    pub(crate) fn id_of(&self, name: &str) -> Option<i32> {
        self.names
            .get(name)
            .or_else(|| self.short_names.get(name))
            .copied()
    }

    fn fields(&mut self, fields: &[Field], parent: Parent<'_>) -> Result<(), ParseError> {
        for field in fields {
            let name = join(parent.name, &field.name);
            let short = join(parent.short, &field.name);
            let node = Node {
                name: name.clone(),
                kind: Kind::of(&field.ty),
                shown: field.ty.to_string(),
                required: field.required,
                parent: parent.id,
            };
            self.add(field.id, node)?;
            if !parent.name.is_empty() && short != name {
                self.short_names.entry(short.clone()).or_insert(field.id);
            }
            let inner = Parent {
                name: &name,
                short: &short,
                id: Some(field.id),
            };
            self.children(&field.ty, inner)?;
        }
        Ok(())
    }

    fn children(&mut self, ty: &Type, parent: Parent<'_>) -> Result<(), ParseError> {
        match ty {
            Type::Named(_) | Type::Other(_) => Ok(()),
            Type::Struct { fields, .. } => self.fields(fields, parent),
            Type::List {
                id,
                required,
                element,
                ..
            } => self.part("element", (*id, *required, element), parent),
            Type::Map {
                ids: (key_id, value_id),
                required,
                key,
                value,
                ..
            } => {
                self.part("key", (*key_id, true, key), parent)?;
                self.part("value", (*value_id, *required, value), parent)
            }
        }
    }

    /// Indexes a list's element, or a map's key or value.
    fn part(
        &mut self,
        part: &str,
        (id, required, ty): (i32, bool, &Type),
        parent: Parent<'_>,
    ) -> Result<(), ParseError> {
        let name = join(parent.name, part);
        let node = Node {
            name: name.clone(),
            kind: Kind::of(ty),
            shown: ty.to_string(),
            required,
            parent: parent.id,
        };
        self.add(id, node)?;
        if parent.short != parent.name {
            self.short_names
                .entry(join(parent.short, part))
                .or_insert(id);
        }
        // A struct in a list or map value: the short names of its fields leave out `element` or `value`.
        let skipped = matches!(ty, Type::Struct { .. }) && part != "key";
        let short = if skipped {
            parent.short.to_owned()
        } else {
            join(parent.short, part)
        };
        self.children(
            ty,
            Parent {
                name: &name,
                short: &short,
                id: Some(id),
            },
        )
    }

    fn add(&mut self, id: i32, node: Node) -> Result<(), ParseError> {
        let name = node.name.clone();
        self.name_bytes = self.name_bytes.saturating_add(name.len());
        if self.name_bytes > MAX_NAME_BYTES {
            let problem =
                format_args!("its full column names are longer than {MAX_NAME_BYTES} bytes in all");
            return Err(ParseError::new("schema", problem));
        }
        if let Some(other) = self.names.insert(name.clone(), id) {
            let problem = format_args!("multiple fields for name {name}: {other} and {id}");
            return Err(ParseError::new("schema", problem));
        }
        if let Some(other) = self.nodes.insert(id, node) {
            let problem = format_args!(
                "the field id {id} belongs to both {} and {name}",
                other.name
            );
            return Err(ParseError::new("schema", problem));
        }
        Ok(())
    }
}

/// Checks names, ids and identifier fields (table spec, "Identifier Field IDs").
pub(crate) fn check_structure(schema: &Schema) -> Result<(), ParseError> {
    let index = SchemaIndex::new(schema)?;
    for id in &schema.identifier_field_ids {
        identifier_field(&index, *id).map_err(|problem| ParseError::new("schema", problem))?;
    }
    Ok(())
}

fn identifier_field(index: &SchemaIndex, id: i32) -> Result<(), String> {
    let Some(field) = index.node(id) else {
        return Err(format!(
            "Cannot add fieldId {id} as an identifier field: field does not exist"
        ));
    };
    let kind = field.kind;
    let refuse = |why: &str| {
        Err(format!(
            "Cannot add field {} as an identifier field: {why}",
            field.name
        ))
    };
    if !kind.is_primitive() {
        return refuse("not a primitive type field");
    }
    if !field.required {
        return refuse("not a required field");
    }
    if kind == Kind::FloatingPoint {
        return refuse("must not be float or double field");
    }
    let mut parent = field.parent.and_then(|id| index.node(id));
    while let Some(outer) = parent {
        if outer.kind != Kind::Struct {
            return refuse(&format!("must not be nested in {}", outer.name));
        }
        if !outer.required {
            return refuse(&format!(
                "must not be nested in an optional field {}",
                outer.name
            ));
        }
        parent = outer.parent.and_then(|id| index.node(id));
    }
    Ok(())
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}
