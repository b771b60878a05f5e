//! Events of the use cases.

use std::fmt::Display;

use model::{Event, EventKind, Timestamp, WarehouseId};
use serde::Serialize;

use crate::{CatalogError, Result};

/// An event in a warehouse.
pub(crate) fn in_warehouse(
    kind: EventKind,
    warehouse: WarehouseId,
    subject: &dyn Display,
    at: Timestamp,
    body: &impl Serialize,
) -> Result<Event> {
    let body = serde_json::value::to_raw_value(body).map_err(CatalogError::internal)?;
    Ok(Event {
        kind,
        at,
        warehouse: Some(warehouse),
        subject: subject.to_string(),
        body,
    })
}

/// An event outside of warehouses.
pub(crate) fn of_server(
    kind: EventKind,
    subject: &dyn Display,
    at: Timestamp,
    body: &impl Serialize,
) -> Result<Event> {
    let body = serde_json::value::to_raw_value(body).map_err(CatalogError::internal)?;
    Ok(Event {
        kind,
        at,
        warehouse: None,
        subject: subject.to_string(),
        body,
    })
}
