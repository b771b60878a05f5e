//! Tags: their definitions, which belong to a project, and what they are attached to.

use std::collections::BTreeSet;

use async_trait::async_trait;
use model::{
    NamespaceId, Page, PageRequest, ProjectId, TabularId, TagDefinitionId, TagId, TagName,
    TagScope, TagTarget, Timestamp, Version, WarehouseId,
};

use crate::{Effects, Result};

/// Which values a tag has where it is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagValues {
    /// None: that it is there says all.
    Marker,
    /// Any text.
    FreeText,
    /// One of these.
    Enumerated(BTreeSet<String>),
}

impl TagValues {
    /// As the management API spells their kind, and as stored in the database.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Marker => "marker",
            Self::FreeText => "free-text",
            Self::Enumerated(_) => "enumerated",
        }
    }

    /// The values to choose from, where there are such.
    pub const fn allowed(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::Enumerated(values) => Some(values),
            Self::Marker | Self::FreeText => None,
        }
    }

    /// From what [`TagValues::kind`] and [`TagValues::allowed`] said.
    pub fn from_stored(kind: &str, allowed: Option<BTreeSet<String>>) -> Option<Self> {
        match (kind, allowed) {
            ("marker", None) => Some(Self::Marker),
            ("free-text", None) => Some(Self::FreeText),
            ("enumerated", Some(values)) => Some(Self::Enumerated(values)),
            _ => None,
        }
    }
}

/// The definition of a tag.
#[derive(Debug, Clone)]
pub struct TagDefinitionRow {
    /// Its id.
    pub id: TagDefinitionId,
    /// The project that it belongs to.
    pub project: ProjectId,
    /// Its name, of which a project has one.
    pub name: TagName,
    /// What it means, for people.
    pub description: Option<String>,
    /// What it can be attached to.
    pub scope: BTreeSet<TagScope>,
    /// Which values it has.
    pub values: TagValues,
    /// How often it has changed.
    pub version: Version,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it changed last, if it did.
    pub updated_at: Option<Timestamp>,
}

/// A tag that is to be attached.
#[derive(Debug, Clone)]
pub struct NewTag {
    /// The attachment's id, if the tag is not attached to this yet. Later ones are greater.
    pub id: TagId,
    /// Which tag.
    pub definition: TagDefinitionId,
    /// The warehouse that it is attached to, or to something in it.
    pub warehouse: WarehouseId,
    /// To what.
    pub target: TagTarget,
    /// Its value there.
    pub value: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A tag, as it is attached to something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedTag {
    /// Which tag.
    pub definition: TagDefinitionId,
    /// Its name.
    pub name: String,
    /// What it is attached to: what was asked for, or what that lies in.
    pub target: TagTarget,
    /// Its value there.
    pub value: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// When its value changed last, if it did.
    pub updated_at: Option<Timestamp>,
}

/// One thing that a tag is attached to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagAttachment {
    /// The attachment.
    pub id: TagId,
    /// The warehouse that it is in.
    pub warehouse: WarehouseId,
    /// The thing.
    pub target: TagTarget,
    /// The tag's value there.
    pub value: Option<String>,
    /// Since when.
    pub created_at: Timestamp,
    /// When its value changed last, if it did.
    pub updated_at: Option<Timestamp>,
}

/// Which attachments are wanted: those for which all of this holds.
#[derive(Debug, Clone, Default)]
pub struct TagFilter {
    /// Those with this value.
    pub value: Option<String>,
    /// Those to such things.
    pub scope: Option<TagScope>,
    /// Those that were made then or later.
    pub created_from: Option<Timestamp>,
    /// Those that were made then or earlier.
    pub created_until: Option<Timestamp>,
    /// Those in this warehouse.
    pub warehouse: Option<WarehouseId>,
}

/// Which tags of a thing are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagReach {
    /// Those that are attached to it.
    Direct,
    /// These, and those of the namespaces around this one, of itself and of the warehouse; of each tag the nearest.
    Effective(Option<NamespaceId>),
}

/// Tags.
#[async_trait]
pub trait Tags {
    /// Keeps a definition. `NotFound(Project)`, `AlreadyExists(TagName)` if the project has one of this name,
    /// `AlreadyExists(TagDefinition)` if the id is taken.
    async fn tag_definition_create(&self, row: TagDefinitionRow, effects: Effects) -> Result<()>;

    /// The definition. `NotFound(TagDefinition)` if it is not in this project.
    async fn tag_definition_load(
        &self,
        project: &ProjectId,
        id: TagDefinitionId,
    ) -> Result<TagDefinitionRow>;

    /// The definition with this name. `NotFound(TagName)` if the project has none.
    async fn tag_definition_find(
        &self,
        project: &ProjectId,
        name: &TagName,
    ) -> Result<TagDefinitionRow>;

    /// The definitions of a project, by folded name.
    async fn tag_definition_list(
        &self,
        project: &ProjectId,
        page: PageRequest,
    ) -> Result<Page<TagDefinitionRow>>;

    /// Replaces name, description, scope, values and `updated_at` if the stored version is still `row.version`; the new version is one
    /// more. `Stale`, `NotFound(TagDefinition)`, `AlreadyExists(TagName)`.
    async fn tag_definition_update(&self, row: TagDefinitionRow, effects: Effects) -> Result<()>;

    /// Removes a definition that is attached to nothing. `NotFound(TagDefinition)`, `NotEmpty(TagDefinition)`.
    async fn tag_definition_drop(&self, id: TagDefinitionId, effects: Effects) -> Result<()>;

    /// Attaches a tag, or gives it another value where it is attached already: then its id and when it was attached stay.
    /// `NotFound` of definition, warehouse, namespace or tabular if one of them is gone; `TooManyTags` if the thing would have more than
    /// `most`, however many are attached to it at the same time. What is attached goes with what it is attached to; it stays
    /// while that is soft-deleted, and when that gets another name.
    async fn tag_attach(&self, tag: NewTag, most: u32, effects: Effects) -> Result<()>;

    /// Detaches a tag. `NotFound(TagDefinition)` if it is not attached to this; nothing is written then.
    async fn tag_detach(
        &self,
        definition: TagDefinitionId,
        at: (WarehouseId, TagTarget),
        effects: Effects,
    ) -> Result<()>;

    /// The tags of a thing, by folded name. One that is not there has none.
    async fn tag_list(
        &self,
        at: (WarehouseId, TagTarget),
        reach: TagReach,
    ) -> Result<Vec<AttachedTag>>;

    /// The tags of a table's columns, by field id and folded name.
    async fn tag_list_of_columns(
        &self,
        warehouse: WarehouseId,
        table: TabularId,
    ) -> Result<Vec<AttachedTag>>;

    /// What a tag is attached to, in the order of the attachments' ids. The token of a page is such an id.
    async fn tag_attachments(
        &self,
        definition: TagDefinitionId,
        filter: TagFilter,
        page: PageRequest,
    ) -> Result<Page<TagAttachment>>;
}
