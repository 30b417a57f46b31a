-- {"records":[...]} -> a refusal where a row of the sample is not there: the database kept it out
select 'error' as status, pg_catalog.json_build_object('code', 'not_written', 'message',
  pg_catalog.format('The sample was not written: the database kept out %s row(s).', missing)) as error
from (
  select pg_catalog.count(*) as missing
  from pg_catalog.jsonb_to_recordset($1->'records') as r (kind text, id text, from_id text, relation text, to_id text)
  left join kfm.datasets s on r.kind = 'dataset' and s.id = r.id
  left join kfm.documents d on r.kind = 'document' and d.id = r.id
  left join kfm.places p on r.kind = 'place' and p.id = r.id
  left join kfm.relations e on r.kind = 'relation' and (e.from_id, e.kind, e.to_id) = (r.from_id, r.relation, r.to_id)
  where coalesce(s.id, d.id, p.id, e.from_id) is null
) as m
where missing > 0
