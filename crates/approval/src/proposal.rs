//! What is about to happen.

use model::{
    NamespacePath, ProjectId, RequestId, RoleId, TabularId, TabularKind, TabularPath, UserId,
    WarehouseId,
};
use serde::Serialize;
use serde_json::value::RawValue;

/// The changes of one request: all of them happen or none.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Proposal {
    /// The request's id, as in events and in the log.
    pub request_id: RequestId,
    /// Who asks for it.
    pub caller: Asker,
    /// The warehouse's project.
    pub project_id: ProjectId,
    /// The warehouse.
    pub warehouse_id: WarehouseId,
    /// Its name.
    pub warehouse_name: String,
    /// What would change; each table, view or generic table once.
    pub changes: Vec<ProposedChange>,
}

/// Who asks for a change.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Asker {
    /// Whose token it is; nobody's without authentication.
    pub user: Option<UserId>,
    /// The role that the user acts as in this request, if it does.
    pub assumed_role: Option<RoleId>,
    /// The roles that it is in, through other roles too.
    pub roles: Vec<RoleId>,
    /// The roles that its token names or that it was given when it was let in, known to the catalog or not.
    pub token_roles: Vec<TokenRole>,
}

/// A role as somebody else calls it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TokenRole {
    /// Who says so.
    pub provider_id: String,
    /// What it is called there.
    pub source_id: String,
}

/// What happens to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A table is committed to or a view replaced.
    Update,
    /// A table is replaced by another one that is registered under its name.
    Overwrite,
    /// It gets another name or another namespace, also by a namespace that moves.
    Rename,
    /// It is dropped, also with its namespace; whether it can be had back for a while does not matter.
    Drop,
    /// It is taken out of the catalog and keeps its files.
    Unregister,
}

/// The name of something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Named {
    /// The levels of its namespace.
    pub namespace: Vec<String>,
    /// Its name there.
    pub name: String,
}

impl Named {
    /// What is called so in the namespace.
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

/// What would become of one table, view or generic table.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProposedChange {
    /// What happens to it.
    pub action: Action,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: TabularKind,
    /// Its id.
    pub id: TabularId,
    /// What it is called now.
    #[serde(flatten)]
    pub named: Named,
    /// What it will be called, if that changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<Named>,
    /// Its metadata now, as a load answers it; of a generic table, how it is described. Not told of what goes or moves with its namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_metadata: Option<Box<RawValue>>,
    /// The updates as they were sent, of [`Action::Update`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updates: Option<Box<RawValue>>,
    /// The metadata that it will have, of [`Action::Update`] and [`Action::Overwrite`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_metadata: Option<Box<RawValue>>,
}

impl ProposedChange {
    /// Of which no more is known than what it is.
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
