-- users get no password that fits, a new API key and uuid, and are to read the terms of this server
update pg_temp.import_rows as r set element = r.element || pg_catalog.jsonb_build_object(
  'password', pg_catalog.concat('!', pg_catalog.left(pg_catalog.replace(pg_catalog.concat(pg_catalog.gen_random_uuid(), pg_catalog.gen_random_uuid()), '-', ''), 40)),
  'api_key', pg_catalog.replace(pg_catalog.gen_random_uuid()::text, '-', ''),
  'uuid', pg_catalog.gen_random_uuid(), 'tos_version', '-1',
  'last_active_message_id', (select i.new from pg_temp.import_ids as i
    where i.relation = 'zerver_message' and i.old = (r.element->>'last_active_message_id')::bigint))
where r.name = 'zerver_userprofile' and r.element is not null
