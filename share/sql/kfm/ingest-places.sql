-- {"records":[{"kind":"place","id","dataset_id","name","longitude","latitude","updated_at","deleted_at"}]} -> the places
insert into kfm.places as t (id, dataset_id, name, longitude, latitude, updated_at, deleted_at)
select id, dataset_id, name, longitude, latitude, coalesce(updated_at, pg_catalog.now()), deleted_at
from pg_catalog.jsonb_to_recordset($1->'records') as r (kind text, id text, dataset_id text, name text, longitude double precision,
  latitude double precision, updated_at timestamptz, deleted_at timestamptz)
where kind = 'place'
on conflict (id) do update set dataset_id = excluded.dataset_id, name = excluded.name, longitude = excluded.longitude,
  latitude = excluded.latitude, updated_at = pg_catalog.now(), deleted_at = excluded.deleted_at
where (t.dataset_id, t.name, t.longitude, t.latitude, t.deleted_at) is distinct from
  (excluded.dataset_id, excluded.name, excluded.longitude, excluded.latitude, excluded.deleted_at)
