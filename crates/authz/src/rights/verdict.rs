//! What rights an action takes.

use model::{Privilege, Securable};
use store::Below;

use super::{Rights, may_grant};
use crate::{
    Action, GenericTableAction as G, NamespaceAction as N, ProjectAction as P, Resource,
    RoleAction as R, ServerAction as S, TableAction as T, TagAction, UserAction, ViewAction as V,
    WarehouseAction as W,
};

use Privilege::{
    Admin, Apply, Create, Describe, ManageGrants, ManageTags, Modify, Operator, Ownership,
    ProjectAdmin, RoleCreator, SecurityAdmin, Select, TagCreator,
};

/// What rights say about an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may be done.
    Allow,
    /// It may not.
    Deny,
    /// It may be done if the caller has been given anything on anything below: who may see a table finds the way there.
    IfBelow(Below),
}

impl From<bool> for Verdict {
    fn from(allowed: bool) -> Self {
        if allowed { Self::Allow } else { Self::Deny }
    }
}

impl Rights {
    /// Whether the action may be done to the thing that these rights are on.
    pub fn verdict(self, action: Action, on: &Resource) -> Verdict {
        match action {
            Action::Server(action) => self.on_server(action),
            Action::User(_) => self.has.has_any(&[Admin, Operator]).into(),
            Action::Project(action) => self.on_project(action),
            Action::Role(action) => self.on_role(action),
            Action::Tag(action) => self.on_tag(action),
            Action::Warehouse(action) => self.on_warehouse(action),
            Action::Namespace(action) => self.on_namespace(action),
            Action::Table(action) => self.on_table(action).into(),
            Action::View(action) => self.on_view(action).into(),
            Action::GenericTable(action) => self.on_generic_table(action).into(),
            Action::Grant(privilege) => self.grants(privilege, on.securable().as_ref()).into(),
        }
    }

    fn any(self, some: &[Privilege]) -> Verdict {
        self.has.has_any(some).into()
    }

    /// What the way to something below needs, too.
    fn browses(self, some: &[Privilege]) -> Verdict {
        match self.any(some) {
            Verdict::Deny => Verdict::IfBelow(Below::Live),
            other => other,
        }
    }

    /// What the way to something that is soft-deleted needs, too.
    fn browses_kept(self, some: &[Privilege]) -> Verdict {
        match self.any(some) {
            Verdict::Deny => Verdict::IfBelow(Below::Kept),
            other => other,
        }
    }

    fn on_server(self, action: S) -> Verdict {
        match action {
            // Whoever comes first may; of projects one sees those that one may. Users are found by all, as with today's
            // Lakekeeper: whoever gives something has to name whom.
            S::Bootstrap | S::ListProjects | S::SearchUsers => Verdict::Allow,
            S::CreateProject
            | S::UpdateUsers
            | S::DeleteUsers
            | S::ListUsers
            | S::ProvisionUsers
            | S::ReadGrants => self.any(&[Admin, Operator]),
            // They tell of what is in all warehouses, in which an administrator has no say.
            S::ReadEvents => self.any(&[Operator]),
        }
    }

    fn on_project(self, action: P) -> Verdict {
        match action {
            P::GetMetadata
            | P::ListWarehouses
            | P::IncludeInList
            | P::ListRoles
            | P::SearchRoles
            | P::ListTags
            | P::GetTaskQueueConfig => self.browses(&[Describe, Admin]),
            P::GetEndpointStatistics => self.any(&[Describe]),
            P::GetProjectTasks => self.any(&[Describe, Admin]),
            P::CreateWarehouse => self.any(&[Create]),
            P::Delete | P::Rename | P::ModifyTaskQueueConfig => self.any(&[Modify]),
            P::ControlProjectTasks => self.any(&[Modify, Admin]),
            P::CreateRole => self.any(&[RoleCreator]),
            P::CreateTag => self.any(&[TagCreator]),
            P::ReadGrants => self.any(&[SecurityAdmin, ProjectAdmin, Admin]),
        }
    }

    fn on_role(self, action: R) -> Verdict {
        match action {
            R::Read | R::ReadMetadata | R::ReadRoleAssignments => self.browses(&[Describe, Admin]),
            R::Delete | R::Update | R::UpdateSourceSystem | R::ManageRoleAssignments => {
                self.any(&[Ownership, SecurityAdmin])
            }
            // Who is in it is not a matter of privileges.
            R::Assume => self.any(&[Ownership]),
        }
    }

    fn on_tag(self, action: TagAction) -> Verdict {
        match action {
            TagAction::Read => self.browses(&[Describe, Admin, Apply]),
            TagAction::Apply | TagAction::Remove => self.any(&[Apply]),
            TagAction::Update
            | TagAction::Delete
            | TagAction::ReadAttachments
            | TagAction::ReadGrants => self.any(&[Ownership, SecurityAdmin]),
        }
    }

    fn on_warehouse(self, action: W) -> Verdict {
        match action {
            W::GetMetadata
            | W::GetConfig
            | W::ListNamespaces
            | W::IncludeInList
            | W::GetTaskQueueConfig => self.browses(&[Describe]),
            // Otherwise nobody could bring back what is all that they have. What is told is decided on one by one.
            W::Use | W::ListDeletedTabulars => self.browses_kept(&[Describe]),
            W::ListEverything | W::GetAllTasks | W::GetEndpointStatistics => self.any(&[Describe]),
            W::CreateNamespace => self.any(&[Create]),
            W::Delete
            | W::UpdateStorage
            | W::Deactivate
            | W::Activate
            | W::Rename
            | W::ModifySoftDeletion
            | W::ModifyTaskQueueConfig
            | W::ControlAllTasks
            | W::SetProtection
            | W::SetFormatVersionPolicy => self.any(&[Modify]),
            W::ManageTags => self.any(&[ManageTags]),
            W::AcceptMovedNamespace => self.both(ManageGrants, Create),
            W::SetManagedAccess => self.any(&[ManageGrants]),
            W::ReadGrants => self.reads_grants().into(),
        }
    }

    fn on_namespace(self, action: N) -> Verdict {
        match action {
            N::GetMetadata
            | N::ListTables
            | N::ListViews
            | N::ListGenericTables
            | N::ListNamespaces
            | N::IncludeInList => self.browses(&[Describe]),
            N::ListEverything => self.any(&[Describe]),
            N::CreateTable | N::CreateView | N::CreateGenericTable | N::CreateNamespace => {
                self.any(&[Create])
            }
            N::Delete | N::UpdateProperties | N::SetProtection => self.any(&[Modify]),
            N::ManageTags => self.any(&[ManageTags]),
            N::Move => self.both(ManageGrants, Modify),
            N::AcceptMovedNamespace => self.both(ManageGrants, Create),
            N::SetManagedAccess => self.any(&[ManageGrants]),
            N::ReadGrants => self.reads_grants().into(),
        }
    }

    fn on_table(self, action: T) -> bool {
        self.has.has(match action {
            T::GetMetadata | T::IncludeInList | T::GetTasks => Describe,
            T::ReadData => Select,
            T::Drop
            | T::WriteData
            | T::Commit
            | T::Rename
            | T::Undrop
            | T::ControlTasks
            | T::SetProtection => Modify,
            T::ManageTags => ManageTags,
            T::ReadGrants => return self.reads_grants(),
        })
    }

    fn on_view(self, action: V) -> bool {
        self.has.has(match action {
            V::GetMetadata | V::IncludeInList | V::GetTasks => Describe,
            V::Select => Select,
            V::Drop | V::Commit | V::Rename | V::Undrop | V::ControlTasks | V::SetProtection => {
                Modify
            }
            V::ManageTags => ManageTags,
            V::ReadGrants => return self.reads_grants(),
        })
    }

    fn on_generic_table(self, action: G) -> bool {
        self.has.has(match action {
            G::GetMetadata | G::IncludeInList | G::GetTasks => Describe,
            G::ReadData => Select,
            G::Drop | G::WriteData | G::Rename | G::Undrop | G::ControlTasks | G::SetProtection => {
                Modify
            }
            G::ManageTags => ManageTags,
            G::ReadGrants => return self.reads_grants(),
        })
    }

    fn both(self, one: Privilege, other: Privilege) -> Verdict {
        (self.has.has(one) && self.has.has(other)).into()
    }

    /// Who may give something to others may see who has it.
    fn reads_grants(self) -> bool {
        [ManageGrants, Describe, Select, Create, Modify]
            .iter()
            .any(|privilege| may_grant(self.has, *privilege))
    }

    fn grants(self, privilege: Privilege, on: Option<&Securable>) -> bool {
        match on {
            None => false,
            Some(Securable::Server) => self.has.has_any(&[Admin, Operator]),
            Some(Securable::Project(_)) if privilege == ProjectAdmin => {
                self.has.has_any(&[ProjectAdmin, Admin])
            }
            Some(Securable::Project(_)) => self.has.has_any(&[SecurityAdmin, Admin]),
            Some(Securable::Role(_) | Securable::TagDefinition(_)) => {
                self.has.has_any(&[Ownership, SecurityAdmin])
            }
            Some(Securable::Warehouse(_) | Securable::Namespace(_) | Securable::Tabular(..)) => {
                may_grant(self.has, privilege)
            }
        }
    }
}

impl UserAction {
    /// Whether everybody may do it to oneself.
    pub(crate) const fn is_free_for_oneself(self) -> bool {
        match self {
            Self::Read | Self::Update | Self::Delete | Self::ReadRoleAssignments => true,
        }
    }
}
