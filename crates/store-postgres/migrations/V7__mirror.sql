-- What the tuples of OpenFGA say of the catalog, and the changes of it that OpenFGA has not heard of.

-- Has its one row while there is an OpenFGA to feed.
create table mirror_switch (single boolean primary key default true check (single));

create table mirror_feed (
    -- Of two changes of one fact, the later has the greater number: whoever makes it has waited for the row of the former.
    id bigint generated always as identity primary key,
    -- `table/0199…`.
    thing text collate "C" not null,
    -- `parent`, `member`, `managed`, or a privilege.
    relation text collate "C" not null,
    -- What it lies in, who is in it or has the privilege; empty for `managed`.
    other text collate "C" not null,
    -- Whether it is true from now on, or no longer.
    holds boolean not null
) with (autovacuum_vacuum_scale_factor = 0.05);

-- All that is true now.
create view mirror_fact (thing, relation, other) as
    select 'project/' || id, 'parent', 'server' from project
    union all
    select 'warehouse/' || id, 'parent', 'project/' || project_id from warehouse
    union all
    select 'namespace/' || id, 'parent', coalesce('namespace/' || parent_id, 'warehouse/' || warehouse_id) from namespace
    union all
    select kind || '/' || id, 'parent', 'namespace/' || namespace_id from tabular
    union all
    select 'role/' || id, 'parent', 'project/' || project_id from role
    union all
    select 'tag-definition/' || id, 'parent', 'project/' || project_id from tag_definition
    union all
    select 'role/' || role_id, 'member', member from role_member
    union all
    select securable, privilege, principal from grant_entry
    union all
    select 'warehouse/' || id, 'managed', '' from warehouse where managed_access
    union all
    select 'namespace/' || id, 'managed', '' from namespace where managed_access;

create function mirror(thing text, relation text, other text, holds boolean) returns void language sql as $$
    insert into mirror_feed (thing, relation, other, holds)
    select thing, relation, other, holds where exists (select from mirror_switch)
$$;

create function project_mirror() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then perform mirror('project/' || old.id, 'parent', 'server', false); end if;
    if tg_op <> 'DELETE' then perform mirror('project/' || new.id, 'parent', 'server', true); end if;
    return null;
end $$;

create function in_project_mirror() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then perform mirror(tg_argv[0] || old.id, 'parent', 'project/' || old.project_id, false); end if;
    if tg_op <> 'DELETE' then perform mirror(tg_argv[0] || new.id, 'parent', 'project/' || new.project_id, true); end if;
    return null;
end $$;

create function namespace_mirror() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then perform mirror('namespace/' || old.id, 'parent',
        coalesce('namespace/' || old.parent_id, 'warehouse/' || old.warehouse_id), false); end if;
    if tg_op <> 'DELETE' then perform mirror('namespace/' || new.id, 'parent',
        coalesce('namespace/' || new.parent_id, 'warehouse/' || new.warehouse_id), true); end if;
    return null;
end $$;

create function tabular_mirror() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then perform mirror(old.kind || '/' || old.id, 'parent', 'namespace/' || old.namespace_id, false); end if;
    if tg_op <> 'DELETE' then perform mirror(new.kind || '/' || new.id, 'parent', 'namespace/' || new.namespace_id, true); end if;
    return null;
end $$;

create function role_member_mirror() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then perform mirror('role/' || old.role_id, 'member', old.member, false); end if;
    if tg_op <> 'DELETE' then perform mirror('role/' || new.role_id, 'member', new.member, true); end if;
    return null;
end $$;

create function grant_entry_mirror() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then perform mirror(old.securable, old.privilege, old.principal, false); end if;
    if tg_op <> 'DELETE' then perform mirror(new.securable, new.privilege, new.principal, true); end if;
    return null;
end $$;

-- On a deletion `new` is null.
create function managed_mirror() returns trigger language plpgsql as $$
begin
    perform mirror(tg_argv[0] || old.id, 'managed', '', coalesce(new.managed_access, false));
    return null;
end $$;

create trigger project_mirror after insert or delete on project
    for each row execute function project_mirror();
create trigger warehouse_mirror after insert or delete on warehouse
    for each row execute function in_project_mirror('warehouse/');
create trigger role_mirror after insert or delete on role
    for each row execute function in_project_mirror('role/');
create trigger tag_definition_mirror after insert or delete on tag_definition
    for each row execute function in_project_mirror('tag-definition/');
create trigger namespace_mirror after insert or delete on namespace
    for each row execute function namespace_mirror();
create trigger namespace_mirror_move after update of parent_id, warehouse_id on namespace for each row
    when (old.parent_id is distinct from new.parent_id or old.warehouse_id <> new.warehouse_id)
    execute function namespace_mirror();
create trigger tabular_mirror after insert or delete on tabular
    for each row execute function tabular_mirror();
create trigger tabular_mirror_move after update of namespace_id on tabular for each row
    when (old.namespace_id <> new.namespace_id)
    execute function tabular_mirror();
create trigger role_member_mirror after insert or delete on role_member
    for each row execute function role_member_mirror();
-- Where a grant lies is no news.
create trigger grant_entry_mirror after insert or delete on grant_entry
    for each row execute function grant_entry_mirror();
create trigger warehouse_mirror_managed after update of managed_access on warehouse for each row
    when (old.managed_access <> new.managed_access)
    execute function managed_mirror('warehouse/');
create trigger warehouse_mirror_unmanaged after delete on warehouse for each row
    when (old.managed_access)
    execute function managed_mirror('warehouse/');
create trigger namespace_mirror_managed after update of managed_access on namespace for each row
    when (old.managed_access <> new.managed_access)
    execute function managed_mirror('namespace/');
create trigger namespace_mirror_unmanaged after delete on namespace for each row
    when (old.managed_access)
    execute function managed_mirror('namespace/');
