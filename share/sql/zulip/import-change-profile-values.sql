-- profile fields that hold users (type 6) have a list of their numbers
update pg_temp.import_rows as r set element = r.element || pg_catalog.jsonb_build_object('value', (
  select pg_catalog.concat('[', pg_catalog.string_agg(coalesce(i.new::text, u.id), ',' order by u.place), ']')
  from pg_catalog.json_array_elements_text((r.element->>'value')::json) with ordinality as u (id, place)
  left join pg_temp.import_ids as i on i.relation = 'zerver_userprofile' and i.old = u.id::bigint))
from pg_temp.import_rows as f
where r.name = 'zerver_customprofilefieldvalue' and f.name = 'zerver_customprofilefield'
  and f.element->>'id' = r.element->>'field' and f.element->>'field_type' = '6'
