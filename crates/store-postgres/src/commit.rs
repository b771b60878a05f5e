//! Changes to tables and views: all of them or none.

mod duplicate;
mod noted;
mod swap;
mod verdict;

use futures::future::{BoxFuture, join};
use model::{NamespaceKey, TableFormat, Version};
use store::{Commit, Effects, NewTabular, Result, StoreError};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};

use crate::connection::{AdvisoryLocks, Attempts, Pools, Session};
use crate::effects::{Events, NewTasks};
use crate::error::{Failure, Work};
use crate::grants::{self, NewGrants};
use crate::idempotency::Records;
use crate::row::{self, Creates, Places, Swaps, claims};
use duplicate::Duplicate;
use noted::{Noted, noting};
use swap::{one_swap, swap_one};
use verdict::{Verdict, refuse};

/// Makes all changes, in one round trip. A lost race is reported before any other error; locations are checked
/// last.
pub(crate) async fn apply(pools: &Pools, commit: &Commit, effects: &Effects) -> Result<()> {
    let mut attempts = Attempts::default();
    loop {
        let session = pools.primary().await?;
        let ended = match (one_swap(commit, effects), one_create(commit, effects)) {
            (Some(swap), _) => swap_one(&session, commit, swap, effects).await,
            (None, Some(new)) => match create_one(&session, commit, new, effects).await {
                Ok(true) => Ok(()),
                // A check has failed; the statement for all commits reports which.
                Ok(false) => apply_all(&session, commit, effects).await,
                Err(failure) => Err(failure),
            },
            (None, None) => apply_all(&session, commit, effects).await,
        };
        drop(session);
        match ended {
            // A row was inserted concurrently; the next attempt sees it and can report it.
            Err(failure) if failure.is_unique_violation() && attempts.left().await => {}
            Err(failure) if attempts.again(&failure).await => {}
            ended => return ended.map_err(StoreError::from),
        }
    }
}

/// The new table or view, if it is the only change, replaces nothing, and is accompanied by no task.
fn one_create<'a>(commit: &'a Commit, effects: &Effects) -> Option<&'a NewTabular> {
    match commit.creates.as_slice() {
        [new] if commit.swaps.is_empty() && new.replaces.is_none() && effects.tasks.is_empty() => {
            Some(new)
        }
        _ => None,
    }
}

/// Creates one table or view if nothing is in its way. If something is, the statement for all commits reports
/// what; a third of that statement's time is spent on checks that are not needed here.
const CREATE: &str = "with home as materialized (
        select id, path_key from namespace where id = $2 and warehouse_id is not distinct from $1
            and dropped_with is null and path_key = coalesce($28, path_key)
        for key share
    ), created as (
        insert into tabular (id, warehouse_id, namespace_id, kind, name, name_key, location_claim,
            protected, version, created_at, location, metadata_location, metadata, format)
        select $3, $1, home.id, $4, $5, $6, $7, false, $8, $9, $10, $11, $12, $23 from home
        where not exists (select from tabular
                where namespace_id = $2 and name_key = $6 and deleted_at is null)
            and not exists (select from tabular where id = $3)
            and not exists (select from unnest($14::uuid[]) as sent(key) cross join lateral (
                select from idempotency where key = sent.key limit 1) as t)
            and not exists (select from unnest($13::text[]) as probe(at) cross join lateral (
                select from tabular where warehouse_id = $1 and location_claim = probe.at
                union all select from tabular_former_location
                where warehouse_id = $1 and location = probe.at
                union all select from task
                where warehouse_id = $1 and subject = probe.at limit 1) as t)
            and not exists (select from tabular
                where warehouse_id = $1 and location_claim >= $7 || '/'
                    and location_claim < $7 || '0')
            and not exists (select from tabular_former_location
                where warehouse_id = $1 and location >= $7 || '/' and location < $7 || '0')
            and not exists (select from task
                where warehouse_id = $1 and subject >= $7 || '/' and subject < $7 || '0')
        returning id
    ), keyed as (
        insert into idempotency (key, fingerprint, outcome, at)
        select r.* from created, unnest($14, $15::bytea[], $16::bytea[], $17::bigint[])
            as r
    ), told as (
        insert into outbox (kind, at, warehouse_id, subject, body, origin)
        select e.* from created, unnest($18::text[], $19::bigint[], $20::uuid[], $21::text[],
            $22::text[], $27::text[]) as e
    ), given as (
        insert into grant_entry (securable, principal, privilege, created_at, project_id,
            warehouse_id, path_key, is_live)
        select g.securable, g.principal, g.privilege, $9, w.project_id, $1,
            home.path_key || chr(31), true
        from home cross join created
            join unnest($24::text[], $25::text[], $26::text[]) as g(securable, principal, privilege)
                on g.securable = $4 || '/' || created.id
            cross join (select project_id from warehouse where id = $1) as w
        on conflict do nothing
    )
    select id from created";

/// Returns whether the table or view was created.
async fn create_one(
    db: &Session,
    commit: &Commit,
    new: &NewTabular,
    effects: &Effects,
) -> Work<bool> {
    let events = Events::of(&effects.events)?;
    let records = Records::of(&effects.idempotency);
    let grants = NewGrants::of(&effects.grants);
    let around: Vec<&str> = row::at_and_above(&new.claimed_location).collect();
    #[rustfmt::skip]
    let params: [&(dyn ToSql + Sync); 28] = [
        &commit.warehouse.as_uuid(), &new.namespace.as_uuid(), &new.id.as_uuid(),
        &new.kind.as_str(), &new.name.as_str(), &new.name.key().as_str(), &new.claimed_location,
        &new.version.as_i64(), &commit.at.as_ms(), &new.content.location,
        &new.content.metadata_location, &new.content.metadata.as_stored(), &around,
        &records.keys, &records.fingerprints, &records.outcomes, &records.times,
        &events.kinds, &events.times, &events.warehouses, &events.subjects, &events.bodies,
        &new.format.as_ref().map(TableFormat::as_str),
        &grants.securables, &grants.principals, &grants.privileges,
        &events.origins, &new.found_at.as_ref().map(NamespaceKey::as_str),
    ];
    let create = db.prepare(CREATE).await?;
    let run = stepping(db, commit, Box::pin(db.run(&create, &params))).await?;
    let created = db.exclusively(locks(commit, effects), run).await?;
    Ok(!created.is_empty())
}

/// Increments the grants version of the warehouse if an id is reused: rights may be cached for its former bearer.
/// This is harmless even if the commit is then refused.
///
/// The increment is prepared here, not later: the returned future must send its statements when it is first
/// polled, or the COMMIT that is sent after it would overtake them.
async fn stepping<'a>(
    db: &'a Session,
    commit: &'a Commit,
    run: BoxFuture<'a, Work<Vec<Row>>>,
) -> Work<BoxFuture<'a, Work<Vec<Row>>>> {
    let is_reused = |new: &NewTabular| new.version != Version::FIRST;
    if !commit.creates.iter().any(is_reused) {
        return Ok(run);
    }
    let step = db.prepare(grants::STEP).await?;
    Ok(Box::pin(async move {
        let warehouses = [commit.warehouse.as_uuid()];
        let warehouses = &warehouses[..];
        let params: [&(dyn ToSql + Sync); 1] = [&warehouses];
        // The two statements are sent together, in this order.
        let (stepped, ran) = join(db.run(&step, &params), run).await;
        stepped.and(ran)
    }))
}

/// Checks everything and, if nothing is in the way, makes all changes. Rows are locked in the order that all
/// transactions keep: warehouses, namespaces, tables and views, each by id. Advisory locks on the locations are
/// taken before the statement begins, so that it sees all locations taken before. `limit` in a lateral join keeps
/// the planner to one index probe.
macro_rules! apply {
    ($($also:tt)*) => {
        concat!("with new as materialized (
        select * from unnest($4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[],
                $9::bigint[], $10::text[], $11::text[], $12::text[], $13::bytea[], $41::text[],
                $52::text[])
            with ordinality as new(id, namespace_id, kind, name, name_key, version,
                claim, location, metadata_location, metadata, format, home, place)
    ), touched as materialized (
        select * from unnest($14::uuid[] || $20::uuid[], $15::bigint[] || $21::bigint[])
            as touched(id, expected)
    ), owners as materialized (
        select id from warehouse where id = any($37::uuid[]) order by id for key share
    ), homes as materialized (
        select id, path_key from namespace where id = any($5) and warehouse_id is not distinct from $1
            and dropped_with is null
            and (select count(*) from owners) >= 0
        order by id for key share
    ), held as materialized (
        select id, version, location_claim from tabular
        where id = any($14 || $20) and warehouse_id is not distinct from $1
            and coalesce(deleted_at, 0) = 0 and (select count(*) from homes) >= 0
        order by id for no key update
    ), verdict as materialized (
        select (select wanted.key from unnest($26::uuid[]) as wanted(key) cross join lateral (
                select from idempotency where key = wanted.key limit 1) as t
                limit 1) as replayed,
            array(select id from touched where not exists (select from held
                where held.id = touched.id and held.version = touched.expected)) as stale,
            (select namespace_id from new where not exists (select from homes
                where homes.id = new.namespace_id
                    and homes.path_key = coalesce(new.home, homes.path_key)) limit 1) as homeless,
            (select new.place from new cross join lateral (select from tabular
                where namespace_id = new.namespace_id and name_key = new.name_key
                    and deleted_at is null and id <> all($20) limit 1) as t
                limit 1) as name_taken,
            (select new.id from new cross join lateral (select from tabular
                where id = new.id and id <> all($20) limit 1) as t limit 1) as id_taken,
            (select array[($22::text[])[probe.place], t.location_claim]
                from unnest($24::int[], $25::text[]) as probe(place, at)
                cross join lateral (select location_claim from tabular
                    where warehouse_id = $1 and location_claim = probe.at
                        and id <> ($23::uuid[])[probe.place] and id <> all($20)
                    union all select location from tabular_former_location
                    where warehouse_id = $1 and location = probe.at
                        and tabular_id <> ($23)[probe.place] and tabular_id <> all($20)
                    union all select subject from task
                    where warehouse_id = $1 and subject = probe.at limit 1) as t
                limit 1) as around,
            (select array[probe.claim, t.location_claim]
                from unnest($22, $23) as probe(claim, owner)
                cross join lateral (select location_claim from tabular
                    where warehouse_id = $1 and location_claim >= probe.claim || '/'
                        and location_claim < probe.claim || '0'
                        and id <> probe.owner and id <> all($20)
                    union all select location from tabular_former_location
                    where warehouse_id = $1 and location >= probe.claim || '/'
                        and location < probe.claim || '0'
                        and tabular_id <> probe.owner and tabular_id <> all($20)
                    union all select subject from task
                    where warehouse_id = $1 and subject >= probe.claim || '/'
                        and subject < probe.claim || '0' limit 1) as t
                limit 1) as inside,
            (select wanted.id from unnest($37) as wanted(id) where wanted.id is not null
                and not exists (select from owners where owners.id = wanted.id) limit 1)
                as ownerless,
            (select wanted.id from unnest($35::uuid[]) as wanted(id) cross join lateral (
                select from task where id = wanted.id limit 1) as t limit 1) as task_taken
    ), fit as materialized (
        select $3::boolean and replayed is null and cardinality(stale) = 0 and homeless is null
            and name_taken is null and id_taken is null and around is null and inside is null
            and ownerless is null and task_taken is null as is_fit from verdict
    ), made_room as (
        delete from tabular where id = any($20) and (select is_fit from fit) returning id
    ), kept as (
        insert into tabular_former_location (tabular_id, location, warehouse_id)
        select held.id, held.location_claim, $1
        from unnest($14, $16::text[]) as swap(id, claim) join held on held.id = swap.id
        where held.location_claim <> swap.claim and (select is_fit from fit)
        on conflict do nothing
    ), swapped as (
        update tabular set version = swap.expected + 1,
            location_claim = coalesce(swap.claim, location_claim), updated_at = $2,
            location = swap.location, metadata_location = swap.metadata_location,
            metadata = swap.metadata
        from unnest($14, $15, $16, $17::text[], $18::text[], $19::bytea[])
            as swap(id, expected, claim, location, metadata_location, metadata)
        where tabular.id = swap.id and (select is_fit from fit)
    ), created as (
        insert into tabular (id, warehouse_id, namespace_id, kind, name, name_key, location_claim,
            protected, version, created_at, location, metadata_location, metadata, format)
        select id, $1, namespace_id, kind, name, name_key, claim, false, version, $2, location,
            metadata_location, metadata, format
        from new where (select is_fit from fit) and (select count(*) from made_room) >= 0
        order by namespace_id, name_key
        returning id, kind, namespace_id
    ), given as (
        insert into grant_entry (securable, principal, privilege, created_at, project_id,
            warehouse_id, path_key, is_live)
        select g.securable, g.principal, g.privilege, $2, w.project_id, $1,
            homes.path_key || chr(31), true
        from created join homes on homes.id = created.namespace_id
            join unnest($42::text[], $43::text[], $44::text[]) as g(securable, principal, privilege)
                on g.securable = created.kind || '/' || created.id
            cross join (select project_id from warehouse where id = $1) as w
        on conflict do nothing
    ), keyed as (
        insert into idempotency (key, fingerprint, outcome, at)
        select r.* from unnest($26, $27::bytea[], $28::bytea[], $29::bigint[]) as r
        where (select is_fit from fit)
    ), told as (
        insert into outbox (kind, at, warehouse_id, subject, body, origin)
        select e.* from unnest($30::text[], $31::bigint[], $32::uuid[], $33::text[], $34::text[],
            $50::text[]) as e where (select is_fit from fit)
    ), queued as (
        insert into task (id, queue, warehouse_id, project_id, tabular_id, tabular_kind, tabular_path,
            subject, payload, created_at, scheduled_for, due_at, parent_id)
        select t.id, t.queue, t.warehouse_id,
            coalesce((select project_id from warehouse where id = t.warehouse_id), t.project_id),
            t.tabular_id, t.tabular_kind, t.tabular_path, t.subject, t.payload, t.created_at, t.due_at,
            t.due_at, t.parent_id
        from unnest($35, $36::text[], $37, $38::text[], $39::text[], $40::bigint[], $45::text[],
                $46::uuid[], $47::text[], $48::text[], $49::bigint[], $51::uuid[])
            as t(id, queue, warehouse_id, subject, payload, due_at, project_id, tabular_id,
                tabular_kind, tabular_path, created_at, parent_id)
        where (select is_fit from fit)
    ), turned as (
        insert into task_turn (warehouse_id, project_id, queue, turn)
        select distinct t.warehouse_id, t.project_id, t.queue, 0
        from unnest($37, $45, $36) as t(warehouse_id, project_id, queue)
        where (select is_fit from fit) order by 1, 2, 3 on conflict do nothing
    )", $($also)*, "
    select replayed, stale, homeless, name_taken, id_taken, coalesce(around, inside), ownerless,
        task_taken from verdict")
    };
}
const APPLY: &str = apply!("");
/// The same statement, which also notes obsolete files.
const APPLY_NOTING: &str = apply!(noting!(
    "$53", "$54", "$55", "$56", "$57", "$58", "$59", "$60", "$61", "$62"
));

async fn apply_all(db: &Session, commit: &Commit, effects: &Effects) -> Work<()> {
    let duplicate = Duplicate::of(commit);
    let noted = Noted::of(&commit.swaps);
    let sql = if noted.is_empty() {
        APPLY
    } else {
        APPLY_NOTING
    };
    let apply = db.prepare(sql).await?;
    let run = run_apply((db, &apply), commit, effects, (duplicate.as_ref(), &noted));
    let run = stepping(db, commit, Box::pin(run)).await?;
    let applied = db.exclusively(locks(commit, effects), run).await?;
    let verdict = applied.first().map(Verdict::of).transpose()?;
    let verdict = verdict.ok_or_else(|| Failure::damaged("a commit without a verdict"))?;
    refuse(db, commit, &verdict, duplicate).await
}

async fn run_apply(
    (db, statement): (&Session, &Statement),
    commit: &Commit,
    effects: &Effects,
    (duplicate, noted): (Option<&Duplicate>, &Noted<'_>),
) -> Work<Vec<Row>> {
    let (new, swap) = (Creates::of(commit), Swaps::of(commit));
    let places = Places::of(commit);
    let (events, tasks) = (Events::of(&effects.events)?, NewTasks::of(&effects.tasks));
    let (records, grants) = (
        Records::of(&effects.idempotency),
        NewGrants::of(&effects.grants),
    );
    #[rustfmt::skip]
    let params: [&(dyn ToSql + Sync); 52] = [
        &commit.warehouse.as_uuid(), &commit.at.as_ms(), &duplicate.is_none(),
        &new.ids, &new.namespaces, &new.kinds, &new.names, &new.name_keys, &new.versions,
        &new.claims, &new.locations, &new.metadata_locations, &new.metadata,
        &swap.ids, &swap.expected, &swap.claims, &swap.locations, &swap.metadata_locations,
        &swap.metadata,
        &new.replaced, &new.replaced_versions,
        &places.claims, &places.owners, &places.probing, &places.at,
        &records.keys, &records.fingerprints, &records.outcomes, &records.times,
        &events.kinds, &events.times, &events.warehouses, &events.subjects, &events.bodies,
        &tasks.ids, &tasks.queues, &tasks.warehouses, &tasks.subjects, &tasks.payloads, &tasks.due,
        &new.formats,
        &grants.securables, &grants.principals, &grants.privileges,
        &tasks.projects, &tasks.tabular_ids, &tasks.tabular_kinds, &tasks.tabular_paths, &tasks.created,
        &events.origins,
        &tasks.parents,
        &new.found_at,
    ];
    if noted.is_empty() {
        return db.run(statement, &params).await;
    }
    db.run(statement, &[&params[..], &noted.columns()].concat())
        .await
}

/// What must be locked before the statement looks at it: keys, ids and locations.
fn locks(commit: &Commit, effects: &Effects) -> AdvisoryLocks {
    let mut locks = AdvisoryLocks::default();
    for record in &effects.idempotency {
        locks.key(record.key);
    }
    for new in &commit.creates {
        locks.id(new.id.as_uuid());
    }
    for (_, claim) in claims(commit) {
        locks.location(commit.warehouse, claim);
    }
    locks
}
