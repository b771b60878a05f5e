//! The permission model: which rights follow from grants. Free of I/O.
//!
//! Rights pass down from the server to project, warehouse, namespaces, and table. [`Rights::below`] is one step of that way,
//! so a decision takes as many steps as the resource lies deep. Relations and actions have the names of today's Lakekeeper;
//! where they differ in meaning, `docs/authorization.md` says so.

mod verdict;

use model::{Privilege, Privileges, Securable};
use store::{ManagedAccess, PathPrivileges, Step};

use Privilege::{
    Admin, Apply, Create, DataAdmin, Describe, ManageGrants, ManageTags, Modify, Operator,
    Ownership, PassGrants, ProjectAdmin, RoleCreator, SecurityAdmin, Select, TagCreator,
};

pub use verdict::Verdict;

/// The privileges that a caller has on a resource, by the grants on it and above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    pub(crate) has: Privileges,
    /// On if managed access is on for the resource or for anything that it lies in.
    managed: ManagedAccess,
}

impl Rights {
    /// No rights.
    pub const NONE: Self = Self {
        has: Privileges::NONE,
        managed: ManagedAccess::Off,
    };

    /// The rights in the place at the end of a way down from the server.
    pub fn along(path: &PathPrivileges) -> Self {
        path.steps.iter().fold(Self::NONE, Self::below)
    }

    /// The rights on a resource that lies directly in the one with these rights.
    #[must_use]
    pub fn below(self, step: &Step) -> Self {
        let (above, given) = (self.has, step.given);
        let has = match step.on {
            Securable::Server => given,
            Securable::Project(_) => project(above, given),
            Securable::Role(_) | Securable::TagDefinition(_) => in_project(above, given),
            Securable::Warehouse(_) => warehouse(above, given),
            Securable::Namespace(_) | Securable::Tabular(..) => self.in_warehouse(given),
        };
        let managed = match self.managed {
            ManagedAccess::On => ManagedAccess::On,
            ManagedAccess::Off => step.managed,
        };
        Self { has, managed }
    }

    /// [`Rights::below`] for a resource that nothing lies in.
    pub(crate) fn leaf(self, on: Securable, given: Privileges) -> Self {
        let managed = ManagedAccess::Off;
        self.below(&Step { on, given, managed })
    }

    fn in_warehouse(self, given: Privileges) -> Privileges {
        let above = self.has;
        let owner_grants = given.has(Ownership) && self.managed == ManagedAccess::Off;
        let mut has = data(above, given);
        if owner_grants || above.has(ManageGrants) {
            has = has.with(ManageGrants);
        }
        if above.has(ManageTags) {
            has = has.with(ManageTags);
        }
        has
    }
}

/// Adds each privilege whose condition holds. All conditions are known before: a rule that depends on another one's result
/// needs a later call.
fn with_implied(mut has: Privileges, rules: &[(Privilege, bool)]) -> Privileges {
    for (privilege, holds) in rules {
        if *holds {
            has = has.with(*privilege);
        }
    }
    has
}

/// An administrator of the server is also one of each project, but has no rights on the warehouses in it; an operator
/// has all rights on them.
fn project(server: Privileges, given: Privileges) -> Privileges {
    let mut has = with_implied(
        given,
        &[
            (Admin, server.has(Admin)),
            (ProjectAdmin, server.has(Operator)),
        ],
    );
    if has.has(ProjectAdmin) {
        has = has.with(SecurityAdmin).with(DataAdmin).with(Modify);
    }
    if has.has(SecurityAdmin) {
        has = has.with(RoleCreator).with(TagCreator);
    }
    has = with_implied(
        has,
        &[(Select, has.has(Modify)), (Create, has.has(DataAdmin))],
    );
    let describes = [Select, Create, DataAdmin, SecurityAdmin];
    with_implied(has, &[(Describe, has.has_any(&describes))])
}

/// Rights on roles and tag definitions, which follow from their ownership and from rights on the project.
fn in_project(project: Privileges, given: Privileges) -> Privileges {
    let owns = given.has(Ownership) || project.has(SecurityAdmin);
    with_implied(
        given,
        &[
            (Admin, project.has(Admin)),
            (SecurityAdmin, project.has(SecurityAdmin)),
            (Describe, project.has(Describe)),
            (Apply, owns),
        ],
    )
}

fn warehouse(project: Privileges, given: Privileges) -> Privileges {
    let above = with_implied(project, &[(Modify, project.has(DataAdmin))]);
    let manages = given.has(Ownership) || project.has(SecurityAdmin);
    with_implied(
        data(above, given),
        &[
            (ManageGrants, manages),
            (ManageTags, project.has(SecurityAdmin)),
        ],
    )
}

/// The rules that warehouses, namespaces, and tables have in common. `ownership` and `pass_grants` do not pass down.
fn data(above: Privileges, given: Privileges) -> Privileges {
    let owns = given.has(Ownership);
    let has = with_implied(
        given,
        &[
            (Modify, owns || above.has(Modify)),
            (Create, owns || above.has(Create)),
        ],
    );
    let has = with_implied(has, &[(Select, has.has(Modify) || above.has(Select))]);
    let describes = has.has_any(&[Select, Create]) || above.has(Describe);
    with_implied(has, &[(Describe, describes)])
}

/// Whether a caller with these privileges may grant and revoke `privilege`.
fn may_grant(has: Privileges, privilege: Privilege) -> bool {
    match privilege {
        Describe | Select | Create | Modify => {
            has.has(ManageGrants) || (has.has(privilege) && has.has(PassGrants))
        }
        _ => has.has(ManageGrants),
    }
}

#[cfg(test)]
mod tests;
