-- uploads have the names that were made for them
update pg_temp.import_rows as r set element = r.element || pg_catalog.jsonb_build_object('path_id', p.element->>'new')
from pg_temp.import_rows as p
where r.name = 'zerver_attachment' and p.name = 'path' and p.element->>'old' = r.element->>'path_id'
