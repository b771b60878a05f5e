//! The relations that a principal can have to a thing.

use authz::{Action, ResourceKind, RoleAction};
use model::{Excerpt, Privilege};

use crate::{CatalogError, GrantErrorKind, Result};

/// A relation that a principal can have to a thing: a privilege on it, or membership of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// Member of the role.
    Member,
    /// Has been granted this privilege.
    Given(Privilege),
}

impl Relation {
    /// All relations that exist for this kind of thing.
    pub fn all(on: ResourceKind) -> Vec<Self> {
        let member = (on == ResourceKind::Role).then_some(Self::Member);
        let given = on.privileges().iter().copied().map(Self::Given);
        member.into_iter().chain(given).collect()
    }

    /// As the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "assignee",
            Self::Given(privilege) => privilege.as_str(),
        }
    }

    /// The sort key in lists of assignments. `manage_tags` comes last, because clients know this order from
    /// Lakekeeper.
    pub(super) fn position(self) -> impl Ord {
        (self == Self::Given(Privilege::ManageTags), self)
    }

    /// The relation that the API spells `text`, on this kind of thing.
    pub(super) fn parse(on: ResourceKind, text: &str) -> Result<Self> {
        let there = Self::all(on);
        let found = there.iter().find(|one| one.as_str() == text);
        found.copied().ok_or_else(|| {
            let all: Vec<&str> = there.iter().map(|one| one.as_str()).collect();
            let shown = Excerpt(text);
            let message = format!(
                "there is no privilege `{shown}` on a {on}: use {}",
                all.join(", ")
            );
            CatalogError::new(GrantErrorKind::UnknownPrivilege.into(), message)
        })
    }

    /// The action that the caller must be allowed, to add or remove this relation.
    pub(super) const fn action(self) -> Action {
        match self {
            Self::Member => Action::Role(RoleAction::ManageRoleAssignments),
            Self::Given(privilege) => Action::Grant(privilege),
        }
    }
}
