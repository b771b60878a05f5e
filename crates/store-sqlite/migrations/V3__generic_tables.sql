-- Tables of other formats than Iceberg's share names and locations with tables and views. SQLite changes no check of a column, so the
-- table is made anew; foreign keys are off while a layout changes, so that nothing goes with the old one.

create table tabular_next (
    id blob primary key not null check (length(id) = 16),
    warehouse_id blob not null references warehouse (id) on delete restrict,
    namespace_id blob not null references namespace (id) on delete restrict,
    kind text not null check (kind in ('table', 'view', 'generic-table')),
    -- What the files of a generic table are; null for tables and views.
    format text,
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

insert into tabular_next (id, warehouse_id, namespace_id, kind, format, name, name_key, location_claim, protected, version,
    created_at, updated_at, deleted_at, location, metadata_location, metadata)
select id, warehouse_id, namespace_id, kind, null, name, name_key, location_claim, protected, version,
    created_at, updated_at, deleted_at, location, metadata_location, metadata
from tabular;

drop table tabular;
alter table tabular_next rename to tabular;

create unique index tabular_name on tabular (namespace_id, name_key) where deleted_at is null;
create index tabular_kind on tabular (namespace_id, kind, name_key);
create index tabular_location on tabular (warehouse_id, location_claim);
