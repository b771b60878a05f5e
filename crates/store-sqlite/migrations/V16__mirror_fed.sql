-- Whether OpenFGA has been told all since the feed was switched on: until then nobody may be decided about by it.
alter table mirror_switch add column is_fed integer not null default 0 check (is_fed in (0, 1));
update mirror_switch set is_fed = 1;
