//! Who may do what, in the plainest way: by the documentation, without caches, databases or cleverness. It shares no line with
//! what it checks.

use std::collections::{BTreeMap, BTreeSet};

use ::model::{Grant, Principal, Privilege, Securable};
use store::ManagedAccess;

use super::Change;
use crate::{Action, Check, Resource};

use Privilege::{
    Admin, Create, DataAdmin, Describe, ManageGrants, ManageTags, Modify, Operator, Ownership,
    PassGrants, ProjectAdmin, RoleCreator, SecurityAdmin, Select, TagCreator,
};

/// What is where, and who has been given what.
#[derive(Debug, Clone, Default)]
pub struct Model {
    within: BTreeMap<Securable, Securable>,
    given: BTreeSet<Grant>,
    managed: BTreeSet<Securable>,
}

impl Model {
    /// What a thing lies in; `None` for what is not there.
    pub fn within(&self, what: &Securable) -> Option<&Securable> {
        self.within.get(what)
    }

    /// All that has been given.
    pub fn given(&self) -> impl Iterator<Item = &Grant> {
        self.given.iter()
    }

    /// Makes a change.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Create { what, within, by } => {
                self.within.insert(what.clone(), within.clone());
                self.given.insert(super::creators(what, by));
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
            }
            Change::Rename(what, to) => {
                self.within.insert(what.clone(), Securable::Namespace(*to));
            }
            Change::Give(grant) => drop(self.given.insert(grant.clone())),
            Change::Take(grant) => drop(self.given.remove(grant)),
            Change::Manage(what, ManagedAccess::On) => drop(self.managed.insert(what.clone())),
            Change::Manage(what, ManagedAccess::Off) => drop(self.managed.remove(what)),
        }
    }

    fn lies_below(&self, one: &Securable, above: &Securable) -> bool {
        let up = self.within.get(one);
        up.is_some_and(|up| up == above || self.lies_below(up, above))
    }

    fn is_managed(&self, on: &Securable) -> bool {
        let up = self.within.get(on);
        self.managed.contains(on) || up.is_some_and(|up| self.is_managed(up))
    }

    /// Whether somebody has a privilege on a thing, directly or by what follows from others.
    fn has(&self, who: &Principal, right: Privilege, on: &Securable) -> bool {
        let here = |right| self.has(who, right, on);
        let any = |rights: &[Privilege]| rights.iter().any(|right| here(*right));
        let above = self.within.get(on);
        let up = |right| above.is_some_and(|above| self.has(who, right, above));
        let directly = |privilege| {
            let (on, to) = (on.clone(), who.clone());
            self.given.contains(&Grant { on, to, privilege })
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
            (Securable::Warehouse(_), ManageGrants) => owns || up(SecurityAdmin),
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

    fn may_give(&self, who: &Principal, right: Privilege, on: &Securable) -> bool {
        let has = |right| self.has(who, right, on);
        match on {
            Securable::Server => has(Admin) || has(Operator),
            Securable::Project(_) if right == ProjectAdmin => has(ProjectAdmin) || has(Admin),
            Securable::Project(_) => has(SecurityAdmin) || has(Admin),
            _ => {
                let passes = matches!(right, Describe | Select | Create | Modify);
                has(ManageGrants) || (passes && has(right) && has(PassGrants))
            }
        }
    }

    /// Whether somebody has been given anything on anything below.
    fn finds_below(&self, who: &Principal, on: &Securable) -> bool {
        let mut given = self.given.iter();
        given.any(|grant| grant.to == *who && self.lies_below(&grant.on, on))
    }

    /// Whether a user may do that.
    pub fn allows(&self, who: &Principal, check: &Check) -> bool {
        let on = match &check.resource {
            Resource::User(user) if *who == Principal::User(user.clone()) => return true,
            Resource::User(_) => Securable::Server,
            other => other.securable().unwrap(),
        };
        if on != Securable::Server && !self.within.contains_key(&on) {
            return false;
        }
        let has = |right| self.has(who, right, &on);
        let finds = || self.finds_below(who, &on);
        let gives = |right| self.may_give(who, right, &on);
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
            (kind, action) if action.starts_with("get_") || action.starts_with("list_") => {
                has(Describe) || (matches!(kind, "warehouse" | "namespace") && finds())
            }
            ("warehouse" | "namespace", "use" | "include_in_list") => has(Describe) || finds(),
            (_, "include_in_list") => has(Describe),
            _ => has(Modify),
        }
    }
}
