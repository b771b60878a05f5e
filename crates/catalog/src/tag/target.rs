//! Finds the thing that a tag is attached to, and requires rights on it.

use authz::{
    Action, Authorized, GenericTableAction, InWarehouse, NamespaceAction, Protected, Resource,
    TableAction, ViewAction, WarehouseAction,
};
use iceberg::TableMetadata;
use model::{Excerpt, NamespaceId, TabularId, TabularKind, TagTarget, WarehouseId};
use store::{ResolveTarget, StoreError, TabularContent};

use crate::heavy::heavy;
use crate::tabular::missing;
use crate::{Catalog, CatalogError, Request, Result, TagErrorKind, namespace, project};

/// The thing that a request attaches a tag to, or whose tags it reads.
#[derive(Debug, Clone)]
pub enum TagSubject {
    /// The warehouse itself.
    Warehouse,
    /// A namespace.
    Namespace(NamespaceId),
    /// A table, view or generic table.
    Tabular(TabularKind, TabularId),
    /// A column of a table, by its full name.
    Column(TabularId, String),
}

/// What a request does with the tags of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// List its tags.
    See,
    /// Attach a tag.
    Attach,
    /// Detach a tag.
    Detach,
}

/// A thing that has tags.
#[derive(Debug)]
pub(super) struct Tagged {
    resource: Resource,
    pub(super) warehouse: WarehouseId,
    /// The namespace that the thing is or lies in.
    pub(super) namespace: Option<NamespaceId>,
}

impl Protected for Tagged {
    fn resource(&self) -> Resource {
        self.resource.clone()
    }
}

const fn needed(subject: &TagSubject, purpose: Purpose) -> Action {
    let sees = matches!(purpose, Purpose::See);
    match (subject, sees) {
        (TagSubject::Warehouse, true) => Action::Warehouse(WarehouseAction::GetMetadata),
        (TagSubject::Warehouse, false) => Action::Warehouse(WarehouseAction::ManageTags),
        (TagSubject::Namespace(_), true) => Action::Namespace(NamespaceAction::GetMetadata),
        (TagSubject::Namespace(_), false) => Action::Namespace(NamespaceAction::ManageTags),
        (TagSubject::Tabular(TabularKind::Table, _) | TagSubject::Column(..), true) => {
            Action::Table(TableAction::GetMetadata)
        }
        (TagSubject::Tabular(TabularKind::Table, _) | TagSubject::Column(..), false) => {
            Action::Table(TableAction::ManageTags)
        }
        (TagSubject::Tabular(TabularKind::View, _), true) => Action::View(ViewAction::GetMetadata),
        (TagSubject::Tabular(TabularKind::View, _), false) => Action::View(ViewAction::ManageTags),
        (TagSubject::Tabular(TabularKind::GenericTable, _), true) => {
            Action::GenericTable(GenericTableAction::GetMetadata)
        }
        (TagSubject::Tabular(TabularKind::GenericTable, _), false) => {
            Action::GenericTable(GenericTableAction::ManageTags)
        }
    }
}

/// The subject, if the caller has the right that `purpose` needs.
pub(super) async fn require(
    cx: &Catalog,
    request: &Request,
    (warehouse, subject): (WarehouseId, &TagSubject),
    purpose: Purpose,
) -> Result<(Authorized<Tagged>, TagTarget)> {
    let within = within(cx, request, warehouse).await?;
    let action = needed(subject, purpose);
    let tagged = |resource, namespace| Tagged {
        resource,
        warehouse,
        namespace,
    };
    let (tagged, target) = match subject {
        TagSubject::Warehouse => {
            let resource = Resource::Warehouse(within);
            (tagged(resource, None), TagTarget::Warehouse)
        }
        TagSubject::Namespace(id) => {
            let found = cx.lookup().namespace_load(warehouse, *id).await;
            found.map_err(|error| match error {
                StoreError::NotFound(_) => namespace::missing(id),
                other => other.into(),
            })?;
            let resource = Resource::Namespace(within, *id);
            (tagged(resource, Some(*id)), TagTarget::Namespace(*id))
        }
        TagSubject::Tabular(kind, id) => {
            let (namespace, _) = tabular(cx, warehouse, *kind, *id).await?;
            let resource = Resource::Tabular(*kind, within, namespace, *id);
            let target = TagTarget::Tabular(*kind, *id);
            (tagged(resource, Some(namespace)), target)
        }
        TagSubject::Column(table, name) => {
            let (namespace, content) = tabular(cx, warehouse, TabularKind::Table, *table).await?;
            let resource = Resource::Tabular(TabularKind::Table, within, namespace, *table);
            let tagged = tagged(resource, Some(namespace));
            let tagged = cx.require(request, action, tagged).await?;
            let target = TagTarget::Column(*table, column(&content, name, purpose)?);
            return Ok((tagged, target));
        }
    };
    Ok((cx.require(request, action, tagged).await?, target))
}

/// The warehouse, if it is in the request's project: tags of one project cannot be attached to things of another.
async fn within(cx: &Catalog, request: &Request, id: WarehouseId) -> Result<InWarehouse> {
    let asked = project::of_request(cx, request)?;
    let (found, _) = cx.resolve(id, ResolveTarget::Warehouse).await?;
    if found.row.project == asked {
        return Ok(found.as_resource());
    }
    let message = format!("warehouse `{id}` is not in the project `{asked}`");
    Err(CatalogError::new(
        TagErrorKind::NoSuchTarget.into(),
        message,
    ))
}

async fn tabular(
    cx: &Catalog,
    warehouse: WarehouseId,
    kind: TabularKind,
    id: TabularId,
) -> Result<(NamespaceId, TabularContent)> {
    match cx.lookup().tabular_load(warehouse, id).await {
        Ok(row) if row.kind == kind => Ok((row.namespace, row.content)),
        Ok(_) | Err(StoreError::NotFound(_)) => Err(missing(kind, &id)),
        Err(error) => Err(error.into()),
    }
}

/// The field id of a column. A tag can only be attached to columns of the current schema. It can be listed and
/// detached also for a column that is no longer in it: by the column's last name, or by its field id if no schema has
/// that name any more.
fn column(content: &TabularContent, name: &str, purpose: Purpose) -> Result<i32> {
    let stored = &content.metadata;
    let found: Result<_> = heavy(stored.json_len(), || {
        let metadata = TableMetadata::parse(&stored.decode()?).map_err(CatalogError::internal)?;
        let current = metadata.column_id(name).map_err(CatalogError::internal)?;
        if current.is_some() || purpose == Purpose::Attach {
            return Ok(current);
        }
        let former = metadata.former_column_id(name);
        let known = 1..=metadata.last_column_id();
        let by_id = name.parse().ok().filter(|id| known.contains(id));
        Ok(former.map_err(CatalogError::internal)?.or(by_id))
    });
    found?.ok_or_else(|| {
        let shown = Excerpt(name);
        let message = format!("column `{shown}` is not in the table's current schema");
        CatalogError::new(TagErrorKind::NoSuchColumn.into(), message)
    })
}
