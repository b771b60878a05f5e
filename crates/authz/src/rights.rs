//! What privileges amount to: the one permission model, without I/O.
//!
//! Rights pass from the server down: project, warehouse, namespaces, table. Each [`Rights::below`] is one step of the way, so a
//! decision costs as many steps as the thing lies deep. Names of relations and actions are those of today's Lakekeeper;
//! where they mean something else, `docs/authorization.md` says so.

mod verdict;

use model::{Privilege, Privileges, Securable};
use store::{ManagedAccess, Standing, Step};

use Privilege::{
    Admin, Apply, Create, DataAdmin, Describe, ManageGrants, ManageTags, Modify, Operator,
    Ownership, PassGrants, ProjectAdmin, RoleCreator, SecurityAdmin, Select, TagCreator,
};

pub use verdict::Verdict;

/// What somebody may use on a thing, by what was given on it and above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    pub(crate) has: Privileges,
    /// Of the thing or of what it lies in.
    managed: ManagedAccess,
}

impl Rights {
    /// None.
    pub const NONE: Self = Self {
        has: Privileges::NONE,
        managed: ManagedAccess::Off,
    };

    /// Those at the end of a way.
    pub fn along(standing: &Standing) -> Self {
        standing.steps.iter().fold(Self::NONE, Self::below)
    }

    /// Those on a thing in this one.
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

    /// Those on a thing in this one, which is the end of its way.
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

/// Each rule adds what follows from what is there; the order matters.
fn follows(mut has: Privileges, rules: &[(Privilege, bool)]) -> Privileges {
    for (privilege, holds) in rules {
        if *holds {
            has = has.with(*privilege);
        }
    }
    has
}

/// The server's administrators keep their say on projects, but not on what they hold.
fn project(server: Privileges, given: Privileges) -> Privileges {
    let mut has = follows(
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
    has = follows(
        has,
        &[(Select, has.has(Modify)), (Create, has.has(DataAdmin))],
    );
    let describes = [Select, Create, DataAdmin, SecurityAdmin];
    follows(has, &[(Describe, has.has_any(&describes))])
}

/// Roles and tag definitions: what counts is who owns them, and who may what on the project.
fn in_project(project: Privileges, given: Privileges) -> Privileges {
    let owns = given.has(Ownership) || project.has(SecurityAdmin);
    follows(
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
    let above = follows(project, &[(Modify, project.has(DataAdmin))]);
    let manages = given.has(Ownership) || project.has(SecurityAdmin);
    follows(
        data(above, given),
        &[
            (ManageGrants, manages),
            (ManageTags, project.has(SecurityAdmin)),
        ],
    )
}

/// What all things that hold data have in common. Ownership and `pass_grants` stay where they were given.
fn data(above: Privileges, given: Privileges) -> Privileges {
    let owns = given.has(Ownership);
    let has = follows(
        given,
        &[
            (Modify, owns || above.has(Modify)),
            (Create, owns || above.has(Create)),
        ],
    );
    let has = follows(has, &[(Select, has.has(Modify) || above.has(Select))]);
    let describes = has.has_any(&[Select, Create]) || above.has(Describe);
    follows(has, &[(Describe, describes)])
}

/// Whether these let their bearer give this privilege to others, and take it back.
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
