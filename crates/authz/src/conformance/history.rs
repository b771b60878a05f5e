//! A property test: after any sequence of changes to grants, roles' members, managed access, and resources, an authorizer
//! decides as the model does.

use ::model::{
    Grant, NamespaceId, Principal, ProjectId, RoleId, Securable, TabularId, TabularKind,
    TagDefinitionId, UserId, WarehouseId,
};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestRunner};
use store::ManagedAccess;
use tokio::runtime::Handle;

use super::{Change, Model, World, caller_as};
use crate::{
    Action, Check, Decision, GenericTableAction, NamespaceAction, ProjectAction, Resource,
    ResourceKind, RoleAction, ServerAction, TableAction, TagAction, UserAction, ViewAction,
    WarehouseAction,
};

/// How many histories are tried, how long they are, and how many decisions are compared.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// The number of histories.
    pub cases: u32,
    /// The number of steps of each history is less than this.
    pub steps: usize,
    /// After each step, one decision in this many is compared; after the last step, all are.
    pub sparse: usize,
}

type Choice = prop::sample::Index;

#[derive(Debug, Clone, Copy)]
enum Step {
    Give(Choice, Choice, Choice),
    Take(Choice),
    Manage(Choice, bool),
    Rename(Choice, Choice),
    Move(Choice, Choice),
    CreateNamespace(Choice, Choice),
    CreateTable(Choice, Choice, TabularKind),
    Define(Choice, Choice, bool),
    Join(Choice, Choice),
    Leave(Choice),
    Drop(Choice),
    SoftDrop(Choice),
    Undrop(Choice),
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
        2 => (one(), one()).prop_map(|(what, to)| Step::Move(what, to)),
        1 => (one(), one()).prop_map(|(within, by)| Step::CreateNamespace(within, by)),
        2 => (one(), one(), select(KINDS))
            .prop_map(|(within, by, kind)| Step::CreateTable(within, by, kind)),
        1 => (one(), one(), any::<bool>())
            .prop_map(|(within, by, is_role)| Step::Define(within, by, is_role)),
        4 => (one(), one()).prop_map(|(role, who)| Step::Join(role, who)),
        2 => one().prop_map(Step::Leave),
        1 => one().prop_map(Step::Drop),
        1 => one().prop_map(Step::SoftDrop),
        1 => one().prop_map(Step::Undrop),
    ]
}

/// The users and resources of a history.
#[derive(Debug, Clone)]
pub(super) struct Cast {
    pub(super) users: Vec<UserId>,
    /// Dropped ones stay here: soft-deleted tables and views may be restored.
    pub(super) things: Vec<Securable>,
}

/// The resources that a history starts with: two projects; in the first, two roles, a tag definition, and two warehouses, of
/// which one has nested namespaces with a table and a view; in the second, a warehouse with a table. Each history has users
/// of its own, so that the grants on the server of another history are not theirs.
pub(super) async fn scene(world: &dyn World) -> (Model, Cast) {
    let history = RoleId::generate();
    let users = [
        format!("oidc~ada-{history}"),
        format!("oidc~bob b@{history}.example.com"),
        format!("kubernetes~system:{history}:*"),
    ];
    let users: Vec<UserId> = users.iter().map(|id| id.parse().unwrap()).collect();
    let maker = Principal::User("oidc~maker".parse().unwrap());
    let projects = [ProjectId::generate(), ProjectId::generate()].map(Securable::Project);
    let warehouses: [_; 3] = std::array::from_fn(|_| Securable::Warehouse(WarehouseId::generate()));
    let spaces: [_; 4] = std::array::from_fn(|_| Securable::Namespace(NamespaceId::generate()));
    let roles: [_; 2] = std::array::from_fn(|_| Securable::Role(RoleId::generate()));
    let tag = Securable::TagDefinition(TagDefinitionId::generate());
    let table = || Securable::Tabular(TabularKind::Table, TabularId::generate());
    let view = Securable::Tabular(TabularKind::View, TabularId::generate());
    let made = [
        (&projects[0], &Securable::Server),
        (&projects[1], &Securable::Server),
        (&roles[0], &projects[0]),
        (&roles[1], &projects[0]),
        (&tag, &projects[0]),
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

/// A check for every action on each resource that is there, and on a user.
pub(super) fn checks(model: &Model, cast: &Cast) -> Vec<Check> {
    let mut checks = Vec::new();
    for on in cast.things.iter().filter(|on| model.is_there(on)) {
        let kind = ResourceKind::of(on);
        let given = kind.privileges().iter().copied().map(Action::Grant);
        let resource = model.resource(on);
        checks.extend(Check::each(actions(kind), &resource));
        checks.extend(Check::each(given, &resource));
    }
    let somebody = Resource::User(cast.users[0].clone());
    checks.extend(Check::each(actions(ResourceKind::User), &somebody));
    checks
}

/// All actions on such a resource, except granting privileges.
fn actions(on: ResourceKind) -> Vec<Action> {
    fn each<A: Copy>(all: &[A], of: fn(A) -> Action) -> Vec<Action> {
        all.iter().copied().map(of).collect()
    }
    match on {
        ResourceKind::Server => each(ServerAction::ALL, Action::Server),
        ResourceKind::User => each(UserAction::ALL, Action::User),
        ResourceKind::Project => each(ProjectAction::ALL, Action::Project),
        ResourceKind::Role => each(RoleAction::ALL, Action::Role),
        ResourceKind::TagDefinition => each(TagAction::ALL, Action::Tag),
        ResourceKind::Warehouse => each(WarehouseAction::ALL, Action::Warehouse),
        ResourceKind::Namespace => each(NamespaceAction::ALL, Action::Namespace),
        ResourceKind::Table => each(TableAction::ALL, Action::Table),
        ResourceKind::View => each(ViewAction::ALL, Action::View),
        ResourceKind::GenericTable => each(GenericTableAction::ALL, Action::GenericTable),
    }
}

/// The state from which a step picks what it changes.
struct Scene<'a> {
    model: &'a Model,
    cast: &'a Cast,
}

const fn is_project(on: &Securable) -> bool {
    matches!(on, Securable::Project(_))
}

const fn is_namespace(on: &Securable) -> bool {
    matches!(on, Securable::Namespace(_))
}

const fn is_table(on: &Securable) -> bool {
    matches!(on, Securable::Tabular(..))
}

const fn holds(on: &Securable) -> bool {
    matches!(on, Securable::Warehouse(_) | Securable::Namespace(_))
}

fn pick<T: Clone>(from: &[T], choice: Choice) -> Option<T> {
    (!from.is_empty()).then(|| from[choice.index(from.len())].clone())
}

impl Scene<'_> {
    fn there(&self, wanted: fn(&Securable) -> bool) -> Vec<Securable> {
        let things = self.cast.things.iter();
        let there = things.filter(|on| wanted(on) && self.model.is_there(on));
        there.cloned().collect()
    }

    fn user(&self, choice: Choice) -> Principal {
        let users = &self.cast.users;
        Principal::User(users[choice.index(users.len())].clone())
    }

    /// The roles that privileges on this can be granted to: those of its project, or of all projects for the server.
    fn roles(&self, on: &Securable) -> Vec<RoleId> {
        let project = self.model.project(on);
        let roles = self
            .there(|on| matches!(on, Securable::Role(_)))
            .into_iter();
        let roles = roles.filter(|role| project.is_none() || self.model.project(role) == project);
        let id = |role| match role {
            Securable::Role(id) => Some(id),
            _ => None,
        };
        roles.filter_map(id).collect()
    }

    /// All principals that privileges on this can be granted to.
    fn anybody(&self, on: &Securable) -> Vec<Principal> {
        let users = self.cast.users.iter().cloned().map(Principal::User);
        let roles = self.roles(on).into_iter().map(Principal::Role);
        users.chain(roles).collect()
    }

    /// The change that a step makes in this state; `None` if there is nothing that it could change.
    fn change(&self, step: Step) -> Option<Change> {
        Some(match step {
            Step::Give(on, to, what) => {
                let on = pick(&self.there(|_| true), on)?;
                Change::Give(Grant {
                    privilege: pick(ResourceKind::of(&on).privileges(), what)?,
                    to: pick(&self.anybody(&on), to)?,
                    on,
                })
            }
            Step::Take(which) => {
                let given = self
                    .model
                    .given()
                    .filter(|one| self.model.is_there(&one.on));
                Change::Take(pick(&given.cloned().collect::<Vec<_>>(), which)?)
            }
            Step::Manage(on, is_on) => {
                Change::Manage(pick(&self.there(holds), on)?, ManagedAccess::from(is_on))
            }
            Step::Rename(what, to) => return self.rename(what, to),
            Step::Move(what, to) => return self.move_it(what, to),
            Step::Join(role, who) => return self.join(role, who),
            Step::Leave(which) => {
                let members: Vec<_> = self.model.members().cloned().collect();
                let (role, who) = pick(&members, which)?;
                Change::Leave(role, who)
            }
            Step::CreateNamespace(within, by) => Change::Create {
                what: Securable::Namespace(NamespaceId::generate()),
                within: pick(&self.there(holds), within)?,
                by: self.user(by),
            },
            Step::CreateTable(within, by, kind) => Change::Create {
                what: Securable::Tabular(kind, TabularId::generate()),
                within: pick(&self.there(is_namespace), within)?,
                by: self.user(by),
            },
            Step::Define(within, by, is_role) => Change::Create {
                what: if is_role {
                    Securable::Role(RoleId::generate())
                } else {
                    Securable::TagDefinition(TagDefinitionId::generate())
                },
                within: pick(&self.there(is_project), within)?,
                by: self.user(by),
            },
            Step::Drop(what) => Change::Drop(pick(&self.droppable(), what)?),
            Step::SoftDrop(what) => Change::SoftDrop(pick(&self.there(is_table), what)?),
            Step::Undrop(what) => {
                let gone = self.cast.things.iter().filter(|on| {
                    is_table(on) && self.model.within(on).is_some() && !self.model.is_there(on)
                });
                Change::Undrop(pick(&gone.cloned().collect::<Vec<_>>(), what)?)
            }
        })
    }

    /// What can be dropped for good: it must not hold soft-deleted tables or views, which may be restored later.
    fn droppable(&self) -> Vec<Securable> {
        let mut some = self.there(|on| {
            let is_kept = matches!(
                on,
                Securable::Server | Securable::Project(_) | Securable::Warehouse(_)
            );
            !is_kept
        });
        some.retain(|on| !self.model.holds_deleted(on));
        some
    }

    fn warehouse(&self, on: &Securable) -> Option<WarehouseId> {
        match self.model.resource(on) {
            Resource::Warehouse(at)
            | Resource::Namespace(at, _)
            | Resource::Tabular(_, at, _, _) => Some(at.id),
            _ => None,
        }
    }

    fn move_it(&self, what: Choice, to: Choice) -> Option<Change> {
        let what = pick(&self.there(is_namespace), what)?;
        let homes = self.there(holds).into_iter().filter(|home| {
            self.warehouse(home) == self.warehouse(&what)
                && *home != what
                && !self.model.lies_below(home, &what)
        });
        match what {
            Securable::Namespace(id) => {
                Some(Change::Move(id, pick(&homes.collect::<Vec<_>>(), to)?))
            }
            _ => None,
        }
    }

    fn rename(&self, what: Choice, to: Choice) -> Option<Change> {
        let what = pick(&self.there(is_table), what)?;
        let mut homes = self.there(is_namespace);
        homes.retain(|home| self.warehouse(home) == self.warehouse(&what));
        match pick(&homes, to)? {
            Securable::Namespace(home) => Some(Change::Rename(what, home)),
            _ => None,
        }
    }

    fn join(&self, role: Choice, who: Choice) -> Option<Change> {
        let role = pick(&self.roles(&Securable::Server), role)?;
        let above = self.model.with_roles(&Principal::Role(role));
        let mut members = self.anybody(&Securable::Role(role));
        members.retain(|who| !above.contains(who));
        Some(Change::Join(role, pick(&members, who)?))
    }
}

/// Compares decisions with the model's, for each user and for a caller who acts as each of the roles. `which` selects the
/// checks, by their number.
async fn compare(world: &dyn World, model: &Model, cast: &Cast, which: impl Fn(usize) -> bool) {
    let roles = (Scene { model, cast })
        .roles(&Securable::Server)
        .into_iter();
    let roles = roles.map(Principal::Role);
    let users = cast.users.iter().cloned().map(Principal::User);
    for who in users.chain(roles) {
        let checks = checks(model, cast).into_iter().enumerate();
        let checks = checks.filter(|(at, _)| which(*at));
        let checks: Vec<_> = checks.map(|(_, check)| check).collect();
        let decided = world.decide(&caller_as(&who), &checks).await;
        for (check, decision) in checks.iter().zip(decided) {
            let allowed = decision == Decision::Allow;
            let wanted = model.allows(&who, check);
            assert_eq!(
                allowed, wanted,
                "may {who} do {} to {:?}? {model:#?}",
                check.action, check.resource
            );
        }
    }
}

/// The property: an authorizer decides as the model does, whatever was changed before.
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
        let now = Scene {
            model: &model,
            cast: &cast,
        };
        let Some(change) = now.change(*step) else {
            continue;
        };
        world.apply(&change).await;
        model.apply(&change);
        if let Change::Create { what, .. } = change {
            cast.things.push(what);
        }
        compare(world.as_ref(), &model, &cast, |at| {
            at % sparse == count % sparse
        })
        .await;
    }
    compare(world.as_ref(), &model, &cast, |_| true).await;
}
