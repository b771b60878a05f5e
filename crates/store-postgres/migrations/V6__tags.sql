-- Words of a project's own that are attached to what it holds.
create table tag_definition (
    id uuid primary key,
    project_id text collate "C" not null
        constraint tag_definition_project references project (id) on delete cascade,
    name text not null,
    name_key text collate "C" not null,
    description text,
    -- What it can be attached to, a JSON array.
    scope text not null,
    value_kind text not null check (value_kind in ('marker', 'free-text', 'enumerated')),
    -- The values to choose from, a JSON array; null where there are none.
    allowed_values text,
    version bigint not null,
    created_at bigint not null,
    updated_at bigint
);

create unique index tag_definition_name on tag_definition (project_id, name_key);

create trigger tag_definition_grants before delete on tag_definition
    for each row execute function grants_of_thing_end('tag-definition');

create table tag (
    id uuid primary key,
    definition_id uuid not null constraint tag_of_definition references tag_definition (id),
    warehouse_id uuid not null constraint tag_in_warehouse references warehouse (id) on delete cascade,
    -- What it goes with: one of these, or none if it is attached to the warehouse.
    namespace_id uuid constraint tag_of_namespace references namespace (id) on delete cascade,
    tabular_id uuid constraint tag_of_tabular references tabular (id) on delete cascade,
    scope text collate "C" not null
        check (scope in ('warehouse', 'namespace', 'table', 'view', 'generic-table', 'column')),
    -- The id of the warehouse, the namespace or the table, whichever it is attached to.
    object_id uuid not null,
    -- Which column; 0 where it is attached to none.
    field_id integer not null,
    value text collate "C",
    created_at bigint not null,
    updated_at bigint
);

create unique index tag_target on tag (object_id, scope, field_id, definition_id);
create index tag_use on tag (definition_id, id);
create index tag_warehouse on tag (warehouse_id);
create index tag_namespace on tag (namespace_id) where namespace_id is not null;
create index tag_tabular on tag (tabular_id) where tabular_id is not null;
