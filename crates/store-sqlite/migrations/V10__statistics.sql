-- How often operations were called and what warehouses held, by the hour. Hours are told by their beginning.

create table endpoint_calls (
    project_id text not null references project (id) on delete cascade,
    hour integer not null,
    -- The nil UUID for what is about no warehouse. Counts stay when the warehouse goes.
    warehouse_id blob not null check (length(warehouse_id) = 16),
    -- `GET /catalog/v1/{prefix}/namespaces`.
    route text not null,
    status integer not null,
    calls integer not null,
    first_at integer not null,
    last_at integer not null,
    primary key (project_id, hour, warehouse_id, route, status)
) strict, without rowid;

create index endpoint_calls_hour on endpoint_calls (hour);

-- By how much the tables and views of a warehouse became more.
create table warehouse_change (
    warehouse_id blob not null check (length(warehouse_id) = 16),
    hour integer not null,
    tables integer not null,
    views integer not null,
    at integer not null,
    primary key (warehouse_id, hour)
) strict, without rowid;

create index warehouse_change_hour on warehouse_change (hour);

create trigger tabular_count_more after insert on tabular when new.kind in ('table', 'view') begin
    insert into warehouse_change (warehouse_id, hour, tables, views, at)
    values (new.warehouse_id, unixepoch() / 3600 * 3600000, new.kind = 'table', new.kind = 'view',
        cast(unixepoch('subsec') * 1000 as integer))
    on conflict do update set tables = tables + excluded.tables, views = views + excluded.views,
        at = excluded.at;
end;

create trigger tabular_count_less after delete on tabular when old.kind in ('table', 'view') begin
    insert into warehouse_change (warehouse_id, hour, tables, views, at)
    values (old.warehouse_id, unixepoch() / 3600 * 3600000, -(old.kind = 'table'), -(old.kind = 'view'),
        cast(unixepoch('subsec') * 1000 as integer))
    on conflict do update set tables = tables + excluded.tables, views = views + excluded.views,
        at = excluded.at;
end;

create trigger warehouse_count after insert on warehouse begin
    insert into warehouse_change (warehouse_id, hour, tables, views, at)
    values (new.id, unixepoch() / 3600 * 3600000, 0, 0, cast(unixepoch('subsec') * 1000 as integer));
end;

create trigger warehouse_counted_no_more after delete on warehouse begin
    delete from warehouse_change where warehouse_id = old.id;
end;

insert into warehouse_change (warehouse_id, hour, tables, views, at)
select warehouse.id, unixepoch() / 3600 * 3600000, count(*) filter (where kind = 'table'),
    count(*) filter (where kind = 'view'), cast(unixepoch('subsec') * 1000 as integer)
from warehouse left join tabular on tabular.warehouse_id = warehouse.id
group by warehouse.id;
