-- Facts are read by their keys, kind by kind: nothing asks the view of all of them any more.
drop view mirror_fact;
