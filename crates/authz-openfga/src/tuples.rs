//! The names of facts, resources and actions in OpenFGA.

use authz::{Action, Resource, UserAction};
use model::{Grant, Principal, Privilege, RoleId, Securable, ServerId, TabularKind, UserId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use store::Fact;

use crate::messages::TupleKey;

/// Longest id of a user. OpenFGA takes 512 bytes, the type included.
const MAX_ID_BYTES: usize = 480;

/// The characters of user ids that are percent-encoded: all but those of which most user ids consist.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'@')
    .remove(b'/');

/// The prefix of the hash that stands for an id that would be too long. No user id starts with it, as each has a provider
/// before its `~`.
const DIGEST: &str = "~sha256~";

/// The user in checks for a caller who acts as a role. No real user has this name, as user ids have a `~`.
pub(crate) const ROLE_BEARER: &str = "user:whoever";

/// All users.
const EVERYBODY: &str = "user:*";

const WITHIN_PROJECT: &str = "project";
const WITHIN: &str = "parent";
const MEMBER: &str = "assignee";
const MANAGED: &str = "managed_access";

/// Formats and parses the names. The name of the server contains the installation's id, so that the server of another
/// installation is told apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names {
    pub(crate) server: ServerId,
}

impl Names {
    /// `lakekeeper_table:0199…`
    pub(crate) fn object(self, of: &Securable) -> String {
        let kind = kind(of);
        match of {
            Securable::Server => format!("{kind}:{}", self.server),
            Securable::Project(id) => format!("{kind}:{id}"),
            Securable::Role(id) => format!("{kind}:{id}"),
            Securable::TagDefinition(id) => format!("{kind}:{id}"),
            Securable::Warehouse(id) => format!("{kind}:{id}"),
            Securable::Namespace(id) => format!("{kind}:{id}"),
            Securable::Tabular(_, id) => format!("{kind}:{id}"),
        }
    }

    /// The object of a check on a resource. Checks on users are made on the server, as users have no object of their own.
    pub(crate) fn asked(self, resource: &Resource) -> String {
        self.object(&resource.securable().unwrap_or(Securable::Server))
    }

    /// The tuple that states a fact.
    pub(crate) fn tuple(self, fact: &Fact) -> TupleKey {
        let (user, relation, object) = match fact {
            Fact::Within(what, whole) => (self.object(whole), within(what), self.object(what)),
            Fact::Member(role, of) => (bearer(of), MEMBER, self.object(&Securable::Role(*role))),
            Fact::Given(grant) => (
                bearer(&grant.to),
                grant.privilege.as_str(),
                self.object(&grant.on),
            ),
            Fact::Managed(what) => (EVERYBODY.to_owned(), MANAGED, self.object(what)),
        };
        let relation = relation.to_owned();
        TupleKey {
            user,
            relation,
            object,
        }
    }

    /// The fact that a tuple states; `None` if no fact of this installation has this tuple.
    pub(crate) fn fact(self, tuple: &TupleKey) -> Option<Fact> {
        let on = self.securable(&tuple.object)?;
        let fact = match (tuple.relation.as_str(), on) {
            (MANAGED, on) => Fact::Managed(on),
            (MEMBER, Securable::Role(role)) => Fact::Member(role, principal(&tuple.user)?),
            (relation, on) if relation == within(&on) => {
                let whole = self.securable(&tuple.user)?;
                Fact::Within(on, whole)
            }
            (privilege, on) => Fact::Given(Grant {
                on,
                to: principal(&tuple.user)?,
                privilege: Privilege::from_name(privilege)?,
            }),
        };
        (self.tuple(&fact) == *tuple).then_some(fact)
    }

    fn securable(self, object: &str) -> Option<Securable> {
        let (kind, id) = object.split_once(':')?;
        Some(match kind {
            "server" if id.parse() == Ok(self.server) => Securable::Server,
            "project" => Securable::Project(id.parse().ok()?),
            "role" => Securable::Role(id.parse().ok()?),
            "lakekeeper_catalog_tag" => Securable::TagDefinition(id.parse().ok()?),
            "warehouse" => Securable::Warehouse(id.parse().ok()?),
            "namespace" => Securable::Namespace(id.parse().ok()?),
            "lakekeeper_table" => Securable::Tabular(TabularKind::Table, id.parse().ok()?),
            "lakekeeper_view" => Securable::Tabular(TabularKind::View, id.parse().ok()?),
            "lakekeeper_generic_table" => {
                Securable::Tabular(TabularKind::GenericTable, id.parse().ok()?)
            }
            _ => return None,
        })
    }
}

/// OpenFGA's type of a resource.
fn kind(of: &Securable) -> &'static str {
    match of {
        Securable::Server => "server",
        Securable::Project(_) => "project",
        Securable::Role(_) => "role",
        Securable::TagDefinition(_) => "lakekeeper_catalog_tag",
        Securable::Warehouse(_) => "warehouse",
        Securable::Namespace(_) => "namespace",
        Securable::Tabular(TabularKind::Table, _) => "lakekeeper_table",
        Securable::Tabular(TabularKind::View, _) => "lakekeeper_view",
        Securable::Tabular(TabularKind::GenericTable, _) => "lakekeeper_generic_table",
    }
}

/// The relation between a resource and what it lies in.
fn within(what: &Securable) -> &'static str {
    match what {
        Securable::Server | Securable::Project(_) => "server",
        Securable::Role(_) | Securable::TagDefinition(_) | Securable::Warehouse(_) => {
            WITHIN_PROJECT
        }
        Securable::Namespace(_) | Securable::Tabular(..) => WITHIN,
    }
}

/// The name of a principal that a privilege is granted to.
fn bearer(principal: &Principal) -> String {
    match principal {
        Principal::User(id) => user(id),
        Principal::Role(id) => format!("role:{id}#{MEMBER}"),
    }
}

/// The tuple that makes a user a member of a role, to be sent with a check.
pub(crate) fn member(user: &str, role: RoleId) -> TupleKey {
    TupleKey {
        user: user.to_owned(),
        relation: MEMBER.to_owned(),
        object: format!("role:{role}"),
    }
}

/// The name of a user. Characters that have a meaning in OpenFGA, or that it does not take, are percent-encoded; an id that
/// is then too long is hashed.
pub(crate) fn user(id: &UserId) -> String {
    let mut text = utf8_percent_encode(id.as_str(), ENCODED).to_string();
    if text.len() > MAX_ID_BYTES {
        let digest = Sha256::digest(id.as_str());
        text = format!("{DIGEST}{digest:x}");
    }
    format!("user:{text}")
}

fn principal(bearer: &str) -> Option<Principal> {
    let (kind, id) = bearer.split_once(':')?;
    if kind == "role" {
        let id = id.strip_suffix(MEMBER)?.strip_suffix('#')?;
        return id.parse().ok().map(Principal::Role);
    }
    let id = percent_decode_str(id).decode_utf8().ok()?;
    id.parse().ok().map(Principal::User)
}

/// The relation that allows an action.
pub(crate) fn relation(action: Action, on: &Resource) -> String {
    let action = match action {
        Action::User(UserAction::Read | UserAction::ReadRoleAssignments) => "list_users",
        Action::User(UserAction::Update) => "update_users",
        Action::User(UserAction::Delete) => "delete_users",
        Action::Server(action) => action.as_str(),
        Action::Project(action) => action.as_str(),
        Action::Role(action) => action.as_str(),
        Action::Tag(action) => action.as_str(),
        Action::Warehouse(action) => action.as_str(),
        Action::Namespace(action) => action.as_str(),
        Action::Table(action) => action.as_str(),
        Action::View(action) => action.as_str(),
        Action::GenericTable(action) => action.as_str(),
        Action::Grant(privilege) => return grant(privilege, on),
    };
    format!("can_{action}")
}

fn grant(privilege: Privilege, on: &Resource) -> String {
    let has_its_own = match on {
        Resource::Project(_) => privilege == Privilege::ProjectAdmin,
        Resource::Warehouse(_) | Resource::Namespace(..) | Resource::Tabular(..) => matches!(
            privilege,
            Privilege::Describe | Privilege::Select | Privilege::Create | Privilege::Modify
        ),
        Resource::Server | Resource::User(_) | Resource::Role(..) | Resource::TagDefinition(..) => {
            false
        }
    };
    if has_its_own {
        format!("can_grant_{privilege}")
    } else {
        "can_grant".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use model::{NamespaceId, ProjectId, RoleId, TabularId};
    use uuid::Uuid;

    use super::*;

    fn given(to: &str) -> Fact {
        Fact::Given(Grant {
            on: Securable::Project(ProjectId::nil()),
            to: Principal::User(to.parse().unwrap()),
            privilege: Privilege::Select,
        })
    }

    #[test]
    fn a_tuple_says_what_the_fact_says() {
        let names = Names {
            server: ServerId::from(Uuid::now_v7()),
        };
        let table = Securable::Tabular(TabularKind::Table, TabularId::generate());
        let namespace = Securable::Namespace(NamespaceId::generate());
        let role = RoleId::generate();
        for fact in [
            Fact::Within(Securable::Project(ProjectId::nil()), Securable::Server),
            Fact::Within(Securable::Role(role), Securable::Project(ProjectId::nil())),
            Fact::Within(table, namespace.clone()),
            Fact::Member(role, Principal::Role(RoleId::generate())),
            Fact::Managed(namespace),
            given("oidc~someone@example.com"),
            given("kubernetes~system:serviceaccount:a:b"),
            given("oidc~*"),
            given("oidc~a b#c%25ü"),
        ] {
            let tuple = names.tuple(&fact);
            assert_eq!(names.fact(&tuple), Some(fact), "{tuple:?}");
        }
    }

    #[test]
    fn what_openfga_gives_a_meaning_to_stands_in_no_user() {
        for odd in ["oidc~*", "oidc~a:b", "oidc~a#b", "oidc~a b"] {
            let text = user(&odd.parse().unwrap());
            let id = text.strip_prefix("user:").unwrap();
            assert!(!id.contains([':', '#', '*', ' ']), "{text}");
        }
        let long = format!("oidc~{}", "ü".repeat(200));
        let text = user(&long.parse().unwrap());
        assert!(
            text.len() < 100 && text.starts_with("user:~sha256~"),
            "{text}"
        );
        let names = Names {
            server: ServerId::from(Uuid::nil()),
        };
        assert_eq!(names.fact(&names.tuple(&given(&long))), None);
    }

    #[test]
    fn another_installations_tuples_say_nothing() {
        let [ours, theirs] = [Uuid::now_v7(), Uuid::nil()].map(|server| Names {
            server: ServerId::from(server),
        });
        let fact = Fact::Within(Securable::Project(ProjectId::nil()), Securable::Server);
        assert_eq!(ours.fact(&theirs.tuple(&fact)), None);
    }
}
