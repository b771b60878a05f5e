//! Tests roles that a token names: OpenFGA does not know that the caller is a member of them.

use std::sync::Arc;

use authz::conformance::{Change, Model, StoreWorld, World as _};
use authz::{Action, Check, Decision, NamespaceAction, ProjectAction};
use authz_openfga::stand_in::Server;
use model::{
    Caller, Grant, Identity, NamespaceId, Principal, Privilege, ProjectId, RoleId, RoleIdent,
    Securable, Timestamp, WarehouseId,
};
use store::{Effects, RoleChange, Store};

use crate::{sqlite, world};

/// A catalog with a project and a namespace in it, to which a test adds roles and grants.
struct Scene {
    store: Arc<dyn Store>,
    world: Arc<StoreWorld>,
    model: Model,
    project: Securable,
    namespace: Securable,
}

impl Scene {
    async fn new(server: &Server) -> Self {
        let store = sqlite();
        let world = world(server, &store).await;
        let project = Securable::Project(ProjectId::generate());
        let namespace = Securable::Namespace(NamespaceId::generate());
        let warehouse = Securable::Warehouse(WarehouseId::generate());
        let mut scene = Self {
            store,
            world,
            model: Model::default(),
            project: project.clone(),
            namespace: namespace.clone(),
        };
        scene.create(&project, &Securable::Server).await;
        scene.create(&warehouse, &project).await;
        scene.create(&namespace, &warehouse).await;
        scene
    }

    async fn apply(&mut self, change: Change) {
        self.world.apply(&change).await;
        self.model.apply(&change);
    }

    async fn create(&mut self, what: &Securable, within: &Securable) {
        self.apply(Change::Create {
            what: what.clone(),
            within: within.clone(),
            by: Principal::User("oidc~maker".parse().unwrap()),
        })
        .await;
    }

    async fn role(&mut self, within: &Securable) -> RoleId {
        let id = RoleId::generate();
        self.create(&Securable::Role(id), within).await;
        id
    }

    /// Creates a role that tokens name `source`.
    async fn named_role(&mut self, within: &Securable, source: &str) -> RoleId {
        let id = self.role(within).await;
        let bound = RoleChange::Bound(RoleIdent::new("oidc", source).unwrap());
        let at = Timestamp::from_ms(1);
        let bound = self.store.role_update(id, bound, at, Effects::none());
        bound.await.unwrap();
        id
    }

    async fn give(&mut self, on: &Securable, to: RoleId, privilege: Privilege) {
        self.apply(Change::Give(Grant {
            on: on.clone(),
            to: Principal::Role(to),
            privilege,
        }))
        .await;
    }

    /// Whether a caller whose token names `roles` may list the namespace, and create a warehouse in the project.
    async fn may(&self, roles: &[String]) -> [Decision; 2] {
        let caller = Caller::User(Arc::new(Identity {
            roles: Some(roles.to_vec()),
            ..Identity::of("oidc~ada".parse().unwrap())
        }));
        let checks = [
            (
                Action::Namespace(NamespaceAction::ListEverything),
                &self.namespace,
            ),
            (
                Action::Project(ProjectAction::CreateWarehouse),
                &self.project,
            ),
        ];
        let checks = checks.map(|(action, on)| Check {
            action,
            resource: self.model.resource(on),
        });
        let decided = self.world.decide(&caller, &checks).await;
        decided.try_into().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_makes_roles_in_one_project_locks_nobody_out_of_another() {
    let server = Server::in_memory();
    let mut scene = Scene::new(&server).await;
    let project = scene.project.clone();
    let analysts = scene.named_role(&project, "analysts").await;
    let namespace = scene.namespace.clone();
    scene.give(&namespace, analysts, Privilege::Select).await;
    let theirs = Securable::Project(ProjectId::generate());
    scene.create(&theirs, &Securable::Server).await;
    let twin = scene.named_role(&theirs, "analysts").await;
    for _ in 0..120 {
        let above = scene.role(&theirs).await;
        scene
            .apply(Change::Join(above, Principal::Role(twin)))
            .await;
    }
    // A named role that is in very many roles of the same project does not lock anybody out either.
    for _ in 0..120 {
        let above = scene.role(&project).await;
        let member = Principal::Role(analysts);
        scene.apply(Change::Join(above, member)).await;
    }
    let decided = scene.may(&["analysts".to_owned()]).await;
    assert_eq!(decided, [Decision::Allow, Decision::Deny]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_more_named_roles_than_openfga_takes_each_counts() {
    let server = Server::in_memory();
    let mut scene = Scene::new(&server).await;
    let project = scene.project.clone();
    let names: Vec<String> = (0..230).map(|at| format!("team-{at}")).collect();
    let mut roles = Vec::new();
    for name in &names {
        roles.push(scene.named_role(&project, name).await);
    }
    assert_eq!(scene.may(&names).await, [Decision::Deny; 2]);
    roles.sort();
    let namespace = scene.namespace.clone();
    for at in [0, 115, 229] {
        scene.give(&namespace, roles[at], Privilege::Select).await;
        let decided = scene.may(&names).await;
        assert_eq!(decided, [Decision::Allow, Decision::Deny], "{at}");
        scene
            .apply(Change::Take(Grant {
                on: namespace.clone(),
                to: Principal::Role(roles[at]),
                privilege: Privilege::Select,
            }))
            .await;
        assert_eq!(scene.may(&names).await, [Decision::Deny; 2], "{at}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_role_of_any_project_counts_by_what_it_has_on_the_server() {
    let server = Server::in_memory();
    let mut scene = Scene::new(&server).await;
    let elsewhere = Securable::Project(ProjectId::generate());
    scene.create(&elsewhere, &Securable::Server).await;
    let named = scene.named_role(&elsewhere, "operations").await;
    let above = scene.role(&elsewhere).await;
    scene
        .apply(Change::Join(above, Principal::Role(named)))
        .await;
    let names = ["operations".to_owned()];
    assert_eq!(scene.may(&names).await, [Decision::Deny; 2]);
    scene
        .give(&Securable::Server, above, Privilege::Operator)
        .await;
    assert_eq!(scene.may(&names).await, [Decision::Allow; 2]);
}
