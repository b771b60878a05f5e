//! What happened, as it is written beside the change itself.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Caller, EventId, RequestId, RoleId, Timestamp, UserId, WarehouseId};

/// The kind of a change. Names are those of today's CloudEvents of Lakekeeper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EventKind {
    /// A project was created.
    CreateProject,
    /// A project got another name.
    RenameProject,
    /// A project was deleted.
    DropProject,
    /// A warehouse was created.
    CreateWarehouse,
    /// A warehouse's name, status, storage, protection or delete profile changed.
    UpdateWarehouse,
    /// A warehouse was deleted.
    DropWarehouse,
    /// A namespace was created.
    CreateNamespace,
    /// A namespace's properties or protection changed.
    UpdateNamespaceProperties,
    /// A namespace got another name or another namespace around it.
    MoveNamespace,
    /// A namespace was dropped.
    DropNamespace,
    /// A table was created.
    CreateTable,
    /// A table was registered from an existing metadata file.
    RegisterTable,
    /// A table was committed to, or its protection changed.
    UpdateTable,
    /// A table was dropped or unregistered.
    DropTable,
    /// A table got another name.
    RenameTable,
    /// A view was created or registered.
    CreateView,
    /// A view was replaced, or its protection changed.
    UpdateView,
    /// A view was dropped.
    DropView,
    /// A view got another name.
    RenameView,
    /// A generic table was created.
    CreateGenericTable,
    /// A generic table's protection changed.
    UpdateGenericTable,
    /// A generic table was dropped.
    DropGenericTable,
    /// A generic table got another name.
    RenameGenericTable,
    /// A tag was defined.
    CreateTagDefinition,
    /// The definition of a tag changed.
    UpdateTagDefinition,
    /// The definition of a tag was deleted.
    DropTagDefinition,
    /// A tag was attached to something, or got another value there.
    ApplyTag,
    /// A tag was detached from something.
    RemoveTag,
    /// A role was created.
    CreateRole,
    /// A role got another name, description or source.
    UpdateRole,
    /// A role was deleted, with all that it had been given.
    DropRole,
    /// Users or roles came into a role.
    AddRoleMembers,
    /// Users or roles were taken out of a role.
    RemoveRoleMembers,
    /// Something was given or taken back.
    UpdateGrants,
    /// Managed access was switched, on a warehouse or a namespace.
    UpdateManagedAccess,
    /// A table or view that was dropped is there again.
    UndropTabulars,
    /// A task has ended for good: it is done, given up or cancelled.
    EndTask,
    /// Tasks were stopped, cancelled or started on request.
    ControlTasks,
    /// It was said how tasks are done in a queue.
    ConfigureTaskQueue,
}

/// One change, written to the outbox in the transaction of the change.
#[derive(Debug, Clone)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// When, by the clock of the replica that made the change.
    pub at: Timestamp,
    /// The warehouse that it happened in, if it happened in one.
    pub warehouse: Option<WarehouseId>,
    /// What it happened to: an id, stable over renames.
    pub subject: String,
    /// What is to be told about it.
    pub body: Box<RawValue>,
    /// Which event it is, and whose doing.
    pub origin: Origin,
}

/// Which event it is, whose doing, and which part of what was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Origin {
    /// Its id; the same each time that it is delivered.
    pub id: EventId,
    /// On whose behalf.
    #[serde(default)]
    pub actor: Actor,
    /// By which request, if it was one.
    #[serde(default)]
    pub request: Option<RequestId>,
    /// Its number, from 0, among the events of what was done at once.
    #[serde(default)]
    pub part: u32,
    /// How many events there are of what was done at once.
    #[serde(default = "one")]
    pub parts: u32,
}

const fn one() -> u32 {
    1
}

impl Origin {
    /// That of a single event which the catalog itself has caused.
    pub fn generate() -> Self {
        Self {
            id: EventId::generate(),
            actor: Actor::System,
            request: None,
            part: 0,
            parts: 1,
        }
    }

    /// As databases keep it.
    pub fn to_stored(&self) -> String {
        // Texts and numbers in a struct: there is nothing to refuse.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What a database has kept.
    pub fn from_stored(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }
}

/// On whose behalf something was done, as events tell it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// Nobody is known: authentication is not configured.
    #[default]
    Anonymous,
    /// The catalog itself.
    System,
    /// A user.
    Principal(UserId),
    /// A user, with the rights of a role alone.
    Role(UserId, RoleId),
}

impl From<&Caller> for Actor {
    fn from(caller: &Caller) -> Self {
        match caller {
            Caller::Anonymous => Self::Anonymous,
            Caller::System => Self::System,
            Caller::User(identity) => Self::Principal(identity.user.clone()),
            Caller::Role(identity, role) => Self::Role(identity.user.clone(), *role),
        }
    }
}

impl Event {
    /// Numbers the events of what is done at once.
    pub fn number(events: &mut [Self]) {
        let parts = u32::try_from(events.len()).unwrap_or(u32::MAX);
        for (event, part) in events.iter_mut().zip(0..) {
            event.origin.part = part;
            event.origin.parts = parts;
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_kept_and_what_an_older_program_left_out_is_filled_in() {
        let origin = Origin {
            actor: Actor::Principal("oidc~alice".parse().unwrap()),
            request: Some("trace-1".parse().unwrap()),
            part: 1,
            parts: 2,
            ..Origin::generate()
        };
        assert_eq!(Origin::from_stored(&origin.to_stored()).unwrap(), origin);
        let text = format!("{{\"id\":\"{}\"}}", origin.id);
        let older = Origin::from_stored(&text).unwrap();
        assert_eq!(older.id, origin.id);
        assert_eq!(
            (older.actor, older.part, older.parts),
            (Actor::Anonymous, 0, 1)
        );
    }

    #[test]
    fn kinds_are_shown_as_they_are_told() {
        assert_eq!(EventKind::CreateTable.to_string(), "createTable");
    }
}
