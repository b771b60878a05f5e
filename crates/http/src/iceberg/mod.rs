//! The operations of the Iceberg REST catalog API, as its specification defines them.

mod answers;
pub(crate) mod config;
pub(crate) mod delegated;
pub(crate) mod function;
pub(crate) mod loaded;
pub(crate) mod namespace;
pub(crate) mod oauth;
pub(crate) mod table;
pub(crate) mod transaction;
pub(crate) mod view;

pub(crate) use answers::Answers;

use serde::Deserialize;

/// A query parameter that is `true` or `false`, case-insensitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flag(pub(crate) bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.to_ascii_lowercase().as_str() {
            "true" => Ok(Self(true)),
            "false" => Ok(Self(false)),
            _ => Err(serde::de::Error::custom(format!(
                "`{text}` is neither `true` nor `false`"
            ))),
        }
    }
}

/// Whether an optional flag is given and `true`.
pub(crate) fn is_set(flag: Option<Flag>) -> bool {
    flag.is_some_and(|flag| flag.0)
}
