//! Tags: labels that a project defines and attaches to its warehouses, namespaces, tables, views and columns.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Bounds, InvalidName, Name, NameKey, NamespaceId, TabularId, TabularKind, WarehouseId};

/// First parts of tag names that are reserved for the catalog.
const RESERVED: [&str; 2] = ["system", "lakekeeper"];

/// The name of a tag: a name whose parts, from the general to the special, are divided by dots.
#[derive(Debug, Clone)]
pub struct TagName(Name);

/// Why a text cannot be the name of a tag.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTagName {
    /// The text cannot be a name at all.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// More characters than allowed.
    #[error("the name of a tag may have at most {max} characters, this one has {chars}", max = Bounds::TAG_CHARS)]
    TooLong {
        /// Its length.
        chars: usize,
    },
    /// The name begins or ends with a blank.
    #[error("tag name `{0}` must not begin or end with a blank")]
    Blank(String),
    /// A part of the name is empty.
    #[error(
        "tag name `{0}` has an empty part: it must not begin or end with a dot, or have two side by side"
    )]
    EmptyPart(String),
}

impl TagName {
    /// Parses a name.
    pub fn parse(text: &str) -> Result<Self, InvalidTagName> {
        let chars = text.chars().count();
        if chars > Bounds::TAG_CHARS {
            return Err(InvalidTagName::TooLong { chars });
        }
        let name = Name::parse("tag", text)?;
        if text.trim() != text {
            return Err(InvalidTagName::Blank(text.to_owned()));
        }
        if text.split('.').any(str::is_empty) {
            return Err(InvalidTagName::EmptyPart(text.to_owned()));
        }
        Ok(Self(name))
    }

    /// The name as the user wrote it.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The key that the name is matched by.
    pub const fn key(&self) -> &NameKey {
        self.0.key()
    }

    /// Whether the first part of the name is reserved for the catalog.
    pub fn is_reserved(&self) -> bool {
        let first = self.key().as_str().split('.').next();
        first.is_some_and(|first| RESERVED.contains(&first))
    }
}

impl fmt::Display for TagName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// What a tag can be attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TagScope {
    /// A warehouse.
    Warehouse,
    /// A namespace.
    Namespace,
    /// An Iceberg table.
    Table,
    /// An Iceberg view.
    View,
    /// A generic table.
    GenericTable,
    /// A column of an Iceberg table.
    Column,
}

impl TagScope {
    /// All scopes.
    pub const ALL: [Self; 6] = [
        Self::Warehouse,
        Self::Namespace,
        Self::Table,
        Self::View,
        Self::GenericTable,
        Self::Column,
    ];

    /// As the management API spells it, and as stored in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Warehouse => "warehouse",
            Self::Namespace => "namespace",
            Self::Table => "table",
            Self::View => "view",
            Self::GenericTable => "generic-table",
            Self::Column => "column",
        }
    }

    /// Reads what [`TagScope::as_str`] returned.
    pub fn from_stored(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

impl From<TabularKind> for TagScope {
    fn from(kind: TabularKind) -> Self {
        match kind {
            TabularKind::Table => Self::Table,
            TabularKind::View => Self::View,
            TabularKind::GenericTable => Self::GenericTable,
        }
    }
}

impl fmt::Display for TagScope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// What a tag is attached to, within a warehouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TagTarget {
    /// The warehouse itself.
    Warehouse,
    /// A namespace.
    Namespace(NamespaceId),
    /// A table, view or generic table.
    Tabular(TabularKind, TabularId),
    /// A column of a table, by its field id, which stays the same when the column is renamed or moved.
    Column(TabularId, i32),
}

impl TagTarget {
    /// The kind of the target.
    pub fn scope(self) -> TagScope {
        match self {
            Self::Warehouse => TagScope::Warehouse,
            Self::Namespace(_) => TagScope::Namespace,
            Self::Tabular(kind, _) => kind.into(),
            Self::Column(..) => TagScope::Column,
        }
    }

    /// The id and the field id that the target is stored under; the field id is 0 unless the target is a column.
    pub const fn as_stored(self, warehouse: WarehouseId) -> (Uuid, i32) {
        match self {
            Self::Warehouse => (warehouse.as_uuid(), 0),
            Self::Namespace(id) => (id.as_uuid(), 0),
            Self::Tabular(_, id) => (id.as_uuid(), 0),
            Self::Column(table, field) => (table.as_uuid(), field),
        }
    }

    /// Reads what [`TagTarget::as_stored`] returned.
    pub fn from_stored(scope: TagScope, id: Uuid, field: i32) -> Self {
        match scope {
            TagScope::Warehouse => Self::Warehouse,
            TagScope::Namespace => Self::Namespace(id.into()),
            TagScope::Table => Self::Tabular(TabularKind::Table, id.into()),
            TagScope::View => Self::Tabular(TabularKind::View, id.into()),
            TagScope::GenericTable => Self::Tabular(TabularKind::GenericTable, id.into()),
            TagScope::Column => Self::Column(id.into(), field),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{InvalidTagName, TagName, TagScope};

    #[test]
    fn a_name_has_parts_and_no_empty_ones() {
        let (longest, too_long) = ("ü".repeat(256), "a".repeat(257));
        for right in ["pii", "PII.Class ification.é", &longest] {
            assert!(TagName::parse(right).is_ok(), "{right}");
        }
        for wrong in ["", ".a", "a.", "a..b", " a", "a\t", "a\u{0}", &too_long] {
            assert!(TagName::parse(wrong).is_err(), "{wrong}");
        }
        let dot = TagName::parse(".").unwrap_err();
        assert_eq!(dot, InvalidTagName::EmptyPart(".".to_owned()));
    }

    #[test]
    fn first_parts_of_the_catalogs_own_are_reserved() {
        for (name, is_reserved) in [
            ("system", true),
            ("System.x", true),
            ("LAKEKEEPER.pii", true),
            ("systems", false),
            ("my.system", false),
        ] {
            assert_eq!(TagName::parse(name).unwrap().is_reserved(), is_reserved);
        }
    }

    #[test]
    fn a_stored_scope_is_read_as_what_it_was() {
        for scope in TagScope::ALL {
            assert_eq!(TagScope::from_stored(scope.as_str()), Some(scope));
            let json = serde_json::to_value(scope).ok();
            assert_eq!(json, Some(scope.as_str().into()));
        }
    }
}
