-- The task that has made a task: an expiry makes purges.
alter table task add column parent_id uuid;
alter table task_log add column parent_id uuid;

-- Every task once, as it is or as it was when it ended.
drop view task_state;
create view task_state as
select id, queue, parent_id, project_id, warehouse_id, holder, tabular_id, tabular_kind, tabular_path,
    case when worker is null then 'SCHEDULED' when is_to_stop then 'STOPPING' else 'RUNNING' end
        as status,
    scheduled_for, picked_up_at, attempt, heartbeat_at, progress, created_at, updated_at,
    payload, details, null::text as message
from task
union all
select task_id, queue, parent_id, project_id, warehouse_id, holder, tabular_id, tabular_kind,
    tabular_path, outcome, scheduled_for, picked_up_at, attempt, heartbeat_at, progress, created_at,
    ended_at, payload, details, message
from task_log where is_last;
