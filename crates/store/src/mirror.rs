//! The feed that keeps an external authorization engine up to date: the facts that its decisions depend on.

use std::error::Error;

use async_trait::async_trait;
use model::{Grant, InvalidSecurable, Principal, Privilege, RoleId, Securable};

use crate::Result;

/// A fact that decisions depend on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Fact {
    /// The first thing lies directly in the second.
    Within(Securable, Securable),
    /// The principal is a direct member of the role.
    Member(RoleId, Principal),
    /// A privilege was given.
    Given(Grant),
    /// Managed access of the warehouse or namespace is on.
    Managed(Securable),
}

const WITHIN: &str = "parent";
const MEMBER: &str = "member";
const MANAGED: &str = "managed";

impl Fact {
    /// As stored in databases: a thing, a relation, and what the thing is related to.
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

    /// Parses what [`Fact::columns`] returned.
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
                privilege: Privilege::from_name(privilege)
                    .ok_or_else(|| InvalidSecurable::of(privilege))?,
            }),
        })
    }
}

/// The kinds of facts. The rows of each kind come from one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactKind {
    /// The place of a project.
    Project,
    /// The place of a warehouse.
    Warehouse,
    /// The place of a namespace.
    Namespace,
    /// The place of a table or view.
    Tabular,
    /// The place of a role.
    Role,
    /// The place of a tag definition.
    TagDefinition,
    /// A member of a role.
    Member,
    /// A grant.
    Given,
    /// Managed access of a warehouse.
    ManagedWarehouse,
    /// Managed access of a namespace.
    ManagedNamespace,
}

/// The columns by which facts of a kind are sorted and found; see [`Fact::key`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactKey {
    /// The id of a project, which is a text.
    Project,
    /// The id, a UUID.
    Id,
    /// The role and its member.
    Member,
    /// The thing, the principal and the privilege.
    Given,
}

impl FactKind {
    /// The key of the facts of this kind.
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

    /// All kinds, in the order in which facts are listed.
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

    /// This kind and the ones that follow it in [`Self::ALL`].
    pub fn and_behind(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().skip_while(move |kind| *kind != self)
    }
}

impl Fact {
    /// The kind of the fact and its key within the kind: one to three texts, the rest is empty. `None` for a fact
    /// that no database can contain.
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

/// A fact that has begun or ceased to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactChange {
    /// The fact.
    pub fact: Fact,
    /// Whether the fact holds from now on.
    pub state: FactState,
}

/// Whether a fact holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactState {
    /// It holds.
    Holds,
    /// It does not hold any more.
    Ended,
}

impl From<bool> for FactState {
    fn from(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Ended }
    }
}

/// The receiver of the feed.
#[async_trait]
pub trait MirrorSink: Send + Sync {
    /// Applies the changes in their order. The same changes may be delivered again.
    async fn apply(
        &self,
        changes: &[FactChange],
    ) -> std::result::Result<(), Box<dyn Error + Send + Sync>>;
}

/// How much of what holds the receiver of the feed knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// Perhaps not everything: it must not be used for decisions.
    Partial,
    /// Everything except the changes that are still in the feed.
    Complete,
}

impl From<bool> for Completeness {
    fn from(is_fed: bool) -> Self {
        if is_fed {
            Self::Complete
        } else {
            Self::Partial
        }
    }
}

/// The result of feeding.
#[derive(Debug)]
pub enum Fed {
    /// All changes that were committed when the call began have been applied.
    All,
    /// There are more changes in the feed.
    More,
    /// Another replica is feeding.
    Elsewhere,
    /// The feed is switched off: changes are not recorded.
    Off,
    /// The receiver has refused the changes; they will be delivered again.
    Refused(Box<dyn Error + Send + Sync>),
}

/// The feed. While it is switched on, every change of a [`Fact`] is recorded in the transaction that makes it.
/// Triggers do this, so no method can forget it.
#[async_trait]
pub trait Mirror {
    /// Whether the feed is switched on.
    async fn mirror_is_on(&self) -> Result<bool>;

    /// Switches the feed on; returns whether it was off. Earlier changes are not in the feed: compare the receiver
    /// with [`Mirror::mirror_facts`] before setting [`Completeness::Complete`].
    async fn mirror_switch_on(&self) -> Result<bool>;

    /// The completeness of the receiver as last set; [`Completeness::Partial`] if it was not set since the feed was
    /// switched on, or if the feed is off.
    async fn mirror_completeness(&self) -> Result<Completeness>;

    /// Sets the completeness of the receiver. Has no effect while the feed is off.
    async fn mirror_set_completeness(&self, completeness: Completeness) -> Result<()>;

    /// Switches the feed off and empties it.
    async fn mirror_switch_off(&self) -> Result<()>;

    /// Delivers the oldest changes, at most `limit`, and removes them once they are applied. One replica at a time
    /// does so; if it dies half-way, the next one delivers the same changes again.
    async fn mirror_feed(&self, limit: u32, to: &dyn MirrorSink) -> Result<Fed>;

    /// The facts that hold now, `limit` at a time in a stable order, starting after the given fact. The cost of a
    /// page depends only on its size.
    async fn mirror_facts(&self, after: Option<&Fact>, limit: u32) -> Result<Vec<Fact>>;

    /// Adds these facts to the feed again, each with whether it holds now. Nothing else gets into the feed
    /// meanwhile. The cost depends only on the number of `facts`, not on how many facts hold.
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
