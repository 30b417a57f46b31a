-- {"ids"} -> what they are subscribed to knows it
update zerver_subscription as s set is_user_active = false
from pg_catalog.jsonb_to_record($1) as r (ids jsonb), pg_catalog.jsonb_array_elements_text(r.ids) as one (id)
where s.user_profile_id = one.id::int
