-- {"realm_id","user_id","email"} -> who was invited has come (2)
update zerver_preregistrationuser as p set status = 2
from pg_catalog.jsonb_to_record($1) as r (realm_id int, user_id int, email text)
where r.user_id is not null and p.realm_id = r.realm_id and pg_catalog.upper(p.email::text) = pg_catalog.upper(r.email)
