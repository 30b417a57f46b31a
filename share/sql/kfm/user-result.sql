-- {"username","role","plan","role_before","hash","user_id"} -> what became of the user; an error where it is not as was asked
select $1->>'username' as username, r.role, $1->>'role_before' as role_before,
  case when not written then 'error' when $1->>'plan' = 'create' then 'created'
    when $1->>'role_before' <> $1->>'role' then 'role_changed' else 'changed' end as status,
  written and $1 ? 'hash' as password_changed, p.client_id,
  case when not $1 ? 'user_id' and not as_planned then pg_catalog.json_build_object('code', 'changed_meanwhile', 'message',
      pg_catalog.format('User ''%s'' was changed by another call meanwhile; nothing was changed by this one.', $1->>'username'))
    when not written then pg_catalog.json_build_object('code', 'not_written', 'message',
      pg_catalog.format('User ''%s'' was not written: the database kept the row out.', $1->>'username')) end as error
from (select $1->>'role' as role) as r
left join kfm.users u on u.id = ($1->>'user_id')::bigint
left join kfm.service_principals p on p.user_id = u.id
cross join lateral (select coalesce(u.role = r.role and u.is_active and (not $1 ? 'hash' or u.password = $1->>'hash')
  and (not $1 ? 'email' or u.email = $1->>'email')
  and ($1->>'service_principal' = 'yes') = (p.user_id is not null)
  and (not $1 ? 'expires' or u.expires_at is not distinct from nullif($1->>'expires', 'never')::timestamptz), false) as written) as w
cross join lateral (select case when $1->>'plan' = 'create' then not exists (select from kfm.users o where pg_catalog.lower(o.username) = pg_catalog.lower($1->>'username'))
  else exists (select from kfm.users o where pg_catalog.lower(o.username) = pg_catalog.lower($1->>'username')
    and coalesce(o.password_changed_at::text, '') = $1->>'seen' and o.role = $1->>'role_before') end as as_planned) as a
