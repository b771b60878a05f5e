-- Which event it is and whose doing, as JSON. A replica of the last release, which knows no ids, gets one for each.
alter table outbox add column origin text not null default '{"id":"' || gen_random_uuid() || '"}';

-- Events up to this place may have been removed.
create table outbox_trimmed (
    one integer primary key check (one = 1),
    sequence bigint not null
);

insert into outbox_trimmed (one, sequence)
select 1, coalesce((select min(sequence) - 1 from outbox), (select last_value from outbox_place where is_called), 0);

create table event_sink (
    name text collate "C" primary key,
    -- The place of the last event that it has got.
    cursor bigint not null,
    -- The process that brings events to it, and until when it is the only one.
    holder text,
    held_until bigint not null default 0
) with (fillfactor = 50);

create table dead_letter (
    number bigint generated always as identity primary key,
    sink text not null,
    sequence bigint not null,
    event_id uuid not null,
    reason text not null,
    attempts integer not null,
    at bigint not null
);

create index dead_letter_at on dead_letter (at);
