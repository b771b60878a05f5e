//! What tables, views and generic tables have in common.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Bounds, Excerpt};

/// Tables, views and generic tables share one name space and one store; this tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TabularKind {
    /// An Iceberg table.
    Table,
    /// An Iceberg view.
    View,
    /// A table of any other format, whose files the catalog does not interpret.
    GenericTable,
}

impl TabularKind {
    /// As stored in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::View => "view",
            Self::GenericTable => "generic-table",
        }
    }

    /// Reads what [`TabularKind::as_str`] returned.
    pub fn from_stored(text: &str) -> Option<Self> {
        match text {
            "table" => Some(Self::Table),
            "view" => Some(Self::View),
            "generic-table" => Some(Self::GenericTable),
            _ => None,
        }
    }

    /// The kind as the first words of a sentence.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Table => "Table",
            Self::View => "View",
            Self::GenericTable => "Generic table",
        }
    }
}

impl fmt::Display for TabularKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// What the files of a generic table are: `lance`, `delta`, `csv`. A word that the catalog does not interpret.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TableFormat(Arc<str>);

/// A text that cannot be a format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "format `{0}` must have 1 to {max} characters out of a-z, 0-9, `-` and `_`, the first of them a letter",
    max = Bounds::FORMAT_BYTES
)]
pub struct InvalidTableFormat(String);

impl TableFormat {
    /// The format as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TableFormat {
    type Err = InvalidTableFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_allowed =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        let begins_well = text.starts_with(|c: char| c.is_ascii_lowercase());
        if !begins_well || text.len() > Bounds::FORMAT_BYTES || !text.chars().all(is_allowed) {
            return Err(InvalidTableFormat(Excerpt(text).to_string()));
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for TableFormat {
    type Error = InvalidTableFormat;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TableFormat> for String {
    fn from(format: TableFormat) -> Self {
        format.0.as_ref().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{TableFormat, TabularKind};

    #[test]
    fn a_stored_kind_is_read_as_what_it_was() {
        for kind in [
            TabularKind::Table,
            TabularKind::View,
            TabularKind::GenericTable,
        ] {
            assert_eq!(TabularKind::from_stored(kind.as_str()), Some(kind));
        }
    }

    #[test]
    fn a_format_is_a_short_word() {
        let (longest, too_long) = ("a".repeat(64), "a".repeat(65));
        for right in ["lance", "d", "csv-2_x", &longest] {
            assert!(right.parse::<TableFormat>().is_ok(), "{right}");
        }
        for wrong in ["", "Lance", "1csv", "-a", "a b", "a.b", "ä", &too_long] {
            assert!(wrong.parse::<TableFormat>().is_err(), "{wrong}");
        }
    }
}
