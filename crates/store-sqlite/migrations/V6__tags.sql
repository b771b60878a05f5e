-- Words of a project's own that are attached to what it holds.
create table tag_definition (
    id blob primary key not null check (length(id) = 16),
    project_id text not null references project (id) on delete cascade,
    name text not null,
    name_key text not null,
    description text,
    -- What it can be attached to, a JSON array.
    scope text not null,
    value_kind text not null check (value_kind in ('marker', 'free-text', 'enumerated')),
    -- The values to choose from, a JSON array; null where there are none.
    allowed_values text,
    version integer not null,
    created_at integer not null,
    updated_at integer
) strict;

create unique index tag_definition_name on tag_definition (project_id, name_key);

create trigger tag_definition_grants before delete on tag_definition begin
    delete from grant_entry where securable = 'tag-definition/' || lower(substr(hex(old.id), 1, 8) || '-' || substr(hex(old.id), 9, 4) || '-' ||
            substr(hex(old.id), 13, 4) || '-' || substr(hex(old.id), 17, 4) || '-' || substr(hex(old.id), 21));
end;

create table tag (
    id blob primary key not null check (length(id) = 16),
    definition_id blob not null references tag_definition (id) on delete restrict,
    warehouse_id blob not null references warehouse (id) on delete cascade,
    -- What it goes with: one of these, or none if it is attached to the warehouse.
    namespace_id blob references namespace (id) on delete cascade,
    tabular_id blob references tabular (id) on delete cascade,
    scope text not null check (scope in ('warehouse', 'namespace', 'table', 'view', 'generic-table', 'column')),
    -- The id of the warehouse, the namespace or the table, whichever it is attached to.
    object_id blob not null check (length(object_id) = 16),
    -- Which column; 0 where it is attached to none.
    field_id integer not null,
    value text,
    created_at integer not null,
    updated_at integer
) strict;

create unique index tag_target on tag (object_id, scope, field_id, definition_id);
create index tag_use on tag (definition_id, id);
create index tag_warehouse on tag (warehouse_id);
create index tag_namespace on tag (namespace_id) where namespace_id is not null;
create index tag_tabular on tag (tabular_id) where tabular_id is not null;
