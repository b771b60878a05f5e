//! Vends new credentials to engines whose old ones expire.

use std::sync::Arc;

use authz::Decision;
use model::TabularKind;
use objects::Permission;

use super::loaded::Loaded;
use super::target::{AtPath, data_action, missing};
use crate::delegation::{FileAccess, FolderAccess};
use crate::{Catalog, Credential, Request, Result};

/// The table or view at the path, if the caller may read its files, and credentials for them if they are vended.
pub async fn credentials(
    cx: &Catalog,
    request: &Request,
    at: AtPath<'_>,
    kind: TabularKind,
) -> Result<(Loaded, Option<Arc<Credential>>)> {
    let (judged, target, versioned) = cx.find_through(request, at, kind).await?;
    let [read, write] =
        [Permission::Read, Permission::Write].map(|permission| data_action(kind, permission));
    let (target, [may_write]) = cx
        .require_among(&judged, read, [write], target)
        .await
        .map_err(|error| error.or_missing(|| missing(kind, at.path)))?;
    let permission = match may_write {
        Decision::Allow if !judged.is_delegated() => Permission::Write,
        Decision::Allow | Decision::Deny => Permission::Read,
    };
    let access = FileAccess::of(request, &target.warehouse, kind, permission);
    let access =
        FolderAccess::to(access, &versioned).map(|to| to.at_path(&target.warehouse, at.path));
    let loaded = Loaded::of(&target.warehouse, target.id(), &versioned).with_access(access);
    let loaded = loaded.reached(&judged);
    let credential = loaded.credential(cx).await?;
    Ok((loaded, credential))
}
