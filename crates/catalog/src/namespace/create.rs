//! Creates a namespace.

use authz::{Action, NamespaceAction, WarehouseAction};
use model::{EventKind, NamespaceId, NamespacePath, Properties, Securable, WarehouseId};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Effects, Entity, NewNamespace, ResolveTarget, Store, StoreError};

use super::{folder, missing};
use crate::idempotency::{Interrupted, once};
use crate::warehouse::Warehouse;
use crate::{
    Catalog, CatalogError, DottedNames, ErrorKind, Request, Result, Settings, events, location,
    table_bucket,
};

/// A namespace to be created.
#[derive(Debug, Clone)]
pub struct NamespaceCreate {
    /// Its path.
    pub path: NamespacePath,
    /// Its properties.
    pub properties: Properties,
}

/// A namespace that was created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamespaceCreated {
    /// Its id.
    pub id: NamespaceId,
    /// The levels of its path.
    pub levels: Vec<String>,
    /// Its properties.
    pub properties: Properties,
}

/// Creates a namespace. Its parent must exist.
pub async fn create(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    new: NamespaceCreate,
) -> Result<NamespaceCreated> {
    once(cx, request, async {
        check_name(&cx.settings, &new.path)?;
        match new.path.parent() {
            None => {
                let (warehouse, _) = cx.resolve(warehouse, ResolveTarget::Warehouse).await?;
                let action = Action::Warehouse(WarehouseAction::CreateNamespace);
                let within = cx.require(request, action, warehouse).await?;
                let place = Place {
                    warehouse: &within,
                    parent: None,
                };
                insert(cx, request, cx.store(&within), place, new).await
            }
            Some(parent) => {
                let action = NamespaceAction::CreateNamespace;
                let within = cx
                    .require_namespace(request, warehouse, &parent, action)
                    .await?;
                let place = Place {
                    warehouse: &within.warehouse,
                    parent: Some(within.id),
                };
                insert(cx, request, cx.store(&within), place, new).await
            }
        }
    })
    .await
}

/// Where the caller may create the namespace. The parent is an id, because another namespace may have its path by
/// now.
#[derive(Clone, Copy)]
struct Place<'a> {
    warehouse: &'a Warehouse,
    parent: Option<NamespaceId>,
}

async fn insert(
    cx: &Catalog,
    request: &Request,
    store: &dyn Store,
    Place { warehouse, parent }: Place<'_>,
    new: NamespaceCreate,
) -> std::result::Result<NamespaceCreated, Interrupted> {
    let properties = stored_properties(warehouse, new.properties)?;
    table_bucket::create_namespace(cx, warehouse, &new.path).await?;
    let (id, now) = (NamespaceId::generate(), cx.now());
    let levels = new.path.levels().to_vec();
    let created = NamespaceCreated {
        id,
        levels,
        properties: answered(cx, warehouse, &new.path, id, properties.clone()).await?,
    };
    let body = json!({ "namespace": created.levels, "properties": created.properties });
    let event = events::in_warehouse(
        EventKind::CreateNamespace,
        warehouse.id(),
        &id,
        request.at(now),
        &body,
    )?;
    let idempotency = request.record(&created, now)?;
    let effects = Effects {
        idempotency,
        grants: request.ownership(Securable::Namespace(id)),
        ..Effects::telling([event])
    };
    let path = new.path.clone();
    let row = NewNamespace {
        id,
        warehouse: warehouse.id(),
        path,
        parent,
        properties,
        created_at: now,
    };
    store
        .namespace_create(row, effects)
        .await
        .map_err(|error| {
            Interrupted::of(error, |error| match error {
                StoreError::AlreadyExists(_) => {
                    let message = format!("Namespace already exists: {}", new.path);
                    CatalogError::new(ErrorKind::AlreadyExists, message)
                }
                StoreError::NotFound(Entity::NamespacePath(parent)) => missing(&parent),
                other => other.into(),
            })
        })?;
    Ok(created)
}

pub(super) fn check_name(settings: &Settings, path: &NamespacePath) -> Result<()> {
    let first = path
        .levels()
        .first()
        .map(String::as_str)
        .unwrap_or_default();
    if settings
        .reserved_namespaces
        .iter()
        .any(|name| name.eq_ignore_ascii_case(first))
    {
        return Err(CatalogError::bad_request(format!(
            "namespace `{first}` is reserved; reserved are {:?}",
            settings.reserved_namespaces
        )));
    }
    let dotted = path.levels().iter().find(|level| level.contains('.'));
    match (settings.dotted_names, dotted) {
        (DottedNames::Refused, Some(level)) => Err(CatalogError::bad_request(format!(
            "namespace level `{level}` contains a dot, which this server refuses (`LAKEKEEPER__NAMES_WITH_DOTS`)"
        ))),
        _ => Ok(()),
    }
}

/// Properties that answers contain but the store does not.
pub(super) const COMPUTED: [&str; 2] = ["namespace_id", "managed_access"];

/// Checks properties to be stored: within bounds, and with a `location` within the warehouse. Removes [`COMPUTED`]
/// ones.
pub(super) fn stored_properties(
    warehouse: &Warehouse,
    mut properties: Properties,
) -> Result<Properties> {
    for key in COMPUTED {
        properties.remove(key);
    }
    crate::properties::check("namespace", &properties)?;
    if let Some(location) = properties.get("location") {
        table_bucket::refuse_location(warehouse, location)?;
        warehouse.profile.parse_location(location)?;
    }
    Ok(properties)
}

/// The properties of an answer: with a `location`, because engines that choose a table's location themselves (Trino)
/// choose it below the namespace's. If it is not set, it is computed and not stored, so that it follows the
/// warehouse. In a table bucket it is left out, because there is nothing to choose.
pub(super) async fn answered(
    cx: &Catalog,
    warehouse: &Warehouse,
    path: &NamespacePath,
    id: NamespaceId,
    mut properties: Properties,
) -> Result<Properties> {
    if !properties.contains_key("location") && !warehouse.profile.is_table_bucket() {
        let location = if warehouse.profile.layout().has_namespace_folders() {
            folder(cx, warehouse, path, id).await?
        } else {
            warehouse.profile.base_location().join(&id.to_string())?
        };
        properties.insert("location".to_owned(), location::spelled(&location));
    }
    Ok(properties)
}
