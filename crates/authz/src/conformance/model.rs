//! A model of the permissions, in the plainest way: straight from the documentation, without caches and databases. It shares
//! no code with the authorizers that it checks.

use std::collections::{BTreeMap, BTreeSet};

use ::model::{Grant, Principal, Privilege, RoleId, Securable};
use store::ManagedAccess;

use super::Change;
use crate::{Action, Check, Resource};

use Privilege::{
    Admin, Apply, Create, DataAdmin, Describe, ManageGrants, ManageTags, Modify, Operator,
    Ownership, PassGrants, ProjectAdmin, RoleCreator, SecurityAdmin, Select, TagCreator,
};

/// The resources, grants, and roles' members of a catalog.
#[derive(Debug, Clone, Default)]
pub struct Model {
    within: BTreeMap<Securable, Securable>,
    given: BTreeSet<Grant>,
    managed: BTreeSet<Securable>,
    /// Soft-deleted tables and views.
    deleted: BTreeSet<Securable>,
    members: BTreeSet<(RoleId, Principal)>,
}

impl Model {
    /// What a resource lies in; `None` if it does not exist.
    pub fn within(&self, what: &Securable) -> Option<&Securable> {
        self.within.get(what)
    }

    /// Whether the resource exists and is not soft-deleted.
    pub fn is_there(&self, what: &Securable) -> bool {
        let is_somewhere = *what == Securable::Server || self.within.contains_key(what);
        is_somewhere && !self.deleted.contains(what)
    }

    /// Whether anything soft-deleted lies in the resource.
    pub fn holds_deleted(&self, what: &Securable) -> bool {
        let mut deleted = self.deleted.iter();
        deleted.any(|one| self.lies_below(one, what))
    }

    /// The members of all roles.
    pub fn members(&self) -> impl Iterator<Item = &(RoleId, Principal)> {
        self.members.iter()
    }

    /// The principal and all roles that it is a member of, directly or through other roles.
    pub fn with_roles(&self, who: &Principal) -> BTreeSet<Principal> {
        let mut all = BTreeSet::from([who.clone()]);
        let above = self.members.iter().filter(|(_, member)| member == who);
        for (role, _) in above {
            all.extend(self.with_roles(&Principal::Role(*role)));
        }
        all
    }

    /// All grants.
    pub fn given(&self) -> impl Iterator<Item = &Grant> {
        self.given.iter()
    }

    /// Makes a change.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Create { what, within, by } => {
                self.within.insert(what.clone(), within.clone());
                self.given.insert(super::creators_grant(what, by));
            }
            Change::Drop(what) => {
                let gone: BTreeSet<_> = self.within.keys().cloned().collect();
                let gone: BTreeSet<_> = gone
                    .into_iter()
                    .filter(|one| one == what || self.lies_below(one, what))
                    .collect();
                self.within.retain(|one, _| !gone.contains(one));
                self.given.retain(|grant| !gone.contains(&grant.on));
                self.managed.retain(|one| !gone.contains(one));
                if let Securable::Role(role) = what {
                    let itself = Principal::Role(*role);
                    self.given.retain(|grant| grant.to != itself);
                    self.members
                        .retain(|(above, member)| above != role && *member != itself);
                }
            }
            Change::SoftDrop(what) => drop(self.deleted.insert(what.clone())),
            Change::Undrop(what) => drop(self.deleted.remove(what)),
            Change::Join(role, who) => drop(self.members.insert((*role, who.clone()))),
            Change::Leave(role, who) => drop(self.members.remove(&(*role, who.clone()))),
            Change::Rename(what, to) => {
                self.within.insert(what.clone(), Securable::Namespace(*to));
            }
            Change::Move(what, to) => {
                self.within.insert(Securable::Namespace(*what), to.clone());
            }
            Change::Give(grant) => drop(self.given.insert(grant.clone())),
            Change::Take(grant) => drop(self.given.remove(grant)),
            Change::Manage(what, ManagedAccess::On) => drop(self.managed.insert(what.clone())),
            Change::Manage(what, ManagedAccess::Off) => drop(self.managed.remove(what)),
        }
    }

    /// Whether one resource lies in another one, however deep.
    pub fn lies_below(&self, one: &Securable, above: &Securable) -> bool {
        let up = self.within.get(one);
        up.is_some_and(|up| up == above || self.lies_below(up, above))
    }

    fn is_managed(&self, on: &Securable) -> bool {
        let up = self.within.get(on);
        self.managed.contains(on) || up.is_some_and(|up| self.is_managed(up))
    }

    /// Whether the principals have a privilege on a resource, by a grant or because it follows from other privileges.
    fn has(&self, who: &BTreeSet<Principal>, right: Privilege, on: &Securable) -> bool {
        let here = |right| self.has(who, right, on);
        let any = |rights: &[Privilege]| rights.iter().any(|right| here(*right));
        let above = self.within.get(on);
        let up = |right| above.is_some_and(|above| self.has(who, right, above));
        let directly = |privilege| {
            let mut given = self.given.iter();
            given.any(|one| one.on == *on && one.privilege == privilege && who.contains(&one.to))
        };
        let owns = directly(Ownership);
        let follows = match (on, right) {
            (Securable::Project(_), Admin) => up(Admin),
            (Securable::Project(_), ProjectAdmin) => up(Operator),
            (Securable::Project(_), SecurityAdmin | DataAdmin | Modify) => here(ProjectAdmin),
            (Securable::Project(_), RoleCreator | TagCreator) => here(SecurityAdmin),
            (Securable::Project(_), Create) => here(DataAdmin),
            (Securable::Project(_), Select) => here(Modify),
            (Securable::Project(_), Describe) => any(&[Select, Create, DataAdmin, SecurityAdmin]),
            (
                Securable::Role(_) | Securable::TagDefinition(_),
                Describe | Admin | SecurityAdmin,
            ) => up(right),
            (Securable::TagDefinition(_), Apply) | (Securable::Warehouse(_), ManageGrants) => {
                owns || up(SecurityAdmin)
            }
            (Securable::Warehouse(_), ManageTags) => up(SecurityAdmin),
            (Securable::Warehouse(_), Modify) => owns || up(Modify) || up(DataAdmin),
            (Securable::Namespace(_) | Securable::Tabular(..), ManageGrants) => {
                let is_managed = above.is_some_and(|above| self.is_managed(above));
                (owns && !is_managed) || up(ManageGrants)
            }
            (Securable::Namespace(_) | Securable::Tabular(..), ManageTags) => up(ManageTags),
            (Securable::Namespace(_) | Securable::Tabular(..), Modify) => owns || up(Modify),
            (Securable::Warehouse(_) | Securable::Namespace(_) | Securable::Tabular(..), right) => {
                match right {
                    Create => owns || up(Create),
                    Select => here(Modify) || up(Select),
                    Describe => any(&[Select, Create]) || up(Describe),
                    _ => false,
                }
            }
            _ => false,
        };
        directly(right) || follows
    }

    fn may_give(&self, who: &BTreeSet<Principal>, right: Privilege, on: &Securable) -> bool {
        let has = |right| self.has(who, right, on);
        match on {
            Securable::Server => has(Admin) || has(Operator),
            Securable::Project(_) if right == ProjectAdmin => has(ProjectAdmin) || has(Admin),
            Securable::Project(_) => has(SecurityAdmin) || has(Admin),
            Securable::Role(_) | Securable::TagDefinition(_) => {
                has(Ownership) || has(SecurityAdmin)
            }
            _ => {
                let passes = matches!(right, Describe | Select | Create | Modify);
                has(ManageGrants) || (passes && has(right) && has(PassGrants))
            }
        }
    }

    /// Whether the principals have any grant on anything below that is not soft-deleted.
    fn finds_below(&self, who: &BTreeSet<Principal>, on: &Securable) -> bool {
        let mut given = self.given_below(who, on);
        given.any(|grant| !self.deleted.contains(&grant.on))
    }

    /// The principals' grants on anything below, soft-deleted or not.
    fn given_below<'a>(
        &'a self,
        who: &'a BTreeSet<Principal>,
        on: &'a Securable,
    ) -> impl Iterator<Item = &'a Grant> {
        let given = self.given.iter();
        given.filter(|grant| who.contains(&grant.to) && self.lies_below(&grant.on, on))
    }

    /// Whether the principal may do what the check asks.
    pub fn allows(&self, who: &Principal, check: &Check) -> bool {
        let on = match &check.resource {
            Resource::User(user) if *who == Principal::User(user.clone()) => return true,
            Resource::User(_) => Securable::Server,
            other => other.securable().unwrap(),
        };
        if !self.is_there(&on) {
            return false;
        }
        let who = self.with_roles(who);
        let has = |right| self.has(&who, right, &on);
        let finds = || self.finds_below(&who, &on);
        let gives = |right| self.may_give(&who, right, &on);
        if let Action::Grant(privilege) = check.action {
            return gives(privilege);
        }
        let action = check.action.to_string();
        match action.split_once(':').unwrap() {
            ("server", "bootstrap" | "list_projects" | "search_users") => true,
            ("server", "read_events") => has(Operator),
            ("server" | "user", _) => has(Admin) || has(Operator),
            ("project", action) => match action {
                "create_warehouse" => has(Create),
                "delete" | "rename" | "modify_task_queue_config" => has(Modify),
                "control_project_tasks" => has(Modify) || has(Admin),
                "create_role" => has(RoleCreator),
                "create_tag" => has(TagCreator),
                "get_endpoint_statistics" => has(Describe),
                "get_project_tasks" => has(Describe) || has(Admin),
                "read_grants" => has(SecurityAdmin) || has(ProjectAdmin) || has(Admin),
                _ => has(Describe) || has(Admin) || finds(),
            },
            ("role", "assume") => {
                let is_in = check.resource.securable().is_some_and(|role| match role {
                    Securable::Role(role) => who.contains(&Principal::Role(role)),
                    _ => false,
                });
                is_in || has(Ownership)
            }
            ("role" | "tag", action) => {
                let project = self.within(&on).unwrap();
                let sees = || has(Describe) || has(Admin) || self.finds_below(&who, project);
                match action {
                    "read" => has(Apply) || sees(),
                    "read_metadata" | "read_role_assignments" => sees(),
                    "apply" | "remove" => has(Apply),
                    _ => has(Ownership) || has(SecurityAdmin),
                }
            }
            (_, "read_grants") => [ManageGrants, Describe, Select, Create, Modify]
                .into_iter()
                .any(gives),
            (_, "manage_tags") => has(ManageTags),
            (_, "set_managed_access") => has(ManageGrants),
            (_, "accept_moved_namespace") => has(ManageGrants) && has(Create),
            (_, "move") => has(ManageGrants) && has(Modify),
            (_, action) if action.starts_with("create_") => has(Create),
            (_, "read_data" | "select") => has(Select),
            (_, "list_everything" | "get_all_tasks" | "get_tasks" | "get_endpoint_statistics") => {
                has(Describe)
            }
            ("warehouse", "use" | "list_deleted_tabulars") => {
                has(Describe) || self.given_below(&who, &on).next().is_some()
            }
            (kind, action) if action.starts_with("get_") || action.starts_with("list_") => {
                has(Describe) || (matches!(kind, "warehouse" | "namespace") && finds())
            }
            ("warehouse" | "namespace", "include_in_list") => has(Describe) || finds(),
            (_, "include_in_list") => has(Describe),
            _ => has(Modify),
        }
    }
}
