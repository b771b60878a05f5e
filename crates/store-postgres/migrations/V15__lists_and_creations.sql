-- All that a list shows of tables and views: it need not visit their rows, of which a page holds four, with their metadata.
create index tabular_list on tabular (namespace_id, kind, name_key)
    include (id, name, protected, format, deleted_at);
drop index tabular_kind;

-- The same as before in the language whose plans are kept: a function in SQL is planned anew for each row that is written.
create or replace function tabular_terms(warehouse_id uuid, name_key text) returns text[]
    language plpgsql immutable strict parallel safe as $$
begin
    return (
        select array_agg(distinct right(warehouse_id::text, 8) || substr(padded, place, 3))
        from (select '  ' || translate(name_key, '_-.', '   ') || '  ' as padded) as word,
            generate_series(1, length(padded) - 2) as place
    );
end $$;

create or replace function mirror(thing text, relation text, other text, holds boolean)
    returns void language plpgsql as $$
begin
    if exists (select from mirror_switch) then
        insert into mirror_feed (thing, relation, other, holds) values ($1, $2, $3, $4);
    end if;
end $$;
