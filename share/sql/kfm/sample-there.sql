-- {"records":[...]} -> "there": how many rows of each kind of the sample there are
with sample as (
  select * from pg_catalog.jsonb_to_recordset($1->'records') as r (kind text, id text, from_id text, relation text, to_id text)
), found as (
  select s.kind from sample s join kfm.datasets t on t.id = s.id and t.is_sample where s.kind = 'dataset'
  union all select s.kind from sample s join kfm.documents t on t.id = s.id where s.kind = 'document'
  union all select s.kind from sample s join kfm.places t on t.id = s.id where s.kind = 'place'
  union all select s.kind from sample s join kfm.relations t on (t.from_id, t.kind, t.to_id) = (s.from_id, s.relation, s.to_id) where s.kind = 'relation'
)
select coalesce(pg_catalog.jsonb_agg(c), '[]') as there from (select kind, pg_catalog.count(*) as removed from found group by kind order by kind) as c
