//! What somebody can have on a thing.

use authz::{Action, ResourceKind, RoleAction};
use model::{Excerpt, Privilege};

use crate::{CatalogError, GrantErrorKind, Result};

/// What somebody can have on a thing: a privilege; or, of a role, to be in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// To be in the role.
    Member,
    /// To have been given this.
    Given(Privilege),
}

impl Relation {
    /// All that there are on such a thing.
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

    /// Where it stands in lists of assignments. Clients know them from Lakekeeper, which tells of `manage_tags` last.
    pub(super) fn position(self) -> impl Ord {
        (self == Self::Given(Privilege::ManageTags), self)
    }

    /// The one on such a thing that is spelt so.
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

    /// What must be allowed to who gives it to others, and takes it back.
    pub(super) const fn action(self) -> Action {
        match self {
            Self::Member => Action::Role(RoleAction::ManageRoleAssignments),
            Self::Given(privilege) => Action::Grant(privilege),
        }
    }
}
