//! What happened, as it is written beside the change itself.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{Timestamp, WarehouseId};

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
    /// A table or view that was dropped is there again.
    UndropTabulars,
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
}
