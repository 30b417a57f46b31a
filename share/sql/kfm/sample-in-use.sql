-- {"records":[...]} -> a refusal where others have added rows to the sample's datasets, or relations to its rows
with sample as (
  select * from pg_catalog.jsonb_to_recordset($1->'records') as r (kind text, id text, from_id text, relation text, to_id text)
), others as (
  select d.id from kfm.documents d where d.dataset_id in (select id from sample) and d.id not in (select id from sample where kind = 'document')
  union all
  select p.id from kfm.places p where p.dataset_id in (select id from sample) and p.id not in (select id from sample where kind = 'place')
  union all
  select pg_catalog.concat(e.from_id, ' ', e.kind, ' ', e.to_id) from kfm.relations e
  where (e.dataset_id in (select id from sample) or e.from_id in (select id from sample) or e.to_id in (select id from sample))
    and (e.from_id, e.kind, e.to_id) not in (select from_id, relation, to_id from sample where kind = 'relation')
)
select 'error' as status, pg_catalog.json_build_object('code', 'in_use', 'message', pg_catalog.format(
  'Nothing is removed: %s row(s) of others belong to the sample: %s', pg_catalog.count(*), pg_catalog.left(pg_catalog.string_agg(id, ', ' order by id), 200))) as error
from others having pg_catalog.count(*) > 0
