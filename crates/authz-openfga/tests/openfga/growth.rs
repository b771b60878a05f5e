//! Tests that the cost of a check depends on how deep the resource lies, and not on what lies beside and below it.

use authz::conformance::{Change, Model, World as _, caller};
use authz::{Action, Check, Decision, NamespaceAction, WarehouseAction};
use model::{Grant, NamespaceId, Principal, Privilege, ProjectId, Securable, UserId, WarehouseId};

use crate::{database, sqlite, world};
use authz_openfga::stand_in::Server;

const FEW: usize = 10;
const MANY: usize = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_check_costs_the_same_among_ten_thousand_namespaces_as_among_ten() {
    let theirs = database().await;
    let server = Server::on_postgres(theirs.url());
    let store = sqlite();
    let world = world(&server, &store).await;
    let (mut model, by) = (Model::default(), "oidc~maker".parse::<UserId>().unwrap());
    let ada: UserId = "oidc~ada".parse().unwrap();
    let mut reads = Vec::new();
    for count in [FEW, MANY] {
        let project = Securable::Project(ProjectId::generate());
        let warehouse = Securable::Warehouse(WarehouseId::generate());
        let mut make = vec![
            (project.clone(), Securable::Server),
            (warehouse.clone(), project),
        ];
        let namespace = || Securable::Namespace(NamespaceId::generate());
        make.extend((0..count).map(|_| (namespace(), warehouse.clone())));
        for (what, within) in &make {
            let create = Change::Create {
                what: what.clone(),
                within: within.clone(),
                by: Principal::User(by.clone()),
            };
            world.apply(&create).await;
            model.apply(&create);
        }
        let seen = make.last().unwrap().0.clone();
        let give = Change::Give(Grant {
            on: seen.clone(),
            to: Principal::User(ada.clone()),
            privilege: Privilege::Select,
        });
        world.apply(&give).await;
        let checks = [
            // Allowed by the grant below only.
            (
                Action::Warehouse(WarehouseAction::ListNamespaces),
                &warehouse,
            ),
            (Action::Namespace(NamespaceAction::ListTables), &seen),
            (Action::Namespace(NamespaceAction::Delete), &seen),
        ];
        let checks = checks.map(|(action, on)| Check {
            action,
            resource: model.resource(on),
        });
        // The first decision waits until all changes have been handed over to OpenFGA.
        let decided = world.decide(&caller(&ada), &checks).await;
        assert_eq!(decided, [Decision::Allow, Decision::Allow, Decision::Deny]);
        let before = server.reads_of_checks().await;
        // Different callers, so that no answer is cached.
        for round in 0..10 {
            let stranger: UserId = format!("oidc~{count}-{round}").parse().unwrap();
            let decided = world.decide(&caller(&stranger), &checks).await;
            assert_eq!(decided, [Decision::Deny; 3]);
        }
        reads.push(server.reads_of_checks().await - before);
    }
    println!(
        "thirty checks: {} reads among {FEW} namespaces, {} among {MANY}",
        reads[0], reads[1]
    );
    // OpenFGA follows several branches in parallel, and how far it has got with the others when one decides varies. A check
    // that fans out would cost a thousand times as much.
    assert!(reads[0] > 0 && reads[1] < 2 * reads[0], "{reads:?}");
}
