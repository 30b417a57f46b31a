-- {"records":[{"kind":"document","id","dataset_id","title","body","attributes","updated_at","deleted_at"}]} -> the documents; a changed
-- one gets the next version
insert into kfm.documents as t (id, dataset_id, title, body, attributes, updated_at, deleted_at)
select id, dataset_id, title, coalesce(body, ''), coalesce(attributes, '{}'), coalesce(updated_at, pg_catalog.now()), deleted_at
from pg_catalog.jsonb_to_recordset($1->'records') as r (kind text, id text, dataset_id text, title text, body text, attributes jsonb,
  updated_at timestamptz, deleted_at timestamptz)
where kind = 'document'
on conflict (id) do update set dataset_id = excluded.dataset_id, version = t.version + 1, title = excluded.title, body = excluded.body,
  attributes = excluded.attributes, updated_at = pg_catalog.now(), deleted_at = excluded.deleted_at
where (t.dataset_id, t.title, t.body, t.attributes, t.deleted_at) is distinct from
  (excluded.dataset_id, excluded.title, excluded.body, excluded.attributes, excluded.deleted_at)
