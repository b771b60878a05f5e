-- What was soft-deleted, and tasks as people see them.

-- The namespace whose drop this one went with; null while it is live. It comes back with, or goes for good with, what was
-- soft-deleted in it.
alter table namespace add column dropped_with uuid;
drop index namespace_path;
create unique index namespace_path on namespace (warehouse_id, path_key) where dropped_with is null;
create index namespace_dropped on namespace (dropped_with) where dropped_with is not null;

-- Its path may be another's until it is back.
create function grants_of_namespace_rest() returns trigger language plpgsql as $$
begin
    update grant_entry set is_live = new.dropped_with is null
    where securable = 'namespace/' || new.id;
    return null;
end $$;
create trigger namespace_grants_rest after update of dropped_with on namespace
    for each row execute function grants_of_namespace_rest();

-- Whether its files are deleted when it expires; null while it is live.
alter table tabular add column purges boolean;
create index tabular_deleted on tabular (warehouse_id, id) where deleted_at is not null;

-- A task of a project has no warehouse.
alter table task alter column warehouse_id drop not null;
alter table task add column project_id text collate "C"
    constraint task_project references project (id) on delete cascade;
update task set project_id = (select project_id from warehouse where id = task.warehouse_id);
alter table task alter column project_id set not null;
-- Whose turn it counts for.
alter table task add column holder text collate "C" not null
    generated always as (coalesce(warehouse_id::text, project_id)) stored;
-- The table or view that it is about; its path is a JSON array.
alter table task add column tabular_id uuid;
alter table task add column tabular_kind text;
alter table task add column tabular_path text;
alter table task add column created_at bigint not null default 0;
-- When it was to be started; `due_at` moves on while it is claimed.
alter table task add column scheduled_for bigint not null default 0;
update task set created_at = due_at, scheduled_for = due_at;
alter table task alter column created_at drop default;
alter table task alter column scheduled_for drop default;
alter table task add column updated_at bigint;
alter table task add column picked_up_at bigint;
alter table task add column heartbeat_at bigint;
-- Whether its worker has been asked to stop.
alter table task add column is_to_stop boolean not null default false;
alter table task add column progress real not null default 0;
-- What its worker has reported, a JSON object.
alter table task add column details text;

drop index task_due;
create index task_due on task (queue, holder, due_at, id);
create index task_holder on task (holder, id);
create index task_tabular on task (tabular_id) where tabular_id is not null;
create unique index task_of_project on task (queue, project_id) where warehouse_id is null;

drop table task_turn;
create table task_turn (
    warehouse_id uuid constraint task_turn_warehouse references warehouse (id) on delete cascade,
    project_id text collate "C" constraint task_turn_project references project (id) on delete cascade,
    holder text collate "C" not null
        generated always as (coalesce(warehouse_id::text, project_id)) stored,
    queue text collate "C" not null,
    turn bigint not null,
    primary key (holder, queue)
);
create index task_turn_order on task_turn (queue, turn);
insert into task_turn (warehouse_id, queue, turn)
select distinct warehouse_id, queue, 0 from task where warehouse_id is not null;

-- Attempts that have ended, each with what the task was then. Former entries tell too little to be shown.
drop table task_log;
create table task_log (
    sequence bigint generated always as identity primary key,
    task_id uuid not null,
    queue text collate "C" not null,
    project_id text collate "C" not null,
    warehouse_id uuid,
    holder text collate "C" not null
        generated always as (coalesce(warehouse_id::text, project_id)) stored,
    tabular_id uuid,
    tabular_kind text,
    tabular_path text,
    payload text not null,
    attempt integer not null,
    outcome text not null check (outcome in ('SUCCESS', 'FAILED', 'CANCELLED')),
    -- Whether it was the last attempt.
    is_last boolean not null,
    message text not null,
    created_at bigint not null,
    scheduled_for bigint not null,
    picked_up_at bigint,
    heartbeat_at bigint,
    progress real not null,
    details text,
    ended_at bigint not null
);
create index task_log_ended on task_log (project_id, ended_at, sequence);
create index task_log_task on task_log (task_id, attempt);
create index task_log_holder on task_log (holder, task_id) where is_last;

-- How the tasks of one warehouse or project are done in one queue; the configuration is a JSON object.
create table task_config (
    warehouse_id uuid constraint task_config_warehouse references warehouse (id) on delete cascade,
    project_id text collate "C" constraint task_config_project references project (id) on delete cascade,
    holder text collate "C" not null
        generated always as (coalesce(warehouse_id::text, project_id)) stored,
    queue text collate "C" not null,
    max_heartbeat_age bigint,
    config text not null,
    primary key (holder, queue)
);

-- Every task once, as it is or as it was when it ended.
create view task_state as
select id, queue, project_id, warehouse_id, holder, tabular_id, tabular_kind, tabular_path,
    case when worker is null then 'SCHEDULED' when is_to_stop then 'STOPPING' else 'RUNNING' end
        as status,
    scheduled_for, picked_up_at, attempt, heartbeat_at, progress, created_at, updated_at,
    payload, details, null::text as message
from task
union all
select task_id, queue, project_id, warehouse_id, holder, tabular_id, tabular_kind, tabular_path,
    outcome, scheduled_for, picked_up_at, attempt, heartbeat_at, progress, created_at, ended_at,
    payload, details, message
from task_log where is_last;
