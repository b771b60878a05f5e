-- Bytes of the bodies of all events up to this one, given with its place: what lies between two events is a difference. Null in what the last
-- release has written.
alter table outbox add column bytes_until bigint;
