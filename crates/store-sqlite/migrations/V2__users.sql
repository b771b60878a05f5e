-- Whom identity providers have told of.
create table catalog_user (
    id text primary key not null,
    name text not null,
    name_key text not null,
    email text,
    user_type text not null check (user_type in ('human', 'application')),
    source text not null,
    created_at integer not null,
    updated_at integer
) strict;

-- What a search finds them by.
create table catalog_user_term (
    term text not null,
    user_id text not null references catalog_user (id) on delete cascade,
    primary key (term, user_id)
) strict, without rowid;

create index catalog_user_term_user on catalog_user_term (user_id);
