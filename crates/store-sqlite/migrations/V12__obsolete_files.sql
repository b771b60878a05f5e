-- Metadata files that commits have made obsolete, until the task of their table has deleted them.
create table obsolete_file (
    number integer primary key autoincrement,
    tabular_id blob not null check (length(tabular_id) = 16),
    location text not null
) strict;
create index obsolete_file_tabular on obsolete_file (tabular_id, number);

-- A table has one such task at most, and of those that it had the log keeps the last that was done.
create unique index task_metadata_cleanup on task (tabular_id) where queue = 'metadata_cleanup';
create index task_log_metadata_cleanup on task_log (tabular_id)
    where queue = 'metadata_cleanup' and outcome = 'SUCCESS';

create trigger tabular_obsolete_files_go after delete on tabular begin
    delete from obsolete_file where tabular_id = old.id;
    delete from task where tabular_id = old.id and queue = 'metadata_cleanup';
end;
