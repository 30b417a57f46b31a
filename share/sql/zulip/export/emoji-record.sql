-- {"realm_id","path"} -> what records.json has of an emoji's picture
select e.realm_id, e.author_id as author, $1->>'path' as path, $1->>'path' as s3_path, e.file_name, e.name, e.deactivated
from zerver_realmemoji as e
where e.realm_id = ($1->>'realm_id')::int
  and $1->>'path' in (pg_catalog.concat(e.realm_id, '/emoji/images/', e.file_name), pg_catalog.concat(e.realm_id, '/emoji/images/', e.file_name, '.original'))
