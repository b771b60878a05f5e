-- Times are milliseconds since 1970. Texts that are searched compare byte by byte (COLLATE "C"): case is
-- folded before it gets here. Foreign keys forbid unless they say otherwise: what still holds others cannot be removed.

create table server (
    single boolean primary key default true check (single),
    id uuid not null default gen_random_uuid(),
    bootstrapped_at bigint
);

insert into server default values;

create table project (
    id text collate "C" primary key,
    name text not null,
    created_at bigint not null
);

create table warehouse (
    id uuid primary key,
    project_id text collate "C" not null constraint warehouse_project references project (id),
    name text not null,
    name_key text collate "C" not null,
    status text not null check (status in ('active', 'inactive')),
    protected boolean not null,
    version bigint not null,
    storage_profile text not null,
    base_location text collate "C" not null,
    storage_secret uuid,
    settings text not null,
    created_at bigint not null,
    updated_at bigint
);

create unique index warehouse_name on warehouse (project_id, name_key);
create index warehouse_location on warehouse (base_location);
create index warehouse_secret on warehouse (storage_secret) where storage_secret is not null;

create table namespace (
    id uuid primary key,
    warehouse_id uuid not null constraint namespace_warehouse references warehouse (id),
    parent_id uuid constraint namespace_parent references namespace (id),
    -- The levels as they were written.
    path text[] not null,
    -- The folded levels, joined by U+001F.
    path_key text collate "C" not null,
    protected boolean not null,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint,
    -- A JSON object.
    properties text not null
);

create unique index namespace_path on namespace (warehouse_id, path_key);
create index namespace_children on namespace (parent_id, warehouse_id, path_key);

-- Room in each page keeps the new versions of a row beside the old ones, so that a commit touches no index.
create table tabular (
    id uuid primary key,
    -- That of the namespace; no foreign key of its own, so that creations do not meet at the warehouse's row.
    warehouse_id uuid not null,
    namespace_id uuid not null constraint tabular_namespace references namespace (id),
    kind text not null check (kind in ('table', 'view')),
    name text not null,
    name_key text collate "C" not null,
    -- The normalised present location, for the overlap check.
    location_claim text collate "C" not null,
    protected boolean not null,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint,
    -- Set while it is soft-deleted: its name is free, its location is not.
    deleted_at bigint,
    location text not null,
    metadata_location text not null,
    metadata bytea not null
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

-- It is compressed already.
alter table tabular alter column metadata set storage external;

-- Tables and views share their names.
create unique index tabular_name on tabular (namespace_id, name_key) where deleted_at is null;
create index tabular_kind on tabular (namespace_id, kind, name_key);
create index tabular_location on tabular (warehouse_id, location_claim);

-- Where a table or view has been before it moved. Snapshots may point there until it is dropped: nobody else may come.
create table tabular_former_location (
    tabular_id uuid not null
        constraint tabular_former_location_tabular references tabular (id) on delete cascade,
    location text collate "C" not null,
    warehouse_id uuid not null,
    primary key (tabular_id, location)
);

create index tabular_former_location_claim on tabular_former_location (warehouse_id, location);

create table idempotency (
    key uuid primary key,
    fingerprint bytea not null check (length(fingerprint) = 32),
    outcome bytea not null,
    at bigint not null
);

create index idempotency_at on idempotency (at);

create table outbox (
    -- In the order of insertion, which is not the order of commits.
    id bigint generated always as identity primary key,
    -- The place, given by the first reader that sees the event: whatever commits later gets a later place.
    sequence bigint,
    kind text not null,
    at bigint not null,
    warehouse_id uuid,
    subject text not null,
    body text not null
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);

create sequence outbox_place;
create unique index outbox_sequence on outbox (sequence) where sequence is not null;
create index outbox_unplaced on outbox (id) where sequence is null;
create index outbox_at on outbox (at, id);

create table secret (
    id uuid primary key,
    sealed bytea not null,
    created_at bigint not null
);

create index secret_created on secret (created_at);

create table task (
    id uuid primary key,
    queue text collate "C" not null,
    warehouse_id uuid not null constraint task_warehouse references warehouse (id),
    -- While a purge waits, the location that it will empty: nothing new may be put there.
    subject text collate "C" not null,
    payload text not null,
    -- A waiting task may be started from here on; a claimed one is due again when its lease ends.
    due_at bigint not null,
    -- Who has claimed it; null while it waits.
    worker text,
    attempt integer not null default 0
);

create index task_due on task (queue, warehouse_id, due_at, id);
create index task_warehouse on task (warehouse_id, subject);

-- Whose turn it is: each claim moves its warehouse to the end of the queue.
create table task_turn (
    warehouse_id uuid not null constraint task_turn_warehouse references warehouse (id) on delete cascade,
    queue text collate "C" not null,
    turn bigint not null,
    primary key (warehouse_id, queue)
);

create index task_turn_order on task_turn (queue, turn);

create table task_log (
    sequence bigint generated always as identity primary key,
    task_id uuid not null,
    queue text not null,
    warehouse_id uuid not null,
    subject text not null,
    attempt integer not null,
    outcome text not null check (outcome in ('done', 'retry', 'failed')),
    message text not null,
    ended_at bigint not null
);

create index task_log_ended on task_log (ended_at, sequence);
