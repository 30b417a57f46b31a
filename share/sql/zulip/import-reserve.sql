-- {"salt"} -> the numbers of the organization and of its users, new names of uploads, and where each file goes below the folder of
-- uploads: they are made before all else, so that files can be copied first. A number that no row gets in the end is passed over.
with realm as (
  select (r.element->>'id')::bigint as old,
    pg_catalog.nextval(pg_catalog.pg_get_serial_sequence(pg_catalog.to_regclass('zerver_realm')::text, 'id')::regclass) as new
  from pg_temp.import_rows as r where r.name = 'zerver_realm' and r.element is not null
), users as (
  select u.old, pg_catalog.nextval(u.sequence) as new
  from (select (r.element->>'id')::bigint as old,
      pg_catalog.pg_get_serial_sequence(pg_catalog.to_regclass('zerver_userprofile')::text, 'id')::regclass as sequence
    from pg_temp.import_rows as r where r.name = 'zerver_userprofile' and r.element is not null order by 1 offset 0) as u
), paths as (
  select r.element->>'path_id' as old, pg_catalog.concat(z.new, '/',
    pg_catalog.to_hex(pg_catalog.get_byte(pg_catalog.uuid_send(pg_catalog.gen_random_uuid()), 0)), '/',
    pg_catalog.left(pg_catalog.translate(pg_catalog.encode(pg_catalog.uuid_send(pg_catalog.gen_random_uuid()) ||
      pg_catalog.uuid_send(pg_catalog.gen_random_uuid()), 'base64'), '+/', '-_'), 24), '/',
    pg_catalog.regexp_replace(r.element->>'path_id', '^.*/', '')) as new
  from pg_temp.import_rows as r, realm as z where r.name = 'zerver_attachment' and r.element is not null
), files as (
  select r.name, r.element, r.element->>'path' as path, coalesce(r.element->>'s3_path', r.element->>'path') as known_as
  from pg_temp.import_rows as r where r.name in ('uploads', 'avatars', 'emoji', 'realm_icons') and r.element is not null
), places as (
  select f.name, f.path, pg_catalog.concat('files/', p.new) as place from files as f join paths as p on p.old = f.known_as where f.name = 'uploads'
  union all
  select f.name, f.path, pg_catalog.concat('avatars/', z.new, '/', pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(
      pg_catalog.concat(u.new, ':', f.element->>'avatar_version', ':', $1->>'salt'), 'UTF8')), 'hex'), 40),
    case when f.path ~ '\.original$' then '.original' else '.png' end)
  from files as f join users as u on u.old = (f.element->>'user_profile_id')::bigint, realm as z where f.name = 'avatars'
  union all
  select f.name, f.path, pg_catalog.concat('avatars/', z.new, '/emoji/images/', f.element->>'file_name', case when f.path ~ '\.original$' then '.original' end)
  from files as f, realm as z where f.name = 'emoji'
  union all
  select f.name, f.path, pg_catalog.concat('avatars/', z.new, '/realm/', pg_catalog.regexp_replace(f.path, '^.*/', ''))
  from files as f, realm as z where f.name = 'realm_icons'
)
select 'reserved' as name, pg_catalog.json_build_object('relation', 'zerver_realm', 'old', old, 'new', new) as element from realm
union all select 'reserved', pg_catalog.json_build_object('relation', 'zerver_userprofile', 'old', old, 'new', new) from users
union all select 'path', pg_catalog.json_build_object('old', old, 'new', new) from paths
union all select 'file', pg_catalog.json_build_object('from', pg_catalog.concat(name, '/', path), 'to', place) from places
