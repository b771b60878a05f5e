//! The entries of a table's snapshot log and metadata log, its statistics files and its encryption keys.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::error::ParseError;
use crate::json::{Extra, Object, ObjectWriter, Raw};

/// An entry of the snapshot log: when a snapshot became current.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotLogEntry {
    /// Milliseconds since 1970.
    pub timestamp_ms: i64,
    /// The snapshot that became current.
    pub snapshot_id: i64,
    pub(crate) extra: Extra,
}

/// An entry of the metadata log: a metadata file that was current once.
#[derive(Debug, Clone, PartialEq)]
pub struct MetadataLogEntry {
    /// When that metadata was made, in milliseconds since 1970.
    pub timestamp_ms: i64,
    /// The file's location.
    pub metadata_file: String,
    pub(crate) extra: Extra,
}

/// An entry of one of the two logs.
pub(crate) trait LogEntry: Sized {
    /// The entry without unknown members; parsing fails if there are any.
    type Plain: DeserializeOwned + Into<Self>;

    fn parse(text: &str) -> Result<Self, ParseError>;
    fn print(&self, out: &mut String);
    fn timestamp_ms(&self) -> i64;
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct PlainSnapshotEntry {
    timestamp_ms: i64,
    snapshot_id: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct PlainMetadataEntry {
    timestamp_ms: i64,
    metadata_file: String,
}

impl From<PlainSnapshotEntry> for SnapshotLogEntry {
    fn from(plain: PlainSnapshotEntry) -> Self {
        let PlainSnapshotEntry {
            timestamp_ms,
            snapshot_id,
        } = plain;
        Self {
            timestamp_ms,
            snapshot_id,
            extra: Vec::new(),
        }
    }
}

impl From<PlainMetadataEntry> for MetadataLogEntry {
    fn from(plain: PlainMetadataEntry) -> Self {
        let PlainMetadataEntry {
            timestamp_ms,
            metadata_file,
        } = plain;
        Self {
            timestamp_ms,
            metadata_file,
            extra: Vec::new(),
        }
    }
}

impl LogEntry for SnapshotLogEntry {
    type Plain = PlainSnapshotEntry;

    fn parse(text: &str) -> Result<Self, ParseError> {
        let mut object = Object::parse("snapshot log entry", text)?;
        Ok(Self {
            timestamp_ms: object.require("timestamp-ms")?,
            snapshot_id: object.require("snapshot-id")?,
            extra: object.rest(),
        })
    }

    fn print(&self, out: &mut String) {
        let mut writer = ObjectWriter::new(out);
        writer
            .plain("timestamp-ms", self.timestamp_ms)
            .plain("snapshot-id", self.snapshot_id);
        writer.extra(&self.extra).end();
    }

    fn timestamp_ms(&self) -> i64 {
        self.timestamp_ms
    }
}

impl LogEntry for MetadataLogEntry {
    type Plain = PlainMetadataEntry;

    fn parse(text: &str) -> Result<Self, ParseError> {
        let mut object = Object::parse("metadata log entry", text)?;
        Ok(Self {
            timestamp_ms: object.require("timestamp-ms")?,
            metadata_file: object.require("metadata-file")?,
            extra: object.rest(),
        })
    }

    fn print(&self, out: &mut String) {
        let mut writer = ObjectWriter::new(out);
        writer
            .plain("timestamp-ms", self.timestamp_ms)
            .string("metadata-file", &self.metadata_file);
        writer.extra(&self.extra).end();
    }

    fn timestamp_ms(&self) -> i64 {
        self.timestamp_ms
    }
}

/// Reads a log. Almost always all entries are plain and are read at once; otherwise each entry is split into its
/// members, to keep the unknown ones.
pub(crate) fn parse_log<E: LogEntry>(entries: Option<&RawValue>) -> Result<Vec<E>, ParseError> {
    let Some(entries) = entries else {
        return Ok(Vec::new());
    };
    if let Ok(plain) = serde_json::from_str::<Vec<E::Plain>>(entries.get()) {
        return Ok(plain.into_iter().map(Into::into).collect());
    }
    crate::json::elements(entries.get())
        .map_err(|error| ParseError::new("log", error))?
        .into_iter()
        .map(|entry| E::parse(entry.get()))
        .collect()
}

/// A statistics or partition statistics file: the id of its snapshot, and its JSON.
#[derive(Debug, Clone)]
pub(crate) struct StatisticsFile {
    pub(crate) snapshot_id: i64,
    pub(crate) raw: Raw,
}

impl StatisticsFile {
    pub(crate) fn parse(value: &RawValue) -> Result<Self, ParseError> {
        Self::of(Raw::from(value))
    }

    pub(super) fn of(raw: Raw) -> Result<Self, ParseError> {
        let mut object = Object::parse("statistics file", raw.get())?;
        object.require::<String>("statistics-path")?;
        Ok(Self {
            snapshot_id: object.require("snapshot-id")?,
            raw,
        })
    }
}

/// A key of an encrypted table: its id, and its JSON.
#[derive(Debug, Clone)]
pub(crate) struct EncryptionKey {
    pub(crate) id: String,
    pub(crate) raw: Raw,
}

impl EncryptionKey {
    pub(crate) fn parse(value: &RawValue) -> Result<Self, ParseError> {
        Self::of(Raw::from(value))
    }

    pub(super) fn of(raw: Raw) -> Result<Self, ParseError> {
        let mut object = Object::parse("encryption key", raw.get())?;
        object.require::<String>("encrypted-key-metadata")?;
        Ok(Self {
            id: object.require("key-id")?,
            raw,
        })
    }
}
