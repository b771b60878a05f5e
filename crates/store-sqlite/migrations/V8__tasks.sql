-- What was soft-deleted, and tasks as people see them.

-- The namespace whose drop this one went with; null while it is live. It comes back with, or goes for good with, what was
-- soft-deleted in it.
alter table namespace add column dropped_with blob check (length(dropped_with) = 16);
drop index namespace_path;
create unique index namespace_path on namespace (warehouse_id, path_key) where dropped_with is null;
create index namespace_dropped on namespace (dropped_with) where dropped_with is not null;

-- Its path may be another's until it is back.
create trigger namespace_grants_rest after update of dropped_with on namespace begin
    update grant_entry set is_live = new.dropped_with is null
    where securable = 'namespace/' || lower(substr(hex(new.id), 1, 8) || '-' || substr(hex(new.id), 9, 4) || '-' ||
        substr(hex(new.id), 13, 4) || '-' || substr(hex(new.id), 17, 4) || '-' || substr(hex(new.id), 21));
end;

-- Whether its files are deleted when it expires; null while it is live.
alter table tabular add column purges integer check (purges in (0, 1));
create index tabular_deleted on tabular (warehouse_id, id) where deleted_at is not null;

alter table task rename to former_task;
drop index task_due;
drop index task_warehouse;

create table task (
    id blob primary key not null check (length(id) = 16),
    queue text not null,
    project_id text not null references project (id) on delete cascade,
    -- A task of a project has none.
    warehouse_id blob references warehouse (id) on delete restrict,
    -- Whose turn it counts for.
    holder text not null generated always as
        (case when warehouse_id is null then project_id else lower(hex(warehouse_id)) end) stored,
    -- The table or view that it is about; its path is a JSON array.
    tabular_id blob check (length(tabular_id) = 16),
    tabular_kind text,
    tabular_path text,
    -- While a purge waits, the location that it will empty: nothing new may be put there.
    subject text not null,
    payload text not null,
    created_at integer not null,
    -- When it was to be started; `due_at` moves on while it is claimed.
    scheduled_for integer not null,
    updated_at integer,
    -- A waiting task may be started from here on; a claimed one is due again when its lease ends.
    due_at integer not null,
    -- Who has claimed it; null while it waits.
    worker text,
    attempt integer not null default 0,
    picked_up_at integer,
    heartbeat_at integer,
    -- Whether its worker has been asked to stop.
    is_to_stop integer not null default 0 check (is_to_stop in (0, 1)),
    progress real not null default 0,
    -- What its worker has reported, a JSON object.
    details text
) strict;

insert into task (id, queue, project_id, warehouse_id, subject, payload, created_at, scheduled_for,
    due_at, attempt)
select former_task.id, queue, project_id, warehouse_id, subject, payload, due_at, due_at, due_at,
    attempt
from former_task join warehouse on warehouse.id = former_task.warehouse_id;
drop table former_task;

create index task_due on task (queue, holder, due_at, id);
create index task_warehouse on task (warehouse_id, subject);
create index task_project on task (project_id);
create index task_holder on task (holder, id);
create index task_tabular on task (tabular_id) where tabular_id is not null;
create unique index task_of_project on task (queue, project_id) where warehouse_id is null;

drop table task_turn;
create table task_turn (
    warehouse_id blob references warehouse (id) on delete cascade,
    project_id text references project (id) on delete cascade,
    holder text not null generated always as
        (case when warehouse_id is null then project_id else lower(hex(warehouse_id)) end) stored,
    queue text not null,
    turn integer not null
) strict;
create unique index task_turn_holder on task_turn (holder, queue);
create index task_turn_order on task_turn (queue, turn);
create index task_turn_warehouse on task_turn (warehouse_id);
create index task_turn_project on task_turn (project_id);
insert into task_turn (warehouse_id, queue, turn) select distinct warehouse_id, queue, 0 from task;

-- Attempts that have ended, each with what the task was then. Former entries tell too little to be shown.
drop table task_log;
create table task_log (
    sequence integer primary key autoincrement,
    task_id blob not null check (length(task_id) = 16),
    queue text not null,
    project_id text not null,
    warehouse_id blob check (length(warehouse_id) = 16),
    holder text not null generated always as
        (case when warehouse_id is null then project_id else lower(hex(warehouse_id)) end) stored,
    tabular_id blob check (length(tabular_id) = 16),
    tabular_kind text,
    tabular_path text,
    payload text not null,
    attempt integer not null,
    outcome text not null check (outcome in ('SUCCESS', 'FAILED', 'CANCELLED')),
    -- Whether it was the last attempt.
    is_last integer not null check (is_last in (0, 1)),
    message text not null,
    created_at integer not null,
    scheduled_for integer not null,
    picked_up_at integer,
    heartbeat_at integer,
    progress real not null,
    details text,
    ended_at integer not null
) strict;
create index task_log_ended on task_log (project_id, ended_at, sequence);
create index task_log_task on task_log (task_id, attempt);
create index task_log_holder on task_log (holder, task_id) where is_last;

-- How the tasks of one warehouse or project are done in one queue; the configuration is a JSON object.
create table task_config (
    warehouse_id blob references warehouse (id) on delete cascade,
    project_id text references project (id) on delete cascade,
    holder text not null generated always as
        (case when warehouse_id is null then project_id else lower(hex(warehouse_id)) end) stored,
    queue text not null,
    max_heartbeat_age integer,
    config text not null
) strict;
create unique index task_config_holder on task_config (holder, queue);
create index task_config_warehouse on task_config (warehouse_id);
create index task_config_project on task_config (project_id);

-- Every task once, as it is or as it was when it ended.
create view task_state as
select id, queue, project_id, warehouse_id, holder, tabular_id, tabular_kind, tabular_path,
    case when worker is null then 'SCHEDULED' when is_to_stop then 'STOPPING' else 'RUNNING' end
        as status,
    scheduled_for, picked_up_at, attempt, heartbeat_at, progress, created_at, updated_at,
    payload, details, null as message
from task
union all
select task_id, queue, project_id, warehouse_id, holder, tabular_id, tabular_kind, tabular_path,
    outcome, scheduled_for, picked_up_at, attempt, heartbeat_at, progress, created_at, ended_at,
    payload, details, message
from task_log where is_last;
