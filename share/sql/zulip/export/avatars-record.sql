-- {"path","size","last_modified","user_id"} -> what records.json has of a user's picture
select u.realm_id, u.id as user_profile_id, u.email as user_profile_email, u.avatar_version, $1->>'path' as s3_path, $1->>'path' as path,
  ($1->>'size')::bigint as size, pg_catalog.regexp_replace(($1->>'last_modified')::float8::text, '^[0-9]+$', '\&.0')::json as last_modified,
  null as content_type
from zerver_userprofile as u
where u.id = ($1->>'user_id')::int
