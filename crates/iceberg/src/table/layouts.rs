//! Updates of schemas, partition specs and sort orders.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use super::StoredSchema;
use super::builder::{Builder, LAST_ADDED};
use crate::error::UpdateError;
use crate::layout::{FIRST_ORDER_ID, FIRST_PARTITION_ID, PartitionSpec, SortOrder, UNSORTED_ID};
use crate::schema::{Schema, SchemaIndex};

impl Builder<'_> {
    /// Adds a schema, unless an equal schema exists. In later updates −1 stands for the added or the existing schema.
    pub(super) fn add_schema(&mut self, schema: &Schema) -> Result<(), UpdateError> {
        let version = self.meta.format_version;
        let known = &mut self.known_schemas;
        known.check_compatibility(schema, &self.meta.schemas, version)?;
        let highest = self.meta.last_column_id.max(schema.highest_field_id());
        let id = match self.known_schemas.equal_to(schema, &self.meta.schemas)? {
            Some(id) => id,
            None => self.push_schema(schema)?,
        };
        self.changed |= highest != self.meta.last_column_id;
        self.meta.last_column_id = highest;
        self.last_added_schema = Some(id);
        Ok(())
    }

    fn push_schema(&mut self, schema: &Schema) -> Result<i32, UpdateError> {
        let highest = self.meta.schemas.iter().map(|stored| stored.id).max();
        let id = match highest {
            Some(highest) => next_id("schema", highest)?.max(0),
            None => self.meta.current_schema_id,
        };
        self.meta.schemas.push(StoredSchema {
            id,
            raw: schema.to_raw(Some(id)),
        });
        self.known_schemas.add(id, schema.clone());
        self.columns = None;
        self.changed = true;
        Ok(id)
    }

    pub(super) fn set_current_schema(&mut self, id: i32) -> Result<(), UpdateError> {
        let id = last_added(
            id,
            self.last_added_schema,
            "schema: no schema has been added",
        )?;
        if !self.meta.schemas.iter().any(|schema| schema.id == id) {
            return Err(UpdateError::Invalid(format!(
                "Cannot set current schema to unknown schema: {id}"
            )));
        }
        if id != self.meta.current_schema_id && self.taken_names.is_none() {
            // If the current schema cannot be read, no names count as taken, so that it can still be replaced.
            self.taken_names = Some(self.meta.taken_partition_names().unwrap_or_default());
        }
        let before = std::mem::replace(&mut self.meta.current_schema_id, id);
        self.note_default(before, id);
        Ok(())
    }

    pub(super) fn remove_schemas(&mut self, ids: &[i32]) -> Result<(), UpdateError> {
        if ids.contains(&self.meta.current_schema_id) {
            return Err(UpdateError::invalid("Cannot remove the current schema"));
        }
        let before = self.meta.schemas.len();
        let ids: HashSet<i32> = ids.iter().copied().collect();
        self.meta.schemas.retain(|schema| !ids.contains(&schema.id));
        self.changed |= self.meta.schemas.len() != before;
        Ok(())
    }

    /// Adds a spec for the current schema, unless an equal spec exists.
    pub(super) fn add_spec(&mut self, spec: &PartitionSpec) -> Result<(), UpdateError> {
        let mut spec = spec.clone();
        spec.normalize_for_version(self.meta.format_version)?;
        self.fill_partition_ids(&mut spec)?;
        let index = self.current_columns()?;
        spec.check_names(&index)?;
        spec.check_sources(&index)?;
        if let Some(same) = self.meta.specs.iter().find(|stored| stored.same_as(&spec)) {
            self.last_added_spec = same.id;
            return Ok(());
        }
        if self.meta.format_version == 1 && !spec.has_sequential_ids() {
            return Err(UpdateError::Invalid(format!(
                "Spec does not use sequential IDs that are required in v1: {spec}"
            )));
        }
        let highest = self.meta.specs.iter().filter_map(|stored| stored.id).max();
        let id = highest.map_or(Ok(0), |id| next_id("partition spec", id))?;
        self.meta.last_partition_id = self.meta.last_partition_id.max(spec.highest_field_id());
        spec.id = Some(id);
        self.meta.specs.push(spec);
        self.last_added_spec = Some(id);
        self.changed = true;
        Ok(())
    }

    /// Gives fields without ids the ids of equal fields of earlier specs, or new ids. In v1, ids
    /// count up from 1000 in every spec.
    fn fill_partition_ids(&self, spec: &mut PartitionSpec) -> Result<(), UpdateError> {
        if spec.fields.iter().all(|field| field.id.is_some()) {
            return Ok(());
        }
        let (mut last, reuse) = match self.meta.format_version {
            1 => (FIRST_PARTITION_ID - 1, &[][..]),
            _ => (
                self.meta.last_partition_id.max(FIRST_PARTITION_ID - 1),
                &self.meta.specs[..],
            ),
        };
        let known: HashMap<_, _> = reuse
            .iter()
            .flat_map(|spec| &spec.fields)
            .map(|f| (f.sources_and_transform(), f.id))
            .collect();
        spec.fill_ids(|field| {
            if let Some(id) = known.get(&field.sources_and_transform()).copied().flatten() {
                return Ok(id);
            }
            last = next_id("partition field", last)?;
            Ok(last)
        })
    }

    pub(super) fn set_default_spec(&mut self, id: i32) -> Result<(), UpdateError> {
        let id = last_added(id, self.last_added_spec, "spec: no spec has been added")?;
        if !self.meta.specs.iter().any(|spec| spec.id == Some(id)) {
            return Err(UpdateError::Invalid(format!(
                "Cannot set default partition spec to unknown spec: {id}"
            )));
        }
        let before = std::mem::replace(&mut self.meta.default_spec_id, id);
        self.note_default(before, id);
        Ok(())
    }

    pub(super) fn remove_specs(&mut self, ids: &[i32]) -> Result<(), UpdateError> {
        if ids.contains(&self.meta.default_spec_id) {
            return Err(UpdateError::invalid(
                "Cannot remove the default partition spec",
            ));
        }
        let before = self.meta.specs.len();
        let ids: HashSet<i32> = ids.iter().copied().collect();
        self.meta
            .specs
            .retain(|spec| spec.id.is_none_or(|id| !ids.contains(&id)));
        self.changed |= self.meta.specs.len() != before;
        Ok(())
    }

    /// Adds a sort order for the current schema, unless an equal order exists.
    pub(super) fn add_sort_order(&mut self, order: &SortOrder) -> Result<(), UpdateError> {
        let mut order = order.clone();
        order.normalize_for_version(self.meta.format_version)?;
        order.check_sources(&*self.current_columns()?)?;
        let orders = &mut self.meta.sort_orders;
        if let Some(same) = orders.iter().find(|stored| stored.same_as(&order)) {
            self.last_added_order = Some(same.id);
            return Ok(());
        }
        order.id = match orders.iter().map(|stored| stored.id).max() {
            _ if order.is_unsorted() => UNSORTED_ID,
            Some(highest) => next_id("sort order", highest)?.max(FIRST_ORDER_ID),
            None => FIRST_ORDER_ID,
        };
        self.last_added_order = Some(order.id);
        orders.push(order);
        self.changed = true;
        Ok(())
    }

    pub(super) fn set_default_sort_order(&mut self, id: i32) -> Result<(), UpdateError> {
        let id = last_added(
            id,
            self.last_added_order,
            "sort order: no sort order has been added",
        )?;
        if !self.meta.sort_orders.iter().any(|order| order.id == id) {
            return Err(UpdateError::Invalid(format!(
                "Cannot set default sort order to unknown sort order: {id}"
            )));
        }
        let before = std::mem::replace(&mut self.meta.default_sort_order_id, id);
        self.note_default(before, id);
        Ok(())
    }

    fn note_default(&mut self, before: i32, after: i32) {
        self.changed |= before != after;
        self.defaults_changed |= before != after;
    }

    /// The columns of the current schema; built once, however many specs and orders are added.
    fn current_columns(&mut self) -> Result<Rc<SchemaIndex>, UpdateError> {
        let current = self.meta.current_schema_id;
        if let Some((id, columns)) = &self.columns
            && *id == current
        {
            return Ok(Rc::clone(columns));
        }
        let text = self.meta.current_schema_json().ok_or_else(|| {
            UpdateError::invalid("a schema must be added before a partition spec or a sort order")
        })?;
        let columns = Rc::new(SchemaIndex::new(&Schema::parse(text)?)?);
        self.columns = Some((current, Rc::clone(&columns)));
        Ok(columns)
    }
}

/// Resolves an id of an update, where −1 stands for `last`, the id that was added last.
pub(crate) fn last_added(id: i32, last: Option<i32>, what: &str) -> Result<i32, UpdateError> {
    if id != LAST_ADDED {
        return Ok(id);
    }
    last.ok_or_else(|| UpdateError::Invalid(format!("Cannot set last added {what}")))
}

/// The id after `id`.
pub(crate) fn next_id(what: &str, id: i32) -> Result<i32, UpdateError> {
    id.checked_add(1)
        .ok_or_else(|| UpdateError::Invalid(format!("there is no {what} id after {id}")))
}
