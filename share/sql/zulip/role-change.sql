-- {"status","user_id","new_role"}
update zerver_userprofile as u set role = r.new_role
from pg_catalog.jsonb_to_record($1) as r (status text, user_id int, new_role int)
where r.status = 'changed' and u.id = r.user_id
