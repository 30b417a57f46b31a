-- {"user_id","recipient_id","external_host"} -> the user has its recipient; where not all may see the address, another
-- one is shown in its place, at the organization's own host, or at the server's where that has a port or no dot
update zerver_userprofile as u set recipient_id = r.recipient_id, email = case
  when u.email_address_visibility = 1::int2 then u.delivery_email
  else pg_catalog.concat('user', u.id, '@', case
    when z.string_id::text <> '' and r.external_host ~ '^[^:]+$' then pg_catalog.concat(z.string_id, '.', r.external_host)
    else pg_catalog.regexp_replace(r.external_host, ':.*$', '') end) end
from pg_catalog.jsonb_to_record($1) as r (user_id int, recipient_id int, external_host text), zerver_realm as z
where u.id = r.user_id and z.id = u.realm_id
