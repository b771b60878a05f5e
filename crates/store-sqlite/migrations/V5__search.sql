-- What tables and views are found by when somebody searches: triples of letters of their names. Words are parted by `_`, `-` and `.`;
-- the same in `store::TabularSearch`. Triggers keep it, in the transaction of whatever makes, renames or drops a table. A layout
-- that makes `tabular` anew makes them anew, too.
create virtual table tabular_search using fts5(
    name, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1'
);

-- Which number a table or view has in there.
create table tabular_number (
    number integer primary key,
    tabular_id blob not null unique check (length(tabular_id) = 16)
) strict;

create view tabular_words (tabular_id, number, name) as
    select id, number, '  ' || replace(replace(replace(name_key, '_', ' '), '-', ' '), '.', ' ') || '  '
    from tabular join tabular_number on tabular_id = id;

create trigger tabular_search_new after insert on tabular begin
    insert into tabular_number (tabular_id) values (new.id);
    insert into tabular_search (rowid, name) select number, name from tabular_words where tabular_id = new.id;
end;

create trigger tabular_search_dropped before delete on tabular begin
    delete from tabular_search where rowid = (select number from tabular_number where tabular_id = old.id);
    delete from tabular_number where tabular_id = old.id;
end;

-- A commit does not set the name, so it does not get here.
create trigger tabular_search_renamed after update of name_key on tabular begin
    delete from tabular_search where rowid = (select number from tabular_number where tabular_id = new.id);
    insert into tabular_search (rowid, name) select number, name from tabular_words where tabular_id = new.id;
end;

insert into tabular_number (tabular_id) select id from tabular;
insert into tabular_search (rowid, name) select number, name from tabular_words;
