//! Warehouses that only instance administrators may change.
//!
//! This lock is independent of rights: the right to change a warehouse does not get past the lock, and only instance
//! administrators set and remove the lock. What lies in the warehouse is not locked.

use model::Caller;

use super::ManagedBy;
use crate::{Catalog, CatalogError, Request, Result, RuleErrorKind};

impl Catalog {
    /// Refuses to change or create a warehouse that instance administrators manage, unless the caller is one.
    pub(super) fn check_unlocked(&self, request: &Request, by: ManagedBy) -> Result<()> {
        match by {
            ManagedBy::SelfManaged => Ok(()),
            ManagedBy::InstanceAdmin if self.is_manager(request) => Ok(()),
            ManagedBy::InstanceAdmin => Err(CatalogError::new(
                RuleErrorKind::WarehouseManaged.into(),
                "the warehouse is managed by `instance-admin`: only users in `LAKEKEEPER__INSTANCE_ADMINS` may set this, \
                 change the warehouse or delete it; ask one of them, or have them set `managed-by` to `self-managed`",
            )),
        }
    }

    /// Refuses to change who manages a warehouse, unless the caller is an instance administrator.
    pub(super) fn check_manager(&self, request: &Request) -> Result<()> {
        if self.is_manager(request) {
            return Ok(());
        }
        let message = "only users in `LAKEKEEPER__INSTANCE_ADMINS` may change who manages a warehouse (`managed-by`)";
        Err(CatalogError::new(
            RuleErrorKind::InstanceAdminRequired.into(),
            message,
        ))
    }

    fn is_manager(&self, request: &Request) -> bool {
        request.caller == Caller::System || self.is_instance_admin(request)
    }
}
