-- What somebody may do in a warehouse is cached with this version: whatever changes it makes it one more.
alter table warehouse
    add column grants_version bigint not null default 1,
    add column managed_access boolean not null default false;
alter table namespace add column managed_access boolean not null default false;

create table role (
    id uuid primary key,
    project_id text collate "C" not null constraint role_project references project (id) on delete cascade,
    -- Who says who is in it, and what it is called there.
    provider_id text collate "C" not null,
    source_id text collate "C" not null,
    name text not null,
    name_key text collate "C" not null,
    description text,
    created_at bigint not null,
    updated_at bigint,
    -- What a search finds it by.
    terms text[] not null
);

create unique index role_name on role (project_id, name_key);
create unique index role_source on role (project_id, provider_id, source_id);
-- The roles that a token names are looked for in all projects.
create index role_provider on role (provider_id, source_id);
create index role_terms on role using gin (terms);

create table role_member (
    role_id uuid not null constraint role_member_role references role (id) on delete cascade,
    -- `user:…` or `role:…`.
    member text collate "C" not null,
    primary key (role_id, member)
);

create index role_member_member on role_member (member, role_id);

create table grant_entry (
    -- On what: `table/0199…`.
    securable text collate "C" not null,
    -- To whom: `user:…` or `role:…`.
    principal text collate "C" not null,
    privilege text collate "C" not null,
    created_at bigint not null,
    -- Where it lies. Empty for the server.
    project_id text collate "C" not null,
    -- The nil UUID for what lies in no warehouse.
    warehouse_id uuid not null,
    -- The path key of the namespace that it is. With a separator behind it for what lies in the namespace: so all that begins
    -- with key and separator is below the namespace.
    path_key text collate "C" not null,
    -- False while it is soft-deleted.
    is_live boolean not null,
    primary key (securable, principal, privilege)
);

create index grant_entry_place
    on grant_entry (principal, is_live, project_id, warehouse_id, path_key, securable, privilege);

-- Grants end with what they are on, whatever removes it. Before the row goes: a table may be replaced by one of the same id in
-- one statement, and the grants of the new one stay.
create function grants_of_thing_end() returns trigger language plpgsql as $$
begin
    delete from grant_entry where securable = tg_argv[0] || '/' || old.id;
    return old;
end $$;

create function grants_of_tabular_end() returns trigger language plpgsql as $$
begin
    delete from grant_entry where securable = old.kind || '/' || old.id;
    return old;
end $$;

-- … and with whom they were given to.
create function grants_to_principal_end() returns trigger language plpgsql as $$
begin
    delete from grant_entry where principal = tg_argv[0] || ':' || old.id;
    delete from role_member where member = tg_argv[0] || ':' || old.id;
    return old;
end $$;

create trigger project_grants before delete on project
    for each row execute function grants_of_thing_end('project');
create trigger warehouse_grants before delete on warehouse
    for each row execute function grants_of_thing_end('warehouse');
create trigger namespace_grants before delete on namespace
    for each row execute function grants_of_thing_end('namespace');
create trigger role_grants before delete on role
    for each row execute function grants_of_thing_end('role');
create trigger tabular_grants before delete on tabular
    for each row execute function grants_of_tabular_end();
create trigger role_principal before delete on role
    for each row execute function grants_to_principal_end('role');
create trigger catalog_user_principal before delete on catalog_user
    for each row execute function grants_to_principal_end('user');

-- Grants lie where what they are on lies, wherever that goes.
create function grants_of_tabular_move() returns trigger language plpgsql as $$
begin
    update grant_entry set is_live = new.deleted_at is null,
        path_key = (select path_key from namespace where id = new.namespace_id) || chr(31)
    where securable = new.kind || '/' || new.id;
    return null;
end $$;

create function grants_of_namespace_move() returns trigger language plpgsql as $$
begin
    update grant_entry set path_key = new.path_key where securable = 'namespace/' || new.id;
    update grant_entry set path_key = new.path_key || chr(31)
    from tabular where tabular.namespace_id = new.id
        and grant_entry.securable = tabular.kind || '/' || tabular.id;
    return null;
end $$;

create trigger tabular_grants_move after update of namespace_id, deleted_at on tabular for each row
    when (old.namespace_id <> new.namespace_id or old.deleted_at is distinct from new.deleted_at)
    execute function grants_of_tabular_move();
create trigger namespace_grants_move after update of path_key on namespace for each row
    when (old.path_key <> new.path_key)
    execute function grants_of_namespace_move();
