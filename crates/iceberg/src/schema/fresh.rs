//! New field ids for a new table.

use std::collections::HashMap;

use super::{Field, Schema, Type};
use crate::error::UpdateError;

/// Hands out field ids from 1 and remembers which old id became which new one.
///
/// The order is the Java reference's: all fields of a struct first, then the fields nested in them.
#[derive(Default)]
pub(crate) struct FreshIds {
    last: i32,
    new_by_old: HashMap<i32, i32>,
}

impl FreshIds {
    /// Renumbers every field of a schema, its identifier fields too.
    pub(crate) fn assign(&mut self, schema: &mut Schema) -> Result<(), UpdateError> {
        self.fields(&mut schema.fields)?;
        for id in &mut schema.identifier_field_ids {
            *id = self.new_id(*id).ok_or_else(|| {
                UpdateError::invalid(format!("Cannot find identifier field {id} in the schema"))
            })?;
        }
        Ok(())
    }

    pub(crate) fn new_id(&self, old: i32) -> Option<i32> {
        self.new_by_old.get(&old).copied()
    }

    /// The highest id that was handed out.
    pub(crate) fn last(&self) -> i32 {
        self.last
    }

    fn fields(&mut self, fields: &mut [Field]) -> Result<(), UpdateError> {
        for field in fields.iter_mut() {
            field.id = self.next(field.id)?;
        }
        fields
            .iter_mut()
            .try_for_each(|field| self.inside(&mut field.ty))
    }

    fn inside(&mut self, ty: &mut Type) -> Result<(), UpdateError> {
        match ty {
            Type::Named(_) | Type::Other(_) => Ok(()),
            Type::Struct { fields, .. } => self.fields(fields),
            Type::List { id, element, .. } => {
                *id = self.next(*id)?;
                self.inside(element)
            }
            Type::Map {
                ids, key, value, ..
            } => {
                *ids = (self.next(ids.0)?, self.next(ids.1)?);
                self.inside(key)?;
                self.inside(value)
            }
        }
    }

    fn next(&mut self, old: i32) -> Result<i32, UpdateError> {
        self.last = self
            .last
            .checked_add(1)
            .ok_or_else(|| UpdateError::invalid("the schema has more fields than field ids"))?;
        self.new_by_old.insert(old, self.last);
        Ok(self.last)
    }
}
