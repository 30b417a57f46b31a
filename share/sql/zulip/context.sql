-- {"external_host","texts","reserved","realm_id"} -> what holds for all records, for the statements after this one
-- Each text has a name, its Markdown and the HTML of that; "reserved" has a word a line.
select where pg_catalog.num_nonnulls(
  (select pg_catalog.set_config('rc.external_host', coalesce(r.external_host, ''), true) from pg_catalog.jsonb_to_record($1) as r (external_host text)),
  (select pg_catalog.set_config('rc.texts', coalesce(r.texts, '[]'), true) from pg_catalog.jsonb_to_record($1) as r (texts text)),
  (select pg_catalog.set_config('rc.reserved', coalesce(r.reserved, ''), true) from pg_catalog.jsonb_to_record($1) as r (reserved text)),
  (select pg_catalog.set_config('rc.realm_id', coalesce(r.realm_id, ''), true) from pg_catalog.jsonb_to_record($1) as r (realm_id text))) = 0
