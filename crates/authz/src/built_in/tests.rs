//! Runs the suite that every authorizer must pass, and tests a change that happens during a decision.

use std::sync::Mutex;

use model::{
    Grant, NamespaceId, Page, PageRequest, Privilege, ProjectId, RoleId, RoleIdent, UserId,
    WarehouseId,
};
use store::{
    Below, Effects, GrantChange, GrantRow, ManagedAccess, ManagedAccessOf, NamedRoles,
    PathPrivileges, Result, RoleMembers, Roles,
};
use store_sqlite::SqliteStore;

use super::*;
use crate::conformance::{self, Change, Effort, StoreWorld, World};
use crate::{InWarehouse, NamespaceAction};

/// Two replicas over one database.
fn world() -> Arc<StoreWorld> {
    let store = Arc::new(SqliteStore::temporary().unwrap());
    let engine = || Arc::new(BuiltIn::new(Arc::clone(&store) as _)) as _;
    let engines = vec![engine(), engine()];
    Arc::new(StoreWorld::new(store, engines))
}

#[tokio::test(flavor = "multi_thread")]
async fn any_history_is_decided_as_the_model_says() {
    let effort = Effort {
        cases: 40,
        steps: 30,
        sparse: 5,
    };
    conformance::any_history_is_decided_as_the_model_says(world(), effort).await;
}

#[tokio::test]
async fn a_change_counts_for_the_next_question() {
    conformance::a_change_counts_for_the_next_question(world().as_ref()).await;
}

#[tokio::test]
async fn nobody_may_nothing_and_the_catalog_everything() {
    conformance::nobody_may_nothing_and_the_catalog_everything(world().as_ref()).await;
}

/// A store in which members leave a role right after the caller's principals were read.
struct Leaving {
    store: Arc<SqliteStore>,
    leaves: Mutex<Option<RoleMembers>>,
}

#[async_trait]
impl Grants for Leaving {
    async fn grants_apply(&self, change: GrantChange, effects: Effects) -> Result<()> {
        self.store.grants_apply(change, effects).await
    }

    async fn grants_on(
        &self,
        on: &Securable,
        to: Option<&Principal>,
        page: PageRequest,
    ) -> Result<Page<GrantRow>> {
        self.store.grants_on(on, to, page).await
    }

    async fn grants_to(
        &self,
        project: &ProjectId,
        to: &Principal,
        page: PageRequest,
    ) -> Result<Page<GrantRow>> {
        self.store.grants_to(project, to, page).await
    }

    async fn grants_principals(
        &self,
        of: &Principal,
        named: &[RoleIdent],
    ) -> Result<Vec<Principal>> {
        let found = self.store.grants_principals(of, named).await?;
        let leaves = self.leaves.lock().unwrap().take();
        if let Some(leaves) = leaves {
            let left = self.store.role_members_remove(leaves, Effects::none());
            left.await?;
        }
        Ok(found)
    }

    async fn grants_on_paths(
        &self,
        principals: &[Principal],
        places: &[Place],
    ) -> Result<Vec<Option<PathPrivileges>>> {
        self.store.grants_on_paths(principals, places).await
    }

    async fn grants_given(
        &self,
        principals: &[Principal],
        on: &[Securable],
    ) -> Result<Vec<Privileges>> {
        self.store.grants_given(principals, on).await
    }

    async fn grants_named(
        &self,
        named: &[RoleIdent],
        projects: &[ProjectId],
    ) -> Result<NamedRoles> {
        self.store.grants_named(named, projects).await
    }

    async fn grants_below(
        &self,
        principals: &[Principal],
        of: &[(Securable, Below)],
    ) -> Result<Vec<bool>> {
        self.store.grants_below(principals, of).await
    }

    async fn managed_access(&self, of: &Securable) -> Result<ManagedAccessOf> {
        self.store.managed_access(of).await
    }

    async fn managed_access_set(
        &self,
        of: &Securable,
        managed: ManagedAccess,
        effects: Effects,
    ) -> Result<()> {
        self.store.managed_access_set(of, managed, effects).await
    }
}

/// Creates a namespace with a grant to `role`, whose member `user` is; a check that this grant allows.
async fn given_to_a_role(world: &StoreWorld, role: RoleId, user: &UserId) -> Check {
    let project = ProjectId::nil();
    let (warehouse, namespace) = (WarehouseId::generate(), NamespaceId::generate());
    let by: Principal = Principal::User("oidc~owner".parse().unwrap());
    let (in_project, in_warehouse) = (
        Securable::Project(project.clone()),
        Securable::Warehouse(warehouse),
    );
    let on = Securable::Namespace(namespace);
    for (what, within) in [
        (in_project.clone(), Securable::Server),
        (Securable::Role(role), in_project.clone()),
        (in_warehouse.clone(), in_project),
        (on.clone(), in_warehouse),
    ] {
        let by = by.clone();
        world.apply(&Change::Create { what, within, by }).await;
    }
    let joins = Change::Join(role, Principal::User(user.clone()));
    world.apply(&joins).await;
    let grant = Grant {
        on,
        to: Principal::Role(role),
        privilege: Privilege::Select,
    };
    world.apply(&Change::Give(grant)).await;
    let at = InWarehouse {
        id: warehouse,
        project,
        grants: Version::FIRST,
    };
    Check {
        action: Action::Namespace(NamespaceAction::ListEverything),
        resource: Resource::Namespace(at, namespace),
    }
}

#[tokio::test]
async fn who_leaves_a_role_while_rights_are_looked_up_has_them_no_longer() {
    let store = Arc::new(SqliteStore::temporary().unwrap());
    let grants = Arc::new(Leaving {
        store: Arc::clone(&store),
        leaves: Mutex::default(),
    });
    let engine = Arc::new(BuiltIn::new(Arc::clone(&grants) as _));
    let world = StoreWorld::new(store, vec![engine]);
    let (role, user): (_, UserId) = (RoleId::generate(), "oidc~member".parse().unwrap());
    let check = given_to_a_role(&world, role, &user).await;
    let (caller, check) = (conformance::caller(&user), std::slice::from_ref(&check));
    *grants.leaves.lock().unwrap() = Some(RoleMembers {
        role,
        members: vec![Principal::User(user)],
    });
    // The membership ends during this decision, so either answer is right.
    world.decide(&caller, check).await;
    assert!(grants.leaves.lock().unwrap().is_none());
    assert_eq!(world.decide(&caller, check).await, [Decision::Deny]);
}
