//! Tests what each privilege allows, on the level where it is granted and below.

use model::{
    NamespaceId, ProjectId, RoleId, TabularId, TabularKind, TagDefinitionId, Version, WarehouseId,
};
use store::{Below, PathPrivileges};

use super::*;
use crate::{
    Action, InWarehouse, NamespaceAction, ProjectAction, Resource, RoleAction, ServerAction,
    TableAction, TagAction, ViewAction, WarehouseAction,
};

/// server → project → warehouse → namespace → table, with the privileges granted on each.
#[derive(Default, Clone, Copy)]
struct Way {
    given: [Privileges; 5],
    managed: [bool; 5],
}

const SERVER: usize = 0;
const PROJECT: usize = 1;
const WAREHOUSE: usize = 2;
const NAMESPACE: usize = 3;
const TABLE: usize = 4;

impl Way {
    fn given(at: usize, privilege: Privilege) -> Self {
        Self::default().and(at, privilege)
    }

    fn and(mut self, at: usize, privilege: Privilege) -> Self {
        self.given[at] = self.given[at].with(privilege);
        self
    }

    fn managed(mut self, at: usize) -> Self {
        self.managed[at] = true;
        self
    }

    fn rights(&self, at: usize) -> Rights {
        let on = [
            Securable::Server,
            Securable::Project(ProjectId::nil()),
            Securable::Warehouse(WarehouseId::generate()),
            Securable::Namespace(NamespaceId::generate()),
            Securable::Tabular(TabularKind::Table, TabularId::generate()),
        ];
        let steps = on.into_iter().zip(self.given).zip(self.managed);
        let steps = steps.map(|((on, given), managed)| Step {
            on,
            given,
            managed: if managed {
                ManagedAccess::On
            } else {
                ManagedAccess::Off
            },
        });
        Rights::along(&PathPrivileges {
            version: Version::FIRST,
            steps: steps.take(at + 1).collect(),
        })
    }

    fn may(&self, at: usize, action: Action) -> Verdict {
        let within = InWarehouse {
            id: WarehouseId::generate(),
            project: ProjectId::nil(),
            grants: Version::FIRST,
        };
        let namespace = NamespaceId::generate();
        let on = match at {
            SERVER => Resource::Server,
            PROJECT => Resource::Project(ProjectId::nil()),
            WAREHOUSE => Resource::Warehouse(within),
            NAMESPACE => Resource::Namespace(within, namespace),
            _ => Resource::Tabular(TabularKind::Table, within, namespace, TabularId::generate()),
        };
        self.rights(at).verdict(action, &on)
    }

    /// Whether the table may be described, read, and committed to.
    fn on_table(&self) -> [bool; 3] {
        [
            TableAction::GetMetadata,
            TableAction::ReadData,
            TableAction::Commit,
        ]
        .map(|action| self.may(TABLE, Action::Table(action)) == Verdict::Allow)
    }
}

#[test]
fn what_is_given_passes_down_to_tables() {
    let nothing = [false, false, false];
    let describe = [true, false, false];
    let select = [true, true, false];
    let modify = [true, true, true];
    for (at, privilege, expected) in [
        (SERVER, Admin, nothing),
        (SERVER, Operator, modify),
        (PROJECT, ProjectAdmin, modify),
        (PROJECT, SecurityAdmin, describe),
        (PROJECT, DataAdmin, modify),
        (PROJECT, RoleCreator, nothing),
        (PROJECT, TagCreator, nothing),
        (PROJECT, Describe, describe),
        (PROJECT, Select, select),
        (PROJECT, Create, describe),
        (PROJECT, Modify, modify),
        (WAREHOUSE, Ownership, modify),
        (WAREHOUSE, PassGrants, nothing),
        (WAREHOUSE, ManageGrants, nothing),
        (WAREHOUSE, ManageTags, nothing),
        (WAREHOUSE, Describe, describe),
        (NAMESPACE, Select, select),
        (NAMESPACE, Create, describe),
        (NAMESPACE, Ownership, modify),
        (TABLE, Ownership, modify),
        (TABLE, Describe, describe),
        (TABLE, Select, select),
        (TABLE, Modify, modify),
    ] {
        let way = Way::given(at, privilege);
        assert_eq!(way.on_table(), expected, "{privilege} on level {at}");
    }
}

#[test]
fn an_administrator_of_the_server_sees_projects_and_no_data() {
    let admin = Way::given(SERVER, Admin);
    let project = |action| admin.may(PROJECT, Action::Project(action));
    assert_eq!(project(ProjectAction::GetMetadata), Verdict::Allow);
    assert_eq!(project(ProjectAction::ReadGrants), Verdict::Allow);
    assert_eq!(project(ProjectAction::CreateWarehouse), Verdict::Deny);
    assert_eq!(
        admin.may(PROJECT, Action::Grant(ProjectAdmin)),
        Verdict::Allow
    );
    assert_eq!(admin.may(WAREHOUSE, Action::Grant(Select)), Verdict::Deny);
    let create = Action::Server(ServerAction::CreateProject);
    assert_eq!(admin.may(SERVER, create), Verdict::Allow);
    assert_eq!(Way::default().may(SERVER, create), Verdict::Deny);
}

#[test]
fn security_and_data_are_two_administrators_affairs() {
    let (security, data) = (
        Way::given(PROJECT, SecurityAdmin),
        Way::given(PROJECT, DataAdmin),
    );
    let create = Action::Project(ProjectAction::CreateWarehouse);
    assert_eq!(security.may(PROJECT, create), Verdict::Deny);
    assert_eq!(data.may(PROJECT, create), Verdict::Allow);
    for at in [PROJECT, WAREHOUSE, NAMESPACE, TABLE] {
        let grant = Action::Grant(Select);
        assert_eq!(security.may(at, grant), Verdict::Allow, "level {at}");
        assert_eq!(data.may(at, grant), Verdict::Deny, "level {at}");
    }
    let make = Action::Grant(ProjectAdmin);
    assert_eq!(security.may(PROJECT, make), Verdict::Deny);
    let tags = Action::Namespace(NamespaceAction::ManageTags);
    assert_eq!(security.may(NAMESPACE, tags), Verdict::Allow);
    assert_eq!(data.may(NAMESPACE, tags), Verdict::Deny);
}

#[test]
fn who_passes_grants_gives_what_it_has_there_and_no_more() {
    let way = Way::given(NAMESPACE, PassGrants).and(WAREHOUSE, Select);
    for (privilege, expected) in [
        (Describe, Verdict::Allow),
        (Select, Verdict::Allow),
        (Modify, Verdict::Deny),
        (Create, Verdict::Deny),
        (PassGrants, Verdict::Deny),
        (ManageGrants, Verdict::Deny),
        (Ownership, Verdict::Deny),
    ] {
        assert_eq!(
            way.may(NAMESPACE, Action::Grant(privilege)),
            expected,
            "{privilege}"
        );
    }
    assert_eq!(
        way.may(TABLE, Action::Grant(Select)),
        Verdict::Deny,
        "it does not pass down"
    );
    let reads = Action::Namespace(NamespaceAction::ReadGrants);
    assert_eq!(way.may(NAMESPACE, reads), Verdict::Allow);
}

#[test]
fn managed_access_takes_giving_from_owners_below_it() {
    let grant = Action::Grant(Select);
    let owner = |at| Way::given(at, Ownership);
    assert_eq!(owner(TABLE).may(TABLE, grant), Verdict::Allow);
    for managed in [WAREHOUSE, NAMESPACE] {
        let way = owner(TABLE).managed(managed);
        assert_eq!(way.may(TABLE, grant), Verdict::Deny, "level {managed}");
        assert_eq!(way.on_table(), [true, true, true]);
    }
    // The owner of the resource with managed access still grants privileges below it.
    assert_eq!(
        owner(WAREHOUSE).managed(WAREHOUSE).may(TABLE, grant),
        Verdict::Allow
    );
    assert_eq!(
        owner(NAMESPACE).managed(NAMESPACE).may(TABLE, grant),
        Verdict::Allow
    );
    // An owner may switch managed access on its own resource, unless managed access above binds it.
    let switch = Action::Namespace(NamespaceAction::SetManagedAccess);
    assert_eq!(owner(NAMESPACE).may(NAMESPACE, switch), Verdict::Allow);
    let bound = owner(NAMESPACE).managed(WAREHOUSE);
    assert_eq!(bound.may(NAMESPACE, switch), Verdict::Deny);
    let own = owner(NAMESPACE).managed(NAMESPACE);
    assert_eq!(own.may(NAMESPACE, switch), Verdict::Allow);
    let modifies = Way::given(WAREHOUSE, Modify);
    let switch = Action::Warehouse(WarehouseAction::SetManagedAccess);
    assert_eq!(modifies.may(WAREHOUSE, switch), Verdict::Deny);
    assert_eq!(owner(WAREHOUSE).may(WAREHOUSE, switch), Verdict::Allow);
    let direct = owner(TABLE).managed(WAREHOUSE).and(TABLE, ManageGrants);
    assert_eq!(direct.may(TABLE, grant), Verdict::Allow);
}

#[test]
fn moving_takes_both_the_right_to_change_and_the_right_to_give() {
    let moves = Action::Namespace(NamespaceAction::Move);
    let takes = Action::Namespace(NamespaceAction::AcceptMovedNamespace);
    let modify = Way::given(NAMESPACE, Modify);
    assert_eq!(modify.may(NAMESPACE, moves), Verdict::Deny);
    let both = modify.and(NAMESPACE, ManageGrants);
    assert_eq!(both.may(NAMESPACE, moves), Verdict::Allow);
    assert_eq!(both.may(NAMESPACE, takes), Verdict::Deny);
    assert_eq!(
        both.and(NAMESPACE, Create).may(NAMESPACE, takes),
        Verdict::Allow
    );
}

#[test]
fn the_way_to_what_one_may_see_depends_on_what_lies_below() {
    let nobody = Way::default();
    for (at, action) in [
        (PROJECT, Action::Project(ProjectAction::ListWarehouses)),
        (WAREHOUSE, Action::Warehouse(WarehouseAction::GetConfig)),
        (NAMESPACE, Action::Namespace(NamespaceAction::ListTables)),
    ] {
        assert_eq!(
            nobody.may(at, action),
            Verdict::IfBelow(Below::Live),
            "{action}"
        );
    }
    for action in [WarehouseAction::Use, WarehouseAction::ListDeletedTabulars] {
        let verdict = nobody.may(WAREHOUSE, Action::Warehouse(action));
        assert_eq!(verdict, Verdict::IfBelow(Below::Kept), "{action:?}");
    }
    let everything = Action::Namespace(NamespaceAction::ListEverything);
    assert_eq!(nobody.may(NAMESPACE, everything), Verdict::Deny);
}

#[test]
fn roles_and_tags_are_their_owners_and_the_security_administrators() {
    let (project, security) = (
        Way::default().rights(PROJECT),
        Way::given(PROJECT, SecurityAdmin).rights(PROJECT),
    );
    let owned = Privileges::NONE.with(Ownership);
    let (role, tag) = (RoleId::generate(), TagDefinitionId::generate());
    let (on_role, on_tag) = (
        Resource::Role(ProjectId::nil(), role),
        Resource::TagDefinition(ProjectId::nil(), tag),
    );
    let manage = Action::Role(RoleAction::ManageRoleAssignments);
    let apply = Action::Tag(TagAction::Apply);
    for (above, given, expected) in [
        (project, Privileges::NONE, Verdict::Deny),
        (project, owned, Verdict::Allow),
        (security, Privileges::NONE, Verdict::Allow),
    ] {
        let rights = above.leaf(Securable::Role(role), given);
        assert_eq!(rights.verdict(manage, &on_role), expected);
        let rights = above.leaf(Securable::TagDefinition(tag), given);
        assert_eq!(rights.verdict(apply, &on_tag), expected);
        let grant = Action::Grant(Apply);
        assert_eq!(rights.verdict(grant, &on_tag), expected);
    }
    let steward = project.leaf(Securable::TagDefinition(tag), Privileges::NONE.with(Apply));
    assert_eq!(steward.verdict(apply, &on_tag), Verdict::Allow);
    assert_eq!(
        steward.verdict(Action::Tag(TagAction::Delete), &on_tag),
        Verdict::Deny
    );
}

#[test]
fn views_are_read_by_whoever_may_select() {
    let select = Way::given(NAMESPACE, Select).rights(TABLE);
    let describe = Way::given(NAMESPACE, Describe).rights(TABLE);
    let view = Resource::Server;
    let action = Action::View(ViewAction::Select);
    assert_eq!(select.verdict(action, &view), Verdict::Allow);
    assert_eq!(describe.verdict(action, &view), Verdict::Deny);
}
