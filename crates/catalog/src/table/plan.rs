//! Plans what commits change in one table, from its current state, before anything is written.

use std::sync::Arc;

use authz::Authorized;
use iceberg::{check_table, create_table};
use model::{
    Event, EventKind, Grant, Securable, TabularId, TabularKind, TabularPath, Version, WarehouseId,
};
use store::{NewTabular, Store, StoredMetadata, Swap, TabularContent};

use super::TableCommit;
use super::draft::Draft;
use crate::cache::{TabularHint, Versioned};
use crate::events::CommitBody;
use crate::files::{self, NewFile};
use crate::heavy::heavy;
use crate::namespace::NamespaceTarget;
use crate::tabular::{AtPath, CommittedTabular, TabularAction, TabularTarget};
use crate::warehouse::Warehouse;
use crate::{Catalog, CatalogError, ErrorKind, Request, Result, events, location};

/// How the table's row changes.
pub(super) enum Change {
    /// Not at all: the updates ask for the current state.
    None,
    /// A new version of an existing table.
    Swap(Swap),
    /// A new table.
    Create(NewTabular),
}

/// The proof that the change is allowed: on the table, or on the namespace for a new table.
pub(super) enum Proof {
    Table(Authorized<TabularTarget>),
    Namespace(Authorized<NamespaceTarget>),
}

/// What one commit, or several shared ones, change in one table.
pub(super) struct Plan {
    pub(super) warehouse: Arc<Warehouse>,
    pub(super) path: TabularPath,
    pub(super) change: Change,
    pub(super) content: TabularContent,
    pub(super) events: Vec<Event>,
    /// The grants for the creator of a new table.
    pub(super) grants: Vec<Grant>,
    pub(super) is_written: bool,
    pub(super) id: TabularId,
    pub(super) base_version: Version,
    /// The metadata file of the state that the plan is based on; `None` for a new table.
    pub(super) base_file: Option<String>,
    pub(super) proof: Proof,
    pub(super) file: Option<NewFile>,
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
            Change::Swap(swap) => swap.content = self.content.clone(),
            Change::Create(create) => create.content = self.content.clone(),
        }
        Ok(())
    }

    pub(super) fn at(&self) -> AtPath<'_> {
        AtPath {
            warehouse: self.warehouse.id(),
            path: &self.path,
        }
    }

    pub(super) fn committed(&self) -> CommittedTabular {
        CommittedTabular::of(self.warehouse.id(), self.id, &self.content)
    }

    /// The cache entry for the path after the plan is executed.
    pub(super) fn hint(&self) -> TabularHint {
        let version = self.version();
        match &self.proof {
            Proof::Table(table) => table.hint().at(version),
            Proof::Namespace(within) => {
                TabularHint::created(within.id, TabularKind::Table, self.id, version)
            }
        }
    }

    /// The table's version after the plan is executed.
    pub(super) fn version(&self) -> Version {
        match &self.change {
            Change::None => self.base_version,
            Change::Swap(swap) => swap.expected.next(),
            Change::Create(create) => create.version,
        }
    }
}

/// The outcome of planning one of several commits to the same table.
pub(super) enum PlanOutcome {
    /// The commit is part of the plan.
    Planned,
    /// The commit is refused by the table's current state.
    Refused(CatalogError),
    /// The commit is refused by the state that the commits before it make. The error is returned after those are
    /// committed.
    Conflict(CatalogError),
}

/// Plans several commits to the same table, one after the other, each authorized for its own request. The plan is
/// `None` if no commit can be applied.
pub(super) async fn plan_together(
    cx: &Catalog,
    warehouse: WarehouseId,
    all: &[(&Request, &TableCommit)],
) -> Result<(Option<Plan>, Vec<PlanOutcome>)> {
    let Some((_, TableCommit { path, .. })) = all.first() else {
        return Ok((None, Vec::new()));
    };
    let requests: Vec<&Request> = all.iter().map(|(request, _)| *request).collect();
    let (at, action) = (AtPath { warehouse, path }, TabularAction::Commit);
    let (tables, versioned) = cx
        .require_content_each(&requests, at, TabularKind::Table, action)
        .await?;
    let commits = all.iter().copied().zip(tables);
    let sent: usize = all.iter().map(|(_, commit)| commit.size()).sum();
    heavy(versioned.content.metadata.json_len() + sent, || {
        draft_together(cx, path, &versioned, commits)
    })
}

/// A commit and its request.
pub(super) type Sent<'a> = (&'a Request, &'a TableCommit);

fn draft_together<'a>(
    cx: &Catalog,
    path: &TabularPath,
    versioned: &Arc<Versioned>,
    commits: impl Iterator<Item = (Sent<'a>, Result<Authorized<TabularTarget>>)>,
) -> Result<(Option<Plan>, Vec<PlanOutcome>)> {
    let (mut draft, mut outcomes) = (None::<Draft<'_>>, Vec::new());
    for (commit, table) in commits {
        let table = match table {
            Ok(table) => table,
            Err(error) => {
                outcomes.push(PlanOutcome::Refused(error));
                continue;
            }
        };
        let draft = match &mut draft {
            Some(draft) => draft,
            None => draft.insert(Draft::of(cx, table, Arc::clone(versioned))?),
        };
        outcomes.push(match draft.apply(commit) {
            Ok(()) => PlanOutcome::Planned,
            Err(error) if draft.is_changed() => PlanOutcome::Conflict(error),
            Err(error) => PlanOutcome::Refused(error),
        });
    }
    let is_any_planned = outcomes
        .iter()
        .any(|outcome| matches!(outcome, PlanOutcome::Planned));
    let draft = draft.filter(|_| is_any_planned);
    let plan = draft.map(|draft| draft.into_plan(cx, path.clone()));
    Ok((plan.transpose()?, outcomes))
}

/// Plans one commit to its table.
pub(super) async fn plan(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    commit: &TableCommit,
) -> Result<Plan> {
    let at = AtPath {
        warehouse,
        path: &commit.path,
    };
    let found = cx
        .require_content(request, at, TabularKind::Table, TabularAction::Commit)
        .await;
    match found {
        Ok((table, versioned)) => {
            let bytes = versioned.content.metadata.json_len() + commit.size();
            heavy(bytes, || {
                let mut draft = Draft::of(cx, table, versioned)?;
                draft.apply((request, commit))?;
                draft.into_plan(cx, commit.path.clone())
            })
        }
        Err(error) if error.kind == ErrorKind::NoSuchTable && commit.creates() => {
            plan_create(cx, request, warehouse, commit).await
        }
        Err(error) => Err(error),
    }
}

async fn plan_create(
    cx: &Catalog,
    request: &Request,
    warehouse: WarehouseId,
    commit: &TableCommit,
) -> Result<Plan> {
    let at = AtPath {
        warehouse,
        path: &commit.path,
    };
    let place = cx.creation_place(request, at, TabularKind::Table).await?;
    check_table(&commit.requirements, None)?;
    let now = cx.now();
    let metadata = heavy(commit.size(), || create_table(&commit.updates, now.as_ms()))?;
    place
        .warehouse
        .settings
        .format_versions
        .check_table(metadata.format_version())?;
    let (location_text, properties) = (metadata.location(), metadata.properties());
    let location = location::check_metadata(&place.warehouse, location_text, properties)?;
    place.check(&location)?;
    let (id, version) = (TabularId::from(metadata.uuid()), Version::of_reused_id(now));
    let mut plan = Plan {
        warehouse: place.warehouse,
        path: commit.path.clone(),
        change: Change::None,
        content: unwritten(),
        events: Vec::new(),
        grants: request.ownership(Securable::Tabular(TabularKind::Table, id)),
        is_written: false,
        id,
        base_version: version,
        base_file: None,
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
        found_at: Some(commit.path.namespace.key().clone()),
        kind: TabularKind::Table,
        format: None,
        name: commit.path.name.clone(),
        version,
        claimed_location: location.normalized().to_owned(),
        content: plan.content.clone(),
        replaces: None,
    });
    plan.tell(cx, EventKind::CreateTable, (request, commit))?;
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
    /// Sets the new metadata file and its locations; the file is written later.
    pub(super) fn put_file(&mut self, file: NewFile) {
        self.content.location.clone_from(&file.location);
        self.content
            .metadata_location
            .clone_from(&file.metadata_location);
        self.file = Some(file);
    }

    /// Adds the event of a commit.
    pub(super) fn tell(
        &mut self,
        cx: &Catalog,
        kind: EventKind,
        (request, commit): Sent<'_>,
    ) -> Result<()> {
        let body = CommitBody {
            location: &self.content.location,
            metadata_location: &self.content.metadata_location,
            name: commit.path.name.as_str(),
            namespace: commit.path.namespace.levels(),
            updates: &commit.updates,
        };
        let event = events::in_warehouse(
            kind,
            self.warehouse.id(),
            &self.id,
            request.at(cx.now()),
            &body,
        )?;
        self.events.push(event);
        Ok(())
    }
}
