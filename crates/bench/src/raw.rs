//! The cost of a commit without a catalog: writing the same bytes where the catalog writes them, then one
//! transaction.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use objects::{Objects, StorageCredential, StorageProfile};
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use crate::Result;
use crate::cluster::connect;
use crate::load::Worker;
use crate::setup::Files;

/// A table with the columns that no catalog can do without.
const TABLE: &str = "create table if not exists raw (id uuid primary key, version bigint not null,
    metadata_location text not null, metadata bytea not null)";
const INSERT: &str =
    "insert into raw (id, version, metadata_location, metadata) values ($1, 1, $2, $3)";
const UPDATE: &str = "update raw set version = version + 1, metadata_location = $2, metadata = $3
    where id = $1 and version = $4";

/// What a committer does repeatedly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Writes a new object in a new folder and inserts a row.
    Create,
    /// Writes a new object in an existing folder and updates a row.
    Change,
}

/// Where objects are written.
#[derive(Clone)]
pub(crate) enum Place {
    Folder(PathBuf),
    Bucket(Arc<dyn Objects>, StorageProfile),
}

impl Place {
    pub(crate) fn of(files: &Files) -> Result<Self> {
        Ok(match files {
            Files::Folder(root) => Self::Folder(root.join("raw")),
            Files::Bucket {
                profile,
                credential,
            } => {
                let profile = StorageProfile::from_json(profile)?;
                let credential = StorageCredential::from_json(credential)?;
                Self::Bucket(objects::open(&profile, Some(&credential))?, profile)
            }
        })
    }

    /// Writes an object so that it survives a crash.
    async fn put(&self, folder: String, name: String, bytes: Bytes) -> Result<()> {
        match self {
            Self::Bucket(bucket, profile) => {
                let at = format!("raw/{folder}/metadata/{name}");
                let at = profile.base_location().join(&at)?;
                Ok(bucket.write_new(&at, bytes).await?)
            }
            Self::Folder(root) => {
                let root = root.clone();
                tokio::task::spawn_blocking(move || durable(&root.join(folder), &name, &bytes))
                    .await?
            }
        }
    }
}

fn durable(folder: &std::path::Path, name: &str, bytes: &[u8]) -> Result<()> {
    let metadata = folder.join("metadata");
    if !metadata.exists() {
        fs::create_dir_all(&metadata)?;
        File::open(folder)?.sync_all()?;
        let parent = folder.parent().ok_or("a folder without parent")?;
        File::open(parent)?.sync_all()?;
    }
    let temporary = metadata.join(format!(".{name}"));
    let mut file = File::create(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, metadata.join(name))?;
    File::open(&metadata)?.sync_all()?;
    Ok(())
}

/// A committer with its own database connection.
pub(crate) struct Raw {
    client: Client,
    insert: Statement,
    update: Statement,
    act: Act,
    place: Place,
    bytes: Arc<Payload>,
    /// Id and version of the rows to update, in turn.
    rows: Vec<(Uuid, i64)>,
    turn: usize,
}

/// What is written as an object and what is stored in a row.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) file: Bytes,
    pub(crate) row: Bytes,
}

/// Number of rows that each committer updates.
const ROWS: usize = 60;

impl Raw {
    /// Creates `count` committers.
    pub(crate) async fn committers(
        url: &str,
        count: usize,
        act: Act,
        place: &Place,
        bytes: &Arc<Payload>,
    ) -> Result<Vec<Self>> {
        let mut committers = Vec::with_capacity(count);
        for _ in 0..count {
            let client = connect(url).await?;
            client.batch_execute(TABLE).await?;
            let (insert, update) = (client.prepare(INSERT).await?, client.prepare(UPDATE).await?);
            let (place, bytes) = (place.clone(), Arc::clone(bytes));
            let mut one = Self {
                client,
                insert,
                update,
                act: Act::Create,
                place,
                bytes,
                rows: Vec::new(),
                turn: 0,
            };
            if act == Act::Change {
                one.prepare_rows().await?;
            }
            one.act = act;
            committers.push(one);
        }
        Ok(committers)
    }

    async fn prepare_rows(&mut self) -> Result<()> {
        for _ in 0..ROWS {
            let id = Uuid::new_v4();
            self.client
                .execute(&self.insert, &[&id, &"", &&self.bytes.row[..]])
                .await?;
            if let Place::Folder(root) = &self.place {
                fs::create_dir_all(root.join(id.to_string()).join("metadata"))?;
            }
            self.rows.push((id, 1));
        }
        Ok(())
    }

    async fn create(&self) -> Result<()> {
        let (id, name) = (Uuid::new_v4(), name());
        self.place
            .put(id.to_string(), name.clone(), self.bytes.file.clone())
            .await?;
        self.client
            .execute(&self.insert, &[&id, &name, &&self.bytes.row[..]])
            .await?;
        Ok(())
    }

    async fn change(&mut self) -> Result<()> {
        self.turn = (self.turn + 1) % self.rows.len();
        let row = self.rows.get_mut(self.turn).ok_or("no rows to change")?;
        let name = name();
        self.place
            .put(row.0.to_string(), name.clone(), self.bytes.file.clone())
            .await?;
        let changed = self
            .client
            .execute(&self.update, &[&row.0, &name, &&self.bytes.row[..], &row.1])
            .await?;
        row.1 += 1;
        if changed == 1 {
            Ok(())
        } else {
            Err("a row was changed by somebody else".into())
        }
    }
}

fn name() -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{number:05}-{}.metadata.json", Uuid::new_v4())
}

impl Worker for Raw {
    async fn once(&mut self) -> Result<usize> {
        match self.act {
            Act::Create => self.create().await?,
            Act::Change => self.change().await?,
        }
        Ok(self.bytes.file.len())
    }
}
