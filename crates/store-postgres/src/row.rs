//! Converts columns to values and back.

use bytes::Bytes;
use model::{
    EventKind, NamespaceKey, PageRequest, PageToken, TableFormat, TabularId, TabularKind,
    Timestamp, UserType, Version,
};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use store::{Commit, StoredMetadata, TabularContent, TabularRow, UserSource, WarehouseStatus};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;
use uuid::Uuid;

use crate::error::{Failure, Work};

/// Where a page begins, and how many rows to read for it.
pub(crate) struct PageStart<'a> {
    /// The sort key of the last item before the page; the empty text, which sorts before every key, for the first
    /// page.
    pub(crate) after: &'a str,
    /// One more than the page holds: an extra row shows that there is a next page.
    pub(crate) limit: i64,
}

impl<'a> PageStart<'a> {
    pub(crate) fn of(page: &'a PageRequest) -> Self {
        Self {
            after: page.after.as_ref().map_or("", PageToken::as_key),
            limit: i64::from(page.size.items()) + 1,
        }
    }
}

/// The location and every location that it lies in.
pub(crate) fn at_and_above(location: &str) -> impl Iterator<Item = &str> {
    let cuts = location.match_indices('/');
    cuts.filter_map(|(at, _)| location.get(..at))
        .chain([location])
}

/// The locations that a commit claims, each with the table or view that claims it.
pub(crate) fn claims(commit: &Commit) -> impl Iterator<Item = (TabularId, &str)> {
    let moved = commit.swaps.iter();
    let moved = moved.filter_map(|swap| Some((swap.id, swap.claimed_location.as_deref()?)));
    let created = commit.creates.iter();
    moved.chain(created.map(|new| (new.id, new.claimed_location.as_str())))
}

/// The locations that a commit claims, as columns.
#[derive(Default)]
pub(crate) struct Places<'a> {
    pub(crate) claims: Vec<&'a str>,
    /// The tables and views that claim them; their own present and former locations do not conflict.
    pub(crate) owners: Vec<Uuid>,
    /// For each location in `at`, the number of the claim that it belongs to, counted from 1.
    pub(crate) probing: Vec<i32>,
    /// Every claim and every location around it.
    pub(crate) at: Vec<&'a str>,
}

impl<'a> Places<'a> {
    pub(crate) fn of(commit: &'a Commit) -> Self {
        let mut all = Self::default();
        for ((owner, claim), place) in claims(commit).zip(1..) {
            all.claims.push(claim);
            all.owners.push(owner.as_uuid());
            for at in at_and_above(claim) {
                all.probing.push(place);
                all.at.push(at);
            }
        }
        all
    }
}

/// New tables and views as columns, and the entries that they replace.
#[derive(Default)]
pub(crate) struct Creates<'a> {
    pub(crate) ids: Vec<Uuid>,
    pub(crate) namespaces: Vec<Uuid>,
    pub(crate) found_at: Vec<Option<&'a str>>,
    pub(crate) kinds: Vec<&'a str>,
    pub(crate) formats: Vec<Option<&'a str>>,
    pub(crate) names: Vec<&'a str>,
    pub(crate) name_keys: Vec<&'a str>,
    pub(crate) versions: Vec<i64>,
    pub(crate) claims: Vec<&'a str>,
    pub(crate) locations: Vec<&'a str>,
    pub(crate) metadata_locations: Vec<&'a str>,
    pub(crate) metadata: Vec<&'a [u8]>,
    pub(crate) replaced: Vec<Uuid>,
    pub(crate) replaced_versions: Vec<i64>,
}

impl<'a> Creates<'a> {
    pub(crate) fn of(commit: &'a Commit) -> Self {
        let mut all = Self::default();
        for new in &commit.creates {
            all.ids.push(new.id.as_uuid());
            all.namespaces.push(new.namespace.as_uuid());
            all.found_at
                .push(new.found_at.as_ref().map(NamespaceKey::as_str));
            all.kinds.push(new.kind.as_str());
            all.formats
                .push(new.format.as_ref().map(TableFormat::as_str));
            all.names.push(new.name.as_str());
            all.name_keys.push(new.name.key().as_str());
            all.versions.push(new.version.as_i64());
            all.claims.push(&new.claimed_location);
            all.locations.push(&new.content.location);
            all.metadata_locations.push(&new.content.metadata_location);
            all.metadata.push(new.content.metadata.as_stored());
            if let Some(replaced) = new.replaces {
                all.replaced.push(replaced.id.as_uuid());
                all.replaced_versions.push(replaced.version.as_i64());
            }
        }
        all
    }
}

/// Swaps as columns.
#[derive(Default)]
pub(crate) struct Swaps<'a> {
    pub(crate) ids: Vec<Uuid>,
    pub(crate) expected: Vec<i64>,
    pub(crate) claims: Vec<Option<&'a str>>,
    pub(crate) locations: Vec<&'a str>,
    pub(crate) metadata_locations: Vec<&'a str>,
    pub(crate) metadata: Vec<&'a [u8]>,
}

impl<'a> Swaps<'a> {
    pub(crate) fn of(commit: &'a Commit) -> Self {
        let mut all = Self::default();
        for swap in &commit.swaps {
            all.ids.push(swap.id.as_uuid());
            all.expected.push(swap.expected.as_i64());
            all.claims.push(swap.claimed_location.as_deref());
            all.locations.push(&swap.content.location);
            all.metadata_locations.push(&swap.content.metadata_location);
            all.metadata.push(swap.content.metadata.as_stored());
        }
        all
    }
}

/// A column; a column of another type cannot have been written by this program.
pub(crate) fn get<'a, T: FromSql<'a>>(row: &'a Row, at: usize) -> Work<T> {
    row.try_get(at).map_err(Failure::damaged)
}

/// Reads all rows.
pub(crate) fn all<T>(rows: &[Row], read: impl Fn(&Row) -> Work<T>) -> Work<Vec<T>> {
    rows.iter().map(read).collect()
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
pub(crate) fn format(text: Option<&str>) -> Work<Option<TableFormat>> {
    let format = text.map(str::parse).transpose();
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

pub(crate) fn id<T: From<Uuid>>(row: &Row, at: usize) -> Work<T> {
    Ok(T::from(get(row, at)?))
}

pub(crate) fn version(row: &Row, at: usize) -> Work<Version> {
    Ok(Version::from_i64(get(row, at)?))
}

pub(crate) fn time(row: &Row, at: usize) -> Work<Option<Timestamp>> {
    Ok(get::<Option<i64>>(row, at)?.map(Timestamp::from_ms))
}

/// `location`, `metadata_location` and `metadata` from the given column on.
pub(crate) fn content(row: &Row, first: usize) -> Work<TabularContent> {
    let metadata = Bytes::copy_from_slice(get(row, first + 2)?);
    Ok(TabularContent {
        location: get(row, first)?,
        metadata_location: get(row, first + 1)?,
        metadata: StoredMetadata::from_stored(metadata).map_err(Failure::damaged)?,
    })
}

/// A row of `id, warehouse_id, namespace_id, kind, name, protected, version, updated_at, location, metadata_location, metadata`.
pub(crate) fn tabular(row: &Row) -> Work<TabularRow> {
    Ok(TabularRow {
        id: id(row, 0)?,
        warehouse: id(row, 1)?,
        namespace: id(row, 2)?,
        kind: kind(get(row, 3)?)?,
        name: get(row, 4)?,
        protection: get::<bool>(row, 5)?.into(),
        version: version(row, 6)?,
        updated_at: time(row, 7)?,
        content: content(row, 8)?,
    })
}

#[cfg(test)]
mod tests {
    use super::at_and_above;

    #[test]
    fn a_location_lies_in_those_that_it_begins_with() {
        let above: Vec<_> = at_and_above("s3://b/a").collect();
        assert_eq!(above, ["s3:", "s3:/", "s3://b", "s3://b/a"]);
    }
}
