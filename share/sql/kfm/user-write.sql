-- {"username","role","email","expires","hash","seen"} -> "user_id"; no row where the user is another one than was planned
insert into kfm.users as u (username, email, role, password, password_changed_at, expires_at)
select r.username, r.email, r.role, r.hash, pg_catalog.clock_timestamp(), nullif(r.expires, 'never')::timestamptz
from pg_catalog.jsonb_to_record($1) as r (username text, email text, role text, hash text, expires text)
on conflict (pg_catalog.lower(username)) do update set
  role = excluded.role,
  email = case when $1 ? 'email' then excluded.email else u.email end,
  expires_at = case when $1 ? 'expires' then excluded.expires_at else u.expires_at end,
  password = coalesce(excluded.password, u.password),
  password_changed_at = case when excluded.password is null then u.password_changed_at else excluded.password_changed_at end,
  is_active = true
where $1->>'plan' = 'change' and coalesce(u.password_changed_at::text, '') = $1->>'seen' and u.role = $1->>'role_before'
returning u.id as user_id
