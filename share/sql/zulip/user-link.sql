-- {"user_id","recipient_id"} -> the user has its recipient; where not all may see the address, another
-- one is shown in its place, at the organization's own host, or at the server's where that has a port or no dot
update zerver_userprofile as u set recipient_id = r.recipient_id, email = case
  when u.email_address_visibility = 1::int2 then u.delivery_email
  else pg_catalog.concat('user', u.id, '@', case
    when z.string_id::text <> '' and host.name ~ '^[^:]+$' then pg_catalog.concat(z.string_id, '.', host.name)
    else pg_catalog.regexp_replace(host.name, ':.*$', '') end) end
from pg_catalog.jsonb_to_record($1) as r (user_id int, recipient_id int), zerver_realm as z,
  (select pg_catalog.current_setting('rc.external_host') as name) as host
where u.id = r.user_id and z.id = u.realm_id
