-- -> a refusal that names a message which somebody has edited who is not in the export
select 'error' as status, pg_catalog.json_build_object('code', 'export', 'message', pg_catalog.concat(
  'the row ', r.element->>'id', ' of zerver_message leads to a row that is not in the export: edit_history has the user ', e.value->>'user_id')) as error
from pg_temp.import_rows as r
cross join lateral pg_catalog.json_array_elements((r.element->>'edit_history')::json) as e (value)
where r.name = 'zerver_message' and r.element->>'edit_history' is not null and e.value->>'user_id' is not null
  and case when pg_catalog.json_typeof(e.value->'user_id') <> 'number' then true
    else not exists (select from pg_temp.import_ids as i where i.relation = 'zerver_userprofile' and i.old = (e.value->>'user_id')::bigint) end
limit 1
