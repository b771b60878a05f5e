//! The cost of a load and a commit: parse, apply one snapshot, print; by numbers of snapshots and columns.
//!
//! `cargo bench -p iceberg`
#![allow(clippy::unwrap_used, reason = "a bench may panic")]
#![allow(missing_docs, reason = "a bench is no library")]

use std::fmt::Write as _;

use divan::{Bencher, black_box};
use iceberg::{CommitPoint, MetadataCodec, TableMetadata, TableUpdate, apply_table};

const NOW: i64 = 1_700_000_000_000;
/// (snapshots, columns)
const SIZES: [(i64, usize); 6] = [
    (10, 20),
    (1000, 20),
    (10_000, 20),
    (10, 2000),
    (1000, 2000),
    (10_000, 2000),
];

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES)]
fn parse(bencher: Bencher<'_, '_>, (snapshots, columns): (i64, usize)) {
    let bytes = metadata(snapshots, columns);
    bencher
        .counter(divan::counter::BytesCount::of_slice(&bytes))
        .bench_local(|| TableMetadata::parse(black_box(&bytes)).unwrap());
}

#[divan::bench(args = SIZES)]
fn apply_one_snapshot(bencher: Bencher<'_, '_>, (snapshots, columns): (i64, usize)) {
    let table = TableMetadata::parse(&metadata(snapshots, columns)).unwrap();
    let updates = append(snapshots);
    let previous_metadata_location = Some("s3://bucket/table/metadata/1.json".to_owned());
    let point = CommitPoint {
        now_ms: NOW + snapshots + 2,
        previous_metadata_location,
    };
    bencher.bench_local(|| apply_table(black_box(&table), &updates, &point).unwrap());
}

#[divan::bench(args = SIZES)]
fn print(bencher: Bencher<'_, '_>, (snapshots, columns): (i64, usize)) {
    let table = TableMetadata::parse(&metadata(snapshots, columns)).unwrap();
    bencher
        .counter(divan::counter::BytesCount::of_slice(&table.to_json()))
        .bench_local(|| black_box(&table).to_json());
}

#[divan::bench(args = SIZES)]
fn print_refs_only(bencher: Bencher<'_, '_>, (snapshots, columns): (i64, usize)) {
    let table = TableMetadata::parse(&metadata(snapshots, columns)).unwrap();
    bencher.bench_local(|| black_box(&table).to_json_refs_only());
}

#[divan::bench(args = [(10, 20), (1000, 20), (10_000, 20)])]
fn gzip(bencher: Bencher<'_, '_>, (snapshots, columns): (i64, usize)) {
    let bytes = metadata(snapshots, columns);
    bencher
        .counter(divan::counter::BytesCount::of_slice(&bytes))
        .bench_local(|| MetadataCodec::Gzip.encode(black_box(&bytes)));
}

fn append(id: i64) -> Vec<TableUpdate> {
    let json = format!(
        r#"[{{"action":"add-snapshot","snapshot":{}}},
            {{"action":"set-snapshot-ref","ref-name":"main","type":"branch","snapshot-id":{id}}}]"#,
        snapshot(id)
    );
    serde_json::from_str(&json).unwrap()
}

/// A snapshot as Spark writes it, about 900 bytes.
fn snapshot(id: i64) -> String {
    let parent = if id == 0 {
        String::new()
    } else {
        format!(r#""parent-snapshot-id":{},"#, id - 1)
    };
    format!(
        r#"{{"sequence-number":{},"snapshot-id":{id},{parent}"timestamp-ms":{},"summary":{{
"operation":"append","spark.app.id":"application_1700000000000_0001","added-data-files":"12",
"added-records":"1048576","added-files-size":"87654321","changed-partition-count":"4",
"total-records":"123456789","total-files-size":"9876543210","total-data-files":"4242",
"total-delete-files":"0","total-position-deletes":"0","total-equality-deletes":"0",
"engine-version":"3.5.1","app-id":"application_1700000000000_0001","engine-name":"spark",
"iceberg-version":"Apache Iceberg 1.11.0 (commit 0123456789abcdef0123456789abcdef01234567)"}},
"manifest-list":"s3://bucket/warehouse/db/table/metadata/snap-{id}-1-01234567-89ab.avro","schema-id":0}}"#,
        id + 1,
        NOW + id
    )
    .replace('\n', "")
}

fn metadata(snapshots: i64, columns: usize) -> Vec<u8> {
    let list = |count: i64, item: &dyn Fn(i64) -> String| {
        (0..count).map(item).collect::<Vec<_>>().join(",")
    };
    let mut fields = String::new();
    for id in 1..=columns {
        let comma = if id == 1 { "" } else { "," };
        write!(
            fields,
            r#"{comma}{{"id":{id},"name":"column_{id}","required":false,"type":"decimal(38, 10)","doc":"no. {id}"}}"#
        )
        .unwrap();
    }
    let last = snapshots - 1;
    let entry = |id: i64| format!(r#"{{"timestamp-ms":{},"snapshot-id":{id}}}"#, NOW + id);
    let file = |id: i64| {
        let place = "s3://bucket/warehouse/db/table/metadata";
        format!(
            r#"{{"timestamp-ms":{},"metadata-file":"{place}/{id:05}-x.metadata.json"}}"#,
            NOW + id
        )
    };
    format!(
        r#"{{"format-version":2,"table-uuid":"9c12d441-03fe-4693-9a96-a0705ddf69c1",
"location":"s3://bucket/warehouse/db/table","last-sequence-number":{snapshots},
"last-updated-ms":{},"last-column-id":{columns},"current-schema-id":0,
"schemas":[{{"type":"struct","schema-id":0,"fields":[{fields}]}}],"default-spec-id":0,
"partition-specs":[{{"spec-id":0,"fields":[]}}],"last-partition-id":999,
"default-sort-order-id":0,"sort-orders":[{{"order-id":0,"fields":[]}}],
"properties":{{"owner":"me","write.parquet.compression-codec":"zstd"}},"current-snapshot-id":{last},
"refs":{{"main":{{"snapshot-id":{last},"type":"branch"}}}},"snapshots":[{}],"statistics":[],
"partition-statistics":[],"snapshot-log":[{}],"metadata-log":[{}]}}"#,
        NOW + snapshots,
        list(snapshots, &snapshot),
        list(snapshots, &entry),
        list(100.min(snapshots), &file)
    )
    .replace('\n', "")
    .into_bytes()
}
