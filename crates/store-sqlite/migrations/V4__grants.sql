-- What somebody may do in a warehouse is cached with this version: whatever changes it makes it one more.
alter table warehouse add column grants_version integer not null default 1;
alter table warehouse add column managed_access integer not null default 0 check (managed_access in (0, 1));
alter table namespace add column managed_access integer not null default 0 check (managed_access in (0, 1));

create table role (
    id blob primary key not null check (length(id) = 16),
    project_id text not null references project (id) on delete cascade,
    -- Who says who is in it, and what it is called there.
    provider_id text not null,
    source_id text not null,
    name text not null,
    name_key text not null,
    description text,
    created_at integer not null,
    updated_at integer
) strict;

create unique index role_name on role (project_id, name_key);
create unique index role_source on role (project_id, provider_id, source_id);
-- The roles that a token names are looked for in all projects.
create index role_provider on role (provider_id, source_id);

-- What a search finds it by.
create table role_term (
    project_id text not null,
    term text not null,
    role_id blob not null references role (id) on delete cascade,
    primary key (project_id, term, role_id)
) strict, without rowid;

create index role_term_role on role_term (role_id);

create table role_member (
    role_id blob not null references role (id) on delete cascade,
    -- `user:…` or `role:…`.
    member text not null,
    primary key (role_id, member)
) strict, without rowid;

create index role_member_member on role_member (member, role_id);

create table grant_entry (
    -- On what: `table/0199…`.
    securable text not null,
    -- To whom: `user:…` or `role:…`.
    principal text not null,
    privilege text not null,
    created_at integer not null,
    -- Where it lies. Empty for the server.
    project_id text not null,
    -- The nil UUID for what lies in no warehouse.
    warehouse_id blob not null check (length(warehouse_id) = 16),
    -- The path key of the namespace that it is. With a separator behind it for what lies in the namespace: so all that begins
    -- with key and separator is below the namespace.
    path_key text not null,
    -- 0 while it is soft-deleted.
    is_live integer not null check (is_live in (0, 1)),
    primary key (securable, principal, privilege)
) strict, without rowid;

create index grant_entry_place
    on grant_entry (principal, is_live, project_id, warehouse_id, path_key, securable, privilege);

-- Grants end with what they are on, whatever removes it. An id is a blob there and a text here.
create trigger project_grants before delete on project begin
    delete from grant_entry where securable = 'project/' || old.id;
end;

create trigger warehouse_grants before delete on warehouse begin
    delete from grant_entry where securable = 'warehouse/' || lower(substr(hex(old.id), 1, 8) || '-' || substr(hex(old.id), 9, 4) || '-' ||
            substr(hex(old.id), 13, 4) || '-' || substr(hex(old.id), 17, 4) || '-' || substr(hex(old.id), 21));
end;

create trigger namespace_grants before delete on namespace begin
    delete from grant_entry where securable = 'namespace/' || lower(substr(hex(old.id), 1, 8) || '-' || substr(hex(old.id), 9, 4) || '-' ||
            substr(hex(old.id), 13, 4) || '-' || substr(hex(old.id), 17, 4) || '-' || substr(hex(old.id), 21));
end;

create trigger tabular_grants before delete on tabular begin
    delete from grant_entry where securable = old.kind || '/' || lower(substr(hex(old.id), 1, 8) || '-' || substr(hex(old.id), 9, 4) || '-' ||
            substr(hex(old.id), 13, 4) || '-' || substr(hex(old.id), 17, 4) || '-' || substr(hex(old.id), 21));
end;

-- … and with whom they were given to.
create trigger role_grants before delete on role begin
    delete from grant_entry where securable = 'role/' || lower(substr(hex(old.id), 1, 8) || '-' || substr(hex(old.id), 9, 4) || '-' ||
            substr(hex(old.id), 13, 4) || '-' || substr(hex(old.id), 17, 4) || '-' || substr(hex(old.id), 21));
    delete from grant_entry where principal = 'role:' || lower(substr(hex(old.id), 1, 8) || '-' || substr(hex(old.id), 9, 4) || '-' ||
            substr(hex(old.id), 13, 4) || '-' || substr(hex(old.id), 17, 4) || '-' || substr(hex(old.id), 21));
    delete from role_member where member = 'role:' || lower(substr(hex(old.id), 1, 8) || '-' || substr(hex(old.id), 9, 4) || '-' ||
            substr(hex(old.id), 13, 4) || '-' || substr(hex(old.id), 17, 4) || '-' || substr(hex(old.id), 21));
end;

create trigger catalog_user_grants before delete on catalog_user begin
    delete from grant_entry where principal = 'user:' || old.id;
    delete from role_member where member = 'user:' || old.id;
end;

-- Grants lie where what they are on lies, wherever that goes.
create trigger tabular_grants_move after update of namespace_id, deleted_at on tabular
when old.namespace_id <> new.namespace_id or old.deleted_at is not new.deleted_at begin
    update grant_entry set is_live = new.deleted_at is null,
        path_key = (select path_key from namespace where id = new.namespace_id) || char(31)
    where securable = new.kind || '/' || lower(substr(hex(new.id), 1, 8) || '-' || substr(hex(new.id), 9, 4) || '-' ||
            substr(hex(new.id), 13, 4) || '-' || substr(hex(new.id), 17, 4) || '-' || substr(hex(new.id), 21));
end;

create trigger namespace_grants_move after update of path_key on namespace
when old.path_key <> new.path_key begin
    update grant_entry set path_key = new.path_key where securable = 'namespace/' || lower(substr(hex(new.id), 1, 8) || '-' || substr(hex(new.id), 9, 4) || '-' ||
            substr(hex(new.id), 13, 4) || '-' || substr(hex(new.id), 17, 4) || '-' || substr(hex(new.id), 21));
    update grant_entry set path_key = new.path_key || char(31) where securable in (
        select tabular.kind || '/' || lower(substr(hex(tabular.id), 1, 8) || '-' || substr(hex(tabular.id), 9, 4) || '-' ||
            substr(hex(tabular.id), 13, 4) || '-' || substr(hex(tabular.id), 17, 4) || '-' || substr(hex(tabular.id), 21))
        from tabular where tabular.namespace_id = new.id);
end;
