//! Grants: which principal has which privilege on which object.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::{
    Excerpt, NamespaceId, ProjectId, RoleId, TabularId, TabularKind, TagDefinitionId, UserId,
    WarehouseId,
};

/// A thing on which somebody can have a privilege.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Securable {
    /// The installation.
    Server,
    /// A project.
    Project(ProjectId),
    /// A role.
    Role(RoleId),
    /// The definition of a tag.
    TagDefinition(TagDefinitionId),
    /// A warehouse.
    Warehouse(WarehouseId),
    /// A namespace.
    Namespace(NamespaceId),
    /// A table or view.
    Tabular(TabularKind, TabularId),
}

impl Securable {
    /// The kind of the object, as databases spell it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Project(_) => "project",
            Self::Role(_) => "role",
            Self::TagDefinition(_) => "tag-definition",
            Self::Warehouse(_) => "warehouse",
            Self::Namespace(_) => "namespace",
            Self::Tabular(kind, _) => kind.as_str(),
        }
    }

    /// The object's id, if it is always a UUID: the server has no id, and a project's may be a short name.
    pub const fn as_uuid(&self) -> Option<Uuid> {
        match self {
            Self::Server | Self::Project(_) => None,
            Self::Role(id) => Some(id.as_uuid()),
            Self::TagDefinition(id) => Some(id.as_uuid()),
            Self::Warehouse(id) => Some(id.as_uuid()),
            Self::Namespace(id) => Some(id.as_uuid()),
            Self::Tabular(_, id) => Some(id.as_uuid()),
        }
    }
}

impl fmt::Display for Securable {
    /// The securable's key in databases: the kind and the id, `table/0199…`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.kind())?;
        match (self, self.as_uuid()) {
            (Self::Project(id), _) => write!(out, "/{id}"),
            (_, Some(id)) => write!(out, "/{id}"),
            (_, None) => Ok(()),
        }
    }
}

/// A text that no [`Securable`] or [`Principal`] prints, so the database that holds it is damaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names nothing that grants are about")]
pub struct InvalidSecurable(String);

impl InvalidSecurable {
    /// An error that quotes an excerpt of the text.
    pub fn of(text: &str) -> Self {
        Self(Excerpt(text).to_string())
    }
}

impl FromStr for Securable {
    type Err = InvalidSecurable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = match text.split_once('/') {
            None => (text == "server").then_some(Self::Server),
            Some(("project", id)) => id.parse().ok().map(Self::Project),
            Some(("role", id)) => id.parse().ok().map(Self::Role),
            Some(("tag-definition", id)) => id.parse().ok().map(Self::TagDefinition),
            Some(("warehouse", id)) => id.parse().ok().map(Self::Warehouse),
            Some(("namespace", id)) => id.parse().ok().map(Self::Namespace),
            Some((kind, id)) => TabularKind::from_stored(kind)
                .zip(id.parse().ok())
                .map(|(kind, id)| Self::Tabular(kind, id)),
        };
        parsed.ok_or_else(|| InvalidSecurable::of(text))
    }
}

/// Who can have a privilege.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Principal {
    /// A user.
    User(UserId),
    /// Everybody who is in a role, directly or through other roles.
    Role(RoleId),
}

impl fmt::Display for Principal {
    /// The principal's key in databases: `user:oidc~1234`, `role:0199…`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(out, "user:{id}"),
            Self::Role(id) => write!(out, "role:{id}"),
        }
    }
}

impl FromStr for Principal {
    type Err = InvalidSecurable;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = match text.split_once(':') {
            Some(("user", id)) => id.parse().ok().map(Self::User),
            Some(("role", id)) => id.parse().ok().map(Self::Role),
            _ => None,
        };
        parsed.ok_or_else(|| InvalidSecurable::of(text))
    }
}

/// One privilege on one object, given directly to one principal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grant {
    /// The object.
    pub on: Securable,
    /// The principal that has the privilege.
    pub to: Principal,
    /// The privilege.
    pub privilege: Privilege,
}

macro_rules! privileges {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// A right that can be given. The kind of an object decides which privileges can be given on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Privilege { $($(#[$doc])* $name,)* }

        impl Privilege {
            /// All privileges.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The privilege as the management API and the databases spell it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

privileges! {
    /// On the server: may manage projects, users and settings, but sees no data.
    Admin = "admin",
    /// On the server: may do everything.
    Operator = "operator",
    /// On a project: may do all that security and data administrators may.
    ProjectAdmin = "project_admin",
    /// On a project: manages the grants and ownership of everything in it.
    SecurityAdmin = "security_admin",
    /// On a project: manages the warehouses and all data in it, but no grants.
    DataAdmin = "data_admin",
    /// On a project: may create roles.
    RoleCreator = "role_creator",
    /// On a project: may create tag definitions.
    TagCreator = "tag_creator",
    /// Has created the object or taken over its ownership: may do everything to it. Managed access takes the right to
    /// manage grants away from owners of namespaces, tables and views.
    Ownership = "ownership",
    /// May give those of `describe`, `select`, `create` and `modify` to others that the holder has.
    PassGrants = "pass_grants",
    /// May give every privilege to others, and take it back.
    ManageGrants = "manage_grants",
    /// May attach and detach tags.
    ManageTags = "manage_tags",
    /// May see that the object exists, and its metadata.
    Describe = "describe",
    /// May read the object's data.
    Select = "select",
    /// May create objects in it.
    Create = "create",
    /// May change and drop the object.
    Modify = "modify",
    /// On a tag definition: may attach and detach this tag.
    Apply = "apply",
}

impl Privilege {
    /// The privilege that the management API and the databases spell so.
    pub fn from_name(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|one| one.as_str() == text).copied()
    }
}

impl fmt::Display for Privilege {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// A set of privileges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Privileges(u32);

impl Privileges {
    /// The empty set.
    pub const NONE: Self = Self(0);

    const fn bit(one: Privilege) -> u32 {
        1 << (one as u32)
    }

    /// Whether the set contains the privilege.
    pub const fn has(self, one: Privilege) -> bool {
        self.0 & Self::bit(one) != 0
    }

    /// Whether the set contains at least one of the privileges.
    pub fn has_any(self, some: &[Privilege]) -> bool {
        some.iter().any(|one| self.has(*one))
    }

    /// The set with the privilege added.
    #[must_use]
    pub const fn with(self, one: Privilege) -> Self {
        Self(self.0 | Self::bit(one))
    }

    /// The union of both sets.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// The privileges of the set.
    pub fn iter(self) -> impl Iterator<Item = Privilege> {
        Privilege::ALL
            .iter()
            .copied()
            .filter(move |one| self.has(*one))
    }
}

impl FromIterator<Privilege> for Privileges {
    fn from_iter<T: IntoIterator<Item = Privilege>>(all: T) -> Self {
        all.into_iter().fold(Self::NONE, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_back() {
        let tabular = TabularId::generate();
        for one in [
            Securable::Server,
            Securable::Project(ProjectId::nil()),
            Securable::Role(RoleId::generate()),
            Securable::TagDefinition(TagDefinitionId::generate()),
            Securable::Warehouse(WarehouseId::generate()),
            Securable::Namespace(NamespaceId::generate()),
            Securable::Tabular(TabularKind::Table, tabular),
            Securable::Tabular(TabularKind::View, tabular),
        ] {
            assert_eq!(one.to_string().parse(), Ok(one));
        }
        for one in [
            Principal::User("oidc~a:b".parse().unwrap()),
            Principal::Role(RoleId::generate()),
        ] {
            assert_eq!(one.to_string().parse(), Ok(one));
        }
        for wrong in ["", "Server", "table/", "server/1", "index/1", "warehouse/x"] {
            assert!(wrong.parse::<Securable>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let some = Privileges::NONE
            .with(Privilege::Select)
            .with(Privilege::Apply);
        assert!(some.has(Privilege::Apply) && !some.has(Privilege::Modify));
        assert_eq!(some.iter().collect::<Privileges>(), some);
        for one in Privilege::ALL {
            assert_eq!(Privilege::from_name(one.as_str()), Some(*one));
        }
    }
}
