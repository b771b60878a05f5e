//! Events: descriptions of changes, written in the transaction of the change itself.

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
    /// A namespace got another name or another parent namespace.
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
    /// A role was deleted, with all its grants.
    DropRole,
    /// Users or roles came into a role.
    AddRoleMembers,
    /// Users or roles were taken out of a role.
    RemoveRoleMembers,
    /// Privileges were given or taken back.
    UpdateGrants,
    /// Managed access was switched, on a warehouse or a namespace.
    UpdateManagedAccess,
    /// A dropped table or view was restored.
    UndropTabulars,
    /// A task has ended for good: it is done, given up or cancelled.
    EndTask,
    /// Tasks were stopped, cancelled or started on request.
    ControlTasks,
    /// The configuration of a task queue changed.
    ConfigureTaskQueue,
}

/// One change, written to the outbox in the transaction of the change.
#[derive(Debug, Clone)]
pub struct Event {
    /// The kind of the change.
    pub kind: EventKind,
    /// The time of the change, by the clock of the replica that made it.
    pub at: Timestamp,
    /// The warehouse in which the change happened, if it was in one.
    pub warehouse: Option<WarehouseId>,
    /// What was changed: an id that is stable over renames, or, for grants and managed access, a
    /// [`Securable`](crate::Securable) in its text form.
    pub subject: String,
    /// The event's data, as JSON.
    pub body: Box<RawValue>,
    /// The event's id, and who caused it.
    pub origin: Origin,
}

/// The id of an event, who caused it, and its place among the events of the same operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Origin {
    /// The event's id; the same in every delivery.
    pub id: EventId,
    /// On whose behalf the change was made.
    #[serde(default)]
    pub actor: Actor,
    /// The request that made the change, if one did.
    #[serde(default)]
    pub request: Option<RequestId>,
    /// The event's number, from 0, among the events of the same operation.
    #[serde(default)]
    pub part: u32,
    /// How many events the operation has.
    #[serde(default = "one")]
    pub parts: u32,
}

const fn one() -> u32 {
    1
}

impl Origin {
    /// The origin, with a new id, of a single event that the catalog itself causes.
    pub fn generate() -> Self {
        Self {
            id: EventId::generate(),
            actor: Actor::System,
            request: None,
            part: 0,
            parts: 1,
        }
    }

    /// The origin as databases store it.
    pub fn to_stored(&self) -> String {
        // A struct of texts and numbers always serializes.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what [`Self::to_stored`] returned.
    pub fn from_stored(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }
}

/// On whose behalf something was done, as shown in events.
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
    /// A user that acted as a role, with only its rights.
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
    /// Numbers the events of one operation: sets their `part` and `parts`.
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
