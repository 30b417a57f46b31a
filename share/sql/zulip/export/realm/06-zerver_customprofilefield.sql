-- -> rows of zerver_customprofilefield, for realm.json
select
  t.id, t.realm_id as realm, t.name, t.hint, t."order", t.display_in_profile_summary, t.required, t.editable_by_user,
  t.field_type, t.field_data
from zerver_customprofilefield as t
where t.realm_id = (select id from realm)
order by t.id
