-- {"email"}, the organization in the context -> its user of that address, in upper or lower case, locked; or that there is none
select z.id as realm_id, z.string_id as realm, u.id as user_id, u.role as old_role, u.is_active, u.is_bot,
  case when u.id is null then 'error' end as status,
  case when u.id is null then pg_catalog.json_build_object('code', 'no_user', 'message',
    pg_catalog.concat('The organization ''', z.string_id, ''' has no user with the address ''', r.email, '''.')) end as error
from pg_catalog.jsonb_to_record($1) as r (email text)
join zerver_realm as z on z.id = pg_catalog.current_setting('rc.realm_id')::int
left join lateral (select p.id, p.role, p.is_active, p.is_bot from zerver_userprofile as p
  where p.realm_id = z.id and pg_catalog.upper(p.delivery_email::text) = pg_catalog.upper(r.email) for no key update of p) as u on true
