//! The feed of an engine that decides elsewhere: what it must know of the catalog, change by change.

use std::error::Error;

use async_trait::async_trait;
use model::{Grant, InvalidSecurable, Principal, Privilege, RoleId, Securable};

use crate::Result;

/// Something that decisions depend on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Fact {
    /// The one lies directly in the other.
    Within(Securable, Securable),
    /// Somebody is directly in a role.
    Member(RoleId, Principal),
    /// Somebody has been given something.
    Given(Grant),
    /// Managed access of a warehouse or namespace is on.
    Managed(Securable),
}

const WITHIN: &str = "parent";
const MEMBER: &str = "member";
const MANAGED: &str = "managed";

impl Fact {
    /// As databases keep it: a thing, a relation, and what else is in it.
    pub fn columns(&self) -> (String, &'static str, String) {
        match self {
            Self::Within(what, whole) => (what.to_string(), WITHIN, whole.to_string()),
            Self::Member(role, of) => (Securable::Role(*role).to_string(), MEMBER, of.to_string()),
            Self::Given(grant) => (
                grant.on.to_string(),
                grant.privilege.as_str(),
                grant.to.to_string(),
            ),
            Self::Managed(what) => (what.to_string(), MANAGED, String::new()),
        }
    }

    /// From what [`Fact::columns`] printed.
    pub fn of_columns(
        thing: &str,
        relation: &str,
        other: &str,
    ) -> std::result::Result<Self, InvalidSecurable> {
        let on: Securable = thing.parse()?;
        Ok(match (relation, on) {
            (WITHIN, on) => Self::Within(on, other.parse()?),
            (MANAGED, on) => Self::Managed(on),
            (MEMBER, Securable::Role(role)) => Self::Member(role, other.parse()?),
            (privilege, on) => Self::Given(Grant {
                on,
                to: other.parse()?,
                privilege: Privilege::of_str(privilege)
                    .ok_or_else(|| InvalidSecurable::of(privilege))?,
            }),
        })
    }
}

/// What kind of thing a fact is kept as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactKind {
    /// Where a project is.
    Project,
    /// Where a warehouse is.
    Warehouse,
    /// Where a namespace is.
    Namespace,
    /// Where a table or view is.
    Tabular,
    /// Where a role is.
    Role,
    /// Where the definition of a tag is.
    TagDefinition,
    /// Who is in a role.
    Member,
    /// What somebody has been given.
    Given,
    /// That managed access of a warehouse is on.
    ManagedWarehouse,
    /// That managed access of a namespace is on.
    ManagedNamespace,
}

/// What facts of a kind are ordered and found by: the words of [`Fact::key`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactKey {
    /// The id of a project, which is a word.
    Project,
    /// An id.
    Id,
    /// A role, and who is in it.
    Member,
    /// A thing, to whom and what.
    Given,
}

impl FactKind {
    /// What those of this kind are known by.
    pub const fn key(self) -> FactKey {
        match self {
            Self::Project => FactKey::Project,
            Self::Member => FactKey::Member,
            Self::Given => FactKey::Given,
            Self::Warehouse
            | Self::Namespace
            | Self::Tabular
            | Self::Role
            | Self::TagDefinition
            | Self::ManagedWarehouse
            | Self::ManagedNamespace => FactKey::Id,
        }
    }

    /// In the order in which facts are listed.
    pub const ALL: [Self; 10] = [
        Self::Project,
        Self::Warehouse,
        Self::Namespace,
        Self::Tabular,
        Self::Role,
        Self::TagDefinition,
        Self::Member,
        Self::Given,
        Self::ManagedWarehouse,
        Self::ManagedNamespace,
    ];

    /// It and those behind it.
    pub fn and_behind(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().skip_while(move |kind| *kind != self)
    }
}

impl Fact {
    /// Its kind, and what it is known by among its kind: an id, or as many words as it takes. None of what no database has.
    pub fn key(&self) -> Option<(FactKind, [String; 3])> {
        let of = |what: &Securable| match what {
            Securable::Project(id) => id.as_str().to_owned(),
            other => other.as_uuid().unwrap_or_default().to_string(),
        };
        let one = |first| [first, String::new(), String::new()];
        Some(match self {
            Self::Within(what, _) => {
                let kind = match what {
                    Securable::Server => return None,
                    Securable::Project(_) => FactKind::Project,
                    Securable::Warehouse(_) => FactKind::Warehouse,
                    Securable::Namespace(_) => FactKind::Namespace,
                    Securable::Tabular(..) => FactKind::Tabular,
                    Securable::Role(_) => FactKind::Role,
                    Securable::TagDefinition(_) => FactKind::TagDefinition,
                };
                (kind, one(of(what)))
            }
            Self::Member(role, member) => {
                let key = [role.to_string(), member.to_string(), String::new()];
                (FactKind::Member, key)
            }
            Self::Given(Grant { on, to, privilege }) => {
                let key = [on.to_string(), to.to_string(), privilege.to_string()];
                (FactKind::Given, key)
            }
            Self::Managed(what) => {
                let kind = match what {
                    Securable::Warehouse(_) => FactKind::ManagedWarehouse,
                    Securable::Namespace(_) => FactKind::ManagedNamespace,
                    _ => return None,
                };
                (kind, one(of(what)))
            }
        })
    }
}

/// A fact that has become true, or has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactChange {
    /// What.
    pub fact: Fact,
    /// Whether it is true from now on.
    pub state: FactState,
}

/// Whether a fact is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactState {
    /// It is.
    Holds,
    /// It is no longer.
    Ended,
}

impl From<bool> for FactState {
    fn from(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Ended }
    }
}

/// Whoever is fed.
#[async_trait]
pub trait MirrorSink: Send + Sync {
    /// Takes in changes, in their order. The same ones may come again.
    async fn apply(
        &self,
        changes: &[FactChange],
    ) -> std::result::Result<(), Box<dyn Error + Send + Sync>>;
}

/// How much whoever is fed knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knowledge {
    /// Perhaps not all that is true: nothing may be decided by it.
    Partial,
    /// All but what is in the feed.
    Whole,
}

impl From<bool> for Knowledge {
    fn from(is_fed: bool) -> Self {
        if is_fed { Self::Whole } else { Self::Partial }
    }
}

/// What has come of feeding.
#[derive(Debug)]
pub enum Fed {
    /// All changes that had been committed when this began have been taken in.
    All,
    /// There are more.
    More,
    /// Another replica is at it.
    Elsewhere,
    /// It is switched off: changes are not recorded.
    Off,
    /// They were not taken in, and will come again.
    Refused(Box<dyn Error + Send + Sync>),
}

/// The feed. While it is switched on, every change of a [`Fact`] is recorded in the transaction that makes it, whoever makes it: by
/// triggers, so that no method can forget to.
#[async_trait]
pub trait Mirror {
    /// Whether it is switched on.
    async fn mirror_is_on(&self) -> Result<bool>;

    /// Switches it on; whether it was off. Changes from before are not in it: compare with [`Mirror::mirror_facts`] afterwards, and only then
    /// say that it knows all.
    async fn mirror_switch_on(&self) -> Result<bool>;

    /// What was said last of how much whoever is fed knows; [`Knowledge::Partial`] if nothing was since it was switched on, or if it is off.
    async fn mirror_knowledge(&self) -> Result<Knowledge>;

    /// Says how much whoever is fed knows. Nothing comes of it while it is switched off.
    async fn mirror_set_knowledge(&self, knowledge: Knowledge) -> Result<()>;

    /// Switches it off, and empties it.
    async fn mirror_switch_off(&self) -> Result<()>;

    /// Hands the oldest changes over, `limit` at most, and forgets them once they are taken in. One replica at a time does so; if it
    /// dies half-way, the next one hands the same changes over again.
    async fn mirror_feed(&self, limit: u32, to: &dyn MirrorSink) -> Result<Fed>;

    /// All that is true now, `limit` at a time in a stable order, after the given fact. A page costs as much as it holds.
    async fn mirror_facts(&self, after: Option<&Fact>, limit: u32) -> Result<Vec<Fact>>;

    /// Puts these into the feed once more, as they are now. It costs as much as they are, however much is true: nothing else gets into the feed
    /// meanwhile.
    async fn mirror_recheck(&self, facts: &[Fact]) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use model::{NamespaceId, ProjectId, TabularId, TabularKind};

    use super::*;

    #[test]
    fn what_is_printed_is_read_back() {
        let role = RoleId::generate();
        let table = Securable::Tabular(TabularKind::Table, TabularId::generate());
        let namespace = Securable::Namespace(NamespaceId::generate());
        for fact in [
            Fact::Within(table.clone(), namespace.clone()),
            Fact::Within(Securable::Project(ProjectId::nil()), Securable::Server),
            Fact::Member(role, Principal::User("oidc~a b".parse().unwrap())),
            Fact::Given(Grant {
                on: table,
                to: Principal::Role(role),
                privilege: Privilege::Select,
            }),
            Fact::Managed(namespace),
        ] {
            let (thing, relation, other) = fact.columns();
            assert_eq!(Fact::of_columns(&thing, relation, &other), Ok(fact));
        }
        assert!(Fact::of_columns("server", "everything", "user:oidc~a").is_err());
    }
}
