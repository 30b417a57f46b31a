-- {"realm_id","salt"} -> how the names of each user's own pictures begin, below the folder of avatars
select u.id as user_id, concat(u.realm_id, '/',
  left(encode(sha256(convert_to(concat(u.id, ':', u.avatar_version, ':', $1->>'salt'), 'UTF8')), 'hex'), 40)) as path
from zerver_userprofile as u
where u.realm_id = ($1->>'realm_id')::int and u.avatar_source <> 'G'
