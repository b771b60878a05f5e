//! Tags: the definitions that belong to a project, and their attachments to things.

use std::collections::BTreeSet;

use async_trait::async_trait;
use model::{
    NamespaceId, Page, PageRequest, ProjectId, TabularId, TagDefinitionId, TagId, TagName,
    TagScope, TagTarget, Timestamp, Version, WarehouseId,
};

use crate::{Effects, Result};

/// Which values a tag can have where it is attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TagValues {
    /// No value: the tag alone is the information.
    Marker,
    /// Any text.
    FreeText,
    /// One of these texts.
    Enumerated(BTreeSet<String>),
}

impl TagValues {
    /// The name of this variant in the management API and in the database.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Marker => "marker",
            Self::FreeText => "free-text",
            Self::Enumerated(_) => "enumerated",
        }
    }

    /// The allowed values; `None` if the values are not enumerated.
    pub const fn allowed(&self) -> Option<&BTreeSet<String>> {
        match self {
            Self::Enumerated(values) => Some(values),
            Self::Marker | Self::FreeText => None,
        }
    }

    /// Parses what [`TagValues::kind`] and [`TagValues::allowed`] returned.
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
    /// Its name; unique in its project without regard to case.
    pub name: TagName,
    /// Its meaning, for human readers.
    pub description: Option<String>,
    /// The kinds of things that it can be attached to.
    pub scope: BTreeSet<TagScope>,
    /// Which values it can have.
    pub values: TagValues,
    /// How often it has changed.
    pub version: Version,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed, if it was.
    pub updated_at: Option<Timestamp>,
}

/// A tag that is to be attached.
#[derive(Debug, Clone)]
pub struct NewTag {
    /// The id of the new attachment; unused if the tag is attached to this thing already. Later ids are greater.
    pub id: TagId,
    /// The definition of the tag.
    pub definition: TagDefinitionId,
    /// The warehouse that the target is or lies in.
    pub warehouse: WarehouseId,
    /// What it is attached to.
    pub target: TagTarget,
    /// Its value there.
    pub value: Option<String>,
    /// When it is attached.
    pub at: Timestamp,
}

/// A tag that is attached to something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachedTag {
    /// The definition of the tag.
    pub definition: TagDefinitionId,
    /// The tag's name.
    pub name: String,
    /// What it is attached to: the requested thing or something around it.
    pub target: TagTarget,
    /// Its value there.
    pub value: Option<String>,
    /// When it was attached.
    pub created_at: Timestamp,
    /// When its value was last changed, if it was.
    pub updated_at: Option<Timestamp>,
}

/// One attachment of a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagAttachment {
    /// Its id.
    pub id: TagId,
    /// The warehouse that the target is or lies in.
    pub warehouse: WarehouseId,
    /// What the tag is attached to.
    pub target: TagTarget,
    /// The tag's value there.
    pub value: Option<String>,
    /// When the tag was attached.
    pub created_at: Timestamp,
    /// When the value was last changed, if it was.
    pub updated_at: Option<Timestamp>,
}

/// Which attachments of a tag are listed: those that match every filter.
#[derive(Debug, Clone, Default)]
pub struct TagFilter {
    /// Only with this value.
    pub value: Option<String>,
    /// Only to things of this kind.
    pub scope: Option<TagScope>,
    /// Only those made at this time or later.
    pub created_from: Option<Timestamp>,
    /// Only those made at this time or earlier.
    pub created_until: Option<Timestamp>,
    /// Only in this warehouse.
    pub warehouse: Option<WarehouseId>,
}

/// Which tags of a thing are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagReach {
    /// Only the tags that are attached to the thing itself.
    Direct,
    /// Also the tags of this namespace, of the namespaces around it, and of the warehouse. If a tag occurs several
    /// times, only the attachment nearest to the thing is listed.
    Effective(Option<NamespaceId>),
}

/// Tags.
#[async_trait]
pub trait Tags {
    /// Creates a definition. `NotFound(Project)`, `AlreadyExists(TagName)` if the project has a tag with this
    /// name, `AlreadyExists(TagDefinition)` if the id is taken.
    async fn tag_definition_create(&self, row: TagDefinitionRow, effects: Effects) -> Result<()>;

    /// Loads a definition. `NotFound(TagDefinition)` if it is not in this project.
    async fn tag_definition_load(
        &self,
        project: &ProjectId,
        id: TagDefinitionId,
    ) -> Result<TagDefinitionRow>;

    /// Finds a definition by name. `NotFound(TagName)` if the project has none with this name.
    async fn tag_definition_find(
        &self,
        project: &ProjectId,
        name: &TagName,
    ) -> Result<TagDefinitionRow>;

    /// The definitions of a project, sorted by folded name.
    async fn tag_definition_list(
        &self,
        project: &ProjectId,
        page: PageRequest,
    ) -> Result<Page<TagDefinitionRow>>;

    /// Replaces name, description, scope, values and `updated_at` if the stored version is still `row.version`;
    /// the new version is one more. `Stale`, `NotFound(TagDefinition)`, `AlreadyExists(TagName)`.
    async fn tag_definition_update(&self, row: TagDefinitionRow, effects: Effects) -> Result<()>;

    /// Removes a definition that is attached to nothing. `NotFound(TagDefinition)`, `NotEmpty(TagDefinition)`.
    async fn tag_definition_drop(&self, id: TagDefinitionId, effects: Effects) -> Result<()>;

    /// Attaches a tag. If it is attached to this thing already, only its value changes; id and creation time stay.
    /// `NotFound` if the definition, warehouse, namespace or tabular is gone; `TooManyTags` if the thing would
    /// have more than `most` tags, also counting concurrent attachments. An attachment is removed with its target;
    /// it survives a soft deletion and a renaming of the target.
    async fn tag_attach(&self, tag: NewTag, most: u32, effects: Effects) -> Result<()>;

    /// Detaches a tag. `NotFound(TagDefinition)` if it is not attached to this thing; no effects are written then.
    async fn tag_detach(
        &self,
        definition: TagDefinitionId,
        at: (WarehouseId, TagTarget),
        effects: Effects,
    ) -> Result<()>;

    /// The tags of a thing, sorted by folded name. A thing that does not exist has none.
    async fn tag_list(
        &self,
        at: (WarehouseId, TagTarget),
        reach: TagReach,
    ) -> Result<Vec<AttachedTag>>;

    /// The tags of a table's columns, sorted by field id and folded name.
    async fn tag_list_of_columns(
        &self,
        warehouse: WarehouseId,
        table: TabularId,
    ) -> Result<Vec<AttachedTag>>;

    /// The attachments of a tag, sorted by their ids. A page token is such an id.
    async fn tag_attachments(
        &self,
        definition: TagDefinitionId,
        filter: TagFilter,
        page: PageRequest,
    ) -> Result<Page<TagAttachment>>;
}
