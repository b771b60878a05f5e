//! Converts columns to values and back.

use model::{
    EventKind, PageRequest, PageToken, TableFormat, TabularKind, Timestamp, UserType, Version,
};
use rusqlite::{Row, Rows};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use store::{StoredMetadata, TabularContent, TabularRow, UserSource, WarehouseStatus};
use uuid::Uuid;

use crate::error::{Failure, Work};

/// Where a page begins, and how many rows to read for it.
pub(crate) struct PageStart<'a> {
    /// The sort key of the last item before the page; the empty text, which sorts before every key, for the first
    /// page.
    pub(crate) after: &'a str,
    /// One more than the page holds: an extra row shows that there is a next page.
    pub(crate) limit: u32,
}

impl<'a> PageStart<'a> {
    pub(crate) fn of(page: &'a PageRequest) -> Self {
        Self {
            after: page.after.as_ref().map_or("", PageToken::as_key),
            limit: page.size.items() + 1,
        }
    }
}

/// The locations that overlap with one: itself, those around it, and the range of those in it.
pub(crate) struct Around {
    /// A JSON array of the location and of every location that it lies in.
    pub(crate) at_and_above: String,
    /// The lower bound of the locations in it.
    pub(crate) below: String,
    /// The upper bound of the locations in it, exclusive.
    pub(crate) beyond: String,
}

impl Around {
    pub(crate) fn of(location: &str) -> Self {
        let cuts = location
            .match_indices('/')
            .map(|(at, _)| location.get(..at));
        let at_and_above: Vec<&str> = cuts.flatten().chain([location]).collect();
        Self {
            at_and_above: serde_json::Value::from(at_and_above).to_string(),
            below: format!("{location}/"),
            // `0` is the character after `/`.
            beyond: format!("{location}0"),
        }
    }
}

/// Reads all rows.
pub(crate) fn all<T>(mut rows: Rows<'_>, read: impl Fn(&Row<'_>) -> Work<T>) -> Work<Vec<T>> {
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

pub(crate) fn status(text: &str) -> Work<WarehouseStatus> {
    WarehouseStatus::from_stored(text)
        .ok_or_else(|| Failure::damaged(format!("unknown warehouse status `{text}`")))
}

pub(crate) fn kind(text: &str) -> Work<TabularKind> {
    TabularKind::from_stored(text)
        .ok_or_else(|| Failure::damaged(format!("unknown kind of a tabular `{text}`")))
}

/// The format of a generic table's files, null for tables and views.
pub(crate) fn format(row: &Row<'_>, at: usize) -> Work<Option<TableFormat>> {
    let text: Option<String> = row.get(at)?;
    let format = text.map(TableFormat::try_from).transpose();
    format.map_err(Failure::damaged)
}

pub(crate) fn user_type(text: &str) -> Work<UserType> {
    UserType::from_stored(text)
        .ok_or_else(|| Failure::damaged(format!("unknown type of a user `{text}`")))
}

pub(crate) fn user_source(text: &str) -> Work<UserSource> {
    UserSource::from_stored(text)
        .ok_or_else(|| Failure::damaged(format!("unknown source of a user `{text}`")))
}

/// The kind as published in events.
pub(crate) fn event_kind_as_str(kind: EventKind) -> Work<String> {
    match serde_json::to_value(kind).map_err(Failure::damaged)? {
        serde_json::Value::String(text) => Ok(text),
        other => Err(Failure::damaged(format!("event kind {other} is no text"))),
    }
}

pub(crate) fn event_kind(text: &str) -> Work<EventKind> {
    let text: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
        text.into_deserializer();
    EventKind::deserialize(text).map_err(Failure::damaged)
}

/// `location`, `metadata_location` and `metadata` from the given column on.
pub(crate) fn content(row: &Row<'_>, first: usize) -> Work<TabularContent> {
    let metadata: Vec<u8> = row.get(first + 2)?;
    Ok(TabularContent {
        location: row.get(first)?,
        metadata_location: row.get(first + 1)?,
        metadata: StoredMetadata::from_stored(metadata.into()).map_err(Failure::damaged)?,
    })
}

/// A row of `id, warehouse_id, namespace_id, kind, name, protected, version, updated_at, location, metadata_location, metadata`.
pub(crate) fn tabular(row: &Row<'_>) -> Work<TabularRow> {
    let text: String = row.get(3)?;
    Ok(TabularRow {
        id: row.get::<_, Uuid>(0)?.into(),
        warehouse: row.get::<_, Uuid>(1)?.into(),
        namespace: row.get::<_, Uuid>(2)?.into(),
        kind: kind(&text)?,
        name: row.get(4)?,
        protection: row.get::<_, bool>(5)?.into(),
        version: Version::from_i64(row.get(6)?),
        updated_at: row.get::<_, Option<i64>>(7)?.map(Timestamp::from_ms),
        content: content(row, 8)?,
    })
}
