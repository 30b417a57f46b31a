-- {"ids"} -> they can't log in any more
update zerver_userprofile as u set is_active = false
from pg_catalog.jsonb_to_record($1) as r (ids jsonb), pg_catalog.jsonb_array_elements_text(r.ids) as one (id)
where u.id = one.id::int
