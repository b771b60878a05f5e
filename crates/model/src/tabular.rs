//! What tables and views have in common.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Tables and views share one name space and one store; this tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TabularKind {
    /// An Iceberg table.
    Table,
    /// An Iceberg view.
    View,
}

impl TabularKind {
    /// As stored in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::View => "view",
        }
    }

    /// From what [`TabularKind::as_str`] printed.
    pub fn from_stored(text: &str) -> Option<Self> {
        match text {
            "table" => Some(Self::Table),
            "view" => Some(Self::View),
            _ => None,
        }
    }
}

impl fmt::Display for TabularKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}
