-- How often operations were called and what warehouses held, by the hour. Hours are told by their beginning.

create table endpoint_calls (
    project_id text collate "C" not null
        constraint endpoint_calls_project references project (id) on delete cascade,
    hour bigint not null,
    -- The nil UUID for what is about no warehouse. Counts stay when the warehouse goes.
    warehouse_id uuid not null,
    -- `GET /catalog/v1/{prefix}/namespaces`.
    route text collate "C" not null,
    status integer not null,
    calls bigint not null,
    first_at bigint not null,
    last_at bigint not null,
    primary key (project_id, hour, warehouse_id, route, status)
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);

create index endpoint_calls_hour on endpoint_calls (hour);

-- By how much the tables and views of a warehouse became more. A creation only ever adds a row, so that no two of them meet; rows of
-- one hour are put together later. No foreign key, for the same reason.
create table warehouse_change (
    warehouse_id uuid not null,
    hour bigint not null,
    tables bigint not null,
    views bigint not null,
    at bigint not null
) with (autovacuum_vacuum_scale_factor = 0.05);

create index warehouse_change_place on warehouse_change (warehouse_id, hour);
create index warehouse_change_hour on warehouse_change (hour);

create function now_ms() returns bigint language sql volatile parallel safe as
    'select (extract(epoch from clock_timestamp()) * 1000)::bigint';

create function tabular_counted() returns trigger language plpgsql as $$
declare
    sign constant integer := case tg_op when 'INSERT' then 1 else -1 end;
    at constant bigint := now_ms();
begin
    insert into warehouse_change (warehouse_id, hour, tables, views, at)
    select warehouse_id, at / 3600000 * 3600000, sign * count(*) filter (where kind = 'table'),
        sign * count(*) filter (where kind = 'view'), at
    from changed where kind in ('table', 'view') group by warehouse_id;
    return null;
end $$;

create function warehouse_counted() returns trigger language plpgsql as $$
declare
    at constant bigint := now_ms();
begin
    if tg_op = 'DELETE' then
        delete from warehouse_change where warehouse_id = old.id;
    else
        insert into warehouse_change values (new.id, at / 3600000 * 3600000, 0, 0, at);
    end if;
    return null;
end $$;

create trigger tabular_count_more after insert on tabular
    referencing new table as changed for each statement execute function tabular_counted();
create trigger tabular_count_less after delete on tabular
    referencing old table as changed for each statement execute function tabular_counted();
create trigger warehouse_count after insert or delete on warehouse
    for each row execute function warehouse_counted();

insert into warehouse_change (warehouse_id, hour, tables, views, at)
select warehouse.id, now_ms() / 3600000 * 3600000, count(*) filter (where kind = 'table'),
    count(*) filter (where kind = 'view'), now_ms()
from warehouse left join tabular on tabular.warehouse_id = warehouse.id
group by warehouse.id;
