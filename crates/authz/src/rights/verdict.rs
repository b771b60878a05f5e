//! The rights that each action needs.

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

/// What a caller's rights on a resource say about an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The caller may do it.
    Allow,
    /// The caller may not do it.
    Deny,
    /// The caller may do it if it has any grant on anything below: whoever may see a table must be able to browse to it.
    IfBelow(Below),
}

impl From<bool> for Verdict {
    fn from(allowed: bool) -> Self {
        if allowed { Self::Allow } else { Self::Deny }
    }
}

impl Rights {
    /// Whether a caller with these rights on resource `on` may do the action to it.
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

    /// For actions that are also needed to browse to something below: any of `some`, or any grant below.
    fn browses(self, some: &[Privilege]) -> Verdict {
        match self.any(some) {
            Verdict::Deny => Verdict::IfBelow(Below::Live),
            other => other,
        }
    }

    /// Like [`Self::browses`], but a grant on something soft-deleted below counts, too.
    fn browses_kept(self, some: &[Privilege]) -> Verdict {
        match self.any(some) {
            Verdict::Deny => Verdict::IfBelow(Below::Kept),
            other => other,
        }
    }

    fn on_server(self, action: S) -> Verdict {
        match action {
            // The first caller may bootstrap the server. Each project in the list is checked by itself. Everybody may search
            // users, as with today's Lakekeeper: whoever makes a grant has to name the user.
            S::Bootstrap | S::ListProjects | S::SearchUsers => Verdict::Allow,
            S::CreateProject
            | S::UpdateUsers
            | S::DeleteUsers
            | S::ListUsers
            | S::ProvisionUsers
            | S::ReadGrants => self.any(&[Admin, Operator]),
            // Events tell what is in all warehouses, on which an administrator has no rights.
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
            // Members may, too; the authorizer checks that, as membership is not a privilege.
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
            // Soft-deleted tables count: a caller whose only grant is on one could not restore it otherwise. Which tables
            // the caller sees is decided for each of them.
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

    /// Whoever may grant any privilege on a resource may see the grants on it.
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
    /// Whether every user may do it to itself.
    pub(crate) const fn is_free_for_oneself(self) -> bool {
        match self {
            Self::Read | Self::Update | Self::Delete | Self::ReadRoleAssignments => true,
        }
    }
}
