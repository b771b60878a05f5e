//! Tests checks on resources that lie deeper than OpenFGA's limit, and on those that do not.

use authz::conformance::{Change, Model, World as _, caller};
use authz::{Action, Check, Decision, NamespaceAction, TableAction};
use authz_openfga::stand_in::{DEPTH, Server};
use model::{
    Bounds, Grant, NamespaceId, Principal, Privilege, ProjectId, RoleId, Securable, TabularId,
    TabularKind, UserId, WarehouseId,
};

use crate::{sqlite, world};

/// The levels of nested roles, as many as are allowed by default.
const ROLES: usize = 10;

/// The decisions for a user who is an operator of the server through nested roles: on the first and the last of as many
/// nested namespaces as are allowed, and on a table in the last one.
async fn decided(server: &Server) -> Vec<Decision> {
    let world = world(server, &sqlite()).await;
    let (mut model, mut make) = (Model::default(), Vec::new());
    let project = Securable::Project(ProjectId::generate());
    let warehouse = Securable::Warehouse(WarehouseId::generate());
    make.push((project.clone(), Securable::Server));
    make.push((warehouse.clone(), project.clone()));
    let mut within = warehouse;
    let namespaces = [(); Bounds::NAMESPACE_DEPTH].map(|()| NamespaceId::generate());
    for id in namespaces {
        let namespace = Securable::Namespace(id);
        make.push((namespace.clone(), within));
        within = namespace;
    }
    let table = Securable::Tabular(TabularKind::Table, TabularId::generate());
    make.push((table.clone(), within));
    let roles = [(); ROLES].map(|()| RoleId::generate());
    make.extend(roles.map(|role| (Securable::Role(role), project.clone())));
    let mut changes = Vec::new();
    for (what, within) in make {
        let by = Principal::User("oidc~maker".parse().unwrap());
        changes.push(Change::Create { what, within, by });
    }
    let ada: UserId = "oidc~ada".parse().unwrap();
    let mut member = Principal::User(ada.clone());
    for role in roles {
        changes.push(Change::Join(role, member));
        member = Principal::Role(role);
    }
    changes.push(Change::Give(Grant {
        on: Securable::Server,
        to: member,
        privilege: Privilege::Operator,
    }));
    for change in &changes {
        world.apply(change).await;
        model.apply(change);
    }
    let (first, last) = (namespaces[0], namespaces[Bounds::NAMESPACE_DEPTH - 1]);
    let [first, last] = [first, last].map(Securable::Namespace);
    let checks = [
        (Action::Namespace(NamespaceAction::ListEverything), &first),
        (Action::Namespace(NamespaceAction::ListEverything), &last),
        (Action::Table(TableAction::GetMetadata), &table),
        (Action::Table(TableAction::Commit), &table),
        (Action::Grant(Privilege::Select), &table),
    ];
    let checks = checks.map(|(action, on)| Check {
        action,
        resource: model.resource(on),
    });
    world.decide(&caller(&ada), &checks).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lies_too_deep_is_denied_and_nothing_beside_it() {
    let server = Server::with_depth(25);
    let mut expected = vec![Decision::Deny; 5];
    expected[0] = Decision::Allow;
    assert_eq!(decided(&server).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_depth_that_is_recommended_is_enough_for_all_that_may_be() {
    let server = Server::with_depth(DEPTH);
    assert_eq!(decided(&server).await, [Decision::Allow; 5]);
}
