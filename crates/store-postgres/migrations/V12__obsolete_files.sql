-- Metadata files that commits have made obsolete, until the task of their table has deleted them. No foreign key: a commit holds the
-- table's row when it notes something, and a trigger removes what is noted of a table that goes.
create table obsolete_file (
    tabular_id uuid not null,
    number bigint not null generated always as identity,
    location text not null,
    primary key (tabular_id, number)
) with (autovacuum_vacuum_scale_factor = 0.05);

-- A table has one such task at most, and of those that it had the log keeps the last that was done.
create unique index task_metadata_cleanup on task (tabular_id) where queue = 'metadata_cleanup';
create index task_log_metadata_cleanup on task_log (tabular_id)
    where queue = 'metadata_cleanup' and outcome = 'SUCCESS';

-- Commits that could remove something run it too, and remove nothing. The rest is written so that indexes by the table's id are what is left to a
-- planner that has seen empty tables.
create function obsolete_files_of_tabular_go() returns trigger language plpgsql as $$
declare
    ids constant uuid[] := array(select id from gone);
begin
    if cardinality(ids) > 0 then
        delete from obsolete_file where tabular_id = any(ids);
        delete from task where tabular_id = any(ids) and coalesce(queue, '') = 'metadata_cleanup';
    end if;
    return null;
end $$;
create trigger tabular_obsolete_files_go after delete on tabular
    referencing old table as gone for each statement execute function obsolete_files_of_tabular_go();
