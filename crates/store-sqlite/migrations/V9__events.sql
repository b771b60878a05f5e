-- Which event it is and whose doing, as JSON.
alter table outbox add column origin text not null default '';
update outbox set origin = '{"id":"' || lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4'
    || substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))) || '"}';

-- Events up to this place may have been removed.
create table outbox_trimmed (
    one integer primary key check (one = 1),
    sequence integer not null
) strict;

insert into outbox_trimmed (one, sequence)
select 1, coalesce((select min(sequence) - 1 from outbox), (select seq from sqlite_sequence where name = 'outbox'), 0);

create table event_sink (
    name text primary key not null,
    -- The place of the last event that it has got.
    cursor integer not null,
    -- The process that brings events to it, and until when it is the only one.
    holder text,
    held_until integer not null default 0
) strict, without rowid;

create table dead_letter (
    number integer primary key autoincrement,
    sink text not null,
    sequence integer not null,
    event_id blob not null check (length(event_id) = 16),
    reason text not null,
    attempts integer not null,
    at integer not null
) strict;

create index dead_letter_at on dead_letter (at);
