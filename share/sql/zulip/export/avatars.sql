-- {"realm_id","salt"} -> how the names of each user's own pictures begin, below the folder of avatars
select u.id as user_id, pg_catalog.concat(u.realm_id, '/',
  pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat(u.id, ':', u.avatar_version, ':', $1->>'salt'), 'UTF8')), 'hex'), 40)) as path
from zerver_userprofile as u
where u.realm_id = ($1->>'realm_id')::int and u.avatar_source::text <> 'G'
