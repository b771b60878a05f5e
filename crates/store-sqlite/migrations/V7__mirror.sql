-- What the tuples of OpenFGA say of the catalog, and the changes of it that OpenFGA has not heard of. An id is a blob there and a
-- text here.

-- A layout that makes `tabular` anew makes its triggers anew, too.

-- Has its one row while there is an OpenFGA to feed.
create table mirror_switch (single integer primary key check (single = 1)) strict;

create table mirror_feed (
    -- Of two changes of one fact, the later has the greater number.
    id integer primary key autoincrement,
    -- `table/0199…`.
    thing text not null,
    -- `parent`, `member`, `managed`, or a privilege.
    relation text not null,
    -- What it lies in, who is in it or has the privilege; empty for `managed`.
    other text not null,
    -- Whether it is true from now on, or no longer.
    holds integer not null check (holds in (0, 1))
) strict;

-- All that is true now.
create view mirror_fact (thing, relation, other) as
    select 'project/' || id,
        'parent', 'server'
    from project
    union all
    select 'warehouse/' || lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' ||
        substr(hex(id), 13, 4) || '-' || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21)),
        'parent', 'project/' || project_id
    from warehouse
    union all
    select 'namespace/' || lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' ||
        substr(hex(id), 13, 4) || '-' || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21)),
        'parent', case when parent_id is null
        then 'warehouse/' || lower(substr(hex(warehouse_id), 1, 8) || '-' || substr(hex(warehouse_id), 9, 4) || '-' ||
        substr(hex(warehouse_id), 13, 4) || '-' || substr(hex(warehouse_id), 17, 4) || '-' || substr(hex(warehouse_id), 21))
        else 'namespace/' || lower(substr(hex(parent_id), 1, 8) || '-' || substr(hex(parent_id), 9, 4) || '-' ||
        substr(hex(parent_id), 13, 4) || '-' || substr(hex(parent_id), 17, 4) || '-' || substr(hex(parent_id), 21)) end
    from namespace
    union all
    select kind || '/' || lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' ||
        substr(hex(id), 13, 4) || '-' || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21)),
        'parent', 'namespace/' || lower(substr(hex(namespace_id), 1, 8) || '-' || substr(hex(namespace_id), 9, 4) || '-' ||
        substr(hex(namespace_id), 13, 4) || '-' || substr(hex(namespace_id), 17, 4) || '-' || substr(hex(namespace_id), 21))
    from tabular
    union all
    select 'role/' || lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' ||
        substr(hex(id), 13, 4) || '-' || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21)),
        'parent', 'project/' || project_id
    from role
    union all
    select 'tag-definition/' || lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' ||
        substr(hex(id), 13, 4) || '-' || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21)),
        'parent', 'project/' || project_id
    from tag_definition
    union all
    select 'role/' || lower(substr(hex(role_id), 1, 8) || '-' || substr(hex(role_id), 9, 4) || '-' ||
        substr(hex(role_id), 13, 4) || '-' || substr(hex(role_id), 17, 4) || '-' || substr(hex(role_id), 21)),
        'member', member
    from role_member
    union all
    select securable,
        privilege, principal
    from grant_entry
    union all
    select 'warehouse/' || lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' ||
        substr(hex(id), 13, 4) || '-' || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21)),
        'managed', ''
    from warehouse where managed_access = 1
    union all
    select 'namespace/' || lower(substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-' ||
        substr(hex(id), 13, 4) || '-' || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21)),
        'managed', ''
    from namespace where managed_access = 1;

create trigger project_mirror_insert after insert on project when exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select 'project/' || new.id,
        'parent', 'server', 1;
end;

create trigger project_mirror_delete after delete on project when exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select 'project/' || old.id,
        'parent', 'server', 0;
end;

create trigger warehouse_mirror_insert after insert on warehouse when exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select 'warehouse/' || lower(substr(hex(new.id), 1, 8) || '-' || substr(hex(new.id), 9, 4) || '-' ||
        substr(hex(new.id), 13, 4) || '-' || substr(hex(new.id), 17, 4) || '-' || substr(hex(new.id), 21)),
        'parent', 'project/' || new.project_id, 1;
end;

create trigger warehouse_mirror_delete after delete on warehouse when exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select 'warehouse/' || lower(substr(hex(old.id), 1, 8) || '-' || substr(hex(old.id), 9, 4) || '-' ||
        substr(hex(old.id), 13, 4) || '-' || substr(hex(old.id), 17, 4) || '-' || substr(hex(old.id), 21)),
        'parent', 'project/' || old.project_id, 0;
    insert into mirror_feed (thing, relation, other, holds) select 'warehouse/' || lower(substr(hex(old.id), 1, 8) || '-' || substr(hex(old.id), 9, 4) || '-' ||
        substr(hex(old.id), 13, 4) || '-' || substr(hex(old.id), 17, 4) || '-' || substr(hex(old.id), 21)),
        'managed', '', 0 where old.managed_access = 1;
end;

create trigger namespace_mirror_insert after insert on namespace when exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select 'namespace/' || lower(substr(hex(new.id), 1, 8) || '-' || substr(hex(new.id), 9, 4) || '-' ||
        substr(hex(new.id), 13, 4) || '-' || substr(hex(new.id), 17, 4) || '-' || substr(hex(new.id), 21)),
        'parent', case when new.parent_id is null
        then 'warehouse/' || lower(substr(hex(new.warehouse_id), 1, 8) || '-' || substr(hex(new.warehouse_id), 9, 4) || '-' ||
        substr(hex(new.warehouse_id), 13, 4) || '-' || substr(hex(new.warehouse_id), 17, 4) || '-' || substr(hex(new.warehouse_id), 21))
        else 'namespace/' || lower(substr(hex(new.parent_id), 1, 8) || '-' || substr(hex(new.parent_id), 9, 4) || '-' ||
        substr(hex(new.parent_id), 13, 4) || '-' || substr(hex(new.parent_id), 17, 4) || '-' || substr(hex(new.parent_id), 21)) end, 1;
end;

create trigger namespace_mirror_delete after delete on namespace when exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select 'namespace/' || lower(substr(hex(old.id), 1, 8) || '-' || substr(hex(old.id), 9, 4) || '-' ||
        substr(hex(old.id), 13, 4) || '-' || substr(hex(old.id), 17, 4) || '-' || substr(hex(old.id), 21)),
        'parent', case when old.parent_id is null
        then 'warehouse/' || lower(substr(hex(old.warehouse_id), 1, 8) || '-' || substr(hex(old.warehouse_id), 9, 4) || '-' ||
        substr(hex(old.warehouse_id), 13, 4) || '-' || substr(hex(old.warehouse_id), 17, 4) || '-' || substr(hex(old.warehouse_id), 21))
        else 'namespace/' || lower(substr(hex(old.parent_id), 1, 8) || '-' || substr(hex(old.parent_id), 9, 4) || '-' ||
        substr(hex(old.parent_id), 13, 4) || '-' || substr(hex(old.parent_id), 17, 4) || '-' || substr(hex(old.parent_id), 21)) end, 0;
    insert into mirror_feed (thing, relation, other, holds) select 'namespace/' || lower(substr(hex(old.id), 1, 8) || '-' || substr(hex(old.id), 9, 4) || '-' ||
        substr(hex(old.id), 13, 4) || '-' || substr(hex(old.id), 17, 4) || '-' || substr(hex(old.id), 21)),
        'managed', '', 0 where old.managed_access = 1;
end;

create trigger tabular_mirror_insert after insert on tabular when exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select new.kind || '/' || lower(substr(hex(new.id), 1, 8) || '-' || substr(hex(new.id), 9, 4) || '-' ||
        substr(hex(new.id), 13, 4) || '-' || substr(hex(new.id), 17, 4) || '-' || substr(hex(new.id), 21)),
        'parent', 'namespace/' || lower(substr(hex(new.namespace_id), 1, 8) || '-' || substr(hex(new.namespace_id), 9, 4) || '-' ||
        substr(hex(new.namespace_id), 13, 4) || '-' || substr(hex(new.namespace_id), 17, 4) || '-' || substr(hex(new.namespace_id), 21)), 1;
end;

create trigger tabular_mirror_delete after delete on tabular when exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select old.kind || '/' || lower(substr(hex(old.id), 1, 8) || '-' || substr(hex(old.id), 9, 4) || '-' ||
        substr(hex(old.id), 13, 4) || '-' || substr(hex(old.id), 17, 4) || '-' || substr(hex(old.id), 21)),
        'parent', 'namespace/' || lower(substr(hex(old.namespace_id), 1, 8) || '-' || substr(hex(old.namespace_id), 9, 4) || '-' ||
        substr(hex(old.namespace_id), 13, 4) || '-' || substr(hex(old.namespace_id), 17, 4) || '-' || substr(hex(old.namespace_id), 21)), 0;
end;

create trigger role_mirror_insert after insert on role when exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select 'role/' || lower(substr(hex(new.id), 1, 8) || '-' || substr(hex(new.id), 9, 4) || '-' ||
        substr(hex(new.id), 13, 4) || '-' || substr(hex(new.id), 17, 4) || '-' || substr(hex(new.id), 21)),
        'parent', 'project/' || new.project_id, 1;
end;

create trigger role_mirror_delete after delete on role when exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select 'role/' || lower(substr(hex(old.id), 1, 8) || '-' || substr(hex(old.id), 9, 4) || '-' ||
        substr(hex(old.id), 13, 4) || '-' || substr(hex(old.id), 17, 4) || '-' || substr(hex(old.id), 21)),
        'parent', 'project/' || old.project_id, 0;
end;

create trigger tag_definition_mirror_insert after insert on tag_definition when exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select 'tag-definition/' || lower(substr(hex(new.id), 1, 8) || '-' || substr(hex(new.id), 9, 4) || '-' ||
        substr(hex(new.id), 13, 4) || '-' || substr(hex(new.id), 17, 4) || '-' || substr(hex(new.id), 21)),
        'parent', 'project/' || new.project_id, 1;
end;

create trigger tag_definition_mirror_delete after delete on tag_definition when exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select 'tag-definition/' || lower(substr(hex(old.id), 1, 8) || '-' || substr(hex(old.id), 9, 4) || '-' ||
        substr(hex(old.id), 13, 4) || '-' || substr(hex(old.id), 17, 4) || '-' || substr(hex(old.id), 21)),
        'parent', 'project/' || old.project_id, 0;
end;

create trigger role_member_mirror_insert after insert on role_member when exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select 'role/' || lower(substr(hex(new.role_id), 1, 8) || '-' || substr(hex(new.role_id), 9, 4) || '-' ||
        substr(hex(new.role_id), 13, 4) || '-' || substr(hex(new.role_id), 17, 4) || '-' || substr(hex(new.role_id), 21)),
        'member', new.member, 1;
end;

create trigger role_member_mirror_delete after delete on role_member when exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select 'role/' || lower(substr(hex(old.role_id), 1, 8) || '-' || substr(hex(old.role_id), 9, 4) || '-' ||
        substr(hex(old.role_id), 13, 4) || '-' || substr(hex(old.role_id), 17, 4) || '-' || substr(hex(old.role_id), 21)),
        'member', old.member, 0;
end;

create trigger grant_entry_mirror_insert after insert on grant_entry when exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select new.securable,
        new.privilege, new.principal, 1;
end;

create trigger grant_entry_mirror_delete after delete on grant_entry when exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select old.securable,
        old.privilege, old.principal, 0;
end;

create trigger namespace_mirror_move after update of parent_id, warehouse_id on namespace
when (old.parent_id is not new.parent_id or old.warehouse_id <> new.warehouse_id) and exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select 'namespace/' || lower(substr(hex(old.id), 1, 8) || '-' || substr(hex(old.id), 9, 4) || '-' ||
        substr(hex(old.id), 13, 4) || '-' || substr(hex(old.id), 17, 4) || '-' || substr(hex(old.id), 21)),
        'parent', case when old.parent_id is null
        then 'warehouse/' || lower(substr(hex(old.warehouse_id), 1, 8) || '-' || substr(hex(old.warehouse_id), 9, 4) || '-' ||
        substr(hex(old.warehouse_id), 13, 4) || '-' || substr(hex(old.warehouse_id), 17, 4) || '-' || substr(hex(old.warehouse_id), 21))
        else 'namespace/' || lower(substr(hex(old.parent_id), 1, 8) || '-' || substr(hex(old.parent_id), 9, 4) || '-' ||
        substr(hex(old.parent_id), 13, 4) || '-' || substr(hex(old.parent_id), 17, 4) || '-' || substr(hex(old.parent_id), 21)) end, 0;
    insert into mirror_feed (thing, relation, other, holds) select 'namespace/' || lower(substr(hex(new.id), 1, 8) || '-' || substr(hex(new.id), 9, 4) || '-' ||
        substr(hex(new.id), 13, 4) || '-' || substr(hex(new.id), 17, 4) || '-' || substr(hex(new.id), 21)),
        'parent', case when new.parent_id is null
        then 'warehouse/' || lower(substr(hex(new.warehouse_id), 1, 8) || '-' || substr(hex(new.warehouse_id), 9, 4) || '-' ||
        substr(hex(new.warehouse_id), 13, 4) || '-' || substr(hex(new.warehouse_id), 17, 4) || '-' || substr(hex(new.warehouse_id), 21))
        else 'namespace/' || lower(substr(hex(new.parent_id), 1, 8) || '-' || substr(hex(new.parent_id), 9, 4) || '-' ||
        substr(hex(new.parent_id), 13, 4) || '-' || substr(hex(new.parent_id), 17, 4) || '-' || substr(hex(new.parent_id), 21)) end, 1;
end;

create trigger tabular_mirror_move after update of namespace_id on tabular
when old.namespace_id <> new.namespace_id and exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select old.kind || '/' || lower(substr(hex(old.id), 1, 8) || '-' || substr(hex(old.id), 9, 4) || '-' ||
        substr(hex(old.id), 13, 4) || '-' || substr(hex(old.id), 17, 4) || '-' || substr(hex(old.id), 21)),
        'parent', 'namespace/' || lower(substr(hex(old.namespace_id), 1, 8) || '-' || substr(hex(old.namespace_id), 9, 4) || '-' ||
        substr(hex(old.namespace_id), 13, 4) || '-' || substr(hex(old.namespace_id), 17, 4) || '-' || substr(hex(old.namespace_id), 21)), 0;
    insert into mirror_feed (thing, relation, other, holds) select new.kind || '/' || lower(substr(hex(new.id), 1, 8) || '-' || substr(hex(new.id), 9, 4) || '-' ||
        substr(hex(new.id), 13, 4) || '-' || substr(hex(new.id), 17, 4) || '-' || substr(hex(new.id), 21)),
        'parent', 'namespace/' || lower(substr(hex(new.namespace_id), 1, 8) || '-' || substr(hex(new.namespace_id), 9, 4) || '-' ||
        substr(hex(new.namespace_id), 13, 4) || '-' || substr(hex(new.namespace_id), 17, 4) || '-' || substr(hex(new.namespace_id), 21)), 1;
end;

create trigger warehouse_mirror_managed after update of managed_access on warehouse
when old.managed_access <> new.managed_access and exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select 'warehouse/' || lower(substr(hex(new.id), 1, 8) || '-' || substr(hex(new.id), 9, 4) || '-' ||
        substr(hex(new.id), 13, 4) || '-' || substr(hex(new.id), 17, 4) || '-' || substr(hex(new.id), 21)),
        'managed', '', new.managed_access;
end;

create trigger namespace_mirror_managed after update of managed_access on namespace
when old.managed_access <> new.managed_access and exists (select 1 from mirror_switch) begin
    insert into mirror_feed (thing, relation, other, holds) select 'namespace/' || lower(substr(hex(new.id), 1, 8) || '-' || substr(hex(new.id), 9, 4) || '-' ||
        substr(hex(new.id), 13, 4) || '-' || substr(hex(new.id), 17, 4) || '-' || substr(hex(new.id), 21)),
        'managed', '', new.managed_access;
end;
