-- {"realm_id","email"} -> "exists" where the organization has a user of that address: nothing is made for it, and that is no error
select 'exists' as status
from pg_catalog.jsonb_to_record($1) as r (realm_id int, email text)
where exists (select from zerver_userprofile as u where u.realm_id = r.realm_id
  and (pg_catalog.upper(u.delivery_email::text) = pg_catalog.upper(r.email) or pg_catalog.upper(u.email::text) = pg_catalog.upper(r.email)))
