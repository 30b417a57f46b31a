-- -> rows of zerver_customprofilefieldvalue, for realm.json
select
  t.id, t.user_profile_id as user_profile, t.field_id as field, t.value, t.rendered_value
from zerver_customprofilefieldvalue as t
where t.user_profile_id in (select id from users)
order by t.id
