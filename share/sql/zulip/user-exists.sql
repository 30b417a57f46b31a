-- {"realm_id","email"} -> a refusal where the organization has a user of that address, in upper or lower case
select 'error' as status, pg_catalog.json_build_object('code', 'exists', 'message', 'User already exists.') as error
from pg_catalog.jsonb_to_record($1) as r (realm_id int, email text)
where exists (select from zerver_userprofile as u where u.realm_id = r.realm_id
  and (pg_catalog.upper(u.delivery_email::text) = pg_catalog.upper(r.email) or pg_catalog.upper(u.email::text) = pg_catalog.upper(r.email)))
