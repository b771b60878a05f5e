-- Whom identity providers have told of. `user` alone is a word of SQL.
create table catalog_user (
    id text collate "C" primary key,
    name text not null,
    name_key text collate "C" not null,
    email text,
    user_type text not null check (user_type in ('human', 'application')),
    source text not null,
    created_at bigint not null,
    updated_at bigint,
    -- What a search finds them by.
    terms text[] not null
);

create index catalog_user_terms on catalog_user using gin (terms);
