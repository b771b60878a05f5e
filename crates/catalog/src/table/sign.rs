//! Signs storage requests to a table's files, for engines without credentials.

use std::sync::Arc;

use authz::{Action, WarehouseAction};
use model::{NamespacePath, TabularId, TabularKind, WarehouseId};
use objects::{
    Location, Permission, S3Request, Scope, SignError, SignRequest, SignedRequest, StorageProfile,
    Vendor,
};
use store::ResolveTarget;

use crate::tabular::{AtPath, TabularTarget, data_action, missing};
use crate::warehouse::{self, Warehouse};
use crate::{Catalog, CatalogError, ErrorKind, ForbiddenKind, Request, Result, location};

/// Signs the request if it stays within the files of the table at the path.
pub async fn sign(
    cx: &Catalog,
    request: &Request,
    at: AtPath<'_>,
    wanted: SignRequest,
) -> Result<SignedRequest> {
    let (target, versioned) = cx.find_content(at, TabularKind::Table).await?;
    let understood = parse(cx, &target.warehouse, wanted);
    let action = needed(target.kind(), &understood);
    let required = cx.require(request, action, target).await;
    let target =
        required.map_err(|error| error.or_missing(|| missing(TabularKind::Table, at.path)))?;
    let folder = versioned.folder()?.clone();
    sign_within(cx, &target.warehouse, &understood?, folder).await
}

/// The namespace and location of a staged table. The catalog stores nothing of a staged table, so its client sends
/// them with each request.
#[derive(Debug, Clone)]
pub struct StagedTable {
    /// The namespace that the table is to be created in.
    pub namespace: NamespacePath,
    /// Its location.
    pub location: String,
}

/// What the signing address that a client was given contains.
#[derive(Debug, Clone)]
pub struct SigningAddress {
    /// The warehouse.
    pub warehouse: WarehouseId,
    /// The table that the client got the address for.
    pub id: TabularId,
    /// The namespace and location, if the table was only staged then.
    pub staged: Option<StagedTable>,
}

/// Signs a request for the table with the id in the address. If the request leads to a location outside of that
/// table, it is signed for the table there: `PyIceberg` sends the requests of all of its tables to the address that
/// it got for one of them. As long as no table has that id, requests within the location of the `staged` table are
/// signed.
pub async fn sign_by_id(
    cx: &Catalog,
    request: &Request,
    address: SigningAddress,
    wanted: SignRequest,
) -> Result<SignedRequest> {
    let SigningAddress {
        warehouse,
        id,
        staged,
    } = address;
    let (warehouse, found) = cx.find_content_by_id(warehouse, id).await?;
    let understood = parse(cx, &warehouse, wanted);
    let found = found.filter(|(target, _)| is_signed_for(target.kind()));
    let Some((target, versioned)) = found else {
        return sign_unknown(cx, request, warehouse, understood, staged).await;
    };
    let judged = cx.judged(request, warehouse.id()).await?;
    let folder = versioned.folder()?;
    if let Ok(elsewhere) = &understood
        && !elsewhere.location().is_within(folder)
    {
        return sign_at_place(cx, request, warehouse, understood).await;
    }
    let action = needed(target.kind(), &understood);
    match cx.require(&judged, action, target).await {
        Ok(_) if judged.is_delegated() && is_write(&understood) => {
            let message = "files can only be read, not written, through a view that has an owner";
            Err(CatalogError::new(
                ErrorKind::Forbidden(ForbiddenKind::Reach),
                message,
            ))
        }
        Ok(target) => sign_within(cx, &target.warehouse, &understood?, folder.clone()).await,
        // The table is hidden from the caller, so the id counts as unknown.
        Err(error) if error.is_hidden => {
            sign_unknown(cx, request, warehouse, understood, staged).await
        }
        Err(error) => Err(error),
    }
}

/// For an id that no table has: signs for the staged table, or for the table that the request leads to.
async fn sign_unknown(
    cx: &Catalog,
    request: &Request,
    warehouse: Arc<Warehouse>,
    understood: Result<S3Request>,
    staged: Option<StagedTable>,
) -> Result<SignedRequest> {
    // An invalid location is not reported, because the error would reveal the storage profile.
    if let Some(staged) = staged
        && let Ok(understood) = &understood
        && let Ok(folder) = location::check(&warehouse, &staged.location)
        && understood.location().is_within(&folder)
    {
        // These are the checks of staging the table again. So even with a forged address the caller gets nothing that
        // staging would not give it, and nothing at all once the location is in use.
        let (warehouse, namespace) = (warehouse.id(), &staged.namespace);
        let place = cx.place(request, warehouse, namespace, TabularKind::Table);
        let place = place.await?;
        place.require_free(cx, &folder).await?;
        return sign_within(cx, &place.warehouse, understood, folder).await;
    }
    sign_at_place(cx, request, warehouse, understood).await
}

/// Signs a request for the table that it leads to, by the table's present or a former location.
pub async fn sign_by_location(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    wanted: SignRequest,
) -> Result<SignedRequest> {
    let (warehouse, _) = cx.resolve(warehouse, ResolveTarget::Warehouse).await?;
    let understood = parse(cx, &warehouse, wanted);
    sign_at_place(cx, request, warehouse, understood).await
}

async fn sign_at_place(
    cx: &Catalog,
    request: &Request,
    warehouse: Arc<Warehouse>,
    understood: Result<S3Request>,
) -> Result<SignedRequest> {
    let understood = match understood {
        Ok(understood) => understood,
        Err(error) => {
            // The error reveals the storage profile. Without a table to check rights on, only a caller that may get
            // the warehouse's configuration sees it.
            let action = Action::Warehouse(WarehouseAction::GetConfig);
            cx.require(request, action, warehouse).await?;
            return Err(error);
        }
    };
    let location = understood.location();
    let no_table = || {
        let message = format!("no table that you may see is at `{location}`");
        CatalogError::new(ErrorKind::NoSuchTableLocation, message)
    };
    let place = location.normalized().to_owned();
    let found = cx.lookup().tabular_find_by_location(warehouse.id(), place);
    let found = found.await?;
    let found = found.filter(|found| is_signed_for(found.stamp.kind));
    let Some(found) = found else {
        let concealed = warehouse::concealed(cx, request, warehouse.id()).await?;
        return Err(concealed.unwrap_or_else(no_table));
    };
    let target = TabularTarget {
        warehouse,
        namespace: found.namespace,
        stamp: found.stamp,
    };
    let action = data_action(target.kind(), understood.needs());
    let within = target.warehouse.id();
    let target = match cx.require(request, action, target).await {
        Err(error) if error.is_hidden => {
            let concealed = warehouse::concealed(cx, request, within).await?;
            return Err(concealed.unwrap_or_else(no_table));
        }
        required => required?,
    };
    sign_within(cx, &target.warehouse, &understood, folder(&found.place)?).await
}

/// Whether this kind has files other than its metadata.
fn is_signed_for(kind: TabularKind) -> bool {
    matches!(kind, TabularKind::Table | TabularKind::GenericTable)
}

/// The action that the caller must be allowed. For an invalid request it is to read, so that only callers who may
/// read learn what is wrong with it.
fn needed(kind: TabularKind, understood: &Result<S3Request>) -> Action {
    let understood = understood.as_ref();
    data_action(kind, understood.map_or(Permission::Read, S3Request::needs))
}

fn is_write(understood: &Result<S3Request>) -> bool {
    understood
        .as_ref()
        .is_ok_and(|understood| understood.needs() == Permission::Write)
}

/// The folder of a stored location, which was checked when it was claimed.
fn folder(place: &str) -> Result<Location> {
    Location::parse_object(place).map_err(CatalogError::internal)
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
        return Err(CatalogError::new(
            ErrorKind::Forbidden(ForbiddenKind::RemoteSigning),
            message,
        ));
    }
    let bulk_deletes = cx.settings.storage_policy.bulk_deletes;
    Ok(S3Request::parse(profile, bulk_deletes, wanted)?)
}

async fn sign_within(
    cx: &Catalog,
    warehouse: &Warehouse,
    understood: &S3Request,
    folder: Location,
) -> Result<SignedRequest> {
    let scope = Scope {
        folder,
        permission: understood.needs(),
    };
    if let Some(vendor) = sessions(cx, warehouse).await? {
        // Checked first, so that no token service is asked for a request that is refused.
        understood.require_within(&scope)?;
        let credential = Box::pin(cx.vended(warehouse, vendor, scope)).await?;
        return Ok(credential.signer()?.sign(understood)?);
    }
    let signer = warehouse.signer(cx).await?;
    Ok(signer.sign(understood, &scope).await?)
}

/// The vendor of the sessions that requests are signed with; `None` where the warehouse's own key signs.
async fn sessions<'a>(cx: &Catalog, warehouse: &'a Warehouse) -> Result<Option<&'a dyn Vendor>> {
    match &warehouse.profile {
        StorageProfile::S3(profile) if profile.signs_by_sessions() => {
            Ok(warehouse.vendor(cx).await?.map(AsRef::as_ref))
        }
        _ => Ok(None),
    }
}

impl From<SignError> for CatalogError {
    fn from(error: SignError) -> Self {
        let kind = match error {
            SignError::Outside { .. } | SignError::ReadOnly { .. } | SignError::BulkDelete => {
                ErrorKind::Forbidden(ForbiddenKind::Reach)
            }
            SignError::Identity { .. } => ErrorKind::Unavailable,
            _ => ErrorKind::BadRequest,
        };
        Self::new(kind, error.to_string())
    }
}
