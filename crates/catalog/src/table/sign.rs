//! Signs requests to a table's files for engines that have no key.

use authz::{Action, TableAction};
use model::{TabularId, TabularKind, TabularPath, WarehouseId};
use objects::{
    Location, Permission, S3Request, Scope, SignError, SignRequest, SignedRequest, StorageProfile,
};
use store::ResolveTarget;

use crate::tabular::TabularTarget;
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result};

/// The request, signed if it keeps to the files of the table at the path.
pub async fn sign(
    cx: &Catalog,
    request: &Request,
    at: (WarehouseId, &TabularPath),
    wanted: SignRequest,
) -> Result<SignedRequest> {
    let (target, versioned) = cx.find_content(at, TabularKind::Table).await?;
    let (understood, action) = understand(cx, &target.warehouse, wanted);
    let target = cx.require(request, action, target).await?;
    let location = &versioned.content.location;
    sign_within(cx, &target.warehouse, understood?, location).await
}

/// The same for a table by its id.
pub async fn sign_by_id(
    cx: &Catalog,
    request: &Request,
    at: (WarehouseId, TabularId),
    wanted: SignRequest,
) -> Result<SignedRequest> {
    let (warehouse, _) = cx.resolve(at.0, ResolveTarget::Warehouse).await?;
    let row = cx.lookup().tabular_load(at.0, at.1).await?;
    if row.kind != TabularKind::Table {
        let message = format!("Table does not exist: {}", at.1);
        return Err(CatalogError::new(ErrorKind::NoSuchTable, message));
    }
    let (understood, action) = understand(cx, &warehouse, wanted);
    let target = TabularTarget::of_row(warehouse, &row);
    let target = cx.require(request, action, target).await?;
    sign_within(cx, &target.warehouse, understood?, &row.content.location).await
}

/// What the request is, and what its caller must be allowed to. Whoever may not read is not told what is wrong with it.
fn understand(
    cx: &Catalog,
    warehouse: &Warehouse,
    wanted: SignRequest,
) -> (Result<S3Request>, Action) {
    let understood = parse(cx, warehouse, wanted);
    let action = match understood.as_ref().map(S3Request::needs) {
        Ok(Permission::Write) => TableAction::WriteData,
        Ok(Permission::Read) | Err(_) => TableAction::ReadData,
    };
    (understood, Action::Table(action))
}

fn parse(cx: &Catalog, warehouse: &Warehouse, wanted: SignRequest) -> Result<S3Request> {
    let StorageProfile::S3(profile) = &warehouse.profile else {
        let message = format!(
            "requests to storage of type `{}` are not signed, only those to `s3`",
            warehouse.profile.kind()
        );
        return Err(CatalogError::bad_request(message));
    };
    if !profile.is_remote_signing_enabled() {
        let message = "remote signing is switched off for this warehouse (`remote-signing-enabled` of its storage profile)";
        return Err(CatalogError::new(ErrorKind::Forbidden, message));
    }
    let bulk_deletes = cx.settings.storage_policy.bulk_deletes;
    Ok(S3Request::parse(profile, bulk_deletes, wanted)?)
}

async fn sign_within(
    cx: &Catalog,
    warehouse: &Warehouse,
    understood: S3Request,
    location: &str,
) -> Result<SignedRequest> {
    let scope = Scope {
        // The table's own spelling has been checked when it was claimed.
        folder: Location::parse_object(location).map_err(CatalogError::internal)?,
        permission: understood.needs(),
    };
    let signer = warehouse.signer(cx).await?;
    Ok(signer.sign(&understood, &scope).await?)
}

impl From<SignError> for CatalogError {
    fn from(error: SignError) -> Self {
        let kind = match error {
            SignError::Outside { .. } | SignError::ReadOnly { .. } | SignError::BulkDelete => {
                ErrorKind::Forbidden
            }
            SignError::Identity { .. } => ErrorKind::Unavailable,
            _ => ErrorKind::BadRequest,
        };
        Self::new(kind, error.to_string())
    }
}
