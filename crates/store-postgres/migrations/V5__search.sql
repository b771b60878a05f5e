-- What tables and views are found by when somebody searches: triples of letters of their names, each behind some letters of its
-- warehouse's id, so that one warehouse's names cost another one's searches nothing. Words are parted by `_`, `-` and `.`; the
-- same in `store::TabularSearch`. Not `pg_trgm`: an extension has to be installed by an administrator.
create function tabular_terms(warehouse_id uuid, name_key text) returns text[]
    language sql immutable strict parallel safe as $$
    select array_agg(distinct right(warehouse_id::text, 8) || substr(padded, place, 3))
    from (select '  ' || translate(name_key, '_-.', '   ') || '  ' as padded) as word,
        generate_series(1, length(padded) - 2) as place
$$;

-- What has been added lately is read with each search, so it is kept short (in kB). Commits do not touch it: they change no name.
create index tabular_search on tabular using gin (tabular_terms(warehouse_id, name_key))
    with (gin_pending_list_limit = 128) where deleted_at is null;
