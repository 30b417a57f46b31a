-- {"path","size","last_modified"} -> what records.json has of an upload
select a.realm_id, a.owner_id as user_profile_id, u.email as user_profile_email, a.path_id as s3_path, a.path_id as path,
  ($1->>'size')::bigint as size, pg_catalog.regexp_replace(($1->>'last_modified')::float8::text, '^[0-9]+$', '\&.0')::json as last_modified,
  null as content_type
from zerver_attachment as a join zerver_userprofile as u on u.id = a.owner_id
where a.path_id = $1->>'path'
