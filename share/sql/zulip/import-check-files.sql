-- -> a refusal that names an upload without a file, a file that belongs to no row, or one whose name leads out of its folder
with files as (
  select r.name, r.element, r.element->>'path' as path, coalesce(r.element->>'s3_path', r.element->>'path') as known_as
  from pg_temp.import_rows as r where r.name in ('uploads', 'avatars', 'emoji', 'realm_icons') and r.element is not null
), wrong as (
  (select 1 as place, pg_catalog.concat(name, ': a file''s name leads out of its folder: ', coalesce(path, 'null')) as message
  from files where coalesce(path, '') = '' or path ~ '(^|/)\.\.?(/|$)' or path ~ '^/' or path ~ '[\u0001-\u001f\u007f]' limit 1)
  union all
  (select 2, pg_catalog.concat('uploads: no row of zerver_attachment is of the file ', known_as)
  from files where name = 'uploads' and not exists (select from pg_temp.import_rows as a
    where a.name = 'zerver_attachment' and a.element->>'path_id' = known_as) limit 1)
  union all
  (select 3, pg_catalog.concat('the row ', a.element->>'id', ' of zerver_attachment leads to a file that is not in the export: ', a.element->>'path_id')
  from pg_temp.import_rows as a where a.name = 'zerver_attachment' and a.element is not null
    and not exists (select from files where name = 'uploads' and known_as = a.element->>'path_id') limit 1)
  union all
  (select 4, pg_catalog.concat('avatars: the file ', path, ' is of the user ', element->>'user_profile_id', ', who is not in the export')
  from files where name = 'avatars' and not exists (select from pg_temp.import_rows as u
    where u.name = 'zerver_userprofile' and u.element->>'id' = files.element->>'user_profile_id') limit 1)
  union all
  (select 5, pg_catalog.concat('emoji: no row of zerver_realmemoji is of the file ', path)
  from files where name = 'emoji' and not exists (select from pg_temp.import_rows as e
    where e.name = 'zerver_realmemoji' and e.element->>'file_name' = files.element->>'file_name') limit 1)
)
select 'error' as status, pg_catalog.json_build_object('code', 'export', 'message', message) as error
from wrong order by place limit 1
