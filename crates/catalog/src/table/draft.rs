//! A table in memory while commits are applied to it, one after another, before anything is written.

use std::sync::Arc;

use authz::Authorized;
use iceberg::{
    CommitPoint, MetadataCodec, TableMetadata, apply_table, check_table, removed_metadata_files,
};
use model::{EventKind, TabularKind, TabularPath, Timestamp};
use store::{Swap, TaskTabular};

use super::plan::{Change, Plan, Proof, Sent};
use super::taken_in::holds;
use crate::cache::Versioned;
use crate::files::NewFile;
use crate::tabular::{TabularTarget, levels};
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, Result, location, metadata_cleanup, table_bucket};

/// A table with the commits that have been applied to it.
pub(super) struct Draft<'a> {
    table: Authorized<TabularTarget>,
    versioned: Arc<Versioned>,
    now: Timestamp,
    base: TableMetadata,
    /// The metadata with all applied commits; `None` as long as nothing has changed.
    after: Option<TableMetadata>,
    /// A new location, if the table moves.
    claimed_location: Option<String>,
    /// The commits that have changed something.
    applied: Vec<Sent<'a>>,
}

impl<'a> Draft<'a> {
    pub(super) fn of(
        cx: &Catalog,
        table: Authorized<TabularTarget>,
        versioned: Arc<Versioned>,
    ) -> Result<Self> {
        let json = versioned.content.metadata.decode()?;
        Ok(Self {
            base: TableMetadata::parse(&json).map_err(CatalogError::internal)?,
            table,
            versioned,
            now: cx.now(),
            after: None,
            claimed_location: None,
            applied: Vec::new(),
        })
    }

    /// Whether a commit has changed anything.
    pub(super) const fn is_changed(&self) -> bool {
        self.after.is_some()
    }

    fn is_in_bucket(&self) -> bool {
        self.table.warehouse.profile.is_table_bucket()
    }

    /// Applies a commit on top of those before it. A commit that is refused changes nothing.
    pub(super) fn apply(&mut self, (request, commit): Sent<'a>) -> Result<()> {
        let before = self.after.as_ref().unwrap_or(&self.base);
        // Only the base state is in a file: the states between shared commits are not written.
        let file = self.versioned.content.metadata_location.clone();
        let point = CommitPoint {
            now_ms: self.now.as_ms(),
            previous_metadata_location: self.after.is_none().then_some(file),
        };
        let applied = check_table(&commit.requirements, Some(before))
            .map_err(CatalogError::from)
            .and_then(|()| Ok(apply_table(before, &commit.updates, &point)?));
        let after = match applied {
            Ok(after) => after,
            // An earlier attempt of this commit reached the bucket but not the database, and has been taken in since.
            Err(_) if self.is_in_bucket() && holds(before, &commit.updates) => return Ok(()),
            Err(refused) => return Err(refused),
        };
        if let Some(after) = after {
            let moved = check_change(&self.table.warehouse, before, &after)?;
            self.claimed_location = moved.or(self.claimed_location.take());
            self.after = Some(after);
            self.applied.push((request, commit));
        }
        Ok(())
    }

    /// Turns all applied commits into one plan: the file, the swap and an event for each commit.
    pub(super) fn into_plan(self, cx: &Catalog, path: TabularPath) -> Result<Plan> {
        let content = &self.versioned.content;
        let mut plan = Plan {
            warehouse: Arc::clone(&self.table.warehouse),
            path,
            change: Change::None,
            content: content.clone(),
            events: Vec::new(),
            grants: Vec::new(),
            is_written: false,
            id: self.table.id(),
            base_version: self.versioned.version(),
            base_file: Some(content.metadata_location.clone()),
            proof: Proof::Table(self.table),
            file: None,
        };
        let Some(after) = self.after else {
            return Ok(plan);
        };
        plan.put_file(NewFile::after(
            &content.metadata_location,
            after.location(),
            after.properties(),
            after.to_json(),
        )?);
        let table = TaskTabular {
            id: plan.id,
            kind: TabularKind::Table,
            path: levels(&plan.path.namespace, plan.path.name.as_str()),
        };
        let obsolete = removed_metadata_files(&self.base, &after);
        plan.change = Change::Swap(Swap {
            id: plan.id,
            expected: plan.base_version,
            claimed_location: self.claimed_location,
            content: plan.content.clone(),
            obsolete: metadata_cleanup::noted(&plan.warehouse, table, obsolete, self.now),
        });
        for commit in self.applied {
            plan.tell(cx, EventKind::UpdateTable, commit)?;
        }
        Ok(plan)
    }
}

/// Checks that the warehouse allows the change; returns the new location to claim if the table moves.
fn check_change(
    warehouse: &Warehouse,
    before: &TableMetadata,
    after: &TableMetadata,
) -> Result<Option<String>> {
    if after.format_version() != before.format_version() {
        warehouse
            .settings
            .format_versions
            .check_table(after.format_version())?;
    }
    if after.uuid() != before.uuid() && !before.uuid().is_nil() {
        let message = format!(
            "a table keeps its UUID `{}`; it cannot become `{}`",
            before.uuid(),
            after.uuid()
        );
        return Err(CatalogError::bad_request(message));
    }
    MetadataCodec::from_properties(after.properties())?;
    let location = location::check_metadata(warehouse, after.location(), after.properties())?;
    let moved = after.location() != before.location();
    if moved {
        table_bucket::refuse_location(warehouse, after.location())?;
    }
    Ok(moved.then(|| location.normalized().to_owned()))
}
