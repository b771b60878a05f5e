//! Creates the warehouse and its tables.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::Method;
use serde_json::{Value, json};

use crate::Result;
use crate::load::Connection;
use crate::options::{Options, variable};
use crate::process::Running;

/// Tables per namespace.
pub(crate) const PER_NAMESPACE: usize = 40;
/// Snapshots of the table with a long history.
const SNAPSHOTS: u64 = 1_000;

/// Where a warehouse keeps its files.
#[derive(Debug, Clone)]
pub(crate) enum Files {
    /// In this folder.
    Folder(PathBuf),
    /// In a bucket, with storage profile and credential in the format of the management API.
    Bucket { profile: Value, credential: Value },
}

impl Files {
    fn of(options: &Options, home: &Path) -> Result<Self> {
        if !options.s3 {
            let root = home.join("files");
            std::fs::create_dir_all(&root)?;
            return Ok(Self::Folder(root));
        }
        let profile = json!({"type": "s3", "flavor": "s3-compat", "sts-enabled": false,
            "path-style-access": true, "key-prefix": format!("bench-{}", uuid::Uuid::new_v4()),
            "bucket": variable("LAKEKEEPER_TEST_S3_BUCKET")?,
            "region": variable("LAKEKEEPER_TEST_S3_REGION")?,
            "endpoint": variable("LAKEKEEPER_TEST_S3_ENDPOINT")?});
        let credential = json!({"type": "s3", "credential-type": "access-key",
            "aws-access-key-id": variable("LAKEKEEPER_TEST_S3_ACCESS_KEY_ID")?,
            "aws-secret-access-key": variable("LAKEKEEPER_TEST_S3_SECRET_ACCESS_KEY")?});
        Ok(Self::Bucket {
            profile,
            credential,
        })
    }
}

/// A warehouse of the catalog.
#[derive(Debug, Clone)]
pub(crate) struct Warehouse {
    pub(crate) files: Files,
    /// The start of all catalog paths of the warehouse.
    pub(crate) root: String,
}

/// The tables to measure.
#[derive(Debug, Clone)]
pub(crate) struct Tables {
    pub(crate) warehouse: Warehouse,
    /// Number of tables.
    pub(crate) count: usize,
}

impl Tables {
    /// The path of the table with this number, modulo their count.
    pub(crate) fn path(&self, number: u64) -> String {
        let at = usize::try_from(number % self.count as u64).unwrap_or_default();
        format!(
            "{}/tables/t{:02}",
            self.namespace(at / PER_NAMESPACE),
            at % PER_NAMESPACE
        )
    }

    /// The path of the namespace with this number.
    pub(crate) fn namespace(&self, at: usize) -> String {
        format!("{}/namespaces/n{at:03}", self.warehouse.root)
    }

    /// The path of the table with a long history.
    pub(crate) fn long(&self) -> String {
        format!("{}/namespaces/long/tables/history", self.warehouse.root)
    }
}

/// Bootstraps the catalog and creates its first warehouse.
pub(crate) async fn warehouse(
    server: &Running,
    options: &Options,
    home: &Path,
) -> Result<Warehouse> {
    let files = Files::of(options, home)?;
    let mut connection = Connection::open(server.port).await?;
    let terms = json!({"accept-terms-of-use": true});
    connection
        .call(Method::POST, "/management/v1/bootstrap", &terms)
        .await?;
    warehouse_in(&mut connection, "bench", files).await
}

/// Creates a warehouse.
pub(crate) async fn warehouse_in(
    connection: &mut Connection,
    name: &str,
    files: Files,
) -> Result<Warehouse> {
    let wanted = match &files {
        Files::Folder(root) => {
            let profile = json!({"type": "local", "root": root});
            json!({"warehouse-name": name, "storage-profile": profile})
        }
        Files::Bucket {
            profile,
            credential,
        } => json!({"warehouse-name": name, "storage-profile": profile,
            "storage-credential": credential}),
    };
    connection
        .call(Method::POST, "/management/v1/warehouse", &wanted)
        .await?;
    let config = format!("/catalog/v1/config?warehouse={name}");
    let config = connection.call(Method::GET, &config, &Value::Null).await?;
    let prefix = config
        .pointer("/defaults/prefix")
        .and_then(Value::as_str)
        .ok_or("the config has no prefix")?;
    Ok(Warehouse {
        files,
        root: format!("/catalog/v1/{prefix}"),
    })
}

/// Creates namespaces, tables, and one table with many snapshots.
pub(crate) async fn tables(
    server: &Running,
    warehouse: &Warehouse,
    options: &Options,
) -> Result<Tables> {
    let tables = Tables {
        warehouse: warehouse.clone(),
        count: options.tables.max(1),
    };
    let mut connection = Connection::open(server.port).await?;
    let namespaces = format!("{}/namespaces", warehouse.root);
    let numbered = (0..tables.count.div_ceil(PER_NAMESPACE)).map(|at| format!("n{at:03}"));
    for name in numbered.chain(["long", "new"].map(str::to_owned)) {
        connection
            .call(Method::POST, &namespaces, &json!({"namespace": [name]}))
            .await?;
    }
    let (next, shared) = (Arc::new(AtomicUsize::new(0)), Arc::new(tables.clone()));
    let makers: Vec<_> = (0..options.connections)
        .map(|_| tokio::spawn(make(server.port, Arc::clone(&shared), Arc::clone(&next))))
        .collect();
    for maker in makers {
        maker.await??;
    }
    long_table(&mut connection, &tables).await?;
    Ok(tables)
}

async fn make(port: u16, tables: Arc<Tables>, next: Arc<AtomicUsize>) -> Result<()> {
    let mut connection = Connection::open(port).await?;
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        if at >= tables.count {
            return Ok(());
        }
        let path = format!("{}/tables", tables.namespace(at / PER_NAMESPACE));
        let body = new_table(&format!("t{:02}", at % PER_NAMESPACE));
        connection.call(Method::POST, &path, &body).await?;
    }
}

/// The request body for a new table with 20 columns.
pub(crate) fn new_table(name: &str) -> Value {
    let kinds = ["long", "string", "timestamptz", "double", "decimal(18, 4)"];
    let column = |(at, kind): (usize, &str)| {
        let id = at + 1;
        json!({"id": id, "name": format!("column_{id:02}"), "required": id == 1, "type": kind})
    };
    let fields: Vec<Value> = kinds
        .into_iter()
        .cycle()
        .take(20)
        .enumerate()
        .map(column)
        .collect();
    json!({"name": name, "schema": {"type": "struct", "schema-id": 0, "fields": fields},
        "properties": {"owner": "bench", "write.parquet.compression-codec": "zstd"}})
}

async fn long_table(connection: &mut Connection, tables: &Tables) -> Result<()> {
    let path = format!("{}/namespaces/long/tables", tables.warehouse.root);
    let table = connection
        .call(Method::POST, &path, &new_table("history"))
        .await?;
    let location = table
        .pointer("/metadata/location")
        .and_then(Value::as_str)
        .ok_or("a table without location")?;
    let start = table
        .pointer("/metadata/last-updated-ms")
        .and_then(Value::as_u64)
        .ok_or("a table without time")?;
    let id = |at: u64| 4_611_686_018_427_000_000 + at * 7_919;
    let mut updates: Vec<Value> = (1..=SNAPSHOTS)
        .map(|at| {
            let parent = (at > 1).then(|| id(at - 1));
            let file = format!("snap-{}-1-{}.avro", id(at), uuid::Uuid::new_v4());
            let summary = json!({"operation": "append", "added-data-files": "4",
                "added-records": "10000", "added-files-size": "1234567",
                "changed-partition-count": "4", "total-records": (at * 10_000).to_string(),
                "total-files-size": (at * 1_234_567).to_string(),
                "total-data-files": (at * 4).to_string(), "total-delete-files": "0",
                "total-position-deletes": "0", "total-equality-deletes": "0"});
            let snapshot = json!({"snapshot-id": id(at), "parent-snapshot-id": parent,
                "sequence-number": at, "timestamp-ms": start + at, "schema-id": 0,
                "manifest-list": format!("{location}/metadata/{file}"), "summary": summary});
            json!({"action": "add-snapshot", "snapshot": snapshot})
        })
        .collect();
    updates.push(json!({"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": id(SNAPSHOTS)}));
    let commit = json!({"requirements": [], "updates": updates});
    connection
        .call(Method::POST, &tables.long(), &commit)
        .await?;
    Ok(())
}
