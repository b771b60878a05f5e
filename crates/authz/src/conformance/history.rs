//! Whatever is given, taken back, switched, made, renamed and dropped in any order: each decision is the model's.

use ::model::{
    Grant, NamespaceId, Principal, ProjectId, Securable, TabularId, TabularKind, UserId,
    WarehouseId,
};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use store::ManagedAccess;
use tokio::runtime::Handle;

use super::{Change, Model, World, caller};
use crate::{
    Action, Check, Decision, GenericTableAction, NamespaceAction, ProjectAction, Resource,
    ResourceKind, ServerAction, TableAction, UserAction, ViewAction, WarehouseAction,
};

/// How much is tried. After each step one decision in `sparse` is compared, after the last one all.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Histories.
    pub cases: u32,
    /// Steps in each, at most.
    pub steps: usize,
    /// After each step one decision in so many is compared.
    pub sparse: usize,
}

type Choice = prop::sample::Index;

#[derive(Debug, Clone)]
enum Step {
    Give(Choice, Choice, Choice),
    Take(Choice),
    Manage(Choice, bool),
    Rename(Choice, Choice),
    CreateNamespace(Choice, Choice),
    CreateTable(Choice, Choice, TabularKind),
    Drop(Choice),
}

const KINDS: &[TabularKind] = &[
    TabularKind::Table,
    TabularKind::View,
    TabularKind::GenericTable,
];

fn step() -> impl Strategy<Value = Step> {
    let one = any::<Choice>;
    prop_oneof![
        8 => (one(), one(), one()).prop_map(|(on, to, what)| Step::Give(on, to, what)),
        3 => one().prop_map(Step::Take),
        2 => (one(), any::<bool>()).prop_map(|(on, is_on)| Step::Manage(on, is_on)),
        2 => (one(), one()).prop_map(|(what, to)| Step::Rename(what, to)),
        1 => (one(), one()).prop_map(|(within, by)| Step::CreateNamespace(within, by)),
        2 => (one(), one(), select(KINDS))
            .prop_map(|(within, by, kind)| Step::CreateTable(within, by, kind)),
        1 => one().prop_map(Step::Drop),
    ]
}

/// Who and what there is at first.
#[derive(Debug, Clone)]
pub(super) struct Cast {
    pub(super) users: Vec<UserId>,
    /// Those that were dropped stay: nobody may do anything to them.
    pub(super) things: Vec<Securable>,
}

/// Two projects; in one of them two warehouses, in one of those a namespace in another one, with tables and a view.
pub(super) async fn scene(world: &dyn World) -> (Model, Cast) {
    let users = [
        "oidc~ada",
        "oidc~bob b@example.com",
        "kubernetes~system:eve:*",
    ];
    let users: Vec<UserId> = users.iter().map(|id| id.parse().unwrap()).collect();
    let maker = Principal::User("oidc~maker".parse().unwrap());
    // The server is everybody's: a history begins without what was given there in another one.
    for user in &users {
        for privilege in ResourceKind::Server.privileges() {
            let left = Grant {
                on: Securable::Server,
                to: Principal::User(user.clone()),
                privilege: *privilege,
            };
            world.apply(&Change::Take(left)).await;
        }
    }
    let projects = [ProjectId::generate(), ProjectId::generate()].map(Securable::Project);
    let warehouses: [_; 3] = std::array::from_fn(|_| Securable::Warehouse(WarehouseId::generate()));
    let spaces: [_; 4] = std::array::from_fn(|_| Securable::Namespace(NamespaceId::generate()));
    let table = || Securable::Tabular(TabularKind::Table, TabularId::generate());
    let view = Securable::Tabular(TabularKind::View, TabularId::generate());
    let made = [
        (&projects[0], &Securable::Server),
        (&projects[1], &Securable::Server),
        (&warehouses[0], &projects[0]),
        (&warehouses[1], &projects[0]),
        (&warehouses[2], &projects[1]),
        (&spaces[0], &warehouses[0]),
        (&spaces[1], &spaces[0]),
        (&spaces[2], &warehouses[0]),
        (&spaces[3], &warehouses[2]),
        (&table(), &spaces[1]),
        (&view, &spaces[0]),
        (&table(), &spaces[3]),
    ];
    let mut model = Model::default();
    let mut things = vec![Securable::Server];
    for (what, within) in made {
        let create = Change::Create {
            what: what.clone(),
            within: within.clone(),
            by: maker.clone(),
        };
        world.apply(&create).await;
        model.apply(&create);
        things.push(what.clone());
    }
    (model, Cast { users, things })
}

/// Every action on each of the things that is there, and on a user.
pub(super) fn checks(model: &Model, things: &[Securable]) -> Vec<Check> {
    let mut checks = Vec::new();
    for on in things {
        if *on != Securable::Server && model.within(on).is_none() {
            continue;
        }
        let actions: Vec<Action> = match on {
            Securable::Server => ServerAction::ALL
                .iter()
                .map(|one| Action::Server(*one))
                .collect(),
            Securable::Project(_) => ProjectAction::ALL
                .iter()
                .map(|one| Action::Project(*one))
                .collect(),
            Securable::Warehouse(_) => WarehouseAction::ALL
                .iter()
                .map(|one| Action::Warehouse(*one))
                .collect(),
            Securable::Namespace(_) => NamespaceAction::ALL
                .iter()
                .map(|one| Action::Namespace(*one))
                .collect(),
            Securable::Tabular(TabularKind::Table, _) => TableAction::ALL
                .iter()
                .map(|one| Action::Table(*one))
                .collect(),
            Securable::Tabular(TabularKind::View, _) => ViewAction::ALL
                .iter()
                .map(|one| Action::View(*one))
                .collect(),
            Securable::Tabular(TabularKind::GenericTable, _) => GenericTableAction::ALL
                .iter()
                .map(|one| Action::GenericTable(*one))
                .collect(),
            Securable::Role(_) | Securable::TagDefinition(_) => Vec::new(),
        };
        let grants = ResourceKind::of(on)
            .privileges()
            .iter()
            .map(|one| Action::Grant(*one));
        checks.extend(actions.into_iter().chain(grants).map(|action| Check {
            action,
            resource: model.resource(on),
        }));
    }
    let ada = Resource::User("oidc~ada".parse().unwrap());
    checks.extend(UserAction::ALL.iter().map(|action| Check {
        action: Action::User(*action),
        resource: ada.clone(),
    }));
    checks
}

/// The change that a step amounts to now, if any.
fn change(model: &Model, cast: &Cast, step: &Step) -> Option<Change> {
    let there = |wanted: fn(&Securable) -> bool| -> Vec<Securable> {
        let things = cast.things.iter().filter(|on| wanted(on));
        let things = things.filter(|on| **on == Securable::Server || model.within(on).is_some());
        things.cloned().collect()
    };
    let pick = |from: &[Securable], choice: &Choice| {
        (!from.is_empty()).then(|| from[choice.index(from.len())].clone())
    };
    let user =
        |choice: &Choice| Principal::User(cast.users[choice.index(cast.users.len())].clone());
    let is_namespace = |on: &Securable| matches!(on, Securable::Namespace(_));
    let is_table = |on: &Securable| matches!(on, Securable::Tabular(..));
    let holds = |on: &Securable| matches!(on, Securable::Warehouse(_) | Securable::Namespace(_));
    Some(match step {
        Step::Give(on, to, what) => {
            let on = pick(&there(|_| true), on)?;
            let some = ResourceKind::of(&on).privileges();
            Change::Give(Grant {
                privilege: some[what.index(some.len())],
                to: user(to),
                on,
            })
        }
        Step::Take(which) => {
            let given: Vec<_> = model.given().collect();
            Change::Take(given[which.index(given.len())].clone())
        }
        Step::Manage(on, is_on) => {
            Change::Manage(pick(&there(holds), on)?, ManagedAccess::from(*is_on))
        }
        Step::Rename(what, to) => {
            let what = pick(&there(is_table), what)?;
            let warehouse = |on: &Securable| match model.resource(on) {
                Resource::Namespace(at, _) | Resource::Tabular(_, at, _, _) => Some(at.id),
                _ => None,
            };
            let homes: Vec<_> = there(is_namespace)
                .into_iter()
                .filter(|home| warehouse(home) == warehouse(&what))
                .collect();
            match pick(&homes, to)? {
                Securable::Namespace(home) => Change::Rename(what, home),
                _ => return None,
            }
        }
        Step::CreateNamespace(within, by) => Change::Create {
            what: Securable::Namespace(NamespaceId::generate()),
            within: pick(&there(holds), within)?,
            by: user(by),
        },
        Step::CreateTable(within, by, kind) => Change::Create {
            what: Securable::Tabular(*kind, TabularId::generate()),
            within: pick(&there(is_namespace), within)?,
            by: user(by),
        },
        Step::Drop(what) => {
            let some = there(|on| matches!(on, Securable::Namespace(_) | Securable::Tabular(..)));
            Change::Drop(pick(&some, what)?)
        }
    })
}

async fn compare(world: &dyn World, (model, cast): (&Model, &Cast), which: impl Fn(usize) -> bool) {
    for user in &cast.users {
        let checks = checks(model, &cast.things).into_iter().enumerate();
        let checks = checks.filter(|(at, _)| which(*at));
        let checks: Vec<_> = checks.map(|(_, check)| check).collect();
        let decided = world.decide(&caller(user), &checks).await;
        let who = Principal::User(user.clone());
        for (check, decision) in checks.iter().zip(decided) {
            let allowed = decision == Decision::Allow;
            let wanted = model.allows(&who, check);
            assert_eq!(
                allowed, wanted,
                "may {user} do {} to {:?}? {model:#?}",
                check.action, check.resource
            );
        }
    }
}

/// The property.
pub async fn any_history_is_decided_as_the_model_says(
    world: std::sync::Arc<dyn World>,
    effort: Effort,
) {
    let runtime = Handle::current();
    let checked = tokio::task::spawn_blocking(move || {
        let mut runner = TestRunner::new(Config {
            cases: effort.cases,
            failure_persistence: None,
            max_shrink_iters: 200,
            ..Config::default()
        });
        let steps = prop::collection::vec(step(), 1..effort.steps);
        runner.run(&steps, |steps| {
            let history = live(std::sync::Arc::clone(&world), steps, effort.sparse);
            let lived = runtime.block_on(runtime.spawn(history));
            lived.map_err(|panicked| TestCaseError::fail(panicked.to_string()))
        })
    });
    checked.await.unwrap().unwrap();
}

async fn live(world: std::sync::Arc<dyn World>, steps: Vec<Step>, sparse: usize) {
    let (mut model, mut cast) = scene(world.as_ref()).await;
    for (count, step) in steps.iter().enumerate() {
        let Some(change) = change(&model, &cast, step) else {
            continue;
        };
        world.apply(&change).await;
        model.apply(&change);
        if let Change::Create { what, .. } = change {
            cast.things.push(what);
        }
        compare(world.as_ref(), (&model, &cast), |at| {
            at % sparse == count % sparse
        })
        .await;
    }
    compare(world.as_ref(), (&model, &cast), |_| true).await;
}
