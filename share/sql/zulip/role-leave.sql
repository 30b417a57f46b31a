-- {"status","realm_id","user_id"} -> the user leaves the groups of its old role
delete from zerver_usergroupmembership as m
using pg_catalog.jsonb_to_record($1) as r (status text, realm_id int, user_id int), zerver_namedusergroup as g
where r.status = 'changed' and m.user_profile_id = r.user_id and g.usergroup_ptr_id = m.user_group_id and g.realm_id = r.realm_id and g.is_system_group
