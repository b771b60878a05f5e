-- Bytes of the bodies of all events up to this one: what lies between two events is a difference. Null in what the last release has written.
alter table outbox add column bytes_until integer;
