//! What a commit does to one table: decided on its current state, before anything is written.

use std::sync::Arc;

use authz::Authorized;
use iceberg::{CommitPoint, TableMetadata, apply_table, check_table};
use model::{Event, EventKind, TabularId, TabularKind, TabularPath, Version, WarehouseId};
use serde_json::json;
use store::{NewTabular, Store, StoredMetadata, Swap, TabularContent};

use super::TableCommit;
use crate::cache::Versioned;
use crate::files::{self, NewFile};
use crate::namespace::NamespaceTarget;
use crate::tabular::{CommittedTabular, TabularAction, TabularTarget};
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, events, location};

/// A change of the store's row.
pub(super) enum Change {
    /// None: the updates asked for what was already so.
    None,
    /// A new version, and the metadata files that it makes obsolete.
    Swap(Swap, Vec<String>),
    /// A new table.
    Create(NewTabular),
}

/// What allows the change.
enum Proof {
    Table(Authorized<TabularTarget>),
    Namespace(Authorized<NamespaceTarget>),
}

/// What a commit does to one table.
pub(super) struct Plan {
    pub(super) warehouse: Arc<Warehouse>,
    pub(super) path: TabularPath,
    pub(super) change: Change,
    pub(super) content: TabularContent,
    pub(super) event: Option<Event>,
    pub(super) is_written: bool,
    id: TabularId,
    base_version: Version,
    proof: Proof,
    file: Option<NewFile>,
}

impl Plan {
    pub(super) fn store<'a>(&self, cx: &'a Catalog) -> &'a dyn Store {
        match &self.proof {
            Proof::Table(proof) => cx.store(proof),
            Proof::Namespace(proof) => cx.store(proof),
        }
    }

    /// Writes the new metadata file, if there is one.
    pub(super) async fn write(&mut self, cx: &Catalog) -> Result<()> {
        let Some(file) = self.file.take() else {
            return Ok(());
        };
        self.content = files::write(cx, &self.warehouse, file).await?;
        self.is_written = true;
        match &mut self.change {
            Change::None => {}
            Change::Swap(swap, _) => swap.content = self.content.clone(),
            Change::Create(create) => create.content = self.content.clone(),
        }
        Ok(())
    }

    pub(super) fn committed(&self) -> CommittedTabular {
        CommittedTabular::of(self.warehouse.id(), self.id, &self.content)
    }

    /// The table's version when the plan is done.
    pub(super) fn version(&self) -> Version {
        match &self.change {
            Change::None => self.base_version,
            Change::Swap(swap, _) => swap.expected.next(),
            Change::Create(create) => create.version,
        }
    }
}

/// Decides what the commit does to its table.
pub(super) async fn plan(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    commit: &TableCommit,
) -> Result<Plan> {
    let at = (warehouse, &commit.path);
    let found = cx
        .require_content(request, at, TabularKind::Table, TabularAction::Commit)
        .await;
    match found {
        Ok((table, versioned)) => plan_swap(cx, commit, table, &versioned),
        Err(error) if error.kind == ErrorKind::NoSuchTable && creates(commit) => {
            plan_create(cx, request, warehouse, commit).await
        }
        Err(error) => Err(error),
    }
}

fn creates(commit: &TableCommit) -> bool {
    commit
        .requirements
        .iter()
        .any(|one| matches!(one, iceberg::TableRequirement::AssertCreate))
}

fn plan_swap(
    cx: &Catalog,
    commit: &TableCommit,
    table: Authorized<TabularTarget>,
    versioned: &Versioned,
) -> Result<Plan> {
    let (warehouse, content) = (Arc::clone(&table.warehouse), &versioned.content);
    let base = TableMetadata::parse(&content.metadata.decode()?).map_err(CatalogError::internal)?;
    check_table(&commit.requirements, Some(&base))?;
    let now = cx.now();
    let previous_metadata_location = Some(content.metadata_location.clone());
    let point = CommitPoint {
        now_ms: now.as_ms(),
        previous_metadata_location,
    };
    let applied = apply_table(Some(&base), &commit.updates, &point)?;
    let mut plan = Plan {
        warehouse,
        path: commit.path.clone(),
        change: Change::None,
        content: content.clone(),
        event: None,
        is_written: false,
        id: table.id(),
        base_version: versioned.version,
        proof: Proof::Table(table),
        file: None,
    };
    if !applied.is_changed() {
        return Ok(plan);
    }
    let after = applied.metadata;
    let claimed_location = check_change(&plan.warehouse, &base, &after)?;
    plan.put_file(NewFile::after(
        &content.metadata_location,
        after.location(),
        after.properties(),
        after.to_json(),
    )?);
    let content = plan.content.clone();
    let swap = Swap {
        id: plan.id,
        expected: versioned.version,
        claimed_location,
        content,
    };
    plan.change = Change::Swap(swap, iceberg::removed_metadata_files(&base, &after));
    plan.event = Some(plan.event_of(cx, EventKind::UpdateTable, commit)?);
    Ok(plan)
}

/// What the warehouse allows; answers the new location to claim if the table moves.
fn check_change(
    warehouse: &Warehouse,
    base: &TableMetadata,
    after: &TableMetadata,
) -> Result<Option<String>> {
    if after.format_version() != base.format_version() {
        warehouse
            .settings
            .format_versions
            .check_table(after.format_version())?;
    }
    if after.uuid() != base.uuid() && !base.uuid().is_nil() {
        let message = format!(
            "a table keeps its UUID `{}`; it cannot become `{}`",
            base.uuid(),
            after.uuid()
        );
        return Err(CatalogError::bad_request(message));
    }
    let location = location::check_metadata(warehouse, after.location(), after.properties())?;
    let moved = after.location() != base.location();
    Ok(moved.then(|| location.normalized().to_owned()))
}

async fn plan_create(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    commit: &TableCommit,
) -> Result<Plan> {
    let place = cx
        .creation_place(request, (warehouse, &commit.path), TabularKind::Table)
        .await?;
    check_table(&commit.requirements, None)?;
    let now = cx.now();
    let point = CommitPoint {
        now_ms: now.as_ms(),
        previous_metadata_location: None,
    };
    let metadata = apply_table(None, &commit.updates, &point)?.metadata;
    place
        .warehouse
        .settings
        .format_versions
        .check_table(metadata.format_version())?;
    let (location_text, properties) = (metadata.location(), metadata.properties());
    let location = location::check_metadata(&place.warehouse, location_text, properties)?;
    let (id, version) = (TabularId::from(metadata.uuid()), Version::of_reused_id(now));
    let mut plan = Plan {
        warehouse: place.warehouse,
        path: commit.path.clone(),
        change: Change::None,
        content: unwritten(),
        event: None,
        is_written: false,
        id,
        base_version: version,
        proof: Proof::Namespace(place.within),
        file: None,
    };
    plan.put_file(NewFile::first(
        location_text,
        properties,
        metadata.to_json(),
    )?);
    let Proof::Namespace(within) = &plan.proof else {
        return Err(CatalogError::internal("a table is created in a namespace"));
    };
    plan.change = Change::Create(NewTabular {
        id,
        namespace: within.id,
        kind: TabularKind::Table,
        name: commit.path.name.clone(),
        version,
        claimed_location: location.normalized().to_owned(),
        content: plan.content.clone(),
        replaces: None,
    });
    plan.event = Some(plan.event_of(cx, EventKind::CreateTable, commit)?);
    Ok(plan)
}

fn unwritten() -> TabularContent {
    let metadata = StoredMetadata::encode(b"");
    TabularContent {
        location: String::new(),
        metadata_location: String::new(),
        metadata,
    }
}

impl Plan {
    /// Decides on the metadata file; it is written later.
    fn put_file(&mut self, file: NewFile) {
        self.content.location.clone_from(&file.location);
        self.content
            .metadata_location
            .clone_from(&file.metadata_location);
        self.file = Some(file);
    }

    fn event_of(&self, cx: &Catalog, kind: EventKind, commit: &TableCommit) -> Result<Event> {
        let body = json!({
            "namespace": self.path.namespace.levels(),
            "name": self.path.name.as_str(),
            "location": self.content.location,
            "metadata-location": self.content.metadata_location,
            "updates": commit.updates,
        });
        events::in_warehouse(kind, self.warehouse.id(), &self.id, cx.now(), &body)
    }
}
