-- -> rows of zerver_namedusergroup, for realm.json
select
  t.usergroup_ptr_id as id, t.usergroup_ptr_id as usergroup_ptr, t.name, t.description,
  pg_catalog.regexp_replace(extract(epoch from t.date_created)::float8::text, '^-?[0-9]+$', '\&.0')::json as date_created,
  t.creator_id as creator, t.is_system_group, t.can_add_members_group_id as can_add_members_group,
  t.can_join_group_id as can_join_group, t.can_leave_group_id as can_leave_group, t.can_manage_group_id as can_manage_group,
  t.can_mention_group_id as can_mention_group, t.can_remove_members_group_id as can_remove_members_group,
  t.realm_id as realm_for_sharding, t.deactivated
from zerver_namedusergroup as t
where t.realm_id = (select id from realm)
order by t.usergroup_ptr_id
