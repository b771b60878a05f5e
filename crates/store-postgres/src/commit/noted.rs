//! The files that a commit makes obsolete.

use store::{Obsolete, Swap};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::effects::NewTasks;

/// Further parts of a statement's `with` that note obsolete files and queue the tasks that delete them, if its
/// part `fit` allows it. Their parameters are the columns of a [`Noted`].
///
/// `on conflict` sees the tasks as they are now that the table is locked, whereas the statement's snapshot may
/// still contain a task that has ended since. `task_turn` is looked at first so as not to wait for a claim that
/// moves a turn.
macro_rules! noting {
    ($tables:literal, $files:literal, $ids:literal, $warehouses:literal, $owners:literal,
     $kinds:literal, $paths:literal, $payloads:literal, $created:literal, $due:literal) => {
        concat!(
            ", noted as (
                insert into obsolete_file (tabular_id, location)
                select f.* from unnest(", $tables, "::uuid[], ", $files, "::text[]) as f
                where (select is_fit from fit)
            ), cleaning as (
                select c.*, warehouse.project_id from unnest(", $ids, "::uuid[], ", $warehouses,
            "::uuid[], ", $owners, "::uuid[], ", $kinds, "::text[], ", $paths, "::text[], ",
            $payloads, "::text[], ", $created, "::bigint[], ", $due, "::bigint[])
                    as c(id, warehouse_id, tabular_id, kind, path, payload, created_at, due_at)
                join warehouse on warehouse.id = c.warehouse_id
                where (select is_fit from fit)
            ), cleaned as (
                insert into task (id, queue, warehouse_id, project_id, tabular_id, tabular_kind,
                    tabular_path, subject, payload, created_at, scheduled_for, due_at)
                select id, 'metadata_cleanup', warehouse_id, project_id, tabular_id, kind, path, '',
                    payload, created_at, due_at, due_at
                from cleaning order by tabular_id
                on conflict (tabular_id) where queue = 'metadata_cleanup' do nothing
            ), cleaning_turned as (
                insert into task_turn (warehouse_id, queue, turn)
                select distinct warehouse_id, 'metadata_cleanup', 0 from cleaning
                where not exists (select from task_turn where queue = 'metadata_cleanup'
                    and holder = cleaning.warehouse_id::text)
                on conflict do nothing
            )"
        )
    };
}
pub(super) use noting;

/// Obsolete files, and the tasks of their tables, as columns.
#[derive(Default)]
pub(super) struct Noted<'a> {
    tables: Vec<Uuid>,
    files: Vec<&'a str>,
    tasks: NewTasks<'a>,
}

impl<'a> Noted<'a> {
    pub(super) fn of(swaps: &'a [Swap]) -> Self {
        let noted = || {
            let noted = swaps.iter();
            noted.filter_map(|swap| Some((swap.id.as_uuid(), swap.obsolete.as_ref()?)))
        };
        let mut all = Self {
            tasks: NewTasks::of(noted().map(|(_, obsolete)| &obsolete.task)),
            ..Self::default()
        };
        for (table, Obsolete { files, .. }) in noted() {
            for file in files {
                all.tables.push(table);
                all.files.push(file);
            }
        }
        all
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tasks.ids.is_empty()
    }

    pub(super) fn columns(&self) -> [&(dyn ToSql + Sync); 10] {
        let tasks = &self.tasks;
        [
            &self.tables,
            &self.files,
            &tasks.ids,
            &tasks.warehouses,
            &tasks.tabular_ids,
            &tasks.tabular_kinds,
            &tasks.tabular_paths,
            &tasks.payloads,
            &tasks.created,
            &tasks.due,
        ]
    }
}
