//! The approximate size of a schema's JSON, without printing it.

use super::{Field, Schema, Type};
use crate::json::size_of_extra;

/// About how many bytes of JSON a field or nested type has besides its name, its type and its unknown members.
const OVERHEAD_BYTES: usize = 40;

impl Schema {
    /// The approximate size of the schema's JSON, in bytes.
    pub(crate) fn size(&self) -> usize {
        OVERHEAD_BYTES + size_of(&self.fields) + size_of_extra(&self.extra)
    }
}

fn size_of(fields: &[Field]) -> usize {
    let size = |field: &Field| {
        OVERHEAD_BYTES + field.name.len() + size_in(&field.ty) + size_of_extra(&field.extra)
    };
    fields.iter().map(size).sum()
}

fn size_in(ty: &Type) -> usize {
    match ty {
        Type::Named(name) => name.len(),
        Type::Other(raw) => raw.get().len(),
        Type::Struct { fields, extra } => OVERHEAD_BYTES + size_of(fields) + size_of_extra(extra),
        Type::List { element, extra, .. } => {
            OVERHEAD_BYTES + size_in(element) + size_of_extra(extra)
        }
        Type::Map {
            key, value, extra, ..
        } => OVERHEAD_BYTES + size_in(key) + size_in(value) + size_of_extra(extra),
    }
}
