//! The updates that a client can request of a view, and its requirements (REST spec, `ViewUpdate`,
//! `ViewRequirement`).

use std::collections::BTreeMap;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{ViewMetadata, ViewVersion};
use crate::error::{ParseError, RequirementFailed};
use crate::json::{Object, ObjectWriter, Raw, check_depth};
use crate::schema::Schema;
use crate::table::{
    is_table_action, one_line, property_removals, property_updates, size_of_properties, strings,
};

/// One change of a view.
///
/// Reading needs a `serde_json` deserializer, because the text is kept; one that buffers, as for `flatten`, fails.
#[derive(Debug, Clone)]
#[expect(
    missing_docs,
    reason = "the variants are the spec's, and their fields too"
)]
pub enum ViewUpdate {
    AssignUuid {
        uuid: Uuid,
    },
    UpgradeFormatVersion {
        format_version: i64,
    },
    AddSchema {
        schema: Schema,
    },
    SetLocation {
        location: String,
    },
    SetProperties {
        updates: BTreeMap<String, String>,
    },
    RemoveProperties {
        removals: Vec<String>,
    },
    AddViewVersion {
        view_version: ViewVersion,
    },
    /// −1 is the version added last.
    SetCurrentViewVersion {
        view_version_id: i32,
    },
}

/// One requirement.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the variants are the spec's, and their fields too"
)]
pub enum ViewRequirement {
    AssertViewUuid { uuid: Uuid },
}

/// Checks every requirement against the view's state.
pub fn check_view(
    requirements: &[ViewRequirement],
    base: &ViewMetadata,
) -> Result<(), RequirementFailed> {
    requirements
        .iter()
        .try_for_each(|requirement| match requirement {
            ViewRequirement::AssertViewUuid { uuid } if *uuid != base.uuid => {
                Err(RequirementFailed::new(format!(
                    "view UUID does not match: expected {} != {uuid}",
                    base.uuid
                )))
            }
            ViewRequirement::AssertViewUuid { .. } => Ok(()),
        })
}

impl ViewUpdate {
    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        let mut o = Object::parse("view update", text)?;
        let action: String = o.require("action")?;
        let lower = action.to_ascii_lowercase();
        Ok(match lower.as_str() {
            "assign-uuid" => Self::AssignUuid {
                uuid: o.require("uuid")?,
            },
            "upgrade-format-version" => Self::UpgradeFormatVersion {
                format_version: o.require("format-version")?,
            },
            "add-schema" => Self::AddSchema {
                schema: Schema::parse_new(one_line(&mut o, "schema")?.get())?,
            },
            "set-location" => Self::SetLocation {
                location: o.require("location")?,
            },
            "set-properties" => Self::SetProperties {
                updates: property_updates(&mut o)?,
            },
            "remove-properties" => Self::RemoveProperties {
                removals: property_removals(&mut o)?,
            },
            "add-view-version" => Self::AddViewVersion {
                view_version: ViewVersion::parse(o.require_raw("view-version")?.get())?,
            },
            "set-current-view-version" => Self::SetCurrentViewVersion {
                view_version_id: o.require("view-version-id")?,
            },
            table if is_table_action(table) => {
                return Err(o.error(format_args!("Cannot apply update `{action}` to a view")));
            }
            _ => return Err(o.error(format_args!("the action `{action}` is not known"))),
        })
    }

    /// The approximate size of the update's JSON, in bytes: the cost of applying the update grows with it.
    pub fn size(&self) -> usize {
        match self {
            Self::AddSchema { schema } => schema.size(),
            Self::AddViewVersion { view_version } => view_version.size(),
            Self::SetProperties { updates } => size_of_properties(updates),
            Self::RemoveProperties { removals } => removals.iter().map(String::len).sum(),
            Self::SetLocation { location } => location.len(),
            Self::AssignUuid { .. }
            | Self::UpgradeFormatVersion { .. }
            | Self::SetCurrentViewVersion { .. } => 0,
        }
    }

    /// The action's name in the REST spec.
    pub fn action(&self) -> &'static str {
        match self {
            Self::AssignUuid { .. } => "assign-uuid",
            Self::UpgradeFormatVersion { .. } => "upgrade-format-version",
            Self::AddSchema { .. } => "add-schema",
            Self::SetLocation { .. } => "set-location",
            Self::SetProperties { .. } => "set-properties",
            Self::RemoveProperties { .. } => "remove-properties",
            Self::AddViewVersion { .. } => "add-view-version",
            Self::SetCurrentViewVersion { .. } => "set-current-view-version",
        }
    }
}

impl ViewRequirement {
    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        let mut object = Object::parse("view requirement", text)?;
        let name: String = object.require("type")?;
        match name.to_ascii_lowercase().as_str() {
            "assert-view-uuid" => Ok(Self::AssertViewUuid {
                uuid: object.require("uuid")?,
            }),
            _ => Err(object.error(format_args!("Cannot validate `{name}` against a view"))),
        }
    }
}

impl<'de> Deserialize<'de> for ViewUpdate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        check_depth(raw.get()).map_err(serde::de::Error::custom)?;
        Self::parse(raw.get()).map_err(serde::de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for ViewRequirement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get()).map_err(serde::de::Error::custom)
    }
}

impl Serialize for ViewUpdate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = String::new();
        let mut w = ObjectWriter::new(&mut out);
        w.string("action", self.action());
        match self {
            Self::AssignUuid { uuid } => {
                w.string("uuid", &uuid.to_string());
            }
            Self::UpgradeFormatVersion { format_version } => {
                w.plain("format-version", format_version);
            }
            Self::AddSchema { schema } => {
                w.json("schema", schema.to_raw(schema.id).get());
            }
            Self::SetLocation { location } => {
                w.string("location", location);
            }
            Self::SetProperties { updates } => {
                w.strings("updates", updates);
            }
            Self::RemoveProperties { removals } => strings(&mut w, "removals", removals),
            Self::AddViewVersion { view_version } => view_version.print(w.value("view-version")),
            Self::SetCurrentViewVersion { view_version_id } => {
                w.plain("view-version-id", view_version_id);
            }
        }
        w.end();
        Raw::printed(out).serialize(serializer)
    }
}
