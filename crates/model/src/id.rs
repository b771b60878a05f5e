//! Ids as types of their own, so that one kind cannot be passed for another.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Bounds, Excerpt, Timestamp};

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id, ordered by time (UUID version 7) so that index inserts stay local.
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id as a plain UUID.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(out)
            }
        }
    )*};
}

uuid_ids! {
    /// A namespace; stable over renames.
    NamespaceId;
    /// A role: a name for several users and roles.
    RoleId;
    /// An event; the same in every delivery, so that a consumer recognises a repeated one.
    EventId;
    /// A stored secret.
    SecretId;
    /// This installation; made once, by the first migration.
    ServerId;
    /// The definition of a tag that can be attached to things.
    TagDefinitionId;
    /// One attachment of a tag to an object; greater than the ids of earlier attachments.
    TagId;
    /// A table, a view or a generic table; stable over renames. The `table-uuid` or `view-uuid` of its metadata.
    TabularId;
    /// A piece of durable background work.
    TaskId;
    /// A warehouse; also the `prefix` of the catalog API.
    WarehouseId;
}

/// The id of a project: a UUID by default, or a short name that the operator chose.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProjectId(Arc<str>);

/// A text that cannot be a project id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("project id `{0}` must have 1 to {max} characters out of a-z, A-Z, 0-9, `-` and `_`", max = Bounds::PROJECT_ID_BYTES)]
pub struct InvalidProjectId(String);

impl ProjectId {
    /// A new, unique id.
    pub fn generate() -> Self {
        Self(Uuid::now_v7().to_string().into())
    }

    /// The default project: the nil UUID.
    pub fn nil() -> Self {
        Self(Uuid::nil().to_string().into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProjectId {
    type Err = InvalidProjectId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if text.is_empty() || text.len() > Bounds::PROJECT_ID_BYTES || !text.chars().all(allowed) {
            return Err(InvalidProjectId(Excerpt(text).to_string()));
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for ProjectId {
    type Error = InvalidProjectId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<ProjectId> for String {
    fn from(id: ProjectId) -> Self {
        id.0.as_ref().to_owned()
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// The version of a row: one higher after each change.
///
/// Compare-and-set compares versions, and the version of a cached value shows how fresh it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(i64);

impl Version {
    /// The version of a new row whose id nobody had before.
    pub const FIRST: Self = Self(1);

    /// The version of a new row whose id may have been in use before: a table that was dropped and registered again
    /// keeps its UUID. Milliseconds in the upper bits make it higher than every version of the former row, so that a
    /// replica which still caches the former row cannot take it for the new one.
    pub fn of_reused_id(now: Timestamp) -> Self {
        let noise = Uuid::new_v4().as_u128() & 0xf_ffff;
        Self((now.as_ms() << 20) | i64::try_from(noise).unwrap_or(0))
    }

    /// From the number that the database keeps.
    pub const fn from_i64(version: i64) -> Self {
        Self(version)
    }

    /// The number that the database keeps.
    pub const fn as_i64(self) -> i64 {
        self.0
    }

    /// The version after the next change.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::ProjectId;

    #[test]
    fn a_project_id_is_a_short_word() {
        assert!("team-a_1".parse::<ProjectId>().is_ok());
        for wrong in ["", "a/b", "ü", "a b", &"x".repeat(129)] {
            assert!(wrong.parse::<ProjectId>().is_err(), "{wrong}");
        }
        assert_eq!(
            ProjectId::nil().as_str(),
            "00000000-0000-0000-0000-000000000000"
        );
    }
}
