//! Deletes metadata files that commits have made obsolete.
//!
//! A commit notes these files in its own transaction, and queues a task for its table unless there is one. The worker
//! deletes them page by page, and removes a page's rows after its files, so it can be stopped at any time and run
//! again. It deletes only files in the table's own present or former locations: the metadata log of a registered copy
//! names files of the original table, which still needs them. Files that the current metadata names are not deleted
//! either.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use iceberg::{TableMetadata, logged_metadata_files};
use jobs::{Claim, WorkError, Worker};
use model::{TabularId, Timestamp};
use objects::Location;
use serde_json::json;
use store::{
    METADATA_CLEANUP, NewTask, NotedFiles, Obsolete, TabularContent, TaskEnd, TaskReport, TaskRow,
    TaskScope, TaskTabular,
};

use crate::heavy::heavy;
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, Result, purge};

/// How long a task waits for more obsolete files: a table that is committed to all the time has one pass per this
/// time.
const PAUSE: Duration = Duration::from_secs(1);
/// Most files that are deleted together.
const PAGE: u32 = 500;

/// What a commit is to note. Files outside of the warehouse are not noted, and none in a table bucket, which
/// maintains its files itself.
pub(crate) fn noted(
    warehouse: &Warehouse,
    table: TaskTabular,
    mut files: Vec<String>,
    now: Timestamp,
) -> Option<Obsolete> {
    if warehouse.profile.is_table_bucket() {
        return None;
    }
    files.retain(|file| {
        let at = Location::parse_object(file);
        at.is_ok_and(|at| warehouse.profile.check_location(&at).is_ok())
    });
    let scope = TaskScope::Warehouse(warehouse.id());
    let task = NewTask {
        tabular: Some(table),
        not_before: now.plus(PAUSE),
        ..NewTask::new(METADATA_CLEANUP, scope, now)
    };
    (!files.is_empty()).then_some(Obsolete { files, task })
}

/// Executes the metadata cleanup tasks.
#[derive(Debug)]
pub struct MetadataCleanupWorker(pub Arc<Catalog>);

#[async_trait]
impl Worker for MetadataCleanupWorker {
    fn queue(&self) -> &'static str {
        METADATA_CLEANUP
    }

    async fn work(&self, task: &TaskRow, claim: &Claim) -> std::result::Result<String, WorkError> {
        let Some(TaskTabular { id: table, .. }) = task.tabular else {
            return Err(WorkError::Hopeless("the task names no table".to_owned()));
        };
        let (_, objects) = purge::storage_of(&self.0, task).await?;
        let mut done = Done::default();
        loop {
            let Some(page) = self.page(table).await? else {
                return Ok("the table is gone; its files stay".to_owned());
            };
            let (count, numbers) = (page.files.len(), page.files.iter());
            let numbers: Vec<_> = numbers.map(|file| file.number).collect();
            let own =
                own_and_unnamed(&page).map_err(|error| WorkError::Retry(error.to_string()))?;
            claim.confirm().await?;
            done.left += count - own.len();
            done.deleted += own.len();
            let deleted = objects.delete_batch(own).await;
            deleted.map_err(|error| WorkError::Retry(error.report()))?;
            let forgotten = self.0.background().obsolete_file_forget(table, numbers);
            forgotten.await?;
            claim.report(done.report());
            if count < PAGE as usize {
                return Ok(done.message());
            }
        }
    }

    /// Files that were noted meanwhile have queued no task of their own, so this task runs again if there are any.
    fn end(&self, message: String, now: Timestamp) -> TaskEnd {
        let again = now.plus(PAUSE);
        TaskEnd::Drained { message, again }
    }
}

impl MetadataCleanupWorker {
    async fn page(&self, table: TabularId) -> std::result::Result<Option<NotedFiles>, WorkError> {
        let page = self.0.background().obsolete_file_list(table, PAGE).await;
        Ok(page?)
    }
}

/// The locations of those files on the page that may be deleted.
fn own_and_unnamed(page: &NotedFiles) -> Result<Vec<Location>> {
    if page.files.is_empty() {
        return Ok(Vec::new());
    }
    let named = named_by(&page.content)?;
    let places = page.places.iter();
    let places: Vec<Location> = places
        .map(|place| Location::parse_object(place))
        .collect::<std::result::Result<_, _>>()?;
    let mut own = Vec::new();
    for file in &page.files {
        let at = Location::parse_object(&file.location).ok();
        match at.filter(|at| places.iter().any(|place| at.is_within(place))) {
            Some(at) if !named.contains(at.normalized()) => own.push(at),
            Some(_) => {}
            None => {
                tracing::info!(metadata.location = %file.location, "an obsolete metadata file lies outside of its table; it is left");
            }
        }
    }
    Ok(own)
}

/// The normalized locations of the metadata files that the table needs: the current one and those of its log.
fn named_by(content: &TabularContent) -> Result<HashSet<String>> {
    let metadata = heavy(content.metadata.json_len(), || {
        let json = content.metadata.decode()?;
        TableMetadata::parse(&json).map_err(CatalogError::internal)
    })?;
    let logged = logged_metadata_files(&metadata);
    let named = logged.chain([content.metadata_location.as_str()]);
    let named = named.filter_map(|file| Location::parse_object(file).ok());
    Ok(named.map(|file| file.normalized().to_owned()).collect())
}

/// The progress of a task.
#[derive(Debug, Default)]
struct Done {
    deleted: usize,
    left: usize,
}

impl Done {
    /// `progress` stays 0: how many files remain is not known before the last page.
    fn report(&self) -> TaskReport {
        let Self { deleted, left } = self;
        TaskReport {
            progress: 0.0,
            details: json!({ "files-deleted": deleted, "files-left": left }).to_string(),
        }
    }

    fn message(&self) -> String {
        match self {
            Self { deleted, left: 0 } => format!("{deleted} metadata files deleted"),
            Self { deleted, left } => {
                format!(
                    "{deleted} metadata files deleted, {left} left, outside of the table or still in use"
                )
            }
        }
    }
}
