-- Ids are 16 bytes, times are milliseconds since 1970, texts are compared byte by byte: case is
-- folded before it gets here. Foreign keys restrict unless they say otherwise: what still holds others cannot be removed.

create table server (
    single integer primary key check (single = 1),
    id blob not null check (length(id) = 16),
    bootstrapped_at integer
) strict;

-- A random UUID of version 4.
with random (h) as materialized (select hex(randomblob(16)))
insert into server (single, id)
select 1, unhex(substr(h, 1, 12) || '4' || substr(h, 14, 3) || '8' || substr(h, 18)) from random;

create table project (
    id text primary key not null,
    name text not null,
    created_at integer not null
) strict;

create table warehouse (
    id blob primary key not null check (length(id) = 16),
    project_id text not null references project (id) on delete restrict,
    name text not null,
    name_key text not null,
    status text not null check (status in ('active', 'inactive')),
    protected integer not null check (protected in (0, 1)),
    version integer not null,
    storage_profile text not null,
    base_location text not null,
    storage_secret blob check (length(storage_secret) = 16),
    settings text not null,
    created_at integer not null,
    updated_at integer
) strict;

create unique index warehouse_name on warehouse (project_id, name_key);
create index warehouse_location on warehouse (base_location);
create index warehouse_secret on warehouse (storage_secret) where storage_secret is not null;

create table namespace (
    id blob primary key not null check (length(id) = 16),
    warehouse_id blob not null references warehouse (id) on delete restrict,
    parent_id blob references namespace (id) on delete restrict,
    -- The levels as they were written, a JSON array.
    path text not null,
    -- The folded levels, joined by U+001F.
    path_key text not null,
    protected integer not null check (protected in (0, 1)),
    version integer not null,
    created_at integer not null,
    updated_at integer,
    -- A JSON object.
    properties text not null
) strict;

create unique index namespace_path on namespace (warehouse_id, path_key);
create index namespace_children on namespace (parent_id, warehouse_id, path_key);

create table tabular (
    id blob primary key not null check (length(id) = 16),
    warehouse_id blob not null references warehouse (id) on delete restrict,
    namespace_id blob not null references namespace (id) on delete restrict,
    kind text not null check (kind in ('table', 'view')),
    name text not null,
    name_key text not null,
    -- The normalised present location, for the overlap check.
    location_claim text not null,
    protected integer not null check (protected in (0, 1)),
    version integer not null,
    created_at integer not null,
    updated_at integer,
    -- Set while it is soft-deleted: its name is free, its location is not.
    deleted_at integer,
    location text not null,
    metadata_location text not null,
    -- Last, so that reading the columns before it never touches its overflow pages.
    metadata blob not null
) strict;

-- Tables and views share their names.
create unique index tabular_name on tabular (namespace_id, name_key) where deleted_at is null;
create index tabular_kind on tabular (namespace_id, kind, name_key);
create index tabular_location on tabular (warehouse_id, location_claim);

-- Where a table or view has been before it moved. Snapshots may point there until it is dropped: nobody else may come.
create table tabular_former_location (
    tabular_id blob not null references tabular (id) on delete cascade,
    location text not null,
    warehouse_id blob not null,
    primary key (tabular_id, location)
) strict, without rowid;

create index tabular_former_location_claim on tabular_former_location (warehouse_id, location);

create table idempotency (
    key blob primary key not null check (length(key) = 16),
    fingerprint blob not null check (length(fingerprint) = 32),
    outcome blob not null,
    at integer not null
) strict;

create index idempotency_at on idempotency (at);

create table outbox (
    -- AUTOINCREMENT: a place is never given twice, even after a trim.
    sequence integer primary key autoincrement,
    kind text not null,
    at integer not null,
    warehouse_id blob check (length(warehouse_id) = 16),
    subject text not null,
    body text not null
) strict;

create index outbox_at on outbox (at);

create table secret (
    id blob primary key not null check (length(id) = 16),
    sealed blob not null,
    created_at integer not null
) strict;

create index secret_created on secret (created_at);

create table task (
    id blob primary key not null check (length(id) = 16),
    queue text not null,
    warehouse_id blob not null references warehouse (id) on delete restrict,
    -- While a purge waits, the location that it will empty: nothing new may be put there.
    subject text not null,
    payload text not null,
    -- A waiting task may be started from here on; a claimed one is due again when its lease ends.
    due_at integer not null,
    -- Who has claimed it; null while it waits.
    worker text,
    attempt integer not null default 0
) strict;

create index task_due on task (queue, warehouse_id, due_at, id);
create index task_warehouse on task (warehouse_id, subject);

-- Whose turn it is: each claim moves its warehouse to the end of the queue.
create table task_turn (
    warehouse_id blob not null references warehouse (id) on delete cascade,
    queue text not null,
    turn integer not null,
    primary key (warehouse_id, queue)
) strict, without rowid;

create index task_turn_order on task_turn (queue, turn);

create table task_log (
    sequence integer primary key autoincrement,
    task_id blob not null check (length(task_id) = 16),
    queue text not null,
    warehouse_id blob not null check (length(warehouse_id) = 16),
    subject text not null,
    attempt integer not null,
    outcome text not null check (outcome in ('done', 'retry', 'failed')),
    message text not null,
    ended_at integer not null
) strict;

create index task_log_ended on task_log (ended_at);
