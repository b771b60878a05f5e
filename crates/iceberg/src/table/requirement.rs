//! Requirements: what must hold of a table so that a commit is accepted (REST spec, `TableRequirement`).

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::TableMetadata;
use super::snapshot::SnapshotRef;
use crate::error::{ParseError, RequirementFailed};
use crate::json::{Object, ObjectWriter, Raw, check_depth};

/// One requirement.
///
/// Reading needs a `serde_json` deserializer, because the text is kept; one that buffers, as for `flatten`, fails.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the variants are the spec's, and their fields too"
)]
pub enum TableRequirement {
    /// The table does not exist.
    AssertCreate,
    AssertTableUuid {
        uuid: Uuid,
    },
    /// The branch or tag points to this snapshot, or, with `None`, does not exist.
    AssertRefSnapshotId {
        reference: String,
        snapshot_id: Option<i64>,
    },
    AssertLastAssignedFieldId {
        last_assigned_field_id: i32,
    },
    AssertCurrentSchemaId {
        current_schema_id: i32,
    },
    AssertLastAssignedPartitionId {
        last_assigned_partition_id: i32,
    },
    AssertDefaultSpecId {
        default_spec_id: i32,
    },
    AssertDefaultSortOrderId {
        default_sort_order_id: i32,
    },
}

/// Checks every requirement against the table's state, `None` if it does not exist.
pub fn check_table(
    requirements: &[TableRequirement],
    base: Option<&TableMetadata>,
) -> Result<(), RequirementFailed> {
    requirements.iter().try_for_each(|requirement| {
        let Some(base) = base else {
            return requirement.check_missing();
        };
        requirement.check(base).map_err(RequirementFailed::new)
    })
}

impl TableRequirement {
    /// Reads one requirement. An unknown type is an error: ignoring it would commit what the client wanted
    /// to prevent.
    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        let mut o = Object::parse("table requirement", text)?;
        let name: String = o.require("type")?;
        Ok(match name.to_ascii_lowercase().as_str() {
            "assert-create" => Self::AssertCreate,
            "assert-table-uuid" => Self::AssertTableUuid {
                uuid: o.require("uuid")?,
            },
            "assert-ref-snapshot-id" => Self::AssertRefSnapshotId {
                reference: o.require("ref")?,
                snapshot_id: o.optional("snapshot-id")?,
            },
            "assert-last-assigned-field-id" => Self::AssertLastAssignedFieldId {
                last_assigned_field_id: o.require("last-assigned-field-id")?,
            },
            "assert-current-schema-id" => Self::AssertCurrentSchemaId {
                current_schema_id: o.require("current-schema-id")?,
            },
            "assert-last-assigned-partition-id" => Self::AssertLastAssignedPartitionId {
                last_assigned_partition_id: o.require("last-assigned-partition-id")?,
            },
            "assert-default-spec-id" => Self::AssertDefaultSpecId {
                default_spec_id: o.require("default-spec-id")?,
            },
            "assert-default-sort-order-id" => Self::AssertDefaultSortOrderId {
                default_sort_order_id: o.require("default-sort-order-id")?,
            },
            "assert-view-uuid" => {
                return Err(o.error(format_args!("Cannot validate `{name}` against a table")));
            }
            _ => return Err(o.error(format_args!("the type `{name}` is not known"))),
        })
    }

    /// Checks the requirement against a table that does not exist: only assertions that the table or a branch or tag
    /// does not exist hold.
    fn check_missing(&self) -> Result<(), RequirementFailed> {
        match self {
            Self::AssertCreate
            | Self::AssertRefSnapshotId {
                snapshot_id: None, ..
            } => Ok(()),
            _ => Err(RequirementFailed::new("table does not exist")),
        }
    }

    fn check(&self, base: &TableMetadata) -> Result<(), String> {
        match self {
            Self::AssertCreate => Err("table already exists".to_owned()),
            Self::AssertTableUuid { uuid } if *uuid != base.uuid => Err(format!(
                "UUID does not match: expected {} != {uuid}",
                base.uuid
            )),
            Self::AssertTableUuid { .. } => Ok(()),
            Self::AssertRefSnapshotId {
                reference,
                snapshot_id,
            } => check_ref(reference, base.refs.get(reference), *snapshot_id),
            Self::AssertLastAssignedFieldId {
                last_assigned_field_id: id,
            } => same("last assigned field id", *id, base.last_column_id),
            Self::AssertCurrentSchemaId {
                current_schema_id: id,
            } => same("current schema", *id, base.current_schema_id),
            Self::AssertLastAssignedPartitionId {
                last_assigned_partition_id: id,
            } => same("last assigned partition id", *id, base.last_partition_id),
            Self::AssertDefaultSpecId {
                default_spec_id: id,
            } => same("default partition spec", *id, base.default_spec_id),
            Self::AssertDefaultSortOrderId {
                default_sort_order_id: id,
            } => same("default sort order", *id, base.default_sort_order_id),
        }
    }
}

fn check_ref(name: &str, found: Option<&SnapshotRef>, want: Option<i64>) -> Result<(), String> {
    match (found, want) {
        (None, None) => Ok(()),
        (Some(found), Some(want)) if found.snapshot_id == want => Ok(()),
        (Some(found), None) => Err(format!(
            "{} {name} was created concurrently",
            found.kind.text()
        )),
        (Some(found), Some(want)) => Err(format!(
            "{} {name} has changed: expected id {want} != {}",
            found.kind.text(),
            found.snapshot_id
        )),
        (None, Some(want)) => Err(format!("branch or tag {name} is missing, expected {want}")),
    }
}

fn same(what: &str, want: i32, found: i32) -> Result<(), String> {
    if want == found {
        return Ok(());
    }
    Err(format!("{what} changed: expected id {want} != {found}"))
}

impl<'de> Deserialize<'de> for TableRequirement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        check_depth(raw.get()).map_err(serde::de::Error::custom)?;
        Self::parse(raw.get()).map_err(serde::de::Error::custom)
    }
}

impl Serialize for TableRequirement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = String::new();
        let mut w = ObjectWriter::new(&mut out);
        match self {
            Self::AssertCreate => w.string("type", "assert-create"),
            Self::AssertTableUuid { uuid } => w
                .string("type", "assert-table-uuid")
                .string("uuid", &uuid.to_string()),
            Self::AssertRefSnapshotId {
                reference,
                snapshot_id,
            } => {
                w.string("type", "assert-ref-snapshot-id")
                    .string("ref", reference);
                let id = snapshot_id.map_or_else(|| "null".to_owned(), |id| id.to_string());
                w.json("snapshot-id", &id)
            }
            Self::AssertLastAssignedFieldId {
                last_assigned_field_id: id,
            } => w
                .string("type", "assert-last-assigned-field-id")
                .plain("last-assigned-field-id", id),
            Self::AssertCurrentSchemaId {
                current_schema_id: id,
            } => w
                .string("type", "assert-current-schema-id")
                .plain("current-schema-id", id),
            Self::AssertLastAssignedPartitionId {
                last_assigned_partition_id: id,
            } => w
                .string("type", "assert-last-assigned-partition-id")
                .plain("last-assigned-partition-id", id),
            Self::AssertDefaultSpecId {
                default_spec_id: id,
            } => w
                .string("type", "assert-default-spec-id")
                .plain("default-spec-id", id),
            Self::AssertDefaultSortOrderId {
                default_sort_order_id: id,
            } => w
                .string("type", "assert-default-sort-order-id")
                .plain("default-sort-order-id", id),
        };
        w.end();
        Raw::printed(out).serialize(serializer)
    }
}
