-- {"realm","user_id","email","status"} -> what became of the user
select r.status, r.realm, r.user_id, r.email, case when r.ids is not null then pg_catalog.jsonb_array_length(r.ids) - 1 end as bots,
  r.old_role, r.new_role
from pg_catalog.jsonb_to_record($1) as r (status text, realm text, user_id int, email text, ids jsonb, old_role int, new_role int)
