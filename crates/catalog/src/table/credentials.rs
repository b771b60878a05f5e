//! Vends credentials for a table anew, for engines whose former ones end.

use std::sync::Arc;

use authz::{Action, Decision, TableAction};
use model::{TabularKind, TabularPath, WarehouseId};
use objects::Permission;

use crate::delegation::{Access, Grant};
use crate::{Catalog, Credential, Loaded, Request, Result};

/// The table at the path for a caller who may read its files, and credentials for them if that is how it gets at them.
pub async fn credentials(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    path: &TabularPath,
) -> Result<(Loaded, Option<Arc<Credential>>)> {
    let at = (warehouse, path);
    let (table, versioned) = cx.find_content(at, TabularKind::Table).await?;
    let [read, write] = [TableAction::ReadData, TableAction::WriteData].map(Action::Table);
    let (table, [may_write]) = cx.require_among(request, read, [write], table).await?;
    let permission = match may_write {
        Decision::Allow => Permission::Write,
        Decision::Deny => Permission::Read,
    };
    let grant = Grant::of(request, (&table.warehouse, TabularKind::Table), permission);
    let access = Access::to(grant, &versioned)?.map(|to| to.at_path(&table.warehouse, path));
    let loaded = Loaded::of(&table.warehouse, table.id(), &versioned).with_access(access);
    let credential = loaded.credential(cx).await?;
    Ok((loaded, credential))
}
