//! The configuration that an engine loads before its first call (`GET /v1/config`).

use std::sync::Arc;

use authz::{Action, Authorized, WarehouseAction};
use model::{Name, ProjectId, WarehouseId};
use objects::DeletionMode;
use store::{ResolveTarget, StoreError, WarehouseStatus};

use crate::tabular::collect;
use crate::warehouse::{DeleteProfile, Warehouse, WarehouseTarget};
use crate::{Catalog, CatalogError, ErrorKind, ListQuery, Request, Result, project, user};

/// A warehouse and the defaults that it gives engines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogConfig {
    /// The warehouse's id, which is the prefix of all further calls.
    pub warehouse: WarehouseId,
    /// Settings that the engine may override.
    pub defaults: Vec<(String, String)>,
}

const CONFIGURE: Action = Action::Warehouse(WarehouseAction::GetConfig);

/// The configuration for the warehouse that `warehouse` names: by name, by id, or as `project/name`. If `warehouse`
/// is absent or empty, for the only active warehouse of the project that the caller may use. Registers the caller as
/// a user if it is new.
pub async fn load(
    cx: &Catalog,
    request: &Request,
    warehouse: Option<&str>,
) -> Result<CatalogConfig> {
    user::register_if_new(cx, request).await?;
    let named = warehouse.filter(|text| !text.is_empty());
    let warehouse = if let Some(text) = named {
        let found = find(cx, request, text).await?;
        let required = cx.require(request, CONFIGURE, found).await;
        let required = required.map_err(|error| error.or_missing(|| missing(text)))?;
        required.into_inner()
    } else {
        let WarehouseTarget(row) = only(cx, request).await?.into_inner();
        cx.warehouses.put(row)?
    };
    let deletion = match warehouse.settings.delete_profile {
        DeleteProfile::Hard => DeletionMode::Hard,
        DeleteProfile::Soft { .. } => DeletionMode::Soft,
    };
    Ok(CatalogConfig {
        warehouse: warehouse.id(),
        defaults: warehouse.profile.catalog_defaults(deletion),
    })
}

fn missing(text: &str) -> CatalogError {
    let message = format!("Warehouse does not exist: {text}");
    CatalogError::new(ErrorKind::NoSuchWarehouse, message)
}

async fn find(cx: &Catalog, request: &Request, text: &str) -> Result<Arc<Warehouse>> {
    let (project, name) = match text
        .split_once('/')
        .map(|(left, right)| (left.parse::<ProjectId>(), right))
    {
        Some((Ok(project), name)) => (project, name),
        _ => (project::of_request(cx, request)?, text),
    };
    let name = Name::parse("warehouse", name).map_err(|_| missing(text))?;
    if let Some(known) = find_again(cx, &project, &name).await? {
        return Ok(known);
    }
    let found = cx.lookup().warehouse_find(&project, &name).await?;
    let is_name = found.is_some();
    let found = match (found, name.as_str().parse::<WarehouseId>()) {
        (Some(row), _) => Some(row),
        (None, Ok(id)) => match cx.lookup().warehouse_load(id).await {
            Ok(row) => Some(row),
            Err(StoreError::NotFound(_)) => None,
            Err(error) => return Err(error.into()),
        },
        (None, Err(_)) => None,
    };
    let found = found.filter(|row| row.status == WarehouseStatus::Active);
    let found = cx.warehouses.put(found.ok_or_else(|| missing(text))?)?;
    if is_name {
        cx.warehouses.remember(project, &name, &found);
    }
    Ok(found)
}

/// The warehouse that had this name at the last lookup, if its version is unchanged: a rename would have changed the
/// version.
async fn find_again(
    cx: &Catalog,
    project: &ProjectId,
    name: &Name,
) -> Result<Option<Arc<Warehouse>>> {
    let Some((id, version)) = cx.warehouses.named(project, name) else {
        return Ok(None);
    };
    match cx.resolve(id, ResolveTarget::Warehouse).await {
        Ok((warehouse, _)) => Ok(Some(warehouse).filter(|one| one.row.version == version)),
        Err(error) if error.kind == ErrorKind::NoSuchWarehouse => Ok(None),
        Err(error) => Err(error),
    }
}

async fn only(cx: &Catalog, request: &Request) -> Result<Authorized<WarehouseTarget>> {
    let project = project::of_request(cx, request)?;
    let store = cx.lookup();
    let all = collect(ListQuery::Everything, async |page| {
        Ok(store.warehouse_list(&project, page).await?)
    });
    let rows = all.await?.items.into_iter();
    let active = rows.filter(|row| row.status == WarehouseStatus::Active);
    // Warehouses that the caller may not use do not count: they are neither chosen nor make the choice ambiguous.
    let active = active.map(WarehouseTarget).collect();
    let mut visible = cx.filter(request, CONFIGURE, active).await?.into_iter();
    match (visible.next(), visible.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(CatalogError::bad_request(format!(
            "the query parameter `warehouse` is missing, and project `{project}` has no active warehouse"
        ))),
        (Some(_), Some(_)) => Err(CatalogError::bad_request(format!(
            "the query parameter `warehouse` is missing, and project `{project}` has more than one warehouse to choose from"
        ))),
    }
}
