//! The metadata engine as a filter, to compare it with other implementations: one JSON request a line on standard
//! input, one JSON answer a line on standard output.
//!
//! Requests: `{"metadata":…, "updates":[…], "requirements":[…], "now-ms":1, "previous":"…"}` (metadata may
//! be null: the updates create the table), `{"create":{…a CreateTableRequest with uuid…}, "now-ms":1}`, or
//! `{"view":…view metadata…, "view-updates":[…], "now-ms":1}`.
//! Answers: `{"metadata":…, "changed":true}` or `{"error":"…", "kind":"parse|requirement|invalid|stale"}`.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, Write};

use iceberg::{
    CommitPoint, NewTable, PartitionSpec, Schema, SortOrder, TableMetadata, TableRequirement,
    TableUpdate, UpdateError, ViewMetadata, ViewUpdate, apply_table, apply_view, check_table,
    create_table,
};
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Request {
    create: Option<Create>,
    metadata: Option<Box<RawValue>>,
    view: Option<Box<RawValue>>,
    #[serde(default)]
    view_updates: Vec<ViewUpdate>,
    #[serde(default)]
    updates: Vec<TableUpdate>,
    #[serde(default)]
    requirements: Vec<TableRequirement>,
    now_ms: i64,
    previous: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Create {
    uuid: Uuid,
    location: String,
    schema: Schema,
    partition_spec: Option<PartitionSpec>,
    write_order: Option<SortOrder>,
    #[serde(default)]
    properties: BTreeMap<String, String>,
}

/// Metadata and whether it changed, or the kind of error and its text.
type Answer = Result<(Vec<u8>, bool), (&'static str, String)>;

fn main() -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let answer = match serde_json::from_str(&line?) {
            Ok(request) => answer(request),
            Err(error) => Err(("parse", error.to_string())),
        };
        match answer {
            Ok((metadata, changed)) => {
                write!(out, "{{\"changed\":{changed},\"metadata\":")?;
                out.write_all(&metadata)?;
                writeln!(out, "}}")?;
            }
            Err((kind, error)) => {
                writeln!(out, "{}", serde_json::json!({"kind": kind, "error": error}))?;
            }
        }
        out.flush()?;
    }
    Ok(())
}

fn answer(request: Request) -> Answer {
    if let Some(new) = request.create {
        let new = NewTable {
            uuid: new.uuid,
            location: new.location,
            schema: new.schema,
            partition_spec: new.partition_spec,
            write_order: new.write_order,
            properties: new.properties,
        };
        let metadata =
            TableMetadata::create(new, request.now_ms).map_err(|error| refused(&error))?;
        return Ok((metadata.to_json(), true));
    }
    if let Some(view) = request.view {
        let base = ViewMetadata::parse(view.get().as_bytes())
            .map_err(|error| ("parse", error.to_string()))?;
        let after = apply_view(&base, &request.view_updates, request.now_ms)
            .map_err(|error| refused(&error))?;
        let is_changed = after.is_some();
        return Ok((after.unwrap_or(base).to_json(), is_changed));
    }
    let base = request
        .metadata
        .map(|metadata| TableMetadata::parse(metadata.get().as_bytes()))
        .transpose()
        .map_err(|error| ("parse", error.to_string()))?;
    check_table(&request.requirements, base.as_ref())
        .map_err(|error| ("requirement", error.to_string()))?;
    let Some(base) = base else {
        let created = create_table(&request.updates, request.now_ms);
        return Ok((created.map_err(|error| refused(&error))?.to_json(), true));
    };
    let point = CommitPoint {
        now_ms: request.now_ms,
        previous_metadata_location: request.previous,
    };
    let after = apply_table(&base, &request.updates, &point).map_err(|error| refused(&error))?;
    let is_changed = after.is_some();
    Ok((after.unwrap_or(base).to_json(), is_changed))
}

fn refused(error: &UpdateError) -> (&'static str, String) {
    let kind = match error {
        UpdateError::Invalid(_) => "invalid",
        UpdateError::Stale(_) => "stale",
    };
    (kind, error.to_string())
}
