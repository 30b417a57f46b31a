-- {"export_id"} -> the record of what has begun, or a refusal where the database kept the row out
select r.realm_id, r.string_id, r.export_id, case when e.id is null then 'error' end as status, case when e.id is null then
  pg_catalog.json_build_object('code', 'not_written', 'message', 'The export was not noted: the database kept the row out (zerver_realmexport).') end as error
from pg_catalog.jsonb_to_record($1) as r (realm_id int, string_id text, export_id bigint)
left join zerver_realmexport as e on e.id = r.export_id
