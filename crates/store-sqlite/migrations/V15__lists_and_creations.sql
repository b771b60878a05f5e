-- All that a list shows of tables and views: it need not visit their rows, which are large, with their metadata.
create index tabular_list on tabular
    (namespace_id, kind, name_key, id, name, protected, format, deleted_at);
drop index tabular_kind;
