//! The proposed changes, as verifiers are shown them.

use model::{
    NamespacePath, ProjectId, RequestId, RoleId, TabularId, TabularKind, TabularPath, UserId,
    WarehouseId,
};
use serde::Serialize;
use serde_json::value::RawValue;

/// The changes of one request: all of them happen, or none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Proposal {
    /// The request's id, as in events and logs.
    pub request_id: RequestId,
    /// The caller of the request.
    pub caller: Asker,
    /// The warehouse's project.
    pub project_id: ProjectId,
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// The warehouse's name.
    pub warehouse_name: String,
    /// The changes; each table, view or generic table occurs once.
    pub changes: Vec<ProposedChange>,
}

/// The caller who asks for a change.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Asker {
    /// The user of the request's token; `None` without authentication.
    pub user: Option<UserId>,
    /// The role that the user acts as in this request, if any.
    pub assumed_role: Option<RoleId>,
    /// The roles that the caller is a member of, directly or through other roles.
    pub roles: Vec<RoleId>,
    /// The roles that the caller's token names or that admission has granted, whether or not the catalog knows them.
    pub token_roles: Vec<TokenRole>,
}

/// A role by its name outside of the catalog.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TokenRole {
    /// The provider that the role comes from.
    pub provider_id: String,
    /// The role's id at the provider.
    pub source_id: String,
}

/// What happens to a table, view or generic table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A table is committed to or a view replaced.
    Update,
    /// A table is replaced by another one that is registered under its name.
    Overwrite,
    /// It gets another name or namespace, also because its namespace moves.
    Rename,
    /// It is dropped, alone or with its namespace, softly or for good.
    Drop,
    /// It is removed from the catalog and keeps its files.
    Unregister,
}

/// The name of a table, view or generic table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The levels of its namespace.
    pub namespace: Vec<String>,
    /// Its name in the namespace.
    pub name: String,
}

impl Named {
    /// The name of something in this namespace.
    pub fn within(namespace: &NamespacePath, name: &str) -> Self {
        Self {
            namespace: namespace.levels().to_vec(),
            name: name.to_owned(),
        }
    }
}

impl From<&TabularPath> for Named {
    fn from(path: &TabularPath) -> Self {
        Self::within(&path.namespace, path.name.as_str())
    }
}

/// A proposed change of one table, view or generic table.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProposedChange {
    /// What happens to it.
    pub action: Action,
    /// Its kind.
    #[serde(rename = "type")]
    pub kind: TabularKind,
    /// Its id.
    pub id: TabularId,
    /// Its present name.
    #[serde(flatten)]
    pub named: Named,
    /// Its new name, if that changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<Named>,
    /// Its present metadata, as a load returns it; for a generic table, its description. Absent if it is dropped or
    /// moved along with its namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_metadata: Option<Box<RawValue>>,
    /// The updates of an [`Action::Update`], as the client sent them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updates: Option<Box<RawValue>>,
    /// The metadata after an [`Action::Update`] or [`Action::Overwrite`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_metadata: Option<Box<RawValue>>,
}

impl ProposedChange {
    /// A change without destination, updates and metadata.
    pub fn of(action: Action, kind: TabularKind, id: TabularId, named: Named) -> Self {
        Self {
            action,
            kind,
            id,
            named,
            destination: None,
            old_metadata: None,
            updates: None,
            new_metadata: None,
        }
    }
}
