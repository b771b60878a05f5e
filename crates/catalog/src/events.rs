//! Builds the events of the use cases.

use std::fmt::Display;

use model::{Actor, Event, EventKind, Origin, TabularKind, Timestamp, WarehouseId};
use serde::Serialize;

use crate::{CatalogError, Request, Result};

/// A change of a table, view or generic table.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Change {
    Create,
    Update,
    Rename,
    Drop,
}

impl Change {
    /// The kind of event for this change.
    pub(crate) const fn of(self, kind: TabularKind) -> EventKind {
        match (kind, self) {
            (TabularKind::Table, Self::Create) => EventKind::CreateTable,
            (TabularKind::Table, Self::Update) => EventKind::UpdateTable,
            (TabularKind::Table, Self::Rename) => EventKind::RenameTable,
            (TabularKind::Table, Self::Drop) => EventKind::DropTable,
            (TabularKind::View, Self::Create) => EventKind::CreateView,
            (TabularKind::View, Self::Update) => EventKind::UpdateView,
            (TabularKind::View, Self::Rename) => EventKind::RenameView,
            (TabularKind::View, Self::Drop) => EventKind::DropView,
            (TabularKind::GenericTable, Self::Create) => EventKind::CreateGenericTable,
            (TabularKind::GenericTable, Self::Update) => EventKind::UpdateGenericTable,
            (TabularKind::GenericTable, Self::Rename) => EventKind::RenameGenericTable,
            (TabularKind::GenericTable, Self::Drop) => EventKind::DropGenericTable,
        }
    }
}

/// The body of a commit's event. The updates are copied as the client sent them: parsing them into a
/// `serde_json::Value` would change some numbers, and fail for others.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct CommitBody<'a, U> {
    pub(crate) location: &'a str,
    pub(crate) metadata_location: &'a str,
    pub(crate) name: &'a str,
    pub(crate) namespace: &'a [String],
    pub(crate) updates: &'a [U],
}

/// The request that caused an event, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cause<'a> {
    request: &'a Request,
    at: Timestamp,
}

impl Request {
    /// This request as the cause of an event at `now`.
    pub(crate) const fn at(&self, now: Timestamp) -> Cause<'_> {
        Cause {
            request: self,
            at: now,
        }
    }
}

/// An event in a warehouse.
pub(crate) fn in_warehouse(
    kind: EventKind,
    warehouse: WarehouseId,
    subject: &dyn Display,
    by: Cause<'_>,
    body: &impl Serialize,
) -> Result<Event> {
    Ok(Event {
        warehouse: Some(warehouse),
        ..of_server(kind, subject, by, body)?
    })
}

/// An event outside of any warehouse.
pub(crate) fn of_server(
    kind: EventKind,
    subject: &dyn Display,
    Cause { request, at }: Cause<'_>,
    body: &impl Serialize,
) -> Result<Event> {
    let body = serde_json::value::to_raw_value(body).map_err(CatalogError::internal)?;
    Ok(Event {
        kind,
        at,
        warehouse: None,
        subject: subject.to_string(),
        body,
        origin: Origin {
            actor: Actor::from(&request.caller),
            request: Some(request.origin.request_id.clone()),
            ..Origin::generate()
        },
    })
}
