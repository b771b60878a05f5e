//! Snapshots, and the branches and tags that name them.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::error::{ParseError, UpdateError};
use crate::json::{Extra, Object, ObjectWriter, Raw, without_nulls};

/// The branch whose head is the table's current snapshot.
pub(crate) const MAIN: &str = "main";

/// The `current-snapshot-id` of a table without snapshots, in v1 and v2.
pub(crate) const NO_SNAPSHOT: i64 = -1;

/// A snapshot: the numbers that commits are checked against, and the JSON as it was sent.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub(crate) id: i64,
    pub(crate) parent_id: Option<i64>,
    /// 0 in v1.
    pub(crate) sequence_number: i64,
    pub(crate) timestamp_ms: i64,
    /// Since v3.
    pub(crate) first_row_id: Option<i64>,
    pub(crate) added_rows: Option<i64>,
    pub(crate) raw: Raw,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Head {
    snapshot_id: i64,
    parent_snapshot_id: Option<i64>,
    sequence_number: Option<i64>,
    timestamp_ms: i64,
    first_row_id: Option<i64>,
    added_rows: Option<i64>,
}

impl Snapshot {
    pub(crate) fn parse(value: &RawValue) -> Result<Self, ParseError> {
        Self::of(Raw::from(value))
    }

    fn of(raw: Raw) -> Result<Self, ParseError> {
        let error = |problem: &dyn std::fmt::Display| ParseError::new("snapshot", problem);
        let head: Head = serde_json::from_str(raw.get()).map_err(|e| error(&e))?;
        for (field, number) in [
            ("first-row-id", head.first_row_id),
            ("added-rows", head.added_rows),
        ] {
            if let Some(number) = number.filter(|number| *number < 0) {
                return Err(error(&format_args!("{field} cannot be negative: {number}")));
            }
        }
        if head.first_row_id.is_some() && head.added_rows.is_none() {
            return Err(error(&"added-rows is required when first-row-id is set"));
        }
        Ok(Self {
            id: head.snapshot_id,
            parent_id: head.parent_snapshot_id,
            sequence_number: head.sequence_number.unwrap_or(0),
            timestamp_ms: head.timestamp_ms,
            first_row_id: head.first_row_id,
            added_rows: head.added_rows,
            raw,
        })
    }

    /// Reads a snapshot that a client wants to add: it must say where its manifests are, and the members that other
    /// readers use must have the right type.
    pub(crate) fn parse_new(value: &RawValue) -> Result<Self, ParseError> {
        let raw = without_nulls(value)?;
        let mut object = Object::parse("snapshot", raw.get())?;
        let list: Option<String> = object.optional("manifest-list")?;
        if list.is_none() && object.optional::<Vec<String>>("manifests")?.is_none() {
            return Err(object.error("the field `manifest-list` is missing"));
        }
        object.optional::<std::collections::BTreeMap<String, String>>("summary")?;
        object.optional::<i32>("schema-id")?;
        object.optional::<String>("key-id")?;
        let snapshot = Self::of(raw.clone())?;
        if snapshot.id == NO_SNAPSHOT {
            let problem =
                format!("the snapshot id cannot be {NO_SNAPSHOT}: readers take it for none");
            return Err(object.error(problem));
        }
        Ok(snapshot)
    }

    /// The snapshot's id.
    pub fn id(&self) -> i64 {
        self.id
    }

    /// The snapshot that this one was built on.
    pub fn parent_id(&self) -> Option<i64> {
        self.parent_id
    }

    /// When the snapshot was made, in milliseconds since 1970 by the writer's clock.
    pub fn timestamp_ms(&self) -> i64 {
        self.timestamp_ms
    }

    /// The position in the table's order of commits; 0 in v1.
    pub fn sequence_number(&self) -> i64 {
        self.sequence_number
    }

    /// The location of the manifest list; v1 snapshots may have none.
    pub fn manifest_list(&self) -> Option<String> {
        let mut object = Object::parse("snapshot", self.raw.get()).ok()?;
        object.optional("manifest-list").ok().flatten()
    }

    /// The snapshot as JSON, as its writer sent it.
    pub fn json(&self) -> &str {
        self.raw.get()
    }
}

/// A branch or a tag.
#[derive(Debug, Clone)]
pub struct SnapshotRef {
    pub(crate) snapshot_id: i64,
    pub(crate) kind: RefKind,
    min_snapshots_to_keep: Option<i32>,
    max_snapshot_age_ms: Option<i64>,
    max_ref_age_ms: Option<i64>,
    extra: Extra,
}

/// The kind of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefKind {
    /// Commits to a branch move it to their snapshot.
    Branch,
    /// Commits do not move a tag.
    Tag,
}

impl SnapshotRef {
    /// A branch without retention rules of its own.
    pub(crate) fn branch(snapshot_id: i64) -> Self {
        Self {
            snapshot_id,
            kind: RefKind::Branch,
            min_snapshots_to_keep: None,
            max_snapshot_age_ms: None,
            max_ref_age_ms: None,
            extra: Vec::new(),
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, ParseError> {
        let mut object = Object::parse("snapshot reference", text)?;
        let mut reference = Self::take_from(&mut object)?;
        reference.extra = object.rest();
        Ok(reference)
    }

    /// Takes the known members of a reference out of an object that may have others.
    pub(crate) fn take_from(object: &mut Object<'_>) -> Result<Self, ParseError> {
        let kind: String = object.require("type")?;
        let kind = match kind.to_ascii_lowercase().as_str() {
            "branch" => RefKind::Branch,
            "tag" => RefKind::Tag,
            _ => {
                let problem = format!("its type is `{kind}`, not `branch` or `tag`");
                return Err(object.error(problem));
            }
        };
        Ok(Self {
            snapshot_id: object.require("snapshot-id")?,
            kind,
            min_snapshots_to_keep: object.optional("min-snapshots-to-keep")?,
            max_snapshot_age_ms: object.optional("max-snapshot-age-ms")?,
            max_ref_age_ms: object.optional("max-ref-age-ms")?,
            extra: Vec::new(),
        })
    }

    pub(crate) fn print(&self, writer: &mut ObjectWriter<'_>) {
        writer
            .plain("snapshot-id", self.snapshot_id)
            .string("type", self.kind.text())
            .plain_if_some("min-snapshots-to-keep", self.min_snapshots_to_keep)
            .plain_if_some("max-snapshot-age-ms", self.max_snapshot_age_ms)
            .plain_if_some("max-ref-age-ms", self.max_ref_age_ms)
            .extra(&self.extra);
    }

    /// Checks the retention rules (table spec, "Snapshot Retention Policy").
    pub(crate) fn check(&self) -> Result<(), UpdateError> {
        let invalid = |message: &str| Err(UpdateError::invalid(message));
        if self.kind == RefKind::Tag && self.min_snapshots_to_keep.is_some() {
            return invalid("Tags do not support setting minSnapshotsToKeep");
        }
        if self.kind == RefKind::Tag && self.max_snapshot_age_ms.is_some() {
            return invalid("Tags do not support setting maxSnapshotAgeMs");
        }
        if self.min_snapshots_to_keep.is_some_and(|number| number <= 0) {
            return invalid("Min snapshots to keep must be greater than 0");
        }
        if self.max_snapshot_age_ms.is_some_and(|ms| ms <= 0) {
            return invalid("Max snapshot age must be greater than 0 ms");
        }
        if self.max_ref_age_ms.is_some_and(|ms| ms <= 0) {
            return invalid("Max reference age must be greater than 0");
        }
        Ok(())
    }

    /// The id of the snapshot that the reference points to.
    pub fn snapshot_id(&self) -> i64 {
        self.snapshot_id
    }

    /// Branch or tag.
    pub fn kind(&self) -> RefKind {
        self.kind
    }
}

impl PartialEq for SnapshotRef {
    fn eq(&self, other: &Self) -> bool {
        (self.snapshot_id, self.kind) == (other.snapshot_id, other.kind)
            && self.min_snapshots_to_keep == other.min_snapshots_to_keep
            && self.max_snapshot_age_ms == other.max_snapshot_age_ms
            && self.max_ref_age_ms == other.max_ref_age_ms
            && crate::json::same_extra(&self.extra, &other.extra)
    }
}

impl RefKind {
    /// `branch` or `tag`.
    pub fn text(self) -> &'static str {
        match self {
            Self::Branch => "branch",
            Self::Tag => "tag",
        }
    }
}

/// The first id that occurs twice.
pub(crate) fn repeated_id<T: Copy + Eq + std::hash::Hash>(
    ids: impl IntoIterator<Item = T>,
) -> Option<T> {
    let mut seen = HashSet::new();
    ids.into_iter().find(|id| !seen.insert(*id))
}
