-- {"records":[...]} -> "written": {"kind","id","dataset_id","n"} of each row that this transaction has written, n its place in records
with us as (
  select (pg_catalog.txid_current() % 4294967296)::text as xid
), given as (
  select n, kind, id, from_id, relation, to_id
  from pg_catalog.jsonb_array_elements($1->'records') with ordinality as e (record, n),
    pg_catalog.jsonb_to_record(record) as r (kind text, id text, from_id text, relation text, to_id text)
), found as (
  select n, g.kind, t.id, t.id as dataset_id from given g join kfm.datasets t on t.id = g.id, us where g.kind = 'dataset' and t.xmin::text = xid
  union all
  select n, g.kind, t.id, dataset_id from given g join kfm.documents t on t.id = g.id, us where g.kind = 'document' and t.xmin::text = xid
  union all
  select n, g.kind, t.id, dataset_id from given g join kfm.places t on t.id = g.id, us where g.kind = 'place' and t.xmin::text = xid
  union all
  select n, g.kind, pg_catalog.concat(t.from_id, ' ', t.kind, ' ', t.to_id), dataset_id
  from given g join kfm.relations t on (t.from_id, t.kind, t.to_id) = (g.from_id, g.relation, g.to_id), us
  where g.kind = 'relation' and t.xmin::text = xid
)
select coalesce(pg_catalog.jsonb_agg(found), '[]') as written from found
