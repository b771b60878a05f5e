-- Tables of other formats than Iceberg's share names and locations with tables and views. Rows that are there hold one of the
-- former kinds, so they need not be looked at under a lock.
alter table tabular
    drop constraint tabular_kind_check,
    add constraint tabular_kind_check check (kind in ('table', 'view', 'generic-table')) not valid,
    -- What the files of a generic table are; null for tables and views.
    add column format text;
