//! How engines access the files of a table, view or generic table: with vended credentials, with requests that the
//! catalog signs, or with credentials of their own.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use authz::{Authorized, Decision};
use model::{TabularKind, TabularPath};
use objects::{BucketTable, Location, Permission, Scope, StorageProfile, Vendor};

use crate::cache::Versioned;
use crate::credentials::Credential;
use crate::tabular::{TabularAction, TabularTarget, data_action};
use crate::warehouse::Warehouse;
use crate::{Catalog, Request, Result};

/// Methods of access delegation: those that a client asks for, a warehouse offers, or an answer carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DelegationMethods {
    /// Temporary credentials for one folder.
    pub vended_credentials: bool,
    /// The catalog signs each request to the storage.
    pub remote_signing: bool,
}

impl DelegationMethods {
    /// No method.
    pub const NONE: Self = Self {
        vended_credentials: false,
        remote_signing: false,
    };

    /// The methods that a warehouse with this profile offers.
    pub(crate) fn offered(profile: &StorageProfile) -> Self {
        let (vended_credentials, remote_signing) = match profile {
            StorageProfile::S3(s3) => (s3.is_sts_enabled(), s3.is_remote_signing_enabled()),
            StorageProfile::S3Tables(tables) => (tables.is_sts_enabled(), false),
            StorageProfile::Gcs(gcs) => (gcs.is_sts_enabled(), false),
            StorageProfile::Adls(adls) => (adls.is_sas_enabled(), false),
            StorageProfile::OneLake(onelake) => (onelake.is_sas_enabled(), false),
            StorageProfile::Local(_) | StorageProfile::Memory => (false, false),
        };
        Self {
            vended_credentials,
            remote_signing,
        }
    }

    const fn and(self, other: Self) -> Self {
        Self {
            vended_credentials: self.vended_credentials && other.vended_credentials,
            remote_signing: self.remote_signing && other.remote_signing,
        }
    }

    /// Vended credentials if they are among the methods, since they cost no call to the catalog per file request;
    /// otherwise remote signing.
    const fn preferred(self) -> Self {
        Self {
            remote_signing: self.remote_signing && !self.vended_credentials,
            ..self
        }
    }
}

/// How a client wants to access files: the header `X-Iceberg-Access-Delegation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccessDelegation {
    /// By these methods. If there are none, or the warehouse offers none of them, by the method that the warehouse
    /// prefers.
    Methods(DelegationMethods),
    /// With credentials of the client's own: the answer carries none.
    ClientManaged,
}

impl AccessDelegation {
    /// The methods that the answer carries: those both asked for and offered, otherwise the preferred one of those
    /// offered.
    pub(crate) fn decide(self, offered: DelegationMethods) -> DelegationMethods {
        match self {
            Self::ClientManaged => DelegationMethods::NONE,
            Self::Methods(asked) => match asked.and(offered) {
                DelegationMethods::NONE => offered.preferred(),
                both_or_one => both_or_one,
            },
        }
    }
}

/// How a client may access files: by which methods, and what it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileAccess {
    /// The methods; never [`DelegationMethods::NONE`].
    pub methods: DelegationMethods,
    /// What the caller may do with the files.
    pub permission: Permission,
}

impl FileAccess {
    /// Access with this permission, by the methods that request and warehouse agree on; `None` if there are none.
    pub(crate) fn of(
        request: &Request,
        warehouse: &Warehouse,
        kind: TabularKind,
        permission: Permission,
    ) -> Option<Self> {
        let methods = methods(request, warehouse, kind);
        (methods != DelegationMethods::NONE).then_some(Self {
            methods,
            permission,
        })
    }
}

fn methods(request: &Request, warehouse: &Warehouse, kind: TabularKind) -> DelegationMethods {
    let offered = DelegationMethods::offered(&warehouse.profile);
    request.delegation.decide(match kind {
        TabularKind::Table | TabularKind::GenericTable => offered,
        // A view has only metadata files, and the catalog signs no requests for them.
        TabularKind::View => DelegationMethods {
            remote_signing: false,
            ..offered
        },
    })
}

/// The folder of a table or view.
#[derive(Debug, Clone)]
enum Folder {
    /// The location of this version of a table or view.
    Of(Arc<Versioned>),
    /// The location of a table or view whose creation or next version is being prepared.
    Claimed(Location),
}

impl Folder {
    fn location(&self) -> Result<&Location> {
        match self {
            Self::Of(versioned) => versioned.folder(),
            Self::Claimed(location) => Ok(location),
        }
    }
}

/// How a client may access files, and where they are.
#[derive(Debug, Clone)]
pub(crate) struct FolderAccess {
    pub(crate) access: FileAccess,
    folder: Folder,
    /// The table's name in a table bucket; `None` for other storages.
    table: Option<BucketTable>,
    /// The credential that was vended before the change that the answer is about.
    prepared: Option<Arc<Credential>>,
}

impl FolderAccess {
    /// Access to the files of a table or view at this version.
    pub(crate) fn to(access: Option<FileAccess>, versioned: &Arc<Versioned>) -> Option<Self> {
        let folder = || Folder::Of(Arc::clone(versioned));
        access.map(|access| Self::at(access, folder()))
    }

    /// The folder, if it belongs to a table or view without a version yet.
    pub(crate) const fn claimed(&self) -> Option<&Location> {
        match &self.folder {
            Folder::Of(_) => None,
            Folder::Claimed(location) => Some(location),
        }
    }

    const fn at(access: FileAccess, folder: Folder) -> Self {
        Self {
            access,
            folder,
            table: None,
            prepared: None,
        }
    }

    /// In a table bucket, sets the table by its path, because credentials are vended for a table by its name.
    pub(crate) fn at_path(self, warehouse: &Warehouse, path: &TabularPath) -> Self {
        if !warehouse.profile.is_table_bucket() {
            return self;
        }
        let table = BucketTable::of(path).ok();
        Self { table, ..self }
    }

    /// For the creator of a table, a view or a version of a view, who has full access to its files. The credential is
    /// vended before the change, because a change that has been made must not be answered with an error of the token
    /// service.
    pub(crate) async fn of_author(
        cx: &Catalog,
        access: Option<FileAccess>,
        warehouse: &Warehouse,
        path: &TabularPath,
        folder: &Location,
    ) -> Result<Option<Self>> {
        let Some(access) = access else {
            return Ok(None);
        };
        let access = Self::at(access, Folder::Claimed(folder.clone())).at_path(warehouse, path);
        let prepared = Box::pin(access.credential(cx, warehouse)).await?;
        Ok(Some(Self { prepared, ..access }))
    }

    /// The vended credential, cached or new; `None` if the answer carries no vended credentials.
    pub(crate) async fn credential(
        &self,
        cx: &Catalog,
        warehouse: &Warehouse,
    ) -> Result<Option<Arc<Credential>>> {
        if !self.access.methods.vended_credentials || self.prepared.is_some() {
            return Ok(self.prepared.clone());
        }
        let Some(vendor) = self.vendor(cx, warehouse).await? else {
            return Ok(None);
        };
        let scope = Scope {
            folder: self.folder.location()?.clone(),
            permission: self.access.permission,
        };
        cx.vended(warehouse, vendor.as_ref(), scope).await.map(Some)
    }
}

impl FolderAccess {
    async fn vendor(&self, cx: &Catalog, warehouse: &Warehouse) -> Result<Option<Arc<dyn Vendor>>> {
        match &self.table {
            None => Ok(warehouse.vendor(cx).await?.cloned()),
            Some(table) => {
                let bucket = warehouse.table_bucket(cx).await?;
                Ok(bucket.and_then(|bucket| bucket.vendor(table)))
            }
        }
    }
}

impl Catalog {
    /// Checks that the caller may see the table or view, and returns the proof and how the caller may access the
    /// files.
    ///
    /// A caller without a right to the data still sees the metadata.
    pub(crate) async fn require_visible(
        &self,
        request: &Request,
        target: TabularTarget,
    ) -> Result<(Authorized<TabularTarget>, Option<FileAccess>)> {
        let kind = target.kind();
        let action = TabularAction::GetMetadata.on(kind);
        let methods = methods(request, &target.warehouse, kind);
        let access = |permission| FileAccess {
            methods,
            permission,
        };
        if methods == DelegationMethods::NONE {
            return Ok((self.require(request, action, target).await?, None));
        }
        if kind == TabularKind::View {
            let view = self.require(request, action, target).await?;
            return Ok((view, Some(access(Permission::Read))));
        }
        let data = [Permission::Write, Permission::Read];
        let data = data.map(|permission| data_action(kind, permission));
        let (table, data) = self.require_among(request, action, data, target).await?;
        let permission = match data {
            // Behind a view with an owner, access is read-only even if the owner may write.
            [Decision::Allow, _] if !request.is_delegated() => Some(Permission::Write),
            [_, Decision::Allow] => Some(Permission::Read),
            [_, Decision::Deny] => None,
        };
        Ok((table, permission.map(access)))
    }
}
