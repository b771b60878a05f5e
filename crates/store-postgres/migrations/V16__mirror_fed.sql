-- Whether OpenFGA has been told all since the feed was switched on: until then nobody may be decided about by it.
alter table mirror_switch add column is_fed boolean not null default false;
update mirror_switch set is_fed = true;
