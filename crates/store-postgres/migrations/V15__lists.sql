-- All that a list shows of tables and views: it need not visit their rows, of which a page holds four, with their metadata.
create index tabular_list on tabular (namespace_id, kind, name_key)
    include (id, name, protected, format, deleted_at);
drop index tabular_kind;
